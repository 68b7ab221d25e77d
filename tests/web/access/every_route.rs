//! Every route with every answer in one table: docs/security.md shows it, and what the other tests do not ask is asked here.
//!
//! `ATTAIN_WRITE_DOCS=1 cargo test --test web -- access::every_route` writes it anew.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use attain::domain::access::Role;

use super::{APART, APPROVED, DOOR, REACH, ROUTES, SUBMITTED, World, ask, filled, imported, product, upload};

/// Routes whose placeholder is no record: a link, a day, a period, a metric, a file of ours.
const NO_RECORD: [&str; 14] = [
    "GET /invitations/{token}",
    "POST /invitations/{token}",
    "POST /profile/sessions/{key}/end",
    "POST /settings/holidays/{day}/remove",
    "POST /settings/holidays/{day}/restore",
    "GET /imports/templates/{file}",
    "GET /targets/{period}",
    "GET /targets/{period}/targets.csv",
    "GET /targets/{period}/changes",
    "POST /targets/{period}",
    "POST /targets/{period}/acceptance",
    "POST /targets/{period}/undo/{rows}",
    "GET /metrics/{metric}",
    "GET /metrics/{metric}/rows.csv",
];

/// Whether the path names a record, which may be somebody else's.
fn names_a_record(route: &str) -> bool {
    route.contains('{') && !NO_RECORD.contains(&route)
}

/// What a route answers for a record of another company to whom it answers so for one of the own: that there is none.
fn of_another_company(own: u16) -> u16 {
    if own == DOOR || own == 403 { own } else { 404 }
}

/// Routes that answer otherwise: to rep, manager, finance, administrator.
const OTHERWISE: &[(&str, [u16; 4])] = &[
    // What waits no more is called that, whosever it was.
    ("POST /imports/{id}/columns", [403, 403, 403, 409]),
    ("POST /imports/{id}/apply", [403, 403, 403, 409]),
    ("POST /imports/{id}/discard", [403, 403, 403, 409]),
];

/// The answers to rep, manager, finance and administrator for a record of another company, where [`REACH`] has no row.
pub(super) fn elsewhere(route: &str, own: [u16; 5]) -> [u16; 4] {
    let [_, roles @ ..] = own;
    let known = OTHERWISE.iter().find(|(known, _)| *known == route);
    known.map_or_else(|| roles.map(of_another_company), |(_, answers)| *answers)
}

/// Records of another company for the placeholders that [`World::path_to`] has none for.
async fn others(world: &World) -> BTreeMap<&'static str, String> {
    let (app, foreign) = (&world.app, world.reps[2]);
    let boss = app.user(foreign.org, "Oskar", &[Role::Admin]).await;
    let team = app.team(foreign.org, "East", None, None, &[foreign]).await;
    let limit = sqlx::query_scalar!(
        r#"insert into loss_limits (org_id, segment, days, from_date)
           values ($1, 'Retail', 90, '2026-12-01')
           returning id::text as "id!""#,
        foreign.org.0,
    );
    let minimum = sqlx::query_scalar!(
        r#"insert into visit_minimums (org_id, visits, per, strangers_only, from_date)
           values ($1, 4, 'day', false, '2026-12-01')
           returning id::text as "id!""#,
        foreign.org.0,
    );
    BTreeMap::from([
        ("/users/", foreign.id.to_string()),
        ("/teams/", team.to_string()),
        ("/settings/limits/", limit.fetch_one(&app.db).await.unwrap()),
        ("/settings/minimums/", minimum.fetch_one(&app.db).await.unwrap()),
        ("/leave/", world.leaves[2].clone()),
        ("/imports/", upload(app, boss).await),
        ("/imports/done/", imported(app, boss).await),
        ("/customers/", world.customers[2].to_string()),
        ("/products/", product(app, foreign).await),
        ("/merges/", world.merges[2].clone()),
        ("/proposals/", world.proposals[2].to_string()),
        ("/plans/", world.plans[2].clone()),
        ("/commission-runs/", world.runs[2].clone()),
        ("/holds/", world.held[1][0].clone()),
        ("/adjustments/", world.held[1][1].clone()),
        ("/statements/", world.statements[2].clone()),
        ("/lines/", "1".to_owned()),
    ])
}

#[tokio::test]
async fn what_another_company_has_is_not_there() {
    let world = World::new().await;
    let others = others(&world).await;
    let mut browsers = vec![];
    for user in world.people {
        browsers.push(world.app.client(user).await);
    }
    let mut wrong = vec![];
    for (route, own) in ROUTES {
        if !names_a_record(route) || REACH.iter().any(|(known, _)| known == route) {
            continue;
        }
        let (method, pattern) = route.split_once(' ').unwrap();
        let path = filled(pattern, |before| {
            let found = others.iter().find(|(kind, _)| before.ends_with(**kind));
            found.unwrap_or_else(|| panic!("no object of another company for {route}")).1.clone()
        });
        let mut answers = [0; 4];
        for (answer, browser) in answers.iter_mut().zip(&mut browsers) {
            *answer = ask(browser, method, &path).await;
        }
        if answers != elsewhere(route, *own) {
            wrong.push(format!("(\"{route}\", {answers:?}), // not {:?}", elsewhere(route, *own)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const BEGIN: &str = "<!-- every route: begins; written by tests/web/access/every_route.rs -->\n";
const END: &str = "<!-- every route: ends -->\n";

/// A row per route: nobody, rep, manager, finance, administrator, each with the answers for the three kinds of records.
fn table() -> String {
    let mut table =
        String::from("| route | nobody | rep | manager | finance | administrator |\n|---|---|---|---|---|---|\n");
    let word = |answer: u16| if answer == DOOR { "door".to_owned() } else { answer.to_string() };
    let mut seen = vec![];
    for (route, own) in ROUTES {
        assert!(!seen.contains(route), "{route} has two rows");
        seen.push(route);
        let [nobody, roles @ ..] = *own;
        let reach = REACH.iter().find(|(known, _)| known == route);
        let elsewhere = elsewhere(route, *own);
        let cells: Vec<String> = (0..4)
            .map(|role| match reach {
                Some((_, reach)) => reach[role].map(word).join(" · "),
                None if names_a_record(route) => format!("{} · – · {}", word(roles[role]), word(elsewhere[role])),
                None => word(roles[role]),
            })
            .map(|cell| if ["403 · 403 · 403", "403 · – · 403"].contains(&&*cell) { "403".to_owned() } else { cell })
            .collect();
        let _ = writeln!(table, "| {route} | {} | {} |", word(nobody), cells.join(" | "));
    }
    let more = REACH.iter().filter(|(route, _)| !seen.contains(route)).map(|row| (row, ""));
    let submitted = SUBMITTED.iter().map(|row| (row, " (submitted)"));
    let approved = APPROVED.iter().map(|row| (row, " (approved)"));
    for ((route, reach), once) in more.chain(submitted).chain(approved) {
        let cells = reach.map(|role| role.map(word).join(" · "));
        let cells = cells.map(|cell| if cell == "403 · 403 · 403" { "403".to_owned() } else { cell });
        let _ = writeln!(table, "| {route}{once} | door | {} |", cells.join(" | "));
    }
    for route in APART {
        let _ = writeln!(table, "| {route} | door | tests of its own | | | |");
    }
    table
}

#[test]
fn the_table_of_routes_in_the_documents_is_this_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/security.md");
    let document = fs::read_to_string(&path).unwrap();
    let (before, rest) = document.split_once(BEGIN).expect("where the table begins");
    let (told, after) = rest.split_once(END).expect("where the table ends");
    let table = table();
    if std::env::var_os("ATTAIN_WRITE_DOCS").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
        return;
    }
    for (told, real) in told.lines().zip(table.lines()) {
        assert_eq!(
            told, real,
            "docs/security.md is out of date: ATTAIN_WRITE_DOCS=1 cargo test --test web -- every_route"
        );
    }
    assert_eq!(told.len(), table.len(), "docs/security.md is out of date: ATTAIN_WRITE_DOCS=1 …");
}
