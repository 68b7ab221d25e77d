//! What an import changes of what was there before: kept as it was, so that the import can be taken back.

use sqlx::PgPool;
use time::{Duration, OffsetDateTime};

use super::{
    before_db::{self, KINDS},
    done_db::Before,
};
use crate::{
    clock::Clock,
    domain::id::ImportId,
    postgres::tx::{self, Tx},
};

/// How many records are looked up at once.
const AT_ONCE: usize = 2000;
/// How long it is kept what they were.
const KEPT: Duration = Duration::days(30);
/// How often the server looks for what is older.
const EVERY: std::time::Duration = std::time::Duration::from_hours(24);

/// Keeps what the records were that the import of this transaction changed. Beside the transaction, on a connection of the
/// pool, they still are what they were: nobody else can have changed them since the import did.
pub async fn keep(tx: &mut Tx, pool: &PgPool, import: ImportId, before: &Before) -> sqlx::Result<()> {
    let changed = before_db::changed(tx, before).await?;
    if changed.is_empty() {
        return Ok(());
    }
    let of_kind = |kind: &str| changed.iter().filter(|one| one.kind == kind).map(|one| one.id).collect::<Vec<i64>>();
    for kind in KINDS {
        before_db::hold(tx, kind, &of_kind(kind)).await?;
    }
    let org = tx.org;
    let mut beside = tx::read(pool, org).await?;
    for kind in KINDS {
        for some in of_kind(kind).chunks(AT_ONCE) {
            let states = before_db::states(&mut beside, org, kind, some).await?;
            before_db::keep(tx, import, kind, &states).await?;
        }
    }
    before_db::note_changed(tx, import).await
}

/// Forgets what is kept for longer than an import may be taken back, once a day, for as long as the server runs: it is people's
/// data.
pub async fn keep_tidy(db: PgPool, clock: Clock) {
    loop {
        match forget_old(&db, clock.now()).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "forgot what records were before imports of more than 30 days ago"),
            Err(error) => tracing::warn!("cannot forget what records were before imports: {error}"),
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Forgets it in all organizations. Returns how many records it was of.
pub async fn forget_old(db: &PgPool, now: OffsetDateTime) -> sqlx::Result<u64> {
    before_db::forget_old(db, now - KEPT).await
}
