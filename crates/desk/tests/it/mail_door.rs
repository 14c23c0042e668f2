//! Mail that the local mail server hands over, through a real Postfix and by
//! hand.

use std::time::{Duration, Instant};

use desk::mailbox::Draft;
use store::mailbox::{MailboxDoc, Way};
use switchboard_core::{Actor, Channel, TicketNumber};
use testkit::{Proxy, TestDesk, Wrong, both, mail_servers, on_sqlite};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Opens the door; gives its port.
pub(crate) async fn open(test: &TestDesk) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let desk = test.desk.clone();
    tokio::spawn(async move { desk.take_local_mail(listener).await });
    port
}

/// An address that the local mail server hands over.
fn local(address: &str, unit: Option<&str>) -> Draft {
    Draft {
        id: None,
        expected: None,
        address: address.into(),
        way: Way::Local,
        doc: MailboxDoc::default(),
        secret: None,
        unit: unit.map(str::to_owned),
        service: None,
        portal: None,
        active: true,
    }
}

async fn handed(test: &TestDesk, address: &str, unit: Option<&str>) {
    let admin = Actor::system(Channel::Cli);
    let draft = local(address, unit);
    test.desk.save_mailbox(&admin, draft).await.unwrap();
}

async fn counts(test: &TestDesk) -> Vec<(String, i64)> {
    test.desk.mail_counts().await.unwrap()
}

async fn wait_for(test: &TestDesk, state: &str, count: i64) {
    let begin = Instant::now();
    loop {
        let found = counts(test).await;
        if found.contains(&(state.to_owned(), count)) {
            return;
        }
        assert!(begin.elapsed() < Duration::from_secs(30), "{found:?}");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

fn mail(words: &str) -> String {
    format!(
        "From: Rita <rita@people.example>\nTo: help@desk.example\nSubject: {words}\n\
         Message-ID: <{words}@people.example>\n\nThis is {words}.\n.A line with a dot.\n"
    )
}

/// A client that says what it is told.
pub(crate) struct Client {
    read: BufReader<tokio::net::tcp::OwnedReadHalf>,
    write: tokio::net::tcp::OwnedWriteHalf,
}

impl Client {
    pub(crate) async fn new(port: u16) -> Client {
        let (read, write) = TcpStream::connect(("127.0.0.1", port))
            .await
            .unwrap()
            .into_split();
        let mut client = Client {
            read: BufReader::new(read),
            write,
        };
        assert!(client.answer().await.starts_with("220 "));
        client
    }

    pub(crate) async fn answer(&mut self) -> String {
        let mut all = String::new();
        loop {
            let mut line = String::new();
            if self.read.read_line(&mut line).await.unwrap() == 0 {
                return all;
            }
            let more = line.as_bytes().get(3) == Some(&b'-');
            all.push_str(&line);
            if !more {
                return all;
            }
        }
    }

    pub(crate) async fn say(&mut self, line: &str) -> String {
        self.write
            .write_all(format!("{line}\r\n").as_bytes())
            .await
            .unwrap();
        self.answer().await
    }
}

#[test]
fn postfix_hands_mail_over_and_whatever_breaks_comes_once() {
    let Some(servers) = mail_servers() else {
        return;
    };
    on_sqlite(|test| async move {
        test.federation().await;
        let door = open(&test).await;
        let proxy = Proxy::before(&format!("127.0.0.1:{door}")).await;
        let help = format!("help@l{}.example", proxy.port);
        handed(&test, &help, Some("storage")).await;
        let steps = [
            None,
            Some(Wrong::Unheard("LHLO".into())),
            Some(Wrong::Unanswered("LHLO".into())),
            Some(Wrong::Unheard("MAIL FROM".into())),
            Some(Wrong::Unanswered("RCPT TO".into())),
            Some(Wrong::Unheard("\r\n.\r\n".into())),
            // After the final dot: stored, and Postfix does not know.
            Some(Wrong::Unanswered("\r\n.\r\n".into())),
            Some(Wrong::Answered(
                "\r\n.\r\n".into(),
                "451 4.3.0 later\r\n".into(),
            )),
            Some(Wrong::Slow("\r\n.\r\n".into(), Duration::from_millis(300))),
        ];
        for (n, wrong) in steps.into_iter().enumerate() {
            let struck = proxy.struck();
            let planned = wrong.is_some();
            if let Some(wrong) = wrong {
                proxy.next(wrong);
            }
            let to = format!("help+plus@l{}.example", proxy.port);
            servers
                .send("rita@people.example", &[&to], &mail(&format!("mail{n}")))
                .unwrap();
            let so_far = i64::try_from(n).unwrap() + 1;
            wait_for(&test, "entry", so_far).await;
            assert_eq!(proxy.struck(), struck + usize::from(planned), "step {n}");
        }
        // Nothing is on its way any more that would come twice.
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(counts(&test).await, [("entry".to_owned(), 9)]);
        let system = Actor::system(Channel::Job);
        let entries = test
            .desk
            .entries(&system, TicketNumber(1), 0, 10)
            .await
            .unwrap();
        assert!(
            entries[0].body.contains("\n.A line with a dot."),
            "{:?}",
            entries[0].body
        );
        // An address that nobody has here bounces; Postfix says so to the sender.
        let nobody = format!("nobody@l{}.example", proxy.port);
        let sender = format!("sender{}", std::process::id());
        let from = format!("{sender}@example.org");
        servers.send(&from, &[&nobody], &mail("lost")).unwrap();
        let bounce = servers.wait_for_mails(&sender, 1).remove(0);
        assert!(bounce.contains("5.1.1"), "{bounce}");
    });
}

#[test]
fn the_dialogue_is_as_the_standards_say() {
    both(|test| async move {
        handed(&test, "storage@desk.example", None).await;
        let door = open(&test).await;
        let mut c = Client::new(door).await;
        assert!(c.say("MAIL FROM:<a@b.example>").await.starts_with("503 "));
        let hello = c.say("LHLO here.example").await;
        for word in [
            "PIPELINING",
            "8BITMIME",
            "SMTPUTF8",
            "ENHANCEDSTATUSCODES",
            "SIZE 52428800",
        ] {
            assert!(hello.contains(word), "{hello}");
        }
        assert!(c.say("DATA").await.starts_with("503 "));
        assert!(
            c.say("MAIL FROM:<a@b.example> SIZE=99999999999")
                .await
                .starts_with("552 5.3.4")
        );
        assert!(
            c.say("MAIL FROM:<a@b.example>")
                .await
                .starts_with("250 2.1.0")
        );
        for (to, code) in [
            ("<desk@desk.example>", "250 2.1.5"),
            ("<Desk+1.abc@DESK.example>", "250 2.1.5"),
            ("<storage@desk.example>", "250 2.1.5"),
            ("<desk@elsewhere.example>", "550 5.1.1"),
            ("<desks@desk.example>", "550 5.1.1"),
        ] {
            let answer = c.say(&format!("RCPT TO:{to}")).await;
            assert!(answer.starts_with(code), "{to}: {answer}");
        }
        assert!(c.say("DATA").await.starts_with("354 "));
        // LMTP: one answer for each recipient that was taken.
        let text = mail("wire")
            .replace('\n', "\r\n")
            .replace("\r\n.A", "\r\n..A");
        assert!(c.say(&format!("{text}.")).await.starts_with("250 2.6.0"));
        assert!(c.answer().await.starts_with("250 2.6.0"));
        assert!(c.answer().await.starts_with("250 2.6.0"));
        // As SMTP: one answer. The same mail once more is no second entry.
        assert!(c.say("EHLO here.example").await.starts_with("250-"));
        c.say("MAIL FROM:<a@b.example>").await;
        c.say("RCPT TO:<desk@desk.example>").await;
        c.say("DATA").await;
        assert!(c.say(&format!("{text}.")).await.starts_with("250 "));
        assert!(c.say("NOOP").await.starts_with("250 2.0.0 Nothing"));
        assert!(c.say("BDAT 5").await.starts_with("502 "));
        assert!(c.say("WHAT").await.starts_with("500 "));
        assert!(c.say(&"x".repeat(9000)).await.starts_with("500 5.5.6"));
        c.write.write_all(b"NOOP\n").await.unwrap();
        assert!(c.answer().await.starts_with("500 5.5.2"));
        assert!(c.say("QUIT").await.starts_with("221 "));
        wait_for(&test, "entry", 1).await;
    });
}

#[test]
fn nothing_but_crlf_dot_crlf_ends_a_mail() {
    both(|test| async move {
        let door = open(&test).await;
        for (n, end) in ["\n.\n", "\n.\r\n", "\r.\r", "\r\n.\n", "\r\n.\r"]
            .iter()
            .enumerate()
        {
            let mut c = Client::new(door).await;
            c.say("LHLO here.example").await;
            c.say("MAIL FROM:<a@b.example>").await;
            c.say("RCPT TO:<desk@desk.example>").await;
            c.say("DATA").await;
            let smuggled = format!(
                "From: rita@people.example\r\nSubject: {n}\r\n\r\nfirst{end}MAIL FROM:<x@y.example>\r\n\
                 RCPT TO:<desk@desk.example>\r\nDATA\r\nFrom: fay@people.example\r\n\r\nsecond\r\n."
            );
            assert!(c.say(&smuggled).await.starts_with("250 2.6.0"));
            // Nothing else is answered: it was one mail.
            assert!(c.say("QUIT").await.starts_with("221 "));
            let mut rest = String::new();
            c.read.read_to_string(&mut rest).await.unwrap();
            assert_eq!(rest, "");
        }
        wait_for(&test, "entry", 5).await;
        assert_eq!(counts(&test).await, [("entry".to_owned(), 5)]);
    });
}

#[test]
fn a_connection_that_breaks_before_the_end_leaves_nothing() {
    both(|test| async move {
        let door = open(&test).await;
        let mut c = Client::new(door).await;
        c.say("LHLO here.example").await;
        c.say("MAIL FROM:<a@b.example>").await;
        c.say("RCPT TO:<desk@desk.example>").await;
        c.say("DATA").await;
        c.write
            .write_all(b"Subject: half\r\n\r\nhalf of it\r\n")
            .await
            .unwrap();
        drop(c);
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(counts(&test).await, []);
        // An empty return path: only machines send so.
        let mut c = Client::new(door).await;
        c.say("LHLO here.example").await;
        c.say("MAIL FROM:<>").await;
        c.say("RCPT TO:<desk@desk.example>").await;
        c.say("DATA").await;
        let text = mail("machine").replace('\n', "\r\n");
        c.say(&format!("{text}.")).await;
        wait_for(&test, "suppressed", 1).await;
        test.run_jobs().await;
        assert!(test.sent_mail().is_empty());
    });
}

#[test]
fn mail_to_a_portals_address_comes_by_the_portal() {
    both(|test| async move {
        test.federation().await;
        let mut portal = test.portal("belle", &[], &["Archive"]).await;
        let admin = Actor::system(Channel::Cli);
        let bound = |address: &str, service: Option<&str>| Draft {
            service: service.map(str::to_owned),
            portal: Some("belle".into()),
            ..local(address, None)
        };
        let save = async |draft| test.desk.save_mailbox(&admin, draft).await;
        // What the portal does not offer, nobody asks for by it.
        for (wrong, named) in [
            (bound("x@belle.example", Some("Links")), "service"),
            (
                Draft {
                    portal: Some("juno".into()),
                    ..bound("x@belle.example", None)
                },
                "portal",
            ),
        ] {
            match save(wrong).await {
                Err(desk::Error::Invalid { field, .. }) => assert_eq!(field, named),
                other => panic!("{other:?}"),
            }
        }
        save(bound("help@belle.example", None)).await.unwrap();
        save(bound("archive@belle.example", Some("Archive")))
            .await
            .unwrap();
        let door = open(&test).await;
        let hand = async |to: &str, words: &str, so_far: i64| {
            let mut client = Client::new(door).await;
            client.say("LHLO mx.example").await;
            client.say("MAIL FROM:<rita@people.example>").await;
            client.say(&format!("RCPT TO:<{to}>")).await;
            client.say("DATA").await;
            let text = mail(words).replace("\n.A", "\n..A").replace('\n', "\r\n");
            assert!(client.say(&format!("{text}.")).await.starts_with("250 "));
            wait_for(&test, "entry", so_far + 1).await;
            let number = TicketNumber(so_far + 1);
            test.desk.ticket(&admin, number).await.unwrap()
        };
        let general = hand("help@belle.example", "general", 0).await;
        assert_eq!(general.unit.key, "belle-front");
        assert_eq!(general.portal.unwrap().key, "belle");
        assert_eq!(general.community.as_deref(), Some("belle"));
        let archive = hand("archive@belle.example", "archive", 1).await;
        assert_eq!(archive.unit.key, "storage");
        assert_eq!(archive.service.unwrap().name, "Archive");
        assert_eq!(archive.portal.unwrap().key, "belle");
        // Who asks is answered by the portal, those who work by the desk.
        test.run_jobs().await;
        let from = |to: &str| {
            let all = test.sent_mail();
            let one = all.iter().find(|m| m.to.starts_with(to)).unwrap().clone();
            let read = mail::parse(&one.raw, &mail::Limits::default()).unwrap();
            read.from.unwrap().name.unwrap()
        };
        assert_eq!(from("rita@"), "belle help");
        assert_eq!(from("belle-front@"), test.desk.config().name);
        // A service that the portal offers no more still takes mail, at its unit.
        portal.doc.services = Vec::new();
        test.desk
            .save_portal(&admin, portal.clone(), false)
            .await
            .unwrap();
        let later = hand("archive@belle.example", "later", 2).await;
        assert_eq!(later.unit.key, "storage");
        assert_eq!(later.portal.unwrap().key, "belle");
        // Nobody comes by a portal that is closed.
        portal.active = false;
        test.desk.save_portal(&admin, portal, false).await.unwrap();
        let closed = hand("help@belle.example", "closed", 3).await;
        assert_eq!(
            (closed.unit.key.as_str(), closed.portal),
            ("first-level", None)
        );
    });
}
