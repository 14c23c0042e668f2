//! The fields of the onboarding form, step by step: as they are asked, and as
//! they are read from what was sent.

use desk::onboarding::Sheet;
use jiff::tz;
use store::service_provider::Provider;
use switchboard_core::onboarding::{
    Answered, Form, Problem, Question, ServicePart, Step, Way, default_priorities,
    default_statuses, priority_keys, status_keys,
};
use switchboard_core::target::Quality;
use switchboard_core::{Priority, TargetKind};

use crate::ui::ask::Ask;
use crate::ui::posted::Posted;

/// Fields that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// What they are about.
    pub legend: String,
    /// A sentence about them, or empty.
    pub text: String,
    /// They.
    pub asks: Vec<Ask>,
    /// A button of the group: what it sends, and its words.
    pub button: Option<(String, String)>,
}

/// Most services and questions that the page takes.
const MOST: usize = 30;

fn group(legend: &str, asks: Vec<Ask>) -> Group {
    Group {
        legend: legend.to_owned(),
        text: String::new(),
        asks,
        button: None,
    }
}

/// The groups of a step. The step about connecting has its own page part.
pub fn groups(step: Step, form: &Form, sheet: &Sheet, wrong: &[Problem]) -> Vec<Group> {
    let mut groups = match step {
        Step::Provider => provider(form, sheet),
        Step::Unit => unit(form, sheet),
        Step::Quality => quality(form, sheet),
        Step::Issues => issues(form),
        Step::Connect | Step::Review => Vec::new(),
    };
    for group in &mut groups {
        for ask in &mut group.asks {
            *ask = ask.clone().judged(wrong);
        }
    }
    groups
}

fn provider(form: &Form, sheet: &Sheet) -> Vec<Group> {
    let p = &form.provider;
    let mut known = vec![("", "A new provider")];
    known.extend(
        sheet
            .providers
            .iter()
            .map(|p| (p.key.as_str(), p.name.as_str())),
    );
    let mut groups = vec![Group {
        text: "Who stands behind the service. A known provider’s fields fill themselves in when you save."
            .to_owned(),
        ..group(
            "Provider",
            vec![
                Ask::pick("provider.known", "Known here already?", &p.known, known),
                Ask::line("provider.name", "Name", &p.name),
                Ask::line("provider.country", "Country", &p.country),
                Ask::line("provider.contact", "Mail address where somebody answers", &p.contact)
                    .of_type("email"),
                Ask::line("provider.home_page", "Home page", &p.home_page)
                    .of_type("url")
                    .small("optional"),
            ],
        )
    }];
    let many = form.services.len() > 1;
    for (i, s) in form.services.iter().enumerate() {
        let name = |field: &str| format!("services.{i}.{field}");
        let questions: Vec<String> = s
            .questions
            .iter()
            .map(|q| {
                if q.required {
                    format!("{} *", q.label)
                } else {
                    q.label.clone()
                }
            })
            .collect();
        let legend = if many {
            format!("Service {}", i + 1)
        } else {
            "Service".to_owned()
        };
        groups.push(Group {
            button: many.then(|| (format!("drop-{i}"), format!("Leave out service {}", i + 1))),
            ..group(
                &legend,
                vec![
                    Ask::line(&name("name"), "Name", &s.name),
                    Ask::line(&name("area"), "Area", &s.area)
                        .hint("The heading in the catalogue, as Data or Computing.")
                        .suggest("areas"),
                    Ask::line(
                        &name("description"),
                        "What it is for, in one line",
                        &s.description,
                    )
                    .wide(),
                    Ask::line(&name("contact"), "Contact beside tickets", &s.contact)
                        .of_type("email")
                        .small("optional"),
                    Ask::area(
                        &name("questions"),
                        "What you need to know with every ticket",
                        &questions.join("\n"),
                        3,
                    )
                    .small("optional")
                    .hint("One question a line; end it with * when it must be answered."),
                ],
            )
        });
    }
    if let Some(last) = groups.last_mut()
        && !many
    {
        last.button = Some(("add-service".into(), "Add another service".into()));
    } else {
        groups.push(Group {
            button: Some(("add-service".into(), "Add another service".into())),
            ..group("More services", Vec::new())
        });
    }
    groups
}

fn unit(form: &Form, sheet: &Sheet) -> Vec<Group> {
    let u = &form.unit;
    let mut parents = vec![("", "Please choose")];
    parents.extend(
        sheet
            .parents
            .iter()
            .map(|k| (k.key.as_str(), k.name.as_str())),
    );
    let note = match form.option {
        Some(Way::Redirection) => {
            "The unit is the face of your service here; its responsibles keep an eye on what went to your list."
        }
        Some(Way::Integration) => {
            "The unit stands for your tracker here; its responsibles see what does not travel as it should."
        }
        _ => "Your people work on tickets in a unit of their own.",
    };
    vec![
        Group {
            text: note.to_owned(),
            ..group(
                "Support unit",
                vec![
                    Ask::line("unit.name", "Name of the unit", &u.name),
                    Ask::pick("unit.parent", "It stands under", &u.parent, parents),
                    Ask::pick(
                        "unit.level",
                        "Level",
                        &u.level,
                        [
                            ("2", "2: requesters may address it"),
                            ("3", "3: experts, reached through other units"),
                        ],
                    ),
                    Ask::line("unit.list", "Mailing list of the unit", &u.list)
                        .of_type("email")
                        .small("optional"),
                    Ask::area("unit.description", "What it takes care of", &u.description, 4),
                ],
            )
        },
        group(
            "Responsibles",
            vec![Ask::area(
                "unit.responsibles",
                "Mail addresses, one a line",
                &u.responsibles.join("\n"),
                3,
            )
            .hint("They get the support permission and look after the unit’s members. Who has no account is invited.")],
        ),
    ]
}

/// What a quality promises for the response: "Medium: 5 wd / 5 wd / 1 wd / 1 wd".
fn promised(quality: &Quality) -> (String, String) {
    let promise = quality.promise(TargetKind::Response);
    let words = Priority::ALL.map(|priority| {
        let within = promise.within(priority);
        within.map_or_else(|| "not promised".to_owned(), |w| w.to_string())
    });
    let words = format!("{}: {} from low to top", quality.title, words.join(" / "));
    (quality.key.clone(), words)
}

fn quality(form: &Form, sheet: &Sheet) -> Vec<Group> {
    let q = &form.quality;
    let offered: Vec<(String, String)> = sheet.qualities.iter().map(promised).collect();
    vec![
        Group {
            text: "A working day (wd) has 8 of your hours. Targets are for the first answer."
                .to_owned(),
            ..group(
                "Quality of support",
                vec![
                    Ask::pick(
                        "quality.qos",
                        "What you promise",
                        &q.qos,
                        offered.iter().map(|(key, words)| (&key[..], &words[..])),
                    )
                    .wide(),
                ],
            )
        },
        group(
            "Hours, Monday to Friday",
            vec![
                Ask::line("quality.opens", "From", &q.opens).of_type("time"),
                Ask::line("quality.closes", "To", &q.closes).of_type("time"),
                Ask::line("quality.time_zone", "Time zone", &q.time_zone)
                    .suggest("zones")
                    .hint("As Europe/Prague."),
                Ask::line(
                    "quality.escalation",
                    "When nobody answers: mail address",
                    &q.escalation,
                )
                .of_type("email")
                .hint("First level and monitors write there."),
            ],
        ),
    ]
}

fn issues(form: &Form) -> Vec<Group> {
    let mut groups = vec![group(
        "What you are usually asked",
        vec![
            Ask::area(
                "issues.types",
                "Usual types of issue, one a line",
                &form.issues.types.join("\n"),
                4,
            )
            .small("optional")
            .hint("They help first level to find you."),
        ],
    )];
    let empty = Answered::default();
    let rows = form.issues.faq.iter().chain([&empty]).take(MOST);
    for (i, one) in rows.enumerate() {
        groups.push(Group {
            button: (i + 1 > form.issues.faq.len())
                .then(|| ("add-faq".into(), "Add another question".into())),
            ..group(
                &format!("Question {}", i + 1),
                vec![
                    Ask::line(
                        &format!("issues.faq.{i}.question"),
                        "Question",
                        &one.question,
                    )
                    .small("optional")
                    .wide(),
                    Ask::area(
                        &format!("issues.faq.{i}.answer"),
                        "Your answer",
                        &one.answer,
                        3,
                    )
                    .small("optional"),
                ],
            )
        });
    }
    groups
}

/// Names of time zones to choose from.
pub fn zones() -> Vec<String> {
    tz::db().available().map(|name| name.to_string()).collect()
}

fn put(to: &mut String, posted: &Posted, name: &str) {
    if posted.has(name) {
        *to = posted.text(name).to_owned();
    }
}

fn lines(posted: &Posted, name: &str) -> Option<Vec<String>> {
    posted.has(name).then(|| {
        posted
            .body(name)
            .lines()
            .map(|line| line.trim().to_owned())
            .filter(|line| !line.is_empty())
            .collect()
    })
}

/// Puts what was sent into a form; what was not sent stays.
pub fn read(form: &mut Form, posted: &Posted, providers: &[Provider]) {
    read_provider(form, posted, providers);
    read_services(form, posted);
    read_connect(form, posted);
    let u = &mut form.unit;
    put(&mut u.name, posted, "unit.name");
    put(&mut u.parent, posted, "unit.parent");
    put(&mut u.level, posted, "unit.level");
    put(&mut u.list, posted, "unit.list");
    if posted.has("unit.description") {
        u.description = posted.body("unit.description");
    }
    if let Some(all) = lines(posted, "unit.responsibles") {
        u.responsibles = all
            .iter()
            .flat_map(|line| line.split([',', ';']))
            .map(|a| a.trim().to_owned())
            .filter(|a| !a.is_empty())
            .collect();
    }
    let q = &mut form.quality;
    put(&mut q.qos, posted, "quality.qos");
    put(&mut q.time_zone, posted, "quality.time_zone");
    put(&mut q.opens, posted, "quality.opens");
    put(&mut q.closes, posted, "quality.closes");
    put(&mut q.escalation, posted, "quality.escalation");
    if let Some(types) = lines(posted, "issues.types") {
        form.issues.types = types;
    }
    if posted.has("issues.faq.0.question") {
        form.issues.faq = (0..MOST)
            .take_while(|i| posted.has(&format!("issues.faq.{i}.question")))
            .map(|i| Answered {
                question: posted.text(&format!("issues.faq.{i}.question")).to_owned(),
                answer: posted.body(&format!("issues.faq.{i}.answer")),
            })
            .filter(|one| !one.question.is_empty() || !one.answer.trim().is_empty())
            .collect();
    }
}

fn read_provider(form: &mut Form, posted: &Posted, providers: &[Provider]) {
    let p = &mut form.provider;
    let before = p.known.clone();
    put(&mut p.known, posted, "provider.known");
    put(&mut p.name, posted, "provider.name");
    put(&mut p.country, posted, "provider.country");
    put(&mut p.home_page, posted, "provider.home_page");
    put(&mut p.contact, posted, "provider.contact");
    // Chosen just now: what is known of it is taken over.
    if p.known != before
        && let Some(known) = providers.iter().find(|k| k.key == p.known)
    {
        p.name.clone_from(&known.name);
        p.country.clone_from(&known.country);
        p.home_page.clone_from(&known.home_page);
        p.contact.clone_from(&known.contact);
    }
}

fn read_services(form: &mut Form, posted: &Posted) {
    for i in 0..MOST {
        let name = |field: &str| format!("services.{i}.{field}");
        if !posted.has(&name("name")) {
            break;
        }
        if form.services.len() <= i {
            form.services.push(ServicePart::default());
        }
        let s = &mut form.services[i];
        put(&mut s.name, posted, &name("name"));
        put(&mut s.area, posted, &name("area"));
        put(&mut s.description, posted, &name("description"));
        put(&mut s.contact, posted, &name("contact"));
        if let Some(asked) = lines(posted, &name("questions")) {
            s.questions = asked
                .into_iter()
                .map(|line| match line.strip_suffix('*') {
                    Some(label) => Question {
                        label: label.trim_end().to_owned(),
                        required: true,
                    },
                    None => Question {
                        label: line,
                        required: false,
                    },
                })
                .filter(|q| !q.label.is_empty())
                .collect();
        }
    }
}

/// The part about how to connect; also of a service that goes another way.
pub fn read_connect(form: &mut Form, posted: &Posted) {
    if let Some(way) = Way::parse(posted.text("option")) {
        form.option = Some(way);
    }
    if posted.has("redirection.list") {
        form.redirection.list = posted.text("redirection.list").to_owned();
        form.redirection.personal_data = posted.has("redirection.personal_data");
    }
    if !posted.has("exchange.system") {
        return;
    }
    let e = &mut form.exchange;
    let before = e.system.clone();
    put(&mut e.system, posted, "exchange.system");
    put(&mut e.endpoint, posted, "exchange.endpoint");
    put(&mut e.secret, posted, "exchange.secret");
    put(&mut e.queue, posted, "exchange.queue");
    put(&mut e.direction, posted, "exchange.direction");
    e.attachments = posted.has("exchange.attachments");
    e.personal_data = posted.has("exchange.personal_data");
    for key in status_keys() {
        let name = format!("exchange.statuses.{key}");
        if posted.has(&name) {
            e.statuses
                .insert(key.to_owned(), posted.text(&name).to_owned());
        }
    }
    for key in priority_keys() {
        let name = format!("exchange.priorities.{key}");
        if posted.has(&name) {
            e.priorities
                .insert(key.to_owned(), posted.text(&name).to_owned());
        }
    }
    if let Some(all) = lines(posted, "exchange.fields") {
        e.fields = all;
    }
    if let Some(all) = lines(posted, "exchange.queues") {
        e.queues = all;
    }
    if let Some(all) = lines(posted, "exchange.owners") {
        e.owners = all;
    }
    if let Some(all) = lines(posted, "exchange.links") {
        e.links = all;
    }
    // Another system has other words; what somebody changed by hand is kept.
    if e.system != before {
        if e.statuses == default_statuses(&before) {
            e.statuses.clear();
        }
        if e.priorities == default_priorities(&before) {
            e.priorities.clear();
        }
    }
    form.fill_maps();
}
