//! A conversation as it is shown: entries, changes between them, and the line
//! of who has held the ticket.

use std::collections::HashMap;

use desk::mail_in::MailNote;
use desk::view::{Conversation, EntryView as Entry, EventView};
use switchboard_core::{Change, EntryId, EntryVisibility, Millis, PersonId, Status, UnitId};

use super::text::prose;
use super::time::{Dial, length};
use super::view::{
    Chip, EntryKind, EntryView, EventRow, EventsView, FileView, HappenedView, PersonMark, Route,
    RouteStop, StopKind, ThreadItem, Tone, size_words,
};
use super::words::{Namer, channel_words};

/// Where files and formatted mails of a ticket are found, and who looks.
#[derive(Debug, Clone)]
pub struct Lens<'a> {
    /// The reader's time.
    pub dial: &'a Dial,
    /// Names.
    pub namer: Namer<'a>,
    /// On the support side: changes are shown one by one.
    pub staff: bool,
    /// Who looks.
    pub me: Option<PersonId>,
    /// What stands before `/html` of an entry: `/tickets/12/entries/`.
    pub entries_at: String,
    /// What stands before a file's id: `/attachments/`.
    pub files_at: String,
}

impl Lens<'_> {
    /// Entries and changes, oldest first.
    pub fn thread(&self, conversation: &Conversation) -> Vec<ThreadItem> {
        let mut items = Vec::new();
        let mut events = conversation.events.iter().peekable();
        let last_public = conversation
            .entries
            .iter()
            .rev()
            .find(|e| e.visibility == EntryVisibility::Public)
            .map(|e| e.id);
        let by_macro: HashMap<EntryId, &str> = conversation
            .events
            .iter()
            .filter_map(|event| match &event.change {
                Change::EntryAdded { entry } if self.staff => {
                    Some((entry.id, event.by_macro.as_deref()?))
                }
                _ => None,
            })
            .collect();
        for entry in &conversation.entries {
            let mut between = Vec::new();
            while let Some(event) = events.next_if(|e| e.at < entry.at) {
                between.push(event);
            }
            self.changes(&mut items, &between);
            let mut view = self.entry(entry);
            if self.staff
                && let Some(note) = conversation.mails.iter().find(|m| m.entry == entry.id)
            {
                self.origin(&mut view, note);
            }
            if let Some(name) = by_macro.get(&entry.id) {
                let words = format!("Macro: {name}");
                view.chips
                    .push(Chip::with_icon(Tone::Plain, "again", words));
            }
            if self.staff && conversation.ticket.needs_reply && last_public == Some(entry.id) {
                view.chips
                    .push(Chip::with_icon(Tone::Turn, "reply", "Needs reply"));
            }
            items.push(ThreadItem::Entry(Box::new(view)));
        }
        self.changes(&mut items, &events.collect::<Vec<_>>());
        items
    }

    fn changes(&self, items: &mut Vec<ThreadItem>, events: &[&EventView]) {
        if !self.staff {
            for event in events {
                if let Some(words) = self.namer.happened(event) {
                    items.push(ThreadItem::Happened(HappenedView {
                        words,
                        time: self.dial.moment(event.at),
                    }));
                }
            }
            return;
        }
        let shown: Vec<_> = events
            .iter()
            .filter(|e| {
                !matches!(
                    e.change,
                    Change::EntryAdded { .. }
                        | Change::MasterEntry { .. }
                        | Change::SolutionSet { .. }
                )
            })
            .collect();
        if shown.is_empty() {
            return;
        }
        let rows: Vec<EventRow> = shown
            .iter()
            .map(|e| EventRow {
                who: e.actor_name.clone(),
                what: match &e.by_macro {
                    Some(name) => {
                        format!("{}, by macro “{name}”", self.namer.words(&e.change).line())
                    }
                    None => self.namer.words(&e.change).line(),
                },
                time: self.dial.moment(e.at),
            })
            .collect();
        let mut parts: Vec<String> = shown
            .iter()
            .filter(|e| !matches!(e.change, Change::PriorityConfirmed | Change::Opened { .. }))
            .take(3)
            .map(|e| super::text::excerpt(&self.namer.words(&e.change).line(), 60))
            .collect();
        if parts.is_empty() {
            let opened = shown
                .iter()
                .any(|e| matches!(e.change, Change::Opened { .. }));
            parts.push(
                if opened {
                    "opened"
                } else {
                    "priority confirmed"
                }
                .to_owned(),
            );
        }
        let mut summary = if rows.len() == 1 {
            parts.concat()
        } else {
            format!("{} changes: {}", rows.len(), parts.join(", "))
        };
        if let Some(name) = shown.iter().find_map(|e| e.by_macro.as_ref()) {
            summary.push_str(&format!(", by macro “{name}”"));
        }
        items.push(ThreadItem::Events(EventsView { summary, rows }));
    }

    /// One message.
    pub fn entry(&self, entry: &Entry) -> EntryView {
        let kind = match (entry.visibility, entry.author_side.as_str()) {
            (EntryVisibility::Internal, _) => EntryKind::Note,
            (_, "requester") => EntryKind::Requester,
            (_, "external") => EntryKind::External("another desk".to_owned()),
            _ => EntryKind::Support,
        };
        let mine = self.me.is_some() && entry.author == self.me;
        let name = if mine && !self.staff {
            "You"
        } else {
            &entry.author_name
        };
        let mut author = PersonMark::of(&entry.author_name);
        author.name = name.to_owned();
        let door = channel_words(&entry.channel);
        let about = match (&kind, self.staff) {
            (EntryKind::Requester, true) => format!("Requester, {door}"),
            (EntryKind::Support, true) => format!("Reply, {door}"),
            (EntryKind::Support, false) => "Support".to_owned(),
            _ => String::new(),
        };
        let mut chips = Vec::new();
        if entry.solution {
            chips.push(Chip::with_icon(Tone::Ok, "check", "Solution"));
        }
        let quote = entry
            .quoted
            .as_deref()
            .filter(|q| !q.trim().is_empty())
            .map(|q| (q.lines().count(), prose(&unquoted(q))));
        let file = |f: &desk::view::FileView| FileView {
            name: f.name.clone(),
            size: size_words(u64::try_from(f.size).unwrap_or(0)),
            href: format!("{}{}", self.files_at, f.id),
        };
        let (inside, beside): (Vec<_>, Vec<_>) = entry
            .files
            .iter()
            .partition(|f| entry.pictures.inside.contains(&f.id));
        EntryView {
            id: entry.id.to_string(),
            kind,
            author,
            about,
            time: self.dial.moment(entry.at),
            body: prose(&entry.body),
            lang: None,
            quote,
            files: beside.into_iter().map(file).collect(),
            inside: inside.into_iter().map(file).collect(),
            remote: entry.pictures.remote,
            protection: entry.protection.iter().map(|p| p.words()).collect(),
            html: entry
                .has_html
                .then(|| format!("{}{}/html", self.entries_at, entry.id)),
            chips,
            redacted: None,
            origin: Vec::new(),
            related: None,
        }
    }

    /// What is known of the mail that an entry came by.
    fn origin(&self, view: &mut EntryView, note: &MailNote) {
        view.related = note.related.map(|n| n.0);
        let way = match note.channel.as_str() {
            "imap" => "read from a mailbox (IMAP)",
            "lmtp" => "handed over by the mail server (LMTP)",
            _ => "handed over as a file",
        };
        if let Some(verdict) = &note.verdict {
            view.origin.push(verdict.sentence());
            view.origin.extend(verdict.details());
        } else {
            view.origin.push("By mail.".to_owned());
        }
        view.origin.push(format!("It was {way}."));
        view.origin.extend(note.flagged.clone());
        if note.verdict.as_ref().is_some_and(|v| v.proof == "failed") {
            view.chips
                .push(Chip::with_icon(Tone::Warn, "warn", "Sender not proven"));
        }
    }

    /// Who has held the ticket and who holds it now. The first stop is whoever
    /// asked, when `asked` names them.
    pub fn route(&self, conversation: &Conversation, asked: Option<&str>) -> Route {
        let ticket = &conversation.ticket;
        let mut stays: Vec<(UnitId, Millis)> = Vec::new();
        for event in &conversation.events {
            match &event.change {
                Change::Opened { unit, .. } => stays.push((*unit, event.at)),
                Change::UnitSet { new, .. } => stays.push((*new, event.at)),
                _ => {}
            }
        }
        if stays.is_empty() {
            stays.push((ticket.unit.id, ticket.unit_since));
        }
        let turn = matches!(ticket.status, Status::Waiting | Status::Solved);
        let over = ticket.status.is_final();
        let mut stops = Vec::new();
        if let Some(name) = asked {
            stops.push(RouteStop {
                name: name.to_owned(),
                note: self.dial.ago_words(ticket.created_at),
                kind: StopKind::Past,
                outside: false,
            });
        }
        let closed = ticket.closed_at.filter(|_| !ticket.status.is_open());
        let count = stays.len();
        for (i, (unit, since)) in stays.iter().enumerate() {
            let until = stays.get(i + 1).map(|(_, at)| *at).or(closed);
            let last = i + 1 == count;
            let here = last && closed.is_none() && !(turn && asked.is_some());
            let note = match until {
                Some(until) => format!("for {}", length(until - since)),
                None => since_words(self.dial, *since),
            };
            // A ticket that went round for a second is not a stay.
            if until.is_some_and(|u| u == *since) && !last {
                continue;
            }
            stops.push(RouteStop {
                name: self.namer.unit(*unit),
                note,
                kind: if here { StopKind::Now } else { StopKind::Past },
                outside: false,
            });
        }
        if stops.len() > 5 {
            let cut = stops.len() - 4;
            stops.drain(1..cut);
        }
        if over {
            stops.push(RouteStop {
                name: ticket.status.label().to_owned(),
                note: self.dial.ago_words(ticket.status_since),
                kind: StopKind::Now,
                outside: false,
            });
        } else if turn || closed.is_some() {
            let name = match asked {
                Some(name) => name.to_owned(),
                None => "Requester".to_owned(),
            };
            stops.push(RouteStop {
                name,
                note: if ticket.status == Status::Waiting {
                    "please answer".to_owned()
                } else {
                    "please check".to_owned()
                },
                kind: if asked.is_some() || closed.is_some() {
                    StopKind::Now
                } else {
                    StopKind::Next
                },
                outside: false,
            });
        }
        Route { stops }
    }
}

/// A quotation without its marks, as it is folded already.
fn unquoted(text: &str) -> String {
    text.lines()
        .map(|line| line.trim_start_matches(['>', ' ']))
        .collect::<Vec<_>>()
        .join("\n")
}

/// "since 09:10", "since Tuesday", "since 19 Nov".
pub fn since_words(dial: &Dial, at: Millis) -> String {
    let moment = dial.moment_words(at);
    let words = match moment.split_once(' ') {
        Some(("today", clock)) => clock.to_owned(),
        Some((day, rest)) if !rest.contains(',') => day.to_owned(),
        _ => dial.day_words(at),
    };
    format!("since {words}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_a_day_or_an_hour() {
        // Thursday 26 November 2026, 10:42 UTC.
        let now = 1_795_689_720_000;
        let dial = Dial::utc(now);
        let hour = 3_600_000;
        assert_eq!(since_words(&dial, now - hour), "since 09:42");
        assert_eq!(since_words(&dial, now - 24 * hour), "since yesterday");
        assert_eq!(since_words(&dial, now - 48 * hour), "since Tuesday");
        assert_eq!(since_words(&dial, now - 24 * 9 * hour), "since 17 Nov");
    }

    #[test]
    fn quotations_lose_their_marks() {
        assert_eq!(unquoted("> a\n>> b\nc"), "a\nb\nc");
    }
}
