//! What partner desks call: the protocol of docs/exchange.md on the wire. Each
//! request is signed (RFC 9421); what is not is answered with who this desk is.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use desk::exchange::invitation::{Acceptance, Refusal};
use desk::exchange::partner::Identity;
use desk::exchange::partner_door::{Called, Piece};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::partner::Partner;
use switchboard_core::exchange::DeskId;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::input::{Asked, At, read_json, whole};
use super::partner::PartnerTerms;
use crate::AppState;
use crate::problem::Problem;

/// A desk as it makes itself known.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeskIdentity {
    /// What it speaks.
    #[schema(example = "switchboard-exchange/1")]
    pub protocol: String,
    /// Its name, as it stands in changes: 1 to 100 of `a-z 0-9 . - _ @`.
    #[schema(example = "helpdesk.egi.eu")]
    pub desk: String,
    /// How people call it.
    pub title: String,
    /// Where it is reached, without a slash at the end.
    pub base_url: String,
    /// Its Ed25519 key, 32 bytes in base64.
    pub public_key: String,
}

impl From<Identity> for DeskIdentity {
    fn from(i: Identity) -> DeskIdentity {
        DeskIdentity {
            protocol: i.protocol,
            desk: i.desk.to_string(),
            title: i.title,
            base_url: i.base_url,
            public_key: i.public_key,
        }
    }
}

/// A desk accepts an invitation.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationAcceptance {
    /// Who accepts. The request is signed with its key.
    pub from: DeskIdentity,
    /// What stood in the invitation; counts once.
    pub token: String,
    /// What was agreed, as who accepts sees it.
    pub terms: PartnerTerms,
}

/// A desk declines an invitation.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationRefusal {
    /// Who declines. The request is signed with its key.
    pub from: DeskIdentity,
    /// What stood in the invitation.
    pub token: String,
    /// Why, for people; at most 500 characters.
    #[serde(default)]
    pub reason: String,
}

/// A piece of a desk's log for its partner.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogPiece {
    /// The place of the first change, from 1.
    #[schema(minimum = 1)]
    pub from: u64,
    /// The changes of this place and those that follow, without gaps; each as
    /// docs/exchange.md describes it. At most 1,000, and 1 MiB of them if there is
    /// more than one.
    #[schema(value_type = Vec<Object>)]
    pub changes: Vec<Value>,
}

/// What became of a piece.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RecordedPlace {
    /// Everything up to this place is recorded. Less than what comes before the
    /// piece: something is missing, send from here on.
    pub recorded: u64,
    /// Files that the piece names and that are not here yet, by SHA-256 in hex:
    /// nothing was recorded; send them first, then the piece again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub missing_files: Vec<String>,
}

/// How the logs between two desks stand.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LogPlaces {
    /// The last place of this desk's log for the caller.
    pub end: u64,
    /// The caller has said that it recorded up to here.
    pub acked: u64,
    /// This desk has recorded the caller's log up to here.
    pub recorded: u64,
}

fn called(method: &str, uri: &Uri, headers: &HeaderMap) -> Called {
    let text = |name: &str| {
        let value = headers.get(name).and_then(|v| v.to_str().ok());
        value.map(str::to_owned)
    };
    Called {
        method: method.to_owned(),
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        input: text("signature-input"),
        signature: text("signature"),
        digest: text("content-digest"),
        to: text("exchange-to"),
    }
}

/// A request's signature, as it came, and its body.
async fn signed(app: &AppState, request: Request) -> Result<(Called, Bytes), Problem> {
    let uri = request
        .extensions()
        .get::<axum::extract::OriginalUri>()
        .map_or_else(|| request.uri().clone(), |original| original.0.clone());
    let called = called(request.method().as_str(), &uri, request.headers());
    Ok((called, whole(request, app).await?))
}

/// Who calls, and the body.
async fn partner(app: &AppState, request: Request) -> Result<(Partner, Bytes), Problem> {
    let (called, body) = signed(app, request).await?;
    let partner = app.desk.partner_calls(&called, &body).await?;
    Ok((partner, body))
}

/// Who this desk is.
#[utoipa::path(
    get,
    path = "/exchange/peer",
    tag = "exchange between desks",
    security(()),
    responses((status = 200, description = "Its name and key", body = DeskIdentity)),
)]
async fn peer_identity(State(app): State<AppState>) -> Result<Json<DeskIdentity>, Problem> {
    Ok(Json(app.desk.exchange_identity().await?.into()))
}

/// A desk accepts an invitation of this one: signed, with the key that it brings.
/// May be repeated by the same desk with the same key. 403: the token is none, is
/// over, or was taken.
#[utoipa::path(
    post,
    path = "/exchange/peer/acceptance",
    tag = "exchange between desks",
    security(()),
    request_body = InvitationAcceptance,
    responses((status = 200, description = "This desk is a partner now", body = DeskIdentity)),
)]
async fn accept_invitation(
    State(app): State<AppState>,
    request: Request,
) -> Result<Json<DeskIdentity>, Problem> {
    let (called, body) = signed(&app, request).await?;
    let accepted: InvitationAcceptance = read_json(&body)?;
    let accepted = Acceptance {
        from: identity(accepted.from)?,
        token: accepted.token,
        terms: accepted.terms.into(),
    };
    let us = app.desk.acceptance_called(&called, &body, accepted).await?;
    Ok(Json(us.into()))
}

/// Who calls, by its own word.
fn identity(from: DeskIdentity) -> Result<Identity, Problem> {
    let desk = DeskId::new(&from.desk).ok_or_else(|| {
        let what = "takes 1 to 100 of a-z 0-9 . - _ @";
        Problem::from(desk::Error::invalid("from.desk", what))
    })?;
    Ok(Identity {
        protocol: from.protocol,
        desk,
        title: from.title,
        base_url: from.base_url,
        public_key: from.public_key,
    })
}

/// A desk declines an invitation of this one: signed, with the key that it brings. Nobody
/// can accept it then. May be repeated by the same desk. 403: the token is none, is over,
/// or was taken.
#[utoipa::path(
    post,
    path = "/exchange/peer/refusal",
    tag = "exchange between desks",
    security(()),
    request_body = InvitationRefusal,
    responses((status = 204, description = "It is declined")),
)]
async fn refuse_invitation(
    State(app): State<AppState>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let (called, body) = signed(&app, request).await?;
    let refusal: InvitationRefusal = read_json(&body)?;
    let refusal = Refusal {
        from: identity(refusal.from)?,
        token: refusal.token,
        reason: refusal.reason,
    };
    app.desk.refusal_called(&called, &body, refusal).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a piece of the caller's log. What is known is skipped; the answer comes
/// after everything up to `recorded` is recorded.
#[utoipa::path(
    post,
    path = "/exchange/peer/changes",
    tag = "exchange between desks",
    security(()),
    request_body = LogPiece,
    responses((status = 200, description = "How far it is recorded", body = RecordedPlace)),
)]
async fn push_changes(
    State(app): State<AppState>,
    request: Request,
) -> Result<Json<RecordedPlace>, Problem> {
    let (partner, body) = partner(&app, request).await?;
    let piece: LogPiece = read_json(&body)?;
    let piece = Piece {
        from: piece.from,
        changes: piece.changes,
    };
    let done = app.desk.take_piece(&partner, piece).await?;
    Ok(Json(RecordedPlace {
        recorded: done.recorded,
        missing_files: done.missing_files,
    }))
}

/// From where on a log is read.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LogFrom {
    /// The caller has recorded everything up to this place; 0: nothing.
    #[param(minimum = 0)]
    after: u64,
}

/// A piece of this desk's log for the caller: what comes after a place. That it
/// asks from there says that it has recorded up to there.
#[utoipa::path(
    get,
    path = "/exchange/peer/changes",
    tag = "exchange between desks",
    security(()),
    params(LogFrom),
    responses((status = 200, description = "The piece; empty: there is no more", body = LogPiece)),
)]
async fn pull_changes(
    State(app): State<AppState>,
    Asked(query): Asked<LogFrom>,
    request: Request,
) -> Result<Json<LogPiece>, Problem> {
    let (partner, _) = partner(&app, request).await?;
    let piece = app.desk.give_piece(&partner, query.after).await?;
    Ok(Json(LogPiece {
        from: piece.from,
        changes: piece.changes,
    }))
}

/// How the logs between the caller and this desk stand.
#[utoipa::path(
    get,
    path = "/exchange/peer/logs",
    tag = "exchange between desks",
    security(()),
    responses((status = 200, description = "The places", body = LogPlaces)),
)]
async fn peer_logs(
    State(app): State<AppState>,
    request: Request,
) -> Result<Json<LogPlaces>, Problem> {
    let (partner, _) = partner(&app, request).await?;
    let logs = app.desk.peer_logs(&partner).await?;
    Ok(Json(LogPlaces {
        end: logs.end,
        acked: logs.acked,
        recorded: logs.recorded,
    }))
}

/// The bytes of a file that this desk's log for the caller names.
#[utoipa::path(
    get,
    path = "/exchange/peer/files/{sha256}",
    tag = "exchange between desks",
    security(()),
    params(("sha256" = String, Path, description = "The file's SHA-256 in hex")),
    responses((
        status = 200, description = "The bytes",
        content((Vec<u8> = "application/octet-stream")),
    )),
)]
async fn give_peer_file(
    State(app): State<AppState>,
    at: At,
    request: Request,
) -> Result<Response, Problem> {
    let (partner, _) = partner(&app, request).await?;
    let bytes = app
        .desk
        .give_peer_file(&partner, at.text("sha256")?)
        .await?;
    let kind = [(header::CONTENT_TYPE, "application/octet-stream")];
    Ok((kind, bytes).into_response())
}

/// Keeps the bytes of a file that the caller's log names.
#[utoipa::path(
    put,
    path = "/exchange/peer/files/{sha256}",
    tag = "exchange between desks",
    security(()),
    params(("sha256" = String, Path, description = "The file's SHA-256 in hex")),
    request_body(content((Vec<u8> = "application/octet-stream"))),
    responses((status = 204, description = "They are here")),
)]
async fn take_peer_file(
    State(app): State<AppState>,
    at: At,
    request: Request,
) -> Result<StatusCode, Problem> {
    let sha256 = at.text("sha256")?.to_owned();
    let (partner, body) = partner(&app, request).await?;
    app.desk
        .take_peer_file(&partner, &sha256, body.to_vec())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(peer_identity))
        .routes(routes!(accept_invitation))
        .routes(routes!(refuse_invitation))
        .routes(routes!(push_changes, pull_changes))
        .routes(routes!(peer_logs))
}

/// Those with files, which take more.
pub(super) fn file_router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(give_peer_file, take_peer_file))
}
