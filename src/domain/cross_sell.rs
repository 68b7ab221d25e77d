//! Cross-selling: what a customer buys for the first time of a category, having bought of another one before.

use std::collections::BTreeMap;

use time::Date;

use super::id::{CategoryId, CustomerId, DealId, UserId};

/// A won deal with lines of one category that come to more than zero. What returns a deal is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategorySale {
    /// Who bought.
    pub customer: CustomerId,
    /// What it is called.
    pub customer_name: String,
    /// Of which category.
    pub category: CategoryId,
    /// What that is called.
    pub category_name: String,
    /// The deal.
    pub deal: DealId,
    /// Its number.
    pub number: i64,
    /// The business date.
    pub on: Date,
    /// From when on all of it is back: the deal, or its lines of the category.
    pub back_on: Option<Date>,
    /// The deal's primary rep.
    pub rep: Option<UserId>,
    /// Whether the deal may pay.
    pub confirmed: bool,
}

impl CategorySale {
    /// Whether it was made by the end of a day, and not all of it is back.
    fn stands(&self, day: Date) -> bool {
        self.on <= day && self.back_on.is_none_or(|back| back > day)
    }
}

/// The first sale of a category to a customer that had bought of another one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrossSold<'a> {
    /// The sale; on its day the category is sold for the first time.
    pub sale: &'a CategorySale,
    /// From when on nothing of the category stands any more: then the next sale is the first again.
    pub undone_on: Option<Date>,
}

/// The cross-sold categories of one customer, by category and day. `sales` are all of that customer.
pub fn cross_sold(sales: &[CategorySale]) -> Vec<CrossSold<'_>> {
    let mut of: BTreeMap<CategoryId, Vec<&CategorySale>> = BTreeMap::new();
    for sale in sales.iter().filter(|sale| sale.stands(sale.on)) {
        of.entry(sale.category).or_default().push(sale);
    }
    let mut found: Vec<CrossSold<'_>> = vec![];
    for sales in of.values_mut() {
        sales.sort_unstable_by_key(|sale| (sale.on, sale.number));
        let mut held: Option<CrossSold<'_>> = None;
        for sale in sales.iter() {
            match &mut held {
                // While one sale stands, the next one is not the first.
                Some(held) if held.undone_on.is_none_or(|end| sale.on <= end) => {
                    held.undone_on = held.undone_on.zip(sale.back_on).map(|(end, back)| end.max(back));
                }
                _ => found.extend(held.replace(CrossSold { sale, undone_on: sale.back_on })),
            }
        }
        found.extend(held);
    }
    found.retain(|first| {
        let sale = first.sale;
        sales.iter().any(|other| other.category != sale.category && other.on < sale.on && other.stands(sale.on))
    });
    found
}

/// Whether sales of a category are cross-sold in a period from this day on: of it the customer had bought nothing
/// before, and of another one something. `sales` are all of that customer.
pub fn is_cross_sold(sales: &[CategorySale], category: CategoryId, from: Date) -> bool {
    let before = from.previous_day().unwrap_or(from);
    let mut stood = sales.iter().filter(|sale| sale.on < from && sale.stands(before)).peekable();
    stood.peek().is_some() && stood.all(|sale| sale.category != category)
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    fn sale(category: i64, number: i64, on: Date, back_on: Option<Date>) -> CategorySale {
        CategorySale {
            customer: CustomerId(1),
            customer_name: String::new(),
            category: CategoryId(category),
            category_name: String::new(),
            deal: DealId(number),
            number,
            on,
            back_on,
            rep: None,
            confirmed: true,
        }
    }

    #[test]
    fn a_second_category_is_cross_sold_once_until_all_of_it_is_back() {
        let (tea, cups) = (1, 2);
        let mut sales = vec![
            sale(tea, 1, date!(2026 - 01 - 05), None),
            sale(cups, 3, date!(2026 - 03 - 10), Some(date!(2026 - 03 - 20))),
            sale(cups, 2, date!(2026 - 03 - 20), Some(date!(2026 - 04 - 01))),
            sale(cups, 4, date!(2026 - 05 - 01), None),
        ];
        let told = |sales: &[CategorySale]| -> Vec<(i64, Option<Date>)> {
            cross_sold(sales).iter().map(|first| (first.sale.number, first.undone_on)).collect()
        };
        assert_eq!(told(&sales), [(3, Some(date!(2026 - 04 - 01))), (4, None)]);
        // On one day with the other category it is no second one.
        sales[0].on = date!(2026 - 03 - 10);
        assert_eq!(told(&sales), [(4, None)]);
        // Nor if the other one came back before.
        sales[0].on = date!(2026 - 01 - 05);
        sales[0].back_on = Some(date!(2026 - 03 - 10));
        assert_eq!(told(&sales), []);
    }

    #[test]
    fn what_was_bought_before_the_period_decides() {
        let sales = [sale(1, 1, date!(2026 - 01 - 05), None), sale(2, 2, date!(2026 - 03 - 10), None)];
        let crossed = |category, from| is_cross_sold(&sales, CategoryId(category), from);
        assert!(crossed(2, date!(2026 - 03 - 01)));
        assert!(!crossed(2, date!(2026 - 04 - 01)), "bought in March");
        assert!(!crossed(1, date!(2026 - 03 - 01)));
        assert!(!crossed(2, date!(2026 - 01 - 01)), "nothing bought before: a new customer");
    }
}
