//! People who want to work in a unit: some wait, some were answered.

use std::sync::Arc;

use switchboard_core::{Channel, Millis, PersonId};

use super::{Cast, DAY, HOUR, federation};
use crate::{Desk, Error, FakeClock};

/// Name, how long ago, for which units, why; and after how long it was granted
/// or refused, and why.
type Story = (
    &'static str,
    Millis,
    &'static [&'static str],
    &'static str,
    Option<(Millis, bool, &'static str)>,
);

const APPLICATIONS: &[Story] = &[
    (
        "Gérard Moreau",
        12 * DAY,
        &["security"],
        "I would like to see how incidents are handled.",
        Some((
            2 * DAY,
            false,
            "Security response takes people from sites only. Ask your site's contact.",
        )),
    ),
    (
        "Birgit Hoffmann",
        9 * DAY,
        &["storage", "b2share"],
        "I run the replica in Karlsruhe and shall answer for it. Agreed with Ilona Novák.",
        Some((DAY, true, "Confirmed by her institute.")),
    ),
    (
        "Anna Lindqvist",
        5 * DAY,
        &["fedcloud"],
        "Our site joins the cloud in January; I am its second operator.",
        None,
    ),
    (
        "Luca Romano",
        26 * HOUR,
        &["transfer", "storage"],
        "I maintain the transfer endpoints at our site and can take their tickets.",
        None,
    ),
    (
        "Nora Eriksen",
        3 * HOUR,
        &["b2find"],
        "I take over the harvester from Eleni Papadaki at the end of the month.",
        None,
    ),
];

/// Plays them, each at its time.
pub(super) async fn play(desk: &Desk, cast: &Cast, now: Millis) -> Result<(), Error> {
    let at = |time: Millis| desk.with_clock(Arc::new(FakeClock::at(time)));
    let admin = desk.person_by_email("admin@demo").await?.id;
    for (name, ago, units, why, answer) in APPLICATIONS {
        let who = desk.person_by_email(&federation::address(name)).await?.id;
        let then = at(now - ago);
        let actor = then.actor_for(who, Channel::Web).await?;
        let units: Vec<String> = units.iter().map(|u| (*u).to_owned()).collect();
        let id = then.apply_for_support(&actor, &units, why).await?;
        if let Some((after, granted, reason)) = answer {
            let then = at(now - ago + after);
            let admin = then.actor_for(admin, Channel::Web).await?;
            then.answer_application(&admin, id, *granted, reason)
                .await?;
        }
    }
    // One more asks storage by herself, and one was refused there.
    let outside: Vec<PersonId> = cast
        .staff
        .get("fedcloud")
        .into_iter()
        .chain(cast.staff.get("checkin"))
        .flatten()
        .filter(|p| !cast.staff["storage"].contains(p))
        .copied()
        .take(2)
        .collect();
    let storage = desk.person_by_email("storage@demo").await?.id;
    for (who, ago, why, refused) in outside.iter().zip(1..).map(|(who, n)| {
        if n == 1 {
            (
                *who,
                30 * HOUR,
                "I see many of your tickets from our side.",
                None,
            )
        } else {
            (
                *who,
                6 * DAY,
                "For the holidays.",
                Some("We are enough over the holidays; thank you."),
            )
        }
    }) {
        let then = at(now - ago);
        let actor = then.actor_for(who, Channel::Web).await?;
        let id = then.ask_to_join(&actor, "storage", why).await?;
        if let Some(reason) = refused {
            let then = at(now - ago + DAY);
            let ilona = then.actor_for(storage, Channel::Web).await?;
            then.answer_join(&ilona, "storage", id, false, reason)
                .await?;
        }
    }
    Ok(())
}
