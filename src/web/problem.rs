//! Draws what went wrong as a page with the reader's own navigation.

use askama::Template;
use axum::{
    extract::Request,
    http::header,
    middleware::Next,
    response::{Html, IntoResponse, Response},
};

use super::{auth::Viewer, error::Problem, page::Page, trace::RequestId};

/// For somebody who is signed in: with the navigation.
#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    page: Page,
    problem: Problem,
    /// Shown where it helps to find the cause in the log.
    number: Option<String>,
}

/// For everybody else.
#[derive(Template)]
#[template(path = "error_bare.html")]
struct BareErrorPage {
    problem: Problem,
    number: Option<String>,
}

/// Middleware: makes a page of the [`Problem`] that an error left in its answer.
pub async fn draw(request: Request, next: Next) -> Response {
    let number = request.extensions().get::<RequestId>().map(|RequestId(id)| id.to_string());
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    let number = number.filter(|_| response.status().is_server_error());
    let page = match response.extensions_mut().remove::<Viewer>() {
        Some(viewer) => ErrorPage { page: Page::new(path, Some(&viewer), None), problem, number }.render(),
        None => BareErrorPage { problem, number }.render(),
    };
    match page {
        Ok(html) => {
            let (mut parts, _) = response.into_parts();
            let Html(body) = Html(html);
            parts.headers.remove(header::CONTENT_LENGTH);
            parts.headers.remove(header::CONTENT_TYPE);
            (parts.status, parts.headers, parts.extensions, Html(body)).into_response()
        }
        // The words alone are better than nothing.
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "cannot draw an error");
            response
        }
    }
}
