//! What many people open at once: read once for all of them, and again as soon as anything was written.
//!
//! PostgreSQL says of a snapshot which transactions had ended when it was taken. Two snapshots of which it says the same see
//! the same rows, so what was read from one holds for the other: nothing goes stale, and nothing has to be thrown away.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::OnceCell;

/// So many answers of one snapshot are kept.
const MOST: usize = 64;

/// Answers from the latest snapshot.
pub struct Shared<T>(Mutex<Latest<T>>);

struct Latest<T> {
    snapshot: String,
    answers: HashMap<String, Arc<OnceCell<Arc<T>>>>,
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self(Mutex::new(Latest { snapshot: String::new(), answers: HashMap::new() }))
    }
}

impl<T> Shared<T> {
    /// The answer of a snapshot to what is `asked`: that says everything on which the answer depends beside what the database
    /// holds. The first who asks loads it, the others wait; what could not be loaded is loaded by the next.
    pub async fn get<E>(
        &self,
        snapshot: String,
        asked: String,
        load: impl Future<Output = Result<T, E>>,
    ) -> Result<Arc<T>, E> {
        let answer = self.answer(snapshot, asked);
        answer.get_or_try_init(async || load.await.map(Arc::new)).await.cloned()
    }

    fn answer(&self, snapshot: String, asked: String) -> Arc<OnceCell<Arc<T>>> {
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if latest.snapshot != snapshot || latest.answers.len() >= MOST {
            let _older = mem::replace(&mut *latest, Latest { snapshot, answers: HashMap::new() });
        }
        Arc::clone(latest.answers.entry(asked).or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn an_answer_is_loaded_once_a_snapshot() {
        let (shared, loads) = (Shared::default(), Cell::new(0));
        let ask = async |snapshot: &str, asked: &str| {
            let load = async {
                loads.set(loads.get() + 1);
                Ok::<_, ()>(format!("{asked} of {snapshot}"))
            };
            shared.get(snapshot.to_owned(), asked.to_owned(), load).await.unwrap()
        };
        for (snapshot, asked, expected) in [
            ("1:1:", "north", 1),
            ("1:1:", "north", 1),
            ("1:1:", "south", 2),
            ("1:2:", "north", 3),
            ("1:2:", "north", 3),
        ] {
            assert_eq!(*ask(snapshot, asked).await, format!("{asked} of {snapshot}"));
            assert_eq!(loads.get(), expected, "{snapshot} {asked}");
        }
        for one in 0..1000 {
            ask("1:2:", &one.to_string()).await;
        }
        assert!(shared.0.lock().unwrap().answers.len() <= MOST);
    }

    #[tokio::test]
    async fn what_failed_is_loaded_again() {
        let shared = Shared::default();
        let get = async |result: Result<u8, &'static str>| {
            shared.get("1:1:".to_owned(), String::new(), async { result }).await
        };
        assert_eq!(get(Err("no")).await, Err("no"));
        assert_eq!(get(Ok(1)).await.as_deref(), Ok(&1));
        assert_eq!(get(Ok(2)).await.as_deref(), Ok(&1));
    }
}
