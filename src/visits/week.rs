//! The plan of a week: whom to see on which day.

use askama::Template;
use axum::{extract::State, response::Response};
use time::Date;

use super::{
    page_db::{self, Entry},
    plan::DayQuery,
    web::badge,
};
use crate::{
    App,
    domain::{
        period::{Dates, Period, PeriodKind, add_days},
        visit::State as Standing,
    },
    postgres::tx,
    web::{
        auth::{Allowed, RecordSales},
        error::Error,
        form::{Query, parse_date},
        format,
        page::{Page, html},
        ui::Badge,
    },
};

struct Day {
    date: Date,
    is_today: bool,
    is_past: bool,
    entries: Vec<(Entry, Badge)>,
}

#[derive(Template)]
#[template(path = "visits/week.html")]
struct WeekPage {
    page: Page,
    label: String,
    before: Date,
    after: Date,
    days: Vec<Day>,
    planned: i64,
    done: i64,
}

/// The plan of the week that holds a day.
pub async fn week(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Query(query): Query<DayQuery>,
) -> Result<Response, Error> {
    let day = parse_date(&query.day).unwrap_or(me.today);
    let week = Period::containing(PeriodKind::Week, day, me.company.fiscal_start);
    let dates = Dates { from: week.from(), to: week.to() };
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let entries = page_db::entries(&mut read, me.scope.org, me.id, dates).await?;
    let count = |state| entries.iter().filter(|entry| entry.state == state).fold(0, |count, _| count + 1);
    let (planned, done) = (count(Standing::Planned), count(Standing::Done));
    let days = (0..7).map(|at| add_days(dates.from, at)).map(|day| Day {
        date: day,
        is_today: day == me.today,
        is_past: day < me.today,
        entries: entries
            .iter()
            .filter(|entry| entry.visited_on == day)
            .map(|entry| (entry.clone(), badge(entry.state, day, me.today)))
            .collect(),
    });
    html(WeekPage {
        page,
        label: format::period(week),
        before: add_days(dates.from, -7),
        after: dates.to,
        days: days.collect(),
        planned,
        done,
    })
}
