//! What is done there, as far as a right is needed for it.

/// For what our account needs a right there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// To read what is there.
    Read,
    /// To make a ticket.
    Open,
    /// To write in one.
    Write,
    /// To set its values, and to link it.
    Set,
}
