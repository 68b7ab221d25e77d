//! The SQL of plan letters: their words are written once; acceptances, questions and reminders are added and never changed.

use sqlx::PgConnection;
use time::{Date, PrimitiveDateTime};

use crate::{
    domain::{
        access::Scope,
        id::{LetterId, OrgId, PlanId, PlanVersionId, UserId},
    },
    postgres::tx::Tx,
};

/// A letter, with what became of it.
#[derive(Clone, Debug)]
pub struct LetterRow {
    /// The letter.
    pub id: LetterId,
    /// Whose plan it tells.
    pub rep_id: UserId,
    /// The rep's name today.
    pub rep: String,
    /// The plan.
    pub plan_id: PlanId,
    /// Its name.
    pub plan: String,
    /// The version.
    pub version_id: PlanVersionId,
    /// The number of it.
    pub number: i32,
    /// Since when it holds for the rep.
    pub from_date: Date,
    /// Its words, as JSON.
    pub body: String,
    /// SHA-256 of them.
    pub digest: Vec<u8>,
    /// Who published it.
    pub published_by: String,
    /// When, in the company's time zone.
    pub published_at: PrimitiveDateTime,
    /// What the rep typed as name, once accepted.
    pub typed_name: Option<String>,
    /// When it was accepted, in the company's time zone.
    pub accepted_at: Option<PrimitiveDateTime>,
    /// When the rep was reminded last, in the company's time zone.
    pub reminded_at: Option<PrimitiveDateTime>,
    /// Whether the rep's last question has no answer yet.
    pub is_asked: bool,
    /// Whether a newer letter has taken its place, or the rep is not on the plan any more.
    pub is_past: bool,
}

/// Which letters are asked for; all of them is none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Which {
    /// One of them.
    pub id: Option<LetterId>,
    /// Those of a person.
    pub rep: Option<UserId>,
    /// Those of a version: the newest of each rep.
    pub version: Option<PlanVersionId>,
}

/// Letters within reach, the newest first, 500 at most.
pub async fn letters(db: &mut PgConnection, scope: &Scope, which: Which, today: Date) -> sqlx::Result<Vec<LetterRow>> {
    sqlx::query_as!(
        LetterRow,
        r#"select l.id, l.rep_id, r.name as rep, v.plan_id, p.name as plan, l.version_id, v.number, l.from_date, l.body,
                  l.digest, b.name as published_by, l.published_at at time zone o.time_zone as "published_at!",
                  a.typed_name as "typed_name?", a.accepted_at at time zone o.time_zone as "accepted_at?",
                  (
                      select max(m.reminded_at)
                      from plan_letter_reminders m
                      where m.org_id = l.org_id and m.letter_id = l.id
                  ) at time zone o.time_zone as "reminded_at?",
                  coalesce((
                      select q.written_by = l.rep_id
                      from plan_letter_messages q
                      where q.org_id = l.org_id and q.letter_id = l.id
                      order by q.id desc
                      limit 1
                  ), false) as "is_asked!",
                  exists (
                      select from plan_letters n
                      where n.org_id = l.org_id and n.rep_id = l.rep_id and n.id > l.id and n.from_date <= l.from_date
                  ) or not exists (
                      select from plan_assignments s
                      where s.org_id = l.org_id and s.rep_id = l.rep_id and s.plan_id = v.plan_id
                        and s.during @> greatest(l.from_date, $6)
                  ) as "is_past!"
           from plan_letters l
           join organizations o on o.id = l.org_id
           join plan_versions v on v.org_id = l.org_id and v.id = l.version_id
           join plans p on p.org_id = v.org_id and p.id = v.plan_id
           join users r on r.org_id = l.org_id and r.id = l.rep_id
           join users b on b.org_id = l.org_id and b.id = l.published_by
           left join plan_letter_acceptances a on a.org_id = l.org_id and a.letter_id = l.id
           where l.org_id = $1 and ($2::bigint[] is null or l.rep_id = any ($2))
             and ($3::bigint is null or l.id = $3) and ($4::bigint is null or l.rep_id = $4)
             and ($5::bigint is null or l.version_id = $5 and not exists (
                 select from plan_letters n
                 where n.org_id = l.org_id and n.version_id = l.version_id and n.rep_id = l.rep_id and n.id > l.id
             ))
           order by l.id desc
           limit 500"#,
        scope.org as OrgId,
        scope.reps() as Option<&[UserId]>,
        which.id as Option<LetterId>,
        which.rep as Option<UserId>,
        which.version as Option<PlanVersionId>,
        today,
    )
    .fetch_all(db)
    .await
}

/// Words for a rep.
pub struct NewLetter {
    /// Whose.
    pub rep: UserId,
    /// Since when they hold.
    pub from: Date,
    /// The letter as JSON.
    pub body: String,
}

/// Publishes letters of a version, each unless its rep's newest one of the version has the same words. For whom it did.
pub async fn publish(tx: &mut Tx, version: PlanVersionId, letters: &[NewLetter]) -> sqlx::Result<Vec<UserId>> {
    let (org, actor, now) = (tx.org, tx.actor, tx.now);
    let reps: Vec<i64> = letters.iter().map(|letter| letter.rep.0).collect();
    let from: Vec<Date> = letters.iter().map(|letter| letter.from).collect();
    let bodies: Vec<&str> = letters.iter().map(|letter| letter.body.as_str()).collect();
    sqlx::query_scalar!(
        r#"insert into plan_letters (org_id, version_id, rep_id, from_date, body, digest, published_by, published_at)
           select $1, $2, n.rep_id, n.from_date, n.body, sha256(convert_to(n.body, 'UTF8')), $6, $7
           from unnest($3::bigint[], $4::date[], $5::text[]) as n (rep_id, from_date, body)
           where n.body is distinct from (
               select l.body
               from plan_letters l
               where l.org_id = $1 and l.version_id = $2 and l.rep_id = n.rep_id
               order by l.id desc
               limit 1
           )
           returning rep_id as "rep_id: UserId""#,
        org as OrgId,
        version as PlanVersionId,
        &reps,
        &from,
        &bodies as &[&str],
        actor as Option<UserId>,
        now,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Notes that a rep accepts these words under a name.
pub async fn accept(tx: &mut Tx, letter: LetterId, rep: UserId, digest: &[u8], name: &str) -> sqlx::Result<()> {
    let (org, now) = (tx.org, tx.now);
    sqlx::query!(
        "insert into plan_letter_acceptances (org_id, letter_id, rep_id, digest, typed_name, accepted_at)
         values ($1, $2, $3, $4, $5, $6)",
        org as OrgId,
        letter as LetterId,
        rep as UserId,
        digest,
        name,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Reminds the reps of letters. A reminder of the same instant is the same.
pub async fn remind(tx: &mut Tx, letters: &[LetterId]) -> sqlx::Result<()> {
    let (org, actor, now) = (tx.org, tx.actor, tx.now);
    sqlx::query!(
        "insert into plan_letter_reminders (org_id, letter_id, reminded_by, reminded_at)
         select $1, n.letter_id, $3, $4
         from unnest($2::bigint[]) as n (letter_id)
         on conflict on constraint plan_letter_reminders_pkey do nothing",
        org as OrgId,
        letters as &[LetterId],
        actor as Option<UserId>,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A question about a letter, or an answer.
pub struct MessageRow {
    /// Who wrote it.
    pub who: String,
    /// What.
    pub words: String,
    /// When, in the company's time zone.
    pub at: PrimitiveDateTime,
}

/// What was asked and answered about a letter, in order of time.
pub async fn messages(db: &mut PgConnection, org: OrgId, letter: LetterId) -> sqlx::Result<Vec<MessageRow>> {
    sqlx::query_as!(
        MessageRow,
        r#"select u.name as who, m.words, m.written_at at time zone o.time_zone as "at!"
           from plan_letter_messages m
           join organizations o on o.id = m.org_id
           join users u on u.org_id = m.org_id and u.id = m.written_by
           where m.org_id = $1 and m.letter_id = $2
           order by m.id
           limit 500"#,
        org as OrgId,
        letter as LetterId,
    )
    .fetch_all(db)
    .await
}

/// Adds a question or an answer.
pub async fn write(tx: &mut Tx, letter: LetterId, words: &str) -> sqlx::Result<()> {
    let (org, actor, now) = (tx.org, tx.actor, tx.now);
    sqlx::query!(
        "insert into plan_letter_messages (org_id, letter_id, written_by, words, written_at)
         values ($1, $2, $3, $4, $5)",
        org as OrgId,
        letter as LetterId,
        actor as Option<UserId>,
        words,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
