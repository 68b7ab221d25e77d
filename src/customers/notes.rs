//! Notes on a customer's page: whoever records sales there writes; one's own may be taken away, by the manager any.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{find_db, notes_db, show};
use crate::{
    App, audit,
    domain::{
        access::Role,
        id::{CustomerId, NoteId, UserId},
    },
    postgres::tx,
    web::{
        auth::{Allowed, RecordSales},
        error::Error,
        form::{Errors, Form, Nothing, Path},
        list::List,
        once,
        page::Page,
        toast::Toast,
    },
};

/// A note as typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct NoteForm {
    note: String,
}

/// A new note.
pub async fn create(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Path(id): Path<CustomerId>,
    Form { once, fields, .. }: Form<NoteForm>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    find_db::visible(&mut read, &me.scope, me.today, id).await?.ok_or(Error::NotFound)?;
    let mut errors = Errors::new();
    let body = errors.text("note", &fields.note, "The note", 5000);
    if !errors.is_empty() {
        let list = List::new(format!("/customers/{id}"), vec![]);
        return show::draw(&app, &mut read, &me, page, id, &list, (fields.note, errors)).await;
    }
    drop(read);
    let mut write = once::begin(&app, &me, once).await?;
    notes_db::insert(&mut write, id, me.id, &body).await?;
    let path = format!("/customers/{id}");
    audit::db::record(&mut write, "customer.noted", &path, json!({ "new": { "note": body } })).await?;
    write.done_saying(&path, &Toast::new("Note added")).await
}

/// Takes a note away.
pub async fn remove(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    Path((id, note)): Path<(CustomerId, NoteId)>,
    Form { once, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let mut write = once::begin(&app, &me, once).await?;
    find_db::visible(&mut write, &me.scope, me.today, id).await?.ok_or(Error::NotFound)?;
    let gone = notes_db::delete(&mut write, id, note).await?.ok_or(Error::NotFound)?;
    if gone.by != me.id && !me.is(Role::Manager) {
        return Err(Error::Forbidden);
    }
    let path = format!("/customers/{id}");
    let kept = json!({ "id": note, "by": gone.by, "at": gone.at.unix_timestamp_nanos().to_string() });
    let detail = json!({ "old": { "note": gone.body }, "new": {}, "kept": kept });
    audit::db::record(&mut write, "customer.note_removed", &path, detail).await?;
    write.done_saying(&path, &Toast::new("Note removed").undo(format!("{path}/notes/{note}/restore"))).await
}

/// Puts a note back that this person took away today, as it was.
pub async fn restore(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    Path((id, note)): Path<(CustomerId, NoteId)>,
    Form { once, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let mut write = once::begin(&app, &me, once).await?;
    find_db::visible(&mut write, &me.scope, me.today, id).await?.ok_or(Error::NotFound)?;
    let path = format!("/customers/{id}");
    let history = audit::db::history(&mut write, me.scope.org, &me.company.time_zone, &path).await?;
    let removed = history.into_iter().find(|act| act.detail.pointer("/kept/id") == Some(&json!(note)));
    let notes = notes_db::list(&mut write, me.scope.org, id, &me.company.time_zone).await?;
    if removed.is_none() && !notes.iter().any(|one| one.id == note) {
        return Err(Error::NotFound);
    }
    let removed = removed.filter(|act| act.action == "customer.note_removed" && act.user_id == Some(me.id));
    let Some(detail) = removed.filter(|act| act.at.date() == me.today).map(|act| act.detail) else {
        return Err(Error::Conflict("Only a note that you removed today can be put back. Write it again instead."));
    };
    let nanos = detail.pointer("/kept/at").and_then(Value::as_str).and_then(|at| at.parse().ok());
    let kept = notes_db::Kept {
        body: detail.pointer("/old/note").and_then(Value::as_str).unwrap_or_default().to_owned(),
        by: detail.pointer("/kept/by").and_then(Value::as_i64).map_or(me.id, UserId),
        at: nanos.and_then(|at| OffsetDateTime::from_unix_timestamp_nanos(at).ok()).unwrap_or(me.now),
    };
    notes_db::put_back(&mut write, id, &kept).await?;
    let detail = json!({ "old": {}, "new": { "note": kept.body }, "kept": { "id": note } });
    audit::db::record(&mut write, "customer.note_restored", &path, detail).await?;
    write.done_saying(&path, &Toast::new("Note put back")).await
}

/// Where a note is taken away.
pub fn remove_path(customer: CustomerId, note: NoteId) -> String {
    format!("/customers/{customer}/notes/{note}/remove")
}
