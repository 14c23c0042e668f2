//! What rules and macros do with a ticket, as their forms show it.

use desk::rule::ThenDraft;
use desk::{Catalogue, Error};
use switchboard_core::rule::STATUSES;
use switchboard_core::{Priority, Status};

use super::posted::Posted;
use super::view::Choice;
use super::visit::sentence;

/// The part of a form that says what is done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeedFields {
    /// Categories.
    pub categories: Vec<Choice>,
    /// Types of issue.
    pub issue_types: Vec<Choice>,
    /// Priorities.
    pub priorities: Vec<Choice>,
    /// Units to give it to.
    pub units: Vec<Choice>,
    /// Statuses that it may set.
    pub statuses: Vec<Choice>,
    /// What else is done.
    pub then: ThenDraft,
    /// Tags, with commas between them.
    pub tag: String,
    /// Tags, with commas between them.
    pub untag: String,
    /// Working days.
    pub hold_days: String,
}

impl DeedFields {
    /// As it is kept, or was typed.
    pub fn of(catalogue: &Catalogue, then: &ThenDraft) -> DeedFields {
        DeedFields {
            categories: choices(
                catalogue
                    .categories
                    .iter()
                    .map(|c| (c.key.clone(), c.name.clone())),
                &then.category,
                "Stays",
            ),
            issue_types: choices(
                catalogue
                    .issue_types
                    .iter()
                    .map(|t| (t.key.clone(), t.name.clone())),
                &then.issue_type,
                "Stays",
            ),
            priorities: choices(
                Priority::ALL
                    .iter()
                    .map(|p| (p.key().to_owned(), p.key().to_owned())),
                &then.priority,
                "Stays",
            ),
            units: choices(unit_names(catalogue), &then.unit, "Stays"),
            statuses: choices(
                STATUSES
                    .iter()
                    .map(|s| (s.key().to_owned(), s.label().to_owned())),
                &then.status,
                "Stays",
            ),
            tag: then.tag.join(", "),
            untag: then.untag.join(", "),
            hold_days: then.hold_days.map_or_else(String::new, |d| d.to_string()),
            then: then.clone(),
        }
    }
}

/// The names of the units that take tickets, as values and labels.
pub fn unit_names(catalogue: &Catalogue) -> Vec<(String, String)> {
    let units = catalogue.units.iter().filter(|u| u.active);
    units.map(|u| (u.name.clone(), u.name.clone())).collect()
}

/// A list to choose from, with `none` before it.
pub fn choices(
    all: impl IntoIterator<Item = (String, String)>,
    chosen: &str,
    none: &str,
) -> Vec<Choice> {
    let mut list = vec![Choice {
        chosen: chosen.is_empty(),
        ..Choice::new("", none)
    }];
    let known: Vec<_> = all.into_iter().collect();
    let missing = !chosen.is_empty() && !known.iter().any(|(value, _)| value == chosen);
    // What is not there any more is shown, and refused when it is sent.
    let lost = missing.then(|| (chosen.to_owned(), chosen.to_owned()));
    list.extend(known.into_iter().chain(lost).map(|(value, label)| Choice {
        chosen: value == chosen,
        ..Choice::new(value, label)
    }));
    list
}

/// A number that somebody typed; what is none is refused by the desk.
pub fn number(text: &str) -> Option<i64> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.parse().unwrap_or(-1))
}

/// What was typed.
pub fn typed(posted: &Posted) -> ThenDraft {
    let text = |name: &str| posted.text(name).to_owned();
    let commas = |name: &str| -> Vec<String> {
        let words = posted.text(name).split(',').map(str::trim);
        words.filter(|w| !w.is_empty()).map(str::to_owned).collect()
    };
    ThenDraft {
        category: text("category"),
        issue_type: text("issue_type"),
        tag: commas("tag"),
        untag: commas("untag"),
        priority: text("priority"),
        unit: text("unit"),
        owner: text("owner"),
        cc: text("cc"),
        involve: text("involve"),
        note: posted.body("note"),
        answer: posted.body("answer"),
        status: text("status"),
        hold: text("hold"),
        hold_days: number(posted.text("hold_days")),
        mail_unit: text("mail_unit"),
        mail_text: posted.body("mail_text"),
    }
}

/// What is done, one for each thing, in a few words.
pub fn words(t: &ThenDraft) -> Vec<String> {
    let mut does = Vec::new();
    let mut say = |is: bool, words: String| {
        if is {
            does.push(words);
        }
    };
    say(!t.category.is_empty(), format!("category {}", t.category));
    say(!t.issue_type.is_empty(), format!("type {}", t.issue_type));
    say(!t.tag.is_empty(), format!("tag {}", t.tag.join(", ")));
    say(!t.untag.is_empty(), format!("untag {}", t.untag.join(", ")));
    say(!t.priority.is_empty(), format!("priority {}", t.priority));
    say(!t.unit.is_empty(), format!("to {}", t.unit));
    say(!t.owner.is_empty(), format!("owner {}", t.owner));
    say(!t.cc.is_empty(), format!("Cc {}", t.cc));
    say(!t.involve.is_empty(), format!("draw in {}", t.involve));
    say(!t.note.is_empty(), "a note".into());
    say(!t.answer.is_empty(), "an answer".into());
    let status = Status::parse(&t.status).map_or("", Status::label);
    say(!status.is_empty(), status.to_lowercase());
    say(!t.hold.is_empty(), "on hold".into());
    say(!t.mail_unit.is_empty(), format!("mail to {}", t.mail_unit));
    does
}

/// What came of a step, in a sentence: all that was or would be done.
pub fn did_words(did: &[String]) -> String {
    match did.is_empty() {
        true => "Nothing: all is so already.".to_owned(),
        false => sentence(&did.join(", ")),
    }
}

/// The same of what is not done yet.
pub fn would_words(did: &[String]) -> String {
    did_words(&did.iter().map(|did| would(did)).collect::<Vec<_>>())
}

/// A step that was not done yet, in words.
pub fn would(did: &str) -> String {
    let (first, rest) = did.split_at(did.find([' ', ',']).unwrap_or(did.len()));
    let verb = match first {
        "added" => "add",
        "answered" => "answer",
        "changed" => "change",
        "gave" => "give",
        "mailed" => "mail",
        "wrote" => "write",
        // "put" and "set" are the same in both.
        same => same,
    };
    format!("{verb}{rest}")
}

/// Why a ticket was left as it was, as its worker reads it.
///
/// # Errors
/// What is not theirs to read.
pub fn refusal(error: Error) -> Result<String, Error> {
    match error {
        Error::Invalid { problem, .. } | Error::Forbidden(problem) | Error::Conflict(problem) => {
            Ok(sentence(&problem))
        }
        Error::NotFound { .. } => Ok("There is no such ticket that you can see.".to_owned()),
        Error::Stale { .. } => Ok("Somebody changed it just now: try again.".to_owned()),
        other => Err(other),
    }
}
