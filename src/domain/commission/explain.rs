//! A line in words: what was reached, the rule, the calculation with its numbers, and what was missing.

use rust_decimal::Decimal;

use super::{
    counted::{Row, Waiting},
    evidence::Evidence,
    exact::{Exact, TooLarge},
    gate::Gate,
    line::Worked,
    missing,
    plan::{
        Axis, Component, Condition, CreditKind, Curve, Measure, Mode, Only, Per, Schedule, Scope, Step, StepPays,
        Tiers, What, Who,
    },
    schedule::rate_of,
    statement::Slice,
    told,
    words::{
        bare, condition, ended, in_minor_units, list, money, percent, plural, quantity, reached, scorecard, sentence,
        singular,
    },
};
use crate::domain::{
    metric::{Metric, Unit},
    money::{Currency, Money},
};

/// The words of a line.
pub(super) struct Words {
    pub rule: String,
    pub formulas: Vec<String>,
    pub notes: Vec<String>,
}

impl Words {
    /// Rule, formulas and notes in one text.
    pub(super) fn text(&self) -> String {
        let formulas = self.formulas.iter().map(|formula| format!("{formula}."));
        let parts = [self.rule.clone()].into_iter().chain(formulas).chain(self.notes.iter().cloned());
        parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// Explains a line.
pub(super) fn explain(worked: &Worked<'_>, evidence: &Evidence<'_>) -> Result<Words, TooLarge> {
    let currency = evidence.currency();
    let mut rule = vec![achieved(worked, currency), schedule(worked.component, currency)];
    rule.extend(gate_in_words(worked.component, currency));
    rule.extend(more_rules(worked.component, currency));
    let mut formulas: Vec<String> = worked.slices.iter().map(|slice| formula(slice, worked, currency)).collect();
    formulas.extend(modified_formula(worked, currency)?);
    let mut notes = Vec::new();
    notes.extend(ramped(worked.component, evidence));
    notes.extend(year_before(worked, currency));
    gates(worked, currency, &mut notes)?;
    notes.extend(modified(worked, currency));
    if worked.open() {
        rounding_and_limits(worked, currency, &mut notes);
        if worked.amount == Money::ZERO {
            notes.extend(missing::next(worked, currency)?);
        }
    }
    if let Some(why) = worked.hold {
        notes.push(on_hold(worked, why, currency));
    }
    let by_deal = matches!(worked.what, What::Metric(Metric::NetSales) | What::Deals);
    let component = worked.component;
    if let Some(counted) = evidence.deals(component.scope, component.credit).filter(|_| by_deal) {
        notes.extend(counts_and_pays(worked, evidence));
        notes.extend(counted_for_others(&evidence.counted_for_others(component)));
        notes.extend(held(&about(component, &counted.held), currency));
        notes.extend(unconfirmed(&about(component, &counted.waiting), currency));
        notes.extend(about(component, &counted.elsewhere).iter().map(|held| elsewhere(held, currency)));
    }
    Ok(Words { rule: rule.join(" "), formulas, notes })
}

/// Those of the deals that a component is about.
fn about<'f>(component: &Component, waiting: &[Waiting<'f>]) -> Vec<Waiting<'f>> {
    waiting.iter().filter(|one| component.only.is_none_or(|only| only.takes(one.deal))).copied().collect()
}

/// What was reached: `92 of 96 visits, which is 95.83%.`
fn achieved(worked: &Worked<'_>, currency: Currency) -> String {
    let metric = worked.what;
    if let Measure::Scorecard(weights) = &worked.component.measure {
        let of = scorecard(weights);
        return match worked.now.reached {
            Some(score) => format!("The scorecard of {of} stands at {}.", reached(score)),
            None => format!("The scorecard of {of} has no value: no target is set for any of it."),
        };
    }
    if !worked.has_value {
        return no_value(metric);
    }
    // Of tiers by the year, the year's figure stands against the year's target.
    let measured = worked.now.measured + worked.now.before;
    let target = worked.now.target.zip(worked.now.reached).filter(|_| worked.component.uses_attainment());
    let Some((target, share)) = target else {
        let whose = if worked.component.scope == Scope::Team && metric != What::Earnings { " of the team" } else { "" };
        let of = worked.component.only.map(|only| of_deals(&only)).unwrap_or_default();
        let kind = if worked.component.credit == CreditKind::Overlay { " as overlay" } else { "" };
        return sentence(&format!("{}{whose}{kind}{of}", quantity(metric, worked.now.measured, currency)));
    };
    let share = reached(share);
    let against = bare(metric, target, currency);
    match metric.unit() {
        _ if metric.is_limit() => {
            let what = quantity(metric, measured, currency);
            sentence(&format!("{what} against a limit of {against}, which counts as {share}"))
        }
        Unit::Count => {
            let noun = if target == Decimal::ONE { singular(metric) } else { plural(metric) };
            format!("{} of {against} {noun}, which is {share}.", bare(metric, measured, currency))
        }
        Unit::Money | Unit::Fraction => {
            let what = quantity(metric, measured, currency);
            sentence(&format!("{what} against a target of {against}, which is {share}"))
        }
    }
}

/// A metric that has no value in this period.
fn no_value(metric: impl Into<What>) -> String {
    let metric = metric.into();
    if metric == What::Metric(Metric::VisitMinimum) {
        return "No day had a minimum of visits to keep: none is set for this rep, or the rep was away.".to_owned();
    }
    let why = match metric {
        What::Metric(Metric::LossRate) => "no customer of this rep bought when the period began",
        What::Metric(Metric::TimeOnA) => "no visit says how many minutes it took",
        What::Metric(Metric::Concentration) => "nothing was sold in the twelve months",
        What::Metric(Metric::Contribution) => "the company has not said what a visit, a minute and an order cost",
        _ => "the base is missing, zero or below",
    };
    format!("There is no {}: {why}.", plural(metric))
}

/// What a component says beyond its schedule and gate.
fn more_rules(component: &Component, currency: Currency) -> Vec<String> {
    component.modifier.iter().map(|modifier| told::modifier(modifier, currency)).collect()
}

/// What of the targets counts that a line looks at, where the plan ramps them up: `In period 2 on the plan 50% of the
/// target for net sales counts: €5,000.00 of €10,000.00.`
fn ramped(component: &Component, evidence: &Evidence<'_>) -> Vec<String> {
    let currency = evidence.currency();
    let number = evidence.facts.period_on_plan.unwrap_or_default();
    let said = |metric: Metric| {
        let (full, share) = evidence.ramped(metric)?;
        let counts = evidence.target(Scope::Own, metric)?;
        let (share, of) = (percent(share), plural(metric));
        let (counts, full) = (bare(metric, counts, currency), bare(metric, full, currency));
        Some(format!("In period {number} on the plan {share} of the target for {of} counts: {counts} of {full}."))
    };
    let of_period = component.attained().into_iter().filter(|one| !one.of_year);
    of_period.filter_map(|one| said(one.metric)).collect()
}

/// What the year gave before.
fn year_before(worked: &Worked<'_>, currency: Currency) -> Option<String> {
    worked.component.year_to_date().then(|| {
        let before = bare(worked.what, worked.now.before, currency);
        let all = bare(worked.what, worked.now.before + worked.now.measured, currency);
        format!(
            "The year gave {before} before this period and {all} with it; what was paid for the first is taken off."
        )
    })
}

/// The modifier as a calculation: `€480.00 × 1.2 = €576.00`.
fn modified_formula(worked: &Worked<'_>, currency: Currency) -> Result<Option<String>, TooLarge> {
    let Some(modified) = worked.modifier.as_ref().filter(|one| one.times != Decimal::ONE) else { return Ok(None) };
    if worked.unmodified.num == 0 {
        return Ok(None);
    }
    let shown = |exact: Exact| match exact.decimal() {
        Some(minor) => Ok(currency.show_exact(minor)),
        None => exact.rounded().map(|amount| money(amount, currency)),
    };
    let times = modified.times.normalize();
    Ok(Some(format!("{} × {times} = {}", shown(worked.unmodified)?, shown(worked.exact)?)))
}

/// What the modifier found.
fn modified(worked: &Worked<'_>, currency: Currency) -> Option<String> {
    let modified = worked.modifier.as_ref()?;
    let times = modified.times.normalize();
    let what = modified.of.what();
    let found = match (modified.of, modified.seen.reached, modified.seen.value) {
        (Measure::Scorecard(weights), Some(score), _) => {
            format!("The scorecard of {} stands at {}", scorecard(weights), reached(score))
        }
        (Measure::Attainment(_), Some(share), _) => {
            let kind = if what.is_limit() { "on the limit" } else { "of the target" };
            format!("{} {kind} for {}", reached(share), plural(what))
        }
        (Measure::Metric(_), _, Some(value)) => {
            sentence(&quantity(what, value, currency)).trim_end_matches('.').to_owned()
        }
        _ => return Some(format!("There is no figure for {} to look up, so the amount stays as it is.", plural(what))),
    };
    Some(format!("{found}: × {times}."))
}

/// A component that is calculated and not paid yet.
fn on_hold(worked: &Worked<'_>, why: &str, currency: Currency) -> String {
    let amount = money(worked.amount, currency);
    let why = if why.trim().is_empty() { String::new() } else { format!(" {}", ended(why)) };
    format!("{amount} is on hold and not paid yet.{why}")
}

/// Which deals a component is about, after what they add up to.
fn of_deals(only: &Only) -> String {
    let words = told::only(only);
    if words.is_empty() { words } else { format!(" {words}") }
}

impl Component {
    /// Whether it looks at the attainment of its own metric.
    fn uses_attainment(&self) -> bool {
        let own = |condition: &Condition| {
            condition.who == Who::Rep
                && self.scope == Scope::Own
                && matches!((&condition.of, self.measure.what()), (Measure::Attainment(of), What::Metric(own)) if *of == own)
        };
        self.pays.climbs_attainment() || self.measure.is_attainment() || self.gate.iter().any(own)
    }
}

fn gate_in_words(component: &Component, currency: Currency) -> Option<String> {
    let gate: Vec<String> = component.gate.iter().map(|one| condition(one, currency)).collect();
    (!gate.is_empty()).then(|| format!("Paid only with {}.", list(&gate)))
}

/// What the component pays, in words, after the sentence that says what was reached.
fn schedule(component: &Component, currency: Currency) -> String {
    let metric = component.measure.what();
    match &component.pays {
        Schedule::Rate(rate) => format!("They pay {}.", percent(*rate)),
        Schedule::PerUnit(each) => format!("Each {} pays {}.", singular(metric), money(*each, currency)),
        Schedule::Bonus(amount) => format!("A bonus of {}.", money(*amount, currency)),
        Schedule::Curve(curve) => curve_in_words(curve, currency),
        Schedule::Tiers(tiers) => tiers_in_words(tiers, metric, currency),
    }
}

fn curve_in_words(curve: &Curve, currency: Currency) -> String {
    let points: Vec<String> =
        curve.points.iter().map(|point| format!("{} at {}", percent(point.pays), percent(point.at))).collect();
    let between = if curve.points.len() > 1 { ", straight between" } else { "" };
    let below = if curve.points.first().is_some_and(|point| point.at.is_zero()) { "" } else { ", nothing below" };
    format!("Of {} it pays {}{between}{below}, flat above.", money(curve.on_target, currency), list(&points))
}

fn tiers_in_words(tiers: &Tiers, metric: What, currency: Currency) -> String {
    let edge = |step: &Step| match tiers.axis {
        Axis::Amount => currency.show_exact(in_minor_units(step.from, currency)),
        Axis::Count => format!("number {}", bare(metric, step.from, currency)),
        Axis::Attainment if step.from == Decimal::ONE => String::from("the target"),
        Axis::Attainment => format!("{} of the target", percent(step.from)),
    };
    let bonuses = tiers.steps.iter().filter_map(|step| Some((step, step.bonus.filter(|bonus| *bonus > Money::ZERO)?)));
    let bonuses: Vec<String> =
        bonuses.map(|(step, bonus)| format!("{} from {} on", money(bonus, currency), edge(step))).collect();
    let rates = rates_in_words(tiers, metric, currency, &edge);
    match (bonuses.is_empty(), rates.is_empty()) {
        (true, _) => rates,
        (false, true) => format!("A bonus of {}.", list(&bonuses)),
        (false, false) => format!("{rates} Beside that a bonus of {}.", list(&bonuses)),
    }
}

fn rates_in_words(tiers: &Tiers, metric: What, currency: Currency, edge: &impl Fn(&Step) -> String) -> String {
    if tiers.steps.iter().all(|step| rate_of(step).is_zero() && step.bonus.is_some()) {
        return String::new();
    }
    let subject = match (tiers.per, tiers.axis) {
        (Per::Deal, _) => String::from("each deal"),
        (_, Axis::Count) => format!("each {}", singular(metric)),
        _ => String::from("they"),
    };
    let verb = if subject.starts_with("each") { "pays" } else { "pay" };
    let pays = |step: &Step| match step.pays {
        StepPays::Rate(rate) => percent(rate),
        StepPays::PerUnit(each) => money(each, currency),
    };
    let Some((first, later)) = tiers.steps.split_first() else { return String::new() };
    if later.is_empty() {
        return sentence(&format!("{subject} {verb} {}", pays(first)));
    }
    if tiers.mode == Mode::Whole || tiers.axis == Axis::Count {
        let steps: Vec<String> = [pays(first)]
            .into_iter()
            .chain(later.iter().map(|step| format!("{} from {} on", pays(step), edge(step))))
            .collect();
        let whole = if tiers.mode == Mode::Whole { ", all of it at the rate that was reached" } else { "" };
        let year = if tiers.per == Per::YearToDate { ", over the year to date" } else { "" };
        return sentence(&format!("{subject} {verb} {}{whole}{year}", list(&steps)));
    }
    let mut steps: Vec<String> =
        tiers.steps.iter().zip(later).map(|(step, next)| format!("{} up to {}", pays(step), edge(next))).collect();
    steps.extend(later.last().map(|last| format!("{} above", pays(last))));
    let year = if tiers.per == Per::YearToDate { ", over the year to date" } else { "" };
    sentence(&format!("{subject} {verb} {}{year}", list(&steps)))
}

/// A slice as a calculation: `€4,300.00 × 2.5% = €107.50`.
fn formula(slice: &Slice, worked: &Worked<'_>, currency: Currency) -> String {
    let amount = currency.show_exact(in_minor_units(slice.amount, currency));
    let of = match slice.per_unit {
        Some(each) if slice.bonus && slice.of == Decimal::ONE => {
            return format!("Bonus of {}", money(each.money, currency));
        }
        Some(_) if slice.bonus => format!("Bonus {}", slice.of.normalize()),
        Some(_) => bare(worked.what, slice.of, currency),
        None => currency.show_exact(in_minor_units(slice.of, currency)),
    };
    let factor = match (slice.per_unit, slice.rate) {
        (Some(each), _) => money(each.money, currency),
        (None, Some(rate)) => percent(rate),
        (None, None) => String::from("1"),
    };
    format!("{of} × {factor} = {amount}")
}

/// What each condition of the gate found; what would have opened it stands last.
fn gates(worked: &Worked<'_>, currency: Currency, notes: &mut Vec<String>) -> Result<(), TooLarge> {
    for gate in &worked.gates {
        if gate.outcome.who == Who::EveryRep {
            notes.extend(of_every_rep(gate, currency));
            continue;
        }
        let Some(metric) = gate.outcome.of.metric() else {
            notes.push(match gate.outcome.actual {
                Some(score) => format!("The scorecard stands at {}.", percent(score)),
                None => "No target is set for anything on the scorecard, so this condition does not hold.".to_owned(),
            });
            continue;
        };
        let own = worked.what == What::Metric(metric) && worked.component.is_of(gate.outcome.who);
        let Some(value) = gate.value else {
            if !own {
                notes.push(no_value(metric));
            }
            continue;
        };
        match (&gate.outcome.of, gate.target) {
            (Measure::Attainment(_), None) => {
                notes.push(format!("No target for {} is set, so this condition does not hold.", plural(metric)));
            }
            // Where the line already begins with the metric, it is not told again.
            _ if own => {}
            (Measure::Attainment(_), Some(target)) => notes.push(was_of(metric, value, target, currency)?),
            _ if metric.unit() == Unit::Fraction => {
                notes.push(format!("The {} was {}.", plural(metric), bare(metric, value, currency)));
            }
            _ => notes.push(sentence(&format!("there were {}", quantity(metric, value, currency)))),
        }
    }
    if !worked.open() {
        notes.extend(missing::gate(worked, currency)?);
    }
    Ok(())
}

/// Which reps of the team a condition does not hold for.
fn of_every_rep(gate: &Gate, currency: Currency) -> Option<String> {
    if gate.outcome.holds {
        return None;
    }
    if gate.failed.is_empty() {
        return Some("There is nobody in the team, so this condition does not hold.".to_owned());
    }
    let what = gate.outcome.of.what();
    let shown = |value: Decimal| match what.unit() {
        _ if gate.outcome.of.is_attainment() => percent(value),
        Unit::Money => currency.show_exact(in_minor_units(value, currency)),
        _ => bare(what, value, currency),
    };
    let one = |(rep, value): &(String, Option<Decimal>)| match value {
        Some(value) => format!("{rep} ({})", shown(*value)),
        None => format!("{rep} (no target)"),
    };
    Some(format!("It does not hold for {}.", list(&gate.failed.iter().map(one).collect::<Vec<_>>())))
}

impl Component {
    /// Whether it measures the work that a condition looks at.
    fn is_of(&self, who: Who) -> bool {
        matches!((self.scope, who), (Scope::Own, Who::Rep) | (Scope::Team, Who::Team))
    }
}

fn was_of(metric: Metric, value: Decimal, target: Decimal, currency: Currency) -> Result<String, TooLarge> {
    let share = super::exact::attainment(metric, value, target)?;
    let kind = if metric.is_limit() { "limit" } else { "target" };
    let (value, target) = (quantity(metric, value, currency), bare(metric, target, currency));
    Ok(sentence(&format!("there were {value} against a {kind} of {target}, which is {}", reached(share))))
}

fn rounding_and_limits(worked: &Worked<'_>, currency: Currency, notes: &mut Vec<String>) {
    let component = worked.component;
    let rounded = money(worked.rounded, currency);
    let targeted = worked.has_value && worked.what != What::Scorecard;
    if targeted && worked.now.reached.is_none() && component.uses_attainment() && component.gate.is_empty() {
        let year = if component.year_to_date() { " of the year" } else { "" };
        notes.push(format!("No target{year} for {} is set, so it pays nothing.", plural(worked.what)));
    }
    let whole = worked.exact.decimal().is_some_and(|minor| minor.fract().is_zero());
    if !whole {
        match worked.exact.decimal() {
            Some(minor) if worked.slices.len() > 1 && worked.now.times == Decimal::ONE => {
                notes.push(format!("Together {}, rounded to {rounded}.", currency.show_exact(minor)));
            }
            _ => notes.push(format!("Rounded to {rounded}.")),
        }
    }
    if let Some(cap) = component.cap.filter(|cap| worked.rounded > *cap) {
        notes.push(format!("The cap of {} cuts it from {rounded}.", money(cap, currency)));
    }
    if let Some(floor) = component.floor.filter(|floor| worked.rounded < *floor) {
        notes.push(format!("The floor of {} lifts it from {rounded}.", money(floor, currency)));
    }
}

/// Net sales as the metric counts them, where they are given and other deals pay.
fn counts_and_pays(worked: &Worked<'_>, evidence: &Evidence<'_>) -> Option<String> {
    let component = worked.component;
    let whole = component.measure.metric() == Some(Metric::NetSales) && component.scope == Scope::Own;
    let given = evidence.facts.metrics.get(&Metric::NetSales).filter(|_| whole && !component.asks_for_deals())?;
    let pays = worked.now.measured;
    let show = |minor| evidence.currency().show_exact(minor);
    (*given != pays).then(|| format!("As a metric net sales are {}; {} of them pay here.", show(*given), show(pays)))
}

/// More deals than these are told as a number and a sum.
const TOLD_ONE_BY_ONE: usize = 3;

/// Shared deals that count for somebody else.
fn counted_for_others(rows: &[Row<'_>]) -> Vec<String> {
    if rows.len() > TOLD_ONE_BY_ONE {
        return vec![format!("{} shared deals count for whoever has the largest part of them.", rows.len())];
    }
    let numbers = rows.iter().filter_map(|row| row.root).map(|root| root.number);
    numbers.map(|number| format!("Deal {number} is shared, and counts for whoever has the largest part.")).collect()
}

fn held(waiting: &[Waiting<'_>], currency: Currency) -> Vec<String> {
    if waiting.len() > TOLD_ONE_BY_ONE {
        let sum = currency.show_exact(waiting.iter().map(|held| held.part.exact()).sum::<Decimal>());
        return vec![format!("{} deals ({sum}) are on hold: they pay once they are released.", waiting.len())];
    }
    let one = |held: &Waiting<'_>| {
        let why = if held.why.trim().is_empty() { String::new() } else { format!(" {}", ended(held.why)) };
        let part = money(held.part, currency);
        format!("Deal {} ({part}) is on hold: it pays once it is released.{why}", held.deal.number)
    };
    waiting.iter().map(one).collect()
}

fn unconfirmed(waiting: &[Waiting<'_>], currency: Currency) -> Vec<String> {
    if waiting.len() > TOLD_ONE_BY_ONE {
        let sum = waiting.iter().map(|held| held.part.exact()).sum::<Decimal>();
        let sum = currency.show_exact(sum);
        return vec![format!("{} deals ({sum}) are not confirmed yet: they pay once they are.", waiting.len())];
    }
    let one = |held: &Waiting<'_>| {
        let what = if held.deal.returns.is_some() { "Return" } else { "Deal" };
        let part = money(held.part, currency);
        if held.deal.confirmed {
            let returned = held.deal.returns.unwrap_or_default();
            return format!("{what} {} ({part}) waits with deal {returned}.", held.deal.number);
        }
        format!("{what} {} ({part}) is not confirmed yet: it pays once it is.", held.deal.number)
    };
    waiting.iter().map(one).collect()
}

fn elsewhere(held: &Waiting<'_>, currency: Currency) -> String {
    let returned = held.deal.returns.unwrap_or_default();
    let part = money(held.part, currency);
    format!(
        "Return {} ({part}) belongs to deal {returned} of another period, where it is taken back.",
        held.deal.number
    )
}
