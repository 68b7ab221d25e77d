//! Holidays and loss limits: one is added or taken away at a time.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use serde_json::json;
use time::Date;

use super::{
    form::whole,
    settings_db::{self, LimitRow},
    web::{PATH, Typed, draw},
};
use crate::{
    App, audit,
    customers::events_db,
    period_locks,
    web::{
        auth::{Allowed, ManagePeople},
        error::Error,
        form::{Errors, Form, Nothing, Path, parse_date},
        format::date,
        once,
        page::Page,
        toast::Toast,
    },
};

/// A loss limit as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct LimitForm {
    /// For which segment; empty: for all.
    pub segment: String,
    /// Days without a sale.
    pub days: String,
    /// Since when; empty: from the beginning.
    pub from: String,
}

/// A holiday as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct HolidayForm {
    /// The day.
    pub on: String,
    /// Its name.
    pub holiday: String,
}

/// Sets a limit from a day on. What is locked follows from the limits before, so the day lies after it.
pub async fn set_limit(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    page: Page,
    Form { once, fields, .. }: Form<LimitForm>,
) -> Result<Response, Error> {
    let mut errors = Errors::new();
    let segment = errors.optional_text("segment", &fields.segment, "The segment", 120);
    let days = whole(&mut errors, "days", &fields.days, 1..=3650);
    let from = errors.optional_date("from", &fields.from, "The first day");
    let refuse = |errors| Typed { limit: fields.clone(), errors, ..Typed::default() };
    if !errors.is_empty() {
        return draw(&app, &me, page, refuse(errors)).await;
    }
    let mut write = once::begin_alone(&app, &me, once).await?;
    let open = period_locks::db::locked_until(&mut write, me.scope.org).await?;
    if let Some(open) = open.filter(|open| from.is_none_or(|from| from < *open)) {
        drop(write);
        errors.add("from", format!("What is before {} is locked. Choose that day or a later one.", date(open)));
        return draw(&app, &me, page, refuse(errors)).await;
    }
    let segment = (!segment.is_empty()).then_some(segment);
    settings_db::set_limit(&mut write, segment.as_deref(), days, from).await?;
    events_db::recompute_all(&mut write).await?;
    let limit = LimitRow { id: 0, segment, days, from_date: from };
    audit::db::record(&mut write, "settings.limit_set", PATH, json!({ "new": limit.kept() })).await?;
    write.done_saying(PATH, &Toast::new("Limit saved, lost customers counted anew")).await
}

/// Takes a limit away, and the one before it holds on.
pub async fn remove_limit(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    Path(id): Path<i64>,
    Form { once, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let mut write = once::begin_alone(&app, &me, once).await?;
    let open = period_locks::db::locked_until(&mut write, me.scope.org).await?;
    let limit = settings_db::remove_limit(&mut write, id).await?.ok_or(Error::NotFound)?;
    if limit.from_date.is_none_or(|from| open.is_some_and(|open| from < open)) {
        return Err(Error::Conflict(
            "What is locked, or everything, follows from this limit. Set another one from a later day.",
        ));
    }
    events_db::recompute_all(&mut write).await?;
    audit::db::record(&mut write, "settings.limit_removed", PATH, json!({ "old": limit.kept(), "new": {} })).await?;
    write.done_saying(PATH, &Toast::new("Limit removed, lost customers counted anew")).await
}

/// Adds a holiday: no working day, so no pace falls on it.
pub async fn add_holiday(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    page: Page,
    Form { once, fields, .. }: Form<HolidayForm>,
) -> Result<Response, Error> {
    let mut errors = Errors::new();
    let on = errors.date("on", &fields.on, "The day");
    let name = errors.text("holiday", &fields.holiday, "The name", 120);
    let Some(on) = on.filter(|_| errors.is_empty()) else {
        return draw(&app, &me, page, Typed { holiday: fields, errors, ..Typed::default() }).await;
    };
    let mut write = once::begin(&app, &me, once).await?;
    settings_db::add_holiday(&mut write, on, &name).await?;
    let detail = json!({ "old": {}, "new": { "holiday": format!("{name}, {}", date(on)) } });
    audit::db::record(&mut write, "settings.holiday_added", PATH, detail).await?;
    write.done_saying(PATH, &Toast::new(format!("{name} added"))).await
}

/// Takes a holiday away: the day is a working day again.
pub async fn remove_holiday(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    Path(day): Path<String>,
    Form { once, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let on: Date = parse_date(&day).ok_or(Error::NotFound)?;
    let mut write = once::begin(&app, &me, once).await?;
    let name = settings_db::remove_holiday(&mut write, on).await?.ok_or(Error::NotFound)?;
    let detail = json!({ "old": { "holiday": format!("{name}, {}", date(on)) }, "new": {} });
    audit::db::record(&mut write, "settings.holiday_removed", PATH, detail).await?;
    write.done_saying(PATH, &Toast::new(format!("{name} removed"))).await
}

impl LimitRow {
    /// What the history keeps of a limit.
    fn kept(&self) -> serde_json::Value {
        let whose = self.segment.as_deref().unwrap_or("everybody");
        let from = self.from_date.map_or("from the beginning".to_owned(), |from| format!("from {}", date(from)));
        json!({ "lost after": format!("{} days for {whose}, {from}", self.days) })
    }
}
