//! The test of a connection: what is there, and what our account may do.

use super::{Jira, NAME};
use crate::probe::{Check, Mark, check, escaped};
use crate::tracker::Error;
use crate::tracker::call::{Call, found, list, text};
use crate::tracker::look::greeting;

/// The rights that are needed, and what for.
const RIGHTS: [(&str, &str, &str); 6] = [
    ("BROWSE_PROJECTS", "see issues there", "Browse projects"),
    ("CREATE_ISSUES", "open issues there", "Create issues"),
    ("ADD_COMMENTS", "answer in them", "Add comments"),
    ("EDIT_ISSUES", "set their fields", "Edit issues"),
    ("TRANSITION_ISSUES", "set their status", "Transition issues"),
    (
        "CREATE_ATTACHMENTS",
        "put files to them",
        "Create attachments",
    ),
];

impl Jira {
    /// Which of the rights that are needed our account has on the project.
    async fn rights(&self, key: &str) -> Result<Vec<bool>, Error> {
        let names: Vec<&str> = RIGHTS.iter().map(|(right, ..)| *right).collect();
        let call = Call::get("/mypermissions")
            .with("projectKey", key)
            .with("permissions", names.join(","));
        let rights = found(self.door.call(call).await?, "see its rights", || {
            format!("project {key} that our account can see")
        })?
        .json;
        let has = |right| rights["permissions"][right]["havePermission"] == true;
        Ok(names.into_iter().map(has).collect())
    }

    /// What keeps our account from doing anything there.
    pub(super) async fn kept_out(&self) -> Result<Option<Error>, Error> {
        let (key, _) = self.project();
        let path = format!("/project/{}", escaped(key, false));
        let what = format!("project {key} that our account can see");
        let project = match self.get(&path, &what).await {
            Ok(project) => project,
            Err(error @ (Error::Missing { .. } | Error::Forbidden { .. })) => {
                return Ok(Some(error));
            }
            Err(error) => return Err(error),
        };
        let missing = self.rights(key).await?;
        let missing = RIGHTS.iter().zip(missing).find(|(_, has)| !has);
        let (what, words) = match (&project["archived"], missing) {
            (serde_json::Value::Bool(true), _) => ("write there", "it is archived".to_owned()),
            (_, Some(((_, what, name), _))) => {
                let words = format!("it needs the permission “{name}” on project {key}");
                (*what, words)
            }
            _ => return Ok(None),
        };
        Ok(Some(Error::Forbidden {
            system: NAME,
            what: what.to_owned(),
            words,
        }))
    }

    /// Looks as far as it gets, line by line.
    pub(super) async fn look(&self) -> Result<Vec<Check>, Error> {
        let info = self.get("/serverInfo", "API at this address").await?;
        let version = text(&info["version"]);
        if version.is_empty() {
            return Err(Error::Strange {
                system: NAME,
                why: "it tells no version".to_owned(),
            });
        }
        let kind = text(&info["deploymentType"]);
        let what = format!("{NAME} {kind} {version}");
        let name = text(&self.me().await?["displayName"]);
        let mut told = greeting(&what, self.door.root(), &name);
        let (key, wanted) = self.project();
        if key.is_empty() {
            told.push(check(Mark::Odd, "No project was named yet", ""));
            return Ok(told);
        }
        let path = format!("/project/{}", escaped(key, false));
        let reply = self.door.call(Call::get(path)).await?;
        if reply.status == 404 {
            told.push(check(
                Mark::Bad,
                format!("There is no project {key} that our account can see"),
                "Look at its key, as in ATLAS-12, and give the account Browse projects on it.",
            ));
            return Ok(told);
        }
        let project = found(reply, &format!("see project {key}"), || {
            format!("project {key}")
        })?
        .json;
        told.push(check(Mark::Good, format!("Project {key} is there"), ""));
        if project["archived"] == true {
            let text = format!("Project {key} is archived");
            told.push(check(
                Mark::Bad,
                text,
                "Nothing can be written in it. Name another.",
            ));
        }
        let kinds: Vec<String> = list(&project["issueTypes"])
            .iter()
            .filter(|kind| kind["subtask"] != true)
            .map(|kind| text(&kind["name"]))
            .collect();
        match wanted {
            Some(wanted) if !kinds.iter().any(|kind| kind.eq_ignore_ascii_case(wanted)) => {
                let text = format!("Project {key} has no type of issue {wanted}");
                told.push(check(
                    Mark::Bad,
                    text,
                    format!("It has: {}.", kinds.join(", ")),
                ));
            }
            Some(wanted) => told.push(check(
                Mark::Good,
                format!("Issues are made as {wanted}"),
                "",
            )),
            None => match kinds.first() {
                Some(first) => told.push(check(
                    Mark::Good,
                    format!("Issues are made as {first}"),
                    format!("Write {key}/Type for another: {}.", kinds.join(", ")),
                )),
                None => told.push(check(
                    Mark::Bad,
                    format!("Project {key} has no type of issue"),
                    "",
                )),
            },
        }
        let rights = self.rights(key).await?;
        for ((_, what, name), has) in RIGHTS.into_iter().zip(rights) {
            if has {
                told.push(check(Mark::Good, format!("Our account may {what}"), ""));
            } else {
                let advice = format!("Give it the permission “{name}” on the project.");
                told.push(check(
                    Mark::Bad,
                    format!("Our account may not {what}"),
                    advice,
                ));
            }
        }
        Ok(told)
    }
}
