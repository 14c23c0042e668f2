//! Communities: who is of which, and what that shows them.

use desk::community::{Community, CommunityDoc, Via};
use desk::report::Asked;
use desk::{EntryDraft, Error, OpenRequest, Patch, Step, TicketQuery};
use store::audit::Filter as Deeds;
use store::list::{Condition, Filter};
use switchboard_core::{
    Actor, Channel, Command, EntryVisibility, PersonId, SolutionKind, Status, TicketNumber,
    TicketType, Visibility,
};
use testkit::{TestDesk, both};

async fn actor(desk: &TestDesk, person: PersonId) -> Actor {
    desk.desk.actor_for(person, Channel::Web).await.unwrap()
}

async fn listed(desk: &TestDesk, actor: &Actor, q: &str, filter: Filter) -> Vec<i64> {
    let query = TicketQuery {
        q: q.into(),
        filter: filter.clone(),
        ..TicketQuery::default()
    };
    let page = desk.desk.tickets(actor, query).await.unwrap();
    let found: Vec<i64> = page.items.iter().map(|i| i.number.0).collect();
    let counted = desk
        .desk
        .count_tickets(actor, vec![(q.into(), filter)], 100)
        .await
        .unwrap();
    assert_eq!(counted, [found.len() as i64], "counted as listed");
    found
}

/// A ticket of Rita's in storage, of this community and visibility.
async fn ticket(desk: &TestDesk, rita: &Actor, community: &str, visibility: Visibility) -> i64 {
    let number = desk
        .desk
        .open_ticket(
            rita,
            OpenRequest {
                subject: "Calibration constants".into(),
                description: "Where are the constants of the spectrometer?".into(),
                service: Some("Archive".into()),
                community: Some(community.into()),
                ..OpenRequest::default()
            },
        )
        .await
        .unwrap()
        .number;
    show(desk, number, visibility).await;
    number.0
}

async fn show(desk: &TestDesk, number: TicketNumber, visibility: Visibility) {
    let patch = Patch {
        visibility: Some(visibility),
        ..Patch::default()
    };
    let system = Actor::system(Channel::Cli);
    desk.desk
        .change(&system, number, None, patch)
        .await
        .unwrap();
    desk.run_jobs().await;
}

#[test]
fn what_is_open_to_a_community_is_listed_and_found_by_its_people_only() {
    both(|desk| async move {
        let f = desk.federation().await;
        desk.community("belle", false).await;
        desk.community("juno", false).await;
        desk.put_into("belle", &f.otto).await;
        let rita = actor(&desk, f.rita.id).await;
        let mut numbers = Vec::new();
        for community in ["belle", "juno"] {
            for visibility in [
                Visibility::Community,
                Visibility::Parties,
                Visibility::Restricted,
            ] {
                numbers.push(ticket(&desk, &rita, community, visibility).await);
            }
        }
        let (otto, nina, mona) = (
            actor(&desk, f.otto.id).await,
            actor(&desk, f.nina.id).await,
            actor(&desk, f.mona.id).await,
        );
        assert_eq!(otto.communities, ["belle"]);
        let all = Filter::default;
        for q in ["", "spectrometer", "calibration const", "community:belle"] {
            assert_eq!(listed(&desk, &otto, q, all()).await, [numbers[0]], "{q}");
            assert!(listed(&desk, &nina, q, all()).await.is_empty(), "{q}");
        }
        let shared = || all().and(Condition::Shared(vec!["belle".into()]));
        assert_eq!(listed(&desk, &otto, "", shared()).await, [numbers[0]]);
        assert_eq!(listed(&desk, &mona, "", shared()).await, [numbers[0]]);
        // Asking for another community's gives what one may see anyhow.
        let others = all().and(Condition::Shared(vec!["juno".into()]));
        assert!(listed(&desk, &otto, "", others).await.is_empty());
        let nothing = all().and(Condition::Shared(Vec::new()));
        assert!(listed(&desk, &otto, "", nothing).await.is_empty());
        let page = desk.desk.ticket(&otto, TicketNumber(numbers[0])).await;
        assert!(page.unwrap().access.community);
        for hidden in &numbers[1..] {
            let page = desk.desk.ticket(&otto, TicketNumber(*hidden)).await;
            assert!(matches!(page, Err(Error::NotFound { .. })), "{hidden}");
        }
        // Closed again, it is gone from everywhere.
        show(&desk, TicketNumber(numbers[0]), Visibility::Parties).await;
        for q in ["", "spectrometer"] {
            assert!(listed(&desk, &otto, q, all()).await.is_empty());
        }
        // So it is for who leaves.
        show(&desk, TicketNumber(numbers[0]), Visibility::Community).await;
        assert_eq!(
            listed(&desk, &otto, "spectrometer", all()).await,
            [numbers[0]]
        );
        let system = Actor::system(Channel::Cli);
        desk.desk
            .put_into_community(&system, "belle", &f.otto.email, false)
            .await
            .unwrap();
        let otto = actor(&desk, f.otto.id).await;
        assert!(listed(&desk, &otto, "spectrometer", all()).await.is_empty());
    });
}

#[test]
fn each_way_into_a_community_is_kept_by_itself_and_on_record() {
    both(|desk| async move {
        let f = desk.federation().await;
        desk.community("belle", false).await;
        desk.community("open.science", true).await;
        let otto = actor(&desk, f.otto.id).await;
        // Only an open one can be chosen.
        let refused = desk.desk.choose_community(&otto, "belle", true).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        let missing = desk.desk.choose_community(&otto, "nowhere", true).await;
        assert!(matches!(missing, Err(Error::NotFound { .. })));
        desk.desk
            .choose_community(&otto, "open.science", true)
            .await
            .unwrap();
        desk.put_into("open.science", &f.otto).await;
        let of = async || actor(&desk, f.otto.id).await.communities;
        assert_eq!(of().await, ["open.science"]);
        // Their own choice ends; the administrator's stays.
        desk.desk
            .choose_community(&otto, "open.science", false)
            .await
            .unwrap();
        assert_eq!(of().await, ["open.science"]);
        let choices = desk.desk.community_choices(&otto).await.unwrap();
        assert_eq!(choices.len(), 1);
        assert_eq!(choices[0].via, [Via::Hand]);
        // Who may not administer can not put anybody anywhere.
        let refused = desk
            .desk
            .put_into_community(&otto, "belle", &f.otto.email, true)
            .await;
        assert!(matches!(refused, Err(Error::Forbidden(_))));
        let ada = actor(&desk, f.ada.id).await;
        desk.desk
            .put_into_community(&ada, "open.science", &f.otto.email, false)
            .await
            .unwrap();
        assert!(of().await.is_empty());
        let deeds = desk
            .desk
            .db()
            .read(|c| store::audit::find(c, &Deeds::default(), 100).map_err(Error::from))
            .await
            .unwrap();
        let person = f.otto.id.0.to_string();
        let mut of_otto: Vec<&str> = deeds
            .iter()
            .filter(|d| d.subject == person && d.action.starts_with("person.community"))
            .map(|d| d.action.as_str())
            .collect();
        of_otto.sort_unstable();
        let (joined, left) = ("person.community_joined", "person.community_left");
        assert_eq!(of_otto, [joined, joined, left, left]);
    });
}

#[test]
fn a_retired_community_shows_nothing_and_takes_nobody() {
    both(|desk| async move {
        let f = desk.federation().await;
        desk.community("belle", true).await;
        desk.put_into("belle", &f.otto).await;
        let rita = actor(&desk, f.rita.id).await;
        let number = ticket(
            &desk,
            &rita,
            "The belle collaboration",
            Visibility::Community,
        )
        .await;
        let otto = actor(&desk, f.otto.id).await;
        assert_eq!(listed(&desk, &otto, "", Filter::default()).await, [number]);
        let ada = actor(&desk, f.ada.id).await;
        let (belle, people) = desk.desk.community_page(&ada, "belle").await.unwrap();
        assert_eq!(people.len(), 1);
        let retired = Community {
            active: false,
            ..belle
        };
        desk.desk
            .save_community(&ada, retired, false)
            .await
            .unwrap();
        let otto = actor(&desk, f.otto.id).await;
        assert!(otto.communities.is_empty());
        assert!(listed(&desk, &otto, "", Filter::default()).await.is_empty());
        let again = desk.desk.choose_community(&otto, "belle", true).await;
        assert!(matches!(again, Err(Error::NotFound { .. })));
        let open = OpenRequest {
            subject: "s".into(),
            description: "d".into(),
            community: Some("belle".into()),
            ..OpenRequest::default()
        };
        let refused = desk.desk.open_ticket(&rita, open).await.unwrap_err();
        assert!(matches!(refused, Error::Invalid { field, .. } if field == "community"));
    });
}

#[test]
fn no_two_communities_are_called_the_same() {
    both(|desk| async move {
        let f = desk.federation().await;
        let ada = actor(&desk, f.ada.id).await;
        let community = |key: &str, name: &str, aliases: &[&str]| Community {
            key: key.into(),
            name: name.into(),
            description: String::new(),
            open: false,
            active: true,
            doc: CommunityDoc {
                aliases: aliases.iter().map(|a| (*a).to_owned()).collect(),
            },
        };
        let save = async |c: Community| desk.desk.save_community(&ada, c, true).await;
        save(community("belle", "Belle II", &["belle2", "B2"]))
            .await
            .unwrap();
        let wrong = [
            (community("belle", "Other", &[]), "key"),
            (community("B2", "Other", &[]), "key"),
            (community("Belle.X", "Other", &[]), "key"),
            (community("x y", "Other", &[]), "key"),
            (community("", "Other", &[]), "key"),
            (community("b2", "Other", &[]), "key"),
            (community("other", "belle ii", &[]), "name"),
            (community("other", " ", &[]), "name"),
            (community("other", "Other", &["BELLE2"]), "aliases"),
        ];
        for (community, field) in wrong {
            let what = format!("{community:?}");
            match save(community).await {
                Err(Error::Invalid { field: named, .. }) => assert_eq!(named, field, "{what}"),
                other => panic!("{what}: {other:?}"),
            }
        }
        // A ticket's community is its key, whatever it was called.
        let rita = actor(&desk, f.rita.id).await;
        let number = ticket(&desk, &rita, "b2", Visibility::Parties).await;
        let seen = desk.desk.ticket(&rita, TicketNumber(number)).await.unwrap();
        assert_eq!(seen.community.as_deref(), Some("belle"));
    });
}

fn for_the_team(community: &str) -> OpenRequest {
    OpenRequest {
        subject: "Calibration of the team".into(),
        description: "Who has the constants?".into(),
        service: Some("Archive".into()),
        community: Some(community.into()),
        kind: TicketType::Team,
        ..OpenRequest::default()
    }
}

fn wrong_community<T: std::fmt::Debug>(answer: Result<T, Error>) -> String {
    match answer {
        Err(Error::Invalid { field, problem }) if field == "community" => problem,
        other => panic!("{other:?}"),
    }
}

/// Lists, queries and reports tell team tickets from others.
#[test]
fn team_tickets_are_found_by_their_kind() {
    both(|desk| async move {
        let f = desk.federation().await;
        desk.community("belle", false).await;
        desk.put_into("belle", &f.otto).await;
        let otto = actor(&desk, f.otto.id).await;
        let usual = ticket(&desk, &otto, "belle", Visibility::Parties).await;
        let opened = desk.desk.open_ticket(&otto, for_the_team("belle")).await;
        let number = opened.unwrap().number;
        desk.run_jobs().await;
        let fay = actor(&desk, f.fay.id).await;
        for who in [&otto, &fay] {
            for (q, found) in [
                ("kind:team", number.0),
                ("kind:team calibration", number.0),
                ("-kind:team", usual),
                ("kind:user status:open", usual),
            ] {
                assert_eq!(
                    listed(&desk, who, q, Filter::default()).await,
                    [found],
                    "{q}"
                );
            }
            let alarms = listed(&desk, who, "kind:alarm", Filter::default()).await;
            assert!(alarms.is_empty());
        }

        let asked = Asked {
            report: "submitted".into(),
            group: "type".into(),
            ..Asked::default()
        };
        let sheet = desk.desk.report(&fay, asked).await.unwrap();
        let row = sheet.rows.iter().find(|r| r.key == "team").unwrap();
        assert_eq!(row.name, "Team");
        let query = row.submitted.clone().unwrap();
        assert!(query.contains("kind:team"), "{query}");
        let behind = listed(&desk, &fay, &query, Filter::default()).await;
        assert_eq!(behind, [number.0]);
    });
}

#[test]
fn a_team_ticket_is_edited_by_those_who_were_put_into_the_team_and_by_nobody_who_joined() {
    both(|desk| async move {
        let f = desk.federation().await;
        for (key, open) in [("belle", false), ("juno", false), ("open", true)] {
            desk.community(key, open).await;
        }
        let mate = desk.person("Mate").await;
        for person in [&f.otto, &mate] {
            desk.put_into("belle", person).await;
            desk.put_into("open", person).await;
        }
        let otto = actor(&desk, f.otto.id).await;
        let (rita, sam) = (actor(&desk, f.rita.id).await, actor(&desk, f.sam.id).await);
        // Who is of no team, and what is no team.
        wrong_community(desk.desk.open_ticket(&rita, for_the_team("belle")).await);
        for who in [&otto, &sam] {
            let why = wrong_community(desk.desk.open_ticket(who, for_the_team("open")).await);
            assert!(why.contains("anybody can join"), "{why}");
        }
        let opened = desk.desk.open_ticket(&otto, for_the_team("belle")).await;
        let number = opened.unwrap().number;
        desk.run_jobs().await;

        // Later anybody can join; who does is of the community and not of the team.
        let ada = actor(&desk, f.ada.id).await;
        let (belle, _) = desk.desk.community_page(&ada, "belle").await.unwrap();
        let belle = Community {
            open: true,
            ..belle
        };
        desk.desk.save_community(&ada, belle, false).await.unwrap();
        desk.desk
            .choose_community(&rita, "belle", true)
            .await
            .unwrap();
        let rita = actor(&desk, f.rita.id).await;
        assert!(rita.is_of("belle"));
        let unseen = desk.desk.ticket(&rita, number).await;
        assert!(matches!(unseen, Err(Error::NotFound { .. })), "{unseen:?}");
        let mate = actor(&desk, mate.id).await;
        for (who, expected) in [(&rita, vec![]), (&mate, vec![number.0])] {
            for q in ["", "calibration"] {
                assert_eq!(listed(&desk, who, q, Filter::default()).await, expected);
            }
            let shared = Filter::default().and(Condition::Shared(who.shares()));
            assert_eq!(listed(&desk, who, "", shared).await, expected);
        }

        // One of the team answers, and confirms what was done, in their own name.
        let draft = |text: &str| EntryDraft {
            body: text.into(),
            ..EntryDraft::default()
        };
        let says = |text: &str| vec![Step::Write(EntryVisibility::Public, draft(text))];
        let act = async |who: &Actor, steps: Vec<Step>| {
            desk.desk.act(who, number, None, steps).await.map(|_| ())
        };
        act(&mate, says("I have them.")).await.unwrap();
        let refused = act(&rita, says("Me too.")).await;
        assert!(
            matches!(refused, Err(Error::NotFound { .. })),
            "{refused:?}"
        );
        act(
            &sam,
            vec![Step::Solve(SolutionKind::Fixed, draft("Found."))],
        )
        .await
        .unwrap();
        act(&mate, vec![Step::Command(Command::Verify)])
            .await
            .unwrap();
        let seen = desk.desk.conversation(&otto, number).await.unwrap();
        assert_eq!(seen.ticket.status, Status::Verified);
        let entry = seen
            .entries
            .iter()
            .find(|e| e.body == "I have them.")
            .unwrap();
        assert_eq!(
            (entry.author, entry.author_side.as_str()),
            (mate.person, "requester")
        );
        let last = seen.events.last().unwrap();
        assert_eq!(last.actor, mate.person, "the history says who did it");
        // Its requester is told of what another of the team wrote.
        desk.run_jobs().await;
        let mails = desk.sent_mail();
        let to_otto = mails.iter().filter(|m| m.to.contains(&f.otto.email));
        assert_eq!(
            to_otto.filter(|m| m.text.contains("I have them.")).count(),
            1
        );
    });
}

#[test]
fn a_team_ticket_is_given_to_no_community_that_anybody_joins() {
    both(|desk| async move {
        let f = desk.federation().await;
        for (key, open) in [("belle", false), ("juno", false), ("open", true)] {
            desk.community(key, open).await;
        }
        let mate = desk.person("Mate").await;
        for person in [&f.otto, &mate] {
            desk.put_into("belle", person).await;
        }
        let (otto, sam) = (actor(&desk, f.otto.id).await, actor(&desk, f.sam.id).await);
        let mate = actor(&desk, mate.id).await;
        let opened = desk.desk.open_ticket(&otto, for_the_team("belle")).await;
        let number = opened.unwrap().number;
        let name = async |community: Option<&str>| {
            let patch = Patch {
                community: Some(community.map(str::to_owned)),
                ..Patch::default()
            };
            desk.desk.change(&sam, number, None, patch).await
        };
        wrong_community(name(Some("open")).await);
        wrong_community(name(None).await);
        assert!(desk.desk.ticket(&mate, number).await.is_ok());
        name(Some("juno")).await.unwrap();
        let gone = desk.desk.ticket(&mate, number).await;
        assert!(matches!(gone, Err(Error::NotFound { .. })), "{gone:?}");
    });
}
