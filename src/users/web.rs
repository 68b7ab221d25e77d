//! The list of people, and a new person.

use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;
use serde_json::json;

use super::{
    db, export,
    form::{PersonForm, RoleBox, parse_roles, role_boxes},
    leave,
    list_db::{self, Filter, Found, Part, State as SignInState},
    person, viewing,
};
use crate::{
    App, audit,
    domain::{access::Role, id::TeamId},
    invitations::{db::Kind, link},
    postgres::{error::violates, tx},
    teams,
    web::{
        auth::{Allowed, ManagePeople},
        error::Error,
        form::{Errors, Form, Query},
        once,
        page::{Page, answer, html},
        routes::Routes,
        step_up,
        ui::{Badge, Choice, Pager, Tone},
    },
};

/// `/users` and below.
pub fn routes() -> Routes {
    Routes::new()
        .get("/users", index)
        .get("/users.csv", export::export)
        .post("/users", create)
        .get("/users/new", new)
        .merge(person::routes())
        .merge(leave::routes())
        .merge(viewing::routes())
}

#[derive(Template)]
#[template(path = "users/index.html")]
struct IndexPage {
    page: Page,
    query: IndexQuery,
    found: Found,
    roles: Vec<Choice>,
    teams: Vec<Choice>,
    states: Vec<Choice>,
    levels: Vec<Choice>,
    pager: Pager,
    /// Where everybody whom the filters find is a file.
    csv: String,
    is_filtered: bool,
}

#[derive(Clone, Debug, Default, Deserialize, serde::Serialize)]
#[serde(default)]
pub(super) struct IndexQuery {
    q: String,
    role: String,
    team: String,
    state: String,
    level: String,
    #[serde(skip_serializing)]
    after: String,
    #[serde(skip_serializing)]
    before: String,
}

impl IndexQuery {
    pub(super) fn filter(&self) -> Filter {
        Filter {
            search: self.q.trim().to_owned(),
            role: Role::parse(&self.role),
            team: self.team.parse().ok(),
            state: SignInState::parse(&self.state),
            level: self.level.trim().to_owned(),
        }
    }

    fn part(&self) -> Part {
        match (self.after.parse(), self.before.parse()) {
            (Ok(id), _) => Part::After(id),
            (_, Ok(id)) => Part::Before(id),
            _ => Part::First,
        }
    }

    /// The address of everybody whom the filters find.
    pub(super) fn address(&self, path: &str) -> Option<String> {
        serde_html_form::to_string(self).ok().map(|filters| format!("{path}?{filters}"))
    }

    /// The address of the same list from another person on.
    fn link(&self, cursor: &str, id: Option<crate::domain::id::UserId>) -> Option<String> {
        let list = self.address("/users")?;
        id.map(|id| format!("{list}&{cursor}={id}"))
    }
}

async fn index(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    page: Page,
    Query(query): Query<IndexQuery>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let filter = query.filter();
    let found = list_db::list(&mut read, &me.scope, &filter, query.part(), list_db::PAGE, me.today).await?;
    let teams = teams::db::tree(&mut read, &me.scope, me.today).await?;
    let levels = list_db::levels(&mut read, &me.scope).await?;
    let (first, last) = (found.lines.first().map(|line| line.id), found.lines.last().map(|line| line.id));
    let pager = Pager {
        previous: query.link("before", first.filter(|_| found.has_before)),
        next: query.link("after", last.filter(|_| found.has_after)),
        words: if found.total > 1 { format!("{} of {} people", found.lines.len(), found.total) } else { String::new() },
    };
    html(IndexPage {
        page,
        is_filtered: ![&query.q, &query.role, &query.team, &query.state, &query.level]
            .iter()
            .all(|typed| typed.is_empty()),
        levels: levels.into_iter().map(|level| Choice::new(&level, level.clone())).collect(),
        roles: role_choices(),
        teams: team_choices(&teams),
        states: SignInState::ALL.map(|state| Choice::new(state.as_str(), state.label())).to_vec(),
        csv: query.address("/users.csv").unwrap_or_default(),
        query,
        found,
        pager,
    })
}

impl SignInState {
    /// The state in a pill.
    pub fn badge(self) -> Badge {
        match self {
            Self::Active => Badge::new(Tone::Good, self.label()),
            Self::NotYet => Badge::new(Tone::Info, self.label()).icon("clock"),
            Self::Deactivated => Badge::new(Tone::Plain, self.label()).icon("minus"),
        }
    }
}

/// Every role as something to choose.
fn role_choices() -> Vec<Choice> {
    Role::ALL.map(|role| Choice::new(role.as_str(), role.label())).to_vec()
}

/// Every team as something to choose.
pub fn team_choices(teams: &[teams::db::Team]) -> Vec<Choice> {
    teams.iter().map(|team| Choice::new(team.id, &*team.path)).collect()
}

#[derive(Template)]
#[template(path = "users/new.html")]
struct NewPage {
    page: Page,
    form: PersonForm,
    roles: Vec<RoleBox>,
    teams: Vec<Choice>,
    levels: Vec<String>,
    errors: Errors,
}

async fn new(State(app): State<App>, me: Allowed<ManagePeople>, page: Page) -> Result<Response, Error> {
    let form = PersonForm { roles: vec![Role::Rep.as_str().to_owned()], ..PersonForm::default() };
    draw_new(&app, &me, page, form, Errors::new()).await
}

async fn draw_new(
    app: &App,
    me: &Allowed<ManagePeople>,
    page: Page,
    form: PersonForm,
    errors: Errors,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let teams = team_choices(&teams::db::tree(&mut read, &me.scope, me.today).await?);
    let levels = list_db::levels(&mut read, &me.scope).await?;
    answer(errors.status(), NewPage { page, roles: role_boxes(&form.roles), form, teams, levels, errors })
}

async fn create(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    page: Page,
    form: Form<PersonForm>,
) -> Result<Response, Error> {
    let Form { once, fields, typed } = form;
    let mut errors = Errors::new();
    let details = fields.parse(false, &mut errors);
    let roles = parse_roles(&fields.roles, &mut errors);
    let team: Option<TeamId> =
        if fields.team.is_empty() { None } else { errors.id("team", &fields.team, "a team of the list") };
    if !errors.is_empty() {
        return draw_new(&app, &me, page, fields, errors).await;
    }
    // Whoever can create an administrator can do everything: a forgotten browser must not be enough.
    if let Some(response) = step_up::required(&me, &page, "/users", &typed) {
        return response;
    }
    let mut write = once::begin(&app, &me, once).await?;
    if let Some(team) = team
        && !teams::db::exists(&mut write, team).await?
    {
        errors.add("team", "This team is no longer there. Choose another one.");
        drop(write);
        return draw_new(&app, &me, page, fields, errors).await;
    }
    let id = match db::insert(&mut write, &details).await {
        Ok(id) => id,
        Err(e) if violates(&e, "users_email_key") => {
            errors.add("email", "Somebody else has this e-mail address. Use another one.");
            drop(write);
            return draw_new(&app, &me, page, fields, errors).await;
        }
        Err(e) => return Err(e.into()),
    };
    db::set_roles(&mut write, id, &roles).await?;
    // Without a first day the membership begins with the company's records.
    if team.is_some() {
        db::set_team(&mut write, id, team, details.hired_on).await?;
    }
    let path = format!("/users/{id}");
    let detail = json!({ "new": details, "roles": roles, "team": team });
    audit::db::record(&mut write, "user.created", &path, detail).await?;
    let link = match &details.email {
        Some(email) => Some(link::make(&app, &mut write, id, Kind::Invite, email, me.id).await?),
        None => None,
    };
    // The link is shown once, here: a receipt must not keep it. The same form again leads to the person's page.
    write.done(&path).await?;
    person::show_with_link(&app, &me, page, id, link).await
}
