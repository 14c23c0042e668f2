//! A desk that speaks for a system that knows nothing of us.

use std::collections::BTreeMap;

use switchboard_core::TicketNumber;
use switchboard_core::exchange::{
    CallState, DeskId, Field, Link, LookFor, Manner, Passes, Place, Polling, Reader, RemoteChange,
    RemoteDeed, SharedId, Stage, Tie, TieInput, TieStep, Words,
};

use super::desk::{Desk, Message};
use super::flaw::Flaw;
use super::tracker::{Reply, Request};
use super::world::{MINUTE, SECOND};

/// What the desk keeps of it.
#[derive(Clone)]
pub(super) struct Bridge {
    pub(super) manner: Manner,
    pub(super) passes: Passes,
    pub(super) reader: Reader,
    pub(super) ties: BTreeMap<SharedId, Tie>,
}

impl Bridge {
    pub(super) fn new(passes: Passes, flaw: Flaw) -> Bridge {
        let mut polling = Polling {
            every_ms: 10 * SECOND,
            overlap_ms: MINUTE,
            deep_every_ms: 5 * MINUTE,
            deep_ms: 60 * MINUTE,
            settle_ms: MINUTE,
        };
        if matches!(flaw, Flaw::NoOverlap | Flaw::ReadBeforeRecord) {
            polling.overlap_ms = -SECOND;
            polling.deep_ms = -SECOND;
        }
        if flaw == Flaw::NoDoubt {
            polling.settle_ms = 0;
        }
        let words = BTreeMap::from([
            (Field::Status, Words::statuses("rt")),
            (Field::Priority, Words::priorities("rt")),
        ]);
        Bridge {
            manner: Manner {
                system: DeskId::new("rt").unwrap(),
                label: "RT".to_owned(),
                prefix: "sb7f3a".to_owned(),
                polling,
                words,
            },
            passes,
            reader: Reader::default(),
            ties: BTreeMap::new(),
        }
    }
}

impl Desk {
    /// A step of a ticket's tie, in the transaction that is on.
    pub(super) fn tie_step(&mut self, id: &SharedId, input: TieInput, now: i64) -> Vec<DeskId> {
        let Some(bridge) = &mut self.bridge else {
            return Vec::new();
        };
        let (Some(ticket), Some(tie)) = (self.tickets.get_mut(id), bridge.ties.get_mut(id)) else {
            return Vec::new();
        };
        let place = Place {
            me: &self.me,
            links: &ticket.links,
            private: &self.private,
            manner: &bridge.manner,
            now,
        };
        if self.flaw == Flaw::AnswerBelieved {
            for call in &mut tie.calls {
                call.known = u64::MAX;
            }
        }
        let step = tie.step(input, &mut ticket.shared, &place);
        if self.flaw == Flaw::NoDoubt {
            for call in &mut tie.calls {
                if matches!(call.state, CallState::Doubt { .. }) {
                    call.state = CallState::Waiting;
                }
            }
        }
        let TieStep {
            recorded,
            call,
            look,
            notes: _,
        } = step;
        let there = tie.there.clone();
        let system = bridge.manner.system.clone();
        let asks = call
            .map(|call| Request::Call { call, there })
            .into_iter()
            .chain(look.map(Request::Look));
        let id = id.clone();
        self.outs.extend(asks.map(|ask| {
            (
                system.clone(),
                Message::Ask(Some(id.clone()), Box::new(ask)),
            )
        }));
        self.keep(&id, recorded, now)
    }

    /// Time has passed.
    pub(super) fn tick_bridge(&mut self, now: i64) {
        let Some(bridge) = &mut self.bridge else {
            return;
        };
        let system = bridge.manner.system.clone();
        if let Some(look) = bridge.reader.due(&bridge.manner.polling, false, now) {
            self.outs
                .push((system, Message::Ask(None, Box::new(Request::Feed(look)))));
        }
        self.tie_all(&TieInput::Tick, now);
    }

    /// Every tie is told. Nothing happens there by that, so nothing is sent to
    /// peers.
    pub(super) fn tie_all(&mut self, input: &TieInput, now: i64) {
        let ids: Vec<SharedId> = self
            .bridge
            .iter()
            .flat_map(|b| b.ties.keys().cloned())
            .collect();
        for id in ids {
            self.tie_step(&id, input.clone(), now);
        }
    }

    /// An answer of the system came; `asked` by this desk's clock.
    pub(super) fn hear(
        &mut self,
        id: Option<&SharedId>,
        reply: Reply,
        asked: i64,
        now: i64,
    ) -> Vec<(DeskId, Message)> {
        let peers = match (id, reply) {
            (None, Reply::Feed(changes)) => self.feed(changes, now),
            (Some(id), Reply::Answer { call, answer }) => {
                self.tie_step(id, TieInput::Answered { call, answer }, now)
            }
            (Some(id), Reply::Whole(changes)) => {
                let changes = self.seen(changes);
                self.tie_step(
                    id,
                    TieInput::Read {
                        changes,
                        whole: Some(asked),
                    },
                    now,
                )
            }
            (Some(id), Reply::Nothing) => self.tie_step(id, TieInput::NotMade(asked), now),
            _ => Vec::new(),
        };
        self.appended(&peers, now)
    }

    /// Changes as the desk takes them: with the tickets that merges name.
    fn seen(&self, changes: Vec<RemoteChange>) -> Vec<RemoteChange> {
        let Some(bridge) = &self.bridge else {
            return changes;
        };
        let tied = |number: &str| {
            let of =
                |(_, tie): &(&SharedId, &Tie)| !tie.joined && tie.there.as_deref() == Some(number);
            bridge.ties.iter().find(of).map(|(id, _)| id.clone())
        };
        changes
            .into_iter()
            .map(|mut change| {
                match (&mut change.what, &change.marker) {
                    (RemoteDeed::Merged { into, shared }, _) => *shared = tied(into),
                    (RemoteDeed::Opened { shared, .. }, Some(marker)) => {
                        let made = |id: &&SharedId| bridge.manner.marks(id, marker);
                        *shared = bridge.ties.keys().find(made).cloned();
                    }
                    _ => {}
                }
                match self.flaw {
                    Flaw::NoMarkers => change.marker = None,
                    Flaw::MarkersOnly => change.ours |= change.marker.is_some(),
                    Flaw::AccountOnly if change.ours => {
                        change.marker = Some(format!("{}-", bridge.manner.prefix));
                    }
                    _ => {}
                }
                change
            })
            .collect()
    }

    /// The system's news: each change goes to the tie that it belongs to.
    fn feed(&mut self, changes: Vec<RemoteChange>, now: i64) -> Vec<DeskId> {
        if let Some(bridge) = &mut self.bridge {
            bridge.reader.read(&changes);
        }
        let mut peers = Vec::new();
        let mut sorted = changes;
        sorted.sort_by_key(|c| c.id);
        for change in sorted {
            let Some(id) = self.owner(&change) else {
                peers.extend(self.adopt(&change, now));
                continue;
            };
            let changes = self.seen(vec![change]);
            peers.extend(self.tie_step(
                &id,
                TieInput::Read {
                    changes,
                    whole: None,
                },
                now,
            ));
        }
        peers
    }

    fn owner(&self, change: &RemoteChange) -> Option<SharedId> {
        let bridge = self.bridge.as_ref()?;
        let expects = |tie: &Tie| {
            change.ours
                && change
                    .marker
                    .as_deref()
                    .is_some_and(|marker| tie.expects(marker))
        };
        bridge
            .ties
            .iter()
            .find(|(_, tie)| expects(tie))
            .or_else(|| {
                bridge
                    .ties
                    .iter()
                    .find(|(_, tie)| tie.numbers.contains(&change.ticket))
            })
            .map(|(id, _)| id.clone())
    }

    /// A ticket that people made there.
    fn adopt(&mut self, change: &RemoteChange, now: i64) -> Vec<DeskId> {
        let Some(bridge) = &mut self.bridge else {
            return Vec::new();
        };
        if change.ours && change.marker.is_some() {
            return Vec::new();
        }
        let system = bridge.manner.system.clone();
        let number = TicketNumber(change.ticket.parse().unwrap());
        let id = SharedId {
            desk: system.clone(),
            number,
        };
        let Some((tie, first)) = Tie::adopt(id.clone(), change, &bridge.manner) else {
            return Vec::new();
        };
        bridge.ties.insert(id.clone(), tie);
        let passes = bridge.passes;
        let peers = self.take(first, None, now);
        if let Some(ticket) = self.tickets.get_mut(&id) {
            ticket.links.push(Link {
                peer: system,
                passes,
                stage: Stage::Active,
            });
        }
        peers
    }
}

/// What is asked, for a line of the trace.
pub(super) fn asked(request: &Request) -> String {
    match request {
        Request::Call { call, there } => {
            format!("call {} in {there:?}: {:?}", call.number, call.what)
        }
        Request::Look(LookFor::Ticket(number)) => format!("all of {number}?"),
        Request::Look(LookFor::Marker(marker)) => format!("a ticket {marker}?"),
        Request::Feed(look) => format!("what is new since {:?}?", look.since),
    }
}
