//! The test of a connection: what is there, and what our account may do.

use super::{GitLab, NAME};
use crate::probe::{Check, Mark, check};
use crate::tracker::Error;
use crate::tracker::call::{Call, found, list, text};
use crate::tracker::look::{greeting, whom};
use serde_json::Value;

/// The roles that close issues, set labels and read internal notes.
const REPORTER: u64 = 20;

/// Whether our role lets us close issues and set labels.
fn may_report(project: &Value) -> bool {
    let roles = ["project_access", "group_access"];
    let levels = roles
        .iter()
        .filter_map(|of| project["permissions"][of]["access_level"].as_u64());
    levels.max().is_some_and(|level| level >= REPORTER)
}

impl GitLab {
    /// What keeps our account from doing anything there.
    pub(super) async fn kept_out(&self) -> Result<Option<Error>, Error> {
        let reply = self.door.call(Call::get(self.path(""))).await?;
        let project = match self.there(reply, "") {
            Ok(reply) => reply.json,
            Err(error @ (Error::Missing { .. } | Error::Forbidden { .. })) => {
                return Ok(Some(error));
            }
            Err(error) => return Err(error),
        };
        let name = &self.project;
        if project["issues_access_level"] == "disabled" {
            return Ok(Some(Error::Missing {
                system: NAME,
                what: format!("issues in {name}: they are switched off"),
            }));
        }
        let why = match (&project["archived"], may_report(&project)) {
            (Value::Bool(true), _) => "it is archived",
            (_, false) => "it needs the role Reporter, or a higher one",
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
        let me = found(reply, "look at itself", || "API at this address".into())?.json;
        let (_, login) = whom(NAME, &me, "username")?;
        let mut told = greeting(NAME, self.door.root(), &login);
        let call = Call::get("/personal_access_tokens/self");
        let token = self.door.call(call).await?;
        if token.status == 200 {
            let scopes: Vec<String> = list(&token.json["scopes"]).iter().map(text).collect();
            if !scopes.iter().any(|scope| scope == "api") {
                told.push(check(
                    Mark::Bad,
                    "The token may not write in issues",
                    format!("Its scopes are: {}. It needs api.", scopes.join(", ")),
                ));
            }
            let until = text(&token.json["expires_at"]);
            if !until.is_empty() {
                let text = format!("The token ends on {until}");
                told.push(check(
                    Mark::Odd,
                    text,
                    "Give the operator a new one before.",
                ));
            }
        }
        let name = self.project.as_str();
        if name.is_empty() {
            told.push(check(Mark::Odd, "No project was named yet", ""));
            return Ok(told);
        }
        let reply = self.door.call(Call::get(self.path("")).movable()).await?;
        let project = match reply.status {
            200..=299 => reply.json,
            300..=399 => {
                let text = format!("Project {name} has moved");
                told.push(check(Mark::Bad, text, "Write the path that it has now."));
                return Ok(told);
            }
            404 => {
                told.push(check(
                    Mark::Bad,
                    format!("There is no project {name} that our account can see"),
                    "Look at its path, as in its address, and make the account a member of it. \
                     GitLab does not tell which of them is missing.",
                ));
                return Ok(told);
            }
            _ => self.there(reply, "")?.json,
        };
        told.push(check(Mark::Good, format!("Project {name} is there"), ""));
        if project["archived"] == true {
            let text = format!("Project {name} is archived");
            told.push(check(
                Mark::Bad,
                text,
                "Nothing can be written in it. Name another.",
            ));
        }
        if project["issues_access_level"] == "disabled" {
            let text = format!("Project {name} has no issues");
            told.push(check(Mark::Bad, text, "Switch them on in its settings."));
        }
        if may_report(&project) {
            told.push(check(
                Mark::Good,
                "Our account may close issues and set labels",
                "",
            ));
        } else {
            told.push(check(
                Mark::Bad,
                "Our account may not close issues and set labels",
                "Give it the role Reporter, or a higher one, on the project.",
            ));
        }
        if project["visibility"] != "private" {
            told.push(check(
                Mark::Odd,
                format!("Project {name} is {}", text(&project["visibility"])),
                "What goes there from here is opened as confidential. What people open there may not be.",
            ));
        }
        Ok(told)
    }
}
