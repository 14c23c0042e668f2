//! How the sites of a request stand, for those who ask.

use store::Conn;
use store::campaign::{Campaign, CampaignSite};
use switchboard_core::campaign::Standing;
use switchboard_core::{Access, Actor, Millis, Status, Ticket, TicketNumber, UnitId, Visibility};

use super::no_campaign;
use crate::{Catalogue, Desk, Error};

/// One site of a request, as somebody may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteRow {
    /// Its key.
    pub site: String,
    /// Its name.
    pub name: String,
    /// Its ticket.
    pub number: TicketNumber,
    /// They may open the ticket.
    pub seen: bool,
    /// Where it stands; `None`: the ticket is restricted and not for their eyes.
    pub standing: Option<Standing>,
    /// Its status; `None` likewise.
    pub status: Option<Status>,
    /// Which unit has it; `None` likewise.
    pub unit: Option<UnitId>,
    /// When it was asked.
    pub asked_at: Millis,
    /// Silent: since when. Else when somebody last answered, or when it ended.
    pub since: Option<Millis>,
    /// Reminders of the present silence.
    pub reminded: u8,
    /// Since when it is asked no longer.
    pub left_at: Option<Millis>,
}

/// A request and how its sites stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Board {
    /// The request.
    pub campaign: Campaign,
    /// The parent's subject.
    pub subject: String,
    /// The parent's status.
    pub status: Status,
    /// The parent's version.
    pub ticket_version: i64,
    /// The unit that asks.
    pub unit: UnitId,
    /// Its sites, those that need attention first.
    pub sites: Vec<SiteRow>,
    /// The reader may add and take sites, and change dates.
    pub may_change: bool,
}

impl Board {
    /// How many of the sites that are asked stand so.
    pub fn count(&self, standing: Standing) -> usize {
        self.asked()
            .filter(|row| row.standing == Some(standing))
            .count()
    }

    /// The sites that are asked.
    pub fn asked(&self) -> impl Iterator<Item = &SiteRow> {
        self.sites.iter().filter(|row| row.left_at.is_none())
    }

    /// Nothing more is expected of any site.
    pub fn all_done(&self) -> bool {
        let mut asked = self.asked().peekable();
        asked.peek().is_some() && asked.all(|row| row.standing.is_some_and(Standing::is_done))
    }
}

/// Requests in the list.
const LISTED: i64 = 200;

impl Desk {
    /// How the sites of a request stand.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a ticket that asks nobody or that the actor may not see;
    /// [`Error::Forbidden`] for those who are not on its support side.
    pub async fn board(&self, actor: &Actor, number: TicketNumber) -> Result<Board, Error> {
        let catalogue = self.catalogue().await?;
        let actor = actor.clone();
        self.0
            .db
            .read(move |c| {
                let ticket = store::ticket::load(c, number)?
                    .filter(|ticket| Access::of(&actor, ticket).may_see())
                    .ok_or_else(|| Error::not_found(format!("ticket {number}")))?;
                if !may_look(&actor, &ticket) {
                    return Err(Error::Forbidden(
                        "only those who ask see how all sites stand".into(),
                    ));
                }
                let campaign =
                    store::campaign::load(c, number)?.ok_or_else(|| no_campaign(number))?;
                drawn(c, &catalogue, &actor, campaign, &ticket)
            })
            .await
    }

    /// The newest requests whose boards somebody may see.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn boards(&self, actor: &Actor) -> Result<Vec<Board>, Error> {
        let catalogue = self.catalogue().await?;
        let actor = actor.clone();
        self.0
            .db
            .read(move |c| {
                let mut boards = Vec::new();
                for campaign in store::campaign::newest(c, LISTED)? {
                    let Some(ticket) = store::ticket::load(c, campaign.ticket)? else {
                        continue;
                    };
                    if may_look(&actor, &ticket) {
                        boards.push(drawn(c, &catalogue, &actor, campaign, &ticket)?);
                    }
                }
                Ok(boards)
            })
            .await
    }

    /// The request that a ticket belongs to: whose parent it is, or whose site's ticket.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn campaign_of(&self, number: TicketNumber) -> Result<Option<TicketNumber>, Error> {
        self.0
            .db
            .read(move |c| {
                if store::campaign::load(c, number)?.is_some() {
                    return Ok(Some(number));
                }
                Ok(store::campaign::parent_of(c, number)?)
            })
            .await
    }
}

/// The support side of the parent.
fn may_look(actor: &Actor, parent: &Ticket) -> bool {
    let access = Access::of(actor, parent);
    access.staff_side() && access.may_see()
}

fn drawn(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    actor: &Actor,
    campaign: Campaign,
    parent: &Ticket,
) -> Result<Board, Error> {
    let sites = store::campaign::sites(c, campaign.ticket)?;
    let mut rows: Vec<SiteRow> = sites
        .into_iter()
        .map(|site| site_row(catalogue, actor, site))
        .collect();
    rows.sort_by_key(|row| {
        (
            row.left_at.is_some(),
            row.standing,
            row.since,
            row.name.clone(),
        )
    });
    Ok(Board {
        subject: parent.subject.clone(),
        status: parent.status,
        ticket_version: parent.version,
        unit: parent.unit,
        may_change: Access::of(actor, parent).may_work(),
        campaign,
        sites: rows,
    })
}

fn site_row(catalogue: &Catalogue, actor: &Actor, site: CampaignSite) -> SiteRow {
    let ticket = &site.ticket;
    let seen = Access::of(actor, ticket).may_see();
    let known = seen || ticket.visibility != Visibility::Restricted;
    let standing = Standing::of(ticket);
    let since = match standing {
        Standing::Silent => ticket.asked.as_ref().map(|asked| asked.since),
        Standing::Answered => site.answered_at.or(Some(ticket.status_since)),
        Standing::Solved | Standing::Unsolved => ticket.closed_at,
    };
    let named = catalogue.sites.iter().find(|s| s.key == site.site);
    SiteRow {
        name: named.map_or_else(|| site.site.clone(), |s| s.name.clone()),
        number: ticket.number,
        seen,
        standing: known.then_some(standing),
        status: known.then_some(ticket.status),
        unit: known.then_some(ticket.unit),
        asked_at: site.asked_at,
        since: since.filter(|_| known),
        reminded: ticket
            .silent()
            .filter(|_| known)
            .map_or(0, |asked| asked.times),
        left_at: site.left_at,
        site: site.site,
    }
}
