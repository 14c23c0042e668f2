//! Why no page comes, and how that is told to people.

use axum::http::StatusCode;
use desk::Error;

use super::visit::sentence;
use crate::problem::status_of;

/// Why no page comes.
#[derive(Debug)]
pub enum Fault {
    /// The desk says no.
    Desk(Error),
    /// They have to sign in first.
    SignInFirst,
    /// They have to prove again who they are.
    ProveFirst,
    /// A link that was mailed works no more.
    OldLink,
    /// The form was not made by us for this browser, or is too old.
    Forged,
    /// What was sent can not be read.
    Unreadable(StatusCode, String),
    /// There is such an address, but it is used with another method.
    WrongMethod,
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        Fault::Desk(error)
    }
}

impl Fault {
    /// There is no such page.
    pub fn no_page() -> Fault {
        Fault::Desk(Error::not_found("page"))
    }
}

/// Status, title, what happened, what to do.
pub fn explain(fault: &Fault) -> (StatusCode, &'static str, String, &'static [&'static str]) {
    const AGAIN: &[&str] = &["Go back, change what is named above, and send it again."];
    match fault {
        Fault::SignInFirst => (
            StatusCode::UNAUTHORIZED,
            "Please sign in",
            "This page is for people who are signed in.".to_owned(),
            &["Sign in and try again."],
        ),
        Fault::ProveFirst => (
            StatusCode::FORBIDDEN,
            "Confirm that it is you",
            "This changes how you sign in, and your last sign-in was some time ago.".to_owned(),
            &["Give your password again, then do it once more."],
        ),
        Fault::OldLink => (
            StatusCode::NOT_FOUND,
            "This link does not work any more",
            "It was used already, is too old, or was not copied whole.".to_owned(),
            &[
                "Look whether there is a newer mail, and whether the link is there in full.",
                "Ask for a new one where you asked for this one.",
            ],
        ),
        Fault::Forged => (
            StatusCode::FORBIDDEN,
            "This form is too old",
            "The form was made for another session, so nothing was changed.".to_owned(),
            &[
                "Go back, reload the page and send the form again; what you wrote is kept there.",
                "Cookies must be allowed for this site.",
            ],
        ),
        Fault::Unreadable(status, text) => (
            *status,
            "What was sent can not be read",
            text.clone(),
            &[
                "Go back and send the form again.",
                "If a file is large, attach a smaller one or give a link to it.",
            ],
        ),
        Fault::WrongMethod => (
            StatusCode::METHOD_NOT_ALLOWED,
            "This address is used another way",
            "It is for a form to be sent to, or for a page to be read; nothing was changed."
                .to_owned(),
            &["Begin at the page that has the form."],
        ),
        Fault::Desk(error) => {
            let status = status_of(error);
            let (title, todo): (&str, &[&str]) = match error {
                Error::Invalid { .. } => ("Something is missing or wrong", AGAIN),
                Error::Unauthenticated(_) => (
                    "This does not work any more",
                    &[
                        "Ask for a new link: give the ticket’s number and your address on the front page.",
                        "Or sign in, if you have an account.",
                    ],
                ),
                Error::Forbidden(_) => (
                    "That is not yours to do",
                    &["If it should be, ask the unit that holds the ticket, or an administrator."],
                ),
                Error::NotFound { .. } => (
                    "There is nothing here that you can see",
                    &[
                        "Look whether the address or number is right.",
                        "If it is a ticket of yours, sign in with the address you opened it with, or ask for a link to it on the front page.",
                    ],
                ),
                Error::Conflict(_) => (
                    "That does not fit how things stand",
                    &["Go back, reload the page and look what has changed."],
                ),
                Error::Stale { .. } => (
                    "Somebody was quicker",
                    &[
                        "Go back, reload the page, look what has changed, and do it again if it is still right.",
                    ],
                ),
                Error::TooMany { .. } => ("Too many tries", &["Nothing was changed."]),
                Error::Unavailable(_) => (
                    "Not possible at the moment",
                    &["Nothing was changed. Try again in a moment."],
                ),
                Error::Internal(_) => (
                    "Something went wrong on our side",
                    &["It was logged and nothing was changed. Try again; if it stays, tell us."],
                ),
            };
            let what = match error {
                Error::Internal(_) => "This is no fault of yours.".to_owned(),
                Error::Invalid { .. } => "Nothing was changed.".to_owned(),
                Error::NotFound { what } if what == "page" => {
                    "There is no page at this address.".to_owned()
                }
                other => sentence(&other.to_string()),
            };
            (status, title, what, todo)
        }
    }
}
