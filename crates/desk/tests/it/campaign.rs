//! One request to many sites: one ticket each, reminders to those who say nothing, and
//! the parent that ends when all have.

use desk::campaign::{AskedSites, Board, CampaignEdit, CampaignRequest};
use desk::site::SiteEdit;
use desk::{EntryDraft, Error, Step};
use switchboard_core::campaign::Standing;
use switchboard_core::{
    Actor, Channel, EntryVisibility, PersonId, SolutionKind, Status, TicketNumber,
};
use testkit::{Federation, TestDesk, both, config, postgres, runtime, sqlite};

use crate::nodes::Nodes;

const DAY: i64 = 86_400_000;

async fn actor(desk: &TestDesk, person: PersonId) -> Actor {
    desk.desk.actor_for(person, Channel::Web).await.unwrap()
}

async fn site(desk: &TestDesk, key: &str, unit: Option<&str>, contact: Option<&str>) {
    let edit = SiteEdit {
        name: Some(format!("Site {key}")),
        unit: Some(unit.map(str::to_owned)),
        contact: Some(contact.map(str::to_owned)),
        country: Some("Czechia".into()),
        ..SiteEdit::default()
    };
    let system = Actor::system(Channel::Cli);
    desk.desk
        .put_site(&system, key, true, None, edit)
        .await
        .unwrap();
}

/// Four sites: of a unit, of a unit that has a list, of somebody known, of a list.
async fn sites(desk: &TestDesk) -> (Federation, String) {
    let f = desk.federation().await;
    let ben = desk.person("Ben").await;
    site(desk, "north", Some("network"), None).await;
    site(desk, "south", Some("storage"), None).await;
    site(desk, "east", None, Some(&ben.email)).await;
    site(desk, "west", None, Some("grid@west.example")).await;
    site(desk, "nowhere", None, None).await;
    (f, ben.email)
}

fn request(sites: &[&str]) -> CampaignRequest {
    CampaignRequest {
        subject: "TLS at {{ site }}".into(),
        body: "Dear {{site}} in {{ country }}, is {{ site_key }} ready?".into(),
        unit: Some("storage".into()),
        sites: sites.iter().map(|s| (*s).to_owned()).collect(),
        remind: vec![3, 8],
        ..CampaignRequest::default()
    }
}

async fn ask(desk: &TestDesk, by: &Actor, request: CampaignRequest) -> AskedSites {
    desk.desk.ask_sites(by, request).await.unwrap()
}

async fn status(desk: &TestDesk, number: TicketNumber) -> Status {
    let system = Actor::system(Channel::Cli);
    desk.desk.ticket(&system, number).await.unwrap().status
}

async fn says(desk: &TestDesk, by: &Actor, number: TicketNumber, text: &str) {
    let draft = EntryDraft {
        body: text.into(),
        ..EntryDraft::default()
    };
    let step = Step::Write(EntryVisibility::Public, draft);
    desk.desk.act(by, number, None, vec![step]).await.unwrap();
}

async fn solves(desk: &TestDesk, by: &Actor, number: TicketNumber) {
    let draft = EntryDraft {
        body: "Done.".into(),
        ..EntryDraft::default()
    };
    let step = Step::Solve(SolutionKind::Fixed, draft);
    desk.desk.act(by, number, None, vec![step]).await.unwrap();
}

fn standing(board: &Board, site: &str) -> Option<Standing> {
    board.sites.iter().find(|s| s.site == site)?.standing
}

#[test]
fn each_site_gets_one_ticket_however_often_it_is_asked() {
    both(|desk| async move {
        let (f, ben) = sites(&desk).await;
        let stan = actor(&desk, f.stan.id).await;
        let keyed = CampaignRequest {
            idempotency: Some(("once".into(), vec![1])),
            ..request(&["north", "Site east", "WEST", "north"])
        };
        let asked = ask(&desk, &stan, keyed.clone()).await;
        let names: Vec<&str> = asked.opened.keys().map(String::as_str).collect();
        assert_eq!(names, ["east", "north", "west"]);
        let again = ask(&desk, &stan, keyed).await;
        assert!(again.repeated && again.opened.is_empty());
        assert_eq!(again.number, asked.number);

        // To the unit where there is one, else to the unit that asks and the contact.
        let system = Actor::system(Channel::Cli);
        let of = async |site: &str| {
            let number = asked.opened[site];
            desk.desk.ticket(&system, number).await.unwrap().state
        };
        let (north, east) = (of("north").await, of("east").await);
        assert_eq!((north.unit, east.unit), (f.network, f.storage));
        assert_eq!(north.subject, "TLS at Site north");
        assert_eq!(north.requester, f.stan.id);
        assert_eq!(north.parent(), Some(asked.number));
        let texts = desk.desk.conversation(&system, north.number).await.unwrap();
        assert_eq!(
            texts.entries[0].body,
            "Dear Site north in Czechia, is north ready?"
        );
        let parent = desk.desk.ticket(&system, asked.number).await.unwrap();
        assert_eq!(parent.status, Status::OnHold);
        assert_eq!(parent.subject, "TLS at");
        // Each is told once, of their own site only.
        desk.run_jobs().await;
        let to = |address: &str| {
            let mails = desk.sent_mail();
            mails.iter().filter(|m| m.to.contains(address)).count()
        };
        assert_eq!((to(&ben), to("grid@west.example")), (1, 1));

        // More sites later; those that are asked stay as they are.
        let more = desk
            .desk
            .add_sites(&stan, asked.number, vec!["south".into(), "north".into()])
            .await
            .unwrap();
        assert_eq!(more.opened.len(), 1);
        let board = desk.desk.board(&stan, asked.number).await.unwrap();
        assert_eq!(board.sites.len(), 4);
        assert_eq!(board.count(Standing::Silent), 4);
    });
}

#[test]
fn who_says_nothing_is_reminded_once_at_each_time_and_the_board_says_who_has() {
    both(|desk| async move {
        let (f, ben) = sites(&desk).await;
        let (stan, nina) = (actor(&desk, f.stan.id).await, actor(&desk, f.nina.id).await);
        let asked = ask(&desk, &stan, request(&["north", "east", "west", "south"])).await;
        desk.desk.start_timers().await.unwrap();
        desk.run_jobs().await;
        let reminders = |address: &str| {
            let mails = desk.sent_mail();
            mails
                .iter()
                .filter(|m| m.to.contains(address) && m.text.contains("for your site's answer"))
                .count()
        };
        let number = |site: &str| asked.opened[site];
        says(&desk, &nina, number("north"), "We look at it.").await;
        // Hours pass: what is due is done once, however often somebody looks.
        for (days, expected) in [(2, 0), (3, 1), (4, 1), (7, 1), (9, 1), (11, 2), (30, 2)] {
            let at = testkit::START + days * DAY;
            desk.clock.set(at);
            for _ in 0..3 {
                desk.clock.advance(60_001);
                desk.run_jobs().await;
            }
            assert_eq!(reminders(&ben), expected, "{days} days");
            assert_eq!(reminders("grid@west.example"), expected, "{days} days");
            assert_eq!(reminders(&f.nina.email), 0, "answered");
        }
        let board = desk.desk.board(&stan, asked.number).await.unwrap();
        assert_eq!(standing(&board, "north"), Some(Standing::Answered));
        let east = board.sites.iter().find(|s| s.site == "east").unwrap();
        assert_eq!(east.standing, Some(Standing::Silent));
        assert_eq!((east.reminded, east.since), (2, Some(east.asked_at)));
        assert!(!board.all_done());
        // The timers of all tickets can be made anew from the tickets.
        let rules = desk
            .desk
            .time_rules(&Actor::system(Channel::Cli))
            .await
            .unwrap();
        let more = switchboard_core::timer::TimeRules { close: 11, ..rules };
        let ada = actor(&desk, f.ada.id).await;
        desk.desk.set_time_rules(&ada, more).await.unwrap();
        desk.run_jobs().await;
        assert_eq!(reminders(&ben), 2);
        // Other reminders hold for those who are silent.
        let edit = CampaignEdit {
            remind: Some(vec![3, 8, 24]),
            due: Some(Some(testkit::START + 40 * DAY)),
        };
        desk.desk
            .change_campaign(&stan, asked.number, Some(1), edit.clone())
            .await
            .unwrap();
        let stale = desk
            .desk
            .change_campaign(&stan, asked.number, Some(1), edit)
            .await;
        assert_eq!(stale, Err(Error::Stale { current: 2 }));
        desk.clock.set(testkit::START + 60 * DAY);
        desk.run_jobs().await;
        assert_eq!(reminders(&ben), 3);
    });
}

#[test]
fn nodes_with_wrong_clocks_that_die_remind_once_each() {
    for place in [Some(sqlite()), postgres()].into_iter().flatten() {
        let url = place.url().to_owned();
        let test = TestDesk::on(place, config());
        // A day before and a day after.
        let nodes = Nodes::new(&test, &url, DAY);
        runtime().block_on(async {
            let (f, ben) = sites(&test).await;
            let stan = actor(&test, f.stan.id).await;
            let asked = ask(&test, &stan, request(&["north", "east", "west", "south"])).await;
            for day in 0..21 {
                nodes.a_day(&test, 3, day % 3 == 0).await;
            }
            test.run_jobs().await;
            // A delivery of a node whose clock is slow looks dead to one whose clock is fast,
            // so the same mail may go out once more.
            let mut mails = test.sent_mail();
            mails.sort_by(|a, b| a.raw.cmp(&b.raw));
            mails.dedup_by(|a, b| a.raw == b.raw);
            for to in [&ben, "grid@west.example"] {
                let told = mails
                    .iter()
                    .filter(|m| m.to.contains(to) && m.text.contains("for your site's answer"));
                assert_eq!(told.count(), 2, "{to}");
            }
            let board = test.desk.board(&stan, asked.number).await.unwrap();
            assert!(board.sites.iter().all(|site| site.reminded == 2));
        });
    }
}

#[test]
fn sites_are_left_and_asked_again_and_the_parent_ends_when_all_are_done() {
    both(|desk| async move {
        let (f, _) = sites(&desk).await;
        let stan = actor(&desk, f.stan.id).await;
        let nina = actor(&desk, f.nina.id).await;
        let asked = ask(&desk, &stan, request(&["north", "south", "west"])).await;
        let number = |site: &str| asked.opened[site];
        let leave = |why: &'static str| desk.desk.leave_site(&stan, asked.number, "west", why);
        let unsaid = leave("").await;
        assert!(matches!(unsaid, Err(Error::Invalid { field, .. }) if field == "reason"));
        leave("It was closed down.").await.unwrap();
        assert!(matches!(leave("Again.").await, Err(Error::NotFound { .. })));
        assert_eq!(status(&desk, number("west")).await, Status::Unsolved);
        let board = desk.desk.board(&stan, asked.number).await.unwrap();
        assert_eq!((board.asked().count(), board.sites.len()), (2, 3));

        // It was not closed down: a new ticket, as the old one was ended.
        let again = desk
            .desk
            .add_sites(&stan, asked.number, vec!["west".into()])
            .await
            .unwrap();
        assert_ne!(again.opened["west"], number("west"));
        assert_eq!(status(&desk, asked.number).await, Status::OnHold);
        solves(&desk, &nina, number("north")).await;
        solves(&desk, &stan, number("south")).await;
        let early = EntryDraft {
            body: "All are ready.".into(),
            ..EntryDraft::default()
        };
        let end = || vec![Step::Solve(SolutionKind::Fixed, early.clone())];
        let refused = desk.desk.act(&stan, asked.number, None, end()).await;
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
        solves(&desk, &stan, again.opened["west"]).await;
        let board = desk.desk.board(&stan, asked.number).await.unwrap();
        assert!(board.all_done());
        // It goes on, with nobody who has taken it.
        assert_eq!(status(&desk, asked.number).await, Status::Assigned);
        desk.desk
            .act(&stan, asked.number, None, end())
            .await
            .unwrap();
        let late = desk
            .desk
            .add_sites(&stan, asked.number, vec!["east".into()])
            .await;
        assert!(matches!(late, Err(Error::Conflict(_))), "{late:?}");
    });
}

#[test]
fn wrong_requests_name_what_is_wrong_and_open_nothing() {
    both(|desk| async move {
        let (f, _) = sites(&desk).await;
        let stan = actor(&desk, f.stan.id).await;
        let past = Some(testkit::START - 1);
        let sites = || vec!["north".to_owned()];
        for (field, wrong) in [
            ("sites", request(&[])),
            ("sites", request(&["nirgends"])),
            ("sites", request(&["nowhere"])),
            (
                "remind",
                CampaignRequest {
                    remind: vec![8, 3],
                    ..request(&["north"])
                },
            ),
            (
                "due",
                CampaignRequest {
                    due: past,
                    ..request(&["north"])
                },
            ),
            (
                "unit",
                CampaignRequest {
                    unit: None,
                    ..request(&["north"])
                },
            ),
            (
                "unit",
                CampaignRequest {
                    unit: Some("nix".into()),
                    ..request(&["north"])
                },
            ),
            (
                "subject",
                CampaignRequest {
                    subject: " ".into(),
                    ..request(&["north"])
                },
            ),
            (
                "text",
                CampaignRequest {
                    body: " ".into(),
                    ..request(&["north"])
                },
            ),
            (
                "text",
                CampaignRequest {
                    body: "{{ contact }}".into(),
                    ..request(&["north"])
                },
            ),
            (
                "subject",
                CampaignRequest {
                    subject: "To {{ site".into(),
                    ..request(&["north"])
                },
            ),
        ] {
            match desk.desk.ask_sites(&stan, wrong).await {
                Err(Error::Invalid { field: said, .. }) => assert_eq!(said, field),
                other => panic!("{field}: {other:?}"),
            }
        }
        // Who may not ask, and who may not see how others stand.
        for person in [f.sam.id, f.rita.id, f.mona.id, f.nina.id] {
            let who = actor(&desk, person).await;
            let refused = desk.desk.ask_sites(&who, request(&["north"])).await;
            assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        }
        let asked = ask(&desk, &stan, request(&["north", "east"])).await;
        let (sam, nina) = (actor(&desk, f.sam.id).await, actor(&desk, f.nina.id).await);
        assert_eq!(asked.number, TicketNumber(1), "nothing was opened before");
        assert!(
            desk.desk.board(&sam, asked.number).await.is_ok(),
            "their unit asks"
        );
        let foreign = desk.desk.board(&nina, asked.number).await;
        assert!(
            matches!(foreign, Err(Error::NotFound { .. })),
            "{foreign:?}"
        );
        for who in [&nina] {
            let refused = desk.desk.add_sites(who, asked.number, sites()).await;
            assert!(
                matches!(refused, Err(Error::Forbidden(_) | Error::NotFound { .. })),
                "{refused:?}"
            );
        }
        assert!(desk.desk.boards(&nina).await.unwrap().is_empty());
        assert_eq!(desk.desk.boards(&sam).await.unwrap().len(), 1);
        // A ticket that is there becomes the parent, once; a site's own does not.
        let child = CampaignRequest {
            ticket: Some(asked.opened["east"]),
            ..request(&["south"])
        };
        let refused = desk.desk.ask_sites(&stan, child).await;
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
        let twice = CampaignRequest {
            ticket: Some(asked.number),
            ..request(&["south"])
        };
        let refused = desk.desk.ask_sites(&stan, twice).await;
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    });
}
