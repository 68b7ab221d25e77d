//! A line without axes, as high as a line of text: which way something went.

use askama::{Template, filters::HtmlSafe};
use rust_decimal::Decimal;

use super::{at, float};

/// The course of a number over some periods; a period without one is a gap.
#[derive(Clone, Debug, Template)]
#[template(
    ext = "html",
    source = r#"<svg class="spark" viewBox="-2 -2 76 26" preserveAspectRatio="none" role="img" aria-label="{{ label }}"><path d="{{ path }}"/></svg>"#
)]
pub struct Spark {
    label: String,
    path: String,
}

impl HtmlSafe for Spark {}

impl Spark {
    /// The line through these values, oldest first. The label is a sentence with the values that matter.
    pub fn new(values: &[Option<Decimal>], label: impl Into<String>) -> Self {
        let values: Vec<Option<f64>> = values.iter().map(|value| value.map(float)).collect();
        let low = values.iter().flatten().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
        let step = 72.0 / f64::from(u32::try_from(values.len().saturating_sub(1)).unwrap_or(u32::MAX)).max(1.0);
        let mut path = Vec::new();
        let (mut x, mut drawing) = (0.0, false);
        for value in values {
            if let Some(value) = value {
                // A course that does not move is drawn in the middle.
                let y = if high > low { 22.0 - (value - low) / (high - low) * 22.0 } else { 11.0 };
                path.push(format!("{}{} {}", if drawing { "L" } else { "M" }, at(x), at(y)));
            }
            drawing = value.is_some();
            x += step;
        }
        Self { label: label.into(), path: path.concat() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(values: &[Option<i64>]) -> String {
        let values: Vec<_> = values.iter().map(|value| value.map(Decimal::from)).collect();
        Spark::new(&values, "").path
    }

    #[test]
    fn the_line_spans_the_height_and_keeps_its_gaps() {
        assert_eq!(path(&[Some(0), Some(5), Some(10)]), "M0.0 22.0L36.0 11.0L72.0 0.0");
        assert_eq!(path(&[Some(0), None, Some(10), Some(0)]), "M0.0 22.0M48.0 0.0L72.0 22.0");
        assert_eq!(path(&[Some(7), Some(7)]), "M0.0 11.0L72.0 11.0");
        assert_eq!(path(&[Some(7)]), "M0.0 11.0");
        assert_eq!(path(&[]), "");
    }
}
