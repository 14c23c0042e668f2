//! RT's tickets as they lie in its database, for the product to link them in a moment: by RT's
//! API that takes eight calls for each, and an hour for ten thousand.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::Context as _;
use connect::probe::Check;
use connect::tracker::{
    ChangeKind, Changes, Cursor, Error, NewEntry, NewTicket, Outcome, RemoteChange, RemoteEntry,
    RemotePerson, RemoteTicket, Sent, Standing, Tracker, Wanted,
};

/// Changes in one reading, as RT's own client has them.
const AT_ONCE: usize = 500;

/// A ticket.
struct Row {
    ticket: i64,
    subject: String,
    text: String,
    asks: String,
    /// The transaction that made it.
    made: i64,
    at: i64,
}

/// What may be read; nothing can be written.
pub(super) struct Rows {
    queue: String,
    /// By the transactions that made them.
    made: BTreeMap<i64, Row>,
    by_ticket: BTreeMap<i64, i64>,
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows")
            .field("tickets", &self.made.len())
            .finish_non_exhaustive()
    }
}

fn written() -> Error {
    Error::Wrong("this only reads".to_owned())
}

impl Rows {
    /// The new tickets of a queue.
    pub(super) fn load(
        client: &mut postgres::Client,
        (id, queue): (i32, &str),
    ) -> anyhow::Result<Rows> {
        let found = client.query(
            "SELECT t.id::bigint, t.subject, coalesce(a.content, ''), coalesce(u.emailaddress, ''), x.id::bigint,
               (extract(epoch FROM x.created) * 1000)::bigint
             FROM tickets t
             JOIN transactions x ON x.objecttype = 'RT::Ticket' AND x.objectid = t.id
               AND x.type = 'Create'
             JOIN attachments a ON a.transactionid = x.id AND a.parent = 0
             JOIN groups g ON g.domain = 'RT::Ticket-Role' AND g.instance = t.id
               AND g.name = 'Requestor'
             JOIN groupmembers m ON m.groupid = g.id
             JOIN users u ON u.id = m.memberid
             WHERE t.queue = $1 AND t.status = 'new'",
            &[&id],
        )?;
        let (mut made, mut by_ticket) = (BTreeMap::new(), BTreeMap::new());
        for row in found {
            let one = Row {
                ticket: row.get(0),
                subject: row.get(1),
                text: row.try_get(2).context("a text of RT's")?,
                asks: row.get(3),
                made: row.get(4),
                at: row.get(5),
            };
            by_ticket.insert(one.ticket, one.made);
            made.insert(one.made, one);
        }
        Ok(Rows {
            queue: queue.to_owned(),
            made,
            by_ticket,
        })
    }

    fn of_ticket(&self, number: &str) -> Result<&Row, Error> {
        let found = number.parse().ok().and_then(|n| self.by_ticket.get(&n));
        let found = found.and_then(|made| self.made.get(made));
        found.ok_or_else(|| Error::Wrong(format!("there is no ticket {number}")))
    }
}

impl Row {
    fn author(&self) -> RemotePerson {
        RemotePerson {
            login: self.asks.clone(),
            name: String::new(),
            email: self.asks.clone(),
        }
    }

    fn change(&self) -> RemoteChange {
        RemoteChange {
            id: self.made.to_string(),
            source: self.made.to_string(),
            ticket: self.ticket.to_string(),
            at: self.at,
            ours: false,
            author: self.author(),
            kind: ChangeKind::Opened,
        }
    }
}

#[async_trait::async_trait]
impl Tracker for Rows {
    async fn test(&self, _queue: &str) -> Vec<Check> {
        Vec::new()
    }

    async fn create(&self, _new: &NewTicket) -> Result<Outcome, Error> {
        Err(written())
    }

    async fn read(&self, ticket: &str) -> Result<RemoteTicket, Error> {
        let row = self.of_ticket(ticket)?;
        Ok(RemoteTicket {
            id: ticket.to_owned(),
            queue: self.queue.clone(),
            subject: row.subject.clone(),
            status: "new".to_owned(),
            standing: Standing::Present,
            owners: Vec::new(),
            priority: "0".to_owned(),
            requesters: vec![row.asks.clone()],
            fields: BTreeMap::new(),
            numbered: BTreeMap::new(),
            links: Vec::new(),
            created: row.at,
            changed: row.at,
            version: String::new(),
        })
    }

    async fn newest(&self) -> Result<Cursor, Error> {
        Ok(Cursor::default())
    }

    async fn changes(&self, since: &Cursor) -> Result<Changes, Error> {
        let mut cursor = since.clone();
        let items: Vec<RemoteChange> = self
            .made
            .range(cursor.floor + 1..)
            .take(AT_ONCE)
            .map(|(_, row)| row.change())
            .collect();
        if let Some(last) = items.last().and_then(|change| change.id.parse().ok()) {
            cursor.floor = last;
        }
        Ok(Changes {
            more: items.len() == AT_ONCE,
            items,
            cursor,
        })
    }

    async fn history(&self, ticket: &str) -> Result<Vec<RemoteChange>, Error> {
        Ok(vec![self.of_ticket(ticket)?.change()])
    }

    async fn entry(&self, source: &str) -> Result<RemoteEntry, Error> {
        let found = source.parse().ok().and_then(|made| self.made.get(&made));
        let row = found.ok_or_else(|| Error::Wrong(format!("there is no entry {source}")))?;
        Ok(RemoteEntry {
            id: source.to_owned(),
            ticket: row.ticket.to_string(),
            at: row.at,
            ours: false,
            author: row.author(),
            marker: None,
            body: row.text.clone(),
            html: false,
            attachments: Vec::new(),
        })
    }

    async fn attachment(&self, _id: &str) -> Result<Vec<u8>, Error> {
        Err(written())
    }

    async fn send(&self, _ticket: &str, _entry: &NewEntry) -> Result<Sent, Error> {
        Err(written())
    }

    async fn set(&self, _ticket: &str, _wanted: &Wanted) -> Result<Outcome, Error> {
        Err(written())
    }
}
