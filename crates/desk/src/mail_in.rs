//! Mail becomes an entry, is suppressed with a reason, or is set aside.
//!
//! The bytes are on disk and the mail is in the database before anything is
//! acknowledged ([`Desk::take_mail`]). What becomes of it is decided after
//! that, and its new state commits together with the entry: so a crash at any
//! moment loses nothing and writes nothing twice.

use mail::{Candidate, Incoming, OwnAddresses, Proof, SuppressReason, Verdict};
use store::job::NewJob;
use store::mail::Incoming as Stored;
use switchboard_core::ticket::RelationKind;
use switchboard_core::{
    Access, Actor, Channel, Command, EntryVisibility, PersonId, Ticket, TicketNumber, UnitId,
};
use uuid::Uuid;

use crate::account::{actor_of, find_or_make};
use crate::act::{EntryDraft, MAX_BODY, NewFile, Step, clip};
use crate::jobs::INTAKE;
use crate::open::{OpenRequest, RequesterRef};
use crate::{Desk, Error};

/// What became of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is an entry of this ticket.
    Entry(TicketNumber),
    /// It has no effect, for this reason.
    Suppressed(String),
    /// A person has to look at it, for this reason.
    Quarantined(String),
    /// It is stored and will be looked at again soon.
    Taken,
}

/// A mail that was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenMail {
    /// Its id.
    pub id: Uuid,
    /// What became of it.
    pub fate: Fate,
    /// The same bytes were taken in before; this is what became of those.
    pub repeated: bool,
}

/// If the process that took a mail dies, a job looks at it after this.
const LOOK_AGAIN_MS: i64 = 60_000;

/// The mail's sender, as far as the mail proves it.
struct Sender {
    actor: Actor,
    proof: Proof,
}

/// Where a mail belongs.
enum Place {
    /// Into this ticket, as written by the sender; `note` says what is odd.
    Ticket(TicketNumber, Option<&'static str>),
    /// Into a new ticket; `answers` is a final ticket it was meant for.
    New { answers: Option<TicketNumber> },
}

impl Desk {
    /// Takes in a mail for a unit (`None`: first level). When this returns
    /// `Ok`, the mail is stored for good, whatever becomes of it.
    ///
    /// # Errors
    /// Only when the mail could not be stored: the sender must try again.
    pub async fn take_mail(
        &self,
        raw: Vec<u8>,
        channel: &'static str,
        unit: Option<&str>,
    ) -> Result<TakenMail, Error> {
        let catalogue = self.catalogue().await?;
        let unit = match unit {
            Some(name) => Some(catalogue.find_unit("unit", name)?.id),
            None => None,
        };
        let (stored, fresh) = self.store_mail(raw, channel, unit).await?;
        if !fresh {
            return Ok(TakenMail {
                id: stored.id,
                fate: fate_of(&stored),
                repeated: true,
            });
        }
        let id = stored.id;
        if let Err(e) = self.decide_mail(id).await {
            // It is stored; the intake job looks again.
            tracing::warn!(mail = %id, error = %e, "a mail could not be handled yet");
        }
        let fate = self.mail_fate(id).await?;
        Ok(TakenMail {
            id,
            fate,
            repeated: false,
        })
    }

    async fn store_mail(
        &self,
        raw: Vec<u8>,
        channel: &'static str,
        unit: Option<UnitId>,
    ) -> Result<(Stored, bool), Error> {
        let glimpse = mail::glimpse(&raw);
        let blobs = self.0.blobs.clone();
        let digest = mail::digest(&raw).to_vec();
        let size = raw.len() as i64;
        let name = tokio::task::spawn_blocking(move || blobs.put(&raw))
            .await
            .map_err(|e| Error::Internal(format!("file store: {e}")))??;
        let stored = Stored {
            id: self.uuid(),
            received_at: self.now(),
            channel: channel.into(),
            unit,
            digest,
            message_id: glimpse.message_id,
            raw: name,
            size,
            sender: Some(glimpse.from).filter(|f| !f.is_empty()),
            subject: glimpse.subject.replace('\0', ""),
            state: "taken".into(),
            reason: None,
            ticket: None,
            entry: None,
            flagged: None,
        };
        let again = self.now() + LOOK_AGAIN_MS;
        self.0
            .db
            .write(move |c| {
                if !store::mail::insert_incoming(c, &stored)? {
                    let known = store::mail::incoming_by_digest(c, &stored.digest)?
                        .ok_or_else(|| Error::Internal("a mail vanished".into()))?;
                    return Ok((known, false));
                }
                store::job::enqueue(
                    c,
                    &NewJob {
                        kind: INTAKE,
                        payload: stored.id.to_string(),
                        run_at: again,
                        unique_key: Some(format!("{INTAKE}:{}", stored.id)),
                    },
                )?;
                Ok((stored.clone(), true))
            })
            .await
    }

    async fn mail_fate(&self, id: Uuid) -> Result<Fate, Error> {
        self.0
            .db
            .read(move |c| Ok(store::mail::incoming(c, id)?.map_or(Fate::Taken, |m| fate_of(&m))))
            .await
    }

    /// How many mails were taken in and what became of them.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn mail_counts(&self) -> Result<Vec<(String, i64)>, Error> {
        self.0
            .db
            .read(|c| store::mail::incoming_counts(c).map_err(Error::from))
            .await
    }

    /// Decides what becomes of a stored mail. Nothing happens when that was
    /// decided before.
    pub(crate) async fn decide_mail(&self, id: Uuid) -> Result<(), Error> {
        let stored = self
            .0
            .db
            .read(move |c| store::mail::incoming(c, id).map_err(Error::from))
            .await?
            .ok_or_else(|| Error::not_found(format!("mail {id}")))?;
        if stored.state != "taken" {
            return Ok(());
        }
        let (blobs, name) = (self.0.blobs.clone(), stored.raw.clone());
        let own = self.own_addresses()?;
        let judged = tokio::task::spawn_blocking(move || {
            let raw = blobs
                .get(&name)?
                .ok_or_else(|| Error::Internal("the bytes of a mail are missing".into()))?;
            Ok::<_, Error>(mail::parse(&raw, &mail::Limits::default()).map(|mail| {
                let verdict = mail::verdict(&mail, &own);
                (mail, verdict)
            }))
        })
        .await
        .map_err(|e| Error::Internal(format!("mail parser: {e}")))??;
        if let Ok((mail, verdict)) = &judged
            && let Some(from) = self.list_mail(&stored, mail, verdict).await?
        {
            if let Verdict::Suppress {
                reason: SuppressReason::Bounce,
                bounce,
            } = verdict
            {
                self.note_bounce(mail, bounce.as_ref()).await?;
            }
            let draft = draft_of(stored.id, mail, true);
            let done = self.take_from_list(&stored, mail, from, draft).await;
            return self.settle_mail(stored, done).await;
        }
        let (mail, automatic) = match judged {
            Ok((mail, _)) if self.went_round(&mail) => {
                let reason = SuppressReason::OwnLoop.code().to_owned();
                return self.finish_mail(stored, "suppressed", reason).await;
            }
            Err(quarantine) => {
                return self
                    .finish_mail(stored, "quarantined", quarantine.to_string())
                    .await;
            }
            Ok((_, Verdict::Quarantine(quarantine))) => {
                return self
                    .finish_mail(stored, "quarantined", quarantine.to_string())
                    .await;
            }
            Ok((mail, Verdict::Suppress { reason, bounce })) => {
                if reason == SuppressReason::Bounce {
                    self.note_bounce(&mail, bounce.as_ref()).await?;
                }
                return self
                    .finish_mail(stored, "suppressed", reason.code().to_owned())
                    .await;
            }
            Ok((mail, Verdict::Accept { automatic })) => (mail, automatic),
        };
        let done = self.write_mail(&stored, mail, automatic).await;
        self.settle_mail(stored, done.map(|()| None)).await
    }

    /// Notes what became of a mail that was acted on: the reason why it is suppressed,
    /// if it is, or why it was refused.
    async fn settle_mail(
        &self,
        stored: Stored,
        done: Result<Option<String>, Error>,
    ) -> Result<(), Error> {
        match done {
            Ok(None) => Ok(()),
            Ok(Some(reason)) => self.finish_mail(stored, "suppressed", reason).await,
            // Refused by the rules or by a limit: a person decides.
            Err(
                e @ (Error::Invalid { .. }
                | Error::Forbidden(_)
                | Error::NotFound { .. }
                | Error::Conflict(_)
                | Error::Stale { .. }),
            ) => self.finish_mail(stored, "quarantined", e.to_string()).await,
            Err(e) => Err(e),
        }
    }

    async fn finish_mail(
        &self,
        stored: Stored,
        state: &'static str,
        reason: String,
    ) -> Result<(), Error> {
        self.0
            .db
            .write(move |c| {
                let now_is = store::mail::incoming(c, stored.id)?.map(|m| m.state);
                if now_is.as_deref() == Some("taken") {
                    let mut done = stored.clone();
                    done.state = state.into();
                    done.reason = Some(clip(&reason, 2000).to_owned());
                    store::mail::finish_incoming(c, &done)?;
                }
                Ok(())
            })
            .await
    }

    fn own_addresses(&self) -> Result<OwnAddresses, Error> {
        let address = mail::Address::parse(&self.config().mail_address)
            .map_err(|e| Error::Internal(format!("the desk's own address: {e}")))?;
        Ok(OwnAddresses {
            instance: self.loop_id(),
            domains: vec![self.config().mail_domain().to_lowercase()],
            desks: vec![address],
        })
    }

    /// Writes an accepted mail into its ticket or opens one for it.
    async fn write_mail(
        &self,
        stored: &Stored,
        mail: Incoming,
        automatic: Option<&'static str>,
    ) -> Result<(), Error> {
        let sender = self.sender(&mail).await?;
        let place = self.place(&mail, &sender).await?;
        let mut flags = Vec::new();
        if let Some(rule) = automatic {
            flags.push(format!("automatic: {rule}"));
        }
        if let Some(message_id) = stored.message_id.clone() {
            let id = stored.id;
            let seen = self
                .0
                .db
                .read(move |c| {
                    store::mail::message_id_seen(c, &message_id, id).map_err(Error::from)
                })
                .await?;
            if seen {
                flags.push("another mail with other content has the same Message-ID".into());
            }
        }
        let answer = matches!(place, Place::Ticket(..));
        if let Place::Ticket(_, Some(odd)) = &place {
            flags.push((*odd).into());
        }
        self.flag_mail(stored.id, flags).await?;
        let draft = draft_of(stored.id, &mail, answer);
        match place {
            Place::Ticket(number, _) => {
                self.act(
                    &sender.actor,
                    number,
                    None,
                    vec![Step::Write(EntryVisibility::Public, draft)],
                )
                .await?;
            }
            Place::New { answers } => {
                let opened = self.open_by_mail(stored, &mail, &sender, draft).await?;
                if let Some(other) = answers {
                    let tie = Command::Relate {
                        kind: RelationKind::SeeAlso,
                        other,
                    };
                    // A tie that the rules refuse is no reason to lose the mail.
                    if let Err(e) = self
                        .act(
                            &Actor::system(Channel::Mail),
                            opened,
                            None,
                            vec![Step::Command(tie)],
                        )
                        .await
                    {
                        tracing::info!(ticket = %opened, error = %e, "no tie to the final ticket");
                    }
                }
            }
        }
        Ok(())
    }

    async fn flag_mail(&self, id: Uuid, flags: Vec<String>) -> Result<(), Error> {
        if flags.is_empty() {
            return Ok(());
        }
        let text = flags.join("; ");
        self.0
            .db
            .write(move |c| store::mail::flag_incoming(c, id, &text).map_err(Error::from))
            .await
    }

    /// Who sent a mail, and how far the operator's own server vouches for it.
    async fn sender(&self, mail: &Incoming) -> Result<Sender, Error> {
        let from = mail
            .from
            .clone()
            .ok_or_else(|| Error::invalid("From", "the mail names no sender"))?;
        let proof = mail::sender_proof(mail, self.config().authserv_id.as_deref());
        let (fresh, now) = (PersonId(self.uuid()), self.now());
        let actor = self
            .0
            .db
            .write(move |c| {
                let name = from.name.clone().unwrap_or_default();
                let person = find_or_make(c, fresh, &from.address, &name, now)?;
                if !person.active {
                    return Err(Error::Forbidden(
                        "the sender's account is switched off".into(),
                    ));
                }
                Ok(actor_of(c, &person, Channel::Mail)?)
            })
            .await?;
        Ok(Sender { actor, proof })
    }

    /// Which ticket a mail belongs to. A signed reply address was given only
    /// to people on the ticket; everything else can be guessed or forged, so
    /// there the sender must be on the ticket.
    async fn place(&self, mail: &Incoming, sender: &Sender) -> Result<Place, Error> {
        let mut answers = None;
        for candidate in mail::ticket_of(mail, self.thread_keys()) {
            let (found, signed) = match candidate {
                Candidate::Signed(number) => (self.load_ticket(number).await?, true),
                Candidate::MessageIds(ids) => (self.ticket_of_messages(ids).await?, false),
                Candidate::SubjectTag(number) => (self.load_ticket(number).await?, false),
            };
            let Some(ticket) = found else { continue };
            let access = Access::of(&sender.actor, &ticket);
            let vouched = matches!(sender.proof, Proof::Pass { .. });
            // Without proof a From line makes nobody support staff.
            let on_it = if vouched || signed {
                access.may_reply()
            } else {
                access.requester || access.cc
            };
            if matches!(sender.proof, Proof::Fail) || !(on_it || signed) {
                continue;
            }
            if ticket.status.is_final() || ticket.merged_into().is_some() {
                answers = answers.or(Some(ticket.number));
                continue;
            }
            let odd = (!on_it).then_some("the sender is not on the ticket, but had its address");
            return Ok(Place::Ticket(ticket.number, odd));
        }
        Ok(Place::New { answers })
    }

    async fn load_ticket(&self, number: TicketNumber) -> Result<Option<Ticket>, Error> {
        self.0
            .db
            .read(move |c| store::ticket::load(c, number).map_err(Error::from))
            .await
    }

    async fn ticket_of_messages(&self, ids: Vec<String>) -> Result<Option<Ticket>, Error> {
        self.0
            .db
            .read(move |c| {
                for id in &ids {
                    if let Some(number) = store::mail::ticket_of_message(c, id)? {
                        return Ok(store::ticket::load(c, number)?);
                    }
                }
                Ok(None)
            })
            .await
    }

    async fn open_by_mail(
        &self,
        stored: &Stored,
        mail: &Incoming,
        sender: &Sender,
        draft: EntryDraft,
    ) -> Result<TicketNumber, Error> {
        let catalogue = self.catalogue().await?;
        let unit = stored
            .unit
            .and_then(|id| catalogue.heir(id))
            .filter(|u| !u.first_level)
            .map(|u| u.name.clone());
        let own = self.own_addresses()?;
        // Only a proven sender may put others on a ticket.
        let cc = if matches!(sender.proof, Proof::Pass { .. }) {
            mail.to
                .iter()
                .chain(&mail.cc)
                .map(|m| &m.address)
                .filter(|a| !own.is_desk(a))
                .take(20)
                .map(|a| a.as_str().to_owned())
                .collect()
        } else {
            Vec::new()
        };
        let subject = mail::bare_subject(&mail.subject);
        let from = mail.from.as_ref();
        let request = OpenRequest {
            subject: if subject.is_empty() {
                "(no subject)".into()
            } else {
                subject
            },
            description: draft.body,
            quoted: draft.quoted,
            html: draft.html,
            mail: draft.mail,
            files: draft.files,
            unit,
            requester: from.map(|m| RequesterRef {
                email: m.address.as_str().to_owned(),
                name: m.name.clone().unwrap_or_default(),
            }),
            cc,
            ..OpenRequest::default()
        };
        Ok(self.open_ticket(&sender.actor, request).await?.number)
    }
}

/// An entry's text and files from a mail.
fn draft_of(id: Uuid, mail: &Incoming, answer: bool) -> EntryDraft {
    let (visible, elided) = if answer {
        let trimmed = mail::trim_reply(&mail.text);
        if trimmed.visible.trim().is_empty() {
            // All of it looked like a quote: better shown than hidden.
            (mail.text.clone(), None)
        } else {
            (trimmed.visible, trimmed.elided)
        }
    } else {
        (mail.text.clone(), None)
    };
    let files: Vec<NewFile> = mail
        .attachments
        .iter()
        .map(|part| NewFile {
            name: part.name.clone(),
            media_type: part.media_type.clone(),
            bytes: part.bytes.clone(),
            content_id: part.content_id.clone(),
        })
        .collect();
    let body = if visible.trim().is_empty() {
        "(The mail has no text.)".into()
    } else if visible.len() > MAX_BODY {
        let kept = clip(&visible, MAX_BODY - 200);
        format!("{kept}\n\n(Cut here; the whole text is in the stored mail.)")
    } else {
        visible
    };
    EntryDraft {
        body: body.replace('\0', "\u{fffd}"),
        quoted: elided.map(|q| clip(&q, MAX_BODY).replace('\0', "\u{fffd}")),
        html: mail
            .html
            .as_ref()
            .map(|h| h.replace('\0', "\u{fffd}"))
            .filter(|h| h.len() <= 4 * MAX_BODY),
        mail: Some(id),
        files,
    }
}

fn fate_of(stored: &Stored) -> Fate {
    let reason = || stored.reason.clone().unwrap_or_default();
    match (stored.state.as_str(), stored.ticket) {
        ("entry", Some(ticket)) => Fate::Entry(ticket),
        ("suppressed", _) => Fate::Suppressed(reason()),
        ("quarantined", _) => Fate::Quarantined(reason()),
        _ => Fate::Taken,
    }
}
