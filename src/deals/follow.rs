//! Returns follow their deal: what it is corrected to, they take back in the same shares, of the same products and costs.

use serde_json::{Value, json};
use sqlx::PgConnection;

use super::{
    db::NewDeal,
    facts::as_new,
    page_db::{self, Deal},
    returns::Rest,
    save,
};
use crate::{
    audit,
    domain::{
        access::{Reach, Scope},
        id::DealId,
    },
    postgres::tx::Tx,
    web::{auth::Viewer, error::Error, format},
};

/// A return, and what of it is as its deal makes it. That follows; what an import said otherwise stays.
pub struct Follower {
    id: DealId,
    lines: bool,
    credits: bool,
    /// Whether its own day is locked.
    pub locked: bool,
}

impl Follower {
    /// A return that comes back: it is of one rounding with the others again.
    pub fn again(id: DealId) -> Self {
        Self { id, lines: true, credits: true, locked: false }
    }
}

/// The returns of a deal before it changes.
pub async fn followers(db: &mut PgConnection, me: &Viewer, deal: &Deal) -> Result<Vec<Follower>, Error> {
    let credits = as_new(db, me, deal).await?.credits;
    let mut rest = Rest::before_returns(db, me, deal).await?;
    let mut followers = Vec::new();
    for row in page_db::returns(db, me.scope.org, deal.id).await? {
        let returned = find(db, me, row.id).await?;
        let own = as_new(db, me, &returned).await?;
        let lines = rest.taken_back(&own.lines) == own.lines;
        followers.push(Follower { id: row.id, lines, credits: own.credits == credits, locked: returned.locked });
        rest.take(&own.lines);
    }
    Ok(followers)
}

/// Writes the followers anew after their deal has changed. One whose own day is locked stays unless there is a reason.
pub async fn follow(
    tx: &mut Tx,
    me: &Viewer,
    deal: DealId,
    followers: &[Follower],
    reason: Option<&str>,
) -> Result<(), Error> {
    if followers.is_empty() {
        return Ok(());
    }
    let deal = find(tx, me, deal).await?;
    let credits = as_new(tx, me, &deal).await?.credits;
    let mut rest = Rest::before_returns(tx, me, &deal).await?;
    for row in page_db::returns(tx, me.scope.org, deal.id).await? {
        let returned = find(tx, me, row.id).await?;
        let own = as_new(tx, me, &returned).await?;
        let mut new = own.clone();
        if let Some(follower) = followers.iter().find(|follower| follower.id == row.id) {
            if follower.lines {
                new.lines = rest.taken_back(&own.lines);
                new.rate = deal.rate;
            }
            if follower.credits {
                new.credits.clone_from(&credits);
            }
        }
        if new == own || returned.locked && reason.is_none() {
            rest.take(&own.lines);
            continue;
        }
        // It stays confirmed as it is: unless its deal is confirmed too, neither pays.
        save::change(tx, returned.id, returned.version, &new, returned.customer_id).await?;
        let detail = format::stored(
            || json!({ "old": told(&own, me), "new": told(&new, me), "reason": reason.unwrap_or_default() }),
        );
        audit::db::record(tx, "deal.changed", &format!("/deals/{}", returned.id), detail).await?;
        rest.take(&new.lines);
    }
    Ok(())
}

/// A deal, whoever may see it: a correction reaches all of its returns.
async fn find(db: &mut PgConnection, me: &Viewer, id: DealId) -> Result<Deal, Error> {
    let all = Scope { org: me.scope.org, reach: Reach::All };
    page_db::find(db, &all, &me.company, me.today, id).await?.ok_or(Error::NotFound)
}

fn told(deal: &NewDeal, me: &Viewer) -> Value {
    let lines = deal.lines.iter().map(|line| {
        let cost = line.cost.map(|cost| format!(", cost {}", format::money(me.company.currency, cost)));
        let amount = format::money(deal.currency.unwrap_or(me.company.currency), line.face());
        format!("line {}: {} × {amount}{}", line.position, line.quantity.normalize(), cost.unwrap_or_default())
    });
    json!({
        "net": format::money(me.company.currency, deal.net()),
        "lines": lines.collect::<Vec<_>>(),
        "credits": if deal.credits.is_empty() { "nobody" } else { "as its deal" },
    })
}
