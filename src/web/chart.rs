//! Charts as SVG: geometry in attributes, colour in the stylesheet, the sentence for those who do not see it in a label.

use askama::{Template, filters::HtmlSafe};
use rust_decimal::{Decimal, prelude::ToPrimitive};

use super::ui::Tone;

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
        let known = [self.target, self.pace].into_iter().flatten().fold(0.0, f64::max);
        let high = match self.target {
            Some(target) if target > 0.0 => target * 1.2,
            _ => self.actual.max(known) * 1.2,
        };
        let high = if high > 0.0 { high } else { self.actual.abs().max(1.0) };
        let lowest = [Some(self.actual), self.target, self.pace].into_iter().flatten().fold(0.0, f64::min);
        (if lowest < 0.0 { -high / 2.0 } else { 0.0 }, high)
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

/// A decimal for drawing. What no float holds is drawn as nothing.
fn float(number: Decimal) -> f64 {
    number.to_f64().unwrap_or(0.0)
}

fn percent(share: f64) -> String {
    format!("{share:.2}%")
}
