//! Units, services and people of the filled desk; the same ones for a seed.

use desk::Error;
use store::person::Person;
use store::unit::{Service, Unit, UnitDoc};
use store::{Conn, Db};
use switchboard_core::{Millis, Part, PersonId, ServiceId, UnitId};
use uuid::Uuid;

use crate::words::{Rng, Vocabulary, person_name};

/// The unit whose agent looks at lists.
pub(crate) const AGENTS_UNIT: usize = 3;
/// The unit that a large desk gives [`CROWD`] members.
pub(crate) const CROWDED_UNIT: usize = 5;
/// As many as the largest group of supporters in the field has.
pub(crate) const CROWD: usize = 1_300;

/// How many there are of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Size {
    /// Support units, first level included.
    pub(crate) units: usize,
    /// Services in the catalogue.
    pub(crate) services: usize,
    /// People who work in units.
    pub(crate) staff: usize,
    /// People who ask.
    pub(crate) requesters: usize,
}

impl Size {
    /// A desk as most are, with a requester for each 50 tickets.
    pub(crate) fn usual(tickets: usize) -> Size {
        Size {
            units: 25,
            services: 12,
            staff: 500,
            requesters: (tickets / 50).clamp(200, 20_000),
        }
    }

    /// A federation as large as any.
    pub(crate) fn federation() -> Size {
        Size {
            units: 500,
            services: 120,
            staff: 5_000,
            requesters: 200_000,
        }
    }
}

/// Everybody and everything that tickets name.
#[derive(Debug)]
pub(crate) struct World {
    /// First level first.
    pub(crate) units: Vec<Unit>,
    /// Each answered for by a unit of second level.
    pub(crate) services: Vec<Service>,
    /// In turn members of the units; number `i` is in unit `i % units.len()`.
    pub(crate) staff: Vec<Person>,
    /// Who asks.
    pub(crate) requesters: Vec<Person>,
}

/// An identifier that is the same each time.
fn fixed(kind: u8, number: usize) -> Uuid {
    let mut rng = Rng::new((u64::from(kind) << 40) + number as u64);
    uuid::Builder::from_unix_timestamp_millis(1_600_000_000_000 + number as u64, &rng.bytes())
        .into_uuid()
}

impl World {
    /// Makes it up around the desk's own first level unit.
    pub(crate) fn new(first_level: Unit, words: &Vocabulary, size: Size, now: Millis) -> World {
        let mut rng = Rng::new(11);
        let first_id = first_level.id;
        let mut units = vec![Unit {
            email: Some("first-level@bench.example".into()),
            ..first_level
        }];
        for i in 1..size.units {
            let level = if i * 25 < size.units * 16 { 2 } else { 3 };
            let name = format!("Unit {i:02} {}", words.at(80 + i * 3));
            units.push(Unit {
                id: UnitId(fixed(1, i)),
                key: format!("unit-{i:02}"),
                name,
                level,
                parent: Some(first_id),
                category: if level == 2 { "Services" } else { "Developers" }.into(),
                description: words.text(&mut rng, 12),
                email: Some(format!("unit-{i:02}@bench.example")),
                first_level: false,
                security: false,
                active: true,
                successor: None,
                doc: UnitDoc {
                    qos: "medium".into(),
                    time_zone: "UTC".into(),
                    hours: Some((540, 1_020)),
                    ..UnitDoc::default()
                },
            });
        }
        let services = (0..size.services)
            .map(|i| Service {
                id: ServiceId(fixed(2, i)),
                key: format!("service-{i:02}"),
                name: format!("Service {i:02} {}", words.at(140 + i * 5)),
                provider: "Bench".into(),
                area: if i % 2 == 0 { "Compute" } else { "Data" }.into(),
                description: words.text(&mut rng, 10),
                unit: units[1 + i].id,
                option: "direct".into(),
                lamp: "running".into(),
                lamp_text: String::new(),
                active: true,
                position: i as i64,
                doc: Default::default(),
            })
            .collect();
        let person = |kind, i: usize, at: &str, support| Person {
            id: PersonId(fixed(kind, i)),
            name: person_name(i),
            email: Some(format!("{at}{i}@bench.example")),
            institute: format!("Institute {}", i % 90),
            community: None,
            support,
            monitor: false,
            admin: false,
            active: true,
            has_password: false,
            created_at: now,
        };
        World {
            units,
            services,
            staff: (0..size.staff)
                .map(|i| person(3, i, "staff", true))
                .collect(),
            requesters: (0..size.requesters)
                .map(|i| person(4, i, "user", false))
                .collect(),
        }
    }

    /// Stores it all.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) fn store(&self, db: &Db, now: Millis) -> Result<(), Error> {
        let (units, services) = (self.units.clone(), self.services.clone());
        db.write_blocking(move |c| {
            for unit in &units {
                store::unit::save(c, unit, now)?;
            }
            for service in &services {
                store::unit::save_service(c, service, now)?;
            }
            Ok::<_, Error>(())
        })?;
        for some in self
            .staff
            .chunks(5_000)
            .chain(self.requesters.chunks(5_000))
        {
            let some = some.to_vec();
            db.write_blocking(move |c| people(c, &some))?;
        }
        let units = self.units.len();
        let own = self.staff.iter().enumerate();
        let mut members: Vec<_> = own
            .map(|(i, p)| (self.units[i % units].id, p.id, i < units))
            .collect();
        if self.staff.len() > 2 * CROWD {
            let others = self.staff.iter().enumerate();
            let others = others.filter(|(i, _)| i % units != CROWDED_UNIT);
            let missing = CROWD - self.staff.len() / units;
            members.extend(
                others
                    .take(missing)
                    .map(|(_, p)| (self.units[CROWDED_UNIT].id, p.id, false)),
            );
        }
        db.write_blocking(move |c| {
            for (unit, person, responsible) in &members {
                let part = if *responsible {
                    Part::Responsible
                } else {
                    Part::Member
                };
                store::staff::put_membership(c, *unit, *person, part, now)?;
            }
            Ok::<_, Error>(())
        })
    }

    /// A member of a unit.
    pub(crate) fn member(&self, unit: usize, rng: &mut Rng) -> &Person {
        let units = self.units.len();
        &self.staff[unit + units * rng.below(self.staff.len() / units)]
    }
}

fn people(c: &mut Conn<'_>, people: &[Person]) -> Result<(), Error> {
    for person in people {
        store::person::insert(c, person, None, true)?;
    }
    Ok(())
}
