//! What a grid begins with instead of what stands: the targets of the period before, or counts and amounts raised.

use rust_decimal::{Decimal, RoundingStrategy};

use super::{
    draw::{Loaded, plain},
    web::Asks,
};
use crate::{
    domain::{
        metric::{Metric, Unit},
        money::Currency,
        subject::Subject,
    },
    web::{error::Error, number},
};

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
        if asks.fill.as_deref() == Some("previous") {
            let before = self.before.clone();
            self.put(currency, |whose, metric| {
                before.iter().find(|t| t.whose == whose && t.metric == metric).and_then(|t| t.value)
            });
        }
        if let Some(raise) = raise {
            let now = self.now.clone();
            self.put(currency, |whose, metric| {
                let stands = now.iter().find(|t| t.whose == whose && t.metric == metric).and_then(|t| t.value)?;
                (metric.unit() != Unit::Fraction && !metric.is_limit()).then(|| raised(stands, raise))
            });
        }
        Ok(())
    }

    /// Puts values into cells, as if somebody had typed them; a cell without one stays as it is.
    fn put(&mut self, currency: Currency, value: impl Fn(Subject, Metric) -> Option<Decimal>) {
        for whose in self.subjects() {
            for &metric in &self.metrics {
                let stands = self.now.iter().find(|t| t.whose == whose && t.metric == metric).and_then(|t| t.value);
                if let Some(value) = value(whose, metric).filter(|value| Some(*value) != stands) {
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
