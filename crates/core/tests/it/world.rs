//! A small federation to try the rules in: four units, nine people, and a desk
//! that keeps every event.

use std::collections::{BTreeMap, BTreeSet};

use switchboard_core::ticket::RelationKind;
use switchboard_core::{
    Access, Actor, Caused, Change, Channel, Command, EntryId, EntryVisibility, Facts, Membership,
    Millis, NewTicket, Part, PersonId, PortalId, Refusal, RuleSet, Scene, SecurityRisk,
    SolutionKind, Status, TellRequester, Ticket, TicketNumber, TicketType, UnitFacts, UnitId,
    Visibility, allowed, decide, open,
};
use uuid::Uuid;

/// The people. Ann and Ben ask, Cat is the one they add.
pub(crate) const ANN: PersonId = person(1);
pub(crate) const BEN: PersonId = person(2);
pub(crate) const CAT: PersonId = person(3);
/// First level.
pub(crate) const FAY: PersonId = person(4);
/// Member and responsible of the storage unit.
pub(crate) const SAM: PersonId = person(5);
pub(crate) const SUE: PersonId = person(6);
/// Member of the computing unit.
pub(crate) const COY: PersonId = person(7);
pub(crate) const MAX: PersonId = person(8);
pub(crate) const ADA: PersonId = person(9);
/// Responsible of the portal's first level.
pub(crate) const POL: PersonId = person(10);

pub(crate) const FIRST: UnitId = unit(1);
pub(crate) const STORAGE: UnitId = unit(2);
pub(crate) const COMPUTING: UnitId = unit(3);
/// Third level.
pub(crate) const KERNEL: UnitId = unit(4);
pub(crate) const RETIRED: UnitId = unit(5);
/// The own first level of a portal.
pub(crate) const FRONT: UnitId = unit(6);
pub(crate) const PORTAL: PortalId = PortalId(Uuid::from_u128(0x4001));
/// The community of Ben.
pub(crate) const BELLE: &str = "belle";

pub(crate) const fn person(n: u128) -> PersonId {
    PersonId(Uuid::from_u128(0x1000 + n))
}

const fn unit(n: u128) -> UnitId {
    UnitId(Uuid::from_u128(0x2000 + n))
}

pub(crate) fn n(number: i64) -> TicketNumber {
    TicketNumber(number)
}

/// Somebody without any office.
pub(crate) fn user(person: PersonId) -> Actor {
    Actor::plain(person, "Somebody", Channel::Web)
}

fn staff(person: PersonId, unit: UnitId, part: Part) -> Actor {
    Actor {
        support: true,
        units: vec![Membership {
            unit,
            part,
            first_level: unit == FIRST,
            portal: (unit == FRONT).then_some(PORTAL),
        }],
        ..user(person)
    }
}

pub(crate) fn ann() -> Actor {
    user(ANN)
}
pub(crate) fn ben() -> Actor {
    Actor {
        communities: vec![BELLE.to_owned()],
        teams: vec![BELLE.to_owned()],
        ..user(BEN)
    }
}
pub(crate) fn cat() -> Actor {
    user(CAT)
}
pub(crate) fn fay() -> Actor {
    staff(FAY, FIRST, Part::Member)
}
pub(crate) fn sam() -> Actor {
    staff(SAM, STORAGE, Part::Member)
}
pub(crate) fn sue() -> Actor {
    staff(SUE, STORAGE, Part::Responsible)
}
pub(crate) fn coy() -> Actor {
    staff(COY, COMPUTING, Part::Member)
}
pub(crate) fn pol() -> Actor {
    staff(POL, FRONT, Part::Responsible)
}
pub(crate) fn max() -> Actor {
    Actor {
        monitor: true,
        ..user(MAX)
    }
}
pub(crate) fn ada() -> Actor {
    Actor {
        admin: true,
        ..user(ADA)
    }
}
pub(crate) fn desk() -> Actor {
    Actor::system(Channel::Job)
}

/// Everybody, for trying a command by each.
pub(crate) fn everybody() -> Vec<Actor> {
    vec![
        ann(),
        ben(),
        cat(),
        fay(),
        sam(),
        sue(),
        coy(),
        pol(),
        max(),
        ada(),
        desk(),
    ]
}

pub(crate) fn units() -> BTreeMap<UnitId, UnitFacts> {
    let unit = |id, name: &str, level, members: &[PersonId]| UnitFacts {
        id,
        name: name.to_owned(),
        level,
        active: id != RETIRED,
        first_level: id == FIRST,
        portal: (id == FRONT).then_some(PORTAL),
        members: members.to_vec(),
    };
    [
        unit(FIRST, "First level", 1, &[FAY]),
        unit(STORAGE, "Storage", 2, &[SAM, SUE]),
        unit(COMPUTING, "Computing", 2, &[COY]),
        unit(KERNEL, "Kernel", 3, &[COY]),
        unit(RETIRED, "Old storage", 2, &[SAM]),
        unit(FRONT, "Belle front desk", 1, &[POL]),
    ]
    .into_iter()
    .map(|unit| (unit.id, unit))
    .collect()
}

pub(crate) fn facts() -> Facts {
    Facts {
        affected_users: 1,
        degrades_service: false,
        security_risk: SecurityRisk::None,
        category: "incident".to_owned(),
    }
}

/// A question of Ann's for which nobody named a unit.
pub(crate) fn question(number: i64) -> NewTicket {
    NewTicket {
        number: n(number),
        kind: TicketType::User,
        requester: ANN,
        tell: TellRequester::OnSolution,
        parties: BTreeSet::new(),
        subject: "Upload stops half-way".to_owned(),
        description: EntryId(Uuid::from_u128(0x3000)),
        facts: facts(),
        issue_type: None,
        service: None,
        site: None,
        site_contact: None,
        community: None,
        portal: None,
        since: None,
        unit: FIRST,
        routed: false,
        visibility: Visibility::Parties,
        custom: BTreeMap::new(),
    }
}

/// The desk of the tests: a scene, a clock, and every event so far.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) scene: Scene,
    pub(crate) rules: RuleSet,
    pub(crate) now: Millis,
    pub(crate) events: Vec<(Caused, Millis)>,
    /// Where each entry lies, as a database would know it.
    pub(crate) entries: BTreeMap<EntryId, TicketNumber>,
    fresh: u128,
}

impl World {
    pub(crate) fn new() -> World {
        World {
            scene: Scene {
                tickets: BTreeMap::new(),
                units: units(),
            },
            rules: RuleSet::shipped(),
            now: 1_000_000,
            events: Vec::new(),
            entries: BTreeMap::new(),
            fresh: 0,
        }
    }

    pub(crate) fn entry(&mut self) -> EntryId {
        self.fresh += 1;
        EntryId(Uuid::from_u128(0x4000_0000 + self.fresh))
    }

    pub(crate) fn next_number(&self) -> i64 {
        1 + i64::try_from(self.scene.tickets.len()).unwrap()
    }

    pub(crate) fn try_open(
        &mut self,
        mut new: NewTicket,
        actor: &Actor,
    ) -> Result<TicketNumber, Refusal> {
        new.description = self.entry();
        let caused = open(&new, actor, &self.scene, &self.rules, self.now)?;
        self.happen(&caused);
        Ok(new.number)
    }

    /// Ann asks; first level has it.
    pub(crate) fn asked(&mut self) -> TicketNumber {
        let number = self.next_number();
        self.try_open(question(number), &ann()).unwrap()
    }

    /// Ann asks the storage unit.
    pub(crate) fn assigned(&mut self) -> TicketNumber {
        self.assigned_by(ANN)
    }

    pub(crate) fn assigned_by(&mut self, requester: PersonId) -> TicketNumber {
        let new = NewTicket {
            unit: STORAGE,
            routed: true,
            requester,
            ..question(self.next_number())
        };
        self.try_open(new, &user(requester)).unwrap()
    }

    /// Ann asks the storage unit and Sam works on it.
    pub(crate) fn in_progress(&mut self) -> TicketNumber {
        let number = self.assigned();
        self.must(number, Command::Start, &sam());
        number
    }

    /// Opens the ticket to Ben's community.
    pub(crate) fn open_to_belle(&mut self, ticket: TicketNumber) {
        self.must(
            ticket,
            Command::SetCommunity(Some(BELLE.to_owned())),
            &sam(),
        );
        self.must(
            ticket,
            Command::SetVisibility(Visibility::Community),
            &sam(),
        );
    }

    /// Ben asks for his team; storage has it.
    pub(crate) fn asked_for_belle(&mut self) -> TicketNumber {
        let new = NewTicket {
            kind: TicketType::Team,
            requester: BEN,
            community: Some(BELLE.to_owned()),
            visibility: Visibility::Community,
            unit: STORAGE,
            routed: true,
            ..question(self.next_number())
        };
        self.try_open(new, &ben()).unwrap()
    }

    /// Ann asks by the portal; its own first level has it.
    pub(crate) fn asked_by_portal(&mut self) -> TicketNumber {
        let new = NewTicket {
            portal: Some(PORTAL),
            unit: FRONT,
            ..question(self.next_number())
        };
        self.try_open(new, &ann()).unwrap()
    }

    pub(crate) fn solved(&mut self) -> TicketNumber {
        let number = self.in_progress();
        self.must(number, solve(), &sam());
        number
    }

    pub(crate) fn try_to(
        &mut self,
        ticket: TicketNumber,
        command: &Command,
        actor: &Actor,
    ) -> Result<Vec<Caused>, Refusal> {
        self.now += 1_000;
        let caused = decide(&self.scene, ticket, command, actor, &self.rules, self.now)?;
        self.happen(&caused);
        Ok(caused)
    }

    /// The command works.
    #[track_caller]
    pub(crate) fn must(
        &mut self,
        ticket: TicketNumber,
        command: Command,
        actor: &Actor,
    ) -> Vec<Caused> {
        match self.try_to(ticket, &command, actor) {
            Ok(caused) => caused,
            Err(refusal) => panic!("{command:?} on #{ticket} was refused: {refusal}"),
        }
    }

    /// The command is refused; what is said.
    #[track_caller]
    pub(crate) fn refused(
        &mut self,
        ticket: TicketNumber,
        command: Command,
        actor: &Actor,
    ) -> Refusal {
        match self.try_to(ticket, &command, actor) {
            Ok(caused) => panic!("{command:?} on #{ticket} worked: {caused:?}"),
            Err(refusal) => refusal,
        }
    }

    #[track_caller]
    pub(crate) fn forbidden(&mut self, ticket: TicketNumber, command: Command, actor: &Actor) {
        let refusal = self.refused(ticket, command, actor);
        assert!(
            matches!(refusal, Refusal::Forbidden(_)),
            "refused, but as {refusal:?}"
        );
    }

    /// The field that the refusal names.
    #[track_caller]
    pub(crate) fn invalid(
        &mut self,
        ticket: TicketNumber,
        command: Command,
        actor: &Actor,
    ) -> &'static str {
        match self.refused(ticket, command, actor) {
            Refusal::Invalid { field, .. } => field,
            other => panic!("refused, but as {other:?}"),
        }
    }

    /// The status of which the refusal speaks.
    #[track_caller]
    pub(crate) fn wrong_status(
        &mut self,
        ticket: TicketNumber,
        command: Command,
        actor: &Actor,
    ) -> Status {
        match self.refused(ticket, command, actor) {
            Refusal::Status { from, .. } => from,
            other => panic!("refused, but as {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn in_the_way(&mut self, ticket: TicketNumber, command: Command, actor: &Actor) {
        let refusal = self.refused(ticket, command, actor);
        assert!(
            matches!(refusal, Refusal::Relation(_)),
            "refused, but as {refusal:?}"
        );
    }

    pub(crate) fn happen(&mut self, caused: &[Caused]) {
        for one in caused {
            match &one.change {
                Change::EntryAdded { entry } => {
                    self.entries.insert(entry.id, one.ticket);
                }
                Change::MergedIn { from } => self.move_entries(&from.entries, one.ticket),
                Change::EntriesMoved {
                    entries, to: None, ..
                } => self.move_entries(entries, one.ticket),
                Change::CameBack { before, .. } => {
                    self.move_entries(&before.entries, one.ticket);
                }
                Change::EntriesReturned {
                    entries,
                    from: Some(_),
                } => self.move_entries(entries, one.ticket),
                _ => {}
            }
            self.scene.apply(one, self.now);
            self.events.push((one.clone(), self.now));
        }
    }

    fn move_entries(&mut self, entries: &[EntryId], to: TicketNumber) {
        for entry in entries {
            self.entries.insert(*entry, to);
        }
    }

    pub(crate) fn entries_of(&self, ticket: TicketNumber) -> Vec<EntryId> {
        self.entries
            .iter()
            .filter(|(_, at)| **at == ticket)
            .map(|(entry, _)| *entry)
            .collect()
    }

    pub(crate) fn ticket(&self, ticket: TicketNumber) -> &Ticket {
        &self.scene.tickets[&ticket]
    }

    pub(crate) fn status(&self, ticket: TicketNumber) -> Status {
        self.ticket(ticket).status
    }

    pub(crate) fn access(&self, ticket: TicketNumber, actor: &Actor) -> Access {
        Access::of(actor, self.ticket(ticket))
    }

    pub(crate) fn offers(
        &self,
        ticket: TicketNumber,
        actor: &Actor,
    ) -> BTreeSet<switchboard_core::Offer> {
        allowed(&self.scene, ticket, actor, self.now)
    }

    pub(crate) fn reply(&mut self) -> Command {
        Command::Write {
            entry: self.entry(),
            visibility: EntryVisibility::Public,
        }
    }

    pub(crate) fn note(&mut self) -> Command {
        Command::Write {
            entry: self.entry(),
            visibility: EntryVisibility::Internal,
        }
    }

    pub(crate) fn reopen(&mut self) -> Command {
        Command::Reopen {
            entry: Some(self.entry()),
        }
    }

    pub(crate) fn merge_of(&self, ticket: TicketNumber, target: TicketNumber) -> Command {
        Command::MergeInto {
            target,
            entries: self.entries_of(ticket),
        }
    }
}

pub(crate) fn solve() -> Command {
    Command::Solve {
        text: "The quota was raised.".to_owned(),
        kind: SolutionKind::Fixed,
    }
}

pub(crate) fn give_up() -> Command {
    Command::GiveUp {
        reason: "No answer for three weeks.".to_owned(),
        kind: SolutionKind::Other,
    }
}

pub(crate) fn assign(unit: UnitId) -> Command {
    Command::Assign {
        unit,
        reason: Some("It is theirs.".to_owned()),
    }
}

pub(crate) fn wait() -> Command {
    Command::Await { reminder: None }
}

pub(crate) fn hold() -> Command {
    Command::Hold {
        reason: "Spare parts are on the way.".to_owned(),
        reminder: None,
        eta: None,
    }
}

pub(crate) fn owner(person: PersonId) -> Command {
    Command::SetOwner {
        owner: Some(person),
    }
}

pub(crate) fn relate(kind: RelationKind, other: TicketNumber) -> Command {
    Command::Relate { kind, other }
}

pub(crate) fn unrelate(kind: RelationKind, other: TicketNumber) -> Command {
    Command::Unrelate { kind, other }
}

pub(crate) fn escalate() -> Command {
    Command::Escalate {
        reason: "Our run starts on Monday.".to_owned(),
    }
}
