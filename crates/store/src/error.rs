//! What can go wrong with a database, in words that carry no data and no secret.

/// A refusal or a failure of the database.
///
/// It can be cloned, because everybody whose write stood in a group that
/// could not be committed gets the same one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No row where exactly one was wanted.
    #[error("no such row")]
    NotFound,
    /// The change would break a rule of the schema.
    #[error("the change breaks the rule {constraint}")]
    Conflict {
        /// The same text on both databases: `table(column, column)` for what must be
        /// unique, `foreign key`, `table.column not null`, or the rule's own name.
        constraint: String,
    },
    /// The disk (or the size allowed to the database) is full. Reads go on;
    /// writes work again as soon as there is space.
    #[error("the database's disk is full")]
    DiskFull,
    /// The database can be read but not written, or a write was tried in a read.
    #[error("the database is read-only")]
    ReadOnly,
    /// Somebody else held a lock for longer than we wait, or the same
    /// conflict between nodes came back at every retry. Trying again later helps.
    #[error("the database is busy")]
    Busy,
    /// The database can not be reached, or its files can not be read or written now.
    #[error("the database can not be reached")]
    Unavailable,
    /// The stored bytes are not what was stored: the file is damaged or a
    /// value does not parse. The text names the place, never the value.
    #[error("the database holds damaged data: {0}")]
    Corrupt(String),
    /// A value that can not be stored: text with a NUL character.
    #[error("text with a NUL character can not be stored")]
    BadText,
    /// The connection went away during the commit and the outcome could not
    /// be found out: the change may or may not have happened.
    #[error("the database went away during the commit; the outcome is not known")]
    Unknown,
    /// The closure panicked; its changes were rolled back.
    #[error("the work inside the transaction panicked and was rolled back")]
    Panicked,
    /// Anything else: a mistake in a statement, a wrong address, a wrong version.
    #[error("database: {0}")]
    Other(String),
}

impl Error {
    /// Whether the same call may succeed later without anybody changing anything but the circumstances.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Error::DiskFull | Error::Busy | Error::Unavailable | Error::ReadOnly
        )
    }

    pub(crate) fn other(text: impl Into<String>) -> Error {
        Error::Other(text.into())
    }
}
