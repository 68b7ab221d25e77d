//! The bar of a figure against its target and pace.

use askama::{Template, filters::HtmlSafe};
use rust_decimal::Decimal;

use super::float;
use crate::web::ui::Tone;

/// The bar of a figure against its target: solid mark = target or limit, dotted mark = expected by today.
///
/// The scale ends at 120 % of the target; a longer bar is cut there and shows an arrow. A value below zero runs left from
/// a zero line. Print it with `{{ bullet }}`.
#[derive(Clone, Debug, Template)]
#[template(path = "charts/bullet.html")]
pub struct Bullet {
    actual: f64,
    target: Option<f64>,
    pace: Option<f64>,
    tone: Tone,
    label: String,
    mini: bool,
}

impl HtmlSafe for Bullet {}

impl Bullet {
    /// A bar of this value. The label is a sentence: "61 of 96 visits; 64 expected by today".
    pub fn new(actual: impl Into<Decimal>, label: impl Into<String>) -> Self {
        Self {
            actual: float(actual.into()),
            target: None,
            pace: None,
            tone: Tone::Plain,
            label: label.into(),
            mini: false,
        }
    }

    /// With a target or limit, in the unit of the value.
    #[must_use]
    pub fn target(mut self, target: impl Into<Decimal>) -> Self {
        self.target = Some(float(target.into()));
        self
    }

    /// With what was to be expected by today, in the unit of the value.
    #[must_use]
    pub fn pace(mut self, pace: impl Into<Decimal>) -> Self {
        self.pace = Some(float(pace.into()));
        self
    }

    /// In this colour: good when reached, warn when behind, bad when far behind or over the limit.
    #[must_use]
    pub fn tone(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }

    /// As high as a line of text, for tables.
    #[must_use]
    pub fn mini(mut self) -> Self {
        self.mini = true;
        self
    }

    /// The scale: values at the left and at the right end.
    fn ends(&self) -> (f64, f64) {
        let values = [Some(self.actual), self.target, self.pace];
        let most = values.into_iter().flatten().fold(0.0, f64::max);
        let least = values.into_iter().flatten().fold(0.0, f64::min);
        if let Some(target) = self.target.filter(|&target| target > 0.0) {
            let high = target * 1.2;
            return (if least < 0.0 { -high / 2.0 } else { 0.0 }, high);
        }
        // Without a target above zero the scale follows from the values.
        match (least * 1.2, most * 1.2) {
            (low, high) if high > 0.0 => (low, high),
            (low, _) if low < 0.0 => (low, -low / 2.0),
            _ => (0.0, 1.0),
        }
    }

    /// Where a value stands, in percent of the width. Beyond the ends it stands at the end.
    fn at(&self, value: f64) -> f64 {
        let (low, high) = self.ends();
        ((value - low) / (high - low) * 100.0).clamp(0.0, 100.0)
    }

    fn start(&self) -> String {
        percent(self.at(self.actual.min(0.0)))
    }

    fn width(&self) -> String {
        percent((self.at(self.actual) - self.at(0.0)).abs())
    }

    /// The darker part of the track ends at 80 % of the target.
    fn shade(&self) -> Option<(String, String)> {
        let target = self.target.filter(|&target| target > 0.0)?;
        let zero = self.at(0.0);
        Some((percent(zero), percent(self.at(target * 0.8) - zero)))
    }

    fn goal(&self) -> Option<String> {
        self.target.map(|target| percent(self.at(target)))
    }

    fn expected(&self) -> Option<String> {
        self.pace.map(|pace| percent(self.at(pace)))
    }

    fn zero(&self) -> Option<String> {
        (self.ends().0 < 0.0).then(|| percent(self.at(0.0)))
    }

    /// Whether the bar is cut at the right or at the left end.
    fn cut(&self) -> (bool, bool) {
        let (low, high) = self.ends();
        (self.actual > high * 1.0001, self.actual < low * 1.0001 && low < 0.0)
    }
}

fn percent(share: f64) -> String {
    format!("{share:.2}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bullet(actual: i64, target: i64, pace: i64) -> Bullet {
        Bullet::new(actual, "label").target(target).pace(pace)
    }

    /// Where the bar begins and how long it is, the target, the pace; then the zero line and arrows, if there are any.
    fn geometry(bullet: &Bullet) -> String {
        let mut parts = vec![bullet.start(), bullet.width()];
        parts.extend([bullet.goal(), bullet.expected()].into_iter().flatten());
        parts.extend(bullet.zero().map(|zero| format!("zero {zero}")));
        let (right, left) = bullet.cut();
        parts.extend(
            [right.then_some("cut right"), left.then_some("cut left")].into_iter().flatten().map(str::to_owned),
        );
        parts.join(", ").replace('%', "")
    }

    #[test]
    fn the_scale_ends_at_a_fifth_above_the_target() {
        for (actual, target, pace, wanted) in [
            (61, 96, 64, "0.00, 52.95, 83.33, 55.56"),
            (0, 96, 64, "0.00, 0.00, 83.33, 55.56"),
            (120, 100, 50, "0.00, 100.00, 83.33, 41.67"),
            (500, 100, 50, "0.00, 100.00, 83.33, 41.67, cut right"),
            // Growth below zero: the zero line stands at a third, the bar runs left from it.
            (-3, 10, 10, "16.67, 16.67, 88.89, 88.89, zero 33.33"),
            (-60, 10, 10, "0.00, 33.33, 88.89, 88.89, zero 33.33, cut left"),
            // A limit of none: the mark stands at zero, one loss is a long bar.
            (1, 0, 0, "0.00, 83.33, 0.00, 0.00"),
            (0, 0, 0, "0.00, 0.00, 0.00, 0.00"),
            // A target below zero, reached.
            (-1, -5, -5, "55.56, 11.11, 11.11, 11.11, zero 66.67"),
        ] {
            assert_eq!(geometry(&bullet(actual, target, pace)), wanted, "{actual} of {target}, pace {pace}");
        }
    }

    #[test]
    fn everything_stays_inside() {
        for actual in [-1_000, -7, 0, 3, 8, 1_000_000] {
            for target in [None, Some(-4), Some(0), Some(8)] {
                let mut bullet = Bullet::new(actual, "");
                bullet.target = target.map(f64::from);
                let share = |text: String| text.trim_end_matches('%').parse::<f64>().unwrap();
                let (start, width) = (share(bullet.start()), share(bullet.width()));
                assert!((0.0..=100.0).contains(&start) && width >= 0.0 && start + width <= 100.01, "{bullet:?}");
                assert!(!bullet.render().unwrap().contains("NaN"));
            }
        }
    }

    #[test]
    fn the_sentence_is_escaped() {
        assert!(Bullet::new(1, "a \"b\" <c>").to_string().contains("aria-label=\"a &#34;b&#34; &#60;c&#62;\""));
    }
}
