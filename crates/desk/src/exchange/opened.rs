//! Tickets that were opened in the other system: they become tickets here too.
//!
//! One is taken over when it is opened in the queue that was agreed, or comes
//! into it, and nothing of ours made it. Where several services share a queue,
//! the agreement that is the oldest takes it over; else it would come twice.

use std::collections::{BTreeMap, BTreeSet};

use connect::tracker::{self, Again, ChangeKind, RemoteTicket, Standing, Tracker};
use store::Conn;
use store::exchange::{Link, Went};
use store::person::Person;
use switchboard_core::exchange::{
    Attachment, Author, Change, Deed, Field, RemoteChange, RemoteDeed, RemoteFile, Role, Shared,
    SharedId, Tie, TieStep,
};
use switchboard_core::{
    EntryVisibility, Facts, Millis, NewTicket, PersonId, SecurityRisk, TellRequester, TicketNumber,
    TicketType, Visibility,
};

use super::fields::queue;
use super::heard::{Text, author};
use super::links::Seen;
use super::owner::assignee;
use super::taken::{Taking, spokesman};
use super::there::{Trouble, down};
use super::{Terms, keep, note, owner};
use crate::account::find_or_make;
use crate::act::foreign_entry;
use crate::open::{one_line, open_within};
use crate::{Catalogue, Desk, Error, Live};

/// A subject that comes from elsewhere is cut to this many characters.
pub(super) const LONGEST_SUBJECT: usize = 500;

/// A ticket that was opened there, read.
#[derive(Debug, Clone)]
struct Came {
    /// Its number there.
    number: TicketNumber,
    /// Its opening.
    opening: RemoteChange,
    subject: String,
    body: String,
    files: Vec<RemoteFile>,
    /// The requester's address and name, as far as they are known.
    requester: Option<(mail::Address, String)>,
    owner: Option<String>,
    links: Seen,
}

/// What looking at a ticket there came to.
enum Looked {
    /// It is to be taken over.
    Came(Box<Came>),
    /// It is none of ours.
    Not,
    /// It can not be read now.
    Trouble(Trouble),
}

/// Of some changes the tickets that may have to be taken over, by number.
pub(super) fn strange(
    c: &mut Conn<'_>,
    terms: &Terms,
    changes: &[tracker::RemoteChange],
) -> Result<BTreeSet<String>, Error> {
    let mut found = BTreeSet::new();
    let (a, endpoint) = (&terms.agreement, terms.endpoint());
    let queue = a.queue.as_deref().unwrap_or_default();
    if store::coupling::takes_over(c, endpoint, queue)? != Some(a.id) {
        return Ok(found);
    }
    for change in changes {
        let comes = matches!(change.kind, ChangeKind::Opened | ChangeKind::Queue);
        if comes && !store::exchange::is_known_there(c, endpoint, terms.apart(), &change.ticket)? {
            found.insert(change.ticket.clone());
        }
    }
    Ok(found)
}

impl Desk {
    /// Takes a ticket over, if it is one for us. What keeps it from being read
    /// is given back: then it is to be tried again.
    pub(super) async fn take_over(
        &self,
        terms: &Terms,
        tracker: &dyn Tracker,
        number: &str,
    ) -> Result<Option<Trouble>, Error> {
        let came = match self.look_at(terms, tracker, number).await {
            Looked::Came(came) => *came,
            Looked::Not => return Ok(None),
            Looked::Trouble(trouble) => return Ok(Some(trouble)),
        };
        let (desk, terms, catalogue) = (self.clone(), terms.clone(), self.catalogue().await?);
        let now = self.now();
        let live = self
            .0
            .db
            .write(move |c| {
                let number = came.opening.ticket.as_str();
                if store::exchange::is_known_there(c, terms.endpoint(), terms.apart(), number)? {
                    return Ok(Vec::new());
                }
                enter(c, &desk, &catalogue, &terms, &came, now)
            })
            .await?;
        self.announce(live);
        Ok(None)
    }

    async fn look_at(&self, terms: &Terms, tracker: &dyn Tracker, number: &str) -> Looked {
        match self.read_opened(terms, tracker, number).await {
            Ok(Some(came)) => Looked::Came(Box::new(came)),
            Ok(None) => Looked::Not,
            // It lies where our account does not see it, or is gone.
            Err(tracker::Error::Forbidden { .. }) => Looked::Not,
            Err(e) if e.again() == Again::Never => {
                tracing::warn!(system = %terms.manner.label, ticket = number, error = %e,
                    "a ticket that was opened there can not be taken over");
                Looked::Not
            }
            Err(e) if down(&e).is_none() && terms.coupling.tries >= super::round::TRIES => {
                tracing::warn!(system = %terms.manner.label, ticket = number, error = %e,
                    "a ticket that was opened there is given up");
                Looked::Not
            }
            Err(e) => Looked::Trouble(Trouble::of(&e)),
        }
    }

    async fn read_opened(
        &self,
        terms: &Terms,
        tracker: &dyn Tracker,
        number: &str,
    ) -> Result<Option<Came>, tracker::Error> {
        let asked = self.now();
        let ticket = tracker.read(number).await?;
        let queue = terms.agreement.queue.as_deref().unwrap_or_default();
        // A merged one goes on in another, which was opened by itself.
        if ticket.id != number
            || ticket.standing == Standing::Deleted
            || !ticket.queue.eq_ignore_ascii_case(queue.trim())
        {
            return Ok(None);
        }
        let Ok(shared_number) = number.parse() else {
            return Ok(None);
        };
        let history = tracker.history(number).await?;
        let opening = |c: &&tracker::RemoteChange| matches!(c.kind, ChangeKind::Opened);
        let Some(opened) = history.iter().find(opening) else {
            return Ok(None);
        };
        let Ok(id) = opened.id.parse() else {
            return Ok(None);
        };
        let entry = tracker.entry(&opened.source).await?;
        // Made by an exchange: this one or another.
        if opened.ours && entry.marker.is_some() {
            return Ok(None);
        }
        let Text { body, files } = self.text_of(terms, tracker, entry).await?;
        let who = author(&opened.author, &ticket.requesters);
        let requester = requester(&ticket, opened);
        let opening = RemoteChange {
            id,
            ticket: number.to_owned(),
            at: opened.at,
            ours: opened.ours,
            marker: None,
            author: Author {
                role: Role::Requester,
                ..who
            },
            what: RemoteDeed::Opened {
                // Texts stay in the entries.
                body: String::new(),
                subject: String::new(),
                files: Vec::new(),
                values: at_first(terms, &ticket, &history),
                shared: None,
            },
        };
        // Where no tie travels, those that are told with the ticket are shown.
        let links = match terms.agreement.doc.links.is_empty() {
            true => ticket.links.clone(),
            false => tracker.links(&ticket).await?,
        };
        let subject: String = one_line(&ticket.subject)
            .chars()
            .take(LONGEST_SUBJECT)
            .collect();
        Ok(Some(Came {
            number: TicketNumber(shared_number),
            opening,
            subject: if subject.is_empty() {
                "(without subject)".to_owned()
            } else {
                subject
            },
            body: if body.trim().is_empty() && files.is_empty() {
                "(without text)".to_owned()
            } else {
                body
            },
            files,
            requester,
            owner: owner::in_words(&ticket.owners),
            links: Seen { links, asked },
        }))
    }
}

/// How a ticket stood when it was made, as far as that can be known: as it stands now, unless
/// that changed.
fn at_first(
    terms: &Terms,
    ticket: &RemoteTicket,
    history: &[tracker::RemoteChange],
) -> BTreeMap<Field, String> {
    let from = history.iter().find_map(|change| match &change.kind {
        ChangeKind::Status { from, .. } => Some(from.clone()),
        _ => None,
    });
    let status = from.unwrap_or_else(|| ticket.status.clone());
    // What it was before it was weighed anew nobody tells: ours would be set there in its place.
    let mut values = BTreeMap::from([
        (Field::Status, status),
        (Field::Priority, ticket.priority.clone()),
    ]);
    if let Some(agreed) = terms.known_queue(&ticket.queue) {
        values.insert(queue(), agreed.clone());
    }
    let owned = |c: &tracker::RemoteChange| matches!(c.kind, ChangeKind::Owner);
    if !ticket.owners.is_empty() && !history.iter().any(owned) {
        // Whom nobody here knows is shown, and theirs to keep.
        let login = terms.login(&ticket.owners, None);
        let known = login.filter(|login| terms.is_known(login));
        values.extend(known.map(|login| (assignee(), login)));
    }
    for (name, there) in &ticket.fields {
        let set = |c: &tracker::RemoteChange| match &c.kind {
            ChangeKind::Field(which) => ticket.numbered.get(which).unwrap_or(which) == name,
            _ => false,
        };
        if let Some((field, mapped)) = terms.mapped(name)
            && !history.iter().any(set)
            && let Some(raw) = mapped.raw(Some(there), None)
        {
            values.insert(field.clone(), raw);
        }
    }
    values
}

/// The first requester with an address.
fn requester(
    ticket: &RemoteTicket,
    opened: &tracker::RemoteChange,
) -> Option<(mail::Address, String)> {
    let by = &opened.author;
    let own = |login: &str| {
        login.eq_ignore_ascii_case(&by.login) || login.eq_ignore_ascii_case(&by.email)
    };
    ticket.requesters.iter().find_map(|login| {
        let name = if own(login) { &by.name } else { "" };
        let address = if own(login) && !by.email.is_empty() {
            &by.email
        } else {
            login
        };
        let address = mail::Address::parse(address).ok()?;
        Some((address, name.to_owned()))
    })
}

/// The ticket here, its link, and what it stands at.
fn enter(
    c: &mut Conn<'_>,
    desk: &Desk,
    catalogue: &Catalogue,
    terms: &Terms,
    came: &Came,
    now: Millis,
) -> Result<Vec<Live>, Error> {
    let service = catalogue.service(terms.agreement.service);
    let Some(unit) = service.and_then(|s| catalogue.heir(s.unit)) else {
        return Err(Error::Internal(format!(
            "the service of agreement {} has no unit",
            terms.agreement.id
        )));
    };
    let requester = asks(c, desk, terms, came, now)?;
    let entry = foreign_entry(
        desk,
        TicketNumber(0),
        EntryVisibility::Public,
        &came.body,
        came.files.iter().map(stored_file).collect(),
    );
    let new = NewTicket {
        number: TicketNumber(store::counter::next(c, "ticket")?),
        kind: TicketType::User,
        requester,
        tell: TellRequester::default(),
        parties: BTreeSet::new(),
        subject: came.subject.clone(),
        description: entry.id,
        facts: Facts {
            affected_users: 1,
            degrades_service: false,
            security_risk: SecurityRisk::default(),
            category: "incident".to_owned(),
        },
        issue_type: None,
        service: Some(terms.agreement.service),
        site: None,
        site_contact: None,
        community: None,
        portal: None,
        since: None,
        unit: unit.id,
        routed: !unit.first_level,
        visibility: Visibility::Parties,
        custom: BTreeMap::new(),
    };
    let said = &came.opening.author;
    let actor = spokesman(&said.shown(&terms.manner.label));
    let (mut live, _) = open_within(c, catalogue, &new, &entry, &actor, desk.uuid(), now)?;

    let id = SharedId {
        desk: terms.manner.system.clone(),
        number: came.number,
    };
    let Some((tie, opened)) = Tie::adopt(id.clone(), &came.opening, &terms.manner) else {
        return Err(Error::Internal("an opening that is none".to_owned()));
    };
    let name = opened.name.clone();
    let (agreement, shared) = (terms.agreement.id, Shared::new(id));
    let mut link = Link {
        owner_there: came.owner.clone(),
        came_at: Some(now),
        opened_there: true,
        ..Link::fresh(desk.uuid(), new.number, agreement, shared, tie, now)
    };
    store::exchange::save(c, &link)?;
    store::exchange::name_entry(c, link.id, entry.id, &name)?;
    terms.happened(&mut link, opened.clone(), &[], now);
    for file in &came.files {
        let file = Attachment {
            entry: name.clone(),
            file: file.file.clone(),
            media_type: file.media_type.clone(),
            bytes: file.bytes,
            sha256: file.sha256.clone(),
            erased: false,
        };
        let attached = link
            .shared
            .attach(&terms.manner.system, file, came.opening.at);
        let attached = attached.map_err(|e| Error::Internal(e.to_string()))?;
        terms.happened(&mut link, attached, &[], now);
    }
    let what = format!("Opened in {}", terms.manner.label);
    note(
        c,
        desk,
        link.id,
        Went::In,
        what,
        Some(came.opening.ticket.clone()),
    )?;
    let taking = Taking {
        desk,
        catalogue,
        terms,
        ticket: new.number,
    };
    live.extend(taking.take(c, &mut link, &stands(&opened, &came.opening))?);
    live.extend(taking.links(c, &mut link, &came.links)?);
    link.due_at = Some(now);
    keep(c, &mut link, now)?;
    Ok(live)
}

/// What an opening says of the fields, each as a change of its own: so they are
/// carried into the ticket as any later one is.
fn stands(opened: &Change, opening: &RemoteChange) -> TieStep {
    let mut step = TieStep::default();
    let (Deed::Opened { fields, .. }, RemoteDeed::Opened { values, .. }) =
        (&opened.deed, &opening.what)
    else {
        return step;
    };
    for (field, value) in fields {
        step.recorded.log.push(Change {
            deed: Deed::FieldSet {
                field: field.clone(),
                value: value.clone(),
                raw: values.get(field).cloned(),
                over: Vec::new(),
                turn: 0,
            },
            ..opened.clone()
        });
    }
    step
}

fn stored_file(file: &RemoteFile) -> (String, String, i64, String) {
    (
        file.file.clone(),
        file.media_type.clone(),
        i64::try_from(file.bytes).unwrap_or(i64::MAX),
        file.sha256.clone(),
    )
}

/// Who asks: the person whose address it is, if the agreement lets addresses
/// pass; else one person without an address for all that comes from there.
fn asks(
    c: &mut Conn<'_>,
    desk: &Desk,
    terms: &Terms,
    came: &Came,
    now: Millis,
) -> Result<PersonId, Error> {
    if let (true, Some((address, name))) = (terms.agreement.personal_data, &came.requester) {
        let fresh = PersonId(desk.uuid());
        return Ok(find_or_make(c, fresh, address, name, now)?.id);
    }
    let coupling = store::coupling::load(c, terms.agreement.id)?;
    if let Some(known) = coupling.and_then(|c| c.requester) {
        return Ok(known);
    }
    let name = format!("Somebody in {}", terms.manner.label);
    let person = Person::fresh(PersonId(desk.uuid()), name, None, now);
    store::person::insert(c, &person, None, false)?;
    store::coupling::set_requester(c, terms.agreement.id, person.id)?;
    Ok(person.id)
}
