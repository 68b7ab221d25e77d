//! Everything that the facts of a period's statements are put together from, loaded once for all reps.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rust_decimal::Decimal;
use sqlx::PgConnection;
use time::Date;

use super::{
    account_db::{self, Led, OnHold},
    calculate::{Beside, OnPlan, Question},
    inputs::{Counted, Part},
    known::{Before, Known},
    late_db::{self, PaidBefore},
    measured, needs,
};
use crate::{
    domain::{
        commission::{
            facts::{Adjustment, Deal, Earned, Facts, Figures, Hold, Member, Team, TrueUp},
            plan::Plan,
        },
        id::UserId,
        metric::{Metric, Unit},
        money::Money,
        period::{Period, PeriodKind},
    },
    targets::expected,
    web::error::Error,
};

/// What is loaded for the statements of one period.
pub struct Sources {
    period: Period,
    known: Known,
    /// What the fiscal year gave before, and its targets; only where a plan climbs by the year.
    before: Option<Before>,
    /// The longer periods that end with this one, where a plan trues up, from the first day that counts for somebody.
    longer: HashMap<(PeriodKind, Date), Longer>,
    since: HashMap<UserId, Date>,
    holds: Vec<OnHold>,
    led: Vec<Led>,
    /// What those did together whom somebody leads, of metrics that are not cut by the day here.
    together: HashMap<UserId, BTreeMap<Metric, Decimal>>,
}

/// The longer period that is trued up.
struct Longer {
    of: Sources,
    /// What its periods paid before this one.
    paid: Vec<PaidBefore>,
}

/// How much of the longer period counts for a rep: what lies before the first period on the plan was paid by another one.
struct Trued {
    kind: PeriodKind,
    /// How many of the plan's periods.
    periods: u32,
    /// The first day of the first of them.
    from: Date,
}

impl Trued {
    /// None where the plan trues nothing up. `since` says since when reps are on their plans.
    fn of(on_plan: &OnPlan, period: Period, since: &HashMap<UserId, Date>, beside: &Beside) -> Option<Self> {
        let longer = needs::true_up(&on_plan.plan).filter(|_| !on_plan.settles)?;
        let usual = on_plan.plan.period.in_one(longer)?;
        let tried = beside.tried.as_ref();
        let since = tried.map_or(since, |tried| &tried.since).get(&on_plan.rep).copied();
        // A trial knows nothing of what was paid before it.
        let since = since.max(tried.map(|tried| tried.from));
        let periods = usual.min(on_plan.number.unwrap_or_else(|| number_on_plan(period, since)));
        let mut first = period;
        for _ in 1..periods {
            first = first.previous();
        }
        Some(Self { kind: longer.into(), periods, from: first.from() })
    }
}

/// Which of a rep's periods on the plan a period is, from 1, for who is on it since a day.
fn number_on_plan(period: Period, since: Option<Date>) -> u32 {
    let Some(since) = since else { return 1 };
    let months = |day: Date| day.year() * 12 + i32::from(u8::from(day.month()));
    let long = match period.kind() {
        PeriodKind::Year => 12,
        PeriodKind::Quarter => 3,
        _ => 1,
    };
    u32::try_from((months(period.from()) - months(since)).max(0) / long).unwrap_or(0) + 1
}

impl Sources {
    /// A fixed number of queries, whatever the number of reps.
    pub async fn load(
        db: &mut PgConnection,
        asked: &Question,
        on_plans: &[OnPlan],
        beside: &Beside,
    ) -> Result<Self, Error> {
        let (org, period) = (asked.org, asked.period);
        let mut seen: HashSet<UserId> = HashSet::new();
        // A trial has a rep on two plans.
        let reps: Vec<UserId> = on_plans.iter().map(|on_plan| on_plan.rep).filter(|rep| seen.insert(*rep)).collect();
        let any = |needed: fn(&Plan) -> bool| on_plans.iter().any(|on_plan| needed(&on_plan.plan));
        let leads = on_plans.iter().filter(|on_plan| needs::team(&on_plan.plan) || needs::earnings(&on_plan.plan));
        let leaders: Vec<UserId> = leads.map(|on_plan| on_plan.rep).collect();
        let led = if leaders.is_empty() {
            Vec::new()
        } else {
            account_db::led(db, org, &leaders, period, beside.rules.team_tree.as_ref()).await?
        };
        let mut everybody = reps.clone();
        everybody.extend(led.iter().map(|one| one.member_id).filter(|member| seen.insert(*member)));
        // Facts of one rep, or of all: those of a team are not asked for one by one.
        let asked = Question { rep: asked.rep.filter(|_| everybody.len() == 1), ..*asked };
        let cross_sell = any(needs::cross_sell);
        let more = needs::more(on_plans.iter().map(|on_plan| &on_plan.document));
        let rules = &beside.rules;
        let before =
            if any(needs::year_to_date) { Some(Before::load(db, &asked, &reps, &more, rules).await?) } else { None };
        let since = account_db::on_plan_since(db, org, &reps, period.from()).await?.into_iter().collect();
        let mut longer = HashMap::new();
        for trued in on_plans.iter().filter_map(|on_plan| Trued::of(on_plan, period, &since, beside)) {
            let whole = period.as_kind(trued.kind).since(trued.from);
            if whole.to() == period.to() && !longer.contains_key(&(trued.kind, trued.from)) {
                let question = Question { period: whole, ..asked };
                let of = Self::longer(db, &question, period, on_plans, beside).await?;
                let paid = paid_before(db, &question, period, &reps, beside).await?;
                longer.insert((trued.kind, trued.from), Longer { of, paid });
            }
        }
        Ok(Self {
            period,
            known: Known::load(db, &asked, &everybody, cross_sell, &more, rules).await?,
            before,
            longer,
            since,
            // What is held is paid later: it costs as much.
            holds: if rules.held_pays { Vec::new() } else { account_db::holds(db, org, &reps, period).await? },
            together: measured::of_led(db, &asked, &led, &more, rules).await?,
            led,
        })
    }

    /// What is loaded for a longer period whose last one is `last`.
    async fn longer(
        db: &mut PgConnection,
        asked: &Question,
        last: Period,
        on_plans: &[OnPlan],
        beside: &Beside,
    ) -> Result<Self, Error> {
        let (org, period, rules) = (asked.org, asked.period, &beside.rules);
        let leads = on_plans.iter().filter(|on_plan| needs::team_of_true_up(&on_plan.plan));
        let leaders: Vec<UserId> = leads.map(|on_plan| on_plan.rep).collect();
        let led = if leaders.is_empty() {
            Vec::new()
        } else {
            account_db::led(db, org, &leaders, period, rules.team_tree.as_ref()).await?
        };
        let everybody = on_plans.iter().map(|on_plan| on_plan.rep).chain(led.iter().map(|one| one.member_id));
        let everybody: Vec<UserId> = everybody.collect::<BTreeSet<_>>().into_iter().collect();
        let asked = Question { rep: asked.rep.filter(|_| everybody.len() == 1), ..*asked };
        let cross_sell = on_plans.iter().any(|on_plan| needs::cross_sell(&on_plan.plan));
        let more = needs::more(on_plans.iter().map(|on_plan| &on_plan.document));
        let known = Known::load(db, &asked, &everybody, cross_sell, &more, rules).await?;
        let added_up = expected::added_up(db, org, &everybody, (period, last)).await?;
        let (before, longer, since, holds) = (None, HashMap::new(), HashMap::new(), Vec::new());
        let known = known.expecting(added_up, period.as_kind(period.kind()) != period);
        let together = measured::of_led(db, &asked, &led, &more, rules).await?;
        Ok(Self { period, known, before, longer, since, holds, led, together })
    }

    /// The facts of a rep, and what their counts count.
    pub fn facts(&self, on_plan: &OnPlan, beside: &Beside) -> (Facts, BTreeMap<Metric, Vec<Counted>>) {
        let OnPlan { rep, name, plan, .. } = on_plan;
        if on_plan.settles {
            let period = self.period.to_string();
            let mut facts = Facts { rep: name.clone(), period, off_plan: true, ..Facts::default() };
            self.account(&mut facts, on_plan, beside);
            return (facts, BTreeMap::new());
        }
        let clawback = needs::clawback_days(plan);
        let (mut facts, records) = self.known.facts(*rep, name, clawback);
        if needs::team(plan) {
            self.add_team(&mut facts, *rep, clawback);
        }
        if needs::earnings(plan) {
            facts.team_earnings = Some(Vec::new());
        }
        if let Some(before) = self.before.as_ref().filter(|_| needs::year_to_date(plan)) {
            facts.year_to_date = before.metrics(*rep, clawback);
            facts.year_targets = Some(before.targets(*rep));
        }
        facts.period_on_plan = Some(on_plan.number.unwrap_or_else(|| self.period_on_plan(*rep, beside)));
        self.account(&mut facts, on_plan, beside);
        facts.true_up = self.true_up(on_plan, beside);
        (facts, records)
    }

    /// What a rep's deals that pay come to.
    pub fn net_that_pays(&self, rep: UserId) -> Money {
        self.known.net_that_pays(rep)
    }

    /// The targets of which only a part counts for a rep.
    pub fn parts(&self, rep: UserId) -> BTreeMap<Metric, Part> {
        self.known.parts(rep)
    }

    /// Which of the rep's periods on the plan this is, from 1.
    fn period_on_plan(&self, rep: UserId, beside: &Beside) -> u32 {
        let since = beside.tried.as_ref().map_or(&self.since, |tried| &tried.since);
        number_on_plan(self.period, since.get(&rep).copied())
    }

    /// Balances, holds of whole components, and adjustments: late facts first, then those by hand.
    fn account(&self, facts: &mut Facts, on_plan: &OnPlan, beside: &Beside) {
        let rep = on_plan.rep;
        if let Some(balance) = beside.balances.iter().find(|balance| balance.rep_id == rep) {
            facts.draw_balance = balance.draw_balance;
            facts.balance = balance.carried;
        }
        // A later version of the plan may have no such component any more.
        let is_paid =
            |name: &str| !on_plan.settles && on_plan.plan.components.iter().any(|component| component.name == name);
        for hold in self.holds.iter().filter(|hold| hold.rep_id == rep && is_paid(&hold.component)) {
            if facts.holds.iter().all(|held| held.component != hold.component) {
                facts.holds.push(Hold { component: hold.component.clone(), reason: Some(hold.reason.clone()) });
            }
        }
        for one in beside.corrections.iter().filter(|one| beside.posts && one.rep == rep) {
            let (component, period) = (one.difference.component.clone(), one.period.to_string());
            let (old, new) = (one.difference.old, one.difference.new);
            facts.adjustments.push(Adjustment { component, period, old, new, reason: None });
        }
        for one in beside.by_hand.iter().filter(|one| one.rep_id == rep) {
            let (component, period, reason) = (one.component.clone(), one.about.clone(), Some(one.reason.clone()));
            facts.adjustments.push(Adjustment { component, period, old: Money::ZERO, new: one.amount, reason });
        }
    }

    /// What the longer period as a whole is worth, where it ends with this one.
    fn true_up(&self, on_plan: &OnPlan, beside: &Beside) -> Option<TrueUp> {
        let trued = Trued::of(on_plan, self.period, &self.since, beside)?;
        let Longer { of, paid: before } = self.longer.get(&(trued.kind, trued.from))?;
        let clawback = needs::clawback_days(&on_plan.plan);
        let (mut facts, _) = of.known.facts(on_plan.rep, &on_plan.name, clawback);
        if needs::team_of_true_up(&on_plan.plan) {
            of.add_team(&mut facts, on_plan.rep, clawback);
        }
        let components = on_plan.plan.components.iter().filter(|component| component.true_up.is_some());
        let mut paid: BTreeMap<String, Money> = components.map(|one| (one.name.clone(), Money::ZERO)).collect();
        let before = beside.tried.as_ref().map_or(before, |tried| &tried.paid);
        for one in before.iter().filter(|one| one.rep_id == on_plan.rep && one.period_start >= trued.from) {
            if let Some(sum) = paid.get_mut(&one.component) {
                *sum += one.amount;
            }
        }
        Some(TrueUp { periods: Some(trued.periods), facts: Box::new(facts), paid })
    }

    /// Adds the deals and figures of the rep's team.
    fn add_team(&self, facts: &mut Facts, rep: UserId, clawback: Option<u32>) {
        let name = facts.rep.clone();
        facts.deals.get_or_insert_default().extend(self.team_deals(rep, &name, clawback));
        facts.team = Some(self.team(rep, &name, clawback));
    }

    /// The stretches of those whom a rep leads, each under a name that nobody else of them has.
    fn led_by(&self, rep: UserId, name: &str) -> Vec<(&Led, String)> {
        let mine: Vec<&Led> = self.led.iter().filter(|one| one.leader_id == rep).collect();
        let namesakes = |one: &Led| {
            one.member == name
                || mine.iter().any(|other| other.member == one.member && other.member_id != one.member_id)
        };
        mine.iter()
            .map(|one| {
                let name =
                    if namesakes(one) { format!("{} ({})", one.member, one.member_id) } else { one.member.clone() };
                (*one, name)
            })
            .collect()
    }

    /// The deals of the team, each for the rep who is credited, while that rep belonged to it.
    fn team_deals(&self, rep: UserId, name: &str, clawback: Option<u32>) -> Vec<Deal> {
        let mut deals = Vec::new();
        for (one, member) in self.led_by(rep, name) {
            deals.extend(self.known.team_deals(one.member_id, &member, (one.from_date, one.to_date), clawback));
        }
        deals
    }

    /// The figures of the team: those of its reps in the period, and the sum of what each did while there. Of who is away
    /// all the time nothing is expected.
    fn team(&self, rep: UserId, name: &str, clawback: Option<u32>) -> Team {
        let mut team = Team::default();
        let mut seen = HashSet::new();
        team.figures.metrics = self.together.get(&rep).cloned().unwrap_or_default();
        for (one, member) in self.led_by(rep, name) {
            let stretch = (one.from_date, one.to_date);
            add(&mut team.figures.metrics, &self.known.on_days(one.member_id, stretch, clawback));
            if !seen.insert(one.member_id) {
                continue;
            }
            let (mut facts, _) = self.known.facts(one.member_id, &member, clawback);
            if clawback.is_some() {
                // A team's window takes its customers off the count itself.
                let lost = facts.lost_again.iter().filter(|lost| clawback.is_some_and(|days| lost.after <= days));
                let lost = Decimal::from(lost.count());
                facts.metrics.entry(Metric::NewCustomers).and_modify(|count| *count -= lost);
            }
            let sales = self.known.net_that_pays(one.member_id);
            facts.metrics.insert(Metric::NetSales, sales.exact());
            let figures = Figures { metrics: facts.metrics, no_value: facts.no_value, targets: facts.targets };
            add(&mut team.figures.targets, &figures.targets);
            if !self.known.is_away(one.member_id) {
                team.reps.push(Member { rep: member, figures });
            }
        }
        team.figures.metrics.remove(&Metric::NetSales);
        for metric in Metric::ALL.into_iter().filter(|metric| *metric != Metric::NetSales) {
            if metric.may_lack_value() && !team.figures.metrics.contains_key(&metric) {
                team.figures.no_value.insert(metric);
            } else {
                team.figures.metrics.entry(metric).or_default();
            }
        }
        team
    }

    /// What those earned who belong to the team on the period's last day, as far as it is calculated by such periods.
    pub fn team_earnings(&self, rep: UserId, own: &HashMap<UserId, Money>, name: &str) -> Vec<Earned> {
        let last = self.period.last_day();
        let there = |one: &Led| one.from_date.is_none_or(|from| from <= last) && one.to_date.is_none_or(|to| last < to);
        let mine = self.led_by(rep, name).into_iter().filter(|(one, _)| there(one));
        mine.filter_map(|(one, rep)| Some(Earned { rep, amount: *own.get(&one.member_id)? })).collect()
    }
}

/// What these reps were paid in the periods of a longer one before its last, and are paid in this very run beyond that.
async fn paid_before(
    db: &mut PgConnection,
    longer: &Question,
    last: Period,
    reps: &[UserId],
    beside: &Beside,
) -> Result<Vec<PaidBefore>, Error> {
    let (from, to) = (longer.period.from(), last.from());
    let mut paid = late_db::paid_before(db, longer.org, reps, last.kind(), from, to).await?;
    for one in beside.corrections.iter().filter(|one| one.period.kind() == last.kind()) {
        if from <= one.period.from() && one.period.to() <= to {
            paid.push(PaidBefore {
                rep_id: one.rep,
                period_start: one.period.from(),
                component: one.difference.component.clone(),
                amount: one.difference.amount(),
            });
        }
    }
    Ok(paid)
}

/// Adds up what has a sum.
fn add(sum: &mut BTreeMap<Metric, Decimal>, values: &BTreeMap<Metric, Decimal>) {
    for (metric, value) in values.iter().filter(|(metric, _)| metric.unit() != Unit::Fraction) {
        *sum.entry(*metric).or_default() += value;
    }
}
