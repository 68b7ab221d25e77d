//! Computes every statement again from its stored inputs (docs/definitions.md, *Runs*).

use futures_util::TryStreamExt;
use serde::Deserialize as _;
use sqlx::PgConnection;

use super::verify_db::{self, Stored};
use crate::{
    commission_runs::{
        chain,
        inputs::{Inputs, digest},
    },
    domain::{
        commission::{
            evaluate::{ENGINE_VERSION, evaluate_as},
            facts::Facts,
            plan::Plan,
            statement::Statement,
        },
        id::{OrgId, RunId, UserId},
        money::{Currency, Money},
        period::{Period, month_number},
    },
    postgres::derived::Differs,
};

/// The words for a sum that 64 bits do not hold.
pub const TOO_LARGE: &str = "a sum beyond what can be calculated exactly";

/// How many statements were looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// All of them.
    pub statements: u64,
    /// Those that another version of the engine calculated: only their sums were compared.
    pub by_other_engines: u64,
}

/// Tells every part of a statement that its stored inputs do not give, and every lock of a period without all its
/// approvals. Statements pass one by one.
pub async fn verify(
    db: &mut PgConnection,
    org: OrgId,
    currency: Currency,
    tell: &mut impl FnMut(Differs),
) -> sqlx::Result<Verified> {
    let mut verified = Verified::default();
    {
        let mut all = std::pin::pin!(verify_db::stored(&mut *db, org, None, None));
        while let Some(stored) = all.try_next().await? {
            verified.statements += 1;
            stored.add_up(currency, tell);
            if stored.is_of_this_engine() {
                stored.calculate_again(currency, tell);
            } else {
                verified.by_other_engines += 1;
            }
        }
    }
    together(db, org, None, currency, tell).await?;
    Ok(verified)
}

/// Tells what does not hold together between statements, of all runs or of one: what one leaves owed and the next
/// begins with, what they correct, and locks without all approvals.
pub async fn together(
    db: &mut PgConnection,
    org: OrgId,
    run: Option<RunId>,
    currency: Currency,
    tell: &mut impl FnMut(Differs),
) -> sqlx::Result<()> {
    chain::verify(db, org, run, currency, tell).await?;
    for (run, locked) in verify_db::wrong_locks(db, org, run).await? {
        let word = |locked| if locked { "locked" } else { "open" }.to_owned();
        let record = format!("run {run}");
        tell(Differs { what: "period_locks", record, stored: word(locked), derived: word(!locked) });
    }
    Ok(())
}

impl Stored {
    /// Whether this version of the engine calculated it: then its inputs give the same bytes.
    pub fn is_of_this_engine(&self) -> bool {
        self.engine == ENGINE_VERSION
    }

    /// Calculates the statement again and tells what differs: of this engine every byte, of another one the amounts.
    pub fn check(&self, currency: Currency) -> Vec<Differs> {
        let mut differs = Vec::new();
        let mut tell = |one| differs.push(one);
        self.add_up(currency, &mut tell);
        self.calculate_again(currency, &mut tell);
        differs
    }

    fn differs(&self, what: &'static str, stored: impl Into<String>, derived: impl Into<String>) -> Differs {
        let record = format!("statement {} {}", self.id, self.rep);
        Differs { what, record, stored: stored.into(), derived: derived.into() }
    }

    fn add_up(&self, currency: Currency, tell: &mut impl FnMut(Differs)) {
        let sum = self.amounts.iter().try_fold(0_i64, |sum, amount| sum.checked_add(*amount)).map(Money);
        if sum != Some(self.total) {
            let sum = sum.map_or_else(|| TOO_LARGE.to_owned(), |sum| currency.plain(sum));
            tell(self.differs("statements.total", currency.plain(self.total), sum));
        }
        self.belongs(tell);
        if !self.inputs["plan"].eq(&self.plan) {
            tell(self.differs("statements.inputs", "another plan", "the document of its plan version"));
        }
    }

    /// Whether the inputs are of this rep and of this period.
    fn belongs(&self, tell: &mut impl FnMut(Differs)) {
        let of = self.inputs["rep"].as_i64().map(UserId);
        if let (Some(of), Some(rep)) = (of, self.rep_id)
            && of != rep
        {
            tell(self.differs("statements.inputs", format!("facts of user {of}"), format!("facts of user {rep}")));
        }
        let fiscal_start = month_number(i32::from(self.fiscal_start));
        let period = Period::containing(self.period_kind, self.period_start, fiscal_start).to_string();
        let facts = self.inputs["facts"]["period"].as_str().unwrap_or("no period");
        if facts != period {
            tell(self.differs("statements.inputs", format!("facts of {facts}"), format!("facts of {period}")));
        }
    }

    /// Whether what it leaves to the next statement is what its inputs leave.
    fn leaves(&self, again: &Statement, currency: Currency, tell: &mut impl FnMut(Differs)) {
        for (what, stored, derived) in [
            ("statements.carried", self.carried, again.balance),
            ("statements.draw_balance", self.draw_balance, again.draw_balance),
        ] {
            let derived = derived.map_or(Money::ZERO, |amount| amount.money);
            if let Some(stored) = stored.filter(|stored| *stored != derived) {
                tell(self.differs(what, currency.plain(stored), currency.plain(derived)));
            }
        }
    }

    fn calculate_again(&self, currency: Currency, tell: &mut impl FnMut(Differs)) {
        let again = match self.result() {
            Ok(again) => again,
            Err(why) => {
                let why = why.lines().take(2).collect::<Vec<_>>().join(" ");
                return tell(self.differs("statements.inputs", "inputs without a result", why));
            }
        };
        let exactly = self.is_of_this_engine();
        let code = digest(&self.inputs.to_string(), &self.engine, &again).map(|code| code.to_vec()).unwrap_or_default();
        if exactly && code != self.digest {
            tell(self.differs("statements.digest", hex(&self.digest), hex(&code)));
        }
        self.leaves(&again, currency, tell);
        if again.lines.len() != self.amounts.len() {
            let (stored, derived) = (self.amounts.len(), again.lines.len());
            tell(self.differs("statement_lines", format!("{stored} lines"), format!("{derived} lines")));
        }
        let stored = self.components.iter().zip(&self.measures).zip(&self.amounts).zip(&self.details);
        for ((position, (((component, measure), amount), detail)), line) in (1..).zip(stored).zip(&again.lines) {
            let of = line.measure_word();
            let same = (component, measure.as_str(), *amount) == (&line.component, of, line.amount.money.0)
                && (!exactly || serde_json::to_value(line).is_ok_and(|line| line == *detail));
            if !same {
                let words = |component: &str, measure: &str, amount| {
                    format!("line {position} {component} ({measure}) {}", currency.plain(amount))
                };
                let (mut stored, derived) =
                    (words(component, measure, Money(*amount)), words(&line.component, of, line.amount.money));
                if stored == derived {
                    stored.push_str(" with another detail");
                }
                tell(self.differs("statement_lines", stored, derived));
            }
        }
    }

    fn result(&self) -> Result<Statement, String> {
        let inputs = Inputs::deserialize(&self.inputs).map_err(|e| e.to_string())?;
        let plan = Plan::from_value(&inputs.plan).map_err(|e| e.to_string())?;
        let facts = Facts::from_value(&inputs.facts, plan.currency).map_err(|e| e.to_string())?;
        evaluate_as(&self.engine, &plan, &facts).map_err(|e| e.to_string())
    }
}

fn hex(code: &[u8]) -> String {
    use std::fmt::Write as _;
    code.iter().take(4).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02X}");
        hex
    })
}
