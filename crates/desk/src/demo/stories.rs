//! What happened in the demo's past: three hundred tickets in all statuses.

use std::sync::Arc;

use switchboard_core::ticket::RelationKind;
use switchboard_core::{
    Actor, Channel, Command, EntryVisibility, Millis, Party, PartyRole, PersonId, SecurityRisk,
    SolutionKind, TicketNumber,
};

use super::{Cast, Chance, DAY, HOUR, MINUTE, federation};
use crate::act::{EntryDraft, NewFile, Step};
use crate::open::{OpenRequest, RequesterRef};
use crate::{Desk, Error, FakeClock};

/// How far a ticket has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    New,
    Assigned,
    InProgress,
    Answered,
    Waiting,
    OnHold,
    Solved,
    Unsolved,
    Reopened,
    Verified,
    Closed,
}

/// One kind of request with what is said about it.
struct Plot {
    service: &'static str,
    unit: &'static str,
    category: &'static str,
    subject: &'static str,
    description: &'static str,
    affected: u32,
    degrades: bool,
    reply: &'static str,
    note: &'static str,
    thanks: &'static str,
    solution: &'static str,
}

macro_rules! plot {
    ($service:literal, $unit:literal, $category:literal, $affected:literal, $degrades:literal,
     $subject:literal, $description:literal, $reply:literal, $note:literal, $thanks:literal,
     $solution:literal) => {
        Plot {
            service: $service,
            unit: $unit,
            category: $category,
            subject: $subject,
            description: $description,
            affected: $affected,
            degrades: $degrades,
            reply: $reply,
            note: $note,
            thanks: $thanks,
            solution: $solution,
        }
    };
}

const PLOTS: &[Plot] = &[
    plot!(
        "b2share",
        "b2share",
        "incident",
        12,
        false,
        "Upload of a {gb} GB NetCDF file stops at 99 %",
        "I upload climate model output ({gb} GB, one NetCDF file) through the web form. It runs for about three hours, reaches 99 % and then says:\n\n    checksum mismatch (expected md5:9f2c4e, got md5:41aa07)\n\nI tried three times from two networks. Files below 20 GB work.",
        "Thank you for the report. The file arrives whole at our side, but the storage returns another checksum for anything above 32 GB. We look into it with the storage team; splitting the file by year gets you below the limit meanwhile.",
        "Same shape as the case in March: gateway update, last part of a multipart object merged twice.",
        "Splitting works, but the journal wants one DOI for one file. Can I reserve the DOI now?",
        "The gateway no longer cuts objects above 32 GB. Please try the upload once more."
    ),
    plot!(
        "b2share",
        "b2share",
        "service_request",
        1,
        false,
        "New community “{topic}” in B2SHARE",
        "Our project on {topic} needs a community space with four curators. The metadata schema is the standard one.",
        "We can set it up. Who should be the first curator, and under which name shall it appear?",
        "Ask data management whether they already have a space.",
        "The first curator is our data steward; the name in the subject is right.",
        "The community is there and its first curator can invite the others."
    ),
    plot!(
        "b2share",
        "b2share",
        "incident",
        3,
        false,
        "DOI of data set {n} shows the wrong title",
        "The landing page has the right title, but the DOI record {n} still shows the draft's one. It was published last week.",
        "The registration agency has an old copy. We send the record again.",
        "",
        "It looks right at our library now as well.",
        "The record was sent again and the new title is shown everywhere."
    ),
    plot!(
        "checkin",
        "checkin",
        "incident",
        61,
        true,
        "Login loops back to the list of institutes ({place})",
        "Since this morning I choose my university in {place}, sign in there, and am back at the list of institutes. Private window, another browser: the same.",
        "We see this for several institutes in {place} and work on it. Until then the ORCID sign-in works.",
        "Their identity provider sends the old signing key after the roll-over.",
        "ORCID works, thank you, but our group rights are missing with it.",
        "The metadata of the institutes was refreshed; sign-in works again."
    ),
    plot!(
        "checkin",
        "checkin",
        "incident",
        7,
        false,
        "Group membership {topic} missing in the token",
        "My token no longer has the group for {topic}, so the portal refuses me. It worked until Friday.",
        "Your membership ran out on Friday. I have asked the group's managers to renew it.",
        "",
        "Renewed, I am in again.",
        "The membership was renewed; tokens carry the group again."
    ),
    plot!(
        "checkin",
        "checkin",
        "service_request",
        1,
        false,
        "Register a new client for the {topic} portal",
        "We would like to register an OpenID Connect client for our {topic} portal, test environment first.",
        "Please send the redirect addresses and a contact for security notices.",
        "",
        "Sent in the form just now.",
        "The client is registered for the test environment."
    ),
    plot!(
        "fedcloud",
        "fedcloud",
        "service_request",
        40,
        false,
        "Quota for a training course in {place}, 40 people",
        "We give a course in {place} with 40 participants. Starting the 17th machine fails:\n\n    HTTP 403 Quota exceeded for cores: Requested 4, but already used 64 of 64 cores\n\nCould the quota be raised to 160 cores for the week?",
        "That is possible at two sites. Which dates are the course, and does it need public addresses?",
        "CESNET and INFN both have room that week.",
        "The course is next week, Monday to Thursday; no public addresses needed.",
        "The quota is raised to 160 cores until the end of the course."
    ),
    plot!(
        "fedcloud",
        "fedcloud",
        "incident",
        2,
        false,
        "VM {n} can not be reached after a restart",
        "After the restart on Sunday machine {n} has an address but does not answer, neither ping nor SSH.",
        "The machine came up without its security group. Please try again now.",
        "Third one this week at the same site.",
        "It answers again.",
        "The security group was attached again; the site fixes the cause with the next update."
    ),
    plot!(
        "fedcloud",
        "cesnet-cloud",
        "incident",
        9,
        false,
        "Images of {topic} missing at one site",
        "The image list for {topic} is empty at the CESNET site, while the other sites have it.",
        "The image sync had stopped. It runs again and will need about an hour.",
        "",
        "All images are back.",
        "The image sync was restarted and all images are there."
    ),
    plot!(
        "object-storage",
        "storage",
        "incident",
        6,
        false,
        "S3 bucket {topic}-raw answers with 503",
        "Reading from the bucket {topic}-raw gives 503 SlowDown for every tenth request since Tuesday.",
        "One gateway is overloaded. We have taken it out of the rotation; please tell us whether it gets better.",
        "Gateway 3 swaps; needs more memory.",
        "Much better, only one error in an hour.",
        "The gateway was replaced; no more errors for two days."
    ),
    plot!(
        "object-storage",
        "storage",
        "service_request",
        1,
        false,
        "More space for {topic}: {gb} TB",
        "Our project {topic} will need {gb} TB more by the end of the quarter.",
        "That needs the agreement of the resource provider; I have asked them.",
        "",
        "",
        "The space is granted and visible in your account."
    ),
    plot!(
        "object-storage",
        "juelich-storage",
        "incident",
        4,
        false,
        "Replica of data set {n} in Jülich is incomplete",
        "The fixity check says that 14 files of data set {n} are missing in the Jülich replica.",
        "We compare both sides and copy what is missing.",
        "The tape library was down during the copy.",
        "Thank you, the check passes.",
        "The missing files were copied and the fixity check passes."
    ),
    plot!(
        "notebooks",
        "notebooks",
        "incident",
        15,
        false,
        "Kernel dies when opening the {topic} notebook",
        "The kernel dies without a message when I load the {topic} data (about {gb} GB). It worked with the old environment.",
        "The memory limit of the new environment is lower by mistake. We are changing it.",
        "",
        "Works with the new limit.",
        "The memory limit is as it was before."
    ),
    plot!(
        "notebooks",
        "notebooks",
        "documentation",
        1,
        false,
        "Guide does not say how to keep installed packages",
        "Packages that I install are gone the next day. The guide does not mention it.",
        "You are right: only the home folder is kept. We add a chapter with an example.",
        "",
        "",
        "The guide has a new chapter on keeping packages."
    ),
    plot!(
        "b2find",
        "b2find",
        "incident",
        8,
        false,
        "Records of {topic} are missing in the catalogue",
        "About 200 records of our {topic} collection have not been in the catalogue since the last harvest.",
        "The harvest stopped at a record with a broken date. We skip it and run again tonight.",
        "Tell them to validate their feed.",
        "All records are back, thanks.",
        "The harvest was repeated; all records are back."
    ),
    plot!(
        "transfer",
        "transfer",
        "incident",
        55,
        true,
        "Transfers to {place} fail with a time-out",
        "All transfers to the endpoint in {place} have failed since 04:00:\n\n    TRANSFER ERROR: connection timed out after 30 seconds",
        "The site in {place} has a network problem and works on it. Transfers are kept and start again by themselves.",
        "Called the site; fibre cut.",
        "They are moving again.",
        "The network of the site is back and the queue has drained."
    ),
    plot!(
        "transfer",
        "transfer",
        "incident",
        1,
        false,
        "Transfer job {n} stays in state “submitted”",
        "My job {n} has been waiting for two days. Others from the same group go through.",
        "It waits for a token that ran out. Please submit it again; we look why it was not refused.",
        "",
        "The new one ran at once.",
        "Submitting again helped; jobs with dead tokens are refused now."
    ),
    plot!(
        "transfer",
        "surf-archive",
        "incident",
        3,
        false,
        "Recall of {gb} TB from tape takes very long",
        "The recall of {gb} TB from the archive has been running for a week.",
        "Two of four drives are in repair. It will be faster from Thursday.",
        "",
        "",
        "All drives work again; the recall is complete."
    ),
    plot!(
        "b2drop",
        "b2drop",
        "incident",
        2,
        false,
        "Desktop client asks for the password again and again",
        "Since the update to version {n} the desktop client asks for the password every minute.",
        "Please make an app password in the web page's settings and use that one.",
        "",
        "That helped.",
        "With an app password the client stays signed in."
    ),
    plot!(
        "b2handle",
        "b2handle",
        "service_request",
        1,
        false,
        "Handle prefix for the {topic} repository",
        "We start a repository for {topic} and need a handle prefix and credentials.",
        "Please tell us the expected number of handles per year and a technical contact.",
        "",
        "About 50,000 a year; the contact is me.",
        "The prefix is registered; the credentials were sent separately."
    ),
    plot!(
        "htc",
        "htc",
        "incident",
        11,
        false,
        "Jobs of {topic} are killed after 12 hours in {place}",
        "Jobs of our community {topic} are killed after 12 hours at the cluster in {place}, although the queue allows 48.",
        "The limit was changed by mistake with the last update. The site is correcting it.",
        "",
        "Jobs run through again.",
        "The limit of 48 hours is back."
    ),
    plot!(
        "htc",
        "trust",
        "incident",
        4,
        false,
        "Host certificate in {place} is not trusted",
        "Submitting to {place} fails:\n\n    certificate verify failed: unable to get local issuer certificate",
        "The site has not installed the new trust anchors yet. They know and do it today.",
        "",
        "",
        "The trust anchors were updated."
    ),
    plot!(
        "accounting",
        "accounting",
        "incident",
        5,
        false,
        "No accounting records for {place} in the last month",
        "The portal shows no usage for {place} since the first of the month.",
        "The publisher at the site had stopped. Records will be sent again from the beginning of the month.",
        "",
        "The numbers look right now.",
        "All records of the month were published again."
    ),
    plot!(
        "monitoring",
        "monitoring",
        "incident",
        1,
        false,
        "Probe says {place} is down, but it is not",
        "The availability of our site in {place} drops although the service answers. The probe uses an old address.",
        "The address in the site's registration is the old one. Please change it there; the probe follows within an hour.",
        "",
        "Changed, and green again.",
        "The registration was corrected and the month is recomputed."
    ),
    plot!(
        "",
        "first-level",
        "service_request",
        1,
        false,
        "Which service keeps {gb} TB for ten years?",
        "We look for a place for {gb} TB of {topic} data which must be kept for ten years. Which service is right?",
        "B2SAFE is made for that. How often would you read the data?",
        "",
        "Hardly ever, perhaps once a year.",
        "We have brought you together with the team for long-term storage."
    ),
    plot!(
        "",
        "first-level",
        "incident",
        2,
        false,
        "Portal of {topic} shows an empty page",
        "The portal of {topic} shows an empty page since yesterday; I do not know who runs it.",
        "We found the team that runs it and passed your report on.",
        "",
        "It works again.",
        "The portal was restarted by its team."
    ),
];

const TOPICS: [&str; 14] = [
    "ocean temperature",
    "climate adaptation",
    "plant genomics",
    "solar wind",
    "protein folding",
    "glacier mass",
    "river discharge",
    "urban air quality",
    "neutron scattering",
    "soil moisture",
    "bird migration",
    "gravitational waves",
    "language corpora",
    "seismic noise",
];
const PLACES: [&str; 12] = [
    "Prague",
    "Bologna",
    "Santander",
    "Amsterdam",
    "Jülich",
    "Helsinki",
    "Lisbon",
    "Kraków",
    "Lyon",
    "Athens",
    "Oslo",
    "Bratislava",
];

/// How many tickets there are, by stage, oldest stages first.
const STAGES: [(Stage, usize); 11] = [
    (Stage::Closed, 74),
    (Stage::Verified, 66),
    (Stage::Unsolved, 10),
    (Stage::Solved, 30),
    (Stage::OnHold, 10),
    (Stage::Waiting, 16),
    (Stage::Reopened, 6),
    (Stage::Answered, 24),
    (Stage::InProgress, 26),
    (Stage::Assigned, 22),
    (Stage::New, 14),
];

/// Fills the blanks of a plot, the same way for all its texts.
fn fill_in(chance: &mut Chance) -> impl Fn(&str) -> String + use<> {
    let gb = [2, 5, 12, 22, 38, 46, 60, 85][chance.below(8)].to_string();
    let topic = (*chance.pick(&TOPICS)).to_owned();
    let place = (*chance.pick(&PLACES)).to_owned();
    let n = (1000 + chance.below(9000)).to_string();
    move |text: &str| {
        text.replace("{gb}", &gb)
            .replace("{topic}", &topic)
            .replace("{place}", &place)
            .replace("{n}", &n)
    }
}

/// One ticket to be played.
struct Play {
    plot: &'static Plot,
    stage: Stage,
    requester: PersonId,
    email: String,
    at: Millis,
    seed: u64,
}

pub(super) async fn play(past: &Desk, cast: &Cast, now: Millis) -> Result<(), Error> {
    let mut chance = Chance(20_260);
    let stages: Vec<Stage> = STAGES
        .iter()
        .flat_map(|(stage, n)| std::iter::repeat_n(*stage, *n))
        .collect();
    let mut plays = Vec::new();
    for (i, stage) in stages.iter().enumerate() {
        let age = age(*stage, i, &mut chance);
        let person = if i % 23 == 5 {
            cast.user
        } else {
            *chance.pick(&cast.requesters)
        };
        // New tickets are those that nothing routes: no service is named.
        let plot = loop {
            let plot = chance.pick(PLOTS);
            if (*stage == Stage::New) == plot.service.is_empty() || chance.below(12) == 0 {
                break plot;
            }
        };
        plays.push(Play {
            plot,
            stage: *stage,
            requester: person,
            email: email_of(cast, person),
            at: now - age,
            seed: chance.next(),
        });
    }
    plays.sort_by_key(|p| p.at);
    // Opened one after the other, so that numbers rise with time; what
    // happens to them then can happen side by side.
    let mut running = tokio::task::JoinSet::new();
    for play in plays {
        let clock = Arc::new(FakeClock::at(play.at));
        let desk = past.with_clock(clock.clone());
        let number = open(&desk, &play).await?;
        let staff = cast.staff.get(play.plot.unit).cloned().unwrap_or_default();
        running.spawn(async move {
            tell(&desk, &clock, number, &play, staff, now)
                .await
                .map_err(|e| Error::Internal(format!("demo ticket {number}: {e}")))
        });
    }
    while let Some(done) = running.join_next().await {
        done.map_err(|e| Error::Internal(format!("demo: {e}")))??;
    }
    related(past, cast, now).await
}

fn age(stage: Stage, i: usize, chance: &mut Chance) -> Millis {
    let jitter = chance.below(10 * 60) as i64 * MINUTE;
    let days = |from: i64, to: i64, chance: &mut Chance| {
        (from + chance.below((to - from) as usize) as i64) * DAY
    };
    jitter
        + match stage {
            Stage::Closed => days(26, 58, chance),
            Stage::Verified | Stage::Unsolved => days(8, 50, chance),
            Stage::Solved => days(3, 9, chance),
            Stage::OnHold | Stage::Waiting | Stage::Reopened => days(4, 14, chance),
            Stage::Answered | Stage::InProgress => days(1, 6, chance),
            Stage::Assigned => 20 * HOUR + (i as i64 % 9) * HOUR,
            Stage::New => 20 * MINUTE,
        }
}

fn email_of(cast: &Cast, person: PersonId) -> String {
    if person == cast.user {
        "user@demo".into()
    } else {
        federation::address(cast.names.get(&person).map_or("", String::as_str))
    }
}

async fn open(desk: &Desk, play: &Play) -> Result<TicketNumber, Error> {
    let mut chance = Chance(play.seed);
    let words = fill_in(&mut chance);
    let plot = play.plot;
    let files = if chance.below(5) == 0 {
        vec![NewFile {
            name: "console.log".into(),
            media_type: "text/plain".into(),
            bytes: format!(
                "09:14:02 start\n09:14:07 retry 1\n{}\n",
                words(plot.subject)
            )
            .into_bytes(),
            content_id: None,
        }]
    } else {
        Vec::new()
    };
    let requester = desk.actor_for(play.requester, Channel::Web).await?;
    let request = OpenRequest {
        subject: words(plot.subject),
        description: words(plot.description),
        service: (!plot.service.is_empty() && play.stage != Stage::New)
            .then(|| plot.service.to_owned()),
        category: Some(plot.category.into()),
        affected_users: Some(plot.affected + chance.below(3) as u32),
        degrades_service: plot.degrades && chance.below(2) == 0,
        since: Some(play.at - HOUR),
        requester: Some(RequesterRef {
            email: play.email.clone(),
            name: String::new(),
        }),
        cc: if chance.below(7) == 0 {
            vec!["colleague@institute.example".into()]
        } else {
            Vec::new()
        },
        files,
        ..OpenRequest::default()
    };
    Ok(desk.open_ticket(&requester, request).await?.number)
}

fn write(visibility: EntryVisibility, body: String) -> Step {
    Step::Write(visibility, draft(body))
}

fn draft(body: String) -> EntryDraft {
    EntryDraft {
        body,
        ..EntryDraft::default()
    }
}

/// What happens to one ticket after it was opened.
async fn tell(
    desk: &Desk,
    clock: &FakeClock,
    number: TicketNumber,
    play: &Play,
    staff: Vec<PersonId>,
    now: Millis,
) -> Result<(), Error> {
    if play.stage == Stage::New {
        return Ok(());
    }
    let mut chance = Chance(play.seed);
    let words = fill_in(&mut chance);
    let plot = play.plot;
    let wait = |minutes: i64| {
        let left = (now - MINUTE - desk.now()).max(0);
        clock.advance((minutes * MINUTE).min(left));
    };
    let system = Actor::system(Channel::Job);
    let unit = desk.catalogue().await?.find_unit("unit", plot.unit)?.id;
    let requester = desk.actor_for(play.requester, Channel::Web).await?;
    let owner_id = *chance.pick(&staff);
    let owner = desk.actor_for(owner_id, Channel::Web).await?;
    wait(20 + chance.below(200) as i64);
    // First level confirms the priority and hands over where needed.
    desk.act(
        &system,
        number,
        None,
        vec![
            Step::Command(Command::ConfirmPriority),
            Step::Command(Command::Assign { unit, reason: None }),
        ],
    )
    .await?;
    if play.stage == Stage::Assigned {
        return Ok(());
    }
    wait(30 + chance.below(300) as i64);
    desk.act(
        &owner,
        number,
        None,
        vec![
            Step::Command(Command::SetOwner {
                owner: Some(owner_id),
            }),
            Step::Command(Command::Start),
        ],
    )
    .await?;
    if !plot.note.is_empty() {
        wait(15);
        desk.act(
            &owner,
            number,
            None,
            vec![write(EntryVisibility::Internal, words(plot.note))],
        )
        .await?;
    }
    if play.stage == Stage::InProgress {
        return Ok(());
    }
    wait(40 + chance.below(400) as i64);
    desk.act(
        &owner,
        number,
        None,
        vec![write(EntryVisibility::Public, words(plot.reply))],
    )
    .await?;
    match play.stage {
        Stage::Waiting => {
            let ask = Command::Await { reminder: None };
            desk.act(&owner, number, None, vec![Step::Command(ask)])
                .await?;
            return Ok(());
        }
        Stage::OnHold => {
            let hold = Command::Hold {
                reason: "Waits for the site's next maintenance.".into(),
                reminder: Some(now + 3 * DAY),
                eta: Some(now + 6 * DAY),
            };
            desk.act(&owner, number, None, vec![Step::Command(hold)])
                .await?;
            return Ok(());
        }
        _ => {}
    }
    if !plot.thanks.is_empty() {
        wait(60 + chance.below(600) as i64);
        desk.act(
            &requester,
            number,
            None,
            vec![write(EntryVisibility::Public, words(plot.thanks))],
        )
        .await?;
    }
    if play.stage == Stage::Answered {
        return Ok(());
    }
    wait(120 + chance.below(1200) as i64);
    if play.stage == Stage::Unsolved {
        let reason =
            "The site that held the data has left the federation; nothing can be restored.";
        let step = Step::GiveUp(SolutionKind::WontFix, draft(reason.into()));
        desk.act(&owner, number, None, vec![step]).await?;
        return Ok(());
    }
    let kind = if chance.below(6) == 0 {
        SolutionKind::Workaround
    } else {
        SolutionKind::Fixed
    };
    let solve = Step::Solve(kind, draft(words(plot.solution)));
    desk.act(&owner, number, None, vec![solve]).await?;
    match play.stage {
        Stage::Reopened => {
            wait(600);
            let still = "Sorry, it is back: the same message as before.";
            let step = Step::Reopen(Some(draft(still.into())));
            desk.act(&requester, number, None, vec![step]).await?;
        }
        Stage::Verified => {
            wait(300 + chance.below(2000) as i64);
            desk.act(
                &requester,
                number,
                None,
                vec![Step::Command(Command::Verify)],
            )
            .await?;
        }
        Stage::Closed => {
            wait(15 * 24 * 60);
            desk.act(&system, number, None, vec![Step::Command(Command::Close)])
                .await?;
        }
        _ => {}
    }
    Ok(())
}

/// A few tickets with a history of their own: a master with slaves, a parent
/// with children, a danger to security, tags.
async fn related(past: &Desk, cast: &Cast, now: Millis) -> Result<(), Error> {
    let desk = past.with_clock(Arc::new(FakeClock::at(now - 3 * HOUR)));
    let first = desk.actor_for(cast.first_level, Channel::Web).await?;
    let act = async |number, steps| desk.act(&first, number, None, steps).await;
    let request = |subject: &str, text: &str| OpenRequest {
        subject: subject.into(),
        description: text.into(),
        ..OpenRequest::default()
    };
    let by = async |n: usize, request: OpenRequest| {
        let actor = desk
            .actor_for(cast.requesters[n % cast.requesters.len()], Channel::Web)
            .await?;
        Ok::<_, Error>(desk.open_ticket(&actor, request).await?.number)
    };
    let master = by(3, OpenRequest {
        service: Some("checkin".into()),
        affected_users: Some(61),
        ..request(
            "Sign-in loops back to the list of institutes",
            "Nobody at our university can sign in since 09:10: after the password the list of institutes comes again.",
        )
    })
    .await?;
    for (n, subject) in [
        "Endless redirect after choosing my university",
        "Login page sends me round in circles",
        "Can not sign in any more",
        "Institute list again and again",
        "Redirect loop at sign-in",
        "Check-in does not let me in",
    ]
    .into_iter()
    .enumerate()
    {
        let slave = by(4 + n, OpenRequest {
            service: Some("checkin".into()),
            ..request(subject, "Since this morning I can not sign in: I choose my university and am back at the list.")
        })
        .await?;
        act(
            slave,
            vec![Step::Command(Command::Relate {
                kind: RelationKind::SlaveOf,
                other: master,
            })],
        )
        .await?;
    }
    let parent = by(12, OpenRequest {
        service: Some("object-storage".into()),
        affected_users: Some(20),
        ..request("Move of the community buckets to the new gateway", "All buckets of our community have to be on the new gateway by the end of the month.")
    })
    .await?;
    for site in ["Jülich", "Helsinki"] {
        let child = by(
            12,
            OpenRequest {
                service: Some("object-storage".into()),
                ..request(
                    &format!("Gateway move: replica in {site}"),
                    "Part of the gateway move.",
                )
            },
        )
        .await?;
        act(
            parent,
            vec![Step::Command(Command::Relate {
                kind: RelationKind::ParentOf,
                other: child,
            })],
        )
        .await?;
    }
    by(
        7,
        OpenRequest {
            security_risk: SecurityRisk::Imminent,
            category: Some("incident".into()),
            ..request(
                "S3 key readable in a public transfer log",
                "A transfer log on a public page shows our S3 access key. It still works.",
            )
        },
    )
    .await?;
    act(
        master,
        vec![
            Step::Command(Command::SetTags(["incident-check-in".to_owned()].into())),
            Step::Command(Command::AddParty(Party {
                person: cast.requesters[9],
                role: PartyRole::Cc,
            })),
        ],
    )
    .await?;
    Ok(())
}
