//! The pages of visits: the list, one visit, correcting it.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use serde_json::json;
use sqlx::PgConnection;
use time::Date;

use super::{
    db, export,
    form::VisitForm,
    list_db::{self, Filter, Row},
    log, moved,
    page_db::{self, Visit},
    plan, series, undo, void, week,
};
use crate::{
    App,
    audit::{
        self,
        words::{Act, told},
    },
    customers::{
        find_db::{self, Named},
        pick::{Picked, named_choice, pick},
    },
    domain::{
        access::Permission,
        id::{CustomerId, TeamId, UserId, VisitId},
        metric::Metric,
        period::add_months,
        visit,
    },
    period_locks,
    postgres::tx::{self, Tx},
    scorecards::meaning::meaning,
    teams::choose,
    users::reps_db,
    web::{
        auth::{Allowed, ReadSales, RecordSales, Viewer},
        error::Error,
        form::{Errors, Form, Path},
        format,
        list::{FETCH, List},
        once,
        page::{Page, answer, html, lasting, refused},
        routes::Routes,
        toast::Toast,
        ui::{Badge, Choice, Pager, Tone},
    },
};

/// `/visits` and below.
pub fn routes() -> Routes {
    Routes::new()
        .get("/visits", index)
        .get("/visits.csv", export::export)
        .post("/visits", log::create)
        .get("/visits/new", log::new)
        .get("/visits/plan", plan::day)
        .post("/visits/plan", plan::add)
        .get("/visits/plan/week", week::week)
        .get("/visits/{id}", show)
        .post("/visits/{id}", correct)
        .get("/visits/{id}/edit", edit)
        .get("/visits/{id}/done", log::fulfil)
        .post("/visits/{id}/done", log::fulfilled)
        .post("/visits/{id}/missed", plan::missed)
        .post("/visits/{id}/move", moved::create)
        .post("/visits/{id}/remove", plan::remove)
        .post("/visits/{id}/remove-later", series::remove)
        .post("/visits/{id}/undo", undo::create)
        .post("/visits/{id}/void", void::create)
}

#[derive(Template)]
#[template(path = "visits/index.html")]
struct IndexPage {
    page: Page,
    list: List,
    heading: String,
    rows: Vec<Row>,
    pager: Pager,
    reps: Vec<Choice>,
    teams: Vec<Choice>,
    kinds: Vec<Choice>,
    states: Vec<Choice>,
    /// What counts, where the list is exactly what a metric counts.
    counted: Option<&'static str>,
    /// Whether the days that the list begins with have none, and earlier ones have.
    has_older: bool,
    may_record: bool,
    today: Date,
    no_errors: Errors,
    /// The same list as a file.
    csv: String,
}

/// Lists begin with the last three months, unless days or a customer are asked for.
pub(super) fn assume_recent(list: &mut List, today: Date) {
    if list.value("from").is_empty() && list.value("to").is_empty() && list.value("customer").is_empty() {
        list.assume("from", &add_months(today, -3));
    }
}

/// The list of visits. Which records a number counts is said in the address: `counted=1` for `visits`,
/// `counted=1&stranger=1` for `stranger_visits`, `counted=1&kind=touch` for `touches`, each with `rep=` or `team=` and
/// `from=`, `to=` (half-open).
async fn index(State(app): State<App>, me: Allowed<ReadSales>, page: Page, mut list: List) -> Result<Response, Error> {
    assume_recent(&mut list, me.today);
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let (filter, heading) = read_filter(&mut read, &me, &list).await?;
    let rows = list_db::list(&mut read, me.scope.org, &filter, &me.company, me.today).await?;
    let has_older = rows.is_empty() && list.is_assumed("from") && {
        let whenever = Filter { from: None, limit: 1, ..filter.clone() };
        !list_db::list(&mut read, me.scope.org, &whenever, &me.company, me.today).await?.is_empty()
    };
    let total = rows.first().map_or(0, |row| row.total);
    let (rows, pager) = list.page(rows, total, ("visit", "visits"), |row| (row.visited_on.to_string(), row.id.0));
    let reps = reps_db::in_sight(&mut read, &me.scope).await?;
    let mut kinds = log::kinds();
    kinds.push(Choice::new("touch", "Calls and online"));
    html(IndexPage {
        page,
        counted: filter.counted.then(|| meaning(metric(&list))),
        has_older,
        csv: list.with("", "").replacen("/visits", "/visits.csv", 1),
        list,
        heading,
        rows,
        pager,
        reps: reps.into_iter().map(|(id, name)| Choice::new(id, name)).collect(),
        teams: choose::in_sight(&mut read, &me).await?,
        kinds,
        states: visit::State::ALL.into_iter().map(|state| Choice::new(state.as_str(), state.label())).collect(),
        may_record: me.may(Permission::RecordSales),
        today: me.today,
        no_errors: Errors::new(),
    })
    .map(lasting)
}

/// Of which metric the address shows what counts.
fn metric(list: &List) -> Metric {
    match (list.is_on("stranger"), list.value("kind")) {
        (true, _) => Metric::StrangerVisits,
        (_, "touch") => Metric::Touches,
        _ => Metric::Visits,
    }
}

/// What the address asks for, and in words.
pub(super) async fn read_filter(db: &mut PgConnection, me: &Viewer, list: &List) -> Result<(Filter, String), Error> {
    let rep: Option<UserId> = list.parse("rep")?;
    let team: Option<TeamId> = list.parse("team")?;
    let customer: Option<CustomerId> = list.parse("customer")?;
    let stranger = list.is_on("stranger");
    let counted = list.is_on("counted") || stranger;
    let mut of = String::new();
    let reps = match (rep, team) {
        (Some(rep), _) if !me.scope.sees(rep) => return Err(Error::NotFound),
        (Some(rep), _) => {
            let name = reps_db::name(db, me.scope.org, rep).await?.ok_or(Error::NotFound)?;
            of = format!(" of {name}");
            Some(vec![rep])
        }
        (None, Some(team)) if !me.scope.sees_team(team) => return Err(Error::NotFound),
        (None, Some(team)) => {
            let name = reps_db::team_name(db, me.scope.org, team).await?.ok_or(Error::NotFound)?;
            of = format!(" of team {name}");
            None
        }
        (None, None) => me.scope.reps().map(<[UserId]>::to_vec),
    };
    if let Some(customer) = customer {
        let customer = find_db::visible(db, &me.scope, me.today, customer).await?.ok_or(Error::NotFound)?;
        of = format!("{of} to {}", customer.name);
    }
    let kinds = match list.value("kind") {
        "" if counted => Some(vec![visit::Kind::InPerson]),
        "" => None,
        "touch" => Some(vec![visit::Kind::Call, visit::Kind::Online]),
        word => Some(vec![visit::Kind::parse(word).ok_or(Error::NotFound)?]),
    };
    let what = match (stranger, counted, list.value("kind")) {
        (true, ..) => "Stranger visits",
        (_, true, "touch") => "Calls and online meetings",
        _ => "Visits",
    };
    let after = list.after().and_then(|(day, id)| Some((crate::web::form::parse_date(&day)?, id)));
    let filter = Filter {
        reps,
        team: if rep.is_some() { None } else { team },
        customer,
        from: list.date("from")?,
        to: list.date("to")?,
        kinds,
        state: list.word("state", visit::State::parse)?,
        counted,
        stranger,
        after,
        limit: FETCH,
    };
    Ok((filter, format!("{what}{of}")))
}

/// How a visit stands, as a badge.
pub fn badge(state: visit::State, visited_on: Date, today: Date) -> Badge {
    match state {
        visit::State::Done => Badge::new(Tone::Good, "Done"),
        visit::State::Missed => Badge::new(Tone::Plain, "Missed").icon("x"),
        visit::State::Planned if visited_on < today => Badge::new(Tone::Warn, "Overdue").icon("clock"),
        visit::State::Planned => Badge::new(Tone::Info, "Planned").icon("calendar"),
    }
}

/// How much later than its day a visit was entered: "5 days late".
pub fn late(days: i32) -> String {
    format!("{} late", format::counted(i64::from(days), "day", "days"))
}

#[derive(Template)]
#[template(path = "visits/show.html")]
struct ShowPage {
    page: Page,
    visit: Visit,
    badge: Badge,
    acts: Vec<Act>,
    follow_ups: Vec<(VisitId, Date, Badge)>,
    may_record: bool,
    /// Whether the visit is that of somebody whom the viewer reaches: then all of it may be moved or ended.
    leads: bool,
    is_today_or_before: bool,
    typed: Typed,
    errors: Errors,
}

/// What was typed on the page of a visit.
#[derive(Debug, Default)]
pub(super) struct Typed {
    /// A new day.
    pub day: String,
    /// Why it did not take place.
    pub reason: String,
}

async fn show(
    State(app): State<App>,
    me: Allowed<ReadSales>,
    page: Page,
    Path(id): Path<VisitId>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    draw(&mut read, &me, page, id, Typed::default(), Errors::new()).await
}

/// The page of a visit in sight, perhaps with what was typed and what is wrong about it.
pub(super) async fn draw(
    db: &mut PgConnection,
    me: &Viewer,
    page: Page,
    id: VisitId,
    typed: Typed,
    errors: Errors,
) -> Result<Response, Error> {
    let org = me.scope.org;
    let visit = page_db::find(db, &me.scope, &me.company, id).await?.ok_or(Error::NotFound)?;
    let object = format!("/visits/{id}");
    let acts = told(audit::db::history(db, org, &me.company.time_zone, &object).await?, me.company.currency);
    let follow_ups = page_db::follow_ups(db, org, id).await?;
    let follow_ups = follow_ups.into_iter().map(|(id, day, state)| (id, day, badge(state, day, me.today)));
    let status = errors.status();
    let shown = ShowPage {
        page,
        follow_ups: follow_ups.collect(),
        typed,
        errors,
        badge: badge(visit.state, visit.visited_on, me.today),
        is_today_or_before: visit.visited_on <= me.today,
        may_record: me.may(Permission::RecordSales) && visit.is_of(&me.scope_of(Permission::RecordSales)),
        leads: me.scope_of(Permission::RecordSales).sees(visit.rep_id),
        visit,
        acts,
    };
    answer(status, shown)
}

#[derive(Template)]
#[template(path = "visits/edit.html")]
struct EditPage {
    page: Page,
    visit: Visit,
    form: VisitForm,
    errors: Errors,
    customers: Vec<Choice>,
    names: Vec<Named>,
    outcomes: Vec<Choice>,
    kinds: Vec<Choice>,
    /// Who may have gone along.
    colleagues: Vec<Choice>,
    /// What somebody else saved meanwhile, if somebody did.
    stored: Option<Vec<(String, String)>>,
    /// Whether the viewer may say whom it is to and when: not of what somebody out of reach has planned.
    leads: bool,
}

impl EditPage {
    async fn load(
        db: &mut PgConnection,
        me: &Allowed<RecordSales>,
        page: Page,
        visit: Visit,
        mut form: VisitForm,
        picked: &Picked,
    ) -> Result<Self, Error> {
        if !picked.similar.is_empty() {
            form.ticked.clear(); // from now on what is ticked is an answer
        }
        let own = Named { id: visit.customer_id, name: visit.customer.clone(), city: None };
        let customers = if picked.similar.is_empty() { vec![&own] } else { picked.similar.iter().collect() };
        Ok(Self {
            page,
            form,
            errors: Errors::new(),
            customers: customers.into_iter().map(named_choice).collect(),
            names: find_db::names(db, &me.scope, me.today).await?,
            outcomes: log::outcomes(),
            kinds: log::kinds(),
            colleagues: log::choices(log::colleagues(db, me, visit.rep_id, Some(&visit)).await?),
            leads: !only_along(me, &visit),
            visit,
            stored: None,
        })
    }
}

/// Whether the visit has not taken place and is that of somebody out of reach: then it is for that one to move.
fn only_along(me: &Allowed<RecordSales>, visit: &Visit) -> bool {
    visit.state != visit::State::Done && !me.scope.sees(visit.rep_id)
}

async fn edit(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Path(id): Path<VisitId>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let visit = page_db::find(&mut read, &me.scope, &me.company, id).await?.ok_or(Error::NotFound)?;
    let form = VisitForm::of(&visit);
    html(EditPage::load(&mut read, &me, page, visit, form, &Picked::default()).await?)
}

async fn correct(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Path(id): Path<VisitId>,
    Form { once, mut fields, .. }: Form<VisitForm>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let visit = page_db::find(&mut read, &me.scope, &me.company, id).await?.ok_or(Error::NotFound)?;
    if only_along(&me, &visit) {
        let plan = VisitForm::of(&visit);
        // Of an older version the day may be the one that stood there: what was saved meanwhile is shown below.
        if fields.version == plan.version && fields.moves(&plan) {
            return Err(plan::NOT_YOURS);
        }
        fields = fields.at_plan(plan);
    }
    let mut errors = Errors::new();
    let said = fields.parse(visit.state, me.today, &me.company.time_zone, &mut errors);
    // The customer of a visit that is there may have gone out of sight since; it may stay.
    let stays = fields.other.trim().is_empty() && fields.customer == visit.customer_id.to_string();
    let picked = if stays {
        let own = Named { id: visit.customer_id, name: visit.customer.clone(), city: None };
        Picked { customer: Some(own), similar: vec![] }
    } else {
        pick(&mut read, &me.scope, me.today, fields.given(), &mut errors).await?
    };
    let colleagues = log::colleagues(&mut read, &me, visit.rep_id, Some(&visit)).await?;
    let with = fields.parse_with(&colleagues, &mut errors);
    let new = picked.customer.as_ref().and_then(|customer| said.visit(visit.rep_id, customer.id));
    let reason = errors.optional_text("reason", &fields.reason, "The reason", 500);
    let (Some(customer), Some(new), true) = (&picked.customer, new, errors.is_empty()) else {
        let mut page = EditPage::load(&mut read, &me, page, visit, fields, &picked).await?;
        page.errors = errors;
        return refused(page);
    };
    drop(read);
    let mut write = once::begin(&app, &me, once).await?;
    // Asked here, where no period is locked meanwhile.
    if let Some((field, words)) = against_lock(&mut write, &visit, &new, &with, &fields, &reason).await? {
        errors.add(field, words);
        drop(write);
        let mut read = tx::read(&app.db, me.scope.org).await?;
        let mut page = EditPage::load(&mut read, &me, page, visit, fields, &picked).await?;
        page.errors = errors;
        return refused(page);
    }
    if !db::update(&mut write, id, fields.version.parse().unwrap_or(0), &new).await? {
        drop(write);
        let mut read = tx::read(&app.db, me.scope.org).await?;
        let saved = page_db::find(&mut read, &me.scope, &me.company, id).await?.ok_or(Error::NotFound)?;
        let stored = differing(&saved, &log::facts(&new, &customer.name, &log::names(&with)));
        let form = VisitForm { version: saved.version.to_string(), ..fields };
        let mut page = EditPage::load(&mut read, &me, page, saved, form, &picked).await?;
        page.stored = Some(stored);
        return answer(StatusCode::CONFLICT, page);
    }
    log::write_with(&mut write, id, &with).await?;
    let path = format!("/visits/{id}");
    let moved_to = new.visited_on;
    let new = log::facts(&new, &customer.name, &log::names(&with));
    let detail = json!({ "old": log::facts_of(&visit), "new": new, "reason": reason });
    let is_moved = visit.state == visit::State::Planned && visit.visited_on != moved_to;
    let (action, words) = if is_moved { ("visit.moved", "moved") } else { ("visit.corrected", "corrected") };
    audit::db::record(&mut write, action, &path, detail).await?;
    write.done_saying(&path, &Toast::new(format!("Visit to {} {words}", customer.name))).await
}

/// What a correction would change of what is locked, or what it lacks there: the field and the words.
async fn against_lock(
    db: &mut Tx,
    visit: &Visit,
    new: &db::NewVisit,
    with: &[(UserId, String)],
    typed: &VisitForm,
    reason: &str,
) -> sqlx::Result<Option<(&'static str, String)>> {
    let org = db.org;
    let locked = period_locks::db::is_locked(db, org, new.visited_on).await?;
    let is_done = visit.state == visit::State::Done;
    let counts_settled = locked && is_done && !visit.after_lock;
    let stays = |(id, _): &(UserId, String)| !visit.joined_after_lock.contains(id);
    let left = visit.along().into_iter().filter(|along| counts_settled && !with.contains(along) && stays(along));
    let left: Vec<String> = left.map(|(_, name)| name).collect();
    let in_person = |kind| kind == visit::Kind::InPerson;
    let refused = if is_done && period_locks::db::crosses(db, org, Some(visit.visited_on), Some(new.visited_on)).await?
    {
        ("visited_on", "A visit moves neither out of a locked period nor into one. Keep its day.".to_owned())
    } else if counts_settled && new.visited_on != visit.visited_on {
        let words = "After the lock of its period a visit keeps its day. Say in the note what is right.";
        ("visited_on", words.to_owned())
    } else if counts_settled && new.customer != visit.customer_id {
        let words = "After the lock of its period a visit keeps its customer. Say in the note what is right.";
        (if typed.other.trim().is_empty() { "customer" } else { "other" }, words.to_owned())
    } else if !left.is_empty() {
        let left = left.join(", ");
        ("with", format!("After the lock of its period whoever was entered before stays. Tick {left} again."))
    } else if locked && is_done && !in_person(visit.kind) && in_person(new.kind) {
        let words = "After the lock of its period nothing becomes a visit in person any more. Keep how you met.";
        ("kind", words.to_owned())
    } else if counts_settled && in_person(visit.kind) && !in_person(new.kind) {
        let words = "After the lock of its period a visit in person stays one. Say in the note how you met.";
        ("kind", words.to_owned())
    } else if locked && reason.is_empty() {
        ("reason", "The period of this visit is locked. Say why you change it.".to_owned())
    } else {
        return Ok(None);
    };
    Ok(Some(refused))
}

/// What is saved, where it differs from what was typed.
fn differing(saved: &Visit, typed: &serde_json::Value) -> Vec<(String, String)> {
    let stored = log::facts_of(saved);
    let act = json!({ "old": typed, "new": stored });
    audit::words::changes(&act).into_iter().map(|change| (change.label, change.new)).collect()
}

/// The address of a visit, or of something below it.
pub fn path(id: VisitId, below: &str) -> String {
    if below.is_empty() { format!("/visits/{id}") } else { format!("/visits/{id}/{below}") }
}
