//! Links between issues: those that are a part of another (sub-issues), and those that wait
//! for another (issue dependencies). All others are texts.
//!
//! Either is kept in a list of one of the two. That such a link came or went changes no
//! issue: it stands in the timelines of both, which nobody has a reason to read, and among
//! the events of the repository.

use openidconnect::http::Method;
use serde_json::{Value, json};

use super::{GitHub, NAME, person};
use crate::tracker::call::{Call, text, time};
use crate::tracker::link::none_such_in;
use crate::tracker::number::{Sort, issue_number, number};
use crate::tracker::since::{LOOK_PAGES, MOST_PAGES};
use crate::tracker::{ChangeKind, Error, Relation, RemoteChange, RemoteLink};

/// The list of what is a part of an issue.
const PARTS: &str = "/sub_issues";
/// The list of what an issue waits for.
const WAITS: &str = "/dependencies/blocked_by";
/// The list of what waits for an issue.
const WAITED: &str = "/dependencies/blocking";

/// Events of a timeline that say that a link came or went.
pub(super) const EVENTS: [&str; 8] = [
    "sub_issue_added",
    "sub_issue_removed",
    "parent_issue_added",
    "parent_issue_removed",
    "blocked_by_added",
    "blocked_by_removed",
    "blocking_added",
    "blocking_removed",
];

/// A link as it is kept: which issue has the list, which list, and who is in it.
struct Kept {
    of: u64,
    list: &'static str,
    other: u64,
}

impl Kept {
    fn new(ticket: &str, link: &RemoteLink) -> Result<Kept, Error> {
        let (mine, theirs) = (issue_number(ticket)?, issue_number(&link.target)?);
        let (of, list, other) = match link.relation {
            Relation::HasMember => (mine, PARTS, theirs),
            Relation::MemberOf => (theirs, PARTS, mine),
            Relation::DependsOn => (mine, WAITS, theirs),
            Relation::DependedOnBy => (theirs, WAITS, mine),
            other => return Err(none_such_in(NAME, other)),
        };
        Ok(Kept { of, list, other })
    }
}

impl GitHub {
    /// An issue as links name it: its number, or its address where it lies elsewhere.
    fn named(&self, issue: &Value) -> String {
        let lies = text(&issue["repository_url"]).to_lowercase();
        let here = format!("/repos/{}", self.repository.to_lowercase());
        match lies.ends_with(&here) {
            true => text(&issue["number"]),
            false => text(&issue["html_url"]),
        }
    }

    /// The issues of such a list. An Enterprise Server that is older than it has none.
    async fn listed(&self, id: u64, list: &str) -> Result<Vec<String>, Error> {
        let path = format!("/issues/{id}{list}");
        match self.all(&path, &[], MOST_PAGES, |_| false).await {
            Ok((rows, _)) => Ok(rows.iter().map(|issue| self.named(issue)).collect()),
            Err(Error::Missing { .. }) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// All links of an issue.
    pub(super) async fn links_of(&self, id: u64) -> Result<Vec<RemoteLink>, Error> {
        let issue = self.issue(id).await?;
        let mut links = Vec::new();
        let path = format!("/issues/{id}/parent");
        let reply = self.door.call(Call::get(self.path(&path))).await?;
        match self.there(reply, &path) {
            Ok(parent) => links.push(RemoteLink {
                relation: Relation::MemberOf,
                target: self.named(&parent.json),
            }),
            Err(Error::Missing { .. }) => {}
            Err(error) => return Err(error),
        }
        for (list, relation, sums, sum) in [
            (PARTS, Relation::HasMember, "sub_issues_summary", "total"),
            (
                WAITS,
                Relation::DependsOn,
                "issue_dependencies_summary",
                "total_blocked_by",
            ),
            (
                WAITED,
                Relation::DependedOnBy,
                "issue_dependencies_summary",
                "total_blocking",
            ),
        ] {
            // Where it says that there are none, nobody need ask.
            if issue[sums][sum] == 0 {
                continue;
            }
            let all = self.listed(id, list).await?.into_iter();
            links.extend(all.map(|target| RemoteLink { relation, target }));
        }
        Ok(links)
    }

    /// Makes a link, or undoes it; what is so already stays so.
    pub(super) async fn put_link(
        &self,
        ticket: &str,
        link: &RemoteLink,
        make: bool,
    ) -> Result<(), Error> {
        let Kept { of, list, other } = Kept::new(ticket, link)?;
        let stands = self.listed(of, list).await?.contains(&other.to_string());
        if stands == make {
            return Ok(());
        }
        // Not its number: that of all issues of GitHub.
        let id = self.issue(other).await?["id"].clone();
        let call = match (list, make) {
            (PARTS, true) => Call::new(Method::POST, self.path(&format!("/issues/{of}{list}")))
                .body(json!({ "sub_issue_id": id })),
            (PARTS, false) => Call::new(
                Method::DELETE,
                self.path(&format!("/issues/{of}/sub_issue")),
            )
            .body(json!({ "sub_issue_id": id })),
            (_, true) => Call::new(Method::POST, self.path(&format!("/issues/{of}{list}")))
                .body(json!({ "issue_id": id })),
            (_, false) => {
                let path = format!("/issues/{of}{list}/{}", text(&id));
                Call::new(Method::DELETE, self.path(&path))
            }
        };
        let reply = self.door.call(call.movable()).await?;
        self.there(reply, &format!("/issues/{of}"))?;
        Ok(())
    }

    /// Which links came and went since a time of theirs, by the events of the repository.
    pub(super) async fn linked(&self, since: i64) -> Result<Vec<(i64, RemoteChange)>, Error> {
        let (us, _) = self.us().await?;
        let there = |reply| self.there(reply, "/issues");
        let call = || Call::get(self.path("/issues/events")).movable();
        // The newest first.
        let enough = |rows: &[Value]| {
            rows.last()
                .is_none_or(|row| time(&row["created_at"]) < since)
        };
        let pages = self.door.pages(call, &[], LOOK_PAGES, there, enough);
        let (rows, _) = pages.await?;
        let links = rows.iter().filter(|row| {
            EVENTS.contains(&text(&row["event"]).as_str())
                && row["issue"].get("pull_request").is_none()
        });
        let change = |row: &Value| {
            let at = time(&row["created_at"]);
            let number = number(at, Sort::Value, row["id"].as_u64()?);
            let change = RemoteChange {
                id: number.to_string(),
                source: String::new(),
                ticket: text(&row["issue"]["number"]),
                at,
                author: person(&row["actor"]),
                ours: row["actor"]["id"].as_u64() == Some(*us),
                kind: ChangeKind::Link,
            };
            Some((number, change))
        };
        Ok(links.filter_map(change).collect())
    }
}
