//! What asks for the password again, route by route: the forms come from the router, so a new one has to be placed here.

use std::collections::BTreeSet;

use axum::http::Method;
use time::Duration;

use crate::access::World;

/// Whose browser asks, in [`World::browsers`].
const FINANCE: usize = 3;
const ADMIN: usize = 4;

/// A route, who may send it, and fields with which it is weighty.
type Weighty = (&'static str, usize, &'static [(&'static str, &'static str)]);

/// A team comes to stand below another one; a new name alone is daily.
const MOVED: &[(&str, &str)] = &[("name", "Oslo"), ("parent", "1"), ("version", "1")];

/// Forms that nobody sends with a session that was left open: each with who may send it, and what makes it weighty where not
/// every such form is.
const WEIGHTY: &[Weighty] = &[
    // People get power, lose it, or can be somebody else.
    ("/users", ADMIN, &[("name", "Nora"), ("roles", "admin")]),
    ("/users/{id}", ADMIN, &[("name", "Nils"), ("email", "somebody.else@example.com"), ("version", "1")]),
    ("/users/{id}/roles", ADMIN, &[("roles", "admin"), ("version", "1")]),
    ("/users/{id}/invitation", ADMIN, &[]),
    ("/users/{id}/departure", ADMIN, &[]),
    ("/users/{id}/deactivation", ADMIN, &[]),
    ("/users/{id}/activation", ADMIN, &[]),
    ("/users/{id}/second-factor/off", ADMIN, &[]),
    ("/users/{id}/viewing", ADMIN, &[]),
    // Who manages somebody confirms the deals, sets the targets and sees the pay.
    ("/users/{id}/team", ADMIN, &[("team", ""), ("from", "2026-11-20")]),
    ("/teams/{id}", ADMIN, MOVED),
    ("/teams/{id}/managers", ADMIN, &[("user", "1"), ("from", "2026-11-20")]),
    ("/teams/{id}/managers/end", ADMIN, &[("user", "1"), ("from", "2026-11-20")]),
    ("/profile/second-factor", ADMIN, &[]),
    ("/profile/second-factor/recovery-codes", ADMIN, &[]),
    ("/settings", ADMIN, &[]),
    // Much changes at once.
    ("/imports/{id}/apply", ADMIN, &[]),
    ("/imports/done/{id}/undo", ADMIN, &[]),
    ("/exchange-rates/{id}/re-rate", FINANCE, &[]),
    // Pay: what follows, who gets more, who signs, and everybody's in a file.
    ("/plans/{id}/assignments", FINANCE, &[]),
    ("/commission-runs/{id}/reps/{rep}", FINANCE, &[("what", "adjust")]),
    ("/commission-runs/{id}/holds/{hold}/release", FINANCE, &[]),
    ("/commission-runs/{id}/adjustments/{adjustment}/withdrawal", FINANCE, &[]),
    ("/commission-runs/{id}/approval", FINANCE, &[]),
    ("/commission-runs/{id}/payment", FINANCE, &[]),
    ("/commission-runs/{id}/lines.csv", FINANCE, &[]),
    ("/commission-runs/{id}/payroll.csv", FINANCE, &[]),
    ("/commission-runs/{id}/run.xlsx", FINANCE, &[]),
    ("/plans/{id}/simulation.csv", FINANCE, &[]),
    ("/statements.csv", FINANCE, &[]),
    ("/statements/{id}/approval", FINANCE, &[]),
    ("/disputes/{id}/acceptance", FINANCE, &[]),
];

/// Plans are weighty too, once nothing is wrong with them: the test sends whole ones.
const PLANS: [&str; 2] = ["/plans", "/plans/{id}/versions"];

/// Forms that ask for the password themselves, or that end something of one's own.
const OF_ONES_OWN: &[&str] = &[
    "/sign-in",
    "/sign-in/code",
    "/sign-out",
    "/confirm-password",
    "/setup",
    "/invitations/{token}",
    "/profile/password",
    "/profile/formats",
    "/profile/second-factor/new",
    "/profile/second-factor/off",
    "/profile/sessions/{key}/end",
    "/profile/sign-out-elsewhere",
    "/viewing/end",
    "/notices/seen",
    // It ends what others may have left open.
    "/users/{id}/sign-out",
];

/// What people do all day. It is in the audit log, is taken back or corrected, and somebody else signs for the pay.
const DAILY: &[&str] = &[
    "/customers/{id}/notes/{note}/restore",
    "/deals/{id}/undo",
    "/products/{id}",
    "/products/{id}/retirement",
    "/products/{id}/retirement/end",
    "/first-steps/sample",
    "/users/{id}/leave",
    "/users/{id}/leave/{leave}/end",
    "/users/{id}/leave/{leave}/remove",
    "/users/{id}/leave/{leave}/restore",
    "/teams",
    "/settings/limits",
    "/settings/limits/{id}/remove",
    "/settings/levels",
    "/settings/minimums",
    "/settings/minimums/{id}/remove",
    "/settings/minimums/{id}/restore",
    "/settings/proration",
    "/settings/holidays",
    "/settings/holidays/file",
    "/settings/holidays/days",
    "/settings/holidays/{day}/remove",
    "/settings/holidays/{day}/restore",
    "/imports",
    "/imports/{id}/columns",
    "/imports/{id}/discard",
    "/customers",
    "/customers/handover",
    "/customers/{id}",
    "/customers/{id}/ending",
    "/customers/{id}/endings/{ending}/withdraw",
    "/customers/{id}/merge",
    "/customers/{id}/merges/{merge}/undo",
    "/customers/{id}/notes",
    "/customers/{id}/notes/{note}/remove",
    "/customers/{id}/proposals/{proposal}/confirm",
    "/customers/{id}/proposals/{proposal}/reject",
    "/customers/{id}/proposals/{proposal}/withdraw",
    "/visits",
    "/visits/plan",
    "/visits/{id}",
    "/visits/{id}/done",
    "/visits/{id}/missed",
    "/visits/{id}/move",
    "/visits/{id}/remove",
    "/visits/{id}/remove-later",
    "/visits/{id}/undo",
    "/visits/{id}/void",
    "/products",
    "/exchange-rates",
    "/deals",
    "/deals/credit-note",
    "/deals/{id}",
    "/deals/{id}/cancel",
    "/deals/{id}/confirm",
    "/deals/{id}/confirm/undo",
    "/deals/{id}/correct",
    "/deals/{id}/expected",
    "/deals/{id}/give",
    "/deals/{id}/lose",
    "/deals/{id}/reopen",
    "/deals/{id}/return",
    "/deals/{id}/win",
    "/deals/{id}/win/undo",
    "/targets/{period}",
    "/targets/{period}/acceptance",
    "/targets/{period}/undo/{rows}",
    "/plans/{id}/letters",
    "/plans/{id}/letters/reminder",
    "/plan-letters/{id}/acceptance",
    "/plan-letters/{id}/messages",
    "/commission-runs",
    "/commission-runs/limit",
    "/commission-runs/payroll",
    "/commission-runs/{id}/submission",
    "/statements/{id}/lines/{line}/dispute",
    "/disputes/{id}/messages",
    "/disputes/{id}/refusal",
    "/disputes/{id}/withdrawal",
];

#[test]
fn every_form_is_weighed() {
    let routes = attain::routes();
    let posts = routes.listed().iter().filter(|(method, _)| *method == Method::POST).map(|(_, path)| *path);
    let posts: BTreeSet<&str> = posts.collect();
    let weighty = WEIGHTY.iter().map(|(route, ..)| *route).chain(PLANS);
    let weighed: Vec<&str> = weighty.chain(OF_ONES_OWN.iter().copied()).chain(DAILY.iter().copied()).collect();
    let known: BTreeSet<&str> = weighed.iter().copied().collect();
    assert_eq!(known.len(), weighed.len(), "none is weighed twice");
    let (new, gone) = (posts.difference(&known).collect::<Vec<_>>(), known.difference(&posts).collect::<Vec<_>>());
    assert!(new.is_empty() && gone.is_empty(), "not weighed: {new:?}; no routes any more: {gone:?}");
}

#[tokio::test]
async fn what_is_weighty_asks_for_the_password_of_a_session_that_was_left_open() {
    let world = World::new().await;
    let later = world.app.later(Duration::minutes(11));
    let browsers = world.browsers().await;
    let mut let_through = vec![];
    for (route, who, fields) in WEIGHTY {
        let path = world.path(route);
        let answer = browsers[*who].on(&later).post(&path, fields).await;
        if answer.status != 403 || !answer.has("form[action='/confirm-password']") {
            let_through.push(format!("{route}: {} {}", answer.status, answer.words()));
        } else {
            assert_eq!(answer.value("then"), path, "the form goes where it was to go");
            for (name, value) in *fields {
                assert_eq!(answer.value(name), *value, "nothing that was typed is lost: {route}");
            }
        }
    }
    assert!(let_through.is_empty(), "{}", let_through.join("\n"));
    // Where the password was given a moment ago nobody asks.
    for (route, who, fields) in WEIGHTY.iter().filter(|(route, ..)| !route.ends_with("viewing")) {
        let answer = browsers[*who].clone().post(&world.path(route), fields).await;
        let is_page = answer.header("content-type").starts_with("text/html");
        assert!(!is_page || !answer.has("form[action='/confirm-password']"), "{route}");
    }
}

#[tokio::test]
async fn a_new_name_of_a_team_asks_for_none() {
    let world = World::new().await;
    let mut admin = world.browsers().await[ADMIN].on(&world.app.later(Duration::minutes(11)));
    let path = world.path("/teams/{id}");
    let page = admin.get(&path).await.expect(200);
    admin.submit(&page, &format!("form[action='{path}']"), &[("name", "North-West")]).await.expect(303);
}

#[tokio::test]
async fn a_plan_that_is_to_be_saved_asks_for_it_too() {
    let world = World::new().await;
    let mut finance = world.browsers().await[FINANCE].on(&world.app.later(Duration::minutes(11)));
    let versions = world.path("/plans/{id}/versions/new");
    let page = finance.get(&versions).await.expect(200);
    let answer = finance.submit(&page, "main form", &[("from", "2026-12")]).await.expect(403);
    assert_eq!(answer.value("then"), world.path("/plans/{id}/versions"), "{}", answer.words());
    let page = finance.get("/plans/new?template=starter").await.expect(200);
    let answer = finance.submit(&page, "main form", &[("from", "2026-12")]).await.expect(403);
    assert_eq!(answer.value("then"), "/plans", "{}", answer.words());
}
