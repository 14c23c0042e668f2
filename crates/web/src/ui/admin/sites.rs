//! `/admin/sites`: the sites that tickets name.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use desk::site::SiteEdit;
use desk::{Catalogue, Error};
use store::site::Site;

use crate::ui::assets::Asset;
use crate::ui::fault::Fault;
use crate::ui::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use crate::ui::posted::Posted;
use crate::ui::unit_edit::QUICKER;
use crate::ui::view::{Chip, Icon, Pages, Tone};
use crate::ui::visit::{Visit, encode, sentence};

/// So many are shown on one page.
const ROWS: usize = 100;

/// A site in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteRow {
    /// Where it is edited.
    pub href: String,
    /// Its name.
    pub name: String,
    /// Its key.
    pub key: String,
    /// Its country.
    pub country: String,
    /// The address that is told.
    pub contact: String,
    /// It can be chosen.
    pub active: bool,
}

/// The form for one site.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SiteForm {
    /// It is there already.
    pub known: bool,
    /// The version that is shown.
    pub version: i64,
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Other names, separated by commas.
    pub aliases: String,
    /// The address that is told.
    pub contact: String,
    /// The support unit that answers for it.
    pub unit: String,
    /// Its country.
    pub country: String,
    /// It can be chosen.
    pub active: bool,
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/sites.html")]
pub struct SitesPage {
    /// Around it.
    pub frame: Frame,
    /// "41 sites."
    pub words: String,
    /// What was searched for.
    pub query: String,
    /// The sites.
    pub rows: Vec<SiteRow>,
    /// The way to the others.
    pub pages: Pages,
    /// Names of units, to choose from.
    pub units: Vec<String>,
    /// One site, or a new one.
    pub form: SiteForm,
    /// What was wrong.
    pub errors: Errors,
}

impl SiteForm {
    fn of(site: &Site, catalogue: &Catalogue) -> SiteForm {
        SiteForm {
            known: true,
            version: site.version,
            key: site.key.clone(),
            name: site.name.clone(),
            aliases: site.aliases.join(", "),
            contact: site.contact.clone().unwrap_or_default(),
            unit: site
                .unit
                .and_then(|unit| catalogue.unit(unit))
                .map_or_else(String::new, |unit| unit.name.clone()),
            country: site.country.clone(),
            active: site.active,
        }
    }
}

/// `GET /admin/sites`.
pub async fn show(visit: Visit) -> Response {
    let result = async {
        let page = page(&visit, None, Errors::default()).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

async fn page(visit: &Visit, typed: Option<SiteForm>, errors: Errors) -> Result<SitesPage, Fault> {
    visit.admin()?;
    let sites = visit.desk.sites().await?;
    let catalogue = visit.desk.catalogue().await?;
    let query = visit.query("q").trim().to_owned();
    let words = query.to_lowercase();
    let found: Vec<&Site> = sites
        .iter()
        .filter(|s| {
            let text = format!("{} {} {} {}", s.name, s.key, s.country, s.aliases.join(" "));
            let text = text.to_lowercase();
            words.split_whitespace().all(|w| text.contains(w))
        })
        .collect();
    let from: usize = visit.query("from").parse().unwrap_or(0).min(found.len());
    let to = (from + ROWS).min(found.len());
    let link = |from: usize| format!("/admin/sites?q={}&from={from}", encode(&query));
    let chosen = sites.iter().find(|s| s.key == visit.query("site"));
    let form = typed
        .or_else(|| chosen.map(|site| SiteForm::of(site, &catalogue)))
        .unwrap_or_else(|| SiteForm {
            active: true,
            ..SiteForm::default()
        });
    Ok(SitesPage {
        frame: visit.frame(Room::Staff, Here::Admin).await?,
        words: match sites.len() {
            0 => "None yet: tickets may name any site.".to_owned(),
            n => format!("{n} sites; tickets can name these and no others."),
        },
        pages: Pages {
            words: format!("{} to {to} of {}", (from + 1).min(to), found.len()),
            newer: (from > 0).then(|| link(from.saturating_sub(ROWS))),
            older: (to < found.len()).then(|| link(to)),
        },
        rows: found
            .into_iter()
            .skip(from)
            .take(ROWS)
            .map(|s| SiteRow {
                href: format!("/admin/sites?site={}#form", encode(&s.key)),
                name: s.name.clone(),
                key: s.key.clone(),
                country: s.country.clone(),
                contact: s.contact.clone().unwrap_or_default(),
                active: s.active,
            })
            .collect(),
        units: catalogue
            .units
            .iter()
            .filter(|unit| unit.active)
            .map(|unit| unit.name.clone())
            .collect(),
        query,
        form,
        errors,
    })
}

/// `POST /admin/sites`.
pub async fn save(posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = store(&posted).await;
    posted.visit.close(result).await
}

async fn store(posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = visit.admin()?;
    let text = |name: &str| posted.text(name).to_owned();
    let mut form = SiteForm {
        known: posted.text("known") == "yes",
        version: posted.text("version").parse().unwrap_or(0),
        key: text("key"),
        name: text("name"),
        aliases: text("aliases"),
        contact: text("contact"),
        unit: text("unit"),
        country: text("country"),
        active: posted.has("active"),
    };
    let edit = SiteEdit {
        name: Some(form.name.clone()),
        aliases: Some(form.aliases.split(',').map(str::to_owned).collect()),
        contact: Some(Some(form.contact.clone()).filter(|c| !c.is_empty())),
        unit: Some(Some(form.unit.clone()).filter(|u| !u.is_empty())),
        country: Some(form.country.clone()),
        active: Some(form.active),
    };
    let expected = form.known.then_some(form.version);
    let done = visit
        .desk
        .put_site(actor, &form.key, !form.known, expected, edit)
        .await;
    let errors = match done {
        Ok(site) => {
            let notice = Notice::new(NoticeTone::Ok, format!("{} is saved", site.name));
            return visit.go("/admin/sites", Some(notice));
        }
        Err(Error::Invalid { field, problem }) => Errors::one(field, sentence(&problem)),
        Err(Error::Stale { current }) => {
            form.version = current;
            Errors::one("name", QUICKER)
        }
        Err(other) => return Err(other.into()),
    };
    let page = page(visit, Some(form), errors).await?;
    visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}
