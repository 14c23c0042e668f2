//! `POST /account/{deed}`: what somebody changes of their own account.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use desk::{Error, SignedIn, TokenScope};
use switchboard_core::Actor;
use uuid::Uuid;

use super::account::{Shown, account, unhex};
use super::fault::Fault;
use super::frame::{Errors, Notice, NoticeTone};
use super::posted::Posted;
use super::register::details;
use super::visit::{Visit, sentence};

/// Who acts, when they proved a moment ago who they are.
///
/// # Errors
/// When nobody is signed in, or it is too long ago: they are asked again.
pub(super) fn fresh(visit: &Visit) -> Result<&SignedIn, Fault> {
    let who = visit.who.as_ref().ok_or(Fault::SignInFirst)?;
    if who.is_fresh(visit.desk.now()) {
        Ok(who)
    } else {
        Err(Fault::ProveFirst)
    }
}

fn me(visit: &Visit) -> Result<Actor, Fault> {
    visit.actor().cloned()
}

/// Goes on after a second factor came or went: under a new session, and with
/// the recovery codes on the page, when there are new ones.
pub(super) async fn factor_changed(
    visit: &mut Visit,
    codes: Option<Vec<String>>,
    title: &str,
) -> Result<Response, Fault> {
    let who = visit.who.clone().ok_or(Fault::SignInFirst)?;
    let secret = visit.desk.renew_session(&who, false).await?;
    visit.renewed(secret).await?;
    match codes {
        // Shown on this very answer: they are kept nowhere, not even in a cookie.
        Some(new_codes) => {
            visit.at("/account".to_owned());
            let shown = Shown {
                new_codes,
                ..Shown::default()
            };
            let page = account(visit, shown).await?;
            visit.page(&page)
        }
        None => visit.go("/account", Some(Notice::new(NoticeTone::Ok, title))),
    }
}

/// `POST /account/{deed}`.
pub async fn act(Path(deed): Path<String>, posted: Posted) -> Response {
    let mut posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = match deed.as_str() {
        "details" => change_details(&posted).await,
        "addresses" => addresses(&posted).await,
        "password" => password(&mut posted).await,
        "factors" => factors(&mut posted).await,
        "sessions" => sessions(&posted).await,
        "tokens" => tokens(&posted).await,
        _ => Err(Fault::no_page()),
    };
    let result = match result {
        // What is wrong with a field is told beside it.
        Err(Fault::Desk(Error::Invalid { field, problem })) => {
            again(&mut posted, &field, &problem).await
        }
        other => other,
    };
    posted.visit.close(result).await
}

async fn again(posted: &mut Posted, field: &str, problem: &str) -> Result<Response, Fault> {
    let known = [
        "name",
        "institute",
        "community",
        "address",
        "old_password",
        "token",
    ];
    let text = |begin: &str| sentence(&format!("{begin} {problem}"));
    let errors = match field {
        "password" => Errors::one("new_password", text("this")),
        "scope" => Errors::one("token", sentence(problem)),
        "community" => Errors::one(field, sentence(problem)),
        "name" if posted.has("token") => Errors::one("token", sentence(problem)),
        field if known.contains(&field) => Errors::one(field, text("this")),
        _ => {
            return Err(Fault::Desk(Error::invalid(field, problem)));
        }
    };
    let typed = posted.has("name").then(|| details(posted));
    let visit = &mut posted.visit;
    visit.at("/account".to_owned());
    let shown = Shown {
        details: typed,
        errors,
        ..Shown::default()
    };
    let page = account(visit, shown).await?;
    visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

fn done(visit: &Visit, title: impl Into<String>) -> Result<Response, Fault> {
    visit.go("/account", Some(Notice::new(NoticeTone::Ok, title)))
}

async fn change_details(posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    visit
        .desk
        .change_details(&me(visit)?, details(posted))
        .await?;
    done(visit, "Your details are changed")
}

async fn addresses(posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let who = fresh(visit)?;
    for (field, what) in [
        ("primary", "Your mail goes there from now on"),
        ("remove", "The address is removed"),
    ] {
        let address = posted.text(field);
        if address.is_empty() {
            continue;
        }
        if field == "primary" {
            visit.desk.make_primary(who, address).await?;
        } else {
            visit.desk.remove_address(who, address).await?;
        }
        return done(visit, what);
    }
    let address = posted.single("address")?;
    visit.desk.add_address(who, address, &visit.network).await?;
    let notice = Notice {
        tone: NoticeTone::Ok,
        title: "A link is on its way".to_owned(),
        text: format!(
            "Follow the link in the mail to {address} within 24 hours; then the address is yours."
        ),
    };
    visit.go("/account", Some(notice))
}

async fn password(posted: &mut Posted) -> Result<Response, Fault> {
    let who = posted.visit.who.clone().ok_or(Fault::SignInFirst)?;
    if !who.person.has_password {
        fresh(&posted.visit)?;
    }
    let secret = posted
        .visit
        .desk
        .change_password(&who, posted.raw("old_password"), posted.raw("new_password"))
        .await?;
    posted.visit.renewed(secret).await?;
    let notice = Notice {
        tone: NoticeTone::Ok,
        title: "Your password is changed".to_owned(),
        text: "Everywhere else you were signed out.".to_owned(),
    };
    posted.visit.go("/account", Some(notice))
}

async fn factors(posted: &mut Posted) -> Result<Response, Fault> {
    let who = fresh(&posted.visit)?.clone();
    let desk = posted.visit.desk.clone();
    match posted.text("do") {
        "no-totp" => {
            desk.remove_totp(&who).await?;
            factor_changed(&mut posted.visit, None, "The authenticator app is removed").await
        }
        "no-passkey" => {
            let id = unhex(posted.text("id")).ok_or_else(Fault::no_page)?;
            desk.remove_passkey(&who, &id).await?;
            factor_changed(&mut posted.visit, None, "The passkey is removed").await
        }
        "codes" => {
            let codes = desk.new_recovery_codes(&who).await?;
            factor_changed(&mut posted.visit, Some(codes), "").await
        }
        "passkey" => {
            let (word, answer) = (posted.text("word"), posted.text("answer"));
            let codes = match desk
                .add_passkey(&who, word, answer, posted.text("passkey_name"))
                .await
            {
                Ok(codes) => codes,
                Err(Error::Unauthenticated(text)) => {
                    let notice = Notice::new(NoticeTone::Bad, text);
                    return posted.visit.go("/account", Some(notice));
                }
                Err(other) => return Err(other.into()),
            };
            factor_changed(&mut posted.visit, codes, "The passkey is added").await
        }
        _ => Err(Fault::no_page()),
    }
}

async fn sessions(posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = me(visit)?;
    if posted.has("others") {
        let here = visit.who.as_ref().map(|who| who.id_hash.clone());
        let ended = visit
            .desk
            .end_other_sessions(&actor, here.as_deref())
            .await?;
        return done(
            visit,
            match ended {
                1 => "One other session has ended".to_owned(),
                n => format!("{n} other sessions have ended"),
            },
        );
    }
    let id = unhex(posted.text("end")).ok_or_else(Fault::no_page)?;
    visit.desk.revoke_session(&actor, id).await?;
    done(visit, "That session has ended")
}

async fn tokens(posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = me(visit)?;
    let revoke = posted.text("revoke");
    if !revoke.is_empty() {
        let id = Uuid::try_parse(revoke).map_err(|_| Fault::no_page())?;
        visit.desk.revoke_token(&actor, id).await?;
        return done(visit, "The token is revoked");
    }
    let scopes: Vec<TokenScope> = posted
        .all("scope")
        .map(TokenScope::parse)
        .collect::<Result<_, Error>>()?;
    let (_, secret) = visit
        .desk
        .make_token(&actor, posted.text("token"), &scopes, None)
        .await?;
    // Shown on this very answer: it is kept nowhere, not even in a cookie.
    let shown = Shown {
        new_token: Some(secret),
        ..Shown::default()
    };
    let page = account(visit, shown).await?;
    visit.page(&page)
}
