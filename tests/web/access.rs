//! Who may do what: every role on every route, and every reach on every kind of record.
//!
//! The routes come from the router itself: one that is missing in [`ROUTES`] fails the test, and so does a row whose
//! route is gone. Whoever adds a route adds its row here, and an object to [`World`] if its path has an id.

use std::collections::{BTreeMap, BTreeSet};

use attain::{
    customers, deals,
    domain::{
        access::{Permission, Role},
        deal::{Credit, Stage},
        id::{CustomerId, DealId, OrgId, VisitId},
        money::Money,
        visit::{Kind, State},
    },
    visits,
};
use time::macros::date;

use crate::support::{Answer, Client, TestApp, User};

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
    ("GET /setup", [404, 404, 404, 404, 404]),
    ("POST /setup", [404, 404, 404, 404, 404]),
    ("GET /invitations/{token}", [410, 410, 410, 410, 410]),
    ("POST /invitations/{token}", [410, 410, 410, 410, 410]),
    ("POST /confirm-password", [DOOR, 400, 400, 400, 400]),
    ("GET /profile", [DOOR, 200, 200, 200, 200]),
    ("POST /profile/password", [DOOR, 422, 422, 422, 422]),
    ("POST /profile/sign-out-elsewhere", [DOOR, 303, 303, 303, 303]),
    // People, roles, teams.
    ("GET /users", [DOOR, 403, 403, 403, 200]),
    ("POST /users", [DOOR, 403, 403, 403, 422]),
    ("GET /users/new", [DOOR, 403, 403, 403, 200]),
    ("GET /users/{id}", [DOOR, 403, 403, 403, 200]),
    ("POST /users/{id}", [DOOR, 403, 403, 403, 422]),
    ("POST /users/{id}/roles", [DOOR, 403, 403, 403, 422]),
    ("POST /users/{id}/team", [DOOR, 403, 403, 403, 303]),
    ("POST /users/{id}/invitation", [DOOR, 403, 403, 403, 200]),
    ("POST /users/{id}/sign-out", [DOOR, 403, 403, 403, 303]),
    ("POST /users/{id}/deactivation", [DOOR, 403, 403, 403, 303]),
    ("POST /users/{id}/activation", [DOOR, 403, 403, 403, 303]),
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
    ("POST /settings/limits/{id}/remove", [DOOR, 403, 403, 403, 404]),
    ("POST /settings/holidays", [DOOR, 403, 403, 403, 422]),
    ("POST /settings/holidays/{day}/remove", [DOOR, 403, 403, 403, 404]),
    // Numbers and targets.
    ("GET /my-month", [DOOR, 200, 303, 303, 303]),
    ("GET /reps/{id}", [DOOR, 200, 200, 200, 200]),
    ("GET /scoreboard", [DOOR, 303, 200, 200, 200]),
    ("GET /scoreboard.csv", [DOOR, 403, 200, 200, 200]),
    ("GET /targets", [DOOR, 403, 303, 403, 403]),
    ("GET /targets/{period}", [DOOR, 403, 200, 403, 403]),
    ("GET /targets/{period}/changes", [DOOR, 403, 200, 403, 403]),
    ("POST /targets/{period}", [DOOR, 403, 400, 403, 403]),
    // Customers.
    ("GET /customers", [DOOR, 200, 200, 200, 200]),
    ("GET /customers/events", [DOOR, 200, 200, 200, 200]),
    ("GET /customers/new", [DOOR, 200, 200, 403, 403]),
    ("GET /customers/{id}", [DOOR, 200, 200, 200, 200]),
    ("GET /customers/{id}/edit", [DOOR, 200, 200, 403, 403]),
    ("GET /customers/{id}/ending", [DOOR, 200, 200, 403, 403]),
    ("POST /customers", [DOOR, 422, 422, 403, 403]),
    ("POST /customers/{id}", [DOOR, 422, 422, 403, 403]),
    ("POST /customers/{id}/ending", [DOOR, 422, 422, 403, 403]),
    ("POST /customers/{id}/endings/{ending}/withdraw", [DOOR, 404, 404, 403, 403]),
    // Visits.
    ("GET /visits", [DOOR, 200, 200, 200, 200]),
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
    ("POST /visits/{id}/remove", [DOOR, 409, 409, 403, 403]),
    ("POST /visits/{id}/undo", [DOOR, 409, 409, 403, 403]),
    // Deals.
    ("GET /deals", [DOOR, 200, 200, 200, 200]),
    ("GET /deals/new", [DOOR, 200, 200, 403, 403]),
    ("GET /deals/{id}", [DOOR, 200, 200, 200, 200]),
    ("GET /deals/{id}/edit", [DOOR, 200, 200, 403, 403]),
    ("GET /deals/{id}/return", [DOOR, 200, 200, 403, 403]),
    ("GET /products", [DOOR, 200, 200, 200, 200]),
    ("POST /products", [DOOR, 403, 422, 403, 422]),
    ("POST /deals", [DOOR, 422, 422, 403, 403]),
    ("POST /deals/{id}", [DOOR, 422, 422, 403, 403]),
    ("POST /deals/{id}/cancel", [DOOR, 409, 409, 403, 403]),
    ("POST /deals/{id}/confirm", [DOOR, 403, 303, 409, 403]),
    ("POST /deals/{id}/correct", [DOOR, 404, 404, 403, 403]),
    ("POST /deals/{id}/lose", [DOOR, 409, 409, 403, 403]),
    ("POST /deals/{id}/reopen", [DOOR, 409, 409, 403, 403]),
    ("POST /deals/{id}/return", [DOOR, 422, 422, 403, 403]),
    ("POST /deals/{id}/win", [DOOR, 422, 422, 403, 403]),
    // Commission. A run is shown to those who approve once it is submitted.
    ("GET /plans", [DOOR, 403, 403, 200, 403]),
    ("GET /plans/new", [DOOR, 403, 403, 200, 403]),
    ("GET /plans/{id}", [DOOR, 403, 403, 200, 403]),
    ("GET /plans/{id}/versions/new", [DOOR, 403, 403, 200, 403]),
    ("POST /plans", [DOOR, 403, 403, 422, 403]),
    ("POST /plans/{id}/assignments", [DOOR, 403, 403, 422, 403]),
    ("POST /plans/{id}/versions", [DOOR, 403, 403, 422, 403]),
    ("GET /commission-runs", [DOOR, 403, 200, 200, 200]),
    ("GET /commission-runs/{id}", [DOOR, 403, 404, 200, 404]),
    ("POST /commission-runs/{id}/lines.csv", [DOOR, 403, 403, 200, 403]),
    ("POST /commission-runs", [DOOR, 403, 403, 422, 403]),
    ("POST /commission-runs/{id}/submission", [DOOR, 403, 403, 303, 403]),
    ("POST /commission-runs/{id}/approval", [DOOR, 403, 303, 409, 409]),
    ("POST /commission-runs/{id}/payment", [DOOR, 403, 403, 422, 403]),
    ("GET /statements", [DOOR, 200, 200, 200, 200]),
    ("GET /statements/so-far", [DOOR, 200, 200, 200, 200]),
    ("GET /statements/{id}", [DOOR, 200, 200, 200, 200]),
    ("POST /statements/{id}/approval", [DOOR, 403, 409, 409, 409]),
];

/// Routes whose answer does not depend on who asks, and which the test cannot ask without ending its sessions.
const APART: [&str; 1] = ["POST /sign-out"];

/// A company with somebody of each role, and another one beside it.
struct World {
    app: TestApp,
    /// Rep, manager, finance, administrator. The manager manages the rep's team.
    people: [User; 4],
    /// What stands for the placeholder in paths that begin so: an object in sight of all four.
    ids: BTreeMap<&'static str, String>,
    /// The rep, a rep whom the manager does not manage, and one of another company.
    reps: [User; 3],
    /// The customer, visit and deal of the rep, of a rep whom the manager does not manage, and of another company.
    customers: [CustomerId; 3],
    visits: [VisitId; 3],
    deals: [DealId; 3],
}

impl World {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let (org, elsewhere) = (app.company("Nordlys").await, app.company("Sørlys").await);
        let rep = app.user_with_password(org, "Ingrid", &[Role::Rep]).await;
        let manager = app.user_with_password(org, "Berit", &[Role::Manager]).await;
        let finance = app.user_with_password(org, "Finn", &[Role::Finance]).await;
        let admin = app.user_with_password(org, "Astrid", &[Role::Admin]).await;
        let sibling = app.user(org, "Olav", &[Role::Rep]).await;
        let foreign = app.user(elsewhere, "Olga", &[Role::Rep]).await;
        let top = app.team(org, "North", None, Some(manager), &[]).await;
        app.team(org, "Oslo", Some(top), None, &[rep]).await;
        app.team(org, "South", None, None, &[sibling]).await;
        let target = app.user(org, "Nils", &[Role::Rep]).await;
        let owners = [rep, sibling, foreign];
        let mut customers = vec![];
        let mut visits = vec![];
        let mut deals = vec![];
        for owner in owners {
            let customer = customer(&app, owner).await;
            customers.push(customer);
            visits.push(visit(&app, owner, customer).await);
            deals.push(deal(&app, owner, customer).await);
        }
        let (plan, run) = commission(&app, finance, rep).await;
        let statement = sqlx::query_scalar!("select min(id) from statements").fetch_one(&app.db).await.unwrap();
        let ids = BTreeMap::from([
            ("/plans/", plan),
            ("/commission-runs/", run),
            ("/statements/", statement.unwrap().to_string()),
            ("/users/", target.id.to_string()),
            ("/teams/", top.to_string()),
            ("/invitations/", "made-up".to_owned()),
            ("/reps/", rep.id.to_string()),
            ("/customers/", customers[0].to_string()),
            ("/visits/", visits[0].to_string()),
            ("/deals/", deals[0].to_string()),
            ("/targets/", "2026-11".to_owned()),
        ]);
        let (customers, visits) = (customers.try_into().unwrap(), visits.try_into().unwrap());
        let deals = deals.try_into().unwrap();
        Self { app, people: [rep, manager, finance, admin], ids, reps: owners, customers, visits, deals }
    }

    /// Nobody's browser and those of the four roles.
    async fn browsers(&self) -> Vec<Client> {
        let mut browsers = vec![self.app.visitor()];
        for user in self.people {
            browsers.push(self.app.client(user).await);
        }
        browsers
    }

    /// The path of a route, with an object in sight of all for its placeholder.
    fn path(&self, route: &str) -> String {
        let Some((before, after)) = route.split_once('{') else { return route.to_owned() };
        let id = self.ids.get(before).map_or("999999", String::as_str);
        format!("{before}{id}{}", after.split_once('}').unwrap().1)
    }
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

async fn deal(app: &TestApp, owner: User, customer: CustomerId) -> DealId {
    let mut tx = app.write(owner.org).await;
    tx.actor = Some(owner.id);
    let line = deals::db::Line {
        position: 1,
        product: None,
        text: "Coffee".to_owned(),
        quantity: 1.into(),
        amount: Money(10_000),
        cost: None,
    };
    let new = deals::db::NewDeal {
        customer,
        owner: Some(owner.id),
        stage: Stage::Won,
        opened_on: None,
        booked_on: Some(date!(2026 - 11 - 18)),
        expected_on: None,
        returns: None,
        notes: String::new(),
        confirmed: false,
        lines: vec![line],
        credits: vec![Credit { rep: owner.id, parts: 1, overlay: false }],
    };
    let id = deals::db::insert(&mut tx, &new).await.unwrap();
    tx.commit().await.unwrap();
    id
}

/// A plan and a calculated run: their ids.
async fn commission(app: &TestApp, finance: User, rep: User) -> (String, String) {
    let mut browser = app.client(finance).await;
    let page = browser.get("/plans/new?template=starter").await.expect(200);
    let plan = browser.submit(&page, "main form", &[("name", "Starter"), ("from", "2026-01")]).await.expect(303);
    let page = browser.follow(&plan).await.expect(200);
    let assignment = [("rep", &*rep.id.to_string()), ("from", "2026-01"), ("act", "on")];
    browser.submit(&page, "main form", &assignment).await.expect(303);
    let page = browser.get("/commission-runs").await.expect(200);
    let run = browser.submit(&page, "main form", &[("period", "2026-10")]).await.expect(303);
    let id = |answer: &Answer| answer.location().rsplit('/').next().unwrap().to_owned();
    (id(&plan), id(&run))
}

async fn ask(browser: &mut Client, method: &str, path: &str) -> u16 {
    let answer: Answer = if method == "GET" { browser.get(path).await } else { browser.post(path, &[]).await };
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

/// A path with an object in it, and what it answers for an object of the rep, of a rep beside the manager's teams, and
/// of another company; asked by the rep, the manager, finance, the administrator.
const REACH: &[(&str, [[u16; 3]; 4])] = &[
    ("GET /customers/{id}", [[200, 404, 404], [200, 404, 404], [200, 200, 404], [200, 200, 404]]),
    ("GET /customers/{id}/edit", [[200, 404, 404], [200, 404, 404], [403, 403, 403], [403, 403, 403]]),
    ("POST /customers/{id}/ending", [[422, 404, 404], [422, 404, 404], [403, 403, 403], [403, 403, 403]]),
    ("GET /deals/{id}/edit", [[200, 404, 404], [200, 404, 404], [403, 403, 403], [403, 403, 403]]),
    ("POST /deals/{id}/lose", [[409, 404, 404], [409, 404, 404], [403, 403, 403], [403, 403, 403]]),
    ("GET /deals/{id}/return", [[200, 404, 404], [200, 404, 404], [403, 403, 403], [403, 403, 403]]),
    ("GET /visits/{id}", [[200, 404, 404], [200, 404, 404], [200, 200, 404], [200, 200, 404]]),
    ("GET /reps/{id}", [[200, 404, 404], [200, 404, 404], [200, 200, 404], [200, 200, 404]]),
    ("GET /customers/{id}", [[200, 404, 404], [200, 404, 404], [200, 200, 404], [200, 200, 404]]),
    ("GET /customers/{id}/edit", [[200, 404, 404], [200, 404, 404], [403, 403, 403], [403, 403, 403]]),
    ("GET /deals/{id}/edit", [[200, 404, 404], [200, 404, 404], [403, 403, 403], [403, 403, 403]]),
    ("GET /deals/{id}", [[200, 404, 404], [200, 404, 404], [200, 200, 404], [200, 200, 404]]),
    ("GET /visits/{id}/edit", [[200, 404, 404], [200, 404, 404], [403, 403, 403], [403, 403, 403]]),
    ("POST /visits/{id}/undo", [[409, 404, 404], [409, 404, 404], [403, 403, 403], [403, 403, 403]]),
];

#[tokio::test]
async fn nobody_reaches_the_records_of_others() {
    let world = World::new().await;
    let mut wrong = vec![];
    for (route, expected) in REACH {
        let (method, pattern) = route.split_once(' ').unwrap();
        let mut answers = [[0; 3]; 4];
        let mut browsers = world.browsers().await;
        for (answers, browser) in answers.iter_mut().zip(browsers.iter_mut().skip(1)) {
            for (number, answer) in answers.iter_mut().enumerate() {
                let id = match pattern {
                    _ if pattern.starts_with("/visits/") => world.visits[number].to_string(),
                    _ if pattern.starts_with("/reps/") => world.reps[number].id.to_string(),
                    _ if pattern.starts_with("/deals/") => world.deals[number].to_string(),
                    _ => world.customers[number].to_string(),
                };
                *answer = ask(browser, method, &pattern.replace("{id}", &id)).await;
            }
        }
        if answers != *expected {
            wrong.push(format!("(\"{route}\", {answers:?}),"));
        }
    }
    assert!(wrong.is_empty(), "answers that no row expects:\n{}", wrong.join("\n"));
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
