//! What a plan pays in advance and takes back, and how targets begin, as typed: draws, limit and ramp, both ways.

use super::parse::{Reader, filled};
use crate::{
    domain::commission::plan::{Draw, Plan},
    web::{format, number},
};

/// Draws, the limit on taking back and the ramp of targets, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountForm {
    /// The draws: the amount, whether it is paid back (yes or no), and the last of the rep's periods that has it.
    pub draws: Vec<[String; 3]>,
    /// The share of what is earned that corrections may take back, in percent.
    pub recovery: String,
    /// How much of the targets counts in a rep's first periods, in percent, one after the other: `25; 50; 75; 100`.
    pub ramp: String,
}

impl AccountForm {
    pub(super) fn of(plan: &Plan) -> Self {
        let draw = |draw: &Draw| {
            let amount = format::money_field(plan.currency, draw.amount);
            let back = if draw.recoverable { "yes" } else { "no" };
            [amount, back.to_owned(), draw.through.map(|last| last.to_string()).unwrap_or_default()]
        };
        Self {
            draws: plan.draw.iter().map(draw).collect(),
            recovery: plan.recovery_cap.map(format::rate_plain).unwrap_or_default(),
            ramp: plan.ramp.iter().copied().map(format::rate_plain).collect::<Vec<_>>().join("; "),
        }
    }

    /// Whether something is typed: then it is shown.
    pub fn says_something(&self) -> bool {
        !self.draws.is_empty() || ![&self.recovery, &self.ramp].iter().all(|typed| typed.trim().is_empty())
    }

    /// Reads it into a plan; what is wrong is noted.
    pub(super) fn read_into(&self, plan: &mut Plan, reader: &mut Reader) {
        let rows = self.draws.iter().enumerate().filter(|(_, row)| filled(*row));
        for (k, [amount, back, through]) in rows {
            let who = format!("Draw {}", k + 1);
            let amount = reader.money(&format!("d{k}_amount"), amount, &who);
            let recoverable = match back.as_str() {
                "yes" => Some(true),
                "no" => Some(false),
                _ => {
                    let words = format!("{who}: choose whether what was not earned is paid back.");
                    reader.errors.add(format!("d{k}_back"), words);
                    None
                }
            };
            let through = reader.number(&format!("d{k}_through"), through, &who);
            if let (Some(amount), Some(recoverable), Ok(through)) = (amount, recoverable, through) {
                plan.draw.push(Draw { amount, recoverable, through });
            }
        }
        if !self.recovery.trim().is_empty() {
            let read = number::fine_percent(&self.recovery);
            plan.recovery_cap = reader.read("recovery", read, "The limit on taking back");
        }
        let shares = self.ramp.split(|c: char| c == ';' || c == '/' || c.is_whitespace());
        for share in shares.filter(|share| !matches!(*share, "" | "%")) {
            let Some(share) = reader.read("ramp", number::fine_percent(share), "Each step of the ramp") else { return };
            plan.ramp.push(share);
        }
    }
}
