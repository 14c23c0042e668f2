//! The test of a connection: what is there, and what our account may do.

use serde_json::Value;

use super::Zammad;
use crate::probe::{Check, Mark, check};
use crate::tracker::call::{Call, found, list, text};
use crate::tracker::look::{greeting, right, whom};
use crate::tracker::{Deed, Error};

impl Zammad {
    /// Why our account can not do that in the group any more.
    pub(super) async fn kept_out(&self, deed: Deed) -> Result<Option<Error>, Error> {
        let group = self.group.as_str();
        if group.is_empty() {
            return Ok(None);
        }
        let (right, what) = match deed {
            Deed::Read => ("read", "see tickets"),
            Deed::Open => ("create", "open tickets"),
            Deed::Write | Deed::Set => ("change", "change tickets"),
        };
        let me = match self.asked("/users/me", "look at itself").await {
            Err(error @ (Error::Missing { .. } | Error::Forbidden { .. })) => {
                return Ok(Some(error));
            }
            me => me?,
        };
        let groups = match self.asked("/groups", "see groups").await {
            Err(error @ (Error::Missing { .. } | Error::Forbidden { .. })) => {
                return Ok(Some(error));
            }
            groups => groups?,
        };
        let known = list(&groups)
            .iter()
            .find(|one| text(&one["name"]).eq_ignore_ascii_case(group));
        let Some(known) = known else {
            return Ok(Some(Error::Missing {
                system: self.name(),
                what: format!("group {group} that our account can see"),
            }));
        };
        if has(&me["group_ids"][text(&known["id"])], right) {
            return Ok(None);
        }
        Ok(Some(Error::Forbidden {
            system: self.name(),
            what: format!("{what} in {group}"),
            words: format!("it needs the right “{right}” on the group"),
        }))
    }

    async fn asked(&self, path: &str, what: &str) -> Result<Value, Error> {
        let reply = self.door.call(Call::get(path)).await?;
        Ok(found(reply, what, || "API at this address".into())?.json)
    }

    /// Looks as far as it gets, line by line.
    pub(super) async fn look(&self, group: &str) -> Result<Vec<Check>, Error> {
        let name = self.name();
        let reply = self
            .door
            .call(Call::get("/users/me").with("expand", "true"))
            .await?;
        let me = found(reply, "look at itself", || "API at this address".into())?.json;
        let (_, login) = whom(name, &me, "login")?;
        let mut found_out = greeting(name, self.door.root(), &login);
        let group = group.trim();
        if group.is_empty() {
            found_out.push(check(Mark::Odd, "No group was named yet", ""));
            return Ok(found_out);
        }
        let reply = self.door.call(Call::get("/groups")).await?;
        let groups = found(reply, "see groups", || "groups".into())?.json;
        let known = list(&groups)
            .iter()
            .find(|one| text(&one["name"]).eq_ignore_ascii_case(group));
        let Some(known) = known else {
            found_out.push(check(
                Mark::Bad,
                format!("There is no group {group} that our account can see"),
                "Look at its name, and give the account access to it.",
            ));
            return Ok(found_out);
        };
        found_out.push(check(Mark::Good, format!("Group {group} is there"), ""));
        if known["active"] == false {
            found_out.push(check(
                Mark::Bad,
                format!("Group {group} is not active"),
                "Make it active, or name another.",
            ));
        }
        let rights = &me["group_ids"][text(&known["id"])];
        let has = |right: &str| has(rights, right);
        found_out.extend([
            right(has("create"), "open tickets there", "create"),
            right(has("read"), "see tickets there", "read"),
            right(
                has("change"),
                "answer in them and set their state",
                "change",
            ),
        ]);
        Ok(found_out)
    }
}

fn has(rights: &Value, right: &str) -> bool {
    let rights = list(rights);
    rights.iter().any(|one| one == right || one == "full")
}
