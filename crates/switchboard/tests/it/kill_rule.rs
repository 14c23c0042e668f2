//! The server is killed again and again while rules act: each event sets each rule off once,
//! also what another rule did, and what a rule does happens whole.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::Place;

use crate::kill_server::{Client, Dice, Installation, kills};

/// How often the server is killed; `SWITCHBOARD_KILLS` says otherwise.
const KILLS: u64 = 8;
/// Rules that act on each ticket.
const RULES: i64 = 3;
/// Tickets that are opened before each.
const TICKETS: usize = 12;

/// How often rules have acted so far. None is ever refused or stopped.
fn acted(client: &mut Client) -> i64 {
    let all = client.get("/api/v1/rules").unwrap().json();
    let rules = all["items"].as_array().unwrap().iter();
    let counts = rules.map(|rule| {
        assert_eq!((&rule["refused"], &rule["stopped"]), (&json!(0), &json!(0)));
        rule["acted"].as_i64().unwrap()
    });
    counts.sum()
}

fn items(client: &mut Client, path: &str) -> Vec<Value> {
    let answer = client.get(path).unwrap();
    assert_eq!(answer.status, 200, "{path}");
    answer.json()["items"].as_array().unwrap().clone()
}

fn ledger(place: &Place, seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let at = Installation::new(place.url(), folder.path());
    at.run(&["migrate"], "");
    let token = at.token();
    let mut dice = Dice::new(seed);
    let (mut serving, _) = at.serve();
    let mut client = Client::new(&at, &token);
    // The second follows from the first, and the third from the second.
    for rule in [
        json!({"title": "First", "on": "opened",
               "then": {"priority": "high", "note": "First: {{ ticket }}"}}),
        json!({"title": "Second", "on": "changed", "fields": ["priority"],
               "then": {"tag": ["urgent"], "note": "Second: {{ ticket }}"}}),
        json!({"title": "Third", "on": "changed", "fields": ["tags"],
               "then": {"answer": "Third: {{ ticket.number }}", "status": "solved"}}),
    ] {
        let made = client.post("/api/v1/rules", &[], &rule).unwrap();
        assert_eq!(made.status, 201, "{:?}", made.json());
    }
    let (mut tickets, mut found_at_work) = (Vec::new(), 0);
    for _ in 0..kills(KILLS) {
        for n in 0..TICKETS {
            let body = json!({"subject": format!("Ticket {n}"), "description": "text"});
            let answer = client.post("/api/v1/tickets", &[], &body).unwrap();
            assert_eq!(answer.status, 201, "{:?}", answer.json());
            tickets.push(answer.json()["number"].as_i64().unwrap());
        }
        std::thread::sleep(Duration::from_millis(dice.below(60)));
        let due = RULES * tickets.len() as i64;
        found_at_work += i64::from(acted(&mut client) < due);
        serving.kill();
        (serving, _) = at.serve();
        client = Client::new(&at, &token);
    }
    let due = RULES * tickets.len() as i64;
    let began = Instant::now();
    loop {
        let so_far = acted(&mut client);
        if so_far >= due {
            break;
        }
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "{so_far} of {due}"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    // Whatever would come twice has its time to come.
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(acted(&mut client), due);
    for number in tickets {
        let at = format!("/api/v1/tickets/{number}");
        let mut notes: Vec<String> = items(&mut client, &format!("{at}/entries"))
            .iter()
            .filter(|entry| entry["visibility"] == "internal")
            .map(|entry| entry["body"].as_str().unwrap().to_owned())
            .collect();
        notes.sort();
        let wanted = [format!("First: {number}"), format!("Second: {number}")];
        assert_eq!(notes, wanted, "{number}");
        let answers = items(&mut client, &format!("{at}/entries"));
        let answers = answers.iter().filter(|entry| entry["solution"] == true);
        let answers: Vec<_> = answers.map(|entry| &entry["body"]).collect();
        assert_eq!(answers, [&json!(format!("Third: {number}"))], "{number}");
        let history = items(&mut client, &format!("{at}/history"));
        for kind in ["priority_overruled", "tags_set", "solution_set"] {
            let times = history.iter().filter(|event| event["kind"] == kind).count();
            assert_eq!(times, 1, "{kind} of {number}");
        }
    }
    assert!(
        found_at_work > 0,
        "no kill came before all was done: nothing was tested"
    );
    drop(serving);
}

#[test]
fn each_event_sets_a_rule_off_once_however_often_the_server_is_killed() {
    ledger(&testkit::empty_sqlite(), 7);
    if let Some(place) = testkit::empty_postgres() {
        ledger(&place, 8);
    }
}
