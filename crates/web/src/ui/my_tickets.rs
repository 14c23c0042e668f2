//! `/tickets`: everything the reader has asked for.

use askama::Template;

use super::assets::Asset;
use super::frame::{Frame, Here, Room};
use super::home::{MineRow, Tab};
use super::view::{Chip, Icon, Pages, Tone};

/// The reader's own tickets.
#[derive(Debug, Clone, Template)]
#[template(path = "my_tickets.html")]
pub struct MyTicketsPage {
    /// Around it.
    pub frame: Frame,
    /// "9 tickets, 3 of them open".
    pub words: String,
    /// What was searched for.
    pub query: String,
    /// Open or all.
    pub tabs: Vec<Tab>,
    /// The tickets of this page.
    pub mine: Vec<MineRow>,
    /// The way to the others.
    pub pages: Pages,
}
