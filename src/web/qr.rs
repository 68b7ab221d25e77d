//! QR codes as SVG, with attributes only: the content security policy allows no styles in a page.

use askama::{Template, filters::HtmlSafe};
use qrcode::{Color, EcLevel, QrCode};

/// So many modules around it stay white, that a camera finds it.
const MARGIN: usize = 4;

/// A QR code; a template prints it with `{{ qr }}`.
#[derive(Clone, Debug, Template)]
#[template(
    source = r##"<svg viewBox="0 0 {{ size }} {{ size }}" width="232" height="232" role="img" aria-label="{{ label }}" shape-rendering="crispEdges"><rect width="{{ size }}" height="{{ size }}" fill="#fff"/><path fill="#000" d="{{ path }}"/></svg>"##,
    ext = "html"
)]
pub struct Qr {
    size: usize,
    path: String,
    label: &'static str,
}

impl HtmlSafe for Qr {}

impl Qr {
    /// The code of a text, and what it is for those who do not see it. Nothing: the text is too long for one.
    pub fn new(text: &str, label: &'static str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
        let width = code.width();
        let modules = code.to_colors();
        let rows = modules.chunks(width).zip(MARGIN..);
        let path = rows.flat_map(|(row, y)| runs(row).map(move |(x, n)| format!("M{} {y}h{n}v1h-{n}z", x + MARGIN)));
        Some(Self { size: width + 2 * MARGIN, path: path.collect(), label })
    }
}

/// The runs of dark modules of a row: where each begins and how long it is.
fn runs(row: &[Color]) -> impl Iterator<Item = (usize, usize)> {
    let runs = row.chunk_by(|one, next| one == next).scan(0, |at, run| {
        let begin = *at;
        *at += run.len();
        Some((run.first() == Some(&Color::Dark), begin, run.len()))
    });
    runs.filter(|(dark, ..)| *dark).map(|(_, begin, length)| (begin, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Paints the path again, module by module.
    fn painted(qr: &Qr) -> Vec<(usize, usize)> {
        let mut dark = vec![];
        for run in qr.path.split('M').skip(1) {
            let (begin, rest) = run.split_once('h').unwrap();
            let (x, y) = begin.split_once(' ').unwrap();
            let length: usize = rest.split_once('v').unwrap().0.parse().unwrap();
            let (x, y): (usize, usize) = (x.parse().unwrap(), y.parse().unwrap());
            dark.extend((x..x + length).map(|x| (x, y)));
        }
        dark.sort_by_key(|(x, y)| (*y, *x));
        dark
    }

    #[test]
    fn the_picture_has_every_dark_module_and_no_other() {
        let text = "otpauth://totp/Attain:ingrid%40example%2Ecom?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Attain";
        let qr = Qr::new(text, "Code").unwrap();
        let code = QrCode::with_error_correction_level(text, EcLevel::M).unwrap();
        let width = code.width();
        let dark: Vec<(usize, usize)> = (0..width)
            .flat_map(|y| (0..width).map(move |x| (x, y)))
            .filter(|at| code[*at] == Color::Dark)
            .map(|(x, y)| (x + MARGIN, y + MARGIN))
            .collect();
        assert_eq!(painted(&qr), dark);
        assert!(Qr::new(&"x".repeat(5_000), "Code").is_none());
    }

    #[test]
    fn it_needs_no_style() {
        let svg = Qr::new("Attain", "A code").unwrap().render().unwrap();
        assert!(svg.contains("aria-label=\"A code\"") && !svg.contains("style"), "{svg}");
    }
}
