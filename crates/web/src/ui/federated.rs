//! `/sign-in/with/{provider}`: signing in through others, and linking such a
//! way in to an account.

use askama::Template;
use askama::filters::HtmlSafe;
use axum::body::Body;
use axum::extract::{Form, FromRequest as _, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use desk::federated::{Answer, Arrived, Caller, Turned};
use desk::{Desk, Error};
use http_body_util::Limited;
use store::provider::{Kind, Provider};

use super::assets::Asset;
use super::fault::Fault;
use super::frame::{Errors, Frame, Guard, Here, Notice, NoticeTone, Room};
use super::posted::Posted;
use super::sign_in::{asking, let_in};
use super::view::Icon;
use super::visit::{Visit, encode, own_path, random_word, see_other, sentence};

/// Largest form that a provider sends.
const LOGOUT_LIMIT: usize = 64 * 1024;

/// A button or form of the sign-in page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The provider's key.
    pub key: String,
    /// What its button says.
    pub button: String,
    /// Name and password are asked for here.
    pub directory: bool,
    /// Where its link or form leads.
    pub href: String,
}

/// The other ways to sign in, as part of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Template)]
#[template(path = "part/sign_in_with.html")]
pub struct Ways {
    /// What each form carries.
    pub csrf: String,
    /// Where to go then.
    pub next: String,
    /// They.
    pub ways: Vec<Way>,
}

impl HtmlSafe for Ways {}

/// What the button of a provider says.
pub fn button_of(provider: &Provider) -> String {
    if provider.doc.button.is_empty() {
        format!("Sign in with {}", provider.name)
    } else {
        provider.doc.button.clone()
    }
}

impl Ways {
    /// The ways that are offered.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn offered(desk: &Desk, csrf: &str, next: &str) -> Result<Ways, Error> {
        let suffix = if next.is_empty() {
            String::new()
        } else {
            format!("?next={}", encode(next))
        };
        let ways = desk
            .offered_providers()
            .await?
            .iter()
            .map(|p| Way {
                key: p.key.clone(),
                button: button_of(p),
                directory: p.kind == Kind::Ldap,
                href: format!("/sign-in/with/{}{suffix}", p.key),
            })
            .collect();
        Ok(Ways {
            csrf: csrf.to_owned(),
            next: next.to_owned(),
            ways,
        })
    }
}

/// Name and password of a directory.
#[derive(Debug, Clone, Template)]
#[template(path = "directory.html")]
pub struct DirectoryPage {
    /// Around it.
    pub frame: Frame,
    /// The provider's key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// What was typed as name.
    pub user: String,
    /// Where to go then.
    pub next: String,
    /// It is to be linked to the reader's account.
    pub link: bool,
    /// What was wrong.
    pub errors: Errors,
}

/// Somebody is signed out here, and not yet where they came from.
#[derive(Debug, Clone, Template)]
#[template(path = "signed_out.html")]
pub struct SignedOutPage {
    /// Around it.
    pub frame: Frame,
    /// The provider.
    pub name: String,
    /// Where to sign out there.
    pub href: String,
}

fn caller(visit: &Visit) -> Caller {
    Caller {
        browser: visit.way.clone(),
        network: visit.network.clone(),
        agent: visit.agent.clone(),
        signed_in: visit.who.as_ref().map(|who| who.person.id),
    }
}

/// `GET /sign-in/with/{provider}`: to the provider, or the form of a directory.
pub async fn begin(Path(key): Path<String>, mut visit: Visit) -> Response {
    if visit.way.len() < 43 {
        visit.way = random_word();
    }
    let result = there(&key, &visit).await;
    visit.close(result).await
}

async fn there(key: &str, visit: &Visit) -> Result<Response, Fault> {
    let next = own_path(visit.query("next"), "");
    let link = !visit.query("link").is_empty();
    if link && visit.who.is_none() {
        return Err(Fault::SignInFirst);
    }
    let offered = visit.desk.offered_providers().await?;
    let Some(provider) = offered.into_iter().find(|p| p.key == key) else {
        return Err(Fault::no_page());
    };
    if provider.kind == Kind::Ldap {
        return visit.page(&DirectoryPage {
            frame: visit.frame(Room::Public, Here::Elsewhere).await?,
            key: provider.key,
            name: provider.name,
            user: String::new(),
            next,
            link: visit.who.is_some(),
            errors: Errors::default(),
        });
    }
    let begun = visit
        .desk
        .begin_federated(key, &caller(visit), &next, link)
        .await;
    match begun {
        Ok(url) => {
            let mut response = see_other(&url);
            visit.set_way(&mut response);
            Ok(response)
        }
        Err(turned) => refused(visit, turned, &next).await,
    }
}

/// `GET /sign-in/with/{provider}/back`: the provider sent the browser back.
pub async fn back(Path(key): Path<String>, mut visit: Visit) -> Response {
    let optional = |name: &str| Some(visit.query(name).to_owned()).filter(|v| !v.is_empty());
    let answer = Answer {
        state: visit.query("state").to_owned(),
        code: visit.query("code").to_owned(),
        iss: optional("iss"),
        error: optional("error"),
    };
    let ended = visit
        .desk
        .finish_federated(&key, &answer, &caller(&visit))
        .await;
    let result = arrived(&mut visit, ended, "").await;
    visit.close(result).await
}

/// Where somebody goes who has arrived, with what cookies.
async fn arrived(
    visit: &mut Visit,
    ended: Result<Arrived, Turned>,
    next: &str,
) -> Result<Response, Fault> {
    match ended {
        Ok(Arrived::Admitted { admission, next }) => let_in(visit, admission, &next).await,
        Ok(Arrived::Confirm { word }) => visit.go(&format!("/account/identities/{word}"), None),
        Ok(Arrived::LinkedAlready) => {
            let notice = Notice::new(NoticeTone::Info, "It was linked to your account already");
            visit.go("/account", Some(notice))
        }
        Err(turned) => refused(visit, turned, next).await,
    }
}

/// The sign-in page, which still has the other ways, with what went wrong.
async fn refused(visit: &Visit, turned: Turned, next: &str) -> Result<Response, Fault> {
    let (status, text) = match turned.error {
        Error::Unauthenticated(text) => (StatusCode::UNAUTHORIZED, text),
        Error::Forbidden(text) => (StatusCode::FORBIDDEN, text),
        Error::Conflict(text) => (StatusCode::CONFLICT, text),
        Error::Unavailable(text) => (StatusCode::SERVICE_UNAVAILABLE, text),
        error @ Error::TooMany { .. } => (StatusCode::TOO_MANY_REQUESTS, error.to_string()),
        other => return Err(other.into()),
    };
    let notice = Notice {
        tone: NoticeTone::Bad,
        title: if visit.who.is_some() {
            "It was not linked".to_owned()
        } else {
            "You are not signed in".to_owned()
        },
        text: sentence(&text),
    };
    if visit.who.is_some() {
        return visit.go("/account", Some(notice));
    }
    let mut page = asking(visit, "", next.to_owned(), Errors::default()).await?;
    page.frame.notice = Some(notice);
    visit.page_as(status, &page)
}

/// `POST /sign-in/with/{provider}`: name and password of a directory.
pub async fn directory(Path(key): Path<String>, posted: Posted) -> Response {
    let mut posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    if posted.visit.way.len() < 43 {
        posted.visit.way = random_word();
    }
    let result = ask_directory(&key, &mut posted).await;
    posted.visit.close(result).await
}

async fn ask_directory(key: &str, posted: &mut Posted) -> Result<Response, Fault> {
    let next = own_path(posted.text("next"), "");
    let user = posted.text("user").to_owned();
    let password = posted.raw("password").to_owned();
    let visit = &mut posted.visit;
    let ended = visit
        .desk
        .sign_in_by_directory(key, &user, &password, &caller(visit), &next)
        .await;
    let (status, problem) = match ended {
        Err(Turned {
            error: Error::Unauthenticated(text),
            ..
        }) => (StatusCode::UNPROCESSABLE_ENTITY, text),
        Err(Turned {
            error: error @ Error::TooMany { .. },
            ..
        }) => (StatusCode::TOO_MANY_REQUESTS, error.to_string()),
        ended => return arrived(visit, ended, &next).await,
    };
    let offered = visit.desk.offered_providers().await?;
    let name = offered.into_iter().find(|p| p.key == key).map(|p| p.name);
    let page = DirectoryPage {
        frame: visit.frame(Room::Public, Here::Elsewhere).await?,
        key: key.to_owned(),
        name: name.unwrap_or_default(),
        user,
        next,
        link: visit.who.is_some(),
        errors: Errors::one("password", sentence(&problem)),
    };
    visit.page_as(status, &page)
}

/// `POST /sign-in/with/{provider}/logout`: the provider itself tells that
/// somebody logged out there (OpenID Connect Back-Channel Logout).
pub async fn logout(
    Path(key): Path<String>,
    State(desk): State<Desk>,
    request: Request,
) -> Response {
    let request = request.map(|body| Body::new(Limited::new(body, LOGOUT_LIMIT)));
    let token = Form::<Vec<(String, String)>>::from_request(request, &())
        .await
        .ok()
        .and_then(|Form(fields)| fields.into_iter().find(|(name, _)| name == "logout_token"))
        .map(|(_, token)| token)
        .unwrap_or_default();
    let (status, problem) = match desk.back_channel_logout(&key, &token).await {
        Ok(_) => return StatusCode::OK.into_response(),
        Err(turned) => match turned.error {
            Error::NotFound { .. } => (StatusCode::NOT_FOUND, "there is no such provider"),
            Error::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "try again later"),
            _ => (StatusCode::BAD_REQUEST, "the logout token is not accepted"),
        },
    };
    let body = serde_json::json!({ "error": "invalid_request", "error_description": problem });
    (
        status,
        [(header::CONTENT_TYPE, "application/json")],
        body.to_string(),
    )
        .into_response()
}
