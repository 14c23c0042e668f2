//! Two communities with a front door of their own: people, units, colours, a
//! logo, news and tickets.

use std::sync::Arc;

use store::community::{Community, CommunityDoc};
use store::portal::{Pair, Portal, PortalDoc};
use store::unit::{Unit, UnitDoc};
use switchboard_core::{Actor, Channel, Command, Millis, Part, PersonId, UnitId, Visibility};

use super::{Cast, HOUR};
use crate::account::NewAccount;
use crate::act::{EntryDraft, Step};
use crate::clock::FakeClock;
use crate::portal_news::NewsDraft;
use crate::{Desk, Error, OpenRequest, Patch};

/// Signs in as the responsible of ClimAdapt's own first level.
pub(super) const FRONT: &str = "portal@demo";

/// Fills communities and portals, after units and services are there.
pub(super) async fn fill(
    past: &Desk,
    cast: &Cast,
    password: &str,
    now: Millis,
) -> Result<(), Error> {
    let system = Actor::system(Channel::Cli);
    for (key, name, aliases, description, open) in [
        (
            "vo.climadapt.eu",
            "ClimAdapt",
            &["climadapt", "climate adaptation"][..],
            "Regional climate models and their data.",
            false,
        ),
        (
            "vo.seagrid.eu",
            "SeaGrid",
            &["seagrid"],
            "Ocean observations from buoys and ships.",
            true,
        ),
        (
            "open-science",
            "Open science users",
            &[],
            "Everybody who shares what they ask.",
            true,
        ),
    ] {
        let community = Community {
            key: key.into(),
            name: name.into(),
            description: description.into(),
            open,
            active: true,
            doc: CommunityDoc {
                aliases: aliases.iter().map(|a| (*a).to_owned()).collect(),
            },
        };
        past.save_community(&system, community, true).await?;
    }
    let front = past
        .create_account(NewAccount {
            email: FRONT.into(),
            name: "Lucía Ferrer".into(),
            institute: "Universitat de València".into(),
            password: Some(password.into()),
            support: true,
            ..NewAccount::default()
        })
        .await?
        .id;
    let climate = front_desk(past, "climadapt-desk", "ClimAdapt front desk", front).await?;
    let sea = front_desk(
        past,
        "seagrid-desk",
        "SeaGrid front desk",
        cast.staff["b2share"][0],
    )
    .await?;
    let me = past.actor_for(cast.user, Channel::Cli).await?;
    past.choose_community(&me, "open-science", true).await?;
    for person in [cast.user, cast.requesters[1], cast.requesters[2]] {
        put_into(past, &system, "vo.climadapt.eu", person).await?;
    }
    open_portals(past, &system, climate, sea).await?;
    tell(past, front, now).await?;
    tickets(past, cast, front, now).await
}

async fn put_into(
    desk: &Desk,
    system: &Actor,
    community: &str,
    person: PersonId,
) -> Result<(), Error> {
    let known = desk
        .db()
        .read(move |c| store::person::load(c, person).map_err(Error::from))
        .await?;
    match known.and_then(|p| p.email) {
        Some(email) => {
            desk.put_into_community(system, community, &email, true)
                .await
        }
        None => Ok(()),
    }
}

/// A unit of level 1 that looks after one portal.
async fn front_desk(
    desk: &Desk,
    key: &str,
    name: &str,
    responsible: PersonId,
) -> Result<UnitId, Error> {
    let first_level = desk.catalogue().await?.first_level()?.clone();
    let id = UnitId(desk.uuid());
    desk.save_unit(Unit {
        id,
        key: key.into(),
        name: name.into(),
        category: "Communities".into(),
        description: "Answers what comes by the community’s own portal, and passes on what it \
                      can not."
            .into(),
        first_level: false,
        parent: Some(first_level.id),
        doc: UnitDoc {
            qos: "base".into(),
            ..first_level.doc.clone()
        },
        ..first_level
    })
    .await?;
    desk.set_member(id, responsible, Part::Responsible).await?;
    Ok(id)
}

async fn open_portals(
    desk: &Desk,
    system: &Actor,
    climate: UnitId,
    sea: UnitId,
) -> Result<(), Error> {
    let catalogue = desk.catalogue().await?;
    let services = |keys: &[&str]| {
        keys.iter()
            .map(|key| catalogue.find_service("services", key).map(|s| s.id))
            .collect::<Result<Vec<_>, _>>()
    };
    let units = |keys: &[&str]| {
        keys.iter()
            .map(|key| catalogue.find_unit("units", key).map(|u| u.id))
            .collect::<Result<Vec<_>, _>>()
    };
    let pair = |light: &str, dark: &str| {
        Some(Pair {
            light: light.into(),
            dark: dark.into(),
        })
    };
    let portals = [
        (
            Portal {
                id: desk.new_portal_id(),
                key: "climadapt".into(),
                name: "ClimAdapt help".into(),
                hostname: None,
                community: Some("vo.climadapt.eu".into()),
                unit: Some(climate),
                active: true,
                position: 1,
                doc: PortalDoc {
                    greeting: "Help for everybody who works with the regional climate models.\n\n\
                               We answer what we know about the data ourselves, and bring you to \
                               the right team for everything else."
                        .into(),
                    accent: pair("#8a3b12", "#f2a97e"),
                    bar: pair("#3a1a0c", "#24100a"),
                    services: services(&["notebooks", "b2share", "object-storage", "checkin"])?,
                    units: units(&["climadapt-desk", "storage"])?,
                    ..PortalDoc::default()
                },
            },
            logo([0xf2, 0xa9, 0x7e], [0x8a, 0x3b, 0x12]),
        ),
        (
            Portal {
                id: desk.new_portal_id(),
                key: "seagrid".into(),
                name: "SeaGrid desk".into(),
                hostname: None,
                community: Some("vo.seagrid.eu".into()),
                unit: Some(sea),
                active: true,
                position: 2,
                doc: PortalDoc {
                    greeting: "Questions about buoys, ships and their data? Ask here.".into(),
                    accent: pair("#1b4f9c", "#8fb8ff"),
                    bar: pair("#0d2447", "#091733"),
                    services: services(&["transfer", "b2drop", "fedcloud"])?,
                    units: units(&["seagrid-desk"])?,
                    own_news_only: true,
                    ..PortalDoc::default()
                },
            },
            logo([0x8f, 0xb8, 0xff], [0x1b, 0x4f, 0x9c]),
        ),
    ];
    for (portal, picture) in portals {
        let id = portal.id;
        desk.save_portal(system, portal, true).await?;
        desk.set_logo(system, id, Some(picture)).await?;
    }
    Ok(())
}

async fn tell(past: &Desk, front: PersonId, now: Millis) -> Result<(), Error> {
    for (key, hours, kind, title, body) in [
        (
            "climadapt",
            30,
            "news",
            "The new regional runs are there",
            "Six models at 3 km, 1990 to 2050, in B2SHARE. The notebooks know them already.\n\n\
             Tell us what is missing.",
        ),
        (
            "climadapt",
            4,
            "downtime",
            "Notebooks restart on Saturday at 06:00",
            "Running kernels end; files stay.",
        ),
        (
            "seagrid",
            50,
            "news",
            "Buoys of the Ligurian Sea report again",
            "Data since the storm are being filled in.",
        ),
    ] {
        let desk = past.with_clock(Arc::new(FakeClock::at(now - hours * HOUR)));
        let actor = match key {
            "climadapt" => desk.actor_for(front, Channel::Cli).await?,
            _ => Actor::system(Channel::Cli),
        };
        let portal = desk.catalogue().await?.find_portal("portal", key)?.id;
        let draft = NewsDraft {
            kind: kind.into(),
            title: title.into(),
            body: body.into(),
        };
        desk.post_news(&actor, portal, None, draft).await?;
    }
    Ok(())
}

async fn tickets(past: &Desk, cast: &Cast, front: PersonId, now: Millis) -> Result<(), Error> {
    let desk = past.with_clock(Arc::new(FakeClock::at(now - 5 * HOUR)));
    let front = desk.actor_for(front, Channel::Web).await?;
    let ask = async |who: PersonId, portal: &str, service: &str, subject: &str, text: &str| {
        let actor = desk.actor_for(who, Channel::Web).await?;
        let request = OpenRequest {
            subject: subject.into(),
            description: text.into(),
            service: Some(service.to_owned()).filter(|s| !s.is_empty()),
            portal: Some(portal.into()),
            ..OpenRequest::default()
        };
        Ok::<_, Error>(desk.open_ticket(&actor, request).await?.number)
    };
    // Waits for the portal's own first level.
    ask(
        cast.requesters[1],
        "climadapt",
        "",
        "Which of the models has hourly precipitation?",
        "I compare flood events and need hourly sums, not daily ones.",
    )
    .await?;
    // Answered by it, and open to the community.
    let shared = ask(
        cast.requesters[2],
        "climadapt",
        "",
        "Units of the soil moisture fields",
        "The metadata say kg m-2, the paper says m3 m-3. Which is right?",
    )
    .await?;
    let steps = vec![
        Step::Command(Command::SetOwner {
            owner: front.person,
        }),
        Step::Command(Command::Start),
        Step::Write(
            switchboard_core::EntryVisibility::Public,
            EntryDraft {
                body: "The metadata are right: kg m-2 of the layer. Divide by its thickness and \
                       1,000 for m3 m-3."
                    .into(),
                ..EntryDraft::default()
            },
        ),
        Step::Command(Command::SetVisibility(Visibility::Community)),
    ];
    desk.act(&front, shared, None, steps).await?;
    // Passed on to the first level of the desk.
    let passed = ask(
        cast.user,
        "climadapt",
        "",
        "My certificate is not accepted anywhere since today",
        "Neither the notebooks nor the storage take it. It is valid until spring.",
    )
    .await?;
    let pass_on = Patch {
        unit: Some("first-level".into()),
        note: Some("Not about our data; no other user of ours has it.".into()),
        ..Patch::default()
    };
    desk.change(&front, passed, None, pass_on).await?;
    // Routed by its service at once.
    ask(
        cast.requesters[4],
        "seagrid",
        "transfer",
        "Transfer of the cruise data stops at 4 GB",
        "Always at the same file, from Brest to Genova.",
    )
    .await?;
    ask(
        cast.requesters[5],
        "seagrid",
        "",
        "Wrong position of buoy 61277",
        "It lies in the mountains according to the map.",
    )
    .await?;
    Ok(())
}

/// A small picture: a disc with waves, as PNG, drawn here.
fn logo(light: [u8; 3], dark: [u8; 3]) -> Vec<u8> {
    const SIZE: i32 = 64;
    let mut rows = Vec::new();
    for y in 0..SIZE {
        // Each row begins with its filter: none.
        rows.push(0);
        for x in 0..SIZE {
            let (dx, dy) = (2 * x - SIZE + 1, 2 * y - SIZE + 1);
            let inside = dx * dx + dy * dy <= SIZE * SIZE;
            // Waves: triangles along x, every twelve rows.
            let wave = (x % 16 - 8).abs() / 2;
            let crest = (y + wave) % 12 < 5;
            let [r, g, b] = if crest { light } else { dark };
            rows.extend_from_slice(&[r, g, b, if inside { 255 } else { 0 }]);
        }
    }
    let size = SIZE.unsigned_abs();
    let mut header = Vec::new();
    header.extend_from_slice(&size.to_be_bytes());
    header.extend_from_slice(&size.to_be_bytes());
    // Eight bits, red, green, blue, alpha; nothing special.
    header.extend_from_slice(&[8, 6, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut png, b"IHDR", &header);
    chunk(&mut png, b"IDAT", &stored(&rows));
    chunk(&mut png, b"IEND", &[]);
    png
}

fn chunk(png: &mut Vec<u8>, kind: &[u8; 4], bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).unwrap_or(0);
    png.extend_from_slice(&length.to_be_bytes());
    let from = png.len();
    png.extend_from_slice(kind);
    png.extend_from_slice(bytes);
    let crc = crc32(&png[from..]);
    png.extend_from_slice(&crc.to_be_bytes());
}

/// A zlib stream that stores its bytes as they are (RFC 1950 and 1951).
fn stored(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let mut blocks = bytes.chunks(0xffff).peekable();
    while let Some(block) = blocks.next() {
        out.push(u8::from(blocks.peek().is_none()));
        let length = u16::try_from(block.len()).unwrap_or(0);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(block);
    }
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in bytes {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    out.extend_from_slice(&((b << 16) | a).to_be_bytes());
    out
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                (crc >> 1) ^ 0xedb8_8320
            } else {
                crc >> 1
            };
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_the_standards() {
        // The check values of CRC-32 and Adler-32.
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(stored(b"Wikipedia")[16..], [0x11, 0xe6, 0x03, 0x98]);
        let png = logo([1, 2, 3], [4, 5, 6]);
        assert!(png.len() < crate::portal::LARGEST_LOGO, "{}", png.len());
    }
}
