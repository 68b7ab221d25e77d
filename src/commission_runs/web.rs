//! Runs' pages: calculate a period, submit it, approve it with other eyes, pay it, and see what came too late.

use std::time::Instant;

use askama::Template;
use axum::{extract::State, response::Response};
use sqlx::PgConnection;
use time::Month;

use super::{
    after_lock::Becomes,
    approval::{approvable, badge, lock_if_approved, must_be_over},
    calculate::Question,
    db::{self, LateFact, RunRow, StatementRow},
    files::{self, File},
    hands_db, late,
    report::Report,
    store::{is_paid_by, store},
};
use crate::{
    App, audit,
    disputes::{
        self,
        db::{Asked, Dispute},
    },
    domain::{
        access::Permission,
        id::RunId,
        money::Currency,
        period::{Period, PeriodKind, add_days},
    },
    figures::{Calculation, Run},
    postgres::{error::violates, tx},
    web::{
        auth::{Allowed, ApproveCommission, PrepareCommission, Viewer},
        error::Error,
        form::{Errors, Form, Nothing, Path, Query},
        format, once,
        page::{Page, html, refused},
        periods,
        routes::Routes,
        step_up,
        toast::Toast,
        ui::{Badge, Choice},
    },
};

/// How many days ahead a payment may be noted.
const PAID_AHEAD: i64 = 31;

/// The routes of runs.
pub fn routes() -> Routes {
    Routes::new()
        .get("/commission-runs", index)
        .post("/commission-runs", create)
        .get("/commission-runs/{id}", show)
        .post("/commission-runs/{id}/submission", submit)
        .post("/commission-runs/{id}/approval", approve)
        .post("/commission-runs/{id}/payment", pay)
        .get("/commission-runs/payroll", files::columns)
        .post("/commission-runs/payroll", files::choose)
        .post("/commission-runs/{id}/payroll.csv", |app, me, page, id, form| {
            files::download(File::Payroll, app, me, page, id, form)
        })
        .post("/commission-runs/{id}/lines.csv", |app, me, page, id, form| {
            files::download(File::Lines, app, me, page, id, form)
        })
        .post("/commission-runs/{id}/run.xlsx", |app, me, page, id, form| {
            files::download(File::Workbook, app, me, page, id, form)
        })
}

/// How many runs a page lists.
const PER_PAGE: i64 = 50;

#[derive(Template)]
#[template(path = "commission_runs/index.html")]
struct IndexPage {
    page: Page,
    fiscal_start: Month,
    runs: Vec<RunRow>,
    older: Option<RunId>,
    may_prepare: bool,
    periods: Vec<Choice>,
    period: String,
    currency: Currency,
    /// From which amount on pay is named.
    above: String,
    errors: Errors,
}

impl IndexPage {
    fn label(&self, run: &RunRow) -> String {
        format::period(Period::containing(run.period_kind, run.period_start, self.fiscal_start))
    }
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Older {
    before: Option<RunId>,
}

async fn index(
    State(app): State<App>,
    me: Allowed<ApproveCommission>,
    page: Page,
    Query(older): Query<Older>,
) -> Result<Response, Error> {
    html(load_index(&app, &me, page, older.before, String::new(), None, Errors::new()).await?)
}

async fn load_index(
    app: &App,
    me: &Viewer,
    page: Page,
    before: Option<RunId>,
    period: String,
    above: Option<String>,
    errors: Errors,
) -> Result<IndexPage, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let may_prepare = me.may(Permission::PrepareCommission);
    let mut runs = db::list(&mut read, &me.scope, None, before, may_prepare, PER_PAGE + 1).await?;
    let more = runs.len() > usize::try_from(PER_PAGE).unwrap_or(usize::MAX);
    if more {
        runs.pop();
    }
    let older = runs.last().filter(|_| more).map(|run| run.id);
    let periods = offered(me);
    let period = if period.is_empty() { last_month(me).to_string() } else { period };
    let currency = me.company.currency;
    let kept = hands_db::warn_above(&mut read, me.scope.org).await?.map(|amount| currency.plain(amount));
    let above = above.or(kept).unwrap_or_default();
    let fiscal_start = me.company.fiscal_start;
    Ok(IndexPage { page, fiscal_start, runs, older, may_prepare, periods, period, currency, above, errors })
}

/// The periods that are offered for calculation: months and quarters of two years, and this and the last year.
fn offered(me: &Viewer) -> Vec<Choice> {
    let mut choices = Vec::new();
    for (kind, count) in [(PeriodKind::Month, 24), (PeriodKind::Quarter, 8), (PeriodKind::Year, 2)] {
        let mut period = Period::containing(kind, me.today, me.company.fiscal_start);
        for _ in 0..count {
            let running = if period.is_over(me.today) { "" } else { " (still running)" };
            choices.push(Choice::new(period, format!("{}{running}", format::period(period))));
            period = period.previous();
        }
    }
    choices
}

fn last_month(me: &Viewer) -> Period {
    Period::month(me.today, me.company.fiscal_start).previous()
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct RunForm {
    period: String,
}

async fn create(
    State(app): State<App>,
    me: Allowed<PrepareCommission>,
    page: Page,
    Form { once, fields: form, .. }: Form<RunForm>,
) -> Result<Response, Error> {
    let period = Period::parse(form.period.trim(), me.company.fiscal_start).ok();
    let Some(period) = period.filter(|period| period.from() <= me.today && is_paid_by(period.kind())) else {
        let words = "Choose a month, a quarter or a year that has begun.";
        return refuse(&app, &me, page, form.period, words).await;
    };
    let mut write = once::begin_alone(&app, &me, once).await?;
    let begun = Instant::now();
    let run = match store(&mut write, &Question::of(&me, period, None)).await? {
        Ok((run, _)) => run,
        Err(refused) => {
            drop(write);
            return refuse(&app, &me, page, form.period, refused.words()).await;
        }
    };
    app.figures.calculated(Calculation::Run, begun.elapsed());
    let toast = Toast::new(format!("{} calculated", format::period(period)));
    let response = write.done_saying(&format!("/commission-runs/{run}"), &toast).await?;
    app.figures.run(Run::Calculated);
    Ok(response)
}

async fn refuse(app: &App, me: &Viewer, page: Page, period: String, words: &str) -> Result<Response, Error> {
    let mut errors = Errors::new();
    errors.add("period", words);
    refused(load_index(app, me, page, None, period, None, errors).await?)
}

/// The page of runs with a refused limit.
pub(super) async fn refuse_limit(
    app: &App,
    me: &Viewer,
    page: Page,
    above: String,
    errors: Errors,
) -> Result<Response, Error> {
    refused(load_index(app, me, page, None, String::new(), Some(above), errors).await?)
}

#[derive(Template)]
#[template(path = "commission_runs/show.html")]
struct ShowPage {
    page: Page,
    label: String,
    statements: Vec<StatementRow>,
    /// Reps of this period that have no statement, and why.
    without: Vec<String>,
    /// Whether everybody's pay is in sight.
    whole: bool,
    may_prepare: bool,
    running: bool,
    /// What came after the lock, and what becomes of it.
    late: Vec<(LateFact, Becomes)>,
    /// How many of these are not in pay yet.
    not_in_pay: String,
    /// Whether the period ended so long ago that no run calculates it again.
    beyond_reach: bool,
    disputes: Vec<Dispute>,
    report: Report,
    next: Next,
    /// How many statements this person may approve: "2 statements".
    approves: String,
    /// For what the run waits, other than for this person.
    waits: &'static str,
    paid_on: String,
    run: RunRow,
    errors: Errors,
}

/// What this person can do next with a run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Submit,
    Approve,
    Pay,
    /// Waits for somebody else.
    Wait,
    /// Nothing is left to do.
    Done,
}

async fn show(
    State(app): State<App>,
    me: Allowed<ApproveCommission>,
    page: Page,
    Path(id): Path<RunId>,
) -> Result<Response, Error> {
    html(load(&app, &me, page, id, Errors::new()).await?)
}

async fn load(app: &App, me: &Viewer, page: Page, id: RunId, errors: Errors) -> Result<ShowPage, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let run = find(&mut read, me, id).await?;
    let statements = db::statements(&mut read, me.id, &me.scope, id).await?;
    let without = db::without_statement(&mut read, &me.scope, id).await?.into_iter().map(|rep| match rep.plan {
        Some(plan) => format!("{} (on {plan}, which pays other periods)", rep.name),
        None => format!("{} (on no plan)", rep.name),
    });
    let without = without.collect();
    let came = db::late_facts(&mut read, &me.scope, id).await?;
    let asked = Asked { run: Some(id), ..Asked::default() };
    let disputes = disputes::db::list(&mut read, &me.scope, asked).await?;
    let period = periods::containing(run.period_kind, run.period_start, me);
    let report = Report::load(&mut read, me, &run, period).await?;
    let running = !period.is_over(me.today);
    let beyond_reach = run.locked_at.is_some() && late::is_beyond_reach(period, me.today);
    let settled = report.now.is_empty();
    let mut late = Vec::with_capacity(came.len());
    for fact in came {
        let becomes = Becomes::of(&fact, period, settled, beyond_reach);
        late.push((fact, becomes));
    }
    let open = late.iter().filter(|(_, becomes)| becomes.is_open()).count();
    let not_in_pay = if open == 0 { String::new() } else { format!("{open} not yet in pay") };
    let mine = statements.iter().filter(|one| one.is_mine).count();
    let waits = waits(me, &run, &statements);
    let next = match (run.submitted_at, run.locked_at, run.paid_on) {
        _ if run.superseded => Next::Done,
        _ if running => Next::Wait,
        (None, ..) if me.may(Permission::PrepareCommission) => Next::Submit,
        (Some(_), None, _) if me.may(Permission::ApproveCommission) && mine > 0 => Next::Approve,
        (_, Some(_), None) if me.may(Permission::PrepareCommission) => Next::Pay,
        (_, _, Some(_)) => Next::Done,
        _ => Next::Wait,
    };
    let label = format::period(period);
    let (whole, paid_on) = (me.scope.reps().is_none(), me.today.to_string());
    let may_prepare = me.may(Permission::PrepareCommission);
    Ok(ShowPage {
        page,
        label,
        approves: format::counted(i64::try_from(mine).unwrap_or(i64::MAX), "statement", "statements"),
        waits,
        statements,
        without,
        whole,
        may_prepare,
        running,
        late,
        not_in_pay,
        beyond_reach,
        disputes,
        report,
        next,
        paid_on,
        run,
        errors,
    })
}

/// For what a submitted run waits that is not this person's to do; empty: for nothing.
fn waits(me: &Viewer, run: &RunRow, statements: &[StatementRow]) -> &'static str {
    let mut open = statements.iter().filter(|one| one.approved_by.is_none() && !one.is_mine);
    if run.locked_at.is_some() {
        "Approved: the period is locked. Whoever prepares commission marks the run as paid."
    } else if run.submitted_at.is_none() {
        ""
    } else if run.prepared_by == me.id {
        "Waits for somebody else: whoever calculated a run cannot approve it."
    } else if open.clone().any(|one| one.rep_id == me.id) {
        "Your own statement waits for somebody else: nobody approves their own pay."
    } else if open.next().is_some() {
        "Waits for somebody else: nobody approves what they changed by hand."
    } else if statements.iter().any(|one| one.is_mine) {
        ""
    } else {
        "You have approved what is yours to approve. The rest waits for somebody else."
    }
}

/// A run; one that is not submitted is its preparers' business.
pub(super) async fn find(db: &mut PgConnection, me: &Viewer, id: RunId) -> Result<RunRow, Error> {
    let run = db::find(db, &me.scope, id).await?.ok_or(Error::NotFound)?;
    if run.submitted_at.is_none() && !me.may(Permission::PrepareCommission) {
        return Err(Error::NotFound);
    }
    Ok(run)
}

impl RunRow {
    /// Where the run stands, in one word.
    pub fn badge(&self) -> Badge {
        badge(self.superseded, self.paid_on, self.locked_at.is_some(), self.submitted_at.is_some())
    }
}

async fn submit(
    State(app): State<App>,
    me: Allowed<PrepareCommission>,
    page: Page,
    Path(id): Path<RunId>,
    Form { once, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let mut write = once::begin_alone(&app, &me, once).await?;
    let run = find(&mut write, &me, id).await?;
    if run.superseded {
        return Err(Error::Conflict("A newer calculation of this period replaces this run. Submit that one."));
    }
    must_be_over(&me, periods::containing(run.period_kind, run.period_start, &me))?;
    match db::submit(&mut write, id).await {
        Err(e) if violates(&e, "run_submissions_pkey") => {
            drop(write);
            return html(load(&app, &me, page, id, Errors::new()).await?);
        }
        other => other?,
    }
    audit::db::record(&mut write, "run.submitted", &format!("/commission-runs/{id}"), serde_json::json!({})).await?;
    write.done_saying(&format!("/commission-runs/{id}"), &Toast::new("Submitted for approval")).await
}

async fn approve(
    State(app): State<App>,
    me: Allowed<ApproveCommission>,
    page: Page,
    Path(id): Path<RunId>,
    Form { once, typed, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    if let Some(ask) = step_up::required(&me, &page, &format!("/commission-runs/{id}/approval"), &typed) {
        return ask;
    }
    let mut write = once::begin_alone(&app, &me, once).await?;
    let run = find(&mut write, &me, id).await?;
    let begun = Instant::now();
    let asked = approvable(&mut write, &me, &run).await?;
    app.figures.calculated(Calculation::Approval, begun.elapsed());
    let approved = db::approve(&mut write, &me.scope, id, None).await?;
    if approved == 0 {
        return Err(Error::Conflict(
            "Nothing here is yours to approve: you calculated it, did something by hand to it, or it is your own pay.",
        ));
    }
    let locked = lock_if_approved(&mut write, &asked, id).await?;
    let detail = serde_json::json!({ "statements": approved, "locked": locked });
    audit::db::record(&mut write, "run.approved", &format!("/commission-runs/{id}"), detail).await?;
    let words =
        if locked { "Approved. The period is locked" } else { "Approved. Some statements wait for somebody else" };
    let seal = if locked { audit::seals::within(&mut write).await? } else { None };
    let response = write.done_saying(&format!("/commission-runs/{id}"), &Toast::new(words)).await?;
    if let Some(seal) = seal {
        seal.tell(&app.figures);
    }
    if locked {
        app.figures.run(Run::Approved);
    }
    Ok(response)
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct PayForm {
    paid_on: String,
}

async fn pay(
    State(app): State<App>,
    me: Allowed<PrepareCommission>,
    page: Page,
    Path(id): Path<RunId>,
    Form { once, typed, fields: form }: Form<PayForm>,
) -> Result<Response, Error> {
    if let Some(ask) = step_up::required(&me, &page, &format!("/commission-runs/{id}/payment"), &typed) {
        return ask;
    }
    let mut errors = Errors::new();
    let Some(paid_on) = errors.date("paid_on", &form.paid_on, "The day of payment") else {
        let shown = load(&app, &me, page, id, errors).await?;
        return refused(ShowPage { paid_on: form.paid_on, ..shown });
    };
    let mut write = once::begin_alone(&app, &me, once).await?;
    let run = find(&mut write, &me, id).await?;
    let Some(locked_on) = run.locked_on else {
        return Err(Error::Conflict("Only an approved run can be paid."));
    };
    if run.paid_on.is_some() {
        return Err(Error::Conflict("This run is marked as paid already."));
    }
    // It cannot be corrected: so not what can only be a typing error.
    let latest = add_days(me.today, PAID_AHEAD);
    if paid_on < locked_on || paid_on > latest {
        let (from, to) = (format::date(locked_on), format::date(latest));
        errors.add(
            "paid_on",
            format!("Use a day from {from}, when it was approved, to {to}. It cannot be changed later."),
        );
        drop(write);
        let shown = load(&app, &me, page, id, errors).await?;
        return refused(ShowPage { paid_on: form.paid_on, ..shown });
    }
    db::pay(&mut write, id, paid_on).await?;
    let detail = serde_json::json!({ "paid_on": paid_on });
    audit::db::record(&mut write, "run.paid", &format!("/commission-runs/{id}"), detail).await?;
    let response = write.done_saying(&format!("/commission-runs/{id}"), &Toast::new("Marked as paid")).await?;
    app.figures.run(Run::Paid);
    Ok(response)
}
