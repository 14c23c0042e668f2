//! `/admin/values`: categories and types of issue.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Error;
use desk::values::ValueEdit;

use crate::ui::assets::Asset;
use crate::ui::fault::Fault;
use crate::ui::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use crate::ui::posted::Posted;
use crate::ui::unit_edit::QUICKER;
use crate::ui::view::Icon;
use crate::ui::visit::{Visit, sentence};

/// One value with its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueRow {
    /// The id of its fields in the page.
    pub id: String,
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its place.
    pub position: i64,
    /// Second tick: it counts in reports, or requesters can choose it.
    pub tick: bool,
    /// It can be chosen.
    pub active: bool,
    /// The version that is shown.
    pub version: i64,
}

/// A category with its types of issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryRow {
    /// The category.
    pub value: ValueRow,
    /// Its types of issue.
    pub types: Vec<ValueRow>,
}

impl CategoryRow {
    /// The id of the form for a new type of issue.
    fn new_id(&self) -> String {
        format!("new-{}", self.value.key)
    }
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/values.html")]
pub struct ValuesPage {
    /// Around it.
    pub frame: Frame,
    /// Every category.
    pub categories: Vec<CategoryRow>,
    /// What was wrong, by the id of a row, or `new`.
    pub errors: Errors,
}

/// `GET /admin/values`.
pub async fn show(visit: Visit) -> Response {
    let result = async {
        let page = page(&visit, Errors::default()).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

async fn page(visit: &Visit, errors: Errors) -> Result<ValuesPage, Fault> {
    visit.admin()?;
    let values = visit.desk.values().await?;
    let categories = values
        .categories
        .iter()
        .map(|c| CategoryRow {
            value: ValueRow {
                id: format!("category-{}", c.key),
                key: c.key.clone(),
                name: c.name.clone(),
                position: c.position,
                tick: c.in_reports,
                active: c.active,
                version: c.version,
            },
            types: values
                .issue_types
                .iter()
                .filter(|t| t.category == c.key)
                .map(|t| ValueRow {
                    id: format!("type-{}", t.key),
                    key: t.key.clone(),
                    name: t.name.clone(),
                    position: t.position,
                    tick: t.visible,
                    active: t.active,
                    version: t.version,
                })
                .collect(),
        })
        .collect();
    Ok(ValuesPage {
        frame: visit.frame(Room::Staff, Here::Admin).await?,
        categories,
        errors,
    })
}

/// `POST /admin/values`.
pub async fn save(posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = act(&posted).await;
    posted.visit.close(result).await
}

async fn act(posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    visit.admin()?;
    let (deed, kind, key) = (posted.text("do"), posted.text("kind"), posted.text("key"));
    let done = change(posted, deed, kind, key).await;
    let row = match (deed, kind) {
        ("make", "category") => "new".to_owned(),
        ("make", _) => format!("new-{}", posted.text("category")),
        (_, "category") => format!("category-{key}"),
        _ => format!("type-{key}"),
    };
    let errors = match done {
        Ok(title) => {
            let notice = Notice::new(NoticeTone::Ok, title);
            return visit.go("/admin/values", Some(notice));
        }
        Err(Error::Invalid { field, problem }) => {
            Errors::one(row, sentence(&format!("{field} {problem}")))
        }
        Err(Error::Conflict(problem)) => Errors::one(row, sentence(&problem)),
        Err(Error::Stale { .. }) => Errors::one(row, QUICKER),
        Err(other) => return Err(other.into()),
    };
    let page = page(visit, errors).await?;
    visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

async fn change(posted: &Posted, deed: &str, kind: &str, key: &str) -> Result<&'static str, Error> {
    let desk = &posted.visit.desk;
    let actor = posted.visit.looker();
    let category = kind == "category";
    let position = match posted.text("position") {
        "" => None,
        text => Some(
            text.parse()
                .map_err(|_| Error::invalid("position", "takes a whole number"))?,
        ),
    };
    let tick = Some(posted.has("tick"));
    let edit = ValueEdit {
        name: Some(posted.text("name").to_owned()),
        position,
        in_reports: tick.filter(|_| category),
        visible: tick.filter(|_| !category),
        active: Some(posted.has("active")),
    };
    let expected = posted.text("version").parse().ok();
    match deed {
        "make" => {
            let edit = ValueEdit {
                active: None,
                ..edit
            };
            if category {
                desk.create_category(&actor, key, edit).await?;
            } else {
                desk.create_issue_type(&actor, key, posted.text("category"), edit)
                    .await?;
            }
            Ok("It is made")
        }
        "delete" => {
            desk.delete_value(&actor, key, !category).await?;
            Ok("It is deleted")
        }
        _ if category => {
            desk.change_category(&actor, key, expected, edit).await?;
            Ok("Saved")
        }
        _ => {
            desk.change_issue_type(&actor, key, expected, edit).await?;
            Ok("Saved")
        }
    }
}
