//! `attain db backup` and `attain db restore`: everything in one file, and back, with PostgreSQL's own tools.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::Stdio,
};

use percent_encoding::percent_decode_str;
use sqlx::ConnectOptions;
use tokio::process::Command;

use super::failure::Failure;
use crate::{
    organizations,
    postgres::{
        database::Database,
        embedded,
        emptying::{self, NotEmptied},
        pool, statistics,
    },
};

/// Writes one consistent snapshot of everything into a new file that only its owner may read. A server may go on working.
/// The file appears once it is whole and on disk.
pub async fn backup(
    database: &Database,
    pg_bin: Option<&Path>,
    file: &Path,
    err: &mut impl Write,
) -> Result<(), Failure> {
    if file.exists() {
        return Err(Failure::Refused(format!("{} exists already: a backup replaces nothing", file.display())));
    }
    let begun = begun_beside(file)?;
    let result = dump(database, pg_bin, &begun, file).await;
    if result.is_err() {
        let _ = fs::remove_file(&begun); // the error that is told is the one before
    }
    let size = result?;
    writeln!(err, "{} holds everything, {size} bytes; attain db restore reads it", file.display())?;
    Ok(())
}

async fn dump(database: &Database, pg_bin: Option<&Path>, begun: &Path, file: &Path) -> Result<u64, Failure> {
    let backup = OpenOptions::new().write(true).create_new(true).mode(0o600).open(begun).map_err(told_of(begun))?;
    let mut pg_dump = tool(database, pg_bin, "pg_dump");
    pg_dump.args(["--format=custom", "--no-owner"]).stdout(backup.try_clone()?);
    wait(pg_dump).await?;
    backup.sync_all()?;
    let size = backup.metadata()?.len();
    // Not rename: it would replace a file that somebody made meanwhile.
    fs::hard_link(begun, file).map_err(told_of(file))?;
    fs::remove_file(begun)?;
    File::open(folder_of(file))?.sync_all()?;
    Ok(size)
}

/// Reads a backup into a database without a company: all of it, or nothing. An older backup is brought up to date.
pub async fn restore(
    database: &Database,
    pg_bin: Option<&Path>,
    file: &Path,
    err: &mut impl Write,
) -> Result<(), Failure> {
    let backup = File::open(file).map_err(told_of(file))?;
    if let Some((_, name)) = organizations::db::all(&database.pool).await?.first() {
        return Err(Failure::Refused(format!(
            "the database holds {name} already: a backup is restored into an empty one, and replaces nothing"
        )));
    }
    let mut pg_restore = tool(database, pg_bin, "pg_restore");
    let options = database.pool.connect_options();
    let name = options.get_database().unwrap_or(options.get_username());
    pg_restore.args(["--single-transaction", "--exit-on-error", "--no-owner", "--dbname"]).arg(name);
    pg_restore.stdin(backup).stdout(Stdio::null());
    // The empty schema makes room for that of the backup, which may be older. Whatever becomes of it, there is one again.
    emptying::empty(&database.pool).await.map_err(|error| match error {
        NotEmptied::Database(error) => Failure::cannot_run(error),
        refused => Failure::Refused(refused.to_string()),
    })?;
    let restored = wait(pg_restore).await;
    pool::migrate(&database.pool).await.map_err(Failure::cannot_run)?;
    restored?;
    // A backup brings none.
    statistics::gather(&database.pool).await;
    for (_, name) in organizations::db::all(&database.pool).await? {
        writeln!(err, "{name} is restored")?;
    }
    writeln!(err, "attain db verify tells whether everything follows from its facts")?;
    Ok(())
}

/// One of PostgreSQL's programs, told by its environment how to reach the database: a password on a command line could be
/// read by everybody on the machine.
fn tool(database: &Database, pg_bin: Option<&Path>, name: &str) -> Command {
    // Beside a database of somebody else there may be no server programs, only these.
    let program = match (embedded::programs(pg_bin), pg_bin) {
        (Ok(folder), _) => folder.join(name),
        (Err(_), Some(folder)) => folder.join(name),
        (Err(_), None) => name.into(),
    };
    let options = database.pool.connect_options();
    let url = options.to_url_lossy();
    let mut command = Command::new(program);
    let host = options.get_socket().map_or(options.get_host().into(), |socket| socket.clone().into_os_string());
    command.env("PGHOST", host).env("PGPORT", options.get_port().to_string()).env("PGUSER", options.get_username());
    command.envs(options.get_database().map(|database| ("PGDATABASE", database)));
    let password = url.password().and_then(|text| percent_decode_str(text).decode_utf8().ok());
    command.envs(password.map(|password| ("PGPASSWORD", password.into_owned())));
    for (name, value) in url.query_pairs() {
        let variable = match name.as_ref() {
            "sslmode" => "PGSSLMODE",
            "sslrootcert" => "PGSSLROOTCERT",
            "sslcert" => "PGSSLCERT",
            "sslkey" => "PGSSLKEY",
            _ => continue,
        };
        command.env(variable, value.as_ref());
    }
    command.stdin(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Runs a program to its end; what it says about a failure is told.
async fn wait(mut command: Command) -> Result<(), Failure> {
    let name = command.as_std().get_program().to_string_lossy().into_owned();
    let cannot = |error: io::Error| Failure::CannotRun(format!("{name}: {error}"));
    let output = command.spawn().map_err(cannot)?.wait_with_output().await.map_err(cannot)?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(Failure::CannotRun(words.trim().to_owned()))
}

fn begun_beside(file: &Path) -> Result<PathBuf, Failure> {
    let name = file.file_name().ok_or_else(|| Failure::Refused(format!("{} is no file", file.display())))?;
    let mut begun = name.to_owned();
    begun.push(format!(".{}.part", std::process::id()));
    Ok(folder_of(file).join(begun))
}

fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn told_of(file: &Path) -> impl Fn(io::Error) -> Failure {
    move |error| Failure::CannotRun(format!("{}: {error}", file.display()))
}
