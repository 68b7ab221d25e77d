//! What leaves the product about pay: a statement as PDF and workbook, a run as payroll file and workbook, and the proof
//! of a statement on its page.

use std::io::Cursor;

use attain::{
    customers,
    domain::access::Role,
    statements::db::{inputs, list_locked},
};
use calamine::{Data, DataType, Range, Reader, Xlsx};
use serde_json::json;
use time::{Duration, macros::date};

use crate::{
    commissions::{Desk, press},
    pdf,
    support::Answer,
};

/// Letters of many languages, and a beginning that a spreadsheet would run.
const CUSTOMER: &str = "=Blåbær, Größe & Ñandú Łódź Ελλάς";

/// A desk whose customer has this name, with so many deals of Ingrid in October, locked; her statement's address.
async fn october(deals: i64) -> (Desk, String) {
    let mut desk = Desk::new().await;
    let mut tx = desk.app.write(desk.org).await;
    let details = customers::db::Details { name: CUSTOMER.to_owned(), ..customers::db::Details::default() };
    desk.customer = customers::db::insert(&mut tx, &details, date!(2026 - 01 - 01)).await.unwrap();
    tx.commit().await.unwrap();
    for deal in 0..deals {
        desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_033 + deal, true, None).await;
    }
    desk.starter(&[desk.ingrid, desk.jonas]).await;
    let run = desk.lock("2026-10").await;
    let page = desk.app.client(desk.freja).await.get(&run).await.expect(200);
    let statement = page.attribute("tbody a[href^='/statements/']", "href");
    (desk, statement)
}

#[tokio::test]
async fn a_statement_is_a_pdf_with_its_proof_on_every_page() {
    let (desk, statement) = october(120).await;
    let mut ingrid = desk.app.client(desk.ingrid).await;
    let page = ingrid.get(&statement).await.expect(200);
    let total = page.text(".grand span + span");
    let file = ingrid.get(&page.attribute("a[href$='.pdf']", "href")).await.expect(200);
    assert_eq!(file.header("content-type"), "application/pdf");
    assert!(file.header("content-disposition").starts_with("attachment; filename=\"commission-2026-10-01-statement-"));
    let pages = pdf::pages(&file.bytes);
    assert!(pages.len() >= 3, "120 deals flow over pages: {}", pages.len());
    let check = page.words().split("check code ").nth(1).unwrap()[..9].to_owned();
    for (number, text) in (1..).zip(&pages) {
        let numbered = format!("Page {number} of {}", pages.len());
        let proof = format!("Check code {check}, engine {}", attain::domain::commission::evaluate::ENGINE_VERSION);
        for words in ["Nordlys", "October 2026", "Ingrid", "Starter, version 1", &proof, &numbered] {
            assert!(text.contains(words), "{words} on page {number}: {text}");
        }
    }
    let all = pages.join("\n");
    assert_eq!(all.matches(CUSTOMER).count(), 120, "every deal, in letters of every language: {all}");
    assert!(total.starts_with('€') && all.contains(&format!("Total\n{total}")), "{total} {all}");
    let heads = pages.iter().filter(|page| page.contains("Customer\nDate\nDeal\nPart\nPays")).count();
    assert!(heads >= pages.len() - 1, "the heads of a table are repeated on each page");
    let order = ["Commission, October 2026", "Approved", "Component", "3%", CUSTOMER, "Total\n", "The same inputs"];
    let places: Vec<usize> = order.iter().map(|words| all.rfind(words).unwrap_or_else(|| panic!("{words}"))).collect();
    assert!(places[3..].is_sorted(), "{places:?}");
    for size in ["595.28", "841.89"] {
        assert!(String::from_utf8_lossy(&file.bytes).contains(size), "A4");
    }
}

#[tokio::test]
async fn a_statement_of_nothing_says_in_every_file_what_was_missing() {
    let (desk, _) = october(1).await;
    let mut jonas = desk.app.client(desk.jonas).await;
    let list = jonas.get("/statements").await.expect(200);
    let statement = list.attribute("tbody a[href^='/statements/']", "href");
    let page = jonas.get(&statement).await.expect(200);
    let why = page.texts(".line .why").join(" ");
    assert!(page.text(".line .amt").contains("€0.00") && !why.is_empty());
    let file = jonas.get(&format!("{statement}/statement.pdf")).await.expect(200);
    let text = pdf::pages(&file.bytes).join(" ").replace('\n', " ");
    let sheet = sheet(&jonas.get(&format!("{statement}/statement.xlsx")).await.expect(200), "Statement");
    for why in page.texts(".line .why:not(.no-print)") {
        assert!(text.contains(&why), "{why}: {text}");
        let cells: Vec<_> = sheet.cells().filter_map(|(_, _, cell)| cell.get_string()).collect();
        assert!(cells.iter().any(|cell| cell.replace('\n', " ").contains(&why)), "{why}: {cells:?}");
    }
}

/// A sheet of a workbook that was answered.
fn sheet(answer: &Answer, name: &str) -> Range<Data> {
    assert!(answer.header("content-type").contains("spreadsheetml"), "{}", answer.header("content-type"));
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(answer.bytes.clone())).unwrap();
    book.worksheet_range(name).unwrap()
}

/// The rows under the heads of a table, which begins with this head.
fn rows(sheet: &Range<Data>, head: &str) -> Vec<Vec<Data>> {
    let rows = sheet.rows().skip_while(|row| row[0].get_string() != Some(head)).skip(1);
    rows.map(<[Data]>::to_vec).collect()
}

/// An amount as it was kept: a number, to the cent.
fn amount(cell: &Data) -> String {
    format!("{:.2}", cell.get_float().unwrap_or_else(|| panic!("{cell:?} is no number")))
}

#[tokio::test]
async fn a_workbook_holds_numbers_to_the_cent() {
    let (desk, statement) = october(7).await;
    let mut ingrid = desk.app.client(desk.ingrid).await;
    let answer = ingrid.get(&format!("{statement}/statement.xlsx")).await.expect(200);
    let id: i64 = statement.rsplit('/').next().unwrap().parse().unwrap();
    let stored = sqlx::query_scalar!(r#"select total as "total: i64" from statements where id = $1"#, id);
    let stored: i64 = stored.fetch_one(&desk.app.db).await.unwrap();
    let plain = format!("{}.{:02}", stored / 100, stored % 100);
    let lines = rows(&sheet(&answer, "Statement"), "Section");
    let words = |row: &Vec<Data>| format!("{} {} {}", row[0], row[1], amount(&row[3]));
    assert_eq!(
        lines.iter().map(words).collect::<Vec<_>>(),
        [
            format!("Lines Sales {plain}"),
            format!("Total Sum of the lines {plain}"),
            format!("To pay Nothing of a total below zero {plain}"),
        ]
    );
    let records = rows(&sheet(&answer, "Records"), "Component");
    assert_eq!(records.len(), 7);
    assert!(records.iter().all(|row| row[1].get_string() == Some(CUSTOMER)), "text stays text");
    assert!(records[0][2].is_datetime(), "a day is a day: {:?}", records[0][2]);
    let cents = |row: &Vec<Data>| amount(&row[5]).replace('.', "").parse::<i64>().unwrap();
    assert_eq!(records.iter().map(cents).sum::<i64>(), stored, "records add up to the line");

    let run = sqlx::query_scalar!(r#"select run_id as "run: i64" from statements where id = $1"#, id);
    let run = format!("/commission-runs/{}", run.fetch_one(&desk.app.db).await.unwrap());
    let mut freja = desk.app.client(desk.freja).await;
    let answer = press(&mut freja, &run, "run.xlsx").await.expect(200);
    let statements = rows(&sheet(&answer, "Statements"), "Rep");
    let of_reps: Vec<_> = statements.iter().map(|row| (row[1].get_string().unwrap(), amount(&row[4]))).collect();
    assert_eq!(of_reps, [("Ingrid", plain.clone()), ("Jonas", "0.00".to_owned())]);
    let lines = rows(&sheet(&answer, "Lines"), "Rep");
    assert_eq!((lines[0][3].get_string(), amount(&lines[0][4])), (Some("net_sales"), plain));
}

#[tokio::test]
async fn payroll_gets_the_columns_that_the_company_has_chosen() {
    let desk = Desk::new().await;
    let selma = desk.app.user(desk.org, "=2+3", &[Role::Rep]).await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 123_456, true, None).await;
    desk.deal(selma, date!(2026 - 10 - 05), -100_000, true, None).await;
    desk.starter(&[desk.ingrid, selma]).await;
    let run = desk.lock("2026-10").await;
    let (mut freja, mut farid) = (desk.app.client(desk.freja).await, desk.app.client(desk.farid).await);
    let file = press(&mut freja, &run, "payroll.csv").await.expect(200);
    assert_eq!(file.body(), "rep,name,period,payable,currency\n,'=2+3,2026-10,0.00,EUR\n,Ingrid,2026-10,37.04,EUR\n");
    let page = freja.get(&run).await.expect(200);
    let sums = page.texts("dl.kv dd");
    assert_eq!(sums[..2], ["€37.04", "−€30.00"], "nothing is paid of a total below zero, and it is carried");
    let statements = rows(&sheet(&press(&mut freja, &run, "run.xlsx").await.expect(200), "Statements"), "Rep");
    let sums: Vec<_> = statements.iter().map(|row| [4, 5, 6].map(|column| amount(&row[column]))).collect();
    assert_eq!(sums, [["0.00", "-30.00", "-30.00"], ["37.04", "37.04", "0.00"]], "to pay, total, carried on");
    let mut minus = desk.app.client(selma).await;
    let list = minus.get("/statements").await.expect(200);
    let statement = minus.get(&list.attribute("tbody a[href^='/statements/']", "href")).await.expect(200);
    assert_eq!(statement.text(".statement .total"), "€0.00");
    assert_eq!(statement.texts(".grand span + span"), ["−€30.00", "€0.00"], "total, then what is paid");
    assert!(statement.text("section[aria-labelledby=balance]").contains("Balance for the next period −€30.00"));

    // Who took them is in the audit log.
    let taken = sqlx::query!("select user_id, object, detail from audit where action = 'run.downloaded' order by id");
    let taken: Vec<_> = taken.fetch_all(&desk.app.db).await.unwrap();
    let of = |file: &str, rows: i64| serde_json::json!({ "file": file, "rows": rows });
    assert_eq!(taken.iter().map(|row| &row.detail).collect::<Vec<_>>(), [&of("payroll.csv", 2), &of("run.xlsx", 2)]);
    assert!(taken.iter().all(|row| row.user_id == Some(desk.freja.id) && row.object == run));

    let page = freja.get("/commission-runs/payroll").await.expect(200);
    assert_eq!(page.count("input[name=columns][checked]"), 5);
    let chosen = [
        ("columns", "payable"),
        ("columns", "carried"),
        ("columns", "total"),
        ("columns", "name"),
        ("columns", "last_day"),
        ("columns", "nonsense"),
    ];
    freja.post("/commission-runs/payroll", &chosen).await.expect(303);
    let page = farid.get("/commission-runs/payroll").await.expect(200);
    assert_eq!(
        page.attributes("input[name=columns][checked]", "value"),
        ["name", "last_day", "payable", "total", "carried"]
    );
    let file = press(&mut farid, &run, "payroll.csv").await.expect(200);
    assert_eq!(
        file.body(),
        "name,last_day,payable,total,carried\n'=2+3,2026-10-31,0.00,-30.00,-30.00\nIngrid,2026-10-31,37.04,37.04,0.00\n"
    );
    let refused = freja.post("/commission-runs/payroll", &[("columns", "nonsense")]).await.expect(422);
    assert!(refused.words().contains("Choose at least one column."), "{}", refused.words());

    let admin = desk.app.user(desk.org, "Anna", &[Role::Admin]).await;
    let audit = desk.app.client(admin).await.get("/audit").await.expect(200).words();
    assert!(audit.contains("chose the columns of the payroll file"), "{audit}");
    assert!(audit.contains("name, last_day, payable, total, carried"), "{audit}");
}

#[tokio::test]
async fn nothing_is_paid_by_a_draft_or_a_replaced_run() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.starter(&[desk.ingrid]).await;
    let mut freja = desk.app.client(desk.freja).await;
    let draft = desk.calculate(&mut freja, "2026-10").await;
    let page = freja.get(&draft).await.expect(200);
    assert!(!page.has("form[action$='payroll.csv']"), "no button for what is refused");
    let refused = freja.post(&format!("{draft}/payroll.csv"), &[]).await.expect(409).words();
    assert!(refused.contains("This run is not approved yet"), "{refused}");
    let statement = page.attribute("tbody a[href^='/statements/']", "href");

    for (word, words) in [("DRAFT", "the run is not approved yet"), ("REPLACED", "a newer calculation takes its place")]
    {
        if word == "REPLACED" {
            desk.calculate(&mut freja, "2026-10").await;
            let refused = freja.post(&format!("{draft}/payroll.csv"), &[]).await.expect(409).words();
            assert!(refused.contains("A newer calculation replaces this run"), "{refused}");
        }
        let book = press(&mut freja, &draft, "run.xlsx").await.expect(200);
        let ends = format!("-{}.xlsx\"", word.to_lowercase());
        assert!(book.header("content-disposition").ends_with(&ends), "{}", book.header("content-disposition"));
        let of_statement = freja.get(&format!("{statement}/statement.xlsx")).await.expect(200);
        for (answer, name) in [(book, "Statements"), (of_statement, "Statement")] {
            let sheet = sheet(&answer, name);
            assert_eq!(sheet.rows().next().unwrap()[0].get_string(), Some(word));
        }
        let file = freja.get(&format!("{statement}/statement.pdf")).await.expect(200);
        for page in pdf::pages(&file.bytes) {
            assert!(page.contains(&format!("{word} · Nordlys")), "on every sheet: {page}");
        }
        assert!(freja.get(&statement).await.expect(200).text(".strip.warn").contains(words));
    }
}

#[tokio::test]
async fn a_statement_reads_in_the_order_in_which_it_is_calculated() {
    let desk = Desk::new().await;
    let plan = json!({ "name": "Draw", "currency": "EUR", "period": "month",
        "components": [ { "name": "Sales", "measure": "net_sales", "pays": { "rate": "0.1" }, "floor": "15.00" } ],
        "draw": { "amount": "100.00", "recoverable": true } });
    desk.plan(plan, &[desk.ingrid.id]).await;
    let sold = desk.deal(desk.ingrid, date!(2026 - 10 - 05), 200_000, true, None).await;
    desk.lock("2026-10").await;
    let december = desk.after(20);
    december.deal(desk.ingrid, date!(2026 - 11 - 24), -7_000, true, Some(sold)).await;
    december.deal(desk.ingrid, date!(2026 - 11 - 25), 5_000, true, None).await;

    // What the next statement would say, the correction included.
    let mut ingrid = december.app.client(desk.ingrid).await;
    let so_far = ingrid.get("/statements/so-far?period=2026-11").await.expect(200);
    assert!(so_far.text("section[aria-labelledby=adjustments]").contains("−€7.00"), "{}", so_far.words());
    assert_eq!(so_far.text(".statement .total"), "€93.00", "15 as floor, 85 as draw, 7 of the 15 taken back");
    assert!(so_far.text(".total-box").contains("Corrections of earlier periods known today: −€7.00"));

    let run = december.lock("2026-11").await;
    let mut freja = december.app.client(desk.freja).await;
    let statement = freja.get(&run).await.expect(200).attribute("tbody a[href^='/statements/']", "href");
    let page = freja.get(&statement).await.expect(200);
    assert_eq!(page.texts("article section h2"), ["Summary", "Lines", "Draw", "Adjustments", "Balance"]);
    assert_eq!(page.text(".statement .total"), "€93.00");
    assert!(page.text("section[aria-labelledby=balance]").contains("Owed of draws €85.00"), "{}", page.words());
    let records = page.texts("#line-1 details tbody tr");
    assert!(records[0].ends_with("€5.00") && records[1].starts_with("Floor") && records[1].ends_with("€10.00"));

    let file = freja.get(&format!("{statement}/statement.pdf")).await.expect(200);
    let text = pdf::pages(&file.bytes).join("\n");
    let order =
        ["Sales, 2026-10", "Total\n€93.00", "Lines\n", "Floor", "Draw\n", "Adjustments\n", "Balance\n", "The same"];
    let places: Vec<usize> =
        order.iter().map(|words| text.rfind(words).unwrap_or_else(|| panic!("{words}: {text}"))).collect();
    assert!(places[2..].is_sorted(), "{places:?} {text}");
    let answer = freja.get(&format!("{statement}/statement.xlsx")).await.expect(200);
    let lines = rows(&sheet(&answer, "Statement"), "Section");
    let parts: Vec<String> = lines.iter().map(|row| row[0].to_string()).collect();
    assert_eq!(parts, ["Lines", "Draw", "Adjustments", "Balance", "Total", "To pay"]);
    let records = rows(&sheet(&answer, "Records"), "Component");
    let cents = |cell: &Data| amount(cell).replace('.', "").parse::<i64>().unwrap();
    for line in &lines[..3] {
        let mine = records.iter().filter(|row| row[0] == line[1]);
        assert_eq!(mine.map(|row| cents(&row[5])).sum::<i64>(), cents(&line[3]), "records add up to {}", line[1]);
    }
}

#[tokio::test]
async fn the_statement_of_somebody_who_left_stays_with_finance_and_the_manager() {
    let (desk, statement) = october(1).await;
    let karin = desk.app.user(desk.org, "Karin", &[Role::Manager]).await;
    desk.app.team(desk.org, "North", None, Some(karin), &[desk.ingrid]).await;
    let admin = desk.app.user(desk.org, "Anna", &[Role::Admin]).await;
    let leave = format!("/users/{}/departure", desk.ingrid.id);
    desk.app.client(admin).await.post(&leave, &[("last_day", "2026-11-10")]).await.expect(303);
    let later = desk.app.later(Duration::days(60));
    for reader in [desk.freja, karin] {
        let mut reader = later.client(reader).await;
        for file in ["", "/statement.pdf", "/statement.xlsx"] {
            reader.get(&format!("{statement}{file}")).await.expect(200);
        }
        assert!(reader.get("/statements").await.expect(200).words().contains("Ingrid"));
    }
}

#[tokio::test]
async fn the_files_of_everybodys_pay_ask_for_the_password() {
    let desk = Desk::new().await;
    desk.starter(&[desk.ingrid]).await;
    let mut freja = desk.app.client(desk.freja).await;
    let run = desk.calculate(&mut freja, "2026-10").await;
    let later = desk.app.later(Duration::minutes(11));
    for file in ["payroll.csv", "run.xlsx"] {
        let asked = freja.on(&later).post(&format!("{run}/{file}"), &[]).await.expect(403);
        assert_eq!(asked.text("h1"), "Confirm that it is you", "{file}");
    }
}

#[tokio::test]
async fn a_statement_is_calculated_again_on_its_page() {
    let (desk, statement) = october(2).await;
    let mut ingrid = desk.app.client(desk.ingrid).await;
    let page = ingrid.get(&statement).await.expect(200);
    assert!(!page.has(".statement [role=status]"));
    let verify = page.attribute("a[href$='verify=1']", "href");
    let proved = ingrid.get(&verify).await.expect(200).text(".statement [role=status]");
    assert!(proved.starts_with("Calculated again from what it was calculated from: the same"), "{proved}");

    let mut by_hand = desk.app.db.begin().await.unwrap();
    for sql in [
        "set local session_replication_role = replica",
        "update statements set total = total + 1 where total <> 0",
        "update statement_lines set amount = amount + 1 where amount <> 0",
    ] {
        sqlx::raw_sql(sql).execute(&mut *by_hand).await.unwrap();
    }
    by_hand.commit().await.unwrap();
    let differs = ingrid.get(&verify).await.expect(200).text(".statement [role=status]");
    assert!(differs.starts_with("Calculated again, it differs."), "{differs}");
    assert!(differs.contains("line 1 Sales (net_sales) 60.03") && differs.contains("60.02"), "{differs}");

    let mut by_hand = desk.app.db.begin().await.unwrap();
    for sql in [
        "set local session_replication_role = replica",
        "update statements set total = total - 1 where total <> 0",
        "update statement_lines set amount = amount - 1 where amount <> 0",
        "update commission_runs set engine = '0'",
    ] {
        sqlx::raw_sql(sql).execute(&mut *by_hand).await.unwrap();
    }
    by_hand.commit().await.unwrap();
    let other = ingrid.get(&verify).await.expect(200).text(".statement [role=status]");
    assert!(other.contains("Engine 0 calculated it") && other.contains("the amounts are the same"), "{other}");
}

#[tokio::test]
async fn every_record_of_a_statement_leads_to_its_page() {
    let (desk, statement) = october(3).await;
    let mut ingrid = desk.app.client(desk.ingrid).await;
    let page = ingrid.get(&statement).await.expect(200);
    let records = page.attributes("details tbody th a", "href");
    assert!(records.len() >= 3, "{records:?}");
    assert_eq!(page.count("details tbody th"), records.len(), "each record has its link");
    for record in records {
        ingrid.get(&record).await.expect(200);
    }
    // What is read out is what is stored.
    let mut tx = desk.app.write(desk.org).await;
    let scope = attain::domain::access::Scope { org: desk.org, reach: attain::domain::access::Reach::All };
    let listed = list_locked(&mut tx, &scope, Some(desk.ingrid.id), None, 1).await.unwrap().pop().unwrap();
    let facts = inputs(&mut tx, desk.org, listed.id).await.unwrap();
    assert_eq!(facts["facts"]["deals"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn the_list_of_statements_leaves_under_a_name_and_where_it_holds_others_pay_with_a_fresh_password() {
    let (desk, _) = october(1).await;
    let (mut freja, mut ingrid) = (desk.app.client(desk.freja).await, desk.app.client(desk.ingrid).await);
    let taken = async || {
        let noted =
            sqlx::query!("select user_id, object, detail from audit where action = 'statement.exported' order by id");
        let noted = noted.fetch_all(&desk.app.db).await.unwrap();
        noted.into_iter().map(|row| (row.user_id, row.object, row.detail)).collect::<Vec<_>>()
    };
    freja.get("/statements.csv").await.expect(405);
    let later = desk.app.later(Duration::minutes(11));
    let page = freja.get(&format!("/statements?rep={}", desk.jonas.id)).await.expect(200);
    let form = "form[action^='/statements.csv']";
    let address = page.attribute(form, "action");
    let asked = freja.on(&later).submit(&page, form, &[]).await.expect(403);
    assert_eq!((asked.text("h1").as_str(), asked.value("then")), ("Confirm that it is you", address.clone()));
    assert!(taken().await.is_empty(), "nothing left");
    let file = freja.submit(&page, form, &[]).await.expect(200).body();
    assert!(file.contains(",Jonas,Starter,0.00,EUR,") && !file.contains("Ingrid"), "{file}");
    let page = freja.get("/statements").await.expect(200);
    let file = freja.submit(&page, form, &[]).await.expect(200).body();
    assert!(file.contains("Jonas") && file.contains("Ingrid"), "{file}");
    let of =
        |file: &str, rows: i64| (Some(desk.freja.id), "/statements".to_owned(), json!({ "file": file, "rows": rows }));
    assert_eq!(taken().await, [of(&address, 1), of("/statements.csv", 2)]);
    // One's own is nobody else's business.
    let page = ingrid.get("/statements").await.expect(200);
    let file = ingrid.on(&later).submit(&page, form, &[]).await.expect(200).body();
    assert!(file.contains(",Ingrid,Starter,") && !file.contains("Jonas"), "{file}");
    assert_eq!(taken().await.len(), 2);
    let log = desk.app.client(desk.app.user(desk.org, "Astrid", &[Role::Admin]).await).await.get("/audit").await;
    assert!(log.expect(200).words().contains("Freja downloaded the list of statements"));
}
