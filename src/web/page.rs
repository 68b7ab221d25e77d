//! What every page shows around its content, and how a template becomes an answer.

use std::convert::Infallible;

use askama::Template;
use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
    response::{Html, IntoResponse, Response},
};
use time::{Date, PrimitiveDateTime};

use super::{
    auth::Viewer,
    error::Error,
    format,
    toast::{self, Toast},
    ui,
};
use crate::{
    App,
    domain::{
        access::{Permission, Role},
        money::{Currency, Money},
        period::Period,
    },
};

/// What stands around a page's content: an extractor, and the field `page` of every page's template.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The path of the request.
    pub path: String,
    /// The signed-in person, if anybody is.
    pub viewer: Option<PageViewer>,
    /// What was just done.
    pub toast: Option<Toast>,
    /// Whether an administrator looks at the page as this person.
    pub viewing: bool,
    /// How many notices are new to the person, as far as they were counted ([`Unseen`]).
    pub unseen: usize,
    /// How many disputes wait for the person, as far as they were counted ([`Waiting`]).
    pub disputes: i64,
    currency: Option<Currency>,
    today: Option<Date>,
}

/// The signed-in person as the page's frame shows them.
#[derive(Clone, Debug)]
pub struct PageViewer {
    /// The name.
    pub name: String,
    /// The name's initials.
    pub initials: String,
    /// The roles in words: "Manager, Administrator".
    pub roles: String,
    /// The company's name.
    pub company: String,
    /// The top bar: at most seven.
    pub nav: Vec<NavItem>,
    /// What the top bar has no room for: in the profile menu.
    pub more: Vec<NavItem>,
    /// The phone's bar, without *Log visit*: at most four.
    pub tabs: Vec<NavItem>,
    /// Whether the person may log visits.
    pub may_log: bool,
}

/// A place to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NavItem {
    /// The word.
    pub label: &'static str,
    /// The path.
    pub href: &'static str,
    /// A name in `static/icons.svg`.
    pub icon: &'static str,
    /// The letter that goes there after `g`.
    pub key: &'static str,
    /// Whether the page is there or below.
    pub current: bool,
}

/// How many notices are new to the person: counted before the page is drawn, and found in the request's extensions.
#[derive(Clone, Copy, Debug)]
pub struct Unseen(pub usize);

/// How many disputes wait for an answer of the person, likewise.
#[derive(Clone, Copy, Debug)]
pub struct Waiting(pub i64);

/// How many places the top bar holds.
const NAV: usize = 7;
/// How many places the phone's bar holds beside *Log visit*.
const TABS: usize = 4;

impl Page {
    /// The frame for this person at this path.
    pub fn new(path: impl Into<String>, viewer: Option<&Viewer>, toast: Option<Toast>) -> Self {
        let path = path.into();
        Self {
            viewer: viewer.map(|viewer| PageViewer::new(viewer, &path)),
            toast,
            viewing: viewer.is_some_and(|viewer| viewer.behind.is_some()),
            unseen: 0,
            disputes: 0,
            currency: viewer.map(|viewer| viewer.company.currency),
            today: viewer.map(|viewer| viewer.today),
            path,
        }
    }

    /// How many notices are new: "3", "99+".
    pub fn unseen_words(&self) -> String {
        if self.unseen > 99 { "99+".to_owned() } else { self.unseen.to_string() }
    }

    /// An amount with currency and decimals: `€1,468.60`, `−€18.75`.
    pub fn money(&self, amount: &Money) -> String {
        self.in_currency(*amount, format::money)
    }

    /// An amount with its sign: `+€214.65`, `−€18.75`.
    pub fn money_signed(&self, amount: &Money) -> String {
        self.in_currency(*amount, format::money_signed)
    }

    /// A whole number: `1,203`, `−3`.
    pub fn count(&self, number: &i64) -> String {
        format::count(*number)
    }

    /// A date in a `<time>`: "19 Nov 2026".
    pub fn date(&self, day: &Date) -> format::TimeTag {
        format::date_tag(*day)
    }

    /// A date in a `<time>`, without the year where it is this one: "19 Nov".
    pub fn short_date(&self, day: &Date) -> format::TimeTag {
        format::short_date_tag(*day, self.today)
    }

    /// A period: "November 2026", "19 Nov 2026".
    pub fn period(&self, period: &Period) -> String {
        format::period(*period)
    }

    /// The signs between groups of three digits and before decimals, for scripts.
    pub fn signs(&self) -> [char; 2] {
        [format::locale().group_sign(), format::locale().decimal_sign()]
    }

    /// An instant in the company's time zone, in a `<time>`: "19 Nov 2026, 13:52".
    pub fn minute(&self, instant: &PrimitiveDateTime) -> format::TimeTag {
        format::minute_tag(*instant)
    }

    fn in_currency(&self, amount: Money, how: fn(Currency, Money) -> String) -> String {
        // Pages for people who are not signed in show no money; without a company there is no currency.
        self.currency.map_or_else(String::new, |currency| how(currency, amount))
    }
}

impl FromRequestParts<App> for Page {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let page = Self::new(parts.uri.path(), parts.extensions.get::<Viewer>(), toast::read(app, &parts.headers));
        let unseen = parts.extensions.get::<Unseen>().map_or(0, |unseen| unseen.0);
        let disputes = parts.extensions.get::<Waiting>().map_or(0, |waiting| waiting.0);
        Ok(Self { unseen, disputes, ..page })
    }
}

impl PageViewer {
    fn new(viewer: &Viewer, path: &str) -> Self {
        let places = places(&viewer.roles, path);
        let (nav, more) = places.split_at(places.len().min(NAV));
        let roles: Vec<&str> = Role::ALL.into_iter().filter(|&role| viewer.is(role)).map(Role::label).collect();
        Self {
            name: viewer.name.clone(),
            initials: ui::initials(&viewer.name),
            roles: roles.join(", "),
            company: viewer.company.name.clone(),
            tabs: tabs(&places),
            nav: nav.to_vec(),
            more: more.to_vec(),
            may_log: viewer.may(Permission::RecordSales),
        }
    }
}

/// The places of these roles, in the order in which every page lists them.
fn places(roles: &[Role], path: &str) -> Vec<NavItem> {
    let is = |role: Role| roles.contains(&role);
    let sells = is(Role::Rep) || is(Role::Manager);
    let place = |shown: bool, label: &'static str, href: &'static str, icon: &'static str, key: &'static str| {
        let current = path == href || path.strip_prefix(href).is_some_and(|rest| rest.starts_with('/'));
        shown.then_some(NavItem { label, href, icon, key, current })
    };
    let team = if is(Role::Manager) { "Team" } else { "Scoreboard" };
    let pay = if is(Role::Finance) { "Statements" } else { "Commission" };
    let settles = is(Role::Finance);
    [
        place(is(Role::Rep), "My month", "/my-month", "house", "m"),
        place(is(Role::Manager), team, "/scoreboard", "trophy", "s"),
        place(settles, pay, "/statements", "receipt", "p"),
        place(settles, "Runs", "/commission-runs", "badge-check", "r"),
        place(settles, "Plans", "/plans", "percent", "l"),
        place(settles, "Disputes", "/disputes", "message-square", "q"),
        place(is(Role::Admin), "People", "/users", "user-plus", "u"),
        place(is(Role::Admin), "Teams", "/teams", "network", "e"),
        place(is(Role::Admin), "Settings", "/settings", "settings", "n"),
        place(!is(Role::Manager) && (settles || is(Role::Admin)), team, "/scoreboard", "trophy", "s"),
        place(true, "Customers", "/customers", "users", "c"),
        place(sells, "Visits", "/visits", "footprints", "v"),
        place(true, "Deals", "/deals", "handshake", "d"),
        place(is(Role::Manager), "Targets", "/targets", "target", "t"),
        place(!settles, pay, "/statements", "receipt", "p"),
        place(is(Role::Admin), "Audit", "/audit", "eye", "a"),
        place(is(Role::Admin), "Import", "/imports", "upload", "i"),
        place(is(Role::Admin), "First steps", "/first-steps", "check", "f"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The phone's bar: the places that people go to while they are about.
fn tabs(places: &[NavItem]) -> Vec<NavItem> {
    const RARE: [&str; 6] = ["/visits", "/deals", "/teams", "/settings", "/audit", "/imports"];
    let often = places.iter().filter(|place| !RARE.contains(&place.href));
    let rare = places.iter().filter(|place| RARE.contains(&place.href));
    let mut tabs: Vec<NavItem> = often.chain(rare).take(TABS).copied().collect();
    tabs.sort_by_key(|tab| places.iter().position(|place| place.href == tab.href));
    tabs
}

/// A page as an answer.
pub fn html(template: impl Template) -> Result<Response, Error> {
    Ok(Html(template.render()?).into_response())
}

/// Says that a page lasts: people open it again and again, and it follows from the address, the viewer and what is written
/// alone. It may be answered from memory ([`super::kept`]).
pub fn lasting(mut answer: Response) -> Response {
    answer.extensions_mut().insert(Lasting);
    answer
}

/// On an answer that lasts.
#[derive(Clone, Copy)]
pub(super) struct Lasting;

/// A page whose form has mistakes (422): the same page with what was typed and the words beside it.
pub fn refused(template: impl Template) -> Result<Response, Error> {
    answer(StatusCode::UNPROCESSABLE_ENTITY, template)
}

/// A page with another status: 409 for what changed meanwhile, [`super::form::Errors::status`] for a page with a form.
pub fn answer(status: StatusCode, template: impl Template) -> Result<Response, Error> {
    Ok((status, html(template)?).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(items: &[NavItem]) -> Vec<&'static str> {
        items.iter().map(|item| item.label).collect()
    }

    #[test]
    fn each_role_has_its_places() {
        use Role::{Admin, Finance, Manager, Rep};
        for (roles, nav, tab) in [
            (&[Rep][..], "My month, Customers, Visits, Deals, Commission", "My month, Customers, Visits, Commission"),
            (&[Manager], "Team, Customers, Visits, Deals, Targets, Commission", "Team, Customers, Targets, Commission"),
            (
                &[Finance],
                "Statements, Runs, Plans, Disputes, Scoreboard, Customers, Deals",
                "Statements, Runs, Plans, Disputes",
            ),
            (
                &[Admin],
                "People, Teams, Settings, Scoreboard, Customers, Deals, Commission, Audit, Import, First steps",
                "People, Scoreboard, Customers, Commission",
            ),
        ] {
            let all = places(roles, "/");
            assert_eq!(labels(&all).join(", "), nav);
            assert_eq!(labels(&tabs(&all)).join(", "), tab);
        }
        let everything = places(&Role::ALL, "/");
        assert_eq!(everything.len(), 16, "each place once");
        let mut keys: Vec<_> = everything.iter().map(|item| item.key).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 16, "each key once");
    }

    #[test]
    fn the_current_place_is_marked_also_below_it() {
        let current = |path: &str| {
            places(&[Role::Rep], path)
                .into_iter()
                .filter(|item| item.current)
                .map(|item| item.label)
                .collect::<Vec<_>>()
        };
        assert_eq!(current("/customers"), ["Customers"]);
        assert_eq!(current("/customers/7/edit"), ["Customers"]);
        assert_eq!(current("/customers-old"), [""; 0]);
        assert_eq!(current("/"), [""; 0]);
    }
}
