//! `/first-steps`: from an empty company to the first approved statement, told by what is there already.

use askama::Template;
use axum::{extract::State, response::Response};
use time::Date;

use super::guide_db::{self, Done};
use crate::{
    App,
    domain::{
        access::{Permission, Role},
        id::ImportId,
        period::Period,
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
    title: String,
    words: String,
    /// "7 people"; empty: nothing yet.
    done: String,
    /// Where it is done, in the order of preference; only where the person's roles reach.
    links: Vec<(&'static str, String)>,
    /// Whose work it is, where it is not the person's.
    whose: &'static str,
}

#[derive(Template)]
#[template(path = "setup/guide.html")]
struct GuidePage {
    page: Page,
    /// The month that is over, through which the steps lead; the one that runs, and its last day.
    month: Period,
    running: Period,
    ends: Date,
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
    let running = Period::month(me.today, me.company.fiscal_start);
    let month = running.previous();
    let done = guide_db::done(&mut read, me.scope.org, me.today, running.from()).await?;
    let steps = steps(&me, month, &done);
    let all_done = steps.iter().all(|step| !step.done.is_empty());
    let (sample, is_empty) = done_db::sample(&mut read, me.scope.org).await?;
    page::html(GuidePage { page, month, running, ends: running.last_day(), steps, all_done, sample, is_empty })
}

/// The steps. Pay is approved for a period that is over: so all of them lead through the month before this one, and the
/// first statement does not wait for the end of the month.
fn steps(me: &Viewer, month: Period, done: &Done) -> Vec<Step> {
    let counted = |count: i64, one: &str, many: &str| match count {
        0 => String::new(),
        1000.. => format!("1,000 or more {many}"),
        _ => format::counted(count, one, many),
    };
    // The first administrator is there from the start.
    let others = if done.people > 1 { done.people } else { 0 };
    let name = format::period(month);
    let begun = format!("/targets/{month}");
    let single = me.may(Permission::RecordSales);
    let own = format!("/users/{}#roles-head", me.id);
    let step = |title: &str, words: String, done, role: Role, links: &[(&'static str, &str, Permission)]| {
        let whose = match role {
            _ if links.first().is_some_and(|(.., permission)| me.may(*permission)) => "",
            Role::Rep => "Reps do this.",
            Role::Manager => "Managers do this.",
            Role::Finance => "Somebody with the role finance does this.",
            Role::Admin => "Administrators do this.",
        };
        let links = links.iter().filter(|(.., permission)| me.may(*permission));
        let links = links.map(|(words, href, _)| (*words, (*href).to_owned())).collect();
        Step { title: title.to_owned(), words, done, links, whose }
    };
    let lacking = if done.teams > 0 && done.led_teams == 0 {
        " So far no team has both a manager and somebody in it."
    } else {
        ""
    };
    let confirmed = if me.company.confirm_deals { " A deal pays once a manager has confirmed it." } else { "" };
    let one_by_one = if single { "or one by one." } else { "or reps and managers add one by one." };
    vec![
        step(
            "Add your people",
            "Each gets a link to choose a password. Roles may be combined: who sells is a rep, who leads a team a \
             manager, who pays is in finance. Give yourself those of what you do yourself: then you have the buttons of \
             all steps below. Somebody else has to approve."
                .to_owned(),
            counted(others, "person", "people"),
            Role::Admin,
            &[
                ("Add a person", "/users/new", Permission::ManagePeople),
                ("Your own roles", own.as_str(), Permission::ManagePeople),
                ("Import a file", "/imports", Permission::ImportRecords),
            ],
        ),
        step(
            "Put them into teams",
            format!(
                "Create a team and name its manager on its page. A rep’s team is chosen on the rep’s own page. Managers \
                 see the teams that they lead, and those below.{lacking}"
            ),
            counted(done.led_teams, "team", "teams"),
            Role::Admin,
            &[("Teams", "/teams", Permission::ManagePeople), ("People", "/users", Permission::ManagePeople)],
        ),
        step(
            "Bring in your customers",
            format!("From a file with who owns them and since when they are customers, {one_by_one}"),
            counted(done.customers, "customer", "customers"),
            Role::Admin,
            &[
                ("Import a file", "/imports", Permission::ImportRecords),
                ("Add a customer", "/customers/new", Permission::RecordSales),
            ],
        ),
        step(
            &format!("Enter the visits and deals of {name}"),
            format!(
                "Reps enter each with its day, or a file brings them. What comes days later is flagged as late, and \
                 counts.{confirmed} Earlier deals, from a file, are what growth is compared with."
            ),
            counted(done.facts, "visit or deal", "visits and deals"),
            Role::Rep,
            &[
                ("Log a visit", "/visits/new", Permission::RecordSales),
                ("Enter a deal", "/deals/new", Permission::RecordSales),
                ("Deals to confirm", "/deals?unconfirmed=1", Permission::ConfirmDeals),
                ("Import files", "/imports", Permission::ImportRecords),
            ],
        ),
        step(
            &format!("Set targets for {name}"),
            "Visits, new customers, a limit of lost ones and growth for each rep, in one grid. It opens with this \
             month: go one back, and later copy from there."
                .to_owned(),
            counted(done.targets, "target", "targets"),
            Role::Manager,
            &[("Targets", begun.as_str(), Permission::SetTargets)],
        ),
        step(
            &format!("Make a plan from {name} on, and put reps on it"),
            "Begin with a template. The plan says in plain words what it pays. Until a first month is approved, plans \
             begin with the month that is over."
                .to_owned(),
            counted(done.on_plans, "rep on a plan", "reps on plans"),
            Role::Finance,
            &[
                ("Begin with a template", "/plans/new?template=starter", Permission::PrepareCommission),
                ("Plans", "/plans", Permission::PrepareCommission),
            ],
        ),
        step(
            &format!("Calculate {name}, and have it approved"),
            "Who calculates and submits a run does not approve it: somebody else in finance, a manager or an \
             administrator does, and finds it under the notices. Then the month is locked and every rep reads a \
             statement that explains itself."
                .to_owned(),
            counted(done.locks, "approved period", "approved periods"),
            Role::Finance,
            &[("Commission", "/commission-runs", Permission::PrepareCommission)],
        ),
    ]
}
