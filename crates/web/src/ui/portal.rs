//! `/p/{key}`: a community's own front door: its services, its news, its way to
//! ask; and what its pages wear.

use askama::Template;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use desk::look::Look;
use desk::portal::{Portal, PortalDoc};
use desk::{Desk, TicketQuery};
use sha2::{Digest as _, Sha256};
use store::list::{Condition, Filter, Sort};
use switchboard_core::Status;

use super::assets::Asset;
use super::fault::Fault;
use super::frame::{Frame, Here, Room};
use super::home::{MineRow, ServiceCard, Tab, card, mine_row, running_words};
use super::portal_news::{NewsView, shown};
use super::text::{Prose, prose};
use super::view::{Chip, Icon, Lamp, Tone};
use super::visit::{Visit, encode};
use crate::AppState;
use crate::headers::CSP_FILE;
use crate::problem::status_of;

/// A unit that a portal shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitLine {
    /// Its page.
    pub href: String,
    /// Its name.
    pub name: String,
    /// What it does.
    pub text: String,
}

/// A portal's front page.
#[derive(Debug, Clone, Template)]
#[template(path = "portal/home.html")]
pub struct PortalPage {
    /// Around it.
    pub frame: Frame,
    /// Its name.
    pub name: String,
    /// Before its paths: `/p/belle`, or nothing at an address of its own.
    pub prefix: String,
    /// What it says to those who come.
    pub greeting: Prose,
    /// The newest news.
    pub news: Vec<NewsView>,
    /// The reader's open tickets, a few.
    pub mine: Vec<MineRow>,
    /// "4 services, 4 running normally".
    pub services_words: String,
    /// Its services.
    pub services: Vec<ServiceCard>,
    /// Its units.
    pub units: Vec<UnitLine>,
}

/// A portal's services, all of them.
#[derive(Debug, Clone, Template)]
#[template(path = "services.html")]
pub struct PortalServicesPage {
    /// Around it.
    pub frame: Frame,
    /// "4 services, 4 running normally".
    pub services_words: String,
    /// What was searched for.
    pub query: String,
    /// A portal has no kinds of service.
    pub kinds: Vec<Tab>,
    /// The services found.
    pub services: Vec<ServiceCard>,
}

/// News on the front page.
const NEWS: usize = 4;

/// `GET /p/{key}`.
pub async fn show(visit: Visit) -> Response {
    let result = home(&visit).await;
    visit.close(result).await
}

/// The front page of the portal that the visit is for.
///
/// # Errors
/// When there is no such portal, or the database can not be read.
pub async fn home(visit: &Visit) -> Result<Response, Fault> {
    let portal = visit.portal()?;
    let catalogue = visit.desk.catalogue().await?;
    let prefix = visit.prefix();
    let services = catalogue.services_of(portal);
    let mut cards: Vec<ServiceCard> = services.iter().map(|s| asking(card(s), &prefix)).collect();
    let first_level = catalogue.first_level_for(Some(portal))?;
    cards.push(ServiceCard {
        href: format!("{prefix}/tickets/new"),
        name: "Something else".to_owned(),
        text: "Tell us what you were doing. We find the team.".to_owned(),
        lamp: Lamp {
            state: "off",
            words: "Any question".to_owned(),
        },
        provider: first_level.name.clone(),
    });
    let told = visit.desk.told_by(portal.id, NEWS as i64).await?;
    let page = PortalPage {
        frame: visit.frame(Room::Public, Here::Elsewhere).await?,
        name: portal.name.clone(),
        greeting: prose(&portal.doc.greeting),
        news: told.iter().map(|n| shown(n, &visit.dial)).collect(),
        mine: mine(visit).await?,
        services_words: running_words(&services),
        services: cards,
        units: catalogue
            .units_of(portal)
            .into_iter()
            .map(|u| UnitLine {
                href: format!("/units/{}", encode(&u.key)),
                name: u.name.clone(),
                text: u.description.clone(),
            })
            .collect(),
        prefix,
    };
    visit.page(&page)
}

/// The card leads to the portal's form, not to that of the desk.
fn asking(card: ServiceCard, prefix: &str) -> ServiceCard {
    ServiceCard {
        href: format!("{prefix}{}", card.href),
        ..card
    }
}

/// What the reader asked for by this portal and is not over.
async fn mine(visit: &Visit) -> Result<Vec<MineRow>, Fault> {
    let portal = visit.portal()?.id;
    let Some((actor, person)) = visit
        .who
        .as_ref()
        .and_then(|w| Some((&w.actor, w.actor.person?)))
    else {
        return Ok(Vec::new());
    };
    let filter = Filter::default()
        .and(Condition::Requester(person))
        .and(Condition::Portal(vec![portal]))
        .with(
            true,
            Condition::Status(vec![Status::Verified, Status::Closed, Status::Unsolved]),
        );
    let query = TicketQuery {
        filter,
        sort: Sort::Updated,
        limit: 5,
        ..TicketQuery::default()
    };
    let page = visit.desk.tickets(actor, query).await?;
    let catalogue = visit.desk.catalogue().await?;
    let mut rows: Vec<MineRow> = page
        .items
        .iter()
        .map(|i| mine_row(i, &catalogue, &visit.dial))
        .collect();
    rows.sort_by_key(|row| !row.turn);
    Ok(rows)
}

/// `GET /p/{key}/services`.
pub async fn services(visit: Visit) -> Response {
    let result = catalogue(&visit).await;
    visit.close(result).await
}

/// The services of the portal that the visit is for.
///
/// # Errors
/// When there is no such portal, or the database can not be read.
pub async fn catalogue(visit: &Visit) -> Result<Response, Fault> {
    let portal = visit.portal()?;
    let catalogue = visit.desk.catalogue().await?;
    let (services, prefix) = (catalogue.services_of(portal), visit.prefix());
    let words = visit.query("q").trim().to_lowercase();
    let found = services
        .iter()
        .filter(|s| {
            let text = format!(
                "{} {} {} {}",
                s.name,
                s.description,
                s.provider,
                s.doc.aliases.join(" ")
            )
            .to_lowercase();
            words.split_whitespace().all(|w| text.contains(w))
        })
        .map(|s| asking(card(s), &prefix))
        .collect();
    visit.page(&PortalServicesPage {
        frame: visit.frame(Room::Public, Here::Services).await?,
        services_words: running_words(&services),
        query: visit.query("q").trim().to_owned(),
        kinds: Vec::new(),
        services: found,
    })
}

/// The open portal of that key.
async fn open_portal(desk: &Desk, key: &str) -> Result<Option<Portal>, desk::Error> {
    Ok(desk
        .catalogue()
        .await?
        .find_portal("portal", key)
        .ok()
        .cloned())
}

/// `GET /p/{key}/theme.css`: the portal's colours, over those of the desk.
pub async fn theme(
    State(app): State<AppState>,
    Path(key): Path<String>,
    headers: HeaderMap,
) -> Response {
    match open_portal(&app.desk, &key).await {
        Ok(Some(portal)) => tagged(
            &headers,
            "text/css; charset=utf-8",
            sheet(&portal.doc).into_bytes(),
        ),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => status_of(&error).into_response(),
    }
}

/// The style sheet of what a portal chose. It stands in no layer, so it wins
/// over the desk's tokens, which stand in one.
fn sheet(doc: &PortalDoc) -> String {
    let mut text = String::from(":root {\n");
    for (name, [light, dark]) in Look::of(doc).tokens() {
        let chosen = match name.split('-').next() {
            Some("accent") => doc.accent.is_some(),
            // The mark on the bar is made of both.
            _ => doc.bar.is_some() || (name == "bar-mark" && doc.accent.is_some()),
        };
        if chosen {
            text.push_str(&format!("  --{name}: light-dark({light}, {dark});\n"));
        }
    }
    text.push_str("}\n");
    text
}

/// `GET /p/{key}/logo`.
pub async fn logo(
    State(app): State<AppState>,
    Path(key): Path<String>,
    headers: HeaderMap,
) -> Response {
    let portal = match open_portal(&app.desk, &key).await {
        Ok(portal) => portal,
        Err(error) => return status_of(&error).into_response(),
    };
    let Some(logo) = portal.and_then(|p| p.doc.logo) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match app.desk.logo_bytes(&logo).await {
        Ok(bytes) => {
            let mut response = tagged(&headers, &logo.media_type, bytes);
            // Opened alone it can do nothing, whatever is in it.
            response.headers_mut().insert(
                header::CONTENT_SECURITY_POLICY,
                HeaderValue::from_static(CSP_FILE),
            );
            response
        }
        Err(error) => status_of(&error).into_response(),
    }
}

/// An answer that is named by its content: who has it already is told so, in a
/// few bytes.
pub(super) fn tagged(asked: &HeaderMap, kind: &str, bytes: Vec<u8>) -> Response {
    let mut tag = String::from("\"");
    for byte in &Sha256::digest(&bytes)[..12] {
        tag.push_str(&format!("{byte:02x}"));
    }
    tag.push('"');
    let known = asked
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .any(|v| {
            let v = v.trim();
            // A compressed answer has the same content: its tag is a weak one.
            v == "*" || v.strip_prefix("W/").unwrap_or(v) == tag
        });
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = Response::new(Body::from(bytes));
        if let Ok(kind) = HeaderValue::from_str(kind) {
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
        }
        response
    };
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, no-cache"),
    );
    response
}

#[cfg(test)]
mod tests {
    use desk::look::{GROUND, ON_ACCENT, ON_BAR, SURFACE};
    use desk::portal::Pair;

    use super::*;

    /// A token's colours in the desk's style sheet.
    fn token(name: &str) -> String {
        let sheet = include_str!("../../static/css/tokens.css");
        let line = sheet
            .lines()
            .find(|l| l.trim().starts_with(&format!("--{name}:")))
            .unwrap();
        let value = line.split_once(':').unwrap().1.split(';').next().unwrap();
        value.trim().to_owned()
    }

    #[test]
    fn what_is_measured_is_what_the_style_sheet_says() {
        let pair = |[light, dark]: [switchboard_core::colour::Colour; 2]| {
            format!("light-dark({light}, {dark})")
        };
        assert_eq!(token("on-accent"), pair(ON_ACCENT));
        assert_eq!(token("on-bar-2"), ON_BAR.to_string());
        assert_eq!(token("surface"), pair(SURFACE));
        assert_eq!(token("accent"), pair(Look::default().accent));
        assert_eq!(token("bar"), pair(Look::default().bar));
        let ground = |name: &str, at: usize| {
            let both = token(name);
            let inner = both.trim_start_matches("light-dark(").trim_end_matches(')');
            inner.split(", ").nth(at).unwrap().to_owned()
        };
        assert_eq!(ground("sunken", 0), GROUND[0].to_string());
        assert_eq!(ground("raised", 1), GROUND[1].to_string());
    }

    #[test]
    fn only_what_was_chosen_is_in_the_sheet() {
        assert_eq!(sheet(&PortalDoc::default()), ":root {\n}\n");
        let doc = PortalDoc {
            bar: Some(Pair {
                light: "#3a1020".into(),
                dark: "#2a0c18".into(),
            }),
            ..PortalDoc::default()
        };
        let text = sheet(&doc);
        assert!(
            text.contains("  --bar: light-dark(#3a1020, #2a0c18);\n"),
            "{text}"
        );
        assert!(!text.contains("--accent"), "{text}");
    }

    #[test]
    fn what_somebody_has_is_not_sent_again() {
        let first = tagged(&HeaderMap::new(), "text/css", b"x".to_vec());
        let tag = first.headers()[header::ETAG].clone();
        let mut asked = HeaderMap::new();
        for (given, status) in [
            (tag.to_str().unwrap().to_owned(), 304),
            (format!("W/{}", tag.to_str().unwrap()), 304),
            (format!("\"other\", {}", tag.to_str().unwrap()), 304),
            ("\"other\"".to_owned(), 200),
        ] {
            asked.insert(
                header::IF_NONE_MATCH,
                HeaderValue::from_str(&given).unwrap(),
            );
            let answer = tagged(&asked, "text/css", b"x".to_vec());
            assert_eq!(answer.status().as_u16(), status, "{given}");
            assert_eq!(answer.headers()[header::ETAG], tag);
        }
    }
}
