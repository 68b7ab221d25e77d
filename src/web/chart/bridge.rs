//! From last year's sales to this year's, step by step.

use askama::{Template, filters::HtmlSafe};

use super::{at, height};
use crate::{
    domain::money::{Currency, Money},
    web::format,
};

/// A row for each step between two amounts; the steps add up to the difference.
#[derive(Clone, Debug, Template)]
#[template(path = "charts/bridge.html")]
pub struct Bridge {
    label: String,
    height: u32,
    views: [View; 2],
}

impl HtmlSafe for Bridge {}

/// What came or went: "New customers", `Money(214_65)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The words.
    pub name: String,
    /// Above zero where it came, below where it went.
    pub change: Money,
}

#[derive(Clone, Debug)]
struct View {
    class: &'static str,
    width: u32,
    rows: Vec<Row>,
}

#[derive(Clone, Debug)]
struct Row {
    class: &'static str,
    name: String,
    y: u32,
    x: String,
    width: String,
    words: String,
}

const LEFT: f64 = 104.0;
const ROW: u32 = 26;

impl Bridge {
    /// The drawing from `start` through the steps, ending in their sum. The names are those of both ends:
    /// "November 2025", "November 2026". The label is a sentence.
    pub fn new(currency: Currency, names: [&str; 2], start: Money, steps: &[Step], label: impl Into<String>) -> Self {
        let views = [
            View::new(currency, names, start, steps, "wide", 640),
            View::new(currency, names, start, steps, "tall", 322),
        ];
        let rows = u32::try_from(steps.len()).unwrap_or(0) + 2;
        Self { label: label.into(), height: rows * ROW, views }
    }
}

impl View {
    fn new(
        currency: Currency,
        [from, to]: [&str; 2],
        start: Money,
        steps: &[Step],
        class: &'static str,
        width: u32,
    ) -> Self {
        let mut spans = vec![("", from.to_owned(), Money::ZERO, start, format::money_short(currency, start))];
        let mut sum = start;
        for step in steps {
            let tone = if step.change < Money::ZERO { "bad" } else { "good" };
            let plus = if step.change > Money::ZERO { "+" } else { "" };
            let words = format!("{plus}{}", format::money_short(currency, step.change));
            spans.push((tone, step.name.clone(), sum, sum + step.change, words));
            sum += step.change;
        }
        spans.push(("on", to.to_owned(), Money::ZERO, sum, format::money_short(currency, sum)));
        let ends = || spans.iter().flat_map(|span| [height(span.2), height(span.3)]);
        let (low, high) = (ends().fold(0.0, f64::min), ends().fold(0.0, f64::max));
        let unit = (f64::from(width) - LEFT - 62.0) / (high - low).max(1.0);
        let x = |amount: f64| LEFT + (amount - low) * unit;
        let rows = (0_u32..)
            .zip(spans)
            .map(|(i, (class, name, a, b, words))| {
                let (a, b) = (height(a).min(height(b)), height(a).max(height(b)));
                Row { class, name, y: i * ROW, x: at(x(a)), width: at(((b - a) * unit).max(1.0)), words }
            })
            .collect();
        Self { class, width, rows }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_begins_where_the_last_one_ended() {
        let step = |name: &str, change| Step { name: name.to_owned(), change: Money(change) };
        let steps = [step("New", 20_000), step("Contraction", -50_000)];
        let names = ["2025", "2026"];
        let chart = Bridge::new(Currency::parse("EUR").unwrap(), names, Money(100_000), &steps, "From 2025 to 2026");
        let rows: Vec<_> = chart.views[0]
            .rows
            .iter()
            .map(|row| (row.name.as_str(), row.x.as_str(), row.width.as_str(), row.words.as_str()))
            .collect();
        assert_eq!(
            rows,
            [
                ("2025", "104.0", "395.0", "€1k"),
                ("New", "499.0", "79.0", "+€200"),
                ("Contraction", "380.5", "197.5", "−€500"),
                ("2026", "104.0", "276.5", "€700"),
            ]
        );
        assert!(!chart.to_string().contains("NaN"));
    }
}
