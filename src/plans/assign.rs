//! Who is on which plan: a rep is put on one from a month on, or taken off.

use axum::{extract::State, response::Response};

use super::{db, editor::locked, holds, web::load};
use crate::{
    App, audit,
    domain::{
        id::{PlanId, UserId},
        period::{Period, PeriodKind},
    },
    period_locks,
    web::{
        auth::{Allowed, PrepareCommission},
        error::Error,
        form::{Errors, Form, Path},
        once,
        page::{Page, refused},
        step_up,
        toast::Toast,
    },
};

/// What was typed.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct AssignForm {
    /// Who.
    pub rep: String,
    /// The first month.
    pub from: String,
    /// `on` puts the rep on the plan, `off` takes the rep off.
    pub act: String,
}

pub(super) async fn assign(
    State(app): State<App>,
    me: Allowed<PrepareCommission>,
    page: Page,
    Path(id): Path<PlanId>,
    Form { once, fields: form, typed }: Form<AssignForm>,
) -> Result<Response, Error> {
    if let Some(ask) = step_up::required(&me, &page, &format!("/plans/{id}/assignments"), &typed) {
        return ask;
    }
    let mut errors = Errors::new();
    let rep: Option<UserId> = errors.id("rep", &form.rep, "a rep");
    let from = Period::parse(form.from.trim(), me.company.fiscal_start);
    let from = from.ok().filter(|period| period.kind() == PeriodKind::Month).map(Period::from);
    if from.is_none() {
        errors.add("from", "Say the month from which it holds, like 2026-11.");
    }
    let (Some(rep), Some(from)) = (rep, from) else {
        return refused(load(&app, &me, page, id, form, errors).await?);
    };
    let mut write = once::begin_alone(&app, &me, once).await?;
    let versions = db::versions(&mut write, me.scope.org, id).await?;
    let (Some(newest), Some(first)) = (versions.first(), versions.last()) else { return Err(Error::NotFound) };
    let paying = holds::in_force(&versions, from).unwrap_or(newest);
    let kind = PeriodKind::from(paying.plan()?.period);
    let measured = Period::containing(kind, from, me.company.fiscal_start);
    let wrong = match () {
        () if measured.from() != from => {
            let begins = Period::month(measured.from(), me.company.fiscal_start);
            Some(format!("This plan pays by the {}: choose the first month of one, like {begins}.", kind.as_str()))
        }
        () if from < first.from_date => {
            let begins = Period::month(first.from_date, me.company.fiscal_start);
            Some(format!("The plan holds from {begins}. Choose that month or a later one."))
        }
        () => None,
    };
    if let Some(words) = wrong {
        drop(write);
        errors.add("from", words);
        return refused(load(&app, &me, page, id, form, errors).await?);
    }
    let reps = db::reps(&mut write, me.scope.org, me.today).await?;
    let Some(known) = reps.into_iter().find(|known| known.id == rep) else {
        drop(write);
        errors.add("rep", "Choose a rep from the list.");
        return refused(load(&app, &me, page, id, form, errors).await?);
    };
    let on = form.act != "off";
    let paid = if on { holds::paid_already(&mut write, &me, (rep, &known.name), from).await? } else { None };
    if let Some(words) = paid {
        drop(write);
        errors.add("from", words);
        return refused(load(&app, &me, page, id, form, errors).await?);
    }
    if period_locks::db::is_locked_from(&mut write, me.scope.org, from).await? {
        drop(write);
        return refused(load(&app, &me, page, id, form, locked("from")).await?);
    }
    db::assign(&mut write, rep, on.then_some(id), from).await?;
    let detail = serde_json::json!({ "rep": known.name, "from": from, "on": on });
    audit::db::record(&mut write, "plan.assigned", &format!("/plans/{id}"), detail).await?;
    let words = if on { "put on" } else { "taken off" };
    write.done_saying(&format!("/plans/{id}"), &Toast::new(format!("{} {words} the plan", known.name))).await
}
