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
use crate::letter::{Letter, queue};
use crate::staff::{crew, person, unit_link};
use crate::{Catalogue, Desk, Error};

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
    let mut lines: BTreeMap<PersonId, Vec<String>> = BTreeMap::new();
    let mut tell = |to: &[PersonId], line: &str| {
        for person in to {
            lines.entry(*person).or_default().push(line.to_owned());
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
        tell(
            &admins,
            &format!(
                "{name} applied for the support permission {}.\n  {url}/admin/applications",
                ago(open.created_at, now)
            ),
        );
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
        tell(
            &to,
            &format!(
                "{name} asked {} to join {}.\n  {}",
                unit.name,
                ago(join.created_at, now),
                unit_link(desk, unit)
            ),
        );
    }
    for (to, lines) in lines {
        let to = person(c, to)?;
        let subject = match lines.len() {
            1 => "Somebody waits for your answer".to_owned(),
            n => format!("{n} people wait for your answer"),
        };
        let text = format!(
            "{}\n\nAll that wait for you: {url}/support-staff\n",
            lines.join("\n\n")
        );
        if let Some(letter) = Letter::to(&to, desk.uuid(), &subject, text) {
            queue(desk, c, letter)?;
        }
    }
    Ok(())
}

fn ago(since: Millis, now: Millis) -> String {
    format!("{} days ago", (now - since) / DAY_MS)
}
