//! `/scoreboard`, `/my-month` and `/reps/{id}`: what was done against what was expected.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use axum::{
    extract::State,
    http::HeaderValue,
    response::{IntoResponse, Redirect, Response},
};

use super::{
    behind,
    board::Board,
    compared::{self, Earlier},
    db::Subject,
    growth,
    measured::{self, Question as About},
    my_month::{Month, Pay, Person},
    my_month_db, ranking, trend_db,
};
use crate::{
    App,
    audit::downloads::{self, Download},
    commission_runs::calculate::{Question, calculate_running},
    domain::{
        access::{Permission, Reach, Role},
        commission::section::payable,
        id::{TeamId, UserId},
        metric::Metric,
        money::Money,
        period::{Dates, Period, PeriodKind, add_months},
    },
    plans,
    postgres::tx::{self, Read},
    statements, targets, teams,
    web::{
        auth::{Allowed, ReadSales, Viewer},
        error::Error,
        form::{Path, Query},
        list::List,
        page::{self, Page},
        periods::{self, Asked, PeriodNav},
        routes::Routes,
        ui::Choice,
    },
};

/// The routes of scorecards.
pub fn routes() -> Routes {
    Routes::new()
        .get("/scoreboard", scoreboard)
        .get("/scoreboard.csv", export)
        .get("/scoreboard/wall", wall)
        .get("/my-month", my_month)
        .get("/reps/{id}", rep)
        .get("/growth", growth::show)
        .get("/growth.csv", growth::export)
        .get("/metrics/{metric}", behind::show)
        .get("/metrics/{metric}/rows.csv", behind::export)
}

/// The parameters that name a period.
const PERIOD: [&str; 3] = ["period", "kind", "on"];
/// After how many seconds a wall asks again.
const WALL_REFRESH: &str = "60";
/// How long the periods of my month may be, apart from days.
const KINDS: [PeriodKind; 4] = [PeriodKind::Week, PeriodKind::Month, PeriodKind::Quarter, PeriodKind::Year];

/// `GET /scoreboard`: the reps of a team, ranked. Who leads nobody is shown his own month.
async fn scoreboard(
    State(app): State<App>,
    me: Allowed<ReadSales>,
    page: Page,
    list: List,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let period = asked.resolve(&me, PeriodKind::Month)?;
    if !leads(&me) {
        return Ok(Redirect::to(&format!("/my-month?period={period}")).into_response());
    }
    let list = settled("/scoreboard", &list, period);
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let shared = shared_board(&app, &mut read, &me, &list, period).await?;
    let (board, teams) = &*shared;
    let nav = PeriodNav::new(&me, period, &PeriodKind::ALL, |period| list.with("period", period))
        .jump("/scoreboard", owned(list.carried(&PERIOD)));
    page::html(board.page(page, &me, &list, nav, teams.clone())).map(page::lasting)
}

/// `GET /scoreboard/wall`: the same board for a screen on the wall, which asks for it again by itself.
async fn wall(
    State(app): State<App>,
    me: Allowed<ReadSales>,
    page: Page,
    list: List,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    if !leads(&me) {
        return Err(Error::Forbidden);
    }
    let period = asked.resolve(&me, PeriodKind::Month)?;
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let shared = shared_board(&app, &mut read, &me, &list, period).await?;
    let (board, _) = &*shared;
    let still = list.is_on("still");
    let mut response = page::html(board.wall(page, &me, &list, still))?;
    if !still {
        // As a header it works without JavaScript.
        response.headers_mut().insert("refresh", HeaderValue::from_static(WALL_REFRESH));
    }
    Ok(response)
}

/// `GET /scoreboard.csv`: the same board as a file.
async fn export(
    State(app): State<App>,
    me: Allowed<ReadSales>,
    list: List,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let period = asked.resolve(&me, PeriodKind::Month)?;
    if !leads(&me) {
        return Err(Error::Forbidden);
    }
    let mut list = list;
    list.assume("more", &"1");
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let shared = shared_board(&app, &mut read, &me, &list, period).await?;
    let (board, _) = &*shared;
    let (file, of) = (board.csv(&me, &list), list.without(&["more"]));
    drop(read);
    let download = Download { act: "figures.exported", object: "/scoreboard", file: &of, rows: file.rows() };
    downloads::note(&app, &me, download).await?;
    file.respond(&format!("scoreboard-{period}.csv"))
}

/// `GET /my-month`: the viewer's own numbers. Who does not sell is led to the scoreboard.
async fn my_month(
    State(app): State<App>,
    me: Allowed<ReadSales>,
    page: Page,
    list: List,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let period = asked.resolve(&me, PeriodKind::Month)?;
    if !me.is(Role::Rep) {
        return Ok(Redirect::to(&format!("/scoreboard?period={period}")).into_response());
    }
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let person = Person { id: me.id, name: me.name.clone() };
    let nav = PeriodNav::new(&me, period, &KINDS, |period| format!("/my-month?period={period}"));
    let month = load_month(&mut read, &me, person, period, list.is_on("more")).await?;
    page::html(month.page(page, &me, nav.jump("/my-month", vec![]))).map(page::lasting)
}

/// `GET /reps/7`: the same page for a rep in sight.
async fn rep(
    State(app): State<App>,
    me: Allowed<ReadSales>,
    page: Page,
    Path(id): Path<UserId>,
    list: List,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let period = asked.resolve(&me, PeriodKind::Month)?;
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let name = my_month_db::rep_name(&mut read, &me.scope, id).await?.ok_or(Error::NotFound)?;
    let path = format!("/reps/{id}");
    let nav = PeriodNav::new(&me, period, &KINDS, |period| format!("{path}?period={period}"));
    let month = load_month(&mut read, &me, Person { id, name }, period, list.is_on("more")).await?;
    page::html(month.page(page, &me, nav.jump(&path, vec![]))).map(page::lasting)
}

/// Whether the viewer sees others' numbers.
fn leads(me: &Viewer) -> bool {
    me.is(Role::Manager) || me.scope.reach == Reach::All
}

/// The address with one word for the period.
fn settled(path: &str, list: &List, period: Period) -> List {
    let mut settled = List::new(path, owned(list.carried(&PERIOD)));
    settled.assume("period", &period);
    settled
}

fn owned(pairs: Vec<(&str, &str)>) -> Vec<(String, String)> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// A board, and the teams that its reader chooses from.
pub type Loaded = (Board, Vec<Choice>);

/// The same board, shared with others who read it while nothing is written, for a minute.
async fn shared_board(
    app: &App,
    read: &mut Read,
    me: &Viewer,
    list: &List,
    period: Period,
) -> Result<Arc<Loaded>, Error> {
    // How it is ranked follows from the address alone; nonsense is refused before anything is loaded.
    ranking::check(list)?;
    let who = (me.scope.reach != Reach::All).then_some(me.id);
    let what = ["team", "more", "compare"].map(|name| list.value(name));
    let asked = format!("{:?} {who:?} {:?} {} {period} {what:?}", me.scope, me.company, me.today);
    app.boards.get(me.as_of(), asked, Box::pin(load_board(read, me, list, period))).await
}

/// The board of the chosen team, or of all that the viewer leads, with the teams to choose from.
async fn load_board(read: &mut Read, me: &Viewer, list: &List, period: Period) -> Result<Loaded, Error> {
    let tree = teams::db::tree(read, &me.scope, me.today).await?;
    let seen: Vec<_> = tree.into_iter().filter(|team| me.scope.sees_team(team.id)).collect();
    let all = me.scope.reach == Reach::All;
    let chosen = match list.parse::<TeamId>("team")? {
        Some(id) => Some(seen.iter().find(|team| team.id == id).ok_or(Error::NotFound)?),
        None if all => None,
        None => seen.first(),
    };
    let whole = match chosen {
        Some(team) => Subject::Team(team.id),
        None if all => Subject::Company,
        None => Subject::Rep(me.id),
    };
    let name = match (chosen, all) {
        (Some(team), _) => team.name.clone(),
        (None, true) => me.company.name.clone(),
        (None, false) => "Your team".to_owned(),
    };
    let on = targets::draw::day_of_teams(period, me.today);
    let reps = targets::db::reps(read, &me.scope, period, chosen.map(|team| team.id), on).await?;
    let ids: Vec<UserId> = reps.iter().map(|rep| rep.id).collect();
    let more = more_metrics(read, me, period, &ids, list.is_on("more")).await?;
    let about = About { until: me.today, reps: &ids, whole, more };
    let measured = measured::load(read, me, period, about).await?;
    let more: BTreeSet<Metric> = measured.metrics.iter().copied().collect();
    let compared = match list.word("compare", Earlier::parse)?.and_then(|earlier| earlier.period(period)) {
        Some(before) => Some(compared::load(read, me, before, period, &ids, whole, more).await?),
        None => None,
    };
    let trend_to = periods::containing(PeriodKind::Month, me.today, me).from().min(month_after(period, me));
    let trend_from = add_months(trend_to, -6);
    let trend = trend(read, me, &ids, Dates { from: trend_from, to: trend_to }).await?;
    let mut choices = vec![];
    if all {
        choices.push(Choice::new("", me.company.name.clone()));
    }
    let indented = |team: &teams::db::Team| {
        let indent = "\u{2003}".repeat(usize::try_from(team.depth).unwrap_or(0));
        Choice::new(team.id, format!("{indent}{}", team.name))
    };
    choices.extend(seen.iter().map(indented));
    if choices.len() < 2 {
        choices.clear();
    }
    Ok((Board { period, whose: whole, name, reps, measured, compared, trend, trend_from }, choices))
}

/// The first day after the last whole month that the period reaches.
fn month_after(period: Period, me: &Viewer) -> time::Date {
    let last = periods::containing(PeriodKind::Month, period.last_day(), me);
    if last.to() <= period.to() { last.to() } else { last.from() }
}

/// Net sales of six months by rep, oldest first.
async fn trend(
    read: &mut Read,
    me: &Viewer,
    reps: &[UserId],
    months: Dates,
) -> Result<HashMap<UserId, Vec<Money>>, Error> {
    let mut trend: HashMap<UserId, Vec<Money>> = reps.iter().map(|&rep| (rep, vec![Money::ZERO; 6])).collect();
    for row in trend_db::by_month(read, me.scope.org, reps, months).await? {
        let place = (0..6).position(|index| add_months(months.from, index) == row.month);
        let month = trend.get_mut(&row.rep).zip(place).and_then(|(list, place)| list.get_mut(place));
        if let Some(month) = month {
            *month = row.sales;
        }
    }
    Ok(trend)
}

/// Which of [`Metric::MORE`] a page shows beside those with a target: what the reps' plans name, or all of them.
async fn more_metrics(
    read: &mut Read,
    me: &Viewer,
    period: Period,
    reps: &[UserId],
    all: bool,
) -> sqlx::Result<BTreeSet<Metric>> {
    if all {
        return Ok(Metric::MORE.into());
    }
    plans::db::naming(read, me.scope.org, period.from(), reps, &Metric::MORE).await
}

/// Everything that a person's page shows.
async fn load_month(read: &mut Read, me: &Viewer, person: Person, period: Period, all: bool) -> Result<Month, Error> {
    let org = me.scope.org;
    let days = my_month_db::days(read, org, person.id, period.dates()).await?;
    let more = more_metrics(read, me, period, &[person.id], all).await?;
    let whole = Subject::Rep(person.id);
    let about = About { until: me.today, reps: &[person.id], whole, more };
    let measured = measured::load(read, me, period, about).await?;
    let customers = if period.contains(me.today) {
        my_month_db::customers_today(read, org, person.id, me.today).await?
    } else {
        vec![]
    };
    let pay = if me.may(Permission::ReadStatements) && period.from() <= me.today {
        load_pay(read, me, person.id, period).await?
    } else {
        None
    };
    let has_targets = measured.expected.get(&person.id).is_some_and(|targets| !targets.is_empty());
    let standing = if has_targets { targets::accept_db::standing(read, org, person.id, period).await? } else { None };
    Ok(Month { person, period, measured, days, customers, pay, standing })
}

/// What the approved statement says; before there is one, what today's facts would pay without corrections of earlier periods.
async fn load_pay(read: &mut Read, me: &Viewer, rep: UserId, period: Period) -> Result<Option<Pay>, Error> {
    let org = me.scope.org;
    if let Some((statement, amount)) = statements::db::locked(read, org, rep, period.kind(), period.from()).await? {
        return Ok(Some(Pay { amount, statement: Some(statement) }));
    }
    let calculated = match calculate_running(read, &Question::of(me, period, Some(rep))).await {
        // The month is more than its pay; *Commission so far* says why there is none.
        Err(Error::Uncalculable { .. }) => None,
        calculated => calculated?.pop(),
    };
    Ok(calculated.map(|calculated| Pay { amount: payable(calculated.statement.total.money), statement: None }))
}
