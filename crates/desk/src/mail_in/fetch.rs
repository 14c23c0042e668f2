//! Reads mailboxes: each by one node at a time, waiting by IDLE, coming back
//! after every fault.
//!
//! A mail is stored, then it is noted how far the reading came, then the server
//! is told. A crash between any two of these makes the mail come once more, and
//! the same bytes become no second entry. How far it came is kept by the number
//! of the mail under the folder's UIDVALIDITY, not by flags: what somebody reads
//! in the mailbox is not lost for the desk. When the numbers begin anew, all is
//! read anew.

use std::collections::HashMap;
use std::time::Duration;

use connect::imap::{Session, Trouble};
use store::mailbox::{Mailbox, MailboxState, Way};
use switchboard_core::Millis;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::Arrival;
use crate::{Desk, Error};

/// How long a node may be silent before another reads its mailboxes.
const LEASE_MS: Millis = 60_000;
/// How often it renews that.
const RENEW: Duration = Duration::from_secs(20);
/// How often the list of mailboxes is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// How long one IDLE lasts. RFC 2177 asks for less than 29 minutes; a connection
/// that died without a word is noticed at its end.
const IDLE: Duration = Duration::from_secs(9 * 60);
/// The first and the longest wait after a fault.
const BACKOFF: (u64, u64) = (2_000, 600_000);
/// Octets of a mail that are read; of what is larger only the header.
const MOST_OCTETS: u64 = 64 << 20;

/// Why the reading of a mailbox stopped.
enum Fault {
    /// The server.
    There(Trouble),
    /// The desk's own database or disk.
    Here(Error),
}

impl From<Trouble> for Fault {
    fn from(trouble: Trouble) -> Fault {
        Fault::There(trouble)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        Fault::Here(error)
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Fault::There(trouble) => trouble.fmt(f),
            Fault::Here(error) => write!(f, "the desk could not store it: {error}"),
        }
    }
}

/// A mailbox that this node reads or waits for.
struct Reading {
    version: i64,
    task: JoinHandle<()>,
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Desk {
    /// Reads every active mailbox until the future is dropped.
    pub async fn read_mailboxes(&self) {
        let holder = format!("{}-{}", std::process::id(), self.uuid().simple());
        let mut readings: HashMap<Uuid, Reading> = HashMap::new();
        loop {
            match self.mailboxes_to_read().await {
                Ok(wanted) => {
                    readings.retain(|id, reading| {
                        wanted
                            .iter()
                            .any(|m| m.id == *id && m.version == reading.version)
                            && !reading.task.is_finished()
                    });
                    for mailbox in wanted {
                        readings.entry(mailbox.id).or_insert_with(|| Reading {
                            version: mailbox.version,
                            task: tokio::spawn(keep_reading(self.clone(), mailbox, holder.clone())),
                        });
                    }
                }
                Err(e) => tracing::warn!(error = %e, "the mailboxes can not be listed"),
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn mailboxes_to_read(&self) -> Result<Vec<Mailbox>, Error> {
        let all = self
            .0
            .db
            .read(|c| store::mailbox::all(c).map_err(Error::from))
            .await?;
        Ok(all
            .into_iter()
            .filter(|m| m.active && m.way == Way::Imap)
            .collect())
    }

    /// Takes what is in a mailbox now, once, and says how many mails were new.
    /// For tests and the command line.
    ///
    /// # Errors
    /// Says what went wrong; what was taken until then stays.
    pub async fn read_mailbox_once(&self, id: Uuid) -> Result<u64, Error> {
        let mailbox = self
            .0
            .db
            .read(move |c| store::mailbox::load(c, id).map_err(Error::from))
            .await?
            .ok_or_else(|| Error::not_found("such mailbox"))?;
        let read = async {
            let account = self.imap_account(&mailbox).await?;
            let mut session = Session::open(&self.0.guard, &account).await?;
            let fresh = self.take_all(&mailbox, &mut session).await?;
            session.leave().await;
            Ok::<_, Fault>(fresh)
        };
        read.await.map_err(|fault| match fault {
            Fault::There(trouble) => Error::Unavailable(trouble.to_string()),
            Fault::Here(error) => error,
        })
    }

    async fn lease_mailbox(&self, id: Uuid, holder: &str) -> Result<bool, Error> {
        let (name, holder, now) = (format!("mailbox:{id}"), holder.to_owned(), self.now());
        self.0
            .db
            .write(move |c| {
                store::lease::acquire(c, &name, &holder, now, LEASE_MS).map_err(Error::from)
            })
            .await
    }

    /// Changes what is noted of a mailbox.
    async fn note_mailbox(
        &self,
        id: Uuid,
        change: impl Fn(&mut MailboxState) + Send + Sync + 'static,
    ) -> Result<MailboxState, Error> {
        self.0
            .db
            .write(move |c| {
                if store::mailbox::load(c, id)?.is_none() {
                    return Err(Error::not_found("such mailbox"));
                }
                let mut state = store::mailbox::state(c, id)?.unwrap_or_default();
                change(&mut state);
                store::mailbox::set_state(c, id, &state)?;
                Ok(state)
            })
            .await
    }

    /// Connects, takes what is there, and waits for more until a fault.
    async fn read_on(&self, mailbox: &Mailbox, settled: &mut bool) -> Result<(), Fault> {
        let account = self.imap_account(mailbox).await?;
        let mut session = Session::open(&self.0.guard, &account).await?;
        loop {
            self.take_all(mailbox, &mut session).await?;
            *settled = true;
            session.wait(IDLE).await?;
        }
    }

    /// Takes everything that came since the last time. Returns how many mails
    /// were new to the desk.
    async fn take_all(&self, mailbox: &Mailbox, session: &mut Session) -> Result<u64, Fault> {
        let doc = &mailbox.doc;
        let folder = session.select(&doc.folder).await?;
        let (now, take_old) = (self.now(), doc.take_old);
        let state = self
            .note_mailbox(mailbox.id, move |state| {
                let first_time = state.uid_validity.is_none();
                if state.uid_validity != Some(folder.uid_validity) {
                    if first_time {
                        state.since = now;
                    }
                    // The first time what was there before is left alone, if
                    // that is wanted. Later the numbers began anew: what is
                    // there may be new, and what is known becomes no second entry.
                    state.first_uid = if take_old || !first_time {
                        1
                    } else {
                        folder.uid_next
                    };
                    state.last_uid = state.first_uid - 1;
                    state.uid_validity = Some(folder.uid_validity);
                }
                state.connected_at = state.connected_at.or(Some(now));
                state.seen_at = Some(now);
                state.error = None;
                state.error_at = None;
            })
            .await?;
        let done = Some(doc.done_folder.as_str()).filter(|f| !f.is_empty());
        // What was stored and not yet marked when the connection broke.
        let behind = session
            .unfinished(state.first_uid, state.last_uid, done.is_some())
            .await?;
        session.finish(&behind, done).await?;
        let day = (!take_old && state.first_uid == 1).then(|| imap_day(state.since));
        let uids = session.from(state.last_uid + 1, day.as_deref()).await?;
        let mut fresh = 0;
        for some in uids.chunks(100) {
            for size in session.sizes(some).await? {
                fresh += u64::from(self.take_one(mailbox, session, size, done).await?);
            }
        }
        Ok(fresh)
    }

    async fn take_one(
        &self,
        mailbox: &Mailbox,
        session: &mut Session,
        size: connect::imap::Size,
        done: Option<&str>,
    ) -> Result<bool, Fault> {
        let too_large = size.octets > MOST_OCTETS;
        let Some(raw) = session.raw(size.uid, too_large).await? else {
            // Somebody deleted it meanwhile.
            return Ok(false);
        };
        let mut arrival = Arrival::new(raw, "imap");
        arrival.mailbox = Some(mailbox.id);
        arrival.unit = mailbox.unit;
        arrival.only_header = too_large.then_some(size.octets);
        let taken = self.take_arrival(arrival).await?;
        let (fresh, uid, now) = (!taken.repeated, size.uid, self.now());
        self.note_mailbox(mailbox.id, move |state| {
            state.last_uid = state.last_uid.max(uid);
            state.taken += i64::from(fresh);
            state.mail_at = Some(now);
            state.seen_at = Some(now);
        })
        .await?;
        if too_large {
            // It stays where people find it.
            return Ok(fresh);
        }
        session.finish(&[uid], done).await?;
        Ok(fresh)
    }
}

/// Reads one mailbox whenever no other node does.
async fn keep_reading(desk: Desk, mailbox: Mailbox, holder: String) {
    let mut faults = 0;
    loop {
        match desk.lease_mailbox(mailbox.id, &holder).await {
            Ok(true) => {}
            Ok(false) => {
                tokio::time::sleep(RENEW).await;
                continue;
            }
            Err(e) => {
                tracing::warn!(mailbox = %mailbox.address, error = %e, "no lease");
                tokio::time::sleep(RENEW).await;
                continue;
            }
        }
        let mut settled = false;
        let fault = tokio::select! {
            read = desk.read_on(&mailbox, &mut settled) => match read {
                Ok(()) => None,
                Err(fault) => Some(fault.to_string()),
            },
            () = lease_lost(&desk, mailbox.id, &holder) => None,
        };
        if let Some(why) = fault {
            tracing::warn!(mailbox = %mailbox.address, %why, "a mailbox can not be read");
            let now = desk.now();
            let noted = desk
                .note_mailbox(mailbox.id, move |state| {
                    state.connected_at = None;
                    state.error = Some(why.clone());
                    state.error_at = state.error_at.or(Some(now));
                })
                .await;
            if let Err(e) = noted {
                tracing::warn!(mailbox = %mailbox.address, error = %e, "the fault is not noted");
            }
        }
        faults = if settled { 0 } else { faults + 1 };
        tokio::time::sleep(wait_after(faults, desk.uuid().as_u128())).await;
    }
}

/// Ends when another node reads the mailbox, or nobody can tell.
async fn lease_lost(desk: &Desk, id: Uuid, holder: &str) {
    loop {
        tokio::time::sleep(RENEW).await;
        if !matches!(desk.lease_mailbox(id, holder).await, Ok(true)) {
            return;
        }
    }
}

/// Doubles with each fault, and is spread so that not all come back at once:
/// between half of it and all of it.
fn wait_after(faults: u32, random: u128) -> Duration {
    let (first, longest) = BACKOFF;
    let most = (first << faults.min(12)).min(longest);
    let spread = u64::try_from(random % 1000).unwrap_or(0);
    Duration::from_millis(most / 2 + most / 2 * spread / 1000)
}

/// A day as IMAP writes it, one before the given time: servers count days in
/// zones of their own.
fn imap_day(at: Millis) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let at = jiff::Timestamp::from_millisecond(at - 86_400_000).unwrap_or_default();
    let date = jiff::tz::Offset::UTC.to_datetime(at).date();
    let month = usize::try_from(date.month() - 1).unwrap_or(0);
    format!("{}-{}-{}", date.day(), MONTHS[month], date.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_longer_each_time_and_never_all_alike() {
        assert_eq!(wait_after(1, 0), Duration::from_millis(2_000));
        assert_eq!(wait_after(1, 999), Duration::from_millis(3_998));
        assert_eq!(wait_after(3, 0), Duration::from_millis(8_000));
        assert!(wait_after(60, 999) <= Duration::from_millis(600_000));
    }

    #[test]
    fn days_as_imap_writes_them() {
        assert_eq!(imap_day(1_790_000_000_000), "20-Sep-2026");
    }
}
