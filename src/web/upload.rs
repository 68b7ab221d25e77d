//! A form that carries files: read whole up to a limit, and what is longer read on without being kept.

use axum::{
    extract::{FromRequest, Multipart, Request, multipart::MultipartError},
    http::StatusCode,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    auth::Viewer,
    error::Error,
    form::{INCOMPLETE, Once, is_password, read_key},
};
use crate::App;

/// How many bytes the files of a form may have together. The route takes more, so that a browser that sends too much
/// hears a clear answer instead of a broken connection.
pub const MOST_BYTES: usize = 16 << 20;
/// How many bytes a route that takes files reads at all.
pub const MOST_READ: usize = 64 << 20;
/// A key, or the text of another field.
const LONGEST_TEXT: usize = 1 << 10;

/// The files of a form.
pub struct Upload {
    /// What makes sending it twice harmless.
    pub once: Once,
    /// The files, in the order in which they came; nothing for a field without one.
    pub files: Vec<Uploaded>,
    /// Whether they were more than [`MOST_BYTES`]: then `files` is empty.
    pub too_large: bool,
}

/// One file.
pub struct Uploaded {
    /// What the browser calls it: to be shown and recognised, never a path to anything.
    pub name: String,
    /// What stands in it.
    pub content: Vec<u8>,
}

impl FromRequest<App> for Upload {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self, Error> {
        let path = request.uri().path().to_owned();
        let viewer = request.extensions().get::<Viewer>().map(|me| me.id);
        let mut parts = Multipart::from_request(request, app)
            .await
            .map_err(|_| Error::BadRequest("The form was sent in a way that is not understood."))?;
        let (mut key, mut files, mut size, mut too_large) = (None, vec![], 0, false);
        let mut hash = Sha256::new_with_prefix(path.as_bytes());
        loop {
            let part = match parts.next_field().await {
                Ok(Some(part)) => part,
                Ok(None) => break,
                Err(error) => {
                    too_large = is_too_large(&error)?;
                    break;
                }
            };
            let field = part.name().unwrap_or_default().to_owned();
            let file = part.file_name().map(str::to_owned);
            let most = if file.is_some() { MOST_BYTES - size } else { LONGEST_TEXT };
            let content = match read(part, most).await {
                Ok(content) => content,
                Err(error) => {
                    too_large = is_too_large(&error)?;
                    break;
                }
            };
            match (file, content) {
                (Some(_), None) => too_large = true,
                (Some(name), Some(content)) if !name.is_empty() => {
                    size += content.len();
                    for part in [field.as_bytes(), name.as_bytes(), &content] {
                        hash.update(part.len().to_be_bytes());
                        hash.update(part);
                    }
                    files.push(Uploaded { name, content });
                }
                (None, Some(content)) if field == "once" => {
                    key = Some(read_key(std::str::from_utf8(&content).map_err(|_| INCOMPLETE)?, viewer)?);
                }
                (None, Some(content)) if !is_password(&field) => hash.update(&content),
                _ => {}
            }
        }
        if too_large {
            // Perhaps its key was not read. Nothing comes of it.
            files.clear();
            key = key.or_else(|| Some(Uuid::new_v4()));
        }
        let key = key.ok_or(INCOMPLETE)?;
        Ok(Self { once: Once { key, hash: hash.finalize().into() }, files, too_large })
    }
}

/// What stands in a part; none: it is longer than `most`, and was read to its end without being kept.
async fn read(mut part: axum::extract::multipart::Field<'_>, most: usize) -> Result<Option<Vec<u8>>, MultipartError> {
    let mut content = Some(vec![]);
    while let Some(chunk) = part.chunk().await? {
        content = content.filter(|kept| kept.len() + chunk.len() <= most);
        if let Some(kept) = &mut content {
            kept.extend_from_slice(&chunk);
        }
    }
    Ok(content)
}

/// Whether the whole form is longer than the route reads; anything else that is wrong with it is an error.
fn is_too_large(error: &MultipartError) -> Result<bool, Error> {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return Ok(true);
    }
    Err(Error::BadRequest("The form did not arrive whole. Send it again."))
}
