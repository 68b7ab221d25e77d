//! The threads that hash passwords: few, and they let pages go first.

use std::{
    io, panic,
    sync::{Arc, Mutex, OnceLock, PoisonError, mpsc},
    thread,
};

use tokio::sync::{Semaphore, oneshot};

use super::argon::Memory;
use crate::web::error::Error;

type Job = Box<dyn FnOnce(&mut Memory) + Send>;

/// How much a hash lets pages go first (`nice`): a core that both want is theirs to nine tenths.
const POLITENESS: i32 = 10;

/// Where passwords are hashed. The threads begin with the first one and end with this; each keeps its memory for the next.
pub struct Hashing {
    /// How many more may be hashed at once.
    pub places: Semaphore,
    threads: usize,
    jobs: OnceLock<mpsc::Sender<Job>>,
}

impl Default for Hashing {
    /// Half of the cores stay for pages, however many sign in: each hash takes 19 MiB and 15 ms of a core.
    fn default() -> Self {
        let threads = thread::available_parallelism().map_or(1, |cores| cores.get() / 2).clamp(1, 4);
        Self { places: Semaphore::new(threads), threads, jobs: OnceLock::new() }
    }
}

impl Hashing {
    /// Only so many at once, and never on a thread that serves others.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let _place = self.places.acquire().await.map_err(broken)?;
        let (tell, told) = oneshot::channel();
        let job = move |memory: &mut Memory| {
            // Whoever asked may have gone.
            let _unheard = tell.send(work(memory));
        };
        self.jobs()?.send(Box::new(job)).map_err(broken)?;
        told.await.map_err(broken)?
    }

    fn jobs(&self) -> Result<&mpsc::Sender<Job>, Error> {
        if let Some(jobs) = self.jobs.get() {
            return Ok(jobs);
        }
        let (jobs, next) = mpsc::channel();
        let next = Arc::new(Mutex::new(next));
        for _ in 0..self.threads {
            begin(Arc::clone(&next)).map_err(broken)?;
        }
        // Somebody else may have been first: then these threads end.
        Ok(self.jobs.get_or_init(|| jobs))
    }
}

fn begin(next: Arc<Mutex<mpsc::Receiver<Job>>>) -> io::Result<thread::JoinHandle<()>> {
    thread::Builder::new().name("passwords".to_owned()).spawn(move || {
        // Where the system does not know of it, hashes are a little less polite.
        let _niceness = rustix::process::nice(POLITENESS);
        let mut memory = Memory::new();
        loop {
            // As a statement of its own: the others look for their next one meanwhile.
            let job = next.lock().unwrap_or_else(PoisonError::into_inner).recv();
            match job {
                Ok(job) => {
                    // Whoever asked hears that no answer comes; the thread goes on for others.
                    let _fault = panic::catch_unwind(panic::AssertUnwindSafe(|| job(&mut memory)));
                }
                Err(mpsc::RecvError) => return,
            }
        }
    })
}

fn broken(error: impl std::fmt::Display) -> Error {
    Error::Internal(format!("password hashing: {error}"))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, time::Duration};

    use super::*;

    #[tokio::test]
    async fn hashes_share_the_same_few_polite_threads() {
        let hashing = Arc::new(Hashing::default());
        let mut all = tokio::task::JoinSet::new();
        for number in 0..40 {
            let hashing = Arc::clone(&hashing);
            all.spawn(async move {
                let work = move |_: &mut Memory| {
                    thread::sleep(Duration::from_millis(1));
                    Ok((number, format!("{:?}", thread::current().id()), rustix::process::nice(0)))
                };
                hashing.run(work).await.ok().unwrap()
            });
        }
        let done = all.join_all().await;
        assert_eq!(done.iter().map(|(number, ..)| *number).collect::<BTreeSet<_>>().len(), 40);
        let threads: BTreeSet<&String> = done.iter().map(|(_, thread, _)| thread).collect();
        assert!(threads.len() <= hashing.threads, "{threads:?}");
        let mine = rustix::process::nice(0).unwrap();
        assert!(done.iter().all(|(.., nice)| nice.is_ok_and(|nice| nice >= (mine + POLITENESS).min(19))));
    }

    #[tokio::test]
    async fn a_fault_is_told_and_stops_nobody_else() {
        let hashing = Hashing::default();
        for _ in 0..=hashing.threads {
            assert!(hashing.run(|_| Err::<(), _>(Error::NotFound)).await.is_err());
            assert!(hashing.run(|_| -> Result<(), Error> { panic!("a fault") }).await.is_err());
            assert!(hashing.run(|_| Ok(())).await.is_ok());
        }
    }
}
