//! `/sign-in`: with a local account.

use askama::Template;

use super::assets::Asset;
use super::frame::{Errors, Frame, Here, Room};
use super::view::Icon;

/// The form.
#[derive(Debug, Clone, Template)]
#[template(path = "sign_in.html")]
pub struct SignInPage {
    /// Around it.
    pub frame: Frame,
    /// What was typed as address.
    pub mail: String,
    /// Where to go then; a path of this site.
    pub next: String,
    /// What was wrong.
    pub errors: Errors,
    /// Accounts of the demonstration: address and part; else empty.
    pub demo: Vec<(String, String)>,
}
