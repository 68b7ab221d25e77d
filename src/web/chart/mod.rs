//! Charts as SVG: geometry in attributes, colour in the stylesheet, a sentence in the label for those who do not see it.
//!
//! Print one with `{{ chart }}`. Numbers become floats here to be drawn; nothing that is drawn is computed with.

mod bars;
mod bridge;
mod bullet;
mod pace_line;
mod pay_line;
mod spark;

pub use bars::{Bar, Bars};
pub use bridge::{Bridge, Step};
pub use bullet::Bullet;
pub use pace_line::{PaceLine, PaceLineData};
pub use pay_line::{PayLine, PayPoint};
use rust_decimal::{Decimal, prelude::ToPrimitive};
pub use spark::Spark;

use crate::domain::money::Money;

/// A number for drawing. What no float holds is drawn as nothing.
fn float(number: Decimal) -> f64 {
    number.to_f64().unwrap_or(0.0)
}

/// An amount for drawing, in minor units.
fn height(amount: Money) -> f64 {
    float(amount.exact())
}

/// A coordinate: a tenth of a unit is finer than a screen.
fn at(coordinate: f64) -> String {
    format!("{coordinate:.1}")
}

/// A round distance between grid lines, for two or three of them up to `high`.
fn round_step(high: f64) -> f64 {
    let rough = (high / 2.0).max(1.0);
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0].into_iter().map(|n| n * power).rfind(|&step| step <= rough);
    step.unwrap_or(power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grid_lines_stand_at_round_numbers() {
        for (high, step) in [(108_054.0, 50_000.0), (99_000.0, 20_000.0), (1.0, 1.0), (0.0, 1.0), (999.0, 200.0)] {
            assert!((round_step(high) - step).abs() < 1e-9, "{high}: {}", round_step(high));
        }
    }
}
