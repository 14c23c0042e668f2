//! Who may have whom erased, and the way to it: a person's own wish is confirmed by
//! a mailed link and waits a while; an administrator's takes a reason and the
//! person's address typed again.

use serde_json::json;
use store::Conn;
use store::erasure::Erasure;
use store::legal_hold::Hold;
use store::person::Person;
use switchboard_core::redact::ERASED;
use switchboard_core::{Actor, Millis, PersonId, TicketNumber};
use uuid::Uuid;

use super::erase;
use crate::audit::{self, Subject};
use crate::letter::{self, About};
use crate::mail_text::Kind;
use crate::session::check_fresh;
use crate::{Desk, Error, SignedIn, secret};

/// For so long the mailed link works.
pub const CONFIRM_MS: Millis = 24 * 3_600_000;
/// For so long a confirmed wish waits, and can be taken back.
pub const COOLING_MS: Millis = 7 * 86_400_000;
/// Longest reason, in characters.
const LONGEST_REASON: usize = 1_000;

/// What erasing somebody would do, for those who decide on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Prospect {
    /// Who.
    pub person: Person,
    /// Their addresses.
    pub addresses: Vec<String>,
    /// Tickets that they are on.
    pub tickets: usize,
    /// Entries that they wrote.
    pub entries: usize,
    /// Why it can not be done now; `None`: it can.
    pub stands_against: Option<String>,
    /// What is under way for them.
    pub under_way: Option<Erasure>,
    /// Holds on them.
    pub holds: Vec<Hold>,
}

/// What stands against erasing somebody now, with what would be right; `None`: nothing.
pub(crate) fn stands_against(c: &mut Conn<'_>, person: PersonId) -> Result<Option<String>, Error> {
    let Some(known) = store::person::load(c, person)? else {
        return Ok(Some("there is no such person".into()));
    };
    if known.name == ERASED && !known.active {
        return Ok(Some("this person was erased before".into()));
    }
    if let Some(hold) = store::legal_hold::of_person(c, person)? {
        let what = hold
            .ticket
            .map_or_else(|| "this person".to_owned(), |n| format!("ticket {n}"));
        return Ok(Some(format!(
            "a legal hold is on {what} ({}); an administrator has to lift it first",
            hold.reason
        )));
    }
    if known.admin && known.active && store::erasure::other_admins(c, person)? == 0 {
        return Ok(Some(
            "this is the last administrator; make somebody else an administrator first".into(),
        ));
    }
    let units = store::erasure::only_responsible_of(c, person)?;
    if !units.is_empty() {
        return Ok(Some(format!(
            "this is the only responsible of {}; name another one there first",
            units.join(", ")
        )));
    }
    Ok(None)
}

pub(crate) fn check_admin(actor: &Actor) -> Result<(), Error> {
    if actor.admin || actor.is_system() {
        return Ok(());
    }
    Err(Error::Forbidden(
        "only administrators look after the data of others".into(),
    ))
}

pub(super) fn check_reason(field: &str, text: &str) -> Result<String, Error> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Error::invalid(field, "say why"));
    }
    if text.chars().count() > LONGEST_REASON {
        return Err(Error::invalid(
            field,
            format!("takes at most {LONGEST_REASON} characters"),
        ));
    }
    Ok(text.replace('\0', ""))
}

fn me(actor: &Actor) -> Result<PersonId, Error> {
    actor
        .person
        .ok_or_else(|| Error::Unauthenticated("sign in first".into()))
}

fn fresh(id: Uuid, person: PersonId, by: Option<PersonId>, now: Millis) -> Erasure {
    Erasure {
        id,
        person,
        asked_at: now,
        asked_by: by,
        reason: String::new(),
        confirm_hash: None,
        confirm_until: None,
        state: "asked".into(),
        due_at: None,
        traces: None,
        step: erase::first_step().into(),
        position: 0,
        tickets: 0,
        refusal: None,
        ended_at: None,
    }
}

impl Desk {
    /// What is under way for somebody themselves.
    ///
    /// # Errors
    /// When nobody is signed in.
    pub async fn my_erasure(&self, actor: &Actor) -> Result<Option<Erasure>, Error> {
        self.erasure_of(actor, me(actor)?).await
    }

    /// What is under way for somebody: oneself, or for administrators anybody.
    ///
    /// # Errors
    /// When it is somebody else and the actor is no administrator.
    pub async fn erasure_of(
        &self,
        actor: &Actor,
        person: PersonId,
    ) -> Result<Option<Erasure>, Error> {
        if actor.person != Some(person) {
            check_admin(actor)?;
        }
        self.0
            .db
            .read(move |c| store::erasure::of_person(c, person).map_err(Error::from))
            .await
    }

    /// Asks for one's own erasure: mails the link that confirms it. Asking again
    /// mails another link; the one before works no longer.
    ///
    /// # Errors
    /// [`Error::Forbidden`] when they have to prove first who they are,
    /// [`Error::Conflict`] with what stands against it and what would be right.
    pub async fn ask_erasure(&self, who: &SignedIn) -> Result<(), Error> {
        check_fresh(who, self.now())?;
        self.mail_erasure_link(&who.actor).await
    }

    /// The same by a program with the person's own token, which proves who they are
    /// as well as it ever will: the mailed link is the second proof.
    ///
    /// # Errors
    /// As [`Desk::ask_erasure`].
    pub async fn ask_erasure_by_token(&self, actor: &Actor) -> Result<(), Error> {
        self.mail_erasure_link(actor).await
    }

    async fn mail_erasure_link(&self, actor: &Actor) -> Result<(), Error> {
        let (person, actor, now) = (me(actor)?, actor.clone(), self.now());
        let (id, word, desk) = (self.uuid(), secret::make()?, self.clone());
        self.0
            .db
            .write(move |c| {
                if let Some(why) = stands_against(c, person)? {
                    return Err(Error::Conflict(why));
                }
                let mut erasure = match store::erasure::of_person(c, person)? {
                    Some(e) if e.state == "asked" => e,
                    Some(_) => {
                        return Err(Error::Conflict("that is under way already".into()));
                    }
                    None => fresh(id, person, Some(person), now),
                };
                erasure.confirm_hash = Some(secret::hash(&word));
                erasure.confirm_until = Some(now + CONFIRM_MS);
                store::erasure::save(c, &erasure)?;
                let known = store::person::load(c, person)?
                    .ok_or_else(|| Error::not_found("such person"))?;
                let link = format!("{}/privacy/erase/{word}", desk.config().public_url);
                let about = About::nothing_else(Kind::Erase, desk.uuid());
                if !letter::to_person(&desk, c, &known, about, |_| [("link", link)].into())? {
                    return Err(Error::Conflict(
                        "there is no address to mail the link to; ask an administrator".into(),
                    ));
                }
                audit::record(
                    c,
                    &actor,
                    now,
                    "person.erasure_asked",
                    &Subject::Person(person),
                    &json!({}),
                )
            })
            .await?;
        self.wake();
        Ok(())
    }

    /// The erasure that a mailed word is for.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not one, or its time is over.
    pub async fn erasure_by_word(&self, word: &str) -> Result<Erasure, Error> {
        let (hash, now) = (secret::hash(word), self.now());
        self.0
            .db
            .read(move |c| {
                store::erasure::by_word(c, &hash)?
                    .filter(|e| match e.state.as_str() {
                        "asked" => e.confirm_until.is_some_and(|at| at > now),
                        "waiting" => true,
                        _ => false,
                    })
                    .ok_or_else(|| Error::not_found("such link (it may be over)"))
            })
            .await
    }

    /// Confirms an erasure by the word of the mailed link: it waits from now on.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the link is over, [`Error::Conflict`] with what stands
    /// against it.
    pub async fn confirm_erasure(&self, word: &str) -> Result<Erasure, Error> {
        let erasure = self.erasure_by_word(word).await?;
        let (now, id) = (self.now(), erasure.id);
        let actor = self
            .actor_for(erasure.person, switchboard_core::Channel::Web)
            .await?;
        self.0
            .db
            .write(move |c| {
                let mut erasure =
                    store::erasure::load(c, id)?.ok_or_else(|| Error::not_found("such link"))?;
                if erasure.state == "waiting" {
                    return Ok(erasure);
                }
                if erasure.state != "asked" {
                    return Err(Error::Conflict("it is over already".into()));
                }
                if let Some(why) = stands_against(c, erasure.person)? {
                    return Err(Error::Conflict(why));
                }
                let due = now + COOLING_MS;
                erasure.state = "waiting".into();
                erasure.due_at = Some(due);
                store::erasure::save(c, &erasure)?;
                erase::enqueue(c, id, due)?;
                audit::record(
                    c,
                    &actor,
                    now,
                    "person.erasure_confirmed",
                    &Subject::Person(erasure.person),
                    &json!({ "due_at": due }),
                )?;
                Ok(erasure)
            })
            .await
    }

    /// Takes a wish back that has not begun: one's own, or as an administrator.
    ///
    /// # Errors
    /// [`Error::Conflict`] when it is at work or over.
    pub async fn cancel_erasure(&self, actor: &Actor, id: Uuid) -> Result<(), Error> {
        let (actor, now) = (actor.clone(), self.now());
        self.0
            .db
            .write(move |c| {
                let mut erasure = store::erasure::load(c, id)?
                    .filter(|e| actor.person == Some(e.person) || actor.admin)
                    .ok_or_else(|| Error::not_found("such erasure"))?;
                if !matches!(erasure.state.as_str(), "asked" | "waiting") {
                    return Err(Error::Conflict(
                        "it has begun and can not be taken back".into(),
                    ));
                }
                erasure.state = "cancelled".into();
                erasure.confirm_hash = None;
                erasure.ended_at = Some(now);
                store::erasure::save(c, &erasure)?;
                audit::record(
                    c,
                    &actor,
                    now,
                    "person.erasure_cancelled",
                    &Subject::Person(erasure.person),
                    &json!({}),
                )
            })
            .await
    }

    /// Somebody's data, for an administrator who is to decide on it; found by any of
    /// their addresses.
    ///
    /// # Errors
    /// When the actor is no administrator, or nobody has the address.
    pub async fn prospect(&self, actor: &Actor, email: &str) -> Result<Prospect, Error> {
        check_admin(actor)?;
        let address = crate::account::address("email", email)?;
        self.0
            .db
            .read(move |c| {
                let person = store::person::by_email(c, address.as_str())?
                    .ok_or_else(|| Error::not_found(format!("person {address}")))?;
                let holds = store::legal_hold::all(c)?
                    .into_iter()
                    .filter(|h| h.person == Some(person.id))
                    .collect();
                Ok(Prospect {
                    addresses: store::person::emails(c, person.id)?
                        .into_iter()
                        .map(|(address, _)| address)
                        .collect(),
                    tickets: store::trace::tickets_on(c, person.id, 0, 100_000)?.len(),
                    entries: store::trace::entries_by(c, person.id)?.len(),
                    stands_against: stands_against(c, person.id)?,
                    under_way: store::erasure::of_person(c, person.id)?,
                    holds,
                    person,
                })
            })
            .await
    }

    /// Has somebody erased at once, as an administrator. `again` is one of the person's
    /// addresses, typed again.
    ///
    /// # Errors
    /// [`Error::Forbidden`] when the administrator has to prove first who they are,
    /// [`Error::Invalid`] names the field; [`Error::Conflict`] says what stands against.
    pub async fn order_erasure(
        &self,
        who: &SignedIn,
        person: PersonId,
        reason: &str,
        again: &str,
    ) -> Result<Uuid, Error> {
        check_fresh(who, self.now())?;
        self.order_erasure_by_token(&who.actor, person, reason, again)
            .await
    }

    /// The same by a program with an administrator's token.
    ///
    /// # Errors
    /// As [`Desk::order_erasure`].
    pub async fn order_erasure_by_token(
        &self,
        actor: &Actor,
        person: PersonId,
        reason: &str,
        again: &str,
    ) -> Result<Uuid, Error> {
        check_admin(actor)?;
        let reason = check_reason("reason", reason)?;
        let again = crate::account::address("again", again)?;
        let (actor, now, fresh_id) = (actor.clone(), self.now(), self.uuid());
        let id = self
            .0
            .db
            .write(move |c| {
                let owner = store::person::by_email(c, again.as_str())?;
                if owner.map(|p| p.id) != Some(person) {
                    return Err(Error::invalid(
                        "again",
                        "is not an address of this person: type it as it stands above",
                    ));
                }
                if let Some(why) = stands_against(c, person)? {
                    return Err(Error::Conflict(why));
                }
                let mut erasure = match store::erasure::of_person(c, person)? {
                    Some(e) if e.state == "running" => {
                        return Err(Error::Conflict("that is under way already".into()));
                    }
                    Some(e) => e,
                    None => fresh(fresh_id, person, actor.person, now),
                };
                erasure.reason.clone_from(&reason);
                erasure.state = "waiting".into();
                erasure.due_at = Some(now);
                erasure.confirm_hash = None;
                store::erasure::save(c, &erasure)?;
                erase::enqueue(c, erasure.id, now)?;
                audit::record(
                    c,
                    &actor,
                    now,
                    "person.erasure_ordered",
                    &Subject::Person(person),
                    &json!({ "reason": reason }),
                )?;
                Ok(erasure.id)
            })
            .await?;
        self.wake();
        Ok(id)
    }

    /// Erasures that are under way, and the newest others.
    ///
    /// # Errors
    /// When the actor is no administrator.
    pub async fn erasures(&self, actor: &Actor, limit: i64) -> Result<Vec<Erasure>, Error> {
        check_admin(actor)?;
        self.0
            .db
            .read(move |c| store::erasure::newest(c, limit.clamp(1, 200)).map_err(Error::from))
            .await
    }

    /// Every legal hold that is on.
    ///
    /// # Errors
    /// When the actor is no administrator.
    pub async fn holds(&self, actor: &Actor) -> Result<Vec<Hold>, Error> {
        check_admin(actor)?;
        self.0
            .db
            .read(|c| store::legal_hold::all(c).map_err(Error::from))
            .await
    }

    /// Puts a legal hold on a person (by an address) or on a ticket: neither erasure
    /// nor retention touches it until it is lifted.
    ///
    /// # Errors
    /// [`Error::Invalid`] names the field.
    pub async fn set_hold(
        &self,
        actor: &Actor,
        subject: &str,
        reason: &str,
    ) -> Result<Uuid, Error> {
        check_admin(actor)?;
        let reason = check_reason("reason", reason)?;
        let subject = subject.trim().to_owned();
        let (actor, now, id) = (actor.clone(), self.now(), self.uuid());
        self.0
            .db
            .write(move |c| {
                let number = subject.trim_start_matches('#').parse::<i64>().ok();
                let (person, ticket, audited) = match number {
                    Some(number) => {
                        let number = TicketNumber(number);
                        if store::ticket::load(c, number)?.is_none() {
                            return Err(Error::invalid(
                                "subject",
                                format!("there is no ticket {number}"),
                            ));
                        }
                        (None, Some(number), Subject::Ticket(number))
                    }
                    None => {
                        let address = crate::account::address("subject", &subject)?;
                        let person = store::person::by_email(c, address.as_str())?
                            .ok_or_else(|| {
                                Error::invalid(
                                    "subject",
                                    "give a ticket's number, or an address that somebody here has",
                                )
                            })?
                            .id;
                        (Some(person), None, Subject::Person(person))
                    }
                };
                store::legal_hold::insert(
                    c,
                    &Hold {
                        id,
                        person,
                        ticket,
                        reason: reason.clone(),
                        set_by: actor.person,
                        set_at: now,
                    },
                )?;
                audit::record(
                    c,
                    &actor,
                    now,
                    "hold.set",
                    &audited,
                    &json!({ "reason": reason }),
                )?;
                Ok(id)
            })
            .await
    }

    /// Lifts a legal hold.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not on any more.
    pub async fn lift_hold(&self, actor: &Actor, id: Uuid) -> Result<(), Error> {
        check_admin(actor)?;
        let (actor, now) = (actor.clone(), self.now());
        self.0
            .db
            .write(move |c| {
                let hold = store::legal_hold::lift(c, id, actor.person, now)?
                    .ok_or_else(|| Error::not_found("such hold"))?;
                let subject = match (hold.ticket, hold.person) {
                    (Some(number), _) => Subject::Ticket(number),
                    (None, Some(person)) => Subject::Person(person),
                    (None, None) => Subject::Other("hold", id),
                };
                audit::record(
                    c,
                    &actor,
                    now,
                    "hold.lifted",
                    &subject,
                    &json!({ "reason": hold.reason }),
                )
            })
            .await
    }
}
