//! The SQL of a run's report: sums of its period, its lines beside those of another run, and who entered nothing.

use sqlx::PgConnection;
use time::Date;

use crate::domain::{
    access::Scope,
    id::{OrgId, RunId, UserId},
    money::Money,
    period::Period,
};

/// What was booked in a period, and what of it does not pay as one would think.
pub struct Bookings {
    /// Σ net of all deals.
    pub booked: Money,
    /// Σ of the credits that share deals.
    pub credited: Money,
    /// Deals that nobody is credited on.
    pub without_credit: i64,
    /// Their net.
    pub without_credit_net: Money,
    /// Deals that wait for confirmation.
    pub unconfirmed: i64,
    /// Their net.
    pub unconfirmed_net: Money,
    /// Deals with a credit apart.
    pub overlaid: i64,
    /// Σ of these credits.
    pub overlaid_credits: Money,
}

impl Bookings {
    /// Whether what is credited, and what nobody is credited on, comes to what was booked.
    pub fn agree(&self) -> bool {
        self.credited + self.without_credit_net == self.booked
    }
}

/// The sums of a period, by the deals' own dates.
pub async fn booked(db: &mut PgConnection, org: OrgId, period: Period) -> sqlx::Result<Bookings> {
    sqlx::query_as!(
        Bookings,
        r#"select coalesce(sum(d.net), 0)::bigint as "booked!: Money",
                  coalesce(sum(c.credited), 0)::bigint as "credited!: Money",
                  count(*) filter (where c.split = 0) as "without_credit!",
                  coalesce(sum(d.net) filter (where c.split = 0), 0)::bigint as "without_credit_net!: Money",
                  count(*) filter (where o.confirm_deals and d.confirmed_at is null) as "unconfirmed!",
                  coalesce(sum(d.net) filter (where o.confirm_deals and d.confirmed_at is null), 0)::bigint
                      as "unconfirmed_net!: Money",
                  count(*) filter (where c.apart > 0) as "overlaid!",
                  coalesce(sum(c.overlaid), 0)::bigint as "overlaid_credits!: Money"
           from deals d
           join organizations o on o.id = d.org_id
           cross join lateral (
               select count(*) filter (where not c.overlay) as split, count(*) filter (where c.overlay) as apart,
                      coalesce(sum(c.amount) filter (where not c.overlay), 0) as credited,
                      coalesce(sum(c.amount) filter (where c.overlay), 0) as overlaid
               from deal_credits c
               where c.org_id = d.org_id and c.deal_id = d.id
           ) c
           where d.org_id = $1 and d.booked_on >= $2 and d.booked_on < $3"#,
        org as OrgId,
        period.from(),
        period.to(),
    )
    .fetch_one(db)
    .await
}

/// What a run pays a rep for a component, corrections and all.
#[derive(Clone, Debug)]
pub struct Paid {
    /// The rep.
    pub rep_id: UserId,
    /// The rep's name.
    pub rep: String,
    /// The component, or what else its line is.
    pub component: String,
    /// The amount.
    pub amount: Money,
}

/// What a run pays, by rep and component, within reach.
pub async fn paid(db: &mut PgConnection, scope: &Scope, run: RunId) -> sqlx::Result<Vec<Paid>> {
    sqlx::query_as!(
        Paid,
        r#"select s.rep_id, u.name as rep,
                  case when l.measure = 'adjustment' then 'earlier periods' else l.component end as "component!",
                  sum(l.amount)::bigint as "amount!: Money"
           from statements s
           join users u on u.org_id = s.org_id and u.id = s.rep_id
           join statement_lines l on l.org_id = s.org_id and l.statement_id = s.id
           where s.org_id = $1 and s.run_id = $2 and ($3::bigint[] is null or s.rep_id = any ($3))
           group by u.name, s.rep_id, 3
           order by u.name, s.rep_id, min(l.position)"#,
        scope.org as OrgId,
        run as RunId,
        scope.reps() as Option<&[UserId]>,
    )
    .fetch_all(db)
    .await
}

/// The run of a period that counts: the one that locked it, else the newest.
pub async fn run_of(db: &mut PgConnection, org: OrgId, period: Period) -> sqlx::Result<Option<RunId>> {
    sqlx::query_scalar!(
        "select r.id
         from commission_runs r
         left join period_locks l on l.org_id = r.org_id and l.run_id = r.id
         where r.org_id = $1 and r.period_kind = $2 and r.period_start = $3
         order by l.run_id is null, r.id desc
         limit 1",
        org as OrgId,
        period.kind().as_str(),
        period.from(),
    )
    .fetch_optional(db)
    .await
}

/// What a statement leaves behind.
pub struct Left {
    /// The rep's name.
    pub rep: String,
    /// Its total.
    pub total: Money,
    /// What the rep owes of draws.
    pub draw_balance: Money,
    /// What is carried on.
    pub carried: Money,
}

/// What the statements of a run pay and leave behind, within reach, by name.
pub async fn left(db: &mut PgConnection, scope: &Scope, run: RunId) -> sqlx::Result<Vec<Left>> {
    sqlx::query_as!(
        Left,
        "select u.name as rep, s.total, s.draw_balance, s.carried
         from statements s
         join users u on u.org_id = s.org_id and u.id = s.rep_id
         where s.org_id = $1 and s.run_id = $2 and ($3::bigint[] is null or s.rep_id = any ($3))
         order by u.name, s.rep_id",
        scope.org as OrgId,
        run as RunId,
        scope.reps() as Option<&[UserId]>,
    )
    .fetch_all(db)
    .await
}

/// What a rep owes of draws.
pub struct Owes {
    /// The rep's name.
    pub rep: String,
    /// How much.
    pub owed: Money,
}

/// The reps within reach who owe something of draws after their last approved statement and have none in a run of the
/// same kind of period, by name.
pub async fn owing(db: &mut PgConnection, scope: &Scope, run: RunId) -> sqlx::Result<Vec<Owes>> {
    sqlx::query_as!(
        Owes,
        r#"with last as (
               select distinct on (s.rep_id) s.rep_id, s.draw_balance, l.period_kind
               from period_locks l
               join statements s on s.org_id = l.org_id and s.run_id = l.run_id
               where l.org_id = $1 and ($3::bigint[] is null or s.rep_id = any ($3))
               order by s.rep_id, l.locked_at desc, s.id desc
           )
           select u.name as rep, s.draw_balance as "owed!: Money"
           from commission_runs r
           join last s on s.period_kind = r.period_kind and s.draw_balance > 0
           join users u on u.org_id = r.org_id and u.id = s.rep_id
           where r.org_id = $1 and r.id = $2
             and not exists (
                 select from statements m where m.org_id = r.org_id and m.run_id = r.id and m.rep_id = s.rep_id
             )
           order by u.name, u.id"#,
        scope.org as OrgId,
        run as RunId,
        scope.reps() as Option<&[UserId]>,
    )
    .fetch_all(db)
    .await
}

/// The reps of a run within reach, not who only manages, who entered neither a visit nor a deal since an instant's day, by name.
pub async fn silent(db: &mut PgConnection, scope: &Scope, run: RunId, since: Date) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        "select u.name
         from statements s
         join organizations o on o.id = s.org_id
         join users u on u.org_id = s.org_id and u.id = s.rep_id
         where s.org_id = $1 and s.run_id = $2 and ($3::bigint[] is null or s.rep_id = any ($3))
           and coalesce(u.left_on > $4, true)
           and exists (
               select from user_roles r where r.org_id = u.org_id and r.user_id = u.id and r.role = 'rep'
           )
           and not exists (
               select from visits v
               where v.org_id = s.org_id and v.rep_id = s.rep_id and v.visited_on >= $4 and v.state = 'done'
           )
           and not exists (
               select from deals d
               where d.org_id = s.org_id and d.owner_id = s.rep_id
                 and (d.changed_at at time zone o.time_zone)::date >= $4
           )
         order by u.name, u.id",
        scope.org as OrgId,
        run as RunId,
        scope.reps() as Option<&[UserId]>,
        since,
    )
    .fetch_all(db)
    .await
}
