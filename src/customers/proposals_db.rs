//! The SQL of ends that reps propose and managers confirm or reject.

use sqlx::PgConnection;
use time::{Date, PrimitiveDateTime};

use super::db::NewEnding;
use crate::{
    domain::{
        access::Scope,
        customer::facts::EndingKind,
        id::{CustomerId, EndingId, OrgId, ProposalId, UserId},
    },
    postgres::tx::Tx,
};

/// A proposed end.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The proposal.
    pub id: ProposalId,
    /// Of the relation with this customer.
    pub customer_id: CustomerId,
    /// The customer's name.
    pub customer: String,
    /// On which day.
    pub on: Date,
    /// How.
    pub kind: EndingKind,
    /// What the rep says.
    pub reason: String,
    /// What turned out to be true.
    pub verified_reason: Option<String>,
    /// Who got the business.
    pub competitor: Option<String>,
    /// Who proposed it.
    pub by_id: UserId,
    /// The name.
    pub by: String,
    /// When, at the company.
    pub at: PrimitiveDateTime,
    /// Who decided, if anybody has.
    pub settled_by: Option<String>,
    /// Whether it became an end.
    pub confirmed: bool,
    /// Why it was rejected; empty where it was not.
    pub words: String,
}

impl Proposal {
    /// The end as it is written once it is confirmed.
    pub fn ending(&self) -> NewEnding {
        NewEnding {
            on: self.on,
            kind: self.kind,
            reason: self.reason.clone(),
            verified_reason: self.verified_reason.clone(),
            competitor: self.competitor.clone(),
        }
    }
}

/// Proposes an end. `ending_proposals_waiting`: one of this customer waits already.
pub async fn insert(tx: &mut Tx, customer: CustomerId, new: &NewEnding, by: UserId) -> sqlx::Result<ProposalId> {
    let (org, now) = (tx.org, tx.now);
    sqlx::query_scalar!(
        "insert into ending_proposals (org_id, customer_id, on_date, kind, reason, verified_reason, competitor,
                                       proposed_by, proposed_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         returning id",
        org as OrgId,
        customer as CustomerId,
        new.on,
        new.kind as EndingKind,
        new.reason,
        new.verified_reason,
        new.competitor,
        by as UserId,
        now,
    )
    .fetch_one(&mut **tx)
    .await
}

/// The proposals of a customer that wait, and the last one if it was rejected; or one that is asked for.
pub async fn of(
    db: &mut PgConnection,
    org: OrgId,
    customer: CustomerId,
    one: Option<ProposalId>,
    time_zone: &str,
) -> sqlx::Result<Vec<Proposal>> {
    sqlx::query_as!(
        Proposal,
        r#"select p.id, p.customer_id, c.name as customer, p.on_date as on, p.kind as "kind: EndingKind", p.reason,
                  p.verified_reason, p.competitor, p.proposed_by as by_id, u.name as by,
                  p.proposed_at at time zone $3 as "at!", s.name as "settled_by?", p.ending_id is not null as "confirmed!",
                  p.words
           from ending_proposals p
           join customers c on c.org_id = p.org_id and c.id = p.customer_id
           join users u on u.org_id = p.org_id and u.id = p.proposed_by
           left join users s on s.org_id = p.org_id and s.id = p.settled_by
           where p.org_id = $1 and p.customer_id = $2
             and case
                     when $4::bigint is not null then p.id = $4
                     else p.settled_at is null
                          or p.words <> '' and p.id = (
                              select max(l.id) from ending_proposals l where l.org_id = $1 and l.customer_id = $2
                          )
                 end
           order by p.id desc"#,
        org as OrgId,
        customer as CustomerId,
        time_zone,
        one as Option<ProposalId>,
    )
    .fetch_all(db)
    .await
}

/// The proposals that wait about customers whom somebody in sight owns today, or which nobody owns and somebody in sight
/// proposed; the oldest first.
pub async fn waiting(
    db: &mut PgConnection,
    scope: &Scope,
    today: Date,
    time_zone: &str,
) -> sqlx::Result<Vec<Proposal>> {
    sqlx::query_as!(
        Proposal,
        r#"select p.id, p.customer_id, c.name as customer, p.on_date as on, p.kind as "kind: EndingKind", p.reason,
                  p.verified_reason, p.competitor, p.proposed_by as by_id, u.name as by,
                  p.proposed_at at time zone $4 as "at!", null::text as "settled_by?", false as "confirmed!", p.words
           from ending_proposals p
           join customers c on c.org_id = p.org_id and c.id = p.customer_id
           join users u on u.org_id = p.org_id and u.id = p.proposed_by
           left join ownerships o on o.org_id = p.org_id and o.customer_id = p.customer_id and o.during @> $3::date
           where p.org_id = $1 and p.settled_at is null and c.merged_into is null
             and ($2::bigint[] is null or coalesce(o.rep_id, p.proposed_by) = any ($2))
           order by p.id
           limit 200"#,
        scope.org as OrgId,
        scope.reps() as Option<&[UserId]>,
        today,
        time_zone,
    )
    .fetch_all(db)
    .await
}

/// Decides on a proposal that waits: with the end that it became, or without. `words` say why it was rejected.
pub async fn settle(tx: &mut Tx, id: ProposalId, ending: Option<EndingId>, words: &str) -> sqlx::Result<bool> {
    let (org, actor, now) = (tx.org, tx.actor, tx.now);
    let done = sqlx::query!(
        "update ending_proposals
         set settled_by = $3::bigint, settled_at = $4, ending_id = $5::bigint, words = $6
         where org_id = $1 and id = $2 and settled_at is null",
        org as OrgId,
        id as ProposalId,
        actor as Option<UserId>,
        now,
        ending as Option<EndingId>,
        words,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}
