//! Portals: a community's own front door on the same desk.
//!
//! A portal has its own first level: what comes by it and nothing routes
//! elsewhere goes there, and can be passed on to the first level of the desk.

use serde::Serialize;
use serde_json::json;
pub use store::portal::{Logo, Pair, Portal, PortalDoc};
use store::unit::{Service, Unit};
use switchboard_core::{Actor, PortalId, UnitId};
use uuid::Uuid;

use crate::audit::{self, Subject};
use crate::community::{check_key, only_administrators};
use crate::look::Look;
use crate::{Catalogue, Desk, Error};

/// Longest name, in characters: it stands in the bar.
const LONGEST_NAME: usize = 60;
/// Longest greeting, in characters.
const LONGEST_GREETING: usize = 5_000;
/// Largest logo, in bytes.
pub const LARGEST_LOGO: usize = 200 * 1024;
/// Keys that would be taken for something else in `/admin/portals/`.
const RESERVED: [&str; 1] = ["new"];

/// A portal as it is shown at a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PortalRef {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
}

impl Catalogue {
    /// The portal by which a ticket came, as it is shown there.
    pub(crate) fn portal_ref(&self, id: Option<PortalId>) -> Option<PortalRef> {
        id.and_then(|id| self.portal(id)).map(|portal| PortalRef {
            key: portal.key.clone(),
            name: portal.name.clone(),
        })
    }

    /// A portal by its id, also one that is closed to visitors.
    pub fn portal(&self, id: PortalId) -> Option<&Portal> {
        self.portals.iter().find(|p| p.id == id)
    }

    /// An open portal by its key.
    ///
    /// # Errors
    /// Names `field` and says where they are listed.
    pub fn find_portal(&self, field: &str, key: &str) -> Result<&Portal, Error> {
        self.portals
            .iter()
            .find(|p| p.active && p.key == key)
            .ok_or_else(|| {
                Error::invalid(
                    field,
                    format!("there is no portal {key:?}; GET /api/v1/portals lists them"),
                )
            })
    }

    /// A portal by its key, also one that is closed to visitors.
    ///
    /// # Errors
    /// Names `field` and where portals are looked after.
    pub(crate) fn any_portal(&self, field: &str, key: &str) -> Result<&Portal, Error> {
        self.portals.iter().find(|p| p.key == key).ok_or_else(|| {
            Error::invalid(
                field,
                format!("there is no portal {key:?}; /admin/portals has their keys"),
            )
        })
    }

    /// The portal whose own first level this unit is.
    pub fn portal_of_unit(&self, unit: UnitId) -> Option<PortalId> {
        self.portals
            .iter()
            .find(|p| p.unit == Some(unit))
            .map(|p| p.id)
    }

    /// Who takes what nothing routes elsewhere: the portal's own first level
    /// while it has one in service, else that of the desk.
    ///
    /// # Errors
    /// When the desk has no first level.
    pub fn first_level_for(&self, portal: Option<&Portal>) -> Result<&Unit, Error> {
        portal
            .and_then(|p| p.unit)
            .and_then(|id| self.unit(id))
            .filter(|unit| unit.active)
            .map_or_else(|| self.first_level(), Ok)
    }

    /// The units that a portal shows and that are in service, in its order.
    pub fn units_of(&self, portal: &Portal) -> Vec<&Unit> {
        portal
            .doc
            .units
            .iter()
            .filter_map(|id| self.unit(*id))
            .filter(|u| u.active)
            .collect()
    }

    /// The services that a portal offers and that are in use, in its order.
    pub fn services_of(&self, portal: &Portal) -> Vec<&Service> {
        portal
            .doc
            .services
            .iter()
            .filter_map(|id| self.service(*id))
            .filter(|s| s.active)
            .collect()
    }
}

/// Whether a portal offers what is asked for.
///
/// # Errors
/// Names the field and what the portal offers.
pub(crate) fn check_offers(
    catalogue: &Catalogue,
    portal: &Portal,
    service: Option<&Service>,
    issue_type: Option<&str>,
) -> Result<(), Error> {
    if let Some(service) = service
        && !portal.doc.services.contains(&service.id)
    {
        let offered: Vec<&str> = catalogue
            .services_of(portal)
            .into_iter()
            .map(|s| s.name.as_str())
            .collect();
        return Err(Error::invalid(
            "service",
            if offered.is_empty() {
                format!("{} offers no service; leave it out", portal.name)
            } else {
                format!(
                    "{} does not offer {}; it offers {}",
                    portal.name,
                    service.name,
                    offered.join(", ")
                )
            },
        ));
    }
    if let Some(key) = issue_type
        && !portal.doc.issue_types.is_empty()
        && !portal.doc.issue_types.iter().any(|own| own == key)
    {
        return Err(Error::invalid(
            "issue_type",
            format!(
                "{} does not take {key:?}; use one of {}",
                portal.name,
                portal.doc.issue_types.join(", ")
            ),
        ));
    }
    Ok(())
}

/// What a logo's first bytes say it is: one that does not move.
fn image_type(bytes: &[u8]) -> Option<&'static str> {
    crate::picture::type_of(bytes).filter(|kind| *kind != "image/gif")
}

/// A host name as people type it, in lower case.
///
/// # Errors
/// Says what a host name looks like.
fn host_name(text: &str) -> Result<String, Error> {
    let name = text.trim().trim_end_matches('.').to_ascii_lowercase();
    let label = |l: &str| {
        (1..=63).contains(&l.len())
            && !l.starts_with('-')
            && !l.ends_with('-')
            && l.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    // The last label of a name is never a number; of an address it is.
    let named = name
        .rsplit('.')
        .next()
        .is_some_and(|last| last.bytes().any(|b| b.is_ascii_lowercase()));
    if name.len() <= 253 && name.contains('.') && named && name.split('.').all(label) {
        return Ok(name);
    }
    Err(Error::invalid(
        "hostname",
        "takes a host name alone, as help.example.org: no scheme, port or path",
    ))
}

/// The host of an address of ours, without port.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    authority
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
        .map_or(authority, |(host, _)| host)
}

impl Desk {
    /// The address at which a portal's pages begin, from what is configured,
    /// without a slash at the end: its own host (with the scheme and port of the
    /// desk), or below the desk's.
    pub fn portal_url(&self, portal: &Portal) -> String {
        match &portal.hostname {
            Some(_) => self.portal_base(portal),
            None => format!("{}/p/{}", self.config().public_url, portal.key),
        }
    }

    /// The address before which paths as `/tickets/12` are put for who came by a
    /// portal.
    pub fn portal_base(&self, portal: &Portal) -> String {
        let public = &self.config().public_url;
        match (&portal.hostname, public.split_once("://")) {
            (Some(host), Some((scheme, rest))) => {
                let port = rest
                    .rsplit_once(':')
                    .map(|(_, port)| port)
                    .filter(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()));
                match port {
                    Some(port) => format!("{scheme}://{host}:{port}"),
                    None => format!("{scheme}://{host}"),
                }
            }
            _ => public.clone(),
        }
    }

    /// Stores a portal, new (`new`) or changed. Its logo is set by
    /// [`Desk::set_logo`] and stays as it is here.
    ///
    /// # Errors
    /// Names the field that is wrong; colours on which text can not be read
    /// with the contrast measured and the nearest that would do.
    /// [`Error::Forbidden`] for others than administrators.
    pub async fn save_portal(&self, actor: &Actor, portal: Portal, new: bool) -> Result<(), Error> {
        only_administrators(actor)?;
        let catalogue = self.catalogue().await?;
        let portal = self.checked_portal(&catalogue, portal)?;
        let (actor, now) = (actor.clone(), self.now());
        self.0
            .db
            .write(move |c| {
                let known = store::portal::all(c)?;
                let before = known.iter().find(|p| p.id == portal.id);
                let mut portal = portal.clone();
                match before {
                    None if new => {
                        check_key(&portal.key)?;
                        if RESERVED.contains(&portal.key.as_str()) {
                            return Err(Error::invalid("key", "is kept for the desk itself"));
                        }
                        portal.doc.logo = None;
                    }
                    Some(before) if !new => {
                        if before.key != portal.key {
                            return Err(Error::invalid("key", "stays: links use it"));
                        }
                        portal.doc.logo.clone_from(&before.doc.logo);
                    }
                    _ => return Err(Error::not_found(format!("portal {:?}", portal.key))),
                }
                for other in known.iter().filter(|p| p.id != portal.id) {
                    if other.key == portal.key {
                        return Err(Error::invalid("key", "is another portal's; choose another"));
                    }
                    if other.hostname.is_some() && other.hostname == portal.hostname {
                        return Err(Error::invalid(
                            "hostname",
                            format!("is that of {} already", other.name),
                        ));
                    }
                    if other.unit.is_some() && other.unit == portal.unit {
                        return Err(Error::invalid(
                            "unit",
                            format!("is the first level of {} already", other.name),
                        ));
                    }
                }
                store::portal::save(c, &portal, now)?;
                let subject = Subject::Other("portal", portal.id.0);
                let (action, detail) = match before {
                    Some(before) => (
                        "portal.changed",
                        audit::difference(&described(before), &described(&portal)),
                    ),
                    None => ("portal.created", described(&portal)),
                };
                audit::record(c, &actor, now, action, &subject, &detail)
            })
            .await?;
        self.forget_catalogue();
        self.forget_actors();
        Ok(())
    }

    /// A portal with its texts trimmed and everything it names looked up.
    fn checked_portal(&self, catalogue: &Catalogue, mut portal: Portal) -> Result<Portal, Error> {
        portal.name = crate::open::one_line(&portal.name);
        if portal.name.is_empty() || portal.name.chars().count() > LONGEST_NAME {
            return Err(Error::invalid(
                "name",
                format!("takes 1 to {LONGEST_NAME} characters"),
            ));
        }
        portal.doc.greeting = portal.doc.greeting.trim().to_owned();
        if portal.doc.greeting.chars().count() > LONGEST_GREETING {
            return Err(Error::invalid(
                "greeting",
                format!("takes at most {LONGEST_GREETING} characters"),
            ));
        }
        if let Some(name) = &portal.hostname {
            let name = host_name(name)?;
            if name.eq_ignore_ascii_case(host_of(&self.config().public_url)) {
                return Err(Error::invalid(
                    "hostname",
                    "is the address of the whole desk; a portal needs another, or none",
                ));
            }
            portal.hostname = Some(name);
        }
        if let Some(name) = &portal.community {
            portal.community = Some(catalogue.find_community("community", name)?.key.clone());
        }
        if let Some(id) = portal.unit {
            let unit = catalogue
                .unit(id)
                .ok_or_else(|| Error::invalid("unit", "there is no such unit"))?;
            if unit.level != 1 || unit.first_level || !unit.active {
                return Err(Error::invalid(
                    "unit",
                    format!(
                        "takes a unit of level 1 that is in service and not the first level of \
                         the desk; {} is none",
                        unit.name
                    ),
                ));
            }
        }
        for (field, pair) in [("accent", &portal.doc.accent), ("bar", &portal.doc.bar)] {
            let Some(pair) = pair else { continue };
            for (theme, colour) in [("light", &pair.light), ("dark", &pair.dark)] {
                if switchboard_core::colour::Colour::parse(colour).is_none() {
                    return Err(Error::invalid(
                        format!("{field}_{theme}"),
                        "takes a colour as #0a6557",
                    ));
                }
            }
        }
        Look::of(&portal.doc).check()?;
        let mut seen = Vec::new();
        for id in &portal.doc.services {
            if catalogue.service(*id).is_none() {
                return Err(Error::invalid(
                    "services",
                    "names a service that is not there",
                ));
            }
            if !seen.contains(id) {
                seen.push(*id);
            }
        }
        portal.doc.services = seen;
        let mut seen = Vec::new();
        for id in &portal.doc.units {
            if catalogue.unit(*id).is_none() {
                return Err(Error::invalid("units", "names a unit that is not there"));
            }
            if !seen.contains(id) {
                seen.push(*id);
            }
        }
        portal.doc.units = seen;
        for key in &portal.doc.issue_types {
            if !catalogue.issue_types.iter().any(|t| t.key == *key) {
                return Err(Error::invalid(
                    "issue_types",
                    format!("there is no type of issue {key:?}"),
                ));
            }
        }
        Ok(portal)
    }

    /// Sets a portal's logo, or takes it away. What kind of picture it is, its
    /// first bytes say: PNG, JPEG or WebP.
    ///
    /// # Errors
    /// Names the field `logo`; [`Error::Forbidden`] for others than
    /// administrators.
    pub async fn set_logo(
        &self,
        actor: &Actor,
        id: PortalId,
        bytes: Option<Vec<u8>>,
    ) -> Result<(), Error> {
        only_administrators(actor)?;
        let logo = match bytes {
            None => None,
            Some(bytes) => {
                if bytes.len() > LARGEST_LOGO {
                    return Err(Error::invalid(
                        "logo",
                        format!("takes at most {} kB", LARGEST_LOGO / 1024),
                    ));
                }
                let media_type = image_type(&bytes)
                    .ok_or_else(|| Error::invalid("logo", "takes a PNG, JPEG or WebP picture"))?;
                let (blobs, size) = (self.0.blobs.clone(), bytes.len() as i64);
                let sha256 = tokio::task::spawn_blocking(move || blobs.put(&bytes))
                    .await
                    .map_err(|e| Error::Internal(format!("file store: {e}")))??;
                Some(Logo {
                    sha256,
                    media_type: media_type.to_owned(),
                    size,
                })
            }
        };
        let (actor, now) = (actor.clone(), self.now());
        self.0
            .db
            .write(move |c| {
                let mut portal = store::portal::all(c)?
                    .into_iter()
                    .find(|p| p.id == id)
                    .ok_or_else(|| Error::not_found("such portal"))?;
                let detail = json!({
                    "logo": [
                        portal.doc.logo.as_ref().map(|l| &l.sha256),
                        logo.as_ref().map(|l| &l.sha256),
                    ],
                });
                portal.doc.logo.clone_from(&logo);
                store::portal::save(c, &portal, now)?;
                let subject = Subject::Other("portal", id.0);
                audit::record(c, &actor, now, "portal.changed", &subject, &detail)
            })
            .await?;
        self.forget_catalogue();
        Ok(())
    }

    /// A logo's bytes.
    ///
    /// # Errors
    /// When they are missing.
    pub async fn logo_bytes(&self, logo: &Logo) -> Result<Vec<u8>, Error> {
        let (blobs, name) = (self.0.blobs.clone(), logo.sha256.clone());
        tokio::task::spawn_blocking(move || blobs.get(&name))
            .await
            .map_err(|e| Error::Internal(format!("file store: {e}")))??
            .ok_or_else(|| Error::Internal("the bytes of a logo are missing".into()))
    }

    /// The id for a new portal.
    pub fn new_portal_id(&self) -> PortalId {
        PortalId(self.uuid())
    }
}

/// What the audit log says of a portal.
fn described(portal: &Portal) -> serde_json::Value {
    let uuids =
        |ids: &mut dyn Iterator<Item = Uuid>| ids.map(|id| id.to_string()).collect::<Vec<_>>();
    json!({
        "key": portal.key,
        "name": portal.name,
        "hostname": portal.hostname,
        "community": portal.community,
        "unit": portal.unit.map(|id| id.0.to_string()),
        "active": portal.active,
        "position": portal.position,
        "greeting": portal.doc.greeting,
        "accent": portal.doc.accent,
        "bar": portal.doc.bar,
        "services": uuids(&mut portal.doc.services.iter().map(|id| id.0)),
        "units": uuids(&mut portal.doc.units.iter().map(|id| id.0)),
        "issue_types": portal.doc.issue_types,
        "own_news_only": portal.doc.own_news_only,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_known_by_its_first_bytes() {
        assert_eq!(image_type(b"\x89PNG\r\n\x1a\n..."), Some("image/png"));
        assert_eq!(image_type(b"\xff\xd8\xff\xe0"), Some("image/jpeg"));
        assert_eq!(image_type(b"RIFF\x10\0\0\0WEBPVP8 "), Some("image/webp"));
        for other in [
            &b"<svg xmlns='http://www.w3.org/2000/svg'/>"[..],
            b"GIF89a",
            b"RIFF\x10\0\0\0WAVE",
            b"\x89PN",
            b"",
        ] {
            assert_eq!(image_type(other), None);
        }
    }

    #[test]
    fn a_host_name_is_a_name_and_nothing_more() {
        let taken = |text: &str| host_name(text).ok();
        assert_eq!(
            taken(" Help.Example.org. ").as_deref(),
            Some("help.example.org")
        );
        for wrong in [
            "",
            "localhost",
            "https://a.example",
            "a.example:8080",
            "a.example/x",
            "127.0.0.1",
            "-a.example",
            "a..example",
            "a_b.example",
            "é.example",
        ] {
            assert_eq!(taken(wrong), None, "{wrong}");
        }
        assert_eq!(
            host_of("https://desk.example.org:8443/x"),
            "desk.example.org"
        );
        assert_eq!(host_of("http://desk.example"), "desk.example");
    }
}
