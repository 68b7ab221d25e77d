//! The stylesheet, scripts, icons and fonts: built into the program, under addresses that change with their content.

use std::{collections::BTreeMap, sync::LazyLock};

use axum::{
    Router,
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use sha2::{Digest, Sha256};

/// Each file of `static/`: its name and bytes. A file stands after those that it names.
const FILES: &[(&str, &[u8])] = &[
    ("fonts/geist-latin-wght-normal.woff2", include_bytes!("../../static/fonts/geist-latin-wght-normal.woff2")),
    ("icons.svg", include_bytes!("../../static/icons.svg")),
    ("mark.svg", include_bytes!("../../static/mark.svg")),
    ("forms.js", include_bytes!("../../static/forms.js")),
    ("grid.js", include_bytes!("../../static/grid.js")),
    ("keys.js", include_bytes!("../../static/keys.js")),
    ("app.js", include_bytes!("../../static/app.js")),
    ("app.css", include_bytes!("../../static/app.css")),
    ("site.webmanifest", include_bytes!("../../static/site.webmanifest")),
];

/// A file as it is served.
struct Asset {
    url: String,
    kind: &'static str,
    body: Vec<u8>,
}

/// Every asset by the name that templates use.
static ASSETS: LazyLock<BTreeMap<&'static str, Asset>> = LazyLock::new(|| {
    let mut assets: BTreeMap<&'static str, Asset> = BTreeMap::new();
    for &(name, bytes) in FILES {
        let kind = kind(name);
        let body = if kind.starts_with("text/") || name.ends_with(".webmanifest") {
            let mut text = String::from_utf8_lossy(bytes).into_owned();
            for (named, asset) in &assets {
                // In quotes, as CSS, scripts and the manifest name their neighbours: "fonts/…", "./grid.js", "mark.svg".
                for quoted in [format!("\"{named}\""), format!("\"./{named}\"")] {
                    text = text.replace(&quoted, &format!("\"{}\"", asset.url));
                }
            }
            text.into_bytes()
        } else {
            bytes.to_vec()
        };
        assets.insert(name, Asset { url: hashed(name, &body), kind, body });
    }
    assets
});

/// `app.css` → `/static/app.1f0c9a2b3d4e5f60.css`: another content, another address.
fn hashed(name: &str, body: &[u8]) -> String {
    let sum = Sha256::digest(body);
    let short = sum.first_chunk().copied().map_or(0, u64::from_be_bytes);
    match name.rsplit_once('.') {
        Some((stem, extension)) => format!("/static/{stem}.{short:016x}.{extension}"),
        None => format!("/static/{name}.{short:016x}"),
    }
}

fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        "webmanifest" => "application/manifest+json",
        _ => "application/octet-stream",
    }
}

/// Where a file of `static/` is served. A test holds the templates to names that exist; any other name leads to a 404.
pub fn url(name: &str) -> &'static str {
    ASSETS.get(name).map_or("/static/missing", |asset| asset.url.as_str())
}

/// Serves every asset. Its content never changes under its address, so browsers keep it for good.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/static/{*file}", get(serve))
}

async fn serve(Path(file): Path<String>) -> Response {
    let wanted = format!("/static/{file}");
    match ASSETS.values().find(|asset| asset.url == wanted) {
        Some(asset) => (
            [
                (header::CONTENT_TYPE, asset.kind),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            ],
            asset.body.as_slice(),
        )
            .into_response(),
        None => (StatusCode::NOT_FOUND, "There is no such file. Load the page again.").into_response(),
    }
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    async fn get(path: &str) -> (StatusCode, axum::http::HeaderMap, Vec<u8>) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = routes::<()>().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        (parts.status, parts.headers, body.collect().await.unwrap().to_bytes().to_vec())
    }

    #[tokio::test]
    async fn an_asset_is_kept_for_good_under_its_hashed_address() {
        for &(name, _) in FILES {
            let (status, headers, body) = get(url(name)).await;
            assert_eq!(status, StatusCode::OK, "{name}");
            assert_eq!(headers[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
            assert!(!body.is_empty() && headers[header::CONTENT_TYPE] != "application/octet-stream", "{name}");
            assert_eq!(hashed(name, &body), url(name), "the address follows from what is served");
        }
    }

    #[tokio::test]
    async fn other_addresses_are_not_found() {
        for path in ["/static/app.css", "/static/app.0000000000000000.css", "/static/../Cargo.toml", "/static/missing"]
        {
            assert_eq!(get(path).await.0, StatusCode::NOT_FOUND, "{path}");
        }
        assert_eq!(url("nothing.js"), "/static/missing");
    }

    #[test]
    fn files_name_each_other_by_hashed_address() {
        let text = |name: &str| String::from_utf8(ASSETS[name].body.clone()).unwrap();
        assert!(text("app.css").contains(&format!("url(\"{}\")", url("fonts/geist-latin-wght-normal.woff2"))));
        assert!(text("app.js").contains(&format!("import \"{}\"", url("keys.js"))));
        assert!(text("app.js").contains(&format!("import(\"{}\")", url("grid.js"))));
        assert!(text("site.webmanifest").contains(url("mark.svg")));
        for name in ["app.css", "app.js", "forms.js", "grid.js", "keys.js"] {
            assert!(
                !text(name).contains("\"./") && !text(name).contains("\"fonts/"),
                "{name} names a file that is not embedded"
            );
        }
    }
}
