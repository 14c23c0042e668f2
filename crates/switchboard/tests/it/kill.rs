//! Kill -9 in mid-load, again and again: nothing that was acknowledged is
//! lost, nothing is there twice or half.
//!
//! Every item carries a word that nothing else has. What the server said yes
//! to (a mail: exit code 0) is written into a ledger; at the end the ledger is
//! compared with what the desk shows.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use store::{Db, Options};
use testkit::Place;

use crate::kill_server::{Client, Dice, Installation, kills};

/// Who sends requests at the same time.
const CLIENTS: u64 = 8;

/// Something that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Ticket,
    Entry,
    File,
    Mail,
}

/// What is known of one thing that was sent.
#[derive(Debug, Clone)]
struct Item {
    kind: Kind,
    /// The server said that it has it.
    acknowledged: bool,
    /// The ticket it belongs to.
    ticket: Option<i64>,
}

/// All that was sent, by its word.
#[derive(Default)]
struct Ledger {
    items: Mutex<BTreeMap<String, Item>>,
    /// Tickets to write to.
    tickets: Mutex<Vec<i64>>,
    retries: AtomicU64,
}

impl Ledger {
    fn attempt(&self, word: &str, kind: Kind, ticket: Option<i64>) {
        let item = Item {
            kind,
            acknowledged: false,
            ticket,
        };
        self.items.lock().unwrap().insert(word.to_owned(), item);
    }

    fn acknowledge(&self, word: &str, ticket: Option<i64>) {
        let mut items = self.items.lock().unwrap();
        let item = items.get_mut(word).unwrap();
        item.acknowledged = true;
        item.ticket = item.ticket.or(ticket);
    }

    fn some_ticket(&self, dice: &mut Dice) -> Option<i64> {
        let tickets = self.tickets.lock().unwrap();
        let place = dice.below(tickets.len().max(1) as u64) as usize;
        tickets.get(place).copied()
    }
}

/// One client at work until it is told to stop. What it has begun it brings
/// to its end, however often the server dies meanwhile.
struct Worker<'a> {
    at: &'a Installation,
    ledger: &'a Ledger,
    /// No new work is begun.
    stop: &'a AtomicBool,
    /// Nothing is tried any more.
    over: &'a AtomicBool,
    client: Client,
    dice: Dice,
    name: String,
    count: u64,
}

impl Worker<'_> {
    fn work(mut self) {
        while !self.stop.load(Ordering::SeqCst) {
            self.count += 1;
            let word = format!("x{}x{}x", self.name, self.count);
            match self.dice.below(100) {
                0..=54 => self.ticket(&word),
                55..=79 => self.entry(&word),
                80..=94 => self.file(&word),
                _ => self.mail(&word),
            }
        }
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    /// With a key, and so repeated until there is an answer.
    fn ticket(&mut self, word: &str) {
        self.ledger.attempt(word, Kind::Ticket, None);
        let body = json!({ "subject": format!("Ticket {word}"), "description": word });
        while !self.is_over() {
            let key = [("idempotency-key", word)];
            match self.client.post("/api/v1/tickets", &key, &body) {
                Ok(answer) => {
                    assert_eq!(answer.status, 201, "{:?}", answer.json());
                    let number = answer.json()["number"].as_i64().unwrap();
                    self.ledger.acknowledge(word, Some(number));
                    self.ledger.tickets.lock().unwrap().push(number);
                    return;
                }
                Err(_) => {
                    self.ledger.retries.fetch_add(1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(15));
                }
            }
        }
    }

    /// Without a key: sent once, and without an answer it may be there or not.
    fn entry(&mut self, word: &str) {
        let Some(number) = self.ledger.some_ticket(&mut self.dice) else {
            return self.ticket(word);
        };
        self.ledger.attempt(word, Kind::Entry, Some(number));
        let internal = self.dice.below(4) == 0;
        let visibility = if internal { "internal" } else { "public" };
        let body = json!({ "visibility": visibility, "body": format!("Entry {word}.") });
        let path = format!("/api/v1/tickets/{number}/entries");
        match self.client.post(&path, &[], &body) {
            Ok(answer) => {
                assert_eq!(answer.status, 201, "{:?}", answer.json());
                self.ledger.acknowledge(word, None);
            }
            Err(_) => std::thread::sleep(Duration::from_millis(15)),
        }
    }

    fn file(&mut self, word: &str) {
        let Some(number) = self.ledger.some_ticket(&mut self.dice) else {
            return self.ticket(word);
        };
        self.ledger.attempt(word, Kind::File, Some(number));
        let path = format!("/api/v1/tickets/{number}/attachments?name={word}.log");
        let kind = [("content-type", "application/octet-stream")];
        match self.client.send("POST", &path, &kind, &content(word)) {
            Ok(answer) => {
                assert_eq!(answer.status, 201, "{:?}", answer.json());
                self.ledger.acknowledge(word, None);
            }
            Err(_) => std::thread::sleep(Duration::from_millis(15)),
        }
    }

    /// By the command line, as a mail server does it: the same mail again
    /// until exit 0. Now and then the command itself is killed.
    fn mail(&mut self, word: &str) {
        self.ledger.attempt(word, Kind::Mail, None);
        let mail = format!(
            "From: Somebody <{word}@users.example>\r\nTo: <desk@desk.example>\r\n\
             Subject: Mail {word}\r\nMessage-ID: <{word}@users.example>\r\n\
             Date: Mon, 2 Nov 2026 09:00:00 +0000\r\n\r\nThe mail of {word}.\r\n"
        );
        while !self.is_over() {
            let mut child = self
                .at
                .command(&["mail-in"])
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            // It may be dead before it has read everything.
            let _ = child.stdin.take().unwrap().write_all(mail.as_bytes());
            if self.dice.below(4) == 0 {
                std::thread::sleep(Duration::from_millis(self.dice.below(120)));
                let _ = child.kill();
            }
            let status = child.wait().unwrap();
            if status.success() {
                self.ledger.acknowledge(word, None);
                return;
            }
            let known = status.code().is_none_or(|code| code == 75);
            assert!(known, "mail-in ended with {status}");
            self.ledger.retries.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// The bytes of a file, a few kilobytes.
fn content(word: &str) -> Vec<u8> {
    format!("{word}\n").repeat(400).into_bytes()
}

/// Load with `kills` kills, then everything is looked at.
#[expect(clippy::print_stdout, reason = "says how large the sample was")]
fn survive(place: &Place, kills: u64, seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let at = Installation::new(place.url(), folder.path());
    let token = at.token();
    let ledger = Ledger::default();
    let (stop, over) = (AtomicBool::new(false), AtomicBool::new(false));
    let mut dice = Dice::new(seed);
    let mut slowest = Duration::ZERO;
    let (first, _) = at.serve();
    let serving = std::thread::scope(|scope| {
        let mut serving = first;
        for n in 0..CLIENTS {
            let worker = Worker {
                at: &at,
                ledger: &ledger,
                stop: &stop,
                over: &over,
                client: Client::new(&at, &token),
                dice: Dice::new(seed * 100 + n),
                name: format!("{seed}c{n}"),
                count: 0,
            };
            scope.spawn(move || worker.work());
        }
        for _ in 0..kills {
            std::thread::sleep(Duration::from_millis(30 + dice.below(500)));
            serving.kill();
            let ready;
            (serving, ready) = at.serve();
            slowest = slowest.max(ready);
        }
        stop.store(true, Ordering::SeqCst);
        // What was begun is brought to its end now, on a server that lives.
        std::thread::sleep(Duration::from_millis(700));
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(20)
            && ledger
                .items
                .lock()
                .unwrap()
                .values()
                .any(|i| !i.acknowledged && matches!(i.kind, Kind::Ticket | Kind::Mail))
        {
            std::thread::sleep(Duration::from_millis(50));
        }
        over.store(true, Ordering::SeqCst);
        serving
    });
    assert!(
        slowest <= Duration::from_secs(5),
        "a restart took {slowest:?} until ready"
    );
    serving.kill();
    settle(&at);
    let items = ledger.items.into_inner().unwrap();
    let count = |kind| items.values().filter(|i| i.kind == kind).count();
    let unanswered = items.values().filter(|i| !i.acknowledged).count();
    println!(
        "{}: {kills} kills, {} tickets, {} entries, {} files, {} mails sent; {unanswered} never \
         answered, {} repeated; slowest restart {slowest:?}",
        place.url().split(':').next().unwrap_or_default(),
        count(Kind::Ticket),
        count(Kind::Entry),
        count(Kind::File),
        count(Kind::Mail),
        ledger.retries.into_inner(),
    );
    let enough = items.values().filter(|i| i.acknowledged).count();
    assert!(
        enough > 50,
        "only {enough} items were acknowledged: no load"
    );
    let (_serving, _) = at.serve();
    compare(&at, &token, &items);
    mails_add_up(&at, count(Kind::Mail));
    let report = at.run(&["doctor"], "");
    assert!(report.contains("history gives the state"), "{report}");
    histories_give_the_states(&at);
    if place.file().is_some() {
        let db = Db::open(&at.url, Options::default()).unwrap();
        let words: Vec<String> = db
            .read_blocking(|c| c.query("PRAGMA integrity_check", &[], |row| row.get(0)))
            .unwrap();
        assert_eq!(words, ["ok"]);
    }
}

/// Lets everything that waits be done: mails whose command died are looked at
/// again after a minute, so the clock goes on by five.
fn settle(at: &Installation) {
    let desk = at.desk(5 * 60_000);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(desk.run_jobs()).unwrap();
}

/// Everything that the desk shows, against the ledger.
fn compare(at: &Installation, token: &str, items: &BTreeMap<String, Item>) {
    let mut client = Client::new(at, token);
    let mut seen: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    let mut cursor = String::new();
    let mut numbers = Vec::new();
    loop {
        let path = format!("/api/v1/tickets?limit=200{cursor}");
        let page = client.get(&path).unwrap().json();
        for ticket in page["items"].as_array().unwrap() {
            let number = ticket["number"].as_i64().unwrap();
            numbers.push(number);
            let subject = ticket["subject"].as_str().unwrap();
            let word = subject.split(' ').nth(1).unwrap_or(subject);
            seen.entry(word.to_owned()).or_default().push(number);
        }
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    for number in &numbers {
        let path = format!("/api/v1/tickets/{number}/entries");
        let page = client.get(&path).unwrap().json();
        assert!(
            page["next"].is_null(),
            "{number} has more entries than a page"
        );
        for entry in page["items"].as_array().unwrap() {
            let body = entry["body"].as_str().unwrap_or_default();
            if let Some(word) = body.strip_prefix("Entry ") {
                let word = word.trim_end_matches('.').to_owned();
                seen.entry(word).or_default().push(*number);
            }
            for file in entry["attachments"].as_array().unwrap() {
                let name = file["name"].as_str().unwrap();
                let word = name.trim_end_matches(".log").to_owned();
                let url = file["url"].as_str().unwrap();
                let bytes = client.get(url).unwrap().body;
                assert!(
                    bytes == content(&word),
                    "the file of {word} has other bytes"
                );
                seen.entry(word).or_default().push(*number);
            }
        }
    }
    let last = numbers.iter().max().copied().unwrap_or(0);
    assert_eq!(numbers.len() as i64, last, "numbers are given without gaps");
    for (word, item) in items {
        let found = seen.remove(word).unwrap_or_default();
        let (least, most) = (usize::from(item.acknowledged), 1);
        assert!(
            (least..=most).contains(&found.len()),
            "{word}, {item:?}, is there {} times: {found:?}",
            found.len()
        );
        if let (Some(ticket), Some(found)) = (item.ticket, found.first()) {
            assert_eq!(ticket, *found, "{word} is in another ticket");
        }
    }
    assert!(seen.is_empty(), "nobody sent {seen:?}");
}

/// Each mail has one fate, and together they are all that were sent.
fn mails_add_up(at: &Installation, sent: usize) {
    let db = Db::open(&at.url, Options::default()).unwrap();
    let counts = db.read_blocking(store::mail::incoming_counts).unwrap();
    let of = |state: &str| {
        let found = counts.iter().find(|(s, _)| s == state);
        found.map_or(0, |(_, n)| *n)
    };
    let ends = of("entry") + of("suppressed") + of("quarantined");
    assert_eq!(ends, sent as i64, "{counts:?}");
    assert_eq!(of("taken"), 0, "{counts:?}");
}

/// `doctor` looks at the newest tickets; here at all of them, and whether the
/// followers have seen every event.
fn histories_give_the_states(at: &Installation) {
    let db = Db::open(&at.url, Options::default()).unwrap();
    let (events, last) = db
        .read_blocking(|c| {
            let last = store::event::last(c)?;
            let mut events = Vec::new();
            loop {
                let after = events.len() as i64;
                let some = store::event::feed(c, after, 5_000)?;
                if some.is_empty() {
                    break;
                }
                events.extend(some);
            }
            for reader in ["notices", "search"] {
                assert_eq!(store::event::position(c, reader)?, last, "{reader}");
            }
            Ok::<_, store::Error>((events, last))
        })
        .unwrap();
    assert_eq!(events.len() as i64, last, "events without gaps");
    let mut histories: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for event in events {
        let history = histories.entry(event.ticket).or_default();
        assert_eq!(event.seq, history.len() as i64 + 1);
        history.push((event.change, event.at));
    }
    for (number, history) in histories {
        let replayed = switchboard_core::Ticket::replay(history);
        let (stored, ids) = db
            .read_blocking(move |c| {
                let ticket = store::ticket::load(c, number)?;
                Ok::<_, store::Error>((ticket, store::entry::ids(c, number)?))
            })
            .unwrap();
        assert_eq!(replayed, stored, "ticket {number}");
        assert_eq!(stored.unwrap().entries, ids.len() as i64, "ticket {number}");
    }
}

/// 50 kills in all; a release's run has `SWITCHBOARD_KILLS=250` on each database.
#[test]
fn nothing_acknowledged_is_lost_when_the_server_is_killed() {
    let postgres = testkit::empty_postgres();
    let on_sqlite = if postgres.is_some() { 30 } else { 50 };
    survive(&testkit::empty_sqlite(), kills(on_sqlite), 1);
    if let Some(place) = postgres {
        survive(&place, kills(20), 2);
    }
}
