//! The pages of disputes: the list of those in sight, finance's queue, and the thread of each.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use sqlx::PgConnection;

use super::{
    ask,
    db::{self, Asked, Dispute, Message},
    decide, told,
};
use crate::{
    App,
    domain::{
        access::{Permission, Role},
        calendar::Calendar,
        commission::statement::Line,
        id::DisputeId,
        money::{Currency, Money},
    },
    postgres::tx,
    statements,
    web::{
        auth::{Allowed, ReadStatements, Viewer},
        error::Error,
        form::{Errors, Form, Path, Query},
        format, once,
        page::{Page, answer, html, refused},
        routes::Routes,
        toast::Toast,
        ui::Switch,
    },
};

/// The routes of disputes.
pub fn routes() -> Routes {
    Routes::new()
        .get("/disputes", index)
        .get("/disputes/{id}", show)
        .post("/disputes/{id}/messages", say)
        .post("/disputes/{id}/acceptance", decide::accept)
        .post("/disputes/{id}/refusal", decide::refuse)
        .post("/disputes/{id}/withdrawal", decide::withdraw)
        .get("/statements/{id}/lines/{line}/dispute", ask::new)
        .post("/statements/{id}/lines/{line}/dispute", ask::open)
}

/// A dispute as lists show it.
pub struct Listed {
    /// The dispute.
    pub dispute: Dispute,
    /// "Sales, October 2026".
    pub title: String,
    /// "waiting for 3 working days", "accepted, €50.00 comes with November 2026".
    pub words: String,
}

impl Listed {
    fn new(dispute: Dispute, me: &Viewer, calendar: &Calendar) -> Self {
        let title = format!("{}, {}", dispute.about(), dispute.label(me));
        let words = dispute.result(me).unwrap_or_else(|| dispute.age(calendar, me.today));
        Self { dispute, title, words: format::capital(&words) }
    }
}

#[derive(Template)]
#[template(path = "disputes/index.html")]
struct IndexPage {
    page: Page,
    disputes: Vec<Listed>,
    tabs: Vec<Switch>,
    /// Whether somebody else's disputes are in sight.
    others: bool,
    all: bool,
    /// "3 wait for an answer, the first for 4 working days".
    summary: String,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Which {
    show: String,
}

async fn index(
    State(app): State<App>,
    me: Allowed<ReadStatements>,
    page: Page,
    Query(which): Query<Which>,
) -> Result<Response, Error> {
    let all = which.show == "all";
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let found = db::list(&mut read, &me.scope, Asked { open: !all, ..Asked::default() }).await?;
    let calendar = told::calendar(&mut read, me.scope.org, &found, me.today).await?;
    let waiting = found.iter().filter(|one| one.waits_since.is_some()).count();
    let first = found.first().filter(|one| one.waits_since.is_some());
    let summary = first.map_or_else(String::new, |first| {
        let waiting = i64::try_from(waiting).unwrap_or(i64::MAX);
        let count = format::capital(&format::in_words(waiting, "dispute waits", "disputes wait"));
        format!("{count} for an answer; the first is {}.", first.age(&calendar, me.today))
    });
    let disputes = found.into_iter().map(|one| Listed::new(one, &me, &calendar)).collect();
    let tabs = vec![Switch::new("Undecided", "/disputes", !all), Switch::new("All", "/disputes?show=all", all)];
    html(IndexPage { page, disputes, tabs, others: me.roles.iter().any(|role| *role != Role::Rep), all, summary })
}

/// What is typed into the forms of a thread.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct ThreadForm {
    /// A message.
    pub words: String,
    /// What an acceptance pays.
    pub amount: String,
    /// Why it is accepted.
    pub reason: String,
    /// Why it is refused.
    pub why: String,
    /// How many messages there were when the form was drawn.
    pub version: String,
}

/// The thread of a dispute.
#[derive(Template)]
#[template(path = "disputes/show.html")]
pub struct ThreadPage {
    page: Page,
    title: String,
    age: String,
    result: Option<String>,
    /// What is disputed pays so much.
    pays: Money,
    /// The rule of the line.
    rule: String,
    deal_href: Option<String>,
    messages: Vec<Message>,
    currency: Currency,
    is_mine: bool,
    may_say: bool,
    may_decide: bool,
    /// What changed since the form was drawn that was sent.
    stale: Option<String>,
    form: ThreadForm,
    errors: Errors,
    dispute: Dispute,
}

impl ThreadPage {
    /// The thread of a dispute in sight, with what was typed into its forms.
    pub async fn load(
        db: &mut PgConnection,
        me: &Viewer,
        page: Page,
        id: DisputeId,
        mut form: ThreadForm,
        errors: Errors,
    ) -> Result<Self, Error> {
        let dispute = db::find(db, &me.scope, id).await?.ok_or(Error::NotFound)?;
        let line = line(db, me, &dispute).await?;
        let pays = disputed(&dispute, &line);
        let calendar = told::calendar(db, me.scope.org, std::slice::from_ref(&dispute), me.today).await?;
        let open = dispute.outcome.is_none();
        let is_mine = dispute.rep_id == me.id;
        if form.amount.is_empty()
            && errors.is_empty()
            && let Some(expected) = dispute.expected
        {
            form.amount = format::money_field(me.company.currency, expected - pays);
        }
        Ok(Self {
            title: format!("{}, {}", dispute.about(), dispute.label(me)),
            age: format::capital(&dispute.age(&calendar, me.today)),
            result: dispute.result(me).map(|words| format::capital(&words)),
            pays,
            rule: line.rule,
            deal_href: dispute.deal_id.map(|deal| format!("/deals/{deal}")),
            messages: db::messages(db, me.scope.org, id).await?,
            currency: me.company.currency,
            is_mine,
            may_say: open,
            may_decide: open && !is_mine && me.may(Permission::PrepareCommission),
            stale: None,
            form,
            errors,
            dispute,
            page,
        })
    }

    /// The thread as it is now, for a form that was drawn before somebody else decided or wrote (409).
    pub async fn conflict(
        app: &App,
        me: &Viewer,
        page: Page,
        id: DisputeId,
        form: ThreadForm,
    ) -> Result<Response, Error> {
        let mut read = tx::read(&app.db, me.scope.org).await?;
        let mut thread = Self::load(&mut read, me, page, id, form, Errors::new()).await?;
        thread.stale = Some(match (&thread.dispute.decided_by, thread.dispute.outcome) {
            (Some(by), Some(outcome)) => {
                format!("{by} has {} this dispute meanwhile. Nothing was saved.", outcome.label().to_lowercase())
            }
            _ => "Somebody has written meanwhile. Read it, then decide. Nothing was saved yet.".to_owned(),
        });
        answer(StatusCode::CONFLICT, thread)
    }

    /// What was typed and is not sent any more, where its form is gone.
    fn unsent(&self) -> Option<&str> {
        let typed = [&self.form.words, &self.form.reason, &self.form.why].into_iter().find(|words| !words.is_empty());
        typed.filter(|_| self.dispute.outcome.is_some()).map(String::as_str)
    }
}

/// The line of a dispute as the statement has it.
pub async fn line(db: &mut PgConnection, me: &Viewer, dispute: &Dispute) -> Result<Line, Error> {
    let id = dispute.statement_id;
    let lines = statements::db::lines(db, me.scope.org, id).await?;
    let row = lines.into_iter().find(|row| row.position == dispute.position).ok_or(Error::NotFound)?;
    serde_json::from_value(row.detail)
        .map_err(|e| Error::Internal(format!("line {} of statement {id}: {e}", dispute.position)))
}

/// What the disputed line or record pays.
fn disputed(dispute: &Dispute, line: &Line) -> Money {
    match dispute.deal {
        Some(deal) => {
            line.records.iter().filter(|record| record.deal == Some(deal)).map(|record| record.amount.money).sum()
        }
        None => dispute.line_amount,
    }
}

async fn show(
    State(app): State<App>,
    me: Allowed<ReadStatements>,
    page: Page,
    Path(id): Path<DisputeId>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    html(ThreadPage::load(&mut read, &me, page, id, ThreadForm::default(), Errors::new()).await?)
}

async fn say(
    State(app): State<App>,
    me: Allowed<ReadStatements>,
    page: Page,
    Path(id): Path<DisputeId>,
    Form { once, fields: form, .. }: Form<ThreadForm>,
) -> Result<Response, Error> {
    let mut errors = Errors::new();
    let words = errors.text("words", &form.words, "The message", 2000);
    let mut write = once::begin_alone(&app, &me, once).await?;
    let dispute = db::find(&mut write, &me.scope, id).await?.ok_or(Error::NotFound)?;
    if dispute.outcome.is_some() {
        drop(write);
        return ThreadPage::conflict(&app, &me, page, id, form).await;
    }
    if !errors.is_empty() {
        let thread = ThreadPage::load(&mut write, &me, page, id, form, errors).await?;
        return refused(thread);
    }
    ask::said(&mut write, &dispute, &words).await?;
    write.done_saying(&format!("/disputes/{id}"), &Toast::new("Message sent")).await
}
