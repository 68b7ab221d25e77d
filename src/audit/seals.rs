//! Seals of the log: each proves the lines since the one before, so that what is changed later is found by `attain db verify`.

use std::time::Duration;

use sqlx::{PgConnection, PgPool};
use time::{OffsetDateTime, macros::datetime};

use super::{
    chain::{self, BEGINNING, Chain},
    seals_db::{self, NewSeal},
};
use crate::{
    App,
    clock::Clock,
    domain::id::OrgId,
    figures::Figures,
    postgres::tx::{self, Tx},
};

/// How often the server looks for companies with lines to seal.
const LOOK_EVERY: Duration = Duration::from_mins(5);
/// No company's log is sealed more often by it, …
const SEAL_EVERY: time::Duration = time::Duration::hours(1);
/// … unless so many lines came: hashing more of them would make an approval slow.
const MANY: i64 = 100_000;

/// A seal that was made. It is told once it is stored for good.
#[must_use = "tell it after the commit"]
pub struct Sealed {
    org: OrgId,
    seal: NewSeal,
}

impl Sealed {
    /// Counts the seal and writes it to the server's log, which leaves the machine more often than the database does:
    /// whoever rewrites the log of the company, seals and all, cannot rewrite that.
    pub fn tell(&self, figures: &Figures) {
        figures.sealed();
        tracing::info!(
            organization = self.org.0,
            seal = self.seal.number,
            up_to = self.seal.up_to,
            lines = self.seal.rows,
            code = chain::hex(&self.seal.digest),
            "sealed the audit log"
        );
    }
}

/// Seals every line that there is, those of this transaction as well. It must be [`tx::alone`]: a line of somebody else
/// could come later with a smaller number. Nothing where there is no new line.
pub async fn within(tx: &mut Tx) -> sqlx::Result<Option<Sealed>> {
    let (org, now) = (tx.org, tx.now);
    let Some(up_to) = seals_db::last_line(tx, org).await? else { return Ok(None) };
    let seal = next(tx, org, up_to, now).await?;
    store(tx, seal).await
}

/// Seals every line of an organization beside its work: only for a moment, in which it learns up to which line all is
/// there, must nobody write; the lines are read after that. Nothing where there is no new line, where others write all the
/// time, or where another seal was faster.
pub async fn beside(db: &PgPool, org: OrgId, clock: Clock) -> sqlx::Result<Option<Sealed>> {
    let Some(mut quiet) = tx::alone_soon(db, org, clock).await? else { return Ok(None) };
    let (up_to, now) = (seals_db::last_line(&mut quiet, org).await?, quiet.now);
    drop(quiet);
    let Some(up_to) = up_to else { return Ok(None) };
    let mut read = tx::long_read(db, org).await?;
    let seal = next(&mut read, org, up_to, now).await?;
    drop(read);
    let mut write = tx::write(db, org, None, clock).await?;
    let sealed = store(&mut write, seal).await?;
    write.commit().await?;
    Ok(sealed)
}

/// The seal behind the newest, up to a line; none where that is sealed already.
async fn next(db: &mut PgConnection, org: OrgId, up_to: i64, now: OffsetDateTime) -> sqlx::Result<Option<NewSeal>> {
    let newest = seals_db::newest(db, org).await?;
    let (before, number) = newest.as_ref().map_or((i64::MIN, 1), |seal| (seal.up_to, seal.number + 1));
    if before >= up_to {
        return Ok(None);
    }
    let mut chain = Chain::behind(org, number, newest.as_ref().map_or(&BEGINNING, |seal| &seal.digest));
    seals_db::add_lines(db, org, before, up_to, &mut chain).await?;
    let (sealed_at, bytes) = as_stored(now);
    Ok(Some(NewSeal { number, up_to, rows: chain.rows(), sealed_at, digest: chain.end(up_to, &bytes) }))
}

async fn store(tx: &mut Tx, seal: Option<NewSeal>) -> sqlx::Result<Option<Sealed>> {
    let Some(seal) = seal else { return Ok(None) };
    let stored = seals_db::insert(tx, &seal).await?;
    Ok(stored.then_some(Sealed { org: tx.org, seal }))
}

/// An instant as PostgreSQL keeps it, in whole microseconds, and as it sends it: counted from the year 2000.
fn as_stored(now: OffsetDateTime) -> (OffsetDateTime, [u8; 8]) {
    let now = now - time::Duration::nanoseconds(i64::from(now.nanosecond() % 1000));
    let since = now - datetime!(2000-01-01 00:00 UTC);
    (now, i64::try_from(since.whole_microseconds()).unwrap_or(i64::MAX).to_be_bytes())
}

/// Seals the log of every company, for as long as the server runs. What fails is tried again at the next look.
pub async fn keep_up(app: App) {
    loop {
        if let Err(error) = look(&app).await {
            tracing::warn!("cannot look for logs to seal: {error}");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Seals the logs whose turn it is, one after the other; a company that fails keeps no other from its turn. Gives how
/// many seals there are more.
pub async fn look(app: &App) -> sqlx::Result<usize> {
    let mut made = 0;
    for org in seals_db::due(&app.db, app.clock.now() - SEAL_EVERY, MANY).await? {
        match beside(&app.db, org, app.clock).await {
            Ok(Some(sealed)) => {
                sealed.tell(&app.figures);
                made += 1;
            }
            Ok(None) => {}
            Err(error) => tracing::warn!("cannot seal the log of organization {org}: {error}"),
        }
    }
    Ok(made)
}
