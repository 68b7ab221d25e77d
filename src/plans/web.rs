//! Plans' pages: the list, a plan with its versions, and the routes of the editor.

use axum::{extract::State, response::Response};

use super::{
    assign::{self, AssignForm},
    compare,
    db::{self, AssignmentRow, PlanRow, RepRow, VersionRow},
    editor, example, holds, simulation, targets,
};
use crate::{
    App,
    domain::{commission::told, id::PlanId, period::Period},
    postgres::tx,
    web::{
        auth::{Allowed, PrepareCommission, Viewer},
        error::Error,
        form::{Errors, Path},
        page::{Page, html},
        routes::Routes,
        ui::Choice,
    },
};

/// The largest form of a plan in bytes: one with every component and row that it has room for needs half of it.
const LARGEST_PLAN: usize = 512 << 10;

/// The routes of plans.
pub fn routes() -> Routes {
    Routes::new()
        .get("/plans", index)
        .post_large("/plans", LARGEST_PLAN, editor::create)
        .get("/plans/new", editor::new)
        .get("/plans/{id}", show)
        .get("/plans/{id}/compare", compare::show)
        .get("/plans/{id}/simulation", simulation::show)
        .post("/plans/{id}/simulation.csv", simulation::export)
        .get("/plans/{id}/versions/new", editor::new_version)
        .post_large("/plans/{id}/versions", LARGEST_PLAN, editor::create_version)
        .post("/plans/{id}/assignments", assign::assign)
}

#[derive(askama::Template)]
#[template(path = "plans/index.html")]
struct IndexPage {
    page: Page,
    plans: Vec<PlanRow>,
    without: Vec<RepRow>,
}

async fn index(State(app): State<App>, me: Allowed<PrepareCommission>, page: Page) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let plans = db::list(&mut read, me.scope.org, me.today).await?;
    let without = db::reps(&mut read, me.scope.org, me.today)
        .await?
        .into_iter()
        .filter(|r| r.sells && r.plan.is_none())
        .collect();
    html(IndexPage { page, plans, without })
}

#[derive(askama::Template)]
#[template(path = "plans/show.html")]
pub(super) struct ShowPage {
    page: Page,
    newest: VersionRow,
    /// Each component's name and sentences, then those of the whole plan.
    rules: Vec<(String, Vec<String>)>,
    warnings: Vec<String>,
    /// All of them, the newest first, and until when each holds.
    versions: Vec<(VersionRow, String)>,
    assignments: Vec<AssignmentRow>,
    reps: Vec<Choice>,
    form: AssignForm,
    errors: Errors,
}

async fn show(
    State(app): State<App>,
    me: Allowed<PrepareCommission>,
    page: Page,
    Path(id): Path<PlanId>,
) -> Result<Response, Error> {
    let from = editor::first_month(&mut *tx::read(&app.db, me.scope.org).await?, &me).await?;
    let form = AssignForm { from: from.to_string(), ..AssignForm::default() };
    html(load(&app, &me, page, id, form, Errors::new()).await?)
}

/// The page of a plan with the form that puts reps on it.
pub(super) async fn load(
    app: &App,
    me: &Viewer,
    page: Page,
    id: PlanId,
    form: AssignForm,
    errors: Errors,
) -> Result<ShowPage, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let versions = db::versions(&mut read, me.scope.org, id).await?;
    let newest = versions.first().cloned().ok_or(Error::NotFound)?;
    let plan = newest.plan()?;
    let assignments = db::assignments(&mut read, me.scope.org, id).await?;
    let reps = db::reps(&mut read, me.scope.org, me.today).await?;
    let reps = reps.into_iter().map(|rep| Choice::new(rep.id, with_plan(&rep))).collect();
    let first = Period::containing(plan.period.into(), newest.from_date.max(me.today), me.company.fiscal_start);
    let lacking = targets::lacking(&mut read, me.scope.org, &plan, Some(id), first).await?;
    let rules = plan.components.iter().map(|one| (one.name.clone(), told::component(one, plan.currency)));
    let overtaken = holds::overtaken(&versions, newest.from_date, me.company.fiscal_start);
    let warnings = example::warnings(&plan, None).into_iter().map(|warning| warning.words);
    let lacking = lacking.into_iter().map(|(_, words)| words);
    let until: Vec<String> = versions.iter().map(|version| holds::until(&versions, version)).collect();
    Ok(ShowPage {
        page,
        rules: rules.chain([("The whole plan".to_owned(), told::together(&plan))]).collect(),
        warnings: overtaken.into_iter().chain(warnings).chain(lacking).collect(),
        newest,
        versions: versions.into_iter().zip(until).collect(),
        assignments,
        reps,
        form,
        errors,
    })
}

fn with_plan(rep: &RepRow) -> String {
    match &rep.plan {
        Some(plan) => format!("{} (on {plan})", rep.name),
        None => format!("{} (on no plan)", rep.name),
    }
}
