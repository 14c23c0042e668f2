//! `/sign-in`: with a local account.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Error;

use super::assets::Asset;
use super::fault::Fault;
use super::federated::{SignedOutPage, Ways};
use super::frame::{Errors, Frame, Here, Room};
use super::posted::Posted;
use super::view::Icon;
use super::visit::{Visit, own_path, sentence};

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
    /// The other ways.
    pub others: Ways,
    /// What was wrong.
    pub errors: Errors,
}

/// `GET /sign-in`.
pub async fn show(visit: Visit) -> Response {
    let result = form(&visit).await;
    visit.close(result).await
}

async fn form(visit: &Visit) -> Result<Response, Fault> {
    let next = own_path(visit.query("next"), "");
    if visit.who.is_some() {
        return visit.go(if next.is_empty() { "/" } else { &next }, None);
    }
    let frame = visit.frame(Room::Public, Here::Elsewhere).await?;
    visit.page(&SignInPage {
        others: Ways::offered(&visit.desk, &frame.csrf, &next).await?,
        frame,
        mail: visit.query("mail").to_owned(),
        next,
        errors: Errors::default(),
    })
}

/// `POST /sign-in`.
pub async fn enter(posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = check(&posted).await;
    posted.visit.close(result).await
}

async fn check(posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let (mail, next) = (posted.text("mail"), own_path(posted.text("next"), ""));
    // A password keeps the space around it.
    let password = posted.raw("password");
    let signed_in = visit
        .desk
        .sign_in(mail, password, &visit.network, &visit.agent)
        .await;
    let (status, problem) = match signed_in {
        Ok(secret) => {
            // Staff begin at work, everybody else at the front page.
            let home = match visit.desk.session(&secret).await? {
                Some(who) if who.actor.is_staff() => "/work",
                _ => "/",
            };
            let to = if next.is_empty() { home } else { &next };
            let mut response = visit.go(to, None)?;
            visit.set_session(&mut response, Some(&secret));
            return Ok(response);
        }
        Err(Error::Unauthenticated(text)) => (StatusCode::UNPROCESSABLE_ENTITY, text),
        Err(error @ Error::TooMany { .. }) => (StatusCode::TOO_MANY_REQUESTS, error.to_string()),
        Err(other) => return Err(other.into()),
    };
    let frame = visit.frame(Room::Public, Here::Elsewhere).await?;
    let page = SignInPage {
        others: Ways::offered(&visit.desk, &frame.csrf, &next).await?,
        frame,
        mail: mail.to_owned(),
        next,
        errors: Errors::one("password", sentence(&problem)),
    };
    visit.page_as(status, &page)
}

/// `POST /sign-out`.
pub async fn leave(posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = end(&posted.visit).await;
    posted.visit.close(result).await
}

async fn end(visit: &Visit) -> Result<Response, Fault> {
    if let Some(who) = &visit.who {
        visit
            .desk
            .end_session(who.person.id, who.id_hash.clone())
            .await?;
    }
    let way_out = match &visit.who {
        Some(who) => visit.desk.way_out(&who.id_hash).await?,
        None => None,
    };
    let mut response = match way_out {
        Some((name, href)) => {
            let mut frame = visit.frame(Room::Public, Here::Elsewhere).await?;
            frame.me = None;
            frame.live = None;
            visit.page(&SignedOutPage { frame, name, href })?
        }
        None => visit.go("/", None)?,
    };
    visit.set_session(&mut response, None);
    Ok(response)
}

/// `POST /theme`: light or dark, for those without the script.
pub async fn theme(posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let back = own_path(posted.text("back"), "/");
    let result = posted.visit.go(&back, None).map(|mut response| {
        posted.visit.set_theme(&mut response, posted.text("theme"));
        response
    });
    posted.visit.close(result).await
}
