//! Plans, runs and statements: from a form to a paid month, with other eyes in between.

use attain::{
    commission_runs::inputs::{Inputs, digest},
    customers, deals,
    domain::{
        access::Role,
        commission::{
            evaluate::{ENGINE_VERSION, evaluate},
            facts::Facts,
            plan::Plan,
        },
        deal::{Credit, Stage},
        id::{CustomerId, DealId, OrgId, StatementId},
        money::{Currency, Money},
    },
    postgres::tx,
    statements, visits,
};
use sqlx::PgPool;
use time::{Date, Duration, macros::date};

use crate::support::{Answer, Client, TestApp, User};

/// A company with two reps, two finance people, a manager, and one customer.
pub struct Desk {
    pub app: TestApp,
    pub org: OrgId,
    pub ingrid: User,
    pub jonas: User,
    pub freja: User,
    pub farid: User,
    pub customer: CustomerId,
}

impl Desk {
    pub async fn new() -> Self {
        let app = TestApp::new().await;
        let org = app.company("Nordlys").await;
        let ingrid = app.user(org, "Ingrid", &[Role::Rep]).await;
        let jonas = app.user(org, "Jonas", &[Role::Rep]).await;
        let freja = app.user(org, "Freja", &[Role::Finance]).await;
        let farid = app.user(org, "Farid", &[Role::Finance]).await;
        let mut tx = app.write(org).await;
        let details = customers::db::Details { name: "Havn".to_owned(), ..customers::db::Details::default() };
        let customer = customers::db::insert(&mut tx, &details, date!(2026 - 01 - 01)).await.unwrap();
        customers::db::set_owner(&mut tx, customer, Some(ingrid.id), None).await.unwrap();
        tx.commit().await.unwrap();
        Self { app, org, ingrid, jonas, freja, farid, customer }
    }

    /// A won deal of one line.
    pub async fn deal(&self, rep: User, on: Date, cents: i64, confirmed: bool, returns: Option<DealId>) -> DealId {
        let mut tx = self.app.write(self.org).await;
        tx.actor = Some(rep.id);
        let line = deals::db::Line {
            position: 1,
            product: None,
            text: "Coffee".to_owned(),
            quantity: 1.into(),
            amount: Money(cents),
            original: None,
            cost: None,
        };
        let new = deals::db::NewDeal {
            customer: self.customer,
            owner: Some(rep.id),
            stage: Stage::Won,
            opened_on: None,
            booked_on: Some(on),
            expected_on: None,
            returns,
            currency: None,
            rate: None,
            notes: String::new(),
            confirmed,
            lines: vec![line],
            credits: vec![Credit { rep: rep.id, parts: 1, overlay: false }],
        };
        let id = deals::db::insert(&mut tx, &new).await.unwrap();
        customers::events_db::recompute(&mut tx, &[self.customer]).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// Holds a deal of Ingrid's.
    async fn hold(&self, deal: DealId) {
        sqlx::query!(
            "insert into pay_holds (org_id, rep_id, period_kind, period_start, component, deal_id, reason, made_by, made_at)
             values ($1, $2, 'month', '2026-11-01', 'Sales', $3, 'Disputed', $4, $5)",
            self.org.0,
            self.ingrid.id.0,
            deal.0,
            self.freja.id.0,
            self.app.now(),
        )
        .execute(&self.app.db)
        .await
        .unwrap();
    }

    /// *Starter* for these reps from January on.
    pub async fn starter(&self, reps: &[User]) -> String {
        let mut finance = self.app.client(self.freja).await;
        let page = finance.get("/plans/new?template=starter").await.expect(200);
        let saved = finance.submit(&page, "main form", &[("name", "Starter"), ("from", "2026-01")]).await.expect(303);
        let plan = saved.location().to_owned();
        for rep in reps {
            let page = finance.get(&plan).await.expect(200);
            let rep = rep.id.to_string();
            let fields = [("rep", rep.as_str()), ("from", "2026-01"), ("act", "on")];
            finance.submit(&page, "main form", &fields).await.expect(303);
        }
        plan
    }

    /// Calculates October and returns the run's address.
    pub async fn calculate(&self, by: &mut Client, period: &str) -> String {
        let page = by.get("/commission-runs").await.expect(200);
        by.submit(&page, "main form", &[("period", period)]).await.expect(303).location().to_owned()
    }

    /// Calculates, submits and approves a month; the run's address.
    pub async fn lock(&self, period: &str) -> String {
        let (mut freja, mut farid) = (self.app.client(self.freja).await, self.app.client(self.farid).await);
        let run = self.calculate(&mut freja, period).await;
        press(&mut freja, &run, "submission").await.expect(303);
        press(&mut farid, &run, "approval").await.expect(303);
        run
    }
}

/// Presses the button of a run's page that posts to this part of it.
pub async fn press(client: &mut Client, run: &str, part: &str) -> Answer {
    let page = client.get(run).await.expect(200);
    client.submit(&page, &format!("form[action='{run}/{part}']"), &[]).await
}

#[tokio::test]
async fn a_month_is_calculated_approved_and_paid() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 20), 50_000, true, None).await;
    desk.starter(&[desk.ingrid, desk.jonas]).await;
    let (mut freja, mut farid) = (desk.app.client(desk.freja).await, desk.app.client(desk.farid).await);
    let mut ingrid = desk.app.client(desk.ingrid).await;

    let run = desk.calculate(&mut freja, "2026-10").await;
    let page = freja.get(&run).await.expect(200);
    let statement = page.attribute("tbody a[href^='/statements/']", "href");
    assert!(page.words().contains("€45.00"), "3 % of 1,500: {}", page.words());
    ingrid.get(&statement).await.expect(404);
    ingrid.get(&run).await.expect(403);
    farid.get(&run).await.expect(200);

    press(&mut freja, &run, "submission").await.expect(303);
    let page = freja.get(&run).await.expect(200);
    assert!(!page.has(&format!("form[action='{run}/approval']")), "the preparer is offered no approval");
    freja.post(&format!("{run}/approval"), &[]).await.expect(409);

    press(&mut farid, &run, "approval").await.expect(303);
    let page = farid.get(&run).await.expect(200);
    assert!(page.words().contains("2 of 2") && page.words().contains("Approved"), "{}", page.words());
    let kept = sqlx::query!(
        r#"select cardinality(c.working_days) as "days!", count(*) as "people!"
           from locked_calendars c
           join locked_presences p using (org_id, run_id)
           group by c.working_days"#
    );
    let kept = kept.fetch_one(&desk.app.db).await.unwrap();
    assert_eq!((kept.days, kept.people), (22, 4), "who was there is kept with the lock");
    press(&mut freja, &run, "payment").await.expect(303);
    assert!(freja.get(&run).await.words().contains("Paid"));

    let page = ingrid.get(&statement).await.expect(200);
    assert!(page.text(".statement .total").contains("€45.00"));
    assert_eq!(page.count("details tbody tr"), 2, "both deals stand behind the line");
    assert!(!page.has("a[href^='/commission-runs/']"), "a link that would be refused");
    assert!(freja.get(&statement).await.has("a[href^='/commission-runs/']"));
    desk.app.client(desk.jonas).await.get(&statement).await.expect(404);
    assert!(ingrid.get("/statements").await.expect(200).words().contains("October 2026"));

    let file = freja.post(&format!("{run}/lines.csv"), &[]).await.expect(200);
    assert!(file.header("content-type").starts_with("text/csv"));
    assert!(file.body().contains(",Ingrid,Sales,net_sales,45.00,EUR"), "{}", file.body());
}

#[tokio::test]
async fn pressing_twice_does_it_once() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.starter(&[desk.ingrid]).await;
    let mut freja = desk.app.client(desk.freja).await;
    let page = freja.get("/commission-runs").await.expect(200);
    let body = page.form_body("main form", &[("period", "2026-10")]);
    let first = freja.post_body("/commission-runs", body.clone()).await.expect(303);
    let again = freja.post_body("/commission-runs", body).await.expect(303);
    assert_eq!(first.location(), again.location());
    let list = freja.get("/commission-runs").await.expect(200);
    assert_eq!(list.count("tbody tr"), 1);
}

#[tokio::test]
async fn a_change_after_the_calculation_stops_the_approval() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.starter(&[desk.ingrid]).await;
    let (mut freja, mut farid) = (desk.app.client(desk.freja).await, desk.app.client(desk.farid).await);
    let run = desk.calculate(&mut freja, "2026-10").await;
    press(&mut freja, &run, "submission").await.expect(303);
    desk.deal(desk.ingrid, date!(2026 - 10 - 06), 100, true, None).await;
    press(&mut farid, &run, "approval").await.expect(409);
    let newer = desk.calculate(&mut freja, "2026-10").await;
    press(&mut freja, &newer, "submission").await.expect(303);
    assert!(farid.get(&run).await.words().contains("Replaced"));
    farid.post(&format!("{run}/approval"), &[]).await.expect(409);
    press(&mut farid, &newer, "approval").await.expect(303);
    let page = freja.get("/commission-runs").await;
    freja.submit(&page, "main form", &[("period", "2026-10")]).await.expect(422);
}

#[tokio::test]
async fn nobody_approves_the_own_pay() {
    let desk = Desk::new().await;
    let seller = desk.app.user(desk.org, "Selma", &[Role::Rep, Role::Finance]).await;
    desk.deal(seller, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.starter(&[desk.ingrid, seller]).await;
    let (mut freja, mut selma) = (desk.app.client(desk.freja).await, desk.app.client(seller).await);
    let run = desk.calculate(&mut freja, "2026-10").await;
    press(&mut freja, &run, "submission").await.expect(303);
    press(&mut selma, &run, "approval").await.expect(303);
    assert!(selma.get(&run).await.words().contains("1 of 2"), "her own waits for somebody else");
    selma.post(&format!("{run}/approval"), &[]).await.expect(409);
    press(&mut desk.app.client(desk.farid).await, &run, "approval").await.expect(303);
    assert!(freja.get(&run).await.words().contains("2 of 2"));
}

#[tokio::test]
async fn the_database_refuses_what_the_pages_do_not_offer() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.starter(&[desk.ingrid]).await;
    let mut freja = desk.app.client(desk.freja).await;
    let run = desk.calculate(&mut freja, "2026-10").await;
    press(&mut freja, &run, "submission").await.expect(303);
    for signer in [desk.freja, desk.ingrid] {
        let mut tx = tx::write(&desk.app.db, desk.org, Some(signer.id), desk.app.app.clock).await.unwrap();
        let sql = format!(
            "insert into approvals select org_id, id, run_id, rep_id, prepared_by, {}, now() from statements",
            signer.id
        );
        let error = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut *tx).await.unwrap_err();
        assert_eq!(error.as_database_error().unwrap().constraint(), Some("approvals_four_eyes"));
    }
}

/// What pages may change as a whole, and what they may delete. In every other table rows are only ever added; none is emptied.
const CHANGED: &str = "categories contacts customer_events customer_merges customers deal_credits deal_lines \
    deal_numbers deals ending_proposals holidays import_columns invitations loss_limits memberships \
    notices_seen organizations ownerships plan_assignments products receipts recovery_codes second_factors sessions sign_ins team_managers teams \
    throttle user_roles users visit_minimums visit_participants visits writes";
const DELETED: &str = "contacts customer_events customer_notes customer_rules daily_earnings daily_rounds deal_credits \
    deal_lines endings holidays import_columns import_upload_files import_uploads invitations leaves loss_limits memberships \
    ownerships plan_assignments recovery_codes second_factors sessions sign_ins team_managers throttle unfinished_sign_ins \
    user_roles visit_minimums visit_participants visits";
/// What they may change beside that: single columns.
const COLUMNS_CHANGED: [&str; 2] = ["customer_notes.customer_id", "import_uploads.preview"];

/// The columns that the serving role may change in tables that it may not change as a whole, whoever granted it.
async fn columns_changed(db: &PgPool) -> Vec<String> {
    let columns = sqlx::query_scalar!(
        r#"select c.relname || '.' || a.attname as "column!"
           from pg_class c
           join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
           where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
             and has_column_privilege('attain_app', c.oid, a.attnum, 'update')
             and not has_table_privilege('attain_app', c.oid, 'update')
           order by 1"#,
    );
    columns.fetch_all(db).await.unwrap()
}

#[tokio::test]
async fn pages_change_no_column_of_what_is_kept_but_two() {
    let app = TestApp::new().await;
    assert_eq!(columns_changed(&app.db).await, COLUMNS_CHANGED);
    // The list would not stay the same.
    for grant in ["(total) on statements to attain_app", "(detail) on audit to public"] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("grant update {grant}"))).execute(&app.db).await.unwrap();
    }
    let expected = ["audit.detail", COLUMNS_CHANGED[0], COLUMNS_CHANGED[1], "statements.total"];
    assert_eq!(columns_changed(&app.db).await, expected);
}

#[tokio::test]
async fn a_period_is_locked_by_one_run_only() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.starter(&[desk.ingrid]).await;
    let mut freja = desk.app.client(desk.freja).await;
    let other = desk.calculate(&mut freja, "2026-10").await;
    let run = desk.lock("2026-10").await;
    for (run, constraint) in [(other, "period_locks_once"), (run, "period_locks_pkey")] {
        let mut tx = tx::write(&desk.app.db, desk.org, Some(desk.farid.id), desk.app.app.clock).await.unwrap();
        let sql = format!(
            "insert into period_locks (org_id, run_id, period_kind, period_start, period_end, locked_at)
             select org_id, id, period_kind, period_start, period_end, now() from commission_runs where id = {}",
            run.rsplit('/').next().unwrap(),
        );
        let error = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut *tx).await.unwrap_err();
        assert_eq!(error.as_database_error().unwrap().constraint(), Some(constraint));
    }
}

#[tokio::test]
async fn what_is_not_meant_to_change_cannot_be_changed_by_pages() {
    let desk = Desk::new().await;
    let tables = sqlx::query!(
        r#"select c.relname::text as "table!", min(a.attname::text) as "column!"
         from pg_class c
         join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attidentity = ''
         where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname <> '_sqlx_migrations'
         group by c.relname
         order by c.relname"#,
    )
    .fetch_all(&desk.app.db)
    .await
    .unwrap();
    assert!(tables.len() > 80, "{}", tables.len());
    let mut allowed = [Vec::new(), Vec::new(), Vec::new()];
    for row in &tables {
        let (table, column) = (&row.table, &row.column);
        let acts = [
            format!("update {table} set {column} = {column} where false"),
            format!("delete from {table} where false"),
            format!("truncate {table}"),
        ];
        for (act, allowed) in acts.into_iter().zip(&mut allowed) {
            let mut tx = tx::write(&desk.app.db, desk.org, Some(desk.freja.id), desk.app.app.clock).await.unwrap();
            match sqlx::raw_sql(sqlx::AssertSqlSafe(act.clone())).execute(&mut *tx).await {
                Ok(_) => allowed.push(table.as_str()),
                Err(error) => {
                    let code = error.as_database_error().unwrap().code();
                    assert_eq!(code.as_deref(), Some("42501"), "{act}: {error}");
                }
            }
        }
    }
    let [changed, deleted, emptied] = allowed;
    let words = |list: &'static str| list.split_whitespace().collect::<Vec<_>>();
    assert_eq!(changed, words(CHANGED));
    assert_eq!(deleted, words(DELETED));
    assert_eq!(emptied, [""; 0]);
}

#[tokio::test]
async fn unconfirmed_deals_wait_and_returns_go_back_to_their_month() {
    let desk = Desk::new().await;
    let sold = desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 09), 70_000, false, None).await;
    desk.deal(desk.ingrid, date!(2026 - 11 - 03), -40_000, true, Some(sold)).await;
    desk.deal(desk.ingrid, date!(2026 - 11 - 04), 10_000, true, None).await;
    desk.starter(&[desk.ingrid]).await;
    let mut freja = desk.app.client(desk.freja).await;
    let october = desk.calculate(&mut freja, "2026-10").await;
    let page = freja.get(&october).await;
    assert!(page.words().contains("€18.00"), "3 % of 1,000 − 400: {}", page.words());
    let statement = freja.get(&page.attribute("tbody a[href^='/statements/']", "href")).await.expect(200);
    assert!(statement.words().contains("1 deal waits for confirmation"), "{}", statement.words());
    let november = desk.calculate(&mut freja, "2026-11").await;
    assert!(freja.get(&november).await.words().contains("€3.00"), "3 % of 100, without October's return");
}

#[tokio::test]
async fn what_comes_after_the_lock_is_listed_and_counts_for_nothing() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.starter(&[desk.ingrid]).await;
    let run = desk.lock("2026-10").await;
    let mut freja = desk.app.client(desk.freja).await;
    assert!(freja.get(&run).await.words().contains("Nothing of this period came, changed, was confirmed"));
    let later = desk.app.later(Duration::minutes(1));
    let mut tx = later.write(desk.org).await;
    let visit = visits::db::NewVisit {
        rep: desk.ingrid.id,
        customer: desk.customer,
        visited_on: date!(2026 - 10 - 07),
        starts_at: None,
        kind: attain::domain::visit::Kind::InPerson,
        state: attain::domain::visit::State::Done,
        outcome: None,
        minutes: None,
        notes: String::new(),
    };
    visits::db::insert(&mut tx, &visit).await.unwrap();
    tx.commit().await.unwrap();
    let page = freja.get(&run).await.expect(200);
    assert_eq!(page.texts("section[aria-labelledby=late] tbody tr").len(), 1, "{}", page.words());
    let row = page.text("section[aria-labelledby=late] tbody tr");
    assert!(
        row.starts_with("Visit Havn 7 Oct 2026") && row.ends_with("entered after the lock does not count"),
        "{row}"
    );
    assert_eq!(page.text("section[aria-labelledby=late] header .meta"), "", "nothing waits to be paid");
}

#[tokio::test]
async fn a_statement_can_be_worked_out_again_from_what_it_holds() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 123_457, true, None).await;
    desk.starter(&[desk.ingrid, desk.jonas]).await;
    desk.lock("2026-10").await;
    let mut tx = desk.app.write(desk.org).await;
    let scope = attain::domain::access::Scope { org: desk.org, reach: attain::domain::access::Reach::All };
    for listed in statements::db::list_locked(&mut tx, &scope, None, None, 10).await.unwrap() {
        let stored = statements::db::find(&mut tx, &scope, listed.id, true).await.unwrap().unwrap();
        let document = statements::db::inputs(&mut tx, desk.org, listed.id).await.unwrap();
        let inputs: Inputs = serde_json::from_value(document.clone()).unwrap();
        let plan = Plan::from_value(&inputs.plan).unwrap();
        let facts = Facts::from_value(&inputs.facts, Currency::parse("EUR").unwrap()).unwrap();
        let again = evaluate(&plan, &facts).unwrap();
        assert_eq!(again.total.money, stored.total);
        assert_eq!(digest(&document.to_string(), ENGINE_VERSION, &again).unwrap().to_vec(), stored.digest);
    }
}

#[tokio::test]
async fn a_rep_sees_what_is_earned_so_far() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 11 - 05), 100_000, true, None).await;
    desk.starter(&[desk.ingrid]).await;
    let mut ingrid = desk.app.client(desk.ingrid).await;
    let page = ingrid.get("/statements/so-far").await.expect(200);
    assert!(page.text(".statement .total").contains("€30.00"));
    let jonas = format!("/statements/so-far?rep={}", desk.jonas.id);
    ingrid.get(&jonas).await.expect(404);
    let page = desk.app.client(desk.jonas).await.get("/statements/so-far").await.expect(200);
    assert!(page.words().contains("On no plan"));
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let desk = Desk::new().await;
    let mut finance = desk.app.client(desk.freja).await;
    let missing = StatementId(999_999);
    for path in ["/plans/9", "/plans/x", "/commission-runs/9", "/plans/9/versions/new"] {
        finance.get(path).await.expect(404);
    }
    finance.get(&format!("/statements/{missing}")).await.expect(404);
    finance.post("/commission-runs/9/approval", &[]).await.expect(404);
    finance.post("/commission-runs/9/lines.csv", &[]).await.expect(404);
    for (period, status) in [("", 422), ("2027-10", 422), ("2026-W40", 422), ("9999-99", 422), ("2026-10", 422)] {
        finance.post("/commission-runs", &[("period", period)]).await.expect(status);
    }
    finance.post("/commission-runs", &[("period", "2026-10\0")]).await.expect(400);
}

#[tokio::test]
async fn a_running_period_is_calculated_and_not_locked() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 11 - 05), 100_000, true, None).await;
    desk.starter(&[desk.ingrid]).await;
    let mut freja = desk.app.client(desk.freja).await;
    let run = desk.calculate(&mut freja, "2026-11").await;
    let page = freja.get(&run).await.expect(200);
    assert!(page.words().contains("The period is still running"), "{}", page.words());
    assert!(!page.has(&format!("form[action='{run}/submission']")));
    freja.post(&format!("{run}/submission"), &[]).await.expect(409);
    desk.app.client(desk.farid).await.post(&format!("{run}/approval"), &[]).await.expect(409);
}

#[tokio::test]
async fn what_is_confirmed_after_the_lock_is_listed() {
    let desk = Desk::new().await;
    let waits = desk.deal(desk.ingrid, date!(2026 - 10 - 30), 100_000, false, None).await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 50_000, true, None).await;
    desk.starter(&[desk.ingrid]).await;
    let run = desk.lock("2026-10").await;
    let mut freja = desk.app.client(desk.freja).await;
    let late = "section[aria-labelledby=late] tbody tr";
    assert!(freja.get(&run).await.text(late).contains("Unconfirmed"), "it was not paid, so it is named");
    let later = desk.app.later(Duration::minutes(1));
    let mut tx = later.write(desk.org).await;
    tx.actor = Some(desk.freja.id);
    deals::db::confirm(&mut tx, waits, 1, desk.freja.id).await.unwrap();
    tx.commit().await.unwrap();
    let page = freja.get(&run).await.expect(200);
    assert_eq!(page.count(late), 1);
    assert!(!page.text(late).contains("Unconfirmed") && page.text(late).contains("30 Oct 2026"), "{}", page.text(late));
}

#[tokio::test]
async fn what_a_later_run_has_taken_up_does_not_wait_any_more() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 50_000, true, None).await;
    desk.starter(&[desk.ingrid]).await;
    let run = desk.lock("2026-10").await;
    let late = desk.after(1);
    late.deal(desk.ingrid, date!(2026 - 10 - 20), 100_000, true, None).await;
    let (open, rows) = ("section[aria-labelledby=late] header .meta", "section[aria-labelledby=late] tbody tr");
    let page = desk.app.client(desk.freja).await.get(&run).await.expect(200);
    assert_eq!(page.text(open), "1 not yet in pay");
    assert!(page.text(rows).ends_with("Not yet: the next run looks at it"), "{}", page.text(rows));
    let december = desk.after(20);
    december.lock("2026-11").await;
    let page = december.app.client(desk.freja).await.get(&run).await.expect(200);
    assert_eq!(page.text(open), "");
    assert!(page.text(rows).ends_with("Looked at by November 2026"), "{}", page.text(rows));
    // What nobody is paid for is told at once.
    december.deal(desk.jonas, date!(2026 - 10 - 21), 70_000, true, None).await;
    let page = december.app.client(desk.freja).await.get(&run).await.expect(200);
    assert!(page.texts(rows)[0].ends_with("It changes no pay"), "{:?}", page.texts(rows));
    assert_eq!(page.text(open), "");
}

/// Late facts of a run's page, and how many of them are open.
const LATE: &str = "section[aria-labelledby=late] tbody tr";
const OPEN: &str = "section[aria-labelledby=late] header .meta";

/// What becomes of those on hold.
const ON_HOLD: &str = "Not yet: it is on hold, and looked at once it is released";

/// It is worth nothing while it is held, and that is not the last word.
#[tokio::test]
async fn a_late_deal_on_hold_waits_for_its_release() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 50_000, true, None).await;
    desk.starter(&[desk.ingrid]).await;
    let run = desk.lock("2026-10").await;
    let late = desk.after(1);
    let deal = late.deal(desk.ingrid, date!(2026 - 10 - 20), 100_000, true, None).await;
    late.hold(deal).await;
    let page = desk.app.client(desk.freja).await.get(&run).await.expect(200);
    assert!(page.text(LATE).ends_with(ON_HOLD), "{}", page.text(LATE));
    assert_eq!(page.text(OPEN), "1 not yet in pay");
    // The next run has nothing to pay for it either.
    let december = desk.after(20);
    december.lock("2026-11").await;
    let page = december.app.client(desk.freja).await.get(&run).await.expect(200);
    assert!(page.text(LATE).ends_with(ON_HOLD), "{}", page.text(LATE));
    assert_eq!(page.text(OPEN), "1 not yet in pay");
    // Released after November’s run it waits for the next one.
    let mut freja = desk.after(21).app.client(desk.freja).await;
    freja.post(&format!("{run}/holds/1/release"), &[]).await.expect(303);
    let page = freja.get(&run).await.expect(200);
    assert!(page.text(LATE).ends_with("Not yet: the next run looks at it"), "{}", page.text(LATE));
    assert_eq!(page.text(OPEN), "1 not yet in pay");
    let january = desk.after(50);
    assert_eq!(january.lines("2026-12", desk.ingrid.id).await, ["Sales 0.00", "Sales, 2026-10 30.00"]);
    january.lock("2026-12").await;
    let page = january.app.client(desk.freja).await.get(&run).await.expect(200);
    assert!(page.text(LATE).ends_with("Looked at by December 2026"), "{}", page.text(LATE));
    assert_eq!(page.text(OPEN), "");
}

/// It was not paid, so it is named from the lock on, and once more when it is released.
#[tokio::test]
async fn a_deal_that_is_released_after_the_lock_is_listed() {
    let desk = Desk::new().await;
    let held = desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 06), 50_000, true, None).await;
    // Another one is released in time.
    let paid = desk.deal(desk.ingrid, date!(2026 - 10 - 07), 10_000, true, None).await;
    desk.hold(held).await;
    desk.hold(paid).await;
    desk.starter(&[desk.ingrid]).await;
    let mut freja = desk.app.client(desk.freja).await;
    let draft = desk.calculate(&mut freja, "2026-10").await;
    freja.post(&format!("{draft}/holds/2/release"), &[]).await.expect(303);
    let run = desk.after(1).lock("2026-10").await;
    let mut freja = desk.after(2).app.client(desk.freja).await;
    let page = freja.get(&run).await.expect(200);
    assert_eq!((page.count(LATE), page.text(OPEN).as_str()), (1, "1 not yet in pay"), "{:?}", page.texts(LATE));
    assert!(page.text(LATE).ends_with(ON_HOLD), "{}", page.text(LATE));
    freja.post(&format!("{run}/holds/1/release"), &[]).await.expect(303);
    let page = freja.get(&run).await.expect(200);
    assert!(page.text(LATE).ends_with("Not yet: the next run looks at it"), "{}", page.text(LATE));
    let december = desk.after(20);
    december.lock("2026-11").await;
    let page = december.app.client(desk.freja).await.get(&run).await.expect(200);
    assert!(page.text(LATE).ends_with("Looked at by November 2026"), "{}", page.text(LATE));
    assert_eq!((page.count(LATE), page.text(OPEN).as_str()), (1, ""));
}

/// Pay holds a return with its deal: as long as the one is not paid, the other is not taken back.
#[tokio::test]
async fn a_late_return_is_on_hold_with_its_deal() {
    let desk = Desk::new().await;
    let both = |page: &Answer, words| {
        let rows = page.texts(LATE);
        assert!(rows.len() == 2 && rows.iter().all(|row| row.ends_with(words)), "{rows:?}");
    };
    let sold = desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.hold(sold).await;
    desk.starter(&[desk.ingrid]).await;
    let run = desk.lock("2026-10").await;
    let late = desk.after(1);
    late.deal(desk.ingrid, date!(2026 - 11 - 16), -40_000, true, Some(sold)).await;
    let page = late.app.client(desk.freja).await.get(&run).await.expect(200);
    both(&page, ON_HOLD);
    let december = desk.after(20);
    december.lock("2026-11").await;
    let mut freja = desk.after(21).app.client(desk.freja).await;
    both(&freja.get(&run).await, ON_HOLD);
    freja.post(&format!("{run}/holds/1/release"), &[]).await.expect(303);
    let page = freja.get(&run).await.expect(200);
    both(&page, "Not yet: the next run looks at it");
    let january = desk.after(50);
    assert_eq!(january.lines("2026-12", desk.ingrid.id).await, ["Sales 0.00", "Sales, 2026-10 18.00"]);
    january.lock("2026-12").await;
    let page = january.app.client(desk.freja).await.get(&run).await.expect(200);
    both(&page, "Looked at by December 2026");
}

/// A hold is one rep's: what somebody else is credited with is paid, and nothing of it waits.
#[tokio::test]
async fn what_is_held_for_who_is_not_credited_is_not_on_hold() {
    let desk = Desk::new().await;
    let given = desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    let kept = desk.deal(desk.ingrid, date!(2026 - 10 - 06), 50_000, true, None).await;
    // Jonas answers for what comes back of the deal that stays Ingrid's.
    desk.deal(desk.jonas, date!(2026 - 10 - 20), -10_000, true, Some(kept)).await;
    desk.hold(given).await;
    desk.hold(kept).await;
    let sql = format!("update deal_credits set rep_id = {} where deal_id = {}", desk.jonas.id.0, given.0);
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&desk.app.db).await.unwrap();
    desk.starter(&[desk.ingrid, desk.jonas]).await;
    let run = desk.lock("2026-10").await;
    let page = desk.app.client(desk.freja).await.get(&run).await.expect(200);
    let totals = page.texts("section[aria-labelledby=statements] tbody td.n");
    assert_eq!(totals, ["€0.00", "€27.00"], "3 % of 1,000 − 100 are paid, and nothing of the deal of 500");
    let rows = page.texts(LATE);
    assert!(rows.len() == 1 && rows[0].contains("6 Oct 2026") && rows[0].ends_with(ON_HOLD), "{rows:?}");
    assert_eq!(page.text(OPEN), "1 not yet in pay");
    // Released, it is no late fact for Jonas either.
    let mut freja = desk.after(1).app.client(desk.freja).await;
    freja.post(&format!("{run}/holds/1/release"), &[]).await.expect(303);
    let rows = freja.get(&run).await.expect(200).texts(LATE);
    assert!(rows.len() == 1 && rows[0].ends_with(ON_HOLD), "{rows:?}");
}

#[tokio::test]
async fn a_period_that_no_run_looks_at_again_says_so() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2024 - 09 - 05), 50_000, true, None).await;
    desk.starter(&[desk.ingrid]).await;
    for sql in [
        "update plan_versions set from_date = '2024-01-01'",
        "update plan_assignments set during = daterange('2024-01-01', null)",
    ] {
        sqlx::raw_sql(sql).execute(&desk.app.db).await.unwrap();
    }
    let (september, october) = (desk.lock("2024-09").await, desk.lock("2024-10").await);
    let late = desk.after(1);
    let deal = late.deal(desk.ingrid, date!(2024 - 09 - 20), 100_000, true, None).await;
    let mut freja = desk.app.client(desk.freja).await;
    let words = "The period ended more than 24 months ago: no run calculates it again any more";
    let page = freja.get(&september).await.expect(200);
    assert!(page.words().contains(words) && !page.words().contains("The next run takes"), "{}", page.words());
    assert!(page.text("section[aria-labelledby=late] tbody tr").ends_with("adjust it by hand"), "{}", page.words());
    assert!(!freja.get(&october).await.expect(200).words().contains(words), "October's run looks at it");
    // Its release would bring no run either, nor would a confirmation.
    late.hold(deal).await;
    let page = freja.get(&september).await.expect(200);
    assert!(page.text(LATE).ends_with("Not by itself: adjust it by hand"), "{}", page.text(LATE));
    late.deal(desk.ingrid, date!(2024 - 09 - 21), 100_000, false, None).await;
    let rows = freja.get(&september).await.expect(200).texts(LATE);
    assert!(rows.len() == 2 && rows.iter().all(|row| row.ends_with("adjust it by hand")), "{rows:?}");
}

#[tokio::test]
async fn a_return_credited_to_somebody_else_is_taken_back_there() {
    let desk = Desk::new().await;
    let sold = desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.deal(desk.jonas, date!(2026 - 10 - 09), -40_000, true, Some(sold)).await;
    desk.starter(&[desk.ingrid, desk.jonas]).await;
    let mut freja = desk.app.client(desk.freja).await;
    let run = desk.calculate(&mut freja, "2026-10").await;
    let page = freja.get(&run).await.expect(200);
    let totals = page.texts("section[aria-labelledby=statements] tbody td.n");
    assert_eq!(totals, ["€30.00", "€0.00 −€12.00 carried on"], "3 % of 1,000 and of −400, which pays nothing");
}

#[tokio::test]
async fn a_return_of_another_month_is_named_and_not_paid_again() {
    let desk = Desk::new().await;
    let sold = desk.deal(desk.ingrid, date!(2026 - 9 - 05), 100_000, true, None).await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 03), -40_000, true, Some(sold)).await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 04), 10_000, true, None).await;
    desk.starter(&[desk.ingrid]).await;
    let mut freja = desk.app.client(desk.freja).await;
    let run = desk.calculate(&mut freja, "2026-10").await;
    let page = freja.get(&run).await.expect(200);
    let statement = freja.get(&page.attribute("tbody a[href^='/statements/']", "href")).await.expect(200);
    assert!(statement.text(".statement .total").contains("€3.00"), "3 % of 100");
    assert!(statement.words().contains("another period"), "the board says −€300: {}", statement.words());
}

#[tokio::test]
async fn a_rep_without_a_statement_is_named_with_the_reason() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    let plan = desk.starter(&[desk.ingrid]).await;
    let mut freja = desk.app.client(desk.freja).await;
    let run = desk.calculate(&mut freja, "2026-10").await;
    let page = freja.get(&run).await.expect(200);
    assert!(page.words().contains("Without a statement: Jonas (on no plan)."), "{}", page.words());
    let jonas = desk.jonas.id.to_string();
    let early = [("rep", jonas.as_str()), ("from", "2025-12"), ("act", "on")];
    let refused = freja.post(&format!("{plan}/assignments"), &early).await.expect(422);
    assert!(refused.words().contains("The plan holds from 2026-01"), "{}", refused.words());
}

#[tokio::test]
async fn a_manager_sees_the_pay_of_the_own_reps_only() {
    let desk = Desk::new().await;
    let karin = desk.app.user(desk.org, "Karin", &[Role::Manager]).await;
    desk.app.team(desk.org, "North", None, Some(karin), &[desk.ingrid]).await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.deal(desk.jonas, date!(2026 - 10 - 06), 700_000, true, None).await;
    desk.starter(&[desk.ingrid, desk.jonas]).await;
    let run = desk.lock("2026-10").await;
    desk.deal(desk.jonas, date!(2026 - 10 - 07), 900_000, false, None).await;
    let mut karin = desk.app.client(karin).await;
    for path in ["/commission-runs", run.as_str()] {
        let words = karin.get(path).await.expect(200).words();
        assert!(words.contains("€30.00"), "{path}: {words}");
        for hidden in ["€240.00", "€210.00", "Jonas", "€9,000"] {
            assert!(!words.contains(hidden), "{hidden} on {path}: {words}");
        }
    }
}

#[tokio::test]
async fn the_file_of_everybodys_pay_asks_for_the_password() {
    let desk = Desk::new().await;
    desk.starter(&[desk.ingrid]).await;
    let mut freja = desk.app.client(desk.freja).await;
    let run = desk.calculate(&mut freja, "2026-10").await;
    let later = desk.app.later(Duration::minutes(11));
    let asked = freja.on(&later).post(&format!("{run}/lines.csv"), &[]).await.expect(403);
    assert_eq!(asked.text("h1"), "Confirm that it is you");
}

#[tokio::test]
async fn a_closed_month_shows_what_was_approved() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.starter(&[desk.ingrid]).await;
    desk.lock("2026-10").await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 06), 900_000, true, None).await;
    let mut ingrid = desk.app.client(desk.ingrid).await;
    let month = ingrid.get("/my-month?period=2026-10").await.expect(200);
    let pay = month.text("section[aria-labelledby=pay]");
    assert!(pay.contains("€30.00") && pay.contains("Approved by finance"), "{pay}");
    let statement = month.attribute("section[aria-labelledby=pay] a", "href");
    assert!(statement.starts_with("/statements/") && !statement.contains("so-far"), "{statement}");
    let so_far = ingrid.get("/statements/so-far?period=2026-10").await.expect(303);
    assert_eq!(so_far.location(), statement);
}

#[tokio::test]
async fn two_approvals_at_once_are_one() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.starter(&[desk.ingrid]).await;
    let other = desk.app.user(desk.org, "Finn", &[Role::Finance]).await;
    let mut freja = desk.app.client(desk.freja).await;
    let run = desk.calculate(&mut freja, "2026-10").await;
    press(&mut freja, &run, "submission").await.expect(303);
    let (mut farid, mut finn) = (desk.app.client(desk.farid).await, desk.app.client(other).await);
    let path = format!("{run}/approval");
    let (one, two) = tokio::join!(farid.post(&path, &[]), finn.post(&path, &[]));
    let mut answers = [one.status.as_u16(), two.status.as_u16()];
    answers.sort_unstable();
    assert_eq!(answers, [303, 409]);
}

#[tokio::test]
async fn a_run_says_for_whom_it_waits() {
    let desk = Desk::new().await;
    let seller = desk.app.user(desk.org, "Selma", &[Role::Rep, Role::Admin]).await;
    desk.deal(seller, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.starter(&[desk.ingrid, seller]).await;
    let (mut freja, mut selma) = (desk.app.client(desk.freja).await, desk.app.client(seller).await);
    let run = desk.calculate(&mut freja, "2026-10").await;
    press(&mut freja, &run, "submission").await.expect(303);
    assert!(freja.get(&run).await.words().contains("whoever calculated a run cannot approve it"));
    let page = selma.get(&run).await.expect(200);
    assert_eq!(page.text(&format!("form[action='{run}/approval'] button")), "Approve 1 statement", "not her own");
    assert!(page.words().contains("Your own statement waits for somebody else"), "{}", page.words());
    press(&mut selma, &run, "approval").await.expect(303);
    let page = selma.get(&run).await.expect(200);
    assert!(!page.has(&format!("form[action='{run}/approval']")), "nothing is left that she may approve");
    assert!(page.words().contains("Your own statement waits for somebody else"), "{}", page.words());
    let mut astrid = desk.app.client(desk.app.user(desk.org, "Astrid", &[Role::Admin]).await).await;
    press(&mut astrid, &run, "approval").await.expect(303);
    for approver in [&mut astrid, &mut selma] {
        let page = approver.get(&run).await.expect(200);
        assert!(page.words().contains("Approved: the period is locked."), "{}", page.words());
        assert!(!page.words().contains("Waits for"), "{}", page.words());
    }
}

#[tokio::test]
async fn a_payment_is_neither_before_the_approval_nor_far_ahead() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.starter(&[desk.ingrid]).await;
    let run = desk.lock("2026-10").await;
    let mut freja = desk.app.client(desk.freja).await;
    for day in ["1900-01-01", "2026-11-18", "2026-12-21", "2999-12-31"] {
        let page = freja.post(&format!("{run}/payment"), &[("paid_on", day)]).await.expect(422);
        assert!(page.text(".summary-error").contains("Use a day from 19 Nov 2026"), "{}", page.text(".summary-error"));
        assert_eq!(page.value("paid_on"), day, "what was typed is kept");
    }
    freja.post(&format!("{run}/payment"), &[("paid_on", "2026-12-20")]).await.expect(303);
}

#[tokio::test]
async fn the_list_of_statements_says_whose_they_are() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.starter(&[desk.ingrid, desk.jonas]).await;
    let ola = desk.app.user(desk.org, "Ola", &[Role::Rep]).await;
    desk.lock("2026-10").await;
    let mut freja = desk.app.client(desk.freja).await;
    let page = freja.get(&format!("/statements?rep={}", desk.ingrid.id)).await.expect(200);
    assert_eq!((page.text("h1").as_str(), page.count("tbody tr")), ("Statements of Ingrid", 1));
    assert_eq!(page.value("rep"), desk.ingrid.id.to_string());
    let file = freja.submit(&page, "form[action^='/statements.csv']", &[]).await.expect(200).body();
    let lines: Vec<&str> = file.lines().collect();
    assert_eq!((lines.len(), lines[0]), (2, "statement,period,rep,plan,to_pay,currency,paid_on"));
    assert!(lines[1].ends_with(",2026-10,Ingrid,Starter,30.00,EUR,"), "{}", lines[1]);
    let none = freja.get(&format!("/statements?rep={}", ola.id)).await.expect(200);
    assert!(none.text(".empty").contains("Nothing matches") && !none.words().contains("No statements yet"));
    assert_eq!(none.attribute(".empty a", "href"), "/statements");
    let all = freja.get("/statements?rep=").await.expect(200);
    assert_eq!((all.text("h1").as_str(), all.count("tbody tr")), ("Statements", 2));
    desk.app.client(desk.jonas).await.get(&format!("/statements?rep={}", desk.ingrid.id)).await.expect(404);
}
