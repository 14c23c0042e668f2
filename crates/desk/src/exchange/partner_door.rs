//! What partner desks call here: each request is verified, then a piece of their
//! log is taken, or a piece of ours given.

use connect::signature::{self, Message};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::Conn;
use store::partner::{Dead, Partner, State};
use switchboard_core::Millis;
use switchboard_core::exchange::{Batch, Change, Deed, SenderInput};

use super::given::catch_up;
use super::invitation::{Acceptance, Refusal};
use super::joint::{self, Road};
use super::partner::{Identity, expect};
use crate::{Desk, Error, Live};

/// Bytes of a piece of a log, beyond which no change is added.
pub(super) const PIECE_BYTES: usize = 1024 * 1024;
/// Changes in a piece that is taken.
const MOST_CHANGES: usize = 1_000;
/// For so long a file that nothing names yet is kept.
const UNNAMED_MS: Millis = 24 * 3_600_000;

/// A request as it came.
#[derive(Debug, Clone, Default)]
pub struct Called {
    /// The method, in capitals.
    pub method: String,
    /// The path, as it stands in the request.
    pub path: String,
    /// What stands behind the `?`.
    pub query: String,
    /// `Signature-Input`.
    pub input: Option<String>,
    /// `Signature`.
    pub signature: Option<String>,
    /// `Content-Digest`.
    pub digest: Option<String>,
    /// `Exchange-To`.
    pub to: Option<String>,
}

/// A piece of a log, as it goes over the wire.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Piece {
    /// The place of the first change.
    pub from: u64,
    /// The changes of this place and those that follow.
    pub changes: Vec<Value>,
}

/// What became of a piece.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// Everything up to this place is recorded.
    pub recorded: u64,
    /// Files that changes in the piece name and that are not here yet, by SHA-256
    /// in hex: nothing was recorded, they are to be sent first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing_files: Vec<String>,
}

/// How the two logs between a partner and this desk stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logs {
    /// The last place of this desk's log for the partner.
    pub end: u64,
    /// The partner has said that it recorded up to here.
    pub acked: u64,
    /// This desk has recorded the partner's log up to here.
    pub recorded: u64,
}

fn unbelieved(why: impl std::fmt::Display) -> Error {
    Error::Unauthenticated(why.to_string())
}

impl Called {
    fn header<'a>(name: &str, value: &'a Option<String>) -> Result<&'a str, Error> {
        value
            .as_deref()
            .ok_or_else(|| unbelieved(format!("{name}: is missing; each request is signed")))
    }

    /// Reads the signature and compares the digest with the body.
    fn given(&self, me: &str, body: &[u8]) -> Result<signature::Given, Error> {
        let given = signature::read(
            Self::header("Signature-Input", &self.input)?,
            Self::header("Signature", &self.signature)?,
        )
        .map_err(unbelieved)?;
        let to = Self::header("Exchange-To", &self.to)?;
        if to != me {
            return Err(unbelieved(format!("Exchange-To: this desk is {me}")));
        }
        let digest = Self::header("Content-Digest", &self.digest)?;
        signature::check_digest(digest, body).map_err(unbelieved)?;
        Ok(given)
    }

    fn message(&self) -> Message<'_> {
        Message {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            content_digest: self.digest.as_deref().unwrap_or_default(),
            to: self.to.as_deref().unwrap_or_default(),
        }
    }
}

impl Desk {
    /// Which partner made a request; it is believed once.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] says why it is not believed;
    /// [`Error::Forbidden`] when the partnership has ended, [`Error::Unavailable`]
    /// while it is paused.
    pub async fn partner_calls(&self, called: &Called, body: &[u8]) -> Result<Partner, Error> {
        let given = called.given(self.exchange_name()?.as_str(), body)?;
        let stranger = || unbelieved("Signature-Input: keyid names no partner of this desk");
        let keyid = switchboard_core::exchange::DeskId::new(&given.claims.keyid);
        let keyid = keyid.ok_or_else(stranger)?;
        let partner = self
            .0
            .db
            .read(move |c| store::partner::by_desk(c, &keyid).map_err(Error::from))
            .await?
            .ok_or_else(stranger)?;
        given
            .verify(&partner.public_key, &called.message(), self.now() / 1_000)
            .map_err(unbelieved)?;
        match partner.state {
            State::Active => {}
            State::Paused => {
                let why = "this desk has paused the exchange: try again later";
                return Err(Error::Unavailable(why.into()));
            }
            State::Ended => {
                let why = "this desk has ended the exchange with yours";
                return Err(Error::Forbidden(why.into()));
            }
        }
        let (id, now) = (partner.id, self.now());
        let (nonce, until) = (given.claims.nonce.clone(), given.remembered() * 1_000);
        let first = self
            .0
            .db
            .write(move |c| {
                store::partner::forget_nonces(c, now)?;
                store::partner::first_time(c, id, &nonce, until).map_err(Error::from)
            })
            .await?;
        if !first {
            let why = "Signature-Input: this request was here before; sign it anew";
            return Err(unbelieved(why));
        }
        Ok(partner)
    }

    /// Another desk accepts an invitation: signed with the key that it brings.
    ///
    /// # Errors
    /// As [`Desk::partner_calls`]; [`Error::Forbidden`] when the invitation is
    /// none, is over, or was taken by another.
    pub async fn acceptance_called(
        &self,
        called: &Called,
        body: &[u8],
        accepted: Acceptance,
    ) -> Result<Identity, Error> {
        self.invited_calls(called, body, &accepted.from)?;
        self.take_acceptance(accepted).await
    }

    /// Another desk declines an invitation of this one: signed with the key that it
    /// brings.
    ///
    /// # Errors
    /// As [`Desk::partner_calls`]; [`Error::Forbidden`] when the invitation is none, is
    /// over, or was taken.
    pub async fn refusal_called(
        &self,
        called: &Called,
        body: &[u8],
        refusal: Refusal,
    ) -> Result<(), Error> {
        self.invited_calls(called, body, &refusal.from)?;
        self.take_refusal(refusal).await
    }

    /// Whether a request is signed by who it says it is from, with the key that it brings.
    fn invited_calls(&self, called: &Called, body: &[u8], from: &Identity) -> Result<(), Error> {
        let given = called.given(self.exchange_name()?.as_str(), body)?;
        if given.claims.keyid != from.desk.as_str() {
            let why = "Signature-Input: keyid is another desk than from.desk";
            return Err(unbelieved(why));
        }
        given
            .verify(&from.public_key, &called.message(), self.now() / 1_000)
            .map_err(unbelieved)
    }

    /// Takes a piece of a partner's log in: its changes, what follows from them and
    /// the cursor are one transaction.
    ///
    /// # Errors
    /// Names `changes` when there are too many; when the database can not be
    /// written, and then nothing of it was.
    pub async fn take_piece(&self, partner: &Partner, piece: Piece) -> Result<Recorded, Error> {
        if piece.changes.len() > MOST_CHANGES {
            let what = format!("takes {MOST_CHANGES} at most at a time");
            return Err(Error::invalid("changes", what));
        }
        if piece.from == 0 {
            return Err(Error::invalid("from", "takes a place, from 1"));
        }
        let missing = self.missing_files(partner, &piece).await?;
        if !missing.is_empty() {
            return Ok(Recorded {
                recorded: partner.receiver.cursor,
                missing_files: missing,
            });
        }
        let (desk, id, catalogue) = (self.clone(), partner.id, self.catalogue().await?);
        let now = self.now();
        let (recorded, live) = self
            .0
            .db
            .write(move |c| {
                let mut partner = expect(c, id)?;
                let mut live = Vec::new();
                if partner.state != State::Active {
                    return Ok((partner.receiver.cursor, live));
                }
                let road = Road {
                    desk: &desk,
                    catalogue: &catalogue,
                    me: desk.exchange_name()?,
                    now,
                };
                live.extend(catch_up(c, &desk, &catalogue, now)?);
                for part in parts(&piece) {
                    live.extend(take_part(c, &road, &mut partner, part)?);
                }
                partner.came_at = Some(now);
                store::partner::save(c, &partner)?;
                Ok::<_, Error>((partner.receiver.cursor, live))
            })
            .await?;
        if !live.is_empty() {
            self.announce(live);
        }
        Ok(Recorded {
            recorded,
            missing_files: Vec::new(),
        })
    }

    /// Of the files that a piece names those that are not here.
    async fn missing_files(&self, partner: &Partner, piece: &Piece) -> Result<Vec<String>, Error> {
        if !partner.terms.files {
            return Ok(Vec::new());
        }
        let most = u64::try_from(self.config().max_attachment).unwrap_or(u64::MAX);
        let mut named: Vec<String> = Vec::new();
        for (place, value) in (piece.from..).zip(&piece.changes) {
            if place <= partner.receiver.cursor {
                continue;
            }
            if let Ok(change) = serde_json::from_value::<Change>(value.clone())
                && let Deed::AttachmentAdded { attachment: a } = change.deed
                && !a.sha256.is_empty()
                && a.bytes <= most
            {
                named.push(a.sha256);
            }
        }
        if named.is_empty() {
            return Ok(named);
        }
        let blobs = self.0.blobs.clone();
        tokio::task::spawn_blocking(move || {
            // What is no digest is nobody's file.
            named.retain(|name| matches!(blobs.has(name), Ok(false)));
            named.sort_unstable();
            named.dedup();
            named
        })
        .await
        .map_err(|e| Error::Internal(format!("file store: {e}")))
    }

    /// What comes after a place of this desk's log for a partner. That it asks
    /// from there says that it has recorded up to there.
    ///
    /// # Errors
    /// When the database can not be written.
    pub async fn give_piece(&self, partner: &Partner, after: u64) -> Result<Piece, Error> {
        let (id, now) = (partner.id, self.now());
        self.0
            .db
            .write(move |c| {
                let mut partner = expect(c, id)?;
                told_end(&mut partner, now);
                if after > partner.sender.acked {
                    super::curve::went(c, &partner, after, now)?;
                    partner.sender.step(SenderInput::Acked(after), now);
                }
                let sending = partner.sender.step(SenderInput::Pulled(after), now);
                store::partner::save(c, &partner)?;
                match sending {
                    Some(s) => piece(c, &partner, s.from, s.upto),
                    None => Ok(Piece {
                        from: after + 1,
                        changes: Vec::new(),
                    }),
                }
            })
            .await
    }

    /// How the logs between a partner and this desk stand.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn peer_logs(&self, partner: &Partner) -> Result<Logs, Error> {
        let id = partner.id;
        let p = self.0.db.read(move |c| expect(c, id)).await?;
        Ok(Logs {
            end: p.log_end,
            acked: p.sender.acked,
            recorded: p.receiver.cursor,
        })
    }

    /// Keeps the bytes of a file that a partner's changes name.
    ///
    /// # Errors
    /// [`Error::Forbidden`] when no files may pass; names `sha256` when the bytes
    /// have another, and the body when it is too large.
    pub async fn take_peer_file(
        &self,
        partner: &Partner,
        sha256: &str,
        bytes: Vec<u8>,
    ) -> Result<(), Error> {
        if !partner.terms.files {
            return Err(Error::Forbidden("the agreement lets no files pass".into()));
        }
        let most = self.config().max_attachment;
        if bytes.len() > most {
            let what = format!("at most {most} bytes are taken");
            return Err(Error::invalid("body", what));
        }
        let blobs = self.0.blobs.clone();
        let name = tokio::task::spawn_blocking(move || blobs.put(&bytes))
            .await
            .map_err(|e| Error::Internal(format!("file store: {e}")))??;
        let (kept, later) = (name.clone(), self.now() + UNNAMED_MS);
        // Should no change name it after all.
        self.0
            .db
            .write(move |c| store::doomed_file::doom(c, &kept, later).map_err(Error::from))
            .await?;
        if name != sha256 {
            return Err(Error::invalid("sha256", "is not that of the bytes"));
        }
        Ok(())
    }

    /// The bytes of a file that this desk's log for a partner names.
    ///
    /// # Errors
    /// [`Error::NotFound`] for every other file.
    pub async fn give_peer_file(&self, partner: &Partner, sha256: &str) -> Result<Vec<u8>, Error> {
        let none = || Error::not_found("such file");
        let (id, name) = (partner.id, sha256.to_owned());
        let may = partner.terms.files
            && self
                .0
                .db
                .read(move |c| store::shared::may_fetch(c, id, &name).map_err(Error::from))
                .await?;
        if !may {
            return Err(none());
        }
        let (blobs, name) = (self.0.blobs.clone(), sha256.to_owned());
        tokio::task::spawn_blocking(move || blobs.get(&name))
            .await
            .map_err(|e| Error::Internal(format!("file store: {e}")))??
            .ok_or_else(none)
    }
}

/// Tells the sender what was put into its log since.
pub(super) fn told_end(
    partner: &mut Partner,
    now: Millis,
) -> Option<switchboard_core::exchange::Sending> {
    let fresh = partner.log_end.saturating_sub(partner.sender.end);
    (fresh > 0)
        .then(|| partner.sender.step(SenderInput::Appended(fresh), now))
        .flatten()
}

/// These places of the log for a partner, as many as fit into a message.
pub(super) fn piece(
    c: &mut Conn<'_>,
    partner: &Partner,
    from: u64,
    upto: u64,
) -> Result<Piece, Error> {
    let (mut changes, mut bytes) = (Vec::new(), 0);
    for logged in store::partner::log(c, partner.id, from, upto)? {
        bytes += logged.doc.len();
        if !changes.is_empty() && bytes > PIECE_BYTES {
            break;
        }
        let value: Value = serde_json::from_str(&logged.doc)
            .map_err(|e| Error::Internal(format!("place {}: {e}", logged.place)))?;
        changes.push(value);
    }
    Ok(Piece { from, changes })
}

/// A part of a piece.
enum Part {
    /// Changes that can be read.
    Changes(Batch),
    /// One that can not, its place and why.
    Unreadable(u64, Value, String),
}

fn parts(piece: &Piece) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for (place, value) in (piece.from..).zip(&piece.changes) {
        match serde_json::from_value::<Change>(value.clone()) {
            Ok(change) => match parts.last_mut() {
                Some(Part::Changes(batch)) => batch.changes.push(change),
                _ => parts.push(Part::Changes(Batch {
                    from: place,
                    changes: vec![change],
                })),
            },
            Err(e) => parts.push(Part::Unreadable(place, value.clone(), e.to_string())),
        }
    }
    parts
}

fn bury(
    c: &mut Conn<'_>,
    road: &Road<'_>,
    partner: &Partner,
    place: u64,
    doc: &impl Serialize,
    why: String,
) -> Result<(), Error> {
    let dead = Dead {
        id: road.desk.uuid(),
        partner: partner.id,
        place,
        why,
        doc: serde_json::to_string(doc)
            .map_err(|e| Error::Internal(format!("dead letter to JSON: {e}")))?,
        at: road.now,
    };
    Ok(store::partner::bury(c, &dead)?)
}

fn take_part(
    c: &mut Conn<'_>,
    road: &Road<'_>,
    partner: &mut Partner,
    part: Part,
) -> Result<Vec<Live>, Error> {
    let mut live = Vec::new();
    match part {
        Part::Changes(batch) => {
            let from = batch.from.max(partner.receiver.cursor + 1);
            let received = partner.receiver.receive(&road.me, batch, road.now);
            let dead: Vec<u64> = received.dead.iter().map(|d| d.place).collect();
            for letter in &received.dead {
                let why = letter.why.to_string();
                bury(c, road, partner, letter.place, &letter.change, why)?;
            }
            super::curve::came(c, partner.id, &received.take, road.now)?;
            let places = (from..).filter(|place| !dead.contains(place));
            for (place, change) in places.zip(received.take) {
                match joint::arrives(c, road, partner, &change)? {
                    Ok(more) => live.extend(more),
                    Err(why) => bury(c, road, partner, place, &change, why)?,
                }
            }
        }
        Part::Unreadable(place, value, why) => {
            let receiver = &mut partner.receiver;
            receiver.heard_at = Some(road.now);
            // As everywhere: what was here is skipped, what comes too early waits.
            if place == receiver.cursor + 1 {
                receiver.cursor = place;
                let why = format!("it can not be read: {why}");
                bury(c, road, partner, place, &value, why)?;
            }
        }
    }
    Ok(live)
}
