//! "What if I win this deal": the facts of a period as if one more deal were won and confirmed in it.

use time::Date;

use super::facts::{Credit, Deal, Facts};
use crate::domain::{metric::Metric, money::Money};

/// A deal that is not won yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Supposed {
    /// Its number; none of the facts' deals has it.
    pub number: i64,
    /// The day on which it would be won.
    pub on: Date,
    /// Who would buy.
    pub customer: String,
    /// The whole deal.
    pub net: Money,
    /// The rep's part of it.
    pub part: Money,
    /// The day of the customer's first sale; none: this would be it.
    pub customer_since: Option<Date>,
    /// Whether the customer would still count as a new one.
    pub to_new: bool,
    /// Whether the customer is lost, and would be won back.
    pub wins_back: bool,
    /// Whether the rep is the deal's first one, to whom a customer won counts.
    pub primary: bool,
}

/// The facts with the deal among them. `base` is what growth is compared with; without one growth stays as it is. What a
/// deal says of margin and of categories is not supposed.
#[must_use]
pub fn with(facts: &Facts, deal: &Supposed, base: Option<Money>) -> Facts {
    let mut facts = facts.clone();
    add(&mut facts, deal, base);
    // What a longer period is compared with is not known here: its growth stays as it is.
    if let Some(longer) = &mut facts.true_up {
        add(&mut longer.facts, deal, None);
    }
    facts
}

fn add(facts: &mut Facts, deal: &Supposed, base: Option<Money>) {
    let first = deal.customer_since.is_none();
    let mut count = |metric: Metric, happens: bool| {
        if happens && let Some(value) = facts.metrics.get_mut(&metric) {
            *value += rust_decimal::Decimal::ONE;
        }
    };
    count(Metric::NewCustomers, first && deal.primary);
    count(Metric::WonBackCustomers, deal.wins_back && deal.primary);
    let part = deal.part.exact();
    let class = if deal.to_new { Metric::NewCustomerSales } else { Metric::ExistingCustomerSales };
    for metric in [Metric::NetSales, class] {
        if let Some(value) = facts.metrics.get_mut(&metric) {
            *value += part;
        }
    }
    if let Some(base) = base.filter(|base| *base > Money::ZERO) {
        let kind = if deal.to_new { Metric::GrowthFromNew } else { Metric::GrowthFromExisting };
        for metric in [Metric::SalesGrowth, kind] {
            if let Some(value) = facts.metrics.get_mut(&metric) {
                *value = (*value + part / base.exact()).round_dp(12);
            }
        }
    }
    if let Some(deals) = &mut facts.deals {
        deals.push(Deal {
            credit: Credit::Part(deal.part),
            customer_since: deal.customer_since.or(Some(deal.on)),
            new_customer: first,
            primary: deal.primary,
            ..Deal::won(deal.number, deal.on, deal.customer.clone(), deal.net)
        });
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;
    use time::macros::date;

    use super::*;

    fn supposed(customer_since: Option<Date>, to_new: bool, wins_back: bool) -> Supposed {
        let (net, part, primary) = (Money(100_000), Money(50_000), true);
        let customer = "Havn".to_owned();
        Supposed {
            number: 9,
            on: date!(2026 - 11 - 19),
            customer,
            net,
            part,
            customer_since,
            to_new,
            wins_back,
            primary,
        }
    }

    #[test]
    fn a_deal_counts_once_in_everything_that_it_is() {
        let metrics = [
            Metric::NewCustomers,
            Metric::WonBackCustomers,
            Metric::NewCustomerSales,
            Metric::ExistingCustomerSales,
            Metric::SalesGrowth,
            Metric::Visits,
        ];
        let facts = Facts {
            metrics: metrics.into_iter().map(|metric| (metric, Decimal::ZERO)).collect(),
            deals: Some(vec![]),
            ..Facts::default()
        };
        let old = Some(date!(2020 - 01 - 01));
        for (deal, base, expected) in [
            (supposed(None, true, false), Some(Money(200_000)), ["1", "0", "50000", "0", "0.25", "0"]),
            (supposed(old, false, true), Some(Money(200_000)), ["0", "1", "0", "50000", "0.25", "0"]),
            (Supposed { primary: false, ..supposed(None, true, true) }, None, ["0", "0", "50000", "0", "0", "0"]),
            (supposed(old, false, false), None, ["0", "0", "0", "50000", "0", "0"]),
        ] {
            let then = with(&facts, &deal, base);
            let values = metrics.map(|metric| then.metrics[&metric].normalize().to_string());
            assert_eq!(values, expected);
            let deals = then.deals.unwrap();
            let added = &deals[0];
            assert_eq!((added.confirmed, added.credit.clone()), (true, Credit::Part(Money(50_000))));
        }
    }
}
