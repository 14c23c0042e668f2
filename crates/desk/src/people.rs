//! The administration of people: finding them, and all about one.

use store::person::{Person, Token};
use store::staff::PeopleFilter;
use switchboard_core::{Actor, Channel, Millis, Part, PersonId};

use crate::application::ApplicationView;
use crate::community::Via;
use crate::join::JoinView;
use crate::staff::person;
use crate::view::UnitRef;
use crate::{Desk, Error};

/// Most people on one page.
pub const MAX_PEOPLE: i64 = 200;

/// Which people to look for; everything that is set must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeopleQuery {
    /// Words of a name or address; each must be found.
    pub words: String,
    /// Holds the support permission, or does not.
    pub support: Option<bool>,
    /// Monitors, or does not.
    pub monitor: Option<bool>,
    /// Administers, or does not.
    pub admin: Option<bool>,
    /// Is not disabled, or is.
    pub active: Option<bool>,
    /// Only who comes after this person in the order of names.
    pub after: Option<PersonId>,
}

/// A unit that somebody is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// The unit.
    pub unit: UnitRef,
    /// It is retired.
    pub retired: bool,
    /// As what.
    pub part: Part,
    /// Since when.
    pub since: Millis,
}

/// All about one person, for administrators.
#[derive(Debug, Clone, PartialEq)]
pub struct PersonPage {
    /// They.
    pub person: Person,
    /// Their addresses, and whether each was proved to be theirs.
    pub emails: Vec<(String, bool)>,
    /// Where they are, whether or not it counts.
    pub enrolments: Vec<Enrolment>,
    /// What they wrote as their community when that was any text.
    pub community_said: Option<String>,
    /// The keys of their communities, in every way they are of them.
    pub communities: Vec<(String, Via)>,
    /// How many places they are signed in at.
    pub sessions: usize,
    /// Their tokens that still work.
    pub tokens: Vec<Token>,
    /// Open tickets that they own.
    pub owned: usize,
    /// What they applied for, newest first.
    pub applications: Vec<ApplicationView>,
    /// Which units they asked, newest first.
    pub joins: Vec<JoinView>,
}

fn administers(actor: &Actor) -> Result<(), Error> {
    if actor.admin || actor.is_system() {
        return Ok(());
    }
    Err(Error::Forbidden(
        "only administrators may look after people".into(),
    ))
}

impl Desk {
    /// People by name, at most `limit` (1 to [`MAX_PEOPLE`] and one more, by
    /// which a page knows that there is another).
    ///
    /// # Errors
    /// When the actor is no administrator.
    pub async fn people(
        &self,
        actor: &Actor,
        query: PeopleQuery,
        limit: i64,
    ) -> Result<Vec<Person>, Error> {
        administers(actor)?;
        self.0
            .db
            .read(move |c| {
                let after = match query.after {
                    // Who was erased meanwhile is no place to go on from.
                    Some(id) => match store::person::load(c, id)? {
                        Some(last) => Some((last.name, last.id)),
                        None => {
                            return Err(Error::invalid(
                                "cursor",
                                "leads nowhere any more; begin at the first page",
                            ));
                        }
                    },
                    None => None,
                };
                let filter = PeopleFilter {
                    words: query
                        .words
                        .split_whitespace()
                        .take(8)
                        .map(str::to_owned)
                        .collect(),
                    support: query.support,
                    monitor: query.monitor,
                    admin: query.admin,
                    active: query.active,
                    after,
                };
                Ok(store::staff::find_people(
                    c,
                    &filter,
                    limit.clamp(1, MAX_PEOPLE + 1),
                )?)
            })
            .await
    }

    /// All about one person.
    ///
    /// # Errors
    /// When the actor is no administrator, or there is no such person.
    pub async fn person_page(&self, actor: &Actor, id: PersonId) -> Result<PersonPage, Error> {
        administers(actor)?;
        let catalogue = self.catalogue().await?;
        let now = self.now();
        let them = Actor {
            person: Some(id),
            ..Actor::system(Channel::Web)
        };
        let (applications, joins) = self.my_asks(&them).await?;
        self.0
            .db
            .read(move |c| {
                let who = person(c, id)?;
                let enrolments = store::staff::enrolments(c, id)?
                    .into_iter()
                    .filter_map(|(unit, part, since)| {
                        let unit = catalogue.unit(unit)?;
                        Some(Enrolment {
                            unit: UnitRef {
                                id: unit.id,
                                key: unit.key.clone(),
                                name: unit.name.clone(),
                                level: unit.level,
                            },
                            retired: !unit.active,
                            part,
                            since,
                        })
                    })
                    .collect();
                Ok(PersonPage {
                    emails: store::person::emails(c, id)?,
                    enrolments,
                    community_said: store::person::community_said(c, id)?,
                    communities: store::community::of_person(c, id)?,
                    sessions: store::person::sessions(c, id, now)?.len(),
                    tokens: store::person::tokens(c, id)?
                        .into_iter()
                        .filter(|t| {
                            t.revoked_at.is_none() && t.expires_at.is_none_or(|at| at > now)
                        })
                        .collect(),
                    owned: store::staff::owned_open(c, id, None)?.len(),
                    person: who,
                    applications,
                    joins,
                })
            })
            .await
    }
}
