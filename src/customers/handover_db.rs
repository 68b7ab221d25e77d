//! The SQL of handovers: which days of which customers go to somebody else, and moving them all at once.

use std::collections::BTreeMap;

use sqlx::PgConnection;
use time::Date;

use crate::{
    domain::{
        access::Scope,
        id::{CustomerId, OrgId, UserId},
    },
    postgres::tx::Tx,
};

/// Days of a customer in the hands of one owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The customer.
    pub customer: CustomerId,
    /// Its name.
    pub name: String,
    /// Whose these days are; nobody's.
    pub owner: Option<UserId>,
    /// The owner's name.
    pub owner_name: Option<String>,
    /// The first day.
    pub from: Date,
    /// The first day no longer; none: for good.
    pub to: Option<Date>,
}

/// Of these customers, as far as they are in sight, the days from one on, up to the next handover that is entered.
pub async fn chosen(
    db: &mut PgConnection,
    scope: &Scope,
    customers: &[CustomerId],
    from: Date,
    today: Date,
) -> sqlx::Result<Vec<Stretch>> {
    sqlx::query_as!(
        Stretch,
        r#"select c.id as customer, c.name, o.rep_id as "owner?", u.name as "owner_name?", $4::date as "from!",
                  case
                      when o.rep_id is not null then upper(o.during)
                      else (
                          select min(lower(n.during))
                          from ownerships n
                          where n.org_id = c.org_id and n.customer_id = c.id and lower(n.during) > $4
                      )
                  end as "to?"
           from customers c
           left join ownerships o on o.org_id = c.org_id and o.customer_id = c.id and o.during @> $4::date
           left join users u on u.org_id = o.org_id and u.id = o.rep_id
           where c.org_id = $1 and c.id = any ($3) and c.merged_into is null
             and ($2::bigint[] is null
                  or exists (
                      select from ownerships s
                      where s.org_id = c.org_id and s.customer_id = c.id and s.during @> $5::date and s.rep_id = any ($2)
                  )
                  or exists (
                      select from visits v
                      where v.org_id = c.org_id and v.customer_id = c.id
                        and (v.rep_id = any ($2) or exists (
                            select from visit_participants p
                            where p.org_id = v.org_id and p.visit_id = v.id and p.rep_id = any ($2)
                        ))
                  )
                  or exists (
                      select from deals d
                      join deal_credits dc on dc.org_id = d.org_id and dc.deal_id = d.id
                      where d.org_id = c.org_id and d.customer_id = c.id and dc.rep_id = any ($2)
                  ))
           order by lower(c.name), c.id"#,
        scope.org as OrgId,
        scope.reps() as Option<&[UserId]>,
        customers as &[CustomerId],
        from,
        today,
    )
    .fetch_all(db)
    .await
}

/// All days from one on of all customers that this person owns then or later.
pub async fn book(db: &mut PgConnection, org: OrgId, rep: UserId, from: Date) -> sqlx::Result<Vec<Stretch>> {
    sqlx::query_as!(
        Stretch,
        r#"select o.customer_id as customer, c.name, o.rep_id as "owner?", u.name as "owner_name?",
                  greatest(lower(o.during), $3) as "from!", upper(o.during) as "to?"
           from ownerships o
           join customers c on c.org_id = o.org_id and c.id = o.customer_id
           join users u on u.org_id = o.org_id and u.id = o.rep_id
           where o.org_id = $1 and o.rep_id = $2 and o.during && daterange($3, null)
           order by lower(c.name), c.id, lower(o.during)"#,
        org as OrgId,
        rep as UserId,
        from,
    )
    .fetch_all(db)
    .await
}

/// How many customers each of these people owns on a day; who owns none is left out.
pub async fn owned(
    db: &mut PgConnection,
    org: OrgId,
    reps: &[UserId],
    on: Date,
) -> sqlx::Result<BTreeMap<UserId, i64>> {
    let rows = sqlx::query!(
        r#"select o.rep_id, count(*) as "customers!"
           from ownerships o
           where o.org_id = $1 and o.rep_id = any ($2) and o.during @> $3::date
           group by o.rep_id"#,
        org as OrgId,
        reps as &[UserId],
        on,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.rep_id, row.customers)).collect())
}

/// How many customers a person owns on a day or later.
pub async fn owned_from(db: &mut PgConnection, org: OrgId, rep: UserId, from: Date) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(distinct o.customer_id) as "customers!"
           from ownerships o
           where o.org_id = $1 and o.rep_id = $2 and o.during && daterange($3, null)"#,
        org as OrgId,
        rep as UserId,
        from,
    )
    .fetch_one(db)
    .await
}

/// The first day on which a person is no longer at the company, if it is known.
pub async fn left_on(db: &mut PgConnection, org: OrgId, rep: UserId) -> sqlx::Result<Option<Date>> {
    sqlx::query_scalar!("select left_on from users where org_id = $1 and id = $2", org as OrgId, rep as UserId)
        .fetch_optional(db)
        .await
        .map(Option::flatten)
}

/// Gives these days to a rep. Recompute the customers' events in the same transaction.
pub async fn hand_over(tx: &mut Tx, stretches: &[Stretch], to: UserId) -> sqlx::Result<()> {
    let org = tx.org;
    let customers: Vec<CustomerId> = stretches.iter().map(|stretch| stretch.customer).collect();
    let from: Vec<Date> = stretches.iter().map(|stretch| stretch.from).collect();
    let until: Vec<Option<Date>> = stretches.iter().map(|stretch| stretch.to).collect();
    sqlx::query!(
        "delete from ownerships o
         using unnest($2::bigint[], $3::date[], $4::date[]) as s (customer_id, from_date, to_date)
         where o.org_id = $1 and o.customer_id = s.customer_id and o.during <@ daterange(s.from_date, s.to_date)",
        org as OrgId,
        &customers as &[CustomerId],
        &from,
        &until as &[Option<Date>],
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "update ownerships o
         set during = daterange(lower(o.during), s.from_date)
         from unnest($2::bigint[], $3::date[], $4::date[]) as s (customer_id, from_date, to_date)
         where o.org_id = $1 and o.customer_id = s.customer_id and o.during && daterange(s.from_date, s.to_date)",
        org as OrgId,
        &customers as &[CustomerId],
        &from,
        &until as &[Option<Date>],
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into ownerships (org_id, customer_id, rep_id, during)
         select $1, s.customer_id, $5, daterange(s.from_date, s.to_date)
         from unnest($2::bigint[], $3::date[], $4::date[]) as s (customer_id, from_date, to_date)",
        org as OrgId,
        &customers as &[CustomerId],
        &from,
        &until as &[Option<Date>],
        to as UserId,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
