//! What follows from a change: readers of the events, each with a cursor.
//!
//! A follower handles a stretch of the feed and moves its cursor in one write
//! transaction, so each event is followed exactly once, whatever crashes and
//! however many nodes run.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use store::Conn;
use store::event::Event;
use store::person::Named;
use store::search::{Cut, SearchDoc};
use switchboard_core::form::support_only;
use switchboard_core::{
    Change, EntryVisibility, PartyRole, PersonId, Ticket, TicketNumber, Visibility,
};

use crate::list::term;
use crate::{Catalogue, Desk, Error, exchange, redirect, rule};

pub(crate) mod notices;

/// Events handled in one transaction: few, so that people's changes do not
/// wait long for the writer.
const STRETCH: i64 = 64;
/// As many for the search index when it is further behind than that, where what is put
/// into it together costs less for each.
const LONG_STRETCH: i64 = 256;
/// While people write, a follower that is behind leaves the writer to them for so many
/// times as long as it had it: what follows may come later, an answer may not.
const TO_PEOPLE: u32 = 3;
/// For so long a follower goes on before the others, and jobs, have their turn.
const TURN: Duration = Duration::from_millis(250);

/// The followers have names, those of their cursors. To add one: write a function like
/// [`words`], call it where this name is looked for, and keep it up in
/// [`Desk::follow_inside`].
const NOTICES: &str = "notices";
/// Likewise.
const SEARCH: &str = "search";

/// What one step of a follower did.
struct Stretch {
    /// Events.
    handled: u64,
    /// Its cursor stands here now.
    end: i64,
    /// The feed ended here.
    last: i64,
    /// For how long the writer was held up.
    took: Duration,
}

impl Desk {
    /// Lets every follower come up to the end of the feed. Returns how many
    /// events were handled.
    ///
    /// # Errors
    /// When the database can not be read or written; what was not handled
    /// then is handled the next time.
    pub async fn follow(&self) -> Result<u64, Error> {
        let mut all = 0;
        loop {
            let (inside, exchange) = tokio::join!(self.follow_inside(), self.follow_exchange());
            match inside? + exchange? {
                0 => return Ok(all),
                handled => all += handled,
            }
        }
    }

    /// All but [`Desk::follow_exchange`].
    pub(crate) async fn follow_inside(&self) -> Result<u64, Error> {
        // Beside each other: one that is stuck does not hold up the other.
        let (notices, search, rules) = tokio::join!(
            self.keep_up(NOTICES),
            self.keep_up(SEARCH),
            self.keep_up(rule::FOLLOWER),
        );
        Ok(notices? + search? + rules?)
    }

    /// The follower that puts what happened into the logs of the exchange. It has a loop of
    /// its own, so that the slowest of the others is none of its business.
    pub(crate) async fn follow_exchange(&self) -> Result<u64, Error> {
        self.keep_up(exchange::given::FOLLOWER).await
    }

    /// Handles what the feed has now, or as much of it as there is time for. What comes
    /// meanwhile is for the next time: else whoever waits for this one would wait for as
    /// long as people write.
    async fn keep_up(&self, name: &'static str) -> Result<u64, Error> {
        let begun = Instant::now();
        let (mut handled, mut goal, mut last) = (0, None, None);
        loop {
            match self.follow_once(name).await {
                Ok(None) => return Ok(handled),
                Ok(Some(stretch)) => {
                    handled += stretch.handled;
                    if stretch.end >= *goal.get_or_insert(stretch.last) {
                        return Ok(handled);
                    }
                    if begun.elapsed() >= TURN {
                        self.announce([]);
                        return Ok(handled);
                    }
                    let before = last.replace(stretch.last);
                    if before.is_some_and(|before| stretch.last > before) {
                        tokio::time::sleep((stretch.took * TO_PEOPLE).min(TURN)).await;
                    }
                }
                Err(e) => {
                    tracing::warn!(follower = name, error = %e, "a follower is stuck");
                    return Err(e);
                }
            }
        }
    }

    /// One stretch. What follows from it is found out by reading, while others
    /// write; the writer has only to store it, if the cursor still stands where
    /// it stood.
    async fn follow_once(&self, name: &'static str) -> Result<Option<Stretch>, Error> {
        let catalogue = self.catalogue().await?;
        let desk = self.clone();
        let found = self
            .0
            .db
            .read(move |c| {
                // Where no rule acts, nobody writes down that none has looked.
                if name == rule::FOLLOWER && !store::rule::any_active(c)? {
                    return Ok(None);
                }
                let position = store::event::position(c, name)?;
                let last = store::event::last(c)?;
                if position == last {
                    return Ok::<_, Error>(None);
                }
                let far = name == SEARCH && last - position > LONG_STRETCH;
                let most = match far && store::search::gathers(c) {
                    true => LONG_STRETCH,
                    false => STRETCH,
                };
                let events = store::event::feed(c, position, most)?;
                let Some(end) = events.last().map(|e| e.id) else {
                    return Ok(None);
                };
                let stretch = Stretch {
                    handled: events.len() as u64,
                    end,
                    last,
                    took: Duration::ZERO,
                };
                let follows = match name {
                    NOTICES => Follows::Mails(
                        notices::tell(c, &desk, &catalogue, &events)?,
                        redirect::touched(c, &desk, &catalogue, &events)?,
                    ),
                    exchange::given::FOLLOWER => {
                        Follows::Given(exchange::given::touched(c, &events)?)
                    }
                    rule::FOLLOWER => {
                        let some = rule::act::may_set_off(c, &events)?;
                        Follows::Rules(if some { events } else { Vec::new() })
                    }
                    _ => {
                        let docs = words(c, &catalogue, &events)?;
                        Follows::Words(store::search::cut(&docs))
                    }
                };
                Ok(Some((position, stretch, follows)))
            })
            .await?;
        let Some((position, stretch, follows)) = found else {
            return Ok(None);
        };
        let end = stretch.end;
        let (now, desk) = (self.now(), self.clone());
        let catalogue = self.catalogue().await?;
        let (live, took) = self
            .0
            .db
            .write(move |c| {
                let (mut live, begun) = (Vec::new(), Instant::now());
                if store::event::position(c, name)? != position {
                    // Another node was faster.
                    return Ok((live, Duration::ZERO));
                }
                match &follows {
                    Follows::Mails(mails, touched) => {
                        notices::queue(&desk, c, mails, now)?;
                        live = redirect::carry(c, &desk, &catalogue, touched, now)?;
                    }
                    Follows::Words(docs) => store::search::put(c, docs)?,
                    Follows::Given(given) => {
                        live = exchange::given::carry(c, &desk, &catalogue, given, now)?;
                    }
                    Follows::Rules(events) => {
                        live = rule::act::carry(c, &desk, &catalogue, events, now)?;
                    }
                }
                store::event::set_position(c, name, end)?;
                // Read back, so that statements that were kept for later are done by now.
                store::event::position(c, name)?;
                Ok::<_, Error>((live, begun.elapsed()))
            })
            .await?;
        if !live.is_empty() {
            self.announce(live);
        }
        Ok(Some(Stretch { took, ..stretch }))
    }
}

/// What is to be stored for a stretch of events.
enum Follows {
    /// Mails that go out, and tickets that mailing lists may have to hear of.
    Mails(Vec<notices::Ready>, Vec<redirect::Touched>),
    /// Tickets as the search index is to know them.
    Words(Cut),
    /// Tickets that other systems may have to hear of, with what happened.
    Given(Vec<Event>),
    /// What may set rules off.
    Rules(Vec<Event>),
}

/// The tickets whose words changed, for the search index.
fn words(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    events: &[Event],
) -> Result<Vec<SearchDoc>, Error> {
    let numbers: BTreeSet<TicketNumber> = events
        .iter()
        .filter(|e| changes_words(&e.change))
        .map(|e| e.ticket)
        .collect();
    index_entries(c, catalogue, &numbers)
}

/// Whether [`search_doc`] may have anything else to say after it. What is not known to
/// leave it as it is counts as a change: to write a ticket's words anew costs more than
/// the change itself, but a word that is not found costs more than both.
fn changes_words(change: &Change) -> bool {
    !matches!(
        change,
        Change::Reminded { .. }
            | Change::Escalated { .. }
            | Change::StillWaiting
            | Change::PriorityConfirmed
            | Change::PriorityOverruled { .. }
            | Change::IssueTypeSet { .. }
            | Change::SinceSet { .. }
            | Change::TellSet { .. }
            | Change::ChildSolved { .. }
            | Change::ChildReopened { .. }
            | Change::MasterEntry { .. }
    )
}

/// Tickets as the search index is to know them.
pub(crate) fn index_entries(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    numbers: &BTreeSet<TicketNumber>,
) -> Result<Vec<SearchDoc>, Error> {
    for number in numbers {
        store::ticket::expect(c, *number)?;
        store::entry::expect_of_ticket(c, *number, true, 0, MOST_ENTRIES)?;
    }
    let mut tickets = Vec::new();
    for number in numbers {
        tickets.extend(store::ticket::load(c, *number)?);
    }
    let ids: BTreeSet<PersonId> = tickets.iter().flat_map(Ticket::people).collect();
    let ids: Vec<PersonId> = ids.into_iter().collect();
    let people = store::person::named(c, &ids)?;
    tickets
        .iter()
        .map(|ticket| search_doc(c, catalogue, ticket, &people))
        .collect()
}

/// A ticket as the search index is to know it.
pub(crate) fn index_entry(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    ticket: &Ticket,
) -> Result<SearchDoc, Error> {
    let people = store::person::named(c, &ticket.people())?;
    search_doc(c, catalogue, ticket, &people)
}

/// Entries of a ticket that are indexed.
const MOST_ENTRIES: i64 = 10_000;

/// What the search index knows of a ticket: subject, entries, and the words
/// that people see on its page.
fn search_doc(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    ticket: &Ticket,
    known: &[Named],
) -> Result<SearchDoc, Error> {
    let mut public = String::new();
    let mut internal = String::new();
    for entry in store::entry::of_ticket(c, ticket.number, true, 0, MOST_ENTRIES)? {
        let text = match entry.visibility {
            EntryVisibility::Public => &mut public,
            EntryVisibility::Internal => &mut internal,
        };
        text.push_str(&entry.body);
        text.push('\n');
    }
    let mut people: BTreeSet<PersonId> = ticket.parties.iter().map(|p| p.person).collect();
    people.insert(ticket.requester);
    people.extend(ticket.owner);
    for person in known.iter().filter(|p| people.contains(&p.id)) {
        if Some(person.id) == ticket.owner || person.id == ticket.requester {
            public.push_str(&person.name);
            public.push('\n');
        }
        if let Some(email) = &person.email {
            internal.push_str(email);
            internal.push('\n');
        }
    }
    let names = [
        catalogue.service_name(ticket.service),
        catalogue.unit(ticket.unit).map(|u| u.name.as_str()),
        ticket.site.as_deref(),
        ticket.community.as_deref(),
    ];
    for name in names.into_iter().flatten() {
        public.push_str(name);
        public.push('\n');
    }
    for (key, value) in &ticket.custom {
        let text = if support_only(key) {
            &mut internal
        } else {
            &mut public
        };
        let words = value
            .as_array()
            .map_or(std::slice::from_ref(value), Vec::as_slice);
        for word in words.iter().filter_map(|v| v.as_str()) {
            text.push_str(word);
            text.push('\n');
        }
    }
    for tag in &ticket.tags {
        internal.push_str(tag);
        internal.push('\n');
    }
    let mut scope = vec![term::unit(ticket.unit), term::person(ticket.requester)];
    if ticket.visibility != Visibility::Restricted {
        scope.push(term::FREE.into());
        scope.extend(ticket.portal.map(term::portal));
    }
    scope.extend(ticket.shared_with().as_deref().map(term::community));
    scope.extend(ticket.owner.map(term::insider));
    for party in &ticket.parties {
        scope.push(term::person(party.person));
        if matches!(party.role, PartyRole::Involved | PartyRole::Site) {
            scope.push(term::insider(party.person));
        }
    }
    if ticket.status.is_open() {
        let open: Vec<String> = scope.iter().map(|t| term::while_open(t)).collect();
        scope.extend(open);
        scope.push(term::OPEN.into());
    }
    Ok(SearchDoc {
        number: ticket.number.0,
        unit: Some(ticket.unit),
        subject: ticket.subject.clone(),
        public_text: public,
        internal_text: internal,
        scope,
    })
}

/// Events of one cause at one ticket, in order.
pub(crate) fn by_cause(events: &[Event]) -> BTreeMap<(i64, TicketNumber), Vec<&Event>> {
    // Keyed by the first event of the cause, so that notices go out in the
    // order in which things happened.
    let mut first: BTreeMap<(uuid::Uuid, TicketNumber), i64> = BTreeMap::new();
    let mut groups: BTreeMap<(i64, TicketNumber), Vec<&Event>> = BTreeMap::new();
    for event in events {
        let id = *first.entry((event.cause, event.ticket)).or_insert(event.id);
        groups.entry((id, event.ticket)).or_default().push(event);
    }
    groups
}

/// Tickets as they were after the last events of theirs that were looked at: a
/// ticket with a thousand answers is not replayed for each.
type Known = BTreeMap<TicketNumber, (i64, Ticket)>;

/// The ticket as it was right after an event, one of a stretch of the feed.
fn state_after(
    c: &mut Conn<'_>,
    event: &Event,
    stretch: &[Event],
    known: &mut Known,
) -> Result<Option<Ticket>, Error> {
    if let Some((seq, ticket)) = known.get_mut(&event.ticket)
        && *seq <= event.seq
    {
        // The stretch has everything that happened since.
        let since = stretch
            .iter()
            .filter(|e| e.ticket == event.ticket && (*seq + 1..=event.seq).contains(&e.seq));
        for event in since {
            ticket.apply(&event.change, event.at);
        }
        *seq = event.seq;
        return Ok(Some(ticket.clone()));
    }
    // Of a new ticket the stretch has the whole history.
    let mut history: Vec<Event> = stretch
        .iter()
        .filter(|e| e.ticket == event.ticket && e.seq <= event.seq)
        .cloned()
        .collect();
    if history.first().is_none_or(|first| first.seq != 1) {
        history = store::event::of_ticket(c, event.ticket, 0, event.seq)?;
    }
    let state = Ticket::replay(history.into_iter().map(|e| (e.change, e.at)));
    if let Some(ticket) = &state {
        known.insert(event.ticket, (event.seq, ticket.clone()));
    }
    Ok(state)
}
