//! Proves by a password who somebody is: tries are counted, and the answer tells nobody which addresses exist.

use std::net::IpAddr;

use super::{
    db::{self, SignIn},
    passwords::{self, Verdict},
    throttle::{MOST_FAILURES, Try},
};
use crate::{
    App,
    web::{auth::Viewer, error::Error},
};

/// Who signs in with this address and password; nobody if either is wrong, or the person may not sign in.
pub async fn by_password(app: &App, from: IpAddr, email: &str, password: String) -> Result<Option<SignIn>, Error> {
    let this_try = Try::take(app, from, email).await?;
    let found = db::find(&app.db, email).await?.filter(|who| who.active && who.failures < MOST_FAILURES);
    let who = compare(app, email, password, found).await?;
    if who.is_some() {
        this_try.succeeded(app).await?;
    }
    Ok(who)
}

/// Whether this is the viewer's password. Guessing it is slowed down as at the door.
pub async fn is_mine(app: &App, me: &Viewer, from: IpAddr, password: String) -> Result<bool, Error> {
    let Some(mine) = db::of_user(&app.db, me.scope.org, me.id).await? else { return Ok(false) };
    Ok(by_password(app, from, &mine.email, password).await?.is_some_and(|who| who.user == me.id))
}

/// It takes the same time for an address that nobody has.
async fn compare(app: &App, email: &str, password: String, found: Option<SignIn>) -> Result<Option<SignIn>, Error> {
    let stored = found.as_ref().map(|who| who.password_hash.clone());
    let rehashed = match (passwords::compare(app, password, stored).await?, &found) {
        (Verdict::Right, Some(_)) => None,
        (Verdict::RightRehashed(hash), Some(_)) => Some(hash),
        _ => {
            db::note_failure(&app.db, email).await?;
            return Ok(None);
        }
    };
    db::note_success(&app.db, email, rehashed.as_deref()).await?;
    Ok(found)
}
