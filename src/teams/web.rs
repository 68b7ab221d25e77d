//! The pages of the teams: the tree, and one team with those who manage it.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use serde_json::json;

use super::db::{self, Manager, Team};
use crate::{
    App, audit,
    domain::{
        access::Role,
        id::{TeamId, UserId},
    },
    organizations,
    postgres::{error::violates, tx},
    users,
    web::{
        auth::{Allowed, ManagePeople},
        error::Error,
        form::{Errors, Form, Path},
        once,
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
    version: String,
}

impl TeamForm {
    fn of(team: &Team) -> Self {
        let parent = team.parent.map(|id| id.to_string()).unwrap_or_default();
        Self { name: team.name.clone(), parent, version: team.version.to_string() }
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
    errors: Errors,
    is_stale: bool,
    today: time::Date,
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
            manager: ManagerForm { user: String::new(), from: me.today.to_string() },
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

/// Who begins or ends to manage a team, and from which day on.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ManagerForm {
    user: String,
    from: String,
}

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
    if let Some(user) = user
        && !shown.people.iter().any(|person| person.value == user.to_string())
    {
        shown.errors.add("user", "Choose a person with the role manager.");
    }
    shown.manager = fields;
    let (true, Some(user)) = (shown.errors.is_empty(), user) else { return shown.refuse() };
    let mut write = once::begin_alone(&app, &me, once).await?;
    db::add_manager(&mut write, id, user, from).await?;
    let path = format!("/teams/{id}");
    audit::db::record(&mut write, "team.manager_added", &path, json!({ "user": user, "from": from })).await?;
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
    let from = shown.errors.date("from", &fields.from, "The first day without this manager");
    let (true, Some(user)) = (shown.errors.is_empty(), user) else { return shown.refuse() };
    let mut write = once::begin_alone(&app, &me, once).await?;
    db::remove_manager(&mut write, id, user, from).await?;
    let path = format!("/teams/{id}");
    audit::db::record(&mut write, "team.manager_ended", &path, json!({ "user": user, "from": from })).await?;
    write.done_saying(&path, &Toast::new("Manager ended")).await
}
