//! `/admin/triage`: the rules of triage, tried on past tickets before they are
//! put in force.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Error;
use switchboard_core::triage::{Condition, Effect, Rule, WhatIf};
use switchboard_core::{Priority, RuleSet, SecurityRisk};

use crate::ui::assets::Asset;
use crate::ui::fault::Fault;
use crate::ui::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use crate::ui::posted::Posted;
use crate::ui::view::{Choice, Icon, PrioMark};
use crate::ui::visit::{Visit, sentence};

/// Empty rows under the rules that are there.
const SPARE: usize = 1;
/// Rules that are read.
const MOST: usize = 60;
/// Tickets of a trial that are shown.
const SHOWN: usize = 50;

const EFFECTS: [(&str, &str); 5] = [
    ("low", "at least low"),
    ("medium", "at least medium"),
    ("high", "at least high"),
    ("top", "at least top"),
    ("one_more", "one level more"),
];
const RISKS: [(&str, &str); 4] = [
    ("", "any"),
    ("none", "none"),
    ("trivial", "small"),
    ("imminent", "a danger now"),
];

/// One rule of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleRow {
    /// Its key; empty for a new one.
    pub key: String,
    /// The rule in a list.
    pub title: String,
    /// The rule as a reason.
    pub because: String,
    /// More people than this.
    pub over: String,
    /// The service is degraded.
    pub degrades: bool,
    /// The security risk.
    pub risks: Vec<Choice>,
    /// Keys of categories, separated by commas.
    pub categories: String,
    /// What it does.
    pub effects: Vec<Choice>,
}

/// What the rules would have done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// The counts in words.
    pub words: String,
    /// Tickets that would have another priority: number, before, after, rule.
    pub rows: Vec<(i64, PrioMark, PrioMark, String)>,
    /// How many more there are.
    pub more: usize,
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/triage.html")]
pub struct RulesPage {
    /// Around it.
    pub frame: Frame,
    /// The rules in their order.
    pub rules: Vec<RuleRow>,
    /// The keys of categories.
    pub categories: String,
    /// What they would have done.
    pub trial: Option<Trial>,
    /// What was wrong.
    pub errors: Errors,
}

fn row(rule: &Rule) -> RuleRow {
    let when = &rule.when;
    RuleRow {
        key: rule.key.clone(),
        title: rule.title.clone(),
        because: rule.because.clone(),
        over: when
            .affected_over
            .map_or_else(String::new, |n| n.to_string()),
        degrades: when.degrades_service,
        risks: Choice::list(RISKS, when.security_risk.map_or("", SecurityRisk::key)),
        categories: when.categories.join(", "),
        effects: Choice::list(
            EFFECTS,
            match rule.then {
                Effect::AtLeast(priority) => priority.key(),
                Effect::OneMore => "one_more",
            },
        ),
    }
}

fn blank() -> RuleRow {
    row(&Rule {
        key: String::new(),
        title: String::new(),
        because: String::new(),
        when: Condition::default(),
        then: Effect::AtLeast(Priority::Low),
    })
}

/// The rules as they were typed; a row without a title goes.
fn typed(posted: &Posted) -> Result<RuleSet, Error> {
    let mut rules: Vec<(i64, Rule)> = Vec::new();
    for i in 0..MOST {
        let name = |part: &str| format!("rule-{i}-{part}");
        if !posted.has(&name("title")) {
            break;
        }
        let text = |part: &str| posted.text(&name(part)).to_owned();
        let title = text("title");
        if title.is_empty() {
            continue;
        }
        let key = match text("key") {
            key if key.is_empty() => switchboard_core::form::key_of(&title),
            key => key,
        };
        let over = match text("over").as_str() {
            "" => None,
            number => Some(number.parse().map_err(|_| {
                Error::invalid("rules", format!("“{title}”: takes a number of people"))
            })?),
        };
        let then = match text("effect").as_str() {
            "one_more" => Effect::OneMore,
            word => Effect::AtLeast(Priority::parse(word).unwrap_or_default()),
        };
        let rule = Rule {
            key,
            title,
            because: text("because"),
            when: Condition {
                affected_over: over,
                degrades_service: posted.has(&name("degrades")),
                security_risk: SecurityRisk::parse(&text("risk")),
                categories: text("categories")
                    .split(',')
                    .map(str::trim)
                    .filter(|c| !c.is_empty())
                    .map(str::to_owned)
                    .collect(),
            },
            then,
        };
        rules.push((text("place").parse().unwrap_or(i64::MAX), rule));
    }
    rules.sort_by_key(|(place, _)| *place);
    Ok(RuleSet {
        rules: rules.into_iter().map(|(_, rule)| rule).collect(),
    })
}

fn trial(outcome: WhatIf) -> Trial {
    let all = outcome.changed.len();
    Trial {
        words: format!(
            "{all} of the newest tickets would have another priority, {} keep theirs, {} were set \
             by hand.",
            outcome.unchanged, outcome.overruled
        ),
        more: all.saturating_sub(SHOWN),
        rows: outcome
            .changed
            .into_iter()
            .take(SHOWN)
            .map(|c| {
                (
                    c.ticket.0,
                    PrioMark::of(c.before),
                    PrioMark::of(c.after),
                    c.rule,
                )
            })
            .collect(),
    }
}

/// `GET /admin/triage`.
pub async fn show(visit: Visit) -> Response {
    let result = async {
        let rules = visit.desk.catalogue().await?.rules.clone();
        let page = page(&visit, &rules).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

async fn page(visit: &Visit, set: &RuleSet) -> Result<RulesPage, Fault> {
    visit.admin()?;
    let catalogue = visit.desk.catalogue().await?;
    let mut rules: Vec<RuleRow> = set.rules.iter().map(row).collect();
    rules.extend((0..SPARE).map(|_| blank()));
    let keys: Vec<&str> = catalogue
        .categories
        .iter()
        .map(|c| c.key.as_str())
        .collect();
    Ok(RulesPage {
        frame: visit.frame(Room::Staff, Here::Admin).await?,
        rules,
        categories: keys.join(", "),
        trial: None,
        errors: Errors::default(),
    })
}

/// `POST /admin/triage`: tries the rules, or puts them in force.
pub async fn act(posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = take(&posted).await;
    posted.visit.close(result).await
}

async fn take(posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = visit.admin()?;
    let known = visit.desk.catalogue().await?;
    let (set, done) = match typed(posted) {
        Ok(set) => {
            let unknown = set
                .rules
                .iter()
                .flat_map(|r| &r.when.categories)
                .find(|key| !known.categories.iter().any(|c| c.key == **key));
            let done = match unknown {
                Some(key) => Err(Error::invalid(
                    "rules",
                    format!("there is no category {key}"),
                )),
                None if posted.text("do") == "save" => {
                    visit.desk.set_rules(actor, set.clone()).await.map(|_| None)
                }
                None => visit.desk.what_if(actor, set.clone()).await.map(Some),
            };
            (set, done)
        }
        Err(error) => (known.rules.clone(), Err(error)),
    };
    let mut page = page(visit, &set).await?;
    match done {
        Ok(None) => {
            let notice = Notice {
                tone: NoticeTone::Ok,
                title: "The rules are in force".to_owned(),
                text: "For tickets to come, and for those whose facts change.".to_owned(),
            };
            visit.go("/admin/triage", Some(notice))
        }
        Ok(Some(outcome)) => {
            page.trial = Some(trial(outcome));
            visit.page(&page)
        }
        Err(Error::Invalid { problem, .. }) => {
            page.errors = Errors::one("rules", sentence(&problem));
            visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(other) => Err(other.into()),
    }
}
