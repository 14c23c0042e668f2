//! `/forgot` and `/reset/{word}`: a new password by a link that is mailed.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Error;
use desk::password::PASSWORD_MIN;

use super::assets::Asset;
use super::fault::Fault;
use super::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use super::posted::Posted;
use super::register::link_fault;
use super::view::Icon;
use super::visit::{Visit, sentence};

/// Asks for the address, or says that a mail is on its way.
#[derive(Debug, Clone, Template)]
#[template(path = "forgot.html")]
pub struct ForgotPage {
    /// Around it.
    pub frame: Frame,
    /// It was sent: there is nothing more to fill in here.
    pub sent: bool,
    /// What was typed as address.
    pub mail: String,
    /// What was wrong.
    pub errors: Errors,
}

/// Asks for the new password.
#[derive(Debug, Clone, Template)]
#[template(path = "reset.html")]
pub struct ResetPage {
    /// Around it.
    pub frame: Frame,
    /// The link's word.
    pub word: String,
    /// The address it was mailed to.
    pub address: String,
    /// Shortest password.
    pub least: usize,
    /// What was wrong.
    pub errors: Errors,
}

async fn asking(
    visit: &Visit,
    mail: String,
    sent: bool,
    errors: Errors,
) -> Result<ForgotPage, Fault> {
    Ok(ForgotPage {
        frame: visit.frame(Room::Public, Here::Elsewhere).await?,
        sent,
        mail,
        errors,
    })
}

/// `GET /forgot`.
pub async fn show(visit: Visit) -> Response {
    let result = async {
        let sent = !visit.query("sent").is_empty();
        let mail = visit.query("mail").to_owned();
        visit.page(&asking(&visit, mail, sent, Errors::default()).await?)
    }
    .await;
    visit.close(result).await
}

/// `POST /forgot`.
pub async fn ask(posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = wish(&posted).await;
    posted.visit.close(result).await
}

async fn wish(posted: &Posted) -> Result<Response, Fault> {
    let (visit, mail) = (&posted.visit, posted.single("mail")?);
    match visit.desk.ask_to_reset(mail, &visit.network).await {
        Ok(()) => visit.go("/forgot?sent=1", None),
        Err(Error::Invalid { .. }) => {
            let errors = Errors::one("mail", "This does not look like a mail address.");
            let page = asking(visit, mail.to_owned(), false, errors).await?;
            visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(other) => Err(other.into()),
    }
}

async fn setting(visit: &Visit, word: &str, errors: Errors) -> Result<ResetPage, Fault> {
    Ok(ResetPage {
        address: visit.desk.reset_link(word).await.map_err(link_fault)?,
        frame: visit.frame(Room::Public, Here::Elsewhere).await?,
        word: word.to_owned(),
        least: PASSWORD_MIN,
        errors,
    })
}

/// `GET /reset/{word}`. Looking uses nothing up: mail programs look, too.
pub async fn show_link(Path(word): Path<String>, visit: Visit) -> Response {
    let result = async { visit.page(&setting(&visit, &word, Errors::default()).await?) }.await;
    visit.close(result).await
}

/// `POST /reset/{word}`.
pub async fn set(Path(word): Path<String>, posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = change(&posted, &word).await;
    posted.visit.close(result).await
}

async fn change(posted: &Posted, word: &str) -> Result<Response, Fault> {
    let visit = &posted.visit;
    match visit
        .desk
        .reset_password(word, posted.raw("password"))
        .await
    {
        Ok(()) => {
            let notice = Notice {
                tone: NoticeTone::Ok,
                title: "Your new password is set".to_owned(),
                text: "You were signed out everywhere. Sign in with it now.".to_owned(),
            };
            visit.go("/sign-in", Some(notice))
        }
        Err(Error::Invalid { problem, .. }) => {
            let errors = Errors::one("password", sentence(&format!("this {problem}")));
            let page = setting(visit, word, errors).await?;
            visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(other) => Err(link_fault(other)),
    }
}
