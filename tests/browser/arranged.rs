//! What the demo company lacks, because all is well there: entered by its people, so that pages about it are looked over too.

use attain::demo::fill;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::window::Window;

/// Sends a form of these fields as the page in front would; gives the status of the answer.
const SEND: &str = "
    const [path, fields, file] = arguments;
    const done = arguments[arguments.length - 1];
    const form = file ? new FormData() : new URLSearchParams();
    for (const [name, value] of [['once', crypto.randomUUID()], ...fields]) form.append(name, value);
    if (file) form.append('files', new File([file[1]], file[0]));
    fetch(path, { method: 'POST', body: form }).then((answer) => done(answer.status), () => done(0));";

/// A proposed end, a rate that was mistyped, an upload that waits, a second version of each plan, and growth by books.
pub async fn arrange(db: &PgPool, site: &str) {
    let rep = signed_in(site, "ingrid@nordlys.example").await;
    rep.open("/customers").await;
    let first = "return document.querySelector('tbody th a').getAttribute('href')";
    let customer = rep.chromium.client.execute(first, vec![]).await.unwrap();
    let customer = customer.as_str().unwrap().split('?').next().unwrap().to_owned();
    let ending = [("kind", "closed"), ("on", "2026-11-18"), ("reason", "The shop is empty")];
    send(&rep, &format!("{customer}/ending"), &ending, None).await;

    let finance = signed_in(site, "freja@nordlys.example").await;
    let rate = |rate| [("currency", "SEK"), ("from", "2026-11-01"), ("rate", rate)];
    send(&finance, "/exchange-rates", &rate("0.9"), None).await;
    let number = customer.rsplit('/').next().unwrap();
    let won =
        [("customer", number), ("stage", "won"), ("booked_on", "2026-11-18"), ("currency", "SEK"), ("item", "Coffee")];
    send(&rep, "/deals", &[&won[..], &[("amount", "100")]].concat(), None).await;
    send(&finance, "/exchange-rates", &rate("0.09"), None).await;

    let admin = signed_in(site, "anna@nordlys.example").await;
    send(&admin, "/imports", &[], Some(("reps.csv", "external_id,Navn\nR1,Ingrid\n"))).await;
    for window in [rep, finance, admin] {
        window.chromium.close().await;
    }
    let sql = "insert into plan_versions (org_id, plan_id, number, from_date, document, created_by, created_at)
               select v.org_id, v.plan_id, v.number + 1, '2026-12-01', v.document, v.created_by, v.created_at
               from plan_versions v
               where not exists (
                   select from plan_versions w where w.org_id = v.org_id and w.plan_id = v.plan_id and w.number > v.number
               );
               update organizations set growth_basis = 'book'";
    sqlx::raw_sql(sql).execute(db).await.unwrap();
}

async fn signed_in(site: &str, email: &str) -> Window {
    let window = Window::of(site).await;
    window.open("/sign-in").await;
    window.sign_in(email, fill::PASSWORD).await;
    window
}

async fn send(window: &Window, path: &str, fields: &[(&str, &str)], file: Option<(&str, &str)>) {
    let sent = vec![json!(path), json!(fields), json!(file)];
    let status = window.chromium.client.execute_async(SEND, sent).await.unwrap();
    assert_eq!(status, Value::from(200), "{path}");
}
