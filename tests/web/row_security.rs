//! The net below every query: what the serving role sees and writes where a statement forgets the organization.
//!
//! The tables come from the catalog. Each is stripped of its constraints first and opened to every privilege, so what
//! refuses is its policy alone.

use sqlx::{AssertSqlSafe, PgConnection, PgPool, Row};

use crate::support::TestApp;

/// What pages read and write before it is known which company asks.
const OPEN: [&str; 6] = ["invitations", "organizations", "sessions", "sign_ins", "throttle", "unfinished_sign_ins"];

/// Takes from every guarded table what else could refuse a row, and gives the serving role every privilege.
const STRIP: &str = "do $$
    declare it record;
    begin
        for it in
            select c.conrelid::regclass as name, c.conname
            from pg_constraint c
            where c.connamespace = 'public'::regnamespace and c.conrelid <> 0 and c.contype in ('f', 'p', 'u', 'c', 'x')
            order by c.contype <> 'f'
        loop
            execute format('alter table %s drop constraint if exists %I cascade', it.name, it.conname);
        end loop;
        for it in
            select a.attrelid::regclass as name, a.attname
            from pg_attribute a
            join pg_class t on t.oid = a.attrelid and t.relkind in ('r', 'p')
            where t.relnamespace = 'public'::regnamespace and a.attnum > 0 and not a.attisdropped
                and a.attnotnull and a.attidentity = '' and a.attgenerated = ''
        loop
            execute format('alter table %s alter column %I drop not null', it.name, it.attname);
        end loop;
    end $$;
    grant all on all tables in schema public to attain_app";

async fn tables(db: &PgPool, that: &str) -> Vec<String> {
    let sql = format!(
        "select c.relname::text
         from pg_class c
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f') and {that}
         order by 1",
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(db).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// The rows that a statement meets, or the database's reason against it.
async fn run(as_pages: &mut PgConnection, sql: String) -> Result<u64, String> {
    sqlx::raw_sql("savepoint before").execute(&mut *as_pages).await.unwrap();
    let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *as_pages).await;
    match done {
        Ok(done) => Ok(done.rows_affected()),
        Err(error) => {
            sqlx::raw_sql("rollback to before").execute(&mut *as_pages).await.unwrap();
            Err(error.to_string())
        }
    }
}

/// Whose rows a table shows to a query without any condition.
async fn whose(as_pages: &mut PgConnection, table: &str) -> Vec<i64> {
    let sql = AssertSqlSafe(format!("select org_id from {table} order by 1"));
    sqlx::raw_sql(sql).fetch_all(as_pages).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// What is wrong with the policy of a table that has a row of company 1 and one of company 2.
async fn faults(db: &PgPool, table: &str) -> Vec<String> {
    let mut faults = vec![];
    let refused = |done: &Result<u64, String>| {
        done.as_ref().is_err_and(|words| words.contains("violates row-level security policy"))
    };
    let foreign = [
        format!("insert into {table} (org_id) values (2)"),
        format!("update {table} set org_id = 2"),
        format!("insert into {table} (org_id) values (null)"),
    ];
    let mut pages = db.begin().await.unwrap();
    sqlx::raw_sql("set local role attain_app; set local app.org_id = '1'").execute(&mut *pages).await.unwrap();
    let seen = whose(&mut pages, table).await;
    if seen != [1] {
        faults.push(format!("{table} shows rows of {seen:?}"));
    }
    for sql in foreign {
        let done = run(&mut pages, sql.clone()).await;
        if !refused(&done) {
            faults.push(format!("{sql}: {done:?}"));
        }
    }
    // The statements themselves are right: on the own row they do what they say.
    for sql in [
        format!("update {table} set org_id = org_id"),
        format!("delete from {table}"),
        format!("insert into {table} (org_id) values (1)"),
    ] {
        let done = run(&mut pages, sql.clone()).await;
        if done != Ok(1) {
            faults.push(format!("{sql}: {done:?}"));
        }
    }
    pages.rollback().await.unwrap();

    for unset in ["", "; set local app.org_id = ''"] {
        let mut pages = db.begin().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(format!("set local role attain_app{unset}"))).execute(&mut *pages).await.unwrap();
        let seen = whose(&mut pages, table).await;
        let updated = run(&mut pages, format!("update {table} set org_id = org_id")).await;
        let deleted = run(&mut pages, format!("delete from {table}")).await;
        let inserted = run(&mut pages, format!("insert into {table} (org_id) values (1)")).await;
        if !seen.is_empty() || updated != Ok(0) || deleted != Ok(0) || !refused(&inserted) {
            faults.push(format!("{table} without a company: {seen:?}, {updated:?}, {deleted:?}, {inserted:?}"));
        }
    }
    faults
}

#[tokio::test]
async fn a_statement_that_forgets_the_company_meets_only_its_own_rows() {
    let app = TestApp::new().await;
    let guarded = tables(&app.db, "c.relrowsecurity").await;
    let reachable = "not c.relrowsecurity and has_table_privilege('attain_app', c.oid, \
                     'select, insert, update, delete, truncate, references, trigger')";
    assert_eq!(tables(&app.db, reachable).await, OPEN, "without a policy, and open to pages");
    assert!(guarded.len() > 60, "only {guarded:?}");

    sqlx::raw_sql(STRIP).execute(&app.db).await.unwrap();
    let mut wrong = vec![];
    for table in &guarded {
        let rows = AssertSqlSafe(format!("insert into {table} (org_id) values (1), (2)"));
        sqlx::raw_sql(rows).execute(&app.db).await.unwrap();
        wrong.extend(faults(&app.db, table).await);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The test finds a policy that lets more in.
    sqlx::raw_sql("create policy more on deals for select using (true)").execute(&app.db).await.unwrap();
    assert_eq!(faults(&app.db, "deals").await.len(), 3, "of company 1, of none, of an empty one");
}

#[tokio::test]
async fn the_serving_role_has_no_way_around_the_policies() {
    let app = TestApp::new().await;
    let ways = sqlx::raw_sql(
        "select 'is superuser or passes by policies' from pg_roles
         where rolname = 'attain_app' and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)
         union all
         select 'owns ' || c.relname from pg_class c join pg_roles r on r.oid = c.relowner where r.rolname = 'attain_app'
         union all
         select 'is a ' || m.roleid::regrole from pg_auth_members m where m.member = 'attain_app'::regrole
         union all
         select 'may run ' || p.proname || ' as its owner' from pg_proc p
         where p.pronamespace = 'public'::regnamespace and p.prosecdef
         union all
         select 'may create in public' where has_schema_privilege('attain_app', 'public', 'create')
         union all
         select 'reads through the view ' || c.relname from pg_class c
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('v', 'm')
             and has_table_privilege('attain_app', c.oid, 'select')",
    )
    .fetch_all(&app.db)
    .await
    .unwrap();
    let ways: Vec<String> = ways.iter().map(|row| row.get(0)).collect();
    assert!(ways.is_empty(), "attain_app {ways:?}");
}
