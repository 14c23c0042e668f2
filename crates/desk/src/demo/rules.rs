//! Rules that a federation would write, and what they did lately.

use switchboard_core::{Actor, Channel, Millis};

use super::{Cast, HOUR};
use crate::rule::{Draft, ThenDraft};
use crate::{Desk, Error, OpenRequest};

/// Writes them, and lets somebody ask for what the first is about.
pub(super) async fn play(desk: &Desk, cast: &Cast, now: Millis) -> Result<(), Error> {
    let past = desk.with_clock(std::sync::Arc::new(crate::FakeClock::at(now - 3 * HOUR)));
    let system = Actor::system(Channel::Cli);
    let units = past.catalogue().await?;
    let storage = units.unit(cast.units["storage"]).map(|u| u.name.clone());
    let rules = [
        Draft {
            title: "Quota goes to Storage".into(),
            on: "opened".into(),
            only: "quota status:new".into(),
            then: ThenDraft {
                tag: vec!["quota".into()],
                unit: storage.unwrap_or_default(),
                note: "Storage looks after quotas. The project stands in the first message, or \
                       ask {{ name }} for it."
                    .into(),
                ..ThenDraft::default()
            },
            active: true,
            ..Draft::default()
        },
        Draft {
            title: "An answer after two silent days".into(),
            on: "unanswered".into(),
            after: Some((2, "working_days".into())),
            only: "status:open -category:test".into(),
            then: ThenDraft {
                answer: "Hello {{ name }},\n\nnobody has answered you yet. {{ unit }} has your \
                         request and has not forgotten it."
                    .into(),
                ..ThenDraft::default()
            },
            active: true,
            ..Draft::default()
        },
        Draft {
            title: "Urgent and overdue: first level".into(),
            on: "after_due".into(),
            after: Some((4, "hours".into())),
            only: "priority>=high".into(),
            then: ThenDraft {
                tag: vec!["overdue".into()],
                mail_unit: "First level".into(),
                mail_text: "{{ unit }} is late with “{{ subject }}”, which is {{ priority }}. \
                            Please ask what is the matter."
                    .into(),
                ..ThenDraft::default()
            },
            active: false,
            ..Draft::default()
        },
    ];
    for draft in rules {
        past.save_written_rule(&system, draft).await?;
    }
    let asker = past.actor_for(cast.requesters[0], Channel::Web).await?;
    let request = OpenRequest {
        subject: "Quota of project PLOVER is used up".into(),
        description: "Our project can not write any more: 20 TB of 20 TB are used. Can we have \
                      10 TB more until the end of the campaign?"
            .into(),
        ..OpenRequest::default()
    };
    past.open_ticket(&asker, request).await?;
    past.follow().await?;
    desk.forget_catalogue();
    Ok(())
}
