//! What finance does by hand to one rep's pay in a run: hold a line or a deal, adjust with a reason, note; and take it back.

use std::time::Instant;

use askama::Template;
use axum::{extract::State, response::Response};
use serde_json::json;
use sqlx::PgConnection;

use super::{
    calculate::Question,
    db::RunRow,
    hands_db::{self, AdjustmentRow, HoldRow, NewAdjustment, NoteRow, Of, StatementOf},
    store::store,
    web::find,
};
use crate::{
    App, audit,
    domain::{
        access::Permission,
        commission::statement::{Line, LineKind},
        id::{AdjustmentId, HoldId, RunId, UserId},
        money::{Currency, Money},
        period::Period,
    },
    figures::{Calculation, Run},
    period_locks,
    postgres::{error::violates, tx},
    statements,
    web::{
        auth::{Allowed, ApproveCommission, PrepareCommission, Viewer},
        error::Error,
        form::{Errors, Form, Path, Query},
        number,
        once::{self, Write},
        page::{Page, html, refused},
        periods,
        routes::Routes,
        step_up,
        toast::Toast,
        ui::Choice,
    },
};

/// The routes of work by hand.
pub fn routes() -> Routes {
    Routes::new()
        .get("/commission-runs/{id}/reps/{rep}", show)
        .post("/commission-runs/{id}/reps/{rep}", act)
        .post("/commission-runs/{id}/holds/{hold}/release", release)
        .post("/commission-runs/{id}/adjustments/{adjustment}/withdrawal", withdraw)
}

/// How many earlier periods an adjustment may be about.
const EARLIER: usize = 24;

/// What is to be done.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default)]
struct ActForm {
    line: String,
    what: String,
    deal: String,
    amount: String,
    about: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "commission_runs/hands.html")]
struct HandsPage {
    page: Page,
    run: RunRow,
    label: String,
    rep: UserId,
    currency: Currency,
    statement: StatementOf,
    lines: Vec<Line>,
    holds: Vec<HoldRow>,
    adjustments: Vec<AdjustmentRow>,
    notes: Vec<NoteRow>,
    /// Whether something may be done now: by whoever prepares, before the run is submitted.
    open: bool,
    /// Whether what is held may be released: also once the run is locked.
    may_release: bool,
    /// The components that something may be done to.
    components: Vec<Choice>,
    acts: Vec<Choice>,
    earlier: Vec<Choice>,
    form: ActForm,
    /// The field of the hold or adjustment that is not taken back yet, and the reason that was typed there.
    why: Option<(String, String)>,
    errors: Errors,
}

impl HandsPage {
    /// The reason that was typed into a field.
    fn why(&self, field: &str) -> &str {
        self.why.as_ref().filter(|(at, _)| at == field).map_or("", |(_, typed)| typed)
    }

    #[expect(clippy::unused_self, reason = "templates call methods")]
    fn is_component(&self, line: &Line) -> bool {
        line.kind == LineKind::Component && line.measure.is_some()
    }

    /// This page with a line chosen in its form.
    fn choosing(&self, line: &Line) -> String {
        let query = serde_html_form::to_string([("line", line.component.as_str())]).unwrap_or_default();
        format!("/commission-runs/{}/reps/{}?{query}#line", self.run.id, self.rep)
    }

    fn notes_of(&self, component: &str) -> impl Iterator<Item = &NoteRow> {
        self.notes.iter().filter(move |note| note.component == component)
    }

    #[expect(clippy::unused_self, reason = "templates call methods")]
    fn state(&self, one: &AdjustmentRow) -> String {
        match (&one.withdrawn_by, one.paid_in) {
            (Some(by), _) => format!("withdrawn by {by}"),
            (None, Some(run)) => format!("paid in run {run}"),
            (None, None) => "in the next statement".to_owned(),
        }
    }
}

async fn show(
    State(app): State<App>,
    me: Allowed<ApproveCommission>,
    page: Page,
    Path((id, rep)): Path<(RunId, UserId)>,
    Query(form): Query<ActForm>,
) -> Result<Response, Error> {
    html(load(&app, &me, page, id, rep, form, Errors::new()).await?)
}

async fn load(
    app: &App,
    me: &Viewer,
    page: Page,
    id: RunId,
    rep: UserId,
    mut form: ActForm,
    errors: Errors,
) -> Result<HandsPage, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let run = find(&mut read, me, id).await?;
    let (statement, lines) = of_run(&mut read, me, id, rep).await?;
    let period = periods::containing(run.period_kind, run.period_start, me);
    let holds = hands_db::holds(&mut read, me.scope.org, Some(rep), period, None).await?;
    let adjustments = hands_db::adjustments(&mut read, me.scope.org, Some(rep), period, None).await?;
    let notes = hands_db::notes(&mut read, me.scope.org, rep, period).await?;
    let prepares = me.may(Permission::PrepareCommission) && rep != me.id;
    let open = prepares && run.submitted_at.is_none() && !run.superseded;
    let components = components(&lines).into_iter().map(|name| Choice::new(&name, name.clone())).collect();
    if form.about.is_empty() {
        form.about = period.previous().to_string();
    }
    Ok(HandsPage {
        page,
        label: period.label(),
        rep,
        currency: me.company.currency,
        statement,
        lines,
        holds,
        adjustments,
        notes,
        open,
        may_release: open || prepares && run.locked_at.is_some(),
        components,
        acts: acts(),
        earlier: earlier(period),
        form,
        why: None,
        errors,
        run,
    })
}

fn is_paid(line: &Line) -> bool {
    line.kind == LineKind::Component && line.measure.is_some()
}

/// What stands for the lines where there are none.
const BALANCE: &str = "Balance";

/// The lines that something may be done to; of who is on no plan the balance as a whole.
fn components(lines: &[Line]) -> Vec<String> {
    let named: Vec<String> = lines.iter().filter(|line| is_paid(line)).map(|line| line.component.clone()).collect();
    if named.is_empty() { vec![BALANCE.to_owned()] } else { named }
}

fn acts() -> Vec<Choice> {
    vec![
        Choice::new("hold", "Hold: it is not paid until it is released"),
        Choice::new("adjust", "Adjust: add an amount, or take one off"),
        Choice::new("note", "Note: for those who prepare and approve"),
    ]
}

fn earlier(period: Period) -> Vec<Choice> {
    let mut before = period.previous();
    let mut choices = Vec::with_capacity(EARLIER);
    for _ in 0..EARLIER {
        choices.push(Choice::new(before, before.label()));
        before = before.previous();
    }
    choices
}

/// The statement of a rep within reach in a run, and its lines.
async fn of_run(db: &mut PgConnection, me: &Viewer, id: RunId, rep: UserId) -> Result<(StatementOf, Vec<Line>), Error> {
    if !me.scope.sees(rep) {
        return Err(Error::NotFound);
    }
    let statement = hands_db::statement(db, me.scope.org, id, rep).await?.ok_or(Error::NotFound)?;
    let rows = statements::db::lines(db, me.scope.org, statement.id).await?;
    let lines = rows.into_iter().map(|row| serde_json::from_value(row.detail)).collect::<Result<Vec<Line>, _>>();
    let lines = lines.map_err(|e| Error::Internal(format!("lines of statement {}: {e}", statement.id)))?;
    Ok((statement, lines))
}

/// What a form asks for, once it is whole.
enum Act {
    Hold { deal: Option<i64> },
    Adjust { amount: Money, about: Period },
    Note,
}

impl ActForm {
    fn parse(&self, me: &Viewer, period: Period, components: &[String], errors: &mut Errors) -> (Option<Act>, String) {
        if !components.contains(&self.line) {
            errors.add("line", "Choose a line of this statement.");
        }
        let act = match self.what.as_str() {
            "hold" => {
                let typed = self.deal.trim();
                let deal = typed.parse::<i64>().ok().filter(|number| *number > 0);
                if !typed.is_empty() && deal.is_none() {
                    errors.add("deal", format!("“{typed}” is no deal number. Leave it empty to hold the whole line."));
                }
                Some(Act::Hold { deal })
            }
            "adjust" => {
                let amount = match number::money(&self.amount, me.company.currency) {
                    Ok(Money::ZERO) => {
                        errors.add("amount", "Nothing would change. Give an amount, with a minus to take it off.");
                        None
                    }
                    Ok(amount) => Some(amount),
                    Err(words) => {
                        errors.add("amount", words);
                        None
                    }
                };
                let about = Period::parse(self.about.trim(), me.company.fiscal_start).ok();
                let about = about.filter(|about| about.kind() == period.kind() && about.to() <= period.from());
                if about.is_none() {
                    errors.add("about", "Choose the earlier period that it is about.");
                }
                amount.zip(about).map(|(amount, about)| Act::Adjust { amount, about })
            }
            "note" => Some(Act::Note),
            _ => {
                errors.add("what", "Choose what to do.");
                None
            }
        };
        let label = if self.what == "note" { "The note" } else { "The reason" };
        let reason = errors.text("reason", &self.reason, label, 500);
        (act, reason)
    }
}

async fn act(
    State(app): State<App>,
    me: Allowed<PrepareCommission>,
    page: Page,
    Path((id, rep)): Path<(RunId, UserId)>,
    Form { once, typed, fields: form }: Form<ActForm>,
) -> Result<Response, Error> {
    let path = format!("/commission-runs/{id}/reps/{rep}");
    if form.what == "adjust"
        && let Some(ask) = step_up::required(&me, &page, &path, &typed)
    {
        return ask;
    }
    let mut write = once::begin_alone(&app, &me, once).await?;
    let run = find(&mut write, &me, id).await?;
    let (statement, lines) = of_run(&mut write, &me, id, rep).await?;
    must_be_open(&me, &run, rep)?;
    let period = periods::containing(run.period_kind, run.period_start, &me);
    let components = components(&lines);
    let mut errors = Errors::new();
    let (act, reason) = form.parse(&me, period, &components, &mut errors);
    if matches!(act, Some(Act::Hold { .. })) && !lines.iter().any(is_paid) {
        // What is carried or taken back is no line of a component: only an adjustment moves it.
        errors.add("what", "The balance cannot be held. Adjust it instead.");
    }
    let mut held = None;
    if let Some(Act::Hold { deal: Some(number) }) = act {
        held = hands_db::credited_deal(&mut write, me.scope.org, rep, number).await?;
        if held.is_none() {
            errors.add("deal", format!("Deal {number} is none of {}’s. Use a number of the statement.", statement.rep));
        }
        if let Some(deal) = held
            && let Some((kind, start)) = hands_db::paid_in(&mut write, me.scope.org, rep, deal).await?
        {
            // Held, the next run would take it back as a late fact.
            let paid = periods::containing(kind, start, &me).label();
            errors.add(
                "deal",
                format!("Deal {number} was paid in {paid}, and a hold takes nothing back. Adjust the line instead."),
            );
        }
    }
    let (Some(act), true) = (act, errors.is_empty()) else {
        drop(write);
        return refused(load(&app, &me, page, id, rep, form, errors).await?);
    };
    let of = Of { rep, period, component: &form.line };
    let about = json!({ "rep": rep.0, "line": form.line, "reason": reason });
    match act {
        Act::Note => {
            hands_db::note(&mut write, &of, &reason).await?;
            audit::db::record(&mut write, "run.noted", &format!("/commission-runs/{id}"), about).await?;
            return write.done_saying(&path, &Toast::new("Note added")).await;
        }
        Act::Hold { deal } => {
            hands_db::hold(&mut write, &of, held, &reason).await?;
            let detail = json!({ "rep": rep.0, "line": form.line, "deal": deal, "reason": reason });
            audit::db::record(&mut write, "run.held", &format!("/commission-runs/{id}"), detail).await?;
            again(&app, write, &me, period, rep, "Held. The period is calculated again").await
        }
        Act::Adjust { amount, about } => {
            let new = NewAdjustment { of, about, amount, reason: &reason, source: "manual" };
            hands_db::adjust(&mut write, &new).await?;
            let amount = me.company.currency.plain(amount);
            let detail = json!({ "rep": rep.0, "line": form.line, "amount": amount, "reason": reason });
            audit::db::record(&mut write, "run.adjusted", &format!("/commission-runs/{id}"), detail).await?;
            again(&app, write, &me, period, rep, "Adjusted. The period is calculated again").await
        }
    }
}

fn must_be_open(me: &Viewer, run: &RunRow, rep: UserId) -> Result<(), Error> {
    if rep == me.id {
        return Err(Error::Conflict("Nobody changes their own pay. Somebody else can."));
    }
    if run.superseded {
        return Err(Error::Conflict("A newer calculation of this period replaces this run. Use that one."));
    }
    if run.submitted_at.is_some() {
        return Err(Error::Conflict(
            "This run is submitted: what is approved is what was seen. Calculate the period again to change something.",
        ));
    }
    Ok(())
}

/// Calculates the period again: whoever changed something by hand prepared what is approved.
async fn again(
    app: &App,
    mut write: Write,
    me: &Viewer,
    period: Period,
    rep: UserId,
    words: &str,
) -> Result<Response, Error> {
    let begun = Instant::now();
    let asked = Question::of(me, period, None);
    let (run, _) = match store(&mut write, &asked).await? {
        Ok(stored) => stored,
        Err(refused) => return Err(Error::Conflict(refused.words())),
    };
    app.figures.calculated(Calculation::Run, begun.elapsed());
    let response = write.done_saying(&format!("/commission-runs/{run}/reps/{rep}"), &Toast::new(words)).await?;
    app.figures.run(Run::Calculated);
    Ok(response)
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Why {
    reason: String,
}

impl Why {
    /// The reason, and what is wrong with it at a field.
    fn parse(&self, field: &str) -> (String, Errors) {
        let mut errors = Errors::new();
        let reason = errors.optional_text(field, &self.reason, "The reason", 500);
        (reason, errors)
    }

    /// The page with what was typed into a field and why it is refused.
    async fn refuse(
        self,
        app: &App,
        me: &Viewer,
        page: Page,
        (run, rep): (RunId, UserId),
        (field, errors): (String, Errors),
    ) -> Result<Response, Error> {
        let shown = load(app, me, page, run, rep, ActForm::default(), errors).await?;
        refused(HandsPage { why: Some((field, self.reason)), ..shown })
    }
}

async fn release(
    State(app): State<App>,
    me: Allowed<PrepareCommission>,
    page: Page,
    Path((id, hold)): Path<(RunId, HoldId)>,
    Form { once, typed, fields: why }: Form<Why>,
) -> Result<Response, Error> {
    if let Some(ask) = step_up::required(&me, &page, &format!("/commission-runs/{id}/holds/{hold}/release"), &typed) {
        return ask;
    }
    let field = format!("release-{hold}");
    let (reason, errors) = why.parse(&field);
    let mut write = once::begin_alone(&app, &me, once).await?;
    let run = find(&mut write, &me, id).await?;
    let period = periods::containing(run.period_kind, run.period_start, &me);
    let held =
        hands_db::holds(&mut write, me.scope.org, None, period, Some(hold)).await?.pop().ok_or(Error::NotFound)?;
    let rep = held.rep_id;
    of_run(&mut write, &me, id, rep).await?;
    if rep == me.id {
        return Err(Error::Conflict("Nobody changes their own pay. Somebody else can."));
    }
    if run.locked_at.is_none() {
        must_be_open(&me, &run, rep)?;
    }
    if !errors.is_empty() {
        drop(write);
        return why.refuse(&app, &me, page, (id, rep), (field, errors)).await;
    }
    match hands_db::release(&mut write, hold, &reason).await {
        Err(e) if violates(&e, "pay_hold_releases_pkey") => {
            return Err(Error::Conflict("This is released already."));
        }
        other => other?,
    }
    let detail = json!({ "rep": rep.0, "line": held.component, "deal": held.deal, "reason": reason });
    audit::db::record(&mut write, "run.released", &format!("/commission-runs/{id}"), detail).await?;
    // What is released after the lock is a late fact: the next run pays it.
    if period_locks::db::is_settled(&mut write, me.scope.org, period).await? {
        let words = Toast::new("Released. The next run takes it up");
        return write.done_saying(&format!("/commission-runs/{id}/reps/{rep}"), &words).await;
    }
    again(&app, write, &me, period, rep, "Released. The period is calculated again").await
}

async fn withdraw(
    State(app): State<App>,
    me: Allowed<PrepareCommission>,
    page: Page,
    Path((id, adjustment)): Path<(RunId, AdjustmentId)>,
    Form { once, typed, fields: why }: Form<Why>,
) -> Result<Response, Error> {
    let path = format!("/commission-runs/{id}/adjustments/{adjustment}/withdrawal");
    if let Some(ask) = step_up::required(&me, &page, &path, &typed) {
        return ask;
    }
    let field = format!("withdrawal-{adjustment}");
    let (reason, errors) = why.parse(&field);
    let mut write = once::begin_alone(&app, &me, once).await?;
    let run = find(&mut write, &me, id).await?;
    let period = periods::containing(run.period_kind, run.period_start, &me);
    let found = hands_db::adjustments(&mut write, me.scope.org, None, period, Some(adjustment)).await?;
    let one = found.into_iter().next().ok_or(Error::NotFound)?;
    of_run(&mut write, &me, id, one.rep_id).await?;
    must_be_open(&me, &run, one.rep_id)?;
    if one.paid_in.is_some() {
        return Err(Error::Conflict("This is paid already. Adjust the other way in the open period."));
    }
    if !errors.is_empty() {
        drop(write);
        return why.refuse(&app, &me, page, (id, one.rep_id), (field, errors)).await;
    }
    match hands_db::withdraw(&mut write, adjustment, &reason).await {
        Err(e) if violates(&e, "pay_adjustment_withdrawals_pkey") => {
            return Err(Error::Conflict("This is withdrawn already."));
        }
        other => other?,
    }
    let amount = me.company.currency.plain(one.amount);
    let detail = json!({ "rep": one.rep_id.0, "line": one.component, "amount": amount, "reason": reason });
    audit::db::record(&mut write, "run.adjustment_withdrawn", &format!("/commission-runs/{id}"), detail).await?;
    again(&app, write, &me, period, one.rep_id, "Withdrawn. The period is calculated again").await
}
