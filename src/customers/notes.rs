//! Notes on a customer's page: whoever records sales there writes; one's own may be taken away, by the manager any.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use serde_json::json;

use super::{find_db, notes_db, show};
use crate::{
    App, audit,
    domain::{
        access::Role,
        id::{CustomerId, NoteId},
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
        return show::draw(&mut read, &me, page, id, &list, fields.note, errors).await;
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
    let (body, by) = notes_db::delete(&mut write, id, note).await?.ok_or(Error::NotFound)?;
    if by != me.id && !me.is(Role::Manager) {
        return Err(Error::Forbidden);
    }
    let path = format!("/customers/{id}");
    let detail = json!({ "old": { "note": body }, "new": {} });
    audit::db::record(&mut write, "customer.note_removed", &path, detail).await?;
    write.done_saying(&path, &Toast::new("Note removed")).await
}

/// Where a note is taken away.
pub fn remove_path(customer: CustomerId, note: NoteId) -> String {
    format!("/customers/{customer}/notes/{note}/remove")
}
