//! `/verify/{word}`: proving one more address, by the link that was mailed
//! there, in the account that asked for it.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use super::assets::Asset;
use super::fault::Fault;
use super::frame::{Frame, Here, Notice, NoticeTone, Room};
use super::posted::Posted;
use super::register::link_fault;
use super::view::Icon;
use super::visit::Visit;

/// Asks whether the address is theirs.
#[derive(Debug, Clone, Template)]
#[template(path = "verify.html")]
pub struct VerifyPage {
    /// Around it.
    pub frame: Frame,
    /// The link's word.
    pub word: String,
    /// The address.
    pub address: String,
    /// The account's own address.
    pub account: String,
}

/// `GET /verify/{word}`.
pub async fn show(Path(word): Path<String>, visit: Visit) -> Response {
    let result = async {
        let who = visit.who.as_ref().ok_or(Fault::SignInFirst)?;
        let address = visit
            .desk
            .address_link(who, &word)
            .await
            .map_err(link_fault)?;
        visit.page(&VerifyPage {
            frame: visit.frame(visit.room(), Here::Elsewhere).await?,
            account: who.person.email.clone().unwrap_or_default(),
            word,
            address,
        })
    }
    .await;
    visit.close(result).await
}

/// `POST /verify/{word}`.
pub async fn confirm(Path(word): Path<String>, posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let visit = posted.visit;
    let result = async {
        let who = visit.who.as_ref().ok_or(Fault::SignInFirst)?;
        let address = visit
            .desk
            .confirm_address(who, &word)
            .await
            .map_err(link_fault)?;
        let title = format!("{address} is yours now");
        visit.go("/account", Some(Notice::new(NoticeTone::Ok, title)))
    }
    .await;
    visit.close(result).await
}
