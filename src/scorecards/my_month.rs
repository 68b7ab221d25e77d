//! My month as people read it: the headline, four figures with their pace, today's visits, sales so far, and who slips away.

use askama::Template;
use time::Date;

use super::{
    board::in_file,
    db::Subject,
    drill,
    figure::{self, Figure},
    headline::{self, Headline, Moment},
    measured::Measured,
    my_month_db::{CustomerToday, Day},
};
use crate::{
    domain::{
        access::Permission,
        calendar::Progress,
        customer::stage::{Warning, warnings_of},
        id::{CustomerId, StatementId, UserId, VisitId},
        metric::Metric,
        money::{Currency, Money},
        period::Period,
        rate::Ratio,
        scorecard::Scorecard,
        visit,
    },
    targets::accept_db::Standing,
    web::{
        auth::Viewer,
        chart::{PaceLine, PaceLineData},
        format,
        page::Page,
        periods::PeriodNav,
        ui::Stat,
    },
};

/// The metrics with a card, in the order of the page.
const CARDS: [Metric; 4] = [Metric::Visits, Metric::NewCustomers, Metric::SalesGrowth, Metric::LostCustomers];

/// How many customers that slip away are listed.
const MOST_SLIPPING: usize = 8;

/// Whose month it is.
pub struct Person {
    /// The person.
    pub id: UserId,
    /// The name.
    pub name: String,
}

/// Everything that the page shows.
pub struct Month {
    /// Whose.
    pub person: Person,
    /// When.
    pub period: Period,
    /// Facts and targets.
    pub measured: Measured,
    /// The days of the period.
    pub days: Vec<Day>,
    /// Visits of today and the buying customers; empty where the period does not hold today.
    pub customers: Vec<CustomerToday>,
    /// What the period pays; nothing without a plan.
    pub pay: Option<Pay>,
    /// Whether the person has accepted the targets; nothing without any.
    pub standing: Option<Standing>,
}

/// What a period pays.
pub struct Pay {
    /// The whole amount.
    pub amount: Money,
    /// The approved statement; none: the amount is what today's facts would pay.
    pub statement: Option<StatementId>,
}

impl Month {
    /// The page.
    pub fn page(self, page: Page, me: &Viewer, nav: PeriodNav) -> MonthPage {
        let currency = me.company.currency;
        let figures = self.measured.figures(self.person.id);
        let moment = match () {
            () if self.period.is_over(me.today) => Moment::After,
            () if self.period.contains(me.today) => Moment::During,
            () => Moment::Before,
        };
        let pace = figure::pace(&Scorecard::default(), &figures);
        let slipping = self.slipping(me.today, currency);
        let buying = self.customers.iter().filter(|customer| customer.mine && customer.lost_on.is_some()).count();
        let counted = |many: usize| format::count(i64::try_from(many).unwrap_or(0));
        let own = self.person.id == me.id;
        let first = self.person.name.split_whitespace().next().unwrap_or_default().to_owned();
        let day = match moment {
            Moment::During => format::long_day(me.today),
            _ => format::period(self.period),
        };
        let here = self.measured.presences.of(self.person.id).map(figure::here).unwrap_or_default();
        MonthPage {
            title: if own { "My month".to_owned() } else { self.person.name.clone() },
            eyebrow: [day, self.measured.working_days(self.period, me.today), here]
                .into_iter()
                .filter(|words| !words.is_empty())
                .collect::<Vec<_>>()
                .join(" · "),
            headline: headline::headline(&figures, pace, moment, currency),
            stats: CARDS.into_iter().filter_map(|metric| self.stat(metric, &figures, slipping.len(), me)).collect(),
            others: self.others(&figures, me),
            more: Metric::MORE.iter().any(|metric| !self.measured.metrics.contains(metric)).then(|| {
                let path = if own { "/my-month".to_owned() } else { format!("/reps/{}", self.person.id) };
                format!("{path}?period={}&more=1#others", self.period)
            }),
            today: (moment == Moment::During).then(|| self.today(own)),
            chart: self.chart(&figures, me),
            slipping_of: format!("{} of {}", counted(slipping.len()), counted(buying)),
            more_slipping: i64::try_from(slipping.len().saturating_sub(MOST_SLIPPING)).unwrap_or(0),
            slipping: (moment == Moment::During).then(|| slipping.into_iter().take(MOST_SLIPPING).collect()),
            running: moment == Moment::During,
            standing: self.standing,
            adds_up: match self.pay.as_ref().and_then(|pay| pay.statement) {
                Some(statement) => format!("/statements/{statement}"),
                None if own => format!("/statements/so-far?period={}", self.period),
                None => format!("/statements/so-far?period={}&rep={}", self.period, self.person.id),
            },
            leave: (!own && me.may(Permission::KeepLeave) && me.scope_of(Permission::KeepLeave).sees(self.person.id))
                .then(|| format!("/users/{}/leave", self.person.id)),
            pipeline: if own {
                "/deals/pipeline".to_owned()
            } else {
                format!("/deals/pipeline?rep={}", self.person.id)
            },
            pay: self.pay,
            name: self.person.name,
            period: self.period,
            own,
            first,
            nav,
            page,
        }
    }

    fn stat(&self, metric: Metric, figures: &[Figure], slipping: usize, me: &Viewer) -> Option<Stat> {
        let currency = me.company.currency;
        let figure = figures.iter().find(|figure| figure.metric == metric)?;
        let mut foot = figure.foot(&self.measured.base_words(self.period), currency);
        if metric == Metric::LostCustomers && slipping > 0 {
            foot = format!("{} slipping away", format::count(i64::try_from(slipping).unwrap_or(0)));
        }
        let part = figure.part(currency);
        if !part.is_empty() {
            foot = [foot, part].into_iter().filter(|words| !words.is_empty()).collect::<Vec<_>>().join(" · ");
        }
        if foot.is_empty() && figure.target.is_none() {
            "No target set".clone_into(&mut foot);
        }
        Some(Stat {
            label: metric.label().to_owned(),
            href: drill::href(metric, Subject::Rep(self.person.id), self.period, me.company.growth_basis, me.today),
            metric: metric.as_str(),
            exact: figure.value.map(|value| in_file(value, me).to_string()).unwrap_or_default(),
            value: figure.shown(currency),
            of: figure.of(currency),
            badge: figure.badge(currency),
            bullet: figure.bullet(currency),
            foot,
            foot_end: figure.to_go(currency),
        })
    }

    /// Every metric without a card.
    fn others(&self, figures: &[Figure], me: &Viewer) -> Vec<Other> {
        let currency = me.company.currency;
        let rest = figures.iter().filter(|figure| !CARDS.contains(&figure.metric));
        rest.map(|figure| Other {
            metric: figure.metric,
            label: figure.metric.label(),
            href: drill::href(
                figure.metric,
                Subject::Rep(self.person.id),
                self.period,
                me.company.growth_basis,
                me.today,
            ),
            value: figure.shown(currency),
            exact: figure.value.map(|value| in_file(value, me).to_string()).unwrap_or_default(),
            of: figure.of(currency),
            part: figure.part(currency),
            foot: if figure.metric.is_more() {
                figure.foot(&self.measured.base_words(self.period), currency)
            } else {
                String::new()
            },
            attainment: figure.attainment.map(|share| format::attainment(share.0)),
        })
        .collect()
    }

    fn today(&self, own: bool) -> Vec<Planned> {
        let visits = self.customers.iter().filter_map(|customer| Some((customer, customer.visit?)));
        let mut planned: Vec<Planned> = visits
            .map(|(customer, visit)| {
                let done = customer.state == Some(visit::State::Done);
                let meta = match (done, customer.visited_on) {
                    (true, _) => customer.outcome.map_or("Done", visit::Outcome::label).to_owned(),
                    (false, Some(day)) => format!("Last visit {}", format::date(day)),
                    (false, None) => "First visit".to_owned(),
                };
                Planned {
                    time: customer.starts_at.as_ref().map(format::clock).unwrap_or_default(),
                    customer: customer.id,
                    name: customer.name.clone(),
                    meta,
                    done,
                    log: (own && !done).then_some(visit),
                    next: false,
                }
            })
            .collect();
        if let Some(next) = planned.iter_mut().find(|visit| visit.log.is_some()) {
            next.next = true;
        }
        planned
    }

    /// The customers of the book that are at risk, the first to be lost first.
    fn slipping(&self, today: Date, currency: Currency) -> Vec<Slipping> {
        let mut found: Vec<Slipping> = self
            .customers
            .iter()
            .filter(|customer| customer.mine)
            .filter_map(|customer| {
                let lost_on = customer.lost_on?;
                let days: Vec<Date> = customer.sale_days.iter().rev().copied().collect();
                let warnings = warnings_of(&days, customer.sales, customer.sales_before, today);
                let words: Vec<(String, String)> =
                    warnings.into_iter().map(|warning| in_words(warning, currency)).collect();
                (!words.is_empty()).then(|| Slipping { id: customer.id, name: customer.name.clone(), words, lost_on })
            })
            .collect();
        found.sort_by(|a, b| (a.lost_on, &a.name).cmp(&(b.lost_on, &b.name)));
        found.dedup_by_key(|slipping| slipping.id); // two visits today are two rows
        found
    }

    /// Sales added up working day by working day on which the person is there; nothing before the first one.
    fn chart(&self, figures: &[Figure], me: &Viewer) -> Option<PaceLine> {
        let currency = me.company.currency;
        let there = self.measured.presences.days(self.person.id).unwrap_or_default();
        let through = me.today.min(self.period.last_day());
        let mut sums: Vec<Money> = vec![];
        let mut sum = Money::ZERO;
        for day in self.days.iter().take_while(|day| day.on <= through) {
            sum += day.sales;
            if there.contains(&day.on) {
                sums.push(sum);
            } else if let Some(last) = sums.last_mut() {
                *last = sum; // what a weekend or an absence sells counts with the working day before
            }
        }
        let Progress { elapsed, total, .. } = self.measured.progress_of(self.person.id);
        if sums.is_empty() || total < 2 {
            return None;
        }
        let goal = |metric: Metric| figures.iter().find(|f| f.metric == metric)?.pace;
        let pace = goal(Metric::SalesGrowth).or_else(|| goal(Metric::NetSales));
        let (first, last) = (*there.first()?, *there.last()?);
        let mut label = format!(
            "Net sales, added up: {} after {elapsed} of {total} working days",
            format::money_whole(currency, sum)
        );
        if let Some(pace) = pace {
            label = format!(
                "{label}; {} expected by today, {} by the end",
                format::money_whole(currency, Money(pace.expected())),
                format::money_whole(currency, Money(pace.whole_goal()))
            );
        }
        let data = PaceLineData {
            currency,
            sums: &sums,
            days: total,
            target: pace.map(|pace| Money(pace.whole_goal())),
            ends: [format::short_date(first, me.today), format::short_date(last, me.today)],
        };
        Some(PaceLine::new(&data, label))
    }
}

/// A warning as two parts, the first of them in colour: "47 days", "since an order, usually 21".
fn in_words(warning: Warning, currency: Currency) -> (String, String) {
    match warning {
        Warning::Silent { days, usual } => {
            (format::counted(days, "day", "days"), format!("since an order, usually {}", format::count(usual)))
        }
        Warning::Falling { now, before } => {
            let change = Ratio::new(i128::from(now.0) - i128::from(before.0), i128::from(before.0));
            let sold = format!(
                "in 90 days: {} after {} a year before",
                format::money_whole(currency, now),
                format::money_whole(currency, before)
            );
            (change.map(format::growth).unwrap_or_default(), sold)
        }
    }
}

/// The page.
#[derive(Template)]
#[template(path = "scorecards/my_month.html")]
pub struct MonthPage {
    page: Page,
    nav: PeriodNav,
    period: Period,
    title: String,
    name: String,
    first: String,
    own: bool,
    eyebrow: String,
    headline: Headline,
    stats: Vec<Stat>,
    others: Vec<Other>,
    /// Where the page counts everything; nothing where it does.
    more: Option<String>,
    today: Option<Vec<Planned>>,
    chart: Option<PaceLine>,
    slipping: Option<Vec<Slipping>>,
    /// "3 of 1,203".
    slipping_of: String,
    more_slipping: i64,
    pay: Option<Pay>,
    standing: Option<Standing>,
    running: bool,
    /// Where the pay is explained.
    adds_up: String,
    /// Where the viewer enters the rep's leave, if the viewer may.
    leave: Option<String>,
    /// Where the open deals are.
    pipeline: String,
}

/// A metric without a card.
struct Other {
    metric: Metric,
    label: &'static str,
    href: String,
    value: String,
    /// The number as files carry it.
    exact: String,
    of: String,
    /// "96 of 120: here 16 of 20 working days".
    part: String,
    /// "16 of 20 days or weeks", "3 lines without cost".
    foot: String,
    attainment: Option<String>,
}

/// A visit of today.
struct Planned {
    time: String,
    customer: CustomerId,
    name: String,
    meta: String,
    done: bool,
    log: Option<VisitId>,
    /// The first one that can be logged.
    next: bool,
}

/// A customer at risk.
struct Slipping {
    id: CustomerId,
    name: String,
    words: Vec<(String, String)>,
    lost_on: Date,
}
