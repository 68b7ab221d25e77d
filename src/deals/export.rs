//! The list of deals as a file, which the importer reads too.

use axum::{extract::State, response::Response};

use super::{
    export_db,
    list_db::{self, Filter},
    web::{assume, read_filter},
};
use crate::{
    App,
    audit::downloads::{self, AT_ONCE, Part},
    domain::{access::Permission, id::DealId, money::Currency},
    postgres::tx,
    web::{
        auth::{Allowed, ReadSales, Viewer},
        csv,
        error::Error,
        list::List,
    },
};

/// First what the importer reads, then what people do.
const HEADS: [&str; 18] = [
    "external_id",
    "customer",
    "rep",
    "closed_on",
    "amount",
    "currency",
    "stage",
    "returns",
    "credits",
    "deal",
    "date",
    "customer_name",
    "returned_deal",
    "credited",
    "net",
    "part",
    "net_currency",
    "confirmed",
];

/// `GET /deals.csv`: everything that the same filters find on the page, in the same order.
pub async fn export(State(app): State<App>, me: Allowed<ReadSales>, mut list: List) -> Result<Response, Error> {
    assume(&mut list, &me);
    let (filter, _) = read_filter(&mut *tx::read(&app.db, me.scope.org).await?, &me, &list).await?;
    let (filters, name) = (list.without(&[]), format!("deals-{}.csv", me.today));
    let list =
        downloads::List { act: "deal.exported", object: "/deals", filters: &filters, name: &name, heads: &HEADS };
    downloads::send(&app, &me, list, Filter { after: None, limit: AT_ONCE, ..filter }, part).await
}

/// Adds what a filter finds, up to its limit.
async fn part(app: App, me: Viewer, mut filter: Filter, mut file: csv::File) -> Result<Part<Filter>, Error> {
    let own = me.company.currency;
    let confirms = me.scope_of(Permission::ConfirmDeals);
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let rows = list_db::list(&mut read, me.id, &confirms, &filter, me.today).await?;
    let is_last = i64::try_from(rows.len()).is_ok_and(|rows| rows < AT_ONCE);
    let all = rows.first().map_or(0, |row| row.total);
    filter.after = rows.last().map(|row| (row.place, row.number));
    let ids: Vec<DealId> = rows.iter().map(|row| row.id).collect();
    let mut imported = export_db::imported(&mut read, me.scope.org, &ids).await?;
    drop(read);
    for row in rows {
        let known = imported.remove(&row.id).unwrap_or_default();
        let currency = known.currency.as_deref().and_then(|code| Currency::parse(code).ok()).unwrap_or(own);
        file.row([
            csv::text(&known.external_id),
            csv::text(&known.customer),
            csv::text(&known.rep),
            csv::text(&known.closed_on.map(|day| day.to_string()).unwrap_or_default()),
            csv::number(currency.major(known.amount)),
            csv::text(currency.code()),
            csv::text(row.stage.as_str()),
            csv::text(&known.returns),
            csv::text(&known.credits),
            csv::number(row.number),
            csv::text(&row.day.map(|day| day.to_string()).unwrap_or_default()),
            csv::text(&row.customer),
            row.returns.map_or_else(|| csv::text(""), csv::number),
            csv::text(&row.credits),
            csv::number(own.major(row.net)),
            csv::number(own.major(row.part)),
            csv::text(own.code()),
            csv::text(if row.confirmed { "yes" } else { "no" }),
        ]);
    }
    Ok(Part { file, rest: (!is_last).then_some(filter), rows: all })
}
