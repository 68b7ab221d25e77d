//! Lists: filters, sort and place live in the address, and every link keeps the others' parameters.

use std::str::FromStr;

use axum::{extract::FromRequestParts, http::request::Parts};
use time::Date;

use super::{
    error::Error,
    form::{Query, parse_date},
    format,
    ui::{Pager, Sort},
};
use crate::App;

/// How many rows a page of a list has.
pub const PAGE: usize = 50;
/// What a query asks for: one row more says that there is a next page.
pub const FETCH: i64 = 51;
/// How many pages back the way is remembered.
const TRAIL: usize = 20;
/// The parameter that says behind which row a page begins; once for each page passed.
const AFTER: &str = "after";

/// The address of a list: its path and what its query string says. An extractor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    path: String,
    pairs: Vec<(String, String)>,
    /// What the address left open and the page says by itself.
    assumed: Vec<String>,
}

/// The column by which a list is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SortBy {
    /// Its word in the address.
    pub column: &'static str,
    /// Whether the largest comes first.
    pub descending: bool,
}

impl FromRequestParts<App> for List {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let path = parts.uri.path().to_owned();
        let Query(pairs) = Query::<Vec<(String, String)>>::from_request_parts(parts, app).await?;
        Ok(Self::new(path, pairs))
    }
}

impl List {
    /// A list's address from its parts. What is empty was not said.
    pub fn new(path: impl Into<String>, pairs: Vec<(String, String)>) -> Self {
        let pairs = pairs.into_iter().filter(|(_, value)| !value.trim().is_empty()).collect();
        Self { path: path.into(), pairs, assumed: vec![] }
    }

    /// What a parameter says; empty where it says nothing.
    pub fn value(&self, name: &str) -> &str {
        self.pairs.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value.trim())
    }

    /// Whether a switch like `counted=1` is on.
    pub fn is_on(&self, name: &str) -> bool {
        self.value(name) == "1"
    }

    /// Says something that the address left open, so that the page shows it like a filter that was typed; it is none.
    pub fn assume(&mut self, name: &str, value: &impl ToString) {
        if self.value(name).is_empty() {
            self.pairs.push((name.to_owned(), value.to_string()));
            self.assumed.push(name.to_owned());
        }
    }

    /// An id or another word that is read by its type. What cannot be read is refused.
    pub fn parse<T: FromStr>(&self, name: &str) -> Result<Option<T>, Error> {
        match self.value(name) {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| unreadable()),
        }
    }

    /// A date.
    pub fn date(&self, name: &str) -> Result<Option<Date>, Error> {
        match self.value(name) {
            "" => Ok(None),
            text => parse_date(text).map(Some).ok_or_else(unreadable),
        }
    }

    /// One of the words that `read` knows.
    pub fn word<T>(&self, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Error> {
        match self.value(name) {
            "" => Ok(None),
            text => read(text).map(Some).ok_or_else(unreadable),
        }
    }

    /// Text to search for, without what `like` reads as a pattern.
    pub fn search(&self, name: &str) -> Option<String> {
        let text: String = self.value(name).chars().take(200).collect();
        (!text.is_empty()).then(|| text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"))
    }

    /// Whether anything but the sort and the place was said.
    pub fn is_filtered(&self) -> bool {
        self.is_narrowed(&[])
    }

    /// Whether the address says anything but the sort, the place and these: what a page is about, and no filter of it.
    pub fn is_narrowed(&self, about: &[&str]) -> bool {
        let free = |name: &str| name == "sort" || name == AFTER || about.contains(&name) || self.is_assumed(name);
        self.pairs.iter().any(|(name, _)| !free(name))
    }

    /// Whether the page says so by itself, as the address leaves it open.
    pub fn is_assumed(&self, name: &str) -> bool {
        self.assumed.iter().any(|assumed| assumed == name)
    }

    /// The list from its beginning with one parameter changed; an empty value takes it away.
    #[expect(clippy::needless_pass_by_value, reason = "templates hand in words and numbers alike")]
    pub fn with(&self, name: &str, value: impl ToString) -> String {
        let value = value.to_string();
        let kept = self.pairs.iter().filter(|(n, _)| n != name && n != AFTER);
        let mut pairs: Vec<(&str, &str)> = kept.map(|(n, v)| (n.as_str(), v.as_str())).collect();
        if !value.is_empty() {
            pairs.push((name, &value));
        }
        self.href(&pairs)
    }

    /// The list from its beginning with several parameters changed; empty values take them away.
    pub fn but(&self, changes: &[(&str, &str)]) -> String {
        let kept = self.pairs.iter().filter(|(n, _)| n != AFTER && !changes.iter().any(|(name, _)| name == n));
        let mut pairs: Vec<(&str, &str)> = kept.map(|(n, v)| (n.as_str(), v.as_str())).collect();
        pairs.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
        self.href(&pairs)
    }

    /// The list from its beginning without some parameters.
    pub fn without(&self, names: &[&str]) -> String {
        let kept = self.pairs.iter().filter(|(n, _)| !names.contains(&n.as_str()) && n != AFTER);
        self.href(&kept.map(|(n, v)| (n.as_str(), v.as_str())).collect::<Vec<_>>())
    }

    /// What a filter form must carry along in hidden fields: everything that it has no field for.
    pub fn carried(&self, fields: &[&str]) -> Vec<(&str, &str)> {
        let others = self.pairs.iter().filter(|(n, _)| !fields.contains(&n.as_str()) && n != AFTER);
        others.map(|(n, v)| (n.as_str(), v.as_str())).collect()
    }

    /// The column to sort by: `sort=name`, or `sort=-name` for the largest first. The first of the columns is the
    /// default, in the direction given.
    pub fn sort_by(&self, columns: &[SortBy]) -> SortBy {
        let text = self.value("sort");
        let (column, descending) = text.strip_prefix('-').map_or((text, false), |column| (column, true));
        let first = columns.first().copied().unwrap_or(SortBy { column: "", descending: false });
        columns.iter().find(|c| c.column == column).map_or(first, |c| SortBy { column: c.column, descending })
    }

    /// The head of a column that sorts: once more turns it round; another column begins in its own direction.
    pub fn head(&self, now: SortBy, column: SortBy) -> Sort {
        let current = now.column == column.column;
        let descending = if current { !now.descending } else { column.descending };
        let sign = if descending { "-" } else { "" };
        Sort {
            href: self.with("sort", format!("{sign}{}", column.column)),
            descending: current.then_some(now.descending),
        }
    }

    /// Behind which row the page begins: the row's sort key as text, and its id.
    pub fn after(&self) -> Option<(String, i64)> {
        let (_, place) = self.pairs.iter().rfind(|(name, _)| name == AFTER)?;
        let (id, key) = place.split_once('~')?;
        Some((key.to_owned(), id.parse().ok()?))
    }

    /// One page of the rows that were fetched ([`FETCH`] at most), and the links to the pages around it. `key` is the
    /// last row's sort key and id; `words` says what the page shows of how many.
    pub fn page<T>(
        &self,
        mut rows: Vec<T>,
        total: i64,
        nouns: (&str, &str),
        key: impl Fn(&T) -> (String, i64),
    ) -> (Vec<T>, Pager) {
        let more = rows.len() > PAGE;
        rows.truncate(PAGE);
        let shown = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let words = if shown == total {
            format::counted(total, nouns.0, nouns.1)
        } else {
            format!("{} of {}", format::count(shown), format::counted(total, nouns.0, nouns.1))
        };
        let pager = self.around(rows.last().filter(|_| more).map(key));
        (rows, Pager { words, ..pager })
    }

    /// The links to the pages before and after this one. `last` is the last row's sort key and id, if more come behind it.
    pub fn around(&self, last: Option<(String, i64)>) -> Pager {
        let next = last.map(|(key, id)| {
            let mut pairs = self.pairs.clone();
            pairs.push((AFTER.to_owned(), format!("{id}~{key}")));
            let passed = pairs.iter().filter(|(name, _)| name == AFTER).count();
            if passed > TRAIL
                && let Some(oldest) = pairs.iter().position(|(name, _)| name == AFTER)
            {
                pairs.remove(oldest);
            }
            self.href(&pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect::<Vec<_>>())
        });
        let here = self.pairs.iter().rposition(|(name, _)| name == AFTER);
        let previous = here.map(|here| {
            let kept = self.pairs.iter().enumerate().filter(|(at, _)| *at != here);
            self.href(&kept.map(|(_, (n, v))| (n.as_str(), v.as_str())).collect::<Vec<_>>())
        });
        Pager { previous, next, words: String::new() }
    }

    fn href(&self, pairs: &[(&str, &str)]) -> String {
        match serde_html_form::to_string(pairs) {
            Ok(query) if !query.is_empty() => format!("{}?{query}", self.path),
            _ => self.path.clone(),
        }
    }
}

fn unreadable() -> Error {
    Error::BadRequest("A filter in the address could not be read.")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: SortBy = SortBy { column: "name", descending: false };
    const SALES: SortBy = SortBy { column: "sales", descending: true };

    fn list(query: &str) -> List {
        List::new("/customers", serde_html_form::from_str(query).unwrap())
    }

    #[test]
    fn links_keep_what_else_was_said() {
        let list = list("q=a%26b&segment=&sort=-sales&after=7~x");
        assert_eq!(list.value("q"), "a&b");
        assert_eq!(list.with("segment", "Retail"), "/customers?q=a%26b&sort=-sales&segment=Retail");
        assert_eq!(list.with("q", ""), "/customers?sort=-sales");
        assert_eq!(list.but(&[("q", ""), ("segment", "Retail")]), "/customers?sort=-sales&segment=Retail");
        assert_eq!(list.without(&["q", "sort"]), "/customers");
        assert_eq!(list.carried(&["q"]), [("sort", "-sales")]);
        assert!(list.is_filtered() && !self::list("sort=name&after=1~a").is_filtered());
    }

    #[test]
    fn what_is_assumed_is_no_filter() {
        let mut list = list("sort=name&kind=new");
        list.assume("from", &"2026-08-19");
        list.assume("kind", &"lost");
        assert_eq!((list.value("from"), list.value("kind")), ("2026-08-19", "new"));
        assert!(list.is_filtered() && !list.is_narrowed(&["kind"]));
        assert!(list.is_assumed("from") && !list.is_assumed("kind"));
        assert!(self::list("from=2026-08-19").is_filtered(), "said by the address");
    }

    #[test]
    fn heads_turn_the_order_round() {
        let list = list("q=x&sort=-sales");
        let now = list.sort_by(&[NAME, SALES]);
        assert_eq!(now, SALES);
        assert_eq!(list.head(now, SALES), Sort { href: "/customers?q=x&sort=sales".into(), descending: Some(true) });
        assert_eq!(list.head(now, NAME), Sort { href: "/customers?q=x&sort=name".into(), descending: None });
        assert_eq!(self::list("sort=nonsense").sort_by(&[NAME, SALES]), NAME);
    }

    #[test]
    fn pages_lead_forth_and_back() {
        let rows = |from: i64| (from..from + FETCH).collect::<Vec<_>>();
        let key = |row: &i64| (format!("k~{row}"), *row);
        let first = list("q=x");
        let (shown, pager) = first.page(rows(0), 1_203, ("customer", "customers"), key);
        assert_eq!((shown.len(), pager.previous, pager.words.as_str()), (PAGE, None, "50 of 1,203 customers"));
        let second = list(pager.next.unwrap().split_once('?').unwrap().1);
        assert_eq!(second.after(), Some(("k~49".to_owned(), 49)));
        let (_, pager) = second.page(rows(50), 1_203, ("customer", "customers"), key);
        assert_eq!(pager.previous.unwrap(), "/customers?q=x");
        let third = list(pager.next.unwrap().split_once('?').unwrap().1);
        assert_eq!(third.after(), Some(("k~99".to_owned(), 99)));
        let (last, pager) = third.page(vec![100], 101, ("customer", "customers"), key);
        assert_eq!((last, pager.next, pager.words.as_str()), (vec![100], None, "1 of 101 customers"));
        assert_eq!(first.page(vec![1], 1, ("customer", "customers"), key).1.words, "1 customer");
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let list = list("rep=x&from=2026-13-01&q=50%25_%5C&after=nonsense");
        assert!(list.parse::<i64>("rep").is_err() && list.date("from").is_err());
        assert!(matches!(list.parse::<i64>("team"), Ok(None)));
        assert_eq!(list.search("q").unwrap(), "50\\%\\_\\\\");
        assert_eq!(list.after(), None);
    }
}
