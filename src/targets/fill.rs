//! What a grid begins with instead of what stands: the targets of the period before or of levels, counts and amounts
//! raised, or a suggestion from what each rep did before.

use std::collections::{BTreeSet, HashMap};

use rust_decimal::{Decimal, RoundingStrategy};

use super::{
    db::Rep,
    draw::{Loaded, plain},
    grid::Cell,
    presence_db,
    web::Asks,
};
use crate::{
    domain::{
        id::UserId,
        metric::{Facts, Metric, Unit},
        money::Currency,
        period::Period,
        subject::{Subject, Subjects},
        suggestion::{self, Percentile, suggested},
    },
    postgres::tx::Read,
    scorecards::{
        more::{self, Asked},
        more_db::Pays,
    },
    web::{auth::Viewer, error::Error, format, number, periods},
};

/// What reps did in the periods before the grid's, oldest first.
pub struct History {
    periods: Vec<Period>,
    of: HashMap<UserId, Vec<Facts>>,
}

/// What each rep did in the last whole periods of the grid's kind: none before the rep was there for all of one.
pub async fn history(
    read: &mut Read,
    me: &Viewer,
    period: Period,
    reps: &[Rep],
    metrics: &[Metric],
) -> Result<History, Error> {
    let mut last = if period.from() > me.today { periods::containing(period.kind(), me.today, me) } else { period };
    let mut looked_at = vec![];
    for _ in 0..suggestion::MOST {
        last = last.previous();
        looked_at.push(last);
    }
    looked_at.reverse();
    let ids: Vec<UserId> = reps.iter().map(|rep| rep.id).collect();
    let (org, subjects) = (me.scope.org, Subjects::reps(&ids));
    let (growth_base, today) = (me.company.growth_base, me.today);
    let pays = Pays::default();
    let asked = Asked { org, subjects: &subjects, periods: &looked_at, growth_base, today, paying: false, pays };
    let facts = more::facts(read, &asked, &metrics.iter().copied().collect()).await?;
    let mut of = HashMap::new();
    for stay in presence_db::stays(read, org, &ids).await? {
        let there = looked_at.iter().filter(|period| stay.hired_on.is_none_or(|hired| hired <= period.from()));
        let facts = there.filter_map(|period| facts.get(&(*period, Subject::Rep(stay.rep))).copied());
        of.insert(stay.rep, facts.collect());
    }
    Ok(History { periods: looked_at, of })
}

impl Loaded {
    /// Begins with other texts than what stands, where the address asks for it. Nothing is changed before it is saved.
    pub fn fill(&mut self, asks: &Asks, currency: Currency) -> Result<(), Error> {
        let raise = asks.raise.as_deref().map(str::trim).filter(|typed| !typed.is_empty());
        let raise = raise
            .map(number::percent)
            .transpose()
            .map_err(|_| Error::BadRequest("That is not a percentage. Use a number, like 5 or 5.5."))?;
        if self.locked_at.is_some() {
            return Ok(());
        }
        if asks.fill.as_deref() == Some("levels") {
            let levels: HashMap<Subject, String> = self
                .reps
                .iter()
                .filter_map(|rep| Some((Subject::Rep(rep.id), rep.level.as_ref()?.trim().to_lowercase())))
                .collect();
            let usual = self.levels.clone();
            self.put(currency, |whose, metric| {
                let level = levels.get(&whose)?;
                usual.iter().find(|usual| usual.level == *level && usual.metric == metric).map(|usual| usual.value)
            });
        }
        if asks.fill.as_deref() == Some("previous") {
            let before = self.before.clone();
            self.put(currency, |whose, metric| {
                before.iter().find(|t| t.whose == whose && t.metric == metric).and_then(|t| t.value)
            });
        }
        if let Some(raise) = raise {
            self.raise(raise, currency);
        }
        Ok(())
    }

    /// Raises what the grid holds: what stands, and what it was filled with. Says so where that changes nothing.
    fn raise(&mut self, by: Decimal, currency: Currency) {
        let mut held: HashMap<Cell, Decimal> = self.filled.drain().collect();
        for target in &self.now {
            if let Some(stands) = target.value {
                held.entry((target.whose, target.metric)).or_insert(stands);
            }
        }
        held.retain(|(_, metric), _| metric.unit() != Unit::Fraction && !metric.is_limit());
        if held.values().all(|value| raised(*value, by) == *value) {
            let words = "Nothing was raised: no count or amount in the grid changes by that.";
            self.suggested =
                Some(self.suggested.take().map_or_else(|| words.to_owned(), |said| format!("{said} {words}")));
        }
        self.put(currency, |whose, metric| held.get(&(whose, metric)).map(|value| raised(*value, by)));
    }

    /// Begins with a percentile of what each rep did before, and says so.
    pub fn suggest(&mut self, history: &History, percentile: Percentile, currency: Currency) {
        let begun = |rep: UserId| history.of.get(&rep).map(|facts| suggestion::begun(facts)).unwrap_or_default();
        let mut without = BTreeSet::new();
        for rep in &self.reps {
            if begun(rep.id).len() < suggestion::FEWEST {
                without.insert(rep.name.clone());
            }
        }
        // A target of 0 would be reached by doing nothing.
        self.put(currency, |whose, metric| {
            suggested(metric, begun(whose.rep()?), percentile).filter(|value| metric.is_limit() || !value.is_zero())
        });
        let (Some(first), Some(last)) = (history.periods.first(), history.periods.last()) else { return };
        let mut words = format!("{} of {} to {}", percentile.label(), format::period(*first), format::period(*last));
        let limits = self.metrics.iter().filter(|metric| metric.is_limit());
        let limits: Vec<String> = limits.map(|metric| metric.label().to_lowercase()).collect();
        if !limits.is_empty() && percentile != Percentile::Median {
            let (of, label) = (format::listed(&limits), percentile.label_of_limit());
            words = format!("{words}; of {of} the {label}, as fewer is better");
        }
        words.push('.');
        if !without.is_empty() {
            let names: Vec<String> = without.into_iter().collect();
            let kind = self.period.kind().as_str();
            words =
                format!("{words} Nothing for {}: there are fewer than 3 {kind}s to look at.", format::listed(&names));
        }
        self.suggested = Some(words);
    }

    /// Puts values into cells, as if somebody had typed them; a cell without one stays as it is.
    fn put(&mut self, currency: Currency, value: impl Fn(Subject, Metric) -> Option<Decimal>) {
        for whose in self.subjects() {
            for &metric in &self.metrics {
                let stands = self.now.iter().find(|t| t.whose == whose && t.metric == metric).and_then(|t| t.value);
                let Some(value) = value(whose, metric) else { continue };
                self.filled.insert((whose, metric), value);
                if Some(value) == stands {
                    self.typed.remove(&(whose, metric));
                } else {
                    self.typed.insert((whose, metric), plain(metric, value, currency));
                }
            }
        }
    }
}

/// A count or amount raised by a share, in whole units.
fn raised(from: Decimal, share: Decimal) -> Decimal {
    let raised = from * (Decimal::ONE + share);
    raised.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero).max(Decimal::ZERO)
}
