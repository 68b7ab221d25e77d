//! The SQL that changes deals that were there before an import. What a file does not say stays; what it says again is
//! not touched.

use crate::{
    domain::id::{OrgId, UserId},
    postgres::tx::Tx,
};

/// How many rows of `deal_lines.csv` say something new, and how many something else than was known.
pub async fn count_lines(tx: &mut Tx, import: i64) -> sqlx::Result<(u64, u64)> {
    let org = tx.org;
    let row = sqlx::query!(
        r#"with said as (
               select d.id as deal_id, row_number() over (partition by l.deal order by l.line) as position,
                      l.product, coalesce(l.quantity, 1) as quantity, l.amount, l.cost
               from import_lines l
               left join deals d on d.org_id = $2 and d.external_id = l.deal
               where l.import_id = $1
           )
           select count(*) filter (where k.deal_id is null) as "created!",
                  count(*) filter (where k.deal_id is not null
                                     and (p.name, k.quantity, coalesce(k.original, k.amount), k.cost)
                                         is distinct from (said.product, said.quantity, said.amount, said.cost)) as "updated!"
           from said
           left join deal_lines k on k.org_id = $2 and k.deal_id = said.deal_id and k.position = said.position
           left join products p on p.org_id = $2 and p.id = k.product_id"#,
        import,
        org as OrgId,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok((row.created.unsigned_abs(), row.updated.unsigned_abs()))
}

/// Changes what the files say differently.
pub async fn change(tx: &mut Tx, import: i64) -> sqlx::Result<()> {
    lay_out_lines(tx, import).await?;
    lay_out_credits(tx, import).await?;
    update_deals(tx, import).await?;
    replace_lines(tx, import).await?;
    replace_credits(tx, import).await?;
    let changed = sqlx::query_scalar!("select deal_id from import_changes where import_id = $1", import)
        .fetch_all(&mut **tx)
        .await?;
    for some in changed.chunks(10_000) {
        super::deals_db::split(tx, some).await?;
    }
    Ok(())
}

/// The lines as they shall be, and which deals get other ones. A deal with several lines keeps them as long as
/// deals.csv gives their sum.
async fn lay_out_lines(tx: &mut Tx, import: i64) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "insert into import_new_lines (import_id, deal_id, position, product_id, quantity, amount, cost)
         select $1, d.id, row_number() over (partition by l.deal order by l.line), p.id, coalesce(l.quantity, 1), l.amount, l.cost
         from import_lines l
         join deals d on d.org_id = $2 and d.external_id = l.deal
         left join products p on p.org_id = $2 and p.name = l.product
         where l.import_id = $1
           and not exists (select from import_deals s where s.import_id = $1 and s.external_id = l.deal and not s.known)",
        import,
        org as OrgId,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into import_new_lines (import_id, deal_id, position, product_id, text, quantity, amount, cost)
         select $1, s.deal_id, 1, coalesce(p.id, single.product_id), coalesce(single.text, ''), coalesce(s.quantity, single.quantity, 1),
                coalesce(s.amount, single.original, single.amount, 0), coalesce(s.cost, single.cost)
         from import_deals s
         join deals d on d.org_id = $2 and d.id = s.deal_id
         left join products p on p.org_id = $2 and p.name = s.product
         left join deal_lines single
           on single.org_id = $2 and single.deal_id = s.deal_id and single.position = 1
          and not exists (select from deal_lines m where m.org_id = $2 and m.deal_id = s.deal_id and m.position > 1)
         where s.import_id = $1 and s.known
           and (s.amount is not null or s.product is not null or s.quantity is not null or s.cost is not null)
           and not exists (select from import_lines l where l.import_id = $1 and l.deal = s.external_id)
           and (s.amount <> case when d.currency is null then d.net
                                 else (select sum(m.original)
                                       from deal_lines m
                                       where m.org_id = $2 and m.deal_id = s.deal_id) end
                or not exists (select from deal_lines m where m.org_id = $2 and m.deal_id = s.deal_id and m.position > 1))",
        import,
        org as OrgId,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!("analyze import_new_lines").execute(&mut **tx).await?;
    sqlx::query!(
        "with said as (
             select deal_id, array_agg((position, product_id, quantity, amount, cost) order by position) as lines
             from import_new_lines
             where import_id = $1
             group by deal_id
         ), known as (
             select l.deal_id, array_agg((l.position, l.product_id, l.quantity, coalesce(l.original, l.amount), l.cost)
                                          order by l.position) as lines
             from deal_lines l
             join said on said.deal_id = l.deal_id
             where l.org_id = $2
             group by l.deal_id
         )
         insert into import_changes (import_id, deal_id, lines)
         select $1, said.deal_id, true
         from said
         left join known on known.deal_id = said.deal_id
         where said.lines is distinct from known.lines",
        import,
        org as OrgId,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The credits as they shall be, and which deals get other ones. A rep alone replaces only another rep alone.
async fn lay_out_credits(tx: &mut Tx, import: i64) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "insert into import_new_credits (import_id, deal_id, position, rep_id, parts)
         select $1, s.deal_id, c.position, c.rep_id, c.parts
         from import_deals s
         cross join lateral unnest(s.credit_reps, s.credit_parts) with ordinality as c (rep_id, parts, position)
         where s.import_id = $1 and s.known and s.credit_reps is not null",
        import,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into import_new_credits (import_id, deal_id, position, rep_id, parts)
         select $1, s.deal_id, 1, s.owner_id, 1
         from import_deals s
         left join deal_credits c on c.org_id = $2 and c.deal_id = s.deal_id and not c.overlay
         where s.import_id = $1 and s.known and s.credit_reps is null and s.owner_id is not null
         group by s.deal_id, s.owner_id
         having count(c.rep_id) = 0 or count(c.rep_id) = 1 and min(c.rep_id) <> s.owner_id",
        import,
        org as OrgId,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!("analyze import_new_credits").execute(&mut **tx).await?;
    sqlx::query!(
        "with said as (
             select deal_id, array_agg((rep_id, parts) order by position) as credits
             from import_new_credits
             where import_id = $1
             group by deal_id
         ), known as (
             select c.deal_id, array_agg((c.rep_id, c.parts) order by c.position) as credits
             from deal_credits c
             join said on said.deal_id = c.deal_id
             where c.org_id = $2 and not c.overlay
             group by c.deal_id
         )
         insert into import_changes (import_id, deal_id, credits)
         select $1, said.deal_id, true
         from said
         left join known on known.deal_id = said.deal_id
         where said.credits is distinct from known.credits
         on conflict (import_id, deal_id) do update set credits = true",
        import,
        org as OrgId,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Changes the deals themselves, notes old and new, and whom it touches. From here on they are late facts of locked
/// periods: `changed_at` says so.
async fn update_deals(tx: &mut Tx, import: i64) -> sqlx::Result<()> {
    let (org, now, actor) = (tx.org, tx.now, tx.actor);
    sqlx::query!(
        r#"with said as (
               select d.id, s.line, coalesce(c.id, d.customer_id) as customer_id, coalesce(s.owner_id, d.owner_id) as owner_id,
                      coalesce(s.stage, d.stage) as stage, coalesce(s.opened_on, d.opened_on) as opened_on,
                      case when s.line is null then d.booked_on
                           when s.stage = 'won' then s.closed_on end as booked_on,
                      case when s.stage = 'open' then coalesce(s.closed_on, d.expected_on)
                           else d.expected_on end as expected_on,
                      case when coalesce(s.stage, d.stage) in ('lost', 'cancelled')
                           then coalesce(s.closed_on, d.closed_on) end as closed_on,
                      coalesce(s.source_stage, d.source_stage) as source_stage,
                      coalesce(sold.deal_id, known.id, d.returns_id) as returns_id,
                      -- In another currency it is worked out once the lines are there.
                      case when d.currency is null then coalesce(n.net, d.net) else d.net end as net,
                      case when d.currency is not null then coalesce(s.rate, d.rate) end as rate,
                      coalesce(d.confirmed_at, $3) as confirmed_at, x.deal_id is not null as other_parts
               from deals d
               left join import_deals s on s.import_id = $1 and s.deal_id = d.id and s.known
               left join import_changes x on x.import_id = $1 and x.deal_id = d.id
               left join customers c on c.org_id = $2 and c.external_id = s.customer
               left join import_deals sold on sold.import_id = $1 and sold.external_id = s.returns
               left join deals known on known.org_id = $2 and known.external_id = s.returns
               left join (
                   select deal_id, sum(amount)::bigint as net
                   from import_new_lines
                   where import_id = $1
                   group by deal_id
               ) n on n.deal_id = d.id
               where d.org_id = $2 and (s.line is not null or x.deal_id is not null)
           ), changed as (
               update deals d
               set customer_id = said.customer_id, owner_id = said.owner_id, stage = said.stage, opened_on = said.opened_on,
                   booked_on = said.booked_on, expected_on = said.expected_on, closed_on = said.closed_on,
                   source_stage = said.source_stage,
                   returns_id = said.returns_id, net = said.net, rate = said.rate, confirmed_at = said.confirmed_at,
                   closed_by = case when said.stage = d.stage then d.closed_by end,
                   closed_reason = case when said.stage = d.stage then d.closed_reason else '' end,
                   was_booked_on = case when said.stage = d.stage then d.was_booked_on end,
                   fully_returned_on = null, changed_at = $3, version = d.version + 1
               from said
               join deals old on old.org_id = $2 and old.id = said.id
               where d.org_id = $2 and d.id = said.id
                 and (said.other_parts
                      or (d.customer_id, d.owner_id, d.stage, d.opened_on, d.booked_on, d.expected_on, d.closed_on, d.source_stage,
                          d.returns_id, d.net, d.rate, d.confirmed_at)
                         is distinct from
                         (said.customer_id, said.owner_id, said.stage, said.opened_on, said.booked_on, said.expected_on,
                          said.closed_on, said.source_stage, said.returns_id, said.net, said.rate, said.confirmed_at))
               returning d.id, d.number, said.line, old.customer_id as from_customer, d.customer_id as to_customer,
                         to_jsonb(old) as old, to_jsonb(d) as new
           ), noted as (
               insert into audit (org_id, at, user_id, action, object, detail)
               select $2, $3, $4::bigint, 'deal.changed', '/deals/' || changed.id,
                      changes(changed.old || parts.old, changed.new || parts.new)
                          || jsonb_build_object('import', true)
               from changed
               cross join lateral (
                   select jsonb_build_object(
                              'lines', (select jsonb_agg(jsonb_build_array(product_id, quantity, coalesce(original, amount), cost) order by position)
                                        from deal_lines where org_id = $2 and deal_id = changed.id),
                              'credits', (select jsonb_agg(jsonb_build_array(rep_id, parts) order by position)
                                          from deal_credits where org_id = $2 and deal_id = changed.id and not overlay)) as old,
                          jsonb_build_object(
                              'lines', coalesce(
                                  (select jsonb_agg(jsonb_build_array(product_id, quantity, amount, cost) order by position)
                                   from import_new_lines where import_id = $1 and deal_id = changed.id),
                                  (select jsonb_agg(jsonb_build_array(product_id, quantity, coalesce(original, amount), cost) order by position)
                                   from deal_lines where org_id = $2 and deal_id = changed.id)),
                              'credits', coalesce(
                                  (select jsonb_agg(jsonb_build_array(rep_id, parts) order by position)
                                   from import_new_credits where import_id = $1 and deal_id = changed.id),
                                  (select jsonb_agg(jsonb_build_array(rep_id, parts) order by position)
                                   from deal_credits where org_id = $2 and deal_id = changed.id and not overlay))) as new
               ) as parts
           ), counted as (
               insert into import_updates (import_id, file, line)
               select $1, 'deals.csv', line
               from changed
               where line is not null
           )
           insert into import_touched (import_id, customer_id)
           select $1, from_customer from changed
           union
           select $1, to_customer from changed
           on conflict do nothing"#,
        import,
        org as OrgId,
        now,
        actor as Option<UserId>,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn replace_lines(tx: &mut Tx, import: i64) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "delete from deal_lines l
         using import_changes x
         where x.import_id = $1 and x.lines and l.org_id = $2 and l.deal_id = x.deal_id",
        import,
        org as OrgId,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into deal_lines (org_id, deal_id, position, product_id, text, quantity, amount, original, cost)
         select $2, n.deal_id, n.position, n.product_id, n.text, n.quantity, n.amount,
                case when d.currency is not null then n.amount end, n.cost
         from import_new_lines n
         join import_changes x on x.import_id = $1 and x.deal_id = n.deal_id and x.lines
         join deals d on d.org_id = $2 and d.id = n.deal_id
         where n.import_id = $1",
        import,
        org as OrgId,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Overlay credits stay, for the same share where whole parts say it; the others come behind them.
async fn replace_credits(tx: &mut Tx, import: i64) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "update deal_credits c
         set parts = c.parts * said.parts / known.parts
         from import_changes x
         cross join lateral (
             select sum(n.parts) as parts
             from import_new_credits n
             where n.import_id = $1 and n.deal_id = x.deal_id
         ) said
         cross join lateral (
             select sum(k.parts) as parts
             from deal_credits k
             where k.org_id = $2 and k.deal_id = x.deal_id and not k.overlay
         ) known
         where x.import_id = $1 and x.credits and c.org_id = $2 and c.deal_id = x.deal_id and c.overlay
           and c.parts * said.parts % known.parts = 0 and c.parts * said.parts / known.parts between 1 and 1000000",
        import,
        org as OrgId,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "delete from deal_credits c
         using import_changes x
         where x.import_id = $1 and x.credits and c.org_id = $2 and c.deal_id = x.deal_id and not c.overlay",
        import,
        org as OrgId,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into deal_credits (org_id, deal_id, position, rep_id, parts, amount, booked_on)
         select $2, n.deal_id, n.position + coalesce(o.last, 0), n.rep_id, n.parts, 0, d.booked_on
         from import_new_credits n
         join import_changes x on x.import_id = $1 and x.deal_id = n.deal_id and x.credits
         join deals d on d.org_id = $2 and d.id = n.deal_id
         left join lateral (
             select max(position) as last
             from deal_credits
             where org_id = $2 and deal_id = n.deal_id
         ) o on true
         where n.import_id = $1",
        import,
        org as OrgId,
    )
    .execute(&mut **tx)
    .await?;
    // Won again: the reference to an empty day does not cascade.
    sqlx::query!(
        "update deal_credits c
         set booked_on = d.booked_on
         from import_deals s
         join deals d on d.org_id = $2 and d.id = s.deal_id
         where s.import_id = $1 and s.known and c.org_id = $2 and c.deal_id = d.id
           and c.booked_on is distinct from d.booked_on",
        import,
        org as OrgId,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
