//! Mail becomes an entry, is suppressed with a reason or set aside; nothing
//! else, and nothing twice.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use desk::mail_in::Fate;
use desk::{Desk, OpenRequest};
use switchboard_core::{Channel, EntryVisibility, TicketNumber};

use testkit::both;

fn message(from: &str, subject: &str, extra: &str, body: &str) -> Vec<u8> {
    format!(
        "From: {from}\r\nTo: desk@desk.example\r\nSubject: {subject}\r\n\
         Date: Mon, 21 Sep 2026 10:00:00 +0000\r\nMessage-ID: <{}@t.example>\r\n{extra}\
         Content-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n",
        body.len() * 31 + subject.len()
    )
    .into_bytes()
}

async fn take(desk: &Desk, raw: Vec<u8>) -> Fate {
    desk.take_mail(raw, "file", None).await.unwrap().fate
}

fn ticket(fate: &Fate) -> TicketNumber {
    match fate {
        Fate::Entry(number) => *number,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_mail_opens_a_ticket_and_an_answer_finds_it() {
    both(|test| async move {
        let people = test.federation().await;
        let desk = &test.desk;
        let number = ticket(
            &take(
                desk,
                message("Rita <rita@people.example>", "It is broken", "", "Help!"),
            )
            .await,
        );
        desk.run_jobs().await.unwrap();
        let sent = test.sent_mail();
        let ack = sent.iter().find(|m| m.to == "rita@people.example").unwrap();
        assert!(ack.subject.starts_with(&format!("[#{number}] ")), "{ack:?}");
        assert!(
            !ack.subject.contains("broken") && !ack.text.contains("Help!"),
            "{ack:?}"
        );

        let rita = desk.actor_for(people.rita.id, Channel::Web).await.unwrap();
        // By the tag in the subject, from the requester's address.
        let again = take(
            desk,
            message(
                "rita@people.example",
                &format!("Re: [#{number}] It is broken"),
                "",
                "One more thing.\r\n\r\n> Help!",
            ),
        )
        .await;
        assert_eq!(ticket(&again), number);
        let entries = desk.entries(&rita, number, 0, 50).await.unwrap();
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[1].body.trim(), "One more thing.");
        assert_eq!(entries[1].visibility, EntryVisibility::Public);
        assert!(entries[1].quoted.as_deref().unwrap().contains("Help!"));

        // By the same tag, but from somebody else: a new ticket.
        let other = take(
            desk,
            message(
                "mallory@evil.example",
                &format!("Re: [#{number}] It is broken"),
                "",
                "Me too",
            ),
        )
        .await;
        assert_ne!(ticket(&other), number);
    });
}

#[test]
fn the_same_mail_twice_is_one_entry() {
    both(|test| async move {
        let desk = &test.desk;
        let raw = message("a@people.example", "Once", "", "only once");
        let first = desk.take_mail(raw.clone(), "file", None).await.unwrap();
        // By another way: other trace headers, the same mail.
        let mut relayed = b"Received: from x by y; Mon, 21 Sep 2026 10:00:01 +0000\r\n".to_vec();
        relayed.extend(&raw);
        let second = desk.take_mail(relayed, "file", None).await.unwrap();
        assert!(second.repeated);
        assert_eq!(first.fate, second.fate);
        assert_eq!(desk.mail_counts().await.unwrap(), [("entry".to_owned(), 1)]);
    });
}

#[test]
fn a_from_line_makes_nobody_support_staff() {
    both(|test| async move {
        let people = test.federation().await;
        let desk = &test.desk;
        let opened = desk
            .open_ticket(
                &desk.actor_for(people.rita.id, Channel::Web).await.unwrap(),
                OpenRequest {
                    subject: "Mine".into(),
                    description: "Text".into(),
                    ..OpenRequest::default()
                },
            )
            .await
            .unwrap();
        let fate = take(
            desk,
            message(
                "Fay <fay@people.example>",
                &format!("Re: [#{}] Mine", opened.number),
                "",
                "forged",
            ),
        )
        .await;
        assert_ne!(ticket(&fate), opened.number);
    });
}

#[test]
fn a_vacation_note_has_no_effect() {
    both(|test| async move {
        let desk = &test.desk;
        let fate = take(
            desk,
            message(
                "rita@people.example",
                "Out of office",
                "Auto-Submitted: auto-replied\r\n",
                "I am away.",
            ),
        )
        .await;
        assert!(matches!(fate, Fate::Suppressed(_)), "{fate:?}");
        desk.run_jobs().await.unwrap();
        assert!(test.sent_mail().is_empty());
    });
}

fn corpus() -> Option<PathBuf> {
    let folder = std::env::var_os("SWITCHBOARD_MAIL_CORPUS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/mail"),
        PathBuf::from,
    );
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(
        std::env::var_os("REQUIRE_CORPUS").is_none(),
        "REQUIRE_CORPUS is set, and there is no mail corpus at {}",
        folder.display()
    );
    println!("SKIPPED: no mail corpus at {}", folder.display());
    None
}

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|f| f.unwrap().path())
        .collect();
    found.sort();
    for path in found {
        if path.is_dir() {
            files(&path, out);
        } else {
            out.push(path);
        }
    }
}

#[test]
fn every_file_of_the_corpus_ends_in_exactly_one_state() {
    let Some(corpus) = corpus() else { return };
    let mut paths = Vec::new();
    files(&corpus, &mut paths);
    both(|test| take_all(test, paths.clone()));
}

async fn take_all(test: std::sync::Arc<testkit::TestDesk>, paths: Vec<PathBuf>) {
    let desk = &test.desk;
    let mut distinct = 0;
    for path in &paths {
        let raw = std::fs::read(path).unwrap();
        let taken = desk.take_mail(raw, "file", None).await.unwrap();
        assert_ne!(taken.fate, Fate::Taken, "{}", path.display());
        distinct += i64::from(!taken.repeated);
    }
    let counts: BTreeMap<_, _> = desk.mail_counts().await.unwrap().into_iter().collect();
    println!("{} files, {distinct} distinct: {counts:?}", paths.len());
    assert_eq!(counts.values().sum::<i64>(), distinct);
    assert!(!counts.contains_key("taken"));
    // What became an entry is one, exactly.
    let admin = switchboard_core::Actor::system(Channel::Job);
    let mut entries = 0;
    let tickets = desk
        .count_tickets(&admin, vec![(String::new(), Default::default())], 100_000)
        .await
        .unwrap()[0];
    for number in 1..=tickets {
        let list = desk
            .entries(&admin, TicketNumber(number), 0, 10_000)
            .await
            .unwrap();
        entries += list.len() as i64;
    }
    assert_eq!(entries, counts["entry"]);
    for check in desk.checkup().await.unwrap() {
        assert_eq!(check.problem, None, "{}", check.name);
    }
}
