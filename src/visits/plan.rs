//! The plan of a day: whom to see when, and what became of it.

use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;
use serde_json::json;
use sqlx::PgConnection;
use time::Date;

use super::{
    db::{self, NewVisit},
    form::VisitForm,
    log,
    page_db::{self, Entry, Visit},
    series,
};
use crate::{
    App, audit,
    customers::{
        find_db::{self, Named},
        pick::{Picked, named_choice, pick},
    },
    domain::{
        id::VisitId,
        period::{Dates, add_days},
        visit,
    },
    postgres::tx,
    web::{
        auth::{Allowed, RecordSales},
        error::Error,
        form::{Errors, Form, Nothing, Path, Query, parse_date},
        format,
        once::{self, Write},
        page::{Page, html, refused},
        toast::Toast,
        ui::{Badge, Choice},
    },
};

/// How far back the plan of today looks for what was neither logged nor missed.
const OVERDUE_DAYS: i64 = 60;

/// Which day.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct DayQuery {
    /// The day as typed; of a week any of its days.
    pub day: String,
    customer: String,
}

#[derive(Template)]
#[template(path = "visits/plan.html")]
struct DayPage {
    page: Page,
    day: Date,
    heading: String,
    before: Date,
    after: Date,
    is_past: bool,
    is_future: bool,
    entries: Vec<(Entry, Badge)>,
    /// What was planned for earlier days and neither logged nor missed: shown with today.
    overdue: Vec<(Entry, Badge)>,
    form: VisitForm,
    errors: Errors,
    customers: Vec<Choice>,
    names: Vec<Named>,
    kinds: Vec<Choice>,
    /// How often it may come again.
    every: Vec<Choice>,
    /// Who may go along.
    colleagues: Vec<Choice>,
}

impl DayPage {
    async fn load(
        db: &mut PgConnection,
        me: &Allowed<RecordSales>,
        page: Page,
        day: Date,
        form: VisitForm,
        picked: &Picked,
    ) -> Result<Self, Error> {
        let badged = |entry: Entry| {
            let badge = super::web::badge(entry.state, entry.visited_on, me.today);
            (entry, badge)
        };
        let dates = Dates { from: day, to: add_days(day, 1) };
        let entries = page_db::entries(db, me.scope.org, me.id, dates).await?.into_iter().map(badged).collect();
        let overdue = if day == me.today {
            let earlier = Dates { from: add_days(me.today, -OVERDUE_DAYS), to: me.today };
            let mut entries = page_db::entries(db, me.scope.org, me.id, earlier).await?;
            entries.retain(|entry| entry.state == visit::State::Planned);
            entries.into_iter().map(badged).collect()
        } else {
            vec![]
        };
        let heading = match (day - me.today).whole_days() {
            0 => "Today".to_owned(),
            1 => "Tomorrow".to_owned(),
            _ => format::long_day(day),
        };
        Ok(Self {
            page,
            heading,
            before: add_days(day, -1),
            after: add_days(day, 1),
            is_past: day < me.today,
            is_future: day > me.today,
            day,
            entries,
            overdue,
            form,
            errors: Errors::new(),
            customers: picked.similar.iter().map(named_choice).collect(),
            names: find_db::names(db, &me.scope, me.today).await?,
            kinds: log::kinds(),
            every: series::choices(),
            colleagues: log::choices(log::colleagues(db, me, me.id, None).await?),
        })
    }
}

/// The plan of a day.
pub async fn day(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Query(query): Query<DayQuery>,
) -> Result<Response, Error> {
    let day = parse_date(&query.day).unwrap_or(me.today);
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let mut form = VisitForm::on(day);
    if let Ok(id) = query.customer.parse()
        && let Some(customer) = find_db::visible(&mut read, &me.scope, me.today, id).await?
    {
        form.other = customer.name;
    }
    html(DayPage::load(&mut read, &me, page, day, form, &Picked::default()).await?)
}

/// Plans a visit.
pub async fn add(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Form { once, fields, .. }: Form<VisitForm>,
) -> Result<Response, Error> {
    let mut errors = Errors::new();
    let said = fields.parse(visit::State::Planned, me.today, &me.company.time_zone, &mut errors);
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let picked = pick(&mut read, &me.scope, me.today, fields.given(), &mut errors).await?;
    let with = fields.parse_with(&log::colleagues(&mut read, &me, me.id, None).await?, &mut errors);
    let days = said.day().map(|day| fields.parse_days(day, &mut errors)).unwrap_or_default();
    let new = picked.customer.as_ref().and_then(|customer| said.visit(me.id, customer.id));
    let (Some(customer), Some(new), true) = (&picked.customer, new, errors.is_empty()) else {
        let day = parse_date(&fields.visited_on).unwrap_or(me.today);
        let mut page = DayPage::load(&mut read, &me, page, day, fields, &picked).await?;
        page.errors = errors;
        return refused(page);
    };
    drop(read);
    let mut write = once::begin(&app, &me, once).await?;
    let first = series::plan(&mut write, &new, &days, &customer.name, &with).await?;
    let Some(id) = first else { return Err(log::CHANGED) };
    let at = new.starts_at.map(|time| format!(" at {}", format::clock(&time))).unwrap_or_default();
    let toast = if let [_, .., last] = days.as_slice() {
        let times = format::counted(i64::try_from(days.len()).unwrap_or(0), "visit", "visits");
        let words = format!("{}: {times} planned{at} until {}", customer.name, format::date(*last));
        Toast::new(words).undo(format!("/visits/{id}/remove-later"))
    } else {
        let words = format!("{} planned for {}{at}", customer.name, format::date(new.visited_on));
        Toast::new(words).undo(format!("/visits/{id}/undo"))
    };
    write.done_saying(&format!("/visits/plan?day={}", new.visited_on), &toast).await
}

/// A planned visit did not take place.
pub async fn missed(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    Path(id): Path<VisitId>,
    Form { once, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let mut write = once::begin(&app, &me, once).await?;
    let visit = page_db::find(&mut write, &me.scope, &me.company, id).await?.ok_or(Error::NotFound)?;
    if visit.state != visit::State::Planned || visit.visited_on > me.today {
        return Err(Error::Conflict("Only a planned visit whose day has come can be missed."));
    }
    if !me.scope.sees(visit.rep_id) {
        return leave(write, &me, &visit).await;
    }
    let new = NewVisit { state: visit::State::Missed, ..log::as_new(&visit) };
    if !db::update(&mut write, id, visit.version, &new).await? {
        return Err(log::CHANGED);
    }
    let detail = json!({ "old": log::facts_of(&visit), "new": log::facts(&new, &visit.customer, &visit.with_names) });
    audit::db::record(&mut write, "visit.missed", &format!("/visits/{id}"), detail).await?;
    let to = format!("/visits/plan?day={}", visit.visited_on);
    let toast = Toast::new(format!("Visit to {} marked as missed", visit.customer)).undo(format!("/visits/{id}/undo"));
    write.done_saying(&to, &toast).await
}

/// Takes a planned visit off the plan.
pub async fn remove(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    Path(id): Path<VisitId>,
    Form { once, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let mut write = once::begin(&app, &me, once).await?;
    let visit = page_db::find(&mut write, &me.scope, &me.company, id).await?.ok_or(Error::NotFound)?;
    if visit.state == visit::State::Done {
        return Err(Error::Conflict("This visit is done. What is done stays; it can be corrected."));
    }
    if !me.scope.sees(visit.rep_id) {
        return leave(write, &me, &visit).await;
    }
    let kept = db::kept(&mut write, id, None, visit.visited_on).await?;
    if !db::delete(&mut write, id, visit.version).await? {
        return Err(log::CHANGED);
    }
    let detail = json!({ "old": log::facts_of(&visit), "kept": kept });
    audit::db::record(&mut write, "visit.removed", &format!("/visits/{id}"), detail).await?;
    let to = format!("/visits/plan?day={}", visit.visited_on);
    let toast = Toast::new(format!("{} taken off the plan", visit.customer)).undo(format!("/visits/{id}/undo"));
    write.done_saying(&to, &toast).await
}

/// What a button says that would move or end a visit of somebody out of reach.
pub const NOT_YOURS: Error =
    Error::Conflict("You only go along on this visit. Its rep, or the rep’s manager, can move or end it.");

/// Takes those whom this person reaches off a visit of somebody else: for that one it stays planned.
async fn leave(mut write: Write, me: &Allowed<RecordSales>, visit: &Visit) -> Result<Response, Error> {
    let (left, with): (Vec<_>, Vec<_>) = visit.along().into_iter().partition(|(id, _)| me.scope.sees(*id));
    let new = log::as_new(visit);
    if !db::update(&mut write, visit.id, visit.version, &new).await? {
        return Err(log::CHANGED);
    }
    log::write_with(&mut write, visit.id, &with).await?;
    let new = log::facts(&new, &visit.customer, &log::names(&with));
    let path = format!("/visits/{}", visit.id);
    let detail = json!({ "old": log::facts_of(visit), "new": new, "left": left });
    audit::db::record(&mut write, "visit.corrected", &path, detail).await?;
    let left = log::names(&left).join(", ");
    let words = format!("{left} taken off the visit to {}; {} still has it", visit.customer, visit.rep);
    let toast = Toast::new(words).undo(format!("{path}/undo"));
    write.done_saying(&format!("/visits/plan?day={}", visit.visited_on), &toast).await
}
