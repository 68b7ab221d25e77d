//! What a version of a plan, or a plan not saved yet, would have paid in the last twelve months, beside what today's plans pay for the same facts:
//! who is asked, for which periods, and what it adds up to.

use std::collections::{BTreeMap, HashMap, HashSet};

use sqlx::PgConnection;
use time::Date;

use super::{
    db::{self, VersionRow},
    simulation_db, targets,
};
use crate::{
    commission_runs::{
        calculate::{OnPlan, Question},
        trial::{TriedPay, Way, tried},
    },
    domain::{
        commission::plan::{Attained, Measure, Plan},
        id::{PlanId, PlanVersionId, UserId},
        money::Money,
        period::{Dates, Period, PeriodKind, add_months},
        rate::Ratio,
    },
    web::{auth::Viewer, error::Error, format},
};

/// How many months are looked at.
const MONTHS: i32 = 12;
/// Of how many reps at most.
pub const MOST_REPS: usize = 200;

/// The plan that is tried: a version, or one that is not saved.
pub struct Draft {
    /// The plan that it is a version of; none: a new one.
    pub plan_id: Option<PlanId>,
    /// First day of the first period that it holds for.
    pub from: Date,
    /// The plan as in `docs/commission-plans.md`.
    pub document: serde_json::Value,
}

impl From<&VersionRow> for Draft {
    fn from(version: &VersionRow) -> Self {
        Self { plan_id: Some(version.plan_id), from: version.from_date, document: version.document.clone() }
    }
}

impl Draft {
    /// The plan, read: for the first of these reps.
    fn plan(&self, reps: &[(UserId, String)]) -> Result<Plan, Error> {
        let (rep, name) = reps.first().map_or((UserId(0), "A rep"), |(rep, name)| (*rep, name.as_str()));
        Ok(OnPlan::new(rep, name.to_owned(), NO_VERSION, self.document.clone())?.plan)
    }
}

/// Statements name the version that pays them; a trial stores none, and its plan may have no version.
const NO_VERSION: PlanVersionId = PlanVersionId(0);

/// What is paid, in one way and in others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pay {
    /// By the version.
    pub would: Money,
    /// By the plans of today.
    pub today: Money,
    /// What approved statements came to; nothing where there are none.
    pub paid: Option<Money>,
    /// What the deals that pay came to.
    pub net: Money,
}

/// A rep of a simulation.
pub struct RepPay {
    /// The rep.
    pub id: UserId,
    /// The rep's name.
    pub name: String,
    /// The plan and version of today, if the rep is on one.
    pub plan: String,
    /// All periods together.
    pub sum: Pay,
    /// Each period, in the order of the simulation's.
    pub periods: Vec<Pay>,
}

/// What a version would have paid.
pub struct Simulation {
    /// Its periods, in order of time.
    pub periods: Vec<(Period, Pay)>,
    /// Its reps, who gains most first.
    pub reps: Vec<RepPay>,
    /// Everything.
    pub sum: Pay,
    /// What it lacks, in sentences.
    pub lacks: Vec<String>,
}

impl Pay {
    /// How much more the version pays than today's plans.
    pub fn more(&self) -> Money {
        self.would - self.today
    }

    /// The pay of the version as a share of the sales, and that of today's plans.
    pub fn rates(&self) -> Option<[Ratio; 2]> {
        let share = |pay: Money| Ratio::new(i128::from(pay.0), i128::from(self.net.0));
        if self.net > Money::ZERO { Some([share(self.would)?, share(self.today)?]) } else { None }
    }

    fn add(&mut self, other: &Self) {
        self.would += other.would;
        self.today += other.today;
        self.net += other.net;
        if let Some(paid) = other.paid {
            *self.paid.get_or_insert(Money::ZERO) += paid;
        }
    }
}

/// The reps who are on a plan from a day on, or will be: whom a version of it concerns. Nobody is on a new plan.
pub async fn concerned(db: &mut PgConnection, me: &Viewer, tried: &Draft) -> Result<Vec<UserId>, Error> {
    let Some(plan) = tried.plan_id else { return Ok(Vec::new()) };
    let from = tried.from.max(me.today);
    let rows = db::assignments(db, me.scope.org, plan).await?;
    let mut seen = HashSet::new();
    let stays = |row: &db::AssignmentRow| row.to_date.is_none_or(|to| from < to);
    Ok(rows.iter().filter(|row| stays(row)).map(|row| row.rep_id).filter(|rep| seen.insert(*rep)).collect())
}

/// Simulates a plan for some reps, by name. None: no period with facts is over yet.
///
/// # Errors
/// The database, or a plan that cannot be evaluated.
pub async fn simulate(
    db: &mut PgConnection,
    me: &Viewer,
    tried_out: &Draft,
    reps: &[(UserId, String)],
) -> Result<Option<Simulation>, Error> {
    let org = me.scope.org;
    let draft = tried_out.plan(reps)?;
    let chosen: HashSet<UserId> = reps.iter().map(|(id, _)| *id).collect();
    let mut today: Vec<OnPlan> = Vec::new();
    for row in db::in_force(db, org, me.today, None).await? {
        today.push(OnPlan::new(row.rep_id, row.rep, row.version_id, row.document)?);
    }
    // Who pays a share of what others earn asks what all of them earn.
    let of_others = |plan: &Plan| plan.components.iter().any(|component| component.measure == Measure::Earnings);
    if !of_others(&draft) && !today.iter().any(|one| chosen.contains(&one.rep) && of_others(&one.plan)) {
        today.retain(|one| chosen.contains(&one.rep));
    }
    let mut then: Vec<OnPlan> = today.iter().filter(|one| !chosen.contains(&one.rep)).cloned().collect();
    for (rep, name) in reps {
        then.push(OnPlan::new(*rep, name.clone(), NO_VERSION, tried_out.document.clone())?);
    }
    let everybody: Vec<UserId> = then.iter().map(|one| one.rep).collect();
    let kind_of = |one: &OnPlan| PeriodKind::from(one.plan.period);
    let kinds = [PeriodKind::Month, PeriodKind::Quarter, PeriodKind::Year];
    let used = kinds.into_iter().filter(|kind| today.iter().chain(&then).any(|one| kind_of(one) == *kind));
    let used: Vec<PeriodKind> = used.collect();
    let Some(dates) = window(db, me, used.last().copied().unwrap_or(PeriodKind::Month)).await? else { return Ok(None) };
    let of_kind = |kind| Period::overlapping(kind, dates, me.company.fiscal_start);

    let present = simulation_db::present(db, org, &everybody, me.today).await?;
    // Who comes to a plan later counts as on it since the first day: a draw of the first months is paid once.
    let since = |rep: UserId, on_it: bool| {
        let began = present.iter().find(|one| on_it && one.rep_id == rep).and_then(|one| one.since);
        (rep, began.map_or(dates.from, |day| day.min(dates.from)))
    };
    let is_on = |rep: UserId| {
        let stays = !chosen.contains(&rep);
        stays || present.iter().any(|one| one.rep_id == rep && Some(one.plan_id) == tried_out.plan_id)
    };
    let asked = Question::of(me, Period::month(dates.from, me.company.fiscal_start), None);
    let mut sum = Summing::new(of_kind(draft.period.into()), reps.len());
    let places: HashMap<UserId, usize> = reps.iter().enumerate().map(|(i, (id, _))| (*id, i)).collect();
    for kind in used {
        let of = |all: &[OnPlan]| all.iter().filter(|one| kind_of(one) == kind).cloned().collect::<Vec<_>>();
        let (now, later) = (of(&today), of(&then));
        let ways = [
            Way { on_plans: &later, since: later.iter().map(|one| since(one.rep, is_on(one.rep))).collect() },
            Way { on_plans: &now, since: now.iter().map(|one| since(one.rep, true)).collect() },
        ];
        for (period, [would, today]) in tried(db, &asked, &of_kind(kind), ways).await? {
            let chosen = |one: &&TriedPay| places.contains_key(&one.rep);
            for one in would.iter().filter(chosen) {
                sum.would(period, places.get(&one.rep).copied(), one);
            }
            for one in today.iter().filter(chosen) {
                sum.pay(period, places.get(&one.rep).copied(), |pay| pay.today += one.total);
            }
        }
    }
    for one in simulation_db::paid_then(db, org, &everybody, dates.from, dates.to).await? {
        let last = Period::month(add_months(one.period_end, -1), me.company.fiscal_start);
        sum.pay(last, places.get(&one.rep_id).copied(), |pay| *pay.paid.get_or_insert(Money::ZERO) += one.total);
    }
    let plan = |rep: UserId| {
        let found = present.iter().find(|one| one.rep_id == rep);
        found.map_or_else(|| "no plan".to_owned(), |one| format!("{}, version {}", one.plan, one.number))
    };
    Ok(Some(sum.done(reps, plan)))
}

/// The days of the last twelve closed months, ending with a whole period of this kind and not before there were facts.
async fn window(db: &mut PgConnection, me: &Viewer, kind: PeriodKind) -> Result<Option<Dates>, Error> {
    let at = |day: Date| Period::containing(kind, day, me.company.fiscal_start);
    let to = at(me.today).from();
    let first = simulation_db::first_fact(db, me.scope.org).await?.filter(|first| *first < to);
    Ok(first.map(|first| Dates { from: at(first).from().max(add_months(to, -MONTHS)), to }))
}

/// A simulation that is being added up.
struct Summing {
    periods: Vec<Period>,
    /// Rep by rep, period by period.
    pays: Vec<Vec<Pay>>,
    /// How many reps lack a target, by place of the period.
    lacking: BTreeMap<Attained, BTreeMap<usize, i64>>,
}

impl Summing {
    fn new(periods: Vec<Period>, reps: usize) -> Self {
        let pays = vec![vec![Pay::default(); periods.len()]; reps];
        Self { periods, pays, lacking: BTreeMap::new() }
    }

    /// Counts pay in the period of the version in which it falls due.
    fn pay(&mut self, period: Period, rep: Option<usize>, count: impl FnOnce(&mut Pay)) {
        let place = self.periods.iter().position(|one| one.contains(period.last_day()));
        let pay = rep.and_then(|rep| self.pays.get_mut(rep)).zip(place).and_then(|(pays, place)| pays.get_mut(place));
        if let Some(pay) = pay {
            count(pay);
        }
    }

    fn would(&mut self, period: Period, rep: Option<usize>, one: &TriedPay) {
        self.pay(period, rep, |pay| {
            pay.would += one.total;
            pay.net += one.net;
        });
        if let Some(place) = self.periods.iter().position(|one| *one == period) {
            for target in &one.lacking {
                *self.lacking.entry(*target).or_default().entry(place).or_default() += 1;
            }
        }
    }

    fn done(self, reps: &[(UserId, String)], plan: impl Fn(UserId) -> String) -> Simulation {
        let lacks = self.lacks();
        let mut sum = Pay::default();
        let mut periods: Vec<(Period, Pay)> = self.periods.iter().map(|period| (*period, Pay::default())).collect();
        let mut rows = Vec::with_capacity(reps.len());
        for ((id, name), pays) in reps.iter().zip(self.pays) {
            let mut of_rep = Pay::default();
            for (pay, (_, of_period)) in pays.iter().zip(&mut periods) {
                of_rep.add(pay);
                of_period.add(pay);
            }
            sum.add(&of_rep);
            rows.push(RepPay { id: *id, name: name.clone(), plan: plan(*id), sum: of_rep, periods: pays });
        }
        rows.sort_by_key(|row| -row.sum.more().0);
        Simulation { periods, reps: rows, sum, lacks }
    }

    /// "3 reps have no target for visits in March 2026 and April 2026: what depends on it pays them nothing there."
    fn lacks(&self) -> Vec<String> {
        let told = |(target, places): (&Attained, &BTreeMap<usize, i64>)| {
            let metric = target.metric;
            let most = places.values().copied().max().unwrap_or_default();
            let kind = targets::named(*target);
            let when = if places.len() > 3 {
                format!("{} of {} periods", places.len(), self.periods.len())
            } else {
                let names = places.keys().filter_map(|place| self.periods.get(*place)).map(|one| format::period(*one));
                format::listed(&names.collect::<Vec<_>>())
            };
            let up_to = if places.values().all(|one| *one == most) { "" } else { "up to " };
            let verb = if most == 1 { "has" } else { "have" };
            let who = format::counted(most, "rep", "reps");
            let who = format::capital(&format!("{up_to}{who}"));
            format!(
                "{who} {verb} no {kind} for {} in {when}: what depends on it pays nothing there.",
                metric.label().to_lowercase()
            )
        };
        self.lacking.iter().map(told).collect()
    }
}
