//! Who has a round, and when.
//!
//! Rounds of different couplings run beside each other and apart from all other
//! work, so a system that is slow or dead holds up nobody else. A lease keeps two
//! nodes out of one round; it runs out a few seconds after its holder died.

use std::collections::BTreeSet;
use std::time::Duration;

use switchboard_core::Millis;
use tokio::task::{JoinError, JoinSet};
use uuid::Uuid;

use crate::jobs::GATHER;
use crate::{Desk, Error};

/// Rounds beside each other on this node.
const AT_ONCE: usize = 16;
/// Who holds a round and says nothing for so long is taken for dead.
const LEASE_MS: Millis = 6_000;
/// How often who holds it says so.
const HEARTBEAT: Duration = Duration::from_millis(1_500);
/// How often it is looked for couplings that are due.
const LOOK: Duration = Duration::from_millis(500);

/// With whom a round is.
#[derive(Debug, Clone, Copy)]
enum With {
    /// The system of an agreement.
    System(Uuid),
    /// A partner's desk.
    Desk(Uuid),
}

impl With {
    fn id(self) -> Uuid {
        match self {
            With::System(id) | With::Desk(id) => id,
        }
    }
}

/// A round has ended.
fn done(running: &mut BTreeSet<Uuid>, ended: Result<Uuid, JoinError>) {
    match ended {
        Ok(with) => {
            running.remove(&with);
        }
        // Which one it was nobody knows: those that run keep their leases.
        Err(_) => running.clear(),
    }
}

impl Desk {
    /// Rounds, again and again, until the process ends.
    pub(crate) async fn exchange_always(&self, holder: &str) {
        let mut rounds: JoinSet<Uuid> = JoinSet::new();
        let mut running: BTreeSet<Uuid> = BTreeSet::new();
        // Who starts does not know what was said while nobody was there, or heard and not
        // looked at when the process before it died.
        let now = self.now();
        let rouse = move |c: &mut store::Conn<'_>| store::coupling::rouse_all(c, now);
        if let Err(e) = self.0.db.write(rouse).await {
            tracing::warn!(error = %e, "what other systems said meanwhile is seen at the next poll");
        }
        loop {
            // What happened here is in the logs before it is looked who is due. That it could
            // not be put there was told, and the next look tries it again.
            let _ = self.follow_exchange().await;
            while let Some(ended) = rounds.try_join_next() {
                done(&mut running, ended);
            }
            let mut again = false;
            match self.due().await {
                Ok(due) => {
                    for with in due {
                        let free = rounds.len() < AT_ONCE && running.insert(with.id());
                        again |= !free;
                        if free {
                            let (desk, holder) = (self.clone(), holder.to_owned());
                            rounds.spawn(async move {
                                if let Err(e) = desk.round(with, &holder).await {
                                    tracing::warn!(with = %with.id(), error = %e, "a round of the exchange failed");
                                    tokio::time::sleep(Duration::from_secs(5)).await;
                                }
                                with.id()
                            });
                        }
                    }
                }
                Err(e) => tracing::warn!(error = %e, "the exchange can not be looked after"),
            }
            // A change here wakes it at once; timers, and what other nodes did, are seen
            // within the interval. Who was due while their round was ending is looked at
            // when it has.
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = self.0.wake_exchange.notified() => tokio::time::sleep(GATHER).await,
                Some(ended) = rounds.join_next(), if again => done(&mut running, ended),
            }
        }
    }

    /// Every round that is due now, one after the other; how many ran.
    pub(crate) async fn exchange_due(&self, holder: &str) -> Result<u64, Error> {
        let due = self.due().await?;
        let mut ran = 0;
        for with in due {
            ran += u64::from(self.round(with, holder).await?);
        }
        Ok(ran)
    }

    async fn due(&self) -> Result<Vec<With>, Error> {
        let couplings = self.couplings_due().await?.into_iter().map(With::System);
        let partners = self.partners_due().await?.into_iter().map(With::Desk);
        Ok(couplings.chain(partners).collect())
    }

    async fn couplings_due(&self) -> Result<Vec<Uuid>, Error> {
        let now = self.now();
        self.0
            .db
            .read(move |c| store::coupling::due(c, now, 1_000).map_err(Error::from))
            .await
    }

    /// One round, unless another node is at it.
    async fn round(&self, with: With, holder: &str) -> Result<bool, Error> {
        let name = format!("exchange {}", with.id());
        self.alone(name, holder, self.round_with(with)).await
    }

    /// Does something that one node does at a time, unless another is at it; gives whether
    /// it was done. Who loses the lease is stopped where it is.
    ///
    /// # Errors
    /// Those of what is done.
    pub(crate) async fn alone(
        &self,
        name: String,
        holder: &str,
        work: impl Future<Output = Result<(), Error>>,
    ) -> Result<bool, Error> {
        if !self.lease(&name, holder).await? {
            return Ok(false);
        }
        let beat = async {
            loop {
                tokio::time::sleep(HEARTBEAT).await;
                if !matches!(self.lease(&name, holder).await, Ok(true)) {
                    return;
                }
            }
        };
        let done = tokio::select! {
            done = work => done,
            // Somebody else has it: what is in doubt is theirs to find out.
            () = beat => Ok(()),
        };
        let holder = holder.to_owned();
        self.0
            .db
            .write(move |c| store::lease::release(c, &name, &holder).map_err(Error::from))
            .await?;
        done.map(|()| true)
    }

    async fn lease(&self, name: &str, holder: &str) -> Result<bool, Error> {
        let (name, holder, now) = (name.to_owned(), holder.to_owned(), self.now());
        self.0
            .db
            .write(move |c| {
                store::lease::acquire(c, &name, &holder, now, LEASE_MS).map_err(Error::from)
            })
            .await
    }

    async fn round_with(&self, with: With) -> Result<(), Error> {
        match with {
            With::System(agreement) => self.round_held(agreement).await,
            With::Desk(partner) => self.partner_round(partner).await,
        }
    }
}
