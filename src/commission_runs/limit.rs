//! From which amount on a rep's pay is named on the run's page.

use axum::{extract::State, response::Response};
use serde_json::json;

use super::hands_db;
use crate::{
    App, audit,
    domain::money::Money,
    web::{
        auth::{Allowed, PrepareCommission},
        error::Error,
        form::{Errors, Form},
        number, once,
        page::Page,
        routes::Routes,
        toast::Toast,
    },
};

/// The route of the limit.
pub fn routes() -> Routes {
    Routes::new().post("/commission-runs/limit", limit)
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct LimitForm {
    above: String,
}

/// Sets it; empty: no pay is named.
async fn limit(
    State(app): State<App>,
    me: Allowed<PrepareCommission>,
    page: Page,
    Form { once, fields: form, .. }: Form<LimitForm>,
) -> Result<Response, Error> {
    let typed = form.above.trim();
    let mut errors = Errors::new();
    let amount = match number::money(typed, me.company.currency) {
        _ if typed.is_empty() => None,
        Ok(amount) if amount > Money::ZERO => Some(amount),
        Ok(_) => {
            errors.add("above", "Give an amount above zero, or leave it empty.");
            None
        }
        Err(words) => {
            errors.add("above", words);
            None
        }
    };
    if !errors.is_empty() {
        return super::web::refuse_limit(&app, &me, page, form.above, errors).await;
    }
    let mut write = once::begin(&app, &me, once).await?;
    let old = hands_db::warn_above(&mut write, me.scope.org).await?;
    hands_db::set_warn_above(&mut write, amount).await?;
    let plain = |amount: Option<Money>| amount.map(|amount| me.company.currency.plain(amount));
    let detail = json!({ "old": { "warn above": plain(old) }, "new": { "warn above": plain(amount) } });
    audit::db::record(&mut write, "settings.changed", "/settings", detail).await?;
    write.done_saying("/commission-runs", &Toast::new("Saved")).await
}
