//! `/work` and `/work/{number}`: the agents' panes. On a wide screen the list
//! stands beside the ticket; on a phone they are two addresses.

use askama::Template;

use super::admin::reads::ReadRow;
use super::assets::Asset;
use super::exchange::PartnerRow;
use super::facts::FactsForm;
use super::frame::{Errors, Frame, Here, Room};
use super::place::PlaceForm;
use super::redirected::RedirectPane;
use super::text::Prose;
use super::ticket::Follower;
use super::view::{
    Chip, Choice, ClockMark, Icon, ListRow, Pages, PersonMark, PrioMark, Route, StatusMark,
    ThreadItem, TimeMark,
};

/// An answer that has not gone out yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingRow {
    /// Its id.
    pub id: String,
    /// Who wrote it.
    pub author: PersonMark,
    /// "Goes out in 9 s", or why it did not.
    pub state: Chip,
    /// It could not be sent.
    pub refused: bool,
    /// When it is sent.
    pub send_at: i64,
    /// The reader wrote it.
    pub mine: bool,
    /// Its text.
    pub body: Prose,
    /// Its files.
    pub files: Vec<String>,
}

/// A mail about the ticket that did not arrive, or not yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndeliveredRow {
    /// To whom.
    pub address: String,
    /// When it was made.
    pub at: TimeMark,
    /// How it stands.
    pub state: Chip,
    /// Why, and what comes next.
    pub about: Vec<String>,
}

/// An entry of the rail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewLink {
    /// Its key, for `G` and a letter.
    pub key: String,
    /// Where it leads.
    pub href: String,
    /// A picture of the sprite.
    pub icon: Option<&'static str>,
    /// What it is called.
    pub label: String,
    /// How many tickets it holds now: "11", "999+".
    pub count: Option<String>,
    /// It is the one shown.
    pub current: bool,
}

/// The list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPane {
    /// The view's name, or "Found".
    pub title: String,
    /// "9, most urgent first".
    pub words: String,
    /// The view's key.
    pub view: String,
    /// What was searched for.
    pub query: String,
    /// Orders to choose from; empty: the list has its own.
    pub filters: Vec<Choice>,
    /// The tickets of this page.
    pub rows: Vec<ListRow>,
    /// What is said when there are none.
    pub empty: String,
    /// The way to the others.
    pub pages: Pages,
    /// Something may be done with many at once.
    pub bulk: bool,
    /// The macros that may be.
    pub macros: Vec<Choice>,
}

/// What the reader may do with the ticket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StaffCan {
    /// Write to the requester.
    pub reply: bool,
    /// Overrule or confirm the priority.
    pub priority: bool,
    /// Tie it to others.
    pub relate: bool,
    /// Add and remove people.
    pub people: bool,
    /// Split messages off.
    pub split: bool,
}

/// Somebody who gets a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// Who.
    pub name: String,
    /// "Cc"; empty for the requester.
    pub role: String,
}

/// A status that can be set with a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusAction {
    /// Which.
    pub status: StatusMark,
    /// "asks the requester".
    pub hint: &'static str,
}

/// The form to write with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Composer {
    /// What was typed and not sent.
    pub body: String,
    /// It was to be a note.
    pub note: bool,
    /// Something new came in while it was written.
    pub stale: bool,
    /// "Send, keep in progress".
    pub send_words: String,
    /// What is sent with it: `keep`, or the status of an answer that was taken back.
    pub send_value: String,
    /// "Send, keep in progress", where that is not what the button does.
    pub keep_words: Option<String>,
    /// The answer that was taken back and is written anew, by its id; or empty.
    pub back: String,
    /// Its files, by id, and whether they go along.
    pub kept: Vec<Choice>,
    /// Statuses that may be set along.
    pub statuses: Vec<StatusAction>,
    /// Texts to put in, the nearest first.
    pub canned: Vec<CannedChoice>,
}

/// A text that is kept, to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CannedChoice {
    /// Its id.
    pub id: String,
    /// How people call it.
    pub title: String,
    /// What is typed to get it.
    pub shortcut: String,
}

/// Who handles it and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HandleForm {
    /// The reader may take it with one key.
    pub may_take: bool,
    /// The status it has, and those it may get.
    pub statuses: Vec<Choice>,
    /// Members of the unit, by id.
    pub owners: Vec<Choice>,
    /// The unit's name.
    pub unit: String,
    /// Services, by id.
    pub services: Vec<Choice>,
    /// Types of issue of its category, by key.
    pub issue_types: Vec<Choice>,
    /// Tags, separated by commas.
    pub tags: String,
    /// `YYYY-MM-DD`.
    pub reminder: String,
    /// A reason that was typed.
    pub reason: String,
    /// What was wrong.
    pub errors: Errors,
}

/// Its priority, explained.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PriorityPane {
    /// The rule, or the reason given by hand, as a sentence.
    pub because: String,
    /// "Confirmed by Karel Beneš."
    pub by: String,
    /// From which facts.
    pub facts: Vec<(String, String)>,
    /// Nobody has confirmed it yet.
    pub can_confirm: bool,
    /// It was set by hand.
    pub overruled: bool,
    /// The four, with the one in force.
    pub choices: Vec<Choice>,
    /// The form is unfolded.
    pub open: bool,
    /// What was wrong.
    pub errors: Errors,
}

/// A macro that may be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MacroLink {
    /// Where it shows what it does with the ticket.
    pub href: String,
    /// How people call it.
    pub title: String,
}

/// A clock with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedClock {
    /// "Answer to requester".
    pub name: String,
    /// How it stands; `None`: still, while it is the turn of somebody whose time is
    /// left out.
    pub mark: Option<ClockMark>,
}

/// Another ticket, in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketLink {
    /// Its page.
    pub href: String,
    /// Its number.
    pub number: i64,
    /// One line.
    pub subject: String,
    /// Where it stands.
    pub status: StatusMark,
}

/// Who asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequesterPane {
    /// Full name.
    pub name: String,
    /// What is known of them.
    pub facts: Vec<(String, String)>,
    /// Their other open tickets.
    pub others: Vec<TicketLink>,
}

/// A tie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelatedRow {
    /// "Slave of".
    pub kind: &'static str,
    /// The other.
    pub ticket: TicketLink,
    /// The kind's key, when the reader may undo it.
    pub removable: Option<&'static str>,
}

/// The ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketPane {
    /// Its number.
    pub number: i64,
    /// Its version, for changes that must not overwrite others'.
    pub version: i64,
    /// How many entries it has, so that a reply does not cross another's.
    pub seen: i64,
    /// The list's query, carried through forms.
    pub list_query: String,
    /// The list, for phones.
    pub list_href: String,
    /// One line.
    pub subject: String,
    /// Where it stands.
    pub status: StatusMark,
    /// What it weighs.
    pub prio: PrioMark,
    /// What else there is to know.
    pub chips: Vec<Chip>,
    /// The line.
    pub route: Route,
    /// Both diaries and the changes between.
    pub thread: Vec<ThreadItem>,
    /// What the reader may do.
    pub can: StaffCan,
    /// The macros to use on it.
    pub macros: Vec<MacroLink>,
    /// Why nothing can be written.
    pub read_only: Option<String>,
    /// The reader follows it; `None`: they are told anyway.
    pub follow: Option<bool>,
    /// Who gets a reply.
    pub to: Vec<Recipient>,
    /// Who reads a note.
    pub note_to: String,
    /// The form to write with.
    pub composer: Composer,
    /// What was wrong with what was written.
    pub errors: Errors,
    /// Who handles it and how; `None`: not the reader's.
    pub handle: Option<HandleForm>,
    /// Its priority, explained.
    pub priority: PriorityPane,
    /// The facts behind it; `None`: not the reader's to change.
    pub facts: Option<FactsForm>,
    /// Who sees it, and where it belongs; `None`: likewise.
    pub place: Option<PlaceForm>,
    /// Who opened it, when it is restricted and the reader works on it.
    pub reads: Option<Vec<ReadRow>>,
    /// How its alarm stands; `None`: it is none.
    pub alarm: Option<String>,
    /// The mailing lists that it is or was with; `None`: none, and none to go to.
    pub redirect: Option<RedirectPane>,
    /// The parent of the request to many sites that it belongs to.
    pub campaign: Option<i64>,
    /// They may ask many sites below it.
    pub may_ask_sites: bool,
    /// Its counterparts in partners' systems, the oldest first.
    pub partners: Vec<PartnerRow>,
    /// Mails about it that did not arrive, newest first.
    pub undelivered: Vec<UndeliveredRow>,
    /// Answers that have not gone out yet.
    pub waiting: Vec<WaitingRow>,
    /// Whose turn it is, since when; `None`: nobody's.
    pub turn: Option<(String, TimeMark)>,
    /// Its clocks.
    pub clocks: Vec<NamedClock>,
    /// Who asked.
    pub requester: RequesterPane,
    /// Its ties.
    pub related: Vec<RelatedRow>,
    /// Ties that may be made.
    pub relation_kinds: Vec<Choice>,
    /// The form for ties is unfolded.
    pub relate_open: bool,
    /// What was wrong with it.
    pub relate_errors: Errors,
    /// Who follows it.
    pub following: Vec<Follower>,
}

/// The agents' panes.
#[derive(Debug, Clone, Template)]
#[template(path = "workspace.html")]
pub struct WorkspacePage {
    /// Around it.
    pub frame: Frame,
    /// The rail.
    pub views: Vec<ViewLink>,
    /// The reader's units.
    pub units: Vec<ViewLink>,
    /// Searches the reader has saved; the key is what forgets them.
    pub saved: Vec<ViewLink>,
    /// The list.
    pub list: ListPane,
    /// When the page was drawn, epoch milliseconds: its clocks go on from there.
    pub now: i64,
    /// All units' names, to choose from.
    pub unit_names: Vec<String>,
    /// The ticket; `None`: only the list.
    pub ticket: Option<Box<TicketPane>>,
}
