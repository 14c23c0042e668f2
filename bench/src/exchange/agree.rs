//! Whether both desks have the same in the end, each thing once.

use std::collections::BTreeMap;

use store::Conn;
use switchboard_core::exchange::{Field, SharedId};
use switchboard_core::{Change, Status, TicketNumber};

use super::load::Load;
use super::site::{Pair, Site};

/// More entries than any ticket of a run has.
const MOST_ENTRIES: i64 = 100_000;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Agreed {
    /// Tickets that were compared.
    pub(crate) tickets: usize,
    /// Public texts on them.
    pub(crate) texts: usize,
    /// Acknowledged texts and tickets that are missing at a desk.
    pub(crate) lost: usize,
    /// Texts and tickets that a desk has more than once, or that nobody wrote.
    pub(crate) doubled: usize,
    /// Tickets whose status as it is shared is not the same at both desks.
    pub(crate) apart: usize,
    /// Tickets that stand otherwise at a desk than they are shared, as its own rules have it:
    /// an answer there takes them out of *waiting*, say.
    pub(crate) own: usize,
    /// Changes that a desk has set aside.
    pub(crate) dead: usize,
}

impl Agreed {
    /// Whether all is as it should be.
    pub(crate) fn fine(&self) -> bool {
        (self.lost, self.doubled, self.apart, self.dead) == (0, 0, 0, 0)
    }
}

type Texts = BTreeMap<String, usize>;

/// A ticket as a desk has it: its public texts, its status, and its status as it is shared.
type Picture = (Texts, Status, Option<String>);

fn picture(c: &mut Conn<'_>, id: &SharedId) -> Result<Option<Picture>, store::Error> {
    let Some(joint) = store::shared::load(c, id)? else {
        return Ok(None);
    };
    let Some(number) = joint.ticket else {
        return Ok(None);
    };
    let Some(ticket) = store::ticket::load(c, number)? else {
        return Ok(None);
    };
    let mut texts = Texts::new();
    for entry in store::entry::of_ticket(c, number, false, 0, MOST_ENTRIES)? {
        if entry.author_side != "system" {
            *texts.entry(entry.body).or_default() += 1;
        }
    }
    let shared = joint.shared.field(&Field::Status);
    Ok(Some((
        texts,
        ticket.status,
        shared.map(|s| s.value.clone()),
    )))
}

/// How many tickets were opened at a desk, whichever way they came, and how many changes
/// lie aside there.
fn counted(site: &Site) -> anyhow::Result<(usize, usize)> {
    Ok(site.db.read_blocking(|c| {
        let (mut after, mut opened) = (0, 0);
        loop {
            let events = store::event::feed(c, after, 5_000)?;
            let Some(last) = events.last() else {
                break;
            };
            after = last.id;
            let tickets = events
                .iter()
                .filter(|e| matches!(e.change, Change::Opened { .. }));
            opened += tickets.count();
        }
        let dead = store::partner::dead(c, 10_000)?.len();
        Ok::<_, store::Error>((opened, dead))
    })?)
}

/// Compares everything.
///
/// # Errors
/// When a database can not be read.
pub(crate) fn check(pair: &Pair, load: &Load<'_>) -> anyhow::Result<Agreed> {
    let mut agreed = Agreed::default();
    let opener = pair.sites[0].name()?;
    for linked in load.tickets() {
        agreed.tickets += 1;
        agreed.texts += linked.texts.len();
        let id = SharedId {
            desk: opener.clone(),
            number: TicketNumber(linked.here),
        };
        let mut states = Vec::new();
        for site in &pair.sites {
            let id = id.clone();
            let seen = site.db.read_blocking(move |c| picture(c, &id))?;
            let Some((texts, status, shared)) = seen else {
                agreed.lost += linked.texts.len();
                continue;
            };
            let written = linked.texts.iter();
            agreed.lost += written.filter(|text| !texts.contains_key(*text)).count();
            let there: usize = texts.values().sum();
            agreed.doubled += there.saturating_sub(linked.texts.len());
            states.push((status, shared));
        }
        let shared = |n: usize| states.get(n).and_then(|(_, shared)| shared.as_deref());
        agreed.apart += usize::from(shared(0) != shared(1));
        let own =
            |(status, shared): &(Status, Option<String>)| shared.as_deref() != Some(status.key());
        agreed.own += usize::from(states.iter().any(own));
    }
    let tickets = load.tickets().count();
    for site in &pair.sites {
        let (opened, dead) = counted(site)?;
        agreed.doubled += opened.saturating_sub(tickets);
        agreed.dead += dead;
    }
    Ok(agreed)
}
