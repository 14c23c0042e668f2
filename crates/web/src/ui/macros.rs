//! `/macros`: what staff keep to do with tickets again and again, as one.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use desk::macros::Draft;
use desk::{Catalogue, Error};
use store::macros::Macro;
use switchboard_core::Actor;
use uuid::Uuid;

use super::assets::Asset;
use super::canned::{chosen_scope, field_names, id_of, scope_value, scopes, whose};
use super::deeds::{self, DeedFields};
use super::fault::Fault;
use super::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use super::posted::Posted;
use super::unit_edit::QUICKER;
use super::view::{Choice, Icon, TimeMark};
use super::visit::{Visit, sentence};

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MacroRow {
    /// Its page.
    pub href: String,
    /// How people call it.
    pub title: String,
    /// What it does, in a few words.
    pub does: String,
    /// Whose it is.
    pub whose: String,
    /// When it was last changed.
    pub changed: TimeMark,
}

/// The macros that somebody may use.
#[derive(Debug, Clone, Template)]
#[template(path = "macros.html")]
pub struct MacrosPage {
    /// Around it.
    pub frame: Frame,
    /// By title.
    pub rows: Vec<MacroRow>,
}

/// What a macro's form holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MacroFields {
    /// The version that is shown.
    pub version: String,
    /// How people call it.
    pub title: String,
    /// Whose it may be.
    pub scopes: Vec<Choice>,
    /// Why it gives a priority or a unit.
    pub reason: String,
    /// What it does.
    pub deeds: DeedFields,
    /// It becomes theirs who set it off.
    pub take: bool,
    /// The texts that it may answer with.
    pub canned: Vec<Choice>,
}

/// One macro, new or known.
#[derive(Debug, Clone, Template)]
#[template(path = "macro.html")]
pub struct MacroPage {
    /// Around it.
    pub frame: Frame,
    /// How it is called; empty: a new one.
    pub title: String,
    /// Where its form goes.
    pub action: String,
    /// The reader may change it.
    pub keeps: bool,
    /// What it does, one for each thing, for who may not change it.
    pub does: Vec<String>,
    /// What the form holds.
    pub fields: MacroFields,
    /// The fields that texts may have, in their braces.
    pub names: Vec<String>,
    /// What was wrong.
    pub errors: Errors,
}

/// What a macro does, one for each thing.
fn does(draft: &Draft) -> Vec<String> {
    let mut words = deeds::words(&draft.then);
    if draft.take {
        words.insert(0, "take it".to_owned());
    }
    if draft.canned.is_some() {
        // The status goes with the answer, and is named after it.
        let at = words.len() - usize::from(!draft.then.status.is_empty());
        words.insert(at, "a canned text as the answer".to_owned());
    }
    words
}

async fn fields(
    visit: &Visit,
    actor: &Actor,
    catalogue: &Catalogue,
    draft: &Draft,
    scope: &str,
) -> Result<MacroFields, Fault> {
    let texts = visit.desk.canned_texts(actor).await?;
    let texts = texts.into_iter().map(|text| {
        let whose = whose(catalogue, text.written.shelf);
        (
            text.id.to_string(),
            format!("{} ({whose})", text.written.title),
        )
    });
    let canned = draft.canned.map_or_else(String::new, |id| id.to_string());
    Ok(MacroFields {
        version: draft.expected.unwrap_or(0).to_string(),
        title: draft.title.clone(),
        scopes: scopes(catalogue, actor, scope),
        reason: draft.reason.clone(),
        deeds: DeedFields::of(catalogue, &draft.then),
        take: draft.take,
        canned: deeds::choices(texts, &canned, "None, or the one below"),
    })
}

async fn page(
    visit: &Visit,
    known: Option<&Macro>,
    draft: &Draft,
    scope: &str,
) -> Result<MacroPage, Fault> {
    let actor = visit.staff()?;
    let catalogue = visit.desk.catalogue().await?;
    Ok(MacroPage {
        frame: visit.frame(Room::Staff, Here::Workspace).await?,
        title: known.map_or_else(String::new, |k| k.written.title.clone()),
        action: known.map_or_else(|| "/macros".to_owned(), |k| format!("/macros/{}", k.id)),
        keeps: known.is_none_or(|k| k.shelf.may_be_filled_by(actor).is_ok()),
        does: does(draft),
        fields: fields(visit, actor, &catalogue, draft, scope).await?,
        names: field_names(),
        errors: Errors::default(),
    })
}

/// A macro that the reader may use, by an id out of an address.
///
/// # Errors
/// When there is none.
pub async fn find(visit: &Visit, id: &str) -> Result<(Macro, Draft), Fault> {
    let actor = visit.staff()?;
    match visit.desk.one_macro(actor, id_of(id)?).await {
        Err(Error::NotFound { .. }) => Err(Fault::no_page()),
        other => Ok(other?),
    }
}

/// `GET /macros`: the list, or with `new=1` an empty form.
pub async fn list(visit: Visit) -> Response {
    let result = async {
        let all = visit.desk.written_macros(visit.staff()?).await?;
        if !visit.query("new").is_empty() {
            let page = page(&visit, None, &Draft::default(), "own").await?;
            return visit.page(&page);
        }
        let catalogue = visit.desk.catalogue().await?;
        let rows = all.into_iter().map(|(one, draft)| MacroRow {
            href: format!("/macros/{}", one.id),
            title: one.written.title,
            does: sentence(&does(&draft).join(", ")),
            whose: whose(&catalogue, one.shelf),
            changed: visit.dial.ago(one.changed_at),
        });
        visit.page(&MacrosPage {
            rows: rows.collect(),
            frame: visit.frame(Room::Staff, Here::Workspace).await?,
        })
    }
    .await;
    visit.close(result).await
}

/// `GET /macros/{id}`.
pub async fn show(Path(id): Path<String>, visit: Visit) -> Response {
    let result = async {
        let (known, draft) = find(&visit, &id).await?;
        let catalogue = visit.desk.catalogue().await?;
        let scope = scope_value(&catalogue, known.shelf);
        let page = page(&visit, Some(&known), &draft, &scope).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

/// `POST /macros`.
pub async fn create(posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = save(&posted, None).await;
    posted.visit.close(result).await
}

/// `POST /macros/{id}`: `do` is `save` or `delete`.
pub async fn act(Path(id): Path<String>, posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = async {
        let visit = &posted.visit;
        let (known, _) = find(visit, &id).await?;
        match posted.text("do") {
            "save" => save(&posted, Some(&known)).await,
            "delete" => {
                let actor = visit.staff()?;
                visit.desk.delete_macro(actor, known.id).await?;
                let title = format!("“{}” is gone", known.written.title);
                visit.go("/macros", Some(Notice::new(NoticeTone::Ok, title)))
            }
            _ => Err(Fault::no_page()),
        }
    }
    .await;
    posted.visit.close(result).await
}

async fn save(posted: &Posted, known: Option<&Macro>) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = visit.staff()?;
    let scope = posted.text("scope");
    let (shelf, shelf_unit) = chosen_scope(scope);
    let mut draft = Draft {
        id: known.map(|k| k.id),
        expected: known.and_then(|_| posted.text("version").parse().ok()),
        shelf,
        shelf_unit,
        title: posted.text("title").to_owned(),
        reason: posted.text("reason").to_owned(),
        then: deeds::typed(posted),
        take: posted.has("take"),
        canned: match posted.text("canned") {
            "" => None,
            // What is no id is none that there is.
            id => Some(Uuid::try_parse(id).unwrap_or_default()),
        },
    };
    let errors = match visit.desk.save_macro(actor, draft.clone()).await {
        Ok(saved) => {
            let said = format!("“{}” is kept", saved.written.title);
            return visit.go("/macros", Some(Notice::new(NoticeTone::Ok, said)));
        }
        Err(Error::Invalid { field, problem }) => {
            let field = match field.as_str() {
                "then" => "status",
                other => other,
            };
            Errors::one(field, sentence(&problem))
        }
        Err(Error::Stale { current }) => {
            draft.expected = Some(current);
            Errors::one("title", QUICKER)
        }
        Err(Error::Conflict(why)) => Errors::one("title", sentence(&why)),
        Err(other) => return Err(other.into()),
    };
    let mut page = page(visit, known, &draft, scope).await?;
    page.errors = errors;
    visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}
