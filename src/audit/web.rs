//! The log of everything: who did what to which thing, with filters, and the same as a file.

use askama::Template;
use axum::{extract::State, response::Response};
use sqlx::PgConnection;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    acts::{self, Line},
    downloads::{self, Download},
    list_db::{self, Filter, Row},
    seals_db::{self, Shown},
};
use crate::{
    App,
    domain::id::UserId,
    postgres::tx,
    web::{
        auth::{Allowed, ReadAudit, Viewer},
        csv,
        error::Error,
        form::Errors,
        format,
        list::{FETCH, List, PAGE},
        page::{Page, html},
        routes::Routes,
        ui::{Choice, Pager},
    },
};

/// `/audit` and the same as a file.
pub fn routes() -> Routes {
    Routes::new().get("/audit", index).get("/audit.csv", export)
}

/// How many acts a file holds at most.
const FILE: i64 = 10_000;
/// The filter's word for imports and the command line.
const NOBODY: &str = "nobody";

#[derive(Template)]
#[template(path = "audit/index.html")]
struct IndexPage {
    page: Page,
    list: List,
    lines: Vec<Line>,
    pager: Pager,
    people: Vec<Choice>,
    acts: Vec<Choice>,
    /// What the log is narrowed to, if it is one thing.
    thing: Option<String>,
    /// The same as a file.
    file: String,
    /// The newest seal.
    seal: Option<Shown>,
    no_errors: Errors,
}

async fn index(State(app): State<App>, me: Allowed<ReadAudit>, page: Page, list: List) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let filter = read_filter(&list)?;
    let people = list_db::people(&mut read, me.scope.org).await?;
    let mut rows = list_db::list(&mut read, me.scope.org, &filter, &me.company.time_zone).await?;
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let pager = list.around(rows.last().filter(|_| more).map(key));
    let lines = told(&mut read, &me, rows).await?;
    let seal = seals_db::shown(&mut read, me.scope.org, &me.company.time_zone).await?;
    let thing = filter.object.map(|object| lines.first().map_or(object, |line| line.thing.clone()));
    let nobody = [Choice::new(NOBODY, "Imports and the command line")];
    html(IndexPage {
        page,
        people: nobody.into_iter().chain(people.into_iter().map(|(id, name)| Choice::new(id, name))).collect(),
        acts: acts::choices(),
        file: list.without(&["after"]).replacen("/audit", "/audit.csv", 1),
        list,
        lines,
        pager,
        thing,
        seal,
        no_errors: Errors::new(),
    })
}

/// The place of a row: the list goes on behind it.
fn key(row: &Row) -> (String, i64) {
    (row.instant.format(&Rfc3339).unwrap_or_default(), row.id)
}

fn read_filter(list: &List) -> Result<Filter, Error> {
    let nobody = list.value("person") == NOBODY;
    let object = list.value("object");
    let after = list.after().and_then(|(at, id)| Some((OffsetDateTime::parse(&at, &Rfc3339).ok()?, id)));
    Ok(Filter {
        person: if nobody { None } else { list.parse::<UserId>("person")? },
        nobody,
        kind: list.word("act", acts::beginning)?,
        object: (!object.is_empty()).then(|| object.to_owned()),
        from: list.date("from")?,
        to: list.date("to")?,
        after,
        limit: FETCH,
    })
}

async fn told(db: &mut PgConnection, me: &Viewer, rows: Vec<Row>) -> Result<Vec<Line>, Error> {
    let ids = acts::people_in(&rows);
    let names = if ids.is_empty() { vec![] } else { list_db::names(db, me.scope.org, &ids).await? };
    Ok(acts::told(rows, &names, me))
}

/// `GET /audit.csv`: what fits the same filters, the newest [`FILE`] acts of it.
async fn export(State(app): State<App>, me: Allowed<ReadAudit>, list: List) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let filter = Filter { limit: FILE, after: None, ..read_filter(&list)? };
    let rows = list_db::list(&mut read, me.scope.org, &filter, &me.company.time_zone).await?;
    let lines = told(&mut read, &me, rows).await?;
    drop(read);
    let (of, rows) = (list.without(&[]), i64::try_from(lines.len()).unwrap_or(i64::MAX));
    downloads::note(&app, &me, Download { act: "audit.exported", object: "/audit", file: &of, rows }).await?;
    let mut file = csv::File::new(&["at", "who", "did", "thing", "address", "changes", "reason"]);
    for line in lines {
        let changes: Vec<String> = line
            .changes
            .iter()
            .map(|change| match (change.old.as_str(), change.new.as_str()) {
                ("", new) => format!("{}: {new}", change.label),
                (old, "") => format!("{}: {old} taken away", change.label),
                (old, new) => format!("{}: {old} → {new}", change.label),
            })
            .collect();
        file.row([
            csv::text(&format::minute(line.at)),
            csv::text(&line.who),
            csv::text(&line.did),
            csv::text(&line.thing),
            csv::text(&line.object),
            csv::text(&changes.join("; ")),
            csv::text(&line.reason),
        ]);
    }
    file.respond(&format!("audit-{}.csv", me.today))
}
