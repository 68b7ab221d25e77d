//! The page of one person, and the forms that change one.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use serde_json::json;
use time::Date;

use super::{
    db::{self, Membership, Person},
    departure,
    form::{DepartureForm, PersonForm, RoleBox, RolesForm, TeamForm, parse_roles, role_boxes, version},
    leaves_db::{self, Leave},
    list_db::{self, State as SignInState},
    reps_db,
    web::team_choices,
};
use crate::{
    App, audit, customers,
    domain::{
        access::Role,
        id::{TeamId, UserId},
        period::add_days,
    },
    invitations::{
        self,
        db::Kind,
        link::{self, Link},
    },
    organizations, period_locks,
    postgres::{error::violates, sessions, tx},
    sign_in::{self, second_factor},
    teams::{self, db::Managed},
    visits,
    web::{
        auth::{Allowed, ManagePeople},
        error::Error,
        form::{Errors, Form, Nothing, Path},
        once::{self, Write},
        page::{Page, answer, html, refused},
        routes::Routes,
        step_up,
        toast::Toast,
        ui::Choice,
    },
};

/// `/users/{id}` and below.
pub fn routes() -> Routes {
    Routes::new()
        .get("/users/{id}", show)
        .post("/users/{id}", change_details)
        .post("/users/{id}/roles", change_roles)
        .post("/users/{id}/team", change_team)
        .post("/users/{id}/invitation", make_link)
        .post("/users/{id}/departure", departure::leave_company)
        .post("/users/{id}/deactivation", departure::deactivate)
        .post("/users/{id}/activation", departure::activate)
        .post("/users/{id}/sign-out", end_sessions)
        .post("/users/{id}/second-factor/off", take_off_second_factor)
}

/// Where a form about a person is sent.
pub fn path(id: UserId, form: &str) -> String {
    format!("/users/{id}/{form}")
}

pub(super) const STALE: Error =
    Error::Conflict("Somebody else has changed this person meanwhile. Open the page again.");

#[derive(Template)]
#[template(path = "users/person.html")]
pub(super) struct PersonPage {
    pub(super) page: Page,
    pub(super) person: Person,
    memberships: Vec<Membership>,
    teams: Vec<Choice>,
    levels: Vec<String>,
    details: PersonForm,
    roles: Vec<RoleBox>,
    team: TeamForm,
    pub(super) errors: Errors,
    /// What somebody else has saved while the form was open: label and stored value.
    conflict: Vec<(&'static str, String)>,
    is_stale: bool,
    link: Option<Link>,
    pub(super) is_me: bool,
    /// The leave that is not over.
    leaves: Vec<Leave>,
    /// The plan that the person is on today, or on the last day.
    plan: Option<String>,
    pub(super) departure: DepartureForm,
    /// How many customers the person owns today or later.
    customers: i64,
    /// How many visits the person has planned for the days after the last one.
    visits: i64,
    /// The teams that the person manages today or later.
    managed: Vec<Managed>,
}

impl Person {
    /// Whether the person may and can sign in.
    pub fn state(&self) -> SignInState {
        SignInState::of(self.may_sign_in(), self.has_sign_in)
    }

    /// Whether the sign-in is on, and the last day not over.
    pub fn may_sign_in(&self) -> bool {
        self.active && !self.has_left
    }

    /// The last day, if one is known.
    pub fn last_day(&self) -> Option<Date> {
        self.details.left_on.map(|left| add_days(left, -1))
    }
}

impl PersonPage {
    pub(super) async fn load(app: &App, me: &Allowed<ManagePeople>, page: Page, id: UserId) -> Result<Self, Error> {
        let mut read = tx::read(&app.db, me.scope.org).await?;
        let person = db::find(&mut read, &me.scope, id, me.now).await?.ok_or(Error::NotFound)?;
        let memberships = db::memberships(&mut read, &me.scope, id).await?;
        let current = memberships.iter().find(|membership| membership.to.is_none());
        let last_day = person.last_day();
        let departure = DepartureForm { last_day: last_day.unwrap_or(me.today).to_string() };
        let current_team = current.map(|membership| membership.team.to_string()).unwrap_or_default();
        Ok(Self {
            page,
            memberships,
            teams: team_choices(&teams::db::tree(&mut read, &me.scope, me.today).await?),
            levels: list_db::levels(&mut read, &me.scope).await?,
            details: PersonForm::of(&person),
            roles: role_boxes(&person.roles.iter().map(|role| role.as_str().to_owned()).collect::<Vec<_>>()),
            team: TeamForm { team: current_team, from: me.today.to_string(), reason: String::new() },
            errors: Errors::new(),
            conflict: vec![],
            is_stale: false,
            link: None,
            is_me: me.id == id,
            plan: reps_db::plan(&mut read, me.scope.org, id, last_day.unwrap_or(me.today)).await?,
            departure,
            leaves: {
                let all = leaves_db::of(&mut read, me.scope.org, id).await?;
                all.into_iter().filter(|leave| !leave.is_over(me.today)).collect()
            },
            customers: customers::handover_db::owned_from(&mut read, me.scope.org, id, me.today).await?,
            visits: match person.details.left_on {
                Some(left) => visits::handed_db::planned_from(&mut read, me.scope.org, id, left).await?,
                None => 0,
            },
            managed: teams::db::managed_from(&mut read, me.scope.org, id, me.today).await?,
            person,
        })
    }

    pub(super) fn refuse(self) -> Result<Response, Error> {
        refused(self)
    }
}

async fn show(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    page: Page,
    Path(id): Path<UserId>,
) -> Result<Response, Error> {
    html(PersonPage::load(&app, &me, page, id).await?)
}

/// The person's page with a link to copy: it is not stored and never shown again.
pub async fn show_with_link(
    app: &App,
    me: &Allowed<ManagePeople>,
    page: Page,
    id: UserId,
    link: Option<Link>,
) -> Result<Response, Error> {
    html(PersonPage { link, ..PersonPage::load(app, me, page, id).await? })
}

async fn change_details(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    page: Page,
    Path(id): Path<UserId>,
    Form { once, fields, typed }: Form<PersonForm>,
) -> Result<Response, Error> {
    let mut shown = PersonPage::load(&app, &me, page, id).await?;
    let new = fields.parse(shown.person.has_sign_in, &mut shown.errors);
    let old = shown.person.details.clone();
    shown.details = fields;
    if !shown.errors.is_empty() {
        return shown.refuse();
    }
    let moves = new.email != old.email;
    let leaves = new.left_on.filter(|_| new.left_on != old.left_on);
    if shown.is_me && leaves.is_some_and(|left| left <= me.today) {
        shown.errors.add("left_on", "You cannot end your own sign-in. Ask another administrator.");
        return shown.refuse();
    }
    let path = format!("/users/{id}");
    if moves && let Some(response) = step_up::required(&me, &shown.page, &path, &typed) {
        return response;
    }
    let mut write = once::begin_alone(&app, &me, once).await?;
    if leaves.is_some() && is_last_admin(&mut write, &shown.person).await? {
        shown.errors.add("left_on", db::LAST_ADMIN);
        return shown.refuse();
    }
    let saved = async {
        let version = version(&shown.details.version).unwrap_or_default();
        if !db::update(&mut write, id, version, &new).await? {
            return Ok(false);
        }
        if moves {
            if let Some(email) = &new.email {
                sign_in::db::set_email(&mut write, id, email).await?;
            }
            invitations::db::withdraw(&mut write, id).await?;
            sessions::end_all(&mut write, id, None).await?;
        }
        departure::move_managing(&mut write, id, old.left_on, new.left_on).await?;
        audit::db::record(&mut write, "user.changed", &path, json!({ "old": old, "new": new })).await?;
        Ok::<_, sqlx::Error>(true)
    };
    match saved.await {
        Ok(true) => {
            let open = period_locks::db::locked_until(&mut write, me.scope.org).await?;
            let toast = period_locks::words::done(format!("{} saved", new.name), first_moved(&old, &new), open);
            write.done_saying(&path, &toast).await
        }
        Ok(false) => {
            let stored = PersonForm::of(&shown.person);
            shown.conflict = shown.details.differs_from(&stored);
            shown.details.version = stored.version;
            shown.is_stale = true;
            answer(StatusCode::CONFLICT, shown)
        }
        Err(e) if violates(&e, "users_email_key") || violates(&e, "sign_ins_pkey") => {
            shown.errors.add("email", "Somebody else has this e-mail address. Use another one.");
            shown.refuse()
        }
        Err(e) => Err(e.into()),
    }
}

/// The first day on which somebody is there now and was not, or the other way round; none if there is no such day.
pub(super) fn first_moved(old: &db::Details, new: &db::Details) -> Option<Date> {
    let hired = (old.hired_on != new.hired_on).then(|| old.hired_on.min(new.hired_on).unwrap_or(Date::MIN));
    let left = [old.left_on, new.left_on].into_iter().flatten().min().filter(|_| old.left_on != new.left_on);
    [hired, left].into_iter().flatten().min()
}

async fn change_roles(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    page: Page,
    Path(id): Path<UserId>,
    Form { once, fields, typed }: Form<RolesForm>,
) -> Result<Response, Error> {
    let mut shown = PersonPage::load(&app, &me, page, id).await?;
    let new = parse_roles(&fields.roles, &mut shown.errors);
    let version = version(&fields.version).unwrap_or_default();
    shown.roles = role_boxes(&fields.roles);
    if !shown.errors.is_empty() {
        return shown.refuse();
    }
    let path = format!("/users/{id}");
    if let Some(response) = step_up::required(&me, &shown.page, &format!("{path}/roles"), &typed) {
        return response;
    }
    let mut write = once::begin(&app, &me, once).await?;
    if !new.contains(&Role::Admin) && is_last_admin(&mut write, &shown.person).await? {
        shown.errors.add("roles", db::LAST_ADMIN);
        return shown.refuse();
    }
    if !db::touch(&mut write, id, version).await? {
        return Err(STALE);
    }
    db::set_roles(&mut write, id, &new).await?;
    // What a person may do has changed: they begin anew with it everywhere.
    sessions::end_all(&mut write, id, None).await?;
    let detail = json!({ "old": shown.person.roles, "new": new });
    audit::db::record(&mut write, "user.roles_changed", &path, detail).await?;
    write.done_saying(&path, &Toast::new(format!("Roles of {} saved", shown.person.details.name))).await
}

pub(super) async fn is_last_admin(write: &mut Write, person: &Person) -> Result<bool, Error> {
    if !person.roles.contains(&Role::Admin) {
        return Ok(false);
    }
    organizations::db::lock(write).await?;
    Ok(db::admins(write).await?.iter().all(|admin| *admin == person.id))
}

async fn change_team(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    page: Page,
    Path(id): Path<UserId>,
    Form { once, fields, typed }: Form<TeamForm>,
) -> Result<Response, Error> {
    let mut shown = PersonPage::load(&app, &me, page, id).await?;
    // The team decides who sees the person's pay and confirms the deals.
    if let Some(response) = step_up::required(&me, &shown.page, &format!("/users/{id}/team"), &typed) {
        return response;
    }
    let from = shown.errors.optional_date("from", &fields.from, "The first day");
    let team: Option<TeamId> =
        if fields.team.is_empty() { None } else { shown.errors.id("team", &fields.team, "a team of the list") };
    let reason = shown.errors.optional_text("reason", &fields.reason, "The reason", 500);
    shown.team = fields;
    if !shown.errors.is_empty() {
        return shown.refuse();
    }
    let mut write = once::begin_alone(&app, &me, once).await?;
    if let Some(team) = team
        && !teams::db::exists(&mut write, team).await?
    {
        shown.errors.add("team", "This team is no longer there. Choose another one.");
        return shown.refuse();
    }
    let before = db::memberships(&mut write, &me.scope, id).await?;
    db::set_team(&mut write, id, team, from).await?;
    let after = db::memberships(&mut write, &me.scope, id).await?;
    if reason.is_empty()
        && let Some(until) = period_locks::db::locked_until(&mut write, me.scope.org).await?
        && settled(&before, until) != settled(&after, until)
    {
        shown.errors.add("reason", "This changes a team’s numbers of a locked period. Say why, or use a later day.");
        return shown.refuse();
    }
    let path = format!("/users/{id}");
    let detail = json!({ "old": { "teams": told(&before) }, "new": { "teams": told(&after) }, "reason": reason });
    audit::db::record(&mut write, "user.team_changed", &path, detail).await?;
    write.done_saying(&path, &Toast::new(format!("Team of {} saved", shown.person.details.name))).await
}

/// The memberships of the days before one, as far as they lie before it.
fn settled(memberships: &[Membership], until: Date) -> Vec<(TeamId, Option<Date>, Option<Date>)> {
    memberships
        .iter()
        .filter(|one| one.from.is_none_or(|from| from < until))
        .map(|one| (one.team, one.from, one.to.filter(|to| *to < until)))
        .collect()
}

/// The teams over time as the audit keeps them.
fn told(memberships: &[Membership]) -> Vec<String> {
    let day = |word: &str, day: Option<Date>| day.map_or(String::new(), |day| format!(" {word} {day}"));
    memberships.iter().map(|one| format!("{}{}{}", one.name, day("from", one.from), day("to before", one.to))).collect()
}

/// Makes a link to copy. It takes no receipt: a second click makes a second link, and the page shows that one.
async fn make_link(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    page: Page,
    Path(id): Path<UserId>,
    Form { typed, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let mut shown = PersonPage::load(&app, &me, page, id).await?;
    let Some(email) = shown.person.details.email.clone() else {
        shown.errors.add("email", "Enter an e-mail address first: it is what the person signs in with.");
        return shown.refuse();
    };
    if !shown.person.may_sign_in() {
        return Err(STALE);
    }
    if let Some(response) = step_up::required(&me, &shown.page, &format!("/users/{id}/invitation"), &typed) {
        return response;
    }
    let kind = if shown.person.has_sign_in { Kind::Reset } else { Kind::Invite };
    let mut tx = tx::write(&app.db, me.scope.org, Some(me.id), app.clock).await?;
    let link = link::make(&app, &mut tx, id, kind, &email, me.id).await?;
    tx.commit().await?;
    show_with_link(&app, &me, shown.page, id, Some(link)).await
}

async fn end_sessions(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    Path(id): Path<UserId>,
    Form { once, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let mut write = once::begin(&app, &me, once).await?;
    if !db::exists(&mut write, id).await? {
        return Err(Error::NotFound);
    }
    let mine = me.session;
    sessions::end_all(&mut write, id, Some(mine.as_slice())).await?;
    let path = format!("/users/{id}");
    audit::db::record(&mut write, "user.signed_out", &path, json!({})).await?;
    write.done_saying(&path, &Toast::new("Signed out on every device")).await
}

/// For a lost phone: takes the person's second factor off and signs the person out. One's own is turned off on the profile,
/// with a code of it.
async fn take_off_second_factor(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    page: Page,
    Path(id): Path<UserId>,
    Form { once, typed, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let shown = PersonPage::load(&app, &me, page, id).await?;
    if shown.is_me {
        return Err(Error::Conflict("Turn your own second factor off on your profile, with a code of it."));
    }
    let form = path(id, "second-factor/off");
    if let Some(response) = step_up::required(&me, &shown.page, &form, &typed) {
        return response;
    }
    let mut write = once::begin(&app, &me, once).await?;
    if !second_factor::take_off(&mut write, id).await? {
        return Err(Error::Conflict("This person has no second factor that is on. Open the page again."));
    }
    sessions::end_all(&mut write, id, None).await?;
    let words = format!("{} signs in with the password alone, and is signed out everywhere", shown.person.details.name);
    write.done_saying(&format!("/users/{id}"), &Toast::new(words)).await
}
