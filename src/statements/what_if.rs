//! "What if I win this deal" and "what do I need for the next step": answered from today's facts, stored nowhere.

use askama::Template;
use axum::{extract::State, response::Response};

use super::what_if_db::{self, OpenDeal};
use crate::{
    App,
    commission_runs::{
        calculate::Question,
        what_if::{self, Now},
    },
    domain::{
        commission::{
            evaluate::{EvaluateError, evaluate},
            reach,
            statement::Statement,
            what_if::{Supposed, with},
        },
        money::{Currency, Money},
        period::{Period, PeriodKind, add_months},
    },
    postgres::tx,
    web::{
        auth::{Allowed, ReadStatements, Viewer},
        error::Error,
        form::{Errors, Query},
        format, number,
        page::{Page, answer},
        ui::Choice,
    },
};

/// A customer of so many months is an existing one under every plan.
const LONG_AGO: i32 = 120;

/// What is supposed, as typed.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Typed {
    deal: String,
    amount: String,
    customer: String,
}

/// A line of the statement before and after.
struct Changed {
    title: String,
    before: Money,
    after: Money,
}

/// What a won deal would change.
struct Outcome {
    /// "Deal 12, Havn, €500.00 of it yours".
    deal: String,
    before: Money,
    after: Money,
    lines: Vec<Changed>,
}

/// The next step of a component.
struct Step {
    component: String,
    /// "€1,300.00 more in net sales".
    missing: String,
    now: Money,
    then: Money,
    /// "Each further €100.00 then pays €3.00."
    further: String,
}

#[derive(Template)]
#[template(path = "statements/what_if.html")]
struct WhatIfPage {
    page: Page,
    label: String,
    /// What is earned so far; nothing without a plan.
    so_far: Option<Money>,
    outcome: Option<Outcome>,
    steps: Vec<Step>,
    deals: Vec<Choice>,
    customers: [Choice; 2],
    currency: Currency,
    typed: Typed,
    errors: Errors,
}

/// The page: of the signed-in person only.
pub async fn show(
    State(app): State<App>,
    me: Allowed<ReadStatements>,
    page: Page,
    Query(mut typed): Query<Typed>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let mut now = None;
    let month = Period::month(me.today, me.company.fiscal_start);
    for kind in [PeriodKind::Month, PeriodKind::Quarter, PeriodKind::Year] {
        let period = month.at(kind, me.today);
        now = what_if::now(&mut read, &Question::of(&me, period, None), me.id).await?;
        if now.is_some() {
            break;
        }
    }
    let open = what_if_db::open_deals(&mut read, me.scope.org, me.id, me.today).await?;
    let mut errors = Errors::new();
    let supposed = typed.parse(&me, &open, &mut errors);
    if typed.customer.is_empty() {
        "existing".clone_into(&mut typed.customer);
    }
    let (mut outcome, mut steps) = (None, Vec::new());
    if let Some(now) = &now {
        // What is earned now was calculated: only the deal can be too much.
        outcome = supposed.and_then(|deal| {
            let outcome = Outcome::of(now, &deal, me.company.currency);
            outcome.map_err(|_| errors.add("amount", "This is too large to calculate with. Use a smaller amount.")).ok()
        });
        steps = next_steps(now, me.company.currency)?;
    }
    let shown = |deal: &OpenDeal| {
        let part = format::money(me.company.currency, deal.part);
        Choice::new(deal.number, format!("{}, deal {}, {part}", deal.customer, deal.number))
    };
    let status = errors.status();
    answer(
        status,
        WhatIfPage {
            page,
            label: format::period(now.as_ref().map_or(month, |now| now.period)),
            so_far: now.map(|now| now.statement.total.money),
            outcome,
            steps,
            deals: open.iter().map(shown).collect(),
            customers: [
                Choice::new("existing", "An existing customer"),
                Choice::new("new", "A new customer").hint("The first sale ever"),
            ],
            currency: me.company.currency,
            typed,
            errors,
        },
    )
}

impl Typed {
    /// The deal that is supposed; nothing is asked for with an empty form.
    fn parse(&self, me: &Viewer, open: &[OpenDeal], errors: &mut Errors) -> Option<Supposed> {
        let (chosen, amount) = (self.deal.trim(), self.amount.trim());
        if !chosen.is_empty() {
            let found = chosen.parse::<i64>().ok().and_then(|number| open.iter().find(|deal| deal.number == number));
            let Some(deal) = found else {
                errors.add("deal", "Choose one of your open deals, or type an amount.");
                return None;
            };
            return Some(Supposed {
                number: deal.number,
                on: me.today,
                customer: deal.customer.clone(),
                net: deal.net,
                part: deal.part,
                customer_since: deal.customer_since,
                to_new: deal.to_new,
                wins_back: deal.lost,
                primary: deal.primary,
            });
        }
        if amount.is_empty() {
            return None;
        }
        let is_new = match self.customer.as_str() {
            "new" => true,
            "existing" | "" => false,
            _ => {
                errors.add("customer", "Choose a new or an existing customer.");
                return None;
            }
        };
        match number::money(amount, me.company.currency) {
            Ok(amount) if amount > Money::ZERO => Some(Supposed {
                number: i64::MAX,
                on: me.today,
                customer: if is_new { "A new customer" } else { "An existing customer" }.to_owned(),
                net: amount,
                part: amount,
                customer_since: (!is_new).then(|| add_months(me.today, -LONG_AGO)),
                to_new: is_new,
                wins_back: false,
                primary: true,
            }),
            Ok(_) => {
                errors.add("amount", "Give an amount above zero.");
                None
            }
            Err(words) => {
                errors.add("amount", words);
                None
            }
        }
    }
}

impl Outcome {
    fn of(now: &Now, deal: &Supposed, currency: Currency) -> Result<Self, EvaluateError> {
        let then = evaluate(&now.plan, &with(&now.facts, deal, now.base))?;
        let part = format::money(currency, deal.part);
        let deal = if deal.number == i64::MAX {
            format!("{}, {part}", deal.customer)
        } else {
            format!("{}, deal {}, {part} of it yours", deal.customer, deal.number)
        };
        let (before, after) = (now.statement.total.money, then.total.money);
        Ok(Self { deal, before, after, lines: changed(&now.statement, &then) })
    }

    fn more(&self) -> Money {
        self.after - self.before
    }
}

/// The lines of two statements side by side, those that differ; a line that one of them has not pays nothing there.
fn changed(before: &Statement, after: &Statement) -> Vec<Changed> {
    let mut lines: Vec<Changed> = Vec::new();
    let mut add = |title: String, before: Money, after: Money| match lines.iter_mut().find(|line| line.title == title) {
        Some(line) => {
            line.before += before;
            line.after += after;
        }
        None => lines.push(Changed { title, before, after }),
    };
    for line in &before.lines {
        add(line.title(), line.amount.money, Money::ZERO);
    }
    for line in &after.lines {
        add(line.title(), Money::ZERO, line.amount.money);
    }
    lines.retain(|line| line.before != line.after);
    lines
}

fn next_steps(now: &Now, currency: Currency) -> Result<Vec<Step>, Error> {
    let ahead = reach::next(&now.plan, &now.facts).map_err(|e| Error::Internal(format!("next steps: {e}")))?;
    let step = |reach: reach::Reach| {
        let further = reach.further.map_or_else(String::new, |(more, pays)| {
            format!("{more} beyond that then pays {}.", format::money(currency, pays))
        });
        let component = now.plan.components.get(reach.component)?.name.clone();
        Some(Step { component, missing: reach.words, now: reach.now, then: reach.then, further })
    };
    Ok(ahead.into_iter().filter_map(step).collect())
}
