//! The pages of deals: the list and one deal.

use askama::Template;
use axum::{extract::State, response::Response};
use sqlx::PgConnection;

use super::{
    act::{self, WinForm},
    edit,
    list_db::{self, Filter, Row},
    page_db::{self, CreditRow, Deal, LineRow, ReturnRow},
    returns,
};
use crate::{
    App,
    audit::{
        self,
        words::{Act, told},
    },
    customers::find_db,
    domain::{
        access::Permission,
        deal::Stage,
        id::{CustomerId, DealId, TeamId, UserId},
        money::Money,
        period::add_months,
    },
    postgres::tx,
    users::reps_db,
    web::{
        auth::{Allowed, ReadSales, Viewer},
        error::Error,
        form::{Errors, Path, parse_date},
        list::{FETCH, List},
        page::{Page, answer, html},
        routes::Routes,
        ui::{Badge, Choice, Pager, Switch, Tone},
    },
};

/// `/deals` and below.
pub fn routes() -> Routes {
    Routes::new()
        .get("/deals", index)
        .post("/deals", edit::create)
        .get("/deals/new", edit::new)
        .get("/deals/{id}", show)
        .post("/deals/{id}", edit::update)
        .get("/deals/{id}/edit", edit::edit)
        .get("/deals/{id}/return", returns::new)
        .post("/deals/{id}/return", returns::create)
        .post("/deals/{id}/correct", returns::update)
        .post("/deals/{id}/confirm", act::confirm)
        .post("/deals/{id}/win", act::win)
        .post("/deals/{id}/lose", act::lose)
        .post("/deals/{id}/cancel", act::cancel)
        .post("/deals/{id}/reopen", act::reopen)
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
    /// Whose part the sums and the column name; empty: the whole deals count.
    part_of: String,
    reps: Vec<Choice>,
    classes: Vec<Choice>,
    is_won: bool,
    is_queue: bool,
    may_record: bool,
    may_confirm: bool,
    keeps_products: bool,
    no_errors: Errors,
}

/// The list of deals. Which records a number counts is said in the address: `counted=1` with `rep=` or `team=`, and with
/// `from=` and `to=` (half-open), for `net_sales`; with `class=new` or `class=existing` for the sales to such customers.
async fn index(State(app): State<App>, me: Allowed<ReadSales>, page: Page, mut list: List) -> Result<Response, Error> {
    let is_queue = list.is_on("unconfirmed");
    if list.value("stage").is_empty() && !is_queue {
        list.assume("stage", &Stage::Won.as_str());
    }
    let undated = ["from", "to", "customer"].iter().all(|name| list.value(name).is_empty());
    if undated && list.value("stage") == Stage::Won.as_str() {
        list.assume("from", &add_months(me.today, -12));
    }
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let (filter, of) = read_filter(&mut read, &me, &list).await?;
    let rows = list_db::list(&mut read, me.id, &me.scope_of(Permission::ConfirmDeals), &filter, me.today).await?;
    let first = rows.first();
    let (total, total_net, total_part) =
        first.map_or((0, Money::ZERO, Money::ZERO), |row| (row.total, row.total_net, row.total_part));
    let (rows, pager) = list.page(rows, total, ("deal", "deals"), |row| (row.on_date.to_string(), row.number));
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
        part_of,
        reps: reps.into_iter().map(|(id, name)| Choice::new(id, name)).collect(),
        classes: vec![Choice::new("new", "New customers"), Choice::new("existing", "Existing customers")],
        is_won: filter.stage == Some(Stage::Won),
        is_queue,
        may_record: me.may(Permission::RecordSales),
        may_confirm: me.may(Permission::ConfirmDeals),
        keeps_products: me.may(Permission::KeepProducts),
        no_errors: Errors::new(),
        list,
    })
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
async fn read_filter(db: &mut PgConnection, me: &Viewer, list: &List) -> Result<(Filter, Option<String>), Error> {
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

#[derive(Template)]
#[template(path = "deals/show.html")]
struct ShowPage {
    page: Page,
    deal: Deal,
    badge: Badge,
    lines: Vec<LineRow>,
    credits: Vec<CreditRow>,
    /// Parts of all split credits.
    parts: i64,
    returns: Vec<ReturnRow>,
    left: Money,
    /// What came back, above zero.
    back: Money,
    acts: Vec<Act>,
    form: WinForm,
    errors: Errors,
    may_change: bool,
    may_confirm: bool,
    waits: bool,
    has_costs: bool,
    today: time::Date,
}

async fn show(
    State(app): State<App>,
    me: Allowed<ReadSales>,
    page: Page,
    Path(id): Path<DealId>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let form = WinForm { booked_on: me.today.to_string() };
    draw(&mut read, &me, page, id, form, Errors::new()).await
}

/// The page of a deal, perhaps with what was wrong about the day of its win.
pub async fn draw(
    db: &mut PgConnection,
    me: &Viewer,
    page: Page,
    id: DealId,
    form: WinForm,
    errors: Errors,
) -> Result<Response, Error> {
    let org = me.scope.org;
    let deal = page_db::find(db, &me.scope, &me.company, me.today, id).await?.ok_or(Error::NotFound)?;
    let credits = page_db::credits(db, org, id).await?;
    let returns = page_db::returns(db, org, id).await?;
    let back: Money = returns.iter().map(|returned| returned.net).sum();
    let lines = page_db::lines(db, org, id, None).await?;
    let waits = me.company.confirm_deals && deal.stage == Stage::Won && deal.confirmed_at.is_none();
    let is_credited = credits.iter().any(|credit| credit.rep_id == me.id);
    let may_confirm = waits && !is_credited && me.may(Permission::ConfirmDeals) && {
        let scope = me.scope_of(Permission::ConfirmDeals);
        page_db::find(db, &scope, &me.company, me.today, id).await?.is_some()
    };
    let status = errors.status();
    let page = ShowPage {
        page,
        badge: badge(deal.stage),
        parts: credits.iter().filter(|credit| !credit.overlay).map(|credit| i64::from(credit.parts)).sum(),
        left: deal.net + back,
        back: -back,
        acts: told(audit::db::history(db, org, &me.company.time_zone, &path(id, "")).await?, me.company.currency),
        may_change: edit::may_change(me, &deal),
        may_confirm,
        waits,
        has_costs: lines.iter().any(|line| line.cost.is_some()),
        today: me.today,
        deal,
        lines,
        credits,
        returns,
        form,
        errors,
    };
    answer(status, page)
}
