//! Customers that may be the one that somebody is about to add.

use sqlx::PgConnection;

use super::{
    db::Contact,
    find_db::{self, Named},
};
use crate::{
    domain::{
        customer::similar::{NameKey, telling_domain},
        id::CustomerId,
    },
    web::{auth::Viewer, error::Error},
};

/// How many are shown; others are only more of the same.
const MOST: usize = 10;

/// Customers that may be the same.
#[derive(Clone, Debug, Default)]
pub struct Similar {
    /// Those in sight.
    pub known: Vec<Named>,
    /// How many others there are: whose they are and what they are called is not told.
    pub of_colleagues: i64,
    /// The name that was compared: confirming counts for it only.
    pub name: String,
}

impl Similar {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty() && self.of_colleagues == 0
    }
}

/// Customers of a similar name, the same name first, and those whose contacts have an e-mail address at the same
/// company.
pub async fn find(db: &mut PgConnection, me: &Viewer, name: &str, contacts: &[Contact]) -> Result<Similar, Error> {
    let key = NameKey::of(name);
    let mut found: Vec<(bool, CustomerId)> = find_db::all_names(db, me.scope.org)
        .await?
        .into_iter()
        .map(|(id, other)| (id, NameKey::of(&other)))
        .filter(|(_, other)| key.is_similar(other))
        .map(|(id, other)| (!key.is_same(&other), id))
        .collect();
    found.sort_unstable();
    let domains: Vec<String> = contacts.iter().filter_map(|contact| telling_domain(&contact.email)).collect();
    if !domains.is_empty() {
        let others = find_db::with_domain(db, me.scope.org, &domains).await?;
        found.extend(others.into_iter().map(|id| (true, id)));
    }
    let mut similar = Similar { name: name.to_owned(), ..Similar::default() };
    let mut seen = vec![];
    for (_, id) in found {
        if seen.len() == MOST || seen.contains(&id) {
            continue;
        }
        seen.push(id);
        match find_db::visible(db, &me.scope, me.today, id).await? {
            Some(named) => similar.known.push(named),
            None => similar.of_colleagues += 1,
        }
    }
    Ok(similar)
}
