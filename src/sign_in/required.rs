//! Where the company wants a second factor of finance and administrators, whoever has none is led to turn one on.

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};

use crate::web::{auth::Viewer, step_up};

/// Where a second factor is turned on and off.
pub const PATH: &str = "/profile/second-factor";

/// What is told where the server has no key to encrypt secrets with.
pub const NO_KEY: &str = "This server has no key yet that secrets of second factors are encrypted with. Ask whoever runs it to \
                          name a file with one (ATTAIN_KEY_FILE).";

/// Middleware: leads there from every page but those that it takes. What was sent has no effect.
pub async fn lead(request: Request, next: Next) -> Response {
    let owes = request.extensions().get::<Viewer>().is_some_and(Viewer::owes_second_factor);
    let path = request.uri().path();
    let is_open = path == PATH
        || path.strip_prefix(PATH).is_some_and(|rest| rest.starts_with('/'))
        || [step_up::PATH, "/sign-out"].contains(&path);
    if owes && !is_open { Redirect::to(PATH).into_response() } else { next.run(request).await }
}
