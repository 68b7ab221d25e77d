//! Asks for the password again, and a code where there is a second factor, before something weighty happens, and then lets
//! it happen without typing it twice.
//!
//! A handler that needs a fresh password begins with
//! `if let Some(response) = step_up::required(&me, &page, "/commission-runs/7/approval", &form.typed) { return response; }`.

use askama::Template;
use axum::{http::StatusCode, response::Response};

use super::{
    auth::Viewer,
    error::Error,
    form::{Errors, is_password},
    page::{Page, answer},
};

/// Where the page sends the password with the held-back form.
pub const PATH: &str = "/confirm-password";
/// How large the held-back form may be with the password: every form that asks is smaller (bytes).
pub const MOST_HELD_BACK: usize = 640 << 10;

#[derive(Template)]
#[template(path = "step_up.html")]
struct StepUpPage {
    page: Page,
    then: String,
    /// The fields of the form that is held back.
    held_back: Vec<(String, String)>,
    /// Whether a code is asked for too.
    asks_code: bool,
    errors: Errors,
}

/// The page that asks for the password, if it was not given a short time ago. `path` is where the held-back form was
/// sent and goes again; `typed` is what it holds.
pub fn required(me: &Viewer, page: &Page, path: &str, typed: &[(String, String)]) -> Option<Result<Response, Error>> {
    if me.is_fresh() { None } else { Some(ask(me, page.clone(), path, typed, Errors::new())) }
}

/// The page that asks for the password.
pub fn ask(me: &Viewer, page: Page, then: &str, typed: &[(String, String)], errors: Errors) -> Result<Response, Error> {
    let held_back = typed.iter().filter(|(name, _)| name != "then" && !is_password(name)).cloned().collect();
    let asks_code = me.second_factor;
    answer(StatusCode::FORBIDDEN, StepUpPage { page, then: then.to_owned(), held_back, asks_code, errors })
}
