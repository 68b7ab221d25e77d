//! What is known of one period: the facts of every rep, as far as a plan may pay for them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rust_decimal::Decimal;
use sqlx::PgConnection;
use time::Date;

use super::{
    calculate::Question,
    facts_db::{self, CountedVisit, CreditedDeal, PaidEvent},
    inputs::{Counted, Part},
    measured::{self, Measured},
    rules::Rules,
};
use crate::{
    domain::{
        commission::facts::{Credit, Deal, Facts, LostAgain},
        company::GrowthBasis,
        deal::Stage,
        id::UserId,
        metric::Metric,
        money::Money,
        period::{PeriodKind, add_days},
    },
    scorecards::more::holds,
    targets::expected,
    web::error::Error,
};

/// Everything that the facts of a period are made of.
pub struct Known {
    period: String,
    today: Date,
    deals: HashMap<UserId, Vec<CreditedDeal>>,
    events: HashMap<UserId, Vec<PaidEvent>>,
    visits: HashMap<UserId, Vec<CountedVisit>>,
    /// What the books sold, where growth compares books.
    book: Option<HashMap<UserId, Money>>,
    measured: Measured,
    /// What the targets of shorter periods come to together, and whether that goes before targets of the whole.
    added_up: (HashMap<UserId, BTreeMap<Metric, Decimal>>, bool),
    /// Which of [`Metric::MORE`] were asked for.
    more: BTreeSet<Metric>,
}

impl Known {
    /// Loads the period of a question for these reps: a fixed number of queries. `cross_sell` asks which deals sell a
    /// category for the first time, too; of [`Metric::MORE`] those of `more` are loaded.
    pub async fn load(
        db: &mut PgConnection,
        asked: &Question,
        reps: &[UserId],
        cross_sell: bool,
        more: &BTreeSet<Metric>,
        rules: &Rules,
    ) -> Result<Self, Error> {
        let Question { org, period, rep, .. } = *asked;
        let (from, to) = (period.from(), period.to());
        // What lies ahead does not count: losses are written with their future dates.
        let through = to.min(add_days(asked.today, 1));
        let basis = measured::growth_basis(db, org, rules).await?;
        let deals = facts_db::credited_deals(db, org, from, to, rep, cross_sell, rules).await?;
        Ok(Self {
            period: period.to_string(),
            today: asked.today,
            deals: deals_by_rep(deals),
            events: by_rep(facts_db::paid_events(db, org, from, through, rep, rules).await?, |event| event.rep_id),
            visits: visits_by_rep(facts_db::counted_visits(db, org, from, through, rep).await?),
            book: match basis {
                GrowthBasis::Book => Some(facts_db::book_sales(db, org, from, to, rep, rules).await?),
                GrowthBasis::Credited => None,
            },
            measured: measured::of_reps(db, asked, reps.to_vec(), more, basis, rules).await?,
            added_up: (HashMap::new(), false),
            more: more.clone(),
        })
    }

    /// The same with what the targets of its shorter periods come to: for who has no target of the whole, or `first`
    /// for everybody, where it is only what is left of a whole.
    pub fn expecting(self, added_up: HashMap<UserId, BTreeMap<Metric, Decimal>>, first: bool) -> Self {
        Self { added_up: (added_up, first), ..self }
    }

    /// What a rep did, under this name, as far as it pays; and what the counts of it count. Customers won and lost again
    /// within `clawback` days are counted and named: which component they count for is the engine's business.
    pub fn facts(&self, rep: UserId, name: &str, clawback: Option<u32>) -> (Facts, BTreeMap<Metric, Vec<Counted>>) {
        let mine = of(&self.deals, rep);
        let events = of(&self.events, rep);
        let mut records = records(events, of(&self.visits, rep));
        if let Some(days) = clawback {
            name_lost(records.get_mut(&Metric::NewCustomers), events, days, self.today);
        }
        let crossed = self.measured.crossed(rep);
        if !crossed.is_empty() {
            records.insert(Metric::CrossSellCount, crossed);
        }
        let mut facts = Facts {
            rep: name.to_owned(),
            period: self.period.clone(),
            metrics: self.measured.metrics(rep, &records),
            targets: self.measured.targets(rep),
            deals: Some(mine.iter().map(|row| deal(row, clawback, self.today)).collect()),
            lost_again: clawback.map(|days| lost_again(events, days, self.today)).unwrap_or_default(),
            ..Facts::default()
        };
        let (added_up, first) = &self.added_up;
        for (metric, target) in added_up.get(&rep).into_iter().flatten() {
            let expected = facts.targets.entry(*metric).or_insert(*target);
            if *first {
                *expected = *target;
            }
        }
        let growing = self.book.as_ref().map(|sales| sales.get(&rep).copied().unwrap_or_default());
        let base = self.measured.base(rep);
        let growing = sales_that_pay(&mut facts, base, growing, mine);
        growth_that_pays(&mut facts, base, growing, self.measured.growth_new(rep));
        let some = self.more.iter().copied().filter(|metric| metric.may_lack_value());
        let valueless: Vec<Metric> = some.filter(|metric| !facts.metrics.contains_key(metric)).collect();
        facts.no_value.extend(valueless);
        (facts, records)
    }

    /// The targets of which only a part counts for a rep.
    pub fn parts(&self, rep: UserId) -> BTreeMap<Metric, Part> {
        self.measured.parts(rep)
    }

    /// Whether a rep is there on no working day of the period.
    pub fn is_away(&self, rep: UserId) -> bool {
        self.measured.is_away(rep)
    }

    /// What a rep's deals that pay come to.
    pub fn net_that_pays(&self, rep: UserId) -> Money {
        paying(of(&self.deals, rep)).map(|deal| deal.amount).sum()
    }

    /// What a rep did on some days, as far as it adds up and is counted for a team.
    pub fn on_days(
        &self,
        rep: UserId,
        days: (Option<Date>, Option<Date>),
        clawback: Option<u32>,
    ) -> BTreeMap<Metric, Decimal> {
        let deals = within(of(&self.deals, rep), days, |deal| deal.class_on);
        let events = within(of(&self.events, rep), days, |event| event.on_date);
        let visits = within(of(&self.visits, rep), days, |visit| visit.visited_on);
        adding_up(&deals, &events, &visits, clawback, self.today)
    }

    /// A rep's parts of the deals of some days, as deals of a team: a linked return goes with its deal.
    pub fn team_deals(
        &self,
        rep: UserId,
        name: &str,
        (from, to): (Option<Date>, Option<Date>),
        clawback: Option<u32>,
    ) -> Vec<Deal> {
        let mine = of(&self.deals, rep).iter();
        let mine = mine.filter(|row| !row.overlay && !row.elsewhere && holds(from, to, row.class_on));
        mine.map(|row| Deal { rep: Some(name.to_owned()), ..deal(row, clawback, self.today) }).collect()
    }
}

/// What of some days adds up: counts, and sales to new and to existing customers.
fn adding_up(
    deals: &[CreditedDeal],
    events: &[PaidEvent],
    visits: &[CountedVisit],
    clawback: Option<u32>,
    today: Date,
) -> BTreeMap<Metric, Decimal> {
    let mut facts = Facts::default();
    let records = records(events, visits);
    for metric in [
        Metric::NewCustomers,
        Metric::LostCustomers,
        Metric::WonBackCustomers,
        Metric::Visits,
        Metric::StrangerVisits,
        Metric::Touches,
    ] {
        facts.metrics.insert(metric, Decimal::from(records.get(&metric).map_or(0, Vec::len)));
    }
    if let Some(days) = clawback {
        let lost = Decimal::from(lost_again(events, days, today).len());
        facts.metrics.entry(Metric::NewCustomers).and_modify(|count| *count -= lost);
    }
    sales_that_pay(&mut facts, None, None, deals);
    facts.metrics
}

/// What the fiscal year gave before a period.
pub struct Before {
    today: Date,
    deals: HashMap<UserId, Vec<CreditedDeal>>,
    events: HashMap<UserId, Vec<PaidEvent>>,
    visits: HashMap<UserId, Vec<CountedVisit>>,
    /// What of [`Metric::MORE`] adds up.
    more: HashMap<UserId, BTreeMap<Metric, Decimal>>,
    /// The targets of the whole fiscal year.
    year: HashMap<UserId, BTreeMap<Metric, Decimal>>,
}

impl Before {
    /// Loads the days of the fiscal year before the period of a question, and the year's targets; of [`Metric::MORE`] those
    /// of `more`, period by period.
    pub async fn load(
        db: &mut PgConnection,
        asked: &Question,
        reps: &[UserId],
        more: &BTreeSet<Metric>,
        rules: &Rules,
    ) -> Result<Self, Error> {
        let Question { org, period, rep, .. } = *asked;
        let year = period.as_kind(PeriodKind::Year);
        let (from, to) = (year.from(), period.from());
        Ok(Self {
            today: asked.today,
            deals: deals_by_rep(facts_db::credited_deals(db, org, from, to, rep, false, rules).await?),
            events: by_rep(facts_db::paid_events(db, org, from, to, rep, rules).await?, |event| event.rep_id),
            visits: visits_by_rep(facts_db::counted_visits(db, org, from, to, rep).await?),
            more: measured::before(db, asked, reps, more, rules).await?,
            year: expected::of_year(db, org, reps, year, period.kind()).await?,
        })
    }

    /// What a rep's metrics came to: those that add up over periods.
    pub fn metrics(&self, rep: UserId, clawback: Option<u32>) -> BTreeMap<Metric, Decimal> {
        let mine = of(&self.deals, rep);
        let mut metrics = adding_up(mine, of(&self.events, rep), of(&self.visits, rep), clawback, self.today);
        let sales: Money = paying(mine).map(|deal| deal.amount).sum();
        metrics.insert(Metric::NetSales, sales.exact());
        metrics.extend(self.more.get(&rep).cloned().unwrap_or_default());
        metrics
    }

    /// The targets of the whole fiscal year; where it has none of its own, those of its periods together.
    pub fn targets(&self, rep: UserId) -> BTreeMap<Metric, Decimal> {
        self.year.get(&rep).cloned().unwrap_or_default()
    }
}

/// In the order of their days and numbers: the same facts are always the same document.
fn deals_by_rep(mut deals: Vec<CreditedDeal>) -> HashMap<UserId, Vec<CreditedDeal>> {
    deals.sort_unstable_by_key(|deal| (deal.booked_on, deal.number, deal.overlay));
    by_rep(deals, |deal| deal.rep_id)
}

/// Likewise in the order of their days and customers.
fn visits_by_rep(mut visits: Vec<CountedVisit>) -> HashMap<UserId, Vec<CountedVisit>> {
    visits.sort_unstable_by(|a, b| {
        (a.visited_on, &a.customer, &a.kind, a.stranger).cmp(&(b.visited_on, &b.customer, &b.kind, b.stranger))
    });
    by_rep(visits, |visit| visit.rep_id)
}

fn by_rep<T>(rows: Vec<T>, rep: impl Fn(&T) -> UserId) -> HashMap<UserId, Vec<T>> {
    let mut found: HashMap<UserId, Vec<T>> = HashMap::new();
    for row in rows {
        found.entry(rep(&row)).or_default().push(row);
    }
    found
}

fn of<T>(rows: &HashMap<UserId, Vec<T>>, rep: UserId) -> &[T] {
    rows.get(&rep).map(Vec::as_slice).unwrap_or_default()
}

/// Those of some days: from the first one on, up to the first one no longer.
fn within<T: Clone>(all: &[T], (from, to): (Option<Date>, Option<Date>), on: impl Fn(&T) -> Date) -> Vec<T> {
    all.iter().filter(|one| holds(from, to, on(one))).cloned().collect()
}

fn deal(row: &CreditedDeal, clawback: Option<u32>, today: Date) -> Deal {
    Deal {
        number: row.number,
        booked_on: Some(row.booked_on),
        customer: row.customer.clone(),
        amount: row.net,
        credit: Credit::Part(row.amount),
        returns: row.returns,
        stage: Stage::Won,
        confirmed: row.confirmed,
        rep: None,
        overlay: row.overlay,
        hold: row.hold.clone(),
        customer_since: row.customer_since,
        new_customer: row.new_customer,
        cross_sell: row.cross_sell,
        primary: row.primary,
        lost_after: clawback.and_then(|days| lost_after(row.class_on, row.lost_on, days, today)),
    }
}

/// What the rep's counts count: customers won while they are not undone and their deal is confirmed.
fn records(events: &[PaidEvent], visits: &[CountedVisit]) -> BTreeMap<Metric, Vec<Counted>> {
    let mut records: BTreeMap<Metric, Vec<Counted>> = BTreeMap::new();
    for event in events {
        let metric = match event.kind.as_str() {
            "first_sale" => Metric::NewCustomers,
            "won_back" => Metric::WonBackCustomers,
            _ => Metric::LostCustomers,
        };
        let counted = Counted { customer: event.customer.clone(), on: event.on_date, deal: event.deal };
        records.entry(metric).or_default().push(counted);
    }
    for visit in visits {
        let counted = Counted { customer: visit.customer.clone(), on: visit.visited_on, deal: None };
        if visit.kind != "in_person" {
            records.entry(Metric::Touches).or_default().push(counted);
            continue;
        }
        if visit.stranger {
            records.entry(Metric::StrangerVisits).or_default().push(counted.clone());
        }
        records.entry(Metric::Visits).or_default().push(counted);
    }
    records
}

/// How many days after its first sale a customer was lost, by today and within so many days.
fn lost_after(won_on: Date, lost_on: Option<Date>, days: u32, today: Date) -> Option<u32> {
    let after = (lost_on.filter(|day| *day <= today)? - won_on).whole_days();
    u32::try_from(after).ok().filter(|after| *after <= days)
}

/// The new customers that were lost again within so many days.
fn lost_again(events: &[PaidEvent], days: u32, today: Date) -> Vec<LostAgain> {
    let won = events.iter().filter(|event| event.kind == "first_sale");
    won.filter_map(|event| {
        let after = lost_after(event.on_date, event.lost_on, days, today)?;
        Some(LostAgain { customer: event.customer.clone(), after })
    })
    .collect()
}

/// Says of the new customers that are listed which were lost again.
fn name_lost(listed: Option<&mut Vec<Counted>>, events: &[PaidEvent], days: u32, today: Date) {
    let won = events.iter().filter(|event| event.kind == "first_sale");
    for (counted, event) in listed.into_iter().flatten().zip(won) {
        if let Some(after) = lost_after(event.on_date, event.lost_on, days, today) {
            counted.customer = format!("{}, lost again after {after} days", event.customer);
        }
    }
}

/// The parts of deals that pay: confirmed and not on hold, with their deals, in the period of these. Overlays are apart.
fn paying(deals: &[CreditedDeal]) -> impl Iterator<Item = &CreditedDeal> {
    let split =
        || deals.iter().filter(|deal| !deal.overlay && !deal.elsewhere && deal.confirmed && deal.hold.is_none());
    let sold: HashSet<i64> = split().filter(|deal| deal.returns.is_none()).map(|deal| deal.number).collect();
    split().filter(move |deal| sold.contains(&deal.returns.unwrap_or(deal.number)))
}

/// Sales count for pay where their returns are netted and their deals confirmed (docs/definitions.md, *Commission*).
/// `growing` is what growth compares with its base where that is not what the rep is credited with. Gives what it compares.
fn sales_that_pay(facts: &mut Facts, base: Option<Money>, growing: Option<Money>, deals: &[CreditedDeal]) -> Money {
    let (mut all, mut to_new) = (Money::ZERO, Money::ZERO);
    for deal in paying(deals) {
        all += deal.amount;
        if deal.to_new_customer {
            to_new += deal.amount;
        }
    }
    facts.metrics.remove(&Metric::NetSales);
    facts.metrics.insert(Metric::NewCustomerSales, to_new.exact());
    facts.metrics.insert(Metric::ExistingCustomerSales, (all - to_new).exact());
    facts.metrics.remove(&Metric::SalesGrowth);
    let growing = growing.unwrap_or(all);
    match base.filter(|base| *base > Money::ZERO) {
        Some(base) => {
            facts.metrics.insert(Metric::SalesGrowth, ((growing - base).exact() / base.exact()).round_dp(12));
        }
        None => {
            facts.no_value.insert(Metric::SalesGrowth);
        }
    }
    growing
}

/// The two kinds of growth, where a plan names one: `new` is what pays of the sales to new customers.
fn growth_that_pays(facts: &mut Facts, base: Option<Money>, growing: Money, new: Option<Money>) {
    let kinds = [Metric::GrowthFromNew, Metric::GrowthFromExisting];
    for metric in kinds {
        facts.metrics.remove(&metric);
    }
    if let Some((new, base)) = new.zip(base.filter(|base| *base > Money::ZERO)) {
        for (metric, change) in kinds.into_iter().zip([new, growing - new - base]) {
            facts.metrics.insert(metric, (change.exact() / base.exact()).round_dp(12));
        }
    }
}
