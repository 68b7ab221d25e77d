//! A statement as people read it: the same lines, records and words on its page and in its files.

use std::collections::BTreeMap;

use sqlx::PgConnection;
use time::Date;

use super::db::{self, StatementRow};
use crate::{
    commission_runs::calculate::{Counted, Inputs, check_code},
    domain::{
        commission::{plan::Measure, statement::Line},
        id::{DealId, UserId},
        metric::Metric,
        money::{Currency, Money},
        period::{Period, PeriodKind},
    },
    scorecards::{db::Subject, drill},
    web::{auth::Viewer, error::Error, form::parse_date, format, periods},
};

/// A statement with everything that its page and its files say.
pub struct View {
    /// The statement.
    pub statement: StatementRow,
    /// The company's name.
    pub company: String,
    /// The currency of every amount.
    pub currency: Currency,
    /// "October 2026".
    pub label: String,
    /// The lines in the order of calculation.
    pub lines: Vec<LineView>,
    /// How many deals pay once somebody has confirmed them.
    pub unconfirmed: usize,
    /// "visits 100 of 110, here 20 of 22 working days".
    pub parts: Vec<String>,
    /// The check code: the beginning of the digest.
    pub check: String,
}

/// A line with what its page lists under it.
pub struct LineView {
    /// What it pays, and the words.
    pub line: Line,
    /// The deals behind it.
    pub records: Vec<RecordView>,
    /// What its count counts, where it has no deals.
    pub counted: Vec<CountedView>,
    /// "38 deals", "6 customers", "92 visits"; empty: nothing to open.
    pub opens: String,
    /// What is disputed about it, or where to dispute it: address and words.
    pub dispute: Option<(String, String)>,
}

/// A deal behind a line.
pub struct RecordView {
    /// Its number.
    pub deal: i64,
    /// Its page, if it is in sight.
    pub href: Option<String>,
    /// Who bought.
    pub customer: String,
    /// When it was booked.
    pub on: Option<Date>,
    /// What the deal was worth to the rep.
    pub part: Option<Money>,
    /// What it pays of the line.
    pub pays: Money,
}

/// A customer won or lost, or a visit.
pub struct CountedView {
    /// The customer's name at that time.
    pub customer: String,
    /// The day.
    pub on: Date,
    /// The number of the deal that made it.
    pub deal: Option<i64>,
    /// The page of the deal, or the list of what counts of that day.
    pub href: String,
}

impl View {
    /// Loads the lines and documents of a statement that this person may read.
    pub async fn load(db: &mut PgConnection, me: &Viewer, statement: StatementRow) -> Result<Self, Error> {
        let id = statement.id;
        let inputs: Inputs = serde_json::from_value(db::inputs(db, me.scope.org, id).await?)
            .map_err(|e| Error::Internal(format!("inputs of statement {id}: {e}")))?;
        let mut lines = Vec::new();
        for row in db::lines(db, me.scope.org, id).await? {
            let line = serde_json::from_value(row.detail);
            lines.push(line.map_err(|e| Error::Internal(format!("line {} of statement {id}: {e}", row.position)))?);
        }
        Ok(Self {
            company: me.company.name.clone(),
            currency: me.company.currency,
            label: format::period(periods::containing(statement.period_kind, statement.period_start, me)),
            lines: views(db, me, statement.rep_id, lines, &inputs).await?,
            unconfirmed: inputs.facts["deals"]
                .as_array()
                .map_or(0, |deals| deals.iter().filter(|deal| deal["confirmed"].as_bool() == Some(false)).count()),
            parts: inputs.parts.iter().map(|(metric, part)| part.words(*metric, me.company.currency)).collect(),
            check: check_code(&statement.digest),
            statement,
        })
    }

    /// An amount for people.
    pub fn money(&self, amount: Money) -> String {
        self.currency.show(amount)
    }
}

/// The lines of a rep's statement with their records out of the documents, each with its page.
pub async fn views(
    db: &mut PgConnection,
    me: &Viewer,
    rep: UserId,
    lines: Vec<Line>,
    inputs: &Inputs,
) -> Result<Vec<LineView>, Error> {
    let deals = deals(&inputs.facts);
    let mut numbers: Vec<i64> = deals.keys().copied().collect();
    numbers.extend(inputs.records.values().flatten().filter_map(|counted| counted.deal));
    let ids = db::deals_in_sight(db, &me.scope, &numbers).await?;
    let page = |deal: i64| ids.get(&deal).map(|id: &DealId| format!("/deals/{id}"));
    let view = |line: Line| {
        let records: Vec<RecordView> = line
            .records
            .iter()
            .filter_map(|record| {
                let deal = record.deal?;
                let (customer, on) = deals.get(&deal).cloned().unwrap_or_default();
                let part = record.part.map(|part| part.money);
                Some(RecordView { deal, href: page(deal), customer, on, part, pays: record.amount.money })
            })
            .collect();
        let metric = line.measure.as_ref().and_then(Measure::metric);
        let counted = metric.and_then(|metric| Some((metric, inputs.records.get(&metric)?)));
        let counted: Vec<CountedView> = counted.map_or_else(Vec::new, |(metric, counted)| {
            let one = |one: &Counted| CountedView {
                customer: one.customer.clone(),
                on: one.on,
                deal: one.deal,
                href: one.deal.and_then(page).unwrap_or_else(|| of_that_day(me, metric, rep, one.on)),
            };
            counted.iter().map(one).collect()
        });
        let opens = opens(metric, records.len(), counted.len());
        LineView { line, records, counted, opens, dispute: None }
    };
    Ok(lines.into_iter().map(view).collect())
}

/// The list of what a rep's metric counts on one day.
fn of_that_day(me: &Viewer, metric: Metric, rep: UserId, day: Date) -> String {
    let day = Period::containing(PeriodKind::Day, day, me.company.fiscal_start);
    drill::href(metric, Subject::Rep(rep), day, me.company.growth_basis, me.today)
}

/// Customer and date of each deal of the facts.
fn deals(facts: &serde_json::Value) -> BTreeMap<i64, (String, Option<Date>)> {
    let customer = |deal: &serde_json::Value| deal["customer"].as_str().unwrap_or_default().to_owned();
    let booked_on = |deal: &serde_json::Value| deal["booked_on"].as_str().and_then(parse_date);
    let list = facts["deals"].as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(|deal| Some((deal["number"].as_i64()?, (customer(deal), booked_on(deal))))).collect()
}

fn opens(metric: Option<Metric>, deals: usize, counted: usize) -> String {
    let (count, one, many) = match metric {
        _ if deals > 0 => (deals, "deal", "deals"),
        Some(Metric::Visits | Metric::StrangerVisits) => (counted, "visit", "visits"),
        Some(Metric::Touches) => (counted, "touch", "touches"),
        _ => (counted, "customer", "customers"),
    };
    match count {
        0 => String::new(),
        1 => format!("1 {one}"),
        _ => format!("{count} {many}"),
    }
}
