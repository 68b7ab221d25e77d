//! The headline of my month: where somebody stands, as a sentence.

use super::figure::{Figure, Status};
use crate::{
    domain::{
        metric::Metric,
        money::{Currency, Money},
        target::{Attainment, Standing},
    },
    web::format::{capital, in_words, listed, money_whole},
};

/// What stands above a person's numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headline {
    /// "Nearly on pace", ready for a name behind it.
    pub title: &'static str,
    /// "Three visits and €796 of sales behind where today should be, one new customer ahead."
    pub lede: String,
}

/// When the sentence is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Before the period.
    Before,
    /// While it runs.
    During,
    /// After its last day.
    After,
}

/// The metrics that the sentence speaks of, in its order, with their nouns.
const SPOKEN: [(Metric, &str, &str); 3] = [
    (Metric::Visits, "visit", "visits"),
    (Metric::NewCustomers, "new customer", "new customers"),
    (Metric::SalesGrowth, "", ""),
];

/// The headline over these figures, whose pace all together is `pace`.
pub fn headline(figures: &[Figure], pace: Option<Attainment>, moment: Moment, currency: Currency) -> Headline {
    let Some(pace) = pace else {
        let lede = "Nothing to compare with yet: no targets are set, or there were no sales a year ago.".to_owned();
        return Headline { title: "No targets yet", lede };
    };
    let status = Status::of(pace);
    let title = match (moment, status) {
        (Moment::Before, _) => "Not begun yet",
        (Moment::During, Status::OnPace) => "On pace",
        (Moment::During, Status::Nearly) => "Nearly on pace",
        (Moment::During, Status::Behind) => "Behind pace",
        (Moment::During, Status::FarBehind) => "Far behind pace",
        (Moment::After, Status::OnPace) => "Targets reached",
        (Moment::After, Status::Nearly) => "Targets nearly reached",
        (Moment::After, Status::Behind) => "Targets missed",
        (Moment::After, Status::FarBehind) => "Targets missed by far",
    };
    Headline { title, lede: if moment == Moment::Before { String::new() } else { lede(figures, moment, currency) } }
}

fn lede(figures: &[Figure], moment: Moment, currency: Currency) -> String {
    let standing = |metric: Metric| figures.iter().find(|f| f.metric == metric)?.pace.map(|pace| pace.standing());
    let (mut behind, mut ahead) = (vec![], vec![]);
    for (metric, one, many) in SPOKEN {
        let words = |gap: i64| match metric {
            Metric::SalesGrowth => format!("{} of sales", money_whole(currency, Money(gap))),
            _ => in_words(gap, one, many),
        };
        match standing(metric) {
            Some(Standing::Behind(gap)) => behind.push(words(gap)),
            Some(Standing::Ahead(gap)) => ahead.push(words(gap)),
            _ => {}
        }
    }
    let (where_to, above) = match moment {
        Moment::After => ("short of the target", "above it"),
        _ => ("behind where today should be", "ahead"),
    };
    let alone = match moment {
        Moment::After => "above the target",
        _ => "ahead of where today should be",
    };
    let first = match (behind.is_empty(), ahead.is_empty()) {
        (false, false) => format!("{} {where_to}, {} {above}.", listed(&behind), listed(&ahead)),
        (false, true) => format!("{} {where_to}.", listed(&behind)),
        (true, false) => format!("{} {alone}.", listed(&ahead)),
        (true, true) if moment == Moment::After => "exactly what was expected.".to_owned(),
        (true, true) => "everything is where it should be today.".to_owned(),
    };
    let over = match standing(Metric::LostCustomers) {
        Some(Standing::Over(gap)) => {
            format!(" {} more than the limit allows.", capital(&in_words(gap, "lost customer", "lost customers")))
        }
        _ => String::new(),
    };
    format!("{}{over}", capital(&first))
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;
    use crate::{
        domain::{calendar::Progress, metric::Facts, scorecard::Scorecard},
        scorecards::figure,
    };

    /// Working day 14 of 21; targets: 96 visits, 6 new customers, limit 2, growth 8 % over 100,050.00.
    fn said(visits: i64, new: i64, lost: i64, sales: i64, over: bool) -> (String, String) {
        let facts = Facts {
            visits,
            new_customers: new,
            lost_customers: lost,
            net_sales: Money(sales),
            net_sales_base: Some(Money(6_670_000)),
            net_sales_whole_base: Some(Money(10_005_000)),
            ..Facts::default()
        };
        let progress = Progress { elapsed: if over { 21 } else { 14 }, total: 21, over };
        let targets = [
            (Metric::Visits, Decimal::from(96)),
            (Metric::NewCustomers, Decimal::from(6)),
            (Metric::LostCustomers, Decimal::from(2)),
            (Metric::SalesGrowth, Decimal::new(8, 2)),
        ];
        let figures: Vec<Figure> =
            targets.iter().map(|&(metric, target)| Figure::new(metric, &facts, Some(target), progress)).collect();
        let pace = figure::pace(&Scorecard::default(), &figures);
        let moment = if over { Moment::After } else { Moment::During };
        let headline = headline(&figures, pace, moment, Currency::parse("EUR").unwrap());
        (headline.title.to_owned(), headline.lede)
    }

    #[test]
    fn it_says_what_is_behind_and_what_is_ahead() {
        for ((visits, new, lost, sales, over), title, lede) in [
            (
                (61, 5, 1, 7_124_000, false),
                "On pace", // a limit that is kept and a customer more make up for three visits
                "Three visits and €796 of sales behind where today should be, one new customer ahead.",
            ),
            ((64, 4, 0, 7_203_600, false), "On pace", "Everything is where it should be today."),
            ((70, 4, 0, 7_303_600, false), "On pace", "Six visits and €1,000 of sales ahead of where today should be."),
            (
                (40, 1, 3, 3_000_000, false),
                "Far behind pace",
                "24 visits, three new customers and €42,036 of sales behind where today should be. One lost customer more than the limit allows.",
            ),
            ((96, 6, 0, 10_805_400, true), "Targets reached", "Exactly what was expected."),
            (
                (90, 7, 2, 10_905_400, true),
                "Targets reached",
                "Six visits short of the target, one new customer and €1,000 of sales above it.",
            ),
        ] {
            assert_eq!(said(visits, new, lost, sales, over), (title.to_owned(), lede.to_owned()));
        }
    }

    #[test]
    fn without_targets_it_says_so() {
        let none = headline(&[], None, Moment::During, Currency::parse("EUR").unwrap());
        assert_eq!(none.title, "No targets yet");
    }
}
