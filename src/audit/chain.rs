//! What a seal's digest is made of: the seal before, every line of the log since, and what the seal says of itself.

use sha2::{Digest, Sha256};

use crate::domain::id::{OrgId, UserId};

/// The SHA-256 of a seal.
pub type Code = [u8; 32];

/// What the first seal stands on.
pub const BEGINNING: Code = [0; 32];

/// Says what is hashed, and in which way: another way would begin with another text.
const KIND: &[u8] = b"attain audit seal 1\0";

/// A line of the log as it is hashed: what the table holds, nothing that a page makes of it.
pub struct Line<'a> {
    /// Its number.
    pub id: i64,
    /// When, as PostgreSQL sends a `timestamptz`: eight bytes, microseconds.
    pub at: &'a [u8],
    /// Who; nobody: the command line.
    pub user: Option<UserId>,
    /// What was done.
    pub action: &'a str,
    /// To which thing.
    pub object: &'a str,
    /// Old and new values, as PostgreSQL writes a `jsonb`: it orders the keys and writes numbers out in full, so a dump and
    /// a restore change nothing.
    pub detail: &'a str,
}

/// A digest at work. Numbers have eight bytes, texts stand behind their length, and each line and the end begin with a
/// byte of their own: no two logs give the same bytes.
pub struct Chain {
    hash: Sha256,
    rows: i64,
}

impl Chain {
    /// Begins a seal on the one before.
    pub fn behind(org: OrgId, number: i64, before: &[u8]) -> Self {
        let mut chain = Self { hash: Sha256::new(), rows: 0 };
        chain.hash.update(KIND);
        chain.number(org.0);
        chain.number(number);
        chain.bytes(before);
        chain
    }

    /// Adds the next line.
    pub fn add(&mut self, line: &Line<'_>) {
        self.rows += 1;
        self.hash.update([1]);
        self.number(line.id);
        self.bytes(line.at);
        match line.user {
            None => self.hash.update([0]),
            Some(user) => {
                self.hash.update([1]);
                self.number(user.0);
            }
        }
        for text in [line.action, line.object, line.detail] {
            self.bytes(text.as_bytes());
        }
    }

    /// How many lines were added.
    pub fn rows(&self) -> i64 {
        self.rows
    }

    /// Ends the seal: up to which line it goes, and when it was made.
    pub fn end(mut self, up_to: i64, sealed_at: &[u8]) -> Code {
        self.hash.update([0]);
        self.number(self.rows);
        self.number(up_to);
        self.bytes(sealed_at);
        self.hash.finalize().into()
    }

    fn number(&mut self, number: i64) {
        self.hash.update(number.to_be_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        self.hash.update(bytes);
    }
}

/// A digest in hexadecimal.
pub fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: Line<'_> =
        Line { id: 7, at: &[0; 8], user: Some(UserId(3)), action: "deal.won", object: "/deals/1", detail: "{}" };

    fn code(lines: &[Line<'_>]) -> Code {
        let mut chain = Chain::behind(OrgId(1), 1, &BEGINNING);
        for line in lines {
            chain.add(line);
        }
        chain.end(9, &[0; 8])
    }

    #[test]
    fn whatever_changes_gives_another_code() {
        let mut codes = vec![
            code(&[]),
            code(&[LINE]),
            code(&[LINE, LINE]),
            code(&[Line { id: 8, ..LINE }]),
            code(&[Line { at: &[0, 0, 0, 0, 0, 0, 0, 1], ..LINE }]),
            code(&[Line { user: None, ..LINE }]),
            code(&[Line { user: Some(UserId(4)), ..LINE }]),
            code(&[Line { action: "deal.lost", ..LINE }]),
            code(&[Line { action: "deal.won/", object: "deals/1", ..LINE }]),
            code(&[Line { detail: "{\"a\": 1}", ..LINE }]),
            Chain::behind(OrgId(2), 1, &BEGINNING).end(9, &[0; 8]),
            Chain::behind(OrgId(1), 2, &BEGINNING).end(9, &[0; 8]),
            Chain::behind(OrgId(1), 1, &[1; 32]).end(9, &[0; 8]),
            Chain::behind(OrgId(1), 1, &BEGINNING).end(8, &[0; 8]),
            Chain::behind(OrgId(1), 1, &BEGINNING).end(9, &[1; 8]),
        ];
        assert_eq!(code(&[LINE]), code(&[LINE]));
        let many = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), many);
    }

    /// What was sealed once has this code for ever: a change of the way that bytes are made breaks every log there is.
    #[test]
    fn the_way_of_hashing_stays() {
        assert_eq!(hex(&code(&[LINE])), "de1d569161277117890ab765cf8cb05f9184487beb5d4b7f3f88a57abdc04b95");
    }
}
