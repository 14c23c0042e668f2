//! `/triage`: first level's board of what nobody has routed yet.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use desk::incident::Incident;
use desk::list::triage_filter;
use desk::view::Conversation;
use desk::{Catalogue, Error, TicketQuery};
use store::list::{Item, Sort};
use store::unit::Unit;
use switchboard_core::{Actor, Facts, Membership, Priority, TicketNumber};

use super::assets::Asset;
use super::clock;
use super::fault::Fault;
use super::frame::{Errors, Frame, Here, Room};
use super::pane::{issue_choices, link, service_choices};
use super::rota::DutyLine;
use super::text::{Prose, prose};
use super::thread::Lens;
use super::time::Dial;
use super::view::{Chip, Choice, ClockMark, FileView, Icon, Pages, PrioMark, TimeMark, Tone};
use super::visit::{Visit, encode};
use super::words::{Namer, channel_words, degrades_words, people_words, security_words};
use super::work::unit_names;
use super::workspace::TicketLink;

/// A unit that suits, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitSuggestion {
    /// `A`, `B`: the key behind `U`.
    pub letter: char,
    /// The unit's id.
    pub value: String,
    /// Its name.
    pub name: String,
    /// "The unit of B2SHARE. Response 1 wd."
    pub why: String,
    /// It works in another system.
    pub outside: bool,
    /// It is ticked.
    pub chosen: bool,
}

/// The ticket that is worked on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TriageCard {
    /// Its version.
    pub version: i64,
    /// What the requester wrote.
    pub body: Prose,
    /// Their files.
    pub files: Vec<FileView>,
    /// The facts of triage.
    pub facts: Vec<(String, String)>,
    /// Like it.
    pub similar: Vec<TicketLink>,
    /// Categories.
    pub categories: Vec<Choice>,
    /// What the rules give.
    pub rules: Priority,
    /// "medium: more than 5 users affected".
    pub rules_words: String,
    /// It was set by hand, and can go back to what the rules give.
    pub overruled: bool,
    /// The four, and which is ticked.
    pub priorities: Vec<(PrioMark, bool)>,
    /// Why another than the rules give.
    pub because: String,
    /// Units that suit.
    pub units: Vec<UnitSuggestion>,
    /// "318 active units, type to search."
    pub unit_words: String,
    /// A unit typed by name.
    pub unit: String,
    /// Services, by id.
    pub services: Vec<Choice>,
    /// Types of issue, by key.
    pub issue_types: Vec<Choice>,
    /// The reader's unit is a portal's own first level: it can pass the ticket
    /// on to that of the desk.
    pub pass_on: bool,
    /// A note that was typed.
    pub note: String,
    /// What was wrong.
    pub errors: Errors,
}

impl TriageCard {
    /// No suggestion is ticked, so the field for another unit counts.
    fn other_chosen(&self) -> bool {
        !self.units.iter().any(|u| u.chosen)
    }
}

/// New tickets that look like one incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentPane {
    /// The one they would belong to.
    pub lead: TicketLink,
    /// They.
    pub others: Vec<TicketLink>,
    /// "Same service, B2SHARE, and the words “login”, all since 09:10."
    pub words: String,
}

/// A ticket on the board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriageRow {
    /// Its number.
    pub number: i64,
    /// Where it is unfolded.
    pub href: String,
    /// What it weighs.
    pub prio: PrioMark,
    /// One line.
    pub subject: String,
    /// Who, which service, by what.
    pub words: String,
    /// First level's own target.
    pub clock: Option<ClockMark>,
    /// When it came.
    pub time: TimeMark,
    /// It is the one worked on.
    pub card: Option<Box<TriageCard>>,
}

/// The board.
#[derive(Debug, Clone, Template)]
#[template(path = "triage.html")]
pub struct TriagePage {
    /// Around it.
    pub frame: Frame,
    /// "14 new", "38 routed today".
    pub chips: Vec<Chip>,
    /// Who is on duty, of each first level unit with a rota.
    pub duty: Vec<DutyLine>,
    /// The clock that is due first.
    pub oldest: Option<ClockMark>,
    /// When the page was drawn, epoch milliseconds.
    pub now: i64,
    /// What looks like one incident; the largest.
    pub incident: Option<IncidentPane>,
    /// What is new, most urgent first.
    pub rows: Vec<TriageRow>,
    /// All units' names, to choose from.
    pub unit_names: Vec<String>,
    /// The way to the others.
    pub pages: Pages,
}

/// New tickets on a page of the board.
const PAGE: i64 = 50;

/// What was sent and could not be done, to be shown again.
#[derive(Debug)]
pub struct Again {
    /// The ticket.
    pub number: TicketNumber,
    /// What was typed, by field.
    pub typed: Vec<(String, String)>,
    /// What was wrong with it.
    pub errors: Errors,
}

impl Again {
    fn text(&self, name: &str) -> Option<&str> {
        self.typed
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// `GET /triage`.
pub async fn show(visit: Visit) -> Response {
    let result = board(&visit, None).await;
    visit.close(result).await
}

/// Who may be here.
///
/// # Errors
/// For everybody who is not first level.
pub fn allowed(visit: &Visit) -> Result<&Actor, Fault> {
    let actor = visit.staff()?;
    if visit.may_triage() {
        Ok(actor)
    } else {
        Err(Fault::Desk(Error::Forbidden(
            "Only first level triages new tickets.".into(),
        )))
    }
}

/// Who is on duty on the reader's side of the board.
async fn duty(visit: &Visit, actor: &Actor, catalogue: &Catalogue) -> Result<Vec<DutyLine>, Fault> {
    let views = visit.desk.on_duty(actor).await?;
    let lines = views.iter().filter_map(|view| {
        let unit = catalogue.unit(view.unit)?;
        let portals = |m: &Membership| m.unit == unit.id && m.portal.is_some();
        let here = unit.first_level || actor.units.iter().any(portals);
        DutyLine::of(view, &unit.name, &unit.key, actor, &visit.dial).filter(|_| here)
    });
    Ok(lines.collect())
}

/// The board, with what could not be done unfolded.
///
/// # Errors
/// As [`allowed`], and when the database can not be read.
pub async fn board(visit: &Visit, again: Option<Again>) -> Result<Response, Fault> {
    let actor = allowed(visit)?;
    let catalogue = visit.desk.catalogue().await?;
    let (filter, sort) = triage_filter(actor);
    let after = visit.query("after");
    let page = visit
        .desk
        .tickets(
            actor,
            TicketQuery {
                filter,
                sort,
                cursor: Some(after.to_owned()).filter(|a| !a.is_empty()),
                limit: PAGE,
                ..TicketQuery::default()
            },
        )
        .await?;
    let asked = match &again {
        Some(again) => Some(again.number),
        None => visit.query("ticket").parse().ok().map(TicketNumber),
    };
    let open = asked
        .filter(|n| page.items.iter().any(|i| i.number == *n))
        .or(page.items.first().map(|i| i.number));
    let mut rows = Vec::new();
    for item in &page.items {
        let mut row = row(item, &catalogue, &visit.dial);
        if open == Some(item.number) {
            let again = again.as_ref().filter(|a| a.number == item.number);
            let card = card(visit, actor, &catalogue, item.number, again).await?;
            row.card = Some(Box::new(card));
        }
        rows.push(row);
    }
    let mut frame = visit.frame(Room::Staff, Here::Triage).await?;
    frame.live = Some("/live".to_owned());
    let count = frame.triage_count.unwrap_or(0);
    let status = if again.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    // Beside the first page; who reads on has seen it.
    let incident = if after.is_empty() {
        let found = visit.desk.incidents(actor).await?;
        found
            .into_iter()
            .next()
            .map(|i| incident(&catalogue, &visit.dial, i))
    } else {
        None
    };
    let page = TriagePage {
        frame,
        incident,
        chips: vec![Chip::with_icon(Tone::Plain, "tray", format!("{count} new"))],
        duty: duty(visit, actor, &catalogue).await?,
        oldest: soonest(visit, actor).await?,
        now: visit.dial.now,
        rows,
        unit_names: unit_names(&catalogue),
        pages: Pages {
            words: String::new(),
            newer: (!after.is_empty()).then(|| "/triage".to_owned()),
            older: page.next.map(|n| format!("/triage?after={}", encode(&n))),
        },
    };
    visit.page_as(status, &page)
}

/// The clock of the new ticket that is due first.
async fn soonest(visit: &Visit, actor: &Actor) -> Result<Option<ClockMark>, Fault> {
    let (filter, _) = triage_filter(actor);
    let query = TicketQuery {
        filter,
        sort: Sort::Due,
        limit: 1,
        ..TicketQuery::default()
    };
    let first = visit.desk.tickets(actor, query).await?.items.pop();
    Ok(first
        .and_then(|item| item.due)
        .map(|due| clock::first(&due, &visit.dial)))
}

/// Words one after the other: “a”, “b” and “c”.
fn listed(words: &[String]) -> String {
    let quoted: Vec<String> = words.iter().map(|w| format!("“{w}”")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn incident(catalogue: &Catalogue, dial: &Dial, found: Incident) -> IncidentPane {
    let service = catalogue
        .service_name(found.lead.service)
        .unwrap_or_default();
    IncidentPane {
        lead: link(&found.lead),
        others: found.others.iter().map(link).collect(),
        words: format!(
            "All ask about {service} with the words {}, since {}.",
            listed(&found.words),
            dial.moment_words(found.since)
        ),
    }
}

fn row(item: &Item, catalogue: &Catalogue, dial: &Dial) -> TriageRow {
    let service = catalogue
        .service_name(item.service)
        .unwrap_or("no service named");
    TriageRow {
        number: item.number.0,
        href: format!("/triage?ticket={}#open", item.number),
        prio: PrioMark::of(item.priority),
        subject: item.subject.clone(),
        words: format!("{}, {service}", item.requester_name),
        clock: item.due.as_ref().map(|due| clock::mark(due, dial)),
        time: dial.ago(item.created_at),
        card: None,
    }
}

async fn card(
    visit: &Visit,
    actor: &Actor,
    catalogue: &Catalogue,
    number: TicketNumber,
    again: Option<&Again>,
) -> Result<TriageCard, Fault> {
    let conversation = visit.desk.conversation(actor, number).await?;
    let ticket = &conversation.ticket;
    let typed = |name: &str, stored: &str| {
        again
            .and_then(|a| a.text(name))
            .unwrap_or(stored)
            .to_owned()
    };
    let category = typed("category", &ticket.category.key);
    let facts = Facts {
        category: category.clone(),
        ..ticket.state.facts.clone()
    };
    let (assessment, _) = visit.desk.explain(&facts).await?;
    let priority =
        Priority::parse(&typed("priority", ticket.priority.key())).unwrap_or(assessment.priority);
    let lens = Lens {
        dial: &visit.dial,
        namer: Namer {
            catalogue,
            people: &conversation.names,
            dial: &visit.dial,
        },
        staff: true,
        me: actor.person,
        entries_at: format!("/tickets/{number}/entries/"),
        files_at: "/attachments/".to_owned(),
    };
    let first = conversation.entries.first();
    let similar = visit.desk.similar(actor, &ticket.subject, 4).await?;
    let mut units = suggestions(catalogue, &conversation);
    let picked = again.and_then(|a| a.text("pick"));
    for (i, unit) in units.iter_mut().enumerate() {
        unit.chosen = picked.map_or(i == 0, |p| p == unit.value);
    }
    let service = ticket.service.as_ref().map_or("", |s| &s.key);
    let issue_type = ticket.issue_type.as_ref().map_or("", |t| &t.key);
    let active = catalogue.units.iter().filter(|u| u.active).count();
    Ok(TriageCard {
        version: ticket.version,
        body: first.map(|e| prose(&e.body)).unwrap_or_default(),
        files: first.map(|e| lens.entry(e).files).unwrap_or_default(),
        facts: vec![
            (
                "Asked".to_owned(),
                first
                    .map(|e| channel_words(&e.channel))
                    .unwrap_or_default()
                    .to_owned(),
            ),
            ("Affected".to_owned(), people_words(ticket.affected_users)),
            (
                "Service".to_owned(),
                degrades_words(ticket.degrades_service).to_owned(),
            ),
            (
                "Security".to_owned(),
                security_words(ticket.security_risk).to_owned(),
            ),
        ],
        similar: similar
            .iter()
            .filter(|i| i.number != number)
            .take(3)
            .map(link)
            .collect(),
        categories: Choice::list(
            catalogue
                .categories
                .iter()
                .map(|c| (c.key.as_str(), c.name.as_str())),
            &category,
        ),
        overruled: ticket.priority_overruled,
        rules: assessment.priority,
        rules_words: format!(
            "{}: {}",
            assessment.priority.label().to_lowercase(),
            assessment.because
        ),
        priorities: Priority::ALL
            .into_iter()
            .map(|p| (PrioMark::of(p), p == priority))
            .collect(),
        because: typed("because", ""),
        units,
        unit_words: format!("{active} active units, by name."),
        unit: typed("unit", ""),
        services: service_choices(catalogue, &typed("service", service)),
        issue_types: issue_choices(catalogue, None, &typed("issue_type", issue_type)),
        pass_on: ticket.state.portal.is_some()
            && catalogue.portal_of_unit(ticket.state.unit) == ticket.state.portal,
        note: typed("note", ""),
        errors: again.map(|a| a.errors.clone()).unwrap_or_default(),
    })
}

/// The two units that suit best: the service's, and those whose routing hints
/// stand in the text.
fn suggestions(catalogue: &Catalogue, conversation: &Conversation) -> Vec<UnitSuggestion> {
    let ticket = &conversation.ticket;
    let mut text = ticket.subject.to_lowercase();
    if let Some(entry) = conversation.entries.first() {
        text.push(' ');
        text.push_str(&entry.body.to_lowercase());
    }
    let of_service = ticket
        .state
        .service
        .and_then(|id| catalogue.service(id))
        .map(|s| (s.unit, s.name.clone()));
    let mut scored: Vec<(i64, &Unit, String)> = catalogue
        .units
        .iter()
        .filter(|u| u.active && !u.first_level)
        .filter_map(|unit| {
            let mut score = 0;
            let mut why = Vec::new();
            if let Some((id, name)) = &of_service
                && *id == unit.id
            {
                score += 100;
                why.push(format!("The unit of {name}."));
            }
            let mut words = Vec::new();
            for hint in &unit.doc.hints {
                for word in hint.words.iter().filter(|w| has_word(&text, w)) {
                    score += hint.weight;
                    if hint.weight > 0 {
                        words.push(format!("“{word}”"));
                    }
                }
            }
            if text.contains(&unit.name.to_lowercase()) {
                score += 20;
                why.push("Named in the text.".to_owned());
            }
            if !words.is_empty() {
                why.push(format!("Routing hint {}.", words.join(", ")));
            }
            why.push(format!("Level {}.", unit.level));
            (score > 0).then(|| (score, unit, why.join(" ")))
        })
        .collect();
    scored.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.name.cmp(&b.1.name)));
    scored
        .into_iter()
        .take(2)
        .zip(['A', 'B'])
        .map(|((_, unit, why), letter)| UnitSuggestion {
            letter,
            value: unit.key.clone(),
            name: unit.name.clone(),
            why,
            outside: false,
            chosen: false,
        })
        .collect()
}

/// Whether a text has a hint's word, not only a part of another one.
fn has_word(text: &str, word: &str) -> bool {
    let word = word.to_lowercase();
    !word.is_empty()
        && text.match_indices(&word).any(|(at, found)| {
            let before = text[..at].chars().next_back();
            let after = text[at + found.len()..].chars().next();
            !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
        })
}

#[cfg(test)]
mod tests {
    use super::has_word;

    #[test]
    fn a_hint_is_a_whole_word() {
        assert!(has_word("the upload of 38 gb", "Upload"));
        assert!(!has_word("uploaded", "upload"));
        assert!(!has_word("anything", ""));
        assert!(has_word("no disk quota, please", "disk quota"));
    }
}
