//! `/admin/units/{key}`: all of a unit, and its end.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Error;
use desk::unit::UnitEdit;

use crate::ui::assets::Asset;
use crate::ui::fault::Fault;
use crate::ui::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use crate::ui::posted::Posted;
use crate::ui::unit_edit::QUICKER;
use crate::ui::unit_form::{UnitForm, edit};
use crate::ui::view::Icon;
use crate::ui::visit::{Visit, encode, sentence};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/unit.html")]
pub struct UnitAdminPage {
    /// Around it.
    pub frame: Frame,
    /// The unit's name.
    pub name: String,
    /// Its public page.
    pub href: String,
    /// The form.
    pub form: UnitForm,
    /// It takes tickets.
    pub active: bool,
    /// Who took over, when it is retired.
    pub heir: Option<(String, String)>,
    /// Open tickets and services, in words.
    pub load: String,
    /// The successor that was typed.
    pub successor: String,
    /// What is wrong with it.
    pub end_errors: Errors,
}

/// `GET /admin/units/{key}`.
pub async fn show(visit: Visit, Path(key): Path<String>) -> Response {
    let result = async {
        let page = page(&visit, &key).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

async fn page(visit: &Visit, key: &str) -> Result<UnitAdminPage, Fault> {
    let actor = visit.admin()?;
    let known = visit.desk.known_unit(key).await?;
    let catalogue = visit.desk.catalogue().await?;
    let unit = &known.unit;
    let figures = visit.desk.unit_page(actor, &unit.key).await?;
    let services = catalogue
        .services
        .iter()
        .filter(|s| s.unit == unit.id && s.active)
        .count();
    Ok(UnitAdminPage {
        frame: visit.frame(Room::Staff, Here::Admin).await?,
        name: unit.name.clone(),
        href: format!("/units/{}", encode(&unit.key)),
        form: UnitForm::of(unit, known.version, true, &catalogue),
        active: unit.active,
        heir: catalogue
            .heir(unit.id)
            .filter(|_| !unit.active)
            .map(|u| (u.name.clone(), format!("/admin/units/{}", encode(&u.key)))),
        load: format!("{} open tickets and {services} services", figures.open),
        successor: String::new(),
        end_errors: Errors::default(),
    })
}

/// `POST /admin/units/{key}`.
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
    let actor = visit.admin()?;
    let done = match edit(posted, true, &visit.desk) {
        Ok(change) => visit.desk.change_unit(actor, key, expected, change).await,
        Err(wrong) => Err(wrong),
    };
    let errors = match done {
        Ok(known) => {
            let to = format!("/admin/units/{}", encode(&known.unit.key));
            return visit.go(&to, Some(Notice::new(NoticeTone::Ok, "Saved")));
        }
        Err(Error::Invalid { field, problem }) => Errors::one(field, sentence(&problem)),
        Err(Error::Stale { .. }) => Errors::one("name", QUICKER),
        Err(other) => return Err(other.into()),
    };
    let mut page = page(visit, key).await?;
    let version = page.form.version;
    page.form = page.form.again(posted, version, errors);
    visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// `POST /admin/units/{key}/end`: retires it, or takes that back.
pub async fn end(Path(key): Path<String>, posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = retire(&posted, &key).await;
    posted.visit.close(result).await
}

async fn retire(posted: &Posted, key: &str) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = visit.admin()?;
    let to = format!("/admin/units/{}", encode(key));
    if posted.text("do") == "reinstate" {
        let edit = UnitEdit {
            active: Some(true),
            ..UnitEdit::default()
        };
        visit.desk.change_unit(actor, key, None, edit).await?;
        let notice = Notice::new(NoticeTone::Ok, "It takes tickets again");
        return visit.go(&to, Some(notice));
    }
    let expected = posted.text("version").parse().ok();
    let typed = posted.text("successor");
    let successor = Some(typed).filter(|s| !s.is_empty());
    let errors = match visit
        .desk
        .retire_unit(actor, key, successor, expected)
        .await
    {
        Ok(retired) => {
            let notice = Notice {
                tone: NoticeTone::Ok,
                title: "The unit is retired".to_owned(),
                text: match (retired.tickets, successor) {
                    (0, _) => format!("{} services moved.", retired.services),
                    (n, _) => format!(
                        "{n} open tickets go to the successor now, {} services did.",
                        retired.services
                    ),
                },
            };
            return visit.go(&to, Some(notice));
        }
        Err(Error::Invalid { problem, .. }) => Errors::one("successor", sentence(&problem)),
        Err(Error::Stale { .. }) => Errors::one("successor", QUICKER),
        Err(other) => return Err(other.into()),
    };
    let mut page = page(visit, key).await?;
    page.successor = typed.to_owned();
    page.end_errors = errors;
    visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}
