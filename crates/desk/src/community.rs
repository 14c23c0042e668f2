//! Communities (VOs): what administrators keep, and who is of which.
//!
//! A ticket may be open to its community: its people see it then, in lists and
//! searches too. So joining and leaving are matters of rights, and every one is
//! in the audit log.

use serde_json::json;
use store::Conn;
pub use store::community::{Community, CommunityDoc, Fellow, Via};
use switchboard_core::{Actor, Millis, PersonId};

use crate::audit::{self, Subject};
use crate::{Catalogue, Desk, Error};

/// So many communities somebody can choose for themselves: each is one more
/// place to look when they list tickets.
const MOST_CHOSEN: usize = 30;
/// Longest key, in characters.
const LONGEST_KEY: usize = 100;
/// Longest name, in characters.
const LONGEST_NAME: usize = 200;
/// Most other names.
const MOST_ALIASES: usize = 50;
/// So many people a community's page lists.
pub const PEOPLE: i64 = 500;

/// A community as administrators see it listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommunityLine {
    /// The community.
    pub community: Community,
    /// How many people it has.
    pub people: i64,
}

/// One community as somebody may choose it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The community.
    pub community: Community,
    /// How they are of it; empty: they are not.
    pub via: Vec<Via>,
}

/// Puts somebody into a community, in the transaction of what brings it about;
/// `false`: they were there this way already.
///
/// The caller calls [`Desk::forget_actors`] after the transaction: it is a
/// change of rights.
///
/// # Errors
/// `community` when there is none with this key that is in use.
pub(crate) fn join(
    c: &mut Conn<'_>,
    actor: &Actor,
    person: PersonId,
    key: &str,
    via: Via,
    now: Millis,
) -> Result<bool, Error> {
    let known = store::community::all(c)?;
    if !known.iter().any(|k| k.key == key && k.active) {
        return Err(Error::invalid(
            "community",
            format!("there is no community {key:?} in use"),
        ));
    }
    if !store::community::join(c, person, key, via, now)? {
        return Ok(false);
    }
    record(c, actor, "person.community_joined", person, key, via, now)?;
    Ok(true)
}

/// Ends one way in which somebody is of a community; `false`: they were not
/// there this way. The other ways stay. What is said of [`join`] holds.
///
/// # Errors
/// When the database fails.
pub(crate) fn leave(
    c: &mut Conn<'_>,
    actor: &Actor,
    person: PersonId,
    key: &str,
    via: Via,
    now: Millis,
) -> Result<bool, Error> {
    if !store::community::leave(c, person, key, via)? {
        return Ok(false);
    }
    record(c, actor, "person.community_left", person, key, via, now)?;
    Ok(true)
}

fn record(
    c: &mut Conn<'_>,
    actor: &Actor,
    action: &str,
    person: PersonId,
    key: &str,
    via: Via,
    now: Millis,
) -> Result<(), Error> {
    let detail = json!({ "community": key, "via": via.key() });
    audit::record(c, actor, now, action, &Subject::Person(person), &detail)
}

impl Desk {
    /// Every community with how many people it has; for administrators.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for others.
    pub async fn communities(&self, actor: &Actor) -> Result<Vec<CommunityLine>, Error> {
        only_administrators(actor)?;
        self.0
            .db
            .read(|c| {
                let sizes = store::community::sizes(c)?;
                let people = |key: &str| sizes.iter().find(|(k, _)| k == key).map_or(0, |s| s.1);
                Ok(store::community::all(c)?
                    .into_iter()
                    .map(|community| CommunityLine {
                        people: people(&community.key),
                        community,
                    })
                    .collect())
            })
            .await
    }

    /// A community and the first [`PEOPLE`] of its people by name; for
    /// administrators.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for others, [`Error::NotFound`] when there is none.
    pub async fn community_page(
        &self,
        actor: &Actor,
        key: &str,
    ) -> Result<(Community, Vec<Fellow>), Error> {
        only_administrators(actor)?;
        let key = key.to_owned();
        self.0
            .db
            .read(move |c| {
                let community = store::community::all(c)?
                    .into_iter()
                    .find(|k| k.key == key)
                    .ok_or_else(|| Error::not_found(format!("community {key:?}")))?;
                let people = store::community::people(c, &key, PEOPLE)?;
                Ok((community, people))
            })
            .await
    }

    /// Stores a community; its key tells whether it is a new one.
    ///
    /// # Errors
    /// Names the field that is wrong or taken; [`Error::Forbidden`] for others
    /// than administrators; [`Error::Conflict`] when `new` and there is one with
    /// this key.
    pub async fn save_community(
        &self,
        actor: &Actor,
        community: Community,
        new: bool,
    ) -> Result<(), Error> {
        only_administrators(actor)?;
        let community = checked(community)?;
        // A key from before communities were data may have any characters.
        if new {
            check_key(&community.key)?;
        }
        let (actor, now) = (actor.clone(), self.now());
        self.0
            .db
            .write(move |c| {
                let known = store::community::all(c)?;
                let before = known.iter().find(|k| k.key == community.key);
                match before {
                    Some(_) if new => {
                        return Err(Error::invalid(
                            "key",
                            "is taken; a key is never used again, choose another",
                        ));
                    }
                    None if !new => {
                        return Err(Error::not_found(format!("community {:?}", community.key)));
                    }
                    _ => {}
                }
                not_taken(&community, &known)?;
                store::community::save(c, &community, now)?;
                let subject = Subject::Community(community.key.clone());
                let (action, detail) = match before {
                    Some(before) => (
                        "community.changed",
                        audit::difference(&described(before), &described(&community)),
                    ),
                    None => ("community.created", described(&community)),
                };
                audit::record(c, &actor, now, action, &subject, &detail)
            })
            .await?;
        self.forget_catalogue();
        self.forget_actors();
        Ok(())
    }

    /// Puts somebody into a community, or takes them out, by an administrator's
    /// hand. Taking out ends what was chosen, too; an entitlement ends only when
    /// it goes.
    ///
    /// # Errors
    /// Names the field `email` when nobody has this address; [`Error::Forbidden`]
    /// for others than administrators.
    pub async fn put_into_community(
        &self,
        actor: &Actor,
        key: &str,
        email: &str,
        into: bool,
    ) -> Result<(), Error> {
        only_administrators(actor)?;
        let address = crate::account::address("email", email)?;
        let (actor, now, key) = (actor.clone(), self.now(), key.to_owned());
        self.0
            .db
            .write(move |c| {
                let Some(person) = store::person::by_email(c, address.as_str())? else {
                    return Err(Error::invalid(
                        "email",
                        format!("nobody here has the address {address}"),
                    ));
                };
                if into {
                    join(c, &actor, person.id, &key, Via::Hand, now)?;
                } else {
                    for via in [Via::Hand, Via::Choice] {
                        leave(c, &actor, person.id, &key, via, now)?;
                    }
                }
                Ok(())
            })
            .await?;
        self.forget_actors();
        Ok(())
    }

    /// The communities somebody is of, and those that they may join by
    /// themselves.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] for nobody in person.
    pub async fn community_choices(&self, actor: &Actor) -> Result<Vec<Choice>, Error> {
        let person = in_person(actor)?;
        self.0
            .db
            .read(move |c| {
                let own = store::community::of_person(c, person)?;
                Ok(store::community::all(c)?
                    .into_iter()
                    .filter(|k| k.active)
                    .map(|community| Choice {
                        via: own
                            .iter()
                            .filter(|(key, _)| *key == community.key)
                            .map(|(_, via)| *via)
                            .collect(),
                        community,
                    })
                    .filter(|choice| choice.community.open || !choice.via.is_empty())
                    .collect())
            })
            .await
    }

    /// Joins or leaves an open community by one's own choice.
    ///
    /// # Errors
    /// [`Error::Forbidden`] when the community is not open to everybody,
    /// [`Error::NotFound`] when there is none.
    pub async fn choose_community(
        &self,
        actor: &Actor,
        key: &str,
        into: bool,
    ) -> Result<(), Error> {
        let person = in_person(actor)?;
        let (actor, now, key) = (actor.clone(), self.now(), key.to_owned());
        self.0
            .db
            .write(move |c| {
                let community = store::community::all(c)?
                    .into_iter()
                    .find(|k| k.key == key && k.active)
                    .ok_or_else(|| Error::not_found(format!("community {key:?}")))?;
                if !into {
                    leave(c, &actor, person, &key, Via::Choice, now)?;
                    return Ok(());
                }
                if !community.open {
                    return Err(Error::Forbidden(format!(
                        "{} is not open to everybody; ask an administrator to put you there",
                        community.name
                    )));
                }
                let chosen = store::community::of_person(c, person)?
                    .iter()
                    .filter(|(_, via)| *via == Via::Choice)
                    .count();
                if chosen >= MOST_CHOSEN {
                    return Err(Error::Conflict(format!(
                        "you are in {MOST_CHOSEN} communities by your own choice; leave one first"
                    )));
                }
                join(c, &actor, person, &key, Via::Choice, now)?;
                Ok(())
            })
            .await?;
        self.forget_actors();
        Ok(())
    }
}

impl Catalogue {
    /// A community by key, name or another name of it, in any case.
    pub fn community(&self, name: &str) -> Option<&Community> {
        self.communities
            .iter()
            .find(|k| names(k).any(|own| same(own, name)))
    }

    /// A community that is in use, by key, name or another name of it.
    ///
    /// # Errors
    /// Names `field` and says where they are listed.
    pub fn find_community(&self, field: &str, name: &str) -> Result<&Community, Error> {
        self.community(name).filter(|k| k.active).ok_or_else(|| {
            Error::invalid(
                field,
                format!("there is no community {name:?}; GET /api/v1/communities lists them"),
            )
        })
    }
}

impl Catalogue {
    /// A community that can have team tickets: one that nobody joins by themselves, as
    /// all of a team may edit them. `None` is for the rules to refuse.
    ///
    /// # Errors
    /// Names `field` and says what would be right.
    pub(crate) fn check_team(&self, field: &str, key: Option<&str>) -> Result<(), Error> {
        let community = key.and_then(|key| self.communities.iter().find(|k| k.key == key));
        match community.filter(|k| k.open) {
            None => Ok(()),
            Some(open) => Err(Error::invalid(
                field,
                format!(
                    "anybody can join {} by themselves, so it has no team that could edit a \
                     ticket; leave type out, or name a community that administrators put people \
                     into",
                    open.name
                ),
            )),
        }
    }

    /// The communities for whose teams somebody may open a ticket.
    pub fn teams_of(&self, actor: &Actor) -> impl Iterator<Item = &Community> {
        let own = |key: &str| actor.is_of_team(key);
        let teams = self.communities.iter();
        teams.filter(move |k| k.active && !k.open && own(&k.key))
    }
}

/// All that a community is called.
fn names(community: &Community) -> impl Iterator<Item = &str> {
    [community.key.as_str(), community.name.as_str()]
        .into_iter()
        .chain(community.doc.aliases.iter().map(String::as_str))
}

fn same(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.trim().to_lowercase()
}

/// What the audit log says of a community.
fn described(community: &Community) -> serde_json::Value {
    json!({
        "name": community.name,
        "description": community.description,
        "open": community.open,
        "active": community.active,
        "aliases": community.doc.aliases,
    })
}

/// The community with its texts trimmed.
fn checked(mut community: Community) -> Result<Community, Error> {
    community.key = community.key.trim().to_owned();
    community.name = crate::open::one_line(&community.name);
    community.description = crate::open::one_line(&community.description);
    if community.name.is_empty() {
        return Err(Error::invalid("name", "must say what it is called"));
    }
    if community.name.chars().count() > LONGEST_NAME {
        return Err(Error::invalid(
            "name",
            format!("takes at most {LONGEST_NAME} characters"),
        ));
    }
    let mut aliases: Vec<String> = Vec::new();
    for alias in &community.doc.aliases {
        let alias = crate::open::one_line(alias);
        if !alias.is_empty() && !aliases.iter().any(|a| same(a, &alias)) {
            aliases.push(alias);
        }
    }
    if aliases.len() > MOST_ALIASES {
        return Err(Error::invalid(
            "aliases",
            format!("takes at most {MOST_ALIASES} names"),
        ));
    }
    community.doc.aliases = aliases;
    Ok(community)
}

/// What a new key may look like: it stands in addresses and in searches.
///
/// # Errors
/// Names the field `key`.
pub(crate) fn check_key(key: &str) -> Result<(), Error> {
    let fits = !key.is_empty()
        && key.chars().count() <= LONGEST_KEY
        && key.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && key
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_'));
    if fits {
        return Ok(());
    }
    Err(Error::invalid(
        "key",
        format!(
            "takes up to {LONGEST_KEY} small letters, digits, dots, dashes and underscores, and \
             begins with a letter or digit"
        ),
    ))
}

/// No two communities are called the same.
fn not_taken(community: &Community, known: &[Community]) -> Result<(), Error> {
    for other in known.iter().filter(|k| k.key != community.key) {
        for (field, name) in [("key", &community.key), ("name", &community.name)] {
            if names(other).any(|taken| same(taken, name)) {
                return Err(taken_by(field, name, other));
            }
        }
        for alias in &community.doc.aliases {
            if names(other).any(|taken| same(taken, alias)) {
                return Err(taken_by("aliases", alias, other));
            }
        }
    }
    Ok(())
}

fn taken_by(field: &str, name: &str, other: &Community) -> Error {
    Error::invalid(
        field,
        format!("{name:?} is a name of {} already", other.name),
    )
}

fn in_person(actor: &Actor) -> Result<PersonId, Error> {
    actor
        .person
        .ok_or_else(|| Error::Unauthenticated("sign in first".into()))
}

/// Communities and portals are administrators' matter, and the desk's own.
pub(crate) fn only_administrators(actor: &Actor) -> Result<(), Error> {
    if actor.admin || actor.is_system() {
        Ok(())
    } else {
        Err(Error::Forbidden("only administrators may do that".into()))
    }
}
