//! `attain db`: the schema, backups, and whether what is stored follows from what it was derived from.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{backup, failure::Failure};
use crate::{
    audit::{self, verify::Kept},
    clock::Clock,
    customers, deals,
    domain::id::OrgId,
    organizations,
    postgres::{database::Database, derived::Differs, pool, tx},
    scorecards::export_db,
    statements, visits,
};

/// The database itself.
#[derive(Debug, clap::Subcommand)]
pub enum Db {
    /// Bring the schema up to date. Every command does so by itself; this one does nothing else.
    Migrate,
    /// Compute everything that is stored and could be derived once more, and compare: exit 1 if something differs.
    Verify {
        /// A seal of the audit log that was kept elsewhere: it must still be there. May be given several times
        #[arg(long = "seal", value_name = "NUMBER:CODE")]
        seals: Vec<Kept>,
    },
    /// Write everything into one new file, beside a running server.
    Backup {
        /// The file; it must not exist.
        file: PathBuf,
    },
    /// Read a backup into a database without a company.
    Restore {
        /// A file that `attain db backup` wrote.
        file: PathBuf,
    },
}

impl Db {
    /// Runs the command: data to `out`, words to `err`. PostgreSQL's programs are searched for if no folder is given.
    pub async fn run(
        &self,
        database: &Database,
        pg_bin: Option<&Path>,
        out: &mut impl Write,
        err: &mut impl Write,
    ) -> Result<(), Failure> {
        match self {
            Self::Migrate => {
                // Opening the database has migrated it: this only says what came of it.
                if !pool::is_current(&database.pool).await.map_err(Failure::cannot_run)? {
                    return Err(Failure::CannotRun("the schema is not what this program needs".to_owned()));
                }
                writeln!(err, "the schema is up to date: {} migrations", pool::MIGRATIONS.iter().count())?;
                Ok(())
            }
            Self::Backup { file } => backup::backup(database, pg_bin, file, err).await,
            Self::Restore { file } => backup::restore(database, pg_bin, file, err).await,
            Self::Verify { seals } => {
                let (mut differences, mut found) = (0, vec![]);
                for (org, name) in organizations::db::all(&database.pool).await? {
                    let mut verified = verify(database, org, &name, seals, out, err).await?;
                    differences += verified.differences;
                    found.append(&mut verified.seals);
                }
                for gone in seals.iter().filter(|seal| !found.contains(seal)) {
                    differences += 1;
                    writeln!(out, "audit_seals: the log has no seal {gone}: it was cut or rewritten since")?;
                }
                out.flush()?;
                match differences {
                    0 => Ok(()),
                    1 => Err(Failure::Refused("1 stored value differs".to_owned())),
                    many => Err(Failure::Refused(format!("{many} stored values differ"))),
                }
            }
        }
    }
}

/// What verifying an organization found.
struct Verified {
    differences: u64,
    /// Which of the kept seals are its.
    seals: Vec<Kept>,
}

/// Verifies one organization in one snapshot, so that it may go on working.
async fn verify(
    database: &Database,
    org: OrgId,
    name: &str,
    seals: &[Kept],
    out: &mut impl Write,
    err: &mut impl Write,
) -> Result<Verified, Failure> {
    let mut db = tx::long_read(&database.pool, org).await?;
    let currency = export_db::settings(&mut db, org, Clock::System.now()).await?.currency;
    let (mut differences, mut printed) = (0, io::Result::Ok(()));
    let mut tell = |differs: Differs| {
        differences += 1;
        if printed.is_ok() {
            printed = writeln!(out, "{name}: {differs}");
        }
    };
    let deals = deals::verify_db::verify(&mut db, org, currency, &mut tell).await?;
    let customers = customers::verify_db::verify(&mut db, org, currency, &mut tell).await?;
    visits::verify_db::verify(&mut db, org, &mut tell).await?;
    let statements = statements::verify::verify(&mut db, org, currency, &mut tell).await?;
    let audit = audit::verify::verify(&mut db, org, seals, &mut tell).await?;
    printed?;
    out.flush()?;
    writeln!(err, "{name}: {audit}")?;
    writeln!(err, "{name}: {deals} deals, {customers} customers and {} statements verified", statements.statements)?;
    if statements.by_other_engines > 0 {
        writeln!(
            err,
            "{name}: {} statements were calculated by another version of the engine: only their sums were compared",
            statements.by_other_engines
        )?;
    }
    Ok(Verified { differences, seals: audit.kept })
}
