//! What is handed over at the end of a shift: read, written late, and confirmed.

use std::collections::BTreeMap;

use store::Conn;
use store::list::{Condition, Filter, Item, Sort};
use store::rota::{HandOver, OpenTicket};
use switchboard_core::{Actor, Millis, UnitId};
use uuid::Uuid;

use super::{OnDuty, check_note, letters, named, staff, unit_named};
use crate::{Desk, Error};

/// Hand-overs on one page.
pub const MOST_HAND_OVERS: i64 = 100;
/// A ticket of a hand-over, as it stands now.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedTicket {
    /// Why it is named.
    pub named: OpenTicket,
    /// How it stands; `None`: the reader may not see it any more.
    pub item: Option<Item>,
}

/// A hand-over.
#[derive(Debug, Clone, PartialEq)]
pub struct HandOverView {
    /// What is kept of it.
    pub kept: HandOver,
    /// Who was on duty.
    pub outgoing: OnDuty,
    /// Who is from then on.
    pub incoming: OnDuty,
    /// Its tickets.
    pub tickets: Vec<NamedTicket>,
    /// The reader may write the note: it was their shift.
    pub may_write: bool,
    /// The reader may confirm it: it is handed to them, and not confirmed yet.
    pub may_confirm: bool,
}

/// Hand-overs are for who works in the unit, and administrators.
fn inside(actor: &Actor, unit: UnitId) -> Result<(), Error> {
    if actor.admin || actor.is_system() || actor.in_unit(unit).is_some() {
        return Ok(());
    }
    Err(Error::Forbidden(
        "what is handed over is for the people of the unit".into(),
    ))
}

impl Desk {
    /// What was handed over in a unit, the newest first, at most [`MOST_HAND_OVERS`];
    /// `before`: only what was earlier.
    ///
    /// # Errors
    /// When there is no such unit; unless the actor works there or is an administrator.
    pub async fn hand_overs(
        &self,
        actor: &Actor,
        unit: &str,
        before: Option<Millis>,
        limit: i64,
    ) -> Result<Vec<HandOverView>, Error> {
        let catalogue = self.catalogue().await?;
        let unit = unit_named(&catalogue, unit)?;
        inside(actor, unit.id)?;
        let actor = actor.clone();
        self.0
            .db
            .read(move |c| {
                let limit = limit.clamp(1, MOST_HAND_OVERS + 1);
                let all = store::rota::hand_overs(c, unit.id, before, limit)?;
                all.into_iter()
                    .map(|kept| hand_over_view(c, &actor, kept))
                    .collect()
            })
            .await
    }

    /// A hand-over.
    ///
    /// # Errors
    /// [`Error::NotFound`]; unless the actor works in its unit or is an administrator.
    pub async fn hand_over(&self, actor: &Actor, id: Uuid) -> Result<HandOverView, Error> {
        let actor = actor.clone();
        self.0
            .db
            .read(move |c| {
                let kept = open(c, &actor, id)?;
                hand_over_view(c, &actor, kept)
            })
            .await
    }

    /// Who was on duty writes what is going on after their shift has ended, or changes it.
    /// Until it is confirmed, the incoming person gets it by mail.
    ///
    /// # Errors
    /// Names the field; [`Error::NotFound`]; [`Error::Forbidden`] for anybody else.
    pub async fn write_hand_over(
        &self,
        actor: &Actor,
        id: Uuid,
        note: &str,
    ) -> Result<HandOverView, Error> {
        let note = check_note(note)?;
        let catalogue = self.catalogue().await?;
        let (desk, actor) = (self.clone(), actor.clone());
        let view = self
            .0
            .db
            .write(move |c| {
                let kept = open(c, &actor, id)?;
                if actor.person != Some(kept.outgoing) {
                    let why = "only who was on duty writes what they hand over";
                    return Err(Error::Forbidden(why.into()));
                }
                if kept.note == note {
                    return hand_over_view(c, &actor, kept);
                }
                let note = note.clone();
                let kept = HandOver { note, ..kept };
                store::rota::save_hand_over(c, &kept)?;
                if kept.confirmed_at.is_none()
                    && !kept.note.is_empty()
                    && let Some(unit) = catalogue.unit(kept.unit)
                {
                    letters::written(&desk, c, unit, &kept)?;
                }
                hand_over_view(c, &actor, kept)
            })
            .await?;
        self.wake();
        Ok(view)
    }

    /// The incoming person confirms that they have read a hand-over. Nothing happens where
    /// they have.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Forbidden`] for anybody else.
    pub async fn confirm_hand_over(&self, actor: &Actor, id: Uuid) -> Result<HandOverView, Error> {
        let (actor, now) = (actor.clone(), self.now());
        self.0
            .db
            .write(move |c| {
                let kept = open(c, &actor, id)?;
                if actor.person != Some(kept.incoming) {
                    let why = "only who is handed something confirms it";
                    return Err(Error::Forbidden(why.into()));
                }
                if kept.confirmed_at.is_some() {
                    return hand_over_view(c, &actor, kept);
                }
                let kept = HandOver {
                    confirmed_at: Some(now),
                    confirm_by: None,
                    ..kept
                };
                store::rota::save_hand_over(c, &kept)?;
                hand_over_view(c, &actor, kept)
            })
            .await
    }
}

/// A hand-over that somebody may read.
fn open(c: &mut Conn<'_>, actor: &Actor, id: Uuid) -> Result<HandOver, Error> {
    staff(actor)?;
    let kept = store::rota::hand_over(c, id)?.ok_or_else(|| Error::not_found("such hand-over"))?;
    inside(actor, kept.unit)?;
    Ok(kept)
}

fn hand_over_view(c: &mut Conn<'_>, actor: &Actor, kept: HandOver) -> Result<HandOverView, Error> {
    let numbers: Vec<i64> = kept.tickets.iter().map(|t| t.number.0).collect();
    let scope = crate::list::scope_of(actor);
    let filter = Filter::default().and(Condition::Numbers(numbers));
    let mut items: BTreeMap<_, _> = store::list::page(c, &scope, &filter, Sort::Newest, None, 500)?
        .into_iter()
        .map(|item| (item.number, item))
        .collect();
    let tickets = kept
        .tickets
        .iter()
        .map(|named| NamedTicket {
            item: items.remove(&named.number),
            named: named.clone(),
        })
        .collect();
    let people = named(c, &[kept.outgoing, kept.incoming])?;
    let who = |id| {
        people.get(&id).cloned().unwrap_or(OnDuty {
            id,
            name: String::new(),
            email: None,
        })
    };
    Ok(HandOverView {
        outgoing: who(kept.outgoing),
        incoming: who(kept.incoming),
        tickets,
        may_write: actor.person == Some(kept.outgoing),
        may_confirm: actor.person == Some(kept.incoming) && kept.confirmed_at.is_none(),
        kept,
    })
}
