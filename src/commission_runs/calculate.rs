//! Facts → statements: what every rep on a plan earns in a period, with the documents that prove it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sqlx::PgConnection;
use time::Date;

use super::{
    account_db::{self, ByHand, Hand, Owing},
    cores::on_all_cores,
    earnings,
    inputs::{Counted, Inputs, digest},
    late::{self, Correction, Looked},
    late_db::PaidBefore,
    needs,
    rules::Rules,
    sources::Sources,
    store_db::{NewLine, NewStatement},
};
use crate::{
    domain::{
        commission::{
            evaluate::{ENGINE_VERSION, evaluate},
            facts::Facts,
            plan::Plan,
            statement::Statement,
        },
        company::GrowthBase,
        id::{AdjustmentId, OrgId, PlanVersionId, RunId, UserId},
        metric::Metric,
        money::Money,
        period::{Period, PeriodKind},
    },
    plans,
    web::{auth::Viewer, error::Error},
};

/// What one rep earns, and everything it follows from.
pub struct Calculated {
    /// Whose pay it is.
    pub rep: UserId,
    /// The plan version in force.
    pub version: PlanVersionId,
    /// What was calculated from.
    pub inputs: Inputs,
    /// What came out.
    pub statement: Statement,
    /// What of locked statements it corrects.
    pub corrections: Vec<Correction>,
    /// The adjustments by hand that it takes up.
    pub by_hand: Vec<AdjustmentId>,
    /// Whether its plan's draw is a debt.
    pub draw_is_debt: bool,
    /// Who did something by hand to what it pays.
    pub hands: Vec<UserId>,
    /// The longer period that it trues up, and how many of its periods count, this one included.
    pub trues_up: Option<(PeriodKind, u32)>,
}

/// Whose pay is asked for, when, and what else the calculation has to know.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// The organization.
    pub org: OrgId,
    /// What growth is compared with.
    pub growth_base: GrowthBase,
    /// The measuring period.
    pub period: Period,
    /// One rep, or everybody on a plan of such periods.
    pub rep: Option<UserId>,
    /// Today at the company.
    pub today: Date,
}

impl Question {
    /// What this person asks.
    pub fn of(me: &Viewer, period: Period, rep: Option<UserId>) -> Self {
        Self { org: me.scope.org, growth_base: me.company.growth_base, period, rep, today: me.today }
    }
}

/// A rep and the plan version that pays.
#[derive(Clone)]
pub struct OnPlan {
    /// Whose pay it is.
    pub rep: UserId,
    /// The rep's name.
    pub name: String,
    /// The version.
    pub version: PlanVersionId,
    /// Its document.
    pub document: serde_json::Value,
    /// The same, read.
    pub plan: Plan,
    /// Which of the rep's periods on the plan it was when it was paid; none: it is worked out.
    pub number: Option<u32>,
    /// Whether the rep is on no plan any more, and only what earlier statements left is settled.
    pub settles: bool,
}

impl OnPlan {
    /// Reads a version's document, which was checked when it was written.
    pub fn new(rep: UserId, name: String, version: PlanVersionId, document: serde_json::Value) -> Result<Self, Error> {
        let plan = Plan::from_value(&document).map_err(|why| {
            let plan = document.get("name").and_then(serde_json::Value::as_str).unwrap_or_default();
            uncalculable(rep, &name, plan, &why.to_string())
        })?;
        Ok(Self { rep, name, version, document, plan, number: None, settles: false })
    }
}

/// Calculates the period for every rep whose plan is measured by such periods, and for those who are on no plan any more
/// where something is left to settle with them, in order of the reps' names.
/// A fixed number of queries, of one snapshot or beside which nobody writes; and as many again for each locked period
/// whose facts have changed since: what one rep has earned so far is what the next statement would say, corrections of
/// locked periods and all.
pub async fn calculate(db: &mut PgConnection, asked: &Question) -> Result<Vec<Calculated>, Error> {
    Ok(calculate_to_store(db, asked).await?.calculated)
}

/// What a run is made of.
pub(super) struct ToStore {
    /// The statements.
    pub calculated: Vec<Calculated>,
    /// The marks of the locked periods that are settled once all of it is paid.
    pub marks: Vec<(RunId, i64)>,
    /// From which day on facts make what is paid.
    pub facts_from: Date,
}

/// Likewise, with what a run keeps beside the statements.
pub(super) async fn calculate_to_store(db: &mut PgConnection, asked: &Question) -> Result<ToStore, Error> {
    calculate_and_look(db, asked, Look::Late).await
}

/// Likewise, without the corrections of locked periods: looking for them goes through everybody's facts of two years, which
/// takes too long for a page that everybody opens each morning.
pub async fn calculate_running(db: &mut PgConnection, asked: &Question) -> Result<Vec<Calculated>, Error> {
    Ok(calculate_and_look(db, asked, Look::Not).await?.calculated)
}

/// How much is looked at beside the period itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Not,
    /// At locked periods.
    Late,
}

async fn calculate_and_look(db: &mut PgConnection, asked: &Question, look: Look) -> Result<ToStore, Error> {
    looked_at(db, asked, look).await.map_err(|error| without_others(error, asked.rep))
}

async fn looked_at(db: &mut PgConnection, asked: &Question, look: Look) -> Result<ToStore, Error> {
    let mut on_plans = in_force(db, asked, asked.rep).await?;
    if asked.rep.is_some() && on_plans.iter().any(|on_plan| needs::of_others(&on_plan.plan)) {
        on_plans = in_force(db, asked, None).await?;
    }
    let off = if asked.rep.is_none() { off_plan(db, asked).await? } else { Vec::new() };
    let reps: Vec<UserId> = on_plans.iter().chain(&off).map(|on_plan| on_plan.rep).collect();
    let corrected = asked.rep.map_or_else(|| reps.clone(), |rep| vec![rep]);
    let facts_from = late::facts_from(on_plans.iter(), asked.period);
    let looked = if look == Look::Not { Looked::default() } else { late::look(db, asked, &corrected).await? };
    let beside = Beside {
        corrections: looked.corrections,
        balances: account_db::balances(db, asked.org, &reps).await?,
        by_hand: account_db::by_hand(db, asked.org, &reps, asked.period).await?,
        hands: account_db::hands(db, asked.org, &reps, asked.period).await?,
        posts: true,
        tried: None,
        rules: Rules::default(),
    };
    on_plans.extend(off.into_iter().filter(|one| beside.settles(one.rep)));
    on_plans.sort_by(|a, b| (&a.name, a.rep).cmp(&(&b.name, b.rep)));
    let mut calculated = earned(db, asked, on_plans, &beside).await?;
    calculated.retain(|one| asked.rep.is_none_or(|rep| rep == one.rep));
    Ok(ToStore { calculated, marks: looked.marks, facts_from })
}

async fn off_plan(db: &mut PgConnection, asked: &Question) -> Result<Vec<OnPlan>, Error> {
    let rows = account_db::off_plan(db, asked.org, asked.period).await?;
    let settling = |row: account_db::OffPlan| {
        let on_plan = OnPlan::new(row.rep_id, row.rep, row.version_id, row.document)?;
        Ok(OnPlan { settles: true, ..on_plan })
    };
    rows.into_iter().map(settling).collect()
}

pub(super) async fn in_force(
    db: &mut PgConnection,
    asked: &Question,
    rep: Option<UserId>,
) -> Result<Vec<OnPlan>, Error> {
    let mut on_plans = Vec::new();
    for row in plans::db::in_force(db, asked.org, asked.period.from(), rep).await? {
        let on_plan = OnPlan::new(row.rep_id, row.rep, row.version_id, row.document)?;
        if PeriodKind::from(on_plan.plan.period) == asked.period.kind() {
            on_plans.push(on_plan);
        }
    }
    Ok(on_plans)
}

/// What a statement takes up beside the facts of its period.
#[derive(Default)]
pub struct Beside {
    /// What locked statements are worth now.
    pub corrections: Vec<Correction>,
    /// What reps owe.
    pub balances: Vec<Owing>,
    /// Adjustments by hand.
    pub by_hand: Vec<ByHand>,
    /// Who did something else by hand.
    pub hands: Vec<Hand>,
    /// Whether the corrections are paid here; in shadow they only tell what earlier periods are worth.
    pub posts: bool,
    /// What a trial takes in place of what was calculated and locked; it knows no holds.
    pub(super) tried: Option<Tried>,
    /// By which settings it is paid.
    pub rules: Rules,
}

/// What the earlier periods of a trial came to.
pub(super) struct Tried {
    /// Since when each rep counts as on the plan.
    pub since: HashMap<UserId, Date>,
    /// The first day of all of it: what was before is none of it.
    pub from: Date,
    /// What its own earlier periods paid for each component.
    pub paid: Vec<PaidBefore>,
}

impl Beside {
    /// Whether there is something to settle with a rep who is on no plan: what is carried, too, for it may be written off.
    fn settles(&self, rep: UserId) -> bool {
        self.corrections.iter().any(|one| one.rep == rep)
            || self.by_hand.iter().any(|one| one.rep_id == rep)
            || self.balances.iter().any(|one| one.rep_id == rep && one.carried != Money::ZERO)
    }

    /// Whose hands are in a rep's statement, each once.
    fn hands_in(&self, rep: UserId) -> Vec<UserId> {
        let acts = self.hands.iter().filter(|one| one.rep_id == rep).map(|one| one.made_by);
        let adjusted = self.by_hand.iter().filter(|one| one.rep_id == rep).map(|one| one.made_by);
        acts.chain(adjusted).collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// What these reps earn by these plans, in the order in which they are given.
pub async fn earned(
    db: &mut PgConnection,
    asked: &Question,
    on_plans: Vec<OnPlan>,
    beside: &Beside,
) -> Result<Vec<Calculated>, Error> {
    // Else everybody's year would be read each day where plans pay by the month.
    if on_plans.is_empty() {
        return Ok(Vec::new());
    }
    let sources = Sources::load(db, asked, &on_plans, beside).await?;
    let shorter = earnings::of_shorter(db, asked, &on_plans, beside).await?;
    let all_paid = paid(&sources, &on_plans, beside, &shorter)?;
    let all: Vec<(OnPlan, Paid)> = on_plans.into_iter().zip(all_paid).collect();
    let documents = on_all_cores(&all, |(on_plan, paid)| paid.facts.to_value(on_plan.plan.currency));
    let mut calculated = Vec::with_capacity(all.len());
    for ((on_plan, Paid { facts, records, statement }), of_facts) in all.into_iter().zip(documents) {
        let OnPlan { rep, version, document, plan, .. } = on_plan;
        let draw_is_debt = needs::draw_is_debt(&plan, facts.period_on_plan);
        let periods = facts.true_up.as_ref().and_then(|longer| longer.periods);
        let trues_up = needs::true_up(&plan).map(PeriodKind::from).zip(periods);
        let facts = of_facts.map_err(|e| Error::Internal(e.to_string()))?;
        let inputs = Inputs { rep: Some(rep), plan: document, facts, records, parts: sources.parts(rep) };
        let mine = beside.corrections.iter().filter(|one| beside.posts && one.rep == rep);
        calculated.push(Calculated {
            rep,
            version,
            inputs,
            statement,
            corrections: mine.cloned().collect(),
            by_hand: beside.by_hand.iter().filter(|one| one.rep_id == rep).map(|one| one.id).collect(),
            draw_is_debt,
            hands: beside.hands_in(rep),
            trues_up,
        });
    }
    Ok(calculated)
}

/// What one rep is paid, and what it follows from.
pub(super) struct Paid {
    /// What the rep did.
    pub facts: Facts,
    /// What the counts of the facts count.
    pub records: BTreeMap<Metric, Vec<Counted>>,
    /// What it pays.
    pub statement: Statement,
}

/// What these reps are paid by these plans, in the order in which they are given. `shorter` is what reps earn for their own
/// work in shorter periods, of which others earn a share.
pub(super) fn paid(
    sources: &Sources,
    on_plans: &[OnPlan],
    beside: &Beside,
    shorter: &HashMap<UserId, Money>,
) -> Result<Vec<Paid>, Error> {
    let all = on_all_cores(on_plans, |on_plan| {
        let (facts, records) = sources.facts(on_plan, beside);
        let statement = pay(on_plan, &facts)?;
        Ok(Paid { facts, records, statement })
    });
    let mut all = all.into_iter().collect::<Result<Vec<_>, Error>>()?;
    // Overrides on earnings are paid once what the team's reps earn themselves is known.
    let mut own = shorter.clone();
    for (on_plan, paid) in on_plans.iter().zip(&all) {
        *own.entry(on_plan.rep).or_default() += needs::own_earnings(&on_plan.plan, &paid.statement);
    }
    for (on_plan, paid) in
        on_plans.iter().zip(&mut all).filter(|(on_plan, _)| needs::earnings(&on_plan.plan) && !on_plan.settles)
    {
        paid.facts.team_earnings = Some(sources.team_earnings(on_plan.rep, &own, &on_plan.name));
        paid.statement = pay(on_plan, &paid.facts)?;
    }
    Ok(all)
}

fn pay(on_plan: &OnPlan, facts: &Facts) -> Result<Statement, Error> {
    let OnPlan { rep, name, plan, .. } = on_plan;
    evaluate(plan, facts).map_err(|why| uncalculable(*rep, name, &plan.name, &why.to_string()))
}

/// The refusal to calculate what somebody is paid: who, by which plan, why, and what helps.
fn uncalculable(rep: UserId, name: &str, plan: &str, why: &str) -> Error {
    let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = format!(
        "{name} cannot be paid by the plan “{plan}”: {}. Whoever prepares commission puts the plan right in a new version \
         that holds from this period or earlier, or takes {name} off it. Nothing was saved.",
        why.trim_end_matches('.'),
    );
    Error::Uncalculable { rep, words }
}

/// The same for who asks for the own pay: of others only that it is one of them.
fn without_others(error: Error, asked: Option<UserId>) -> Error {
    match error {
        Error::Uncalculable { rep, .. } if asked.is_some_and(|asked| asked != rep) => {
            let words = "What others did counts in this pay, and the pay of one of them cannot be calculated. Whoever \
                         prepares commission sees whose and why. Nothing was saved.";
            Error::Uncalculable { rep, words: words.to_owned() }
        }
        error => error,
    }
}

impl Calculated {
    /// What is stored of it.
    pub fn to_store(&self) -> Result<NewStatement, Error> {
        let json = |e: serde_json::Error| Error::Internal(e.to_string());
        let inputs = self.inputs.text().map_err(json)?;
        let mut lines = Vec::with_capacity(self.statement.lines.len());
        for line in &self.statement.lines {
            lines.push(NewLine {
                component: line.component.clone(),
                measure: line.measure_word().to_owned(),
                amount: line.amount.money,
                detail: serde_json::to_string(line).map_err(json)?,
            });
        }
        Ok(NewStatement {
            rep: self.rep,
            plan_version: self.version,
            digest: digest(&inputs, ENGINE_VERSION, &self.statement)?,
            inputs,
            total: self.statement.total.money,
            draw_balance: self.statement.draw_balance.map_or(Money::ZERO, |owed| owed.money),
            carried: self.statement.balance.map_or(Money::ZERO, |owed| owed.money),
            hands: self.hands.clone(),
            lines,
        })
    }
}
