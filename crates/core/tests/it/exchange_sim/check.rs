//! What always holds, and what has to hold once it is quiet.

use std::collections::BTreeSet;

use switchboard_core::exchange::{Change, Deed, DeskId, Entry, Field, Name, Rule, SharedId};

use super::desk::told;
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
        let rest = (1..=6).find_map(|tens| match self.run_until(quiet + tens * 10 * SECOND) {
            Err(failure) => Some(Err(failure)),
            Ok(()) => self.at_rest().then_some(Ok(())),
        });
        rest.unwrap_or_else(|| {
            Err(Failure(format!(
                "not at rest a minute after quiet: {}",
                self.unrest()
            )))
        })?;
        // Whatever was still on its way arrives late, and changes nothing.
        self.run_until(quiet + 4 * MINUTE)?;
        let before = self.travelled;
        self.run_until(quiet + 8 * MINUTE)?;
        let more = self.travelled - before;
        ensure(more == 0, || {
            format!("{more} changes travelled though nobody did anything")
        })?;
        self.check_all()
    }

    fn at_rest(&self) -> bool {
        self.desks
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
        behind.join(", ")
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
        Ok(())
    }

    fn check_ticket(&self, id: &SharedId) -> Checked {
        let page = &self.ledger.pages[id];
        // Who was given it has it, through however many desks.
        let having: Vec<usize> = (0..self.desks.len())
            .filter(|n| self.desks[*n].tickets.contains_key(id))
            .collect();
        ensure(
            page.at
                .iter()
                .all(|at| having.iter().any(|n| self.desks[*n].me == *at)),
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
                    .count();
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
