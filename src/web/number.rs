//! Numbers as people type them: "1 250,50", "1,250.50", "€1250", "5 %".

use rust_decimal::Decimal;

use crate::domain::money::{Currency, Money};

/// The largest amount that a form takes, in minor units.
const MOST_MONEY: i64 = 100_000_000_000_000;

/// Reads a whole number from 0 to 10⁹. The error is the words to show: what is wrong and what to do.
pub fn count(typed: &str) -> Result<u32, String> {
    let number = read(typed, 0, "")?;
    let shown = typed.trim();
    if number.is_sign_negative() && !number.is_zero() {
        return Err(format!("{} is below zero. Use 0 or more.", shown.replace('-', "−")));
    }
    if !number.fract().is_zero() {
        return Err(format!("{shown} is not whole. Use a whole number, like 12."));
    }
    match u32::try_from(number) {
        Ok(count) if count <= 1_000_000_000 => Ok(count),
        _ => Err(format!("{shown} is too large. Use at most 1,000,000,000.")),
    }
}

/// Reads an amount with at most the currency's decimals, with or without its sign or code, up to 10¹⁴ minor units.
/// It may be negative. The error is the words to show.
pub fn money(typed: &str, currency: Currency) -> Result<Money, String> {
    let symbol = currency.symbol();
    let text = typed.replace(symbol.trim(), "").replace(currency.code(), "");
    let decimals = u32::from(currency.decimals());
    let number = read(&text, decimals, currency.code())?;
    let shown = typed.trim();
    if number.normalize().scale() > decimals {
        return Err(match decimals {
            0 => format!("{shown} has decimals; {currency} has none. Use a whole amount."),
            n => format!("{shown} has too many decimals; {currency} has {n}."),
        });
    }
    currency
        .money(number)
        .filter(|amount| amount.0.abs() <= MOST_MONEY)
        .ok_or_else(|| format!("{shown} is too large. Use at most {}.", currency.major(Money(MOST_MONEY))))
}

/// Reads a quantity: above zero, with at most 3 decimals, up to 10⁹. The error is the words to show.
pub fn quantity(typed: &str) -> Result<Decimal, String> {
    let number = read(typed, 2, "")?.normalize();
    let shown = typed.trim();
    if number <= Decimal::ZERO {
        return Err(format!("{} is not above zero. Use more than 0.", shown.replace('-', "−")));
    }
    if number.scale() > 3 {
        return Err(format!("{shown} has too many decimals. Use at most 3."));
    }
    if number > Decimal::from(1_000_000_000) {
        return Err(format!("{shown} is too large. Use at most 1,000,000,000."));
    }
    Ok(number)
}

/// Reads a rate of exchange: a point and a comma are both decimal signs, so "11,523" is a little more than 11. The error
/// is the words to show.
pub fn rate(typed: &str) -> Result<Decimal, String> {
    read(typed, 12, "%").map(|number| number.normalize())
}

/// Reads a percentage, with or without its sign, as a fraction: "5,5 %" is 0.055. At most 4 decimals, from −10,000 % to
/// 10,000 %. The error is the words to show.
pub fn percent(typed: &str) -> Result<Decimal, String> {
    let number = read(&typed.replace('%', ""), 4, "%")?;
    let shown = typed.trim();
    if number.normalize().scale() > 4 {
        return Err(format!("{shown} has too many decimals. Use at most 4."));
    }
    if number.abs() > Decimal::from(10_000) {
        return Err(format!("{shown} is too large. Use a percentage, like 5 or 5.5."));
    }
    Ok((number / Decimal::ONE_HUNDRED).normalize())
}

/// Reads a percentage of a plan as [`percent`] does, with up to 7 decimals, below 100,000 % either way.
pub fn fine_percent(typed: &str) -> Result<Decimal, String> {
    let number = read(&typed.replace('%', ""), 7, "%")?.normalize();
    let shown = typed.trim();
    if number.scale() > 7 {
        return Err(format!("{shown} has too many decimals. Use at most 7."));
    }
    if number.abs() >= Decimal::from(100_000) {
        return Err(format!("{shown} is too large. Use a percentage, like 5 or 5.5."));
    }
    Ok((number / Decimal::ONE_HUNDRED).normalize())
}

/// Reads a number of which at most `decimals` digits are expected after the decimal sign. Where a lone sign could be
/// either ("1.250"), what fits the expected decimals decides; if both fit, a point is decimal and a comma groups.
fn read(typed: &str, decimals: u32, unit: &str) -> Result<Decimal, String> {
    let refused = || {
        let shown = typed.trim();
        let example = if unit == "%" { "5 or 5.5" } else { "1250" };
        if shown.is_empty() {
            "Nothing was entered.".to_owned()
        } else {
            format!("“{shown}” is not a number. Use digits, like {example}.")
        }
    };
    let text: String = typed
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '\'' | '’' | '\u{202f}' | '\u{a0}'))
        .map(|c| if c == '−' { '-' } else { c })
        .collect();
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    let digits_only = |part: &str| part.chars().all(|c| c.is_ascii_digit());
    if text.is_empty() || text.len() > 28 || !text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',')) {
        return Err(refused());
    }
    let (whole, fraction) = match text.rfind(['.', ',']) {
        None => (text, ""),
        Some(at) => {
            let (before, after) = (&text[..at], &text[at + 1..]);
            let sign = &text[at..=at];
            let repeated = before.contains(sign);
            let alone = !before.contains(['.', ',']);
            let could_group = after.len() == 3 && !before.is_empty() && before.len() <= 3 && !before.starts_with('0');
            let groups = repeated || (alone && could_group && (decimals < 3 || (sign == "," && unit != "%")));
            if groups { (text, "") } else { (before, after) }
        }
    };
    let whole = ungroup(whole).ok_or_else(refused)?;
    if !digits_only(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return Err(refused());
    }
    let mut number: Decimal =
        format!("{}.{}", if whole.is_empty() { "0" } else { &whole }, if fraction.is_empty() { "0" } else { fraction })
            .parse()
            .map_err(|_| refused())?;
    number.set_sign_negative(negative && !number.is_zero());
    Ok(number)
}

/// Takes the group signs out of "1.250.000", if they stand where groups of three end and are all the same.
fn ungroup(text: &str) -> Option<String> {
    let Some(sign) = text.chars().find(|c| matches!(c, '.' | ',')) else { return Some(text.to_owned()) };
    let mut groups = text.split(sign);
    let first = groups.next()?;
    let fits = (1..=3).contains(&first.len())
        && groups.all(|group| group.len() == 3 && group.chars().all(|c| c.is_ascii_digit()))
        && first.chars().all(|c| c.is_ascii_digit());
    fits.then(|| text.replace(sign, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_as_people_type_them() {
        let euro = Currency::parse("EUR").unwrap();
        for (typed, cents) in [
            ("1250", 125_000),
            ("1 250,50", 125_050),
            ("1\u{a0}250,5", 125_050),
            ("1,250.50", 125_050),
            ("1.250,50", 125_050),
            ("€1250", 125_000),
            ("1250 €", 125_000),
            ("EUR 1'250.50", 125_050),
            ("1.250", 125_000),
            ("1,250", 125_000),
            ("1.250.000", 125_000_000),
            ("1,250,000.01", 125_000_001),
            ("0.5", 50),
            (",5", 50),
            ("-12,00", -1200),
            ("−12", -1200),
            ("12.", 1200),
            ("0", 0),
        ] {
            assert_eq!(money(typed, euro), Ok(Money(cents)), "{typed}");
        }
        for typed in ["", "abc", "1.25.50", "1,25,50", "1250.555", "1..2", "1-2", "--1", ".", "1e5", "9999999999999999"]
        {
            assert!(money(typed, euro).is_err(), "{typed}");
        }
        let dinar = Currency::parse("KWD").unwrap();
        assert_eq!(money("1.250", dinar), Ok(Money(1250)));
        assert_eq!(money("1,250", dinar), Ok(Money(1_250_000)));
        assert_eq!(money("CHF 1’250", Currency::parse("CHF").unwrap()), Ok(Money(125_000)));
        assert_eq!(
            money("12.5", Currency::parse("JPY").unwrap()).unwrap_err(),
            "12.5 has decimals; JPY has none. Use a whole amount."
        );
    }

    #[test]
    fn percentages_become_fractions() {
        for (typed, fraction) in
            [("5%", "0.05"), ("5,5 %", "0.055"), ("5.125", "0.05125"), ("-3", "-0.03"), ("0", "0"), ("120", "1.2")]
        {
            assert_eq!(percent(typed), Ok(fraction.parse().unwrap()), "{typed}");
        }
        assert_eq!(fine_percent("0.1234567%"), Ok("0.001234567".parse().unwrap()));
        assert!(fine_percent("0.12345678").is_err() && fine_percent("100000").is_err() && fine_percent("").is_err());
        assert!(percent("five").is_err() && percent("20000").is_err() && percent("0.12345").is_err());
    }

    #[test]
    fn quantities_are_above_zero() {
        assert_eq!(quantity("2,5"), Ok(Decimal::new(25, 1)));
        assert_eq!(quantity("1 200"), Ok(Decimal::from(1200)));
        assert_eq!(quantity("0").unwrap_err(), "0 is not above zero. Use more than 0.");
        assert_eq!(quantity("-1").unwrap_err(), "−1 is not above zero. Use more than 0.");
        assert_eq!(quantity("0.0005").unwrap_err(), "0.0005 has too many decimals. Use at most 3.");
        assert!(quantity("10000000000").is_err() && quantity("two").is_err());
    }

    #[test]
    fn counts_are_whole_and_not_below_zero() {
        assert_eq!(count("1 250"), Ok(1250));
        assert_eq!(count("96.0"), Ok(96));
        assert_eq!(count("-4").unwrap_err(), "−4 is below zero. Use 0 or more.");
        assert_eq!(count("4.5").unwrap_err(), "4.5 is not whole. Use a whole number, like 12.");
        assert_eq!(count("9999999999").unwrap_err(), "9999999999 is too large. Use at most 1,000,000,000.");
        assert_eq!(count("four").unwrap_err(), "“four” is not a number. Use digits, like 1250.");
    }
}
