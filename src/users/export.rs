//! The list of people as a file.

use axum::{extract::State, response::Response};

use super::{
    list_db::{self, Filter, Part},
    web::IndexQuery,
};
use crate::{
    App,
    audit::downloads::{self, AT_ONCE},
    postgres::tx,
    web::{
        auth::{Allowed, ManagePeople, Viewer},
        csv,
        error::Error,
        form::Query,
    },
};

const HEADS: [&str; 11] =
    ["id", "name", "imported_as", "email", "title", "level", "roles", "team", "hired_on", "left_on", "sign_in"];

/// `GET /users.csv`: everybody whom the same filters find on the page, in the same order.
pub async fn export(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    Query(query): Query<IndexQuery>,
) -> Result<Response, Error> {
    let filters = query.address("/users.csv").unwrap_or_default();
    let name = format!("users-{}.csv", me.today);
    let list =
        downloads::List { act: "user.exported", object: "/users", filters: &filters, name: &name, heads: &HEADS };
    downloads::send(&app, &me, list, (query.filter(), Part::First), part).await
}

/// Adds whom a filter finds from a person on, so many as are in memory at once.
async fn part(
    app: App,
    me: Viewer,
    (filter, from): (Filter, Part),
    mut file: csv::File,
) -> Result<downloads::Part<(Filter, Part)>, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let most = usize::try_from(AT_ONCE).unwrap_or(list_db::PAGE);
    let found = list_db::list(&mut read, &me.scope, &filter, from, most, me.today).await?;
    let last = found.lines.last().map(|line| line.id).filter(|_| found.has_after);
    for line in &found.lines {
        let text = |text: &Option<String>| csv::text(text.as_deref().unwrap_or_default());
        let day = |day: Option<time::Date>| csv::text(&day.map(|day| day.to_string()).unwrap_or_default());
        file.row([
            csv::number(line.id.0),
            csv::text(&line.name),
            text(&line.external_id),
            text(&line.email),
            text(&line.title),
            text(&line.level),
            csv::text(&line.roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(" ")),
            text(&line.team),
            day(line.hired_on),
            day(line.left_on),
            csv::text(line.state.as_str()),
        ]);
    }
    Ok(downloads::Part { file, rest: last.map(|last| (filter, Part::After(last))), rows: found.total })
}
