//! Every number on my month and the scoreboard of a generated company opens into exactly the records that it counts.

use std::collections::BTreeSet;

use attain::{
    demo::{data::Size, fill},
    domain::{
        id::{OrgId, UserId},
        metric::Metric,
    },
};
use scraper::{ElementRef, Html, Selector};
use time::macros::date;

use crate::{
    field::Field,
    support::{Client, TestApp, User},
};

/// A number on a page: what it is, what it says, and where it leads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Number {
    metric: String,
    /// The exact number: a count, or an amount in major units.
    value: String,
    href: String,
}

/// Every number that says which metric it is.
fn numbers(body: &str) -> Vec<Number> {
    let page = Html::parse_document(body);
    let links = Selector::parse("a[data-metric][data-value]").unwrap();
    let attribute = |link: ElementRef<'_>, name: &str| link.attr(name).unwrap().to_owned();
    page.select(&links)
        .map(|link| Number {
            metric: attribute(link, "data-metric"),
            value: attribute(link, "data-value"),
            href: attribute(link, "href"),
        })
        .collect()
}

/// Opens a number's list and compares what the list says of itself.
async fn opens_into_its_records(client: &mut Client, number: &Number) {
    let list = client.get(&number.href).await.expect(200);
    let plain = |text: &str| text.replace('−', "-").replace(['€', ','], "");
    let said = match number.metric.as_str() {
        "new_customers" | "lost_customers" | "won_back_customers" => plain(&list.text("#counted")),
        "visits" | "stranger_visits" | "touches" => {
            // "12 visits", or of a longer list "50 of 138 visits".
            let words = list.text("main .head p");
            let all = words.split_once(" of ").map_or(words.as_str(), |(_, all)| all);
            plain(all.split(' ').next().unwrap())
        }
        metric if Metric::MORE.iter().any(|more| more.as_str() == metric) => list.attribute("#value", "data-value"),
        _ => list.texts("tfoot td.n").last().map_or_else(|| "0.00".to_owned(), |sum| plain(sum)),
    };
    assert_eq!(said, number.value, "{} on {}", number.metric, number.href);
}

/// Walks all numbers of a page; at least so many.
async fn walk(client: &mut Client, path: &str, at_least: usize, walked: &mut BTreeSet<String>) {
    let page = client.get(path).await.expect(200);
    let numbers = numbers(&page.body());
    assert!(numbers.len() >= at_least, "{path} has only {} numbers", numbers.len());
    for number in &numbers {
        if number.metric == "sales_growth" {
            // A rate is no sum: it leads to the sales that it compares, which stand on the page as well.
            let sales = |other: &Number| other.metric == "net_sales" && other.href == number.href;
            assert!(numbers.iter().any(sales), "{path}: {}", number.href);
        } else if walked.insert(number.href.clone()) {
            opens_into_its_records(client, number).await;
        }
    }
}

#[tokio::test]
async fn every_number_opens_into_exactly_what_it_counts() {
    let app = TestApp::new().await;
    let folder = tempfile::tempdir().unwrap();
    fill::fill(&app.db, Size::S, folder.path(), app.now()).await.unwrap();
    let person = async |name: &str| {
        let row = sqlx::query!("select org_id, id from users where name = $1", name).fetch_one(&app.db).await.unwrap();
        app.client(User { org: OrgId(row.org_id.0), id: UserId(row.id.0) }).await
    };
    let mut walked = BTreeSet::new();
    let mut ingrid = person("Ingrid Solberg").await;
    for period in ["2026-11", "2026-10", "2026-W47", "2026-Q3", "2025"] {
        walk(&mut ingrid, &format!("/my-month?period={period}"), 10, &mut walked).await;
    }
    walk(&mut ingrid, "/my-month?period=2026-11&more=1", 16, &mut walked).await;
    let mut kari = person("Kari Berg").await;
    let board = kari.get("/scoreboard?period=2026-11").await.expect(200);
    let reps = board.count("table tbody tr");
    assert!(reps >= 10, "{reps} reps");
    for period in ["2026-11", "2026-W46"] {
        walk(&mut kari, &format!("/scoreboard?period={period}"), 5 * reps + 5, &mut walked).await;
    }
    let mut freja = person("Freja Aune").await;
    for period in ["2026-11", "2026"] {
        walk(&mut freja, &format!("/scoreboard?period={period}"), 5 * reps + 5, &mut walked).await;
    }
    walk(&mut freja, "/scoreboard?period=2026-10&more=1", 11 * reps + 11, &mut walked).await;
    assert!(walked.len() > 200, "{} numbers", walked.len());
}

/// What a page lists is a file too, with numbers that a spreadsheet reads.
#[tokio::test]
async fn what_is_behind_a_number_is_a_file_too() {
    let field = Field::new().await;
    let havn = field.customer("=Havn", field.ingrid).await;
    field.deal(havn, date!(2026 - 11 - 03), 123_450, &[(field.ingrid, 1)]).await;
    let mut ingrid = field.app.client(field.ingrid).await;
    let query = format!("rep={}&from=2026-11-01&to=2026-12-01", field.ingrid.id);
    let page = ingrid.get(&format!("/customers/events?kind=new&{query}")).await.expect(200);
    assert!(page.words().contains("on the day of its first sale"), "what counts is told: {}", page.words());
    let file = ingrid.get(&page.attribute("a[href*='.csv']", "href")).await.expect(200).body();
    let expected = format!("{havn},'=Havn,2026-11-03,First sale,1,Ingrid,,EUR,1");
    assert_eq!(file.lines().nth(1), Some(expected.as_str()), "{file}");
    let path = format!("/metrics/growth_from_new?rep={}&period=2026-11", field.ingrid.id);
    let page = ingrid.get(&path).await.expect(200);
    assert!(page.words().contains("Customers without sales in the base whose first sale"), "{}", page.words());
    let file = ingrid.get(&page.attribute("a[href*='.csv']", "href")).await.expect(200).body();
    assert_eq!(
        file.lines().collect::<Vec<_>>(),
        ["customer,step,this_period,base,change", "'=Havn,New,1234.50,0.00,1234.50"]
    );
    for (path, words) in [
        (format!("/visits?counted=1&stranger=1&{query}"), "somebody who had never bought before that day"),
        (format!("/visits?counted=1&{query}"), "one for each person, customer and day"),
        (format!("/deals?counted=1&{query}"), "less returns by the day of the return"),
    ] {
        let page = ingrid.get(&path).await.expect(200);
        assert!(page.words().contains(words), "{path}: {}", page.words());
    }
    ingrid.get(&format!("/metrics/growth_from_new/rows.csv?rep={}", field.jonas.id)).await.expect(404);
    sqlx::query!("update organizations set growth_basis = 'book'").execute(&field.app.db).await.unwrap();
    let page = ingrid.get(&format!("/growth?rep={}&period=2026-11", field.ingrid.id)).await.expect(200);
    let file = ingrid.get(&page.attribute("a[href*='.csv']", "href")).await.expect(200).body();
    assert_eq!(file.lines().nth(1), Some(format!("{havn},'=Havn,1234.50,0.00,1234.50,EUR").as_str()), "{file}");
    let mut berit = field.app.client(field.berit).await;
    let page = berit.get("/targets/2026-12").await.expect(200);
    let typed = format!("{}.net_sales", field.ingrid.id);
    berit.submit(&page, "form#grid", &[(&*typed, "2000")]).await.expect(303);
    let page = berit.get("/targets/2026-12").await.expect(200);
    let file = berit.get(&page.attribute("a[href*='.csv']", "href")).await.expect(200).body();
    assert!(file.contains("2026-12,rep,Ingrid,North,net_sales,2000.00,1234.50,EUR"), "{file}");
}
