//! How the grid of targets is drawn: what stands, what was typed, and what each rep did in the period before.

use std::collections::BTreeMap;

use askama::Template;
use rust_decimal::{Decimal, RoundingStrategy, prelude::ToPrimitive};
use time::{Date, PrimitiveDateTime};

use super::{
    db::{Change, Rep, Target},
    grid::{self, Cell},
};
use crate::{
    domain::{
        id::{TargetId, UserId},
        metric::{self, Facts, Metric, Unit, Value},
        money::{Currency, Money},
        period::{Period, PeriodKind},
    },
    web::{auth::Viewer, form::Errors, format, page::Page, periods::PeriodNav, ui::Choice},
};

/// How many changes the list of changes shows.
pub const MOST_CHANGES: i64 = 500;

/// The metrics that a grid shows unless it is asked for others; what has a target is added.
pub const USUAL: [Metric; 6] = [
    Metric::SalesGrowth,
    Metric::NetSales,
    Metric::NewCustomers,
    Metric::LostCustomers,
    Metric::Visits,
    Metric::StrangerVisits,
];

/// The day whose teams a page about a period shows: its last, or today while it runs or is to come.
pub fn day_of_teams(period: Period, today: Date) -> Date {
    period.last_day().min(today)
}

/// A grid before it is drawn.
pub struct Loaded {
    /// The period.
    pub period: Period,
    /// Its columns.
    pub metrics: Vec<Metric>,
    /// Its rows.
    pub reps: Vec<Rep>,
    /// What stands, also what was taken away.
    pub now: Vec<Target>,
    /// The targets of the period before.
    pub before: Vec<Target>,
    /// What each rep did in the period before.
    pub actuals: BTreeMap<UserId, Facts>,
    /// Since when it is closed for change.
    pub locked_at: Option<PrimitiveDateTime>,
    /// Working days of the period.
    pub working_days: u32,
    /// The teams to choose from; empty where there is nothing to choose.
    pub teams: Vec<Choice>,
    /// Texts in cells that are not what stands.
    pub typed: BTreeMap<Cell, String>,
    /// The last change that the page knows of.
    pub seen: TargetId,
    /// Words beside cells and above the grid.
    pub errors: Errors,
    /// Whether the words are about somebody else's changes.
    pub conflict: bool,
    /// Why, as typed.
    pub reason: String,
}

/// The grid as a page.
#[derive(Template)]
#[template(path = "targets/index.html")]
pub struct Grid {
    page: Page,
    nav: PeriodNav,
    period: Period,
    previous: Period,
    /// The column head of what was done: "Oct".
    done: String,
    /// "21 working days".
    working_days: String,
    /// "10 reps".
    count: String,
    /// What stands beside the button while nothing was typed.
    unsaved: &'static str,
    /// The grid without its team.
    everybody: String,
    action: String,
    columns: Vec<Column>,
    rows: Vec<Row>,
    locked_at: Option<PrimitiveDateTime>,
    seen: TargetId,
    errors: Errors,
    conflict: bool,
    reason: String,
    chooser: Vec<(Metric, bool)>,
    teams: Vec<Choice>,
    team: String,
    copy: Option<String>,
}

/// A metric of the grid.
struct Column {
    metric: Metric,
    label: String,
    /// The sum of what was done in the period before; nothing for rates, which do not add up.
    last: Option<String>,
    /// The sum of the targets.
    sum: Option<String>,
}

/// A rep of the grid.
struct Row {
    rep: Rep,
    cells: Vec<Field>,
}

impl Row {
    fn wrong(&self) -> impl Iterator<Item = (&str, &str)> {
        self.cells.iter().filter_map(|cell| cell.error.as_deref().map(|words| (cell.name.as_str(), words)))
    }
}

/// One target of the grid.
struct Field {
    name: String,
    label: String,
    /// What was done in the period before.
    last: String,
    /// The text in the field.
    text: String,
    /// What stands, where the text says something else.
    was: Option<String>,
    error: Option<String>,
    /// The id of the sum that it adds to; empty for rates.
    sum: String,
}

impl Loaded {
    /// The grid as a page.
    pub fn grid(self, page: Page, me: &Viewer, asks: &super::web::Asks) -> Grid {
        let currency = me.company.currency;
        let values: BTreeMap<Cell, Decimal> =
            self.now.iter().filter_map(|target| Some(((target.rep, target.metric), target.value?))).collect();
        let columns: Vec<Column> = self.metrics.iter().map(|&metric| self.column(metric, &values, currency)).collect();
        let rows = self.reps.iter().map(|rep| self.row(rep, &values, currency)).collect();
        let before = self.before.iter().any(|target| target.value.is_some());
        let keep = asks.pairs();
        Grid {
            nav: PeriodNav::new(me, self.period, &PeriodKind::ALL, |period| asks.href(period)).jump("/targets", keep),
            period: self.period,
            previous: self.period.previous(),
            done: head(self.period.previous()),
            working_days: format::counted(i64::from(self.working_days), "working day", "working days"),
            count: format::counted(i64::try_from(self.reps.len()).unwrap_or(0), "rep", "reps"),
            unsaved: if self.typed.is_empty() { "An empty cell is no target" } else { "Filled in, not saved yet" },
            everybody: format!("/targets/{}", self.period),
            action: asks.href(self.period),
            columns,
            rows,
            locked_at: self.locked_at,
            seen: self.seen,
            errors: self.errors,
            conflict: self.conflict,
            reason: self.reason,
            chooser: Metric::ALL.into_iter().map(|metric| (metric, self.metrics.contains(&metric))).collect(),
            teams: self.teams,
            team: asks.team().map(|team| team.to_string()).unwrap_or_default(),
            copy: before.then(|| asks.copying(self.period)),
            page,
        }
    }

    fn column(&self, metric: Metric, values: &BTreeMap<Cell, Decimal>, currency: Currency) -> Column {
        let adds = metric.unit() != Unit::Fraction;
        let label = match metric.unit() {
            Unit::Count if metric.is_limit() => format!("{}, at most", metric.label()),
            Unit::Count => metric.label().to_owned(),
            Unit::Money => format!("{}, {}", metric.label(), currency.symbol().trim()),
            Unit::Fraction => format!("{}, %", metric.label()),
        };
        let done = self.reps.iter().filter_map(|rep| metric::value(metric, self.actuals.get(&rep.id)?));
        let last = done.map(Value::decimal).sum::<Decimal>();
        let whole = |sum: Decimal| match metric.unit() {
            Unit::Money => done_money(Money::from_exact(sum), currency),
            Unit::Count | Unit::Fraction => plain(metric, sum, currency),
        };
        let sum: Decimal = self.reps.iter().filter_map(|rep| values.get(&(rep.id, metric))).sum();
        Column { metric, label, last: adds.then(|| whole(last)), sum: adds.then(|| plain(metric, sum, currency)) }
    }

    fn row(&self, rep: &Rep, values: &BTreeMap<Cell, Decimal>, currency: Currency) -> Row {
        let cells = self.metrics.iter().map(|&metric| {
            let cell = (rep.id, metric);
            let name = grid::field(cell);
            let stands = values.get(&cell).map_or_else(String::new, |&value| plain(metric, value, currency));
            let text = self.typed.get(&cell).cloned().unwrap_or_else(|| stands.clone());
            let what =
                if metric.is_limit() { "lost customers, at most".to_owned() } else { metric.label().to_lowercase() };
            Field {
                label: format!("{}, {what}", rep.name),
                last: self
                    .actuals
                    .get(&rep.id)
                    .and_then(|facts| metric::value(metric, facts))
                    .map_or_else(|| "n/a".to_owned(), |value| done(value, currency)),
                was: (text != stands).then_some(stands),
                text,
                error: self.errors.get(&name).map(str::to_owned),
                sum: if metric.unit() == Unit::Fraction { String::new() } else { format!("sum-{}", metric.as_str()) },
                name,
            }
        });
        Row { cells: cells.collect(), rep: rep.clone() }
    }

    /// Puts texts into cells: the targets of the period before, and counts and amounts raised by a percentage.
    pub fn prefill(&mut self, copy: bool, raise: Option<Decimal>, currency: Currency) {
        for rep in &self.reps {
            for &metric in &self.metrics {
                let find = |targets: &[Target]| {
                    targets.iter().find(|t| t.rep == rep.id && t.metric == metric).and_then(|t| t.value)
                };
                let stands = find(&self.now);
                let mut value = if copy { find(&self.before).or(stands) } else { stands };
                if let (Some(raise), Some(from)) = (raise, value)
                    && metric.unit() != Unit::Fraction
                    && !metric.is_limit()
                {
                    let raised = from * (Decimal::ONE + raise);
                    value = Some(
                        raised.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero).max(Decimal::ZERO),
                    );
                }
                if value != stands {
                    let text = value.map_or_else(String::new, |value| plain(metric, value, currency));
                    self.typed.insert((rep.id, metric), text);
                }
            }
        }
    }
}

/// A period's name in a narrow column head: "Oct", "Q3", "W46", "2025".
fn head(period: Period) -> String {
    let first = period.from();
    match period.kind() {
        PeriodKind::Day => format!("{} {}", first.day(), format::short_month(first)),
        PeriodKind::Week => format!("W{}", first.iso_week()),
        PeriodKind::Month => format::short_month(first),
        PeriodKind::Quarter => period.label().split(' ').next().unwrap_or_default().to_owned(),
        PeriodKind::Year => period.label(),
    }
}

/// A target as a form shows it, without sign of unit: "104,300", "1,250.50", "5.5".
pub fn plain(metric: Metric, value: Decimal, currency: Currency) -> String {
    match metric.unit() {
        Unit::Count => format::count(value.to_i64().unwrap_or(i64::MAX)),
        Unit::Money => {
            let shown = currency.show(Money::from_exact(value));
            let bare = shown.replace(&currency.symbol(), "");
            let zeros = format!(".{}", "0".repeat(usize::from(currency.decimals())));
            bare.strip_suffix(&zeros).unwrap_or(&bare).to_owned()
        }
        Unit::Fraction => format::rate_plain(value).replace('-', "−"),
    }
}

/// What was done, without sign of unit: a growth rate floored to a tenth of a percent, money in whole units.
fn done(value: Value, currency: Currency) -> String {
    match value {
        Value::Count(count) => format::count(count),
        Value::Money(money) => done_money(money, currency),
        Value::Fraction(ratio) => format::growth(ratio).replace(['+', '%'], ""),
    }
}

/// Money in whole units, without its symbol: "48,013".
fn done_money(money: Money, currency: Currency) -> String {
    format::money_whole(currency, money).replace(&currency.symbol(), "")
}

/// A target in words: "96", "€104,300.00", "5.5%", "none".
pub fn words(metric: Metric, value: Option<Decimal>, currency: Currency) -> String {
    match value {
        None => "none".to_owned(),
        Some(value) => match metric.unit() {
            Unit::Count => plain(metric, value, currency),
            Unit::Money => format!("{}{}", currency.symbol(), plain(metric, value, currency)),
            Unit::Fraction => format::rate(value),
        },
    }
}

/// The list of changes as a page.
#[derive(Template)]
#[template(path = "targets/changes.html")]
pub struct Changes {
    page: Page,
    period: Period,
    rows: Vec<ChangeRow>,
    cut: bool,
}

struct ChangeRow {
    rep: String,
    metric: &'static str,
    old: String,
    new: String,
    by: String,
    reason: String,
    at: PrimitiveDateTime,
}

impl Changes {
    /// The changes of a period, the latest first.
    pub fn new(page: Page, me: &Viewer, period: Period, rows: Vec<Change>) -> Self {
        let currency = me.company.currency;
        let cut = i64::try_from(rows.len()).is_ok_and(|count| count >= MOST_CHANGES);
        let rows = rows.into_iter().filter_map(|change| {
            let metric = Metric::parse(&change.metric)?;
            Some(ChangeRow {
                rep: change.rep,
                metric: metric.label(),
                old: words(metric, change.old, currency),
                new: words(metric, change.new, currency),
                by: change.by.unwrap_or_else(|| "Import".to_owned()),
                reason: change.reason.unwrap_or_default(),
                at: change.at,
            })
        });
        Self { page, period, rows: rows.collect(), cut }
    }
}
