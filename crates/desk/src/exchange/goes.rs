//! What happens here to tickets that are shared with partner desks, and which
//! tickets begin to be: in the transaction that notes the events as followed, so
//! it happens once, whatever crashes.

use std::collections::BTreeMap;

use store::Conn;
use store::entry::{Attachment, Entry};
use store::event::Event;
use store::partner::{Partner, State};
use store::shared::Joint;
use switchboard_core::exchange::{
    Ask, Attachment as SharedFile, Field, Name, Settled, Shared, SharedId,
};
use switchboard_core::{Change, EntryId, Status, Ticket};

use super::given::{MOST_ENTRIES, of_entry};
use super::joint::{self, Road};
use crate::Error;
use crate::redirect::{begins, may_go_to_lists, public_word};

/// Carries what happened to a ticket to the partners that have it. `true`:
/// something goes.
///
/// # Errors
/// When the database can not be written.
pub(super) fn carry(
    c: &mut Conn<'_>,
    road: &Road<'_>,
    ticket: &Ticket,
    events: &[&Event],
) -> Result<bool, Error> {
    let joint = store::shared::of_ticket(c, ticket.number)?;
    let place = joint::place(c, ticket, joint.as_ref())?;
    let place = place.filter(|p| p.state != State::Ended);
    // What came from another desk or system moves no ticket to a third by itself.
    let by_people: Vec<Event> = events
        .iter()
        .filter(|e| e.channel != "bridge")
        .map(|e| (*e).clone())
        .collect();
    let begins = begins(ticket, &by_people);
    let mut pen = Pen {
        road,
        ticket,
        files: BTreeMap::new(),
    };
    let Some(mut joint) = joint else {
        let goes = begins && ticket.status.is_open() && may_go_to_lists(ticket);
        let Some(partner) = place.filter(|p| goes && p.terms.gives) else {
            return Ok(false);
        };
        pen.begin(c, &partner)?;
        return Ok(true);
    };
    if !may_go_to_lists(ticket) {
        return Ok(false);
    }
    let freed = |e: &&Event| {
        matches!(
            e.change,
            Change::VisibilitySet { .. } | Change::TlpSet { .. }
        )
    };
    if events.iter().any(freed) {
        // What happened while nothing could leave goes now.
        for entry in store::entry::of_ticket(c, ticket.number, false, 0, MOST_ENTRIES)? {
            pen.write(c, &mut joint, &entry)?;
        }
        for partner in joint::partners(c, &joint)? {
            joint::tell_all(c, road, &joint, &partner)?;
        }
    }
    pen.goes_on(c, &mut joint, events)?;
    if begins {
        pen.moves(c, &mut joint, place, &by_people)?;
    }
    joint::save(c, &mut joint)?;
    Ok(true)
}

/// What changes of a ticket are made with.
struct Pen<'a> {
    road: &'a Road<'a>,
    ticket: &'a Ticket,
    files: BTreeMap<EntryId, Vec<Attachment>>,
}

impl Pen<'_> {
    fn load_files(&mut self, c: &mut Conn<'_>) -> Result<(), Error> {
        if self.files.is_empty() {
            for file in store::entry::attachments(c, self.ticket.number)? {
                self.files.entry(file.entry).or_default().push(file);
            }
        }
        Ok(())
    }

    /// The ticket is shared from now on, with everything public that was said.
    fn begin(&mut self, c: &mut Conn<'_>, partner: &Partner) -> Result<(), Error> {
        let (road, ticket) = (self.road, self.ticket);
        let entries = store::entry::of_ticket(c, ticket.number, false, 0, MOST_ENTRIES)?;
        let Some((first, others)) = entries.split_first() else {
            return Ok(());
        };
        let Some(description) = of_entry(c, first)? else {
            return Ok(());
        };
        let id = SharedId {
            desk: road.me.clone(),
            number: ticket.number,
        };
        let mut fields = BTreeMap::from([
            (Field::Status, ticket.status.key().to_owned()),
            (Field::Priority, ticket.priority().key().to_owned()),
            (Field::Category, ticket.facts.category.clone()),
            (Field::Subject, ticket.subject.clone()),
        ]);
        if let Some(service) = ticket.service.and_then(|s| road.catalogue.service(s)) {
            fields.insert(Field::Other("service".into()), service.name.clone());
        }
        let mut joint = joint::fresh(road, id.clone(), Some(ticket.number));
        joint::save(c, &mut joint)?;
        joint::share(c, road, &joint, partner)?;
        let opened = Shared::open(id, description, fields, first.at);
        let name = joint::ours(c, road, &mut joint, Ok(opened), Some(first.id))?;
        self.attach(c, &mut joint, first, &name)?;
        for entry in others {
            self.write(c, &mut joint, entry)?;
        }
        self.pass(c, &mut joint, partner)?;
        joint::save(c, &mut joint)
    }

    /// An entry and its files go, once.
    fn write(&mut self, c: &mut Conn<'_>, joint: &mut Joint, entry: &Entry) -> Result<(), Error> {
        if store::shared::knows_entry(c, &joint.id, entry.id)? {
            return Ok(());
        }
        let Some(said) = of_entry(c, entry)? else {
            return Ok(());
        };
        let written = joint.shared.write(&self.road.me, said, entry.at);
        let name = joint::ours(c, self.road, joint, written, Some(entry.id))?;
        self.attach(c, joint, entry, &name)
    }

    fn attach(
        &mut self,
        c: &mut Conn<'_>,
        joint: &mut Joint,
        entry: &Entry,
        name: &Name,
    ) -> Result<(), Error> {
        self.load_files(c)?;
        for file in self.files.get(&entry.id).into_iter().flatten() {
            if file.sha256.is_empty() {
                continue;
            }
            let shared = SharedFile {
                entry: name.clone(),
                file: file.name.clone(),
                media_type: file.media_type.clone(),
                bytes: file.size.unsigned_abs(),
                sha256: file.sha256.clone(),
                erased: false,
            };
            let attached = joint.shared.attach(&self.road.me, shared, entry.at);
            joint::ours(c, self.road, joint, attached, Some(entry.id))?;
        }
        Ok(())
    }

    fn set(
        &self,
        c: &mut Conn<'_>,
        joint: &mut Joint,
        field: Field,
        value: String,
    ) -> Result<(), Error> {
        let (road, now) = (self.road, self.road.now);
        let set = joint.shared.set(&road.me, field, value, None, now);
        joint::ours(c, road, joint, set, None).map(|_| ())
    }

    fn stands(joint: &Joint, field: &Field) -> Option<String> {
        joint.shared.field(field).map(|set| set.value.clone())
    }

    /// What happened, in its order; of fields what they are now.
    fn goes_on(
        &mut self,
        c: &mut Conn<'_>,
        joint: &mut Joint,
        events: &[&Event],
    ) -> Result<(), Error> {
        let ticket = self.ticket;
        for event in events {
            if let Some((entry, _)) = public_word(&event.change)
                && let Some(entry) = store::entry::load(c, entry)?
            {
                self.write(c, joint, &entry)?;
            }
        }
        // A value that came from there is what is recorded already.
        let here: Vec<&&Event> = events.iter().filter(|e| e.channel != "bridge").collect();
        let any = |is: fn(&Change) -> bool| here.iter().any(|e| is(&e.change));
        let of_triage = |change: &Change| {
            matches!(
                change,
                Change::FactsSet { .. } | Change::PriorityOverruled { .. }
            )
        };
        let mut fields = Vec::new();
        if any(of_triage) {
            fields.push((Field::Priority, ticket.priority().key().to_owned()));
            fields.push((Field::Category, ticket.facts.category.clone()));
        }
        if any(|change| matches!(change, Change::SubjectSet { .. })) {
            fields.push((Field::Subject, ticket.subject.clone()));
        }
        for (field, value) in fields {
            if Self::stands(joint, &field).as_ref() != Some(&value) {
                self.set(c, joint, field, value)?;
            }
        }
        if any(|change| matches!(change, Change::OwnerSet { .. })) {
            let owner = match ticket.owner {
                Some(owner) => store::person::load(c, owner)?.map_or_else(String::new, |p| p.name),
                None => String::new(),
            };
            let own = joint.shared.own(&Field::Owner, &self.road.me);
            if own.map_or("", |set| set.value.as_str()) != owner {
                self.set(c, joint, Field::Owner, owner)?;
            }
        }
        self.status(c, joint, events)
    }

    /// A status was set here: it counts when this desk is responsible; else they are
    /// asked, if a person set it.
    fn status(&self, c: &mut Conn<'_>, joint: &mut Joint, events: &[&Event]) -> Result<(), Error> {
        let set = events.iter().rev().find_map(|event| match &event.change {
            Change::StatusSet { old, new, .. } => Some((event, *old, *new)),
            _ => None,
        });
        let Some((event, old, _)) = set else {
            return Ok(());
        };
        let (road, now) = (self.road, self.road.now);
        let mut status = self.ticket.status;
        let stands = Self::stands(joint, &Field::Status);
        if *joint.shared.baton().holder() != road.me {
            if event.channel == "bridge" || event.actor.is_none() {
                return Ok(());
            }
            // Who answered while nobody owns it here: there somebody does.
            if status == Status::Assigned && old == Status::Waiting {
                status = Status::InProgress;
            }
            let value = status.key().to_owned();
            let ask = Ask::Set {
                field: Field::Status,
                value: value.clone(),
            };
            let asked = joint
                .shared
                .asks()
                .any(|(name, a, answer)| name.desk == road.me && answer.is_none() && a.ask == ask);
            let says_nothing = matches!(status, Status::New | Status::Assigned);
            if says_nothing || asked || stands.as_ref() == Some(&value) {
                return Ok(());
            }
            let asks = joint.shared.ask(&road.me, ask, now);
            joint::ours(c, road, joint, asks, None)?;
            return Ok(());
        }
        let value = status.key().to_owned();
        if stands.as_ref() == Some(&value) {
            return Ok(());
        }
        if matches!(status, Status::Solved | Status::Unsolved)
            && let Some(solution) = &self.ticket.solution
            && Self::stands(joint, &Field::Solution).as_ref() != Some(&solution.text)
        {
            self.set(c, joint, Field::Solution, solution.text.clone())?;
        }
        self.set(c, joint, Field::Status, value.clone())?;
        // Who asked has their answer by it.
        let open: Vec<(Name, String)> = joint
            .shared
            .asks()
            .filter(|(name, _, answer)| answer.is_none() && name.desk != road.me)
            .filter_map(|(name, asked, _)| match &asked.ask {
                Ask::Set {
                    field: Field::Status,
                    value,
                } => Some((name.clone(), value.clone())),
                _ => None,
            })
            .collect();
        for (name, wanted) in open {
            let how = if wanted == value {
                Settled::Done
            } else {
                let reason = format!("it was set {value}");
                Settled::Declined { reason }
            };
            let settled = joint.shared.settle(&road.me, name, how, now);
            joint::ours(c, road, joint, settled, None)?;
        }
        Ok(())
    }

    /// The ticket was given to a unit: perhaps to one that stands for a partner, or
    /// taken from it.
    fn moves(
        &self,
        c: &mut Conn<'_>,
        joint: &mut Joint,
        place: Option<Partner>,
        by_people: &[Event],
    ) -> Result<(), Error> {
        let (road, now) = (self.road, self.road.now);
        let holder = joint.shared.baton().holder().clone();
        let Some(partner) = place else {
            // Out of a unit that stands for a partner, or into a service that is not among
            // those of which tickets are given there.
            let stays = store::partner::of_unit(c, self.ticket.unit)?.is_some();
            let taken = by_people.iter().any(|e| match e.change {
                Change::UnitSet { .. } => true,
                Change::ServiceSet { .. } => stays,
                _ => false,
            });
            let asked = joint.shared.asks().any(|(name, a, answer)| {
                name.desk == road.me && answer.is_none() && a.ask == Ask::Baton
            });
            if holder != road.me && taken && !asked {
                let ask = joint.shared.ask(&road.me, Ask::Baton, now);
                joint::ours(c, road, joint, ask, None)?;
            }
            return Ok(());
        };
        if holder != road.me || !self.ticket.status.is_open() {
            return Ok(());
        }
        let known = store::shared::roads(c, &joint.id)?;
        let has_it = known.iter().any(|(id, _)| *id == partner.id);
        if !has_it && !partner.terms.gives {
            return Ok(());
        }
        joint::share(c, road, joint, &partner)?;
        self.pass(c, joint, &partner)
    }

    /// The baton goes to a partner; what it asked for is answered by that.
    fn pass(&self, c: &mut Conn<'_>, joint: &mut Joint, partner: &Partner) -> Result<(), Error> {
        let (road, now) = (self.road, self.road.now);
        let asked: Vec<Name> = joint
            .shared
            .asks()
            .filter(|(name, a, answer)| {
                answer.is_none() && a.ask == Ask::Baton && name.desk == partner.desk
            })
            .map(|(name, _, _)| name.clone())
            .collect();
        for name in asked {
            let settled = joint.shared.settle(&road.me, name, Settled::Done, now);
            joint::ours(c, road, joint, settled, None)?;
        }
        let pass = joint
            .shared
            .pass(&road.me, partner.desk.clone(), String::new(), now);
        joint::ours(c, road, joint, pass, None).map(|_| ())
    }
}
