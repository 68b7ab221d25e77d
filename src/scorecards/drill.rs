//! From a number to the list of exactly what it counts.

use time::Date;

use super::db::Subject;
use crate::domain::{
    company::GrowthBasis,
    metric::Metric,
    period::{Period, add_days},
};

/// The list behind a metric's number in a period that has come as far as today. Its count or sum is the number; growth
/// leads to the sales that it compares: of a book to what its customers bought, now and then.
pub fn href(metric: Metric, whose: Subject, period: Period, basis: GrowthBasis, today: Date) -> String {
    match (metric, basis, whose) {
        (Metric::SalesGrowth, GrowthBasis::Book, Subject::Rep(rep)) => {
            return format!("/growth?rep={rep}&period={period}");
        }
        (Metric::SalesGrowth, GrowthBasis::Book, Subject::Team(team)) => {
            return format!("/growth?team={team}&period={period}");
        }
        _ => {}
    }
    let to = period.to().min(add_days(today, 1)).max(period.from());
    let list = match metric {
        Metric::NewCustomers => "/customers/events?kind=new",
        Metric::LostCustomers => "/customers/events?kind=lost",
        Metric::WonBackCustomers => "/customers/events?kind=won_back",
        Metric::Visits => "/visits?counted=1&kind=in_person",
        Metric::StrangerVisits => "/visits?counted=1&kind=in_person&stranger=1",
        Metric::Touches => "/visits?counted=1&kind=touch",
        Metric::NetSales | Metric::SalesGrowth => "/deals?stage=won",
        Metric::NewCustomerSales => "/deals?class=new",
        Metric::ExistingCustomerSales => "/deals?class=existing",
        more => return behind(more, whose, period),
    };
    let whose = match whose {
        Subject::Rep(rep) => format!("&rep={rep}"),
        Subject::Team(team) => format!("&team={team}"),
        Subject::Company => String::new(),
    };
    format!("{list}{whose}&from={}&to={to}", period.from())
}

/// The page of what is behind one of [`Metric::MORE`].
fn behind(metric: Metric, whose: Subject, period: Period) -> String {
    let whose = match whose {
        Subject::Rep(rep) => format!("rep={rep}&"),
        Subject::Team(team) => format!("team={team}&"),
        Subject::Company => String::new(),
    };
    format!("/metrics/{}?{whose}period={period}", metric.as_str())
}

#[cfg(test)]
mod tests {
    use time::{Month, macros::date};

    use super::*;
    use crate::domain::id::UserId;

    #[test]
    fn a_running_period_is_listed_through_today() {
        let of = |word: &str, metric| {
            let period = Period::parse(word, Month::January).unwrap();
            href(metric, Subject::Rep(UserId(7)), period, GrowthBasis::Credited, date!(2026 - 11 - 19))
        };
        assert_eq!(
            of("2026-11", Metric::Visits),
            "/visits?counted=1&kind=in_person&rep=7&from=2026-11-01&to=2026-11-20"
        );
        assert_eq!(
            of("2026-10", Metric::LostCustomers),
            "/customers/events?kind=lost&rep=7&from=2026-10-01&to=2026-11-01"
        );
        assert_eq!(of("2026-12", Metric::NetSales), "/deals?stage=won&rep=7&from=2026-12-01&to=2026-12-01");
    }
}
