//! Targets that a plan looks at and that nobody has: without them it pays less than its author thinks.

use std::collections::HashMap;

use sqlx::PgConnection;

use super::db;
use crate::{
    domain::{
        commission::plan::{Attained, Plan},
        id::{OrgId, PlanId, UserId},
        period::{Period, PeriodKind},
        subject::{Subject, Subjects},
    },
    targets,
    web::format,
};

/// How many reps are named one by one.
const NAMED: usize = 3;

/// What a target is called: that of the year, or one of each of its periods, is looked at by what climbs by the year.
pub fn named(target: Attained) -> &'static str {
    match (target.metric.is_limit(), target.of_year) {
        (true, false) => "limit",
        (true, true) => "year's limit",
        (false, false) => "target",
        (false, true) => "year's target",
    }
}

/// A target and a sentence for each that some of the reps lack in the first period or its year: those on the plan then who
/// have not left, or everybody while nobody is on it.
pub async fn lacking(
    db: &mut PgConnection,
    org: OrgId,
    plan: &Plan,
    id: Option<PlanId>,
    first: Period,
) -> sqlx::Result<Vec<(Attained, String)>> {
    let attained = plan.attained();
    if attained.is_empty() {
        return Ok(vec![]);
    }
    let on = first.from();
    let present = db::reps(db, org, on).await?;
    let mut reps: Vec<(UserId, String)> = vec![];
    if let Some(id) = id {
        let then = |row: &db::AssignmentRow| {
            row.from_date.is_none_or(|from| from <= on) && row.to_date.is_none_or(|to| on < to)
        };
        let assigned = db::assignments(db, org, id).await?;
        let there = |row: &db::AssignmentRow| present.iter().any(|rep| rep.id == row.rep_id);
        reps.extend(assigned.into_iter().filter(|row| then(row) && there(row)).map(|row| (row.rep_id, row.rep)));
    }
    let who = if reps.is_empty() { "Nobody" } else { "Nobody on this plan" };
    if reps.is_empty() {
        reps.extend(present.into_iter().filter(|rep| rep.sells).map(|rep| (rep.id, rep.name)));
    }
    let ids: Vec<UserId> = reps.iter().map(|(id, _)| *id).collect();
    let set = targets::db::in_force(db, org, &Subjects::reps(&ids), &[first]).await?;
    let year = first.as_kind(PeriodKind::Year);
    let of_year = if attained.iter().any(|target| target.of_year) {
        targets::expected::of_year(db, org, &ids, year, first.kind()).await?
    } else {
        HashMap::new()
    };
    let mut told = vec![];
    for attained in attained {
        let metric = attained.metric;
        let has = |rep: &UserId| {
            let own = || set.iter().any(|target| target.whose == Subject::Rep(*rep) && target.metric == metric);
            if attained.of_year { of_year.get(rep).is_some_and(|all| all.contains_key(&metric)) } else { own() }
        };
        let without: Vec<String> = reps.iter().filter(|(id, _)| !has(id)).map(|(_, name)| name.clone()).collect();
        let when = format::period(if attained.of_year { year } else { first });
        let what = format!("a {} for {} in {when}", named(attained), metric.label().to_lowercase());
        if without.len() == reps.len() {
            told.push((attained, format!("{who} has {what}: what depends on it pays nothing.")));
        } else if !without.is_empty() {
            let rest = without.len().saturating_sub(NAMED);
            let mut names: Vec<String> = without.into_iter().take(NAMED).collect();
            if rest > 0 {
                names.push(format::counted(i64::try_from(rest).unwrap_or(i64::MAX), "other", "others"));
            }
            let verb = if names.len() == 1 { "does not have" } else { "do not have" };
            let names = format::listed(&names);
            told.push((attained, format!("{names} {verb} {what}: what depends on it pays them nothing.")));
        }
    }
    Ok(told)
}
