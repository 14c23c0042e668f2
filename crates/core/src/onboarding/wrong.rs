//! What is missing or wrong in a form.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::field_map::{several, wrong_lines, wrong_owners, wrong_queues};
use super::link_map::wrong_links;
use super::{DIRECTIONS, Form, SYSTEMS, Way, priority_keys, status_keys};

/// Most services in one form.
const MOST_SERVICES: usize = 20;
/// Most responsibles of a unit in a form.
const MOST_RESPONSIBLES: usize = 20;
/// Most questions and answers, and most questions of a service's form.
const MOST_QUESTIONS: usize = 30;
/// The longest single line, in characters.
const LINE: usize = 200;
/// The longest text, in characters.
const TEXT: usize = 10_000;

/// A field that is missing or wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The field as a path: `services.0.name`.
    pub field: String,
    /// What is wrong and what would be right.
    pub problem: String,
}

/// Something the desk has already, by key and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
}

/// What a form is compared with.
#[derive(Debug, Clone)]
pub struct Around {
    /// Every provider.
    pub providers: Vec<Known>,
    /// Every service.
    pub services: Vec<Known>,
    /// Every unit.
    pub units: Vec<Known>,
    /// Of these the ones that a unit can be put under.
    pub parents: Vec<Known>,
    /// Of a service that is here already: the keys of the questions that it asks.
    pub questions: Vec<String>,
    /// The keys of the qualities of support.
    pub qualities: Vec<String>,
    /// Names of secrets that the operator keeps, each with the host it is for;
    /// `None`: not looked at yet. A form may be sent before the operator has
    /// put its secret in, and is accepted only after.
    pub secrets: Option<Vec<(String, String)>>,
    /// The address of a list that was confirmed by who reads it.
    pub confirmed_list: Option<String>,
    /// Whether a text is a mail address.
    pub is_address: fn(&str) -> bool,
    /// Whether a text names a time zone.
    pub is_zone: fn(&str) -> bool,
}

struct Found(Vec<Problem>);

impl Found {
    fn say(&mut self, field: impl Into<String>, problem: impl Into<String>) {
        self.0.push(Problem {
            field: field.into(),
            problem: problem.into(),
        });
    }

    /// A line that has to be there; `false` when it is not good.
    fn line(&mut self, field: &str, text: &str, wanted: &str) -> bool {
        if text.trim().is_empty() {
            self.say(field, wanted);
            return false;
        }
        self.short(field, text)
    }

    fn short(&mut self, field: &str, text: &str) -> bool {
        let length = text.trim().chars().count();
        if length > LINE {
            self.say(
                field,
                format!("This has {length} characters; {LINE} are the most."),
            );
            return false;
        }
        if text.chars().any(char::is_control) {
            self.say(field, "Give it in one line.");
            return false;
        }
        true
    }

    fn text(&mut self, field: &str, text: &str) {
        if text.chars().count() > TEXT {
            self.say(field, format!("Shorten this to {TEXT} characters."));
        }
    }

    fn address(&mut self, around: &Around, field: &str, text: &str) {
        if !(around.is_address)(text.trim()) {
            self.say(
                field,
                format!(
                    "“{}” is not a mail address, as name@example.org is.",
                    text.trim()
                ),
            );
        }
    }
}

fn same(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}

fn taken<'k>(known: &'k [Known], name: &str) -> Option<&'k Known> {
    known.iter().find(|k| same(&k.name, name))
}

/// Everything that keeps a form from being sent, in the order of its steps.
pub fn problems(form: &Form, around: &Around) -> Vec<Problem> {
    let mut found = Found(Vec::new());
    provider(form, around, &mut found);
    services(form, around, &mut found);
    connection(form, around, &mut found);
    unit(form, around, &mut found);
    quality(form, around, &mut found);
    issues(form, &mut found);
    found.0
}

/// What is missing for a service to go another way; the parts of the form that
/// say how to connect, and nothing else. `responsibles` is how many people may
/// act for its unit now.
pub fn missing_for(form: &Form, around: &Around, responsibles: usize) -> Vec<Problem> {
    let mut found = Found(Vec::new());
    connection(form, around, &mut found);
    if form.option == Some(Way::Direct) && responsibles == 0 {
        found.say(
            "option",
            "The service’s unit has no responsible who could work here. \
             An administrator has to name one first.",
        );
    }
    found.0
}

fn provider(form: &Form, around: &Around, found: &mut Found) {
    let p = &form.provider;
    if !p.known.is_empty() && !around.providers.iter().any(|k| k.key == p.known) {
        found.say(
            "provider.known",
            "There is no such provider (any more). Choose one of the list, or a new one.",
        );
        return;
    }
    if found.line("provider.name", &p.name, "Say who provides the service.")
        && let Some(other) = taken(&around.providers, &p.name)
        && other.key != p.known
    {
        found.say(
            "provider.name",
            format!(
                "“{}” is here already: choose it in the list above.",
                other.name
            ),
        );
    }
    found.line("provider.country", &p.country, "Say in which country.");
    if !p.home_page.trim().is_empty() && web_host(&p.home_page).is_none() {
        found.say(
            "provider.home_page",
            "Give the whole address, as https://example.org.",
        );
    }
    if found.line(
        "provider.contact",
        &p.contact,
        "Give a mail address where somebody answers.",
    ) {
        found.address(around, "provider.contact", &p.contact);
    }
}

fn services(form: &Form, around: &Around, found: &mut Found) {
    if form.services.is_empty() {
        found.say("services.0.name", "Name at least one service.");
    }
    if form.services.len() > MOST_SERVICES {
        found.say(
            "services.0.name",
            format!("{MOST_SERVICES} services are the most in one form; send another."),
        );
    }
    for (i, s) in form.services.iter().enumerate() {
        let field = |name: &str| format!("services.{i}.{name}");
        if found.line(&field("name"), &s.name, "Say what the service is called.") {
            if let Some(other) = taken(&around.services, &s.name) {
                found.say(
                    field("name"),
                    format!("“{}” is in the catalogue already.", other.name),
                );
            } else if form.services[..i].iter().any(|o| same(&o.name, &s.name)) {
                found.say(field("name"), "Two services have this name.");
            }
        }
        found.line(
            &field("area"),
            &s.area,
            "Say under which heading it belongs, as Data or Computing.",
        );
        found.line(
            &field("description"),
            &s.description,
            "Say in one line what it is for.",
        );
        if !s.contact.trim().is_empty() {
            found.address(around, &field("contact"), &s.contact);
        }
        if s.questions.len() > MOST_QUESTIONS {
            found.say(
                field("questions"),
                format!("{MOST_QUESTIONS} questions are the most that people answer."),
            );
        }
        for question in &s.questions {
            found.short(&field("questions"), &question.label);
        }
    }
}

fn connection(form: &Form, around: &Around, found: &mut Found) {
    match form.option {
        None => found.say("option", "Choose one of the three ways."),
        Some(Way::Direct) => {}
        Some(Way::Redirection) => redirection(form, around, found),
        Some(Way::Integration) => exchange(form, around, found),
    }
}

fn redirection(form: &Form, around: &Around, found: &mut Found) {
    let list = form.redirection.list.trim();
    if list.is_empty() {
        found.say(
            "redirection.list",
            "Give the address of the list that requests go to.",
        );
    } else if !(around.is_address)(list) {
        found.address(around, "redirection.list", list);
    } else if !around
        .confirmed_list
        .as_deref()
        .is_some_and(|confirmed| same(confirmed, list))
    {
        found.say(
            "redirection.list",
            "Nobody on the list has confirmed it yet: send the test mail and follow the link in it.",
        );
    }
}

fn exchange(form: &Form, around: &Around, found: &mut Found) {
    let e = &form.exchange;
    if !SYSTEMS.iter().any(|(key, _)| *key == e.system) {
        found.say("exchange.system", "Choose the system you work in.");
    }
    let host = host_of(&e.endpoint);
    match &host {
        Ok(_) => {
            found.short("exchange.endpoint", &e.endpoint);
        }
        Err(problem) => found.say("exchange.endpoint", *problem),
    }
    secret(form, around, host.ok(), found);
    found.line(
        "exchange.queue",
        &e.queue,
        "Say which queue, group, project or repository.",
    );
    if !DIRECTIONS.iter().any(|(key, _)| *key == e.direction) {
        found.say("exchange.direction", "Choose which way tickets travel.");
    }
    for key in status_keys() {
        let field = format!("exchange.statuses.{key}");
        let word = e.statuses.get(key).map_or("", String::as_str);
        found.line(&field, word, "Say what this status is called there.");
    }
    for key in priority_keys() {
        let field = format!("exchange.priorities.{key}");
        let word = e.priorities.get(key).map_or("", String::as_str);
        found.line(&field, word, "Say what this priority is called there.");
    }
    fields(form, around, found);
}

fn fields(form: &Form, around: &Around, found: &mut Found) {
    let e = &form.exchange;
    let named = [
        ("exchange.fields", &e.fields),
        ("exchange.queues", &e.queues),
        ("exchange.owners", &e.owners),
        ("exchange.links", &e.links),
    ];
    for (field, lines) in named.into_iter().filter(|(_, lines)| !lines.is_empty()) {
        // Issues have labels or components, and no queues.
        let has_issues = !several(&e.system).is_empty();
        let only_rt = field == "exchange.queues";
        if e.system != "rt" && (only_rt || !has_issues) {
            let problem = match only_rt {
                true => "This is done with RT only so far: leave it empty.",
                false => {
                    "This is done with RT, GitHub, GitLab and Jira only so far: leave it empty."
                }
            };
            found.say(field, problem);
        } else if lines.iter().all(|line| found.short(field, line)) {
            let wrong = match field {
                "exchange.fields" => wrong_lines(lines, &questions(form, around), &e.system),
                "exchange.links" => wrong_links(lines, &e.system),
                "exchange.owners" => wrong_owners(lines, e.personal_data, around.is_address),
                _ => wrong_queues(lines, &around.units, &e.queue),
            };
            wrong
                .into_iter()
                .for_each(|problem| found.say(field, problem));
        }
    }
}

/// The keys of the questions that are asked about the form's services.
fn questions(form: &Form, around: &Around) -> BTreeSet<String> {
    // Of a new service they are counted.
    let asked = form.services.iter().map(|s| s.questions.len()).max();
    let new = (1..=asked.unwrap_or(0)).map(|n| format!("q{n}"));
    around.questions.iter().cloned().chain(new).collect()
}

/// A secret goes only to the host for which the operator keeps it, so who
/// fills in a form can not have it sent to a machine of their own.
fn secret(form: &Form, around: &Around, host: Option<String>, found: &mut Found) {
    let name = form.exchange.secret.trim();
    let fits = !name.is_empty()
        && name.chars().count() <= 100
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_./:".contains(c));
    if !fits {
        found.say(
            "exchange.secret",
            "Give the name under which the operator keeps the secret: letters, digits and - _ . / : only. \
             Never the secret itself.",
        );
        return;
    }
    let (Some(host), Some(secrets)) = (host, &around.secrets) else {
        return;
    };
    // That the name is unknown and that it is for another host read the same:
    // nobody learns by trying which names there are.
    if !secrets
        .iter()
        .any(|(known, its)| known == name && same(its, &host))
    {
        found.say(
            "exchange.secret",
            format!(
                "The operator keeps no secret of this name for {host} yet. \
                 They have to put it in before this can be accepted."
            ),
        );
    }
}

fn unit(form: &Form, around: &Around, found: &mut Found) {
    let u = &form.unit;
    if found.line(
        "unit.name",
        &u.name,
        "Say what your support unit is called.",
    ) && let Some(other) = taken(&around.units, &u.name)
    {
        found.say(
            "unit.name",
            format!("There is a unit “{}” already.", other.name),
        );
    }
    if !around.parents.iter().any(|k| k.key == u.parent) {
        found.say("unit.parent", "Choose the unit that yours stands under.");
    }
    if !matches!(u.level.as_str(), "2" | "3") {
        found.say("unit.level", "Choose the second or the third level.");
    }
    if u.description.trim().is_empty() {
        found.say("unit.description", "Say what the unit takes care of.");
    }
    found.text("unit.description", &u.description);
    if !u.list.trim().is_empty() {
        found.address(around, "unit.list", &u.list);
    }
    if u.responsibles.is_empty() {
        found.say(
            "unit.responsibles",
            "Name at least one responsible by mail address.",
        );
    }
    if u.responsibles.len() > MOST_RESPONSIBLES {
        found.say(
            "unit.responsibles",
            format!("{MOST_RESPONSIBLES} responsibles are the most; they can add members later."),
        );
    }
    for address in &u.responsibles {
        if !(around.is_address)(address.trim()) {
            found.address(around, "unit.responsibles", address);
            break;
        }
    }
}

fn quality(form: &Form, around: &Around, found: &mut Found) {
    let q = &form.quality;
    if !around.qualities.contains(&q.qos) {
        found.say("quality.qos", "Choose what your unit promises.");
    }
    if !(around.is_zone)(q.time_zone.trim()) {
        found.say(
            "quality.time_zone",
            "Choose the time zone in which your unit works, as Europe/Prague.",
        );
    }
    let (opens, closes) = (minutes(&q.opens), minutes(&q.closes));
    if opens.is_none() {
        found.say("quality.opens", "Give a time, as 09:00.");
    }
    match (opens, closes) {
        (_, None) => found.say("quality.closes", "Give a time, as 17:00."),
        (Some(from), Some(to)) if to <= from => {
            found.say("quality.closes", "Work has to end after it begins.");
        }
        _ => {}
    }
    if found.line(
        "quality.escalation",
        &q.escalation,
        "Give a mail address for when the unit does not answer.",
    ) {
        found.address(around, "quality.escalation", &q.escalation);
    }
}

fn issues(form: &Form, found: &mut Found) {
    for kind in &form.issues.types {
        if !found.short("issues.types", kind) {
            break;
        }
    }
    if form.issues.types.len() > MOST_QUESTIONS {
        found.say(
            "issues.types",
            format!("{MOST_QUESTIONS} types are the most."),
        );
    }
    if form.issues.faq.len() > MOST_QUESTIONS {
        found.say(
            "issues.faq.0.question",
            format!("{MOST_QUESTIONS} questions are the most."),
        );
    }
    for (i, one) in form.issues.faq.iter().enumerate() {
        let (asked, answered) = (
            !one.question.trim().is_empty(),
            !one.answer.trim().is_empty(),
        );
        if answered && !asked {
            found.say(
                format!("issues.faq.{i}.question"),
                "Say which question this answers.",
            );
        }
        if asked && !answered {
            found.say(format!("issues.faq.{i}.answer"), "Give the answer.");
        }
        found.short(&format!("issues.faq.{i}.question"), &one.question);
        found.text(&format!("issues.faq.{i}.answer"), &one.answer);
    }
}

/// Minutes after midnight of a time as `09:00`.
pub(crate) fn minutes(text: &str) -> Option<u32> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let number = |t: &str, below: u32| {
        (t.len() == 2)
            .then(|| t.parse::<u32>().ok())
            .flatten()
            .filter(|n| *n < below)
    };
    Some(number(hours, 24)? * 60 + number(minutes, 60)?)
}

impl super::Quality {
    /// The working hours as minutes after midnight, when both can be read.
    pub fn hours(&self) -> Option<(u32, u32)> {
        Some((minutes(&self.opens)?, minutes(&self.closes)?))
    }
}

fn web_host(address: &str) -> Option<&str> {
    let address = address.trim();
    let rest = address
        .strip_prefix("https://")
        .or_else(|| address.strip_prefix("http://"))?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let fine = !authority.is_empty()
        && !address.contains(char::is_whitespace)
        && !address.contains(char::is_control)
        && !authority.contains('@');
    fine.then_some(authority)
}

/// The host of an API's address, in lower case and without its port.
///
/// # Errors
/// What is wrong with the address.
pub fn host_of(endpoint: &str) -> Result<String, &'static str> {
    let endpoint = endpoint.trim();
    if endpoint.is_empty() {
        return Err("Give the address of its API.");
    }
    if endpoint.starts_with("http://") {
        return Err("Give an address that begins with https://, so that nobody can listen.");
    }
    let Some(authority) = web_host(endpoint) else {
        return Err(
            "Give the whole address, as https://rt.example.org/REST/2.0, without a name or password in it.",
        );
    };
    let host = match authority.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or_default(),
        None => authority.rsplit_once(':').map_or(authority, |(h, _)| h),
    };
    if host.is_empty() {
        return Err("The address names no machine.");
    }
    Ok(host.to_ascii_lowercase())
}
