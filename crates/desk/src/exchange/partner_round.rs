//! Rounds with partner desks: what they do not have yet is sent, and they are
//! asked when nothing came from there for a while. What is sent and when, and when
//! once more, is `switchboard_core::exchange::Sender`'s to say.

use connect::peer_desk::{Call, Fault, LARGEST_ANSWER, Once, PeerDesk};
use connect::signature::SigningKey;
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::partner::{Partner, State};
use switchboard_core::Millis;
use switchboard_core::exchange::{Reply, SenderInput, Sending};
use uuid::Uuid;

use super::invitation::{Acceptance, Refusal};
use super::partner::{Identity, PEER, expect};
use super::partner_door::{Piece, Recorded, piece, told_end};
use crate::{Desk, Error, secret};

/// Messages one after the other in a round.
const MOST_MESSAGES: usize = 200;
/// Files that are sent because of one message.
const MOST_FILES: usize = 1_000;

/// Whether something is to be done about a partner now.
fn is_due(partner: &Partner, now: Millis) -> bool {
    let mut p = partner.clone();
    let sends = told_end(&mut p, now).or_else(|| p.sender.step(SenderInput::Tick, now));
    sends.is_some() || p.receiver.tick(now).is_some()
}

fn unreadable(what: &str) -> Fault {
    Fault::Refused {
        status: 200,
        said: format!("what it answers is no {what} of this protocol"),
    }
}

fn read<T: DeserializeOwned>(body: &[u8], what: &str) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(|_| unreadable(what))
}

fn once(now: Millis) -> Result<Once, Error> {
    Ok(Once {
        now: now / 1_000,
        nonce: secret::make()?,
    })
}

impl Desk {
    /// The partners about which something is to be done now.
    pub(super) async fn partners_due(&self) -> Result<Vec<Uuid>, Error> {
        let now = self.now();
        self.0
            .db
            .read(move |c| {
                let all = store::partner::all(c)?;
                Ok(all
                    .iter()
                    .filter(|p| p.state == State::Active && is_due(p, now))
                    .map(|p| p.id)
                    .collect())
            })
            .await
    }

    fn peer<'a>(
        &'a self,
        key: &'a SigningKey,
        me: &'a str,
        base_url: &'a str,
        to: &'a str,
    ) -> PeerDesk<'a> {
        PeerDesk {
            guard: &self.0.guard,
            key,
            me,
            base_url,
            to,
        }
    }

    /// Tells a desk that its invitation is accepted.
    pub(super) async fn tell_acceptance(
        &self,
        to: &Identity,
        acceptance: &Acceptance,
    ) -> Result<(), Error> {
        self.tell_desk(to, ("acceptance", "Accept"), acceptance)
            .await
    }

    /// Tells a desk that its invitation is declined.
    pub(super) async fn tell_refusal(&self, to: &Identity, refusal: &Refusal) -> Result<(), Error> {
        self.tell_desk(to, ("refusal", "Decline"), refusal).await
    }

    /// Tells a desk what becomes of its invitation: by which path, and how people call
    /// that.
    async fn tell_desk(
        &self,
        to: &Identity,
        (end, deed): (&str, &str),
        what: &impl Serialize,
    ) -> Result<(), Error> {
        let (key, me) = (self.exchange_key().await?, self.exchange_name()?);
        let peer = self.peer(&key, me.as_str(), &to.base_url, to.desk.as_str());
        let body =
            serde_json::to_vec(what).map_err(|e| Error::Internal(format!("{end} to JSON: {e}")))?;
        let path = format!("{PEER}/{end}");
        let call = Call::post(&path, body);
        match peer.call(call, &once(self.now())?, LARGEST_ANSWER).await {
            Ok(_) => Ok(()),
            Err(Fault::Down(why)) => Err(Error::Unavailable(format!(
                "{} can not be told: {why}. {deed} once more later; the invitation still counts",
                to.title
            ))),
            Err(Fault::Refused { said, .. }) => Err(Error::Conflict(format!(
                "{} does not take it: {said}",
                to.title
            ))),
        }
    }

    /// One round with a partner, within its lease.
    pub(super) async fn partner_round(&self, id: Uuid) -> Result<(), Error> {
        let (key, me) = (self.exchange_key().await?, self.exchange_name()?);
        let mut next = None;
        for _ in 0..MOST_MESSAGES {
            let began = self.begin_message(id, next.take()).await?;
            let Some((partner, message)) = began else {
                return Ok(());
            };
            let (base, to) = (partner.base_url.clone(), partner.desk.clone());
            let peer = self.peer(&key, me.as_str(), &base, to.as_str());
            let done = match message {
                Message::Push(piece) => self.push(&peer, &partner, piece).await?,
                Message::Pull(after) => self.pull(&peer, &partner, after).await?,
            };
            match done {
                Ok(sending) => next = sending,
                Err(fault) => return self.partner_fails(id, &fault).await,
            }
        }
        Ok(())
    }

    /// What is to be sent next, noted as sent before it is.
    async fn begin_message(
        &self,
        id: Uuid,
        next: Option<Sending>,
    ) -> Result<Option<(Partner, Message)>, Error> {
        let now = self.now();
        self.0
            .db
            .write(move |c| {
                let mut partner = expect(c, id)?;
                if partner.state != State::Active {
                    return Ok(None);
                }
                let fresh = told_end(&mut partner, now);
                let sending = next
                    .or(fresh)
                    .or_else(|| partner.sender.step(SenderInput::Tick, now));
                let message = match sending {
                    Some(s) if s.upto >= s.from => {
                        Some(Message::Push(piece(c, &partner, s.from, s.upto)?))
                    }
                    _ => match partner.receiver.tick(now) {
                        Some(Reply::Pull(after)) => Some(Message::Pull(after)),
                        _ => None,
                    },
                };
                store::partner::save(c, &partner)?;
                Ok(message.map(|message| (partner, message)))
            })
            .await
    }

    async fn push(
        &self,
        peer: &PeerDesk<'_>,
        partner: &Partner,
        piece: Piece,
    ) -> Result<Result<Option<Sending>, Fault>, Error> {
        let path = format!("{PEER}/changes");
        let from = piece.from;
        let body = serde_json::to_vec(&piece)
            .map_err(|e| Error::Internal(format!("a piece of a log to JSON: {e}")))?;
        let mut answer = None;
        // Files that are not there yet go first, and then the piece once more.
        for _ in 0..2 {
            let call = Call::post(&path, body.clone());
            let body = match peer.call(call, &once(self.now())?, LARGEST_ANSWER).await {
                Ok(body) => body,
                Err(fault) => return Ok(Err(fault)),
            };
            let recorded: Recorded = match read(&body, "answer to changes") {
                Ok(recorded) => recorded,
                Err(fault) => return Ok(Err(fault)),
            };
            let missing = recorded.missing_files.clone();
            answer = Some(recorded);
            if missing.is_empty() {
                break;
            }
            for sha256 in missing.iter().take(MOST_FILES) {
                if let Err(fault) = self.send_file(peer, partner, sha256).await? {
                    return Ok(Err(fault));
                }
            }
        }
        let recorded = answer.map_or(0, |a| a.recorded);
        let (id, now) = (partner.id, self.now());
        self.0
            .db
            .write(move |c| {
                let mut partner = expect(c, id)?;
                // It is behind what was sent: then it says from where on.
                let input = if recorded + 1 < from {
                    SenderInput::Pulled(recorded)
                } else {
                    SenderInput::Acked(recorded)
                };
                super::curve::went(c, &partner, recorded, now)?;
                let next = partner.sender.step(input, now);
                (partner.error, partner.error_at) = (None, None);
                if partner.sender.went_back {
                    let why = "it has more of this desk's changes than this desk: this desk was \
                               restored from an older backup, and nothing is sent until a person \
                               has looked";
                    partner.error = Some(why.to_owned());
                    partner.error_at = Some(now);
                }
                partner.sent_at = Some(now);
                store::partner::save(c, &partner)?;
                Ok(Ok(next))
            })
            .await
    }

    async fn send_file(
        &self,
        peer: &PeerDesk<'_>,
        partner: &Partner,
        sha256: &str,
    ) -> Result<Result<(), Fault>, Error> {
        let bytes = match self.give_peer_file(partner, sha256).await {
            Ok(bytes) => bytes,
            // It asks for what is not its own.
            Err(Error::NotFound { .. }) => return Ok(Err(unreadable("list of missing files"))),
            Err(other) => return Err(other),
        };
        let path = format!("{PEER}/files/{sha256}");
        let call = Call {
            method: "PUT",
            path: &path,
            query: "",
            media_type: "application/octet-stream",
            body: bytes,
        };
        let done = peer.call(call, &once(self.now())?, LARGEST_ANSWER).await;
        Ok(done.map(|_| ()))
    }

    async fn pull(
        &self,
        peer: &PeerDesk<'_>,
        partner: &Partner,
        after: u64,
    ) -> Result<Result<Option<Sending>, Fault>, Error> {
        let (mut after, path) = (after, format!("{PEER}/changes"));
        for _ in 0..MOST_MESSAGES {
            let query = format!("after={after}");
            let call = Call::get(&path, &query);
            let body = match peer.call(call, &once(self.now())?, LARGEST_ANSWER).await {
                Ok(body) => body,
                Err(fault) => return Ok(Err(fault)),
            };
            let piece: Piece = match read(&body, "piece of a log") {
                Ok(piece) => piece,
                Err(fault) => return Ok(Err(fault)),
            };
            if piece.changes.is_empty() {
                break;
            }
            let mut taken = self.take_piece(partner, piece.clone()).await?;
            if !taken.missing_files.is_empty() {
                for sha256 in taken.missing_files.iter().take(MOST_FILES) {
                    if let Err(fault) = self.fetch_file(peer, partner, sha256).await? {
                        return Ok(Err(fault));
                    }
                }
                taken = self.take_piece(partner, piece).await?;
            }
            if taken.recorded <= after {
                break;
            }
            after = taken.recorded;
        }
        let (id, now) = (partner.id, self.now());
        self.0
            .db
            .write(move |c| {
                let mut partner = expect(c, id)?;
                if partner.sender.tries == 0 && !partner.sender.went_back {
                    (partner.error, partner.error_at) = (None, None);
                }
                partner.receiver.heard_at = Some(now);
                store::partner::save(c, &partner)?;
                Ok(Ok(None))
            })
            .await
    }

    async fn fetch_file(
        &self,
        peer: &PeerDesk<'_>,
        partner: &Partner,
        sha256: &str,
    ) -> Result<Result<(), Fault>, Error> {
        let path = format!("{PEER}/files/{sha256}");
        let limit = self.config().max_attachment.max(LARGEST_ANSWER + 1);
        let call = Call::get(&path, "");
        match peer.call(call, &once(self.now())?, limit).await {
            Ok(bytes) => self.take_peer_file(partner, sha256, bytes).await.map(Ok),
            Err(fault) => Ok(Err(fault)),
        }
    }

    async fn partner_fails(&self, id: Uuid, fault: &Fault) -> Result<(), Error> {
        let (why, now) = (fault.to_string(), self.now());
        self.0
            .db
            .write(move |c| {
                let mut partner = expect(c, id)?;
                partner.error = Some(why.clone());
                partner.error_at = partner.error_at.or(Some(now));
                store::partner::save(c, &partner)?;
                Ok(())
            })
            .await
    }
}

/// What goes to a partner.
enum Message {
    /// A piece of the log for it.
    Push(Piece),
    /// A question for what comes after a place of its log.
    Pull(u64),
}
