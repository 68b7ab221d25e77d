//! Draws what went wrong as a page with the reader's own navigation.

use askama::Template;
use axum::{
    extract::Request,
    http::header,
    middleware::Next,
    response::{Html, IntoResponse, Response},
};

use super::{error::Problem, trace::RequestId};

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    problem: Problem,
    /// Shown where it helps to find the cause in the log.
    number: Option<String>,
}

/// Middleware: makes a page of the [`Problem`] that an error left in its answer.
pub async fn draw(request: Request, next: Next) -> Response {
    let number = request.extensions().get::<RequestId>().map(|RequestId(id)| id.to_string());
    let mut response = next.run(request).await;
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    let number = number.filter(|_| response.status().is_server_error());
    let page = ErrorPage { problem, number };
    match page.render() {
        Ok(html) => {
            let (mut parts, _) = response.into_parts();
            let Html(body) = Html(html);
            parts.headers.remove(header::CONTENT_LENGTH);
            parts.headers.remove(header::CONTENT_TYPE);
            (parts.status, parts.headers, Html(body)).into_response()
        }
        // The words alone are better than nothing.
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "cannot draw an error");
            response
        }
    }
}
