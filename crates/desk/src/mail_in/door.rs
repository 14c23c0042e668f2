//! The door at which the local mail server hands mail over.

use std::sync::Arc;
use std::time::Duration;

use connect::lmtp::{self, Answer, Envelope, Receiver};
use mail::Address;
use store::mailbox::Mailbox;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::Instant;

use super::{Arrival, EnvelopeNote};
use crate::{Desk, Error};

/// Connections at the same time; the mail server waits with the rest.
const CONNECTIONS: usize = 100;
/// Mails that are decided about at the same time. More wait, and with them the
/// mail server: a storm stays in its queue instead of our memory.
const AT_ONCE: usize = 32;
/// For so long the list of addresses is taken as it was.
const KNOWN: Duration = Duration::from_secs(2);
/// Octets of a mail, as [`mail::Limits`] has it.
const MOST_OCTETS: usize = 50 << 20;

/// The addresses that are taken, and when that was looked up.
type Known = Option<(Instant, Arc<Vec<Mailbox>>)>;

#[derive(Clone)]
struct Door {
    desk: Desk,
    free: Arc<Semaphore>,
    known: Arc<Mutex<Known>>,
}

impl Desk {
    /// Takes mail from the local mail server until the future is dropped.
    pub async fn take_local_mail(&self, listener: TcpListener) {
        let door = Door {
            desk: self.clone(),
            free: Arc::new(Semaphore::new(AT_ONCE)),
            known: Arc::default(),
        };
        let limits = lmtp::Limits {
            message_bytes: MOST_OCTETS,
            connections: CONNECTIONS,
            name: self.config().mail_domain().to_owned(),
        };
        lmtp::serve(listener, door, limits).await;
    }
}

/// Where an address leads.
enum Leads {
    /// To the desk itself.
    Desk,
    /// To one of the mailboxes.
    Mailbox(Box<Mailbox>),
    /// Nowhere.
    Nowhere,
}

fn is_at(address: &Address, desk: &Address) -> bool {
    desk.domain() == address.domain()
        && address
            .local()
            .strip_prefix(desk.local())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('+'))
}

impl Door {
    async fn mailboxes(&self) -> Result<Arc<Vec<Mailbox>>, Error> {
        let mut known = self.known.lock().await;
        if let Some((at, list)) = &*known
            && at.elapsed() < KNOWN
        {
            return Ok(list.clone());
        }
        let list = self
            .desk
            .0
            .db
            .read(|c| store::mailbox::all(c).map_err(Error::from))
            .await?;
        let list = Arc::new(list.into_iter().filter(|m| m.active).collect::<Vec<_>>());
        *known = Some((Instant::now(), list.clone()));
        Ok(list)
    }

    async fn leads(&self, recipient: &str) -> Result<Leads, Error> {
        let Ok(address) = Address::parse(recipient) else {
            return Ok(Leads::Nowhere);
        };
        for mailbox in self.mailboxes().await?.iter() {
            if Address::parse(&mailbox.address).is_ok_and(|at| is_at(&address, &at)) {
                return Ok(Leads::Mailbox(Box::new(mailbox.clone())));
            }
        }
        let own = Address::parse(&self.desk.config().mail_address);
        Ok(if own.is_ok_and(|own| is_at(&address, &own)) {
            Leads::Desk
        } else {
            Leads::Nowhere
        })
    }
}

impl Receiver for Door {
    async fn takes(&self, recipient: &str) -> Answer {
        match self.leads(recipient).await {
            Ok(Leads::Nowhere) => {
                Answer::new(550, "5.1.1 No mailbox of this helpdesk has that address")
            }
            Ok(_) => Answer::new(250, "2.1.5 Go on"),
            Err(e) => {
                tracing::warn!(error = %e, "addresses can not be looked up");
                Answer::new(451, "4.3.0 The database does not answer")
            }
        }
    }

    async fn take(&self, envelope: Envelope, raw: Vec<u8>) -> Answer {
        let Ok(place) = self.free.clone().acquire_owned().await else {
            return Answer::new(451, "4.3.2 Closing down");
        };
        match self.store(envelope, raw).await {
            Ok((taken, fresh)) => {
                if fresh {
                    let desk = self.desk.clone();
                    // It is stored; what becomes of it does not hold up the server.
                    tokio::spawn(async move {
                        let _place = place;
                        desk.decide_soon(taken).await;
                    });
                }
                Answer::new(250, format!("2.6.0 Stored as {taken}"))
            }
            Err(e) => {
                tracing::warn!(error = %e, "a mail could not be stored; the server tries again");
                Answer::new(451, "4.3.0 Not stored; come again")
            }
        }
    }
}

impl Door {
    async fn store(&self, envelope: Envelope, raw: Vec<u8>) -> Result<(uuid::Uuid, bool), Error> {
        let mut arrival = Arrival::new(raw, "lmtp");
        // A copy to two addresses is one mail; the narrower one says where it goes.
        for recipient in &envelope.to {
            if let Leads::Mailbox(mailbox) = self.leads(recipient).await?
                && (arrival.mailbox.is_none() || mailbox.unit.is_some())
            {
                arrival.mailbox = Some(mailbox.id);
                arrival.unit = mailbox.unit;
            }
        }
        arrival.envelope = Some(EnvelopeNote {
            from: envelope.from.unwrap_or_default(),
            to: envelope.to,
            ip: envelope.forwarded.as_ref().map(|(ip, _)| *ip),
            hello: envelope.forwarded.map_or_else(String::new, |(_, h)| h),
        });
        let (stored, fresh) = self.desk.store_arrival(arrival).await?;
        Ok((stored.id, fresh))
    }
}
