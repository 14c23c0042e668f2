//! `/admin/services`: the catalogue in its order, and a new service.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Error;
use desk::service::ServiceEdit;

use crate::ui::assets::Asset;
use crate::ui::fault::Fault;
use crate::ui::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use crate::ui::home::lamp;
use crate::ui::posted::Posted;
use crate::ui::unit_form::unit_names;
use crate::ui::view::{Chip, Icon, Lamp, Tone};
use crate::ui::visit::{Visit, encode, sentence};

/// A service in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRow {
    /// Where it is edited.
    pub href: String,
    /// Its name.
    pub name: String,
    /// The unit that answers for it.
    pub unit: String,
    /// The group it is listed under.
    pub area: String,
    /// How it runs.
    pub lamp: Lamp,
    /// "Retired".
    pub chips: Vec<Chip>,
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/services.html")]
pub struct ServicesAdminPage {
    /// Around it.
    pub frame: Frame,
    /// "27 services, 1 of them retired."
    pub words: String,
    /// What was searched for.
    pub query: String,
    /// The services.
    pub rows: Vec<ServiceRow>,
    /// They can be moved: all of them are shown.
    pub movable: bool,
    /// The name typed for a new one.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// Names of units to choose from.
    pub unit_names: Vec<String>,
    /// What was wrong.
    pub errors: Errors,
}

/// `GET /admin/services`.
pub async fn show(visit: Visit) -> Response {
    let result = async {
        let page = page(&visit, None, Errors::default()).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

async fn page(
    visit: &Visit,
    posted: Option<&Posted>,
    errors: Errors,
) -> Result<ServicesAdminPage, Fault> {
    visit.admin()?;
    let catalogue = visit.desk.catalogue().await?;
    let query = visit.query("q").trim().to_owned();
    let words = query.to_lowercase();
    let rows = catalogue
        .services
        .iter()
        .filter(|s| {
            let text = format!("{} {} {} {}", s.name, s.key, s.area, s.provider).to_lowercase();
            words.split_whitespace().all(|w| text.contains(w))
        })
        .map(|s| ServiceRow {
            href: format!("/admin/services/{}", encode(&s.key)),
            name: s.name.clone(),
            unit: catalogue.unit_name(s.unit).to_owned(),
            area: s.area.clone(),
            lamp: lamp(s),
            chips: if s.active {
                Vec::new()
            } else {
                vec![Chip::new(Tone::Plain, "Retired")]
            },
        })
        .collect();
    let retired = catalogue.services.iter().filter(|s| !s.active).count();
    let typed = |name: &str| posted.map_or("", |p| p.text(name)).to_owned();
    Ok(ServicesAdminPage {
        frame: visit.frame(Room::Staff, Here::Admin).await?,
        words: format!(
            "{} services, {retired} of them retired.",
            catalogue.services.len()
        ),
        movable: query.is_empty(),
        query,
        rows,
        name: typed("name"),
        unit: typed("unit"),
        unit_names: unit_names(&catalogue),
        errors,
    })
}

/// `POST /admin/services`: makes one, to be filled in on its own page.
pub async fn create(posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = make(&posted).await;
    posted.visit.close(result).await
}

async fn make(posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let edit = ServiceEdit {
        name: Some(posted.text("name").to_owned()),
        unit: Some(posted.text("unit").to_owned()),
        ..ServiceEdit::default()
    };
    match visit.desk.create_service(visit.admin()?, edit).await {
        Ok(known) => {
            let notice = Notice {
                tone: NoticeTone::Ok,
                title: format!("{} is made", known.service.name),
                text: "Say more about it, and what its form asks.".to_owned(),
            };
            let to = format!("/admin/services/{}", encode(&known.service.key));
            visit.go(&to, Some(notice))
        }
        Err(Error::Invalid { field, problem }) => {
            let field = if field == "key" {
                "name".to_owned()
            } else {
                field
            };
            let page = page(visit, Some(posted), Errors::one(field, sentence(&problem))).await?;
            visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(other) => Err(other.into()),
    }
}

/// `POST /admin/services/{service}/move`.
pub async fn order(Path(service): Path<String>, posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let visit = &posted.visit;
    let result = async {
        let up = posted.text("do") == "up";
        visit
            .desk
            .move_service(visit.admin()?, &service, up)
            .await?;
        visit.go("/admin/services", None)
    }
    .await;
    posted.visit.close(result).await
}
