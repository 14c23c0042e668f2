//! Files that no row names any more.

use connect::Removed;
use store::Conn;
use switchboard_core::Millis;

use super::places::{self, Holds};
use crate::jobs::Outcome;
use crate::{Desk, Error};

/// For so long a file stays after the last row that named it went: whoever stores the
/// same bytes in that moment commits their row meanwhile.
const WAIT_MS: Millis = 60_000;
/// Files looked at in one run.
const AT_ONCE: i64 = 500;

/// Has a file removed when no row names it any more.
pub(crate) fn doom(c: &mut Conn<'_>, name: &str, now: Millis) -> Result<(), Error> {
    if name.is_empty() {
        return Ok(());
    }
    Ok(store::doomed_file::doom(c, name, now + WAIT_MS)?)
}

/// Whether any row of any table names the file.
fn is_named(c: &mut Conn<'_>, name: &str) -> Result<bool, Error> {
    for (table, column) in places::columns(c.dialect(), Holds::File) {
        if store::trace::names_file(c, table.name, column, name)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Removes files that are due and still named by nobody.
pub(crate) async fn run(desk: &Desk) -> Result<Outcome, Error> {
    super::export::sweep(desk).await?;
    let now = desk.now();
    let due = desk
        .0
        .db
        .read(move |c| {
            let mut due = Vec::new();
            for name in store::doomed_file::due(c, now, AT_ONCE)? {
                let named = is_named(c, &name)?;
                due.push((name, named));
            }
            Ok::<_, Error>(due)
        })
        .await?;
    for (name, named) in due {
        let removed = if named {
            Removed::Gone
        } else {
            let (blobs, name) = (desk.0.blobs.clone(), name.clone());
            tokio::task::spawn_blocking(move || blobs.remove(&name))
                .await
                .map_err(|e| Error::Internal(format!("file store: {e}")))??
        };
        desk.0
            .db
            .write(move |c| match removed {
                Removed::Gone => store::doomed_file::done(c, &name).map_err(Error::from),
                Removed::Fresh => doom(c, &name, now),
            })
            .await?;
    }
    Ok(Outcome::Done)
}
