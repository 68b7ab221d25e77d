//! What stands in a cell, read exactly: dates, money, numbers, credits. Pure.

use rust_decimal::Decimal;
use time::{Date, Month};

/// The largest amount that a file may hold, in minor units: 10¹⁴.
const LARGEST_AMOUNT: i64 = 100_000_000_000_000;

/// Reads `2026-11-19`, between the years 1900 and 9999.
pub fn date(text: &str) -> Option<Date> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *text.as_bytes() else { return None };
    let number =
        |digits: &[u8]| digits.iter().try_fold(0_u16, |n, d| d.is_ascii_digit().then(|| n * 10 + u16::from(d - b'0')));
    let year = number(&[y1, y2, y3, y4]).filter(|&year| year >= 1900)?;
    let month = Month::try_from(u8::try_from(number(&[m1, m2])?).ok()?).ok()?;
    Date::from_calendar_date(i32::from(year), month, u8::try_from(number(&[d1, d2])?).ok()?).ok()
}

/// Why an amount was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadMoney {
    /// It is no plain decimal number.
    NotPlain,
    /// It has more decimals than the currency.
    TooManyDecimals,
    /// It is beyond 10¹⁴ minor units.
    TooLarge,
}

/// Reads a plain decimal like `-1234.5` as minor units of a currency with so many decimals.
pub fn money(text: &str, decimals: u8) -> Result<i64, BadMoney> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(fraction) || digits.ends_with('.') {
        return Err(BadMoney::NotPlain);
    }
    let missing = usize::from(decimals).checked_sub(fraction.len()).ok_or(BadMoney::TooManyDecimals)?;
    let minor = whole
        .bytes()
        .chain(fraction.bytes())
        .chain(std::iter::repeat_n(b'0', missing))
        .try_fold(0_i64, |n, digit| n.checked_mul(10)?.checked_add(i64::from(digit - b'0')))
        .filter(|&minor| minor <= LARGEST_AMOUNT)
        .ok_or(BadMoney::TooLarge)?;
    Ok(if digits.len() < text.len() { -minor } else { minor })
}

/// Reads a plain decimal like `-12.5`, exactly, with up to 12 digits before and 9 after the point.
pub fn decimal(text: &str) -> Option<Decimal> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let fits = |part: &str, most: usize| (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    (fits(whole, 12) && fits(fraction, 9)).then(|| Decimal::from_str_exact(text).ok()).flatten()
}

/// Why credits were refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadCredits<'a> {
    /// This part is not `rep:parts`.
    Form(&'a str),
    /// These parts are not a whole number from 1 to 1,000,000.
    Parts(&'a str),
    /// This rep stands there twice.
    Twice(&'a str),
}

/// Reads `5:50;3:50`: reps and their parts, in this order.
pub fn credits(text: &str) -> Result<Vec<(&str, u32)>, BadCredits<'_>> {
    let mut credits: Vec<(&str, u32)> = vec![];
    for credit in text.split(';').map(str::trim).filter(|credit| !credit.is_empty()) {
        let (rep, parts) = credit.rsplit_once(':').ok_or(BadCredits::Form(credit))?;
        let (rep, parts) = (rep.trim(), parts.trim());
        if rep.is_empty() || parts.is_empty() {
            return Err(BadCredits::Form(credit));
        }
        let count = parts.parse().ok().filter(|count| (1..=1_000_000).contains(count));
        let count = count.filter(|_| parts.bytes().all(|b| b.is_ascii_digit())).ok_or(BadCredits::Parts(parts))?;
        if credits.iter().any(|(other, _)| *other == rep) {
            return Err(BadCredits::Twice(rep));
        }
        credits.push((rep, count));
    }
    if credits.is_empty() { Err(BadCredits::Form(text)) } else { Ok(credits) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::date as day;

    #[test]
    fn a_date_is_iso_and_exists() {
        assert_eq!(date("2026-11-19"), Some(day!(2026 - 11 - 19)));
        assert_eq!(date("2024-02-29"), Some(day!(2024 - 02 - 29)));
        assert_eq!(date("9999-12-31"), Some(day!(9999 - 12 - 31)));
        for wrong in
            ["2026-02-29", "19.11.2026", "2026-11-1", "0202-11-01", "2026/11/19", "+026-11-19", "2026-11-19T00:00"]
        {
            assert_eq!(date(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn money_is_plain_and_exact() {
        assert_eq!(money("1234.5", 2), Ok(123_450));
        assert_eq!(money("-0.01", 2), Ok(-1));
        assert_eq!(money("7", 0), Ok(7));
        assert_eq!(money("1000000000000.00", 2), Ok(LARGEST_AMOUNT));
        for wrong in ["", "-", ".5", "5.", "1,5", "1'000", "1e3", "+5", "€5", "1.2.3", "--5", "5-", "٣"] {
            assert_eq!(money(wrong, 2), Err(BadMoney::NotPlain), "{wrong}");
        }
        for (wrong, decimals) in [("12.345", 2), ("12.340", 2), ("5.0", 0), ("1.2345", 3)] {
            assert_eq!(money(wrong, decimals), Err(BadMoney::TooManyDecimals), "{wrong}");
        }
        assert_eq!(money("1000000000000.01", 2), Err(BadMoney::TooLarge));
        assert_eq!(money("99999999999999999999999", 2), Err(BadMoney::TooLarge));
    }

    #[test]
    fn credits_name_reps_and_parts() {
        assert_eq!(credits("5:50;3:50"), Ok(vec![("5", 50), ("3", 50)]));
        assert_eq!(credits(" a:b:1 ; c : 2 ;"), Ok(vec![("a:b", 1), ("c", 2)]));
        assert_eq!(credits("5"), Err(BadCredits::Form("5")));
        assert_eq!(credits(":1"), Err(BadCredits::Form(":1")));
        assert_eq!(credits(";"), Err(BadCredits::Form(";")));
        assert_eq!(credits("5:0"), Err(BadCredits::Parts("0")));
        assert_eq!(credits("5:+1"), Err(BadCredits::Parts("+1")));
        assert_eq!(credits("5:1.5"), Err(BadCredits::Parts("1.5")));
        assert_eq!(credits("5:1000001"), Err(BadCredits::Parts("1000001")));
        assert_eq!(credits("5:1;5:2"), Err(BadCredits::Twice("5")));
    }

    #[test]
    fn a_decimal_has_bounds() {
        assert_eq!(decimal("-0.05"), Some(Decimal::new(-5, 2)));
        for wrong in ["", "5%", "1e2", "1234567890123", "0.1234567890", ".5", "5."] {
            assert_eq!(decimal(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn money_reads_what_it_writes(minor in -LARGEST_AMOUNT..=LARGEST_AMOUNT) {
            let text = format!("{}{}.{:02}", if minor < 0 { "-" } else { "" }, minor.abs() / 100, minor.abs() % 100);
            prop_assert_eq!(money(&text, 2), Ok(minor));
        }
    }
}
