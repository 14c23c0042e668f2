//! Partner desks: other Switchboards with which tickets are shared. How two desks
//! become partners is told in `invitation.rs`. Every request between them is signed
//! ([`connect::signature`]).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use connect::signature::{self, SigningKey};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::Conn;
use store::partner::{Partner, State, Terms};
use switchboard_core::exchange::{DeskId, covers};
use switchboard_core::{Actor, Millis, ServiceId, TicketNumber, UnitId};
use uuid::Uuid;

use super::view::{admin, looks};
use super::{desk_id, host};
use crate::audit::{self, Subject};
use crate::ticket_clock::with_partners;
use crate::{Catalogue, Desk, Error, secret};

/// The version of the protocol that is spoken.
pub const PROTOCOL: &str = "switchboard-exchange/1";
/// Below this path of a desk lies what its partners call.
pub const PEER: &str = "/api/v1/exchange/peer";
/// The setting with the seed of the desk's key, sealed.
pub(crate) const KEY: &str = "exchange.key";
/// The longest title of a desk, in characters.
pub(super) const MOST_TITLE: usize = 100;
/// A desk as it makes itself known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// What it speaks: [`PROTOCOL`].
    pub protocol: String,
    /// Its name, as it stands in changes.
    pub desk: DeskId,
    /// How people call it.
    pub title: String,
    /// Where it is reached, without a slash at the end.
    pub base_url: String,
    /// Its Ed25519 key, 32 bytes in base64.
    pub public_key: String,
}

/// What a desk decides by itself about a partner: units and services by key or name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Own {
    /// The unit in which what comes from there begins; `None`: first level.
    pub intake: Option<String>,
    /// The units that stand for the partner here.
    pub units: Vec<String>,
    /// The services whose tickets are given to it; empty: those of all.
    pub services: Vec<String>,
}

/// The same, found.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) intake: UnitId,
    pub(super) units: Vec<UnitId>,
    pub(super) services: Vec<ServiceId>,
}

/// A partner, with how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The partner.
    pub partner: Partner,
    /// The units that stand for it, by name.
    pub units: Vec<String>,
    /// The services whose tickets are given to it, by name; empty: those of all.
    pub covered: Vec<String>,
    /// The unit in which what comes from there begins, by name.
    pub intake: String,
    /// Tickets that are shared with it.
    pub tickets: i64,
    /// How long the oldest change waits that it does not have; 0: none does.
    pub lag: Millis,
    /// For how long it can not be asked and has sent nothing; 0: it can.
    pub lag_in: Millis,
    /// Changes that came from there and can not be taken.
    pub dead: i64,
}

/// One partner as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// It, with how it stands.
    pub standing: Standing,
    /// The services whose tickets begin in units that stand for it, by name.
    pub services: Vec<String>,
    /// What is awaited of open tickets, from them and from this desk.
    pub awaited: Vec<Awaited>,
}

/// Something that is awaited of a shared ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awaited {
    /// The ticket.
    pub ticket: TicketNumber,
    /// Its subject here.
    pub subject: String,
    /// It is awaited from the partner, else from this desk.
    pub from_them: bool,
    /// What, in words.
    pub what: String,
    /// Since when.
    pub since: Millis,
}

/// What is changed about a partner; `None`: nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changed {
    /// Whether tickets travel.
    pub paused: Option<bool>,
    /// The unit in which what comes from there begins.
    pub intake: Option<String>,
    /// The units that stand for it.
    pub units: Option<Vec<String>>,
    /// The services whose tickets are given to it; empty: those of all.
    pub services: Option<Vec<String>>,
    /// Another address of the same desk.
    pub base_url: Option<String>,
}

impl Own {
    /// The units and services that it names.
    pub(super) fn resolve(&self, catalogue: &Catalogue) -> Result<Found, Error> {
        let intake = match &self.intake {
            Some(name) => catalogue.find_unit("intake", name)?.id,
            None => catalogue.first_level()?.id,
        };
        let mut units = Vec::new();
        for name in &self.units {
            let unit = catalogue.find_unit("units", name)?;
            if unit.first_level {
                let what = "first level can not stand for a partner: make a unit for it";
                return Err(Error::invalid("units", what));
            }
            units.push(unit.id);
        }
        units.sort_unstable();
        units.dedup();
        if units.contains(&intake) {
            let what = "stands for the partner: what comes from there would go back at once";
            return Err(Error::invalid("intake", what));
        }
        let mut services = Vec::new();
        for name in &self.services {
            services.push(catalogue.find_service("services", name)?.id);
        }
        services.sort_unstable();
        services.dedup();
        Ok(Found {
            intake,
            units,
            services,
        })
    }
}

/// Checks that units stand for nobody else yet.
pub(super) fn free(c: &mut Conn<'_>, units: &[UnitId], partner: Option<Uuid>) -> Result<(), Error> {
    for unit in units {
        let holds = store::partner::of_unit(c, *unit)?;
        if let Some(other) = holds.filter(|p| Some(*p) != partner)
            && let Some(other) = store::partner::load(c, other)?
            && other.state != State::Ended
        {
            let what = format!("one of them stands for {} already", other.title);
            return Err(Error::invalid("units", what));
        }
    }
    Ok(())
}

fn plain_url(desk: &Desk, field: &str, url: &str) -> Result<String, Error> {
    let url = url.trim().trim_end_matches('/').to_owned();
    desk.0
        .guard
        .check_url(&url)
        .map_err(|e| Error::invalid(field, e.to_string()))?;
    Ok(url)
}

impl Identity {
    /// Checks what another desk says of itself.
    pub(super) fn check(&self, desk: &Desk, me: &DeskId) -> Result<(), Error> {
        if self.protocol != PROTOCOL {
            let what = format!("this desk speaks {PROTOCOL}");
            return Err(Error::invalid("from.protocol", what));
        }
        if self.desk == *me {
            let what = "is this desk's own name; each desk is called by its own host";
            return Err(Error::invalid("from.desk", what));
        }
        if self.title.trim().is_empty() || self.title.chars().count() > MOST_TITLE {
            let what = format!("takes 1 to {MOST_TITLE} characters");
            return Err(Error::invalid("from.title", what));
        }
        if !signature::is_key(&self.public_key) {
            let what = "takes an Ed25519 key, 32 bytes in base64";
            return Err(Error::invalid("from.public_key", what));
        }
        plain_url(desk, "from.base_url", &self.base_url).map(|_| ())
    }
}

impl Desk {
    /// This desk's name in changes: the host of its address.
    ///
    /// # Errors
    /// When its address has none.
    pub fn exchange_name(&self) -> Result<DeskId, Error> {
        desk_id(host(&self.config().public_url))
    }

    /// The key that this desk signs with; made when it is needed first.
    pub(super) async fn exchange_key(&self) -> Result<SigningKey, Error> {
        let stored = self
            .0
            .db
            .read(|c| store::setting::get(c, KEY).map_err(Error::from))
            .await?;
        let stored = match stored {
            Some(stored) => stored,
            None => {
                let seed = URL_SAFE_NO_PAD.encode(secret::random::<{ signature::SEED_BYTES }>()?);
                let (sealed, now) = (self.config().keys.seal_exchange(&seed)?, self.now());
                self.0
                    .db
                    .write(move |c| {
                        // Another node may have been quicker.
                        if let Some(stored) = store::setting::get(c, KEY)? {
                            return Ok::<_, Error>(stored);
                        }
                        store::setting::set(c, KEY, &sealed, now)?;
                        Ok(sealed.clone())
                    })
                    .await?
            }
        };
        let seed = self.config().keys.open_exchange(&stored)?;
        let seed = URL_SAFE_NO_PAD.decode(seed).unwrap_or_default();
        SigningKey::of(&seed)
            .ok_or_else(|| Error::Internal("the key of the exchange can not be read".into()))
    }

    /// This desk as it makes itself known to others.
    ///
    /// # Errors
    /// When its key can not be read.
    pub async fn exchange_identity(&self) -> Result<Identity, Error> {
        Ok(Identity {
            protocol: PROTOCOL.to_owned(),
            desk: self.exchange_name()?,
            title: self.config().name.chars().take(MOST_TITLE).collect(),
            base_url: self.config().public_url.clone(),
            public_key: self.exchange_key().await?.public(),
        })
    }

    /// A desk whose invitation was accepted here is a partner from now on.
    pub(super) async fn begin_partner(
        &self,
        actor: Actor,
        id: Uuid,
        from: Identity,
        terms: Terms,
        own: Found,
    ) -> Result<Uuid, Error> {
        let now = self.now();
        let partner = self
            .0
            .db
            .write(move |c| {
                let partner = begin(c, id, from.clone(), terms, own.intake, now)?;
                free(c, &own.units, Some(partner))?;
                stands(c, partner, (&own.units, &own.services), now)?;
                let detail = json!({"desk": from.desk, "key": from.public_key});
                let subject = Subject::Other("partner", partner);
                audit::record(c, &actor, now, "partner.began", &subject, &detail)?;
                Ok::<_, Error>(partner)
            })
            .await?;
        self.forget_catalogue();
        Ok(partner)
    }

    /// The partners and how each stands; for first level and administrators.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for everybody else.
    pub async fn partners(&self, actor: &Actor) -> Result<Vec<Standing>, Error> {
        looks(actor)?;
        let (catalogue, now) = (self.catalogue().await?, self.now());
        self.0
            .db
            .read(move |c| {
                let dead = store::partner::dead(c, 1_000)?;
                let mut all = Vec::new();
                for partner in store::partner::all(c)? {
                    all.push(standing(c, &catalogue, partner, &dead, now)?);
                }
                Ok(all)
            })
            .await
    }

    /// One partner: how it stands, and what is awaited from whom.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for all but first level and administrators;
    /// [`Error::NotFound`].
    pub async fn partner(&self, actor: &Actor, id: Uuid) -> Result<Whole, Error> {
        looks(actor)?;
        let (catalogue, now, me) = (self.catalogue().await?, self.now(), self.exchange_name()?);
        let actor = actor.clone();
        self.0
            .db
            .read(move |c| {
                let partner = expect(c, id)?;
                let units = store::partner::units(c, id)?;
                let covered = store::partner::services(c, id)?;
                let services = catalogue.services.iter();
                let awaited = super::partner_view::awaited(c, &actor, &me, &partner)?;
                let dead = store::partner::dead(c, 1_000)?;
                Ok(Whole {
                    services: services
                        .filter(|s| s.active && units.contains(&s.unit))
                        .filter(|s| covers(&covered, Some(s.id)))
                        .map(|s| s.name.clone())
                        .collect(),
                    awaited,
                    standing: standing(c, &catalogue, partner, &dead, now)?,
                })
            })
            .await
    }

    /// Changes what this desk decides about a partner.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for all but administrators; names the field that is
    /// wrong; [`Error::Conflict`] when it has ended.
    pub async fn change_partner(
        &self,
        actor: &Actor,
        id: Uuid,
        change: Changed,
    ) -> Result<(), Error> {
        admin(actor)?;
        let catalogue = self.catalogue().await?;
        let base_url = match &change.base_url {
            Some(url) => Some(plain_url(self, "base_url", url)?),
            None => None,
        };
        let (actor, now) = (actor.clone(), self.now());
        self.0
            .db
            .write(move |c| {
                let mut partner = expect(c, id)?;
                if partner.state == State::Ended {
                    return Err(Error::Conflict("it has ended: invite it anew".into()));
                }
                if let Some(paused) = change.paused {
                    partner.state = if paused { State::Paused } else { State::Active };
                }
                if let Some(url) = &base_url {
                    partner.base_url.clone_from(url);
                }
                let name = |unit: &UnitId| catalogue.unit(*unit).map(|u| u.key.clone());
                let service = |id: &ServiceId| catalogue.service(*id).map(|s| s.key.clone());
                let known = store::partner::units(c, id)?;
                let covered = store::partner::services(c, id)?;
                let own = Own {
                    intake: change.intake.clone().or_else(|| name(&partner.intake)),
                    units: change
                        .units
                        .clone()
                        .unwrap_or_else(|| known.iter().filter_map(name).collect()),
                    services: change
                        .services
                        .clone()
                        .unwrap_or_else(|| covered.iter().filter_map(service).collect()),
                };
                let own = own.resolve(&catalogue)?;
                free(c, &own.units, Some(id))?;
                partner.intake = own.intake;
                stands(c, id, (&own.units, &own.services), now)?;
                store::partner::save(c, &partner)?;
                let detail = json!({
                    "state": partner.state.key(),
                    "base_url": partner.base_url,
                    "services": own.services,
                });
                let subject = Subject::Other("partner", id);
                audit::record(c, &actor, now, "partner.changed", &subject, &detail)
            })
            .await?;
        self.forget_catalogue();
        Ok(())
    }

    /// Ends a partnership: nothing is sent, taken or believed any more. What came
    /// stays; each desk has its tickets.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for all but administrators; [`Error::NotFound`].
    pub async fn end_partner(&self, actor: &Actor, id: Uuid) -> Result<(), Error> {
        admin(actor)?;
        let (actor, now) = (actor.clone(), self.now());
        self.0
            .db
            .write(move |c| {
                let mut partner = expect(c, id)?;
                if partner.state == State::Ended {
                    return Ok(());
                }
                (partner.state, partner.ended_at) = (State::Ended, Some(now));
                (partner.error, partner.error_at) = (None, None);
                store::partner::save(c, &partner)?;
                stands(c, id, (&[], &[]), now)?;
                let subject = Subject::Other("partner", id);
                audit::record(c, &actor, now, "partner.ended", &subject, &json!({}))
            })
            .await?;
        self.forget_catalogue();
        Ok(())
    }
}

/// How a partner stands; `dead` is what can not be taken of all of them.
fn standing(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    partner: Partner,
    dead: &[store::partner::Dead],
    now: Millis,
) -> Result<Standing, Error> {
    let name = |unit: UnitId| catalogue.unit_name(unit).to_owned();
    let since = store::partner::oldest_waiting(c, &partner)?;
    let of_it = dead.iter().filter(|d| d.partner == partner.id);
    Ok(Standing {
        units: store::partner::units(c, partner.id)?
            .into_iter()
            .map(name)
            .collect(),
        covered: store::partner::services(c, partner.id)?
            .into_iter()
            .filter_map(|id| catalogue.service(id).map(|s| s.name.clone()))
            .collect(),
        intake: name(partner.intake),
        tickets: store::shared::count_with(c, partner.id)?,
        lag: since.map_or(0, |since| (now - since).max(0)),
        lag_in: silent(&partner, now),
        dead: i64::try_from(of_it.count()).unwrap_or(i64::MAX),
        partner,
    })
}

/// These units stand for a partner from now on, of tickets about these services.
pub(super) fn stands(
    c: &mut Conn<'_>,
    partner: Uuid,
    (units, services): (&[UnitId], &[ServiceId]),
    now: Millis,
) -> Result<(), Error> {
    with_partners(c, now, |c| {
        store::partner::set_units(c, partner, units)?;
        Ok(store::partner::set_services(c, partner, services)?)
    })
}

/// For how long nothing can come from a partner as far as is known: it can not be asked,
/// and has sent nothing by itself since; 0: it can.
pub(super) fn silent(partner: &Partner, now: Millis) -> Millis {
    let since = match (partner.state, partner.error_at) {
        (State::Active, Some(since)) => since.max(partner.came_at.unwrap_or(since)),
        _ => now,
    };
    (now - since).max(0)
}

pub(super) fn expect(c: &mut Conn<'_>, id: Uuid) -> Result<Partner, Error> {
    store::partner::load(c, id)?.ok_or_else(|| Error::not_found("that partner"))
}

/// Stores a partner, or one that was before: its log and its cursor go on.
pub(super) fn begin(
    c: &mut Conn<'_>,
    id: Uuid,
    from: Identity,
    terms: Terms,
    intake: UnitId,
    now: Millis,
) -> Result<Uuid, Error> {
    let base_url = from.base_url.trim_end_matches('/').to_owned();
    let named = (from.title, base_url, from.public_key);
    let partner = match store::partner::by_desk(c, &from.desk)? {
        Some(known) if known.state != State::Ended => {
            return Err(Error::Conflict(format!(
                "{} is a partner already: end that first",
                known.title
            )));
        }
        Some(known) => Partner {
            title: named.0,
            base_url: named.1,
            public_key: named.2,
            state: State::Active,
            terms,
            intake,
            ended_at: None,
            ..known
        },
        None => Partner::fresh(id, from.desk, named, terms, intake, now),
    };
    store::partner::save(c, &partner)?;
    Ok(partner.id)
}
