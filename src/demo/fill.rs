//! Fills a demo company: the files through the importer, sign-ins, today's plan, and commission of the months before.

use std::{fs, io, path::Path};

use sqlx::PgPool;
use time::{Date, OffsetDateTime, Time};

use super::{
    data::{self, Files, Size},
    db,
    names::MANAGERS,
    story::Story,
    talk::Talk,
};
use crate::{
    audit,
    clock::Clock,
    commission_runs::{self, approval::lock_if_approved, calculate::Question, daily, store::store},
    domain::{
        access::{Reach, Role, Scope},
        company::GrowthBase,
        id::{OrgId, RunId, UserId},
        money::Currency,
        period::{Period, add_days, month_number},
        visit::{Kind, State},
    },
    imports::import,
    organizations::{self, db::NewOrganization},
    postgres::{
        statistics,
        tx::{self, Tx},
    },
    sign_in::{self, passwords},
    teams,
    users::{self, db::Details},
    visits::{self, db::NewVisit},
    web::error::Error,
};

/// The company's name.
pub const COMPANY: &str = "Nordlys Foods";
/// Everybody's password: a demo is no secret.
pub const PASSWORD: &str = "kanelbolle og kaffe";
/// The seed from which the company is invented.
pub const SEED: u64 = 20;

/// Somebody who can sign in.
pub struct SignIn {
    /// The name.
    pub name: &'static str,
    /// What the person does.
    pub role: &'static str,
    /// The address to sign in with.
    pub email: &'static str,
}

/// Whom to be, first of all.
pub const SIGN_INS: [SignIn; 5] = [
    SignIn { name: "Ingrid Solberg", role: "rep", email: "ingrid@nordlys.example" },
    SignIn { name: "Kari Berg", role: "manager", email: "kari@nordlys.example" },
    SignIn { name: "Freja Aune", role: "finance", email: "freja@nordlys.example" },
    SignIn { name: "Farid Amiri", role: "finance", email: "farid@nordlys.example" },
    SignIn { name: "Anna Dahl", role: "administrator", email: "anna@nordlys.example" },
];

/// Who manages everybody, by name in the files.
const TOP_MANAGER: &str = "kari";

/// Why there is no demo company.
#[derive(Debug, thiserror::Error)]
pub enum FillError {
    /// The files cannot be written.
    #[error("cannot write the demo's files: {0}")]
    Files(#[from] io::Error),
    /// The importer refused them.
    #[error(transparent)]
    Import(#[from] import::Failure),
    /// The database.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// Something else.
    #[error(transparent)]
    Other(#[from] Error),
}

/// Fills the demo company, if it is not there yet. Whether it was filled now.
pub async fn fill(db: &PgPool, size: Size, folder: &Path, now: OffsetDateTime) -> Result<bool, FillError> {
    if organizations::db::find_by_name(db, COMPANY).await?.is_some() {
        return Ok(false);
    }
    let mut tx = tx::write_as_owner(db, OrgId(0), now).await?;
    let euro = Currency::parse("EUR").map_err(|e| Error::Internal(e.to_string()))?;
    let new = NewOrganization { name: COMPANY.to_owned(), currency: euro, time_zone: "Europe/Oslo".to_owned() };
    let org = organizations::db::create(&mut tx, &new).await?;
    tx.commit().await?;
    let today = organizations::db::today(db, org, now).await?;
    let files = data::files(size.shape(), SEED, today, euro);
    import_history(db, &files, folder, now).await?;
    statistics::gather(db).await;
    let [freja, farid] = sign_ins(db, org, today, now).await?;
    plan_today(db, org, today, now).await?;
    let story = Story::begin(db, org, today, now).await?;
    let by = Finance { org, freja, farid, today, now };
    let talk = Talk { org, finance: freja, today, now, currency: euro };
    for months in (3..=first_month(today)).rev() {
        let run = by.prepare(db, months).await?;
        by.approve(db, run, months).await?;
        by.pay(db, run, months).await?;
    }
    story.comes_late(db).await?;
    let middle = by.prepare(db, 2).await?;
    by.approve(db, middle, 2).await?;
    talk.is_settled(db).await?;
    by.prepare(db, 1).await?;
    talk.goes_on(db).await?;
    talk.is_told(db, COMPANY).await?;
    // Yesterday, as the server would have kept it.
    daily::keep_everybody(db, org, Clock::Fixed(now - time::Duration::DAY)).await?;
    story.goes_on(db, freja).await?;
    Ok(true)
}

/// How many months ago the first one lies that is paid: at least three, and the first of its quarter, for a true-up makes
/// up what the quarter's months were paid.
fn first_month(today: Date) -> i32 {
    let third = u8::from(data::first_of_month(today, -3).month());
    3 + i32::from((third - 1) % 3)
}

/// The history goes the way that everybody's own goes: as files.
async fn import_history(db: &PgPool, files: &Files, folder: &Path, now: OffsetDateTime) -> Result<(), FillError> {
    fs::create_dir_all(folder)?;
    for (name, text) in &files.0 {
        fs::write(folder.join(name), text)?;
    }
    let request = import::Request { folder, organization: COMPANY, dry_run: false, now };
    let done = import::run(db, request).await;
    fs::remove_dir_all(folder)?;
    done?;
    Ok(())
}

/// Everybody can sign in; finance and administration are added. Returns the two finance people.
async fn sign_ins(db: &PgPool, org: OrgId, today: Date, now: OffsetDateTime) -> Result<[UserId; 2], FillError> {
    let hash = passwords::hash_here(PASSWORD)?;
    let mut tx = tx::write_as_owner(db, org, now).await?;
    for person in db::people(&mut tx, org).await? {
        let email = format!("{}@nordlys.example", person.external_id);
        db::set_address(&mut tx, person.id, &email).await?;
        sign_in::db::set_password(&mut tx, person.id, &email, &hash).await?;
        if MANAGERS.iter().any(|(id, ..)| *id == person.external_id) {
            // The importer makes everybody in reps.csv a rep; these only manage.
            users::db::set_roles(&mut tx, person.id, &[Role::Manager]).await?;
        }
        if person.external_id == TOP_MANAGER
            && let Some(team) = db::team_of(&mut tx, org, person.id, today).await?
        {
            // The importer finds a team's manager by its members' votes; the top team has no other member.
            teams::db::add_manager(&mut tx, team, person.id, None).await?;
        }
    }
    let mut added = Vec::new();
    for (name, role) in [("Freja Aune", Role::Finance), ("Farid Amiri", Role::Finance), ("Anna Dahl", Role::Admin)] {
        let first = name.split(' ').next().unwrap_or(name).to_lowercase();
        let email = format!("{first}@nordlys.example");
        let details = Details { name: name.to_owned(), email: Some(email.clone()), ..Details::default() };
        let id = users::db::insert(&mut tx, &details).await?;
        users::db::set_roles(&mut tx, id, &[role]).await?;
        sign_in::db::set_password(&mut tx, id, &email, &hash).await?;
        added.push(id);
    }
    tx.commit().await?;
    let [freja, farid, _] = added[..] else { return Err(Error::Internal("three people were added".to_owned()).into()) };
    Ok([freja, farid])
}

/// Five visits for every rep today.
async fn plan_today(db: &PgPool, org: OrgId, today: Date, now: OffsetDateTime) -> Result<(), FillError> {
    let mut tx = tx::write_as_owner(db, org, now).await?;
    for rep in db::people(&mut tx, org).await?.into_iter().filter(|person| person.is_rep) {
        let customers = db::to_visit(&mut tx, org, rep.id, today, 5).await?;
        for (customer, (hour, minute)) in customers.into_iter().zip([(9, 0), (10, 30), (13, 0), (14, 30), (16, 0)]) {
            let visit = NewVisit {
                rep: rep.id,
                customer,
                visited_on: today,
                starts_at: Time::from_hms(hour, minute, 0).ok(),
                kind: Kind::InPerson,
                state: State::Planned,
                outcome: None,
                minutes: None,
                notes: String::new(),
            };
            visits::db::insert(&mut tx, &visit).await?;
        }
    }
    tx.commit().await?;
    Ok(())
}

/// The two people of finance at work.
struct Finance {
    org: OrgId,
    freja: UserId,
    farid: UserId,
    today: Date,
    now: OffsetDateTime,
}

impl Finance {
    fn question(&self, months: i32) -> Question {
        let Self { org, today, .. } = *self;
        Question { org, growth_base: GrowthBase::LastYear, period: self.month(months), rep: None, today }
    }

    /// Freja calculates and submits the month so many months ago.
    async fn prepare(&self, db: &PgPool, months: i32) -> Result<RunId, FillError> {
        let mut tx = tx::alone(db, self.org, Some(self.freja), Clock::Fixed(self.now)).await?;
        let (run, _) =
            store(&mut tx, &self.question(months)).await?.map_err(|refused| Error::Conflict(refused.words()))?;
        commission_runs::db::submit(&mut tx, run).await?;
        note(&mut tx, "run.submitted", run).await?;
        tx.commit().await?;
        Ok(run)
    }

    /// Farid approves.
    async fn approve(&self, db: &PgPool, run: RunId, months: i32) -> Result<(), FillError> {
        let mut tx = tx::alone(db, self.org, Some(self.farid), Clock::Fixed(self.now)).await?;
        commission_runs::db::approve(&mut tx, &Scope { org: self.org, reach: Reach::All }, run, None).await?;
        lock_if_approved(&mut tx, &self.question(months), run).await?;
        note(&mut tx, "run.approved", run).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn pay(&self, db: &PgPool, run: RunId, months: i32) -> Result<(), FillError> {
        let mut tx = tx::write(db, self.org, Some(self.freja), Clock::Fixed(self.now)).await?;
        commission_runs::db::pay(&mut tx, run, add_days(self.month(months).to(), 14).min(self.today)).await?;
        tx.commit().await?;
        Ok(())
    }

    fn month(&self, months: i32) -> Period {
        Period::month(data::first_of_month(self.today, -months), month_number(1))
    }
}

async fn note(tx: &mut Tx, action: &str, run: RunId) -> sqlx::Result<()> {
    audit::db::record(tx, action, &format!("/commission-runs/{run}"), serde_json::json!({})).await
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn quarters_are_paid_from_their_first_month_on() {
        for (today, months) in [
            (date!(2026 - 10 - 01), 3),
            (date!(2026 - 11 - 19), 4),
            (date!(2026 - 12 - 31), 5),
            (date!(2027 - 01 - 01), 3),
        ] {
            assert_eq!(first_month(today), months, "{today}");
            let first = data::first_of_month(today, -months);
            assert_eq!(u8::from(first.month()) % 3, 1, "{first}");
        }
    }
}
