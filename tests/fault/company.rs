//! A small company, made by the program's own commands: reps with customers, two people of finance, and sales of the month
//! before on a plan.

use std::{fs, path::Path};

use attain::{
    clock::Clock,
    domain::period::{Period, PeriodKind},
    postgres::embedded::{Mode, Private, Settings},
};
use sqlx::{
    ConnectOptions, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tempfile::TempDir;
use time::{Date, Month};

use crate::{
    client::{Browser, PASSWORD},
    database::TestDatabase,
    program::{Place, Server},
};

/// How many reps there are, and how many customers each has.
pub const REPS: usize = 4;
const CUSTOMERS: usize = 5;
/// Who prepares and approves pay.
pub const FINANCE: [&str; 5] = ["freja", "farid", "finn", "filippa", "fabian"];

/// A company, and where its data is.
pub struct Company {
    pub place: Place,
    /// Connections as the owner of the database.
    pub db: PgPool,
    /// Of each rep, the customers.
    pub customers: Vec<Vec<i64>>,
    pub today: Date,
    held: Held,
}

enum Held {
    Database { _database: TestDatabase },
    Folder { dir: TempDir, private: Option<Box<Private>> },
}

impl Company {
    /// In a database of the tests, which waits for no disk: for faults of everything but PostgreSQL.
    pub async fn new() -> Self {
        let database = TestDatabase::create().await;
        let place = Place::Named(database.pool.connect_options().to_url_lossy().to_string());
        Self::fill(place, database.pool.clone(), Held::Database { _database: database }).await
    }

    /// In a private PostgreSQL of its own, as durable as people have it. Call [`Company::leave`] before a server comes.
    pub async fn durable() -> Self {
        let dir = tempfile::Builder::new().prefix("attain-fault-").tempdir_in("/tmp").unwrap();
        fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let private = Private::attach_or_start(&settings(dir.path())).await.unwrap();
        let db = pool(private.connect_options());
        let place = Place::Folder(dir.path().to_owned());
        Self::fill(place, db, Held::Folder { dir, private: Some(Box::new(private)) }).await
    }

    async fn fill(place: Place, db: PgPool, held: Held) -> Self {
        let today = Clock::System.now().date();
        let files = tempfile::tempdir().unwrap();
        write_files(files.path(), today);
        place.done(&["import", files.path().to_str().unwrap(), "--organization", "Nordlys"], "");
        let password = format!("{PASSWORD}\n");
        for rep in 0..REPS {
            place.done(&["user", "password", &rep_email(rep)], &password);
        }
        for name in FINANCE {
            place.done(&["user", "create", &email(name), "--name", name, "--role", "finance"], &password);
        }
        let mut customers = vec![];
        for rep in 0..REPS {
            let ids = sqlx::query_scalar("select id from customers where external_id like $1 order by id");
            customers.push(ids.bind(format!("{rep}-%")).fetch_all(&db).await.unwrap());
        }
        assert!(customers.iter().all(|customers| customers.len() == CUSTOMERS));
        Self { place, db, customers, today, held }
    }

    /// The folder of the private PostgreSQL.
    pub fn folder(&self) -> &Path {
        match &self.held {
            Held::Folder { dir, .. } => dir.path(),
            Held::Database { .. } => panic!("it has no folder"),
        }
    }

    /// Stops the private PostgreSQL: the next program starts it.
    pub async fn leave(&mut self) {
        if let Held::Folder { private, .. } = &mut self.held {
            self.db.close().await;
            private.take().unwrap().stop().await.unwrap();
        }
    }

    /// Uses the private PostgreSQL again, beside a server or alone.
    pub async fn enter(&mut self) {
        if let Held::Folder { dir, private } = &mut self.held {
            let entered = Private::attach_or_start(&settings(dir.path())).await.unwrap();
            self.db = pool(entered.connect_options());
            *private = Some(Box::new(entered));
        }
    }

    /// Every rep, signed in.
    pub async fn reps(&self, server: &Server) -> Vec<Browser> {
        let mut browsers = vec![];
        for rep in 0..REPS {
            browsers.push(Browser::signed_in(server.address, &rep_email(rep)).await);
        }
        browsers
    }

    /// Somebody of finance, signed in.
    pub async fn finance(&self, server: &Server, name: &str) -> Browser {
        Browser::signed_in(server.address, &email(name)).await
    }

    /// The month before this one, whose pay is due.
    pub fn last_month(&self) -> Period {
        Period::containing(PeriodKind::Month, self.today, Month::January).previous()
    }

    /// One number of the database.
    pub async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.db).await.unwrap()
    }

    /// Returns once so many of the program's connections wait for a lock.
    pub async fn until_waiting(&self, connections: i64) {
        let since = std::time::Instant::now();
        let waiting = "select count(*) from pg_stat_activity
                       where datname = current_database() and wait_event_type = 'Lock'";
        while self.count(waiting).await < connections {
            assert!(since.elapsed() < crate::PATIENCE, "nobody waits for a lock");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
}

fn settings(folder: &Path) -> Settings {
    Settings { data_dir: folder.to_owned(), pg_bin: None, mode: Mode::Durable }
}

fn pool(options: PgConnectOptions) -> PgPool {
    PgPoolOptions::new().max_connections(3).connect_lazy_with(options)
}

/// The address under which somebody signs in.
pub fn email(name: &str) -> String {
    format!("{name}@example.com")
}

/// That of a rep.
pub fn rep_email(rep: usize) -> String {
    email(&format!("rep{rep}"))
}

fn write_files(folder: &Path, today: Date) {
    let month = Period::containing(PeriodKind::Month, today, Month::January).previous();
    let mut reps = "external_id,name,email\n".to_owned();
    let mut customers = "external_id,name,rep,created_on\n".to_owned();
    let mut deals = "external_id,customer,rep,closed_on,amount,stage\n".to_owned();
    let mut assigned = "plan,rep,from\n".to_owned();
    for rep in 0..REPS {
        reps += &format!("{rep},Rep {rep},{}\n", rep_email(rep));
        assigned += &format!("Monthly,{rep},{}\n", month.from());
        for customer in 0..CUSTOMERS {
            customers += &format!("{rep}-{customer},Customer {rep}{customer},{rep},{}\n", month.from());
            deals += &format!("d{rep}-{customer},{rep}-{customer},{rep},{},1{rep}{customer}.25,won\n", month.from());
        }
    }
    let plans = r#"[{ "name": "Monthly", "currency": "EUR", "period": "month", "components": [
        { "name": "Sales", "measure": "net_sales", "pays": { "rate": "0.03" } },
        { "name": "New customers", "measure": "new_customers", "pays": { "per_unit": "50.00" } } ] }]"#;
    for (name, text) in [
        ("reps.csv", reps.as_str()),
        ("customers.csv", &customers),
        ("deals.csv", &deals),
        ("plans.json", plans),
        ("assignments.csv", &assigned),
    ] {
        fs::write(folder.join(name), text).unwrap();
    }
}
