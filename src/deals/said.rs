//! What the form of a deal says: read row by row into lines and credits, or into words for each mistake.

use rust_decimal::Decimal;
use time::Date;

use super::{
    db::Line,
    form::{DealForm, LineView, MOST_CREDITS, MOST_LINES},
};
use crate::{
    domain::{
        company::Company,
        deal::{Credit, Stage},
        id::{ProductId, UserId},
        money::{Currency, Money},
    },
    web::{form::Errors, format, number},
};

/// What the form is read against.
pub struct Known<'a> {
    /// The products by name.
    pub products: &'a [(ProductId, String)],
    /// Who may be credited.
    pub reps: &'a [(UserId, String)],
    /// The currencies beside the company's that a deal may be in.
    pub currencies: &'a [Currency],
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
    /// The currency of the lines, if it is not the company's.
    pub currency: Option<Currency>,
    /// Free words; of a credit note the reason.
    pub notes: String,
    /// What is sold. Of a deal in another currency only `original` is known.
    pub lines: Vec<Line>,
    /// Who is credited; nobody: the customer's owner.
    pub credits: Vec<Credit>,
}

impl DealForm {
    /// Reads everything but the customer.
    pub fn parse(&self, known: &Known<'_>, errors: &mut Errors) -> Said {
        let typed = if self.credit_note { Stage::Won.as_str() } else { &self.stage };
        let stage =
            Stage::parse(typed).filter(|stage| matches!(stage, Stage::Open | Stage::Won)).unwrap_or_else(|| {
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
        let currency = self.parse_currency(known, errors);
        let notes = if self.credit_note {
            errors.text("notes", &self.notes, "The reason", 2000)
        } else {
            errors.optional_text("notes", &self.notes, "The note", 2000)
        };
        let lines = self.parse_lines(known, currency, errors);
        Said { stage, booked_on, expected_on, currency, notes, lines, credits: self.parse_credits(known, errors) }
    }

    /// The currency; none: the company's.
    pub fn parse_currency(&self, known: &Known<'_>, errors: &mut Errors) -> Option<Currency> {
        let typed = self.currency.trim();
        if typed.is_empty() || typed == known.company.currency.code() {
            return None;
        }
        let found = known.currencies.iter().find(|currency| currency.code() == typed).copied();
        if found.is_none() {
            errors.add("currency", "Choose a currency of the list: one that has an exchange rate.");
        }
        found
    }

    /// The lines, in this currency or the company's.
    pub fn parse_lines(&self, known: &Known<'_>, currency: Option<Currency>, errors: &mut Errors) -> Vec<Line> {
        let rows = self.lines();
        if rows.len() > MOST_LINES {
            errors.add("item-0", format!("A deal has at most {MOST_LINES} lines. Enter the rest as another deal."));
            return vec![];
        }
        let kept = rows.iter().filter_map(|row| row.position.parse::<i32>().ok()).max().unwrap_or(0);
        let mut next = kept.max(0);
        let mut lines = vec![];
        for row in &rows {
            if row.is_empty() {
                continue;
            }
            let position = match row.position.parse::<i32>() {
                Ok(position) if position > 0 && !lines.iter().any(|line: &Line| line.position == position) => position,
                _ => {
                    next = next.saturating_add(1);
                    next
                }
            };
            if let Some(line) = parse_line(row, position, known, currency, errors) {
                lines.push(if self.credit_note { credited(row, line, errors) } else { line });
            }
        }
        if lines.is_empty() && errors.is_empty() {
            errors.add("amount-0", "The deal has no line. Enter at least one amount.");
        }
        lines
    }

    /// The credits.
    pub fn parse_credits(&self, known: &Known<'_>, errors: &mut Errors) -> Vec<Credit> {
        let rows = self.credits();
        if rows.len() > MOST_CREDITS {
            errors.add("credit-0", format!("A deal has at most {MOST_CREDITS} credits."));
            return vec![];
        }
        let mut credits: Vec<Credit> = vec![];
        let mut overlays: Vec<(String, u32)> = vec![];
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
            if overlay {
                overlays.push((row.id("parts"), parts));
            }
        }
        let shared: u32 = credits.iter().filter(|credit| !credit.overlay).map(|credit| credit.parts).sum();
        for (field, parts) in overlays {
            if shared > 0 && parts > shared {
                errors.add(field, format!("An overlay is the whole deal at most: use up to {shared} parts."));
            }
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

/// The line of a credit note, which takes away what was typed above zero.
fn credited(row: &LineView<'_>, line: Line, errors: &mut Errors) -> Line {
    if line.face() <= Money::ZERO {
        errors.add(row.id("amount"), "Enter what is credited as an amount above zero.");
    }
    Line {
        quantity: -line.quantity,
        amount: -line.amount,
        original: line.original.map(|original| -original),
        cost: line.cost.map(|cost| -cost),
        ..line
    }
}

fn parse_line(
    row: &LineView<'_>,
    position: i32,
    known: &Known<'_>,
    currency: Option<Currency>,
    errors: &mut Errors,
) -> Option<Line> {
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
        let in_currency = currency.unwrap_or(known.company.currency);
        number::money(row.amount, in_currency).map_err(|words| errors.add(row.id("amount"), words)).ok()
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
        amount: if currency.is_some() { Money::ZERO } else { amount? },
        original: if currency.is_some() { Some(amount?) } else { None },
        cost: cost?,
    })
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;
    use crate::domain::{
        company::{GrowthBase, GrowthBasis},
        money::Currency,
    };

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
            late_entry_days: 3,
            confirm_deals: true,
        }
    }

    fn read(form: &DealForm) -> (Said, Vec<(String, String)>) {
        let (products, reps) = ([(ProductId(7), "Coffee".to_owned())], [(UserId(1), "Ingrid".to_owned())]);
        let company = company();
        let currencies = [Currency::parse("NOK").unwrap(), Currency::parse("JPY").unwrap()];
        let known =
            Known { products: &products, reps: &reps, currencies: &currencies, company: &company, today: TODAY };
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
    fn amounts_are_read_in_the_deals_currency_and_costs_in_the_companys() {
        let in_currency = |currency: &str| read(&DealForm { currency: currency.into(), ..good() });
        assert_eq!(in_currency("EUR").0, read(&good()).0, "the company's own is none");
        let (said, wrong) = in_currency("NOK");
        assert_eq!((wrong, said.currency.map(|c| c.to_string())), (vec![], Some("NOK".to_owned())));
        let coffee = &said.lines[0];
        assert_eq!(
            (coffee.amount, coffee.original, coffee.cost),
            (Money::ZERO, Some(Money(10_000)), Some(Money(6_000)))
        );
        assert_eq!(
            in_currency("JPY").1,
            [("amount-2".to_owned(), "12,50 has decimals; JPY has none. Use a whole amount.".to_owned())]
        );
        assert_eq!(in_currency("USD").1[0].0, "currency");
    }

    #[test]
    fn a_credit_note_takes_away_what_is_typed_above_zero() {
        let note = DealForm { credit_note: true, notes: "Broken in transit".into(), ..good() };
        let (said, wrong) = read(&note);
        assert_eq!(wrong, []);
        let coffee = &said.lines[0];
        assert_eq!(
            (said.stage, coffee.quantity, coffee.amount, coffee.cost),
            (Stage::Won, Decimal::new(-25, 1), Money(-10_000), Some(Money(-6_000)))
        );
        let fields = |form: DealForm| read(&form).1.into_iter().map(|(field, _)| field).collect::<Vec<_>>();
        assert_eq!(fields(DealForm { notes: String::new(), ..note.clone() }), ["notes"]);
        let mut below = note;
        below.amount[0] = "-5".into();
        assert_eq!(fields(below), ["amount-0"]);
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
        // A row goes, the others stay.
        let form = DealForm { more: "without-line-0".into(), ..good() }.padded();
        assert_eq!((form.lines().len(), form.lines()[1].item), (3, "Delivery"));
        let form = DealForm { more: "without-credit-0".into(), ..good() }.padded();
        assert_eq!((form.credits().len(), form.credits()[0].rep), (2, ""));
        let form = DealForm { more: "without-line-99".into(), ..good() }.padded();
        assert_eq!(form.lines().len(), 3);
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
