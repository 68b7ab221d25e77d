//! The SQL of customer events: loads what a customer's life follows from, and keeps what follows from it.

use std::collections::BTreeMap;

use sqlx::PgConnection;
use time::Date;

use super::{batches_db, rules_db};
use crate::{
    domain::{
        customer::{
            events::{Event, EventKind, events},
            facts::{DealFact, Ending, EndingKind, History, Limit, LimitLevel, Ownership, full_returns, primary_rep},
        },
        id::{CustomerId, DealId, OrgId, UserId},
        money::Money,
    },
    postgres::tx::Tx,
};

/// Recomputes the events of the touched customers, and from when on their deals are fully returned. Call it in the
/// transaction that touched a deal, an ownership, an ending, a limit, a segment or `customer_since`.
///
/// It holds the customers until the transaction ends, so two writes at once see each other's deals.
pub async fn recompute(tx: &mut Tx, customers: &[CustomerId]) -> sqlx::Result<()> {
    let org = tx.org;
    for batch in batches_db::of(tx, org, customers).await? {
        recompute_batch(tx, &batch).await?;
    }
    Ok(())
}

/// Recomputes the events of every customer of the organization: when the rules of customers changed.
pub async fn recompute_all(tx: &mut Tx) -> sqlx::Result<()> {
    recompute_reached(tx, &Reach::Company).await
}

/// Whose events a limit decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Everybody's: the company's limit.
    Company,
    /// Those of a segment.
    Segment(String),
    /// Those of one customer.
    Own(CustomerId),
}

/// The customers whose events a limit decides, so many at a time that their deals fit into memory.
pub async fn reached(db: &mut PgConnection, org: OrgId, reach: &Reach) -> sqlx::Result<Vec<Vec<CustomerId>>> {
    match reach {
        Reach::Company => batches_db::of_all(db, org).await,
        Reach::Own(customer) => Ok(vec![vec![*customer]]),
        Reach::Segment(segment) => {
            let customers = sqlx::query_scalar!(
                "select id
                 from customers
                 where org_id = $1 and segment = $2",
                org as OrgId,
                segment.as_str(),
            )
            .fetch_all(&mut *db)
            .await?;
            batches_db::of(db, org, &customers).await
        }
    }
}

/// Recomputes the events of the customers whom a limit concerns that was set or taken away.
pub async fn recompute_reached(tx: &mut Tx, reach: &Reach) -> sqlx::Result<()> {
    let org = tx.org;
    for batch in reached(tx, org, reach).await? {
        recompute_batch(tx, &batch).await?;
    }
    Ok(())
}

async fn recompute_batch(tx: &mut Tx, customers: &[CustomerId]) -> sqlx::Result<()> {
    let org = tx.org;
    lock(tx, customers).await?;
    let found = differences(tx, org, customers).await?;
    write_returns(tx, &found.returns).await?;
    write_events(tx, &found.events).await
}

/// Everything that the customers' events follow from, in five queries however many they are.
pub async fn histories(
    db: &mut PgConnection,
    org: OrgId,
    customers: &[CustomerId],
) -> sqlx::Result<BTreeMap<CustomerId, History>> {
    Ok(load(db, org, customers).await?.into_iter().map(|(id, loaded)| (id, loaded.history)).collect())
}

/// What a customer's standing follows from ([`crate::domain::customer::stage::standing`]): without owners and credits, which
/// say only to whom events count.
pub async fn history_alone(db: &mut PgConnection, org: OrgId, customer: CustomerId) -> sqlx::Result<History> {
    let mut loaded = load_customers(db, org, &[customer]).await?;
    load_endings(db, org, &[customer], &mut loaded).await?;
    let mut history = loaded.remove(&customer).unwrap_or_default().history;
    history.deals = sqlx::query_as!(
        DealFact,
        r#"select d.id, d.number, d.booked_on as "booked_on!", d.net, d.returns_id as returns,
                  null::bigint as "primary_rep: UserId"
           from deals d
           where d.org_id = $1 and d.customer_id = $2 and d.booked_on is not null"#,
        org as OrgId,
        customer as CustomerId,
    )
    .fetch_all(db)
    .await?;
    Ok(history)
}

/// The stored events of a customer, in order of time.
pub async fn list(db: &mut PgConnection, org: OrgId, customer: CustomerId) -> sqlx::Result<Vec<Event>> {
    Ok(stored_events(db, org, &[customer]).await?.remove(&customer).unwrap_or_default())
}

async fn lock(tx: &mut Tx, customers: &[CustomerId]) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "select id
         from customers
         where org_id = $1 and id = any($2)
         order by id
         for no key update",
        org as OrgId,
        customers as &[CustomerId],
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(())
}

/// What is stored and would have to change.
pub(super) struct Differences {
    /// The deals whose date of the complete return is another one.
    pub(super) returns: Vec<Returned>,
    /// The customers whose events are others: those that are stored, and those that follow.
    pub(super) events: BTreeMap<CustomerId, (Vec<Event>, Vec<Event>)>,
}

/// From when on a deal is fully returned.
pub(super) struct Returned {
    deal: DealId,
    pub(super) number: i64,
    pub(super) stored: Option<Date>,
    pub(super) derived: Option<Date>,
}

/// Compares what is stored of these customers with what follows from their facts.
pub(super) async fn differences(
    db: &mut PgConnection,
    org: OrgId,
    customers: &[CustomerId],
) -> sqlx::Result<Differences> {
    let mut stored = stored_events(db, org, customers).await?;
    let mut found = Differences { returns: Vec::new(), events: BTreeMap::new() };
    for (customer, loaded) in load(db, org, customers).await? {
        let returned = full_returns(&loaded.history.deals);
        for deal in &loaded.history.deals {
            let derived = returned.get(&deal.id).copied();
            let stored = loaded.stored_returns.get(&deal.id).copied();
            if derived != stored {
                found.returns.push(Returned { deal: deal.id, number: deal.number, stored, derived });
            }
        }
        let (stored, derived) = (stored.remove(&customer).unwrap_or_default(), events(&loaded.history));
        if derived != stored {
            found.events.insert(customer, (stored, derived));
        }
    }
    Ok(found)
}

/// A customer's facts, and what is stored of the returns that follow from them.
#[derive(Default)]
struct Loaded {
    history: History,
    stored_returns: BTreeMap<DealId, Date>,
}

async fn load(
    db: &mut PgConnection,
    org: OrgId,
    customers: &[CustomerId],
) -> sqlx::Result<BTreeMap<CustomerId, Loaded>> {
    let mut loaded = load_customers(db, org, customers).await?;
    load_deals(db, org, customers, &mut loaded).await?;
    let ownerships = sqlx::query!(
        r#"select customer_id, rep_id, lower(during) as "from?", upper(during) as "to?"
           from ownerships
           where org_id = $1 and customer_id = any($2)"#,
        org as OrgId,
        customers as &[CustomerId],
    )
    .fetch_all(&mut *db)
    .await?;
    for row in ownerships {
        if let Some(Loaded { history, .. }) = loaded.get_mut(&row.customer_id) {
            history.ownerships.push(Ownership { rep: row.rep_id, from: row.from, to: row.to });
        }
    }
    load_endings(db, org, customers, &mut loaded).await?;
    Ok(loaded)
}

/// The customers with their limits: their own, their segment's and the company's.
async fn load_customers(
    db: &mut PgConnection,
    org: OrgId,
    customers: &[CustomerId],
) -> sqlx::Result<BTreeMap<CustomerId, Loaded>> {
    let limits = sqlx::query!(
        "select segment, customer_id, days, from_date
         from loss_limits
         where org_id = $1 and (customer_id is null or customer_id = any($2))",
        org as OrgId,
        customers as &[CustomerId],
    )
    .fetch_all(&mut *db)
    .await?;
    let rules = rules_db::list(db, org).await?;
    let rows = sqlx::query!(
        "select id, segment, customer_since
         from customers
         where org_id = $1 and id = any($2)",
        org as OrgId,
        customers as &[CustomerId],
    )
    .fetch_all(&mut *db)
    .await?;
    let mut own: BTreeMap<CustomerId, Vec<Limit>> = BTreeMap::new();
    let mut of_segment: BTreeMap<String, Vec<Limit>> = BTreeMap::new();
    let mut of_company = Vec::new();
    for row in limits {
        let limit = |level| Limit { level, from: row.from_date, days: row.days.unsigned_abs() };
        match (row.customer_id, row.segment) {
            (Some(customer), _) => own.entry(customer).or_default().push(limit(LimitLevel::Own)),
            (None, Some(segment)) => of_segment.entry(segment).or_default().push(limit(LimitLevel::Segment)),
            (None, None) => of_company.push(limit(LimitLevel::Company)),
        }
    }
    let loaded = rows.into_iter().map(|row| {
        let mut limits = own.remove(&row.id).unwrap_or_default();
        limits.extend(row.segment.and_then(|segment| of_segment.get(&segment)).into_iter().flatten());
        limits.extend(&of_company);
        let rules = rules.clone();
        let history = History { customer_since: row.customer_since, limits, rules, ..History::default() };
        (row.id, Loaded { history, ..Loaded::default() })
    });
    Ok(loaded.collect())
}

/// The won deals, those above zero with their split credits.
async fn load_deals(
    db: &mut PgConnection,
    org: OrgId,
    customers: &[CustomerId],
    loaded: &mut BTreeMap<CustomerId, Loaded>,
) -> sqlx::Result<()> {
    let rows = sqlx::query!(
        r#"select d.customer_id, d.id, d.number, d.booked_on as "booked_on!", d.net, d.returns_id, d.owner_id,
                  d.fully_returned_on, c.rep_id as "rep_id?", c.parts as "parts?"
           from deals d
           left join deal_credits c on c.org_id = d.org_id and c.deal_id = d.id and not c.overlay and d.net > 0
           where d.org_id = $1 and d.customer_id = any($2) and d.stage = 'won'
           order by d.id, c.position"#,
        org as OrgId,
        customers as &[CustomerId],
    )
    .fetch_all(db)
    .await?;
    for of_deal in rows.chunk_by(|a, b| a.id == b.id) {
        let splits: Vec<(UserId, u32)> =
            of_deal.iter().filter_map(|row| Some((row.rep_id?, row.parts?.unsigned_abs()))).collect();
        let Some(row) = of_deal.first() else { continue };
        let Some(Loaded { history, stored_returns }) = loaded.get_mut(&row.customer_id) else { continue };
        history.deals.push(DealFact {
            id: row.id,
            number: row.number,
            booked_on: row.booked_on,
            net: row.net,
            returns: row.returns_id,
            primary_rep: primary_rep(&splits, row.owner_id),
        });
        stored_returns.extend(row.fully_returned_on.map(|on| (row.id, on)));
    }
    Ok(())
}

async fn load_endings(
    db: &mut PgConnection,
    org: OrgId,
    customers: &[CustomerId],
    loaded: &mut BTreeMap<CustomerId, Loaded>,
) -> sqlx::Result<()> {
    let endings = sqlx::query!(
        r#"select customer_id, on_date, kind as "kind: EndingKind"
           from endings
           where org_id = $1 and customer_id = any($2)"#,
        org as OrgId,
        customers as &[CustomerId],
    )
    .fetch_all(db)
    .await?;
    for row in endings {
        if let Some(Loaded { history, .. }) = loaded.get_mut(&row.customer_id) {
            history.endings.push(Ending { on: row.on_date, kind: row.kind });
        }
    }
    Ok(())
}

async fn stored_events(
    db: &mut PgConnection,
    org: OrgId,
    customers: &[CustomerId],
) -> sqlx::Result<BTreeMap<CustomerId, Vec<Event>>> {
    let rows = sqlx::query!(
        r#"select customer_id, kind as "kind: EventKind", on_date, rep_id, deal_id, value, new_until
           from customer_events
           where org_id = $1 and customer_id = any($2)
           order by customer_id, position"#,
        org as OrgId,
        customers as &[CustomerId],
    )
    .fetch_all(db)
    .await?;
    let mut stored: BTreeMap<CustomerId, Vec<Event>> = BTreeMap::new();
    for row in rows {
        let event = Event {
            kind: row.kind,
            on: row.on_date,
            rep: row.rep_id,
            deal: row.deal_id,
            value: row.value,
            new_until: row.new_until,
        };
        stored.entry(row.customer_id).or_default().push(event);
    }
    Ok(stored)
}

async fn write_returns(tx: &mut Tx, returns: &[Returned]) -> sqlx::Result<()> {
    if returns.is_empty() {
        return Ok(());
    }
    let org = tx.org;
    let deals: Vec<DealId> = returns.iter().map(|returned| returned.deal).collect();
    let days: Vec<Option<Date>> = returns.iter().map(|returned| returned.derived).collect();
    sqlx::query!(
        "update deals d
         set fully_returned_on = r.on_date
         from unnest($2::bigint[], $3::date[]) as r (id, on_date)
         where d.org_id = $1 and d.id = r.id",
        org as OrgId,
        &deals as &[DealId],
        &days as &[Option<Date>],
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn write_events(tx: &mut Tx, changed: &BTreeMap<CustomerId, (Vec<Event>, Vec<Event>)>) -> sqlx::Result<()> {
    if changed.is_empty() {
        return Ok(());
    }
    let org = tx.org;
    let customers: Vec<CustomerId> = changed.keys().copied().collect();
    sqlx::query!(
        "delete from customer_events
         where org_id = $1 and customer_id = any($2)",
        org as OrgId,
        &customers as &[CustomerId],
    )
    .execute(&mut **tx)
    .await?;
    let rows: Vec<(CustomerId, i32, &Event)> = changed
        .iter()
        .flat_map(|(customer, (_, events))| (1..).zip(events).map(|(position, event)| (*customer, position, event)))
        .collect();
    sqlx::query!(
        "insert into customer_events (org_id, customer_id, position, kind, on_date, rep_id, deal_id, value, new_until)
         select $1, e.customer_id, e.position, e.kind, e.on_date, e.rep_id, e.deal_id, e.value, e.new_until
         from unnest($2::bigint[], $3::int[], $4::text[], $5::date[], $6::bigint[], $7::bigint[], $8::bigint[], $9::date[])
             as e (customer_id, position, kind, on_date, rep_id, deal_id, value, new_until)",
        org as OrgId,
        &rows.iter().map(|row| row.0).collect::<Vec<_>>() as &[CustomerId],
        &rows.iter().map(|row| row.1).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.2.kind.as_str().to_owned()).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.2.on).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.2.rep).collect::<Vec<_>>() as &[Option<UserId>],
        &rows.iter().map(|row| row.2.deal).collect::<Vec<_>>() as &[Option<DealId>],
        &rows.iter().map(|row| row.2.value).collect::<Vec<_>>() as &[Money],
        &rows.iter().map(|row| row.2.new_until).collect::<Vec<_>>() as &[Option<Date>],
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
