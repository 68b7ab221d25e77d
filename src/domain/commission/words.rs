//! Numbers and metrics in the words of a statement.

use rust_decimal::Decimal;

use super::plan::{Condition, Measure, Weight, What, Who};
use crate::domain::{
    locale::Locale,
    metric::{Metric, Unit},
    money::{Currency, Money},
    rate::Ratio,
};

/// A share in percent with the decimals that it needs: `1.5%`.
pub fn percent(share: Decimal) -> String {
    Locale::En.percent((share * Decimal::ONE_HUNDRED).normalize())
}

/// An attainment, floored to four decimals: 0.9583.
pub(super) fn floored(attainment: Ratio) -> Decimal {
    let mut share = attainment.percent_floored(2);
    // Two places more: a percentage of two decimals is a share of four.
    if share.set_scale(share.scale() + 2).is_err() {
        share = attainment.rounded(4);
    }
    share
}

/// An attainment in percent, floored to two decimals: what is not reached is never shown as reached.
pub(super) fn reached(attainment: Ratio) -> String {
    percent(floored(attainment))
}

/// A count with its digits grouped and a real minus.
fn count(number: Decimal) -> String {
    Locale::En.number(number.normalize())
}

/// What one of a count is called, and several.
fn nouns(metric: Metric) -> (&'static str, &'static str) {
    match metric {
        Metric::NewCustomers => ("new customer", "new customers"),
        Metric::LostCustomers => ("lost customer", "lost customers"),
        Metric::WonBackCustomers => ("won-back customer", "won-back customers"),
        Metric::Visits => ("visit", "visits"),
        Metric::StrangerVisits => ("stranger visit", "stranger visits"),
        Metric::Touches => ("call or online meeting", "calls and online meetings"),
        Metric::NetSales => ("net sales", "net sales"),
        Metric::NewCustomerSales => ("sales to new customers", "sales to new customers"),
        Metric::ExistingCustomerSales => ("sales to existing customers", "sales to existing customers"),
        Metric::SalesGrowth => ("sales growth", "sales growth"),
        Metric::GrowthFromNew => ("growth from new customers", "growth from new customers"),
        Metric::GrowthFromExisting => ("growth from existing customers", "growth from existing customers"),
        Metric::VisitMinimum => {
            ("share of days with the minimum of visits", "share of days with the minimum of visits")
        }
        Metric::CrossSellSales => ("cross-sell sales", "cross-sell sales"),
        Metric::CrossSellCount => ("cross-sold category", "cross-sold categories"),
        Metric::GrossMargin => ("gross margin", "gross margin"),
        Metric::LossRate => ("loss rate", "loss rate"),
        Metric::TimeOnA => ("share of time on A customers", "share of time on A customers"),
        Metric::Concentration => ("share of the largest customer", "share of the largest customer"),
        Metric::Contribution => ("contribution", "contribution"),
    }
}

impl What {
    fn nouns(self) -> (&'static str, &'static str) {
        match self {
            Self::Metric(metric) => nouns(metric),
            Self::Deals => ("deal", "deals"),
            Self::Earnings => ("earnings of the team", "earnings of the team"),
            Self::Scorecard => ("scorecard", "scorecard"),
        }
    }
}

/// The measure inside a sentence: `visits`, `net sales`.
pub(super) fn plural(what: impl Into<What>) -> &'static str {
    what.into().nouns().1
}

/// One of a count: `visit`.
pub(super) fn singular(what: impl Into<What>) -> &'static str {
    what.into().nouns().0
}

/// A value in the metric's own unit without its noun: `92`, `€104,300.00`, `7.2%`.
pub(super) fn bare(what: impl Into<What>, value: Decimal, currency: Currency) -> String {
    match what.into().unit() {
        Unit::Count => count(value),
        Unit::Money => currency.show_exact(value),
        Unit::Fraction => percent(value),
    }
}

/// A value with its noun: `92 visits`, `net sales of €104,300.00`, `sales growth of 7.2%`.
pub(super) fn quantity(what: impl Into<What>, value: Decimal, currency: Currency) -> String {
    let what = what.into();
    let (one, many) = what.nouns();
    match what.unit() {
        Unit::Count if value.is_zero() => format!("no {many}"),
        Unit::Count if value.abs() == Decimal::ONE => format!("{} {one}", count(value)),
        Unit::Count => format!("{} {many}", count(value)),
        Unit::Money | Unit::Fraction => format!("{many} of {}", bare(what, value, currency)),
    }
}

/// A difference that would help: `4 more visits`, `2 fewer lost customers`, `€778.60 more in net sales`.
pub(super) fn difference(what: impl Into<What>, missing: Decimal, currency: Currency) -> String {
    let what = what.into();
    let more = missing > Decimal::ZERO;
    let amount = missing.abs();
    let (one, many) = what.nouns();
    let noun = if amount == Decimal::ONE { one } else { many };
    match what.unit() {
        Unit::Count => format!("{} {} {noun}", count(amount), if more { "more" } else { "fewer" }),
        Unit::Money => {
            format!("{} {} in {many}", currency.show_exact(amount), if more { "more" } else { "less" })
        }
        Unit::Fraction => {
            let points = percent(amount);
            let points = points.trim_end_matches('%');
            format!("{points} percentage points {} of {many}", if more { "more" } else { "less" })
        }
    }
}

/// A condition: `at least 20 stranger visits`, `at least 100% of the target for visits`.
pub(super) fn condition(condition: &Condition, currency: Currency) -> String {
    let what = condition.of.what();
    let edge = |edge: Decimal| match &condition.of {
        of if of.is_attainment() => percent(edge),
        _ if what.unit() == Unit::Money => currency.show_exact(in_minor_units(edge, currency)),
        _ => bare(what, edge, currency),
    };
    let edges = match (condition.at_least, condition.at_most) {
        (Some(least), Some(most)) if least == most => format!("exactly {}", edge(least)),
        (Some(least), Some(most)) => format!("{} to {}", edge(least), edge(most)),
        (Some(least), None) => format!("at least {}", edge(least)),
        (None, Some(most)) => format!("at most {}", edge(most)),
        (None, None) => String::from("any number"),
    };
    let only_one = [condition.at_least, condition.at_most].into_iter().flatten().all(|edge| edge == Decimal::ONE);
    let said = match &condition.of {
        Measure::Scorecard(weights) => format!("{edges} on the scorecard of {}", scorecard(weights)),
        Measure::Attainment(metric) if metric.is_limit() => format!("{edges} on the limit for {}", plural(what)),
        Measure::Attainment(_) => format!("{edges} of the target for {}", plural(what)),
        _ => match what.unit() {
            Unit::Count if only_one => format!("{edges} {}", singular(what)),
            Unit::Count => format!("{edges} {}", plural(what)),
            Unit::Money | Unit::Fraction => format!("{} of {edges}", plural(what)),
        },
    };
    match condition.who {
        Who::Rep => said,
        Who::Team => format!("{said} in the team"),
        Who::EveryRep => format!("{said} for every rep of the team"),
    }
}

/// What a scorecard is made of: `net sales (60%) and new customers (40%)`; weights that are not 100 together are no
/// percentages: `net sales (weight 3) and visits (weight 1)`.
pub(super) fn scorecard(weights: &[Weight]) -> String {
    let percentages = weights.iter().map(|one| one.weight).sum::<Decimal>() == Decimal::ONE_HUNDRED;
    let one = |one: &Weight| match (weights, percentages) {
        ([_], _) => plural(one.metric).to_owned(),
        (_, true) => format!("{} ({}%)", plural(one.metric), one.weight.normalize()),
        (_, false) => format!("{} (weight {})", plural(one.metric), one.weight.normalize()),
    };
    list(&weights.iter().map(one).collect::<Vec<_>>())
}

/// Words with a full stop at the end.
pub(super) fn ended(words: &str) -> String {
    let words = words.trim();
    if words.ends_with(['.', '!', '?']) { words.to_owned() } else { format!("{words}.") }
}

/// An amount of a form in minor units, exact.
pub(super) fn in_minor_units(major: Decimal, currency: Currency) -> Decimal {
    major * Decimal::from(10_i64.pow(u32::from(currency.decimals())))
}

/// An amount in words.
pub(super) fn money(amount: Money, currency: Currency) -> String {
    currency.show(amount)
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn list(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The sentence with its first letter large and a full stop.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
