//! A form with all that its page shows.

use store::Conn;
use store::onboarding::{Kind, Onboarding};
use switchboard_core::Actor;
use switchboard_core::onboarding::{State, entries};
use uuid::Uuid;

use super::{
    Changed, Sheet, accept, around, connection, differing, found, list_check, moving, service_of,
    undo, wrong,
};
use crate::{Desk, Error};

/// The form as an actor sees it.
///
/// # Errors
/// [`Error::NotFound`] also for those who may not know of it.
pub(super) fn sheet(
    c: &mut Conn<'_>,
    desk: &Desk,
    actor: &Actor,
    id: Uuid,
) -> Result<Sheet, Error> {
    let (row, by) = found(c, actor, id)?;
    let undecided = row.state.open() || row.state == State::Submitted;
    let around = around(c, desk, &row)?;
    let wrong = if undecided {
        wrong(c, &row, &around)?
    } else {
        Vec::new()
    };
    let service = service_of(c, &row)?;
    let since_review = match &row.reviewed {
        Some(reviewed) if undecided => differing(&entries(reviewed), &entries(&row.form)),
        _ => Vec::new(),
    };
    Ok(Sheet {
        author_name: store::person::load(c, row.author)?
            .map_or_else(|| "somebody".to_owned(), |p| p.name),
        notes: store::onboarding::notes(c, row.id)?,
        providers: store::service_provider::all(c)?
            .into_iter()
            .filter(|p| p.active)
            .collect(),
        changes: if undecided {
            changes(c, &row)?
        } else {
            Vec::new()
        },
        would: if undecided {
            accept::would(c, &row, service.as_ref(), &around)?
        } else {
            Vec::new()
        },
        tested: connection::tested(&row),
        list_asked: list_check::asked(c, &row, desk.now())?,
        undo: if row.state == State::Accepted && by.admin {
            Some(undo::plan(c, &row)?)
        } else {
            None
        },
        qualities: crate::ticket_clock::stored_targets(c)?.qualities,
        parents: around.parents,
        by,
        wrong,
        service,
        since_review,
        row,
    })
}

/// What differs from what is so now: of a move the way, of a known provider
/// its fields.
fn changes(c: &mut Conn<'_>, row: &Onboarding) -> Result<Vec<Changed>, Error> {
    if row.kind == Kind::Move {
        return Ok(match service_of(c, row)? {
            Some(service) => differing(
                &entries(&moving::present_form(c, &service)?),
                &entries(&row.form),
            ),
            None => Vec::new(),
        });
    }
    let part = &row.form.provider;
    let Some(known) = store::service_provider::by_key(c, &part.known)? else {
        return Ok(Vec::new());
    };
    let rows = |name: &str, country: &str, page: &str, contact: &str| {
        [
            ("provider.name", name),
            ("provider.country", country),
            ("provider.home_page", page),
            ("provider.contact", contact),
        ]
        .into_iter()
        .filter(|(_, value)| !value.trim().is_empty())
        .map(|(field, value)| (field.to_owned(), value.trim().to_owned()))
        .collect::<Vec<_>>()
    };
    Ok(differing(
        &rows(
            &known.name,
            &known.country,
            &known.home_page,
            &known.contact,
        ),
        &rows(&part.name, &part.country, &part.home_page, &part.contact),
    ))
}
