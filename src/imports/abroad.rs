//! Deals in another currency: in which one a row is, and at which rate, as the form of a deal would have it.

use std::collections::{BTreeMap, HashMap};

use rust_decimal::Decimal;
use time::Date;

use super::{deals_abroad_db as db, table::Row};
use crate::{
    domain::{
        exchange::converted,
        money::{Currency, Money},
    },
    postgres::tx::Tx,
};

/// What a deal in another currency is converted with.
#[derive(Clone, Copy, Debug)]
pub struct Abroad {
    /// Its currency.
    pub currency: Currency,
    /// Its rate; none: that of the deal which it returns, or none that is known.
    pub rate: Option<Decimal>,
}

/// A deal in another currency that is there.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its currency's code.
    pub currency: String,
    /// Its rate.
    pub rate: Decimal,
    /// How far it has come.
    pub stage: String,
    /// The day on which it was won, lost or cancelled.
    pub on: Option<Date>,
}

/// The organization's rates and its deals in other currencies, and those that the files bring.
#[derive(Debug, Default)]
pub struct Rates {
    by_day: HashMap<String, BTreeMap<Date, Decimal>>,
    known: HashMap<String, Known>,
    brought: HashMap<String, Abroad>,
}

/// What a row says of its deal.
pub struct Said<'a> {
    /// Which deal.
    pub deal: Option<&'a str>,
    /// How far it has come.
    pub stage: Option<&'a str>,
    /// When it was won, lost or cancelled, or is expected.
    pub closed_on: Option<Date>,
    /// Whether it returns another one.
    pub is_return: bool,
}

impl Rates {
    /// What an organization has.
    pub async fn load(tx: &mut Tx) -> sqlx::Result<Self> {
        let mut by_day: HashMap<String, BTreeMap<Date, Decimal>> = HashMap::new();
        for (currency, from, rate) in db::rates(tx).await? {
            by_day.entry(currency).or_default().insert(from, rate);
        }
        Ok(Self { by_day, known: db::known(tx).await?, brought: HashMap::new() })
    }

    /// Whether the files say something of a deal in another currency.
    pub fn are_asked(&self) -> bool {
        !self.brought.is_empty()
    }

    /// Whether a deal in another currency is there, or comes with the files.
    pub fn have_deals(&self) -> bool {
        self.are_asked() || !self.known.is_empty()
    }

    /// In which currency the row of a deal is, and at which rate; none: in the company's. A won deal keeps its rate as long
    /// as it keeps its day; any other takes that of its day, an open one that of today.
    pub fn of_deal(&mut self, row: &mut Row<'_>, said: &Said<'_>, own: Currency, today: Date) -> Option<Abroad> {
        let known = said.deal.and_then(|deal| self.known.get(deal));
        let was = known.and_then(|known| Currency::parse(&known.currency).ok());
        let currency = match (row.currency("currency"), was) {
            (None, was) => was,
            (Some(told), Some(was)) => {
                if told != was {
                    let remedy = format!("This deal is in {was} already. Write {was}; its currency stays.");
                    row.refuse("currency", told.code(), remedy);
                }
                Some(was)
            }
            (Some(told), None) => Some(told).filter(|told| *told != own),
        }?;
        let day = match said.stage {
            Some("won") => said.closed_on,
            Some("open") => Some(today),
            _ => Some(said.closed_on.map_or(today, |day| day.min(today))),
        };
        let kept = known
            .filter(|known| known.stage != "open" && Some(&*known.stage) == said.stage && known.on == said.closed_on);
        let rate = match (kept, day) {
            _ if said.is_return => None,
            (Some(kept), _) => Some(kept.rate),
            (None, Some(day)) => {
                let days = self.by_day.get(currency.code());
                let rate = days.and_then(|days| days.range(..=day).next_back()).map(|(_, rate)| *rate);
                if rate.is_none() {
                    let remedy = format!("There is no rate of {currency} on {day}: enter one under Exchange rates.");
                    row.refuse("currency", currency.code(), remedy);
                }
                rate
            }
            (None, None) => None,
        };
        let abroad = Abroad { currency, rate };
        if let Some(deal) = said.deal {
            self.brought.insert(deal.to_owned(), abroad);
        }
        Some(abroad)
    }

    /// In which currency the lines of a deal are.
    pub fn of_line(&mut self, deal: Option<&str>) -> Option<Abroad> {
        let deal = deal.filter(|_| self.have_deals())?;
        if let Some(abroad) = self.brought.get(deal) {
            return Some(*abroad);
        }
        let known = self.known.get(deal)?;
        let abroad = Abroad { currency: Currency::parse(&known.currency).ok()?, rate: Some(known.rate) };
        self.brought.insert(deal.to_owned(), abroad);
        Some(abroad)
    }
}

/// Refuses an amount that would be too large in the company's currency.
pub fn check_size(row: &mut Row<'_>, amount: Option<i64>, abroad: Option<Abroad>, own: Currency) {
    let Some((amount, Abroad { currency, rate: Some(rate) })) = amount.zip(abroad) else { return };
    if converted(Money(amount), currency, rate, own).is_none() {
        let shown = currency.major(Money(amount)).to_string();
        let remedy = format!("At {} this is larger in {own} than an amount can be.", rate.normalize());
        row.refuse("amount", &shown, remedy);
    }
}
