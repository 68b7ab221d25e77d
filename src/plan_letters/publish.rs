//! `/plans/7/letter`: finance reads what a version tells each rep, publishes it, sees who has accepted, and reminds.

use std::collections::BTreeMap;

use askama::Template;
use axum::{extract::State, response::Response};
use serde_json::json;
use sqlx::PgConnection;
use time::{Date, Month};

use super::{
    db::{self, LetterRow, NewLetter, Which},
    letter::{Expected, Letter, Target, Told, climbs_by_the_year, periods},
};
use crate::{
    App, audit,
    domain::{
        access::Scope,
        commission::plan::Plan,
        id::{PlanId, UserId},
        period::{Period, PeriodKind},
        subject::Subjects,
    },
    plans::{
        self,
        db::{AssignmentRow, VersionRow},
        holds,
    },
    postgres::tx::{self, Tx},
    targets,
    web::{
        auth::{Allowed, PrepareCommission, Viewer},
        error::Error,
        form::{Form, Path, Query},
        format, once,
        page::{Page, html},
        toast::Toast,
        ui::Choice,
    },
};

/// What is asked for, or sent.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Asked {
    /// The number of the version; empty: the newest.
    version: String,
    /// Whose letter is shown; empty: the first one's.
    rep: String,
}

#[derive(Template)]
#[template(path = "plan_letters/publish.html")]
struct PublishPage {
    page: Page,
    version: VersionRow,
    /// Every version, to choose from.
    versions: Vec<Choice>,
    /// Why it cannot be published; empty: it can.
    stopped: &'static str,
    recipients: Vec<Recipient>,
    /// How many letters would be published now.
    ready: usize,
    /// How many published ones wait for a yes.
    waiting: usize,
    /// The words of one of them.
    shown: Option<Letter>,
}

/// Who publishes, and when.
pub struct Sender<'a> {
    /// Whose letters are in sight.
    pub scope: &'a Scope,
    /// The company's name.
    pub company: &'a str,
    /// Where its fiscal year begins.
    pub fiscal_start: Month,
    /// Today at the company.
    pub today: Date,
}

impl<'a> Sender<'a> {
    fn of(me: &'a Viewer) -> Self {
        Self { scope: &me.scope, company: &me.company.name, fiscal_start: me.company.fiscal_start, today: me.today }
    }
}

/// Whom a version is told.
struct Recipient {
    id: UserId,
    letter: Letter,
    /// What was published last.
    published: Option<LetterRow>,
    /// Whether that has other words than the letter has now.
    differs: bool,
}

pub(super) async fn show(
    State(app): State<App>,
    me: Allowed<PrepareCommission>,
    page: Page,
    Path(id): Path<PlanId>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let all = plans::db::versions(&mut read, me.scope.org, id).await?;
    let version = find(&all, &asked.version)?;
    let recipients = recipients(&mut read, &Sender::of(&me), &version).await?;
    let meant = recipients.iter().find(|one| one.id.to_string() == asked.rep).or(recipients.first());
    html(PublishPage {
        page,
        versions: all.iter().map(holds::choice).collect(),
        stopped: stopped(&all, &version, &recipients, me.today),
        ready: recipients.iter().filter(|one| one.differs).count(),
        waiting: recipients.iter().filter(|one| one.waits().is_some()).count(),
        shown: meant.map(|one| one.letter.clone()),
        version,
        recipients,
    })
}

fn find(all: &[VersionRow], asked: &str) -> Result<VersionRow, Error> {
    let is_meant = |version: &&VersionRow| asked.is_empty() || version.number.to_string() == asked.trim();
    all.iter().find(is_meant).cloned().ok_or(Error::NotFound)
}

/// The version that a form was sent for.
fn sent(all: &[VersionRow], asked: &str) -> Result<VersionRow, Error> {
    let gone =
        |error| if all.is_empty() { error } else { Error::Conflict("There is no such version. Open the page again.") };
    find(all, asked).map_err(gone)
}

/// Why a version is not told to anybody.
fn stopped(all: &[VersionRow], version: &VersionRow, recipients: &[Recipient], today: Date) -> &'static str {
    let holds = holds::in_force(all, version.from_date.max(today));
    if holds.is_none_or(|holds| holds.number != version.number) {
        return "Another version holds in its place. Choose that one.";
    }
    if recipients.is_empty() { "Nobody is on this plan from then on. Put a rep on it first." } else { "" }
}

impl Recipient {
    /// The letter that waits for the rep's yes.
    fn waits(&self) -> Option<&LetterRow> {
        self.published.as_ref().filter(|letter| letter.accepted_at.is_none() && !letter.is_past)
    }
}

/// Who is on the plan from the version's first day on, or from today, or comes to it later; with the letter of each.
async fn recipients(db: &mut PgConnection, sender: &Sender<'_>, version: &VersionRow) -> Result<Vec<Recipient>, Error> {
    let Sender { scope, company, fiscal_start, today } = *sender;
    let org = scope.org;
    let plan = Plan::from_value(&version.document)
        .map_err(|e| Error::Internal(format!("plan version {}: {e}", version.id)))?;
    let starts = version.from_date.max(today);
    let mut people: BTreeMap<(String, UserId), Date> = BTreeMap::new();
    let rows = plans::db::assignments(db, org, version.plan_id).await?;
    for AssignmentRow { rep_id, rep, from_date, .. } in
        rows.into_iter().filter(|row| row.to_date.is_none_or(|to| starts < to))
    {
        let from = from_date.map_or(version.from_date, |from| from.max(version.from_date));
        people.entry((rep, rep_id)).and_modify(|known| *known = from.min(*known)).or_insert(from);
    }
    let ids: Vec<UserId> = people.keys().map(|(_, id)| *id).collect();
    let mut named: Vec<Period> = people.values().flat_map(|from| periods(&plan, *from, fiscal_start)).collect();
    named.sort_unstable_by_key(|period| period.from());
    named.dedup();
    let set = targets::db::in_force(db, org, &Subjects::reps(&ids), &named).await?;
    let mut of_year = BTreeMap::new();
    if climbs_by_the_year(&plan) {
        let mut years: BTreeMap<Period, Vec<UserId>> = BTreeMap::new();
        for ((_, id), from) in &people {
            years.entry(Period::containing(PeriodKind::Year, *from, fiscal_start)).or_default().push(*id);
        }
        for (year, reps) in years {
            of_year.extend(targets::expected::of_year(db, org, &reps, year, plan.period.into()).await?);
        }
    }
    let which = Which { version: Some(version.id), ..Which::default() };
    let mut published = db::letters(db, scope, which, today).await?;
    let told = Told { company, number: version.number, plan: &plan, fiscal_start };
    let mut recipients = Vec::with_capacity(people.len());
    for ((name, id), from) in people {
        let own = set.iter().filter(|target| target.whose.rep() == Some(id));
        let own =
            own.filter_map(|one| Some(Target { metric: one.metric, starts: one.period_start, value: one.value? }));
        let expected = Expected { targets: own.collect(), of_year: of_year.remove(&id).unwrap_or_default() };
        // What is stored is in one form, whoever publishes it.
        let letter = format::stored(|| Letter::new(&told, &name, from, &expected))?;
        let place = published.iter().position(|known| known.rep_id == id);
        let published = place.map(|place| published.swap_remove(place));
        let body = letter.to_json()?;
        let differs = published.as_ref().is_none_or(|known| known.body != body);
        recipients.push(Recipient { id, letter, published, differs });
    }
    Ok(recipients)
}

/// `POST /plans/7/letters`: publishes what is new to its reps.
pub(super) async fn publish(
    State(app): State<App>,
    me: Allowed<PrepareCommission>,
    Path(id): Path<PlanId>,
    Form { once, fields: asked, .. }: Form<Asked>,
) -> Result<Response, Error> {
    let mut write = once::begin_alone(&app, &me, once).await?;
    let all = plans::db::versions(&mut write, me.scope.org, id).await?;
    let version = sent(&all, &asked.version)?;
    let told = published(&mut write, &Sender::of(&me), &all, &version).await?;
    let here = format!("/plans/{id}/letter?version={}", version.number);
    if told == 0 {
        return write.done_saying(&here, &Toast::new("Everybody has these words already")).await;
    }
    let words = format!("Published to {}", counted(told, "rep", "reps"));
    write.done_saying(&here, &Toast::new(words)).await
}

/// Publishes a version, one of all of its plan, to each of its reps who does not have these words yet. To how many.
///
/// # Errors
/// A version in whose place another one holds, or that nobody is on.
pub async fn published(
    tx: &mut Tx,
    sender: &Sender<'_>,
    all: &[VersionRow],
    version: &VersionRow,
) -> Result<usize, Error> {
    let recipients = recipients(tx, sender, version).await?;
    let stopped = stopped(all, version, &recipients, sender.today);
    if !stopped.is_empty() {
        return Err(Error::Conflict(stopped));
    }
    let mut letters = Vec::with_capacity(recipients.len());
    for one in &recipients {
        letters.push(NewLetter { rep: one.id, from: one.letter.from, body: one.letter.to_json()? });
    }
    let told = db::publish(tx, version.id, &letters).await?.len();
    if told > 0 {
        let detail = json!({ "version": version.number, "reps": told });
        audit::db::record(tx, "letter.published", &format!("/plans/{}", version.plan_id), detail).await?;
    }
    Ok(told)
}

/// `POST /plans/7/letters/reminder`: reminds those who have not accepted.
pub(super) async fn remind(
    State(app): State<App>,
    me: Allowed<PrepareCommission>,
    Path(id): Path<PlanId>,
    Form { once, fields: asked, .. }: Form<Asked>,
) -> Result<Response, Error> {
    let mut write = once::begin(&app, &me, once).await?;
    let version = sent(&plans::db::versions(&mut write, me.scope.org, id).await?, &asked.version)?;
    let which = Which { version: Some(version.id), ..Which::default() };
    let mut letters = db::letters(&mut write, &me.scope, which, me.today).await?;
    letters.retain(|letter| letter.accepted_at.is_none() && !letter.is_past);
    let ids: Vec<_> = letters.iter().map(|letter| letter.id).collect();
    let here = format!("/plans/{id}/letter?version={}", version.number);
    if ids.is_empty() {
        return write.done_saying(&here, &Toast::new("Nobody is waited for")).await;
    }
    db::remind(&mut write, &ids).await?;
    let detail = json!({ "version": version.number, "reps": ids.len() });
    audit::db::record(&mut write, "letter.reminded", &format!("/plans/{id}"), detail).await?;
    write.done_saying(&here, &Toast::new(format!("{} reminded", counted(ids.len(), "rep", "reps")))).await
}

fn counted(number: usize, one: &str, many: &str) -> String {
    format::counted(i64::try_from(number).unwrap_or(i64::MAX), one, many)
}
