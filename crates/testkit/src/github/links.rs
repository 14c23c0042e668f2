//! Sub-issues and issue dependencies, as the documentation of both has them: each a list of
//! one of two issues, by the number that all of GitHub knows the other by. That one comes or
//! goes leaves both issues as they were changed last.

use serde_json::{Value, json};

use super::{Hub, Refused, Who, locked, paged, refuse, shown, text};
use crate::answering::{Answered, Asked};

/// A link: whether it is of a part, whose list it is in, and who is in it.
pub(super) type Kept = (bool, Value, Value);

impl super::GitHubServer {
    /// The links of an issue of `lab/atlas`, in our words.
    pub fn links(&self, number: &str) -> Vec<String> {
        let hub = locked(&self.hub);
        let of = |id: &Value| hub.issues.iter().find(|issue| issue["id"] == *id);
        let is = |id: &Value| {
            of(id).is_some_and(|i| i["#repository"] == "lab/atlas" && text(&i["number"]) == number)
        };
        let name = |id: &Value| of(id).map_or_else(String::new, |i| text(&i["number"]));
        let mut all = Vec::new();
        for (part, whose, other) in &hub.links {
            let (says, said) = match part {
                true => ("HasMember", "MemberOf"),
                false => ("DependsOn", "DependedOnBy"),
            };
            if is(whose) {
                all.push(format!("{says} {}", name(other)));
            }
            if is(other) {
                all.push(format!("{said} {}", name(whose)));
            }
        }
        all
    }

    /// No event tells of a link any more.
    pub fn hides_links(&self) {
        locked(&self.hub).hides_links = true;
    }

    /// The issues are as they were changed last years ago.
    pub fn rests(&self) {
        for issue in &mut locked(&self.hub).issues {
            issue["updated_at"] = json!("2020-01-01T00:00:00Z");
        }
    }
}

impl Hub {
    fn with_id(&self, id: &Value) -> Option<usize> {
        self.issues.iter().position(|issue| issue["id"] == *id)
    }

    /// The sums that stand in an issue.
    pub(super) fn sums(&self, id: &Value) -> (Value, Value) {
        let count = |part: bool, mine: bool| {
            let all = self.links.iter().filter(|(is_part, whose, other)| {
                *is_part == part && id == if mine { whose } else { other }
            });
            all.count()
        };
        let parts = json!({"total": count(true, true), "completed": 0, "percent_completed": 0});
        let waits = json!({
            "blocked_by": count(false, true), "blocking": count(false, false),
            "total_blocked_by": count(false, true), "total_blocking": count(false, false),
        });
        (parts, waits)
    }

    /// Events of the repository, the newest first.
    pub(super) fn happened(&self, asked: &Asked, name: &str, at: &str) -> Answered {
        let is = |one: &&Value| one["#repository"] == name;
        let mut all: Vec<Value> = self.events.iter().filter(is).cloned().collect();
        for one in &mut all {
            let of = |i: &&Value| i["#repository"] == name && i["#issue"] == one["#issue"];
            let mut issue = self.issues.iter().find(of).cloned().unwrap_or_default();
            shown(&mut issue);
            one["issue"] = issue;
            shown(one);
        }
        all.reverse();
        paged(asked, all, &format!("{at}/issues/events"))
    }

    /// What is asked of an issue's links; `None`: something else is.
    pub(super) fn linking(
        &mut self,
        asked: &Asked,
        who: &Who,
        place: usize,
        (method, rest): (&str, &[&str]),
        sent: &Value,
    ) -> Option<Result<Answered, Refused>> {
        let mine = self.issues[place]["id"].clone();
        let here = text(&self.issues[place]["url"]);
        let (part, whose) = match (method, rest) {
            ("GET", ["parent"]) => {
                let found = self
                    .links
                    .iter()
                    .find(|(part, _, other)| *part && *other == mine);
                let parent = found.and_then(|(_, whose, _)| self.with_id(whose));
                return Some(match parent {
                    Some(parent) => Ok(self.told(200, parent)),
                    None => refuse(404, "No parent issue found"),
                });
            }
            (_, ["sub_issues" | "sub_issue"]) => (true, true),
            (_, ["dependencies", "blocked_by", ..]) => (false, true),
            (_, ["dependencies", "blocking"]) => (false, false),
            _ => return None,
        };
        if method == "GET" {
            let of = |(is_part, list, other): &Kept| {
                let (is, shown) = if whose { (list, other) } else { (other, list) };
                (*is_part == part && *is == mine).then(|| shown.clone())
            };
            let ids: Vec<Value> = self.links.iter().filter_map(of).collect();
            let mut all: Vec<Value> = ids
                .iter()
                .filter_map(|id| self.with_id(id))
                .map(|at| self.issues[at].clone())
                .collect();
            all.iter_mut().for_each(shown);
            return Some(Ok(paged(asked, all, &format!("{here}/{}", rest.join("/")))));
        }
        if who.right == "pull" {
            return Some(refuse(
                403,
                "Resource not accessible by personal access token",
            ));
        }
        let id = match rest {
            ["dependencies", "blocked_by", id] => json!(id.parse::<u64>().unwrap_or_default()),
            ["dependencies", ..] => sent["issue_id"].clone(),
            _ => sent["sub_issue_id"].clone(),
        };
        let Some(other) = self.with_id(&id) else {
            return Some(refuse(404, "The provided sub-issue does not exist"));
        };
        let kept = (part, mine, id);
        let stands = self.links.iter().position(|one| *one == kept);
        let taken = |one: &Kept| part && one.0 && one.2 == kept.2;
        match (method, stands) {
            ("POST", None) if !self.links.iter().any(taken) => self.links.push(kept),
            ("POST", _) => {
                return Some(refuse(
                    422,
                    "Issue may not contain duplicate sub-issues and Sub issue may only have one parent",
                ));
            }
            (_, None) => return Some(refuse(404, "Not Found")),
            (_, Some(at)) => drop(self.links.remove(at)),
        }
        let does = if method == "POST" { "added" } else { "removed" };
        let (says, said) = match part {
            true => ("sub_issue", "parent_issue"),
            false => ("blocked_by", "blocking"),
        };
        let told = if self.hides_links { 0 } else { 2 };
        for (at, kind) in [(place, says), (other, said)].into_iter().take(told) {
            let before = self.issues[at]["updated_at"].clone();
            self.event(at, who, json!({"event": format!("{kind}_{does}")}));
            self.issues[at]["updated_at"] = before;
        }
        Some(Ok(
            self.told(if method == "POST" { 201 } else { 200 }, other)
        ))
    }
}
