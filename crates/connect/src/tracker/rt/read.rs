//! RT's JSON as our values.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::tracker::call::{list, text, time};
use crate::tracker::{
    ChangeKind, Relation, RemoteAttachment, RemoteChange, RemoteLink, RemotePerson, RemoteTicket,
    Standing,
};

/// The parameter of the content type that carries an entry's marker. RT keeps
/// it with the part, shows it to nobody, and can search for it.
pub(super) const MARKER: &str = "switchboard";

/// Who owns what nobody owns.
pub(super) const NOBODY: &str = "Nobody";

/// The name of a link in RT, as it is set, and as it stands among a ticket's
/// hyperlinks.
const RELATIONS: [(Relation, &str, &str); 6] = [
    (Relation::RefersTo, "RefersTo", "refers-to"),
    (Relation::ReferredToBy, "ReferredToBy", "referred-to-by"),
    (Relation::DependsOn, "DependsOn", "depends-on"),
    (Relation::DependedOnBy, "DependedOnBy", "depended-on-by"),
    (Relation::MemberOf, "MemberOf", "parent"),
    (Relation::HasMember, "Members", "child"),
];

/// The name of a link as it is set; `None`: RT has none of that kind.
pub(super) fn relation_name(relation: Relation) -> Option<&'static str> {
    let found = RELATIONS.iter().find(|(known, ..)| *known == relation);
    found.map(|(_, name, _)| *name)
}

pub(super) fn person(value: &Value) -> RemotePerson {
    RemotePerson {
        login: text(&value["id"]),
        name: text(&value["RealName"]),
        email: text(&value["EmailAddress"]),
    }
}

/// A ticket; its queue and owner come with their names.
pub(super) fn ticket(json: &Value, version: &str) -> RemoteTicket {
    let status = text(&json["Status"]);
    let (mut fields, mut numbered) = (BTreeMap::new(), BTreeMap::new());
    for field in list(&json["CustomFields"]) {
        let values = list(&field["values"]).iter().map(text);
        let values: Vec<String> = values.filter(|value| !value.is_empty()).collect();
        numbered.insert(text(&field["id"]), text(&field["name"]));
        if !values.is_empty() {
            fields.insert(text(&field["name"]), values);
        }
    }
    let mut links: Vec<RemoteLink> = list(&json["_hyperlinks"]).iter().filter_map(link).collect();
    links.sort();
    RemoteTicket {
        id: text(&json["id"]),
        queue: text(&json["Queue"]["Name"]),
        subject: text(&json["Subject"]),
        standing: match status.as_str() {
            "deleted" => Standing::Deleted,
            "rejected" => Standing::Rejected,
            _ => Standing::Present,
        },
        status,
        owners: Some(text(&json["Owner"]["id"]))
            .filter(|name| !name.is_empty() && name != NOBODY)
            .into_iter()
            .collect(),
        priority: text(&json["Priority"]),
        requesters: list(&json["Requestor"])
            .iter()
            .map(|one| text(&one["id"]))
            .collect(),
        fields,
        numbered,
        links,
        created: time(&json["Created"]),
        changed: time(&json["LastUpdated"]),
        version: version.to_owned(),
    }
}

fn link(json: &Value) -> Option<RemoteLink> {
    let (relation, ..) = RELATIONS
        .iter()
        .find(|(.., name)| json["ref"].as_str() == Some(name))?;
    let target = match json["type"].as_str()? {
        "external" => text(&json["_url"]),
        _ => text(&json["id"]),
    };
    Some(RemoteLink {
        relation: *relation,
        target,
    })
}

/// Whether no page comes after this one of a list. RT counts its pages with the rows in
/// them that it hides; some do not say how many they are, and then it is not known.
pub(super) fn is_last(json: &Value, page: usize) -> bool {
    let pages = json["pages"].as_u64();
    pages.is_some_and(|pages| page as u64 >= pages)
}

/// Whether RT hides rows of this page of a list; it tells how many there are with them.
pub(super) fn hides(json: &Value, page: usize) -> bool {
    let shown = list(&json["items"]).len() as u64;
    let (total, rows) = (json["total"].as_u64(), json["per_page"].as_u64());
    total.zip(rows).is_some_and(|(total, rows)| {
        let before = rows * (page as u64).saturating_sub(1);
        shown < total.saturating_sub(before).min(rows)
    })
}

/// A transaction as a change; `None`: it is none.
pub(super) fn change(json: &Value, us: &str) -> Option<(i64, RemoteChange)> {
    let id = text(&json["id"]);
    let ticket = text(&json["ObjectId"]);
    let (from, to) = (text(&json["OldValue"]), text(&json["NewValue"]));
    let field = text(&json["Field"]);
    let kind = match (json["Type"].as_str()?, field.as_str()) {
        ("Create", _) => ChangeKind::Opened,
        ("Correspond", _) => ChangeKind::Answered,
        ("Status", _) => ChangeKind::Status { from, to },
        ("Set", "Queue") => ChangeKind::Queue,
        ("Set", "Owner") | ("Take" | "Untake" | "Steal" | "Give" | "Force", _) => ChangeKind::Owner,
        ("Set", "Priority") => ChangeKind::Priority,
        ("CustomField", _) => ChangeKind::Field(field),
        ("AddLink", "MergedInto") => match to.rsplit('/').next() {
            // Each side of a merge says the same.
            Some(into) if into == ticket => ChangeKind::Other("merge".to_owned()),
            Some(into) => ChangeKind::Merged {
                into: into.to_owned(),
            },
            None => ChangeKind::Link,
        },
        ("AddLink" | "DeleteLink", _) => ChangeKind::Link,
        ("Set", other) => ChangeKind::Other(other.to_lowercase()),
        _ => return None,
    };
    let author = person(&json["Creator"]);
    let change = RemoteChange {
        ours: author.login.eq_ignore_ascii_case(us),
        at: time(&json["Created"]),
        source: id.clone(),
        id,
        ticket,
        author,
        kind,
    };
    Some((change.id.parse().ok()?, change))
}

/// The parts of a transaction: its text, what it was marked with, its files.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// The number of the part with the text, and whether that is HTML.
    pub(super) body: Option<(String, bool)>,
    pub(super) marker: Option<String>,
    pub(super) attachments: Vec<RemoteAttachment>,
}

/// Sorts a transaction's parts, which come in their order: the first plain text
/// without a name is the text, the first HTML without one says the same again,
/// and what is left are files.
pub(super) fn parts(items: &[Value]) -> Parts {
    let mut found = Parts::default();
    let mut html = None;
    for item in items {
        let (id, name) = (text(&item["id"]), text(&item["Filename"]));
        let content_type = text(&item["ContentType"]).to_lowercase();
        if content_type.starts_with("multipart/") {
            continue;
        }
        if found.marker.is_none() {
            found.marker = marker(&text(&item["Headers"]));
        }
        if name.is_empty() && content_type == "text/plain" && found.body.is_none() {
            found.body = Some((id, false));
        } else if name.is_empty() && content_type == "text/html" && html.is_none() {
            html = Some(id);
        } else {
            found.attachments.push(RemoteAttachment {
                name: if name.is_empty() {
                    format!("part-{id}")
                } else {
                    name
                },
                id,
                content_type,
                size: text(&item["ContentLength"]).parse().unwrap_or(0),
            });
        }
    }
    if found.body.is_none() {
        found.body = html.map(|id| (id, true));
    }
    found
}

/// The marker in a part's headers. Long lines were folded on their way: what
/// begins with a space goes on with the line before.
pub(super) fn marker(headers: &str) -> Option<String> {
    let unfolded = headers.replace("\r\n", "\n").replace("\n\t", "\n ");
    let unfolded = unfolded.replace("\n ", " ");
    let begin = format!("{MARKER}=\"");
    let mut lines = unfolded.lines();
    let line = lines.find(|line| {
        let name = line.split(':').next().unwrap_or_default();
        name.eq_ignore_ascii_case("content-type") && line.contains(&begin)
    })?;
    let (_, rest) = line.split_once(&begin)?;
    let (marker, _) = rest.split_once('"')?;
    Some(marker.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_last_page_is_known_where_rt_says_how_many_there_are() {
        for (pages, page, last) in [
            (json!(0), 1, true),
            (json!(2), 1, false),
            (json!(2), 2, true),
            (json!(null), 3, false),
        ] {
            assert_eq!(is_last(&json!({ "pages": pages }), page), last, "{pages}");
        }
        assert!(!is_last(&json!({}), 1));
        let list = |total: Value, shown: usize| {
            let items = vec![json!({}); shown];
            json!({ "total": total, "per_page": 2, "items": items })
        };
        for (total, page, shown, hidden) in [
            (json!(3), 1, 2, false),
            (json!(3), 1, 1, true),
            (json!(3), 2, 1, false),
            (json!(3), 2, 0, true),
            (json!(3), 3, 0, false),
            (json!(null), 1, 0, false),
        ] {
            let said = hides(&list(total.clone(), shown), page);
            assert_eq!(said, hidden, "{total} {page} {shown}");
        }
    }

    #[test]
    fn a_mail_with_two_forms_of_its_text_has_one_body() {
        let found = parts(&[
            json!({"id": "1", "ContentType": "multipart/mixed", "Headers": "Subject: x"}),
            json!({"id": "2", "ContentType": "multipart/alternative"}),
            json!({"id": "3", "ContentType": "text/plain", "Headers": "Content-Type: text/plain"}),
            json!({"id": "4", "ContentType": "text/html"}),
            json!({"id": "5", "ContentType": "image/png", "Filename": "a.png", "ContentLength": "7"}),
            json!({"id": "6", "ContentType": "text/plain"}),
        ]);
        assert_eq!(found.body, Some(("3".into(), false)));
        assert_eq!(found.marker, None);
        let names: Vec<&str> = found.attachments.iter().map(|a| a.name.as_str()).collect();
        assert_eq!(names, ["a.png", "part-6"]);
        assert_eq!(found.attachments[0].size, 7);
        let only_html = parts(&[json!({"id": "4", "ContentType": "text/html"})]);
        assert_eq!(only_html.body, Some(("4".into(), true)));
    }

    #[test]
    fn a_marker_is_read_where_it_was_written_and_nowhere_else() {
        let of = |line: &str| marker(line);
        assert_eq!(
            of(
                "Subject: x\nContent-Type: text/plain; charset=\"utf-8\"; switchboard=\"a-1\"\nX: y"
            ),
            Some("a-1".into())
        );
        assert_eq!(
            of("Content-Type: text/plain; charset=\"utf-8\";\n switchboard=\"a-1\"\nX: y"),
            Some("a-1".into())
        );
        assert_eq!(of("Subject: switchboard=\"a-1\""), None);
        assert_eq!(of("Content-Type: text/plain; switchboard=\"torn"), None);
    }

    #[test]
    fn each_side_of_a_merge_says_so_and_one_of_them_is_the_merge() {
        let row = |ticket: &str| {
            json!({"id": "9", "Type": "AddLink", "Field": "MergedInto", "ObjectId": ticket,
                "NewValue": "fsck.com-rt://rt.example/ticket/5", "Creator": {"id": "ada"}})
        };
        let kind = |ticket: &str| change(&row(ticket), "bridge").unwrap().1.kind;
        assert_eq!(kind("4"), ChangeKind::Merged { into: "5".into() });
        assert_eq!(kind("5"), ChangeKind::Other("merge".into()));
        assert!(change(&json!({"id": "1", "Type": "Comment"}), "bridge").is_none());
    }
}
