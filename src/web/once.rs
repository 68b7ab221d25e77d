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

/// What the first step of a state-changing request finds.
pub enum Begun {
    /// The form is new: do its work in this transaction.
    First(Write),
    /// It was sent before: this is the first answer again.
    Again(Response),
}

/// A write transaction that ends in a receipt. Dropped without [`Write::done`], nothing has happened.
pub struct Write {
    tx: Tx,
    once: Once,
}

/// Claims the form's key in a new write transaction. A twin that is still at work is waited for.
pub async fn begin(app: &App, me: &Viewer, once: Once) -> Result<Begun, Error> {
    let mut tx = tx::write(&app.db, me.scope.org, Some(me.id), me.now).await?;
    match receipts::claim(&mut tx, once.key, &once.hash).await? {
        Claim::New => Ok(Begun::First(Write { tx, once })),
        Claim::Again(location) => Ok(Begun::Again(Redirect::to(&location).into_response())),
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
