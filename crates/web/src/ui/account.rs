//! `/account`: the reader's own data, sessions and tokens.

use askama::Template;

use super::assets::Asset;
use super::frame::{Errors, Frame, Here, Room};
use super::view::{Choice, Icon, TimeMark};

/// A place where the reader is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Its id (not its secret).
    pub id: String,
    /// The browser, in a few words.
    pub name: String,
    /// Since when.
    pub since: TimeMark,
    /// When it was last used.
    pub seen: TimeMark,
    /// It is the one that asks.
    pub here: bool,
}

/// A token of the reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// Its id (not its secret).
    pub id: String,
    /// What it is for.
    pub name: String,
    /// What it may.
    pub scopes: String,
    /// When it was last used.
    pub used: Option<TimeMark>,
}

/// The reader's account.
#[derive(Debug, Clone, Template)]
#[template(path = "account.html")]
pub struct AccountPage {
    /// Around it.
    pub frame: Frame,
    /// Addresses, units, rights.
    pub facts: Vec<(String, String)>,
    /// Full name.
    pub name: String,
    /// The address to sign in with.
    pub mail: String,
    /// Where they are signed in.
    pub sessions: Vec<SessionRow>,
    /// Their tokens.
    pub tokens: Vec<TokenRow>,
    /// A token just made, shown this once.
    pub new_token: Option<String>,
    /// What a token may be allowed.
    pub scopes: Vec<Choice>,
    /// What was wrong.
    pub errors: Errors,
}
