//! Whatever people do, in whatever order: what always holds.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use switchboard_core::ticket::{Hold, Party, PartyRole, Relation, RelationKind};
use switchboard_core::{
    Actor, Caused, Change, Channel, Command, EntryVisibility, Facts, NewTicket, Offer, Priority,
    Refusal, Scene, SecurityRisk, SolutionKind, Status, TellRequester, Ticket, TicketNumber,
    Visibility, allowed, decide,
};

use crate::world::{
    ANN, BEN, CAT, COMPUTING, COY, FAY, FIRST, FRONT, KERNEL, POL, PORTAL, RETIRED, SAM, STORAGE,
    SUE, World, everybody, facts, n, question, user,
};
use switchboard_core::timer::Due;

/// Domain section 3: which status may follow which. What merging, splitting and
/// their undoing do stands beside it in [`legal`].
const NEXT: [(Status, &[Status]); 10] = {
    use Status::{
        Assigned, Closed, InProgress, New, OnHold, Reopened, Solved, Unsolved, Verified, Waiting,
    };
    [
        (
            New,
            &[Assigned, InProgress, Waiting, OnHold, Solved, Unsolved],
        ),
        (Assigned, &[InProgress, Waiting, OnHold, Solved, Unsolved]),
        (InProgress, &[Assigned, Waiting, OnHold, Solved, Unsolved]),
        (
            // Waiting again: another reminder.
            Waiting,
            &[Assigned, InProgress, Waiting, OnHold, Solved, Unsolved],
        ),
        (
            // On hold again: another reason.
            OnHold,
            &[Assigned, InProgress, Waiting, OnHold, Solved, Unsolved],
        ),
        (
            Reopened,
            &[Assigned, InProgress, Waiting, OnHold, Solved, Unsolved],
        ),
        (Solved, &[Reopened, Verified, Closed]),
        (Unsolved, &[Reopened, Verified, Closed]),
        (Verified, &[]),
        (Closed, &[]),
    ]
};

/// Whether a status may follow another in this cause.
fn legal(old: Status, new: Status, ticket: TicketNumber, caused: &[Caused]) -> bool {
    let also = |wanted: fn(&Change) -> bool| {
        caused
            .iter()
            .any(|c| c.ticket == ticket && wanted(&c.change))
    };
    if also(|c| {
        matches!(
            c,
            Change::MergedAway { .. } | Change::EntriesReturned { .. }
        )
    }) && new == Status::Closed
    {
        return !old.is_final();
    }
    if also(|c| matches!(c, Change::CameBack { .. })) {
        return old == Status::Closed && !new.is_final();
    }
    NEXT.iter()
        .any(|(from, to)| *from == old && to.contains(&new))
}

/// What somebody tries; numbers choose among what there is.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    actor: usize,
    ticket: usize,
    other: usize,
    what: u8,
    how: u8,
}

pub(crate) fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    let step = (0usize..12, 0usize..8, 0usize..8, any::<u8>(), any::<u8>()).prop_map(
        |(actor, ticket, other, what, how)| Step {
            actor,
            ticket,
            other,
            what,
            how,
        },
    );
    proptest::collection::vec(step, 0..most)
}

const PEOPLE: [switchboard_core::PersonId; 8] = [ANN, BEN, CAT, FAY, SAM, SUE, COY, POL];
const UNITS: [switchboard_core::UnitId; 6] = [FIRST, STORAGE, COMPUTING, KERNEL, RETIRED, FRONT];

/// How many kinds of step there are.
const KINDS: u8 = 45;

impl Step {
    /// A step that was found once.
    pub(crate) fn of(actor: usize, ticket: usize, other: usize, what: u8, how: u8) -> Step {
        Step {
            actor,
            ticket,
            other,
            what,
            how,
        }
    }

    /// Somebody does by hand what time does, before its time.
    pub(crate) fn forestalls_time(&self) -> bool {
        self.what % KINDS == 39 && self.how % 4 == 1
    }

    fn actor(&self) -> Actor {
        let mut all = everybody();
        // Those who can do the most come more often.
        all.push(crate::world::ada());
        all.push(crate::world::fay());
        let mut actor = all.remove(self.actor % all.len());
        if self.how % 8 == 7 {
            actor.channel = Channel::Mail;
        }
        actor
    }

    /// Its ticket. What only few tickets take is tried on those first.
    fn on(&self, w: &World) -> TicketNumber {
        let fits = |ticket: &Ticket| match self.what % KINDS {
            33 => ticket
                .relations
                .iter()
                .any(|r| matches!(r.kind, RelationKind::SlaveOf | RelationKind::MasterOf)),
            35 => ticket.merged_into().is_some(),
            36 => ticket.entries > 1,
            37 => !ticket.splits.is_empty(),
            _ => false,
        };
        let fitting: Vec<_> = w.scene.tickets.values().filter(|t| fits(t)).collect();
        match fitting.get(self.ticket % fitting.len().max(1)) {
            Some(ticket) => ticket.number,
            None => self.pick(w, self.ticket),
        }
    }

    fn pick(&self, w: &World, which: usize) -> TicketNumber {
        let tickets: Vec<_> = w.scene.tickets.keys().copied().collect();
        tickets[which % tickets.len()]
    }

    /// The command, for the world as it is; `None`: a new ticket instead.
    fn command(&self, w: &mut World, number: TicketNumber) -> Option<Command> {
        let how = usize::from(self.how);
        let other = self.pick(w, self.other);
        let person = PEOPLE[how % PEOPLE.len()];
        let party = Party {
            person,
            role: [
                PartyRole::Cc,
                PartyRole::Subscriber,
                PartyRole::Involved,
                PartyRole::Site,
            ][how / 8 % 4],
        };
        let kinds = [
            RelationKind::MasterOf,
            RelationKind::ParentOf,
            RelationKind::SlaveOf,
            RelationKind::ChildOf,
            RelationKind::SeeAlso,
            RelationKind::DuplicateOf,
        ];
        let later = (how % 3 == 0).then_some(w.now + 50_000 + i64::from(self.how));
        Some(match self.what % KINDS {
            0 | 1 => w.reply(),
            2 => w.note(),
            3 | 4 => Command::Assign {
                unit: UNITS[how % UNITS.len()],
                reason: (how % 2 == 0).then(|| "It is theirs.".to_owned()),
            },
            5 => Command::SetOwner {
                owner: Some(person),
            },
            6 => Command::SetOwner { owner: None },
            7 | 8 => Command::Start,
            9 => Command::Await { reminder: later },
            10 => Command::Hold {
                reason: "Parts are on the way.".to_owned(),
                reminder: later,
                eta: later,
            },
            11..=13 => Command::Solve {
                text: format!("Solution {}.", how % 3),
                kind: SolutionKind::Fixed,
            },
            14 => crate::world::give_up(),
            15 => Command::Verify,
            16 => Command::Close,
            17..=19 => Command::Reopen {
                entry: (how % 3 != 0).then(|| w.entry()),
            },
            20 => Command::SetFacts(Facts {
                affected_users: u32::from(self.how),
                degrades_service: how % 2 == 0,
                security_risk: SecurityRisk::ALL[how % 16 / 7],
                ..facts()
            }),
            21 => Command::ConfirmPriority,
            22 => Command::Overrule {
                priority: Priority::ALL[how % 4],
                reason: "Because.".to_owned(),
            },
            23 => Command::SetTags([how.to_string()].into()),
            24 => Command::SetVisibility(
                [
                    Visibility::Community,
                    Visibility::Parties,
                    Visibility::Restricted,
                ][how % 3],
            ),
            25 => {
                Command::SetTell([TellRequester::OnSolution, TellRequester::EveryChange][how % 2])
            }
            26 => Command::AddParty(party),
            27 => Command::RemoveParty(party),
            28..=31 => Command::Relate {
                kind: kinds[how % kinds.len()],
                other,
            },
            32 => {
                let tied = w.ticket(number).relations.iter().nth(how % 4).copied();
                let tie = tied.unwrap_or(Relation {
                    kind: RelationKind::SeeAlso,
                    ticket: other,
                });
                Command::Unrelate {
                    kind: tie.kind,
                    other: tie.ticket,
                }
            }
            33 => Command::Release,
            34 => w.merge_of(number, other),
            35 => Command::Unmerge,
            36 => {
                if w.scene.tickets.len() < 10 {
                    open_another(w, self);
                }
                Command::SplitInto {
                    new: n(w.next_number() - 1),
                    entries: w.entries_of(number).into_iter().skip(1).collect(),
                }
            }
            37 => Command::UndoSplit {
                new: w.ticket(number).splits.first().map_or(other, |s| s.ticket),
            },
            38 => crate::world::escalate(),
            39 if self.forestalls_time() => Command::Remind(match w.ticket(number).reminder {
                Some(at) => Due::Date { at },
                None if !w.ticket(number).status.is_open() => Due::Over { days: 10 },
                None if how % 8 == 5 => Due::Unanswered { days: 15 },
                None => Due::Answer {
                    nth: 1,
                    days: 5,
                    last: false,
                },
            }),
            39 => Command::WithdrawOverrule,
            40 => Command::SetSubject(format!("Upload stops at {how} %")),
            41 => Command::SetSite((how % 3 > 0).then(|| format!("SITE-{}", how % 3))),
            42 => Command::SetCustom(
                "host".to_owned(),
                (how % 3 > 0).then(|| serde_json::json!(how % 3)),
            ),
            44 => Command::StillWait,
            _ => return None,
        })
    }
}

/// A world with three tickets: one new, two at the storage unit.
pub(crate) fn begin() -> World {
    let mut w = World::new();
    w.asked();
    w.assigned();
    w.assigned_by(BEN);
    w
}

/// Plays the steps, for those who ask what follows from the history.
pub(crate) fn wander(w: &mut World, steps: &[Step]) {
    for step in steps {
        let number = step.on(w);
        match step.command(w, number) {
            // Refusals are a part of life.
            Some(command) => drop(w.try_to(number, &command, &step.actor())),
            None if w.scene.tickets.len() < 8 => open_another(w, step),
            None => {}
        }
    }
}

/// Plays the steps; after each one everything must hold.
fn play(w: &mut World, steps: &[Step], mut tally: impl FnMut(&Command, bool)) {
    for step in steps {
        let actor = step.actor();
        let number = step.on(w);
        let Some(command) = step.command(w, number) else {
            if w.scene.tickets.len() < 8 {
                open_another(w, step);
            }
            continue;
        };
        let before = w.clone();
        let outcome = w.try_to(number, &command, &actor);
        same_with_only_what_is_needed(&before, w, number, &command, &actor, &outcome);
        tally(&command, outcome.is_ok());
        match outcome {
            Ok(caused) => {
                check_caused(&before, w, number, &command, &caused);
                for ticket in caused.iter().map(|c| c.ticket).collect::<BTreeSet<_>>() {
                    crate::notify::check(&caused, w.ticket(ticket), &actor);
                }
                check_world(w);
            }
            Err(_) => assert_eq!(w.scene.tickets, before.scene.tickets),
        }
    }
}

fn open_another(w: &mut World, step: &Step) {
    let requester = [ANN, BEN][step.other % 2];
    let new = NewTicket {
        requester,
        unit: if step.how.is_multiple_of(3) {
            FRONT
        } else {
            UNITS[step.ticket % 2]
        },
        portal: step.how.is_multiple_of(3).then_some(PORTAL),
        routed: true,
        ..question(w.next_number())
    };
    w.try_open(new, &user(requester)).unwrap();
    check_world(w);
}

/// [`Scene::missing`] names all that a decision looks at.
fn same_with_only_what_is_needed(
    before: &World,
    after: &World,
    number: TicketNumber,
    command: &Command,
    actor: &Actor,
    outcome: &Result<Vec<Caused>, Refusal>,
) {
    let mut small = Scene {
        tickets: BTreeMap::new(),
        units: before.scene.units.clone(),
    };
    loop {
        let missing = small.missing(number, command);
        if missing.is_empty() {
            break;
        }
        for ticket in missing {
            let found = before.ticket(ticket).clone();
            small.tickets.insert(ticket, found);
        }
    }
    let again = decide(&small, number, command, actor, &after.rules, after.now);
    assert_eq!(&again, outcome, "{command:?}");
}

fn check_caused(
    before: &World,
    after: &World,
    number: TicketNumber,
    command: &Command,
    caused: &[Caused],
) {
    let was = before.ticket(number);
    if was.merged_into().is_some() && !caused.is_empty() {
        assert_eq!(*command, Command::Unmerge, "a merged ticket changed");
    }
    let mut scene = before.scene.clone();
    for one in caused {
        if let Change::StatusSet { old, new, .. } = one.change {
            let now = scene.tickets[&one.ticket].status;
            assert_eq!(now, old, "the history tells a wrong old status");
            assert!(
                legal(old, new, one.ticket, caused),
                "{old:?} -> {new:?} by {command:?}"
            );
            if matches!(new, Status::Solved | Status::Unsolved) && !unmerging(caused) {
                for child in scene.tickets[&one.ticket].related(RelationKind::ParentOf) {
                    assert!(
                        !scene.tickets[&child].status.is_open(),
                        "solved over an open child"
                    );
                }
            }
        }
        scene.apply(one, after.now);
    }
    assert_eq!(
        scene.tickets, after.scene.tickets,
        "stepwise is not the same"
    );
}

fn unmerging(caused: &[Caused]) -> bool {
    caused
        .iter()
        .any(|c| matches!(c.change, Change::CameBack { .. }))
}

/// What holds of every ticket after every cause.
fn check_world(w: &World) {
    for ticket in w.scene.tickets.values() {
        check_ticket(w, ticket);
    }
}

fn check_ticket(w: &World, t: &Ticket) {
    let open = |number: TicketNumber| w.ticket(number).status.is_open();
    assert_eq!(t.status == Status::OnHold, t.hold.is_some());
    if !matches!(t.status, Status::OnHold | Status::Waiting) {
        assert_eq!((t.reminder, t.eta), (None, None));
    }
    if t.status == Status::InProgress {
        assert!(t.owner.is_some(), "in progress without an owner");
    }
    if let Some(owner) = t.owner {
        assert!(w.scene.units[&t.unit].members.contains(&owner));
    }
    assert_eq!(t.closed_at.is_none(), t.status.is_open());
    assert_eq!(
        usize::try_from(t.entries).unwrap(),
        w.entries_of(t.number).len(),
        "entries of #{}",
        t.number
    );

    for relation in &t.relations {
        let back = Relation {
            kind: relation.kind.inverse(),
            ticket: t.number,
        };
        assert!(
            w.ticket(relation.ticket).relations.contains(&back),
            "one-sided tie"
        );
    }
    assert!(t.related(RelationKind::SlaveOf).count() <= 1);
    assert!(t.related(RelationKind::ChildOf).count() <= 1);
    let children = t.related(RelationKind::ParentOf).any(open);
    if t.status.is_open() {
        match t.master() {
            Some(master) => {
                assert_eq!(t.hold, Some(Hold::Master { ticket: master }));
                assert!(open(master), "a slave waits for a solved master");
            }
            None if children => assert_eq!(t.hold, Some(Hold::Children)),
            None => assert!(matches!(t.hold, None | Some(Hold::Reason { .. }))),
        }
    }
    assert_eq!(t.merged_into().is_some(), t.before_merge.is_some());
    if t.merged_into().is_some() {
        assert_eq!(t.status, Status::Closed);
        assert_eq!(t.entries, 0);
    }

    if t.facts.security_risk == SecurityRisk::Imminent {
        assert_eq!(t.visibility, Visibility::Restricted);
    }
    assert_eq!(t.assessment, w.rules.assess(&t.facts));
    assert!(t.escalation <= 3);
    for party in &t.parties {
        if party.person == t.requester {
            panic!("the requester is a party of #{}", t.number);
        }
    }
}

/// Everything but the counters of changes.
fn observable(ticket: &Ticket) -> Ticket {
    Ticket {
        version: 0,
        updated_at: 0,
        ..ticket.clone()
    }
}

/// More on demand: `PROPTEST_CASES=20000 cargo test -p switchboard-core`.
fn at_least(cases: u32) -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig {
        cases: config.cases.max(cases),
        ..config
    }
}

proptest! {
    #![proptest_config(at_least(400))]

    /// No sequence of commands reaches an illegal state, and the history tells
    /// it again.
    #[test]
    fn nothing_illegal_is_reached(steps in steps(70)) {
        let mut w = begin();
        play(&mut w, &steps, |_, _| {});
        for ticket in w.scene.tickets.values() {
            let events = w
                .events
                .iter()
                .filter(|(caused, _)| caused.ticket == ticket.number)
                .map(|(caused, at)| {
                    let stored = serde_json::to_string(&caused.change).unwrap();
                    (serde_json::from_str::<Change>(&stored).unwrap(), *at)
                });
            let replayed = Ticket::replay(events);
            prop_assert_eq!(replayed.as_ref(), Some(ticket));
            let stored = serde_json::to_string(ticket).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Ticket>(&stored).unwrap(), ticket);
        }
    }

    /// Merging and un-merging changes nothing that one can see, wherever the
    /// tickets stand.
    #[test]
    fn merge_then_unmerge_is_the_identity(steps in steps(40)) {
        let mut w = begin();
        play(&mut w, &steps, |_, _| {});
        let boss = crate::world::ada();
        let numbers: Vec<_> = w.scene.tickets.keys().copied().collect();
        for from in &numbers {
            for into in &numbers {
                let mut w = w.clone();
                let before: Vec<_> = w.scene.tickets.values().map(observable).collect();
                let merge = w.merge_of(*from, *into);
                if w.try_to(*from, &merge, &boss).is_ok() {
                    prop_assert!(w.ticket(*from).merged_into().is_some());
                    check_world(&w);
                    w.must(*from, Command::Unmerge, &boss);
                    let after: Vec<_> = w.scene.tickets.values().map(observable).collect();
                    prop_assert_eq!(after, before);
                }
            }
        }
    }

    /// Splitting and taking it back changes nothing that one can see of the
    /// ticket, and leaves the new one closed and empty.
    #[test]
    fn split_then_undo_is_the_identity(steps in steps(40)) {
        let mut w = begin();
        play(&mut w, &steps, |_, _| {});
        let boss = crate::world::ada();
        let numbers: Vec<_> = w.scene.tickets.keys().copied().collect();
        for from in numbers {
            let mut w = w.clone();
            let more = w.reply();
            if w.try_to(from, &more, &boss).is_err() {
                continue;
            }
            let before = observable(w.ticket(from));
            let new = NewTicket { visibility: before.visibility, ..question(w.next_number()) };
            let new = w.try_open(new, &boss).unwrap();
            let entries: Vec<_> = w.entries_of(from);
            let split = Command::SplitInto { new, entries: entries[entries.len() - 1..].to_vec() };
            if w.try_to(from, &split, &boss).is_ok() {
                prop_assert_eq!(w.ticket(new).entries, 2);
                check_world(&w);
                w.must(from, Command::UndoSplit { new }, &boss);
                prop_assert_eq!(observable(w.ticket(from)), before);
                prop_assert_eq!((w.status(new), w.ticket(new).entries), (Status::Closed, 1));
                check_world(&w);
            }
        }
    }

    /// What is offered without naming anything else works, and what is not
    /// offered does not.
    #[test]
    fn offers_tell_the_truth(steps in steps(40)) {
        let mut w = begin();
        play(&mut w, &steps, |_, _| {});
        let plain = [
            (Offer::Start, Command::Start),
            (Offer::Solve, Command::Solve { text: "Another one.".to_owned(), kind: SolutionKind::Other }),
            (Offer::GiveUp, crate::world::give_up()),
            (Offer::Verify, Command::Verify),
            (Offer::Close, Command::Close),
            (Offer::Release, Command::Release),
            (Offer::Unmerge, Command::Unmerge),
            (Offer::DropOwner, Command::SetOwner { owner: None }),
            (Offer::Escalate, crate::world::escalate()),
            (Offer::ConfirmPriority, Command::ConfirmPriority),
            (Offer::WithdrawOverrule, Command::WithdrawOverrule),
            (Offer::Reply, Command::Write { entry: w.entry(), visibility: EntryVisibility::Public }),
            (Offer::Note, Command::Write { entry: w.entry(), visibility: EntryVisibility::Internal }),
            (Offer::Reopen, Command::Reopen { entry: Some(w.entry()) }),
        ];
        for number in w.scene.tickets.keys() {
            let mut small = Scene { tickets: BTreeMap::new(), units: w.scene.units.clone() };
            loop {
                let missing = small.missing_for_offers(*number);
                if missing.is_empty() {
                    break;
                }
                for ticket in missing {
                    small.tickets.insert(ticket, w.ticket(ticket).clone());
                }
            }
            for actor in everybody() {
                let offers = w.offers(*number, &actor);
                prop_assert_eq!(&allowed(&small, *number, &actor, w.now), &offers);
                if !w.access(*number, &actor).may_see() {
                    prop_assert!(offers.is_empty());
                }
                for (offer, command) in &plain {
                    let does = decide(&w.scene, *number, command, &actor, &w.rules, w.now)
                        .is_ok_and(|caused| !caused.is_empty());
                    prop_assert_eq!(offers.contains(offer), does, "{:?} by {:?}", command, actor);
                }
            }
        }
    }
}

/// The random steps would prove little if all of them were refused: every kind
/// of command must have worked now and then.
#[test]
fn the_random_steps_reach_every_command() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let mut worked: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..200 {
        let steps = steps(90).new_tree(&mut runner).unwrap().current();
        let mut w = begin();
        play(&mut w, &steps, |command, ok| {
            let debug = format!("{command:?}");
            let kind = debug
                .split(|c: char| !c.is_alphanumeric())
                .next()
                .unwrap()
                .to_owned();
            *worked.entry(kind).or_default() += usize::from(ok);
        });
    }
    let never: Vec<_> = worked.iter().filter(|(_, n)| **n == 0).collect();
    assert!(never.is_empty(), "never worked: {never:?} of {worked:?}");
    assert!(worked.len() >= 31, "{worked:?}");
}
