//! Somebody asks for something: the row with which those who answer consent or
//! refuse, and the row in which who asked sees what became of it.

use askama::Template;
use askama::filters::HtmlSafe;
use desk::application::ApplicationView;
use desk::ask::Became;
use desk::join::JoinView;
use switchboard_core::staff::AskState;

use super::frame::{Frame, Guard};
use super::time::Dial;
use super::view::{Chip, Icon, PersonMark, TimeMark, Tone};
use super::visit::encode;

/// A request with the two ways to answer it.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "part/ask.html")]
pub struct AskRow {
    /// What the forms carry against forgery.
    pub csrf: String,
    /// Where they go.
    pub action: String,
    /// Its id.
    pub id: String,
    /// The page to come back to.
    pub back: String,
    /// The disc of who asks.
    pub mark: PersonMark,
    /// Their name.
    pub name: String,
    /// Address and institute.
    pub about: String,
    /// What they ask for, with the page of each unit.
    pub wants: Vec<(String, String)>,
    /// What they wrote.
    pub text: String,
    /// Since when.
    pub since: TimeMark,
    /// It has waited longer than it should.
    pub late: bool,
    /// "Consent" or "Grant".
    pub yes: &'static str,
    /// Saying yes needs a reason too.
    pub yes_needs_reason: bool,
    /// The reason that was typed, when it was not taken.
    pub typed: String,
    /// What was wrong with it.
    pub problem: String,
}

impl HtmlSafe for AskRow {}

fn about(email: Option<&str>, institute: &str) -> String {
    [email.unwrap_or_default(), institute]
        .into_iter()
        .filter(|t| !t.is_empty())
        .collect::<Vec<_>>()
        .join(", ")
}

fn unit_href(key: &str) -> String {
    format!("/units/{}", encode(key))
}

impl AskRow {
    /// A join request, for the responsibles of the unit.
    pub fn join(frame: &Frame, dial: &Dial, join: &JoinView, back: &str) -> AskRow {
        AskRow {
            csrf: frame.csrf.clone(),
            action: format!("{}/people", unit_href(&join.unit.key)),
            id: join.id.to_string(),
            back: back.to_owned(),
            mark: PersonMark::of(&join.person.name),
            name: join.person.name.clone(),
            about: about(join.person.email.as_deref(), &join.institute),
            wants: vec![(join.unit.name.clone(), unit_href(&join.unit.key))],
            text: join.reason.clone(),
            since: dial.moment(join.became.created_at),
            late: late(&join.became, dial),
            yes: "Consent",
            yes_needs_reason: false,
            typed: String::new(),
            problem: String::new(),
        }
    }

    /// An application for the support permission, for administrators.
    pub fn application(frame: &Frame, dial: &Dial, ask: &ApplicationView) -> AskRow {
        AskRow {
            csrf: frame.csrf.clone(),
            action: "/admin/applications".to_owned(),
            id: ask.id.to_string(),
            back: "/admin/applications".to_owned(),
            mark: PersonMark::of(&ask.person.name),
            name: ask.person.name.clone(),
            about: about(ask.person.email.as_deref(), &ask.institute),
            wants: ask
                .units
                .iter()
                .map(|u| (u.name.clone(), unit_href(&u.key)))
                .collect(),
            text: ask.reason.clone(),
            since: dial.moment(ask.became.created_at),
            late: late(&ask.became, dial),
            yes: "Grant",
            yes_needs_reason: true,
            typed: String::new(),
            problem: String::new(),
        }
    }

    /// The ids of its fields are its own on the page.
    fn field(&self) -> String {
        format!("why-{}", self.id)
    }

    fn guard(&self) -> Guard<'_> {
        Guard(&self.csrf)
    }
}

fn late(became: &Became, dial: &Dial) -> bool {
    switchboard_core::staff::reminders_by(became.created_at, dial.now) > 0
}

/// What became of something that the reader asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedRow {
    /// "Support permission", or the unit.
    pub title: String,
    /// When it was asked, and with which words.
    pub small: String,
    /// What became of it, in words.
    pub words: String,
    /// The same in a word.
    pub chip: Chip,
    /// The next step is the reader's.
    pub turn: bool,
    /// For taking it back: the form's deed and the id.
    pub withdraw: Option<(&'static str, String)>,
}

fn state_chip(state: AskState) -> Chip {
    match state {
        AskState::Waiting => Chip::with_icon(Tone::Info, "clock", "Waiting"),
        AskState::Granted => Chip::with_icon(Tone::Ok, "check", "Granted"),
        AskState::Refused => Chip::with_icon(Tone::Plain, "x", "Refused"),
        AskState::Withdrawn => Chip::new(Tone::Plain, "Withdrawn"),
    }
}

fn became(dial: &Dial, became: &Became, waits_for: &str) -> String {
    let by = became
        .decided_by
        .as_deref()
        .map_or_else(String::new, |who| format!(" by {who}"));
    let on = became
        .decided_at
        .map_or_else(String::new, |at| format!(" {}", dial.moment_words(at)));
    let why = if became.answer.is_empty() {
        String::new()
    } else {
        format!(" “{}”", became.answer)
    };
    match became.state {
        AskState::Waiting => {
            let reminder = became
                .reminder_at
                .filter(|at| *at > dial.now)
                .map_or_else(String::new, |at| {
                    format!(" A reminder goes out on {}.", dial.day_words(at))
                });
            format!("Waits for {waits_for}. They were told by mail.{reminder}")
        }
        AskState::Granted => format!("Granted{by}{on}.{why}"),
        AskState::Refused => format!("Refused{by}{on}.{why}"),
        AskState::Withdrawn => format!("Withdrawn{on}.{why}"),
    }
}

impl AskedRow {
    /// One's own application.
    pub fn application(dial: &Dial, ask: &ApplicationView, turn: bool) -> AskedRow {
        let units: Vec<&str> = ask.units.iter().map(|u| u.name.as_str()).collect();
        AskedRow {
            title: "Support permission".to_owned(),
            small: format!(
                "applied {}, for {}: “{}”",
                dial.moment_words(ask.became.created_at),
                units.join(", "),
                super::text::excerpt(&ask.reason, 160)
            ),
            words: became(dial, &ask.became, "an administrator"),
            chip: state_chip(ask.became.state),
            turn,
            withdraw: (ask.became.state == AskState::Waiting)
                .then(|| ("withdraw", ask.id.to_string())),
        }
    }

    /// One's own request to join a unit.
    pub fn join(dial: &Dial, ask: &JoinView, responsibles: &str) -> AskedRow {
        AskedRow {
            title: ask.unit.name.clone(),
            small: format!("asked {}", dial.moment_words(ask.became.created_at)),
            words: became(dial, &ask.became, responsibles),
            chip: state_chip(ask.became.state),
            turn: false,
            withdraw: (ask.became.state == AskState::Waiting)
                .then(|| ("withdraw-join", ask.id.to_string())),
        }
    }
}
