//! The texts of mails, for administrators.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use desk::mail_text::MailText;
use serde::{Deserialize, Serialize};
use switchboard_core::TicketNumber;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::Administers;
use super::input::{At, Body, IfMatch};
use super::{Items, tagged};
use crate::AppState;
use crate::problem::Problem;

/// The text of one kind of mail in one language.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MailTextItem {
    /// Kind and language: `answer.de`.
    pub key: String,
    /// What it is.
    pub name: String,
    /// What it is about.
    pub group: String,
    /// Its language.
    pub language: String,
    /// Its subject; of mails about tickets `[#number]` goes before it.
    pub subject: String,
    /// Its body.
    pub body: String,
    /// It is the one that is shipped.
    pub shipped: bool,
    /// Counts changes; its ETag.
    pub version: i64,
    /// The fields that it may use.
    pub fields: Vec<String>,
}

impl From<MailText> for MailTextItem {
    fn from(t: MailText) -> MailTextItem {
        MailTextItem {
            key: t.key(),
            name: t.kind.label().to_owned(),
            group: t.kind.group().label().to_owned(),
            language: t.language.to_owned(),
            fields: t.kind.fields().iter().map(|f| (*f).to_owned()).collect(),
            subject: t.subject,
            body: t.body,
            shipped: t.shipped,
            version: t.version,
        }
    }
}

/// A text to be put in place of the one that holds. Fields stand in it as
/// `{{ field }}`; `{% if field %}…{% else %}…{% endif %}` holds where a field is not
/// empty. Nothing else may stand in such braces.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MailTextRequest {
    /// One line.
    #[schema(min_length = 1, max_length = 300)]
    pub subject: String,
    /// The body.
    #[schema(min_length = 1)]
    pub body: String,
}

/// A text to be tried.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MailTextTrial {
    /// One line.
    #[schema(min_length = 1, max_length = 300)]
    pub subject: String,
    /// The body.
    #[schema(min_length = 1)]
    pub body: String,
    /// For mails about a ticket, the one whose last change is told; not looked at for others.
    #[serde(default, deserialize_with = "super::input::maybe_whole")]
    #[schema(minimum = 1)]
    pub ticket: Option<i64>,
}

/// What a mail would be.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MailTextResult {
    /// Its subject.
    pub subject: String,
    /// Its body.
    pub body: String,
}

fn answer(text: MailText) -> Response {
    (tagged(text.version), Json(MailTextItem::from(text))).into_response()
}

/// The texts of mails in every language.
#[utoipa::path(
    get,
    path = "/mail-texts",
    tag = "mail",
    responses((status = 200, description = "The texts that hold", body = Items<MailTextItem>)),
)]
async fn texts(
    State(app): State<AppState>,
    Administers(caller): Administers,
) -> Result<Json<Items<MailTextItem>>, Problem> {
    let all = app.desk.mail_texts(&caller.actor).await?;
    Ok(Json(Items::all(
        all.into_iter().map(MailTextItem::from).collect(),
    )))
}

/// One text.
#[utoipa::path(
    get,
    path = "/mail-texts/{key}",
    tag = "mail",
    params(("key" = String, Path, description = "Kind and language: `answer.de`")),
    responses((status = 200, description = "The text that holds", body = MailTextItem, headers(("ETag" = String)))),
)]
async fn read_text(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
) -> Result<Response, Problem> {
    Ok(answer(
        app.desk.mail_text(&caller.actor, at.text("key")?).await?,
    ))
}

/// Writes a text anew.
#[utoipa::path(
    put,
    path = "/mail-texts/{key}",
    tag = "mail",
    params(
        ("key" = String, Path, description = "Kind and language: `answer.de`"),
        ("If-Match" = Option<String>, Header, description = "The ETag that you read: 412 when somebody was quicker"),
    ),
    request_body = MailTextRequest,
    responses((status = 200, description = "The text that holds now", body = MailTextItem, headers(("ETag" = String)))),
)]
async fn write_text(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
    if_match: IfMatch,
    body: Body<MailTextRequest>,
) -> Result<Response, Problem> {
    let (actor, key) = (&caller.actor, at.text("key")?);
    let known = app.desk.mail_text(actor, key).await?;
    let expected = if_match.expected(known.version)?;
    let MailTextRequest { subject, body } = &body.value;
    Ok(answer(
        app.desk
            .set_mail_text(actor, key, expected, subject, body)
            .await?,
    ))
}

/// Puts the shipped text back.
#[utoipa::path(
    delete,
    path = "/mail-texts/{key}",
    tag = "mail",
    params(
        ("key" = String, Path, description = "Kind and language: `answer.de`"),
        ("If-Match" = Option<String>, Header, description = "The ETag that you read: 412 when somebody was quicker"),
    ),
    responses((status = 200, description = "The text that holds now", body = MailTextItem, headers(("ETag" = String)))),
)]
async fn reset_text(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
    if_match: IfMatch,
) -> Result<Response, Problem> {
    let (actor, key) = (&caller.actor, at.text("key")?);
    let known = app.desk.mail_text(actor, key).await?;
    let expected = if_match.expected(known.version)?;
    Ok(answer(
        app.desk.reset_mail_text(actor, key, expected).await?,
    ))
}

/// Says what a text would be, without keeping it: for a ticket where it is about one, else with
/// words of the kind that would stand there.
#[utoipa::path(
    post,
    path = "/mail-texts/{key}/preview",
    tag = "mail",
    params(("key" = String, Path, description = "Kind and language: `answer.de`")),
    request_body = MailTextTrial,
    responses((status = 200, description = "The mail", body = MailTextResult)),
)]
async fn preview_text(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
    body: Body<MailTextTrial>,
) -> Result<Json<MailTextResult>, Problem> {
    let trial = body.value;
    if trial.ticket.is_some_and(|number| number < 1) {
        return Err(desk::Error::invalid(
            "ticket",
            "takes a ticket's number, a whole number from 1",
        )
        .into());
    }
    let (subject, body) = app
        .desk
        .preview_mail_text(
            &caller.actor,
            at.text("key")?,
            &trial.subject,
            &trial.body,
            trial.ticket.map(TicketNumber),
        )
        .await?;
    Ok(Json(MailTextResult { subject, body }))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(texts))
        .routes(routes!(read_text, write_text, reset_text))
        .routes(routes!(preview_text))
}
