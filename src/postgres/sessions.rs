//! Sessions: who a browser's token is, asked once per request, before the organization is known.

use sqlx::{PgExecutor, PgPool, types::Uuid};
use time::{Date, OffsetDateTime, PrimitiveDateTime};

use super::tx::Tx;
use crate::domain::{
    access::{Bearer, Role},
    company::{Company, GrowthBase, GrowthBasis},
    id::{OrgId, TeamId, UserId},
    locale::Locale,
    money::Currency,
    period::month_number,
};

/// A signed-in person, the company, and what day it is there.
#[derive(Clone, Debug)]
pub struct Session {
    /// The person with roles and teams.
    pub bearer: Bearer,
    /// The person's name.
    pub name: String,
    /// The person's organization.
    pub org: OrgId,
    /// The company's settings.
    pub company: Company,
    /// Today at the company.
    pub today: Date,
    /// When the session began.
    pub created_at: OffsetDateTime,
    /// When it was last used, to the minute.
    pub last_seen_at: OffsetDateTime,
    /// When the password was last given.
    pub auth_at: OffsetDateTime,
    /// Who looks at the program as this person, if it is not the person.
    pub behind: Option<Behind>,
    /// The form of numbers and dates.
    pub locale: Locale,
    /// What the person has chosen; nothing: as the company.
    pub own_locale: Option<Locale>,
    /// Whether the person whose session it is has a second factor.
    pub second_factor: bool,
    /// Whether the company wants finance and administrators to have one.
    pub second_factor_required: bool,
    /// The mark of the organization's latest write, if there was any.
    pub mark: Option<Uuid>,
}

/// An administrator who looks at the program as somebody else.
#[derive(Clone, Debug)]
pub struct Behind {
    /// The administrator.
    pub id: UserId,
    /// Since when.
    pub since: OffsetDateTime,
}

/// The session of a token's hash: one query for person, roles, reach, company and today. The person is the one whom
/// the session belongs to, or the one as whom that person looks at the program ([`Session::behind`]).
/// Whoever may not sign in, or has left by today, has none. Whether it is too old is the caller's to say.
pub async fn find(db: &PgPool, token_hash: &[u8], now: OffsetDateTime) -> sqlx::Result<Option<Session>> {
    let row = sqlx::query!(
        r#"with recursive found as materialized (
               select s.org_id, s.user_id, s.created_at, s.last_seen_at, s.auth_at, s.viewing_as, s.viewing_since
               from sessions s
               where s.token_hash = $1 and (s.ends_at is null or s.ends_at > $2)
           ),
           who as (
               select s.org_id, p.id as user_id, s.created_at, s.last_seen_at, s.auth_at, p.name,
                      s.user_id as own_id, s.viewing_since,
                      ($2::timestamptz at time zone o.time_zone)::date as today,
                      o.name as company, o.currency, o.time_zone, o.fiscal_year_start, o.workdays, o.growth_base, o.growth_basis,
                      o.late_entry_days, o.confirm_deals, o.locale, p.locale as own_locale, o.second_factor_required, w.mark,
                      exists (
                          select from second_factors f
                          where f.org_id = s.org_id and f.user_id = s.user_id and f.confirmed_at is not null
                      ) as second_factor,
                      array(select r.role from user_roles r where r.org_id = p.org_id and r.user_id = p.id) as roles
               from found s
               join organizations o on o.id = s.org_id
               left join writes w on w.org_id = s.org_id
               join users u on u.org_id = s.org_id and u.id = s.user_id and u.active
                and (u.left_on is null or u.left_on > ($2::timestamptz at time zone o.time_zone)::date)
               join users p on p.org_id = s.org_id and p.id = coalesce(s.viewing_as, s.user_id)
           ),
           managed as (
               select m.org_id, m.team_id
               from who
               join team_managers m on m.org_id = who.org_id and m.user_id = who.user_id and m.during @> who.today
               union
               select t.org_id, t.id
               from managed
               join teams t on t.org_id = managed.org_id and t.parent_id = managed.team_id
           )
           select who.org_id, who.user_id, who.own_id, who.viewing_since, who.created_at, who.last_seen_at, who.auth_at, who.name,
                  who.today as "today!", who.company, who.currency, who.time_zone, who.fiscal_year_start, who.workdays,
                  who.growth_base as "growth_base: GrowthBase", who.growth_basis as "growth_basis: GrowthBasis",
                  who.late_entry_days, who.confirm_deals, who.locale as "locale: Locale", who.own_locale as "own_locale: Locale",
                  who.second_factor as "second_factor!", who.second_factor_required, who.mark as "mark?", who.roles as "roles!",
                  array(select managed.team_id from managed) as "teams!: Vec<TeamId>",
                  array(select distinct m.user_id
                        from managed
                        join memberships m on m.org_id = managed.org_id and m.team_id = managed.team_id
                        where m.during @> who.today) as "members!: Vec<UserId>"
           from who"#,
        token_hash,
        now,
    )
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let roles: Vec<Role> = row.roles.iter().filter_map(|role| Role::parse(role)).collect();
    let company = Company {
        name: row.company,
        currency: Currency::parse(&row.currency).map_err(|e| sqlx::Error::Decode(e.into()))?,
        time_zone: row.time_zone,
        fiscal_start: month_number(i32::from(row.fiscal_year_start)),
        workdays: row.workdays.into_iter().filter_map(|day| u8::try_from(day).ok()).collect(),
        growth_base: row.growth_base,
        growth_basis: row.growth_basis,
        late_entry_days: row.late_entry_days.unsigned_abs(),
        confirm_deals: row.confirm_deals,
    };
    Ok(Some(Session {
        bearer: Bearer { id: row.user_id, roles, members: row.members, teams: row.teams },
        name: row.name,
        org: row.org_id,
        company,
        today: row.today,
        created_at: row.created_at,
        last_seen_at: row.last_seen_at,
        auth_at: row.auth_at,
        behind: row.viewing_since.map(|since| Behind { id: row.own_id, since }),
        locale: row.own_locale.unwrap_or(row.locale),
        own_locale: row.own_locale,
        second_factor: row.second_factor,
        second_factor_required: row.second_factor_required,
        mark: row.mark,
    }))
}

/// What is kept of a new session.
pub struct NewSession<'a> {
    /// SHA-256 of the token.
    pub token_hash: &'a [u8],
    /// The person's organization.
    pub org: OrgId,
    /// The person.
    pub user: UserId,
    /// From where.
    pub ip: &'a str,
    /// With which browser.
    pub user_agent: &'a str,
}

/// Begins a session.
pub async fn insert(db: impl PgExecutor<'_>, new: &NewSession<'_>, now: OffsetDateTime) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into sessions (token_hash, org_id, user_id, created_at, last_seen_at, auth_at, ip, user_agent)
         values ($1, $2, $3, $4, $4, $4, $5, $6)",
        new.token_hash,
        new.org as OrgId,
        new.user as UserId,
        now,
        new.ip,
        new.user_agent,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Notes that the session was used.
pub async fn touch(db: &PgPool, token_hash: &[u8], now: OffsetDateTime) -> sqlx::Result<()> {
    sqlx::query!("update sessions set last_seen_at = $2 where token_hash = $1", token_hash, now).execute(db).await?;
    Ok(())
}

/// Lets the person of a session look at the program as somebody else of the organization.
pub async fn view_as(tx: &mut Tx, token_hash: &[u8], user: UserId) -> sqlx::Result<()> {
    let (org, now) = (tx.org, tx.now);
    sqlx::query!(
        "update sessions
         set viewing_as = $3, viewing_since = $4
         where org_id = $1 and token_hash = $2",
        org as OrgId,
        token_hash,
        user as UserId,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Lets the person of a session look at the program as oneself again. False: that was so already.
pub async fn end_viewing(tx: &mut Tx, token_hash: &[u8]) -> sqlx::Result<bool> {
    let org = tx.org;
    let done = sqlx::query!(
        "update sessions
         set viewing_as = null, viewing_since = null
         where org_id = $1 and token_hash = $2 and viewing_as is not null",
        org as OrgId,
        token_hash,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends one session.
pub async fn end(db: impl PgExecutor<'_>, token_hash: &[u8]) -> sqlx::Result<()> {
    sqlx::query!("delete from sessions where token_hash = $1", token_hash).execute(db).await?;
    Ok(())
}

/// Replaces a session's token after its password was given again, unless the session was ended meanwhile. The old token is
/// good for a last moment, for a request that is under way with it, but does not count as fresh.
pub async fn rotate(
    db: &PgPool,
    old: &[u8],
    new: &[u8],
    now: OffsetDateTime,
    old_ends_at: OffsetDateTime,
) -> sqlx::Result<()> {
    let mut tx = db.begin().await?;
    // Whoever ends the person's sessions waits for the new one, or has ended the old one before it is looked for below.
    sqlx::query!(
        r#"select i.email
           from sign_ins i
           join sessions s on s.org_id = i.org_id and s.user_id = i.user_id
           where s.token_hash = $1
           for share of i"#,
        old,
    )
    .fetch_optional(&mut *tx)
    .await?;
    sqlx::query!(
        "with replaced as (
             update sessions
             set ends_at = coalesce(ends_at, $4)
             where token_hash = $1
             returning org_id, user_id, created_at, ip, user_agent
         )
         insert into sessions (token_hash, org_id, user_id, created_at, last_seen_at, auth_at, ip, user_agent)
         select $2, org_id, user_id, created_at, $3, $3, ip, user_agent
         from replaced",
        old,
        new,
        now,
        old_ends_at,
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

/// Ends a person's sessions, all of them or all but one, and the sign-ins that still owe a code: with the transaction that
/// changes what they may do. A sign-in that is under way is waited for, or finds what has changed.
pub async fn end_all(tx: &mut Tx, user: UserId, except: Option<&[u8]>) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "select email
         from sign_ins
         where org_id = $1 and user_id = $2
         for update",
        org as OrgId,
        user as UserId,
    )
    .fetch_optional(&mut **tx)
    .await?;
    sqlx::query!(
        "delete from sessions
         where org_id = $1 and user_id = $2 and token_hash is distinct from $3",
        org as OrgId,
        user as UserId,
        except,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!("delete from unfinished_sign_ins where org_id = $1 and user_id = $2", org as OrgId, user as UserId)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Ends one session of a person by what a page calls it ([`Device::key`]). False: the person has no such session.
pub async fn end_one(tx: &mut Tx, user: UserId, key: &str) -> sqlx::Result<bool> {
    let org = tx.org;
    let done = sqlx::query!(
        "delete from sessions
         where org_id = $1 and user_id = $2 and left(encode(token_hash, 'hex'), 16) = $3",
        org as OrgId,
        user as UserId,
        key,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Forgets a person's sessions that nobody can use any more.
pub async fn forget_old(
    db: impl PgExecutor<'_>,
    org: OrgId,
    user: UserId,
    unused_since: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from sessions
         where org_id = $1 and user_id = $2 and (last_seen_at < $3 or ends_at < $3)",
        org as OrgId,
        user as UserId,
        unused_since,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A browser in which a person is signed in.
#[derive(Clone, Debug)]
pub struct Device {
    /// What a page calls it: the beginning of the token's hash, of which no token can be made.
    pub key: String,
    /// What the browser says it is. May be empty.
    pub user_agent: String,
    /// From where the person signed in.
    pub ip: String,
    /// Since when, at the company.
    pub since: PrimitiveDateTime,
    /// When it was last used, at the company.
    pub last_seen: PrimitiveDateTime,
    /// Whether it is the one that asks.
    pub is_this: bool,
}

/// The browsers in which a person is signed in, the one that asks first, then the latest used.
pub async fn devices(
    db: &PgPool,
    org: OrgId,
    user: UserId,
    this: &[u8],
    now: OffsetDateTime,
    time_zone: &str,
) -> sqlx::Result<Vec<Device>> {
    sqlx::query_as!(
        Device,
        r#"select left(encode(token_hash, 'hex'), 16) as "key!", user_agent, ip,
                  created_at at time zone $5 as "since!", last_seen_at at time zone $5 as "last_seen!", token_hash = $3 as "is_this!"
           from sessions
           where org_id = $1 and user_id = $2 and ends_at is null and last_seen_at > $4::timestamptz - interval '7 days'
           order by token_hash = $3 desc, last_seen_at desc"#,
        org as OrgId,
        user as UserId,
        this,
        now,
        time_zone,
    )
    .fetch_all(db)
    .await
}
