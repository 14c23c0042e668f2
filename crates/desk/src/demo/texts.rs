//! Texts that units keep for what they write again and again, and macros for what they
//! do.

use switchboard_core::Channel;

use super::Cast;
use crate::canned::Draft;
use crate::macros::Draft as Macro;
use crate::rule::ThenDraft;
use crate::{Desk, Error};

/// Whose, its unit, what it is called, what is typed, what it says.
const TEXTS: [(&str, &str, &str, &str, &str); 5] = [
    (
        "everybody",
        "",
        "Ask for the exact message",
        "ask-message",
        "Dear {{ requester.name }},\n\ncould you send us the exact message, and the time at which \
         it came? With that we find it in the logs{% if service.name %} of {{ service.name }}\
         {% endif %}.\n\nThank you,\n{{ agent.name }}",
    ),
    (
        "everybody",
        "",
        "Known problem, we are at it",
        "known",
        "Dear {{ requester.name }},\n\nthis is known and we are working on it. You hear from us \
         here, in ticket {{ ticket.number }}, as soon as it is solved.\n\n{{ agent.name }}, \
         {{ unit.name }}",
    ),
    (
        "unit",
        "storage",
        "Quota: which project?",
        "quota",
        "Dear {{ requester.name }},\n\nfor more space we need the name of the project, how much \
         you need, and until when.\n\n{{ agent.name }}, {{ unit.name }}",
    ),
    (
        "unit",
        "first-level",
        "Handed to the right unit",
        "handed",
        "Dear {{ requester.name }},\n\nyour request is with {{ unit.name }} now. You can follow it \
         at {{ ticket.link }}.\n\n{{ agent.name }}",
    ),
    (
        "own",
        "",
        "Back on Monday",
        "monday",
        "I look at this on Monday.\n\n{{ agent.name }}",
    ),
];

/// Keeps them, each by somebody who may.
pub(super) async fn keep(desk: &Desk, cast: &Cast) -> Result<(), Error> {
    let administrator = switchboard_core::Actor::system(Channel::Cli);
    for (shelf, unit, title, shortcut, body) in TEXTS {
        let by = match shelf {
            "own" => desk.actor_for(cast.first_level, Channel::Web).await?,
            _ => administrator.clone(),
        };
        let text = Draft {
            shelf: shelf.into(),
            unit: unit.into(),
            title: title.into(),
            shortcut: shortcut.into(),
            body: body.into(),
            ..Draft::default()
        };
        let kept = desk.save_canned_text(&by, text).await?;
        if shortcut == "ask-message" {
            let ask = Macro {
                shelf: shelf.into(),
                title: "Ask for the exact message, and wait".into(),
                canned: Some(kept.id),
                take: true,
                then: ThenDraft {
                    status: "waiting".into(),
                    ..ThenDraft::default()
                },
                ..Macro::default()
            };
            desk.save_macro(&administrator, ask).await?;
        }
    }
    let raised = Macro {
        shelf: "unit".into(),
        shelf_unit: "storage".into(),
        title: "Quota is raised".into(),
        then: ThenDraft {
            tag: vec!["quota".into()],
            note: "Raised by a quarter, until the end of the year.".into(),
            answer: "Dear {{ requester.name }},\n\nyour quota is raised by a quarter, until the \
                     end of the year. It counts at once.\n\n{{ agent.name }}, {{ unit.name }}"
                .into(),
            status: "solved".into(),
            ..ThenDraft::default()
        },
        take: true,
        ..Macro::default()
    };
    desk.save_macro(&administrator, raised).await?;
    Ok(())
}
