//! The form of a deal as it was typed, row by row.

use serde::{Deserialize, Serialize};
use time::Date;

use super::page_db::{CreditRow, Deal, LineRow};
use crate::{
    customers::pick::Given,
    domain::{
        company::Company,
        deal::Stage,
        id::UserId,
        money::{Currency, Money},
    },
    web::format,
};

/// The most lines that a form takes.
pub const MOST_LINES: usize = 100;
/// The most credits that a form takes.
pub const MOST_CREDITS: usize = 20;
/// How many empty rows "add rows" adds.
const MORE: usize = 3;

/// A deal as typed. Lines and credits are columns: the first entry of each belongs to the first row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct DealForm {
    /// The customer that was ticked.
    pub customer: String,
    /// The customer that the page ticked by itself.
    pub ticked: String,
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
    /// The code of the currency; empty: the company's.
    pub currency: String,
    /// Pressed to see the form again: with more rows (`lines`, `credits`), without one (`without-line-2`,
    /// `without-credit-0`), or with the shares (`shares`).
    pub more: String,
    /// Whether the form is that of a credit note: what is typed above zero is taken away.
    #[serde(skip)]
    pub credit_note: bool,
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
    /// Whether nothing was typed.
    pub fn is_empty(&self) -> bool {
        [self.item, self.quantity, self.amount, self.cost].iter().all(|typed| typed.trim().is_empty())
    }

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

    /// What it says of the customer.
    pub fn given(&self) -> Given<'_> {
        Given { chosen: &self.customer, ticked: &self.ticked, typed: &self.other }
    }

    /// The form of a deal that is there.
    pub fn of(deal: &Deal, lines: &[LineRow], credits: &[CreditRow], company: &Company) -> Self {
        let credit_note = is_credit_note(deal, lines);
        let sign = |amount: Money| if credit_note { -amount } else { amount };
        let shown = |currency: Currency, amount: Money| format::money_field(currency, sign(amount));
        let currency = deal.foreign().unwrap_or(company.currency);
        let date = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
        Self {
            customer: deal.customer_id.to_string(),
            ticked: deal.customer_id.to_string(),
            stage: deal.stage.as_str().to_owned(),
            booked_on: date(deal.booked_on),
            expected_on: date(deal.expected_on),
            notes: deal.notes.clone(),
            version: deal.version.to_string(),
            position: lines.iter().map(|line| line.position.to_string()).collect(),
            item: lines.iter().map(|line| line.item.clone()).collect(),
            quantity: lines.iter().map(|line| format::field(line.quantity.abs())).collect(),
            amount: lines.iter().map(|line| shown(currency, line.face())).collect(),
            cost: lines
                .iter()
                .map(|line| line.cost.map(|cost| shown(company.currency, cost)).unwrap_or_default())
                .collect(),
            currency: currency.code().to_owned(),
            credit_note,
            credit: credits.iter().map(|credit| credit.rep_id.to_string()).collect(),
            parts: credits.iter().map(|credit| credit.parts.to_string()).collect(),
            counts: credits.iter().map(|credit| if credit.overlay { "overlay" } else { "split" }.to_owned()).collect(),
            ..Self::default()
        }
        .padded()
    }

    /// Without the row that was taken out, with some empty ones at the end, and more where they were asked for.
    #[must_use]
    pub fn padded(mut self) -> Self {
        let without = |kind: &str| self.more.strip_prefix(kind)?.parse::<usize>().ok();
        let (line, credit) = (without("without-line-"), without("without-credit-"));
        let take = |columns: &mut [&mut Vec<String>], row: Option<usize>| {
            for column in columns {
                if let Some(row) = row.filter(|row| *row < column.len()) {
                    column.remove(row);
                }
            }
        };
        take(&mut [&mut self.position, &mut self.item, &mut self.quantity, &mut self.amount, &mut self.cost], line);
        take(&mut [&mut self.credit, &mut self.parts, &mut self.counts], credit);
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
}

/// Whether a deal stands alone and takes away: a credit note without its deal.
pub fn is_credit_note(deal: &Deal, lines: &[LineRow]) -> bool {
    deal.returns_id.is_none()
        && deal.net < Money::ZERO
        && lines.iter().all(|line| line.amount <= Money::ZERO && line.quantity.is_sign_negative())
}

fn cell(column: &[String], row: usize) -> &str {
    column.get(row).map_or("", String::as_str)
}
