//! Goes along a company's seals and hashes the lines between them once more: what was changed since is named by its seal.

use std::str::FromStr;

use sqlx::PgConnection;

use super::{
    chain::{self, BEGINNING, Chain},
    seals_db::{self, Seal},
};
use crate::{domain::id::OrgId, postgres::derived::Differs};

/// So many seals are held at once; of the lines, one.
const SEALS: i64 = 1000;

/// A seal that somebody kept elsewhere: `NUMBER:CODE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    number: i64,
    code: String,
}

impl FromStr for Kept {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "a seal is NUMBER:CODE, as the log and the audit page show it".to_owned();
        let (number, code) = text.trim().split_once(':').ok_or_else(wrong)?;
        let number = number.parse().map_err(|_| wrong())?;
        let is_code = code.len() == 64 && code.bytes().all(|digit| digit.is_ascii_hexdigit());
        if is_code { Ok(Self { number, code: code.to_ascii_lowercase() }) } else { Err(wrong()) }
    }
}

impl std::fmt::Display for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.number, self.code)
    }
}

/// What was found along the seals.
#[derive(Debug, Default)]
pub struct Verified {
    /// How many seals there are.
    pub seals: usize,
    /// How many lines these prove.
    pub lines: i64,
    /// How many lines came since the newest.
    pub since: i64,
    /// The newest seal as it is to be kept elsewhere, and when it was made.
    pub newest: Option<(Kept, String)>,
    /// Which of the kept seals are there.
    pub kept: Vec<Kept>,
}

impl std::fmt::Display for Verified {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.newest {
            None => write!(f, "{} audit lines, none of them sealed yet", self.since),
            Some((newest, sealed_at)) => write!(
                f,
                "{} audit lines under {} seal{}, {} not sealed yet; the newest is of {sealed_at}: {newest}",
                self.lines,
                self.seals,
                if self.seals == 1 { "" } else { "s" },
                self.since
            ),
        }
    }
}

/// Tells every seal that does not prove the lines since the one before. Each is judged by what is stored before it, so one
/// change is told once.
pub async fn verify(
    db: &mut PgConnection,
    org: OrgId,
    kept: &[Kept],
    tell: &mut impl FnMut(Differs),
) -> sqlx::Result<Verified> {
    let mut found = Verified::default();
    let mut before: Option<Seal> = None;
    loop {
        let number = before.as_ref().map_or(i64::MIN, |seal| seal.number);
        let seals = seals_db::behind(db, org, number, SEALS).await?;
        if seals.is_empty() {
            break;
        }
        for seal in seals {
            found.lines += one(db, org, before.as_ref(), &seal, tell).await?;
            found.seals += 1;
            let now = Kept { number: seal.number, code: chain::hex(&seal.digest) };
            if kept.contains(&now) {
                found.kept.push(now.clone());
            }
            found.newest = Some((now, seal.sealed_at.clone()));
            before = Some(seal);
        }
    }
    found.since = seals_db::count_behind(db, org, before.map_or(i64::MIN, |seal| seal.up_to)).await?;
    Ok(found)
}

/// Judges a seal by the one before it. How many lines it stands for.
async fn one(
    db: &mut PgConnection,
    org: OrgId,
    before: Option<&Seal>,
    seal: &Seal,
    tell: &mut impl FnMut(Differs),
) -> sqlx::Result<i64> {
    let (last, ended) = before.map_or((0, i64::MIN), |seal| (seal.number, seal.up_to));
    if seal.number != last + 1 {
        let missing = if seal.number == last + 2 {
            (last + 1).to_string()
        } else {
            format!("{} to {}", last + 1, seal.number - 1)
        };
        tell(Differs {
            what: "audit_seals.number",
            record: format!("audit seal {missing}"),
            stored: "none".to_owned(),
            derived: format!("a seal before number {}", seal.number),
        });
    }
    let mut chain = Chain::behind(org, seal.number, before.map_or(&BEGINNING, |seal| &seal.digest));
    seals_db::add_lines(db, org, ended, seal.up_to, &mut chain).await?;
    let rows = chain.rows();
    let code = chain.end(seal.up_to, &seal.at);
    if code.as_slice() != seal.digest || rows != seal.rows {
        let first = before.map_or_else(|| "the first".to_owned(), |seal| (seal.up_to + 1).to_string());
        tell(Differs {
            what: "audit_seals.digest",
            record: format!("audit seal {} of {}, audit lines {first} to {}", seal.number, seal.sealed_at, seal.up_to),
            stored: format!("{} lines with the code {}", seal.rows, short(&seal.digest)),
            derived: format!("{rows} lines with the code {}", short(&code)),
        });
    }
    Ok(rows)
}

/// Enough of a code to see that two differ.
fn short(code: &[u8]) -> String {
    format!("{}…", code.get(..4).map_or_else(String::new, chain::hex))
}
