//! The routes of deals, and the list.

use askama::Template;
use axum::{extract::State, response::Response};
use sqlx::PgConnection;

use super::{
    act, close, edit, enter, export, give,
    list_db::{self, Filter, Row},
    pipeline, returns, show, undo,
};
use crate::{
    App,
    customers::find_db,
    domain::{
        access::Permission,
        deal::Stage,
        id::{CustomerId, DealId, TeamId, UserId},
        metric::Metric,
        money::Money,
        period::add_months,
    },
    postgres::tx,
    scorecards::meaning::meaning,
    teams::choose,
    users::reps_db,
    web::{
        auth::{Allowed, ReadSales, Viewer},
        error::Error,
        form::{Errors, parse_date},
        list::{FETCH, List},
        page::{Page, html, lasting},
        routes::Routes,
        ui::{Badge, Choice, Pager, Switch, Tone},
    },
};

/// `/deals` and below.
pub fn routes() -> Routes {
    Routes::new()
        .get("/deals", index)
        .get("/deals.csv", export::export)
        .post("/deals", enter::create)
        .get("/deals/new", enter::new)
        .get("/deals/pipeline", pipeline::pipeline)
        .get("/deals/pipeline.csv", pipeline::export)
        .get("/deals/credit-note", enter::new_credit_note)
        .post("/deals/credit-note", enter::create_credit_note)
        .get("/deals/{id}", show::show)
        .post("/deals/{id}", edit::update)
        .get("/deals/{id}/edit", edit::edit)
        .get("/deals/{id}/return", returns::new)
        .post("/deals/{id}/return", returns::create)
        .post("/deals/{id}/correct", returns::update)
        .post("/deals/{id}/confirm", act::confirm)
        .post("/deals/{id}/confirm/undo", act::unconfirm)
        .post("/deals/{id}/expected", act::expect)
        .post("/deals/{id}/give", give::create)
        .post("/deals/{id}/undo", undo::create)
        .post("/deals/{id}/win", act::win)
        .post("/deals/{id}/win/undo", act::unwin)
        .post("/deals/{id}/lose", close::lose)
        .post("/deals/{id}/cancel", close::cancel)
        .post("/deals/{id}/reopen", close::reopen)
}

#[derive(Template)]
#[template(path = "deals/index.html")]
struct IndexPage {
    page: Page,
    list: List,
    heading: String,
    tabs: Vec<Switch>,
    rows: Vec<Row>,
    pager: Pager,
    total_net: Money,
    total_part: Money,
    /// What is credited to them apart.
    total_overlay: Money,
    /// The same list as a file.
    csv: String,
    /// Whose part the sums and the column name; empty: the whole deals count.
    part_of: String,
    reps: Vec<Choice>,
    teams: Vec<Choice>,
    classes: Vec<Choice>,
    /// What counts, where the list is what a metric counts.
    meaning: Option<&'static str>,
    is_won: bool,
    /// What the day of these deals is.
    day: &'static str,
    /// Whether the days that the list begins with have none, and earlier ones have.
    has_older: bool,
    is_queue: bool,
    may_record: bool,
    may_confirm: bool,
    keeps_products: bool,
    keeps_rates: bool,
    no_errors: Errors,
}

/// The list of deals. Which records a number counts is said in the address: `counted=1` with `rep=` or `team=`, and with
/// `from=` and `to=` (half-open), for `net_sales`; with `class=new` or `class=existing` for the sales to such customers.
async fn index(State(app): State<App>, me: Allowed<ReadSales>, page: Page, mut list: List) -> Result<Response, Error> {
    let is_queue = list.is_on("unconfirmed");
    assume(&mut list, &me);
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let (filter, of) = read_filter(&mut read, &me, &list).await?;
    let rows = list_db::list(&mut read, me.id, &me.scope_of(Permission::ConfirmDeals), &filter, me.today).await?;
    let has_older = rows.is_empty() && list.is_assumed("from") && {
        let whenever = Filter { from: None, limit: 1, ..filter.clone() };
        let confirms = me.scope_of(Permission::ConfirmDeals);
        !list_db::list(&mut read, me.id, &confirms, &whenever, me.today).await?.is_empty()
    };
    let first = rows.first();
    let total = first.map_or(0, |row| row.total);
    let (total_net, total_part, total_overlay) =
        first.map_or((Money::ZERO, Money::ZERO, Money::ZERO), |row| (row.total_net, row.total_part, row.total_overlay));
    let (rows, pager) = list.page(rows, total, ("deal", "deals"), |row| (row.place.to_string(), row.number));
    let reps = reps_db::in_sight(&mut read, &me.scope).await?;
    let part_of = match (&of, me.scope.reps()) {
        (Some(of), _) => of.clone(),
        (None, Some([_])) => "you".to_owned(),
        (None, Some(_)) => "your teams".to_owned(),
        (None, None) => String::new(),
    };
    html(IndexPage {
        page,
        heading: heading(&filter, of.as_deref()),
        tabs: tabs(&list, filter.stage, is_queue),
        rows,
        pager,
        total_net,
        total_part,
        total_overlay,
        part_of,
        csv: list.with("", "").replacen("/deals", "/deals.csv", 1),
        reps: reps.into_iter().map(|(id, name)| Choice::new(id, name)).collect(),
        teams: choose::in_sight(&mut read, &me).await?,
        classes: vec![Choice::new("new", "New customers"), Choice::new("existing", "Existing customers")],
        meaning: list.is_on("counted").then(|| meaning(metric(&filter))),
        is_won: filter.stage == Some(Stage::Won),
        day: day(filter.stage),
        has_older,
        is_queue,
        may_record: me.may(Permission::RecordSales),
        may_confirm: me.may(Permission::ConfirmDeals),
        keeps_products: me.may(Permission::KeepProducts),
        keeps_rates: me.may(Permission::KeepRates),
        no_errors: Errors::new(),
        list,
    })
    .map(lasting)
}

/// What the address leaves open: won deals of a year.
pub fn assume(list: &mut List, me: &Viewer) {
    if list.value("stage").is_empty() && !list.is_on("unconfirmed") {
        list.assume("stage", &Stage::Won.as_str());
    }
    let undated = ["from", "to", "customer"].iter().all(|name| list.value(name).is_empty());
    if undated && list.value("stage") == Stage::Won.as_str() {
        list.assume("from", &add_months(me.today, -12));
    }
}

fn tabs(list: &List, stage: Option<Stage>, is_queue: bool) -> Vec<Switch> {
    let stages = Stage::ALL.into_iter().map(|to| {
        // Open, lost and cancelled deals have no day of a win to ask for.
        let changes: &[(&str, &str)] = if to == Stage::Won {
            &[("stage", "won"), ("unconfirmed", "")]
        } else {
            &[("stage", to.as_str()), ("unconfirmed", ""), ("from", ""), ("to", ""), ("class", "")]
        };
        Switch::new(to.label(), list.but(changes), !is_queue && stage == Some(to))
    });
    let queue = list.but(&[("stage", ""), ("unconfirmed", "1"), ("from", ""), ("to", ""), ("class", "")]);
    stages.chain([Switch::new("To confirm", queue, is_queue)]).collect()
}

/// Of which metric the list shows what counts.
fn metric(filter: &Filter) -> Metric {
    match filter.to_new {
        Some(true) => Metric::NewCustomerSales,
        Some(false) => Metric::ExistingCustomerSales,
        None => Metric::NetSales,
    }
}

/// What the day of a deal is in its stage: `list_db::Row::day`.
fn day(stage: Option<Stage>) -> &'static str {
    match stage {
        Some(Stage::Open) => "Expected",
        Some(Stage::Lost) => "Lost",
        Some(Stage::Cancelled) => "Cancelled",
        Some(Stage::Won) | None => "Won",
    }
}

fn heading(filter: &Filter, of: Option<&str>) -> String {
    let what = match (filter.to_new, filter.unconfirmed) {
        (Some(true), _) => "Sales to new customers",
        (Some(false), _) => "Sales to existing customers",
        (None, true) => "Deals to confirm",
        (None, false) => "Deals",
    };
    of.map_or_else(|| what.to_owned(), |of| format!("{what} of {of}"))
}

/// The filter, and in words whose parts it counts.
pub async fn read_filter(db: &mut PgConnection, me: &Viewer, list: &List) -> Result<(Filter, Option<String>), Error> {
    let rep: Option<UserId> = list.parse("rep")?;
    let team: Option<TeamId> = list.parse("team")?;
    let customer: Option<CustomerId> = list.parse("customer")?;
    let (reps, of) = match (rep, team) {
        (Some(rep), _) if !me.scope.sees(rep) => return Err(Error::NotFound),
        (Some(rep), _) => (Some(vec![rep]), Some(reps_db::name(db, me.scope.org, rep).await?.ok_or(Error::NotFound)?)),
        (None, Some(team)) if !me.scope.sees_team(team) => return Err(Error::NotFound),
        (None, Some(team)) => {
            let name = reps_db::team_name(db, me.scope.org, team).await?.ok_or(Error::NotFound)?;
            (None, Some(format!("team {name}")))
        }
        (None, None) => (me.scope.reps().map(<[UserId]>::to_vec), None),
    };
    if let Some(customer) = customer {
        find_db::visible(db, &me.scope, me.today, customer).await?.ok_or(Error::NotFound)?;
    }
    let class = |word: &str| match word {
        "new" => Some(true),
        "existing" => Some(false),
        _ => None,
    };
    let filter = Filter {
        reps,
        team: if rep.is_some() { None } else { team },
        shares_only: rep.is_some() || team.is_some() || list.is_on("counted"),
        customer,
        from: list.date("from")?,
        to: list.date("to")?,
        stage: list.word("stage", Stage::parse)?,
        unconfirmed: list.is_on("unconfirmed"),
        to_new: list.word("class", class)?,
        after: list.after().and_then(|(day, number)| Some((parse_date(&day)?, number))),
        limit: FETCH,
    };
    Ok((filter, of))
}

/// A stage as a badge.
pub fn badge(stage: Stage) -> Badge {
    match stage {
        Stage::Won => Badge::new(Tone::Good, "Won"),
        Stage::Open => Badge::new(Tone::Info, "Open").icon("clock"),
        Stage::Lost => Badge::new(Tone::Plain, "Lost").icon("x"),
        Stage::Cancelled => Badge::new(Tone::Plain, "Cancelled").icon("x"),
    }
}

/// The address of a deal, or of something below it.
pub fn path(id: DealId, below: &str) -> String {
    if below.is_empty() { format!("/deals/{id}") } else { format!("/deals/{id}/{below}") }
}
