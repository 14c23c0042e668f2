//! The server is killed again and again while it calls a webhook: every event is told, in
//! the order of its ticket, and one that is told twice has the same name (bar C-04).

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::json;
use testkit::{HookServer, Hooked, Place};

use crate::kill_server::{Client, Dice, Installation, Serving, kills};

/// How often the server is killed; `SWITCHBOARD_KILLS` says otherwise.
const KILLS: u64 = 8;
/// Tickets that are worked on.
const TICKETS: usize = 5;

fn serve(at: &Installation) -> Serving {
    let mut command = at.command(&["serve"]);
    command.env("SWITCHBOARD_OUTBOUND_NETWORKS", "127.0.0.1");
    at.serve_by(command).0
}

fn ledger(place: &Place, seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let at = Installation::new(place.url(), folder.path());
    at.run(&["migrate"], "");
    let token = at.token();
    let runtime = testkit::runtime();
    let hook = runtime.block_on(HookServer::start());
    // Slow enough that a kill finds calls under way.
    hook.does(Hooked::Sleeps(Duration::from_millis(40)));
    let mut dice = Dice::new(seed);
    let mut serving = serve(&at);
    let mut client = Client::new(&at, &token);
    let body = json!({"title": "Ledger", "url": hook.url});
    let made = client.post("/api/v1/webhooks", &[], &body).unwrap();
    assert_eq!(made.status, 201, "{:?}", made.json());
    let path = format!("/api/v1/webhooks/{}", made.json()["id"].as_str().unwrap());
    let mut tickets = Vec::new();
    for n in 0..TICKETS {
        let body = json!({"subject": format!("Ticket {n}"), "description": "text"});
        let answer = client.post("/api/v1/tickets", &[], &body).unwrap();
        tickets.push(answer.json()["number"].as_i64().unwrap());
    }
    for _ in 0..kills(KILLS) {
        let before = hook.calls().len();
        for n in 0..15_usize {
            let path = format!("/api/v1/tickets/{}/entries", tickets[n % TICKETS]);
            let body = json!({"visibility": "public", "body": "text"});
            let answer = client.post(&path, &[], &body).unwrap();
            assert_eq!(answer.status, 201, "{:?}", answer.json());
        }
        // Not before it has begun; a lease of the one before runs out meanwhile.
        let began = Instant::now();
        while hook.calls().len() <= before {
            assert!(began.elapsed() < Duration::from_secs(30), "no call came");
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(dice.below(200)));
        serving.kill();
        serving = serve(&at);
        client = Client::new(&at, &token);
    }
    let began = Instant::now();
    let one = loop {
        let one = client.get(&path).unwrap().json();
        if one["behind"] == 0 && one["waiting"] == 0 {
            break one;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{one}");
        std::thread::sleep(Duration::from_millis(100));
    };
    assert_eq!(one["dead"], 0, "{one}");
    let feed = client.get("/api/v1/events?limit=1000").unwrap().json();
    let mut all: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for event in feed["items"].as_array().unwrap() {
        let ticket = event["ticket"].as_i64().unwrap();
        all.entry(ticket)
            .or_default()
            .push(event["id"].as_i64().unwrap());
    }
    let calls = hook.calls();
    let mut told: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for call in &calls {
        let (event, ticket, _) = call.event();
        assert_eq!(call.id, format!("evt_{event}"));
        told.entry(ticket).or_default().push(event);
    }
    for events in told.values_mut() {
        assert!(events.is_sorted(), "{events:?}");
        events.dedup();
    }
    assert_eq!(told, all);
    let names: BTreeSet<&String> = calls.iter().map(|c| &c.id).collect();
    assert!(
        calls.len() > names.len(),
        "no kill came between a call and its end: nothing was tested"
    );
    drop(serving);
}

#[test]
fn everything_is_told_in_order_however_often_the_server_is_killed() {
    ledger(&testkit::empty_sqlite(), 5);
    if let Some(place) = testkit::empty_postgres() {
        ledger(&place, 6);
    }
}
