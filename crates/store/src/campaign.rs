//! Requests to many sites.

use switchboard_core::{Millis, PersonId, Ticket, TicketNumber};

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::ticket::from_document;
use crate::value::Row;

/// A request to many sites.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Campaign {
    /// The parent ticket.
    pub ticket: TicketNumber,
    /// The subject of a site's ticket, with variables.
    pub subject: String,
    /// Its text, with variables.
    pub body: String,
    /// Working days of silence after which a site is reminded.
    pub remind: Vec<u32>,
    /// When answers are wanted.
    pub due_at: Option<Millis>,
    /// Who asked.
    pub made_by: Option<PersonId>,
    /// When.
    pub made_at: Millis,
    /// How often it was stored.
    pub version: i64,
}

/// A site that is, or was, asked.
#[derive(Debug, Clone, PartialEq)]
pub struct CampaignSite {
    /// Its key.
    pub site: String,
    /// When it was asked.
    pub asked_at: Millis,
    /// Since when it is asked no longer.
    pub left_at: Option<Millis>,
    /// Its ticket.
    pub ticket: Ticket,
    /// When somebody last answered in public.
    pub answered_at: Option<Millis>,
}

fn read(row: &Row<'_>) -> Result<Campaign, Error> {
    let remind: String = row.get(3)?;
    Ok(Campaign {
        ticket: row.get(0)?,
        subject: row.get(1)?,
        body: row.get(2)?,
        remind: serde_json::from_str(&remind)
            .map_err(|e| Error::Corrupt(format!("reminders of a campaign: {e}")))?,
        due_at: row.get(4)?,
        made_by: row.get(5)?,
        made_at: row.get(6)?,
        version: row.get(7)?,
    })
}

/// Stores a request, new or changed.
pub fn save(conn: &mut Conn<'_>, c: &Campaign) -> Result<(), Error> {
    let remind = serde_json::to_string(&c.remind)
        .map_err(|e| Error::Corrupt(format!("reminders to JSON: {e}")))?;
    conn.execute(
        "INSERT INTO campaign (ticket, subject, body, remind, due_at, made_by, made_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 1)
         ON CONFLICT (ticket) DO UPDATE SET subject = excluded.subject, body = excluded.body,
           remind = excluded.remind, due_at = excluded.due_at, version = campaign.version + 1",
        params![
            c.ticket,
            c.subject.as_str(),
            c.body.as_str(),
            remind,
            c.due_at,
            c.made_by,
            c.made_at,
        ],
    )?;
    Ok(())
}

/// The request that a ticket is the parent of.
pub fn load(conn: &mut Conn<'_>, ticket: TicketNumber) -> Result<Option<Campaign>, Error> {
    conn.query_opt(
        "SELECT ticket, subject, body, remind, due_at, made_by, made_at, version
         FROM campaign WHERE ticket = $1",
        params![ticket],
        read,
    )
}

/// The newest requests.
pub fn newest(conn: &mut Conn<'_>, limit: i64) -> Result<Vec<Campaign>, Error> {
    conn.query(
        "SELECT ticket, subject, body, remind, due_at, made_by, made_at, version
         FROM campaign ORDER BY ticket DESC LIMIT $1",
        params![limit],
        read,
    )
}

/// The request that made a ticket.
pub fn parent_of(conn: &mut Conn<'_>, ticket: TicketNumber) -> Result<Option<TicketNumber>, Error> {
    conn.query_opt(
        "SELECT campaign FROM campaign_site WHERE ticket = $1 AND left_at IS NULL",
        params![ticket],
        |row| row.get(0),
    )
}

/// Notes that a site is asked, with its ticket. `false`: it is asked already.
pub fn ask(
    conn: &mut Conn<'_>,
    campaign: TicketNumber,
    site: &str,
    ticket: TicketNumber,
    now: Millis,
) -> Result<bool, Error> {
    Ok(conn.execute(
        "INSERT INTO campaign_site (campaign, site, ticket, asked_at, left_at)
         VALUES ($1, $2, $3, $4, NULL)
         ON CONFLICT (campaign, site) DO UPDATE SET ticket = excluded.ticket,
           asked_at = excluded.asked_at, left_at = NULL
         WHERE campaign_site.left_at IS NOT NULL",
        params![campaign, site, ticket, now],
    )? > 0)
}

/// Whether a site is asked.
pub fn is_asked(
    conn: &mut Conn<'_>,
    campaign: TicketNumber,
    site: &str,
) -> Result<Option<TicketNumber>, Error> {
    conn.query_opt(
        "SELECT ticket FROM campaign_site
         WHERE campaign = $1 AND site = $2 AND left_at IS NULL",
        params![campaign, site],
        |row| row.get(0),
    )
}

/// Notes that a site is asked no longer.
pub fn leave(
    conn: &mut Conn<'_>,
    campaign: TicketNumber,
    site: &str,
    now: Millis,
) -> Result<(), Error> {
    conn.execute(
        "UPDATE campaign_site SET left_at = $3 WHERE campaign = $1 AND site = $2",
        params![campaign, site, now],
    )?;
    Ok(())
}

/// Its sites with their tickets, by key; those that were left too.
pub fn sites(conn: &mut Conn<'_>, campaign: TicketNumber) -> Result<Vec<CampaignSite>, Error> {
    conn.query(
        "SELECT s.site, s.asked_at, s.left_at, t.doc,
           (SELECT MAX(e.at) FROM entry e WHERE e.ticket = s.ticket
              AND e.visibility = 'public' AND e.author_side IN ('support', 'external'))
         FROM campaign_site s JOIN ticket t ON t.number = s.ticket
         WHERE s.campaign = $1 ORDER BY s.site",
        params![campaign],
        |row| {
            let doc: String = row.get(3)?;
            Ok(CampaignSite {
                site: row.get(0)?,
                asked_at: row.get(1)?,
                left_at: row.get(2)?,
                ticket: from_document(&doc)?,
                answered_at: row.get(4)?,
            })
        },
    )
}
