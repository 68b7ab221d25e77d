//! What open deals in another currency come to with the rate of today: written anew when a rate is entered.

use std::collections::HashMap;

use rust_decimal::Decimal;
use sqlx::PgConnection;

use crate::{
    domain::{
        deal::{Credit, credit_amounts},
        exchange::converted,
        id::{DealId, OrgId, UserId},
        money::{Currency, Money},
    },
    postgres::tx::Tx,
};

/// What many deals come to in the company's currency: the columns of what is written.
#[derive(Default)]
pub struct Columns {
    /// The deals.
    pub deals: Vec<DealId>,
    /// The sum of the lines of each.
    pub nets: Vec<Money>,
    line_deals: Vec<DealId>,
    line_positions: Vec<i32>,
    lines: Vec<Money>,
    credit_deals: Vec<DealId>,
    credit_positions: Vec<i32>,
    credits: Vec<Money>,
}

impl Columns {
    /// Adds a deal: the amount of each line and credit by its position.
    pub fn push(&mut self, deal: DealId, lines: &[(i32, Money)], credits: &[(i32, Money)]) {
        self.deals.push(deal);
        self.nets.push(lines.iter().map(|(_, amount)| *amount).sum());
        for &(position, amount) in lines {
            self.line_deals.push(deal);
            self.line_positions.push(position);
            self.lines.push(amount);
        }
        for &(position, share) in credits {
            self.credit_deals.push(deal);
            self.credit_positions.push(position);
            self.credits.push(share);
        }
    }
}

/// What a deal in another currency is made of: its lines in that currency, and who is credited with which parts of them.
#[derive(Clone, Debug, Default)]
pub struct Made {
    /// The positions of the lines.
    pub positions: Vec<i32>,
    /// Their amounts in the deal's currency.
    pub originals: Vec<Money>,
    credit_positions: Vec<i32>,
    credits: Vec<Credit>,
}

impl Made {
    /// Whether this person is credited with it.
    pub fn pays(&self, person: UserId) -> bool {
        self.credits.iter().any(|credit| credit.rep == person)
    }

    /// What each credit is, by position, where the lines come to these amounts.
    pub fn shares(&self, amounts: &[Money]) -> Vec<(i32, Money)> {
        self.credit_positions.iter().copied().zip(credit_amounts(amounts, &self.credits)).collect()
    }
}

/// What these deals are made of.
pub async fn made(db: &mut PgConnection, org: OrgId, deals: &[DealId]) -> sqlx::Result<HashMap<DealId, Made>> {
    let rows = sqlx::query!(
        r#"select d.id, l.positions as "positions!", l.originals as "originals!: Vec<Money>",
                  c.positions as "credit_positions!", c.reps as "reps!: Vec<UserId>", c.parts as "parts!",
                  c.overlays as "overlays!"
           from deals d
           cross join lateral (
               select coalesce(array_agg(l.position order by l.position), '{}') as positions,
                      coalesce(array_agg(l.original order by l.position), '{}') as originals
               from deal_lines l
               where l.org_id = d.org_id and l.deal_id = d.id and l.original is not null
           ) l
           cross join lateral (
               select coalesce(array_agg(c.position order by c.position), '{}') as positions,
                      coalesce(array_agg(c.rep_id order by c.position), '{}') as reps,
                      coalesce(array_agg(c.parts order by c.position), '{}') as parts,
                      coalesce(array_agg(c.overlay order by c.position), '{}') as overlays
               from deal_credits c
               where c.org_id = d.org_id and c.deal_id = d.id
           ) c
           where d.org_id = $1 and d.id = any ($2)"#,
        org as OrgId,
        deals as &[DealId],
    )
    .fetch_all(db)
    .await?;
    let made = rows.into_iter().map(|row| {
        let credits = row.reps.into_iter().zip(row.parts).zip(row.overlays);
        let credit =
            |((rep, parts), overlay): ((UserId, i32), bool)| Credit { rep, parts: parts.unsigned_abs(), overlay };
        let made = Made {
            positions: row.positions,
            originals: row.originals,
            credit_positions: row.credit_positions,
            credits: credits.map(credit).collect(),
        };
        (row.id, made)
    });
    Ok(made.collect())
}

/// Estimates the open deals of a currency at a rate. Nobody else may write ([`crate::postgres::tx::alone`]). The error is
/// the number of a deal whose amount would not fit.
pub async fn renew(tx: &mut Tx, from: Currency, rate: Decimal, to: Currency) -> sqlx::Result<Result<(), i64>> {
    let org = tx.org;
    let open = sqlx::query!(
        "select id, number
         from deals
         where org_id = $1 and stage = 'open' and currency = $2",
        org as OrgId,
        from.code(),
    )
    .fetch_all(&mut **tx)
    .await?;
    let ids: Vec<DealId> = open.iter().map(|deal| deal.id).collect();
    let made = made(tx, org, &ids).await?;
    let mut columns = Columns::default();
    for deal in open {
        let Some(made) = made.get(&deal.id) else { continue };
        let amounts: Option<Vec<Money>> =
            made.originals.iter().map(|&original| converted(original, from, rate, to)).collect();
        let Some(amounts) = amounts else {
            return Ok(Err(deal.number));
        };
        let shares = made.shares(&amounts);
        let lines: Vec<_> = made.positions.iter().copied().zip(amounts).collect();
        columns.push(deal.id, &lines, &shares);
    }
    write(tx, rate, &columns).await.map(Ok)
}

/// Their versions stay: nothing that a form shows was changed.
async fn write(tx: &mut Tx, rate: Decimal, columns: &Columns) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "update deals d
         set rate = $2, net = n.net
         from unnest($3::bigint[], $4::bigint[]) as n (id, net)
         where d.org_id = $1 and d.id = n.id",
        org as OrgId,
        rate,
        &columns.deals as &[DealId],
        &columns.nets as &[Money],
    )
    .execute(&mut **tx)
    .await?;
    write_parts(tx, columns).await
}

/// Writes what the lines and credits of the deals come to.
pub async fn write_parts(tx: &mut Tx, columns: &Columns) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "update deal_lines l
         set amount = n.amount
         from unnest($2::bigint[], $3::int[], $4::bigint[]) as n (deal_id, position, amount)
         where l.org_id = $1 and l.deal_id = n.deal_id and l.position = n.position",
        org as OrgId,
        &columns.line_deals as &[DealId],
        &columns.line_positions,
        &columns.lines as &[Money],
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "update deal_credits c
         set amount = n.amount
         from unnest($2::bigint[], $3::int[], $4::bigint[]) as n (deal_id, position, amount)
         where c.org_id = $1 and c.deal_id = n.deal_id and c.position = n.position",
        org as OrgId,
        &columns.credit_deals as &[DealId],
        &columns.credit_positions,
        &columns.credits as &[Money],
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
