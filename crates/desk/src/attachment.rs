//! Files of tickets.

use store::entry::Attachment;
use switchboard_core::{Access, Actor, EntryId, TicketNumber, Visibility};
use uuid::Uuid;

use crate::act::NewFile;
use crate::reads::Door;
use crate::{Desk, Error};

impl Desk {
    /// Stores a file's bytes durably and describes it for the database.
    pub(crate) async fn store_file(
        &self,
        ticket: TicketNumber,
        entry: EntryId,
        file: NewFile,
    ) -> Result<Attachment, Error> {
        let most = self.0.config.max_attachment;
        if file.bytes.len() > most {
            return Err(Error::invalid(
                "files",
                format!(
                    "{:?} has {} bytes; at most {most} are taken",
                    mail::file_name::safe(&file.name),
                    file.bytes.len()
                ),
            ));
        }
        let blobs = self.0.blobs.clone();
        let size = file.bytes.len() as i64;
        let bytes = file.bytes;
        let sha256 = tokio::task::spawn_blocking(move || blobs.put(&bytes))
            .await
            .map_err(|e| Error::Internal(format!("file store: {e}")))??;
        Ok(Attachment {
            id: self.uuid(),
            ticket,
            entry,
            name: mail::file_name::safe(&file.name),
            media_type: safe_media_type(&file.media_type),
            size,
            sha256,
            content_id: file.content_id,
            created_at: self.now(),
        })
    }

    /// A file's description and bytes, for somebody who may read the entry it
    /// came with.
    ///
    /// # Errors
    /// [`Error::NotFound`], also when they may not.
    pub async fn attachment(
        &self,
        actor: &Actor,
        id: Uuid,
    ) -> Result<(Attachment, Vec<u8>), Error> {
        let not_found = || Error::not_found("such attachment");
        let reader = actor.clone();
        let actor = actor.clone();
        let (file, restricted) = self
            .0
            .db
            .read(move |c| {
                let file = store::entry::attachment(c, id)?.ok_or_else(not_found)?;
                let entry = store::entry::load(c, file.entry)?.ok_or_else(not_found)?;
                let ticket = store::ticket::load(c, file.ticket)?.ok_or_else(not_found)?;
                let access = Access::of(&actor, &ticket);
                if access.may_read(entry.visibility) {
                    Ok((file, ticket.visibility == Visibility::Restricted))
                } else {
                    Err(not_found())
                }
            })
            .await?;
        if file.sha256.is_empty() {
            return Err(Error::not_found(
                "such attachment any more (it was removed)",
            ));
        }
        self.note_read_through(&reader, file.ticket, restricted, Door::File)
            .await?;
        let (blobs, name) = (self.0.blobs.clone(), file.sha256.clone());
        let bytes = tokio::task::spawn_blocking(move || blobs.get(&name))
            .await
            .map_err(|e| Error::Internal(format!("file store: {e}")))??
            .ok_or_else(|| Error::Internal(format!("the bytes of attachment {id} are missing")))?;
        Ok((file, bytes))
    }
}

/// A media type as `type/subtype` in lower case, or the one for any bytes.
pub(crate) fn safe_media_type(given: &str) -> String {
    let essence = given.split(';').next().unwrap_or("").trim().to_lowercase();
    let token = |s: &str| {
        !s.is_empty()
            && s.len() <= 100
            && s.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b))
    };
    match essence.split_once('/') {
        Some((kind, sub)) if token(kind) && token(sub) => essence,
        _ => "application/octet-stream".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::safe_media_type;

    #[test]
    fn a_media_type_is_a_type_or_nothing() {
        assert_eq!(safe_media_type("Text/Plain; charset=x"), "text/plain");
        for wrong in ["", "text", "text/", "a b/c", "text/html\r\nX: y"] {
            assert_eq!(
                safe_media_type(wrong),
                "application/octet-stream",
                "{wrong:?}"
            );
        }
    }
}
