//! `/register`: making an account. First the address alone, then, by the link
//! that was mailed there, name and password.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Error;
use desk::account::Details;
use desk::password::PASSWORD_MIN;

use super::admin::communities;
use super::assets::Asset;
use super::fault::Fault;
use super::frame::{Errors, Frame, Here, Room};
use super::posted::Posted;
use super::sign_in;
use super::view::{Choice, Icon};
use super::visit::{Visit, sentence};

/// Asks for the address, or says that a mail is on its way.
#[derive(Debug, Clone, Template)]
#[template(path = "register.html")]
pub struct RegisterPage {
    /// Around it.
    pub frame: Frame,
    /// Accounts can be made by anybody.
    pub open: bool,
    /// It was sent: there is nothing more to fill in here.
    pub sent: bool,
    /// What was typed as address.
    pub mail: String,
    /// What was wrong.
    pub errors: Errors,
}

/// The rest, behind the link.
#[derive(Debug, Clone, Template)]
#[template(path = "register_finish.html")]
pub struct FinishPage {
    /// Around it.
    pub frame: Frame,
    /// The link's word.
    pub word: String,
    /// The address that is proved by it.
    pub address: String,
    /// What is typed as name.
    pub name: String,
    /// What is typed as institute.
    pub institute: String,
    /// The communities that there are.
    pub communities: Vec<Choice>,
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
) -> Result<RegisterPage, Fault> {
    Ok(RegisterPage {
        frame: visit.frame(Room::Public, Here::Elsewhere).await?,
        open: visit.desk.config().registration,
        sent,
        mail,
        errors,
    })
}

/// `GET /register`.
pub async fn show(visit: Visit) -> Response {
    let result = async {
        let sent = !visit.query("sent").is_empty();
        visit.page(&asking(&visit, String::new(), sent, Errors::default()).await?)
    }
    .await;
    visit.close(result).await
}

/// `POST /register`.
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
    match visit.desk.ask_to_register(mail, &visit.network).await {
        Ok(()) => visit.go("/register?sent=1", None),
        Err(Error::Invalid { .. }) => {
            let errors = Errors::one("mail", "This does not look like a mail address.");
            let page = asking(visit, mail.to_owned(), false, errors).await?;
            visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(other) => Err(other.into()),
    }
}

/// A link that does not work any more is told in its own words.
pub(super) fn link_fault(error: Error) -> Fault {
    match error {
        Error::NotFound { what } if what == "link" => Fault::OldLink,
        other => other.into(),
    }
}

async fn finishing(
    visit: &Visit,
    word: &str,
    details: Option<Details>,
    errors: Errors,
) -> Result<FinishPage, Fault> {
    let (address, known) = visit.desk.registration(word).await.map_err(link_fault)?;
    let details = details.unwrap_or(Details {
        name: known,
        ..Details::default()
    });
    Ok(FinishPage {
        frame: visit.frame(Room::Public, Here::Elsewhere).await?,
        word: word.to_owned(),
        address,
        name: details.name,
        institute: details.institute,
        communities: communities::choices(
            &*visit.desk.catalogue().await?,
            "None of these",
            details.community.as_deref().unwrap_or_default(),
        ),
        least: PASSWORD_MIN,
        errors,
    })
}

/// `GET /register/{word}`. Looking uses nothing up: mail programs look, too.
pub async fn show_link(Path(word): Path<String>, visit: Visit) -> Response {
    let result =
        async { visit.page(&finishing(&visit, &word, None, Errors::default()).await?) }.await;
    visit.close(result).await
}

/// What a form says of somebody.
pub(super) fn details(posted: &Posted) -> Details {
    let community = posted.text("community");
    Details {
        name: posted.text("name").to_owned(),
        institute: posted.text("institute").to_owned(),
        community: (!community.is_empty()).then(|| community.to_owned()),
    }
}

/// `POST /register/{word}`.
pub async fn finish(Path(word): Path<String>, posted: Posted) -> Response {
    let mut posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = make(&mut posted, &word).await;
    posted.visit.close(result).await
}

async fn make(posted: &mut Posted, word: &str) -> Result<Response, Fault> {
    let details = details(posted);
    let password = posted.raw("password").to_owned();
    let visit = &mut posted.visit;
    let made = visit
        .desk
        .register(word, details.clone(), &password, visit.client())
        .await;
    match made {
        Ok(admission) => sign_in::let_in(visit, admission, "").await,
        Err(Error::Invalid { field, problem }) => {
            let errors = Errors::one(&field, sentence(&format!("this {problem}")));
            let page = finishing(visit, word, Some(details), errors).await?;
            visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(other) => Err(link_fault(other)),
    }
}
