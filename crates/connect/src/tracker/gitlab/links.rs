//! Links between issues: one is related to another, or blocks it (in Premium and Ultimate).
//! Two issues have one link at most.

use openidconnect::http::Method;
use serde_json::{Value, json};

use super::{GitLab, NAME};
use crate::tracker::call::{Call, found, text};
use crate::tracker::link::none_such_in;
use crate::tracker::number::issue_number;
use crate::tracker::{Error, Relation, RemoteLink};

/// Its word for a link.
fn word(relation: Relation) -> Result<&'static str, Error> {
    match relation {
        // It says the same from either side.
        Relation::RefersTo | Relation::ReferredToBy => Ok("relates_to"),
        Relation::DependedOnBy => Ok("blocks"),
        Relation::DependsOn => Ok("is_blocked_by"),
        other => Err(none_such_in(NAME, other)),
    }
}

/// What a note that it writes itself says of links, in English always.
pub(super) fn says(note: &str) -> bool {
    let kinds = [" as related to ", " as blocking ", " as blocked by "];
    note.starts_with("removed the relation with ")
        || note.starts_with("marked this ") && kinds.iter().any(|kind| note.contains(kind))
}

impl GitLab {
    /// The number of an issue's project, and the issues that it is linked with.
    async fn linked(&self, id: u64) -> Result<(Value, Vec<Value>), Error> {
        let project = self.issue(id).await?["project_id"].clone();
        let rows = self.all(&format!("/issues/{id}/links"), &[]).await?;
        Ok((project, rows))
    }

    /// All links of an issue; those that lie elsewhere by their addresses.
    pub(super) async fn links_of(&self, id: u64) -> Result<Vec<RemoteLink>, Error> {
        let (project, rows) = self.linked(id).await?;
        let link = |row: &Value| RemoteLink {
            relation: match row["link_type"].as_str() {
                Some("blocks") => Relation::DependedOnBy,
                Some("is_blocked_by") => Relation::DependsOn,
                _ => Relation::RefersTo,
            },
            target: match row["project_id"] == project {
                true => text(&row["iid"]),
                false => text(&row["web_url"]),
            },
        };
        Ok(rows.iter().map(link).collect())
    }

    /// Makes a link, or undoes it; what is so already stays so.
    pub(super) async fn put_link(
        &self,
        ticket: &str,
        link: &RemoteLink,
        make: bool,
    ) -> Result<(), Error> {
        let (id, other) = (issue_number(ticket)?, issue_number(&link.target)?);
        let kind = word(link.relation)?;
        let (project, rows) = self.linked(id).await?;
        let stands = rows.iter().find(|row| {
            row["link_type"] == kind && row["project_id"] == project && row["iid"] == other
        });
        let path = format!("/issues/{id}/links");
        let call = match (stands, make) {
            (None, true) => Call::new(Method::POST, self.path(&path)).body(json!({
                "target_project_id": project, "target_issue_iid": other, "link_type": kind,
            })),
            (Some(row), false) => {
                let path = format!("{path}/{}", text(&row["issue_link_id"]));
                Call::new(Method::DELETE, self.path(&path))
            }
            _ => return Ok(()),
        };
        let what = format!("link issue {id} with {other} ({kind})");
        let missing = || format!("issue {other} in {}", self.project);
        found(self.door.call(call).await?, &what, missing)?;
        Ok(())
    }
}
