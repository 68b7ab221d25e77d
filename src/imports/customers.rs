//! `customers.csv`: customers, their free attributes, and the rep who owns them.

use super::{
    copy::Copy,
    customers_db,
    import::{Counts, Failure, Import},
    table::{Format, Table, optional, required},
};

/// The file. Every other column becomes an attribute.
pub const CUSTOMERS: Format = Format {
    file: "customers.csv",
    about: "Whom you sell to, and whose each is. Columns of your own become attributes.",
    columns: &[
        required("external_id", "C1"),
        required("name", "Nordlys Catering"),
        optional("rep", "R1"),
        optional("created_on", "2025-01-15"),
        optional("customer_since", ""),
        optional("segment", "Hospitality"),
        optional("industry", "Catering"),
        optional("city", "Oslo"),
        optional("country", "Norway"),
    ],
    more_columns: true,
    for_people: &[],
};

/// From so many customers on, an import into empty tables puts their indexes aside.
pub const MANY: u64 = 10_000;

/// Stages the file. How many rows it has; none: it is not there.
pub async fn read(import: &mut Import<'_>) -> Result<Option<u64>, Failure> {
    let Some(mut table) = Table::open(import.source, &CUSTOMERS, &mut import.problems)? else { return Ok(None) };
    let mut copy = Copy::start(
        import.tx,
        "copy import_customers (import_id, line, external_id, name, rep_id, created_on, customer_since, segment, industry,
             city, country, attributes)
         from stdin",
        import.id,
    )
    .await?;
    while let Some(mut row) = table.next(&mut import.problems)? {
        let attributes: serde_json::Map<_, _> =
            row.others().into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        copy.row(row.line)
            .text(row.text("external_id", 200))
            .text(row.text("name", 200))
            .value(row.rep("rep", &import.reps))
            .value(row.past_date("created_on", import.today))
            .value(row.past_date("customer_since", import.today))
            .text(row.text("segment", 200))
            .text(row.text("industry", 200))
            .text(row.text("city", 200))
            .text(row.text("country", 200))
            .text(Some(&serde_json::Value::Object(attributes).to_string()));
        copy.end().await?;
        import.progress.row(table.position());
    }
    import.progress.file_done(CUSTOMERS.file);
    Ok(Some(copy.finish().await?))
}

/// Refuses what only the whole file shows.
pub async fn check(import: &mut Import<'_>) -> Result<(), Failure> {
    for again in customers_db::repeated(import.tx, import.id).await? {
        let remedy = format!("Line {} has the same one. Give each customer its own.", again.first);
        import.problems.add(CUSTOMERS.file, again.line, "external_id", again.value, remedy);
    }
    Ok(())
}

/// Makes and changes customers, and hands over those that have another rep.
pub async fn write(import: &mut Import<'_>, rows: Option<u64>) -> Result<Option<Counts>, Failure> {
    let Some(rows) = rows else { return Ok(None) };
    let (tx, id, today) = (&mut import.tx, import.id, import.today);
    customers_db::update(tx, id).await?;
    let created = customers_db::insert(tx, id, today).await?;
    customers_db::own_from_the_beginning(tx, id).await?;
    customers_db::hand_over(tx, id, today).await?;
    let updated = super::db::updated_rows(tx, id, CUSTOMERS.file).await?;
    Ok(Some(Counts::of(rows, created, updated)))
}
