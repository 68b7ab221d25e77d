//! The metrics that are shown where a target or a plan uses them: growth by kind, the minimum of visits, cross-selling and
//! gross margin, from the setting to the board, my month, the list behind each number, and pay.

use attain::{
    commission_runs::calculate::{Question, calculate},
    deals::{self, db::Line},
    domain::{
        access::Role,
        company::GrowthBase,
        deal::{Credit, Stage},
        id::{CustomerId, DealId, OrgId, ProductId, UserId},
        metric::Metric,
        money::Money,
        period::Period,
        visit::Kind,
    },
    postgres::tx,
};
use time::{Date, Month, macros::date};

use crate::{
    commissions::Desk,
    field::{Field, TODAY},
    support::User,
};

/// A product of a category of its own.
pub async fn product(field: &Field, name: &str) -> ProductId {
    sqlx::query_scalar!(
        "with c as (
             insert into categories (org_id, name) values ($1, $2)
             returning id
         )
         insert into products (org_id, name, category_id)
         select $1, $2, c.id
         from c
         returning id",
        field.org as OrgId,
        name,
    )
    .fetch_one(&field.app.db)
    .await
    .unwrap()
}

/// A confirmed deal of lines: product, cents, and what it cost.
pub async fn sold(
    field: &Field,
    customer: CustomerId,
    on: Date,
    lines: &[(ProductId, i64, Option<i64>)],
    returns: Option<DealId>,
) -> DealId {
    let mut tx = field.app.write(field.org).await;
    let new = deals::db::NewDeal {
        customer,
        owner: Some(field.ingrid.id),
        stage: Stage::Won,
        opened_on: Some(on),
        booked_on: Some(on),
        expected_on: None,
        returns,
        currency: None,
        rate: None,
        notes: String::new(),
        confirmed: true,
        lines: (1..)
            .zip(lines)
            .map(|(position, &(product, cents, cost))| Line {
                position,
                product: Some(product),
                text: String::new(),
                quantity: 1.into(),
                amount: Money(cents),
                original: None,
                cost: cost.map(Money),
            })
            .collect(),
        credits: [(field.ingrid, 2), (field.jonas, 1)]
            .map(|(rep, parts)| Credit { rep: rep.id, parts, overlay: false })
            .to_vec(),
    };
    let id = deals::save::enter(&mut tx, &new).await.unwrap();
    tx.commit().await.unwrap();
    id
}

pub async fn target(field: &Field, rep: User, metric: Metric, typed: &str) {
    let mut berit = field.app.client(field.berit).await;
    let path = format!("/targets/2026-11?metrics={}", metric.as_str());
    let page = berit.get(&path).await.expect(200);
    let name = format!("{}.{}", rep.id, metric.as_str());
    berit.submit(&page, "form#grid", &[(name.as_str(), typed)]).await.expect(303);
}

async fn minimum(field: &Field, typed: &[(&str, &str)]) {
    let mut astrid = field.app.client(field.astrid).await;
    let page = astrid.get("/settings/minimums").await.expect(200);
    astrid.submit(&page, "form[action='/settings/minimums']", typed).await.expect(303);
}

/// Havn bought tea in October, and tea and cups in November; a part of it came back.
async fn cross_sold(field: &Field) -> CustomerId {
    let (tea, cups) = (product(field, "Tea").await, product(field, "Cups").await);
    let havn = field.customer("Havn", field.ingrid).await;
    sold(field, havn, date!(2026 - 10 - 05), &[(tea, 30_000, Some(20_000))], None).await;
    let second =
        sold(field, havn, date!(2026 - 11 - 05), &[(tea, 10_000, Some(4_000)), (cups, 6_000, None)], None).await;
    sold(field, havn, date!(2026 - 11 - 12), &[(cups, -1_500, None)], Some(second)).await;
    havn
}

#[tokio::test]
async fn a_metric_is_shown_where_it_has_a_target_and_else_behind_more() {
    let field = Field::new().await;
    cross_sold(&field).await;
    let mut ingrid = field.app.client(field.ingrid).await;
    let mut berit = field.app.client(field.berit).await;
    let month = ingrid.get("/my-month?period=2026-11").await.expect(200);
    assert!(!month.has("[data-metric=gross_margin]"), "{}", month.words());
    let more = month.attribute("a#more", "href");
    let all = ingrid.get(more.trim_end_matches("#others")).await.expect(200);
    let shown = |metric: &str| all.text(&format!("a[data-metric={metric}]"));
    assert_eq!((shown("gross_margin"), shown("cross_sell_sales")), ("€40".into(), "€30".into()));
    assert_eq!((shown("cross_sell_count"), shown("visit_minimum")), ("1".into(), "n/a".into()));
    assert!(all.words().contains("2 lines without cost"), "{}", all.words());
    assert!(!all.has("a#more"));

    target(&field, field.ingrid, Metric::GrossMargin, "80").await;
    let month = ingrid.get("/my-month?period=2026-11").await.expect(200);
    assert_eq!(month.text("a[data-metric=gross_margin]"), "€40");
    assert!(month.words().contains("50.00%"), "{}", month.words());
    assert!(!month.has("[data-metric=cross_sell_sales]"));
    let board = berit.get("/scoreboard?period=2026-11").await.expect(200);
    // 60.00 of margin in two parts and one.
    assert_eq!(board.texts("table.board [data-metric=gross_margin]"), ["€40", "€20"]);
    assert_eq!(board.text("#total [data-metric=gross_margin]"), "€60");
    assert!(!board.has("[data-metric=cross_sell_count]") && board.has("a#more"));
    berit.get("/scoreboard?period=2026-11&sort=-gross_margin&more=1").await.expect(200);
    let file = berit.get("/scoreboard.csv?period=2026-11").await.expect(200).body();
    assert!(
        file.lines().next().unwrap().contains(",gross_margin,gross_margin_target,gross_margin_attainment"),
        "{file}"
    );
    assert!(file.contains("40.00,80.00,50.00"), "{file}");
}

#[tokio::test]
async fn each_number_leads_to_what_it_counts() {
    let field = Field::new().await;
    cross_sold(&field).await;
    let mut berit = field.app.client(field.berit).await;
    let mut read = async |metric: &str, whose: &str| {
        let page = berit.get(&format!("/metrics/{metric}?{whose}period=2026-11")).await.expect(200);
        (page.text("#value"), page.texts("tbody tr"))
    };
    let rep = format!("rep={}&", field.ingrid.id);
    let (value, rows) = read("cross_sell_sales", &rep).await;
    assert_eq!(value, "€30");
    assert_eq!(rows, ["Havn Cups Deal 2 5 Nov 2026 €40.00", "Havn Cups Deal 3 12 Nov 2026 −€10.00"]);
    let (value, rows) = read("cross_sell_count", &format!("team={}&", field.north)).await;
    assert_eq!((value.as_str(), rows.as_slice()), ("1", &["Havn Cups Deal 2 5 Nov 2026 1".to_owned()][..]));
    let (_, rows) = read("cross_sell_count", &format!("rep={}&", field.jonas.id)).await;
    assert_eq!(rows, [""; 0], "Ingrid is the primary rep");
    let (value, rows) = read("gross_margin", &rep).await;
    assert_eq!((value.as_str(), rows[0].as_str()), ("€40", "Deal 2 Havn 5 Nov 2026 1 €40.00"));
    // Whom the viewer may not see is not there, and neither is another metric.
    berit.get(&format!("/metrics/gross_margin?rep={}&period=2026-11", field.olav.id)).await.expect(404);
    berit.get("/metrics/gross_margin?period=2026-11").await.expect(404);
    berit.get(&format!("/metrics/net_sales?{rep}period=2026-11")).await.expect(404);
}

#[tokio::test]
async fn growth_comes_from_new_customers_and_from_the_others() {
    let field = Field::new().await;
    let (old, new) = (field.customer("Havn", field.ingrid).await, field.customer("Ny", field.ingrid).await);
    for (customer, on, cents) in [
        (old, date!(2025 - 11 - 05), 100_000),
        (old, date!(2026 - 11 - 06), 90_000),
        (new, date!(2026 - 11 - 10), 25_000),
    ] {
        field.deal(customer, on, cents, &[(field.ingrid, 1)]).await;
    }
    let mut berit = field.app.client(field.berit).await;
    let rep = format!("rep={}&period=2026-11", field.ingrid.id);
    let page = berit.get(&format!("/metrics/growth_from_new?{rep}")).await.expect(200);
    assert_eq!((page.text("#value"), page.attribute("#value", "data-value")), ("+25.0%".into(), "0.250000".into()));
    assert_eq!(page.texts("tbody tr"), ["Ny New €250.00 €0.00 +€250.00"]);
    let page = berit.get(&format!("/metrics/growth_from_existing?{rep}")).await.expect(200);
    assert_eq!(page.text("#value"), "−10.0%");
    assert_eq!(page.texts("tbody tr"), ["Havn Less €900.00 €1,000.00 −€100.00"]);
    target(&field, field.ingrid, Metric::GrowthFromExisting, "5").await;
    let month = berit.get(&format!("/reps/{}?period=2026-11", field.ingrid.id)).await.expect(200);
    assert_eq!(month.text("a[data-metric=growth_from_existing]"), "−10.0%");
    assert!(!month.has("a[data-metric=growth_from_new]"));
}

#[tokio::test]
async fn a_minimum_is_set_met_and_taken_away() {
    let field = Field::new().await;
    let customers = [field.customer("Havn", field.ingrid).await, field.customer("Torget", field.ingrid).await];
    // Monday and Tuesday of the third week: two visits, and one.
    for (customer, on) in [
        (customers[0], date!(2026 - 11 - 16)),
        (customers[1], date!(2026 - 11 - 16)),
        (customers[0], date!(2026 - 11 - 17)),
    ] {
        field.visit(field.ingrid, customer, on, Kind::InPerson).await;
    }
    let mut berit = field.app.client(field.berit).await;
    let path = format!("/metrics/visit_minimum?rep={}&period=2026-11", field.ingrid.id);
    assert_eq!(berit.get(&path).await.expect(200).text("#value"), "n/a");
    minimum(&field, &[("visits", "2"), ("per", "day"), ("counts", "all"), ("from", "2026-11-16")]).await;
    // From Monday to today, a Thursday.
    let page = berit.get(&path).await.expect(200);
    assert_eq!((page.text("#value"), page.attribute("#value", "data-value")), ("25.0%".into(), "0.250000".into()));
    assert_eq!(page.texts("tbody tr")[..2], ["Ingrid 16 Nov 2026 2 2 Yes", "Ingrid 17 Nov 2026 1 2 No"]);
    let ingrid = field.ingrid.id.to_string();
    let own =
        [("rep", ingrid.as_str()), ("visits", "1"), ("per", "day"), ("counts", "strangers"), ("from", "2026-11-16")];
    minimum(&field, &own).await;
    assert_eq!(berit.get(&path).await.expect(200).text("#value"), "50.0%");
    target(&field, field.ingrid, Metric::VisitMinimum, "80").await;
    let month = berit.get(&format!("/reps/{}?period=2026-11", field.ingrid.id)).await.expect(200);
    assert_eq!(month.text("a[data-metric=visit_minimum]"), "50.0%");
    assert!(month.words().contains("of 80%") && month.words().contains("2 of 4 days or weeks"), "{}", month.words());

    // What is wrong is said; what is locked stays.
    let mut astrid = field.app.client(field.astrid).await;
    let page = astrid.get("/settings/minimums").await.expect(200);
    let typed = [("visits", "101"), ("per", "day"), ("counts", "all"), ("from", "")];
    let refused = astrid.submit(&page, "form[action='/settings/minimums']", &typed).await.expect(422);
    assert!(refused.words().contains("Use a whole number from 0 to 100."), "{}", refused.words());
    field.lock("2026-10").await;
    let typed = [("visits", "3"), ("per", "week"), ("counts", "all"), ("from", "2026-10-05")];
    let refused = astrid.submit(&refused, "form[action='/settings/minimums']", &typed).await.expect(422);
    assert!(refused.words().contains("What is before 1 Nov 2026 is locked"), "{}", refused.words());
    assert_eq!(refused.value("visits"), "3");
    let page = astrid.get("/settings/minimums").await.expect(200);
    assert_eq!(page.texts("tbody tr th"), ["Everybody", "Ingrid"]);
    astrid.submit(&page, "tbody tr:last-child form", &[]).await.expect(303);
    assert_eq!(berit.get(&path).await.expect(200).text("#value"), "25.0%");
    let log = astrid.get("/audit").await.expect(200);
    assert!(log.words().contains("removed a minimum of visits from"), "{}", log.words());
    assert!(log.words().contains("1 stranger visit per working day for Ingrid, from 16 Nov 2026"), "{}", log.words());
}

#[tokio::test]
async fn a_locked_month_keeps_the_days_of_its_minimum() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    // October 2026 has 22 working days; she is there on all of them, and met it on one.
    field.visit(field.ingrid, havn, date!(2026 - 10 - 14), Kind::InPerson).await;
    minimum(&field, &[("visits", "1"), ("per", "day"), ("counts", "all"), ("from", "")]).await;
    let mut berit = field.app.client(field.berit).await;
    let path = format!("/metrics/visit_minimum?rep={}&period=2026-10", field.ingrid.id);
    let before = berit.get(&path).await.expect(200).text("#value");
    assert_eq!(before, "4.5%");
    field.lock("2026-10").await;
    // Leave and a holiday that are entered afterwards move nothing.
    sqlx::query!(
        "insert into leaves (org_id, user_id, during, kind, recorded_by, recorded_at)
         values ($1, $2, '[2026-10-05,2026-10-10)', 'sick', $2, $3)",
        field.org.0,
        field.ingrid.id.0,
        field.app.now(),
    )
    .execute(&field.app.db)
    .await
    .unwrap();
    sqlx::query!("insert into holidays (org_id, on_date, name) values ($1, '2026-10-20', 'Moved')", field.org.0)
        .execute(&field.app.db)
        .await
        .unwrap();
    assert_eq!(berit.get(&path).await.expect(200).text("#value"), before);
}

/// What the plan of these components pays Ingrid for November, with its inputs.
pub async fn paid(field: &Field, components: &str) -> (i64, attain::commission_runs::inputs::Inputs) {
    let plan =
        format!(r#"{{ "name": "Further", "currency": "EUR", "period": "month", "components": [ {components} ] }}"#);
    let document: serde_json::Value = serde_json::from_str(&plan).unwrap();
    sqlx::query!(
        "with p as (
             insert into plans (org_id, name) values ($1, $4)
             returning id
         ),
         v as (
             insert into plan_versions (org_id, plan_id, number, from_date, document, created_at)
             select $1, p.id, 1, '2026-01-01', $3, '2026-01-01'
             from p
         )
         insert into plan_assignments (org_id, rep_id, plan_id, during)
         select $1, $2, p.id, daterange('2026-01-01', null)
         from p",
        field.org as OrgId,
        field.ingrid.id as UserId,
        document,
        "Further",
    )
    .execute(&field.app.db)
    .await
    .unwrap();
    let mut read = tx::read(&field.app.db, field.org).await.unwrap();
    let question = Question {
        org: field.org,
        growth_base: GrowthBase::LastYear,
        period: Period::parse("2026-11", Month::January).unwrap(),
        rep: Some(field.ingrid.id),
        today: TODAY,
    };
    let calculated = calculate(&mut read, &question).await.unwrap().pop().unwrap();
    (calculated.statement.total.money.0, calculated.inputs)
}

#[tokio::test]
async fn a_plan_pays_for_margin_and_cross_selling_behind_a_gate() {
    let field = Field::new().await;
    let havn = cross_sold(&field).await;
    minimum(&field, &[("visits", "1"), ("per", "day"), ("counts", "all"), ("from", "2026-11-18")]).await;
    for on in [date!(2026 - 11 - 18), date!(2026 - 11 - 19)] {
        field.visit(field.ingrid, havn, on, Kind::InPerson).await;
    }
    let components = r#"
        { "name": "Margin", "measure": "gross_margin", "pays": { "rate": "0.1" },
          "gate": [ { "metric": "visit_minimum", "at_least": "0.8" } ] },
        { "name": "Cross", "measure": "cross_sell_count", "pays": { "per_unit": "20.00" } },
        { "name": "Cross sales", "measure": "cross_sell_sales", "pays": { "rate": "0.5" } },
        { "name": "Growth", "measure": "net_sales", "pays": { "bonus": "7.00" },
          "gate": [ { "metric": "growth_from_existing", "at_least": "0" } ] }"#;
    let (total, inputs) = paid(&field, components).await;
    // 10 % of 40.00, one category, half of 40.00 less what came back of it, and no growth without a base.
    assert_eq!(total, 400 + 2_000 + 1_500);
    let records = &inputs.records[&Metric::CrossSellCount];
    assert_eq!((records[0].customer.as_str(), records[0].deal), ("Havn, Cups", Some(2)));
    assert_eq!(inputs.facts["metrics"]["visit_minimum"], "1");
    assert_eq!(inputs.facts["metrics"]["growth_from_existing"], serde_json::Value::Null);

    // What nobody has confirmed waits.
    sqlx::query!("update deals set confirmed_at = null, confirmed_by = null where org_id = $1", field.org as OrgId)
        .execute(&field.app.db)
        .await
        .unwrap();
    let mut read = tx::read(&field.app.db, field.org).await.unwrap();
    let period = Period::parse("2026-11", Month::January).unwrap();
    let question = Question {
        org: field.org,
        growth_base: GrowthBase::LastYear,
        period,
        rep: Some(field.ingrid.id),
        today: TODAY,
    };
    let unconfirmed = calculate(&mut read, &question).await.unwrap().pop().unwrap();
    assert_eq!(unconfirmed.statement.total.money.0, 0);
}

/// November of Ingrid, who is on a plan of this template since September; the words of her statement.
async fn november_by(template: &str) -> String {
    let desk = Desk::new().await;
    for (on, cents) in [(date!(2026 - 10 - 05), 300_000), (date!(2026 - 11 - 05), 600_000)] {
        desk.deal(desk.ingrid, on, cents, true, None).await;
    }
    let boss = desk.app.user(desk.org, "Berit", &[Role::Manager]).await;
    desk.app.team(desk.org, "North", None, Some(boss), &[desk.ingrid]).await;
    let mut berit = desk.app.client(boss).await;
    for month in ["2026-09", "2026-10", "2026-11"] {
        let page = berit.get(&format!("/targets/{month}?metrics=net_sales")).await.expect(200);
        let name = format!("{}.net_sales", desk.ingrid.id);
        berit.submit(&page, "form#grid", &[(name.as_str(), "10000")]).await.expect(303);
    }
    let mut freja = desk.app.client(desk.freja).await;
    let page = freja.get(&format!("/plans/new?template={template}")).await.expect(200);
    let fields = [("name", "Further"), ("from", "2026-09")];
    let plan = freja.submit(&page, "main form", &fields).await.expect(303).location().to_owned();
    let page = freja.get(&plan).await.expect(200);
    let rep = desk.ingrid.id.to_string();
    let fields = [("rep", rep.as_str()), ("from", "2026-09"), ("act", "on")];
    freja.submit(&page, "form[action$='/assignments']", &fields).await.expect(303);
    for month in ["2026-09", "2026-10"] {
        desk.lock(month).await;
    }
    let december = desk.after(20);
    let run = december.lock("2026-11").await;
    let page = december.app.client(desk.freja).await.get(&run).await.expect(200);
    let statement = page.attribute("tbody a[href^='/statements/']", "href");
    december.app.client(desk.ingrid).await.get(&statement).await.expect(200).words()
}

#[tokio::test]
async fn a_newcomer_is_paid_by_a_part_of_the_target() {
    let words = november_by("newcomer").await;
    for told in [
        // The third month: 75 % of 10,000 is 7,500, and 6,000 of it is 80 %.
        "Net sales of €6,000.00 against a target of €7,500.00, which is 80%.",
        "In period 3 on the plan 75% of the target for net sales counts: €7,500.00 of €10,000.00.",
        "€6,000.00 × 3% = €180.00",
        "To pay €2,000.00",
    ] {
        assert!(words.contains(told), "{told}: {words}");
    }
}

#[tokio::test]
async fn a_hunter_without_a_minimum_of_visits_is_told_what_is_missing() {
    let words = november_by("hunter").await;
    for told in [
        "Paid only with share of days with the minimum of visits of at least 80%.",
        "No day had a minimum of visits to keep: none is set for this rep, or the rep was away.",
    ] {
        assert!(words.contains(told), "{told}: {words}");
    }
    assert!(words.contains("To pay €0.00"), "{words}");
}

#[tokio::test]
async fn a_return_on_hold_leaves_the_category_that_was_sold() {
    let field = Field::new().await;
    let (tea, cups) = (product(&field, "Tea").await, product(&field, "Cups").await);
    let (havn, fjord) = (field.customer("Havn", field.ingrid).await, field.customer("Fjord", field.ingrid).await);
    sold(&field, havn, date!(2026 - 10 - 05), &[(tea, 30_000, None)], None).await;
    let second = sold(&field, havn, date!(2026 - 11 - 05), &[(cups, 6_000, None)], None).await;
    let back = sold(&field, havn, date!(2026 - 11 - 12), &[(cups, -6_000, None)], Some(second)).await;
    // What Fjord had bought before came back before it bought another category.
    let first = sold(&field, fjord, date!(2026 - 10 - 05), &[(tea, 30_000, None)], None).await;
    let before = sold(&field, fjord, date!(2026 - 10 - 20), &[(tea, -30_000, None)], Some(first)).await;
    sold(&field, fjord, date!(2026 - 11 - 06), &[(cups, 6_000, None)], None).await;
    let components = r#"
        { "name": "Cross", "measure": "cross_sell_count", "pays": { "per_unit": "20.00" } },
        { "name": "Campaign", "measure": "deals", "only": { "cross_sell": true }, "pays": { "per_unit": "7.00" } }"#;
    assert_eq!(paid(&field, components).await.0, 0);
    let mut berit = field.app.client(field.berit).await;
    let board = format!("/metrics/cross_sell_count?rep={}&period=2026-11", field.ingrid.id);
    let shown = berit.get(&board).await.expect(200).text("#value");
    for (deal, pays) in [(back, 2_700), (before, 5_400)] {
        sqlx::query!(
            "insert into pay_holds (org_id, rep_id, period_kind, period_start, component, deal_id, reason, made_by, made_at)
             values ($1, $2, 'month', '2026-11-01', 'Cross', $3, 'Did it come back?', $4, $5)",
            field.org as OrgId,
            field.ingrid.id as UserId,
            deal as DealId,
            field.finn.id as UserId,
            field.app.now(),
        )
        .execute(&field.app.db)
        .await
        .unwrap();
        let mut read = tx::read(&field.app.db, field.org).await.unwrap();
        let period = Period::parse("2026-11", Month::January).unwrap();
        let rep = Some(field.ingrid.id);
        let question = Question { org: field.org, growth_base: GrowthBase::LastYear, period, rep, today: TODAY };
        let statement = calculate(&mut read, &question).await.unwrap().pop().unwrap().statement;
        assert_eq!(statement.total.money.0, pays, "{:?}", statement.lines);
    }
    assert_eq!(berit.get(&board).await.expect(200).text("#value"), shown, "boards count both at once");
}
