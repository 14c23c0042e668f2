//! What stands in a form.

use serde::{Deserialize, Serialize};

use super::{DIRECTIONS, SYSTEMS, Way, WordMap, joined};

/// Everything a provider tells, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Form {
    /// Who provides.
    pub provider: ProviderPart,
    /// What they provide.
    pub services: Vec<ServicePart>,
    /// How tickets reach them.
    pub option: Option<Way>,
    /// For redirection.
    pub redirection: Redirection,
    /// For full integration.
    pub exchange: Exchange,
    /// The support unit.
    pub unit: UnitPart,
    /// What the unit promises.
    pub quality: Quality,
    /// What it is usually asked.
    pub issues: Issues,
}

/// Who provides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct ProviderPart {
    /// The key of a provider that the desk knows; empty: a new one.
    pub known: String,
    /// Its name.
    pub name: String,
    /// Its country.
    pub country: String,
    /// Its home page.
    pub home_page: String,
    /// An address where somebody answers.
    pub contact: String,
}

/// A service to be brought in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct ServicePart {
    /// Its name.
    pub name: String,
    /// The group of the catalogue.
    pub area: String,
    /// What it is for, in one line.
    pub description: String,
    /// An address for questions about it that are no tickets.
    pub contact: String,
    /// Questions that its form asks beside the usual ones.
    pub questions: Vec<Question>,
}

/// A question of a service's form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Question {
    /// What is asked.
    pub label: String,
    /// It must be answered.
    pub required: bool,
}

/// For redirection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Redirection {
    /// The mailing list.
    pub list: String,
    /// The requester's name and address may be told to the list.
    pub personal_data: bool,
}

/// For full integration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Exchange {
    /// One of [`SYSTEMS`].
    pub system: String,
    /// The address of its API.
    pub endpoint: String,
    /// The name under which the operator keeps the secret; never the secret.
    pub secret: String,
    /// Queue, group, project or repository.
    pub queue: String,
    /// One of [`DIRECTIONS`].
    pub direction: String,
    /// Our statuses as they are called there.
    pub statuses: WordMap,
    /// Our priorities as they are called there.
    pub priorities: WordMap,
    /// Other fields that travel, a line each ([`super::FieldMap::read`]).
    pub fields: Vec<String>,
    /// Other units whose tickets about the service lie in queues of their own there, a
    /// line each ([`super::pair`]): a unit's key and the queue.
    pub queues: Vec<String>,
    /// Who is who there, a line each ([`super::OwnerMap`]).
    pub owners: Vec<String>,
    /// Ties between tickets that travel, a line each ([`super::link_line`]).
    pub links: Vec<String>,
    /// Files may travel.
    pub attachments: bool,
    /// The requester's name and address may travel.
    pub personal_data: bool,
}

/// The support unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct UnitPart {
    /// Its name.
    pub name: String,
    /// The key of the unit above it.
    pub parent: String,
    /// 2 or 3, as typed.
    pub level: String,
    /// What it takes care of.
    pub description: String,
    /// Its mailing list.
    pub list: String,
    /// Mail addresses of its responsibles.
    pub responsibles: Vec<String>,
}

/// What the unit promises.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Quality {
    /// The key of a quality of support.
    pub qos: String,
    /// IANA name.
    pub time_zone: String,
    /// When work begins: `09:00`.
    pub opens: String,
    /// When it ends: `17:00`.
    pub closes: String,
    /// Whom to reach when the unit does not answer.
    pub escalation: String,
}

/// What the unit is usually asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Issues {
    /// Usual types of issue, in the provider's words.
    pub types: Vec<String>,
    /// Questions with their answers, for those who assign to the unit.
    pub faq: Vec<Answered>,
}

/// A question with its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Answered {
    /// The question.
    pub question: String,
    /// The answer.
    pub answer: String,
}

impl Form {
    /// The form that somebody finds when they begin: one empty service, the
    /// usual choices made.
    pub fn fresh(contact: &str) -> Form {
        Form {
            services: vec![ServicePart::default()],
            unit: UnitPart {
                level: "2".to_owned(),
                responsibles: vec![contact.to_owned()],
                ..UnitPart::default()
            },
            quality: Quality {
                qos: "medium".to_owned(),
                opens: "09:00".to_owned(),
                closes: "17:00".to_owned(),
                ..Quality::default()
            },
            exchange: Exchange {
                direction: "both".to_owned(),
                attachments: true,
                ..Exchange::default()
            },
            ..Form::default()
        }
    }

    /// Puts in the maps of the chosen system where there are none yet.
    pub fn fill_maps(&mut self) {
        let system = self.exchange.system.clone();
        if !SYSTEMS.iter().any(|(key, _)| *key == system) {
            return;
        }
        for (map, defaults) in [
            (
                &mut self.exchange.statuses,
                super::default_statuses(&system),
            ),
            (
                &mut self.exchange.priorities,
                super::default_priorities(&system),
            ),
        ] {
            if map.values().all(|word| word.trim().is_empty()) {
                *map = defaults;
            }
        }
    }
}

fn named(list: &[(&str, &str)], key: &str) -> String {
    list.iter()
        .find(|(k, _)| *k == key)
        .map_or_else(|| key.to_owned(), |(_, name)| (*name).to_owned())
}

/// Every filled field with what stands in it, in the order of the form; what
/// belongs to an option that was not chosen is left out.
pub fn entries(form: &Form) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    let mut say = |field: String, text: &str| {
        if !text.trim().is_empty() {
            all.push((field, text.trim().to_owned()));
        }
    };
    let yes = |b: bool| if b { "yes" } else { "no" };
    say("provider.known".into(), &form.provider.known);
    say("provider.name".into(), &form.provider.name);
    say("provider.country".into(), &form.provider.country);
    say("provider.home_page".into(), &form.provider.home_page);
    say("provider.contact".into(), &form.provider.contact);
    for (i, s) in form.services.iter().enumerate() {
        say(format!("services.{i}.name"), &s.name);
        say(format!("services.{i}.area"), &s.area);
        say(format!("services.{i}.description"), &s.description);
        say(format!("services.{i}.contact"), &s.contact);
        let asked: Vec<String> = s
            .questions
            .iter()
            .map(|q| {
                if q.required {
                    format!("{} (required)", q.label)
                } else {
                    q.label.clone()
                }
            })
            .collect();
        say(format!("services.{i}.questions"), &joined(&asked));
    }
    say("option".into(), form.option.map_or("", Way::label));
    if form.option == Some(Way::Redirection) {
        say("redirection.list".into(), &form.redirection.list);
        say(
            "redirection.personal_data".into(),
            yes(form.redirection.personal_data),
        );
    }
    if form.option == Some(Way::Integration) {
        let e = &form.exchange;
        say("exchange.system".into(), &named(&SYSTEMS, &e.system));
        say("exchange.endpoint".into(), &e.endpoint);
        say("exchange.secret".into(), &e.secret);
        say("exchange.queue".into(), &e.queue);
        say(
            "exchange.direction".into(),
            &named(&DIRECTIONS, &e.direction),
        );
        for (key, word) in &e.statuses {
            say(format!("exchange.statuses.{key}"), word);
        }
        for (key, word) in &e.priorities {
            say(format!("exchange.priorities.{key}"), word);
        }
        say("exchange.fields".into(), &joined(&e.fields));
        say("exchange.queues".into(), &joined(&e.queues));
        say("exchange.owners".into(), &joined(&e.owners));
        say("exchange.links".into(), &joined(&e.links));
        say("exchange.attachments".into(), yes(e.attachments));
        say("exchange.personal_data".into(), yes(e.personal_data));
    }
    say("unit.name".into(), &form.unit.name);
    say("unit.parent".into(), &form.unit.parent);
    say("unit.level".into(), &form.unit.level);
    say("unit.description".into(), &form.unit.description);
    say("unit.list".into(), &form.unit.list);
    say("unit.responsibles".into(), &joined(&form.unit.responsibles));
    say("quality.qos".into(), &form.quality.qos);
    say("quality.time_zone".into(), &form.quality.time_zone);
    say("quality.opens".into(), &form.quality.opens);
    say("quality.closes".into(), &form.quality.closes);
    say("quality.escalation".into(), &form.quality.escalation);
    say("issues.types".into(), &joined(&form.issues.types));
    for (i, one) in form.issues.faq.iter().enumerate() {
        say(format!("issues.faq.{i}.question"), &one.question);
        say(format!("issues.faq.{i}.answer"), &one.answer);
    }
    all
}

/// What a field is called where people read it.
pub fn label(field: &str) -> String {
    let mut parts = field.split('.');
    let (first, second, third) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let place = |text: &str| text.parse::<usize>().map_or(0, |n| n + 1);
    match (first, second, third) {
        ("provider", "known", _) => "Provider (known)".into(),
        ("provider", "name", _) => "Provider’s name".into(),
        ("provider", "country", _) => "Provider’s country".into(),
        ("provider", "home_page", _) => "Provider’s home page".into(),
        ("provider", "contact", _) => "Provider’s address".into(),
        ("services", n, what) => {
            let what = match what {
                "area" => "area",
                "description" => "description",
                "contact" => "contact",
                "questions" => "own questions",
                _ => "name",
            };
            format!("Service {}: {what}", place(n))
        }
        ("option", ..) => "How to connect".into(),
        ("redirection", "list", _) => "Mailing list for requests".into(),
        ("redirection" | "exchange", "personal_data", _) => {
            "Requester’s name and address may travel".into()
        }
        ("exchange", "system", _) => "System".into(),
        ("exchange", "endpoint", _) => "Address of its API".into(),
        ("exchange", "secret", _) => "Secret (reference)".into(),
        ("exchange", "queue", _) => "Queue or group".into(),
        ("exchange", "direction", _) => "Direction".into(),
        ("exchange", "statuses", key) => format!("Status “{}” there", key.replace('_', " ")),
        ("exchange", "priorities", key) => format!("Priority “{key}” there"),
        ("exchange", "queues", _) => "Queues of other units".into(),
        ("exchange", "owners", _) => "Owners and their logins there".into(),
        ("exchange", "links", _) => "Ties between tickets that travel".into(),
        ("exchange", "fields", _) => "Other fields that travel".into(),
        ("exchange", "attachments", _) => "Attachments may travel".into(),
        ("unit", "name", _) => "Unit’s name".into(),
        ("unit", "parent", _) => "Unit above it".into(),
        ("unit", "level", _) => "Level".into(),
        ("unit", "description", _) => "What the unit does".into(),
        ("unit", "list", _) => "Unit’s mailing list".into(),
        ("unit", "responsibles", _) => "Responsibles".into(),
        ("quality", "qos", _) => "Quality of support".into(),
        ("quality", "time_zone", _) => "Time zone".into(),
        ("quality", "opens", _) => "Work begins".into(),
        ("quality", "closes", _) => "Work ends".into(),
        ("quality", "escalation", _) => "Escalation contact".into(),
        ("issues", "types", _) => "Usual types of issue".into(),
        ("issues", "faq", n) => {
            let what = if field.ends_with("answer") {
                "answer"
            } else {
                "question"
            };
            format!("FAQ {}: {what}", place(n))
        }
        _ => field.to_owned(),
    }
}
