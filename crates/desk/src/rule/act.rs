//! Rules at work: set off by what happened, or by time.
//!
//! What happened is looked at by a follower, which stores what rules did in the
//! transaction that notes the events as followed: so each event sets a rule off once,
//! whatever crashes and however many nodes run. Time is looked at by the timer of each
//! ticket, and whenever something happens to it; what was done is marked in the same
//! transaction.

use std::collections::BTreeMap;

use store::Conn;
use store::event::Event;
use store::rule::{Run, Verdict};
use store::timer::Timer;
use switchboard_core::clock::Clocks;
use switchboard_core::rule::{Barrier, Clockwork, Happened, On, Post, Step, barrier};
use switchboard_core::timer::TimerKind;
use switchboard_core::working_time::{Calendar, DAY_MS, HOUR_MS};
use switchboard_core::{
    Access, Actor, Channel, Command, EntryVisibility, Millis, Query, Scene, Status, Ticket,
    TicketNumber, UnitId, Visibility,
};
use uuid::Uuid;

use super::{Known, known, subject, texts};
use crate::act::{
    EntryDraft, Planned, ReadyEntry, Step as Done, named_unit, plain, play, save, store_entry,
};
use crate::follow::by_cause;
use crate::letter::{self, About};
use crate::mail_text::Kind;
use crate::{Catalogue, Desk, Error, Live, audit, scene};

/// A rule that acts, ready to be set off.
pub(super) struct Ready<'a> {
    pub(super) rule: store::rule::Rule,
    pub(super) query: Query,
    pub(super) names: Known<'a>,
}

impl Ready<'_> {
    fn is_timed(&self) -> bool {
        self.rule.written.when.on.is_timed()
    }

    fn meets(&self, ticket: &Ticket, now: Millis) -> bool {
        self.query.meets(ticket, &self.names, now)
    }
}

/// The rules that act. One whose words mean nothing any more, as when a unit has another
/// name, is paused.
fn ready<'a>(
    c: &mut Conn<'_>,
    desk: &Desk,
    catalogue: &'a Catalogue,
    now: Millis,
) -> Result<Vec<Ready<'a>>, Error> {
    let mut all = Vec::new();
    for mut rule in store::rule::active(c)? {
        let query = match rule.written.query() {
            Ok(query) => query,
            Err(refusal) => {
                pause(c, desk, &mut rule, &refusal.to_string(), now)?;
                continue;
            }
        };
        match known(c, catalogue, &query) {
            Ok(names) => all.push(Ready { rule, query, names }),
            Err(Error::Invalid { problem, .. }) => {
                let why = format!("what it looks for can not be read any more: {problem}");
                pause(c, desk, &mut rule, &why, now)?;
            }
            Err(other) => return Err(other),
        }
    }
    Ok(all)
}

/// Whether a stretch of events may set any rule off; reads only.
///
/// # Errors
/// When the database can not be read.
pub(crate) fn may_set_off(c: &mut Conn<'_>, events: &[Event]) -> Result<bool, Error> {
    let rules = store::rule::active(c)?;
    if rules.iter().any(|rule| rule.written.when.on.is_timed()) {
        return Ok(true);
    }
    Ok(by_cause(events).values().any(|group| {
        let happened = Happened::of(group.iter().map(|e| &e.change));
        let mut rules = rules.iter();
        rules.any(|rule| rule.written.when.is_set_off(&happened))
    }))
}

/// Has the rules look at what happened. To be called in the transaction that notes the
/// events as followed.
///
/// # Errors
/// When the database can not be read or written.
pub(crate) fn carry(
    c: &mut Conn<'_>,
    desk: &Desk,
    catalogue: &Catalogue,
    events: &[Event],
    now: Millis,
) -> Result<Vec<Live>, Error> {
    let mut rules = ready(c, desk, catalogue, now)?;
    if rules.is_empty() {
        return Ok(Vec::new());
    }
    let mut live = Vec::new();
    let mut touched: BTreeMap<TicketNumber, Vec<i64>> = BTreeMap::new();
    for ((_, number), group) in by_cause(events) {
        let Some(last) = group.last() else { continue };
        let happened = Happened::of(group.iter().map(|e| &e.change));
        let by_desk = last.actor.is_none() && last.channel == Channel::Job.key();
        let chain = match by_desk {
            true => store::rule::chain_of(c, last.cause)?,
            false => Vec::new(),
        };
        for one in &mut rules {
            let rule = &one.rule;
            let sees = rule.active && rule.after_event < last.id;
            if !sees || !rule.written.when.is_set_off(&happened) {
                continue;
            }
            // Each sees what those before it did.
            let Some(ticket) = standing(c, number)? else {
                continue;
            };
            if !one.meets(&ticket, now)
                || store::rule::was_set_off(c, one.rule.number, number, last.cause)?
            {
                continue;
            }
            let by = By {
                event: Some((last.id, last.cause)),
                words: set_off_by(&one.rule.written.when.on, last),
            };
            live.extend(set_off(c, desk, catalogue, one, &ticket, &by, &chain, now)?);
        }
        let longest = touched.entry(number).or_default();
        if chain.len() > longest.len() {
            *longest = chain;
        }
    }
    if rules.iter().any(Ready::is_timed) {
        for (number, chain) in &touched {
            live.extend(look(c, desk, catalogue, &mut rules, (*number, chain), now)?);
        }
    }
    Ok(live)
}

/// A ticket as it stands, if it stands for itself.
fn standing(c: &mut Conn<'_>, number: TicketNumber) -> Result<Option<Ticket>, Error> {
    let ticket = store::ticket::load(c, number)?;
    Ok(ticket.filter(|ticket| ticket.merged_into().is_none()))
}

fn set_off_by(on: &On, event: &Event) -> String {
    let what = match on {
        On::Opened => "opened",
        On::Changed => "changed",
        On::RequesterAnswered | On::StaffAnswered => "answered",
        _ => "asked for attention",
    };
    let who = match event.actor {
        // Whoever it was: their name may have to go one day.
        Some(_) => "somebody",
        None => event.actor_name.as_str(),
    };
    format!("{who} {what} it")
}

/// The timer of a ticket has come: does what rules have to do on time, and sets the next.
///
/// # Errors
/// When the database can not be read or written.
pub(crate) fn time_has_come(
    c: &mut Conn<'_>,
    desk: &Desk,
    catalogue: &Catalogue,
    number: TicketNumber,
    now: Millis,
) -> Result<Vec<Live>, Error> {
    let mut rules = ready(c, desk, catalogue, now)?;
    look(c, desk, catalogue, &mut rules, (number, &[]), now)
}

/// The clocks of a ticket, and since when its requester waits.
struct Told {
    clocks: Option<Clocks>,
    asked: Option<Millis>,
}

fn told(c: &mut Conn<'_>, ticket: &Ticket) -> Result<Told, Error> {
    Ok(Told {
        clocks: store::ticket_clock::of_ticket(c, ticket.number)?,
        asked: match ticket.needs_reply {
            true => store::rule::asked_since(c, ticket.number)?,
            false => None,
        },
    })
}

/// The working days of the unit that has a ticket.
pub(crate) fn working_days(catalogue: &Catalogue, ticket: &Ticket) -> Calendar {
    catalogue.unit(ticket.unit).map_or_else(
        || Calendar::new("UTC", None, []),
        |unit| unit.doc.working_days(),
    )
}

/// When the time of a rule comes for a ticket, if it does and has not come yet.
pub(super) fn occasion(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    rule: &store::rule::Rule,
    ticket: &Ticket,
) -> Result<Option<switchboard_core::rule::Occasion>, Error> {
    let Told { clocks, asked } = told(c, ticket)?;
    let works = Clockwork {
        clocks: clocks.as_ref(),
        terms: catalogue.terms(),
        days: &|| working_days(catalogue, ticket),
        asked,
    };
    let Some(occasion) = rule.written.when.occasion(ticket, &works) else {
        return Ok(None);
    };
    let over = occasion.at < rule.began_at && !rule.written.catch_up;
    if over || store::rule::is_marked(c, rule.number, ticket.number, occasion.since)? {
        return Ok(None);
    }
    Ok(Some(occasion))
}

/// Looks at the time of a ticket. What has its time is done once the ticket meets the
/// query: it is looked at again whenever something happens to the ticket. A rule from
/// which it follows that something happened (`chain`) waits an hour.
fn look(
    c: &mut Conn<'_>,
    desk: &Desk,
    catalogue: &Catalogue,
    rules: &mut [Ready<'_>],
    (number, chain): (TicketNumber, &[i64]),
    now: Millis,
) -> Result<Vec<Live>, Error> {
    let (mut live, mut next) = (Vec::new(), None::<Millis>);
    let mut later = |at: Millis| next = Some(next.map_or(at, |next| next.min(at)));
    for one in rules.iter_mut().filter(|one| one.is_timed()) {
        if !one.rule.active {
            continue;
        }
        let Some(ticket) = standing(c, number)? else {
            break;
        };
        let Some(occasion) = occasion(c, catalogue, &one.rule, &ticket)? else {
            continue;
        };
        if occasion.at > now {
            later(occasion.at);
        } else if one.meets(&ticket, now) {
            if chain.contains(&one.rule.number) {
                later(now + HOUR_MS);
                continue;
            }
            store::rule::mark(c, one.rule.number, number, occasion.since)?;
            let by = By {
                event: None,
                words: "its time has come".to_owned(),
            };
            live.extend(set_off(c, desk, catalogue, one, &ticket, &by, chain, now)?);
        }
    }
    put_timer(c, number, next)?;
    Ok(live)
}

fn put_timer(c: &mut Conn<'_>, ticket: TicketNumber, at: Option<Millis>) -> Result<(), Error> {
    let kind = TimerKind::Rule;
    match at {
        Some(due_at) => store::timer::set(
            c,
            &Timer {
                ticket,
                kind,
                due_at,
            },
        )?,
        None => store::timer::stop(c, ticket, kind)?,
    }
    Ok(())
}

/// Brings the timer of a ticket in line with the rules, its calendar and its clocks; what
/// has its time already is looked at in the next round.
///
/// # Errors
/// When the database can not be read or written.
pub(crate) fn keep(c: &mut Conn<'_>, catalogue: &Catalogue, ticket: &Ticket) -> Result<(), Error> {
    let mut next = None;
    for rule in store::rule::active(c)? {
        if rule.written.when.on.is_timed()
            && let Some(occasion) = occasion(c, catalogue, &rule, ticket)?
        {
            next = Some(next.map_or(occasion.at, |next: Millis| next.min(occasion.at)));
        }
    }
    put_timer(c, ticket.number, next)
}

/// What set a rule off.
struct By {
    /// The event and its cause; `None`: time.
    event: Option<(i64, Uuid)>,
    words: String,
}

/// A rule is set off: it acts, unless something stands in its way, and what came of it is
/// noted.
#[expect(
    clippy::too_many_arguments,
    reason = "one transaction's worth of what is known, passed on as it is"
)]
fn set_off(
    c: &mut Conn<'_>,
    desk: &Desk,
    catalogue: &Catalogue,
    one: &mut Ready<'_>,
    ticket: &Ticket,
    by: &By,
    before: &[i64],
    now: Millis,
) -> Result<Vec<Live>, Error> {
    let (rule, number) = (&mut one.rule, ticket.number);
    let today = store::rule::acted(c, rule.number, number, now - 24 * HOUR_MS)?;
    let mut run = Run {
        number: 0,
        rule: rule.number,
        version: rule.version,
        ticket: number,
        at: now,
        event: by.event.map(|(event, _)| event),
        set_off: by.event.map(|(_, cause)| cause),
        cause: None,
        chain: before.iter().copied().chain([rule.number]).collect(),
        verdict: Verdict::Stopped,
        why: by.words.clone(),
        did: String::new(),
    };
    if let Some(barrier) = barrier(rule.number, before, today) {
        let why = barrier.words(number);
        run.why = format!("{}: {why}", run.why);
        store::rule::note(c, &run)?;
        if barrier == Barrier::Often {
            pause(c, desk, rule, &why, now)?;
        }
        return Ok(Vec::new());
    }
    let mut live = Vec::new();
    match tried(c, desk, catalogue, rule, ticket, now)? {
        // Things are as it wants them.
        Tried::Nothing => return Ok(live),
        Tried::Refused(why) => {
            run.verdict = Verdict::Refused;
            run.why = format!("{}: {why}", run.why);
        }
        Tried::Goes(goes) => {
            let cause = desk.uuid();
            (run.verdict, run.cause, run.did) = (Verdict::Acted, Some(cause), goes.did.join("\n"));
            live = goes.go(c, desk, catalogue, ticket, cause, now)?;
        }
    }
    store::rule::note(c, &run)?;
    Ok(live)
}

/// What a rule would do with a ticket.
pub(super) enum Tried {
    /// Nothing that is not so already.
    Nothing,
    /// The rules of tickets refuse it.
    Refused(String),
    /// It goes.
    Goes(Box<Goes>),
}

/// What a rule does with a ticket, as it was decided.
pub(super) struct Goes {
    actor: Actor,
    scenes: (Scene, Scene),
    all: Vec<switchboard_core::Caused>,
    entries: Vec<(ReadyEntry, Access)>,
    posts: Vec<Post>,
    /// In words, one for each thing.
    pub(super) did: Vec<String>,
}

/// Decides what a rule does with a ticket; writes nothing.
///
/// # Errors
/// When the database can not be read.
pub(super) fn tried(
    c: &mut Conn<'_>,
    desk: &Desk,
    catalogue: &Catalogue,
    rule: &store::rule::Rule,
    ticket: &Ticket,
    now: Millis,
) -> Result<Tried, Error> {
    let why = format!("Rule {}: {}", rule.number, rule.written.title);
    let values = texts::values(c, desk, catalogue, ticket, &rule.written.title)?;
    let fields = texts::fields();
    // It was checked when it was written; what is too long says nothing.
    let fill = |text: &str| mail::template::render(text, &fields, &values).unwrap_or_default();
    let later = |days: u32| {
        working_days(catalogue, ticket).after(now, Millis::from(days).saturating_mul(DAY_MS))
    };
    let steps = match rule.written.then.steps(ticket, &why, &fill, &later) {
        Ok(steps) => steps,
        Err(refusal) => return Ok(Tried::Refused(told_as(refusal.into())?)),
    };
    let actor = Actor {
        name: format!("Rule {}", rule.number),
        ..Actor::system(Channel::Job)
    };
    let units: Vec<UnitId> = steps
        .iter()
        .filter_map(|step| match step {
            Step::Command(command) => named_unit(command),
            _ => None,
        })
        .collect();
    let mut scene = scene::begin(c, catalogue, ticket.number, &units)?;
    let mut goes = Goes {
        scenes: (scene.clone(), Scene::default()),
        all: Vec::new(),
        entries: Vec::new(),
        posts: Vec::new(),
        did: Vec::new(),
        actor,
    };
    for step in steps {
        let words = said(catalogue, &step);
        let step = match step {
            Step::Mail(_) if ticket.visibility == Visibility::Restricted => {
                let why = "of a restricted ticket nothing is mailed by a rule";
                return Ok(Tried::Refused(why.to_owned()));
            }
            Step::Mail(post) => {
                goes.posts.push(post);
                goes.did.push(words);
                continue;
            }
            step => step,
        };
        let mut happens = false;
        let plan = done_by(step).into_iter().flat_map(|step| plain(desk, step));
        for Planned { command, entry } in plan {
            let access = Access::of(&goes.actor, &scene.tickets[&ticket.number]);
            let scenes = (&mut goes.scenes.0, &mut scene);
            let actor = &goes.actor;
            match play(c, catalogue, scenes, ticket.number, &command, actor, now) {
                Ok(caused) => {
                    happens |= !caused.is_empty();
                    goes.all.extend(caused);
                }
                Err(error) => return Ok(Tried::Refused(told_as(error)?)),
            }
            goes.entries.extend(entry.map(|entry| (entry, access)));
        }
        if happens {
            goes.did.push(words);
        }
    }
    if goes.did.is_empty() {
        return Ok(Tried::Nothing);
    }
    goes.scenes.1 = scene;
    Ok(Tried::Goes(Box::new(goes)))
}

/// Why the rules of tickets refuse something, in words.
///
/// # Errors
/// What is no refusal.
fn told_as(error: Error) -> Result<String, Error> {
    match error {
        Error::Invalid { problem: why, .. } | Error::Forbidden(why) | Error::Conflict(why) => {
            Ok(why)
        }
        other => Err(other),
    }
}

/// What is done with a ticket for a step; its mail is another matter.
pub(crate) fn done_by(step: Step) -> Vec<Done> {
    let entry = |body: String| EntryDraft {
        body,
        ..EntryDraft::default()
    };
    match step {
        Step::Command(command) => vec![Done::Command(command)],
        Step::Note(text) => vec![Done::Write(EntryVisibility::Internal, entry(text))],
        Step::Answer(status, text) => crate::held::steps(status, entry(text)),
        Step::Mail(_) => Vec::new(),
    }
}

/// A step in words.
pub(crate) fn said(catalogue: &Catalogue, step: &Step) -> String {
    let unit = |id: &UnitId| {
        let unit = catalogue.unit(*id);
        unit.map_or_else(|| "a unit".to_owned(), |u| u.name.clone())
    };
    let set = |status: Status| format!("set it {}", status.label().to_lowercase());
    match step {
        Step::Note(_) => "wrote an internal note".into(),
        Step::Answer(None, _) => "answered".into(),
        Step::Answer(Some(status), _) => format!("answered, and {}", set(*status)),
        Step::Mail(post) => format!("mailed {}", unit(&post.unit)),
        Step::Command(command) => match command {
            Command::SetFacts(facts) => format!("set the category {}", facts.category),
            Command::SetIssueType(kind) => {
                format!("set the type {}", kind.as_deref().unwrap_or("none"))
            }
            Command::SetTags(tags) => {
                let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
                format!("set the tags {}", tags.join(", "))
            }
            Command::Overrule { priority, .. } => format!("set the priority {}", priority.key()),
            Command::Assign { unit: id, .. } => format!("gave it to {}", unit(id)),
            Command::SetOwner { .. } => "gave it an owner".into(),
            Command::AddParty(_) => "added somebody".into(),
            Command::Hold { .. } => "put it on hold".into(),
            Command::Start => set(Status::InProgress),
            Command::Await { .. } => set(Status::Waiting),
            _ => "changed it".into(),
        },
    }
}

impl Goes {
    /// Stores it, and queues its mails.
    fn go(
        self,
        c: &mut Conn<'_>,
        desk: &Desk,
        catalogue: &Catalogue,
        ticket: &Ticket,
        cause: Uuid,
        now: Millis,
    ) -> Result<Vec<Live>, Error> {
        for (entry, access) in &self.entries {
            store_entry(c, ticket.number, entry, &self.actor, *access, now)?;
        }
        let scenes = (&self.scenes.0, &self.scenes.1);
        let live = save(c, catalogue, scenes, &self.all, &self.actor, cause, now)?;
        for post in &self.posts {
            mail_unit(c, desk, catalogue, ticket, post)?;
        }
        Ok(live)
    }
}

/// To the unit's list, or to its members where it has none.
fn mail_unit(
    c: &mut Conn<'_>,
    desk: &Desk,
    catalogue: &Catalogue,
    ticket: &Ticket,
    post: &Post,
) -> Result<(), Error> {
    let Some(unit) = catalogue.unit(post.unit) else {
        return Ok(());
    };
    let about = About {
        kind: Kind::Rule,
        // Not that of the change, of which they may get a mail, too.
        cause: desk.uuid(),
        ticket: Some(ticket.number),
    };
    let link = format!("{}/work/{}", desk.config().public_url, ticket.number);
    let values = || {
        [
            ("unit", unit.name.clone()),
            ("subject", ticket.subject.clone()),
            ("text", post.text.clone()),
            ("link", link.clone()),
        ]
        .into()
    };
    if let Some(list) = &unit.email {
        return letter::to_address(desk, c, (list, None), about, |_| values());
    }
    for member in store::unit::members(c, unit.id)? {
        if let Some(person) = store::person::load(c, member.person)? {
            letter::to_person(desk, c, &person, about, |_| values())?;
        }
    }
    Ok(())
}

/// Pauses a rule for a reason that administrators see, and tells who made it.
fn pause(
    c: &mut Conn<'_>,
    desk: &Desk,
    rule: &mut store::rule::Rule,
    why: &str,
    now: Millis,
) -> Result<(), Error> {
    rule.active = false;
    rule.why = Some(why.to_owned());
    rule.version += 1;
    store::rule::save(c, rule)?;
    let detail = serde_json::json!({"title": rule.written.title, "why": why});
    let desk_itself = Actor::system(Channel::Job);
    let what = "rule.paused";
    audit::record(c, &desk_itself, now, what, &subject(rule.number), &detail)?;
    let maker = match rule.maker {
        Some(maker) => store::person::load(c, maker)?,
        None => None,
    };
    if let Some(maker) = maker {
        let about = About::nothing_else(Kind::RulePaused, desk.uuid());
        let link = format!("{}/admin/rules/{}", desk.config().public_url, rule.number);
        letter::to_person(desk, c, &maker, about, |_| {
            [
                ("what", rule.written.title.clone()),
                ("reason", why.to_owned()),
                ("link", link),
            ]
            .into()
        })?;
    }
    Ok(())
}
