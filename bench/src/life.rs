//! One ticket's life: its changes, the state they give, its entries, and what
//! the search index knows of it.

use std::collections::{BTreeMap, BTreeSet};

use store::entry::Entry;
use store::event::Event;
use store::person::Person;
use store::search::SearchDoc;
use switchboard_core::clock::{Clocks, Due, Happened, Terms};
use switchboard_core::report::Past;
use switchboard_core::{
    Change, EntryFacts, EntryId, EntryVisibility, Facts, Millis, Party, PartyRole, RuleSet,
    SecurityRisk, Solution, SolutionKind, Status, TellRequester, Ticket, TicketNumber, TicketType,
    Turn, Visibility,
};
use uuid::Uuid;

use crate::words::{Rng, Vocabulary};
use crate::world::World;

/// Everything that is stored of one ticket. Events have no ids yet.
#[derive(Debug)]
pub(crate) struct Life {
    /// The state that the events give.
    pub(crate) ticket: Ticket,
    /// Its history.
    pub(crate) events: Vec<Event>,
    /// Its diaries.
    pub(crate) entries: Vec<Entry>,
    /// Its clocks as the history left them.
    pub(crate) clocks: Clocks,
    /// What reports count of it.
    pub(crate) past: Past,
    /// Whose turn it is by them.
    pub(crate) turn: Turn,
    /// What is due first by them.
    pub(crate) due: Option<Due>,
    /// Its words.
    pub(crate) search: SearchDoc,
}

/// What lives are made of.
#[derive(Debug)]
pub(crate) struct Maker {
    /// Who and what tickets name.
    pub(crate) world: World,
    /// The words.
    pub(crate) words: Vocabulary,
    /// The triage rules.
    pub(crate) rules: RuleSet,
    /// What units promise: they have not said when they work, so they work as usual.
    pub(crate) terms: Terms,
    /// Entries of each ticket, at least 1.
    pub(crate) entries: usize,
    /// The first ticket's time.
    pub(crate) from: Millis,
    /// The last ticket's time.
    pub(crate) until: Millis,
    /// How many tickets there will be.
    pub(crate) tickets: usize,
}

const HOUR: Millis = 3_600_000;

/// A UUIDv7 of a time.
pub(crate) fn uuid_at(at: Millis, rng: &mut Rng) -> Uuid {
    uuid::Builder::from_unix_timestamp_millis(at.unsigned_abs(), &rng.bytes()).into_uuid()
}

/// A life while it is told.
struct Telling<'a> {
    ticket: Option<Ticket>,
    events: Vec<Event>,
    entries: Vec<Entry>,
    at: Millis,
    most: Millis,
    number: TicketNumber,
    rng: &'a mut Rng,
}

impl Telling<'_> {
    /// Time goes by, but not beyond now.
    fn later(&mut self, hours: f64) {
        let by = (self.rng.unit() * hours * HOUR as f64) as Millis + 60_000;
        self.at = (self.at + by).min(self.most);
    }

    fn happen(&mut self, who: &Person, channel: &str, cause: Uuid, change: Change) {
        match &mut self.ticket {
            None => self.ticket = Ticket::opened(&change, self.at),
            Some(ticket) => ticket.apply(&change, self.at),
        }
        self.events.push(Event {
            id: 0,
            ticket: self.number,
            seq: self.events.len() as i64 + 1,
            at: self.at,
            actor: Some(who.id),
            actor_name: who.name.clone(),
            channel: channel.to_owned(),
            cause,
            change,
        });
    }

    fn status(&mut self, who: &Person, cause: Uuid, old: Status, new: Status) {
        let hold = (new == Status::OnHold).then(|| switchboard_core::Hold::Reason {
            text: "Waiting for a part.".into(),
        });
        self.happen(
            who,
            "web",
            cause,
            Change::StatusSet {
                old,
                new,
                hold,
                reminder: None,
                eta: None,
            },
        );
    }

    fn entry(
        &mut self,
        who: &Person,
        channel: &str,
        cause: Uuid,
        visibility: EntryVisibility,
        by_requester: bool,
        body: String,
    ) {
        let id = EntryId(uuid_at(self.at, self.rng));
        self.entries.push(Entry {
            id,
            ticket: self.number,
            seq: self.entries.len() as i64 + 1,
            at: self.at,
            author: Some(who.id),
            author_name: who.name.clone(),
            author_side: if by_requester { "requester" } else { "support" }.into(),
            channel: channel.to_owned(),
            visibility,
            solution: false,
            body,
            quoted: None,
            html: None,
            mail: None,
            protection: None,
        });
        self.happen(
            who,
            channel,
            cause,
            Change::EntryAdded {
                entry: EntryFacts {
                    id,
                    visibility,
                    by_requester,
                    automatic: false,
                },
            },
        );
    }
}

/// What one ticket is made from.
struct Plan {
    unit: usize,
    status: Status,
}

impl Maker {
    fn plan(&self, index: usize, rng: &mut Rng) -> Plan {
        // Open tickets are mostly young: about 2 % of all.
        let young = index * 10 >= self.tickets * 9;
        let open = rng.percent(if young { 15.0 } else { 0.55 });
        let lately = index * 100 >= self.tickets * 99;
        let status = match (open, rng.below(100)) {
            (true, 0..=19) => Status::New,
            (true, 20..=39) => Status::Assigned,
            (true, 40..=69) => Status::InProgress,
            (true, 70..=84) => Status::Waiting,
            (true, 85..=94) => Status::OnHold,
            (true, _) => Status::Reopened,
            // Older ones were closed after their time.
            (false, 0..=39) if lately => Status::Solved,
            (false, 0..=34) => Status::Verified,
            (false, _) => Status::Closed,
        };
        let unit = match status {
            Status::New => 0,
            _ => 1 + rng.below(self.world.units.len() - 1),
        };
        Plan { unit, status }
    }

    /// The life of ticket `index`, counted from 0; its number is one more.
    pub(crate) fn life(&self, index: usize) -> Life {
        let mut own = Rng::new(0x5eed_0000_0000 + index as u64);
        let rng = &mut own;
        let Plan { unit, status } = self.plan(index, rng);
        let span = self.until - self.from;
        let at = self.from + (span as f64 * (index as f64 / self.tickets as f64)) as Millis;
        let number = TicketNumber(index as i64 + 1);
        let requester = rng.pick(&self.world.requesters).clone();
        let owner = self.world.member(unit, rng).clone();
        let first = self.world.member(0, rng).clone();
        let service = rng.percent(70.0).then(|| rng.pick(&self.world.services).id);
        let facts = Facts {
            affected_users: *rng.pick(&[1, 1, 1, 1, 1, 2, 4, 8, 20, 60]),
            degrades_service: rng.percent(3.0),
            security_risk: SecurityRisk::None,
            category: (*rng.pick(&["incident", "incident", "incident", "service_request"])).into(),
        };
        let mut parties = BTreeSet::new();
        if rng.percent(12.0) {
            let person = rng.pick(&self.world.requesters).id;
            if person != requester.id {
                parties.insert(Party {
                    person,
                    role: PartyRole::Cc,
                });
            }
        }
        let words = 3 + rng.below(7);
        let subject = self.words.line(rng, words);
        let by_mail = rng.percent(40.0);
        let door = if by_mail { "mail" } else { "web" };
        let mut t = Telling {
            ticket: None,
            events: Vec::with_capacity(10),
            entries: Vec::with_capacity(self.entries),
            at,
            most: self.until,
            number,
            rng,
        };
        let cause = uuid_at(t.at, t.rng);
        t.happen(
            &requester,
            door,
            cause,
            Change::Opened {
                number,
                ticket_type: TicketType::User,
                requester: requester.id,
                tell: TellRequester::OnSolution,
                parties,
                subject,
                assessment: self.rules.assess(&facts),
                facts,
                issue_type: None,
                service,
                site: None,
                community: None,
                portal: None,
                since: None,
                unit: self.world.units[0].id,
                visibility: Visibility::Parties,
                custom: BTreeMap::new(),
            },
        );
        let public = EntryVisibility::Public;
        let body = self.body(t.rng, 55);
        t.entry(&requester, door, cause, public, true, body);
        if status == Status::New {
            self.middle(&mut t, &first, &requester, self.entries.saturating_sub(1));
        } else {
            self.worked_on(&mut t, unit, status, [&requester, &first, &owner]);
        }
        self.finish(t, unit, status)
    }

    /// A ticket as it is right after somebody opened it by API.
    pub(crate) fn fresh(&self, number: i64, first_event: i64, at: Millis) -> Life {
        let mut own = Rng::new(0xf4e5_0000_0000 + number.unsigned_abs());
        let rng = &mut own;
        let requester = rng.pick(&self.world.requesters).clone();
        let (subject, body) = (self.words.line(rng, 6), self.body(rng, 55));
        let facts = Facts {
            affected_users: 1,
            degrades_service: false,
            security_risk: SecurityRisk::None,
            category: "incident".into(),
        };
        let mut t = Telling {
            ticket: None,
            events: Vec::new(),
            entries: Vec::new(),
            at,
            most: at,
            number: TicketNumber(number),
            rng,
        };
        let cause = uuid_at(at, t.rng);
        let opened = Change::Opened {
            number: t.number,
            ticket_type: TicketType::User,
            requester: requester.id,
            tell: TellRequester::OnSolution,
            parties: BTreeSet::new(),
            subject,
            assessment: self.rules.assess(&facts),
            facts,
            issue_type: None,
            service: None,
            site: None,
            community: None,
            portal: None,
            since: None,
            unit: self.world.units[0].id,
            visibility: Visibility::Parties,
            custom: BTreeMap::new(),
        };
        t.happen(&requester, "api", cause, opened);
        t.entry(
            &requester,
            "api",
            cause,
            EntryVisibility::Public,
            true,
            body,
        );
        let mut life = self.finish(t, 0, Status::New);
        for (id, event) in (first_event..).zip(&mut life.events) {
            event.id = id;
        }
        life
    }

    /// A text of about so many words.
    pub(crate) fn body(&self, rng: &mut Rng, mean: usize) -> String {
        let words = mean / 3 + rng.below(mean * 4 / 3);
        self.words.text(rng, words)
    }

    /// Answers in turn; every fourth of the support side is a note.
    fn middle(&self, t: &mut Telling<'_>, staff: &Person, requester: &Person, entries: usize) {
        for i in 0..entries {
            t.later(20.0);
            let cause = uuid_at(t.at, t.rng);
            let body = self.body(t.rng, 32);
            if i % 2 == 1 {
                t.entry(
                    requester,
                    "mail",
                    cause,
                    EntryVisibility::Public,
                    true,
                    body,
                );
            } else {
                let note = t.rng.percent(25.0);
                let visibility = if note {
                    EntryVisibility::Internal
                } else {
                    EntryVisibility::Public
                };
                t.entry(staff, "web", cause, visibility, false, body);
            }
        }
    }

    fn worked_on(&self, t: &mut Telling<'_>, unit: usize, status: Status, who: [&Person; 3]) {
        let [requester, first, owner] = who;
        t.later(6.0);
        let cause = uuid_at(t.at, t.rng);
        let old = self.world.units[0].id;
        let new = self.world.units[unit].id;
        if old != new {
            let change = Change::UnitSet {
                old,
                new,
                reason: None,
            };
            t.happen(first, "web", cause, change);
        }
        t.status(first, cause, Status::New, Status::Assigned);
        let closing = !status.is_open() || status == Status::Reopened;
        let middle = self.entries.saturating_sub(if closing { 2 } else { 1 });
        if status == Status::Assigned {
            self.middle(t, owner, requester, middle);
            return;
        }
        t.later(12.0);
        let cause = uuid_at(t.at, t.rng);
        let change = Change::OwnerSet {
            old: None,
            new: Some(owner.id),
        };
        t.happen(owner, "web", cause, change);
        t.status(owner, cause, Status::Assigned, Status::InProgress);
        self.middle(t, owner, requester, middle);
        if matches!(status, Status::Waiting | Status::OnHold) {
            let cause = uuid_at(t.at, t.rng);
            t.status(owner, cause, Status::InProgress, status);
        }
        if !closing {
            return;
        }
        t.later(60.0);
        let cause = uuid_at(t.at, t.rng);
        let text = self.body(t.rng, 26);
        if self.entries > 1 {
            t.entry(
                owner,
                "web",
                cause,
                EntryVisibility::Public,
                false,
                text.clone(),
            );
            if let Some(last) = t.entries.last_mut() {
                last.solution = true;
            }
        }
        let solution = Solution {
            text,
            kind: SolutionKind::Fixed,
            by: Some(owner.id),
            unit: new,
            at: t.at,
        };
        let change = Change::SolutionSet {
            old: None,
            new: solution,
        };
        t.happen(owner, "web", cause, change);
        t.status(owner, cause, Status::InProgress, Status::Solved);
        if status != Status::Solved {
            t.later(100.0);
            let cause = uuid_at(t.at, t.rng);
            t.status(requester, cause, Status::Solved, status);
        }
    }

    fn finish(&self, t: Telling<'_>, unit: usize, status: Status) -> Life {
        let Telling {
            ticket,
            events,
            entries,
            ..
        } = t;
        let Some(ticket) = ticket else {
            unreachable!("a life begins with a ticket that was opened");
        };
        debug_assert_eq!(ticket.status, status);
        debug_assert_eq!(ticket.unit, self.world.units[unit].id);
        let search = self.search(&ticket, &events, &entries);
        let happened = events.iter().map(|e| (Happened::from(&e.change), e.at));
        let Some((clocks, past)) = Past::replay(happened, &self.terms) else {
            unreachable!("a life begins with a ticket that was opened");
        };
        Life {
            turn: self.terms.whose(clocks.turn()),
            due: clocks.due(&self.terms),
            ticket,
            events,
            entries,
            clocks,
            past,
            search,
        }
    }

    /// The same as the desk's follower makes of it.
    fn search(&self, ticket: &Ticket, events: &[Event], entries: &[Entry]) -> SearchDoc {
        let (mut public, mut internal) = (String::new(), String::new());
        for entry in entries {
            let side = match entry.visibility {
                EntryVisibility::Public => &mut public,
                EntryVisibility::Internal => &mut internal,
            };
            side.push_str(&entry.body);
            side.push('\n');
        }
        let mut named = BTreeSet::new();
        for event in events {
            let on_it = event.actor == Some(ticket.requester) || event.actor == ticket.owner;
            if on_it && named.insert(event.actor) {
                public.push_str(&event.actor_name);
                public.push('\n');
            }
        }
        if let Some(unit) = self.world.units.iter().find(|u| u.id == ticket.unit) {
            public.push_str(&unit.name);
            public.push('\n');
        }
        if let Some(service) = self
            .world
            .services
            .iter()
            .find(|s| Some(s.id) == ticket.service)
        {
            public.push_str(&service.name);
            public.push('\n');
        }
        let mut scope = vec![
            format!("u{}", ticket.unit.0.simple()),
            format!("p{}", ticket.requester.0.simple()),
            "free".to_owned(),
        ];
        scope.extend(ticket.owner.map(|o| format!("i{}", o.0.simple())));
        for party in &ticket.parties {
            scope.push(format!("p{}", party.person.0.simple()));
        }
        if ticket.status.is_open() {
            let open: Vec<String> = scope.iter().map(|term| format!("o{term}")).collect();
            scope.extend(open);
            scope.push("open".to_owned());
        }
        SearchDoc {
            number: ticket.number.0,
            unit: Some(ticket.unit),
            subject: ticket.subject.clone(),
            public_text: public,
            internal_text: internal,
            scope,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Size;
    use store::unit::Unit;
    use switchboard_core::{TargetSet, UnitId};

    fn maker(tickets: usize) -> Maker {
        let words = Vocabulary::new(3_000);
        let first_level = Unit {
            id: UnitId(Uuid::from_u128(1)),
            key: "first-level".into(),
            name: "First level".into(),
            level: 1,
            parent: None,
            category: "Desk".into(),
            description: String::new(),
            email: None,
            first_level: true,
            security: false,
            active: true,
            successor: None,
            doc: Default::default(),
        };
        let until = 1_700_000_000_000;
        Maker {
            world: World::new(first_level, &words, Size::usual(10_000), until),
            words,
            rules: RuleSet::shipped(),
            terms: Terms::new(BTreeMap::new(), TargetSet::shipped()),
            entries: 3,
            from: until - 1_000 * HOUR,
            until,
            tickets,
        }
    }

    #[test]
    fn the_history_of_every_made_ticket_gives_its_state() {
        let maker = maker(2_000);
        let mut open = 0;
        for index in 0..2_000 {
            let life = maker.life(index);
            let events = life.events.into_iter().map(|e| (e.change, e.at));
            assert_eq!(Ticket::replay(events).as_ref(), Some(&life.ticket));
            assert_eq!(life.entries.len(), 3);
            assert_eq!(life.ticket.entries, 3);
            open += usize::from(life.ticket.status.is_open());
        }
        assert!((20..80).contains(&open), "{open} of 2,000 are open");
    }

    #[test]
    fn a_ticket_is_made_the_same_each_time() {
        let (a, b) = (maker(100).life(42), maker(100).life(42));
        assert_eq!(a.ticket, b.ticket);
        assert_eq!(a.entries, b.entries);
    }
}
