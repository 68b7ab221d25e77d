//! The SQL of the log of everything: what was done by whom to which thing, the latest first.

use sqlx::PgConnection;
use time::{Date, OffsetDateTime, PrimitiveDateTime};

use crate::domain::{
    id::{OrgId, UserId},
    period::PeriodKind,
};

/// Which acts are asked for.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those of this person.
    pub person: Option<UserId>,
    /// Those of nobody: imports and the command line.
    pub nobody: bool,
    /// Those whose word begins so: "deal.", or "deal.confirmed" itself.
    pub kind: Option<String>,
    /// To this thing, by the path of its page.
    pub object: Option<String>,
    /// From this day on, at the company.
    pub from: Option<Date>,
    /// To the end of this day, at the company.
    pub to: Option<Date>,
    /// Only what comes behind this instant and number.
    pub after: Option<(OffsetDateTime, i64)>,
    /// At most so many.
    pub limit: i64,
}

/// An act, and what its thing is called today.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its number.
    pub id: i64,
    /// When.
    pub instant: OffsetDateTime,
    /// When, at the company.
    pub at: PrimitiveDateTime,
    /// Who; nobody: the command line or an import.
    pub user_id: Option<UserId>,
    /// The name of who did it.
    pub who: Option<String>,
    /// What: visit.logged, deal.confirmed …
    pub action: String,
    /// The page of the thing.
    pub object: String,
    /// Old and new values, reason.
    pub detail: serde_json::Value,
    /// The customer of the thing, if it is one or belongs to one.
    pub customer: Option<String>,
    /// The number, if it is a deal.
    pub deal: Option<i64>,
    /// The day, if it is a visit.
    pub visited_on: Option<Date>,
    /// The name of a person, team or plan; of a statement: whose it is.
    pub name: Option<String>,
    /// Of a run or statement: how long its period is.
    pub period_kind: Option<PeriodKind>,
    /// Of a run or statement: when its period begins.
    pub period_start: Option<Date>,
    /// Whether it is a run that was submitted, or a statement of one.
    pub submitted: bool,
}

/// One page of the acts that fit. Each filter has an index that ends in the instant, so a page costs what it shows.
pub async fn list(db: &mut PgConnection, org: OrgId, filter: &Filter, time_zone: &str) -> sqlx::Result<Vec<Row>> {
    let (after, after_id) = filter.after.unzip();
    // What begins with a text lies, byte by byte, between it and it followed by "/", the sign behind ".".
    let until = filter.kind.as_ref().map(|kind| format!("{}/", kind.trim_end_matches('.')));
    sqlx::query_as!(
        Row,
        r#"with fitting as (
               select a.id, a.at, a.user_id, a.action, a.object, a.detail, split_part(a.object, '/', 2) as place,
                      substring(a.object from '^/[a-z-]+/([0-9]{1,18})$')::bigint as thing
               from audit a
               where a.org_id = $1
                 and ($2::bigint is null or a.user_id = $2)
                 and (not $3 or a.user_id is null)
                 and ($4::text is null or a.action collate "C" >= $4 and a.action collate "C" < $5)
                 and ($6::text is null or a.object = $6)
                 and ($7::date is null or a.at >= $7::timestamp at time zone $9)
                 and ($8::date is null or a.at < ($8::date + 1)::timestamp at time zone $9)
                 and ($10::timestamptz is null or (a.at, a.id) < ($10, $11::bigint))
               order by a.at desc, a.id desc
               limit $12
           )
           select f.id as "id!", f.at as "instant!", f.at at time zone $9 as "at!", f.user_id as "user_id: UserId",
                  who.name as "who?", f.action as "action!", f.object as "object!", f.detail as "detail!",
                  coalesce(c.name, dc.name, vc.name) as customer, d.number as "deal?", v.visited_on as "visited_on?",
                  coalesce(u.name, t.name, p.name, sr.name) as name,
                  coalesce(r.period_kind, rs.period_kind) as "period_kind: PeriodKind",
                  coalesce(r.period_start, rs.period_start) as period_start,
                  exists (
                      select from run_submissions b where b.org_id = $1 and b.run_id = coalesce(r.id, rs.id)
                  ) as "submitted!"
           from fitting f
           left join users who on who.org_id = $1 and who.id = f.user_id
           left join customers c on c.org_id = $1 and f.place = 'customers' and c.id = f.thing
           left join deals d on d.org_id = $1 and f.place = 'deals' and d.id = f.thing
           left join customers dc on dc.org_id = $1 and dc.id = d.customer_id
           left join visits v on v.org_id = $1 and f.place = 'visits' and v.id = f.thing
           left join customers vc on vc.org_id = $1 and vc.id = v.customer_id
           left join users u on u.org_id = $1 and f.place = 'users' and u.id = f.thing
           left join teams t on t.org_id = $1 and f.place = 'teams' and t.id = f.thing
           left join plans p on p.org_id = $1 and f.place = 'plans' and p.id = f.thing
           left join commission_runs r on r.org_id = $1 and f.place = 'commission-runs' and r.id = f.thing
           left join statements s on s.org_id = $1 and f.place = 'statements' and s.id = f.thing
           left join users sr on sr.org_id = $1 and sr.id = s.rep_id
           left join commission_runs rs on rs.org_id = $1 and rs.id = s.run_id
           order by f.at desc, f.id desc"#,
        org as OrgId,
        filter.person as Option<UserId>,
        filter.nobody,
        filter.kind,
        until,
        filter.object,
        filter.from,
        filter.to,
        time_zone,
        after,
        after_id,
        filter.limit,
    )
    .fetch_all(db)
    .await
}

/// Everybody who can have done something, by name.
pub async fn people(db: &mut PgConnection, org: OrgId) -> sqlx::Result<Vec<(UserId, String)>> {
    let rows = sqlx::query!(
        "select id, name
         from users
         where org_id = $1
         order by lower(name), id
         limit 1000",
        org as OrgId,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// The names of people whom details tell by number.
pub async fn names(db: &mut PgConnection, org: OrgId, ids: &[i64]) -> sqlx::Result<Vec<(UserId, String)>> {
    let rows = sqlx::query!("select id, name from users where org_id = $1 and id = any ($2)", org as OrgId, ids)
        .fetch_all(db)
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}
