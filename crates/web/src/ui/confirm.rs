//! `/account/confirm`: proving again who one is, before something changes how
//! one signs in.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Error;

use super::assets::Asset;
use super::fault::Fault;
use super::frame::{Errors, Frame, Here, Room};
use super::posted::Posted;
use super::view::Icon;
use super::visit::{Visit, own_path, sentence};

/// The form.
#[derive(Debug, Clone, Template)]
#[template(path = "confirm.html")]
pub struct ProvePage {
    /// Around it.
    pub frame: Frame,
    /// Where to go then; a path of this site.
    pub next: String,
    /// They have a password.
    pub password: bool,
    /// They have a passkey.
    pub passkeys: bool,
    /// What was wrong.
    pub errors: Errors,
}

/// The page, with what was wrong.
///
/// # Errors
/// When nobody is signed in, or the database can not be read.
pub(super) async fn page(visit: &Visit, next: &str, errors: Errors) -> Result<ProvePage, Fault> {
    let who = visit.who.as_ref().ok_or(Fault::SignInFirst)?;
    let factors = visit.desk.factors(who.person.id).await?;
    Ok(ProvePage {
        frame: visit.frame(visit.room(), Here::Elsewhere).await?,
        next: own_path(next, "/account"),
        password: who.person.has_password,
        passkeys: !factors.passkeys.is_empty() && visit.desk.has_passkeys(),
        errors,
    })
}

/// `GET /account/confirm`.
pub async fn show(visit: Visit) -> Response {
    let result =
        async { visit.page(&page(&visit, visit.query("next"), Errors::default()).await?) }.await;
    visit.close(result).await
}

/// `POST /account/confirm`: the password, or the answer of a passkey.
pub async fn prove(posted: Posted) -> Response {
    let mut posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = check(&mut posted).await;
    posted.visit.close(result).await
}

async fn check(posted: &mut Posted) -> Result<Response, Fault> {
    let next = own_path(posted.text("next"), "/account");
    let who = posted.visit.who.clone().ok_or(Fault::SignInFirst)?;
    let answer = posted.text("answer");
    let proved = if answer.is_empty() {
        posted
            .visit
            .desk
            .prove_password(&who, posted.raw("password"))
            .await
    } else {
        posted
            .visit
            .desk
            .prove_passkey(&who, posted.text("word"), answer)
            .await
    };
    let (status, problem) = match proved {
        Ok(secret) => {
            posted.visit.renewed(secret).await?;
            return posted.visit.go(&next, None);
        }
        Err(Error::Invalid { problem, .. }) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            sentence(&format!("this {problem}")),
        ),
        Err(Error::Unauthenticated(text)) => (StatusCode::UNPROCESSABLE_ENTITY, sentence(&text)),
        Err(error @ Error::TooMany { .. }) => {
            (StatusCode::TOO_MANY_REQUESTS, sentence(&error.to_string()))
        }
        Err(other) => return Err(other.into()),
    };
    let page = page(&posted.visit, &next, Errors::one("password", problem)).await?;
    posted.visit.page_as(status, &page)
}
