//! Facts → statements: what every rep on a plan earns in a period, with the documents that prove it.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use time::Date;

use super::{
    db::{NewLine, NewStatement},
    facts_db::{self, CountedVisit, CreditedDeal, PaidEvent},
    measured,
};
use crate::{
    domain::{
        commission::{
            evaluate::{ENGINE_VERSION, evaluate},
            facts::{Credit, Deal, Facts},
            plan::Plan,
            statement::Statement,
        },
        company::GrowthBase,
        id::{OrgId, PlanVersionId, UserId},
        metric::{Metric, Unit},
        money::{Currency, Money},
        period::{Period, PeriodKind, add_days},
        target::Presence,
    },
    plans,
    scorecards::figure,
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
}

/// The documents that a statement is calculated from: enough to calculate it again anywhere.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Inputs {
    /// The plan as in `docs/commission-plans.md`.
    pub plan: serde_json::Value,
    /// The facts, likewise.
    pub facts: serde_json::Value,
    /// What the counts of the facts count, metric by metric.
    pub records: BTreeMap<Metric, Vec<Counted>>,
    /// The targets of which only a part counts: the facts hold that part.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parts: BTreeMap<Metric, Part>,
}

/// Why only a part of a target counts: on how many working days the rep was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The target as it was set, in its unit (money in minor units).
    pub target: Decimal,
    /// What of it counts, in the same unit; nothing for who was never there.
    pub counts: Option<Decimal>,
    /// Working days of presence.
    pub here: u32,
    /// Working days of the period.
    pub of: u32,
}

/// One thing that a count counts: a customer won or lost, or a visit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// The customer's name at that time.
    pub customer: String,
    /// The day.
    pub on: Date,
    /// The deal that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deal: Option<i64>,
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

/// Calculates the period for every rep whose plan is measured by such periods, in order of the reps' names.
/// A fixed number of queries, of one snapshot or beside which nobody writes.
pub async fn calculate(db: &mut PgConnection, asked: &Question) -> Result<Vec<Calculated>, Error> {
    let Question { org, period, rep, .. } = *asked;
    let (from, to) = (period.from(), period.to());
    // What lies ahead does not count: losses are written with their future dates.
    let through = to.min(add_days(asked.today, 1));
    let in_force = plans::db::in_force(db, org, from, rep).await?;
    let deals = facts_db::credited_deals(db, org, from, to, rep).await?;
    let events = facts_db::paid_events(db, org, from, through, rep).await?;
    let book = facts_db::book_sales(db, org, from, to, rep).await?;
    let visits = facts_db::counted_visits(db, org, from, through, rep).await?;
    let more = named(&in_force);
    let measured = measured::of_reps(db, asked, in_force.iter().map(|row| row.rep_id).collect(), &more).await?;

    let mut calculated = Vec::with_capacity(in_force.len());
    for row in in_force {
        let plan = Plan::from_value(&row.document).map_err(|e| Error::Internal(format!("plan of {}: {e}", row.rep)))?;
        if PeriodKind::from(plan.period) != period.kind() {
            continue;
        }
        let mine: Vec<&CreditedDeal> = deals.iter().filter(|deal| deal.rep_id == row.rep_id).collect();
        let mut records = records(row.rep_id, &events, &visits);
        let crossed = measured.crossed(row.rep_id);
        if !crossed.is_empty() {
            records.insert(Metric::CrossSellCount, crossed);
        }
        let mut facts = Facts {
            rep: row.rep,
            period: period.to_string(),
            metrics: measured.metrics(row.rep_id),
            targets: measured.targets(row.rep_id),
            deals: Some(mine.iter().map(|row| deal(row)).collect()),
            ..Facts::default()
        };
        count_what_pays(&mut facts, &records);
        let own_book = book.get(&row.rep_id).copied().unwrap_or_default();
        let growing = measured.is_by_book(row.rep_id).then_some(own_book);
        let sales = sales_that_pay(&mut facts, measured.base(row.rep_id), growing, &mine);
        growth_that_pays(&mut facts, measured.base(row.rep_id), sales, measured.growth_new(row.rep_id));
        facts.no_value.extend(more.iter().filter(|m| m.unit() == Unit::Fraction && !facts.metrics.contains_key(m)));
        let statement = evaluate(&plan, &facts).map_err(|e| Error::Internal(format!("pay of {}: {e}", facts.rep)))?;
        let inputs = Inputs {
            plan: row.document,
            facts: serde_json::from_str(&facts.to_json(plan.currency)).map_err(|e| Error::Internal(e.to_string()))?,
            records,
            parts: measured.parts(row.rep_id),
        };
        calculated.push(Calculated { rep: row.rep_id, version: row.version_id, inputs, statement });
    }
    Ok(calculated)
}

/// Which of [`Metric::MORE`] these plans name: the others are not loaded.
fn named(plans: &[plans::db::InForce]) -> BTreeSet<Metric> {
    let documents: Vec<String> = plans.iter().map(|plan| plan.document.to_string()).collect();
    let names = |metric: &Metric| documents.iter().any(|text| text.contains(&format!("\"{}\"", metric.as_str())));
    Metric::MORE.into_iter().filter(names).collect()
}

fn deal(row: &CreditedDeal) -> Deal {
    Deal {
        credit: Credit::Part(row.amount),
        returns: row.returns,
        confirmed: row.confirmed,
        ..Deal::won(row.number, row.booked_on, row.customer.clone(), row.net)
    }
}

/// What the rep's counts count.
fn records(rep: UserId, events: &[PaidEvent], visits: &[CountedVisit]) -> BTreeMap<Metric, Vec<Counted>> {
    let mut records: BTreeMap<Metric, Vec<Counted>> = BTreeMap::new();
    for event in events.iter().filter(|event| event.rep_id == rep) {
        let metric = match event.kind.as_str() {
            "first_sale" => Metric::NewCustomers,
            "won_back" => Metric::WonBackCustomers,
            _ => Metric::LostCustomers,
        };
        let counted = Counted { customer: event.customer.clone(), on: event.on_date, deal: event.deal };
        records.entry(metric).or_default().push(counted);
    }
    for visit in visits.iter().filter(|visit| visit.rep_id == rep) {
        let counted = Counted { customer: visit.customer.clone(), on: visit.visited_on, deal: None };
        if visit.kind != "in_person" {
            records.entry(Metric::Touches).or_default().push(counted);
            continue;
        }
        if visit.stranger {
            records.entry(Metric::StrangerVisits).or_default().push(counted.clone());
        }
        records.entry(Metric::Visits).or_default().push(counted);
    }
    records
}

/// Customers won count for pay while they are not undone and their deal is confirmed: as many as their records.
fn count_what_pays(facts: &mut Facts, records: &BTreeMap<Metric, Vec<Counted>>) {
    for metric in [Metric::NewCustomers, Metric::WonBackCustomers] {
        let count = records.get(&metric).map_or(0, Vec::len);
        facts.metrics.insert(metric, Decimal::from(count));
    }
}

/// Sales count for pay where their returns are netted and their deals confirmed (docs/definitions.md, *Commission*).
/// `growing` is what growth compares with its base where that is not what the rep is credited with. Gives what it compares.
fn sales_that_pay(facts: &mut Facts, base: Option<Money>, growing: Option<Money>, deals: &[&CreditedDeal]) -> Money {
    let (mut all, mut to_new) = (Money::ZERO, Money::ZERO);
    let paying = deals.iter().filter(|deal| deal.confirmed && deal.returns.is_none()).map(|deal| deal.number);
    let paying: BTreeSet<i64> = paying.collect();
    for deal in deals
        .iter()
        .filter(|deal| !deal.elsewhere && deal.confirmed && paying.contains(&deal.returns.unwrap_or(deal.number)))
    {
        all += deal.amount;
        if deal.to_new_customer {
            to_new += deal.amount;
        }
    }
    facts.metrics.remove(&Metric::NetSales);
    facts.metrics.insert(Metric::NewCustomerSales, to_new.exact());
    facts.metrics.insert(Metric::ExistingCustomerSales, (all - to_new).exact());
    facts.metrics.remove(&Metric::SalesGrowth);
    let growing = growing.unwrap_or(all);
    match base.filter(|base| *base > Money::ZERO) {
        Some(base) => {
            facts.metrics.insert(Metric::SalesGrowth, ((growing - base).exact() / base.exact()).round_dp(12));
        }
        None => {
            facts.no_value.insert(Metric::SalesGrowth);
        }
    }
    growing
}

/// The two kinds of growth, where a plan names one: `new` is what pays of the sales to new customers.
fn growth_that_pays(facts: &mut Facts, base: Option<Money>, growing: Money, new: Option<Money>) {
    let kinds = [Metric::GrowthFromNew, Metric::GrowthFromExisting];
    for metric in kinds {
        facts.metrics.remove(&metric);
    }
    if let Some((new, base)) = new.zip(base.filter(|base| *base > Money::ZERO)) {
        for (metric, change) in kinds.into_iter().zip([new, growing - new - base]) {
            facts.metrics.insert(metric, (change.exact() / base.exact()).round_dp(12));
        }
    }
}

impl Part {
    /// "visits 100 of 110, here 20 of 22 working days".
    pub fn words(&self, metric: Metric, currency: Currency) -> String {
        let shown = |value| figure::target_words(metric, value, currency);
        let here = figure::here(Presence { days: self.here, of: self.of });
        let counts = self.counts.map_or_else(|| "none".to_owned(), shown);
        format!("{} {counts} of {}, {here}", metric.label().to_lowercase(), shown(self.target))
    }
}

impl Calculated {
    /// What is stored of it.
    pub fn to_store(&self) -> Result<NewStatement, Error> {
        let inputs = serde_json::to_value(&self.inputs).map_err(|e| Error::Internal(e.to_string()))?;
        let mut lines = Vec::with_capacity(self.statement.lines.len());
        for line in &self.statement.lines {
            lines.push(NewLine {
                component: line.component.clone(),
                measure: line.measure_word().to_owned(),
                amount: line.amount.money,
                detail: serde_json::to_value(line).map_err(|e| Error::Internal(e.to_string()))?,
            });
        }
        Ok(NewStatement {
            rep: self.rep,
            plan_version: self.version,
            digest: digest(&inputs, ENGINE_VERSION, &self.statement)?,
            inputs,
            total: self.statement.total.money,
            lines,
        })
    }
}

/// The check of a statement: SHA-256 of its inputs, the engine's version and its result, each as JSON with sorted keys.
pub fn digest(inputs: &serde_json::Value, engine: &str, statement: &Statement) -> Result<[u8; 32], Error> {
    let result = statement.to_json().map_err(|e| Error::Internal(e.to_string()))?;
    let mut hash = Sha256::new();
    for part in [inputs.to_string().as_str(), engine, result.as_str()] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    Ok(hash.finalize().into())
}

/// The check code that pages and files print: the first four bytes of a digest.
pub fn check_code(digest: &[u8]) -> String {
    let check = u32::from_be_bytes(digest.first_chunk().copied().unwrap_or_default());
    format!("{:04X}-{:04X}", check >> 16, check & 0xFFFF)
}
