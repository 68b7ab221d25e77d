//! The list of customers as a file.

use std::sync::Arc;

use axum::{extract::State, response::Response};

use super::{
    classes::Classes,
    list_db::{self, Filter},
    show, timeline_db,
    web::{listed, read_events, read_filter},
};
use crate::{
    App,
    audit::downloads::{self, AT_ONCE, Download, Part},
    domain::{classes::Class, customer::events::EventKind},
    postgres::tx,
    web::{
        auth::{Allowed, ReadSales, Viewer},
        csv,
        error::Error,
        list::List,
    },
};

const HEADS: [&str; 13] = [
    "id",
    "name",
    "imported_as",
    "city",
    "segment",
    "stage",
    "slipping",
    "class",
    "owner",
    "last_sale",
    "last_visit",
    "net_sales_12_months",
    "currency",
];

/// `GET /customers.csv`: everything that the same filters find on the page, in the same order.
pub async fn export(State(app): State<App>, me: Allowed<ReadSales>, list: List) -> Result<Response, Error> {
    let classes = app.classes.of(&mut *tx::read(&app.db, me.scope.org).await?, &me).await?;
    let (filter, _) = read_filter(&me, &list, &classes)?;
    let (filters, name) = (list.without(&[]), format!("customers-{}.csv", me.today));
    let list = downloads::List {
        act: "customer.exported",
        object: "/customers",
        filters: &filters,
        name: &name,
        heads: &HEADS,
    };
    let part = move |app, me, filter, file| part(app, me, Arc::clone(&classes), filter, file);
    downloads::send(&app, &me, list, Filter { after: None, limit: AT_ONCE, ..filter }, part).await
}

/// Adds what a filter finds, up to its limit.
async fn part(
    app: App,
    me: Viewer,
    classes: Arc<Classes>,
    mut filter: Filter,
    mut file: csv::File,
) -> Result<Part<Filter>, Error> {
    let currency = me.company.currency;
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let rows = list_db::list(&mut read, &me.scope, &filter, me.today).await?;
    let is_last = i64::try_from(rows.len()).is_ok_and(|rows| rows < AT_ONCE);
    let all = rows.first().map_or(0, |row| row.total);
    filter.after = rows.last().map(|row| (row.sort_key.clone(), row.id.0));
    for row in rows {
        let one = listed(row, &classes, me.today);
        let row = one.row;
        let text = |text: &Option<String>| csv::text(text.as_deref().unwrap_or_default());
        let day = |day: Option<time::Date>| csv::text(&day.map(|day| day.to_string()).unwrap_or_default());
        file.row([
            csv::number(row.id.0),
            csv::text(&row.name),
            text(&row.external_id),
            text(&row.city),
            text(&row.segment),
            csv::text(&one.stage.words),
            csv::text(if one.slipping.is_some() { "yes" } else { "no" }),
            csv::text(one.class.map(Class::as_str).unwrap_or_default()),
            text(&row.owner),
            day(row.last_sale),
            day(row.last_visit),
            csv::number(currency.major(row.sales)),
            csv::text(currency.code()),
        ]);
    }
    Ok(Part { file, rest: (!is_last).then_some(filter), rows: all })
}

/// `GET /customers/events.csv`: every event that the same filters find on the page, in the same order.
pub async fn events(State(app): State<App>, me: Allowed<ReadSales>, list: List) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let (mut filter, _) = read_events(&mut read, &me, &list).await?;
    (filter.after, filter.limit) = (None, AT_ONCE);
    let mut file = csv::File::new(&[
        "customer_id",
        "customer",
        "day",
        "event",
        "deal",
        "counts_for",
        "sales_of_the_year_before",
        "currency",
        "counts",
    ]);
    let currency = me.company.currency;
    loop {
        let rows = timeline_db::events(&mut read, me.scope.org, &filter, me.today).await?;
        let is_last = i64::try_from(rows.len()).is_ok_and(|rows| rows < AT_ONCE);
        filter.after = rows.last().map(|row| (row.on_date, row.position, row.customer_id.0));
        for row in rows {
            let empty = || csv::text("");
            // What is lost is known of losses only.
            let value = if row.kind == EventKind::Lost { csv::number(currency.major(row.value)) } else { empty() };
            file.row([
                csv::number(row.customer_id.0),
                csv::text(&row.customer),
                csv::text(&row.on_date.to_string()),
                csv::text(show::what(row.kind)),
                row.number.map_or_else(empty, csv::number),
                csv::text(row.rep.as_deref().unwrap_or_default()),
                value,
                csv::text(currency.code()),
                csv::number(if matches!(row.kind, EventKind::FirstSaleUndone | EventKind::WonBackUndone) {
                    -1
                } else {
                    1
                }),
            ]);
        }
        if is_last {
            drop(read);
            let of = list.without(&[]);
            let download = Download { act: "customer.exported", object: "/customers", file: &of, rows: file.rows() };
            downloads::note(&app, &me, download).await?;
            return file.respond(&format!("customer-events-{}.csv", me.today));
        }
    }
}
