//! `/plans/7/simulation`: what a version would have paid in the last twelve months, beside what today's plans pay; and the
//! same of a form that is not saved yet.

use askama::Template;
use axum::{extract::State, response::Response};
use sqlx::PgConnection;
use time::Date;

use super::{
    db::{self, VersionRow},
    holds,
    simulate::{Draft, MOST_REPS, Pay, RepPay, Simulation, concerned, simulate},
};
use crate::{
    App,
    audit::downloads::{self, Download},
    domain::{
        commission::plan::Plan,
        id::{PlanId, UserId},
        money::Money,
        period::{Period, PeriodKind},
        rate::Ratio,
    },
    postgres::tx,
    web::{
        auth::{Allowed, PrepareCommission, Viewer},
        chart::{Bar, Bars},
        csv,
        error::Error,
        form::{Form, Nothing, Path, Query},
        format,
        page::{Page, html},
        step_up,
        ui::{Choice, Tone},
    },
};

/// How many of those who gain or lose are named.
const NAMED: usize = 3;

/// What is asked for.
#[derive(Clone, Default, serde::Deserialize, serde::Serialize)]
#[serde(default)]
pub(super) struct Asked {
    /// The number of the version; empty: the newest.
    #[serde(skip_serializing_if = "String::is_empty")]
    version: String,
    /// Whose pay; nobody: those whom the version concerns.
    rep: Vec<UserId>,
}

impl Asked {
    /// As it stands in an address.
    fn query(&self) -> String {
        serde_html_form::to_string(self).unwrap_or_default()
    }
}

#[derive(Template)]
#[template(path = "plans/simulation.html")]
struct SimulationPage {
    page: Page,
    /// What the plan is called.
    plan: String,
    /// First day of the first period that it holds for.
    from: Date,
    /// The version that it is; none: a form that is not saved.
    saved: Option<Saved>,
    /// Every version of its plan, to choose from.
    versions: Vec<Choice>,
    /// Where such a form is sent.
    action: String,
    /// Its names and values: it is carried along, and saved or edited from here.
    typed: Vec<(String, String)>,
    /// Every rep to choose from, and whether chosen.
    reps: Vec<(UserId, String, bool)>,
    chosen: usize,
    /// Of whom the sum is, where more were meant than are calculated; empty: of all.
    beyond: String,
    found: Option<Found>,
}

/// A version that is simulated.
struct Saved {
    row: VersionRow,
    /// Whether it pays already.
    in_force: bool,
    /// The query of the file.
    query: String,
}

/// A plan that is read from a form and not saved.
pub(super) struct Unsaved {
    /// The plan that it is a new version of; none: a new plan.
    pub plan_id: Option<PlanId>,
    /// It.
    pub plan: Plan,
    /// First day of the first period that it would hold for.
    pub from: Date,
    /// Where the form is sent.
    pub action: String,
    /// What the form said.
    pub typed: Vec<(String, String)>,
}

/// What came of it, as it is drawn.
struct Found {
    simulation: Simulation,
    chart: Bars,
    gain: Vec<(String, Money)>,
    lose: Vec<(String, Money)>,
    /// Who would get nothing.
    nothing: Vec<String>,
    rates: Option<[String; 2]>,
    span: String,
}

pub(super) async fn show(
    State(app): State<App>,
    me: Allowed<PrepareCommission>,
    page: Page,
    Path(id): Path<PlanId>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let all = db::versions(&mut read, me.scope.org, id).await?;
    let version = version(&all, &asked)?;
    let tried = Tried::load(&mut read, &me, &Draft::from(&version), &asked.rep).await?;
    let rep = tried.chosen.iter().map(|(id, _)| *id).collect();
    let versions = all.iter().map(holds::choice).collect();
    let saved = Saved {
        in_force: holds::in_force(&all, me.today).is_some_and(|now| now.number == version.number),
        query: Asked { version: version.number.to_string(), rep }.query(),
        row: version.clone(),
    };
    html(SimulationPage { saved: Some(saved), versions, ..tried.page(page, &me, version.plan, version.from_date) })
}

/// The same page for a plan that nobody has saved: nothing of it is stored.
pub(super) async fn unsaved(app: &App, me: &Viewer, page: Page, form: Unsaved) -> Result<Response, Error> {
    let Unsaved { plan_id, plan, from, action, typed } = form;
    let document = serde_json::from_str(&plan.to_json()).map_err(|e| Error::Internal(e.to_string()))?;
    let reps: Vec<UserId> =
        typed.iter().filter(|(name, _)| name == "rep").filter_map(|(_, id)| id.parse().ok()).collect();
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let tried = Tried::load(&mut read, me, &Draft { plan_id, from, document }, &reps).await?;
    let own = |name: &str| matches!(name, "once" | "act" | "rep");
    let typed = typed.into_iter().filter(|(name, _)| !own(name)).collect();
    html(SimulationPage { action, typed, ..tried.page(page, me, plan.name, from) })
}

/// What was asked, and what came of it.
struct Tried {
    everybody: Vec<(UserId, String)>,
    chosen: Vec<(UserId, String)>,
    beyond: Option<usize>,
    simulation: Option<Simulation>,
}

impl Tried {
    async fn load(db: &mut PgConnection, me: &Viewer, draft: &Draft, reps: &[UserId]) -> Result<Self, Error> {
        let People { everybody, chosen, beyond } = people(db, me, draft, reps).await?;
        let simulation = simulate(db, me, draft, &chosen).await?;
        Ok(Self { everybody, chosen, beyond, simulation })
    }

    fn page(self, page: Page, me: &Viewer, plan: String, from: Date) -> SimulationPage {
        let Self { everybody, chosen, beyond, simulation } = self;
        let is_chosen = |id: UserId| chosen.iter().any(|(chosen, _)| *chosen == id);
        SimulationPage {
            page,
            plan,
            from,
            saved: None,
            versions: Vec::new(),
            action: String::new(),
            typed: Vec::new(),
            reps: everybody.into_iter().map(|(id, name)| (id, name, is_chosen(id))).collect(),
            chosen: chosen.len(),
            beyond: beyond.map(only_some).unwrap_or_default(),
            found: simulation.map(|simulation| Found::new(simulation, me)),
        }
    }
}

fn version(all: &[VersionRow], asked: &Asked) -> Result<VersionRow, Error> {
    let is_meant =
        |version: &&VersionRow| asked.version.is_empty() || version.number.to_string() == asked.version.trim();
    all.iter().find(is_meant).cloned().ok_or(Error::NotFound)
}

/// Who may be asked for, and who is, both by name.
struct People {
    everybody: Vec<(UserId, String)>,
    /// At most [`MOST_REPS`].
    chosen: Vec<(UserId, String)>,
    /// How many were meant, where that is more.
    beyond: Option<usize>,
}

/// What of more reps than are calculated at once is in a sum.
fn only_some(beyond: usize) -> String {
    let all = format::count(i64::try_from(beyond).unwrap_or(i64::MAX));
    format!("Of the first {MOST_REPS} by name of {all} reps, not of all")
}

async fn people(db: &mut PgConnection, me: &Viewer, draft: &Draft, asked: &[UserId]) -> Result<People, Error> {
    let reps = db::reps(db, me.scope.org, me.today).await?;
    let everybody: Vec<(UserId, String)> = reps.into_iter().map(|rep| (rep.id, rep.name)).collect();
    let usual = if asked.is_empty() { concerned(db, me, draft).await? } else { asked.to_vec() };
    let mut chosen: Vec<(UserId, String)> = everybody.iter().filter(|(id, _)| usual.contains(id)).cloned().collect();
    if chosen.is_empty() {
        chosen.clone_from(&everybody);
    }
    let beyond = Some(chosen.len()).filter(|meant| *meant > MOST_REPS);
    chosen.truncate(MOST_REPS);
    Ok(People { everybody, chosen, beyond })
}

impl Found {
    fn new(simulation: Simulation, me: &Viewer) -> Self {
        let reps = &simulation.reps;
        let named = |row: &RepPay| (row.name.clone(), row.sum.more());
        let gain = reps.iter().filter(|row| row.sum.more() > Money::ZERO).take(NAMED).map(named).collect();
        let lose = reps.iter().rev().filter(|row| row.sum.more() < Money::ZERO).take(NAMED).map(named).collect();
        let nothing = reps.iter().filter(|row| row.sum.would == Money::ZERO).map(|row| row.name.clone()).collect();
        let rates = simulation.sum.rates().map(|rates| rates.map(rate));
        let span = match (simulation.periods.first(), simulation.periods.last()) {
            (Some((first, _)), Some((last, _))) if first != last => {
                format!("{} to {}", format::period(*first), format::period(*last))
            }
            (Some((only, _)), _) => format::period(*only),
            _ => String::new(),
        };
        let chart = chart(&simulation, &span, me);
        Self { simulation, chart, gain, lose, nothing, rates, span }
    }
}

/// A rate with two decimals: `3.25%`.
fn rate(share: Ratio) -> String {
    format::rate(share.rounded(4))
}

/// How much more or less it pays, period by period; the extremes with their amounts.
fn chart(simulation: &Simulation, span: &str, me: &Viewer) -> Bars {
    let currency = me.company.currency;
    let more = |(_, pay): &(Period, Pay)| pay.more();
    let highest = simulation.periods.iter().map(more).max();
    let lowest = simulation.periods.iter().map(more).min();
    let bars = simulation.periods.iter().map(|one| {
        let amount = more(one);
        let is_extreme = Some(amount) == highest || Some(amount) == lowest;
        let tone = if amount < Money::ZERO { Tone::Bad } else { Tone::Good };
        Bar { name: name(one.0), amount, marked: is_extreme && amount != Money::ZERO, tone }
    });
    let bars: Vec<Bar> = bars.collect();
    let label = format!(
        "What version and today's plans differ by, {span}: {} in all, from {} to {} in one period.",
        format::money_signed(currency, simulation.sum.more()),
        format::money_signed(currency, lowest.unwrap_or_default()),
        format::money_signed(currency, highest.unwrap_or_default()),
    );
    Bars::new(currency, &bars, label)
}

/// What a bar is called: phones show the first letter.
fn name(period: Period) -> String {
    match period.kind() {
        PeriodKind::Month => period.from().month().to_string(),
        PeriodKind::Quarter => period.to_string().chars().rev().take(2).collect(),
        _ => period.to_string(),
    }
}

/// `POST /plans/7/simulation.csv`: every rep and period. It changes nothing, but it is sent like a form: it may ask for the
/// password first, and who took it is noted.
pub(super) async fn export(
    State(app): State<App>,
    me: Allowed<PrepareCommission>,
    page: Page,
    Path(id): Path<PlanId>,
    Query(asked): Query<Asked>,
    Form { typed, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let address = format!("/plans/{id}/simulation.csv?{}", asked.query());
    let address = address.trim_end_matches('?');
    if let Some(ask) = step_up::required(&me, &page, address, &typed) {
        return ask;
    }
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let version = version(&db::versions(&mut read, me.scope.org, id).await?, &asked)?;
    let draft = Draft::from(&version);
    let People { chosen, beyond, .. } = people(&mut read, &me, &draft, &asked.rep).await?;
    let currency = me.company.currency;
    let mut file = csv::File::new(&[
        "rep",
        "name",
        "plan_today",
        "period",
        "would_pay",
        "today_pays",
        "difference",
        "paid",
        "credited_sales",
        "currency",
    ]);
    if let Some(simulation) = simulate(&mut read, &me, &draft, &chosen).await? {
        let money = |amount: Money| csv::number(currency.major(amount));
        for row in &simulation.reps {
            for ((period, _), pay) in simulation.periods.iter().zip(&row.periods) {
                file.row([
                    csv::number(row.id.0),
                    csv::text(&row.name),
                    csv::text(&row.plan),
                    csv::text(&period.to_string()),
                    money(pay.would),
                    money(pay.today),
                    money(pay.more()),
                    pay.paid.map_or_else(|| csv::text(""), money),
                    money(pay.net),
                    csv::text(currency.code()),
                ]);
            }
        }
    }
    if let Some(beyond) = beyond {
        let words = format::stored(|| only_some(beyond));
        file.row(["", &words, "", "", "", "", "", "", "", ""].map(csv::text));
    }
    drop(read);
    let object = format!("/plans/{id}");
    let download = Download { act: "plan.downloaded", object: &object, file: address, rows: file.rows() };
    downloads::note(&app, &me, download).await?;
    file.respond(&format!("simulation-{id}-version-{}.csv", version.number))
}
