//! Who calls: `Authorization: Bearer`, and nothing else. Cookies count nothing
//! here, so no other site can make a browser do something.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use desk::token::Bearer;
use desk::{Error, TokenScope};
use switchboard_core::{Actor, PersonId};

use crate::AppState;
use crate::problem::Problem;

/// Somebody with a token.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Who acts.
    pub(crate) actor: Actor,
    /// Their mail address.
    pub(crate) email: Option<String>,
    /// What the token may do.
    pub(crate) scopes: Vec<TokenScope>,
    /// The token's secret, for looking again whether it is still good.
    secret: String,
}

impl Caller {
    /// The person behind the token.
    pub(crate) fn person(&self) -> Result<PersonId, Error> {
        self.actor
            .person
            .ok_or_else(|| Error::Internal("a token without a person".into()))
    }

    /// The same caller with the rights they have now.
    pub(crate) async fn again(&self, app: &AppState) -> Result<Caller, Error> {
        let bearer = app.desk.bearer(&self.secret).await?;
        Ok(Caller::new(bearer, self.secret.clone()))
    }

    fn new(bearer: Bearer, secret: String) -> Caller {
        Caller {
            actor: bearer.actor,
            email: bearer.email,
            scopes: bearer.scopes,
            secret,
        }
    }

    pub(crate) fn needs(self, scope: TokenScope) -> Result<Caller, Problem> {
        if self.scopes.contains(&scope) {
            return Ok(self);
        }
        Err(
            Problem::new(StatusCode::FORBIDDEN, "not allowed").detail(format!(
                "the token lacks the scope {}; it has {}",
                scope.key(),
                self.scopes
                    .iter()
                    .map(|s| s.key())
                    .collect::<Vec<_>>()
                    .join(", ")
            )),
        )
    }
}

pub(crate) fn unauthenticated(detail: &str) -> Problem {
    Problem::from(Error::Unauthenticated(detail.to_owned()))
}

async fn caller(parts: &Parts, app: &AppState) -> Result<Caller, Problem> {
    let mut given = parts.headers.get_all(header::AUTHORIZATION).iter();
    let value = given
        .next()
        .ok_or_else(|| unauthenticated("send Authorization: Bearer and a token"))?;
    if given.next().is_some() {
        return Err(unauthenticated("send one Authorization header"));
    }
    let secret = value
        .to_str()
        .ok()
        .and_then(|v| v.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, secret)| secret.trim())
        .filter(|secret| !secret.is_empty())
        .ok_or_else(|| unauthenticated("send Authorization: Bearer and a token"))?;
    caller_by(secret, app).await
}

/// Whose token that is.
pub(crate) async fn caller_by(secret: &str, app: &AppState) -> Result<Caller, Problem> {
    let bearer = app.desk.bearer(secret).await?;
    Ok(Caller::new(bearer, secret.to_owned()))
}

/// A caller who may read.
#[derive(Debug)]
pub(crate) struct Reads(pub(crate) Caller);

/// A caller who may change something.
#[derive(Debug)]
pub(crate) struct Writes(pub(crate) Caller);

/// A caller who may administer: a token with that scope of an administrator.
#[derive(Debug)]
pub(crate) struct Administers(pub(crate) Caller);

impl FromRequestParts<AppState> for Reads {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        Ok(Reads(caller(parts, app).await?.needs(TokenScope::Read)?))
    }
}

impl FromRequestParts<AppState> for Writes {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        Ok(Writes(caller(parts, app).await?.needs(TokenScope::Write)?))
    }
}

impl FromRequestParts<AppState> for Administers {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        let caller = caller(parts, app).await?.needs(TokenScope::Admin)?;
        if caller.actor.admin {
            Ok(Administers(caller))
        } else {
            Err(Problem::from(Error::Forbidden(
                "only administrators may do that".into(),
            )))
        }
    }
}
