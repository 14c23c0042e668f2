//! `/admin/services/{service}`: all of a service, with the editor of its form.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Error;
use desk::service::{KnownService, OPTIONS, ServiceEdit};
use store::unit::{FieldType, FormField};
use switchboard_core::form::{SUPPORT, key_of};

use crate::ui::assets::Asset;
use crate::ui::fault::Fault;
use crate::ui::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use crate::ui::posted::Posted;
use crate::ui::unit_edit::QUICKER;
use crate::ui::unit_form::unit_names;
use crate::ui::view::{Choice, Icon};
use crate::ui::visit::{Visit, encode, sentence};

/// Empty fields under those that are there.
const SPARE: usize = 2;
/// Fields that are read.
const MOST: usize = 60;

/// One field of the form editor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldRow {
    /// Its key; empty for a new one.
    pub key: String,
    /// What is asked.
    pub label: String,
    /// What it takes.
    pub kinds: Vec<Choice>,
    /// It must be filled in.
    pub required: bool,
    /// Only the support side sees it.
    pub support: bool,
    /// A sentence under it.
    pub help: String,
    /// The values of a list, one a line.
    pub options: String,
    /// The least a number may be.
    pub min: String,
    /// The most.
    pub max: String,
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/service.html")]
pub struct ServiceAdminPage {
    /// Around it.
    pub frame: Frame,
    /// Where the form is sent to.
    pub action: String,
    /// Where how it runs is said.
    pub status_href: String,
    /// The version that is shown.
    pub version: i64,
    /// The service's name as it is stored.
    pub title: String,
    /// It is offered.
    pub active: bool,
    /// Texts by the name of their field.
    pub name: String,
    /// Its key.
    pub key: String,
    /// Who provides it.
    pub provider: String,
    /// The group it is listed under.
    pub area: String,
    /// Groups there are.
    pub areas: Vec<String>,
    /// What it is for.
    pub description: String,
    /// The unit that answers for it.
    pub unit: String,
    /// Names of units to choose from.
    pub unit_names: Vec<String>,
    /// Integration options.
    pub options: Vec<Choice>,
    /// The list of a redirection.
    pub list: String,
    /// Other names, separated by commas.
    pub aliases: String,
    /// Whom to ask about it.
    pub contact: String,
    /// The page with its known errors.
    pub known_errors: String,
    /// The page with its changes.
    pub changes: String,
    /// The fields of its form.
    pub fields: Vec<FieldRow>,
    /// What was wrong.
    pub errors: Errors,
}

fn kinds(chosen: FieldType) -> Vec<Choice> {
    Choice::list(FieldType::ALL.map(|t| (t.key(), t.label())), chosen.key())
}

fn blank_row() -> FieldRow {
    field_row(&FormField::default())
}

fn field_row(field: &FormField) -> FieldRow {
    let bound = |bound: Option<i64>| bound.map_or_else(String::new, |n| n.to_string());
    FieldRow {
        key: field.key.clone(),
        label: field.label.clone(),
        kinds: kinds(field.kind),
        required: field.required,
        support: field.support_only(),
        help: field.help.clone(),
        options: field.options.join("\n"),
        min: bound(field.min),
        max: bound(field.max),
    }
}

/// `GET /admin/services/{service}`.
pub async fn show(visit: Visit, Path(service): Path<String>) -> Response {
    let result = async {
        let page = page(&visit, &service).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

async fn page(visit: &Visit, key: &str) -> Result<ServiceAdminPage, Fault> {
    visit.admin()?;
    let known = visit.desk.known_service(key).await?;
    let catalogue = visit.desk.catalogue().await?;
    let KnownService { service, version } = known;
    let mut areas: Vec<String> = Vec::new();
    for other in &catalogue.services {
        if !other.area.is_empty() && !areas.contains(&other.area) {
            areas.push(other.area.clone());
        }
    }
    let mut fields: Vec<FieldRow> = service.doc.form.iter().map(field_row).collect();
    fields.extend((0..SPARE).map(|_| blank_row()));
    Ok(ServiceAdminPage {
        frame: visit.frame(Room::Staff, Here::Admin).await?,
        action: format!("/admin/services/{}", encode(&service.key)),
        status_href: format!("/services/{}/status", encode(&service.key)),
        version,
        title: service.name.clone(),
        active: service.active,
        name: service.name,
        key: service.key,
        provider: service.provider,
        area: service.area,
        areas,
        description: service.description,
        unit: catalogue.unit_name(service.unit).to_owned(),
        unit_names: unit_names(&catalogue),
        options: Choice::list(OPTIONS, &service.option),
        list: service.doc.list.unwrap_or_default(),
        aliases: service.doc.aliases.join(", "),
        contact: service.doc.contact,
        known_errors: service.doc.known_errors,
        changes: service.doc.changes,
        fields,
        errors: Errors::default(),
    })
}

/// The fields of the editor as they were typed; a row without a label goes.
fn typed_fields(posted: &Posted) -> Vec<FormField> {
    let mut fields: Vec<(i64, FormField)> = Vec::new();
    for i in 0..MOST {
        let name = |part: &str| format!("field-{i}-{part}");
        if !posted.has(&name("label")) {
            break;
        }
        let label = posted.text(&name("label"));
        if label.is_empty() {
            continue;
        }
        let support = posted.has(&name("support"));
        let key = posted.text(&name("key"));
        let bare = key.strip_prefix(SUPPORT).unwrap_or(key);
        let bare = if bare.is_empty() {
            key_of(label)
        } else {
            bare.to_owned()
        };
        let kind = FieldType::parse(posted.text(&name("type"))).unwrap_or_default();
        let number = kind == FieldType::Number;
        let bound = |part: &str| posted.text(&name(part)).parse().ok().filter(|_| number);
        let place = posted.text(&name("place")).parse().unwrap_or(i64::MAX);
        let field = FormField {
            key: if support {
                format!("{SUPPORT}{bare}")
            } else {
                bare
            },
            label: label.to_owned(),
            kind,
            required: posted.has(&name("required")) && !support,
            options: posted
                .body(&name("options"))
                .lines()
                .map(str::trim)
                .filter(|o| !o.is_empty() && kind.has_options())
                .map(str::to_owned)
                .collect(),
            help: posted.text(&name("help")).to_owned(),
            min: bound("min"),
            max: bound("max"),
        };
        fields.push((place, field));
    }
    fields.sort_by_key(|(place, _)| *place);
    fields.into_iter().map(|(_, field)| field).collect()
}

fn edit(posted: &Posted) -> ServiceEdit {
    let text = |name: &str| Some(posted.text(name).to_owned());
    ServiceEdit {
        key: text("key"),
        name: text("name"),
        provider: text("provider"),
        area: text("area"),
        description: text("description"),
        unit: text("unit"),
        option: text("option"),
        list: Some(text("list").filter(|l| !l.is_empty())),
        active: Some(posted.text("active") != "no"),
        aliases: Some(
            posted
                .text("aliases")
                .split(',')
                .map(str::to_owned)
                .collect(),
        ),
        form: Some(typed_fields(posted)),
        contact: text("contact"),
        known_errors: text("known_errors"),
        changes: text("changes"),
        ..ServiceEdit::default()
    }
}

impl ServiceAdminPage {
    /// The page as it was typed, with what is wrong.
    fn again(self, posted: &Posted, errors: Errors) -> ServiceAdminPage {
        let text = |name: &str| posted.text(name).to_owned();
        let mut fields: Vec<FieldRow> = typed_fields(posted).iter().map(field_row).collect();
        fields.extend((0..SPARE).map(|_| blank_row()));
        ServiceAdminPage {
            name: text("name"),
            key: text("key"),
            provider: text("provider"),
            area: text("area"),
            description: text("description"),
            unit: text("unit"),
            options: Choice::list(OPTIONS, posted.text("option")),
            list: text("list"),
            aliases: text("aliases"),
            contact: text("contact"),
            known_errors: text("known_errors"),
            changes: text("changes"),
            active: posted.text("active") != "no",
            fields,
            errors,
            ..self
        }
    }
}

/// `POST /admin/services/{service}`.
pub async fn save(Path(service): Path<String>, posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = store(&posted, &service).await;
    posted.visit.close(result).await
}

async fn store(posted: &Posted, key: &str) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = visit.admin()?;
    if posted.text("do") == "more" {
        let page = page(visit, key).await?.again(posted, Errors::default());
        return visit.page(&page);
    }
    let expected = posted.text("version").parse().ok();
    let done = visit
        .desk
        .change_service(actor, key, expected, edit(posted))
        .await;
    let errors = match done {
        Ok(known) => {
            let to = format!("/admin/services/{}", encode(&known.service.key));
            return visit.go(&to, Some(Notice::new(NoticeTone::Ok, "Saved")));
        }
        Err(Error::Invalid { field, problem }) => Errors::one(field, sentence(&problem)),
        Err(Error::Stale { .. }) => Errors::one("name", QUICKER),
        Err(other) => return Err(other.into()),
    };
    let page = page(visit, key).await?.again(posted, errors);
    visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}
