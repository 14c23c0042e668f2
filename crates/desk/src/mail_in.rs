//! Mail becomes an entry, is suppressed with a reason, or is set aside.
//!
//! The bytes are on disk and the mail is in the database before anything is
//! acknowledged ([`Desk::take_mail`]). What becomes of it is decided after
//! that, and its new state commits together with the entry: so a crash at any
//! moment loses nothing and writes nothing twice.

mod aside;
mod deeds;
mod door;
mod fetch;
mod own;
mod place;
mod sender;
pub(crate) mod storm;

use std::net::IpAddr;

use mail::protection::{Covers, Kind};
use mail::{Incoming, OwnAddresses, SuppressReason, Verdict};
use serde::{Deserialize, Serialize};
use store::job::NewJob;
use store::mail::Incoming as Stored;
use switchboard_core::ticket::RelationKind;
use switchboard_core::{Actor, Channel, Command, EntryId, EntryVisibility, TicketNumber, UnitId};
use uuid::Uuid;

pub use self::aside::IncomingMail;
pub(crate) use self::own::check_is_foreign;
use self::own::own_addresses_in;
use self::place::{How, Place};
use self::sender::Sender;
pub use self::sender::SenderVerdict;
use crate::act::{EntryDraft, MAX_BODY, NewFile, Step, clip};
use crate::jobs::INTAKE;
use crate::open::{OpenRequest, RequesterRef};
use crate::view::load_worked_on;
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

/// What the support side sees of the mail that an entry came by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailNote {
    /// The entry.
    pub entry: EntryId,
    /// When it came.
    pub received_at: i64,
    /// By which way: `imap`, `lmtp`, `file`.
    pub channel: String,
    /// What is known about its sender.
    pub verdict: Option<SenderVerdict>,
    /// What is odd about it.
    pub flagged: Option<String>,
    /// A ticket that it named without a proof.
    pub related: Option<TicketNumber>,
}

/// What the envelope of a mail said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct EnvelopeNote {
    /// The return path; empty: the empty one.
    from: String,
    /// The recipients.
    to: Vec<String>,
    /// The host that it came from, where the local server tells.
    ip: Option<IpAddr>,
    /// How that host called itself.
    hello: String,
}

/// A mail as it arrives.
pub(crate) struct Arrival {
    raw: Vec<u8>,
    channel: &'static str,
    unit: Option<UnitId>,
    mailbox: Option<Uuid>,
    envelope: Option<EnvelopeNote>,
    /// Of a mail of so many octets, which are too many, only the header came.
    only_header: Option<u64>,
}

impl Arrival {
    fn new(raw: Vec<u8>, channel: &'static str) -> Arrival {
        Arrival {
            raw,
            channel,
            unit: None,
            mailbox: None,
            envelope: None,
            only_header: None,
        }
    }
}

/// How the reason of a mail ends of which only the header is here.
const IN_THE_MAILBOX: &str = "the whole of it is in the mailbox still";

/// If the process that took a mail dies, a job looks at it after this.
const LOOK_AGAIN_MS: i64 = 60_000;

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
        let mut arrival = Arrival::new(raw, channel);
        arrival.unit = match unit {
            Some(name) => Some(catalogue.find_unit("unit", name)?.id),
            None => None,
        };
        self.take_arrival(arrival).await
    }

    /// Stores a mail and decides about it.
    pub(crate) async fn take_arrival(&self, arrival: Arrival) -> Result<TakenMail, Error> {
        let (stored, fresh) = self.store_arrival(arrival).await?;
        if !fresh {
            return Ok(TakenMail {
                id: stored.id,
                fate: fate_of(&stored),
                repeated: true,
            });
        }
        let id = stored.id;
        self.decide_soon(id).await;
        let fate = self.mail_fate(id).await?;
        Ok(TakenMail {
            id,
            fate,
            repeated: false,
        })
    }

    /// Decides about a stored mail; if that fails, a job looks again.
    pub(crate) async fn decide_soon(&self, id: Uuid) {
        if let Err(e) = self.decide_mail(id).await {
            tracing::warn!(mail = %id, error = %e, "a mail could not be handled yet");
        }
    }

    /// Stores a mail for good; `false`: the same bytes were stored before.
    pub(crate) async fn store_arrival(&self, arrival: Arrival) -> Result<(Stored, bool), Error> {
        let Arrival {
            raw,
            channel,
            unit,
            mailbox,
            envelope,
            only_header,
        } = arrival;
        let glimpse = mail::glimpse(&raw);
        let blobs = self.0.blobs.clone();
        let digest = mail::digest(&raw).to_vec();
        let size = raw.len() as i64;
        let name = tokio::task::spawn_blocking(move || blobs.put(&raw))
            .await
            .map_err(|e| Error::Internal(format!("file store: {e}")))??;
        let envelope = envelope
            .map(|e| serde_json::to_string(&e))
            .transpose()
            .map_err(|e| Error::Internal(format!("envelope to JSON: {e}")))?;
        let too_large =
            only_header.map(|octets| format!("it has {} MB; {IN_THE_MAILBOX}", octets >> 20));
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
            state: if too_large.is_some() {
                "quarantined"
            } else {
                "taken"
            }
            .into(),
            reason: too_large,
            ticket: None,
            entry: None,
            flagged: None,
            mailbox,
            envelope: envelope.map(|e| e.replace("\\u0000", "")),
            verdict: None,
            related: None,
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
                if stored.state == "taken" {
                    store::job::enqueue(
                        c,
                        &NewJob {
                            kind: INTAKE,
                            payload: stored.id.to_string(),
                            run_at: again,
                            unique_key: Some(format!("{INTAKE}:{}", stored.id)),
                        },
                    )?;
                }
                if let Some(mailbox) = stored.mailbox.filter(|_| stored.channel == "lmtp") {
                    store::mailbox::count(c, mailbox, stored.received_at)?;
                }
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
        self.decide(id, false).await
    }

    /// The same; `by_hand`: somebody looked at it and wants it taken.
    async fn decide(&self, id: Uuid, by_hand: bool) -> Result<(), Error> {
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
        let own = self.own_addresses().await?;
        let envelope = envelope_of(&stored);
        let noted = envelope.clone();
        let judged = tokio::task::spawn_blocking(move || {
            let raw = blobs
                .get(&name)?
                .ok_or_else(|| Error::Internal("the bytes of a mail are missing".into()))?;
            let limits = if by_hand {
                aside::higher()
            } else {
                mail::Limits::default()
            };
            let mut judged = mail::parse(&raw, &limits).map(|mail| {
                let verdict = mail::verdict(&mail, &own);
                (mail, verdict)
            });
            if let (Ok((mail, verdict)), Some(envelope)) = (&mut judged, &noted) {
                heed_envelope(envelope, mail, verdict);
            }
            if let (Ok((_, verdict)), true) = (&mut judged, by_hand)
                && !matches!(verdict, Verdict::Accept { .. })
            {
                *verdict = Verdict::Accept {
                    automatic: Some("taken by hand"),
                };
            }
            Ok::<_, Error>((raw, judged))
        })
        .await
        .map_err(|e| Error::Internal(format!("mail parser: {e}")))??;
        let (raw, judged) = judged;
        if let Ok((mail, verdict)) = &judged
            && let Some(alarm) = self.answers_alarm(mail)
        {
            if matches!(verdict, Verdict::Accept { .. }) {
                self.note_sender(&stored, mail, &raw, envelope.as_ref())
                    .await?;
            }
            let draft = draft_of(stored.id, mail, true);
            let done = self.take_alarm_answer(&stored, mail, verdict, alarm, draft);
            return self.settle_mail(stored.clone(), done.await).await;
        }
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
            if from.is_word() {
                self.note_sender(&stored, mail, &raw, envelope.as_ref())
                    .await?;
            }
            let draft = draft_of(stored.id, mail, true);
            let done = self.take_from_list(&stored, mail, from, draft).await;
            return self.settle_mail(stored, done).await;
        }
        let (mail, automatic) = match judged {
            Ok((mail, _)) if !by_hand && self.went_round(&mail) => {
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
        let findings = self.look_up_sender(&raw, envelope.as_ref()).await;
        drop(raw);
        let sender = match self.sender(&mail, findings).await {
            Ok(sender) => sender,
            Err(e @ (Error::Invalid { .. } | Error::Forbidden(_))) => {
                return self.finish_mail(stored, "quarantined", e.to_string()).await;
            }
            Err(e) => return Err(e),
        };
        let done = self.write_mail(&stored, mail, sender, automatic).await;
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

    async fn own_addresses(&self) -> Result<OwnAddresses, Error> {
        let desk = self.clone();
        self.0.db.read(move |c| own_addresses_in(c, &desk)).await
    }

    /// Writes an accepted mail into its ticket or opens one for it.
    async fn write_mail(
        &self,
        stored: &Stored,
        mail: Incoming,
        sender: Sender,
        automatic: Option<&'static str>,
    ) -> Result<(), Error> {
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
        let (mut personal, mut related, mut opens) = (false, None, false);
        match &place {
            Place::Ticket { how, odd, .. } => {
                personal = *how == How::Personal;
                flags.extend(odd.map(str::to_owned));
            }
            Place::New { related: named, .. } => {
                related = *named;
                opens = true;
            }
            Place::Refused(_) => {}
        }
        let first = opens && automatic.is_none() && !sender.is_proven();
        self.judge_mail(stored.id, flags, &sender.verdict(personal), related, first)
            .await?;
        match place {
            Place::Ticket {
                number, staff, odd, ..
            } => {
                let draft = draft_of(stored.id, &mail, true);
                if staff {
                    return self.write_as_staff(stored, &sender, number, draft).await;
                }
                // Whoever had the ticket's address and is not on it gets their
                // words in, and no sight of it.
                let by = match odd {
                    Some(_) => sender.outsider(),
                    None => sender.plain.clone(),
                };
                // Only the address that was given to them proves a requester.
                let said = if personal && odd.is_none() && automatic.is_none() {
                    self.said_by_mail(&mail, &draft.body, &by, number).await?
                } else {
                    None
                };
                let steps = match said {
                    Some(said) => Desk::steps_by_mail(said, draft),
                    None => vec![Step::Write(EntryVisibility::Public, draft)],
                };
                self.act(&by, number, None, steps).await?;
            }
            Place::New { answers, .. } => {
                let draft = draft_of(stored.id, &mail, false);
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
            Place::Refused(number) => {
                let why = "this desk takes no answers of staff by mail; write on the ticket's page";
                self.refuse_mail(stored, &sender, number, why).await?;
            }
        }
        Ok(())
    }

    /// Writes what staff sent, with what they ask for in its first lines. What
    /// is refused is refused whole, and they are told.
    async fn write_as_staff(
        &self,
        stored: &Stored,
        sender: &Sender,
        number: TicketNumber,
        draft: EntryDraft,
    ) -> Result<(), Error> {
        let steps = mail::orders(&draft.body)
            .and_then(|orders| deeds::steps(orders, draft, sender.person.id));
        let steps = match steps {
            Ok(steps) => steps,
            Err(why) => return self.refuse_mail(stored, sender, number, &why).await,
        };
        match self.act(&sender.full, number, None, steps).await {
            Ok(_) => Ok(()),
            // Another look at the same mail was quicker.
            Err(Error::Conflict(_)) if self.mail_fate(stored.id).await? != Fate::Taken => Ok(()),
            Err(e @ (Error::Invalid { .. } | Error::Forbidden(_) | Error::Conflict(_))) => {
                self.refuse_mail(stored, sender, number, &e.to_string())
                    .await
            }
            Err(e) => Err(e),
        }
    }

    /// Notes what was found out about a mail. With `first` its sender would be
    /// answered, and nothing proves them.
    async fn judge_mail(
        &self,
        id: Uuid,
        flags: Vec<String>,
        verdict: &SenderVerdict,
        related: Option<TicketNumber>,
        first: bool,
    ) -> Result<(), Error> {
        let verdict = serde_json::to_string(verdict)
            .map_err(|e| Error::Internal(format!("verdict to JSON: {e}")))?;
        let now = self.now();
        self.0
            .db
            .write(move |c| {
                let mut flags = flags.clone();
                if first && !storm::may_answer_first(c, now)? {
                    // The word that keeps the first answer back.
                    flags.push("automatic: too many first answers in this hour".into());
                }
                let flagged = Some(flags.join("; ")).filter(|f| !f.is_empty());
                store::mail::judge_incoming(c, id, flagged.as_deref(), Some(&verdict), related)
                    .map_err(Error::from)
            })
            .await
    }

    /// What is known of the mails that the entries of a ticket came by; for
    /// those who work on it.
    ///
    /// # Errors
    /// When the actor may not see the ticket, or does not work on it.
    pub async fn mail_notes(
        &self,
        actor: &Actor,
        number: TicketNumber,
    ) -> Result<Vec<MailNote>, Error> {
        let actor = actor.clone();
        self.0
            .db
            .read(move |c| {
                let refusal = "only those who work on the ticket see what is known about senders";
                load_worked_on(c, &actor, number, refusal)?;
                notes(c, number)
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
        let mailbox = self.mailbox_of(stored.mailbox).await?;
        let service = mailbox
            .as_ref()
            .and_then(|m| catalogue.service(m.service?))
            .filter(|s| s.active);
        // Nobody comes by a portal that is closed: then it is first level's.
        let portal = mailbox
            .as_ref()
            .and_then(|m| catalogue.portal(m.portal?))
            .filter(|p| p.active);
        let own = self.own_addresses().await?;
        // Only a proven sender may put others on a ticket.
        let cc = if sender.is_proven() {
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
            protection: draft.protection,
            files: draft.files,
            unit: unit.filter(|_| service.is_none()),
            service: service.map(|s| s.name.clone()),
            portal: portal.map(|p| p.key.clone()),
            requester: from.map(|m| RequesterRef {
                email: m.address.as_str().to_owned(),
                name: m.name.clone().unwrap_or_default(),
            }),
            cc,
            ..OpenRequest::default()
        };
        let bare = service
            .and_then(|s| catalogue.heir(s.unit))
            .filter(|u| !u.first_level)
            .map(|u| OpenRequest {
                service: None,
                unit: Some(u.name.clone()),
                ..request.clone()
            });
        match (self.open_ticket(&sender.plain, request).await, bare) {
            // The form of the service asks for what a mail does not say, or the
            // portal offers it no more: its unit asks back.
            (Err(Error::Invalid { .. }), Some(bare)) => {
                Ok(self.open_ticket(&sender.plain, bare).await?.number)
            }
            (opened, _) => Ok(opened?.number),
        }
    }

    /// The mailbox by which a mail came, while there is one.
    async fn mailbox_of(
        &self,
        mailbox: Option<Uuid>,
    ) -> Result<Option<store::mailbox::Mailbox>, Error> {
        let Some(id) = mailbox else { return Ok(None) };
        self.0
            .db
            .read(move |c| store::mailbox::load(c, id).map_err(Error::from))
            .await
    }
}

/// What is known of the mails that the entries of a ticket came by.
pub(crate) fn notes(c: &mut store::Conn<'_>, number: TicketNumber) -> Result<Vec<MailNote>, Error> {
    let mut notes: Vec<MailNote> = store::mail::incoming_of_ticket(c, number)?
        .into_iter()
        .filter_map(|m| {
            Some(MailNote {
                entry: m.entry?,
                received_at: m.received_at,
                channel: m.channel,
                verdict: m.verdict.and_then(|v| serde_json::from_str(&v).ok()),
                flagged: m.flagged,
                related: m.related,
            })
        })
        .collect();
    notes.sort_by_key(|n| (n.received_at, n.entry));
    Ok(notes)
}

fn envelope_of(stored: &Stored) -> Option<EnvelopeNote> {
    stored
        .envelope
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok())
}

/// What the envelope knows and the header does not: a blind copy went to a
/// reply address; only machines send with an empty return path.
fn heed_envelope(envelope: &EnvelopeNote, mail: &mut Incoming, verdict: &mut Verdict) {
    let to = envelope.to.iter().take(100);
    mail.delivered_to
        .extend(to.filter_map(|a| mail::Address::parse(a).ok()));
    if envelope.from.is_empty() && matches!(verdict, Verdict::Accept { .. }) {
        *verdict = Verdict::Suppress {
            reason: SuppressReason::NullSender,
            bounce: None,
        };
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
    let sealed = mail
        .protection
        .iter()
        .any(|p| p.kind == Kind::Encrypted && p.covers == Covers::Whole);
    let body = if visible.trim().is_empty() && sealed {
        "(The mail is encrypted; what came is attached.)".into()
    } else if visible.trim().is_empty() {
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
        protection: mail.protection.clone(),
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
