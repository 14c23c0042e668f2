//! `/tickets/{number}/entries/{id}/html`: a mail as it was formatted, in a
//! document of its own that may do nothing.
//!
//! This is the only page that prints HTML from outside. That HTML was
//! sanitised when the mail came in; the page is served with a policy that
//! forbids scripts, forms and every request, and is shown in a frame with an
//! empty `sandbox`, so a mistake of the sanitiser still reaches nothing.

use std::fmt;

use askama::Template;
use askama::filters::HtmlSafe;

/// The policy the page is served with: no script, no form, no request at all;
/// styles only its own; and only our own pages may frame it.
pub const POLICY: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
                          base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/// HTML that the mail crate has sanitised.
#[derive(Debug, Clone)]
pub struct Sanitised(pub String);

impl fmt::Display for Sanitised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Sanitised {}

/// The page in the frame.
#[derive(Debug, Clone, Template)]
#[template(path = "mail_frame.html")]
pub struct MailFrame {
    /// Whose mail, of when.
    pub title: String,
    /// What it said.
    pub html: Sanitised,
}
