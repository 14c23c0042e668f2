//! `/tickets/{number}/entries/{id}/html`: a mail as it was formatted, in a
//! document of its own that may do nothing.
//!
//! This is the only page that prints HTML from outside. That HTML was
//! sanitised when the mail came in; the page is served with a policy that
//! forbids scripts, forms and every request but for pictures of this desk, and is
//! shown in a frame with an empty `sandbox`, so a mistake of the sanitiser still
//! reaches nothing. Such a frame has no origin and sends no cookies: its pictures
//! have signed addresses ([`show`]).

use std::fmt;

use askama::Template;
use askama::filters::HtmlSafe;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};

use crate::AppState;
use crate::problem::status_of;

/// The policy the page is served with: no script, no form, no request to any other
/// server; styles only its own; and only our own pages may frame it.
pub const POLICY: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; \
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

/// `GET /pictures/{word}`: a picture of a mail, for whom the word was signed. What
/// can not be shown is an empty answer: a browser shows the picture's name then.
pub async fn show(State(app): State<AppState>, Path(word): Path<String>) -> Response {
    match app.desk.picture(&word).await {
        Ok((kind, bytes)) => crate::file::picture(kind, bytes),
        Err(error) => {
            if let desk::Error::Internal(why) = &error {
                tracing::error!(error = %why, "a picture of a mail could not be given");
            }
            status_of(&error).into_response()
        }
    }
}
