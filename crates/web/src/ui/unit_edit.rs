//! `/units/{key}/edit`: responsibles edit what their unit says of itself.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Error;
use switchboard_core::unit::editor;

use super::assets::Asset;
use super::fault::Fault;
use super::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use super::posted::Posted;
use super::unit_form::{UnitForm, edit};
use super::view::Icon;
use super::visit::{Visit, encode, sentence};

/// What a form says that was read before somebody else changed the thing.
pub const QUICKER: &str = "Somebody changed it meanwhile. Save again to keep what stands here, or \
                           reload the page to see theirs.";

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "unit_edit.html")]
pub struct UnitEditPage {
    /// Around it.
    pub frame: Frame,
    /// The unit's name.
    pub name: String,
    /// Its page.
    pub href: String,
    /// The form.
    pub form: UnitForm,
}

/// `GET /units/{key}/edit`.
pub async fn show(visit: Visit, Path(key): Path<String>) -> Response {
    let result = async {
        let page = page(&visit, &key).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

async fn page(visit: &Visit, key: &str) -> Result<UnitEditPage, Fault> {
    let actor = visit.actor()?;
    let known = visit.desk.known_unit(key).await?;
    if editor(actor, known.unit.id).is_none() {
        return Err(Fault::Desk(Error::Forbidden(
            "This page is for the responsibles of the unit.".into(),
        )));
    }
    let catalogue = visit.desk.catalogue().await?;
    Ok(UnitEditPage {
        frame: visit.frame(Room::Staff, Here::Units).await?,
        name: known.unit.name.clone(),
        href: format!("/units/{}", encode(&known.unit.key)),
        form: UnitForm::of(&known.unit, known.version, false, &catalogue),
    })
}

/// `POST /units/{key}/edit`.
pub async fn save(Path(key): Path<String>, posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = store(&posted, &key).await;
    posted.visit.close(result).await
}

async fn store(posted: &Posted, key: &str) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let expected = posted.text("version").parse().ok();
    let actor = visit.actor()?;
    let done = match edit(posted, false, &visit.desk) {
        Ok(change) => visit.desk.change_unit(actor, key, expected, change).await,
        Err(wrong) => Err(wrong),
    };
    let errors = match done {
        Ok(known) => {
            let to = format!("/units/{}", encode(&known.unit.key));
            return visit.go(&to, Some(Notice::new(NoticeTone::Ok, "Saved")));
        }
        Err(Error::Invalid { field, problem }) => Errors::one(field, sentence(&problem)),
        Err(Error::Stale { .. }) => Errors::one("description", QUICKER),
        Err(other) => return Err(other.into()),
    };
    let mut page = page(visit, key).await?;
    let version = page.form.version;
    page.form = page.form.again(posted, version, errors);
    visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}
