//! The metrics that are loaded only where they are asked for: growth by new and existing customers, cross-selling, gross
//! margin, the minimum of visits; beside them those of [`worth`]. Pages, files, the command line and pay get them here, and so do the lists behind them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sqlx::PgConnection;
use time::Date;

pub use super::visit_days::{Expected, minimums};
use super::{
    db,
    more_db::{self, Line, Member, Owned, Pays, Wanted},
    worth,
};
use crate::domain::{
    bridge::{Step, new_since},
    company::{GrowthBase, GrowthBasis},
    contribution::Costs,
    cross_sell::{CategorySale, cross_sold, is_cross_sold},
    id::{CategoryId, CustomerId, OrgId, UserId},
    metric::{Facts, Metric},
    minimum,
    money::Money,
    period::{Dates, Period, add_days, add_months},
    subject::{Subject, Subjects},
};

/// Whose numbers are asked for, when, and by which rules.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The organization.
    pub org: OrgId,
    /// Whose.
    pub subjects: &'a Subjects,
    /// When.
    pub periods: &'a [Period],
    /// What growth is compared with.
    pub growth_base: GrowthBase,
    /// What is dated later does not count.
    pub today: Date,
    /// Whether only what pays counts: confirmed deals, less their linked returns whenever they came.
    pub paying: bool,
    /// By which rules, if so.
    pub pays: Pays,
}

/// The facts of [`db::facts`], and those of these metrics as far as they are not among them anyway.
pub async fn facts(
    db: &mut PgConnection,
    asked: &Asked<'_>,
    metrics: &BTreeSet<Metric>,
) -> sqlx::Result<BTreeMap<(Period, Subject), Facts>> {
    let Asked { org, subjects, periods, growth_base, today, .. } = *asked;
    let mut table = db::facts(db, org, subjects, periods, growth_base, today).await?;
    if table.is_empty() || metrics.is_disjoint(&Metric::MORE.into()) {
        return Ok(table);
    }
    let who = Who::load(db, asked).await?;
    add(db, asked, &who, (metrics, Kept::default()), &mut table).await?;
    Ok(table)
}

/// The settings that a locked period keeps; what is none is as it stands today.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kept {
    /// Whose sales growth compares.
    pub basis: Option<GrowthBasis>,
    /// What visits, minutes and orders cost.
    pub costs: Option<Costs>,
}

/// Adds these metrics to the facts of a table, as far as they are among those that are loaded only where asked for.
pub async fn add(
    db: &mut PgConnection,
    asked: &Asked<'_>,
    who: &Who,
    (metrics, kept): (&BTreeSet<Metric>, Kept),
    table: &mut BTreeMap<(Period, Subject), Facts>,
) -> sqlx::Result<()> {
    let wants = |some: &[Metric]| some.iter().any(|metric| metrics.contains(metric));
    if wants(&[Metric::GrowthFromNew, Metric::GrowthFromExisting]) {
        let firsts = first_sales(db, asked).await?;
        let customers: Vec<CustomerId> = firsts.keys().copied().collect();
        let moves = moves_by(db, asked, who, Some(&customers), kept.basis).await?;
        for facts in table.values_mut() {
            facts.growth_new = Some(Money::ZERO);
        }
        for ((period, subject, customer), moved) in moves {
            let step = Step::of(moved.before, moved.now, firsts.get(&customer).copied(), period.last_day());
            if let Some(new) = table.get_mut(&(period, subject)).and_then(|facts| facts.growth_new.as_mut())
                && step == Step::New
            {
                *new += moved.now;
            }
        }
    }
    if wants(&[Metric::CrossSellSales]) {
        for facts in table.values_mut() {
            facts.cross_sell_sales = Some(Money::ZERO);
        }
        for sold in cross_sales(db, asked, who).await? {
            let facts = table.get_mut(&(sold.period, sold.whose));
            if let Some(sales) = facts.and_then(|facts| facts.cross_sell_sales.as_mut()) {
                *sales += sold.part;
            }
        }
    }
    if wants(&[Metric::CrossSellCount]) {
        for facts in table.values_mut() {
            facts.cross_sell_count = Some(0);
        }
        for first in first_of_category(db, asked, who).await? {
            let facts = table.get_mut(&(first.period, first.whose));
            if let Some(count) = facts.and_then(|facts| facts.cross_sell_count.as_mut()) {
                *count += if first.undone { -1 } else { 1 };
            }
        }
    }
    if wants(&[Metric::GrossMargin]) {
        for facts in table.values_mut() {
            facts.gross_margin = Some(Money::ZERO);
        }
        let lines = lines(db, asked, who).await?;
        for (period, whose, _, margin) in margins(asked, who, &lines) {
            let Some(facts) = table.get_mut(&(period, whose)) else { continue };
            match (margin, facts.gross_margin.as_mut()) {
                (Some(margin), Some(sum)) => *sum += margin,
                _ => facts.lines_without_cost += 1,
            }
        }
    }
    if wants(&[Metric::VisitMinimum]) {
        for facts in table.values_mut() {
            facts.visit_minimum = Some(minimum::Kept::default());
        }
        for expected in minimums(db, asked, who).await? {
            let facts = table.get_mut(&(expected.period, expected.whose));
            if let Some(kept) = facts.and_then(|facts| facts.visit_minimum.as_mut()) {
                *kept = kept.and(&expected.stretch);
            }
        }
    }
    worth::add(db, asked, who, metrics, kept.costs, table).await
}

/// The subjects, and who belongs to which of their teams when.
pub struct Who {
    pub(super) reps: BTreeSet<UserId>,
    pub(super) members: HashMap<UserId, Vec<Member>>,
    company: bool,
}

/// Whether a time holds a day.
pub fn holds(from: Option<Date>, to: Option<Date>, day: Date) -> bool {
    from.is_none_or(|from| from <= day) && to.is_none_or(|to| day < to)
}

impl Who {
    /// Loads who belongs to the teams.
    pub async fn load(db: &mut PgConnection, asked: &Asked<'_>) -> sqlx::Result<Self> {
        let teams = !asked.subjects.teams.is_empty();
        let members = if teams { more_db::members(db, asked.org, asked.subjects).await? } else { vec![] };
        let reps = asked.subjects.reps.iter().copied().collect();
        Ok(Self { reps, company: asked.subjects.company, ..Self::members(members) })
    }

    /// Those to whom the facts of others count while these belong to them.
    pub fn members(all: Vec<Member>) -> Self {
        let mut members: HashMap<UserId, Vec<Member>> = HashMap::new();
        for member in all {
            members.entry(member.rep).or_default().push(member);
        }
        Self { reps: BTreeSet::new(), members, company: false }
    }

    /// Everybody whose facts are needed; none: everybody's, and nobody's.
    pub(super) fn everybody(&self) -> Option<Vec<UserId>> {
        let named = || self.reps.iter().chain(self.members.keys()).copied().collect::<BTreeSet<_>>();
        (!self.company).then(|| named().into_iter().collect())
    }

    /// The rep's own numbers and those of the teams that the rep belongs to on a day.
    pub(super) fn of(&self, rep: UserId, day: Date) -> impl Iterator<Item = Subject> {
        let own = self.reps.contains(&rep).then_some(Subject::Rep(rep));
        let teams = self.members.get(&rep).into_iter().flatten();
        own.into_iter().chain(teams.filter(move |m| holds(m.from, m.to, day)).map(|m| m.team))
    }

    /// The company, where it is asked for.
    pub(super) fn company(&self) -> Option<Subject> {
        self.company.then_some(Subject::Company)
    }

    /// Splits an amount of a line over those who are credited with it: the parts that the deal is split into.
    pub(super) fn shares(&self, line: &Line, amount: Money, day: Date) -> BTreeMap<Subject, Money> {
        let mut shares: BTreeMap<Subject, Money> = BTreeMap::new();
        let shares_of = line.reps.iter().zip(amount.split(&line.parts));
        for (&rep, share) in shares_of.filter(|(rep, _)| !line.held.contains(rep)) {
            for whose in self.of(rep, day) {
                *shares.entry(whose).or_default() += share;
            }
        }
        if self.company {
            shares.insert(Subject::Company, amount);
        }
        shares
    }
}

/// All days of these stretches; empty without one.
pub(super) fn span(dates: impl Iterator<Item = Dates>) -> Option<Dates> {
    dates.reduce(|a, b| Dates { from: a.from.min(b.from), to: a.to.max(b.to) })
}

impl Asked<'_> {
    /// The periods as far as they have come.
    pub(super) fn so_far(&self) -> Option<Dates> {
        let all = span(self.periods.iter().map(|period| period.dates()))?;
        let to = all.to.min(add_days(self.today, 1));
        (all.from < to).then_some(Dates { from: all.from, to })
    }
}

/// The lines of the periods that somebody of these is credited with, or all of them for the company.
pub async fn lines(db: &mut PgConnection, asked: &Asked<'_>, who: &Who) -> sqlx::Result<Vec<Line>> {
    let Some(dates) = asked.so_far() else { return Ok(vec![]) };
    lines_of(db, asked, dates, who.everybody().as_deref()).await
}

/// The lines of some days that one of these is credited with, or all of them.
pub(super) async fn lines_of(
    db: &mut PgConnection,
    asked: &Asked<'_>,
    dates: Dates,
    reps: Option<&[UserId]>,
) -> sqlx::Result<Vec<Line>> {
    more_db::lines(db, asked.org, &Wanted { dates, reps, customers: None, paying: asked.paying, pays: asked.pays })
        .await
}

/// The margin of each line, for each whose it is; nothing where its cost is not known.
pub fn margins<'l>(asked: &Asked<'_>, who: &Who, lines: &'l [Line]) -> Vec<(Period, Subject, &'l Line, Option<Money>)> {
    let mut found = vec![];
    for line in lines {
        let margin = line.cost.map(|cost| line.amount - cost);
        let shares = who.shares(line, margin.unwrap_or_default(), line.counts_on);
        for &period in asked.periods.iter().filter(|period| period.contains(line.counts_on)) {
            found.extend(shares.iter().map(|(&whose, &share)| (period, whose, line, margin.map(|_| share))));
        }
    }
    found
}

/// What a customer bought in the period and in its base.
#[derive(Clone, Debug, Default)]
pub struct Move {
    /// The customer's name.
    pub name: String,
    /// In the period.
    pub now: Money,
    /// In its base, as far as the period has come.
    pub before: Money,
}

/// The day on which a customer's first sale lies, of those for whom it may make a new customer in one of the periods.
pub async fn first_sales(db: &mut PgConnection, asked: &Asked<'_>) -> sqlx::Result<HashMap<CustomerId, Date>> {
    let news = |period: &Period| Dates { from: new_since(period.last_day()), to: period.to() };
    let Some(dates) = span(asked.periods.iter().map(news)) else { return Ok(HashMap::new()) };
    Ok(more_db::first_sales(db, asked.org, dates, asked.today).await?.into_iter().collect())
}

/// What each customer (or each of these) bought in the periods and in their bases, of the basis of the company's growth.
pub async fn moves(
    db: &mut PgConnection,
    asked: &Asked<'_>,
    who: &Who,
    customers: Option<&[CustomerId]>,
) -> sqlx::Result<BTreeMap<(Period, Subject, CustomerId), Move>> {
    moves_by(db, asked, who, customers, None).await
}

async fn moves_by(
    db: &mut PgConnection,
    asked: &Asked<'_>,
    who: &Who,
    customers: Option<&[CustomerId]>,
    basis: Option<GrowthBasis>,
) -> sqlx::Result<BTreeMap<(Period, Subject, CustomerId), Move>> {
    let bases: Vec<_> = asked.periods.iter().map(|period| period.base(asked.growth_base, asked.today)).collect();
    let Some(dates) = asked.so_far() else { return Ok(BTreeMap::new()) };
    let basis = match basis {
        Some(basis) => basis,
        None => more_db::growth_basis(db, asked.org).await?,
    };
    let by_book = basis == GrowthBasis::Book;
    // A book holds what others sold, too.
    let reps = if by_book { None } else { who.everybody() };
    let wanted = Wanted { dates, reps: reps.as_deref(), customers, paying: asked.paying, pays: asked.pays };
    let now = more_db::lines(db, asked.org, &wanted).await?;
    let before = match span(bases.iter().flatten().map(|base| base.so_far)) {
        Some(dates) => more_db::lines(db, asked.org, &Wanted { dates, ..wanted }).await?,
        None => vec![],
    };
    let mut owned: HashMap<CustomerId, Vec<Owned>> = HashMap::new();
    if by_book {
        let buyers: BTreeSet<CustomerId> = now.iter().chain(&before).map(|line| line.customer).collect();
        for time in more_db::owners(db, asked.org, &Vec::from_iter(buyers)).await? {
            owned.entry(time.customer).or_default().push(time);
        }
    }
    let parts = |line: &Line, for_date: Date| -> BTreeMap<Subject, Money> {
        if !by_book {
            return who.shares(line, line.amount, line.counts_on);
        }
        let times = owned.get(&line.customer).into_iter().flatten();
        let owner = times.filter(|time| holds(time.from, time.to, for_date)).map(|time| time.rep).next();
        let books = owner.filter(|rep| !line.held.contains(rep)).into_iter().flat_map(|rep| who.of(rep, for_date));
        books.chain(who.company.then_some(Subject::Company)).map(|whose| (whose, line.amount)).collect()
    };
    let mut moves: BTreeMap<(Period, Subject, CustomerId), Move> = BTreeMap::new();
    let spans = db::spans(asked.periods, &bases);
    for place in 0..spans.parts.len() {
        let span = spans.part(place, asked.periods);
        let Some((period, part, dates, stands_for)) = span else { continue };
        let lines = if part == 0 { &now } else { &before };
        for line in lines.iter().filter(|line| dates.contains(line.counts_on) && line.counts_on <= asked.today) {
            for (whose, amount) in parts(line, stands_for(line.counts_on)) {
                let moved = moves.entry((period, whose, line.customer)).or_default();
                moved.name.clone_from(&line.customer_name);
                *(if part == 0 { &mut moved.now } else { &mut moved.before }) += amount;
            }
        }
    }
    Ok(moves)
}

/// A part of a line that is cross-sold.
#[derive(Clone, Debug)]
pub struct CrossSale {
    /// When.
    pub period: Period,
    /// Whose.
    pub whose: Subject,
    /// The line.
    pub line: Line,
    /// The name of its category.
    pub category: String,
    /// The part of it.
    pub part: Money,
}

/// What was sold of categories that their customers had not bought before the period.
pub async fn cross_sales(db: &mut PgConnection, asked: &Asked<'_>, who: &Who) -> sqlx::Result<Vec<CrossSale>> {
    let lines = lines(db, asked, who).await?;
    let buyers: BTreeSet<CustomerId> =
        lines.iter().filter(|line| line.category.is_some()).map(|line| line.customer).collect();
    let history = history(db, asked, &Vec::from_iter(buyers)).await?;
    let mut found = vec![];
    for line in &lines {
        let Some((category, sales)) = line.category.zip(history.get(&line.customer)) else { continue };
        for &period in asked.periods.iter().filter(|period| period.contains(line.counts_on)) {
            if is_cross_sold(sales, category, period.from()) {
                let name = category_name(sales, category);
                let sale =
                    |(whose, part)| CrossSale { period, whose, line: line.clone(), category: name.clone(), part };
                found.extend(who.shares(line, line.amount, line.counts_on).into_iter().map(sale));
            }
        }
    }
    Ok(found)
}

fn category_name(sales: &[CategorySale], category: CategoryId) -> String {
    let sale = sales.iter().find(|sale| sale.category == category);
    sale.map(|sale| sale.category_name.clone()).unwrap_or_default()
}

/// The sales of categories to these customers, customer by customer.
async fn history(
    db: &mut PgConnection,
    asked: &Asked<'_>,
    customers: &[CustomerId],
) -> sqlx::Result<HashMap<CustomerId, Vec<CategorySale>>> {
    let mut history: HashMap<CustomerId, Vec<CategorySale>> = HashMap::new();
    for sale in more_db::category_sales(db, asked.org, customers, asked.today, asked.paying, asked.pays).await? {
        history.entry(sale.customer).or_default().push(sale);
    }
    Ok(history)
}

/// A category that was sold to a customer for the first time, or the day on which that was undone.
#[derive(Clone, Debug)]
pub struct FirstOfCategory {
    /// When.
    pub period: Period,
    /// Whose.
    pub whose: Subject,
    /// The sale.
    pub sale: CategorySale,
    /// The day that counts.
    pub on: Date,
    /// Whether it was undone on that day.
    pub undone: bool,
}

/// The cross-sold categories of the periods, each for its primary rep, and those undone in them. Of what pays those that
/// stand to this day.
pub async fn first_of_category(
    db: &mut PgConnection,
    asked: &Asked<'_>,
    who: &Who,
) -> sqlx::Result<Vec<FirstOfCategory>> {
    let Some(dates) = asked.so_far() else { return Ok(vec![]) };
    let customers = more_db::buyers(db, asked.org, dates, who.everybody().as_deref()).await?;
    let history = history(db, asked, &customers).await?;
    let mut found = vec![];
    for sales in history.values() {
        for first in cross_sold(sales) {
            if asked.paying && (first.undone_on.is_some() || !first.sale.confirmed) {
                continue;
            }
            let days = [Some((first.sale.on, false)), first.undone_on.map(|day| (day, true))];
            for (on, undone) in days.into_iter().flatten().filter(|(on, _)| *on <= asked.today) {
                let whose: Vec<Subject> = first.sale.rep.map(|rep| who.of(rep, on).collect()).unwrap_or_default();
                let whose = whose.into_iter().chain(who.company.then_some(Subject::Company));
                for whose in whose {
                    let periods = asked.periods.iter().filter(|period| period.contains(on));
                    found.extend(periods.map(|&period| {
                        let sale = first.sale.clone();
                        FirstOfCategory { period, whose, sale, on, undone }
                    }));
                }
            }
        }
    }
    found.sort_by(|a, b| {
        (a.on, a.sale.number, &a.sale.category_name).cmp(&(b.on, b.sale.number, &b.sale.category_name))
    });
    Ok(found)
}

impl db::Spans {
    /// A span: of which period, which part of it (0: itself, 1: its base so far), its days, and the day of the period
    /// that each of them stands for. Nothing for whole bases.
    fn part(&self, place: usize, periods: &[Period]) -> Option<(Period, i16, Dates, impl Fn(Date) -> Date + use<>)> {
        let period = *periods.get(usize::try_from(*self.periods.get(place)?).ok()?)?;
        let part = *self.parts.get(place).filter(|part| **part < 2)?;
        let dates = Dates { from: *self.from.get(place)?, to: *self.to.get(place)? };
        let (years, days, last) = (*self.years.get(place)?, *self.days.get(place)?, *self.last.get(place)?);
        let stands_for = move |day: Date| add_days(add_months(day, 12 * years), i64::from(days)).min(last);
        Some((period, part, dates, stands_for))
    }
}
