//! The SQL of "what if": a rep's open deals with what would follow from winning them.

use sqlx::PgConnection;
use time::Date;

use crate::domain::{
    id::{OrgId, UserId},
    money::Money,
};

/// An open deal in which a rep has a share.
pub struct OpenDeal {
    /// Its number.
    pub number: i64,
    /// Who may buy.
    pub customer: String,
    /// The whole deal.
    pub net: Money,
    /// The rep's part.
    pub part: Money,
    /// The day of the customer's first sale, if there was one.
    pub customer_since: Option<Date>,
    /// Whether a sale today would count as one to a new customer.
    pub to_new: bool,
    /// Whether the customer is lost.
    pub lost: bool,
    /// Whether the rep is the deal's first one.
    pub primary: bool,
}

/// The open deals in which a rep has a share, the first expected first; at most 200.
pub async fn open_deals(db: &mut PgConnection, org: OrgId, rep: UserId, today: Date) -> sqlx::Result<Vec<OpenDeal>> {
    sqlx::query_as!(
        OpenDeal,
        r#"select d.number, c.name as customer, d.net, p.part as "part!: Money",
                  coalesce(c.customer_since, f.on_date) as customer_since,
                  c.customer_since is null
                  and coalesce($3 < f.new_until, true) as "to_new!",
                  coalesce(s.kind = 'lost', false) as "lost!", p.is_first as "primary!"
           from deals d
           join customers c on c.org_id = d.org_id and c.id = d.customer_id
           cross join lateral (
               select sum(dc.amount) filter (where dc.rep_id = $2)::bigint as part,
                      coalesce((array_agg(dc.rep_id order by dc.parts desc, dc.rep_id is not distinct from d.owner_id desc,
                                                     dc.position))[1] = $2, false) as is_first
               from deal_credits dc
               where dc.org_id = d.org_id and dc.deal_id = d.id and not dc.overlay
           ) p
           left join lateral (
               select e.kind, e.on_date, e.new_until
               from customer_events e
               where e.org_id = d.org_id and e.customer_id = d.customer_id
                 and e.kind in ('first_sale', 'first_sale_undone')
               order by e.position desc
               limit 1
           ) f on f.kind = 'first_sale'
           left join lateral (
               select e.kind
               from customer_events e
               where e.org_id = d.org_id and e.customer_id = d.customer_id and e.on_date <= $3
                 and e.kind in ('lost', 'won_back')
               order by e.position desc
               limit 1
           ) s on true
           where d.org_id = $1 and d.stage = 'open' and p.part is not null
           order by d.expected_on nulls last, d.number
           limit 200"#,
        org as OrgId,
        rep as UserId,
        today,
    )
    .fetch_all(db)
    .await
}
