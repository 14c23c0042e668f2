//! Tokens of oneself.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use desk::{Error, TokenScope};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Items;
use super::caller::{Reads, Writes};
use super::input::{At, Body};
use super::words::Time;
use crate::AppState;
use crate::problem::Problem;

/// A token without its secret, which is kept nowhere.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Token {
    /// Its id.
    pub id: Uuid,
    /// What it is for.
    pub name: String,
    /// What it may do: `read`, `write`, `admin`.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: Time,
    /// When it ends by itself.
    pub expires_at: Option<Time>,
    /// When it was revoked.
    pub revoked_at: Option<Time>,
}

/// A token just made, with its secret: it is shown only now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NewToken {
    /// Its id.
    pub id: Uuid,
    /// What to send after `Bearer`.
    pub secret: String,
}

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Read whatever its person may read.
    Read,
    /// Open and change tickets as its person may.
    Write,
    /// Administer, when its person is an administrator.
    Admin,
}

impl From<Scope> for TokenScope {
    fn from(scope: Scope) -> TokenScope {
        match scope {
            Scope::Read => TokenScope::Read,
            Scope::Write => TokenScope::Write,
            Scope::Admin => TokenScope::Admin,
        }
    }
}

/// A token to be made.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenRequest {
    /// What it is for.
    #[schema(min_length = 1)]
    pub name: String,
    /// What it may do; no more than the token that asks.
    #[schema(min_items = 1)]
    pub scopes: Vec<Scope>,
    /// When it ends; never, when left out.
    pub expires_at: Option<Time>,
}

/// Your tokens, newest first.
#[utoipa::path(
    get,
    path = "/people/me/tokens",
    tag = "tokens",
    responses((status = 200, description = "Your tokens, without their secrets", body = Items<Token>)),
)]
async fn list(
    State(app): State<AppState>,
    Reads(caller): Reads,
) -> Result<Json<Items<Token>>, Problem> {
    let tokens = app.desk.tokens(caller.person()?).await?;
    Ok(Json(Items::all(
        tokens
            .into_iter()
            .map(|t| Token {
                id: t.id,
                name: t.name,
                scopes: t.scopes,
                created_at: Time(t.created_at),
                expires_at: t.expires_at.map(Time),
                revoked_at: t.revoked_at.map(Time),
            })
            .collect(),
    )))
}

/// Makes a token for yourself, which may do no more than the one that asks.
#[utoipa::path(
    post,
    path = "/people/me/tokens",
    tag = "tokens",
    request_body = TokenRequest,
    responses((status = 201, description = "The token; its secret is shown only now", body = NewToken)),
)]
async fn create(
    State(app): State<AppState>,
    Writes(caller): Writes,
    body: Body<TokenRequest>,
) -> Result<(StatusCode, Json<NewToken>), Problem> {
    let request = body.value;
    let scopes: Vec<TokenScope> = request.scopes.iter().map(|s| (*s).into()).collect();
    if let Some(more) = scopes.iter().find(|s| !caller.scopes.contains(s)) {
        return Err(Problem::from(Error::Forbidden(format!(
            "a token can not make one that may do more: it lacks {} itself",
            more.key()
        ))));
    }
    if let Some(Time(at)) = request.expires_at
        && at <= app.desk.now()
    {
        return Err(Problem::from(Error::invalid(
            "expires_at",
            "is over already; give a time to come",
        )));
    }
    let (id, secret) = app
        .desk
        .make_token(
            &caller.actor,
            &request.name,
            &scopes,
            request.expires_at.map(|t| t.0),
        )
        .await?;
    Ok((StatusCode::CREATED, Json(NewToken { id, secret })))
}

/// Revokes one of your tokens; it may be the one that asks.
#[utoipa::path(
    delete,
    path = "/people/me/tokens/{id}",
    tag = "tokens",
    params(("id" = Uuid, Path, description = "The token's id")),
    responses((status = 204, description = "Revoked")),
)]
async fn revoke(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
) -> Result<StatusCode, Problem> {
    app.desk.revoke_token(&caller.actor, at.uuid("id")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(revoke))
}
