//! `targets.csv`: what is expected of whom.

use rust_decimal::Decimal;
use time::Month;

use super::{
    copy::Copy,
    import::{Counts, Failure, Import},
    table::{Format, Row, Table, optional, required},
    targets_db,
};
use crate::domain::{
    metric::{Metric, Unit},
    money::Currency,
    period::{Period, PeriodKind},
};

/// The file.
pub const TARGETS: Format = Format {
    file: "targets.csv",
    about: "What is expected of whom in which period.",
    columns: &[
        required("rep", "R1"),
        required("period_kind", "month"),
        required("period_start", "2025-03-01"),
        required("metric", "net_sales"),
        required("value", "20000"),
        optional("currency", ""),
    ],
    more_columns: false,
    for_people: &[],
};

/// Stages the file. How many rows it has; none: it is not there.
pub async fn read(import: &mut Import<'_>) -> Result<Option<u64>, Failure> {
    let Some(mut table) = Table::open(import.source, &TARGETS, &mut import.problems)? else { return Ok(None) };
    let fiscal_start = Month::try_from(import.fiscal_year_start).unwrap_or(Month::January);
    let mut copy = Copy::start(
        import.tx,
        "copy import_targets (import_id, line, rep_id, period_kind, period_start, metric, value) from stdin",
        import.id,
    )
    .await?;
    while let Some(mut row) = table.next(&mut import.problems)? {
        row.check_currency(import.currency);
        let metric = metric(&mut row);
        let kind = row.word("period_kind", &PeriodKind::ALL.map(PeriodKind::as_str)).and_then(PeriodKind::parse);
        let start = row.date("period_start");
        if let (Some(kind), Some(start)) = (kind, start) {
            let first = Period::containing(kind, start, fiscal_start).from();
            if first != start {
                let remedy =
                    format!("No {} begins on this day. The one that holds it begins on {first}.", kind.as_str());
                row.refuse("period_start", &start.to_string(), remedy);
            }
        }
        copy.row(row.line)
            .value(row.rep("rep", &import.reps))
            .text(kind.map(PeriodKind::as_str))
            .value(start)
            .text(metric.map(Metric::as_str))
            .value(value(&mut row, metric, import.currency));
        copy.end().await?;
        import.progress.row(table.position());
    }
    import.progress.file_done(TARGETS.file);
    Ok(Some(copy.finish().await?))
}

fn metric(row: &mut Row<'_>) -> Option<Metric> {
    let text = row.text("metric", 60)?;
    let metric = if text == "revenue" { Some(Metric::NetSales) } else { Metric::parse(text) };
    if metric.is_none() {
        let known = Metric::ALL.map(Metric::as_str).join(", ");
        row.refuse("metric", text, format!("There is no such metric. Write one of: {known}."));
    }
    metric
}

/// Counts are whole, money is in minor units, growth is a fraction.
fn value(row: &mut Row<'_>, metric: Option<Metric>, currency: Currency) -> Option<Decimal> {
    match metric.map(Metric::unit) {
        Some(Unit::Count) => row.whole("value", 0, 1_000_000_000).map(Decimal::from),
        Some(Unit::Money) => row.money("value", currency).map(Decimal::from),
        Some(Unit::Fraction) => row.decimal("value"),
        None => row.decimal("value").and(None),
    }
}

/// Refuses what only the whole file shows.
pub async fn check(import: &mut Import<'_>) -> Result<(), Failure> {
    for again in targets_db::repeated(import.tx, import.id).await? {
        let remedy = format!("Line {} sets the same target. Keep one of them.", again.first);
        import.problems.add(TARGETS.file, again.line, "metric", again.value, remedy);
    }
    Ok(())
}

/// Sets the targets that are not set to this value already.
pub async fn write(import: &mut Import<'_>, rows: Option<u64>) -> Result<Option<Counts>, Failure> {
    let Some(rows) = rows else { return Ok(None) };
    let (created, updated) = targets_db::set(import.tx, import.id).await?;
    Ok(Some(Counts::of(rows, created, updated)))
}
