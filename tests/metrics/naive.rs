//! The metrics by definition, over plain vectors: obvious and slow, and written without looking at the product.
//!
//! A customer's life is lived day by day; every number is a walk over everything.

use std::collections::BTreeSet;

use attain::domain::{
    company::{GrowthBase, GrowthBasis},
    period::{Period, PeriodKind},
};
use time::{Date, Duration, Weekday};

use crate::world::{Deal, LimitOf, Rule, World};

/// What happened to a customer on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    pub what: &'static str,
    pub on: Date,
    pub rep: Option<usize>,
    pub deal: Option<usize>,
    pub value: i64,
}

/// Whose numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Rep(usize),
    Team(usize),
    Company,
}

/// The ten metrics; growth as (numerator, denominator).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbers {
    pub new_customers: i64,
    pub lost_customers: i64,
    pub won_back_customers: i64,
    pub visits: i64,
    pub stranger_visits: i64,
    pub touches: i64,
    pub net_sales: i64,
    pub new_customer_sales: i64,
    pub existing_customer_sales: i64,
    pub sales_growth: Option<(i64, i64)>,
}

fn day_before(day: Date) -> Date {
    day - Duration::DAY
}

fn net(deal: &Deal) -> i64 {
    deal.lines.iter().sum()
}

/// The same date a year earlier; 28 February for the 29th.
pub fn year_before(day: Date) -> Date {
    day.replace_year(day.year() - 1)
        .unwrap_or_else(|_| day.replace_day(28).unwrap().replace_year(day.year() - 1).unwrap())
}

/// So many months later: the same day of the month or the last one.
fn months_later(day: Date, months: i32) -> Date {
    let mut first = day.replace_day(1).unwrap();
    for _ in 0..months {
        first = (first + Duration::days(31)).replace_day(1).unwrap();
    }
    let last = (first + Duration::days(31)).replace_day(1).unwrap() - Duration::DAY;
    (first + Duration::days(i64::from(day.day()) - 1)).min(last)
}

impl World {
    pub fn returned_by(&self, deal: usize, day: Date) -> bool {
        let back: i64 = self.deals.iter().filter(|d| d.won && d.returns == Some(deal) && d.on <= day).map(net).sum();
        net(&self.deals[deal]) + back <= 0
    }

    /// Won deals above zero of a customer, whether they were returned or not.
    fn signs_of_life(&self, customer: usize) -> Vec<usize> {
        (0..self.deals.len())
            .filter(|&d| self.deals[d].customer == customer && self.deals[d].won && net(&self.deals[d]) > 0)
            .collect()
    }

    fn qualifies(&self, deal: usize, day: Date) -> bool {
        let d = &self.deals[deal];
        d.won && net(d) > 0 && d.on <= day && !self.returned_by(deal, day)
    }

    pub fn primary_rep(&self, deal: usize) -> Option<usize> {
        let deal = &self.deals[deal];
        let splits: Vec<_> = deal.credits.iter().filter(|credit| !credit.overlay).collect();
        let most = splits.iter().map(|credit| credit.parts).max()?;
        let tied: Vec<usize> = splits.iter().filter(|credit| credit.parts == most).map(|credit| credit.rep).collect();
        match deal.owner {
            Some(owner) if tied.contains(&owner) => Some(owner),
            _ => Some(tied[0]),
        }
    }

    fn limit(&self, customer: usize, day: Date) -> i64 {
        let of = [
            Some(LimitOf::Customer(customer)),
            self.customers[customer].segment.map(LimitOf::Segment),
            Some(LimitOf::Company),
        ];
        for of in of.into_iter().flatten() {
            let mut best = None;
            for limit in self.limits.iter().filter(|l| l.of == of && l.from.is_none_or(|from| from <= day)) {
                if best.is_none_or(|(from, _)| limit.from > from) {
                    best = Some((limit.from, limit.days));
                }
            }
            if let Some((_, days)) = best {
                return days;
            }
        }
        180
    }

    pub fn owner(&self, customer: usize, day: Date) -> Option<usize> {
        let held = |h: &&crate::world::Held| {
            h.what == customer && h.from.is_none_or(|from| from <= day) && h.to.is_none_or(|to| day < to)
        };
        self.ownerships.iter().find(held).map(|h| h.rep)
    }

    /// The last rule that had begun.
    fn rule(&self, day: Date) -> Rule {
        self.rules.iter().rfind(|rule| rule.from.is_none_or(|from| from <= day)).copied().unwrap()
    }

    /// Walks back through the calendar: who owned it before, if the owner has not held it for the grace.
    fn charged(&self, customer: usize, lost: Date) -> Option<usize> {
        let owner = self.owner(customer, lost)?;
        let dawn = crate::world::START - Duration::days(1_000);
        let mut day = lost;
        while day > dawn && self.owner(customer, day_before(day)) == Some(owner) {
            day = day_before(day);
        }
        if day == dawn || (lost - day).whole_days() >= self.rule(lost).grace_days {
            return Some(owner);
        }
        while day > dawn {
            day = day_before(day);
            if let Some(before) = self.owner(customer, day) {
                return Some(before);
            }
        }
        Some(owner)
    }

    /// Lives a customer's life, day by day.
    pub fn life(&self, customer: usize) -> Vec<Happened> {
        let sales = self.signs_of_life(customer);
        let (Some(first), Some(last)) =
            (sales.iter().map(|d| self.deals[*d].on).min(), self.deals.iter().map(|d| d.on).max())
        else {
            return vec![];
        };
        let mut life = vec![];
        let bought_before = self.customers[customer].since.is_some();
        let mut first_sale: Option<usize> = None;
        let mut buying = bought_before;
        // While lost, and for each win-back: the last sale before the loss.
        let mut lost_after: Option<Date> = None;
        let mut win_backs: Vec<(usize, Date)> = vec![];
        let mut day = first;
        while day <= last + Duration::days(250) {
            let any_qualifies = |after: Option<Date>| {
                sales
                    .iter()
                    .any(|&deal| after.is_none_or(|after| self.deals[deal].on > after) && self.qualifies(deal, day))
            };
            // A win-back is one as long as something that was bought after the loss is kept.
            for &(deal, after) in win_backs.iter().filter(|(_, after)| !any_qualifies(Some(*after))) {
                life.push(self.happened("won_back_undone", day, deal));
                if buying {
                    (buying, lost_after) = (false, Some(after));
                }
            }
            win_backs.retain(|(_, after)| any_qualifies(Some(*after)));
            // Without a qualifying sale it is a prospect, unless it bought before.
            if let Some(deal) = first_sale.filter(|_| !any_qualifies(None)) {
                life.push(self.happened("first_sale_undone", day, deal));
                (first_sale, buying, lost_after) = (None, false, None);
            }
            if buying && let Some(loss) = self.loss(customer, &sales, day, false) {
                life.push(loss.0);
                (buying, lost_after) = (false, Some(loss.1));
            }
            if !buying {
                let today =
                    sales.iter().copied().find(|deal| self.deals[*deal].on == day && self.qualifies(*deal, day));
                if let Some(deal) = today {
                    if let Some(after) = lost_after.take() {
                        win_backs.push((deal, after));
                        life.push(self.happened("won_back", day, deal));
                    } else {
                        first_sale = Some(deal);
                        life.push(self.happened("first_sale", day, deal));
                    }
                    buying = true;
                }
            }
            if buying && let Some(loss) = self.loss(customer, &sales, day, true) {
                life.push(loss.0);
                (buying, lost_after) = (false, Some(loss.1));
            }
            day += Duration::DAY;
        }
        life
    }

    fn happened(&self, what: &'static str, on: Date, deal: usize) -> Happened {
        Happened { what, on, rep: self.primary_rep(deal), deal: Some(deal), value: 0 }
    }

    /// Whether the customer is lost on that day; `evening` asks for a loss declared on the very day of a sale.
    fn loss(&self, customer: usize, sales: &[usize], day: Date, evening: bool) -> Option<(Happened, Date)> {
        let sale_days: BTreeSet<Date> = sales.iter().map(|deal| self.deals[*deal].on).collect();
        let bought_today = sale_days.contains(&day);
        let last = if evening { Some(day).filter(|_| bought_today)? } else { *sale_days.range(..day).next_back()? };
        let limit_passed = last + Duration::days(self.limit(customer, last) + 1);
        let of_customer = |e: &&crate::world::Ending| e.customer == customer;
        let declared = (evening || !bought_today)
            && day < limit_passed
            && self.endings.iter().filter(of_customer).any(|e| e.kind == "declared_lost" && e.on == day)
            && !sale_days.iter().any(|&sale| day < sale && (sale - day).whole_days() < 30);
        let prevented =
            self.endings.iter().filter(of_customer).any(|e| e.kind != "declared_lost" && last <= e.on && e.on <= day);
        if prevented || !(declared || day == limit_passed) {
            return None;
        }
        let value = self
            .deals
            .iter()
            .filter(|d| d.customer == customer && d.won && year_before(last) < d.on && d.on <= last)
            .map(net)
            .sum();
        Some((Happened { what: "lost", on: day, rep: self.charged(customer, day), deal: None, value }, last))
    }

    fn team_of(&self, rep: usize, day: Date) -> Option<usize> {
        self.memberships
            .iter()
            .find(|m| m.rep == rep && m.from.is_none_or(|from| from <= day) && m.to.is_none_or(|to| day < to))
            .map(|m| m.what)
    }

    /// Whether what a rep did on a day belongs to these numbers.
    pub fn belongs(&self, who: Who, rep: Option<usize>, day: Date) -> bool {
        match who {
            Who::Company => true,
            Who::Rep(one) => rep == Some(one),
            Who::Team(team) => {
                let mut at = rep.and_then(|rep| self.team_of(rep, day));
                while at.is_some_and(|at| at != team) {
                    at = at.and_then(|at| self.teams[at]);
                }
                at.is_some()
            }
        }
    }

    /// Largest remainder, amount by amount.
    fn parts(deal: &Deal, amounts: &[i64]) -> Vec<(usize, i64)> {
        let splits: Vec<_> = deal.credits.iter().filter(|credit| !credit.overlay).collect();
        let all: i64 = splits.iter().map(|credit| i64::from(credit.parts)).sum();
        let mut parts: Vec<(usize, i64)> = splits.iter().map(|credit| (credit.rep, 0)).collect();
        for line in amounts {
            let mut left = line.abs();
            let mut remainders = vec![];
            for (place, credit) in splits.iter().enumerate() {
                let exact = line.abs() * i64::from(credit.parts);
                parts[place].1 += line.signum() * (exact / all);
                left -= exact / all;
                remainders.push((-(exact % all), place));
            }
            remainders.sort_unstable();
            for (_, place) in remainders.into_iter().take(usize::try_from(left).unwrap()) {
                parts[place].1 += line.signum();
            }
        }
        parts
    }

    /// What these people sold of a deal.
    fn sold(&self, who: Who, deal: &Deal) -> i64 {
        self.sold_on(who, deal, &deal.lines, deal.on)
    }

    /// What these people have of these amounts of a deal, as of a day.
    pub fn sold_on(&self, who: Who, deal: &Deal, amounts: &[i64], day: Date) -> i64 {
        if who == Who::Company {
            return amounts.iter().sum();
        }
        Self::parts(deal, amounts)
            .into_iter()
            .filter(|(rep, _)| self.belongs(who, Some(*rep), day))
            .map(|(_, part)| part)
            .sum()
    }

    fn net_sales(&self, who: Who, from: Date, to: Date) -> i64 {
        self.deals
            .iter()
            .filter(|d| d.won && from <= d.on && d.on < to && d.on <= self.today)
            .map(|deal| self.sold(who, deal))
            .sum()
    }

    /// What customers bought whose owner belongs to these; the owner of the day that `stands_for` gives for the deal's.
    fn bought(&self, who: Who, from: Date, to: Date, stands_for: impl Fn(Date) -> Date) -> i64 {
        let counts = |deal: &&Deal| {
            let day = stands_for(deal.on);
            let owner = self.owner(deal.customer, day);
            who == Who::Company || owner.is_some() && self.belongs(who, owner, day)
        };
        let won = self.deals.iter().filter(|d| d.won && from <= d.on && d.on < to && d.on <= self.today);
        won.filter(counts).map(net).sum()
    }

    /// The day of a period for which a day of its base stands.
    pub fn stands_for(&self, period: Period, base_from: Date, day: Date) -> Date {
        let last = day_before(period.to());
        match (self.growth_base, period.kind()) {
            (GrowthBase::LastYear, PeriodKind::Month | PeriodKind::Quarter) | (_, PeriodKind::Year) => {
                let mut found = period.from();
                while found < last && year_before(found) < day {
                    found = found.next_day().unwrap();
                }
                // The 29 February of a base has no day of its own a year later.
                if year_before(found) > day { day_before(found) } else { found }
            }
            _ => (period.from() + (day - base_from)).min(last),
        }
    }

    /// What growth compares: of the period and of its base.
    fn growing(&self, who: Who, period: Period) -> (i64, Option<i64>) {
        let base = self.base(period);
        if self.growth_basis == GrowthBasis::Credited {
            let sales = |from, to| self.net_sales(who, from, to);
            return (sales(period.from(), period.to()), base.map(|(from, to)| sales(from, to)));
        }
        let before = base.map(|(from, to)| self.bought(who, from, to, |day| self.stands_for(period, from, day)));
        (self.bought(who, period.from(), period.to(), |day| day), before)
    }

    fn is_to_new(&self, deal: &Deal, lives: &[Vec<Happened>]) -> bool {
        if self.customers[deal.customer].since.is_some() {
            return false;
        }
        let mut first = None;
        for event in lives[deal.customer].iter().filter(|event| event.on <= self.today) {
            match event.what {
                "first_sale" => first = Some(event.on),
                "first_sale_undone" => first = None,
                _ => {}
            }
        }
        let classed = deal.returns.map_or(deal, |returned| &self.deals[returned]);
        first.is_none_or(|first| classed.on < months_later(first, self.rule(first).new_months))
    }

    /// First day and first day after of what a period is compared with, as far as it has come.
    pub fn base(&self, period: Period) -> Option<(Date, Date)> {
        let (from, to) = (period.from(), period.to());
        let gone = (self.today - from).whole_days() + 1;
        let (base_from, base_to, through) = match (self.growth_base, period.kind()) {
            (GrowthBase::PeriodBefore, kind) => {
                let mut first = day_before(from);
                while Period::containing(kind, day_before(first), self.fiscal_start).to() == from {
                    first = day_before(first);
                }
                (first, from, first + Duration::days(gone))
            }
            (GrowthBase::LastYear, PeriodKind::Week) => {
                let (year, week, _) = from.to_iso_week_date();
                if week == 53 {
                    return None;
                }
                let mut monday = from;
                while monday.to_iso_week_date() != (year - 1, week, Weekday::Monday) {
                    monday = day_before(monday);
                }
                (monday, monday + Duration::WEEK, monday + Duration::days(gone))
            }
            (GrowthBase::LastYear, PeriodKind::Day) => {
                (year_before(from), year_before(from) + Duration::DAY, year_before(from) + Duration::days(gone))
            }
            (GrowthBase::LastYear, _) => (year_before(from), year_before(to), year_before(self.today) + Duration::DAY),
        };
        if self.today >= to {
            return Some((base_from, base_to));
        }
        Some((base_from, through.min(base_to)))
    }

    fn locked_out(&self, on: Date, entered_after: i64) -> bool {
        self.locks.iter().any(|lock| lock.from <= on && on < lock.to && on + Duration::days(entered_after) > lock.on)
    }

    /// Whether a visit counts for somebody of these who went: each is in from the day on which visit and person were
    /// both entered.
    pub fn anybody_went(&self, who: Who, visit: &crate::world::Visit) -> bool {
        let along = visit.along.iter().map(|&(rep, entered)| (rep, entered.max(visit.entered_after)));
        std::iter::once((visit.rep, visit.entered_after))
            .chain(along)
            .any(|(rep, entered)| self.belongs(who, Some(rep), visit.on) && !self.locked_out(visit.on, entered))
    }

    pub fn is_stranger(&self, customer: usize, on: Date) -> bool {
        let bought = |deal: &usize| self.deals[*deal].on < on && self.qualifies(*deal, on);
        self.customers[customer].since.is_none() && !self.signs_of_life(customer).iter().any(bought)
    }

    /// All ten metrics. `lives` are the lives of all customers.
    pub fn numbers(&self, who: Who, period: Period, lives: &[Vec<Happened>]) -> Numbers {
        let counts = |day: Date| period.from() <= day && day < period.to() && day <= self.today;
        let happened = |what: &str| {
            let all =
                lives.iter().flatten().filter(|e| e.what == what && counts(e.on) && self.belongs(who, e.rep, e.on));
            i64::try_from(all.count()).unwrap()
        };
        let mut visits = BTreeSet::new();
        let mut touches = BTreeSet::new();
        for visit in &self.visits {
            if visit.state != "done" || !counts(visit.on) || !self.anybody_went(who, visit) {
                continue;
            }
            match visit.kind {
                "in_person" => {
                    visits.insert((visit.customer, visit.on));
                }
                kind => {
                    touches.insert((visit.customer, visit.on, kind));
                }
            }
        }
        let strangers = visits.iter().filter(|(customer, on)| self.is_stranger(*customer, *on)).count();
        let net_sales = self.net_sales(who, period.from(), period.to());
        let new_customer_sales = self
            .deals
            .iter()
            .filter(|deal| deal.won && counts(deal.on) && self.is_to_new(deal, lives))
            .map(|deal| self.sold(who, deal))
            .sum();
        let (growing, base) = self.growing(who, period);
        Numbers {
            new_customers: happened("first_sale") - happened("first_sale_undone"),
            lost_customers: happened("lost"),
            won_back_customers: happened("won_back") - happened("won_back_undone"),
            visits: i64::try_from(visits.len()).unwrap(),
            stranger_visits: i64::try_from(strangers).unwrap(),
            touches: i64::try_from(touches.len()).unwrap(),
            net_sales,
            new_customer_sales,
            existing_customer_sales: net_sales - new_customer_sales,
            sales_growth: base.filter(|base| *base > 0).map(|base| (growing - base, base)),
        }
    }
}
