//! Who may do what: every role on every route, and every reach on every kind of record.
//!
//! The routes come from the router itself: one that is missing in [`ROUTES`] fails the test, and so does a row whose
//! route is gone. Whoever adds a route adds its row here, and an object to [`World`] if its path has an id.

mod every_route;
mod twins;

use std::collections::{BTreeMap, BTreeSet};

use attain::{
    customers, deals, disputes,
    domain::{
        access::{Permission, Role},
        customer::facts::EndingKind,
        deal::{Credit, Stage},
        id::{CustomerId, DealId, DisputeId, EndingId, NoteId, OrgId, ProposalId, StatementId, VisitId},
        money::Money,
        visit::{Kind, State},
    },
    imports::{self, import::Counts, preview::Preview, source::SentFile},
    postgres::tx,
    products, users, visits,
};
use time::macros::date;

use crate::{
    kit::has_headers,
    support::{Answer, Client, TestApp, User},
};

/// Led to the door: nobody is signed in. Stands for a 303 to `/sign-in`.
const DOOR: u16 = 1;

/// Each route with what it answers to: nobody, a rep, a manager, finance, an administrator.
///
/// Paths have their id of an object in sight of all four. Posts send an empty form, so an allowed one answers that
/// something is missing (422), is not there (404) or is done (303); 400: its form carries no key.
const ROUTES: &[(&str, [u16; 5])] = &[
    // Everybody.
    ("GET /", [DOOR, 303, 303, 303, 303]),
    ("GET /sign-in", [200, 303, 303, 303, 303]),
    ("POST /sign-in", [422, 422, 422, 422, 422]),
    // Nobody owes a code here.
    ("GET /sign-in/code", [DOOR, DOOR, DOOR, DOOR, DOOR]),
    ("POST /sign-in/code", [DOOR, DOOR, DOOR, DOOR, DOOR]),
    ("GET /setup", [404, 404, 404, 404, 404]),
    ("POST /setup", [404, 404, 404, 404, 404]),
    ("GET /first-steps", [DOOR, 403, 403, 403, 200]),
    ("POST /first-steps/sample", [DOOR, 403, 403, 403, 409]),
    ("GET /invitations/{token}", [410, 410, 410, 410, 410]),
    ("POST /invitations/{token}", [410, 410, 410, 410, 410]),
    ("POST /confirm-password", [DOOR, 400, 400, 400, 400]),
    ("GET /profile", [DOOR, 200, 200, 200, 200]),
    ("POST /profile/password", [DOOR, 422, 422, 422, 422]),
    ("POST /profile/formats", [DOOR, 422, 422, 422, 422]),
    ("POST /profile/sign-out-elsewhere", [DOOR, 303, 303, 303, 303]),
    ("POST /profile/sessions/{key}/end", [DOOR, 404, 404, 404, 404]),
    ("GET /profile/second-factor", [DOOR, 200, 200, 200, 200]),
    // It leads back: nothing was begun, and nothing is on.
    ("GET /profile/second-factor/new", [DOOR, 303, 303, 303, 303]),
    ("POST /profile/second-factor/new", [DOOR, 303, 303, 303, 303]),
    ("POST /profile/second-factor/recovery-codes", [DOOR, 303, 303, 303, 303]),
    ("POST /profile/second-factor/off", [DOOR, 303, 303, 303, 303]),
    ("POST /profile/second-factor", [DOOR, 303, 303, 303, 303]),
    ("GET /search", [DOOR, 200, 200, 200, 200]),
    ("GET /help/keys", [DOOR, 200, 200, 200, 200]),
    ("GET /notices", [DOOR, 200, 200, 200, 200]),
    ("POST /notices/seen", [DOOR, 400, 400, 400, 400]),
    // People, roles, teams.
    ("GET /users", [DOOR, 403, 403, 403, 200]),
    ("GET /users.csv", [DOOR, 403, 403, 403, 200]),
    ("POST /users", [DOOR, 403, 403, 403, 422]),
    ("GET /users/new", [DOOR, 403, 403, 403, 200]),
    ("GET /users/{id}", [DOOR, 403, 403, 403, 200]),
    ("POST /users/{id}", [DOOR, 403, 403, 403, 422]),
    ("POST /users/{id}/roles", [DOOR, 403, 403, 403, 422]),
    ("POST /users/{id}/team", [DOOR, 403, 403, 403, 303]),
    ("POST /users/{id}/invitation", [DOOR, 403, 403, 403, 200]),
    ("POST /users/{id}/sign-out", [DOOR, 403, 403, 403, 303]),
    ("POST /users/{id}/second-factor/off", [DOOR, 403, 403, 403, 409]),
    ("POST /users/{id}/departure", [DOOR, 403, 403, 403, 422]),
    ("POST /users/{id}/deactivation", [DOOR, 403, 403, 403, 303]),
    ("POST /users/{id}/activation", [DOOR, 403, 403, 403, 303]),
    // One who is in no team is out of the manager's sight; those who are in one stand in REACH.
    ("GET /users/{id}/leave", [DOOR, 403, 404, 403, 200]),
    ("POST /users/{id}/leave", [DOOR, 403, 404, 403, 422]),
    // It has its last day.
    ("POST /users/{id}/leave/{leave}/end", [DOOR, 403, 404, 403, 409]),
    ("POST /users/{id}/leave/{leave}/remove", [DOOR, 403, 404, 403, 303]),
    // What the administrator has removed above.
    ("POST /users/{id}/leave/{leave}/restore", [DOOR, 403, 404, 403, 303]),
    ("POST /viewing/end", [DOOR, 303, 303, 303, 303]),
    ("GET /teams", [DOOR, 403, 403, 403, 200]),
    ("POST /teams", [DOOR, 403, 403, 403, 422]),
    ("GET /teams/{id}", [DOOR, 403, 403, 403, 200]),
    ("POST /teams/{id}", [DOOR, 403, 403, 403, 422]),
    ("POST /teams/{id}/managers", [DOOR, 403, 403, 403, 422]),
    ("POST /teams/{id}/managers/end", [DOOR, 403, 403, 403, 422]),
    // The company's rules.
    ("GET /settings", [DOOR, 403, 403, 403, 200]),
    ("POST /settings", [DOOR, 403, 403, 403, 422]),
    ("POST /settings/limits", [DOOR, 403, 403, 403, 422]),
    ("GET /settings/levels", [DOOR, 403, 403, 403, 200]),
    ("POST /settings/levels", [DOOR, 403, 403, 403, 400]),
    ("GET /settings/minimums", [DOOR, 403, 403, 403, 200]),
    ("POST /settings/minimums", [DOOR, 403, 403, 403, 422]),
    ("POST /settings/minimums/{id}/remove", [DOOR, 403, 403, 403, 303]),
    ("POST /settings/minimums/{id}/restore", [DOOR, 403, 403, 403, 303]),
    ("GET /settings/proration", [DOOR, 403, 403, 403, 200]),
    ("POST /settings/proration", [DOOR, 403, 403, 403, 400]),
    // Without having seen a preview one gets to see it.
    ("POST /settings/limits/{id}/remove", [DOOR, 403, 403, 403, 200]),
    ("POST /settings/holidays", [DOOR, 403, 403, 403, 422]),
    ("POST /settings/holidays/file", [DOOR, 403, 403, 403, 400]),
    ("POST /settings/holidays/days", [DOOR, 403, 403, 403, 422]),
    ("POST /settings/holidays/{day}/remove", [DOOR, 403, 403, 403, 303]),
    ("POST /settings/holidays/{day}/restore", [DOOR, 403, 403, 403, 303]),
    // Who did what.
    ("GET /audit", [DOOR, 403, 403, 403, 200]),
    ("GET /audit.csv", [DOOR, 403, 403, 403, 200]),
    // Files to be imported: an empty form has none, and what waits is its sender's alone.
    ("GET /imports", [DOOR, 403, 403, 403, 200]),
    ("POST /imports", [DOOR, 403, 403, 403, 400]),
    ("GET /imports/templates/{file}", [DOOR, 403, 403, 403, 200]),
    ("GET /imports/{id}", [DOOR, 403, 403, 403, 200]),
    ("GET /imports/{id}/problems.csv", [DOOR, 403, 403, 403, 200]),
    ("POST /imports/{id}/columns", [DOOR, 403, 403, 403, 303]),
    ("POST /imports/{id}/apply", [DOOR, 403, 403, 403, 303]),
    ("POST /imports/{id}/discard", [DOOR, 403, 403, 403, 409]),
    ("GET /imports/done/{id}", [DOOR, 403, 403, 403, 200]),
    ("POST /imports/done/{id}/undo", [DOOR, 403, 403, 403, 303]),
    // Numbers and targets.
    ("GET /my-month", [DOOR, 200, 303, 303, 303]),
    ("GET /reps/{id}", [DOOR, 200, 200, 200, 200]),
    ("GET /scoreboard", [DOOR, 303, 200, 200, 200]),
    ("GET /scoreboard.csv", [DOOR, 403, 200, 200, 200]),
    ("GET /scoreboard/wall", [DOOR, 403, 200, 200, 200]),
    ("GET /targets", [DOOR, 403, 303, 403, 403]),
    ("GET /targets/{period}", [DOOR, 403, 200, 403, 403]),
    ("GET /targets/{period}/targets.csv", [DOOR, 403, 200, 403, 403]),
    ("GET /targets/{period}/changes", [DOOR, 403, 200, 403, 403]),
    ("POST /targets/{period}", [DOOR, 403, 400, 403, 403]),
    ("GET /growth", [DOOR, 404, 404, 404, 404]),
    ("GET /growth.csv", [DOOR, 404, 404, 404, 404]),
    ("GET /metrics/{metric}", [DOOR, 404, 404, 200, 200]),
    ("GET /metrics/{metric}/rows.csv", [DOOR, 404, 404, 200, 200]),
    // What the rep would accept is not named; nobody else has targets.
    ("POST /targets/{period}/acceptance", [DOOR, 400, 403, 403, 403]),
    ("POST /targets/{period}/undo/{rows}", [DOOR, 403, 404, 403, 403]),
    // Customers.
    ("GET /customers", [DOOR, 200, 200, 200, 200]),
    ("GET /customers.csv", [DOOR, 200, 200, 200, 200]),
    ("GET /customers/events", [DOOR, 200, 200, 200, 200]),
    ("GET /customers/events.csv", [DOOR, 200, 200, 200, 200]),
    ("GET /customers/handover", [DOOR, 403, 200, 403, 200]),
    ("POST /customers/handover", [DOOR, 403, 422, 403, 422]),
    ("GET /customers/new", [DOOR, 200, 200, 403, 403]),
    ("GET /customers/{id}", [DOOR, 200, 200, 200, 200]),
    ("GET /customers/{id}/merge", [DOOR, 403, 200, 403, 200]),
    ("POST /customers/{id}/merge", [DOOR, 403, 422, 403, 422]),
    // The manager takes it back: it is no merge any more.
    ("POST /customers/{id}/merges/{merge}/undo", [DOOR, 403, 303, 403, 404]),
    ("GET /customers/{id}/edit", [DOOR, 200, 200, 403, 403]),
    ("GET /customers/{id}/ending", [DOOR, 200, 200, 403, 403]),
    ("POST /customers", [DOOR, 422, 422, 403, 403]),
    ("POST /customers/{id}", [DOOR, 422, 422, 403, 403]),
    ("POST /customers/{id}/notes", [DOOR, 422, 422, 403, 403]),
    // The manager removes it: it is gone for whoever asks after.
    ("POST /customers/{id}/notes/{note}/remove", [DOOR, 403, 303, 403, 403]),
    ("POST /customers/{id}/notes/{note}/restore", [DOOR, 409, 303, 403, 403]),
    ("POST /customers/{id}/ending", [DOOR, 422, 422, 403, 403]),
    // What a rep proposes: a manager confirms or rejects it, whoever proposed it takes it back.
    ("GET /customers/proposals", [DOOR, 200, 200, 403, 403]),
    ("GET /customers/{id}/proposals/{proposal}", [DOOR, 200, 200, 403, 403]),
    ("POST /customers/{id}/proposals/{proposal}/reject", [DOOR, 403, 422, 403, 403]),
    ("POST /customers/{id}/proposals/{proposal}/withdraw", [DOOR, 303, 403, 403, 403]),
    ("POST /customers/{id}/proposals/{proposal}/confirm", [DOOR, 403, 409, 403, 403]),
    // An end that only managers declare, and therefore take back.
    ("POST /customers/{id}/endings/{ending}/withdraw", [DOOR, 403, 303, 403, 403]),
    // Visits.
    ("GET /visits", [DOOR, 200, 200, 200, 200]),
    ("GET /visits.csv", [DOOR, 200, 200, 200, 200]),
    ("GET /visits/plan/week", [DOOR, 200, 200, 403, 403]),
    ("GET /visits/new", [DOOR, 200, 200, 403, 403]),
    ("GET /visits/plan", [DOOR, 200, 200, 403, 403]),
    ("GET /visits/{id}", [DOOR, 200, 200, 200, 200]),
    ("GET /visits/{id}/done", [DOOR, 409, 409, 403, 403]),
    ("GET /visits/{id}/edit", [DOOR, 200, 200, 403, 403]),
    ("POST /visits", [DOOR, 422, 422, 403, 403]),
    ("POST /visits/plan", [DOOR, 422, 422, 403, 403]),
    ("POST /visits/{id}", [DOOR, 422, 422, 403, 403]),
    ("POST /visits/{id}/done", [DOOR, 422, 422, 403, 403]),
    ("POST /visits/{id}/missed", [DOOR, 409, 409, 403, 403]),
    ("POST /visits/{id}/move", [DOOR, 409, 409, 403, 403]),
    ("POST /visits/{id}/remove", [DOOR, 409, 409, 403, 403]),
    ("POST /visits/{id}/remove-later", [DOOR, 409, 409, 403, 403]),
    ("POST /visits/{id}/undo", [DOOR, 409, 409, 403, 403]),
    ("POST /visits/{id}/void", [DOOR, 422, 422, 403, 403]),
    // Deals.
    ("GET /deals", [DOOR, 200, 200, 200, 200]),
    ("GET /deals/new", [DOOR, 200, 200, 403, 403]),
    ("GET /deals.csv", [DOOR, 200, 200, 200, 200]),
    ("GET /deals/credit-note", [DOOR, 200, 200, 403, 403]),
    ("POST /deals/credit-note", [DOOR, 422, 422, 403, 403]),
    ("GET /exchange-rates", [DOOR, 200, 200, 200, 200]),
    ("POST /exchange-rates", [DOOR, 403, 403, 422, 422]),
    ("GET /exchange-rates/{id}/re-rate", [DOOR, 403, 403, 200, 200]),
    ("POST /exchange-rates/{id}/re-rate", [DOOR, 403, 403, 422, 422]),
    ("GET /deals/pipeline", [DOOR, 200, 200, 200, 200]),
    ("GET /deals/pipeline.csv", [DOOR, 200, 200, 200, 200]),
    ("GET /deals/{id}", [DOOR, 200, 200, 200, 200]),
    ("GET /deals/{id}/edit", [DOOR, 200, 200, 403, 403]),
    ("GET /deals/{id}/return", [DOOR, 200, 200, 403, 403]),
    ("GET /products", [DOOR, 200, 200, 200, 200]),
    ("POST /products", [DOOR, 403, 422, 403, 422]),
    ("GET /products/{id}", [DOOR, 403, 200, 403, 200]),
    ("POST /products/{id}", [DOOR, 403, 422, 403, 422]),
    ("POST /products/{id}/retirement", [DOOR, 403, 303, 403, 409]),
    ("POST /products/{id}/retirement/end", [DOOR, 403, 303, 403, 409]),
    ("POST /deals", [DOOR, 422, 422, 403, 403]),
    ("POST /deals/{id}", [DOOR, 422, 422, 403, 403]),
    ("POST /deals/{id}/cancel", [DOOR, 422, 422, 403, 403]),
    ("POST /deals/{id}/confirm", [DOOR, 403, 409, 409, 403]),
    ("POST /deals/{id}/confirm/undo", [DOOR, 403, 409, 409, 403]),
    ("POST /deals/{id}/correct", [DOOR, 404, 404, 403, 403]),
    ("POST /deals/{id}/lose", [DOOR, 409, 409, 403, 403]),
    ("POST /deals/{id}/reopen", [DOOR, 409, 409, 403, 403]),
    ("POST /deals/{id}/return", [DOOR, 422, 422, 403, 403]),
    ("POST /deals/{id}/expected", [DOOR, 409, 409, 403, 403]),
    ("POST /deals/{id}/give", [DOOR, 409, 409, 403, 403]),
    ("POST /deals/{id}/undo", [DOOR, 409, 409, 403, 403]),
    ("POST /deals/{id}/win", [DOOR, 422, 422, 403, 403]),
    ("POST /deals/{id}/win/undo", [DOOR, 409, 409, 403, 403]),
    // Commission. A run is shown to those who approve once it is submitted.
    ("GET /plans", [DOOR, 403, 403, 200, 403]),
    ("GET /plans/new", [DOOR, 403, 403, 200, 403]),
    ("GET /plans/{id}", [DOOR, 403, 403, 200, 403]),
    ("GET /plans/{id}/compare", [DOOR, 403, 403, 200, 403]),
    ("GET /plans/{id}/letter", [DOOR, 403, 403, 200, 403]),
    ("POST /plans/{id}/letters", [DOOR, 403, 403, 303, 403]),
    ("POST /plans/{id}/letters/reminder", [DOOR, 403, 403, 303, 403]),
    ("GET /my-plan", [DOOR, 200, 200, 200, 200]),
    ("GET /plan-letters/{id}", [DOOR, 200, 200, 200, 200]),
    ("GET /plan-letters/{id}/letter.pdf", [DOOR, 200, 200, 200, 200]),
    // The rep accepts and asks, finance answers.
    ("POST /plan-letters/{id}/acceptance", [DOOR, 422, 403, 403, 403]),
    ("POST /plan-letters/{id}/messages", [DOOR, 422, 403, 422, 403]),
    ("GET /plans/{id}/simulation", [DOOR, 403, 403, 200, 403]),
    ("POST /plans/{id}/simulation.csv", [DOOR, 403, 403, 200, 403]),
    ("GET /plans/{id}/versions/new", [DOOR, 403, 403, 200, 403]),
    ("POST /plans", [DOOR, 403, 403, 422, 403]),
    ("POST /plans/{id}/assignments", [DOOR, 403, 403, 422, 403]),
    ("POST /plans/{id}/versions", [DOOR, 403, 403, 422, 403]),
    ("GET /commission-runs", [DOOR, 403, 200, 200, 200]),
    ("GET /commission-runs/{id}", [DOOR, 403, 404, 200, 404]),
    ("POST /commission-runs/{id}/lines.csv", [DOOR, 403, 403, 200, 403]),
    // It is not approved yet.
    ("POST /commission-runs/{id}/payroll.csv", [DOOR, 403, 403, 409, 403]),
    ("POST /commission-runs/{id}/run.xlsx", [DOOR, 403, 403, 200, 403]),
    ("GET /commission-runs/payroll", [DOOR, 403, 403, 200, 403]),
    ("POST /commission-runs/payroll", [DOOR, 403, 403, 422, 403]),
    ("POST /commission-runs", [DOOR, 403, 403, 422, 403]),
    ("POST /commission-runs/limit", [DOOR, 403, 403, 303, 403]),
    ("GET /commission-runs/{id}/reps/{rep}", [DOOR, 403, 404, 200, 404]),
    ("POST /commission-runs/{id}/reps/{rep}", [DOOR, 403, 403, 422, 403]),
    ("POST /commission-runs/{id}/submission", [DOOR, 403, 403, 303, 403]),
    // The manager approves the pay of the own teams, an administrator the rest; who prepared it nothing.
    ("POST /commission-runs/{id}/approval", [DOOR, 403, 303, 409, 303]),
    ("POST /commission-runs/{id}/payment", [DOOR, 403, 403, 422, 403]),
    // What was held is paid with a later run; what was adjusted is paid.
    ("POST /commission-runs/{id}/holds/{hold}/release", [DOOR, 403, 403, 303, 403]),
    ("POST /commission-runs/{id}/adjustments/{adjustment}/withdrawal", [DOOR, 403, 403, 409, 403]),
    ("GET /statements", [DOOR, 200, 200, 200, 200]),
    ("POST /statements.csv", [DOOR, 200, 200, 200, 200]),
    ("GET /statements/so-far", [DOOR, 200, 200, 200, 200]),
    ("GET /statements/what-if", [DOOR, 200, 200, 200, 200]),
    ("GET /statements/{id}", [DOOR, 200, 200, 200, 200]),
    ("GET /statements/{id}/statement.pdf", [DOOR, 200, 200, 200, 200]),
    ("GET /statements/{id}/statement.xlsx", [DOOR, 200, 200, 200, 200]),
    ("POST /statements/{id}/approval", [DOOR, 403, 409, 409, 409]),
    // Only its rep disputes a statement; the world's dispute is about the rep's.
    ("GET /statements/{id}/lines/{line}/dispute", [DOOR, 303, 403, 403, 403]),
    ("POST /statements/{id}/lines/{line}/dispute", [DOOR, 422, 403, 403, 403]),
    ("GET /disputes", [DOOR, 200, 200, 200, 200]),
    ("GET /disputes/{id}", [DOOR, 200, 200, 200, 200]),
    ("POST /disputes/{id}/messages", [DOOR, 422, 422, 422, 422]),
    ("POST /disputes/{id}/acceptance", [DOOR, 403, 403, 422, 403]),
    ("POST /disputes/{id}/refusal", [DOOR, 403, 403, 422, 403]),
    ("POST /disputes/{id}/withdrawal", [DOOR, 303, 403, 403, 403]),
];

/// Routes that the test cannot ask without ending its sessions or making them somebody else's: `sign_in` and `viewing`
/// have tests of their own.
const APART: [&str; 2] = ["POST /sign-out", "POST /users/{id}/viewing"];

/// A company with somebody of each role, and another one beside it.
pub struct World {
    pub app: TestApp,
    /// Rep, manager, finance, administrator. The manager manages the rep's team.
    pub people: [User; 4],
    /// What stands for the placeholder in paths that begin so: an object in sight of all four.
    ids: BTreeMap<&'static str, String>,
    /// The rep, a rep whom the manager does not manage, and one of another company.
    pub reps: [User; 3],
    /// A customer of the rep whom the manager does not manage, where the rep was once.
    seen: CustomerId,
    /// Statement of each of `reps`; run and plan of their company.
    statements: [String; 3],
    runs: [String; 3],
    plans: [String; 3],
    /// A rate of exchange of their company.
    rates: [String; 3],
    /// The plan letter of each of `reps`.
    letters: [String; 3],
    /// An end of the relation to each of `customers`, that only a manager declares.
    endings: [EndingId; 3],
    /// An end to each of `customers` that its rep proposed.
    proposals: [ProposalId; 3],
    /// A note about each of `customers`, that the rep did not write.
    notes: [NoteId; 3],
    /// The customer, visit and deal of the rep, of a rep whom the manager does not manage, and of another company.
    pub customers: [CustomerId; 3],
    visits: [VisitId; 3],
    deals: [DealId; 3],
    /// A dispute about the first line of each of `statements`.
    disputes: [DisputeId; 3],
    /// Leave of each of `reps`.
    leaves: [String; 3],
    /// Another record that became part of each of `customers`.
    merges: [String; 3],
    /// What is held and what is adjusted of the pay of the rep, and of the one of the other company.
    held: [[String; 2]; 2],
}

impl World {
    pub async fn new() -> Self {
        Self::within(TestApp::new().await).await
    }

    /// The same in a database that others may share.
    async fn within(app: TestApp) -> Self {
        let (org, elsewhere) = (app.company("Nordlys").await, app.company("Sørlys").await);
        let rep = app.user_with_password(org, "Ingrid", &[Role::Rep]).await;
        let manager = app.user_with_password(org, "Berit", &[Role::Manager]).await;
        let finance = app.user_with_password(org, "Finn", &[Role::Finance]).await;
        let admin = app.user_with_password(org, "Astrid", &[Role::Admin]).await;
        let sibling = app.user(org, "Olav", &[Role::Rep]).await;
        let foreign = app.user(elsewhere, "Olga", &[Role::Rep]).await;
        let banker = app.user(elsewhere, "Oda", &[Role::Finance]).await;
        let boss = app.user(elsewhere, "Otto", &[Role::Admin]).await;
        let top = app.team(org, "North", None, Some(manager), &[]).await;
        app.team(org, "Oslo", Some(top), None, &[rep]).await;
        app.team(org, "South", None, None, &[sibling]).await;
        let target = app.user(org, "Nils", &[Role::Rep]).await;
        let owners = [rep, sibling, foreign];
        let mut customers = vec![];
        let mut visits = vec![];
        let mut deals = vec![];
        let mut endings = vec![];
        let mut notes = vec![];
        let mut proposals = vec![];
        for (owner, writer) in owners.into_iter().zip([manager, sibling, foreign]) {
            let customer = customer(&app, owner).await;
            customers.push(customer);
            visits.push(visit(&app, owner, customer).await);
            deals.push(deal(&app, owner, customer).await);
            endings.push(ending(&app, owner, customer).await);
            proposals.push(proposal(&app, owner, customer).await);
            notes.push(note(&app, writer, customer).await);
        }
        // Where there is a rate, deals have a currency to choose; what is still open has forms of its own.
        let (rate, other_rate) = (exchange_rate(&app, finance).await, exchange_rate(&app, banker).await);
        deal_in(&app, rep, customers[0], Stage::Open).await;
        let seen = customer(&app, sibling).await;
        visit(&app, rep, seen).await;
        let limit = sqlx::query_scalar!(
            "insert into loss_limits (org_id, segment, days, from_date)
             values ($1, 'Retail', 90, '2026-12-01')
             returning id",
            org.0,
        )
        .fetch_one(&app.db)
        .await
        .unwrap();
        let minimum = sqlx::query_scalar!(
            "insert into visit_minimums (org_id, visits, per, strangers_only, from_date)
             values ($1, 4, 'day', false, '2026-12-01')
             returning id",
            org.0,
        )
        .fetch_one(&app.db)
        .await
        .unwrap();
        sqlx::query!("insert into holidays (org_id, on_date, name) values ($1, '2026-12-24', 'Christmas Eve')", org.0)
            .execute(&app.db)
            .await
            .unwrap();
        let leave = leave(&app, target, admin).await;
        let (mut leaves, mut merges) = (vec![], vec![]);
        for ((owner, by), into) in owners.into_iter().zip([admin, admin, boss]).zip(&customers) {
            leaves.push(self::leave(&app, owner, by).await);
            merges.push(merge(&app, owner, by, *into).await);
        }
        let held = [held(&app, rep, finance).await, held(&app, foreign, banker).await];
        let (plan, run) = commission(&app, finance, &[rep, sibling]).await;
        let (other_plan, other_run) = commission(&app, banker, &[foreign]).await;
        let (mut statements, mut letters) = (vec![], vec![]);
        for owner in owners {
            let letter = sqlx::query_scalar!("select id from plan_letters where rep_id = $1", owner.id.0);
            letters.push(letter.fetch_one(&app.db).await.unwrap().to_string());
            let own = sqlx::query_scalar!("select id from statements where rep_id = $1", owner.id.0);
            statements.push(own.fetch_one(&app.db).await.unwrap().to_string());
        }
        let mut disputes = vec![];
        for (owner, statement) in owners.into_iter().zip(&statements) {
            disputes.push(dispute(&app, owner, StatementId(statement.parse().unwrap())).await);
        }
        let plans = [plan.clone(), plan.clone(), other_plan];
        let runs = [run.clone(), run.clone(), other_run];
        let rates = [rate.clone(), rate.clone(), other_rate];
        let ids = BTreeMap::from([
            ("/plans/", plan),
            ("/plan-letters/", letters[0].clone()),
            ("/commission-runs/", run),
            ("/holds/", held[0][0].clone()),
            ("/adjustments/", held[0][1].clone()),
            ("/statements/", statements[0].clone()),
            ("/lines/", "1".to_owned()),
            ("/disputes/", disputes[0].to_string()),
            ("/users/", target.id.to_string()),
            ("/teams/", top.to_string()),
            ("/invitations/", "made-up".to_owned()),
            ("/reps/", rep.id.to_string()),
            ("/profile/sessions/", "made-up".to_owned()),
            ("/customers/", customers[0].to_string()),
            ("/endings/", endings[0].to_string()),
            ("/merges/", merges[0].clone()),
            ("/proposals/", proposals[0].to_string()),
            ("/notes/", notes[0].to_string()),
            ("/visits/", visits[0].to_string()),
            ("/products/", product(&app, manager).await),
            ("/deals/", deals[0].to_string()),
            ("/targets/", "2026-11".to_owned()),
            ("/undo/", "1-2".to_owned()),
            ("/imports/", upload(&app, admin).await),
            ("/imports/templates/", "customers.csv".to_owned()),
            ("/imports/done/", imported(&app, admin).await),
            ("/exchange-rates/", rate),
            ("/leave/", leave),
            ("/settings/limits/", limit.to_string()),
            ("/settings/minimums/", minimum.to_string()),
            ("/metrics/", "gross_margin".to_owned()),
            ("/settings/holidays/", "2026-12-24".to_owned()),
        ]);
        let (customers, visits) = (customers.try_into().unwrap(), visits.try_into().unwrap());
        let (deals, endings) = (deals.try_into().unwrap(), endings.try_into().unwrap());
        let (notes, proposals) = (notes.try_into().unwrap(), proposals.try_into().unwrap());
        let disputes = disputes.try_into().unwrap();
        let (statements, letters) = (statements.try_into().unwrap(), letters.try_into().unwrap());
        let (leaves, merges) = (leaves.try_into().unwrap(), merges.try_into().unwrap());
        let (people, reps) = ([rep, manager, finance, admin], owners);
        Self {
            app,
            people,
            ids,
            reps,
            seen,
            statements,
            runs,
            plans,
            rates,
            letters,
            endings,
            proposals,
            notes,
            customers,
            visits,
            deals,
            disputes,
            leaves,
            merges,
            held,
        }
    }

    /// Nobody's browser and those of the four roles.
    pub async fn browsers(&self) -> Vec<Client> {
        let mut browsers = vec![self.app.visitor()];
        for user in self.people {
            browsers.push(self.app.client(user).await);
        }
        browsers
    }

    /// The path of a route, with an object in sight of all four for each placeholder.
    pub fn path(&self, route: &str) -> String {
        filled(route, |before| {
            let found = self.ids.iter().find(|(kind, _)| before.ends_with(**kind));
            found.unwrap_or_else(|| panic!("no object for {route}")).1.clone()
        })
    }

    /// The ids of what another company has.
    pub fn elsewhere(&self) -> Vec<String> {
        let of_company = [self.runs[2].clone(), self.plans[2].clone(), self.rates[2].clone()];
        sorted(self.of_rep(2).into_iter().chain(of_company))
    }

    /// The ids of what a rep has whom neither the rep nor the manager sees.
    pub fn beside(&self) -> Vec<String> {
        sorted(self.of_rep(1))
    }

    fn of_rep(&self, whose: usize) -> [String; 7] {
        [
            self.reps[whose].id.to_string(),
            self.customers[whose].to_string(),
            self.visits[whose].to_string(),
            self.deals[whose].to_string(),
            self.statements[whose].clone(),
            self.disputes[whose].to_string(),
            self.letters[whose].clone(),
        ]
    }

    /// The path of a route, with the objects of the rep (0), of the rep beside the manager's teams (1), of another
    /// company (2) for its placeholders.
    fn path_to(&self, route: &str, whose: usize) -> String {
        filled(route, |before| match before {
            _ if before.ends_with("/endings/") => self.endings[whose].to_string(),
            _ if before.ends_with("/proposals/") => self.proposals[whose].to_string(),
            _ if before.ends_with("/notes/") => self.notes[whose].to_string(),
            _ if before.ends_with("/customers/") => self.customers[whose].to_string(),
            _ if before.ends_with("/visits/") => self.visits[whose].to_string(),
            _ if before.ends_with("/deals/") => self.deals[whose].to_string(),
            _ if before.ends_with("/reps/") || before.ends_with("rep=") => self.reps[whose].id.to_string(),
            _ if before.ends_with("/statements/") => self.statements[whose].clone(),
            _ if before.ends_with("/disputes/") => self.disputes[whose].to_string(),
            _ if before.ends_with("/commission-runs/") => self.runs[whose].clone(),
            _ if before.ends_with("/plan-letters/") => self.letters[whose].clone(),
            _ if before.ends_with("/plans/") => self.plans[whose].clone(),
            _ if before.ends_with("/exchange-rates/") => self.rates[whose].clone(),
            _ if before.ends_with("/users/") => self.reps[whose].id.to_string(),
            _ if before.ends_with("/leave/") => self.leaves[whose].clone(),
            _ if before.ends_with("/merges/") => self.merges[whose].clone(),
            _ if before.ends_with("/lines/") => "1".to_owned(),
            _ => panic!("no object for {route}"),
        })
    }
}

/// In order, each once.
fn sorted(ids: impl IntoIterator<Item = String>) -> Vec<String> {
    BTreeSet::from_iter(ids).into_iter().collect()
}

/// A route with each of its placeholders replaced by what `value` says of the text before it.
fn filled(route: &str, value: impl Fn(&str) -> String) -> String {
    let mut path = String::new();
    let mut rest = route;
    while let Some((before, after)) = rest.split_once('{') {
        path.push_str(before);
        path.push_str(&value(&path));
        rest = after.split_once('}').unwrap().1;
    }
    path + rest
}

async fn product(app: &TestApp, by: User) -> String {
    let mut tx = app.write(by.org).await;
    let id = products::db::insert(&mut tx, &format!("Coffee {}", by.id), "Drinks").await.unwrap();
    tx.commit().await.unwrap();
    id.to_string()
}

/// Lets the ids of every table go on with these digits, which no other ids have.
pub async fn number_from(db: &sqlx::PgPool, digits: &str) {
    let sql = format!(
        "do $$
         declare it record;
         begin
             for it in select table_name, column_name
                 from information_schema.columns where table_schema = 'public' and is_identity = 'YES'
             loop
                 execute format('alter table %I alter column %I restart with {digits}001', it.table_name, it.column_name);
             end loop;
         end $$",
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(db).await.unwrap();
}

/// Leave of a person, entered by somebody: its id.
async fn leave(app: &TestApp, of: User, by: User) -> String {
    let id = sqlx::query_scalar!(
        "insert into leaves (org_id, user_id, during, kind, recorded_by, recorded_at)
         values ($1, $2, '[2027-02-01,2027-02-11)', 'vacation', $3, $4)
         returning id",
        of.org.0,
        of.id.0,
        by.id.0,
        app.now(),
    );
    id.fetch_one(&app.db).await.unwrap().to_string()
}

/// Another record of an owner's customer becomes part of it: the merge.
async fn merge(app: &TestApp, owner: User, by: User, into: CustomerId) -> String {
    let twin = customer(app, owner).await;
    let mut browser = app.client(by).await;
    let page = browser.get(&format!("/customers/{into}/merge?customer={twin}")).await.expect(200);
    browser.submit(&page, "main form[method=post]", &[]).await.expect(303);
    let id = sqlx::query_scalar!("select id from customer_merges where merged_id = $1", twin.0);
    id.fetch_one(&app.db).await.unwrap().to_string()
}

/// What is held and what is adjusted of a rep's pay for October.
async fn held(app: &TestApp, rep: User, by: User) -> [String; 2] {
    let hold = sqlx::query_scalar!(
        "insert into pay_holds (org_id, rep_id, period_kind, period_start, component, reason, made_by, made_at)
         values ($1, $2, 'month', '2026-10-01', 'Sales', 'To be checked', $3, $4)
         returning id",
        rep.org.0,
        rep.id.0,
        by.id.0,
        app.now(),
    );
    let adjustment = sqlx::query_scalar!(
        "insert into pay_adjustments
             (org_id, rep_id, period_kind, period_start, component, about, amount, reason, made_by, made_at)
         values ($1, $2, 'month', '2026-10-01', 'Sales', '2026-09', 500, 'Forgotten', $3, $4)
         returning id",
        rep.org.0,
        rep.id.0,
        by.id.0,
        app.now(),
    );
    let (hold, adjustment) = (hold.fetch_one(&app.db).await.unwrap(), adjustment.fetch_one(&app.db).await.unwrap());
    [hold.to_string(), adjustment.to_string()]
}

async fn exchange_rate(app: &TestApp, by: User) -> String {
    let id = sqlx::query_scalar!(
        "insert into exchange_rates (org_id, currency, from_date, rate, entered_by, entered_at)
         values ($1, 'NOK', '2026-11-01', 0.0851, $2, $3)
         returning id",
        by.org.0,
        by.id.0,
        app.now(),
    );
    id.fetch_one(&app.db).await.unwrap().to_string()
}

async fn customer(app: &TestApp, owner: User) -> CustomerId {
    let mut tx = app.write(owner.org).await;
    let details = customers::db::Details { name: format!("Customer of {}", owner.id), ..Default::default() };
    let id = customers::db::insert(&mut tx, &details, date!(2026 - 01 - 01)).await.unwrap();
    customers::db::set_owner(&mut tx, id, Some(owner.id), None).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn visit(app: &TestApp, owner: User, customer: CustomerId) -> VisitId {
    let mut tx = app.write(owner.org).await;
    tx.actor = Some(owner.id);
    let new = visits::db::NewVisit {
        rep: owner.id,
        customer,
        visited_on: date!(2026 - 11 - 18),
        starts_at: None,
        kind: Kind::InPerson,
        state: State::Done,
        outcome: None,
        minutes: None,
        notes: String::new(),
    };
    let id = visits::db::insert(&mut tx, &new).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn proposal(app: &TestApp, owner: User, customer: CustomerId) -> ProposalId {
    let mut tx = app.write(owner.org).await;
    let new = customers::db::NewEnding {
        on: date!(2026 - 11 - 18),
        kind: EndingKind::Deselected,
        reason: "Too small".to_owned(),
        verified_reason: None,
        competitor: None,
    };
    let id = customers::proposals_db::insert(&mut tx, customer, &new, owner.id).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn dispute(app: &TestApp, rep: User, statement: StatementId) -> DisputeId {
    let mut tx = app.write(rep.org).await;
    tx.actor = Some(rep.id);
    let new =
        disputes::db::NewDispute { statement, rep: rep.id, position: 1, deal: None, expected: Some(Money(5_000)) };
    let id = disputes::db::insert(&mut tx, &new, "A deal is missing").await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn note(app: &TestApp, writer: User, customer: CustomerId) -> NoteId {
    let mut tx = app.write(writer.org).await;
    let id = customers::notes_db::insert(&mut tx, customer, writer.id, "Closed on Mondays").await.unwrap();
    tx.commit().await.unwrap();
    id
}

/// An end that reps do not declare.
async fn ending(app: &TestApp, owner: User, customer: CustomerId) -> EndingId {
    let mut tx = app.write(owner.org).await;
    let new = customers::db::NewEnding {
        on: date!(2026 - 11 - 18),
        kind: EndingKind::CreditBlock,
        reason: "They do not pay".to_owned(),
        verified_reason: None,
        competitor: None,
    };
    let id = customers::db::insert_ending(&mut tx, customer, &new).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn deal(app: &TestApp, owner: User, customer: CustomerId) -> DealId {
    deal_in(app, owner, customer, Stage::Won).await
}

async fn deal_in(app: &TestApp, owner: User, customer: CustomerId, stage: Stage) -> DealId {
    let mut tx = app.write(owner.org).await;
    tx.actor = Some(owner.id);
    let line = deals::db::Line {
        position: 1,
        product: None,
        text: "Coffee".to_owned(),
        quantity: 1.into(),
        amount: Money(10_000),
        original: None,
        cost: None,
    };
    let new = deals::db::NewDeal {
        customer,
        owner: Some(owner.id),
        stage,
        opened_on: None,
        booked_on: (stage == Stage::Won).then_some(date!(2026 - 11 - 18)),
        expected_on: None,
        returns: None,
        currency: None,
        rate: None,
        notes: String::new(),
        confirmed: false,
        lines: vec![line],
        credits: vec![Credit { rep: owner.id, parts: 1, overlay: false }],
    };
    let id = deals::db::insert(&mut tx, &new).await.unwrap();
    tx.commit().await.unwrap();
    id
}

/// Files that wait to be imported: their id.
async fn upload(app: &TestApp, admin: User) -> String {
    let file = SentFile { name: "customers.csv", content: b"external_id,name\nC1,Alpha\n".to_vec(), columns: vec![] };
    let preview = Preview { files: vec![(file.name.to_owned(), Counts::of(1, 1, 0))], ..Preview::default() };
    let mut tx = app.write(admin.org).await;
    let preview = serde_json::to_value(preview).unwrap();
    let id = imports::uploads_db::insert(&mut tx, admin.id, &[file], &preview, app.now()).await.unwrap();
    tx.commit().await.unwrap();
    id.to_string()
}

/// An import that was done: its id.
async fn imported(app: &TestApp, admin: User) -> String {
    let file = SentFile { name: "customers.csv", content: b"external_id,name\nD1,Delta\n".to_vec(), columns: vec![] };
    let mut tx = tx::import(&app.db, admin.org, admin.id, app.app.clock).await.unwrap();
    let done = imports::import::sent(&app.db, &mut tx, &[file], false).await.unwrap();
    tx.commit().await.unwrap();
    done.id.to_string()
}

/// A plan with a letter for each of its reps, and a calculated run: the ids of plan and run.
async fn commission(app: &TestApp, finance: User, reps: &[User]) -> (String, String) {
    let mut browser = app.client(finance).await;
    let page = browser.get("/plans/new?template=starter").await.expect(200);
    let plan = browser.submit(&page, "main form", &[("name", "Starter"), ("from", "2026-01")]).await.expect(303);
    for rep in reps {
        let page = browser.follow(&plan).await.expect(200);
        let assignment = [("rep", &*rep.id.to_string()), ("from", "2026-01"), ("act", "on")];
        browser.submit(&page, "main form", &assignment).await.expect(303);
    }
    let page = browser.get(&format!("{}/letter", plan.location())).await.expect(200);
    browser.submit(&page, "form[action$='/letters']", &[]).await.expect(303);
    let page = browser.get("/commission-runs").await.expect(200);
    let run = browser.submit(&page, "main form", &[("period", "2026-10")]).await.expect(303);
    let id = |answer: &Answer| answer.location().rsplit('/').next().unwrap().to_owned();
    (id(&plan), id(&run))
}

async fn ask(browser: &mut Client, method: &str, path: &str) -> u16 {
    let answer: Answer = if method == "GET" { browser.get(path).await } else { browser.post(path, &[]).await };
    has_headers(&answer);
    let is_door = answer.status == 303 && answer.location().starts_with("/sign-in");
    if is_door { DOOR } else { answer.status.as_u16() }
}

#[tokio::test]
async fn every_role_meets_the_expected_answer_on_every_route() {
    let listed: BTreeSet<String> =
        attain::routes().listed().iter().map(|(method, path)| format!("{method} {path}")).collect();
    let known: BTreeSet<String> = ROUTES.iter().map(|(route, _)| *route).chain(APART).map(str::to_owned).collect();
    let missing: Vec<&String> = listed.difference(&known).collect();
    let gone: Vec<&String> = known.difference(&listed).collect();
    assert!(gone.is_empty(), "rows of tests/web/access.rs without a route: {gone:#?}");

    let world = World::new().await;
    let mut browsers = world.browsers().await;
    let mut wrong = vec![];
    // In the order of the table: what it asks for last may change what was asked before.
    let rows = ROUTES.iter().map(|(route, expected)| (*route, Some(*expected)));
    for (route, expected) in rows.chain(missing.iter().map(|route| (route.as_str(), None))) {
        let (method, pattern) = route.split_once(' ').unwrap();
        let mut answers = [0; 5];
        for (answer, browser) in answers.iter_mut().zip(&mut browsers) {
            *answer = ask(browser, method, &world.path(pattern)).await;
        }
        if expected != Some(answers) {
            wrong.push(format!("(\"{route}\", {answers:?}), // not {expected:?}").replace("[1,", "[DOOR,"));
        }
    }
    assert!(missing.is_empty() && wrong.is_empty(), "answers that no row expects:\n{}", wrong.join("\n"));
}

/// What a route answers for an object of the rep, of a rep beside the manager's teams, and of another company; asked by
/// the rep, the manager, finance, the administrator.
type Reached = [[u16; 3]; 4];

/// Who reads, reads as far as the sight goes; what is out of it is not found.
const READ: Reached = [[200, 404, 404], [200, 404, 404], [200, 200, 404], [200, 200, 404]];

/// Recording is for reps and managers, as far as their sight goes; an own object answers so.
const fn record(own: u16) -> Reached {
    [[own, 404, 404], [own, 404, 404], [403; 3], [403; 3]]
}

/// Routes with an object, and whom it answers. Posts send an empty form: see [`ROUTES`].
const REACH: &[(&str, Reached)] = &[
    ("GET /customers/{id}", READ),
    ("GET /customers/{id}/merge", [[403; 3], [200, 404, 404], [403; 3], [200, 200, 404]]),
    ("POST /customers/{id}/merge", [[403; 3], [422, 404, 404], [403; 3], [422, 422, 404]]),
    ("GET /customers/{id}/edit", record(200)),
    ("GET /customers/{id}/ending", record(200)),
    ("POST /customers/{id}", record(422)),
    ("POST /customers/{id}/ending", record(422)),
    ("POST /customers/{id}/notes", record(422)),
    // Only managers take away what others wrote.
    ("POST /customers/{id}/notes/{note}/remove", [[403, 404, 404], [303, 404, 404], [403; 3], [403; 3]]),
    ("POST /customers/{id}/notes/{note}/restore", [[409, 404, 404], [303, 404, 404], [403; 3], [403; 3]]),
    ("GET /customers/{id}/proposals/{proposal}", record(200)),
    ("POST /customers/{id}/proposals/{proposal}/reject", [[403, 404, 404], [422, 404, 404], [403; 3], [403; 3]]),
    ("POST /customers/{id}/proposals/{proposal}/confirm", [[403, 404, 404], [303, 404, 404], [403; 3], [403; 3]]),
    // Only whoever proposed takes it back; by now it is confirmed.
    ("POST /customers/{id}/proposals/{proposal}/withdraw", [[409, 404, 404], [403, 404, 404], [403; 3], [403; 3]]),
    ("POST /customers/{id}/merges/{merge}/undo", [[403; 3], [303, 404, 404], [403; 3], [404, 303, 404]]),
    // Only managers take back what only they declare.
    ("POST /customers/{id}/endings/{ending}/withdraw", [[403, 404, 404], [303, 404, 404], [403; 3], [403; 3]]),
    ("GET /exchange-rates/{id}/re-rate", [[403; 3], [403; 3], [200, 200, 404], [200, 200, 404]]),
    ("POST /exchange-rates/{id}/re-rate", [[403; 3], [403; 3], [422, 422, 404], [422, 422, 404]]),
    ("GET /deals/{id}", READ),
    ("GET /deals/{id}/edit", record(200)),
    ("GET /deals/{id}/return", record(200)),
    ("POST /deals/{id}", record(422)),
    ("POST /deals/{id}/lose", record(409)),
    ("POST /deals/{id}/cancel", record(422)),
    ("POST /deals/{id}/reopen", record(409)),
    ("POST /deals/{id}/expected", record(409)),
    ("POST /deals/{id}/give", record(409)),
    ("POST /deals/{id}/undo", record(409)),
    ("POST /deals/{id}/win", record(422)),
    ("POST /deals/{id}/win/undo", record(409)),
    ("POST /deals/{id}/return", record(422)),
    // It is no return.
    ("POST /deals/{id}/correct", record(404)),
    // Confirming is for managers and finance.
    ("POST /deals/{id}/confirm", [[403; 3], [409, 404, 404], [409, 409, 404], [403; 3]]),
    ("POST /deals/{id}/confirm/undo", [[403; 3], [409, 404, 404], [409, 409, 404], [403; 3]]),
    ("GET /visits/{id}", READ),
    ("GET /visits/{id}/edit", record(200)),
    ("GET /visits/{id}/done", record(409)),
    ("POST /visits/{id}", record(422)),
    ("POST /visits/{id}/done", record(422)),
    ("POST /visits/{id}/missed", record(409)),
    ("POST /visits/{id}/move", record(409)),
    ("POST /visits/{id}/remove", record(409)),
    ("POST /visits/{id}/remove-later", record(409)),
    ("POST /visits/{id}/undo", record(409)),
    ("POST /visits/{id}/void", record(422)),
    ("GET /reps/{id}", READ),
    // Credited sales are compared here: to them it leads.
    ("GET /growth?rep={id}", [[303, 404, 404], [303, 404, 404], [303, 303, 404], [303, 303, 404]]),
    ("GET /statements/{id}", [[404; 3], [404; 3], [200, 200, 404], [404; 3]]),
    ("GET /statements/{id}?verify=1", [[404; 3], [404; 3], [200, 200, 404], [404; 3]]),
    ("GET /statements/{id}/statement.pdf", [[404; 3], [404; 3], [200, 200, 404], [404; 3]]),
    ("GET /statements/{id}/statement.xlsx", [[404; 3], [404; 3], [200, 200, 404], [404; 3]]),
    ("POST /statements/{id}/approval", [[403; 3], [404; 3], [409, 409, 404], [404; 3]]),
    // Nobody disputes a draft.
    ("GET /statements/{id}/lines/{line}/dispute", [[404; 3]; 4]),
    ("POST /statements/{id}/lines/{line}/dispute", [[404; 3]; 4]),
    ("POST /commission-runs/{id}/payroll.csv", [[403; 3], [403; 3], [409, 409, 404], [403; 3]]),
    ("POST /commission-runs/{id}/lines.csv", [[403; 3], [403; 3], [200, 200, 404], [403; 3]]),
    ("POST /commission-runs/{id}/run.xlsx", [[403; 3], [403; 3], [200, 200, 404], [403; 3]]),
    ("GET /statements/so-far?rep={id}", READ),
    // What is disputed is read as far as statements are.
    ("GET /disputes/{id}", READ),
    ("POST /disputes/{id}/messages", [[422, 404, 404], [422, 404, 404], [422, 422, 404], [422, 422, 404]]),
    ("POST /disputes/{id}/acceptance", [[403; 3], [403; 3], [422, 422, 404], [403; 3]]),
    ("POST /disputes/{id}/refusal", [[403; 3], [403; 3], [422, 422, 404], [403; 3]]),
    ("POST /disputes/{id}/withdrawal", [[303, 404, 404], [403, 404, 404], [403, 403, 404], [403, 403, 404]]),
    // Plans and drafts are for finance; the plan and the run of both reps are the same.
    ("GET /plans/{id}", [[403; 3], [403; 3], [200, 200, 404], [403; 3]]),
    ("GET /plans/{id}/compare", [[403; 3], [403; 3], [200, 200, 404], [403; 3]]),
    ("GET /plans/{id}/letter", [[403; 3], [403; 3], [200, 200, 404], [403; 3]]),
    ("POST /plans/{id}/letters", [[403; 3], [403; 3], [303, 303, 404], [403; 3]]),
    ("POST /plans/{id}/letters/reminder", [[403; 3], [403; 3], [303, 303, 404], [403; 3]]),
    ("GET /plan-letters/{id}", READ),
    ("GET /plan-letters/{id}/letter.pdf", READ),
    // Nobody accepts for somebody else.
    ("POST /plan-letters/{id}/acceptance", [[422, 404, 404], [403, 404, 404], [403, 403, 404], [403, 403, 404]]),
    ("POST /plan-letters/{id}/messages", [[422, 404, 404], [403, 404, 404], [422, 422, 404], [403, 403, 404]]),
    ("GET /plans/{id}/simulation", [[403; 3], [403; 3], [200, 200, 404], [403; 3]]),
    ("POST /plans/{id}/simulation.csv", [[403; 3], [403; 3], [200, 200, 404], [403; 3]]),
    ("GET /plans/{id}/versions/new", [[403; 3], [403; 3], [200, 200, 404], [403; 3]]),
    ("POST /plans/{id}/versions", [[403; 3], [403; 3], [422, 422, 404], [403; 3]]),
    ("GET /commission-runs/{id}", [[403; 3], [404; 3], [200, 200, 404], [404; 3]]),
    ("GET /commission-runs/{id}/reps/{rep}", [[403; 3], [404; 3], [200, 200, 404], [404; 3]]),
    ("POST /commission-runs/{id}/reps/{rep}", [[403; 3], [403; 3], [422, 422, 404], [403; 3]]),
    ("GET /users/{id}/leave", [[403; 3], [200, 404, 404], [403; 3], [200, 200, 404]]),
    ("POST /users/{id}/leave", [[403; 3], [422, 404, 404], [403; 3], [422, 422, 404]]),
    // It has its last day; the manager removes it first.
    ("POST /users/{id}/leave/{leave}/end", [[403; 3], [409, 404, 404], [403; 3], [409, 409, 404]]),
    ("POST /users/{id}/leave/{leave}/remove", [[403; 3], [303, 404, 404], [403; 3], [404, 303, 404]]),
];

/// The same once the run is submitted: its manager approves the pay of the own teams, an administrator the rest, and
/// nobody what is approved or was prepared by oneself.
const SUBMITTED: &[(&str, Reached)] =
    &[("POST /statements/{id}/approval", [[403; 3], [303, 404, 404], [409, 409, 404], [409, 303, 404]])];

/// The same once the run is approved: a statement is its rep's to read and to dispute, and in sight of others.
const APPROVED: &[(&str, Reached)] = &[
    ("GET /statements/{id}", READ),
    ("GET /statements/{id}?verify=1", READ),
    ("GET /statements/{id}/statement.pdf", READ),
    ("GET /statements/{id}/statement.xlsx", READ),
    // Its dispute was withdrawn, so another one may follow.
    ("GET /statements/{id}/lines/{line}/dispute", [[200, 404, 404], [403, 404, 404], [403, 403, 404], [403, 403, 404]]),
    (
        "POST /statements/{id}/lines/{line}/dispute",
        [[422, 404, 404], [403, 404, 404], [403, 403, 404], [403, 403, 404]],
    ),
];

#[tokio::test]
async fn nobody_reaches_the_records_of_others() {
    let world = World::new().await;
    let mut wrong = unexpected(&world, REACH).await;
    let run = format!("/commission-runs/{}", world.runs[0]);
    world.app.client(world.people[2]).await.post(&format!("{run}/submission"), &[]).await.expect(303);
    // What is approved here makes the run whole.
    wrong.extend(unexpected(&world, SUBMITTED).await);
    wrong.extend(unexpected(&world, APPROVED).await);
    assert!(wrong.is_empty(), "answers that no row expects:\n{}", wrong.join("\n"));
}

/// The rows that are answered otherwise.
async fn unexpected(world: &World, rows: &[(&str, Reached)]) -> Vec<String> {
    let mut wrong = vec![];
    for (route, expected) in rows {
        let mut answers = [[0; 3]; 4];
        for (answers, user) in answers.iter_mut().zip(world.people) {
            *answers = reached(world, user, route).await;
        }
        if answers != *expected {
            wrong.push(format!("(\"{route}\", {answers:?}), // not {expected:?}"));
        }
    }
    wrong
}

/// What a route answers to a person for the objects of the three.
async fn reached(world: &World, user: User, route: &str) -> [u16; 3] {
    let (method, pattern) = route.split_once(' ').unwrap();
    let mut answers = [0; 3];
    for (whose, answer) in answers.iter_mut().enumerate() {
        let mut browser = world.app.client(user).await;
        *answer = ask(&mut browser, method, &world.path_to(pattern, whose)).await;
    }
    answers
}

/// Every route that records sales, and what it answers for an own object: the rows of [`REACH`] that are made so.
fn recording() -> impl Iterator<Item = (&'static str, Reached)> {
    let recording = |(_, expected): &&(&str, Reached)| *expected == record(expected[0][0]);
    REACH.iter().filter(recording).copied()
}

#[tokio::test]
async fn another_role_lets_nobody_record_for_others() {
    let world = World::new().await;
    let mut tx = world.app.write(world.people[0].org).await;
    // Ingrid the rep does the books as well; Berit the manager is administrator as well.
    users::db::set_roles(&mut tx, world.people[0].id, &[Role::Rep, Role::Finance]).await.unwrap();
    users::db::set_roles(&mut tx, world.people[1].id, &[Role::Manager, Role::Admin]).await.unwrap();
    tx.commit().await.unwrap();
    let [both, boss, ..] = world.people;
    for user in [both, boss] {
        for kind in ["customers", "deals", "visits"] {
            let route = format!("GET /{kind}/{{id}}");
            assert_eq!(reached(&world, user, &route).await, [200, 200, 404], "{route}: they read everything");
        }
        for (route, expected) in recording() {
            assert_eq!(reached(&world, user, route).await, expected[0], "{route}");
        }
    }
    // Confirming goes as far as the role that confirms: finance everywhere, the manager in the own teams.
    let confirm = "POST /deals/{id}/confirm";
    assert_eq!(reached(&world, both, confirm).await, [409, 409, 404]);
    assert_eq!(reached(&world, boss, confirm).await, [409, 404, 404]);
    let page = world.app.client(boss).await.get("/targets/2026-11").await.expect(200);
    assert!(page.words().contains("Ingrid") && !page.words().contains("Olav"), "{}", page.words());
    let sibling = world.customers[1].to_string();
    for (path, more) in [("/visits", ("kind", "in_person")), ("/deals", ("amount", "1"))] {
        let form = [
            ("customer", &*sibling),
            ("visited_on", "2026-11-19"),
            ("booked_on", "2026-11-19"),
            ("stage", "won"),
            more,
        ];
        let page = world.app.client(both).await.post(path, &form).await.expect(422);
        assert!(page.attributes(".summary-error a", "href").contains(&"#customer".to_owned()), "{}", page.words());
    }
    let shown = world.app.client(both).await.get(&format!("/deals/{}", world.deals[1])).await.expect(200);
    assert!(!shown.has("a[href$='/edit']") && !shown.has("a[href$='/return']"), "no button that leads nowhere");
}

#[tokio::test]
async fn who_sees_a_customer_for_its_visits_does_not_keep_it() {
    let world = World::new().await;
    let mut ingrid = world.app.client(world.people[0]).await;
    let path = format!("/customers/{}", world.seen);
    let page = ingrid.get(&path).await.expect(200);
    assert!(!page.has("a[href$='/edit']"));
    for (method, below) in [("GET", "/edit"), ("GET", "/ending"), ("POST", ""), ("POST", "/ending")] {
        assert_eq!(ask(&mut ingrid, method, &format!("{path}{below}")).await, 403, "{method} {below}");
    }
    // What was planned or sold there is hers to record.
    let form = [("customer", &*world.seen.to_string()), ("visited_on", "2026-11-19"), ("kind", "in_person")];
    ingrid.post("/visits", &form).await.expect(303);
}

#[tokio::test]
async fn endings_are_taken_back_where_they_stand_by_whoever_may_declare_them() {
    let world = World::new().await;
    let (mut ingrid, mut berit) = (world.app.client(world.people[0]).await, world.app.client(world.people[1]).await);
    let own = world.customers[0];
    let form = [("on", "2026-11-18"), ("kind", "declared_lost"), ("reason", "Gone")];
    ingrid.post(&format!("/customers/{own}/ending"), &form).await.expect(303);
    let page = ingrid.get(&format!("/customers/{own}")).await.expect(200);
    let withdraw = page.attribute("form[action*='/endings/']", "action");
    // The end of another customer does not stand under an own one.
    for ending in [world.endings[1], world.endings[2]] {
        berit.post(&format!("/customers/{own}/endings/{ending}/withdraw"), &[]).await.expect(404);
    }
    ingrid.post(&withdraw, &[]).await.expect(303);
    ingrid.post(&withdraw, &[]).await.expect(404);
    let left =
        sqlx::query_scalar!("select count(*) from endings where kind <> 'merged'").fetch_one(&world.app.db).await;
    assert_eq!(left.unwrap(), Some(3));
}

#[tokio::test]
async fn ids_in_forms_and_filters_reach_no_further_than_pages() {
    let world = World::new().await;
    let (mut ingrid, mut berit) = (world.app.client(world.people[0]).await, world.app.client(world.people[1]).await);
    for other in [1, 2] {
        let (customer, rep) = (world.customers[other].to_string(), world.reps[other].id.to_string());
        for browser in [&mut ingrid, &mut berit] {
            for path in ["/visits", "/visits/plan", "/deals"] {
                let form = [
                    ("customer", &*customer),
                    ("visited_on", "2026-11-19"),
                    ("kind", "in_person"),
                    ("stage", "won"),
                    ("booked_on", "2026-11-19"),
                    ("amount", "1"),
                ];
                browser.post(path, &form).await.expect(422);
            }
            for path in [
                "/visits?rep=",
                "/deals?rep=",
                "/deals/pipeline?rep=",
                "/customers?owner=",
                "/customers/events?kind=new&rep=",
            ] {
                browser.get(&format!("{path}{rep}")).await.expect(404);
            }
            for path in ["/visits?customer=", "/deals?customer="] {
                browser.get(&format!("{path}{customer}")).await.expect(404);
            }
        }
        // The owner of a new customer is somebody in sight; a rep's form has no owner, and what is sent is not read.
        let form = [("name", "Taken"), ("owner", &*rep)];
        berit.post("/customers", &form).await.expect(422);
    }
    let before = sqlx::query_scalar!("select count(*) from visits").fetch_one(&world.app.db).await.unwrap();
    assert_eq!(before, Some(4), "the three of the world and the one beside");
    let south =
        sqlx::query_scalar!("select id from teams where name = 'South'").fetch_one(&world.app.db).await.unwrap();
    for path in ["/visits?team=", "/deals?team=", "/deals/pipeline?team=", "/customers/events?kind=new&team="] {
        berit.get(&format!("{path}{south}")).await.expect(404);
    }
}

#[tokio::test]
async fn an_administrator_keeps_only_the_own_people() {
    let app = TestApp::new().await;
    let (org, elsewhere): (OrgId, OrgId) = (app.company("Nordlys").await, app.company("Sørlys").await);
    let admin = app.user_with_password(org, "Astrid", &[Role::Admin]).await;
    let foreign = app.user(elsewhere, "Olga", &[Role::Manager]).await;
    let team = app.team(elsewhere, "South", None, None, &[]).await;
    let own = app.team(org, "North", None, None, &[]).await;
    let mut browser = app.client(admin).await;
    for path in [format!("/users/{}", foreign.id), format!("/teams/{team}")] {
        browser.get(&path).await.expect(404);
        let form = [("name", "Taken over"), ("version", "1")];
        browser.post(&path, &form).await.expect(404);
    }
    for part in ["roles", "team", "invitation", "sign-out", "deactivation", "activation"] {
        let form = [("roles", "admin"), ("version", "1")];
        browser.post(&format!("/users/{}/{part}", foreign.id), &form).await.expect(404);
    }
    let form = [("user", &*foreign.id.to_string()), ("from", "2026-11-19")];
    for part in ["managers", "managers/end"] {
        browser.post(&format!("/teams/{team}/{part}"), &form).await.expect(404);
    }
    browser.post(&format!("/teams/{own}/managers"), &form).await.expect(422);
    let form = [("name", "North"), ("parent", &*team.to_string()), ("version", "1")];
    browser.post(&format!("/teams/{own}"), &form).await.expect(422);
    let form = [("team", &*team.to_string()), ("from", "")];
    browser.post(&format!("/users/{}/team", admin.id), &form).await.expect(422);
    assert!(!browser.get("/users").await.words().contains("Olga"));
}

#[test]
fn the_table_of_permissions_in_the_documents_is_the_one_of_the_program() {
    let document = include_str!("../../docs/security.md");
    let mut told = BTreeMap::new();
    for line in document.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        if let [name, .., rep, manager, finance, admin] = cells.as_slice() {
            told.insert(
                name.trim_matches('`').to_owned(),
                [*rep, *manager, *finance, *admin].map(|cell| cell == "yes"),
            );
        }
    }
    let real: BTreeMap<String, [bool; 4]> = Permission::ALL
        .map(|permission| (format!("{permission:?}"), Role::ALL.map(|role| permission.held_by(&[role]))))
        .into();
    assert_eq!(told, real);
}
