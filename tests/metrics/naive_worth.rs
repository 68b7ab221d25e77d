//! The metrics about what customers are worth, over plain vectors: obvious and slow, and written without looking at the
//! product.

use std::collections::BTreeSet;

use attain::domain::period::Period;
use time::{Date, Duration};

use crate::{
    naive::{Happened, Who, year_before},
    world::{Visit, World},
};

/// The metrics about what customers are worth; shares as (numerator, denominator).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Worth {
    pub loss_rate: Option<(i64, i64)>,
    pub time_on_a: Option<(i64, i64)>,
    pub concentration: Option<(i64, i64)>,
    pub contribution: Option<i64>,
    /// The lines of the book whose cost is not known.
    pub without_cost: i64,
}

impl World {
    /// Whether a customer buys in the evening of a day, by what is known today.
    fn buys(&self, customer: usize, evening: Date, life: &[Happened]) -> bool {
        let mut buys = self.customers[customer].since.is_some_and(|since| since <= evening);
        for event in life.iter().filter(|event| event.on <= evening) {
            buys = matches!(event.what, "first_sale" | "won_back");
        }
        let sale = |after: Date| {
            self.deals.iter().any(|d| {
                d.customer == customer && d.won && after < d.on && d.on <= evening && d.lines.iter().sum::<i64>() > 0
            })
        };
        let ended = |e: &crate::world::Ending| {
            e.customer == customer && e.kind != "declared_lost" && e.on <= evening && !sale(e.on)
        };
        buys && !self.endings.iter().any(ended)
    }

    /// Whether somebody's part in a visit was entered in time; for who went first and who went along.
    fn parts_of(&self, visit: &Visit) -> Vec<usize> {
        let late = |after: i64| {
            self.locks
                .iter()
                .any(|lock| lock.from <= visit.on && visit.on < lock.to && visit.on + Duration::days(after) > lock.on)
        };
        // Entered at noon and locked in the evening of the same day: in time.
        if visit.state != "done" || visit.on > self.today || late(visit.entered_after) {
            return vec![];
        }
        let along = visit.along.iter().filter(|(_, after)| !late(*after)).map(|(rep, _)| *rep);
        [visit.rep].into_iter().chain(along).collect()
    }

    /// Whether a customer is A on a day: the share of those who bought more is below 80 %.
    fn is_a(&self, customer: usize, day: Date) -> bool {
        let bought = |customer: usize| -> i64 {
            let counts = |on: Date| year_before(day) < on && on <= day && on <= self.today;
            let deals = self.deals.iter().filter(|d| d.customer == customer && d.won && counts(d.on));
            deals.flat_map(|deal| &deal.lines).sum()
        };
        let mine = bought(customer);
        let others: Vec<(usize, i64)> = (0..self.customers.len()).map(|other| (other, bought(other).max(0))).collect();
        let all: i64 = others.iter().map(|(_, net)| net).sum();
        let before = |(other, net): &&(usize, i64)| *net > mine || *net == mine && *other < customer;
        let larger: i64 = others.iter().filter(before).map(|(_, net)| net).sum();
        mine > 0 && larger * 100 < all * 80
    }

    pub fn worth(&self, who: Who, period: Period, lives: &[Vec<Happened>], paying: bool) -> Worth {
        let counts = |day: Date| period.from() <= day && day < period.to() && day <= self.today;
        let customers = 0..self.customers.len();

        let lost = lives.iter().flatten().filter(|event| event.what == "lost" && counts(event.on));
        let lost =
            lost.filter(|event| who == Who::Company || event.rep.is_some() && self.belongs(who, event.rep, event.on));
        let eve = (period.from() - Duration::DAY).min(self.today);
        let owned = |customer: &usize| {
            let owner = self.owner(*customer, period.from());
            owner.is_some() && self.belongs(who, owner, period.from())
        };
        let bought = customers.clone().filter(owned).filter(|&customer| self.buys(customer, eve, &lives[customer]));
        let loss_rate = (i64::try_from(lost.count()).unwrap(), i64::try_from(bought.count()).unwrap());

        let mut time = (0, 0);
        for visit in self.visits.iter().filter(|visit| counts(visit.on)) {
            for rep in self.parts_of(visit) {
                if self.belongs(who, Some(rep), visit.on) {
                    let minutes = i64::from(visit.minutes.unwrap_or(0));
                    time.1 += minutes;
                    time.0 += if self.is_a(visit.customer, period.from()) { minutes } else { 0 };
                }
            }
        }

        let last = (period.to() - Duration::DAY).min(self.today);
        let mut largest = (0, 0);
        for customer in customers {
            let deals = self.deals.iter().filter(|d| d.customer == customer && d.won);
            let sold: i64 = deals
                .map(|deal| (deal, self.counts_on(deal, paying)))
                .filter(|(_, on)| year_before(last) < *on && *on <= last)
                .map(|(deal, on)| self.sold_on(who, deal, &deal.lines, on))
                .sum();
            if sold > 0 {
                largest = (largest.0.max(sold), largest.1 + sold);
            }
        }

        let holds = |customer: usize, day: Date| {
            let owner = self.owner(customer, day);
            who == Who::Company || owner.is_some() && self.belongs(who, owner, day)
        };
        let (mut margin, mut orders, mut without_cost) = (0, 0, 0);
        for deal in self.deals.iter().filter(|deal| deal.won) {
            let on = self.counts_on(deal, paying);
            if !counts(on) || !holds(deal.customer, on) {
                continue;
            }
            orders += i64::from(deal.lines.iter().sum::<i64>() > 0);
            for (amount, good) in deal.lines.iter().zip(&deal.goods) {
                margin += good.cost.map_or(0, |cost| amount - cost);
                without_cost += i64::from(good.cost.is_none());
            }
        }
        let (mut visits, mut minutes) = (BTreeSet::new(), 0);
        for visit in self.visits.iter().filter(|visit| counts(visit.on) && holds(visit.customer, visit.on)) {
            for rep in self.parts_of(visit) {
                minutes += i64::from(visit.minutes.unwrap_or(0));
                if visit.kind == "in_person" {
                    visits.insert((rep, visit.customer, visit.on));
                }
            }
        }
        let contribution = match self.costs {
            [Some(visit), Some(minute), Some(order)] => {
                Some(margin - i64::try_from(visits.len()).unwrap() * visit - minutes * minute - orders * order)
            }
            _ => None,
        };
        let some = |share: (i64, i64)| Some(share).filter(|(_, all)| *all > 0);
        Worth {
            loss_rate: some(loss_rate),
            time_on_a: some(time),
            concentration: some(largest),
            contribution,
            without_cost,
        }
    }
}
