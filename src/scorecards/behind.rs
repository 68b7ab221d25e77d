//! `/metrics/{metric}`: exactly what is behind a number that no list of deals or visits shows.

use std::collections::BTreeMap;

use askama::Template;
use axum::{extract::State, response::Response};
use rust_decimal::Decimal;
use time::Date;

use super::{
    behind_worth,
    board::in_file,
    db::{Subject, Subjects},
    figure,
    meaning::meaning,
    more::{self, Asked as About, Who},
    more_db::{Line, Pays},
};
use crate::{
    App,
    audit::downloads::{self, Download},
    domain::{
        access::Reach,
        bridge::Step,
        calendar::Progress,
        id::{DealId, TeamId, UserId},
        metric::{Facts, Metric, value},
        minimum::{Kept, Per},
        money::Money,
        period::{Dates, Period, PeriodKind, add_days},
    },
    postgres::tx::{self, Read},
    users::reps_db,
    web::{
        auth::{Allowed, ReadSales, Viewer},
        csv,
        error::Error,
        form::{Path, Query},
        format,
        list::List,
        page::{Page, html},
        periods::Asked,
    },
};

/// How many rows the page shows; the number is of all of them.
const MOST: usize = 1_000;

/// A cell: its words, where it leads, and whether it is a number.
#[derive(Default)]
pub(super) struct Cell {
    words: String,
    href: String,
    n: bool,
    /// What files carry in place of the words.
    exact: Option<Decimal>,
    day: Option<Date>,
}

pub(super) fn text(words: impl Into<String>) -> Cell {
    Cell { words: words.into(), ..Cell::default() }
}

pub(super) fn link(words: impl Into<String>, href: String) -> Cell {
    Cell { words: words.into(), href, ..Cell::default() }
}

pub(super) fn number(words: impl Into<String>) -> Cell {
    Cell { words: words.into(), n: true, ..Cell::default() }
}

pub(super) fn count(count: i64) -> Cell {
    Cell { exact: Some(count.into()), ..number(format::count(count)) }
}

pub(super) fn amount(me: &Viewer, amount: Money) -> Cell {
    let currency = me.company.currency;
    Cell { exact: Some(currency.major(amount)), ..number(format::money(currency, amount)) }
}

fn day(day: Date) -> Cell {
    Cell { day: Some(day), ..text(format::date(day)) }
}

impl Cell {
    fn in_file(&self) -> csv::Cell {
        match (self.exact, self.day) {
            (Some(exact), _) => csv::number(exact),
            (None, Some(day)) => csv::text(&day.to_string()),
            (None, None) => csv::text(&self.words),
        }
    }
}

/// What was found behind a number.
pub(super) struct Behind {
    /// The facts that the rows come to.
    pub facts: Facts,
    /// The heads of the columns, and whether they hold numbers.
    pub heads: Vec<(&'static str, bool)>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
    /// The last row; empty where nothing is added up.
    pub sum: Vec<Cell>,
}

#[derive(Template)]
#[template(path = "scorecards/behind.html")]
struct BehindPage {
    page: Page,
    metric: Metric,
    /// "Cross-sell sales of Ingrid".
    title: String,
    back: (String, String),
    /// Every row as a file.
    csv: String,
    period: Period,
    /// What counts, in words.
    rule: &'static str,
    value: String,
    /// The number as files carry it.
    exact: String,
    foot: String,
    /// How many rows there are beyond those shown.
    beyond: usize,
    behind: Behind,
}

/// Whose number the address asks for.
struct Found {
    whose: Subject,
    name: String,
    /// Where the page leads back to.
    back: String,
}

/// `rep=` or `team=`; the company by neither.
async fn subject(read: &mut Read, me: &Viewer, list: &List, period: Period) -> Result<Found, Error> {
    let (rep, team): (Option<UserId>, Option<TeamId>) = (list.parse("rep")?, list.parse("team")?);
    let org = me.scope.org;
    let (whose, name, back) = match (rep, team) {
        (Some(rep), None) if me.scope.sees(rep) => {
            (Subject::Rep(rep), reps_db::name(read, org, rep).await?, format!("/reps/{rep}?period={period}"))
        }
        (None, Some(team)) if me.scope.sees_team(team) => {
            let name = reps_db::team_name(read, org, team).await?;
            (Subject::Team(team), name, format!("/scoreboard?team={team}&period={period}"))
        }
        (None, None) if me.scope.reach == Reach::All => {
            (Subject::Company, Some(me.company.name.clone()), format!("/scoreboard?period={period}"))
        }
        _ => return Err(Error::NotFound),
    };
    Ok(Found { whose, name: name.ok_or(Error::NotFound)?, back })
}

/// Every row behind a number as a file, in the words of the page.
pub async fn export(
    State(app): State<App>,
    me: Allowed<ReadSales>,
    Path(metric): Path<String>,
    list: List,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let metric = Metric::parse(&metric).filter(|metric| metric.is_more()).ok_or(Error::NotFound)?;
    let period = asked.resolve(&me, PeriodKind::Month)?;
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let Found { whose, .. } = subject(&mut read, &me, &list, period).await?;
    let behind = load(&mut read, &me, metric, whose, period).await?;
    let heads: Vec<String> = behind.heads.iter().map(|(head, _)| head.to_lowercase().replace(' ', "_")).collect();
    let mut file = csv::File::new(&heads.iter().map(String::as_str).collect::<Vec<_>>());
    for row in behind.rows {
        file.row(row.iter().map(Cell::in_file));
    }
    drop(read);
    let (object, of) = (format!("/metrics/{}", metric.as_str()), list.without(&[]));
    let download = Download { act: "figures.exported", object: &object, file: &of, rows: file.rows() };
    downloads::note(&app, &me, download).await?;
    file.respond(&format!("{}-{period}.csv", metric.as_str().replace('_', "-")))
}

/// Whose number is said by `rep=` or `team=`; the company's by neither.
pub async fn show(
    State(app): State<App>,
    me: Allowed<ReadSales>,
    page: Page,
    Path(metric): Path<String>,
    list: List,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let metric = Metric::parse(&metric).filter(|metric| metric.is_more()).ok_or(Error::NotFound)?;
    let period = asked.resolve(&me, PeriodKind::Month)?;
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let Found { whose, name, back } = subject(&mut read, &me, &list, period).await?;
    let mut behind = load(&mut read, &me, metric, whose, period).await?;
    let currency = me.company.currency;
    let path = format!("/metrics/{}", metric.as_str());
    let figure = figure::Figure::new(metric, &behind.facts, None, Progress { elapsed: 0, total: 0, over: false });
    let beyond = behind.rows.len().saturating_sub(MOST);
    behind.rows.truncate(MOST);
    html(BehindPage {
        page,
        metric,
        title: format!("{} of {name}", metric.label()),
        csv: list.with("", "").replacen(&path, &format!("{path}/rows.csv"), 1),
        back: (back, name),
        period,
        rule: meaning(metric),
        value: figure.shown(currency),
        exact: value(metric, &behind.facts).map(|value| in_file(value, &me).to_string()).unwrap_or_default(),
        foot: figure.foot("in the base", currency),
        beyond,
        behind,
    })
}

async fn load(read: &mut Read, me: &Viewer, metric: Metric, whose: Subject, period: Period) -> Result<Behind, Error> {
    let subjects = Subjects::of([whose]);
    let about = About {
        org: me.scope.org,
        subjects: &subjects,
        periods: &[period],
        growth_base: me.company.growth_base,
        today: me.today,
        paying: false,
        pays: Pays::default(),
    };
    let who = Who::load(read, &about).await?;
    Ok(match metric {
        Metric::GrowthFromNew | Metric::GrowthFromExisting => growth(read, me, metric, &about, &who).await?,
        Metric::VisitMinimum => minimum(read, &about, &who).await?,
        Metric::CrossSellSales => cross_sales(read, me, &about, &who).await?,
        Metric::CrossSellCount => first_of_category(read, &about, &who).await?,
        Metric::LossRate | Metric::TimeOnA | Metric::Concentration | Metric::Contribution => {
            behind_worth::load(read, me, (metric, whose), &about, &who).await?
        }
        _ => margin(read, me, &about, &who).await?,
    })
}

async fn growth(read: &mut Read, me: &Viewer, metric: Metric, about: &About<'_>, who: &Who) -> Result<Behind, Error> {
    let firsts = more::first_sales(read, about).await?;
    let (mut all_now, mut all_before, mut new) = (Money::ZERO, Money::ZERO, Money::ZERO);
    let mut found = vec![];
    for ((period, _, customer), moved) in more::moves(read, about, who, None).await? {
        let step = Step::of(moved.before, moved.now, firsts.get(&customer).copied(), period.last_day());
        all_now += moved.now;
        all_before += moved.before;
        if step == Step::New {
            new += moved.now;
        }
        if (step == Step::New) == (metric == Metric::GrowthFromNew) {
            found.push((customer, moved, step));
        }
    }
    found.sort_by_cached_key(|(customer, moved, _)| (moved.name.to_lowercase(), *customer));
    let row = |first: Cell, step: &str, now: Money, before: Money| {
        let words = format::money_signed(me.company.currency, now - before);
        let change = Cell { words, ..amount(me, now - before) };
        vec![first, text(step), amount(me, now), amount(me, before), change]
    };
    let now = found.iter().map(|(_, moved, _)| moved.now).sum();
    let before = found.iter().map(|(_, moved, _)| moved.before).sum();
    let has_base = about.periods.iter().any(|period| period.base(about.growth_base, about.today).is_some());
    Ok(Behind {
        facts: Facts {
            book_sales: Some(all_now),
            net_sales_base: has_base.then_some(all_before),
            growth_new: Some(new),
            ..Facts::default()
        },
        heads: vec![("Customer", false), ("Step", false), ("This period", true), ("Base", true), ("Change", true)],
        rows: found
            .into_iter()
            .map(|(customer, moved, step)| {
                row(link(moved.name, format!("/customers/{customer}")), step.label(), moved.now, moved.before)
            })
            .collect(),
        sum: row(text("Together"), "", now, before),
    })
}

async fn cross_sales(read: &mut Read, me: &Viewer, about: &About<'_>, who: &Who) -> Result<Behind, Error> {
    let sold = more::cross_sales(read, about, who).await?;
    let sum = sold.iter().map(|sale| sale.part).sum();
    Ok(Behind {
        facts: Facts { cross_sell_sales: Some(sum), ..Facts::default() },
        heads: vec![("Customer", false), ("Category", false), ("Deal", false), ("Day", false), ("Part", true)],
        rows: sold
            .into_iter()
            .map(|sale| {
                vec![
                    link(sale.line.customer_name, format!("/customers/{}", sale.line.customer)),
                    text(sale.category),
                    deal(sale.line.number, sale.line.deal),
                    day(sale.line.booked_on),
                    amount(me, sale.part),
                ]
            })
            .collect(),
        sum: vec![text("Together"), text(""), text(""), text(""), amount(me, sum)],
    })
}

fn deal(number: i64, id: DealId) -> Cell {
    link(format!("Deal {number}"), format!("/deals/{id}"))
}

async fn first_of_category(read: &mut Read, about: &About<'_>, who: &Who) -> Result<Behind, Error> {
    let found = more::first_of_category(read, about, who).await?;
    let sign = |undone: bool| if undone { -1 } else { 1 };
    let all: i64 = found.iter().map(|first| sign(first.undone)).sum();
    Ok(Behind {
        facts: Facts { cross_sell_count: Some(all), ..Facts::default() },
        heads: vec![("Customer", false), ("Category", false), ("Deal", false), ("Day", false), ("Counts", true)],
        rows: found
            .into_iter()
            .map(|first| {
                vec![
                    link(first.sale.customer_name, format!("/customers/{}", first.sale.customer)),
                    text(first.sale.category_name),
                    deal(first.sale.number, first.sale.deal),
                    Cell {
                        words: format!(
                            "{}{}",
                            format::date(first.on),
                            if first.undone { ", all of it back" } else { "" }
                        ),
                        ..day(first.on)
                    },
                    count(sign(first.undone)),
                ]
            })
            .collect(),
        sum: vec![text("Together"), text(""), text(""), text(""), count(all)],
    })
}

async fn margin(read: &mut Read, me: &Viewer, about: &About<'_>, who: &Who) -> Result<Behind, Error> {
    let lines = more::lines(read, about, who).await?;
    // By day and deal: whose deal it is, the margin, and the lines without a cost.
    let mut deals: BTreeMap<(Date, i64), (&Line, Money, i64)> = BTreeMap::new();
    for (_, _, line, margin) in more::margins(about, who, &lines) {
        let (_, sum, without) = deals.entry((line.booked_on, line.number)).or_insert((line, Money::ZERO, 0));
        match margin {
            Some(margin) => *sum += margin,
            None => *without += 1,
        }
    }
    let sum: Money = deals.values().map(|(_, margin, _)| *margin).sum();
    let without: i64 = deals.values().map(|(_, _, without)| *without).sum();
    Ok(Behind {
        facts: Facts { gross_margin: Some(sum), lines_without_cost: without, ..Facts::default() },
        heads: vec![
            ("Deal", false),
            ("Customer", false),
            ("Day", false),
            ("Lines without cost", true),
            ("Margin", true),
        ],
        rows: deals
            .into_values()
            .map(|(line, margin, without)| {
                vec![
                    deal(line.number, line.deal),
                    link(line.customer_name.clone(), format!("/customers/{}", line.customer)),
                    day(line.booked_on),
                    count(without),
                    amount(me, margin),
                ]
            })
            .collect(),
        sum: vec![text("Together"), text(""), text(""), count(without), amount(me, sum)],
    })
}

async fn minimum(read: &mut Read, about: &About<'_>, who: &Who) -> Result<Behind, Error> {
    let found = more::minimums(read, about, who).await?;
    let kept = found.iter().fold(Kept::default(), |kept, expected| kept.and(&expected.stretch));
    Ok(Behind {
        facts: Facts { visit_minimum: Some(kept), ..Facts::default() },
        heads: vec![("Rep", false), ("When", false), ("Visits", true), ("Minimum", true), ("Met", false)],
        rows: found
            .into_iter()
            .map(|expected| {
                let stretch = expected.stretch;
                let minimum = stretch.minimum;
                let when = match minimum.per {
                    Per::Day => format::date(stretch.on),
                    Per::Week => {
                        let week = Dates { from: add_days(stretch.on, -3), to: add_days(stretch.on, 3) };
                        format!("{} to {}", format::date(week.from), format::date(week.to))
                    }
                };
                let of = if minimum.strangers_only { " stranger" } else { "" };
                vec![
                    text(expected.rep),
                    text(when),
                    count(stretch.made),
                    number(format!("{}{of}", format::count(minimum.visits))),
                    text(if stretch.is_met() { "Yes" } else { "No" }),
                ]
            })
            .collect(),
        sum: vec![],
    })
}

impl BehindPage {
    /// Whether the number is one at all.
    fn has_value(&self) -> bool {
        !self.exact.is_empty()
    }
}
