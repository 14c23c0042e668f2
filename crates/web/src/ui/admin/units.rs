//! `/admin/units`: every unit in its tree, and a new one.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use desk::unit::UnitEdit;
use desk::{Catalogue, Error};
use store::unit::Unit;
use switchboard_core::UnitId;

use crate::ui::assets::Asset;
use crate::ui::fault::Fault;
use crate::ui::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use crate::ui::posted::Posted;
use crate::ui::unit_form::unit_names;
use crate::ui::view::{Chip, Choice, Icon, Pages, Tone};
use crate::ui::visit::{Visit, encode, sentence};

/// So many are shown on one page.
const ROWS: usize = 100;

/// A unit in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeRow {
    /// Where it is edited.
    pub href: String,
    /// Its name.
    pub name: String,
    /// How many units stand above it.
    pub depth: usize,
    /// Its level.
    pub level: i64,
    /// The group it is listed under.
    pub category: String,
    /// "First level", "Retired".
    pub chips: Vec<Chip>,
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/units.html")]
pub struct UnitsAdminPage {
    /// Around it.
    pub frame: Frame,
    /// "25 units, 2 of them retired."
    pub words: String,
    /// What was searched for.
    pub query: String,
    /// The units.
    pub rows: Vec<TreeRow>,
    /// The way to the others.
    pub pages: Pages,
    /// The name typed for a new one.
    pub name: String,
    /// Its level.
    pub levels: Vec<Choice>,
    /// The unit above it.
    pub parent: String,
    /// Names of units to choose from.
    pub unit_names: Vec<String>,
    /// What was wrong.
    pub errors: Errors,
}

/// `GET /admin/units`.
pub async fn show(visit: Visit) -> Response {
    let result = async {
        let page = page(&visit, None, Errors::default()).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

/// The units as a tree, each with its depth; those under nothing first by level
/// and name. Who stands in a circle or under nobody known comes last.
fn tree(catalogue: &Catalogue) -> Vec<(&Unit, usize)> {
    let mut below: std::collections::HashMap<Option<UnitId>, Vec<&Unit>> =
        std::collections::HashMap::new();
    for unit in &catalogue.units {
        let parent = unit.parent.filter(|id| catalogue.unit(*id).is_some());
        below.entry(parent).or_default().push(unit);
    }
    let mut found = Vec::new();
    let mut open: Vec<(&Unit, usize)> = below
        .get(&None)
        .into_iter()
        .flatten()
        .rev()
        .map(|u| (*u, 0))
        .collect();
    while let Some((unit, depth)) = open.pop() {
        found.push((unit, depth));
        let children = below.get(&Some(unit.id)).into_iter().flatten().rev();
        open.extend(children.map(|u| (*u, depth + 1)));
    }
    found
}

fn row((unit, depth): (&Unit, usize)) -> TreeRow {
    let mut chips = Vec::new();
    if unit.first_level {
        chips.push(Chip::new(Tone::Info, "First level"));
    }
    if unit.security {
        chips.push(Chip::new(Tone::Info, "Security"));
    }
    if !unit.active {
        chips.push(Chip::new(Tone::Plain, "Retired"));
    }
    TreeRow {
        href: format!("/admin/units/{}", encode(&unit.key)),
        name: unit.name.clone(),
        depth: depth.min(6),
        level: unit.level,
        category: unit.category.clone(),
        chips,
    }
}

async fn page(
    visit: &Visit,
    posted: Option<&Posted>,
    errors: Errors,
) -> Result<UnitsAdminPage, Fault> {
    visit.admin()?;
    let catalogue = visit.desk.catalogue().await?;
    let query = visit.query("q").trim().to_owned();
    let words = query.to_lowercase();
    let found: Vec<TreeRow> = tree(&catalogue)
        .into_iter()
        .filter(|(u, _)| {
            let text = format!("{} {} {}", u.name, u.key, u.category).to_lowercase();
            words.split_whitespace().all(|w| text.contains(w))
        })
        .map(row)
        .collect();
    let from: usize = visit.query("from").parse().unwrap_or(0);
    let from = from.min(found.len());
    let to = (from + ROWS).min(found.len());
    let link = |from: usize| format!("/admin/units?q={}&from={from}", encode(&query));
    let retired = catalogue.units.iter().filter(|u| !u.active).count();
    let typed = |name: &str| posted.map_or("", |p| p.text(name)).to_owned();
    Ok(UnitsAdminPage {
        frame: visit.frame(Room::Staff, Here::Admin).await?,
        words: format!(
            "{} units, {retired} of them retired.",
            catalogue.units.len()
        ),
        pages: Pages {
            words: format!("{} to {to} of {}", (from + 1).min(to), found.len()),
            newer: (from > 0).then(|| link(from.saturating_sub(ROWS))),
            older: (to < found.len()).then(|| link(to)),
        },
        rows: found.into_iter().skip(from).take(ROWS).collect(),
        query,
        name: typed("name"),
        levels: Choice::list(
            [("1", "1"), ("2", "2"), ("3", "3")],
            if typed("level").is_empty() {
                "2"
            } else {
                posted.map_or("2", |p| p.text("level"))
            },
        ),
        parent: typed("parent"),
        unit_names: unit_names(&catalogue),
        errors,
    })
}

/// `POST /admin/units`: makes one, to be filled in on its own page.
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
    let edit = UnitEdit {
        name: Some(posted.text("name").to_owned()),
        level: Some(posted.text("level").parse().unwrap_or(0)),
        parent: Some(Some(posted.text("parent").to_owned()).filter(|p| !p.is_empty())),
        ..UnitEdit::default()
    };
    match visit.desk.create_unit(visit.admin()?, edit).await {
        Ok(known) => {
            let notice = Notice {
                tone: NoticeTone::Ok,
                title: format!("{} is made", known.unit.name),
                text: "Say more about it here, and add its people on its page.".to_owned(),
            };
            let to = format!("/admin/units/{}", encode(&known.unit.key));
            visit.go(&to, Some(notice))
        }
        Err(Error::Invalid { field, problem }) => {
            // The key is made from the name here.
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
