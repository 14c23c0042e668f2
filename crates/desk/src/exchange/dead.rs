//! Dead letters: what does not travel unless somebody says so.

use store::exchange::{Dead, Link, Went};
use switchboard_core::Millis;
use switchboard_core::exchange::{Call, Stage, TieInput};
use uuid::Uuid;

use super::{Terms, keep, note, put_off, refused_making};
use crate::{Desk, Error};

/// A dead letter of something that was to go there.
pub(super) fn bury(
    c: &mut store::Conn<'_>,
    desk: &Desk,
    link: Uuid,
    call: Option<&Call>,
    what: String,
    why: String,
    now: Millis,
) -> Result<(), Error> {
    let dead = Dead {
        id: desk.uuid(),
        link,
        way: Went::Out,
        call: call.map(|call| i64::try_from(call.number).unwrap_or(i64::MAX)),
        there: None,
        what,
        why,
        at: now,
    };
    store::exchange::bury(c, &dead)?;
    Ok(())
}

/// What a person asked for with a dead letter.
pub(super) fn again(
    c: &mut store::Conn<'_>,
    desk: &Desk,
    dead: &Dead,
    now: Millis,
) -> Result<Option<Link>, Error> {
    let Some(mut link) = store::exchange::load(c, dead.link)? else {
        return Ok(None);
    };
    let Some(terms) = Terms::load(c, desk, link.agreement)? else {
        return Ok(None);
    };
    match (dead.call, &dead.there) {
        (Some(call), _) => {
            let call = call.unsigned_abs();
            let step = terms.step(&mut link, TieInput::Retry(call), &[], now);
            put_off(&mut link, &step);
        }
        (None, Some(there)) => {
            // It is read again with the ticket as a whole.
            if let Ok(number) = there.parse() {
                link.tie.read.remove(&number);
            }
            link.tie.caught_up = false;
            link.tie.caught_up_at = None;
        }
        (None, None) => {}
    }
    link.due_at = Some(now);
    (link.tries, link.error, link.error_at) = (0, None, None);
    keep(c, &mut link, now)?;
    store::exchange::unbury(c, dead, now)?;
    store::coupling::wake(c, link.agreement, now)?;
    Ok(Some(link))
}

/// A person said that a dead letter need not go. One that would have made the
/// ticket there ends its travel: what is said goes there no more, until the ticket
/// is given to them anew.
pub(super) fn given_up(
    c: &mut store::Conn<'_>,
    desk: &Desk,
    dead: &Dead,
    reason: &str,
    now: Millis,
) -> Result<Option<Link>, Error> {
    let Some(mut link) = store::exchange::load(c, dead.link)? else {
        return Ok(None);
    };
    let making = refused_making(&link.tie.calls).map(|call| call.number);
    let making = making.and_then(|call| i64::try_from(call).ok());
    if making.is_some() && making == dead.call && link.tie.there.is_none() {
        link.stage = Stage::Ended;
        link.tries = 0;
    }
    // Whatever else fails says so anew.
    (link.error, link.error_at) = (None, None);
    keep(c, &mut link, now)?;
    store::exchange::unbury(c, dead, now)?;
    let what = format!("Given up: {}: {reason}", dead.what);
    note(c, desk, link.id, Went::Here, what, dead.there.clone())?;
    Ok(Some(link))
}
