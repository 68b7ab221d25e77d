//! The scoreboard as people read it: the team's numbers, and its reps ranked by exact scorecard, or by the attainment of one
//! metric.

use std::{
    cmp::{Ordering, Reverse},
    collections::HashMap,
};

use askama::Template;
use rust_decimal::Decimal;
use time::Date;

use super::{
    compared::{Compared, Earlier},
    db::Subject,
    drill,
    figure::{self, Figure, Status},
    measured::Measured,
    ranking,
};
use crate::{
    domain::{
        id::UserId,
        metric::{Metric, Unit, Value},
        money::Money,
        period::{Period, add_months},
        rate::Ratio,
        scorecard::{Ranked, Scorecard, ranked},
        target::Attainment,
    },
    targets::db::Rep,
    web::{
        auth::Viewer,
        chart::{Bullet, Spark},
        csv, format,
        list::{List, SortBy},
        page::Page,
        periods::PeriodNav,
        ui::{Badge, Choice, Sort, Switch, Tone},
    },
};

/// The metrics that have a column; those of [`Metric::MORE`] that were loaded follow.
const COLUMNS: [(Metric, &str); 4] = [
    (Metric::Visits, "Visits"),
    (Metric::NewCustomers, "New"),
    (Metric::LostCustomers, "Lost"),
    (Metric::SalesGrowth, "Growth"),
];

/// The columns to sort by; the first is the usual one.
const SORTS: [SortBy; 19] = [
    SortBy { column: "rank", descending: false },
    SortBy { column: "rep", descending: false },
    SortBy { column: "score", descending: true },
    SortBy { column: "pace", descending: true },
    SortBy { column: "visits", descending: true },
    SortBy { column: "new_customers", descending: true },
    SortBy { column: "lost_customers", descending: true },
    SortBy { column: "sales_growth", descending: true },
    SortBy { column: "net_sales", descending: true },
    SortBy { column: "growth_from_new", descending: true },
    SortBy { column: "growth_from_existing", descending: true },
    SortBy { column: "visit_minimum", descending: true },
    SortBy { column: "cross_sell_sales", descending: true },
    SortBy { column: "cross_sell_count", descending: true },
    SortBy { column: "gross_margin", descending: true },
    SortBy { column: "loss_rate", descending: false },
    SortBy { column: "time_on_a", descending: true },
    SortBy { column: "concentration", descending: false },
    SortBy { column: "contribution", descending: true },
];

/// Everything that a board shows.
pub struct Board {
    /// The period.
    pub period: Period,
    /// Whose team-level numbers stand on top.
    pub whose: Subject,
    /// What the board is called: the team's or the company's name.
    pub name: String,
    /// The reps.
    pub reps: Vec<Rep>,
    /// Facts and targets.
    pub measured: Measured,
    /// An earlier period, if the board is compared with one.
    pub compared: Option<Compared>,
    /// Net sales of the last six whole months by rep, oldest first.
    pub trend: HashMap<UserId, Vec<Money>>,
    /// The first of those months.
    pub trend_from: Date,
}

/// A rep with all figures.
struct Scored {
    rep: Rep,
    figures: Vec<Figure>,
    score: Option<Attainment>,
    pace: Option<Attainment>,
}

impl Scored {
    fn figure(&self, metric: Metric) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.metric == metric)
    }

    fn value(&self, metric: Metric) -> Option<Ratio> {
        self.figure(metric)?.value.map(Value::exact)
    }

    /// What the rank follows from: the scorecard, or the attainment of one metric.
    fn reached(&self, by: Option<Metric>) -> Option<Attainment> {
        by.map_or(self.score, |metric| self.figure(metric)?.attainment)
    }
}

impl Board {
    /// The reps, ranked by exact scorecard or attainment.
    fn ranked(&self, by: Option<Metric>) -> Vec<Ranked<Scored>> {
        let card = Scorecard::default();
        let scored = self.reps.iter().map(|rep| {
            let figures = self.measured.figures(rep.id);
            Scored {
                score: figure::score(&card, &figures),
                pace: figure::pace(&card, &figures),
                rep: rep.clone(),
                figures,
            }
        });
        ranked(scored, |scored| scored.reached(by), |scored| scored.rep.name.to_lowercase())
    }

    /// What the reps may be ranked by: the scorecard, and each metric with an attainment.
    fn rankings(&self) -> Vec<Choice> {
        let reps = self.ranked(None);
        let has = |metric: &Metric| reps.iter().any(|row| row.item.reached(Some(*metric)).is_some());
        let metrics = Metric::ALL.into_iter().filter(has).map(|metric| Choice::new(metric.as_str(), metric.label()));
        [Choice::new("", "Scorecard")].into_iter().chain(metrics).collect()
    }

    /// The reps in the order that the address asks for. Who has no value comes last, whichever way it is sorted.
    fn sorted(&self, by: SortBy, ranked_by: Option<Metric>) -> Vec<Ranked<Scored>> {
        let mut rows = self.ranked(ranked_by);
        let value = |row: &Ranked<Scored>| -> Option<Ratio> {
            match by.column {
                "score" => row.item.score.map(|score| score.0),
                "pace" => row.item.pace.map(|pace| pace.0),
                column => row.item.value(Metric::parse(column)?),
            }
        };
        match by.column {
            "rank" => {}
            "rep" => rows.sort_by_key(|row| row.item.rep.name.to_lowercase()),
            _ if by.descending => rows.sort_by_key(|row| Reverse(value(row))),
            _ => rows.sort_by_key(|row| value(row).map_or((1, Ratio::ZERO), |value| (0, value))),
        }
        if by.descending && matches!(by.column, "rank" | "rep") {
            rows.reverse();
        }
        rows
    }

    /// The metrics that have a column, with its head.
    fn columns(&self) -> Vec<(Metric, &'static str)> {
        let more = self.measured.metrics.iter().filter(|metric| metric.is_more());
        COLUMNS.into_iter().chain(more.map(|&metric| (metric, metric.label()))).collect()
    }

    /// The board as a page.
    pub fn page(&self, page: Page, me: &Viewer, list: &List, nav: PeriodNav, teams: Vec<Choice>) -> BoardPage {
        let by = list.sort_by(&SORTS);
        let head = |column: &str| SORTS.iter().find(|sort| sort.column == column).map(|&sort| list.head(by, sort));
        let ranked_by = ranking::asked(list);
        let rows: Vec<Row> = self.sorted(by, ranked_by).into_iter().map(|row| self.row(row, me)).collect();
        let asked = list.value("compare");
        let nothing = Switch::new("Nothing", list.with("compare", ""), self.compared.is_none());
        let earlier = Earlier::ALL.into_iter().filter_map(|earlier| {
            let label = format::period(earlier.period(self.period)?);
            Some(Switch::new(label, list.with("compare", earlier.as_str()), asked == earlier.as_str()))
        });
        BoardPage {
            compare: [nothing].into_iter().chain(earlier).collect(),
            no_year: self.period.last_year().is_none(),
            changes: self.changes(),
            wall: list.with("", "").replacen("/scoreboard", "/scoreboard/wall", 1),
            summary: self.summary(me),
            eyebrow: format!("{} · {}", format::period(self.period), self.measured.working_days(self.period, me.today)),
            heads: self.columns().into_iter().map(|(metric, label)| (label, head(metric.as_str()))).collect(),
            more: Metric::MORE
                .iter()
                .any(|metric| !self.measured.metrics.contains(metric))
                .then(|| list.with("more", "1")),
            by_rank: head("rank"),
            by_rep: head("rep"),
            by_score: head("score"),
            by_pace: head("pace"),
            by_sales: head("net_sales"),
            csv: list.with("", "").replacen("/scoreboard", "/scoreboard.csv", 1),
            team: list.value("team").to_owned(),
            rankings: self.rankings(),
            ranked_by: ranked_by.map(Metric::as_str).unwrap_or_default(),
            ranked_by_words: ranking::words(ranked_by),
            kept: list.carried(&[ranking::PARAMETER]).into_iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect(),
            carried: list.carried(&["team"]).into_iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect(),
            period: self.period,
            name: self.name.clone(),
            rows,
            nav,
            teams,
            page,
        }
    }

    /// The board for a screen on the wall; `still`: it does not ask again by itself.
    pub fn wall(&self, page: Page, me: &Viewer, list: &List, still: bool) -> WallPage {
        WallPage {
            summary: self.summary(me),
            ranked_by_words: ranking::words(ranking::asked(list)),
            rows: self.sorted(SORTS[0], ranking::asked(list)).into_iter().map(|row| self.row(row, me)).collect(),
            heads: self.columns().into_iter().map(|(_, label)| label).collect(),
            eyebrow: format!("{} · {}", format::period(self.period), self.measured.working_days(self.period, me.today)),
            changes: self.changes(),
            turn: list.with("still", if still { "" } else { "1" }),
            back: list.but(&[("still", "")]).replacen("/scoreboard/wall", "/scoreboard", 1),
            still,
            name: self.name.clone(),
            page,
        }
    }

    /// What the comparison shows, in words.
    fn changes(&self) -> Vec<String> {
        let Some(compared) = &self.compared else { return vec![] };
        let ranked = self.ranked(None);
        let scores: Vec<_> =
            ranked.iter().map(|row| (row.item.rep.name.as_str(), row.item.rep.id, row.item.score)).collect();
        let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect::<Vec<_>>();
        let mut changes = vec![format!("Compared with {}.", compared.words())];
        if let Some((names, rise)) = compared.most_improved(&scores) {
            changes.push(format!(
                "Most improved: {} ({} points).",
                format::listed(&owned(names)),
                format::points(rise)
            ));
        }
        let new: Vec<&str> =
            scores.iter().filter(|(_, rep, _)| compared.is_new(*rep)).map(|(name, ..)| *name).collect();
        if !new.is_empty() {
            changes.push(format!("New since then: {}.", format::listed(&owned(new))));
        }
        changes
    }

    fn row(&self, row: Ranked<Scored>, me: &Viewer) -> Row {
        let Ranked { rank, item } = row;
        let currency = me.company.currency;
        let whose = Subject::Rep(item.rep.id);
        let cell = |metric: Metric| -> Cell {
            let figure = item.figure(metric);
            let target = figure.and_then(|figure| figure.target);
            Cell {
                href: drill::href(metric, whose, self.period, me.company.growth_basis, me.today),
                value: figure.map_or_else(String::new, |figure| figure.shown(currency)),
                exact: figure
                    .and_then(|figure| figure.value)
                    .map(|value| in_file(value, me).to_string())
                    .unwrap_or_default(),
                limit: target
                    .filter(|_| metric.is_limit())
                    .map(|target| figure::target_words(metric, target, currency)),
                over: metric.is_limit() && figure.is_some_and(|figure| figure.tone() == Tone::Bad),
                bullet: figure.and_then(|figure| figure.bullet(currency)).map(Bullet::mini),
                metric,
            }
        };
        let months = self.trend.get(&item.rep.id).cloned().unwrap_or_else(|| vec![Money::ZERO; 6]);
        let last = add_months(self.trend_from, 5);
        let words = format!(
            "Net sales by month from {} to {}: {}",
            format::short_month(self.trend_from),
            format::short_month(last),
            months.iter().map(|&month| format::money_short(currency, month)).collect::<Vec<_>>().join(", ")
        );
        let over = self.measured.progress.over;
        Row {
            rank: rank.map(|rank| rank.to_string()).unwrap_or_default(),
            href: format!("/reps/{}?period={}", item.rep.id, self.period),
            mine: item.rep.id == me.id,
            here: self.measured.presences.of(item.rep.id).map(figure::here).unwrap_or_default(),
            score: item.score.map(|score| format::attainment(score.0)),
            rise: self.compared.as_ref().and_then(|compared| compared.rise(item.rep.id, item.score)).map(Rise::new),
            pace: item.pace.map(|pace| format::percent(pace.0)),
            status: item.pace.map(|pace| Status::of(pace).badge(over)),
            cells: self.columns().into_iter().map(|(metric, _)| cell(metric)).collect(),
            sales: cell(Metric::NetSales),
            spark: Spark::new(&months.iter().map(|month| Some(month.exact())).collect::<Vec<_>>(), words),
            rep: item.rep,
        }
    }

    /// The team's own numbers: from its facts, not from those of its reps.
    fn summary(&self, me: &Viewer) -> Vec<Total> {
        let currency = me.company.currency;
        let figures = self.measured.total_figures(&self.reps);
        let total = |metric: Metric| {
            let figure = figures.iter().find(|figure| figure.metric == metric)?;
            let share = figure.attainment.filter(|_| figure.is_own).map(|share| format::attainment(share.0));
            let mut words = vec![figure.of(currency), figure.own(currency), share.unwrap_or_default()];
            words.push(figure.foot(&self.measured.base_words(self.period), currency));
            let then = self.compared.as_ref().and_then(|compared| compared.total(metric, &self.reps, me));
            words.extend(then.map(|value| format!("{value} then")));
            words.retain(|part| !part.is_empty());
            Some(Total {
                label: metric.label(),
                metric,
                href: drill::href(metric, self.whose, self.period, me.company.growth_basis, me.today),
                value: figure.shown(currency),
                exact: figure.value.map(|value| in_file(value, me).to_string()).unwrap_or_default(),
                words: words.join(" · "),
            })
        };
        let more = self.measured.metrics.iter().copied().filter(|metric| metric.is_more());
        [Metric::Visits, Metric::NewCustomers, Metric::LostCustomers, Metric::NetSales, Metric::SalesGrowth]
            .into_iter()
            .chain(more)
            .filter_map(total)
            .collect()
    }

    /// The board as a file: every metric with target and attainment, in the order of the page.
    pub fn csv(&self, me: &Viewer, list: &List) -> csv::File {
        let mut heads: Vec<String> = ["rank", "rep", "team", "period", "score"].map(str::to_owned).to_vec();
        heads.extend(self.compared.as_ref().map(|compared| format!("score_{}", compared.period)));
        for metric in Metric::ALL {
            let word = metric.as_str();
            heads.extend([word.to_owned(), format!("{word}_target"), format!("{word}_attainment")]);
        }
        let mut file = csv::File::new(&heads.iter().map(String::as_str).collect::<Vec<_>>());
        let empty = || csv::text("");
        let percent = |share: Option<Attainment>| share.map_or_else(empty, |share| csv::number(share.percent()));
        for Ranked { rank, item } in self.sorted(list.sort_by(&SORTS), ranking::asked(list)) {
            let rank = rank.and_then(|rank| i64::try_from(rank).ok());
            let mut cells = vec![
                rank.map_or_else(empty, csv::number),
                csv::text(&item.rep.name),
                csv::text(item.rep.team.as_deref().unwrap_or_default()),
                csv::text(&self.period.to_string()),
                percent(item.score),
            ];
            cells.extend(self.compared.as_ref().map(|compared| percent(compared.score(item.rep.id))));
            for metric in Metric::ALL {
                let figure = item.figure(metric);
                let value = figure.and_then(|figure| figure.value);
                let target = figure.and_then(|figure| figure.target);
                cells.push(value.map_or_else(empty, |value| csv::number(in_file(value, me))));
                cells.push(target.map_or_else(empty, |target| csv::number(target_in_file(metric, target, me))));
                cells.push(percent(figure.and_then(|figure| figure.attainment)));
            }
            file.row(cells);
        }
        file
    }
}

/// A value as files carry it: money in the currency's decimals, growth as a fraction with six.
pub fn in_file(value: Value, me: &Viewer) -> Decimal {
    match value {
        Value::Count(count) => count.into(),
        Value::Money(money) => me.company.currency.major(money),
        Value::Fraction(ratio) => ratio.rounded(6),
    }
}

/// A target as files carry it.
pub fn target_in_file(metric: Metric, target: Decimal, me: &Viewer) -> Decimal {
    match metric.unit() {
        Unit::Money => me.company.currency.major(Money::from_exact(target)),
        _ => target.normalize(),
    }
}

/// The board as a page.
#[derive(Template)]
#[template(path = "scorecards/board.html")]
pub struct BoardPage {
    page: Page,
    nav: PeriodNav,
    period: Period,
    name: String,
    eyebrow: String,
    summary: Vec<Total>,
    heads: Vec<(&'static str, Option<Sort>)>,
    /// Where the board has all metrics; nothing where it has them.
    more: Option<String>,
    by_rank: Option<Sort>,
    by_rep: Option<Sort>,
    by_score: Option<Sort>,
    by_pace: Option<Sort>,
    by_sales: Option<Sort>,
    rows: Vec<Row>,
    csv: String,
    compare: Vec<Switch>,
    /// Whether the year before has no such period: week 53.
    no_year: bool,
    changes: Vec<String>,
    wall: String,
    teams: Vec<Choice>,
    team: String,
    carried: Vec<(String, String)>,
    /// What the ranks follow from, and what else they may: its word in the address, and in a sentence.
    rankings: Vec<Choice>,
    ranked_by: &'static str,
    ranked_by_words: String,
    /// What else the address says.
    kept: Vec<(String, String)>,
}

/// A number of the whole team.
struct Total {
    label: &'static str,
    metric: Metric,
    href: String,
    value: String,
    /// The number as files carry it.
    exact: String,
    words: String,
}

/// A rep's line.
struct Row {
    rank: String,
    rep: Rep,
    href: String,
    mine: bool,
    /// "here 16 of 20 working days", of who misses some.
    here: String,
    score: Option<String>,
    rise: Option<Rise>,
    pace: Option<String>,
    status: Option<Badge>,
    cells: Vec<Cell>,
    sales: Cell,
    spark: Spark,
}

/// By how much a score changed.
struct Rise {
    words: String,
    class: &'static str,
}

impl Rise {
    fn new(rise: Ratio) -> Self {
        let class = match rise.cmp(&Ratio::ZERO) {
            Ordering::Greater => "t-good",
            Ordering::Less => "t-bad",
            Ordering::Equal => "muted",
        };
        Self { words: format::points(rise), class }
    }
}

/// The board on a wall.
#[derive(Template)]
#[template(path = "scorecards/wall.html")]
pub struct WallPage {
    page: Page,
    name: String,
    eyebrow: String,
    ranked_by_words: String,
    summary: Vec<Total>,
    heads: Vec<&'static str>,
    rows: Vec<Row>,
    changes: Vec<String>,
    /// Leads to the other of still and asking again.
    turn: String,
    back: String,
    still: bool,
}

/// A number with its bar.
struct Cell {
    metric: Metric,
    href: String,
    value: String,
    /// The number as files carry it.
    exact: String,
    /// "2", of a limit.
    limit: Option<String>,
    /// Whether the limit is broken.
    over: bool,
    bullet: Option<Bullet>,
}
