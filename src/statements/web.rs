//! Statements' pages: what a rep earned, line by line down to the records, and what is earned so far.

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use time::{Date, Month};

use super::db::{self, ListedRow, StatementRow};
use crate::{
    App, audit,
    commission_runs::{
        self,
        approval::badge,
        calculate::{Counted, Inputs, Question, calculate},
    },
    domain::{
        access::{Permission, Role},
        commission::statement::{Line, Statement},
        id::{StatementId, UserId},
        metric::Metric,
        money::Money,
        period::Period,
    },
    postgres::tx,
    targets::expected,
    users::reps_db,
    web::{
        auth::{Allowed, ApproveCommission, ReadStatements, Viewer},
        error::Error,
        form::{Form, Nothing, Path, Query, parse_date},
        once,
        page::{Page, html},
        periods,
        routes::Routes,
        step_up,
        toast::Toast,
        ui::Badge,
    },
};

/// The routes of statements.
pub fn routes() -> Routes {
    Routes::new()
        .get("/statements", index)
        .get("/statements/so-far", so_far)
        .get("/statements/{id}", show)
        .post("/statements/{id}/approval", approve)
}

/// How many statements a page lists.
const PER_PAGE: i64 = 50;

#[derive(Template)]
#[template(path = "statements/index.html")]
struct IndexPage {
    page: Page,
    fiscal_start: Month,
    statements: Vec<ListedRow>,
    older: Option<StatementId>,
    is_rep: bool,
}

impl IndexPage {
    fn label(&self, statement: &ListedRow) -> String {
        Period::containing(statement.period_kind, statement.period_start, self.fiscal_start).label()
    }
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Older {
    before: Option<StatementId>,
    rep: Option<UserId>,
}

async fn index(
    State(app): State<App>,
    me: Allowed<ReadStatements>,
    page: Page,
    Query(asked): Query<Older>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let mut statements = db::list_locked(&mut read, &me.scope, asked.rep, asked.before, PER_PAGE + 1).await?;
    let more = statements.len() > usize::try_from(PER_PAGE).unwrap_or(usize::MAX);
    if more {
        statements.pop();
    }
    let older = statements.last().filter(|_| more).map(|s| s.id);
    html(IndexPage { page, fiscal_start: me.company.fiscal_start, statements, older, is_rep: me.is(Role::Rep) })
}

/// A line with what its page lists under it.
struct LineView {
    line: Line,
    records: Vec<RecordView>,
    counted: Vec<Counted>,
    /// "38 deals", "6 customers", "92 visits"; empty: nothing to open.
    opens: String,
}

/// A deal behind a line.
struct RecordView {
    deal: i64,
    customer: String,
    on: Option<Date>,
    /// What the deal was worth to the rep.
    part: Option<Money>,
    pays: Money,
}

/// The lines of a statement with their records out of the stored documents.
fn views(lines: Vec<Line>, inputs: &Inputs) -> Vec<LineView> {
    let deals = deals(&inputs.facts);
    lines
        .into_iter()
        .map(|line| {
            let records: Vec<RecordView> = line
                .records
                .iter()
                .filter_map(|record| {
                    let deal = record.deal?;
                    let (customer, on) = deals.get(&deal).cloned().unwrap_or_default();
                    let part = record.part.map(|part| part.money);
                    Some(RecordView { deal, customer, on, part, pays: record.amount.money })
                })
                .collect();
            let metric = line.measure.as_ref().and_then(crate::domain::commission::plan::Measure::metric);
            let counted = metric.and_then(|metric| inputs.records.get(&metric)).cloned().unwrap_or_default();
            let opens = opens(metric, records.len(), counted.len());
            LineView { line, records, counted, opens }
        })
        .collect()
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

#[derive(Template)]
#[template(path = "statements/show.html")]
struct ShowPage {
    page: Page,
    statement: StatementRow,
    label: String,
    badge: Badge,
    lines: Vec<LineView>,
    unconfirmed: usize,
    /// "visits 100 of 110, here 20 of 22 working days".
    parts: Vec<String>,
    before: Option<(String, Money, Money)>,
    check: String,
    may_approve: bool,
    /// Whether the run's page opens.
    reads_run: bool,
}

async fn show(
    State(app): State<App>,
    me: Allowed<ReadStatements>,
    page: Page,
    Path(id): Path<StatementId>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let statement = find(&mut read, &me, id).await?;
    let inputs: Inputs = serde_json::from_value(db::inputs(&mut read, me.scope.org, id).await?)
        .map_err(|e| Error::Internal(format!("inputs of statement {id}: {e}")))?;
    let mut lines = Vec::new();
    for row in db::lines(&mut read, me.scope.org, id).await? {
        let line = serde_json::from_value(row.detail);
        lines.push(line.map_err(|e| Error::Internal(format!("line {} of statement {id}: {e}", row.position)))?);
    }
    let kind = statement.period_kind;
    let before = db::total_before(&mut read, me.scope.org, statement.rep_id, kind, statement.period_start)
        .await?
        .map(|(start, total)| (periods::containing(kind, start, &me).label(), total, statement.total - total));
    let check = u32::from_be_bytes(statement.digest.first_chunk().copied().unwrap_or_default());
    html(ShowPage {
        page,
        label: periods::containing(kind, statement.period_start, &me).label(),
        badge: badge(
            statement.superseded,
            statement.paid_on,
            statement.approved_on.is_some(),
            statement.submitted_at.is_some(),
        ),
        lines: views(lines, &inputs),
        unconfirmed: inputs.facts["deals"]
            .as_array()
            .map_or(0, |deals| deals.iter().filter(|deal| deal["confirmed"].as_bool() == Some(false)).count()),
        parts: inputs.parts.iter().map(|(metric, part)| part.words(*metric, me.company.currency)).collect(),
        before,
        check: format!("{:04X}-{:04X}", check >> 16, check & 0xFFFF),
        reads_run: me.may(Permission::ApproveCommission),
        may_approve: may_approve(&me, &statement),
        statement,
    })
}

/// A statement that this person may read: a rep and his managers once it is locked, an approver once it is submitted,
/// its preparers at once.
async fn find(db: &mut sqlx::PgConnection, me: &Viewer, id: StatementId) -> Result<StatementRow, Error> {
    let prepares = me.may(Permission::PrepareCommission);
    let approves = me.may(Permission::ApproveCommission);
    let statement = db::find(db, &me.scope, id, !prepares && !approves).await?.ok_or(Error::NotFound)?;
    if !prepares && statement.submitted_at.is_none() {
        return Err(Error::NotFound);
    }
    Ok(statement)
}

fn may_approve(me: &Viewer, statement: &StatementRow) -> bool {
    me.may(Permission::ApproveCommission)
        && statement.submitted_at.is_some()
        && statement.approved_on.is_none()
        && !statement.superseded
        && statement.prepared_by != me.id
        && statement.rep_id != me.id
}

async fn approve(
    State(app): State<App>,
    me: Allowed<ApproveCommission>,
    page: Page,
    Path(id): Path<StatementId>,
    Form { once, typed, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    if let Some(ask) = step_up::required(&me, &page, &format!("/statements/{id}/approval"), &typed) {
        return ask;
    }
    let mut write = once::begin_alone(&app, &me, once).await?;
    let statement = find(&mut write, &me, id).await?;
    let run = commission_runs::db::find(&mut write, &me.scope, statement.run_id).await?.ok_or(Error::NotFound)?;
    commission_runs::approval::approvable(&mut write, &me, &run).await?;
    let approved = commission_runs::db::approve(&mut write, &me.scope, run.id, Some(id)).await?;
    if approved == 0 {
        return Err(Error::Conflict(
            "This statement is approved already, or not yours to approve: you calculated it, or it is your own pay.",
        ));
    }
    let locked = expected::lock_if_approved(&mut write, run.id).await?;
    let detail = serde_json::json!({ "statement": id, "locked": locked });
    audit::db::record(&mut write, "statement.approved", &format!("/statements/{id}"), detail).await?;
    let words = if locked { "Approved. The period is locked" } else { "Statement approved" };
    write.done_saying(&format!("/statements/{id}"), &Toast::new(words)).await
}

#[derive(Template)]
#[template(path = "statements/so_far.html")]
struct SoFarPage {
    page: Page,
    label: String,
    running: bool,
    statement: Option<(Statement, Vec<LineView>)>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct When {
    period: String,
    rep: Option<UserId>,
}

async fn so_far(
    State(app): State<App>,
    me: Allowed<ReadStatements>,
    page: Page,
    Query(when): Query<When>,
) -> Result<Response, Error> {
    let period = periods::parse(&when.period, &me).unwrap_or(Period::month(me.today, me.company.fiscal_start));
    let rep = when.rep.unwrap_or(me.id);
    if !me.scope.sees(rep) || period.from() > me.today {
        return Err(Error::NotFound);
    }
    let mut read = tx::read(&app.db, me.scope.org).await?;
    // Who sees everybody sees nobody of another company.
    reps_db::name(&mut read, me.scope.org, rep).await?.ok_or(Error::NotFound)?;
    if let Some((id, _)) = db::locked(&mut read, me.scope.org, rep, period.kind(), period.from()).await? {
        return Ok(Redirect::to(&format!("/statements/{id}")).into_response());
    }
    let calculated = calculate(&mut read, &Question::of(&me, period, Some(rep))).await?.pop();
    let statement = calculated.map(|c| (c.statement.clone(), views(c.statement.lines, &c.inputs)));
    html(SoFarPage { page, label: period.label(), running: !period.is_over(me.today), statement })
}
