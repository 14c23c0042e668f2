//! The ways in through others of the reader's own account.

use askama::Template;
use askama::filters::HtmlSafe;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Error;
use uuid::Uuid;

use super::account_post::fresh;
use super::assets::Asset;
use super::fault::Fault;
use super::federated::button_of;
use super::frame::{Errors, Frame, Guard, Here, Notice, NoticeTone, Room};
use super::posted::Posted;
use super::time::Dial;
use super::view::{Icon, TimeMark};
use super::visit::{Visit, sentence};

/// One way in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityRow {
    /// Its id.
    pub id: String,
    /// The provider.
    pub provider: String,
    /// Whom the provider means: name and address as it gave them.
    pub name: String,
    /// Since when it is linked.
    pub since: TimeMark,
    /// When it was last used.
    pub seen: TimeMark,
}

/// The part of the account's page about them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Template)]
#[template(path = "part/identities.html")]
pub struct Identities {
    /// What its forms carry.
    pub csrf: String,
    /// They.
    pub rows: Vec<IdentityRow>,
    /// What more can be linked: what the link says, and where it leads.
    pub more: Vec<(String, String)>,
}

impl HtmlSafe for Identities {}

impl Identities {
    /// Those of the reader.
    ///
    /// # Errors
    /// When nobody is signed in, or the database can not be read.
    pub async fn of(visit: &Visit, csrf: &str) -> Result<Identities, Fault> {
        let who = visit.who.as_ref().ok_or(Fault::SignInFirst)?;
        let dial: &Dial = &visit.dial;
        let rows = visit
            .desk
            .identities(who.person.id)
            .await?
            .into_iter()
            .map(|linked| IdentityRow {
                id: linked.identity.id.to_string(),
                provider: linked.provider,
                name: match linked.identity.email {
                    Some(email) if email != linked.identity.name => {
                        format!("{}, {email}", linked.identity.name)
                    }
                    _ => linked.identity.name,
                },
                since: dial.moment(linked.identity.linked_at),
                seen: dial.ago(linked.identity.seen_at),
            })
            .collect();
        let offered = visit.desk.offered_providers().await?;
        let more = offered
            .iter()
            .map(|p| {
                let text = button_of(p).replacen("Sign in with", "Link", 1);
                (text, format!("/sign-in/with/{}?link=1", p.key))
            })
            .collect();
        Ok(Identities {
            csrf: csrf.to_owned(),
            rows,
            more,
        })
    }
}

/// A way in that waits for the reader's word.
#[derive(Debug, Clone, Template)]
#[template(path = "identity.html")]
pub struct IdentityPage {
    /// Around it.
    pub frame: Frame,
    /// Names what waits.
    pub word: String,
    /// The provider.
    pub provider: String,
    /// The name that it gave.
    pub name: String,
    /// The address that it gave.
    pub email: String,
    /// The reader's name here.
    pub me: String,
    /// Their password is asked for.
    pub password: bool,
    /// What was wrong.
    pub errors: Errors,
}

async fn confirm_page(visit: &Visit, word: &str, errors: Errors) -> Result<IdentityPage, Fault> {
    let who = visit.who.as_ref().ok_or(Fault::SignInFirst)?;
    let waits = visit.desk.identity_to_confirm(who.person.id, word).await?;
    Ok(IdentityPage {
        frame: visit.frame(Room::Public, Here::Elsewhere).await?,
        word: word.to_owned(),
        provider: waits.provider,
        name: waits.name,
        email: waits.email,
        me: who.person.name.clone(),
        password: waits.password,
        errors,
    })
}

/// `GET /account/identities/{word}`: is it yours?
pub async fn show(Path(word): Path<String>, visit: Visit) -> Response {
    let result = async {
        let page = confirm_page(&visit, &word, Errors::default()).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

/// `POST /account/identities/{word}`: yes.
pub async fn link(Path(word): Path<String>, posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = confirmed(&word, &posted).await;
    posted.visit.close(result).await
}

async fn confirmed(word: &str, posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let who = visit.who.as_ref().ok_or(Fault::SignInFirst)?;
    if !who.person.has_password {
        fresh(visit)?;
    }
    let password = posted.raw("password");
    let linked = visit
        .desk
        .link_identity(who, word, password, &visit.network)
        .await;
    match linked {
        Ok(provider) => {
            let title = format!("You can sign in with {provider} from now on");
            visit.go("/account", Some(Notice::new(NoticeTone::Ok, title)))
        }
        Err(Error::Invalid { problem, .. }) => {
            let text = sentence(&format!("The password {problem}"));
            let page = confirm_page(visit, word, Errors::one("password", text)).await?;
            visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(other) => Err(other.into()),
    }
}

/// `POST /account/unlink`.
pub async fn unlink(posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = taken_off(&posted).await;
    posted.visit.close(result).await
}

async fn taken_off(posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let id = Uuid::try_parse(posted.text("identity")).map_err(|_| Fault::no_page())?;
    let done = visit.desk.unlink_identity(fresh(visit)?, id).await;
    let notice = match done {
        Ok(()) => Notice::new(NoticeTone::Ok, "It is no way into your account any more"),
        Err(Error::Conflict(text)) => Notice {
            tone: NoticeTone::Bad,
            title: "It stays linked".to_owned(),
            text,
        },
        Err(other) => return Err(other.into()),
    };
    visit.go("/account", Some(notice))
}
