//! The SQL that makes what an import changed what it was before.

use crate::{
    domain::id::{ImportId, OrgId, UserId},
    postgres::tx::Tx,
};

/// Makes everything that the import changed what it was before, and tells it in the history of customers, deals and visits,
/// where the import told what it changed.
pub async fn put_back(tx: &mut Tx, import: ImportId) -> sqlx::Result<()> {
    note_rows(tx, import).await?;
    note_owners(tx, import).await?;
    note_deals(tx, import).await?;
    people(tx, import).await?;
    teams(tx, import).await?;
    customers(tx, import).await?;
    deals(tx, import).await?;
    visits(tx, import).await
}

/// Whether a team now stands below itself.
pub async fn has_loop(tx: &mut Tx) -> sqlx::Result<bool> {
    let org = tx.org;
    sqlx::query_scalar!(
        r#"with recursive above as (
               select id, parent_id from teams where org_id = $1 and parent_id is not null
               union
               select a.id, t.parent_id
               from above a
               join teams t on t.org_id = $1 and t.id = a.parent_id
               where t.parent_id is not null
           )
           select exists (select from above where id = parent_id) as "loops!""#,
        org as OrgId,
    )
    .fetch_one(&mut **tx)
    .await
}

async fn note_rows(tx: &mut Tx, import: ImportId) -> sqlx::Result<()> {
    let (org, now, actor) = (tx.org, tx.now, tx.actor);
    sqlx::query!(
        "with kept as (
             select kind, id, state -> 'row' as row
             from import_before
             where org_id = $1 and import_id = $2 and kind in ('customers', 'visits')
         ), changed as (
             select k.kind, k.id, changes(to_jsonb(c), k.row) as detail
             from kept k
             join customers c on k.kind = 'customers' and c.org_id = $1 and c.id = k.id
             union all
             select k.kind, k.id, changes(to_jsonb(v), k.row)
             from kept k
             join visits v on k.kind = 'visits' and v.org_id = $1 and v.id = k.id
         )
         insert into audit (org_id, at, user_id, action, object, detail)
         select $1, $3, $4::bigint, case kind when 'customers' then 'customer.changed' else 'visit.changed' end,
                '/' || kind || '/' || id, detail || jsonb_build_object('import', true)
         from changed
         where detail -> 'new' <> '{}'",
        org as OrgId,
        import as ImportId,
        now,
        actor as Option<UserId>,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn note_owners(tx: &mut Tx, import: ImportId) -> sqlx::Result<()> {
    let (org, now, actor) = (tx.org, tx.now, tx.actor);
    sqlx::query!(
        "with said as (
             select b.id,
                    (select jsonb_agg(jsonb_build_object('rep', o.rep_id, 'during', o.during) order by o.during)
                     from ownerships o
                     where o.org_id = $1 and o.customer_id = b.id) as old,
                    (select jsonb_agg(jsonb_build_object('rep', w.rep_id, 'during', w.during) order by w.during)
                     from jsonb_populate_recordset(null::ownerships, nullif(b.state -> 'ownerships', 'null')) as w) as new
             from import_before b
             where b.org_id = $1 and b.import_id = $2 and b.kind = 'customers'
         )
         insert into audit (org_id, at, user_id, action, object, detail)
         select $1, $3, $4::bigint, 'customer.ownership_replaced', '/customers/' || id,
                jsonb_build_object('import', true, 'old', coalesce(old, '[]'), 'new', coalesce(new, '[]'))
         from said
         where old is distinct from new",
        org as OrgId,
        import as ImportId,
        now,
        actor as Option<UserId>,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn note_deals(tx: &mut Tx, import: ImportId) -> sqlx::Result<()> {
    let (org, now, actor) = (tx.org, tx.now, tx.actor);
    sqlx::query!(
        "with kept as (
             select id, state from import_before where org_id = $1 and import_id = $2 and kind = 'deals'
         ), sides as (
             select id, 'new' as side, state from kept
             union all
             select id, 'old', state from import_state($1, 'deals', (select array_agg(id) from kept))
         ), shown as (
             select b.id, b.side,
                    (b.state -> 'row') - 'fully_returned_on' || jsonb_build_object(
                        'lines', (select jsonb_agg(jsonb_build_array(l.product_id, l.quantity, coalesce(l.original, l.amount), l.cost)
                                                   order by l.position)
                                  from jsonb_populate_recordset(null::deal_lines, nullif(b.state -> 'deal_lines', 'null')) as l),
                        'credits', (select jsonb_agg(jsonb_build_array(c.rep_id, c.parts) order by c.position)
                                    from jsonb_populate_recordset(null::deal_credits, nullif(b.state -> 'deal_credits', 'null')) as c
                                    where not c.overlay)) as shown
             from sides b
         ), changed as (
             select o.id, changes(o.shown, n.shown) as detail
             from shown o
             join shown n on n.id = o.id and n.side = 'new'
             where o.side = 'old'
         )
         insert into audit (org_id, at, user_id, action, object, detail)
         select $1, $3, $4::bigint, 'deal.changed', '/deals/' || id, detail || jsonb_build_object('import', true)
         from changed
         where detail -> 'new' <> '{}'",
        org as OrgId,
        import as ImportId,
        now,
        actor as Option<UserId>,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn people(tx: &mut Tx, import: ImportId) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "delete from user_roles t
         using import_before b
         where b.org_id = $1 and b.import_id = $2 and b.kind = 'users' and t.org_id = $1 and t.user_id = b.id",
        org as OrgId,
        import as ImportId,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "delete from memberships t
         using import_before b
         where b.org_id = $1 and b.import_id = $2 and b.kind = 'users' and t.org_id = $1 and t.user_id = b.id",
        org as OrgId,
        import as ImportId,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "delete from plan_assignments t
         using import_before b
         where b.org_id = $1 and b.import_id = $2 and b.kind = 'users' and t.org_id = $1 and t.rep_id = b.id",
        org as OrgId,
        import as ImportId,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "update users u
         set external_id = was.external_id,
             name = was.name,
             email = was.email,
             title = was.title,
             level = was.level,
             hired_on = was.hired_on,
             left_on = was.left_on,
             version = u.version + 1
         from import_before b
         cross join lateral jsonb_populate_record(null::users, b.state -> 'row') as was
         where b.org_id = $1 and b.import_id = $2 and b.kind = 'users' and u.org_id = $1 and u.id = b.id",
        org as OrgId,
        import as ImportId,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into user_roles
         select was.*
         from import_before b
         cross join lateral jsonb_populate_recordset(null::user_roles, b.state -> 'user_roles') as was
         where b.org_id = $1 and b.import_id = $2 and b.kind = 'users' and jsonb_typeof(b.state -> 'user_roles') = 'array'",
        org as OrgId,
        import as ImportId,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into memberships
         select was.*
         from import_before b
         cross join lateral jsonb_populate_recordset(null::memberships, b.state -> 'memberships') as was
         where b.org_id = $1 and b.import_id = $2 and b.kind = 'users' and jsonb_typeof(b.state -> 'memberships') = 'array'",
        org as OrgId,
        import as ImportId,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into plan_assignments
         select was.*
         from import_before b
         cross join lateral jsonb_populate_recordset(null::plan_assignments, b.state -> 'plan_assignments') as was
         where b.org_id = $1 and b.import_id = $2 and b.kind = 'users' and jsonb_typeof(b.state -> 'plan_assignments') = 'array'",
        org as OrgId,
        import as ImportId,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn teams(tx: &mut Tx, import: ImportId) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "delete from team_managers t
         using import_before b
         where b.org_id = $1 and b.import_id = $2 and b.kind = 'teams' and t.org_id = $1 and t.team_id = b.id",
        org as OrgId,
        import as ImportId,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "update teams m
         set parent_id = was.parent_id,
             version = m.version + 1
         from import_before b
         cross join lateral jsonb_populate_record(null::teams, b.state -> 'row') as was
         where b.org_id = $1 and b.import_id = $2 and b.kind = 'teams' and m.org_id = $1 and m.id = b.id",
        org as OrgId,
        import as ImportId,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into team_managers
         select was.*
         from import_before b
         cross join lateral jsonb_populate_recordset(null::team_managers, b.state -> 'team_managers') as was
         where b.org_id = $1 and b.import_id = $2 and b.kind = 'teams' and jsonb_typeof(b.state -> 'team_managers') = 'array'",
        org as OrgId,
        import as ImportId,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn customers(tx: &mut Tx, import: ImportId) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "delete from ownerships t
         using import_before b
         where b.org_id = $1 and b.import_id = $2 and b.kind = 'customers' and t.org_id = $1 and t.customer_id = b.id",
        org as OrgId,
        import as ImportId,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "update customers c
         set name = was.name,
             segment = was.segment,
             industry = was.industry,
             city = was.city,
             country = was.country,
             customer_since = was.customer_since,
             created_on = was.created_on,
             attributes = was.attributes,
             version = c.version + 1
         from import_before b
         cross join lateral jsonb_populate_record(null::customers, b.state -> 'row') as was
         where b.org_id = $1 and b.import_id = $2 and b.kind = 'customers' and c.org_id = $1 and c.id = b.id",
        org as OrgId,
        import as ImportId,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into ownerships
         select was.*
         from import_before b
         cross join lateral jsonb_populate_recordset(null::ownerships, b.state -> 'ownerships') as was
         where b.org_id = $1 and b.import_id = $2 and b.kind = 'customers' and jsonb_typeof(b.state -> 'ownerships') = 'array'",
        org as OrgId,
        import as ImportId,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn deals(tx: &mut Tx, import: ImportId) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "delete from deal_credits t
         using import_before b
         where b.org_id = $1 and b.import_id = $2 and b.kind = 'deals' and t.org_id = $1 and t.deal_id = b.id",
        org as OrgId,
        import as ImportId,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "delete from deal_lines t
         using import_before b
         where b.org_id = $1 and b.import_id = $2 and b.kind = 'deals' and t.org_id = $1 and t.deal_id = b.id",
        org as OrgId,
        import as ImportId,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "update deals d
         set customer_id = was.customer_id,
             owner_id = was.owner_id,
             stage = was.stage,
             opened_on = was.opened_on,
             booked_on = was.booked_on,
             expected_on = was.expected_on,
             closed_on = was.closed_on,
             source_stage = was.source_stage,
             returns_id = was.returns_id,
             net = was.net,
             rate = was.rate,
             confirmed_at = was.confirmed_at,
             closed_by = was.closed_by,
             closed_reason = was.closed_reason,
             was_booked_on = was.was_booked_on,
             fully_returned_on = was.fully_returned_on,
             changed_at = was.changed_at,
             version = d.version + 1
         from import_before b
         cross join lateral jsonb_populate_record(null::deals, b.state -> 'row') as was
         where b.org_id = $1 and b.import_id = $2 and b.kind = 'deals' and d.org_id = $1 and d.id = b.id",
        org as OrgId,
        import as ImportId,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into deal_credits
         select was.*
         from import_before b
         cross join lateral jsonb_populate_recordset(null::deal_credits, b.state -> 'deal_credits') as was
         where b.org_id = $1 and b.import_id = $2 and b.kind = 'deals' and jsonb_typeof(b.state -> 'deal_credits') = 'array'",
        org as OrgId,
        import as ImportId,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into deal_lines
         select was.*
         from import_before b
         cross join lateral jsonb_populate_recordset(null::deal_lines, b.state -> 'deal_lines') as was
         where b.org_id = $1 and b.import_id = $2 and b.kind = 'deals' and jsonb_typeof(b.state -> 'deal_lines') = 'array'",
        org as OrgId,
        import as ImportId,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn visits(tx: &mut Tx, import: ImportId) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "delete from visit_participants t
         using import_before b
         where b.org_id = $1 and b.import_id = $2 and b.kind = 'visits' and t.org_id = $1 and t.visit_id = b.id",
        org as OrgId,
        import as ImportId,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "update visits v
         set rep_id = was.rep_id,
             customer_id = was.customer_id,
             visited_on = was.visited_on,
             kind = was.kind,
             state = was.state,
             outcome = was.outcome,
             minutes = was.minutes,
             notes = was.notes,
             recorded_at = was.recorded_at,
             version = v.version + 1
         from import_before b
         cross join lateral jsonb_populate_record(null::visits, b.state -> 'row') as was
         where b.org_id = $1 and b.import_id = $2 and b.kind = 'visits' and v.org_id = $1 and v.id = b.id",
        org as OrgId,
        import as ImportId,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into visit_participants
         select was.*
         from import_before b
         cross join lateral jsonb_populate_recordset(null::visit_participants, b.state -> 'visit_participants') as was
         where b.org_id = $1 and b.import_id = $2 and b.kind = 'visits' and jsonb_typeof(b.state -> 'visit_participants') = 'array'",
        org as OrgId,
        import as ImportId,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
