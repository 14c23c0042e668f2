//! Joining and leaving a support unit, and the rights of people (domain
//! section 1, "Joining a support unit").
//!
//! One rule is above all others: an active unit that has a responsible who can
//! act never loses the last one, whoever asks and by whichever way. A desk never
//! loses its last administrator either. [`crate::access`] says what the rights
//! are good for.

use crate::access::{Actor, Part};
use crate::id::{Millis, PersonId, UnitId};

/// Longest reason, in characters.
pub const MAX_REASON: usize = 2_000;
/// An application names so many units at most.
pub const MAX_UNITS: usize = 20;

const DAY_MS: Millis = 86_400_000;
/// After so many days what waits is brought to mind. Days of the calendar, not
/// working days: an application belongs to no unit, so to no unit's hours.
pub const FIRST_REMINDER_DAYS: i64 = 3;
/// And again after so many days each.
pub const NEXT_REMINDER_DAYS: i64 = 7;
/// From so many days on administrators are told along of what responsibles let
/// wait.
pub const RAISE_DAYS: i64 = 10;

/// Why something with people does not happen. Each says what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StaffRefusal {
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
    /// How things stand does not allow it.
    #[error("{0}")]
    Stands(String),
}

/// What somebody may do at all, apart from units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rights {
    /// The support permission.
    pub support: bool,
    /// Watches overdue tickets of all units.
    pub monitor: bool,
    /// Administers the desk.
    pub admin: bool,
    /// Not disabled.
    pub active: bool,
}

/// A person, as far as these rules look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Who.
    pub person: PersonId,
    /// Their name, for refusals.
    pub name: String,
    /// What they may do.
    pub rights: Rights,
}

impl Standing {
    /// Their memberships count: they are active and hold the permission.
    pub fn counts(&self) -> bool {
        self.rights.active && self.rights.support
    }
}

/// Somebody in a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colleague {
    /// Who.
    pub person: PersonId,
    /// As what.
    pub part: Part,
    /// See [`Standing::counts`]; who does not can not act for the unit.
    pub counts: bool,
}

/// A unit with everybody in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crew {
    /// The unit.
    pub unit: UnitId,
    /// Its name, for refusals.
    pub name: String,
    /// A retired unit takes nobody, and may lose everybody.
    pub active: bool,
    /// The people.
    pub people: Vec<Colleague>,
}

impl Crew {
    /// Somebody's part here.
    pub fn part_of(&self, person: PersonId) -> Option<Part> {
        self.people
            .iter()
            .find(|c| c.person == person)
            .map(|c| c.part)
    }

    /// They are the only responsible who can act for an active unit.
    pub fn hangs_on(&self, person: PersonId) -> bool {
        let mut acting = self
            .people
            .iter()
            .filter(|c| c.counts && c.part == Part::Responsible)
            .map(|c| c.person);
        self.active && acting.next() == Some(person) && acting.next().is_none()
    }

    /// Somebody can act for it.
    pub fn has_responsible(&self) -> bool {
        self.people
            .iter()
            .any(|c| c.counts && c.part == Part::Responsible)
    }
}

/// What somebody wants to happen with a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberDeed {
    /// Take them in.
    Add(Part),
    /// Give them another part: make them responsible, or let them step down.
    SetPart(Part),
    /// Take them out; by themselves: they leave.
    Remove,
}

/// What happens with a member then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberChange {
    /// They are in.
    Added(Part),
    /// They have another part.
    PartSet {
        /// Before.
        old: Part,
        /// After.
        new: Part,
    },
    /// They are out.
    Removed {
        /// As what they were in.
        old: Part,
    },
}

/// May say who belongs to a unit: its responsibles, administrators, and the
/// desk itself (a rule that follows an identity provider).
pub fn may_manage(actor: &Actor, unit: UnitId) -> bool {
    actor.admin || actor.is_system() || actor.in_unit(unit) == Some(Part::Responsible)
}

fn manages(actor: &Actor, crew: &Crew) -> Result<(), StaffRefusal> {
    if may_manage(actor, crew.unit) {
        return Ok(());
    }
    Err(StaffRefusal::Forbidden(format!(
        "only the responsibles of {} and administrators may do that",
        crew.name
    )))
}

fn last_one(name: &str, units: &str, wish: &str) -> StaffRefusal {
    StaffRefusal::Stands(format!(
        "{name} is the last responsible of {units} and can not {wish}: make somebody else \
         responsible there first"
    ))
}

/// What a deed with a member does; `None`: it is so already.
///
/// # Errors
/// Who may not do it, whom it can not be done with, and when the unit would
/// lose its last responsible.
pub fn decide_member(
    actor: &Actor,
    crew: &Crew,
    who: &Standing,
    deed: MemberDeed,
) -> Result<Option<MemberChange>, StaffRefusal> {
    let oneself = actor.person == Some(who.person);
    let stranger = || StaffRefusal::Stands(format!("{} is no member of {}", who.name, crew.name));
    match deed {
        MemberDeed::Add(part) => {
            manages(actor, crew)?;
            if !crew.active {
                return Err(StaffRefusal::Stands(format!(
                    "{} is retired and takes nobody; its successor does",
                    crew.name
                )));
            }
            can_work(who)?;
            match crew.part_of(who.person) {
                Some(known) if known == part => Ok(None),
                Some(_) => Err(StaffRefusal::Stands(format!(
                    "{} is in {} already; give them another part instead",
                    who.name, crew.name
                ))),
                None => Ok(Some(MemberChange::Added(part))),
            }
        }
        MemberDeed::SetPart(new) => {
            if !(oneself && new == Part::Member) {
                manages(actor, crew)?;
            }
            let old = crew.part_of(who.person).ok_or_else(stranger)?;
            if old == new {
                return Ok(None);
            }
            if new == Part::Responsible {
                can_work(who)?;
            } else if crew.hangs_on(who.person) {
                return Err(last_one(&who.name, &crew.name, "step down"));
            }
            Ok(Some(MemberChange::PartSet { old, new }))
        }
        MemberDeed::Remove => {
            if !oneself {
                manages(actor, crew)?;
            }
            let old = crew.part_of(who.person).ok_or_else(stranger)?;
            if crew.hangs_on(who.person) {
                let wish = if oneself { "leave" } else { "be removed" };
                return Err(last_one(&who.name, &crew.name, wish));
            }
            Ok(Some(MemberChange::Removed { old }))
        }
    }
}

/// Without the permission a membership would open nothing.
fn can_work(who: &Standing) -> Result<(), StaffRefusal> {
    if !who.rights.active {
        return Err(StaffRefusal::Stands(format!(
            "the account of {} is disabled; an administrator can enable it",
            who.name
        )));
    }
    if !who.rights.support {
        return Err(StaffRefusal::Stands(format!(
            "{} does not hold the support permission; they apply for it on the page “Support \
             staff”",
            who.name
        )));
    }
    Ok(())
}

/// Other rights for a person: may they be given, may they be taken?
///
/// `crews` are the units that the person is in; `other_admins` how many active
/// administrators there are beside them. Who gives back their own support
/// permission needs nobody's consent.
///
/// # Errors
/// Who may not do it, and when a unit would lose its last responsible or the
/// desk its last administrator.
pub fn decide_rights(
    actor: &Actor,
    who: &Standing,
    wish: Rights,
    crews: &[Crew],
    other_admins: i64,
) -> Result<(), StaffRefusal> {
    let oneself = actor.person == Some(who.person);
    let gives_back = oneself
        && wish
            == Rights {
                support: false,
                ..who.rights
            };
    if !(actor.admin || actor.is_system() || gives_back) {
        return Err(StaffRefusal::Forbidden(
            "only administrators may change what people may do".to_owned(),
        ));
    }
    if oneself && !wish.active {
        return Err(StaffRefusal::Stands(
            "you can not disable your own account; another administrator can".to_owned(),
        ));
    }
    let (before, after) = (who.rights, wish);
    if before.admin && before.active && !(after.admin && after.active) && other_admins == 0 {
        return Err(StaffRefusal::Stands(format!(
            "{} is the last administrator: make somebody else administrator first",
            who.name
        )));
    }
    if who.counts() && !(after.support && after.active) {
        let hanging: Vec<&str> = crews
            .iter()
            .filter(|crew| crew.hangs_on(who.person))
            .map(|crew| crew.name.as_str())
            .collect();
        if !hanging.is_empty() {
            let wish = if after.active {
                "lose the support permission"
            } else {
                "be disabled"
            };
            return Err(last_one(&who.name, &hanging.join(", "), wish));
        }
    }
    Ok(())
}

/// Where an application or a join request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AskState {
    /// For an answer.
    Waiting,
    /// It was granted, or consented to.
    Granted,
    /// It was refused.
    Refused,
    /// Who asked took it back, or it fell away.
    Withdrawn,
}

impl AskState {
    /// Every state.
    pub const ALL: [AskState; 4] = [
        AskState::Waiting,
        AskState::Granted,
        AskState::Refused,
        AskState::Withdrawn,
    ];

    /// The word in JSON, forms and the database.
    pub fn key(self) -> &'static str {
        match self {
            AskState::Waiting => "waiting",
            AskState::Granted => "granted",
            AskState::Refused => "refused",
            AskState::Withdrawn => "withdrawn",
        }
    }

    /// The state of a word.
    pub fn parse(key: &str) -> Option<AskState> {
        AskState::ALL.into_iter().find(|s| s.key() == key)
    }
}

/// A reason without space around it.
///
/// # Errors
/// When it is empty and `needed` says why not, or when it is too long.
pub fn reason(text: &str, needed: Option<&str>) -> Result<String, StaffRefusal> {
    let wrong = |problem: String| StaffRefusal::Invalid {
        field: "reason",
        problem,
    };
    let text = text.trim();
    if let (true, Some(why)) = (text.is_empty(), needed) {
        return Err(wrong(why.to_owned()));
    }
    let length = text.chars().count();
    if length > MAX_REASON {
        return Err(wrong(format!(
            "has {length} characters; {MAX_REASON} are enough"
        )));
    }
    Ok(text
        .chars()
        .filter(|c| !c.is_control() || *c == '\n')
        .collect())
}

/// May somebody apply for the support permission, naming these units?
///
/// # Errors
/// What stands in the way.
pub fn may_apply(who: &Standing, units: &[Crew], waits: bool) -> Result<(), StaffRefusal> {
    let wrong = |problem: String| StaffRefusal::Invalid {
        field: "units",
        problem,
    };
    if !who.rights.active {
        return Err(StaffRefusal::Forbidden(
            "this account is disabled".to_owned(),
        ));
    }
    if who.rights.support {
        return Err(StaffRefusal::Stands(
            "you hold the support permission already; ask a unit to join it".to_owned(),
        ));
    }
    if waits {
        return Err(StaffRefusal::Stands(
            "your application waits for an answer already; withdraw it to send another".to_owned(),
        ));
    }
    if units.is_empty() {
        return Err(wrong("name the unit you want to work in".to_owned()));
    }
    if units.len() > MAX_UNITS {
        return Err(wrong(format!("name at most {MAX_UNITS} units")));
    }
    if let Some(retired) = units.iter().find(|u| !u.active) {
        return Err(wrong(format!(
            "{} is retired; name its successor",
            retired.name
        )));
    }
    Ok(())
}

/// May somebody ask this unit to take them in?
///
/// # Errors
/// What stands in the way.
pub fn may_ask_to_join(who: &Standing, crew: &Crew, waits: bool) -> Result<(), StaffRefusal> {
    if !who.counts() {
        return Err(StaffRefusal::Forbidden(
            "units take those who hold the support permission; apply for it first".to_owned(),
        ));
    }
    let stands = |text: String| Err(StaffRefusal::Stands(text));
    if !crew.active {
        return stands(format!(
            "{} is retired; ask its successor instead",
            crew.name
        ));
    }
    if crew.part_of(who.person).is_some() {
        return stands(format!("you are in {} already", crew.name));
    }
    if waits {
        return stands(format!(
            "{} was asked already; its responsibles have not answered yet",
            crew.name
        ));
    }
    Ok(())
}

/// May this actor answer a join request of this unit?
///
/// # Errors
/// Who may instead.
pub fn may_answer_join(actor: &Actor, crew: &Crew) -> Result<(), StaffRefusal> {
    manages(actor, crew)
}

/// May this actor answer an application for the support permission?
///
/// # Errors
/// Who may instead.
pub fn may_answer_application(actor: &Actor) -> Result<(), StaffRefusal> {
    if actor.admin || actor.is_system() {
        return Ok(());
    }
    Err(StaffRefusal::Forbidden(
        "only administrators may grant or refuse the support permission".to_owned(),
    ))
}

/// What was asked is answered once.
///
/// # Errors
/// What became of it.
pub fn still_waits(state: AskState) -> Result<(), StaffRefusal> {
    let became = match state {
        AskState::Waiting => return Ok(()),
        AskState::Granted => "granted",
        AskState::Refused => "refused",
        AskState::Withdrawn => "withdrawn",
    };
    Err(StaffRefusal::Stands(format!("it was {became} already")))
}

/// How many reminders should have gone out by now for what has waited since
/// `asked_at`: one after [`FIRST_REMINDER_DAYS`], then one every
/// [`NEXT_REMINDER_DAYS`].
pub fn reminders_by(asked_at: Millis, now: Millis) -> i64 {
    let late = now - asked_at - FIRST_REMINDER_DAYS * DAY_MS;
    if late < 0 {
        return 0;
    }
    1 + late / (NEXT_REMINDER_DAYS * DAY_MS)
}

/// When the next reminder goes out after so many.
pub fn next_reminder(asked_at: Millis, sent: i64) -> Millis {
    asked_at + (FIRST_REMINDER_DAYS + NEXT_REMINDER_DAYS * sent.max(0)) * DAY_MS
}

/// What has waited so long is brought to administrators too.
pub fn raised(asked_at: Millis, now: Millis) -> bool {
    now - asked_at >= RAISE_DAYS * DAY_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reminders_come_after_three_days_and_then_weekly() {
        let after = |days: i64| reminders_by(5, 5 + days * DAY_MS);
        assert_eq!(
            [after(0), after(2), after(3), after(9), after(10), after(17)],
            [0, 0, 1, 1, 2, 3]
        );
        assert_eq!(next_reminder(5, 1), 5 + 10 * DAY_MS);
        assert!(!raised(5, 5 + 9 * DAY_MS) && raised(5, 5 + 10 * DAY_MS));
    }
}
