//! Logging a visit: three taps on a phone, and back again with one.

use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::PgConnection;
use time::Date;

use super::{
    db::{self, NewVisit},
    form::{Said, VisitForm},
    page_db::{self, Visit},
    undo::Planned,
};
use crate::{
    App, audit,
    customers::{
        find_db::{self, Named},
        offers_db,
        pick::{Picked, named_choice, offer_choice, pick},
    },
    domain::{
        access::Role,
        id::{CustomerId, UserId, VisitId},
        visit,
    },
    period_locks,
    postgres::tx,
    users::reps_db,
    web::{
        auth::{Allowed, RecordSales, Viewer},
        error::Error,
        form::{Errors, Form, Path, Query, parse_date},
        once::{self, Write},
        page::{Page, answer},
        toast::Toast,
        ui::Choice,
    },
};

/// What a button says that met another version of the visit.
pub const CHANGED: Error = Error::Conflict("Somebody has changed this visit meanwhile. Look at it again.");

/// What a link to the form may say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Start {
    customer: String,
    on: String,
}

#[derive(Template)]
#[template(path = "visits/log.html")]
struct LogPage {
    page: Page,
    form: VisitForm,
    errors: Errors,
    /// The customers offered, the likeliest first.
    offers: Vec<Choice>,
    /// Names to complete what is typed.
    names: Vec<Named>,
    /// The planned visit that is logged, if it is one.
    planned: Option<Visit>,
    outcomes: Vec<Choice>,
    kinds: Vec<Choice>,
    /// Who may have gone along.
    colleagues: Vec<Choice>,
    today: Date,
}

impl LogPage {
    async fn load(
        db: &mut PgConnection,
        me: &Allowed<RecordSales>,
        page: Page,
        mut form: VisitForm,
        errors: Errors,
        picked: &Picked,
    ) -> Result<Self, Error> {
        let day = parse_date(&form.visited_on).unwrap_or(me.today);
        let offers = if picked.similar.is_empty() {
            let chosen: Option<CustomerId> = form.customer.parse().ok();
            let chosen = match chosen {
                Some(id) => find_db::visible(db, &me.scope, me.today, id).await?.map(|customer| customer.id),
                None => None,
            };
            let offers = offers_db::offers(db, me.scope.org, me.id, day, chosen).await?;
            offers.into_iter().map(|offer| offer_choice(offer, me.today)).collect()
        } else {
            picked.similar.iter().map(named_choice).collect::<Vec<_>>()
        };
        if errors.is_empty()
            && form.customer.is_empty()
            && let Some(first) = offers.first()
        {
            form.customer.clone_from(&first.value);
        }
        if errors.is_empty() {
            form.ticked.clone_from(&form.customer);
        }
        if !picked.similar.is_empty() {
            form.ticked.clear(); // from now on what is ticked is an answer
        }
        let names = find_db::names(db, &me.scope, me.today).await?;
        let colleagues = choices(colleagues(db, me, me.id, None).await?);
        let (outcomes, kinds, today) = (outcomes(), kinds(), me.today);
        Ok(Self { page, form, errors, offers, names, planned: None, outcomes, kinds, colleagues, today })
    }

    /// The page of a planned visit.
    async fn of(mut self, db: &mut PgConnection, me: &Viewer, visit: Visit) -> Result<Self, Error> {
        self.colleagues = choices(colleagues(db, me, visit.rep_id, Some(&visit)).await?);
        self.planned = Some(visit);
        Ok(self)
    }

    fn answer(self) -> Result<Response, Error> {
        answer(self.errors.status(), self)
    }

    /// Whether day, kind or minutes are other than the defaults, or wrong: then they are shown at once.
    fn is_unfolded(&self) -> bool {
        let usual = self.form.visited_on == self.today.to_string()
            && self.form.kind == visit::Kind::InPerson.as_str()
            && self.form.minutes.is_empty();
        !usual || ["visited_on", "kind", "minutes"].iter().any(|field| self.errors.get(field).is_some())
    }
}

/// Who may go along with a rep: everybody who sells, and whoever went along already.
pub async fn colleagues(
    db: &mut PgConnection,
    me: &Viewer,
    rep: UserId,
    visit: Option<&Visit>,
) -> sqlx::Result<Vec<(UserId, String)>> {
    let mut colleagues = reps_db::selling(db, me.scope.org, me.today).await?;
    for along in visit.into_iter().flat_map(Visit::along) {
        if !colleagues.contains(&along) {
            colleagues.push(along);
        }
    }
    colleagues.retain(|(colleague, _)| *colleague != rep);
    Ok(colleagues)
}

/// The people to tick.
pub fn choices(people: Vec<(UserId, String)>) -> Vec<Choice> {
    people.into_iter().map(|(id, name)| Choice::new(id, name)).collect()
}

/// The outcomes to tick.
pub fn outcomes() -> Vec<Choice> {
    let icon = |outcome| match outcome {
        visit::Outcome::Order => "shopping-bag",
        visit::Outcome::FollowUp => "calendar",
        visit::Outcome::NoInterest => "minus",
        visit::Outcome::NotMet => "door-closed",
        visit::Outcome::Other => "message-square",
    };
    let choice = |outcome: visit::Outcome| Choice::new(outcome.as_str(), outcome.label()).icon(icon(outcome));
    visit::Outcome::ALL.into_iter().map(choice).collect()
}

/// The kinds to choose from.
pub fn kinds() -> Vec<Choice> {
    visit::Kind::ALL.into_iter().map(|kind| Choice::new(kind.as_str(), kind.label())).collect()
}

/// The form to log a visit, filled in as far as the plan and the last visits tell.
pub async fn new(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Query(start): Query<Start>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let mut form = VisitForm::on(parse_date(&start.on).filter(|day| *day <= me.today).unwrap_or(me.today));
    form.customer = start.customer;
    LogPage::load(&mut read, &me, page, form, Errors::new(), &Picked::default()).await?.answer()
}

/// A visit that took place. What is planned with the same customer on that day becomes the done one; a call or an online
/// meeting takes only the place of its like.
pub async fn create(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Form { once, fields, .. }: Form<VisitForm>,
) -> Result<Response, Error> {
    let mut errors = Errors::new();
    let said = fields.parse(visit::State::Done, me.today, &me.company.time_zone, &mut errors);
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let picked = pick(&mut read, &me.scope, me.today, fields.given(), &mut errors).await?;
    let colleagues = colleagues(&mut read, &me, me.id, None).await?;
    let mut with = fields.parse_with(&colleagues, &mut errors);
    let visit = picked.customer.as_ref().and_then(|customer| said.visit(me.id, customer.id));
    let (Some(customer), Some(mut new), true) = (&picked.customer, visit, errors.is_empty()) else {
        return LogPage::load(&mut read, &me, page, fields, errors, &picked).await?.answer();
    };
    drop(read);
    let mut write = once::begin(&app, &me, once).await?;
    let mut fulfilled = None;
    let kinds = if new.kind == visit::Kind::InPerson { visit::Kind::ALL.to_vec() } else { vec![new.kind] };
    if let Some((id, version)) = page_db::planned(&mut write, me.id, customer.id, new.visited_on, &kinds).await? {
        let visit = page_db::find(&mut write, &me.scope, &me.company, id).await?.ok_or(CHANGED)?;
        if let Some(words) = not_shown(&visit, me.id, &with) {
            drop(write);
            errors.add("with", words);
            let form = fields.with_plan(&visit, &own(&me), &with);
            let mut read = tx::read(&app.db, me.scope.org).await?;
            let log = LogPage::load(&mut read, &me, page, form, errors, &picked).await?;
            return log.of(&mut read, &me, visit).await?.answer();
        }
        keep_planned(&mut new, &visit);
        with.push(own(&me));
        with.retain(|(along, _)| *along != visit.rep_id);
        new.rep = visit.rep_id;
        if new.notes.is_empty() {
            new.notes.clone_from(&visit.notes); // this form did not show it
        }
        if !db::update(&mut write, id, version, &new).await? {
            return Err(CHANGED);
        }
        fulfilled = Some((id, Planned::of(&visit)));
    }
    let (id, action, planned) = match fulfilled {
        Some((id, planned)) => (id, "visit.done", Some(planned)),
        None => (db::insert(&mut write, &new).await?, "visit.logged", None),
    };
    write_with(&mut write, id, &with).await?;
    let detail = json!({ "new": facts(&new, &customer.name, &names(&with)), "planned": planned });
    audit::db::record(&mut write, action, &format!("/visits/{id}"), detail).await?;
    plan_next(&mut write, id, &said, &new, customer, &with).await?;
    saved(write, &me, id, &new, customer, &with, &fields.then).await
}

fn own(me: &Viewer) -> (UserId, String) {
    (me.id, me.name.clone())
}

/// What is said if a plan is meant for others too whom the form did not name: nobody is credited unseen.
fn not_shown(visit: &Visit, me: UserId, with: &[(UserId, String)]) -> Option<String> {
    let planned = [(visit.rep_id, visit.rep.clone())].into_iter().chain(visit.along());
    let others: Vec<(UserId, String)> = planned.filter(|(id, _)| *id != me).collect();
    let is_shown = others.iter().all(|(id, _)| with.iter().any(|(along, _)| along == id));
    let words = format!(
        "This visit was planned together with {}. Check who went, then save it for all of you.",
        names(&others).join(", ")
    );
    Some(words).filter(|_| !is_shown)
}

/// Writes who went along.
pub async fn write_with(write: &mut Write, id: VisitId, with: &[(UserId, String)]) -> sqlx::Result<()> {
    let ids: Vec<UserId> = with.iter().map(|(id, _)| *id).collect();
    db::set_participants(write, id, &ids).await
}

/// The names alone.
pub fn names(with: &[(UserId, String)]) -> Vec<String> {
    with.iter().map(|(_, name)| name.clone()).collect()
}

/// What was planned and the form to log a visit does not ask for.
fn keep_planned(new: &mut NewVisit, visit: &Visit) {
    if new.visited_on == visit.visited_on {
        new.starts_at = new.starts_at.or(visit.starts_at);
    }
}

/// The follow-up that was asked for along with this visit, by whoever went.
async fn plan_next(
    write: &mut Write,
    follows: VisitId,
    said: &Said,
    visit: &NewVisit,
    customer: &Named,
    with: &[(UserId, String)],
) -> Result<(), Error> {
    let Some(day) = said.next else { return Ok(()) };
    let next = NewVisit {
        rep: visit.rep,
        customer: customer.id,
        visited_on: day,
        starts_at: None,
        kind: said.next_kind,
        state: visit::State::Planned,
        outcome: None,
        minutes: None,
        notes: String::new(),
    };
    if page_db::planned(write, visit.rep, customer.id, day, &[next.kind]).await?.is_none() {
        let id = db::insert(write, &next).await?;
        write_with(write, id, with).await?;
        db::set_follows(write, id, follows).await?;
        let detail = json!({ "new": facts(&next, &customer.name, &names(with)) });
        audit::db::record(write, "visit.planned", &format!("/visits/{id}"), detail).await?;
    }
    Ok(())
}

async fn saved(
    mut write: Write,
    me: &Allowed<RecordSales>,
    id: VisitId,
    visit: &NewVisit,
    customer: &Named,
    with: &[(UserId, String)],
    then: &str,
) -> Result<Response, Error> {
    let late = (me.today - visit.visited_on).whole_days() > i64::from(me.company.late_entry_days);
    let noun = if visit.kind == visit::Kind::InPerson { "Visit to" } else { visit.kind.label() };
    let noun = if visit.kind == visit::Kind::InPerson { noun.to_owned() } else { format!("{noun} with") };
    let note = if period_locks::db::is_locked(&mut write, me.scope.org, visit.visited_on).await? {
        ". Its period is locked: it is kept and counts for nothing"
    } else if late {
        ", flagged as entered late"
    } else {
        ""
    };
    let others = with.iter().map(|(id, name)| (*id, name.as_str())).filter(|(id, _)| *id != me.id);
    let mut others: Vec<&str> = others.map(|(_, name)| name).collect();
    let host = if visit.rep == me.id { None } else { reps_db::name(&mut write, me.scope.org, visit.rep).await? };
    others.extend(host.as_deref());
    let along = if others.is_empty() { String::new() } else { format!(", along with {}", others.join(", ")) };
    let toast = Toast::new(format!("{noun} {} saved{along}{note}", customer.name)).undo(format!("/visits/{id}/undo"));
    let to = match then {
        "deal" => format!("/deals/new?customer={}", customer.id),
        _ if me.is(Role::Rep) => "/my-month".to_owned(),
        _ => "/visits".to_owned(),
    };
    write.done_saying(&to, &toast).await
}

/// The form to log a visit that was planned, also one that was said not to have taken place.
pub async fn fulfil(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Path(id): Path<VisitId>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let visit = find_open(&mut read, &me, id).await?;
    let mut form = VisitForm::of(&visit);
    if visit.visited_on > me.today {
        form.visited_on = me.today.to_string();
    }
    let log = LogPage::load(&mut read, &me, page, form, Errors::new(), &Picked::default()).await?;
    log.of(&mut read, &me, visit).await?.answer()
}

/// A visit that was planned, or said not to have taken place, and did.
pub async fn fulfilled(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Path(id): Path<VisitId>,
    Form { once, fields, .. }: Form<VisitForm>,
) -> Result<Response, Error> {
    let mut errors = Errors::new();
    let said = fields.parse(visit::State::Done, me.today, &me.company.time_zone, &mut errors);
    let mut read = tx::read(&app.db, me.scope.org).await?;
    // The same form sent twice finds the visit done: `once` answers it.
    let visit = page_db::find(&mut read, &me.scope, &me.company, id).await?.ok_or(Error::NotFound)?;
    let customer = Named { id: visit.customer_id, name: visit.customer.clone(), city: None };
    let colleagues = colleagues(&mut read, &me, visit.rep_id, Some(&visit)).await?;
    let with = fields.parse_with(&colleagues, &mut errors);
    let Some(mut new) = said.visit(visit.rep_id, customer.id).filter(|_| errors.is_empty()) else {
        let log = LogPage::load(&mut read, &me, page, fields, errors, &Picked::default()).await?;
        return log.of(&mut read, &me, visit).await?.answer();
    };
    drop(read);
    let mut write = once::begin(&app, &me, once).await?;
    keep_planned(&mut new, &visit);
    if visit.state == visit::State::Done || !db::update(&mut write, id, visit.version, &new).await? {
        return Err(Error::Conflict("This visit is no longer planned. Open it to see what was saved."));
    }
    write_with(&mut write, id, &with).await?;
    let detail = json!({ "new": facts(&new, &customer.name, &names(&with)), "planned": Planned::of(&visit) });
    audit::db::record(&mut write, "visit.done", &format!("/visits/{id}"), detail).await?;
    plan_next(&mut write, id, &said, &new, &customer, &with).await?;
    saved(write, &me, id, &new, &customer, &with, &fields.then).await
}

async fn find_open(db: &mut PgConnection, me: &Allowed<RecordSales>, id: VisitId) -> Result<Visit, Error> {
    let visit = page_db::find(db, &me.scope, &me.company, id).await?.ok_or(Error::NotFound)?;
    if visit.state == visit::State::Done {
        Err(Error::Conflict("This visit is no longer planned. Open it to see what was saved."))
    } else {
        Ok(visit)
    }
}

/// A visit as it is written anew.
pub fn as_new(visit: &Visit) -> NewVisit {
    NewVisit {
        rep: visit.rep_id,
        customer: visit.customer_id,
        visited_on: visit.visited_on,
        starts_at: visit.starts_at,
        kind: visit.kind,
        state: visit.state,
        outcome: visit.outcome,
        minutes: visit.minutes,
        notes: visit.notes.clone(),
    }
}

/// What the audit keeps of a visit that is there.
pub fn facts_of(visit: &Visit) -> Value {
    facts(&as_new(visit), &visit.customer, &visit.with_names)
}

/// What the audit keeps of a visit; `with` are the names of those who went along.
pub fn facts(visit: &NewVisit, customer: &str, with: &[String]) -> Value {
    json!({
        "customer": customer,
        "day": visit.visited_on.to_string(),
        "time": visit.starts_at.as_ref().map(crate::web::format::clock),
        "how": visit.kind.label(),
        "state": visit.state.label(),
        "outcome": visit.outcome.map(visit::Outcome::label),
        "minutes": visit.minutes,
        "with": with.join(", "),
        "notes": visit.notes,
    })
}
