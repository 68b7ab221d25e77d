//! A form takes effect at most once: its receipt and its effect commit together.

use std::ops::{Deref, DerefMut};

use axum::response::{IntoResponse, Redirect, Response};

use super::{
    auth::Viewer,
    error::Error,
    form::Once,
    toast::{self, Toast},
};
use crate::{
    App,
    postgres::{
        receipts::{self, Claim},
        tx::{self, Tx},
    },
};

/// A write transaction that ends in a receipt. Dropped without [`Write::done`], nothing has happened.
pub struct Write {
    tx: Tx,
    once: Once,
}

/// Claims the form's key in a new write transaction. A twin that is still at work is waited for.
///
/// # Errors
/// [`Error::SentBefore`], which answers as the first time; [`Error::ReusedForm`].
pub async fn begin(app: &App, me: &Viewer, once: Once) -> Result<Write, Error> {
    claim(tx::write(&app.db, me.scope.org, Some(me.id), app.clock).await?, once).await
}

/// The same in a transaction beside which nobody else writes in the organization ([`tx::alone`]).
pub async fn begin_alone(app: &App, me: &Viewer, once: Once) -> Result<Write, Error> {
    claim(tx::alone(&app.db, me.scope.org, Some(me.id), app.clock).await?, once).await
}

/// The same for an import: as the owner of the database ([`tx::import`]).
pub async fn begin_import(app: &App, me: &Viewer, once: Once) -> Result<Write, Error> {
    claim(tx::import(&app.db, me.scope.org, me.id, app.clock).await?, once).await
}

/// The same for taking an import back ([`tx::import_alone`]).
pub async fn begin_import_alone(app: &App, me: &Viewer, once: Once) -> Result<Write, Error> {
    claim(tx::import_alone(&app.db, me.scope.org, me.id, app.clock).await?, once).await
}

async fn claim(mut tx: Tx, once: Once) -> Result<Write, Error> {
    match receipts::claim(&mut tx, once.key, &once.hash).await? {
        Claim::New => Ok(Write { tx, once }),
        Claim::Again(location) => Err(Error::SentBefore(location)),
        Claim::Reused => Err(Error::ReusedForm),
    }
}

impl Write {
    /// Commits effect and receipt, and sends the browser on (303).
    pub async fn done(mut self, to: &str) -> Result<Response, Error> {
        receipts::settle(&mut self.tx, self.once.key, to).await?;
        self.tx.commit().await?;
        Ok(Redirect::to(to).into_response())
    }

    /// Like [`Write::done`], and the next page says what happened.
    pub async fn done_saying(self, to: &str, toast: &Toast) -> Result<Response, Error> {
        let response = self.done(to).await?;
        Ok(toast::with(response, toast))
    }
}

impl Deref for Write {
    type Target = Tx;
    fn deref(&self) -> &Tx {
        &self.tx
    }
}
impl DerefMut for Write {
    fn deref_mut(&mut self) -> &mut Tx {
        &mut self.tx
    }
}
