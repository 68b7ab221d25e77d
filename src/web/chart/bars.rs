//! One bar for each month.

use askama::{Template, filters::HtmlSafe};

use super::{at, height};
use crate::{
    domain::money::{Currency, Money},
    web::{format, ui::Tone},
};

/// Amounts side by side, below zero downwards.
#[derive(Clone, Debug, Template)]
#[template(path = "charts/bars.html")]
pub struct Bars {
    label: String,
    views: [View; 2],
}

impl HtmlSafe for Bars {}

/// One bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    /// "November". Wide drawings show three letters of it, phones one.
    pub name: String,
    /// How high.
    pub amount: Money,
    /// Whether it is the one that matters: in colour, with its amount.
    pub marked: bool,
    /// The colour of a marked one.
    pub tone: Tone,
}

#[derive(Clone, Debug)]
struct View {
    class: &'static str,
    width: u32,
    zero: String,
    bars: Vec<Drawn>,
}

#[derive(Clone, Debug)]
struct Drawn {
    class: &'static str,
    x: String,
    y: String,
    width: String,
    height: String,
    middle: String,
    name: String,
    words: Option<(String, String)>,
}

const TOP: f64 = 20.0;
const BOTTOM: f64 = 98.0;

impl Bars {
    /// The drawing, oldest first. The label is a sentence with the numbers that matter.
    pub fn new(currency: Currency, bars: &[Bar], label: impl Into<String>) -> Self {
        let views = [View::new(currency, bars, "wide", 600, 3), View::new(currency, bars, "tall", 322, 1)];
        Self { label: label.into(), views }
    }
}

impl View {
    fn new(currency: Currency, bars: &[Bar], class: &'static str, width: u32, letters: usize) -> Self {
        let high = bars.iter().map(|bar| height(bar.amount)).fold(0.0, f64::max);
        let low = bars.iter().map(|bar| height(bar.amount)).fold(0.0, f64::min);
        let unit = (BOTTOM - TOP) / (high - low).max(1.0);
        let y = |amount: f64| BOTTOM + (low - amount) * unit;
        let slot = f64::from(width) / f64::from(u32::try_from(bars.len()).unwrap_or(u32::MAX).max(1));
        let bar_width = (slot * 0.62).min(34.0);
        let mut left = 0.0;
        let bars = bars
            .iter()
            .map(|bar| {
                let amount = height(bar.amount);
                let middle = left + slot / 2.0;
                left += slot;
                Drawn {
                    class: match (bar.marked, bar.tone) {
                        (false, _) => "",
                        (true, Tone::Plain | Tone::Info) => "on",
                        (true, tone) => tone.class(),
                    },
                    x: at(middle - bar_width / 2.0),
                    y: at(y(amount.max(0.0))),
                    width: at(bar_width),
                    height: at((amount * unit).abs()),
                    middle: at(middle),
                    name: bar.name.chars().take(letters).collect(),
                    words: bar
                        .marked
                        .then(|| (at(y(amount.max(0.0)) - 5.0), format::money_short(currency, bar.amount))),
                }
            })
            .collect();
        Self { class, width, zero: at(y(0.0)), bars }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(amounts: &[i64]) -> Bars {
        let bars: Vec<Bar> = amounts
            .iter()
            .map(|&amount| Bar {
                name: "November".to_owned(),
                amount: Money(amount),
                marked: amount == 0,
                tone: Tone::Warn,
            })
            .collect();
        Bars::new(Currency::parse("EUR").unwrap(), &bars, "Sales per month")
    }

    #[test]
    fn the_highest_bar_fills_the_height_and_returns_hang_down() {
        let chart = drawn(&[10_000, 5_000, 0]);
        let heights = |view: &View| view.bars.iter().map(|bar| bar.height.clone()).collect::<Vec<_>>();
        assert_eq!(heights(&chart.views[0]), ["78.0", "39.0", "0.0"]);
        assert_eq!(chart.views[0].bars[2].words, Some(("93.0".to_owned(), "€0".to_owned())));
        assert_eq!((chart.views[0].bars[0].name.as_str(), chart.views[1].bars[0].name.as_str()), ("Nov", "N"));
        let chart = drawn(&[10_000, -10_000]);
        assert_eq!(chart.views[0].zero, "59.0");
        assert_eq!(chart.views[0].bars[1].y, "59.0");
        assert_eq!(heights(&chart.views[0]), ["39.0", "39.0"]);
        for odd in [&[][..], &[0], &[i64::MIN + 1, i64::MAX]] {
            assert!(!drawn(odd).to_string().contains("NaN"));
        }
    }
}
