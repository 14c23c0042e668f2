//! Linked issues, as the documentation has them: two issues have one link at most, which
//! says of the other what it is to the one that is asked; that one blocks another is for
//! Premium. GitLab writes a note into both.

use serde_json::{Value, json};

use super::{Lab, Refused, Who, locked, missing, paged, refuse, text};
use crate::answering::{Answered, Asked};

/// A link: its number, the issues by their places, and what the first is to the second.
pub(super) type Linked = (u64, usize, usize, &'static str);

/// The same from the other side.
fn turned(kind: &'static str) -> &'static str {
    match kind {
        "blocks" => "is_blocked_by",
        "is_blocked_by" => "blocks",
        other => other,
    }
}

impl super::GitLabServer {
    /// The links of an issue of `lab/atlas`, in our words.
    pub fn links(&self, iid: &str) -> Vec<String> {
        let lab = locked(&self.lab);
        let is = |i: &Value| i["#project"] == "lab/atlas" && text(&i["#issue"]) == iid;
        let Some(place) = lab.issues.iter().position(is) else {
            return Vec::new();
        };
        let words = |(_, other, kind): (u64, usize, &str)| {
            let word = match kind {
                "blocks" => "DependedOnBy",
                "is_blocked_by" => "DependsOn",
                _ => "RefersTo",
            };
            format!("{word} {}", text(&lab.issues[other]["iid"]))
        };
        lab.links_of(place).into_iter().map(words).collect()
    }
}

impl Lab {
    /// Number, other issue, and what this one is to it.
    fn links_of(&self, place: usize) -> Vec<(u64, usize, &'static str)> {
        let of = |(id, from, to, kind): &Linked| {
            if *from == place {
                Some((*id, *to, *kind))
            } else {
                (*to == place).then(|| (*id, *from, turned(kind)))
            }
        };
        self.links.iter().filter_map(of).collect()
    }

    /// What is asked of an issue's links.
    pub(super) fn linking(
        &mut self,
        asked: &Asked,
        who: Who,
        place: usize,
        (method, rest): (&str, &[&str]),
        sent: &Value,
    ) -> Result<Answered, Refused> {
        match (method, rest) {
            ("GET", []) => {
                let row = |(id, other, kind): (u64, usize, &str)| {
                    let mut issue = self.issues[other].clone();
                    (issue["issue_link_id"], issue["link_type"]) = (json!(id), json!(kind));
                    issue
                };
                let all = self.links_of(place).into_iter().map(row).collect();
                Ok(paged(asked, all))
            }
            ("POST", []) => {
                let kinds = ["relates_to", "blocks", "is_blocked_by"];
                let kind = sent["link_type"].as_str().unwrap_or("relates_to");
                let Some(kind) = kinds.into_iter().find(|known| *known == kind) else {
                    let error = json!({"error": "link_type does not have a valid value"});
                    return Err(Answered::json(400, &error));
                };
                let is = |i: &Value| {
                    i["project_id"] == sent["target_project_id"]
                        && i["iid"] == sent["target_issue_iid"]
                };
                let Some(other) = self.issues.iter().position(is) else {
                    return missing("Issue");
                };
                if kind != "relates_to" && self.free {
                    let words = "Blocked issues not available for current license";
                    return refuse(403, json!(words));
                }
                if self.links_of(place).iter().any(|(_, at, _)| *at == other) {
                    return refuse(409, json!("Issue(s) already assigned"));
                }
                let id = self.next();
                self.links.push((id, place, other, kind));
                for (at, to, kind) in [(place, other, kind), (other, place, turned(kind))] {
                    let says = match kind {
                        "blocks" => "blocking",
                        "is_blocked_by" => "blocked by",
                        _ => "related to",
                    };
                    let to = text(&self.issues[to]["iid"]);
                    let words = format!("marked this issue as {says} #{to}");
                    self.note(at, who, &words, false, true);
                }
                let link = json!({"source_issue": {}, "target_issue": {}, "link_type": kind});
                Ok(Answered::json(201, &link))
            }
            ("DELETE", [id]) => {
                let found = self
                    .links
                    .iter()
                    .position(|(own, ..)| own.to_string() == *id);
                let Some(found) = found else {
                    return missing("Link");
                };
                let (_, from, to, kind) = self.links.remove(found);
                for (at, other) in [(from, to), (to, from)] {
                    let other = text(&self.issues[other]["iid"]);
                    self.note(
                        at,
                        who,
                        &format!("removed the relation with #{other}"),
                        false,
                        true,
                    );
                }
                Ok(Answered::json(200, &json!({"link_type": kind})))
            }
            _ => missing("Page"),
        }
    }
}
