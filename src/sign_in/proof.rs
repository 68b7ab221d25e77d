//! Proves by a password, and a code where there is a second factor, who somebody is: tries are counted, and the answer
//! tells nobody which addresses exist.

use super::{
    db::{self, SignIn},
    passwords::{self, Verdict},
    second_factor::{self, Used},
    throttle::{Guesser, MOST_FAILURES, Try},
};
use crate::{
    App,
    domain::id::{OrgId, UserId},
    postgres::tx,
    web::{auth::Viewer, error::Error},
};

/// Who signs in with this address and password; nobody if either is wrong, or the person may not sign in. Whoever has a
/// second factor has proved nothing yet ([`by_code`]).
pub async fn by_password(app: &App, from: Guesser, email: &str, password: String) -> Result<Option<SignIn>, Error> {
    let this_try = Try::take(app, from, email).await?;
    let found = db::find(&app.db, email, app.clock.now()).await?;
    let user = found.as_ref().map(|who| who.user);
    let who = compare(app, email, password, found.filter(may_try)).await?;
    match &who {
        // The wrong tries go on counting until the code is right too: else whoever knows the password, and gives it
        // between two guesses, could guess codes without end.
        Some(who) if who.second_factor => this_try.put_back(app).await?,
        Some(_) => {
            db::forget_failures(&app.db, email).await?;
            this_try.succeeded(app).await?;
        }
        None => refused("password", from, user),
    }
    Ok(who)
}

/// Uses up a code of a person who has given the password. Nothing: it is wrong, or was used before. It is guessed as slowly
/// as a password.
pub async fn by_code(app: &App, from: Guesser, org: OrgId, user: UserId, code: &str) -> Result<Option<Used>, Error> {
    let Some(who) = db::of_user(&app.db, org, user, app.clock.now()).await? else { return Ok(None) };
    let this_try = Try::take(app, from, &who.email).await?;
    let mut used = None;
    if may_try(&who) {
        let mut tx = tx::write(&app.db, org, Some(user), app.clock).await?;
        used = second_factor::use_up(&mut tx, app.key.as_deref(), user, code).await?;
        tx.commit().await?;
    }
    if used.is_some() {
        db::forget_failures(&app.db, &who.email).await?;
        this_try.succeeded(app).await?;
    } else {
        refused("code", from, Some(user));
        db::note_failure(&app.db, &who.email).await?;
    }
    Ok(used)
}

/// Whether this is the viewer's password, and the code is right where there is a second factor. Guessing is slowed down as
/// at the door, for this session alone: what strangers try there keeps nobody from working.
pub async fn is_mine(app: &App, me: &Viewer, password: String, code: &str) -> Result<bool, Error> {
    let Some(mine) = db::of_user(&app.db, me.scope.org, me.id, me.now).await? else { return Ok(false) };
    let from = Guesser::Inside(me.session);
    match by_password(app, from, &mine.email, password).await? {
        Some(who) if who.user == me.id && who.second_factor => {
            Ok(by_code(app, from, who.org, who.user, code).await?.is_some())
        }
        who => Ok(who.is_some_and(|who| who.user == me.id)),
    }
}

/// What is told where [`is_mine`] says no.
pub fn not_mine(me: &Viewer) -> &'static str {
    if me.second_factor {
        "The password or the code is wrong. A code counts once: wait for the next one."
    } else {
        "This is not your password."
    }
}

/// Who was meant is logged, where there is such a person; what was typed may be a password, and is not.
fn refused(what: &str, from: Guesser, user: Option<UserId>) {
    let user = user.map(|user| user.0);
    match from {
        Guesser::Inside(_) => tracing::info!(user, "refused a {what} that was asked for again"),
        Guesser::Outside { address, .. } => tracing::info!(%address, user, "refused a {what} at the door"),
    }
}

fn may_try(who: &SignIn) -> bool {
    who.active && who.failures < MOST_FAILURES
}

/// It takes the same time for an address that nobody has.
async fn compare(app: &App, email: &str, password: String, found: Option<SignIn>) -> Result<Option<SignIn>, Error> {
    let stored = found.as_ref().map(|who| who.password_hash.clone());
    Ok(match (passwords::compare(app, password, stored).await?, found) {
        (Verdict::Right, Some(who)) => Some(who),
        (Verdict::RightRehashed(hash), Some(who)) => {
            db::renew_hash(&app.db, email, &who.password_hash, &hash).await?;
            Some(SignIn { password_hash: hash, ..who })
        }
        _ => None,
    })
}
