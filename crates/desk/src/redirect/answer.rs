//! What comes from a list becomes a public entry. Nobody of a list gets an
//! account or a right by it, and nobody whom they name gets anything.

use mail::{Address, Incoming, Proof, SuppressReason, Verdict};
use store::mail::Incoming as Stored;
use store::redirect::Redirection;
use switchboard_core::redirect::{ANSWERS_AN_HOUR, Happened};
use switchboard_core::working_time::HOUR_MS;
use switchboard_core::{Access, Actor, Channel, Command, EntryVisibility, Ticket, TicketNumber};

use super::silence::happen;
use crate::account::actor_of;
use crate::act::{EntryDraft, write_within};
use crate::{Catalogue, Desk, Error, Live};

/// How many merges are followed to where a ticket lives on.
const MOST_MERGES: usize = 5;

/// What a mail about a redirected ticket is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FromList {
    /// Somebody of the list wrote.
    Word,
    /// It has no effect, for this reason.
    Nothing(&'static str),
    /// A mail of ours did not reach the list, for this reason.
    Unreachable(String),
}

/// A mail that belongs to a ticket at a list.
#[derive(Debug, Clone)]
pub(crate) struct ListMail {
    row: Redirection,
    kind: FromList,
}

impl ListMail {
    /// Somebody of the list wrote.
    pub(crate) fn is_word(&self) -> bool {
        self.kind == FromList::Word
    }
}

impl Desk {
    /// Whether a mail comes from a list that has one of our tickets: by the
    /// list's reply address, else over the list with a reference to a mail that
    /// went there; and what it is. Also notes by which desks and lists it came.
    ///
    /// # Errors
    /// When the database can not be read or written.
    pub(crate) async fn list_mail(
        &self,
        stored: &Stored,
        mail: &Incoming,
        verdict: &Verdict,
    ) -> Result<Option<ListMail>, Error> {
        let hops = mail::redirect::hops(mail);
        let ours = hops.contains(&self.loop_id());
        let lists: Vec<String> = mail::redirect::lists(mail)
            .iter()
            .map(|a| a.as_str().to_owned())
            .collect();
        if !hops.is_empty() || !lists.is_empty() {
            let (id, hops, lists) = (stored.id, hops.join(" "), lists.join(" "));
            self.0
                .db
                .write(move |c| {
                    store::redirect::note_road(c, id, &hops, &lists).map_err(Error::from)
                })
                .await?;
        }
        let signed = mail::redirect::redirection_of(mail, self.thread_keys());
        let mut answered: Vec<String> = mail.in_reply_to.clone();
        answered.extend(mail.references.iter().rev().cloned());
        answered.extend(mail::redirect::carried_ids(mail));
        if let Verdict::Suppress {
            bounce: Some(info), ..
        } = verdict
        {
            answered.extend(info.original_message_id.clone());
        }
        let tags: Vec<TicketNumber> = mail::subject::tagged_numbers(&mail.subject)
            .chain(mail::subject::tagged_numbers(&mail.text))
            .take(3)
            .collect();
        let probe = mail.clone();
        let row = self
            .0
            .db
            .read(move |c| {
                if let Some((number, seq)) = signed
                    && let Some(row) = store::redirect::by_seq(c, number, seq)?
                {
                    return Ok(Some((row, true)));
                }
                if let Some(row) = store::redirect::by_messages(c, &answered)? {
                    return Ok(Some((row, false)));
                }
                // A list server's own note may name the ticket only in its text.
                for list in store::redirect::lists(c)? {
                    let Ok(address) = Address::parse(&list) else {
                        continue;
                    };
                    if !mail::redirect::is_machinery(&probe, &address) {
                        continue;
                    }
                    for number in &tags {
                        let rows = store::redirect::of_ticket(c, *number)?;
                        if let Some(row) = rows.into_iter().find(|r| r.list == list) {
                            return Ok(Some((row, false)));
                        }
                    }
                }
                Ok::<_, Error>(None)
            })
            .await?;
        let Some((row, signed)) = row else {
            return Ok(None);
        };
        let Ok(list) = Address::parse(&row.list) else {
            return Ok(None);
        };
        let bounced = match verdict {
            Verdict::Suppress {
                reason: SuppressReason::Bounce,
                bounce,
            } => Some(bounce.clone().unwrap_or_default()),
            _ => None,
        };
        let machinery = mail::redirect::is_machinery(mail, &list);
        let kind = if ours {
            FromList::Nothing("own_loop")
        } else if let Some(info) = bounced {
            // One member's bounce is the list's matter, not ours.
            let lists_own = info.recipient.as_ref().is_none_or(|r| *r == list);
            if info.is_permanent() && lists_own {
                FromList::Unreachable(format!(
                    "it came back{}",
                    info.status.map_or_else(String::new, |s| format!(" ({s})"))
                ))
            } else {
                FromList::Nothing("bounce")
            }
        } else if machinery {
            FromList::Unreachable(format!(
                "the list server writes: “{}”",
                crate::act::clip(&mail.subject, 200)
            ))
        } else {
            match verdict {
                Verdict::Accept { .. } if signed || mail::redirect::came_over(mail, &list) => {
                    FromList::Word
                }
                Verdict::Suppress { reason, .. } => FromList::Nothing(reason.code()),
                // References alone are no proof, and a mail that is set aside
                // is looked at by a person.
                _ => return Ok(None),
            }
        };
        Ok(Some(ListMail { row, kind }))
    }

    /// Whether a request of ours came round to us by another desk: it opens
    /// nothing.
    pub(crate) fn went_round(&self, mail: &Incoming) -> bool {
        mail::redirect::hops(mail).contains(&self.loop_id())
    }

    /// Does what a mail from a list asks for. `Some`: it has no entry, for this
    /// reason.
    ///
    /// # Errors
    /// What the rules refuse; [`Error::Conflict`] when it was handled before.
    pub(crate) async fn take_from_list(
        &self,
        stored: &Stored,
        mail: &Incoming,
        from: ListMail,
        draft: EntryDraft,
    ) -> Result<Option<String>, Error> {
        let row = from.row;
        match from.kind {
            FromList::Nothing(reason) => Ok(Some(reason.to_owned())),
            FromList::Unreachable(why) => {
                self.list_unreachable(row.id, None, &why).await?;
                Ok(Some(format!("list: {why}")))
            }
            FromList::Word => {
                self.list_wrote(stored, mail, row, draft).await?;
                Ok(None)
            }
        }
    }

    async fn list_wrote(
        &self,
        stored: &Stored,
        mail: &Incoming,
        row: Redirection,
        draft: EntryDraft,
    ) -> Result<(), Error> {
        let list = Address::parse(&row.list)
            .map_err(|e| Error::Internal(format!("a stored list address: {e}")))?;
        let speaker = mail::redirect::speaker(mail, &list);
        let failed = matches!(
            mail::sender_proof(mail, self.config().authserv_id.as_deref(), None),
            Proof::Fail
        );
        let from = mail
            .from
            .as_ref()
            .map(|m| m.address.as_str().to_owned())
            .filter(|_| !failed);
        let now = self.now();
        let first = self
            .ready_entry(
                "body",
                row.ticket,
                EntryVisibility::Public,
                false,
                draft.clone(),
            )
            .await?;
        let note = self
            .ready_entry("body", row.ticket, EntryVisibility::Internal, false, draft)
            .await?;
        let (catalogue, desk, cause, id) = (
            self.catalogue().await?,
            self.clone(),
            self.uuid(),
            stored.id,
        );
        let live = self
            .0
            .db
            .write(move |c| {
                let taken = store::redirect::count(c, row.id, "in", now - HOUR_MS)?;
                if taken >= ANSWERS_AN_HOUR {
                    return Err(Error::Conflict(format!(
                        "more than {ANSWERS_AN_HOUR} mails from {} about ticket {} within an hour",
                        row.list, row.ticket
                    )));
                }
                let ticket = lives_on(c, row.ticket)?;
                let actor = match &from {
                    Some(from) => on_requesters_side(c, &ticket, from)?,
                    None => None,
                };
                // A final ticket takes notes only.
                let entry = if ticket.status.is_final() {
                    &note
                } else {
                    &first
                };
                let (actor, of_list) = match actor {
                    Some(actor) if !ticket.status.is_final() => (actor, false),
                    _ => (spokesman(&speaker), true),
                };
                let mut live =
                    write_within(c, &catalogue, ticket.number, entry, &[], &actor, cause, now)?;
                // The requester's word to the list's address goes on to the list,
                // as their others do.
                if of_list {
                    store::redirect::note(c, entry.id.0, row.id, "in", "answer", None, now)?;
                    live.extend(happen(
                        c,
                        &desk,
                        &catalogue,
                        row.id,
                        Happened::Answered,
                        None,
                    )?);
                }
                tracing::info!(mail = %id, ticket = %ticket.number, "an answer from a list");
                Ok(live)
            })
            .await?;
        self.announce(live);
        Ok(())
    }
}

/// Who speaks for a list or a site: nobody with an account, and the name says so.
pub(crate) fn spokesman(name: &str) -> Actor {
    Actor {
        name: name.to_owned(),
        ..Actor::system(Channel::Mail)
    }
}

/// The ticket itself, or the one into which it was merged.
pub(crate) fn lives_on(c: &mut store::Conn<'_>, number: TicketNumber) -> Result<Ticket, Error> {
    let mut at = number;
    for _ in 0..=MOST_MERGES {
        let ticket =
            store::ticket::load(c, at)?.ok_or_else(|| Error::not_found(format!("ticket {at}")))?;
        match ticket.merged_into() {
            Some(into) => at = into,
            None => return Ok(ticket),
        }
    }
    Err(Error::not_found(format!("ticket {number}")))
}

/// The requester, or somebody they added, who wrote to the list's address: it
/// is their word and not the list's. Nobody gets more than they have.
fn on_requesters_side(
    c: &mut store::Conn<'_>,
    ticket: &Ticket,
    from: &str,
) -> Result<Option<Actor>, Error> {
    let Some(person) = store::person::by_email(c, from)?.filter(|p| p.active) else {
        return Ok(None);
    };
    let actor = actor_of(c, &person, Channel::Mail)?;
    let access = Access::of(&actor, ticket);
    Ok((access.requester || access.cc).then(|| Actor {
        admin: false,
        monitor: false,
        support: false,
        units: Vec::new(),
        ..actor
    }))
}

/// A public word of the list with commands that go along, in one transaction.
#[expect(
    clippy::too_many_arguments,
    reason = "one transaction's worth of what is known, passed on as it is"
)]
pub(super) fn list_does(
    c: &mut store::Conn<'_>,
    desk: &Desk,
    catalogue: &Catalogue,
    row: &Redirection,
    entry: &crate::act::ReadyEntry,
    kind: &'static str,
    commands: &[Command],
    speaker: &str,
) -> Result<Vec<Live>, Error> {
    let live = write_within(
        c,
        catalogue,
        row.ticket,
        entry,
        commands,
        &spokesman(speaker),
        desk.uuid(),
        desk.now(),
    )?;
    store::redirect::note(c, entry.id.0, row.id, "in", kind, None, desk.now())?;
    Ok(live)
}
