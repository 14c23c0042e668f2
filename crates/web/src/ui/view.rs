//! The small parts of which all pages are made: marks, rows, entries.
//!
//! Each is a plain value that prints itself as markup (`{{ row.status }}`), so
//! a status or a priority looks and reads the same on every page. Nothing is
//! told by colour alone: each mark has a word or a shape of its own.

use std::borrow::Cow;
use std::fmt;

use askama::Template;
use askama::filters::HtmlSafe;
use switchboard_core::{Priority, Status};

use super::text::Prose;

/// A picture of the sprite, by its name without `i-`. Always beside a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Icon(pub &'static str);

impl fmt::Display for Icon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "<svg class=\"icon\" aria-hidden=\"true\"><use href=\"#i-{}\"/></svg>",
            self.0
        )
    }
}

impl HtmlSafe for Icon {}

/// A status: its glyph and its words.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(
    ext = "html",
    source = r##"<span class="status" data-s="{{ key() }}"><svg aria-hidden="true"><use href="#s-{{ key() }}"/></svg>{{ label }}</span>"##
)]
pub struct StatusMark {
    /// Which of the ten.
    pub status: Status,
    /// The words beside the glyph.
    pub label: Cow<'static, str>,
}

impl StatusMark {
    /// The mark with the status's own words.
    pub fn of(status: Status) -> StatusMark {
        StatusMark {
            status,
            label: Cow::Borrowed(status.label()),
        }
    }

    /// The mark with other words, as "Solved, please check".
    pub fn saying(status: Status, label: impl Into<Cow<'static, str>>) -> StatusMark {
        StatusMark {
            status,
            label: label.into(),
        }
    }

    /// The status's key in JSON, forms and queries.
    pub fn word(&self) -> &'static str {
        self.status.key()
    }

    fn key(&self) -> &'static str {
        glyph(self.status)
    }
}

/// The name of a status in the sprite and the style sheet.
fn glyph(status: Status) -> &'static str {
    match status {
        Status::InProgress => "progress",
        Status::OnHold => "hold",
        other => other.key(),
    }
}

/// A status in a list row: the glyph alone, its words as a tip and for readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Template)]
#[template(
    ext = "html",
    source = r##"<span class="status" data-s="{{ key() }}" title="{{ self.0.label() }}"><svg aria-hidden="true"><use href="#s-{{ key() }}"/></svg><span class="vh">{{ self.0.label() }}</span></span>"##
)]
pub struct StatusGlyph(pub Status);

impl StatusGlyph {
    fn key(self) -> &'static str {
        glyph(self.0)
    }
}

/// A priority: a stair of four steps and its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Template)]
#[template(
    ext = "html",
    source = r##"<span class="prio{% if big %} big{% endif %}" data-p="{{ priority.key() }}"><svg aria-hidden="true"><use href="#p-{{ priority.key() }}"/></svg>{{ priority.label() }}</span>"##
)]
pub struct PrioMark {
    /// Which of the four.
    pub priority: Priority,
    /// As large as the preview shows it.
    pub big: bool,
}

impl PrioMark {
    /// The mark at its usual size.
    pub fn of(priority: Priority) -> PrioMark {
        PrioMark {
            priority,
            big: false,
        }
    }

    /// The mark at the size of the preview.
    pub fn big(priority: Priority) -> PrioMark {
        PrioMark {
            priority,
            big: true,
        }
    }
}

/// A clock: the share of a target used, and what is left in words.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(
    ext = "html",
    source = r##"<span class="clock"{% if let Some(step) = step() %} data-t="{{ step }}"{% endif %} data-used="{{ ring() }}"{% if let Some(turns) = turns %} data-turns="{{ turns.began }} {{ turns.half }} {{ turns.warn }} {{ turns.at }}" data-late="{{ turns.late }}" title="{{ turns.tip }}"{% endif %}>{{ words }}</span>"##
)]
pub struct ClockMark {
    /// Per cent of the target used; may be more than 100.
    pub used: u32,
    /// "due today 14:00", "over since yesterday 17:30".
    pub words: String,
    /// When it changes, so that it goes on while the page stands.
    pub turns: Option<ClockTurns>,
}

/// When a clock's mark changes, epoch milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockTurns {
    /// It began.
    pub began: i64,
    /// Half is used up.
    pub half: i64,
    /// Three quarters.
    pub warn: i64,
    /// All.
    pub at: i64,
    /// The words from then on.
    pub late: String,
    /// "Response of the unit: due Thursday 26 November 2026, 10:12 CET".
    pub tip: String,
}

impl ClockMark {
    /// The colour: 50, 75 or 100 per cent reached.
    fn step(&self) -> Option<u32> {
        match self.used {
            0..50 => None,
            50..75 => Some(50),
            75..100 => Some(75),
            _ => Some(100),
        }
    }

    /// The ring is drawn in steps of five.
    fn ring(&self) -> u32 {
        (self.used.min(100) + 2) / 5 * 5
    }
}

/// A person's initials in a disc; a name always stands beside it or in it.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(
    ext = "html",
    source = r##"{% if named %}<span class="avatar" data-k="{{ k }}" title="{{ name }}"><span aria-hidden="true">{{ initials }}</span><span class="vh">{{ name }}</span></span>{% else %}<span class="avatar" data-k="{{ k }}" aria-hidden="true">{{ initials }}</span>{% endif %}"##
)]
pub struct PersonMark {
    /// One or two letters.
    pub initials: String,
    /// The full name.
    pub name: String,
    /// One of four tints, the same for a name on every page.
    pub k: u8,
    /// The disc itself carries the name, as nothing beside it does.
    pub named: bool,
}

impl PersonMark {
    /// The disc beside a name.
    pub fn of(name: &str) -> PersonMark {
        let words: Vec<&str> = name
            .split(|c: char| !c.is_alphanumeric())
            .filter(|w| w.chars().next().is_some_and(char::is_alphabetic))
            .collect();
        let mut initials = String::new();
        let ends = match words.as_slice() {
            [] => vec![],
            [one] => vec![*one],
            [first, .., last] => vec![*first, *last],
        };
        for word in ends {
            if let Some(letter) = word.chars().next() {
                initials.extend(letter.to_uppercase());
            }
        }
        if initials.is_empty() {
            initials.push('?');
        }
        let sum: u32 = name.bytes().map(u32::from).sum();
        PersonMark {
            initials,
            name: name.to_owned(),
            k: u8::try_from(sum % 4 + 1).unwrap_or(1),
            named: false,
        }
    }

    /// The disc alone, which then carries the name.
    pub fn alone(name: &str) -> PersonMark {
        PersonMark {
            named: true,
            ..PersonMark::of(name)
        }
    }
}

/// A moment: words for people, `datetime` for programs, the exact time as a tip.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(
    ext = "html",
    source = r##"<time datetime="{{ iso }}" title="{{ exact }}">{{ words }}</time>"##
)]
pub struct TimeMark {
    /// RFC 3339, UTC.
    pub iso: String,
    /// "30 min", "Mon 15:42".
    pub words: String,
    /// "Thursday 26 November 2026, 10:12 CET".
    pub exact: String,
}

/// What a chip means; its look follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Just a word.
    Plain,
    /// Another system.
    External,
    /// Somebody's turn.
    Turn,
    /// Well.
    Ok,
    /// Not so well.
    Warn,
    /// Bad.
    Bad,
    /// To know.
    Info,
    /// Who may see it, as security people write it.
    Tlp,
    /// Internal.
    Note,
}

impl Tone {
    /// The class, with a space before it.
    fn class(self) -> &'static str {
        match self {
            Tone::Plain => "",
            Tone::External => " ext",
            Tone::Turn => " turn",
            Tone::Ok => " ok",
            Tone::Warn => " warn",
            Tone::Bad => " bad",
            Tone::Info => " info",
            Tone::Tlp => " tlp",
            Tone::Note => " note",
        }
    }
}

/// A small label.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(
    ext = "html",
    source = r##"<span class="chip{{ tone.class() }}">{% if let Some(i) = icon %}{{ Icon(i) }}{% endif %}{% if !before.is_empty() %}<span class="vh">{{ before }} </span>{% endif %}{{ text }}</span>"##
)]
pub struct Chip {
    /// What it means.
    pub tone: Tone,
    /// A picture of the sprite.
    pub icon: Option<&'static str>,
    /// Words for readers that the picture stands for: "Master of", with "7".
    pub before: &'static str,
    /// What it says.
    pub text: Cow<'static, str>,
}

impl Chip {
    /// A chip with words only.
    pub fn new(tone: Tone, text: impl Into<Cow<'static, str>>) -> Chip {
        Chip {
            tone,
            icon: None,
            before: "",
            text: text.into(),
        }
    }

    /// A chip with a picture.
    pub fn with_icon(tone: Tone, icon: &'static str, text: impl Into<Cow<'static, str>>) -> Chip {
        Chip {
            icon: Some(icon),
            ..Chip::new(tone, text)
        }
    }
}

/// How a service runs: a lamp of the board and a word.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(
    ext = "html",
    source = r##"<span class="lamp"{% if !state.is_empty() %} data-l="{{ state }}"{% endif %}>{{ words }}</span>"##
)]
pub struct Lamp {
    /// `""` running, `degraded`, `down`, `planned`, `off`.
    pub state: &'static str,
    /// "Running", "Degraded since 09:10".
    pub words: String,
}

/// A file of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(
    ext = "html",
    source = r##"<a class="who" href="{{ href }}" download>{{ Icon("clip") }}{{ name }} <span class="muted">{{ size }}</span></a>"##
)]
pub struct FileView {
    /// Its name, made harmless.
    pub name: String,
    /// "42 kB".
    pub size: String,
    /// `/attachments/{id}`.
    pub href: String,
}

/// Writes a number of bytes for people: "42 kB".
pub fn size_words(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        1_000_000..1_000_000_000 => {
            format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000)
        }
        _ => format!(
            "{}.{} GB",
            bytes / 1_000_000_000,
            bytes % 1_000_000_000 / 100_000_000
        ),
    }
}

/// Whose word an entry is; its look follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    /// The requester's, or of somebody they added.
    Requester,
    /// Public, from the support side.
    Support,
    /// Public, through another system, which is named.
    External(String),
    /// Internal.
    Note,
}

impl EntryKind {
    /// The class, with a space before it.
    fn class(&self) -> &'static str {
        match self {
            EntryKind::Requester => "",
            EntryKind::Support => " support",
            EntryKind::External(_) => " external",
            EntryKind::Note => " note",
        }
    }
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "part/entry.html")]
pub struct EntryView {
    /// The entry's id, for links to it.
    pub id: String,
    /// Whose word it is.
    pub kind: EntryKind,
    /// Who wrote it.
    pub author: PersonMark,
    /// As what and how: "Requester, by mail".
    pub about: String,
    /// When.
    pub time: TimeMark,
    /// The text.
    pub body: Prose,
    /// The language of the text, when it is known not to be the page's.
    pub lang: Option<String>,
    /// What the mail quoted of earlier ones, folded: lines and text.
    pub quote: Option<(usize, Prose)>,
    /// Its files.
    pub files: Vec<FileView>,
    /// Where the mail's own HTML is shown, in a sandboxed frame.
    pub html: Option<String>,
    /// Pictures that are shown in that frame, as files.
    pub inside: Vec<FileView>,
    /// So many pictures of the mail are on other servers.
    pub remote: usize,
    /// What the mail claims of signatures and encryption, in sentences.
    pub protection: Vec<String>,
    /// Chips beside the name: "Needs reply", "Solution".
    pub chips: Vec<Chip>,
    /// The text was taken out; this says by whom and why.
    pub redacted: Option<String>,
    /// What is known of the mail it came by, for those who work on the ticket:
    /// first in one sentence, then the details.
    pub origin: Vec<String>,
    /// A ticket that the mail named without a proof.
    pub related: Option<i64>,
}

/// One changed field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// Who did it.
    pub who: String,
    /// What: "status Assigned to In progress".
    pub what: String,
    /// When.
    pub time: TimeMark,
}

/// Changes between two messages, folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventsView {
    /// In one line.
    pub summary: String,
    /// One by one.
    pub rows: Vec<EventRow>,
}

/// Something that the public may know happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HappenedView {
    /// In words.
    pub words: String,
    /// When.
    pub time: TimeMark,
}

/// A piece of a conversation, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ThreadItem {
    /// A message.
    Entry(Box<EntryView>),
    /// Folded changes (staff).
    Events(EventsView),
    /// A change told in words (requester).
    Happened(HappenedView),
}

/// Where a stop of the line stands to now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopKind {
    /// Held it once.
    Past,
    /// Holds it now.
    Now,
    /// Will get it.
    Next,
}

/// One holder of a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteStop {
    /// Who.
    pub name: String,
    /// Since when, or for how long.
    pub note: String,
    /// Then, now or next.
    pub kind: StopKind,
    /// It works in another system.
    pub outside: bool,
}

/// The line: who has held the ticket and who holds it now.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "part/route.html")]
pub struct Route {
    /// From the first holder to the last.
    pub stops: Vec<RouteStop>,
}

/// A ticket in a list.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "part/row.html")]
pub struct ListRow {
    /// Its number.
    pub number: i64,
    /// Where it is opened, with the list's own query.
    pub href: String,
    /// One line.
    pub subject: String,
    /// Where it stands.
    pub status: StatusGlyph,
    /// How much it weighs.
    pub prio: PrioMark,
    /// The target that runs out next.
    pub clock: Option<ClockMark>,
    /// Who asked, short.
    pub requester: String,
    /// The unit, or the service.
    pub unit: String,
    /// Who works on it.
    pub owner: Option<PersonMark>,
    /// When it last changed.
    pub time: TimeMark,
    /// Something in it waits for the reader's side.
    pub unread: bool,
    /// It is the one shown beside the list.
    pub current: bool,
    /// What else there is to know.
    pub chips: Vec<Chip>,
    /// It can be ticked for doing something to many.
    pub pick: bool,
}

/// A choice in a list of choices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is shown.
    pub label: String,
    /// It is the one that holds.
    pub chosen: bool,
}

impl Choice {
    /// A choice that does not hold.
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Choice {
        Choice {
            value: value.into(),
            label: label.into(),
            chosen: false,
        }
    }

    /// A list of choices of which the one with this value holds.
    pub fn list<'a>(
        all: impl IntoIterator<Item = (&'a str, &'a str)>,
        chosen: &str,
    ) -> Vec<Choice> {
        all.into_iter()
            .map(|(value, label)| Choice {
                value: value.to_owned(),
                label: label.to_owned(),
                chosen: value == chosen,
            })
            .collect()
    }
}

/// The way to a next or previous page of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pages {
    /// "41 to 60".
    pub words: String,
    /// Where the newer ones are.
    pub newer: Option<String>,
    /// Where the older ones are.
    pub older: Option<String>,
}

macro_rules! safe {
    ($($name:ty),*) => {$(impl HtmlSafe for $name {})*};
}

// Templates escape what they print, so what they make needs no more of it.
safe!(
    StatusMark,
    StatusGlyph,
    PrioMark,
    ClockMark,
    PersonMark,
    TimeMark,
    Chip,
    Lamp,
    FileView,
    EntryView,
    Route,
    ListRow
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_come_from_any_name() {
        let check = |name: &str, initials: &str| {
            assert_eq!(PersonMark::of(name).initials, initials, "{name}");
        };
        check("Marta Kowalska", "MK");
        check("Jan van der Berg", "JB");
        check("øystein", "Ø");
        check("marta.kowalska@ug.example", "ME");
        check("", "?");
        check("(7)", "?");
    }

    #[test]
    fn clocks_colour_at_their_thresholds() {
        let check = |used: u32, step: Option<u32>, ring: u32| {
            let clock = ClockMark {
                used,
                words: String::new(),
                turns: None,
            };
            assert_eq!((clock.step(), clock.ring()), (step, ring), "{used}");
        };
        check(0, None, 0);
        check(49, None, 50);
        check(50, Some(50), 50);
        check(78, Some(75), 80);
        check(99, Some(75), 100);
        check(250, Some(100), 100);
    }

    #[test]
    fn marks_escape_what_people_wrote() {
        let chip = Chip::new(Tone::Plain, "<b>");
        assert!(!chip.to_string().contains("<b>"));
        let person = PersonMark::alone("\"><script>");
        assert!(!person.to_string().contains("<script>"));
    }

    #[test]
    fn sizes_are_for_people() {
        assert_eq!(size_words(999), "999 B");
        assert_eq!(size_words(41_500), "42 kB");
        assert_eq!(size_words(2_340_000), "2.3 MB");
    }
}
