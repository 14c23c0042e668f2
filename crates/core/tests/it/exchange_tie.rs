//! A desk that speaks for a system that knows nothing of us, rule by rule: how
//! far it was read, what is done there, and what is believed to stand there.
//! What all of it makes together is in `exchange_sim`.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use switchboard_core::TicketNumber;
use switchboard_core::exchange::{
    Answer, Ask, Author, Call, CallState, Change, DeskId, Entry, Field, Link, LookFor, Manner,
    Note, Passes, Place, Polling, Reader, Recorded, RemoteChange, RemoteDeed, Role, Shared,
    SharedId, Stage, Tie, TieInput, TieStep, What, Words, record,
};

const MINUTE: i64 = 60_000;

fn desk(name: &str) -> DeskId {
    DeskId::new(name).unwrap()
}

fn author() -> Author {
    Author {
        role: Role::Requester,
        name: Some("Ann Lee".to_owned()),
        address: Some("ann@example.org".to_owned()),
    }
}

fn entry(body: &str) -> Entry {
    Entry {
        author: author(),
        body: body.to_owned(),
        erased: false,
    }
}

fn manner() -> Manner {
    Manner {
        system: desk("rt"),
        label: "RT".to_owned(),
        prefix: "sb7f3a".to_owned(),
        polling: Polling::default(),
        words: BTreeMap::from([
            (Field::Status, Words::statuses("rt")),
            (Field::Priority, Words::priorities("rt")),
        ]),
    }
}

/// The desk, one ticket of it, and its tie.
struct Side {
    me: DeskId,
    manner: Manner,
    links: Vec<Link>,
    tie: Tie,
    shared: Shared,
    now: i64,
}

impl Side {
    /// A ticket that is opened at `at` and goes to RT; and the call that makes it
    /// there.
    fn opens(at: &str) -> (Side, Call) {
        let ticket = SharedId {
            desk: desk(at),
            number: TicketNumber(7),
        };
        let fields = BTreeMap::from([
            (Field::Status, "new".to_owned()),
            (Field::Priority, "low".to_owned()),
            (Field::Subject, "Quota".to_owned()),
        ]);
        let opened = Shared::open(ticket.clone(), entry("No space left"), fields, 1);
        let mut side = Side::of(at, ticket, Tie::default());
        let step = side.here(opened);
        (side, step.call.unwrap())
    }

    fn of(me: &str, ticket: SharedId, tie: Tie) -> Side {
        let passes = Passes {
            names: true,
            addresses: true,
        };
        Side {
            me: desk(me),
            manner: manner(),
            links: vec![Link {
                peer: desk("rt"),
                passes,
                stage: Stage::Active,
            }],
            tie,
            shared: Shared::new(ticket),
            now: 1_000,
        }
    }

    /// The same, with number 12 there and nothing to do any more.
    fn made() -> Side {
        let (mut side, create) = Side::opens("a");
        let step = side.answer(&create, Answer::Made("12".to_owned()));
        let set = step.call.unwrap();
        assert!(matches!(set.what, What::Set { .. }));
        let step = side.answer(&set, Answer::Done);
        let set = step.call.unwrap();
        let step = side.answer(&set, Answer::Done);
        assert_eq!(step.call, None);
        side.reads_all(Vec::new(), side.now);
        side
    }

    /// A ticket that somebody made there, so that RT has the baton.
    fn adopted() -> Side {
        Side::adopted_with(&[])
    }

    fn adopted_with(values: &[(Field, &str)]) -> Side {
        let ticket = SharedId {
            desk: desk("rt"),
            number: TicketNumber(12),
        };
        let mut what = opened_with("No space left", "Quota");
        if let RemoteDeed::Opened { values: stand, .. } = &mut what {
            let values = values.iter().cloned();
            stand.extend(values.map(|(field, raw)| (field, raw.to_owned())));
        }
        let opened = theirs(1, what);
        let (tie, first) = Tie::adopt(ticket.clone(), &opened, &manner()).unwrap();
        let mut side = Side::of("a", ticket, tie);
        side.here(first);
        side
    }

    fn step(&mut self, input: TieInput) -> TieStep {
        let place = Place {
            me: &self.me,
            links: &self.links,
            private: &[],
            manner: &self.manner,
            now: self.now,
        };
        self.tie.step(input, &mut self.shared, &place)
    }

    /// A change of somebody here, and what follows there.
    fn here(&mut self, change: Change) -> TieStep {
        let Recorded { forward, .. } = record(
            &mut self.shared,
            change,
            &self.me,
            &self.links,
            &[],
            self.now,
        );
        let mut all = TieStep::default();
        for forward in forward {
            let step = self.step(TieInput::Goes(forward.change));
            all.call = all.call.or(step.call);
            all.notes.extend(step.notes);
        }
        // What does not go there may still change what has to stand there.
        let step = self.step(TieInput::Tick);
        all.call = all.call.or(step.call);
        all.notes.extend(step.notes);
        all
    }

    fn writes(&mut self, body: &str) -> TieStep {
        let change = self.shared.write(&self.me, entry(body), self.now).unwrap();
        self.here(change)
    }

    fn sets(&mut self, field: Field, value: &str) -> TieStep {
        let change = self
            .shared
            .set(&self.me, field, value.to_owned(), None, self.now)
            .unwrap();
        self.here(change)
    }

    fn answer(&mut self, call: &Call, answer: Answer) -> TieStep {
        let call = call.number;
        self.step(TieInput::Answered { call, answer })
    }

    fn reads(&mut self, changes: Vec<RemoteChange>) -> TieStep {
        let whole = None;
        self.step(TieInput::Read { changes, whole })
    }

    fn reads_all(&mut self, changes: Vec<RemoteChange>, asked: i64) -> TieStep {
        let whole = Some(asked);
        self.step(TieInput::Read { changes, whole })
    }

    fn later(&mut self, by: i64) -> TieStep {
        self.now += by;
        self.step(TieInput::Tick)
    }

    fn value(&self, field: Field) -> &str {
        &self.shared.field(&field).unwrap().value
    }

    fn bodies(&self) -> Vec<&str> {
        let bodies = self.shared.entries().values();
        bodies.map(|entry| entry.body.as_str()).collect()
    }
}

fn opened_with(body: &str, subject: &str) -> RemoteDeed {
    RemoteDeed::Opened {
        body: body.to_owned(),
        subject: subject.to_owned(),
        files: Vec::new(),
        values: BTreeMap::new(),
        shared: None,
    }
}

/// A change of somebody there.
fn theirs(id: u64, what: RemoteDeed) -> RemoteChange {
    RemoteChange {
        id,
        ticket: "12".to_owned(),
        at: 1_800_000_000_000 + id as i64 * 1_000,
        ours: false,
        marker: None,
        author: author(),
        what,
    }
}

fn wrote(id: u64, body: &str) -> RemoteChange {
    let (body, files) = (body.to_owned(), Vec::new());
    theirs(id, RemoteDeed::Wrote { body, files })
}

fn set(id: u64, field: Field, raw: &str) -> RemoteChange {
    let raw = raw.to_owned();
    theirs(id, RemoteDeed::Set { field, raw })
}

fn by_us(mut change: RemoteChange, marker: Option<&str>) -> RemoteChange {
    change.ours = true;
    change.marker = marker.map(str::to_owned);
    change
}

fn raw_of(call: &Call) -> &str {
    match &call.what {
        What::Set { raw, .. } => raw,
        other => panic!("{other:?}"),
    }
}

// What is done there.

#[test]
fn a_call_is_kept_as_sent_before_it_is_made_and_one_goes_at_a_time() {
    let (mut side, create) = Side::opens("a");
    assert!(matches!(create.what, What::Create { .. }));
    assert_eq!(side.tie.calls[0], create);
    assert_eq!(create.state, CallState::Sent { at: 1_000 });
    assert_eq!(side.writes("one").call, None);
    assert_eq!(side.writes("two").call, None);
    let mut step = side.answer(&create, Answer::Made("12".to_owned()));
    assert_eq!(side.tie.there.as_deref(), Some("12"));
    let mut order = Vec::new();
    while let Some(call) = step.call {
        if let What::Write { body, .. } = &call.what {
            order.push(body.clone());
        }
        assert_eq!(side.later(1).call, None, "two at a time");
        step = side.answer(&call, Answer::Done);
    }
    assert_eq!(order, ["one", "two"]);
    assert_eq!(side.tie.calls, []);
}

#[test]
fn a_call_without_an_answer_is_left_alone_and_then_looked_for() {
    let (mut side, create) = Side::opens("a");
    let lost = side.now;
    side.step(TieInput::Lost(create.number));
    let (since, looked) = (lost, None);
    assert_eq!(side.tie.calls[0].state, CallState::Doubt { since, looked });
    let step = side.later(MINUTE - 1);
    assert_eq!((step.call, step.look), (None, None));
    assert_eq!(side.tie.due_at(&side.manner.polling), Some(lost + MINUTE));
    let step = side.later(1);
    assert_eq!(step.call, None);
    assert_eq!(step.look, Some(LookFor::Marker(create.marker.clone())));
    let again = side.now + side.manner.polling.every_ms;
    assert_eq!(side.tie.due_at(&side.manner.polling), Some(again));
    // What was asked for earlier may be older than the call's end.
    let early = side.now - 1;
    assert_eq!(side.step(TieInput::NotMade(early)).call, None);
    let again = side.step(TieInput::NotMade(side.now)).call.unwrap();
    assert_eq!((&again.marker, again.number), (&create.marker, 1));
    // It is looked for once per look, not at every tick.
    side.step(TieInput::Lost(again.number));
    assert!(side.later(MINUTE).look.is_some());
    assert_eq!(side.later(1).look, None);
    assert!(side.later(side.manner.polling.every_ms).look.is_some());
}

#[test]
fn what_is_found_by_its_marker_is_not_made_again_and_is_no_news() {
    let mut side = Side::made();
    let write = side.writes("Have you tried?").call.unwrap();
    assert_eq!(side.writes("Please answer.").call, None);
    side.step(TieInput::Lost(write.number));
    assert_eq!(
        side.later(MINUTE).look,
        Some(LookFor::Ticket("12".to_owned()))
    );
    let found = by_us(wrote(4, "Have you tried?"), Some(&write.marker));
    let step = side.reads_all(vec![found], side.now);
    let next = step.call.unwrap();
    assert!(matches!(&next.what, What::Write { body, .. } if body == "Please answer."));
    assert_eq!(step.recorded.log, []);
    assert_eq!(side.shared.entries().len(), 3);
}

#[test]
fn a_marker_counts_with_our_account_only_and_our_account_with_a_marker_only() {
    let mut side = Side::made();
    let write = side.writes("Have you tried?").call.unwrap();
    side.step(TieInput::Lost(write.number));
    let mut quoted = wrote(5, "Yes. > Have you tried?");
    quoted.marker = Some(write.marker.clone());
    let script = by_us(wrote(6, "By a script"), None);
    side.reads(vec![quoted, script]);
    assert_eq!(
        side.bodies(),
        [
            "No space left",
            "Have you tried?",
            "Yes. > Have you tried?",
            "By a script"
        ]
    );
    assert_eq!(side.tie.calls.len(), 1, "nobody answered that call");
}

#[test]
fn an_answer_to_a_call_in_doubt_comes_too_late_and_a_new_process_doubts_all() {
    let mut side = Side::made();
    let write = side.writes("Have you tried?").call.unwrap();
    side.now += 5_000;
    side.step(TieInput::Restarted);
    let (since, looked) = (side.now, None);
    assert_eq!(side.tie.calls[0].state, CallState::Doubt { since, looked });
    assert_eq!(side.answer(&write, Answer::Done).call, None);
    assert_eq!(side.tie.calls.len(), 1);
    // In doubt for some time already: nobody knows how much of that our clock
    // has jumped.
    side.now += 30_000;
    side.step(TieInput::Restarted);
    assert_eq!(side.later(MINUTE - 1).look, None);
    assert!(side.later(1).look.is_some());
}

#[test]
fn what_they_never_take_is_kept_and_shown_and_holds_nothing_up() {
    let mut side = Side::made();
    let first = side.writes("Too long").call.unwrap();
    side.writes("Short");
    let step = side.answer(&first, Answer::Refused("too long".to_owned()));
    let note = Note::Refused {
        call: first.number,
        why: "too long".to_owned(),
    };
    assert_eq!(step.notes, [note]);
    let second = step.call.unwrap();
    assert!(matches!(&second.what, What::Write { body, .. } if body == "Short"));
    side.answer(&second, Answer::Done);
    let why = "too long".to_owned();
    assert_eq!(side.tie.calls.len(), 1);
    assert_eq!(side.tie.calls[0].state, CallState::Refused { why });
    side.reads_all(Vec::new(), side.now);
    assert!(side.tie.is_at_rest());
}

#[test]
fn a_value_that_they_refuse_is_asked_for_once_until_somebody_sets_it_anew() {
    let mut side = Side::made();
    let set = side.sets(Field::Priority, "top").call.unwrap();
    let step = side.answer(&set, Answer::Refused("Permission Denied".to_owned()));
    assert_eq!(step.call, None);
    assert_eq!(side.later(MINUTE).call, None);
    assert!(side.tie.is_at_rest());
    // A person may have it tried again, and somebody sets another or the same anew.
    let again = side.step(TieInput::Retry(set.number)).call.unwrap();
    assert_eq!(again.number, set.number);
    side.answer(&again, Answer::Refused("Permission Denied".to_owned()));
    let anew = side.sets(Field::Priority, "top").call.unwrap();
    assert_ne!(anew.number, set.number);
    side.answer(&anew, Answer::Done);
    assert_eq!(side.later(MINUTE).call, None);
}

#[test]
fn what_is_to_be_tried_again_is_the_same_call() {
    let mut side = Side::made();
    let write = side.writes("Have you tried?").call.unwrap();
    let again = side.answer(&write, Answer::Later).call.unwrap();
    assert_eq!((again.number, &again.marker), (write.number, &write.marker));
}

#[test]
fn a_tie_that_is_told_of_time_before_it_is_told_of_the_opening_begins_with_it() {
    let (side, _) = Side::opens("a");
    let mut early = Side::of("a", side.shared.ticket().clone(), Tie::default());
    early.shared = side.shared;
    assert_eq!(early.later(1).call, None);
    let opened = Shared::open(
        early.shared.ticket().clone(),
        entry("No space left"),
        BTreeMap::new(),
        1,
    );
    let call = early.step(TieInput::Goes(opened)).call.unwrap();
    assert!(matches!(call.what, What::Create { .. }));
}

#[test]
fn nothing_is_done_to_a_ticket_that_could_not_be_made() {
    let (mut side, create) = Side::opens("a");
    let why = "no such queue".to_owned();
    assert_eq!(side.answer(&create, Answer::Refused(why)).call, None);
    assert_eq!(side.writes("one").call, None);
    assert_eq!(side.later(MINUTE).call, None);
}

#[test]
fn what_is_erased_before_it_went_does_not_go() {
    let mut side = Side::made();
    let first = side.writes("goes").call.unwrap();
    side.writes("private");
    let private = side
        .shared
        .entries()
        .iter()
        .find(|(_, entry)| entry.body == "private")
        .map(|(name, _)| name.clone())
        .unwrap();
    let erase = side
        .shared
        .erase(
            &side.me,
            vec![private, first.what.name().unwrap().clone()],
            1,
        )
        .unwrap();
    side.here(erase);
    let kept = format!("{:?}", side.tie);
    assert!(
        !kept.contains("private") && !kept.contains("\"goes\""),
        "{kept}"
    );
    // The one that is on its way may have been done.
    assert_eq!(side.tie.calls.len(), 1);
    assert_eq!(side.answer(&first, Answer::Done).call, None);
}

proptest! {
    #[test]
    fn a_marker_is_short_plain_and_tells_tickets_apart(
        one in "[a-z0-9._@-]{1,100}", other in "[a-z0-9._@-]{1,100}",
    ) {
        let of = |at: &str| Side::opens(at).1.marker;
        let marker = of(&one);
        prop_assert!(marker.len() <= 64);
        prop_assert!(marker.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c)));
        prop_assert!(marker.starts_with("sb7f3a-"));
        prop_assert_eq!(one == other, marker == of(&other));
        // Letters that are the same, cut or left out.
        let longer = format!("{}-x", &one[..one.len().min(98)]);
        prop_assert_eq!(one == longer, marker == of(&longer));
    }
}

// What is believed to stand there.

#[test]
fn an_answer_that_comes_after_a_newer_reading_does_not_replace_it() {
    // Ours was set first, somebody set theirs, and both were read before the
    // answer came.
    let mut side = Side::made();
    let call = side.sets(Field::Status, "assigned").call.unwrap();
    assert_eq!(raw_of(&call), "open");
    side.reads(vec![
        by_us(set(5, Field::Status, "open"), None),
        set(6, Field::Status, "rejected"),
    ]);
    let step = side.answer(&call, Answer::Done);
    let there = &side.tie.fields[&Field::Status];
    assert_eq!(
        (there.raw.as_deref(), there.ours),
        (Some("rejected"), false)
    );
    // They are not responsible: theirs became an ask, and ours is set again.
    let asks: Vec<&Ask> = side.shared.asks().map(|(_, asked, _)| &asked.ask).collect();
    let (field, value) = (Field::Status, "unsolved".to_owned());
    assert_eq!(asks, [&Ask::Set { field, value }]);
    assert_eq!(raw_of(&step.call.unwrap()), "open");
}

#[test]
fn ours_that_is_read_after_an_answer_that_nothing_was_made_of_stands() {
    // Somebody set theirs first, which alone was read before the answer came.
    let mut side = Side::made();
    let call = side.sets(Field::Priority, "high").call.unwrap();
    side.reads(vec![set(5, Field::Priority, "Medium")]);
    side.answer(&call, Answer::Done);
    let there = &side.tie.fields[&Field::Priority];
    assert_eq!(there.raw.as_deref(), Some("Medium"));
    side.reads(vec![by_us(set(6, Field::Priority, "High"), None)]);
    let there = &side.tie.fields[&Field::Priority];
    assert_eq!((there.raw.as_deref(), there.ours), (Some("High"), true));
}

#[test]
fn an_answer_after_which_nothing_was_read_is_believed() {
    let mut side = Side::made();
    side.reads(vec![
        set(5, Field::Status, "stalled"),
        set(6, Field::Priority, "Medium"),
    ]);
    let mut step = side.later(1);
    while let Some(call) = step.call.or_else(|| {
        let sent = |c: &&Call| matches!(c.state, CallState::Sent { .. });
        side.tie.calls.iter().find(sent).cloned()
    }) {
        let expected = if matches!(
            &call.what,
            What::Set {
                field: Field::Status,
                ..
            }
        ) {
            5
        } else {
            6
        };
        assert_eq!(call.known, expected);
        step = side.answer(&call, Answer::Done);
    }
    assert_eq!(side.tie.fields[&Field::Status].raw.as_deref(), Some("new"));
}

#[test]
fn what_is_being_set_while_the_ticket_is_merged_there_is_in_doubt() {
    let mut side = Side::made();
    let call = side.sets(Field::Status, "assigned").call.unwrap();
    let (into, shared) = ("20".to_owned(), None);
    side.reads(vec![theirs(9, RemoteDeed::Merged { into, shared })]);
    // It was done to the old ticket or to the new one: the answer does not say.
    side.answer(&call, Answer::Done);
    assert_eq!(side.tie.there.as_deref(), Some("20"));
    assert!(matches!(side.tie.calls[0].state, CallState::Doubt { .. }));
    side.later(MINUTE);
    let step = side.reads_all(Vec::new(), side.now);
    assert_eq!(raw_of(&step.call.unwrap()), "open");
}

#[test]
fn what_was_written_in_a_ticket_before_this_one_was_merged_into_it_comes_too() {
    let mut side = Side::made();
    let opened = opened_with("The disk is full", "Disk");
    let mut other = [theirs(5, opened), wrote(6, "Very full")];
    for change in &mut other {
        change.ticket = "20".to_owned();
    }
    let (into, shared) = ("20".to_owned(), None);
    let merged = theirs(7, RemoteDeed::Merged { into, shared });
    let all: Vec<RemoteChange> = other.into_iter().chain([merged]).collect();
    // Nobody had read the other one yet: it is read because this one is.
    side.reads_all(all.clone(), side.now);
    let step = side.later(side.manner.polling.every_ms);
    assert_eq!(step.look, Some(LookFor::Ticket("20".to_owned())));
    side.reads_all(all, side.now);
    assert_eq!(
        side.bodies(),
        ["No space left", "The disk is full", "Very full"]
    );
}

/// Ticket 20 was made by a call for another shared ticket, and its number is not
/// known yet: the answer was lost.
#[test]
fn a_ticket_that_is_merged_into_one_that_is_just_being_made_joins_it() {
    let mut side = Side::made();
    let other = SharedId {
        desk: desk("a"),
        number: TicketNumber(8),
    };
    let marker = "sb7f3a-ae40c292c-8-1";
    assert!(side.manner.marks(&other, marker));
    assert!(!side.manner.marks(side.shared.ticket(), marker));
    assert_eq!(side.manner.number_of(marker), Some(TicketNumber(8)));
    let opened = RemoteDeed::Opened {
        body: "The disk is full".to_owned(),
        subject: "Disk".to_owned(),
        files: Vec::new(),
        values: BTreeMap::new(),
        shared: Some(other.clone()),
    };
    let mut theirs_now = [
        by_us(theirs(5, opened), Some(marker)),
        wrote(8, "Very full"),
    ];
    for change in &mut theirs_now {
        change.ticket = "20".to_owned();
    }
    let [opened, wrote] = theirs_now;
    let (into, shared) = ("20".to_owned(), None);
    let merged = theirs(7, RemoteDeed::Merged { into, shared });
    // Read with the first one's history, when nobody knew that it matters.
    side.reads_all(vec![opened.clone(), merged.clone()], side.now);
    // Whose it is is not known yet.
    side.reads(vec![wrote.clone()]);
    assert_eq!(side.bodies(), ["No space left"]);
    side.later(side.manner.polling.every_ms);
    side.reads_all(vec![opened, merged, wrote], side.now);
    assert_eq!(side.bodies(), ["No space left"], "it is the other one's");
    assert!(side.tie.joined);
    assert_eq!(side.tie.numbers, BTreeSet::from(["12".to_owned()]));
    let ask = Ask::Set {
        field: Field::MergedInto,
        value: "a/8".to_owned(),
    };
    let asks: Vec<_> = side.shared.asks().map(|(_, asked, _)| &asked.ask).collect();
    assert_eq!(asks, [&ask], "this desk has the baton, so it is asked");
}

#[test]
fn a_ticket_is_adopted_as_it_stands_there() {
    let mut side = Side::adopted_with(&[
        (Field::Status, "stalled"),
        (Field::Priority, "High"),
        (Field::Category, "nobody maps it"),
    ]);
    assert_eq!(side.value(Field::Status), "waiting");
    assert_eq!(side.value(Field::Priority), "high");
    assert_eq!(side.shared.field(&Field::Category), None);
    assert_eq!(side.later(MINUTE).call, None, "nothing is to be set there");
    let mut solved = Side::adopted_with(&[(Field::Status, "resolved")]);
    assert_eq!(solved.value(Field::Solution), "Resolved in RT.");
    assert_eq!(solved.later(MINUTE).call, None);
}

#[test]
fn a_value_that_is_read_late_does_not_replace_a_newer_one() {
    let mut side = Side::made();
    side.reads(vec![set(8, Field::Priority, "High")]);
    side.reads(vec![set(7, Field::Priority, "Medium")]);
    assert_eq!(side.value(Field::Priority), "high");
    assert_eq!(
        side.tie.fields[&Field::Priority].raw.as_deref(),
        Some("High")
    );
}

#[test]
fn a_change_that_is_read_again_is_known_and_one_that_was_missing_comes_late() {
    let mut side = Side::made();
    side.reads(vec![wrote(5, "five"), wrote(7, "seven")]);
    let again = side.reads(vec![wrote(5, "five"), wrote(6, "six"), wrote(7, "seven")]);
    assert_eq!(again.recorded.log.len(), 1);
    assert_eq!(side.bodies(), ["No space left", "five", "seven", "six"]);
}

#[test]
fn their_word_is_remembered_though_ours_for_it_says_something_else() {
    let mut side = Side::adopted();
    let step = side.reads(vec![set(2, Field::Status, "deferred")]);
    let (field, raw) = (Field::Status, "deferred".to_owned());
    assert_eq!(step.notes, [Note::Unknown { field, raw }]);
    assert_eq!(
        step.notes[0].to_string(),
        "the agreement has no word for their status “deferred”: add one"
    );
    assert_eq!(step.call, None);
    let set_there = side.shared.field(&Field::Status).unwrap();
    assert_eq!(set_there.value, "in_progress");
    assert_eq!(set_there.raw.as_deref(), Some("deferred"));
    // Nor is it set to a word that we know when the baton comes here.
    let back = side
        .shared
        .pass(&desk("rt"), desk("a"), "back".to_owned(), 1)
        .unwrap();
    assert_eq!(side.here(back).call, None);
    assert_eq!(
        raw_of(&side.sets(Field::Status, "on_hold").call.unwrap()),
        "stalled"
    );
}

#[test]
fn the_word_with_which_it_was_opened_there_is_theirs_until_somebody_here_sets_another() {
    let opened = [(Field::Priority, "17"), (Field::Status, "deferred")];
    let mut side = Side::adopted_with(&opened);
    let default = side.value(Field::Priority).to_owned();
    let step = side.reads_all(Vec::new(), side.now);
    assert_eq!(step.call, None);
    assert_eq!(side.later(10 * MINUTE).call, None);
    // Nor when the baton comes here, and what was known is read again from what is kept.
    let kept = serde_json::to_string(&side.tie).unwrap();
    side.tie = serde_json::from_str(&kept).unwrap();
    let back = side
        .shared
        .pass(&desk("rt"), desk("a"), "back".to_owned(), 1)
        .unwrap();
    assert_eq!(side.here(back).call, None);
    // What they set meanwhile without being responsible is set back to their own word.
    let step = side.reads(vec![set(2, Field::Status, "stalled")]);
    assert_eq!(raw_of(&step.call.unwrap()), "deferred");
    let other = if default == "top" { "low" } else { "top" };
    side.sets(Field::Priority, other);
    let sets =
        |call: &&Call| matches!(&call.what, What::Set { field, .. } if *field == Field::Priority);
    let call = side.tie.calls.iter().find(sets).unwrap();
    assert_ne!(raw_of(call), "17");
}

#[test]
fn a_robot_there_is_not_fought_with() {
    let mut side = Side::made();
    let mut step = side.sets(Field::Status, "assigned");
    let (mut id, mut calls, mut notes) = (10, 0, Vec::new());
    while let Some(call) = step.call {
        calls += 1;
        assert!(calls < 10, "it goes on for ever");
        side.answer(&call, Answer::Done);
        side.reads(vec![by_us(set(id, Field::Status, "open"), None)]);
        step = side.reads(vec![set(id + 1, Field::Status, "stalled")]);
        notes.append(&mut step.notes);
        id += 2;
    }
    assert_eq!(calls, 4, "set once, and set back three times");
    let field = Field::Status;
    assert_eq!(notes.last(), Some(&Note::Robot { field }));
    assert_eq!(side.later(MINUTE).notes, [], "it is said once");
    // Whoever sets it anew here begins anew.
    assert!(side.sets(Field::Status, "solved").call.is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_they_set_is_left_as_they_wrote_it_whatever_the_words_are(
        there in prop::collection::btree_map("low|medium|high|top", "[V-Z]", 0..5),
        here in prop::collection::btree_map("[U-Z]", "low|medium|high|top", 0..6),
        raws in prop::collection::vec("[T-Z]", 1..6),
    ) {
        let mut side = Side::adopted();
        let unknown = "low".to_owned();
        let words = Words { there, here, unknown, open: false };
        side.manner.words = BTreeMap::from([(Field::Priority, words.clone())]);
        for (id, raw) in (2..).zip(&raws) {
            let step = side.reads(vec![set(id, Field::Priority, raw)]);
            prop_assert_eq!(step.call, None);
            let shown = side.shared.field(&Field::Priority);
            let ours = shown.map(|set| set.value.clone()).unwrap_or_default();
            prop_assert!(words.means(&ours, raw) || ours == words.here(raw).word());
            let stands = &side.tie.fields[&Field::Priority];
            prop_assert_eq!(stands.raw.as_ref(), Some(raw));
            let unknown = |note: &Note| matches!(note, Note::Unknown { raw: said, .. } if said == raw);
            let strange = !words.here.contains_key(raw) && !step.recorded.log.is_empty();
            prop_assert_eq!(step.notes.iter().any(unknown), strange);
        }
        // Only a person here changes it.
        prop_assert_eq!(side.later(10 * MINUTE).call, None);
    }
}

// How far it was read.

fn look(reader: &mut Reader, now: i64) -> Option<Option<i64>> {
    let look = reader.due(&Polling::default(), false, now);
    look.map(|look| look.since)
}

#[test]
fn the_first_look_reads_everything_and_the_next_from_an_overlap_back() {
    let polling = Polling::default();
    let mut reader = Reader::default();
    assert_eq!(look(&mut reader, 500), Some(None));
    assert_eq!(look(&mut reader, 500 + polling.every_ms - 1), None);
    // What is read does not itself move the next look.
    reader.read(&[wrote(5, "five")]);
    assert_eq!(look(&mut reader, 500 + polling.every_ms - 1), None);
    let five = wrote(5, "five").at;
    // Their times are cut to the second, so a second more.
    let back = Some(five - polling.overlap_ms - 1_000);
    assert_eq!(look(&mut reader, 500 + polling.every_ms), Some(back));
    assert_eq!(look(&mut reader, 501 + polling.every_ms), None);
}

#[test]
fn how_far_was_read_never_goes_back() {
    let mut reader = Reader::default();
    reader.read(&[wrote(9, "nine"), wrote(2, "two")]);
    let nine = Some(wrote(9, "nine").at);
    assert_eq!(reader.at, nine);
    reader.read(&[wrote(3, "three")]);
    assert_eq!(reader.at, nine);
    reader.read(&[]);
    assert_eq!(reader.at, nine);
}

#[test]
fn a_webhook_only_makes_the_next_look_come_at_once() {
    let polling = Polling::default();
    let mut reader = Reader::default();
    look(&mut reader, 500);
    reader.read(&[wrote(5, "five")]);
    let before = reader.at;
    let woken = reader.due(&polling, true, 501).unwrap();
    let back = before.map(|at| at - polling.overlap_ms - 1_000);
    assert_eq!(woken.since, back);
    assert_eq!(reader.at, before);
    assert_eq!(look(&mut reader, 500 + polling.every_ms), None);
    assert!(look(&mut reader, 501 + polling.every_ms).is_some());
}

#[test]
fn once_an_hour_it_is_looked_far_back_and_a_clock_set_back_stops_nothing() {
    let polling = Polling::default();
    let mut reader = Reader::default();
    look(&mut reader, 0);
    reader.read(&[wrote(5, "five")]);
    let five = wrote(5, "five").at;
    let deep = Some(Some(five - polling.deep_ms));
    let near = Some(Some(five - polling.overlap_ms - 1_000));
    assert_eq!(look(&mut reader, polling.deep_every_ms - 1), near);
    assert_eq!(look(&mut reader, polling.deep_every_ms), deep);
    assert_eq!(
        look(&mut reader, polling.deep_every_ms + polling.every_ms),
        near
    );
    // Our clock is set back by half an hour: nobody waits for it.
    assert_eq!(look(&mut reader, polling.deep_every_ms / 2), deep);
    assert_eq!(look(&mut reader, polling.deep_every_ms / 2 + 1), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Each change begins at some moment and can be read up to an overlap later;
    /// looks come when they come, and their clock is a minute ahead.
    #[test]
    fn no_change_is_missed_that_can_be_read_within_the_overlap(
        changes in prop::collection::vec((0..90_000_i64, 0..=120_000_i64), 1..40),
        looks in prop::collection::vec(1..200_000_i64, 0..40),
    ) {
        let polling = Polling::default();
        prop_assert_eq!(polling.overlap_ms, 120_000);
        let mut reader = Reader { deep_at: Some(0), ..Reader::default() };
        let polling = Polling { deep_every_ms: i64::MAX / 2, ..polling };
        let (mut begun, mut all) = (0, Vec::new());
        for (id, (gap, takes)) in (1_u64..).zip(&changes) {
            begun += gap;
            let mut change = wrote(id, "word");
            change.at = (begun + MINUTE) / 1_000 * 1_000;
            all.push((begun + takes, change));
        }
        let mut read = BTreeSet::new();
        let mut now = 0;
        for wait in looks.iter().chain([&(begun + 240_000)]) {
            now += wait;
            let Some(look) = reader.due(&polling, true, now) else {
                return Err(TestCaseError::fail("woken, and it did not look"));
            };
            let since = look.since.unwrap_or(i64::MIN);
            let page: Vec<RemoteChange> = all
                .iter()
                .filter(|(ready, change)| *ready <= now && change.at >= since)
                .map(|(_, change)| change.clone())
                .collect();
            reader.read(&page);
            read.extend(page.iter().map(|change| change.id));
        }
        prop_assert_eq!(read.len(), all.len());
    }
}
