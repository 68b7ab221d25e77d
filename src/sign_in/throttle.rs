//! Slows down the guessing of passwords and codes. Whoever guesses uses up tries of the own, never those of people who have
//! signed in where they sit.

use std::net::IpAddr;

use axum::http::HeaderMap;
use time::{Duration, OffsetDateTime};

use super::{
    browsers_db,
    db::{self, Bucket},
};
use crate::{
    App,
    web::{
        auth::{self, BROWSER},
        client::network,
        error::Error,
    },
};

/// Of a network, for whomever: ten tries at once, then three a minute.
const PER_NETWORK: Bucket = Bucket { burst: 10.0, per_second: 3.0 / 60.0 };
/// For one person from one place (a network, a known browser, a session): ten tries at once, then twenty an hour.
const PER_PLACE: Bucket = Bucket { burst: 10.0, per_second: 20.0 / 3600.0 };
/// For one person, of all strangers together, however many networks they have: a hundred at once, then twenty an hour.
const PER_EMAIL: Bucket = Bucket { burst: 100.0, per_second: 20.0 / 3600.0 };
/// In this time every bucket is full again.
const FULL_AFTER: Duration = Duration::hours(5);

/// After so many wrong codes in a row only a new password helps: whoever gives them has the old one.
pub const MOST_FAILURES: i32 = 100;

/// Who gives a password or a code.
#[derive(Clone, Copy, Debug)]
pub enum Guesser {
    /// Somebody who is signed in, by the session's hash.
    Inside([u8; 32]),
    /// Somebody at the door.
    Outside {
        /// From where.
        address: IpAddr,
        /// The hash of the mark that the browser bears.
        mark: Option<[u8; 32]>,
    },
}

impl Guesser {
    /// Whoever sends this request.
    pub fn outside(app: &App, address: IpAddr, headers: &HeaderMap) -> Self {
        Self::Outside { address, mark: auth::token_hash(app, headers, BROWSER) }
    }
}

/// One try to give a password or a code. Whoever has none left waits ([`Error::TooMany`]).
pub struct Try {
    /// The bucket of the person and place.
    own: String,
    /// The buckets that others use, too.
    shared: Vec<(String, Bucket)>,
    now: OffsetDateTime,
}

impl Try {
    /// Takes a try from each bucket, before anything is compared: also a try that is broken off counts.
    pub async fn take(app: &App, who: Guesser, email: &str) -> Result<Self, Error> {
        let now = app.clock.now();
        let (own, shared) = match who {
            Guesser::Inside(session) => (format!("session {}", hex(&session)), vec![]),
            Guesser::Outside { mark: Some(mark), .. } if browsers_db::is_known(&app.db, email, &mark).await? => {
                (format!("browser {} for {email}", hex(&mark)), vec![])
            }
            Guesser::Outside { address, .. } => {
                let network = network(address);
                let shared = vec![(format!("address {network}"), PER_NETWORK), (format!("email {email}"), PER_EMAIL)];
                (format!("address {network} for {email}"), shared)
            }
        };
        let buckets = shared.iter().map(|(key, bucket)| (key, *bucket));
        for (key, bucket) in buckets.chain([(&own, PER_PLACE)]) {
            db::take(&app.db, key, bucket, now).await?.map_err(Error::TooMany)?;
        }
        Ok(Self { own, shared, now })
    }

    /// The password was right, and a code is owed: the try does not count, and those before still do.
    pub async fn put_back(self, app: &App) -> Result<(), Error> {
        db::put_back(&app.db, &self.own, PER_PLACE).await?;
        self.put_back_shared(app).await
    }

    /// All was right: the try does not count, so that many people behind one address can sign in at nine.
    pub async fn succeeded(self, app: &App) -> Result<(), Error> {
        db::refill(&app.db, &self.own, self.now - FULL_AFTER).await?;
        self.put_back_shared(app).await
    }

    async fn put_back_shared(self, app: &App) -> Result<(), Error> {
        for (key, bucket) in self.shared {
            db::put_back(&app.db, &key, bucket).await?;
        }
        Ok(())
    }
}

fn hex(hash: &[u8; 32]) -> String {
    hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
