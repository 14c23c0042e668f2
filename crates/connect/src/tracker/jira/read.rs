//! Jira's JSON as our values.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{INTERNAL, PROPERTY, Us, wiki};
use crate::tracker::call::{list, text};
use crate::tracker::number::{Sort, number, within_a_second};
use crate::tracker::{
    COMPONENTS, ChangeKind, LABELS, RemoteAttachment, RemoteChange, RemoteEntry, RemotePerson,
    RemoteTicket, Standing, Wanted, labels,
};

/// `2026-11-27T06:49:12.345+0000` in milliseconds since 1970.
pub(super) fn time(value: &Value) -> i64 {
    let words = value.as_str().unwrap_or_default();
    let time = chrono::DateTime::parse_from_str(words, "%Y-%m-%dT%H:%M:%S%.f%z");
    time.map_or(0, |time| time.timestamp_millis())
}

/// The number of a person: Cloud's, or the key of Data Center's.
pub(super) fn person_id(json: &Value) -> String {
    let ids = ["accountId", "key", "name"];
    let found = ids.iter().map(|name| text(&json[name]));
    found
        .into_iter()
        .find(|id| !id.is_empty())
        .unwrap_or_default()
}

fn person(json: &Value) -> RemotePerson {
    let login = text(&json["name"]);
    let name = text(&json["displayName"]);
    RemotePerson {
        login: if login.is_empty() {
            name.clone()
        } else {
            login
        },
        name,
        // Told to few, and never needed.
        email: text(&json["emailAddress"]),
    }
}

/// Whether everybody who sees the issue reads a comment.
pub(super) fn is_public(comment: &Value) -> bool {
    let internal = |one: &Value| one["key"] == INTERNAL && text_or_bool(&one["value"]["internal"]);
    comment["visibility"].is_null()
        && comment["jsdPublic"] != false
        && !list(&comment["properties"]).iter().any(internal)
}

/// Some clients write it as a text.
fn text_or_bool(value: &Value) -> bool {
    value == true || value == "true"
}

/// The marker of a comment whose properties were told.
pub(super) fn marker(comment: &Value) -> Option<String> {
    let ours = list(&comment["properties"])
        .iter()
        .find(|one| one["key"] == PROPERTY)?;
    Some(text(&ours["value"]["marker"])).filter(|marker| !marker.is_empty())
}

/// The marker of an issue, which is a label.
fn issue_marker(issue: &Value) -> Option<String> {
    let before = format!("{PROPERTY}-");
    let labels = list(&issue["fields"]["labels"]).iter().map(text);
    labels
        .into_iter()
        .find_map(|label| label.strip_prefix(&before).map(str::to_owned))
}

pub(super) fn ticket(issue: &Value, us: &Us, project: &str, queue: &str) -> RemoteTicket {
    let of = &issue["fields"];
    let key = text(&of["project"]["key"]);
    let resolution = Some(text(&of["resolution"]["name"])).filter(|name| !name.is_empty());
    let before = format!("{PROPERTY}-");
    let labels: Vec<String> = list(&of["labels"]).iter().map(text).collect();
    let labels: Vec<String> = labels
        .into_iter()
        .filter(|one| !one.starts_with(&before))
        .collect();
    let mut fields = BTreeMap::new();
    if !labels.is_empty() {
        fields.insert(LABELS.to_owned(), labels);
    }
    let parts = list(&of["components"]).iter();
    let parts: Vec<String> = parts.map(|part| text(&part["name"])).collect();
    if !parts.is_empty() {
        fields.insert(COMPONENTS.to_owned(), parts);
    }
    let asks = Some(&of["reporter"]).filter(|who| who.is_object() && person_id(who) != us.id);
    let requester = asks.map(person).map(|who| {
        if who.email.is_empty() {
            who.login
        } else {
            who.email
        }
    });
    RemoteTicket {
        id: text(&issue["id"]),
        queue: if key.eq_ignore_ascii_case(project) {
            queue.to_owned()
        } else {
            key
        },
        subject: text(&of["summary"]),
        status: labels::word(&text(&of["status"]["name"]), resolution.as_deref()),
        standing: Standing::Present,
        owners: Some(&of["assignee"])
            .filter(|who| who.is_object())
            .map(|who| text(&who[us.login()]))
            .into_iter()
            .collect(),
        priority: text(&of["priority"]["name"]),
        requesters: requester.into_iter().collect(),
        fields,
        numbered: BTreeMap::new(),
        links: Vec::new(),
        created: time(&of["created"]),
        changed: time(&of["updated"]),
        version: text(&of["updated"]),
    }
}

/// What is added and taken away, so that an issue has the labels and components of those
/// that are wanted; none of ours is among them.
pub(super) fn update(ticket: &RemoteTicket, wanted: &Wanted) -> Map<String, Value> {
    let mut update = Map::new();
    for (field, one) in &wanted.one_of {
        let has = ticket.fields.get(field).map(Vec::as_slice);
        let (add, gone) = one.changes(has.unwrap_or_default());
        let named = |name: String| match field.as_str() {
            COMPONENTS => json!({ "name": name }),
            _ => json!(name),
        };
        let add = add.into_iter().map(|one| json!({ "add": named(one) }));
        let gone = gone.into_iter().map(|one| json!({ "remove": named(one) }));
        let all: Vec<Value> = add.chain(gone).collect();
        if !all.is_empty() {
            update.insert(field.clone(), json!(all));
        }
    }
    update
}

fn attachment(json: &Value) -> RemoteAttachment {
    RemoteAttachment {
        id: text(&json["id"]),
        name: text(&json["filename"]),
        content_type: text(&json["mimeType"]),
        size: json["size"].as_u64().unwrap_or_default(),
    }
}

/// The files of an issue that a text shows.
fn shown(issue: &Value, body: &str) -> Vec<RemoteAttachment> {
    let names = wiki::names(body);
    let all = list(&issue["fields"]["attachment"]).iter();
    all.filter(|file| names.contains(&text(&file["filename"])))
        .map(attachment)
        .collect()
}

/// The files that came with the issue: none of them is a change.
fn first_files(issue: &Value) -> Vec<RemoteAttachment> {
    let made = time(&issue["fields"]["created"]);
    let by = person_id(&issue["fields"]["creator"]);
    let all = list(&issue["fields"]["attachment"]).iter();
    let first = all
        .filter(|file| time(&file["created"]) - made <= 1_000 && person_id(&file["author"]) == by);
    first.map(attachment).collect()
}

/// What an issue begins with.
pub(super) fn opening(source: &str, id: &str, issue: &Value, us: &Us) -> RemoteEntry {
    let of = &issue["fields"];
    let body = text(&of["description"]);
    let mut files = shown(issue, &body);
    files.extend(first_files(issue));
    files.sort_by(|a, b| a.id.cmp(&b.id));
    files.dedup();
    RemoteEntry {
        id: source.to_owned(),
        ticket: id.to_owned(),
        at: time(&of["created"]),
        author: person(&of["creator"]),
        ours: person_id(&of["creator"]) == us.id,
        marker: issue_marker(issue),
        body,
        html: false,
        attachments: files,
    }
}

/// A comment.
pub(super) fn entry(source: &str, issue: &Value, comment: &Value, us: &Us) -> RemoteEntry {
    let body = text(&comment["body"]);
    RemoteEntry {
        id: source.to_owned(),
        ticket: text(&issue["id"]),
        at: time(&comment["created"]),
        author: person(&comment["author"]),
        ours: person_id(&comment["author"]) == us.id,
        marker: marker(comment),
        attachments: shown(issue, &body),
        body,
        html: false,
    }
}

/// A file that nobody said anything about, as an entry of its own.
pub(super) fn file(source: &str, issue: &Value, id: u64, us: &Us) -> Option<RemoteEntry> {
    let all = list(&issue["fields"]["attachment"]).iter();
    let file = all
        .into_iter()
        .find(|file| text(&file["id"]) == id.to_string())?;
    Some(RemoteEntry {
        id: source.to_owned(),
        ticket: text(&issue["id"]),
        at: time(&file["created"]),
        author: person(&file["author"]),
        ours: person_id(&file["author"]) == us.id,
        marker: None,
        body: format!("File: {}", text(&file["filename"])),
        html: false,
        attachments: vec![attachment(file)],
    })
}

/// What happened to an issue, with the numbers that a cursor keeps.
pub(super) fn changes(
    id: u64,
    issue: &Value,
    comments: &[Value],
    histories: &[Value],
    us: &Us,
) -> Vec<(i64, RemoteChange)> {
    let of = &issue["fields"];
    let mut changes = Vec::new();
    let mut push = |at: i64, sort, own: u64, by: &Value, source: String, kind| {
        let number = number(at, sort, within_a_second(at, false, own));
        let change = RemoteChange {
            id: number.to_string(),
            source,
            ticket: id.to_string(),
            at,
            author: person(by),
            ours: person_id(by) == us.id,
            kind,
        };
        changes.push((number, change));
    };
    push(
        time(&of["created"]),
        Sort::Opened,
        id,
        &of["creator"],
        format!("issue/{id}"),
        ChangeKind::Opened,
    );
    // Files come with the text that shows them. Of a service desk no others are for us:
    // a file is as internal as what shows it.
    let mut told: BTreeSet<String> = wiki::names(&text(&of["description"])).into_iter().collect();
    told.extend(first_files(issue).into_iter().map(|file| file.name));
    for comment in comments {
        let body = text(&comment["body"]);
        told.extend(wiki::names(&body));
        let own = text(&comment["id"]).parse::<u64>().unwrap_or_default();
        if is_public(comment) {
            let source = format!("comment/{id}/{own}");
            push(
                time(&comment["created"]),
                Sort::Text,
                own,
                &comment["author"],
                source,
                ChangeKind::Answered,
            );
        }
    }
    let desk = of["project"]["projectTypeKey"] == "service_desk";
    for history in histories {
        let (at, by) = (time(&history["created"]), &history["author"]);
        let own = text(&history["id"]).parse::<u64>().unwrap_or_default();
        let items = list(&history["items"]);
        let resolved = items.iter().find(|item| item["field"] == "resolution");
        for (place, item) in items.iter().enumerate() {
            let to = text(&item["toString"]);
            let kind = match item["field"].as_str().unwrap_or_default() {
                "status" => {
                    let more = resolved
                        .map(|item| text(&item["toString"]))
                        .filter(|to| !to.is_empty());
                    ChangeKind::Status {
                        from: text(&item["fromString"]),
                        to: labels::word(&to, more.as_deref()),
                    }
                }
                "priority" => ChangeKind::Priority,
                "assignee" => ChangeKind::Owner,
                "Link" => ChangeKind::Link,
                "labels" => ChangeKind::Field(LABELS.to_owned()),
                "Component" => ChangeKind::Field(COMPONENTS.to_owned()),
                "project" => ChangeKind::Queue,
                "summary" => ChangeKind::Other("summary".to_owned()),
                "Attachment"
                    if !to.is_empty() && !desk && !told.contains(&to) && person_id(by) != us.id =>
                {
                    let source = format!("file/{id}/{}", text(&item["to"]));
                    push(
                        at,
                        Sort::Text,
                        file_number(item),
                        by,
                        source,
                        ChangeKind::Answered,
                    );
                    continue;
                }
                _ => continue,
            };
            // Several values that were set at once have numbers of their own.
            let own = (own << 4) | (place as u64 & 15);
            push(at, Sort::Value, own, by, String::new(), kind);
        }
    }
    changes.sort_by_key(|(number, _)| *number);
    changes
}

/// A file's number, above those of comments of that second.
fn file_number(item: &Value) -> u64 {
    text(&item["to"]).parse::<u64>().unwrap_or_default() | 1 << 17
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_for_some_is_not_public() {
        let internal =
            |value: Value| json!({"properties": [{"key": INTERNAL, "value": {"internal": value}}]});
        assert!(is_public(&json!({"body": "x"})));
        assert!(is_public(&internal(json!(false))));
        assert!(!is_public(&internal(json!(true))) && !is_public(&internal(json!("true"))));
        assert!(!is_public(&json!({"jsdPublic": false})));
        assert!(!is_public(
            &json!({"visibility": {"type": "role", "value": "Developers"}})
        ));
        assert_eq!(
            time(&json!("2026-11-27T07:00:00.250+0100")),
            1_795_759_200_250
        );
        assert_eq!(time(&json!("soon")), 0);
    }
}
