//! The classes of a company's customers today. They follow from all deals of a year: so pages share them for a minute.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use sqlx::PgConnection;
use time::Date;
use tokio::sync;

use crate::{
    domain::{
        classes::Class,
        id::{CustomerId, OrgId},
    },
    scorecards::worth,
    web::auth::Viewer,
};

/// The classes of customers; who neither bought nor gave back in twelve months has none.
pub type Classes = BTreeMap<CustomerId, Class>;

/// The classes of a day, and the minute in which they were found. Within it they are shown without a look at the deals;
/// targets and pay never read these.
struct Found {
    day: Date,
    minute: i64,
    classes: Arc<Classes>,
}

/// What was found for each company.
#[derive(Default)]
pub struct Shared(Mutex<HashMap<OrgId, Arc<sync::Mutex<Option<Found>>>>>);

impl Shared {
    /// The class of each of the company's customers today, a minute old at most, like what is kept of pages that show them.
    /// Who asks meanwhile waits for the one look.
    pub async fn of(&self, db: &mut PgConnection, me: &Viewer) -> sqlx::Result<Arc<Classes>> {
        let org = me.scope.org;
        let found = Arc::clone(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(org).or_default());
        let mut found = found.lock().await;
        let (day, minute) = (me.today, me.as_of().minute);
        // Who has waited for the look of a later minute takes it.
        if let Some(found) = found.as_ref().filter(|found| found.day == day && found.minute >= minute) {
            return Ok(Arc::clone(&found.classes));
        }
        let classes = worth::classes_on(db, org, &[day], day).await?.remove(&day).unwrap_or_default();
        let classes = Arc::new(classes);
        *found = Some(Found { day, minute, classes: Arc::clone(&classes) });
        Ok(classes)
    }
}
