//! A service that goes by a mailing list, with tickets in every stage.

use std::sync::Arc;

use switchboard_core::{Actor, Channel, Millis, TicketNumber};

use super::{Cast, DAY, HOUR, federation};
use crate::redirect::link::Deed;
use crate::{Desk, Error, FakeClock, OpenRequest};

const SERVICE: &str = "accounting";
const LIST: &str = "accounting-help@lists.example";

/// Makes the service go by its list and plays four tickets there.
pub(super) async fn play(desk: &Desk, cast: &Cast, now: Millis) -> Result<(), Error> {
    // One desk whose clock moves on: others would know the service as it was.
    let clock = Arc::new(FakeClock::at(now - 12 * DAY));
    let past = desk.with_clock(clock.clone());
    let catalogue = past.catalogue().await?;
    let mut service = catalogue.find_service("service", SERVICE)?.clone();
    service.option = "redirection".into();
    service.doc.list = Some(LIST.into());
    past.save_service(service).await?;
    let stories = [
        (
            11 * DAY,
            "Usage of our community is missing since August",
            "The plots of our virtual organisation end on 1 August. Jobs ran all the time.",
        ),
        (
            4 * DAY,
            "Which cores are counted for virtual machines?",
            "Are hyperthreads counted as cores in the cloud view? We have to report that.",
        ),
        (
            2 * DAY,
            "The export as CSV has no header",
            "The first line of the exported file is data. It had a header last week.",
        ),
        (
            5 * HOUR,
            "Two sites share one name in the tree",
            "Both are shown as CENTRAL-01 and their figures are added up.",
        ),
    ];
    let mut numbers = Vec::new();
    for (nth, (ago, subject, text)) in stories.iter().enumerate() {
        clock.set(now - ago);
        let asker = cast.requesters[(nth * 3 + 1) % cast.requesters.len()];
        let actor = past.actor_for(asker, Channel::Web).await?;
        numbers.push(open(&past, &actor, subject, text).await?);
        past.follow().await?;
    }
    // The first one is silent: reminded after a week, first level woken then.
    clock.set(now - 3 * DAY);
    crate::redirect::silence::run(&past).await?;
    // The second is answered, and the third worked on.
    let text = "Hyperthreads are not counted: one physical core is one.\n\nDoes that answer it?";
    answer(&past, numbers[1], text).await?;
    clock.set(now - DAY);
    crate::redirect::silence::run(&past).await?;
    let word = past.list_word(numbers[2], 1);
    past.list_says(&word, Deed::Working, "Ana Lopes", "")
        .await?;
    clock.set(now - HOUR);
    past.follow().await?;
    desk.forget_catalogue();
    Ok(())
}

async fn open(
    desk: &Desk,
    actor: &Actor,
    subject: &str,
    text: &str,
) -> Result<TicketNumber, Error> {
    let request = OpenRequest {
        subject: subject.into(),
        description: text.into(),
        service: Some(SERVICE.into()),
        ..OpenRequest::default()
    };
    Ok(desk.open_ticket(actor, request).await?.number)
}

/// Somebody of the list answers by mail.
async fn answer(desk: &Desk, number: TicketNumber, text: &str) -> Result<(), Error> {
    let to = mail::redirect::list_reply_address(number, 1, desk.thread_keys())
        .map_err(|e| Error::Internal(e.to_string()))?;
    let name = "Ana Lopes";
    let raw = format!(
        "From: {name} <{}>\r\nTo: {to}\r\nSubject: Re: [#{number}]\r\n\
         Message-ID: <answer.{number}@lists.example>\r\n\r\n{}\r\n",
        federation::address(name),
        text.replace('\n', "\r\n"),
    );
    desk.take_mail(raw.into_bytes(), "file", None).await?;
    Ok(())
}
