//! What the lines are calculated from: the plan, the facts, and the deals that pay.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::{Decimal, RoundingStrategy};

use super::{
    counted::{Ledger, PayingDeals, Row, climbed, deals_above_zero},
    exact::{TooLarge, attainment},
    facts::{Deal, Earned, Facts, Figures},
    json::Fault,
    measure::{Measure, What},
    plan::{Component, CreditKind, Plan, Schedule, Scope, Who},
};
use crate::domain::{
    metric::{Metric, Unit},
    money::Currency,
    rate::Ratio,
    scorecard::Scorecard,
    target::Attainment,
};

/// What the lines are calculated from.
pub(super) struct Evidence<'a> {
    pub plan: &'a Plan,
    pub facts: &'a Facts,
    own: Known<'a>,
    team: Known<'a>,
    /// The deals that count, where the facts have deals, by [`place`].
    counted: Option<[PayingDeals<'a>; 4]>,
}

/// Metrics and targets of somebody.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub metrics: &'a BTreeMap<Metric, Decimal>,
    pub no_value: &'a BTreeSet<Metric>,
    pub targets: &'a BTreeMap<Metric, Decimal>,
}

impl<'a> Known<'a> {
    fn of(figures: &'a Figures) -> Self {
        Self { metrics: &figures.metrics, no_value: &figures.no_value, targets: &figures.targets }
    }
}

/// Where the deals of a scope and kind stand.
fn place(scope: Scope, credit: CreditKind) -> usize {
    let of_scope = if scope == Scope::Own { 0 } else { 2 };
    of_scope + usize::from(credit == CreditKind::Overlay)
}

impl<'a> Evidence<'a> {
    pub(super) fn of(plan: &'a Plan, facts: &'a Facts) -> Result<Self, Vec<Fault>> {
        let own = Known { metrics: &facts.metrics, no_value: &facts.no_value, targets: &facts.targets };
        // Facts that know of no team are, for what is measured of one, the team's.
        let team = facts.team.as_ref().map_or(own, |team| Known::of(&team.figures));
        let asked = |scope, credit| {
            let team_seen = |one: &Component| one.gate.iter().any(|condition| condition.who == Who::Team);
            (scope, credit) == (Scope::Own, CreditKind::Split)
                || (scope, credit) == (Scope::Team, CreditKind::Split) && plan.components.iter().any(team_seen)
                || plan.components.iter().any(|one| (one.scope, one.credit) == (scope, credit))
        };
        let ledger = facts.deals.as_deref().map(|deals| Ledger::of(facts, deals)).transpose()?;
        let counted =
            ledger.map(|ledger| {
                [
                    (Scope::Own, CreditKind::Split),
                    (Scope::Own, CreditKind::Overlay),
                    (Scope::Team, CreditKind::Split),
                    (Scope::Team, CreditKind::Overlay),
                ]
                .map(|(scope, credit)| {
                    if asked(scope, credit) { ledger.select(scope, credit) } else { PayingDeals::default() }
                })
            });
        Ok(Self { plan, facts, own, team, counted })
    }

    pub(super) fn currency(&self) -> Currency {
        self.plan.currency
    }

    /// The deals that count for a scope and a kind of credit, where the facts have deals.
    pub(super) fn deals(&self, scope: Scope, credit: CreditKind) -> Option<&PayingDeals<'a>> {
        self.counted.as_ref().and_then(|counted| counted.get(place(scope, credit)))
    }

    /// All deals that the plan asks for: the rep's, then those beside them and the team's.
    pub(super) fn all_deals(&self) -> impl Iterator<Item = &PayingDeals<'a>> {
        self.counted.iter().flatten()
    }

    pub(super) fn known(&self, scope: Scope) -> Known<'a> {
        if scope == Scope::Own { self.own } else { self.team }
    }

    /// A metric in its own unit. Net sales are those of the deals that pay, where there are any; the rep's own are never
    /// the team's.
    pub(super) fn value(&self, scope: Scope, metric: Metric) -> Option<Decimal> {
        let given = self.known(scope).metrics.get(&metric).copied();
        if metric != Metric::NetSales {
            return given;
        }
        let Some(counted) = self.deals(scope, CreditKind::Split) else { return given };
        let given = given.filter(|_| scope == Scope::Own || self.facts.team.is_some());
        match given {
            Some(given) if counted.is_empty() && !self.lists(scope) => Some(given),
            _ => Decimal::try_from_i128_with_scale(counted.net(), 0).ok(),
        }
    }

    /// Whether the list of deals holds some of the rep (or of the team), whatever their stage: then it is all of them.
    pub(super) fn lists(&self, scope: Scope) -> bool {
        let own = |deal: &Deal| deal.rep.as_ref().is_none_or(|rep| *rep == self.facts.rep);
        let mut deals = self.facts.deals.iter().flatten();
        deals.any(|deal| own(deal) == (scope == Scope::Own))
    }

    /// A target: of the rep's own what counts of it by the plan's ramp.
    pub(super) fn target(&self, scope: Scope, metric: Metric) -> Option<Decimal> {
        let full = self.known(scope).targets.get(&metric).copied()?;
        Some(self.ramp_of(scope, metric).map_or(full, |share| part_of(metric, full, share)))
    }

    /// The target as it was set, and the share of it that counts, where that is not all.
    pub(super) fn ramped(&self, metric: Metric) -> Option<(Decimal, Decimal)> {
        let full = self.known(Scope::Own).targets.get(&metric).copied()?;
        self.ramp_of(Scope::Own, metric).map(|share| (full, share))
    }

    /// Only own targets of which more is better are ramped: a smaller limit would be harder to keep.
    fn ramp_of(&self, scope: Scope, metric: Metric) -> Option<Decimal> {
        let share = self.plan.ramped(self.facts.period_on_plan?)?;
        (scope == Scope::Own && !metric.is_limit()).then_some(share)
    }

    /// The target that a component's measure is held against.
    pub(super) fn target_of(&self, component: &Component) -> Option<Decimal> {
        let metric = component.measure.metric()?;
        match self.facts.year_targets {
            Some(_) if component.year_to_date() => self.facts.targets_of(true).get(&metric).copied(),
            _ => self.target(component.scope, metric),
        }
    }

    /// What a component measures, in the unit of what it is: none where that has no value. Of a scorecard it is the
    /// score, as near as a decimal comes.
    pub(super) fn measured(
        &self,
        component: &Component,
        rows: Option<&[Row<'_>]>,
    ) -> Result<Option<Decimal>, TooLarge> {
        match &component.measure {
            Measure::Metric(metric) | Measure::Attainment(metric) => match rows {
                Some(rows) if component.only.is_some() || component.credit == CreditKind::Overlay => {
                    Ok(Some(climbed(rows)))
                }
                _ => Ok(self.value(component.scope, *metric).map(|value| value - self.taken_back(component, *metric))),
            },
            Measure::Deals | Measure::Earnings => Ok(Some(climbed(rows.unwrap_or_default()))),
            Measure::Scorecard(_) => Ok(self
                .reached(&component.measure, component.scope)?
                .map(|score| score.percent_floored(9) / Decimal::ONE_HUNDRED)),
        }
    }

    /// How many of the new customers do not count for a component: lost again within its days.
    fn taken_back(&self, component: &Component, metric: Metric) -> Decimal {
        let Some(days) = component.clawback_days.filter(|_| metric == Metric::NewCustomers) else {
            return Decimal::ZERO;
        };
        let own = component.scope == Scope::Own;
        let lost = self.facts.lost_again.iter().filter(|one| own && one.after <= days);
        Decimal::from(lost.count())
    }

    /// An attainment or a score, exact; none without a target or a value.
    pub(super) fn reached(&self, measure: &Measure, scope: Scope) -> Result<Option<Ratio>, TooLarge> {
        reached_by(measure, |metric| (self.value(scope, metric), self.target(scope, metric)))
    }

    /// What a condition or a modifier looks at: value (or score) and target, of the rep, the team or each of its reps.
    pub(super) fn looked_at(&self, measure: &Measure, who: Who) -> Result<Vec<Seen<'a>>, TooLarge> {
        let seen = |rep: &'a str, known: &dyn Fn(Metric) -> (Option<Decimal>, Option<Decimal>)| {
            let (value, target) = measure.metric().map_or((None, None), known);
            let reached = if measure.is_attainment() { reached_by(measure, known)? } else { None };
            Ok(Seen { rep, value, target, reached })
        };
        match who {
            Who::Rep => {
                Ok(vec![seen("", &|metric| (self.value(Scope::Own, metric), self.target(Scope::Own, metric)))?])
            }
            Who::Team => {
                Ok(vec![seen("", &|metric| (self.value(Scope::Team, metric), self.target(Scope::Team, metric)))?])
            }
            Who::EveryRep => {
                let members = self.facts.team.iter().flat_map(|team| &team.reps);
                let others = members.filter(|member| member.rep != self.facts.rep);
                others
                    .map(|member| {
                        let known = Known::of(&member.figures);
                        seen(&member.rep, &|metric| {
                            (known.metrics.get(&metric).copied(), known.targets.get(&metric).copied())
                        })
                    })
                    .collect()
            }
        }
    }

    /// What climbs a component's schedule one after the other; none where it is only known as a whole.
    pub(super) fn rows(&self, component: &Component) -> Option<Vec<Row<'a>>> {
        if component.measure == Measure::Earnings {
            return self.facts.team_earnings.as_deref().map(|earned| self.earned(earned));
        }
        let by_deal = matches!(component.measure.what(), What::Metric(Metric::NetSales) | What::Deals);
        if !by_deal || matches!(component.pays, Schedule::Bonus(_)) && component.measure != Measure::Deals {
            return None;
        }
        let mut rows = self.rows_of_deals(component)?;
        if component.measure != Measure::Deals {
            return Some(rows);
        }
        rows.retain(|row| self.counts_as_one(component, row));
        Some(deals_above_zero(rows))
    }

    /// Deals that a component would count if they did not count for others who share them.
    pub(super) fn counted_for_others(&self, component: &Component) -> Vec<Row<'a>> {
        let mut rows = match component.measure {
            Measure::Deals => self.rows_of_deals(component).unwrap_or_default(),
            _ => Vec::new(),
        };
        rows.retain(|row| !self.counts_as_one(component, row));
        deals_above_zero(rows)
    }

    fn counts_as_one(&self, component: &Component, row: &Row<'_>) -> bool {
        component.credit == CreditKind::Overlay || row.counts_as_one(self.facts, component.scope)
    }

    /// The deals that a component is about, each with its returns.
    fn rows_of_deals(&self, component: &Component) -> Option<Vec<Row<'a>>> {
        let mut rows = self.deals(component.scope, component.credit)?.only(component.only.as_ref());
        if let Some(days) = component.clawback_days {
            rows.retain(|row| row.root.and_then(|root| root.lost_after).is_none_or(|after| after > days));
        }
        Some(rows)
    }

    /// What others earned: nobody overrides himself.
    fn earned(&self, earned: &'a [Earned]) -> Vec<Row<'a>> {
        let others = earned.iter().filter(|one| one.rep != self.facts.rep);
        let row = |one: &'a Earned| Row {
            deal: None,
            root: None,
            rep: Some(&one.rep),
            part: one.amount,
            split: true,
            weight: i128::from(one.amount.0),
        };
        others.map(row).collect()
    }
}

/// A share of a target: whole in the unit of counts and money, half up, and of a count at least 1.
fn part_of(metric: Metric, full: Decimal, share: Decimal) -> Decimal {
    if full <= Decimal::ZERO {
        return full;
    }
    let part = full.saturating_mul(share);
    match metric.unit() {
        Unit::Fraction => part.round_dp(12),
        Unit::Money => part.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero),
        Unit::Count => part.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero).max(Decimal::ONE),
    }
}

/// What somebody's metric is against its target.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    /// The rep of the team; empty: the rep of the facts, or the team as a whole.
    pub rep: &'a str,
    pub value: Option<Decimal>,
    pub target: Option<Decimal>,
    /// The attainment or score, where one is asked for.
    pub reached: Option<Ratio>,
}

/// The same over whatever knows values and targets.
fn reached_by(
    measure: &Measure,
    known: impl Fn(Metric) -> (Option<Decimal>, Option<Decimal>),
) -> Result<Option<Ratio>, TooLarge> {
    let one = |metric: Metric| match known(metric) {
        (Some(value), Some(target)) => attainment(metric, value, target).map(Some),
        _ => Ok(None),
    };
    match measure {
        Measure::Metric(metric) | Measure::Attainment(metric) => one(*metric),
        Measure::Deals | Measure::Earnings => Ok(None),
        Measure::Scorecard(weights) => {
            for weight in weights {
                one(weight.metric)?;
            }
            let weighed = weights.iter().map(|weight| (weight.metric, weight.weight)).collect();
            let scorecard = Scorecard { weights: weighed, ..Scorecard::default() };
            let score = scorecard.score(|metric| one(metric).ok().flatten().map(Attainment));
            Ok(score.map(|score| score.0))
        }
    }
}
