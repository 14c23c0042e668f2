//! Tickets that are shared with partner desks: what happens to them is recorded
//! by the rules of `switchboard_core::exchange`, kept, and put into the partners'
//! logs, all in the caller's transaction.

use std::collections::BTreeSet;

use store::Conn;
use store::partner::{Partner, State};
use store::shared::{Joint, Kept};
use switchboard_core::exchange::{
    Change, Deed, DeskId, Link, Name, Recorded, Refused, Shared, SharedId, Stage, WITHHELD, covers,
    record,
};
use switchboard_core::redact::{ERASED, REMOVED};
use switchboard_core::{EntryId, Millis, ServiceId, Ticket, TicketNumber, UnitId};
use uuid::Uuid;

use super::{comes, private};
use crate::redirect::may_go_to_lists;
use crate::{Catalogue, Desk, Error, Live};

/// What every step looks at.
pub(super) struct Road<'a> {
    pub(super) desk: &'a Desk,
    pub(super) catalogue: &'a Catalogue,
    /// This desk's name.
    pub(super) me: DeskId,
    pub(super) now: Millis,
}

/// A change from JSON that this desk keeps.
pub(super) fn read(doc: &str) -> Result<Change, Error> {
    serde_json::from_str(doc).map_err(|e| Error::Internal(format!("a change that is kept: {e}")))
}

fn written(change: &Change) -> Result<String, Error> {
    serde_json::to_string(change).map_err(|e| Error::Internal(format!("a change to JSON: {e}")))
}

/// The address of who wrote something, if it is told.
fn address(change: &Change) -> Option<&str> {
    match &change.deed {
        Deed::Opened { entry, .. } | Deed::EntryAdded { entry } => entry.author.address.as_deref(),
        _ => None,
    }
}

/// A ticket of which nothing is known yet.
pub(super) fn fresh(road: &Road<'_>, id: SharedId, ticket: Option<TicketNumber>) -> Joint {
    Joint {
        opened_here: id.desk == road.me,
        shared: Shared::new(id.clone()),
        id,
        ticket,
        began_at: road.now,
        looked_at: road.now,
        looked_by: None,
    }
}

/// Stores a shared ticket. Texts are in its changes.
pub(super) fn save(c: &mut Conn<'_>, joint: &mut Joint) -> Result<(), Error> {
    joint.shared.let_go_of_texts();
    Ok(store::shared::save(c, joint)?)
}

/// The partners that a ticket is shared with.
pub(super) fn partners(c: &mut Conn<'_>, joint: &Joint) -> Result<Vec<Partner>, Error> {
    let mut found = Vec::new();
    for (partner, _) in store::shared::roads(c, &joint.id)? {
        found.extend(store::partner::load(c, partner)?);
    }
    Ok(found)
}

/// The partner to which a ticket is given by being in a unit: one that stands for it, of
/// tickets about this service.
pub(super) fn given_to(
    c: &mut Conn<'_>,
    unit: UnitId,
    service: Option<ServiceId>,
) -> Result<Option<Uuid>, Error> {
    let Some(partner) = store::partner::of_unit(c, unit)? else {
        return Ok(None);
    };
    let named = store::partner::services(c, partner)?;
    Ok(covers(&named, service).then_some(partner))
}

/// The partner with which a ticket is now. What was opened there may go back whatever it is
/// about.
pub(super) fn place(
    c: &mut Conn<'_>,
    ticket: &Ticket,
    joint: Option<&Joint>,
) -> Result<Option<Partner>, Error> {
    let partner = match store::partner::of_unit(c, ticket.unit)? {
        Some(partner) => store::partner::load(c, partner)?,
        None => None,
    };
    let Some(partner) = partner else {
        return Ok(None);
    };
    let theirs = joint.is_some_and(|joint| joint.id.desk == partner.desk);
    let named = store::partner::services(c, partner.id)?;
    Ok((theirs || covers(&named, ticket.service)).then_some(partner))
}

fn link(partner: &Partner, may_leave: bool) -> Link {
    Link {
        peer: partner.desk.clone(),
        passes: partner.terms.passes(),
        stage: match partner.state {
            State::Ended => Stage::Ended,
            State::Active | State::Paused if may_leave => Stage::Active,
            State::Active | State::Paused => Stage::Held,
        },
    }
}

fn ticket_of(c: &mut Conn<'_>, joint: &Joint) -> Result<Option<Ticket>, Error> {
    match joint.ticket {
        Some(number) => Ok(store::ticket::load(c, number)?),
        None => Ok(None),
    }
}

/// The addresses of everybody who has to do with a ticket, here or elsewhere.
fn everybody(
    c: &mut Conn<'_>,
    joint: &Joint,
    ticket: Option<&Ticket>,
) -> Result<Vec<String>, Error> {
    let mut all = store::shared::addresses(c, &joint.id)?;
    if let Some(ticket) = ticket {
        all.extend(private(c, ticket)?);
    }
    Ok(all)
}

/// Puts a change at the end of a partner's log, as it may see it.
fn append(
    c: &mut Conn<'_>,
    road: &Road<'_>,
    partner: &Partner,
    mut change: Change,
) -> Result<(), Error> {
    if !partner.terms.files
        && let Deed::AttachmentAdded { attachment } = &mut change.deed
    {
        // That there is one may be known; it can not be asked for.
        WITHHELD.clone_into(&mut attachment.file);
        attachment.sha256.clear();
    }
    let names = (&change.ticket, &change.name);
    let doc = written(&change)?;
    Ok(store::partner::append(
        c,
        road.desk.uuid(),
        partner.id,
        names,
        &doc,
        road.now,
    )?)
}

/// Records a change, one of ours or one that came: what follows from it is kept,
/// put into the partners' logs, and erased where it has to be.
pub(super) fn happened(
    c: &mut Conn<'_>,
    road: &Road<'_>,
    joint: &mut Joint,
    change: Change,
    (source, entry): (Option<Uuid>, Option<EntryId>),
) -> Result<Recorded, Error> {
    let partners = partners(c, joint)?;
    let ticket = ticket_of(c, joint)?;
    let may_leave = ticket.as_ref().is_none_or(may_go_to_lists);
    let links: Vec<Link> = partners.iter().map(|p| link(p, may_leave)).collect();
    let private = everybody(c, joint, ticket.as_ref())?;
    let name = change.name.clone();
    let recorded = record(
        &mut joint.shared,
        change,
        &road.me,
        &links,
        &private,
        road.now,
    );
    if !recorded.log.is_empty() {
        // What follows refers to it.
        save_again(c, joint)?;
    }
    for change in &recorded.log {
        let own = change.name == name;
        let kept = Kept {
            name: change.name.clone(),
            at: road.now,
            source: source.filter(|_| own),
            entry: entry.filter(|_| own),
            doc: written(change)?,
        };
        store::shared::keep(c, road.desk.uuid(), &joint.id, &kept, address(change))?;
    }
    for forward in &recorded.forward {
        if let Some(partner) = partners.iter().find(|p| p.desk == forward.peer) {
            append(c, road, partner, forward.change.clone())?;
        }
    }
    for gone in &recorded.erase {
        erase(c, road, joint, gone)?;
    }
    Ok(recorded)
}

/// The row has to be there before its changes; the texts stay in memory until the
/// end, for what is still to be done with them.
fn save_again(c: &mut Conn<'_>, joint: &Joint) -> Result<(), Error> {
    let mut bare = joint.clone();
    save(c, &mut bare)
}

/// A change of ours happened. That the rules refuse one is a mistake here: what
/// they ask for was looked at before.
pub(super) fn ours(
    c: &mut Conn<'_>,
    road: &Road<'_>,
    joint: &mut Joint,
    change: Result<Change, Refused>,
    entry: Option<EntryId>,
) -> Result<Name, Error> {
    let change = change.map_err(|e| Error::Internal(e.to_string()))?;
    let name = change.name.clone();
    happened(c, road, joint, change, (None, entry))?;
    Ok(name)
}

/// The ticket goes to a partner too, with everything that is known. Doing so
/// again is harmless: the partner knows what it has.
pub(super) fn tell_all(
    c: &mut Conn<'_>,
    road: &Road<'_>,
    joint: &Joint,
    partner: &Partner,
) -> Result<(), Error> {
    let ticket = ticket_of(c, joint)?;
    let link = link(partner, ticket.as_ref().is_none_or(may_go_to_lists));
    let private = everybody(c, joint, ticket.as_ref())?;
    for kept in store::shared::changes(c, &joint.id)? {
        if let Some(change) = link.leaves(&read(&kept.doc)?, &private) {
            append(c, road, partner, change)?;
        }
    }
    Ok(())
}

/// A ticket is shared with a partner from now on.
pub(super) fn share(
    c: &mut Conn<'_>,
    road: &Road<'_>,
    joint: &Joint,
    partner: &Partner,
) -> Result<(), Error> {
    let known = store::shared::roads(c, &joint.id)?;
    if known.iter().any(|(id, _)| *id == partner.id) {
        return Ok(());
    }
    store::shared::share(c, &joint.id, partner.id, road.now)?;
    tell_all(c, road, joint, partner)
}

/// Whether a desk is known to have a ticket: changes came through it, or it was
/// made responsible.
fn has_it(kept: &[Kept], desk: &DeskId) -> Result<bool, Error> {
    for kept in kept {
        let change = read(&kept.doc)?;
        let given = matches!(&change.deed, Deed::BatonPassed { to, .. } if to == desk);
        if given || change.path.contains(desk) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A text with [`WITHHELD`] in place of every address, as whoever may get none of them
/// has it: so texts compare from which each desk was given other ones.
fn without_addresses(text: &str) -> String {
    let local = |c: char| c.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c);
    let domain = |c: char| c.is_alphanumeric() || ".-".contains(c);
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        let name = before.trim_end_matches(local);
        let host = after.len() - after.trim_start_matches(domain).len();
        // A full stop at its end is the sentence's.
        let host = after[..host].trim_end_matches(['.', '-']).len();
        if name.len() == before.len() || host == 0 {
            out.push_str(&rest[..=at]);
            rest = after;
        } else {
            out.push_str(name);
            out.push_str(WITHHELD);
            rest = &after[host..];
        }
    }
    out + rest
}

/// Whether a partner may speak of a ticket. Names of tickets can be guessed: who
/// is not known to have it shows that by its opening, as it is known here.
fn may_speak(
    c: &mut Conn<'_>,
    joint: Option<&Joint>,
    partner: &Partner,
    change: &Change,
) -> Result<Option<String>, Error> {
    if let Deed::Opened { .. } = change.deed
        && change.name.desk != change.ticket.desk
    {
        let why = format!("{} was not opened at {}", change.ticket, change.name.desk);
        return Ok(Some(why));
    }
    let Some(joint) = joint else {
        return Ok((!partner.terms.takes)
            .then(|| "the agreement lets no ticket come from there".to_owned()));
    };
    let roads = store::shared::roads(c, &joint.id)?;
    if roads.iter().any(|(id, _)| *id == partner.id) {
        return Ok(None);
    }
    let kept = store::shared::changes(c, &joint.id)?;
    if has_it(&kept, &partner.desk)? {
        return Ok(None);
    }
    let known = kept.iter().find(|k| k.name == change.name);
    let known = known.map(|k| read(&k.doc)).transpose()?;
    let same = known.is_some_and(|ours| shows(&ours, change));
    Ok((!same).then(|| format!("{} is not shared with {}", joint.id, partner.desk)))
}

/// Whether who tells an opening so has it: it says what was said. Of one that was erased
/// nobody has the words any more, and its moment to the millisecond is what nobody guesses.
fn shows(ours: &Change, told: &Change) -> bool {
    let (Deed::Opened { entry: known, .. }, Deed::Opened { entry, .. }) = (&ours.deed, &told.deed)
    else {
        return false;
    };
    if known.erased {
        return (ours.at, ours.tick) == (told.at, told.tick);
    }
    without_addresses(&known.body) == without_addresses(&entry.body)
}

/// A change came from a partner. Gives why it can not be taken, if it can not.
pub(super) fn arrives(
    c: &mut Conn<'_>,
    road: &Road<'_>,
    partner: &mut Partner,
    change: &Change,
) -> Result<Result<Vec<Live>, String>, Error> {
    let known = store::shared::load(c, &change.ticket)?;
    if let Some(why) = may_speak(c, known.as_ref(), partner, change)? {
        return Ok(Err(why));
    }
    let mut joint = match known {
        Some(joint) => joint,
        None => {
            let mut joint = fresh(road, change.ticket.clone(), None);
            save(c, &mut joint)?;
            joint
        }
    };
    store::shared::share(c, &joint.id, partner.id, road.now)?;
    let source = (Some(partner.id), None);
    let recorded = happened(c, road, &mut joint, change.clone(), source)?;
    if recorded.log.is_empty() {
        return Ok(Ok(Vec::new()));
    }
    let live = comes::carry(c, road, &mut joint, partner, &recorded.log)?;
    save(c, &mut joint)?;
    Ok(Ok(live))
}

/// Takes the texts of a change out of all logs, and out of the ticket here.
fn erase(c: &mut Conn<'_>, road: &Road<'_>, joint: &Joint, name: &Name) -> Result<(), Error> {
    let kept = store::shared::changes(c, &joint.id)?;
    let Some(kept) = kept.into_iter().find(|k| k.name == *name) else {
        return Ok(());
    };
    let mut change = read(&kept.doc)?;
    let before = change.clone();
    change.erase();
    store::trace::overwrite(c, true)?;
    store::shared::erase(c, &joint.id, name, &written(&change)?)?;
    for (row, doc) in store::shared::in_logs(c, &joint.id, name)? {
        let mut change = read(&doc)?;
        change.erase();
        store::shared::erase_in_log(c, row, &written(&change)?)?;
    }
    if let Some(number) = joint.ticket {
        erase_here(c, road, number, kept.entry, before)?;
    }
    store::trace::overwrite(c, false)?;
    Ok(())
}

/// Takes what a change said out of the ticket here.
fn erase_here(
    c: &mut Conn<'_>,
    road: &Road<'_>,
    number: TicketNumber,
    entry: Option<EntryId>,
    mut before: Change,
) -> Result<(), Error> {
    match &before.deed {
        Deed::AttachmentAdded { attachment } => {
            forget_file(c, road, number, entry, &attachment.sha256)
        }
        // What was written here went where it was to go, by who erased it here.
        _ if before.name.desk == road.me => Ok(()),
        deed => {
            if let (Deed::Opened { .. } | Deed::EntryAdded { .. }, Some(entry)) = (deed, entry) {
                forget_entry(c, road, entry)?;
            }
            let texts = before.texts().into_iter().map(|t| t.clone()).collect();
            forget_in_history(c, road, number, &texts)
        }
    }
}

fn forget_entry(c: &mut Conn<'_>, road: &Road<'_>, entry: EntryId) -> Result<(), Error> {
    let Some(mut entry) = store::entry::load(c, entry)? else {
        return Ok(());
    };
    if entry.body == REMOVED {
        return Ok(());
    }
    let number = entry.ticket;
    let words_before = words(c, road, number)?;
    REMOVED.clone_into(&mut entry.body);
    ERASED.clone_into(&mut entry.author_name);
    (entry.quoted, entry.html) = (None, None);
    store::trace::rewrite_entry(c, &entry)?;
    forget_words(c, road, number, words_before)
}

type Words = Option<store::search::SearchDoc>;

fn words(c: &mut Conn<'_>, road: &Road<'_>, number: TicketNumber) -> Result<Words, Error> {
    match store::ticket::load(c, number)? {
        Some(ticket) => Ok(Some(crate::follow::index_entry(
            c,
            road.catalogue,
            &ticket,
        )?)),
        None => Ok(None),
    }
}

fn forget_words(
    c: &mut Conn<'_>,
    road: &Road<'_>,
    number: TicketNumber,
    before: Words,
) -> Result<(), Error> {
    if let (Some(before), Some(after)) = (before, words(c, road, number)?) {
        let gone = &store::search::words(&before) - &store::search::words(&after);
        store::search::index(c, &[after])?;
        store::search::forget_words(c, &gone)?;
    }
    Ok(())
}

fn forget_file(
    c: &mut Conn<'_>,
    road: &Road<'_>,
    number: TicketNumber,
    entry: Option<EntryId>,
    sha256: &str,
) -> Result<(), Error> {
    for mut file in store::entry::attachments(c, number)? {
        let it = entry.is_none_or(|entry| entry == file.entry);
        if it && !file.sha256.is_empty() && file.sha256 == sha256 {
            crate::privacy::files::doom(c, &file.sha256, road.now)?;
            REMOVED.clone_into(&mut file.name);
            (file.content_id, file.size) = (None, 0);
            file.sha256 = String::new();
            store::trace::rewrite_attachment(c, &file)?;
        }
    }
    Ok(())
}

/// Takes texts out of a ticket's history where it repeats them as a whole; the
/// ticket is what its history gives.
fn forget_in_history(
    c: &mut Conn<'_>,
    road: &Road<'_>,
    number: TicketNumber,
    texts: &BTreeSet<String>,
) -> Result<(), Error> {
    let Some(ticket) = store::ticket::load(c, number)? else {
        return Ok(());
    };
    let mut events = store::event::of_ticket(c, number, 0, i64::MAX)?;
    let words_before = words(c, road, number)?;
    let mut changed = false;
    for event in &mut events {
        let before = event.change.clone();
        event.change.texts_mut(&mut |_, text| {
            if text.len() > 3 && texts.contains(text) {
                REMOVED.clone_into(text);
            }
        });
        if event.change != before {
            store::trace::rewrite_event(c, event)?;
            changed = true;
        }
    }
    if !changed {
        return Ok(());
    }
    let replayed = Ticket::replay(events.iter().map(|e| (e.change.clone(), e.at)))
        .ok_or_else(|| Error::Internal(format!("ticket {number} has no beginning")))?;
    if replayed != ticket {
        store::ticket::update(c, &ticket, &replayed)?;
    }
    forget_words(c, road, number, words_before)
}

/// After a person was taken out of a ticket: what is gone here is erased at the
/// partners too.
pub(crate) fn erased_here(
    c: &mut Conn<'_>,
    desk: &Desk,
    catalogue: &Catalogue,
    number: TicketNumber,
    now: Millis,
) -> Result<(), Error> {
    let Some(mut joint) = store::shared::of_ticket(c, number)? else {
        return Ok(());
    };
    let road = Road {
        desk,
        catalogue,
        me: desk.exchange_name()?,
        now,
    };
    let mut gone: Vec<Name> = Vec::new();
    let files = store::entry::attachments(c, number)?;
    for kept in store::shared::changes(c, &joint.id)? {
        if joint.shared.is_gone(&kept.name) || !(kept.name.desk == road.me || joint.opened_here) {
            continue;
        }
        let change = read(&kept.doc)?;
        let removed = match (&change.deed, kept.entry) {
            (Deed::AttachmentAdded { attachment }, _) => {
                !attachment.sha256.is_empty() && files.iter().all(|f| f.sha256 != attachment.sha256)
            }
            (Deed::Opened { .. } | Deed::EntryAdded { .. }, Some(entry)) => {
                store::entry::load(c, entry)?.is_some_and(|e| e.body == REMOVED)
            }
            _ => false,
        };
        if removed {
            gone.push(kept.name);
        }
    }
    if gone.is_empty() {
        return Ok(());
    }
    let erase = joint.shared.erase(&road.me, gone, now);
    ours(c, &road, &mut joint, erase, None)?;
    save(c, &mut joint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opening_is_shown_by_its_words_and_an_erased_one_by_its_moment() {
        let opened = |body: &str, erased: bool, at: Millis| {
            serde_json::from_value::<Change>(serde_json::json!({
                "ticket": "a.example/7", "name": "a.example#1", "tick": 1, "at": at,
                "path": ["a.example"],
                "deed": {"kind": "opened", "fields": {}, "entry": {
                    "author": {"role": "requester"}, "body": body, "erased": erased,
                }},
            }))
            .unwrap()
        };
        let ours = opened("No plates.", false, 17);
        assert!(shows(&ours, &opened("No plates.", false, 18)));
        assert!(!shows(&ours, &opened("Plates.", false, 17)));
        assert!(!shows(&ours, &opened("", true, 17)));
        let erased = opened("", true, 17);
        assert!(shows(&erased, &opened("", true, 17)));
        assert!(shows(&erased, &opened("No plates.", false, 17)));
        assert!(!shows(&erased, &opened("", true, 18)));
        assert!(!shows(&erased, &opened("Guessed", false, 18)));
    }

    #[test]
    fn texts_compare_whichever_addresses_were_withheld() {
        let whole = "Mail me: <rita@lab.example>, or r.i-ta+x@b.example. At 5@ or @home.";
        for other in [
            "Mail me: <[not shared]>, or [not shared]. At 5@ or @home.",
            "Mail me: <rita@lab.example>, or [not shared]. At 5@ or @home.",
        ] {
            assert_eq!(without_addresses(whole), without_addresses(other));
        }
        for forged in ["[not shared]", "Mail me: [not shared]", "", "x@y.example"] {
            assert_ne!(without_addresses(whole), without_addresses(forged));
        }
        assert_eq!(without_addresses("größe @ über"), "größe @ über");
    }
}
