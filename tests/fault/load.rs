//! Many people who log visits and enter deals at once and note what was acknowledged; and the comparison with what is there.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use sqlx::PgPool;
use tokio::task::JoinSet;

use crate::{
    PATIENCE,
    client::{Browser, Form},
    company::Company,
};

/// How much more than usual `make fault` asks for: clients, seconds, kills.
pub fn factor() -> u32 {
    std::env::var("FAULT_LOAD").ok().and_then(|factor| factor.parse().ok()).unwrap_or(1)
}

/// Before somebody tries again.
const PAUSE: Duration = Duration::from_millis(30);

/// People at work.
pub struct Load {
    over: Arc<AtomicBool>,
    acknowledged: Arc<AtomicU64>,
    people: JoinSet<Told>,
}

/// What somebody was told.
#[derive(Default)]
pub struct Told {
    /// The notes of what was acknowledged.
    pub acknowledged: Vec<String>,
    /// How often which answer came, other than that it is saved.
    pub answers: BTreeMap<u16, u64>,
    /// How often none came.
    pub unanswered: u64,
    /// How many forms were sent twice at once.
    pub twice: u64,
    /// When something was acknowledged.
    moments: Vec<Instant>,
}

/// How what is there differs from what was acknowledged.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Differences {
    pub lost: Vec<String>,
    pub doubled: Vec<String>,
    /// Never acknowledged, and there.
    pub unknown: Vec<String>,
    /// Not in the audit log, or several times.
    pub unaudited: Vec<String>,
}

impl Load {
    /// Puts people to work: each is one of these reps and sends visits and deals in turn, every third form twice at once,
    /// and each again until it is saved.
    pub fn start(company: &Company, reps: &[Browser]) -> Self {
        let (over, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let mut people = JoinSet::new();
        for person in 0..8 * usize::try_from(factor().min(4)).unwrap() {
            let rep = person % reps.len();
            let worker = Worker {
                browser: reps[rep].clone(),
                customers: company.customers[rep].clone(),
                today: company.today.to_string(),
                over: Arc::clone(&over),
                acknowledged: Arc::clone(&acknowledged),
            };
            people.spawn(worker.work(person));
        }
        Self { over, acknowledged, people }
    }

    /// Returns once so many more forms were acknowledged.
    pub async fn more(&self, forms: u64) {
        let (since, before) = (Instant::now(), self.acknowledged.load(Ordering::Relaxed));
        while self.acknowledged.load(Ordering::Relaxed) < before + forms {
            assert!(since.elapsed() < PATIENCE, "nothing is acknowledged any more");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Lets everybody finish what was begun.
    pub async fn finish(mut self) -> Told {
        self.over.store(true, Ordering::Relaxed);
        let mut all = Told::default();
        while let Some(told) = self.people.join_next().await {
            all.add(told.unwrap());
        }
        all.moments.sort_unstable();
        all
    }
}

struct Worker {
    browser: Browser,
    customers: Vec<i64>,
    today: String,
    over: Arc<AtomicBool>,
    acknowledged: Arc<AtomicU64>,
}

impl Worker {
    async fn work(self, person: usize) -> Told {
        let mut told = Told::default();
        for number in 0.. {
            if self.over.load(Ordering::Relaxed) {
                break;
            }
            let note = format!("load {person}-{number}");
            let customer = self.customers[number % self.customers.len()].to_string();
            let form = if number % 2 == 0 {
                visit(&customer, &self.today, &note)
            } else {
                deal(&customer, &self.today, &note)
            };
            if number % 3 == 0 {
                let (first, second) =
                    tokio::join!(until_saved(&self.browser, &form), until_saved(&self.browser, &form));
                assert_eq!(first.0, second.0, "{note}: the second got another answer than the first");
                told.twice += 1;
                told.add(first.1);
                told.add(second.1);
            } else {
                told.add(until_saved(&self.browser, &form).await.1);
            }
            told.acknowledged.push(note);
            told.moments.push(Instant::now());
            self.acknowledged.fetch_add(1, Ordering::Relaxed);
        }
        told
    }
}

/// The form of a visit that took place.
pub fn visit(customer: &str, day: &str, note: &str) -> Form {
    Form::new("/visits", &[("customer", customer), ("visited_on", day), ("kind", "in_person"), ("notes", note)])
}

/// The form of a deal that was won.
pub fn deal(customer: &str, day: &str, note: &str) -> Form {
    let fields = [("stage", "won"), ("item", "Coffee"), ("amount", "10.01"), ("booked_on", day)];
    Form::new("/deals", &[&[("customer", customer), ("notes", note)][..], &fields].concat())
}

/// Sends a form until it is saved, as people do who see nothing or “one moment”; where the answer leads, and what else came.
pub async fn until_saved(browser: &Browser, form: &Form) -> (String, Told) {
    let (mut told, since) = (Told::default(), Instant::now());
    loop {
        match browser.send(form).await {
            Ok(answer) if answer.status == 303 => {
                let to = answer.header("location").to_owned();
                assert!(!to.starts_with("/sign-in"), "the session is lost");
                return (to, told);
            }
            Ok(answer) => {
                if answer.status == 503 {
                    assert_eq!(answer.header("retry-after"), "2");
                }
                *told.answers.entry(answer.status).or_default() += 1;
            }
            Err(_) => told.unanswered += 1,
        }
        assert!(since.elapsed() < PATIENCE, "never saved: {told}");
        tokio::time::sleep(PAUSE).await;
    }
}

impl Told {
    fn add(&mut self, other: Self) {
        self.acknowledged.extend(other.acknowledged);
        self.moments.extend(other.moments);
        self.unanswered += other.unanswered;
        self.twice += other.twice;
        for (status, count) in other.answers {
            *self.answers.entry(status).or_default() += count;
        }
    }

    /// The longest time in which nothing was acknowledged.
    fn gap(&self) -> Duration {
        self.moments.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default()
    }

    /// Compares it with what is there: each form's effect, and each effect's line in the audit log.
    pub async fn compare(&self, db: &PgPool) -> Differences {
        let rows: Vec<(String, i64, i64)> = sqlx::query_as(
            "select n.notes, count(distinct n.object), count(a.id)
             from (
                 select v.notes, '/visits/' || v.id as object from visits v
                 union all
                 select d.notes, '/deals/' || d.id from deals d
             ) n
             left join audit a on a.object = n.object and a.action in ('visit.logged', 'deal.entered')
             where n.notes like 'load %'
             group by n.notes",
        )
        .fetch_all(db)
        .await
        .unwrap();
        let asked: BTreeSet<&str> = self.acknowledged.iter().map(String::as_str).collect();
        let there: BTreeSet<&str> = rows.iter().map(|(note, ..)| note.as_str()).collect();
        let owned = |notes: Vec<&&str>| notes.into_iter().map(|note| (*note).to_owned()).collect();
        Differences {
            lost: owned(asked.difference(&there).collect()),
            unknown: owned(there.difference(&asked).collect()),
            doubled: rows.iter().filter(|(_, count, _)| *count != 1).map(|(note, ..)| note.clone()).collect(),
            unaudited: rows.iter().filter(|(.., lines)| *lines != 1).map(|(note, ..)| note.clone()).collect(),
        }
    }

    /// Fails unless what was acknowledged is there, once, and nothing else; and nobody was told that it is our fault.
    pub async fn is_there_once(&self, db: &PgPool, fault: &str) {
        let found = self.compare(db).await;
        println!("{fault}: {self}, {} lost, {} doubled", found.lost.len(), found.doubled.len());
        assert_eq!(found, Differences::default());
        assert!(!self.acknowledged.is_empty());
        let others: Vec<_> = self.answers.keys().filter(|status| **status != 503).collect();
        assert!(others.is_empty(), "answers other than 303 and 503: {:?}", self.answers);
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { acknowledged, answers, unanswered, twice, .. } = self;
        let (all, gap) = (acknowledged.len(), self.gap());
        write!(f, "{all} acknowledged, {twice} of them sent twice at once, {answers:?} other answers, ")?;
        write!(f, "{unanswered} without an answer, longest gap {:.2} s", gap.as_secs_f32())
    }
}
