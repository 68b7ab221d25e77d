//! Takes the empty schema of the program away, to make room for one that is restored; and nothing of anybody else.

use sqlx::{AssertSqlSafe, PgPool};

use super::pool::MIGRATIONS;

/// Why nothing was taken away.
#[derive(Debug, thiserror::Error)]
pub enum NotEmptied {
    /// There is a company.
    #[error("the database holds a company: a backup is restored into an empty one, and replaces nothing")]
    Company,
    /// There is something that no migration makes.
    #[error(
        "the database holds what is not Attain’s, and nothing is taken away: {}. Restore into a database of its own",
        .0.join(", ")
    )]
    Others(Vec<String>),
    /// The database.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// What the migrations make, as their text says it: kind and name. A test compares it with what they have made.
pub fn made() -> Vec<(&'static str, &'static str)> {
    let texts = MIGRATIONS.iter().flat_map(|migration| migration.sql.as_str().lines());
    let made = texts.filter_map(|line| {
        let line = line.strip_prefix("create or replace ").or_else(|| line.strip_prefix("create "))?;
        let (kind, rest) = line.strip_prefix("unlogged ").unwrap_or(line).split_once(' ')?;
        let kind = KINDS.into_iter().find(|known| *known == kind)?;
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        Some((kind, rest.get(..end)?))
    });
    let mut made: Vec<_> = made.chain([("table", "_sqlx_migrations")]).collect();
    made.sort_unstable();
    made.dedup();
    made
}

/// What of it is dropped, in this order. The extension stays: it belongs to whoever set the database up.
const KINDS: [&str; 3] = ["table", "sequence", "function"];

/// Takes the schema of a database without a company away.
///
/// # Errors
/// Where there is a company, or something that is not ours, or that hangs on ours: then everything is as it was.
pub async fn empty(pool: &PgPool) -> Result<(), NotEmptied> {
    let made = made();
    let mut tx = pool.begin().await?;
    if sqlx::query_scalar!(r#"select exists (select from organizations) as "any!""#).fetch_one(&mut *tx).await? {
        return Err(NotEmptied::Company);
    }
    let there = sqlx::query!(
        r#"select kind as "kind!", name as "name!", called as "called!"
           from (
               select case c.relkind when 'r' then 'table' when 'p' then 'table' when 'S' then 'sequence' when 'v' then 'view'
                                     when 'm' then 'materialized view' when 'f' then 'foreign table' else 'type' end as kind,
                      c.relname::text as name, format('public.%I', c.relname) as called, c.oid, 'pg_class'::regclass as of
               from pg_class c
               where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'S', 'v', 'm', 'f', 'c')
               union all
               select 'function', p.proname::text, p.oid::regprocedure::text, p.oid, 'pg_proc'::regclass
               from pg_proc p
               where p.pronamespace = 'public'::regnamespace
               union all
               select 'type', t.typname::text, format('public.%I', t.typname), t.oid, 'pg_type'::regclass
               from pg_type t
               where t.typnamespace = 'public'::regnamespace and t.typtype in ('d', 'e', 'r')
           ) thing
           where not exists (
               -- What belongs to an extension, or to a column as its counter.
               select from pg_depend d
               where d.classid = thing.of and d.objid = thing.oid and d.objsubid = 0
                 and (d.deptype = 'e' or thing.kind = 'sequence' and d.deptype in ('a', 'i'))
           )
           order by kind, name"#,
    )
    .fetch_all(&mut *tx)
    .await?;
    let is_ours = |kind: &str, name: &str| made.iter().any(|(k, n)| *k == kind && *n == name);
    let others = there.iter().filter(|thing| !is_ours(&thing.kind, &thing.name));
    let others: Vec<String> = others.map(|thing| format!("{} {}", thing.kind, thing.called)).collect();
    if !others.is_empty() {
        return Err(NotEmptied::Others(others));
    }
    for kind in KINDS {
        let names: Vec<&str> = there.iter().filter(|thing| thing.kind == kind).map(|thing| &*thing.called).collect();
        if !names.is_empty() {
            // All of a kind at once: they hang on each other, and nothing else may.
            let drop = format!("drop {kind} {} restrict", names.join(", "));
            sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut *tx).await?;
        }
    }
    Ok(tx.commit().await?)
}
