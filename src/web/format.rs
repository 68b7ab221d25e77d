//! How numbers, money, dates and counts are written on pages. All of it is here; numbers are read in [`super::number`].
//!
//! The examples are English: each is written in the form of the reader, whom [`within`] names for a whole request.

use std::fmt;

use askama::filters::HtmlSafe;
use rust_decimal::{Decimal, RoundingStrategy};
use time::{Date, PrimitiveDateTime, Time};

use crate::domain::{
    locale::Locale,
    money::{Currency, Money},
    period::{Period, PeriodKind},
    rate::Ratio,
};

tokio::task_local! {
    /// The reader's form of numbers and dates. A task of its own, or a thread for blocking work, has none.
    static LOCALE: Locale;
}

/// Answers a request in the form of its reader.
pub async fn within<T>(locale: Locale, answer: impl Future<Output = T>) -> T {
    LOCALE.scope(locale, answer).await
}

/// The reader's form; English where nobody is signed in.
pub fn locale() -> Locale {
    LOCALE.try_with(|locale| *locale).unwrap_or(Locale::En)
}

/// Writes what is stored: the same for everybody, whoever causes it.
pub fn stored<T>(write: impl FnOnce() -> T) -> T {
    LOCALE.sync_scope(Locale::En, write)
}

/// Writes and reads in a form, for tests of it.
#[cfg(test)]
pub fn in_form<T>(locale: Locale, work: impl FnOnce() -> T) -> T {
    LOCALE.sync_scope(locale, work)
}

/// An amount with currency and decimals: `€1,468.60`, `−€18.75`.
pub fn money(currency: Currency, amount: Money) -> String {
    locale().money(currency, amount)
}

/// An amount with its sign, for differences: `+€214.65`, `−€18.75`, `€0.00`.
pub fn money_signed(currency: Currency, amount: Money) -> String {
    let plus = if amount > Money::ZERO { "+" } else { "" };
    format!("{plus}{}", money(currency, amount))
}

/// An amount in whole units, half away from zero, for headlines and cards: `€71,240`.
pub fn money_whole(currency: Currency, amount: Money) -> String {
    locale().amount(currency, whole(currency, amount), "")
}

/// An amount in whole units without its currency, for columns that name it: `71,240`.
pub fn whole_units(currency: Currency, amount: Money) -> String {
    locale().number(whole(currency, amount))
}

fn whole(currency: Currency, amount: Money) -> Decimal {
    currency.major(amount).round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero)
}

/// An amount without decimals that are all zero: `€71,240`, `€71,240.50`.
pub fn money_trimmed(currency: Currency, amount: Money) -> String {
    locale().amount(currency, trimmed(currency, amount), "")
}

/// The same without its currency: `71,240`, `71,240.50`.
pub fn trimmed_units(currency: Currency, amount: Money) -> String {
    locale().number(trimmed(currency, amount))
}

fn trimmed(currency: Currency, amount: Money) -> Decimal {
    let major = currency.major(amount);
    if major.fract().is_zero() { major.trunc() } else { major }
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
    locale().amount(currency, shown, unit)
}

/// An amount as a field of a form begins with it: `-1234.50`.
pub fn money_field(currency: Currency, amount: Money) -> String {
    locale().field(currency.major(amount))
}

/// A number as a field of a form begins with it, without zeros at its end: `1234.5`.
pub fn field(number: Decimal) -> String {
    locale().field(number.normalize())
}

/// A whole number: `1,203`, `−3`.
pub fn count(number: i64) -> String {
    locale().number(number.into())
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

/// A share of something, floored to a tenth of a percent: `80.0%`.
pub fn share(ratio: Ratio) -> String {
    percentage(ratio.percent_floored(1))
}

/// A difference of attainments in points, rounded to a tenth: `+12.3`, `−4.0`, `0.0`.
pub fn points(difference: Ratio) -> String {
    let mut points = difference.times(Ratio::from_decimal(Decimal::ONE_HUNDRED)).rounded(1);
    points.rescale(1);
    let plus = if points > Decimal::ZERO { "+" } else { "" };
    format!("{plus}{}", locale().ungrouped(points))
}

/// How many of something, or a rate of exchange: no zeros behind the point, a real minus sign.
pub fn quantity(quantity: &Decimal) -> String {
    locale().ungrouped(quantity.normalize())
}

/// A number that may be thousands, like a target of visits: `4,321`, `12.5`; no zeros behind the point.
pub fn number(number: Decimal) -> String {
    locale().number(number.normalize())
}

/// A rate that somebody set, with the decimals it needs: `1.5%`.
pub fn rate(share: Decimal) -> String {
    percentage((share * Decimal::ONE_HUNDRED).normalize())
}

/// A rate that somebody set, as a form shows it for editing: 0.055 is `5.5`.
pub fn rate_plain(share: Decimal) -> String {
    field(share * Decimal::ONE_HUNDRED)
}

fn percentage(number: Decimal) -> String {
    locale().percent(number)
}

/// A date: "19 Nov 2026".
pub fn date(day: Date) -> String {
    locale().date(day)
}

/// A date without the year where it is that of today: "19 Nov", "4 Mar 2024".
pub fn short_date(day: Date, today: Date) -> String {
    if day.year() == today.year() { locale().day(day) } else { date(day) }
}

/// A date without its year: "19 Nov".
pub fn yearless(day: Date) -> String {
    locale().day(day)
}

/// A day in full: "Thursday 19 November".
pub fn long_day(day: Date) -> String {
    match locale() {
        Locale::En => format!("{} {} {}", day.weekday(), day.day(), day.month()),
        other => format!("{} {}", day.weekday(), other.day(day)),
    }
}

/// A month's three letters, for charts: "Nov".
pub fn short_month(day: Date) -> String {
    day.month().to_string().chars().take(3).collect()
}

/// A period: "19 Nov 2026", "Week 47, 2026", "November 2026", "Q4 2026", "2026".
pub fn period(period: Period) -> String {
    if period.kind() == PeriodKind::Day { date(period.from()) } else { period.label() }
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

/// Its parts are made of digits, signs and English month names only.
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
        assert_eq!(yearless(day), "19 Nov");
        assert_eq!(period(Period::containing(PeriodKind::Day, day, time::Month::January)), "19 Nov 2026");
        assert_eq!(date_tag(date!(2026 - 03 - 04)).to_string(), r#"<time datetime="2026-03-04">4 Mar 2026</time>"#);
        assert_eq!(
            minute_tag(datetime!(2026-11-02 06:05)).to_string(),
            r#"<time datetime="2026-11-02T06:05">2 Nov 2026, 06:05</time>"#
        );
    }

    #[test]
    fn everything_is_written_as_its_reader_does() {
        let day = date!(2026 - 11 - 09);
        let share = Ratio::new(-1_666_667, 100_000).unwrap();
        for (locale, expected) in [
            (
                Locale::En,
                "€1,234.50|+€1,234.50|€1,235|1,235|€1,234.50|1,234.50|€1.2k|1234.50|2.5|1,203|2.125|4,321.5|−1,666.67%|\
                 −1,666.7%|−16.7|5.5%|5.5|9 Nov 2026|9 Nov|9 Nov|Monday 9 November|9 Nov 2026, 06:05|9 Nov 2026",
            ),
            (
                Locale::Nb,
                "1 234,50 €|+1 234,50 €|1 235 €|1 235|1 234,50 €|1 234,50|1,2k €|1234,50|2,5|1 203|2,125|4 321,5|−1 666,67 %|\
                 −1 666,7 %|−16,7|5,5 %|5,5|09.11.2026|09.11.|09.11.|Monday 09.11.|09.11.2026, 06:05|09.11.2026",
            ),
            (
                Locale::De,
                "1.234,50 €|+1.234,50 €|1.235 €|1.235|1.234,50 €|1.234,50|1,2k €|1234,50|2,5|1.203|2,125|4.321,5|−1.666,67 %|\
                 −1.666,7 %|−16,7|5,5 %|5,5|09.11.2026|09.11.|09.11.|Monday 09.11.|09.11.2026, 06:05|09.11.2026",
            ),
            (
                Locale::Es,
                "1.234,50 €|+1.234,50 €|1.235 €|1.235|1.234,50 €|1.234,50|1,2k €|1234,50|2,5|1.203|2,125|4.321,5|−1.666,67 %|\
                 −1.666,7 %|−16,7|5,5 %|5,5|09/11/2026|09/11|09/11|Monday 09/11|09/11/2026, 06:05|09/11/2026",
            ),
        ] {
            let written = in_form(locale, || {
                let (amount, rate) = (Money(123_450), "0.055".parse().unwrap());
                [
                    money(euro(), amount),
                    money_signed(euro(), amount),
                    money_whole(euro(), amount),
                    whole_units(euro(), amount),
                    money_trimmed(euro(), amount),
                    trimmed_units(euro(), amount),
                    money_short(euro(), amount),
                    money_field(euro(), amount),
                    field("2.50".parse().unwrap()),
                    count(1_203),
                    quantity(&"2.1250".parse().unwrap()),
                    number("4321.50".parse().unwrap()),
                    attainment(share),
                    growth(share),
                    points(Ratio::new(-167, 1_000).unwrap()),
                    super::rate(rate),
                    rate_plain(rate),
                    date(day),
                    short_date(day, day),
                    yearless(day),
                    long_day(day),
                    minute(datetime!(2026-11-09 06:05)),
                    period(Period::containing(PeriodKind::Day, day, time::Month::January)),
                ]
                .join("|")
                .replace('\u{a0}', " ")
            });
            assert_eq!(written, expected, "{locale:?}");
            assert_eq!(in_form(locale, || stored(|| money(euro(), Money(123_450)))), "€1,234.50", "{locale:?}");
        }
    }
}
