//! What many people open at once: read once for all of them, and again as soon as anything was written.
//!
//! What was read for a request holds for every other one that sees the same facts ([`AsOf`]): of the same organization, with
//! the same mark of its latest write, within the same minute.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::OnceCell;

use crate::{domain::id::OrgId, web::auth::AsOf};

/// So many answers are kept.
const MOST: usize = 64;

/// Answers from the latest facts of each organization.
pub struct Shared<T>(Mutex<HashMap<OrgId, Latest<T>>>);

type Answer<T> = Arc<OnceCell<Arc<T>>>;

struct Latest<T> {
    as_of: AsOf,
    answers: HashMap<String, Answer<T>>,
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Shared<T> {
    /// The answer from these facts to what is `asked`: that says everything on which the answer depends beside what the
    /// database holds. The first who asks loads it, the others wait; what could not be loaded is loaded by the next.
    pub async fn get<E>(
        &self,
        as_of: AsOf,
        asked: String,
        load: impl Future<Output = Result<T, E>>,
    ) -> Result<Arc<T>, E> {
        let answer = self.answer(as_of, asked);
        answer.get_or_try_init(async || load.await.map(Arc::new)).await.cloned()
    }

    fn answer(&self, as_of: AsOf, asked: String) -> Answer<T> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.values().map(|latest| latest.answers.len()).sum::<usize>() >= MOST {
            let _others = mem::take(&mut *all);
        }
        let latest = all.entry(as_of.org).or_insert_with(|| Latest { as_of, answers: HashMap::new() });
        if latest.as_of.minute > as_of.minute {
            return Answer::default(); // Who asks so late shares with nobody.
        }
        if latest.as_of != as_of {
            let _older = mem::replace(latest, Latest { as_of, answers: HashMap::new() });
        }
        Arc::clone(latest.answers.entry(asked).or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use uuid::Uuid;

    use super::*;

    fn facts(org: i64, mark: u128, minute: i64) -> AsOf {
        AsOf { org: OrgId(org), mark: Some(Uuid::from_u128(mark)), minute }
    }

    #[tokio::test]
    async fn an_answer_is_loaded_once_from_the_same_facts() {
        let (shared, loads) = (Shared::default(), Cell::new(0));
        let ask = async |as_of: AsOf, asked: &str| {
            let load = async {
                loads.set(loads.get() + 1);
                Ok::<_, ()>(format!("{asked} of {as_of:?}"))
            };
            shared.get(as_of, asked.to_owned(), load).await.unwrap()
        };
        for (as_of, asked, expected) in [
            (facts(1, 1, 1), "north", 1),
            (facts(1, 1, 1), "north", 1),
            (facts(1, 1, 1), "south", 2),
            (facts(2, 1, 1), "north", 3),
            (facts(1, 1, 1), "north", 3), // another organization writes
            (facts(1, 2, 1), "north", 4), // this one
            (facts(1, 2, 1), "north", 4),
            (facts(1, 2, 2), "north", 5), // a minute is over
            (AsOf { mark: None, ..facts(1, 2, 2) }, "north", 6),
        ] {
            assert_eq!(*ask(as_of, asked).await, format!("{asked} of {as_of:?}"));
            assert_eq!(loads.get(), expected, "{as_of:?} {asked}");
        }
        for one in 0..1000 {
            ask(facts(one % 7, 1, 1), &one.to_string()).await;
            let all = shared.0.lock().unwrap();
            assert!(all.values().map(|latest| latest.answers.len()).sum::<usize>() <= MOST);
        }
    }

    #[tokio::test]
    async fn what_failed_is_loaded_again() {
        let shared = Shared::default();
        let get =
            async |result: Result<u8, &'static str>| shared.get(facts(1, 1, 1), String::new(), async { result }).await;
        assert_eq!(get(Err("no")).await, Err("no"));
        assert_eq!(get(Ok(1)).await.as_deref(), Ok(&1));
        assert_eq!(get(Ok(2)).await.as_deref(), Ok(&1));
    }
}
