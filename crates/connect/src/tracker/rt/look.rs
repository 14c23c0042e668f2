//! The test of a connection: what is there, and what our account may do.

use serde_json::Value;

use super::door::NAME;

use super::Rt;
use crate::probe::{Check, Mark, check, escaped};
use crate::tracker::call::{Call, found, list, text};
use crate::tracker::look::{greeting, right};
use crate::tracker::{Deed, Error};

/// Tickets that are looked at for a right.
const SOME: usize = 3;

impl Rt {
    /// Looks as far as it gets, line by line.
    pub(super) async fn look(&self, queue: &str) -> Result<Vec<Check>, Error> {
        let reply = self.door.call(Call::get("/rt")).await?;
        let version = text(&reply.json["Version"]);
        if reply.status != 200 || version.is_empty() {
            return Err(match reply.status {
                404 => Error::Missing {
                    system: NAME,
                    what: "REST 2 at this address".to_owned(),
                },
                status => Error::Strange {
                    system: NAME,
                    why: format!("HTTP {status} without a version"),
                },
            });
        }
        let what = format!("{NAME} {version}");
        let mut lines = greeting(&what, self.door.root(), self.us().await?);
        let queue = queue.trim();
        if queue.is_empty() {
            lines.push(check(Mark::Odd, "No queue was named yet", ""));
            return Ok(lines);
        }
        let path = format!("/queue/{}", escaped(queue, false));
        let reply = self.door.call(Call::get(path)).await?;
        if reply.status != 200 || text(&reply.json["Name"]).is_empty() {
            // RT does not tell which of the two it is.
            lines.push(check(
                Mark::Bad,
                format!("There is no queue {queue} that our account can see"),
                "Look at its name, and give the account SeeQueue on it.",
            ));
            return Ok(lines);
        }
        lines.push(check(Mark::Good, format!("Queue {queue} is there"), ""));
        if text(&reply.json["Disabled"]) == "1" {
            lines.push(check(
                Mark::Bad,
                format!("Queue {queue} is disabled"),
                "Enable it, or name another.",
            ));
        }
        lines.push(right(
            has_link(&reply.json, "create"),
            "open tickets there",
            "CreateTicket",
        ));
        lines.extend(self.look_at_ticket(queue).await?);
        Ok(lines)
    }

    /// Why our account can not do that in the queue any more. Rights may differ from ticket to
    /// ticket: it can where it may in one of the newest.
    pub(super) async fn kept_out(&self, deed: Deed) -> Result<Option<Error>, Error> {
        let queue = self.queue.as_str();
        if queue.is_empty() {
            return Ok(None);
        }
        let lacks = |what: &str, right: &str| {
            Ok(Some(Error::Forbidden {
                system: NAME,
                what: format!("{what} in {queue}"),
                words: format!("it needs the right {right} on the queue"),
            }))
        };
        let path = format!("/queue/{}", escaped(queue, false));
        let reply = self.door.call(Call::get(path)).await?;
        if reply.status != 200 || text(&reply.json["Name"]).is_empty() {
            return Ok(Some(Error::Missing {
                system: NAME,
                what: format!("queue {queue} that our account can see"),
            }));
        }
        let (what, right, link) = match deed {
            Deed::Read => return Ok(None),
            Deed::Open if has_link(&reply.json, "create") => return Ok(None),
            Deed::Open => return lacks("open tickets", "CreateTicket"),
            Deed::Write => ("answer", "ReplyToTicket", "correspond"),
            Deed::Set => ("set values", "ModifyTicket", "lifecycle"),
        };
        let newest = self.newest_of(queue, SOME).await?;
        if newest.is_empty() {
            return lacks("see tickets", "ShowTicket");
        }
        for id in newest {
            let reply = self.door.call(Call::get(format!("/ticket/{id}"))).await?;
            if reply.status == 200 && has_link(&reply.json, link) {
                return Ok(None);
            }
        }
        lacks(what, right)
    }

    /// The numbers of the newest tickets of a queue that our account sees, so many at most.
    async fn newest_of(&self, queue: &str, most: usize) -> Result<Vec<String>, Error> {
        let quoted = queue.replace('\\', "\\\\").replace('\'', "\\'");
        let call = Call::get("/tickets")
            .with("query", format!("Queue = '{quoted}'"))
            .with("orderby", "id")
            .with("order", "DESC")
            .with("per_page", most.to_string());
        let reply = found(self.door.call(call).await?, "search", || "search".into())?;
        let items = list(&reply.json["items"]).iter();
        Ok(items.map(|item| text(&item["id"])).collect())
    }

    /// What our account may do with a ticket of the queue.
    async fn look_at_ticket(&self, queue: &str) -> Result<Vec<Check>, Error> {
        let Some(id) = self.newest_of(queue, 1).await?.pop() else {
            return Ok(vec![check(
                Mark::Odd,
                "No ticket is to be seen there",
                "Either there is none yet, or our account lacks ShowTicket on the queue.",
            )]);
        };
        let reply = self.door.call(Call::get(format!("/ticket/{id}"))).await?;
        if reply.status != 200 {
            return Ok(vec![right(false, "see tickets there", "ShowTicket")]);
        }
        Ok(vec![
            right(true, "see tickets there", "ShowTicket"),
            right(
                has_link(&reply.json, "correspond"),
                "answer in them",
                "ReplyToTicket",
            ),
            right(
                has_link(&reply.json, "lifecycle"),
                "set their status",
                "ModifyTicket",
            ),
        ])
    }
}

fn has_link(json: &Value, kind: &str) -> bool {
    let links = list(&json["_hyperlinks"]);
    links.iter().any(|link| link["ref"] == kind)
}
