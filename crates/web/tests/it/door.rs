//! Sessions and doors from outside, what `registration` and `second_factor` do not
//! hold (bar ): nothing about a session in logs or addresses, other
//! clocks, answers that are alike for known and unknown addresses.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::http::header;
use desk::FakeClock;
use testkit::{Answer, both, on_sqlite};
use tracing_subscriber::fmt::MakeWriter;

use crate::browser::{Browser, PASSWORD, form};
use crate::registration::registered;
use crate::second_factor::{code, with_app};

const MAIL: &str = "marta@ug.example";
const MINUTE: i64 = 60_000;

/// All that is logged.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Written {
    type Writer = Written;

    fn make_writer(&'a self) -> Written {
        self.clone()
    }
}

#[test]
fn nothing_of_a_session_is_logged_or_stands_in_an_address() {
    let written = Written::default();
    let log = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(written.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(log);
    on_sqlite(|desk| async move {
        let mut marta = registered(&desk, MAIL).await;
        let (seed, codes) = with_app(&desk, &mut marta).await;
        desk.clock.advance(MINUTE);
        let mut browser = Browser::new(&desk);
        let mut secrets: Vec<String> = vec![PASSWORD.into(), seed.replace(' ', "")];
        secrets.extend(codes);
        let mut addresses = Vec::new();
        let first = [("mail", MAIL), ("password", PASSWORD)];
        let second = code(&desk, &seed);
        let steps: [(&str, &[(&str, &str)]); 4] = [
            ("/sign-in", &first),
            ("/sign-in/code", &[("code", second.as_str())]),
            ("/account/sessions", &[("others", "1")]),
            ("/account/confirm", &[("password", PASSWORD)]),
        ];
        for (path, fields) in steps {
            secrets.push(browser.csrf().await);
            let answer = browser.send(path, fields).await.expect(303);
            addresses.push(answer.header("location").to_owned());
            secrets.extend(browser.cookies.values().cloned());
        }
        for page in ["/account", "/tickets", "/services"] {
            let page = browser.page(page).await;
            let links = page.split("href=\"").skip(1);
            addresses.extend(links.map(|l| l.split('"').next().unwrap().to_owned()));
        }
        browser.send("/sign-out", &[]).await.expect(303);
        browser.get("/account").await.expect(303);
        tracing::info!("what is logged is kept here");
        secrets.retain(|s| s.len() > 8);
        assert!(secrets.len() > 15, "{}", secrets.len());
        let log = String::from_utf8_lossy(&written.0.lock().unwrap()).into_owned();
        assert!(log.contains("what is logged is kept here"), "{log}");
        for secret in &secrets {
            assert!(!log.contains(secret), "{secret} is logged");
            let told = addresses.iter().find(|a| a.contains(secret));
            assert_eq!(told, None, "{secret} stands in an address");
        }
    });
}

/// Another node, whose clock is a day wrong, or the same after a restart: nothing
/// about a session is kept in the process.
#[test]
fn a_session_is_the_same_for_every_node_and_ends_with_its_time() {
    both(|desk| async move {
        let marta = registered(&desk, MAIL).await;
        let cookie = marta.cookies["sb_session"].clone();
        let now = desk.desk.now();
        let day = 24 * 60 * MINUTE;
        for (clock, alive) in [(now, true), (now - day, true), (now + day, false)] {
            let other = desk.desk.with_clock(Arc::new(FakeClock::at(clock)));
            let who = other.session(&cookie).await.unwrap();
            assert_eq!(who.is_some(), alive, "{}", clock - now);
        }
        // Who is signed out here is signed out there.
        let mut marta = marta;
        marta.send("/sign-out", &[]).await.expect(303);
        let other = desk.desk.with_clock(Arc::new(FakeClock::at(now)));
        assert!(other.session(&cookie).await.unwrap().is_none());
    });
}

/// What an answer tells: all but the moment and the visitor's own cookie.
fn told(answer: &Answer) -> (u16, Vec<(String, String)>, usize) {
    let mut headers: Vec<(String, String)> = answer
        .headers
        .iter()
        .filter(|(name, _)| *name != header::DATE && *name != header::SET_COOKIE)
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    (answer.status, headers, answer.bytes.len())
}

fn median(all: &[Duration]) -> Duration {
    let mut all = all.to_vec();
    all.sort_unstable();
    all[all.len() / 2]
}

/// By how many standard deviations the ranks of two samples lie apart (Mann and Whitney,
/// normal approximation): beyond 2.58 once in a hundred samples of the same.
fn apart(a: &[Duration], b: &[Duration]) -> f64 {
    let mut all: Vec<(Duration, bool)> = a.iter().map(|t| (*t, true)).collect();
    all.extend(b.iter().map(|t| (*t, false)));
    all.sort_unstable();
    let ranks = (1..).zip(&all).filter(|(_, (_, of_a))| *of_a);
    let sum: f64 = ranks.map(|(rank, _)| f64::from(rank)).sum();
    let size = |sample: &[Duration]| f64::from(u32::try_from(sample.len()).unwrap());
    let (n, m) = (size(a), size(b));
    let expected = n * (n + m + 1.0) / 2.0;
    (sum - expected) / (n * m * (n + m + 1.0) / 12.0).sqrt()
}

/// The pages that ask for an address, how often each is asked in every run of the tests
/// (a password costs 20 ms each time), and how far the middles of the times may
/// then lie apart when it is no accident.
const DOORS: [(&str, usize, Duration); 3] = [
    ("/sign-in", 60, Duration::from_millis(2)),
    ("/register", 2_000, Duration::from_micros(200)),
    ("/forgot", 2_000, Duration::from_micros(200)),
];

/// Bar A-06: a known address and one that nobody has, asked in turn, differ in nothing,
/// and the times do not tell which was which. `SWITCHBOARD_PAIRS=2000` asks as often as the
/// bar says, and compares as sharply; every run does a part of it, and fails on what
/// is no accident on a busy machine either.
#[test]
fn known_and_unknown_addresses_are_answered_alike() {
    let full: Option<usize> = std::env::var("SWITCHBOARD_PAIRS")
        .ok()
        .map(|pairs| pairs.parse().unwrap());
    on_sqlite(|desk| async move {
        // As many of the ones as of the others, so that what is counted of each is alike.
        let known: Vec<String> = (0..8).map(|n| format!("marta{n}@ug.example")).collect();
        let unknown: Vec<String> = (0..8).map(|n| format!("other{n}@ug.example")).collect();
        for mail in &known {
            registered(&desk, mail).await;
        }
        // The order is mixed the same way each time.
        let mut random: u64 = 0x5eed;
        for (page, pairs, near) in DOORS {
            let mut took = [Vec::new(), Vec::new()];
            let mut stranger = Browser::new(&desk);
            let csrf = stranger.csrf().await;
            for pair in 0..full.unwrap_or(pairs) {
                desk.clock.advance(61 * MINUTE);
                random = random
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                let both = [&known[pair % 8], &unknown[pair % 8]];
                let first = usize::from((random >> 40) & 1 == 0);
                let mut answers = Vec::new();
                for which in [first, 1 - first] {
                    let fields = [
                        ("csrf", csrf.as_str()),
                        ("mail", both[which].as_str()),
                        ("password", "not it at all"),
                    ];
                    let began = Instant::now();
                    let answer = stranger.send_raw(page, &form(&fields)).await;
                    took[which].push(began.elapsed());
                    answers.push(told(&answer));
                }
                assert_eq!(answers[0], answers[1], "{page} {both:?}");
            }
            let z = apart(&took[0], &took[1]);
            let [known, unknown] = [median(&took[0]), median(&took[1])];
            let between = known.abs_diff(unknown);
            let alike = match full {
                Some(_) => z.abs() < 2.58 && between < Duration::from_millis(2),
                None => z.abs() < 4.5 || between < near,
            };
            let words = format!("{page}: known {known:?}, unknown {unknown:?}, {z:.2} deviations");
            eprintln!("{words}");
            assert!(alike, "{words}");
        }
    });
}

/// What compares the times sees a difference that is there, and none that is not.
#[test]
fn times_that_differ_are_seen() {
    let times = |seed: u64, more: u64| -> Vec<Duration> {
        let mut random = seed;
        let mut next = || {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % 1_000
        };
        (0..400)
            .map(|_| Duration::from_micros(2_000 + next() + more))
            .collect()
    };
    assert!(apart(&times(1, 0), &times(2, 0)).abs() < 2.58);
    assert!(apart(&times(1, 200), &times(2, 0)) > 4.5);
    assert!(apart(&times(1, 0), &times(2, 200)) < -4.5);
}

/// What sets a desk up is the command line: no address does (bar row 36).
#[test]
fn no_address_sets_a_desk_up() {
    on_sqlite(|desk| async move {
        let mut browser = Browser::new(&desk);
        for path in ["/setup", "/install", "/getting_started", "/admin/create"] {
            let status = browser.get(path).await.status;
            assert!([404, 303].contains(&status), "{path}: {status}");
            let status = browser
                .send(path, &[("email", MAIL), ("password", PASSWORD)])
                .await
                .status;
            assert!([404, 405].contains(&status), "{path}: {status}");
        }
        for path in ["/api/v1/setup", "/api/v1/getting_started"] {
            browser.get(path).await.expect(404);
        }
    });
}
