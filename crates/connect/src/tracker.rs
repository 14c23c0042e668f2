//! Other helpdesks' trackers: what can be asked of one, whichever it is.
//!
//! Each system has a file of its own below this module. It carries values back
//! and forth and knows no rule of tickets: what an answer means for ours, and
//! what may leave this desk, is decided before it is called.
//!
//! Whatever is created or sent carries a marker that the caller made. Called
//! again with the same marker, a system finds what it has done already: so a
//! call whose answer was lost is simply made again.

mod call;
mod deed;
mod door;
pub mod ggus_soap;
pub mod github;
pub mod gitlab;
pub mod jira;
mod labels;
mod link;
mod look;
mod markdown;
mod number;
pub mod rt;
mod since;
mod wanted;
pub mod zammad;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::guard;
use crate::probe::{Check, Mark, Question, Way, check, probe};

pub use deed::Deed;
pub use ggus_soap::GgusSoap;
pub use github::GitHub;
pub use gitlab::GitLab;
pub use jira::Jira;
pub use link::{Relation, RemoteLink};
pub use rt::Rt;
pub use zammad::Zammad;

/// How a system is signed in to.
#[derive(Clone, PartialEq, Eq)]
pub enum Login {
    /// By a token of its API.
    Token(String),
    /// By a name and a password.
    Password {
        /// The name.
        user: String,
        /// The password.
        password: String,
    },
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Login::Token(_) => f.debug_tuple("Token").finish_non_exhaustive(),
            Login::Password { user, .. } => f
                .debug_struct("Password")
                .field("user", user)
                .finish_non_exhaustive(),
        }
    }
}

/// Somebody there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RemotePerson {
    /// The name that they sign in with.
    pub login: String,
    /// The name that people call them; may be empty.
    pub name: String,
    /// Their address; may be empty.
    pub email: String,
}

/// Whether a ticket is still to be worked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is there.
    Present,
    /// They will not do it.
    Rejected,
    /// It was deleted: nothing can be sent to it.
    Deleted,
}

/// A ticket as it is there, in their words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteTicket {
    /// Its number; another one than was asked for when it was merged.
    pub id: String,
    /// Where it lies.
    pub queue: String,
    /// Its subject.
    pub subject: String,
    /// Its status.
    pub status: String,
    /// Whether it is still to be worked with.
    pub standing: Standing,
    /// The logins of those who own it, in the system's order: several where it may have
    /// several.
    pub owners: Vec<String>,
    /// Its priority.
    pub priority: String,
    /// The logins of its requesters; often addresses.
    pub requesters: Vec<String>,
    /// Its custom fields by name; those without a value are left out.
    pub fields: BTreeMap<String, Vec<String>>,
    /// The names of its custom fields by their numbers, where changes name those.
    pub numbered: BTreeMap<String, String>,
    /// Its links, where they are told with it ([`Tracker::links`]).
    pub links: Vec<RemoteLink>,
    /// When it was made, in milliseconds since 1970.
    pub created: i64,
    /// When it was last changed, likewise.
    pub changed: i64,
    /// Changes whenever it does; for [`Wanted::version`].
    pub version: String,
}

impl RemoteTicket {
    /// The login of its owner; of several the first.
    pub fn owner(&self) -> Option<&str> {
        self.owners.first().map(String::as_str)
    }
}

/// What happened to a ticket there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeKind {
    /// It was made; its first entry is [`Tracker::entry`] of this change.
    Opened,
    /// Somebody wrote to its requester, or the requester wrote.
    Answered,
    /// Its status changed.
    Status {
        /// Before.
        from: String,
        /// After.
        to: String,
    },
    /// It went to another queue.
    Queue,
    /// It went to another owner.
    Owner,
    /// It was weighed anew.
    Priority,
    /// A custom field changed: its name there, or its number
    /// ([`RemoteTicket::numbered`]).
    Field(String),
    /// A link came or went.
    Link,
    /// It was merged: everything goes on there.
    Merged {
        /// The number of the ticket that took it in.
        into: String,
    },
    /// Something else changed: this.
    Other(String),
}

/// A change there. Internal comments are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteChange {
    /// Its number there: unique among all changes of the system, and rising with
    /// their times.
    pub id: String,
    /// What its entry is found by, for [`Tracker::entry`]; often its number.
    pub source: String,
    /// Of which ticket, by the number that it had.
    pub ticket: String,
    /// When, in milliseconds since 1970, by their clock and to the second.
    pub at: i64,
    /// Who did it.
    pub author: RemotePerson,
    /// Whether we did it: then it is an echo.
    pub ours: bool,
    /// What it was.
    pub kind: ChangeKind,
}

/// How far changes were read. It is kept as text (JSON) between two readings
/// and given back as it was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Every change up to this number was read, or is too old to turn up still.
    pub floor: i64,
    /// Changes above it that were read: number and time.
    pub seen: BTreeMap<i64, i64>,
    /// Tickets, by number, that are looked at one by one once no list shows them any
    /// more; where a system lists what is in one place only.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub known: BTreeSet<u64>,
    /// Where a reading was cut, there being so much: the next goes on from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut: Option<Cut>,
}

/// Where a reading was cut that goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// The number it goes on above.
    pub above: i64,
    /// When its first part began, by the clock there, in milliseconds since 1970. What was done
    /// since may have turned up behind it.
    pub began: Option<i64>,
}

/// Some changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// In order of their numbers. None of them was read with the cursor given;
    /// whoever loses the new cursor gets them again.
    pub items: Vec<RemoteChange>,
    /// From where to go on.
    pub cursor: Cursor,
    /// Whether there is more to read at once.
    pub more: bool,
}

/// A file there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteAttachment {
    /// Its number, for [`Tracker::attachment`].
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its type.
    pub content_type: String,
    /// Its size in bytes, as they say.
    pub size: u64,
}

impl RemoteChange {
    /// A ticket is there no more; nobody there tells since when, and by whom. `at`: when
    /// that was seen, in milliseconds since 1970.
    ///
    /// # Errors
    /// [`Error::Wrong`] where it has no number.
    pub fn gone(ticket: &str, at: i64) -> Result<RemoteChange, Error> {
        let number = number::number(at, number::Sort::Gone, number::issue_number(ticket)?);
        Ok(RemoteChange {
            id: number.to_string(),
            source: String::new(),
            ticket: ticket.to_owned(),
            at,
            author: RemotePerson::default(),
            ours: false,
            kind: ChangeKind::Status {
                from: String::new(),
                to: "deleted".to_owned(),
            },
        })
    }
}

/// What somebody wrote there for the requester to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteEntry {
    /// The number of the change that it came with.
    pub id: String,
    /// The ticket, by the number that it had.
    pub ticket: String,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Who wrote it.
    pub author: RemotePerson,
    /// Whether we did: then it is an echo.
    pub ours: bool,
    /// The marker that it was sent with, if we sent it.
    pub marker: Option<String>,
    /// The text.
    pub body: String,
    /// Whether the text is HTML, because there is no other.
    pub html: bool,
    /// Its files.
    pub attachments: Vec<RemoteAttachment>,
}

/// A file to send.
#[derive(Clone, PartialEq, Eq)]
pub struct NewAttachment {
    /// Its name.
    pub name: String,
    /// Its type.
    pub content_type: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for NewAttachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewAttachment")
            .field("name", &self.name)
            .field("content_type", &self.content_type)
            .field("size", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

/// An entry to send. Everybody there who may see the ticket can read it.
#[derive(Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// What it is found again by: letters, digits, `.`, `_` and `-`, at most 64.
    pub marker: String,
    /// The text, plain.
    pub body: String,
    /// The files.
    pub attachments: Vec<NewAttachment>,
}

impl fmt::Debug for NewEntry {
    // The text is nobody's business in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewEntry")
            .field("marker", &self.marker)
            .field("attachments", &self.attachments)
            .finish_non_exhaustive()
    }
}

/// A ticket to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTicket {
    /// What it is found again by: an address (`https://…`) that nobody else
    /// writes; people there see it as a link and can follow it.
    pub marker: String,
    /// Where it shall lie.
    pub queue: String,
    /// Its subject.
    pub subject: String,
    /// Its first entry.
    pub entry: NewEntry,
    /// Addresses of its requesters. They get that system's mail: leave it empty
    /// unless the agreement lets addresses pass.
    pub requesters: Vec<String>,
    /// Other values; queue and subject in it are not looked at.
    pub wanted: Wanted,
}

/// Values that a ticket shall have. What is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Its status.
    pub status: Option<String>,
    /// The login of its owner; empty: nobody.
    pub owner: Option<String>,
    /// Where a ticket may have several owners: that of whom it goes to the other (empty:
    /// of nobody), and the rest stay. `None`: of everybody.
    pub instead_of: Option<String>,
    /// Its priority.
    pub priority: Option<String>,
    /// Where it shall lie.
    pub queue: Option<String>,
    /// Its subject.
    pub subject: Option<String>,
    /// Custom fields by name; none: no value.
    pub fields: BTreeMap<String, Vec<String>>,
    /// Of what it has several of, by the field's name, which one it shall have of some.
    pub one_of: BTreeMap<String, OneOf>,
    /// Only if the ticket is still at this [`RemoteTicket::version`].
    pub version: Option<String>,
}

/// One word of some that a ticket shall have; whatever else it has stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OneOf {
    /// This; empty: none of them.
    pub wanted: String,
    /// And none of these others.
    pub among: Vec<String>,
}

impl OneOf {
    /// Of what a ticket has, what has to be added, and what has to go.
    fn changes(&self, has: &[String]) -> (Option<String>, Vec<String>) {
        let is = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
        let wanted = Some(&self.wanted).filter(|w| !w.is_empty());
        let missing = wanted.filter(|wanted| !has.iter().any(|one| is(one, wanted)));
        let other =
            |one: &&String| !is(one, &self.wanted) && self.among.iter().any(|known| is(known, one));
        (
            missing.cloned(),
            has.iter().filter(other).cloned().collect(),
        )
    }
}

/// A value that the other side did not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotTaken {
    /// Which: `status`, `owner`, …, the name of a custom field, or of a file.
    pub field: String,
    /// What it should have been.
    pub wanted: String,
    /// What it is.
    pub is: String,
    /// The other side's own words about the whole call; may be empty.
    pub words: String,
}

/// A ticket after it was made, found again, or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// As it is now.
    pub ticket: RemoteTicket,
    /// What they did not take.
    pub not_taken: Vec<NotTaken>,
    /// It had been made by an earlier call; nothing was done now.
    pub found: bool,
}

/// An entry after it was sent or found again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The number of the change there.
    pub id: String,
    /// The ticket it went to: another one than was named when it was merged.
    pub ticket: String,
    /// Files that they did not keep as they were.
    pub not_taken: Vec<NotTaken>,
    /// It had been sent by an earlier call; nothing was sent now.
    pub found: bool,
}

/// Whether to make a call again that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// It will fail again.
    Never,
    /// After somebody has looked to it: a secret, a right, a setting.
    AfterRepair,
    /// Later; they may have said when.
    Later(Option<Duration>),
}

/// Why a call did not do what it should. The texts are for those who look
/// after the bridge; no secret is in them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No answer came. It may have been done nevertheless: call again with the
    /// same marker.
    #[error("{0}")]
    Unreachable(guard::Fault),
    /// It is too busy.
    #[error("{system} is too busy (HTTP {status})")]
    Busy {
        /// Who.
        system: &'static str,
        /// The status that it answered.
        status: u16,
        /// When it wants to be asked again.
        after: Option<Duration>,
    },
    /// It failed. It may have been done nevertheless.
    #[error("{system} failed (HTTP {status}): {words}")]
    Failed {
        /// Who.
        system: &'static str,
        /// The status that it answered.
        status: u16,
        /// What it said.
        words: String,
    },
    /// What answers is not that system.
    #[error("what answers there is not {system}: {why}")]
    Strange {
        /// Who should.
        system: &'static str,
        /// What is strange.
        why: String,
    },
    /// It does not accept our secret.
    #[error("{system} does not accept our secret (HTTP {status})")]
    Secret {
        /// Who.
        system: &'static str,
        /// The status that it answered.
        status: u16,
    },
    /// Our account may not do that.
    #[error("our account in {system} may not {what}: {words}")]
    Forbidden {
        /// Who.
        system: &'static str,
        /// What.
        what: String,
        /// What it said.
        words: String,
    },
    /// There is no such thing.
    #[error("{system} has no {what}")]
    Missing {
        /// Who.
        system: &'static str,
        /// What.
        what: String,
    },
    /// The ticket was deleted there; whatever is sent would bring it back.
    #[error("ticket {0} was deleted there")]
    Deleted(String),
    /// The ticket was changed meanwhile.
    #[error("ticket {0} was changed there meanwhile")]
    Changed(String),
    /// It does not take what we sent.
    #[error("{system} does not take it: {words}")]
    NotTaken {
        /// Who.
        system: &'static str,
        /// What it said.
        words: String,
    },
    /// The caller asked for something that can not be.
    #[error("{0}")]
    Wrong(String),
}

impl Error {
    /// Whether to call again.
    pub fn again(&self) -> Again {
        match self {
            Error::Unreachable(guard::Fault::Unreachable(_) | guard::Fault::Slow(_))
            | Error::Failed { .. } => Again::Later(None),
            Error::Busy { after, .. } => Again::Later(*after),
            Error::Unreachable(
                guard::Fault::Refused(_)
                | guard::Fault::Redirected { .. }
                | guard::Fault::TooLarge { .. },
            )
            | Error::Strange { .. }
            | Error::Secret { .. }
            | Error::Forbidden { .. } => Again::AfterRepair,
            // Read again, decide again, and then call with the new version.
            Error::Missing { .. }
            | Error::Deleted(_)
            | Error::Changed(_)
            | Error::NotTaken { .. }
            | Error::Wrong(_) => Again::Never,
        }
    }
}

/// Where a system is, and who we are there.
#[derive(Clone, Copy)]
pub struct Account<'a> {
    /// The address of its API.
    pub endpoint: &'a str,
    /// Queue, group, project or repository.
    pub queue: &'a str,
    /// The operator's secret for it: a token, or `name:password`.
    pub secret: &'a str,
}

impl fmt::Debug for Account<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("endpoint", &self.endpoint)
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}

impl Account<'_> {
    fn login(&self) -> Login {
        match self.secret.split_once(':') {
            Some((user, password)) => Login::Password {
                user: user.to_owned(),
                password: password.to_owned(),
            },
            None => Login::Token(self.secret.to_owned()),
        }
    }
}

/// The field with the labels that say neither status nor priority.
const LABELS: &str = "labels";
/// That with the parts of a project that it is about.
const COMPONENTS: &str = "components";

/// A client, or why there can be none.
type Made = Result<Arc<dyn Tracker>, String>;

/// What a system's file says of it.
pub(crate) struct Kind {
    /// Its word in forms.
    pub(crate) key: &'static str,
    /// Each queue there counts its tickets by itself: two have the same numbers.
    apart: bool,
    /// It signs what it calls us with, or sends a secret along.
    signs: bool,
    /// How it is asked who one is by somebody without a secret.
    pub(crate) way: Way,
    /// Its client. Nothing is called.
    make: fn(&guard::Guard, &Account<'_>) -> Made,
}

/// Every system that this desk speaks with, each from its own file.
const KINDS: [&Kind; 7] = [
    &rt::KIND,
    &zammad::KIND,
    &zammad::GGUS,
    &ggus_soap::KIND,
    &github::KIND,
    &gitlab::KIND,
    &jira::KIND,
];

pub(crate) fn kind(system: &str) -> Option<&'static Kind> {
    KINDS.into_iter().find(|kind| kind.key == system)
}

/// Whether each queue of a system counts its tickets by itself.
pub fn counts_apart(system: &str) -> bool {
    kind(system).is_some_and(|kind| kind.apart)
}

/// Whether a system signs what it calls us with, or sends a secret along.
pub fn signs(system: &str) -> bool {
    kind(system).is_some_and(|kind| kind.signs)
}

/// The client of a system (a word of the onboarding form). `None`: this desk speaks
/// with no such system yet. Nothing is called.
///
/// # Errors
/// When no client can be made of that.
pub fn client(
    guard: &guard::Guard,
    system: &str,
    account: &Account<'_>,
) -> Result<Option<Arc<dyn Tracker>>, String> {
    let kind = kind(system);
    kind.map(|kind| (kind.make)(guard, account)).transpose()
}

/// The test of a connection: with a secret as the client of that system looks, without
/// one as far as a stranger gets.
pub async fn test(guard: &guard::Guard, question: &Question) -> Vec<Check> {
    let Some(secret) = question.secret.as_deref() else {
        return probe(guard, question).await;
    };
    let account = Account {
        endpoint: &question.endpoint,
        queue: &question.queue,
        secret,
    };
    match client(guard, &question.system, &account) {
        Ok(Some(client)) => client.test(&question.queue).await,
        Ok(None) => probe(guard, question).await,
        Err(why) => vec![check(Mark::Bad, why, "")],
    }
}

/// A tracker of another helpdesk.
#[async_trait::async_trait]
pub trait Tracker: fmt::Debug + Send + Sync {
    /// Whether it can be reached, lets us in, has the queue, and gives us the
    /// rights that we need; says exactly what is wrong. It only reads.
    async fn test(&self, queue: &str) -> Vec<Check>;

    /// Makes a ticket, or finds the one that an earlier call with the same
    /// marker made.
    async fn create(&self, new: &NewTicket) -> Result<Outcome, Error>;

    /// Reads a ticket; a merged one by what it was merged into.
    async fn read(&self, ticket: &str) -> Result<RemoteTicket, Error>;

    /// The cursor to begin with when nothing older is of interest. The default
    /// cursor reads everything there ever was.
    async fn newest(&self) -> Result<Cursor, Error>;

    /// What happened since.
    async fn changes(&self, since: &Cursor) -> Result<Changes, Error>;

    /// Everything that happened to a ticket, by the number that it had.
    async fn history(&self, ticket: &str) -> Result<Vec<RemoteChange>, Error>;

    /// The entry that came with a change, by its [`RemoteChange::source`].
    async fn entry(&self, source: &str) -> Result<RemoteEntry, Error>;

    /// The marker of an entry that our account wrote, by its [`RemoteChange::source`], where
    /// that takes less than reading the entry; `None`: that has to be read.
    async fn marker(&self, _source: &str) -> Result<Option<String>, Error> {
        Ok(None)
    }

    /// What is in a file.
    async fn attachment(&self, id: &str) -> Result<Vec<u8>, Error>;

    /// Sends an entry, or finds the one that an earlier call with the same
    /// marker sent.
    async fn send(&self, ticket: &str, entry: &NewEntry) -> Result<Sent, Error>;

    /// Sets values and says which were not taken.
    async fn set(&self, ticket: &str, wanted: &Wanted) -> Result<Outcome, Error>;

    /// Why our account can not do that there any more, if that is so: it does not see where
    /// tickets lie, or may do it in none. Asked after each call that was refused, and where a
    /// ticket was missing: some say that when it is a right that is.
    async fn lost(&self, _deed: Deed) -> Result<Option<Error>, Error> {
        Ok(None)
    }

    /// Whether [`Tracker::lost`] knows it of all that our account does. Where not, what is
    /// refused may be refused for all.
    fn tells_rights(&self) -> bool {
        true
    }

    /// Whether our account sees where tickets lie: then one that could be seen before
    /// and is missing now is gone for it.
    async fn sees_the_rest(&self) -> Result<bool, Error> {
        Ok(false)
    }

    /// Whether a ticket that was there is there no more, or hidden from our account.
    async fn is_gone(&self, ticket: &str) -> Result<bool, Error> {
        match self.read(ticket).await {
            Ok(there) => Ok(there.standing == Standing::Deleted),
            Err(Error::Deleted(_)) => Ok(true),
            Err(Error::Missing { .. }) => self.sees_the_rest().await,
            Err(error) => Err(error),
        }
    }

    /// The links of a ticket that was read: what was read with it, or what a system tells
    /// of them elsewhere.
    async fn links(&self, ticket: &RemoteTicket) -> Result<Vec<RemoteLink>, Error> {
        Ok(ticket.links.clone())
    }

    /// Whether a link that comes or goes is told as a change of its ticket, and soon.
    fn tells_of_links(&self) -> bool {
        true
    }

    /// Gives a ticket a link (`there`) or takes it away. What is so already stays so.
    async fn set_link(&self, _ticket: &str, _link: &RemoteLink, _there: bool) -> Result<(), Error> {
        Err(link::none_such())
    }
}
