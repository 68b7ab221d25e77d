//! The SQL of what finance does by hand to pay: holds, adjustments, notes, and taking them back. Rows are only ever added.

use sqlx::PgConnection;
use time::{Date, PrimitiveDateTime};

use crate::{
    domain::{
        id::{AdjustmentId, DealId, HoldId, OrgId, RunId, StatementId, UserId},
        money::Money,
        period::{Period, PeriodKind},
    },
    postgres::tx::Tx,
};

/// The statement of a rep in a run.
pub struct StatementOf {
    /// The statement.
    pub id: StatementId,
    /// The rep's name.
    pub rep: String,
    /// Its total.
    pub total: Money,
}

/// The statement of a rep in a run, if there is one.
pub async fn statement(
    db: &mut PgConnection,
    org: OrgId,
    run: RunId,
    rep: UserId,
) -> sqlx::Result<Option<StatementOf>> {
    sqlx::query_as!(
        StatementOf,
        "select s.id, u.name as rep, s.total
         from statements s
         join users u on u.org_id = s.org_id and u.id = s.rep_id
         where s.org_id = $1 and s.run_id = $2 and s.rep_id = $3",
        org as OrgId,
        run as RunId,
        rep as UserId,
    )
    .fetch_optional(db)
    .await
}

/// Something of a rep's pay that was held.
pub struct HoldRow {
    /// The hold.
    pub id: HoldId,
    /// Whose pay.
    pub rep_id: UserId,
    /// The component.
    pub component: String,
    /// The number of the deal; none: the whole line.
    pub deal: Option<i64>,
    /// Why.
    pub reason: String,
    /// Who held it.
    pub by: String,
    /// When, at the company.
    pub at: PrimitiveDateTime,
    /// Who released it.
    pub released_by: Option<String>,
    /// Why it was released.
    pub release_reason: Option<String>,
}

/// What was held of a rep's pay of a period, and the rep's deals that are still on hold wherever they count. `id` asks
/// for one only, of whichever period.
pub async fn holds(
    db: &mut PgConnection,
    org: OrgId,
    rep: Option<UserId>,
    period: Period,
    id: Option<HoldId>,
) -> sqlx::Result<Vec<HoldRow>> {
    sqlx::query_as!(
        HoldRow,
        r#"select h.id, h.rep_id, h.component, d.number as "deal?", h.reason, u.name as by,
                  h.made_at at time zone o.time_zone as "at!", ru.name as "released_by?", r.reason as "release_reason?"
           from pay_holds h
           join organizations o on o.id = h.org_id
           join users u on u.org_id = h.org_id and u.id = h.made_by
           left join deals d on d.org_id = h.org_id and d.id = h.deal_id
           left join pay_hold_releases r on r.org_id = h.org_id and r.hold_id = h.id
           left join users ru on ru.org_id = r.org_id and ru.id = r.made_by
           where h.org_id = $1
             and (h.id = $5
                  or $5::bigint is null and h.rep_id = $2
                     and (h.period_kind = $3 and h.period_start = $4 or h.deal_id is not null and r.hold_id is null))
           order by h.id"#,
        org as OrgId,
        rep as Option<UserId>,
        period.kind().as_str(),
        period.from(),
        id as Option<HoldId>,
    )
    .fetch_all(db)
    .await
}

/// A deal of a rep by its number, as a hold needs it.
pub async fn credited_deal(
    db: &mut PgConnection,
    org: OrgId,
    rep: UserId,
    number: i64,
) -> sqlx::Result<Option<DealId>> {
    sqlx::query_scalar!(
        "select d.id
         from deals d
         where d.org_id = $1 and d.number = $2
           and exists (select from deal_credits c where c.org_id = d.org_id and c.deal_id = d.id and c.rep_id = $3)",
        org as OrgId,
        number,
        rep as UserId,
    )
    .fetch_optional(db)
    .await
}

/// The locked period that a deal, or the deal that it returns, was paid to a rep in: that one's statement lists it, or
/// was corrected by a run that was calculated once the deal counted. A return counts as long as its deal does.
pub async fn paid_in(
    db: &mut PgConnection,
    org: OrgId,
    rep: UserId,
    deal: DealId,
) -> sqlx::Result<Option<(PeriodKind, Date)>> {
    let row = sqlx::query!(
        r#"with counted as (
               select d.number, b.number as returns, coalesce(b.booked_on, d.booked_on) as on_date,
                      greatest(d.recorded_at, d.confirmed_at, b.confirmed_at, (
                          select max(r.made_at)
                          from pay_holds h
                          join pay_hold_releases r on r.org_id = h.org_id and r.hold_id = h.id
                          where h.org_id = $1 and h.rep_id = $2 and h.deal_id in (d.id, d.returns_id)
                      )) as since,
                      o.confirm_deals and (d.confirmed_at is null or b.id is not null and b.confirmed_at is null)
                      or exists (
                          select from pay_holds h
                          where h.org_id = $1 and h.rep_id = $2 and h.deal_id in (d.id, d.returns_id)
                            and not exists (
                                select from pay_hold_releases r where r.org_id = h.org_id and r.hold_id = h.id
                            )
                      ) as waits
               from deals d
               join organizations o on o.id = d.org_id
               left join deals b on b.org_id = d.org_id and b.id = d.returns_id
               where d.org_id = $1 and d.id = $3
           )
           select l.period_kind as "period_kind: PeriodKind", l.period_start
           from counted c
           join period_locks l on l.org_id = $1 and l.period_start <= c.on_date and l.period_end > c.on_date
           join statements s on s.org_id = $1 and s.run_id = l.run_id and s.rep_id = $2
           cross join lateral (
               select array_agg((x->>'number')::bigint) as own
               from json_array_elements(s.inputs->'facts'->'deals') x
               -- What a teammate was paid of it was not the rep's.
               where x->'rep' is null and x->'hold' is null and coalesce((x->>'confirmed')::boolean, true)
           ) listed
           where c.number = any (listed.own) and (c.returns is null or c.returns = any (listed.own))
              or not c.waits and exists (
                     select from statement_corrections k
                     join statements p on p.org_id = $1 and p.id = k.statement_id
                     join commission_runs n on n.org_id = $1 and n.id = p.run_id
                     join period_locks o on o.org_id = $1 and o.run_id = n.id
                     where k.org_id = $1 and k.corrected_id = s.id and n.prepared_at > c.since
                 )
           order by l.period_start
           limit 1"#,
        org as OrgId,
        rep as UserId,
        deal as DealId,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| (row.period_kind, row.period_start)))
}

/// What of a rep's pay of a period a person does something to.
pub struct Of<'a> {
    /// Whose pay.
    pub rep: UserId,
    /// The period.
    pub period: Period,
    /// The component of the line.
    pub component: &'a str,
}

/// Holds a line, or a deal of it.
pub async fn hold(tx: &mut Tx, of: &Of<'_>, deal: Option<DealId>, reason: &str) -> sqlx::Result<HoldId> {
    let (org, actor, now) = (tx.org, tx.actor, tx.now);
    sqlx::query_scalar!(
        "insert into pay_holds (org_id, rep_id, period_kind, period_start, component, deal_id, reason, made_by, made_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         returning id",
        org as OrgId,
        of.rep as UserId,
        of.period.kind().as_str(),
        of.period.from(),
        of.component,
        deal as Option<DealId>,
        reason,
        actor as Option<UserId>,
        now,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Releases what was held. Twice meets `pay_hold_releases_pkey`.
pub async fn release(tx: &mut Tx, hold: HoldId, reason: &str) -> sqlx::Result<()> {
    let (org, actor, now) = (tx.org, tx.actor, tx.now);
    sqlx::query!(
        "insert into pay_hold_releases (org_id, hold_id, reason, made_by, made_at) values ($1, $2, $3, $4, $5)",
        org as OrgId,
        hold as HoldId,
        reason,
        actor as Option<UserId>,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// An adjustment by hand.
pub struct AdjustmentRow {
    /// It.
    pub id: AdjustmentId,
    /// Whose pay.
    pub rep_id: UserId,
    /// The component.
    pub component: String,
    /// The period that it is about.
    pub about: String,
    /// How much.
    pub amount: Money,
    /// Why.
    pub reason: String,
    /// `manual` or `dispute`.
    pub source: String,
    /// Who made it.
    pub by: String,
    /// When, at the company.
    pub at: PrimitiveDateTime,
    /// Who withdrew it.
    pub withdrawn_by: Option<String>,
    /// The run of a locked period that paid it.
    pub paid_in: Option<RunId>,
}

/// The adjustments of a rep that wait for a statement of this period or were paid by it, and those withdrawn of it.
/// `id` asks for one only.
pub async fn adjustments(
    db: &mut PgConnection,
    org: OrgId,
    rep: Option<UserId>,
    period: Period,
    id: Option<AdjustmentId>,
) -> sqlx::Result<Vec<AdjustmentRow>> {
    sqlx::query_as!(
        AdjustmentRow,
        r#"select a.id, a.rep_id, a.component, a.about, a.amount, a.reason, a.source, u.name as by,
                  a.made_at at time zone o.time_zone as "at!", wu.name as "withdrawn_by?",
                  paid.run_id as "paid_in?: RunId"
           from pay_adjustments a
           join organizations o on o.id = a.org_id
           join users u on u.org_id = a.org_id and u.id = a.made_by
           left join pay_adjustment_withdrawals w on w.org_id = a.org_id and w.adjustment_id = a.id
           left join users wu on wu.org_id = w.org_id and wu.id = w.made_by
           left join lateral (
               select l.run_id, l.period_kind, l.period_start
               from statement_adjustments t
               join statements s on s.org_id = t.org_id and s.id = t.statement_id
               join period_locks l on l.org_id = s.org_id and l.run_id = s.run_id
               where t.org_id = a.org_id and t.adjustment_id = a.id
               limit 1
           ) paid on true
           where a.org_id = $1
             and (a.id = $5
                  or $5::bigint is null and a.rep_id = $2
                     and case
                         when paid.run_id is not null then paid.period_kind = $3 and paid.period_start = $4
                         when w.adjustment_id is not null then a.period_kind = $3 and a.period_start = $4
                         else a.period_start <= $4
                     end)
           order by a.id"#,
        org as OrgId,
        rep as Option<UserId>,
        period.kind().as_str(),
        period.from(),
        id as Option<AdjustmentId>,
    )
    .fetch_all(db)
    .await
}

/// What an adjustment by hand says.
pub struct NewAdjustment<'a> {
    /// What of whose pay; the period is the one from which on it is paid.
    pub of: Of<'a>,
    /// The earlier period that it is about.
    pub about: Period,
    /// How much; not zero.
    pub amount: Money,
    /// Why.
    pub reason: &'a str,
    /// `manual` or `dispute`.
    pub source: &'a str,
}

/// Adds an adjustment. It goes into the rep's next statement of this period or a later one.
pub async fn adjust(tx: &mut Tx, new: &NewAdjustment<'_>) -> sqlx::Result<AdjustmentId> {
    let (org, actor, now) = (tx.org, tx.actor, tx.now);
    sqlx::query_scalar!(
        "insert into pay_adjustments (org_id, rep_id, period_kind, period_start, component, about, amount, reason, source,
                                      made_by, made_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         returning id",
        org as OrgId,
        new.of.rep as UserId,
        new.of.period.kind().as_str(),
        new.of.period.from(),
        new.of.component,
        new.about.to_string(),
        new.amount.0,
        new.reason,
        new.source,
        actor as Option<UserId>,
        now,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Withdraws an adjustment that was not paid. Twice meets `pay_adjustment_withdrawals_pkey`.
pub async fn withdraw(tx: &mut Tx, adjustment: AdjustmentId, reason: &str) -> sqlx::Result<()> {
    let (org, actor, now) = (tx.org, tx.actor, tx.now);
    sqlx::query!(
        "insert into pay_adjustment_withdrawals (org_id, adjustment_id, reason, made_by, made_at)
         values ($1, $2, $3, $4, $5)",
        org as OrgId,
        adjustment as AdjustmentId,
        reason,
        actor as Option<UserId>,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What somebody wrote about a line.
pub struct NoteRow {
    /// The component.
    pub component: String,
    /// The words.
    pub text: String,
    /// Who.
    pub by: String,
    /// When, at the company.
    pub at: PrimitiveDateTime,
}

/// The notes about a rep's pay of a period, in order of time.
pub async fn notes(db: &mut PgConnection, org: OrgId, rep: UserId, period: Period) -> sqlx::Result<Vec<NoteRow>> {
    sqlx::query_as!(
        NoteRow,
        r#"select n.component, n.text, u.name as by, n.made_at at time zone o.time_zone as "at!"
           from pay_notes n
           join organizations o on o.id = n.org_id
           join users u on u.org_id = n.org_id and u.id = n.made_by
           where n.org_id = $1 and n.rep_id = $2 and n.period_kind = $3 and n.period_start = $4
           order by n.id"#,
        org as OrgId,
        rep as UserId,
        period.kind().as_str(),
        period.from(),
    )
    .fetch_all(db)
    .await
}

/// Adds a note about a line.
pub async fn note(tx: &mut Tx, of: &Of<'_>, text: &str) -> sqlx::Result<()> {
    let (org, actor, now) = (tx.org, tx.actor, tx.now);
    sqlx::query!(
        "insert into pay_notes (org_id, rep_id, period_kind, period_start, component, text, made_by, made_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        org as OrgId,
        of.rep as UserId,
        of.period.kind().as_str(),
        of.period.from(),
        of.component,
        text,
        actor as Option<UserId>,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// From which amount on a rep's pay is named on the run's page; none: never.
pub async fn warn_above(db: &mut PgConnection, org: OrgId) -> sqlx::Result<Option<Money>> {
    sqlx::query_scalar!(r#"select warn_above as "warn_above: Money" from organizations where id = $1"#, org as OrgId)
        .fetch_one(db)
        .await
}

/// Sets that amount, or takes it away.
pub async fn set_warn_above(tx: &mut Tx, amount: Option<Money>) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!("update organizations set warn_above = $2 where id = $1", org as OrgId, amount.map(|a| a.0))
        .execute(&mut **tx)
        .await?;
    Ok(())
}
