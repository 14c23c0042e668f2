//! The server is killed again and again while tickets travel to and from a real RT,
//! over a network that loses and repeats a tenth of what goes over it, and people
//! write on both sides. Within a minute of quiet both sides have the same, once; where
//! RT alone takes longer for each thing than it should, in proportion.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use connect::{Blobs, Mailer, MailerConfig, Reach};
use desk::onboarding::Decision;
use desk::{Clock as _, Desk, FakeClock, KeptSecrets, SystemClock};
use serde_json::json;
use store::{Db, Options};
use switchboard_core::Channel;
use testkit::{Loss, Lossy, RtServer, coupled_form, rt_server, tls_door};

use crate::exchange_ledger::{ExchangeLedger, Side, There};
use crate::kill_server::{Client, Dice, Installation, KEEPER};

/// How often the server is killed at least; and at most, should the network have
/// spared too much by then.
const KILLS: (u64, u64) = (4, 7);
/// What RT was asked between two kills, unless it takes half a minute to.
const ASKED: usize = 12;
/// What is done on each side meanwhile: more would only wait where RT is slow.
const DEEDS: usize = 50;
/// So many exchanges have to be lost or repeated meanwhile.
const STRUCK: usize = 3;
/// Of quiet, and then both sides agree.
const QUIET: Duration = Duration::from_secs(60);
/// An RT that takes no longer than this for a comment does what waits well within that.
/// Beside others on a busy machine it takes several times as long.
const COMMENT: Duration = Duration::from_millis(500);
/// So many times as long is waited for a slow RT at most.
const PATIENCE: f64 = 4.0;

/// The desk within this process, whose operator keeps the secret for RT. Not from
/// within a runtime.
fn keeping(at: &Installation, rt: &RtServer) -> Desk {
    let mut secrets = KeptSecrets::default();
    secrets.keep("sky-rt", "127.0.0.1", rt.token.clone());
    Desk::new(
        Db::open(&at.url, Options::default()).unwrap(),
        Blobs::open(at.data.join("files")).unwrap(),
        Mailer::new(&MailerConfig::Folder(at.data.join("outbox"))).unwrap(),
        Arc::new(FakeClock::at(SystemClock.now())),
        desk::Config {
            mail_address: "desk@desk.example".into(),
            public_url: format!("http://{}", at.address),
            outbound: Reach::parse("127.0.0.1").unwrap(),
            keys: desk::SecretKeys::parse(testkit::SECRET_KEY).unwrap(),
            secrets,
            ..desk::Config::default()
        },
    )
    .unwrap()
}

/// What a provider and an administrator do: a form for a service whose tickets
/// travel to the RT behind that door.
async fn couple(desk: &Desk, door: u16) {
    let keeper = desk
        .db()
        .read(|c| store::person::by_email(c, KEEPER))
        .await
        .unwrap();
    let keeper = desk
        .actor_for(keeper.unwrap().id, Channel::Web)
        .await
        .unwrap();
    let mut form = coupled_form("Data");
    form.exchange.endpoint = format!("https://127.0.0.1:{door}/REST/2.0");
    form.unit.parent = "first-level".into();
    form.unit.responsibles = vec![KEEPER.into()];
    let id = desk.begin_onboarding(&keeper).await.unwrap();
    let saved = desk.save_onboarding(&keeper, id, None, form).await.unwrap();
    assert_eq!(saved.wrong, []);
    desk.submit_onboarding(&keeper, id, None, "").await.unwrap();
    desk.decide_onboarding(&keeper, id, None, Decision::Accept)
        .await
        .unwrap();
}

/// Somebody here at work until it is told to stop.
struct Here<'a> {
    ledger: &'a ExchangeLedger,
    stop: &'a AtomicBool,
    client: Client,
    dice: Dice,
    tickets: Vec<i64>,
}

impl Here<'_> {
    fn work(mut self) {
        for _ in 0..DEEDS {
            if self.stop.load(Ordering::SeqCst) {
                return;
            }
            match self.dice.below(6) {
                0 => self.opens(),
                1 => self.writes(Side::Note),
                2 => self.attaches(),
                _ => self.writes(Side::Here),
            }
            std::thread::sleep(Duration::from_millis(300 + self.dice.below(600)));
        }
    }

    /// With a key, and so repeated until there is an answer.
    fn opens(&mut self) {
        let word = self.ledger.word(Side::Here);
        let body = json!({
            "subject": self.ledger.subject(), "description": word, "service": "sky-atlas",
        });
        for _ in 0..400 {
            let key = [("idempotency-key", word.as_str())];
            if let Ok(answer) = self.client.post("/api/v1/tickets", &key, &body) {
                assert_eq!(answer.status, 201, "{:?}", answer.json());
                self.ledger.stored(&word);
                self.tickets.push(answer.json()["number"].as_i64().unwrap());
                return;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        panic!("no answer to {word} in ten seconds");
    }

    /// Likewise without a key.
    fn attaches(&mut self) {
        let which = self.dice.below(self.tickets.len().max(1) as u64) as usize;
        let Some(number) = self.tickets.get(which).copied() else {
            return self.opens();
        };
        let word = self.ledger.word(Side::File);
        let path = format!("/api/v1/tickets/{number}/attachments?name={word}.txt");
        let kind = [("content-type", "text/plain")];
        if let Ok(answer) = self.client.send("POST", &path, &kind, b"seventeen") {
            assert_eq!(answer.status, 201, "{:?}", answer.json());
            self.ledger.stored(&word);
        }
    }

    /// Without a key: sent once, and without an answer it may be there or not.
    fn writes(&mut self, side: Side) {
        let which = self.dice.below(self.tickets.len().max(1) as u64) as usize;
        let Some(number) = self.tickets.get(which).copied() else {
            return self.opens();
        };
        let word = self.ledger.word(side);
        let visibility = if side == Side::Note {
            "internal"
        } else {
            "public"
        };
        let body = json!({ "visibility": visibility, "body": word });
        let path = format!("/api/v1/tickets/{number}/entries");
        if let Ok(answer) = self.client.post(&path, &[], &body) {
            assert_eq!(answer.status, 201, "{:?}", answer.json());
            self.ledger.stored(&word);
        }
    }
}

/// How long it has to be quiet with an RT as fast as this one, when it is asked by
/// itself in a queue that is coupled to nothing.
fn quiet_with(rt: &RtServer) -> Duration {
    let text = |subject: &str| {
        json!({
            "Queue": "Watched", "Subject": subject, "Content": "How fast?",
            "ContentType": "text/plain",
        })
    };
    let ticket = rt.acts("ada", "POST", "/ticket", &text("A clock"));
    let path = format!("/ticket/{}/comment", ticket["id"].as_str().unwrap());
    let mut took: Vec<Duration> = (0..5)
        .map(|_| {
            let began = Instant::now();
            rt.acts("ada", "POST", &path, &text("A clock"));
            began.elapsed()
        })
        .collect();
    took.sort();
    let slower = took[2].as_secs_f64() / COMMENT.as_secs_f64();
    QUIET.mul_f64(slower.clamp(1.0, PATIENCE))
}

/// Waits until RT was read for the first time: what is opened there from then on
/// comes here. Gives back the address that RT calls to wake the desk.
fn until_read(client: &mut Client) -> String {
    for _ in 0..300 {
        let all = client.get("/api/v1/exchange").unwrap().json();
        let one = &all["items"][0];
        if !one["read_at"].is_null() {
            return one["wake"].as_str().unwrap().to_owned();
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{:?}", client.get("/api/v1/exchange").unwrap().json());
}

#[test]
fn nothing_is_lost_or_doubled_between_a_server_that_is_killed_and_an_rt_behind_a_bad_network() {
    let Some(rt) = rt_server() else { return };
    let runtime = testkit::runtime();
    let (lossy, door) = runtime.block_on(async {
        let lossy = Lossy::before(rt.url.trim_start_matches("http://")).await;
        let door = tls_door(&format!("127.0.0.1:{}", lossy.port), &rt.folder).await;
        (lossy, door)
    });
    let (place, folder) = (testkit::sqlite(), tempfile::tempdir().unwrap());
    let at = Installation::new(place.url(), folder.path());
    at.run(&["migrate"], "");
    let token = at.token();
    let desk = keeping(&at, &rt);
    runtime.block_on(couple(&desk, door));
    drop(desk);
    let secret = folder.path().join("rt-token");
    std::fs::write(&secret, &rt.token).unwrap();
    let settings = folder.path().join("switchboard.toml");
    let text = format!("[secrets.sky-rt]\nhost = \"127.0.0.1\"\nfile = {secret:?}\n");
    std::fs::write(&settings, text).unwrap();
    let serve = || {
        let mut command: Command = at.command(&["serve"]);
        command
            .arg("--config")
            .arg(&settings)
            .env("SWITCHBOARD_OUTBOUND_NETWORKS", "127.0.0.1")
            .env("SSL_CERT_FILE", rt.folder.join("ca.crt"));
        at.serve_by(command).0
    };

    let (seed, ledger, stop) = (7, ExchangeLedger::new("Data"), AtomicBool::new(false));
    let there = There {
        rt: &rt,
        ledger: &ledger,
    };
    let (mut dice, mut kills) = (Dice::new(seed), 0);
    let first = serve();
    let wake = until_read(&mut Client::new(&at, &token));
    // RT's own scrip calls it from now on, also while nobody is there.
    let hook = rt.folder.join("hooks").join(format!("wake-{door}"));
    std::fs::write(&hook, format!("{wake}\n")).unwrap();
    lossy.at_random(seed, 10, &[Loss::Unheard, Loss::Unanswered, Loss::Repeated]);
    let _serving = std::thread::scope(|scope| {
        let mut serving = first;
        let here = Here {
            ledger: &ledger,
            stop: &stop,
            client: Client::new(&at, &token),
            dice: Dice::new(seed + 1),
            tickets: Vec::new(),
        };
        scope.spawn(move || here.work());
        let (stop, mut theirs) = (&stop, Dice::new(seed + 2));
        scope.spawn(move || {
            for _ in 0..DEEDS {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                there.act(theirs.below(1_000));
                std::thread::sleep(Duration::from_millis(500));
            }
        });
        while kills < KILLS.0 || lossy.struck() < STRUCK && kills < KILLS.1 {
            kills += 1;
            let (alive, before) = (Instant::now(), lossy.heads().len());
            std::thread::sleep(Duration::from_millis(5_000 + dice.below(3_000)));
            while lossy.heads().len() < before + ASKED && alive.elapsed() < Duration::from_secs(30)
            {
                std::thread::sleep(Duration::from_millis(dice.below(500)));
            }
            serving.kill();
            serving = serve();
        }
        stop.store(true, Ordering::SeqCst);
        serving
    });
    lossy.calm();
    let quiet = Instant::now();
    let db = Db::open(&at.url, Options::default()).unwrap();
    let differences = || runtime.block_on(ledger.differences(&db, &rt));
    let mut wrong = differences();
    // While it is as busy with us as it will be.
    let long = quiet_with(&rt);
    while !wrong.is_empty() && quiet.elapsed() < long {
        std::thread::sleep(Duration::from_secs(1));
        wrong = differences();
    }
    std::fs::remove_file(&hook).unwrap();
    println!(
        "{kills} kills, {} words, {} exchanges struck, {} wrong after {:?} of {long:?}",
        ledger.count(),
        lossy.struck(),
        wrong.len(),
        quiet.elapsed()
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(lossy.struck() >= STRUCK && ledger.count() >= 15);
    // And quiet it stays.
    std::thread::sleep(Duration::from_secs(5));
    let wrong = differences();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
