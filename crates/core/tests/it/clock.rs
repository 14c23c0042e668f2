//! The clocks of a ticket: what each rule says, and what holds whatever people
//! do.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::prelude::*;
use switchboard_core::clock::{
    Clocks, Due, Ended, Ending, Figure, Happened, Leg, Slice, Terms, UnitTerms,
};
use switchboard_core::working_time::{Calendar, DAY_MS, HOUR_MS};
use switchboard_core::{
    Caused, Change, Command, Light, Millis, Priority, Status, TargetKind, TargetSet, TicketNumber,
    Turn, UnitId,
};

use crate::sequence::{Step, begin, steps, wander};
use crate::world::{COMPUTING, FIRST, KERNEL, SAM, STORAGE, World, ann, desk, fay, n, sam, solve};

fn at(text: &str) -> Millis {
    text.parse::<Timestamp>().unwrap().as_millisecond()
}

/// A Monday, nine o'clock in UTC.
fn monday() -> Millis {
    at("2026-09-21T09:00:00Z")
}

/// Everybody works from 9 to 17 in UTC, but for the computing unit, in New York;
/// the storage unit's quality is the given one, the kernel's people are a partner.
fn terms(quality: &str) -> Terms {
    let unit = |zone, quality: &str, partner| UnitTerms {
        calendar: Calendar::new(zone, None, []),
        quality: quality.to_owned(),
        partner,
    };
    let units = BTreeMap::from([
        (FIRST, unit("UTC", "", false)),
        (STORAGE, unit("UTC", quality, false)),
        (COMPUTING, unit("America/New_York", "base", false)),
        (KERNEL, unit("Europe/Berlin", "advanced", true)),
    ]);
    let mut targets = TargetSet::shipped();
    for quality in &mut targets.qualities {
        let solution = quality.promises.entry(TargetKind::Solution).or_default();
        solution.high = "2 wd".parse().ok();
        solution.top = "1 wd".parse().ok();
    }
    Terms::new(units, targets)
}

/// A world whose time can be told.
struct Story {
    w: World,
    ticket: TicketNumber,
    /// What a partner did, among the ticket's events.
    partner: Vec<(usize, bool, Millis)>,
}

impl Story {
    /// So many hours after Monday, nine o'clock.
    fn at(&mut self, hours: i64) -> &mut Story {
        self.w.now = monday() + hours * HOUR_MS - 1_000;
        self
    }

    fn new(open: fn(&mut World) -> TicketNumber) -> Story {
        let mut w = World::new();
        w.now = monday();
        let ticket = open(&mut w);
        Story {
            w,
            ticket,
            partner: Vec::new(),
        }
    }

    fn does(&mut self, command: Command, actor: &switchboard_core::Actor) -> &mut Story {
        self.w.must(self.ticket, command, actor);
        self
    }

    fn goes_to(&mut self, unit: UnitId) -> &mut Story {
        let reason = Some("It is theirs.".to_owned());
        self.does(Command::Assign { unit, reason }, &fay())
    }

    fn says(&mut self, actor: &switchboard_core::Actor) -> &mut Story {
        let reply = self.w.reply();
        self.does(reply, actor)
    }

    /// The partner has it, or gave it back.
    fn partner(&mut self, has: bool) -> &mut Story {
        let (events, now) = (self.w.events.len(), self.w.now + 1_000);
        self.partner.push((events, has, now));
        self
    }

    fn fold(&self) -> (Clocks, Ended) {
        let mut happened = Vec::new();
        for index in 0..=self.w.events.len() {
            for (_, has, at) in self.partner.iter().filter(|(n, ..)| *n == index) {
                let mark = if *has {
                    Happened::Handed
                } else {
                    Happened::Back
                };
                happened.push((mark, *at));
            }
            if let Some((caused, at)) = self.w.events.get(index)
                && caused.ticket == self.ticket
            {
                happened.push((Happened::Change(&caused.change), *at));
            }
        }
        Clocks::replay(happened).unwrap()
    }

    /// The clocks of one kind that ended: which stay or round, how, and their
    /// working hours.
    fn ended(&self, kind: TargetKind) -> Vec<(u32, Ending, i64)> {
        let terms = terms("medium");
        let legs = self.fold().1.legs;
        legs.iter()
            .filter(|leg| leg.kind == kind)
            .map(|leg| {
                (
                    leg.nth,
                    leg.end.unwrap().1,
                    leg.figure(&terms, 0).used / HOUR_MS,
                )
            })
            .collect()
    }

    fn running(&self, kind: TargetKind) -> Option<Leg> {
        let running = self.fold().0.running().to_vec();
        running.into_iter().find(|leg| leg.kind == kind)
    }

    /// What the clock shows after so many hours.
    fn figure(&self, kind: TargetKind, hours: i64) -> Figure {
        let leg = self.running(kind).unwrap();
        leg.figure(&terms("advanced"), monday() + hours * HOUR_MS)
    }
}

#[test]
fn first_level_takes_a_new_ticket_or_gives_it_to_a_unit() {
    let mut story = Story::new(World::asked);
    assert_eq!(story.running(TargetKind::Response), None);
    assert_eq!(story.running(TargetKind::Solution), None);
    story.at(3).goes_to(STORAGE);
    assert_eq!(
        story.ended(TargetKind::Assignment),
        [(1, Ending::HandedOn, 3)]
    );
    assert_eq!(story.ended(TargetKind::Answer), [(1, Ending::HandedOn, 3)]);
    let response = story.running(TargetKind::Response).unwrap();
    assert_eq!((response.unit, response.nth), (STORAGE, 2));

    let mut story = Story::new(World::asked);
    story.at(5).does(Command::Start, &fay());
    assert_eq!(story.ended(TargetKind::Assignment), [(1, Ending::Taken, 5)]);
    assert!(story.running(TargetKind::Solution).is_some());

    // What a requester sends straight to a unit is nobody's to assign.
    let story = Story::new(World::assigned);
    assert_eq!(story.running(TargetKind::Assignment), None);
    assert_eq!(story.ended(TargetKind::Assignment), []);
    assert_eq!(story.running(TargetKind::Response).unwrap().nth, 1);
}

#[test]
fn who_solves_what_is_new_had_it_from_the_beginning() {
    let mut story = Story::new(World::asked);
    story.at(2).does(solve(), &fay());
    assert_eq!(story.ended(TargetKind::Solution), [(1, Ending::Solved, 2)]);
    assert_eq!(
        story.ended(TargetKind::Assignment),
        [(1, Ending::Solved, 2)]
    );
    assert_eq!(story.ended(TargetKind::Answer), [(1, Ending::Solved, 2)]);
    assert!(story.fold().0.running().is_empty());
}

#[test]
fn a_unit_responds_once_per_stay() {
    let mut story = Story::new(World::assigned);
    story.at(1).does(Command::Start, &sam());
    // Nobody's again, and so assigned again: the same stay.
    story.at(2).does(Command::SetOwner { owner: None }, &sam());
    assert_eq!(story.w.ticket(story.ticket).status, Status::Assigned);
    story.at(3).does(Command::Start, &sam());
    assert_eq!(story.ended(TargetKind::Response), [(1, Ending::Taken, 1)]);
    // Handed on and back: two more. New York's working day is from 13 to 21.
    story.at(4).goes_to(COMPUTING);
    story.at(6).goes_to(STORAGE);
    story.at(7).does(Command::Start, &sam());
    assert_eq!(
        story.ended(TargetKind::Response),
        [
            (1, Ending::Taken, 1),
            (2, Ending::HandedOn, 2),
            (3, Ending::Taken, 1)
        ]
    );
}

#[test]
fn only_what_a_human_of_the_support_side_says_in_public_is_an_answer() {
    let mut story = Story::new(World::assigned);
    story.at(1).does(Command::Start, &sam());
    let note = story.w.note();
    story.at(2).does(note, &sam());
    story.at(3).says(&ann());
    // The desk itself, by a job.
    story.at(4).says(&desk());
    assert_eq!(story.ended(TargetKind::Answer), []);
    story.at(5).says(&sam());
    story.at(6).says(&sam());
    assert_eq!(story.ended(TargetKind::Answer), [(1, Ending::Answered, 5)]);
    // Since Sam took it, four hours before.
    assert_eq!(story.ended(TargetKind::Reply), [(1, Ending::Answered, 4)]);
    // Neither a note nor the requester's own word ended the silence.
    assert_eq!(
        story
            .ended(TargetKind::Silence)
            .iter()
            .map(|s| s.2)
            .collect::<Vec<_>>(),
        [1, 4, 1]
    );
    // Who takes it after the answer owes no first one.
    story.at(7).does(Command::SetOwner { owner: None }, &sam());
    story
        .at(8)
        .does(Command::SetOwner { owner: Some(SAM) }, &sam());
    assert_eq!(story.running(TargetKind::Reply), None);
}

#[test]
fn the_priority_that_counts_is_that_of_the_beginning() {
    let mut story = Story::new(World::assigned);
    let overrule = |priority| Command::Overrule {
        priority,
        reason: "It is worse.".to_owned(),
    };
    story.at(1).does(overrule(Priority::Top), &fay());
    let response = story.figure(TargetKind::Response, 1);
    assert_eq!(response.within.unwrap().ms(), 5 * DAY_MS);
    // The next unit is asked with the new one.
    story.at(2).goes_to(KERNEL);
    let response = story.running(TargetKind::Response).unwrap();
    assert_eq!(response.priority, Priority::Top);
    story.at(3).does(Command::WithdrawOverrule, &fay());
    assert_eq!(story.fold().0.priority(), Priority::Low);
    let response = story.figure(TargetKind::Response, 3);
    assert_eq!(response.within.unwrap().ms(), 4 * HOUR_MS);
}

#[test]
fn a_due_time_moves_by_what_the_promise_leaves_out_and_by_nothing_else() {
    let mut story = Story::new(World::asked);
    let overrule = Command::Overrule {
        priority: Priority::Top,
        reason: "Everything stands.".to_owned(),
    };
    // A solution is promised within a working day then.
    story.at(0).does(overrule, &fay()).at(0).goes_to(STORAGE);
    let due = |story: &Story, hours| story.figure(TargetKind::Solution, hours).due;
    let evening = monday() + DAY_MS;
    assert_eq!(due(&story, 0), Some(evening));
    story.at(2).does(Command::Start, &sam());
    // On hold counts on.
    story.at(3).does(crate::world::hold(), &sam());
    assert_eq!(due(&story, 4), Some(evening));
    // Waiting does not, and three quarters were not reached.
    story.at(5).does(Command::Await { reminder: None }, &sam());
    let still = story.figure(TargetKind::Solution, 30);
    assert!(still.still && still.due.is_none() && still.warn.is_none());
    assert_eq!((still.used, still.light), (5 * HOUR_MS, Some(Light::Half)));
    // Silence stands still with it, the answer does not.
    assert!(story.figure(TargetKind::Silence, 30).still);
    assert!(!story.figure(TargetKind::Answer, 30).still);
    assert_eq!(story.fold().0.turn().turn, Turn::Requester);
    // The next day at 10 she answers: three hours are left.
    story.at(25).says(&ann());
    assert_eq!(due(&story, 25), Some(monday() + 28 * HOUR_MS));
    // At a partner it stands still as well, in a partner's unit too.
    story.at(26).partner(true);
    assert!(story.figure(TargetKind::Solution, 27).still);
    assert_eq!(story.fold().0.turn().turn, Turn::Partner);
    story.at(27).partner(false);
    assert_eq!(due(&story, 27), Some(monday() + 29 * HOUR_MS));
    story.at(28).goes_to(KERNEL);
    let solution = story.figure(TargetKind::Solution, 100);
    assert!(solution.still);
    assert_eq!(solution.used, 7 * HOUR_MS);
    assert_eq!(solution.light, Some(Light::Warning));
    // It was amber when six hours were used, at noon.
    assert_eq!(solution.warn, Some(monday() + 26 * HOUR_MS));
}

#[test]
fn everybodys_clock_is_kept_apart() {
    let mut story = Story::new(World::in_progress);
    story.at(2).does(Command::Await { reminder: None }, &sam());
    story.at(5).says(&ann());
    story.at(6).partner(true);
    // A whole night at the partner's.
    story.at(25).partner(false);
    story.at(26).does(solve(), &sam());
    story.at(28).does(Command::Verify, &ann());
    let (clocks, ended) = story.fold();
    let held = |turn| {
        let (calendar, working) =
            terms("medium").held(&ended.turns, turn, monday() + 100 * HOUR_MS);
        (calendar / HOUR_MS, working / HOUR_MS)
    };
    assert_eq!(held(Turn::Owner), (4, 4));
    // Three hours to answer and two to verify.
    assert_eq!(held(Turn::Requester), (5, 5));
    assert_eq!(held(Turn::Partner), (19, 3));
    assert_eq!(clocks.turn().turn, Turn::Nobody);
}

#[test]
fn reopening_starts_the_solution_anew_and_no_second_response() {
    let mut story = Story::new(World::assigned);
    story.at(1).does(Command::Start, &sam());
    story.at(4).does(solve(), &sam());
    assert!(story.fold().0.running().is_empty());
    let entry = Some(story.w.entry());
    story.at(30).does(Command::Reopen { entry }, &ann());
    assert_eq!(story.running(TargetKind::Response), None);
    assert_eq!(story.running(TargetKind::Solution).unwrap().nth, 2);
    assert_eq!(story.fold().0.turn().turn, Turn::Owner);
    story.at(32).does(solve(), &sam());
    assert_eq!(
        story.ended(TargetKind::Solution),
        [(1, Ending::Solved, 4), (2, Ending::Solved, 2)]
    );
}

#[test]
fn a_merged_ticket_ends_its_clocks_and_the_undo_begins_new_ones() {
    let mut story = Story::new(World::assigned);
    let other = story.w.assigned();
    let merge = story.w.merge_of(story.ticket, other);
    story.at(2).does(merge, &sam());
    assert!(story.fold().0.running().is_empty());
    assert_eq!(
        story.ended(TargetKind::Response),
        [(1, Ending::Withdrawn, 2)]
    );
    assert_eq!(
        story.ended(TargetKind::Solution),
        [(1, Ending::Withdrawn, 2)]
    );
    story.at(3).does(Command::Unmerge, &sam());
    assert_eq!(story.running(TargetKind::Response), None);
    assert_eq!(story.running(TargetKind::Solution).unwrap().nth, 2);
}

#[test]
fn a_clock_that_jumps_back_makes_no_time_negative() {
    let mut story = Story::new(World::assigned);
    story.at(24).does(Command::Start, &sam());
    // The machine's clock is a day behind now.
    story.at(1).says(&sam());
    story.at(2).does(solve(), &sam());
    let (_, ended) = story.fold();
    for leg in &ended.legs {
        let figure = leg.figure(&terms("medium"), 0);
        assert!(leg.end.unwrap().0 >= leg.from && figure.used >= 0);
    }
    assert_eq!(story.ended(TargetKind::Solution), [(1, Ending::Solved, 8)]);
}

#[test]
fn the_list_shows_what_is_due_first() {
    let mut story = Story::new(World::assigned);
    story.at(1).does(Command::Start, &sam());
    let (clocks, _) = story.fold();
    // The owner's first reply, within a working day of the start.
    let due = clocks.due(&terms("base")).unwrap();
    assert_eq!(due.clock, TargetKind::Reply);
    assert_eq!(due.at, monday() + 25 * HOUR_MS);
    story.at(2).does(solve(), &sam());
    assert_eq!(story.fold().0.due(&terms("base")), None);
}

/// The events of one ticket, an hour and a bit for each second of the world, so
/// that nights and weekends come in.
fn history(w: &World, ticket: TicketNumber) -> Vec<(&Change, Millis)> {
    w.events
        .iter()
        .filter(|(caused, _): &&(Caused, Millis)| caused.ticket == ticket)
        .map(|(caused, at)| (&caused.change, monday() + (at - 1_000_000) * 4_321))
        .collect()
}

fn wandered(steps: &[Step]) -> World {
    let mut w = begin();
    wander(&mut w, steps);
    w
}

/// What the words of the domain say of responses, looked up in the history
/// without any state: for each stay with an assignment, from when to when.
fn responses(events: &[(&Change, Millis)]) -> Vec<(Millis, Option<Millis>)> {
    let mut found = Vec::new();
    let mut status = Status::New;
    for (index, (change, from)) in events.iter().enumerate() {
        let open = status.is_open();
        let given = match change {
            Change::UnitSet { .. } => open,
            Change::StatusSet { old, new, .. } => {
                let with_opening = !events[..index]
                    .iter()
                    .any(|(c, _)| matches!(c, Change::UnitSet { .. }))
                    && found.is_empty();
                (*old, *new) == (Status::New, Status::Assigned) && with_opening
            }
            _ => false,
        };
        if let Change::StatusSet { new, .. } = change {
            status = *new;
        }
        if given {
            let end = events[index + 1..].iter().find(|(change, _)| match change {
                Change::UnitSet { .. } => true,
                Change::StatusSet { new, .. } => *new != Status::Assigned,
                _ => false,
            });
            found.push((*from, end.map(|(_, at)| *at)));
        }
    }
    found
}

/// The same of solutions: from the first assignment or a reopening until solved.
/// What first level solved while it was new ran since it came: with its opening,
/// or back from a merge.
fn solutions(events: &[(&Change, Millis)]) -> Vec<(Millis, Option<Millis>)> {
    let mut found: Vec<(Millis, Option<Millis>)> = Vec::new();
    let mut came = events[0].1;
    for (change, at) in events {
        let running = found.last().is_some_and(|(_, end)| end.is_none());
        match change {
            Change::UnitSet { .. } if !running && !closed(events, *at, change) => {
                found.push((*at, None));
            }
            Change::StatusSet { old, new, .. } => match (old.is_open(), new.is_open()) {
                (_, true) if *new != Status::New && !running => found.push((*at, None)),
                (false, true) => came = *at,
                (true, false) if running => found.last_mut().unwrap().1 = Some(*at),
                // First level solved what was new.
                (true, false) if matches!(new, Status::Solved | Status::Unsolved) => {
                    found.push((came, Some(*at)));
                }
                _ => {}
            },
            _ => {}
        }
    }
    found
}

/// Whether the ticket is closed when this change happens.
fn closed(events: &[(&Change, Millis)], at: Millis, change: &Change) -> bool {
    events
        .iter()
        .take_while(|(c, when)| (*when, *c as *const Change) != (at, std::ptr::from_ref(change)))
        .filter_map(|(c, _)| match c {
            Change::StatusSet { new, .. } => Some(!new.is_open()),
            _ => None,
        })
        .last()
        .unwrap_or(false)
}

fn spans(clocks: &Clocks, ended: &Ended, kind: TargetKind) -> Vec<(Millis, Option<Millis>)> {
    ended
        .legs
        .iter()
        .chain(clocks.running())
        .filter(|leg| leg.kind == kind)
        .map(|leg| (leg.from, leg.end.map(|(at, _)| at)))
        .collect()
}

fn without_gaps(slices: &[Slice], from: Millis, to: Option<Millis>) {
    assert_eq!(slices[0].from, from);
    assert_eq!(slices.last().unwrap().to, to);
    for pair in slices.windows(2) {
        assert_eq!(pair[0].to, Some(pair[1].from));
        assert!(pair[0].from < pair[1].from, "{slices:?}");
        assert_ne!((pair[0].turn, pair[0].unit), (pair[1].turn, pair[1].unit));
    }
}

/// What holds of one ticket's clocks.
fn check(events: &[(&Change, Millis)], terms: &Terms) {
    let whole = events.iter().map(|(c, at)| (Happened::Change(c), *at));
    let (clocks, ended) = Clocks::replay(whole).unwrap();
    assert_eq!(
        spans(&clocks, &ended, TargetKind::Response),
        responses(events)
    );
    assert_eq!(
        spans(&clocks, &ended, TargetKind::Solution),
        solutions(events)
    );
    let (first, last) = (events[0].1, events.last().unwrap().1);
    let turns: Vec<Slice> = ended.turns.iter().chain([clocks.turn()]).copied().collect();
    assert_eq!(turns[0].from, first);
    for pair in turns.windows(2) {
        assert_eq!(pair[0].to, Some(pair[1].from));
    }
    // Every hour is somebody's, and only one's.
    let all: Millis = Turn::ALL
        .iter()
        .map(|t| terms.held(&turns, *t, last).0)
        .sum();
    assert_eq!(all, last - first);
    for leg in ended.legs.iter().chain(clocks.running()) {
        without_gaps(&leg.slices, leg.from, leg.end.map(|(at, _)| at));
        let figure = leg.figure(terms, last);
        assert!(0 <= figure.used && figure.used <= figure.elapsed, "{leg:?}");
        if let Some((end, _)) = leg.end {
            assert_eq!(figure, leg.figure(terms, last + 1_000 * DAY_MS));
            // Missed exactly when it was due before it ended.
            let missed = figure.due.is_some_and(|due| due <= end);
            assert_eq!(figure.is_overdue(), missed, "{leg:?} {figure:?}");
        } else if let Some(due) = figure.due {
            // Red from the moment on that was named, and amber from the other.
            let light = |at: Millis| leg.figure(terms, at.max(last)).light.unwrap();
            assert_eq!(light(due), Light::Overdue);
            if due > last {
                assert!(light(due - 1) < Light::Overdue);
                assert_eq!(leg.figure(terms, due - 1).due, Some(due));
            }
            assert!(light(figure.warn.unwrap()) >= Light::Warning);
            // The moments alone tell the same colour as working it out anew.
            let moments = Due::of(leg.kind, &figure).unwrap();
            for at in [moments.half, moments.warn, moments.at] {
                for at in [at - 1, at, at + HOUR_MS] {
                    let at = at.max(last);
                    assert_eq!(moments.light(at), light(at), "{leg:?} at {at}");
                }
            }
        }
    }
    let mut kinds: Vec<TargetKind> = clocks.running().iter().map(|l| l.kind).collect();
    kinds.sort_unstable();
    assert!(kinds.is_sorted_by(|a, b| a < b), "one of a kind: {kinds:?}");
}

/// First level merges a new ticket, takes it out again and solves it: its second
/// round begins when it came back.
#[test]
fn what_comes_back_from_a_merge_begins_a_round() {
    let step = |actor, other, what| Step::of(actor, 0, other, what, 0);
    let steps = [
        step(0, 0, 43),
        step(9, 1, 124),
        step(9, 0, 170),
        Step::of(9, 4, 0, 11, 0),
    ];
    let w = wandered(&steps);
    let came_back = |ticket: &&TicketNumber| {
        history(&w, **ticket).iter().any(|(change, _)| {
            matches!(change, Change::StatusSet { old, new: Status::New, .. } if !old.is_open())
        })
    };
    let ticket = w.scene.tickets.keys().find(came_back).unwrap();
    check(&history(&w, *ticket), &terms("advanced"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_people_do_the_clocks_follow_the_rules(steps in steps(80)) {
        let (w, terms) = (wandered(&steps), terms("advanced"));
        for ticket in w.scene.tickets.keys() {
            check(&history(&w, *ticket), &terms);
        }
    }

    /// Taking events as they come, with any number of looks and restarts between
    /// them, gives to the digit what the whole history gives at once.
    #[test]
    fn event_by_event_is_the_same_as_the_whole(
        steps in steps(60),
        looks in prop::collection::vec(any::<bool>(), 1..40),
    ) {
        let (w, terms) = (wandered(&steps), terms("medium"));
        for ticket in w.scene.tickets.keys() {
            let events = history(&w, *ticket);
            let whole = events.iter().map(|(c, at)| (Happened::Change(c), *at));
            let (at_once, ended_at_once) = Clocks::replay(whole).unwrap();
            let mut clocks = Clocks::opened(events[0].0, events[0].1).unwrap();
            let mut ended = Ended::default();
            for (index, (change, at)) in events[1..].iter().enumerate() {
                let restart = looks[index % looks.len()];
                // Looking does not touch them.
                let _ = clocks.due(&terms);
                if restart {
                    let json = serde_json::to_string(&clocks).unwrap();
                    clocks = serde_json::from_str(&json).unwrap();
                }
                let step = clocks.apply(Happened::Change(change), *at);
                ended.legs.extend(step.legs);
                ended.turns.extend(step.turns);
            }
            prop_assert_eq!(&clocks, &at_once);
            prop_assert_eq!(&ended, &ended_at_once);
            let now = events.last().unwrap().1;
            for (a, b) in ended.legs.iter().zip(&ended_at_once.legs) {
                prop_assert_eq!(a.figure(&terms, now), b.figure(&terms, now));
            }
        }
    }
}

#[test]
fn a_history_begins_with_the_opening() {
    let mut w = World::new();
    let ticket = w.in_progress();
    assert_eq!(ticket, n(1));
    let events = history(&w, ticket);
    assert!(Clocks::replay([]).is_none());
    assert!(Clocks::replay([(Happened::Handed, 0)]).is_none());
    assert!(Clocks::replay(events[1..].iter().map(|(c, at)| (Happened::from(*c), *at))).is_none());
}
