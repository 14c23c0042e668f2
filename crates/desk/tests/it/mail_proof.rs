//! Who may do what by mail: by the reply address they were given, by a domain
//! that vouches, and never by what anybody can write (bar M-04).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use connect::mail_auth::Resolver;
use desk::mail_in::Fate;
use desk::view::EntryView;
use desk::{Config, Desk, OpenRequest, StaffByMail};
use mail_auth::common::crypto::Ed25519Key;
use mail_auth::common::headers::HeaderWriter as _;
use mail_auth::dkim::DkimSigner;
use ring::signature::KeyPair as _;
use switchboard_core::{Actor, Channel, EntryVisibility, Status, TicketNumber};
use testkit::{Federation, Names, Somebody, TestDesk, both, configured};

pub(crate) fn message(from: &str, to: &str, subject: &str, extra: &str, body: &str) -> Vec<u8> {
    format!(
        "From: {from}\r\nTo: {to}\r\nSubject: {subject}\r\n\
         Date: Mon, 21 Sep 2026 10:00:00 +0000\r\nMessage-ID: <{}.{}@t.example>\r\n{extra}\
         Content-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n",
        body.len() * 31 + subject.len(),
        extra.len() + from.len() * 7
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

/// Rita's ticket with storage, which has no mailing list: each member is told.
async fn opened(test: &TestDesk, people: &Federation) -> TicketNumber {
    let catalogue = test.desk.catalogue().await.unwrap();
    let mut storage = catalogue.unit(people.storage).unwrap().clone();
    storage.email = None;
    test.desk.save_unit(storage).await.unwrap();
    let rita = actor(test, &people.rita).await;
    let request = OpenRequest {
        subject: "Mine".into(),
        description: "canary".into(),
        unit: Some("storage".into()),
        ..OpenRequest::default()
    };
    let opened = test.desk.open_ticket(&rita, request).await.unwrap();
    test.run_jobs().await;
    opened.number
}

async fn actor(test: &TestDesk, who: &Somebody) -> Actor {
    test.desk.actor_for(who.id, Channel::Web).await.unwrap()
}

pub(crate) async fn entries(test: &TestDesk, number: TicketNumber) -> Vec<EntryView> {
    let system = Actor::system(Channel::Job);
    test.desk.entries(&system, number, 0, 5000).await.unwrap()
}

/// The reply address in the newest mail to somebody.
fn reply_address(test: &TestDesk, to: &str) -> String {
    let sent = test.sent_mail();
    let mail = sent.iter().rev().find(|m| m.to == to).unwrap();
    let text = String::from_utf8_lossy(&mail.raw).replace("\r\n ", " ");
    let line = text
        .lines()
        .find(|l| l.starts_with("Reply-To:"))
        .unwrap_or_else(|| panic!("{text}"));
    let start = line.find("desk+").unwrap();
    let address: String = line[start..]
        .chars()
        .take_while(|c| !">, \r".contains(*c))
        .collect();
    address
}

/// Domains with keys, in a zone of the test's own.
pub(crate) struct Zone {
    pub(crate) names: Names,
    keys: std::collections::HashMap<String, Vec<u8>>,
}

impl Zone {
    pub(crate) fn new(domains: &[&str]) -> Zone {
        let names = Names::start();
        let random = ring::rand::SystemRandom::new();
        let mut keys = std::collections::HashMap::new();
        for domain in domains {
            let pkcs8 = ring::signature::Ed25519KeyPair::generate_pkcs8(&random).unwrap();
            let pair = ring::signature::Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
            let public = STANDARD.encode(pair.public_key());
            names.tell(
                &format!("s1._domainkey.{domain}"),
                &format!("v=DKIM1; k=ed25519; p={public}"),
            );
            keys.insert((*domain).to_owned(), pkcs8.as_ref().to_vec());
        }
        Zone { names, keys }
    }

    pub(crate) fn signed(&self, domain: &str, raw: &[u8], length: bool) -> Vec<u8> {
        let key = Ed25519Key::from_pkcs8_der(&self.keys[domain]).unwrap();
        let signer = DkimSigner::from_key(key)
            .domain(domain)
            .selector("s1")
            .headers(["From", "To", "Subject", "Date", "Message-ID"])
            .body_length(length);
        let signature = signer.sign(raw).unwrap();
        let mut out = signature.to_header().into_bytes();
        out.extend(raw);
        out
    }

    pub(crate) fn config(&self, staff_by_mail: StaffByMail) -> Config {
        Config {
            mail_resolver: Resolver::Servers(vec![self.names.address]),
            staff_by_mail,
            ..testkit::config()
        }
    }
}

#[test]
fn staff_act_by_the_reply_address_that_they_were_given_and_by_no_other() {
    both(|test| async move {
        let people = test.federation().await;
        let number = opened(&test, &people).await;
        let sams = reply_address(&test, &people.sam.email);
        let ritas = {
            let sam = actor(&test, &people.sam).await;
            let draft = desk::act::EntryDraft {
                body: "hello".into(),
                ..Default::default()
            };
            let write = desk::act::Step::Write(EntryVisibility::Public, draft);
            test.desk
                .act(&sam, number, None, vec![write])
                .await
                .unwrap();
            test.run_jobs().await;
            reply_address(&test, &people.rita.email)
        };
        assert_ne!(sams, ritas);
        let before = entries(&test, number).await.len();
        // Rita has an address of this ticket, and writes as Sam: it is hers alone.
        let forged = message(
            &people.sam.email,
            &ritas,
            "Re: Mine",
            "",
            "#status solved\r\nforged",
        );
        assert_ne!(ticket(&take(&test.desk, forged).await), number);
        assert_eq!(entries(&test, number).await.len(), before);
        let note = message(
            &people.sam.email,
            &sams,
            "Re: Mine",
            "",
            "#note\r\nlooked at it",
        );
        assert_eq!(ticket(&take(&test.desk, note).await), number);
        let solved = message(
            &people.sam.email,
            &sams,
            "Re: Mine",
            "",
            "#take\r\n#status solved\r\nThe disk was full.\r\n\r\n> #note old",
        );
        assert_eq!(ticket(&take(&test.desk, solved).await), number);
        let all = entries(&test, number).await;
        let noted = &all[before];
        assert_eq!(
            (noted.body.as_str(), noted.visibility),
            ("looked at it", EntryVisibility::Internal)
        );
        assert_eq!(all[before + 1].body, "The disk was full.");
        let sam = actor(&test, &people.sam).await;
        let view = test.desk.ticket(&sam, number).await.unwrap();
        assert_eq!(view.status, Status::Solved);
        assert_eq!(view.owner.unwrap().id, people.sam.id);
        let notes = test.desk.mail_notes(&sam, number).await.unwrap();
        assert_eq!(notes[0].verdict.as_ref().unwrap().proof, "proven");
        // Rita answers by hers; a first line that looks like an order is text there.
        let answer = message(
            &people.rita.email,
            &ritas,
            "Re: Mine",
            "",
            "#note\r\nthanks",
        );
        assert_eq!(ticket(&take(&test.desk, answer).await), number);
        let last = entries(&test, number).await.pop().unwrap();
        assert_eq!(
            (last.body.as_str(), last.visibility),
            ("#note\nthanks", EntryVisibility::Public)
        );
    });
}

#[test]
fn what_is_refused_is_refused_whole_and_its_sender_told() {
    both(|test| async move {
        let people = test.federation().await;
        let number = opened(&test, &people).await;
        let sams = reply_address(&test, &people.sam.email);
        let stan = actor(&test, &people.stan).await;
        let take_it = switchboard_core::Command::SetOwner { owner: stan.person };
        let steps = vec![desk::act::Step::Command(take_it)];
        test.desk.act(&stan, number, None, steps).await.unwrap();
        test.run_jobs().await;
        let before = entries(&test, number).await.len();
        for (n, (body, why)) in [
            ("#status verified\r\nhm", "none that a mail can set"),
            ("#note\r\n#status solved\r\nsecret", "a note stays internal"),
            // It is Stan's.
            ("#status in progress\r\nI begin.", "take it first"),
        ]
        .into_iter()
        .enumerate()
        {
            let raw = message(&people.sam.email, &sams, &format!("Re: {n}"), "", body);
            let fate = take(&test.desk, raw).await;
            assert!(
                matches!(&fate, Fate::Suppressed(r) if r.starts_with("refused")),
                "{fate:?}"
            );
            test.run_jobs().await;
            let told = test.sent_mail().pop().unwrap();
            assert_eq!(told.to, people.sam.email);
            assert!(told.text.contains(why), "{}", told.text);
            assert!(!told.text.contains("secret"));
        }
        assert_eq!(entries(&test, number).await.len(), before);
    });
}

#[test]
fn a_domain_that_vouches_lets_staff_act_and_a_broken_or_foreign_signature_does_not() {
    let zone = Zone::new(&["people.example", "evil.example"]);
    configured(zone.config(StaffByMail::Proven), |test| async move {
        let people = test.federation().await;
        let number = opened(&test, &people).await;
        let to = "desk@desk.example";
        let subject = format!("Re: [#{number}] Mine");
        let raw = |n: &str| message(&people.sam.email, to, &subject, "", &format!("answer {n}"));
        let good = zone.signed("people.example", &raw("good"), false);
        assert_eq!(ticket(&take(&test.desk, good.clone()).await), number);
        let sam = actor(&test, &people.sam).await;
        let notes = test.desk.mail_notes(&sam, number).await.unwrap();
        let verdict = notes[0].verdict.clone().unwrap();
        assert_eq!(verdict.by, "the domain people.example");
        assert!(
            verdict
                .details()
                .contains(&"DKIM pass (people.example)".to_owned()),
            "{verdict:?}"
        );
        let mut broken = zone.signed("people.example", &raw("broken"), false);
        let at = broken.len() - 4;
        broken[at] ^= 1;
        let foreign = zone.signed("evil.example", &raw("foreign"), false);
        // Signed over a part only: anybody could add to it.
        let mut partly = zone.signed("people.example", &raw("partly"), true);
        partly.extend(b"and more\r\n");
        let mut two_from = b"From: eve@evil.example\r\n".to_vec();
        two_from.extend(zone.signed("people.example", &raw("two"), false));
        let server = |line: &str| message(&people.sam.email, to, &subject, line, line);
        for (n, forged) in [
            raw("plain"),
            broken,
            foreign,
            partly,
            two_from,
            server(
                "Authentication-Results: desk.example; dmarc=pass header.from=people.example\r\n",
            ),
            server("X-Switchboard-Ticket: 1\r\n"),
            server("Sender: sam@people.example\r\nReply-To: sam@people.example\r\n"),
        ]
        .into_iter()
        .enumerate()
        {
            let fate = take(&test.desk, forged).await;
            assert!(
                !matches!(&fate, Fate::Entry(n) if *n == number),
                "forgery {n}: {fate:?}"
            );
        }
        assert_eq!(entries(&test, number).await.len(), 2);
        // The new tickets say what they look like, to those who work on them.
        let fay = actor(&test, &people.fay).await;
        let related = test
            .desk
            .mail_notes(&fay, TicketNumber(number.0 + 1))
            .await
            .unwrap();
        assert_eq!(related[0].related, Some(number));
        // The reply address alone is not enough here.
        let sams = reply_address(&test, &people.sam.email);
        let fate = take(
            &test.desk,
            message(&people.sam.email, &sams, "Re: Mine", "", "by address"),
        )
        .await;
        assert!(matches!(fate, Fate::Suppressed(_)), "{fate:?}");
    });
}

/// The tricks that espoofer collected (Chen, Paxson and Jiang, USENIX Security 2020): Eve's mail,
/// rightly signed by her own domain, with Sam in it wherever one program or the other looks.
#[test]
fn no_known_trick_with_the_sender_acts_as_staff() {
    let zone = Zone::new(&["people.example", "evil.example"]);
    zone.names.tell("_dmarc.evil.example", "v=DMARC1; p=none");
    configured(zone.config(StaffByMail::Proven), |test| async move {
        let people = test.federation().await;
        let number = opened(&test, &people).await;
        let before = entries(&test, number).await.len();
        let (sam, eve) = (people.sam.email.as_str(), "eve@evil.example");
        let coded = STANDARD.encode(format!("<{sam}>"));
        let senders = [
            // Several fields, in either order, and with a space that some programs skip.
            format!("From: <{eve}>\r\nFrom: <{sam}>"),
            format!("From: <{sam}>\r\nFrom: <{eve}>"),
            format!("From : <{sam}>\r\nFrom: <{eve}>"),
            format!("From: <{eve}>\r\nFrom : <{sam}>"),
            format!("X: y\r\n From: <{sam}>\r\nFrom: <{eve}>"),
            format!("From:\r\n <{sam}>\r\nFrom: <{eve}>"),
            // Somebody else's fields.
            format!("Sender: <{sam}>\r\nFrom: <{eve}>"),
            format!("Resent-From: <{sam}>\r\nFrom: <{eve}>"),
            format!("Reply-To: <{sam}>\r\nFrom: <{eve}>"),
            format!("Sender: <{sam}>"),
            format!("Resent-From: <{sam}>"),
            // Several addresses, in one field.
            format!("From: <{eve}>, <{sam}>"),
            format!("From: <{sam}>, <{eve}>"),
            format!("From: <{sam}>\\,<{eve}>"),
            format!("From: <{eve}>\\,<{sam}>"),
            format!("From: <{eve}>{sam}"),
            format!("From: {sam}<{eve}>"),
            format!("From: <{sam}> <{eve}>"),
            format!("From: Group: <{sam}>, <{eve}>;"),
            // Names, comments and routes that look like an address.
            format!("From: \"{sam}\" <{eve}>"),
            format!("From: \"<{sam}>\" <{eve}>"),
            format!("From: <{eve}> ({sam})"),
            format!("From: <@evil.example,@any.example:{sam}>"),
            format!("From: <@people.example:{eve}>"),
            // Encoded words, alone and beside hers.
            format!("From: =?utf-8?B?{coded}?= <{eve}>"),
            format!("From: =?utf-8?B?{coded}?=, <{eve}>"),
            format!("From: =?utf-8?B?{coded}?="),
            // One domain that looks like two.
            "From: <sam@people.example(.evil.example>".to_owned(),
            "From: <sam@people.example'@a.evil.example>".to_owned(),
            "From: <sam@people.example\\@evil.example>".to_owned(),
            "From: <sam@people.example\0@evil.example>".to_owned(),
            "From: <sam@people.example.evil.example>".to_owned(),
            "From: <sam@xn--people-example.evil.example>".to_owned(),
        ];
        // What the signature says of who signed.
        let domains = [
            "evil.example",
            "people.example(.evil.example",
            "people.example'a.evil.example",
            "people.example\0.evil.example",
            "people.example",
        ];
        let to = "desk@desk.example";
        for (n, sender) in senders.iter().enumerate() {
            let raw = message(
                "X",
                to,
                &format!("Re: [#{number}] Mine {n}"),
                "",
                "#take\r\nIn.",
            );
            let raw = String::from_utf8(raw)
                .unwrap()
                .replacen("From: X", sender, 1);
            let signed = zone.signed("evil.example", raw.as_bytes(), false);
            let signed = String::from_utf8(signed).unwrap();
            for domain in domains {
                let mail = signed.replacen("d=evil.example", &format!("d={domain}"), 1);
                let fate = take(&test.desk, mail.into_bytes()).await;
                assert!(
                    !matches!(&fate, Fate::Entry(n) if *n == number),
                    "{sender:?} signed by {domain:?}: {fate:?}"
                );
            }
        }
        test.run_jobs().await;
        assert_eq!(entries(&test, number).await.len(), before);
        let rita = actor(&test, &people.rita).await;
        assert!(
            test.desk
                .ticket(&rita, number)
                .await
                .unwrap()
                .owner
                .is_none()
        );
        for mail in test.sent_mail() {
            if mail.to.ends_with("evil.example") {
                let text = String::from_utf8_lossy(&mail.raw).into_owned();
                assert!(!text.contains("canary"), "{text}");
            }
        }
    });
}

#[test]
fn staff_can_be_kept_from_acting_by_mail_and_are_told() {
    let config = Config {
        staff_by_mail: StaffByMail::Off,
        ..testkit::config()
    };
    configured(config, |test| async move {
        let people = test.federation().await;
        let number = opened(&test, &people).await;
        let sams = reply_address(&test, &people.sam.email);
        let raw = message(&people.sam.email, &sams, "Re: Mine", "", "answer");
        assert!(matches!(take(&test.desk, raw).await, Fate::Suppressed(_)));
        assert_eq!(entries(&test, number).await.len(), 1);
        test.run_jobs().await;
        let told = test.sent_mail().pop().unwrap();
        assert!(told.to == people.sam.email && told.text.contains("takes no answers of staff"));
    });
}

/// A guessed reply address: every other one of this ticket and as long as a right one.
fn guess(number: TicketNumber, n: u64) -> String {
    let letters = b"abcdefghijklmnopqrstuvwxyz234567";
    let (ticket, length) = match n % 2 {
        0 => (number.0.unsigned_abs(), 26),
        _ => (n, n % 37),
    };
    let mut word = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03;
    let signature: String = (0..length)
        .map(|_| {
            word = word.rotate_left(7).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            char::from(letters[(word >> 59) as usize])
        })
        .collect();
    format!("desk+{ticket}.{signature}@desk.example")
}

#[test]
fn nobody_gets_into_a_foreign_ticket_and_nobody_gets_its_text() {
    both(|test| async move {
        let people = test.federation().await;
        let number = opened(&test, &people).await;
        let before = test.sent_mail().len();
        let root = format!("sb.{number}.root@desk.example");
        let real = {
            let sent = test.sent_mail();
            let text = String::from_utf8_lossy(&sent[0].raw).into_owned();
            let line = text
                .lines()
                .find(|l| l.to_lowercase().starts_with("message-id:"))
                .unwrap();
            line.split(['<', '>']).nth(1).unwrap().to_owned()
        };
        let eve = "eve@evil.example";
        let mut forgeries = vec![
            message(
                eve,
                "desk@desk.example",
                &format!("Re: [#{number}] Mine"),
                "",
                "a",
            ),
            message(
                eve,
                "desk@desk.example",
                "x",
                &format!("In-Reply-To: <{root}>\r\n"),
                "b",
            ),
            message(
                eve,
                "desk@desk.example",
                "x",
                &format!("References: <{real}>\r\n"),
                "c",
            ),
            message(
                eve,
                "desk@desk.example, rita@people.example",
                &format!("[#{number}]"),
                "Cc: eve@evil.example\r\n",
                "d",
            ),
            message(
                eve,
                "desk@desk.example",
                &format!("[#{number}]"),
                "Reply-To: rita@people.example\r\n",
                "e",
            ),
            message(
                "Rita <rita@people.example> <eve@evil.example>",
                "desk@desk.example",
                &format!("[#{number}]"),
                "",
                "f",
            ),
            message(
                "\"rita@people.example\" <eve@evil.example>",
                "desk@desk.example",
                &format!("[#{number}]"),
                "",
                "g",
            ),
            message(
                "rita@people.example.evil.example",
                "desk@desk.example",
                &format!("[#{number}]"),
                "",
                "h",
            ),
            message(
                "fay@people.example",
                "desk@desk.example",
                &format!("[#{number}]"),
                "X-Switchboard-Loop: x\r\n",
                "i",
            ),
            message(
                "=?utf-8?q?rita=40people.example?= <eve@evil.example>",
                "desk@desk.example",
                &format!("[#{number}]"),
                "",
                "j",
            ),
        ];
        // 10,000 guessed addresses: of this ticket with any signature, and of every number
        // with signatures of every length. A mail names as many as it likes.
        for n in 0..200_u64 {
            let guesses: Vec<String> = (0..50).map(|i| guess(number, n * 50 + i)).collect();
            let to = guesses.join(",\r\n ");
            forgeries.push(message(eve, &to, "guess", "", &format!("guess {n}")));
        }
        for forged in forgeries {
            let fate = take(&test.desk, forged.clone()).await;
            assert!(
                !matches!(&fate, Fate::Entry(n) if *n == number),
                "{}: {fate:?}",
                String::from_utf8_lossy(&forged)
            );
        }
        test.run_jobs().await;
        assert_eq!(entries(&test, number).await.len(), 1);
        for mail in &test.sent_mail()[before..] {
            if mail.to.ends_with("evil.example") {
                let text = String::from_utf8_lossy(&mail.raw);
                assert!(!text.contains("canary") && !text.contains("Mine"), "{text}");
            }
        }
        let rita = actor(&test, &people.rita).await;
        let view = test.desk.ticket(&rita, number).await.unwrap();
        assert_eq!(view.requester.id, people.rita.id);
    });
}

#[test]
fn many_answers_to_one_announcement_are_entries_and_no_flood() {
    const ANSWERS: usize = 3000;
    testkit::on_sqlite(|test| async move {
        let people = test.federation().await;
        let number = opened(&test, &people).await;
        let before = test.sent_mail().len();
        // What a list would have: good for whoever answers.
        let announced = test.desk.reply_address_for_all(number).unwrap();
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..ANSWERS {
            let raw = message(
                &format!("person{n}@crowd.example"),
                &announced,
                "Re: Maintenance",
                "",
                &format!("answer {n}"),
            );
            let desk = test.desk.clone();
            tasks.spawn(async move { take(&desk, raw).await });
            if tasks.len() >= 32 {
                let fate = tasks.join_next().await.unwrap().unwrap();
                assert_eq!(ticket(&fate), number);
            }
        }
        while let Some(fate) = tasks.join_next().await {
            assert_eq!(ticket(&fate.unwrap()), number);
        }
        test.run_jobs().await;
        assert_eq!(entries(&test, number).await.len(), ANSWERS + 1);
        let sent = &test.sent_mail()[before..];
        let mut by_address = std::collections::BTreeMap::<&str, usize>::new();
        for mail in sent {
            *by_address.entry(&mail.to).or_default() += 1;
        }
        assert!(
            by_address.values().all(|n| *n <= 21),
            "a flood: {by_address:?}"
        );
        assert!(!by_address.keys().any(|to| to.ends_with("crowd.example")));
        let last = sent.iter().rfind(|m| m.to == people.sam.email).unwrap();
        assert!(last.subject.contains("no more notices"), "{}", last.subject);
    });
}
