//! `/tickets/new`: the request form, which explains the priority it would get
//! and shows what is already known, before anything is sent.

use std::collections::BTreeMap;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use desk::notice::{Phase, phase};
use desk::portal::Portal;
use desk::{Catalogue, Error, OpenRequest, RequesterRef, TicketQuery};
use sha2::{Digest as _, Sha256};
use store::list::{Condition, Filter, Sort};
use store::unit::{FieldType, Service};
use switchboard_core::triage::Step;
use switchboard_core::{Facts, Priority, SecurityRisk, Status, TellRequester, TicketType};

use super::assets::Asset;
use super::fault::Fault;
use super::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use super::posted::Posted;
use super::view::{
    Chip, Choice, Icon, Lamp, PrioMark, Route, RouteStop, StopKind, Tone, size_words,
};
use super::visit::{Visit, random_word, sentence};

/// What was typed so far, as it was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewTicketForm {
    /// Name or key of a service.
    pub service: String,
    /// One line.
    pub subject: String,
    /// The whole story.
    pub description: String,
    /// Since when, as the field sends it.
    pub since: String,
    /// The zone in which `since` is meant, for people.
    pub zone: String,
    /// Category's key.
    pub category: String,
    /// A number of people.
    pub affected: String,
    /// `no`, `yes`, `unknown`.
    pub degrades: String,
    /// `none`, `trivial`, `imminent`.
    pub security: String,
    /// Addresses, separated by commas.
    pub cc: String,
    /// `on_solution`, `every_change`.
    pub tell: String,
    /// The requester's name, when they are not signed in or another person.
    pub name: String,
    /// The requester's address, likewise.
    pub mail: String,
    /// Makes a form that is sent twice one ticket.
    pub once: String,
    /// The key of the portal it is asked by.
    pub portal: String,
    /// A type of issue's key, where the portal asks for one.
    pub issue_type: String,
    /// The key of the community whose team may edit it; empty: a ticket of one person.
    pub team: String,
}

/// The priority that the rules would give, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// Which of the four.
    pub priority: Priority,
    /// The rule that decides, as a reason.
    pub because: String,
    /// All rules in their order.
    pub steps: Vec<Step>,
}

impl Preview {
    /// The mark at the size of the preview.
    fn mark(&self) -> PrioMark {
        PrioMark::big(self.priority)
    }

    /// The mark in a sentence.
    fn small_mark(&self) -> PrioMark {
        PrioMark::of(self.priority)
    }
}

/// Something like it that is already known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Similar {
    /// "Incident", "Solved", "Yours".
    pub chip: Chip,
    /// Where it is.
    pub href: String,
    /// One line.
    pub title: String,
    /// "today".
    pub when: String,
}

/// Where a ticket about a service goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoesTo {
    /// How the service runs.
    pub lamp: Lamp,
    /// The unit.
    pub unit: String,
    /// A sentence more.
    pub more: String,
}

/// How an extra field of a service's form is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// A line of text; the type of the input: `text`, `date`, `email`, `url`.
    Line(&'static str),
    /// A text of several lines.
    Lines,
    /// A whole number, with its least and most where they are set.
    Number(String, String),
    /// Yes or no.
    Tick,
    /// One of several.
    Choice(Vec<Choice>),
    /// Any of several.
    Several(Vec<Choice>),
}

/// An extra field of a service's form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomField {
    /// Its id in the page, made of its place.
    pub id: String,
    /// What is sent: `custom.` and its key.
    pub name: String,
    /// What is asked.
    pub label: String,
    /// A sentence under it; may be empty.
    pub help: String,
    /// The id of that sentence; empty without one.
    pub help_id: String,
    /// It must be filled.
    pub required: bool,
    /// How it is asked for.
    pub asked: Asked,
    /// What was typed.
    pub value: String,
}

impl CustomField {
    /// The id of the sentence under it; empty: there is none.
    fn hint(&self) -> &str {
        &self.help_id
    }
}

/// The request form.
#[derive(Debug, Clone, Template)]
#[template(path = "new_ticket.html")]
pub struct NewTicketPage {
    /// Around it.
    pub frame: Frame,
    /// What was typed.
    pub form: NewTicketForm,
    /// What is wrong with it.
    pub errors: Errors,
    /// Types of issue to choose from, where the portal has chosen some.
    pub issue_types: Vec<Choice>,
    /// Names of the catalogue, to choose from.
    pub service_names: Vec<String>,
    /// Services the reader used lately.
    pub lately: Vec<String>,
    /// Categories.
    pub categories: Vec<Choice>,
    /// How much they want to hear.
    pub tell: Vec<Choice>,
    /// Whose ticket it can be, with the person themselves first; empty: they are of no team.
    pub teams: Vec<Choice>,
    /// "50 MB".
    pub file_limit: String,
    /// The unit of the chosen service.
    pub goes_to: Option<GoesTo>,
    /// Extra fields of the chosen service.
    pub custom: Vec<CustomField>,
    /// What it would weigh.
    pub preview: Preview,
    /// What is already known.
    pub similar: Vec<Similar>,
    /// Its way.
    pub road: Route,
}

/// The parts of the form that follow what is typed, for the script to swap.
#[derive(Debug, Clone, Template)]
#[template(path = "new_ticket_parts.html")]
pub struct NewTicketParts {
    /// The unit of the chosen service.
    pub goes_to: Option<GoesTo>,
    /// Extra fields of the chosen service.
    pub custom: Vec<CustomField>,
    /// What is wrong with them.
    pub errors: Errors,
    /// What it would weigh.
    pub preview: Preview,
    /// What is already known.
    pub similar: Vec<Similar>,
    /// Its way.
    pub road: Route,
}

impl NewTicketForm {
    fn read(posted: &Posted) -> NewTicketForm {
        let text = |name: &str| posted.text(name).to_owned();
        NewTicketForm {
            service: text("service"),
            subject: text("subject"),
            description: posted.body("description"),
            since: text("since"),
            zone: posted.visit.dial.zone_words(),
            category: text("category"),
            affected: text("affected"),
            degrades: text("degrades"),
            security: text("security"),
            cc: text("cc"),
            tell: text("tell"),
            name: text("name"),
            mail: text("mail"),
            once: text("once"),
            portal: text("portal"),
            issue_type: text("issue_type"),
            team: text("team"),
        }
    }

    fn fresh(visit: &Visit) -> NewTicketForm {
        NewTicketForm {
            service: visit.query("service").to_owned(),
            subject: visit.query("subject").to_owned(),
            zone: visit.dial.zone_words(),
            category: "incident".to_owned(),
            affected: "1".to_owned(),
            degrades: "no".to_owned(),
            security: "none".to_owned(),
            tell: "on_solution".to_owned(),
            once: random_word(),
            portal: visit
                .portal()
                .map_or_else(|_| String::new(), |p| p.key.clone()),
            ..NewTicketForm::default()
        }
    }

    /// What triage looks at; what can not be read yet counts as little.
    fn facts(&self) -> Facts {
        Facts {
            affected_users: self.affected.parse().unwrap_or(1).max(1),
            degrades_service: self.degrades == "yes",
            security_risk: SecurityRisk::parse(&self.security).unwrap_or_default(),
            category: if self.category.is_empty() {
                "incident".to_owned()
            } else {
                self.category.clone()
            },
        }
    }
}

/// `GET /tickets/new`.
pub async fn show(visit: Visit) -> Response {
    let missing = visit.path.starts_with("/p/") && visit.portal().is_err();
    if missing {
        return visit.close(Err(Fault::no_page())).await;
    }
    let mut form = NewTicketForm::fresh(&visit);
    let result = match visit.desk.catalogue().await {
        Ok(catalogue) => {
            // A link carries the service's key; people read its name.
            if let Ok(service) = catalogue.find_service("service", &form.service) {
                form.service.clone_from(&service.name);
            }
            page(&visit, form, &BTreeMap::new(), Errors::default())
                .await
                .and_then(|page| visit.page(&page))
        }
        Err(error) => Err(error.into()),
    };
    visit.close(result).await
}

/// `POST /tickets/new/preview`: the parts that follow what is typed.
pub async fn preview(posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let form = NewTicketForm::read(&posted);
    let result = parts(&posted.visit, &form, &custom_values(&posted))
        .await
        .and_then(|parts| posted.visit.page(&parts));
    posted.visit.close(result).await
}

/// `POST /tickets/new`.
pub async fn send(posted: Posted) -> Response {
    let mut posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = open(&mut posted).await;
    posted.visit.close(result).await
}

/// What was typed into a service's own fields; several values of one field are
/// lines of one text.
fn custom_values(posted: &Posted) -> BTreeMap<String, String> {
    let mut values: BTreeMap<String, String> = BTreeMap::new();
    for (key, value) in posted.beginning("custom.") {
        let value = value.replace("\r\n", "\n");
        values
            .entry(key.to_owned())
            .and_modify(|all| {
                all.push('\n');
                all.push_str(&value);
            })
            .or_insert(value);
    }
    values
}

/// What was typed into a service's own fields, as the desk wants it.
fn custom_json(
    service: Option<&Service>,
    typed: &BTreeMap<String, String>,
) -> BTreeMap<String, serde_json::Value> {
    let form = service.map_or(&[][..], |s| &s.doc.form);
    form.iter()
        .filter(|field| !field.support_only())
        .filter_map(|field| {
            let text = typed.get(&field.key).map_or("", String::as_str);
            let value = match field.kind {
                FieldType::Boolean => serde_json::Value::Bool(text == "yes"),
                _ if text.is_empty() => return None,
                FieldType::Number => text
                    .parse::<i64>()
                    .map_or_else(|_| text.into(), serde_json::Value::from),
                FieldType::Multiple => text.lines().collect(),
                _ => text.into(),
            };
            Some((field.key.clone(), value))
        })
        .collect()
}

async fn open(posted: &mut Posted) -> Result<Response, Fault> {
    let form = NewTicketForm::read(posted);
    let typed = custom_values(posted);
    let files = std::mem::take(&mut posted.files);
    let visit = &posted.visit;
    let had_files = !files.is_empty();
    let refuse = async |mut errors: Errors, status: StatusCode| {
        if had_files {
            errors.add(
                "files",
                "Please choose your files again: a browser does not keep them.",
            );
        }
        let page = page(visit, form.clone(), &typed, errors).await?;
        visit.page_as(status, &page)
    };
    if posted.text("do") == "preview" {
        return refuse(Errors::default(), StatusCode::OK).await;
    }
    let mut errors = Errors::default();
    if form.subject.is_empty() {
        errors.add("subject", "Say in one line what happened.");
    }
    if form.description.trim().is_empty() {
        errors.add(
            "description",
            "Say what you did, what you expected, what came instead.",
        );
    }
    let affected = match form.affected.as_str() {
        "" => None,
        text => match text.parse::<u32>() {
            Ok(n) if n > 0 => Some(n),
            _ => {
                errors.add("affected", "A number of people, 1 or more.");
                None
            }
        },
    };
    let since = match form.since.as_str() {
        "" => None,
        text => {
            let at = super::time::parse_local(text, &visit.dial.zone);
            if at.is_none() {
                errors.add("since", "A date and a time, as 2026-11-23 15:20.");
            }
            at
        }
    };
    if visit.who.is_none() {
        if form.name.is_empty() {
            errors.add("name", "Say who you are.");
        }
        if form.mail.is_empty() {
            errors.add("mail", "Give an address, so that somebody can answer you.");
        }
    }
    if !errors.is_empty() {
        return refuse(errors, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let catalogue = visit.desk.catalogue().await?;
    let service = match form.service.as_str() {
        "" => None,
        name => match catalogue.find_service("service", name) {
            Ok(service) => Some(service),
            Err(_) => {
                let errors = Errors::one(
                    "service",
                    format!(
                        "There is no service “{name}”. Choose one of the list, or leave it empty."
                    ),
                );
                return refuse(errors, StatusCode::UNPROCESSABLE_ENTITY).await;
            }
        },
    };
    let facts = form.facts();
    let (actor, requester) = match &visit.who {
        Some(who) => {
            let other = !form.mail.is_empty() && who.person.email.as_ref() != Some(&form.mail);
            let requester = (other && who.actor.is_staff()).then(|| RequesterRef {
                email: form.mail.clone(),
                name: form.name.clone(),
            });
            (who.actor.clone(), requester)
        }
        None => match visit.desk.visitor(&form.mail, &form.name).await {
            Ok(actor) => (actor, None),
            Err(Error::Invalid { .. }) => {
                let errors = Errors::one("mail", "This does not look like a mail address.");
                return refuse(errors, StatusCode::UNPROCESSABLE_ENTITY).await;
            }
            Err(other) => return Err(other.into()),
        },
    };
    let request = OpenRequest {
        subject: form.subject.clone(),
        description: form.description.clone(),
        files,
        service: service.map(|s| s.key.clone()),
        portal: Some(form.portal.clone()).filter(|key| !key.is_empty()),
        // A type of issue says the category, too.
        category: Some(
            catalogue
                .issue_types
                .iter()
                .find(|t| !form.issue_type.is_empty() && t.key == form.issue_type)
                .map_or(facts.category, |t| t.category.clone()),
        ),
        issue_type: Some(form.issue_type.clone()).filter(|key| !key.is_empty()),
        affected_users: affected,
        degrades_service: facts.degrades_service,
        security_risk: facts.security_risk,
        since,
        requester,
        cc: form
            .cc
            .split([',', ';', ' '])
            .map(str::trim)
            .filter(|a| !a.is_empty())
            .map(str::to_owned)
            .collect(),
        tell: if form.tell == "every_change" {
            TellRequester::EveryChange
        } else {
            TellRequester::OnSolution
        },
        custom: custom_json(service, &typed),
        // The same form sent twice is one ticket, whatever is in it.
        kind: if form.team.is_empty() {
            TicketType::User
        } else {
            TicketType::Team
        },
        community: Some(form.team.clone()).filter(|key| !key.is_empty()),
        idempotency: (!form.once.is_empty()).then(|| {
            let hash = Sha256::digest(form.once.as_bytes()).to_vec();
            (format!("form:{}", form.once), hash)
        }),
        ..OpenRequest::default()
    };
    match visit.desk.open_ticket(&actor, request).await {
        Ok(opened) => {
            let notice = Notice {
                tone: NoticeTone::Ok,
                title: format!("Your ticket is {}", opened.number),
                text: "You get a mail with this number. Answer it, or come back here.".to_owned(),
            };
            let to = match &visit.who {
                Some(who) if who.actor.person == Some(opened.requester) => {
                    format!("/tickets/{}", opened.number)
                }
                Some(_) => format!("/work/{}", opened.number),
                // The address is not proved: they see it by the mailed link.
                None => "/tickets/sent".to_owned(),
            };
            visit.go(&to, Some(notice))
        }
        Err(Error::Invalid { field, problem }) => {
            let known = custom_fields(service, &typed);
            let id = match field.as_str() {
                "requester.email" => "mail".to_owned(),
                "affected_users" => "affected".to_owned(),
                "community" => "team".to_owned(),
                other => known
                    .iter()
                    .find(|f| f.name == other)
                    .map_or_else(|| other.to_owned(), |f| f.id.clone()),
            };
            let errors = Errors::one(id, sentence(&problem));
            refuse(errors, StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(other) => Err(other.into()),
    }
}

fn custom_fields(service: Option<&Service>, typed: &BTreeMap<String, String>) -> Vec<CustomField> {
    let form = service.map_or(&[][..], |s| &s.doc.form);
    form.iter()
        .filter(|field| !field.support_only())
        .enumerate()
        .map(|(i, field)| {
            let value = typed.get(&field.key).cloned().unwrap_or_default();
            let choices = |chosen: &dyn Fn(&str) -> bool| -> Vec<Choice> {
                field
                    .options
                    .iter()
                    .map(|o| Choice {
                        value: o.clone(),
                        label: o.clone(),
                        chosen: chosen(o),
                    })
                    .collect()
            };
            let bound = |bound: Option<i64>| bound.map_or_else(String::new, |n| n.to_string());
            CustomField {
                id: format!("custom-{i}"),
                name: format!("custom.{}", field.key),
                label: field.label.clone(),
                help: field.help.clone(),
                help_id: if field.help.is_empty() {
                    String::new()
                } else {
                    format!("custom-{i}-help")
                },
                required: field.required,
                asked: match field.kind {
                    FieldType::Text => Asked::Line("text"),
                    FieldType::Date => Asked::Line("date"),
                    FieldType::Email => Asked::Line("email"),
                    FieldType::Url => Asked::Line("url"),
                    FieldType::LongText => Asked::Lines,
                    FieldType::Number => Asked::Number(bound(field.min), bound(field.max)),
                    FieldType::Boolean => Asked::Tick,
                    FieldType::Choice => {
                        let mut all = choices(&|o| o == value);
                        all.insert(0, Choice::new("", "Please choose"));
                        Asked::Choice(all)
                    }
                    FieldType::Multiple => {
                        Asked::Several(choices(&|o| value.lines().any(|v| v == o)))
                    }
                },
                value,
            }
        })
        .collect()
}

async fn parts(
    visit: &Visit,
    form: &NewTicketForm,
    typed: &BTreeMap<String, String>,
) -> Result<NewTicketParts, Fault> {
    let catalogue = visit.desk.catalogue().await?;
    let service = catalogue.find_service("service", &form.service).ok();
    let (assessment, steps) = visit.desk.explain(&form.facts()).await?;
    Ok(NewTicketParts {
        goes_to: service.map(|s| goes_to(s, &catalogue)),
        custom: custom_fields(service, typed),
        errors: Errors::default(),
        preview: Preview {
            priority: assessment.priority,
            because: assessment.because,
            steps,
        },
        similar: similar(visit, form, service).await?,
        road: road(service, &catalogue, form),
    })
}

fn goes_to(service: &Service, catalogue: &Catalogue) -> GoesTo {
    let unit = catalogue.heir(service.unit).filter(|u| u.level < 3);
    GoesTo {
        lamp: super::home::lamp(service),
        unit: unit.map_or_else(|| "First level".to_owned(), |u| u.name.clone()),
        more: match service.option.as_str() {
            "redirection" => "They work in a mailing list of their own; answers appear here.",
            "integration" => "They work in a system of their own; answers appear here.",
            _ => "",
        }
        .to_owned(),
    }
}

fn road(service: Option<&Service>, catalogue: &Catalogue, form: &NewTicketForm) -> Route {
    let stop = |name: &str, note: &str, kind| RouteStop {
        name: name.to_owned(),
        note: note.to_owned(),
        kind,
        outside: false,
    };
    let mut stops = vec![stop("You", "writing now", StopKind::Now)];
    let security = catalogue
        .security()
        .filter(|_| form.security == SecurityRisk::Imminent.key());
    let unit = security.or_else(|| {
        service
            .and_then(|s| catalogue.heir(s.unit))
            .filter(|u| u.level < 3)
    });
    match unit {
        Some(unit) if !unit.first_level => {
            stops.push(stop(&unit.name, "takes it up and answers", StopKind::Next));
        }
        _ => {
            let portal = catalogue.find_portal("portal", &form.portal).ok();
            let first_level = catalogue
                .first_level_for(portal)
                .map_or("First level", |unit| &unit.name);
            stops.push(stop(
                first_level,
                "looks at it within 1 working day",
                StopKind::Next,
            ));
            stops.push(stop(
                "The right team",
                "takes it up and answers",
                StopKind::Next,
            ));
        }
    }
    Route { stops }
}

/// Incidents of the service, and tickets that the reader may see and that
/// sound alike.
async fn similar(
    visit: &Visit,
    form: &NewTicketForm,
    service: Option<&Service>,
) -> Result<Vec<Similar>, Fault> {
    let mut found = Vec::new();
    let now = visit.dial.now;
    for notice in visit.desk.notices().await? {
        let about = service.is_some_and(|s| notice.services.contains(&s.id));
        if notice.kind == "incident" && about && phase(&notice, now) == Phase::Now {
            found.push(Similar {
                chip: Chip::with_icon(Tone::Warn, "warn", "Incident"),
                href: "/status".to_owned(),
                title: notice.title,
                when: visit.dial.ago_words(notice.starts_at.unwrap_or(notice.at)),
            });
        }
    }
    if visit.who.is_some() && form.subject.chars().count() >= 4 {
        let actor = visit.looker();
        for item in visit.desk.similar(&actor, &form.subject, 4).await? {
            let chip = match item.status {
                Status::Solved | Status::Verified | Status::Closed => {
                    Chip::with_icon(Tone::Ok, "check", "Solved")
                }
                _ => Chip::with_icon(Tone::Info, "info", "Open"),
            };
            found.push(Similar {
                chip,
                href: format!("/tickets/{}", item.number),
                title: item.subject,
                when: visit.dial.ago_words(item.created_at),
            });
        }
    }
    Ok(found)
}

/// Names of services the reader used lately, at most three.
async fn lately(visit: &Visit, catalogue: &Catalogue) -> Result<Vec<String>, Fault> {
    let Some(person) = visit.who.as_ref().and_then(|w| w.actor.person) else {
        return Ok(Vec::new());
    };
    let page = visit
        .desk
        .tickets(
            &visit.looker(),
            TicketQuery {
                filter: Filter::default().and(Condition::Requester(person)),
                sort: Sort::Newest,
                limit: 20,
                ..TicketQuery::default()
            },
        )
        .await?;
    let mut names: Vec<String> = Vec::new();
    for item in page.items {
        let name = catalogue.service_name(item.service).unwrap_or_default();
        if names.len() < 3 && !name.is_empty() && !names.iter().any(|n| n == name) {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

/// The types of issue that a portal has chosen, if it has.
fn issue_types(catalogue: &Catalogue, portal: &Portal, form: &NewTicketForm) -> Vec<Choice> {
    let mut choices: Vec<Choice> = catalogue
        .issue_types
        .iter()
        .filter(|t| portal.doc.issue_types.contains(&t.key))
        .map(|t| Choice {
            value: t.key.clone(),
            label: t.name.clone(),
            chosen: t.key == form.issue_type,
        })
        .collect();
    if !choices.is_empty() {
        choices.insert(0, Choice::new("", "None of these"));
    }
    choices
}

async fn page(
    visit: &Visit,
    form: NewTicketForm,
    typed: &BTreeMap<String, String>,
    errors: Errors,
) -> Result<NewTicketPage, Fault> {
    let catalogue = visit.desk.catalogue().await?;
    let parts = parts(visit, &form, typed).await?;
    let portal = catalogue.find_portal("portal", &form.portal).ok();
    let mut frame = visit.frame(Room::Public, Here::Elsewhere).await?;
    if let Some(portal) = portal {
        frame.portal = Some(visit.mark_of(portal));
    }
    let offered: Vec<&Service> = match portal {
        Some(portal) => catalogue.services_of(portal),
        None => catalogue.services.iter().filter(|s| s.active).collect(),
    };
    Ok(NewTicketPage {
        frame,
        issue_types: portal.map_or_else(Vec::new, |p| issue_types(&catalogue, p, &form)),
        service_names: offered.iter().map(|s| s.name.clone()).collect(),
        lately: lately(visit, &catalogue).await?,
        categories: Choice::list(
            catalogue
                .categories
                .iter()
                .map(|c| (c.key.as_str(), c.name.as_str())),
            &form.category,
        ),
        tell: Choice::list(
            [
                ("on_solution", "Answers and the solution"),
                ("every_change", "Every change"),
            ],
            &form.tell,
        ),
        teams: super::communities::whose(visit, &catalogue, &form.team),
        file_limit: size_words(visit.desk.config().max_attachment as u64),
        goes_to: parts.goes_to,
        custom: parts.custom,
        preview: parts.preview,
        similar: parts.similar,
        road: parts.road,
        form,
        errors,
    })
}
