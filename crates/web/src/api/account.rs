//! One's own account: details, addresses, sessions. What changes how somebody
//! signs in is done on their page, where they prove who they are.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use desk::Error;
use desk::account::Details;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Items;
use super::caller::{Reads, Writes};
use super::input::{At, Body};
use super::words::Time;
use crate::AppState;
use crate::problem::Problem;

/// A mail address of yours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MyAddress {
    /// The address.
    pub address: String,
    /// It was proved to be yours.
    pub verified: bool,
    /// Your mail goes there.
    pub primary: bool,
}

/// A browser in which you are signed in.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MySession {
    /// Its id (not its secret): 64 hexadecimal digits.
    pub id: String,
    /// The browser, as it calls itself.
    pub agent: String,
    /// Since when.
    pub created_at: Time,
    /// When it was last used (to the minute).
    pub seen_at: Time,
    /// When it ends without use.
    pub expires_at: Time,
}

/// What you say of yourself.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MyDetails {
    /// Your name.
    pub name: String,
    /// Your home institute, or empty.
    pub institute: String,
    /// Your community's key.
    pub community: Option<String>,
}

/// What to change of it; what is left out stays.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DetailsRequest {
    /// Your name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// Your home institute; empty for none.
    #[schema(max_length = 200)]
    pub institute: Option<String>,
    /// Your community, by key, name or another name of it; empty for none.
    #[schema(max_length = 200)]
    pub community: Option<String>,
}

/// Changes what you say of yourself.
#[utoipa::path(
    patch,
    path = "/people/me",
    tag = "people",
    request_body = DetailsRequest,
    responses((status = 200, description = "As it is now", body = MyDetails)),
)]
async fn change(
    State(app): State<AppState>,
    Writes(caller): Writes,
    body: Body<DetailsRequest>,
) -> Result<Json<MyDetails>, Problem> {
    let (request, id) = (body.value, caller.person()?);
    let now = app
        .desk
        .db()
        .read(move |c| store::person::load(c, id).map_err(Error::from))
        .await?
        .ok_or_else(|| Error::Unauthenticated("there is no such person any more".into()))?;
    let details = Details {
        name: request.name.unwrap_or(now.name),
        institute: request.institute.unwrap_or(now.institute),
        community: request.community.or(now.community),
    };
    let details = app.desk.change_details(&caller.actor, details).await?;
    Ok(Json(MyDetails {
        name: details.name,
        institute: details.institute,
        community: details.community,
    }))
}

/// Your mail addresses, the one that mail goes to first.
#[utoipa::path(
    get,
    path = "/people/me/addresses",
    tag = "people",
    responses((status = 200, description = "Your addresses", body = Items<MyAddress>)),
)]
async fn addresses(
    State(app): State<AppState>,
    Reads(caller): Reads,
) -> Result<Json<Items<MyAddress>>, Problem> {
    let addresses = app.desk.addresses(caller.person()?).await?;
    Ok(Json(Items::all(
        addresses
            .into_iter()
            .map(|a| MyAddress {
                address: a.address,
                verified: a.verified,
                primary: a.primary,
            })
            .collect(),
    )))
}

/// Where you are signed in with a browser.
#[utoipa::path(
    get,
    path = "/people/me/sessions",
    tag = "people",
    responses((status = 200, description = "Your sessions, the last used first", body = Items<MySession>)),
)]
async fn sessions(
    State(app): State<AppState>,
    Reads(caller): Reads,
) -> Result<Json<Items<MySession>>, Problem> {
    let sessions = app.desk.sessions(caller.person()?).await?;
    Ok(Json(Items::all(
        sessions
            .into_iter()
            .map(|s| MySession {
                id: s.id_hash.iter().map(|b| format!("{b:02x}")).collect(),
                agent: s.agent,
                created_at: Time(s.created_at),
                seen_at: Time(s.seen_at),
                expires_at: Time(s.expires_at),
            })
            .collect(),
    )))
}

/// Ends all your sessions: every browser is signed out.
#[utoipa::path(
    delete,
    path = "/people/me/sessions",
    tag = "people",
    responses((status = 204, description = "Ended, however many there were")),
)]
async fn end_sessions(
    State(app): State<AppState>,
    Writes(caller): Writes,
) -> Result<StatusCode, Problem> {
    app.desk.end_other_sessions(&caller.actor, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends one of your sessions.
#[utoipa::path(
    delete,
    path = "/people/me/sessions/{id}",
    tag = "people",
    params(("id" = String, Path, description = "The session's id", min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")),
    responses((status = 204, description = "Ended")),
)]
async fn end_session(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
) -> Result<StatusCode, Problem> {
    let id = at.text("id")?;
    let hash: Option<Vec<u8>> = (id.len() == 64 && id.is_ascii())
        .then(|| {
            (0..32)
                .map(|i| u8::from_str_radix(&id[2 * i..2 * i + 2], 16).ok())
                .collect()
        })
        .flatten();
    let hash = hash.ok_or_else(|| Error::not_found("such session"))?;
    app.desk.revoke_session(&caller.actor, hash).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(change))
        .routes(routes!(addresses))
        .routes(routes!(sessions, end_sessions))
        .routes(routes!(end_session))
}
