//! Notices: news, incidents and downtimes, with the services that they touch.

use switchboard_core::{Millis, PersonId, ServiceId};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::{Row, Sql};

/// A notice on the public page, as it is read quickly.
#[derive(Debug, Clone, PartialEq)]
pub struct News {
    /// Its id.
    pub id: Uuid,
    /// When.
    pub at: Millis,
    /// `news`, `incident` or `downtime`.
    pub kind: String,
    /// One line.
    pub title: String,
    /// The rest.
    pub body: String,
    /// The first service concerned.
    pub service: Option<ServiceId>,
}

/// A notice with all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Its id.
    pub id: Uuid,
    /// When it was posted.
    pub at: Millis,
    /// `news`, `incident` or `downtime`.
    pub kind: String,
    /// One line.
    pub title: String,
    /// The rest.
    pub body: String,
    /// Since when; for a downtime, when it begins.
    pub starts_at: Option<Millis>,
    /// When it was or will be over; `None`: not known.
    pub ends_at: Option<Millis>,
    /// The services that it touches, in the order in which they were named.
    pub services: Vec<ServiceId>,
    /// It is shown; a withdrawn one is not.
    pub active: bool,
    /// Who posted it.
    pub author: Option<PersonId>,
    /// How often it was stored.
    pub version: i64,
}

/// Stores a notice without its times.
pub fn insert(conn: &mut Conn<'_>, n: &News) -> Result<(), Error> {
    save(
        conn,
        &Notice {
            id: n.id,
            at: n.at,
            kind: n.kind.clone(),
            title: n.title.clone(),
            body: n.body.clone(),
            starts_at: (n.kind != "news").then_some(n.at),
            ends_at: None,
            services: n.service.into_iter().collect(),
            active: true,
            author: None,
            version: 0,
        },
    )
}

/// Stores a notice, new or changed.
pub fn save(conn: &mut Conn<'_>, n: &Notice) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO news (id, at, kind, title, body, service, active, starts_at, ends_at, author)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, title = excluded.title,
           body = excluded.body, service = excluded.service, active = excluded.active,
           starts_at = excluded.starts_at, ends_at = excluded.ends_at,
           version = news.version + 1",
        params![
            n.id,
            n.at,
            n.kind.as_str(),
            n.title.as_str(),
            n.body.as_str(),
            n.services.first().copied(),
            n.active,
            n.starts_at,
            n.ends_at,
            n.author,
        ],
    )?;
    conn.execute("DELETE FROM news_service WHERE news = $1", params![n.id])?;
    for (position, service) in (0_i64..).zip(&n.services) {
        conn.execute(
            "INSERT INTO news_service (news, service, position) VALUES ($1, $2, $3)",
            params![n.id, *service, position],
        )?;
    }
    Ok(())
}

/// The newest notices.
pub fn newest(conn: &mut Conn<'_>, limit: i64) -> Result<Vec<News>, Error> {
    conn.query(
        "SELECT id, at, kind, title, body, service FROM news WHERE active = 1
         ORDER BY at DESC LIMIT $1",
        params![limit],
        |row| {
            Ok(News {
                id: row.get(0)?,
                at: row.get(1)?,
                kind: row.get(2)?,
                title: row.get(3)?,
                body: row.get(4)?,
                service: row.get(5)?,
            })
        },
    )
}

fn read(row: &Row<'_>) -> Result<Notice, Error> {
    Ok(Notice {
        id: row.get(0)?,
        at: row.get(1)?,
        kind: row.get(2)?,
        title: row.get(3)?,
        body: row.get(4)?,
        starts_at: row.get(5)?,
        ends_at: row.get(6)?,
        services: Vec::new(),
        active: row.get(7)?,
        author: row.get(8)?,
        version: row.get(9)?,
    })
}

fn with_services(conn: &mut Conn<'_>, mut all: Vec<Notice>) -> Result<Vec<Notice>, Error> {
    for notice in &mut all {
        notice.services = conn.query(
            "SELECT service FROM news_service WHERE news = $1 ORDER BY position",
            params![notice.id],
            |row| row.get(0),
        )?;
    }
    Ok(all)
}

/// One notice.
pub fn load(conn: &mut Conn<'_>, id: Uuid) -> Result<Option<Notice>, Error> {
    let found = conn.query_opt(
        "SELECT id, at, kind, title, body, starts_at, ends_at, active, author, version
         FROM news WHERE id = $1",
        params![id],
        read,
    )?;
    Ok(with_services(conn, found.into_iter().collect())?.pop())
}

/// What is shown now: everything posted since a time, and every incident and
/// downtime that is not over at `now`. Newest first.
pub fn shown(
    conn: &mut Conn<'_>,
    since: Millis,
    now: Millis,
    limit: i64,
) -> Result<Vec<Notice>, Error> {
    let mut sql = Sql::new(
        "SELECT id, at, kind, title, body, starts_at, ends_at, active, author, version
         FROM news WHERE active = 1 AND (at >= ",
    );
    sql.bind(since);
    sql.push(" OR (kind <> 'news' AND (ends_at IS NULL OR ends_at > ")
        .bind(now);
    sql.push("))) ORDER BY at DESC, id DESC LIMIT ").bind(limit);
    let all = conn.run(&sql, read)?;
    with_services(conn, all)
}
