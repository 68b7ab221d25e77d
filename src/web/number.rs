//! Numbers as people type them: "1 250,50", "1,250.50", "€1250", "5 %".
//!
//! A lone point or comma before exactly three digits could be either sign. It is read where the reader's form leaves one
//! reading, and else refused, never guessed: docs/definitions.md, *Numbers as they are written and typed*.

use rust_decimal::Decimal;

use super::format;
use crate::domain::money::{Currency, Money};

/// The largest amount that a form takes, in minor units.
const MOST_MONEY: i64 = 100_000_000_000_000;

/// Reads a whole number from 0 to 10⁹. The error is the words to show: what is wrong and what to do.
pub fn count(typed: &str) -> Result<u32, String> {
    let number = read(typed, COUNT)?;
    let shown = typed.trim();
    if number.is_sign_negative() && !number.is_zero() {
        return Err(format!("{} is below zero. Use 0 or more.", shown.replace('-', "−")));
    }
    if !number.fract().is_zero() {
        return Err(format!("{shown} is not whole. Use a whole number, like 12."));
    }
    match u32::try_from(number) {
        Ok(count) if count <= 1_000_000_000 => Ok(count),
        _ => Err(format!("{shown} is too large. Use at most {}.", format::count(1_000_000_000))),
    }
}

/// Reads an amount with at most the currency's decimals, with or without its sign or code, up to 10¹⁴ minor units.
/// It may be negative. The error is the words to show.
pub fn money(typed: &str, currency: Currency) -> Result<Money, String> {
    let symbol = currency.symbol();
    let text = typed.replace(symbol.trim(), "").replace(currency.code(), "");
    let decimals = u32::from(currency.decimals());
    let number = read(&text, Expected { decimals, ..COUNT })?;
    let shown = typed.trim();
    if number.normalize().scale() > decimals {
        return Err(match decimals {
            0 => format!("{shown} has decimals; {currency} has none. Use a whole amount."),
            n => format!("{shown} has too many decimals; {currency} has {n}."),
        });
    }
    currency.money(number).filter(|amount| amount.0.abs() <= MOST_MONEY).ok_or_else(|| {
        format!("{shown} is too large. Use at most {}.", format::trimmed_units(currency, Money(MOST_MONEY)))
    })
}

/// Reads a quantity: above zero, with at most 3 decimals, up to 10⁹. The error is the words to show.
pub fn quantity(typed: &str) -> Result<Decimal, String> {
    let number = read(typed, Expected { decimals: 3, grouped: false, ..COUNT })?.normalize();
    let shown = typed.trim();
    if number <= Decimal::ZERO {
        return Err(format!("{} is not above zero. Use more than 0.", shown.replace('-', "−")));
    }
    if number.scale() > 3 {
        return Err(format!("{shown} has too many decimals. Use at most 3."));
    }
    if number > Decimal::from(1_000_000_000) {
        return Err(format!("{shown} is too large. Use at most {}.", format::count(1_000_000_000)));
    }
    Ok(number)
}

/// Reads a rate of exchange. The error is the words to show.
pub fn rate(typed: &str) -> Result<Decimal, String> {
    read(typed, FRACTION).map(|number| number.normalize())
}

/// Reads a percentage, with or without its sign, as a fraction: "5,5 %" is 0.055. At most 4 decimals, from −10,000 % to
/// 10,000 %. The error is the words to show.
pub fn percent(typed: &str) -> Result<Decimal, String> {
    let number = read(&typed.replace('%', ""), FRACTION)?;
    let shown = typed.trim();
    if number.normalize().scale() > 4 {
        return Err(format!("{shown} has too many decimals. Use at most 4."));
    }
    if number.abs() > Decimal::from(10_000) {
        return Err(format!("{shown} is too large. Use a percentage, like {}.", FRACTION.example()));
    }
    Ok((number / Decimal::ONE_HUNDRED).normalize())
}

/// Reads a percentage of a plan as [`percent`] does, with up to 7 decimals, below 100,000 % either way.
pub fn fine_percent(typed: &str) -> Result<Decimal, String> {
    let number = read(&typed.replace('%', ""), FRACTION)?.normalize();
    let shown = typed.trim();
    if number.scale() > 7 {
        return Err(format!("{shown} has too many decimals. Use at most 7."));
    }
    if number.abs() >= Decimal::from(100_000) {
        return Err(format!("{shown} is too large. Use a percentage, like {}.", FRACTION.example()));
    }
    Ok((number / Decimal::ONE_HUNDRED).normalize())
}

/// What a field holds.
#[derive(Clone, Copy)]
struct Expected {
    /// How many digits may stand behind the decimal sign.
    decimals: u32,
    /// Whether pages write such a number with its thousands apart.
    grouped: bool,
    /// Whether the words of a mistake show a fraction.
    is_fraction: bool,
}

const COUNT: Expected = Expected { decimals: 0, grouped: true, is_fraction: false };
const FRACTION: Expected = Expected { decimals: 12, grouped: false, is_fraction: true };

impl Expected {
    fn example(self) -> String {
        if self.is_fraction { format!("5 or {}", format::field(Decimal::new(55, 1))) } else { "1250".to_owned() }
    }
}

/// Reads a number in the reader's form, or in any other that cannot be taken for another number.
fn read(typed: &str, expected: Expected) -> Result<Decimal, String> {
    let shown = typed.trim();
    let refused = || {
        if shown.is_empty() {
            "Nothing was entered.".to_owned()
        } else {
            format!("“{shown}” is not a number. Use digits, like {}.", expected.example())
        }
    };
    let text: String = shown
        .chars()
        .map(|c| match c {
            '−' => '-',
            '\'' | '’' => ' ',
            c if c.is_whitespace() => ' ',
            c => c,
        })
        .collect();
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest.trim()),
        None => (false, text.strip_prefix('+').unwrap_or(&text).trim()),
    };
    let known = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | ' ');
    if text.is_empty() || text.replace(' ', "").len() > 28 || !text.chars().all(known) {
        return Err(refused());
    }
    let (whole, fraction) = match text.rfind(['.', ',']) {
        None => (text, ""),
        Some(at) => {
            let (before, after) = (&text[..at], &text[at + 1..]);
            let (repeated, alone) = (before.contains(&text[at..=at]), !before.contains(['.', ',', ' ']));
            let could_group = alone && after.len() == 3 && (1..=3).contains(&before.len()) && !before.starts_with('0');
            match text[at..=at].chars().next() {
                _ if repeated => (text, ""),
                _ if !could_group => (before, after),
                Some(sign) if sign == format::locale().decimal_sign() && expected.decimals >= 3 => (before, after),
                Some(sign) if sign == format::locale().group_sign() && expected.grouped => (text, ""),
                _ => return Err(two_ways(shown, negative, before, after, expected)),
            }
        }
    };
    let whole = ungroup(whole).ok_or_else(refused)?;
    if !fraction.chars().all(|c| c.is_ascii_digit()) || (whole.is_empty() && fraction.is_empty()) {
        return Err(refused());
    }
    let whole = if whole.is_empty() { "0" } else { &whole };
    let fraction = if fraction.is_empty() { "0" } else { fraction };
    let mut number: Decimal = format!("{whole}.{fraction}").parse().map_err(|_| refused())?;
    number.set_sign_negative(negative && !number.is_zero());
    Ok(number)
}

/// What to write instead of a number that could be two: "1.250" is 1250, or 1.25 where the field has decimals.
fn two_ways(shown: &str, negative: bool, before: &str, after: &str, expected: Expected) -> String {
    let minus = if negative { "−" } else { "" };
    let decimals = after.trim_end_matches('0');
    let fits = !decimals.is_empty() && u32::try_from(decimals.len()).is_ok_and(|length| length <= expected.decimals);
    let or =
        if fits { format!(" or {minus}{before}{}{decimals}", format::locale().decimal_sign()) } else { String::new() };
    format!("“{shown}” can be read in two ways. Write {minus}{before}{after}{or}.")
}

/// Takes the group signs out of "1.250.000" or "1 250 000", if they stand where groups of three end and are all the same.
fn ungroup(text: &str) -> Option<String> {
    let Some(sign) = text.chars().find(|c| matches!(c, '.' | ',' | ' ')) else { return Some(text.to_owned()) };
    let mut groups = text.split(sign);
    let first = groups.next()?;
    let fits = (1..=3).contains(&first.len())
        && groups.all(|group| group.len() == 3 && group.chars().all(|c| c.is_ascii_digit()))
        && first.chars().all(|c| c.is_ascii_digit());
    fits.then(|| text.replace(sign, ""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::locale::Locale;

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
            ("1,250", 125_000),
            ("1.250.000", 125_000_000),
            ("1,250,000.01", 125_000_001),
            ("0.5", 50),
            (",5", 50),
            ("-12,00", -1200),
            ("−12", -1200),
            ("12.", 1200),
            ("1250.500", 125_050),
            ("-  12", -1200),
            ("0", 0),
        ] {
            assert_eq!(money(typed, euro), Ok(Money(cents)), "{typed}");
        }
        for typed in [
            "",
            "abc",
            "1.25.50",
            "1,25,50",
            "1250.555",
            "1..2",
            "1-2",
            "--1",
            ".",
            "1e5",
            "9999999999999999",
            "1.250",
            "12 50",
            "1 250.000,50",
        ] {
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
        assert_eq!(quantity("1.125"), Ok(Decimal::new(1125, 3)));
        assert_eq!(quantity("1,125").unwrap_err(), "“1,125” can be read in two ways. Write 1125 or 1.125.");
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

    /// What a reader of the form means by a typed amount of euro, a count, a quantity and a percentage.
    #[test]
    fn a_lone_sign_before_three_digits_is_never_guessed() {
        let euro = Currency::parse("EUR").unwrap();
        let two = |words: &str| Err(format!("can be read in two ways. Write {words}."));
        for (locale, typed, expected) in [
            (Locale::En, "1,234", [Ok("1234.00"), Ok("1234"), two("1234 or 1.234"), two("1234 or 1.234")]),
            (Locale::En, "1.234", [two("1234"), two("1234"), Ok("1.234"), Ok("0.01234")]),
            (Locale::En, "1.250", [two("1250 or 1.25"), two("1250"), Ok("1.25"), Ok("0.0125")]),
            (Locale::De, "1.234", [Ok("1234.00"), Ok("1234"), two("1234 or 1,234"), two("1234 or 1,234")]),
            (Locale::De, "1,234", [two("1234"), two("1234"), Ok("1.234"), Ok("0.01234")]),
            (Locale::De, "−1,250", [two("−1250 or −1,25"), two("−1250"), Err("above zero".into()), Ok("-0.0125")]),
            (Locale::Es, "12.000", [Ok("12000.00"), Ok("12000"), two("12000"), two("12000")]),
            (Locale::Nb, "1.234", [two("1234"), two("1234"), two("1234 or 1,234"), two("1234 or 1,234")]),
            (Locale::Nb, "1,234", [two("1234"), two("1234"), Ok("1.234"), Ok("0.01234")]),
            (Locale::Nb, "1\u{a0}234", [Ok("1234.00"), Ok("1234"), Ok("1234"), Ok("12.34")]),
        ] {
            let read = format::in_form(locale, || {
                [
                    money(typed, euro).map(|amount| euro.plain(amount)),
                    count(typed).map(|count| count.to_string()),
                    quantity(typed).map(|quantity| quantity.to_string()),
                    percent(typed).map(|share| share.to_string()),
                ]
            });
            for (read, expected) in read.into_iter().zip(expected) {
                match (&read, &expected) {
                    (Err(read), Err(words)) => assert!(read.contains(words), "{locale:?} {typed}: {read}"),
                    (Ok(read), Ok(expected)) => assert_eq!(read, expected, "{locale:?} {typed}"),
                    _ => panic!("{locale:?} {typed}: {read:?}, not {expected:?}"),
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_another_number_is_read_in_every_form() {
        let euro = Currency::parse("EUR").unwrap();
        for locale in Locale::ALL {
            for typed in
                ["1234.50", "1234,50", "1,234.50", "1.234,50", "1 234,50", "1 234.5", "€1’234.50", "1.234,50 €"]
            {
                assert_eq!(format::in_form(locale, || money(typed, euro)), Ok(Money(123_450)), "{locale:?} {typed}");
            }
            for typed in ["1.234.567", "1,234,567", "1 234 567", "1234567"] {
                assert_eq!(format::in_form(locale, || count(typed)), Ok(1_234_567), "{locale:?} {typed}");
            }
            for typed in ["1.234.56", "12 34", "1,2,3", "1 234.567,8", "1.234 567", "1,5.000,5"] {
                assert!(format::in_form(locale, || money(typed, euro)).is_err(), "{locale:?} {typed}");
            }
        }
    }

    proptest! {
        #[test]
        fn what_a_form_writes_it_reads_again(minor in -MOST_MONEY..=MOST_MONEY, number in 0_u32..=1_000_000_000, places in 0_u32..=7) {
            for locale in Locale::ALL {
                format::in_form(locale, || {
                    for code in ["EUR", "NOK", "JPY", "KWD"] {
                        let (currency, amount) = (Currency::parse(code).unwrap(), Money(minor));
                        prop_assert_eq!(money(&format::money_field(currency, amount), currency), Ok(amount));
                        prop_assert_eq!(money(&format::money(currency, amount), currency), Ok(amount));
                        prop_assert_eq!(money(&format::money_trimmed(currency, amount), currency), Ok(amount));
                        prop_assert_eq!(money(&format::trimmed_units(currency, amount), currency), Ok(amount));
                    }
                    prop_assert_eq!(count(&format::count(number.into())), Ok(number));
                    prop_assert_eq!(count(&number.to_string()), Ok(number));
                    let share = Decimal::new(number.into(), places) / Decimal::ONE_THOUSAND;
                    if let Ok(read) = fine_percent(&format::rate_plain(share)) {
                        prop_assert_eq!(read, share.normalize());
                    } else {
                        prop_assert!(share >= Decimal::ONE_THOUSAND || share.normalize().scale() > 9, "{}", share);
                    }
                    prop_assert_eq!(rate(&format::quantity(&share)), Ok(share.normalize()));
                    let some = Decimal::new(i64::from(number) + 1, places.min(3));
                    if some <= Decimal::from(1_000_000_000) {
                        prop_assert_eq!(quantity(&format::field(some)), Ok(some.normalize()));
                    }
                    Ok(())
                })?;
            }
        }

        #[test]
        fn no_text_breaks_the_reader(text in "\\PC{0,20}", typed in "[0-9., ’€%−-]{0,14}") {
            for locale in Locale::ALL {
                format::in_form(locale, || {
                    for text in [&text, &typed] {
                        let euro = Currency::parse("EUR").unwrap();
                        let _ = (money(text, euro), count(text), quantity(text), percent(text), rate(text));
                    }
                });
            }
        }
    }
}
