//! The form of a deal: what was typed, row by row, and what it means.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use time::Date;

use super::{
    db::Line,
    page_db::{CreditRow, Deal, LineRow},
};
use crate::{
    domain::{
        company::Company,
        deal::{Credit, Stage},
        id::{ProductId, UserId},
        money::Money,
    },
    web::{form::Errors, format, number},
};

/// The most lines that a form takes.
const MOST_LINES: usize = 100;
/// The most credits that a form takes.
const MOST_CREDITS: usize = 20;
/// How many empty rows "add rows" adds.
const MORE: usize = 3;

/// A deal as typed. Lines and credits are columns: the first entry of each belongs to the first row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct DealForm {
    /// The customer that was ticked.
    pub customer: String,
    /// The name of another customer.
    pub other: String,
    /// Open or won.
    pub stage: String,
    /// Business date of the win.
    pub booked_on: String,
    /// When it is expected.
    pub expected_on: String,
    /// Free words.
    pub notes: String,
    /// Why something in a locked period is changed.
    pub reason: String,
    /// The version that was changed.
    pub version: String,
    /// Pressed to get more rows: `lines` or `credits`.
    pub more: String,
    /// The lines' positions; empty for new ones.
    pub position: Vec<String>,
    /// What was sold.
    pub item: Vec<String>,
    /// How many.
    pub quantity: Vec<String>,
    /// Net amount.
    pub amount: Vec<String>,
    /// Cost.
    pub cost: Vec<String>,
    /// Who is credited.
    pub credit: Vec<String>,
    /// With how many parts.
    pub parts: Vec<String>,
    /// `split` or `overlay`.
    pub counts: Vec<String>,
}

/// What the form is read against.
pub struct Known<'a> {
    /// The products by name.
    pub products: &'a [(ProductId, String)],
    /// Who may be credited.
    pub reps: &'a [(UserId, String)],
    /// The company.
    pub company: &'a Company,
    /// Today at the company.
    pub today: Date,
}

/// What a form says, but for the customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Open or won.
    pub stage: Stage,
    /// Business date of the win, if it is won.
    pub booked_on: Option<Date>,
    /// When it is expected, if it is open.
    pub expected_on: Option<Date>,
    /// Free words.
    pub notes: String,
    /// What is sold.
    pub lines: Vec<Line>,
    /// Who is credited; nobody: the customer's owner.
    pub credits: Vec<Credit>,
}

/// A row of lines as a page shows it.
pub struct LineView<'a> {
    row: usize,
    /// Its position; empty for a new one.
    pub position: &'a str,
    /// What was sold.
    pub item: &'a str,
    /// How many.
    pub quantity: &'a str,
    /// Net amount.
    pub amount: &'a str,
    /// Cost.
    pub cost: &'a str,
}

/// A row of credits as a page shows it.
pub struct CreditView<'a> {
    row: usize,
    /// Who.
    pub rep: &'a str,
    /// With how many parts.
    pub parts: &'a str,
    /// `split` or `overlay`.
    pub counts: &'a str,
}

impl LineView<'_> {
    /// From 1.
    pub fn number(&self) -> usize {
        self.row + 1
    }

    /// The id of a field of this row.
    pub fn id(&self, field: &str) -> String {
        format!("{field}-{}", self.row)
    }
}

impl CreditView<'_> {
    /// From 1.
    pub fn number(&self) -> usize {
        self.row + 1
    }

    /// The id of a field of this row.
    pub fn id(&self, field: &str) -> String {
        format!("{field}-{}", self.row)
    }
}

impl DealForm {
    /// An empty form: won today, credited to this person.
    pub fn new(today: Date, rep: Option<UserId>) -> Self {
        let credit: Vec<String> = rep.iter().map(ToString::to_string).collect();
        let parts = credit.iter().map(|_| "1".to_owned()).collect();
        Self { stage: Stage::Won.as_str().to_owned(), booked_on: today.to_string(), credit, parts, ..Self::default() }
            .padded()
    }

    /// The form of a deal that is there.
    pub fn of(deal: &Deal, lines: &[LineRow], credits: &[CreditRow], company: &Company) -> Self {
        let money = |amount: Money| company.currency.major(amount).to_string();
        let date = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
        Self {
            customer: deal.customer_id.to_string(),
            stage: deal.stage.as_str().to_owned(),
            booked_on: date(deal.booked_on),
            expected_on: date(deal.expected_on),
            notes: deal.notes.clone(),
            version: deal.version.to_string(),
            position: lines.iter().map(|line| line.position.to_string()).collect(),
            item: lines.iter().map(|line| line.item.clone()).collect(),
            quantity: lines.iter().map(|line| line.quantity.normalize().to_string()).collect(),
            amount: lines.iter().map(|line| money(line.amount)).collect(),
            cost: lines.iter().map(|line| line.cost.map(money).unwrap_or_default()).collect(),
            credit: credits.iter().map(|credit| credit.rep_id.to_string()).collect(),
            parts: credits.iter().map(|credit| credit.parts.to_string()).collect(),
            counts: credits.iter().map(|credit| if credit.overlay { "overlay" } else { "split" }.to_owned()).collect(),
            ..Self::default()
        }
        .padded()
    }

    /// With some empty rows at the end, and more where they were asked for.
    #[must_use]
    pub fn padded(mut self) -> Self {
        let wanted = |rows: usize, least: usize, asked: bool| (rows + if asked { MORE } else { 0 }).max(least);
        let lines = wanted(self.line_rows(), 3, self.more == "lines").min(MOST_LINES);
        for column in [&mut self.position, &mut self.item, &mut self.quantity, &mut self.amount, &mut self.cost] {
            column.resize(lines.max(column.len()), String::new());
        }
        let credits = wanted(self.credit_rows(), 2, self.more == "credits").min(MOST_CREDITS);
        for column in [&mut self.credit, &mut self.parts, &mut self.counts] {
            column.resize(credits.max(column.len()), String::new());
        }
        self.more.clear();
        self
    }

    fn line_rows(&self) -> usize {
        [&self.item, &self.quantity, &self.amount, &self.cost].into_iter().map(Vec::len).max().unwrap_or(0)
    }

    fn credit_rows(&self) -> usize {
        self.credit.len().max(self.parts.len())
    }

    /// The rows of lines.
    pub fn lines(&self) -> Vec<LineView<'_>> {
        (0..self.line_rows())
            .map(|row| LineView {
                row,
                position: cell(&self.position, row),
                item: cell(&self.item, row),
                quantity: cell(&self.quantity, row),
                amount: cell(&self.amount, row),
                cost: cell(&self.cost, row),
            })
            .collect()
    }

    /// The rows of credits.
    pub fn credits(&self) -> Vec<CreditView<'_>> {
        (0..self.credit_rows())
            .map(|row| CreditView {
                row,
                rep: cell(&self.credit, row),
                parts: cell(&self.parts, row),
                counts: cell(&self.counts, row),
            })
            .collect()
    }

    /// Reads everything but the customer.
    pub fn parse(&self, known: &Known<'_>, errors: &mut Errors) -> Said {
        let stage =
            Stage::parse(&self.stage).filter(|stage| matches!(stage, Stage::Open | Stage::Won)).unwrap_or_else(|| {
                errors.add("stage", "Choose whether the deal is won or still open.");
                Stage::Open
            });
        let booked_on =
            if stage == Stage::Won { booked(&self.booked_on, known.today, known.company, errors) } else { None };
        let expected_on = if stage == Stage::Open {
            errors.optional_date("expected_on", &self.expected_on, "The expected day")
        } else {
            None
        };
        Said {
            stage,
            booked_on,
            expected_on,
            notes: errors.optional_text("notes", &self.notes, "The note", 2000),
            lines: self.parse_lines(known, errors),
            credits: self.parse_credits(known, errors),
        }
    }

    fn parse_lines(&self, known: &Known<'_>, errors: &mut Errors) -> Vec<Line> {
        let rows = self.lines();
        if rows.len() > MOST_LINES {
            errors.add("item-0", format!("A deal has at most {MOST_LINES} lines. Enter the rest as another deal."));
            return vec![];
        }
        let kept = rows.iter().filter_map(|row| row.position.parse::<i32>().ok()).max().unwrap_or(0);
        let mut next = kept.max(0);
        let mut lines = vec![];
        for row in &rows {
            if [row.item, row.quantity, row.amount, row.cost].iter().all(|typed| typed.trim().is_empty()) {
                continue;
            }
            let position = match row.position.parse::<i32>() {
                Ok(position) if position > 0 && !lines.iter().any(|line: &Line| line.position == position) => position,
                _ => {
                    next = next.saturating_add(1);
                    next
                }
            };
            if let Some(line) = parse_line(row, position, known, errors) {
                lines.push(line);
            }
        }
        if lines.is_empty() && errors.is_empty() {
            errors.add("amount-0", "The deal has no line. Enter at least one amount.");
        }
        lines
    }

    fn parse_credits(&self, known: &Known<'_>, errors: &mut Errors) -> Vec<Credit> {
        let rows = self.credits();
        if rows.len() > MOST_CREDITS {
            errors.add("credit-0", format!("A deal has at most {MOST_CREDITS} credits."));
            return vec![];
        }
        let mut credits: Vec<Credit> = vec![];
        for row in rows.iter().filter(|row| !row.rep.trim().is_empty()) {
            let rep = row.rep.trim().parse().ok().filter(|rep| known.reps.iter().any(|(id, _)| id == rep));
            let Some(rep) = rep else {
                errors.add(row.id("credit"), "Choose a rep of the list.");
                continue;
            };
            let typed = if row.parts.trim().is_empty() { "1" } else { row.parts };
            let parts = match number::count(typed) {
                Ok(parts @ 1..=1_000_000) => parts,
                Ok(_) => {
                    errors.add(row.id("parts"), "Use 1 to 1,000,000 parts.");
                    continue;
                }
                Err(words) => {
                    errors.add(row.id("parts"), words);
                    continue;
                }
            };
            let overlay = row.counts == "overlay";
            if credits.iter().any(|credit| credit.rep == rep && credit.overlay == overlay) {
                errors.add(row.id("credit"), "This rep is credited twice. Use one row with all the parts.");
                continue;
            }
            credits.push(Credit { rep, parts, overlay });
        }
        if !credits.is_empty() && credits.iter().all(|credit| credit.overlay) && errors.is_empty() {
            errors.add("credit-0", "Somebody has to share the deal: an overlay is credited beside the shares.");
        }
        credits
    }
}

/// Business date of a win: not after today.
pub fn booked(typed: &str, today: Date, company: &Company, errors: &mut Errors) -> Option<Date> {
    let day = errors.date("booked_on", typed, "The day of the win")?;
    if day > today {
        errors.add(
            "booked_on",
            format!(
                "{} is after today, {} in the company’s time zone ({}). Leave the deal open until then.",
                format::date(day),
                format::date(today),
                company.time_zone
            ),
        );
        return None;
    }
    Some(day)
}

fn parse_line(row: &LineView<'_>, position: i32, known: &Known<'_>, errors: &mut Errors) -> Option<Line> {
    let item = errors.optional_text(&row.id("item"), row.item, "The name", 200);
    let product = known.products.iter().find(|(_, name)| name.to_lowercase() == item.to_lowercase());
    let quantity = if row.quantity.trim().is_empty() {
        Some(Decimal::ONE)
    } else {
        number::quantity(row.quantity).map_err(|words| errors.add(row.id("quantity"), words)).ok()
    };
    let amount = if row.amount.trim().is_empty() {
        errors.add(row.id("amount"), "The amount is missing. Enter it, or empty the row.");
        None
    } else {
        number::money(row.amount, known.company.currency).map_err(|words| errors.add(row.id("amount"), words)).ok()
    };
    let cost = if row.cost.trim().is_empty() {
        Some(None)
    } else {
        number::money(row.cost, known.company.currency)
            .map(Some)
            .map_err(|words| errors.add(row.id("cost"), words))
            .ok()
    };
    Some(Line {
        position,
        product: product.map(|(id, _)| *id),
        text: if product.is_some() { String::new() } else { item },
        quantity: quantity?,
        amount: amount?,
        cost: cost?,
    })
}

fn cell(column: &[String], row: usize) -> &str {
    column.get(row).map_or("", String::as_str)
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;
    use crate::domain::{company::{GrowthBase, GrowthBasis}, money::Currency};

    const TODAY: Date = date!(2026 - 11 - 19);

    fn company() -> Company {
        Company {
            name: "Nordlys".into(),
            currency: Currency::parse("EUR").unwrap(),
            time_zone: "Europe/Oslo".into(),
            fiscal_start: time::Month::January,
            workdays: vec![1, 2, 3, 4, 5],
            growth_base: GrowthBase::LastYear,
            growth_basis: GrowthBasis::Credited,
            new_customer_months: 12,
            handover_grace_days: 90,
            late_entry_days: 3,
            confirm_deals: true,
        }
    }

    fn read(form: &DealForm) -> (Said, Vec<(String, String)>) {
        let (products, reps) = ([(ProductId(7), "Coffee".to_owned())], [(UserId(1), "Ingrid".to_owned())]);
        let company = company();
        let known = Known { products: &products, reps: &reps, company: &company, today: TODAY };
        let mut errors = Errors::new();
        let said = form.parse(&known, &mut errors);
        let wrong = errors.iter().map(|(field, words)| (field.to_owned(), words.to_owned())).collect();
        (said, wrong)
    }

    fn good() -> DealForm {
        let text = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        DealForm {
            item: text(&["coffee", "", "Delivery"]),
            quantity: text(&["2.5", "", ""]),
            amount: text(&["100", "", "12,50"]),
            cost: text(&["60", "", ""]),
            ..DealForm::new(TODAY, Some(UserId(1)))
        }
    }

    #[test]
    fn lines_are_products_or_words() {
        let (said, wrong) = read(&good());
        assert_eq!(wrong, []);
        assert_eq!(said.stage, Stage::Won);
        let [coffee, delivery] = said.lines.try_into().unwrap();
        assert_eq!((coffee.product, coffee.text.as_str(), coffee.cost), (Some(ProductId(7)), "", Some(Money(6_000))));
        assert_eq!((delivery.product, delivery.text.as_str(), delivery.cost), (None, "Delivery", None));
        assert_eq!((delivery.position, delivery.quantity, delivery.amount), (2, Decimal::ONE, Money(1_250)));
        assert_eq!(said.credits, [Credit { rep: UserId(1), parts: 1, overlay: false }]);
    }

    #[test]
    fn lines_that_were_there_keep_their_position() {
        let mut form = good();
        form.position = vec!["4".into(), String::new(), String::new()];
        let positions: Vec<i32> = read(&form).0.lines.iter().map(|line| line.position).collect();
        assert_eq!(positions, [4, 5]);
        form.position = vec!["4".into(), String::new(), "4".into()];
        let positions: Vec<i32> = read(&form).0.lines.iter().map(|line| line.position).collect();
        assert_eq!(positions, [4, 5]);
    }

    #[test]
    fn more_rows_keep_what_was_typed() {
        let form = DealForm { more: "lines".into(), ..good() }.padded();
        assert_eq!((form.lines().len(), form.credits().len()), (6, 2));
        assert_eq!(form.lines()[2].item, "Delivery");
        let form = DealForm { more: "credits".into(), ..good() }.padded();
        assert_eq!((form.lines().len(), form.credits().len()), (3, 5));
    }

    #[test]
    fn bad_input_is_put_into_words() {
        let with = |change: fn(&mut DealForm)| {
            let mut form = good();
            change(&mut form);
            read(&form).1
        };
        for (wrong, field, words) in [
            (with(|f| f.stage = "lost".into()), "stage", "Choose whether the deal is won or still open."),
            (
                with(|f| f.booked_on = "2026-11-20".into()),
                "booked_on",
                "20 Nov 2026 is after today, 19 Nov 2026 in the company’s time zone (Europe/Oslo). Leave the deal open until then.",
            ),
            (with(|f| f.booked_on.clear()), "booked_on", "The day of the win is missing."),
            (with(|f| f.amount[0] = "12.3456".into()), "amount-0", "12.3456 has too many decimals; EUR has 2."),
            (with(|f| f.amount[0].clear()), "amount-0", "The amount is missing. Enter it, or empty the row."),
            (with(|f| f.quantity[0] = "0".into()), "quantity-0", "0 is not above zero. Use more than 0."),
            (with(|f| f.cost[0] = "x".into()), "cost-0", "“x” is not a number. Use digits, like 1250."),
            (
                with(|f| {
                    f.item.clear();
                    f.quantity.clear();
                    f.amount.clear();
                    f.cost.clear();
                }),
                "amount-0",
                "The deal has no line. Enter at least one amount.",
            ),
            (with(|f| f.credit[0] = "99".into()), "credit-0", "Choose a rep of the list."),
            (with(|f| f.credit[0] = "me".into()), "credit-0", "Choose a rep of the list."),
            (with(|f| f.parts[0] = "0".into()), "parts-0", "Use 1 to 1,000,000 parts."),
            (with(|f| f.parts[0] = "1.5".into()), "parts-0", "1.5 is not whole. Use a whole number, like 12."),
            (
                with(|f| {
                    f.credit[1] = "1".into();
                    f.parts[1] = "2".into();
                }),
                "credit-1",
                "This rep is credited twice. Use one row with all the parts.",
            ),
            (
                with(|f| f.counts[0] = "overlay".into()),
                "credit-0",
                "Somebody has to share the deal: an overlay is credited beside the shares.",
            ),
        ] {
            assert_eq!(wrong, [(field.to_owned(), words.to_owned())]);
        }
    }
}
