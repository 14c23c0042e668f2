//! Zammad's JSON as our values.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::tracker::call::{list, text, time};
use crate::tracker::{
    ChangeKind, Relation, RemoteAttachment, RemoteChange, RemoteEntry, RemoteLink, RemotePerson,
    RemoteTicket, Standing,
};

/// The state of a ticket that goes on in another.
pub(super) const MERGED: &str = "merged";

/// Who speaks when nobody does: triggers, bounces.
const MACHINE: &str = "System";

/// What every ticket has; what else there is was added by that Zammad's people.
const STANDARD: [&str; 58] = [
    "article_count",
    "article_ids",
    "checklist_id",
    "close_at",
    "close_diff_in_min",
    "close_escalation_at",
    "close_in_min",
    "create_article_sender",
    "create_article_sender_id",
    "create_article_type",
    "create_article_type_id",
    "created_at",
    "created_by",
    "created_by_id",
    "customer",
    "customer_id",
    "ai_agent_running",
    "escalation_at",
    "first_response_at",
    "first_response_diff_in_min",
    "first_response_escalation_at",
    "first_response_in_min",
    "group",
    "group_id",
    "id",
    "last_close_at",
    "last_contact_agent_at",
    "last_contact_at",
    "last_contact_customer_at",
    "last_owner_update_at",
    "mention_ids",
    "mentions",
    "note",
    "number",
    "organization",
    "organization_id",
    "owner",
    "owner_id",
    "pending_time",
    "preferences",
    "priority",
    "priority_id",
    "referencing_checklist_ids",
    "referencing_checklists",
    "state",
    "state_id",
    "tags",
    "ticket_time_accounting",
    "ticket_time_accounting_ids",
    "time_unit",
    "title",
    "type",
    "update_diff_in_min",
    "update_escalation_at",
    "update_in_min",
    "updated_at",
    "updated_by",
    "updated_by_id",
];

/// The name of a link there; `None`: it has none of that kind.
pub(super) fn link_type(relation: Relation) -> Option<&'static str> {
    match relation {
        Relation::RefersTo | Relation::ReferredToBy => Some("normal"),
        Relation::MemberOf => Some("parent"),
        Relation::HasMember => Some("child"),
        Relation::DependsOn
        | Relation::DependedOnBy
        | Relation::Duplicates
        | Relation::DuplicatedBy => None,
    }
}

/// The id that an article of ours has.
pub(super) fn message_id(marker: &str) -> String {
    format!("<{marker}@switchboard>")
}

fn marker(article: &Value) -> Option<String> {
    let id = text(&article["message_id"]);
    let marker = id.strip_prefix('<')?.strip_suffix("@switchboard>")?;
    Some(marker.to_owned())
}

/// The article with a marker.
pub(super) fn marked<'a>(articles: &'a [Value], wanted: &str) -> Option<&'a Value> {
    let is = |article: &&Value| marker(article).as_deref() == Some(wanted);
    articles.iter().find(is)
}

/// A time as conditions and values take it.
pub(super) fn written_time(at: i64) -> String {
    let time = chrono::DateTime::from_timestamp_millis(at).unwrap_or_default();
    time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// A ticket, read with the names of what it belongs to.
pub(super) fn ticket(json: &Value, links: &Value, us: u64) -> RemoteTicket {
    let mut fields = BTreeMap::new();
    for (name, value) in json.as_object().into_iter().flatten() {
        if STANDARD.contains(&name.as_str()) {
            continue;
        }
        let values: Vec<String> = match value {
            Value::Array(several) => several.iter().map(text).collect(),
            Value::Bool(is) => vec![is.to_string()],
            one => vec![text(one)],
        };
        let values: Vec<String> = values.into_iter().filter(|v| !v.is_empty()).collect();
        if !values.is_empty() {
            fields.insert(name.clone(), values);
        }
    }
    let mut links: Vec<RemoteLink> = list(&links["links"]).iter().filter_map(link).collect();
    links.sort();
    let owner = Some(text(&json["owner"]));
    let owned = json["owner_id"]
        .as_u64()
        .is_some_and(|id| id != super::NOBODY);
    let customer = Some(text(&json["customer"])).filter(|login| !login.is_empty());
    RemoteTicket {
        id: text(&json["id"]),
        queue: text(&json["group"]),
        subject: text(&json["title"]),
        status: text(&json["state"]),
        standing: Standing::Present,
        owners: owner.filter(|_| owned).into_iter().collect(),
        priority: text(&json["priority"]),
        // Of whom no address was to pass, we are the customer.
        requesters: customer
            .filter(|_| json["customer_id"].as_u64() != Some(us))
            .into_iter()
            .collect(),
        fields,
        numbered: BTreeMap::new(),
        links,
        created: time(&json["created_at"]),
        changed: time(&json["updated_at"]),
        version: text(&json["updated_at"]),
    }
}

fn link(json: &Value) -> Option<RemoteLink> {
    let relation = match json["link_type"].as_str()? {
        "normal" => Relation::RefersTo,
        "parent" => Relation::MemberOf,
        "child" => Relation::HasMember,
        _ => return None,
    };
    (json["link_object"] == "Ticket").then(|| RemoteLink {
        relation,
        target: text(&json["link_object_value"]),
    })
}

/// Whether people outside may read an article. What a machine says is for nobody.
pub(super) fn is_public(article: &Value) -> bool {
    article["internal"] == false && article["sender"] != MACHINE
}

/// The files of an article.
pub(super) fn attachments(article: &Value) -> Vec<RemoteAttachment> {
    let (ticket, id) = (text(&article["ticket_id"]), text(&article["id"]));
    list(&article["attachments"])
        .iter()
        // The HTML of a mail lies there a second time.
        .filter(|file| file["preferences"]["content-alternative"] != true)
        .map(|file| {
            let preferences = &file["preferences"];
            let kind = ["Mime-Type", "Content-Type"]
                .iter()
                .map(|name| text(&preferences[name]))
                .find(|kind| !kind.is_empty());
            RemoteAttachment {
                id: format!("{ticket}/{id}/{}", text(&file["id"])),
                name: text(&file["filename"]),
                content_type: kind.unwrap_or_else(|| "application/octet-stream".to_owned()),
                size: text(&file["size"]).parse().unwrap_or(0),
            }
        })
        .collect()
}

/// A public article as the entry that came with a change.
pub(super) fn entry(change: &str, article: &Value, us: u64) -> RemoteEntry {
    let login = text(&article["created_by"]);
    let from = text(&article["from"]);
    let name = from.split('<').next().unwrap_or_default().trim();
    RemoteEntry {
        id: change.to_owned(),
        ticket: text(&article["ticket_id"]),
        at: time(&article["created_at"]),
        author: RemotePerson {
            email: if login.contains('@') {
                login.clone()
            } else {
                String::new()
            },
            login,
            name: name.trim_matches('"').to_owned(),
        },
        ours: article["created_by_id"].as_u64() == Some(us),
        marker: marker(article),
        body: text(&article["body"]),
        html: text(&article["content_type"]).starts_with("text/html"),
        attachments: attachments(article),
    }
}

/// The number of a change: the row of the history, and the article that came with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ChangeId {
    row: u64,
    article: u64,
}

/// The article's part: 2^28 articles are more than a hundred times what the largest
/// of these desks has, and 2^35 rows are left for the history.
const ARTICLE_BITS: u32 = 28;

impl ChangeId {
    fn new(row: u64, article: u64) -> Option<ChangeId> {
        (row < 1 << 35 && article < 1 << ARTICLE_BITS).then_some(ChangeId { row, article })
    }

    pub(super) fn parse(text: &str) -> Option<ChangeId> {
        let number: u64 = text.parse().ok()?;
        ChangeId::new(number >> ARTICLE_BITS, number & ((1 << ARTICLE_BITS) - 1))
    }

    /// As one number, which fits into a cursor's.
    fn number(self) -> i64 {
        i64::try_from((self.row << ARTICLE_BITS) | self.article).unwrap_or(i64::MAX)
    }

    /// The article, if there is one.
    pub(super) fn article(self) -> Option<u64> {
        Some(self.article).filter(|id| *id != 0)
    }
}

/// What happened to a ticket, with the people who did it.
pub(super) struct History(pub(super) Value);

impl History {
    fn rows(&self) -> &[Value] {
        list(&self.0["history"])
    }

    /// The ticket that it was merged into last.
    pub(super) fn merged_into(&self) -> Option<u64> {
        let merges = self
            .rows()
            .iter()
            .filter(|row| row["type"] == "merged_into");
        merges.filter_map(|row| row["id_to"].as_u64()).next_back()
    }

    /// The articles that were written.
    pub(super) fn articles(&self) -> impl Iterator<Item = u64> {
        let written = |row: &&Value| is_article(row) && row["type"] == "created";
        self.rows()
            .iter()
            .filter(written)
            .filter_map(|row| row["o_id"].as_u64())
    }

    /// The row with which an article became public: it was written so, or it was an
    /// internal one until then. Whatever becomes of it later, it came with that row.
    fn published(&self, article: u64) -> Option<&Value> {
        let mut rows = self
            .rows()
            .iter()
            .filter(|row| is_article(row) && row["o_id"].as_u64() == Some(article));
        let written = rows.next()?;
        Some(match rows.next() {
            Some(changed) if changed["value_to"] == "false" => changed,
            _ => written,
        })
    }

    pub(super) fn has_articles(&self) -> bool {
        self.articles().next().is_some()
    }

    /// The changes with the numbers that a cursor keeps, in order.
    pub(super) fn changes(
        &self,
        ticket: u64,
        articles: &BTreeMap<u64, Value>,
        us: u64,
    ) -> Vec<(i64, RemoteChange)> {
        let public = |id: u64| articles.get(&id).is_some_and(is_public);
        // What a ticket was opened with is its first article, made in its transaction.
        let first = self.articles().next().filter(|id| {
            let written = self
                .published(*id)
                .is_some_and(|row| row["type"] == "created");
            public(*id) && written
        });
        let begun = |row: &Value| row["object"] == "Ticket" && row["type"] == "created";
        let opened = self.rows().iter().any(begun);
        let mut changes = Vec::new();
        for row in self.rows() {
            let object = row["o_id"].as_u64().unwrap_or_default();
            let (kind, article) = if is_article(row) {
                let begins = first == Some(object) && opened;
                let came = self
                    .published(object)
                    .is_some_and(|it| it["id"] == row["id"]);
                if !public(object) || !came || begins {
                    continue;
                }
                (ChangeKind::Answered, object)
            } else if begun(row) {
                (ChangeKind::Opened, first.unwrap_or_default())
            } else {
                match self::kind(row) {
                    Some(kind) => (kind, 0),
                    None => continue,
                }
            };
            let id = row["id"].as_u64().unwrap_or_default();
            let Some(id) = ChangeId::new(id, article) else {
                continue;
            };
            let by = row["created_by_id"].as_u64().unwrap_or_default();
            changes.push((
                id.number(),
                RemoteChange {
                    id: id.number().to_string(),
                    source: id.number().to_string(),
                    ticket: ticket.to_string(),
                    at: time(&row["created_at"]),
                    author: self.person(by),
                    ours: by == us,
                    kind,
                },
            ));
        }
        changes.sort_by_key(|(number, _)| *number);
        changes
    }

    fn person(&self, id: u64) -> RemotePerson {
        let user = &self.0["assets"]["User"][id.to_string()];
        let name = format!("{} {}", text(&user["firstname"]), text(&user["lastname"]));
        RemotePerson {
            login: text(&user["login"]),
            name: name.trim().to_owned(),
            email: text(&user["email"]),
        }
    }
}

/// Whether a row says that an article was written, hidden or published.
fn is_article(row: &Value) -> bool {
    let shown = row["type"] == "updated" && row["attribute"] == "internal";
    row["object"] == "Ticket::Article" && (row["type"] == "created" || shown)
}

/// What a row of a ticket says; `None`: nothing that is for us.
fn kind(row: &Value) -> Option<ChangeKind> {
    if row["object"] != "Ticket" {
        return None;
    }
    match (row["type"].as_str()?, row["attribute"].as_str()) {
        ("merged_into", _) => Some(ChangeKind::Merged {
            into: text(&row["id_to"]),
        }),
        // The word for what `merged_into` says.
        ("updated", Some("state")) if row["value_to"] == MERGED => None,
        ("updated", Some("state")) => Some(ChangeKind::Status {
            from: text(&row["value_from"]),
            to: text(&row["value_to"]),
        }),
        ("updated", Some("group")) => Some(ChangeKind::Queue),
        ("updated", Some("owner")) => Some(ChangeKind::Owner),
        ("updated", Some("priority")) => Some(ChangeKind::Priority),
        ("updated", Some(other)) if STANDARD.contains(&other) => {
            Some(ChangeKind::Other(other.to_owned()))
        }
        ("updated", Some(other)) => Some(ChangeKind::Field(other.to_owned())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_known_by_its_row_and_its_article() {
        let id = ChangeId::new(34_000_000_000, 268_000_000).unwrap();
        assert_eq!(ChangeId::parse(&id.number().to_string()), Some(id));
        assert_eq!(id.article(), Some(268_000_000));
        assert_eq!(ChangeId::new(7, 0).unwrap().article(), None);
        assert!(ChangeId::new(8, 0) > ChangeId::new(7, 9));
        assert_eq!(ChangeId::new(1 << 35, 0), None);
        assert_eq!(ChangeId::new(0, 1 << 28), None);
        assert_eq!(ChangeId::parse("x"), None);
    }
}
