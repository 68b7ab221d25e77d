//! Statements' pages: what a rep earned, line by line down to the records, and what is earned so far.

use std::time::Instant;

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use futures_util::TryStreamExt;
use time::Month;

use super::{
    db::{self, ListedRow, StatementRow},
    files,
    since::{self, Pages, Since},
    verify_db,
    view::{self, SectionView, View, left, views},
    what_if,
};
use crate::{
    App,
    audit::{
        self,
        downloads::{self, Download},
    },
    commission_runs::{
        self,
        approval::{approvable, badge, lock_if_approved},
        calculate::{Question, calculate},
        daily,
    },
    disputes,
    domain::{
        access::{Permission, Role},
        commission::{
            facts::Facts,
            section::{Section, payable},
            statement::{Amount, Statement},
        },
        id::{StatementId, UserId},
        money::Money,
        period::{Period, PeriodKind},
    },
    figures::{Calculation, Run},
    plans,
    postgres::tx,
    users::reps_db,
    web::{
        auth::{Allowed, ApproveCommission, ReadStatements, Viewer},
        csv,
        error::Error,
        form::{Errors, Form, Nothing, Path, Query, parse_date},
        format,
        list::List,
        once,
        page::{Page, html},
        periods,
        routes::Routes,
        step_up,
        toast::Toast,
        ui::{Badge, Choice},
    },
};

/// The routes of statements.
pub fn routes() -> Routes {
    Routes::new()
        .get("/statements", index)
        .post("/statements.csv", export)
        .get("/statements/so-far", so_far)
        .get("/statements/what-if", what_if::show)
        .get("/statements/{id}", show)
        .get("/statements/{id}/statement.pdf", files::as_pdf)
        .get("/statements/{id}/statement.xlsx", files::as_workbook)
        .post("/statements/{id}/approval", approve)
}

/// How many statements a page lists.
const PER_PAGE: i64 = 50;

#[derive(Template)]
#[template(path = "statements/index.html")]
struct IndexPage {
    page: Page,
    fiscal_start: Month,
    list: List,
    /// Whose they are; empty: everybody's in sight.
    of: String,
    reps: Vec<Choice>,
    statements: Vec<ListedRow>,
    /// The statements before these; empty: there are none.
    older: String,
    csv: String,
    is_rep: bool,
    no_errors: Errors,
}

impl IndexPage {
    fn label(&self, statement: &ListedRow) -> String {
        format::period(Period::containing(statement.period_kind, statement.period_start, self.fiscal_start))
    }
}

async fn index(State(app): State<App>, me: Allowed<ReadStatements>, page: Page, list: List) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let (rep, of) = whose(&mut read, &me, &list).await?;
    let before: Option<StatementId> = list.parse("before")?;
    let mut statements = db::list_locked(&mut read, &me.scope, rep, before, PER_PAGE + 1).await?;
    let more = statements.len() > usize::try_from(PER_PAGE).unwrap_or(usize::MAX);
    if more {
        statements.pop();
    }
    let older = statements.last().filter(|_| more).map(|last| list.with("before", last.id));
    let reps = reps_db::in_sight(&mut read, &me.scope).await?;
    html(IndexPage {
        page,
        fiscal_start: me.company.fiscal_start,
        of,
        reps: reps.into_iter().map(|(id, name)| Choice::new(id, name)).collect(),
        statements,
        older: older.unwrap_or_default(),
        csv: list.with("before", "").replacen("/statements", "/statements.csv", 1),
        is_rep: me.is(Role::Rep),
        no_errors: Errors::new(),
        list,
    })
}

/// The rep whose statements the address asks for, and the name; all in sight without one.
async fn whose(db: &mut sqlx::PgConnection, me: &Viewer, list: &List) -> Result<(Option<UserId>, String), Error> {
    let Some(rep) = list.parse::<UserId>("rep")? else { return Ok((None, String::new())) };
    if !me.scope.sees(rep) {
        return Err(Error::NotFound);
    }
    Ok((Some(rep), reps_db::name(db, me.scope.org, rep).await?.ok_or(Error::NotFound)?))
}

/// How many statements are in memory at once.
const AT_ONCE: i64 = 2000;

/// The same statements as a file. It changes nothing, but it is sent like a form: where it holds what others are paid it may
/// ask for the password first, and who took it is noted.
async fn export(
    State(app): State<App>,
    me: Allowed<ReadStatements>,
    page: Page,
    list: List,
    Form { typed, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let is_own = list.parse("rep")? == Some(me.id) || me.scope.reps().is_some_and(|reps| reps == [me.id]);
    let address = list.without(&[]);
    if !is_own && let Some(ask) = step_up::required(&me, &page, &address, &typed) {
        return ask;
    }
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let (rep, _) = whose(&mut read, &me, &list).await?;
    let mut file = csv::File::new(&["statement", "period", "rep", "plan", "to_pay", "currency", "paid_on"]);
    let currency = me.company.currency;
    let (mut before, mut count) = (None, 0);
    loop {
        let rows = db::list_locked(&mut read, &me.scope, rep, before, AT_ONCE).await?;
        let is_last = i64::try_from(rows.len()).is_ok_and(|rows| rows < AT_ONCE);
        before = rows.last().map(|row| row.id);
        count += i64::try_from(rows.len()).unwrap_or_default();
        for row in rows {
            let period = Period::containing(row.period_kind, row.period_start, me.company.fiscal_start);
            file.row([
                csv::number(row.id.0),
                csv::text(&period.to_string()),
                csv::text(&row.rep),
                csv::text(&row.plan),
                csv::number(currency.major(row.payable)),
                csv::text(currency.code()),
                csv::text(&row.paid_on.map(|day| day.to_string()).unwrap_or_default()),
            ]);
        }
        if is_last {
            drop(read);
            if !is_own {
                let act = "statement.exported";
                let download = Download { act, object: "/statements", file: &address, rows: count };
                downloads::note(&app, &me, download).await?;
            }
            return file.respond(&format!("statements-{}.csv", me.today));
        }
    }
}

#[derive(Template)]
#[template(path = "statements/show.html")]
struct ShowPage {
    page: Page,
    view: View,
    badge: Badge,
    before: Option<(String, Money, Money)>,
    /// What came of calculating it again, if that was asked for.
    proof: Option<Proof>,
    may_approve: bool,
    /// Whether the run's page opens.
    reads_run: bool,
}

/// What came of calculating a statement again.
struct Proof {
    /// Whether another version of the engine had calculated it.
    other_engine: bool,
    /// What differs, in words; nothing: it is the same.
    differs: Vec<String>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Asked {
    verify: Option<String>,
}

async fn show(
    State(app): State<App>,
    me: Allowed<ReadStatements>,
    page: Page,
    Path(id): Path<StatementId>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let statement = find(&mut read, &me, id).await?;
    let proof = match asked.verify {
        Some(_) => Some(prove(&mut read, &me, id).await?),
        None => None,
    };
    let (kind, start) = (statement.period_kind, statement.period_start);
    let before = db::payable_before(&mut read, me.scope.org, statement.rep_id, kind, start)
        .await?
        .map(|(start, then)| (format::period(periods::containing(kind, start, &me)), then, statement.payable() - then));
    let (paid, approved) = (statement.paid_on, statement.approved_on.is_some());
    let badge = badge(statement.superseded, paid, approved, statement.submitted_at.is_some());
    let may_approve = may_approve(&me, &statement);
    let mut view = View::load(&mut read, &me, statement).await?;
    let mut links = disputes::ask::links(&mut read, &me, &view.statement, view.lines().count()).await?;
    for line in view.sections.iter_mut().flat_map(|section| &mut section.lines) {
        line.dispute = links.get_mut(line.position - 1).and_then(Option::take);
    }
    let reads_run = me.may(Permission::ApproveCommission);
    html(ShowPage { page, view, badge, before, proof, may_approve, reads_run })
}

/// Calculates the statement again from its stored inputs.
async fn prove(db: &mut sqlx::PgConnection, me: &Viewer, id: StatementId) -> Result<Proof, Error> {
    let mut found = std::pin::pin!(verify_db::stored(db, me.scope.org, None, Some(id)));
    let stored = found.try_next().await?.ok_or(Error::NotFound)?;
    let words = |what: &str| match what {
        "statements.total" => "Total",
        "statements.inputs" => "What it was calculated from",
        "statements.digest" => "Check code",
        _ => "Lines",
    };
    let differs = stored.check(me.company.currency).into_iter();
    let differs =
        differs.map(|d| format!("{}: stored {}, calculated again {}.", words(d.what), d.stored, d.derived)).collect();
    Ok(Proof { other_engine: !stored.is_of_this_engine(), differs })
}

/// A statement that this person may read: a rep and his managers once it is locked, an approver once it is submitted,
/// its preparers at once.
pub(super) async fn find(db: &mut sqlx::PgConnection, me: &Viewer, id: StatementId) -> Result<StatementRow, Error> {
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
    let begun = Instant::now();
    let asked = approvable(&mut write, &me, &run).await?;
    app.figures.calculated(Calculation::Approval, begun.elapsed());
    let approved = commission_runs::db::approve(&mut write, &me.scope, run.id, Some(id)).await?;
    if approved == 0 {
        return Err(Error::Conflict(
            "This statement is approved already, or not yours to approve: you calculated it, or it is your own pay.",
        ));
    }
    let locked = lock_if_approved(&mut write, &asked, run.id).await?;
    let detail = serde_json::json!({ "statement": id, "locked": locked });
    audit::db::record(&mut write, "statement.approved", &format!("/statements/{id}"), detail).await?;
    let words = if locked { "Approved. The period is locked" } else { "Statement approved" };
    let seal = if locked { audit::seals::within(&mut write).await? } else { None };
    let response = write.done_saying(&format!("/statements/{id}"), &Toast::new(words)).await?;
    if let Some(seal) = seal {
        seal.tell(&app.figures);
    }
    if locked {
        app.figures.run(Run::Approved);
    }
    Ok(response)
}

#[derive(Template)]
#[template(path = "statements/so_far.html")]
struct SoFarPage {
    page: Page,
    label: String,
    running: bool,
    own: bool,
    statement: Option<Statement>,
    sections: Vec<SectionView>,
    /// What would be paid out.
    payable: Money,
    /// What earlier periods are corrected by, as known today.
    corrected: Money,
    period: Period,
    rep: UserId,
    /// Whether days of this period are kept.
    is_kept: bool,
    /// What changed since an earlier day; none: nothing is kept of one.
    since: Option<Since>,
    /// The days to compare with, and the one that is.
    days: Vec<Choice>,
    chosen: String,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct When {
    period: String,
    rep: Option<UserId>,
    /// The day to compare with; empty: the latest one that is kept.
    since: String,
}

/// The running period of a rep's plan; of who is on none the month.
async fn running(db: &mut sqlx::PgConnection, me: &Viewer, rep: UserId) -> Result<Period, Error> {
    let month = Period::month(me.today, me.company.fiscal_start);
    for kind in [PeriodKind::Quarter, PeriodKind::Year] {
        let period = month.at(kind, me.today);
        let plans = plans::db::in_force(db, me.scope.org, period.from(), Some(rep)).await?;
        if plans.iter().any(|plan| plan.document["period"] == kind.as_str()) {
            return Ok(period);
        }
    }
    Ok(month)
}

async fn so_far(
    State(app): State<App>,
    me: Allowed<ReadStatements>,
    page: Page,
    Query(when): Query<When>,
) -> Result<Response, Error> {
    let rep = when.rep.unwrap_or(me.id);
    if !me.scope.sees(rep) {
        return Err(Error::NotFound);
    }
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let period = match periods::parse(&when.period, &me) {
        Ok(period) => period,
        Err(_) => running(&mut read, &me, rep).await?,
    };
    if period.from() > me.today {
        return Err(Error::NotFound);
    }
    // Who sees everybody sees nobody of another company.
    reps_db::name(&mut read, me.scope.org, rep).await?.ok_or(Error::NotFound)?;
    if let Some((id, _)) = db::locked(&mut read, me.scope.org, rep, period.kind(), period.from()).await? {
        return Ok(Redirect::to(&format!("/statements/{id}")).into_response());
    }
    let asked = Question::of(&me, period, Some(rep));
    let since = match when.since.trim() {
        "" => None,
        day => Some(parse_date(day).ok_or(Error::NotFound)?),
    };
    let kept = daily::load(&mut read, &asked, rep, since).await?;
    let calculated = calculate(&mut read, &asked).await?.pop();
    let (mut statement, mut sections, mut moved) = (None, Vec::new(), None);
    if let Some(c) = &calculated {
        let owed = |amount: Option<Amount>| amount.map_or(Money::ZERO, |amount| amount.money);
        let left = left(owed(c.statement.balance), owed(c.statement.draw_balance));
        let lines = views(&mut read, &me, rep, c.statement.lines.clone(), &c.inputs).await?;
        sections = view::sections(lines, left);
        statement = Some(c.statement.clone());
        if let Some(day) = &kept.chosen {
            let facts = Facts::from_value(&c.inputs.facts, me.company.currency);
            let facts = facts.map_err(|e| Error::Internal(format!("facts of {rep}: {e}")))?;
            let ids = db::deals_in_sight(&mut read, &me.scope, &since::numbers(day, &facts)).await?;
            moved = Some(Since::new(day, c, me.company.currency, &Pages { facts: &facts, ids: &ids })?);
        }
    }
    drop(read);
    let is_kept = daily::is_kept(period, me.today);
    if let Some(calculated) = calculated.filter(|_| is_kept && !kept.today)
        && let Err(error) = daily::keep(&app, me.scope.org, me.today, period, &calculated).await
    {
        // The page does not need it: the next one will keep it.
        tracing::warn!("cannot keep the day of {rep}: {error}");
    }
    let payable = statement.as_ref().map_or(Money::ZERO, |statement| payable(statement.total.money));
    let adjustments = sections.iter().find(|section| section.of == Section::Adjustments);
    let corrected = adjustments.map_or(Money::ZERO, SectionView::sum);
    html(SoFarPage {
        page,
        label: format::period(period),
        running: !period.is_over(me.today),
        own: rep == me.id,
        statement,
        sections,
        payable,
        corrected,
        period,
        rep,
        is_kept: is_kept || moved.is_some(),
        since: moved,
        days: since::choices(&kept.earlier),
        chosen: kept.chosen.map(|day| day.day.to_string()).unwrap_or_default(),
    })
}
