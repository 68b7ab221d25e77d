//! Sales of a period, added up day by day, against the straight line to the target.

use askama::{Template, filters::HtmlSafe};

use super::{at, height, round_step};
use crate::{
    domain::money::{Currency, Money},
    web::format,
};

/// A line that grows with each working day, and the dotted line that it should follow.
#[derive(Clone, Debug, Template)]
#[template(path = "charts/pace_line.html")]
pub struct PaceLine {
    label: String,
    views: [View; 2],
}

impl HtmlSafe for PaceLine {}

/// What is drawn.
#[derive(Clone, Debug)]
pub struct PaceLineData<'a> {
    /// The company's currency.
    pub currency: Currency,
    /// The sum at the end of each working day so far, the first day first.
    pub sums: &'a [Money],
    /// Working days of the whole period.
    pub days: u32,
    /// The target for the whole period.
    pub target: Option<Money>,
    /// Words below the left and the right end: "2 Nov", "30 Nov".
    pub ends: [String; 2],
}

/// One drawing: a wide one, and one for phones that is not shrunk.
#[derive(Clone, Debug)]
struct View {
    class: &'static str,
    width: u32,
    right: String,
    grid: Vec<(String, String, String)>,
    base: String,
    area: String,
    line: String,
    plan: Option<(String, String, String)>,
    plan_words: Option<(String, String, String, String)>,
    point: (String, String),
    point_words: (String, String, &'static str, String),
    today: bool,
    ends: [String; 2],
}

const LEFT: f64 = 2.0;
const TOP: f64 = 25.2;
const BOTTOM: f64 = 168.0;

impl PaceLine {
    /// The drawing. The label is a sentence: "Sales this month: €71,240 after 14 of 21 working days; …".
    pub fn new(data: &PaceLineData<'_>, label: impl Into<String>) -> Self {
        Self { label: label.into(), views: [View::new(data, "wide", 640), View::new(data, "tall", 322)] }
    }
}

impl View {
    fn new(data: &PaceLineData<'_>, class: &'static str, width: u32) -> Self {
        let right = f64::from(width) - 58.0;
        let elapsed = u32::try_from(data.sums.len()).unwrap_or(u32::MAX);
        let days = f64::from(data.days.max(elapsed).max(1));
        let target = data.target.map(height);
        let sums = || data.sums.iter().copied().map(height);
        let high = sums().chain(target).fold(1.0, f64::max);
        let low = sums().chain(target).fold(0.0, f64::min);
        let x = |day: f64| LEFT + (right - LEFT) * day / days;
        let y = |sum: f64| BOTTOM - (BOTTOM - TOP) * (sum - low) / (high - low);
        let mut day = 0.0;
        let points: Vec<(f64, f64)> = std::iter::once(0.0)
            .chain(sums())
            .map(|sum| {
                let point = (x(day), y(sum));
                day += 1.0;
                point
            })
            .collect();
        let line: Vec<String> = points.iter().map(|(x, y)| format!("{},{}", at(*x), at(*y))).collect();
        let (end_x, end_y) = points.last().copied().unwrap_or((LEFT, y(0.0)));
        let sum = data.sums.last().copied().unwrap_or(Money::ZERO);
        let near_end = end_x > right - 90.0;
        let words_y = if near_end { end_y - 12.0 } else { end_y + 16.0 };
        Self {
            class,
            width,
            right: at(right),
            grid: grid(data.currency, high)
                .into_iter()
                .map(|(sum, words)| (at(y(sum)), at(y(sum) - 5.0), words))
                .collect(),
            base: at(y(0.0)),
            area: format!("{},{} {} {},{}", at(LEFT), at(y(0.0)), line.join(" "), at(end_x), at(y(0.0))),
            line: line.join(" "),
            plan: target.map(|target| (at(y(0.0)), at(right), at(y(target)))),
            plan_words: data.target.map(|target| {
                let at_y = y(height(target));
                (at(right + 7.0), at(at_y + 1.0), at(at_y + 15.0), format::money_short(data.currency, target))
            }),
            point: (at(end_x), at(end_y)),
            point_words: (
                at(if near_end { end_x - 8.0 } else { end_x + 9.0 }),
                at(words_y.clamp(12.0, BOTTOM - 4.0)),
                if near_end { "end" } else { "start" },
                format::money_short(data.currency, sum),
            ),
            today: end_x > LEFT + 60.0 && end_x < right - 60.0,
            ends: data.ends.clone(),
        }
    }
}

/// The values of the grid lines above zero, with their words.
pub(super) fn grid(currency: Currency, high: f64) -> Vec<(f64, String)> {
    let step = round_step(high);
    let mut lines = Vec::new();
    let mut value = step;
    while value <= high && lines.len() < 4 {
        let amount = rust_decimal::Decimal::try_from(value).map(Money::from_exact).unwrap_or_default();
        lines.push((value, format::money_short(currency, amount)));
        value += step;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(sums: &[i64], days: u32, target: Option<i64>) -> PaceLine {
        let sums: Vec<Money> = sums.iter().map(|&sum| Money(sum)).collect();
        let data = PaceLineData {
            currency: Currency::parse("EUR").unwrap(),
            sums: &sums,
            days,
            target: target.map(Money),
            ends: ["2 Nov".to_owned(), "30 Nov".to_owned()],
        };
        PaceLine::new(&data, "A <sentence>")
    }

    #[test]
    fn the_line_ends_where_the_days_end() {
        let chart = drawn(&[100_000, 250_000], 4, Some(500_000));
        let wide = &chart.views[0];
        assert_eq!(wide.line, "2.0,168.0 147.0,139.4 292.0,96.6", "half the days, half the way up");
        assert_eq!(wide.plan, Some(("168.0".to_owned(), "582.0".to_owned(), "25.2".to_owned())));
        assert_eq!(wide.point_words.3, "€2.5k");
        assert!(wide.today && !drawn(&[1; 4], 4, None).views[0].today, "no “today” once the period is over");
        assert_eq!(wide.grid.iter().map(|line| line.2.as_str()).collect::<Vec<_>>(), ["€2k", "€4k"]);
        assert!(chart.to_string().contains("aria-label=\"A &#60;sentence&#62;\""));
    }

    #[test]
    fn nothing_leaves_the_picture() {
        for chart in [
            drawn(&[], 21, None),
            drawn(&[], 0, Some(0)),
            drawn(&[0, 0], 2, None),
            drawn(&[-50_000, -20_000, 90_000], 21, Some(10_000)),
            drawn(&[1, 2, 3, 4], 2, Some(-500)),
            drawn(&[i64::MAX], 1, Some(i64::MIN + 1)),
        ] {
            let svg = chart.to_string();
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            for view in &chart.views {
                for point in view.line.split(' ') {
                    let (x, y) = point.split_once(',').unwrap();
                    let (x, y): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
                    assert!((0.0..=f64::from(view.width)).contains(&x) && (0.0..=190.0).contains(&y), "{point}");
                }
            }
        }
    }
}
