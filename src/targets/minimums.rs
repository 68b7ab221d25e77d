//! `/settings/minimums`: how many visits are expected of a day or a week, of everybody or of one rep, from when on.

use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;
use serde_json::{Value, json};
use time::Date;

use super::minimums_db::{self, Row};
use crate::{
    App, audit,
    domain::{
        id::UserId,
        minimum::{Minimum, Per},
    },
    period_locks,
    postgres::tx,
    users::reps_db,
    web::{
        auth::{Allowed, ManagePeople, Viewer},
        error::Error,
        form::{Errors, Form, Path, parse_date},
        format, number, once,
        page::{Page, answer},
        toast::Toast,
        ui::Choice,
    },
};

/// Where the page is.
pub const PATH: &str = "/settings/minimums";
/// The most visits that may be expected.
const MOST: u32 = 100;

/// A minimum as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct MinimumForm {
    /// Of which rep; empty: of everybody.
    rep: String,
    visits: String,
    per: String,
    /// Which visits count.
    counts: String,
    /// Since when; empty: from the beginning.
    from: String,
}

/// A form without fields of its own.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Nothing {}

#[derive(Template)]
#[template(path = "targets/minimums.html")]
struct MinimumsPage {
    page: Page,
    rows: Vec<Row>,
    reps: Vec<Choice>,
    form: MinimumForm,
    errors: Errors,
    /// The first day after everything that is locked.
    open_from: Option<Date>,
}

impl MinimumsPage {
    /// Whether it may still be taken away: nothing that is locked follows from it.
    fn is_removable(&self, row: &Row) -> bool {
        self.open_from.is_none_or(|open| row.from_date.is_some_and(|from| from >= open))
    }
}

/// Days or weeks.
fn stretches() -> Vec<Choice> {
    Per::ALL.map(|per| Choice::new(per.as_str(), format!("Each {}", per.label()))).into()
}

/// Which visits may count.
fn kinds() -> Vec<Choice> {
    vec![Choice::new("all", "Every visit in person"), Choice::new("strangers", "Stranger visits only")]
}

/// `GET /settings/minimums`.
pub async fn index(State(app): State<App>, me: Allowed<ManagePeople>, page: Page) -> Result<Response, Error> {
    let form = MinimumForm { per: "day".to_owned(), counts: "all".to_owned(), ..MinimumForm::default() };
    draw(&app, &me, page, form, Errors::new()).await
}

async fn draw(app: &App, me: &Viewer, page: Page, form: MinimumForm, errors: Errors) -> Result<Response, Error> {
    let org = me.scope.org;
    let mut read = tx::read(&app.db, org).await?;
    let reps = reps_db::selling(&mut read, org, me.today).await?;
    let page = MinimumsPage {
        page,
        rows: minimums_db::list(&mut read, org).await?,
        reps: reps.into_iter().map(|(id, name)| Choice::new(id, name)).collect(),
        form,
        open_from: period_locks::db::locked_until(&mut read, org).await?,
        errors,
    };
    answer(page.errors.status(), page)
}

/// `POST /settings/minimums`: sets a minimum from a day on. What is locked follows from those before.
pub async fn set(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    page: Page,
    Form { once, fields, .. }: Form<MinimumForm>,
) -> Result<Response, Error> {
    let org = me.scope.org;
    let mut errors = Errors::new();
    let rep: Option<UserId> =
        if fields.rep.trim().is_empty() { None } else { errors.id("rep", &fields.rep, "a rep of the list") };
    let visits = match number::count(&fields.visits) {
        Ok(visits) if (0..=MOST).contains(&visits) => i32::try_from(visits).unwrap_or_default(),
        Ok(_) => {
            errors.add("visits", format!("Use a whole number from 0 to {MOST}."));
            0
        }
        Err(words) => {
            errors.add("visits", words);
            0
        }
    };
    let per = Per::parse(&fields.per);
    if per.is_none() {
        errors.add("per", "Choose days or weeks.");
    }
    let strangers_only = fields.counts == "strangers";
    if !strangers_only && fields.counts != "all" {
        errors.add("counts", "Choose which visits count.");
    }
    let from = errors.optional_date("from", &fields.from, "The first day");
    let (Some(per), true) = (per, errors.is_empty()) else {
        return draw(&app, &me, page, fields, errors).await;
    };
    let mut write = once::begin_alone(&app, &me, once).await?;
    let open = period_locks::db::locked_until(&mut write, org).await?;
    let reps = reps_db::selling(&mut write, org, me.today).await?;
    let whose = rep.map(|rep| reps.iter().find(|(id, _)| *id == rep));
    if whose == Some(None) {
        errors.add("rep", "Choose a rep of the list, or everybody.");
    }
    if let Some(open) = open.filter(|open| from.is_none_or(|from| from < *open)) {
        let words = format!("What is before {} is locked. Choose that day or a later one.", format::date(open));
        errors.add("from", words);
    }
    if !errors.is_empty() {
        drop(write);
        return draw(&app, &me, page, fields, errors).await;
    }
    let row = Row {
        id: 0,
        rep,
        whose: whose.flatten().map(|(_, name)| name.clone()),
        visits,
        per,
        strangers_only,
        from_date: from,
    };
    let new = Minimum { rep, visits: i64::from(visits), per, strangers_only, from };
    let (id, is_new) = minimums_db::set(&mut write, &new, visits).await?;
    audit::db::record(&mut write, "settings.minimum_set", "/settings", json!({ "new": row.kept() })).await?;
    let toast = Toast::new("Minimum saved");
    write.done_saying(PATH, &if is_new { toast.undo(path(id, "remove")) } else { toast }).await
}

/// `POST /settings/minimums/7/remove`: takes one away, and the one before it holds on.
pub async fn remove(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    Path(id): Path<i64>,
    Form { once, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let mut write = once::begin_alone(&app, &me, once).await?;
    let open = period_locks::db::locked_until(&mut write, me.scope.org).await?;
    let row = minimums_db::remove(&mut write, id).await?.ok_or(Error::NotFound)?;
    if open.is_some_and(|open| row.from_date.is_none_or(|from| from < open)) {
        return Err(Error::Conflict("What is locked follows from this minimum. Set another one from a later day."));
    }
    let whole = json!({
        "id": id, "rep": row.rep, "visits": row.visits, "per": row.per.as_str(), "strangers_only": row.strangers_only,
        "from": row.from_date.map(|day| day.to_string()),
    });
    let detail = json!({ "old": row.kept(), "new": {}, "kept": whole });
    audit::db::record(&mut write, "settings.minimum_removed", "/settings", detail).await?;
    write.done_saying(PATH, &Toast::new("Minimum removed").undo(path(id, "restore"))).await
}

fn path(id: i64, act: &str) -> String {
    format!("{PATH}/{id}/{act}")
}

/// `POST /settings/minimums/7/restore`: puts one back that this person took away today.
pub async fn restore(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    Path(id): Path<i64>,
    Form { once, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let mut write = once::begin_alone(&app, &me, once).await?;
    let zone = &me.company.time_zone;
    let act = audit::db::latest_with(&mut write, me.scope.org, zone, "/settings", &json!(id)).await?;
    let act = act.ok_or(Error::NotFound)?;
    let own = act.action == "settings.minimum_removed" && act.user_id == Some(me.id) && act.at.date() == me.today;
    let Some((old, visits)) = act.detail.get("kept").and_then(of_whole).filter(|_| own) else {
        return Err(Error::Conflict("Only a minimum that you removed today can be put back. Set it again."));
    };
    let open = period_locks::db::locked_until(&mut write, me.scope.org).await?;
    if open.is_some_and(|open| old.from.is_none_or(|from| from < open)) {
        return Err(Error::Conflict("A period was locked meanwhile. Set a minimum from a later day."));
    }
    let (_, is_new) = minimums_db::set(&mut write, &old, visits).await?;
    if !is_new {
        return Err(Error::Conflict("Another minimum was set from that day since. Nothing was put back."));
    }
    let new = act.detail.get("old").cloned().unwrap_or_default();
    let detail = json!({ "old": {}, "new": new, "kept": { "id": id } });
    audit::db::record(&mut write, "settings.minimum_restored", "/settings", detail).await?;
    write.done_saying(PATH, &Toast::new("Minimum put back")).await
}

/// A minimum as the log keeps it, and its visits.
fn of_whole(whole: &Value) -> Option<(Minimum, i32)> {
    let visits = whole.get("visits")?.as_i64()?;
    let minimum = Minimum {
        rep: whole.get("rep")?.as_i64().map(UserId),
        visits,
        per: Per::parse(whole.get("per")?.as_str()?)?,
        strangers_only: whole.get("strangers_only")?.as_bool()?,
        from: whole.get("from")?.as_str().and_then(parse_date),
    };
    Some((minimum, i32::try_from(visits).ok()?))
}

impl Row {
    /// "4 visits", "2 stranger visits", "None".
    fn words(&self) -> String {
        match (self.visits, self.strangers_only) {
            (0, _) => "None".to_owned(),
            (visits, true) => format::counted(visits.into(), "stranger visit", "stranger visits"),
            (visits, false) => format::counted(visits.into(), "visit", "visits"),
        }
    }

    /// What the history keeps of it.
    fn kept(&self) -> Value {
        let whose = self.whose.as_deref().unwrap_or("everybody");
        let from = self.from_date.map_or("from the beginning".to_owned(), |day| format!("from {}", format::date(day)));
        json!({ "minimum of visits": format!("{} per {} for {whose}, {from}", self.words(), self.per.label()) })
    }
}
