//! The measured server: the product's router and the bare handler beside it.

use std::{net::SocketAddr, path::PathBuf};

use attain::{
    App,
    clock::Clock,
    domain::{
        access::Role,
        id::{OrgId, UserId},
    },
    postgres::{
        database::{Database, Source},
        embedded::{Mode, Settings},
        sessions::{self, NewSession},
        tx,
    },
    server::{self, Limits},
    users,
    web::auth::{hash_token, new_token},
};
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, header},
    response::Html,
    routing::get,
};
use sqlx::Row;
use time::{OffsetDateTime, macros::datetime};
use tokio::net::TcpListener;

/// The data ends with this month.
const NOW: OffsetDateTime = datetime!(2026-10-28 12:00 UTC);

/// Serves until it is killed, and says on which port, with whose sessions and where a customer's page is.
pub async fn serve(data: &str) {
    let settings = Settings { data_dir: PathBuf::from(data), pg_bin: None, mode: Mode::Durable };
    let database = Database::command(&Source::Private(settings)).await.unwrap();
    let address: SocketAddr = ([127, 0, 0, 1], 0).into();
    let listener = TcpListener::bind(address).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let db = database.pool.clone();
    let mut app = App::new(db.clone(), Clock::Fixed(NOW), format!("http://127.0.0.1:{port}").parse().unwrap());
    app.trusted_proxies = "127.0.0.1".parse().unwrap();
    let find = "select o.id, r.id, a.id, c.id from organizations o
                join users r on r.org_id = o.id and r.external_id = 'R1'
                join users a on a.org_id = o.id and a.external_id = 'R2'
                join customers c on c.org_id = o.id and c.external_id = 'C200'";
    let row = sqlx::raw_sql(find).fetch_one(&db).await.unwrap();
    let org = OrgId(row.get(0));
    let (rep, admin) = (UserId(row.get(1)), UserId(row.get(2)));
    let mut write = tx::write(&db, org, None, app.clock).await.unwrap();
    users::db::set_roles(&mut write, admin, &[Role::Admin]).await.unwrap();
    write.commit().await.unwrap();
    println!(
        "{port} {} {} /customers/{}",
        session(&db, org, rep).await,
        session(&db, org, admin).await,
        row.get::<i64, _>(3)
    );
    let router = attain::router(app).merge(Router::new().route("/bare", get(bare)).with_state(db));
    server::serve(listener, router, std::future::pending(), Limits::default()).await;
}

async fn session(db: &sqlx::PgPool, org: OrgId, user: UserId) -> String {
    let (token, token_hash) = new_token();
    let new = NewSession { token_hash: &token_hash, org, user, ip: "127.0.0.1", user_agent: "" };
    sessions::insert(db, &new, NOW).await.unwrap();
    token
}

/// The ceiling: who asks, and fifty rows of a table.
async fn bare(State(db): State<sqlx::PgPool>, headers: HeaderMap) -> Html<String> {
    let cookie = headers[header::COOKIE].to_str().unwrap();
    let token = cookie.strip_prefix("session=").unwrap();
    let session = sessions::find(&db, &hash_token(token), NOW).await.unwrap().unwrap();
    let rows = sqlx::query!(
        r#"select id::bigint as "id!", name, segment, city
         from customers
         where org_id = $1
         order by org_id, name_key, id
         limit 50"#,
        session.org.0,
    )
    .fetch_all(&db)
    .await
    .unwrap();
    let mut page = String::from("<!doctype html><title>Customers</title><table>");
    for row in rows {
        let (segment, city) = (row.segment.unwrap_or_default(), row.city.unwrap_or_default());
        page += &format!("<tr><td><a href=\"/customers/{}\">{}</a><td>{segment}<td>{city}", row.id, row.name);
    }
    Html(page + "</table>")
}
