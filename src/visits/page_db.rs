//! One visit, one person's day, and what the form to log a visit offers.

use sqlx::PgConnection;
use time::{Date, PrimitiveDateTime, Time};

use crate::{
    domain::{
        access::Scope,
        company::Company,
        id::{CustomerId, OrgId, UserId, VisitId},
        period::Dates,
        visit::{Kind, Outcome, State},
    },
    postgres::tx::Tx,
};

/// A visit with everything that its page shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// The visit.
    pub id: VisitId,
    /// Who went.
    pub rep_id: UserId,
    /// The name.
    pub rep: String,
    /// Who went along, by name.
    pub with: Vec<UserId>,
    /// Their names, in the same order.
    pub with_names: Vec<String>,
    /// Those of them who were entered after the lock of the period: for them it counts for nothing.
    pub joined_after_lock: Vec<UserId>,
    /// Those of them who were entered behind the visit, later than the company allows.
    pub joined_late: Vec<UserId>,
    /// To whom.
    pub customer_id: CustomerId,
    /// The customer's name.
    pub customer: String,
    /// The day.
    pub visited_on: Date,
    /// At what time.
    pub starts_at: Option<Time>,
    /// In person or not.
    pub kind: Kind,
    /// Planned, done or missed.
    pub state: State,
    /// What came of it.
    pub outcome: Option<Outcome>,
    /// How long it took.
    pub minutes: Option<i32>,
    /// Free words.
    pub notes: String,
    /// When it was entered, at the company.
    pub recorded_at: PrimitiveDateTime,
    /// How many days after its day it was entered, if that is later than the company allows.
    pub late: Option<i32>,
    /// Whether it was entered after its period was locked: it counts for nothing.
    pub after_lock: bool,
    /// Whether its period is locked.
    pub locked: bool,
    /// The first of the series that it belongs to.
    pub series_id: Option<VisitId>,
    /// The visit that it follows up.
    pub follows_id: Option<VisitId>,
    /// When that was.
    pub follows_on: Option<Date>,
    /// Counts its changes.
    pub version: i32,
}

impl Visit {
    /// Everybody who went, in words: "Ingrid, Jonas".
    pub fn who(&self) -> String {
        std::iter::once(&self.rep).chain(&self.with_names).cloned().collect::<Vec<_>>().join(", ")
    }

    /// Who went along, with their names.
    pub fn along(&self) -> Vec<(UserId, String)> {
        self.with.iter().copied().zip(self.with_names.iter().cloned()).collect()
    }

    /// Who was added after the lock, in words; nobody if that is so of the whole visit.
    pub fn added_after_lock(&self) -> String {
        self.named(|id| !self.after_lock && self.joined_after_lock.contains(id))
    }

    /// Who was added late and counts, in words.
    pub fn added_late(&self) -> String {
        self.named(|id| !self.after_lock && self.joined_late.contains(id) && !self.joined_after_lock.contains(id))
    }

    fn named(&self, fits: impl Fn(&UserId) -> bool) -> String {
        let along = self.with.iter().zip(&self.with_names).filter(|(id, _)| fits(id));
        along.map(|(_, name)| name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// Whether one of those who went is in sight.
    pub fn is_of(&self, scope: &Scope) -> bool {
        std::iter::once(&self.rep_id).chain(&self.with).any(|rep| scope.sees(*rep))
    }
}

/// A visit where somebody in sight goes or went.
pub async fn find(db: &mut PgConnection, scope: &Scope, company: &Company, id: VisitId) -> sqlx::Result<Option<Visit>> {
    sqlx::query_as!(
        Visit,
        r#"select v.id, v.rep_id, u.name as rep,
                  array(select p.rep_id
                        from visit_participants p
                        join users w on w.org_id = p.org_id and w.id = p.rep_id
                        where p.org_id = v.org_id and p.visit_id = v.id
                        order by lower(w.name), w.id) as "with!: Vec<UserId>",
                  array(select w.name
                        from visit_participants p
                        join users w on w.org_id = p.org_id and w.id = p.rep_id
                        where p.org_id = v.org_id and p.visit_id = v.id
                        order by lower(w.name), w.id) as "with_names!: Vec<String>",
                  array(select p.rep_id
                        from visit_participants p
                        where p.org_id = v.org_id and p.visit_id = v.id
                          and exists (
                              select from period_locks l
                              where l.org_id = p.org_id and l.period_start <= p.visited_on
                                and p.visited_on < l.period_end and p.recorded_at > l.locked_at
                          )) as "joined_after_lock!: Vec<UserId>",
                  array(select p.rep_id
                        from visit_participants p
                        where p.org_id = v.org_id and p.visit_id = v.id and v.state = 'done'
                          and p.recorded_at > v.recorded_at
                          and (p.recorded_at at time zone $4)::date - v.visited_on > $5
                       ) as "joined_late!: Vec<UserId>",
                  v.customer_id, c.name as customer, v.visited_on, v.starts_at,
                  v.kind as "kind: Kind", v.state as "state: State", v.outcome as "outcome: Outcome", v.minutes, v.notes,
                  v.recorded_at at time zone $4 as "recorded_at!",
                  case when v.state = 'done' and (v.recorded_at at time zone $4)::date - v.visited_on > $5
                       then (v.recorded_at at time zone $4)::date - v.visited_on end as "late?",
                  v.state = 'done' and exists (
                      select from period_locks l
                      where l.org_id = v.org_id and v.visited_on >= l.period_start and v.visited_on < l.period_end
                        and v.recorded_at > l.locked_at
                  ) as "after_lock!",
                  exists (
                      select from period_locks l
                      where l.org_id = v.org_id and v.visited_on >= l.period_start and v.visited_on < l.period_end
                  ) as "locked!",
                  v.series_id as "series_id: VisitId", v.follows_id,
                  (select f.visited_on from visits f where f.org_id = v.org_id and f.id = v.follows_id) as follows_on,
                  v.version
           from visits v
           join users u on u.org_id = v.org_id and u.id = v.rep_id
           join customers c on c.org_id = v.org_id and c.id = v.customer_id
           where v.org_id = $1 and v.id = $3
             and ($2::bigint[] is null or v.rep_id = any ($2) or exists (
                 select from visit_participants p
                 where p.org_id = v.org_id and p.visit_id = v.id and p.rep_id = any ($2)
             ))"#,
        scope.org as OrgId,
        scope.reps() as Option<&[UserId]>,
        id as VisitId,
        company.time_zone,
        i32::try_from(company.late_entry_days).unwrap_or(i32::MAX),
    )
    .fetch_optional(db)
    .await
}

/// What is planned with a customer on a day, by a person alone or along: the first of these kinds that there is.
pub async fn planned(
    tx: &mut Tx,
    rep: UserId,
    customer: CustomerId,
    day: Date,
    kinds: &[Kind],
) -> sqlx::Result<Option<(VisitId, i32)>> {
    let org = tx.org;
    let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    let row = sqlx::query!(
        "select v.id, v.version
         from visits v
         where v.org_id = $1 and v.customer_id = $3 and v.visited_on = $4 and v.state = 'planned'
           and v.kind = any ($5::text[])
           and (v.rep_id = $2 or exists (
               select from visit_participants p
               where p.org_id = v.org_id and p.visit_id = v.id and p.rep_id = $2
           ))
         order by v.rep_id <> $2, array_position($5::text[], v.kind), v.starts_at nulls last, v.id
         limit 1",
        org as OrgId,
        rep as UserId,
        customer as CustomerId,
        day,
        &kinds as &[&str],
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| (row.id, row.version)))
}

/// One entry of a person's day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The visit.
    pub id: VisitId,
    /// The customer.
    pub customer_id: CustomerId,
    /// The customer's name.
    pub customer: String,
    /// Where it is.
    pub city: Option<String>,
    /// Who else goes: "Ingrid, Jonas".
    pub with: Option<String>,
    /// At what time.
    pub starts_at: Option<Time>,
    /// In person or not.
    pub kind: Kind,
    /// Planned, done or missed.
    pub state: State,
    /// What came of it.
    pub outcome: Option<Outcome>,
    /// On which day.
    pub visited_on: Date,
    /// The day of the visit that it follows up.
    pub follows_on: Option<Date>,
    /// Whether it is one of a series.
    pub in_series: bool,
    /// Whether the person is its rep, and does not only go along.
    pub is_own: bool,
}

/// The visits of a person in these days, by day and time, also those where the person goes along.
pub async fn entries(db: &mut PgConnection, org: OrgId, rep: UserId, dates: Dates) -> sqlx::Result<Vec<Entry>> {
    sqlx::query_as!(
        Entry,
        r#"select v.id, v.customer_id, c.name as customer, c.city, others.names as "with?", v.starts_at,
                  v.kind as "kind: Kind", v.state as "state: State", v.outcome as "outcome: Outcome", v.visited_on,
                  f.visited_on as "follows_on?", v.series_id is not null as "in_series!",
                  v.rep_id = $2 as "is_own!"
           from visits v
           join customers c on c.org_id = v.org_id and c.id = v.customer_id
           left join visits f on f.org_id = v.org_id and f.id = v.follows_id
           left join lateral (
               select string_agg(u.name, ', ' order by lower(u.name)) as names
               from users u
               where u.org_id = v.org_id and u.id <> $2
                 and (u.id = v.rep_id or u.id in (
                     select p.rep_id from visit_participants p where p.org_id = v.org_id and p.visit_id = v.id
                 ))
           ) others on true
           where v.org_id = $1 and v.visited_on >= $3 and v.visited_on < $4
             and v.id in (
                 select own.id
                 from visits own
                 where own.org_id = $1 and own.rep_id = $2 and own.visited_on >= $3 and own.visited_on < $4
                 union all
                 select p.visit_id
                 from visit_participants p
                 where p.org_id = $1 and p.rep_id = $2 and p.visited_on >= $3 and p.visited_on < $4
             )
           order by v.visited_on, v.starts_at nulls last, v.id"#,
        org as OrgId,
        rep as UserId,
        dates.from,
        dates.to,
    )
    .fetch_all(db)
    .await
}

/// The follow-ups of a visit, with their days and states.
pub async fn follow_ups(
    db: &mut PgConnection,
    org: OrgId,
    visit: VisitId,
) -> sqlx::Result<Vec<(VisitId, Date, State)>> {
    let rows = sqlx::query!(
        r#"select id, visited_on, state as "state: State"
           from visits
           where org_id = $1 and follows_id = $2
           order by visited_on, id"#,
        org as OrgId,
        visit as VisitId,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.visited_on, row.state)).collect())
}
