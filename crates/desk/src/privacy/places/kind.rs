//! What is said of a table and its columns, and how the list is looked through.

use store::Dialect;

use super::{
    TABLES, alarm, campaign, canned, exchange, mailbox, outbox, portal, redirection, report, rota,
    rule, satisfaction, timer, webhook, wish,
};

/// What a column holds, as far as people are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Nothing about anybody: keys, counts, times, words of a fixed list.
    Nothing,
    /// The id of a person. It stays when they are erased: their row says nobody's
    /// name any more, and statistics still count right.
    Person,
    /// What is about the person whose row it is; goes with the row, or is emptied
    /// by the step that erases people.
    Own,
    /// A secret or its hash: never given out. Goes with its row.
    Secret,
    /// Text in which anybody's name or address may stand: it is taken out where
    /// it is found.
    Words,
    /// The same as JSON: its strings are looked through.
    Json,
    /// One mail address that may be somebody's; emptied when it is.
    Address,
    /// The name of a file in the folder of files; the file goes when no row names it.
    File,
    /// Handled by a step of the erasure that knows what the table means.
    Step,
    /// Made from other columns, and made anew after a change.
    Derived,
}

/// What becomes of a person's rows when the person is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// Nobody's rows, or rows that say nothing once the person has no name.
    Stay,
    /// They are deleted.
    Go,
}

/// A table.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Only this database has it.
    pub only: Option<Dialect>,
    /// The column by which its rows are told apart; empty where that takes several.
    pub key: &'static str,
    /// The column that names the person whose row it is; empty: nobody's. Such
    /// rows are given out to that person.
    pub whose: &'static str,
    /// What becomes of those rows.
    pub rows: Rows,
    /// Every column.
    pub columns: &'static [(&'static str, Holds)],
}

/// A table that is nobody's.
pub(super) const fn table(
    name: &'static str,
    key: &'static str,
    columns: &'static [(&'static str, Holds)],
) -> Table {
    Table {
        name,
        only: None,
        key,
        whose: "",
        rows: Rows::Stay,
        columns,
    }
}

impl Table {
    /// The rows belong to the person that the column names.
    pub(super) const fn of(mut self, whose: &'static str, rows: Rows) -> Table {
        self.whose = whose;
        self.rows = rows;
        self
    }

    /// Only one database has it.
    pub(super) const fn only(mut self, dialect: Dialect) -> Table {
        self.only = Some(dialect);
        self
    }
}

/// Every table.
pub fn all() -> impl Iterator<Item = &'static Table> {
    TABLES
        .iter()
        .chain(portal::TABLES)
        .chain(wish::TABLES)
        .chain(mailbox::TABLES)
        .chain(redirection::TABLES)
        .chain(outbox::TABLES)
        .chain(exchange::TABLES)
        .chain(timer::TABLES)
        .chain(report::TABLES)
        .chain(webhook::TABLES)
        .chain(satisfaction::TABLES)
        .chain(rule::TABLES)
        .chain(campaign::TABLES)
        .chain(alarm::TABLES)
        .chain(canned::TABLES)
        .chain(rota::TABLES)
}

/// The tables of one database.
pub fn tables(dialect: Dialect) -> impl Iterator<Item = &'static Table> {
    all().filter(move |t| t.only.is_none_or(|only| only == dialect))
}

/// The columns of one database that hold this, as (table, column).
pub fn columns(
    dialect: Dialect,
    holds: Holds,
) -> impl Iterator<Item = (&'static Table, &'static str)> {
    tables(dialect).flat_map(move |table| {
        table
            .columns
            .iter()
            .filter(move |(_, h)| *h == holds)
            .map(move |(name, _)| (table, *name))
    })
}
