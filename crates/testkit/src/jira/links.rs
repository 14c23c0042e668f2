//! Links of issues, as the documentation of the model of links has them: one is made by
//! naming as `inwardIssue` the issue of which the type's outward words are said.

use serde_json::{Value, json};

use super::{Desk, Refused, locked, refuse, text};
use crate::answering::Answered;

/// The types: name, and what it says outward and inward.
const TYPES: [(&str, &str, &str); 4] = [
    ("Blocks", "blocks", "is blocked by"),
    ("Cloners", "clones", "is cloned by"),
    ("Duplicate", "duplicates", "is duplicated by"),
    ("Relates", "relates to", "relates to"),
];

/// A link: its number, its type, and the issues of which it says something outward and
/// inward, by their numbers.
pub(super) type Linked = (u64, usize, String, String);

impl super::JiraServer {
    /// The links of an issue, in our words.
    pub fn links(&self, id: &str) -> Vec<String> {
        let desk = locked(&self.desk);
        let mut all = Vec::new();
        for (_, kind, outward, inward) in &desk.links {
            let (says, said) = match TYPES[*kind].0 {
                "Blocks" => ("DependedOnBy", "DependsOn"),
                "Duplicate" => ("Duplicates", "DuplicatedBy"),
                "Relates" => ("RefersTo", "ReferredToBy"),
                _ => continue,
            };
            if outward == id {
                all.push(format!("{says} {inward}"));
            }
            if inward == id {
                all.push(format!("{said} {outward}"));
            }
        }
        all
    }
}

impl Desk {
    /// The field `issuelinks` of an issue.
    pub(super) fn linked(&self, id: &str) -> Value {
        let mut all = Vec::new();
        for (own, kind, outward, inward) in &self.links {
            let (name, says, said) = TYPES[*kind];
            let kind = json!({"name": name, "outward": says, "inward": said});
            for (mine, field, other) in [
                (outward, "outwardIssue", inward),
                (inward, "inwardIssue", outward),
            ] {
                let found = self.issues.iter().find(|issue| issue["id"] == **other);
                if let (true, Some(issue)) = (mine == id, found) {
                    let other = json!({"id": other, "key": issue["key"]});
                    all.push(json!({"id": own.to_string(), "type": kind, field: other}));
                }
            }
        }
        json!(all)
    }

    /// An issue is found by its number or its key.
    fn named(&self, json: &Value) -> Option<usize> {
        let is = |issue: &Value| {
            issue["id"] == json["id"] || !json["key"].is_null() && issue["key"] == json["key"]
        };
        self.issues.iter().position(is)
    }

    /// Makes a link, or undoes one.
    pub(super) fn linking(
        &mut self,
        who: &str,
        (method, id): (&str, Option<&str>),
        sent: &Value,
    ) -> Result<Answered, Refused> {
        let (kind, ends, made) = match (method, id) {
            ("POST", None) => {
                let name = text(&sent["type"]["name"]);
                let is = |(known, ..): &(&str, &str, &str)| known.eq_ignore_ascii_case(&name);
                let Some(kind) = TYPES.iter().position(is) else {
                    let words = format!("No issue link type with name '{name}' found.");
                    return refuse(404, &words);
                };
                let ends = (
                    self.named(&sent["inwardIssue"]),
                    self.named(&sent["outwardIssue"]),
                );
                let (Some(outward), Some(inward)) = ends else {
                    return refuse(
                        404,
                        "Issue does not exist or you do not have permission to see it.",
                    );
                };
                let ends = [outward, inward].map(|at| text(&self.issues[at]["id"]));
                let [outward, inward] = ends.clone();
                // Twice the same is once.
                let same = |one: &Linked| (one.1, &one.2, &one.3) == (kind, &outward, &inward);
                if self.links.iter().any(same) {
                    return Ok(Answered::nothing(201));
                }
                let own = self.next();
                self.links.push((own, kind, outward, inward));
                (kind, ends, true)
            }
            ("DELETE", Some(id)) => {
                let found = self.links.iter().position(|one| one.0.to_string() == id);
                let Some(found) = found else {
                    return refuse(404, "No issue link with id exists.");
                };
                let (_, kind, outward, inward) = self.links.remove(found);
                (kind, [outward, inward], false)
            }
            _ => return refuse(405, "Method Not Allowed"),
        };
        let [outward, inward] = &ends;
        for (mine, other, says) in [
            (outward, inward, TYPES[kind].1),
            (inward, outward, TYPES[kind].2),
        ] {
            let place = |id: &String| self.issues.iter().position(|issue| issue["id"] == **id);
            let (Some(at), Some(to)) = (place(mine), place(other)) else {
                continue;
            };
            let key = text(&self.issues[to]["key"]);
            let words = format!("This issue {says} {key}");
            let item = match made {
                true => json!({"field": "Link", "from": null, "to": key, "toString": words}),
                false => json!({"field": "Link", "from": key, "fromString": words, "to": null}),
            };
            self.history(who, at, vec![item]);
        }
        Ok(Answered::nothing(if made { 201 } else { 204 }))
    }
}
