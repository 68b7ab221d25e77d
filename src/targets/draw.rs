//! How the grid of targets is drawn: what stands, what was typed, and what each rep did in the period before.

use std::collections::{BTreeMap, HashMap};

use askama::Template;
use rust_decimal::{Decimal, prelude::ToPrimitive};
use time::{Date, PrimitiveDateTime};

use super::{
    accept_db::Acceptance,
    db::{Rep, Target},
    expected::Presences,
    grid::{self, Cell},
    levels_db::LevelTarget,
    sums::{Sum, counts, gap, sum_id},
};
use crate::{
    domain::{
        id::{TargetId, UserId},
        metric::{self, Facts, Metric, Unit, Value},
        money::{Currency, Money},
        period::{Period, PeriodKind},
        subject::Subject,
        suggestion::Percentile,
    },
    scorecards::figure,
    web::{auth::Viewer, form::Errors, format, page::Page, periods::PeriodNav, ui::Choice},
};

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
    /// The rows below: teams, and the company.
    pub groups: Vec<Group>,
    /// On how many working days each rep is there.
    pub presences: Presences,
    /// What stands, also what was taken away.
    pub now: Vec<Target>,
    /// The targets of the period before.
    pub before: Vec<Target>,
    /// What everybody did in the period before.
    pub actuals: BTreeMap<Subject, Facts>,
    /// Since when it is closed for change.
    pub locked_at: Option<PrimitiveDateTime>,
    /// Working days of the period.
    pub working_days: u32,
    /// The viewer, where the viewer is not to set the own targets.
    pub own: Option<UserId>,
    /// The teams to choose from; empty where there is nothing to choose.
    pub teams: Vec<Choice>,
    /// Texts in cells that are not what stands.
    pub typed: BTreeMap<Cell, String>,
    /// The values that the grid was filled with.
    pub filled: HashMap<Cell, Decimal>,
    /// What the levels usually reach.
    pub levels: Vec<LevelTarget>,
    /// What the grid was filled with, in words: "60th percentile of November 2025 to October 2026."
    pub suggested: Option<String>,
    /// What the reps accepted.
    pub accepted: Vec<Acceptance>,
    /// The targets of the shorter periods within.
    pub parts: Vec<Parts>,
    /// The last change that the page knows of.
    pub seen: TargetId,
    /// Words beside cells and above the grid.
    pub errors: Errors,
    /// Whether the words are about somebody else's changes.
    pub conflict: bool,
    /// Why, as typed.
    pub reason: String,
}

/// The targets of the months of a quarter, or of the months or quarters of a year.
pub struct Parts {
    /// Month or quarter.
    pub kind: PeriodKind,
    /// How many there are.
    pub count: usize,
    /// Their targets.
    pub targets: Vec<Target>,
}

/// The shorter periods whose targets a longer one's are compared with.
pub fn parts_of(kind: PeriodKind) -> &'static [PeriodKind] {
    match kind {
        PeriodKind::Quarter => &[PeriodKind::Month],
        PeriodKind::Year => &[PeriodKind::Month, PeriodKind::Quarter],
        _ => &[],
    }
}

/// A team, or the company.
pub struct Group {
    /// Which.
    pub whose: Subject,
    /// Its name.
    pub name: String,
    /// The reps of the grid that belong to it or to a team below it.
    pub reps: Vec<UserId>,
    /// The teams directly below it.
    pub teams: Vec<Subject>,
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
    groups: Vec<GroupRow>,
    locked_at: Option<PrimitiveDateTime>,
    seen: TargetId,
    errors: Errors,
    conflict: bool,
    reason: String,
    chooser: Vec<(Metric, bool)>,
    teams: Vec<Choice>,
    team: String,
    copy: Option<String>,
    from_levels: Option<String>,
    suggested: Option<String>,
    /// What the grid shows and is filled with, for the form that raises it.
    filling: Vec<(String, String)>,
    /// The same grid as a file.
    csv: String,
    percentiles: Vec<Choice>,
}

/// A metric of the grid.
struct Column {
    metric: Metric,
    label: String,
    /// The sum of what was done in the period before; nothing for rates, which do not add up.
    last: Option<String>,
    /// The sum of the targets as they were set.
    sum: Option<String>,
    /// "(counts 196)", where something else counts of them.
    counts: String,
}

impl Column {
    /// Whether it needs room for large sums.
    fn is_money(&self) -> bool {
        self.metric.unit() == Unit::Money
    }
}

/// A rep of the grid.
struct Row {
    rep: Rep,
    cells: Vec<Field>,
    /// Whether it is the viewer's own, which somebody else sets.
    is_own: bool,
    /// "accepted 4 Nov", "not accepted yet"; empty without a target.
    accepted: String,
    /// "Here 16 of 20 working days: 77 of 96 visits."
    notes: Vec<String>,
}

/// A team or the company in the grid.
struct GroupRow {
    name: String,
    cells: Vec<Field>,
    /// What the targets of its reps come to, metric by metric.
    sums: Vec<Option<Sum>>,
    /// What the own targets of the teams directly below come to; empty where none has any.
    teams: Vec<Option<Sum>>,
    /// Where its months come to something else.
    notes: Vec<String>,
}

/// What is wrong with the cells of a row: field and words.
fn wrong(cells: &[Field]) -> impl Iterator<Item = (&str, &str)> {
    cells.iter().filter_map(|cell| cell.error.as_deref().map(|words| (cell.name.as_str(), words)))
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
    /// The ids of the sums that it adds to; empty for rates.
    sum: String,
    /// What of it counts, for the script: "16 20 0 1" is 16 ÷ 20 of it, without decimals, at least 1; empty for all.
    part: String,
}

impl Loaded {
    /// The grid as a page.
    pub fn grid(self, page: Page, me: &Viewer, asks: &super::web::Asks) -> Grid {
        let currency = me.company.currency;
        let values: BTreeMap<Cell, Decimal> =
            self.now.iter().filter_map(|target| Some(((target.whose, target.metric), target.value?))).collect();
        let columns: Vec<Column> = self.metrics.iter().map(|&metric| self.column(metric, &values, currency)).collect();
        let rows = self.reps.iter().map(|rep| self.row(rep, &values, currency)).collect();
        let groups = self.groups.iter().map(|group| self.group(group, &values, currency)).collect();
        let before = self.before.iter().any(|target| target.value.is_some());
        let keep = asks.pairs();
        let path = format!("/targets/{}", self.period);
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
            groups,
            locked_at: self.locked_at,
            seen: self.seen,
            errors: self.errors,
            conflict: self.conflict,
            reason: self.reason,
            chooser: Metric::ALL.into_iter().map(|metric| (metric, self.metrics.contains(&metric))).collect(),
            teams: self.teams,
            team: asks.team().map(|team| team.to_string()).unwrap_or_default(),
            copy: before.then(|| asks.filling(self.period, "previous")),
            from_levels: (!self.levels.is_empty()).then(|| asks.filling(self.period, "levels")),
            suggested: self.suggested,
            filling: asks.with_filling(),
            csv: asks.href(self.period).replacen(&path, &format!("{path}/targets.csv"), 1),
            percentiles: Percentile::ALL.map(|each| Choice::new(each.as_str(), each.label())).into(),
            page,
        }
    }

    fn column(&self, metric: Metric, values: &BTreeMap<Cell, Decimal>, currency: Currency) -> Column {
        let adds = metric.unit() != Unit::Fraction;
        let label = match metric.unit() {
            Unit::Count if metric.is_limit() => format!("{}, at most", metric.label()),
            Unit::Count => metric.label().to_owned(),
            Unit::Money => format!("{}, {}", metric.label(), currency.symbol().trim()),
            Unit::Fraction if metric.is_limit() => format!("{}, at most, %", metric.label()),
            Unit::Fraction => format!("{}, %", metric.label()),
        };
        let done = self.reps.iter().filter_map(|rep| metric::value(metric, self.actuals.get(&Subject::Rep(rep.id))?));
        let last = done.map(Value::decimal).sum::<Decimal>();
        let whole = |sum: Decimal| match metric.unit() {
            Unit::Money => done_money(Money::from_exact(sum), currency),
            Unit::Count | Unit::Fraction => plain(metric, sum, currency),
        };
        let (set, count) = self.sums(self.reps.iter().map(|rep| rep.id), metric, values);
        Column {
            metric,
            label,
            last: adds.then(|| whole(last)),
            sum: adds.then(|| plain(metric, set, currency)),
            counts: counts(metric, set, count, currency),
        }
    }

    fn row(&self, rep: &Rep, values: &BTreeMap<Cell, Decimal>, currency: Currency) -> Row {
        let groups: Vec<&Group> = self.groups.iter().filter(|group| group.reps.contains(&rep.id)).collect();
        let cells = self.metrics.iter().map(|&metric| {
            let mut field = self.field(Subject::Rep(rep.id), &rep.name, metric, values, currency);
            if metric.unit() != Unit::Fraction {
                let sums = groups.iter().map(|group| sum_id(Some(group.whose), metric));
                field.sum = [sum_id(None, metric)].into_iter().chain(sums).collect::<Vec<_>>().join(" ");
                field.part = self.share(rep.id, metric, currency);
            }
            field
        });
        let cells = cells.collect();
        let part = self.part(rep.id, values, currency).into_iter();
        let is_own = self.own == Some(rep.id);
        let own = is_own.then(|| super::web::OWN.to_owned()).into_iter();
        let notes = own.chain(part).chain(self.apart(Subject::Rep(rep.id), values, currency)).collect();
        Row { cells, is_own, notes, accepted: self.accepted(rep.id), rep: rep.clone() }
    }

    fn group(&self, group: &Group, values: &BTreeMap<Cell, Decimal>, currency: Currency) -> GroupRow {
        let cell = |&metric: &Metric| Field {
            sum: self.above(group.whose, metric),
            ..self.field(group.whose, &group.name, metric, values, currency)
        };
        let sum = |&metric: &Metric| {
            let (set, count) = self.sums(group.reps.iter().copied(), metric, values);
            let goal = values.get(&(group.whose, metric));
            (metric.unit() != Unit::Fraction).then(|| Sum {
                id: sum_id(Some(group.whose), metric),
                goal: grid::field((group.whose, metric)),
                shown: plain(metric, set, currency),
                counts: counts(metric, set, count, currency),
                gap: goal.map(|&goal| gap(metric, count, goal, currency)).unwrap_or_default(),
            })
        };
        GroupRow {
            name: group.name.clone(),
            cells: self.metrics.iter().map(cell).collect(),
            sums: self.metrics.iter().map(sum).collect(),
            teams: self.teams_together(group, values, currency),
            notes: self.apart(group.whose, values, currency),
        }
    }

    fn field(
        &self,
        whose: Subject,
        name: &str,
        metric: Metric,
        values: &BTreeMap<Cell, Decimal>,
        currency: Currency,
    ) -> Field {
        let cell = (whose, metric);
        let field = grid::field(cell);
        let stands = values.get(&cell).map_or_else(String::new, |&value| plain(metric, value, currency));
        let is_own = self.own.is_some_and(|own| whose == Subject::Rep(own));
        let typed = self.typed.get(&cell).filter(|_| !is_own);
        let text = typed.cloned().unwrap_or_else(|| stands.clone());
        let most = if metric.is_limit() { ", at most" } else { "" };
        let what = format!("{}{most}", metric.label().to_lowercase());
        Field {
            label: format!("{name}, {what}"),
            last: self
                .actuals
                .get(&whose)
                .and_then(|facts| metric::value(metric, facts))
                .map_or_else(|| "n/a".to_owned(), |value| done(metric, value, currency)),
            was: (text != stands).then_some(stands),
            text,
            error: self.errors.get(&field).map(str::to_owned),
            sum: String::new(),
            part: String::new(),
            name: field,
        }
    }

    /// "Here 16 of 20 working days: 77 of 96 visits, 5 of 6 new customers.", of who misses some.
    fn part(&self, rep: UserId, values: &BTreeMap<Cell, Decimal>, currency: Currency) -> Option<String> {
        let here = figure::here(self.presences.of(rep)?);
        let part = |&metric: &Metric| {
            let set = *values.get(&(Subject::Rep(rep), metric))?;
            let expected = self.presences.expected(rep, metric, set);
            let counts = expected.value.map_or_else(|| "none".to_owned(), |value| words(metric, Some(value), currency));
            let what = metric.label().to_lowercase();
            expected.is_part().then(|| format!("{counts} of {} {what}", words(metric, Some(set), currency)))
        };
        let parts: Vec<String> = self.metrics.iter().filter_map(part).collect();
        let colon = if parts.is_empty() { "" } else { ": " };
        (!here.is_empty()).then(|| format!("{}{colon}{}", format::capital(&here), parts.join(", ")))
    }

    /// "Its months come to 288 visits, the quarter says 280.", where all of them are set and say something else.
    fn apart(&self, whose: Subject, values: &BTreeMap<Cell, Decimal>, currency: Currency) -> Vec<String> {
        let mut found = vec![];
        for parts in &self.parts {
            for &metric in self.metrics.iter().filter(|metric| metric.unit() != Unit::Fraction) {
                let of: Vec<Decimal> = parts
                    .targets
                    .iter()
                    .filter(|target| target.whose == whose && target.metric == metric)
                    .filter_map(|target| target.value)
                    .collect();
                let sum: Decimal = of.iter().sum();
                let Some(&says) = values.get(&(whose, metric)) else { continue };
                if of.len() == parts.count && sum != says {
                    let (sum, says) = (words(metric, Some(sum), currency), words(metric, Some(says), currency));
                    let (long, short, what) = (self.period.kind(), parts.kind, metric.label().to_lowercase());
                    let (long, short) = (long.as_str(), short.as_str());
                    found.push(format!("The {short}s come to {sum} {what}, the {long} says {says}."));
                }
            }
        }
        found
    }

    /// Whether a rep has accepted the targets as they stand.
    fn accepted(&self, rep: UserId) -> String {
        let last = self.now.iter().filter(|target| target.whose == Subject::Rep(rep)).map(|target| target.id).max();
        let Some(last) = last else { return String::new() };
        match self.accepted.iter().find(|accepted| accepted.rep == rep) {
            Some(accepted) if accepted.target >= last => {
                format!("accepted {}", format::date(accepted.at.date()))
            }
            Some(_) => "changed since accepted".to_owned(),
            None => "not accepted yet".to_owned(),
        }
    }

    /// Everybody with a row.
    pub fn subjects(&self) -> Vec<Subject> {
        let reps = self.reps.iter().map(|rep| Subject::Rep(rep.id));
        reps.chain(self.groups.iter().map(|group| group.whose)).collect()
    }
}

/// A period's name in a narrow column head: "Oct", "Q3", "W46", "2025".
fn head(period: Period) -> String {
    let first = period.from();
    match period.kind() {
        PeriodKind::Day => format::yearless(first),
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
        Unit::Money => format::trimmed_units(currency, Money::from_exact(value)),
        Unit::Fraction => format::rate_plain(value).replace('-', "−"),
    }
}

/// What was done, without sign of unit: a growth rate floored to a tenth of a percent, money in whole units.
fn done(metric: Metric, value: Value, currency: Currency) -> String {
    match value {
        Value::Fraction(ratio) if !metric.is_growth() => format::share(ratio).replace('%', ""),
        Value::Count(count) => format::count(count),
        Value::Money(money) => done_money(money, currency),
        Value::Fraction(ratio) => format::locale().number(ratio.percent_floored(1)),
    }
}

/// Money in whole units, without its symbol: "48,013".
fn done_money(money: Money, currency: Currency) -> String {
    format::whole_units(currency, money)
}

/// A target in words: "96", "€104,300.00", "5.5%", "none".
pub fn words(metric: Metric, value: Option<Decimal>, currency: Currency) -> String {
    match value {
        None => "none".to_owned(),
        Some(value) => match metric.unit() {
            Unit::Count => plain(metric, value, currency),
            Unit::Money => format::money_trimmed(currency, Money::from_exact(value)),
            Unit::Fraction => format::rate(value),
        },
    }
}
