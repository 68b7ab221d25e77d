//! The metrics about what customers are worth: loss rate, time on A customers, the share of the largest customer and
//! contribution, from the setting to the board, my month, the list behind each number, and pay.

use attain::domain::{
    id::{CustomerId, OrgId, VisitId},
    metric::Metric,
    visit::Kind,
};
use time::macros::date;

use crate::{
    field::Field,
    further::{paid, product, sold, target},
    support::User,
};

/// Ingrid's customers on 1 November: Havn made up 800 of 1,000, Torget and Vik 100 each; Sild was lost a year ago, and Vik is
/// lost on the 7th. In November she sells Havn 300 with a margin of 120, a third of which is Jonas's.
struct Worth {
    field: Field,
}

async fn minutes(field: &Field, rep: User, customer: CustomerId, day: u8, kind: Kind, minutes: Option<i32>) {
    let on = date!(2026 - 11 - 01).replace_day(day).unwrap();
    let visit: VisitId = field.visit(rep, customer, on, kind).await;
    sqlx::query!("update visits set minutes = $3 where org_id = $1 and id = $2", field.org as OrgId, visit.0, minutes)
        .execute(&field.app.db)
        .await
        .unwrap();
}

impl Worth {
    async fn new() -> Self {
        let field = Field::new().await;
        let (ingrid, jonas) = (field.ingrid, field.jonas);
        let mut customers = vec![];
        for (name, on, cents) in [
            ("Havn", date!(2026 - 10 - 05), 80_000),
            ("Torget", date!(2026 - 10 - 06), 10_000),
            ("Vik", date!(2026 - 05 - 10), 10_000),
            ("Sild", date!(2025 - 04 - 01), 10_000),
        ] {
            let customer = field.customer(name, ingrid).await;
            field.deal(customer, on, cents, &[(ingrid, 1)]).await;
            customers.push(customer);
        }
        let (havn, torget) = (customers[0], customers[1]);
        let tea = product(&field, "Tea").await;
        sold(&field, havn, date!(2026 - 11 - 05), &[(tea, 30_000, Some(18_000))], None).await;
        minutes(&field, ingrid, havn, 10, Kind::InPerson, Some(60)).await;
        minutes(&field, ingrid, torget, 11, Kind::Call, Some(30)).await;
        minutes(&field, ingrid, torget, 12, Kind::InPerson, None).await;
        minutes(&field, jonas, havn, 12, Kind::InPerson, Some(40)).await;
        Self { field }
    }

    async fn set_costs(&self, costs: &[(&str, &str)]) {
        let mut astrid = self.field.app.client(self.field.astrid).await;
        let page = astrid.get("/settings").await.expect(200);
        astrid.submit(&page, "form[action='/settings']", costs).await.expect(303);
    }
}

const COSTS: [(&str, &str); 3] = [("cost_per_visit", "10"), ("cost_per_minute", "0.10"), ("cost_per_order", "5")];

#[tokio::test]
async fn a_target_of_each_is_set_and_shows() {
    let Worth { field } = &Worth::new().await;
    let mut ingrid = field.app.client(field.ingrid).await;
    for (metric, typed, shown, words) in [
        (Metric::LossRate, "40", "33.3%", "limit 40%"),
        (Metric::TimeOnA, "50", "66.6%", "of 50%"),
        (Metric::Concentration, "80", "83.3%", "limit 80%"),
    ] {
        let month = ingrid.get("/my-month?period=2026-11").await.expect(200);
        let place = format!("a[data-metric={}]", metric.as_str());
        assert!(!month.has(&place), "not asked for: {}", month.words());
        target(field, field.ingrid, metric, typed).await;
        let month = ingrid.get("/my-month?period=2026-11").await.expect(200);
        assert_eq!(month.text(&place), shown);
        assert!(month.words().contains(words), "{words}: {}", month.words());
    }
    let words = ingrid.get("/my-month?period=2026-11").await.expect(200).words();
    for told in ["1 of 3 customers", "60 of 90 minutes", "€1,000 of €1,200 in twelve months", "116.66%", "95.83%"] {
        assert!(words.contains(told), "{told}: {words}");
    }
    let mut berit = field.app.client(field.berit).await;
    let board = berit.get("/scoreboard?period=2026-11&sort=loss_rate").await.expect(200);
    assert_eq!(board.texts("table.board [data-metric=loss_rate]")[0], "33.3%");
    let grid = berit.get("/targets/2026-11?metrics=loss_rate").await.expect(200);
    assert!(grid.words().contains("Loss rate, at most, %"), "{}", grid.words());
}

#[tokio::test]
async fn contribution_has_a_value_once_all_costs_are_set() {
    let worth = Worth::new().await;
    let field = &worth.field;
    target(field, field.ingrid, Metric::Contribution, "144").await;
    let mut ingrid = field.app.client(field.ingrid).await;
    let month = ingrid.get("/my-month?period=2026-11").await.expect(200);
    assert_eq!(month.text("a[data-metric=contribution]"), "n/a");
    assert!(month.words().contains("The costs are not set"), "{}", month.words());
    worth.set_costs(&COSTS[..2]).await;
    let month = ingrid.get("/my-month?period=2026-11").await.expect(200);
    assert_eq!(month.text("a[data-metric=contribution]"), "n/a", "an order costs something, or 0");
    worth.set_costs(&COSTS).await;
    let month = ingrid.get("/my-month?period=2026-11").await.expect(200);
    // 120 − 3 visits × 10 − 130 minutes × 0.10 − 1 order × 5, whoever went there; half of what is expected.
    assert_eq!(month.text("a[data-metric=contribution]"), "€72");
    assert!(month.words().contains("50.00%"), "{}", month.words());

    let mut astrid = field.app.client(field.astrid).await;
    let page = astrid.get("/settings").await.expect(200);
    assert_eq!((page.value("cost_per_visit"), page.value("cost_per_minute")), ("10".into(), "0.10".into()));
    assert!(page.words().contains("Cost of a minute: not set → €0.10"), "{}", page.words());
    let refused = astrid.submit(&page, "form[action='/settings']", &[("cost_per_visit", "-1")]).await.expect(422);
    assert!(refused.words().contains("A cost is zero or more."), "{}", refused.words());
}

#[tokio::test]
async fn each_number_leads_to_the_customers_that_it_is_made_of() {
    let worth = Worth::new().await;
    worth.set_costs(&COSTS).await;
    let field = &worth.field;
    let mut berit = field.app.client(field.berit).await;
    let mut read = async |metric: &str, whose: &str| {
        let page = berit.get(&format!("/metrics/{metric}?{whose}period=2026-11")).await.expect(200);
        (page.attribute("#value", "data-value"), page.texts("tbody tr"), page.texts("tfoot tr"))
    };
    let rep = format!("rep={}&", field.ingrid.id);
    let (value, rows, _) = read("loss_rate", &rep).await;
    assert_eq!((value.as_str(), rows), ("0.333333", vec!["Havn".to_owned(), "Torget".into(), "Vik".into()]));
    let (value, rows, sum) = read("time_on_a", &rep).await;
    assert_eq!((value.as_str(), rows), ("0.666667", vec!["Havn A 60".to_owned(), "Torget B 30".into()]));
    assert_eq!(sum, ["Together 90"]);
    let (value, rows, sum) = read("concentration", &rep).await;
    assert_eq!(value, "0.833333");
    assert_eq!(rows, ["Havn €1,000.00 83.3%", "Torget €100.00 8.3%", "Vik €100.00 8.3%"]);
    assert_eq!(sum, ["Those above zero €1,200.00"]);
    let (value, rows, sum) = read("contribution", &rep).await;
    assert_eq!(value, "72.00");
    assert_eq!(rows, ["Havn €120.00 0 2 100 1 €85.00", "Torget €0.00 0 1 30 0 −€13.00"]);
    assert_eq!(sum, ["Together €120.00 0 3 130 1 €72.00"]);
    // Jonas owns nobody: his time and his third of a deal are his, and the book is Ingrid's.
    let jonas = format!("rep={}&", field.jonas.id);
    let values = [
        read("loss_rate", &jonas).await.0,
        read("time_on_a", &jonas).await.0,
        read("concentration", &jonas).await.0,
        read("contribution", &jonas).await.0,
    ];
    assert_eq!(values, ["", "1.000000", "1.000000", "0.00"]);
    // The team's time is that of both, and its largest customer bought with what Jonas sold of it.
    let team = format!("team={}&", field.north);
    assert_eq!(read("time_on_a", &team).await.0, "0.769231");
    assert_eq!(read("concentration", &team).await.0, "0.846154");
}

#[tokio::test]
async fn plans_pay_by_them() {
    let worth = Worth::new().await;
    worth.set_costs(&COSTS).await;
    let components = r#"
        { "name": "Keeps", "measure": "net_sales", "pays": { "bonus": "7.00" },
          "gate": [ { "metric": "loss_rate", "at_most": "0.4" } ] },
        { "name": "Time", "measure": "net_sales", "pays": { "bonus": "5.00" },
          "gate": [ { "metric": "time_on_a", "at_least": "0.6" } ] },
        { "name": "Spread", "measure": "net_sales", "pays": { "bonus": "3.00" },
          "gate": [ { "metric": "concentration", "at_most": "0.8" } ] },
        { "name": "Book", "measure": "contribution", "pays": { "rate": "0.1" } }"#;
    let (total, inputs) = paid(&worth.field, components).await;
    // 1 of 3 lost, 60 of 90 minutes, 1,000 of 1,200, and 10 % of 72.00.
    assert_eq!(total, 700 + 500 + 720);
    let metrics = &inputs.facts["metrics"];
    assert_eq!((&metrics["loss_rate"], &metrics["time_on_a"]), (&"0.333333333".into(), &"0.666666667".into()));
    assert_eq!((&metrics["concentration"], &metrics["contribution"]), (&"0.833333333".into(), &"72.00".into()));
}

#[tokio::test]
async fn a_plan_that_needs_the_costs_says_that_they_are_not_set() {
    let worth = Worth::new().await;
    let (total, inputs) =
        paid(&worth.field, r#"{ "name": "Book", "measure": "contribution", "pays": { "rate": "0.1" } }"#).await;
    assert_eq!((total, &inputs.facts["metrics"]["contribution"]), (0, &serde_json::Value::Null));
}
