//! How to connect: the three ways side by side, and what each of them asks.

use askama::Template;
use askama::filters::HtmlSafe;
use desk::onboarding::{Sheet, Tested, Verdict};
use store::onboarding::Onboarding;
use switchboard_core::onboarding::{
    DIRECTIONS, FieldMap, Form, Problem, SYSTEMS, Way, from_remote, several,
};
use switchboard_core::{Priority, Status};

use crate::ui::ask::{Ask, AskKind, id_of};
use crate::ui::time::Dial;
use crate::ui::view::{Icon, PrioMark, StatusMark};

/// One of the three ways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionCard {
    /// `direct`, `redirection`, `integration`.
    pub value: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it is, in one sentence.
    pub text: &'static str,
    /// What it needs and gives: question and answer.
    pub facts: [(&'static str, &'static str); 4],
    /// It is the one that was chosen.
    pub chosen: bool,
    /// It is what holds now.
    pub now: bool,
}

/// A row of a map: our word, theirs, and what theirs does here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusRow {
    /// Our status.
    pub mark: StatusMark,
    /// The field for theirs.
    pub ask: Ask,
    /// What it does when it comes back.
    pub back: &'static str,
}

/// A row of the map of priorities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriorityRow {
    /// Our priority.
    pub mark: PrioMark,
    /// The field for theirs.
    pub ask: Ask,
}

/// A line of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckRow {
    /// `good`, `odd`, `bad`.
    pub class: &'static str,
    /// Its picture.
    pub icon: &'static str,
    /// What was looked at.
    pub text: String,
    /// More about it, or empty.
    pub detail: String,
}

/// What the page shows of a test.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TestCard {
    /// "2 minutes ago", or empty: not tested yet.
    pub when: String,
    /// Its lines.
    pub rows: Vec<CheckRow>,
}

/// The part of a form about how to connect.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "provider/connect.html")]
pub struct Connect {
    /// The three ways.
    pub cards: Vec<OptionCard>,
    /// What is wrong with the choice.
    pub problem: Option<String>,
    /// For redirection.
    pub redirection: Vec<Ask>,
    /// The list, tested.
    pub list: TestCard,
    /// For integration.
    pub exchange: Vec<Ask>,
    /// The map of statuses.
    pub statuses: Vec<StatusRow>,
    /// The map of priorities.
    pub priorities: Vec<PriorityRow>,
    /// Other fields that travel.
    pub more: Vec<Ask>,
    /// Of their words those that do not come back as they went, in words.
    pub returns: Vec<String>,
    /// What may travel.
    pub travel: Vec<Ask>,
    /// The connection, tested.
    pub test: TestCard,
}

impl HtmlSafe for Connect {}

fn cards(chosen: Option<Way>, now: Option<Way>) -> Vec<OptionCard> {
    let card = |way: Way, text, facts| OptionCard {
        value: way.key(),
        name: way.label(),
        text,
        facts,
        chosen: chosen == Some(way),
        now: now == Some(way),
    };
    vec![
        card(
            Way::Direct,
            "Your people work here, in a support unit of their own.",
            [
                ("You need", "Accounts for your people"),
                ("Requester sees", "Every answer, live status"),
                ("Who keeps targets", "Your unit, measured here"),
                ("Ready in", "A day"),
            ],
        ),
        card(
            Way::Redirection,
            "We mail your list; answers from the list come back into the ticket.",
            [
                ("You need", "A mailing list"),
                ("Requester sees", "Answers; status set by first level"),
                ("Who keeps targets", "You; silence wakes first level"),
                ("Ready in", "An hour"),
            ],
        ),
        card(
            Way::Integration,
            "Your tracker and this desk keep the same ticket in step, both ways.",
            [
                ("You need", "An account in your tracker’s API"),
                ("Requester sees", "Every public answer, live status, files"),
                ("Who keeps targets", "You, in your own system"),
                ("Ready in", "A few days with tests"),
            ],
        ),
    ]
}

fn check(class: &'static str, text: impl Into<String>, detail: impl Into<String>) -> CheckRow {
    CheckRow {
        class,
        icon: match class {
            "good" => "check",
            "bad" => "x",
            _ => "warn",
        },
        text: text.into(),
        detail: detail.into(),
    }
}

/// Of the words of other fields what does not survive the way there and back.
fn returns(lines: &[String], system: &str) -> Vec<String> {
    let mut all = Vec::new();
    for map in lines.iter().filter_map(|line| FieldMap::read(line).ok()) {
        let words = map.translates(!several(system).is_empty());
        let lost = words.round_trip().into_iter();
        all.extend(lost.map(|said| format!("{}: {said}", map.here)));
    }
    all
}

/// How far the list in a form was confirmed.
fn list_card(row: &Onboarding, asked: Option<i64>, dial: &Dial) -> TestCard {
    let list = row.form.redirection.list.trim().to_lowercase();
    let confirmed = row
        .list_confirmed
        .as_deref()
        .is_some_and(|known| known.to_lowercase() == list && !list.is_empty());
    let line = match (confirmed, asked) {
        (true, _) => check(
            "good",
            format!("Confirmed by somebody who reads {list}"),
            "",
        ),
        (false, Some(_)) => check(
            "odd",
            "The test mail was sent; its link was not followed yet",
            "The link works for 7 days. Look into the list’s archive or its moderation.",
        ),
        (false, None) => return TestCard::default(),
    };
    TestCard {
        when: asked
            .filter(|_| !confirmed)
            .map(|at| dial.ago_words(at))
            .unwrap_or_default(),
        rows: vec![line],
    }
}

/// What a test found, for the page.
pub(crate) fn test_card(tested: &Tested, dial: &Dial) -> TestCard {
    TestCard {
        when: dial.ago_words(tested.at),
        rows: tested
            .lines
            .iter()
            .map(|line| {
                let class = match line.verdict {
                    Verdict::Good => "good",
                    Verdict::Odd => "odd",
                    Verdict::Bad => "bad",
                };
                check(class, line.text.clone(), line.detail.clone())
            })
            .collect(),
    }
}

impl Connect {
    /// The part of a form. `now` is the way that holds, of a service that is
    /// here.
    pub fn of(
        form: &Form,
        sheet: Option<&Sheet>,
        now: Option<Way>,
        wrong: &[Problem],
        dial: &Dial,
    ) -> Connect {
        let e = &form.exchange;
        let systems = [("", "Please choose")].into_iter().chain(SYSTEMS);
        let mut redirection = vec![
            Ask::line(
                "redirection.list",
                "Address of the list",
                &form.redirection.list,
            )
            .of_type("email")
            .hint("Every request goes there, with an address to answer to."),
            Ask::tick(
                "redirection.personal_data",
                "The requester’s name and mail address may be told to the list",
                form.redirection.personal_data,
            ),
        ];
        let mut exchange = vec![
            Ask::pick("exchange.system", "System", &e.system, systems),
            Ask::line("exchange.queue", "Queue or group", &e.queue)
                .hint("Also a project or a repository."),
            Ask::line("exchange.endpoint", "Address of its API", &e.endpoint)
                .of_type("url")
                .hint("As https://rt.example.org/REST/2.0")
                .wide(),
            Ask::line("exchange.secret", "Secret", &e.secret)
                .small("a reference, never the secret itself")
                .hint("The operator of this desk keeps it under a name, for your host only."),
            Ask::pick("exchange.direction", "Direction", &e.direction, DIRECTIONS),
        ];
        let mut travel = vec![
            Ask::tick("exchange.attachments", "Attachments", e.attachments),
            Ask::tick(
                "exchange.personal_data",
                "Requester’s name and mail address",
                e.personal_data,
            ),
        ];
        let mut more = vec![
            Ask::area(
                "exchange.fields",
                "Other fields, one a line",
                &e.fields.join("\n"),
                4,
            )
            .small("optional; RT, GitHub, GitLab and Jira")
            .hint(
                "category, affected_users, or custom. and a question’s key (custom.q1 is your \
                 first) = the custom field there. Where the words differ: \
                 category = Kind | incident = Incident | service_request = Wish. \
                 With GitHub and GitLab the field is labels, with Jira labels or components, and \
                 only the words that you name are looked at: \
                 category = labels | incident = bug | service_request = feature.",
            )
            .wide(),
            Ask::area(
                "exchange.queues",
                "Queues of other units, one a line",
                &e.queues.join("\n"),
                3,
            )
            .small("optional; RT only")
            .hint(
                "A unit’s key here = your queue. A ticket that is moved to that queue goes to \
                 the unit, and the other way round. In any other queue it stays with your unit.",
            )
            .wide(),
            Ask::area(
                "exchange.owners",
                "Owners and their logins there, one a line",
                &e.owners.join("\n"),
                3,
            )
            .small("optional; RT, GitHub, GitLab and Jira")
            .hint(
                "Somebody’s mail address here = their login there, as ada@example.org = ada; with \
                 GitLab their username, with Jira their account id (Cloud) or user name (Data \
                 Center). Who owns a ticket there, or has it assigned, owns it here, if they are a \
                 member of its unit, and the other way round. Only if names and mail addresses may \
                 travel.",
            )
            .wide(),
            Ask::area(
                "exchange.links",
                "Ties between tickets that travel, one a line",
                &e.links.join("\n"),
                4,
            )
            .small("optional; RT, GitHub, GitLab and Jira")
            .hint(
                "see_also, duplicate_of, child_of or slave_of = the link there. With RT: RefersTo, \
                 MemberOf, DependsOn or their like; with GitHub MemberOf (a sub-issue) and \
                 DependsOn; with GitLab RefersTo, and in Premium DependsOn; with Jira RefersTo \
                 (Relates), DependsOn (Blocks) and Duplicates. Usual are see_also = RefersTo and \
                 child_of = MemberOf. Links to what is no ticket here are shown as text.",
            )
            .wide(),
        ];
        for asks in [&mut redirection, &mut exchange, &mut more, &mut travel] {
            for ask in asks.iter_mut() {
                *ask = ask.clone().judged(wrong);
            }
        }
        let word = |name: String, label: String, value: Option<&String>| Ask {
            kind: AskKind::Line("text"),
            ..Ask::line(&name, &label, value.map_or("", String::as_str)).judged(wrong)
        };
        Connect {
            cards: cards(form.option, now),
            problem: wrong
                .iter()
                .find(|p| p.field == "option")
                .map(|p| p.problem.clone()),
            statuses: Status::ALL
                .into_iter()
                .map(|status| StatusRow {
                    mark: StatusMark::of(status),
                    ask: word(
                        format!("exchange.statuses.{}", status.key()),
                        format!("“{}” there", status.label()),
                        e.statuses.get(status.key()),
                    ),
                    back: from_remote(status),
                })
                .collect(),
            priorities: Priority::ALL
                .into_iter()
                .map(|priority| PriorityRow {
                    mark: PrioMark::of(priority),
                    ask: word(
                        format!("exchange.priorities.{}", priority.key()),
                        format!("“{}” there", priority.label()),
                        e.priorities.get(priority.key()),
                    ),
                })
                .collect(),
            list: sheet.map_or_else(TestCard::default, |s| list_card(&s.row, s.list_asked, dial)),
            test: sheet
                .and_then(|s| s.tested.as_ref())
                .map(|t| test_card(t, dial))
                .unwrap_or_default(),
            redirection,
            exchange,
            returns: returns(&e.fields, &e.system),
            more,
            travel,
        }
    }
}

/// The id of the first of the three ways, for links to it.
pub fn option_id() -> String {
    id_of("option")
}
