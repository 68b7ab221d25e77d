//! Targets that a plan looks at and that nobody has: without them it pays less than its author thinks.

use sqlx::PgConnection;

use super::db;
use crate::{
    domain::{
        commission::plan::Plan,
        id::{OrgId, PlanId, UserId},
        metric::Metric,
        period::Period,
        subject::{Subject, Subjects},
    },
    targets,
    web::format,
};

/// How many reps are named one by one.
const NAMED: usize = 3;

/// A metric and a sentence for each whose target some of the reps lack in the first period: those on the plan then who have
/// not left, or everybody while nobody is on it.
pub async fn lacking(
    db: &mut PgConnection,
    org: OrgId,
    plan: &Plan,
    id: Option<PlanId>,
    first: Period,
) -> sqlx::Result<Vec<(Metric, String)>> {
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
    let whose = Subjects { reps: reps.iter().map(|(id, _)| *id).collect(), ..Subjects::default() };
    let set = targets::db::in_force(db, org, &whose, &[first]).await?;
    let mut told = vec![];
    for metric in attained {
        let has = |rep: &UserId| set.iter().any(|target| target.whose == Subject::Rep(*rep) && target.metric == metric);
        let without: Vec<String> = reps.iter().filter(|(id, _)| !has(id)).map(|(_, name)| name.clone()).collect();
        let kind = if metric.is_limit() { "limit" } else { "target" };
        let what = format!("a {kind} for {} in {}", metric.label().to_lowercase(), format::period(first));
        if without.len() == reps.len() {
            told.push((metric, format!("{who} has {what}: what depends on it pays nothing.")));
        } else if !without.is_empty() {
            let rest = without.len().saturating_sub(NAMED);
            let mut names: Vec<String> = without.into_iter().take(NAMED).collect();
            if rest > 0 {
                names.push(format::counted(i64::try_from(rest).unwrap_or(i64::MAX), "other", "others"));
            }
            let verb = if names.len() == 1 { "does not have" } else { "do not have" };
            let names = format::listed(&names);
            told.push((metric, format!("{names} {verb} {what}: what depends on it pays them nothing.")));
        }
    }
    Ok(told)
}
