//! What the web tests stand on: an app with a database of its own, companies with people, and browsers without a screen.
//!
//! ```ignore
//! let app = TestApp::new().await;
//! let company = app.company("Nordlys").await;
//! let rep = app.user(company, "Ingrid", &[Role::Rep]).await;
//! let mut browser = app.client(rep).await;
//! let page = browser.get("/visits/new").await;
//! let page = browser.submit(&page, "main form", &[("outcome", "Order placed")]).await; // with the form's hidden fields
//! assert_eq!(page.expect(303).location(), "/visits");
//! ```

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use attain::{
    App,
    clock::Clock,
    domain::{
        access::Role,
        id::{OrgId, TeamId, UserId},
        money::Currency,
    },
    organizations::{self, db::NewOrganization},
    postgres::{
        sessions::{self, NewSession},
        tx::{self, Tx},
    },
    sign_in::{self, passwords},
    teams,
    users::{self, db::Details},
    web::auth::new_token,
};
use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use http_body_util::BodyExt;
use scraper::{ElementRef, Html, Selector};
use time::{Duration, OffsetDateTime, macros::datetime};
use tower::ServiceExt;
use uuid::Uuid;

use crate::database::TestDatabase;

/// The instant of the tests unless they say otherwise: Thursday, 19 November 2026, 10:00 in Oslo.
pub const NOW: OffsetDateTime = datetime!(2026-11-19 09:00 UTC);

/// A password that the rules accept.
pub const PASSWORD: &str = "tuba paraffin nebel kran";

/// The server's key.
pub const KEY: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";

/// The application over a database of its own, with a clock that stands still.
pub struct TestApp {
    pub app: App,
    pub db: sqlx::PgPool,
    database: Option<Arc<TestDatabase>>,
}

impl TestApp {
    /// An empty database at [`NOW`].
    pub async fn new() -> Self {
        Self::at(NOW).await
    }

    /// An empty database at an instant.
    pub async fn at(now: OffsetDateTime) -> Self {
        let database = TestDatabase::create().await;
        let db = database.pool.clone();
        Self { database: Some(Arc::new(database)), ..Self::over(db, now) }
    }

    /// A migrated database that somebody else keeps, at an instant.
    pub fn over(db: sqlx::PgPool, now: OffsetDateTime) -> Self {
        let mut app = App::new(db.clone(), Clock::Fixed(now), "http://127.0.0.1:8080".parse().unwrap());
        app.key = Some(Arc::new(KEY.parse().unwrap()));
        Self { app, db, database: None }
    }

    /// The same application over the same database, later.
    pub fn later(&self, by: Duration) -> Self {
        let mut app = self.app.clone();
        app.clock = Clock::Fixed(self.now() + by);
        Self { app, db: self.db.clone(), database: self.database.clone() }
    }

    /// The instant at which the application believes to be.
    pub fn now(&self) -> OffsetDateTime {
        self.app.clock.now()
    }

    /// A company in euro and Oslo's time.
    pub async fn company(&self, name: &str) -> OrgId {
        let mut tx = tx::write_as_owner(&self.db, OrgId(0), self.now()).await.unwrap();
        let new = NewOrganization {
            name: name.to_owned(),
            currency: Currency::parse("EUR").unwrap(),
            time_zone: "Europe/Oslo".to_owned(),
        };
        let org = organizations::db::create(&mut tx, &new).await.unwrap();
        tx.commit().await.unwrap();
        org
    }

    /// A write transaction of a company, to arrange what a test starts from; `commit` it.
    pub async fn write(&self, org: OrgId) -> Tx {
        tx::write(&self.db, org, None, self.app.clock).await.unwrap()
    }

    /// A person with these roles, without a sign-in ([`TestApp::client`] needs none).
    pub async fn user(&self, org: OrgId, name: &str, roles: &[Role]) -> User {
        let mut tx = self.write(org).await;
        let email = Some(email(org, name));
        let details = Details { name: name.to_owned(), email, ..Details::default() };
        let id = users::db::insert(&mut tx, &details).await.unwrap();
        users::db::set_roles(&mut tx, id, roles).await.unwrap();
        tx.commit().await.unwrap();
        User { org, id }
    }

    /// A person who can sign in, with [`PASSWORD`]: the address is `name.org@example.com`.
    pub async fn user_with_password(&self, org: OrgId, name: &str, roles: &[Role]) -> User {
        let user = self.user(org, name, roles).await;
        let mut tx = self.write(org).await;
        let hash = passwords::hash_here(PASSWORD).unwrap();
        sign_in::db::set_password(&mut tx, user.id, &email(org, name), &hash).await.unwrap();
        tx.commit().await.unwrap();
        user
    }

    /// A team that has been there from the beginning, with its manager and members.
    pub async fn team(
        &self,
        org: OrgId,
        name: &str,
        parent: Option<TeamId>,
        manager: Option<User>,
        members: &[User],
    ) -> TeamId {
        let mut tx = self.write(org).await;
        let team = teams::db::insert(&mut tx, name, parent).await.unwrap();
        if let Some(manager) = manager {
            teams::db::add_manager(&mut tx, team, manager.id, None).await.unwrap();
        }
        for member in members {
            users::db::set_team(&mut tx, member.id, Some(team), None).await.unwrap();
        }
        tx.commit().await.unwrap();
        team
    }

    /// Returns once so many connections to the database wait for a lock, for the tests of what happens at once.
    pub async fn until_waiting(&self, connections: i64) {
        for _ in 0..500 {
            let waiting = sqlx::query_scalar!(
                r#"select count(*) as "waiting!"
                 from pg_stat_activity
                 where datname = current_database() and wait_event_type = 'Lock'"#,
            )
            .fetch_one(&self.db)
            .await
            .unwrap();
            if waiting >= connections {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("nobody waits for a lock");
    }

    /// A browser in which this person has just signed in.
    pub async fn client(&self, user: User) -> Client {
        let (token, token_hash) = new_token();
        let new = NewSession { token_hash: &token_hash, org: user.org, user: user.id, ip: "127.0.0.1", user_agent: "" };
        sessions::insert(&self.db, &new, self.now()).await.unwrap();
        let mut client = self.visitor();
        client.cookies.insert("session".to_owned(), token);
        client
    }

    /// A browser in which nobody is signed in.
    pub fn visitor(&self) -> Client {
        Client {
            router: attain::router(self.app.clone()),
            cookies: BTreeMap::new(),
            peer: SocketAddr::from(([127, 0, 0, 1], 50_000)),
            headers: HeaderMap::new(),
        }
    }
}

/// The address of a person whom a test has made.
pub fn email(org: OrgId, name: &str) -> String {
    format!("{}.{org}@example.com", name.to_lowercase().replace(' ', "."))
}

/// A person in a company.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User {
    pub org: OrgId,
    pub id: UserId,
}

/// A browser without a screen and without JavaScript: it keeps cookies and sends what a browser sends.
#[derive(Clone)]
pub struct Client {
    router: Router,
    /// What the browser keeps.
    pub cookies: BTreeMap<String, String>,
    /// From where it connects.
    pub peer: SocketAddr,
    /// Sent along with every request.
    pub headers: HeaderMap,
}

impl Client {
    /// The same browser, cookies and all, in front of another application: `client.on(&app.later(Duration::hours(2)))`.
    pub fn on(&self, app: &TestApp) -> Self {
        Self { router: attain::router(app.app.clone()), ..self.clone() }
    }

    /// The same browser in front of an application with other settings.
    pub fn before(&self, app: App) -> Self {
        Self { router: attain::router(app), ..self.clone() }
    }

    /// The token of its session.
    pub fn token(&self) -> &str {
        &self.cookies["session"]
    }

    /// Asks for a page.
    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// Posts fields without drawing the form first: a `once` key is added where there is none.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let once = Uuid::new_v4().to_string();
        let mut fields = fields.to_vec();
        if !fields.iter().any(|(name, _)| *name == "once") {
            fields.push(("once", &once));
        }
        self.post_body(path, serde_html_form::to_string(&fields).unwrap()).await
    }

    /// Posts a form's body as it is.
    pub async fn post_body(&mut self, path: &str, body: impl Into<Body>) -> Answer {
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .body(body.into())
            .unwrap();
        self.send(request).await
    }

    /// Fills the first form that `selector` finds on a page and sends it to where it leads, as a browser does: its
    /// hidden and filled fields go along, `typed` replaces the values of fields of the same name (give a name several
    /// times to tick several boxes). A field that the form does not have is a mistake of the test.
    pub async fn submit(&mut self, page: &Answer, selector: &str, typed: &[(&str, &str)]) -> Answer {
        let (method, path, fields) = page.filled(selector, typed);
        let body = serde_html_form::to_string(&fields).unwrap();
        if method == Method::GET {
            self.get(&format!("{path}?{body}")).await
        } else {
            self.post_body(&path, body).await
        }
    }

    /// Goes where an answer leads (303), as often as it leads on.
    pub async fn follow(&mut self, answer: &Answer) -> Answer {
        let mut location = answer.location().to_owned();
        for _ in 0..5 {
            let next = self.get(&location).await;
            if !next.status.is_redirection() {
                return next;
            }
            next.location().clone_into(&mut location);
        }
        panic!("redirected without an end");
    }

    /// Sends any request with the browser's cookies.
    pub async fn send(&mut self, mut request: Request<Body>) -> Answer {
        let path = request.uri().to_string();
        if !self.cookies.is_empty() {
            let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request.headers_mut().insert(header::COOKIE, cookies.join("; ").parse().unwrap());
        }
        for (name, value) in &self.headers {
            request.headers_mut().insert(name, value.clone());
        }
        if !request.headers().contains_key(header::HOST) {
            request.headers_mut().insert(header::HOST, "127.0.0.1:8080".parse().unwrap());
        }
        request.extensions_mut().insert(ConnectInfo(self.peer));
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            let mut cookie = cookie.to_str().unwrap().split("; ");
            let (name, value) = cookie.next().unwrap().split_once('=').unwrap();
            if cookie.any(|attribute| attribute == "Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let bytes = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { path, status: parts.status, headers: parts.headers, bytes }
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What was asked for.
    pub path: String,
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The body as text.
    pub fn body(&self) -> String {
        String::from_utf8(self.bytes.clone()).unwrap()
    }

    /// A header's value, empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// Where a 303 or 307 leads.
    #[track_caller]
    pub fn location(&self) -> &str {
        assert!(self.headers.contains_key("location"), "{} {} leads nowhere: {}", self.path, self.status, self.words());
        self.header("location")
    }

    /// The page's text without its tags.
    pub fn words(&self) -> String {
        squeeze(Html::parse_document(&String::from_utf8_lossy(&self.bytes)).root_element().text())
    }

    /// Fails with the page's words unless the status is this one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}: {}", self.path, self.words());
        self
    }

    /// Whether the selector finds something.
    pub fn has(&self, selector: &str) -> bool {
        self.count(selector) > 0
    }

    /// How many elements the selector finds.
    pub fn count(&self, selector: &str) -> usize {
        Html::parse_document(&self.body()).select(&parse(selector)).count()
    }

    /// The text of the one element that the selector finds, white space squeezed.
    #[track_caller]
    pub fn text(&self, selector: &str) -> String {
        let mut texts = self.texts(selector);
        assert_eq!(texts.len(), 1, "{selector} on {} finds {texts:?}", self.path);
        texts.remove(0)
    }

    /// The text of every element that the selector finds, in order.
    pub fn texts(&self, selector: &str) -> Vec<String> {
        Html::parse_document(&self.body()).select(&parse(selector)).map(|element| squeeze(element.text())).collect()
    }

    /// An attribute of the first element that the selector finds.
    #[track_caller]
    pub fn attribute(&self, selector: &str, name: &str) -> String {
        let mut attributes = self.attributes(selector, name);
        assert!(!attributes.is_empty(), "no {selector} with {name} on {}", self.path);
        attributes.remove(0)
    }

    /// An attribute of every element that the selector finds and that has it, in order.
    pub fn attributes(&self, selector: &str, name: &str) -> Vec<String> {
        let page = Html::parse_document(&self.body());
        page.select(&parse(selector)).filter_map(|element| element.attr(name).map(str::to_owned)).collect()
    }

    /// What the first field of this name holds: an input's value, a text area's text, the chosen option's value.
    #[track_caller]
    pub fn value(&self, field: &str) -> String {
        let page = Html::parse_document(&self.body());
        let forms = parse("form");
        let mut fields = page.select(&forms).flat_map(sent_untouched);
        let Some((_, value)) = fields.find(|(name, _)| name == field) else { panic!("no {field} on {}", self.path) };
        value
    }

    /// The body that [`Client::submit`] would send.
    pub fn form_body(&self, selector: &str, typed: &[(&str, &str)]) -> String {
        serde_html_form::to_string(self.filled(selector, typed).2).unwrap()
    }

    /// Method, address and fields of a form as a browser would send it.
    #[track_caller]
    fn filled(&self, selector: &str, typed: &[(&str, &str)]) -> (Method, String, Vec<(String, String)>) {
        let page = Html::parse_document(&self.body());
        let Some(form) = page.select(&parse(selector)).next() else {
            panic!("no {selector} on {} ({}): {}", self.path, self.status, self.words())
        };
        let fields = parse("input, select, textarea, button");
        let names: Vec<&str> = form.select(&fields).filter_map(|field| field.attr("name")).collect();
        for (name, _) in typed {
            assert!(names.contains(name), "{selector} on {} has no field {name}, only {names:?}", self.path);
        }
        let mut sent: Vec<(String, String)> = sent_untouched(form)
            .into_iter()
            .filter(|(name, _)| !typed.iter().any(|(typed, _)| typed == name))
            .collect();
        sent.extend(typed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let is_post = form.attr("method").is_some_and(|method| method.eq_ignore_ascii_case("post"));
        let action = form.attr("action").filter(|action| !action.is_empty()).unwrap_or(&self.path);
        (if is_post { Method::POST } else { Method::GET }, action.to_owned(), sent)
    }
}

/// The fields that a browser sends when nothing was touched and no button pressed.
fn sent_untouched(form: ElementRef<'_>) -> Vec<(String, String)> {
    let mut sent = vec![];
    for field in form.select(&parse("input[name], select[name], textarea[name]")) {
        let values = match (field.value().name(), field.attr("type").unwrap_or("text")) {
            _ if field.attr("disabled").is_some() => vec![],
            ("input", "submit" | "button" | "reset" | "image" | "file") => vec![],
            ("input", "checkbox" | "radio") if field.attr("checked").is_none() => vec![],
            ("input", "checkbox" | "radio") => vec![field.attr("value").unwrap_or("on").to_owned()],
            ("input", _) => vec![field.attr("value").unwrap_or_default().to_owned()],
            ("select", _) => chosen(field),
            _ => vec![field.text().collect()],
        };
        sent.extend(values.into_iter().map(|value| (field.attr("name").unwrap_or_default().to_owned(), value)));
    }
    sent
}

fn chosen(select: ElementRef<'_>) -> Vec<String> {
    let value = |option: ElementRef<'_>| option.attr("value").map_or_else(|| squeeze(option.text()), str::to_owned);
    let selected: Vec<String> = select.select(&parse("option[selected]")).map(value).collect();
    if !selected.is_empty() || select.attr("multiple").is_some() {
        return selected;
    }
    select.select(&parse("option:not([disabled])")).take(1).map(value).collect()
}

fn parse(selector: &str) -> Selector {
    Selector::parse(selector).unwrap_or_else(|e| panic!("{selector} is no CSS selector: {e}"))
}

fn squeeze<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    texts.collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}
