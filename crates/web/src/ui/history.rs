//! `/work/{number}/history`: one row per changed field.

use askama::Template;

use super::assets::Asset;
use super::frame::{Frame, Here, Room};
use super::view::{Icon, Pages, TimeMark};

/// A changed field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRow {
    /// When.
    pub time: TimeMark,
    /// Who.
    pub who: String,
    /// "web form", "mail".
    pub channel: String,
    /// "status".
    pub field: String,
    /// Before.
    pub old: String,
    /// After.
    pub new: String,
    /// Why.
    pub why: String,
}

/// The history of a ticket.
#[derive(Debug, Clone, Template)]
#[template(path = "history.html")]
pub struct HistoryPage {
    /// Around it.
    pub frame: Frame,
    /// The ticket.
    pub number: i64,
    /// One line.
    pub subject: String,
    /// Its changes, oldest first.
    pub rows: Vec<HistoryRow>,
    /// The way to the others.
    pub pages: Pages,
}
