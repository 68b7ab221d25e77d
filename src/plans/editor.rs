//! The plan editor: one form whose buttons add, remove, move, show what it pays, and save a version that never changes.

use axum::{extract::State, http::StatusCode, response::Response};
use time::Date;

use super::{
    db::{self, PlanRow, VersionRow},
    example::{self, Shown, Warning},
    fill,
    form::{ComponentForm, PlanForm, Room},
    holds,
    lists::Lists,
    parse::{self, Read},
    place,
    simulation::{self, Unsaved},
    targets,
};
use crate::{
    App, audit,
    domain::{
        commission::{
            compare::{self, Change},
            plan::{Component, Measure, MeasuringPeriod, Plan},
            templates::Template,
            told,
        },
        id::PlanId,
        metric::{Metric, Unit},
        money::Currency,
        period::Period,
    },
    period_locks,
    postgres::{error::violates, tx},
    web::{
        auth::{Allowed, PrepareCommission, Viewer},
        error::Error,
        form::{Errors, Form, Nothing, Path, Query},
        once,
        page::{Page, answer, html},
        step_up,
        toast::Toast,
        ui::Choice,
    },
};

#[derive(askama::Template)]
#[template(path = "plans/begin.html")]
struct BeginPage {
    page: Page,
    /// The templates, each with its sentences.
    offers: Vec<(Template, Vec<String>)>,
    plans: Vec<PlanRow>,
}

#[derive(askama::Template)]
#[template(path = "plans/editor.html")]
struct EditorPage {
    page: Page,
    /// The plan that gets a new version; none: a new plan.
    plan: Option<(PlanId, String)>,
    /// Where the form is sent.
    action: String,
    form: PlanForm,
    errors: Errors,
    conflict: Option<Conflict>,
    /// What each component says, in words; empty where it cannot be read yet.
    told: Vec<Vec<String>>,
    /// What the author may not have meant.
    warnings: Vec<Warning>,
    shown: Option<Shown>,
    /// The metrics of the example, and how their numbers are written.
    metrics: Vec<(Metric, &'static str)>,
    lists: Lists,
    /// What is paid in advance and taken back, in words.
    account: Vec<String>,
    /// What the example takes for granted.
    assumes: Vec<String>,
    currency: Currency,
}

/// A version that somebody saved after the form was opened, and how the form differs from it.
struct Conflict {
    newest: VersionRow,
    changes: Vec<Change>,
}

/// What a page says beside the form.
#[derive(Default)]
struct Said {
    errors: Errors,
    conflict: Option<Conflict>,
    /// Whether to show what the plan pays: the chart asks the engine hundreds of times, so not at every press.
    pays: bool,
}

impl EditorPage {
    /// The warnings of a part of one component, or of the whole plan.
    fn warned(&self, component: Option<usize>, part: &str) -> impl Iterator<Item = &str> {
        let here = move |one: &&Warning| one.component == component && one.part == part;
        self.warnings.iter().filter(here).map(|one| one.words.as_str())
    }

    /// What a condition compares, with the scorecard that only this one has.
    fn compared(&self, value: &str) -> Vec<Choice> {
        let mut choices = self.lists.compared.clone();
        if let Some(other @ Measure::Scorecard(_)) = parse::compared(value, &[]).filter(|_| value != fill::CARD) {
            choices.push(Choice::new(value, told::measure(&other)));
        }
        choices
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand in references")]
    fn component(&self, i: &usize) -> Row<'_> {
        Row { i: *i, told: self.told.get(*i).map(Vec::as_slice).unwrap_or_default() }
    }

    fn along(&self) -> Vec<Choice> {
        self.metrics.iter().map(|(metric, _)| Choice::new(metric.as_str(), metric.label())).collect()
    }
}

/// A component's place in the form.
struct Row<'p> {
    i: usize,
    told: &'p [String],
}

impl Row<'_> {
    /// The name of a field: `c0_name`.
    fn id(&self, field: &str) -> String {
        format!("c{}_{field}", self.i)
    }

    /// The name of a field of a row: `c0_s1_from`.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand in references")]
    fn cell(&self, letter: &str, k: &usize, field: &str) -> String {
        format!("c{}_{letter}{k}_{field}", self.i)
    }

    /// From 1.
    fn number(&self) -> usize {
        self.i + 1
    }

    /// What it is called in a button's words.
    fn called(&self, form: &ComponentForm) -> String {
        if form.name.trim().is_empty() { format!("component {}", self.number()) } else { form.name.clone() }
    }
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Which {
    /// The word of a template, or empty for an empty plan.
    template: String,
    /// A plan to begin with a copy of.
    plan: String,
}

pub(super) async fn new(
    State(app): State<App>,
    me: Allowed<PrepareCommission>,
    page: Page,
    Query(which): Query<Which>,
) -> Result<Response, Error> {
    let currency = me.company.currency;
    let from = first_month(&mut *tx::read(&app.db, me.scope.org).await?, &me).await?.to_string();
    let form = if let Some(template) = Template::parse(&which.template) {
        PlanForm::of(&template.plan(template.label(), currency, me.today), &from)
    } else if which.template == "empty" {
        let month = MeasuringPeriod::Month.as_str().to_owned();
        PlanForm { from, period: month, components: vec![ComponentForm::empty()], ..PlanForm::default() }
    } else if which.plan.is_empty() {
        let offers = Template::ALL.map(|template| {
            let plan = template.plan(template.label(), currency, me.today);
            let components = plan.components.iter().flat_map(|component| told::component(component, currency));
            (template, components.chain(told::account(&plan)).collect())
        });
        let plans = db::list(&mut *tx::read(&app.db, me.scope.org).await?, me.scope.org, me.today).await?;
        return html(BeginPage { page, offers: offers.to_vec(), plans });
    } else {
        let id = which.plan.parse().map_err(|_| Error::NotFound)?;
        let newest = newest(&mut *tx::read(&app.db, me.scope.org).await?, &me, id).await?;
        PlanForm { name: String::new(), ..PlanForm::of(&newest.plan()?, &from) }
    };
    html(draw(&app, &me, page, None, form, Said { pays: true, ..Said::default() }).await?)
}

pub(super) async fn new_version(
    State(app): State<App>,
    me: Allowed<PrepareCommission>,
    page: Page,
    Path(id): Path<PlanId>,
) -> Result<Response, Error> {
    let newest = newest(&mut *tx::read(&app.db, me.scope.org).await?, &me, id).await?;
    let mut form = PlanForm::of(&newest.plan()?, &this_month(&me).to_string());
    form.version = newest.number.to_string();
    html(draw(&app, &me, page, Some((id, newest.plan)), form, Said { pays: true, ..Said::default() }).await?)
}

pub(super) async fn create(
    State(app): State<App>,
    me: Allowed<PrepareCommission>,
    page: Page,
    Form { once, typed, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let (form, act) = (PlanForm::read(&typed), act(&typed));
    if act == SIMULATE {
        return tried(&app, &me, page, None, form, typed).await;
    }
    if !act.is_empty() {
        return press(&app, &me, page, None, form, &act).await;
    }
    let (plan, from) = match read(&form, &me) {
        Ok(read) => read,
        Err(errors) => return refuse(&app, &me, page, None, form, errors).await,
    };
    if let Some(ask) = step_up::required(&me, &page, "/plans", &typed) {
        return ask;
    }
    let mut write = once::begin(&app, &me, once).await?;
    if period_locks::db::is_locked_from(&mut write, me.scope.org, from).await? {
        drop(write);
        return refuse(&app, &me, page, None, form, locked("from")).await;
    }
    let id = match db::insert(&mut write, &plan.name).await {
        Ok(id) => id,
        Err(e) if violates(&e, "plans_name_key") => {
            drop(write);
            let mut errors = Errors::new();
            errors.add("name", format!("There is a plan called “{}” already. Choose another name.", plan.name));
            return refuse(&app, &me, page, None, form, errors).await;
        }
        Err(e) => return Err(e.into()),
    };
    store_version(&mut write, id, &plan, from).await?;
    write.done_saying(&format!("/plans/{id}"), &Toast::new(format!("{} saved", plan.name))).await
}

pub(super) async fn create_version(
    State(app): State<App>,
    me: Allowed<PrepareCommission>,
    page: Page,
    Path(id): Path<PlanId>,
    Form { once, typed, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let known = newest(&mut *tx::read(&app.db, me.scope.org).await?, &me, id).await?;
    let (mut form, act) = (PlanForm::read_within(&typed, Room::of(&known.plan()?)), act(&typed));
    form.name.clone_from(&known.plan);
    let head = Some((id, known.plan.clone()));
    if act == SIMULATE {
        return tried(&app, &me, page, head, form, typed).await;
    }
    if !act.is_empty() {
        return press(&app, &me, page, head, form, &act).await;
    }
    let (plan, from) = match read(&form, &me) {
        Ok(read) => read,
        Err(errors) => return refuse(&app, &me, page, head, form, errors).await,
    };
    if let Some(ask) = step_up::required(&me, &page, &format!("/plans/{id}/versions"), &typed) {
        return ask;
    }
    // Alone: two people who save at once must not both be the next one.
    let mut write = once::begin_alone(&app, &me, once).await?;
    let newest = newest(&mut write, &me, id).await?;
    if form.version != newest.number.to_string() {
        drop(write);
        let changes = compare::changes(&newest.plan()?, &plan);
        form.version = newest.number.to_string();
        let said = Said { conflict: Some(Conflict { newest, changes }), ..Said::default() };
        return answer(StatusCode::CONFLICT, draw(&app, &me, page, head, form, said).await?);
    }
    if plan.period != newest.plan()?.period {
        let errors = holds::cut_off(&mut write, &me, id, &plan, from).await?;
        if !errors.is_empty() {
            drop(write);
            return refuse(&app, &me, page, head, form, errors).await;
        }
    }
    let fiscal_start = me.company.fiscal_start;
    let versions = db::versions(&mut write, me.scope.org, id).await?;
    let twice = match holds::paid_twice(&versions, &plan, from, fiscal_start)? {
        None => holds::trued_up_twice(&versions, &plan, from, fiscal_start)?,
        words => words,
    };
    if let Some(words) = twice {
        drop(write);
        let mut errors = Errors::new();
        errors.add("from", words);
        return refuse(&app, &me, page, head, form, errors).await;
    }
    if period_locks::db::is_locked_from(&mut write, me.scope.org, from).await? {
        drop(write);
        return refuse(&app, &me, page, head, form, locked("from")).await;
    }
    store_version(&mut write, id, &plan, from).await?;
    let overtaken = holds::overtaken(&versions, from, fiscal_start).map(|words| format!(". {words}"));
    let words = format!("New version of {} saved{}", plan.name, overtaken.unwrap_or_default());
    write.done_saying(&format!("/plans/{id}"), &Toast::new(words)).await
}

/// What a form says that is to be saved: nothing wrong, and no larger than a plan may be.
fn read(form: &PlanForm, me: &Viewer) -> Result<(Plan, Date), Errors> {
    let Read { plan, mut errors, .. } = form.parse(me.company.currency, me.company.fiscal_start);
    let Some((plan, from)) = plan else { return Err(errors) };
    place::tell(&plan.oversize(), form, &mut errors);
    if errors.is_empty() { Ok((plan, from)) } else { Err(errors) }
}

/// The button that asks what the form's plan would have paid.
const SIMULATE: &str = "simulate";

/// What the plan of a form would have paid, before it is saved; where it cannot be read, the form with what is wrong.
async fn tried(
    app: &App,
    me: &Viewer,
    page: Page,
    head: Option<(PlanId, String)>,
    form: PlanForm,
    typed: Vec<(String, String)>,
) -> Result<Response, Error> {
    let (plan, from) = match read(&form, me) {
        Ok(read) => read,
        Err(errors) => return refuse(app, me, page, head, form, errors).await,
    };
    let plan_id = head.as_ref().map(|(id, _)| *id);
    simulation::unsaved(app, me, page, Unsaved { plan_id, plan, from, action: action(head.as_ref()), typed }).await
}

/// Where the form of a plan is sent.
fn action(head: Option<&(PlanId, String)>) -> String {
    head.map_or_else(|| "/plans".to_owned(), |(id, _)| format!("/plans/{id}/versions"))
}

/// The button that was pressed; the plain one saves.
fn act(typed: &[(String, String)]) -> String {
    typed.iter().find(|(name, _)| name == "act").map(|(_, value)| value.clone()).unwrap_or_default()
}

/// A button that saves nothing: the same page with one row more or less, or with what the plan pays.
async fn press(
    app: &App,
    me: &Viewer,
    page: Page,
    head: Option<(PlanId, String)>,
    mut form: PlanForm,
    act: &str,
) -> Result<Response, Error> {
    if act != "show" {
        let errors = form.left_out();
        form.press(act);
        return answer(errors.status(), draw(app, me, page, head, form, Said { errors, ..Said::default() }).await?);
    }
    let Read { plan, mut errors, .. } = form.parse(me.company.currency, me.company.fiscal_start);
    if let Some((plan, from)) = plan {
        form.example.fill(&form.metrics());
        errors.extend(form.example.parse(&plan, from, me.company.fiscal_start).err().unwrap_or_default());
    }
    answer(errors.status(), draw(app, me, page, head, form, Said { errors, conflict: None, pays: true }).await?)
}

async fn refuse(
    app: &App,
    me: &Viewer,
    page: Page,
    head: Option<(PlanId, String)>,
    form: PlanForm,
    errors: Errors,
) -> Result<Response, Error> {
    let said = Said { errors, ..Said::default() };
    answer(StatusCode::UNPROCESSABLE_ENTITY, draw(app, me, page, head, form, said).await?)
}

/// The page of a form, with everything that can be said about its plan as it is.
async fn draw(
    app: &App,
    me: &Viewer,
    page: Page,
    plan: Option<(PlanId, String)>,
    mut form: PlanForm,
    Said { mut errors, conflict, pays }: Said,
) -> Result<EditorPage, Error> {
    let (currency, fiscal_start) = (me.company.currency, me.company.fiscal_start);
    let metrics = form.metrics();
    form.example.fill(&metrics);
    let Read { components, plan: read, .. } = form.parse(currency, fiscal_start);
    let told = |one: &Option<Component>| one.as_ref().map(|one| told::component(one, currency)).unwrap_or_default();
    let (mut shown, mut warnings) = (None, vec![]);
    let (mut account, mut assumes) = (vec![], vec![]);
    if let Some((said, from)) = &read {
        let along = Metric::parse(&form.example.along);
        let example = form.example.parse(said, *from, fiscal_start);
        let of_form = example.as_ref().map(|example| example::assumes(said, example));
        (account, assumes) = (told::account(said), of_form.unwrap_or_default());
        if pays && let (Ok(example), Some(along)) = (example, along) {
            match example::shown_beside(said, example, along).await? {
                Ok(drawn) => shown = drawn,
                Err(refused) => errors.extend(refused),
            }
        }
        warnings = example::warnings(said, shown.as_ref());
        let first = Period::containing(said.period.into(), *from, fiscal_start);
        let id = plan.as_ref().map(|(id, _)| *id);
        let mut db = tx::read(&app.db, me.scope.org).await?;
        let lacking = targets::lacking(&mut db, me.scope.org, said, id, first).await?;
        warnings.extend(lacking.into_iter().map(|(target, words)| Warning {
            component: said.components.iter().position(|one| one.attained().contains(&target)),
            part: "",
            words,
        }));
        if let Some(id) = id {
            let versions = db::versions(&mut db, me.scope.org, id).await?;
            warnings.extend(holds::overtaken(&versions, *from, fiscal_start).map(Warning::of_plan));
        }
    }
    let unit = |metric: Metric| match metric.unit() {
        Unit::Money => "money",
        Unit::Count => "count",
        Unit::Fraction => "percent",
    };
    Ok(EditorPage {
        page,
        action: action(plan.as_ref()),
        plan,
        told: components.iter().map(told).collect(),
        form,
        errors,
        conflict,
        warnings,
        shown,
        metrics: metrics.into_iter().map(|metric| (metric, unit(metric))).collect(),
        lists: Lists::new(),
        account,
        assumes,
        currency,
    })
}

async fn store_version(tx: &mut tx::Tx, id: PlanId, plan: &Plan, from: Date) -> Result<(), Error> {
    let document = serde_json::from_str(&plan.to_json()).map_err(|e| Error::Internal(e.to_string()))?;
    db::insert_version(tx, id, from, &document).await?;
    let detail = serde_json::json!({ "from": from, "plan": document });
    audit::db::record(tx, "plan.version", &format!("/plans/{id}"), detail).await?;
    Ok(())
}

async fn newest(db: &mut sqlx::PgConnection, me: &Viewer, id: PlanId) -> Result<VersionRow, Error> {
    db::versions(db, me.scope.org, id).await?.into_iter().next().ok_or(Error::NotFound)
}

impl VersionRow {
    /// The plan that it holds.
    pub(super) fn plan(&self) -> Result<Plan, Error> {
        Plan::from_value(&self.document).map_err(|e| Error::Internal(format!("plan version {}: {e}", self.id)))
    }
}

/// The month of today.
fn this_month(me: &Viewer) -> Period {
    Period::month(me.today, me.company.fiscal_start)
}

/// From when a plan is offered to hold: this month; before anything was approved the one that is over, as that is the
/// first that can be paid.
pub(super) async fn first_month(db: &mut sqlx::PgConnection, me: &Viewer) -> sqlx::Result<Period> {
    let month = this_month(me);
    let is_first = period_locks::db::locked_until(db, me.scope.org).await?.is_none();
    Ok(if is_first { month.previous() } else { month })
}

/// The words where a month's pay is closed.
pub(super) fn locked(field: &str) -> Errors {
    let mut errors = Errors::new();
    errors.add(field, "That month's commission is approved and locked. Choose a later month.");
    errors
}
