//! `ownership.csv`: who owned which customer when. It replaces what was known of the customers that it names.

use super::{
    copy::Copy,
    import::{Counts, Failure, Import},
    ownership_db,
    table::{Format, Table, optional, required},
};

/// The file.
pub const OWNERSHIP: Format = Format {
    file: "ownership.csv",
    about: "Who looked after a customer from when to when, where that has changed.",
    columns: &[required("customer", "C1"), required("rep", "R1"), required("from", "2025-01-15"), optional("to", "")],
    more_columns: false,
    for_people: &[],
};

/// Stages the file. How many rows it has; none: it is not there.
pub async fn read(import: &mut Import<'_>) -> Result<Option<u64>, Failure> {
    let Some(mut table) = Table::open(import.source, &OWNERSHIP, &mut import.problems)? else { return Ok(None) };
    let mut copy = Copy::start(
        import.tx,
        "copy import_ownerships (import_id, line, customer, rep_id, during) from stdin",
        import.id,
    )
    .await?;
    while let Some(mut row) = table.next(&mut import.problems)? {
        copy.row(row.line)
            .text(row.text("customer", 200))
            .value(row.rep("rep", &import.reps))
            .value(row.days("from", "to"));
        copy.end().await?;
        import.progress.row(table.position());
    }
    import.progress.file_done(OWNERSHIP.file);
    Ok(Some(copy.finish().await?))
}

/// Refuses what only the whole file, or what is there already, shows.
pub async fn check(import: &mut Import<'_>) -> Result<(), Failure> {
    for unknown in ownership_db::unknown_customers(import.tx, import.id).await? {
        import.problems.add(OWNERSHIP.file, unknown.line, "customer", unknown.value, super::db::UNKNOWN_CUSTOMER);
    }
    for overlap in ownership_db::overlaps(import.tx, import.id).await? {
        let remedy = format!(
            "The days overlap with those of line {}. Let one end (its `to` is the first day no longer) where the other begins.",
            overlap.first
        );
        import.problems.add(OWNERSHIP.file, overlap.line, "from", overlap.value, remedy);
    }
    Ok(())
}

/// Replaces the ownerships of the customers in the file.
pub async fn write(import: &mut Import<'_>, rows: Option<u64>) -> Result<Option<Counts>, Failure> {
    let Some(rows) = rows else { return Ok(None) };
    let (tx, id) = (&mut import.tx, import.id);
    let (created, updated) = ownership_db::count(tx, id).await?;
    ownership_db::replace(tx, id).await?;
    Ok(Some(Counts::of(rows, created, updated)))
}
