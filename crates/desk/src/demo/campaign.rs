//! One request to all sites: some have answered, some say nothing.

use std::sync::Arc;

use switchboard_core::{Channel, EntryVisibility, Millis, SolutionKind};

use super::{DAY, HOUR};
use crate::campaign::CampaignRequest;
use crate::{Desk, EntryDraft, Error, FakeClock, Step};

const TEXT: &str = "Dear colleagues at {{ site }},\n\nfrom the first of the month on, clients will no \
longer speak TLS 1.1. Please look whether your storage endpoint ({{ site_key }}) offers TLS 1.2 or \
later, and tell us here: the version that it offers, and the day on which older ones are switched \
off.";

pub(super) async fn play(desk: &Desk, now: Millis) -> Result<(), Error> {
    let clock = Arc::new(FakeClock::at(now - 3 * DAY));
    let past = desk.with_clock(clock.clone());
    let acts = async |email: &str| {
        let person = past.person_by_email(email).await?;
        past.actor_for(person.id, Channel::Web).await
    };
    let (first, storage) = (acts("first@demo").await?, acts("storage@demo").await?);
    let request = CampaignRequest {
        title: "Storage endpoints without TLS 1.1".into(),
        subject: "TLS 1.2 at {{ site }}".into(),
        body: TEXT.into(),
        unit: Some("first-level".into()),
        sites: ["CESNET-MCC", "IFCA-LCG2", "INFN-CLOUD-CNAF", "FZJ"]
            .map(str::to_owned)
            .into(),
        remind: vec![5, 10],
        due: Some(now + 9 * DAY),
        ..CampaignRequest::default()
    };
    let asked = past.ask_sites(&first, request).await?;
    clock.set(now - 3 * DAY + 4 * HOUR);
    let says = |text: &str| EntryDraft {
        body: text.into(),
        ..EntryDraft::default()
    };
    if let Some(ticket) = asked.opened.get("CESNET-MCC") {
        let text = "All endpoints offer 1.2 and 1.3; 1.1 has been off since last year.";
        let step = Step::Solve(SolutionKind::Fixed, says(text));
        past.act(&storage, *ticket, None, vec![step]).await?;
    }
    clock.set(now - 2 * DAY);
    if let Some(ticket) = asked.opened.get("INFN-CLOUD-CNAF") {
        let text =
            "They called: the two old head nodes are replaced next week, 1.1 ends with them.";
        let step = Step::Write(EntryVisibility::Public, says(text));
        let admin = acts("admin@demo").await?;
        past.act(&admin, *ticket, None, vec![step]).await?;
    }
    Ok(())
}
