//! How two desks become partners: an administrator of one writes an invitation, one of
//! the other accepts or declines it. From then on both have what was agreed as data, and
//! each has the other's key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::partner::{Invitation, Offer, State, Terms};
use switchboard_core::{Actor, Millis, ServiceId, UnitId};
use uuid::Uuid;

use super::partner::{Identity, MOST_TITLE, Own, begin, free, stands};
use super::view::{admin, looks};
use crate::audit::{self, Subject};
use crate::{Desk, Error, secret};

/// What an invitation begins with.
const MARK: &str = "switchboard-invitation-1.";
/// For so long an invitation counts.
const INVITED_MS: Millis = 7 * 24 * 3_600_000;
/// The longest reason of a desk that declines, in characters.
const MOST_REASON: usize = 500;
/// Invitations that are listed.
const MOST_INVITATIONS: i64 = 50;

/// What an invitation carries, in base64 behind [`MARK`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Letter {
    from: Identity,
    token: String,
    /// What is agreed, as the invited desk sees it.
    terms: Terms,
    /// The services whose tickets will come from the desk that invites, by name; empty:
    /// those of all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    services: Vec<String>,
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

/// What a desk that does not want to become a partner says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Who declines.
    pub from: Identity,
    /// What stood in the invitation.
    pub token: String,
    /// Why, for people; may be empty.
    #[serde(default)]
    pub reason: String,
}

/// How an invitation of this desk stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It waits for the other desk.
    Open,
    /// The other desk is a partner.
    Accepted,
    /// The other desk declined it.
    Declined,
    /// It was withdrawn here.
    Withdrawn,
    /// Nobody took it in time.
    Over,
}

impl Fate {
    /// The word of scripts.
    pub fn key(self) -> &'static str {
        match self {
            Fate::Open => "open",
            Fate::Accepted => "accepted",
            Fate::Declined => "declined",
            Fate::Withdrawn => "withdrawn",
            Fate::Over => "over",
        }
    }

    /// That of an invitation at some time.
    fn of(invitation: &Invitation, now: Millis) -> Fate {
        match (invitation.partner, invitation.ended_at) {
            (Some(_), _) => Fate::Accepted,
            (None, Some(_)) if invitation.declined_by.is_some() => Fate::Declined,
            (None, Some(_)) => Fate::Withdrawn,
            (None, None) if invitation.expires_at < now => Fate::Over,
            (None, None) => Fate::Open,
        }
    }
}

/// An invitation of this desk, without what makes it one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invited {
    /// It.
    pub invitation: Invitation,
    /// How it stands.
    pub fate: Fate,
    /// The units that will stand for the other desk, by name.
    pub units: Vec<String>,
    /// The services whose tickets will be given to it, by name; empty: those of all.
    pub services: Vec<String>,
    /// The unit in which what comes from there will begin, by name.
    pub intake: String,
}

/// An invitation as it is shown to whom it is written by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its id.
    pub id: Uuid,
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
    /// The services whose tickets will come from there, as they are called there; empty:
    /// those of all.
    pub services: Vec<String>,
    /// Until when it counts.
    pub expires_at: Millis,
}

/// A reason that may be empty.
fn short(reason: &str) -> Result<String, Error> {
    let reason = reason.trim();
    if reason.chars().count() > MOST_REASON {
        let what = format!("takes at most {MOST_REASON} characters");
        return Err(Error::invalid("reason", what));
    }
    Ok(reason.to_owned())
}

impl Desk {
    /// Writes an invitation for another desk. Who has the text becomes the
    /// partner: it is handed on as a secret, counts once, and for a week. `for_whom`
    /// is noted beside it, for people here; it may be empty.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for all but administrators; names the field that is
    /// wrong.
    pub async fn invite_partner(
        &self,
        actor: &Actor,
        for_whom: &str,
        terms: Terms,
        own: &Own,
    ) -> Result<Written, Error> {
        admin(actor)?;
        let for_whom = for_whom.trim().to_owned();
        if for_whom.chars().count() > MOST_TITLE {
            let what = format!("takes at most {MOST_TITLE} characters");
            return Err(Error::invalid("for_whom", what));
        }
        if !terms.gives && !terms.takes {
            let what = "tickets have to go one way at least";
            return Err(Error::invalid("gives", what));
        }
        let catalogue = self.catalogue().await?;
        let own = own.resolve(&catalogue)?;
        let name = |id: &ServiceId| catalogue.service(*id).map(|s| s.name.clone());
        let services = own.services.iter().filter_map(name).collect();
        let token = secret::make()?;
        let now = self.now();
        let invitation = Invitation {
            id: self.uuid(),
            offer: Offer {
                terms,
                intake: own.intake,
                units: own.units,
                services: own.services,
            },
            for_whom,
            made_at: now,
            expires_at: now + INVITED_MS,
            partner: None,
            ended_at: None,
            declined_by: None,
            reason: String::new(),
        };
        let letter = Letter {
            from: self.exchange_identity().await?,
            token: token.clone(),
            terms: terms.seen_from_there(),
            services,
            expires_at: invitation.expires_at,
        };
        let (id, expires_at) = (invitation.id, invitation.expires_at);
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
            id,
            text: format!("{MARK}{}", URL_SAFE_NO_PAD.encode(text)),
            expires_at,
        })
    }

    /// The last invitations of this desk and how each stands, the newest first.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for all but first level and administrators.
    pub async fn partner_invitations(&self, actor: &Actor) -> Result<Vec<Invited>, Error> {
        looks(actor)?;
        let (catalogue, now) = (self.catalogue().await?, self.now());
        let all = self
            .0
            .db
            .read(|c| store::partner::invitations(c, MOST_INVITATIONS).map_err(Error::from))
            .await?;
        let name = |unit: UnitId| catalogue.unit(unit).map(|u| u.name.clone());
        Ok(all
            .into_iter()
            .map(|invitation| Invited {
                fate: Fate::of(&invitation, now),
                units: invitation
                    .offer
                    .units
                    .iter()
                    .filter_map(|u| name(*u))
                    .collect(),
                services: invitation
                    .offer
                    .services
                    .iter()
                    .filter_map(|s| catalogue.service(*s).map(|s| s.name.clone()))
                    .collect(),
                intake: name(invitation.offer.intake).unwrap_or_default(),
                invitation,
            })
            .collect())
    }

    /// Withdraws an invitation that nobody took: who has its text can do nothing with it.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for all but administrators; [`Error::NotFound`] when there is
    /// none, it was taken, or it has ended.
    pub async fn withdraw_invitation(&self, actor: &Actor, id: Uuid) -> Result<(), Error> {
        admin(actor)?;
        let (actor, now) = (actor.clone(), self.now());
        self.0
            .db
            .write(move |c| {
                if !store::partner::end_invitation(c, id, (None, ""), now)? {
                    return Err(Error::not_found("an invitation that waits"));
                }
                let subject = Subject::Other("partner-invitation", id);
                audit::record(c, &actor, now, "partner.withdrawn", &subject, &json!({}))
            })
            .await
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
            services: letter.services,
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
        let own = own.resolve(&*self.catalogue().await?)?;
        let desk = letter.from.desk.clone();
        let (wanted, asked) = (own.units.clone(), desk.clone());
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
        self.begin_partner(actor.clone(), id, letter.from, letter.terms, own)
            .await
    }

    /// Declines an invitation: the other desk is told, and nobody can take it any more.
    /// May be repeated when no answer came.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for all but administrators; names the field that is wrong;
    /// [`Error::Unavailable`] when the other desk does not answer, and
    /// [`Error::Conflict`] with its reason when it refuses.
    pub async fn decline_partner(
        &self,
        actor: &Actor,
        text: &str,
        reason: &str,
    ) -> Result<(), Error> {
        admin(actor)?;
        let letter = self.open_letter(text)?;
        let reason = short(reason)?;
        let refusal = Refusal {
            from: self.exchange_identity().await?,
            token: letter.token,
            reason: reason.clone(),
        };
        self.tell_refusal(&letter.from, &refusal).await?;
        let (actor, now, desk) = (actor.clone(), self.now(), letter.from.desk);
        let (id, detail) = (self.uuid(), json!({"desk": desk, "reason": reason}));
        self.0
            .db
            .write(move |c| {
                // There is nothing here that it would be about.
                let subject = Subject::Other("partner", id);
                audit::record(c, &actor, now, "partner.declined", &subject, &detail)
            })
            .await
    }

    /// Another desk declines an invitation of ours.
    ///
    /// # Errors
    /// [`Error::Forbidden`] when the token is none, was taken, or is over; names the field
    /// that is wrong.
    pub(super) async fn take_refusal(&self, refusal: Refusal) -> Result<(), Error> {
        refusal.from.check(self, &self.exchange_name()?)?;
        let (reason, now) = (short(&refusal.reason)?, self.now());
        self.0
            .db
            .write(move |c| {
                let refused = |why: &str| Error::Forbidden(format!("the invitation {why}"));
                let invitation = store::partner::invitation(c, &secret::hash(&refusal.token))?
                    .ok_or_else(|| refused("is none of this desk's"))?;
                let by = &refusal.from.desk;
                match Fate::of(&invitation, now) {
                    Fate::Open => {}
                    // The answer may have got lost.
                    Fate::Declined if invitation.declined_by.as_deref() == Some(by.as_str()) => {
                        return Ok(());
                    }
                    Fate::Accepted => return Err(refused("was taken already")),
                    Fate::Declined | Fate::Withdrawn | Fate::Over => {
                        return Err(refused("is over"));
                    }
                }
                store::partner::end_invitation(c, invitation.id, (Some(by), &reason), now)?;
                let actor = Actor::system(switchboard_core::Channel::Bridge);
                let subject = Subject::Other("partner-invitation", invitation.id);
                let detail = json!({"desk": by, "reason": reason});
                audit::record(c, &actor, now, "partner.declined", &subject, &detail)
            })
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
                match Fate::of(&invitation, now) {
                    Fate::Declined => return Err(refused("was declined: ask for another")),
                    Fate::Withdrawn => return Err(refused("was withdrawn: ask for another")),
                    Fate::Over => return Err(refused("is over: ask for another")),
                    Fate::Open | Fate::Accepted => {}
                }
                let offer = invitation.offer;
                if accepted.terms != offer.terms.seen_from_there() {
                    let what = "are not those of the invitation";
                    return Err(Error::invalid("terms", what));
                }
                free(c, &offer.units, None)?;
                let partner = begin(c, id, accepted.from.clone(), offer.terms, offer.intake, now)?;
                stands(c, partner, (&offer.units, &offer.services), now)?;
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
}
