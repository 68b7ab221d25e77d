//! Forms: read whole, refused with NUL, parsed field by field into values or into words for each mistake.

use std::cell::RefCell;

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{StatusCode, request::Parts},
    response::IntoResponse,
};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use time::{Date, macros::format_description};
use uuid::Uuid;

use super::{auth::Viewer, error::Error, format};
use crate::{App, domain::id::UserId};

/// What a state-changing form sent. Its fields are text as typed, so that a page can show them again.
pub struct Form<T> {
    /// What makes sending it twice harmless.
    pub once: Once,
    /// The fields.
    pub fields: T,
    /// Everything that was sent, in order: what is sent again after the password was asked for.
    pub typed: Vec<(String, String)>,
}

/// The fields of a form that is only a button.
#[derive(Clone, Copy, Debug, serde::Deserialize)]
pub struct Nothing {}

/// The key under which a form takes effect at most once, and the fingerprint of what it said.
#[derive(Clone, Copy, Debug)]
pub struct Once {
    /// Made when the form was drawn.
    pub key: Uuid,
    /// SHA-256 of the address and the sent fields, without passwords: a stored hash of one would invite guessing.
    pub hash: [u8; 32],
}

tokio::task_local! {
    static DRAWN_FOR: (UserId, RefCell<Vec<String>>);
}

/// Answers a request of this person: the keys of forms that are drawn meanwhile name the person, and are noted.
pub async fn drawn_for<T>(viewer: UserId, answer: impl Future<Output = T>) -> T {
    DRAWN_FOR.scope((viewer, RefCell::default()), answer).await
}

/// A fresh key for a form that is about to be drawn, with the id of the person for whom it is: `<uuid>.<id>`.
pub fn once_key() -> String {
    let key = Uuid::new_v4();
    let of_viewer = DRAWN_FOR.try_with(|(viewer, drawn)| {
        let key = format!("{key}.{viewer}");
        drawn.borrow_mut().push(key.clone());
        key
    });
    of_viewer.unwrap_or_else(|_| key.to_string())
}

/// The keys that were drawn for this answer so far.
pub(super) fn keys_drawn() -> Vec<String> {
    DRAWN_FOR.try_with(|(_, drawn)| drawn.borrow().clone()).unwrap_or_default()
}

/// Reads a key. In one browser somebody else may have signed in since the form was drawn, or the viewing as another
/// person may have ended: then it takes no effect.
pub(super) fn read_key(sent: &str, viewer: Option<UserId>) -> Result<Uuid, Error> {
    let (key, drawn_for) = sent.split_once('.').map_or((sent, None), |(key, id)| (key, Some(id)));
    let key = Uuid::try_parse(key).map_err(|_| INCOMPLETE)?;
    if drawn_for.zip(viewer).is_some_and(|(drawn_for, viewer)| drawn_for != viewer.to_string()) {
        return Err(Error::Conflict(
            "This page was opened for somebody else than is signed in here now. Nothing was saved. Open it again.",
        ));
    }
    Ok(key)
}

pub(super) const INCOMPLETE: Error = Error::BadRequest("The form is incomplete. Open the page again.");

impl<T: DeserializeOwned> FromRequest<App> for Form<T> {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self, Error> {
        let path = request.uri().path().to_owned();
        let viewer = request.extensions().get::<Viewer>().map(|me| me.id);
        let is_form = request
            .headers()
            .get(axum::http::header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        if !is_form {
            return Err(Error::BadRequest("The form was sent in a way that is not understood."));
        }
        let body = Bytes::from_request(request, app).await.map_err(|error| match error.into_response().status() {
            StatusCode::PAYLOAD_TOO_LARGE => Error::TooLarge,
            _ => Error::BadRequest("The form did not arrive whole. Send it again."),
        })?;
        let pairs: Vec<(String, String)> =
            serde_html_form::from_bytes(&body).map_err(|_| Error::BadRequest("The form is not valid text."))?;
        refuse_nul(&pairs)?;
        let (_, sent) = pairs.iter().find(|(name, _)| name == "once").ok_or(INCOMPLETE)?;
        let key = read_key(sent, viewer)?;
        let mut hash = Sha256::new();
        let kept = pairs.iter().filter(|(name, _)| !is_password(name));
        for part in std::iter::once(&path).chain(kept.flat_map(|(name, value)| [name, value])) {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        let fields =
            serde_html_form::from_bytes(&body).map_err(|_| Error::BadRequest("A field of the form came twice."))?;
        Ok(Self { once: Once { key, hash: hash.finalize().into() }, fields, typed: pairs })
    }
}

/// The query string of a page: filters, sort, period. Unknown keys are ignored.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Error> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs: Vec<(String, String)> =
            serde_html_form::from_str(query).map_err(|_| Error::BadRequest("The address is not valid text."))?;
        refuse_nul(&pairs)?;
        serde_html_form::from_str(query)
            .map(Query)
            .map_err(|_| Error::BadRequest("A filter in the address could not be read."))
    }
}

/// What stands in a path like `/customers/{id}`. What cannot be read is not found.
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Path<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        axum::extract::Path::from_request_parts(parts, app)
            .await
            .map(|axum::extract::Path(value)| Self(value))
            .map_err(|_| Error::NotFound)
    }
}

/// Whether a field holds a password or a code of the second factor: those are never shown again, hashed for receipts or
/// logged.
pub fn is_password(name: &str) -> bool {
    name.contains("password") || name == "code"
}

fn refuse_nul(pairs: &[(String, String)]) -> Result<(), Error> {
    if pairs.iter().any(|(name, value)| name.contains('\0') || value.contains('\0')) {
        return Err(Error::BadRequest("A NUL character cannot be stored. Remove it and send the form again."));
    }
    Ok(())
}

/// What is wrong with a form: which field, and the words beside it. Collected while the fields are parsed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Errors(Vec<(String, String)>);

impl Errors {
    /// Nothing wrong so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a mistake: say what is wrong and what to do.
    pub fn add(&mut self, field: impl Into<String>, words: impl Into<String>) {
        self.0.push((field.into(), words.into()));
    }

    /// Notes the mistakes that somebody else has found.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The status of the page that shows the form: 200, or 422 with mistakes.
    pub fn status(&self) -> StatusCode {
        if self.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY }
    }

    /// The first words for a field, if it is wrong.
    pub fn get(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(f, _)| f == field).map(|(_, words)| words.as_str())
    }

    /// Every mistake: field and words, in the order found.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(field, words)| (field.as_str(), words.as_str()))
    }

    /// Required text of at most `max` characters, trimmed.
    pub fn text(&mut self, field: &str, typed: &str, label: &str, max: usize) -> String {
        let text = self.optional_text(field, typed, label, max);
        if text.is_empty() {
            self.add(field, format!("{label} is missing."));
        }
        text
    }

    /// Text that may be empty, of at most `max` characters, trimmed.
    pub fn optional_text(&mut self, field: &str, typed: &str, label: &str, max: usize) -> String {
        let text = typed.trim().replace("\r\n", "\n");
        let length = text.chars().count();
        if length > max {
            self.add(field, format!("{label} has {length} characters; {max} are possible."));
        }
        text
    }

    /// An e-mail address, in lower case.
    pub fn email(&mut self, field: &str, typed: &str) -> String {
        let email = self.text(field, typed, "E-mail", 254).to_lowercase();
        let looks_right = email.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && host.len() >= 3 && !host.contains('@') && !email.contains(char::is_whitespace)
        });
        if !email.is_empty() && !looks_right {
            self.add(field, format!("“{}” is no e-mail address. Use one like ingrid@example.com.", typed.trim()));
        }
        email
    }

    /// A date as a browser sends it (2026-11-19), or in the reader's own form where a browser lets one type.
    pub fn date(&mut self, field: &str, typed: &str, label: &str) -> Option<Date> {
        let date = parse_date(typed)
            .or_else(|| format::locale().read_date(typed).filter(|date| (1900..3000).contains(&date.year())));
        if date.is_none() {
            let typed = typed.trim();
            self.add(
                field,
                if typed.is_empty() {
                    format!("{label} is missing.")
                } else {
                    format!("“{typed}” is not a date. Use year-month-day, like 2026-11-19.")
                },
            );
        }
        date
    }

    /// A date that may be empty.
    pub fn optional_date(&mut self, field: &str, typed: &str, label: &str) -> Option<Date> {
        if typed.trim().is_empty() { None } else { self.date(field, typed, label) }
    }

    /// An id that a form's list offered; `what` reads like "a customer".
    pub fn id<I: std::str::FromStr>(&mut self, field: &str, typed: &str, what: &str) -> Option<I> {
        let id = typed.trim().parse().ok();
        if id.is_none() {
            self.add(field, format!("Choose {what}."));
        }
        id
    }
}

/// Reads `2026-11-19`, between the years 1900 and 2999.
pub fn parse_date(text: &str) -> Option<Date> {
    let date = Date::parse(text.trim(), format_description!("[year]-[month]-[day]")).ok()?;
    (1900..3000).contains(&date.year()).then_some(date)
}
