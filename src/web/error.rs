//! What can go wrong in a request, and the safe words that the reader of the page is told.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};

use crate::{
    domain::id::UserId,
    postgres::error::{is_passing, is_refused_value},
};

/// Why a request ends without its page. A mistake in a form is none of these: it is a 422 page.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody is signed in. A page that was asked for comes back after signing in.
    #[error("sign in first")]
    SignedOut {
        /// Path and query to return to.
        next: Option<String>,
    },
    /// The form has taken effect before: the browser is sent where it was sent then. Like [`Error::SignedOut`] no
    /// failure, and an error because the handler ends here.
    #[error("sent before")]
    SentBefore(String),
    /// The person's roles do not include this.
    #[error("not allowed")]
    Forbidden,
    /// An administrator views as somebody else, and nothing changes meanwhile.
    #[error("viewing as somebody else")]
    Viewing,
    /// There is no such thing, or it is out of the person's sight: the two are not told apart.
    #[error("not found")]
    NotFound,
    /// It was there, and is over.
    #[error("gone: {0}")]
    Gone(&'static str),
    /// The address or form could not be read at all.
    #[error("bad request: {0}")]
    BadRequest(&'static str),
    /// The page has no such form.
    #[error("method not allowed")]
    MethodNotAllowed,
    /// The form is larger than is taken.
    #[error("the form is too large")]
    TooLarge,
    /// The form was sent by a page of another site.
    #[error("sent from another site")]
    CrossSite,
    /// The work took too long and was broken off.
    #[error("timed out")]
    TimedOut,
    /// What was to be changed has changed meanwhile, or its period is locked.
    #[error("conflict: {0}")]
    Conflict(&'static str),
    /// Somebody's pay cannot be calculated. It is in nobody's power to guess it, so nothing of what was asked is.
    #[error("{words}")]
    Uncalculable {
        /// Whose.
        rep: UserId,
        /// Whose, by which plan, why, and what helps.
        words: String,
    },
    /// The same form key came again with other data.
    #[error("a form key was used for other data")]
    ReusedForm,
    /// Too many attempts; the number of seconds to wait.
    #[error("too many attempts")]
    TooMany(u32),
    /// The database.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// A template.
    #[error(transparent)]
    Render(#[from] askama::Error),
    /// A stored document that this program cannot read, or another broken promise of our own.
    #[error("{0}")]
    Internal(String),
}

/// What the reader of the page is told; never the source error. Left in the response's extensions, a middleware
/// draws it with the reader's own navigation.
#[derive(Clone, Debug)]
pub struct Problem {
    /// What happened.
    pub title: &'static str,
    /// What to do now.
    pub detail: String,
}

/// Left in the response's extensions where no connection to the database became free in time.
#[derive(Clone, Copy, Debug)]
pub struct WaitedInVain;

impl Error {
    fn problem(&self) -> (StatusCode, Problem) {
        let (status, title, detail): (_, _, &str) = match self {
            Self::SignedOut { .. } => (StatusCode::UNAUTHORIZED, "Sign in first", "This page needs you to sign in."),
            Self::SentBefore(_) => (StatusCode::CONFLICT, "Sent before", "This form was sent before."),
            Self::Forbidden => (
                StatusCode::FORBIDDEN,
                "Not allowed",
                "Your roles do not include this. An administrator can change them.",
            ),
            Self::Viewing => (
                StatusCode::FORBIDDEN,
                "You are only looking",
                "You view Attain as somebody else, and nothing can be changed meanwhile. Nothing was saved. Stop viewing first.",
            ),
            Self::NotFound => (StatusCode::NOT_FOUND, "Not found", "It was removed, or the address is wrong."),
            Self::Gone(detail) => (StatusCode::GONE, "This link is over", *detail),
            Self::BadRequest(detail) => (StatusCode::BAD_REQUEST, "This could not be read", *detail),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "Not possible here",
                "This address does not take what was sent. Open the page again and use its buttons.",
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "This is too large",
                "A form may have 64 KB. Nothing was saved: go back and shorten it.",
            ),
            Self::CrossSite => (
                StatusCode::FORBIDDEN,
                "Sent from another site",
                "This form was not sent by a page of this site, so nothing was done. Open the page here and try again.",
            ),
            Self::TimedOut => (
                StatusCode::SERVICE_UNAVAILABLE,
                "This took too long",
                "It was broken off. Go back and try again: what you typed is still there, and nothing is saved twice.",
            ),
            Self::Conflict(detail) => (StatusCode::CONFLICT, "This cannot be done", *detail),
            Self::Uncalculable { words, .. } => (StatusCode::CONFLICT, "This cannot be calculated", words.as_str()),
            Self::ReusedForm => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "This form was already sent with other data",
                "The first one was saved. Open the page again to enter another.",
            ),
            Self::TooMany(_) => {
                (StatusCode::TOO_MANY_REQUESTS, "Too many attempts", "Wait a little before you try again.")
            }
            Self::Database(e) if is_passing(e) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "One moment",
                "The database does not answer right now. Go back and try again: what you typed is still there, and nothing is saved twice.",
            ),
            Self::Database(e) if is_refused_value(e) => (
                StatusCode::BAD_REQUEST,
                "This could not be read",
                "A value is out of the range that can be stored. Go back and correct it.",
            ),
            Self::Database(_) | Self::Render(_) | Self::Internal(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong",
                "It is our fault and was logged. Nothing was saved.",
            ),
        };
        (status, Problem { title, detail: detail.to_owned() })
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        if let Self::SentBefore(to) = &self {
            return Redirect::to(to).into_response();
        }
        if let Self::SignedOut { next } = &self {
            let query = next.as_ref().and_then(|next| serde_html_form::to_string([("next", next)]).ok());
            let to = query.map_or_else(|| "/sign-in".to_owned(), |query| format!("/sign-in?{query}"));
            return Redirect::to(&to).into_response();
        }
        let (status, problem) = self.problem();
        if status.is_server_error() {
            tracing::error!(error = &self as &dyn std::error::Error, %status, "request failed");
        }
        if matches!(self, Self::Uncalculable { .. }) {
            tracing::warn!(error = &self as &dyn std::error::Error, "pay cannot be calculated");
        }
        let mut response = (status, problem.title).into_response();
        let wait = match self {
            Self::TooMany(seconds) => Some(HeaderValue::from(seconds)),
            _ if status == StatusCode::SERVICE_UNAVAILABLE => Some(HeaderValue::from_static("2")),
            _ => None,
        };
        if let Some(wait) = wait {
            response.headers_mut().insert(header::RETRY_AFTER, wait);
        }
        if matches!(self, Self::Database(sqlx::Error::PoolTimedOut)) {
            response.extensions_mut().insert(WaitedInVain);
        }
        response.extensions_mut().insert(problem);
        response
    }
}
