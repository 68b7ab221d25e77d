//! Fills a demo company: the files through the importer, sign-ins, today's plan, and commission of the months before.

use std::{fs, io, path::Path};

use rust_decimal::Decimal;
use sqlx::PgPool;
use time::{Date, OffsetDateTime, Time};

use super::{
    data::{self, Files, Size},
    db,
    names::MANAGERS,
};
use crate::{
    audit,
    clock::Clock,
    commission_runs::{
        self,
        calculate::{Question, calculate},
    },
    customers,
    deals::{self, db::NewDeal},
    domain::{
        access::{Reach, Role, Scope},
        company::GrowthBase,
        deal,
        exchange::converted,
        id::{OrgId, RunId, UserId},
        money::{Currency, Money},
        period::{Period, add_days, month_number},
        visit::{Kind, State},
    },
    exchange_rates,
    imports::import,
    organizations::{self, db::NewOrganization},
    postgres::tx::{self, Tx},
    sign_in::{self, passwords},
    targets::expected,
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
    let [freja, farid] = sign_ins(db, org, today, now).await?;
    plan_today(db, org, today, now).await?;
    for months in (1..=3).rev() {
        let period = Period::month(data::first_of_month(today, -months), month_number(1));
        let run = prepare(db, org, freja, period, today, now).await?;
        if months > 1 {
            approve(db, org, farid, run, now).await?;
        }
        if months > 2 {
            let mut tx = tx::write(db, org, Some(freja), Clock::Fixed(now)).await?;
            commission_runs::db::pay(&mut tx, run, add_days(period.to(), 14).min(today)).await?;
            tx.commit().await?;
        }
    }
    waiting_deals(db, org, today, now).await?;
    deal_abroad(db, org, freja, today, now).await?;
    Ok(true)
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

/// Calculates and submits a month.
async fn prepare(
    db: &PgPool,
    org: OrgId,
    by: UserId,
    period: Period,
    today: Date,
    now: OffsetDateTime,
) -> Result<RunId, FillError> {
    let mut tx = tx::write(db, org, Some(by), Clock::Fixed(now)).await?;
    let asked = Question { org, growth_base: GrowthBase::LastYear, period, rep: None, today };
    let calculated = calculate(&mut tx, &asked).await?;
    let run = commission_runs::store::insert(&mut tx, &asked, &calculated).await?;
    commission_runs::db::submit(&mut tx, run).await?;
    note(&mut tx, "run.submitted", run).await?;
    tx.commit().await?;
    Ok(run)
}

async fn approve(db: &PgPool, org: OrgId, by: UserId, run: RunId, now: OffsetDateTime) -> Result<(), FillError> {
    let mut tx = tx::write(db, org, Some(by), Clock::Fixed(now)).await?;
    commission_runs::db::approve(&mut tx, &Scope { org, reach: Reach::All }, run, None).await?;
    expected::lock_if_approved(&mut tx, run).await?;
    note(&mut tx, "run.approved", run).await?;
    tx.commit().await?;
    Ok(())
}

async fn note(tx: &mut Tx, action: &str, run: RunId) -> sqlx::Result<()> {
    audit::db::record(tx, action, &format!("/commission-runs/{run}"), serde_json::json!({})).await
}

/// Deals of this week that a manager still has to confirm, and one that belongs to a locked month.
async fn waiting_deals(db: &PgPool, org: OrgId, today: Date, now: OffsetDateTime) -> Result<(), FillError> {
    let mut tx = tx::write_as_owner(db, org, now).await?;
    let reps = db::people(&mut tx, org).await?.into_iter().filter(|person| person.is_rep);
    for (rep, cents) in reps.zip((0..).map(|n| 84_500 + n * 7_300)).take(4) {
        let Some(customer) = db::to_visit(&mut tx, org, rep.id, today, 1).await?.pop() else { continue };
        let late = cents == 84_500;
        let day = if late { add_days(data::first_of_month(today, -1), -3) } else { today };
        let new = NewDeal {
            customer,
            owner: Some(rep.id),
            stage: deal::Stage::Won,
            opened_on: Some(day),
            booked_on: Some(day),
            expected_on: None,
            returns: None,
            currency: None,
            rate: None,
            notes: String::new(),
            confirmed: false,
            lines: vec![deals::db::Line {
                position: 1,
                product: None,
                text: "Autumn order".to_owned(),
                quantity: 1.into(),
                amount: Money(cents),
                original: None,
                cost: None,
            }],
            credits: vec![deal::Credit { rep: rep.id, parts: 1, overlay: false }],
        };
        tx.actor = Some(rep.id);
        deals::db::insert(&mut tx, &new).await?;
        customers::events_db::recompute(&mut tx, &[customer]).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// A currency beside the company's, and an open deal in it.
async fn deal_abroad(
    db: &PgPool,
    org: OrgId,
    finance: UserId,
    today: Date,
    now: OffsetDateTime,
) -> Result<(), FillError> {
    let mut tx = tx::write_as_owner(db, org, now).await?;
    let (Ok(krone), Ok(euro)) = (Currency::parse("NOK"), Currency::parse("EUR")) else { return Ok(()) };
    let rate = Decimal::new(851, 4);
    exchange_rates::db::insert(&mut tx, finance, krone, data::first_of_month(today, 0), rate).await?;
    let Some(rep) = db::people(&mut tx, org).await?.into_iter().find(|person| person.is_rep) else { return Ok(()) };
    let Some(customer) = db::to_visit(&mut tx, org, rep.id, today, 1).await?.pop() else { return Ok(()) };
    let original = Money(4_200_000);
    let new = NewDeal {
        customer,
        owner: Some(rep.id),
        stage: deal::Stage::Open,
        opened_on: Some(today),
        booked_on: None,
        expected_on: Some(add_days(today, 9)),
        returns: None,
        currency: Some(krone),
        rate: Some(rate),
        notes: String::new(),
        confirmed: false,
        lines: vec![deals::db::Line {
            position: 1,
            product: None,
            text: "Machines for the Bergen shop".to_owned(),
            quantity: 3.into(),
            amount: converted(original, krone, rate, euro).unwrap_or_default(),
            original: Some(original),
            cost: None,
        }],
        credits: vec![deal::Credit { rep: rep.id, parts: 1, overlay: false }],
    };
    tx.actor = Some(rep.id);
    deals::save::enter(&mut tx, &new).await?;
    tx.commit().await?;
    Ok(())
}
