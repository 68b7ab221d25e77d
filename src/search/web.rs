//! Search: one field for customers, people, deals, teams, plans, pay, and everything that one can do here.

use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;
use sqlx::PgConnection;

use super::{
    commands::{self, Command},
    db::{self, Beginning},
};
use crate::{
    App,
    domain::{
        access::{Permission, Reach},
        period::{Period, PeriodKind},
    },
    postgres::tx,
    web::{
        auth::{Allowed, ReadSales, Viewer},
        error::Error,
        form::Query,
        format,
        list::List,
        page::{Page, html},
        routes::Routes,
    },
};

/// `/search` and the list of keys.
pub fn routes() -> Routes {
    Routes::new().get("/search", search).get("/help/keys", keys)
}

/// How many of each kind are shown.
const MOST: i64 = 8;
/// How much of what was typed is looked for, in characters.
const LONGEST: usize = 100;

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Asked {
    q: String,
}

/// A record that was found.
struct Hit {
    href: String,
    title: String,
    /// A quieter second line; may be empty.
    detail: String,
}

/// Records of one kind.
struct Group {
    title: &'static str,
    icon: &'static str,
    hits: Vec<Hit>,
    /// Where the list of that kind shows all that contain the text; may be empty.
    all: String,
}

#[derive(Template)]
#[template(path = "search/index.html")]
struct SearchPage {
    page: Page,
    q: String,
    commands: Vec<Command>,
    groups: Vec<Group>,
}

/// `GET /search?q=…`: what begins with the text, as far as the person's own lists go. It never leads away by itself.
async fn search(
    State(app): State<App>,
    me: Allowed<ReadSales>,
    page: Page,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let q: String = asked.q.trim().chars().take(LONGEST).collect();
    let commands = commands::matching(&me, &q);
    let groups = if q.is_empty() {
        vec![]
    } else {
        let mut read = tx::read(&app.db, me.scope.org).await?;
        let mut groups = records(&mut read, &me, &q).await?;
        groups.extend(pay(&mut read, &me, &q).await?);
        groups.retain(|group| !group.hits.is_empty());
        groups
    };
    html(SearchPage { page, q, commands, groups })
}

async fn records(db: &mut PgConnection, me: &Viewer, q: &str) -> Result<Vec<Group>, Error> {
    let asked = Beginning::new(q, MOST);
    let keeps_people = me.may(Permission::ManagePeople);
    let number = q.trim_start_matches('#').parse().ok();
    let deals = db::deals(db, &me.scope, q, number, me.today).await?;
    let customers = db::customers(db, &me.scope, &asked, me.today).await?;
    let people = db::people(db, &me.scope, &asked, keeps_people, me.today).await?;
    let in_sight = match &me.scope.reach {
        Reach::All => None,
        Reach::Some { teams, .. } => Some(teams.as_slice()),
    };
    let teams = db::teams(db, me.scope.org, &asked, in_sight).await?;
    let keeps_plans = me.may(Permission::PrepareCommission);
    let plans = if keeps_plans { db::plans(db, me.scope.org, &asked).await? } else { vec![] };
    let deal = |deal: db::Deal| Hit {
        href: format!("/deals/{}", deal.id),
        title: format!("Deal {}, {}", deal.number, deal.customer),
        detail: match deal.external_id {
            Some(id) => format!("{} · imported as {id}", deal.stage.label()),
            None => deal.stage.label().to_owned(),
        },
    };
    let customer = |customer: db::Customer| Hit {
        href: format!("/customers/{}", customer.id),
        title: customer.name,
        detail: customer.city.unwrap_or_default(),
    };
    let person = |person: db::Person| Hit {
        href: format!("{}{}", if keeps_people { "/users/" } else { "/reps/" }, person.id),
        title: person.name,
        detail: person.team.unwrap_or_default(),
    };
    let team = |(id, name): (_, String)| Hit {
        href: if keeps_people { format!("/teams/{id}") } else { format!("/scoreboard?team={id}") },
        title: name,
        detail: String::new(),
    };
    let plan = |(id, name): (_, String)| Hit { href: format!("/plans/{id}"), title: name, detail: String::new() };
    let list = |path: &str| List::new(path, vec![]).with("q", q);
    let everybody = if keeps_people { list("/users") } else { String::new() };
    Ok(vec![
        group("Deals", "handshake", deals, deal, String::new()),
        group("Customers", "users", customers, customer, list("/customers")),
        group("People", "user", people, person, everybody),
        group("Teams", "network", teams, team, String::new()),
        group("Plans", "percent", plans, plan, String::new()),
    ])
}

/// Runs and statements: those whose lists the person reads.
async fn pay(db: &mut PgConnection, me: &Viewer, q: &str) -> Result<Vec<Group>, Error> {
    let month = commands::month(q, me.today);
    let label = |kind, start| format::period(Period::containing(kind, start, me.company.fiscal_start));
    let (prepares, approves) = (me.may(Permission::PrepareCommission), me.may(Permission::ApproveCommission));
    let runs = match month {
        Some(month) if prepares || approves => db::runs(db, me.scope.org, month, prepares).await?,
        _ => vec![],
    };
    let scope = me.scope_of(Permission::ReadStatements);
    let statements = db::statements(db, &scope, &Beginning::new(q, MOST), month).await?;
    let run = |run| Hit {
        href: format!("/commission-runs/{run}"),
        title: format!("Run of {}", month.map_or_else(String::new, |month| label(PeriodKind::Month, month))),
        detail: String::new(),
    };
    let statement = |statement: db::Statement| Hit {
        href: format!("/statements/{}", statement.id),
        title: format!("{}, {}", statement.rep, label(statement.period_kind, statement.period_start)),
        detail: String::new(),
    };
    Ok(vec![
        group("Commission runs", "badge-check", runs, run, String::new()),
        group("Statements", "receipt", statements, statement, String::new()),
    ])
}

fn group<T>(title: &'static str, icon: &'static str, found: Vec<T>, hit: impl Fn(T) -> Hit, all: String) -> Group {
    Group { title, icon, hits: found.into_iter().map(hit).collect(), all }
}

#[derive(Template)]
#[template(path = "search/keys.html")]
struct KeysPage {
    page: Page,
}

/// `GET /help/keys`: what the keys do, also where no script runs.
async fn keys(_: Viewer, page: Page) -> Result<Response, Error> {
    html(KeysPage { page })
}
