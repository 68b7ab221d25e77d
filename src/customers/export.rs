//! The list of customers as a file.

use axum::{extract::State, response::Response};

use super::{
    list_db,
    web::{classes, read_filter, with_stages},
};
use crate::{
    App,
    domain::classes::Class,
    postgres::tx,
    web::{
        auth::{Allowed, ReadSales},
        csv,
        error::Error,
        list::List,
    },
};

/// How many customers are in memory at once.
const AT_ONCE: i64 = 2000;

/// `GET /customers.csv`: everything that the same filters find on the page, in the same order.
pub async fn export(State(app): State<App>, me: Allowed<ReadSales>, list: List) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let classes = classes(&mut read, &me).await?;
    let (mut filter, _) = read_filter(&me, &list, &classes)?;
    (filter.after, filter.limit) = (None, AT_ONCE);
    let mut file = csv::File::new(&[
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
    ]);
    let currency = me.company.currency;
    loop {
        let rows = list_db::list(&mut read, &me.scope, &filter, me.today).await?;
        let is_last = i64::try_from(rows.len()).is_ok_and(|rows| rows < AT_ONCE);
        filter.after = rows.last().map(|row| (row.sort_key.clone(), row.id.0));
        for one in with_stages(&mut read, &me, rows, &classes).await? {
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
        if is_last {
            return file.respond(&format!("customers-{}.csv", me.today));
        }
    }
}
