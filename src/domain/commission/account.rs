//! What comes after the components: the draw, what earlier periods are corrected by, and what is carried on.

use super::{
    exact::TooLarge,
    facts::{Adjustment, Facts},
    plan::{Draw, Plan},
    statement::{Amount, Line, LineKind},
    words::{money, percent},
};
use crate::domain::money::{Currency, Money};

/// The lines behind the components, and what is left over.
pub(super) struct Account {
    pub lines: Vec<Line>,
    /// What the rep owes of draws; none where there is no draw and nothing owed.
    pub draw_balance: Option<Money>,
    /// What may not be taken back now: zero or more. A line gives it back, so that the total stays the sum of the lines.
    pub carried: Money,
}

impl Account {
    /// Goes on from what the components earned together. `from_draws`: a draw that is not earned counts as earned where
    /// something is taken back.
    pub(super) fn of(plan: &Plan, facts: &Facts, earned: Money, from_draws: bool) -> Result<Self, TooLarge> {
        let mut lines = Vec::new();
        let drawn = Drawn::of(plan, facts, earned)?;
        lines.extend(drawn.line(plan.currency));
        let paid = plus(earned, drawn.change)?;
        let mut back = Money::ZERO;
        for one in &facts.adjustments {
            let change = minus(one.new, one.old)?;
            if change != Money::ZERO {
                back = plus(back, change)?;
                lines.push(one.line(change, plan.currency));
            }
        }
        if facts.balance != Money::ZERO {
            back = plus(back, facts.balance)?;
            let amount = Amount::new(facts.balance, plan.currency);
            let rule = format!("Carried from earlier statements: {}.", money(facts.balance, plan.currency));
            lines.push(Line::plain("Carried from before", LineKind::Carried, amount, rule));
        }
        // A draw is there to be paid: nothing is taken from what of it is not earned.
        let paid = if from_draws { paid } else { paid.min(earned) }.max(Money::ZERO);
        let most = paid.times(plan.recovery());
        let carried = minus(minus(Money::ZERO, back)?, most)?.max(Money::ZERO);
        if carried > Money::ZERO {
            let words = format!(
                "At most {} of {} is taken back in one period, which is {}: {} is carried to the next one.",
                percent(plan.recovery()),
                money(paid, plan.currency),
                money(most, plan.currency),
                money(carried, plan.currency),
            );
            let amount = Amount::new(carried, plan.currency);
            lines.push(Line::plain("Carried to the next period", LineKind::Carried, amount, words));
        }
        let draws = !plan.draw.is_empty() || facts.draw_balance != Money::ZERO;
        Ok(Self { lines, draw_balance: draws.then_some(drawn.balance), carried })
    }
}

/// What the draw does: Σ (paid − earned) of recoverable draws is always the balance.
struct Drawn<'p> {
    draw: Option<&'p Draw>,
    earned: Money,
    /// What is paid beyond what was earned; below zero: what is recovered.
    change: Money,
    /// What the rep owes afterwards; zero or more.
    balance: Money,
}

impl<'p> Drawn<'p> {
    fn of(plan: &'p Plan, facts: &Facts, earned: Money) -> Result<Self, TooLarge> {
        let now = facts.period_on_plan.unwrap_or(1);
        let draw = plan.drawn(now);
        let least = draw.map_or(Money::ZERO, |draw| draw.amount);
        let gap = minus(least, earned)?;
        let owed = facts.draw_balance;
        let (change, balance) = match draw {
            Some(draw) if gap > Money::ZERO && draw.recoverable => (gap, plus(owed, gap)?),
            Some(_) if gap > Money::ZERO => (gap, owed),
            // Above the draw, or after its end above nothing, earnings pay the balance back.
            _ => {
                let recovered = owed.min(Money(-gap.0)).max(Money::ZERO);
                (Money(-recovered.0), minus(owed, recovered)?)
            }
        };
        Ok(Self { draw, earned, change, balance })
    }

    fn line(&self, currency: Currency) -> Option<Line> {
        let words = |amount| money(amount, currency);
        if self.change == Money::ZERO {
            return None;
        }
        let earned = words(self.earned);
        let owed = if self.balance == Money::ZERO {
            "Nothing is owed any more.".to_owned()
        } else {
            format!("{} is owed now.", words(self.balance))
        };
        let rule = match self.draw {
            Some(draw) if self.change > Money::ZERO && draw.recoverable => {
                let gap = words(self.change);
                format!(
                    "A draw of {} is paid at least; {earned} was earned. The gap of {gap} is paid back from later \
                     earnings above the draw: {owed}",
                    words(draw.amount),
                )
            }
            Some(draw) if self.change > Money::ZERO => {
                format!("A draw of {} is paid at least; {earned} was earned. It is not paid back.", words(draw.amount))
            }
            Some(draw) => format!(
                "{earned} was earned, more than the draw of {}: {} of an earlier draw is paid back. {owed}",
                words(draw.amount),
                words(Money(-self.change.0)),
            ),
            None => format!("{} of an earlier draw is paid back. {owed}", words(Money(-self.change.0))),
        };
        Some(Line::plain("Draw", LineKind::Draw, Amount::new(self.change, currency), rule))
    }
}

impl Adjustment {
    fn line(&self, change: Money, currency: Currency) -> Line {
        let rule = self.by_hand(change, currency).unwrap_or_else(|| self.known_now(currency));
        let mut line = Line::plain(&self.component, LineKind::Adjustment, Amount::new(change, currency), rule);
        line.period = Some(self.period.clone());
        line.old = Some(Amount::new(self.old, currency));
        line.new = Some(Amount::new(self.new, currency));
        line
    }
}

fn plus(a: Money, b: Money) -> Result<Money, TooLarge> {
    a.0.checked_add(b.0).map(Money).ok_or(TooLarge)
}

impl Adjustment {
    /// The words of what somebody added, whose name the reason begins with.
    fn by_hand(&self, change: Money, currency: Currency) -> Option<String> {
        let (who, why) = self.reason.as_deref().filter(|_| self.old == Money::ZERO)?.split_once(": ")?;
        let act = if change > Money::ZERO { "Added" } else { "Taken off" };
        let (why, amount) = (why.trim().trim_end_matches('.'), money(Money(change.0.saturating_abs()), currency));
        Some(format!("{act} by hand by {who}: {why}, {amount}. It is about {} of {}.", self.component, self.period))
    }

    fn known_now(&self, currency: Currency) -> String {
        let (old, new) = (money(self.old, currency), money(self.new, currency));
        let mut rule =
            format!("{} of {} was paid as {old}. By what is known now it is {new}.", self.component, self.period);
        if let Some(reason) = self.reason.as_deref().filter(|reason| !reason.trim().is_empty()) {
            rule.push(' ');
            rule.push_str(&super::words::ended(reason));
        }
        rule
    }
}

fn minus(a: Money, b: Money) -> Result<Money, TooLarge> {
    a.0.checked_sub(b.0).map(Money).ok_or(TooLarge)
}
