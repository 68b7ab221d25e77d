//! Holidays: one is added or taken away at a time, or those of a calendar file after a look at them.

use std::collections::BTreeMap;

use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;
use serde_json::{Value, json};
use time::Date;

use super::{
    ics::{self, Calendar},
    settings_db,
    web::{PATH, Typed, draw},
};
use crate::{
    App, audit, period_locks,
    postgres::tx,
    web::{
        auth::{Allowed, ManagePeople},
        error::Error,
        form::{Errors, Form, Nothing, Path, parse_date},
        format::{self, counted, date},
        once,
        page::{Page, html},
        toast::Toast,
        upload::{MOST_BYTES, Upload},
    },
};

/// A holiday as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct HolidayForm {
    /// The day.
    pub on: String,
    /// Its name.
    pub holiday: String,
}

/// The days of a calendar file that were ticked: each with its name behind it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct DaysForm {
    days: Vec<String>,
}

/// How many years of a calendar file count behind the running one; before it, it is one.
const YEARS_AHEAD: i32 = 3;
/// The most days that are taken from a file.
const MOST_DAYS: usize = 300;
/// The most characters of a name.
const NAME: usize = 120;

/// Adds a holiday: no working day, so no pace falls on it.
pub async fn add(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    page: Page,
    Form { once, fields, .. }: Form<HolidayForm>,
) -> Result<Response, Error> {
    let mut errors = Errors::new();
    let on = errors.date("on", &fields.on, "The day");
    let name = errors.text("holiday", &fields.holiday, "The name", NAME);
    let Some(on) = on.filter(|_| errors.is_empty()) else {
        return draw(&app, &me, page, Typed { holiday: fields, errors, ..Typed::default() }).await;
    };
    let mut write = once::begin(&app, &me, once).await?;
    let told = |name: &str| json!({ "holiday": kept(name, on) });
    let before = settings_db::add_holiday(&mut write, on, &name).await?;
    let is_new = before.is_none();
    let (act, detail, words) = match before {
        Some(old) if old != name => (
            "settings.holiday_renamed",
            json!({ "old": told(&old), "new": told(&name) }),
            format!("{old} renamed to {name}"),
        ),
        _ => ("settings.holiday_added", json!({ "old": {}, "new": told(&name) }), format!("{name} added")),
    };
    audit::db::record(&mut write, act, PATH, detail).await?;
    let open = period_locks::db::locked_until(&mut write, me.scope.org).await?;
    let toast = period_locks::words::done(words, Some(on), open);
    let toast = if is_new { toast.undo(path(on, "remove")) } else { toast };
    write.done_saying(PATH, &toast).await
}

fn path(on: Date, act: &str) -> String {
    format!("{PATH}/holidays/{on}/{act}")
}

/// Takes a holiday away: the day is a working day again.
pub async fn remove(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    Path(day): Path<String>,
    Form { once, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let on: Date = parse_date(&day).ok_or(Error::NotFound)?;
    let mut write = once::begin(&app, &me, once).await?;
    let name = settings_db::remove_holiday(&mut write, on).await?.ok_or(Error::NotFound)?;
    let whole = json!({ "id": on.to_string(), "name": name });
    let detail = json!({ "old": { "holiday": kept(&name, on) }, "new": {}, "kept": whole });
    audit::db::record(&mut write, "settings.holiday_removed", PATH, detail).await?;
    let open = period_locks::db::locked_until(&mut write, me.scope.org).await?;
    let toast = period_locks::words::done(format!("{name} removed"), Some(on), open).undo(path(on, "restore"));
    write.done_saying(PATH, &toast).await
}

/// Puts a holiday back that this person took away today.
pub async fn restore(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    Path(day): Path<String>,
    Form { once, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let on: Date = parse_date(&day).ok_or(Error::NotFound)?;
    let mut write = once::begin(&app, &me, once).await?;
    let key = json!(on.to_string());
    let act = audit::db::latest_with(&mut write, me.scope.org, &me.company.time_zone, PATH, &key).await?;
    let act = act.ok_or(Error::NotFound)?;
    let own = act.action == "settings.holiday_removed" && act.user_id == Some(me.id) && act.at.date() == me.today;
    let name = act.detail.pointer("/kept/name").and_then(Value::as_str).filter(|_| own);
    let Some(name) = name else {
        return Err(Error::Conflict("Only a holiday that you removed today can be put back. Add it again."));
    };
    if settings_db::add_holiday(&mut write, on, name).await?.is_some() {
        return Err(Error::Conflict("That day was made a holiday again since. Nothing was put back."));
    }
    let detail = json!({ "old": {}, "new": { "holiday": kept(name, on) }, "kept": { "id": key } });
    audit::db::record(&mut write, "settings.holiday_restored", PATH, detail).await?;
    write.done_saying(PATH, &Toast::new(format!("{name} put back"))).await
}

/// What the history keeps of a holiday.
fn kept(name: &str, on: Date) -> String {
    format::stored(|| format!("{name}, {}", date(on)))
}

/// A day of a calendar file.
struct Offered {
    on: Date,
    name: String,
    /// What the company calls the day so far, if it is a holiday already.
    known: Option<String>,
}

impl Offered {
    fn label(&self) -> String {
        format!("{}, {}", self.name, date(self.on))
    }

    /// What its box sends.
    fn value(&self) -> String {
        format!("{} {}", self.on, self.name)
    }
}

#[derive(Template)]
#[template(path = "organizations/calendar.html")]
struct CalendarPage {
    page: Page,
    file: String,
    days: Vec<Offered>,
    left_out: Vec<(usize, String)>,
    years: (i32, i32),
}

/// Reads a calendar file and shows its days; nothing is kept.
pub async fn look(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    page: Page,
    Upload { files, too_large, .. }: Upload,
) -> Result<Response, Error> {
    let years = me.today.year() - 1..=me.today.year() + YEARS_AHEAD;
    let (file, calendar) = match read(files, too_large, &years) {
        Ok(read) => read,
        Err(words) => {
            let mut errors = Errors::new();
            errors.add("file", words);
            return draw(&app, &me, page, Typed { errors, ..Typed::default() }).await;
        }
    };
    let first = Date::from_calendar_date(*years.start(), time::Month::January, 1).unwrap_or(me.today);
    let mut db = tx::read(&app.db, me.scope.org).await?;
    let known = settings_db::holidays(&mut db, me.scope.org, first).await?;
    let known: BTreeMap<Date, String> = known.into_iter().map(|day| (day.on_date, day.name)).collect();
    let days = calendar.days.into_iter().map(|(on, name)| Offered { on, name, known: known.get(&on).cloned() });
    html(CalendarPage {
        page,
        file,
        days: days.collect(),
        left_out: calendar.left_out,
        years: (*years.start(), *years.end()),
    })
}

/// The one file and what it says, or why it is refused.
fn read(
    files: Vec<crate::web::upload::Uploaded>,
    too_large: bool,
    years: &std::ops::RangeInclusive<i32>,
) -> Result<(String, Calendar), String> {
    if too_large {
        return Err(format!("The file has more than {} MB.", MOST_BYTES >> 20));
    }
    let file = files.into_iter().next().ok_or("Choose a calendar file (.ics).")?;
    let name: String = file.name.chars().take(NAME).collect();
    let calendar =
        ics::read(&file.content, years).map_err(|fault| format!("{name}, line {} {}", fault.line, fault.words))?;
    match calendar.days.len() {
        days if days > MOST_DAYS => Err(format!("{name} has {days} whole days; {MOST_DAYS} can be taken at once.")),
        0 if calendar.left_out.is_empty() => {
            Err(format!("{name} has no event for whole days from {} to {}.", years.start(), years.end()))
        }
        _ => Ok((name, calendar)),
    }
}

/// Takes the ticked days of a calendar file.
pub async fn take(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    page: Page,
    Form { once, fields, .. }: Form<DaysForm>,
) -> Result<Response, Error> {
    let parsed = |sent: &String| {
        let (day, name) = sent.split_once(' ')?;
        let name = name.trim();
        let fits = !name.is_empty() && name.chars().count() <= NAME;
        Some((parse_date(day)?, name.to_owned())).filter(|_| fits)
    };
    let days: Option<BTreeMap<Date, String>> = fields.days.iter().map(parsed).collect();
    let days = days
        .filter(|days| days.len() <= MOST_DAYS)
        .ok_or(Error::BadRequest("A day of the list could not be read. Send the calendar file again."))?;
    if days.is_empty() {
        let mut errors = Errors::new();
        errors.add("file", "No day was ticked, so nothing has changed. Choose the file again.");
        return draw(&app, &me, page, Typed { errors, ..Typed::default() }).await;
    }
    let mut write = once::begin(&app, &me, once).await?;
    let mut told = vec![];
    for (on, name) in &days {
        let old = settings_db::add_holiday(&mut write, *on, name).await?;
        let before = old.filter(|old| old != name).map_or_else(String::new, |old| format!(" (was {old})"));
        told.push(format!("{}{before}", kept(name, *on)));
    }
    let detail = json!({ "old": {}, "new": { "holidays": told.join("; ") } });
    audit::db::record(&mut write, "settings.holidays_taken", PATH, detail).await?;
    let count = i64::try_from(days.len()).unwrap_or(i64::MAX);
    let words = format!("{} added", counted(count, "holiday", "holidays"));
    let open = period_locks::db::locked_until(&mut write, me.scope.org).await?;
    write.done_saying(PATH, &period_locks::words::done(words, days.keys().min().copied(), open)).await
}
