//! Loss limits: before one is set or taken away, a preview says whom it would lose, this month and later.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    ops::Range,
};

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use time::Date;

use super::{
    form::whole,
    limits_db::{self, Lost},
    settings_db::{self, LimitRow},
    web::{PATH, Typed, draw},
};
use crate::{
    App, audit,
    customers::{
        events_db::{self, Reach},
        pick::{Given, named_choice, pick},
    },
    domain::{
        customer::{
            events::{EventKind, events},
            facts::{Limit, LimitLevel},
        },
        id::CustomerId,
        period::{Period, add_days},
    },
    period_locks,
    postgres::tx,
    web::{
        auth::{Allowed, ManagePeople, Viewer},
        error::Error,
        form::{Errors, Form, Path},
        format::{self, date},
        once,
        page::{Page, answer},
        toast::Toast,
        ui::Choice,
    },
};

/// A loss limit as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct LimitForm {
    /// For which segment; empty: for all.
    pub segment: String,
    /// For which customer alone: one of those offered. Empty: for more than one, or for the one that was typed.
    pub customer: String,
    /// Its name as typed.
    pub other: String,
    /// Days without a sale.
    pub days: String,
    /// Since when; empty: from the beginning.
    pub from: String,
    /// Which preview was seen; empty: none.
    pub seen: String,
}

/// Which preview was seen.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RemovalForm {
    seen: String,
}

/// What a change of a limit does to the losses.
#[derive(Template)]
#[template(path = "organizations/limit.html")]
struct PreviewPage {
    page: Page,
    /// "Lost after 30 days for everybody, from the beginning".
    what: String,
    /// Where the change is sent, and what of it.
    action: String,
    fields: Vec<(&'static str, String)>,
    /// Whether the numbers are others than those of the preview that was seen.
    is_stale: bool,
    change: Change,
}

/// Who is lost when, without and with a change, of all whom it concerns.
struct Change {
    month: Period,
    today: Date,
    now: Vec<Lost>,
    then: Vec<Lost>,
}

/// A customer and the day on which it is lost.
type Day = (CustomerId, Date);

impl Change {
    fn new(me: &Viewer, now: Vec<Lost>, then: Vec<Lost>) -> Self {
        let month = Period::month(me.today, me.company.fiscal_start);
        Self { month, today: me.today, now, then }
    }

    /// How many are lost on these days, without and with the change.
    fn counts(&self, days: &Range<Date>) -> (i64, i64) {
        let count = |lost: &[Lost]| {
            let count = lost.iter().filter(|lost| days.contains(&lost.on_date)).count();
            i64::try_from(count).unwrap_or(i64::MAX)
        };
        (count(&self.now), count(&self.then))
    }

    /// "1 customer lost now, 2 with this change".
    fn words(&self, days: &Range<Date>) -> String {
        let (now, then) = self.counts(days);
        format!("{} lost now, {} with this change", format::counted(now, "customer", "customers"), format::count(then))
    }

    fn so_far(&self) -> String {
        self.words(&(self.month.from()..add_days(self.today, 1)))
    }

    fn to_come(&self) -> String {
        self.words(&(add_days(self.today, 1)..self.month.to()))
    }

    fn past(&self) -> String {
        self.words(&(Date::MIN..self.month.from()))
    }

    /// Those of the month in one list who are not in the other on the same day.
    fn only_in<'a>(&self, these: &'a [Lost], others: &[Lost]) -> Vec<&'a Lost> {
        let month = self.month.from()..self.month.to();
        let others: BTreeSet<Day> = others.iter().map(day).collect();
        these.iter().filter(|lost| month.contains(&lost.on_date) && !others.contains(&day(lost))).collect()
    }

    /// Those who no longer count as lost this month.
    fn gone(&self) -> Vec<&Lost> {
        self.only_in(&self.now, &self.then)
    }

    /// Those who count as lost this month only with the change.
    fn come(&self) -> Vec<&Lost> {
        self.only_in(&self.then, &self.now)
    }

    /// How many are lost after this month, earlier and later than without the change, and the first of these days. Whoever
    /// is told of this month is not counted once more.
    fn later(&self) -> (i64, i64, Option<Date>) {
        let told: BTreeSet<CustomerId> = self.gone().iter().chain(&self.come()).map(|lost| lost.customer).collect();
        let next = |lost: &[Lost]| {
            let mut next: BTreeMap<CustomerId, Date> = BTreeMap::new();
            for lost in lost.iter().filter(|lost| lost.on_date >= self.month.to() && !told.contains(&lost.customer)) {
                let on = next.entry(lost.customer).or_insert(lost.on_date);
                *on = (*on).min(lost.on_date);
            }
            next
        };
        let (now, then) = (next(&self.now), next(&self.then));
        let (mut earlier, mut later, mut first) = (0, 0, None::<Date>);
        for customer in now.keys().chain(then.keys()).collect::<BTreeSet<_>>() {
            let (before, after) = (now.get(customer), then.get(customer));
            if before == after {
                continue;
            }
            if after.is_some_and(|after| before.is_none_or(|before| after < before)) {
                earlier += 1;
            } else {
                later += 1;
            }
            first = [first, after.copied()].into_iter().flatten().min();
        }
        (earlier, later, first)
    }

    /// "3 customers earlier, 1 later, the first on 3 Jan 2027"; empty where nothing changes.
    fn later_words(&self) -> String {
        let (earlier, later, first) = self.later();
        let first = first.map_or_else(String::new, |first| format!(", the first on {}", date(first)));
        if (earlier, later) == (0, 0) {
            return String::new();
        }
        let earlier = format::counted(earlier, "customer", "customers");
        format!("{earlier} earlier, {} later{first}", format::count(later))
    }

    /// Who is charged with how many this month, without and with the change, by name.
    fn owners(&self) -> Vec<(String, usize, usize)> {
        let month = self.month.from()..self.month.to();
        let mut owners: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        let name = |lost: &Lost| lost.owner.clone().unwrap_or_else(|| "Nobody".to_owned());
        for lost in self.now.iter().filter(|lost| month.contains(&lost.on_date)) {
            owners.entry(name(lost)).or_default().0 += 1;
        }
        for lost in self.then.iter().filter(|lost| month.contains(&lost.on_date)) {
            owners.entry(name(lost)).or_default().1 += 1;
        }
        owners.into_iter().map(|(name, (now, then))| (name, now, then)).collect()
    }

    /// What a form carries of the preview that was seen: a change is saved only as it was shown.
    fn seen(&self) -> String {
        let mut hash = Sha256::new();
        for (mark, lost) in [("now", &self.now), ("then", &self.then)] {
            hash.update(mark);
            for lost in lost {
                hash.update(format!("{} {} {:?};", lost.customer, lost.on_date, lost.owner_id));
            }
        }
        hash.finalize().iter().take(8).fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

fn day(lost: &Lost) -> Day {
    (lost.customer, lost.on_date)
}

/// A limit that is asked for, or what is wrong with it.
struct Asked {
    limit: Option<LimitRow>,
    errors: Errors,
    /// Customers whose name is like what was typed.
    similar: Vec<Choice>,
}

impl Asked {
    /// Reads the form. What is locked follows from the limits before, so the first day lies after it.
    async fn load(db: &mut PgConnection, me: &Viewer, fields: &LimitForm) -> Result<Self, Error> {
        let mut errors = Errors::new();
        let segment = errors.optional_text("segment", &fields.segment, "The segment", 120);
        let is_own = !fields.customer.trim().is_empty() || !fields.other.trim().is_empty();
        if !segment.is_empty() && is_own {
            errors.add("other", "A limit is for a segment or for one customer. Empty one of the two.");
        }
        let days = whole(&mut errors, "days", &fields.days, 1..=3650);
        let from = errors.optional_date("from", &fields.from, "The first day");
        let open = period_locks::db::locked_until(db, me.scope.org).await?;
        if let Some(open) = open.filter(|open| errors.get("from").is_none() && from.is_none_or(|from| from < *open)) {
            errors.add("from", format!("What is before {} is locked. Choose that day or a later one.", date(open)));
        }
        if !segment.is_empty() && !limits_db::segments(db, me.scope.org).await?.contains(&segment) {
            errors.add("segment", format!("No customer is in a segment “{segment}”. Choose one of those offered."));
        }
        let mut asked = Self { limit: None, errors, similar: vec![] };
        let mut customer = None;
        if is_own {
            let given = Given { chosen: &fields.customer, ticked: "", typed: &fields.other };
            let picked = pick(db, &me.scope, me.today, given, &mut asked.errors).await?;
            asked.similar = picked.similar.iter().map(named_choice).collect();
            customer = picked.customer;
        }
        if asked.errors.is_empty() {
            let (customer_id, customer) = customer.map(|one| (one.id, one.name)).unzip();
            let segment = (!segment.is_empty()).then_some(segment);
            asked.limit = Some(LimitRow { id: 0, segment, customer_id, customer, days, from_date: from });
        }
        Ok(asked)
    }
}

/// Sets a limit from a day on, after a look at what it changes.
pub async fn set(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    page: Page,
    Form { once, fields, .. }: Form<LimitForm>,
) -> Result<Response, Error> {
    if fields.seen.is_empty() {
        let mut read = tx::read(&app.db, me.scope.org).await?;
        let asked = Asked::load(&mut read, &me, &fields).await?;
        let Some(limit) = asked.limit else { return refuse(&app, &me, page, fields, asked).await };
        let new = limit.limit();
        let set = |limits: &mut Vec<Limit>| {
            limits.retain(|old| (old.level, old.from) != (new.level, new.from));
            limits.push(new);
        };
        let change = foreseen(&mut read, &me, &limit, set).await?;
        return preview(page, setting(&limit), sent(&limit), "", change);
    }
    let mut write = once::begin_alone(&app, &me, once).await?;
    let asked = Asked::load(&mut write, &me, &fields).await?;
    let Some(limit) = asked.limit else {
        drop(write);
        return refuse(&app, &me, page, fields, asked).await;
    };
    let now = stored(&mut write, &me, &limit.reach()).await?;
    settings_db::set_limit(&mut write, limit.segment.as_deref(), limit.customer_id, limit.days, limit.from_date)
        .await?;
    events_db::recompute_reached(&mut write, &limit.reach()).await?;
    let change = Change::new(&me, now, stored(&mut write, &me, &limit.reach()).await?);
    if fields.seen != change.seen() {
        drop(write);
        return preview(page, setting(&limit), sent(&limit), &fields.seen, change);
    }
    audit::db::record(&mut write, "settings.limit_set", PATH, json!({ "new": limit.kept() })).await?;
    write.done_saying(PATH, &Toast::new("Limit saved, lost customers counted anew")).await
}

async fn refuse(app: &App, me: &Viewer, page: Page, fields: LimitForm, asked: Asked) -> Result<Response, Error> {
    // It was only a part of what is wrong now.
    let limit = LimitForm { seen: String::new(), ..fields };
    let typed = Typed { limit, similar: asked.similar, errors: asked.errors, ..Typed::default() };
    draw(app, me, page, typed).await
}

fn setting(limit: &LimitRow) -> (String, String) {
    (format!("Lost after {}", limit.words()), "/settings/limits".to_owned())
}

fn sent(limit: &LimitRow) -> Vec<(&'static str, String)> {
    vec![
        ("segment", limit.segment.clone().unwrap_or_default()),
        ("customer", limit.customer_id.map(|id| id.to_string()).unwrap_or_default()),
        ("days", limit.days.to_string()),
        ("from", limit.from_date.map(|from| from.to_string()).unwrap_or_default()),
    ]
}

/// Takes a limit away, and the one before it holds on.
pub async fn remove(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    page: Page,
    Path(id): Path<i64>,
    Form { once, fields, .. }: Form<RemovalForm>,
) -> Result<Response, Error> {
    let removing =
        |limit: &LimitRow| (format!("Without: lost after {}", limit.words()), format!("/settings/limits/{id}/remove"));
    if fields.seen.is_empty() {
        let mut read = tx::read(&app.db, me.scope.org).await?;
        let limits = settings_db::limits(&mut read, me.scope.org).await?;
        let limit = limits.into_iter().find(|limit| limit.id == id).ok_or(Error::NotFound)?;
        check_removable(&mut read, &me, &limit).await?;
        let old = limit.limit();
        let without = |limits: &mut Vec<Limit>| limits.retain(|one| (one.level, one.from) != (old.level, old.from));
        let change = foreseen(&mut read, &me, &limit, without).await?;
        return preview(page, removing(&limit), vec![], "", change);
    }
    let mut write = once::begin_alone(&app, &me, once).await?;
    let limit = settings_db::remove_limit(&mut write, id).await?.ok_or(Error::NotFound)?;
    check_removable(&mut write, &me, &limit).await?;
    let now = stored(&mut write, &me, &limit.reach()).await?;
    events_db::recompute_reached(&mut write, &limit.reach()).await?;
    let change = Change::new(&me, now, stored(&mut write, &me, &limit.reach()).await?);
    if fields.seen != change.seen() {
        drop(write);
        return preview(page, removing(&limit), vec![], &fields.seen, change);
    }
    audit::db::record(&mut write, "settings.limit_removed", PATH, json!({ "old": limit.kept(), "new": {} })).await?;
    write.done_saying(PATH, &Toast::new("Limit removed, lost customers counted anew")).await
}

/// Of the company's own something holds from the beginning on; that of a segment or customer leaves the next wider.
async fn check_removable(db: &mut PgConnection, me: &Viewer, limit: &LimitRow) -> Result<(), Error> {
    let open = period_locks::db::locked_until(db, me.scope.org).await?;
    let is_base = limit.from_date.is_none() && limit.reach() == Reach::Company;
    if is_base || open.is_some_and(|open| limit.from_date.is_none_or(|from| from < open)) {
        return Err(Error::Conflict(
            "What is locked, or everything, follows from this limit. Set another one from a later day.",
        ));
    }
    Ok(())
}

/// Every loss, past and to come, of those whom a limit concerns.
async fn stored(db: &mut PgConnection, me: &Viewer, reach: &Reach) -> Result<Vec<Lost>, Error> {
    let org = me.scope.org;
    let customers = events_db::reached(db, org, reach).await?.concat();
    Ok(limits_db::lost(db, org, &customers).await?)
}

/// What would happen to them with other limits. Nothing is written, and nobody waits for it.
async fn foreseen(
    db: &mut PgConnection,
    me: &Viewer,
    limit: &LimitRow,
    change: impl Fn(&mut Vec<Limit>),
) -> Result<Change, Error> {
    let org = me.scope.org;
    let now = stored(db, me, &limit.reach()).await?;
    let mut then = vec![];
    for batch in events_db::reached(db, org, &limit.reach()).await? {
        for (customer, mut history) in events_db::histories(db, org, &batch).await? {
            change(&mut history.limits);
            let lost = events(&history).into_iter().filter(|event| event.kind == EventKind::Lost);
            then.extend(lost.map(|event| (customer, event.on, event.rep)));
        }
    }
    Ok(Change::new(me, now, limits_db::named(db, org, &then).await?))
}

fn preview(
    page: Page,
    (what, action): (String, String),
    mut fields: Vec<(&'static str, String)>,
    seen: &str,
    change: Change,
) -> Result<Response, Error> {
    let is_stale = !seen.is_empty();
    fields.push(("seen", change.seen()));
    let status = if is_stale { StatusCode::CONFLICT } else { StatusCode::OK };
    answer(status, PreviewPage { page, what, action, fields, is_stale, change })
}

impl LimitRow {
    /// Whose events it decides.
    fn reach(&self) -> Reach {
        match (self.customer_id, &self.segment) {
            (Some(customer), _) => Reach::Own(customer),
            (None, Some(segment)) => Reach::Segment(segment.clone()),
            (None, None) => Reach::Company,
        }
    }

    /// As the events are computed with it.
    fn limit(&self) -> Limit {
        let level = match self.reach() {
            Reach::Own(_) => LimitLevel::Own,
            Reach::Segment(_) => LimitLevel::Segment,
            Reach::Company => LimitLevel::Company,
        };
        Limit { level, from: self.from_date, days: self.days.unsigned_abs() }
    }

    /// "30 days for everybody, from the beginning".
    fn words(&self) -> String {
        let whose = self.segment.as_deref().or(self.customer.as_deref()).unwrap_or("everybody");
        let from = self.from_date.map_or("from the beginning".to_owned(), |from| format!("from {}", date(from)));
        format!("{} days for {whose}, {from}", self.days)
    }

    /// What the history keeps of a limit.
    fn kept(&self) -> serde_json::Value {
        format::stored(|| json!({ "lost after": self.words() }))
    }
}
