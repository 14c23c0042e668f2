//! The loop that hands mails over. It is apart from all other work, because a
//! server that is slow takes up to two minutes for one mail, and nothing else is
//! to wait for it.
//!
//! A mail is claimed only when there is room for it, so that its lease begins with
//! its delivery, and so many go out beside each other as the next server is asked
//! to bear.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use store::job::Job;
use store::mail::Outgoing;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{DELIVER, GATHER, LEASE_MS, deliver};
use crate::{Desk, Error};

/// Mails that end at nearly the same time make room together: one claim for all.
const ROOM: Duration = Duration::from_millis(20);
/// Timers and what other nodes queued are seen within this time.
const LOOK: Duration = Duration::from_millis(500);

/// One mail in hand: its job, and the mail unless it is over already.
type InHand = (Job, Option<Outgoing>);

/// Room for the mails that go out beside each other.
pub(crate) struct Room {
    places: Arc<Semaphore>,
    all: u32,
}

impl Room {
    /// Room for so many.
    pub(crate) fn new(all: u32) -> Room {
        let places = usize::try_from(all).unwrap_or(1).max(1);
        Room {
            places: Arc::new(Semaphore::new(places)),
            all: all.max(1),
        }
    }

    /// The places that are free, at least one: waits for it. `None`: nothing is
    /// sent any more.
    async fn free(&self) -> Option<Vec<OwnedSemaphorePermit>> {
        let mut places = match self.places.clone().try_acquire_owned() {
            Ok(place) => vec![place],
            Err(TryAcquireError::Closed) => return None,
            Err(TryAcquireError::NoPermits) => {
                let place = self.places.clone().acquire_owned().await.ok()?;
                tokio::time::sleep(ROOM).await;
                vec![place]
            }
        };
        while let Ok(place) = self.places.clone().try_acquire_owned() {
            places.push(place);
        }
        Some(places)
    }
}

impl Desk {
    /// Hands mails over until the process ends or [`Desk::finish_sending`] is called.
    pub(super) async fn send_mails(&self, holder: &str) {
        while let Some(places) = self.0.room.free().await {
            let free = places.len();
            let in_hand = match self.claim_mails(holder, free).await {
                Ok(in_hand) => in_hand,
                Err(e) => {
                    drop(places);
                    tracing::warn!(error = %e, "mails can not be taken in hand; trying again");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    continue;
                }
            };
            let more = in_hand.len() == free;
            for ((job, mail), place) in in_hand.into_iter().zip(places) {
                let desk = self.clone();
                tokio::spawn(async move {
                    if let Err(e) = desk.deliver_one(job, mail).await {
                        // The lease ends, and the mail shows as unknown.
                        tracing::warn!(error = %e, "what became of a mail was not noted");
                    }
                    drop(place);
                });
            }
            if !more {
                let _ = tokio::time::timeout(LOOK, self.0.wake_sending.notified()).await;
                tokio::time::sleep(GATHER).await;
            }
        }
    }

    /// Takes no more mail in hand and waits until what is in hand has ended, at most
    /// for `patience`. `false`: some had not; they show as unknown, as after a crash.
    pub async fn finish_sending(&self, patience: Duration) -> bool {
        let room = &self.0.room;
        // Places are given out in the order of asking: the loop gets none before this.
        let all = room.places.acquire_many(room.all);
        let ended = tokio::time::timeout(patience, all).await.is_ok();
        room.places.close();
        ended
    }

    /// Delivers the mails that are due, as many as there is room for, and waits for
    /// them. Says how many there were.
    pub(super) async fn deliver_due(&self, holder: &str) -> Result<u64, Error> {
        let Some(places) = self.0.room.free().await else {
            return Ok(0);
        };
        let mut deliveries = JoinSet::new();
        for (job, mail) in self.claim_mails(holder, places.len()).await? {
            let desk = self.clone();
            deliveries.spawn(async move { desk.deliver_one(job, mail).await });
        }
        let mut n = 0;
        while let Some(done) = deliveries.join_next().await {
            done.map_err(|e| Error::Internal(format!("a delivery: {e}")))??;
            n += 1;
        }
        Ok(n)
    }

    async fn claim_mails(&self, holder: &str, most: usize) -> Result<Vec<InHand>, Error> {
        let now = self.now();
        let due = self
            .0
            .db
            .read(move |c| Ok::<_, Error>(store::job::is_due(c, now, &[DELIVER])?))
            .await?;
        if !due {
            return Ok(Vec::new());
        }
        let holder = holder.to_owned();
        let most = i64::try_from(most).unwrap_or(1);
        let (jobs, mails) = self
            .0
            .db
            .write(move |c| {
                let jobs = store::job::claim(c, now, &holder, &[DELIVER], most, LEASE_MS)?;
                let ids: Vec<Uuid> = jobs.iter().filter_map(deliver::mail_of).collect();
                // It is known that they are on their way before a server is asked.
                let mails = store::mail::begin_sending(c, &ids, now)?;
                Ok::<_, Error>((jobs, mails))
            })
            .await?;
        let mut mails: HashMap<Uuid, Outgoing> = mails.into_iter().map(|m| (m.id, m)).collect();
        Ok(jobs
            .into_iter()
            .map(|job| {
                let mail = deliver::mail_of(&job).and_then(|id| mails.remove(&id));
                (job, mail)
            })
            .collect())
    }

    async fn deliver_one(&self, job: Job, mail: Option<Outgoing>) -> Result<(), Error> {
        // How far the mail came is noted together with the end of its job.
        let mut state = None;
        let outcome = deliver::run(self, &job, mail, &mut state).await;
        self.end_job(job, outcome, state).await
    }
}
