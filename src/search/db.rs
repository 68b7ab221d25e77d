//! What a search finds: records by the beginning of a name or by their number, as far as the person's lists go.

use sqlx::PgConnection;
use time::Date;

use crate::domain::{
    access::Scope,
    deal::Stage,
    id::{CustomerId, DealId, OrgId, PlanId, RunId, StatementId, TeamId, UserId},
    period::PeriodKind,
};

/// A text to search for, and where what begins with it ends.
#[derive(Clone, Debug)]
pub struct Beginning {
    /// As typed.
    text: String,
    /// The same followed by the last sign that there is.
    end: String,
    /// The same as a pattern: the beginning of a word.
    pattern: String,
    /// How many are asked for at most.
    limit: i64,
}

impl Beginning {
    /// What begins with this text, some of it at most.
    pub fn new(text: &str, limit: i64) -> Self {
        let plain = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        Self { text: text.to_owned(), end: format!("{text}\u{10FFFF}"), pattern: format!("{plain}%"), limit }
    }
}

/// A customer that was found.
pub struct Customer {
    /// The customer.
    pub id: CustomerId,
    /// The name.
    pub name: String,
    /// Where it is.
    pub city: Option<String>,
}

/// Customers whose name begins so, or whose id in imports is this, of those whom the list of customers shows: the reps
/// in sight own them today.
pub async fn customers(
    db: &mut PgConnection,
    scope: &Scope,
    asked: &Beginning,
    today: Date,
) -> sqlx::Result<Vec<Customer>> {
    sqlx::query_as!(
        Customer,
        r#"with owned as (
               select o.customer_id from ownerships o where o.org_id = $1 and o.rep_id = any ($2) and o.during @> $5::date
           ),
           found as (
               -- Each by an index of its own: one condition for both would have none.
               (select c.id
                from customers c
                where c.org_id = $1 and c.merged_into is null and c.name_key >= lower($3) and c.name_key < lower($4)
                  and ($2::bigint[] is null or c.id in (select owned.customer_id from owned))
                order by c.name_key, c.id
                limit $6)
               union
               select c.id
               from customers c
               where c.org_id = $1 and c.merged_into is null and c.external_id = $3
                 and ($2::bigint[] is null or c.id in (select owned.customer_id from owned))
           )
           select c.id, c.name, c.city
           from found
           join customers c on c.org_id = $1 and c.id = found.id
           order by c.name_key, c.id
           limit $6"#,
        scope.org as OrgId,
        scope.reps() as Option<&[UserId]>,
        asked.text,
        asked.end,
        today,
        asked.limit,
    )
    .fetch_all(db)
    .await
}

/// A person that was found.
pub struct Person {
    /// The person.
    pub id: UserId,
    /// The name.
    pub name: String,
    /// Today's team.
    pub team: Option<String>,
}

/// People of whose name a word begins so: everybody, or the reps in sight.
pub async fn people(
    db: &mut PgConnection,
    scope: &Scope,
    asked: &Beginning,
    everybody: bool,
    today: Date,
) -> sqlx::Result<Vec<Person>> {
    sqlx::query_as!(
        Person,
        r#"select u.id, u.name, t.name as "team?"
           from users u
           left join memberships m on m.org_id = u.org_id and m.user_id = u.id and m.during @> $5::date
           left join teams t on t.org_id = m.org_id and t.id = m.team_id
           where u.org_id = $1 and (u.name ilike $3 or u.name ilike '% ' || $3)
             and ($4
                  or ($2::bigint[] is null or u.id = any ($2)) and exists (
                      select from user_roles r where r.org_id = u.org_id and r.user_id = u.id and r.role = 'rep'
                  ))
           order by lower(u.name), u.id
           limit $6"#,
        scope.org as OrgId,
        scope.reps() as Option<&[UserId]>,
        asked.pattern,
        everybody,
        today,
        asked.limit,
    )
    .fetch_all(db)
    .await
}

/// A deal that was found.
pub struct Deal {
    /// The deal.
    pub id: DealId,
    /// Its number.
    pub number: i64,
    /// Its id in imports.
    pub external_id: Option<String>,
    /// The customer's name.
    pub customer: String,
    /// How far it has come.
    pub stage: Stage,
}

/// The deals of this number or id in imports, of those whom the list of deals shows: reps in sight keep them or are
/// credited.
pub async fn deals(
    db: &mut PgConnection,
    scope: &Scope,
    text: &str,
    number: Option<i64>,
    today: Date,
) -> sqlx::Result<Vec<Deal>> {
    sqlx::query_as!(
        Deal,
        r#"select d.id, d.number, d.external_id, c.name as customer, d.stage as "stage: Stage"
           from deals d
           join customers c on c.org_id = d.org_id and c.id = d.customer_id
           where d.org_id = $1 and (d.number = $4 or d.external_id = $3) and (d.booked_on is null or d.booked_on <= $5)
             and ($2::bigint[] is null or d.owner_id = any ($2) or exists (
                 select from deal_credits dc
                 where dc.org_id = d.org_id and dc.deal_id = d.id and dc.rep_id = any ($2)
             ))
           order by d.number"#,
        scope.org as OrgId,
        scope.reps() as Option<&[UserId]>,
        text,
        number,
        today,
    )
    .fetch_all(db)
    .await
}

/// Teams of whose name a word begins so, of those in sight (`teams`; none: all).
pub async fn teams(
    db: &mut PgConnection,
    org: OrgId,
    asked: &Beginning,
    teams: Option<&[TeamId]>,
) -> sqlx::Result<Vec<(TeamId, String)>> {
    let rows = sqlx::query!(
        "select t.id, t.name
         from teams t
         where t.org_id = $1 and (t.name ilike $2 or t.name ilike '% ' || $2) and ($3::bigint[] is null or t.id = any ($3))
         order by lower(t.name), t.id
         limit $4",
        org as OrgId,
        asked.pattern,
        teams as Option<&[TeamId]>,
        asked.limit,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// Plans of whose name a word begins so.
pub async fn plans(db: &mut PgConnection, org: OrgId, asked: &Beginning) -> sqlx::Result<Vec<(PlanId, String)>> {
    let rows = sqlx::query!(
        "select p.id, p.name
         from plans p
         where p.org_id = $1 and (p.name ilike $2 or p.name ilike '% ' || $2)
         order by lower(p.name), p.id
         limit $3",
        org as OrgId,
        asked.pattern,
        asked.limit,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// A statement that was found.
pub struct Statement {
    /// The statement.
    pub id: StatementId,
    /// Whose it is.
    pub rep: String,
    /// month, quarter or year.
    pub period_kind: PeriodKind,
    /// First day of the period.
    pub period_start: Date,
}

/// Statements of locked periods in sight, the newest first: of reps a word of whose name begins so, or of a month.
pub async fn statements(
    db: &mut PgConnection,
    scope: &Scope,
    asked: &Beginning,
    month: Option<Date>,
) -> sqlx::Result<Vec<Statement>> {
    sqlx::query_as!(
        Statement,
        r#"select s.id, u.name as rep, l.period_kind as "period_kind: PeriodKind", l.period_start
           from period_locks l
           join statements s on s.org_id = l.org_id and s.run_id = l.run_id
           join users u on u.org_id = s.org_id and u.id = s.rep_id
           where l.org_id = $1 and ($2::bigint[] is null or s.rep_id = any ($2))
             and (u.name ilike $3 or u.name ilike '% ' || $3 or l.period_kind = 'month' and l.period_start = $4)
           order by l.period_start desc, lower(u.name), s.id
           limit $5"#,
        scope.org as OrgId,
        scope.reps() as Option<&[UserId]>,
        asked.pattern,
        month,
        asked.limit,
    )
    .fetch_all(db)
    .await
}

/// The runs of a month, the newest first; without `drafts` only those that are submitted.
pub async fn runs(db: &mut PgConnection, org: OrgId, month: Date, drafts: bool) -> sqlx::Result<Vec<RunId>> {
    sqlx::query_scalar!(
        "select r.id
         from commission_runs r
         where r.org_id = $1 and r.period_kind = 'month' and r.period_start = $2
           and ($3 or exists (select from run_submissions b where b.org_id = r.org_id and b.run_id = r.id))
         order by r.id desc
         limit 3",
        org as OrgId,
        month,
        drafts,
    )
    .fetch_all(db)
    .await
}
