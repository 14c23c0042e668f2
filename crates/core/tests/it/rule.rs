//! Rules that administrators write: what sets them off, what stands in their way, and
//! that nothing goes round.

use std::collections::BTreeMap;

use proptest::prelude::*;
use switchboard_core::clock::{Clocks, Happened as Tick, Terms};
use switchboard_core::query::Names;
use switchboard_core::rule::{
    Barrier, Clockwork, DEEPEST, Deeds, Field, Happened, Hold, Length, MOST_A_DAY, Mail, Measure,
    Occasion, On, Rule, Step as Does, When, barrier,
};
use switchboard_core::target::TargetSet;
use switchboard_core::working_time::{Calendar, HOUR_MS};
use switchboard_core::{
    Actor, Caused, Change, Channel, Command, EntryVisibility, Millis, PersonId, Priority, Refusal,
    ServiceId, SolutionKind, Status, TicketNumber, UnitId, decide,
};

use crate::sequence::{Step, begin, steps, wander};
use crate::world::{
    COMPUTING, COY, FIRST, KERNEL, SAM, STORAGE, World, escalate, fay, hold, n, sam, solve,
};

/// The names of the world.
struct Here;

impl Names for Here {
    fn unit(&self, name: &str) -> Option<UnitId> {
        match name {
            "first" => Some(FIRST),
            "storage" => Some(STORAGE),
            "computing" => Some(COMPUTING),
            "kernel" => Some(KERNEL),
            _ => None,
        }
    }

    fn service(&self, _: &str) -> Option<ServiceId> {
        None
    }

    fn community(&self, name: &str) -> String {
        name.to_owned()
    }

    fn person(&self, address: &str) -> Option<PersonId> {
        (address == "sam@x.org").then_some(SAM)
    }
}

fn on(on: On) -> When {
    When {
        on,
        fields: [].into(),
        after: on.is_timed().then_some(Length {
            count: 1,
            of: Measure::Hours,
        }),
    }
}

fn rule(when: When, only: &str, then: Deeds) -> Rule {
    Rule {
        title: "Try".into(),
        when,
        only: only.into(),
        then,
        catch_up: true,
    }
}

fn give(unit: UnitId) -> Deeds {
    Deeds {
        unit: Some(unit),
        ..Deeds::default()
    }
}

fn tag(word: &str) -> Deeds {
    Deeds {
        tag: [word.to_owned()].into(),
        ..Deeds::default()
    }
}

/// What the desk does with rules, on the world: first in, first followed.
struct Desk {
    rules: Vec<Rule>,
    paused: Vec<bool>,
    /// Who acted on what when, and what it followed from.
    acted: Vec<(usize, TicketNumber, Millis, Vec<i64>)>,
    marks: Vec<(usize, TicketNumber, Millis)>,
    followed: usize,
}

impl Desk {
    fn of(rules: Vec<Rule>) -> Desk {
        Desk {
            paused: vec![false; rules.len()],
            rules,
            acted: Vec::new(),
            marks: Vec::new(),
            followed: 0,
        }
    }

    /// A rule is set off.
    fn set_off(
        &mut self,
        w: &mut World,
        index: usize,
        t: TicketNumber,
        before: &[i64],
    ) -> Option<Vec<i64>> {
        let number = index as i64;
        let day = w.now - 24 * HOUR_MS;
        let today = self
            .acted
            .iter()
            .filter(|(i, on, at, _)| (*i, *on) == (index, t) && *at > day)
            .count();
        match barrier(number, before, today as i64) {
            Some(Barrier::Often) => self.paused[index] = true,
            Some(_) => {}
            None => {
                let chain: Vec<i64> = before.iter().copied().chain([number]).collect();
                if act(w, &self.rules[index], t) {
                    self.acted.push((index, t, w.now, chain.clone()));
                    return Some(chain);
                }
            }
        }
        None
    }

    /// All that follows from what happened since it last looked.
    fn follow(&mut self, w: &mut World) {
        let mut waiting = vec![(self.followed..w.events.len(), Vec::new())];
        let mut rounds = 0;
        while !waiting.is_empty() {
            rounds += 1;
            assert!(rounds < 2_000, "it goes round: {:?}", self.acted);
            let (range, chain) = waiting.remove(0);
            let mut by_ticket: BTreeMap<TicketNumber, Vec<Change>> = BTreeMap::new();
            for (caused, _) in &w.events[range] {
                by_ticket
                    .entry(caused.ticket)
                    .or_default()
                    .push(caused.change.clone());
            }
            for (t, changes) in by_ticket {
                let happened = Happened::of(&changes);
                for index in 0..self.rules.len() {
                    let rule = self.rules[index].clone();
                    let stands = w.ticket(t).merged_into().is_none();
                    if self.paused[index]
                        || !stands
                        || !rule.when.is_set_off(&happened)
                        || !rule.meets(w.ticket(t), &Here, w.now)
                    {
                        continue;
                    }
                    let from = w.events.len();
                    if let Some(chain) = self.set_off(w, index, t, &chain) {
                        waiting.push((from..w.events.len(), chain));
                    }
                }
                waiting.extend(self.look(w, t, &chain));
            }
        }
        self.followed = w.events.len();
    }

    /// What has its time.
    fn look(
        &mut self,
        w: &mut World,
        t: TicketNumber,
        chain: &[i64],
    ) -> Vec<(std::ops::Range<usize>, Vec<i64>)> {
        let mut new = Vec::new();
        for index in 0..self.rules.len() {
            let rule = self.rules[index].clone();
            let Some(occasion) = occasion(w, &rule, t) else {
                continue;
            };
            let mark = (index, t, occasion.since);
            if self.paused[index]
                || occasion.at > w.now
                || self.marks.contains(&mark)
                || chain.contains(&(index as i64))
                || !rule.meets(w.ticket(t), &Here, w.now)
            {
                continue;
            }
            self.marks.push(mark);
            let from = w.events.len();
            if let Some(chain) = self.set_off(w, index, t, chain) {
                new.push((from..w.events.len(), chain));
            }
        }
        new
    }
}

fn terms() -> Terms {
    Terms::new(BTreeMap::new(), TargetSet::shipped())
}

fn occasion(w: &World, rule: &Rule, t: TicketNumber) -> Option<Occasion> {
    let own = w.events.iter().filter(|(caused, _)| caused.ticket == t);
    let (clocks, _) = Clocks::replay(own.map(|(c, at)| (Tick::Change(&c.change), *at)))?;
    let ticket = w.ticket(t);
    let works = Clockwork {
        clocks: Some(&clocks),
        terms: &terms(),
        days: &|| Calendar::new("UTC", None, []),
        asked: ticket.needs_reply.then_some(ticket.created_at),
    };
    rule.when.occasion(ticket, &works)
}

/// All that a rule does, or nothing; says whether it did anything.
fn act(w: &mut World, rule: &Rule, t: TicketNumber) -> bool {
    let actor = Actor {
        name: "Rule 1".into(),
        ..Actor::system(Channel::Job)
    };
    let fill = |text: &str| text.to_owned();
    let later = |days: u32| w.now + Millis::from(days) * 24 * HOUR_MS;
    let Ok(does) = rule.then.steps(w.ticket(t), "Rule 1: Try", &fill, &later) else {
        return false;
    };
    let mut scene = w.scene.clone();
    let mut all: Vec<Caused> = Vec::new();
    let mut commands = Vec::new();
    for step in does {
        let mut write = |visibility| Command::Write {
            entry: w.entry(),
            visibility,
        };
        match step {
            Does::Command(command) => commands.push(command),
            Does::Note(_) => commands.push(write(EntryVisibility::Internal)),
            Does::Answer(status, text) => {
                commands.push(write(EntryVisibility::Public));
                commands.extend(match status {
                    Some(Status::Waiting) => Some(Command::Await { reminder: None }),
                    Some(Status::Solved) => Some(Command::Solve {
                        text,
                        kind: SolutionKind::Fixed,
                    }),
                    _ => None,
                });
            }
            Does::Mail(_) => {}
        }
    }
    for command in commands {
        match decide(&scene, t, &command, &actor, &w.rules, w.now) {
            Ok(caused) => {
                for one in &caused {
                    scene.apply(one, w.now);
                }
                all.extend(caused);
            }
            Err(_) => return false,
        }
    }
    w.happen(&all);
    !all.is_empty()
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let whens = prop_oneof![
        Just(on(On::Opened)),
        Just(on(On::Changed)),
        Just(When {
            fields: [Field::Unit, Field::Status].into(),
            ..on(On::Changed)
        }),
        Just(on(On::RequesterAnswered)),
        Just(on(On::StaffAnswered)),
        Just(on(On::Escalated)),
        Just(on(On::InStatus)),
        Just(on(On::Unanswered)),
        Just(on(On::Silent)),
        Just(When {
            after: Some(Length {
                count: 300,
                of: Measure::Days
            }),
            ..on(On::BeforeDue)
        }),
        Just(on(On::AfterDue)),
    ];
    let onlys = prop_oneof![
        Just(""),
        Just("unit:storage"),
        Just("unit:computing"),
        Just("-tag:a"),
        Just("tag:a"),
        Just("status:open priority<high"),
        Just("owner:none"),
    ];
    let thens = prop_oneof![
        Just(give(STORAGE)),
        Just(give(COMPUTING)),
        Just(give(KERNEL)),
        Just(tag("a")),
        Just(Deeds {
            untag: ["a".to_owned()].into(),
            ..Deeds::default()
        }),
        Just(Deeds {
            priority: Some(Priority::High),
            ..Deeds::default()
        }),
        Just(Deeds {
            priority: Some(Priority::Low),
            ..Deeds::default()
        }),
        Just(Deeds {
            owner: Some(SAM),
            ..Deeds::default()
        }),
        Just(Deeds {
            cc: Some(COY),
            note: Some("Look.".into()),
            ..Deeds::default()
        }),
        Just(Deeds {
            answer: Some("We are at it.".into()),
            ..Deeds::default()
        }),
        Just(Deeds {
            answer: Some("It is done.".into()),
            status: Some(Status::Solved),
            ..Deeds::default()
        }),
        Just(Deeds {
            status: Some(Status::Waiting),
            ..Deeds::default()
        }),
        Just(Deeds {
            hold: Some(Hold {
                reason: "Parts are on their way.".into(),
                days: Some(3)
            }),
            ..Deeds::default()
        }),
    ];
    (whens, onlys, thens).prop_map(|(when, only, then)| rule(when, only, then))
}

fn run(rules: &[Rule], people: &[Step], hours: &[i64]) -> (World, Desk) {
    let mut w = begin();
    w.now = 1_790_000_000_000;
    let mut desk = Desk::of(rules.to_vec());
    desk.followed = w.events.len();
    for (step, hours) in people.iter().zip(hours) {
        wander(&mut w, std::slice::from_ref(step));
        desk.follow(&mut w);
        w.now += hours * HOUR_MS;
        let numbers: Vec<_> = w.scene.tickets.keys().copied().collect();
        for t in numbers {
            desk.look(&mut w, t, &[]);
            desk.follow(&mut w);
        }
    }
    (w, desk)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    /// Whatever rules there are and whatever people do: it comes to an end, no rule
    /// follows from itself, none acts more often on a ticket than it may, and the same
    /// events give the same deeds.
    #[test]
    fn no_rules_go_round_and_the_same_events_give_the_same_deeds(
        rules in proptest::collection::vec(any_rule(), 1..8),
        people in steps(25),
        hours in proptest::collection::vec(0i64..40, 25),
    ) {
        let (w, desk) = run(&rules, &people, &hours);
        for (index, t, at, chain) in &desk.acted {
            prop_assert!(chain.len() <= DEEPEST);
            let mut once = chain.clone();
            once.sort_unstable();
            once.dedup();
            prop_assert_eq!(once.len(), chain.len(), "a rule follows from itself");
            let day = desk.acted.iter().filter(|(i, on, when, _)| {
                (i, on) == (index, t) && *when <= *at && *when > at - 24 * HOUR_MS
            });
            prop_assert!(day.count() as i64 <= MOST_A_DAY);
        }
        let (again, same) = run(&rules, &people, &hours);
        prop_assert_eq!(&desk.acted, &same.acted);
        prop_assert_eq!(&w.events, &again.events);
    }
}

#[test]
fn two_rules_that_hand_a_ticket_to_and_fro_come_to_rest() {
    let to_and_fro = vec![
        rule(on(On::Changed), "unit:storage", give(COMPUTING)),
        rule(on(On::Changed), "unit:computing", give(STORAGE)),
    ];
    let mut w = begin();
    let mut desk = Desk::of(to_and_fro);
    desk.followed = w.events.len();
    w.must(n(2), Command::SetSubject("Another".into()), &sam());
    desk.follow(&mut w);
    // The first gives it away and the second back, as both look at the change; what the
    // second did sets off the first once more, and there it ends.
    let chains: Vec<_> = desk.acted.iter().map(|(.., chain)| chain.clone()).collect();
    assert_eq!(chains, [vec![0], vec![1], vec![1, 0]]);
    assert_eq!(w.ticket(n(2)).unit, COMPUTING);
}

#[test]
fn a_rule_that_acts_too_often_on_a_ticket_is_stopped() {
    assert_eq!(barrier(1, &[], MOST_A_DAY - 1), None);
    assert_eq!(barrier(1, &[], MOST_A_DAY), Some(Barrier::Often));
    assert_eq!(barrier(1, &[1], MOST_A_DAY), Some(Barrier::Again));
    assert_eq!(barrier(4, &[1, 2, 3], 0), Some(Barrier::Deep));
    let mut w = begin();
    let note = Deeds {
        note: Some("Seen.".into()),
        ..Deeds::default()
    };
    let mut desk = Desk::of(vec![rule(on(On::Changed), "", note)]);
    desk.followed = w.events.len();
    for round in 0..12 {
        w.must(n(2), Command::SetSubject(format!("Number {round}")), &sam());
        desk.follow(&mut w);
    }
    assert_eq!(desk.acted.len() as i64, MOST_A_DAY);
    assert!(desk.paused[0]);
}

#[test]
fn what_comes_with_an_opening_is_part_of_it() {
    let mut w = World::new();
    let number = w.assigned();
    let opening: Vec<_> = w.events.iter().map(|(c, _)| c.change.clone()).collect();
    let happened = Happened::of(&opening);
    for what in On::ALL {
        assert_eq!(
            on(what).is_set_off(&happened),
            what == On::Opened,
            "{what:?}"
        );
    }
    let set_off = |caused: Vec<Caused>| -> Vec<On> {
        let happened = Happened::of(caused.iter().map(|c| &c.change));
        On::ALL
            .into_iter()
            .filter(|o| on(*o).is_set_off(&happened))
            .collect()
    };
    let reply = w.reply();
    let note = w.note();
    let word = w.reply();
    assert_eq!(
        set_off(w.must(number, reply, &crate::world::ann())),
        [On::RequesterAnswered]
    );
    assert_eq!(set_off(w.must(number, note, &sam())), []);
    assert_eq!(set_off(w.must(number, word, &sam())), [On::StaffAnswered]);
    assert_eq!(
        set_off(w.must(number, escalate(), &crate::world::ann())),
        [On::Escalated]
    );
    assert_eq!(set_off(w.must(number, hold(), &sam())), [On::Changed]);
    let other = Command::Overrule {
        priority: Priority::Top,
        reason: "Now".into(),
    };
    let caused = w.must(number, other, &fay());
    let fields = Happened::of(caused.iter().map(|c| &c.change)).fields;
    assert_eq!(fields, [Field::Priority].into());
}

#[test]
fn what_the_desk_says_by_itself_is_nobodys_answer() {
    let mut w = World::new();
    let number = w.assigned();
    let answer = Deeds {
        answer: Some("We are at it.".into()),
        ..Deeds::default()
    };
    let from = w.events.len();
    assert!(act(&mut w, &rule(on(On::Opened), "", answer), number));
    let caused: Vec<_> = w.events[from..].iter().map(|(c, _)| &c.change).collect();
    assert_eq!(Happened::of(caused), Happened::default());
    assert!(w.ticket(number).needs_reply, "a human still owes an answer");
}

#[test]
fn a_rule_does_all_or_nothing_and_leaves_what_is_so_already() {
    let mut w = World::new();
    let number = w.assigned();
    // Coy is no member of Storage.
    let wrong = Deeds {
        owner: Some(COY),
        ..tag("a")
    };
    assert!(!act(&mut w, &rule(on(On::Opened), "", wrong), number));
    assert!(w.ticket(number).tags.is_empty());
    let then = Deeds {
        owner: Some(SAM),
        priority: Some(Priority::High),
        unit: Some(STORAGE),
        hold: Some(Hold {
            reason: "Parts.".into(),
            days: Some(2),
        }),
        ..tag("a")
    };
    let good = rule(on(On::Opened), "", then);
    assert!(act(&mut w, &good, number));
    let ticket = w.ticket(number);
    assert_eq!(ticket.priority(), Priority::High);
    assert_eq!(ticket.priority_reason(), "Rule 1: Try");
    assert_eq!(ticket.owner, Some(SAM));
    assert!(ticket.reminder.is_some());
    assert!(!act(&mut w, &good, number), "all of it is so already");
}

#[test]
fn a_rule_solves_with_its_answer_and_waits_and_does_neither_twice() {
    let mut w = World::new();
    let number = w.assigned();
    let waits = Deeds {
        answer: Some("Which project?".into()),
        status: Some(Status::Waiting),
        ..Deeds::default()
    };
    assert!(act(
        &mut w,
        &rule(on(On::Opened), "", waits.clone()),
        number
    ));
    assert_eq!(w.ticket(number).status, Status::Waiting);
    let silent = Deeds {
        answer: None,
        ..waits
    };
    let silent = rule(on(On::Opened), "", silent);
    assert!(!act(&mut w, &silent, number), "it is so already");
    let solves = Deeds {
        answer: Some("It is done.".into()),
        status: Some(Status::Solved),
        ..tag("a")
    };
    let solves = rule(on(On::Silent), "", solves);
    assert!(act(&mut w, &solves, number));
    let ticket = w.ticket(number);
    let solution = ticket.solution.as_ref().map(|s| (s.text.as_str(), s.by));
    assert_eq!(solution, Some(("It is done.", None)));
    assert_eq!(ticket.status, Status::Solved);
    // What is solved is solved; nobody wants to hear the same again.
    let again = Deeds {
        answer: Some("It is done, really.".into()),
        status: Some(Status::Solved),
        untag: ["a".to_owned()].into(),
        ..Deeds::default()
    };
    assert!(!act(&mut w, &rule(on(On::Changed), "", again), number));
    assert!(w.ticket(number).tags.contains("a"), "all of it or nothing");
}

#[test]
fn a_query_is_met_by_fields_and_by_words_of_the_subject() {
    let mut w = World::new();
    let number = w.assigned();
    w.must(
        number,
        Command::SetSubject("Quota of PLOVER is exceeded".into()),
        &sam(),
    );
    let meets = |w: &World, only: &str| {
        rule(on(On::Opened), only, tag("a")).meets(w.ticket(number), &Here, w.now)
    };
    for only in [
        "",
        "unit:storage",
        "-unit:computing",
        "quota plover",
        "\"is exceeded\"",
        "-kernel",
        "owner:none",
        "status:open created<7d",
    ] {
        assert!(meets(&w, only), "{only}");
    }
    for only in [
        "unit:computing",
        "unit:nowhere",
        "-quota",
        "quota kernel",
        "owner:sam@x.org",
        "priority>=high",
        "closed<7d",
        "service:disk",
        "tag:a",
    ] {
        assert!(!meets(&w, only), "{only}");
    }
    w.must(number, Command::Start, &sam());
    assert!(meets(&w, "owner:sam@x.org -owner:none"));
    w.must(number, solve(), &sam());
    assert!(meets(&w, "closed<7d status:solved"));
}

#[test]
fn a_rule_that_makes_no_sense_is_refused_by_its_field() {
    let good = rule(on(On::Opened), "priority>=high", tag("a"));
    let change = |how: &dyn Fn(&mut Rule)| {
        let mut rule = good.clone();
        rule.catch_up = false;
        how(&mut rule);
        rule.check()
    };
    assert_eq!(change(&|_| ()), Ok(()));
    let long = |count, of| Some(Length { count, of });
    type Cases = Vec<(&'static str, Box<dyn Fn(&mut Rule)>)>;
    let cases: Cases = vec![
        ("title", Box::new(|r| r.title = " ".into())),
        ("title", Box::new(|r| r.title = "a\nb".into())),
        ("only", Box::new(|r| r.only = "owner:me".into())),
        ("only", Box::new(|r| r.only = "colour:red".into())),
        ("fields", Box::new(|r| r.when.fields = [Field::Tags].into())),
        (
            "after",
            Box::new(move |r| r.when.after = long(1, Measure::Days)),
        ),
        (
            "after",
            Box::new(|r| {
                r.when = When {
                    after: None,
                    ..on(On::Silent)
                }
            }),
        ),
        (
            "after",
            Box::new(move |r| {
                r.when = When {
                    after: long(0, Measure::Days),
                    ..on(On::Silent)
                }
            }),
        ),
        (
            "after",
            Box::new(move |r| {
                r.when = When {
                    after: long(367, Measure::Days),
                    ..on(On::AfterDue)
                }
            }),
        ),
        (
            "after",
            Box::new(move |r| {
                r.when = When {
                    after: long(1, Measure::WorkingDays),
                    ..on(On::BeforeDue)
                }
            }),
        ),
        ("catch_up", Box::new(|r| r.catch_up = true)),
        ("then", Box::new(|r| r.then = Deeds::default())),
        ("note", Box::new(|r| r.then.note = Some(" ".into()))),
        (
            "answer",
            Box::new(|r| r.then.answer = Some("a".repeat(16_001))),
        ),
        (
            "mail_text",
            Box::new(|r| {
                r.then.mail = Some(Mail {
                    unit: STORAGE,
                    text: "\0".into(),
                })
            }),
        ),
        (
            "untag",
            Box::new(|r| r.then.untag = ["a".to_owned()].into()),
        ),
        ("answer", Box::new(|r| r.then.status = Some(Status::Solved))),
        ("status", Box::new(|r| r.then.status = Some(Status::Closed))),
        (
            "unit",
            Box::new(|r| {
                r.then = Deeds {
                    answer: Some("Done.".into()),
                    status: Some(Status::Unsolved),
                    ..give(STORAGE)
                }
            }),
        ),
        (
            "hold",
            Box::new(|r| {
                r.then.status = Some(Status::Waiting);
                r.then.hold = Some(Hold {
                    reason: "x".into(),
                    days: None,
                })
            }),
        ),
        (
            "hold_days",
            Box::new(|r| {
                r.then.hold = Some(Hold {
                    reason: "x".into(),
                    days: Some(0),
                })
            }),
        ),
    ];
    for (field, how) in cases {
        match change(&*how) {
            Err(Refusal::Invalid { field: named, .. }) => assert_eq!(named, field),
            other => panic!("{field}: {other:?}"),
        }
    }
    let now = When {
        after: long(0, Measure::Hours),
        ..on(On::AfterDue)
    };
    assert_eq!(change(&|r| r.when = now.clone()), Ok(()));
    assert_eq!(EntryVisibility::Public.key(), "public");
}

#[test]
fn the_time_of_a_rule_comes_once_for_what_it_is_counted_from() {
    let mut w = World::new();
    w.now = 1_790_000_000_000;
    let number = w.assigned();
    let days = |what, count, of| {
        rule(
            When {
                after: Some(Length { count, of }),
                ..on(what)
            },
            "",
            tag("late"),
        )
    };
    let opened = w.ticket(number).status_since;
    let silent = days(On::Silent, 2, Measure::Days);
    let first = occasion(&w, &silent, number).unwrap();
    assert_eq!((first.since, first.at), (opened, opened + 48 * HOUR_MS));
    // Of working days Saturday and Sunday are none.
    let working = days(On::InStatus, 5, Measure::WorkingDays);
    assert_eq!(
        occasion(&w, &working, number).unwrap().at,
        opened + 7 * 24 * HOUR_MS
    );
    let due = days(On::AfterDue, 0, Measure::Hours);
    let at = occasion(&w, &due, number).unwrap().at;
    let before = days(On::BeforeDue, 3, Measure::Hours);
    assert_eq!(occasion(&w, &before, number).unwrap().at, at - 3 * HOUR_MS);
    // An update begins another silence.
    w.now += HOUR_MS;
    w.must(number, Command::Start, &sam());
    let next = occasion(&w, &silent, number).unwrap();
    assert!(next.since > first.since);
    w.must(number, solve(), &sam());
    assert_eq!(occasion(&w, &silent, number), None);
    assert!(
        occasion(&w, &working, number).is_some(),
        "also of what is solved"
    );
}
