//! The SQL that makes imported deals, with their lines and credits.

use crate::{domain::id::OrgId, postgres::tx::Tx};

/// Makes the products that nobody knows, each with a category of its name.
pub async fn add_products(tx: &mut Tx, import: i64) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "with named as (
             select product from import_deals where import_id = $1
             union
             select product from import_lines where import_id = $1
         ), unknown as (
             select n.product as name
             from named n
             where n.product is not null
               and not exists (select from products p where p.org_id = $2 and p.name = n.product)
         )
         insert into categories (org_id, name)
         select $2, name
         from unknown
         on conflict do nothing",
        import,
        org as OrgId,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "with named as (
             select product from import_deals where import_id = $1
             union
             select product from import_lines where import_id = $1
         )
         insert into products (org_id, name, category_id)
         select $2, n.product, c.id
         from named n
         join categories c on c.org_id = $2 and c.name = n.product
         on conflict do nothing",
        import,
        org as OrgId,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Tells the staged deals that were there before, also the planner: without it, a million known deals are looked up one
/// by one. How many they are.
pub async fn find_known(tx: &mut Tx, import: i64) -> sqlx::Result<u64> {
    let org = tx.org;
    let done = sqlx::query!(
        "update import_deals s
         set deal_id = d.id, known = true
         from deals d
         where s.import_id = $1 and d.org_id = $2 and d.external_id = s.external_id",
        import,
        org as OrgId,
    )
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() > 0 {
        sqlx::query!("analyze import_deals").execute(&mut **tx).await?;
    }
    Ok(done.rows_affected())
}

/// Tells the planner how many parts of deals there are now: without it, what follows reads all of them for each few.
pub async fn analyze_parts(tx: &mut Tx) -> sqlx::Result<()> {
    sqlx::query!("analyze deal_lines, deal_credits").execute(&mut **tx).await?;
    Ok(())
}

/// Takes the numbers of deals before any customer is written, in the order in which pages that enter deals take both: else
/// the two wait for each other.
pub async fn hold_numbers(tx: &mut Tx) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!("select last from deal_numbers where org_id = $1 for no key update", org as OrgId)
        .fetch_optional(&mut **tx)
        .await?;
    Ok(())
}

/// Makes the new deals, numbered in the order of the file. A return without a rep of its own is its deal's owner's.
pub async fn insert_deals(tx: &mut Tx, import: i64, new: u64) -> sqlx::Result<()> {
    if new == 0 {
        return Ok(());
    }
    let new = i64::try_from(new).unwrap_or(i64::MAX);
    let (org, now) = (tx.org, tx.now);
    let last = sqlx::query_scalar!(
        "insert into deal_numbers (org_id, last)
         values ($1, $2)
         on conflict (org_id) do update set last = deal_numbers.last + excluded.last
         returning last",
        org as OrgId,
        new,
    )
    .fetch_one(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into deals (org_id, id, number, external_id, customer_id, owner_id, stage, opened_on, booked_on, expected_on,
             source_stage, returns_id, net, confirmed_at, recorded_at, changed_at, closed_on, currency, rate)
         overriding system value
         select $2, s.deal_id, $4 + row_number() over (order by s.line), s.external_id, c.id,
                coalesce(s.owner_id, sold.owner_id, d.owner_id), s.stage, s.opened_on,
                case when s.stage = 'won' then s.closed_on end, case when s.stage = 'open' then s.closed_on end,
                s.source_stage, coalesce(sold.deal_id, d.id), coalesce(l.net, s.amount, 0), $3, $3, $3,
                case when s.stage in ('lost', 'cancelled') then s.closed_on end,
                s.currency, case when s.currency is not null then coalesce(s.rate, sold.rate, d.rate) end
         from import_deals s
         join customers c on c.org_id = $2 and c.external_id = s.customer
         left join (
             select deal, sum(amount)::bigint as net
             from import_lines
             where import_id = $1
             group by deal
         ) l on l.deal = s.external_id
         left join (
             select external_id, deal_id, owner_id, rate
             from import_deals
             where import_id = $1 and external_id in (select returns from import_deals where import_id = $1)
         ) sold on sold.external_id = s.returns
         left join deals d on d.org_id = $2 and d.external_id = s.returns
         where s.import_id = $1 and not s.known
         order by s.line",
        import,
        org as OrgId,
        now,
        last - new,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!("analyze deals").execute(&mut **tx).await?;
    Ok(())
}

/// Makes the lines of the new deals: those of `deal_lines.csv`, else the one that stands in the deal's own row.
pub async fn insert_lines(tx: &mut Tx, import: i64) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "insert into deal_lines (org_id, deal_id, position, product_id, quantity, amount, original, cost)
         select $2, s.deal_id, 1, p.id, coalesce(s.quantity, 1), coalesce(s.amount, 0),
                case when s.currency is not null then coalesce(s.amount, 0) end, s.cost
         from import_deals s
         left join products p on p.org_id = $2 and p.name = s.product
         where s.import_id = $1 and not s.known
           and (s.amount is not null or s.product is not null or s.quantity is not null or s.cost is not null)
           and not exists (select from import_lines l where l.import_id = $1 and l.deal = s.external_id)",
        import,
        org as OrgId,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into deal_lines (org_id, deal_id, position, product_id, quantity, amount, original, cost)
         select $2, s.deal_id, row_number() over (partition by l.deal order by l.line), p.id, coalesce(l.quantity, 1),
                l.amount, case when s.currency is not null then l.amount end, l.cost
         from import_lines l
         join import_deals s on s.import_id = $1 and s.external_id = l.deal
         left join products p on p.org_id = $2 and p.name = l.product
         where l.import_id = $1 and not s.known",
        import,
        org as OrgId,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Makes the credits of the new deals: those of the file, else the whole for the owner. A return without a rep and
/// credits takes those of its deal, which is why it comes last. Overlays, which no file can name, go along with every return
/// on whose credits they can stand for the same share as on the deal's.
pub async fn insert_credits(tx: &mut Tx, import: i64) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "insert into deal_credits (org_id, deal_id, position, rep_id, parts, amount, booked_on)
         select $2, s.deal_id, 1, s.owner_id, 1, coalesce(l.net, s.amount, 0), case when s.stage = 'won' then s.closed_on end
         from import_deals s
         left join (
             select deal, sum(amount)::bigint as net
             from import_lines
             where import_id = $1
             group by deal
         ) l on l.deal = s.external_id
         where s.import_id = $1 and not s.known and s.credit_reps is null and s.owner_id is not null",
        import,
        org as OrgId,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into deal_credits (org_id, deal_id, position, rep_id, parts, amount, booked_on)
         select $2, s.deal_id, c.position, c.rep_id, c.parts, coalesce(c.amount, 0), case when s.stage = 'won' then s.closed_on end
         from import_deals s
         cross join lateral unnest(s.credit_reps, s.credit_parts, s.credit_amounts) with ordinality
             as c (rep_id, parts, amount, position)
         where s.import_id = $1 and not s.known and s.credit_reps is not null",
        import,
        org as OrgId,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into deal_credits (org_id, deal_id, position, rep_id, parts, amount, booked_on)
         select $2, s.deal_id, c.position, c.rep_id, c.parts, 0, case when s.stage = 'won' then s.closed_on end
         from import_deals s
         left join import_deals sold on sold.import_id = $1 and sold.external_id = s.returns
         left join deals d on d.org_id = $2 and d.external_id = s.returns
         join deal_credits c on c.org_id = $2 and c.deal_id = coalesce(sold.deal_id, d.id) and not c.overlay
         where s.import_id = $1 and not s.known and s.returns is not null and s.owner_id is null and s.credit_reps is null",
        import,
        org as OrgId,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into deal_credits (org_id, deal_id, position, rep_id, parts, overlay, amount, booked_on)
         select $2, s.deal_id, own.last + row_number() over (partition by s.deal_id order by c.position),
                c.rep_id, c.parts * own.parts / shared.parts, true, 0, case when s.stage = 'won' then s.closed_on end
         from import_deals s
         left join import_deals sold on sold.import_id = $1 and sold.external_id = s.returns
         left join deals d on d.org_id = $2 and d.external_id = s.returns
         join deal_credits c on c.org_id = $2 and c.deal_id = coalesce(sold.deal_id, d.id) and c.overlay
         cross join lateral (
             select max(k.position) as last, sum(k.parts) as parts
             from deal_credits k
             where k.org_id = $2 and k.deal_id = s.deal_id
         ) own
         cross join lateral (
             select sum(k.parts) as parts
             from deal_credits k
             where k.org_id = $2 and k.deal_id = c.deal_id and not k.overlay
         ) shared
         where s.import_id = $1 and not s.known and s.returns is not null
           and c.parts * own.parts % shared.parts = 0 and c.parts * own.parts / shared.parts <= 1000000",
        import,
        org as OrgId,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Splits the lines of those new deals whose credits do not stand in one row with the only amount: the same largest
/// remainder as [`crate::domain::money::Money::split`], line by line.
pub async fn split_lines(tx: &mut Tx, import: i64) -> sqlx::Result<()> {
    let org = tx.org;
    let deals = sqlx::query_scalar!(
        r#"select s.deal_id
           from import_deals s
           where s.import_id = $1 and not s.known
             and (s.credit_reps is not null and exists (
                      select from import_lines l where l.import_id = $1 and l.deal = s.external_id
                  )
                  or s.returns is not null and s.owner_id is null and s.credit_reps is null
                  or s.returns is not null and exists (
                      select from deal_credits c where c.org_id = $2 and c.deal_id = s.deal_id and c.overlay
                  ))"#,
        import,
        org as OrgId,
    )
    .fetch_all(&mut **tx)
    .await?;
    for some in deals.chunks(10_000) {
        split(tx, some).await?;
    }
    Ok(())
}

/// Gives the credits of these deals their parts of each line: what the split credits share, and overlays beside that
/// ([`crate::domain::deal::credit_amounts`]).
pub async fn split(tx: &mut Tx, deals: &[i64]) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "with parts as (
             select l.deal_id, l.position as line, c.position, sign(l.amount) as sign,
                    div(abs(l.amount::numeric) * c.parts, sum(c.parts) over one_line) as whole,
                    mod(abs(l.amount::numeric) * c.parts, sum(c.parts) over one_line) as remainder,
                    abs(l.amount::numeric) as amount
             from deal_lines l
             join deal_credits c on c.org_id = l.org_id and c.deal_id = l.deal_id and not c.overlay
             where l.org_id = $1 and l.deal_id = any ($2)
             window one_line as (partition by l.deal_id, l.position)
         ), ranked as (
             select deal_id, position, sign, whole,
                    row_number() over (partition by deal_id, line order by remainder desc, position) as rank,
                    amount - sum(whole) over (partition by deal_id, line) as left_over
             from parts
         ), summed as (
             select deal_id, position, sum(sign * (whole + case when rank <= left_over then 1 else 0 end))::bigint as amount
             from ranked
             group by deal_id, position
         )
         update deal_credits c
         set amount = coalesce(summed.amount, 0)
         from deal_credits old
         left join summed on summed.deal_id = old.deal_id and summed.position = old.position
         where old.org_id = $1 and old.deal_id = any ($2) and not old.overlay
           and c.org_id = $1 and c.deal_id = old.deal_id and c.position = old.position
           and c.amount <> coalesce(summed.amount, 0)",
        org as OrgId,
        deals,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "with beside as (
             select c.deal_id, c.position,
                    coalesce(sum(round(l.amount::numeric * c.parts / nullif(shared.parts, 0))), 0)::bigint as amount
             from deal_credits c
             cross join lateral (
                 select sum(s.parts) as parts
                 from deal_credits s
                 where s.org_id = $1 and s.deal_id = c.deal_id and not s.overlay
             ) shared
             left join deal_lines l on l.org_id = $1 and l.deal_id = c.deal_id
             where c.org_id = $1 and c.deal_id = any ($2) and c.overlay
             group by c.deal_id, c.position
         )
         update deal_credits c
         set amount = beside.amount
         from beside
         where c.org_id = $1 and c.deal_id = beside.deal_id and c.position = beside.position
           and c.amount <> beside.amount",
        org as OrgId,
        deals,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Notes the customers of the new deals: their events will be followed.
pub async fn touch_customers(tx: &mut Tx, import: i64) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "insert into import_touched (import_id, customer_id)
         select $1, c.id
         from customers c
         where c.org_id = $2
           and c.external_id in (select s.customer from import_deals s where s.import_id = $1 and not s.known)
         on conflict do nothing",
        import,
        org as OrgId,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
