//! How numbers, money, dates and counts are written on pages. All of it is here; numbers are read in [`super::number`].

use std::fmt;

use askama::filters::HtmlSafe;
use rust_decimal::{Decimal, RoundingStrategy};
use time::{Date, PrimitiveDateTime, Time};

use crate::domain::{
    commission::words,
    money::{Currency, Money, group_thousands},
    period,
    rate::Ratio,
};

/// An amount with currency and decimals: `€1,468.60`, `−€18.75`.
pub fn money(currency: Currency, amount: Money) -> String {
    currency.show(amount)
}

/// An amount with its sign, for differences: `+€214.65`, `−€18.75`, `€0.00`.
pub fn money_signed(currency: Currency, amount: Money) -> String {
    let plus = if amount > Money::ZERO { "+" } else { "" };
    format!("{plus}{}", money(currency, amount))
}

/// An amount in whole units, half away from zero, for headlines and cards: `€71,240`.
pub fn money_whole(currency: Currency, amount: Money) -> String {
    let major = currency.major(amount).round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
    format!("{}{}{}", minus(major), currency.symbol(), group_thousands(&major.abs().to_string()))
}

/// An amount in three digits or so, for charts only: `€940`, `€71.2k`, `€1.3m`.
pub fn money_short(currency: Currency, amount: Money) -> String {
    let major = currency.major(amount);
    let (scaled, unit, decimals) = match major.abs() {
        size if size >= Decimal::from(999_500_000) => (major / Decimal::from(1_000_000_000), "bn", 1),
        size if size >= Decimal::from(999_500) => (major / Decimal::from(1_000_000), "m", 1),
        size if size >= Decimal::from(1_000) => (major / Decimal::from(1_000), "k", 1),
        _ => (major, "", 0),
    };
    let decimals = if scaled.abs() >= Decimal::ONE_HUNDRED { 0 } else { decimals };
    let shown = scaled.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero).normalize();
    format!("{}{}{}{unit}", minus(shown), currency.symbol(), shown.abs())
}

/// A whole number: `1,203`, `−3`.
pub fn count(number: i64) -> String {
    let sign = if number < 0 { "−" } else { "" };
    format!("{sign}{}", group_thousands(&number.unsigned_abs().to_string()))
}

/// A count with its noun: `1 visit`, `1,203 visits`.
pub fn counted(number: i64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// A count with its noun for a sentence, in words up to twelve: `three visits`, `13 visits`, `no visits`.
pub fn in_words(number: i64, one: &str, many: &str) -> String {
    const WORDS: [&str; 13] =
        ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    let word = usize::try_from(number).ok().and_then(|index| WORDS.get(index));
    let noun = if number == 1 { one } else { many };
    word.map_or_else(|| counted(number, one, many), |word| format!("{word} {noun}"))
}

/// The text with a capital first letter, to begin a sentence: "Three visits".
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// Parts of a sentence in a row: "three visits", "three visits and €796", "a, b and c".
pub fn listed(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// An attainment, floored to two decimals of a percent: what is not reached is never shown as reached. `99.99%`.
pub fn attainment(ratio: Ratio) -> String {
    percentage(ratio.percent_floored(2))
}

/// An attainment or pace, floored to whole percent: `94%`.
pub fn percent(ratio: Ratio) -> String {
    percentage(ratio.percent_floored(0))
}

/// A growth rate with its sign, floored to a tenth of a percent: `+6.8%`, `−1.4%`, `0.0%`.
pub fn growth(ratio: Ratio) -> String {
    let rate = ratio.percent_floored(1);
    let plus = if rate > Decimal::ZERO { "+" } else { "" };
    format!("{plus}{}", percentage(rate))
}

/// A difference of attainments in points, rounded to a tenth: `+12.3`, `−4.0`, `0.0`.
pub fn points(difference: Ratio) -> String {
    let points = difference.times(Ratio::from_decimal(Decimal::ONE_HUNDRED)).rounded(1);
    let plus = if points > Decimal::ZERO { "+" } else { "" };
    format!("{plus}{}{:.1}", minus(points), points.abs())
}

/// How many of something: no zeros behind the point, a real minus sign.
pub fn quantity(quantity: &Decimal) -> String {
    quantity.normalize().to_string().replace('-', "−")
}

/// A rate that somebody set, with the decimals it needs: `1.5%`.
pub fn rate(share: Decimal) -> String {
    words::percent(share)
}

/// A rate that somebody set, as a form shows it for editing: 0.055 is `5.5`.
pub fn rate_plain(share: Decimal) -> String {
    (share * Decimal::ONE_HUNDRED).normalize().to_string()
}

fn percentage(number: Decimal) -> String {
    format!("{}{}%", minus(number), group_thousands(&number.abs().to_string()))
}

/// The real minus, not the hyphen.
fn minus(number: Decimal) -> &'static str {
    if number.is_sign_negative() && !number.is_zero() { "−" } else { "" }
}

/// A date: "19 Nov 2026".
pub fn date(day: Date) -> String {
    period::short_date(day)
}

/// A date without the year where it is that of today: "19 Nov", "4 Mar 2024".
pub fn short_date(day: Date, today: Date) -> String {
    if day.year() == today.year() { format!("{} {}", day.day(), short_month(day)) } else { date(day) }
}

/// A day in full: "Thursday 19 November".
pub fn long_day(day: Date) -> String {
    format!("{} {} {}", day.weekday(), day.day(), day.month())
}

/// A month's three letters, for charts: "Nov".
pub fn short_month(day: Date) -> String {
    day.month().to_string().chars().take(3).collect()
}

/// An instant in the company's time zone: "19 Nov 2026, 13:52".
pub fn minute(instant: PrimitiveDateTime) -> String {
    format!("{}, {:02}:{:02}", date(instant.date()), instant.hour(), instant.minute())
}

/// A time as fields and lists show it: 09:30.
pub fn clock(time: &Time) -> String {
    format!("{:02}:{:02}", time.hour(), time.minute())
}

/// A date as machines and people read it. Print it with `{{ }}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeTag {
    machine: String,
    words: String,
}

/// Its parts are made of digits and English month names only.
impl HtmlSafe for TimeTag {}

impl fmt::Display for TimeTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r#"<time datetime="{}">{}</time>"#, self.machine, self.words)
    }
}

/// `<time datetime="2026-11-19">19 Nov 2026</time>`.
pub fn date_tag(day: Date) -> TimeTag {
    TimeTag { machine: day.to_string(), words: date(day) }
}

/// Like [`date_tag`], without the year where it is that of today.
pub fn short_date_tag(day: Date, today: Option<Date>) -> TimeTag {
    TimeTag { machine: day.to_string(), words: today.map_or_else(|| date(day), |today| short_date(day, today)) }
}

/// `<time datetime="2026-11-19T13:52">19 Nov 2026, 13:52</time>`.
pub fn minute_tag(instant: PrimitiveDateTime) -> TimeTag {
    let machine = format!("{}T{:02}:{:02}", instant.date(), instant.hour(), instant.minute());
    TimeTag { machine, words: minute(instant) }
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    fn euro() -> Currency {
        Currency::parse("EUR").unwrap()
    }

    fn ratio(numerator: i128, denominator: i128) -> Ratio {
        Ratio::new(numerator, denominator).unwrap()
    }

    #[test]
    fn money_in_its_four_forms() {
        for (cents, full, signed, whole, short) in [
            (0, "€0.00", "€0.00", "€0", "€0"),
            (146_860, "€1,468.60", "+€1,468.60", "€1,469", "€1.5k"),
            (-1_875, "−€18.75", "−€18.75", "−€19", "−€19"),
            (-40, "−€0.40", "−€0.40", "€0", "€0"),
            (50, "€0.50", "+€0.50", "€1", "€1"),
            (99_949, "€999.49", "+€999.49", "€999", "€999"),
            (7_124_000, "€71,240.00", "+€71,240.00", "€71,240", "€71.2k"),
            (10_805_400, "€108,054.00", "+€108,054.00", "€108,054", "€108k"),
            (99_999_900, "€999,999.00", "+€999,999.00", "€999,999", "€1m"),
            (126_579_329, "€1,265,793.29", "+€1,265,793.29", "€1,265,793", "€1.3m"),
            (-500_000_000_000, "−€5,000,000,000.00", "−€5,000,000,000.00", "−€5,000,000,000", "−€5bn"),
        ] {
            let amount = Money(cents);
            assert_eq!(money(euro(), amount), full);
            assert_eq!(money_signed(euro(), amount), signed);
            assert_eq!(money_whole(euro(), amount), whole);
            assert_eq!(money_short(euro(), amount), short);
        }
        let yen = Currency::parse("JPY").unwrap();
        assert_eq!(money(yen, Money(1_250)), "¥1,250");
        assert_eq!(money(Currency::parse("NOK").unwrap(), Money(125_050)), "NOK\u{a0}1,250.50");
    }

    #[test]
    fn counts_and_their_nouns() {
        for (number, digits, noun, words) in [
            (0, "0", "0 visits", "no visits"),
            (1, "1", "1 visit", "one visit"),
            (3, "3", "3 visits", "three visits"),
            (12, "12", "12 visits", "twelve visits"),
            (13, "13", "13 visits", "13 visits"),
            (-3, "−3", "−3 visits", "−3 visits"),
            (1_203, "1,203", "1,203 visits", "1,203 visits"),
            (
                i64::MIN,
                "−9,223,372,036,854,775,808",
                "−9,223,372,036,854,775,808 visits",
                "−9,223,372,036,854,775,808 visits",
            ),
        ] {
            assert_eq!(count(number), digits);
            assert_eq!(counted(number, "visit", "visits"), noun);
            assert_eq!(in_words(number, "visit", "visits"), words);
        }
        assert_eq!(capital("three visits"), "Three visits");
        assert_eq!(capital("élan"), "Élan");
        assert_eq!(capital(""), "");
        let parts = |texts: &[&str]| listed(&texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>());
        assert_eq!(parts(&[]), "");
        assert_eq!(parts(&["a"]), "a");
        assert_eq!(parts(&["a", "b"]), "a and b");
        assert_eq!(parts(&["a", "b", "c"]), "a, b and c");
    }

    #[test]
    fn percentages_are_floored() {
        for (part, whole, two, none, one) in [
            (99_996, 100_000, "99.99%", "99%", "+99.9%"),
            (1, 1, "100.00%", "100%", "+100.0%"),
            (94, 100, "94.00%", "94%", "+94.0%"),
            (2, 3, "66.66%", "66%", "+66.6%"),
            (0, 1, "0.00%", "0%", "0.0%"),
            (-14, 1_000, "−1.40%", "−2%", "−1.4%"),
            (-1, 100_000, "−0.01%", "−1%", "−0.1%"),
            (50, 3, "1,666.66%", "1,666%", "+1,666.6%"),
        ] {
            let ratio = ratio(part, whole);
            assert_eq!(attainment(ratio), two);
            assert_eq!(percent(ratio), none);
            assert_eq!(growth(ratio), one);
        }
        assert_eq!(rate("0.015".parse().unwrap()), "1.5%");
        assert_eq!(rate_plain("0.05500".parse().unwrap()), "5.5");
        assert_eq!(rate_plain("-0.03".parse().unwrap()), "-3");
    }

    #[test]
    fn dates_in_words() {
        let day = date!(2026 - 11 - 19);
        assert_eq!(date(day), "19 Nov 2026");
        assert_eq!(short_date(day, date!(2026 - 01 - 01)), "19 Nov");
        assert_eq!(short_date(day, date!(2027 - 01 - 01)), "19 Nov 2026");
        assert_eq!(long_day(day), "Thursday 19 November");
        assert_eq!(short_month(day), "Nov");
        assert_eq!(minute(datetime!(2026-11-02 06:05)), "2 Nov 2026, 06:05");
        assert_eq!(date_tag(date!(2026 - 03 - 04)).to_string(), r#"<time datetime="2026-03-04">4 Mar 2026</time>"#);
        assert_eq!(
            minute_tag(datetime!(2026-11-02 06:05)).to_string(),
            r#"<time datetime="2026-11-02T06:05">2 Nov 2026, 06:05</time>"#
        );
    }
}
