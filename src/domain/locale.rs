//! How numbers, money and dates are written and read where a person comes from. Words stay English.

use rust_decimal::Decimal;
use time::{Date, Month};

use super::{
    money::{Currency, Money},
    period::short_date,
    words::words,
};

words! {
    /// The forms of numbers and dates. Files, addresses and stored documents are in none of them but in one of their own.
    Locale {
        /// English.
        En = "en", "1,234.50 and 19 Nov 2026 (English)";
        /// Norwegian.
        Nb = "nb", "1 234,50 and 19.11.2026 (Norwegian)";
        /// German.
        De = "de", "1.234,50 and 19.11.2026 (German)";
        /// Spanish.
        Es = "es", "1.234,50 and 19/11/2026 (Spanish)";
    }
}

impl Locale {
    /// What stands before decimals.
    pub fn decimal_sign(self) -> char {
        if self == Self::En { '.' } else { ',' }
    }

    /// What stands between groups of three digits. Norwegian: a no-break space.
    pub fn group_sign(self) -> char {
        match self {
            Self::En => ',',
            Self::Nb => '\u{a0}',
            Self::De | Self::Es => '.',
        }
    }

    /// A number with its thousands apart and a real minus, with as many decimals as it has: `−1,234.50`.
    pub fn number(self, number: Decimal) -> String {
        format!("{}{}", minus(number), self.grouped(number))
    }

    /// A number with its decimals and a real minus, its digits in one: `−1234.50`.
    pub fn ungrouped(self, number: Decimal) -> String {
        format!("{}{}", minus(number), self.field(number.abs()))
    }

    /// A number as a field of a form begins with it, and reads it again: `-1234.50`.
    pub fn field(self, number: Decimal) -> String {
        number.to_string().replace('.', &self.decimal_sign().to_string())
    }

    /// An amount with the sign of its currency: `−€18.75`, `−18,75 €`.
    pub fn money(self, currency: Currency, amount: Money) -> String {
        self.money_exact(currency, amount.exact())
    }

    /// An exact number of minor units, with the currency's decimals or as many more as it needs: `€15.0045`.
    pub fn money_exact(self, currency: Currency, minor_units: Decimal) -> String {
        let decimals = u32::from(currency.decimals());
        let mut major = minor_units.normalize();
        if major.set_scale(major.scale() + decimals).is_err() {
            major = minor_units / Decimal::from(10_i64.pow(decimals));
        }
        if major.scale() < decimals {
            major.rescale(decimals);
        }
        self.amount(currency, major, "")
    }

    /// An amount in major units with the decimals that it has, and letters behind its digits: `€71.2k`, `71,2k €`.
    pub fn amount(self, currency: Currency, major: Decimal, letters: &str) -> String {
        let (minus, digits, symbol) = (minus(major), self.grouped(major), currency.symbol());
        match self {
            Self::En => format!("{minus}{symbol}{digits}{letters}"),
            _ => format!("{minus}{digits}{letters}\u{a0}{}", symbol.trim()),
        }
    }

    /// A number of percent with its sign: `1,666.66%`, `1.666,66 %`.
    pub fn percent(self, percent: Decimal) -> String {
        let space = if self == Self::En { "" } else { "\u{a0}" };
        format!("{}{space}%", self.number(percent))
    }

    /// A date: `4 Mar 2026`, `04.03.2026`, `04/03/2026`.
    pub fn date(self, day: Date) -> String {
        let (year, month, number) = day.to_calendar_date();
        let month = u8::from(month);
        match self {
            Self::En => short_date(day),
            Self::Nb | Self::De => format!("{number:02}.{month:02}.{year:04}"),
            Self::Es => format!("{number:02}/{month:02}/{year:04}"),
        }
    }

    /// A date without its year: `4 Mar`, `04.03.`, `04/03`.
    pub fn day(self, day: Date) -> String {
        let (_, month, number) = day.to_calendar_date();
        let (name, month) = (month.to_string(), u8::from(month));
        match self {
            Self::En => format!("{number} {}", name.get(..3).unwrap_or(&name)),
            Self::Nb | Self::De => format!("{number:02}.{month:02}."),
            Self::Es => format!("{number:02}/{month:02}"),
        }
    }

    /// Reads a date that is written like [`Locale::date`]; day and month may have one digit.
    pub fn read_date(self, text: &str) -> Option<Date> {
        let sign = match self {
            Self::En => ' ',
            Self::Nb | Self::De => '.',
            Self::Es => '/',
        };
        let mut parts = text.trim().split(sign);
        let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
        let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
        if parts.next().is_some() || year.len() != 4 || !digits(year) || !digits(day) {
            return None;
        }
        let month = match self {
            Self::En => (1..=12)
                .filter_map(|number| Month::try_from(number).ok())
                .find(|name| name.to_string().get(..3).is_some_and(|short| short.eq_ignore_ascii_case(month)))?,
            _ if digits(month) => Month::try_from(month.parse::<u8>().ok()?).ok()?,
            _ => return None,
        };
        Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()
    }

    /// The digits of a number without its sign: `1,234.50`.
    fn grouped(self, number: Decimal) -> String {
        let digits = number.abs().to_string();
        let (whole, decimals) = digits.split_once('.').unwrap_or((&digits, ""));
        let mut grouped = String::with_capacity(digits.len() + digits.len() / 2);
        for (i, digit) in whole.chars().enumerate() {
            if i > 0 && (whole.len() - i).is_multiple_of(3) {
                grouped.push(self.group_sign());
            }
            grouped.push(digit);
        }
        if !decimals.is_empty() {
            grouped.push(self.decimal_sign());
            grouped.push_str(decimals);
        }
        grouped
    }
}

/// The real minus, not the hyphen.
fn minus(number: Decimal) -> &'static str {
    if number.is_sign_negative() && !number.is_zero() { "−" } else { "" }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::date;

    use super::*;

    fn number(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn every_form_of_everything() {
        let (euro, krone) = (Currency::parse("EUR").unwrap(), Currency::parse("NOK").unwrap());
        let yen = Currency::parse("JPY").unwrap();
        for (locale, expected) in [
            (
                Locale::En,
                [
                    "1,234,567.50",
                    "−1,234",
                    "999",
                    "0.125",
                    "-1234.50",
                    "−1234.50",
                    "€1,234.50",
                    "−€0.05",
                    "NOK\u{a0}1,234.50",
                    "¥1,234",
                    "€15.0045",
                    "€71.2k",
                    "5.5%",
                    "−1,666.66%",
                    "4 Mar 2026",
                    "4 Mar",
                ],
            ),
            (
                Locale::Nb,
                [
                    "1\u{a0}234\u{a0}567,50",
                    "−1\u{a0}234",
                    "999",
                    "0,125",
                    "-1234,50",
                    "−1234,50",
                    "1\u{a0}234,50\u{a0}€",
                    "−0,05\u{a0}€",
                    "1\u{a0}234,50\u{a0}NOK",
                    "1\u{a0}234\u{a0}¥",
                    "15,0045\u{a0}€",
                    "71,2k\u{a0}€",
                    "5,5\u{a0}%",
                    "−1\u{a0}666,66\u{a0}%",
                    "04.03.2026",
                    "04.03.",
                ],
            ),
            (
                Locale::De,
                [
                    "1.234.567,50",
                    "−1.234",
                    "999",
                    "0,125",
                    "-1234,50",
                    "−1234,50",
                    "1.234,50\u{a0}€",
                    "−0,05\u{a0}€",
                    "1.234,50\u{a0}NOK",
                    "1.234\u{a0}¥",
                    "15,0045\u{a0}€",
                    "71,2k\u{a0}€",
                    "5,5\u{a0}%",
                    "−1.666,66\u{a0}%",
                    "04.03.2026",
                    "04.03.",
                ],
            ),
            (
                Locale::Es,
                [
                    "1.234.567,50",
                    "−1.234",
                    "999",
                    "0,125",
                    "-1234,50",
                    "−1234,50",
                    "1.234,50\u{a0}€",
                    "−0,05\u{a0}€",
                    "1.234,50\u{a0}NOK",
                    "1.234\u{a0}¥",
                    "15,0045\u{a0}€",
                    "71,2k\u{a0}€",
                    "5,5\u{a0}%",
                    "−1.666,66\u{a0}%",
                    "04/03/2026",
                    "04/03",
                ],
            ),
        ] {
            let day = date!(2026 - 03 - 04);
            let written = [
                locale.number(number("1234567.50")),
                locale.number(number("-1234")),
                locale.number(number("999")),
                locale.number(number("0.125")),
                locale.field(number("-1234.50")),
                locale.ungrouped(number("-1234.50")),
                locale.money(euro, Money(123_450)),
                locale.money(euro, Money(-5)),
                locale.money(krone, Money(123_450)),
                locale.money(yen, Money(1_234)),
                locale.money_exact(euro, number("1500.45")),
                locale.amount(euro, number("71.2"), "k"),
                locale.percent(number("5.5")),
                locale.percent(number("-1666.66")),
                locale.date(day),
                locale.day(day),
            ];
            assert_eq!(written, expected, "{locale:?}");
            assert_eq!(locale.number(number("-0.00")), locale.number(number("0.00")), "zero has no sign");
        }
    }

    #[test]
    fn dates_are_read_in_their_own_form_only() {
        let day = Some(date!(2026 - 03 - 04));
        for (locale, read, not) in [
            (Locale::En, ["4 Mar 2026", "04 mar 2026"], ["04.03.2026", "4 März 2026"]),
            (Locale::Nb, ["04.03.2026", "4.3.2026"], ["4/3/2026", "4.3.26"]),
            (Locale::De, ["04.03.2026", "4.3.2026"], ["4 Mar 2026", "4.3."]),
            (Locale::Es, ["04/03/2026", "4/3/2026"], ["4.3.2026", "30/02/2026"]),
        ] {
            assert_eq!(read.map(|text| locale.read_date(text)), [day; 2], "{locale:?}");
            assert_eq!(not.map(|text| locale.read_date(text)), [None; 2], "{locale:?}");
        }
    }

    proptest! {
        #[test]
        fn a_date_is_read_as_it_was_written(days in 0_i64..400_000) {
            let day = crate::domain::period::add_days(date!(1900 - 01 - 01), days);
            for locale in Locale::ALL {
                prop_assert_eq!(locale.read_date(&locale.date(day)), Some(day));
            }
        }
    }
}
