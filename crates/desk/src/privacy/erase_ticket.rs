//! What erasing a person does to one ticket.
//!
//! The history is changed in place and the ticket replayed from it, so history and
//! state still agree. Every text that was removed leaves a mark.

use std::collections::{BTreeMap, BTreeSet};

use mail::Incoming as Parsed;
use store::Conn;
use store::entry::{Attachment, Entry};
use store::mail::Incoming;
use store::trace::Posted;
use switchboard_core::redact::{ERASED, REMOVED, Traces, lines_of, without_quotes};
use switchboard_core::{Change, EntryId, Millis, PartyRole, PersonId, Ticket, TicketNumber};
use uuid::Uuid;

use super::files;
use crate::{Catalogue, Error};

/// Who is erased, as tickets are searched for them.
#[derive(Debug, Clone)]
pub(super) struct Erased {
    /// Their id.
    pub(super) person: PersonId,
    /// Their canonical addresses.
    pub(super) addresses: Vec<String>,
    /// For the tickets that they are on.
    pub(super) at_home: Traces,
    /// For all other texts.
    pub(super) unmistakable: Traces,
    /// Their addresses alone, for senders as they were written.
    pub(super) by_address: Traces,
}

impl Erased {
    fn is_address(&self, address: &str) -> bool {
        self.addresses
            .iter()
            .any(|a| a.eq_ignore_ascii_case(address))
    }
}

/// Removes the person from a ticket. `originals` are the mails whose stored bytes
/// name them. Returns whether anything was changed.
pub(super) fn erase(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    who: &Erased,
    number: TicketNumber,
    originals: &BTreeSet<Uuid>,
    now: Millis,
) -> Result<bool, Error> {
    let Some(ticket) = store::ticket::load(c, number)? else {
        return Ok(false);
    };
    let mut events = store::event::of_ticket(c, number, 0, i64::MAX)?;
    let entries = store::entry::of_ticket(c, number, true, 0, i64::MAX)?;
    let words_before = crate::follow::index_entry(c, catalogue, &ticket)?;

    let person = who.person;
    let asked = events.iter().any(|e| match &e.change {
        Change::Opened {
            requester, parties, ..
        } => {
            *requester == person
                || parties
                    .iter()
                    .any(|p| p.person == person && p.role == PartyRole::Cc)
        }
        Change::PartyAdded { party } => party.person == person && party.role == PartyRole::Cc,
        _ => false,
    }) || entries
        .iter()
        .any(|e| e.author == Some(person) && e.author_side == "requester");
    let on_it = asked
        || ticket.owner == Some(person)
        || ticket.parties.iter().any(|p| p.person == person)
        || events.iter().any(|e| e.actor == Some(person))
        || entries.iter().any(|e| e.author == Some(person));
    let traces = if on_it {
        &who.at_home
    } else {
        &who.unmistakable
    };

    // What they themselves wrote on the requester's side goes as a whole, wherever the
    // history repeats it.
    let mut own: BTreeSet<String> = BTreeSet::new();
    for event in &events {
        let opened_for =
            matches!(&event.change, Change::Opened { requester, .. } if *requester == person);
        if asked && (event.actor == Some(person) || opened_for) {
            let mut change = event.change.clone();
            change.texts_mut(&mut |given, text| {
                if given && !text.is_empty() && text != REMOVED {
                    own.insert(text.clone());
                }
            });
        }
    }
    let mut changed = false;
    for event in &mut events {
        let before = event.clone();
        if event.actor == Some(person) {
            ERASED.clone_into(&mut event.actor_name);
        } else if let Some(name) = traces.taken_out(&event.actor_name) {
            event.actor_name = name;
        }
        event.change.texts_mut(&mut |_, text| {
            if own.contains(text) {
                REMOVED.clone_into(text);
            } else if let Some(left) = traces.taken_out(text) {
                *text = left;
            }
        });
        if *event != before {
            store::trace::rewrite_event(c, event)?;
            changed = true;
        }
    }
    let replayed = Ticket::replay(events.iter().map(|e| (e.change.clone(), e.at)))
        .ok_or_else(|| Error::Internal(format!("ticket {number} has no beginning")))?;
    if replayed != ticket {
        store::ticket::update(c, &ticket, &replayed)?;
        changed = true;
    }

    changed |= erase_entries(c, who, traces, entries, now)?;
    let about = About {
        number,
        // A subject that they wrote stands in all mails about the ticket.
        subject: asked.then_some(replayed.subject.as_str()),
        // What a mail said is encoded in ways that names hide in; who should read it
        // has it by now, or finds it in the ticket.
        empty: on_it || changed,
    };
    changed |= erase_mails(c, who, traces, &about, originals, now)?;
    if changed || on_it {
        let words_after = crate::follow::index_entry(c, catalogue, &replayed)?;
        let gone = &store::search::words(&words_before) - &store::search::words(&words_after);
        store::search::index(c, &[words_after])?;
        store::search::forget_words(c, &gone)?;
    }
    Ok(changed)
}

/// What the mails about a ticket are compared with.
struct About<'a> {
    number: TicketNumber,
    /// The subject that stands in them from now on.
    subject: Option<&'a str>,
    /// What they said goes.
    empty: bool,
}

/// Entries and their files.
fn erase_entries(
    c: &mut Conn<'_>,
    who: &Erased,
    traces: &Traces,
    entries: Vec<Entry>,
    now: Millis,
) -> Result<bool, Error> {
    let mut changed = false;
    // What they wrote stands in the answers too, as a quote.
    let theirs = |e: &Entry| e.author == Some(who.person) && e.author_side == "requester";
    let lines: BTreeSet<String> = entries
        .iter()
        .filter(|e| theirs(e))
        .flat_map(|e| lines_of(&e.body))
        .collect();
    let mut files: BTreeMap<EntryId, Vec<Attachment>> = BTreeMap::new();
    if let Some(first) = entries.first() {
        for file in store::entry::attachments(c, first.ticket)? {
            files.entry(file.entry).or_default().push(file);
        }
    }
    for mut entry in entries {
        let before = entry.clone();
        let own = entry.author == Some(who.person);
        let removed = theirs(&entry);
        if own {
            ERASED.clone_into(&mut entry.author_name);
        } else if let Some(name) = traces.taken_out(&entry.author_name) {
            entry.author_name = name;
        }
        if removed {
            REMOVED.clone_into(&mut entry.body);
            entry.quoted = None;
            entry.html = None;
        } else {
            if let Some(body) = without_quotes(&entry.body, &lines, false) {
                entry.body = body;
            }
            if let Some(body) = traces.taken_out(&entry.body) {
                entry.body = body;
            }
            if let Some(quoted) = &mut entry.quoted {
                if let Some(left) = without_quotes(quoted, &lines, true) {
                    *quoted = left;
                }
                if let Some(left) = traces.taken_out(quoted) {
                    *quoted = left;
                }
            }
            // A name may be cut up by markup: the plain text is what stays.
            if entry.body != before.body
                || entry.quoted != before.quoted
                || entry.html.as_deref().is_some_and(|h| traces.are_in(h))
            {
                entry.html = None;
            }
        }
        if entry != before {
            store::trace::rewrite_entry(c, &entry)?;
            changed = true;
        }
        for mut file in files.remove(&entry.id).unwrap_or_default() {
            let before = file.clone();
            if removed {
                REMOVED.clone_into(&mut file.name);
                file.content_id = None;
                file.size = 0;
                files::doom(c, &file.sha256, now)?;
                file.sha256 = String::new();
            } else {
                if let Some(name) = traces.taken_out(&file.name) {
                    file.name = name;
                }
                if file
                    .content_id
                    .as_deref()
                    .is_some_and(|id| traces.are_in(id))
                {
                    file.content_id = None;
                }
            }
            if file != before {
                store::trace::rewrite_attachment(c, &file)?;
                changed = true;
            }
        }
    }
    Ok(changed)
}

/// Mails about the ticket, both ways.
fn erase_mails(
    c: &mut Conn<'_>,
    who: &Erased,
    traces: &Traces,
    about: &About<'_>,
    originals: &BTreeSet<Uuid>,
    now: Millis,
) -> Result<bool, Error> {
    let mut changed = false;
    for mail in store::trace::received_for(c, about.number.0)? {
        let theirs = mail
            .sender
            .as_deref()
            .is_some_and(|s| who.by_address.are_in(s));
        let original = theirs || originals.contains(&mail.id);
        changed |= empty_incoming(c, mail, traces, theirs, original, now)?;
    }
    for mail in store::trace::posted_about(c, about.number.0)? {
        if mail.person == Some(who.person) || who.is_address(&mail.address) {
            changed |= empty_posted(c, mail)?;
            continue;
        }
        let mut left = mail.clone();
        if let Some(subject) = about.subject {
            left.subject = mail::subject_with_tag(about.number, subject);
        }
        if let Some(subject) = traces.taken_out(&left.subject) {
            left.subject = subject;
        }
        if left.error.as_deref().is_some_and(|e| traces.are_in(e)) {
            left.error = None;
        }
        if about.empty || left != mail {
            withdraw(&mut left);
            store::trace::rewrite_posted(c, &left)?;
            changed = true;
        }
    }
    Ok(changed)
}

/// A mail that has not gone out does not go out any more.
fn withdraw(mail: &mut Posted) {
    if !matches!(mail.state.as_str(), "sent" | "failed") {
        mail.state = "failed".into();
        mail.error = Some("withdrawn: it told of a person who was erased".into());
    }
}

/// Takes address, subject and bytes out of a mail to somebody who is erased.
pub(super) fn empty_posted(c: &mut Conn<'_>, mut mail: Posted) -> Result<bool, Error> {
    let address = format!("erased-{}", mail.id.simple());
    if mail.address == address {
        return Ok(false);
    }
    mail.address = address;
    REMOVED.clone_into(&mut mail.subject);
    mail.error = None;
    withdraw(&mut mail);
    store::trace::rewrite_posted(c, &mail)?;
    Ok(true)
}

/// Takes out of a mail that came in what is about the person; with `theirs` all that
/// its sender gave, with `original` the stored bytes.
pub(super) fn empty_incoming(
    c: &mut Conn<'_>,
    mut mail: Incoming,
    traces: &Traces,
    theirs: bool,
    original: bool,
    now: Millis,
) -> Result<bool, Error> {
    let before = mail.clone();
    if theirs {
        REMOVED.clone_into(&mut mail.subject);
        mail.sender = None;
        mail.message_id = None;
        mail.envelope = None;
        mail.verdict = None;
    } else {
        if let Some(subject) = traces.taken_out(&mail.subject) {
            mail.subject = subject;
        }
        if mail
            .message_id
            .as_deref()
            .is_some_and(|id| traces.are_in(id))
        {
            mail.message_id = None;
        }
        if mail.sender.as_deref().is_some_and(|s| traces.are_in(s)) {
            mail.sender = None;
        }
        for json in [&mut mail.envelope, &mut mail.verdict] {
            if json.as_deref().is_some_and(|j| traces.are_in(j)) {
                *json = None;
            }
        }
    }
    for text in [&mut mail.reason, &mut mail.flagged] {
        if let Some(left) = text.as_deref().and_then(|t| traces.taken_out(t)) {
            *text = Some(left);
        }
    }
    if original && !mail.raw.is_empty() {
        files::doom(c, &mail.raw, now)?;
        mail.raw = String::new();
    }
    if mail == before {
        return Ok(false);
    }
    store::trace::rewrite_incoming(c, &mail)?;
    Ok(true)
}

/// Whether the bytes of a mail name the person anywhere: as they stand, or decoded.
/// What can not be read counts as naming them.
pub(super) fn names(raw: &[u8], traces: &Traces) -> bool {
    if traces.are_in(&String::from_utf8_lossy(raw)) {
        return true;
    }
    let Ok(mail) = mail::parse(raw, &mail::Limits::default()) else {
        return true;
    };
    spoken(&mail).any(|text| traces.are_in(&text))
}

/// Everything that a mail says, decoded.
fn spoken(mail: &Parsed) -> impl Iterator<Item = String> + '_ {
    let boxes = mail
        .from
        .iter()
        .chain(&mail.sender)
        .chain(&mail.reply_to)
        .chain(&mail.to)
        .chain(&mail.cc)
        .map(|b| format!("{} {}", b.name.as_deref().unwrap_or_default(), b.address));
    [mail.subject.clone(), mail.text.clone()]
        .into_iter()
        .chain(mail.html.clone())
        .chain(boxes)
        .chain(mail.attachments.iter().map(|a| a.name.clone()))
        .chain(
            mail.attachments
                .iter()
                .map(|a| String::from_utf8_lossy(&a.bytes).into_owned()),
        )
}
