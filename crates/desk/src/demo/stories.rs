//! What happened in the demo's past: three hundred tickets in all statuses.

use std::sync::Arc;

use switchboard_core::ticket::RelationKind;
use switchboard_core::{
    Actor, Channel, Command, EntryVisibility, Millis, Party, PartyRole, PersonId, SecurityRisk,
    SolutionKind, TicketNumber,
};

use super::plots::{PLOTS, Plot};
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
        // One plot after the other, so that none comes too often in a row.
        let plot = &PLOTS[(i * 7 + chance.below(2)) % PLOTS.len()];
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
