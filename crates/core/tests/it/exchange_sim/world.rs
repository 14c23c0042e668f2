//! The world of a run: time, the network, and chance.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use switchboard_core::exchange::{Change, DeskId, Passes, SharedId, TieInput};

use super::bridge::{Bridge, asked};
use super::desk::{Desk, Message, Out, told};
use super::dice::Dice;
use super::flaw::Flaw;
use super::ledger::Ledger;
use super::tracker::{Reply, Request, Robot, Tracker};

pub(super) const SECOND: i64 = 1_000;
pub(super) const MINUTE: i64 = 60 * SECOND;

/// Who is coupled with whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Pair,
    Chain,
    Star,
    /// Three, each with each.
    Ring,
    /// One that speaks for a system that knows nothing of us.
    Tracked,
    /// The same, with two further desks in a chain behind it.
    TrackedChain,
}

impl Shape {
    pub(super) const OF_DESKS: [Shape; 4] = [Shape::Pair, Shape::Chain, Shape::Star, Shape::Ring];
    pub(super) const TRACKED: [Shape; 2] = [Shape::Tracked, Shape::TrackedChain];

    fn is_tracked(self) -> bool {
        Shape::TRACKED.contains(&self)
    }

    fn ties(self) -> &'static [(usize, usize)] {
        match self {
            Shape::Pair => &[(0, 1)],
            Shape::Tracked => &[],
            Shape::Chain | Shape::TrackedChain => &[(0, 1), (1, 2)],
            Shape::Star => &[(0, 1), (0, 2), (0, 3)],
            Shape::Ring => &[(0, 1), (1, 2), (0, 2)],
        }
    }
}

/// What fails how often; thrown anew for each run, so that some runs are rough
/// and some fail in one way only.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weather {
    /// In a thousand messages.
    pub(super) lost: i64,
    pub(super) doubled: i64,
    /// In a thousand steps of a desk.
    pub(super) crash: i64,
    /// The longest way of a message, in ms.
    pub(super) way: i64,
}

pub(super) enum Event {
    /// A desk looks at its clock.
    Tick(usize),
    /// Somebody at a desk does something.
    Act(usize),
    /// A message arrives.
    Arrive {
        to: usize,
        from: usize,
        message: Message,
    },
    /// A request arrives at the system.
    Asked {
        from: usize,
        life: u64,
        about: Option<SharedId>,
        request: Request,
        asked: i64,
    },
    /// Its answer arrives.
    Said {
        to: usize,
        life: u64,
        about: Option<SharedId>,
        reply: Reply,
        asked: i64,
    },
    /// A desk waits no longer for an answer.
    GiveUp {
        desk: usize,
        life: u64,
        about: SharedId,
        call: u64,
    },
    /// Somebody in the system does something.
    ActThere,
    /// A desk that died is there again.
    Restart(usize),
    /// Two desks can not reach each other until then.
    Cut {
        one: usize,
        other: usize,
        until: i64,
    },
}

/// Why a run is not right.
#[derive(Debug)]
pub(super) struct Failure(pub(super) String);

pub(super) type Checked = Result<(), Failure>;

pub(super) struct World {
    pub(super) flaw: Flaw,
    pub(super) dice: Dice,
    pub(super) weather: Weather,
    pub(super) now: i64,
    /// From here on nobody does anything and nothing fails.
    pub(super) quiet: i64,
    queue: BinaryHeap<Reverse<(i64, u64)>>,
    events: BTreeMap<u64, Event>,
    number: u64,
    pub(super) desks: Vec<Desk>,
    pub(super) index: BTreeMap<DeskId, usize>,
    cuts: Vec<(usize, usize, i64)>,
    pub(super) ledger: Ledger,
    pub(super) token: u64,
    /// Changes that went over a wire, to see that it comes to rest.
    pub(super) travelled: u64,
    pub(super) passes: BTreeMap<(DeskId, DeskId), Passes>,
    pub(super) tracker: Option<Tracker>,
    pub(super) trace: Option<Vec<String>>,
}

impl World {
    pub(super) fn new(shape: Shape, seed: u64, flaw: Flaw, traced: bool) -> World {
        let mut dice = Dice::new(seed);
        let rough = |dice: &mut Dice, worst| {
            if dice.often(300) {
                0
            } else {
                dice.between(0, worst)
            }
        };
        let weather = Weather {
            lost: rough(&mut dice, 300),
            doubled: rough(&mut dice, 300),
            crash: rough(&mut dice, 40),
            way: *dice.pick(&[50, 2 * SECOND, 20 * SECOND]),
        };
        let count = shape.ties().iter().map(|t| t.0.max(t.1)).max().unwrap_or(0) + 1;
        let mut desks: Vec<Desk> = (0..count)
            .map(|n| Desk::new(DeskId::new(["a", "b", "c", "d"][n]).unwrap(), flaw))
            .collect();
        let mut passes = BTreeMap::new();
        for (one, other) in shape.ties() {
            // An agreement holds both ways.
            let agreed = Passes {
                names: dice.often(500),
                addresses: dice.often(300),
            };
            let (a, b) = (desks[*one].me.clone(), desks[*other].me.clone());
            desks[*one].couple(&b, agreed);
            desks[*other].couple(&a, agreed);
            passes.insert((a.clone(), b.clone()), agreed);
            passes.insert((b, a), agreed);
        }
        for desk in &mut desks {
            desk.skew = dice.between(-10 * MINUTE, 10 * MINUTE);
        }
        let index = desks
            .iter()
            .enumerate()
            .map(|(n, d)| (d.me.clone(), n))
            .collect();
        let mut world = World {
            flaw,
            dice,
            weather,
            now: 0,
            quiet: 8 * MINUTE,
            queue: BinaryHeap::new(),
            events: BTreeMap::new(),
            number: 0,
            desks,
            index,
            cuts: Vec::new(),
            ledger: Ledger::default(),
            token: 0,
            travelled: 0,
            passes,
            tracker: None,
            trace: traced.then(Vec::new),
        };
        world.couple(shape, seed);
        world.say(|w| {
            format!(
                "{shape:?}, {:?}, clocks {:?}",
                w.weather,
                w.desks.iter().map(|d| d.skew).collect::<Vec<_>>()
            )
        });
        world.plan(shape);
        world
    }

    /// The first desk speaks for a system, where there is one.
    fn couple(&mut self, shape: Shape, seed: u64) {
        if !shape.is_tracked() {
            return;
        }
        let agreed = Passes {
            names: self.dice.often(500),
            addresses: self.dice.often(300),
        };
        let mut kept = agreed;
        kept.addresses |= self.flaw == Flaw::AddressesLeave;
        let bridge = Bridge::new(kept, self.flaw);
        let (me, system) = (self.desks[0].me.clone(), bridge.manner.system.clone());
        self.passes.insert((me, system), agreed);
        self.desks[0].bridge = Some(bridge);
        let skew = self.dice.between(-10 * MINUTE, 10 * MINUTE);
        let mut own = Dice::new(seed ^ 0x0B08);
        let robot = own.often(300).then_some(Robot {
            dice: own,
            until: self.quiet,
        });
        self.tracker = Some(Tracker::new(skew, robot));
        for _ in 0..self.dice.between(5, 30) {
            let at = self.dice.between(0, self.quiet - 1);
            self.at(at, Event::ActThere);
        }
    }

    /// Everything that happens by itself: clocks, people, cut lines.
    fn plan(&mut self, shape: Shape) {
        let count = self.desks.len();
        for desk in 0..count {
            let at = self.dice.between(0, 5 * SECOND);
            self.at(at, Event::Tick(desk));
        }
        for _ in 0..self.dice.between(10, 45) {
            let at = self.dice.between(0, self.quiet - 1);
            let desk = self.dice.below(count);
            self.at(at, Event::Act(desk));
        }
        for _ in 0..self.dice.between(0, 3) {
            let at = self.dice.between(0, self.quiet - 1);
            let until = (at + self.dice.between(10 * SECOND, 4 * MINUTE)).min(self.quiet);
            if shape.ties().is_empty() {
                continue;
            }
            let (one, other) = *self.dice.pick(shape.ties());
            self.at(at, Event::Cut { one, other, until });
        }
    }

    pub(super) fn at(&mut self, when: i64, event: Event) {
        self.number += 1;
        self.queue.push(Reverse((when, self.number)));
        self.events.insert(self.number, event);
    }

    pub(super) fn say(&mut self, line: impl FnOnce(&World) -> String) {
        if self.trace.is_some() {
            let text = line(self);
            let (minutes, seconds) = (self.now / MINUTE, self.now % MINUTE);
            if let Some(trace) = &mut self.trace {
                trace.push(format!(
                    "{minutes:02}:{:02}.{:03}  {text}",
                    seconds / SECOND,
                    seconds % SECOND
                ));
            }
        }
    }

    /// A desk's own clock.
    pub(super) fn clock(&self, desk: usize) -> i64 {
        1_800_000_000_000 + self.now + self.desks[desk].skew
    }

    /// Lets time pass up to then.
    pub(super) fn run_until(&mut self, end: i64) -> Checked {
        while let Some(Reverse((when, number))) = self.queue.peek().copied() {
            if when > end {
                break;
            }
            self.queue.pop();
            self.now = when;
            let Some(event) = self.events.remove(&number) else {
                continue;
            };
            // Looking at the clock changes nobody's mind.
            let quiet = matches!(event, Event::Tick(_));
            self.happen(event)?;
            if !quiet {
                self.check_batons()?;
            }
        }
        self.now = end;
        Ok(())
    }

    fn happen(&mut self, event: Event) -> Checked {
        match event {
            Event::Tick(desk) => {
                let next = self.now + 5 * SECOND;
                self.at(next, Event::Tick(desk));
                self.step(desk, "tick", |desk, now| desk.tick(now))
            }
            Event::Act(desk) => {
                if self.desks[desk].up {
                    return self.act(desk);
                }
                Ok(())
            }
            Event::Arrive { to, from, message } => {
                let from_id = self.desks[from].me.clone();
                self.say(|w| format!("{} <- {from_id}: {}", w.desks[to].me, described(&message)));
                if !self.desks[to].up {
                    self.say(|w| format!("{} is down", w.desks[to].me));
                    return Ok(());
                }
                self.step(to, "message", |desk, now| {
                    desk.handle(&from_id, message, now)
                })
            }
            Event::ActThere => {
                self.token += 1;
                let (token, now) = (self.token, self.now);
                if let Some(tracker) = &mut self.tracker {
                    let told = tracker.act(token, now, &mut self.dice);
                    self.say(|_| format!("rt    somebody {told}"));
                }
                Ok(())
            }
            Event::Asked {
                from,
                life,
                about,
                request,
                asked,
            } => {
                let now = self.now;
                let Some(tracker) = &mut self.tracker else {
                    return Ok(());
                };
                let (reply, ready) = tracker.handle(request, now, &mut self.dice);
                let rough = self.now < self.quiet;
                if rough && self.dice.often(self.weather.lost) {
                    self.say(|_| format!("rt's answer is lost: {reply:?}"));
                    return Ok(());
                }
                let at = ready + self.dice.between(1, self.way());
                let to = from;
                self.at(
                    at,
                    Event::Said {
                        to,
                        life,
                        about,
                        reply,
                        asked,
                    },
                );
                Ok(())
            }
            Event::Said {
                to,
                life,
                about,
                reply,
                asked,
            } => {
                // Who asked is gone, and the line with it.
                if self.desks[to].life != life {
                    return Ok(());
                }
                self.say(|w| format!("{} <- rt: {reply:?}", w.desks[to].me));
                self.step(to, "answer", |desk, now| {
                    desk.hear(about.as_ref(), reply, asked, now)
                })
            }
            Event::GiveUp {
                desk,
                life,
                about,
                call,
            } => {
                if self.desks[desk].life != life {
                    return Ok(());
                }
                self.step(desk, "no answer", |desk, now| {
                    let peers = desk.tie_step(&about, TieInput::Lost(call), now);
                    desk.appended(&peers, now)
                })
            }
            Event::Restart(desk) => {
                self.desks[desk].up = true;
                self.desks[desk].life += 1;
                self.desks[desk].skew = self.dice.between(-10 * MINUTE, 10 * MINUTE);
                self.say(|w| {
                    format!(
                        "{} is up again, clock {:+} s",
                        w.desks[desk].me,
                        w.desks[desk].skew / SECOND
                    )
                });
                self.step(desk, "start", |desk, now| {
                    desk.tie_all(&TieInput::Restarted, now);
                    Vec::new()
                })
            }
            Event::Cut { one, other, until } => {
                self.say(|w| {
                    format!(
                        "{} and {} are cut off for {} s",
                        w.desks[one].me,
                        w.desks[other].me,
                        (until - w.now) / SECOND
                    )
                });
                self.cuts.push((one, other, until));
                Ok(())
            }
        }
    }

    /// One transaction of a desk and what is sent after it; it may die before
    /// or after the commit.
    pub(super) fn step(
        &mut self,
        desk: usize,
        what: &str,
        deed: impl FnOnce(&mut Desk, i64) -> Vec<Out>,
    ) -> Checked {
        if !self.desks[desk].up {
            return Ok(());
        }
        let clock = self.clock(desk);
        let crash = self.now < self.quiet && self.dice.often(self.weather.crash);
        let before = crash && self.dice.often(500);
        let kept = (before && self.wrong_at_crash()).then(|| self.desks[desk].clone());
        if before && kept.is_none() {
            self.say(|w| format!("{} dies before it records ({what})", w.desks[desk].me));
            self.die(desk);
            return Ok(());
        }
        let mut outs = deed(&mut self.desks[desk], clock);
        outs.append(&mut self.desks[desk].outs);
        if let Some(old) = kept {
            self.say(|w| format!("{} dies before it records ({what})", w.desks[desk].me));
            self.undo(desk, old, outs)?;
            self.die(desk);
            return Ok(());
        }
        let fresh = std::mem::take(&mut self.desks[desk].fresh);
        for change in fresh {
            self.say(|w| format!("{}    {}", w.desks[desk].me, told(&change)));
            self.ledger.note(&change);
        }
        if crash {
            self.say(|w| format!("{} dies before it sends ({what})", w.desks[desk].me));
            self.die(desk);
            return Ok(());
        }
        self.send(desk, outs)
    }

    /// Flaws that show when a desk dies before it records.
    fn wrong_at_crash(&self) -> bool {
        matches!(
            self.flaw,
            Flaw::CursorBeforeRecord
                | Flaw::AckBeforeRecord
                | Flaw::SendBeforeRecord
                | Flaw::ReadBeforeRecord
                | Flaw::CallBeforeRecord
        )
    }

    fn undo(&mut self, desk: usize, old: Desk, outs: Vec<Out>) -> Checked {
        let new = std::mem::replace(&mut self.desks[desk], old);
        match self.flaw {
            Flaw::CursorBeforeRecord => {
                for (peer, road) in new.roads {
                    if let Some(here) = self.desks[desk].roads.get_mut(&peer) {
                        here.receiver = road.receiver;
                    }
                }
                Ok(())
            }
            Flaw::ReadBeforeRecord => {
                if let (Some(old), Some(new)) = (&mut self.desks[desk].bridge, new.bridge) {
                    old.reader = new.reader;
                }
                Ok(())
            }
            Flaw::AckBeforeRecord => {
                let acks = outs
                    .into_iter()
                    .filter(|o| matches!(o.1, Message::Ack(_)))
                    .collect();
                self.send(desk, acks)
            }
            _ => self.send(desk, outs),
        }
    }

    fn die(&mut self, desk: usize) {
        self.desks[desk].up = false;
        self.desks[desk].fresh.clear();
        self.desks[desk].outs.clear();
        let back = (self.now + self.dice.between(1, 60 * SECOND)).min(self.quiet);
        self.at(back, Event::Restart(desk));
    }

    /// Puts messages on their way, as the weather has it.
    pub(super) fn send(&mut self, from: usize, outs: Vec<Out>) -> Checked {
        for (peer, message) in outs {
            if let Message::Ask(about, request) = message {
                self.ask(from, about, *request)?;
                continue;
            }
            let to = self.index[&peer];
            if let Message::Log(batch) = &message {
                self.travelled += batch.changes.len() as u64;
                for change in &batch.changes {
                    self.check_leaving(from, to, change)?;
                }
            }
            let rough = self.now < self.quiet;
            let cut = self.cuts.iter().any(|(one, other, until)| {
                self.now < *until && [(*one, *other), (*other, *one)].contains(&(from, to))
            });
            if cut || (rough && self.dice.often(self.weather.lost)) {
                self.say(|w| {
                    format!(
                        "{} -> {peer}: {} (lost)",
                        w.desks[from].me,
                        described(&message)
                    )
                });
                continue;
            }
            let copies = if rough && self.dice.often(self.weather.doubled) {
                2
            } else {
                1
            };
            for _ in 0..copies {
                // Ways differ, so messages overtake each other.
                let longest = if rough { self.weather.way } else { SECOND };
                let mut arrives = self.now + self.dice.between(1, longest);
                if rough && copies == 2 && self.dice.often(200) {
                    // An old message turns up late.
                    arrives += self.dice.between(0, 3 * MINUTE);
                }
                let message = message.clone();
                self.at(arrives, Event::Arrive { to, from, message });
            }
        }
        Ok(())
    }

    /// Sends a request to the system. It is lost, or its answer is; it is not
    /// doubled, for it travels on one connection.
    fn ask(&mut self, from: usize, about: Option<SharedId>, request: Request) -> Checked {
        self.say(|w| format!("{} -> rt: {}", w.desks[from].me, asked(&request)));
        let life = self.desks[from].life;
        if let (Request::Call { call, .. }, Some(about)) = (&request, &about) {
            self.check_call(from, &call.what)?;
            let (about, call) = (about.clone(), call.number);
            let at = self.now + 30 * SECOND;
            self.at(
                at,
                Event::GiveUp {
                    desk: from,
                    life,
                    about,
                    call,
                },
            );
        }
        if self.now < self.quiet && self.dice.often(self.weather.lost) {
            self.say(|_| "(lost)".to_owned());
            return Ok(());
        }
        let at = self.now + self.dice.between(1, self.way());
        let asked = self.clock(from);
        self.at(
            at,
            Event::Asked {
                from,
                life,
                about,
                request,
                asked,
            },
        );
        Ok(())
    }

    /// The longest way of a request or an answer: they are on connections that
    /// are given up when nothing moves.
    fn way(&self) -> i64 {
        if self.now < self.quiet {
            self.weather.way.min(8 * SECOND)
        } else {
            SECOND
        }
    }

    pub(super) fn ticket_ids(&self) -> Vec<SharedId> {
        self.ledger.pages.keys().cloned().collect()
    }
}

fn described(message: &Message) -> String {
    match message {
        Message::Log(batch) => {
            let names: Vec<String> = batch
                .changes
                .iter()
                .map(|c: &Change| c.name.to_string())
                .collect();
            format!("log from {}: {}", batch.from, names.join(" "))
        }
        Message::Ack(upto) => format!("recorded up to {upto}"),
        Message::Ask(_, request) => asked(request),
        Message::Pull(after) => format!("what comes after {after}?"),
    }
}
