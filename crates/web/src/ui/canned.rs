//! `/canned-texts`: what staff keep of texts that they write again and again, and what
//! one says on a ticket.

use askama::Template;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use desk::canned::Draft;
use desk::{Catalogue, Error};
use store::canned::CannedText;
use switchboard_core::canned::{FIELDS, Shelf};
use switchboard_core::{Actor, Part};
use uuid::Uuid;

use super::assets::Asset;
use super::fault::Fault;
use super::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use super::posted::Posted;
use super::time::Dial;
use super::unit_edit::QUICKER;
use super::view::{Choice, Icon, TimeMark};
use super::visit::{Visit, number, sentence};

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CannedRow {
    /// Its page.
    pub href: String,
    /// How people call it.
    pub title: String,
    /// What is typed to get it.
    pub shortcut: String,
    /// Whose it is.
    pub whose: String,
    /// How it begins.
    pub begins: String,
    /// When it was last changed.
    pub changed: TimeMark,
}

/// The texts that somebody may use.
#[derive(Debug, Clone, Template)]
#[template(path = "canned_texts.html")]
pub struct CannedTextsPage {
    /// Around it.
    pub frame: Frame,
    /// By shortcut.
    pub rows: Vec<CannedRow>,
}

/// One text, new or known.
#[derive(Debug, Clone, Template)]
#[template(path = "canned_text.html")]
pub struct CannedTextPage {
    /// Around it.
    pub frame: Frame,
    /// How it is called; empty: a new one.
    pub title: String,
    /// Where its form goes.
    pub action: String,
    /// The reader may change it.
    pub keeps: bool,
    /// Its version.
    pub version: String,
    /// What was typed.
    pub typed: Typed,
    /// Whose it may be.
    pub scopes: Vec<Choice>,
    /// The fields that there are, in their braces.
    pub fields: Vec<String>,
    /// What was wrong.
    pub errors: Errors,
}

/// What a form holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed {
    /// How people call it.
    pub title: String,
    /// What is typed to get it.
    pub shortcut: String,
    /// What it says.
    pub body: String,
}

/// Whose something is, in words.
pub fn whose(catalogue: &Catalogue, shelf: Shelf) -> String {
    match shelf {
        Shelf::Own(_) => "Yours".to_owned(),
        Shelf::Unit(unit) => catalogue
            .unit(unit)
            .map_or_else(|| "A unit’s".to_owned(), |unit| unit.name.clone()),
        Shelf::Everybody => "Everybody".to_owned(),
    }
}

/// The value of a form's choice of whose something is: `own`, `everybody`, or `unit:` and
/// its key.
pub fn scope_value(catalogue: &Catalogue, shelf: Shelf) -> String {
    match shelf {
        Shelf::Unit(unit) => catalogue
            .unit(unit)
            .map_or_else(String::new, |unit| format!("unit:{}", unit.key)),
        other => other.key().to_owned(),
    }
}

/// Whose something may be that the actor keeps.
pub fn scopes(catalogue: &Catalogue, actor: &Actor, chosen: &str) -> Vec<Choice> {
    let mut all = vec![("own".to_owned(), "Only for you".to_owned())];
    let units = catalogue.units.iter().filter(|unit| {
        unit.active && (actor.admin || actor.in_unit(unit.id) == Some(Part::Responsible))
    });
    all.extend(units.map(|u| (format!("unit:{}", u.key), u.name.clone())));
    if actor.admin {
        all.push(("everybody".to_owned(), "Everybody on staff".to_owned()));
    }
    all.into_iter()
        .map(|(value, label)| Choice {
            chosen: value == chosen,
            ..Choice::new(value, label)
        })
        .collect()
}

/// What a form's choice says: the scope, and the unit where it is one's.
pub fn chosen_scope(value: &str) -> (String, String) {
    match value.split_once(':') {
        Some(("unit", key)) => ("unit".to_owned(), key.to_owned()),
        _ => (value.to_owned(), String::new()),
    }
}

/// How a text begins, in one line.
fn begins(body: &str) -> String {
    let line = body.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = line.chars().take(90).collect();
    match short.len() < line.len() {
        true => format!("{short}…"),
        false => line,
    }
}

fn row(text: CannedText, catalogue: &Catalogue, dial: &Dial) -> CannedRow {
    let written = text.written;
    CannedRow {
        href: format!("/canned-texts/{}", text.id),
        whose: whose(catalogue, written.shelf),
        begins: begins(&written.body),
        title: written.title,
        shortcut: written.shortcut,
        changed: dial.ago(text.changed_at),
    }
}

async fn page(
    visit: &Visit,
    known: Option<&CannedText>,
    typed: Typed,
    scope: &str,
) -> Result<CannedTextPage, Fault> {
    let actor = visit.staff()?;
    let catalogue = visit.desk.catalogue().await?;
    Ok(CannedTextPage {
        frame: visit.frame(Room::Staff, Here::Workspace).await?,
        title: known.map_or_else(String::new, |k| k.written.title.clone()),
        action: known.map_or_else(
            || "/canned-texts".to_owned(),
            |k| format!("/canned-texts/{}", k.id),
        ),
        keeps: known.is_none_or(|k| k.written.shelf.may_be_filled_by(actor).is_ok()),
        version: known.map_or_else(String::new, |k| k.version.to_string()),
        typed,
        scopes: scopes(&catalogue, actor, scope),
        fields: field_names(),
        errors: Errors::default(),
    })
}

fn typed(known: &CannedText) -> Typed {
    Typed {
        title: known.written.title.clone(),
        shortcut: known.written.shortcut.clone(),
        body: known.written.body.clone(),
    }
}

/// The fields that texts may have, in their braces.
pub fn field_names() -> Vec<String> {
    let names = FIELDS.iter();
    names.map(|name| format!("{{{{ {name} }}}}")).collect()
}

/// What an address means by an id.
///
/// # Errors
/// When it is none.
pub fn id_of(text: &str) -> Result<Uuid, Fault> {
    Uuid::try_parse(text).map_err(|_| Fault::no_page())
}

async fn find(visit: &Visit, id: &str) -> Result<CannedText, Fault> {
    let actor = visit.staff()?;
    match visit.desk.canned_text(actor, id_of(id)?).await {
        Err(Error::NotFound { .. }) => Err(Fault::no_page()),
        other => Ok(other?),
    }
}

/// `GET /canned-texts`: the list, or with `new=1` an empty form.
pub async fn list(visit: Visit) -> Response {
    let result = async {
        let all = visit.desk.canned_texts(visit.staff()?).await?;
        if !visit.query("new").is_empty() {
            let page = page(&visit, None, Typed::default(), "own").await?;
            return visit.page(&page);
        }
        let catalogue = visit.desk.catalogue().await?;
        let rows = all
            .into_iter()
            .map(|text| row(text, &catalogue, &visit.dial));
        visit.page(&CannedTextsPage {
            rows: rows.collect(),
            frame: visit.frame(Room::Staff, Here::Workspace).await?,
        })
    }
    .await;
    visit.close(result).await
}

/// `GET /canned-texts/{id}`.
pub async fn show(Path(id): Path<String>, visit: Visit) -> Response {
    let result = async {
        let known = find(&visit, &id).await?;
        let catalogue = visit.desk.catalogue().await?;
        let scope = scope_value(&catalogue, known.written.shelf);
        let page = page(&visit, Some(&known), typed(&known), &scope).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

/// `POST /canned-texts`.
pub async fn create(posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = save(&posted, None).await;
    posted.visit.close(result).await
}

/// `POST /canned-texts/{id}`: `do` is `save` or `delete`.
pub async fn act(Path(id): Path<String>, posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = async {
        let visit = &posted.visit;
        let known = find(visit, &id).await?;
        match posted.text("do") {
            "save" => save(&posted, Some(&known)).await,
            "delete" => {
                let actor = visit.staff()?;
                visit.desk.delete_canned_text(actor, known.id).await?;
                let title = format!("“{}” is gone", known.written.title);
                visit.go("/canned-texts", Some(Notice::new(NoticeTone::Ok, title)))
            }
            _ => Err(Fault::no_page()),
        }
    }
    .await;
    posted.visit.close(result).await
}

async fn save(posted: &Posted, known: Option<&CannedText>) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = visit.staff()?;
    let scope = posted.text("scope");
    let (shelf, unit) = chosen_scope(scope);
    let typed = Typed {
        title: posted.text("title").to_owned(),
        shortcut: posted.text("shortcut").to_owned(),
        body: posted.body("body"),
    };
    let draft = Draft {
        id: known.map(|k| k.id),
        expected: known.and_then(|_| posted.text("version").parse().ok()),
        shelf,
        unit,
        title: typed.title.clone(),
        shortcut: typed.shortcut.clone(),
        body: typed.body.clone(),
    };
    let (errors, version) = match visit.desk.save_canned_text(actor, draft).await {
        Ok(saved) => {
            let said = format!("“{}” is kept", saved.written.title);
            return visit.go("/canned-texts", Some(Notice::new(NoticeTone::Ok, said)));
        }
        Err(Error::Invalid { field, problem }) => {
            let field = match field.as_str() {
                "unit" => "scope",
                other => other,
            };
            (Errors::one(field, sentence(&problem)), None)
        }
        Err(Error::Stale { current }) => (Errors::one("title", QUICKER), Some(current)),
        Err(Error::Conflict(why)) => (Errors::one("title", sentence(&why)), None),
        Err(other) => return Err(other.into()),
    };
    let mut page = page(visit, known, typed, scope).await?;
    page.errors = errors;
    if let Some(version) = version {
        page.version = version.to_string();
    }
    visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// `GET /work/{number}/canned-texts/{id}`: what a text says on a ticket, as plain text,
/// for the script that puts it where one writes.
pub async fn filled(visit: Visit, Path((text, id)): Path<(String, String)>) -> Response {
    let result = async {
        let (number, actor) = (number(&text)?, visit.staff()?);
        let id = id_of(&id)?;
        let text = visit.desk.filled_canned_text(actor, number, id).await?;
        let plain = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
        Ok((plain, text).into_response())
    }
    .await;
    visit.close(result).await
}
