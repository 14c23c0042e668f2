//! Portals: what comes by them goes to their own first level, which sees that
//! and nothing else.

use desk::portal::{Pair, PortalDoc};
use desk::portal_news::NewsDraft;
use desk::{Error, OpenRequest, Patch, TicketQuery};
use store::list::Filter;
use switchboard_core::{Actor, Channel, PersonId, SecurityRisk, Status, TicketNumber, Visibility};
use testkit::{TestDesk, both};

async fn actor(desk: &TestDesk, person: PersonId) -> Actor {
    desk.desk.actor_for(person, Channel::Web).await.unwrap()
}

fn request(portal: &str) -> OpenRequest {
    OpenRequest {
        subject: "Where is the manual?".into(),
        description: "I look for the manual of the spectrometer.".into(),
        portal: Some(portal.into()),
        ..OpenRequest::default()
    }
}

async fn found(desk: &TestDesk, actor: &Actor, q: &str) -> Vec<i64> {
    let query = TicketQuery {
        q: q.into(),
        filter: Filter::default(),
        ..TicketQuery::default()
    };
    let page = desk.desk.tickets(actor, query).await.unwrap();
    page.items.iter().map(|i| i.number.0).collect()
}

async fn unit_of(desk: &TestDesk, number: TicketNumber) -> String {
    let system = Actor::system(Channel::Cli);
    desk.desk.ticket(&system, number).await.unwrap().unit.key
}

#[test]
fn a_request_goes_to_the_portals_first_level_and_on_to_that_of_the_desk() {
    both(|desk| async move {
        let f = desk.federation().await;
        let pia = desk
            .account(desk::account::NewAccount {
                name: "Pia".into(),
                support: true,
                ..Default::default()
            })
            .await;
        desk.portal("belle", &[&pia], &["Archive"]).await;
        let rita = actor(&desk, f.rita.id).await;
        let open = async |request| desk.desk.open_ticket(&rita, request).await.unwrap().number;
        let general = open(request("belle")).await;
        let archive = open(OpenRequest {
            service: Some("Archive".into()),
            ..request("belle")
        })
        .await;
        let elsewhere = open(OpenRequest {
            portal: None,
            ..request("belle")
        })
        .await;
        let system = Actor::system(Channel::Cli);
        let seen = desk.desk.ticket(&system, general).await.unwrap();
        assert_eq!(
            (seen.unit.key.as_str(), seen.status),
            ("belle-front", Status::New)
        );
        assert_eq!(seen.community.as_deref(), Some("belle"));
        assert_eq!(seen.portal.unwrap().key, "belle");
        // What a service routes is routed as ever.
        assert_eq!(unit_of(&desk, archive).await, "storage");
        assert_eq!(unit_of(&desk, elsewhere).await, "first-level");
        desk.run_jobs().await;
        let told: Vec<String> = desk
            .sent_mail()
            .into_iter()
            .filter(|m| m.subject.contains(&format!("[#{general}]")))
            .map(|m| m.to)
            .collect();
        assert!(
            told.iter().any(|to| to.starts_with("belle-front@")),
            "{told:?}"
        );
        assert!(!told.iter().any(|to| to.starts_with("fay@")), "{told:?}");

        let (front, fay) = (actor(&desk, pia.id).await, actor(&desk, f.fay.id).await);
        for q in ["", "spectrometer", "manual"] {
            assert_eq!(found(&desk, &front, q).await, [archive.0, general.0], "{q}");
            assert_eq!(found(&desk, &fay, q).await.len(), 3, "{q}");
        }
        // Passed on, it still sees where it is.
        let pass_on = Patch {
            unit: Some("first-level".into()),
            ..Patch::default()
        };
        desk.desk
            .change(&front, general, None, pass_on)
            .await
            .unwrap();
        assert_eq!(unit_of(&desk, general).await, "first-level");
        desk.run_jobs().await;
        assert_eq!(found(&desk, &front, "").await, [archive.0, general.0]);
        // But not what was restricted elsewhere, in no list and no search.
        for number in [archive, general] {
            let restrict = Patch {
                visibility: Some(Visibility::Restricted),
                ..Patch::default()
            };
            desk.desk
                .change(&fay, number, None, restrict)
                .await
                .unwrap();
        }
        desk.run_jobs().await;
        for q in ["", "spectrometer"] {
            assert!(found(&desk, &front, q).await.is_empty(), "{q}");
        }
    });
}

#[test]
fn a_portal_takes_only_what_it_offers() {
    both(|desk| async move {
        let f = desk.federation().await;
        let portal = desk.portal("belle", &[], &["Archive"]).await;
        let rita = actor(&desk, f.rita.id).await;
        let wrong = async |request| match desk.desk.open_ticket(&rita, request).await {
            Err(Error::Invalid { field, problem }) => (field, problem),
            other => panic!("{other:?}"),
        };
        let (field, problem) = wrong(OpenRequest {
            service: Some("Links".into()),
            ..request("belle")
        })
        .await;
        assert_eq!(field, "service");
        assert!(problem.contains("it offers Archive"), "{problem}");
        assert_eq!(wrong(request("juno")).await.0, "portal");
        // Danger goes to those who deal with it, whatever the portal.
        let danger = OpenRequest {
            security_risk: SecurityRisk::Imminent,
            ..request("belle")
        };
        let number = desk.desk.open_ticket(&rita, danger).await.unwrap().number;
        let seen = desk.desk.ticket(&rita, number).await.unwrap();
        assert_eq!(seen.visibility, Visibility::Restricted);
        // A retired first level leaves the portal to that of the desk.
        let catalogue = desk.desk.catalogue().await.unwrap();
        let mut unit = catalogue.unit(portal.unit.unwrap()).unwrap().clone();
        unit.active = false;
        desk.desk.save_unit(unit).await.unwrap();
        let number = desk
            .desk
            .open_ticket(&rita, request("belle"))
            .await
            .unwrap()
            .number;
        assert_eq!(unit_of(&desk, number).await, "first-level");
        // A closed portal takes nothing any more.
        let mut closed = portal.clone();
        closed.active = false;
        closed.unit = None;
        let ada = actor(&desk, f.ada.id).await;
        desk.desk.save_portal(&ada, closed, false).await.unwrap();
        assert_eq!(wrong(request("belle")).await.0, "portal");
    });
}

#[test]
fn a_portal_is_refused_field_by_field() {
    both(|desk| async move {
        let f = desk.federation().await;
        let ada = actor(&desk, f.ada.id).await;
        let portal = desk.portal("belle", &[], &["Archive"]).await;
        let other = desk.portal("juno", &[], &[]).await;
        let wrong = async |field: &str, change: &dyn Fn(&mut desk::portal::Portal)| {
            let mut changed = portal.clone();
            change(&mut changed);
            match desk.desk.save_portal(&ada, changed, false).await {
                Err(Error::Invalid {
                    field: named,
                    problem,
                }) => {
                    assert_eq!(named, field, "{problem}");
                    problem
                }
                answer => panic!("{field}: {answer:?}"),
            }
        };
        let green = Pair {
            light: "#2eb872".into(),
            dark: "#66cfb8".into(),
        };
        let problem = wrong("accent_light", &|p| p.doc.accent = Some(green.clone())).await;
        assert!(
            problem.contains("2.55:1") && problem.contains("nearest"),
            "{problem}"
        );
        let pale = Pair {
            light: "#0f2b26".into(),
            dark: "#cccccc".into(),
        };
        wrong("bar_dark", &|p| p.doc.bar = Some(pale.clone())).await;
        let no_colour = Pair {
            light: "red; } body { display: none".into(),
            dark: "#0a1a17".into(),
        };
        wrong("bar_light", &|p| p.doc.bar = Some(no_colour.clone())).await;
        wrong("key", &|p| p.key = "other".into()).await;
        wrong("name", &|p| p.name = " ".into()).await;
        wrong("hostname", &|p| {
            p.hostname = Some("https://x.example".into())
        })
        .await;
        wrong("hostname", &|p| p.hostname = Some("desk.example".into())).await;
        wrong("community", &|p| p.community = Some("nobody".into())).await;
        wrong("unit", &|p| p.unit = Some(f.storage)).await;
        wrong("unit", &|p| p.unit = Some(f.first)).await;
        wrong("unit", &|p| p.unit = other.unit).await;
        wrong("issue_types", &|p| {
            p.doc.issue_types = vec!["nothing".into()]
        })
        .await;
        let refused = desk
            .desk
            .save_portal(&actor(&desk, f.fay.id).await, portal.clone(), false)
            .await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        // Logos are pictures by their bytes, small, and never SVG.
        let logo = async |bytes: Vec<u8>| desk.desk.set_logo(&ada, portal.id, Some(bytes)).await;
        assert!(logo(b"<svg/>".to_vec()).await.is_err());
        let mut large = b"\x89PNG\r\n\x1a\n".to_vec();
        assert_eq!(logo(large.clone()).await, Ok(()));
        large.resize(desk::portal::LARGEST_LOGO + 1, 0);
        assert!(logo(large).await.is_err());
        // What is stored otherwise keeps the logo.
        let kept = PortalDoc {
            greeting: "Hello".into(),
            ..portal.doc.clone()
        };
        let changed = desk::portal::Portal {
            doc: kept,
            ..portal.clone()
        };
        desk.desk.save_portal(&ada, changed, false).await.unwrap();
        let catalogue = desk.desk.catalogue().await.unwrap();
        let stored = catalogue.portal(portal.id).unwrap();
        assert_eq!(stored.doc.greeting, "Hello");
        assert_eq!(stored.doc.logo.as_ref().unwrap().media_type, "image/png");
    });
}

#[test]
fn news_of_a_portal_are_its_first_levels_responsibles_to_tell() {
    both(|desk| async move {
        let f = desk.federation().await;
        let portal = desk.portal("belle", &[&f.stan], &["Archive"]).await;
        let other = desk.portal("juno", &[], &[]).await;
        let (stan, fay, ada) = (
            actor(&desk, f.stan.id).await,
            actor(&desk, f.fay.id).await,
            actor(&desk, f.ada.id).await,
        );
        let draft = |title: &str| NewsDraft {
            kind: "news".into(),
            title: title.into(),
            body: "*Soon*".into(),
        };
        let post =
            async |who: &Actor, id, draft| desk.desk.post_news(who, portal.id, id, draft).await;
        let refused = post(&fay, None, draft("No")).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        let elsewhere = desk
            .desk
            .post_news(&stan, other.id, None, draft("No"))
            .await;
        assert!(matches!(elsewhere, Err(Error::Forbidden(_))));
        let first = post(&stan, None, draft("First")).await.unwrap();
        desk.clock.advance(60_000);
        let second = post(&ada, None, draft("Second")).await.unwrap();
        desk.clock.advance(60_000);
        post(&stan, Some(first), draft("First, mended"))
            .await
            .unwrap();
        let told = desk.desk.told_by(portal.id, 10).await.unwrap();
        let titles: Vec<&str> = told.iter().map(|n| n.title.as_str()).collect();
        assert_eq!(titles, ["Second", "First, mended"]);
        assert_eq!(told[1].updated_at - told[1].at, 120_000);
        assert!(desk.desk.told_by(other.id, 10).await.unwrap().is_empty());
        for wrong in [
            NewsDraft {
                title: " ".into(),
                ..draft("x")
            },
            NewsDraft {
                kind: "gossip".into(),
                ..draft("x")
            },
        ] {
            assert!(matches!(
                post(&stan, None, wrong).await,
                Err(Error::Invalid { .. })
            ));
        }
        desk.desk
            .take_back_news(&stan, portal.id, second)
            .await
            .unwrap();
        let again = desk.desk.take_back_news(&stan, portal.id, second).await;
        assert!(matches!(again, Err(Error::NotFound { .. })));
        assert_eq!(desk.desk.told_by(portal.id, 10).await.unwrap().len(), 1);
    });
}
