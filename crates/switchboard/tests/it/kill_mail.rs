//! Mail handed over while the server is killed again and again: every token
//! that was sent is in exactly one final state, and none is there twice (bar,
//! the ledger; S-05).

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{MailServers, Place, mail_servers};

use crate::kill_server::{Client, Dice, Installation, kills};

/// Who hands mail over at the same time.
const SENDERS: u64 = 6;
/// Mails of each of them for each kill.
const MAILS: u64 = 8;
/// How often the server is killed on each database; `SWITCHBOARD_KILLS` says otherwise.
const KILLS: u64 = 8;

/// A mail server that has one mail to hand over and does not give up.
struct Sender<'a> {
    door: &'a str,
    dice: Dice,
    /// Connections that broke, by us or by the server's death.
    broken: &'a AtomicUsize,
}

impl Sender<'_> {
    /// Until it is acknowledged.
    fn deliver(&mut self, raw: &str) {
        let begin = Instant::now();
        loop {
            assert!(begin.elapsed() < Duration::from_secs(120), "never taken");
            // Every fourth time the line is cut somewhere on the way.
            let cut = (self.dice.below(4) == 0).then(|| self.dice.below(6));
            match self.attempt(raw, cut) {
                Ok(true) => return,
                Ok(false) => std::thread::sleep(Duration::from_millis(20)),
                Err(_) => {
                    self.broken.fetch_add(1, Ordering::Relaxed);
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
        }
    }

    fn attempt(&self, raw: &str, cut: Option<u64>) -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(self.door)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        let mut answers = BufReader::new(stream.try_clone()?);
        let answer = |answers: &mut BufReader<TcpStream>| -> std::io::Result<u16> {
            loop {
                let mut line = String::new();
                if answers.read_line(&mut line)? == 0 {
                    return Err(std::io::ErrorKind::UnexpectedEof.into());
                }
                if line.as_bytes().get(3) != Some(&b'-') {
                    return line[..3].parse().map_err(std::io::Error::other);
                }
            }
        };
        answer(&mut answers)?;
        let steps = [
            "LHLO mx.example\r\n".to_owned(),
            "MAIL FROM:<someone@people.example>\r\n".to_owned(),
            "RCPT TO:<desk@desk.example>\r\n".to_owned(),
            "DATA\r\n".to_owned(),
            format!("{raw}\r\n.\r\n"),
        ];
        for (n, step) in (0_u64..).zip(&steps) {
            if cut == Some(n) {
                // In the middle of what is said.
                stream.write_all(&step.as_bytes()[..step.len() / 2])?;
                return Err(std::io::ErrorKind::ConnectionAborted.into());
            }
            stream.write_all(step.as_bytes())?;
            if cut == Some(5) && n == 4 {
                // After the final dot: nobody hears the answer.
                return Err(std::io::ErrorKind::ConnectionAborted.into());
            }
            if answer(&mut answers)? >= 400 {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn mail(token: &str) -> String {
    format!(
        "From: {token} <{token}@people.example>\r\nTo: desk@desk.example\r\nSubject: {token}\r\n\
         Message-ID: <{token}@people.example>\r\n\r\nThe text of {token}."
    )
}

fn ledger(place: Place, seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let at = Installation::new(place.url(), folder.path());
    at.run(&["migrate"], "");
    let token = at.token();
    let door = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().to_string()
    };
    let serve = || {
        let mut command = at.command(&["serve"]);
        command
            .env("SWITCHBOARD_LMTP_LISTEN", &door)
            .env("SWITCHBOARD_MAIL_RESOLVER", "off");
        at.serve_by(command).0
    };
    let kills = kills(KILLS);
    let (sent, broken) = (Mutex::new(Vec::new()), AtomicUsize::new(0));
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let mut senders = Vec::new();
        for n in 0..SENDERS {
            let (sent, broken, door) = (&sent, &broken, door.as_str());
            senders.push(scope.spawn(move || {
                let mut sender = Sender {
                    door,
                    dice: Dice::new(seed + n),
                    broken,
                };
                for m in 0..MAILS * kills {
                    let token = format!("x{n}x{m}x");
                    sender.deliver(&mail(&token));
                    sent.lock().unwrap().push(token);
                }
            }));
        }
        let (killer_over, serve) = (&over, &serve);
        let killer = scope.spawn(move || {
            let mut dice = Dice::new(seed + 1000);
            let mut serving = serve();
            for _ in 0..kills {
                if killer_over.load(Ordering::SeqCst) {
                    break;
                }
                std::thread::sleep(Duration::from_millis(150 + dice.below(500)));
                serving.kill();
                serving = serve();
            }
            serving
        });
        for sender in senders {
            sender.join().unwrap();
        }
        over.store(true, Ordering::SeqCst);
        let serving = killer.join().unwrap();
        check(&at, &token, &sent.lock().unwrap());
        drop(serving);
    });
    let broken = broken.load(Ordering::Relaxed);
    assert!(
        broken > 20,
        "only {broken} connections broke: nothing was tested"
    );
}

/// Waits until every token is in a ticket, and that each is in one.
fn check(at: &Installation, token: &str, sent: &[String]) {
    let mut client = Client::new(at, token);
    let begin = Instant::now();
    loop {
        let mut found: BTreeMap<String, usize> = BTreeMap::new();
        let mut next = "/api/v1/tickets?limit=100".to_owned();
        loop {
            let page = client.get(&next).unwrap();
            assert_eq!(page.status, 200);
            let page = page.json();
            for ticket in page["items"].as_array().unwrap() {
                let subject = ticket["subject"].as_str().unwrap().to_owned();
                *found.entry(subject).or_default() += 1;
            }
            match &page["next"] {
                Value::String(cursor) => {
                    next = format!("/api/v1/tickets?limit=100&cursor={cursor}");
                }
                _ => break,
            }
        }
        let twice: Vec<_> = found.iter().filter(|(_, n)| **n > 1).collect();
        assert!(twice.is_empty(), "twice: {twice:?}");
        let missing = sent.iter().filter(|t| !found.contains_key(*t)).count();
        if missing == 0 {
            assert_eq!(found.len(), sent.len(), "something came that nobody sent");
            return;
        }
        // What was stored when the server died is looked at again after a minute.
        assert!(
            begin.elapsed() < Duration::from_secs(100),
            "{missing} of {} are lost",
            sent.len()
        );
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// Mails that come into a mailbox for each kill.
const LYING: u64 = 8;

/// The lease of whoever was killed runs out: a minute, which no test waits for.
fn leases_end(at: &Installation, mailbox: &str) {
    let (desk, name) = (at.desk(0), format!("mailbox:{mailbox}"));
    let far = desk.now() + 10 * 60_000;
    desk.db()
        .write_blocking(move |c| {
            // Somebody else holds it, for no time at all.
            store::lease::acquire(c, &name, "nobody", far, 1 - 10 * 60_000)
        })
        .unwrap();
}

/// Read by IMAP from a real Dovecot, whose mailbox fills meanwhile.
fn ledger_by_imap(place: &Place, servers: &MailServers, seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let at = Installation::new(place.url(), folder.path());
    at.run(&["migrate"], "");
    let token = at.token();
    let serve = || {
        let mut command = at.command(&["serve"]);
        command
            .env("SWITCHBOARD_OUTBOUND_NETWORKS", "127.0.0.1")
            .env("SWITCHBOARD_MAIL_RESOLVER", "off");
        at.serve_by(command).0
    };
    let name = format!("kill{}s{seed}", std::process::id());
    let address = format!("{name}@example.org");
    let (host, port) = servers.imaps.split_once(':').unwrap();
    let mut serving = serve();
    let mailbox = json!({
        "address": address, "way": "imap", "host": host, "port": port.parse::<u16>().unwrap(),
        "authority": servers.authority, "user": address, "secret": format!("secret-{name}"),
        "done_folder": if seed.is_multiple_of(2) { "Done" } else { "" }, "take_old": true,
    });
    let made = Client::new(&at, &token)
        .post("/api/v1/mailboxes", &[], &mailbox)
        .unwrap();
    assert_eq!(made.status, 201, "{:?}", made.json());
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let (mut dice, mut sent) = (Dice::new(seed), Vec::new());
    let (kills, mut met) = (kills(KILLS), 0);
    for life in 0..kills {
        for n in 0..LYING {
            let word = format!("x{life}x{n}x");
            let raw = mail(&word).replace("\r\n", "\n");
            servers
                .send("rita@people.example", &[&address], &raw)
                .unwrap();
            sent.push(word);
        }
        // Not before it has begun to read; then anywhere.
        let begin = Instant::now();
        let taken = || {
            let mut client = Client::new(&at, &token);
            let answer = client.get(&format!("/api/v1/mailboxes/{id}")).unwrap();
            answer.json()["state"]["taken"].as_u64().unwrap()
        };
        let before = taken();
        while taken() == before && begin.elapsed() < Duration::from_secs(30) {
            std::thread::sleep(Duration::from_millis(3));
        }
        std::thread::sleep(Duration::from_millis(dice.below(25)));
        met += usize::from(taken() < sent.len() as u64);
        serving.kill();
        leases_end(&at, &id);
        serving = serve();
    }
    check(&at, &token, &sent);
    drop(serving);
    assert!(
        met >= 2,
        "the server died while it read only {met} times: nothing was tested"
    );
}

#[test]
fn every_mail_that_lies_in_a_mailbox_is_one_ticket_whenever_the_server_dies() {
    let Some(servers) = mail_servers() else {
        return;
    };
    ledger_by_imap(&testkit::empty_sqlite(), &servers, 3);
    if let Some(place) = testkit::empty_postgres() {
        ledger_by_imap(&place, &servers, 4);
    }
}

#[test]
fn every_mail_handed_over_is_one_ticket_whenever_the_server_dies() {
    ledger(testkit::empty_sqlite(), 20_260_921);
    if let Some(place) = testkit::empty_postgres() {
        ledger(place, 7);
    }
}
