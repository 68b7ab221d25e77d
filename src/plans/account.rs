//! What a plan pays in advance and takes back, as typed: its draws and the limit on taking back, both ways.

use super::parse::{Reader, filled};
use crate::{
    domain::commission::plan::{Draw, Plan},
    web::{format, number},
};

/// Draws and the limit on taking back, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountForm {
    /// The draws: the amount, whether it is paid back (yes or no), and the last of the rep's periods that has it.
    pub draws: Vec<[String; 3]>,
    /// The share of what is earned that corrections may take back, in percent.
    pub recovery: String,
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
        }
    }

    /// Whether something is typed: then it is shown.
    pub fn says_something(&self) -> bool {
        !self.draws.is_empty() || !self.recovery.trim().is_empty()
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
            if let (Some(amount), Some(recoverable), Some(through)) = (amount, recoverable, through) {
                plan.draw.push(Draw { amount, recoverable, through });
            }
        }
        if !self.recovery.trim().is_empty() {
            let read = number::fine_percent(&self.recovery);
            plan.recovery_cap = reader.read("recovery", read, "The limit on taking back");
        }
    }
}
