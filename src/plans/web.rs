//! Plans' pages: three templates with their numbers, versions from a month on, and who is on which.

use axum::{extract::State, response::Response};
use time::Date;

use super::{
    db::{self, AssignmentRow, PlanRow, RepRow, VersionRow},
    form::PlanForm,
};
use crate::{
    App, audit,
    domain::{
        commission::{
            check,
            evaluate::evaluate,
            explain,
            facts::{Deal, Facts},
            plan::{MeasuringPeriod, Plan},
            statement::Line,
            templates::Template,
        },
        id::{PlanId, UserId},
        metric::Metric,
        money::Currency,
        period::{Period, PeriodKind},
    },
    period_locks,
    postgres::{error::violates, tx},
    web::{
        auth::{Allowed, PrepareCommission, Viewer},
        error::Error,
        form::{Errors, Form, Path, Query},
        format, number, once,
        page::{Page, html, refused},
        routes::Routes,
        toast::Toast,
        ui::Choice,
    },
};

/// The routes of plans.
pub fn routes() -> Routes {
    Routes::new()
        .get("/plans", index)
        .post("/plans", create)
        .get("/plans/new", new)
        .get("/plans/{id}", show)
        .get("/plans/{id}/versions/new", new_version)
        .post("/plans/{id}/versions", create_version)
        .post("/plans/{id}/assignments", assign)
}

#[derive(askama::Template)]
#[template(path = "plans/index.html")]
struct IndexPage {
    page: Page,
    plans: Vec<PlanRow>,
    without: Vec<RepRow>,
}

async fn index(State(app): State<App>, me: Allowed<PrepareCommission>, page: Page) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let plans = db::list(&mut read, me.scope.org, me.today).await?;
    let without = db::reps(&mut read, me.scope.org, me.today).await?.into_iter().filter(|r| r.plan.is_none()).collect();
    html(IndexPage { page, plans, without })
}

#[derive(askama::Template)]
#[template(path = "plans/form.html")]
struct FormPage {
    page: Page,
    /// The plan that gets a new version; none: a new plan.
    plan: Option<(PlanId, String)>,
    form: PlanForm,
    errors: Errors,
    example: Option<Example>,
    currency: Currency,
}

/// What the numbers of the form would pay.
struct Example {
    intro: String,
    lines: Vec<Line>,
    total: String,
    warnings: Vec<String>,
}

#[derive(askama::Template)]
#[template(path = "plans/templates.html")]
struct TemplatesPage {
    page: Page,
    offers: Vec<(Template, Vec<String>)>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Which {
    template: String,
}

async fn new(me: Allowed<PrepareCommission>, page: Page, Query(which): Query<Which>) -> Result<Response, Error> {
    let currency = me.company.currency;
    let Some(template) = Template::usual(&which.template, currency) else {
        let offers = Template::NAMES.iter().filter_map(|name| Template::usual(name, currency));
        let offers = offers.map(|template| (template.clone(), rules(&of_template(&template, currency)))).collect();
        return html(TemplatesPage { page, offers });
    };
    let form = PlanForm::usual(&template, this_month(&me).from(), currency);
    let example = example(&form, &me);
    html(FormPage { page, plan: None, form, errors: Errors::new(), example, currency: me.company.currency })
}

async fn create(
    State(app): State<App>,
    me: Allowed<PrepareCommission>,
    page: Page,
    Form { once, fields: form, .. }: Form<PlanForm>,
) -> Result<Response, Error> {
    if form.act == "try" {
        return try_out(page, None, form, &me);
    }
    let (plan, from) = match form.parse(me.company.currency, me.company.fiscal_start) {
        Ok(parsed) => parsed,
        Err(errors) => return refuse(page, None, form, errors, &me),
    };
    let mut write = once::begin(&app, &me, once).await?;
    if period_locks::db::is_locked_from(&mut write, me.scope.org, from).await? {
        return refuse(page, None, form, locked("from"), &me);
    }
    let id = match db::insert(&mut write, &plan.name).await {
        Ok(id) => id,
        Err(e) if violates(&e, "plans_name_key") => {
            let mut errors = Errors::new();
            errors.add("name", format!("There is a plan called “{}” already. Choose another name.", plan.name));
            return refuse(page, None, form, errors, &me);
        }
        Err(e) => return Err(e.into()),
    };
    store_version(&mut write, id, &plan, from, &form.template).await?;
    write.done_saying(&format!("/plans/{id}"), &Toast::new(format!("{} saved", plan.name))).await
}

#[derive(askama::Template)]
#[template(path = "plans/show.html")]
struct ShowPage {
    page: Page,
    newest: VersionRow,
    rules: Vec<String>,
    warnings: Vec<String>,
    has_template: bool,
    versions: Vec<VersionRow>,
    assignments: Vec<AssignmentRow>,
    reps: Vec<Choice>,
    form: AssignForm,
    errors: Errors,
}

#[derive(Clone, Default, serde::Deserialize)]
#[serde(default)]
struct AssignForm {
    rep: String,
    from: String,
    /// `on` puts the rep on the plan, `off` takes the rep off.
    act: String,
}

async fn show(
    State(app): State<App>,
    me: Allowed<PrepareCommission>,
    page: Page,
    Path(id): Path<PlanId>,
) -> Result<Response, Error> {
    let form = AssignForm { from: this_month(&me).to_string(), ..AssignForm::default() };
    html(load(&app, &me, page, id, form, Errors::new()).await?)
}

async fn load(
    app: &App,
    me: &Viewer,
    page: Page,
    id: PlanId,
    form: AssignForm,
    errors: Errors,
) -> Result<ShowPage, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let mut versions = db::versions(&mut read, me.scope.org, id).await?;
    if versions.is_empty() {
        return Err(Error::NotFound);
    }
    let newest = versions.remove(0);
    let plan = plan_of(&newest)?;
    let assignments = db::assignments(&mut read, me.scope.org, id).await?;
    let reps = db::reps(&mut read, me.scope.org, me.today).await?;
    let reps = reps.into_iter().map(|rep| Choice::new(rep.id, with_plan(&rep))).collect();
    Ok(ShowPage {
        page,
        rules: rules(&plan),
        warnings: check::warnings(&plan).iter().map(ToString::to_string).collect(),
        has_template: Template::of(&plan).is_some(),
        newest,
        versions,
        assignments,
        reps,
        form,
        errors,
    })
}

async fn new_version(
    State(app): State<App>,
    me: Allowed<PrepareCommission>,
    page: Page,
    Path(id): Path<PlanId>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let newest = newest(&mut read, &me, id).await?;
    let plan = plan_of(&newest)?;
    let Some(template) = Template::of(&plan) else {
        return Err(Error::Conflict("This plan was imported and fits none of the forms. Import its next version."));
    };
    let mut form = PlanForm::usual(&template, this_month(&me).from(), me.company.currency);
    form.name.clone_from(&newest.plan);
    let example = example(&form, &me);
    html(FormPage {
        page,
        plan: Some((id, newest.plan)),
        form,
        errors: Errors::new(),
        example,
        currency: me.company.currency,
    })
}

async fn create_version(
    State(app): State<App>,
    me: Allowed<PrepareCommission>,
    page: Page,
    Path(id): Path<PlanId>,
    Form { once, fields: mut form, .. }: Form<PlanForm>,
) -> Result<Response, Error> {
    let newest = newest(&mut *tx::read(&app.db, me.scope.org).await?, &me, id).await?;
    form.name.clone_from(&newest.plan);
    let head = Some((id, newest.plan.clone()));
    if form.act == "try" {
        return try_out(page, head, form, &me);
    }
    let (plan, from) = match form.parse(me.company.currency, me.company.fiscal_start) {
        Ok(parsed) => parsed,
        Err(errors) => return refuse(page, head, form, errors, &me),
    };
    let mut write = once::begin(&app, &me, once).await?;
    if period_locks::db::is_locked_from(&mut write, me.scope.org, from).await? {
        return refuse(page, head, form, locked("from"), &me);
    }
    store_version(&mut write, id, &plan, from, &form.template).await?;
    write.done_saying(&format!("/plans/{id}"), &Toast::new(format!("New version of {} saved", plan.name))).await
}

async fn assign(
    State(app): State<App>,
    me: Allowed<PrepareCommission>,
    page: Page,
    Path(id): Path<PlanId>,
    Form { once, fields: form, .. }: Form<AssignForm>,
) -> Result<Response, Error> {
    let mut errors = Errors::new();
    let rep: Option<UserId> = errors.id("rep", &form.rep, "a rep");
    let from = Period::parse(form.from.trim(), me.company.fiscal_start);
    let from = from.ok().filter(|period| period.kind() == PeriodKind::Month).map(Period::from);
    if from.is_none() {
        errors.add("from", "Say the month from which it holds, like 2026-11.");
    }
    let (Some(rep), Some(from)) = (rep, from) else {
        return refused(load(&app, &me, page, id, form, errors).await?);
    };
    let mut write = once::begin(&app, &me, once).await?;
    let versions = db::versions(&mut write, me.scope.org, id).await?;
    let (Some(newest), Some(first)) = (versions.first(), versions.last()) else { return Err(Error::NotFound) };
    let kind = PeriodKind::from(plan_of(newest)?.period);
    let measured = Period::containing(kind, from, me.company.fiscal_start);
    let wrong = match () {
        () if measured.from() != from => {
            let begins = Period::month(measured.from(), me.company.fiscal_start);
            Some(format!("This plan pays by the {}: choose the first month of one, like {begins}.", kind.as_str()))
        }
        () if from < first.from_date => {
            let begins = Period::month(first.from_date, me.company.fiscal_start);
            Some(format!("The plan holds from {begins}. Choose that month or a later one."))
        }
        () => None,
    };
    if let Some(words) = wrong {
        drop(write);
        errors.add("from", words);
        return refused(load(&app, &me, page, id, form, errors).await?);
    }
    let reps = db::reps(&mut write, me.scope.org, me.today).await?;
    let Some(known) = reps.into_iter().find(|known| known.id == rep) else {
        drop(write);
        errors.add("rep", "Choose a rep from the list.");
        return refused(load(&app, &me, page, id, form, errors).await?);
    };
    if period_locks::db::is_locked_from(&mut write, me.scope.org, from).await? {
        drop(write);
        return refused(load(&app, &me, page, id, form, locked("from")).await?);
    }
    let on = form.act != "off";
    db::assign(&mut write, rep, on.then_some(id), from).await?;
    let detail = serde_json::json!({ "rep": known.name, "from": from, "on": on });
    audit::db::record(&mut write, "plan.assigned", &format!("/plans/{id}"), detail).await?;
    let words = if on { "put on" } else { "taken off" };
    write.done_saying(&format!("/plans/{id}"), &Toast::new(format!("{} {words} the plan", known.name))).await
}

async fn store_version(tx: &mut tx::Tx, id: PlanId, plan: &Plan, from: Date, template: &str) -> Result<(), Error> {
    let document = serde_json::from_str(&plan.to_json()).map_err(|e| Error::Internal(e.to_string()))?;
    db::insert_version(tx, id, from, &document, Some(template)).await?;
    let detail = serde_json::json!({ "from": from, "plan": document });
    audit::db::record(tx, "plan.version", &format!("/plans/{id}"), detail).await?;
    Ok(())
}

async fn newest(db: &mut sqlx::PgConnection, me: &Viewer, id: PlanId) -> Result<VersionRow, Error> {
    db::versions(db, me.scope.org, id).await?.into_iter().next().ok_or(Error::NotFound)
}

fn plan_of(version: &VersionRow) -> Result<Plan, Error> {
    Plan::from_value(&version.document).map_err(|e| Error::Internal(format!("plan version {}: {e}", version.id)))
}

fn this_month(me: &Viewer) -> Period {
    Period::month(me.today, me.company.fiscal_start)
}

fn with_plan(rep: &RepRow) -> String {
    match &rep.plan {
        Some(plan) => format!("{} (on {plan})", rep.name),
        None => format!("{} (on no plan)", rep.name),
    }
}

fn locked(field: &str) -> Errors {
    let mut errors = Errors::new();
    errors.add(field, "That month's commission is approved and locked. Choose a later month.");
    errors
}

fn refuse(
    page: Page,
    plan: Option<(PlanId, String)>,
    form: PlanForm,
    errors: Errors,
    me: &Viewer,
) -> Result<Response, Error> {
    let example = example(&form, me);
    refused(FormPage { page, plan, form, errors, example, currency: me.company.currency })
}

/// The same page with the example for the numbers as they are; nothing is saved.
fn try_out(page: Page, plan: Option<(PlanId, String)>, form: PlanForm, me: &Viewer) -> Result<Response, Error> {
    let errors = form.parse(me.company.currency, me.company.fiscal_start).err().unwrap_or_default();
    if errors.is_empty() {
        let example = example(&form, me);
        return html(FormPage { page, plan, form, errors, example, currency: me.company.currency });
    }
    refuse(page, plan, form, errors, me)
}

fn of_template(template: &Template, currency: Currency) -> Plan {
    template.plan(template.label(), currency, MeasuringPeriod::Month)
}

/// What a plan pays, one sentence per component.
fn rules(plan: &Plan) -> Vec<String> {
    plan.components.iter().map(|component| explain::rule(component, plan.currency)).collect()
}

/// What the form's plan would pay for the numbers to try; nothing while a number cannot be read.
fn example(form: &PlanForm, me: &Viewer) -> Option<Example> {
    let currency = me.company.currency;
    let (plan, from) = form.parse(currency, me.company.fiscal_start).ok()?;
    let sales = number::money(&form.try_sales, currency).ok()?;
    let target = number::money(&form.try_target, currency).ok()?;
    let customers = number::count(&form.try_new).ok()?;
    let mut facts = Facts { rep: "Example".to_owned(), period: form.from.clone(), ..Facts::default() };
    for metric in Metric::ALL {
        facts.metrics.insert(metric, 0.into());
    }
    facts.metrics.remove(&Metric::NetSales);
    facts.metrics.insert(Metric::NewCustomers, customers.into());
    facts.metrics.insert(Metric::StrangerVisits, 20.into());
    facts.targets.insert(Metric::StrangerVisits, 20.into());
    facts.targets.insert(Metric::NetSales, target.exact());
    facts.deals = Some(vec![Deal::won(1, from, "Example", sales)]);
    let statement = evaluate(&plan, &facts).ok()?;
    let shown = |amount| format::money(currency, amount);
    Some(Example {
        intro: format!(
            "A month with {} of sales against a target of {}, {customers} new customers and 20 of 20 stranger visits:",
            shown(sales),
            shown(target)
        ),
        total: shown(statement.total.money),
        lines: statement.lines,
        warnings: check::warnings(&plan).iter().map(ToString::to_string).collect(),
    })
}
