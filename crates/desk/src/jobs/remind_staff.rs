//! Brings to mind what waits for an answer: applications for the support
//! permission to administrators, join requests to the responsibles of the unit,
//! and those that wait long to administrators too.
//!
//! How often a thing was brought to mind is stored with it, in the transaction
//! that queues the mails: a restart repeats nothing and leaves nothing out. One
//! run makes one mail for each human, whatever number of things wait for them.

use std::collections::BTreeMap;

use store::Conn;
use store::application::{Asks, Kind};
use switchboard_core::staff::{AskState, raised, reminders_by};
use switchboard_core::{Millis, PersonId};

use super::Outcome;
use crate::join::answerers;
use crate::letter::{self, About};
use crate::staff::{crew, person, unit_link};
use crate::{Catalogue, Desk, Error};
use crate::{letter_text, mail_text};

/// More than will ever wait at a time; what is beyond is found when others have
/// been answered.
const AT_ONCE: i64 = 10_000;
const DAY_MS: Millis = 86_400_000;

pub(super) async fn run(desk: &Desk) -> Result<Outcome, Error> {
    let catalogue = desk.catalogue().await?;
    let same = desk.clone();
    desk.0
        .db
        .write(move |c| remind(&same, c, &catalogue))
        .await?;
    Ok(Outcome::Done)
}

fn remind(desk: &Desk, c: &mut Conn<'_>, catalogue: &Catalogue) -> Result<(), Error> {
    let now = desk.now();
    let waiting = Asks {
        state: Some(AskState::Waiting),
        ..Asks::default()
    };
    // A line in English and in German.
    let mut lines: BTreeMap<PersonId, Vec<[String; 2]>> = BTreeMap::new();
    let mut tell = |to: &[PersonId], line: [String; 2]| {
        for person in to {
            lines.entry(*person).or_default().push(line.clone());
        }
    };
    let admins = store::staff::administrators(c)?;
    let url = &desk.config().public_url;
    for open in store::application::find(c, Kind::Application, &waiting, AT_ONCE)? {
        let due = reminders_by(open.created_at, now);
        if due <= open.reminders {
            continue;
        }
        store::application::reminded(c, Kind::Application, open.id, due)?;
        let name = person(c, open.person)?.name;
        let days = (now - open.created_at) / DAY_MS;
        let line = |german| {
            let since = letter_text::applied_ago(&name, days, german);
            format!("{since}\n  {url}/admin/applications")
        };
        tell(&admins, [line(false), line(true)]);
    }
    for join in store::application::find(c, Kind::Join, &waiting, AT_ONCE)? {
        let due = reminders_by(join.created_at, now);
        let Some(unit) = join
            .unit
            .and_then(|unit| catalogue.unit(unit))
            .filter(|u| u.active)
        else {
            continue;
        };
        if due <= join.reminders {
            continue;
        }
        store::application::reminded(c, Kind::Join, join.id, due)?;
        let name = person(c, join.person)?.name;
        let house = crew(c, unit)?;
        let mut to = answerers(c, &house)?;
        if raised(join.created_at, now) {
            to.extend(&admins);
        }
        to.sort_unstable();
        to.dedup();
        let days = (now - join.created_at) / DAY_MS;
        let line = |german| {
            let since = letter_text::asked_ago(&name, &unit.name, days, german);
            format!("{since}\n  {}", unit_link(desk, unit))
        };
        tell(&to, [line(false), line(true)]);
    }
    for (to, lines) in lines {
        let to = person(c, to)?;
        let about = About::nothing_else(mail_text::Kind::Waiting, desk.uuid());
        letter::to_person(desk, c, &to, about, |german| {
            let said: Vec<String> = lines
                .iter()
                .map(|[english, deutsch]| if german { deutsch } else { english }.clone())
                .collect();
            [
                ("headline", letter_text::waiting(lines.len(), german)),
                ("text", said.join("\n\n")),
                ("link", format!("{url}/support-staff")),
            ]
            .into()
        })?;
    }
    Ok(())
}
