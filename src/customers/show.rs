//! A customer's page: where it stands and why, its figures, and everything that happened.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use sqlx::PgConnection;
use time::Date;

use super::{
    db::Contact,
    edit, events_db, find_db,
    merge_db::{self, Merge},
    notes_db::{self, Note},
    page_db::{self, Customer, Ending, Figures, Owner},
    proposals_db::{self, Proposal},
    timeline_db::{self, Happening, Part},
    web::badge,
};
use crate::{
    App,
    audit::{
        self,
        words::{Act, told},
    },
    domain::{
        access::{Permission, Role},
        classes::Class,
        customer::{
            events::EventKind,
            facts::EndingKind,
            stage::{Stage, Standing, Warning, standing},
        },
        deal,
        id::{CustomerId, UserId},
        money::{Currency, Money},
        visit,
    },
    postgres::tx,
    web::{
        auth::{Allowed, ReadSales, Viewer},
        chart::{Bar, Bars},
        error::Error,
        form::{Errors, Path, parse_date},
        format,
        list::{List, PAGE},
        page::{Page, answer, lasting},
        ui::{Badge, Pager, Switch, Tone},
    },
};

/// How many happenings a page shows.
const SHOWN: i64 = 20;

/// A step of the lifecycle's bar.
struct Step {
    label: &'static str,
    words: String,
    class: &'static str,
    current: bool,
}

/// Something that happened, in words.
struct Told {
    on: Date,
    icon: &'static str,
    tone: &'static str,
    title: String,
    /// Empty: nothing to open.
    href: String,
    words: String,
}

#[derive(Template)]
#[template(path = "customers/show.html")]
struct ShowPage {
    page: Page,
    customer: Customer,
    badge: Badge,
    warning: Option<Badge>,
    heading: String,
    sentence: String,
    steps: Vec<Step>,
    figures: Figures,
    class: Option<Class>,
    days_silent: Option<i64>,
    chart: Bars,
    tabs: Vec<Switch>,
    timeline: Vec<Told>,
    pager: Pager,
    contacts: Vec<Contact>,
    owners: Vec<Owner>,
    endings: Vec<Ending>,
    /// Ends that wait for a manager, and the last one that was rejected.
    proposals: Vec<Proposal>,
    /// What became part of it.
    merges: Vec<Merge>,
    notes: Vec<Note>,
    note: String,
    errors: Errors,
    my_id: UserId,
    acts: Vec<Act>,
    may_record: bool,
    may_change: bool,
    is_manager: bool,
    may_hand_over: bool,
}

/// A customer in sight. One that became part of another leads there.
pub async fn show(
    State(app): State<App>,
    me: Allowed<ReadSales>,
    page: Page,
    Path(id): Path<CustomerId>,
    list: List,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    if let Some(kept) = find_db::merged_into(&mut read, me.scope.org, id).await? {
        find_db::visible(&mut read, &me.scope, me.today, kept).await?.ok_or(Error::NotFound)?;
        return Ok(Redirect::to(&edit::path(kept, "")).into_response());
    }
    find_db::visible(&mut read, &me.scope, me.today, id).await?.ok_or(Error::NotFound)?;
    draw(&app, &mut read, &me, page, id, &list, (String::new(), Errors::new())).await.map(lasting)
}

/// The page of a customer in sight, perhaps with a note that was typed and what is wrong about it.
pub async fn draw(
    app: &App,
    db: &mut PgConnection,
    me: &Viewer,
    page: Page,
    id: CustomerId,
    list: &List,
    (note, errors): (String, Errors),
) -> Result<Response, Error> {
    let org = me.scope.org;
    let may_record = me.may(Permission::RecordSales)
        && find_db::visible(db, &me.scope_of(Permission::RecordSales), me.today, id).await?.is_some();
    let customer = page_db::find(db, org, id, me.today).await?.ok_or(Error::NotFound)?;
    let history = events_db::history_alone(db, org, id).await?;
    let standing = standing(&history, me.today);
    let figures = page_db::figures(db, org, id, me.today).await?;
    let months = page_db::months(db, org, id, me.today).await?;
    let (timeline, pager) = timeline(db, me, id, list).await?;
    let object = format!("/customers/{id}");
    let status = errors.status();
    let shown = ShowPage {
        page,
        badge: badge(standing.stage.kind()),
        warning: warning(&standing),
        heading: heading(&standing).to_owned(),
        sentence: sentence(&standing, me),
        steps: steps(&standing, me),
        figures,
        class: app.classes.of(db, me).await?.get(&id).copied(),
        days_silent: standing.last_sale.map(|day| (me.today - day).whole_days()),
        chart: chart(me.company.currency, &months, figures.sales),
        tabs: tabs(list),
        timeline,
        pager,
        contacts: page_db::contacts(db, org, id).await?,
        owners: page_db::owners(db, org, id).await?,
        endings: page_db::endings(db, org, id, &me.company.time_zone).await?,
        proposals: proposals_db::of(db, org, id, None, &me.company.time_zone).await?,
        merges: merge_db::of(db, org, id, &me.company.time_zone).await?,
        acts: told(audit::db::history(db, org, &me.company.time_zone, &object).await?, me.company.currency),
        notes: notes_db::list(db, org, id, &me.company.time_zone).await?,
        note,
        errors,
        my_id: me.id,
        may_record,
        may_change: edit::may_change(db, me, &customer).await?,
        is_manager: me.is(Role::Manager),
        may_hand_over: me.may(Permission::HandOver)
            && customer.owner_id.is_none_or(|owner| me.scope_of(Permission::HandOver).sees(owner)),
        customer,
    };
    answer(status, shown)
}

fn tabs(list: &List) -> Vec<Switch> {
    let show = list.value("show");
    [("All", ""), ("Visits", "visits"), ("Deals", "deals")]
        .into_iter()
        .map(|(label, word)| Switch::new(label, list.with("show", word), show == word))
        .collect()
}

fn heading(standing: &Standing) -> &'static str {
    match standing.stage {
        _ if !standing.warnings.is_empty() => "Slipping away",
        Stage::Prospect => "Not a customer yet",
        Stage::New { .. } => "New customer",
        Stage::Existing { .. } => "Customer",
        Stage::WonBack { .. } => "Won back",
        Stage::Lost { .. } => "Lost",
        Stage::Ended { .. } => "Ended",
    }
}

fn warning(standing: &Standing) -> Option<Badge> {
    let words = match standing.warnings.first()? {
        Warning::Silent { days, .. } => format!("{} without a sale", format::counted(*days, "day", "days")),
        Warning::Falling { .. } => "Sales are falling".to_owned(),
    };
    Some(Badge::new(Tone::Warn, words).icon("triangle-alert"))
}

/// Where the customer stands and what is to be done, in sentences.
fn sentence(standing: &Standing, me: &Viewer) -> String {
    let date = format::date;
    let mut sentences = vec![];
    match standing.stage {
        Stage::Prospect => sentences.push("The first sale makes it a new customer.".to_owned()),
        Stage::New { since, until, .. } => sentences.push(format!(
            "Bought for the first time on {}; before {} its sales count as sales to a new customer.",
            date(since),
            date(until)
        )),
        Stage::Existing { .. } => {}
        Stage::WonBack { since, .. } => {
            sentences.push(format!("Came back on {}; the next sale makes it an existing customer again.", date(since)));
        }
        Stage::Lost { since } => {
            let last = standing.last_sale.map(|day| format!(" The last sale was on {}.", date(day)));
            let last = last.unwrap_or_default();
            sentences.push(format!("Lost since {}.{last} The next sale wins it back.", date(since)));
        }
        Stage::Ended { since, kind } => {
            let kind = kind.label().to_lowercase();
            sentences.push(format!("The relation ended on {}: {kind}. It is not counted as lost.", date(since)));
        }
    }
    for warning in &standing.warnings {
        sentences.push(match warning {
            Warning::Silent { usual, .. } => {
                let last = standing.last_sale.map(date).unwrap_or_default();
                let usual = format::counted(*usual, "day", "days");
                format!("They usually buy every {usual}; the last sale was on {last}.")
            }
            Warning::Falling { now, before } => format!(
                "The last 90 days sold {}, the same days a year before {}.",
                format::money(me.company.currency, *now),
                format::money(me.company.currency, *before)
            ),
        });
    }
    if let Some(lost_on) = standing.lost_on {
        sentences.push(format!("A sale before {} keeps it off the count of lost customers.", date(lost_on)));
    }
    sentences.join(" ")
}

/// The bar of the lifecycle: where it came from, where it stands, where it is heading.
fn steps(standing: &Standing, me: &Viewer) -> Vec<Step> {
    let step = |label, words: String, class, current| Step { label, words, class, current };
    let since = |day: Date| format!("since {}", format::short_date(day, me.today));
    let loss = || {
        let words = standing.lost_on.map(|day| format!("on {} if no sale", format::short_date(day, me.today)));
        step("Lost", words.unwrap_or_default(), "", false)
    };
    let risk = || {
        let current = !standing.warnings.is_empty();
        let words = if current { "needs a sale" } else { "no sign of it" };
        step("At risk", words.to_owned(), "warn", current)
    };
    let calm = standing.warnings.is_empty();
    match standing.stage {
        Stage::Prospect => vec![
            step("Prospect", "has not bought".to_owned(), "", true),
            step("New", "with the first sale".to_owned(), "", false),
            step("Existing", String::new(), "", false),
            step("Lost", String::new(), "", false),
        ],
        Stage::New { since: day, until, .. } => vec![
            step("New", since(day), if calm { "" } else { "past" }, calm),
            step("Existing", format!("from {}", format::short_date(until, me.today)), "", false),
            risk(),
            loss(),
        ],
        Stage::Existing { since: day } => vec![
            step("New", String::new(), "past", false),
            step("Existing", since(day), if calm { "" } else { "past" }, calm),
            risk(),
            loss(),
        ],
        Stage::WonBack { since: day, .. } => vec![
            step("Lost", String::new(), "past", false),
            step("Won back", since(day), if calm { "" } else { "past" }, calm),
            risk(),
            loss(),
        ],
        Stage::Lost { since: day } => vec![
            step("New", String::new(), "past", false),
            step("Existing", String::new(), "past", false),
            step("Lost", since(day), "bad", true),
            step("Won back", "with the next sale".to_owned(), "", false),
        ],
        Stage::Ended { since: day, .. } => vec![
            step("New", String::new(), "past", false),
            step("Existing", String::new(), "past", false),
            step("Ended", since(day), "", true),
            step("Again", "with the next sale".to_owned(), "", false),
        ],
    }
}

fn chart(currency: Currency, months: &[(Date, Money)], sum: Money) -> Bars {
    let last = months.len().saturating_sub(1);
    let bars: Vec<Bar> = months
        .iter()
        .enumerate()
        .map(|(at, (month, amount))| Bar {
            name: month.month().to_string(),
            amount: *amount,
            marked: at == last,
            tone: Tone::Plain,
        })
        .collect();
    let label =
        format!("Net sales of the last twelve months, month by month: {} in all.", format::money(currency, sum));
    Bars::new(currency, &bars, label)
}

async fn timeline(
    db: &mut PgConnection,
    me: &Viewer,
    id: CustomerId,
    list: &List,
) -> Result<(Vec<Told>, Pager), Error> {
    let what = match list.value("show") {
        "visits" => Some("visit"),
        "deals" => Some("deal"),
        _ => None,
    };
    let after = list.after().and_then(|(day, rank)| Some((parse_date(&day)?, rank)));
    let part = Part { what, after, limit: SHOWN + 1 };
    let mut rows = timeline_db::list(db, &me.scope, id, me.today, part).await?;
    let shown = usize::try_from(SHOWN).unwrap_or(PAGE);
    let more = rows.len() > shown;
    rows.truncate(shown);
    let pager = list.around(rows.last().filter(|_| more).map(|row| (row.on_date.to_string(), row.rank)));
    Ok((rows.into_iter().filter_map(|row| tell(row, me)).collect(), pager))
}

fn tell(row: Happening, me: &Viewer) -> Option<Told> {
    let who = row.who.as_deref().unwrap_or("nobody");
    let amount = row.amount.map(|amount| format::money(me.company.currency, amount)).unwrap_or_default();
    let told = |icon, tone, title: String, href: String, words: String| {
        Some(Told { on: row.on_date, icon, tone, title, href, words })
    };
    let open = |href: String| if row.in_sight { href } else { String::new() };
    match row.what.as_str() {
        "visit" => {
            let kind = visit::Kind::parse(&row.kind)?;
            let state = row.state.as_deref().and_then(visit::State::parse)?;
            let noun = if kind == visit::Kind::InPerson { "Visit" } else { kind.label() };
            let title = match state {
                visit::State::Done => format!("{noun} by {who}"),
                visit::State::Planned => format!("{noun} planned by {who}"),
                visit::State::Missed => format!("{noun} by {who} did not take place"),
            };
            let outcome = row.outcome.as_deref().and_then(visit::Outcome::parse).map(visit::Outcome::label);
            let parts = [outcome.unwrap_or_default(), &row.words];
            let words = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(". ");
            let icon = if kind == visit::Kind::Call { "phone" } else { "footprints" };
            told(icon, "", title, open(format!("/visits/{}", row.id)), words)
        }
        "deal" => {
            let stage = deal::Stage::parse(&row.kind)?;
            let number = row.number.unwrap_or_default();
            let href = open(format!("/deals/{}", row.id));
            let (icon, tone, title) = match (stage, row.state.is_some()) {
                (deal::Stage::Won, true) => ("rotate-ccw", "warn", format!("Return {number}, {amount}")),
                (deal::Stage::Won, false) => ("shopping-bag", "good", format!("Deal {number}, {amount}")),
                (deal::Stage::Open, _) => ("handshake", "info", format!("Deal {number} open, {amount}")),
                (deal::Stage::Lost, _) => ("x", "", format!("Deal {number} lost, {amount}")),
                (deal::Stage::Cancelled, _) => ("x", "", format!("Deal {number} cancelled, {amount}")),
            };
            let credited = row.who.as_deref().map_or("Nobody credited".to_owned(), |who| format!("Credited: {who}"));
            let parts = [credited.as_str(), &row.words];
            let words = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(". ");
            told(icon, tone, title, href, words)
        }
        "event" => {
            let deal = row.number.map(|number| format!("With deal {number}")).unwrap_or_default();
            let counts = format!("Counts for {}", row.who.as_deref().unwrap_or("the company only"));
            let with = |first: String| {
                [first, counts.clone()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(". ")
            };
            let (icon, tone, title, words) = match EventKind::parse(&row.kind)? {
                EventKind::FirstSale => ("user-plus", "good", "Became a customer", with(deal)),
                EventKind::FirstSaleUndone => {
                    ("user-minus", "warn", "No longer a new customer: the first sale came back", with(deal))
                }
                EventKind::Lost => ("user-minus", "bad", "Lost", with(format!("Sales of the year before: {amount}"))),
                EventKind::WonBack => ("user-plus", "good", "Won back", with(deal)),
                EventKind::WonBackUndone => {
                    ("user-minus", "warn", "No longer won back: the sale came back", with(deal))
                }
            };
            told(icon, tone, title.to_owned(), String::new(), words)
        }
        _ => {
            let kind = EndingKind::parse(&row.kind)?;
            told("flag", "warn", format!("{} by {who}", kind.label()), String::new(), row.words)
        }
    }
}

/// What happened, in a few words.
pub fn what(kind: EventKind) -> &'static str {
    match kind {
        EventKind::FirstSale => "First sale",
        EventKind::FirstSaleUndone => "First sale came back",
        EventKind::Lost => "Lost",
        EventKind::WonBack => "Won back",
        EventKind::WonBackUndone => "Sale that won it back came back",
    }
}

/// What an event adds to the number.
pub fn counts(kind: EventKind) -> &'static str {
    if matches!(kind, EventKind::FirstSaleUndone | EventKind::WonBackUndone) { "−1" } else { "1" }
}
