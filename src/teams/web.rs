//! The pages of the teams: the tree, and one team with those who manage it.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use serde_json::json;
use time::Date;

use super::db::{self, Manager, Team};
use crate::{
    App, audit,
    domain::{
        access::Role,
        id::{TeamId, UserId},
    },
    organizations, period_locks,
    postgres::{error::violates, tx},
    users,
    web::{
        auth::{Allowed, ManagePeople, Viewer},
        error::Error,
        form::{Errors, Form, Path},
        once::{self, Write},
        page::{Page, answer, html, refused},
        routes::Routes,
        step_up,
        toast::Toast,
        ui::Choice,
    },
};

/// `/teams` and below.
pub fn routes() -> Routes {
    Routes::new()
        .get("/teams", index)
        .post("/teams", create)
        .get("/teams/{id}", show)
        .post("/teams/{id}", change)
        .post("/teams/{id}/managers", add_manager)
        .post("/teams/{id}/managers/end", end_manager)
}

/// A team's name and the team above it, as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct TeamForm {
    name: String,
    parent: String,
    /// Why it stands elsewhere from now on, for all of its past.
    move_reason: String,
    version: String,
}

impl TeamForm {
    fn of(team: &Team) -> Self {
        let parent = team.parent.map(|id| id.to_string()).unwrap_or_default();
        Self { name: team.name.clone(), parent, version: team.version.to_string(), ..Self::default() }
    }

    fn parse(&self, errors: &mut Errors) -> (String, Option<TeamId>) {
        let name = errors.text("name", &self.name, "Name", 120);
        let parent =
            if self.parent.is_empty() { None } else { errors.id("parent", &self.parent, "a team of the list") };
        (name, parent)
    }
}

#[derive(Template)]
#[template(path = "teams/index.html")]
struct IndexPage {
    page: Page,
    teams: Vec<Team>,
    parents: Vec<Choice>,
    form: TeamForm,
    errors: Errors,
}

async fn index(State(app): State<App>, me: Allowed<ManagePeople>, page: Page) -> Result<Response, Error> {
    draw_index(&app, &me, page, TeamForm::default(), Errors::new()).await
}

async fn draw_index(
    app: &App,
    me: &Allowed<ManagePeople>,
    page: Page,
    form: TeamForm,
    errors: Errors,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let teams = db::tree(&mut read, &me.scope, me.today).await?;
    let parents = choices(&teams);
    answer(errors.status(), IndexPage { page, teams, parents, form, errors })
}

fn choices<'a>(teams: impl IntoIterator<Item = &'a Team>) -> Vec<Choice> {
    teams.into_iter().map(|team| Choice::new(team.id, &*team.path)).collect()
}

async fn create(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    page: Page,
    Form { once, fields, .. }: Form<TeamForm>,
) -> Result<Response, Error> {
    let mut errors = Errors::new();
    let (name, parent) = fields.parse(&mut errors);
    if !errors.is_empty() {
        return draw_index(&app, &me, page, fields, errors).await;
    }
    let mut write = once::begin(&app, &me, once).await?;
    match db::insert(&mut write, &name, parent).await {
        Ok(id) => {
            let path = format!("/teams/{id}");
            audit::db::record(&mut write, "team.created", &path, json!({ "name": name, "parent": parent })).await?;
            write.done_saying(&path, &Toast::new(format!("Team {name} created"))).await
        }
        Err(e) => {
            refuse(&mut errors, e)?;
            drop(write);
            draw_index(&app, &me, page, fields, errors).await
        }
    }
}

/// Puts a broken rule into words beside its field.
fn refuse(errors: &mut Errors, e: sqlx::Error) -> Result<(), Error> {
    if violates(&e, "teams_name_key") {
        errors.add("name", "Another team has this name. Use another one.");
    } else if violates(&e, "teams_parent_fkey") {
        errors.add("parent", "This team is no longer there. Choose another one.");
    } else {
        return Err(e.into());
    }
    Ok(())
}

#[derive(Template)]
#[template(path = "teams/show.html")]
struct ShowPage {
    page: Page,
    team: Team,
    below: Vec<Team>,
    managers: Vec<Manager>,
    parents: Vec<Choice>,
    people: Vec<Choice>,
    form: TeamForm,
    manager: ManagerForm,
    /// The manager who shall end, with the last day and the reason as typed.
    ended: Option<(UserId, String, String)>,
    errors: Errors,
    is_stale: bool,
    /// What lies before this day is locked.
    open_from: Option<Date>,
    today: Date,
}

impl ShowPage {
    async fn load(app: &App, me: &Allowed<ManagePeople>, page: Page, id: TeamId) -> Result<Self, Error> {
        let mut read = tx::read(&app.db, me.scope.org).await?;
        let tree = db::tree(&mut read, &me.scope, me.today).await?;
        let team = tree.iter().find(|team| team.id == id).cloned().ok_or(Error::NotFound)?;
        // The tree lists every team directly after the one above it.
        let after = tree.iter().skip_while(|team| team.id != id).skip(1);
        let below: Vec<Team> = after.take_while(|other| other.depth > team.depth).cloned().collect();
        let is_below = |other: &&Team| other.id != id && !below.iter().any(|team| team.id == other.id);
        let people = users::db::with_role(&mut read, &me.scope, Role::Manager, me.today).await?;
        Ok(Self {
            page,
            managers: db::managers(&mut read, &me.scope, id).await?,
            parents: choices(tree.iter().filter(is_below)),
            people: people.into_iter().map(|(id, name)| Choice::new(id, name)).collect(),
            form: TeamForm::of(&team),
            manager: ManagerForm { from: me.today.to_string(), ..ManagerForm::default() },
            ended: None,
            open_from: period_locks::db::locked_until(&mut read, me.scope.org).await?,
            team,
            below,
            errors: Errors::new(),
            is_stale: false,
            today: me.today,
        })
    }

    fn below_count(&self) -> i64 {
        i64::try_from(self.below.len()).unwrap_or_default()
    }

    fn reason_hint(&self) -> String {
        self.open_from.map_or_else(String::new, period_locks::words::wants_reason)
    }

    /// The last day that stands in a manager's form.
    fn typed_end(&self, manager: &Manager) -> String {
        let typed = self.ended.as_ref().filter(|(user, ..)| *user == manager.user);
        typed.map_or_else(|| self.today.to_string(), |(_, day, _)| day.clone())
    }

    /// The reason that stands in a manager's form.
    fn typed_reason(&self, manager: &Manager) -> String {
        let typed = self.ended.as_ref().filter(|(user, ..)| *user == manager.user);
        typed.map_or_else(String::new, |(.., reason)| reason.clone())
    }

    fn refuse(self) -> Result<Response, Error> {
        refused(self)
    }
}

async fn show(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    page: Page,
    Path(id): Path<TeamId>,
) -> Result<Response, Error> {
    html(ShowPage::load(&app, &me, page, id).await?)
}

async fn change(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    page: Page,
    Path(id): Path<TeamId>,
    Form { once, fields, typed }: Form<TeamForm>,
) -> Result<Response, Error> {
    let mut shown = ShowPage::load(&app, &me, page, id).await?;
    let (name, parent) = fields.parse(&mut shown.errors);
    let version = fields.version.parse().unwrap_or_default();
    let reason = shown.errors.optional_text("move_reason", &fields.move_reason, "The reason", 500);
    shown.form = fields;
    if !shown.errors.is_empty() {
        return shown.refuse();
    }
    // Those who manage the team above manage this one, too.
    let moves = parent != shown.team.parent;
    if moves && let Some(response) = step_up::required(&me, &shown.page, &format!("/teams/{id}"), &typed) {
        return response;
    }
    let mut write = once::begin(&app, &me, once).await?;
    organizations::db::lock(&mut write).await?;
    let locked = period_locks::db::locked_until(&mut write, me.scope.org).await?.is_some();
    if locked && reason.is_empty() && parent != shown.team.parent {
        let words = "A team has one place for all times: boards of locked periods are told otherwise. Say why.";
        shown.errors.add("move_reason", words);
        return shown.refuse();
    }
    if let Some(parent) = parent
        && db::subtree(&mut write, id).await?.contains(&parent)
    {
        shown.errors.add("parent", "A team cannot stand below itself. Choose a team that is not below this one.");
        return shown.refuse();
    }
    match db::update(&mut write, id, version, &name, parent).await {
        Ok(true) => {
            let path = format!("/teams/{id}");
            let detail = json!({
                "old": { "name": shown.team.name, "parent": shown.team.parent },
                "new": { "name": name, "parent": parent },
                "reason": reason,
            });
            audit::db::record(&mut write, "team.changed", &path, detail).await?;
            write.done_saying(&path, &Toast::new(format!("Team {name} saved"))).await
        }
        Ok(false) => {
            shown.form.version = shown.team.version.to_string();
            shown.is_stale = true;
            answer(StatusCode::CONFLICT, shown)
        }
        Err(e) => {
            refuse(&mut shown.errors, e)?;
            shown.refuse()
        }
    }
}

/// Who begins to manage a team, and from which day on.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ManagerForm {
    user: String,
    from: String,
    /// Why what is settled changes.
    reason: String,
}

const SETTLED: &str = "This changes who managed on days that are locked. Say why, or use a later day.";

async fn add_manager(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    page: Page,
    Path(id): Path<TeamId>,
    Form { once, fields, typed }: Form<ManagerForm>,
) -> Result<Response, Error> {
    let mut shown = ShowPage::load(&app, &me, page, id).await?;
    if let Some(response) = step_up::required(&me, &shown.page, &format!("/teams/{id}/managers"), &typed) {
        return response;
    }
    let user: Option<UserId> = shown.errors.id("user", &fields.user, "a person");
    let from = shown.errors.optional_date("from", &fields.from, "The first day");
    let reason = shown.errors.optional_text("reason", &fields.reason, "The reason", 500);
    if let Some(user) = user
        && !shown.people.iter().any(|person| person.value == user.to_string())
    {
        shown.errors.add("user", "Choose a person with the role manager.");
    }
    shown.manager = fields;
    let (true, Some(user)) = (shown.errors.is_empty(), user) else { return shown.refuse() };
    let mut write = once::begin_alone(&app, &me, once).await?;
    let before = settled(&mut write, &me, id).await?;
    db::add_manager(&mut write, id, user, from).await?;
    if reason.is_empty() && before != settled(&mut write, &me, id).await? {
        shown.errors.add("reason", SETTLED);
        return shown.refuse();
    }
    let path = format!("/teams/{id}");
    let detail = json!({ "user": user, "from": from, "reason": reason });
    audit::db::record(&mut write, "team.manager_added", &path, detail).await?;
    write.done_saying(&path, &Toast::new("Manager saved")).await
}

async fn end_manager(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    page: Page,
    Path(id): Path<TeamId>,
    Form { once, fields, typed }: Form<ManagerForm>,
) -> Result<Response, Error> {
    let mut shown = ShowPage::load(&app, &me, page, id).await?;
    if let Some(response) = step_up::required(&me, &shown.page, &format!("/teams/{id}/managers/end"), &typed) {
        return response;
    }
    let user: Option<UserId> = shown.errors.id("user", &fields.user, "a person");
    let Some(user) = user else { return shown.refuse() };
    let (field, reason_field) = (format!("end-{user}"), format!("end-reason-{user}"));
    let sent = |field: &str| typed.iter().find(|(name, _)| name == field).map_or("", |(_, value)| value);
    let from = shown.errors.date(&field, sent(&field), "The first day without this manager");
    let reason = shown.errors.optional_text(&reason_field, sent(&reason_field), "The reason", 500);
    shown.ended = Some((user, sent(&field).to_owned(), sent(&reason_field).to_owned()));
    let (true, Some(from)) = (shown.errors.is_empty(), from) else { return shown.refuse() };
    let mut write = once::begin_alone(&app, &me, once).await?;
    let before = settled(&mut write, &me, id).await?;
    db::remove_manager(&mut write, id, user, Some(from)).await?;
    if reason.is_empty() && before != settled(&mut write, &me, id).await? {
        shown.errors.add(reason_field, SETTLED);
        return shown.refuse();
    }
    let path = format!("/teams/{id}");
    let detail = json!({ "user": user, "from": from, "reason": reason });
    audit::db::record(&mut write, "team.manager_ended", &path, detail).await?;
    write.done_saying(&path, &Toast::new("Manager ended")).await
}

/// Who managed a team on the days that are locked, and from when to when of them.
async fn settled(write: &mut Write, me: &Viewer, team: TeamId) -> sqlx::Result<Vec<(i64, Option<Date>, Option<Date>)>> {
    let Some(until) = period_locks::db::locked_until(write, me.scope.org).await? else { return Ok(vec![]) };
    let managers = db::managers(write, &me.scope, team).await?;
    let mut settled: Vec<_> = managers
        .iter()
        .filter(|one| one.from.is_none_or(|from| from < until))
        .map(|one| (one.user.0, one.from, one.to.filter(|to| *to < until)))
        .collect();
    settled.sort_unstable();
    Ok(settled)
}
