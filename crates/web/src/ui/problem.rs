//! What is shown when something can not be done: what, why, and what to do.

use askama::Template;

use super::assets::Asset;
use super::frame::{Frame, Here, Room};
use super::view::Icon;

/// A problem, told to people.
#[derive(Debug, Clone, Template)]
#[template(path = "problem.html")]
pub struct ProblemPage {
    /// Around it.
    pub frame: Frame,
    /// "404 Not found", small.
    pub code: String,
    /// In a few words.
    pub title: String,
    /// In a sentence.
    pub what: String,
    /// Fields and what is wrong with them.
    pub fields: Vec<(String, String)>,
    /// What the reader can do.
    pub todo: Vec<String>,
    /// Where they can go.
    pub links: Vec<(String, String)>,
    /// What they wrote, so that it is not lost.
    pub kept: String,
}
