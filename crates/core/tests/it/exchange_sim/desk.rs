//! A desk as the application will be one: it keeps what core gives it in one
//! transaction, and sends after that.

use std::collections::BTreeMap;

use switchboard_core::exchange::Shared;
use switchboard_core::exchange::{
    Batch, Change, DeadLetter, Deed, DeskId, Field, Link, Name, Passes, Receiver, Recorded, Reply,
    Sender, SenderInput, Sending, SharedId, Stage, Tie, TieInput, record,
};

use super::bridge::Bridge;
use super::flaw::Flaw;
use super::tracker::Request;

/// What goes over the wire between two desks.
#[derive(Debug, Clone)]
pub(super) enum Message {
    Log(Batch),
    Ack(u64),
    Pull(u64),
    /// To the system that the desk speaks for, about a ticket.
    Ask(Option<SharedId>, Box<Request>),
}

/// A message and to whom.
pub(super) type Out = (DeskId, Message);

#[derive(Clone)]
pub(super) struct Ticket {
    pub(super) shared: Shared,
    pub(super) log: Vec<Change>,
    pub(super) links: Vec<Link>,
}

/// Everything between this desk and another.
#[derive(Clone)]
pub(super) struct Road {
    pub(super) sender: Sender,
    pub(super) receiver: Receiver,
    pub(super) log: Vec<Change>,
    pub(super) passes: Passes,
}

/// All of this is on disk: a crash takes nothing of it, and everything else.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) me: DeskId,
    pub(super) flaw: Flaw,
    /// Its clock is so far from the world's.
    pub(super) skew: i64,
    pub(super) up: bool,
    /// How often it was started.
    pub(super) life: u64,
    pub(super) tickets: BTreeMap<SharedId, Ticket>,
    pub(super) roads: BTreeMap<DeskId, Road>,
    pub(super) dead: Vec<DeadLetter>,
    /// Addresses of its people.
    pub(super) private: Vec<String>,
    pub(super) opened: i64,
    /// The system that this desk speaks for.
    pub(super) bridge: Option<Bridge>,
    /// What is sent when the transaction has committed, besides.
    pub(super) outs: Vec<Out>,
    /// Own changes of the transaction, for the ledger.
    pub(super) fresh: Vec<Change>,
}

impl Desk {
    pub(super) fn new(me: DeskId, flaw: Flaw) -> Desk {
        let private = ["ann", "ben", "cat"]
            .map(|who| format!("{who}@{me}.example"))
            .into();
        Desk {
            me,
            flaw,
            skew: 0,
            up: true,
            life: 0,
            tickets: BTreeMap::new(),
            roads: BTreeMap::new(),
            dead: Vec::new(),
            private,
            opened: 0,
            bridge: None,
            outs: Vec::new(),
            fresh: Vec::new(),
        }
    }

    pub(super) fn couple(&mut self, peer: &DeskId, mut passes: Passes) {
        passes.addresses |= self.flaw == Flaw::AddressesLeave;
        let road = Road {
            sender: Sender::new(peer.clone()),
            receiver: Receiver::new(peer.clone()),
            log: Vec::new(),
            passes,
        };
        self.roads.insert(peer.clone(), road);
    }

    /// One of its own changes, or one that came. Gives how many changes each
    /// peer's log got.
    pub(super) fn take(&mut self, change: Change, from: Option<&DeskId>, now: i64) -> Vec<DeskId> {
        let id = change.ticket.clone();
        let mut change = change;
        let known = self
            .tickets
            .get(&id)
            .is_some_and(|t| t.shared.known().has(&change.name));
        if self.flaw == Flaw::NoDedupe && known && from.is_some() {
            // As a bridge does that numbers what comes itself.
            change.name = Name {
                seq: self.tickets[&id].shared.known().next(&self.me),
                desk: self.me.clone(),
            };
        }
        let passes = from.map(|peer| self.passes(peer));
        let ticket = self.tickets.entry(id.clone()).or_insert_with(|| Ticket {
            shared: Shared::new(id.clone()),
            log: Vec::new(),
            links: Vec::new(),
        });
        if let (Some(peer), Some(passes)) = (from, passes)
            && !ticket.links.iter().any(|l| l.peer == *peer)
        {
            ticket.links.push(Link {
                peer: peer.clone(),
                passes,
                stage: Stage::Active,
            });
        }
        let echo = (self.flaw == Flaw::EchoNotFiltered).then(|| (from.cloned(), change.clone()));
        let recorded = record(
            &mut ticket.shared,
            change,
            &self.me,
            &ticket.links,
            &self.private,
            now,
        );
        let mut peers = Vec::new();
        if let Some((Some(peer), mut change)) = echo
            && !recorded.log.is_empty()
        {
            change.path.push(self.me.clone());
            self.append(&peer, change);
            peers.push(peer);
        }
        peers.extend(self.keep(&id, recorded, now));
        peers
    }

    /// Keeps what follows from a change; what goes to the system that this desk
    /// speaks for is worked on in the same transaction.
    pub(super) fn keep(&mut self, id: &SharedId, recorded: Recorded, now: i64) -> Vec<DeskId> {
        let system = self.bridge.as_ref().map(|b| b.manner.system.clone());
        let own = |c: &&Change| c.name.desk == self.me || Some(&c.name.desk) == system.as_ref();
        self.fresh.extend(recorded.log.iter().filter(own).cloned());
        let mut peers = Vec::new();
        ticket_log(self, id, recorded.log);
        for forward in recorded.forward {
            if Some(&forward.peer) == system.as_ref() {
                peers.extend(self.tie_step(id, TieInput::Goes(forward.change), now));
            } else {
                self.append(&forward.peer, forward.change);
                peers.push(forward.peer);
            }
        }
        self.erase(id, &recorded.erase);
        peers
    }

    pub(super) fn append(&mut self, peer: &DeskId, change: Change) {
        if let Some(road) = self.roads.get_mut(peer) {
            road.log.push(change);
        }
    }

    fn erase(&mut self, id: &SharedId, names: &[Name]) {
        if self.flaw == Flaw::LogsKeepErased || names.is_empty() {
            return;
        }
        let logs = self.roads.values_mut().flat_map(|road| &mut road.log);
        let own = self
            .tickets
            .get_mut(id)
            .into_iter()
            .flat_map(|t| &mut t.log);
        for change in logs.chain(own) {
            if change.ticket == *id && names.contains(&change.name) {
                change.erase();
            }
        }
    }

    /// What the agreement with a desk or system lets pass.
    pub(super) fn passes(&self, peer: &DeskId) -> Passes {
        match &self.bridge {
            Some(bridge) if bridge.manner.system == *peer => bridge.passes,
            _ => self.roads[peer].passes,
        }
    }

    /// With whom it shares tickets.
    pub(super) fn partners(&self) -> Vec<DeskId> {
        let system = self.bridge.iter().map(|b| b.manner.system.clone());
        self.roads.keys().cloned().chain(system).collect()
    }

    /// Tells the senders what was put into their logs, and sends.
    pub(super) fn appended(&mut self, peers: &[DeskId], now: i64) -> Vec<Out> {
        let mut counts: BTreeMap<&DeskId, u64> = BTreeMap::new();
        for peer in peers {
            *counts.entry(peer).or_default() += 1;
        }
        let mut outs = Vec::new();
        for (peer, count) in counts {
            self.sender(peer, SenderInput::Appended(count), now, &mut outs);
        }
        outs
    }

    pub(super) fn sender(
        &mut self,
        peer: &DeskId,
        input: SenderInput,
        now: i64,
        outs: &mut Vec<Out>,
    ) {
        let Some(road) = self.roads.get_mut(peer) else {
            return;
        };
        if self.flaw == Flaw::NoRetry && input == SenderInput::Tick {
            return;
        }
        if let Some(Sending { from, upto }) = road.sender.step(input, now) {
            let changes = road.log[from as usize - 1..(upto.max(from - 1)) as usize].to_vec();
            outs.push((peer.clone(), Message::Log(Batch { from, changes })));
        }
    }

    /// A message came. The cursor, the changes and what follows from them are
    /// one transaction.
    pub(super) fn handle(&mut self, from: &DeskId, message: Message, now: i64) -> Vec<Out> {
        let mut outs = Vec::new();
        match message {
            Message::Ask(..) => {}
            Message::Ack(upto) => self.sender(from, SenderInput::Acked(upto), now, &mut outs),
            Message::Pull(after) => self.sender(from, SenderInput::Pulled(after), now, &mut outs),
            Message::Log(batch) => {
                let Some(road) = self.roads.get_mut(from) else {
                    return outs;
                };
                if self.flaw == Flaw::NoDedupe {
                    road.receiver.cursor = batch.from - 1;
                }
                let received = road.receiver.receive(&self.me, batch, now);
                let mut peers = Vec::new();
                for change in received.take {
                    peers.extend(self.take(change, Some(from), now));
                }
                if self.flaw != Flaw::EchoNotFiltered {
                    self.dead.extend(received.dead);
                }
                outs.extend(self.appended(&peers, now));
                outs.extend(received.reply.map(|reply| {
                    let message = match reply {
                        Reply::Ack(upto) => Message::Ack(upto),
                        Reply::Pull(after) => Message::Pull(after),
                    };
                    (from.clone(), message)
                }));
            }
        }
        outs
    }

    /// Time has passed.
    pub(super) fn tick(&mut self, now: i64) -> Vec<Out> {
        let mut outs = Vec::new();
        self.tick_bridge(now);
        let peers: Vec<DeskId> = self.roads.keys().cloned().collect();
        for peer in peers {
            self.sender(&peer, SenderInput::Tick, now, &mut outs);
            let pull = self
                .roads
                .get_mut(&peer)
                .filter(|_| self.flaw != Flaw::AckBeforeRecord)
                .and_then(|road| road.receiver.tick(now));
            if let Some(Reply::Pull(after)) = pull {
                outs.push((peer, Message::Pull(after)));
            }
        }
        outs
    }

    /// The ticket goes to another desk too, with everything that is known.
    pub(super) fn share(&mut self, id: &SharedId, peer: &DeskId, now: i64) -> Vec<Out> {
        let passes = self.passes(peer);
        let Some(ticket) = self.tickets.get_mut(id) else {
            return Vec::new();
        };
        if ticket.links.iter().any(|l| l.peer == *peer) {
            return Vec::new();
        }
        let link = Link {
            peer: peer.clone(),
            passes,
            stage: Stage::Active,
        };
        let mut private = self.private.clone();
        private.extend(ticket.shared.addresses().map(str::to_owned));
        let leaving: Vec<Change> = ticket
            .log
            .iter()
            .filter_map(|c| link.leaves(c, &private))
            .collect();
        ticket.links.push(link);
        if let Some(bridge) = &mut self.bridge
            && bridge.manner.system == *peer
        {
            bridge.ties.insert(id.clone(), Tie::default());
            let mut peers = Vec::new();
            for change in leaving {
                peers.extend(self.tie_step(id, TieInput::Goes(change), now));
            }
            return self.appended(&peers, now);
        }
        let peers = vec![peer.clone(); leaving.len()];
        for change in leaving {
            self.append(peer, change);
        }
        self.appended(&peers, now)
    }

    /// The status as this desk shows it.
    pub(super) fn value(&self, id: &SharedId, field: &Field) -> Option<(Name, String)> {
        let shared = &self.tickets.get(id)?.shared;
        if self.flaw == Flaw::LastWriterWins && *field == Field::Status {
            let latest = shared
                .fields()
                .get(field)?
                .sets()
                .max_by_key(|s| (s.at, s.name.clone()))?;
            return Some((latest.name.clone(), latest.value.clone()));
        }
        shared
            .field(field)
            .map(|s| (s.name.clone(), s.value.clone()))
    }

    /// Both values where two desks differed: those that do not count.
    pub(super) fn beside(&self, id: &SharedId) -> Vec<(Field, Name)> {
        if self.flaw == Flaw::ConflictDropped {
            return Vec::new();
        }
        self.tickets[id]
            .shared
            .conflicts()
            .into_iter()
            .map(|c| (c.field, c.other.name))
            .collect()
    }
}

fn ticket_log(desk: &mut Desk, id: &SharedId, log: Vec<Change>) {
    if let Some(ticket) = desk.tickets.get_mut(id) {
        ticket.log.extend(log);
    }
}

/// What a line of the trace calls it.
pub(super) fn told(change: &Change) -> String {
    let what = match &change.deed {
        Deed::Opened { entry, .. } => format!("opened {:?}", entry.body),
        Deed::EntryAdded { entry } => format!("entry {:?}", entry.body),
        Deed::AttachmentAdded { attachment } => format!("file {:?}", attachment.file),
        Deed::FieldSet {
            field,
            value,
            over,
            turn,
            ..
        } => {
            format!("{field} := {value:?} in turn {turn} over {over:?}")
        }
        Deed::Asked { ask } => format!("asks {ask:?}"),
        Deed::Settled { ask, how } => format!("settles {ask}: {how:?}"),
        Deed::BatonPassed { to, turn, .. } => format!("baton to {to}, turn {turn}"),
        Deed::Erased { what } => format!("erases {what:?}"),
        Deed::ErasureDone { erasure, problem } => format!("erasure {erasure} done, {problem:?}"),
    };
    format!("{} {} {what}", change.ticket, change.name)
}
