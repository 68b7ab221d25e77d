//! The pipeline: open deals by the period in which they are expected, beside what was won and what is to be won in it.

use std::collections::BTreeSet;

use askama::Template;
use axum::{extract::State, response::Response};
use time::Date;

use super::pipeline_db::{self, OpenDeal, RepSum};
use crate::{
    App,
    audit::downloads::{self, Download},
    domain::{
        access::{Permission, Reach},
        id::{TeamId, UserId},
        metric::{Metric, Value},
        money::{Currency, Money},
        period::{Period, PeriodKind},
        subject::Subject,
        target,
    },
    postgres::tx::{self, Read},
    scorecards::{
        figure::{self, Figure},
        measured::{self, Question},
    },
    targets::{self, db::Rep},
    teams,
    users::reps_db,
    web::{
        auth::{Allowed, ReadSales, Viewer},
        csv,
        error::Error,
        form::Errors,
        format,
        list::List,
        page::{Page, html},
        periods,
        ui::{Choice, Switch},
    },
};

/// How long the periods may be by which the deals are grouped.
const KINDS: [PeriodKind; 4] = [PeriodKind::Week, PeriodKind::Month, PeriodKind::Quarter, PeriodKind::Year];
/// Of so many periods from the running one on, the targets are shown.
const MOST_TARGETS: usize = 6;
/// So many deals of a group are listed; its sum is that of all.
const MOST_ROWS: usize = 100;

/// When open deals are expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    /// Before today.
    Overdue,
    /// In this period, from today on.
    In(Period),
    /// Nobody has said.
    Undated,
}

impl When {
    fn of(expected_on: Option<Date>, kind: PeriodKind, me: &Viewer) -> Self {
        match expected_on {
            None => Self::Undated,
            Some(day) if day < me.today => Self::Overdue,
            Some(day) => Self::In(periods::containing(kind, day, me)),
        }
    }

    fn label(self) -> String {
        match self {
            Self::Overdue => "Overdue".to_owned(),
            Self::In(period) => format::period(period),
            Self::Undated => "Without a date".to_owned(),
        }
    }
}

/// A number of deals and what they come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    deals: i64,
    part: Money,
}

impl Sum {
    fn add(&mut self, deals: i64, part: Money) {
        self.deals += deals;
        self.part += part;
    }

    /// "€21,000 in 4 deals".
    fn words(self, currency: Currency) -> String {
        let deals = format::counted(self.deals, "deal", "deals");
        format!("{} in {deals}", format::money_whole(currency, self.part))
    }
}

/// Deals that are expected at the same time.
struct Group {
    when: When,
    sum: Sum,
    deals: Vec<OpenDeal>,
    /// What was won and is to be won in that period; empty where nothing is known of it.
    standing: String,
}

/// The deals by when they are expected, in their order; the running period is always there.
fn grouped(deals: Vec<OpenDeal>, kind: PeriodKind, me: &Viewer) -> Vec<Group> {
    let running = When::In(periods::containing(kind, me.today, me));
    let new = |when| Group { when, sum: Sum::default(), deals: vec![], standing: String::new() };
    let mut groups: Vec<Group> = vec![];
    for deal in deals {
        let when = When::of(deal.expected_on, kind, me);
        if groups.last().is_none_or(|group| group.when != when) {
            groups.push(new(when));
        }
        if let Some(group) = groups.last_mut() {
            group.sum.add(1, deal.part);
            group.deals.push(deal);
        }
    }
    if !groups.iter().any(|group| group.when == running) {
        let at = groups.iter().take_while(|group| group.when == When::Overdue).count();
        groups.insert(at, new(running));
    }
    groups
}

/// Won, to be won, and open beside it, each apart: "Won €32,000 of €50,000. Open and expected this month: €21,000 in 4
/// deals; with all of it 106%." What is open is in no attainment and no pay.
fn standing(figure: &Figure, open: Sum, running: Option<PeriodKind>, currency: Currency) -> String {
    let won = match figure.value {
        Some(Value::Money(won)) => won,
        _ => Money::ZERO,
    };
    let target = figure.target.map(|target| figure::target_words(figure.metric, target, currency));
    let won_words = format::money_whole(currency, won);
    let lacking = || if figure.lacking.is_some() { figure.of(currency) } else { "no target is set".to_owned() };
    let mut words = match (&target, running.is_some()) {
        (Some(target), true) => format!("Won {won_words} of {target}."),
        (Some(target), false) => format!("Target {target}."),
        (None, true) => format!("Won {won_words}; {}.", lacking()),
        (None, false) => format!("{}.", format::capital(&lacking())),
    };
    if open.deals > 0 {
        let when = running.map_or_else(String::new, |kind| format!(" this {}", kind.as_str()));
        words = format!("{words} Open and expected{when}: {}", open.words(currency));
        if let Some(target) = figure.target {
            let both = target::attainment(figure.metric, Value::Money(won + open.part), target);
            words = format!("{words}; with all of it {}", format::percent(both.0));
        }
        words.push('.');
    }
    words
}

/// Whose pipeline the address asks for, what it is called, and who belongs to it.
struct Asked {
    whose: Subject,
    name: String,
    /// The reps of a team or company, who may be compared; of one rep, that one.
    reps: Vec<Rep>,
    teams: Vec<Choice>,
    sellers: Vec<Choice>,
}

impl Asked {
    async fn load(read: &mut Read, me: &Viewer, list: &List, kind: PeriodKind) -> Result<Self, Error> {
        let all = me.scope.reach == Reach::All;
        let tree = teams::db::tree(read, &me.scope, me.today).await?;
        let seen: Vec<_> = tree.into_iter().filter(|team| me.scope.sees_team(team.id)).collect();
        let sellers = reps_db::in_sight(read, &me.scope).await?;
        let chosen = match list.parse::<TeamId>("team")? {
            Some(id) => Some(seen.iter().find(|team| team.id == id).ok_or(Error::NotFound)?),
            None if all => None,
            None => seen.first(),
        };
        let rep = match list.parse::<UserId>("rep")? {
            Some(id) => Some(sellers.iter().find(|(rep, _)| *rep == id).ok_or(Error::NotFound)?.clone()),
            None => None,
        };
        let period = periods::containing(kind, me.today, me);
        let (whose, name, reps) = match (rep, chosen) {
            (Some((id, name)), _) => (Subject::Rep(id), name.clone(), vec![lone(id, name)]),
            (None, Some(team)) => {
                let reps = targets::db::reps(read, &me.scope, period, Some(team.id), me.today).await?;
                (Subject::Team(team.id), team.name.clone(), reps)
            }
            (None, None) if all => {
                let reps = targets::db::reps(read, &me.scope, period, None, me.today).await?;
                (Subject::Company, me.company.name.clone(), reps)
            }
            (None, None) => (Subject::Rep(me.id), me.name.clone(), vec![lone(me.id, me.name.clone())]),
        };
        let teams = seen.iter().map(|team| Choice::new(team.id, &team.path)).collect();
        let sellers = sellers.into_iter().map(|(id, name)| Choice::new(id, name)).collect();
        Ok(Self { whose, name, reps, teams, sellers })
    }
}

/// A rep who is not looked at as one of a team.
fn lone(id: UserId, name: String) -> Rep {
    Rep { id, name, team: None, team_id: None, level: None }
}

/// What a rep has won, is to win and has open.
struct RepRow {
    rep: Rep,
    href: String,
    won: String,
    target: String,
    expected: Sum,
    with_all: String,
    overdue: Sum,
    all: Sum,
}

#[derive(Template)]
#[template(path = "deals/pipeline.html")]
struct PipelinePage {
    page: Page,
    list: List,
    /// Says where to come back to from a button.
    back: String,
    csv: String,
    name: String,
    own: bool,
    switches: Vec<Switch>,
    teams: Vec<Choice>,
    sellers: Vec<Choice>,
    period: Period,
    lede: String,
    total: Sum,
    overdue: Sum,
    groups: Vec<Group>,
    reps: Vec<RepRow>,
    may_record: bool,
    /// Whose deals the viewer may change; none: everybody's.
    changes: Option<Vec<UserId>>,
    currency: Currency,
    today: Date,
    no_errors: Errors,
}

impl PipelinePage {
    fn may_change(&self, deal: &OpenDeal) -> bool {
        let in_reach = |owner| self.changes.as_ref().is_none_or(|reps| reps.contains(&owner));
        self.may_record && deal.owner_id.is_some_and(in_reach)
    }

    fn rows(group: &Group) -> &[OpenDeal] {
        group.deals.get(..MOST_ROWS).unwrap_or(&group.deals)
    }
}

/// `GET /deals/pipeline`: the open deals of a rep, a team or the company.
pub async fn pipeline(
    State(app): State<App>,
    me: Allowed<ReadSales>,
    page: Page,
    list: List,
) -> Result<Response, Error> {
    let kind = read_kind(&list)?;
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let asked = Asked::load(&mut read, &me, &list, kind).await?;
    let deals = pipeline_db::open(&mut read, me.scope.org, asked.whose, me.today).await?;
    let mut groups = grouped(deals, kind, &me);
    let currency = me.company.currency;
    let running = periods::containing(kind, me.today, &me);
    let dated = groups.iter().filter_map(|group| if let When::In(period) = group.when { Some(period) } else { None });
    let periods: Vec<Period> = dated.take(MOST_TARGETS).collect();
    let ids: Vec<UserId> = asked.reps.iter().map(|rep| rep.id).collect();
    let about = Question { until: me.today, reps: &ids, whole: asked.whose, more: BTreeSet::new() };
    let measured = measured::load_each(&mut read, &me, &periods, about).await?;
    let compares = !matches!(asked.whose, Subject::Rep(_));
    let sums = if compares { pipeline_db::by_rep(&mut read, me.scope.org, &ids).await? } else { vec![] };
    let (mut lede, mut rows) = (String::new(), vec![]);
    for (period, measured) in periods.into_iter().zip(measured) {
        let Some(group) = groups.iter_mut().find(|group| group.when == When::In(period)) else { continue };
        let figures = match asked.whose {
            Subject::Rep(rep) => measured.figures(rep),
            Subject::Company | Subject::Team(_) => measured.total_figures(&asked.reps),
        };
        let Some(figure) = net_sales(&figures) else { continue };
        group.standing = standing(figure, group.sum, (period == running).then_some(kind), currency);
        if period == running {
            // It stands on top.
            lede = std::mem::take(&mut group.standing);
            if compares {
                let row = |rep: &Rep| rep_row(rep, &measured.figures(rep.id), &sums, &list, kind, &me);
                rows = asked.reps.iter().map(row).collect();
            }
        }
    }
    let (mut total, mut overdue) = (Sum::default(), Sum::default());
    for group in &groups {
        total.add(group.sum.deals, group.sum.part);
        if group.when == When::Overdue {
            overdue = group.sum;
        }
    }
    let here = list.with("", "");
    let switch = |to: PeriodKind| Switch::new(to.label(), list.with("by", to.as_str()), to == kind);
    html(PipelinePage {
        page,
        back: serde_html_form::to_string([("back", &here)]).unwrap_or_default(),
        csv: here.replacen("/deals/pipeline", "/deals/pipeline.csv", 1),
        own: asked.whose == Subject::Rep(me.id),
        name: asked.name,
        switches: KINDS.into_iter().map(switch).collect(),
        teams: if asked.teams.len() > 1 || me.scope.reach == Reach::All { asked.teams } else { vec![] },
        sellers: if asked.sellers.len() > 1 { asked.sellers } else { vec![] },
        period: running,
        lede,
        total,
        overdue,
        // The running period is there for its target; without a deal it is no group.
        groups: groups.into_iter().filter(|group| !group.deals.is_empty()).collect(),
        reps: rows,
        may_record: me.may(Permission::RecordSales),
        changes: me.scope_of(Permission::RecordSales).reps().map(<[UserId]>::to_vec),
        currency,
        today: me.today,
        no_errors: Errors::new(),
        list,
    })
}

fn read_kind(list: &List) -> Result<PeriodKind, Error> {
    let kind = list.word("by", |word| word.parse().ok().filter(|kind| KINDS.contains(kind)))?;
    Ok(kind.unwrap_or(PeriodKind::Month))
}

fn net_sales(figures: &[Figure]) -> Option<&Figure> {
    figures.iter().find(|figure| figure.metric == Metric::NetSales)
}

fn rep_row(rep: &Rep, figures: &[Figure], sums: &[RepSum], list: &List, kind: PeriodKind, me: &Viewer) -> RepRow {
    let currency = me.company.currency;
    let running = When::In(periods::containing(kind, me.today, me));
    let (mut expected, mut overdue, mut all) = (Sum::default(), Sum::default(), Sum::default());
    for sum in sums.iter().filter(|sum| sum.rep == rep.id) {
        all.add(sum.deals, sum.part);
        match When::of(sum.expected_on, kind, me) {
            when if when == running => expected.add(sum.deals, sum.part),
            When::Overdue => overdue.add(sum.deals, sum.part),
            When::In(_) | When::Undated => {}
        }
    }
    let figure = net_sales(figures);
    let won = figure.and_then(|figure| figure.value).unwrap_or(Value::Money(Money::ZERO));
    let target = figure.and_then(|figure| figure.target);
    let with_all = match (target, won) {
        (Some(target), Value::Money(won)) => {
            let both = Value::Money(won + expected.part);
            format::percent(target::attainment(Metric::NetSales, both, target).0)
        }
        _ => String::new(),
    };
    RepRow {
        href: list.but(&[("rep", &rep.id.to_string()), ("team", "")]),
        won: figure::shown(Metric::NetSales, won, currency),
        target: target.map(|target| figure::target_words(Metric::NetSales, target, currency)).unwrap_or_default(),
        expected,
        with_all,
        overdue,
        all,
        rep: rep.clone(),
    }
}

/// `GET /deals/pipeline.csv`: the same deals as a file.
pub async fn export(State(app): State<App>, me: Allowed<ReadSales>, list: List) -> Result<Response, Error> {
    let kind = read_kind(&list)?;
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let asked = Asked::load(&mut read, &me, &list, kind).await?;
    let mut file =
        csv::File::new(&["expected", "expected_on", "deal", "customer", "credited", "net", "part", "currency"]);
    let currency = me.company.currency;
    for deal in pipeline_db::open(&mut read, me.scope.org, asked.whose, me.today).await? {
        file.row([
            csv::text(&When::of(deal.expected_on, kind, &me).label()),
            csv::text(&deal.expected_on.map(|day| day.to_string()).unwrap_or_default()),
            csv::number(deal.number),
            csv::text(&deal.customer),
            csv::text(&deal.credits),
            csv::number(currency.major(deal.net)),
            csv::number(currency.major(deal.part)),
            csv::text(currency.code()),
        ]);
    }
    drop(read);
    let of = list.without(&[]);
    let download = Download { act: "deal.exported", object: "/deals/pipeline", file: &of, rows: file.rows() };
    downloads::note(&app, &me, download).await?;
    file.respond(&format!("pipeline-{}.csv", me.today))
}
