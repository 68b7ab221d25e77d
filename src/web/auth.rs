//! Who asks, and whether they may: the session cookie, the viewer, and proof of permission as a type.

use std::{convert::Infallible, marker::PhantomData, ops::Deref};

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts, Request, State},
    http::{HeaderMap, Method, request::Parts},
    middleware::Next,
    response::Response,
};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use time::{Date, Duration, OffsetDateTime};
use uuid::Uuid;

use super::{error::Error, form::drawn_for, format, terms::on_one_page};
use crate::{
    App,
    domain::{
        access::{Bearer, Permission, Role, Scope},
        company::Company,
        id::{OrgId, UserId},
        locale::Locale,
    },
    postgres::sessions::{self, Behind},
};

/// How long a password counts as just given, for what needs it fresh.
pub const FRESH: Duration = Duration::minutes(10);

/// The signed-in person behind a request, the company, and what day it is there.
#[derive(Clone, Debug)]
pub struct Viewer {
    /// The person.
    pub id: UserId,
    /// The person's name.
    pub name: String,
    /// The person's roles.
    pub roles: Vec<Role>,
    /// Whose records the person sees; behind `Allowed<P>`: whose the person reaches with `P`.
    pub scope: Scope,
    /// What the reach of the permissions follows from.
    pub bearer: Bearer,
    /// The company's settings.
    pub company: Company,
    /// Today at the company.
    pub today: Date,
    /// The instant of the request.
    pub now: OffsetDateTime,
    /// When the password was last given.
    pub auth_at: OffsetDateTime,
    /// SHA-256 of the session's token.
    pub session: [u8; 32],
    /// The administrator who looks at the program as this person; nobody else is behind a viewer.
    pub behind: Option<Behind>,
    /// The form of numbers and dates: the person's own or the company's.
    pub locale: Locale,
    /// What the person has chosen; nothing: as the company.
    pub own_locale: Option<Locale>,
    /// Whether the signed-in person has a second factor: what asks for the password asks for a code too.
    pub second_factor: bool,
    /// Whether the company wants finance and administrators to have one.
    pub second_factor_required: bool,
    /// The mark of the organization's latest write.
    pub mark: Option<Uuid>,
}

/// Which facts a request sees: what was drawn for one may be shown to another that sees the same, and is a minute old at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsOf {
    /// Whose.
    pub org: OrgId,
    /// As long as it is the same, nothing was written.
    pub mark: Option<Uuid>,
    /// The minute of the request, since the beginning of 1970. With it ends what follows from the clock, and what somebody
    /// changed in the database by hand is seen.
    pub minute: i64,
}

impl Viewer {
    /// Whether the person's roles carry this permission.
    pub fn may(&self, permission: Permission) -> bool {
        permission.held_by(&self.roles)
    }

    /// Whose records the person reaches with a permission.
    pub fn scope_of(&self, permission: Permission) -> Scope {
        Scope { org: self.scope.org, reach: self.bearer.reach(permission) }
    }

    /// Whether the person bears this role.
    pub fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Where the person's day begins.
    pub fn home(&self) -> &'static str {
        match self.roles.iter().min() {
            Some(Role::Rep) => "/my-month",
            Some(Role::Manager) => "/scoreboard",
            Some(Role::Finance) => "/commission-runs",
            Some(Role::Admin) => "/users",
            None => "/profile",
        }
    }

    /// Whether the company wants the person to have a second factor.
    pub fn needs_second_factor(&self) -> bool {
        self.second_factor_required && self.roles.iter().any(|role| matches!(role, Role::Finance | Role::Admin))
    }

    /// Whether the person must turn one on before anything else.
    pub fn owes_second_factor(&self) -> bool {
        self.needs_second_factor() && !self.second_factor && self.behind.is_none()
    }

    /// Which facts the request sees. They were there before anything is drawn from them, so that nothing is older than this
    /// says, but the classes of customers, which are shared for a minute.
    pub fn as_of(&self) -> AsOf {
        AsOf { org: self.scope.org, mark: self.mark, minute: self.now.unix_timestamp().div_euclid(60) }
    }

    /// Whether the password was given a short time ago (step-up).
    pub fn is_fresh(&self) -> bool {
        self.now - self.auth_at < FRESH
    }
}

/// A permission as a type: a handler that takes `Allowed<P>` cannot run without it.
pub trait Grant {
    /// What is required.
    const PERMISSION: Permission;
}

/// The viewer, with proof that the permission `P` was checked, and in sight only what `P` reaches.
pub struct Allowed<P> {
    viewer: Viewer,
    proof: PhantomData<P>,
}

macro_rules! grants {
    ($($name:ident),* $(,)?) => {$(
        #[doc = concat!("[`Permission::", stringify!($name), "`] as a type.")]
        pub struct $name;
        impl Grant for $name {
            const PERMISSION: Permission = Permission::$name;
        }
    )*};
}
grants! { ReadSales, RecordSales, HandOver, ConfirmDeals, KeepProducts, KeepRates, SetTargets, KeepLeave, ReadStatements, PrepareCommission, ApproveCommission, ManagePeople, ReadAudit, ImportRecords }

impl<P> Deref for Allowed<P> {
    type Target = Viewer;
    fn deref(&self) -> &Viewer {
        &self.viewer
    }
}

impl FromRequestParts<App> for Viewer {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Error> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| {
            let next = (parts.method == Method::GET).then(|| parts.uri.to_string());
            Error::SignedOut { next: next.filter(|path| path != "/") }
        })
    }
}

impl OptionalFromRequestParts<App> for Viewer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}

impl<P: Grant> FromRequestParts<App> for Allowed<P> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let mut viewer = <Viewer as FromRequestParts<App>>::from_request_parts(parts, app).await?;
        if !viewer.may(P::PERMISSION) {
            return Err(Error::Forbidden);
        }
        viewer.scope = viewer.scope_of(P::PERMISSION);
        Ok(Self { viewer, proof: PhantomData })
    }
}

/// Middleware: finds the viewer of the session cookie with one query and puts it into the request.
pub async fn identify(State(app): State<App>, mut request: Request, next: Next) -> Result<Response, Error> {
    if let Some(hash) = token_hash(&app, request.headers(), SESSION) {
        let now = app.clock.now();
        if let Some(session) = sessions::find(&app.db, &hash, now).await?
            && !is_over(&session, now)
        {
            if now - session.last_seen_at >= Duration::minutes(1) {
                sessions::touch(&app.db, &hash, now).await?;
            }
            let viewer = Viewer {
                id: session.bearer.id,
                name: session.name,
                roles: session.bearer.roles.clone(),
                scope: Scope { org: session.org, reach: session.bearer.reach(Permission::ReadSales) },
                bearer: session.bearer,
                company: session.company,
                today: session.today,
                now,
                auth_at: session.auth_at,
                session: hash,
                behind: session.behind,
                locale: session.locale,
                own_locale: session.own_locale,
                second_factor: session.second_factor,
                second_factor_required: session.second_factor_required,
                mark: session.mark,
            };
            let locale = written_in(&request, &viewer);
            request.extensions_mut().insert(viewer.clone());
            // An error is drawn further out: it takes the viewer's navigation from here.
            let answer = drawn_for(viewer.id, on_one_page(next.run(request)));
            let mut response = format::within(locale, answer).await;
            response.extensions_mut().insert(viewer);
            return Ok(response);
        }
    }
    Ok(next.run(request).await)
}

/// The viewer's form of numbers and dates. Files are the same for everybody: programs read them.
fn written_in(request: &Request, viewer: &Viewer) -> Locale {
    let is_file = request.uri().path().rsplit_once('.').is_some_and(|(_, ending)| ending == "csv");
    if is_file { Locale::En } else { viewer.locale }
}

/// Idle and absolute limits: 12 hours and 7 days in the field, 1 hour and 24 hours where money and people are kept.
fn is_over(session: &sessions::Session, now: OffsetDateTime) -> bool {
    let roles = session.bearer.roles.iter();
    let strict = session.behind.is_some() || roles.clone().any(|role| matches!(role, Role::Finance | Role::Admin));
    let (idle, absolute) =
        if strict { (Duration::hours(1), Duration::hours(24)) } else { (Duration::hours(12), Duration::days(7)) };
    now - session.last_seen_at >= idle || now - session.created_at >= absolute
}

/// A path within this site to go to, out of a query or form. Anything else (another site, a control character) is none.
pub fn local_path(text: &str) -> Option<&str> {
    let local = text.starts_with('/') && !text.starts_with("//") && !text.contains('\\');
    (local && text.parse::<axum::http::uri::PathAndQuery>().is_ok()).then_some(text)
}

/// A new token: 256 random bits for the cookie or link, and the hash that is stored of it.
pub fn new_token() -> (String, [u8; 32]) {
    let bytes: [u8; 32] = rand::random();
    let token = BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let hash = hash_token(&token);
    (token, hash)
}

/// What the database keeps of a token.
pub fn hash_token(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// The cookie of a session's token.
pub const SESSION: &str = "session";
/// The cookie of a sign-in that still owes a code.
pub const UNFINISHED: &str = "unfinished";
/// The cookie of a browser in which somebody has signed in before.
pub const BROWSER: &str = "browser";

/// What the browser sent in this cookie, if it sent one.
pub fn cookie_value(app: &App, headers: &HeaderMap, name: &str) -> Option<String> {
    CookieJar::from_headers(headers).get(&cookie_name(app, name)).map(|cookie| cookie.value().to_owned())
}

/// The hash of the token that the browser sent in this cookie, if it sent one.
pub fn token_hash(app: &App, headers: &HeaderMap, name: &str) -> Option<[u8; 32]> {
    cookie_value(app, headers, name).map(|token| hash_token(&token))
}

/// The cookie that carries a token; an empty token takes it away.
pub fn cookie(app: &App, name: &str, token: &str) -> Cookie<'static> {
    let mut cookie = Cookie::build((cookie_name(app, name), token.to_owned()))
        .path("/")
        .http_only(true)
        .secure(app.public_url.is_https())
        .same_site(SameSite::Lax)
        .build();
    if token.is_empty() {
        cookie.set_max_age(Duration::ZERO);
    }
    cookie
}

fn cookie_name(app: &App, name: &str) -> String {
    let prefix = if app.public_url.is_https() { "__Host-" } else { "" };
    format!("{prefix}{name}")
}
