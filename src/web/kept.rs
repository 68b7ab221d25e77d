//! Pages that people open again and again: drawn once for a session, and answered from memory until something is written.
//!
//! A page that says so ([`super::page::lasting`]) follows from its address, from what the session look-up has told of the viewer,
//! and from the facts. It is found again by the same session and address only where all that is known of the viewer but the
//! seconds is the same: roles and reach, so that no permission goes unchecked, the day, the mark of the latest write
//! ([`AsOf`]) and the minute. The keys of its forms are made anew for each answer.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    body::{Body, HttpBody, to_bytes},
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::{
    auth::{AsOf, Viewer},
    error::Error,
    form::{keys_drawn, once_key},
    page::Lasting,
    toast,
};
use crate::{App, domain::id::OrgId};

/// A page of more bytes is not kept.
const LARGEST: usize = 256 << 10;
/// So many bytes are kept of all pages together.
const ROOM: usize = 4 << 20;
/// What a page takes beside its text.
const APART: usize = 512;

/// How a page writes the key of a form.
const FIELD: &str = r#"name="once" value=""#;
/// How such a field begins.
const NAME: &str = r#"name="once""#;
/// What [`Html`] says that it is.
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// The pages that are kept.
#[derive(Default)]
pub struct Pages(Mutex<Shelf>);

#[derive(Default)]
struct Shelf {
    pages: HashMap<Asked, Arc<Kept>>,
    /// What the latest request of each organization saw: of anything else no page is kept.
    latest: HashMap<OrgId, AsOf>,
}

/// What was asked for, in which session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Asked {
    session: [u8; 32],
    address: String,
}

/// A page without the keys of its forms.
#[derive(Debug)]
struct Kept {
    /// The facts that it was drawn from.
    as_of: AsOf,
    /// Who saw it ([`known_of`]).
    seen_by: [u8; 32],
    /// What stands before each key, and which one it is: a page may show one twice.
    pieces: Vec<(String, usize)>,
    /// What stands behind the last one.
    end: String,
}

/// Middleware: answers from memory, or keeps the answer if it lasts. What tells of something that was just done is drawn for
/// that one time.
pub async fn answer(State(app): State<App>, request: Request, next: Next) -> Result<Response, Error> {
    let asked = request.extensions().get::<Viewer>().cloned();
    let asked = asked.filter(|_| request.method() == Method::GET && toast::read(&app, request.headers()).is_none());
    let Some(me) = asked else { return Ok(next.run(request).await) };
    let address = request.uri().path_and_query().map_or_else(String::new, ToString::to_string);
    let (asked, seen_by) = (Asked { session: me.session, address }, known_of(&me));
    if let Some(page) = app.kept.find(&asked, me.as_of(), seen_by) {
        app.figures.page_kept();
        return Ok(Html(page.drawn()).into_response());
    }
    let answer = next.run(request).await;
    if !lasts(&answer) {
        return Ok(answer);
    }
    let (head, body) = answer.into_parts();
    let body = to_bytes(body, LARGEST).await.map_err(|error| Error::Internal(error.to_string()))?;
    if let Some((pieces, end)) = str::from_utf8(&body).ok().and_then(|body| without_keys(body, &keys_drawn())) {
        app.kept.keep(asked, Kept { as_of: me.as_of(), seen_by, pieces, end });
    }
    Ok(Response::from_parts(head, Body::from(body)))
}

/// All that is known of a viewer but the seconds: with anything else another page may be right.
fn known_of(me: &Viewer) -> [u8; 32] {
    // A password that was just given opens no more of what lasts.
    let always = OffsetDateTime::UNIX_EPOCH;
    let known = format!("{:?} {:?}", me.as_of(), Viewer { now: always, auth_at: always, ..me.clone() });
    Sha256::digest(known.as_bytes()).into()
}

/// Whether an answer may be kept: a whole page that says so, and nothing of which beside its text would be forgotten.
fn lasts(answer: &Response) -> bool {
    let is_small =
        answer.body().size_hint().exact().is_some_and(|size| usize::try_from(size).is_ok_and(|size| size <= LARGEST));
    let is_plain = answer.headers().iter().all(|(name, value)| match *name {
        header::CONTENT_TYPE => value == HTML,
        header::CONTENT_LENGTH => true,
        _ => false,
    });
    answer.status() == StatusCode::OK && answer.extensions().get::<Lasting>().is_some() && is_small && is_plain
}

/// A page's text between the keys of its forms. Nothing where it shows a key anywhere else, or a form with a key that is none
/// of these: it would be given out twice.
fn without_keys(page: &str, keys: &[String]) -> Option<(Vec<(String, usize)>, String)> {
    let of_key =
        |(which, key): (usize, &String)| page.match_indices(&**key).map(|(at, _)| (at, which)).collect::<Vec<_>>();
    let mut places: Vec<(usize, usize)> = keys.iter().enumerate().flat_map(of_key).collect();
    places.sort_unstable();
    let (mut pieces, mut from) = (Vec::with_capacity(places.len()), 0);
    for (at, which) in places {
        let piece = page.get(from..at)?;
        if !piece.ends_with(FIELD) {
            return None;
        }
        pieces.push((piece.to_owned(), which));
        from = at + keys.get(which)?.len();
    }
    (page.matches(NAME).count() == pieces.len()).then_some((pieces, page.get(from..)?.to_owned()))
}

impl Kept {
    /// The page with fresh keys.
    fn drawn(&self) -> String {
        let forms = self.pieces.iter().map(|(_, which)| which + 1).max().unwrap_or_default();
        let keys: Vec<String> = (0..forms).map(|_| once_key()).collect();
        let size = self.size() + keys.iter().map(String::len).sum::<usize>();
        let mut page = String::with_capacity(size);
        for (piece, which) in &self.pieces {
            page.push_str(piece);
            page.push_str(keys.get(*which).map_or("", |key| key));
        }
        page.push_str(&self.end);
        page
    }

    /// How many bytes it takes.
    fn size(&self) -> usize {
        APART + self.end.len() + self.pieces.iter().map(|(piece, _)| piece.len() + size_of_val(piece)).sum::<usize>()
    }

    /// Whether nobody can be answered with it any more, as the latest request tells.
    fn is_over(&self, latest: AsOf) -> bool {
        self.as_of.minute < latest.minute || self.as_of.org == latest.org && self.as_of.mark != latest.mark
    }
}

impl Pages {
    fn find(&self, asked: &Asked, as_of: AsOf, seen_by: [u8; 32]) -> Option<Arc<Kept>> {
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.latest.insert(as_of.org, as_of);
        shelf.pages.get(asked).filter(|page| page.seen_by == seen_by).cloned()
    }

    fn keep(&self, asked: Asked, page: Kept) {
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if shelf.latest.get(&page.as_of.org).is_some_and(|latest| *latest != page.as_of) {
            return; // Something was written while it was drawn.
        }
        let size = |asked: &Asked, page: &Kept| page.size() + asked.address.len();
        shelf.pages.retain(|_, kept| !kept.is_over(page.as_of));
        shelf.pages.remove(&asked);
        let bytes: usize = shelf.pages.iter().map(|(asked, page)| size(asked, page)).sum();
        if bytes + size(&asked, &page) > ROOM {
            shelf.pages.clear();
        }
        shelf.pages.insert(asked, Arc::new(page));
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{domain::id::UserId, web::form::drawn_for};

    fn field(key: &str) -> String {
        format!(r#"<input type="hidden" name="once" value="{key}">"#)
    }

    fn facts(org: i64, mark: u128, minute: i64) -> AsOf {
        AsOf { org: OrgId(org), mark: Some(Uuid::from_u128(mark)), minute }
    }

    fn kept(as_of: AsOf, page: &str, keys: &[String]) -> Kept {
        let (pieces, end) = without_keys(page, keys).unwrap();
        Kept { as_of, seen_by: [0; 32], pieces, end }
    }

    fn asked(session: u8, address: &str) -> Asked {
        Asked { session: [session; 32], address: address.to_owned() }
    }

    #[tokio::test]
    async fn a_page_is_the_same_but_for_the_keys_of_its_forms() {
        drawn_for(UserId(7), async {
            let (first, second, unused) = (once_key(), once_key(), once_key());
            assert_eq!(keys_drawn(), [&*first, &*second, &*unused]);
            let page = |first: &str, second: &str| {
                format!("<p>æøå</p>{}<b>–</b>{}{}<i>end</i>", field(second), field(first), field(second))
            };
            let kept = kept(facts(1, 1, 1), &page(&first, &second), &keys_drawn());
            let mut seen = vec![first, second, unused];
            for _ in 0..3 {
                let before = keys_drawn().len();
                let drawn = kept.drawn();
                let fresh = &keys_drawn()[before..];
                let [first, second] = fresh else { panic!("{fresh:?}") };
                assert_eq!(drawn, page(first, second), "one form is shown twice");
                for key in fresh {
                    assert!(!seen.contains(key) && key.ends_with(".7"), "{key}");
                }
                seen.extend_from_slice(fresh);
                assert!(seen.iter().filter(|key| drawn.contains(&***key)).count() == 2);
            }
        })
        .await;
    }

    #[test]
    fn a_page_whose_keys_are_not_all_known_is_not_kept() {
        let (one, other) = (format!("{}.7", Uuid::new_v4()), format!("{}.7", Uuid::new_v4()));
        let keys = [one.clone()];
        let (pieces, end) = without_keys("<p>no form</p>", &keys).unwrap();
        assert!(pieces.is_empty() && end == "<p>no form</p>");
        assert!(without_keys(&field(&one), &keys).is_some());
        for page in [
            field(&other),
            field(&one) + &field(&other),
            field(&one) + &one,
            format!(r#"<a href="/deals?key={one}">"#),
            format!(r#"<input name="once" type="hidden" value="{one}">"#),
            field(&one) + r#"<input name="once">"#,
        ] {
            assert!(without_keys(&page, &keys).is_none(), "{page}");
        }
    }

    #[test]
    fn a_page_is_found_in_its_session_at_its_address_by_who_saw_it() {
        let pages = Pages::default();
        pages.keep(asked(1, "/deals?a=1"), kept(facts(1, 1, 1), "one", &[]));
        let found = |session, address, seen_by| {
            pages.find(&asked(session, address), facts(1, 1, 1), seen_by).map(|page| page.drawn())
        };
        assert_eq!(found(1, "/deals?a=1", [0; 32]).as_deref(), Some("one"));
        for (session, address, seen_by) in
            [(2, "/deals?a=1", [0; 32]), (1, "/deals?a=2", [0; 32]), (1, "/deals", [0; 32]), (1, "/deals?a=1", [1; 32])]
        {
            assert_eq!(found(session, address, seen_by), None, "{session} {address}");
        }
        pages.keep(asked(1, "/deals?a=1"), kept(facts(1, 1, 1), "two", &[]));
        assert_eq!(found(1, "/deals?a=1", [0; 32]).as_deref(), Some("two"));
    }

    #[test]
    fn what_was_drawn_while_something_was_written_is_not_kept() {
        let pages = Pages::default();
        let find = |as_of| pages.find(&asked(1, "/deals"), as_of, [0; 32]).map(|page| page.drawn());
        let keep = |as_of, page| pages.keep(asked(1, "/deals"), kept(as_of, page, &[]));
        assert!(find(facts(1, 1, 1)).is_none() && find(facts(1, 2, 1)).is_none());
        keep(facts(1, 2, 1), "later");
        keep(facts(1, 1, 1), "slow");
        assert_eq!(find(facts(1, 2, 1)).as_deref(), Some("later"));
    }

    #[test]
    fn what_nobody_can_be_answered_with_is_forgotten() {
        let pages = Pages::default();
        let left = || {
            let shelf = pages.0.lock().unwrap();
            let mut left: Vec<String> = shelf.pages.keys().map(|asked| asked.address.clone()).collect();
            left.sort();
            left.join(" ")
        };
        for (address, as_of, expected) in [
            ("/a", facts(1, 1, 1), "/a"),
            ("/b", facts(1, 1, 1), "/a /b"),
            ("/c", facts(2, 9, 1), "/a /b /c"), // of another organization
            ("/d", facts(1, 2, 1), "/c /d"),    // something was written
            ("/e", facts(2, 9, 2), "/e"),       // the minute is over
        ] {
            pages.keep(asked(1, address), kept(as_of, "page", &[]));
            assert_eq!(left(), expected);
        }
    }

    #[test]
    fn pages_take_no_more_than_their_room() {
        let (pages, page) = (Pages::default(), "x".repeat(200_000));
        for one in 0..1000_u32 {
            pages.keep(asked(1, &format!("/deals?a={one}")), kept(facts(1, 1, 1), &page, &[]));
            // The same once more takes no more.
            pages.keep(asked(1, &format!("/deals?a={one}")), kept(facts(1, 1, 1), &page, &[]));
            let shelf = pages.0.lock().unwrap();
            let bytes: usize = shelf.pages.iter().map(|(asked, page)| page.size() + asked.address.len()).sum();
            assert!(bytes <= ROOM && !shelf.pages.is_empty(), "{bytes}");
        }
        assert!(pages.0.lock().unwrap().pages.len() > 10);
    }
}
