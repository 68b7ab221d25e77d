//! What a plan pays against the attainment of a target, from 0 to 200 %.

use askama::{Template, filters::HtmlSafe};
use rust_decimal::Decimal;

use super::{at, float, height, pace_line::grid};
use crate::{
    domain::money::{Currency, Money},
    web::format,
};

/// A line with its jumps, the target as a dotted line, and the example as a dot.
#[derive(Clone, Debug, Template)]
#[template(path = "charts/pay_line.html")]
pub struct PayLine {
    label: String,
    views: [View; 2],
}

impl HtmlSafe for PayLine {}

/// What is paid at an attainment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayPoint {
    /// 1 is the target.
    pub share: Decimal,
    /// What is paid there.
    pub pays: Money,
}

/// One drawing: a wide one, and one for phones that is not shrunk.
#[derive(Clone, Debug)]
struct View {
    class: &'static str,
    width: u32,
    right: String,
    grid: Vec<(String, String, String)>,
    ticks: Vec<(String, &'static str, String)>,
    target: String,
    base: String,
    line: String,
    area: String,
    point: (String, String),
    words: (String, String, &'static str, String),
}

const LEFT: f64 = 2.0;
const TOP: f64 = 25.2;
const BOTTOM: f64 = 168.0;
/// The attainment at the right end.
const END: f64 = 2.0;

impl PayLine {
    /// The drawing of points in ascending order. The label is a sentence with the amounts that matter.
    pub fn new(currency: Currency, points: &[PayPoint], here: &PayPoint, label: impl Into<String>) -> Self {
        let view = |class, width| View::new(currency, points, here, class, width);
        Self { label: label.into(), views: [view("wide", 640), view("tall", 322)] }
    }
}

impl View {
    fn new(currency: Currency, points: &[PayPoint], here: &PayPoint, class: &'static str, width: u32) -> Self {
        let right = f64::from(width) - LEFT;
        let pays = || points.iter().chain([here]).map(|point| height(point.pays));
        let (low, high) = (pays().fold(0.0, f64::min), pays().fold(1.0, f64::max));
        let x = |share: f64| LEFT + (right - LEFT) * (share / END).clamp(0.0, 1.0);
        let y = |amount: f64| BOTTOM - (BOTTOM - TOP) * (amount - low) / (high - low);
        let place = |point: &PayPoint| (x(float(point.share)), y(height(point.pays)));
        let line: Vec<String> = points.iter().map(place).map(|(x, y)| format!("{},{}", at(x), at(y))).collect();
        let ends = [points.first(), points.last()].map(|end| end.map_or(LEFT, |point| place(point).0));
        let base = at(y(0.0));
        let (here_x, here_y) = place(here);
        // The words stand where the line does not: above it on the left half, below it on the right.
        let on_right = here_x > LEFT + (right - LEFT) / 2.0;
        let (words_x, anchor) = if on_right { (here_x - 9.0, "end") } else { (here_x + 9.0, "start") };
        let words_y = if on_right { here_y - 9.0 } else { here_y + 18.0 };
        let ticks = [(0.0, "start", "0%"), (0.5, "middle", "50%"), (1.0, "middle", "target"), (1.5, "middle", "150%")];
        let last = (END, "end", "200%");
        Self {
            class,
            width,
            right: at(right),
            grid: grid(currency, high)
                .into_iter()
                .map(|(amount, words)| (at(y(amount)), at(y(amount) - 5.0), words))
                .collect(),
            ticks: ticks
                .into_iter()
                .chain([last])
                .map(|(share, anchor, w)| (at(x(share)), anchor, w.to_owned()))
                .collect(),
            target: at(x(1.0)),
            area: format!("{},{base} {} {},{base}", at(ends[0]), line.join(" "), at(ends[1])),
            base,
            line: line.join(" "),
            point: (at(here_x), at(here_y)),
            words: (at(words_x), at(words_y.clamp(12.0, BOTTOM - 4.0)), anchor, format::money(currency, here.pays)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(points: &[(i64, i64)], here: (i64, i64)) -> PayLine {
        let point = |(share, pays): (i64, i64)| PayPoint { share: Decimal::new(share, 2), pays: Money(pays) };
        let points: Vec<PayPoint> = points.iter().copied().map(point).collect();
        PayLine::new(Currency::parse("EUR").unwrap(), &points, &point(here), "A <sentence>")
    }

    #[test]
    fn the_line_goes_through_its_points() {
        let chart = drawn(&[(0, 0), (100, 0), (100, 50_000), (200, 100_000)], (150, 75_000));
        let wide = &chart.views[0];
        assert_eq!(wide.line, "2.0,168.0 320.0,168.0 320.0,96.6 638.0,25.2", "nothing, a jump, and on from there");
        assert_eq!(wide.area, "2.0,168.0 2.0,168.0 320.0,168.0 320.0,96.6 638.0,25.2 638.0,168.0");
        assert_eq!((wide.target.as_str(), wide.point.clone()), ("320.0", ("479.0".to_owned(), "60.9".to_owned())));
        assert_eq!(wide.words.3, "€750.00");
        assert!(chart.to_string().contains("aria-label=\"A &#60;sentence&#62;\""));
    }

    #[test]
    fn nothing_leaves_the_picture() {
        for chart in [
            drawn(&[], (0, 0)),
            drawn(&[(0, 0)], (9_000, 5)),
            drawn(&[(0, -500), (200, 700)], (-10, -900)),
            drawn(&[(0, i64::MAX)], (0, i64::MIN + 1)),
        ] {
            let svg = chart.to_string();
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            for view in &chart.views {
                let (x, y): (f64, f64) = (view.point.0.parse().unwrap(), view.point.1.parse().unwrap());
                assert!((0.0..=f64::from(view.width)).contains(&x) && (0.0..=190.0).contains(&y), "{:?}", view.point);
            }
        }
    }
}
