//! The server's key: its file, and what the server says where it has none or another one.

use std::{
    fs,
    io::BufReader,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Stdio},
};

use attain::{
    domain::id::{OrgId, UserId},
    sign_in::key::Key,
};

use super::{attain, database::TestDatabase, free_address, get, line_with, run, stop, told};

/// A company with two people who have a second factor, encrypted with this key.
async fn two_people(key: &str) -> TestDatabase {
    let database = TestDatabase::create().await;
    let key: Key = key.parse().unwrap();
    sqlx::raw_sql(
        "insert into organizations (name, currency, time_zone, created_at) values ('Nordlys', 'EUR', 'UTC', 'epoch');
         insert into users (org_id, name, created_at)
         select o.id, n.name, 'epoch' from organizations o cross join (values ('Astrid'), ('Finn')) n (name)",
    )
    .execute(&database.pool)
    .await
    .unwrap();
    let people = sqlx::query!(r#"select org_id as "org: OrgId", id as "id: UserId" from users order by id"#);
    for person in people.fetch_all(&database.pool).await.unwrap() {
        let sealed = key.seal(person.org, person.id, b"12345678901234567890").unwrap();
        sqlx::query!(
            "insert into second_factors (org_id, user_id, sealed, begun_at, confirmed_at)
             values ($1, $2, $3, 'epoch', 'epoch')",
            person.org.0,
            person.id.0,
            sealed,
        )
        .execute(&database.pool)
        .await
        .unwrap();
    }
    database
}

fn serve(database: &TestDatabase, key: Option<&Path>) -> Command {
    let mut command = attain(database, &["serve", "--listen", &free_address().to_string()]);
    command.env_remove("ATTAIN_KEY_FILE").envs(key.map(|path| ("ATTAIN_KEY_FILE", path)));
    command
}

fn refused(database: &TestDatabase, key: Option<&Path>) -> String {
    let (code, _, err) = told(&serve(database, key).output().unwrap());
    assert_eq!(code, Some(2), "{err}");
    err
}

fn starts(mut command: Command) -> Child {
    let mut server = command.spawn().unwrap();
    let mut log = BufReader::new(server.stderr.take().unwrap());
    line_with(&mut log, "http://");
    server.stderr = Some(log.into_inner());
    server
}

fn ends(mut server: Child) {
    stop(&mut server);
    assert_eq!(server.wait().unwrap().code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_starts_with_the_key_of_what_is_stored_only() {
    let (good, other) = ("5b".repeat(32), "b5".repeat(32));
    let database = two_people(&good).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    let err = refused(&database, None);
    let words = "2 second factors are encrypted, and ATTAIN_KEY_FILE names no file with their key. \
                 Bring the key file that was used before. If it is lost, attain user second-factor-off --everybody";
    assert!(err.contains(words), "{err}");
    assert!(refused(&database, Some(&file)).starts_with("ATTAIN_KEY_FILE: cannot use "));
    fs::write(&file, &other).unwrap();
    let err = refused(&database, Some(&file));
    let words = format!("2 second factors are encrypted with another key than that of {}. ", file.display());
    assert!(err.contains(&words) && !err.contains(&other), "{err}");
    fs::write(&file, format!("{good} and more")).unwrap();
    let err = refused(&database, Some(&file));
    assert!(err.contains("it does not hold a key: 64 hexadecimal digits") && !err.contains(&good), "{err}");
    fs::write(&file, &good).unwrap();
    ends(starts(serve(&database, Some(&file))));

    // The way on without it.
    let (code, _, err) = told(&run(&database, &["user", "second-factor-off"], ""));
    assert_eq!(code, Some(2), "whose? {err}");
    let (code, out, err) = told(&run(&database, &["user", "second-factor-off", "--everybody"], ""));
    let words = "2 people sign in with the password alone, signed out everywhere";
    assert_eq!((code, out.as_str(), err.trim()), (Some(0), "", words));
    let told_of =
        sqlx::query_scalar!(r#"select count(*) as "n!" from audit where action = 'user.second_factor_taken_off'"#);
    assert_eq!(told_of.fetch_one(&database.pool).await.unwrap(), 2);
    fs::write(&file, &other).unwrap();
    ends(starts(serve(&database, Some(&file))));
    ends(starts(serve(&database, None)));

    // Who must have one cannot turn one on there, and gets no further: whoever starts the server is told.
    sqlx::raw_sql("update organizations set second_factor_required = true").execute(&database.pool).await.unwrap();
    let mut server = serve(&database, None).spawn().unwrap();
    let mut log = BufReader::new(server.stderr.take().unwrap());
    let words = "1 company requires second factors, and without a key nobody can turn one on";
    let warned = line_with(&mut log, words);
    assert!(warned.contains("WARN") && warned.contains("ATTAIN_KEY_FILE"), "{warned}");
    line_with(&mut log, "http://");
    server.stderr = Some(log.into_inner());
    ends(server);
    let mut server = serve(&database, Some(&file)).spawn().unwrap();
    let mut log = BufReader::new(server.stderr.take().unwrap());
    let first = line_with(&mut log, "");
    assert!(first.contains("http://"), "with a key there is nothing to tell: {first}");
    server.stderr = Some(log.into_inner());
    ends(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_is_taken_by_a_line_before_the_one_of_today() {
    let [today, next, third] = ["5b", "b5", "55"].map(|pair| pair.repeat(32));
    let database = two_people(&today).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    let secrets = async |key: &str| {
        let key: Key = key.parse().unwrap();
        let stored = sqlx::query!(
            r#"select org_id as "org: OrgId", user_id as "user: UserId", sealed as "sealed!" from second_factors"#
        );
        let stored = stored.fetch_all(&database.pool).await.unwrap();
        stored.iter().filter(|one| key.open(one.org, one.user, &one.sealed).is_ok()).count()
    };
    let log_of = |keys: &[&str]| {
        fs::write(&file, keys.join("\n")).unwrap();
        let mut server = serve(&database, Some(&file)).spawn().unwrap();
        let mut log = BufReader::new(server.stderr.take().unwrap());
        let mut told = String::new();
        while !told.contains("http://") {
            told.push_str(&line_with(&mut log, ""));
            told.push('\n');
        }
        server.stderr = Some(log.into_inner());
        ends(server);
        assert!(keys.iter().all(|key| !told.contains(key)), "{told}");
        told
    };
    let told = log_of(&[&next, &today]);
    assert!(told.contains("2 second factors are encrypted with the new key now"), "{told}");
    assert!(told.contains("take their lines off"), "{told}");
    assert_eq!((secrets(&today).await, secrets(&next).await), (0, 2));
    // Broken off before, or started once more: what is encrypted anew is left as it is.
    let told = log_of(&[&next, &today]);
    assert!(!told.contains("with the new key now") && told.contains("take their lines off"), "{told}");
    let told = log_of(&[&next]);
    assert!(!told.contains("lines"), "{told}");
    // The one that everything is encrypted with now is missing: nothing starts, nothing is lost.
    fs::write(&file, format!("{third}\n{today}")).unwrap();
    assert!(refused(&database, Some(&file)).contains("encrypted with another key"));
    assert_eq!(secrets(&next).await, 2);
}

/// A private PostgreSQL, started as it is everywhere.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_makes_a_key_that_only_its_owner_reads() {
    let folder = tempfile::Builder::new().prefix("attain-key-").tempdir_in("/tmp").unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let data = folder.path().join("data");
    let address = free_address();
    let mut command = Command::new(env!("CARGO_BIN_EXE_attain"));
    command.args(["serve", "--listen", &address.to_string(), "--data-dir"]).arg(&data);
    for name in ["DATABASE_URL", "DATABASE_URL_FILE", "ATTAIN_KEY_FILE"] {
        command.env_remove(name);
    }
    command.env("ATTAIN_LOG", "debug").stdin(Stdio::null()).stdout(Stdio::null());
    let log = folder.path().join("log");
    command.stderr(fs::File::create(&log).unwrap());
    let server = command.spawn().unwrap();
    for _ in 0..300 {
        if std::net::TcpStream::connect(address).is_ok() && fs::read_to_string(&log).unwrap().contains("/setup?token") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert!(get(address, "/healthz").starts_with("HTTP/1.1 200 "));
    ends(server);
    let file = data.join("secret.key");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let key = fs::read_to_string(&file).unwrap();
    assert!(key.parse::<Key>().is_ok());
    let log = fs::read_to_string(&log).unwrap();
    assert!(log.contains("secret.key, the key of second factors") && !log.contains(key.trim()), "{log}");
}
