//! Linked returns: the whole of a deal or part of its lines, on a day of their own, never more than is left.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;
use time::Date;

use super::{
    db::{self, Line, NewDeal},
    edit,
    enter::confirms,
    facts::as_new,
    follow::{follow, followers},
    page_db::{self, Deal, LineRow},
    save,
};
use crate::{
    App, audit,
    domain::{
        deal::{Stage, returned_part},
        exchange::Returned,
        id::DealId,
        money::{Currency, Money},
    },
    period_locks,
    postgres::tx,
    web::{
        auth::{Allowed, RecordSales, Viewer},
        error::Error,
        form::{Errors, Form, Path},
        format, number, once,
        page::{Page, answer, html, refused},
        toast::Toast,
        ui::Choice,
    },
};

/// A return as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct ReturnForm {
    /// The day of the return.
    pub booked_on: String,
    /// `all` or `lines`.
    pub whole: String,
    /// How much of each line, in the lines' order.
    pub amount: Vec<String>,
    /// Free words.
    pub notes: String,
    /// Why something in a locked period is changed.
    pub reason: String,
    /// The version that was changed.
    pub version: String,
}

/// A line that may be returned.
struct Returnable {
    row: usize,
    line: LineRow,
    left: Money,
    typed: String,
}

impl Returnable {
    fn id(&self) -> String {
        format!("amount-{}", self.row)
    }
}

#[derive(Template)]
#[template(path = "deals/return.html")]
struct ReturnPage {
    page: Page,
    /// The deal that is returned.
    deal: Deal,
    /// The return that is changed; none: a new one.
    change: Option<Deal>,
    lines: Vec<Returnable>,
    /// The deal's currency: that of all amounts of the form.
    currency: Currency,
    left: Money,
    form: ReturnForm,
    errors: Errors,
    choices: Vec<Choice>,
    symbol: String,
    today: Date,
    /// What somebody else saved meanwhile, where it differs.
    stored: Option<Vec<(String, String)>>,
}

impl ReturnPage {
    fn new(me: &Viewer, page: Page, deal: Deal, rest: &Rest, form: ReturnForm) -> Self {
        let lines = rest.lines.iter().enumerate().map(|(row, line)| Returnable {
            row,
            left: line.face() - line.face_returned(),
            line: line.clone(),
            typed: form.amount.get(row).cloned().unwrap_or_default(),
        });
        let whole = rest.lines.iter().map(LineRow::face).sum();
        let all = format!("{} of {}", format::money(rest.currency, rest.left), format::money(rest.currency, whole));
        Self {
            page,
            lines: lines.collect(),
            currency: rest.currency,
            left: rest.left,
            form,
            errors: Errors::new(),
            choices: vec![
                Choice::new("all", "All that is left").hint(all),
                Choice::new("lines", "By line").hint("Enter how much of each line comes back"),
            ],
            symbol: rest.currency.symbol().trim().to_owned(),
            today: me.today,
            deal,
            change: None,
            stored: None,
        }
    }
}

/// What of a deal has not come back yet, in the deal's currency.
pub struct Rest {
    lines: Vec<LineRow>,
    left: Money,
    currency: Currency,
    /// Of a deal in another currency: what came back.
    back: Option<Returned>,
}

impl Rest {
    /// A deal of which nothing has come back.
    pub async fn before_returns(db: &mut PgConnection, me: &Viewer, deal: &Deal) -> Result<Self, Error> {
        let mut lines = page_db::lines(db, me.scope.org, deal.id, None).await?;
        for line in &mut lines {
            (line.returned, line.returned_original) = (Money::ZERO, Money::ZERO);
        }
        Ok(Self::of(me, deal, lines))
    }

    /// The lines that a return of the same amounts has now.
    pub fn taken_back(&self, own: &[Line]) -> Vec<Line> {
        let amount = |line: &LineRow| {
            let own = own.iter().find(|own| own.position == line.position);
            own.map_or(Money::ZERO, |own| -own.face())
        };
        self.returned_lines(&self.lines.iter().map(amount).collect::<Vec<_>>())
    }

    /// The whole of a deal with these lines.
    fn of(me: &Viewer, deal: &Deal, lines: Vec<LineRow>) -> Self {
        let (own, foreign) = (me.company.currency, deal.foreign());
        let sold = lines.iter().map(|line| (line.position, line.face(), line.amount));
        let back = foreign.zip(deal.rate).map(|(currency, rate)| Returned::new(sold, currency, rate, own));
        Self { left: lines.iter().map(LineRow::face).sum(), currency: foreign.unwrap_or(own), back, lines }
    }

    /// This has come back.
    pub fn take(&mut self, back: &[Line]) {
        for line in &mut self.lines {
            for back in back.iter().filter(|back| back.position == line.position) {
                line.returned -= back.amount;
                line.returned_original -= back.original.unwrap_or_default();
            }
        }
        if let Some(returned) = &mut self.back {
            for line in back {
                returned.stepped(line.position, -line.face(), -line.amount);
            }
        }
    }

    async fn load(db: &mut PgConnection, me: &Viewer, deal: &Deal, except: Option<DealId>) -> Result<Self, Error> {
        let lines = page_db::lines(db, me.scope.org, deal.id, except).await?;
        let returns = page_db::returns(db, me.scope.org, deal.id).await?;
        let others = || returns.iter().filter(|returned| Some(returned.id) != except);
        let (mut face, mut amount): (Money, Money) = (
            others().map(|returned| -returned.original.unwrap_or(returned.net)).sum(),
            others().map(|returned| -returned.net).sum(),
        );
        let mut rest = Self::of(me, deal, lines);
        rest.left -= face;
        if let Some(back) = &mut rest.back {
            for line in &rest.lines {
                back.stepped(line.position, line.face_returned(), line.returned);
                (face, amount) = (face - line.face_returned(), amount - line.returned);
            }
            // What came back of no line that the deal has.
            back.stepped(0, face, amount);
        }
        Ok(rest)
    }

    /// What comes back of each line: what was typed, or all that is left. Above zero for a line above zero.
    fn amounts(&self, form: &ReturnForm, errors: &mut Errors) -> Vec<Money> {
        let currency = self.currency;
        if form.whole != "lines" {
            let all: Vec<Money> = self.lines.iter().map(|line| line.face() - line.face_returned()).collect();
            let has_more_back = |(left, line): (&Money, &LineRow)| left.0.signum() * line.face().0.signum() < 0;
            if all.iter().copied().sum::<Money>() == self.left && !all.iter().zip(&self.lines).any(has_more_back) {
                return all;
            }
            // Imported returns need not say of which line they are: then lines come back in order, up to what is left.
            let mut left = self.left;
            let take = |line: Money| {
                let part = line.max(Money::ZERO).min(left);
                left -= part;
                part
            };
            return all.into_iter().map(take).collect();
        }
        let mut amounts = vec![];
        for (row, line) in self.lines.iter().enumerate() {
            let typed = form.amount.get(row).map_or("", |typed| typed.trim());
            let left = line.face() - line.face_returned();
            let amount = match (typed, number::money(typed, currency)) {
                ("", _) => Money::ZERO,
                (_, Err(words)) => {
                    errors.add(format!("amount-{row}"), words);
                    Money::ZERO
                }
                (_, Ok(amount)) if amount < Money::ZERO || amount > left => {
                    let left = format::money(currency, left.max(Money::ZERO));
                    errors.add(format!("amount-{row}"), format!("{left} of this line is left. Use 0 to {left}."));
                    Money::ZERO
                }
                (_, Ok(amount)) => amount,
            };
            amounts.push(amount);
        }
        let total: Money = amounts.iter().copied().sum();
        if errors.is_empty() && total == Money::ZERO {
            errors.add("amount-0", "Nothing comes back. Enter how much of a line does.");
        } else if total > self.left {
            let left = format::money(currency, self.left);
            errors.add("amount-0", format!("{left} of this deal is left. Return less."));
        }
        amounts
    }

    /// The lines of the return: below zero, with their part of quantity and cost.
    fn returned_lines(&self, amounts: &[Money]) -> Vec<Line> {
        let part = |line: &LineRow, amount: Money, of: Decimal, decimals: u32| {
            -returned_part(line.face(), line.face_returned(), amount, of, decimals)
        };
        let mut back = self.back.clone();
        // In the company's currency, at the deal's rate.
        let mut in_company = |line: &LineRow, amount: Money| match &mut back {
            None => amount,
            Some(back) => back.step(line.position, amount).unwrap_or_default(),
        };
        self.lines
            .iter()
            .zip(amounts)
            .filter(|(_, amount)| **amount != Money::ZERO)
            .map(|(line, &amount)| Line {
                position: line.position,
                product: line.product_id,
                text: if line.product_id.is_some() { String::new() } else { line.item.clone() },
                quantity: part(line, amount, line.quantity, 3),
                amount: -in_company(line, amount),
                original: line.original.map(|_| -amount),
                cost: line.cost.map(|cost| Money::from_exact(part(line, amount, cost.exact(), 0))),
            })
            .collect()
    }
}

/// A deal of which something may come back: won, above zero, no return itself, not all of it back.
async fn find_returnable(db: &mut PgConnection, me: &Viewer, id: DealId) -> Result<(Deal, Rest), Error> {
    let deal = edit::find_editable(db, me, id).await?;
    if deal.stage != Stage::Won || deal.returns_id.is_some() || deal.net <= Money::ZERO {
        return Err(Error::Conflict("Only a won deal above zero can be returned."));
    }
    let rest = Rest::load(db, me, &deal, None).await?;
    if rest.left <= Money::ZERO {
        return Err(Error::Conflict("Everything of this deal has come back already."));
    }
    Ok((deal, rest))
}

/// The form of a new return.
pub async fn new(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Path(id): Path<DealId>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let (deal, rest) = find_returnable(&mut read, &me, id).await?;
    let form = ReturnForm { booked_on: me.today.to_string(), whole: "all".to_owned(), ..ReturnForm::default() };
    html(ReturnPage::new(&me, page, deal, &rest, form))
}

/// A new return.
pub async fn create(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Path(id): Path<DealId>,
    Form { once, fields, .. }: Form<ReturnForm>,
) -> Result<Response, Error> {
    let mut write = once::begin(&app, &me, once).await?;
    edit::find_editable(&mut write, &me, id).await?;
    db::lock(&mut write, id).await?;
    let (deal, rest) = find_returnable(&mut write, &me, id).await?;
    let mut errors = Errors::new();
    let day = day(&fields, &deal, &me, &mut errors);
    let amounts = rest.amounts(&fields, &mut errors);
    let notes = errors.optional_text("notes", &fields.notes, "The note", 2000);
    let (Some(day), true) = (day, errors.is_empty()) else {
        drop(write);
        let mut page = ReturnPage::new(&me, page, deal, &rest, fields);
        page.errors = errors;
        return refused(page);
    };
    let original = as_new(&mut write, &me, &deal).await?;
    let new = NewDeal {
        opened_on: Some(day),
        booked_on: Some(day),
        expected_on: None,
        returns: Some(id),
        notes,
        confirmed: confirms(&me, &original.credits),
        lines: rest.returned_lines(&amounts),
        ..original
    };
    let returned = save::enter(&mut write, &new).await?;
    let path = format!("/deals/{returned}");
    let amount = format::money(me.company.currency, -new.net());
    let detail = json!({ "new": { "returns_deal": deal.number, "day": day.to_string(), "net": format::stored(|| format::money(me.company.currency, new.net())) } });
    audit::db::record(&mut write, "deal.returned", &path, detail.clone()).await?;
    audit::db::record(&mut write, "deal.returned", &format!("/deals/{id}"), detail).await?;
    write.done_saying(&path, &Toast::new(format!("Return of {amount} saved"))).await
}

/// The day of the return: between the win and today.
fn day(form: &ReturnForm, deal: &Deal, me: &Viewer, errors: &mut Errors) -> Option<Date> {
    let day = errors.date("booked_on", &form.booked_on, "The day of the return")?;
    let (shown, today) = (format::date(day), format::date(me.today));
    if day > me.today {
        let zone = &me.company.time_zone;
        errors.add("booked_on", format!("{shown} is after today, {today} in the company’s time zone ({zone})."));
        return None;
    }
    if let Some(won) = deal.booked_on.filter(|won| day < *won) {
        errors.add("booked_on", format!("{shown} is before {}, when the deal was won.", format::date(won)));
        return None;
    }
    Some(day)
}

/// The form of a return that is there.
pub async fn draw_edit(
    db: &mut PgConnection,
    me: &Viewer,
    page: Page,
    change: &Deal,
    original: DealId,
    lines: &[LineRow],
) -> Result<Response, Error> {
    let deal = page_db::find(db, &me.scope, &me.company, me.today, original).await?.ok_or(Error::NotFound)?;
    let rest = Rest::load(db, me, &deal, Some(change.id)).await?;
    let typed = |line: &LineRow| {
        let own = lines.iter().find(|own| own.position == line.position);
        own.map(|own| format::money_field(rest.currency, -own.face())).unwrap_or_default()
    };
    let form = ReturnForm {
        booked_on: change.booked_on.map(|day| day.to_string()).unwrap_or_default(),
        whole: "lines".to_owned(),
        amount: rest.lines.iter().map(typed).collect(),
        notes: change.notes.clone(),
        version: change.version.to_string(),
        ..ReturnForm::default()
    };
    let mut page = ReturnPage::new(me, page, deal, &rest, form);
    page.change = Some(change.clone());
    html(page)
}

/// A return that was changed. Its address is the deal's that it returns, with the return behind it.
pub async fn update(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Path(id): Path<DealId>,
    Form { once, fields, .. }: Form<ReturnForm>,
) -> Result<Response, Error> {
    let mut write = once::begin(&app, &me, once).await?;
    let original = edit::find_editable(&mut write, &me, id).await?.returns_id.ok_or(Error::NotFound)?;
    db::lock(&mut write, original).await?;
    let change = edit::find_editable(&mut write, &me, id).await?;
    let deal = page_db::find(&mut write, &me.scope, &me.company, me.today, original).await?.ok_or(Error::NotFound)?;
    let rest = Rest::load(&mut write, &me, &deal, Some(id)).await?;
    let mut errors = Errors::new();
    let day = day(&fields, &deal, &me, &mut errors);
    let amounts = rest.amounts(&fields, &mut errors);
    let notes = errors.optional_text("notes", &fields.notes, "The note", 2000);
    let reason = errors.optional_text("reason", &fields.reason, "The reason", 500);
    if day.is_some() && period_locks::db::crosses(&mut write, me.scope.org, change.booked_on, day).await? {
        errors.add("booked_on", "A return moves neither out of a locked period nor into one. Keep its day.");
    } else if change.locked && reason.is_empty() {
        errors.add("reason", "The period of this return is locked. Say why you change it.");
    }
    let before = as_new(&mut write, &me, &change).await?;
    let mut new = NewDeal { notes, lines: rest.returned_lines(&amounts), booked_on: day, ..before.clone() };
    new.confirmed = before.confirmed && (before == new || confirms(&me, &new.credits));
    let told = |deal: &NewDeal| {
        let lines = deal.lines.iter().map(|line| {
            let item = rest.lines.iter().find(|of| of.position == line.position).map_or("", |of| &of.item);
            format!("{item}: {}", format::money(rest.currency, line.face()))
        });
        json!({
            "day": deal.booked_on.map(|day| day.to_string()),
            "net": format::money(me.company.currency, deal.net()),
            "lines": lines.collect::<Vec<_>>(),
            "note": deal.notes,
        })
    };
    let version = fields.version.parse().unwrap_or(0);
    let others = followers(&mut write, &me, &deal).await?;
    if !errors.is_empty() || !save::change(&mut write, id, version, &new, change.customer_id).await? {
        drop(write);
        let status = if errors.is_empty() { StatusCode::CONFLICT } else { StatusCode::UNPROCESSABLE_ENTITY };
        let form =
            if errors.is_empty() { ReturnForm { version: change.version.to_string(), ..fields } } else { fields };
        let mut page = ReturnPage::new(&me, page, deal, &rest, form);
        let differing = audit::words::changes(&json!({ "old": told(&new), "new": told(&before) }));
        let stored = differing.into_iter().map(|change| (change.label, change.new)).collect();
        page.stored = errors.is_empty().then_some(stored);
        page.errors = errors;
        page.change = Some(change);
        return answer(status, page);
    }
    follow(&mut write, &me, original, &others, None).await?;
    let path = format!("/deals/{id}");
    let detail = format::stored(|| json!({ "old": told(&before), "new": told(&new), "reason": reason }));
    audit::db::record(&mut write, "deal.changed", &path, detail).await?;
    write.done_saying(&path, &Toast::new(format!("Return {} changed", change.number))).await
}
