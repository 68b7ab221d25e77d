//! The audit log's SQL: one row per act, in the transaction of its effect.

use sqlx::PgConnection;
use time::PrimitiveDateTime;

use crate::{
    domain::id::{OrgId, UserId},
    postgres::tx::Tx,
};

/// Notes who did what to which thing. `object` is the thing's page; `detail` holds old and new values and the reason.
pub async fn record(tx: &mut Tx, action: &str, object: &str, detail: serde_json::Value) -> sqlx::Result<()> {
    let (org, actor, now) = (tx.org, tx.actor, tx.now);
    sqlx::query!(
        "insert into audit (org_id, at, user_id, action, object, detail)
         values ($1, $2, $3, $4, $5, $6)",
        org.0,
        now,
        actor as Option<UserId>,
        action,
        object,
        detail,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Notes the same act on many things: the page of each, and its detail.
pub async fn record_all(tx: &mut Tx, action: &str, acts: Vec<(String, serde_json::Value)>) -> sqlx::Result<()> {
    let (org, actor, now) = (tx.org, tx.actor, tx.now);
    let (objects, details): (Vec<String>, Vec<serde_json::Value>) = acts.into_iter().unzip();
    sqlx::query!(
        "insert into audit (org_id, at, user_id, action, object, detail)
         select $1, $2, $3, $4, a.object, a.detail
         from unnest($5::text[], $6::jsonb[]) as a (object, detail)",
        org as OrgId,
        now,
        actor as Option<UserId>,
        action,
        &objects,
        &details,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Something that somebody did to a thing.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When, at the company.
    pub at: PrimitiveDateTime,
    /// Who; nobody: the command line.
    pub who: Option<String>,
    /// Whose doing it was, by id.
    pub user_id: Option<UserId>,
    /// What: visit.logged, deal.confirmed …
    pub action: String,
    /// Old and new values, reason.
    pub detail: serde_json::Value,
}

/// What was done to a thing, the latest first; a hundred entries at most.
pub async fn history(db: &mut PgConnection, org: OrgId, time_zone: &str, object: &str) -> sqlx::Result<Vec<Entry>> {
    sqlx::query_as!(
        Entry,
        r#"select a.at at time zone $3 as "at!", u.name as "who?", a.user_id, a.action, a.detail
           from audit a
           left join users u on u.org_id = a.org_id and u.id = a.user_id
           where a.org_id = $1 and a.object = $2
           order by a.id desc
           limit 100"#,
        org as OrgId,
        object,
        time_zone,
    )
    .fetch_all(db)
    .await
}

/// The latest act on a thing with what has this key: what was taken away stands in its detail as `kept`.
pub async fn latest_with(
    db: &mut PgConnection,
    org: OrgId,
    time_zone: &str,
    object: &str,
    key: &serde_json::Value,
) -> sqlx::Result<Option<Entry>> {
    let acts = history(db, org, time_zone, object).await?;
    Ok(acts.into_iter().find(|act| act.detail.pointer("/kept/id") == Some(key)))
}
