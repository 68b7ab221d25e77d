//! Loss limits: before one is set or taken away, a preview says whom the running month would lose.

use std::{collections::BTreeMap, fmt::Write as _};

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{
    form::whole,
    limits_db::{self, Lost},
    settings_db::{self, LimitRow},
    web::{PATH, Typed, draw},
};
use crate::{
    App, audit,
    customers::events_db,
    domain::period::Period,
    period_locks,
    web::{
        auth::{Allowed, ManagePeople, Viewer},
        error::Error,
        form::{Errors, Form, Once, Path},
        format::{self, date},
        once::{self, Write},
        page::{Page, answer},
        toast::Toast,
    },
};

/// A loss limit as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct LimitForm {
    /// For which segment; empty: for all.
    pub segment: String,
    /// For which customer alone, by name; empty: for more than one.
    pub customer: String,
    /// Days without a sale.
    pub days: String,
    /// Since when; empty: from the beginning.
    pub from: String,
    /// Which preview was seen; empty: none.
    pub seen: String,
}

/// Which preview was seen.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RemovalForm {
    seen: String,
}

/// What a change of a limit does to the losses of the running month.
#[derive(Template)]
#[template(path = "organizations/limit.html")]
struct PreviewPage {
    page: Page,
    /// "Lost after 30 days for everybody, from the beginning".
    what: String,
    /// Where the change is sent, and what of it.
    action: String,
    fields: Vec<(&'static str, String)>,
    /// Whether the numbers are others than those of the preview that was seen.
    is_stale: bool,
    period: Period,
    change: Change,
}

/// Who counts as lost in the running month, without and with a change.
struct Change {
    now: Vec<Lost>,
    then: Vec<Lost>,
}

impl Change {
    /// Those who no longer count as lost.
    fn gone(&self) -> Vec<&Lost> {
        self.now.iter().filter(|lost| !self.then.contains(lost)).collect()
    }

    /// Those who count as lost only with the change.
    fn come(&self) -> Vec<&Lost> {
        self.then.iter().filter(|lost| !self.now.contains(lost)).collect()
    }

    /// Who is charged with how many, without and with the change, by name.
    fn owners(&self) -> Vec<(String, usize, usize)> {
        let mut owners: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        let name = |lost: &Lost| lost.owner.clone().unwrap_or_else(|| "Nobody".to_owned());
        for lost in &self.now {
            owners.entry(name(lost)).or_default().0 += 1;
        }
        for lost in &self.then {
            owners.entry(name(lost)).or_default().1 += 1;
        }
        owners.into_iter().map(|(name, (now, then))| (name, now, then)).collect()
    }

    /// What a form carries of the preview that was seen: a change is saved only as it was shown.
    fn seen(&self) -> String {
        let mut hash = Sha256::new();
        for (mark, lost) in [("now", &self.now), ("then", &self.then)] {
            hash.update(mark);
            for lost in lost {
                hash.update(format!("{} {} {:?};", lost.customer, lost.on_date, lost.owner));
            }
        }
        hash.finalize().iter().take(8).fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

impl PreviewPage {
    /// "November 2026: 12 customers lost now, 9 with the change".
    fn words(&self) -> String {
        let now = format::counted(count(&self.change.now), "customer", "customers");
        format!("{}: {now} lost now, {} with this change", self.period.label(), format::count(count(&self.change.then)))
    }
}

fn count(lost: &[Lost]) -> i64 {
    i64::try_from(lost.len()).unwrap_or(i64::MAX)
}

/// Sets a limit from a day on. What is locked follows from the limits before, so the day lies after it.
pub async fn set(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    page: Page,
    Form { once, fields, .. }: Form<LimitForm>,
) -> Result<Response, Error> {
    let mut errors = Errors::new();
    let segment = errors.optional_text("segment", &fields.segment, "The segment", 120);
    let customer = errors.optional_text("customer", &fields.customer, "The customer", 200);
    if !segment.is_empty() && !customer.is_empty() {
        errors.add("customer", "A limit is for a segment or for one customer. Empty one of the two.");
    }
    let days = whole(&mut errors, "days", &fields.days, 1..=3650);
    let from = errors.optional_date("from", &fields.from, "The first day");
    let refuse = |errors| Typed { limit: fields.clone(), errors, ..Typed::default() };
    if !errors.is_empty() {
        return draw(&app, &me, page, refuse(errors)).await;
    }
    let (mut write, period, now) = begin(&app, &me, once).await?;
    let open = period_locks::db::locked_until(&mut write, me.scope.org).await?;
    if let Some(open) = open.filter(|open| from.is_none_or(|from| from < *open)) {
        drop(write);
        errors.add("from", format!("What is before {} is locked. Choose that day or a later one.", date(open)));
        return draw(&app, &me, page, refuse(errors)).await;
    }
    let segment = (!segment.is_empty()).then_some(segment);
    let found =
        if customer.is_empty() { vec![] } else { limits_db::named(&mut write, me.scope.org, &customer).await? };
    let customer = match (customer.is_empty(), &found[..]) {
        (true, _) => None,
        (false, [(id, name)]) => Some((*id, name.clone())),
        (false, others) => {
            let how = if others.is_empty() { "No customer has" } else { "Several customers have" };
            drop(write);
            errors.add("customer", format!("{how} this name. Write it as on the customer’s page."));
            return draw(&app, &me, page, refuse(errors)).await;
        }
    };
    settings_db::set_limit(&mut write, segment.as_deref(), customer.as_ref().map(|(id, _)| *id), days, from).await?;
    let limit = LimitRow { id: 0, segment, customer: customer.map(|(_, name)| name), days, from_date: from };
    let change = changed(&mut write, &me, period, now).await?;
    if fields.seen != change.seen() {
        drop(write);
        let sent = vec![
            ("segment", fields.segment),
            ("customer", fields.customer),
            ("days", fields.days),
            ("from", fields.from),
        ];
        let what = format!("Lost after {}", limit.words());
        return preview(page, what, "/settings/limits".to_owned(), sent, &fields.seen, period, change);
    }
    audit::db::record(&mut write, "settings.limit_set", PATH, json!({ "new": limit.kept() })).await?;
    write.done_saying(PATH, &Toast::new("Limit saved, lost customers counted anew")).await
}

/// Takes a limit away, and the one before it holds on.
pub async fn remove(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    page: Page,
    Path(id): Path<i64>,
    Form { once, fields, .. }: Form<RemovalForm>,
) -> Result<Response, Error> {
    let (mut write, period, now) = begin(&app, &me, once).await?;
    let open = period_locks::db::locked_until(&mut write, me.scope.org).await?;
    let limit = settings_db::remove_limit(&mut write, id).await?.ok_or(Error::NotFound)?;
    // Of the company's own something holds from the beginning on; that of a segment or customer leaves the next wider.
    let is_base = limit.from_date.is_none() && limit.segment.is_none() && limit.customer.is_none();
    if is_base || open.is_some_and(|open| limit.from_date.is_none_or(|from| from < open)) {
        return Err(Error::Conflict(
            "What is locked, or everything, follows from this limit. Set another one from a later day.",
        ));
    }
    let change = changed(&mut write, &me, period, now).await?;
    if fields.seen != change.seen() {
        drop(write);
        let what = format!("Without: lost after {}", limit.words());
        return preview(page, what, format!("/settings/limits/{id}/remove"), vec![], &fields.seen, period, change);
    }
    audit::db::record(&mut write, "settings.limit_removed", PATH, json!({ "old": limit.kept(), "new": {} })).await?;
    write.done_saying(PATH, &Toast::new("Limit removed, lost customers counted anew")).await
}

/// Begins a change beside which nobody writes, with the losses of the running month before it.
async fn begin(app: &App, me: &Viewer, once: Once) -> Result<(Write, Period, Vec<Lost>), Error> {
    let mut write = once::begin_alone(app, me, once).await?;
    let period = Period::month(me.today, me.company.fiscal_start);
    let now = limits_db::lost(&mut write, me.scope.org, period.from(), me.today).await?;
    Ok((write, period, now))
}

/// Counts everything anew in the change's own transaction. The preview is a change that is not kept: it cannot say
/// anything else than what happens.
async fn changed(write: &mut Write, me: &Viewer, period: Period, now: Vec<Lost>) -> Result<Change, Error> {
    events_db::recompute_all(write).await?;
    let then = limits_db::lost(write, me.scope.org, period.from(), me.today).await?;
    Ok(Change { now, then })
}

fn preview(
    page: Page,
    what: String,
    action: String,
    mut fields: Vec<(&'static str, String)>,
    seen: &str,
    period: Period,
    change: Change,
) -> Result<Response, Error> {
    let is_stale = !seen.is_empty();
    fields.push(("seen", change.seen()));
    let status = if is_stale { StatusCode::CONFLICT } else { StatusCode::OK };
    answer(status, PreviewPage { page, what, action, fields, is_stale, period, change })
}

impl LimitRow {
    /// "30 days for everybody, from the beginning".
    fn words(&self) -> String {
        let whose = self.segment.as_deref().or(self.customer.as_deref()).unwrap_or("everybody");
        let from = self.from_date.map_or("from the beginning".to_owned(), |from| format!("from {}", date(from)));
        format!("{} days for {whose}, {from}", self.days)
    }

    /// What the history keeps of a limit.
    fn kept(&self) -> serde_json::Value {
        json!({ "lost after": self.words() })
    }
}
