//! `/tickets/{number}`: a ticket as its requester sees it, in plain words.

use askama::Template;

use super::assets::Asset;
use super::frame::{Errors, Frame, Here, Room};
use super::view::{Icon, PersonMark, PrioMark, Route, StatusMark, ThreadItem, TimeMark};

/// What the reader may do with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RequesterCan {
    /// Write an answer.
    pub answer: bool,
    /// Say that it is solved.
    pub verify: bool,
    /// Say that it is not.
    pub reopen: bool,
    /// Add people, and remove those they added.
    pub people: bool,
    /// Ask for attention.
    pub escalate: bool,
    /// Say early that it works again.
    pub solved_already: bool,
}

/// One step of asking for attention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LadderStep {
    /// "Remind the unit".
    pub label: String,
    /// Who is told.
    pub who: String,
    /// It is the one that may be taken now.
    pub next: bool,
}

/// Somebody who follows the ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follower {
    /// Who.
    pub mark: PersonMark,
    /// As what: "Cc".
    pub role: String,
    /// The person's id, when the reader may remove them.
    pub removable: Option<String>,
}

/// A ticket as its requester sees it.
#[derive(Debug, Clone, Template)]
#[template(path = "ticket.html")]
pub struct TicketPage {
    /// Around it.
    pub frame: Frame,
    /// Where its forms go: `/tickets/48213`, or `/t/{signed}` by a link.
    pub base: String,
    /// Its number.
    pub number: i64,
    /// One line.
    pub subject: String,
    /// The service, and its page.
    pub service: Option<(String, String)>,
    /// "you", or a name.
    pub opened_by: String,
    /// When.
    pub opened: TimeMark,
    /// The workspace's page of it, for staff.
    pub staff_href: Option<String>,
    /// Who holds it, as a sentence.
    pub headline: String,
    /// What they do, and what the reader should.
    pub explain: String,
    /// "Next answer due tomorrow, 12:00."
    pub promise: Option<String>,
    /// The line.
    pub route: Route,
    /// The public diary.
    pub thread: Vec<ThreadItem>,
    /// What the reader may do.
    pub can: RequesterCan,
    /// Why nothing can be written any more.
    pub closed_words: Option<String>,
    /// Who reads an answer.
    pub goes_to: String,
    /// An answer that was not sent.
    pub draft: String,
    /// What was wrong with what was sent.
    pub errors: Errors,
    /// The form to add somebody is unfolded.
    pub people_open: bool,
    /// The form to ask for attention is unfolded.
    pub escalate_open: bool,
    /// The steps of asking for attention; empty: not now.
    pub ladder: Vec<LadderStep>,
    /// Where it stands.
    pub status: StatusMark,
    /// What it weighs.
    pub prio: PrioMark,
    /// Why.
    pub prio_words: String,
    /// More about it.
    pub facts: Vec<(String, String)>,
    /// Who else follows it.
    pub following: Vec<Follower>,
}
