//! `/account/privacy`: what a person may ask for about their own data; and the page
//! behind the mailed link that confirms an erasure.

use askama::Template;
use axum::body::Body;
use axum::extract::Path;
use axum::http::header::{self, HeaderValue};
use axum::response::Response;
use desk::Error;
use switchboard_core::Actor;
use uuid::Uuid;

use super::account_post::fresh;
use super::assets::Asset;
use super::fault::Fault;
use super::frame::{Frame, Here, Notice, NoticeTone, Room};
use super::posted::Posted;
use super::view::{Icon, TimeMark};
use super::visit::{Visit, sentence};

/// An archive of somebody's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveRow {
    /// When it was asked for.
    pub asked: TimeMark,
    /// How it stands, in words.
    pub state: String,
    /// Where it is fetched; `None`: not there.
    pub href: Option<String>,
}

/// What becomes of the reader's data.
#[derive(Debug, Clone, Template)]
#[template(path = "privacy/own.html")]
pub struct PrivacyPage {
    /// Around it.
    pub frame: Frame,
    /// Archives that were asked for.
    pub archives: Vec<ArchiveRow>,
    /// An erasure that waits: its id, how it stands, and whether it can be taken back.
    pub erasure: Option<(String, String, bool)>,
}

/// Behind the mailed link.
#[derive(Debug, Clone, Template)]
#[template(path = "privacy/confirm.html")]
pub struct ConfirmPage {
    /// Around it.
    pub frame: Frame,
    /// The word of the link.
    pub word: String,
    /// When it is done, once it is confirmed.
    pub due: Option<TimeMark>,
}

/// Bytes as people say them.
pub(super) fn size_words(bytes: i64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

/// Archives as rows; `folder` is the address below which they are fetched.
pub(super) fn archives(
    visit: &Visit,
    found: Vec<store::data_export::Export>,
    folder: &str,
) -> Vec<ArchiveRow> {
    found
        .into_iter()
        .map(|e| {
            let ready = e.state == "ready" && e.expires_at.is_some_and(|at| at > visit.dial.now);
            ArchiveRow {
                asked: visit.dial.moment(e.asked_at),
                state: match (e.state.as_str(), e.expires_at) {
                    ("asked", _) => "is being made; a mail tells when it is there".to_owned(),
                    ("ready", Some(until)) if ready => format!(
                        "{}, until {}",
                        size_words(e.size.unwrap_or_default()),
                        visit.dial.date_time(until).words
                    ),
                    _ => "is over".to_owned(),
                },
                href: ready.then(|| format!("{folder}/{}", e.id)),
            }
        })
        .collect()
}

/// An archive, to be saved.
pub(super) fn download(bytes: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/zip"),
    );
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"personal-data.zip\""),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

/// An id in an address.
pub(super) fn id(text: &str) -> Result<Uuid, Fault> {
    Uuid::try_parse(text).map_err(|_| Fault::no_page())
}

/// A refusal of the state of things, as a notice on the page it came from; anything
/// else stays a fault.
pub(super) fn refused(visit: &Visit, to: &str, error: Error) -> Result<Response, Fault> {
    match error {
        Error::Conflict(why) | Error::Forbidden(why) => visit.go(
            to,
            Some(Notice {
                tone: NoticeTone::Warn,
                title: "That is not possible now".to_owned(),
                text: sentence(&why),
            }),
        ),
        Error::Invalid { problem, .. } => visit.go(
            to,
            Some(Notice {
                tone: NoticeTone::Warn,
                title: "Something is missing or wrong".to_owned(),
                text: sentence(&problem),
            }),
        ),
        other => Err(other.into()),
    }
}

/// `GET /account/privacy`.
pub async fn show(visit: Visit) -> Response {
    let result = own(&visit).await;
    visit.close(result).await
}

async fn own(visit: &Visit) -> Result<Response, Fault> {
    let actor = visit.actor()?;
    let person = actor.person.ok_or(Fault::SignInFirst)?;
    let found = visit.desk.exports(actor, person).await?;
    let erasure = visit.desk.my_erasure(actor).await?.map(|e| {
        let (words, back) = match (e.state.as_str(), e.due_at) {
            ("asked", _) => (
                "We mailed you a link. Nothing happens until you confirm it there.".to_owned(),
                true,
            ),
            ("waiting", Some(due)) => (
                format!(
                    "Confirmed. It begins on {}; until then you can take it back.",
                    visit.dial.date_time(due).words
                ),
                true,
            ),
            _ => ("It is under way.".to_owned(), false),
        };
        (e.id.to_string(), words, back)
    });
    visit.page(&PrivacyPage {
        archives: archives(visit, found, "/account/privacy/exports"),
        erasure,
        frame: visit.frame(visit.room(), Here::Elsewhere).await?,
    })
}

/// `POST /account/privacy`: `do` is `export`, `erase` or `keep`.
pub async fn act(posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = deed(&posted).await;
    posted.visit.close(result).await
}

async fn deed(posted: &Posted) -> Result<Response, Fault> {
    const HERE: &str = "/account/privacy";
    let visit = &posted.visit;
    let actor: &Actor = visit.actor()?;
    let person = actor.person.ok_or(Fault::SignInFirst)?;
    let (done, title, text) = match posted.text("do") {
        "export" => (
            visit.desk.ask_export(actor, person).await.map(drop),
            "Your data is being put together",
            "A mail tells you when it can be fetched here.",
        ),
        "erase" => (
            visit.desk.ask_erasure(fresh(visit)?).await,
            "We mailed you a link",
            "Nothing happens until you confirm it there, within 24 hours.",
        ),
        "keep" => (
            visit
                .desk
                .cancel_erasure(actor, id(posted.text("erasure"))?)
                .await,
            "Taken back",
            "Your data stays.",
        ),
        _ => return Err(Fault::no_page()),
    };
    match done {
        Ok(()) => {
            let mut notice = Notice::new(NoticeTone::Ok, title);
            text.clone_into(&mut notice.text);
            visit.go(HERE, Some(notice))
        }
        Err(error) => refused(visit, HERE, error),
    }
}

/// `GET /account/privacy/exports/{id}`.
pub async fn fetch(Path(name): Path<String>, visit: Visit) -> Response {
    let result = async {
        let actor = visit.actor()?;
        let person = actor.person.ok_or(Fault::SignInFirst)?;
        let id = id(&name)?;
        // Here only what is about the reader, whatever else they may.
        let mine = visit.desk.exports(actor, person).await?;
        if !mine.iter().any(|e| e.id == id) {
            return Err(Error::not_found("such archive (it may be over)").into());
        }
        Ok(download(visit.desk.export_file(actor, id).await?))
    }
    .await;
    visit.close(result).await
}

/// `GET /privacy/erase/{word}`: looking changes nothing, as mail programs look too.
pub async fn confirm(Path(word): Path<String>, visit: Visit) -> Response {
    let result = async {
        let erasure = visit.desk.erasure_by_word(&word).await?;
        visit.page(&ConfirmPage {
            word: word.clone(),
            due: erasure
                .due_at
                .filter(|_| erasure.state == "waiting")
                .map(|at| visit.dial.date_time(at)),
            frame: visit.frame(Room::Public, Here::Elsewhere).await?,
        })
    }
    .await;
    visit.close(result).await
}

/// `POST /privacy/erase/{word}`: `do` is `confirm` or `keep`.
pub async fn confirmed(Path(word): Path<String>, posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let visit = &posted.visit;
    let result = async {
        let erasure = visit.desk.erasure_by_word(&word).await?;
        let here = format!("/privacy/erase/{word}");
        match posted.text("do") {
            "confirm" => match visit.desk.confirm_erasure(&word).await {
                Ok(_) => visit.go(
                    &here,
                    Some(Notice::new(
                        NoticeTone::Ok,
                        "Confirmed: your data will be erased",
                    )),
                ),
                Err(error) => refused(visit, &here, error),
            },
            "keep" => {
                // The link proves who they are, for this one matter.
                let actor = visit
                    .desk
                    .actor_for(erasure.person, switchboard_core::Channel::Web)
                    .await?;
                visit.desk.cancel_erasure(&actor, erasure.id).await?;
                visit.go(
                    "/",
                    Some(Notice::new(NoticeTone::Ok, "Taken back: your data stays")),
                )
            }
            _ => Err(Fault::no_page()),
        }
    }
    .await;
    posted.visit.close(result).await
}
