//! What happened to a ticket: the append-only history, one row per change.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::id::{EntryId, Millis, PersonId, PortalId, ServiceId, TicketNumber, UnitId};
use crate::onboarding::Way;
use crate::status::Status;
use crate::ticket::{
    BeforeMerge, EntryVisibility, Hold, MergedFrom, Overrule, Party, Relation, Solution,
    TellRequester, TicketType, Visibility,
};
use crate::timer::Due;
use crate::tlp::Tlp;
use crate::triage::{Assessment, Facts};

/// What the rules need to know about an entry; its text lives in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryFacts {
    /// Its id.
    pub id: EntryId,
    /// Which diary.
    pub visibility: EntryVisibility,
    /// The requester (or somebody they added) wrote it.
    pub by_requester: bool,
    /// The desk itself wrote it: it is nobody's answer.
    #[serde(default)]
    pub automatic: bool,
}

/// One change of one ticket. `old` and `new` make the history readable and
/// reversible; [`crate::Ticket::apply`] uses `new`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(
    clippy::large_enum_variant,
    reason = "an opening is read once a ticket; a box around it would be in every reader's way"
)]
pub enum Change {
    /// The ticket came to be. Always the first event, and only that.
    Opened {
        /// The number it got.
        number: TicketNumber,
        /// Its type.
        #[serde(rename = "type")]
        ticket_type: TicketType,
        /// Who asked.
        requester: PersonId,
        /// How much they want to hear.
        tell: TellRequester,
        /// Cc and others from the start.
        parties: BTreeSet<Party>,
        /// One line.
        subject: String,
        /// The facts, with the category.
        facts: Facts,
        /// What the rules gave.
        assessment: Assessment,
        /// Type of issue.
        issue_type: Option<String>,
        /// The service.
        service: Option<ServiceId>,
        /// The site.
        site: Option<String>,
        /// The community.
        community: Option<String>,
        /// The portal it came by.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        portal: Option<PortalId>,
        /// Since when.
        since: Option<Millis>,
        /// The unit it starts with.
        unit: UnitId,
        /// Who may see it.
        visibility: Visibility,
        /// Custom fields.
        custom: BTreeMap<String, serde_json::Value>,
    },
    /// An entry was written.
    EntryAdded {
        /// What the rules need of it.
        entry: EntryFacts,
    },
    /// The status changed.
    StatusSet {
        /// Before.
        old: Status,
        /// After.
        new: Status,
        /// Why it is on hold, when that is the new status.
        hold: Option<Hold>,
        /// A date to look again.
        reminder: Option<Millis>,
        /// Expected date.
        eta: Option<Millis>,
    },
    /// The unit changed.
    UnitSet {
        /// Before.
        old: UnitId,
        /// After.
        new: UnitId,
        /// Why.
        reason: Option<String>,
    },
    /// The owner changed.
    OwnerSet {
        /// Before.
        old: Option<PersonId>,
        /// After.
        new: Option<PersonId>,
    },
    /// The facts of triage changed, and with them what the rules give.
    FactsSet {
        /// Before.
        old: Facts,
        /// After.
        new: Facts,
        /// What the rules give now.
        assessment: Assessment,
    },
    /// First level has confirmed the priority.
    PriorityConfirmed,
    /// First level overruled the priority, or (`new: None`) took that back.
    PriorityOverruled {
        /// Before.
        old: Option<Overrule>,
        /// After.
        new: Option<Overrule>,
    },
    /// A solution (or the reason for none) was given.
    SolutionSet {
        /// Before.
        old: Option<Solution>,
        /// After.
        new: Solution,
    },
    /// The subject changed.
    SubjectSet {
        /// Before.
        old: String,
        /// After.
        new: String,
    },
    /// The type of issue changed.
    IssueTypeSet {
        /// Before.
        old: Option<String>,
        /// After.
        new: Option<String>,
    },
    /// The service changed.
    ServiceSet {
        /// Before.
        old: Option<ServiceId>,
        /// After.
        new: Option<ServiceId>,
    },
    /// Its service goes another way from now on. The ticket stays where it is.
    ServiceMoved {
        /// The service.
        service: ServiceId,
        /// Before.
        old: Way,
        /// After.
        new: Way,
    },
    /// The site changed.
    SiteSet {
        /// Before.
        old: Option<String>,
        /// After.
        new: Option<String>,
    },
    /// The community changed.
    CommunitySet {
        /// Before.
        old: Option<String>,
        /// After.
        new: Option<String>,
    },
    /// The time of the issue changed.
    SinceSet {
        /// Before.
        old: Option<Millis>,
        /// After.
        new: Option<Millis>,
    },
    /// The tags changed.
    TagsSet {
        /// Before.
        old: BTreeSet<String>,
        /// After.
        new: BTreeSet<String>,
    },
    /// A custom field changed; `new: None` removed it.
    CustomSet {
        /// The field's key.
        key: String,
        /// Before.
        old: Option<serde_json::Value>,
        /// After.
        new: Option<serde_json::Value>,
    },
    /// Who may see it changed.
    VisibilitySet {
        /// Before.
        old: Visibility,
        /// After.
        new: Visibility,
    },
    /// The TLP label of a restricted ticket changed.
    TlpSet {
        /// Before.
        old: Tlp,
        /// After.
        new: Tlp,
    },
    /// How much the requester wants to hear changed.
    TellSet {
        /// Before.
        old: TellRequester,
        /// After.
        new: TellRequester,
    },
    /// Somebody joined.
    PartyAdded {
        /// Who, as what.
        party: Party,
    },
    /// Somebody left.
    PartyRemoved {
        /// Who, as what.
        party: Party,
    },
    /// A tie was made.
    RelationAdded {
        /// To whom.
        relation: Relation,
    },
    /// A tie was undone.
    RelationRemoved {
        /// To whom.
        relation: Relation,
    },
    /// Entries and parties of another ticket came in by a merge.
    MergedIn {
        /// What came, so that it can go again.
        from: MergedFrom,
    },
    /// A merge was undone and what it brought went back.
    MergeUndone {
        /// What had come.
        from: MergedFrom,
    },
    /// This ticket was merged into another: its entries and parties went
    /// along, and it is read-only until that is undone.
    MergedAway {
        /// Where it lives on.
        into: TicketNumber,
        /// How it stood, and which entries went.
        before: BeforeMerge,
    },
    /// The merge into another ticket was undone.
    CameBack {
        /// Where it had gone.
        from: TicketNumber,
        /// How it stood, and which entries came back.
        before: BeforeMerge,
    },
    /// Entries moved to a ticket that was split off.
    EntriesMoved {
        /// Which entries.
        entries: Vec<EntryId>,
        /// To which ticket, seen from the one they left; `None`: they arrived
        /// here.
        to: Option<TicketNumber>,
        /// How many entries the new ticket had of its own before.
        own: i64,
    },
    /// A split was undone, and its entries went back.
    EntriesReturned {
        /// Which entries.
        entries: Vec<EntryId>,
        /// From which ticket, seen from the one they came back to; `None`: they
        /// left here.
        from: Option<TicketNumber>,
    },
    /// A child was solved or unsolved and leaves its solution here.
    ChildSolved {
        /// The child.
        child: TicketNumber,
        /// *Solved* or *unsolved*.
        status: Status,
        /// The solution's text; `None` when the child is restricted and this
        /// ticket is not.
        text: Option<String>,
    },
    /// A child was reopened; a ticket that is solved itself only takes note.
    ChildReopened {
        /// The child.
        child: TicketNumber,
    },
    /// Staff wrote a public entry on this ticket's master; it goes to the
    /// slaves too, where it is shown but not stored again.
    MasterEntry {
        /// The master.
        master: TicketNumber,
        /// The master's entry.
        entry: EntryId,
    },
    /// The requester asked for attention.
    Escalated {
        /// Before: 0 to 2.
        old: u8,
        /// After: 1 to 3.
        new: u8,
        /// What they said.
        reason: String,
    },
    /// Time brought something to mind.
    Reminded {
        /// What, to whom.
        due: Due,
    },
    /// The ticket is (not any more) one of those that a request to many sites made.
    AskedSet {
        /// Working days of silence after which those are reminded who have to answer;
        /// `None`: it stands for itself.
        remind: Option<Vec<u32>>,
    },
    /// The requester can not tell yet whether the solution holds, as what it promises has
    /// not come. From then on the time is counted after which the ticket is closed.
    StillWaiting,
}

impl Change {
    /// Every word that [`Change::kind`] gives.
    pub const KINDS: [&'static str; 38] = [
        "opened",
        "entry_added",
        "status_set",
        "unit_set",
        "owner_set",
        "facts_set",
        "priority_confirmed",
        "priority_overruled",
        "solution_set",
        "subject_set",
        "issue_type_set",
        "service_set",
        "service_moved",
        "site_set",
        "community_set",
        "since_set",
        "tags_set",
        "custom_set",
        "visibility_set",
        "tlp_set",
        "tell_set",
        "party_added",
        "party_removed",
        "relation_added",
        "relation_removed",
        "merged_in",
        "merge_undone",
        "merged_away",
        "came_back",
        "entries_moved",
        "entries_returned",
        "child_solved",
        "child_reopened",
        "master_entry",
        "escalated",
        "reminded",
        "asked_set",
        "still_waiting",
    ];

    /// The word under which the change is stored and shown in the change feed.
    pub fn kind(&self) -> &'static str {
        match self {
            Change::Opened { .. } => "opened",
            Change::EntryAdded { .. } => "entry_added",
            Change::StatusSet { .. } => "status_set",
            Change::UnitSet { .. } => "unit_set",
            Change::OwnerSet { .. } => "owner_set",
            Change::FactsSet { .. } => "facts_set",
            Change::PriorityConfirmed => "priority_confirmed",
            Change::PriorityOverruled { .. } => "priority_overruled",
            Change::SolutionSet { .. } => "solution_set",
            Change::SubjectSet { .. } => "subject_set",
            Change::IssueTypeSet { .. } => "issue_type_set",
            Change::ServiceSet { .. } => "service_set",
            Change::ServiceMoved { .. } => "service_moved",
            Change::SiteSet { .. } => "site_set",
            Change::CommunitySet { .. } => "community_set",
            Change::SinceSet { .. } => "since_set",
            Change::TagsSet { .. } => "tags_set",
            Change::CustomSet { .. } => "custom_set",
            Change::VisibilitySet { .. } => "visibility_set",
            Change::TlpSet { .. } => "tlp_set",
            Change::TellSet { .. } => "tell_set",
            Change::PartyAdded { .. } => "party_added",
            Change::PartyRemoved { .. } => "party_removed",
            Change::RelationAdded { .. } => "relation_added",
            Change::RelationRemoved { .. } => "relation_removed",
            Change::MergedIn { .. } => "merged_in",
            Change::MergeUndone { .. } => "merge_undone",
            Change::MergedAway { .. } => "merged_away",
            Change::CameBack { .. } => "came_back",
            Change::EntriesMoved { .. } => "entries_moved",
            Change::EntriesReturned { .. } => "entries_returned",
            Change::ChildSolved { .. } => "child_solved",
            Change::ChildReopened { .. } => "child_reopened",
            Change::MasterEntry { .. } => "master_entry",
            Change::Escalated { .. } => "escalated",
            Change::Reminded { .. } => "reminded",
            Change::AskedSet { .. } => "asked_set",
            Change::StillWaiting => "still_waiting",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Change;

    #[test]
    fn every_kind_is_in_the_list() {
        let here = include_str!("change.rs");
        let (_, body) = here.split_once("pub fn kind(").unwrap();
        let said = body.lines().filter_map(|line| {
            let (change, word) = line.split_once(" => \"")?;
            change
                .contains("Change::")
                .then(|| word.trim_end_matches("\","))
        });
        let mut said: Vec<&str> = said.collect();
        let mut listed = Change::KINDS.to_vec();
        said.sort_unstable();
        listed.sort_unstable();
        assert_eq!(said, listed);
    }
}
