//! A round with a system: it is read, and what waits for it is done.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use connect::tracker::{self, Cursor, RemoteChange, Tracker};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use store::coupling::State;
use store::exchange::{Dead, Went};
use switchboard_core::Millis;
use switchboard_core::exchange::{
    Answer, Call, CallState, LookFor, RemoteDeed, TieInput, TieStep, What,
};
use switchboard_core::onboarding::host_of;
use tokio::sync::{Mutex, Semaphore};
use uuid::Uuid;

use super::dead::bury;
use super::given::catch_up;
use super::heard::{Ear, Heard, Once};
use super::links::ties;
use super::taken::Taking;
use super::there::{Called, Trouble, backoff, made_for, title};
use super::{AGAIN_MS, Terms, curve, keep, note, opened, private, put_off, stuck, wake};
use crate::{Desk, Error};

/// Links that are looked after in one round.
const MOST_LINKS: i64 = 100;
/// Tickets of one system that are looked after beside each other, and entries that are read so:
/// as many as a small one answers at once.
pub(super) const AT_ONCE: usize = 4;
/// Calls for one link in one round.
const MOST_CALLS: usize = 50;
/// A system that could not be talked to is tried again after so long, then after
/// twice that, and so on.
const AGAIN_SYSTEM_MS: Millis = 2_000;
/// Likewise a call that failed while others went.
const AGAIN_CALL_MS: Millis = 30_000;
/// A call that failed so often, while others went, becomes a dead letter.
pub(super) const TRIES: i64 = 10;
/// A system without a secret or a client is looked at again after so long.
const NOT_READY_MS: Millis = 300_000;

/// What is done about a ticket, or some; gives what keeps the system from being talked to.
type Work<'a> = BoxFuture<'a, Result<Option<Trouble>, Error>>;

/// Reads tickets of one system, some of them beside each other, until one says that there is
/// trouble. What was begun then is left where it is: each is recorded by itself, and is read
/// again.
async fn some_at_once(readings: Vec<Work<'_>>) -> Result<Option<Trouble>, Error> {
    let mut reading = stream::iter(readings).buffer_unordered(AT_ONCE);
    while let Some(read) = reading.next().await {
        if let Some(trouble) = read? {
            return Ok(Some(trouble));
        }
    }
    Ok(None)
}

/// One round with a system.
struct Round<'a> {
    terms: &'a Terms,
    tracker: &'a dyn Tracker,
    /// For what is read beside each other.
    places: Semaphore,
    /// For who makes or undoes links: of two that tie the same tickets the second finds them tied.
    tying: Mutex<()>,
    /// There is trouble: nothing more is begun.
    over: AtomicBool,
}

impl<'a> Round<'a> {
    fn new(terms: &'a Terms, tracker: &'a dyn Tracker) -> Round<'a> {
        Round {
            terms,
            tracker,
            places: Semaphore::new(AT_ONCE),
            tying: Mutex::new(()),
            over: AtomicBool::new(false),
        }
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}

/// How one link's part of a round ended.
enum Drove {
    /// What could be done was.
    Fine,
    /// The system as a whole can not be talked to.
    Down(Trouble),
}

impl Desk {
    pub(super) async fn round_held(&self, agreement: Uuid) -> Result<(), Error> {
        let desk = self.clone();
        let terms = self
            .0
            .db
            .read(move |c| Terms::load(c, &desk, agreement))
            .await?;
        let Some(terms) = terms.filter(|t| t.coupling.state == State::On) else {
            return Ok(());
        };
        let began = self.now();
        let tracker = match self.tracker(&terms) {
            Ok(tracker) => tracker,
            Err(why) => return self.not_ready(&terms, &why).await,
        };
        self.note_waiting(&terms).await?;
        self.doubt(&terms).await?;
        let round = Round::new(&terms, &*tracker);
        let trouble = match self.read_system(&round).await? {
            None => self.do_links(&round).await?,
            trouble => trouble,
        };
        self.end_round(&terms, trouble, began).await
    }

    /// The client of a system, or why there is none.
    fn tracker(&self, terms: &Terms) -> Result<std::sync::Arc<dyn Tracker>, String> {
        let a = &terms.agreement;
        if let Some(tracker) = self.0.trackers.get(a.id) {
            return Ok(tracker);
        }
        let (system, endpoint, secret) = (
            a.system.clone().unwrap_or_default(),
            a.endpoint.clone().unwrap_or_default(),
            a.secret.clone().unwrap_or_default(),
        );
        let host = host_of(&endpoint).map_err(str::to_owned)?;
        let value = self
            .config()
            .secrets
            .for_host(secret.trim(), &host)
            .ok_or_else(|| {
                format!("the operator keeps no secret “{secret}” for {host} on this desk")
            })?;
        let account = tracker::Account {
            endpoint: &endpoint,
            queue: a.queue.as_deref().unwrap_or_default(),
            secret: value,
        };
        let client = tracker::client(&self.0.guard, &system, &account)?;
        let client = client.ok_or_else(|| format!("this desk does not speak with {system} yet"))?;
        self.0.trackers.put(a.id, client.clone());
        Ok(client)
    }

    async fn not_ready(&self, terms: &Terms, why: &str) -> Result<(), Error> {
        let (agreement, now, why) = (terms.agreement.id, self.now(), why.to_owned());
        let tries = terms.coupling.tries + 1;
        self.0
            .db
            .write(move |c| {
                store::coupling::fail(c, agreement, &why, tries, now + NOT_READY_MS, now)
                    .map_err(Error::from)
            })
            .await
    }

    /// Whoever made calls in an earlier round is gone: nobody knows what became
    /// of them.
    async fn doubt(&self, terms: &Terms) -> Result<(), Error> {
        let (terms, now) = (terms.clone(), self.now());
        self.0
            .db
            .write(move |c| {
                for (id, _) in store::exchange::due(c, terms.agreement.id, now, MOST_LINKS)? {
                    let Some(mut link) = store::exchange::load(c, id)? else {
                        continue;
                    };
                    let sent: Vec<u64> = link
                        .tie
                        .calls
                        .iter()
                        .filter(|call| matches!(call.state, CallState::Sent { .. }))
                        .map(|call| call.number)
                        .collect();
                    if sent.is_empty() {
                        continue;
                    }
                    for call in sent {
                        let step = terms.step(&mut link, TieInput::Lost(call), &[], now);
                        put_off(&mut link, &step);
                    }
                    keep(c, &mut link, now)?;
                }
                Ok(())
            })
            .await
    }

    /// Reads what happened there since, and carries it into the tickets. The
    /// cursor moves when all of that is recorded: what is read twice is known by
    /// its number.
    async fn read_system(&self, round: &Round<'_>) -> Result<Option<Trouble>, Error> {
        let (terms, tracker, now) = (round.terms, round.tracker, self.now());
        let c = &terms.coupling;
        let over = c.read_at.is_none_or(|at| now < at || now - at >= c.poll_ms);
        let woken = c.woken_at.is_some();
        if woken {
            let agreement = terms.agreement.id;
            self.0
                .db
                .write(move |c| store::coupling::awake(c, agreement).map_err(Error::from))
                .await?;
        }
        let mut cursor: Cursor = match &c.reading {
            Some(json) => serde_json::from_str(json)
                .map_err(|e| Error::Internal(format!("how far a system was read: {e}")))?,
            None => match tracker.newest().await {
                Ok(cursor) => {
                    // Before anything is made there.
                    self.read_up_to(terms, &cursor).await?;
                    return Ok(None);
                }
                Err(e) => return Ok(Some(Trouble::of(&e))),
            },
        };
        if !over && !woken && c.tries == 0 {
            return Ok(None);
        }
        loop {
            let found = match tracker.changes(&cursor).await {
                Ok(found) => found,
                Err(e) => return Ok(Some(Trouble::of(&e))),
            };
            let mut by_link: BTreeMap<Uuid, Vec<RemoteChange>> = BTreeMap::new();
            let (asked, items) = (terms.clone(), found.items.clone());
            let (ours, strange) = self
                .0
                .db
                .read(move |c| {
                    let strange = opened::strange(c, &asked, &items)?;
                    let agreement = asked.agreement.id;
                    let mut ours = Vec::new();
                    for change in items {
                        for link in store::exchange::by_number(c, agreement, &change.ticket)? {
                            ours.push((link, change.clone()));
                        }
                    }
                    Ok::<_, Error>((ours, strange))
                })
                .await?;
            // What happened to it since is read with it as a whole.
            let mut taking: Vec<Work<'_>> = Vec::new();
            for number in &strange {
                taking.push(self.take_over(terms, tracker, number).boxed());
            }
            if let Some(trouble) = some_at_once(taking).await? {
                return Ok(Some(trouble));
            }
            for (link, change) in ours {
                by_link.entry(link).or_default().push(change);
            }
            let mut hearing: Vec<Work<'_>> = Vec::new();
            for (link, changes) in &by_link {
                hearing.push(self.hear_link(round, *link, changes, None).boxed());
            }
            if let Some(trouble) = some_at_once(hearing).await? {
                return Ok(Some(trouble));
            }
            cursor = found.cursor;
            self.read_up_to(terms, &cursor).await?;
            if !found.more {
                return Ok(None);
            }
        }
    }

    async fn read_up_to(&self, terms: &Terms, cursor: &Cursor) -> Result<(), Error> {
        let json = serde_json::to_string(cursor)
            .map_err(|e| Error::Internal(format!("how far a system was read: {e}")))?;
        let (agreement, now) = (terms.agreement.id, self.now());
        self.0
            .db
            .write(move |c| {
                store::coupling::set_reading(c, agreement, &json, now).map_err(Error::from)
            })
            .await
    }

    /// Reads what came with changes of one ticket there, and records it.
    async fn hear_link(
        &self,
        round: &Round<'_>,
        id: Uuid,
        changes: &[RemoteChange],
        whole: Option<Millis>,
    ) -> Result<Option<Trouble>, Error> {
        let loaded = self
            .0
            .db
            .read(move |c| {
                let Some(link) = store::exchange::load(c, id)? else {
                    return Ok(None);
                };
                let requesters = match store::ticket::load(c, link.ticket)? {
                    Some(ticket) => store::person::emails(c, ticket.requester)?
                        .into_iter()
                        .map(|(address, _)| address)
                        .collect(),
                    None => Vec::new(),
                };
                Ok::<_, Error>(Some((link, requesters)))
            })
            .await?;
        let Some((link, requesters)) = loaded else {
            return Ok(None);
        };
        let terms = round.terms;
        let mut ear = Ear {
            terms,
            link: &link,
            requesters,
            give_up: terms.coupling.tries >= TRIES,
            places: &round.places,
            there: Once::default(),
        };
        match self.hear(round.tracker, &mut ear, changes).await {
            Ok(heard) => {
                self.record_heard(terms, id, heard, whole).await?;
                Ok(None)
            }
            Err(trouble) => Ok(Some(trouble)),
        }
    }

    async fn record_heard(
        &self,
        terms: &Terms,
        id: Uuid,
        heard: Heard,
        whole: Option<Millis>,
    ) -> Result<(), Error> {
        let (desk, terms, catalogue) = (self.clone(), terms.clone(), self.catalogue().await?);
        let now = self.now();
        let live = self
            .0
            .db
            .write(move |c| {
                let mut heard = heard.clone();
                // What happened here has happened before what came: a value that was
                // set here and not followed yet would be overwritten in silence.
                let mut live = catch_up(c, &desk, &catalogue, now)?;
                let Some(mut link) = store::exchange::load(c, id)? else {
                    return Ok(live);
                };
                for change in &mut heard.changes {
                    if let (RemoteDeed::Opened { shared, .. }, Some(marker)) =
                        (&mut change.what, &change.marker)
                    {
                        *shared = made_for(c, &terms, marker)?;
                    }
                    if let RemoteDeed::Merged { into, shared } = &mut change.what {
                        let others = store::exchange::by_number(c, terms.agreement.id, into)?;
                        if let Some(other) = others.into_iter().find(|other| *other != id)
                            && let Some(other) = store::exchange::load(c, other)?
                        {
                            *shared = Some(other.shared.ticket().clone());
                        }
                    }
                }
                for (number, why) in heard.unread {
                    if link.tie.read.insert(number) {
                        let dead = Dead {
                            id: desk.uuid(),
                            link: id,
                            way: Went::In,
                            call: None,
                            there: Some(number.to_string()),
                            what: "Something that was written there".to_owned(),
                            why,
                            at: now,
                        };
                        store::exchange::bury(c, &dead)?;
                    }
                }
                if let Some(owner) = heard.owner {
                    link.owner_there = owner;
                }
                if let Some(queue) = heard.queue {
                    let agreed = terms.agreement.queue.as_deref().unwrap_or_default();
                    let elsewhere = !queue.eq_ignore_ascii_case(agreed.trim());
                    let now_there = elsewhere.then(|| queue.clone());
                    if link.queue_there != now_there {
                        link.queue_there = now_there;
                        let what = format!("Moved there to “{queue}”");
                        note(c, &desk, id, Went::In, what, None)?;
                    }
                }
                let fresh = heard.changes.iter();
                let fresh = fresh.filter(|ch| !ch.ours && !link.tie.read.contains(&ch.id));
                curve::took(c, terms.agreement.id, fresh.map(|ch| ch.at), now)?;
                let private = match store::ticket::load(c, link.ticket)? {
                    Some(ticket) => private(c, &ticket)?,
                    None => Vec::new(),
                };
                let input = TieInput::Read {
                    changes: heard.changes,
                    whole,
                };
                let step = terms.step(&mut link, input, &private, now);
                put_off(&mut link, &step);
                let taking = Taking {
                    desk: &desk,
                    catalogue: &catalogue,
                    terms: &terms,
                    ticket: link.ticket,
                };
                live.extend(taking.take(c, &mut link, &step)?);
                if let Some(seen) = &heard.links {
                    live.extend(taking.links(c, &mut link, seen)?);
                }
                link.due_at = Some(now).filter(|_| !link.tie.is_at_rest());
                keep(c, &mut link, now)?;
                Ok::<_, Error>(live)
            })
            .await?;
        self.announce(live);
        Ok(())
    }

    /// Does what waits: of one ticket in its order, of some tickets beside each other. Those
    /// that have yet to be made there are made one after the other, so that their numbers
    /// there rise as they do here. When there is trouble, what was begun is ended: a call
    /// that is left is in doubt.
    async fn do_links(&self, round: &Round<'_>) -> Result<Option<Trouble>, Error> {
        let (agreement, now) = (round.terms.agreement.id, self.now());
        let due = self
            .0
            .db
            .read(move |c| store::exchange::due(c, agreement, now, MOST_LINKS).map_err(Error::from))
            .await?;
        let (known, new): (Vec<_>, Vec<_>) = due.into_iter().partition(|(_, there)| *there);
        let known = known.into_iter().map(|one| vec![one]);
        let mut doing: Vec<Work<'_>> = Vec::new();
        for some in [new].into_iter().chain(known) {
            doing.push(self.do_some(round, some).boxed());
        }
        let mut doing = stream::iter(doing).buffer_unordered(AT_ONCE);
        let (mut trouble, mut failed) = (None, None);
        while let Some(done) = doing.next().await {
            match done {
                Ok(done) => trouble = trouble.or(done),
                Err(error) => {
                    round.over.store(true, Ordering::Relaxed);
                    failed = failed.or(Some(error));
                }
            }
        }
        failed.map_or(Ok(trouble), Err)
    }

    /// Of some links one after the other.
    async fn do_some(
        &self,
        round: &Round<'_>,
        some: Vec<(Uuid, bool)>,
    ) -> Result<Option<Trouble>, Error> {
        for (id, _) in some {
            if let Drove::Down(trouble) = self.do_link(round, id).await? {
                round.over.store(true, Ordering::Relaxed);
                return Ok(Some(trouble));
            }
        }
        Ok(None)
    }

    async fn do_link(&self, round: &Round<'_>, id: Uuid) -> Result<Drove, Error> {
        for _ in 0..MOST_CALLS {
            if round.is_over() {
                break;
            }
            let step = self
                .next_step(round.terms, id, TieInput::Tick, true)
                .await?;
            if let Some(look) = &step.look {
                match self.look(round, id, look).await? {
                    Some(trouble) => {
                        self.was_not_done(id, &step, trouble.unheard).await?;
                        return Ok(Drove::Down(trouble));
                    }
                    None if step.call.is_none() => continue,
                    None => {}
                }
            }
            let Some(call) = &step.call else { break };
            if let Some(end) = self.do_call(round, id, call).await? {
                return Ok(end);
            }
        }
        Ok(Drove::Fine)
    }

    /// What a step wanted was not done: its call was not made, and of what was not heard
    /// because the line broke nothing is known. Else it would be waited for as if it was.
    async fn was_not_done(&self, id: Uuid, step: &TieStep, unheard: bool) -> Result<(), Error> {
        let left = TieStep {
            call: step.call.clone(),
            look: step.look.clone().filter(|_| unheard),
            ..TieStep::default()
        };
        let now = self.now();
        self.0
            .db
            .write(move |c| {
                if let Some(mut link) = store::exchange::load(c, id)? {
                    put_off(&mut link, &left);
                    keep(c, &mut link, now)?;
                }
                Ok(())
            })
            .await
    }

    /// Takes an input in and records what follows; what is to be called is given
    /// back, recorded as sent when it is made now (`calls`), else as waiting.
    async fn next_step(
        &self,
        terms: &Terms,
        id: Uuid,
        input: TieInput,
        calls: bool,
    ) -> Result<TieStep, Error> {
        let (terms, now) = (terms.clone(), self.now());
        self.0
            .db
            .write(move |c| {
                let Some(mut link) = store::exchange::load(c, id)? else {
                    return Ok(TieStep::default());
                };
                let step = terms.step(&mut link, input.clone(), &[], now);
                let busy = step.call.is_some() || step.look.is_some();
                if !calls {
                    put_off(&mut link, &step);
                }
                link.due_at = if busy {
                    Some(now)
                } else if link.tie.is_at_rest() || stuck(&link.tie.calls, link.tie.there.is_some())
                {
                    None
                } else {
                    let due = link.tie.due_at(&terms.manner.polling);
                    Some(due.unwrap_or(now + AGAIN_MS).max(now + 1))
                };
                keep(c, &mut link, now)?;
                Ok::<_, Error>(step)
            })
            .await
    }

    /// Reads a ticket there as a whole.
    async fn look(
        &self,
        round: &Round<'_>,
        id: Uuid,
        look: &LookFor,
    ) -> Result<Option<Trouble>, Error> {
        let asked = self.now();
        match look {
            // The call looks for what it made before it makes anything: it is
            // settled by now, so it can be made again.
            LookFor::Marker(_) => {
                self.next_step(round.terms, id, TieInput::NotMade(asked), false)
                    .await?;
                Ok(None)
            }
            LookFor::Ticket(there) => match round.tracker.history(there).await {
                Ok(changes) => self.hear_link(round, id, &changes, Some(asked)).await,
                Err(e) => Ok(Some(Trouble::of(&e))),
            },
        }
    }

    /// Makes one call and records its answer. `Some`: the link's part of the
    /// round is over.
    async fn do_call(
        &self,
        round: &Round<'_>,
        id: Uuid,
        call: &Call,
    ) -> Result<Option<Drove>, Error> {
        let link = self
            .0
            .db
            .read(move |c| store::exchange::load(c, id).map_err(Error::from))
            .await?;
        let Some(link) = link else {
            return Ok(Some(Drove::Fine));
        };
        let (terms, tracker) = (round.terms, round.tracker);
        let is_tie = matches!(&call.what, What::Set { field, .. } if *field == ties());
        let tying = match is_tie {
            true => Some(round.tying.lock().await),
            false => None,
        };
        let ready = self.ready_call(terms, &link, call).await?;
        let called = self.make_call(terms, tracker, call, ready).await;
        drop(tying);
        if let (true, Some(there)) = (called.gone, &link.tie.there)
            && let Ok(gone) = RemoteChange::gone(there, self.now())
        {
            // What was said here stays here, and nothing is tried again.
            let trouble = self.hear_link(round, id, &[gone], None).await?;
            return Ok(Some(trouble.map_or(Drove::Fine, Drove::Down)));
        }
        self.record_called(terms, id, call, called).await
    }

    async fn record_called(
        &self,
        terms: &Terms,
        id: Uuid,
        call: &Call,
        called: Called,
    ) -> Result<Option<Drove>, Error> {
        let (desk, terms, call, now) = (self.clone(), terms.clone(), call.clone(), self.now());
        let dice = self.uuid();
        self.0
            .db
            .write(move |c| {
                let Some(mut link) = store::exchange::load(c, id)? else {
                    return Ok(Some(Drove::Fine));
                };
                let mut input = called.input.clone();
                let mut end = None;
                match (&called.error, called.down.clone()) {
                    (None, _) => {
                        (link.tries, link.error, link.error_at) = (0, None, None);
                        if let Some(went) = &called.went {
                            link.sent_at = Some(now);
                            note(c, &desk, id, Went::Out, went.clone(), called.there.clone())?;
                            curve::sent(c, terms.agreement.id, now)?;
                        }
                    }
                    (Some(why), down) => {
                        link.error = Some(why.clone());
                        link.error_at = Some(now);
                        let refused = matches!(
                            &input,
                            TieInput::Answered {
                                answer: Answer::Refused(_),
                                ..
                            }
                        );
                        if let Some(trouble) = down {
                            // It is not this link's fault, and does not count.
                            end = Some(Drove::Down(trouble));
                        } else if !refused {
                            link.tries += 1;
                            end = Some(Drove::Fine);
                            if link.tries >= TRIES {
                                let why = format!("Given up after {TRIES} tries: {why}");
                                input = TieInput::Answered {
                                    call: call.number,
                                    answer: Answer::Refused(why),
                                };
                            }
                        }
                    }
                }
                if let TieInput::Answered {
                    answer: Answer::Refused(why),
                    ..
                } = &input
                {
                    bury(
                        c,
                        &desk,
                        id,
                        Some(&call),
                        title(&call.what),
                        why.clone(),
                        now,
                    )?;
                    link.tries = 0;
                }
                for lost in called.not_taken.clone() {
                    let what = format!("{}: a part of it", title(&call.what));
                    bury(c, &desk, id, None, what, lost, now)?;
                }
                let step = terms.step(&mut link, input, &[], now);
                put_off(&mut link, &step);
                link.due_at = match &end {
                    Some(Drove::Fine) => {
                        let before = (link.tries - 1).max(0);
                        let again = now + backoff(AGAIN_CALL_MS, before, None, dice);
                        // While it is in doubt it is not made again.
                        let settled = link.tie.due_at(&terms.manner.polling);
                        Some(settled.map_or(again, |settled| settled.max(again)))
                    }
                    _ => Some(now),
                };
                keep(c, &mut link, now)?;
                Ok::<_, Error>(end)
            })
            .await
    }

    /// Notes how a round ended and when the next begins.
    async fn end_round(
        &self,
        terms: &Terms,
        trouble: Option<Trouble>,
        began: Millis,
    ) -> Result<(), Error> {
        let (agreement, now, dice) = (terms.agreement.id, self.now(), self.uuid());
        let (tries, poll_ms) = (terms.coupling.tries, terms.coupling.poll_ms);
        self.0
            .db
            .write(move |c| {
                match &trouble {
                    Some(trouble) => {
                        // Where something went through, the line is bad and not dead:
                        // the patience for a dead one would hold up everything else.
                        let sums = store::exchange::sums(c, agreement)?;
                        let read = store::coupling::load(c, agreement)?.and_then(|c| c.read_at);
                        let last = sums.sent_at.max(sums.came_at).max(read);
                        let tries = if last.is_some_and(|at| at >= began) {
                            0
                        } else {
                            tries
                        };
                        let next = now + backoff(AGAIN_SYSTEM_MS, tries, trouble.after, dice);
                        store::coupling::fail(c, agreement, &trouble.why, tries + 1, next, now)?;
                    }
                    None => {
                        let coupling = store::coupling::load(c, agreement)?;
                        let read = coupling.as_ref().and_then(|c| c.read_at);
                        let poll = read.unwrap_or(now) + poll_ms;
                        let due = store::exchange::next_due(c, agreement)?;
                        // Said while it was being read: it may not have been seen.
                        let woken = coupling.and_then(|c| c.woken_at);
                        let woken = woken.map(|_| wake::soonest(read, now));
                        let next = due.into_iter().chain(woken).fold(poll, Millis::min);
                        store::coupling::rest(c, agreement, next)?;
                    }
                }
                Ok(())
            })
            .await
    }
}
