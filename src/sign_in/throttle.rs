//! Slows down the guessing of passwords and codes: so many tries per address of the network and per e-mail address.

use std::net::{IpAddr, Ipv6Addr};

use time::{Duration, OffsetDateTime};

use super::db::{self, Bucket};
use crate::{App, web::error::Error};

/// Ten tries at once, then three a minute.
const PER_ADDRESS: Bucket = Bucket { burst: 10.0, per_second: 3.0 / 60.0 };
/// Ten tries at once, then twenty an hour.
const PER_EMAIL: Bucket = Bucket { burst: 10.0, per_second: 20.0 / 3600.0 };
/// In this time every bucket is full again.
const FULL_AFTER: Duration = Duration::hours(1);

/// After so many wrong passwords in a row only a new link from an administrator helps.
pub const MOST_FAILURES: i32 = 100;

/// One try to give a password or a code. Whoever has none left waits ([`Error::TooMany`]).
pub struct Try {
    address: String,
    email: String,
    now: OffsetDateTime,
}

impl Try {
    /// Takes a try from both buckets, before anything is compared: also a try that is broken off counts.
    pub async fn take(app: &App, address: IpAddr, email: &str) -> Result<Self, Error> {
        let now = app.clock.now();
        let this = Self { address: format!("address {}", network(address)), email: format!("email {email}"), now };
        db::take(&app.db, &this.address, PER_ADDRESS, now).await?.map_err(Error::TooMany)?;
        db::take(&app.db, &this.email, PER_EMAIL, now).await?.map_err(Error::TooMany)?;
        Ok(this)
    }

    /// The password was right, and a code is owed: the try does not count, and those before still do.
    pub async fn put_back(self, app: &App) -> Result<(), Error> {
        db::put_back(&app.db, &self.address, PER_ADDRESS).await?;
        db::put_back(&app.db, &self.email, PER_EMAIL).await?;
        Ok(())
    }

    /// All was right: the try does not count, so that many people behind one address can sign in at nine.
    pub async fn succeeded(self, app: &App) -> Result<(), Error> {
        db::put_back(&app.db, &self.address, PER_ADDRESS).await?;
        db::refill(&app.db, &self.email, self.now - FULL_AFTER).await?;
        Ok(())
    }
}

/// What stands for one subscriber: an IPv4 address, or the first 64 bits of an IPv6 address.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("{}/64", Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_in_a_network_share_a_bucket() {
        let network = |address: &str| network(address.parse().unwrap());
        assert_eq!(network("192.0.2.7"), "192.0.2.7");
        assert_eq!(network("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(network("2001:db8:1:2:aaaa::1"), "2001:db8:1:2::/64");
        assert_eq!(network("2001:db8:1:2:bbbb::2"), network("2001:db8:1:2:aaaa::1"));
        assert_ne!(network("2001:db8:1:3::1"), network("2001:db8:1:2::1"));
    }
}
