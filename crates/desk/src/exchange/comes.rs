//! What happened at partner desks: what becomes of the ticket here, in the
//! transaction that records it. Changes become commands of the rules, by "Name
//! (via DESK)"; what the rules refuse stays as it is, and how it stands there is
//! shown beside the ticket.

use std::collections::BTreeSet;

use store::Conn;
use store::entry::Attachment as File;
use store::partner::Partner;
use store::person::Person;
use store::shared::Joint;
use switchboard_core::exchange::{
    Ask, Asked, Attachment, Change, Deed, Entry, Field, Name, Role, Settled, covers,
};
use switchboard_core::redact::REMOVED;
use switchboard_core::{
    Actor, Channel, Command, EntryVisibility, Facts, NewTicket, PersonId, Priority, SecurityRisk,
    SolutionKind, Status, TellRequester, TicketNumber, TicketType, Visibility,
};

use super::joint::{self, Road};
use super::opened::LONGEST_SUBJECT;
use super::taken::spokesman;
use crate::account::find_or_make;
use crate::act::{command_within, foreign_entry, write_within};
use crate::open::{one_line, open_within};
use crate::redirect::answer::lives_on;
use crate::{Error, Live};

/// Carries changes that were recorded into the ticket. Before its opening has come
/// there is nothing to carry them into: then all are carried with it.
///
/// # Errors
/// When the database can not be written.
pub(super) fn carry(
    c: &mut Conn<'_>,
    road: &Road<'_>,
    joint: &mut Joint,
    partner: &mut Partner,
    log: &[Change],
) -> Result<Vec<Live>, Error> {
    let mut all = Vec::new();
    let mut live = Vec::new();
    let log = match joint.ticket {
        Some(_) => log,
        None if joint.shared.is_opened() => {
            for kept in store::shared::changes(c, &joint.id)? {
                all.push(joint::read(&kept.doc)?);
            }
            live.extend(opens(c, road, joint, partner, &all)?);
            &all
        }
        None => return Ok(live),
    };
    let Some(ticket) = joint.ticket else {
        return Ok(live);
    };
    let ticket = lives_on(c, ticket)?.number;
    let at = Here { road, ticket };
    let theirs: Vec<&Change> = log.iter().filter(|c| c.name.desk != road.me).collect();
    for change in &theirs {
        match &change.deed {
            Deed::EntryAdded { entry } => {
                live.extend(at.entry(c, joint, &change.name, entry)?);
            }
            Deed::AttachmentAdded { attachment } => at.file(c, joint, &change.name, attachment)?,
            _ => {}
        }
    }
    let fields: BTreeSet<&Field> = theirs
        .iter()
        .flat_map(|change| match &change.deed {
            Deed::FieldSet { field, .. } => vec![field],
            Deed::Opened { fields, .. } => fields.keys().collect(),
            Deed::BatonPassed { .. } => vec![&Field::Status],
            _ => Vec::new(),
        })
        .collect();
    for field in fields {
        live.extend(at.field(c, joint, field, &theirs)?);
    }
    let mut ours_now = false;
    for change in &theirs {
        if let Deed::BatonPassed { to, note, .. } = &change.deed
            && *to == road.me
        {
            ours_now = true;
            live.extend(at.comes_back(c, joint, partner, (&change.name, note))?);
        }
    }
    if *joint.shared.baton().holder() == road.me {
        let open: Vec<(Name, Asked)> = joint
            .shared
            .asks()
            .filter(|(name, _, answer)| answer.is_none() && name.desk != road.me)
            .map(|(name, asked, _)| (name.clone(), asked.clone()))
            .collect();
        for (name, asked) in open {
            let fresh = theirs.iter().any(|change| change.name == name);
            if fresh || ours_now {
                live.extend(at.asked(c, joint, &name, &asked.ask)?);
            }
        }
    }
    Ok(live)
}

/// The ticket here, made from its opening.
fn opens(
    c: &mut Conn<'_>,
    road: &Road<'_>,
    joint: &mut Joint,
    partner: &mut Partner,
    all: &[Change],
) -> Result<Vec<Live>, Error> {
    let opening = all.iter().find_map(|change| match &change.deed {
        Deed::Opened { entry, fields } => Some((change, entry, fields)),
        _ => None,
    });
    let Some((change, said, fields)) = opening else {
        return Ok(Vec::new());
    };
    let text = |field: Field| fields.get(&field).map(String::as_str).unwrap_or_default();
    // A service of the same name is the one that is meant; else first of all
    // somebody here finds out.
    let service = text(Field::Other("service".into())).to_owned();
    let service = road
        .catalogue
        .services
        .iter()
        .find(|s| s.active && s.name.eq_ignore_ascii_case(&service));
    let intake = road.catalogue.heir(partner.intake);
    let mut unit = intake;
    let about = service.map(|s| s.id);
    let agreed = covers(&store::partner::services(c, partner.id)?, about);
    if let Some(service) = service.filter(|_| agreed)
        && let Some(own) = road.catalogue.heir(service.unit)
        && store::partner::of_unit(c, own.id)?.is_none()
    {
        unit = Some(own);
    }
    let unit = match unit {
        Some(unit) => unit,
        None => road.catalogue.first_level()?,
    };
    let requester = asks(c, road, partner, said)?;
    let entry = foreign_entry(
        road.desk,
        TicketNumber(0),
        EntryVisibility::Public,
        shown(said),
        Vec::new(),
    );
    let subject: String = one_line(text(Field::Subject))
        .chars()
        .take(LONGEST_SUBJECT)
        .collect();
    let category = text(Field::Category);
    let known = road.catalogue.check_category(category).is_ok();
    let new = NewTicket {
        number: TicketNumber(store::counter::next(c, "ticket")?),
        kind: TicketType::User,
        requester,
        tell: TellRequester::default(),
        parties: BTreeSet::new(),
        subject: if subject.is_empty() {
            "(without subject)".to_owned()
        } else {
            subject
        },
        description: entry.id,
        facts: Facts {
            affected_users: 1,
            degrades_service: false,
            security_risk: SecurityRisk::default(),
            category: if known { category } else { "incident" }.to_owned(),
        },
        issue_type: None,
        service: service.map(|s| s.id),
        site: None,
        site_contact: None,
        community: None,
        portal: None,
        since: None,
        unit: unit.id,
        routed: !unit.first_level,
        visibility: Visibility::Parties,
        custom: std::collections::BTreeMap::new(),
    };
    let actor = speaker(c, &change.name, Some(said))?;
    let (mut live, _) = open_within(
        c,
        road.catalogue,
        &new,
        &entry,
        &actor,
        road.desk.uuid(),
        road.now,
    )?;
    joint.ticket = Some(new.number);
    joint::save(c, &mut joint.clone())?;
    store::shared::name_entry(c, &joint.id, &change.name, entry.id)?;
    if !agreed {
        let at = Here {
            road,
            ticket: new.number,
        };
        let said = format!(
            "The agreement with {} names services here, and this ticket is about none of them: \
             look whether it belongs to this desk, or give it back.",
            partner.title
        );
        live.extend(at.tell(c, &change.name, &said)?);
    }
    Ok(live)
}

fn shown(said: &Entry) -> &str {
    match said.body.trim() {
        "" if said.erased => REMOVED,
        "" => "(without text)",
        text => text,
    }
}

/// Who asks: the person whose address it is, if the agreement lets addresses pass;
/// else one person without an address for all that come from there.
fn asks(
    c: &mut Conn<'_>,
    road: &Road<'_>,
    partner: &mut Partner,
    said: &Entry,
) -> Result<PersonId, Error> {
    let address = said.author.address.as_deref();
    if let Some(address) = address.and_then(|a| mail::Address::parse(a).ok())
        && partner.terms.addresses
        && said.author.role == Role::Requester
    {
        let fresh = PersonId(road.desk.uuid());
        let name = said.author.name.as_deref().unwrap_or_default();
        return Ok(find_or_make(c, fresh, &address, name, road.now)?.id);
    }
    if let Some(known) = partner.requester {
        return Ok(known);
    }
    let name = format!("Somebody at {}", partner.title);
    let person = Person::fresh(PersonId(road.desk.uuid()), name, None, road.now);
    store::person::insert(c, &person, None, false)?;
    partner.requester = Some(person.id);
    Ok(person.id)
}

/// How people call the desk where a change happened.
pub(super) fn title(c: &mut Conn<'_>, name: &Name) -> Result<String, Error> {
    let known = store::partner::by_desk(c, &name.desk)?;
    Ok(known.map_or_else(|| name.desk.to_string(), |p| p.title))
}

/// Who speaks for somebody there: nobody with an account, and the name says so.
fn speaker(c: &mut Conn<'_>, name: &Name, said: Option<&Entry>) -> Result<Actor, Error> {
    let title = title(c, name)?;
    Ok(match said {
        Some(said) => spokesman(&said.author.shown(&title)),
        None => spokesman(&title),
    })
}

/// Where changes are carried to.
struct Here<'a> {
    road: &'a Road<'a>,
    ticket: TicketNumber,
}

impl Here<'_> {
    fn command(
        &self,
        c: &mut Conn<'_>,
        command: &Command,
        actor: &Actor,
    ) -> Result<Vec<Live>, Error> {
        command_within(
            c,
            self.road.catalogue,
            self.ticket,
            command,
            actor,
            self.road.desk.uuid(),
            self.road.now,
        )
    }

    /// A command that the rules may refuse: then it does not happen. Gives why.
    fn attempt(
        &self,
        c: &mut Conn<'_>,
        command: &Command,
        actor: &Actor,
    ) -> Result<Result<Vec<Live>, String>, Error> {
        match c.attempt(|c| self.command(c, command, actor)) {
            Ok(live) => Ok(Ok(live)),
            Err(why @ (Error::Invalid { .. } | Error::Forbidden(_) | Error::Conflict(_))) => {
                Ok(Err(why.to_string()))
            }
            Err(other) => Err(other),
        }
    }

    fn write(
        &self,
        c: &mut Conn<'_>,
        visibility: EntryVisibility,
        body: &str,
        actor: &Actor,
    ) -> Result<(switchboard_core::EntryId, Vec<Live>), Error> {
        let desk = self.road.desk;
        let entry = foreign_entry(desk, self.ticket, visibility, body, Vec::new());
        let live = write_within(
            c,
            self.road.catalogue,
            self.ticket,
            &entry,
            &[],
            actor,
            desk.uuid(),
            self.road.now,
        )?;
        Ok((entry.id, live))
    }

    /// A note for the support side.
    fn tell(&self, c: &mut Conn<'_>, name: &Name, said: &str) -> Result<Vec<Live>, Error> {
        let actor = speaker(c, name, None)?;
        Ok(self.write(c, EntryVisibility::Internal, said, &actor)?.1)
    }

    /// A public entry, by who wrote it there. On a ticket that is closed for good it
    /// is a note.
    fn entry(
        &self,
        c: &mut Conn<'_>,
        joint: &Joint,
        name: &Name,
        said: &Entry,
    ) -> Result<Vec<Live>, Error> {
        let ticket = lives_on(c, self.ticket)?;
        let visibility = if ticket.status.is_final() {
            EntryVisibility::Internal
        } else {
            EntryVisibility::Public
        };
        let actor = speaker(c, name, Some(said))?;
        let (entry, live) = self.write(c, visibility, shown(said), &actor)?;
        store::shared::name_entry(c, &joint.id, name, entry)?;
        // Its files may have come before it, by another road.
        let early = joint.shared.attachments();
        let early: Vec<Name> = early
            .iter()
            .filter(|(_, a)| a.entry == *name)
            .map(|(file, _)| file.clone())
            .collect();
        if !early.is_empty() {
            for kept in store::shared::changes(c, &joint.id)? {
                if early.contains(&kept.name)
                    && kept.entry.is_none()
                    && let Deed::AttachmentAdded { attachment } = joint::read(&kept.doc)?.deed
                {
                    self.file(c, joint, &kept.name, &attachment)?;
                }
            }
        }
        Ok(live)
    }

    /// A file of an entry that is here.
    fn file(
        &self,
        c: &mut Conn<'_>,
        joint: &Joint,
        name: &Name,
        file: &Attachment,
    ) -> Result<(), Error> {
        let here = store::shared::entry_of(c, &joint.id, &file.entry)?;
        let done = store::shared::entry_of(c, &joint.id, name)?;
        let (Some(entry), None) = (here, done) else {
            return Ok(());
        };
        if file.erased || file.sha256.is_empty() {
            return Ok(());
        }
        let Some(ticket) = store::entry::load(c, entry)?.map(|e| e.ticket) else {
            return Ok(());
        };
        store::entry::insert_attachment(
            c,
            &File {
                id: self.road.desk.uuid(),
                ticket,
                entry,
                name: mail::file_name::safe(&file.file),
                media_type: crate::attachment::safe_media_type(&file.media_type),
                size: i64::try_from(file.bytes).unwrap_or(i64::MAX),
                sha256: file.sha256.clone(),
                content_id: None,
                created_at: self.road.now,
            },
        )?;
        Ok(store::shared::name_entry(c, &joint.id, name, entry)?)
    }

    /// A field as it counts now.
    fn field(
        &self,
        c: &mut Conn<'_>,
        joint: &Joint,
        field: &Field,
        changes: &[&Change],
    ) -> Result<Vec<Live>, Error> {
        let Some(set) = joint.shared.field(field).cloned() else {
            return Ok(Vec::new());
        };
        let ticket = lives_on(c, self.ticket)?;
        let by = set.name.clone();
        let actor = speaker(c, &by, None)?;
        let command = match field {
            Field::Status => return self.status(c, joint, &set.value, &by, changes),
            Field::Priority => Priority::parse(&set.value)
                .filter(|p| *p != ticket.priority())
                .map(|priority| Command::Overrule {
                    priority,
                    reason: format!("Set at {}", actor.name),
                }),
            Field::Category => {
                let known = self.road.catalogue.check_category(&set.value).is_ok();
                (known && ticket.facts.category != set.value).then(|| {
                    Command::SetFacts(Facts {
                        category: set.value.clone(),
                        ..ticket.facts.clone()
                    })
                })
            }
            Field::Subject => {
                let subject: String = one_line(&set.value).chars().take(LONGEST_SUBJECT).collect();
                (!subject.is_empty() && subject != ticket.subject)
                    .then_some(Command::SetSubject(subject))
            }
            _ => None,
        };
        match command {
            Some(command) => Ok(self.attempt(c, &command, &actor)?.unwrap_or_default()),
            None => Ok(Vec::new()),
        }
    }

    /// The status as the desk that is responsible set it.
    fn status(
        &self,
        c: &mut Conn<'_>,
        joint: &Joint,
        value: &str,
        by: &Name,
        changes: &[&Change],
    ) -> Result<Vec<Live>, Error> {
        let ticket = lives_on(c, self.ticket)?;
        let Some(wanted) = Status::parse(value).filter(|s| *s != ticket.status) else {
            return Ok(Vec::new());
        };
        let title = title(c, by)?;
        let mut live = Vec::new();
        let actor = spokesman(&title);
        // Between two that are over lies an open one.
        let over = matches!(wanted, Status::Solved | Status::Unsolved);
        if over && !ticket.status.is_open() {
            let reopened = self.attempt(c, &Command::Reopen { entry: None }, &actor)?;
            live.extend(reopened.unwrap_or_default());
        }
        if let Some((command, actor)) = self.leads_to(joint, &title, wanted, &ticket, changes) {
            let done = self.attempt(c, &command, &actor)?;
            live.extend(done.unwrap_or_default());
        }
        Ok(live)
    }

    fn leads_to(
        &self,
        joint: &Joint,
        title: &str,
        wanted: Status,
        ticket: &switchboard_core::Ticket,
        changes: &[&Change],
    ) -> Option<(Command, Actor)> {
        let actor = spokesman(title);
        // Texts of this very transaction are still there; of the past only that
        // there was one.
        let text = changes
            .iter()
            .rev()
            .find_map(|change| match &change.deed {
                Deed::FieldSet {
                    field: Field::Solution,
                    value,
                    ..
                } if !value.trim().is_empty() => Some(value.clone()),
                _ => None,
            })
            .or_else(|| {
                let set = joint.shared.field(&Field::Solution)?;
                (!set.value.trim().is_empty()).then(|| set.value.clone())
            });
        let kind = SolutionKind::default();
        let command = match wanted {
            Status::Solved => Command::Solve {
                text: text.unwrap_or_else(|| format!("Solved at {title}.")),
                kind: SolutionKind::Fixed,
            },
            Status::Unsolved => Command::GiveUp {
                reason: text.unwrap_or_else(|| format!("Not solved at {title}.")),
                kind,
            },
            // Only who asked confirms: they did so where they asked.
            Status::Verified => {
                let name = actor.name.clone();
                let actor = Actor::plain(ticket.requester, name, Channel::Bridge);
                return Some((Command::Verify, actor));
            }
            Status::Closed => Command::Close,
            _ if !ticket.status.is_open() => Command::Reopen { entry: None },
            Status::Waiting => Command::Await { reminder: None },
            Status::OnHold => Command::Hold {
                reason: format!("On hold at {title}"),
                reminder: None,
                eta: None,
            },
            Status::InProgress => Command::Start,
            Status::New | Status::Assigned | Status::Reopened => return None,
        };
        Some((command, actor))
    }

    /// The ticket is this desk's again, or for the first time: it leaves the unit
    /// that stands for the partner.
    fn comes_back(
        &self,
        c: &mut Conn<'_>,
        joint: &Joint,
        partner: &Partner,
        (by, note): (&Name, &str),
    ) -> Result<Vec<Live>, Error> {
        let ticket = lives_on(c, self.ticket)?;
        let mut live = Vec::new();
        // In a unit that works here on such tickets it stays.
        if joint::place(c, &ticket, Some(joint))?.is_some() {
            let unit = match self.road.catalogue.heir(partner.intake) {
                Some(unit) if joint::given_to(c, unit.id, ticket.service)?.is_none() => unit.id,
                _ => self.road.catalogue.first_level()?.id,
            };
            let title = title(c, by)?;
            let command = Command::Assign {
                unit,
                reason: Some(format!("{title} gives it to this desk")),
            };
            let given = self.attempt(c, &command, &spokesman(&title))?;
            live.extend(given.unwrap_or_default());
        }
        if !note.trim().is_empty() {
            live.extend(self.tell(c, by, note)?);
        }
        Ok(live)
    }

    /// Another desk asks for something that only this one may do. The desk that
    /// opened the ticket speaks for who asked: what it asks for is done, if the
    /// rules allow it. Of others people here decide.
    fn asked(
        &self,
        c: &mut Conn<'_>,
        joint: &mut Joint,
        name: &Name,
        ask: &Ask,
    ) -> Result<Vec<Live>, Error> {
        let mut live = Vec::new();
        let title = title(c, name)?;
        let opener = joint.id.desk == name.desk;
        let road = self.road;
        match ask {
            Ask::Baton if opener => {
                let done = joint
                    .shared
                    .settle(&road.me, name.clone(), Settled::Done, road.now);
                joint::ours(c, road, joint, done, None)?;
                let note = String::new();
                let pass = joint
                    .shared
                    .pass(&road.me, name.desk.clone(), note, road.now);
                joint::ours(c, road, joint, pass, None)?;
                live.extend(self.goes_back(c, name, &title)?);
            }
            Ask::Set {
                field: Field::Status,
                value,
            } if opener => {
                let ticket = lives_on(c, self.ticket)?;
                let why = match Status::parse(value) {
                    None => Some(format!("{value:?} is no status")),
                    Some(wanted) if wanted == ticket.status => None,
                    Some(wanted) => match self.leads_to(joint, &title, wanted, &ticket, &[]) {
                        None => Some(format!("a ticket can not be set {value}")),
                        Some((command, actor)) => match self.attempt(c, &command, &actor)? {
                            Ok(more) => {
                                live.extend(more);
                                None
                            }
                            Err(why) => Some(why),
                        },
                    },
                };
                let how = match why {
                    None => {
                        let ticket = lives_on(c, self.ticket)?;
                        let status = ticket.status.key().to_owned();
                        let set = joint
                            .shared
                            .set(&road.me, Field::Status, status, None, road.now);
                        joint::ours(c, road, joint, set, None)?;
                        Settled::Done
                    }
                    Some(reason) => Settled::Declined { reason },
                };
                let settled = joint.shared.settle(&road.me, name.clone(), how, road.now);
                joint::ours(c, road, joint, settled, None)?;
            }
            Ask::Baton => {
                let said = format!(
                    "{title} asks to be responsible for this ticket: give it to the unit that \
                     stands for it, or leave it where it is."
                );
                live.extend(self.tell(c, name, &said)?);
            }
            Ask::Set { field, value } => {
                let said = format!("{title} asks for {field}: {value}.");
                live.extend(self.tell(c, name, &said)?);
            }
        }
        Ok(live)
    }

    /// The ticket was asked for and given: here it goes to the unit that stands for
    /// the desk that has it now, if there is one.
    fn goes_back(&self, c: &mut Conn<'_>, to: &Name, title: &str) -> Result<Vec<Live>, Error> {
        let ticket = lives_on(c, self.ticket)?;
        let units = match store::partner::by_desk(c, &to.desk)? {
            Some(partner) => store::partner::units(c, partner.id)?,
            None => Vec::new(),
        };
        let said = format!("{title} took this ticket back: others work on it now.");
        match units.first() {
            Some(unit) if !units.contains(&ticket.unit) => {
                let command = Command::Assign {
                    unit: *unit,
                    reason: Some(said.clone()),
                };
                match self.attempt(c, &command, &spokesman(title))? {
                    Ok(live) => Ok(live),
                    Err(_) => self.tell(c, to, &said),
                }
            }
            _ => self.tell(c, to, &said),
        }
    }
}
