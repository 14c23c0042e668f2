//! Mails that come more than once, by several ways, in any order, with Message-IDs that are
//! missing, forged or another mail's (bar M-02): what has a text of its own is one entry,
//! what is the same is none more, and nothing is lost.
//!
//! `SWITCHBOARD_REDELIVERIES` says how many mails (120 without it; at night 1,000), and
//! `SWITCHBOARD_FUZZ_SEED` which.

use std::collections::BTreeMap;

use desk::mail_in::Fate;
use desk::mailbox::Draft;
use store::mailbox::{MailboxDoc, Way};
use switchboard_core::{Actor, Channel, TicketNumber};
use testkit::{MailServers, TestDesk, both, mail_servers};

use crate::mail_door::Client;

/// SplitMix64: the same numbers from the same seed, everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % most.max(1) as u64).unwrap()
    }

    fn shuffle<T>(&mut self, all: &mut [T]) {
        for at in (1..all.len()).rev() {
            all.swap(at, self.below(at + 1));
        }
    }
}

fn number(name: &str, without: usize) -> usize {
    std::env::var(name).map_or(without, |text| text.parse().unwrap())
}

/// By which way a copy comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// A command, with lines that end in LF or in CRLF.
    Pipe(bool),
    /// The mail server hands it over, to one or two of the desk's addresses (Bcc), with
    /// the marks of its road on top.
    Door(bool),
    /// It lies in a mailbox.
    Imap,
}

/// A mail with a word that no other has. Some have no Message-ID, some that of another
/// mail, some one that looks like the desk's own.
fn mail(n: usize, dice: &mut Dice) -> String {
    let id = match dice.below(8) {
        0 => String::new(),
        1 => "Message-ID: <same@people.example>\n".to_owned(),
        2 => format!("Message-ID: <sb.{n}.forged@desk.example>\n"),
        3 => format!("Message-ID: <a{n}@people.example>\nMessage-ID: <b{n}@people.example>\n"),
        _ => format!("Message-ID: <m{n}@people.example>\n"),
    };
    format!(
        "From: Person {n} <person{n}@people.example>\nTo: help@desk.example\nSubject: about x{n}x\n\
         Date: Mon, 21 Sep 2026 10:00:00 +0000\n{id}\nThis is x{n}x.\n"
    )
}

fn draft(address: &str, doc: MailboxDoc, secret: Option<String>) -> Draft {
    Draft {
        id: None,
        expected: None,
        address: address.into(),
        way: if secret.is_some() {
            Way::Imap
        } else {
            Way::Local
        },
        doc,
        secret,
        unit: None,
        service: None,
        portal: None,
        active: true,
    }
}

async fn hand_over(client: &mut Client, to: &[&str], road: usize, raw: &str) {
    client.say("MAIL FROM:<someone@people.example>").await;
    for to in to {
        assert!(
            client
                .say(&format!("RCPT TO:<{to}>"))
                .await
                .starts_with("250 ")
        );
    }
    client.say("DATA").await;
    let marks = format!(
        "Return-Path: <someone@people.example>\r\nDelivered-To: {}\r\n\
         Received: from mx{road}.example by mail.example; Mon, 21 Sep 2026 10:00:{:02} +0000\r\n",
        to[0],
        road % 60
    );
    let answers = client
        .say(&format!("{marks}{}.", raw.replace('\n', "\r\n")))
        .await;
    // One answer for each recipient (RFC 2033).
    assert!(answers.starts_with("250 "), "{answers}");
    for _ in 1..to.len() {
        assert!(client.answer().await.starts_with("250 "));
    }
}

/// New numbers for a folder, as when a mailbox is moved.
fn renumbered(servers: &MailServers, user: &str, validity: usize) {
    let done = std::process::Command::new("doveadm")
        .arg("-c")
        .arg(servers.folder.join("dovecot.conf"))
        .args(["mailbox", "update", "-u", user, "--uid-validity"])
        .arg(validity.to_string())
        .arg("INBOX")
        .status()
        .unwrap();
    assert!(done.success());
}

#[test]
fn whatever_comes_how_often_and_by_whichever_way_is_one_entry() {
    let servers = mail_servers();
    let count = number("SWITCHBOARD_REDELIVERIES", 120);
    let seed = number("SWITCHBOARD_FUZZ_SEED", 2) as u64;
    both(|test| {
        let servers = servers.clone();
        async move { redeliver(&test, servers.as_ref(), count, seed).await }
    });
}

async fn redeliver(test: &TestDesk, servers: Option<&MailServers>, count: usize, seed: u64) {
    test.federation().await;
    let mut dice = Dice(seed);
    let admin = Actor::system(Channel::Cli);
    let save = async |draft| test.desk.save_mailbox(&admin, draft).await.unwrap();
    for address in ["help@desk.example", "other@desk.example"] {
        save(draft(address, MailboxDoc::default(), None)).await;
    }
    // The servers outlive a run, and both databases read at the same time.
    let unique = std::path::Path::new(test.folder.path())
        .file_name()
        .unwrap();
    let unique: String = unique
        .to_string_lossy()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_lowercase();
    let user = format!("again{}{unique}@example.org", std::process::id());
    let mailbox = match servers {
        Some(servers) => {
            let (host, port) = servers.imaps.split_once(':').unwrap();
            let doc = MailboxDoc {
                host: host.into(),
                port: port.parse().unwrap(),
                security: "tls".into(),
                authority: servers.authority.clone(),
                user: user.clone(),
                auth: "password".into(),
                take_old: true,
                ..MailboxDoc::default()
            };
            let secret = format!("secret-{}", user.split('@').next().unwrap());
            Some(save(draft(&user, doc, Some(secret))).await.mailbox.id)
        }
        None => None,
    };
    let mails: Vec<String> = (0..count).map(|n| mail(n, &mut dice)).collect();
    let mut copies = Vec::new();
    for n in 0..count {
        for _ in 0..=dice.below(5) {
            let by = match dice.below(if servers.is_some() { 5 } else { 4 }) {
                0 | 1 => By::Pipe(dice.below(2) == 0),
                2 | 3 => By::Door(dice.below(2) == 0),
                _ => By::Imap,
            };
            copies.push((n, by));
        }
    }
    dice.shuffle(&mut copies);
    let door = crate::mail_door::open(test).await;
    let mut client = Client::new(door).await;
    client.say("LHLO mx.example").await;
    let (mut lying, every) = (0, copies.len() / 3);
    for (at, (n, by)) in copies.iter().enumerate() {
        let raw = &mails[*n];
        match by {
            By::Pipe(crlf) => {
                let raw = if *crlf {
                    raw.replace('\n', "\r\n")
                } else {
                    raw.clone()
                };
                let taken = test.desk.take_mail(raw.into_bytes(), "file", None).await;
                assert_ne!(taken.unwrap().fate, Fate::Taken);
            }
            By::Door(blind) => {
                let to = ["help@desk.example", "other@desk.example"];
                let to = if *blind { &to[..] } else { &to[..1] };
                hand_over(&mut client, to, at, raw).await;
            }
            By::Imap => {
                lying += 1;
                // Straight into the mailbox: Postfix would give a mail without
                // Message-ID one, and make another mail of it.
                let (_, port) = servers.unwrap().lmtp.split_once(':').unwrap();
                let mut into = Client::new(port.parse().unwrap()).await;
                into.say("LHLO mx.example").await;
                hand_over(&mut into, &[&user], at, raw).await;
                into.say("QUIT").await;
            }
        }
        if at % every == every - 1
            && let (Some(servers), Some(id)) = (servers, mailbox)
        {
            let inbox = user.split('@').next().unwrap();
            servers.wait_for_mails(inbox, lying);
            test.desk.read_mailbox_once(id).await.unwrap();
            renumbered(servers, &user, 1_700_000_000 + at);
        }
    }
    if let (Some(servers), Some(id)) = (servers, mailbox) {
        servers.wait_for_mails(user.split('@').next().unwrap(), lying);
        test.desk.read_mailbox_once(id).await.unwrap();
    }
    // What the door took is decided about beside it.
    let mut counts = BTreeMap::new();
    for _ in 0..600 {
        counts = test.desk.mail_counts().await.unwrap().into_iter().collect();
        if !counts.contains_key("taken") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    println!("{} copies of {count} mails: {counts:?}", copies.len());
    // Each is known once, whatever its Message-ID: none lost, none doubled.
    assert_eq!(counts.values().sum::<i64>(), count as i64, "{counts:?}");
    assert_eq!(counts.get("quarantined"), None, "{counts:?}");
    let mut found = BTreeMap::<String, usize>::new();
    for number in 1..=counts["entry"] {
        let ticket = TicketNumber(number);
        for entry in test.desk.entries(&admin, ticket, 0, 100).await.unwrap() {
            let word = entry
                .body
                .trim_start_matches("This is ")
                .trim_end_matches('.');
            *found.entry(word.to_owned()).or_default() += 1;
        }
        // Another mail with this one's Message-ID is kept, and marked.
        let notes = test.desk.mail_notes(&admin, ticket).await.unwrap();
        assert_eq!(notes.len(), 1);
    }
    assert!(found.values().all(|times| *times == 1), "{found:?}");
    assert_eq!(found.len() as i64, counts["entry"]);
    // All but the first; of two that are decided about at once, both.
    let same = mails.iter().filter(|m| m.contains("<same@")).count();
    let mut flagged = 0;
    for number in 1..=counts["entry"] {
        let notes = test
            .desk
            .mail_notes(&admin, TicketNumber(number))
            .await
            .unwrap();
        let marked = |flag: &String| flag.contains("Message-ID");
        flagged += usize::from(notes[0].flagged.as_ref().is_some_and(marked));
    }
    assert!(
        flagged + 1 >= same && flagged <= same,
        "{flagged} of {same} marked"
    );
}
