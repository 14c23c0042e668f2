//! Values on their way into statements and out of rows.
//!
//! Both databases see the same five kinds. Times and truth values are
//! integers, JSON is text, and an identifier is a `UUID` column on PostgreSQL
//! and sixteen bytes on SQLite.

use std::fmt::Write as _;

use switchboard_core::{EntryId, PersonId, PortalId, ProviderId, ServiceId, TicketNumber, UnitId};
use uuid::Uuid;

use crate::Error;

/// A value bound to a placeholder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// SQL's NULL.
    Null,
    /// A number, a time in epoch milliseconds, or a truth value as 0 or 1.
    Int(i64),
    /// Text without NUL characters.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
    /// An identifier.
    Uuid(Uuid),
}

/// Binds a list of values: `params![number, "new", Some(unit), true]`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$($crate::Value::from($value)),*]
    };
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Value::Int(value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Value::Int(value.into())
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Value::Int(value.into())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::Int(value.into())
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Value::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Value::Text(value)
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Value::Text(value.clone())
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Value::Blob(value)
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Value::Blob(value.to_vec())
    }
}

impl From<Uuid> for Value {
    fn from(value: Uuid) -> Self {
        Value::Uuid(value)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

/// What stands in one field of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'r> {
    /// SQL's NULL.
    Null,
    /// A whole number or a truth value.
    Int(i64),
    /// Text.
    Text(&'r str),
    /// Bytes; on SQLite also an identifier.
    Blob(&'r [u8]),
    /// An identifier, on PostgreSQL.
    Uuid(Uuid),
}

impl Cell<'_> {
    fn kind(&self) -> &'static str {
        match self {
            Cell::Null => "NULL",
            Cell::Int(_) => "a number",
            Cell::Text(_) => "text",
            Cell::Blob(_) => "bytes",
            Cell::Uuid(_) => "an identifier",
        }
    }
}

/// A type that a field can be read as.
pub trait Column: Sized {
    /// The value, or `None` when the field holds another kind.
    fn from_cell(cell: Cell<'_>) -> Option<Self>;
}

impl Column for i64 {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Int(value) => Some(value),
            _ => None,
        }
    }
}

impl Column for bool {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Int(value) => Some(value != 0),
            _ => None,
        }
    }
}

impl Column for String {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Text(value) => Some(value.to_owned()),
            _ => None,
        }
    }
}

impl Column for Vec<u8> {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Blob(value) => Some(value.to_vec()),
            _ => None,
        }
    }
}

impl Column for Uuid {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Uuid(value) => Some(value),
            Cell::Blob(bytes) => Uuid::from_slice(bytes).ok(),
            _ => None,
        }
    }
}

impl<T: Column> Column for Option<T> {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Null => Some(None),
            cell => T::from_cell(cell).map(Some),
        }
    }
}

/// Whatever stands there. An identifier on SQLite comes as bytes, and is found
/// again by them.
impl Column for Value {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        Some(match cell {
            Cell::Null => Value::Null,
            Cell::Int(value) => Value::Int(value),
            Cell::Text(value) => Value::Text(value.to_owned()),
            Cell::Blob(value) => Value::Blob(value.to_vec()),
            Cell::Uuid(value) => Value::Uuid(value),
        })
    }
}

impl From<TicketNumber> for Value {
    fn from(value: TicketNumber) -> Self {
        Value::Int(value.0)
    }
}

impl Column for TicketNumber {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        i64::from_cell(cell).map(TicketNumber)
    }
}

macro_rules! uuid_ids {
    ($($name:ident)*) => {$(
        impl From<$name> for Value {
            fn from(value: $name) -> Self {
                Value::Uuid(value.0)
            }
        }

        impl Column for $name {
            fn from_cell(cell: Cell<'_>) -> Option<Self> {
                Uuid::from_cell(cell).map($name)
            }
        }
    )*};
}

uuid_ids! { PersonId UnitId ServiceId ProviderId EntryId PortalId }

/// One row of an answer.
pub struct Row<'r>(pub(crate) Fields<'r>);

pub(crate) enum Fields<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r tokio_postgres::Row),
}

impl Row<'_> {
    /// Field `index`, counted from 0. [`Error::Corrupt`] when it holds another
    /// kind of value than asked for, NULL included unless an `Option` is read.
    pub fn get<T: Column>(&self, index: usize) -> Result<T, Error> {
        let cell = match &self.0 {
            Fields::Sqlite(row) => crate::sqlite::cell(row, index)?,
            Fields::Postgres(row) => crate::pg::cell(row, index)?,
        };
        T::from_cell(cell).ok_or_else(|| {
            Error::Corrupt(format!(
                "field {index} of a row holds {} where {} was expected",
                cell.kind(),
                std::any::type_name::<T>()
            ))
        })
    }
}

/// A statement put together from fixed fragments and bound values.
///
/// There is no way to get a string made at run time into its text:
///
/// ```compile_fail
/// let words = String::from("1; DROP TABLE ticket");
/// let mut sql = store::Sql::new("SELECT number FROM ticket WHERE status = ");
/// sql.push(&words);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Sql {
    text: String,
    params: Vec<Value>,
}

impl Sql {
    /// Starts with a fragment.
    pub fn new(fragment: &'static str) -> Self {
        Sql {
            text: fragment.to_owned(),
            params: Vec::new(),
        }
    }

    /// Appends a fragment as it stands; mind the space at the seam.
    pub fn push(&mut self, fragment: &'static str) -> &mut Self {
        self.text.push_str(fragment);
        self
    }

    /// Appends the next placeholder and binds the value to it.
    pub fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.params.push(value.into());
        // Writing to a String can not fail.
        let _ = write!(self.text, "${}", self.params.len());
        self
    }

    /// Appends a number as it stands, for the length of a page: PostgreSQL plans
    /// a statement once and for all only when it knows how many rows are wanted.
    /// Only for numbers with few values; each makes a statement of its own.
    pub fn number(&mut self, number: i64) -> &mut Self {
        // Writing to a String can not fail.
        let _ = write!(self.text, "{number}");
        self
    }

    /// Appends `($3, $4, $5)` for `x IN …`. Nothing is in an empty list:
    /// it becomes `(NULL)`, so `NOT IN` of an empty list is never true either.
    pub fn list(&mut self, values: impl IntoIterator<Item = Value>) -> &mut Self {
        self.text.push('(');
        let mut first = true;
        for value in values {
            if !first {
                self.text.push_str(", ");
            }
            first = false;
            self.bind(value);
        }
        if first {
            self.text.push_str("NULL");
        }
        self.text.push(')');
        self
    }

    /// The text so far, with `$n` placeholders.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The values bound so far; the first stands for `$1`.
    pub fn params(&self) -> &[Value] {
        &self.params
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn composed_statement_numbers_its_placeholders() {
        let mut sql = Sql::new("SELECT number FROM ticket WHERE status = ");
        sql.bind("new").push(" AND unit IN ");
        sql.list([Value::Int(1), Value::Int(2)]);
        sql.push(" AND owner IN ").list([]);
        assert_eq!(
            sql.text(),
            "SELECT number FROM ticket WHERE status = $1 AND unit IN ($2, $3) AND owner IN (NULL)"
        );
        assert_eq!(
            sql.params(),
            &[Value::from("new"), Value::Int(1), Value::Int(2)]
        );
    }
}
