//! The list of deals as a file, which the importer reads again.

use attain::{
    domain::{access::Role, id::UserId, money::Money},
    imports::{
        import::{self, Counts},
        source::SentFile,
    },
    postgres::tx,
};

use crate::support::{Client, TestApp, User};

const REPS: &str = "external_id,name,team\nR1,Ann,North\nR2,Ben,North\n";
const CUSTOMERS: &str = "external_id,name,rep\nC1,Alpha,R1\n=C2,Beta,R2\n";
const DEALS: &str = "\
external_id,customer,rep,closed_on,amount,currency,stage,product,returns,credits
D1,C1,R1,2026-10-05,1200.50,,won,Coffee,,R1:2;R2:1
D2,=C2,R2,2026-10-06,,NOK,won,,,
D3,C1,R1,2027-01-10,300,,open,,,
D4,C1,R1,2026-10-07,80,,lost,,,
D5,C1,,2026-10-08,90,,won,,,
B2,=C2,R2,2026-10-09,-60.00,NOK,won,,D2,
";
const LINES: &str = "deal,product,amount\nD2,Coffee,50.01\nD2,Cups,50.01\n";

struct Company {
    app: TestApp,
    admin: User,
}

impl Company {
    /// A company that has imported its deals; NOK 1 is EUR 0.0851.
    async fn new() -> Self {
        let app = TestApp::new().await;
        let org = app.company("Nordlys").await;
        let admin = app.user_with_password(org, "Astrid", &[Role::Admin, Role::Manager, Role::Finance]).await;
        let mut browser = app.client(admin).await;
        let rate = [("currency", "NOK"), ("from", "2026-10-01"), ("rate", "0.0851")];
        browser.post("/exchange-rates", &rate).await.expect(303);
        let company = Self { app, admin };
        let files = [("reps.csv", REPS), ("customers.csv", CUSTOMERS), ("deals.csv", DEALS), ("deal_lines.csv", LINES)];
        let done = company.import(&files).await;
        assert_eq!(done[2], Counts { created: 6, updated: 0, unchanged: 0 });
        company
    }

    /// Imports files: the counts of each.
    async fn import(&self, files: &[(&'static str, &str)]) -> Vec<Counts> {
        let sent =
            |(name, text): &(&'static str, &str)| SentFile { name, content: text.as_bytes().to_vec(), columns: vec![] };
        let files: Vec<SentFile> = files.iter().map(sent).collect();
        let mut tx = tx::import(&self.app.db, self.admin.org, self.admin.id, self.app.app.clock).await.unwrap();
        let done =
            import::sent(&self.app.db, &mut tx, &files, false).await.unwrap_or_else(|failure| panic!("{failure}"));
        tx.commit().await.unwrap();
        done.files.into_iter().map(|(_, counts)| counts).collect()
    }

    async fn browser(&self) -> Client {
        self.app.client(self.admin).await
    }
}

#[tokio::test]
async fn the_file_of_the_list_goes_back_in_and_changes_nothing() {
    let company = Company::new().await;
    let mut browser = company.browser().await;
    let before = audited(&company).await;
    for (stage, rows) in [
        (
            "won",
            &[
                "B2,'=C2,R2,2026-10-09,-60.00,NOK,won,D2,R2:1,6,2026-10-09,Beta,2,Ben,-5.11,-5.11,EUR,yes",
                "D5,C1,,2026-10-08,90.00,EUR,won,,,5,2026-10-08,Alpha,,,90.00,90.00,EUR,yes",
                "D2,'=C2,R2,2026-10-06,100.02,NOK,won,,R2:1,2,2026-10-06,Beta,,Ben,8.52,8.52,EUR,yes",
                "D1,C1,R1,2026-10-05,1200.50,EUR,won,,R1:2;R2:1,1,2026-10-05,Alpha,,\"Ann, Ben\",1200.50,1200.50,EUR,yes",
            ][..],
        ),
        ("open", &["D3,C1,R1,2027-01-10,300.00,EUR,open,,R1:1,3,2027-01-10,Alpha,,Ann,300.00,300.00,EUR,yes"]),
        ("lost", &["D4,C1,R1,2026-10-07,80.00,EUR,lost,,R1:1,4,2026-10-07,Alpha,,Ann,80.00,80.00,EUR,yes"]),
    ] {
        let file = browser.get(&format!("/deals.csv?stage={stage}")).await.expect(200);
        assert_eq!(file.header("content-disposition"), "attachment; filename=\"deals-2026-11-19.csv\"");
        let body = file.body();
        let (head, listed) = body.split_once('\n').unwrap();
        assert_eq!(
            head,
            "external_id,customer,rep,closed_on,amount,currency,stage,returns,credits,deal,date,customer_name,returned_deal,\
             credited,net,part,net_currency,confirmed"
        );
        assert_eq!(listed.lines().collect::<Vec<_>>(), rows);
        let counts = company.import(&[("deals.csv", &body)]).await;
        let unchanged = u64::try_from(rows.len()).unwrap();
        assert_eq!(counts, [Counts { created: 0, updated: 0, unchanged }], "{body}");
    }
    assert_eq!(audited(&company).await, before, "no deal is changed");
    // What is changed in the file is changed, in the deal's own currency.
    let body = browser.get("/deals.csv").await.body().replace("-60.00,NOK", "-70.00,NOK");
    let counts = company.import(&[("deals.csv", &body)]).await;
    assert_eq!(counts, [Counts { created: 0, updated: 1, unchanged: 3 }]);
    assert!(browser.get("/deals.csv").await.body().contains("B2,'=C2,R2,2026-10-09,-70.00,NOK,won,D2,R2:1,6,"));
}

async fn audited(company: &Company) -> Option<i64> {
    let changes =
        sqlx::query_scalar!("select count(*) from audit where action like 'deal.%' and action <> 'deal.exported'");
    changes.fetch_one(&company.app.db).await.unwrap()
}

#[tokio::test]
async fn what_an_import_returned_in_one_row_and_a_form_returned_of_the_rest_is_the_whole_deal() {
    let company = Company::new().await;
    let ben = sqlx::query_scalar!(r#"select id as "id: UserId" from users where external_id = 'R2'"#);
    let ben = ben.fetch_one(&company.app.db).await.unwrap();
    let mut browser = company.app.client(User { org: company.admin.org, id: ben }).await;
    let sold = sqlx::query_scalar!("select id from deals where external_id = 'D2'").fetch_one(&company.app.db).await;
    let sold = format!("/deals/{}", sold.unwrap());
    // 60.00 of lines of 50.01 each: the first one, and 9.99 of the second.
    let page = browser.get(&format!("{sold}/return")).await.expect(200);
    let form = [("whole", "all"), ("booked_on", "2026-11-02")];
    browser.submit(&page, "main form", &form).await.expect(303);
    let nets = || async {
        let nets = sqlx::query_scalar!(
            "select net from deals where external_id = 'D2' or returns_id is not null order by number"
        );
        nets.fetch_all(&company.app.db).await.unwrap()
    };
    assert_eq!(nets().await, [852, -511, -341].map(Money), "what came back is what was sold, to the cent");
    assert!(browser.get(&sold).await.expect(200).words().contains("Everything came back by 2 Nov 2026"));
    let whole = sqlx::query_scalar!("select fully_returned_on from deals where external_id = 'D2'");
    assert_eq!(whole.fetch_one(&company.app.db).await.unwrap(), Some(time::macros::date!(2026 - 11 - 02)));
    // The next import of the same moves no cent of it.
    company.import(&[("deals.csv", DEALS), ("deal_lines.csv", LINES)]).await;
    assert_eq!(nets().await, [852, -511, -341].map(Money));
}
