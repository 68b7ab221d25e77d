//! `visits.csv`: who was with which customer.

use super::{
    copy::Copy,
    db::UNKNOWN_CUSTOMER,
    import::{Counts, Failure, Import},
    table::{Format, Table, optional, required},
    visits_db,
};

/// The file.
pub const VISITS: Format = Format {
    file: "visits.csv",
    about: "Who visited, called or met which customer, and what came of it.",
    columns: &[
        required("external_id", "V1"),
        required("rep", "R1"),
        required("customer", "C1"),
        required("visited_on", "2025-02-10"),
        optional("kind", "in_person"),
        optional("outcome", "order"),
        optional("minutes", "45"),
        optional("recorded_on", "2025-02-10"),
    ],
    more_columns: false,
    for_people: &[],
};

/// The outcomes that pages know. Another word becomes `other`, and is kept in the notes.
const OUTCOMES: [&str; 5] = ["order", "follow_up", "no_interest", "not_met", "other"];

/// Stages the file. How many rows it has; none: it is not there.
pub async fn read(import: &mut Import<'_>) -> Result<Option<u64>, Failure> {
    let Some(mut table) = Table::open(import.source, &VISITS, &mut import.problems)? else { return Ok(None) };
    let mut copy = Copy::start(
        import.tx,
        "copy import_visits (import_id, line, external_id, rep_id, customer, visited_on, kind, outcome, notes, minutes,
             recorded_on)
         from stdin",
        import.id,
    )
    .await?;
    while let Some(mut row) = table.next(&mut import.problems)? {
        let outcome = row.text("outcome", 2000);
        let known = outcome.filter(|outcome| OUTCOMES.contains(outcome));
        copy.row(row.line)
            .text(row.text("external_id", 200))
            .value(row.rep("rep", &import.reps))
            .text(row.text("customer", 200))
            .value(row.past_date("visited_on", import.today))
            .text(row.word("kind", &["in_person", "call", "online"]))
            .text(known.or(outcome.map(|_| "other")))
            .text(outcome.filter(|_| known.is_none()))
            .value(row.whole("minutes", 1, 1440))
            .value(row.past_date("recorded_on", import.today));
        copy.end().await?;
        import.progress.row(table.position());
    }
    import.progress.file_done(VISITS.file);
    Ok(Some(copy.finish().await?))
}

/// Refuses what only the whole file, or what is there already, shows.
pub async fn check(import: &mut Import<'_>) -> Result<(), Failure> {
    for again in visits_db::repeated(import.tx, import.id).await? {
        let remedy = format!("Line {} has the same one. Give each visit its own.", again.first);
        import.problems.add(VISITS.file, again.line, "external_id", again.value, remedy);
    }
    for unknown in visits_db::unknown_customers(import.tx, import.id).await? {
        import.problems.add(VISITS.file, unknown.line, "customer", unknown.value, UNKNOWN_CUSTOMER);
    }
    Ok(())
}

/// Makes and changes visits.
pub async fn write(import: &mut Import<'_>, rows: Option<u64>) -> Result<Option<Counts>, Failure> {
    let Some(rows) = rows else { return Ok(None) };
    visits_db::update(import.tx, import.id).await?;
    let updated = super::db::updated_rows(import.tx, import.id, VISITS.file).await?;
    let created = visits_db::insert(import.tx, import.id).await?;
    Ok(Some(Counts::of(rows, created, updated)))
}
