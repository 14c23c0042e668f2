//! One request for a page: who asks, what they sent, and how they are answered.
//!
//! A handler takes a [`Visit`] (or, for what a form sends, a
//! [`Posted`](super::posted::Posted)),
//! works out a `Result<Response, Fault>` and hands it to [`Visit::close`],
//! which turns faults into pages and sets the cookies.

use askama::Template;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use desk::list::triage_filter;
use desk::portal::Portal;
use desk::{Client, Desk, Error, SignedIn};
use sha2::{Digest, Sha256};
use switchboard_core::{Actor, Channel, PersonId, TicketNumber};
use uuid::Uuid;

use super::fault::{Fault, explain};
use super::frame::{Errors, Frame, Here, Me, Notice, NoticeTone, PortalMark, Room, Undo};
use super::mask::masked;
use super::problem::ProblemPage;
use super::time::Dial;
use super::view::PersonMark;
use crate::AppState;
use crate::headers::portal_of_host;
use crate::peer::{network_name, sender};
use crate::problem::status_of;

/// One request for a page.
#[derive(Debug, Clone)]
pub struct Visit {
    /// The application.
    pub desk: Desk,
    /// Who asks, when they are signed in.
    pub who: Option<SignedIn>,
    /// What forms of this visitor carry.
    pub csrf: String,
    /// The moment and the reader's time zone.
    pub dial: Dial,
    /// Path and query, to come back to.
    pub path: String,
    /// Where the request came from, for counting failed sign-ins.
    pub network: String,
    /// The browser, as it calls itself.
    pub agent: String,
    /// The secret of this browser's sign-ins under way; empty: it has none.
    pub way: String,
    /// What this browser keeps of an earlier sign-in, or nothing.
    pub device: String,
    /// The secret of a sign-in whose second step is missing, or nothing.
    pub step: String,
    /// The session's new secret, when it goes on under another.
    renewed: Option<String>,
    query: Vec<(String, String)>,
    theme: Option<&'static str>,
    notice: Option<Notice>,
    undo: Option<Undo>,
    fresh: Option<String>,
    secure: bool,
    portal: Option<(Portal, Door)>,
    /// The portal's key that a cookie kept.
    kept: Option<String>,
}

/// By what it is known which portal a visit is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    /// The host name that was asked.
    Host,
    /// The path begins with `/p/KEY`.
    Path,
    /// They came by it before.
    Kept,
}

/// The portal that a request is for. The path says it first, then the host;
/// who came by a portal before keeps it until they go to the desk's own front
/// page.
async fn portal_of(
    app: &AppState,
    parts: &Parts,
    kept: Option<&str>,
) -> Result<Option<(Portal, Door)>, Error> {
    let catalogue = app.desk.catalogue().await?;
    let find = |key: &str| catalogue.find_portal("portal", key).ok().cloned();
    let path = parts.uri.path();
    if let Some(rest) = path.strip_prefix("/p/") {
        let key = rest.split('/').next().unwrap_or_default();
        return Ok(find(key).map(|portal| (portal, Door::Path)));
    }
    if let Some(portal) = portal_of_host(app, &parts.headers, &parts.uri).await? {
        return Ok(Some((portal, Door::Host)));
    }
    if matches!(path, "/" | "/follow") {
        return Ok(None);
    }
    Ok(kept.and_then(find).map(|portal| (portal, Door::Kept)))
}

/// The names of our cookies. Over HTTPS they are bound to this host alone.
#[derive(Debug, Clone, Copy)]
enum Cookie {
    /// The session's secret.
    Session,
    /// The secret of a sign-in whose second step is missing.
    Step,
    /// That somebody signed in here before, so that others who guess their
    /// password do not lock them out.
    Device,
    /// A secret of a visitor who is not signed in, for their forms.
    Visitor,
    /// A secret of a browser that signs in through others, for ten minutes.
    Way,
    /// `light` or `dark`.
    Theme,
    /// An IANA time zone, set by the script.
    Zone,
    /// A notice for the next page.
    Notice,
    /// The key of the portal they came by.
    Portal,
}

impl Cookie {
    fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Cookie::Session, true) => "__Host-sb_session",
            (Cookie::Session, false) => "sb_session",
            (Cookie::Step, true) => "__Host-sb_step",
            (Cookie::Step, false) => "sb_step",
            (Cookie::Device, true) => "__Host-sb_device",
            (Cookie::Device, false) => "sb_device",
            (Cookie::Visitor, true) => "__Host-sb_visitor",
            (Cookie::Visitor, false) => "sb_visitor",
            (Cookie::Way, true) => "__Host-sb_way",
            (Cookie::Way, false) => "sb_way",
            (Cookie::Theme, _) => "sb_theme",
            (Cookie::Zone, _) => "sb_zone",
            (Cookie::Notice, _) => "sb_notice",
            (Cookie::Portal, _) => "sb_portal",
        }
    }
}

/// The value of a cookie of the request.
fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

/// A word that nobody can guess, 43 characters; empty when the system has no
/// random numbers.
pub fn random_word() -> String {
    let mut bytes = [0; 32];
    match getrandom::fill(&mut bytes) {
        Ok(()) => URL_SAFE_NO_PAD.encode(bytes),
        Err(_) => String::new(),
    }
}

/// What the forms of a visitor who is not signed in carry: made from their
/// cookie, which no other site can read.
fn csrf_of(visitor: &str) -> String {
    let digest = Sha256::digest(format!("form:{visitor}").as_bytes());
    URL_SAFE_NO_PAD.encode(digest)
}

/// Compares without telling by time how much is right.
pub(super) fn same(a: &str, b: &str) -> bool {
    a.len() == b.len()
        && a.bytes()
            .zip(b.bytes())
            .fold(0, |differ, (x, y)| differ | (x ^ y))
            == 0
}

fn header_text(headers: &HeaderMap, name: HeaderName) -> String {
    headers
        .get(name)
        .and_then(|v| v.to_str().ok())
        .unwrap_or("")
        .chars()
        .take(300)
        .collect()
}

fn read_notice(text: &str) -> Option<(Notice, Option<Undo>)> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (tone, title, text, undo): (char, String, String, Option<Undo>) =
        serde_json::from_slice(&bytes).ok()?;
    let tone = match tone {
        'o' => NoticeTone::Ok,
        'w' => NoticeTone::Warn,
        'b' => NoticeTone::Bad,
        _ => NoticeTone::Info,
    };
    Some((Notice { tone, title, text }, undo))
}

fn write_notice(notice: &Notice, undo: Option<&Undo>) -> String {
    let tone = match notice.tone {
        NoticeTone::Ok => 'o',
        NoticeTone::Warn => 'w',
        NoticeTone::Bad => 'b',
        NoticeTone::Info => 'i',
    };
    // A cookie has room for some 4,000 characters.
    let clip = |text: &str| text.chars().take(500).collect::<String>();
    let value = (tone, clip(&notice.title), clip(&notice.text), undo);
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&value).unwrap_or_default())
}

impl FromRequestParts<AppState> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Visit, Response> {
        Visit::read(parts, app)
            .await
            .map_err(|error| status_of(&error).into_response())
    }
}

impl Visit {
    async fn read(parts: &Parts, app: &AppState) -> Result<Visit, Error> {
        let desk = app.desk.clone();
        let secure = desk.config().public_url.starts_with("https://");
        let headers = &parts.headers;
        let get = |which: Cookie| cookie(headers, which.name(secure));
        let who = match get(Cookie::Session) {
            Some(secret) => desk.session(&secret).await?,
            None => None,
        };
        let (csrf, fresh) = match (&who, get(Cookie::Visitor)) {
            (Some(who), _) => (who.csrf.clone(), None),
            (None, Some(visitor)) if visitor.len() >= 43 => (csrf_of(&visitor), None),
            (None, _) => {
                let visitor = random_word();
                if visitor.is_empty() {
                    return Err(Error::Internal("no random numbers from the system".into()));
                }
                (csrf_of(&visitor), Some(visitor))
            }
        };
        let (notice, undo) = get(Cookie::Notice)
            .as_deref()
            .and_then(read_notice)
            .map_or((None, None), |(notice, undo)| (Some(notice), undo));
        let kept = get(Cookie::Portal);
        let portal = portal_of(app, parts, kept.as_deref()).await?;
        let now = desk.now();
        let path = parts
            .uri
            .path_and_query()
            .map_or("/", |p| p.as_str())
            .to_owned();
        Ok(Visit {
            dial: get(Cookie::Zone).map_or_else(|| Dial::utc(now), |z| Dial::in_zone(now, &z)),
            theme: match get(Cookie::Theme).as_deref() {
                Some("light") => Some("light"),
                Some("dark") => Some("dark"),
                _ => None,
            },
            notice,
            undo,
            way: get(Cookie::Way).unwrap_or_default(),
            query: Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
                .map(|Query(pairs)| pairs)
                .unwrap_or_default(),
            network: network_name(sender(parts, &app.options.trusted_proxies)),
            agent: header_text(headers, header::USER_AGENT),
            device: get(Cookie::Device).unwrap_or_default(),
            step: get(Cookie::Step).unwrap_or_default(),
            renewed: None,
            desk,
            who,
            csrf,
            path,
            fresh,
            secure,
            portal,
            kept,
        })
    }

    /// The portal that the visit is for.
    ///
    /// # Errors
    /// When it is for none, or for one that is not there.
    pub fn portal(&self) -> Result<&Portal, Fault> {
        self.portal
            .as_ref()
            .map(|(portal, _)| portal)
            .ok_or_else(Fault::no_page)
    }

    /// They asked a portal's own host.
    pub fn at_portals_host(&self) -> bool {
        matches!(self.portal, Some((_, Door::Host)))
    }

    /// What stands before the paths of the visit's portal: nothing at its own
    /// host, or when there is none.
    pub fn prefix(&self) -> String {
        match &self.portal {
            Some((portal, Door::Path | Door::Kept)) => format!("/p/{}", portal.key),
            Some((_, Door::Host)) | None => String::new(),
        }
    }

    /// What a page wears that belongs to this portal.
    pub fn mark_of(&self, portal: &Portal) -> PortalMark {
        let here = self.at_portals_host();
        PortalMark {
            name: portal.name.clone(),
            prefix: if here {
                String::new()
            } else {
                format!("/p/{}", portal.key)
            },
            logo: portal
                .doc
                .logo
                .as_ref()
                .map(|logo| format!("/p/{}/logo?v={:.12}", portal.key, logo.sha256)),
            sheet: (portal.doc.accent.is_some() || portal.doc.bar.is_some())
                .then(|| format!("/p/{}/theme.css", portal.key)),
            desk: if here {
                format!("{}/", self.desk.config().public_url)
            } else {
                "/".to_owned()
            },
        }
    }

    /// The first value of a query parameter, or nothing.
    pub fn query(&self, name: &str) -> &str {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value.as_str())
    }

    /// Shows a page under another address than was asked for: what a form is
    /// sent to can not be come back to.
    pub fn at(&mut self, path: String) {
        self.query = path
            .parse::<axum::http::Uri>()
            .ok()
            .and_then(|uri| Query::<Vec<(String, String)>>::try_from_uri(&uri).ok())
            .map(|Query(pairs)| pairs)
            .unwrap_or_default();
        self.path = path;
    }

    /// Who acts.
    ///
    /// # Errors
    /// When nobody is signed in.
    pub fn actor(&self) -> Result<&Actor, Fault> {
        self.who
            .as_ref()
            .map(|who| &who.actor)
            .ok_or(Fault::SignInFirst)
    }

    /// Who acts, on pages for the support side.
    ///
    /// # Errors
    /// When they are not signed in, or do not work anywhere.
    pub fn staff(&self) -> Result<&Actor, Fault> {
        let actor = self.actor()?;
        if actor.is_staff() || actor.monitor {
            Ok(actor)
        } else {
            Err(Fault::Desk(Error::Forbidden(
                "This page is for support staff. You can open tickets and follow your own.".into(),
            )))
        }
    }

    /// Who acts, on pages for administrators.
    ///
    /// # Errors
    /// When they are not signed in, or no administrator.
    pub fn admin(&self) -> Result<&Actor, Fault> {
        let actor = self.actor()?;
        if actor.admin {
            Ok(actor)
        } else {
            Err(Fault::Desk(Error::Forbidden(
                "This page is for administrators.".into(),
            )))
        }
    }

    /// Who looks, for what everybody may see: somebody without any rights when
    /// nobody is signed in.
    pub fn looker(&self) -> Actor {
        self.who.as_ref().map_or_else(nobody, |w| w.actor.clone())
    }

    /// May triage what is new.
    pub fn may_triage(&self) -> bool {
        self.who
            .as_ref()
            .is_some_and(|w| w.actor.triages() || w.actor.admin)
    }

    /// What surrounds a page.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn frame(&self, room: Room, here: Here) -> Result<Frame, Fault> {
        let triage_count = match &self.who {
            Some(who) if self.may_triage() && room != Room::Public => {
                let (new, _) = triage_filter(&who.actor);
                let counts = self
                    .desk
                    .count_tickets(&who.actor, vec![(String::new(), new)], 1000)
                    .await?;
                counts.first().copied()
            }
            _ => None,
        };
        let me = match &self.who {
            Some(who) => Some(self.me(who).await?),
            None => None,
        };
        let live = me.as_ref().map(|_| "/live".to_owned());
        Ok(Frame {
            me,
            csrf: masked(&self.csrf),
            theme: self.theme,
            room,
            here,
            path: self.path.clone(),
            notice: self.notice.clone(),
            undo: self.undo.clone(),
            triage_count,
            live,
            query: String::new(),
            // Those who work see the desk as it is.
            portal: self
                .portal
                .as_ref()
                .filter(|_| room == Room::Public)
                .map(|(portal, _)| self.mark_of(portal)),
        })
    }

    async fn me(&self, who: &SignedIn) -> Result<Me, Fault> {
        let staff = who.actor.is_staff() || who.actor.monitor;
        let mail = who.person.email.clone().unwrap_or_default();
        let mut about = mail.clone();
        if staff && !who.actor.units.is_empty() {
            let catalogue = self.desk.catalogue().await?;
            let mut units: Vec<&str> = who
                .actor
                .units
                .iter()
                .filter_map(|m| catalogue.unit(m.unit))
                .map(|u| u.name.as_str())
                .collect();
            let last = units.pop().unwrap_or_default();
            about = if units.is_empty() {
                last.to_owned()
            } else {
                format!("{} and {last}", units.join(", "))
            };
        }
        Ok(Me {
            mark: PersonMark::of(&who.person.name),
            name: who.person.name.clone(),
            mail,
            about,
            staff,
            triage: self.may_triage(),
            exchange: who.actor.admin || who.actor.first_level(),
            admin: who.actor.admin,
        })
    }

    /// The face of a page that public and staff share.
    pub fn room(&self) -> Room {
        if self.who.as_ref().is_some_and(|w| w.actor.is_staff()) {
            Room::Staff
        } else {
            Room::Public
        }
    }

    /// A page.
    ///
    /// # Errors
    /// When the template fails, which is a fault of ours.
    pub fn page(&self, page: &impl Template) -> Result<Response, Fault> {
        self.page_as(StatusCode::OK, page)
    }

    /// A page with another status than 200, such as a form with errors.
    ///
    /// # Errors
    /// When the template fails, which is a fault of ours.
    pub fn page_as(&self, status: StatusCode, page: &impl Template) -> Result<Response, Fault> {
        let html = page
            .render()
            .map_err(|e| Error::Internal(format!("template: {e}")))?;
        Ok((
            status,
            [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
            html,
        )
            .into_response())
    }

    /// Sends the browser to another page, which then shows the notice.
    ///
    /// # Errors
    /// None; the type fits what handlers return.
    pub fn go(&self, to: &str, notice: Option<Notice>) -> Result<Response, Fault> {
        let mut response = see_other(to);
        if let Some(notice) = notice {
            let text = write_notice(&notice, None);
            self.set(&mut response, Cookie::Notice, &text, Some(60));
        }
        Ok(response)
    }

    /// Sends the browser to another page, which then shows the notice with the
    /// way back from what was done.
    ///
    /// # Errors
    /// None; the type fits what handlers return.
    pub fn go_undoable(&self, to: &str, notice: Notice, undo: &Undo) -> Result<Response, Fault> {
        let mut response = see_other(to);
        let text = write_notice(&notice, Some(undo));
        self.set(&mut response, Cookie::Notice, &text, Some(60));
        Ok(response)
    }

    fn set(&self, response: &mut Response, which: Cookie, value: &str, seconds: Option<i64>) {
        let script = matches!(which, Cookie::Zone | Cookie::Theme);
        let mut text = format!("{}={value}; Path=/; SameSite=Lax", which.name(self.secure));
        if !script {
            text.push_str("; HttpOnly");
        }
        if self.secure {
            text.push_str("; Secure");
        }
        if let Some(seconds) = seconds {
            text.push_str(&format!("; Max-Age={seconds}"));
        }
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }

    /// Remembers a session's secret, or (`None`) forgets it.
    pub fn set_session(&self, response: &mut Response, secret: Option<&str>) {
        match secret {
            Some(secret) => self.set(response, Cookie::Session, secret, None),
            None => self.set(response, Cookie::Session, "", Some(0)),
        }
    }

    /// Remembers by which secret this browser's sign-ins under way are known.
    pub fn set_way(&self, response: &mut Response) {
        self.set(response, Cookie::Way, &self.way, Some(600));
    }

    /// Remembers a sign-in whose second step is missing, or (`None`) forgets it.
    pub fn set_step(&self, response: &mut Response, word: Option<&str>) {
        match word {
            Some(word) => self.set(response, Cookie::Step, word, Some(600)),
            None if self.step.is_empty() => {}
            None => self.set(response, Cookie::Step, "", Some(0)),
        }
    }

    /// Remembers that somebody signed in here.
    pub fn set_device(&self, response: &mut Response, word: &str) {
        self.set(response, Cookie::Device, word, Some(400 * 86_400));
    }

    /// The browser that somebody signs in with.
    pub fn client(&self) -> Client<'_> {
        Client {
            network: &self.network,
            agent: &self.agent,
            device: &self.device,
        }
    }

    /// Goes on with a session under its new secret, in this very answer too.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn renewed(&mut self, secret: String) -> Result<(), Fault> {
        if let Some(who) = self.desk.session(&secret).await? {
            self.csrf.clone_from(&who.csrf);
            self.who = Some(who);
        }
        self.renewed = Some(secret);
        Ok(())
    }

    /// Remembers the theme.
    pub fn set_theme(&self, response: &mut Response, theme: &str) {
        let theme = if theme == "dark" { "dark" } else { "light" };
        self.set(response, Cookie::Theme, theme, Some(365 * 86_400));
    }

    /// The last step of every handler: faults become pages, cookies are set.
    pub async fn close(self, result: Result<Response, Fault>) -> Response {
        let mut response = match result {
            Ok(response) => response,
            Err(fault) => self.fault_page(fault, String::new()).await,
        };
        if let Some(secret) = &self.renewed {
            self.set_session(&mut response, Some(secret));
        }
        if let Some(visitor) = &self.fresh {
            self.set(&mut response, Cookie::Visitor, visitor, None);
        }
        let html = response
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|t| t.as_bytes().starts_with(b"text/html"));
        match &self.portal {
            Some((portal, Door::Path)) if self.kept.as_ref() != Some(&portal.key) => {
                self.set(&mut response, Cookie::Portal, &portal.key, None);
            }
            None if self.kept.is_some() && self.path.split('?').next() == Some("/") => {
                self.set(&mut response, Cookie::Portal, "", Some(0));
            }
            _ => {}
        }
        // A notice is said once: on the page that was just made.
        if self.notice.is_some() && html {
            self.set(&mut response, Cookie::Notice, "", Some(0));
        }
        response
    }

    /// The page for a fault. `kept` is what they wrote, so that it is not lost.
    pub async fn fault_page(&self, fault: Fault, kept: String) -> Response {
        if matches!(fault, Fault::SignInFirst) {
            let next = if self.path.starts_with("/sign-") {
                "/".to_owned()
            } else {
                self.path.clone()
            };
            return see_other(&format!("/sign-in?next={}", encode(&next)));
        }
        if matches!(fault, Fault::ProveFirst) {
            // Not to where a form was sent: that can not be come back to.
            let page = super::confirm::page(self, "/account", Errors::default()).await;
            return match page.and_then(|page| self.page_as(StatusCode::FORBIDDEN, &page)) {
                Ok(response) => response,
                Err(_) => StatusCode::FORBIDDEN.into_response(),
            };
        }
        let (status, title, what, todo) = explain(&fault);
        if let Fault::Desk(Error::Internal(text)) = &fault {
            tracing::error!(error = %text, path = %self.path, "internal error");
        }
        let fields = match &fault {
            Fault::Desk(Error::Invalid { field, problem }) => {
                vec![(field.clone(), problem.clone())]
            }
            _ => Vec::new(),
        };
        // The frame itself may fail when the database is away.
        let frame = self
            .frame(Room::Public, Here::Elsewhere)
            .await
            .unwrap_or_else(|_| Frame {
                csrf: masked(&self.csrf),
                theme: self.theme,
                path: "/".to_owned(),
                ..Frame::default()
            });
        let mut links = vec![("Front page".to_owned(), "/".to_owned())];
        if self.who.is_some() {
            links.insert(0, ("My tickets".to_owned(), "/tickets".to_owned()));
        } else {
            links.push(("Sign in".to_owned(), "/sign-in".to_owned()));
        }
        let page = ProblemPage {
            frame,
            code: format!(
                "{} {}",
                status.as_u16(),
                status.canonical_reason().unwrap_or_default()
            ),
            title: title.to_owned(),
            what,
            fields,
            todo: todo.iter().map(|t| (*t).to_owned()).collect(),
            links,
            kept,
        };
        self.page_as(status, &page)
            .unwrap_or_else(|_| status.into_response())
    }
}

/// What stands in a field that takes one thing a line, without empty ones.
pub fn lines(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}

/// A text as a sentence: a capital at its start, a full stop at its end.
pub fn sentence(text: &str) -> String {
    let mut chars = text.trim().chars();
    let mut out: String = match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => return String::new(),
    };
    if !out.ends_with(['.', '!', '?', '”', '…']) {
        out.push('.');
    }
    out
}

/// Somebody without any rights. Not the desk itself: that has no person.
fn nobody() -> Actor {
    Actor::plain(PersonId(Uuid::nil()), "", Channel::Web)
}

/// 303: the browser asks for the page with GET.
pub fn see_other(to: &str) -> Response {
    let to = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
}

/// A path of this site, from what a form or address gave; else the fallback.
pub fn own_path(given: &str, fallback: &str) -> String {
    let fine = given.starts_with('/')
        && !given.starts_with("//")
        && !given.contains('\\')
        && given.bytes().all(|b| (0x21..0x7f).contains(&b));
    if fine { given } else { fallback }.to_owned()
}

/// Encodes a text for a query.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Reads a ticket's number from a path.
///
/// # Errors
/// As for a page that is not there.
pub fn number(text: &str) -> Result<TicketNumber, Fault> {
    text.parse::<i64>()
        .ok()
        .filter(|n| *n > 0)
        .map(TicketNumber)
        .ok_or_else(Fault::no_page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_found_by_their_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(
            header::COOKIE,
            HeaderValue::from_static("xsb_session=no; sb_session=yes;sb_theme=dark"),
        );
        assert_eq!(cookie(&headers, "sb_session").unwrap(), "yes");
        assert_eq!(cookie(&headers, "sb_theme").unwrap(), "dark");
        assert_eq!(cookie(&headers, "sb_zone"), None);
    }

    #[test]
    fn only_paths_of_this_site_are_gone_to() {
        let check = |given: &str, to: &str| assert_eq!(own_path(given, "/"), to, "{given}");
        check("/tickets?q=a%20b", "/tickets?q=a%20b");
        check("//evil.example", "/");
        check("https://evil.example", "/");
        check("/\\evil.example", "/");
        check("/a\r\nSet-Cookie: x", "/");
        check("", "/");
    }

    #[test]
    fn a_notice_survives_its_cookie() {
        let notice = Notice {
            tone: NoticeTone::Warn,
            title: "„Größe“; =".to_owned(),
            text: "<b>".to_owned(),
        };
        let undo = Undo::Tie {
            lead: 7,
            others: vec![8, 9],
            slaves: true,
        };
        let text = write_notice(&notice, Some(&undo));
        assert!(
            text.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        );
        assert_eq!(read_notice(&text).unwrap(), (notice, Some(undo)));
        assert_eq!(read_notice("garbage"), None);
    }

    #[test]
    fn forms_of_different_visitors_differ() {
        assert!(!same(&csrf_of("a"), &csrf_of("b")));
        assert!(same(&csrf_of("a"), &csrf_of("a")));
        assert!(!same("", &csrf_of("a")));
    }

    #[test]
    fn sentences_begin_and_end() {
        assert_eq!(sentence("there is no ticket"), "There is no ticket.");
        assert_eq!(sentence("Why?"), "Why?");
        assert_eq!(sentence(""), "");
    }
}
