//! Macros: what staff keep to do with tickets again and again, and doing it: by the
//! steps that people take, all of them or none, in their own name.

use std::collections::HashSet;

use serde_json::json;
use store::Conn;
use store::macros::{Macro, Named, Run};
use switchboard_core::canned::{FIELDS, Shelf};
use switchboard_core::macros::Macro as Written;
use switchboard_core::rule::Step as Deed;
use switchboard_core::working_time::DAY_MS;
use switchboard_core::{Actor, Millis, TicketNumber, UnitId};
use uuid::Uuid;

use crate::audit::{self, Subject};
use crate::canned::{
    check_fields, has_room, is_audited, named_shelf, on_support_side, staff, values,
};
use crate::rule::act::{done_by, said};
use crate::rule::{ThenDraft, Whom};
use crate::view::{EventView, load_visible};
use crate::{Catalogue, Desk, Error, Step};

/// Tickets that one call does something with.
pub const MOST_TICKETS: usize = 200;
/// A ticket that changes while something is decided about it is looked at again, so often.
const TRIES: usize = 5;

/// A macro as somebody filled it in. What is empty is not done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// The one that is changed; `None`: a new one.
    pub id: Option<Uuid>,
    /// The version that was seen; `None`: whatever happened meanwhile.
    pub expected: Option<i64>,
    /// Whose it is: `own`, `unit` or `everybody`.
    pub shelf: String,
    /// The unit by name or key, where it is a unit's.
    pub shelf_unit: String,
    /// How people call it.
    pub title: String,
    /// Why a priority or a unit is given; empty: its name.
    pub reason: String,
    /// What it does, by names.
    pub then: ThenDraft,
    /// It becomes theirs who set it off.
    pub take: bool,
    /// The text that it answers with.
    pub canned: Option<Uuid>,
}

/// What a macro does with one ticket, in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The ticket's version after it; of a look at it beforehand, before it.
    pub version: i64,
    /// One for each thing, in order; none: all is so already.
    pub did: Vec<String>,
    /// What it answers.
    pub answer: Option<String>,
    /// What it notes.
    pub note: Option<String>,
    /// Of a look at it beforehand: why it would be refused.
    pub refused: Option<String>,
}

/// What a macro is about to do.
struct Plan {
    steps: Vec<Step>,
    outcome: Outcome,
    run: Run,
}

fn open(c: &mut Conn<'_>, actor: &Actor, id: Uuid) -> Result<Macro, Error> {
    store::macros::load(c, id)?
        .filter(|one| one.shelf.is_open_to(actor))
        .ok_or_else(|| Error::not_found("such macro"))
}

/// What it does with a ticket as it stands.
fn plan(
    c: &mut Conn<'_>,
    desk: &Desk,
    catalogue: &Catalogue,
    actor: &Actor,
    (number, id): (TicketNumber, Uuid),
    now: Millis,
) -> Result<Plan, Error> {
    let (ticket, access) = load_visible(c, actor, number)?;
    on_support_side(actor, &access)?;
    let one = open(c, actor, id)?;
    let canned = match one.written.canned {
        None => None,
        Some(text) => {
            let known = store::canned::load(c, text)?;
            let known = known.filter(|text| text.written.shelf.is_open_to(actor));
            let gone = || Error::Conflict("the canned text that it answers with is gone".into());
            Some(known.ok_or_else(gone)?.written.body)
        }
    };
    let values = values(c, desk, catalogue, &ticket, actor)?;
    // What can not be put in says nothing: then the steps below refuse to say it.
    let fill = |text: &str| mail::template::render(text, FIELDS, &values).unwrap_or_default();
    let days = crate::rule::act::working_days(catalogue, &ticket);
    let later = |n: u32| days.after(now, Millis::from(n).saturating_mul(DAY_MS));
    let written = &one.written;
    let nothing = || {
        let why = "nothing is left of its answer on this ticket, so it does nothing";
        Error::Conflict(why.into())
    };
    let deeds = written
        .steps(&ticket, actor.person, canned.as_deref(), &fill, &later)
        .map_err(|_| nothing())?;
    let mut plan = Plan {
        steps: Vec::new(),
        outcome: Outcome {
            version: ticket.version,
            ..Outcome::default()
        },
        run: Run {
            ticket: number,
            id,
            title: written.title.clone(),
        },
    };
    let answers = canned.is_some() || written.then.answer.is_some();
    let answered = deeds.iter().any(|deed| matches!(deed, Deed::Answer(..)));
    if answers && !answered {
        return Err(nothing());
    }
    for deed in deeds {
        plan.add(catalogue, deed);
    }
    Ok(plan)
}

impl Plan {
    fn add(&mut self, catalogue: &Catalogue, deed: Deed) {
        self.outcome.did.push(said(catalogue, &deed));
        match &deed {
            Deed::Answer(_, text) => self.outcome.answer = Some(text.clone()),
            Deed::Note(text) => self.outcome.note = Some(text.clone()),
            Deed::Command(_) | Deed::Mail(_) => {}
        }
        self.steps.extend(done_by(deed));
    }
}

/// Says of events by which macros they came about: for the support side of their tickets.
///
/// # Errors
/// When the database can not be read.
pub(crate) fn name<'a>(
    c: &mut Conn<'_>,
    events: impl IntoIterator<Item = &'a mut EventView>,
) -> Result<(), Error> {
    let events: Vec<&mut EventView> = events.into_iter().collect();
    let causes: HashSet<Uuid> = events.iter().map(|event| event.cause).collect();
    let names = store::macros::by_cause(c, causes)?;
    for event in events {
        event.by_macro = names.get(&event.cause).cloned();
    }
    Ok(())
}

impl Desk {
    /// The macros that somebody may use, as for [`Desk::canned_texts`], by title.
    ///
    /// # Errors
    /// When the actor is not on staff.
    pub async fn macros(&self, actor: &Actor) -> Result<Vec<Macro>, Error> {
        staff(actor)?;
        let actor = actor.clone();
        self.0
            .db
            .read(move |c| Ok(store::macros::of(c, &actor)?))
            .await
    }

    /// The same with what each says by names.
    ///
    /// # Errors
    /// When the actor is not on staff.
    pub async fn written_macros(&self, actor: &Actor) -> Result<Vec<(Macro, Draft)>, Error> {
        staff(actor)?;
        let (catalogue, actor) = (self.catalogue().await?, actor.clone());
        self.0
            .db
            .read(move |c| {
                let all = store::macros::of(c, &actor)?.into_iter();
                all.map(|one| {
                    let draft = by_names(c, &catalogue, &one)?;
                    Ok((one, draft))
                })
                .collect()
            })
            .await
    }

    /// The names of those that somebody may want on a ticket of this unit, or of any:
    /// their own first, then those of units, then everybody's.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn macro_names(
        &self,
        actor: &Actor,
        unit: Option<UnitId>,
    ) -> Result<Vec<Named>, Error> {
        let by = actor.clone();
        let mut names = self
            .0
            .db
            .read(move |c| Ok::<_, Error>(store::macros::names(c, &by)?))
            .await?;
        names.retain(|one| unit.is_none_or(|unit| one.shelf.is_at_hand(actor, unit)));
        names.sort_by_key(|one| one.shelf.nearness());
        Ok(names)
    }

    /// One macro, and what it says by names.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for one that the actor may not use; when they are not on
    /// staff.
    pub async fn one_macro(&self, actor: &Actor, id: Uuid) -> Result<(Macro, Draft), Error> {
        staff(actor)?;
        let (catalogue, actor) = (self.catalogue().await?, actor.clone());
        self.0
            .db
            .read(move |c| {
                let one = open(c, &actor, id)?;
                let draft = by_names(c, &catalogue, &one)?;
                Ok((one, draft))
            })
            .await
    }

    /// Stores a macro, new or changed.
    ///
    /// # Errors
    /// Names the field that is wrong; when the actor may not keep it there.
    pub async fn save_macro(&self, actor: &Actor, draft: Draft) -> Result<Macro, Error> {
        staff(actor)?;
        let (catalogue, now, by) = (self.catalogue().await?, self.now(), actor.clone());
        let fresh = self.uuid();
        self.0
            .db
            .write(move |c| store_draft(c, &catalogue, &by, &draft, fresh, now))
            .await
    }

    /// Takes a macro away. What was done by it keeps its name.
    ///
    /// # Errors
    /// When there is none that the actor may use, or they may not take it away.
    pub async fn delete_macro(&self, actor: &Actor, id: Uuid) -> Result<(), Error> {
        staff(actor)?;
        let (now, by) = (self.now(), actor.clone());
        self.0
            .db
            .write(move |c| {
                let known = open(c, &by, id)?;
                known.shelf.may_be_filled_by(&by)?;
                store::macros::delete(c, id)?;
                note(c, &by, now, "macro.deleted", Some(&known), None)
            })
            .await
    }

    /// What a macro would do with a ticket now. Nothing is changed.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a ticket or macro that the actor may not see; when they are
    /// not on the support side of the ticket.
    pub async fn preview_macro(
        &self,
        actor: &Actor,
        number: TicketNumber,
        id: Uuid,
    ) -> Result<Outcome, Error> {
        let plan = match self.macro_plan(actor, number, id).await {
            // It can do nothing here, whatever the rules of tickets say.
            Err(Error::Conflict(why)) => {
                return Ok(Outcome {
                    refused: Some(why),
                    ..Outcome::default()
                });
            }
            plan => plan?,
        };
        let refused = match self.rehearse(actor, number, plan.steps).await {
            Ok(()) => None,
            Err(
                Error::Invalid { problem: why, .. } | Error::Forbidden(why) | Error::Conflict(why),
            ) => Some(why),
            Err(other) => return Err(other),
        };
        Ok(Outcome {
            refused,
            ..plan.outcome
        })
    }

    /// Does with a ticket what a macro says: all of it, in the actor's name, or nothing.
    /// `seen` is the ticket's version for which they looked at what it does.
    ///
    /// # Errors
    /// As for [`Desk::preview_macro`], and what the rules of tickets refuse;
    /// [`Error::Stale`] when `seen` is no longer the version.
    pub async fn run_macro(
        &self,
        actor: &Actor,
        number: TicketNumber,
        id: Uuid,
        seen: Option<i64>,
    ) -> Result<Outcome, Error> {
        for left in (0..TRIES).rev() {
            let plan = self.macro_plan(actor, number, id).await?;
            let current = plan.outcome.version;
            if seen.is_some_and(|seen| seen != current) {
                return Err(Error::Stale { current });
            }
            if plan.steps.is_empty() {
                return Ok(plan.outcome);
            }
            // What was decided holds for the ticket as it stood then, and for no other.
            let seen = Some(plan.outcome.version);
            match self.act_by(actor, number, seen, plan.steps, plan.run).await {
                Ok(version) => {
                    return Ok(Outcome {
                        version,
                        ..plan.outcome
                    });
                }
                Err(Error::Stale { .. }) if left > 0 => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::Internal("a macro was tried no time".into()))
    }

    /// The same with many tickets, each for itself; what was not done says why.
    ///
    /// # Errors
    /// When there are none or too many, there is no such macro, or the database fails.
    pub async fn run_macro_on(
        &self,
        actor: &Actor,
        numbers: &[TicketNumber],
        id: Uuid,
    ) -> Result<Vec<(TicketNumber, Result<Outcome, Error>)>, Error> {
        if numbers.is_empty() || numbers.len() > MOST_TICKETS {
            let problem = format!("takes 1 to {MOST_TICKETS} tickets");
            return Err(Error::invalid("numbers", problem));
        }
        self.one_macro(actor, id).await?;
        let (mut all, mut seen) = (Vec::new(), HashSet::new());
        // Who names a ticket twice means it once: it answers.
        for number in numbers.iter().filter(|number| seen.insert(**number)) {
            match self.run_macro(actor, *number, id, None).await {
                Err(Error::Internal(why)) => return Err(Error::Internal(why)),
                result => all.push((*number, result)),
            }
        }
        Ok(all)
    }

    async fn macro_plan(
        &self,
        actor: &Actor,
        number: TicketNumber,
        id: Uuid,
    ) -> Result<Plan, Error> {
        let (catalogue, now) = (self.catalogue().await?, self.now());
        let (desk, actor) = (self.clone(), actor.clone());
        self.0
            .db
            .read(move |c| plan(c, &desk, &catalogue, &actor, (number, id), now))
            .await
    }
}

/// A macro by names again, as a form shows it.
fn by_names(c: &mut Conn<'_>, catalogue: &Catalogue, one: &Macro) -> Result<Draft, Error> {
    let written = &one.written;
    Ok(Draft {
        id: Some(one.id),
        expected: Some(one.version),
        shelf: one.shelf.key().to_owned(),
        shelf_unit: match one.shelf {
            Shelf::Unit(unit) => catalogue
                .unit(unit)
                .map_or_else(String::new, |unit| unit.key.clone()),
            _ => String::new(),
        },
        title: written.title.clone(),
        reason: written.reason.clone(),
        then: crate::rule::then_by_names(c, catalogue, &written.then)?,
        take: written.take,
        canned: written.canned,
    })
}

fn store_draft(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    actor: &Actor,
    draft: &Draft,
    fresh: Uuid,
    now: Millis,
) -> Result<Macro, Error> {
    let before = match draft.id {
        Some(id) => Some(open(c, actor, id)?),
        None => None,
    };
    if let (Some(before), Some(expected)) = (&before, draft.expected)
        && before.version != expected
    {
        return Err(Error::Stale {
            current: before.version,
        });
    }
    let shelf = named_shelf(catalogue, actor, &draft.shelf, &draft.shelf_unit)?;
    for shelf in before.iter().map(|b| b.shelf).chain([shelf]) {
        shelf.may_be_filled_by(actor)?;
    }
    let whom = match actor.admin || actor.is_system() {
        true => Whom::All,
        false => Whom::Staff,
    };
    let written = Written {
        title: draft.title.trim().to_owned(),
        reason: draft.reason.trim().to_owned(),
        then: crate::rule::deeds(c, catalogue, &draft.then, whom)?,
        take: draft.take,
        canned: draft.canned,
    };
    written.check()?;
    for (field, text) in written.then.texts() {
        check_fields(field, text)?;
    }
    if let Some(id) = written.canned {
        let text = store::canned::load(c, id)?;
        let text = text.filter(|text| text.written.shelf.is_open_to(actor));
        let text = text.ok_or_else(|| Error::invalid("canned", "there is no such canned text"))?;
        // Whoever may use the macro has to have the text, too.
        if ![Shelf::Everybody, shelf].contains(&text.written.shelf) {
            let problem = "is not there for all who may use the macro: take one of the same \
                           people, or of everybody";
            return Err(Error::invalid("canned", problem));
        }
    }
    let beside = store::macros::on_shelf(c, shelf)?;
    let others = || beside.iter().filter(|other| Some(other.id) != draft.id);
    let same = written.title.to_lowercase();
    if others().any(|other| other.written.title.to_lowercase() == same) {
        return Err(Error::invalid("title", "is another’s already"));
    }
    has_room(others().count())?;
    let one = Macro {
        id: before.as_ref().map_or(fresh, |b| b.id),
        shelf,
        written,
        changed_at: now,
        version: before.as_ref().map_or(0, |b| b.version) + 1,
    };
    store::macros::save(c, &one)?;
    let what = match &before {
        Some(_) => "macro.changed",
        None => "macro.created",
    };
    note(c, actor, now, what, before.as_ref(), Some(&one))?;
    Ok(one)
}

/// Notes what became of a macro that is not only somebody's own.
fn note(
    c: &mut Conn<'_>,
    actor: &Actor,
    now: Millis,
    what: &'static str,
    before: Option<&Macro>,
    after: Option<&Macro>,
) -> Result<(), Error> {
    let shown = |one: Option<&Macro>| {
        let one = one.filter(|one| is_audited(one.shelf))?;
        Some(json!({"scope": one.shelf, "macro": one.written}))
    };
    let Some(id) = after.or(before).map(|one| one.id) else {
        return Ok(());
    };
    let (before, after) = (shown(before), shown(after));
    if before.is_none() && after.is_none() {
        return Ok(());
    }
    let detail = json!({"before": before, "after": after});
    audit::record(c, actor, now, what, &Subject::Other("macro", id), &detail)
}
