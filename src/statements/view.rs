//! A statement as people read it: the same lines, records and words on its page and in its files.

use std::collections::BTreeMap;

use sqlx::PgConnection;
use time::Date;

use super::db::{self, StatementRow};
use crate::{
    commission_runs::{
        files,
        inputs::{Counted, Inputs, check_code},
    },
    domain::{
        commission::{
            plan::Measure,
            section::{CARRIED, OWED, Section},
            statement::{Line, Record},
        },
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
    /// Lines, draw, adjustments and balance, as far as there are any.
    pub sections: Vec<SectionView>,
    /// How many deals pay once somebody has confirmed them.
    pub unconfirmed: usize,
    /// "visits 100 of 110, here 20 of 22 working days".
    pub parts: Vec<String>,
    /// The check code: the beginning of the digest.
    pub check: String,
}

/// A part of a statement.
pub struct SectionView {
    /// Which.
    pub of: Section,
    /// Its lines in the order of calculation.
    pub lines: Vec<LineView>,
    /// Of the balance: what the statement leaves, in words.
    pub left: Vec<(&'static str, Money)>,
}

/// A line with what its page lists under it.
pub struct LineView {
    /// Its place in the statement, from 1.
    pub position: usize,
    /// What it pays, and the words.
    pub line: Line,
    /// Deals, floor, bonus, or the measure as a whole: they add up to it.
    pub records: Vec<RecordView>,
    /// What its count counts, where it has no deals.
    pub counted: Vec<CountedView>,
    /// "38 deals", "6 customers", "92 visits"; empty: nothing to open.
    pub opens: String,
    /// What is disputed about it, or where to dispute it: address and words.
    pub dispute: Option<(String, String)>,
}

/// What makes a part of a line: mostly a deal.
pub struct RecordView {
    /// The deal's number.
    pub deal: Option<i64>,
    /// The page of the deal, if it is in sight.
    pub href: Option<String>,
    /// Who bought, and whose deal it is where that is somebody else; of what is no deal its name: "Floor".
    pub name: String,
    /// When it was booked.
    pub on: Option<Date>,
    /// What the deal was worth to the rep; none: the whole deal, or no deal.
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
            sections: sections(
                views(db, me, statement.rep_id, lines, &inputs).await?,
                left(statement.carried, statement.draw_balance),
            ),
            unconfirmed: inputs.facts["deals"]
                .as_array()
                .map_or(0, |deals| deals.iter().filter(|deal| deal["confirmed"].as_bool() == Some(false)).count()),
            parts: inputs.parts.iter().map(|(metric, part)| part.words(*metric, me.company.currency)).collect(),
            check: check_code(&statement.digest),
            statement,
        })
    }

    /// Every line in the order of calculation.
    pub fn lines(&self) -> impl Iterator<Item = &LineView> {
        self.sections.iter().flat_map(|section| &section.lines)
    }

    /// The parts behind the lines.
    pub fn beside(&self) -> impl Iterator<Item = &SectionView> {
        self.sections.iter().filter(|section| section.of != Section::Lines)
    }

    /// What the file must not be taken for: the word and the sentence, unless the statement is final.
    pub fn not_final(&self) -> Option<(&'static str, &'static str)> {
        files::not_final(self.statement.superseded, self.statement.locked)
    }

    /// An amount for people.
    pub fn money(&self, amount: Money) -> String {
        self.currency.show(amount)
    }
}

impl SectionView {
    /// What its heading is called in addresses: "draw".
    pub fn id(&self) -> String {
        self.of.title().to_lowercase()
    }

    /// Σ of its lines. A sum beyond 64 bits is cut; no statement that was calculated has one.
    pub fn sum(&self) -> Money {
        Money(self.lines.iter().fold(0, |sum, view| sum.saturating_add(view.line.amount.money.0)))
    }
}

impl LineView {
    /// The records that are listed: none where the only one is the line itself.
    pub fn listed(&self) -> &[RecordView] {
        if self.line.listed().is_empty() { &[] } else { &self.records }
    }
}

/// What a statement leaves to the next one.
pub fn left(carried: Money, draw_balance: Money) -> Vec<(&'static str, Money)> {
    let left = [(CARRIED, carried), (OWED, draw_balance)];
    left.into_iter().filter(|(_, amount)| *amount != Money::ZERO).collect()
}

/// The parts of a statement that have something to say, in their order. `left` is what the statement leaves.
pub fn sections(lines: Vec<LineView>, left: Vec<(&'static str, Money)>) -> Vec<SectionView> {
    let mut sections = Vec::from(Section::ALL.map(|of| SectionView { of, lines: Vec::new(), left: Vec::new() }));
    for view in lines {
        let of = view.line.kind.section();
        if let Some(section) = sections.iter_mut().find(|section| section.of == of) {
            section.lines.push(view);
        }
    }
    if let Some(balance) = sections.iter_mut().find(|section| section.of == Section::Balance) {
        balance.left = left;
    }
    sections.retain(|section| !(section.lines.is_empty() && section.left.is_empty()));
    sections
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
    let view = |(position, line): (usize, Line)| {
        let records: Vec<RecordView> = line.records.iter().map(|record| of_record(record, &deals, page)).collect();
        let metric = line.measure.as_ref().and_then(Measure::metric);
        let by_deals = records.iter().any(|record| record.deal.is_some());
        let counted = metric.filter(|_| !by_deals).and_then(|metric| Some((metric, inputs.records.get(&metric)?)));
        let counted: Vec<CountedView> = counted.map_or_else(Vec::new, |(metric, counted)| {
            let one = |one: &Counted| CountedView {
                customer: one.customer.clone(),
                on: one.on,
                deal: one.deal,
                href: one.deal.and_then(page).unwrap_or_else(|| of_that_day(me, metric, rep, one.on)),
            };
            counted.iter().map(one).collect()
        });
        let mut view = LineView { position, line, records, counted, opens: String::new(), dispute: None };
        view.opens = opens(metric, &view);
        view
    };
    Ok((1..).zip(lines).map(view).collect())
}

/// A record with its page and what the documents say of its deal.
fn of_record(
    record: &Record,
    deals: &BTreeMap<i64, (String, Option<Date>)>,
    page: impl Fn(i64) -> Option<String>,
) -> RecordView {
    let (customer, on) = record.deal.and_then(|deal| deals.get(&deal).cloned()).unwrap_or_default();
    let name = match (record.deal, record.returns, &record.rep) {
        (None, ..) => record.name(),
        (_, None, None) => customer,
        (_, None, Some(rep)) => format!("{customer}, {rep}"),
        (_, Some(returns), None) => format!("{customer}, return of deal {returns}"),
        (_, Some(returns), Some(rep)) => format!("{customer}, {rep}, return of deal {returns}"),
    };
    RecordView {
        deal: record.deal,
        href: record.deal.and_then(page),
        name,
        on,
        part: record.part.map(|part| part.money),
        pays: record.amount.money,
    }
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

/// "38 deals", "6 customers", "2 parts".
fn opens(metric: Option<Metric>, view: &LineView) -> String {
    let deals = view.records.iter().filter(|record| record.deal.is_some()).count();
    let (count, one, many) = match (metric, view.counted.len()) {
        _ if deals > 0 => (deals, "deal", "deals"),
        (_, 0) => (view.listed().len(), "part", "parts"),
        (Some(Metric::Visits | Metric::StrangerVisits), visits) => (visits, "visit", "visits"),
        (Some(Metric::Touches), touches) => (touches, "touch", "touches"),
        (_, customers) => (customers, "customer", "customers"),
    };
    match count {
        0 => String::new(),
        1 => format!("1 {one}"),
        _ => format!("{count} {many}"),
    }
}
