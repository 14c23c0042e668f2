//! The test of a connection: what is there, and what our account may do.

use super::{GitHub, NAME};
use crate::probe::{Check, Mark, check};
use crate::tracker::Error;
use crate::tracker::call::{Call, found};
use crate::tracker::look::{greeting, whom};
use serde_json::Value;

/// Whether our role lets us close issues and set labels.
fn may_triage(repository: &Value) -> bool {
    let roles = ["push", "triage", "maintain", "admin"];
    roles
        .iter()
        .any(|role| repository["permissions"][role] == true)
}

impl GitHub {
    /// What keeps our account from doing anything there.
    pub(super) async fn kept_out(&self) -> Result<Option<Error>, Error> {
        let reply = self.door.call(Call::get(self.path("")).movable()).await?;
        let repository = match self.there(reply, "") {
            Ok(reply) => reply.json,
            Err(
                error @ (Error::Missing { .. } | Error::Forbidden { .. } | Error::Strange { .. }),
            ) => return Ok(Some(error)),
            Err(error) => return Err(error),
        };
        let name = &self.repository;
        if repository["has_issues"] == false {
            return Ok(Some(Error::Missing {
                system: NAME,
                what: format!("issues in {name}: they are switched off"),
            }));
        }
        let why = match (&repository["archived"], may_triage(&repository)) {
            (Value::Bool(true), _) => "it is archived",
            (_, false) => "it needs the role Triage, or a higher one",
            _ => return Ok(None),
        };
        Ok(Some(Error::Forbidden {
            system: NAME,
            what: format!("write in issues of {name}"),
            words: why.to_owned(),
        }))
    }

    /// Looks as far as it gets, line by line.
    pub(super) async fn look(&self) -> Result<Vec<Check>, Error> {
        let reply = self.door.call(Call::get("/user")).await?;
        let scopes = reply.headers.get("x-oauth-scopes").cloned();
        let me = found(reply, "look at itself", || "API at this address".into())?.json;
        let (_, login) = whom(NAME, &me, "login")?;
        let mut told = greeting(NAME, self.door.root(), &login);
        let name = self.repository.as_str();
        if name.is_empty() {
            told.push(check(Mark::Odd, "No repository was named yet", ""));
            return Ok(told);
        }
        let mut parts = name.split('/');
        let part = |part: Option<&str>| part.is_some_and(|part| !part.is_empty());
        if !part(parts.next()) || !part(parts.next()) || parts.next().is_some() {
            let text = format!("{name} is no repository");
            told.push(check(
                Mark::Bad,
                text,
                "Write owner/name, as in its address.",
            ));
            return Ok(told);
        }
        let reply = self.door.call(Call::get(self.path("")).movable()).await?;
        let repository = match reply.status {
            200..=299 => reply.json,
            301 | 307 => {
                let text = format!("Repository {name} has moved");
                told.push(check(Mark::Bad, text, "Write the name that it has now."));
                return Ok(told);
            }
            404 => {
                told.push(check(
                    Mark::Bad,
                    format!("There is no repository {name} that our account can see"),
                    "Look at its name, and give the account and its token access to it. \
                     GitHub does not tell which of them is missing.",
                ));
                return Ok(told);
            }
            _ => self.there(reply, "")?.json,
        };
        told.push(check(Mark::Good, format!("Repository {name} is there"), ""));
        if repository["archived"] == true {
            let text = format!("Repository {name} is archived");
            told.push(check(
                Mark::Bad,
                text,
                "Nothing can be written in it. Name another.",
            ));
        }
        if repository["has_issues"] == false {
            let text = format!("Repository {name} has no issues");
            told.push(check(Mark::Bad, text, "Switch them on in its settings."));
        }
        // Of fine-grained tokens and apps GitHub does not say what they may.
        if let Some(scopes) = scopes.as_ref().and_then(|scopes| scopes.to_str().ok()) {
            let has = |scope: &str| scopes.split(',').any(|one| one.trim() == scope);
            let public = repository["private"] == false && has("public_repo");
            if !(has("repo") || public) {
                told.push(check(
                    Mark::Bad,
                    "The token may not write in issues",
                    format!("Its scopes are: {scopes}. It needs repo (public_repo if the repository is public)."),
                ));
            }
        }
        if may_triage(&repository) {
            told.push(check(
                Mark::Good,
                "Our account may close issues and set labels",
                "",
            ));
        } else {
            told.push(check(
                Mark::Bad,
                "Our account may not close issues and set labels",
                "Give it the role Triage, or a higher one, on the repository.",
            ));
        }
        if repository["private"] == false {
            told.push(check(
                Mark::Odd,
                format!("Repository {name} is public"),
                "Everybody can read what is sent there, for ever.",
            ));
        }
        Ok(told)
    }
}
