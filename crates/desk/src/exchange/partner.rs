//! Partner desks: other Switchboards with which tickets are shared.
//!
//! An administrator of one desk writes an invitation, one of the other takes it;
//! from then on both have what was agreed as data, and each has the other's key.
//! Every request between them is signed ([`connect::signature`]).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use connect::signature::{self, SigningKey};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::Conn;
use store::partner::{Invitation, Offer, Partner, State, Terms};
use switchboard_core::exchange::DeskId;
use switchboard_core::{Actor, Millis, UnitId};
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
/// What an invitation begins with.
const MARK: &str = "switchboard-invitation-1.";
/// For so long an invitation counts.
const INVITED_MS: Millis = 7 * 24 * 3_600_000;
/// The setting with the seed of the desk's key, sealed.
pub(crate) const KEY: &str = "exchange.key";
/// The longest title of a desk, in characters.
const MOST_TITLE: usize = 100;

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

/// What an invitation carries, in base64 behind [`MARK`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Letter {
    from: Identity,
    token: String,
    /// What is agreed, as the invited desk sees it.
    terms: Terms,
    expires_at: Millis,
}

/// What a desk answers to an invitation with, and gets back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acceptance {
    /// Who accepts.
    pub from: Identity,
    /// What stood in the invitation; counts once.
    pub token: String,
    /// What was agreed, as who accepts sees it.
    pub terms: Terms,
}

/// An invitation as it is shown to whom it is written by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The text to be handed to the other desk's administrator, as a secret.
    pub text: String,
    /// Until when it counts.
    pub expires_at: Millis,
}

/// An invitation as the invited desk sees it before it accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// Who invites.
    pub from: Identity,
    /// What is to be agreed.
    pub terms: Terms,
    /// Until when it counts.
    pub expires_at: Millis,
}

/// What a desk decides by itself about a partner: units by key or name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Own {
    /// The unit in which what comes from there begins; `None`: first level.
    pub intake: Option<String>,
    /// The units that stand for the partner here.
    pub units: Vec<String>,
}

/// A partner, with how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The partner.
    pub partner: Partner,
    /// The units that stand for it, by name.
    pub units: Vec<String>,
    /// The unit in which what comes from there begins, by name.
    pub intake: String,
    /// Tickets that are shared with it.
    pub tickets: i64,
    /// How long the oldest change waits that it does not have; 0: none does.
    pub lag: Millis,
    /// Changes that came from there and can not be taken.
    pub dead: i64,
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
    /// Another address of the same desk.
    pub base_url: Option<String>,
}

impl Own {
    fn resolve(&self, catalogue: &Catalogue) -> Result<(UnitId, Vec<UnitId>), Error> {
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
        Ok((intake, units))
    }
}

/// Checks that units stand for nobody else yet.
fn free(c: &mut Conn<'_>, units: &[UnitId], partner: Option<Uuid>) -> Result<(), Error> {
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
    fn check(&self, desk: &Desk, me: &DeskId) -> Result<(), Error> {
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

    /// Writes an invitation for another desk. Who has the text becomes the
    /// partner: it is handed on as a secret, counts once, and for a week.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for all but administrators; names the field that is
    /// wrong.
    pub async fn invite_partner(
        &self,
        actor: &Actor,
        terms: Terms,
        own: &Own,
    ) -> Result<Written, Error> {
        admin(actor)?;
        if !terms.gives && !terms.takes {
            let what = "tickets have to go one way at least";
            return Err(Error::invalid("gives", what));
        }
        let (intake, units) = own.resolve(&*self.catalogue().await?)?;
        let token = secret::make()?;
        let now = self.now();
        let invitation = Invitation {
            id: self.uuid(),
            offer: Offer {
                terms,
                intake,
                units,
            },
            made_at: now,
            expires_at: now + INVITED_MS,
            partner: None,
        };
        let letter = Letter {
            from: self.exchange_identity().await?,
            token: token.clone(),
            terms: terms.seen_from_there(),
            expires_at: invitation.expires_at,
        };
        let expires_at = invitation.expires_at;
        let actor = actor.clone();
        self.0
            .db
            .write(move |c| {
                free(c, &invitation.offer.units, None)?;
                store::partner::invite(c, &secret::hash(&token), &invitation)?;
                let subject = Subject::Other("partner-invitation", invitation.id);
                audit::record(c, &actor, now, "partner.invited", &subject, &json!({}))
            })
            .await?;
        let text = serde_json::to_vec(&letter)
            .map_err(|e| Error::Internal(format!("invitation to JSON: {e}")))?;
        Ok(Written {
            text: format!("{MARK}{}", URL_SAFE_NO_PAD.encode(text)),
            expires_at,
        })
    }

    fn open_letter(&self, text: &str) -> Result<Letter, Error> {
        let none = || {
            let what = format!("is no invitation; it begins with {MARK} and is copied as a whole");
            Error::invalid("invitation", what)
        };
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let bytes = text
            .strip_prefix(MARK)
            .and_then(|rest| URL_SAFE_NO_PAD.decode(rest).ok())
            .ok_or_else(none)?;
        let letter: Letter = serde_json::from_slice(&bytes).map_err(|_| none())?;
        let me = self.exchange_name()?;
        letter.from.check(self, &me).map_err(|e| match e {
            Error::Invalid { field, problem } => {
                Error::invalid("invitation", format!("{field} in it {problem}"))
            }
            other => other,
        })?;
        if letter.expires_at < self.now() {
            let what = "is over: ask for another";
            return Err(Error::invalid("invitation", what));
        }
        Ok(letter)
    }

    /// Reads an invitation, for whoever is to decide about it.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for all but administrators; says what is wrong with it.
    pub fn read_invitation(&self, actor: &Actor, text: &str) -> Result<Read, Error> {
        admin(actor)?;
        let letter = self.open_letter(text)?;
        Ok(Read {
            from: letter.from,
            terms: letter.terms,
            expires_at: letter.expires_at,
        })
    }

    /// Accepts an invitation: the other desk is told, and tickets travel from then
    /// on. May be repeated when no answer came.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for all but administrators; names the field that is
    /// wrong; [`Error::Unavailable`] when the other desk does not answer, and
    /// [`Error::Conflict`] with its reason when it refuses.
    pub async fn accept_partner(
        &self,
        actor: &Actor,
        text: &str,
        own: &Own,
    ) -> Result<Uuid, Error> {
        admin(actor)?;
        let letter = self.open_letter(text)?;
        let (intake, units) = own.resolve(&*self.catalogue().await?)?;
        let desk = letter.from.desk.clone();
        let (wanted, asked) = (units.clone(), desk.clone());
        self.0
            .db
            .read(move |c| {
                let known = store::partner::by_desk(c, &asked)?;
                free(c, &wanted, known.as_ref().map(|p| p.id))?;
                match known {
                    Some(p) if p.state != State::Ended => {
                        Err(Error::Conflict(format!("{} is a partner already", p.title)))
                    }
                    _ => Ok(()),
                }
            })
            .await?;
        let acceptance = Acceptance {
            from: self.exchange_identity().await?,
            token: letter.token.clone(),
            terms: letter.terms,
        };
        self.tell_acceptance(&letter.from, &acceptance).await?;
        let id = self.uuid();
        self.begin_partner(actor.clone(), id, letter.from, letter.terms, intake, units)
            .await
    }

    /// Another desk accepts an invitation of ours.
    ///
    /// # Errors
    /// [`Error::Forbidden`] when the token is none, is over, or was taken by
    /// another desk; names the field that is wrong.
    pub(super) async fn take_acceptance(&self, accepted: Acceptance) -> Result<Identity, Error> {
        accepted.from.check(self, &self.exchange_name()?)?;
        let (desk, now) = (self.clone(), self.now());
        let id = self.uuid();
        self.0
            .db
            .write(move |c| {
                let refused = |why: &str| Error::Forbidden(format!("the invitation {why}"));
                let invitation = store::partner::invitation(c, &secret::hash(&accepted.token))?
                    .ok_or_else(|| refused("is none of this desk's"))?;
                if let Some(taken) = invitation.partner {
                    // The answer may have got lost: who has it may ask again.
                    let same = store::partner::load(c, taken)?.is_some_and(|p| {
                        p.desk == accepted.from.desk && p.public_key == accepted.from.public_key
                    });
                    return match same {
                        true => Ok(()),
                        false => Err(refused("was taken already")),
                    };
                }
                if invitation.expires_at < now {
                    return Err(refused("is over: ask for another"));
                }
                let offer = invitation.offer;
                if accepted.terms != offer.terms.seen_from_there() {
                    let what = "are not those of the invitation";
                    return Err(Error::invalid("terms", what));
                }
                free(c, &offer.units, None)?;
                let partner = begin(c, id, accepted.from.clone(), offer.terms, offer.intake, now)?;
                with_partners(c, now, |c| {
                    Ok(store::partner::set_units(c, partner, &offer.units)?)
                })?;
                store::partner::took_invitation(c, invitation.id, partner)?;
                let actor = Actor::system(switchboard_core::Channel::Bridge);
                let detail = json!({"desk": accepted.from.desk, "key": accepted.from.public_key});
                let subject = Subject::Other("partner", partner);
                audit::record(c, &actor, now, "partner.began", &subject, &detail)
            })
            .await?;
        self.forget_catalogue();
        desk.exchange_identity().await
    }

    async fn begin_partner(
        &self,
        actor: Actor,
        id: Uuid,
        from: Identity,
        terms: Terms,
        intake: UnitId,
        units: Vec<UnitId>,
    ) -> Result<Uuid, Error> {
        let now = self.now();
        let partner = self
            .0
            .db
            .write(move |c| {
                let partner = begin(c, id, from.clone(), terms, intake, now)?;
                free(c, &units, Some(partner))?;
                with_partners(c, now, |c| {
                    Ok(store::partner::set_units(c, partner, &units)?)
                })?;
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
                let name = |unit: UnitId| {
                    catalogue
                        .unit(unit)
                        .map_or_else(String::new, |u| u.name.clone())
                };
                let dead = store::partner::dead(c, 1_000)?;
                let mut all = Vec::new();
                for partner in store::partner::all(c)? {
                    let since = store::partner::oldest_waiting(c, &partner)?;
                    let of_it = dead.iter().filter(|d| d.partner == partner.id);
                    all.push(Standing {
                        units: store::partner::units(c, partner.id)?
                            .into_iter()
                            .map(name)
                            .collect(),
                        intake: name(partner.intake),
                        tickets: store::shared::count_with(c, partner.id)?,
                        lag: since.map_or(0, |since| (now - since).max(0)),
                        dead: i64::try_from(of_it.count()).unwrap_or(i64::MAX),
                        partner,
                    });
                }
                Ok(all)
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
                let known = store::partner::units(c, id)?;
                let own = Own {
                    intake: change.intake.clone().or_else(|| name(&partner.intake)),
                    units: change
                        .units
                        .clone()
                        .unwrap_or_else(|| known.iter().filter_map(name).collect()),
                };
                let (intake, units) = own.resolve(&catalogue)?;
                free(c, &units, Some(id))?;
                partner.intake = intake;
                with_partners(c, now, |c| Ok(store::partner::set_units(c, id, &units)?))?;
                store::partner::save(c, &partner)?;
                let detail = json!({"state": partner.state.key(), "base_url": partner.base_url});
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
                with_partners(c, now, |c| Ok(store::partner::set_units(c, id, &[])?))?;
                let subject = Subject::Other("partner", id);
                audit::record(c, &actor, now, "partner.ended", &subject, &json!({}))
            })
            .await?;
        self.forget_catalogue();
        Ok(())
    }
}

pub(super) fn expect(c: &mut Conn<'_>, id: Uuid) -> Result<Partner, Error> {
    store::partner::load(c, id)?.ok_or_else(|| Error::not_found("that partner"))
}

/// Stores a partner, or one that was before: its log and its cursor go on.
fn begin(
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
