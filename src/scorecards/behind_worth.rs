//! What is behind the metrics about what customers are worth: each customer with its part.

use std::{cmp::Reverse, collections::BTreeMap};

use super::{
    behind::{Behind, Cell, amount, count, link, number, text},
    more::{self, Asked, Who},
    worth,
};
use crate::{
    domain::{
        classes::Class,
        contribution::Book,
        id::CustomerId,
        metric::{Facts, Metric},
        money::Money,
        rate::Ratio,
        subject::Subject,
    },
    postgres::tx::Read,
    web::{auth::Viewer, error::Error, format},
};

/// What a customer is called, and its part.
type Named<T> = BTreeMap<CustomerId, (String, T)>;

/// Loads the number and the customers that it is made of.
pub(super) async fn load(
    read: &mut Read,
    me: &Viewer,
    (metric, whose): (Metric, Subject),
    about: &Asked<'_>,
    who: &Who,
) -> Result<Behind, Error> {
    let table = more::facts(read, about, &[metric].into()).await?;
    let facts =
        table.into_iter().find(|((_, subject), _)| *subject == whose).map(|(_, facts)| facts).unwrap_or_default();
    Ok(match metric {
        Metric::LossRate => {
            let found = worth::buying(read, about, who).await?;
            let rows = found.into_iter().map(|(_, _, one)| vec![customer(one.name, one.customer)]);
            Behind { facts, heads: vec![("Customer", false)], rows: rows.collect(), sum: vec![] }
        }
        Metric::TimeOnA => time(
            &facts,
            worth::time(read, about, who)
                .await?
                .into_iter()
                .map(|(_, _, one, class)| (one.customer, one.customer_name, class, one.minutes)),
        ),
        Metric::Concentration => {
            let found = worth::year_of_sales(read, about, who).await?;
            shares(me, &facts, found.into_iter().map(|((_, _, id), named)| (id, named)).collect())
        }
        _ => {
            let found = worth::books(read, about, who).await?;
            books(me, &facts, found.into_iter().map(|((_, _, id), named)| (id, named)).collect())
        }
    })
}

fn customer(name: String, id: CustomerId) -> Cell {
    link(name, format!("/customers/{id}"))
}

fn time(facts: &Facts, spent: impl Iterator<Item = (CustomerId, String, Option<Class>, i64)>) -> Behind {
    let mut found: Named<(Option<Class>, i64)> = BTreeMap::new();
    for (id, name, class, minutes) in spent {
        found.entry(id).or_insert_with(|| (name, (class, 0))).1.1 += minutes;
    }
    let mut rows: Vec<_> = found.into_iter().filter(|(_, (_, (_, minutes)))| *minutes > 0).collect();
    rows.sort_by_key(|(id, (_, (_, minutes)))| (Reverse(*minutes), *id));
    let all: i64 = rows.iter().map(|(_, (_, (_, minutes)))| minutes).sum();
    let rows = rows.into_iter().map(|(id, (name, (class, minutes)))| {
        let class = class.map_or("none", Class::as_str);
        vec![customer(name, id), text(class), count(minutes)]
    });
    Behind {
        facts: *facts,
        heads: vec![("Customer", false), ("Class", false), ("Minutes", true)],
        rows: rows.collect(),
        sum: vec![text("Together"), text(""), count(all)],
    }
}

fn shares(me: &Viewer, facts: &Facts, bought: Named<Money>) -> Behind {
    let all = facts.largest.unwrap_or_default().all;
    let mut rows: Vec<_> = bought.into_iter().collect();
    rows.sort_by_key(|(id, (_, net))| (Reverse(*net), *id));
    let rows = rows.into_iter().map(|(id, (name, net))| {
        let share = Ratio::new(i128::from(net.0), i128::from(all.0)).filter(|_| net > Money::ZERO);
        let share = share.map_or_else(|| "no part of it".to_owned(), format::share);
        vec![customer(name, id), amount(me, net), number(share)]
    });
    Behind {
        facts: *facts,
        heads: vec![("Customer", false), ("Net sales", true), ("Share", true)],
        rows: rows.collect(),
        sum: vec![text("Those above zero"), amount(me, all), text("")],
    }
}

fn books(me: &Viewer, facts: &Facts, found: Named<Book>) -> Behind {
    let sum = facts.book.unwrap_or_default();
    let currency = me.company.currency;
    let cells = |first: Cell, book: &Book| {
        let book = Book { costs: sum.costs, ..*book };
        let contribution = book.contribution();
        let contribution = contribution.map_or_else(|| "n/a".to_owned(), |amount| format::money(currency, amount));
        let counts = [book.lines_without_cost, book.visits, book.minutes, book.orders].map(format::count);
        let numbers = [format::money(currency, book.margin)].into_iter().chain(counts).chain([contribution]);
        [first].into_iter().chain(numbers.map(number)).collect::<Vec<Cell>>()
    };
    let mut rows: Vec<_> = found.into_iter().collect();
    rows.sort_by_cached_key(|(id, (name, _))| (name.to_lowercase(), *id));
    let rows = rows.into_iter().map(|(id, (name, book))| cells(customer(name, id), &book)).collect();
    Behind {
        heads: vec![
            ("Customer", false),
            ("Margin", true),
            ("Lines without cost", true),
            ("Visits", true),
            ("Minutes", true),
            ("Orders", true),
            ("Contribution", true),
        ],
        rows,
        sum: cells(text("Together"), &sum),
        facts: *facts,
    }
}
