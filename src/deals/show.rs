//! The page of one deal: what it consists of, what became of it, and what may happen to it next.

use askama::Template;
use axum::{extract::State, response::Response};
use sqlx::PgConnection;

use super::{
    act::{ExpectForm, WinForm},
    close::raises_pay,
    edit,
    form::is_credit_note,
    page_db::{self, CreditRow, Deal, LineRow, ReturnRow},
    web::{badge, path},
};
use crate::{
    App,
    audit::{
        self,
        words::{Act, told},
    },
    domain::{
        access::Permission,
        deal::Stage,
        id::DealId,
        money::{Currency, Money},
    },
    postgres::tx,
    users::reps_db,
    web::{
        auth::{Allowed, ReadSales, Viewer},
        error::Error,
        form::{Errors, Path},
        format,
        page::{Page, answer},
        ui::{Badge, Choice},
    },
};

#[derive(Template)]
#[template(path = "deals/show.html")]
struct ShowPage {
    page: Page,
    deal: Deal,
    badge: Badge,
    lines: Vec<LineRow>,
    credits: Vec<CreditRow>,
    /// Parts of all split credits.
    parts: i64,
    returns: Vec<ReturnRow>,
    left: Money,
    /// What came back, above zero.
    back: Money,
    acts: Vec<Act>,
    /// The day of the win as typed.
    booked_on: String,
    /// The expected day as typed.
    expected_on: String,
    /// Why it is lost, as typed.
    lost_reason: String,
    /// Why it is cancelled, as typed.
    reason: String,
    /// To whom it is given and why, as typed.
    to: String,
    given_reason: String,
    /// Who may get it while it is open.
    colleagues: Vec<Choice>,
    /// "Deal", "Return", "Credit note".
    thing: &'static str,
    /// The code of the deal's currency, if it is not the company's.
    abroad: Option<Abroad>,
    /// What is earned by the lines of which the cost is known, and how many lines that leaves out.
    margin: Option<(Money, usize)>,
    errors: Errors,
    may_change: bool,
    may_confirm: bool,
    waits: bool,
    has_costs: bool,
    /// Whether it may be cancelled: nothing of it came back, and its period is open.
    may_cancel: bool,
    today: time::Date,
}

/// The amounts of a deal in another currency, as its page shows them.
struct Abroad {
    code: String,
    /// "NOK 120,000.00 at 0.0851 = €10,212.00".
    words: String,
    currency: Currency,
}

impl Abroad {
    fn of(deal: &Deal, lines: &[LineRow], me: &Viewer) -> Option<Self> {
        let (currency, rate) = (deal.foreign()?, deal.rate?);
        let total: Money = lines.iter().map(LineRow::face).sum();
        let (total, net) = (format::money(currency, total), format::money(me.company.currency, deal.net));
        Some(Self {
            code: currency.code().to_owned(),
            words: format!("{total} at {} = {net}", format::quantity(&rate)),
            currency,
        })
    }

    fn line(&self, line: &LineRow) -> String {
        format::money(self.currency, line.face())
    }
}

/// What the lines earn of which the cost is known, and how many others there are; nothing where no cost is known.
fn margin(lines: &[LineRow]) -> Option<(Money, usize)> {
    let earned: Vec<Money> = lines.iter().filter_map(|line| Some(line.amount - line.cost?)).collect();
    (!earned.is_empty()).then(|| (earned.iter().copied().sum(), lines.len() - earned.len()))
}

/// The page of a deal.
pub async fn show(
    State(app): State<App>,
    me: Allowed<ReadSales>,
    page: Page,
    Path(id): Path<DealId>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    draw(&mut read, &me, page, id, Next::default(), Errors::new()).await
}

/// What was typed of what happens next to an open deal.
#[derive(Clone, Debug, Default)]
pub struct Next {
    booked_on: Option<String>,
    expected_on: Option<String>,
    lost_reason: String,
    reason: String,
    to: String,
    given_reason: String,
}

impl Next {
    /// Why it is lost.
    pub fn lost(reason: String) -> Self {
        Self { lost_reason: reason, ..Self::default() }
    }

    /// Why it is cancelled.
    pub fn cancelled(reason: String) -> Self {
        Self { reason, ..Self::default() }
    }

    /// To whom it is given, and why.
    pub fn given(to: String, given_reason: String) -> Self {
        Self { to, given_reason, ..Self::default() }
    }
}

impl From<WinForm> for Next {
    fn from(form: WinForm) -> Self {
        Self { booked_on: Some(form.booked_on), ..Self::default() }
    }
}

impl From<ExpectForm> for Next {
    fn from(form: ExpectForm) -> Self {
        Self { expected_on: Some(form.expected_on), ..Self::default() }
    }
}

/// The page of a deal, perhaps with what was wrong about what should happen to it next.
pub async fn draw(
    db: &mut PgConnection,
    me: &Viewer,
    page: Page,
    id: DealId,
    form: Next,
    errors: Errors,
) -> Result<Response, Error> {
    let org = me.scope.org;
    let deal = page_db::find(db, &me.scope, &me.company, me.today, id).await?.ok_or(Error::NotFound)?;
    let credits = page_db::credits(db, org, id).await?;
    let returns = page_db::returns(db, org, id).await?;
    let back: Money = returns.iter().map(|returned| returned.net).sum();
    let lines = page_db::lines(db, org, id, None).await?;
    let waits = me.company.confirm_deals && deal.stage == Stage::Won && deal.confirmed_at.is_none();
    let is_credited = credits.iter().any(|credit| credit.rep_id == me.id);
    let may_confirm = waits && !is_credited && me.may(Permission::ConfirmDeals) && {
        let scope = me.scope_of(Permission::ConfirmDeals);
        page_db::find(db, &scope, &me.company, me.today, id).await?.is_some()
    };
    let may_change = edit::may_change(me, &deal);
    let mut colleagues = vec![];
    if may_change && deal.stage == Stage::Open {
        colleagues = reps_db::selling(db, org, me.today).await?;
        colleagues.retain(|(rep, _)| deal.owner_id != Some(*rep));
    }
    let status = errors.status();
    let expected_on = deal.expected_on.map(|day| day.to_string()).unwrap_or_default();
    let page = ShowPage {
        page,
        badge: badge(deal.stage),
        parts: credits.iter().filter(|credit| !credit.overlay).map(|credit| i64::from(credit.parts)).sum(),
        left: deal.net + back,
        back: -back,
        acts: told(audit::db::history(db, org, &me.company.time_zone, &path(id, "")).await?, me.company.currency),
        may_change,
        colleagues: colleagues.into_iter().map(|(id, name)| Choice::new(id, name)).collect(),
        may_confirm,
        waits,
        thing: match deal.returns_id {
            Some(_) => "Return",
            None if is_credit_note(&deal, &lines) => "Credit note",
            None => "Deal",
        },
        abroad: Abroad::of(&deal, &lines, me),
        margin: margin(&lines),
        may_cancel: matches!(deal.stage, Stage::Open | Stage::Won)
            && returns.is_empty()
            && !deal.locked
            && !raises_pay(db, me, &deal).await?,
        has_costs: lines.iter().any(|line| line.cost.is_some()),
        today: me.today,
        deal,
        lines,
        credits,
        returns,
        booked_on: form.booked_on.unwrap_or_else(|| me.today.to_string()),
        expected_on: form.expected_on.unwrap_or(expected_on),
        lost_reason: form.lost_reason,
        reason: form.reason,
        to: form.to,
        given_reason: form.given_reason,
        errors,
    };
    answer(status, page)
}
