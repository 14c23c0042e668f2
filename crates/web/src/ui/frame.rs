//! What surrounds every page: who reads it, where they are, what just happened.

use std::collections::BTreeMap;
use std::fmt;

use askama::Template;
use askama::filters::HtmlSafe;
use serde::{Deserialize, Serialize};

use super::view::{Icon, PersonMark};

/// The part of the site a page belongs to, for the bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Here {
    /// None of those below.
    #[default]
    Elsewhere,
    /// The front page and the catalogue.
    Services,
    /// The requester's own tickets.
    MyTickets,
    /// The agents' panes.
    Workspace,
    /// The triage board.
    Triage,
    /// How tickets travel to partners.
    Exchange,
    /// What the histories of tickets amount to.
    Reports,
    /// Units.
    Units,
    /// What providers look after.
    Providers,
    /// Applying and joining.
    SupportStaff,
    /// News.
    News,
    /// What administrators look after.
    Admin,
}

/// Which of the two faces a page shows: airy in public, dense at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Room {
    /// The public desk.
    #[default]
    Public,
    /// A page of the support side that scrolls as a page.
    Staff,
    /// The panes, which fill the window.
    Desk,
}

impl Room {
    /// The classes of the body.
    pub fn class(self) -> &'static str {
        match self {
            Room::Public => "public",
            Room::Staff => "staff",
            Room::Desk => "staff desk",
        }
    }
}

/// Who reads the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Me {
    /// Full name.
    pub name: String,
    /// The address they are told at.
    pub mail: String,
    /// Their disc.
    pub mark: PersonMark,
    /// In what part: "B2SHARE operations and First level", or the address.
    pub about: String,
    /// They work in a unit.
    pub staff: bool,
    /// They may triage what is new.
    pub triage: bool,
    /// They see how the exchange with partners stands.
    pub exchange: bool,
    /// They administer the desk.
    pub admin: bool,
}

/// How a message looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeTone {
    /// It went well.
    Ok,
    /// To know.
    Info,
    /// Something needs a look.
    Warn,
    /// It did not happen.
    Bad,
}

impl NoticeTone {
    /// The class of the alert.
    fn class(self) -> &'static str {
        match self {
            NoticeTone::Ok => "ok",
            NoticeTone::Info => "info",
            NoticeTone::Warn => "warn",
            NoticeTone::Bad => "bad",
        }
    }

    /// The picture of the alert.
    fn icon(self) -> &'static str {
        match self {
            NoticeTone::Ok => "check",
            NoticeTone::Info => "info",
            NoticeTone::Warn | NoticeTone::Bad => "warn",
        }
    }
}

/// What just happened, said once.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(
    ext = "html",
    source = r##"<div class="alert {{ tone.class() }}">{{ Icon(tone.icon()) }}<div><b>{{ title }}</b>{% if !text.is_empty() %}<br>{{ text }}{% endif %}</div></div>"##
)]
pub struct Notice {
    /// How it looks.
    pub tone: NoticeTone,
    /// In a few words.
    pub title: String,
    /// More, if there is more.
    pub text: String,
}

impl HtmlSafe for Notice {}

impl Notice {
    /// A notice with only a title.
    pub fn new(tone: NoticeTone, title: impl Into<String>) -> Notice {
        Notice {
            tone,
            title: title.into(),
            text: String::new(),
        }
    }
}

/// The way back from what was just done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Undo {
    /// A ticket was marked as spam.
    Spam(i64),
    /// Messages were split off a ticket.
    Split {
        /// The ticket.
        from: i64,
        /// The one that they became.
        new: i64,
    },
    /// Tickets were tied to one that leads.
    Tie {
        /// The one that leads.
        lead: i64,
        /// They.
        others: Vec<i64>,
        /// As slaves; else as children.
        slaves: bool,
    },
}

impl Undo {
    /// Where its form goes.
    pub fn action(&self) -> String {
        match self {
            Undo::Spam(number) => format!("/triage/{number}"),
            Undo::Split { from, .. } => format!("/work/{from}/relate"),
            Undo::Tie { .. } => "/triage/incident".to_owned(),
        }
    }

    /// What its form says.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        match self {
            Undo::Spam(_) => vec![("do", "no-spam".to_owned())],
            Undo::Split { new, .. } => vec![
                ("do", "undo".to_owned()),
                ("kind", "split_into".to_owned()),
                ("other", new.to_string()),
            ],
            Undo::Tie {
                lead,
                others,
                slaves,
            } => {
                let deed = if *slaves { "no-slaves" } else { "no-children" };
                let mut fields = vec![("do", deed.to_owned()), ("lead", lead.to_string())];
                fields.extend(others.iter().map(|n| ("ticket", n.to_string())));
                fields
            }
        }
    }
}

/// What a page wears that is reached through a portal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PortalMark {
    /// Its name.
    pub name: String,
    /// Before its paths: `/p/belle`, or nothing at a host name of its own.
    pub prefix: String,
    /// Where its logo is.
    pub logo: Option<String>,
    /// Where its colours are; `None`: it wears the desk's.
    pub sheet: Option<String>,
    /// The front page of the whole desk.
    pub desk: String,
}

impl PortalMark {
    /// Its front page.
    pub fn home(&self) -> &str {
        if self.prefix.is_empty() {
            "/"
        } else {
            &self.prefix
        }
    }
}

/// What every page gets beside its own content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frame {
    /// Who reads it; `None`: nobody signed in.
    pub me: Option<Me>,
    /// What each form that changes something sends back.
    pub csrf: String,
    /// `light` or `dark` when the reader chose; `None`: as their system has it.
    pub theme: Option<&'static str>,
    /// The face the page shows.
    pub room: Room,
    /// The part of the site.
    pub here: Here,
    /// The page's own address, to come back to.
    pub path: String,
    /// What just happened.
    pub notice: Option<Notice>,
    /// The way back from it.
    pub undo: Option<Undo>,
    /// How many new tickets wait for triage, for those who may.
    pub triage_count: Option<i64>,
    /// Where to hear of changes to what is shown; `None`: nothing here is live.
    pub live: Option<String>,
    /// What stands in the search field of the bar.
    pub query: String,
    /// The portal through which the page is reached.
    pub portal: Option<PortalMark>,
}

impl Frame {
    /// The name of the site that the page belongs to.
    pub fn site(&self) -> &str {
        self.portal
            .as_ref()
            .map_or("Switchboard", |portal| &portal.name)
    }

    /// What stands before the paths of the portal, or nothing.
    pub fn prefix(&self) -> &str {
        self.portal.as_ref().map_or("", |portal| &portal.prefix)
    }

    /// The hidden field of a form that changes something.
    pub fn guard(&self) -> Guard<'_> {
        Guard(&self.csrf)
    }

    /// Staff are shown the way to the workspace.
    pub fn is_staff(&self) -> bool {
        self.me.as_ref().is_some_and(|me| me.staff)
    }

    /// Administrators are shown the way to what they look after.
    pub fn is_admin(&self) -> bool {
        self.me.as_ref().is_some_and(|me| me.admin)
    }

    /// First level and administrators are shown the way to the exchange.
    pub fn sees_exchange(&self) -> bool {
        self.me.as_ref().is_some_and(|me| me.exchange)
    }

    /// First level is shown the way to triage.
    pub fn may_triage(&self) -> bool {
        self.me.as_ref().is_some_and(|me| me.triage)
    }
}

/// The hidden field against requests forged elsewhere.
#[derive(Debug, Clone, Copy, Template)]
#[template(
    ext = "html",
    source = r##"<input type="hidden" name="csrf" value="{{ self.0 }}">"##
)]
pub struct Guard<'a>(pub &'a str);

impl HtmlSafe for Guard<'_> {}

/// What is wrong with a form, by field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Errors(BTreeMap<String, String>);

impl Errors {
    /// Adds what is wrong with a field and what would be right.
    pub fn add(&mut self, field: impl Into<String>, problem: impl Into<String>) {
        self.0.entry(field.into()).or_insert_with(|| problem.into());
    }

    /// One field that is wrong.
    pub fn one(field: impl Into<String>, problem: impl Into<String>) -> Errors {
        let mut errors = Errors::default();
        errors.add(field, problem);
        errors
    }

    /// Nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is wrong with a field; empty: nothing.
    pub fn text(&self, field: &str) -> &str {
        self.0.get(field).map_or("", String::as_str)
    }

    /// The line under a field, if something is wrong with it.
    pub fn note<'a>(&'a self, field: &'a str) -> ErrorNote<'a> {
        ErrorNote {
            field,
            problem: self.0.get(field).map(String::as_str),
        }
    }

    /// The attributes of a field that something may be wrong with.
    pub fn attrs<'a>(&self, field: &'a str) -> ErrorAttrs<'a> {
        self.hinted(field, "")
    }

    /// Likewise, of a field that has a hint under it, with the hint's id.
    pub fn hinted<'a>(&self, field: &'a str, hint: &'a str) -> ErrorAttrs<'a> {
        ErrorAttrs {
            field,
            hint,
            wrong: self.0.contains_key(field),
        }
    }

    /// The list on top of the form, with a link to each field.
    pub fn summary(&self) -> ErrorSummary<'_> {
        ErrorSummary { errors: &self.0 }
    }
}

/// The line under a field.
#[derive(Debug, Template)]
#[template(
    ext = "html",
    source = r##"{% if let Some(problem) = problem %}<p class="err" id="{{ field }}-err">{{ Icon("warn") }}{{ problem }}</p>{% endif %}"##
)]
pub struct ErrorNote<'a> {
    field: &'a str,
    problem: Option<&'a str>,
}

impl HtmlSafe for ErrorNote<'_> {}

/// ` aria-invalid` and the ties to the lines under the field. Names of fields
/// are ours, so they need no escaping.
#[derive(Debug, Clone, Copy)]
pub struct ErrorAttrs<'a> {
    field: &'a str,
    hint: &'a str,
    wrong: bool,
}

impl fmt::Display for ErrorAttrs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.wrong {
            write!(f, " aria-invalid=\"true\"")?;
        }
        match (self.hint, self.wrong) {
            ("", false) => Ok(()),
            ("", true) => write!(f, " aria-describedby=\"{}-err\"", self.field),
            (hint, false) => write!(f, " aria-describedby=\"{hint}\""),
            (hint, true) => write!(f, " aria-describedby=\"{}-err {hint}\"", self.field),
        }
    }
}

impl HtmlSafe for ErrorAttrs<'_> {}

/// The list on top of a form.
#[derive(Debug, Template)]
#[template(
    ext = "html",
    source = r##"{% if !errors.is_empty() %}<div class="alert bad errors" tabindex="-1" role="alert">{{ Icon("warn") }}<div><b>Not sent yet: {% if errors.len() == 1 %}one thing is{% else %}{{ errors.len() }} things are{% endif %} missing or wrong</b><ul>{% for (field, problem) in errors.iter() %}<li><a href="#{{ field }}">{{ problem }}</a></li>{% endfor %}</ul></div></div>{% endif %}"##
)]
pub struct ErrorSummary<'a> {
    errors: &'a BTreeMap<String, String>,
}

impl HtmlSafe for ErrorSummary<'_> {}

#[cfg(test)]
impl Frame {
    /// The frame of a requester.
    pub(crate) fn sample() -> Frame {
        Frame {
            me: Some(Me {
                name: "Marta Kowalska".to_owned(),
                mail: "marta.kowalska@ug.example".to_owned(),
                mark: PersonMark::of("Marta Kowalska"),
                about: "marta.kowalska@ug.example".to_owned(),
                staff: false,
                triage: false,
                exchange: false,
                admin: false,
            }),
            csrf: "0123456789abcdef".to_owned(),
            theme: None,
            room: Room::Public,
            here: Here::Services,
            path: "/".to_owned(),
            notice: None,
            undo: None,
            triage_count: None,
            live: None,
            query: String::new(),
            portal: None,
        }
    }

    /// The frame of a page reached through a portal.
    pub(crate) fn portal_sample() -> Frame {
        Frame {
            portal: Some(PortalMark {
                name: "ClimAdapt help".to_owned(),
                prefix: "/p/climadapt".to_owned(),
                logo: Some("/p/climadapt/logo?v=0123456789ab".to_owned()),
                sheet: Some("/p/climadapt/theme.css".to_owned()),
                desk: "/".to_owned(),
            }),
            ..Frame::sample()
        }
    }

    /// The frame of somebody at work.
    pub(crate) fn staff_sample(here: Here) -> Frame {
        Frame {
            me: Some(Me {
                name: "Ilona Novák".to_owned(),
                mail: "ilona@eudat.example".to_owned(),
                mark: PersonMark::of("Ilona Novák"),
                about: "B2SHARE operations and First level".to_owned(),
                staff: true,
                triage: true,
                exchange: true,
                admin: true,
            }),
            room: Room::Staff,
            here,
            triage_count: Some(14),
            path: "/work".to_owned(),
            live: Some("/live?view=mine".to_owned()),
            ..Frame::sample()
        }
    }

    /// The frame of somebody who is not signed in.
    pub(crate) fn stranger_sample() -> Frame {
        Frame {
            me: None,
            ..Frame::sample()
        }
    }
}
