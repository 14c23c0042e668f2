//! `/work/{number}/macros/{id}`: what a macro does with a ticket, before it does it; and
//! the same for many that are ticked in the list.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use desk::macros::Outcome;
use desk::{Desk, Error};
use store::macros::Macro;
use switchboard_core::{Actor, TicketNumber};

use super::assets::Asset;
use super::deeds::{did_words, refusal, would, would_words};
use super::fault::Fault;
use super::frame::{Frame, Here, Notice, NoticeTone, Room};
use super::macros::find;
use super::posted::Posted;
use super::text::{Prose, prose};
use super::view::{Chip, Icon, Tone};
use super::visit::{Visit, encode, number, sentence};

/// What a macro does with one ticket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MacroPlan {
    /// One for each thing, in order; none: all is so already.
    pub does: Vec<String>,
    /// What it answers.
    pub answer: Option<Prose>,
    /// What it notes.
    pub note: Option<Prose>,
    /// Why it can not be done.
    pub refused: Option<String>,
}

impl MacroPlan {
    fn of(seen: &Outcome) -> MacroPlan {
        MacroPlan {
            does: seen.did.iter().map(|did| sentence(&would(did))).collect(),
            answer: seen.answer.as_deref().map(prose),
            note: seen.note.as_deref().map(prose),
            refused: seen.refused.as_deref().map(sentence),
        }
    }
}

/// What a macro does with a ticket.
#[derive(Debug, Clone, Template)]
#[template(path = "macro_run.html")]
pub struct MacroRunPage {
    /// Around it.
    pub frame: Frame,
    /// The ticket.
    pub number: i64,
    /// Its subject.
    pub subject: String,
    /// The macro's name.
    pub title: String,
    /// Where the form goes.
    pub action: String,
    /// The ticket's version that was looked at.
    pub version: i64,
    /// The list's query, carried through.
    pub list: String,
    /// Where the ticket is.
    pub back: String,
    /// What it does.
    pub plan: MacroPlan,
}

impl MacroRunPage {
    /// Something is left to do.
    pub fn goes(&self) -> bool {
        self.plan.refused.is_none() && !self.plan.does.is_empty()
    }
}

fn back(number: TicketNumber, list: &str) -> String {
    match list.is_empty() {
        true => format!("/work/{number}"),
        false => format!("/work/{number}?{list}"),
    }
}

async fn page(
    visit: &Visit,
    number: TicketNumber,
    one: &Macro,
    list: &str,
) -> Result<MacroRunPage, Fault> {
    let actor = visit.staff()?;
    let ticket = visit.desk.ticket(actor, number).await?;
    let seen = visit.desk.preview_macro(actor, number, one.id).await?;
    Ok(MacroRunPage {
        frame: visit.frame(Room::Staff, Here::Workspace).await?,
        number: number.0,
        subject: ticket.subject,
        title: one.written.title.clone(),
        action: format!("/work/{number}/macros/{}", one.id),
        version: seen.version,
        back: back(number, list),
        list: list.to_owned(),
        plan: MacroPlan::of(&seen),
    })
}

/// `GET /work/{number}/macros/{id}`: what it would do now.
pub async fn show(Path((text, id)): Path<(String, String)>, visit: Visit) -> Response {
    let result = async {
        let number = number(&text)?;
        let (one, _) = find(&visit, &id).await?;
        let page = page(&visit, number, &one, visit.query("list")).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

/// `POST /work/{number}/macros/{id}`: does it, with the ticket as it was looked at.
pub async fn act(Path((text, id)): Path<(String, String)>, posted: Posted) -> Response {
    let mut posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = async {
        let number = number(&text)?;
        posted.back_to(&format!("/work/{number}"));
        let (one, _) = find(&posted.visit, &id).await?;
        done(&posted, number, &one).await
    }
    .await;
    posted.visit.close(result).await
}

async fn done(posted: &Posted, number: TicketNumber, one: &Macro) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = visit.staff()?;
    let list = posted.text("list");
    let seen = posted.text("version").parse().ok();
    let again = |title: &str, text: String| Notice {
        tone: NoticeTone::Warn,
        title: title.to_owned(),
        text,
    };
    let notice = match visit.desk.run_macro(actor, number, one.id, seen).await {
        Ok(did) => {
            let title = format!("{}: {}", one.written.title, did_words(&did.did));
            let to = match is_theirs(&visit.desk, actor, number).await? {
                true => back(number, list),
                false => format!("/work?{list}"),
            };
            return visit.go(&to, Some(Notice::new(NoticeTone::Ok, title)));
        }
        Err(Error::Stale { .. }) => again(
            "Not done yet: the ticket changed meanwhile",
            "This is what it would do now.".to_owned(),
        ),
        Err(error @ Error::NotFound { .. }) => return Err(error.into()),
        Err(error) => again("That was not done", refusal(error)?),
    };
    let mut page = page(visit, number, one, list).await?;
    page.frame.notice = Some(notice);
    visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// Handing a ticket on may end one's own access to it.
async fn is_theirs(desk: &Desk, actor: &Actor, number: TicketNumber) -> Result<bool, Fault> {
    match desk.ticket(actor, number).await {
        Ok(ticket) => Ok(ticket.access.staff_side()),
        Err(Error::NotFound { .. }) => Ok(false),
        Err(other) => Err(other.into()),
    }
}

/// What a macro does, or did, with one of many tickets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MacroManyRow {
    /// Its number.
    pub number: i64,
    /// Its subject; empty: the reader can not see it.
    pub subject: String,
    /// What becomes of it, or became.
    pub chip: Chip,
    /// What is done, or why not.
    pub words: String,
    /// It can be done.
    pub goes: bool,
}

/// What a macro does, or did, with many tickets.
#[derive(Debug, Clone, Template)]
#[template(path = "macro_many.html")]
pub struct MacroManyPage {
    /// Around it.
    pub frame: Frame,
    /// The macro's name.
    pub title: String,
    /// What the form sends, to do it.
    pub value: String,
    /// It is done; else it is only looked at.
    pub done: bool,
    /// In a sentence.
    pub sums: String,
    /// Each ticket.
    pub rows: Vec<MacroManyRow>,
    /// The list that it came from.
    pub back: String,
}

impl MacroManyPage {
    /// How many it can be done with.
    pub fn goes(&self) -> usize {
        self.rows.iter().filter(|row| row.goes).count()
    }
}

fn row(
    number: TicketNumber,
    subject: String,
    result: &Result<Outcome, String>,
    words: fn(&[String]) -> String,
) -> MacroManyRow {
    let refused = match result {
        Ok(seen) => seen.refused.as_deref().map(sentence),
        Err(why) => Some(why.clone()),
    };
    let (chip, words, goes) = match (refused, result) {
        (Some(why), _) => (Chip::with_icon(Tone::Bad, "warn", "Refused"), why, false),
        (None, Ok(seen)) if !seen.did.is_empty() => (
            Chip::with_icon(Tone::Ok, "check", "Goes"),
            words(&seen.did),
            true,
        ),
        _ => (Chip::new(Tone::Plain, "Nothing"), did_words(&[]), false),
    };
    MacroManyRow {
        number: number.0,
        subject,
        chip,
        words,
        goes,
    }
}

/// `POST /work/bulk` with a macro: a look at what it would do with each ticket; with
/// `sure` it is done, and said of each what became of it.
///
/// # Errors
/// When there is no such macro that the actor may use, or the database fails.
pub async fn many(
    posted: &Posted,
    numbers: &[TicketNumber],
    id: &str,
    back: String,
) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = visit.staff()?;
    let (one, _) = find(visit, id).await?;
    let done = posted.has("sure");
    let mut rows = Vec::new();
    for (number, result) in results(visit, actor, &one, numbers, done).await? {
        let subject = match visit.desk.ticket(actor, number).await {
            Ok(ticket) => ticket.subject,
            Err(Error::NotFound { .. }) => String::new(),
            Err(other) => return Err(other.into()),
        };
        let words = if done { did_words } else { would_words };
        let mut row = row(number, subject, &result, words);
        if done && row.goes {
            row.chip = Chip::with_icon(Tone::Ok, "check", "Done");
        }
        rows.push(row);
    }
    let mut page = MacroManyPage {
        frame: visit.frame(Room::Staff, Here::Workspace).await?,
        title: one.written.title.clone(),
        value: format!("macro:{}", one.id),
        done,
        sums: String::new(),
        rows,
        back,
    };
    page.sums = match (done, page.goes(), page.rows.len()) {
        (true, goes, all) => format!("Done with {goes} of {all}."),
        (false, goes, all) => {
            format!("Nothing is done yet. It can be done with {goes} of {all}.")
        }
    };
    visit.page(&page)
}

type Each = (TicketNumber, Result<Outcome, String>);

async fn results(
    visit: &Visit,
    actor: &Actor,
    one: &Macro,
    numbers: &[TicketNumber],
    done: bool,
) -> Result<Vec<Each>, Fault> {
    let told = |result: Result<Outcome, Error>| match result {
        Ok(seen) => Ok(Ok(seen)),
        Err(error) => refusal(error).map(Err),
    };
    let mut all = Vec::new();
    if done {
        for (number, result) in visit.desk.run_macro_on(actor, numbers, one.id).await? {
            all.push((number, told(result)?));
        }
        return Ok(all);
    }
    for number in numbers {
        let seen = visit.desk.preview_macro(actor, *number, one.id).await;
        all.push((*number, told(seen)?));
    }
    Ok(all)
}

/// The address of a macro's look at a ticket, with the list to come back to.
pub fn address(number: TicketNumber, id: &str, list: &str) -> String {
    match list.is_empty() {
        true => format!("/work/{number}/macros/{id}"),
        false => format!("/work/{number}/macros/{id}?list={}", encode(list)),
    }
}
