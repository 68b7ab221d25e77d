//! What finance looks at before a run is submitted: what changed most and why, what to beware of, whether the sums agree.

use std::collections::{BTreeMap, HashMap};

use sqlx::PgConnection;

use super::{
    calculate::Question,
    db::RunRow,
    hands_db,
    late::{self, Correction},
    late_db::{self, Posted},
    report_db::{self, Bookings, Left, Paid},
};
use crate::{
    domain::{
        id::UserId,
        money::{Currency, Money},
        period::{Period, add_days},
    },
    web::{auth::Viewer, error::Error, format},
};

/// How many of the biggest changes are named.
const BIGGEST: usize = 5;
/// Without an entry in so many days a rep is named.
const SILENT_DAYS: i64 = 7;

/// The report of a run.
pub struct Report {
    /// The period that it is compared with, what its run has to pay, and how this one differs.
    pub before: Option<(String, Money, Money)>,
    /// The biggest changes against it, the largest first.
    pub changes: Vec<Change>,
    /// What to beware of, in sentences.
    pub warnings: Vec<String>,
    /// The sums of the period; none where only some reps are in sight.
    pub booked: Option<Bookings>,
    /// Of a locked run: what is worth something else now, as the next run takes it up.
    pub now: Vec<Correction>,
    /// Of a locked run: what later runs have corrected.
    pub posted: Vec<PostedLine>,
}

/// What a later run has corrected, with the words for that run's period.
pub struct PostedLine {
    /// It.
    pub row: Posted,
    /// "November 2026".
    pub label: String,
}

/// How what a rep is to be paid differs from the period before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The rep's name.
    pub rep: String,
    /// By how much.
    pub amount: Money,
    /// By which components: each with its difference, the largest first.
    pub why: Vec<(String, Money)>,
}

impl Report {
    /// What is known of a run, within reach.
    pub async fn load(db: &mut PgConnection, me: &Viewer, run: &RunRow, period: Period) -> Result<Self, Error> {
        let (org, whole) = (me.scope.org, me.scope.reps().is_none());
        let (mut before, mut changes) = (None, Vec::new());
        if let Some(earlier) = report_db::run_of(db, org, period.previous()).await? {
            let then = to_pay(report_db::paid(db, &me.scope, earlier).await?);
            let payable: Money = then.iter().map(|one| one.amount).sum();
            before = Some((period.previous().label(), payable, run.payable - payable));
            changes = biggest(&then, &to_pay(report_db::paid(db, &me.scope, run.id).await?));
        }
        let booked = if whole { Some(report_db::booked(db, org, period).await?) } else { None };
        let left = report_db::left(db, &me.scope, run.id).await?;
        let limit = hands_db::warn_above(db, org).await?;
        let mut warnings = told(&left, limit, booked.as_ref(), me.company.currency);
        if !run.superseded {
            let owing = report_db::owing(db, &me.scope, run.id).await?;
            let owing: Vec<String> = owing
                .iter()
                .map(|one| format!("{} {}", one.rep, format::money(me.company.currency, one.owed)))
                .collect();
            if !owing.is_empty() {
                let names = owing.join(", ");
                warnings
                    .push(format!("Owe of draws and have no statement here: {names}. It waits for their next plan."));
            }
        }
        if run.locked_at.is_none() && !run.superseded {
            let silent = report_db::silent(db, &me.scope, run.id, add_days(me.today, -SILENT_DAYS)).await?;
            if !silent.is_empty() {
                let names = silent.join(", ");
                warnings.push(format!("Nothing entered in {SILENT_DAYS} days: {names}. Something may be missing."));
            }
        }
        let (mut now, mut posted) = (Vec::new(), Vec::new());
        if run.locked_at.is_some() {
            let reps = late_db::reps_of(db, org, run.id, me.scope.reps()).await?;
            now = late::not_posted(db, &Question::of(me, period, None), run.id, &reps).await?;
            for row in late_db::posted(db, org, run.id, me.scope.reps()).await? {
                let label = period.at(row.period_kind, row.period_start).label();
                posted.push(PostedLine { row, label });
            }
        }
        Ok(Self { before, changes, warnings, booked, now, posted })
    }
}

/// What is to be paid: beside a total below zero stands what of it is not paid but carried on, so that the parts of each
/// rep add up to what is payable.
fn to_pay(mut paid: Vec<Paid>) -> Vec<Paid> {
    let mut totals: BTreeMap<UserId, (String, Money)> = BTreeMap::new();
    for one in &paid {
        totals.entry(one.rep_id).or_insert_with(|| (one.rep.clone(), Money::ZERO)).1 += one.amount;
    }
    let carried = totals.into_iter().filter(|(_, (_, total))| *total < Money::ZERO);
    paid.extend(carried.map(|(rep_id, (rep, total))| Paid {
        rep_id,
        rep,
        component: "carried on".to_owned(),
        amount: -total,
    }));
    paid
}

/// The biggest changes of what reps are paid, the largest first; those who are paid the same are left out.
fn biggest(before: &[Paid], now: &[Paid]) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    let mut places: HashMap<UserId, (usize, HashMap<&str, usize>)> = HashMap::new();
    let lines = now.iter().map(|one| (one, one.amount)).chain(before.iter().map(|one| (one, -one.amount)));
    for (Paid { rep_id, rep, component, .. }, amount) in lines {
        let (place, parts) = places.entry(*rep_id).or_insert_with(|| {
            changes.push(Change { rep: rep.clone(), amount: Money::ZERO, why: Vec::new() });
            (changes.len() - 1, HashMap::new())
        });
        let Some(change) = changes.get_mut(*place) else { continue };
        change.amount += amount;
        let part = *parts.entry(component).or_insert_with(|| {
            change.why.push((component.clone(), Money::ZERO));
            change.why.len() - 1
        });
        if let Some((_, sum)) = change.why.get_mut(part) {
            *sum += amount;
        }
    }
    changes.retain(|change| change.amount != Money::ZERO);
    for change in &mut changes {
        change.why.retain(|(_, part)| *part != Money::ZERO);
        change.why.sort_by_key(|(_, part)| std::cmp::Reverse(part.0.abs()));
    }
    changes.sort_by_key(|change| std::cmp::Reverse(change.amount.0.abs()));
    changes.truncate(BIGGEST);
    changes
}

/// What to beware of.
fn told(left: &[Left], limit: Option<Money>, booked: Option<&Bookings>, currency: Currency) -> Vec<String> {
    let money = |amount| format::money(currency, amount);
    let deals = |count: i64| if count == 1 { "1 deal".to_owned() } else { format!("{} deals", format::count(count)) };
    let mut warnings = Vec::new();
    if let Some(limit) = limit {
        let above = left.iter().filter(|one| one.total > limit);
        let above: Vec<String> = above.map(|one| format!("{} {}", one.rep, money(one.total))).collect();
        if !above.is_empty() {
            warnings.push(format!("Above {}: {}.", money(limit), above.join(", ")));
        }
    }
    for (words, owed) in [("Carried on", 0), ("Owed of draws", 1)] {
        let amount = |one: &Left| if owed == 0 { one.carried } else { one.draw_balance };
        let mine = left.iter().filter(|one| amount(one) != Money::ZERO);
        let mine: Vec<String> = mine.map(|one| format!("{} {}", one.rep, money(amount(one)))).collect();
        if !mine.is_empty() {
            warnings.push(format!("{words}: {}.", mine.join(", ")));
        }
    }
    let Some(booked) = booked else { return warnings };
    if booked.without_credit > 0 {
        let (count, net) = (deals(booked.without_credit), money(booked.without_credit_net));
        warnings.push(format!("Nobody is credited on {count} of {net}: they pay nobody."));
    }
    if booked.unconfirmed > 0 {
        let (count, net) = (deals(booked.unconfirmed), money(booked.unconfirmed_net));
        let (verb, pay) = if booked.unconfirmed == 1 { ("waits", "pays") } else { ("wait", "pay") };
        warnings.push(format!("{count} of {net} {verb} for confirmation and {pay} once confirmed."));
    }
    if booked.overlaid > 0 {
        let (count, credits) = (deals(booked.overlaid), money(booked.overlaid_credits));
        warnings.push(format!("Credited twice over, apart from the shares: {credits} on {count}."));
    }
    if !booked.agree() {
        let (sum, credited) = (money(booked.booked), money(booked.credited));
        let without = match booked.without_credit_net {
            Money::ZERO => String::new(),
            net => format!(" and {} without credit", money(net)),
        };
        warnings.push(format!("The sums do not agree: {credited} is credited{without}, {sum} was booked."));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paid(text: &str) -> Vec<Paid> {
        let line = |line: &str| {
            let mut words = line.split(' ');
            let mut next = || words.next().unwrap().to_owned();
            let (rep, component) = (next(), next());
            let rep_id = UserId(rep.chars().map(|letter| i64::from(u32::from(letter))).sum());
            Paid { rep_id, rep, component, amount: Money(next().parse().unwrap()) }
        };
        text.split(", ").filter(|line| !line.is_empty()).map(line).collect()
    }

    #[test]
    fn the_biggest_changes_come_first_with_what_made_them() {
        let before = paid("Ada Sales 100, Ada Visits 50, Bo Sales 10, Cy Sales 70");
        let now = paid("Ada Sales 90, Ada Visits 20, Bo Sales 10, Di Sales 200");
        let changes = biggest(&before, &now);
        let told: Vec<String> = changes
            .iter()
            .map(|change| {
                let why: Vec<String> = change.why.iter().map(|(name, part)| format!("{name} {}", part.0)).collect();
                format!("{} {}: {}", change.rep, change.amount.0, why.join(", "))
            })
            .collect();
        assert_eq!(told, ["Di 200: Sales 200", "Cy -70: Sales -70", "Ada -40: Visits -30, Sales -10"]);
        assert_eq!(biggest(&before, &before), []);
        // Two who have one name are two.
        let mut namesakes = paid("Ada Sales 100, Ada Sales 100");
        namesakes[1].rep_id = UserId(1);
        let told: Vec<Change> = biggest(&namesakes, &paid("Ada Sales 130"));
        let amounts: Vec<i64> = told.iter().map(|change| change.amount.0).collect();
        assert_eq!(amounts, [-100, 30], "{told:?}");
    }

    #[test]
    fn what_is_compared_is_what_is_to_be_paid() {
        // Ada's total falls from 100 to −40: she is paid 100 less, not 140, and the 40 are carried on.
        let then = to_pay(paid("Ada Sales 100, Bo Sales -30"));
        let now = to_pay(paid("Ada Sales 60, Ada Back -100, Bo Sales -90"));
        let changes = biggest(&then, &now);
        assert_eq!(changes.len(), 1, "Bo is paid nothing, then as now: {changes:?}");
        let why: Vec<(&str, i64)> = changes[0].why.iter().map(|(name, part)| (name.as_str(), part.0)).collect();
        assert_eq!((changes[0].amount, why), (Money(-100), vec![("Back", -100), ("Sales", -40), ("carried on", 40)]));
    }

    #[test]
    fn what_to_beware_of_is_told_with_names_and_sums() {
        let left = |rep: &str, total, draw, carried| Left {
            rep: rep.to_owned(),
            total: Money(total),
            draw_balance: Money(draw),
            carried: Money(carried),
        };
        let reps = [left("Ada", 200_001, 0, 0), left("Bo", -500, 50_000, -500)];
        let mut booked = Bookings {
            booked: Money(1_000),
            credited: Money(1_000),
            without_credit: 0,
            without_credit_net: Money::ZERO,
            unconfirmed: 0,
            unconfirmed_net: Money::ZERO,
            overlaid: 0,
            overlaid_credits: Money::ZERO,
        };
        let euro = Currency::parse("EUR").unwrap();
        let words = told(&reps, Some(Money(200_000)), Some(&booked), euro);
        assert_eq!(words, ["Above €2,000.00: Ada €2,000.01.", "Carried on: Bo −€5.00.", "Owed of draws: Bo €500.00."]);
        booked.without_credit = 1;
        booked.without_credit_net = Money(12_345);
        booked.booked = Money(13_345);
        let words = told(&[], None, Some(&booked), euro);
        assert_eq!(words, ["Nobody is credited on 1 deal of €123.45: they pay nobody."], "the sums agree");
        booked.credited = Money(999);
        let words = told(&[], None, Some(&booked), euro);
        assert_eq!(
            words,
            [
                "Nobody is credited on 1 deal of €123.45: they pay nobody.",
                "The sums do not agree: €9.99 is credited and €123.45 without credit, €133.45 was booked.",
            ]
        );
    }
}
