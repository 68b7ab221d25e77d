//! Handing customers over: one, a selection or a whole book, from a day on, with a preview of what moves.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use time::Date;

use super::{
    events_db,
    handover_db::{self, Stretch},
};
use crate::{
    App, audit,
    deals::give_db::{self, OpenDeal},
    domain::{
        customer::{
            facts::History,
            handover::{handed_over, losses},
        },
        id::{CustomerId, UserId},
        money::Money,
        period::{Period, short_date},
    },
    period_locks,
    postgres::tx,
    scorecards::db::{Subject, Subjects, facts},
    users::reps_db,
    visits::handed_db::{self, PlannedVisit},
    web::{
        auth::{Allowed, HandOver, Viewer},
        error::Error,
        form::{Errors, Form, Query},
        format, once,
        page::{Page, answer},
        toast::Toast,
        ui::Choice,
    },
};

/// How many customers a preview names.
const NAMED: usize = 100;

/// What is asked for: a whole book or some customers, to whom, from when; and what the preview showed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct HandoverForm {
    of: String,
    customer: Vec<String>,
    to: String,
    from: String,
    /// Whether the open deals go along.
    deals: String,
    /// Whether the planned visits go along.
    visits: String,
    seen: String,
}

/// What a person has today and would have then.
struct Line {
    name: String,
    /// On the day of the handover, or today if that is later.
    customers: (i64, i64),
    /// Of this month so far.
    lost: (i64, i64),
    new: i64,
    won_back: i64,
    visits: i64,
    net_sales: Money,
}

/// What a handover would do.
struct Preview {
    lines: Vec<Line>,
    /// Losses that are still to come this month, unless somebody sells, and that would count to somebody else.
    ahead: i64,
    month: Period,
    /// The day on which customers are counted.
    day: Date,
    seen: String,
}

#[derive(Template)]
#[template(path = "customers/handover.html")]
struct HandoverPage {
    page: Page,
    form: HandoverForm,
    errors: Errors,
    /// Whose whole book; empty: some customers, or nobody is chosen yet.
    of_name: String,
    to_name: String,
    from: Option<Date>,
    /// Who may be chosen where nothing is chosen yet.
    owners: Vec<Choice>,
    reps: Vec<Choice>,
    stretches: Vec<Stretch>,
    /// The open deals that may go along.
    deals: Vec<OpenDeal>,
    /// The planned visits that may go along.
    visits: Vec<PlannedVisit>,
    preview: Option<Preview>,
    has_changed: bool,
}

impl HandoverPage {
    fn is_chosen(&self) -> bool {
        !self.of_name.is_empty() || !self.form.customer.is_empty()
    }

    fn customers(&self) -> i64 {
        distinct(&self.stretches)
    }

    /// "3 open deals, €12,000 together".
    fn deals_words(&self) -> String {
        let sum: Money = self.deals.iter().map(|deal| deal.net).sum();
        let deals = counted(self.deals.len(), "open deal", "open deals");
        format!("{deals}, {} together", self.page.money(&sum))
    }

    /// "2 planned visits, the first on 24 Nov 2026".
    fn visits_words(&self) -> String {
        let visits = counted(self.visits.len(), "planned visit", "planned visits");
        let first = self.visits.first().map(|visit| format!(", the first on {}", format::date(visit.day)));
        visits + &first.unwrap_or_default()
    }

    fn named(&self) -> &[Stretch] {
        self.stretches.get(..NAMED).unwrap_or(&self.stretches)
    }

    fn unnamed(&self) -> usize {
        self.stretches.len().saturating_sub(NAMED)
    }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format::counted(i64::try_from(count).unwrap_or(i64::MAX), one, many)
}

fn distinct(stretches: &[Stretch]) -> i64 {
    let customers: BTreeSet<CustomerId> = stretches.iter().map(|stretch| stretch.customer).collect();
    i64::try_from(customers.len()).unwrap_or(i64::MAX)
}

/// What a form comes to: the days that change hands, and everything that is wrong.
struct Plan {
    of: Option<(UserId, String)>,
    to: Option<(UserId, String)>,
    from: Date,
    reps: Vec<(UserId, String)>,
    stretches: Vec<Stretch>,
    /// Open deals of these customers whose owner is the one who hands them over.
    deals: Vec<OpenDeal>,
    /// Visits that whoever hands over has planned to them, in the days that change hands.
    visits: Vec<PlannedVisit>,
    errors: Errors,
}

impl Plan {
    /// Reads the form. Where only customers are chosen so far (`begins`), nothing is missing yet.
    async fn load(db: &mut PgConnection, me: &Viewer, form: &HandoverForm, begins: bool) -> Result<Self, Error> {
        let mut errors = Errors::new();
        let ids: BTreeSet<CustomerId> =
            form.customer.iter().map(|id| id.trim().parse()).collect::<Result<_, _>>().map_err(|_| Error::NotFound)?;
        let ids: Vec<CustomerId> = ids.into_iter().collect();
        let of = if ids.is_empty() { whose(db, me, &form.of).await? } else { None };
        let locked = period_locks::db::locked_until(db, me.scope.org).await?;
        let from = if begins {
            // A leaver's customers go when the leaver goes, unless that is paid for already.
            let left = match &of {
                Some((of, _)) => handover_db::left_on(db, me.scope.org, *of).await?,
                None => None,
            };
            Some(left.filter(|day| locked.is_none_or(|until| *day >= until)).unwrap_or(me.today))
        } else {
            errors.date("from", &form.from, "The day")
        };
        if let (Some(from), Some(until)) = (from, locked)
            && from < until
        {
            let until = format::date(until);
            errors
                .add("from", format!("The days before {until} are locked: they are paid. Use {until} or a later day."));
        }
        let from = from.unwrap_or(me.today);
        let selling = reps_db::selling(db, me.scope.org, from).await?;
        let reps: Vec<(UserId, String)> = selling.into_iter().filter(|(rep, _)| me.scope.sees(*rep)).collect();
        let to = form.to.trim().parse().ok().and_then(|to: UserId| reps.iter().find(|(rep, _)| *rep == to).cloned());
        if to.is_none() && !begins {
            errors.add("to", "Choose who takes over, somebody who still sells on that day.");
        }
        let mut stretches = match &of {
            Some((of, _)) => handover_db::book(db, me.scope.org, *of, from).await?,
            None => handover_db::chosen(db, &me.scope, &ids, from, me.today).await?,
        };
        if of.is_none() && stretches.len() != ids.len() {
            return Err(Error::NotFound);
        }
        let chosen = !stretches.is_empty();
        match &of {
            Some((_, name)) if !chosen => errors.add("from", format!("{name} owns no customer on that day or later.")),
            None if ids.is_empty() && !begins => errors.add("of", "Choose whose customers."),
            _ => {}
        }
        let foreign = stretches.iter().find(|stretch| stretch.owner.is_some_and(|owner| !me.scope.sees(owner)));
        if let Some(foreign) = foreign {
            let (name, day) = (&foreign.name, format::date(from));
            errors.add(
                "from",
                format!(
                    "{name} belongs to somebody outside your teams on {day}. Leave it out, or ask an administrator."
                ),
            );
        }
        if let Some((to, name)) = &to {
            stretches.retain(|stretch| stretch.owner != Some(*to));
            if chosen && stretches.is_empty() {
                errors.add("to", format!("On that day {name} owns them already. Choose somebody else."));
            }
        }
        let owned: BTreeSet<(CustomerId, UserId)> =
            stretches.iter().filter_map(|stretch| Some((stretch.customer, stretch.owner?))).collect();
        let (customers, owners): (Vec<CustomerId>, Vec<UserId>) = owned.into_iter().unzip();
        let deals = give_db::of_owners(db, me.scope.org, &customers, &owners).await?;
        let owned: Vec<_> =
            stretches.iter().filter_map(|one| Some((one.customer, one.owner?, one.from, one.to))).collect();
        let visits = handed_db::of_owners(db, me.scope.org, &owned).await?;
        Ok(Self { of, to, from, reps, stretches, deals, visits, errors })
    }

    /// The fingerprint of what would move: what was confirmed is what was seen.
    fn seen(&self) -> String {
        let mut hash = Sha256::new();
        let to = self.to.as_ref().map(|(to, _)| *to);
        hash.update(format!("{to:?} {}", self.from));
        for stretch in &self.stretches {
            hash.update(format!(" {} {:?} {} {:?}", stretch.customer, stretch.owner, stretch.from, stretch.to));
        }
        for deal in &self.deals {
            hash.update(format!(" deal {} {}", deal.id, deal.version));
        }
        for visit in &self.visits {
            hash.update(format!(" visit {} {}", visit.id, visit.version));
        }
        BASE64_URL_SAFE_NO_PAD.encode(hash.finalize())
    }

    /// What would move, for everybody whom it touches.
    async fn preview(&self, db: &mut PgConnection, me: &Viewer) -> Result<Option<Preview>, Error> {
        let Some((to, _)) = self.to.as_ref().filter(|_| self.errors.is_empty() && !self.stretches.is_empty()) else {
            return Ok(None);
        };
        let (to, org) = (*to, me.scope.org);
        let month = Period::month(me.today, me.company.fiscal_start);
        let day = self.from.max(me.today);
        let mut people: Vec<(UserId, String)> = vec![];
        let owners = self.stretches.iter().filter_map(|stretch| stretch.owner.zip(stretch.owner_name.clone()));
        for person in owners.chain(self.to.clone()) {
            if !people.contains(&person) {
                people.push(person);
            }
        }
        let ids: Vec<UserId> = people.iter().map(|(id, _)| *id).collect();
        let owned = handover_db::owned(db, org, &ids, day).await?;
        let subjects = Subjects::of(ids.into_iter().map(Subject::Rep));
        let facts = facts(db, org, &subjects, &[month], me.company.growth_base, me.today).await?;
        let moved = self.moved_losses(db, me, month, to).await?;
        let gone = |id: UserId| {
            let that_day = |stretch: &&Stretch| stretch.from <= day && stretch.to.is_none_or(|until| day < until);
            let moving = self.stretches.iter().filter(that_day).filter(|stretch| id == to || stretch.owner == Some(id));
            let moving = i64::try_from(moving.count()).unwrap_or(i64::MAX);
            if id == to { moving } else { -moving }
        };
        let lines = people.into_iter().map(|(id, name)| {
            let facts = facts.get(&(month, Subject::Rep(id))).copied().unwrap_or_default();
            let customers = owned.get(&id).copied().unwrap_or_default();
            let count = |of: fn(&Moved) -> Option<UserId>| {
                moved.iter().filter(|loss| loss.on <= me.today && of(loss) == Some(id)).fold(0, |count, _| count + 1)
            };
            let lost = facts.lost_customers;
            Line {
                name,
                customers: (customers, customers + gone(id)),
                lost: (lost, lost + count(|loss| loss.after) - count(|loss| loss.before)),
                new: facts.new_customers,
                won_back: facts.won_back_customers,
                visits: facts.visits,
                net_sales: facts.net_sales,
            }
        });
        let lines = lines.collect();
        let ahead = moved.iter().filter(|loss| loss.on > me.today).fold(0, |count, _| count + 1);
        Ok(Some(Preview { lines, ahead, month, day, seen: self.seen() }))
    }

    /// The losses of the month that would count to somebody else.
    async fn moved_losses(
        &self,
        db: &mut PgConnection,
        me: &Viewer,
        month: Period,
        to: UserId,
    ) -> Result<Vec<Moved>, Error> {
        let mut moved = vec![];
        let mut of_customer: BTreeMap<CustomerId, Vec<&Stretch>> = BTreeMap::new();
        for stretch in &self.stretches {
            of_customer.entry(stretch.customer).or_default().push(stretch);
        }
        let ids: Vec<CustomerId> = of_customer.keys().copied().collect();
        for ids in ids.chunks(1000) {
            for (id, before) in events_db::histories(db, me.scope.org, ids).await? {
                let hand = |history: History, stretch: &&Stretch| handed_over(&history, to, stretch.from, stretch.to);
                let after = of_customer.get(&id).into_iter().flatten().fold(before.clone(), hand);
                let both = losses(&before, month).into_iter().zip(losses(&after, month));
                let both = both.map(|((on, before), (_, after))| Moved { on, before, after });
                moved.extend(both.filter(|loss| loss.before != loss.after));
            }
        }
        Ok(moved)
    }
}

/// A loss that would count to somebody else.
struct Moved {
    on: Date,
    before: Option<UserId>,
    after: Option<UserId>,
}

/// The person whose whole book is asked for, if anybody is.
async fn whose(db: &mut PgConnection, me: &Viewer, typed: &str) -> Result<Option<(UserId, String)>, Error> {
    if typed.trim().is_empty() {
        return Ok(None);
    }
    let of: UserId = typed.trim().parse().map_err(|_| Error::NotFound)?;
    if !me.scope.sees(of) {
        return Err(Error::NotFound);
    }
    let name = reps_db::name(db, me.scope.org, of).await?.ok_or(Error::NotFound)?;
    Ok(Some((of, name)))
}

/// The page where a handover is prepared; with everything said, its preview.
pub async fn new(
    State(app): State<App>,
    me: Allowed<HandOver>,
    page: Page,
    Query(form): Query<HandoverForm>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let begins = form.to.trim().is_empty() && form.from.trim().is_empty();
    let plan = Plan::load(&mut read, &me, &form, begins).await?;
    let status = plan.errors.status();
    draw(&mut read, &me, page, form, plan, status).await
}

async fn draw(
    db: &mut PgConnection,
    me: &Viewer,
    page: Page,
    form: HandoverForm,
    plan: Plan,
    status: StatusCode,
) -> Result<Response, Error> {
    let choices = |people: Vec<(UserId, String)>| people.into_iter().map(|(id, name)| Choice::new(id, name)).collect();
    let preview = plan.preview(db, me).await?;
    let owners = reps_db::in_sight(db, &me.scope).await?;
    let typed = if form.from.trim().is_empty() { plan.from.to_string() } else { form.from };
    let mut reps = plan.reps;
    reps.retain(|rep| plan.of.as_ref() != Some(rep));
    let page = HandoverPage {
        page,
        form: HandoverForm { from: typed, ..form },
        of_name: plan.of.map(|(_, name)| name).unwrap_or_default(),
        to_name: plan.to.map(|(_, name)| name).unwrap_or_default(),
        from: preview.is_some().then_some(plan.from),
        owners: choices(owners),
        reps: choices(reps),
        stretches: plan.stretches,
        deals: plan.deals,
        visits: plan.visits,
        preview,
        errors: plan.errors,
        has_changed: status == StatusCode::CONFLICT,
    };
    answer(status, page)
}

/// The handover that was seen and confirmed: all of it or nothing.
pub async fn create(
    State(app): State<App>,
    me: Allowed<HandOver>,
    page: Page,
    Form { once, fields, .. }: Form<HandoverForm>,
) -> Result<Response, Error> {
    let mut write = once::begin_alone(&app, &me, once).await?;
    let plan = Plan::load(&mut write, &me, &fields, false).await?;
    let stale = plan.errors.is_empty() && plan.seen() != fields.seen;
    let (Some((to, name)), false, true) = (plan.to.clone(), stale, plan.errors.is_empty()) else {
        drop(write);
        let mut read = tx::read(&app.db, me.scope.org).await?;
        let status = if stale { StatusCode::CONFLICT } else { StatusCode::UNPROCESSABLE_ENTITY };
        return draw(&mut read, &me, page, fields, plan, status).await;
    };
    handover_db::hand_over(&mut write, &plan.stretches, to).await?;
    let ids: Vec<CustomerId> = plan.stretches.iter().map(|stretch| stretch.customer).collect();
    events_db::recompute(&mut write, &ids).await?;
    let acts = plan.stretches.iter().map(|stretch| {
        let until = stretch.to.map(|day| format!(" to before {}", short_date(day))).unwrap_or_default();
        let new = format!("{name} from {}{until}", short_date(stretch.from));
        let old = stretch.owner_name.as_deref().unwrap_or("nobody");
        (format!("/customers/{}", stretch.customer), json!({ "old": { "owner": old }, "new": { "owner": new } }))
    });
    audit::db::record_all(&mut write, "customer.handed_over", acts.collect()).await?;
    let mut with = vec![];
    if fields.deals == "1" && !plan.deals.is_empty() {
        let given: Vec<_> = plan.deals.iter().map(|deal| (deal.id, deal.version)).collect();
        if give_db::give(&mut write, &given, to).await? != given.len() {
            return Err(Error::Conflict("Somebody has changed an open deal meanwhile. Look at what moves again."));
        }
        let acts = plan.deals.iter().map(|deal| {
            let detail = json!({
                "old": { "owner": deal.owner },
                "new": { "owner": name },
                "reason": "The customer was handed over",
            });
            (format!("/deals/{}", deal.id), detail)
        });
        audit::db::record_all(&mut write, "deal.given", acts.collect()).await?;
        with.push(counted(given.len(), "open deal", "open deals"));
    }
    if fields.visits == "1" && !plan.visits.is_empty() {
        let given: Vec<_> = plan.visits.iter().map(|visit| (visit.id, visit.version)).collect();
        if handed_db::give(&mut write, &given, to).await? != given.len() {
            return Err(Error::Conflict("Somebody has changed a planned visit meanwhile. Look at what moves again."));
        }
        let acts = plan.visits.iter().map(|visit| {
            let detail = json!({
                "old": { "rep": visit.rep },
                "new": { "rep": name },
                "reason": "The customer was handed over",
            });
            (format!("/visits/{}", visit.id), detail)
        });
        audit::db::record_all(&mut write, "visit.given", acts.collect()).await?;
        with.push(counted(given.len(), "planned visit", "planned visits"));
    }
    let with = if with.is_empty() { String::new() } else { format!(", with {}", with.join(" and ")) };
    let (what, place) = match plan.stretches.as_slice() {
        [one] => (one.name.clone(), format!("/customers/{}", one.customer)),
        all => (format::counted(distinct(all), "customer", "customers"), format!("/customers?owner={to}")),
    };
    let toast = Toast::new(format!("{what} handed over to {name} from {}{with}", format::date(plan.from)));
    write.done_saying(&place, &toast).await
}
