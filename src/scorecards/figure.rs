//! A metric with its target as people read it: value, target, pace, badge and bar. My month and the scoreboard share it.

use rust_decimal::Decimal;

use crate::{
    domain::{
        calendar::Progress,
        contribution::Book,
        metric::{self, Facts, Largest, Metric, Time, Unit, Value},
        minimum::Kept,
        money::{Currency, Money},
        rate::Ratio,
        scorecard::Scorecard,
        target::{self, Attainment, Pace, Presence, Standing},
    },
    targets::expected::Expected,
    web::{
        chart::Bullet,
        format,
        ui::{Badge, Tone},
    },
};

/// A metric of a rep, team or company in a period.
#[derive(Clone, Debug)]
pub struct Figure {
    /// The metric.
    pub metric: Metric,
    /// Its value; growth may have none.
    pub value: Option<Value>,
    /// Its target, in the unit of the metric: what of it counts.
    pub target: Option<Decimal>,
    /// Of a rep: the target as it was set, and the presence that the part follows from.
    pub expected: Option<Expected>,
    /// How much of the target was reached.
    pub attainment: Option<Attainment>,
    /// Where it should stand by today.
    pub pace: Option<Pace>,
    /// Of a team or company: whether the target is its own, not that of its reps together.
    pub is_own: bool,
    /// Beside an own target: what those of the reps come to.
    pub of_reps: Option<Decimal>,
    /// Of a team or company: how many of how many reps have a target, where that is too few for one of them all.
    pub lacking: Option<(usize, usize)>,
    facts: Facts,
    progress: Progress,
}

impl Figure {
    /// The metric over the facts, against a target if there is one.
    pub fn new(metric: Metric, facts: &Facts, target: Option<Decimal>, progress: Progress) -> Self {
        Self { target, ..Self::exact(metric, facts, target.map(Ratio::from), progress) }
    }

    /// Against a target that may be no decimal number: compared as it is, shown to a hundredth of a percent.
    pub fn exact(metric: Metric, facts: &Facts, target: Option<Ratio>, progress: Progress) -> Self {
        Self {
            metric,
            value: metric::value(metric, facts),
            target: target.map(|target| target.rounded(4).normalize()),
            attainment: target.and_then(|target| target::attained(metric, facts, target)),
            pace: target.and_then(|target| target::pace(metric, facts, target, progress)),
            expected: None,
            is_own: false,
            of_reps: None,
            lacking: None,
            facts: *facts,
            progress,
        }
    }

    /// "61", "+6.8%", "€71,240", "n/a".
    pub fn shown(&self, currency: Currency) -> String {
        self.value.map_or_else(|| "n/a".to_owned(), |value| shown(self.metric, value, currency))
    }

    /// "of 96", "of +8%", "limit 2", "2 of 5 reps have a target", "nothing to compare with yet" where all have one that is a
    /// rate of nothing; empty without a target.
    pub fn of(&self, currency: Currency) -> String {
        let Some(target) = self.target else {
            return match self.lacking {
                None => String::new(),
                Some((set, of)) if set == of => "nothing to compare with yet".to_owned(),
                Some((set, of)) => format!("{set} of {of} reps have a target"),
            };
        };
        let word = if self.metric.is_limit() { "limit" } else { "of" };
        format!("{word} {}", target_words(self.metric, target, currency))
    }

    /// "96 of 120: here 16 of 20 working days"; empty where the whole target counts.
    pub fn part(&self, currency: Currency) -> String {
        let Some(Expected { set, value, presence }) = self.expected else { return String::new() };
        let words = |target| target_words(self.metric, target, currency);
        match value {
            None => here(presence),
            Some(value) if value != set => format!("{} of {}: {}", words(value), words(set), here(presence)),
            Some(_) => String::new(),
        }
    }

    /// "own target, its reps' come to 818"; empty where the target is that of the reps together.
    pub fn own(&self, currency: Currency) -> String {
        match self.of_reps {
            _ if !self.is_own => String::new(),
            Some(sum) => format!("own target, its reps' come to {}", target_words(self.metric, sum, currency)),
            None => "own target".to_owned(),
        }
    }

    /// "3 behind", "€796 behind", "1 ahead", "On pace", "Within limit", "1 over".
    pub fn badge(&self, currency: Currency) -> Option<Badge> {
        if self.metric.unit() == Unit::Fraction && !self.metric.is_growth() {
            return Some(match (self.attainment?.is_reached(), self.metric.is_limit()) {
                (true, false) => Badge::new(Tone::Good, "Reached"),
                (false, false) => Badge::new(Tone::Warn, "Below"),
                (true, true) => Badge::new(Tone::Good, "Within limit"),
                (false, true) => Badge::new(Tone::Bad, "Over"),
            });
        }
        let pace = self.pace?;
        let amount = |number: i64| amount(pace.unit, number, currency);
        Some(match (pace.standing(), self.progress.over) {
            (Standing::Ahead(gap), false) => {
                Badge::new(Tone::Good, format!("{} ahead", amount(gap))).icon("trending-up")
            }
            (Standing::Ahead(gap), true) => Badge::new(Tone::Good, format!("{} above", amount(gap))),
            (Standing::OnPace, false) => Badge::new(Tone::Info, "On pace"),
            (Standing::OnPace, true) => Badge::new(Tone::Good, "Reached"),
            (Standing::Behind(gap), over) => {
                let word = if over { "short" } else { "behind" };
                Badge::new(self.tone(), format!("{} {word}", amount(gap))).icon("trending-down")
            }
            (Standing::Within(_), _) => Badge::new(Tone::Good, "Within limit"),
            (Standing::Over(gap), _) => Badge::new(Tone::Bad, format!("{} over", amount(gap))),
        })
    }

    /// The colour of the bar.
    pub fn tone(&self) -> Tone {
        let Some(pace) = self.pace else {
            let broken = self.metric.is_limit() && self.attainment.is_some_and(|attainment| !attainment.is_reached());
            return if broken { Tone::Bad } else { Tone::Plain };
        };
        match pace.standing() {
            Standing::Over(_) => Tone::Bad,
            Standing::Within(0) if pace.actual > 0 => Tone::Warn,
            Standing::Within(_) => Tone::Plain,
            Standing::Ahead(_) | Standing::OnPace => {
                if self.attainment.is_some_and(Attainment::is_reached) {
                    Tone::Good
                } else {
                    Tone::Plain
                }
            }
            Standing::Behind(_) => Status::of(pace.attainment()).tone_of_bar(),
        }
    }

    /// The bar against target and pace; nothing where there is neither value nor target to draw.
    pub fn bullet(&self, currency: Currency) -> Option<Bullet> {
        let (value, target) = (self.value?, self.target?);
        let words = format!("{}: {} {}", self.metric.label(), self.shown(currency), self.of(currency));
        let bar = |label: String| Bullet::new(value.decimal(), label).target(target).tone(self.tone());
        Some(match self.paced() {
            Some(pace) => {
                let expected = amount(pace.unit, pace.expected(), currency);
                bar(format!("{words}; {expected} expected by today")).pace(pace.exact().decimal())
            }
            None => bar(words),
        })
    }

    /// "64 expected by today"; of growth the two amounts that it compares.
    pub fn foot(&self, base_words: &str, currency: Currency) -> String {
        match self.metric {
            Metric::VisitMinimum => match self.facts.visit_minimum {
                Some(Kept { met, of }) if of > 0 => {
                    format!("{} of {}", format::count(met), format::counted(of, "day or week", "days or weeks"))
                }
                _ => "No minimum is set".to_owned(),
            },
            Metric::GrossMargin => match self.facts.lines_without_cost {
                0 => String::new(),
                lines => format!("{} without cost", format::counted(lines, "line", "lines")),
            },
            Metric::LossRate => match self.facts.buying_customers {
                Some(of) if of > 0 => format!(
                    "{} of {}",
                    format::count(self.facts.lost_customers),
                    format::counted(of, "customer", "customers")
                ),
                _ => "No customer bought when it began".to_owned(),
            },
            Metric::TimeOnA => match self.facts.time {
                Some(Time { on_a, all }) if all > 0 => {
                    format!("{} of {}", format::count(on_a), format::counted(all, "minute", "minutes"))
                }
                _ => "No minutes are noted".to_owned(),
            },
            Metric::Concentration => match self.facts.largest {
                Some(Largest { one, all }) if all > Money::ZERO => format!(
                    "{} of {} in twelve months",
                    format::money_whole(currency, one),
                    format::money_whole(currency, all)
                ),
                _ => "Nothing was sold in twelve months".to_owned(),
            },
            Metric::Contribution if self.value.is_none() => "The costs are not set".to_owned(),
            Metric::Contribution => self.facts.book.map(|book| parts_of(&book, currency)).unwrap_or_default(),
            Metric::GrowthFromNew => match (self.facts.growth_new, self.facts.net_sales_base) {
                (Some(new), Some(base)) => format!(
                    "{} vs {} {base_words}",
                    format::money_whole(currency, new),
                    format::money_whole(currency, base)
                ),
                _ => String::new(),
            },
            Metric::SalesGrowth => match self.facts.net_sales_base {
                Some(base) => format!(
                    "{} vs {} {base_words}",
                    format::money_whole(currency, self.facts.growing_sales()),
                    format::money_whole(currency, base)
                ),
                None => format!("{} so far", format::money_whole(currency, self.facts.growing_sales())),
            },
            _ => self.paced().map_or_else(String::new, |pace| {
                format!("{} expected by today", amount(pace.unit, pace.expected(), currency))
            }),
        }
    }

    /// "4 a day from now", "1 to go", "€36,814 to go", "1 left"; empty where nothing is left.
    pub fn to_go(&self, currency: Currency) -> String {
        let Some(pace) = self.pace else { return String::new() };
        let (left, days) = (pace.to_go(), i64::from(self.progress.left()));
        match pace.standing() {
            Standing::Within(left) if !self.progress.over => format!("{} left", format::count(left)),
            Standing::Within(_) | Standing::Over(_) => String::new(),
            _ if left == 0 || self.progress.over => String::new(),
            _ if pace.unit == Unit::Count && days > 0 && left > days => {
                format!("{} a day from now", format::count(left.div_euclid(days) + i64::from(left % days > 0)))
            }
            _ => format!("{} to go", amount(pace.unit, left, currency)),
        }
    }

    /// The pace, where it is expected in the unit of the value and the period still runs.
    fn paced(&self) -> Option<Pace> {
        self.pace.filter(|_| !self.progress.over && !self.metric.is_limit() && !self.metric.is_growth())
    }
}

/// "€900 of margin, 12 visits, 480 minutes, 5 orders"; lines without cost are said.
fn parts_of(book: &Book, currency: Currency) -> String {
    let mut words = format!(
        "{} of margin, {}, {}, {}",
        format::money_whole(currency, book.margin),
        format::counted(book.visits, "visit", "visits"),
        format::counted(book.minutes, "minute", "minutes"),
        format::counted(book.orders, "order", "orders"),
    );
    if book.lines_without_cost > 0 {
        let lines = format::counted(book.lines_without_cost, "line", "lines");
        words = format!("{words}; {lines} without cost");
    }
    words
}

/// "61", "€71,240", "+6.8%", "80%".
pub fn shown(metric: Metric, value: Value, currency: Currency) -> String {
    match value {
        Value::Fraction(ratio) if !metric.is_growth() => format::share(ratio),
        Value::Count(count) => format::count(count),
        Value::Money(money) => format::money_whole(currency, money),
        Value::Fraction(ratio) => format::growth(ratio),
    }
}

/// "here 16 of 20 working days", "away on all 20 working days"; empty for who misses none.
pub fn here(presence: Presence) -> String {
    match presence {
        _ if presence.is_whole() => String::new(),
        Presence { days: 0, of } => format!("away on all {of} working days"),
        Presence { days, of } => format!("here {days} of {of} working days"),
    }
}

/// A target: "96", "4,321", "€104,300", "+8%".
pub fn target_words(metric: Metric, target: Decimal, currency: Currency) -> String {
    match metric.unit() {
        Unit::Count => format::number(target),
        Unit::Money => format::money_whole(currency, Money::from_exact(target)),
        Unit::Fraction => {
            let plus = if metric.is_growth() && target > Decimal::ZERO { "+" } else { "" };
            format!("{plus}{}", format::rate(target))
        }
    }
}

fn amount(unit: Unit, number: i64, currency: Currency) -> String {
    match unit {
        Unit::Money => format::money_whole(currency, Money(number)),
        _ => format::count(number),
    }
}

/// How somebody stands against what is expected by today, all targets together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// 100 % or more of what is expected.
    OnPace,
    /// At least 95 %.
    Nearly,
    /// At least 75 %.
    Behind,
    /// Less.
    FarBehind,
}

impl Status {
    /// The status of a pace.
    pub fn of(pace: Attainment) -> Self {
        let at_least = |percent: i128| Ratio::new(percent, 100).is_some_and(|limit| pace.0 >= limit);
        match () {
            () if at_least(100) => Self::OnPace,
            () if at_least(95) => Self::Nearly,
            () if at_least(75) => Self::Behind,
            () => Self::FarBehind,
        }
    }

    /// Icon and word. Of a period that is over, whether its targets were reached.
    pub fn badge(self, over: bool) -> Badge {
        match (self, over) {
            (Self::OnPace, true) => Badge::new(Tone::Good, "Reached"),
            (Self::OnPace, false) => Badge::new(Tone::Good, "On pace"),
            (Self::Nearly, true) => Badge::new(Tone::Warn, "Nearly").icon("minus"),
            (Self::Nearly, false) => Badge::new(Tone::Info, "Nearly"),
            (Self::Behind, true) => Badge::new(Tone::Warn, "Missed"),
            (Self::Behind, false) => Badge::new(Tone::Warn, "Behind"),
            (Self::FarBehind, true) => Badge::new(Tone::Bad, "Missed by far"),
            (Self::FarBehind, false) => Badge::new(Tone::Bad, "Far behind"),
        }
    }

    fn tone_of_bar(self) -> Tone {
        match self {
            Self::OnPace | Self::Nearly => Tone::Plain,
            Self::Behind => Tone::Warn,
            Self::FarBehind => Tone::Bad,
        }
    }
}

/// The figures' pace as one number: 1 is where they should be today.
pub fn pace(card: &Scorecard, figures: &[Figure]) -> Option<Attainment> {
    card.score(|metric| figures.iter().find(|figure| figure.metric == metric)?.pace.map(|pace| pace.attainment()))
}

/// The figures' attainment as one number.
pub fn score(card: &Scorecard, figures: &[Figure]) -> Option<Attainment> {
    card.score(|metric| figures.iter().find(|figure| figure.metric == metric)?.attainment)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A share is never ahead of or behind a pace: it is reached or not, whatever the day.
    #[test]
    fn shares_say_whether_target_or_limit_is_kept() {
        let facts = Facts {
            lost_customers: 3,
            buying_customers: Some(40),
            time: Some(Time { on_a: 90, all: 240 }),
            largest: Some(Largest { one: Money(25), all: Money(80) }),
            ..Facts::default()
        };
        let euro = Currency::parse("EUR").unwrap();
        let said = |metric, percent: i64| {
            let progress = Progress { elapsed: 1, total: 20, over: false };
            let figure = Figure::new(metric, &facts, Some(Decimal::new(percent, 3)), progress);
            (figure.badge(euro).map(|badge| badge.words), figure.tone(), figure.of(euro), figure.to_go(euro))
        };
        let words = |label: &str, tone, of: &str| (Some(label.to_owned()), tone, of.to_owned(), String::new());
        assert_eq!(said(Metric::LossRate, 75), words("Within limit", Tone::Plain, "limit 7.5%"));
        assert_eq!(said(Metric::LossRate, 70), words("Over", Tone::Bad, "limit 7%"));
        assert_eq!(said(Metric::TimeOnA, 375), words("Reached", Tone::Plain, "of 37.5%"));
        assert_eq!(said(Metric::TimeOnA, 376), words("Below", Tone::Plain, "of 37.6%"));
        assert_eq!(said(Metric::Concentration, 300), words("Over", Tone::Bad, "limit 30%"));
    }
}
