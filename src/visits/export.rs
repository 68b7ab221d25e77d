//! The list of visits as a file.

use axum::{extract::State, response::Response};

use super::{
    list_db::{self, Filter},
    web::read_filter,
};
use crate::{
    App,
    audit::downloads::{self, AT_ONCE, Part},
    domain::visit,
    postgres::tx,
    web::{
        auth::{Allowed, ReadSales, Viewer},
        csv,
        error::Error,
        format,
        list::List,
    },
};

const HEADS: [&str; 13] = [
    "id",
    "day",
    "time",
    "reps",
    "customer_id",
    "customer",
    "how",
    "state",
    "outcome",
    "minutes",
    "entered_days_late",
    "counts",
    "notes",
];

/// `GET /visits.csv`: everything that the same filters find on the page, in the same order.
pub async fn export(State(app): State<App>, me: Allowed<ReadSales>, mut list: List) -> Result<Response, Error> {
    super::web::assume_recent(&mut list, me.today);
    let (filter, _) = read_filter(&mut *tx::read(&app.db, me.scope.org).await?, &me, &list).await?;
    let (filters, name) = (list.without(&[]), format!("visits-{}.csv", me.today));
    let list =
        downloads::List { act: "visit.exported", object: "/visits", filters: &filters, name: &name, heads: &HEADS };
    downloads::send(&app, &me, list, Filter { after: None, limit: AT_ONCE, ..filter }, part).await
}

/// Adds what a filter finds, up to its limit.
async fn part(app: App, me: Viewer, mut filter: Filter, mut file: csv::File) -> Result<Part<Filter>, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let rows = list_db::list(&mut read, me.scope.org, &filter, &me.company, me.today).await?;
    drop(read);
    let is_last = i64::try_from(rows.len()).is_ok_and(|rows| rows < AT_ONCE);
    let all = rows.first().map_or(0, |row| row.total);
    filter.after = rows.last().map(|row| (row.visited_on, row.id.0));
    for row in rows {
        let number = |number: Option<i32>| number.map_or_else(|| csv::text(""), csv::number);
        file.row([
            csv::number(row.id.0),
            csv::text(&row.visited_on.to_string()),
            csv::text(&row.starts_at.as_ref().map(format::clock).unwrap_or_default()),
            csv::text(&row.rep),
            csv::number(row.customer_id.0),
            csv::text(&row.customer),
            csv::text(row.kind.label()),
            csv::text(row.state.label()),
            csv::text(row.outcome.map(visit::Outcome::label).unwrap_or_default()),
            number(row.minutes),
            number(row.late),
            csv::text(if row.counts { "yes" } else { "no" }),
            csv::text(&row.notes),
        ]);
    }
    Ok(Part { file, rest: (!is_last).then_some(filter), rows: all })
}
