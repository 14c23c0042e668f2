//! Texts that staff keep for what they write again and again: whose they are, and what
//! they say on a ticket.

use serde_json::json;
use store::Conn;
use store::canned::{CannedText, Named};
use switchboard_core::canned::{Canned, FIELDS, MOST, Shelf};
use switchboard_core::{Access, Actor, Millis, Ticket, TicketNumber, UnitId};
use uuid::Uuid;

use crate::audit::{self, Subject};
use crate::mail_text::Values;
use crate::view::load_visible;
use crate::{Catalogue, Desk, Error};

/// A text as somebody filled it in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// The one that is changed; `None`: a new one.
    pub id: Option<Uuid>,
    /// The version that was seen; `None`: whatever happened meanwhile.
    pub expected: Option<i64>,
    /// Whose it is: `own`, `unit` or `everybody`.
    pub shelf: String,
    /// The unit by name or key, where it is a unit's.
    pub unit: String,
    /// How people call it.
    pub title: String,
    /// What is typed to get it.
    pub shortcut: String,
    /// What it says, with fields.
    pub body: String,
}

pub(crate) fn staff(actor: &Actor) -> Result<(), Error> {
    if actor.is_staff() {
        return Ok(());
    }
    Err(Error::Forbidden("this is for support staff".into()))
}

/// Whose something is to be, by the words of a form.
///
/// # Errors
/// Names the field that is wrong.
pub(crate) fn named_shelf(
    catalogue: &Catalogue,
    actor: &Actor,
    shelf: &str,
    unit: &str,
) -> Result<Shelf, Error> {
    match (shelf, actor.person) {
        ("own", Some(person)) => Ok(Shelf::Own(person)),
        ("unit", _) => Ok(Shelf::Unit(catalogue.find_unit("unit", unit)?.id)),
        ("everybody", _) => Ok(Shelf::Everybody),
        _ => Err(Error::invalid(
            "scope",
            "has to be one of own, unit, everybody",
        )),
    }
}

/// Whether fields in a text are ones that there are.
///
/// # Errors
/// Names the field and says which there are.
pub(crate) fn check_fields(field: &str, text: &str) -> Result<(), Error> {
    mail::template::check(text, FIELDS).map_err(|e| Error::invalid(field, e.to_string()))
}

/// What stands in the fields for somebody who writes on a ticket: nothing but what its
/// requester sees there.
///
/// # Errors
/// When the database can not be read.
pub(crate) fn values(
    c: &mut Conn<'_>,
    desk: &Desk,
    catalogue: &Catalogue,
    ticket: &Ticket,
    actor: &Actor,
) -> Result<Values, Error> {
    let requester = store::person::load(c, ticket.requester)?;
    let unit = catalogue.unit(ticket.unit);
    let service = ticket.service.and_then(|id| catalogue.service(id));
    let site = ticket.site.as_ref().map(|key| {
        let known = catalogue.sites.iter().find(|site| site.key == *key);
        known.map_or_else(|| key.clone(), |site| site.name.clone())
    });
    let community = ticket.community.as_ref().map(|key| {
        let known = catalogue.community(key);
        known.map_or_else(|| key.clone(), |community| community.name.clone())
    });
    let config = desk.config();
    Ok([
        ("ticket.number", ticket.number.to_string()),
        ("ticket.subject", ticket.subject.clone()),
        ("ticket.status", ticket.status.label().to_lowercase()),
        (
            "ticket.link",
            format!("{}/tickets/{}", config.public_url, ticket.number),
        ),
        (
            "requester.name",
            requester.map_or_else(String::new, |p| p.name),
        ),
        ("agent.name", actor.name.clone()),
        (
            "unit.name",
            unit.map_or_else(String::new, |u| u.name.clone()),
        ),
        (
            "service.name",
            service.map_or_else(String::new, |s| s.name.clone()),
        ),
        ("site.name", site.unwrap_or_default()),
        ("community.name", community.unwrap_or_default()),
        ("desk.name", config.name.clone()),
    ]
    .into())
}

fn open(c: &mut Conn<'_>, actor: &Actor, id: Uuid) -> Result<CannedText, Error> {
    store::canned::load(c, id)?
        .filter(|text| text.written.shelf.is_open_to(actor))
        .ok_or_else(|| Error::not_found("such canned text"))
}

/// What is somebody's own is nobody else's business.
pub(crate) fn is_audited(shelf: Shelf) -> bool {
    !matches!(shelf, Shelf::Own(_))
}

impl Desk {
    /// The texts that somebody may use: their own, those of their units, everybody's; of
    /// administrators all but others' own. By shortcut.
    ///
    /// # Errors
    /// When the actor is not on staff.
    pub async fn canned_texts(&self, actor: &Actor) -> Result<Vec<CannedText>, Error> {
        staff(actor)?;
        let actor = actor.clone();
        self.0
            .db
            .read(move |c| Ok(store::canned::of(c, &actor)?))
            .await
    }

    /// The names of those that somebody may want on a ticket of this unit: their own first,
    /// then those of units, then everybody's.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn canned_names(&self, actor: &Actor, unit: UnitId) -> Result<Vec<Named>, Error> {
        let actor = actor.clone();
        let mut names = self
            .0
            .db
            .read({
                let actor = actor.clone();
                move |c| Ok::<_, Error>(store::canned::names(c, &actor)?)
            })
            .await?;
        names.retain(|one| one.shelf.is_at_hand(&actor, unit));
        names.sort_by_key(|one| one.shelf.nearness());
        Ok(names)
    }

    /// One text.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for one that the actor may not use; when they are not on
    /// staff.
    pub async fn canned_text(&self, actor: &Actor, id: Uuid) -> Result<CannedText, Error> {
        staff(actor)?;
        let actor = actor.clone();
        self.0.db.read(move |c| open(c, &actor, id)).await
    }

    /// Stores a text, new or changed.
    ///
    /// # Errors
    /// Names the field that is wrong; when the actor may not keep it there.
    pub async fn save_canned_text(&self, actor: &Actor, draft: Draft) -> Result<CannedText, Error> {
        staff(actor)?;
        let (catalogue, now, by) = (self.catalogue().await?, self.now(), actor.clone());
        let fresh = self.uuid();
        self.0
            .db
            .write(move |c| store_draft(c, &catalogue, &by, &draft, fresh, now))
            .await
    }

    /// Takes a text away.
    ///
    /// # Errors
    /// When there is none that the actor may use, or they may not take it away.
    pub async fn delete_canned_text(&self, actor: &Actor, id: Uuid) -> Result<(), Error> {
        staff(actor)?;
        let (now, by) = (self.now(), actor.clone());
        self.0
            .db
            .write(move |c| {
                let known = open(c, &by, id)?;
                known.written.shelf.may_be_filled_by(&by)?;
                store::canned::delete(c, id)?;
                note(c, &by, now, "canned_text.deleted", Some(&known), None)
            })
            .await
    }

    /// What a text says on a ticket when this person writes it there. Nothing is changed.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a ticket or text that the actor may not see; when they are
    /// not on the support side of the ticket, or what comes out is too long.
    pub async fn filled_canned_text(
        &self,
        actor: &Actor,
        number: TicketNumber,
        id: Uuid,
    ) -> Result<String, Error> {
        let catalogue = self.catalogue().await?;
        let (desk, actor) = (self.clone(), actor.clone());
        self.0
            .db
            .read(move |c| {
                let (ticket, access) = load_visible(c, &actor, number)?;
                on_support_side(&actor, &access)?;
                let text = open(c, &actor, id)?;
                let values = values(c, &desk, &catalogue, &ticket, &actor)?;
                mail::template::render(&text.written.body, FIELDS, &values)
                    .map_err(|e| Error::invalid("body", e.to_string()))
            })
            .await
    }
}

/// Of a ticket that they may see: that what staff keep can be used on it.
pub(crate) fn on_support_side(actor: &Actor, access: &Access) -> Result<(), Error> {
    staff(actor)?;
    if !access.staff_side() {
        let why = "you are not on the support side of this ticket";
        return Err(Error::Forbidden(why.into()));
    }
    Ok(())
}

/// That another one fits beside so many that are kept for the same people.
pub(crate) fn has_room(others: usize) -> Result<(), Error> {
    if others >= MOST {
        return Err(Error::Conflict(format!(
            "there are {MOST} of these, as many as a list can be read of: take one away first"
        )));
    }
    Ok(())
}

fn store_draft(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    actor: &Actor,
    draft: &Draft,
    fresh: Uuid,
    now: Millis,
) -> Result<CannedText, Error> {
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
    let shelf = named_shelf(catalogue, actor, &draft.shelf, &draft.unit)?;
    for shelf in before.iter().map(|b| b.written.shelf).chain([shelf]) {
        shelf.may_be_filled_by(actor)?;
    }
    let written = Canned {
        shelf,
        title: draft.title.trim().to_owned(),
        shortcut: draft.shortcut.trim().to_lowercase(),
        body: draft.body.clone(),
    };
    written.check()?;
    check_fields("body", &written.body)?;
    let beside = store::canned::on_shelf(c, shelf)?;
    let others = || beside.iter().filter(|other| Some(other.id) != draft.id);
    if let Some(same) = others().find(|other| other.written.shortcut == written.shortcut) {
        let problem = format!("is that of “{}” already", same.written.title);
        return Err(Error::invalid("shortcut", problem));
    }
    has_room(others().count())?;
    let text = CannedText {
        id: before.as_ref().map_or(fresh, |b| b.id),
        written,
        changed_at: now,
        version: before.as_ref().map_or(0, |b| b.version) + 1,
    };
    store::canned::save(c, &text)?;
    let what = match &before {
        Some(_) => "canned_text.changed",
        None => "canned_text.created",
    };
    note(c, actor, now, what, before.as_ref(), Some(&text))?;
    Ok(text)
}

/// Notes what became of a text that is not only somebody's own.
fn note(
    c: &mut Conn<'_>,
    actor: &Actor,
    now: Millis,
    what: &'static str,
    before: Option<&CannedText>,
    after: Option<&CannedText>,
) -> Result<(), Error> {
    let shown = |text: Option<&CannedText>| {
        let text = text.filter(|t| is_audited(t.written.shelf))?;
        let w = &text.written;
        Some(json!({
            "scope": w.shelf, "title": w.title, "shortcut": w.shortcut, "body": w.body,
        }))
    };
    let Some(id) = after.or(before).map(|text| text.id) else {
        return Ok(());
    };
    let detail = [shown(before), shown(after)];
    if detail.iter().all(Option::is_none) {
        return Ok(());
    }
    let [before, after] = detail;
    let detail = json!({"before": before, "after": after});
    audit::record(
        c,
        actor,
        now,
        what,
        &Subject::Other("canned_text", id),
        &detail,
    )
}
