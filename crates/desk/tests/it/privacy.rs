//! A person's data as they are given it, what rules of retention let go, and who read
//! what of restricted tickets.

use std::io::Read as _;

use desk::privacy::places::{Holds, tables};
use desk::privacy::retain::{Counts, OVER, Retention, Rule};
use desk::{EntryDraft, Error, NewFile, OpenRequest, Patch, Step};
use store::ticket_read::Filter;
use switchboard_core::redact::REMOVED;
use switchboard_core::{
    Actor, Channel, Command, EntryVisibility, PersonId, SecurityRisk, SolutionKind, TicketNumber,
    Tlp, Visibility,
};
use testkit::{TestDesk, both};

const DAY: i64 = 86_400_000;

fn draft(body: &str) -> EntryDraft {
    EntryDraft {
        body: body.into(),
        ..EntryDraft::default()
    }
}

async fn actor(test: &TestDesk, person: PersonId) -> Actor {
    test.desk.actor_for(person, Channel::Web).await.unwrap()
}

async fn open(test: &TestDesk, by: &Actor, request: OpenRequest) -> TicketNumber {
    test.desk.open_ticket(by, request).await.unwrap().number
}

fn danger() -> OpenRequest {
    OpenRequest {
        subject: "A key is out".into(),
        description: "It was in a paste: secretcanary".into(),
        service: Some("archive".into()),
        security_risk: SecurityRisk::Imminent,
        ..OpenRequest::default()
    }
}

fn unzip(bytes: Vec<u8>) -> Vec<(String, String)> {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    (0..zip.len())
        .map(|at| {
            let mut file = zip.by_index(at).unwrap();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            (
                file.name().unwrap().into_owned(),
                String::from_utf8_lossy(&bytes).into_owned(),
            )
        })
        .collect()
}

#[test]
fn an_export_holds_all_that_is_theirs_and_nothing_that_is_not() {
    both(|test| async move {
        let people = test.federation().await;
        let desk = &test.desk;
        let (rita, stan) = (
            actor(&test, people.rita.id).await,
            actor(&test, people.stan.id).await,
        );
        let number = open(
            &test,
            &rita,
            OpenRequest {
                subject: "subjectcanary".into(),
                description: "bodycanary".into(),
                service: Some("archive".into()),
                files: vec![NewFile {
                    name: "filecanary.txt".into(),
                    media_type: "text/plain".into(),
                    bytes: b"contentcanary".to_vec(),
                    content_id: None,
                }],
                ..OpenRequest::default()
            },
        )
        .await;
        desk.act(
            &stan,
            number,
            None,
            vec![
                Step::Write(EntryVisibility::Public, draft("answercanary")),
                Step::Write(EntryVisibility::Internal, draft("notecanary")),
            ],
        )
        .await
        .unwrap();
        let raw = b"From: rita@people.example\r\nTo: desk@desk.example\r\nSubject: By mail\r\n\
            Message-ID: <1@t.example>\r\n\r\nmailcanary\r\n";
        desk.take_mail(raw.to_vec(), "file", None).await.unwrap();
        desk.save_view(people.rita.id, "viewcanary", "status:open")
            .await
            .unwrap();
        let secret = open(&test, &rita, danger()).await;
        desk.ticket(&rita, secret).await.unwrap();
        let others = open(
            &test,
            &actor(&test, people.otto.id).await,
            OpenRequest {
                subject: "othercanary".into(),
                description: "x".into(),
                ..OpenRequest::default()
            },
        )
        .await;
        test.clock.advance(60_000);
        test.run_jobs().await;

        let id = desk.ask_export(&rita, people.rita.id).await.unwrap();
        assert!(matches!(
            desk.ask_export(&rita, people.rita.id).await,
            Err(Error::Conflict(_))
        ));
        test.run_jobs().await;
        let mails = test.sent_mail();
        let told = mails.last().unwrap();
        assert_eq!(
            (told.to.as_str(), told.subject.as_str()),
            ("rita@people.example", "Your data is ready")
        );

        let files = unzip(desk.export_file(&rita, id).await.unwrap());
        let all: String = files
            .iter()
            .map(|(name, text)| format!("{name}\n{text}\n"))
            .collect();
        for canary in [
            "subjectcanary",
            "bodycanary",
            "filecanary",
            "contentcanary",
            "answercanary",
            "mailcanary",
            "viewcanary",
            "secretcanary",
            "rita@people.example",
        ] {
            assert!(all.contains(canary), "{canary} is missing");
        }
        for hidden in ["notecanary", "othercanary"] {
            assert!(!all.contains(hidden), "{hidden} was given out");
        }
        assert!(
            !files
                .iter()
                .any(|(n, _)| *n == format!("tickets/{others}.json"))
        );
        // Every table with rows of theirs has its file, with every column but secrets.
        for table in tables(desk.db().dialect()).filter(|t| !t.whose.is_empty()) {
            let name = format!("data/{}.json", table.name);
            let (_, text) = files.iter().find(|(n, _)| *n == name).unwrap();
            let rows: serde_json::Value = serde_json::from_str(text).unwrap();
            for row in rows.as_array().unwrap() {
                for (column, holds) in table.columns {
                    assert_eq!(
                        row.get(column).is_some(),
                        *holds != Holds::Secret,
                        "{name}: {column}"
                    );
                }
            }
        }
        // That she opened the restricted ticket is hers to know.
        let reads = &files.iter().find(|(n, _)| n == "reads.json").unwrap().1;
        assert!(reads.contains("\"page\""), "{reads}");

        // Nobody else fetches it, and after a week nobody at all.
        let otto = actor(&test, people.otto.id).await;
        assert!(desk.export_file(&otto, id).await.is_err());
        assert!(desk.ask_export(&otto, people.rita.id).await.is_err());
        assert!(
            desk.export_file(&actor(&test, people.ada.id).await, id)
                .await
                .is_ok()
        );
        test.clock.advance(7 * DAY);
        assert!(desk.export_file(&rita, id).await.is_err());
    });
}

#[test]
fn who_reads_a_restricted_ticket_is_noted_once_a_quarter_of_an_hour() {
    both(|test| async move {
        let people = test.federation().await;
        let desk = &test.desk;
        let rita = actor(&test, people.rita.id).await;
        let sam = actor(&test, people.sam.id).await;
        let sam_by_api = desk.actor_for(people.sam.id, Channel::Api).await.unwrap();
        let secret = open(&test, &rita, danger()).await;
        let plain = open(
            &test,
            &rita,
            OpenRequest {
                subject: "A plain one".into(),
                description: "Nothing to hide.".into(),
                service: Some("archive".into()),
                ..OpenRequest::default()
            },
        )
        .await;
        for _ in 0..3 {
            desk.conversation(&sam, secret).await.unwrap();
            desk.entries(&sam_by_api, secret, 0, 10).await.unwrap();
            desk.conversation(&sam, plain).await.unwrap();
        }
        let of = |ticket| Filter {
            ticket: Some(ticket),
            ..Filter::default()
        };
        let ada = actor(&test, people.ada.id).await;
        let seen = desk.reads(&ada, of(secret), 100).await.unwrap();
        let mut doors: Vec<_> = seen
            .iter()
            .map(|s| (s.name.as_str(), s.door.as_str()))
            .collect();
        doors.sort_unstable();
        assert_eq!(doors, [("Sam", "api"), ("Sam", "page")]);
        assert!(desk.reads(&ada, of(plain), 100).await.unwrap().is_empty());
        test.clock.advance(16 * 60_000);
        desk.history(&sam, secret, 0, 10).await.unwrap();
        assert_eq!(desk.reads(&ada, of(secret), 100).await.unwrap().len(), 3);
        // A mail with its text is a reading, too.
        test.run_jobs().await;
        let seen = desk.reads(&ada, of(secret), 100).await.unwrap();
        assert!(seen.iter().any(|s| s.door == "mail"), "{seen:?}");
        // Who works on it may ask about it, about all only administrators.
        assert!(desk.reads(&sam, of(secret), 100).await.is_ok());
        assert!(matches!(
            desk.reads(&sam, Filter::default(), 100).await,
            Err(Error::Forbidden(_))
        ));
        assert!(matches!(
            desk.reads(&rita, of(secret), 100).await,
            Err(Error::Forbidden(_))
        ));
        let nina = actor(&test, people.nina.id).await;
        assert!(matches!(
            desk.reads(&nina, of(secret), 100).await,
            Err(Error::NotFound { .. })
        ));
    });
}

#[test]
fn a_label_stands_in_mails_and_red_says_only_that_there_is_something_new() {
    both(|test| async move {
        let people = test.federation().await;
        let desk = &test.desk;
        let rita = actor(&test, people.rita.id).await;
        let stan = actor(&test, people.stan.id).await;
        let secret = open(&test, &rita, danger()).await;
        assert_eq!(
            desk.ticket(&stan, secret).await.unwrap().tlp,
            Some(Tlp::Amber)
        );
        // That it was opened is told first, in a mail of its own.
        test.run_jobs().await;
        let answer = async |text: &str| {
            let before = test.sent_mail().len();
            let step = Step::Write(EntryVisibility::Public, draft(text));
            desk.act(&stan, secret, None, vec![step]).await.unwrap();
            test.clock.advance(60_000);
            test.run_jobs().await;
            test.sent_mail()
                .into_iter()
                .skip(before)
                .find(|m| m.to == "rita@people.example" && m.subject.contains("TLP"))
                .unwrap()
        };
        let mail = answer("ambercanary").await;
        assert!(
            mail.subject.contains("[TLP:AMBER] A key is out"),
            "{mail:?}"
        );
        assert!(mail.text.contains("ambercanary") && mail.text.contains("Label:    TLP:AMBER"));
        let red = Patch {
            tlp: Some(Tlp::Red),
            ..Patch::default()
        };
        desk.change(&stan, secret, None, red).await.unwrap();
        test.run_jobs().await;
        let mail = answer("redcanary").await;
        assert!(
            mail.subject.ends_with("[TLP:RED] There is something new"),
            "{mail:?}"
        );
        assert!(!String::from_utf8_lossy(&mail.raw).contains("key is out"));
        assert!(
            !mail.text.contains("redcanary") && mail.text.contains("/t/"),
            "{mail:?}"
        );
        // The list knows it, too.
        let page = desk
            .tickets(
                &stan,
                desk::TicketQuery {
                    limit: 10,
                    ..Default::default()
                },
            )
            .await
            .unwrap();
        assert_eq!(page.items[0].tlp, Some(Tlp::Red));
        // Only works on what is restricted.
        let plain = open(
            &test,
            &rita,
            OpenRequest {
                subject: "Plain".into(),
                description: "x".into(),
                service: Some("archive".into()),
                ..OpenRequest::default()
            },
        )
        .await;
        let green = || Patch {
            tlp: Some(Tlp::Green),
            ..Patch::default()
        };
        assert!(matches!(
            desk.change(&stan, plain, None, green()).await,
            Err(Error::Invalid { field, .. }) if field == "tlp"
        ));
        let both = Patch {
            visibility: Some(Visibility::Restricted),
            ..green()
        };
        desk.change(&stan, plain, None, both).await.unwrap();
        assert_eq!(
            desk.ticket(&stan, plain).await.unwrap().tlp,
            Some(Tlp::Green)
        );
    });
}

#[test]
fn rules_let_go_what_they_no_longer_keep_and_holds_stop_them() {
    both(|test| async move {
        let people = test.federation().await;
        let desk = &test.desk;
        let ada = actor(&test, people.ada.id).await;
        let stan = actor(&test, people.stan.id).await;
        let rita = actor(&test, people.rita.id).await;
        let mut numbers = Vec::new();
        for subject in ["First", "Held"] {
            let number = open(
                &test,
                &rita,
                OpenRequest {
                    subject: format!("{subject} by Rita"),
                    description: format!("bodycanary {subject}"),
                    service: Some("archive".into()),
                    files: vec![NewFile {
                        name: "log.txt".into(),
                        media_type: "text/plain".into(),
                        bytes: subject.into(),
                        content_id: None,
                    }],
                    ..OpenRequest::default()
                },
            )
            .await;
            let raw = format!(
                "From: rita@people.example\r\nTo: desk@desk.example\r\nSubject: Re: [#{number}] x\r\n\
                 Message-ID: <{number}@t.example>\r\n\r\nfrom {subject}\r\n"
            );
            desk.take_mail(raw.into_bytes(), "file", None)
                .await
                .unwrap();
            let owner = Command::SetOwner {
                owner: Some(people.stan.id),
            };
            desk.act(
                &stan,
                number,
                None,
                vec![
                    Step::Command(owner),
                    Step::Command(Command::Start),
                    Step::Solve(SolutionKind::Fixed, draft("Done, staffkeeps.")),
                ],
            )
            .await
            .unwrap();
            numbers.push(number);
        }
        desk.set_hold(&ada, &numbers[1].to_string(), "court")
            .await
            .unwrap();
        test.run_jobs().await;
        let rules = Retention {
            rules: vec![Rule {
                category: "*".into(),
                originals: Some(1),
                attachments: Some(2),
                requester: Some(12),
            }],
            reads: Some(24),
            deeds: Some(24),
        };
        let twice = Retention {
            rules: vec![rules.rules[0].clone(), rules.rules[0].clone()],
            ..Retention::default()
        };
        assert!(desk.set_retention(&ada, twice).await.is_err());
        assert!(matches!(
            desk.set_retention(&stan, rules.clone()).await,
            Err(Error::Forbidden(_))
        ));
        assert!(
            desk.preview_retention(&ada, rules.clone())
                .await
                .unwrap()
                .is_none()
        );
        test.clock.advance(100 * DAY);
        let shown = desk.preview_retention(&ada, rules.clone()).await.unwrap();
        assert_eq!(shown.attachments, 1, "{shown:?}");
        assert_eq!(shown.tickets, 0);
        desk.set_retention(&ada, rules.clone()).await.unwrap();
        desk.start_timers().await.unwrap();
        test.run_jobs().await;
        let view = desk.conversation(&ada, numbers[0]).await.unwrap();
        assert_eq!(view.ticket.subject, "First by Rita");
        assert_eq!(view.entries[0].files[0].name, OVER);
        let held = desk.conversation(&ada, numbers[1]).await.unwrap();
        assert_eq!(held.entries[0].files[0].name, "log.txt");

        test.clock.advance(300 * DAY);
        desk.start_timers().await.unwrap();
        test.run_jobs().await;
        let view = desk.conversation(&ada, numbers[0]).await.unwrap();
        assert_eq!(view.ticket.subject, REMOVED);
        assert_eq!(view.ticket.requester.name, "erased person");
        assert_ne!(view.ticket.requester.id, people.rita.id);
        assert_eq!(view.entries[0].body, REMOVED);
        assert!(view.entries.iter().any(|e| e.body.contains("staffkeeps")));
        let held = desk.conversation(&ada, numbers[1]).await.unwrap();
        assert_eq!(held.ticket.requester.id, people.rita.id);
        // She herself is still who she was.
        assert!(desk.actor_for(people.rita.id, Channel::Web).await.is_ok());
        assert_eq!(
            desk.preview_retention(&ada, rules).await.unwrap(),
            Counts::default()
        );
        for check in desk.checkup().await.unwrap() {
            assert_eq!(check.problem, None, "{}", check.name);
        }
        let log = desk
            .audit_log(
                &ada,
                store::audit::Filter {
                    action: Some("retention.followed".into()),
                    ..Default::default()
                },
                10,
            )
            .await
            .unwrap();
        assert_eq!(log.len(), 2);
    });
}
