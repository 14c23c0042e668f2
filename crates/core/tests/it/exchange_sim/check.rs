//! What always holds, and what has to hold once it is quiet.

use std::collections::{BTreeMap, BTreeSet};

use switchboard_core::exchange::{
    CallState, Change, Deed, DeskId, Entry, Field, Name, RemoteDeed, Rule, SharedId, Tie, What,
};

use super::bridge::Bridge;
use super::desk::told;
use super::ledger::Page;
use super::tracker::Tracker;
use super::world::{Checked, Failure, MINUTE, SECOND, World};

fn ensure(right: bool, otherwise: impl FnOnce() -> String) -> Checked {
    if right {
        Ok(())
    } else {
        Err(Failure(otherwise()))
    }
}

impl World {
    /// At no moment two desks believe that they are responsible.
    pub(super) fn check_batons(&self) -> Checked {
        for id in self.ledger.pages.keys() {
            let believe: Vec<&DeskId> = self
                .desks
                .iter()
                .filter(|desk| {
                    desk.tickets
                        .get(id)
                        .is_some_and(|t| t.shared.baton().holder() == &desk.me)
                })
                .map(|desk| &desk.me)
                .collect();
            // The system's belief is that of the desk that speaks for it.
            let system = self.desks.iter().filter_map(|desk| {
                let system = &desk.bridge.as_ref()?.manner.system;
                let holder = desk.tickets.get(id)?.shared.baton().holder();
                (holder == system).then_some(system)
            });
            let believe: Vec<&DeskId> = believe.into_iter().chain(system).collect();
            ensure(believe.len() < 2, || {
                format!("{id}: {believe:?} both have the baton")
            })?;
        }
        Ok(())
    }

    /// What goes over a wire: nothing internal, no personal data that the
    /// agreement keeps, nothing back to where it has been.
    pub(super) fn check_leaving(&self, from: usize, to: usize, change: &Change) -> Checked {
        let (from, to) = (self.desks[from].me.clone(), self.desks[to].me.clone());
        let agreed = self.passes[&(from.clone(), to.clone())];
        ensure(!change.path.contains(&to), || {
            format!("echo: {from} sends {to} what {to} has: {}", told(change))
        })?;
        let mut copy = change.clone();
        for text in copy.texts() {
            ensure(!text.contains("SECRET"), || {
                format!("internal text from {from} to {to}: {}", told(change))
            })?;
            ensure(agreed.addresses || !text.contains('@'), || {
                format!(
                    "an address that is not shared goes from {from} to {to}: {text:?} in {}",
                    told(change)
                )
            })?;
            ensure(agreed.names || !text.contains("Name-"), || {
                format!(
                    "a name that is not shared goes from {from} to {to}: {text:?} in {}",
                    told(change)
                )
            })?;
        }
        Ok(())
    }

    /// After quiet: lets it come to rest, and looks at everything.
    pub(super) fn settle_down(&mut self) -> Checked {
        let quiet = self.quiet;
        // Where an answer was lost, the system is given a minute to have done it.
        let longest = if self.tracker.is_some() { 18 } else { 6 };
        let rest =
            (1..=longest).find_map(|tens| match self.run_until(quiet + tens * 10 * SECOND) {
                Err(failure) => Some(Err(failure)),
                Ok(()) => self.at_rest().then_some(Ok(())),
            });
        rest.unwrap_or_else(|| {
            Err(Failure(format!(
                "not at rest {longest}0 s after quiet: {}",
                self.unrest()
            )))
        })?;
        // Whatever was still on its way arrives late, and changes nothing; in the
        // system something may take three minutes until it can be read, and then
        // only the look far back finds it, which comes every five.
        let late = if self.tracker.is_some() { 9 } else { 4 } * MINUTE;
        self.run_until(quiet + late)?;
        let calls = |world: &World| world.tracker.as_ref().map_or(0, |t| t.calls);
        let before = self.travelled + calls(self);
        self.run_until(quiet + late + 4 * MINUTE)?;
        let more = self.travelled + calls(self) - before;
        ensure(more == 0, || {
            format!("{more} changes travelled though nobody did anything")
        })?;
        self.check_all()
    }

    fn at_rest(&self) -> bool {
        let ties = self
            .desks
            .iter()
            .filter_map(|d| d.bridge.as_ref())
            .flat_map(|b| b.ties.values());
        ties.into_iter().all(Tie::is_at_rest)
            && self
                .desks
                .iter()
                .all(|desk| desk.roads.values().all(|road| road.sender.backlog() == 0))
    }

    fn unrest(&self) -> String {
        let behind: Vec<String> = self
            .desks
            .iter()
            .flat_map(|desk| {
                desk.roads
                    .iter()
                    .map(move |(peer, road)| (desk, peer, road.sender.backlog()))
            })
            .filter(|(.., backlog)| *backlog > 0)
            .map(|(desk, peer, backlog)| format!("{} has {backlog} for {peer}", desk.me))
            .collect();
        let calls = self
            .desks
            .iter()
            .filter_map(|d| d.bridge.as_ref())
            .flat_map(|b| b.ties.values())
            .flat_map(|t| &t.calls);
        format!("{}; {:?}", behind.join(", "), calls.collect::<Vec<_>>())
    }

    fn check_all(&self) -> Checked {
        for desk in &self.desks {
            ensure(desk.dead.is_empty(), || {
                format!("{} has dead letters: {:?}", desk.me, desk.dead[0].why)
            })?;
            for (peer, road) in &desk.roads {
                ensure(!road.sender.went_back, || {
                    format!("{} believes that its log for {peer} went back", desk.me)
                })?;
            }
            ensure(
                desk.tickets
                    .keys()
                    .all(|id| self.ledger.pages.contains_key(id)),
                || format!("{} has a ticket that nobody opened", desk.me),
            )?;
        }
        for id in self.ledger.pages.keys() {
            self.check_ticket(id)?;
        }
        if let Some(tracker) = &self.tracker {
            self.check_tracker(tracker)?;
        }
        Ok(())
    }

    fn check_ticket(&self, id: &SharedId) -> Checked {
        let page = &self.ledger.pages[id];
        // Who was given it has it, through however many desks.
        let having: Vec<usize> = (0..self.desks.len())
            .filter(|n| self.desks[*n].tickets.contains_key(id))
            .collect();
        ensure(
            page.at.iter().all(|at| {
                having
                    .iter()
                    .any(|n| self.desks[*n].me == *at || self.speaks_for(*n, at))
            }),
            || format!("{id} is missing at one of {:?}", page.at),
        )?;
        let first = self.picture(having[0], id);
        for n in having {
            let desk = &self.desks[n];
            let (me, shared) = (&desk.me, &desk.tickets[id].shared);
            for change in &page.changes {
                ensure(shared.known().has(&change.name), || {
                    format!("lost at {me}: {}", told(change))
                })?;
            }
            ensure(
                shared.known().count() == page.changes.len() as u64 && !shared.known().has_gaps(),
                || {
                    format!(
                        "doubled: {me} knows {} changes of {id}, and {} happened",
                        shared.known().count(),
                        page.changes.len()
                    )
                },
            )?;
            ensure(desk.tickets[id].log.len() == page.changes.len(), || {
                format!("{me}'s log of {id} has another length")
            })?;
            self.check_entries(n, id)?;
            self.check_fields(n, id)?;
            let last = page.changes.iter().rev().find_map(|c| match &c.deed {
                Deed::BatonPassed { to, .. } => Some(to),
                _ => None,
            });
            ensure(
                shared.baton().holder() == last.unwrap_or(&id.desk)
                    && shared.baton().faults().next().is_none(),
                || {
                    format!(
                        "{me} believes that {} has {id}'s baton",
                        shared.baton().holder()
                    )
                },
            )?;
            for (name, erasure, outcomes) in shared.erasures() {
                let answered: BTreeSet<&DeskId> =
                    outcomes.into_iter().flat_map(|o| o.keys()).collect();
                let expected = self
                    .desks
                    .iter()
                    .filter(|d| d.tickets.contains_key(id) && d.me != name.desk)
                    .count()
                    + self.tie(id).iter().count();
                ensure(answered.len() == expected, || {
                    format!("{me}: erasure {name} of {erasure:?} has receipts of {answered:?} only")
                })?;
            }
            let picture = self.picture(n, id);
            ensure(picture == first, || {
                format!("{me} sees {id} otherwise:\n{picture}\nthan:\n{first}")
            })?;
        }
        Ok(())
    }

    fn speaks_for(&self, desk: usize, system: &DeskId) -> bool {
        let bridge = self.desks[desk].bridge.as_ref();
        bridge.is_some_and(|b| b.manner.system == *system)
    }

    fn tie(&self, id: &SharedId) -> Option<(&Bridge, &Tie)> {
        let bridge = self.desks.iter().find_map(|d| d.bridge.as_ref())?;
        Some((bridge, bridge.ties.get(id)?))
    }

    /// What a call says: as at [`World::check_leaving`].
    pub(super) fn check_call(&self, from: usize, what: &What) -> Checked {
        let from = self.desks[from].me.clone();
        let agreed = self.passes[&(from, DeskId::new("rt").unwrap())];
        let text = format!("{what:?}");
        ensure(!text.contains("SECRET"), || {
            format!("internal text in a call: {text}")
        })?;
        ensure(agreed.addresses || !text.contains('@'), || {
            format!("an address that is not shared in a call: {text}")
        })?;
        ensure(agreed.names || !text.contains("Name-"), || {
            format!("a name that is not shared in a call: {text}")
        })
    }

    /// The system that knows nothing of us, against the ledger.
    fn check_tracker(&self, tracker: &Tracker) -> Checked {
        let mut words: BTreeMap<&str, usize> = BTreeMap::new();
        for change in tracker.everything() {
            let body = match &change.what {
                RemoteDeed::Opened { body, .. } => body,
                RemoteDeed::Wrote { body, files } => files.first().map_or(body, |f| &f.file),
                _ => continue,
            };
            *words
                .entry(body.split(' ').next().unwrap_or_default())
                .or_default() += 1;
            let made_by_us = change.ours && change.marker.is_some();
            // What people wrote there is here, once, whoever merged what.
            if !made_by_us {
                let token = body.split(' ').next().unwrap_or_default();
                let here = self
                    .ledger
                    .pages
                    .values()
                    .flat_map(|p| &p.changes)
                    .filter(|c| matches!(&c.deed, Deed::Opened { entry, .. } | Deed::EntryAdded { entry } if entry.body.split(' ').next() == Some(token)))
                    .count();
                ensure(here == 1, || {
                    format!(
                        "{body:?} of rt's ticket {} is {here} times here",
                        change.ticket
                    )
                })?;
            }
        }
        let mut markers = BTreeSet::new();
        for ticket in tracker.tickets.values() {
            ensure(
                ticket.marker.as_ref().is_none_or(|m| markers.insert(m)),
                || format!("made twice in rt: {:?}", ticket.marker),
            )?;
        }
        for (id, page) in &self.ledger.pages {
            if let Some((bridge, tie)) = self.tie(id) {
                self.check_tie(id, page, bridge, tie, tracker, &words)?;
            }
        }
        Ok(())
    }

    fn check_tie(
        &self,
        id: &SharedId,
        page: &Page,
        bridge: &Bridge,
        tie: &Tie,
        tracker: &Tracker,
        words: &BTreeMap<&str, usize>,
    ) -> Checked {
        let system = &bridge.manner.system;
        for change in page.changes.iter().filter(|c| c.name.desk != *system) {
            let word = match &change.deed {
                Deed::Opened { entry, .. } | Deed::EntryAdded { entry } => token(entry),
                Deed::AttachmentAdded { attachment } => &attachment.file,
                _ => continue,
            };
            let there = words.get(word).copied().unwrap_or_default();
            // They do not take it, say because the ticket that this one was
            // merged into was deleted: it is kept and shown.
            let refused = tie.calls.iter().any(|call| {
                matches!(call.state, CallState::Refused { .. })
                    && call.what.name() == Some(&change.name)
            });
            let erased = page.erased.contains(&change.name);
            ensure(
                there == 1 || (there == 0 && (erased || refused || tie.gone)),
                || format!("{there} times in rt: {}", told(change)),
            )?;
        }
        if tie.gone || tie.joined {
            return Ok(());
        }
        let Some(number) = tie.there.as_ref().and_then(|n| n.parse().ok()) else {
            return Err(Failure(format!("{id} has no ticket in rt")));
        };
        let ticket = &tracker.tickets[&number];
        let shared = &self.desks[0].tickets[id].shared;
        for (field, words) in &bridge.manner.words {
            let known = tie.fields.get(field).filter(|f| f.raw.is_some());
            let (Some(set), Some(known)) = (shared.field(field), known) else {
                continue;
            };
            let raw = &ticket.fields[field];
            ensure(known.raw.as_ref() == Some(raw), || {
                format!(
                    "{field} of {id} is {raw:?} in rt and believed to be {:?}",
                    known.raw
                )
            })?;
            let same = words.means(&set.value, raw) || set.raw.as_ref() == Some(raw);
            // Theirs while they have the baton, and ours says more; or a person
            // there who sets it back again and again.
            let finer = *field == Field::Status
                && shared.baton().holder() == system
                && matches!(
                    (raw.as_str(), set.value.as_str()),
                    (
                        "open" | "deferred",
                        "assigned" | "in_progress" | "waiting" | "on_hold" | "reopened"
                    ) | ("resolved", "verified" | "closed" | "unsolved")
                );
            ensure(same || finer || known.corrections > 3, || {
                format!(
                    "{field} of {id} is {:?} here and {raw:?} in rt, {known:?}",
                    set.value
                )
            })?;
        }
        Ok(())
    }

    fn check_entries(&self, n: usize, id: &SharedId) -> Checked {
        let page = &self.ledger.pages[id];
        let desk = &self.desks[n];
        let shared = &desk.tickets[id].shared;
        let mut seen = BTreeSet::new();
        for (name, entry) in shared.entries() {
            ensure(entry.erased == page.erased.contains(name), || {
                format!("{} and the erasure of {name}: {entry:?}", desk.me)
            })?;
            if !entry.erased {
                ensure(seen.insert(token(entry)), || {
                    format!("doubled at {}: {}", desk.me, entry.body)
                })?;
            }
        }
        let words: Vec<&Change> = page
            .changes
            .iter()
            .filter(|c| matches!(c.deed, Deed::Opened { .. } | Deed::EntryAdded { .. }))
            .collect();
        ensure(words.len() == shared.entries().len(), || {
            format!(
                "{} has {} entries of {}",
                desk.me,
                shared.entries().len(),
                words.len()
            )
        })?;
        // What was erased is in no log either.
        let logs = desk
            .roads
            .values()
            .flat_map(|r| &r.log)
            .chain(&desk.tickets[id].log);
        for change in logs.filter(|c| c.ticket == *id && page.erased.contains(&c.name)) {
            let left = match &change.deed {
                Deed::Opened { entry, .. } | Deed::EntryAdded { entry } => !entry.body.is_empty(),
                Deed::AttachmentAdded { attachment } => !attachment.file.is_empty(),
                _ => false,
            };
            ensure(!left, || {
                format!("{} still has what was erased: {}", desk.me, told(change))
            })?;
        }
        Ok(())
    }

    fn check_fields(&self, n: usize, id: &SharedId) -> Checked {
        let page = &self.ledger.pages[id];
        let desk = &self.desks[n];
        let beside = desk.beside(id);
        for field in page.fields().into_iter().filter(|f| f.rule() != Rule::Own) {
            let right = page.right(&field);
            let Some(counts) = desk.value(id, &field) else {
                return Err(Failure(format!("{} has no {field} of {id}", desk.me)));
            };
            let others = beside
                .iter()
                .filter(|(of, _)| *of == field)
                .map(|(_, name)| name);
            let shown: BTreeSet<&Name> = others.chain([&counts.0]).collect();
            let wanted: BTreeSet<&Name> = right.iter().map(|(name, _)| name).collect();
            ensure(shown == wanted, || {
                format!(
                    "{} of {id} at {}: {counts:?} counts, shown are {shown:?}, and right would be {right:?}",
                    field, desk.me
                )
            })?;
        }
        Ok(())
    }

    /// Everything two desks have to agree on; not personal data.
    fn picture(&self, n: usize, id: &SharedId) -> String {
        let desk = &self.desks[n];
        let shared = &desk.tickets[id].shared;
        let mut lines = Vec::new();
        for (name, entry) in shared.entries() {
            lines.push(format!("{name} {} {}", token(entry), entry.erased));
        }
        for (name, file) in shared.attachments() {
            lines.push(format!("{name} {} {}", file.file, file.sha256));
        }
        for field in self.ledger.pages[id].fields() {
            if field.rule() == Rule::Own {
                for desk in &self.desks {
                    lines.push(format!(
                        "{field} at {}: {:?}",
                        desk.me,
                        shared.own(&field, &desk.me).map(|s| &s.name)
                    ));
                }
            } else {
                lines.push(format!("{field} {:?}", desk.value(id, &field).map(|v| v.0)));
            }
        }
        lines.push(format!(
            "{:?}",
            shared
                .conflicts()
                .iter()
                .map(|c| (&c.field, &c.other.name))
                .collect::<Vec<(&Field, &Name)>>()
        ));
        lines.push(format!("{:?}", shared.asks().collect::<Vec<_>>()));
        lines.push(format!("{:?}", shared.erasures().collect::<Vec<_>>()));
        lines.join("\n")
    }
}

/// The word of its own that every entry begins with.
fn token(entry: &Entry) -> &str {
    entry.body.split(' ').next().unwrap_or_default()
}
