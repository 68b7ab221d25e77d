//! The rules of docs/architecture.md that a machine can check, checked on the source itself.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Every Rust file below a folder, with its path from `src/` and its text.
fn sources(folder: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let (mut files, mut folders) = (vec![], vec![root.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let name = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
                files.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files.sort();
    assert!(!files.is_empty(), "no sources in {folder}");
    files
}

/// The part of a file before its unit tests.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap()
}

/// The modules of ours that a file names, as `feature::file`: `crate::visits::db::list` is `visits::db`.
fn uses(text: &str) -> Vec<String> {
    let mut found = vec![];
    let code: String =
        without_tests(text).lines().map(|line| line.split("//").next().unwrap().trim()).collect::<Vec<_>>().join(" ");
    for hit in code.split("crate::").skip(1) {
        expand("", hit, &mut found);
    }
    found
}

/// Unfolds `{a::{b, c}, d}` behind a prefix into whole paths.
fn expand(prefix: &str, text: &str, found: &mut Vec<String>) -> usize {
    let bytes = text.as_bytes();
    let mut path = prefix.to_owned();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'{' => {
                at += 1;
                while at < bytes.len() && bytes[at] != b'}' {
                    while at < bytes.len() && (bytes[at] == b' ' || bytes[at] == b',') {
                        at += 1;
                    }
                    if at < bytes.len() && bytes[at] != b'}' {
                        at += expand(&path, &text[at..], found);
                    }
                }
                return at + 1;
            }
            c if c.is_ascii_alphanumeric() || c == b'_' || c == b':' => {
                path.push(char::from(c));
                at += 1;
            }
            _ => break,
        }
    }
    found.push(path);
    at
}

/// Folders that are kit, not features.
const KIT: [&str; 4] = ["domain", "web", "postgres", "cli"];

#[test]
fn the_domain_knows_nothing_of_ours_but_itself() {
    for (file, text) in sources("src/domain") {
        for used in uses(&text) {
            assert!(used.starts_with("domain"), "src/domain/{file} uses crate::{used}");
        }
        for forbidden in ["async fn", "axum::", "tokio::", "query!", "std::env", "now_utc"] {
            assert!(!without_tests(&text).contains(forbidden), "src/domain/{file} contains {forbidden}");
        }
    }
}

#[test]
fn the_kit_knows_no_feature() {
    let features: Vec<String> = features();
    for folder in ["web", "postgres"] {
        for (file, text) in sources(&format!("src/{folder}")) {
            for used in uses(&text) {
                let module = used.split("::").next().unwrap();
                assert!(!features.iter().any(|f| f == module), "src/{folder}/{file} uses the feature crate::{used}");
            }
        }
    }
}

#[test]
fn no_feature_uses_another_features_pages() {
    for (file, text) in sources("src") {
        let Some((own, _)) = file.split_once('/') else { continue };
        if KIT.contains(&own) {
            continue;
        }
        for used in uses(&text) {
            let parts: Vec<&str> = used.split("::").collect();
            let [module, part, ..] = parts.as_slice() else { continue };
            assert!(*part != "web" || *module == own || *module == "web", "src/{file} uses crate::{used}");
        }
    }
}

#[test]
fn sql_stands_in_db_files_only() {
    for (file, text) in sources("src") {
        let name = file.rsplit('/').next().unwrap();
        let allowed = name == "db.rs" || name.ends_with("_db.rs") || file.starts_with("postgres/");
        for macro_name in ["query!(", "query_as!(", "query_scalar!("] {
            assert!(allowed || !without_tests(&text).contains(macro_name), "src/{file} contains {macro_name}");
        }
    }
}

/// The tables that a statement writes.
fn written(sql: &str) -> Vec<&str> {
    let words: Vec<&str> =
        sql.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|w| !w.is_empty()).collect();
    let after = |first: &str, second: &str| {
        let pairs = words.windows(3).filter(move |w| w[0] == first && w[1] == second);
        pairs.map(|w| w[2]).collect::<Vec<_>>()
    };
    let is_update = |w: &&[&str]| w[0] == "update" && (w[2] == "set" || w[3] == "set" || w[2] == "as" && w[4] == "set");
    let updated = words.windows(5).filter(is_update).map(|w| w[1]);
    [after("insert", "into"), after("delete", "from"), updated.collect()].concat()
}

#[test]
fn what_is_written_without_a_mark_is_known() {
    for update in
        ["update sign_ins set failures = 0", "update sign_ins s set failures = 0", "update sign_ins as s set n = 0"]
    {
        assert_eq!(written(update), ["sign_ins"]);
    }
    assert_eq!(written("with x as (delete from a) insert into b (c) on conflict do update set d"), ["b", "a"]);
    // `Tx::commit` says why no page is kept that would show these.
    let known = [
        "imports/before_db.rs import_before",
        "postgres/receipts.rs receipts",
        "postgres/sessions.rs sessions",
        "sign_in/browsers_db.rs known_browsers",
        "sign_in/db.rs sign_ins",
        "sign_in/db.rs throttle",
        "sign_in/second_factor_db.rs second_factors",
        "sign_in/unfinished_db.rs unfinished_sign_ins",
    ];
    let mut found = BTreeSet::new();
    for (file, text) in sources("src") {
        for statement in without_tests(&text).split("sqlx::query").skip(1) {
            let statement = statement.split(".await").next().unwrap();
            // Whoever writes takes a `&mut Tx`, and its connection by `**`.
            if !statement.contains("&mut **tx") {
                found.extend(written(statement).iter().map(|table| format!("{file} {table}")));
            }
        }
    }
    assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), known);
}

#[test]
fn forbidden_words_stay_out() {
    for (file, text) in sources("src") {
        let code = without_tests(&text);
        for word in ["select *", "#[allow(", "unsafe "] {
            assert!(!code.contains(word), "src/{file} contains “{word}”");
        }
        let untyped = code.lines().any(|line| line.trim_end().ends_with(" as _,") && !line.contains('{'));
        assert!(!(untyped && file.ends_with("db.rs")), "src/{file} binds a value without its type");
        let dynamic_sql = code.contains("AssertSqlSafe");
        assert!(!dynamic_sql || file.starts_with("postgres/"), "src/{file} builds SQL from text");
        if !file.starts_with("cli/") && !file.starts_with("postgres/") {
            for clock in ["current_date", "now()", "current_timestamp"] {
                let sql_clock = code.lines().any(|line| {
                    !line.trim_start().starts_with("//")
                        && line.contains(clock)
                        && !line.contains("clock.now()")
                        && !line.contains("Instant::now()")
                });
                assert!(!sql_clock, "src/{file} asks the database's clock: {clock}");
            }
        }
    }
}

#[test]
fn every_file_says_what_it_is_for_and_stays_short() {
    for (file, text) in sources("src") {
        assert!(text.starts_with("//! "), "src/{file} does not begin with what it is for");
        let lines = without_tests(&text).lines().count();
        assert!(lines <= 500, "src/{file} has {lines} lines: it is no longer one thing");
    }
}

#[test]
fn every_table_stands_behind_its_organization() {
    let open =
        ["organizations", "sign_ins", "sessions", "invitations", "throttle", "unfinished_sign_ins", "known_browsers"];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let sql: String = {
        let mut files: Vec<_> = fs::read_dir(root).unwrap().map(|e| e.unwrap().path()).collect();
        files.sort();
        files.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
    };
    for statement in sql.split("create table ").skip(1) {
        let table = statement.split_whitespace().next().unwrap();
        let unlogged = sql.contains(&format!("create unlogged table {table}"));
        if open.contains(&table) || unlogged {
            continue;
        }
        let body = statement.split(");\n").next().unwrap();
        assert!(body.contains("org_id"), "{table} has no org_id");
        assert!(body.contains("primary key (org_id"), "{table}: org_id does not stand first in its key");
        assert!(
            sql.contains(&format!("alter table {table} enable row level security")),
            "{table} has no row-level security"
        );
        assert!(sql.contains(&format!("create policy organization on {table} ")), "{table} has no policy");
    }
}

/// The folders of `src/` that are features.
fn features() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !KIT.contains(&name.as_str()))
        .collect()
}
