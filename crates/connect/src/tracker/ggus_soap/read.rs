//! What GGUS says, as our values.

use sha2::{Digest as _, Sha256};

use super::soap::Node;
use super::{GgusSoap, REMARK};
use crate::tracker::number::{Sort, number};
use crate::tracker::{
    ChangeKind, RemoteAttachment, RemoteChange, RemoteEntry, RemotePerson, RemoteTicket, Standing,
};

/// An `xs:dateTime` in milliseconds since 1970; without a zone it is taken for UTC, and
/// what is no time is 0.
pub(super) fn time(text: &str) -> i64 {
    let zoned = chrono::DateTime::parse_from_rfc3339(text);
    let plain = || chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f");
    match zoned {
        Ok(time) => time.timestamp_millis(),
        Err(_) => plain().map_or(0, |time| time.and_utc().timestamp_millis()),
    }
}

/// The number of a ticket. A list, an answer and an older version name it otherwise.
pub(super) fn id(node: &Node) -> Option<u64> {
    node.text(&["GHD_Request_ID", "GHD_Request-ID"])
        .parse()
        .ok()
}

pub(super) fn created(ticket: &Node) -> i64 {
    time(&ticket.text(&["GHD_Date_Of_Creation", "GHD_Create_Date"]))
}

pub(super) fn changed(ticket: &Node) -> i64 {
    time(&ticket.text(&["GHD_Date_Of_Change", "GHD_Modified_Date"]))
}

pub(super) fn status(ticket: &Node) -> String {
    ticket.text(&["GHD_Status"])
}

/// Whether it is done with there: its requester agreed, or time did.
pub(super) fn is_over(ticket: &Node) -> bool {
    let status = status(ticket).to_lowercase();
    matches!(status.as_str(), "verified" | "closed")
}

/// The line of a text of ours by which it is found again.
pub(super) fn marked(text: &str, marker: &str) -> String {
    format!("{}\n\n[switchboard:{marker}]", text.trim_end())
}

/// The marker of a text, and the text without it.
pub(super) fn unmarked(text: &str) -> (Option<String>, String) {
    let text = text.trim_end();
    let line = text.lines().next_back().unwrap_or_default();
    let inner = line
        .strip_prefix("[switchboard:")
        .and_then(|rest| rest.strip_suffix(']'));
    match inner {
        Some(marker) => {
            let rest = &text[..text.len() - line.len()];
            (Some(marker.to_owned()), rest.trim_end().to_owned())
        }
        None => (None, text.to_owned()),
    }
}

/// A row of the history that says something. Rows have no numbers of their own: they
/// are told apart by what is in them, which never changes.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) at: i64,
    pub(super) by: String,
    pub(super) diary: String,
    pub(super) solution: String,
    status: String,
    unit: String,
    priority: String,
    pub(super) owner: String,
    /// Of what is in it, in 24 bits; those that are the same in a second are counted in
    /// three more.
    hash: u64,
    /// Its place among the rows of its second.
    place: u64,
}

/// Files are above the texts of their second.
const FILE: u64 = 1 << 28;

impl Row {
    /// The number of a text: by what is in the row, so that it stays the same whatever
    /// comes beside it later.
    pub(super) fn text_number(&self, more: u64) -> i64 {
        number(self.at, Sort::Text, ((self.hash << 1) | more) & (FILE - 1))
    }

    /// The number of a value: the last of its second is what stands.
    fn value_number(&self, more: u64) -> i64 {
        let hash = self.hash & 0xffff;
        number(
            self.at,
            Sort::Value,
            (self.place << 18) | (hash << 2) | more,
        )
    }

    /// The text that has this number, if it is of this row.
    pub(super) fn text(&self, what: &str, number: i64) -> Option<&str> {
        match what {
            "diary" if self.text_number(0) == number => Some(&self.diary),
            "solution" if self.text_number(1) == number => Some(&self.solution),
            _ => None,
        }
    }
}

/// The rows of a history in the order of their times. Which comes first differed from
/// version to version: their times tell, or, of a single second, what they say.
pub(super) fn rows(nodes: &[Node], stands: &str) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for node in nodes {
        let text = |name: &str| node.text(&[name]);
        let fields = [
            text("GHD_Creation_Date"),
            text("GHD_Last_Modifier"),
            text("GHD_Public_Diary"),
            text("GHD_Detailed_Solution"),
            text("GHD_Status"),
            text("GHD_Responsible_Unit"),
            text("GHD_Priority"),
            text("GHD_Assigned_To"),
        ];
        let mut hash = Sha256::new();
        for field in &fields {
            hash.update((field.len() as u64).to_be_bytes());
            hash.update(field.as_bytes());
        }
        let hash = hash.finalize();
        let hash = u64::from(u32::from_be_bytes(std::array::from_fn(|at| hash[at])) >> 8);
        let [at, by, diary, solution, status, unit, priority, owner] = fields;
        let at = time(&at);
        // The very same twice, or what has the same hash by accident.
        let twins = rows
            .iter()
            .filter(|row| (row.at, row.hash >> 3) == (at, hash));
        let twins = twins.count() as u64 & 7;
        rows.push(Row {
            at,
            by,
            diary,
            solution,
            status,
            unit,
            priority,
            owner,
            hash: (hash << 3) | twins,
            place: 0,
        });
    }
    let ends = (rows.first().map(|r| r.at), rows.last().map(|r| r.at));
    let mut told = rows.iter().map(|row| &row.status);
    let shows = |status: Option<&String>| status.is_some_and(|s| s.eq_ignore_ascii_case(stands));
    let said = |status: &&String| !status.is_empty();
    // What it began with has all values.
    let whole = |row: Option<&Row>| {
        row.is_some_and(|row| {
            let values = [&row.status, &row.unit, &row.priority];
            values.into_iter().all(|value| !value.is_empty())
        })
    };
    let newest_first = match ends {
        (first, last) if first == last => match (whole(rows.first()), whole(rows.last())) {
            (false, true) => true,
            (true, false) => false,
            _ => shows(told.clone().find(said)) && !shows(told.rfind(said)),
        },
        (first, last) => first > last,
    };
    if newest_first {
        rows.reverse();
    }
    rows.sort_by_key(|row| row.at);
    for at in 1..rows.len() {
        if rows[at].at == rows[at - 1].at {
            rows[at].place = (rows[at - 1].place + 1) & 0x3ff;
        }
    }
    rows
}

/// A file of a ticket.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) by: String,
    pub(super) at: i64,
}

pub(super) fn file(node: &Node) -> Option<File> {
    let id = node.text(&["GAT_Attachment-ID", "GAT_Attachment_ID"]);
    (!id.is_empty()).then(|| File {
        id,
        name: node.text(&["GAT_Attachment_attachmentName", "GAT_Attachment_Name"]),
        by: node.text(&["GAT_Last_Modifier"]),
        at: time(&node.text(&["GAT_Create_Date"])),
    })
}

fn person(name: &str) -> RemotePerson {
    RemotePerson {
        login: name.to_owned(),
        name: name.to_owned(),
        email: String::new(),
    }
}

impl GgusSoap {
    /// Whether a name is that of our account, which we give as who changed something.
    pub(super) fn is_us(&self, name: &str) -> bool {
        name.trim().eq_ignore_ascii_case(&self.door.user)
    }

    /// Whether a ticket was made from here.
    fn is_ours(&self, ticket: &Node) -> bool {
        let origin = ticket.text(&["GHD_Origin_SG"]);
        origin.eq_ignore_ascii_case(&self.origin)
    }

    /// The queue as the agreement writes it, where the ticket is in that unit.
    pub(super) fn queue_of(&self, unit: &str) -> String {
        if unit.eq_ignore_ascii_case(&self.unit) {
            self.queue.clone()
        } else {
            unit.to_owned()
        }
    }

    pub(super) fn ticket(&self, id: u64, node: &Node, rows: &[Row]) -> RemoteTicket {
        let mail = node.text(&["GHD_E-Mail", "GHD_Submitter_Mail"]);
        let asks = [mail, node.text(&["GHD_Name"])];
        let owner = rows.iter().rev().map(|row| &row.owner);
        let owner = owner.into_iter().find(|owner| !owner.is_empty()).cloned();
        RemoteTicket {
            id: id.to_string(),
            queue: self.queue_of(&node.text(&["GHD_Responsible_Unit"])),
            subject: node.text(&["GHD_Short_Description"]),
            status: status(node),
            standing: Standing::Present,
            owners: owner.into_iter().collect(),
            priority: node.text(&["GHD_Priority"]),
            // Of what came from here the requester is known here.
            requesters: if self.is_ours(node) {
                Vec::new()
            } else {
                asks.into_iter().filter(|one| !one.is_empty()).collect()
            },
            fields: Default::default(),
            numbered: Default::default(),
            links: Vec::new(),
            created: created(node),
            changed: changed(node),
            version: node.text(&["GHD_Date_Of_Change", "GHD_Modified_Date"]),
        }
    }

    /// Who made a ticket.
    fn maker(&self, node: &Node) -> RemotePerson {
        if self.is_ours(node) {
            return person(&self.door.user);
        }
        let name = node.text(&["GHD_Name"]);
        let email = node.text(&["GHD_E-Mail", "GHD_Submitter_Mail"]);
        RemotePerson {
            login: if name.is_empty() {
                email.clone()
            } else {
                name.clone()
            },
            name,
            email,
        }
    }

    /// What happened to a ticket, with the numbers that a cursor keeps.
    pub(super) fn changes_of(
        &self,
        id: u64,
        node: &Node,
        rows: &[Row],
        files: &[File],
    ) -> Vec<(i64, RemoteChange)> {
        let mut changes = Vec::new();
        let mut push = |number: i64, at, author: RemotePerson, ours, source, kind| {
            changes.push((
                number,
                RemoteChange {
                    id: number.to_string(),
                    source,
                    ticket: id.to_string(),
                    at,
                    author,
                    ours,
                    kind,
                },
            ));
        };
        let made = created(node);
        push(
            number(made, Sort::Opened, id),
            made,
            self.maker(node),
            self.is_ours(node),
            format!("ticket/{id}"),
            ChangeKind::Opened,
        );
        let (mut status, mut unit, mut priority, mut owner) = ("", "", "", "");
        for (place, row) in rows.iter().enumerate() {
            let (ours, by) = (self.is_us(&row.by), person(&row.by));
            let texts = [("diary", &row.diary, 0), ("solution", &row.solution, 1)];
            for (what, text, more) in texts {
                // Many say once more what they wrote before.
                let before = rows.iter().take(place + 1);
                let told = more == 1 && before.into_iter().any(|b| b.diary == *text);
                if text.is_empty() || told || (ours && text == REMARK) {
                    continue;
                }
                let number = row.text_number(more);
                let source = format!("{what}/{id}/{number}");
                push(
                    number,
                    row.at,
                    by.clone(),
                    ours,
                    source,
                    ChangeKind::Answered,
                );
            }
            // What it began with is no change, where the history has that.
            let first = place == 0 && row.at - made <= 2_000;
            let moves = [
                (&row.status, &mut status, 0),
                (&row.unit, &mut unit, 1),
                (&row.priority, &mut priority, 2),
                (&row.owner, &mut owner, 3),
            ];
            for (to, was, more) in moves {
                let same = to.is_empty() || to.eq_ignore_ascii_case(was);
                let kind = match more {
                    0 => ChangeKind::Status {
                        from: (*was).to_owned(),
                        to: to.clone(),
                    },
                    1 => ChangeKind::Queue,
                    2 => ChangeKind::Priority,
                    _ => ChangeKind::Owner,
                };
                if !same {
                    *was = to;
                }
                if same || first {
                    continue;
                }
                let number = row.value_number(more);
                push(number, row.at, by.clone(), ours, String::new(), kind);
            }
        }
        for file in files.iter().filter(|file| !self.is_us(&file.by)) {
            let own: String = file.id.chars().filter(char::is_ascii_digit).collect();
            // Above the texts of that second.
            let own = FILE | (own.parse::<u64>().unwrap_or_default() & (FILE - 1));
            let source = format!("file/{id}/{}", file.id);
            let (number, by) = (number(file.at, Sort::Text, own), person(&file.by));
            push(number, file.at, by, false, source, ChangeKind::Answered);
        }
        changes.sort_by_key(|(number, _)| *number);
        changes
    }

    /// What a ticket begins with.
    pub(super) fn opening(&self, source: &str, id: u64, node: &Node) -> RemoteEntry {
        let ours = self.is_ours(node);
        let text = node.text(&["GHD_Description"]);
        let (marker, body) = if ours { unmarked(&text) } else { (None, text) };
        RemoteEntry {
            id: source.to_owned(),
            ticket: id.to_string(),
            at: created(node),
            author: self.maker(node),
            ours,
            marker,
            body,
            html: false,
            attachments: Vec::new(),
        }
    }

    /// What a row of the history says.
    pub(super) fn row_entry(&self, source: &str, id: u64, row: &Row, text: &str) -> RemoteEntry {
        let ours = self.is_us(&row.by);
        let (marker, body) = if ours {
            unmarked(text)
        } else {
            (None, text.to_owned())
        };
        RemoteEntry {
            id: source.to_owned(),
            ticket: id.to_string(),
            at: row.at,
            author: person(&row.by),
            ours,
            marker,
            body,
            html: false,
            attachments: Vec::new(),
        }
    }

    /// A file as an entry of its own: nothing says which text it came with.
    pub(super) fn file_entry(&self, source: &str, id: u64, file: &File, size: u64) -> RemoteEntry {
        RemoteEntry {
            id: source.to_owned(),
            ticket: id.to_string(),
            at: file.at,
            author: person(&file.by),
            ours: self.is_us(&file.by),
            marker: None,
            body: format!("File: {}", file.name),
            html: false,
            attachments: vec![RemoteAttachment {
                id: file.id.clone(),
                name: file.name.clone(),
                content_type: "application/octet-stream".to_owned(),
                size,
            }],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_ours_is_known_by_its_last_line() {
        let text = marked("Which one?\n", "sb1-2");
        assert_eq!(text, "Which one?\n\n[switchboard:sb1-2]");
        assert_eq!(unmarked(&text), (Some("sb1-2".into()), "Which one?".into()));
        for other in [
            format!("{text}\nNo."),
            "x".into(),
            String::new(),
            "[switchboard:x".into(),
        ] {
            assert_eq!(unmarked(&other), (None, other.clone()));
        }
    }

    #[test]
    fn times_have_a_zone_or_are_taken_for_utc() {
        let is = 1_795_759_200_000;
        for text in [
            "2026-11-27T06:00:00Z",
            "2026-11-27T07:00:00+01:00",
            "2026-11-27T06:00:00.000",
        ] {
            assert_eq!(time(text), is, "{text}");
        }
        assert_eq!((time(""), time("yesterday")), (0, 0));
    }
}
