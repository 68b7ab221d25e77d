//! `assignments.csv`: who is on which plan when.

use time::Month;

use super::{
    assignments_db,
    copy::Copy,
    import::{Counts, Failure, Import},
    plans::Plans,
    table::{Format, Table, optional, required},
};
use crate::domain::period::Period;

/// The file.
pub const ASSIGNMENTS: Format = Format {
    file: "assignments.csv",
    about: "Who is on which commission plan from when to when.",
    columns: &[required("plan", "Starter"), required("rep", "R1"), required("from", "2025-03-01"), optional("to", "")],
    more_columns: false,
    for_people: &[],
};

/// Stages the file. How many rows it has; none: it is not there.
pub async fn read(import: &mut Import<'_>, plans: &Plans) -> Result<Option<u64>, Failure> {
    let Some(mut table) = Table::open(import.source, &ASSIGNMENTS, &mut import.problems)? else { return Ok(None) };
    let fiscal_start = Month::try_from(import.fiscal_year_start).unwrap_or(Month::January);
    let mut copy =
        Copy::start(import.tx, "copy import_assignments (import_id, line, plan, rep_id, during) from stdin", import.id)
            .await?;
    while let Some(mut row) = table.next(&mut import.problems)? {
        let plan = row.text("plan", 120);
        let period = plan.and_then(|plan| plans.periods.get(plan)).copied();
        if let (Some(plan), None) = (plan, period) {
            row.refuse("plan", plan, "There is no plan of this name. Correct it, or add the plan to plans.json.");
        }
        let days = row.days("from", "to");
        if let (Some(kind), Some(from)) = (period, days.as_deref().and_then(|days| super::cell::date(days.get(1..11)?)))
        {
            let first = Period::containing(kind, from, fiscal_start).from();
            if first != from {
                let remedy = format!(
                    "The plan is measured by the {}. Let it begin on the first day of one, like {first}.",
                    kind.as_str()
                );
                row.refuse("from", &from.to_string(), remedy);
            }
        }
        copy.row(row.line).text(plan).value(row.rep("rep", &import.reps)).value(days);
        copy.end().await?;
        import.progress.row(table.position());
    }
    import.progress.file_done(ASSIGNMENTS.file);
    Ok(Some(copy.finish().await?))
}

/// Refuses what only the whole file shows.
pub async fn check(import: &mut Import<'_>) -> Result<(), Failure> {
    for overlap in assignments_db::overlaps(import.tx, import.id).await? {
        let remedy = format!(
            "The days overlap with those of line {}: nobody is on two plans at once. Let one end (its `to` is the first day no longer) where the other begins.",
            overlap.first
        );
        import.problems.add(ASSIGNMENTS.file, overlap.line, "from", overlap.value, remedy);
    }
    Ok(())
}

/// Puts reps on plans. What was known of other days stays.
pub async fn write(import: &mut Import<'_>, rows: Option<u64>) -> Result<Option<Counts>, Failure> {
    let Some(rows) = rows else { return Ok(None) };
    let (created, updated) = assignments_db::count(import.tx, import.id).await?;
    assignments_db::assign(import.tx, import.id).await?;
    Ok(Some(Counts::of(rows, created, updated)))
}
