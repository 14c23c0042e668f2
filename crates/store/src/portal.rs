//! Portals: a community's own front door.

use serde::{Deserialize, Serialize};
use switchboard_core::{Millis, PortalId, ServiceId, UnitId};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::Row;

/// One colour for light pages and one for dark ones, as `#rrggbb`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// On light pages.
    pub light: String,
    /// On dark pages.
    pub dark: String,
}

/// A portal's logo: an image in the blob store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logo {
    /// The blob's name.
    pub sha256: String,
    /// `image/png`, `image/jpeg` or `image/webp`, by its first bytes.
    pub media_type: String,
    /// In bytes.
    pub size: i64,
}

/// The part of a portal that is only read whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct PortalDoc {
    /// What it says to those who come, plain.
    pub greeting: String,
    /// The colour of what can be pressed; `None`: the desk's.
    pub accent: Option<Pair>,
    /// The colour of the bar; `None`: the desk's.
    pub bar: Option<Pair>,
    /// Its logo.
    pub logo: Option<Logo>,
    /// The services it offers, in this order.
    pub services: Vec<ServiceId>,
    /// The units it shows, in this order.
    pub units: Vec<UnitId>,
    /// The types of issue it offers; empty: all.
    pub issue_types: Vec<String>,
    /// News of the whole desk are left out.
    pub own_news_only: bool,
}

/// A portal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Portal {
    /// Its id.
    pub id: PortalId,
    /// Its key in addresses.
    pub key: String,
    /// Its name.
    pub name: String,
    /// The host name under which it is reached, too; lower case.
    pub hostname: Option<String>,
    /// The community whose front door it is.
    pub community: Option<String>,
    /// Its own first level.
    pub unit: Option<UnitId>,
    /// It is open to visitors.
    pub active: bool,
    /// Its place among the portals.
    pub position: i64,
    /// Everything else.
    pub doc: PortalDoc,
}

fn read(row: &Row<'_>) -> Result<Portal, Error> {
    let doc: String = row.get(8)?;
    Ok(Portal {
        id: row.get(0)?,
        key: row.get(1)?,
        name: row.get(2)?,
        hostname: row.get(3)?,
        community: row.get(4)?,
        unit: row.get(5)?,
        active: row.get(6)?,
        position: row.get(7)?,
        doc: serde_json::from_str(&doc)
            .map_err(|e| Error::Corrupt(format!("portal document: {e}")))?,
    })
}

/// Stores a portal, new or changed.
///
/// # Errors
/// [`Error::Conflict`] when the key, the host name or the unit is another
/// portal's.
pub fn save(conn: &mut Conn<'_>, p: &Portal, now: Millis) -> Result<(), Error> {
    let doc = serde_json::to_string(&p.doc)
        .map_err(|e| Error::Corrupt(format!("portal to JSON: {e}")))?;
    conn.execute(
        "INSERT INTO portal (id, key, name, hostname, community, unit, active, position, logo, doc,
           updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (id) DO UPDATE SET key = excluded.key, name = excluded.name,
           hostname = excluded.hostname, community = excluded.community, unit = excluded.unit,
           active = excluded.active, position = excluded.position, logo = excluded.logo,
           doc = excluded.doc, updated_at = excluded.updated_at",
        params![
            p.id,
            p.key.as_str(),
            p.name.as_str(),
            p.hostname.clone(),
            p.community.clone(),
            p.unit,
            p.active,
            p.position,
            p.doc.logo.as_ref().map(|logo| logo.sha256.clone()),
            doc,
            now,
        ],
    )?;
    Ok(())
}

/// Every portal, in order.
pub fn all(conn: &mut Conn<'_>) -> Result<Vec<Portal>, Error> {
    conn.query(
        "SELECT id, key, name, hostname, community, unit, active, position, doc FROM portal
         ORDER BY position, name, id",
        params![],
        read,
    )
}

/// Something that a portal tells its visitors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortalNews {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub portal: PortalId,
    /// When it was posted.
    pub at: Millis,
    /// When it last changed.
    pub updated_at: Millis,
    /// `news`, `incident` or `downtime`.
    pub kind: String,
    /// One line.
    pub title: String,
    /// The rest, plain.
    pub body: String,
    /// Who posted it.
    pub author_name: String,
    /// It is shown.
    pub active: bool,
}

/// Stores news, new or changed.
pub fn save_news(conn: &mut Conn<'_>, n: &PortalNews) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO portal_news (id, portal, at, updated_at, kind, title, body, author_name,
           active)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at, kind = excluded.kind,
           title = excluded.title, body = excluded.body, active = excluded.active",
        params![
            n.id,
            n.portal,
            n.at,
            n.updated_at,
            n.kind.as_str(),
            n.title.as_str(),
            n.body.as_str(),
            n.author_name.as_str(),
            n.active,
        ],
    )?;
    Ok(())
}

/// A portal's newest news that are shown.
pub fn news(conn: &mut Conn<'_>, portal: PortalId, limit: i64) -> Result<Vec<PortalNews>, Error> {
    conn.query(
        "SELECT id, portal, at, updated_at, kind, title, body, author_name, active
         FROM portal_news WHERE portal = $1 AND active = 1 ORDER BY at DESC, id DESC LIMIT $2",
        params![portal, limit],
        read_news,
    )
}

/// One of a portal's news, also one that is no longer shown.
pub fn one_news(
    conn: &mut Conn<'_>,
    portal: PortalId,
    id: Uuid,
) -> Result<Option<PortalNews>, Error> {
    conn.query_opt(
        "SELECT id, portal, at, updated_at, kind, title, body, author_name, active
         FROM portal_news WHERE portal = $1 AND id = $2",
        params![portal, id],
        read_news,
    )
}

fn read_news(row: &Row<'_>) -> Result<PortalNews, Error> {
    Ok(PortalNews {
        id: row.get(0)?,
        portal: row.get(1)?,
        at: row.get(2)?,
        updated_at: row.get(3)?,
        kind: row.get(4)?,
        title: row.get(5)?,
        body: row.get(6)?,
        author_name: row.get(7)?,
        active: row.get(8)?,
    })
}
