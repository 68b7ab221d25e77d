//! Reads the templates and static files: nothing inline, nothing that is missing, nothing too heavy, vendored files intact.

use std::{
    fs,
    path::{Path, PathBuf},
};

use axum::{body::Body, http::Request};
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};
use tower::ServiceExt;
use tower_http::compression::CompressionLayer;

/// What others made and we carry unchanged, with the sum of what was taken.
const VENDORED: [(&str, &str); 2] = [
    ("tests/vendor/axe-core-4.14.1/axe.min.js", "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"),
    ("static/fonts/geist-latin-wght-normal.woff2", "19f9c92546aa300c312235e3125af1b81394d8db9a4bc4a425cd5b641d2d54e1"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &str) -> Vec<(PathBuf, String)> {
    let mut folders = vec![root().join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                files.push((path.strip_prefix(root()).unwrap().to_owned(), text));
            }
        }
    }
    assert!(!files.is_empty(), "{folder} is empty");
    files
}

/// What the content security policy would block, or what would let text become markup.
fn forbidden(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let lower = text.to_ascii_lowercase();
    for word in ["hx-on", "|safe", "| safe", "javascript:", "<style", " style=", "\nstyle=", "|escape(\"none\")"] {
        if lower.contains(word) {
            found.push(word.trim().to_owned());
        }
    }
    for (at, _) in lower.match_indices(|c: char| c.is_whitespace()) {
        let attribute: String = lower[at + 1..].chars().take_while(char::is_ascii_lowercase).collect();
        if attribute.len() > 3 && attribute.starts_with("on") && lower[at + 1 + attribute.len()..].starts_with('=') {
            found.push(format!("{attribute}="));
        }
    }
    for script in lower.split("<script").skip(1) {
        let (tag, rest) = script.split_once('>').unwrap_or((script, ""));
        let body = rest.split("</script>").next().unwrap_or_default();
        if !tag.contains(" src=") || !body.trim().is_empty() {
            found.push("<script> with a body".to_owned());
        }
    }
    found
}

#[test]
fn templates_have_nothing_inline() {
    for (path, text) in files("templates") {
        assert_eq!(forbidden(&text), Vec::<String>::new(), "{}", path.display());
    }
}

#[test]
fn what_is_forbidden_is_found() {
    for bad in [
        "<p style=\"color:red\">",
        "<p\nstyle='x'>",
        "<button onclick=\"x()\">",
        "<a\n  ONMOUSEOVER='x'>",
        "<div hx-on:click=x>",
        "{{ words|safe }}",
        "{{ words | safe }}",
        "<script>alert(1)</script>",
        "<script src=x>alert(1)</script>",
        "<style>p{}</style>",
        "<a href=\"javascript:x()\">",
    ] {
        assert_ne!(forbidden(bad), Vec::<String>::new(), "{bad}");
    }
    for good in
        ["<p class=\"style\">on time = one</p>", "<script type=\"module\" src=\"x\"></script>", "<option value=1>"]
    {
        assert_eq!(forbidden(good), Vec::<String>::new(), "{good}");
    }
}

/// The quoted words after each `call("` in a text.
fn arguments<'a>(text: &'a str, call: &str) -> Vec<&'a str> {
    text.split(call).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn templates_name_icons_and_files_that_exist() {
    let icons = fs::read_to_string(root().join("static/icons.svg")).unwrap();
    let icons: Vec<&str> = arguments(&icons, "<symbol id=\"");
    assert!(icons.len() > 30);
    for (path, text) in files("templates").into_iter().chain(files("src")) {
        for call in ["icon(\"", "symbol=\"", "ui::empty(\"", "icon: \""] {
            for icon in arguments(&text, call).into_iter().filter(|name| !name.contains("…")) {
                assert!(icon.is_empty() || icons.contains(&icon), "{} names the icon {icon}", path.display());
            }
        }
        for name in arguments(&text, "assets::url(\"") {
            assert!(root().join("static").join(name).exists(), "{} names {name}", path.display());
        }
    }
}

#[test]
fn vendored_files_are_what_was_taken() {
    for (name, sum) in VENDORED {
        let bytes = fs::read(root().join(name)).unwrap();
        let real: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(real, sum, "{name}");
    }
    for licence in ["tests/vendor/axe-core-4.14.1/LICENSE", "static/fonts/OFL.txt", "static/ICONS-LICENSE.txt"] {
        assert!(fs::metadata(root().join(licence)).unwrap().len() > 500, "{licence}");
    }
}

/// How many bytes travel for a file, compressed as the server compresses it.
async fn sent(name: &str) -> usize {
    let app = attain::web::assets::routes::<()>().layer(CompressionLayer::new());
    let request = Request::get(attain::web::assets::url(name)).header("accept-encoding", "gzip");
    let response = app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert!(response.status().is_success(), "{name}");
    response.into_body().collect().await.unwrap().to_bytes().len()
}

#[tokio::test]
async fn styles_and_scripts_stay_small() {
    let css = sent("app.css").await;
    assert!(css <= 9 << 10, "the stylesheet is {css} bytes compressed");
    let mut scripts = 0;
    for (path, _) in files("static") {
        if path.extension().is_some_and(|extension| extension == "js") {
            scripts += sent(path.strip_prefix("static").unwrap().to_str().unwrap()).await;
        }
    }
    assert!((1..=20 << 10).contains(&scripts), "the scripts are {scripts} bytes compressed");
    let first_visit = css + scripts + sent("icons.svg").await + sent("fonts/geist-latin-wght-normal.woff2").await;
    assert!(first_visit <= 60 << 10, "a first visit loads {first_visit} bytes beside the page");
}
