//! Money: exact whole minor units of a currency, and how a sum is split without losing a cent.

use std::{
    fmt,
    iter::Sum,
    ops::{Add, AddAssign, Neg, Sub, SubAssign},
};

use rust_decimal::{Decimal, RoundingStrategy, prelude::ToPrimitive};

use super::locale::Locale;

/// An exact amount in the minor unit (cents) of the company's currency; `bigint` in the database.
///
/// It adds and compares. It is multiplied only by [`Money::times`], which rounds once.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, sqlx::Type,
)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct Money(pub i64);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The product, rounded once to the minor unit, half away from zero.
    #[must_use]
    pub fn times(self, factor: Decimal) -> Self {
        Self::from_exact(Decimal::from(self.0) * factor)
    }

    /// Rounds an exact number of minor units, half away from zero (docs/definitions.md, *Commission*).
    /// Beyond what 64 bits hold it saturates; the largest input a form takes is 10¹⁴ minor units.
    pub fn from_exact(minor_units: Decimal) -> Self {
        let rounded = minor_units.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
        Self(rounded.to_i64().unwrap_or(if rounded.is_sign_negative() { i64::MIN } else { i64::MAX }))
    }

    /// The amount as an exact number of minor units.
    pub fn exact(self) -> Decimal {
        Decimal::from(self.0)
    }

    /// Splits the amount over whole-number parts with the largest remainder; ties go to the earlier position.
    /// The shares always add up to the amount. No parts, or parts that are all zero, split nothing: every share is zero.
    ///
    /// `Money(10_000)` in `[1, 1, 1]` is 33.34, 33.33, 33.33; the negated amount gives the same negated.
    pub fn split(self, parts: &[u32]) -> Vec<Self> {
        let total: i128 = parts.iter().map(|&p| i128::from(p)).sum();
        if total == 0 {
            return vec![Self::ZERO; parts.len()];
        }
        let amount = i128::from(self.0.unsigned_abs());
        let sign = self.0.signum();
        let mut shares: Vec<i64> =
            parts.iter().map(|&p| i64::try_from(amount * i128::from(p) / total).unwrap_or(i64::MAX)).collect();
        let handed_out: i128 = shares.iter().map(|&s| i128::from(s)).sum();
        let mut order: Vec<usize> = (0..parts.len()).collect();
        order.sort_by_key(|&i| (std::cmp::Reverse(amount * i128::from(parts.get(i).copied().unwrap_or(0)) % total), i));
        let left = usize::try_from(amount - handed_out).unwrap_or(0);
        for &i in order.iter().take(left) {
            if let Some(share) = shares.get_mut(i) {
                *share += 1;
            }
        }
        shares.into_iter().map(|s| Self(s * sign)).collect()
    }
}

impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}
impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}
impl Sub for Money {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}
impl SubAssign for Money {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}
impl Neg for Money {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}
impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// A currency of ISO 4217: its code and how many decimals its minor unit has.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency {
    code: [u8; 3],
    decimals: u8,
}

/// The text is not three capital letters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not a currency code: use three letters like EUR")]
pub struct NotACurrency(pub String);

impl Currency {
    /// Reads an ISO 4217 code. Three letters that are no code of a country's money are refused.
    pub fn parse(text: &str) -> Result<Self, NotACurrency> {
        let upper = text.trim().to_ascii_uppercase();
        let code: [u8; 3] = upper.as_bytes().try_into().map_err(|_| NotACurrency(text.to_owned()))?;
        if !CURRENCIES.split(' ').any(|c| c.as_bytes() == code) {
            return Err(NotACurrency(text.to_owned()));
        }
        let decimals = match upper.as_str() {
            "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI" | "VND"
            | "VUV" | "XAF" | "XOF" | "XPF" => 0,
            "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            _ => 2,
        };
        Ok(Self { code, decimals })
    }

    /// The three letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.code).unwrap_or("???")
    }

    /// Digits after the decimal point: 2 for EUR, 0 for JPY, 3 for KWD.
    pub fn decimals(self) -> u8 {
        self.decimals
    }

    /// The sign people write before an amount, or the code and a no-break space.
    pub fn symbol(&self) -> String {
        match self.code() {
            "EUR" => "€".to_owned(),
            "USD" => "$".to_owned(),
            "GBP" => "£".to_owned(),
            "JPY" => "¥".to_owned(),
            code => format!("{code}\u{a0}"),
        }
    }

    /// Reads a plain decimal like `1234.5` exactly. More decimals than the currency has are refused.
    pub fn parse_plain(self, text: &str) -> Option<Money> {
        let number = Decimal::from_str_exact(text.trim()).ok()?;
        self.money(number)
    }

    /// An amount in major units as money, if it is whole in the minor unit and within 64 bits.
    pub fn money(self, major: Decimal) -> Option<Money> {
        let scale = Decimal::from(10_i64.pow(u32::from(self.decimals)));
        let minor = major.checked_mul(scale)?;
        (minor.fract().is_zero()).then(|| minor.to_i64().map(Money)).flatten()
    }

    /// The amount in major units, with the currency's decimals: 1234 cents are 12.34.
    pub fn major(self, amount: Money) -> Decimal {
        Decimal::from_i128_with_scale(i128::from(amount.0), u32::from(self.decimals))
    }

    /// The amount for machines: a plain decimal in major units with the currency's decimals, `-1234.50`.
    pub fn plain(self, amount: Money) -> String {
        self.major(amount).to_string()
    }

    /// The amount in a stored document: sign of the currency, thousands apart, a real minus: `−€1,234.50`.
    /// Pages write it as their reader does ([`Locale::money`]).
    pub fn show(self, amount: Money) -> String {
        Locale::En.money(self, amount)
    }

    /// An exact number of minor units in a stored document, with the decimals that it needs: `€15.0045`.
    pub fn show_exact(self, minor_units: Decimal) -> String {
        Locale::En.money_exact(self, minor_units)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// The active codes of ISO 4217 that are money of a country or union.
const CURRENCIES: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirds_add_up_and_negate() {
        assert_eq!(Money(10_000).split(&[1, 1, 1]), [Money(3_334), Money(3_333), Money(3_333)]);
        assert_eq!(Money(-10_000).split(&[1, 1, 1]), [Money(-3_334), Money(-3_333), Money(-3_333)]);
        assert_eq!(Money(100).split(&[2, 1]), [Money(67), Money(33)]);
        assert_eq!(Money(5).split(&[]), []);
        assert_eq!(Money(5).split(&[0]), [Money(0)]);
    }

    #[test]
    fn halves_round_away_from_zero() {
        let half = Decimal::new(5, 1);
        assert_eq!(Money(1).times(half), Money(1));
        assert_eq!(Money(-1).times(half), Money(-1));
        assert_eq!(Money(3).times(half), Money(2));
    }

    #[test]
    fn a_currency_knows_its_decimals() {
        let yen = Currency::parse("jpy").unwrap();
        assert_eq!((yen.code(), yen.decimals()), ("JPY", 0));
        assert_eq!(yen.parse_plain("12.5"), None);
        let dinar = Currency::parse("KWD").unwrap();
        assert_eq!(dinar.parse_plain("1.234"), Some(Money(1234)));
        assert_eq!(dinar.major(Money(1234)).to_string(), "1.234");
        assert!(Currency::parse("EURO").is_err() && Currency::parse("ZZZ").is_err());
    }

    #[test]
    fn amounts_are_written_for_people_and_machines() {
        let euro = Currency::parse("EUR").unwrap();
        assert_eq!(euro.show(Money(10_430_000)), "€104,300.00");
        assert_eq!(euro.show(Money(-1_875)), "−€18.75");
        assert_eq!(euro.show(Money(99_999)), "€999.99");
        assert_eq!(euro.show_exact(Decimal::new(150_045, 2)), "€15.0045");
        assert_eq!(euro.plain(Money(-5)), "-0.05");
        assert_eq!(Currency::parse("JPY").unwrap().show(Money(1_234_567)), "¥1,234,567");
        assert_eq!(Currency::parse("CHF").unwrap().show(Money(-100)), "−CHF\u{a0}1.00");
    }

    proptest::proptest! {
        #[test]
        fn a_split_loses_nothing(amount in -1_000_000_000_000_i64..1_000_000_000_000, parts in proptest::collection::vec(0_u32..1000, 1..8)) {
            let shares = Money(amount).split(&parts);
            if parts.iter().any(|&p| p > 0) {
                proptest::prop_assert_eq!(shares.iter().copied().sum::<Money>(), Money(amount));
            }
        }
    }
}
