//! The list of deals as a file.

use axum::{extract::State, response::Response};

use super::{
    list_db,
    web::{assume, read_filter},
};
use crate::{
    App,
    domain::access::Permission,
    postgres::tx,
    web::{
        auth::{Allowed, ReadSales},
        csv,
        error::Error,
        list::List,
    },
};

/// How many deals are in memory at once.
const AT_ONCE: i64 = 2000;

/// `GET /deals.csv`: everything that the same filters find on the page, in the same order.
pub async fn export(State(app): State<App>, me: Allowed<ReadSales>, mut list: List) -> Result<Response, Error> {
    assume(&mut list, &me);
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let (mut filter, _) = read_filter(&mut read, &me, &list).await?;
    (filter.after, filter.limit) = (None, AT_ONCE);
    let confirms = me.scope_of(Permission::ConfirmDeals);
    let mut file = csv::File::new(&[
        "deal",
        "stage",
        "date",
        "customer",
        "returns",
        "credited",
        "net",
        "part",
        "currency",
        "confirmed",
    ]);
    let currency = me.company.currency;
    loop {
        let rows = list_db::list(&mut read, me.id, &confirms, &filter, me.today).await?;
        let is_last = i64::try_from(rows.len()).is_ok_and(|rows| rows < AT_ONCE);
        filter.after = rows.last().map(|row| (row.on_date, row.number));
        for row in rows {
            file.row([
                csv::number(row.number),
                csv::text(row.stage.as_str()),
                csv::text(&row.on_date.to_string()),
                csv::text(&row.customer),
                row.returns.map_or_else(|| csv::text(""), csv::number),
                csv::text(&row.credits),
                csv::number(currency.major(row.net)),
                csv::number(currency.major(row.part)),
                csv::text(currency.code()),
                csv::text(if row.confirmed { "yes" } else { "no" }),
            ]);
        }
        if is_last {
            return file.respond(&format!("deals-{}.csv", me.today));
        }
    }
}
