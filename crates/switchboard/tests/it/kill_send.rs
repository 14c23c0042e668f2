//! The server is killed again and again while it hands mails over: every mail ends in
//! exactly one state, and who gets one twice gets the same one, once more at most for
//! each kill (bar, the ledger; S-05).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::json;
use store::outbox::Filter;
use switchboard_core::{Actor, Channel};
use testkit::{Fault, MailSink, Place, SmtpStep};

use crate::kill_server::{Client, Dice, Installation, kills};

/// How often the server is killed; `SWITCHBOARD_KILLS` says otherwise.
const KILLS: u64 = 10;
/// Tickets of each of its lives.
const TICKETS: u64 = 6;
const MINUTE: i64 = 60_000;

/// The lease of whoever was killed runs out: two minutes, which no test waits for.
fn leases_end(at: &Installation) {
    let desk = at.desk(3 * MINUTE);
    let (fast, real) = (desk.now(), desk.now() - 3 * MINUTE);
    desk.db()
        .write_blocking(move |c| {
            store::job::claim(c, fast, "nobody", &["deliver"], 1000, real - fast - 1)?;
            Ok::<_, store::Error>(())
        })
        .unwrap();
}

fn ledger(place: &Place, seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let at = Installation::new(place.url(), folder.path());
    at.run(&["migrate"], "");
    let token = at.token();
    let sink = MailSink::start();
    let serve = || {
        let mut command = at.command(&["serve"]);
        command
            .env("SWITCHBOARD_SMTP_HOST", "127.0.0.1")
            .env("SWITCHBOARD_SMTP_PORT", sink.port().to_string())
            .env("SWITCHBOARD_SMTP_SECURITY", "none");
        at.serve_by(command).0
    };
    let kills = kills(KILLS);
    let mut dice = Dice::new(seed);
    let mut asked = BTreeMap::new();
    let mut cut_short = 0;
    for life in 0..kills {
        let serving = serve();
        let mut client = Client::new(&at, &token);
        // A server that is slow somewhere, so that the kill meets every step.
        sink.next((0..12).map(|_| {
            let step = SmtpStep::ALL[dice.below(7) as usize];
            match dice.below(5) {
                0 if step != SmtpStep::Text => Fault::Say(step, "451 4.3.0 not now"),
                _ => Fault::Slow(step, Duration::from_millis(40 + dice.below(150))),
            }
        }));
        for n in 0..TICKETS {
            let word = format!("x{life}x{n}x");
            let body = json!({
                "subject": word, "description": "text",
                "requester": {"email": format!("{word}@people.example")},
            });
            let answer = client.post("/api/v1/tickets", &[], &body).unwrap();
            assert_eq!(answer.status, 201, "{:?}", answer.json());
            asked.insert(word, answer.json()["number"].as_i64().unwrap());
        }
        // Not before it has begun; then anywhere.
        let before = sink.connections();
        for _ in 0..200 {
            if sink.connections() > before {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(dice.below(250)));
        serving.kill();
        let desk = at.desk(0);
        let sending = desk
            .db()
            .read_blocking(|c| {
                let filter = Filter {
                    state: Some("sending".into()),
                    ..Filter::default()
                };
                store::outbox::find(c, &filter, 1000)
            })
            .unwrap();
        cut_short += sending.len();
        drop(desk);
        leases_end(&at);
    }
    assert!(
        cut_short > 10,
        "{cut_short} deliveries were cut short: nothing was tested"
    );

    // What is left goes out by a desk that lives, and whose clock goes on.
    let mut all = Vec::new();
    for hours in 1..=48 {
        let desk = at.desk_sending(hours * 60 * MINUTE, &sink.config());
        all = testkit::runtime().block_on(async {
            desk.run_jobs().await.unwrap();
            let admin = Actor::system(Channel::Job);
            let mut all = Vec::new();
            let mut before = None;
            loop {
                let filter = Filter {
                    before,
                    ..Filter::default()
                };
                let page = desk.outbox(&admin, filter, 200).await.unwrap();
                before = page.last().map(|m| m.id);
                let more = page.len() == 200;
                all.extend(page);
                if !more {
                    return all;
                }
            }
        });
        if all
            .iter()
            .all(|m| matches!(m.state.as_str(), "sent" | "failed"))
        {
            break;
        }
    }
    let taken = sink.taken();
    let mut known = BTreeSet::new();
    for mail in &all {
        // One state, and that it went out; what was refused for now went later.
        assert_eq!(mail.state, "sent", "{mail:?}");
        let copies: Vec<_> = taken
            .iter()
            .filter(|t| t.message_id() == mail.message_id)
            .collect();
        assert!(!copies.is_empty(), "lost: {mail:?}");
        assert!(copies.iter().all(|c| c.to == [mail.address.clone()]));
        assert!(copies.iter().all(|c| c.bytes == copies[0].bytes));
        let further = copies.len() as i64 - 1;
        assert!(
            further <= mail.uncertain,
            "{further} further copies: {mail:?}"
        );
        assert!(mail.uncertain <= kills as i64, "{mail:?}");
        assert!(known.insert(mail.message_id.clone()), "two rows: {mail:?}");
    }
    // Nothing went out that the outbox does not know.
    assert!(taken.iter().all(|t| known.contains(&t.message_id())));
    // Whoever was answered that their ticket is there was mailed of it by one mail.
    for (word, number) in asked {
        let theirs = all
            .iter()
            .filter(|m| m.address == format!("{word}@people.example"))
            .inspect(|m| assert_eq!(m.ticket.map(|t| t.0), Some(number)))
            .count();
        assert_eq!(theirs, 1, "{word}");
    }
}

#[test]
fn every_mail_ends_in_one_state_and_comes_once_more_at_most_for_each_kill() {
    ledger(&testkit::empty_sqlite(), 4_711);
    if let Some(place) = testkit::empty_postgres() {
        ledger(&place, 12);
    }
}
