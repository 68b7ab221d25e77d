//! Random acts of four roles against the product and against plain vectors: every metric of everybody is the same, and every
//! statement of every month that is paid, also where PostgreSQL and the server are killed at random. The seed is printed;
//! `FAULT_SEED` replays it, `FAULT_ACTS` says how many.

mod acts;
mod compare;
mod door;
mod faults;
mod pay;

use std::collections::BTreeMap;

use attain::domain::{
    access::Role,
    company::{GrowthBase, GrowthBasis},
    id::{CustomerId, OrgId, TeamId},
};
use sqlx::PgPool;
use time::{
    Date, Month, OffsetDateTime,
    macros::{date, datetime},
};

use crate::{
    support::{TestApp, User},
    world::{Customer, Held, Limit, LimitOf, Rule, World},
};
use door::Door;
use faults::{Fault, Faulty};

const REPS: usize = 4;
const TEAMS: usize = 2;
const CUSTOMERS: usize = 14;

/// Numbers that look random and are the same for the same seed.
pub struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        // SplitMix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below a bound.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound).unwrap()).unwrap()
    }

    /// Once in so many times.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of these.
    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        if all.is_empty() { None } else { Some(all[self.below(all.len())]) }
    }
}

/// The company as it is in the product and as it should be.
pub struct Model {
    door: Door,
    db: PgPool,
    org: OrgId,
    reps: Vec<User>,
    manager: User,
    finance: [User; 2],
    admin: User,
    teams: Vec<TeamId>,
    customers: Vec<CustomerId>,
    /// What should be. Deals and visits have their ids at the same places below.
    world: World,
    deals: Vec<DealKnown>,
    visits: Vec<i64>,
    targets: BTreeMap<(Date, usize), i64>,
    pay: pay::Paid,
    random: Random,
    /// What was done, for whoever has to find out why something differs.
    told: Vec<String>,
    refused: usize,
    compared: usize,
    statements: usize,
    /// Statements that were paid, compared again after a fault.
    paid_compared: usize,
}

/// What is known of a deal beside what counts.
pub struct DealKnown {
    id: i64,
    confirmed: bool,
    cancelled: bool,
}

impl Model {
    /// Nothing has happened yet, and nobody has signed in.
    async fn new(app: TestApp, seed: u64) -> Self {
        let org = app.company("Nordlys").await;
        let mut reps = vec![];
        for name in ["Ingrid", "Jonas", "Olav", "Siri"] {
            reps.push(app.user(org, name, &[Role::Rep]).await);
        }
        let manager = app.user(org, "Berit", &[Role::Manager]).await;
        let finance = [app.user(org, "Freja", &[Role::Finance]).await, app.user(org, "Farid", &[Role::Finance]).await];
        let admin = app.user(org, "Astrid", &[Role::Admin]).await;
        let teams = vec![
            app.team(org, "North", None, Some(manager), &reps[..2]).await,
            app.team(org, "South", None, Some(manager), &reps[2..]).await,
        ];
        let today = app.now().date();
        let mut random = Random(seed);
        let mut world = empty(today);
        let mut customers = vec![];
        let mut tx = app.write(org).await;
        for place in 0..CUSTOMERS {
            let details = attain::customers::db::Details { name: format!("Kunde {place}"), ..Default::default() };
            let id = attain::customers::db::insert(&mut tx, &details, date!(2025 - 01 - 01)).await.unwrap();
            let rep = random.below(REPS);
            attain::customers::db::set_owner(&mut tx, id, Some(reps[rep].id), None).await.unwrap();
            world.customers.push(Customer { since: None, segment: None });
            world.ownerships.push(Held { rep, what: place, from: None, to: None });
            customers.push(id);
        }
        tx.commit().await.unwrap();
        let db = app.db.clone();
        pay::put_on_a_plan(&db, org, &reps).await;
        let door = Door::within(app);
        let (deals, visits, told, targets) = (vec![], vec![], vec![], BTreeMap::new());
        let pay = pay::Paid::default();
        let (refused, compared, statements, paid_compared) = (0, 0, 0, 0);
        Self {
            door,
            db,
            org,
            reps,
            manager,
            finance,
            admin,
            teams,
            customers,
            world,
            deals,
            visits,
            targets,
            pay,
            random,
            told,
            refused,
            compared,
            statements,
            paid_compared,
        }
    }

    /// What happened, in figures.
    fn figures(&self) -> String {
        format!(
            "{} acts, {} of them refused as they should be, {} deals, {} visits, {} months paid; {} metrics and {} \
             statements compared, {} of them with corrections, {} by hand; {} paid statements compared again; up to {}",
            self.told.len(),
            self.refused,
            self.world.deals.len(),
            self.world.visits.len(),
            self.world.locks.len(),
            self.compared,
            self.statements,
            self.pay.corrected,
            self.pay.by_hand,
            self.paid_compared,
            self.world.today,
        )
    }

    fn people(&self) -> Vec<User> {
        self.reps.iter().chain(&self.finance).chain([&self.manager, &self.admin]).copied().collect()
    }

    /// Whether there was enough to compare.
    fn has_paid_twice(&self) -> bool {
        self.world.locks.len() > 1 && self.statements > 0 && self.compared > 0
    }

    /// Does so many acts, lets days pass, pays months once they are over, and compares.
    async fn live(&mut self, acts: usize, pace: &Pace) {
        self.door.sign_in(&self.people()).await;
        let mut faults = 0;
        for act in 1..=acts {
            self.act().await;
            if self.random.once_in(pace.acts) {
                let days = 1 + self.random.below(pace.days);
                self.next_day(i64::try_from(days).unwrap()).await;
                if self.random.once_in(pace.nights) {
                    self.pay_a_month().await;
                }
            }
            if self.door.faults() > faults {
                faults = self.door.faults();
                self.compare_what_is_there().await;
            }
            if act % 20 == 0 || act == acts {
                self.compare().await;
            }
        }
    }

    /// Days pass.
    async fn next_day(&mut self, days: i64) {
        self.world.today += time::Duration::days(days);
        self.door.go_to(self.world.today, &self.people()).await;
    }
}

/// How fast time passes: one night in so many acts, up to so many days at once, a month that is over paid in one of so many
/// nights.
struct Pace {
    acts: usize,
    days: usize,
    nights: usize,
}

const SLOWLY: Pace = Pace { acts: 6, days: 3, nights: 6 };
/// A month in some ten acts: each may meet a fault, and takes longer.
const QUICKLY: Pace = Pace { acts: 3, days: 10, nights: 1 };

/// Nothing has happened yet.
fn empty(today: Date) -> World {
    let member = |rep: usize| Held { rep, what: rep / 2, from: None, to: None };
    World {
        today,
        fiscal_start: Month::January,
        growth_base: GrowthBase::LastYear,
        growth_basis: GrowthBasis::Credited,
        rules: vec![Rule { from: None, new_months: 12, grace_days: 90 }],
        reps: REPS,
        teams: vec![None; TEAMS],
        memberships: (0..REPS).map(member).collect(),
        customers: vec![],
        ownerships: vec![],
        endings: vec![],
        limits: vec![Limit { of: LimitOf::Company, from: None, days: 180 }],
        deals: vec![],
        visits: vec![],
        locks: vec![],
        minimums: vec![],
        leaves: vec![],
        holidays: vec![],
        costs: [None; 3],
    }
}

fn seed() -> u64 {
    let given = std::env::var("FAULT_SEED").ok().and_then(|seed| seed.parse().ok());
    given.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0)
}

fn acts(usual: usize) -> usize {
    std::env::var("FAULT_ACTS").ok().and_then(|acts| acts.parse().ok()).unwrap_or(usual)
}

/// When it begins.
const NOW: OffsetDateTime = datetime!(2026-03-02 09:00 UTC);

/// Lives within this process.
async fn run(count: usize) {
    let seed = seed();
    println!("F18 FAULT_SEED={seed} FAULT_ACTS={count}");
    let mut model = Model::new(TestApp::at(NOW).await, seed).await;
    model.live(count, &SLOWLY).await;
    println!("F18 {}", model.figures());
    assert!(model.compared > 0 && !model.world.deals.is_empty() && !model.world.visits.is_empty());
}

/// Lives in front of a server and a PostgreSQL that are killed.
async fn run_with_faults(count: usize) {
    let seed = seed();
    println!("F18 with faults FAULT_SEED={seed} FAULT_ACTS={count}");
    let fill = async |app| Model::new(app, seed).await;
    let (faulty, mut model) = Faulty::start(NOW, Random(seed).next(), fill).await;
    model.door.faulty = Some(faulty);
    model.live(count, &QUICKLY).await;
    // Some seeds have paid next to nothing by then: they live on.
    for _ in 0..10 {
        if model.has_paid_twice() {
            break;
        }
        model.live(10, &QUICKLY).await;
    }
    model.compare_what_is_there().await;
    let happened = model.door.faulty.take().unwrap().close().await;
    println!("F18 with faults {}; killed: {happened}", model.figures());
    assert!(model.has_paid_twice());
}

#[tokio::test(flavor = "multi_thread")]
async fn random_acts_count_and_pay_as_the_definitions_say() {
    run(acts(300)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make fault: thousands of acts"]
async fn thousands_of_random_acts_count_and_pay_as_the_definitions_say() {
    run(acts(2000)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn random_acts_count_and_pay_although_all_is_killed_at_random() {
    run_with_faults(acts(30)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make fault: hundreds of acts"]
async fn hundreds_of_random_acts_count_and_pay_although_all_is_killed_at_random() {
    run_with_faults(acts(100 * usize::try_from(crate::load::factor()).unwrap())).await;
}

/// The negative control: with a PostgreSQL that acknowledges before it writes, the same comparison finds the loss.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "make fault: the comparison can fail"]
async fn the_model_finds_what_is_lost_without_durable_commits() {
    let seed = seed();
    println!("F18- FAULT_SEED={seed}");
    let fill = async |app| {
        let model = Model::new(app, seed).await;
        sqlx::raw_sql("alter system set synchronous_commit = off").execute(&model.db).await.unwrap();
        model
    };
    let (mut faulty, mut model) = Faulty::start(NOW, seed, fill).await;
    // But for the one that is looked for.
    faulty.seldom = usize::MAX;
    model.door.faulty = Some(faulty);
    model.door.sign_in(&model.people()).await;
    // Else the sessions would be among what is lost.
    sqlx::raw_sql("checkpoint").execute(&model.db).await.unwrap();
    let faulty = model.door.faulty.as_mut().unwrap();
    faulty.halt_wal_writer();
    while model.visits.len() < 5 || model.deals.len() < 5 {
        model.act().await;
    }
    assert_eq!(model.differences().await, Vec::<String>::new());
    model.door.faulty.as_mut().unwrap().kill(Fault::Postgres).await;
    let found = model.differences().await;
    println!("F18- without durable commits: {found:?}");
    assert!(!found.is_empty(), "the comparison sees nothing");
}
