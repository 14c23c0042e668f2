//! What a desk does with a change, its own or one that came.

use super::change::{Change, Deed};
use super::link::Link;
use super::origin::{DeskId, Name};
use super::shared::Shared;
use crate::id::Millis;

/// What follows from a change. All of it is kept in the transaction that keeps
/// the [`Shared`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recorded {
    /// What is new: goes to the end of the ticket's log, in this order. Empty
    /// when the change was known: then there is nothing to do at all.
    pub log: Vec<Change>,
    /// What goes to the end of the peers' logs, in this order.
    pub forward: Vec<Forward>,
    /// The texts of these go from every log and everywhere else.
    pub erase: Vec<Name>,
}

/// A change on its way to a peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// To whom.
    pub peer: DeskId,
    /// The change as that peer may see it.
    pub change: Change,
}

/// Takes a change in at the desk `me`.
///
/// `links` are the ticket's, `private` the addresses of everybody whom the desk
/// knows to have to do with it. `now` is the desk's clock, for receipts.
pub fn record(
    shared: &mut Shared,
    mut change: Change,
    me: &DeskId,
    links: &[Link],
    private: &[String],
    now: Millis,
) -> Recorded {
    let mut recorded = Recorded::default();
    if shared.known().has(&change.name) {
        return recorded;
    }
    if !change.path.contains(me) {
        change.path.push(me.clone());
    }
    if shared.is_gone(&change.name) {
        change.erase();
    }
    keep(shared, change.clone(), links, private, &mut recorded);
    if let Deed::Erased { what } = &change.deed {
        recorded
            .erase
            .extend(what.iter().filter(|name| shared.is_gone(name)).cloned());
        if change.name.desk != *me {
            let refused = shared.not_erased(&change.name, what);
            let problem = refused
                .first()
                .map(|name| format!("{name} is not {}'s: it was left as it is", change.name.desk));
            let receipt = shared.erasure_done(me, change.name, problem, now);
            keep(shared, receipt, links, private, &mut recorded);
        }
    }
    recorded
}

fn keep(
    shared: &mut Shared,
    change: Change,
    links: &[Link],
    private: &[String],
    recorded: &mut Recorded,
) {
    shared.apply(&change);
    let mut private = private.to_vec();
    private.extend(shared.addresses().map(str::to_owned));
    recorded.forward.extend(links.iter().filter_map(|link| {
        Some(Forward {
            peer: link.peer.clone(),
            change: link.leaves(&change, &private)?,
        })
    }));
    recorded.log.push(change);
}
