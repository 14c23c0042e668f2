//! Tokens: what programs that call the API show.

use serde_json::json;
use store::person::Token;
use switchboard_core::{Actor, Channel, Millis, PersonId};
use uuid::Uuid;

use crate::account::actor_of;
use crate::audit::{self, Subject};
use crate::session::{oneself, recall, remember};
use crate::{Desk, Error, secret};

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TokenScope {
    /// Read whatever its person may read.
    Read,
    /// Open and change tickets as its person may.
    Write,
    /// Administer, when its person is an administrator.
    Admin,
}

impl TokenScope {
    /// Every scope.
    pub const ALL: [TokenScope; 3] = [TokenScope::Read, TokenScope::Write, TokenScope::Admin];

    /// The word used on the command line and in the API.
    pub fn key(self) -> &'static str {
        match self {
            TokenScope::Read => "read",
            TokenScope::Write => "write",
            TokenScope::Admin => "admin",
        }
    }

    /// Reads a word.
    ///
    /// # Errors
    /// Lists the words there are.
    pub fn parse(key: &str) -> Result<TokenScope, Error> {
        TokenScope::ALL
            .into_iter()
            .find(|s| s.key() == key)
            .ok_or_else(|| {
                Error::invalid(
                    "scope",
                    format!("there is no {key:?}; use read, write or admin"),
                )
            })
    }
}

/// What a bearer token stands for.
#[derive(Debug, Clone)]
pub struct Bearer {
    /// Who acts, through the API.
    pub actor: Actor,
    /// Their address, for showing them what they made.
    pub email: Option<String>,
    /// What the token may do.
    pub scopes: Vec<TokenScope>,
}

fn of(token: Uuid) -> Subject {
    Subject::Other("token", token)
}

impl Desk {
    /// Makes a token for oneself and returns its secret, which is not kept.
    ///
    /// # Errors
    /// When no scope is given, or one is not the person's to give.
    pub async fn make_token(
        &self,
        actor: &Actor,
        name: &str,
        scopes: &[TokenScope],
        expires_at: Option<Millis>,
    ) -> Result<(Uuid, String), Error> {
        let person = oneself(actor)?;
        self.new_token(person, Some(actor.clone()), name, scopes, expires_at)
            .await
    }

    /// Makes a token for somebody by the operator's word (command line, demo)
    /// and returns its secret, which is not kept.
    ///
    /// # Errors
    /// When no scope is given, or one is not the person's to give.
    pub async fn create_token(
        &self,
        person: PersonId,
        name: &str,
        scopes: &[TokenScope],
        expires_at: Option<Millis>,
    ) -> Result<(Uuid, String), Error> {
        self.new_token(person, None, name, scopes, expires_at).await
    }

    async fn new_token(
        &self,
        person: PersonId,
        actor: Option<Actor>,
        name: &str,
        scopes: &[TokenScope],
        expires_at: Option<Millis>,
    ) -> Result<(Uuid, String), Error> {
        if scopes.is_empty() {
            return Err(Error::invalid(
                "scope",
                "give at least one: read, write, admin",
            ));
        }
        let name: String = name
            .trim()
            .chars()
            .filter(|c| !c.is_control())
            .take(100)
            .collect();
        if name.is_empty() {
            return Err(Error::invalid("name", "say what the token is for"));
        }
        let admin = scopes.contains(&TokenScope::Admin);
        let secret = format!("sb_{}", secret::make()?);
        let hash = secret::hash(&secret);
        let token = Token {
            id: self.uuid(),
            person,
            name,
            scopes: scopes.iter().map(|s| s.key().to_owned()).collect(),
            created_at: self.now(),
            expires_at,
            revoked_at: None,
        };
        let (id, now) = (token.id, token.created_at);
        self.0
            .db
            .write(move |c| {
                let owner = store::person::load(c, person)?
                    .ok_or_else(|| Error::not_found("such person"))?;
                if admin && !owner.admin {
                    return Err(Error::invalid(
                        "scope",
                        "admin is for administrators' tokens only",
                    ));
                }
                store::person::insert_token(c, &token, &hash)?;
                let Some(actor) = &actor else { return Ok(()) };
                let detail = json!({"name": token.name, "scopes": token.scopes});
                audit::record(c, actor, now, "token.made", &of(id), &detail)
            })
            .await?;
        Ok((id, secret))
    }

    /// A person's tokens, without their secrets.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn tokens(&self, person: PersonId) -> Result<Vec<Token>, Error> {
        self.0
            .db
            .read(move |c| store::person::tokens(c, person).map_err(Error::from))
            .await
    }

    /// Revokes a person's own token.
    ///
    /// # Errors
    /// When there is no such token.
    pub async fn revoke_token(&self, actor: &Actor, id: Uuid) -> Result<(), Error> {
        let (person, now, actor) = (oneself(actor)?, self.now(), actor.clone());
        let done = self
            .0
            .db
            .write(move |c| {
                let done = store::person::revoke_token(c, person, id, now)?;
                if done {
                    audit::record(c, &actor, now, "token.revoked", &of(id), &json!({}))?;
                }
                Ok::<_, Error>(done)
            })
            .await?;
        self.forget_actors();
        if done {
            Ok(())
        } else {
            Err(Error::not_found("such token"))
        }
    }

    /// Who a bearer token stands for.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when it is unknown, revoked or over.
    pub async fn bearer(&self, secret: &str) -> Result<Bearer, Error> {
        let now = self.now();
        let hash = secret::hash(secret);
        if let Some(known) = recall(&self.0.actors.bearers, &hash, now) {
            return Ok(known);
        }
        let key = hash.clone();
        let bearer = self
            .0
            .db
            .read_here(move |c| {
                let unknown = || {
                    Error::Unauthenticated("the token is unknown, revoked or has expired".into())
                };
                let token = store::person::token(c, &hash, now)?.ok_or_else(unknown)?;
                let person = store::person::load(c, token.person)?.ok_or_else(unknown)?;
                let scopes: Vec<_> = token
                    .scopes
                    .iter()
                    .filter_map(|s| TokenScope::parse(s).ok())
                    .collect();
                let mut actor = actor_of(c, &person, Channel::Api)?;
                // A token is never more than its scopes say.
                actor.admin &= scopes.contains(&TokenScope::Admin);
                let email = person.email;
                Ok::<_, Error>(Bearer {
                    actor,
                    email,
                    scopes,
                })
            })
            .await?;
        remember(&self.0.actors.bearers, key, now, bearer.clone());
        Ok(bearer)
    }
}
