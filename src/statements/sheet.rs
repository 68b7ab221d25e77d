//! Sheets of A4 that text flows over: titles, paragraphs and tables, with a head and a page number on each.

use std::ops::Range;

use krilla::{
    Document,
    color::rgb,
    geom::{PathBuilder, Point, Rect},
    metadata::Metadata,
    num::NormalizedF32,
    page::PageSettings,
    paint::{Fill, FillRule},
    text::{Font, GlyphId, KrillaGlyph},
};
use skrifa::{
    FontRef, MetadataProvider,
    charmap::Charmap,
    instance::{LocationRef, Size},
    metrics::GlyphMetrics,
};

/// A4 in points.
const PAPER: (f32, f32) = (595.28, 841.89);
const LEFT: f32 = 55.0;
const RIGHT: f32 = 540.0;
const TOP: f32 = 100.0;
const BOTTOM: f32 = 780.0;
/// Sizes of letters.
const SMALL: f32 = 8.0;
const BODY: f32 = 9.0;
const LARGE: f32 = 17.0;

const REGULAR: &[u8] = include_bytes!("../../assets/fonts/DejaVuSans.ttf");
const BOLD: &[u8] = include_bytes!("../../assets/fonts/DejaVuSans-Bold.ttf");

/// Where a cell's text stands in its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its head, repeated on each sheet.
    pub head: &'static str,
    /// In points.
    pub width: f32,
    /// Where the text stands.
    pub align: Align,
}

/// Black, or the grey of what is said beside.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ink {
    Black,
    Grey,
}

/// A font as it is embedded and as it is measured.
struct Face {
    font: Font,
    letters: Charmap<'static>,
    widths: GlyphMetrics<'static>,
    per_em: f32,
}

/// A piece of text, or a rule across the sheet, at its place.
enum Mark {
    Text { x: f32, y: f32, size: f32, bold: bool, ink: Ink, text: String },
    Rule { y: f32, thick: f32 },
}

/// Sheets that are being written.
pub struct Sheets {
    regular: Face,
    bold: Face,
    head: [String; 3],
    pages: Vec<Vec<Mark>>,
    y: f32,
}

impl Face {
    fn new(bytes: &'static [u8]) -> Result<Self, String> {
        let font = Font::new(bytes.into(), 0).ok_or("the font cannot be embedded")?;
        let measured = FontRef::new(bytes).map_err(|e| e.to_string())?;
        let per_em = font.units_per_em();
        let widths = measured.glyph_metrics(Size::unscaled(), LocationRef::default());
        Ok(Self { font, letters: measured.charmap(), widths, per_em })
    }

    /// The glyphs of a text; their widths are shares of the size.
    fn glyphs(&self, text: &str) -> Vec<KrillaGlyph> {
        let glyph = |(at, letter): (usize, char)| {
            // A letter that the font lacks is drawn as an empty box, and copied as what it is.
            let id = self.letters.map(letter).unwrap_or_default();
            let width = self.widths.advance_width(id).unwrap_or_default() / self.per_em;
            let range: Range<usize> = at..at + letter.len_utf8();
            KrillaGlyph::new(GlyphId::new(id.to_u32()), width, 0.0, 0.0, 0.0, range, None)
        };
        text.char_indices().map(glyph).collect()
    }

    fn width(&self, text: &str, size: f32) -> f32 {
        self.glyphs(text).iter().map(|glyph| glyph.x_advance * size).sum()
    }

    /// The text in lines of at most this width, broken between words, and inside a word that is wider.
    fn lines(&self, text: &str, size: f32, width: f32) -> Vec<String> {
        let mut lines = vec![];
        let mut line = String::new();
        for word in text.split_whitespace() {
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if self.width(&longer, size) <= width {
                line = longer;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for letter in word.chars() {
                line.push(letter);
                if self.width(&line, size) > width && line.chars().count() > 1 {
                    line.pop();
                    lines.push(std::mem::replace(&mut line, letter.to_string()));
                }
            }
        }
        lines.push(line);
        lines
    }

    /// The text, cut with an ellipsis to this width.
    fn clipped(&self, text: &str, size: f32, width: f32) -> String {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if self.width(&text, size) <= width {
            return text;
        }
        let mut kept = text;
        while kept.pop().is_some() {
            let shown = format!("{}…", kept.trim_end());
            if self.width(&shown, size) <= width {
                return shown;
            }
        }
        kept
    }
}

impl Sheets {
    /// The first sheet. `head` stands on each: the first two lines on top, the third at the foot.
    pub fn new(head: [String; 3]) -> Result<Self, String> {
        Ok(Self { regular: Face::new(REGULAR)?, bold: Face::new(BOLD)?, head, pages: vec![vec![]], y: TOP })
    }

    /// The title with a number at its right.
    pub fn title(&mut self, words: &str, number: &str) {
        self.line_of(words, number, LARGE, 26.0);
        self.space(6.0);
    }

    /// A name and its value.
    pub fn pair(&mut self, name: &str, value: &str) {
        for (i, line) in self.regular.lines(value, BODY, RIGHT - LEFT - 80.0).into_iter().enumerate() {
            self.room(13.0);
            if i == 0 {
                self.text(LEFT, BODY, false, Ink::Grey, name.to_owned());
            }
            self.text(LEFT + 80.0, BODY, false, Ink::Black, line);
            self.y += 13.0;
        }
    }

    /// The heading over several parts, never alone at the foot of a sheet.
    pub fn part(&mut self, words: &str) {
        self.space(14.0);
        self.room(90.0);
        self.line_of(words, "", 12.0, 6.0);
    }

    /// The head of a part with its amount, never alone at the foot of a sheet.
    pub fn section(&mut self, words: &str, number: &str) {
        self.space(12.0);
        self.room(70.0);
        self.rule(0.5);
        self.space(16.0);
        self.line_of(words, number, 10.5, 15.0);
    }

    /// A paragraph.
    pub fn words(&mut self, words: &str) {
        for line in self.regular.lines(words, BODY, RIGHT - LEFT) {
            self.room(12.5);
            self.text(LEFT, BODY, false, Ink::Black, line);
            self.y += 12.5;
        }
        self.space(2.0);
    }

    /// The sum under everything.
    pub fn total(&mut self, words: &str, number: &str) {
        self.room(60.0);
        self.rule(1.0);
        self.space(18.0);
        self.line_of(words, number, 12.0, 20.0);
    }

    /// A table whose heads are repeated on each sheet. The widths of the columns make up the sheet's.
    pub fn table(&mut self, columns: &[Column], rows: impl Iterator<Item = Vec<String>>) {
        self.space(4.0);
        self.room(40.0);
        self.heads(columns);
        for row in rows {
            if self.y + 12.0 > BOTTOM {
                self.turn();
                self.heads(columns);
            }
            let cells: Vec<String> = row
                .iter()
                .zip(columns)
                .map(|(cell, column)| self.regular.clipped(cell, SMALL, column.width - 6.0))
                .collect();
            self.row(columns, cells, Ink::Black);
        }
        self.space(4.0);
    }

    fn heads(&mut self, columns: &[Column]) {
        self.y += 8.0;
        self.row(columns, columns.iter().map(|column| column.head.to_owned()).collect(), Ink::Grey);
    }

    fn row(&mut self, columns: &[Column], cells: Vec<String>, ink: Ink) {
        let mut x = LEFT;
        for (column, cell) in columns.iter().zip(cells) {
            let at = match column.align {
                Align::Left => x,
                Align::Right => x + column.width - self.regular.width(&cell, SMALL),
            };
            self.text(at, SMALL, false, ink, cell);
            x += column.width;
        }
        self.y += 12.0;
    }

    /// Bold words at the left, wrapped, and a number at the right of the first line.
    fn line_of(&mut self, words: &str, number: &str, size: f32, step: f32) {
        let width = self.bold.width(number, size);
        for (i, line) in self.bold.lines(words, size, RIGHT - LEFT - width - 12.0).into_iter().enumerate() {
            self.room(step);
            self.text(LEFT, size, true, Ink::Black, line);
            if i == 0 {
                self.text(RIGHT - width, size, true, Ink::Black, number.to_owned());
            }
            self.y += step;
        }
    }

    /// Moves on by so many points.
    pub fn space(&mut self, points: f32) {
        self.y += points;
    }

    /// Turns to a new sheet unless so much fits on this one.
    fn room(&mut self, height: f32) {
        if self.y + height > BOTTOM {
            self.turn();
        }
    }

    fn turn(&mut self) {
        self.pages.push(vec![]);
        self.y = TOP;
    }

    fn text(&mut self, x: f32, size: f32, bold: bool, ink: Ink, text: String) {
        let y = self.y;
        self.mark(Mark::Text { x, y, size, bold, ink, text });
    }

    fn rule(&mut self, thick: f32) {
        let y = self.y;
        self.mark(Mark::Rule { y, thick });
    }

    fn mark(&mut self, mark: Mark) {
        if let Some(page) = self.pages.last_mut() {
            page.push(mark);
        }
    }

    /// The file: every sheet with its head, foot and number.
    pub fn finish(mut self, title: &str) -> Result<Vec<u8>, String> {
        let mut document = Document::new();
        document.set_metadata(Metadata::new().title(title.to_owned()).language("en".to_owned()));
        let pages = std::mem::take(&mut self.pages);
        let count = pages.len();
        for (number, marks) in (1..).zip(pages) {
            let settings = PageSettings::from_wh(PAPER.0, PAPER.1).ok_or("A4 is no size")?;
            let mut page = document.start_page_with(settings);
            let mut surface = page.surface();
            let [what, who, proof] = &self.head;
            let numbered = format!("Page {number} of {count}");
            let right = RIGHT - self.regular.width(&numbered, SMALL);
            let half = RIGHT - LEFT - 90.0;
            let frame = [
                (LEFT, 50.0, self.regular.clipped(what, SMALL, RIGHT - LEFT)),
                (LEFT, 62.0, self.regular.clipped(who, SMALL, RIGHT - LEFT)),
                (LEFT, 805.0, self.regular.clipped(proof, SMALL, half)),
                (right, 805.0, numbered),
            ]
            .map(|(x, y, text)| Mark::Text { x, y, size: SMALL, bold: false, ink: Ink::Grey, text });
            let rule = Mark::Rule { y: 70.0, thick: 0.5 };
            for mark in frame.iter().chain([&rule]).chain(&marks) {
                match mark {
                    Mark::Text { x, y, size, bold, ink, text } => {
                        let face = if *bold { &self.bold } else { &self.regular };
                        surface.set_fill(Some(fill(*ink)));
                        let at = Point::from_xy(*x, *y);
                        surface.draw_glyphs(at, &face.glyphs(text), face.font.clone(), text, *size, false);
                    }
                    Mark::Rule { y, thick } => {
                        surface.set_fill(Some(fill(Ink::Grey)));
                        let mut path = PathBuilder::new();
                        if let Some(rect) = Rect::from_xywh(LEFT, *y, RIGHT - LEFT, *thick) {
                            path.push_rect(rect);
                        }
                        if let Some(path) = path.finish() {
                            surface.draw_path(&path);
                        }
                    }
                }
            }
            surface.finish();
            page.finish();
        }
        document.finish().map_err(|e| format!("{e:?}"))
    }
}

fn fill(ink: Ink) -> Fill {
    let grey = if ink == Ink::Black { 0 } else { 90 };
    Fill { paint: rgb::Color::new(grey, grey, grey).into(), opacity: NormalizedF32::ONE, rule: FillRule::default() }
}
