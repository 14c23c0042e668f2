//! `/sign-in`: with a local account, in one step or two, or with a passkey.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use desk::{Admission, Error};

use super::assets::Asset;
use super::fault::Fault;
use super::federated::{SignedOutPage, Ways};
use super::frame::{Errors, Frame, Here, Room};
use super::posted::Posted;
use super::view::Icon;
use super::visit::{Visit, encode, own_path, sentence};

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
    /// Accounts can be made by anybody.
    pub registration: bool,
    /// Passkeys work at this address.
    pub passkeys: bool,
    /// What was wrong.
    pub errors: Errors,
}

/// The second step.
#[derive(Debug, Clone, Template)]
#[template(path = "second_step.html")]
pub struct SecondStepPage {
    /// Around it.
    pub frame: Frame,
    /// Where to go then; a path of this site.
    pub next: String,
    /// A code of an authenticator app will do.
    pub totp: bool,
    /// A passkey will do.
    pub passkeys: bool,
    /// A recovery code will do.
    pub recovery: bool,
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
    let page = asking(visit, visit.query("mail"), next, Errors::default()).await?;
    visit.page(&page)
}

/// The page, with what was typed and what was wrong.
///
/// # Errors
/// When the database can not be read.
pub(super) async fn asking(
    visit: &Visit,
    mail: &str,
    next: String,
    errors: Errors,
) -> Result<SignInPage, Fault> {
    let frame = visit.frame(Room::Public, Here::Elsewhere).await?;
    Ok(SignInPage {
        others: Ways::offered(&visit.desk, &frame.csrf, &next).await?,
        frame,
        mail: mail.to_owned(),
        next,
        registration: visit.desk.config().registration,
        passkeys: visit.desk.has_passkeys(),
        errors,
    })
}

/// `POST /sign-in`.
pub async fn enter(posted: Posted) -> Response {
    let mut posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = check(&mut posted).await;
    posted.visit.close(result).await
}

async fn check(posted: &mut Posted) -> Result<Response, Fault> {
    let mail = posted.single("mail")?.to_owned();
    let next = own_path(posted.text("next"), "");
    // A password keeps the space around it.
    let password = posted.raw("password").to_owned();
    let visit = &mut posted.visit;
    let signed_in = visit.desk.sign_in(&mail, &password, visit.client()).await;
    let (status, problem) = match signed_in {
        Ok(admission) => return let_in(visit, admission, &next).await,
        Err(error) => refusal(error)?,
    };
    let errors = Errors::one("password", problem);
    let page = asking(visit, &mail, next, errors).await?;
    visit.page_as(status, &page)
}

/// How a refused sign-in is answered.
fn refusal(error: Error) -> Result<(StatusCode, String), Fault> {
    match error {
        Error::Unauthenticated(text) => Ok((StatusCode::UNPROCESSABLE_ENTITY, sentence(&text))),
        Error::Invalid { problem, .. } => Ok((
            StatusCode::UNPROCESSABLE_ENTITY,
            sentence(&format!("this {problem}")),
        )),
        error @ Error::TooMany { .. } => {
            Ok((StatusCode::TOO_MANY_REQUESTS, sentence(&error.to_string())))
        }
        other => Err(other.into()),
    }
}

/// Where somebody goes on who proved one thing: in, or to the second step.
/// Every way of signing in ends here.
pub(super) async fn let_in(
    visit: &mut Visit,
    admission: Admission,
    next: &str,
) -> Result<Response, Fault> {
    match admission {
        Admission::Session(secret) => welcome(visit, &secret, next).await,
        Admission::SecondStep(word) => {
            let to = if next.is_empty() {
                "/sign-in/code".to_owned()
            } else {
                format!("/sign-in/code?next={}", encode(next))
            };
            let mut response = visit.go(&to, None)?;
            visit.set_step(&mut response, Some(&word));
            Ok(response)
        }
    }
}

/// Lets somebody in: who was signed in before in this browser no longer is.
pub(super) async fn welcome(
    visit: &mut Visit,
    secret: &str,
    next: &str,
) -> Result<Response, Fault> {
    if let Some(before) = &visit.who {
        visit
            .desk
            .end_session(before.person.id, before.id_hash.clone())
            .await?;
    }
    let who = visit.desk.session(secret).await?;
    // Staff begin at work, everybody else at the front page.
    let home = match &who {
        Some(who) if who.actor.is_staff() => "/work",
        _ => "/",
    };
    let mut response = visit.go(if next.is_empty() { home } else { next }, None)?;
    visit.set_session(&mut response, Some(secret));
    visit.set_step(&mut response, None);
    if let Some(who) = who {
        let word = visit.desk.device_word(who.person.id)?;
        visit.set_device(&mut response, &word);
    }
    Ok(response)
}

/// `GET /sign-in/code`: the second step.
pub async fn show_step(visit: Visit) -> Response {
    let result = async {
        let next = own_path(visit.query("next"), "");
        match step_page(&visit, next, Errors::default()).await? {
            Some(page) => visit.page(&page),
            None => visit.go("/sign-in", None),
        }
    }
    .await;
    visit.close(result).await
}

async fn step_page(
    visit: &Visit,
    next: String,
    errors: Errors,
) -> Result<Option<SecondStepPage>, Fault> {
    let Some(step) = visit.desk.second_step(&visit.step).await? else {
        return Ok(None);
    };
    Ok(Some(SecondStepPage {
        frame: visit.frame(Room::Public, Here::Elsewhere).await?,
        next,
        totp: step.totp,
        passkeys: step.passkeys && visit.desk.has_passkeys(),
        recovery: step.recovery,
        errors,
    }))
}

/// `POST /sign-in/code`: a code, or the answer of a passkey.
pub async fn enter_step(posted: Posted) -> Response {
    let mut posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = check_step(&mut posted).await;
    posted.visit.close(result).await
}

async fn check_step(posted: &mut Posted) -> Result<Response, Fault> {
    let next = own_path(posted.text("next"), "");
    let code = posted.text("code").to_owned();
    let (word, answer) = (
        posted.text("word").to_owned(),
        posted.text("answer").to_owned(),
    );
    let visit = &mut posted.visit;
    let done = if answer.is_empty() {
        visit
            .desk
            .second_step_code(&visit.step, &code, &visit.agent)
            .await
    } else {
        visit
            .desk
            .second_step_passkey(&visit.step, &word, &answer, &visit.agent)
            .await
    };
    let (status, problem) = match done {
        Ok(secret) => return welcome(visit, &secret, &next).await,
        Err(error) => refusal(error)?,
    };
    let errors = Errors::one("code", problem.clone());
    match step_page(visit, next.clone(), errors).await? {
        Some(page) => visit.page_as(status, &page),
        None => {
            let errors = Errors::one("password", problem);
            let page = asking(visit, "", next, errors).await?;
            visit.page_as(status, &page)
        }
    }
}

/// `POST /sign-in/passkey`: the answer of a passkey, which is all of it.
pub async fn enter_passkey(posted: Posted) -> Response {
    let mut posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = check_passkey(&mut posted).await;
    posted.visit.close(result).await
}

async fn check_passkey(posted: &mut Posted) -> Result<Response, Fault> {
    let next = own_path(posted.text("next"), "");
    let (word, answer) = (
        posted.text("word").to_owned(),
        posted.text("answer").to_owned(),
    );
    let visit = &mut posted.visit;
    let done = visit
        .desk
        .sign_in_passkey(&word, &answer, &visit.agent)
        .await;
    let (status, problem) = match done {
        Ok(secret) => return welcome(visit, &secret, &next).await,
        Err(error) => refusal(error)?,
    };
    let page = asking(visit, "", next, Errors::one("password", problem)).await?;
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
    if !visit.step.is_empty() {
        visit.desk.give_up_step(&visit.step).await?;
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
    visit.set_step(&mut response, None);
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
