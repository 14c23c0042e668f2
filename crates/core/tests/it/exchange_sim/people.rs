//! What people at a desk do: anything, at any time, seeing only their own desk.

use std::collections::BTreeMap;

use switchboard_core::EntryVisibility;
use switchboard_core::exchange::{
    Ask, Attachment, Change, Deed, DeskId, Entry, Field, LocalAuthor, LocalEntry, Name, Refused,
    Role, Settled, Shared, SharedId, shared_entry,
};
use switchboard_core::{Status, TicketNumber};

use super::desk::Out;
use super::flaw::Flaw;
use super::world::{Checked, Failure, World};

impl World {
    fn next_token(&mut self) -> u64 {
        self.token += 1;
        self.token
    }

    /// An entry with a word of its own in it; now and then with an address.
    fn entry(&mut self, desk: usize) -> Entry {
        let token = self.next_token();
        let internal = self.dice.often(150);
        let who = *self.dice.pick(&["ann", "ben", "cat"]);
        let me = self.desks[desk].me.clone();
        let address = format!("{who}@{me}.example");
        let word = if internal { "SECRET" } else { "word" };
        let mut body = format!("{word}-{token}");
        if self.dice.often(300) {
            body.push_str(&format!(" write to {}", address.to_uppercase()));
        }
        let local = LocalEntry {
            visibility: if internal {
                EntryVisibility::Internal
            } else {
                EntryVisibility::Public
            },
            author: LocalAuthor {
                role: *self.dice.pick(&[Role::Requester, Role::Staff]),
                name: format!("Name-{who}"),
                address: Some(address),
            },
            body,
        };
        shared_entry(&local).unwrap_or_else(|| {
            let mut local = local;
            // An internal entry stays where it is; a public one is written too.
            if self.flaw != Flaw::NotesLeave {
                local.body = format!("word-{token}");
            }
            local.visibility = EntryVisibility::Public;
            shared_entry(&local).unwrap()
        })
    }

    /// Somebody at a desk does something.
    pub(super) fn act(&mut self, desk: usize) -> Checked {
        let ids: Vec<SharedId> = self.desks[desk].tickets.keys().cloned().collect();
        let few = self.ledger.pages.len() < 3;
        if ids.is_empty() || (few && self.dice.often(150)) {
            return if few { self.open(desk) } else { Ok(()) };
        }
        let id = self.dice.pick(&ids).clone();
        let me = self.desks[desk].me.clone();
        let now = self.clock(desk);
        let shared = &self.desks[desk].tickets[&id].shared;
        let holds = shared.baton().holder() == &me;
        let choice = self.dice.between(0, 99);
        let change = match choice {
            0..25 => {
                let entry = self.entry(desk);
                self.shared(desk, &id).write(&me, entry, now)
            }
            25..30 => return self.attach(desk, &id),
            30..45 => self.set_any(desk, &id),
            45..50 => {
                let who = *self.dice.pick(&["ann", "ben", "cat"]);
                let name = format!("Name-{who}");
                self.shared(desk, &id)
                    .set(&me, Field::Owner, name, None, now)
            }
            50..68 => return self.set_status(desk, &id, holds),
            68..73 => return self.settle(desk, &id, holds),
            73..86 => return self.pass(desk, &id, holds),
            86..91 => return self.hand_on(desk, &id),
            91..94 => self.merge(desk, &id),
            _ => return self.erase(desk, &id),
        };
        self.commit(desk, change, holds)
    }

    fn shared(&self, desk: usize, id: &SharedId) -> &Shared {
        &self.desks[desk].tickets[id].shared
    }

    /// Records a change of somebody here, if the rules let them.
    fn commit(&mut self, desk: usize, change: Result<Change, Refused>, holds: bool) -> Checked {
        match change {
            Ok(change) => self.step(desk, "deed", |desk, now| {
                let peers = desk.take(change, None, now);
                desk.appended(&peers, now)
            }),
            Err(Refused::NotOpened) => Ok(()),
            Err(Refused::NotHolder { .. }) if !holds => Ok(()),
            Err(refused) => Err(Failure(format!(
                "{} was refused: {refused}",
                self.desks[desk].me
            ))),
        }
    }

    fn open(&mut self, desk: usize) -> Checked {
        let me = self.desks[desk].me.clone();
        let number = TicketNumber(self.desks[desk].opened + 1);
        let ticket = SharedId {
            desk: me.clone(),
            number,
        };
        let entry = self.entry(desk);
        let subject = format!("subject-{}", self.next_token());
        let fields = BTreeMap::from([
            (Field::Status, "new".to_owned()),
            (Field::Priority, "low".to_owned()),
            (Field::Subject, subject),
        ]);
        let now = self.clock(desk);
        let change = Shared::open(ticket.clone(), entry, fields, now);
        let peers = self.desks[desk].partners();
        let first = self.dice.pick(&peers).clone();
        let to = first.clone();
        self.step(desk, "opening", |desk, now| {
            desk.opened += 1;
            let peers = desk.take(change, None, now);
            let mut outs: Vec<Out> = desk.appended(&peers, now);
            outs.extend(desk.share(&ticket, &to, now));
            outs
        })
    }

    fn attach(&mut self, desk: usize, id: &SharedId) -> Checked {
        let me = self.desks[desk].me.clone();
        let now = self.clock(desk);
        let token = self.next_token();
        let entries: Vec<Name> = self.shared(desk, id).entries().keys().cloned().collect();
        if entries.is_empty() {
            return Ok(());
        }
        let attachment = Attachment {
            entry: self.dice.pick(&entries).clone(),
            file: format!("word-{token}.log"),
            media_type: "text/plain".to_owned(),
            bytes: token,
            sha256: format!("{token:064x}"),
            erased: false,
        };
        let change = self.shared(desk, id).attach(&me, attachment, now);
        self.commit(desk, change, true)
    }

    fn set_any(&mut self, desk: usize, id: &SharedId) -> Result<Change, Refused> {
        let me = self.desks[desk].me.clone();
        let now = self.clock(desk);
        let token = self.next_token();
        let (field, value) = match self.dice.below(4) {
            0 => (
                Field::Priority,
                (*self.dice.pick(&["low", "medium", "high", "top"])).to_owned(),
            ),
            1 => (
                Field::Category,
                (*self.dice.pick(&["incident", "test"])).to_owned(),
            ),
            2 => (Field::Subject, format!("subject-{token}")),
            _ => (Field::Other("site".into()), format!("site-{token}")),
        };
        self.shared(desk, id).set(&me, field, value, None, now)
    }

    /// The holder sets; the others are refused, and ask.
    fn set_status(&mut self, desk: usize, id: &SharedId, holds: bool) -> Checked {
        let me = self.desks[desk].me.clone();
        let now = self.clock(desk);
        let token = self.next_token();
        let (field, value) = if self.dice.often(250) {
            (Field::Solution, format!("solution-{token}"))
        } else {
            (Field::Status, self.dice.pick(&Status::ALL).key().to_owned())
        };
        let set = self
            .shared(desk, id)
            .set(&me, field.clone(), value.clone(), None, now);
        if holds {
            return self.commit(desk, set, true);
        }
        match set {
            Err(Refused::NotHolder { .. }) => {}
            Err(Refused::NotOpened) => return Ok(()),
            other => {
                return Err(Failure(format!(
                    "{me} may set {field} without the baton: {other:?}"
                )));
            }
        }
        if self.flaw == Flaw::LastWriterWins && field == Field::Status {
            // As a desk would that knows nothing of a baton.
            let shared = self.shared(desk, id);
            let Ok(mut change) = shared.write(&me, self.blank(), now) else {
                return Ok(());
            };
            let turn = shared.baton().turn();
            change.deed = Deed::FieldSet {
                field,
                value,
                raw: None,
                over: Vec::new(),
                turn,
            };
            return self.commit(desk, Ok(change), false);
        }
        let ask = if self.dice.often(300) {
            Ask::Baton
        } else {
            Ask::Set { field, value }
        };
        let asked = self.shared(desk, id).ask(&me, ask, now);
        self.commit(desk, asked, false)
    }

    fn blank(&self) -> Entry {
        let author = switchboard_core::exchange::Author {
            role: Role::System,
            name: None,
            address: None,
        };
        Entry {
            author,
            body: String::new(),
            erased: false,
        }
    }

    fn settle(&mut self, desk: usize, id: &SharedId, holds: bool) -> Checked {
        let me = self.desks[desk].me.clone();
        let now = self.clock(desk);
        let shared = self.shared(desk, id);
        let open = shared
            .asks()
            .find(|(.., answer)| answer.is_none())
            .map(|(name, ..)| name.clone());
        let Some(ask) = open else { return Ok(()) };
        let how = if self.dice.often(500) {
            Settled::Done
        } else {
            Settled::Declined {
                reason: "not yet".to_owned(),
            }
        };
        let change = self.shared(desk, id).settle(&me, ask, how, now);
        self.commit(desk, change, holds)
    }

    fn pass(&mut self, desk: usize, id: &SharedId, holds: bool) -> Checked {
        let me = self.desks[desk].me.clone();
        let now = self.clock(desk);
        let others: Vec<DeskId> = self.ledger.pages[id]
            .at
            .iter()
            .filter(|d| **d != me)
            .cloned()
            .collect();
        if others.is_empty() {
            return Ok(());
        }
        let to = self.dice.pick(&others).clone();
        // A system that knows no baton has it taken back.
        if let Some(bridge) = &self.desks[desk].bridge {
            let system = bridge.manner.system.clone();
            let shared = self.shared(desk, id);
            if shared.baton().holder() == &system {
                let back = shared.pass(&system, me, "back".to_owned(), now);
                return self.commit(desk, back, true);
            }
        }
        let shared = self.shared(desk, id);
        if self.flaw == Flaw::BatonPassedTwice && !holds {
            // It had it once, and the button is still there.
            let turn = (0..=shared.baton().turn())
                .rev()
                .find(|t| shared.baton().holder_in(*t) == Some(&me));
            if let (Some(turn), Ok(mut change)) = (turn, shared.write(&me, self.blank(), now)) {
                change.deed = Deed::BatonPassed {
                    to,
                    turn: turn + 1,
                    note: String::new(),
                };
                return self.commit(desk, Ok(change), false);
            }
            return Ok(());
        }
        let change = shared.pass(&me, to, "yours".to_owned(), now);
        self.commit(desk, change, holds)
    }

    /// The ticket goes on to a further desk.
    fn hand_on(&mut self, desk: usize, id: &SharedId) -> Checked {
        let peers = self.desks[desk].partners();
        let peer = self.dice.pick(&peers).clone();
        let id = id.clone();
        self.say(|w| format!("{} shares {id} with {peer}", w.desks[desk].me));
        self.step(desk, "sharing", |desk, now| desk.share(&id, &peer, now))
    }

    fn merge(&mut self, desk: usize, id: &SharedId) -> Result<Change, Refused> {
        let me = self.desks[desk].me.clone();
        let now = self.clock(desk);
        let ids = self.ticket_ids();
        let into = self.dice.pick(&ids).clone();
        let value = if into == *id {
            String::new()
        } else {
            into.to_string()
        };
        self.shared(desk, id)
            .set(&me, Field::MergedInto, value, None, now)
    }

    fn erase(&mut self, desk: usize, id: &SharedId) -> Checked {
        if !self.dice.often(500) {
            return Ok(());
        }
        let me = self.desks[desk].me.clone();
        let now = self.clock(desk);
        let shared = self.shared(desk, id);
        let mine: Vec<Name> = shared
            .entries()
            .keys()
            .chain(shared.attachments().keys())
            .filter(|name| name.desk == me || id.desk == me)
            .cloned()
            .collect();
        if mine.is_empty() {
            return Ok(());
        }
        let what = vec![self.dice.pick(&mine).clone()];
        let change = self.shared(desk, id).erase(&me, what, now);
        self.commit(desk, change, true)
    }
}
