//! The same rows that the product stores, for statements of the bench's own.

use postgres::types::private::BytesMut;
use postgres::types::{IsNull, ToSql as PgToSql, Type, to_sql_checked};
use rusqlite::types::{ToSqlOutput, ValueRef};
use store::entry::Entry;
use store::event::Event;
use switchboard_core::report::pack;
use switchboard_core::{PartyRole, Ticket, Visibility};
use uuid::Uuid;

use crate::life::Life;

/// One value of a row.
#[derive(Debug, Clone)]
pub(crate) enum Cell {
    /// SQL's NULL.
    Null,
    /// A number.
    Int(i64),
    /// Text.
    Text(String),
    /// An identifier: `UUID` on PostgreSQL, sixteen bytes on SQLite.
    Uuid(Uuid),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl From<Option<Uuid>> for Cell {
    fn from(value: Option<Uuid>) -> Cell {
        value.map_or(Cell::Null, Cell::Uuid)
    }
}

impl From<&str> for Cell {
    fn from(value: &str) -> Cell {
        Cell::Text(value.to_owned())
    }
}

impl From<bool> for Cell {
    fn from(value: bool) -> Cell {
        Cell::Int(value.into())
    }
}

impl From<Option<i64>> for Cell {
    fn from(value: Option<i64>) -> Cell {
        value.map_or(Cell::Null, Cell::Int)
    }
}

impl From<Option<String>> for Cell {
    fn from(value: Option<String>) -> Cell {
        value.map_or(Cell::Null, Cell::Text)
    }
}

impl rusqlite::ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Cell::Null => ValueRef::Null,
            Cell::Int(n) => ValueRef::Integer(*n),
            Cell::Text(t) => ValueRef::Text(t.as_bytes()),
            Cell::Uuid(u) => ValueRef::Blob(u.as_bytes()),
            Cell::Bytes(b) => ValueRef::Blob(b),
        }))
    }
}

impl PgToSql for Cell {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Cell::Null => Ok(IsNull::Yes),
            Cell::Int(n) => n.to_sql(ty, out),
            Cell::Text(t) => t.to_sql(ty, out),
            Cell::Uuid(u) => u.to_sql(ty, out),
            Cell::Bytes(b) => b.to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A table's name and columns, in the order of the functions below.
pub(crate) struct Table {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its columns.
    pub(crate) columns: &'static [&'static str],
}

/// `ticket`.
pub(crate) const TICKET: Table = Table {
    name: "ticket",
    columns: &[
        "number",
        "version",
        "status",
        "open",
        "priority",
        "unit",
        "owner",
        "requester",
        "service",
        "category",
        "restricted",
        "needs_reply",
        "subject",
        "status_since",
        "created_at",
        "updated_at",
        "closed_at",
        "issue_type",
        "site",
        "community",
        "portal",
        "shared",
        "doc",
        "tlp",
        "turn",
        "due",
        "due_clock",
        "due_half",
        "due_warn",
        "clocks",
        "past",
    ],
};

/// `event`.
pub(crate) const EVENT: Table = Table {
    name: "event",
    columns: &[
        "id",
        "ticket",
        "seq",
        "at",
        "actor",
        "actor_name",
        "channel",
        "cause",
        "kind",
        "data",
    ],
};

/// `entry`.
pub(crate) const ENTRY: Table = Table {
    name: "entry",
    columns: &[
        "id",
        "ticket",
        "seq",
        "at",
        "author",
        "author_name",
        "author_side",
        "channel",
        "visibility",
        "solution",
        "body",
        "quoted",
        "html",
        "mail",
    ],
};

/// `party`.
pub(crate) const PARTY: Table = Table {
    name: "party",
    columns: &["ticket", "person", "role"],
};

impl Table {
    /// `INSERT INTO …` with numbered placeholders.
    pub(crate) fn insert(&self) -> String {
        let places: Vec<_> = (1..=self.columns.len()).map(|n| format!("${n}")).collect();
        format!(
            "INSERT INTO {} ({}) VALUES ({})",
            self.name,
            self.columns.join(", "),
            places.join(", ")
        )
    }

    /// `COPY … FROM STDIN`.
    pub(crate) fn copy(&self) -> String {
        format!(
            "COPY {} ({}) FROM STDIN",
            self.name,
            self.columns.join(", ")
        )
    }
}

/// A ticket's row with its clocks. What is due for nothing stands in the order of
/// what is due behind all that is, and what is closed behind that.
pub(crate) fn ticket(life: &Life) -> anyhow::Result<Vec<Cell>> {
    let (t, due) = (&life.ticket, life.due);
    let place = match (due, t.status.is_open()) {
        (Some(due), _) => due.at,
        (None, true) => i64::MAX - 1,
        (None, false) => i64::MAX,
    };
    Ok(vec![
        Cell::Int(t.number.0),
        Cell::Int(t.version),
        t.status.key().into(),
        t.status.is_open().into(),
        Cell::Int(t.priority().rank()),
        Cell::Uuid(t.unit.0),
        t.owner.map(|p| p.0).into(),
        Cell::Uuid(t.requester.0),
        t.service.map(|s| s.0).into(),
        t.facts.category.as_str().into(),
        (t.visibility == Visibility::Restricted).into(),
        t.needs_reply.into(),
        t.subject.as_str().into(),
        Cell::Int(t.status_since),
        Cell::Int(t.created_at),
        Cell::Int(t.updated_at),
        t.closed_at.into(),
        t.issue_type.clone().into(),
        t.site.clone().into(),
        t.community.clone().into(),
        Cell::Null,
        Cell::Null,
        Cell::Text(serde_json::to_string(t)?),
        Cell::Null,
        life.turn.key().into(),
        Cell::Int(place),
        due.map(|d| d.clock.key().to_owned()).into(),
        due.map(|d| d.half).into(),
        due.map(|d| d.warn).into(),
        Cell::Text(serde_json::to_string(&life.clocks)?),
        Cell::Bytes(pack::write_past(&life.past)),
    ])
}

/// An event's row.
pub(crate) fn event(e: &Event) -> anyhow::Result<Vec<Cell>> {
    Ok(vec![
        Cell::Int(e.id),
        Cell::Int(e.ticket.0),
        Cell::Int(e.seq),
        Cell::Int(e.at),
        e.actor.map(|p| p.0).into(),
        e.actor_name.as_str().into(),
        e.channel.as_str().into(),
        Cell::Uuid(e.cause),
        e.change.kind().into(),
        Cell::Text(serde_json::to_string(&e.change)?),
    ])
}

/// An entry's row.
pub(crate) fn entry(e: &Entry) -> Vec<Cell> {
    vec![
        Cell::Uuid(e.id.0),
        Cell::Int(e.ticket.0),
        Cell::Int(e.seq),
        Cell::Int(e.at),
        e.author.map(|p| p.0).into(),
        e.author_name.as_str().into(),
        e.author_side.as_str().into(),
        e.channel.as_str().into(),
        e.visibility.key().into(),
        e.solution.into(),
        e.body.as_str().into(),
        e.quoted.clone().into(),
        e.html.clone().into(),
        e.mail.into(),
    ]
}

/// The rows of a ticket's Cc; there is no other role in made tickets.
pub(crate) fn parties(t: &Ticket) -> Vec<Vec<Cell>> {
    t.parties
        .iter()
        .filter(|p| p.role == PartyRole::Cc)
        .map(|p| vec![Cell::Int(t.number.0), Cell::Uuid(p.person.0), "cc".into()])
        .collect()
}

/// A row in the text form of `COPY`.
pub(crate) fn copy_line(row: &[Cell], out: &mut Vec<u8>) {
    for (i, cell) in row.iter().enumerate() {
        if i > 0 {
            out.push(b'\t');
        }
        match cell {
            Cell::Null => out.extend_from_slice(b"\\N"),
            Cell::Int(n) => out.extend_from_slice(n.to_string().as_bytes()),
            Cell::Uuid(u) => out.extend_from_slice(u.to_string().as_bytes()),
            Cell::Bytes(b) => {
                out.extend_from_slice(b"\\\\x");
                for byte in b {
                    out.extend_from_slice(format!("{byte:02x}").as_bytes());
                }
            }
            Cell::Text(text) => {
                for byte in text.bytes() {
                    match byte {
                        b'\\' => out.extend_from_slice(b"\\\\"),
                        b'\n' => out.extend_from_slice(b"\\n"),
                        b'\r' => out.extend_from_slice(b"\\r"),
                        b'\t' => out.extend_from_slice(b"\\t"),
                        byte => out.push(byte),
                    }
                }
            }
        }
    }
    out.push(b'\n');
}
