//! A believable federation to look at and try things on.
//!
//! Everything is made through the application layer, by people who may do it,
//! at times in the past weeks: so the demo is also a long test of the rules.

mod campaign;
mod federation;
mod joining;
mod lists;
mod plots;
mod portals;
mod providers;
mod rota;
mod rules;
mod stories;
mod texts;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use store::notice::Notice;
use store::unit::{Service, ServiceDoc, Unit, UnitDoc};
use switchboard_core::{Channel, Millis, Part, PersonId, ServiceId, UnitId};
use uuid::Uuid;

use crate::account::NewAccount;
use crate::token::TokenScope;
use crate::{Desk, Error, FakeClock};

/// One of the people who can sign in to a demo.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DemoPerson {
    /// Mail address, which is the sign-in.
    pub email: String,
    /// Name.
    pub name: String,
    /// What they are: `admin`, `first_level`, `support`, `requester` …
    pub roles: Vec<String>,
    /// Names of the units they work in.
    pub units: Vec<String>,
    /// Password.
    pub password: String,
    /// A token for the API.
    pub token: String,
}

const DAY: Millis = 86_400_000;
const HOUR: Millis = 3_600_000;
const MINUTE: Millis = 60_000;

/// A small repeatable source of chance: the demo is the same each time.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        // Knuth's MMIX generator; the high bits are the good ones.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    /// From 0 to `below - 1`.
    fn below(&mut self, below: usize) -> usize {
        (self.next() % below.max(1) as u64) as usize
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// The people and units of the demo, by key.
struct Cast {
    units: HashMap<&'static str, UnitId>,
    /// Members of each unit, responsibles first.
    staff: HashMap<&'static str, Vec<PersonId>>,
    requesters: Vec<PersonId>,
    first_level: PersonId,
    user: PersonId,
    names: HashMap<PersonId, String>,
}

/// Fills an empty desk. `desk` has the real clock; `password` is for those
/// who can sign in.
///
/// # Errors
/// When the desk is not empty or a rule refuses a story.
pub async fn fill(desk: &Desk, password: &str) -> Result<Vec<DemoPerson>, Error> {
    let now = desk.now();
    let begin = now - 60 * DAY;
    let past = desk.with_clock(Arc::new(FakeClock::at(begin)));
    let cast = people_and_units(&past, password).await?;
    services(&past, &cast).await?;
    news(&past, now).await?;
    portals::fill(&past, &cast, password, now).await?;
    stories::play(&past, &cast, now).await?;
    joining::play(&past, &cast, now).await?;
    quiet_past(desk).await?;
    lists::play(desk, &cast, now).await?;
    rules::play(desk, &cast, now).await?;
    texts::keep(desk, &cast).await?;
    rota::play(desk, &cast, now).await?;
    quiet_past(desk).await?;
    providers::fill(desk).await?;
    providers::sites(desk).await?;
    campaign::play(desk, now).await?;
    quiet_past(desk).await?;
    sign_ins(desk, password).await
}

/// Nobody is mailed about what happened before the demo began.
async fn quiet_past(desk: &Desk) -> Result<(), Error> {
    desk.db()
        .write(|c| {
            store::mail::drop_queued(c)?;
            let last = store::event::last(c)?;
            store::event::set_position(c, "notices", last).map_err(Error::from)
        })
        .await?;
    desk.follow().await?;
    Ok(())
}

async fn people_and_units(desk: &Desk, password: &str) -> Result<Cast, Error> {
    let first_level_unit = desk.catalogue().await?.first_level()?.id;
    let mut units: HashMap<&'static str, UnitId> = HashMap::new();
    units.insert("first-level", first_level_unit);
    for u in federation::UNITS {
        units.insert(u.key, UnitId(desk.uuid()));
    }
    // A unit can only be put under one that is there.
    let mut in_order: Vec<_> = federation::UNITS.iter().collect();
    in_order.sort_by_key(|u| federation::depth(u));
    for u in in_order {
        desk.save_unit(Unit {
            id: units[u.key],
            key: u.key.into(),
            name: u.name.into(),
            level: u.level,
            parent: u.parent.and_then(|p| units.get(p).copied()),
            category: u.category.into(),
            description: u.description.into(),
            email: u.list.map(str::to_owned),
            first_level: false,
            security: u.key == "security",
            active: true,
            successor: None,
            doc: UnitDoc {
                faq: federation::faq(u),
                hints: federation::hints(u),
                qos: u.qos.into(),
                time_zone: u.time_zone.into(),
                hours: Some((9 * 60, 17 * 60)),
                ..UnitDoc::default()
            },
        })
        .await?;
    }
    let mut names = HashMap::new();
    let mut account = async |email: String, name: &str, password: Option<&str>, kind: Kind| {
        let person = desk
            .create_account(NewAccount {
                email,
                name: name.into(),
                institute: federation::institute(name).into(),
                password: password.map(str::to_owned),
                support: kind != Kind::Requester,
                monitor: kind == Kind::Monitor,
                admin: kind == Kind::Admin,
            })
            .await?;
        names.insert(person.id, person.name.clone());
        Ok::<_, Error>(person.id)
    };
    let admin = account(
        "admin@demo".into(),
        "Adéla Marek",
        Some(password),
        Kind::Admin,
    )
    .await?;
    let first = account(
        "first@demo".into(),
        "Karel Beneš",
        Some(password),
        Kind::Staff,
    )
    .await?;
    let storage = account(
        "storage@demo".into(),
        "Ilona Novák",
        Some(password),
        Kind::Staff,
    )
    .await?;
    let user = account(
        "user@demo".into(),
        "Marta Kowalska",
        Some(password),
        Kind::Requester,
    )
    .await?;
    account("monitor@demo".into(), "Henrik Olsen", None, Kind::Monitor).await?;
    let mut pool = Vec::new();
    for name in federation::STAFF {
        pool.push(account(federation::address(name), name, None, Kind::Staff).await?);
    }
    let mut requesters = vec![user];
    for name in federation::REQUESTERS {
        requesters.push(account(federation::address(name), name, None, Kind::Requester).await?);
    }
    let mut staff: HashMap<&'static str, Vec<PersonId>> = HashMap::new();
    let mut join = async |unit: &'static str, person: PersonId, part: Part| {
        desk.set_member(units[unit], person, part).await?;
        staff.entry(unit).or_default().push(person);
        Ok::<_, Error>(())
    };
    join("first-level", first, Part::Responsible).await?;
    join("first-level", pool[0], Part::Member).await?;
    join("first-level", pool[1], Part::Member).await?;
    join("storage", storage, Part::Responsible).await?;
    join("b2share", storage, Part::Responsible).await?;
    join("security", admin, Part::Responsible).await?;
    // Two to four people a unit, each person in one to three units.
    let mut next = 2;
    for (i, u) in federation::UNITS.iter().enumerate() {
        for n in 0..2 + i % 3 {
            let person = pool[next % pool.len()];
            next += 1;
            let part = if n == 0 {
                Part::Responsible
            } else {
                Part::Member
            };
            join(u.key, person, part).await?;
        }
    }
    Ok(Cast {
        units,
        staff,
        requesters,
        first_level: first,
        user,
        names,
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Requester,
    Staff,
    Monitor,
    Admin,
}

async fn services(desk: &Desk, cast: &Cast) -> Result<(), Error> {
    for (position, s) in (1..).zip(federation::SERVICES) {
        desk.save_service(Service {
            id: ServiceId(desk.uuid()),
            key: s.key.into(),
            name: s.name.into(),
            provider: s.provider.into(),
            area: s.area.into(),
            description: s.description.into(),
            unit: cast.units[s.unit],
            option: s.option.into(),
            lamp: s.lamp.into(),
            lamp_text: s.lamp_text.into(),
            active: true,
            position,
            doc: ServiceDoc {
                aliases: s.aliases.iter().map(|a| (*a).to_owned()).collect(),
                form: federation::form(s.key),
                ..ServiceDoc::default()
            },
        })
        .await?;
    }
    Ok(())
}

async fn news(desk: &Desk, now: Millis) -> Result<(), Error> {
    let catalogue = desk.catalogue().await?;
    // Days count from a Thursday.
    let today = now / DAY;
    let saturday = (today + 1 + (1 - today).rem_euclid(7)) * DAY;
    let notices: Vec<Notice> = federation::NEWS
        .iter()
        .map(|n| {
            let at = now - n.hours_ago * HOUR;
            Notice {
                id: desk.uuid(),
                at,
                kind: n.kind.into(),
                title: n.title.into(),
                body: n.body.into(),
                starts_at: match n.kind {
                    "incident" => Some(at),
                    "downtime" => Some(saturday + 6 * HOUR),
                    _ => None,
                },
                ends_at: (n.kind == "downtime").then_some(saturday + 10 * HOUR),
                services: catalogue
                    .services
                    .iter()
                    .filter(|s| s.key == n.service)
                    .map(|s| s.id)
                    .collect(),
                active: true,
                author: None,
                version: 0,
            }
        })
        .collect();
    desk.db()
        .write(move |c| {
            for notice in &notices {
                store::notice::save(c, notice)?;
            }
            Ok::<_, Error>(())
        })
        .await
}

/// The people who can sign in, with a new token for each.
///
/// # Errors
/// When the desk was not filled by [`fill`].
pub async fn sign_ins(desk: &Desk, password: &str) -> Result<Vec<DemoPerson>, Error> {
    let catalogue = desk.catalogue().await?;
    let mut people = Vec::new();
    for email in [
        "admin@demo",
        "first@demo",
        "storage@demo",
        "user@demo",
        portals::FRONT,
    ] {
        let person = desk.person_by_email(email).await?;
        let actor = desk.actor_for(person.id, Channel::Cli).await?;
        let mut scopes = vec![TokenScope::Read, TokenScope::Write];
        let mut roles = BTreeMap::from([(0, "requester".to_owned())]);
        if actor.is_staff() {
            roles.insert(1, "support".into());
        }
        if actor.units.iter().any(|u| u.part == Part::Responsible) {
            roles.insert(2, "responsible".into());
        }
        if actor.triages() {
            roles.insert(3, "first_level".into());
        }
        if person.admin {
            scopes.push(TokenScope::Admin);
            roles.insert(4, "admin".into());
        }
        let (_, token): (Uuid, String) =
            desk.create_token(person.id, "demo", &scopes, None).await?;
        people.push(DemoPerson {
            email: email.into(),
            name: person.name,
            roles: roles.into_values().collect(),
            units: actor
                .units
                .iter()
                .filter_map(|m| catalogue.unit(m.unit))
                .map(|u| u.name.clone())
                .collect(),
            password: password.into(),
            token,
        });
    }
    Ok(people)
}
