//! Links between issues, of the types that every Jira begins with: *Relates*, *Blocks* and
//! *Duplicate*. Links of other types are left alone.
//!
//! A link has two ends: what a type says outward is said of the issue whose `outwardIssue`
//! the other is, and to make one that issue is named as `inwardIssue`.

use openidconnect::http::Method;
use serde_json::{Value, json};

use super::{Jira, NAME};
use crate::probe::escaped;
use crate::tracker::call::{Call, found, list, text};
use crate::tracker::link::none_such_in;
use crate::tracker::number::issue_number;
use crate::tracker::{Error, Relation, RemoteLink};

/// The types by name, and what each says outward.
const TYPES: [(&str, Relation); 3] = [
    ("Relates", Relation::RefersTo),
    ("Blocks", Relation::DependedOnBy),
    ("Duplicate", Relation::Duplicates),
];

/// What a row says; `None`: it is of another type.
fn link(row: &Value) -> Option<RemoteLink> {
    let name = text(&row["type"]["name"]);
    let (_, outward) = TYPES
        .iter()
        .find(|(known, _)| name.eq_ignore_ascii_case(known))?;
    let (relation, other) = match row["outwardIssue"].is_object() {
        true => (*outward, &row["outwardIssue"]),
        false => (outward.inverse(), &row["inwardIssue"]),
    };
    let target = text(&other["id"]);
    (!target.is_empty()).then_some(RemoteLink { relation, target })
}

impl Jira {
    async fn rows_of(&self, id: u64) -> Result<Vec<Value>, Error> {
        let call = Call::get(format!("/issue/{id}")).with("fields", "issuelinks");
        let reply = self.door.call(call).await?;
        let issue = found(reply, &format!("see issue {id}"), || format!("issue {id}"))?.json;
        Ok(list(&issue["fields"]["issuelinks"]).to_vec())
    }

    /// All links of an issue.
    pub(super) async fn links_of(&self, id: u64) -> Result<Vec<RemoteLink>, Error> {
        Ok(self.rows_of(id).await?.iter().filter_map(link).collect())
    }

    /// Makes a link, or undoes it; what is so already stays so.
    pub(super) async fn put_link(
        &self,
        ticket: &str,
        wanted: &RemoteLink,
        make: bool,
    ) -> Result<(), Error> {
        let (mine, theirs) = (issue_number(ticket)?, issue_number(&wanted.target)?);
        let says = |relation| TYPES.iter().find(|(_, outward)| *outward == relation);
        let (name, inward, outward) = match (says(wanted.relation), says(wanted.relation.inverse()))
        {
            (Some((name, _)), _) => (name, mine, theirs),
            (None, Some((name, _))) => (name, theirs, mine),
            (None, None) => return Err(none_such_in(NAME, wanted.relation)),
        };
        let rows = self.rows_of(mine).await?;
        let stands = rows.iter().find(|row| link(row).as_ref() == Some(wanted));
        let call = match (stands, make) {
            (None, true) => Call::new(Method::POST, "/issueLink").body(json!({
                "type": { "name": name },
                "inwardIssue": { "id": inward.to_string() },
                "outwardIssue": { "id": outward.to_string() },
            })),
            (Some(row), false) => {
                let path = format!("/issueLink/{}", escaped(&text(&row["id"]), false));
                Call::new(Method::DELETE, path)
            }
            _ => return Ok(()),
        };
        let missing = || format!("issue {theirs}, or no type of links “{name}”");
        let what = format!("link issue {mine} with {theirs}");
        match self.door.call(call).await {
            // So it says too, in some versions, of who is let in and may not link.
            Err(Error::Secret { .. }) if self.me().await.is_ok() => Err(Error::Forbidden {
                system: NAME,
                what,
                words: "it needs the permission “Link issues”".to_owned(),
            }),
            reply => found(reply?, &what, missing).map(drop),
        }
    }
}
