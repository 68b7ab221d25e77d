//! A rep disputes a line of the own statement, or one record of it.

use std::collections::HashMap;

use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde_json::json;
use sqlx::PgConnection;

use super::db::{self, Asked, Dispute, NewDispute};
use crate::{
    App, audit,
    domain::{
        commission::statement::Line,
        id::{DisputeId, StatementId},
        money::{Currency, Money},
    },
    period_locks,
    postgres::tx::{self, Tx},
    statements::{self, db::StatementRow},
    web::{
        auth::{Allowed, ReadStatements, Viewer},
        error::Error,
        form::{Errors, Form, Path, Query},
        format, number, once,
        page::{Page, answer, html, refused},
        periods,
        toast::Toast,
        ui::Choice,
    },
};

/// A dispute as typed.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct AskForm {
    deal: String,
    expected: String,
    words: String,
}

#[derive(Template)]
#[template(path = "disputes/ask.html")]
struct AskPage {
    page: Page,
    statement: StatementRow,
    position: i32,
    label: String,
    line: Line,
    currency: Currency,
    /// The whole line, and each of its records.
    parts: Vec<Choice>,
    /// One about the same that is not decided.
    existing: Option<DisputeId>,
    form: AskForm,
    errors: Errors,
}

/// A line of an own statement of a locked period.
struct Mine {
    statement: StatementRow,
    position: i32,
    line: Line,
    /// What is disputed about it and not decided.
    open: Vec<Dispute>,
}

impl Mine {
    async fn find(db: &mut PgConnection, me: &Viewer, id: StatementId, position: i32) -> Result<Self, Error> {
        let statement = statements::db::find(db, &me.scope, id, true).await?.ok_or(Error::NotFound)?;
        if statement.rep_id != me.id {
            return Err(Error::Forbidden);
        }
        let rows = statements::db::lines(db, me.scope.org, id).await?;
        let row = rows.into_iter().find(|row| row.position == position).ok_or(Error::NotFound)?;
        let line = serde_json::from_value(row.detail);
        let line = line.map_err(|e| Error::Internal(format!("line {position} of statement {id}: {e}")))?;
        let asked = Asked { statement: Some(id), open: true, ..Asked::default() };
        let open = db::list(db, &me.scope, asked).await?.into_iter().filter(|one| one.position == position).collect();
        Ok(Self { statement, position, line, open })
    }

    /// What is disputed about the same and not decided.
    fn same(&self, deal: Option<i64>) -> Option<DisputeId> {
        self.open.iter().find(|one| one.deal == deal).map(|one| one.id)
    }

    fn page(self, me: &Viewer, page: Page, form: AskForm, errors: Errors) -> AskPage {
        let currency = me.company.currency;
        let mut pays: Vec<(i64, Money)> = vec![];
        for record in &self.line.records {
            let Some(deal) = record.deal else { continue };
            match pays.iter_mut().find(|(known, _)| *known == deal) {
                Some((_, sum)) => *sum += record.amount.money,
                None => pays.push((deal, record.amount.money)),
            }
        }
        let whole = format!("The whole line, {}", format::money(currency, self.line.amount.money));
        let records = pays
            .into_iter()
            .map(|(deal, pays)| Choice::new(deal, format!("Deal {deal}, pays {}", format::money(currency, pays))));
        let label = format::period(periods::containing(self.statement.period_kind, self.statement.period_start, me));
        AskPage {
            page,
            label,
            currency,
            parts: std::iter::once(Choice::new("", whole)).chain(records).collect(),
            existing: self.same(form.deal.trim().parse().ok()),
            position: self.position,
            statement: self.statement,
            line: self.line,
            form,
            errors,
        }
    }
}

/// What of the line is disputed.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct About {
    deal: String,
}

/// The form; what is disputed already leads to its thread.
pub async fn new(
    State(app): State<App>,
    me: Allowed<ReadStatements>,
    page: Page,
    Path((id, position)): Path<(StatementId, i32)>,
    Query(about): Query<About>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let mine = Mine::find(&mut read, &me, id, position).await?;
    if let Some(existing) = mine.same(about.deal.trim().parse().ok()) {
        return Ok(Redirect::to(&format!("/disputes/{existing}")).into_response());
    }
    html(mine.page(&me, page, AskForm { deal: about.deal, ..AskForm::default() }, Errors::new()))
}

/// Opens it.
pub async fn open(
    State(app): State<App>,
    me: Allowed<ReadStatements>,
    page: Page,
    Path((id, position)): Path<(StatementId, i32)>,
    Form { once, fields: form, .. }: Form<AskForm>,
) -> Result<Response, Error> {
    let mut errors = Errors::new();
    let words = errors.text("words", &form.words, "What is wrong", 2000);
    let expected = match number::money(&form.expected, me.company.currency) {
        _ if form.expected.trim().is_empty() => None,
        Ok(amount) => Some(amount),
        Err(words) => {
            errors.add("expected", words);
            None
        }
    };
    // Nobody else writes meanwhile: of the same there is one that is open.
    let mut write = once::begin_alone(&app, &me, once).await?;
    let mine = Mine::find(&mut write, &me, id, position).await?;
    let typed = form.deal.trim();
    let deal = typed.parse::<i64>().ok().filter(|deal| mine.line.records.iter().any(|one| one.deal == Some(*deal)));
    if !typed.is_empty() && deal.is_none() {
        errors.add("deal", "Choose the whole line or one of its deals.");
    }
    if !errors.is_empty() {
        return refused(mine.page(&me, page, form, errors));
    }
    if mine.same(deal).is_some() {
        return answer(StatusCode::CONFLICT, mine.page(&me, page, form, errors));
    }
    let new = NewDispute { statement: id, rep: me.id, position, deal, expected };
    let dispute = opened(&mut write, &new, &mine.line.title(), me.company.currency, &words).await?;
    let toast = Toast::new("Sent. You are told here of each answer");
    write.done_saying(&format!("/disputes/{dispute}"), &toast).await
}

/// Opens a dispute about a line of this title.
pub async fn opened(
    tx: &mut Tx,
    new: &NewDispute,
    line: &str,
    currency: Currency,
    words: &str,
) -> sqlx::Result<DisputeId> {
    let dispute = db::insert(tx, new, words).await?;
    let plain = new.expected.map(|amount| currency.plain(amount));
    let detail = json!({ "rep": new.rep.0, "line": line, "deal": new.deal, "expected": plain });
    audit::db::record(tx, "dispute.opened", &format!("/disputes/{dispute}"), detail).await?;
    Ok(dispute)
}

/// The link of each line of a statement: to what is disputed about it, or for its rep to dispute it.
pub async fn links(
    db: &mut PgConnection,
    me: &Viewer,
    statement: &StatementRow,
    lines: usize,
) -> Result<Vec<Option<(String, String)>>, Error> {
    let asked = Asked { statement: Some(statement.id), ..Asked::default() };
    let mut latest: HashMap<i32, Dispute> = HashMap::new();
    for one in db::list(db, &me.scope, asked).await? {
        latest.entry(one.position).or_insert(one);
    }
    let may_ask = statement.rep_id == me.id && statement.approved_on.is_some() && !statement.superseded && {
        let period = periods::containing(statement.period_kind, statement.period_start, me);
        period_locks::db::is_settled(db, me.scope.org, period).await?
    };
    let link = |position: i32| match latest.get(&position) {
        Some(one) => {
            let words = one.result(me).unwrap_or_else(|| one.badge().words.to_lowercase());
            Some((format!("/disputes/{}", one.id), format!("Disputed: {words}")))
        }
        None if may_ask => {
            Some((format!("/statements/{}/lines/{position}/dispute", statement.id), "Ask or dispute".to_owned()))
        }
        None => None,
    };
    Ok((1..).take(lines).map(link).collect())
}

/// Adds a message to a dispute that nobody has decided.
pub async fn said(tx: &mut Tx, dispute: &Dispute, words: &str) -> sqlx::Result<()> {
    db::say(tx, dispute.id, words).await?;
    let detail = json!({ "rep": dispute.rep_id.0, "line": dispute.about() });
    audit::db::record(tx, "dispute.written", &format!("/disputes/{}", dispute.id), detail).await
}
