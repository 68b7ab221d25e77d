//! `/settings/levels`: what a junior or senior is usually expected to reach; the grid of targets offers it.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    draw::{plain, words},
    grid,
    levels_db::{self, LevelTarget, NewLevelTarget},
};
use crate::{
    App, audit,
    domain::{
        metric::{Metric, Unit},
        money::Currency,
        period::PeriodKind,
    },
    postgres::tx::{self, Read},
    web::{
        auth::{Allowed, ManagePeople, Viewer},
        error::Error,
        form::{Errors, Form, Query},
        format, once,
        page::{Page, answer},
        toast::Toast,
        ui::Switch,
    },
};

/// Where the page is.
pub const PATH: &str = "/settings/levels";
/// How long the name of a level may be, as for people.
const LONGEST: usize = 50;

/// Which kind of period the address asks for.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    kind: Option<PeriodKind>,
}

impl Asked {
    fn kind(&self) -> PeriodKind {
        self.kind.unwrap_or(PeriodKind::Month)
    }
}

#[derive(Template)]
#[template(path = "targets/levels.html")]
struct LevelsPage {
    page: Page,
    kind: PeriodKind,
    kinds: Vec<Switch>,
    columns: Vec<String>,
    rows: Vec<Row>,
    /// The name of a level to be added, as typed.
    another: String,
    seen: i64,
    errors: Errors,
    /// Whether somebody else has saved meanwhile.
    stale: bool,
}

struct Row {
    level: String,
    cells: Vec<Field>,
}

struct Field {
    name: String,
    label: String,
    text: String,
    error: Option<String>,
}

/// `GET /settings/levels?kind=month`.
pub async fn index(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    page: Page,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let page = draw(&mut read, &me, page, asked.kind(), None).await?;
    answer(StatusCode::OK, page)
}

/// `POST /settings/levels?kind=month`: all changed cells or none.
pub async fn save(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    page: Page,
    Query(asked): Query<Asked>,
    form: Form<Vec<(String, String)>>,
) -> Result<Response, Error> {
    let kind = asked.kind();
    let mut sent = Sent::read(&form.fields, me.company.currency)?;
    if !sent.errors.is_empty() {
        let mut read = tx::read(&app.db, me.scope.org).await?;
        let page = draw(&mut read, &me, page, kind, Some(sent)).await?;
        return answer(StatusCode::UNPROCESSABLE_ENTITY, page);
    }
    let mut write = once::begin_alone(&app, &me, form.once).await?;
    let (known, seen) = levels_db::of_kind(&mut write, me.scope.org, kind).await?;
    if seen != sent.seen {
        drop(write);
        sent.stale = true;
        let mut read = tx::read(&app.db, me.scope.org).await?;
        let page = draw(&mut read, &me, page, kind, Some(sent)).await?;
        return answer(StatusCode::CONFLICT, page);
    }
    let stands = standing(&known);
    let changes: Vec<NewLevelTarget> =
        sent.values.into_iter().filter(|new| stands.get(&key(&new.level, new.metric)).copied() != new.value).collect();
    let path = format!("{PATH}?kind={kind}", kind = kind.as_str());
    if changes.is_empty() {
        return write.done_saying(&path, &Toast::new("Nothing was changed")).await;
    }
    levels_db::insert(&mut write, kind, &changes).await?;
    let kept = |value: &dyn Fn(&NewLevelTarget) -> Option<Decimal>| -> Map<String, Value> {
        let told = changes.iter().map(|change| {
            let label = format!("{}, {} per {}", change.level, change.metric.label().to_lowercase(), kind.as_str());
            (label, json!(format::stored(|| words(change.metric, value(change), me.company.currency))))
        });
        told.collect()
    };
    let old = kept(&|change| stands.get(&key(&change.level, change.metric)).copied());
    let detail = json!({ "old": old, "new": kept(&|change| change.value) });
    audit::db::record(&mut write, "settings.levels_changed", "/settings", detail).await?;
    let count = i64::try_from(changes.len()).unwrap_or(0);
    let words = format!("{} saved. The grid offers them", format::counted(count, "usual target", "usual targets"));
    write.done_saying(&path, &Toast::new(words)).await
}

fn key(level: &str, metric: Metric) -> (String, Metric) {
    (level.to_lowercase(), metric)
}

fn standing(known: &[LevelTarget]) -> BTreeMap<(String, Metric), Decimal> {
    known.iter().map(|target| ((target.level.clone(), target.metric), target.value)).collect()
}

/// A sent form.
struct Sent {
    seen: i64,
    another: String,
    /// The levels of its rows.
    levels: Vec<String>,
    /// The typed cells by name.
    typed: BTreeMap<String, String>,
    values: Vec<NewLevelTarget>,
    errors: Errors,
    stale: bool,
}

impl Sent {
    /// Fields are `level` (one for each row) and cells like `0.visits`, by the row; the last row is the level to be added.
    fn read(fields: &[(String, String)], currency: Currency) -> Result<Self, Error> {
        let incomplete = Error::BadRequest("The form is incomplete. Open the page again.");
        let field = |wanted: &str| fields.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        let seen = field("seen").and_then(|seen| seen.parse().ok()).ok_or(incomplete)?;
        let mut errors = Errors::new();
        let another = errors.optional_text("another", field("another").unwrap_or_default(), "The level", LONGEST);
        let mut levels: Vec<&str> =
            fields.iter().filter(|(name, _)| name == "level").map(|(_, v)| v.as_str()).collect();
        levels.push(&another);
        let (mut typed, mut values, mut known) = (BTreeMap::new(), vec![], BTreeSet::new());
        for (name, text) in fields {
            let Some((row, metric)) = name.split_once('.') else { continue };
            let cell = row.parse::<usize>().ok().and_then(|row| levels.get(row)).zip(Metric::parse(metric));
            let (level, metric) = cell.ok_or(Error::BadRequest("The form names a cell that is not there."))?;
            typed.insert(name.clone(), text.clone());
            let blank = text.trim().is_empty();
            if level.trim().is_empty() && !blank {
                errors.add("another", "The level is missing. Give its name, or leave its targets empty.");
                continue;
            }
            if level.chars().count() > LONGEST || level.trim().is_empty() {
                continue;
            }
            match grid::read(metric, text, currency) {
                // Who is added under a name that is there already sets what is typed and leaves the rest.
                Ok(value) if known.insert(key(level, metric)) || !blank => {
                    values.retain(|new: &NewLevelTarget| key(&new.level, new.metric) != key(level, metric));
                    values.push(NewLevelTarget { level: (*level).to_owned(), metric, value });
                }
                Ok(_) => {}
                Err(words) => errors.add(name.clone(), format!("{level}, {}: {words}", metric.label().to_lowercase())),
            }
        }
        levels.pop();
        let levels = levels.into_iter().map(str::to_owned).collect();
        Ok(Self { seen, another: another.clone(), levels, typed, values, errors, stale: false })
    }
}

/// The page as it stands, or with what was typed.
async fn draw(
    read: &mut Read,
    me: &Viewer,
    page: Page,
    kind: PeriodKind,
    sent: Option<Sent>,
) -> Result<LevelsPage, Error> {
    let currency = me.company.currency;
    let (known, seen) = levels_db::of_kind(read, me.scope.org, kind).await?;
    let stands = standing(&known);
    // What was typed stays in its rows, whatever levels there are meanwhile.
    let mut levels: Vec<String> = sent.as_ref().map(|sent| sent.levels.clone()).unwrap_or_default();
    let typed_rows = levels.len();
    for level in levels_db::levels(read, me.scope.org).await? {
        if !levels.iter().any(|known| known.to_lowercase() == level.to_lowercase()) {
            levels.push(level);
        }
    }
    levels.push(String::new());
    let text = |row: usize, level: &str, metric: Metric| {
        let name = format!("{row}.{}", metric.as_str());
        let stands =
            || stands.get(&key(level, metric)).map_or_else(String::new, |value| plain(metric, *value, currency));
        let typed_as = match row {
            _ if level.is_empty() => format!("{typed_rows}.{}", metric.as_str()),
            row if row < typed_rows => name.clone(),
            _ => String::new(),
        };
        let text = sent.as_ref().and_then(|sent| sent.typed.get(&typed_as).cloned()).unwrap_or_else(stands);
        let who = if level.is_empty() { "Another level" } else { level };
        let label = format!("{who}, {}", metric.label().to_lowercase());
        let error = sent.as_ref().and_then(|sent| sent.errors.get(&typed_as).map(str::to_owned));
        Field { name, label, text, error }
    };
    let rows = levels.iter().enumerate().map(|(row, level)| Row {
        level: level.clone(),
        cells: Metric::ALL.into_iter().map(|metric| text(row, level, metric)).collect(),
    });
    let rows = rows.collect();
    let column = |metric: Metric| match metric.unit() {
        Unit::Count if metric.is_limit() => format!("{}, at most", metric.label()),
        Unit::Count => metric.label().to_owned(),
        Unit::Money => format!("{}, {}", metric.label(), currency.symbol().trim()),
        Unit::Fraction if metric.is_limit() => format!("{}, at most, %", metric.label()),
        Unit::Fraction => format!("{}, %", metric.label()),
    };
    let switch =
        |other: PeriodKind| Switch::new(other.label(), format!("{PATH}?kind={}", other.as_str()), other == kind);
    let stale = sent.as_ref().is_some_and(|sent| sent.stale);
    Ok(LevelsPage {
        kinds: PeriodKind::ALL.map(switch).into(),
        columns: Metric::ALL.map(column).into(),
        rows,
        another: sent.as_ref().map(|sent| sent.another.clone()).unwrap_or_default(),
        // A form that came too late is sent again knowing what stands now.
        seen: sent.as_ref().filter(|sent| !sent.stale).map_or(seen, |sent| sent.seen),
        errors: sent.map(|sent| sent.errors).unwrap_or_default(),
        stale,
        kind,
        page,
    })
}
