//! The metrics that are loaded only where they are asked for, over plain vectors: obvious and slow, and written without
//! looking at the product.

use std::collections::BTreeSet;

use attain::domain::{
    company::GrowthBasis,
    period::{Dates, Period},
};
use time::{Date, Duration, Weekday};

use crate::{
    naive::{Happened, Who, year_before},
    world::{Deal, World},
};

/// The further metrics; growth as (numerator, denominator).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Further {
    pub growth_from_new: Option<(i64, i64)>,
    pub growth_from_existing: Option<(i64, i64)>,
    pub cross_sell_sales: i64,
    pub cross_sell_count: i64,
    pub gross_margin: i64,
    pub lines_without_cost: i64,
    /// Days or weeks met, of so many.
    pub visit_minimum: (i64, i64),
}

/// A numerator and its denominator.
type Share = (i64, i64);

impl World {
    /// The day on which a deal counts; for pay a return counts on the day of its deal.
    pub fn counts_on(&self, deal: &Deal, paying: bool) -> Date {
        deal.returns.filter(|_| paying).map_or(deal.on, |returned| self.deals[returned].on)
    }

    fn of_category(deal: &Deal, category: usize) -> i64 {
        deal.lines.iter().zip(&deal.goods).filter(|(_, good)| good.category == Some(category)).map(|(n, _)| n).sum()
    }

    /// Whether a deal is a sale of a category that still stands in the evening of a day.
    fn stands(&self, place: usize, category: usize, day: Date) -> bool {
        let deal = &self.deals[place];
        let bought = Self::of_category(deal, category);
        let returns = self.deals.iter().filter(|d| d.won && d.returns == Some(place) && d.on <= day);
        let back: i64 = returns.map(|d| Self::of_category(d, category)).sum();
        let is_sale = deal.won && deal.returns.is_none() && deal.on <= day && bought > 0;
        is_sale && bought + back > 0 && !self.returned_by(place, day)
    }

    fn any_stands(&self, customer: usize, category: usize, day: Date) -> bool {
        (0..self.deals.len()).any(|d| self.deals[d].customer == customer && self.stands(d, category, day))
    }

    /// Walks through the days of a customer: (day, deal, category, whether it is undone) of each category sold after another one.
    fn crossed(&self, customer: usize) -> Vec<(Date, usize, usize, bool)> {
        let mut found = vec![];
        let categories: BTreeSet<usize> =
            self.deals.iter().flat_map(|deal| &deal.goods).filter_map(|good| good.category).collect();
        let (Some(first), Some(last)) = (self.deals.iter().map(|d| d.on).min(), self.deals.iter().map(|d| d.on).max())
        else {
            return found;
        };
        for &category in &categories {
            let mut held: Option<(usize, bool)> = None;
            let mut day = first;
            while day <= last {
                if let Some((deal, counted)) = held.filter(|_| !self.any_stands(customer, category, day)) {
                    held = None;
                    if counted {
                        found.push((day, deal, category, true));
                    }
                }
                let sold = |d: &usize| self.deals[*d].customer == customer && self.deals[*d].on == day;
                let today = (0..self.deals.len()).filter(sold).find(|d| self.stands(*d, category, day));
                if let Some(deal) = today.filter(|_| held.is_none()) {
                    let before = |d: usize, other: usize| {
                        self.deals[d].customer == customer && self.deals[d].on < day && self.stands(d, other, day)
                    };
                    let counted = categories
                        .iter()
                        .any(|&other| other != category && (0..self.deals.len()).any(|d| before(d, other)));
                    held = Some((deal, counted));
                    if counted {
                        found.push((day, deal, category, false));
                    }
                }
                day += Duration::DAY;
            }
        }
        found
    }

    fn is_cross_sold(&self, customer: usize, category: usize, from: Date) -> bool {
        let before = from - Duration::DAY;
        !self.any_stands(customer, category, before)
            && (0..4).any(|other| other != category && self.any_stands(customer, other, before))
    }

    /// What of the sales to one customer belongs to these, between two days.
    fn to_customer(
        &self,
        who: Who,
        customer: usize,
        dates: Dates,
        paying: bool,
        for_date: impl Fn(Date) -> Date,
    ) -> i64 {
        let counts = |deal: &&Deal| {
            let on = self.counts_on(deal, paying);
            deal.won && deal.customer == customer && dates.from <= on && on < dates.to && on <= self.today
        };
        let part = |deal: &Deal| {
            let on = self.counts_on(deal, paying);
            if who == Who::Company || self.growth_basis == GrowthBasis::Credited {
                return self.sold_on(who, deal, &deal.lines, on);
            }
            let owner = self.owner(customer, for_date(on));
            if owner.is_some() && self.belongs(who, owner, for_date(on)) { deal.lines.iter().sum() } else { 0 }
        };
        self.deals.iter().filter(counts).map(part).sum()
    }

    /// The first sale in force of a customer.
    fn first_sale(&self, life: &[Happened]) -> Option<Date> {
        let mut first = None;
        for event in life.iter().filter(|event| event.on <= self.today) {
            match event.what {
                "first_sale" => first = Some(event.on),
                "first_sale_undone" => first = None,
                _ => {}
            }
        }
        first
    }

    fn growth_kinds(
        &self,
        who: Who,
        period: Period,
        lives: &[Vec<Happened>],
        paying: bool,
    ) -> (Option<Share>, Option<Share>) {
        let Some((base_from, base_to)) = self.base(period) else { return (None, None) };
        let (mut new, mut rest, mut base) = (0, 0, 0);
        let last = period.to() - Duration::DAY;
        for (customer, life) in lives.iter().enumerate() {
            let now = self.to_customer(who, customer, period.dates(), paying, |day| day);
            let dates = Dates { from: base_from, to: base_to };
            let before = self.to_customer(who, customer, dates, paying, |day| self.stands_for(period, base_from, day));
            let is_new = self.first_sale(life).is_some_and(|first| year_before(last) < first && first <= last);
            if before == 0 && now > 0 && is_new {
                new += now;
            } else {
                rest += now - before;
            }
            base += before;
        }
        if base > 0 { (Some((new, base)), Some((rest, base))) } else { (None, None) }
    }

    /// The further metrics. `paying`: by the rules of pay, of a company where nothing waits for confirmation.
    pub fn further(&self, who: Who, period: Period, lives: &[Vec<Happened>], paying: bool) -> Further {
        let counts = |day: Date| period.from() <= day && day < period.to() && day <= self.today;
        let (growth_from_new, growth_from_existing) = self.growth_kinds(who, period, lives, paying);
        let mut further = Further { growth_from_new, growth_from_existing, ..Further::default() };
        for deal in self.deals.iter().filter(|deal| deal.won && counts(self.counts_on(deal, paying))) {
            let on = self.counts_on(deal, paying);
            for (amount, good) in deal.lines.iter().zip(&deal.goods) {
                if good.category.is_some_and(|category| self.is_cross_sold(deal.customer, category, period.from())) {
                    further.cross_sell_sales += self.sold_on(who, deal, &[*amount], on);
                }
                if let Some(cost) = good.cost {
                    further.gross_margin += self.sold_on(who, deal, &[amount - cost], on);
                } else {
                    let splits = deal.credits.iter().filter(|credit| !credit.overlay);
                    let theirs = splits.map(|credit| credit.rep).any(|rep| self.belongs(who, Some(rep), on));
                    further.lines_without_cost += i64::from(who == Who::Company || theirs);
                }
            }
        }
        for customer in 0..self.customers.len() {
            let crossed = self.crossed(customer);
            for &(day, deal, category, undone) in crossed.iter().filter(|(day, ..)| counts(*day)) {
                let later =
                    crossed.iter().any(|&(_, other, of, back)| (other, of) == (deal, category) && back && !undone);
                if paying && (undone || later) {
                    continue;
                }
                if self.belongs(who, self.primary_rep(deal), day) {
                    further.cross_sell_count += if undone { -1 } else { 1 };
                }
            }
        }
        for rep in 0..self.reps {
            let (met, of) = self.kept(who, rep, period);
            further.visit_minimum.0 += met;
            further.visit_minimum.1 += of;
        }
        further
    }

    /// What is expected of a rep on a day: how many, whether in a week, whether of strangers.
    fn least(&self, rep: usize, day: Date) -> Option<(i64, bool, bool)> {
        for whose in [Some(rep), None] {
            let mut rows: Vec<_> =
                self.minimums.iter().filter(|m| m.rep == whose && m.from.is_none_or(|from| from <= day)).collect();
            rows.sort_by_key(|m| m.from);
            if let Some(last) = rows.last() {
                return (last.visits > 0).then_some((last.visits, last.weekly, last.strangers));
            }
        }
        None
    }

    fn works(&self, rep: usize, day: Date) -> bool {
        !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
            && !self.holidays.contains(&day)
            && !self.leaves.iter().any(|leave| leave.rep == rep && leave.from <= day && day < leave.to)
    }

    fn made(&self, rep: usize, day: Date, strangers: bool) -> i64 {
        let mut seen = BTreeSet::new();
        for visit in &self.visits {
            let counts = visit.on == day && visit.state == "done" && visit.kind == "in_person" && day <= self.today;
            if counts
                && self.anybody_went(Who::Rep(rep), visit)
                && (!strangers || self.is_stranger(visit.customer, day))
            {
                seen.insert(visit.customer);
            }
        }
        i64::try_from(seen.len()).unwrap()
    }

    fn kept(&self, who: Who, rep: usize, period: Period) -> (i64, i64) {
        let (mut met, mut of) = (0, 0);
        let mut day = period.from();
        while day < period.to() {
            let expected = self.least(rep, day).filter(|_| self.belongs(who, Some(rep), day));
            match expected {
                Some((visits, false, strangers)) if self.works(rep, day) && day <= self.today => {
                    of += 1;
                    met += i64::from(self.made(rep, day, strangers) >= visits);
                }
                Some((visits, true, strangers)) if day.weekday() == Weekday::Thursday => {
                    let week: Vec<Date> = (-3..=3).map(|n| day + Duration::days(n)).collect();
                    let last = week.iter().copied().filter(|day| self.works(rep, *day)).max();
                    if last.is_some_and(|last| last <= self.today) {
                        of += 1;
                        met += i64::from(week.iter().map(|day| self.made(rep, *day, strangers)).sum::<i64>() >= visits);
                    }
                }
                _ => {}
            }
            day += Duration::DAY;
        }
        (met, of)
    }
}
