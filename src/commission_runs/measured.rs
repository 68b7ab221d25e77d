//! What a rep's growth and further metrics are in a period, by the rules of pay, and the targets that count for it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rust_decimal::Decimal;
use sqlx::PgConnection;

use super::{
    account_db::Led,
    calculate::Question,
    inputs::{Counted, Part},
    paid_base_db,
    rules::Rules,
};
use crate::{
    domain::{
        company::GrowthBasis,
        id::{OrgId, UserId},
        metric::{self, Facts, Metric, Unit, Value},
        money::Money,
        period::{Period, PeriodKind},
    },
    scorecards::{
        db::{Subject, Subjects},
        more::{self, Asked, Kept, Who},
        more_db::{self, Member, Pays},
    },
    targets::expected::{self, Expected, Presences},
    web::error::Error,
};

/// Facts and targets of reps in one period.
pub struct Measured {
    facts: HashMap<UserId, Facts>,
    expected: HashMap<UserId, BTreeMap<Metric, Expected>>,
    /// What the categories cross-sold count.
    crossed: HashMap<UserId, Vec<Counted>>,
    /// Who is there on no working day of the period.
    away: HashSet<UserId>,
}

/// Loads what is asked for: what growth is compared with, and the targets in force; of [`Metric::MORE`] those that the
/// plans name. All by the rules of pay, of which `basis` is whose sales growth compares.
pub async fn of_reps(
    db: &mut PgConnection,
    question: &Question,
    reps: Vec<UserId>,
    more: &BTreeSet<Metric>,
    basis: GrowthBasis,
    rules: &Rules,
) -> Result<Measured, Error> {
    let Question { org, period, growth_base, today, .. } = *question;
    // What is left of a period that began before has its part of that one's targets.
    let whole = period.as_kind(period.kind());
    let presences = Presences::load(db, org, &reps, whole.dates()).await?.since(period.from());
    let expected = expected::of_reps(db, org, &reps, whole, &presences).await?;
    let is_away = |rep: &UserId| presences.of(*rep).is_some_and(|presence| presence.days == 0 && presence.of > 0);
    let away = reps.iter().copied().filter(is_away).collect();
    let subjects = Subjects { reps, ..Subjects::default() };
    let pays = pays(rules);
    let asked = Asked { org, subjects: &subjects, periods: &[period], growth_base, today, paying: true, pays };
    let who = Who::load(db, &asked).await?;
    let mut crossed: HashMap<UserId, Vec<Counted>> = HashMap::new();
    if more.contains(&Metric::CrossSellCount) {
        for first in more::first_of_category(db, &asked, &who).await? {
            let Some(rep) = first.whose.rep() else { continue };
            let customer = format!("{}, {}", first.sale.customer_name, first.sale.category_name);
            crossed.entry(rep).or_default().push(Counted { customer, on: first.on, deal: Some(first.sale.number) });
        }
    }
    let bases = bases(db, question, &subjects.reps, basis, rules).await?;
    let own = subjects.reps.iter().map(|rep| {
        let net_sales_base = bases.as_ref().map(|bases| bases.get(rep).copied().unwrap_or_default());
        ((period, Subject::Rep(*rep)), Facts { net_sales_base, ..Facts::default() })
    });
    let mut table = own.collect();
    more::add(db, &asked, &who, (more, Kept { basis: Some(basis), costs: rules.costs }), &mut table).await?;
    let facts = table.into_iter().filter_map(|((_, subject), facts)| Some((subject.rep()?, facts))).collect();
    Ok(Measured { facts, expected, crossed, away })
}

/// Whose sales growth compares.
pub async fn growth_basis(db: &mut PgConnection, org: OrgId, rules: &Rules) -> sqlx::Result<GrowthBasis> {
    match rules.growth_basis {
        Some(basis) => Ok(basis),
        None => more_db::growth_basis(db, org).await,
    }
}

/// What growth is compared with, of those of these reps who have some; nothing where the period has no base.
pub async fn bases(
    db: &mut PgConnection,
    question: &Question,
    reps: &[UserId],
    basis: GrowthBasis,
    rules: &Rules,
) -> sqlx::Result<Option<HashMap<UserId, Money>>> {
    let Some(base) = question.period.base(question.growth_base, question.today) else { return Ok(None) };
    paid_base_db::of_reps(db, question, reps, base, basis, rules).await.map(Some)
}

/// What of these further metrics adds up, of each rep in the periods of the fiscal year before this one together.
pub async fn before(
    db: &mut PgConnection,
    asked: &Question,
    reps: &[UserId],
    more: &BTreeSet<Metric>,
    rules: &Rules,
) -> Result<HashMap<UserId, BTreeMap<Metric, Decimal>>, Error> {
    let year = asked.period.as_kind(PeriodKind::Year);
    let back = std::iter::successors(Some(asked.period.previous()), |period| Some(period.previous()));
    let periods: Vec<Period> = back.take_while(|period| period.from() >= year.from()).collect();
    let own = reps.iter().map(|&rep| Member { team: Subject::Rep(rep), rep, from: None, to: None });
    let mut sums = together(db, asked, &periods, own.collect(), more, rules).await?;
    for rep in reps {
        let sums = sums.entry(*rep).or_default();
        for metric in more.iter().filter(|metric| metric.unit() != Unit::Fraction) {
            sums.entry(*metric).or_default();
        }
    }
    Ok(sums)
}

/// What of these further metrics adds up, of those who belonged to the teams that somebody leads, each while there.
pub async fn of_led(
    db: &mut PgConnection,
    asked: &Question,
    led: &[Led],
    more: &BTreeSet<Metric>,
    rules: &Rules,
) -> Result<HashMap<UserId, BTreeMap<Metric, Decimal>>, Error> {
    let member = |one: &Led| {
        let team = Subject::Rep(one.leader_id);
        Member { team, rep: one.member_id, from: one.from_date, to: one.to_date }
    };
    together(db, asked, &[asked.period], led.iter().map(member).collect(), more, rules).await
}

async fn together(
    db: &mut PgConnection,
    asked: &Question,
    periods: &[Period],
    members: Vec<Member>,
    more: &BTreeSet<Metric>,
    rules: &Rules,
) -> Result<HashMap<UserId, BTreeMap<Metric, Decimal>>, Error> {
    let adds_up: BTreeSet<Metric> = more.iter().copied().filter(|metric| metric.unit() != Unit::Fraction).collect();
    let mut sums: HashMap<UserId, BTreeMap<Metric, Decimal>> = HashMap::new();
    if adds_up.is_empty() {
        return Ok(sums);
    }
    let Question { org, growth_base, today, .. } = *asked;
    let pays = pays(rules);
    let asked = Asked { org, subjects: &Subjects::default(), periods, growth_base, today, paying: true, pays };
    let whose: BTreeSet<Subject> = members.iter().map(|member| member.team).collect();
    let each = whose.into_iter().flat_map(|whose| periods.iter().map(move |period| (*period, whose)));
    let mut table = each.map(|place| (place, Facts::default())).collect();
    more::add(db, &asked, &Who::members(members), (&adds_up, kept(rules)), &mut table).await?;
    for ((_, whose), facts) in &table {
        let Some(rep) = whose.rep() else { continue };
        for &metric in &adds_up {
            if let Some(value) = metric::value(metric, facts) {
                *sums.entry(rep).or_default().entry(metric).or_default() += value.decimal();
            }
        }
    }
    Ok(sums)
}

/// The settings of which the facts ask.
fn kept(rules: &Rules) -> Kept {
    Kept { basis: rules.growth_basis, costs: rules.costs }
}

fn pays(rules: &Rules) -> Pays {
    Pays { confirm: rules.confirm_deals, held: rules.held_pays }
}

impl Measured {
    /// The value of every metric that has one, in its unit, for who did what these list. What was sold is not among it.
    pub fn metrics(&self, rep: UserId, did: &BTreeMap<Metric, Vec<Counted>>) -> BTreeMap<Metric, Decimal> {
        let count = |metric| i64::try_from(did.get(&metric).map_or(0, Vec::len)).unwrap_or(i64::MAX);
        let facts = Facts {
            new_customers: count(Metric::NewCustomers),
            lost_customers: count(Metric::LostCustomers),
            won_back_customers: count(Metric::WonBackCustomers),
            visits: count(Metric::Visits),
            stranger_visits: count(Metric::StrangerVisits),
            touches: count(Metric::Touches),
            ..self.facts.get(&rep).copied().unwrap_or_default()
        };
        let number = |value: Value| match value {
            Value::Fraction(share) => share.rounded(12),
            whole => whole.decimal(),
        };
        Metric::ALL.into_iter().filter_map(|metric| Some((metric, number(metric::value(metric, &facts)?)))).collect()
    }

    /// The targets that are set, in the same units: what of them counts for who is there on some of the days.
    pub fn targets(&self, rep: UserId) -> BTreeMap<Metric, Decimal> {
        self.each(rep).filter_map(|(metric, expected)| Some((metric, expected.value?))).collect()
    }

    /// The targets of which only a part counts.
    pub fn parts(&self, rep: UserId) -> BTreeMap<Metric, Part> {
        let part = |(metric, expected): (Metric, Expected)| {
            let Expected { set, value, presence } = expected;
            let part = Part { target: set, counts: value, here: presence.days, of: presence.of };
            expected.is_part().then_some((metric, part))
        };
        self.each(rep).filter_map(part).collect()
    }

    fn each(&self, rep: UserId) -> impl Iterator<Item = (Metric, Expected)> {
        self.expected.get(&rep).into_iter().flatten().map(|(metric, expected)| (*metric, *expected))
    }

    /// Whether a rep is there on no working day of the period: nothing is expected of who is away all the time.
    pub fn is_away(&self, rep: UserId) -> bool {
        self.away.contains(&rep)
    }

    /// The categories cross-sold that pay.
    pub fn crossed(&self, rep: UserId) -> Vec<Counted> {
        self.crossed.get(&rep).cloned().unwrap_or_default()
    }

    /// What pays of the sales to new customers that the base does not have; nothing where no plan names them.
    pub fn growth_new(&self, rep: UserId) -> Option<Money> {
        self.facts.get(&rep).and_then(|facts| facts.growth_new)
    }

    /// Net sales of the period that growth is compared with, as far as this one has come.
    pub fn base(&self, rep: UserId) -> Option<Money> {
        self.facts.get(&rep).and_then(|facts| facts.net_sales_base)
    }
}
