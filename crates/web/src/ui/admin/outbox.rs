//! `/admin/outbox`: mails that go out, what became of them, and the addresses at
//! which nothing arrives.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Error;
use store::outbox::{Filter, Posting};
use switchboard_core::TicketNumber;
use uuid::Uuid;

use crate::ui::assets::Asset;
use crate::ui::fault::Fault;
use crate::ui::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use crate::ui::posted::Posted;
use crate::ui::time::Dial;
use crate::ui::view::{Chip, Choice, Icon, Pages, TimeMark, Tone};
use crate::ui::visit::{Visit, encode};
use crate::ui::work_post::told;

/// A mail to one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailRow {
    /// Its id.
    pub id: String,
    /// When it was made.
    pub at: TimeMark,
    /// Where it goes.
    pub address: String,
    /// Its subject.
    pub subject: String,
    /// The ticket's page.
    pub ticket: Option<i64>,
    /// How it stands.
    pub state: Chip,
    /// More about that: the last answer, when it is tried again.
    pub about: Vec<String>,
    /// It can be tried again.
    pub may_retry: bool,
    /// It can be given up.
    pub may_give_up: bool,
}

/// How a state is shown.
pub(crate) fn chip(mail: &Posting) -> Chip {
    match mail.state.as_str() {
        "sent" if mail.error.is_some() => Chip::new(Tone::Warn, "Sent, late"),
        "sent" => Chip::new(Tone::Ok, "Sent"),
        "queued" => Chip::new(Tone::Plain, "Queued"),
        "sending" => Chip::new(Tone::Info, "Sending"),
        "deferred" => Chip::new(Tone::Warn, "Deferred"),
        "unknown" => Chip::new(Tone::Warn, "Unknown"),
        _ => Chip::new(Tone::Bad, "Failed"),
    }
}

/// What else there is to say of a mail.
pub(crate) fn about(mail: &Posting, dial: &Dial) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(why) = mail.error.as_ref().or(mail.answer.as_ref()) {
        all.push(why.clone());
    }
    if let Some(at) = mail.next_try {
        all.push(format!("Tried again: {}", dial.moment_words(at)));
    }
    match mail.attempts {
        0 => {}
        1 => all.push("Tried once".to_owned()),
        n => all.push(format!("Tried {n} times")),
    }
    if mail.uncertain > 0 {
        all.push("May have arrived more than once, under one Message-ID".to_owned());
    }
    all
}

impl MailRow {
    fn of(mail: Posting, dial: &Dial) -> MailRow {
        let over = matches!(mail.state.as_str(), "sent" | "failed" | "sending");
        MailRow {
            id: mail.id.to_string(),
            at: dial.moment(mail.created_at),
            state: chip(&mail),
            about: about(&mail, dial),
            ticket: mail.ticket.map(|n| n.0),
            may_retry: !matches!(mail.state.as_str(), "sent" | "sending") && mail.whole,
            may_give_up: !over,
            address: mail.address,
            subject: mail.subject,
        }
    }
}

/// An address at which nothing arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadRow {
    /// The address.
    pub address: String,
    /// Since when.
    pub since: TimeMark,
    /// What was said.
    pub why: String,
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/outbox.html")]
pub struct OutboxPage {
    /// Around it.
    pub frame: Frame,
    /// How it stands, in words.
    pub words: String,
    /// States to choose from.
    pub states: Vec<Choice>,
    /// The address asked for.
    pub address: String,
    /// The ticket asked for.
    pub ticket: String,
    /// What was found, newest first.
    pub rows: Vec<MailRow>,
    /// The way to older ones.
    pub pages: Pages,
    /// Addresses at which nothing arrives.
    pub dead: Vec<DeadRow>,
    /// What was wrong.
    pub errors: Errors,
    /// The mail whose reason was wrong.
    pub wrong: String,
}

/// Mails on a page.
const PAGE: i64 = 50;

const STATES: [(&str, &str); 8] = [
    ("", "All"),
    ("trouble", "Not arrived"),
    ("queued", "Queued"),
    ("sending", "Sending"),
    ("deferred", "Deferred"),
    ("unknown", "Unknown"),
    ("failed", "Failed"),
    ("sent", "Sent"),
];

/// `GET /admin/outbox`.
pub async fn show(visit: Visit) -> Response {
    let result = async { visit.page(&page(&visit, Errors::default(), String::new()).await?) }.await;
    visit.close(result).await
}

async fn page(visit: &Visit, wrong: Errors, which: String) -> Result<OutboxPage, Fault> {
    let actor = visit.admin()?;
    let (state, address, ticket) = (
        visit.query("state").trim(),
        visit.query("address").trim(),
        visit.query("ticket").trim(),
    );
    let mut errors = wrong;
    let known = STATES.iter().any(|(key, _)| *key == state);
    let mut filter = Filter {
        in_trouble: state == "trouble",
        state: Some(state.to_owned()).filter(|s| known && !matches!(s.as_str(), "" | "trouble")),
        address: Some(address.to_owned()).filter(|a| !a.is_empty()),
        before: Uuid::try_parse(visit.query("before")).ok(),
        ..Filter::default()
    };
    if !ticket.is_empty() {
        match ticket.trim_start_matches('#').parse() {
            Ok(number) => filter.ticket = Some(TicketNumber(number)),
            Err(_) => errors.add("ticket", "Give a ticket’s number."),
        }
    }
    let before = filter.before;
    let mut found = match visit.desk.outbox(actor, filter, PAGE + 1).await {
        Ok(found) => found,
        Err(Error::Invalid { field, problem }) => {
            errors.add(field, crate::ui::visit::sentence(&problem));
            Vec::new()
        }
        Err(other) => return Err(other.into()),
    };
    let more = i64::try_from(found.len()).unwrap_or(0) > PAGE;
    found.truncate(usize::try_from(PAGE).unwrap_or(0));
    let query = format!(
        "state={}&address={}&ticket={}",
        encode(state),
        encode(address),
        encode(ticket)
    );
    let older = found
        .last()
        .filter(|_| more)
        .map(|last| format!("/admin/outbox?{query}&before={}", last.id));
    let standing = visit.desk.outbox_standing().await?;
    let minutes = standing.oldest_waiting / 60_000;
    let words = match minutes {
        0 => "Nothing waits for longer than a minute.".to_owned(),
        1 => "The oldest mail on its way waits for a minute.".to_owned(),
        n if n < 120 => format!("The oldest mail on its way waits for {n} minutes."),
        n => format!("The oldest mail on its way waits for {} hours.", n / 60),
    };
    Ok(OutboxPage {
        words,
        states: Choice::list(STATES, state),
        address: address.to_owned(),
        ticket: ticket.to_owned(),
        rows: found
            .into_iter()
            .map(|mail| MailRow::of(mail, &visit.dial))
            .collect(),
        pages: Pages {
            words: String::new(),
            newer: before.map(|_| format!("/admin/outbox?{query}")),
            older,
        },
        dead: visit
            .desk
            .dead_addresses(actor)
            .await?
            .into_iter()
            .map(|one| DeadRow {
                address: one.address,
                since: visit.dial.ago(one.since),
                why: one.why,
            })
            .collect(),
        errors,
        wrong: which,
        frame: visit.frame(Room::Staff, Here::Admin).await?,
    })
}

/// `POST /admin/outbox`: try again, give up, take the mark from an address.
pub async fn act(posted: Posted) -> Response {
    let mut posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    posted.back_to("/admin/outbox");
    let result = deed(&posted).await;
    posted.visit.close(result).await
}

async fn deed(posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = visit.admin()?;
    let id = || Uuid::try_parse(posted.text("id")).map_err(|_| Fault::no_page());
    let done = match posted.text("do") {
        "retry" => visit
            .desk
            .retry_mail(actor, id()?)
            .await
            .map(|mail| format!("The mail to {} is tried again now", mail.address)),
        "give-up" => visit
            .desk
            .give_up_mail(actor, id()?, posted.text("reason"))
            .await
            .map(|mail| format!("The mail to {} is given up", mail.address)),
        "revive" => visit
            .desk
            .revive_address(actor, posted.text("address"))
            .await
            .map(|()| "The address counts as reachable again".to_owned()),
        _ => return Err(Fault::no_page()),
    };
    match done {
        Ok(title) => visit.go(&visit.path, Some(Notice::new(NoticeTone::Ok, title))),
        Err(error) => {
            let status = match &error {
                Error::Conflict(_) => StatusCode::CONFLICT,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            };
            let (_, problem) = told(error, "reason")?;
            let which = posted.text("id").to_owned();
            let mut page = page(visit, Errors::one("reason", problem.clone()), which).await?;
            page.frame.notice = Some(Notice {
                tone: NoticeTone::Bad,
                title: "Nothing was changed".to_owned(),
                text: problem,
            });
            visit.page_as(status, &page)
        }
    }
}
