//! `/admin/portals`: communities' own front doors.

use askama::Template;
use askama::filters::HtmlSafe;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use desk::look::{Figure, Look};
use desk::portal::{LARGEST_LOGO, Pair, Portal, PortalDoc};
use desk::{Catalogue, Error};
use store::unit::Unit;
use switchboard_core::colour::Colour;

use super::communities;
use crate::ui::assets::Asset;
use crate::ui::fault::Fault;
use crate::ui::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use crate::ui::posted::Posted;
use crate::ui::view::{Choice, Icon};
use crate::ui::visit::{Visit, encode, sentence};

/// A portal in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortalRow {
    /// Its page here.
    pub href: String,
    /// Its name.
    pub name: String,
    /// Where visitors find it; `None`: it is closed.
    pub url: Option<String>,
    /// "belle, 4 services, first level Belle front desk".
    pub words: String,
}

/// All portals, and the form for a new one.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/portals.html")]
pub struct PortalsPage {
    /// Around it.
    pub frame: Frame,
    /// The portals.
    pub rows: Vec<PortalRow>,
    /// What was typed as key.
    pub key: String,
    /// What was typed as name.
    pub name: String,
    /// What was wrong.
    pub errors: Errors,
}

/// What was typed of a portal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PortalForm {
    /// Its name.
    pub name: String,
    /// Its own host name.
    pub hostname: String,
    /// Its community's key.
    pub community: String,
    /// Its first level's key.
    pub unit: String,
    /// What it says to those who come.
    pub greeting: String,
    /// Accent and bar as `#rrggbb`: accent light and dark, bar light and dark.
    pub colours: [String; 4],
    /// It has colours of its own.
    pub own_colours: bool,
    /// Services, one a line.
    pub services: String,
    /// Units, one a line.
    pub units: String,
    /// Keys of types of issue.
    pub issue_types: Vec<String>,
    /// News of the whole desk are left out.
    pub own_news_only: bool,
    /// Its place among the portals.
    pub position: String,
    /// It is open to visitors.
    pub active: bool,
}

/// The fields of the four colours.
const COLOURS: [&str; 4] = ["accent_light", "accent_dark", "bar_light", "bar_dark"];

/// A colour field with how well text on it can be read.
#[derive(Debug, Clone, PartialEq)]
pub struct ColourField {
    /// The field.
    pub field: &'static str,
    /// "Accent on light pages".
    pub label: &'static str,
    /// What was typed.
    pub value: String,
}

/// How a choice of colours looks, and its figures.
#[derive(Debug, Clone, Template)]
#[template(path = "part/portal_preview.html")]
pub struct PortalPreview {
    /// Drawn in light and dark.
    pub sides: Vec<PreviewSide>,
    /// Contrast of each colour.
    pub figures: Vec<FigureRow>,
}

/// The preview in one theme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewSide {
    /// "Light pages".
    pub label: &'static str,
    /// The page, the text on it, links.
    pub paper: &'static str,
    /// The colour of text.
    pub ink: &'static str,
    /// The bar.
    pub bar: String,
    /// Text on the bar.
    pub on_bar: String,
    /// What can be pressed.
    pub accent: String,
    /// Text on it.
    pub on_accent: String,
    /// Links.
    pub link: String,
}

/// One colour's contrast, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigureRow {
    /// "Accent on light pages".
    pub label: &'static str,
    /// The colour.
    pub colour: String,
    /// "7.12:1".
    pub ratio: String,
    /// Text on it can be read.
    pub readable: bool,
    /// The nearest that would do, when it can not.
    pub nearest: String,
}

/// One portal.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/portal.html")]
pub struct PortalPage {
    /// Around it.
    pub frame: Frame,
    /// Its key.
    pub key: String,
    /// Where visitors find it.
    pub url: String,
    /// What is stored, or was typed.
    pub form: PortalForm,
    /// The four colour fields.
    pub colours: Vec<ColourField>,
    /// How they look.
    pub preview: PortalPreview,
    /// Communities to choose from.
    pub communities: Vec<Choice>,
    /// Units that may be its first level.
    pub first_levels: Vec<Choice>,
    /// Types of issue to choose from.
    pub issue_types: Vec<Choice>,
    /// Names of services, to copy.
    pub service_names: Vec<String>,
    /// The address of its logo.
    pub logo: Option<String>,
    /// "200 kB".
    pub logo_limit: String,
    /// What was wrong.
    pub errors: Errors,
}

impl HtmlSafe for PortalPreview {}

impl PortalPreview {
    fn of(look: &Look) -> PortalPreview {
        let token = |name: &str, at: usize| {
            look.tokens()
                .into_iter()
                .find(|(own, _)| *own == name)
                .map_or_else(String::new, |(_, both)| both[at].to_string())
        };
        let figures = look.figures();
        let side = |at: usize| PreviewSide {
            label: ["Light pages", "Dark pages"][at],
            paper: ["#f3f6f4", "#0d1311"][at],
            ink: ["#13201c", "#e6edea"][at],
            bar: look.bar[at].to_string(),
            on_bar: figures[2 + at].text.to_string(),
            accent: look.accent[at].to_string(),
            on_accent: figures[at].text.to_string(),
            link: token("accent-text", at),
        };
        PortalPreview {
            sides: vec![side(0), side(1)],
            figures: figures.iter().map(FigureRow::of).collect(),
        }
    }
}

impl FigureRow {
    fn of(figure: &Figure) -> FigureRow {
        FigureRow {
            label: figure.label,
            colour: figure.colour.to_string(),
            // Cut, not rounded: 4.496 is not 4.5.
            ratio: format!("{:.2}:1", (figure.ratio * 100.0).floor() / 100.0),
            readable: figure.readable(),
            nearest: figure.nearest.to_string(),
        }
    }
}

impl PortalForm {
    fn of(portal: &Portal, catalogue: &Catalogue) -> PortalForm {
        let look = Look::of(&portal.doc);
        let lines = |names: &mut dyn Iterator<Item = String>| names.collect::<Vec<_>>().join("\n");
        PortalForm {
            name: portal.name.clone(),
            hostname: portal.hostname.clone().unwrap_or_default(),
            community: portal.community.clone().unwrap_or_default(),
            unit: portal
                .unit
                .and_then(|id| catalogue.unit(id))
                .map_or_else(String::new, |u| u.key.clone()),
            greeting: portal.doc.greeting.clone(),
            colours: look.figures().map(|f| f.colour.to_string()),
            own_colours: portal.doc.accent.is_some() || portal.doc.bar.is_some(),
            services: lines(
                &mut portal
                    .doc
                    .services
                    .iter()
                    .filter_map(|id| catalogue.service(*id))
                    .map(|s| s.name.clone()),
            ),
            units: lines(
                &mut portal
                    .doc
                    .units
                    .iter()
                    .filter_map(|id| catalogue.unit(*id))
                    .map(|u| u.name.clone()),
            ),
            issue_types: portal.doc.issue_types.clone(),
            own_news_only: portal.doc.own_news_only,
            position: portal.position.to_string(),
            active: portal.active,
        }
    }

    fn read(posted: &Posted) -> PortalForm {
        let text = |name: &str| posted.text(name).to_owned();
        PortalForm {
            name: text("name"),
            hostname: text("hostname"),
            community: text("community"),
            unit: text("unit"),
            greeting: posted.body("greeting"),
            colours: COLOURS.map(|field| text(field).to_lowercase()),
            own_colours: posted.has("own_colours"),
            services: posted.body("services"),
            units: posted.body("units"),
            issue_types: posted.all("issue_type").map(str::to_owned).collect(),
            own_news_only: posted.has("own_news_only"),
            position: text("position"),
            active: posted.has("active"),
        }
    }

    /// The colours typed; the desk's own where one can not be read as such.
    fn look(&self) -> Look {
        if !self.own_colours {
            return Look::default();
        }
        let own = Look::default();
        let read = |at: usize, own: Colour| Colour::parse(&self.colours[at]).unwrap_or(own);
        Look {
            accent: [read(0, own.accent[0]), read(1, own.accent[1])],
            bar: [read(2, own.bar[0]), read(3, own.bar[1])],
        }
    }

    /// The portal as it is to be stored.
    fn portal(&self, stored: &Portal, catalogue: &Catalogue) -> Result<Portal, Error> {
        let named = |text: &String| Some(text.clone()).filter(|t| !t.is_empty());
        let lines = |text: &str| -> Vec<String> {
            text.lines()
                .map(|l| l.trim().to_owned())
                .filter(|l| !l.is_empty())
                .collect()
        };
        let mut services = Vec::new();
        for name in lines(&self.services) {
            services.push(catalogue.find_service("services", &name)?.id);
        }
        let mut units = Vec::new();
        for name in lines(&self.units) {
            units.push(catalogue.find_unit("units", &name)?.id);
        }
        let unit = match named(&self.unit) {
            Some(name) => Some(catalogue.find_unit("unit", &name)?.id),
            None => None,
        };
        let pair = |at: usize| {
            self.own_colours.then(|| Pair {
                light: self.colours[at].clone(),
                dark: self.colours[at + 1].clone(),
            })
        };
        let position = self
            .position
            .parse::<i64>()
            .ok()
            .filter(|n| (0..=10_000).contains(n))
            .ok_or_else(|| Error::invalid("position", "takes a number from 0 to 10,000"))?;
        Ok(Portal {
            name: self.name.clone(),
            hostname: named(&self.hostname),
            community: named(&self.community),
            unit,
            active: self.active,
            position,
            doc: PortalDoc {
                greeting: self.greeting.clone(),
                accent: pair(0),
                bar: pair(2),
                services,
                units,
                issue_types: self.issue_types.clone(),
                own_news_only: self.own_news_only,
                ..stored.doc.clone()
            },
            ..stored.clone()
        })
    }
}

/// `GET /admin/portals`.
pub async fn list(visit: Visit) -> Response {
    let result = listed(
        &visit,
        String::new(),
        String::new(),
        Errors::default(),
        StatusCode::OK,
    )
    .await;
    visit.close(result).await
}

async fn listed(
    visit: &Visit,
    key: String,
    name: String,
    errors: Errors,
    status: StatusCode,
) -> Result<Response, Fault> {
    visit.admin()?;
    let catalogue = visit.desk.catalogue().await?;
    let rows = catalogue
        .portals
        .iter()
        .map(|p| {
            let of = p.community.as_deref().unwrap_or("no community");
            let first = p
                .unit
                .and_then(|id| catalogue.unit(id))
                .map_or("that of the desk", |u| u.name.as_str());
            PortalRow {
                href: format!("/admin/portals/{}", encode(&p.key)),
                name: p.name.clone(),
                url: p.active.then(|| visit.desk.portal_url(p)),
                words: format!(
                    "{of}, {} services, first level: {first}",
                    catalogue.services_of(p).len()
                ),
            }
        })
        .collect();
    let page = PortalsPage {
        frame: visit.frame(Room::Staff, Here::Admin).await?,
        rows,
        key,
        name,
        errors,
    };
    visit.page_as(status, &page)
}

/// `POST /admin/portals`: makes one, closed to visitors until it is filled in.
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
    let actor = visit.admin()?;
    let (key, name) = (
        posted.text("key").to_owned(),
        posted.text("name").to_owned(),
    );
    let portal = Portal {
        id: visit.desk.new_portal_id(),
        key: key.clone(),
        name: name.clone(),
        hostname: None,
        community: None,
        unit: None,
        active: false,
        position: 100,
        doc: PortalDoc::default(),
    };
    match visit.desk.save_portal(actor, portal, true).await {
        Ok(()) => visit.go(
            &format!("/admin/portals/{}", encode(&key)),
            Some(Notice {
                tone: NoticeTone::Ok,
                title: "The portal is there".to_owned(),
                text: "It is closed to visitors until you open it below.".to_owned(),
            }),
        ),
        Err(Error::Invalid { field, problem }) => {
            let errors = Errors::one(field, sentence(&problem));
            listed(visit, key, name, errors, StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(other) => Err(other.into()),
    }
}

fn stored<'a>(catalogue: &'a Catalogue, key: &str) -> Result<&'a Portal, Fault> {
    catalogue
        .portals
        .iter()
        .find(|p| p.key == key)
        .ok_or_else(|| Fault::Desk(Error::not_found(format!("portal {key:?}"))))
}

/// `GET /admin/portals/{key}`.
pub async fn show(visit: Visit, Path(key): Path<String>) -> Response {
    let result = async {
        let page = one(&visit, &key, None, Errors::default()).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

async fn one(
    visit: &Visit,
    key: &str,
    typed: Option<PortalForm>,
    errors: Errors,
) -> Result<PortalPage, Fault> {
    visit.admin()?;
    let catalogue = visit.desk.catalogue().await?;
    let portal = stored(&catalogue, key)?;
    let form = typed.unwrap_or_else(|| PortalForm::of(portal, &catalogue));
    let figures = Look::default().figures();
    let own_unit = |u: &Unit| u.level == 1 && !u.first_level && u.active;
    let mut first_levels = vec![("", "That of the desk")];
    first_levels.extend(
        catalogue
            .units
            .iter()
            .filter(|u| own_unit(u))
            .map(|u| (u.key.as_str(), u.name.as_str())),
    );
    let category = |key: &str| {
        catalogue
            .categories
            .iter()
            .find(|c| c.key == key)
            .map_or(key, |c| c.name.as_str())
            .to_owned()
    };
    Ok(PortalPage {
        frame: visit.frame(Room::Staff, Here::Admin).await?,
        key: portal.key.clone(),
        url: visit.desk.portal_url(portal),
        colours: COLOURS
            .into_iter()
            .zip(figures)
            .zip(&form.colours)
            .map(|((field, figure), value)| ColourField {
                field,
                label: figure.label,
                value: value.clone(),
            })
            .collect(),
        preview: PortalPreview::of(&form.look()),
        communities: communities::choices(&catalogue, "None", &form.community),
        first_levels: Choice::list(first_levels, &form.unit),
        issue_types: catalogue
            .issue_types
            .iter()
            .map(|t| Choice {
                value: t.key.clone(),
                label: format!("{}: {}", category(&t.category), t.name),
                chosen: form.issue_types.contains(&t.key),
            })
            .collect(),
        service_names: catalogue
            .services
            .iter()
            .filter(|s| s.active)
            .map(|s| s.name.clone())
            .collect(),
        logo: portal
            .doc
            .logo
            .as_ref()
            .filter(|_| portal.active)
            .map(|logo| format!("/p/{}/logo?v={:.12}", portal.key, logo.sha256)),
        logo_limit: format!("{} kB", LARGEST_LOGO / 1024),
        form,
        errors,
    })
}

/// `POST /admin/portals/{key}/preview`: how the colours typed look.
pub async fn preview(Path(key): Path<String>, posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = async {
        posted.visit.admin()?;
        let catalogue = posted.visit.desk.catalogue().await?;
        stored(&catalogue, &key)?;
        let form = PortalForm::read(&posted);
        posted.visit.page(&PortalPreview::of(&form.look()))
    }
    .await;
    posted.visit.close(result).await
}

/// `POST /admin/portals/{key}`: changes it, or only shows how it would look.
pub async fn change(Path(key): Path<String>, posted: Posted) -> Response {
    let mut posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = act(&mut posted, &key).await;
    posted.visit.close(result).await
}

async fn act(posted: &mut Posted, key: &str) -> Result<Response, Fault> {
    let logo = posted.files.pop().map(|file| file.bytes);
    let visit = &posted.visit;
    let actor = visit.admin()?;
    let catalogue = visit.desk.catalogue().await?;
    let portal = stored(&catalogue, key)?;
    let form = PortalForm::read(posted);
    let deed = posted.text("do");
    if deed == "preview" {
        let page = one(visit, key, Some(form), Errors::default()).await?;
        return visit.page(&page);
    }
    let result = if deed == "no-logo" {
        visit.desk.set_logo(actor, portal.id, None).await
    } else {
        match form.portal(portal, &catalogue) {
            Ok(changed) => match visit.desk.save_portal(actor, changed, false).await {
                Ok(()) if logo.is_some() => visit.desk.set_logo(actor, portal.id, logo).await,
                other => other,
            },
            Err(error) => Err(error),
        }
    };
    match result {
        Ok(()) => visit.go(
            &format!("/admin/portals/{}", encode(key)),
            Some(Notice::new(NoticeTone::Ok, "The portal is changed")),
        ),
        Err(Error::Invalid { field, problem }) => {
            // The mark of the desk has that id on every page.
            let field = if field == "logo" {
                "picture".to_owned()
            } else {
                field
            };
            let errors = Errors::one(field, sentence(&problem));
            let page = one(visit, key, Some(form), errors).await?;
            visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(other) => Err(other.into()),
    }
}
