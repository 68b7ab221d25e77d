//! The link that an administrator copies: made for one person, shown once, stored only as a hash.

use serde_json::json;
use time::Duration;

use super::db::{self, Kind};
use crate::{App, audit, domain::id::UserId, postgres::tx::Tx, web::auth};

/// A link as the administrator sees it, once.
#[derive(Clone, Debug)]
pub struct Link {
    /// The whole address.
    pub address: String,
    /// For how many hours it works, in words.
    pub good_for: &'static str,
    /// What it is for.
    pub kind: Kind,
}

/// Makes a link for a person. An earlier one works no longer. It is the caller's to check that `by` may do this.
pub async fn make(app: &App, tx: &mut Tx, user: UserId, kind: Kind, email: &str, by: UserId) -> sqlx::Result<Link> {
    let (token, token_hash) = auth::new_token();
    let (good_for, lifetime) = match kind {
        Kind::Invite => ("72 hours", Duration::hours(72)),
        Kind::Reset => ("30 minutes", Duration::minutes(30)),
    };
    let expires_at = tx.now + lifetime;
    db::put(tx, &token_hash, user, kind, email, by, expires_at).await?;
    let action = match kind {
        Kind::Invite => "user.invited",
        Kind::Reset => "user.reset_link_made",
    };
    audit::db::record(tx, action, &format!("/users/{user}"), json!({ "email": email })).await?;
    Ok(Link { address: app.public_url.link(&format!("/invitations/{token}")), good_for, kind })
}
