//! What somebody wants to happen, and why it may not.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{EntryId, Millis, PersonId, PortalId, ServiceId, TicketNumber, UnitId};
use crate::onboarding::Way;
use crate::status::Status;
use crate::ticket::{
    EntryVisibility, Party, RelationKind, SolutionKind, TellRequester, TicketType, Visibility,
};
use crate::timer::{Due, TargetDue};
use crate::tlp::Tlp;
use crate::triage::{Facts, Priority};

/// A ticket to be opened. Names are already resolved to ids.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTicket {
    /// The number it will have.
    pub number: TicketNumber,
    /// Its type.
    pub kind: TicketType,
    /// Who asks.
    pub requester: PersonId,
    /// How much they want to hear.
    pub tell: TellRequester,
    /// Cc and others.
    pub parties: BTreeSet<Party>,
    /// One line, not empty.
    pub subject: String,
    /// The first entry's id; its text is the description.
    pub description: EntryId,
    /// The facts, with the category.
    pub facts: Facts,
    /// Type of issue.
    pub issue_type: Option<String>,
    /// The service.
    pub service: Option<ServiceId>,
    /// The site.
    pub site: Option<String>,
    /// Its contact, when that is somebody known here: on the ticket from the start.
    pub site_contact: Option<PersonId>,
    /// The community.
    pub community: Option<String>,
    /// The portal it comes by.
    pub portal: Option<PortalId>,
    /// Since when.
    pub since: Option<Millis>,
    /// The unit it goes to: the service's, one picked, or first level.
    pub unit: UnitId,
    /// Somebody (or the service) named the unit: the ticket starts *assigned*
    /// there; else it starts *new* with first level, the portal's own
    /// or that of the desk.
    pub routed: bool,
    /// Who may see it; an imminent security risk makes it restricted.
    pub visibility: Visibility,
    /// Custom fields.
    pub custom: BTreeMap<String, serde_json::Value>,
}

/// What somebody wants to happen to a ticket.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Write an entry. The requester's public entry brings a *waiting* ticket
    /// back to *in progress*; it is refused on a final ticket.
    Write {
        /// The entry's id; its text is stored beside.
        entry: EntryId,
        /// Which diary.
        visibility: EntryVisibility,
    },
    /// Give or change the unit: *assigned* again, owner gone.
    Assign {
        /// The unit.
        unit: UnitId,
        /// Why; needed when staff outside first level hand it on.
        reason: Option<String>,
    },
    /// Give or take the owner. A member may take it; giving it to another is
    /// the responsible's (and first level's).
    SetOwner {
        /// A member of the unit; `None`: nobody.
        owner: Option<PersonId>,
    },
    /// *In progress*; needs an owner.
    Start,
    /// *Waiting for reply* of the requester.
    Await {
        /// When to look again.
        reminder: Option<Millis>,
    },
    /// *On hold*, with a public reason.
    Hold {
        /// The reason, not empty.
        reason: String,
        /// When to look again.
        reminder: Option<Millis>,
        /// When a solution is expected.
        eta: Option<Millis>,
    },
    /// *Solved*.
    Solve {
        /// What was done, not empty.
        text: String,
        /// Of what kind.
        kind: SolutionKind,
    },
    /// *Unsolved*.
    GiveUp {
        /// Why, not empty.
        reason: String,
        /// Of what kind.
        kind: SolutionKind,
    },
    /// *Verified*, by the requester.
    Verify,
    /// *Closed*, by the system.
    Close,
    /// *Reopened*: by the requester with a comment, by staff to do better.
    Reopen {
        /// The comment's entry; needed from the requester.
        entry: Option<EntryId>,
    },
    /// The requester can not tell yet whether the solution holds, as what it promises has not
    /// come; once for a solution.
    StillWait,
    /// Change facts of triage.
    SetFacts(Facts),
    /// Leave the priority as the rules gave it, knowingly.
    ConfirmPriority,
    /// Set another priority than the rules give.
    Overrule {
        /// The priority.
        priority: Priority,
        /// Why, not empty.
        reason: String,
    },
    /// Back to what the rules give.
    WithdrawOverrule,
    /// Another subject.
    SetSubject(String),
    /// Another type of issue.
    SetIssueType(Option<String>),
    /// Another service. Does not move the ticket.
    SetService(Option<ServiceId>),
    /// Its service goes another way from now on; a row of the history.
    NoteMove {
        /// Before.
        old: Way,
        /// After.
        new: Way,
    },
    /// Another site.
    SetSite(Option<String>),
    /// The contact of the ticket's site is somebody else, be it that the ticket names
    /// another site or that the site has another contact: one goes, the other comes.
    SetSiteContact {
        /// Who was it, if it was somebody known here.
        old: Option<PersonId>,
        /// Who is.
        new: Option<PersonId>,
    },
    /// Another community.
    SetCommunity(Option<String>),
    /// Another time since when it is so; not in the future.
    SetSince(Option<Millis>),
    /// Other tags.
    SetTags(BTreeSet<String>),
    /// Set or (`None`) remove a custom field.
    SetCustom(String, Option<serde_json::Value>),
    /// Another visibility.
    SetVisibility(Visibility),
    /// Another TLP label; on restricted tickets only.
    SetTlp(Tlp),
    /// How much the requester wants to hear.
    SetTell(TellRequester),
    /// Add somebody. Anyone on the ticket may add a Cc and follow it
    /// themselves; involved and site are staff's.
    AddParty(Party),
    /// Remove somebody: oneself, or by the requester (Cc) or staff.
    RemoveParty(Party),
    /// Make a tie: `MasterOf` / `SlaveOf`, `ParentOf` / `ChildOf`,
    /// `DuplicateOf`, `SeeAlso`. Other kinds come only with merge and split.
    Relate {
        /// What the other becomes to this ticket.
        kind: RelationKind,
        /// The other, in the scene.
        other: TicketNumber,
    },
    /// Undo such a tie.
    Unrelate {
        /// What the other is to this ticket.
        kind: RelationKind,
        /// The other, in the scene.
        other: TicketNumber,
    },
    /// Merge this ticket into another: entries and parties go along, this one
    /// is closed as a duplicate... of a kind that can be undone.
    MergeInto {
        /// The ticket that stays, in the scene.
        target: TicketNumber,
        /// The entries that go along: all of this ticket's.
        entries: Vec<EntryId>,
    },
    /// Undo the merge of this ticket into its target.
    Unmerge,
    /// Move entries of this ticket to a ticket just opened for them.
    SplitInto {
        /// The new ticket, in the scene, opened in the same transaction.
        new: TicketNumber,
        /// Which entries, not the first.
        entries: Vec<EntryId>,
    },
    /// Undo a split: the entries go back from the new ticket, which is closed.
    /// Refused once the new ticket has a life of its own.
    UndoSplit {
        /// The ticket that was split off this one, in the scene.
        new: TicketNumber,
    },
    /// On a master: free all its slaves. On a slave: free this one.
    Release,
    /// The requester asks for attention; strictly one step at a time.
    Escalate {
        /// A sentence, not empty.
        reason: String,
    },
    /// The ticket is one of those that a request to many sites made, whose people are
    /// reminded after these working days of silence; `None`: it is none any more. By the
    /// desk itself.
    SetAsked(Option<Vec<u32>>),
    /// Time brings something to mind; by the desk itself.
    Remind(Due),
    /// Time tells of targets that are nearly used up or missed; by the desk itself.
    TellTargets(Vec<TargetDue>),
}

/// Why a command does not happen. Each says what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The actor may not do that.
    #[error("{0}")]
    Forbidden(String),
    /// A field is missing or wrong.
    #[error("{field}: {problem}")]
    Invalid {
        /// The field's name as in the API.
        field: &'static str,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// The status does not allow it.
    #[error("a ticket that is {} can not {wish}: {hint}", from.label().to_lowercase())]
    Status {
        /// The status it has.
        from: Status,
        /// What was wanted, as in "be solved".
        wish: &'static str,
        /// What to do instead.
        hint: String,
    },
    /// Another ticket stands in the way.
    #[error("{0}")]
    Relation(String),
}
