//! What mails about tickets say: the fields of their texts, as far as their readers may
//! read what stands in them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use store::Conn;
use store::event::Event;
use switchboard_core::notify::{Notice, Reason, Recipient, Told};
use switchboard_core::ticket::Hold;
use switchboard_core::timer::{Due, TargetDue};
use switchboard_core::{
    Change, EntryId, EntryVisibility, Millis, PersonId, Status, TargetKind, Ticket, TicketNumber,
    Tlp,
};
use uuid::Uuid;

use crate::act::clip;
use crate::mail_text::{Kind, Values, priority_words, status_words};
use crate::portal::Portal;
use crate::{Catalogue, Desk, Error};

/// Reads only what the requester reads.
pub(super) fn outside(reason: Reason) -> bool {
    matches!(reason, Reason::Requester | Reason::Cc | Reason::Subscriber)
}

/// Longest text of entries in a mail, in octets; the whole is on the ticket's page.
const MAX_QUOTED: usize = 160 << 10;

/// What a mail is about: what one cause did to one ticket.
#[derive(Clone, Copy)]
pub(super) struct Telling<'a> {
    pub(super) desk: &'a Desk,
    pub(super) catalogue: &'a Catalogue,
    /// As it was after the events.
    pub(super) ticket: &'a Ticket,
    pub(super) events: &'a [&'a Event],
}

/// The narrowest label of what a mail tells of: the ticket's own, then and now, as
/// somebody may have narrowed it since; and its master's when words of the master are
/// in it.
pub(super) fn label_of(
    c: &mut Conn<'_>,
    ticket: &Ticket,
    events: &[&Event],
) -> Result<Option<Tlp>, Error> {
    let now = store::ticket::load(c, ticket.number)?.and_then(|t| t.label());
    let mut label = ticket.label().max(now);
    for event in events {
        if let Change::MasterEntry { master, .. } = &event.change {
            let masters = store::ticket::load(c, *master)?.and_then(|m| m.label());
            label = label.max(masters);
        }
    }
    Ok(label)
}

/// The subject of a mail about a ticket: its number first, as people script on it, and
/// its label.
pub(crate) fn subject(number: TicketNumber, label: Option<Tlp>, words: &str) -> String {
    match label {
        Some(tlp) => {
            let bare = mail::bare_subject(words);
            mail::subject_with_tag(number, &format!("[{}] {bare}", tlp.label()))
        }
        None => mail::subject_with_tag(number, words),
    }
}

/// A ticket in a mail that gathers. Of a marked one not even its subject.
pub(crate) fn gathered_line(ticket: &Ticket, what: &str, link: &str) -> String {
    let subject = match ticket.label() {
        Some(tlp) => format!("[{}]", tlp.label()),
        None => ticket.subject.clone(),
    };
    format!("#{}  {subject}\n    {what}\n    {link}", ticket.number)
}

/// Its text tells what happened to a ticket; the other mails are letters.
pub(crate) fn is_notice(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Answer | Kind::Work | Kind::Received | Kind::Restricted | Kind::Digest
    )
}

/// What stands in the fields of a notice's text for its preview: as the last thing is told that
/// its readers are told of, and the label that holds for that.
///
/// # Errors
/// When the database can not be read.
pub(crate) fn sample(
    c: &mut Conn<'_>,
    (desk, catalogue): (&Desk, &Catalogue),
    ticket: &Ticket,
    kind: Kind,
    language: &str,
    name: &str,
) -> Result<(Values, Option<Tlp>), Error> {
    let reason = match kind {
        Kind::Work => Reason::Unit,
        _ => Reason::Requester,
    };
    let events = match kind {
        Kind::Answer | Kind::Work => store::event::of_ticket(c, ticket.number, 0, ticket.version)?,
        _ => Vec::new(),
    };
    let is_told = |event: &Event| match Told::of(&event.change) {
        Some(Told::Opened | Told::Entry | Told::Asked | Told::Solution) => true,
        Some(_) => kind == Kind::Work,
        None => false,
    };
    let last = events.iter().rev().find(|e| is_told(e)).map(|e| e.cause);
    let group: Vec<&Event> = events.iter().filter(|e| Some(e.cause) == last).collect();
    let telling = Telling {
        desk,
        catalogue,
        ticket,
        events: &group,
    };
    let label = label_of(c, ticket, &group)?;
    // A sample opens nothing for anybody: its link needs a sign-in.
    let mut values = match kind {
        Kind::Answer | Kind::Work => {
            let kinds: BTreeSet<Told> = group.iter().filter_map(|e| Told::of(&e.change)).collect();
            let notice = Notice {
                to: Recipient::Person(PersonId(Uuid::nil())),
                reason,
                kinds,
            };
            let mut values = telling.values(c, &notice, None, language)?;
            // Those who were put on it or follow it have one; a sample takes nobody off.
            values.insert("stop", String::new());
            values
        }
        // Where it is not marked, as if it were.
        Kind::Restricted => telling.bare_values(Some(label.unwrap_or(Tlp::Red)), reason, None),
        _ if kind != Kind::Digest => telling.bare_values(None, reason, None),
        _ => {
            let config = desk.config();
            let link = telling.link(reason, None);
            let what = told_words(Told::Entry, language);
            [
                ("text", gathered_line(ticket, what, &link)),
                ("link", format!("{}/account/mail", config.public_url)),
                ("desk", config.name.clone()),
            ]
            .into()
        }
    };
    if kind.fields().contains(&"name") {
        values.insert("name", name.to_owned());
    }
    Ok((values, label))
}

/// What happened, in a mail that gathers.
pub(crate) fn told_words(told: Told, language: &str) -> &'static str {
    let (english, german) = match told {
        Told::Opened => ("a new ticket", "ein neues Ticket"),
        Told::Assigned => ("given to the unit", "dem Team übergeben"),
        Told::Entry => ("somebody wrote", "jemand hat geschrieben"),
        Told::Asked => ("an answer is needed", "eine Antwort fehlt"),
        Told::Solution => ("solved or unsolved", "gelöst oder nicht gelöst"),
        Told::Reopened => ("reopened", "wieder geöffnet"),
        Told::Escalated => ("escalated", "eskaliert"),
        Told::Fields => ("changed", "geändert"),
        Told::Note => ("an internal note", "eine interne Notiz"),
        Told::Reminded => ("its time has come", "die Zeit ist um"),
    };
    if language == "de" { german } else { english }
}

impl Telling<'_> {
    /// The open portal by which the ticket came.
    fn portal(&self) -> Option<&Portal> {
        self.ticket
            .portal
            .and_then(|id| self.catalogue.portal(id))
            .filter(|portal| portal.active)
    }

    /// Before the paths of links for the requester's side: the address of the portal
    /// by which the ticket came, or the desk's. Both are configured.
    fn base(&self) -> String {
        self.portal().map_or_else(
            || self.desk.config().public_url.clone(),
            |portal| self.desk.portal_base(portal),
        )
    }

    /// Who writes: to the requester's side the portal by which the ticket came, as its
    /// pages are the portal's, too; else the desk.
    pub(super) fn sender(&self, reason: Reason) -> String {
        self.portal().filter(|_| outside(reason)).map_or_else(
            || self.desk.config().name.clone(),
            |portal| portal.name.clone(),
        )
    }

    /// Where somebody opens the ticket: on the requester's side without signing in.
    pub(super) fn link(&self, reason: Reason, person: Option<PersonId>) -> String {
        let number = self.ticket.number;
        match (outside(reason), person) {
            (true, Some(person)) => self.desk.follow_link_at(&self.base(), number, person),
            (true, None) => format!("{}/tickets/{number}", self.base()),
            (false, _) => format!("{}/work/{number}", self.desk.config().public_url),
        }
    }

    /// What a mail may say that tells nothing of the ticket.
    pub(super) fn bare_values(
        &self,
        label: Option<Tlp>,
        reason: Reason,
        person: Option<PersonId>,
    ) -> Values {
        let word = |say: fn(Tlp) -> &'static str| label.map_or_else(String::new, |t| say(t).into());
        [
            ("ticket", self.ticket.number.to_string()),
            ("link", self.link(reason, person)),
            ("label", word(Tlp::label)),
            ("label_meaning", word(Tlp::meaning)),
            ("desk", self.sender(reason)),
        ]
        .into()
    }

    /// What stands in the fields of a mail about a ticket.
    pub(super) fn values(
        &self,
        c: &mut Conn<'_>,
        notice: &Notice,
        person: Option<PersonId>,
        language: &str,
    ) -> Result<Values, Error> {
        let Telling {
            catalogue,
            ticket,
            events,
            ..
        } = *self;
        let inside = !outside(notice.reason);
        let german = language == "de";
        let who = events.first().map_or("", |e| e.actor_name.as_str());
        let mut texts: Vec<String> = Vec::new();
        let mut written: BTreeSet<EntryId> = BTreeSet::new();
        for event in events {
            let (id, public) = match &event.change {
                Change::EntryAdded { entry } => {
                    (entry.id, entry.visibility == EntryVisibility::Public)
                }
                Change::MasterEntry { entry, .. } => (*entry, true),
                _ => continue,
            };
            if (public || inside)
                && written.insert(id)
                && let Some(entry) = store::entry::load(c, id)?
                && (inside || entry.visibility == EntryVisibility::Public)
            {
                if !public {
                    texts.push(
                        if german {
                            "Interne Notiz, nur für das Support-Team:"
                        } else {
                            "Internal note, for the support side only:"
                        }
                        .to_owned(),
                    );
                }
                texts.push(entry.body);
            }
        }
        if notice.kinds.contains(&Told::Solution)
            && written.is_empty()
            && let Some(solution) = &ticket.solution
        {
            texts.push(solution.text.clone());
        }
        let dues = events.iter().filter_map(|e| match &e.change {
            Change::Reminded { due } => Some(*due),
            _ => None,
        });
        let targets: Vec<TargetDue> = dues
            .clone()
            .filter_map(|due| match due {
                Due::Target(due) => Some(due),
                _ => None,
            })
            .collect();
        // What is missed weighs more than what nearly is.
        let missed = targets.iter().find(|t| t.late).copied();
        let due = missed.map(Due::Target).or_else(|| dues.clone().next());
        if let Some(due) = due {
            texts.extend(reminding(c, ticket, due, language)?);
        }
        texts.extend(target_lines(catalogue, ticket, &targets, german));
        let mut text = texts.join("\n\n");
        if text.len() > MAX_QUOTED {
            text.truncate(clip(&text, MAX_QUOTED).len());
            text.push_str("\n\n[…]");
        }
        let changes: Vec<String> = events
            .iter()
            .filter_map(|e| change_line(catalogue, &e.change, language))
            .collect();
        let mut values = self.bare_values(ticket.label(), notice.reason, person);
        let solved = ticket.status == Status::Solved && notice.reason == Reason::Requester;
        let mut says = [const { String::new() }; 3];
        if solved {
            says = match person {
                Some(person) => {
                    let base = self.base();
                    let links = self.desk.solution_links(c, &base, ticket, person)?;
                    links.unwrap_or_default()
                }
                // A sample opens nothing for anybody.
                None => [(); 3].map(|()| self.link(notice.reason, None)),
            };
        }
        let [say_solved, say_not_solved, say_waiting] = says;
        values.extend([
            (
                "headline",
                headline(ticket, who, (&notice.kinds, due), notice.reason, german),
            ),
            ("text", text.trim_end().to_owned()),
            ("changes", changes.join("\n")),
            ("who", who.to_owned()),
            ("subject", ticket.subject.clone()),
            ("status", status_words(ticket.status, language).to_owned()),
            (
                "priority",
                priority_words(ticket.priority(), language).to_owned(),
            ),
            ("priority_reason", ticket.priority_reason().to_string()),
            ("unit", catalogue.unit_name(ticket.unit).to_owned()),
            ("solved", if solved { "yes" } else { "" }.to_owned()),
        ]);
        if inside {
            let on_duty = self.on_duty(c, notice.reason)?;
            values.insert("on_duty", on_duty.unwrap_or_default());
        } else {
            values.extend([
                ("say_solved", say_solved),
                ("say_not_solved", say_not_solved),
                ("say_waiting", say_waiting),
            ]);
        }
        Ok(values)
    }
}

impl Telling<'_> {
    /// Who looks after a ticket that nobody owns, for the others of the desk.
    fn on_duty(&self, c: &mut Conn<'_>, reason: Reason) -> Result<Option<String>, Error> {
        use Reason::{FirstLevel, FirstLevelDuty, Monitor, Unit};
        let others = matches!(reason, Unit | FirstLevel | FirstLevelDuty | Monitor);
        let unit = self.catalogue.unit(self.ticket.unit);
        match (unit, self.events.last()) {
            (Some(unit), Some(last)) if others && self.ticket.owner.is_none() => {
                crate::rota::name_on_duty(c, unit, last.at)
            }
            _ => Ok(None),
        }
    }
}

fn headline(
    ticket: &Ticket,
    who: &str,
    (kinds, due): (&BTreeSet<Told>, Option<Due>),
    reason: Reason,
    german: bool,
) -> String {
    let number = ticket.number;
    let (english, deutsch) = if kinds.contains(&Told::Opened) {
        match reason {
            Reason::Requester => (
                format!("We have your request. It is ticket {number}."),
                format!("Wir haben Ihre Anfrage. Sie hat die Nummer {number}."),
            ),
            _ => (
                format!("{who} opened ticket {number}."),
                format!("{who} hat Ticket {number} eröffnet."),
            ),
        }
    } else if kinds.contains(&Told::Solution) {
        match ticket.status {
            Status::Unsolved => (
                format!("{who} set ticket {number} unsolved."),
                format!("{who} hat Ticket {number} als nicht gelöst beendet."),
            ),
            _ => (
                format!("{who} solved ticket {number}."),
                format!("{who} hat Ticket {number} gelöst."),
            ),
        }
    } else if kinds.contains(&Told::Reopened) {
        (
            format!("{who} reopened ticket {number}."),
            format!("{who} hat Ticket {number} wieder geöffnet."),
        )
    } else if kinds.contains(&Told::Escalated) {
        (
            format!("{who} asks for attention to ticket {number}."),
            format!("{who} bittet um Aufmerksamkeit für Ticket {number}."),
        )
    } else if kinds.contains(&Told::Assigned) {
        (
            format!("Ticket {number} was given to your unit."),
            format!("Ticket {number} wurde Ihrem Team übergeben."),
        )
    } else if let Some(due) = due {
        reminding_headline(number, due)
    } else if kinds.contains(&Told::Asked) {
        (
            format!("{who} needs your answer to ticket {number}."),
            format!("{who} braucht Ihre Antwort zu Ticket {number}."),
        )
    } else if kinds.contains(&Told::Entry) {
        (
            format!("{who} wrote in ticket {number}:"),
            format!("{who} hat in Ticket {number} geschrieben:"),
        )
    } else if kinds.contains(&Told::Note) {
        (
            format!("{who} noted in ticket {number}:"),
            format!("{who} hat in Ticket {number} vermerkt:"),
        )
    } else {
        (
            format!("{who} changed ticket {number}."),
            format!("{who} hat Ticket {number} geändert."),
        )
    };
    if german { deutsch } else { english }
}

/// What time brings to mind, in one sentence: English, German.
fn reminding_headline(number: TicketNumber, due: Due) -> (String, String) {
    match due {
        Due::Answer { last: false, .. } => (
            format!("We still need your answer to ticket {number}."),
            format!("Wir brauchen noch Ihre Antwort zu Ticket {number}."),
        ),
        Due::Answer { last: true, .. } => (
            format!("We still need your answer to ticket {number}. This is the last reminder."),
            format!(
                "Wir brauchen noch Ihre Antwort zu Ticket {number}. Dies ist die letzte Erinnerung."
            ),
        ),
        Due::Unanswered { days } => (
            format!("Ticket {number} has waited {days} working days for its requester's answer."),
            format!("Ticket {number} wartet seit {days} Arbeitstagen auf eine Antwort."),
        ),
        Due::Target(TargetDue { late: false, .. }) => (
            format!("Ticket {number} is due soon."),
            format!("Ticket {number} wird bald fällig."),
        ),
        Due::Target(TargetDue { late: true, .. }) => (
            format!("Ticket {number} is overdue."),
            format!("Ticket {number} ist überfällig."),
        ),
        Due::Date { .. } => (
            format!("The day has come that was set for ticket {number}."),
            format!("Der Tag ist gekommen, der für Ticket {number} vorgemerkt war."),
        ),
        Due::Silent { days, last, .. } => (
            format!(
                "Ticket {number} has waited {days} working days for your site's answer.{}",
                if last {
                    " This is the last reminder."
                } else {
                    ""
                }
            ),
            format!(
                "Ticket {number} wartet seit {days} Arbeitstagen auf eine Antwort Ihres Standorts.{}",
                if last {
                    " Dies ist die letzte Erinnerung."
                } else {
                    ""
                }
            ),
        ),
        Due::Over { days } => (
            format!("Ticket {number} was closed: nobody objected for {days} working days."),
            format!("Ticket {number} ist geschlossen: {days} Arbeitstage lang kam kein Einwand."),
        ),
    }
}

/// The targets of which is told, one on each line, by the clock on the unit's wall.
fn target_lines(
    catalogue: &Catalogue,
    ticket: &Ticket,
    targets: &[TargetDue],
    german: bool,
) -> Option<String> {
    let zone = catalogue
        .unit(ticket.unit)
        .map_or("UTC", |unit| unit.doc.time_zone.as_str());
    let lines: Vec<String> = targets
        .iter()
        .map(|due| {
            let name = clock_words(due.clock, german);
            let at = wall(due.at, zone);
            match (due.late, german) {
                (true, false) => format!("{name}: was due {at}"),
                (true, true) => format!("{name}: war fällig {at}"),
                (false, false) => format!("{name}: due {at}"),
                (false, true) => format!("{name}: fällig {at}"),
            }
        })
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// The name of a clock.
fn clock_words(clock: TargetKind, german: bool) -> &'static str {
    match clock {
        _ if !german => clock.label(),
        TargetKind::Assignment => "Erste Zuweisung",
        TargetKind::Response => "Reaktion des Teams",
        TargetKind::Answer => "Erste Antwort eines Menschen",
        TargetKind::Reply => "Erste Antwort dessen, der es übernommen hat",
        TargetKind::Silence => "Längstes Schweigen",
        TargetKind::Solution => "Lösung",
    }
}

/// `2026-10-26 15:00 Europe/Prague`; a zone that is none is UTC.
fn wall(at: Millis, zone: &str) -> String {
    let at = Timestamp::from_millisecond(at).unwrap_or_default();
    let zone = if zone.is_empty() { "UTC" } else { zone };
    let there = at.in_tz(zone).or_else(|_| at.in_tz("UTC"));
    there.map_or_else(
        |_| at.to_string(),
        |there| format!("{} {zone}", there.strftime("%Y-%m-%d %H:%M")),
    )
}

/// What is said with it: what can be done, and what was asked.
fn reminding(
    c: &mut Conn<'_>,
    ticket: &Ticket,
    due: Due,
    language: &str,
) -> Result<Vec<String>, Error> {
    let (english, german) = match due {
        Due::Answer { last, .. } => (
            if last {
                "Please answer this mail, or write on the ticket's page. If no answer comes, the \
                 ticket may be ended without a solution; you can reopen it then."
            } else {
                "Please answer this mail, or write on the ticket's page: we can not go on without \
                 it."
            },
            if last {
                "Bitte antworten Sie auf diese Mail oder auf der Seite des Tickets. Kommt keine \
                 Antwort, kann das Ticket ohne Lösung beendet werden; Sie können es dann wieder \
                 öffnen."
            } else {
                "Bitte antworten Sie auf diese Mail oder auf der Seite des Tickets: Ohne Ihre \
                 Antwort geht es nicht weiter."
            },
        ),
        Due::Unanswered { .. } => (
            "Reminders did not help. You can set it unsolved, with the reason; its requester can \
             reopen it.",
            "Erinnerungen haben nicht geholfen. Sie können es mit einer Begründung als nicht gelöst \
             beenden; wer gefragt hat, kann es wieder öffnen.",
        ),
        Due::Target(TargetDue { late: false, .. }) => (
            "Three quarters of the time that was promised are used up.",
            "Drei Viertel der zugesagten Zeit sind um.",
        ),
        Due::Target(TargetDue { late: true, .. }) => (
            "What was promised is late. Whoever asked sees whose turn it is, and may ask for \
             attention.",
            "Was zugesagt war, ist überfällig. Wer gefragt hat, sieht, wer an der Reihe ist, und kann \
             um Aufmerksamkeit bitten.",
        ),
        Due::Date { .. } => (
            "Somebody wanted to look at it again now.",
            "Jemand wollte es jetzt wieder ansehen.",
        ),
        Due::Silent { .. } => (
            "Many sites were asked the same. Any public answer ends the reminders: also one that \
             says when you will have time.",
            "Viele Standorte wurden dasselbe gefragt. Jede öffentliche Antwort beendet die \
             Erinnerungen, auch eine, die sagt, wann Sie Zeit haben.",
        ),
        Due::Over { .. } => return Ok(Vec::new()),
    };
    let mut texts = vec![if language == "de" { german } else { english }.to_owned()];
    if let (Due::Date { .. }, Some(Hold::Reason { text })) = (due, &ticket.hold) {
        texts.push(text.clone());
    }
    if matches!(due, Due::Answer { .. })
        && let Some(question) = store::entry::last_answer(c, ticket.number)?
    {
        let (name, body) = (&question.author_name, question.body.trim());
        texts.push(if language == "de" {
            format!("{name} hatte geschrieben:\n\n{body}")
        } else {
            format!("{name} had written:\n\n{body}")
        });
    }
    Ok(texts)
}

/// A change as one line, when it can be told to everybody on the ticket.
fn change_line(catalogue: &Catalogue, change: &Change, language: &str) -> Option<String> {
    let german = language == "de";
    let unit = |id| {
        catalogue
            .unit(id)
            .map_or("(unknown unit)", |u| u.name.as_str())
    };
    let to = if german { "→" } else { "to" };
    let why = if german { "denn" } else { "because" };
    Some(match change {
        Change::StatusSet { old, new, .. } => format!(
            "Status: {} {to} {}",
            status_words(*old, language).to_lowercase(),
            status_words(*new, language).to_lowercase()
        ),
        Change::UnitSet { old, new, .. } => {
            let word = if german { "Team" } else { "Unit" };
            format!("{word}: {} {to} {}", unit(*old), unit(*new))
        }
        Change::PriorityOverruled { new: Some(new), .. } => format!(
            "{}: {}, {why}: {}",
            if german { "Priorität" } else { "Priority" },
            priority_words(new.priority, language).to_lowercase(),
            new.reason
        ),
        Change::Escalated { reason, .. } => {
            format!("{}: {reason}", if german { "Warum" } else { "Why" })
        }
        _ => return None,
    })
}
