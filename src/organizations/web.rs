//! `/settings`: the rules by which a company counts, its holidays, and after how many days a customer is lost.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use serde_json::{Value, json};
use time::{Date, Month};

use super::{
    db,
    form::SettingsForm,
    holidays::{self, HolidayForm},
    limits::{self, LimitForm},
    limits_db,
    settings_db::{self, HolidayRow, LimitRow, Settings},
};
use crate::{
    App,
    audit::{
        self,
        words::{Act, told},
    },
    customers::{
        events_db,
        find_db::{self, Named},
        rules_db,
    },
    domain::{
        company::{GrowthBase, GrowthBasis},
        customer::facts::CustomerRule,
        locale::Locale,
        money::{Currency, Money},
        period::{add_months, month_number},
    },
    period_locks,
    postgres::{error::violates, tx},
    sign_in::required::NO_KEY,
    web::{
        auth::{Allowed, ManagePeople, Viewer},
        error::Error,
        form::{Errors, Form},
        once,
        page::{Page, answer},
        routes::Routes,
        step_up,
        toast::Toast,
        ui::Choice,
        upload::MOST_READ,
    },
};

/// Where the settings are, and what their history is filed under.
pub const PATH: &str = "/settings";

/// `/settings` and below.
pub fn routes() -> Routes {
    Routes::new()
        .get(PATH, index)
        .post(PATH, save)
        .post("/settings/limits", limits::set)
        .post("/settings/limits/{id}/remove", limits::remove)
        .post("/settings/holidays", holidays::add)
        .post_large("/settings/holidays/file", MOST_READ, holidays::look)
        .post("/settings/holidays/days", holidays::take)
        .post("/settings/holidays/{day}/remove", holidays::remove)
        .post("/settings/holidays/{day}/restore", holidays::restore)
}

#[derive(Template)]
#[template(path = "organizations/settings.html")]
struct SettingsPage {
    page: Page,
    form: SettingsForm,
    limit: LimitForm,
    holiday: HolidayForm,
    errors: Errors,
    /// Whether somebody else has saved meanwhile.
    stale: bool,
    segments: Vec<Choice>,
    /// Customers for the limit of one: names to complete, and those like the one that was typed.
    names: Vec<Named>,
    similar: Vec<Choice>,
    limits: Vec<LimitRow>,
    holidays: Vec<HolidayRow>,
    /// The first day after everything that is locked.
    open_from: Option<Date>,
    currency: Currency,
    time_zone: String,
    time_zones: Vec<Choice>,
    history: Vec<Act>,
}

impl SettingsPage {
    fn weekdays(&self) -> Vec<(String, &'static str, bool)> {
        let names = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
        let day = |(number, name): (usize, &'static str)| {
            let number = number.to_string();
            let ticked = self.form.workdays.contains(&number);
            (number, name, ticked)
        };
        (1..).zip(names).map(day).collect()
    }

    /// "Days before 1 Nov 2026 are locked and stay as they were."; empty while nothing is locked.
    fn locked(&self) -> String {
        self.open_from.map_or_else(String::new, |open| format!("{}.", period_locks::words::stay(open)))
    }

    /// Whether a limit may still be taken away: nothing that is locked follows from it.
    fn is_removable(&self, limit: &LimitRow) -> bool {
        let is_base = limit.from_date.is_none() && limit.segment.is_none() && limit.customer.is_none();
        !is_base && self.open_from.is_none_or(|open| limit.from_date.is_some_and(|from| from >= open))
    }
}

/// The time zones to choose from, and the company's, should it have another name.
fn zones(mut zones: Vec<String>, own: &str) -> Vec<Choice> {
    if !zones.iter().any(|zone| zone == own) {
        zones.insert(0, own.to_owned());
    }
    zones.into_iter().map(|zone| Choice::new(&zone, zone.replace('_', " "))).collect()
}

/// The months in which a fiscal year may begin.
fn months() -> Vec<Choice> {
    (1..=12).map(|month| Choice::new(month, Month::to_string(&month_number(month)))).collect()
}

/// What growth may be compared with.
fn bases() -> Vec<Choice> {
    GrowthBase::ALL.map(|base| Choice::new(base.as_str(), base.label())).into()
}

/// Whose sales growth may compare.
fn growth_bases() -> Vec<Choice> {
    GrowthBasis::ALL.map(|basis| Choice::new(basis.as_str(), basis.label())).into()
}

/// How numbers and dates may be written.
fn locales() -> Vec<Choice> {
    Locale::ALL.map(|locale| Choice::new(locale.as_str(), locale.label())).into()
}

/// What was typed into the forms of the page, and what is wrong with it.
#[derive(Default)]
pub struct Typed {
    /// The settings; none: what is saved.
    pub settings: Option<SettingsForm>,
    /// A new limit.
    pub limit: LimitForm,
    /// Customers whose name is like the one typed for it.
    pub similar: Vec<Choice>,
    /// A new holiday.
    pub holiday: HolidayForm,
    /// What is wrong.
    pub errors: Errors,
}

async fn index(State(app): State<App>, me: Allowed<ManagePeople>, page: Page) -> Result<Response, Error> {
    draw(&app, &me, page, Typed::default()).await
}

/// The page, with what was typed and refused.
pub async fn draw(app: &App, me: &Viewer, page: Page, typed: Typed) -> Result<Response, Error> {
    let status = typed.errors.status();
    show(app, me, page, typed, status).await
}

async fn show(app: &App, me: &Viewer, page: Page, typed: Typed, status: StatusCode) -> Result<Response, Error> {
    let org = me.scope.org;
    let mut read = tx::read(&app.db, org).await?;
    let (settings, version) = settings_db::find(&mut read, org).await?;
    let Typed { settings: form, limit, similar, holiday, errors } = typed;
    let segments = limits_db::segments(&mut read, org).await?;
    let page = SettingsPage {
        page,
        form: form.unwrap_or_else(|| SettingsForm::of(&settings, version, me.company.currency, &me.company.time_zone)),
        limit,
        holiday,
        errors,
        stale: status == StatusCode::CONFLICT,
        segments: segments.into_iter().map(|segment| Choice::new(&segment, segment.clone())).collect(),
        names: find_db::names(&mut read, &me.scope, me.today).await?,
        similar,
        limits: settings_db::limits(&mut read, org).await?,
        holidays: settings_db::holidays(&mut read, org, add_months(me.today, -12)).await?,
        open_from: period_locks::db::locked_until(&mut read, org).await?,
        currency: me.company.currency,
        time_zone: me.company.time_zone.clone(),
        time_zones: zones(db::time_zones(&app.db).await?, &me.company.time_zone),
        history: told(audit::db::history(&mut read, org, &me.company.time_zone, PATH).await?, me.company.currency),
    };
    answer(status, page)
}

async fn save(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    page: Page,
    Form { once, fields, typed }: Form<SettingsForm>,
) -> Result<Response, Error> {
    // Among them are the second factor of whoever pays, and whether deals need somebody else's word.
    if let Some(ask) = step_up::required(&me, &page, PATH, &typed) {
        return ask;
    }
    let mut errors = Errors::new();
    let new = fields.parse(me.company.currency, &mut errors);
    if new.second_factor_required && !me.second_factor_required && app.key.is_none() {
        errors.add("second_factor_required", NO_KEY); // nobody could turn one on, and go on
    }
    let refuse = |errors| Typed { settings: Some(fields.clone()), errors, ..Typed::default() };
    if !errors.is_empty() {
        return draw(&app, &me, page, refuse(errors)).await;
    }
    let old_zone = me.company.time_zone.as_str();
    let time_zone = match fields.time_zone.trim() {
        "" => Some(old_zone.to_owned()),
        typed => db::time_zone(&app.db, typed).await?,
    };
    let Some(time_zone) = time_zone else {
        errors.add("time_zone", "Choose a time zone of the list.");
        return draw(&app, &me, page, refuse(errors)).await;
    };
    let Ok(version) = fields.version.parse() else {
        return Err(Error::BadRequest("The form is not whole. Open it again."));
    };
    let mut write = once::begin_alone(&app, &me, once).await?;
    let (old, _) = settings_db::find(&mut write, me.scope.org).await?;
    let open = period_locks::db::locked_until(&mut write, me.scope.org).await?;
    if open.is_some() && new.fiscal_year_start != old.fiscal_year_start {
        drop(write);
        errors.add("fiscal_year_start", "A period is locked: the fiscal year stays as it is.");
        return draw(&app, &me, page, refuse(errors)).await;
    }
    // Lateness, locks and what was known on a day are told by its midnight.
    if open.is_some() && time_zone != old_zone {
        drop(write);
        errors.add("time_zone", "A period is locked: the time zone stays as it is.");
        return draw(&app, &me, page, refuse(errors)).await;
    }
    match settings_db::update(&mut write, &new, version).await {
        Ok(true) => {}
        Ok(false) => {
            drop(write);
            return show(&app, &me, page, refuse(errors), StatusCode::CONFLICT).await;
        }
        Err(e) if violates(&e, "organizations_name_key") => {
            drop(write);
            errors.add("name", "Another company of this installation has this name. Use another one.");
            return draw(&app, &me, page, refuse(errors)).await;
        }
        Err(e) => return Err(e.into()),
    }
    let rule = |of: &Settings| CustomerRule {
        from: open,
        new_months: of.new_customer_months,
        grace_days: of.handover_grace_days,
    };
    if rule(&new) != rule(&old) {
        rules_db::set(&mut write, rule(&new)).await?;
        events_db::recompute_all(&mut write).await?;
    }
    let currency = me.company.currency;
    let (mut before, mut after) = (kept(&old, currency), kept(&new, currency));
    if time_zone != old_zone {
        settings_db::set_time_zone(&mut write, &time_zone).await?;
        (before["time zone"], after["time zone"]) = (json!(old_zone), json!(time_zone));
    }
    let detail = json!({ "old": before, "new": after });
    audit::db::record(&mut write, "settings.changed", PATH, detail).await?;
    write.done_saying(PATH, &Toast::new("Settings saved")).await
}

/// What the history keeps of the settings.
fn kept(settings: &Settings, currency: Currency) -> Value {
    let cost = |cost: Option<Money>| cost.map_or_else(|| "not set".to_owned(), |cost| currency.show(cost));
    let month = Month::to_string(&month_number(i32::from(settings.fiscal_year_start)));
    let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let workdays = (1_i16..).zip(names).filter(|(day, _)| settings.workdays.contains(day)).map(|(_, name)| name);
    json!({
        "name": settings.name,
        "fiscal year begins in": month,
        "working days": workdays.collect::<Vec<_>>().join(", "),
        "growth compared with": settings.growth_base.label(),
        "growth compares": settings.growth_basis.label(),
        "months as a new customer": settings.new_customer_months,
        "days of grace after a handover": settings.handover_grace_days,
        "days until a visit is late": settings.late_entry_days,
        "deals need confirmation": if settings.confirm_deals { "yes" } else { "no" },
        "cost of a visit": cost(settings.costs.visit),
        "cost of a minute": cost(settings.costs.minute),
        "cost of an order": cost(settings.costs.order),
        "numbers and dates": settings.locale.label(),
        "finance and administrators need a second factor": if settings.second_factor_required { "yes" } else { "no" },
    })
}
