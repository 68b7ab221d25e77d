//! The invitations' SQL: links that let somebody choose a password, once and for a short time.

use sqlx::PgPool;
use time::OffsetDateTime;

use crate::{
    domain::id::{OrgId, UserId},
    postgres::tx::Tx,
};

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The first password of a person who has never signed in.
    Invite,
    /// A new password for one who has.
    Reset,
}

impl Kind {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invite => "invite",
            Self::Reset => "reset",
        }
    }
}

/// A link that still works.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// The organization.
    pub org: OrgId,
    /// Whose password is chosen.
    pub user: UserId,
    /// The person's name.
    pub name: String,
    /// The organization's name.
    pub company: String,
    /// The address with which the person will sign in, lower case.
    pub email: String,
    /// Whether this is a new password, not the first one.
    pub is_reset: bool,
}

/// Stores a link in place of the person's earlier one.
pub async fn put(
    tx: &mut Tx,
    token_hash: &[u8],
    user: UserId,
    kind: Kind,
    email: &str,
    created_by: UserId,
    expires_at: OffsetDateTime,
) -> sqlx::Result<()> {
    let (org, now) = (tx.org, tx.now);
    sqlx::query!(
        "insert into invitations (token_hash, org_id, user_id, kind, email, created_by, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict on constraint invitations_user_key do update
         set token_hash = excluded.token_hash, kind = excluded.kind, email = excluded.email,
             created_by = excluded.created_by, created_at = excluded.created_at, expires_at = excluded.expires_at",
        token_hash,
        org as OrgId,
        user as UserId,
        kind.as_str(),
        email,
        created_by as UserId,
        now,
        expires_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What a link's token is good for, without using it up. It is asked before the organization is known.
pub async fn find(db: &PgPool, token_hash: &[u8], now: OffsetDateTime) -> sqlx::Result<Option<Invitation>> {
    sqlx::query_as!(
        Invitation,
        r#"select i.org_id as org, i.user_id as user, u.name, o.name as company, i.email,
                  i.kind = 'reset' as "is_reset!"
           from invitations i
           join organizations o on o.id = i.org_id
           join users u on u.org_id = i.org_id and u.id = i.user_id and u.active
            and (u.left_on is null or u.left_on > ($2::timestamptz at time zone o.time_zone)::date)
           where i.token_hash = $1 and i.expires_at > $2"#,
        token_hash,
        now,
    )
    .fetch_optional(db)
    .await
}

/// Uses a link up; `false` if somebody else was faster.
pub async fn consume(tx: &mut Tx, token_hash: &[u8]) -> sqlx::Result<bool> {
    let (org, now) = (tx.org, tx.now);
    let used = sqlx::query_scalar!(
        "delete from invitations
         where org_id = $1 and token_hash = $2 and expires_at > $3
         returning user_id",
        org as OrgId,
        token_hash,
        now,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(used.is_some())
}

/// Takes back a person's link.
pub async fn withdraw(tx: &mut Tx, user: UserId) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "delete from invitations
         where org_id = $1 and user_id = $2",
        org as OrgId,
        user as UserId,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
