//! The list of visits as a file.

use axum::{extract::State, response::Response};

use super::{list_db, web::read_filter};
use crate::{
    App,
    domain::visit,
    postgres::tx,
    web::{
        auth::{Allowed, ReadSales},
        csv,
        error::Error,
        format,
        list::List,
    },
};

/// How many visits are in memory at once.
const AT_ONCE: i64 = 2000;

/// `GET /visits.csv`: everything that the same filters find on the page, in the same order.
pub async fn export(State(app): State<App>, me: Allowed<ReadSales>, mut list: List) -> Result<Response, Error> {
    super::web::assume_recent(&mut list, me.today);
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let (mut filter, _) = read_filter(&mut read, &me, &list).await?;
    (filter.after, filter.limit) = (None, AT_ONCE);
    let mut file = csv::File::new(&[
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
    ]);
    loop {
        let rows = list_db::list(&mut read, me.scope.org, &filter, &me.company, me.today).await?;
        let is_last = i64::try_from(rows.len()).is_ok_and(|rows| rows < AT_ONCE);
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
        if is_last {
            return file.respond(&format!("visits-{}.csv", me.today));
        }
    }
}
