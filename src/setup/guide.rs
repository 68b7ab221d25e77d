//! `/first-steps`: from an empty company to the first approved statement, told by what is there already.

use askama::Template;
use axum::{extract::State, response::Response};

use super::guide_db::{self, Done};
use crate::{
    App,
    domain::{
        access::{Permission, Role},
        id::ImportId,
    },
    imports::done_db,
    postgres::tx,
    web::{
        auth::{Allowed, ManagePeople, Viewer},
        error::Error,
        format,
        page::{self, Page},
        routes::Routes,
    },
};

/// The route of the guide.
pub fn routes() -> Routes {
    Routes::new().get("/first-steps", show)
}

/// Something to do once.
struct Step {
    title: &'static str,
    words: &'static str,
    /// "7 people"; empty: nothing yet.
    done: String,
    /// Where it is done, in the order of preference; empty where the person's roles do not reach.
    links: Vec<(&'static str, &'static str)>,
    /// Whose work it is, where it is not the person's.
    whose: &'static str,
}

#[derive(Template)]
#[template(path = "setup/guide.html")]
struct GuidePage {
    page: Page,
    steps: Vec<Step>,
    all_done: bool,
    /// The import that brought sample data, while it is there.
    sample: Option<ImportId>,
    /// Whether sample data may come: there are no customers yet.
    is_empty: bool,
}

/// `GET /first-steps`: each step is done when the company's own records say so.
async fn show(State(app): State<App>, me: Allowed<ManagePeople>, page: Page) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let steps = steps(&me, &guide_db::done(&mut read, me.scope.org).await?);
    let all_done = steps.iter().all(|step| !step.done.is_empty());
    let (sample, is_empty) = done_db::sample(&mut read, me.scope.org).await?;
    page::html(GuidePage { page, steps, all_done, sample, is_empty })
}

fn steps(me: &Viewer, done: &Done) -> Vec<Step> {
    let counted = |count: i64, one: &str, many: &str| match count {
        0 => String::new(),
        1000.. => format!("1,000 or more {many}"),
        _ => format::counted(count, one, many),
    };
    // The first administrator is there from the start.
    let others = if done.people > 1 { done.people } else { 0 };
    let step = |title, words, done, role: Role, links: &[(&'static str, &'static str)], permission| {
        let mine = me.may(permission);
        let links = if mine { links.to_vec() } else { vec![] };
        let whose = match role {
            _ if mine => "",
            Role::Rep => "Reps do this.",
            Role::Manager => "Managers do this.",
            Role::Finance => "Somebody with the role finance does this.",
            Role::Admin => "Administrators do this.",
        };
        Step { title, words, done, links, whose }
    };
    vec![
        step(
            "Add your people",
            "Each gets a link to choose a password. Roles may be combined: who sells is a rep, who leads a team a \
             manager, who pays is in finance.",
            counted(others, "person", "people"),
            Role::Admin,
            &[("Add a person", "/users/new"), ("Import a file", "/imports")],
            Permission::ManagePeople,
        ),
        step(
            "Put them into teams",
            "A team has its manager and may stand below another one. Managers see the teams that they lead.",
            counted(done.teams, "team", "teams"),
            Role::Admin,
            &[("Teams", "/teams")],
            Permission::ManagePeople,
        ),
        step(
            "Bring in your customers",
            "From a file with who owns them and since when they are customers, or one by one.",
            counted(done.customers, "customer", "customers"),
            Role::Admin,
            &[("Import a file", "/imports")],
            Permission::ManagePeople,
        ),
        step(
            "Log visits and deals",
            "What your reps do from today on, and past deals from a file: growth needs last year's.",
            counted(done.facts, "visit or deal", "visits and deals"),
            Role::Rep,
            &[("Log a visit", "/visits/new"), ("Enter a deal", "/deals/new")],
            Permission::RecordSales,
        ),
        step(
            "Set targets",
            "Visits, new customers, a limit of lost ones and growth for each rep and month, in one grid.",
            counted(done.targets, "target", "targets"),
            Role::Manager,
            &[("Targets", "/targets")],
            Permission::SetTargets,
        ),
        step(
            "Make a plan, and put reps on it",
            "Begin with a template. The plan says in plain words what it pays.",
            counted(done.on_plans, "rep on a plan", "reps on plans"),
            Role::Finance,
            &[("Begin with a template", "/plans/new?template=starter"), ("Plans", "/plans")],
            Permission::PrepareCommission,
        ),
        step(
            "Calculate a month, and have it approved",
            "Who prepares a run does not approve it: a manager or another administrator does. Then the month is locked \
             and every rep reads a statement that explains itself.",
            counted(done.locks, "approved period", "approved periods"),
            Role::Finance,
            &[("Commission", "/commission-runs")],
            Permission::PrepareCommission,
        ),
    ]
}
