//! Pictures of mails: those that came with a mail, and, when somebody asks for
//! them, those on other servers, fetched by the desk.
//!
//! A mail is shown in a frame that has no origin and no cookies, so each of its
//! pictures has an address of its own: signed, for one reader, for one picture
//! of one entry, for a few minutes. The address names a place in the stored
//! mail and never another server's address, so the desk fetches for nobody what
//! no mail asked for. Whether the reader may read is looked up again each time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use mail::html::picture::{Picture, is_same_id, pictures, placed};
use switchboard_core::{Actor, Channel, EntryId, Millis, PersonId, TicketNumber};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::view::{FileView, load_visible};
use crate::{Desk, Error};

/// How long the address of a picture works, milliseconds: long enough to scroll
/// through a mail.
pub const LIFE_MS: Millis = 15 * 60_000;
/// Largest picture fetched from another server, in bytes.
pub const MOST_BYTES: usize = 5 << 20;
/// Most points of a picture: a few bytes can claim to be a picture that fills
/// the memory of whoever opens it.
const MOST_PIXELS: u64 = 50_000_000;
/// So many pictures are fetched at once.
const AT_ONCE: usize = 8;
/// So many are fetched for one entry in [`LIFE_MS`]: a reader who looks again a
/// few times, and nobody who uses the desk to call on others.
const MOST_FETCHES: u32 = 300;

/// The types that are shown. Never SVG: it is a program.
const TYPES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/// The type of a picture that may be shown, by its own bytes whatever somebody
/// says it is; `None`: it is none, or larger than any screen needs.
pub fn raster(bytes: &[u8]) -> Option<&'static str> {
    let kind = type_of(bytes)?;
    let size = imagesize::blob_size(bytes).ok()?;
    let pixels = (size.width as u64).saturating_mul(size.height as u64);
    (1..=MOST_PIXELS).contains(&pixels).then_some(kind)
}

/// The type of a picture by how its bytes begin; `None`: none that is shown.
pub fn type_of(bytes: &[u8]) -> Option<&'static str> {
    let [png, jpeg, gif, webp] = TYPES;
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some(png)
    } else if bytes.starts_with(b"\xff\xd8\xff") {
        Some(jpeg)
    } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
        Some(gif)
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Some(webp)
    } else {
        None
    }
}

/// Whether a file says that it is a picture which may be shown within a mail.
pub(crate) fn may_be_shown(media_type: &str) -> bool {
    TYPES.contains(&media_type) || media_type == "image/jpg"
}

/// The pictures of an entry, for the page of its ticket.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Pictures {
    /// Files that are shown within the mail as it was formatted.
    pub inside: Vec<Uuid>,
    /// So many are on other servers.
    pub remote: usize,
}

impl Pictures {
    pub(crate) fn of(html: Option<&str>, files: &[FileView]) -> Pictures {
        let Some(html) = html.filter(|html| html.contains("<img")) else {
            return Pictures::default();
        };
        let (enclosed, remote) = pictures(html);
        let inside = files
            .iter()
            .filter(|file| enclosed.iter().any(|cid| is_meant(file, cid)))
            .map(|file| file.id)
            .collect();
        Pictures {
            inside,
            remote: remote.len(),
        }
    }
}

fn is_meant(file: &FileView, cid: &str) -> bool {
    may_be_shown(&file.media_type)
        && file
            .content_id
            .as_deref()
            .is_some_and(|id| is_same_id(cid, id))
}

/// How a reader came to a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Signed in.
    Session,
    /// By the mailed link of the ticket.
    Link,
}

/// How many fetches there were for each entry lately, and who is waiting.
pub(crate) struct Gate {
    room: Semaphore,
    lately: Mutex<HashMap<EntryId, (Millis, u32)>>,
}

impl Default for Gate {
    fn default() -> Gate {
        Gate {
            room: Semaphore::new(AT_ONCE),
            lately: Mutex::default(),
        }
    }
}

impl Gate {
    /// Counts a fetch; `false`: there were too many.
    fn may(&self, entry: EntryId, now: Millis) -> bool {
        let mut lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        if lately.len() > 10_000 {
            lately.retain(|_, (since, _)| now - *since < LIFE_MS);
        }
        let (since, count) = lately.entry(entry).or_insert((now, 0));
        if now - *since >= LIFE_MS {
            (*since, *count) = (now, 0);
        }
        *count += 1;
        *count <= MOST_FETCHES
    }
}

/// What an address is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ticketed {
    entry: EntryId,
    what: What,
    person: PersonId,
    /// The ticket of the link by which they came.
    link: Option<TicketNumber>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    /// A file of the entry.
    File(Uuid),
    /// A picture on another server, by its place in the mail.
    Remote(usize),
}

impl Ticketed {
    fn text(&self, until: Millis) -> String {
        let what = match self.what {
            What::File(id) => format!("f{}", id.simple()),
            What::Remote(at) => format!("r{at}"),
        };
        let link = self.link.map_or(0, |ticket| ticket.0);
        format!(
            "{}.{what}.{}.{link}.{until}",
            self.entry.0.simple(),
            self.person.0.simple()
        )
    }

    fn read(text: &str) -> Option<(Ticketed, Millis)> {
        let mut parts = text.split('.');
        let entry = EntryId(Uuid::try_parse(parts.next()?).ok()?);
        let what = parts.next()?;
        let what = match what.split_at_checked(1)? {
            ("f", id) => What::File(Uuid::try_parse(id).ok()?),
            ("r", at) => What::Remote(at.parse().ok()?),
            _ => return None,
        };
        let person = PersonId(Uuid::try_parse(parts.next()?).ok()?);
        let link: i64 = parts.next()?.parse().ok()?;
        let until = parts.next()?.parse().ok()?;
        let ticketed = Ticketed {
            entry,
            what,
            person,
            link: (link != 0).then_some(TicketNumber(link)),
        };
        parts.next().is_none().then_some((ticketed, until))
    }
}

impl Desk {
    /// The HTML of an entry that came by mail, safe to show, with addresses for
    /// the pictures that came with it; with `remote` also for those on other
    /// servers, which are fetched when the reader's browser asks for them.
    ///
    /// # Errors
    /// [`Error::NotFound`], also when the actor may not see the entry.
    pub async fn mail_html(
        &self,
        actor: &Actor,
        number: TicketNumber,
        id: EntryId,
        by: By,
        remote: bool,
    ) -> Result<String, Error> {
        let reader = actor.clone();
        let (restricted, html, files) = self
            .0
            .db
            .read(move |c| {
                let not_found = || Error::not_found("such entry");
                let (ticket, access) = load_visible(c, &reader, number)?;
                let entry = store::entry::load(c, id)?
                    .filter(|e| e.ticket == number && access.may_read(e.visibility))
                    .ok_or_else(not_found)?;
                let html = entry.html.ok_or_else(not_found)?;
                let files: Vec<FileView> = store::entry::attachments(c, number)?
                    .into_iter()
                    .filter(|f| f.entry == id)
                    .map(FileView::from)
                    .collect();
                Ok::<_, Error>((ticket.label().is_some(), html, files))
            })
            .await?;
        self.note_read(actor, number, restricted).await?;
        let Some(person) = actor.person else {
            return Ok(placed(&html, |_| None));
        };
        let until = self.now() + LIFE_MS;
        let link = (by == By::Link).then_some(number);
        Ok(placed(&html, |picture| {
            let what = match picture {
                Picture::Enclosed(cid) => {
                    What::File(files.iter().find(|file| is_meant(file, cid))?.id)
                }
                Picture::Remote(at, _) => remote.then_some(What::Remote(at))?,
            };
            let text = Ticketed {
                entry: id,
                what,
                person,
                link,
            }
            .text(until);
            let signature = self.0.secret.sign("picture", &text);
            Some(format!("/pictures/{text}.{signature}"))
        }))
    }

    /// The picture behind an address that [`Desk::mail_html`] gave, and its
    /// type by its own bytes.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the address is not ours, or over, or the reader
    /// may not read the entry any more, or there is no picture to be had;
    /// [`Error::TooMany`] when too many were fetched for the entry.
    pub async fn picture(&self, word: &str) -> Result<(&'static str, Vec<u8>), Error> {
        let none = || Error::not_found("such picture");
        let (text, signature) = word.rsplit_once('.').ok_or_else(none)?;
        if !self.signed("picture", text, signature) {
            return Err(none());
        }
        let (asked, until) = Ticketed::read(text).ok_or_else(none)?;
        if until < self.now() {
            return Err(none());
        }
        let actor = match asked.link {
            None => self.actor_for(asked.person, Channel::Web).await?,
            Some(_) => self.guest_actor(asked.person).await?.ok_or_else(none)?,
        };
        let bytes = match asked.what {
            What::File(id) => {
                let (file, bytes) = self.attachment(&actor, id).await?;
                let elsewhere = asked.link.is_some_and(|ticket| ticket != file.ticket);
                if file.entry != asked.entry || elsewhere {
                    return Err(none());
                }
                bytes
            }
            What::Remote(at) => {
                let url = self.remote_picture(&actor, &asked, at).await?;
                self.fetch_picture(asked.entry, &url).await?
            }
        };
        let kind = raster(&bytes).ok_or_else(none)?;
        Ok((kind, bytes))
    }

    /// The address of a picture that a mail names, for somebody who may read it.
    async fn remote_picture(
        &self,
        actor: &Actor,
        asked: &Ticketed,
        at: usize,
    ) -> Result<String, Error> {
        let (actor, asked) = (actor.clone(), *asked);
        self.0
            .db
            .read(move |c| {
                let none = || Error::not_found("such picture");
                let entry = store::entry::load(c, asked.entry)?.ok_or_else(none)?;
                if asked.link.is_some_and(|ticket| ticket != entry.ticket) {
                    return Err(none());
                }
                let (_, access) = load_visible(c, &actor, entry.ticket)?;
                if !access.may_read(entry.visibility) {
                    return Err(none());
                }
                let html = entry.html.ok_or_else(none)?;
                pictures(&html).1.into_iter().nth(at).ok_or_else(none)
            })
            .await
    }

    async fn fetch_picture(&self, entry: EntryId, url: &str) -> Result<Vec<u8>, Error> {
        let gate = &self.0.pictures;
        if !gate.may(entry, self.now()) {
            return Err(Error::TooMany {
                seconds: LIFE_MS / 1000,
            });
        }
        let closed = |_| Error::Internal("the room for pictures is closed".into());
        let _room = gate.room.acquire().await.map_err(closed)?;
        self.0
            .guard
            .fetch(url, &TYPES.join(", "), MOST_BYTES)
            .await
            .map_err(|fault| {
                // The address may carry a mark of the reader: it is in no log.
                tracing::debug!(entry = %entry.0, why = fault.kind(), "no picture");
                Error::not_found("such picture")
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend([8, 6, 0, 0, 0]);
        bytes
    }

    #[test]
    fn pictures_are_what_their_bytes_are() {
        assert_eq!(raster(&png(20, 10)), Some("image/png"));
        assert_eq!(raster(b"GIF89a\x01\0\x01\0\0\0\0;"), Some("image/gif"));
        for never in [
            &b"<svg xmlns='http://www.w3.org/2000/svg'/>"[..],
            b"<?xml version='1.0'?><svg/>",
            b"<html>",
            b"%PDF-1.7",
            b"BM",
            b"II*\0",
            b"\x89PNG\r\n\x1a\n",
            b"RIFF\0\0\0\0WAVEfmt ",
            b"",
        ] {
            assert_eq!(raster(never), None, "{never:?}");
        }
    }

    /// A flood of points from a few bytes (bar M-08).
    #[test]
    fn a_picture_that_fills_the_memory_is_not_shown() {
        assert_eq!(raster(&png(60_000, 60_000)), None);
        assert_eq!(raster(&png(u32::MAX, u32::MAX)), None);
        assert_eq!(raster(&png(0, 10)), None);
    }

    #[test]
    fn an_address_says_what_it_is_for() {
        for what in [What::File(Uuid::from_u128(7)), What::Remote(59)] {
            for link in [None, Some(TicketNumber(12))] {
                let asked = Ticketed {
                    entry: EntryId(Uuid::from_u128(1)),
                    what,
                    person: PersonId(Uuid::from_u128(2)),
                    link,
                };
                assert_eq!(Ticketed::read(&asked.text(99)), Some((asked, 99)));
            }
        }
        for wrong in ["", "a.b", "1.r1.2.0", "x.r1.y.0.9", "1.r-1.2.0.9.9"] {
            assert_eq!(Ticketed::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn one_entry_is_not_fetched_for_without_end() {
        let gate = Gate::default();
        let one = EntryId(Uuid::from_u128(1));
        assert!((0..MOST_FETCHES).all(|_| gate.may(one, 1000)));
        assert!(!gate.may(one, 1001));
        assert!(gate.may(EntryId(Uuid::from_u128(2)), 1001));
        assert!(gate.may(one, 1000 + LIFE_MS));
    }
}
