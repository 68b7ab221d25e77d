//! What each metric counts, in a sentence, for the pages that a number opens.

use crate::domain::metric::Metric;

/// What counts for the metric.
pub fn meaning(metric: Metric) -> &'static str {
    match metric {
        Metric::NewCustomers => {
            "A customer counts as new on the day of its first sale. Once all of that is back, one is taken off on that day."
        }
        Metric::LostCustomers => {
            "A customer counts as lost on the day on which its limit of days without a sale is over, or on which it was declared lost."
        }
        Metric::WonBackCustomers => {
            "A lost customer that buys again counts as won back on that day. Once all of that is back, one is taken off."
        }
        Metric::Visits => {
            "A visit counts when it was done and in person: one for each person, customer and day. A team counts a customer and day once."
        }
        Metric::StrangerVisits => {
            "A stranger visit is a visit in person to somebody who had never bought before that day: one for each person, customer and day."
        }
        Metric::Touches => "Calls and online meetings that took place, each of them.",
        Metric::NetSales => {
            "Won deals by the day of the win, less returns by the day of the return: of each deal the part that is credited."
        }
        Metric::NewCustomerSales => {
            "Net sales to customers that are new on the day of the win; a return goes with the deal that it returns."
        }
        Metric::ExistingCustomerSales => "All net sales that are not to new customers.",
        Metric::SalesGrowth => {
            "Net sales against those of the base, as a share of the base. Without sales in the base there is no rate."
        }
        Metric::GrowthFromNew => {
            "Customers without sales in the base whose first sale lies in the twelve months up to the end of the period: what they bought, as a share of all sales of the base."
        }
        Metric::GrowthFromExisting => {
            "All other customers: what they bought more or less than in the base, as a share of all sales of the base."
        }
        Metric::VisitMinimum => {
            "The working days on which the person was there, or the weeks with such a day, as far as they have come: those in which the minimum of visits was met, as a share of all."
        }
        Metric::CrossSellSales => {
            "What customers bought of categories of which they had bought nothing before the period, having bought of others."
        }
        Metric::CrossSellCount => {
            "The first sale of a category to a customer that had bought of another one on an earlier day. Once all of it is back, one is taken off on that day."
        }
        Metric::GrossMargin => {
            "Net sales less what they cost. Lines whose cost is not known are left out, and counted beside."
        }
        Metric::LossRate => {
            "The customers lost in the period, as a share of those that bought and were owned as it began. These are listed; those lost are under lost customers."
        }
        Metric::TimeOnA => {
            "The minutes of visits, calls and online meetings with customers of class A, as a share of all that are noted. A are the customers that made up the first 80 % of the company's sales in the twelve months up to the first day."
        }
        Metric::Concentration => {
            "What the largest customer bought in the twelve months up to the end of the period, as a share of what all bought who bought more than they gave back."
        }
        Metric::Contribution => {
            "The margin of the customers owned on the day, whoever sold, less what visits, minutes and orders cost."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_told_in_sentences_of_its_own() {
        let told: std::collections::BTreeSet<&str> = Metric::ALL.into_iter().map(meaning).collect();
        assert_eq!(told.len(), Metric::ALL.len(), "two metrics are told alike");
        for metric in Metric::ALL {
            let words = meaning(metric);
            assert!(words.ends_with('.') && words.len() > 30 && words.len() < 260, "{metric:?}: {words}");
        }
    }
}
