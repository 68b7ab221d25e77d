//! `attain user`: people from the command line, for the first administrator and for whoever locked themselves out.

use std::io::{self, BufRead, IsTerminal, Write};

use serde_json::json;

use super::failure::Failure;
use crate::{
    audit,
    clock::Clock,
    config::PasswordArgs,
    domain::{
        access::Role,
        id::{OrgId, UserId},
    },
    organizations,
    postgres::{
        database::Database,
        error::violates,
        sessions,
        tx::{self, Tx},
    },
    sign_in::{self, passwords, second_factor, second_factor_db},
    users::{
        self,
        db::Details,
        list_db::{self, Account},
    },
    web::{form::Errors, format},
};

/// People, their roles and passwords.
#[derive(Debug, clap::Subcommand)]
pub enum User {
    /// Create a person who can sign in. The password is read from standard input.
    Create(Create),
    /// Give a person a new password, read from standard input, and end their sessions.
    Password(Password),
    /// Take a person's second factor off, for a lost phone, and end their sessions.
    SecondFactorOff(SecondFactorOff),
    /// List the people.
    List(List),
}

/// A new person.
#[derive(Debug, clap::Args)]
pub struct Create {
    /// The e-mail address to sign in with
    pub email: String,
    /// The person's name
    #[arg(long)]
    pub name: String,
    /// A role: rep, manager, finance or admin; may be given several times
    #[arg(long = "role", value_parser = role, required = true)]
    pub roles: Vec<Role>,
    /// The company; not needed when there is only one
    #[arg(long)]
    pub organization: Option<String>,
    /// Which passwords are taken.
    #[command(flatten)]
    pub passwords: PasswordArgs,
}

/// Whose second factor.
#[derive(Debug, clap::Args)]
pub struct SecondFactorOff {
    /// The e-mail address of the person
    #[arg(required_unless_present = "everybody")]
    pub email: Option<String>,
    /// Everybody's in the company, for a lost key of the server
    #[arg(long, conflicts_with = "email")]
    pub everybody: bool,
    /// The company; not needed when there is only one
    #[arg(long)]
    pub organization: Option<String>,
}

/// Whose password.
#[derive(Debug, clap::Args)]
pub struct Whose {
    /// The e-mail address of the person
    pub email: String,
    /// The company; not needed when there is only one
    #[arg(long)]
    pub organization: Option<String>,
}

/// Whose password, and which are taken.
#[derive(Debug, clap::Args)]
pub struct Password {
    /// Whose.
    #[command(flatten)]
    pub whose: Whose,
    /// Which passwords are taken.
    #[command(flatten)]
    pub passwords: PasswordArgs,
}

/// Which people.
#[derive(Debug, clap::Args)]
pub struct List {
    /// Only the people of this company
    #[arg(long)]
    pub organization: Option<String>,
    /// How the list is printed
    #[arg(long, value_enum, default_value = "table")]
    pub format: Format,
}

/// How a list is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// For machines.
    Json,
}

fn role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| "a role is rep, manager, finance or admin".to_owned())
}

impl User {
    /// Runs the command: data to `out`, words to `err`.
    pub async fn run(&self, database: &Database, out: &mut impl Write, err: &mut impl Write) -> Result<(), Failure> {
        match self {
            Self::Create(command) => command.run(database, err).await,
            Self::Password(command) => command.whose.set_password(database, &command.passwords, err).await,
            Self::SecondFactorOff(command) => command.run(database, err).await,
            Self::List(command) => command.run(database, out).await,
        }
    }
}

impl Create {
    async fn run(&self, database: &Database, err: &mut impl Write) -> Result<(), Failure> {
        let org = organization(database, self.organization.as_deref()).await?;
        let mut errors = Errors::new();
        let name = errors.text("name", &self.name, "Name", 200);
        let email = errors.email("email", &self.email);
        refuse(&errors)?;
        let hash = new_password(&self.passwords, &[&name, &email], err)?;
        let mut tx = tx::write_as_owner(&database.pool, org, Clock::System.now()).await?;
        let details = Details { name, email: Some(email.clone()), ..Details::default() };
        create(&mut tx, &details, &email, &self.roles, &hash).await.map_err(|error| {
            let taken = violates(&error, "users_email_key") || violates(&error, "sign_ins_pkey");
            if taken { Failure::Refused(format!("somebody has the address {email} already")) } else { error.into() }
        })?;
        tx.commit().await?;
        writeln!(err, "{} can sign in as {email}", details.name)?;
        Ok(())
    }
}

async fn create(tx: &mut Tx, details: &Details, email: &str, roles: &[Role], hash: &str) -> sqlx::Result<()> {
    let id = users::db::insert(tx, details).await?;
    users::db::set_roles(tx, id, roles).await?;
    sign_in::db::set_password(tx, id, email, hash).await?;
    audit::db::record(tx, "user.created", &format!("/users/{id}"), json!({ "new": details, "roles": roles })).await
}

impl Whose {
    async fn find(&self, database: &Database) -> Result<(OrgId, UserId, String, String), Failure> {
        let org = organization(database, self.organization.as_deref()).await?;
        let email = self.email.trim().to_lowercase();
        match list_db::find_by_email(&database.pool, org, &email).await? {
            Some((user, name)) => Ok((org, user, name, email)),
            None => Err(Failure::Refused(format!("nobody has the address {email}: see attain user list"))),
        }
    }

    async fn set_password(
        &self,
        database: &Database,
        taken: &PasswordArgs,
        err: &mut impl Write,
    ) -> Result<(), Failure> {
        let (org, user, name, email) = self.find(database).await?;
        let hash = new_password(taken, &[&name, &email], err)?;
        let mut tx = tx::write_as_owner(&database.pool, org, Clock::System.now()).await?;
        sign_in::db::set_password(&mut tx, user, &email, &hash).await.map_err(|error| {
            let taken = violates(&error, "sign_ins_pkey");
            if taken { Failure::Refused(format!("{email} signs in to another company")) } else { error.into() }
        })?;
        sessions::end_all(&mut tx, user, None).await?;
        audit::db::record(&mut tx, "user.password_set", &format!("/users/{user}"), json!({})).await?;
        tx.commit().await?;
        writeln!(err, "{name} has a new password and is signed out everywhere")?;
        Ok(())
    }
}

impl SecondFactorOff {
    async fn run(&self, database: &Database, err: &mut impl Write) -> Result<(), Failure> {
        let Some(email) = &self.email else { return self.take_off_everybodys(database, err).await };
        let whose = Whose { email: email.clone(), organization: self.organization.clone() };
        let (org, user, name, _) = whose.find(database).await?;
        let mut tx = tx::write_as_owner(&database.pool, org, Clock::System.now()).await?;
        if !second_factor::take_off(&mut tx, user).await? {
            return Err(Failure::Refused(format!("{name} has no second factor")));
        }
        sessions::end_all(&mut tx, user, None).await?;
        tx.commit().await?;
        writeln!(err, "{name} signs in with the password alone, and is signed out everywhere")?;
        Ok(())
    }

    async fn take_off_everybodys(&self, database: &Database, err: &mut impl Write) -> Result<(), Failure> {
        let org = organization(database, self.organization.as_deref()).await?;
        let mut tx = tx::write_as_owner(&database.pool, org, Clock::System.now()).await?;
        let mut people = 0;
        for user in second_factor_db::everybody(&mut tx).await? {
            if second_factor::take_off(&mut tx, user).await? {
                sessions::end_all(&mut tx, user, None).await?;
                people += 1;
            }
        }
        tx.commit().await?;
        let people = format::counted(people, "person signs", "people sign");
        writeln!(err, "{people} in with the password alone, signed out everywhere")?;
        Ok(())
    }
}

impl List {
    async fn run(&self, database: &Database, out: &mut impl Write) -> Result<(), Failure> {
        let org = match &self.organization {
            Some(name) => Some(organization(database, Some(name)).await?),
            None => None,
        };
        let accounts = list_db::everybody(&database.pool, org, Clock::System.now()).await?;
        match self.format {
            Format::Table => table(out, &accounts)?,
            Format::Json => {
                serde_json::to_writer_pretty(&mut *out, &accounts).map_err(Failure::cannot_run)?;
                writeln!(out)?;
            }
        }
        out.flush()?;
        Ok(())
    }
}

const COLUMNS: [&str; 5] = ["organization", "name", "email", "roles", "state"];

fn cells(account: &Account) -> [String; 5] {
    let roles: Vec<&str> = account.roles.iter().map(|role| role.as_str()).collect();
    let email = account.email.clone().unwrap_or_default();
    [account.organization.clone(), account.name.clone(), email, roles.join(" "), account.state.as_str().to_owned()]
}

fn table(out: &mut impl Write, accounts: &[Account]) -> io::Result<()> {
    let rows: Vec<[String; 5]> =
        std::iter::once(COLUMNS.map(str::to_owned)).chain(accounts.iter().map(cells)).collect();
    let widths: Vec<usize> = (0..COLUMNS.len())
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0))
        .collect();
    for row in &rows {
        let line: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        writeln!(out, "{}", line.join("  ").trim_end())?;
    }
    Ok(())
}

/// The company of this name, or the only one there is.
pub(super) async fn organization(database: &Database, name: Option<&str>) -> Result<OrgId, Failure> {
    let all = organizations::db::all(&database.pool).await?;
    match (name, all.as_slice()) {
        (Some(name), all) => all
            .iter()
            .find(|(_, known)| known == name)
            .map(|(id, _)| *id)
            .ok_or_else(|| Failure::Refused(format!("there is no company “{name}”{}", listed(all)))),
        (None, [(only, _)]) => Ok(*only),
        (None, []) => Err(Failure::Refused("there is no company yet: run attain serve and set it up".to_owned())),
        (None, all) => Err(Failure::Refused(format!("say which company with --organization{}", listed(all)))),
    }
}

fn listed(all: &[(OrgId, String)]) -> String {
    let names: Vec<&str> = all.iter().map(|(_, name)| name.as_str()).take(20).collect();
    if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) }
}

fn refuse(errors: &Errors) -> Result<(), Failure> {
    let words: Vec<&str> = errors.iter().map(|(_, words)| words).collect();
    if words.is_empty() { Ok(()) } else { Err(Failure::Refused(words.join("\n"))) }
}

/// Reads a password from standard input, on a terminal twice and unseen, and hashes it.
fn new_password(taken: &PasswordArgs, about: &[&str], err: &mut impl Write) -> Result<String, Failure> {
    let breached = taken.breached()?;
    let password = if io::stdin().is_terminal() {
        let first = unseen("New password: ", err)?;
        if unseen("The same again: ", err)? != first {
            return Err(Failure::Refused("The two passwords differ.".to_owned()));
        }
        first
    } else {
        line()?
    };
    passwords::check(&password, about).map_err(Failure::Refused)?;
    if let Some(list) = breached
        && list.contains(&password)?
    {
        return Err(Failure::Refused(passwords::BREACHED.to_owned()));
    }
    passwords::hash_here(&password).map_err(Failure::cannot_run)
}

fn line() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn unseen(prompt: &str, err: &mut impl Write) -> Result<String, Failure> {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
    write!(err, "{prompt}")?;
    err.flush()?;
    let terminal = io::stdin();
    let before = tcgetattr(&terminal).map_err(io::Error::from)?;
    let mut quiet = before.clone();
    quiet.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&terminal, OptionalActions::Flush, &quiet).map_err(io::Error::from)?;
    let line = line();
    tcsetattr(&terminal, OptionalActions::Flush, &before).map_err(io::Error::from)?;
    writeln!(err)?;
    Ok(line?)
}
