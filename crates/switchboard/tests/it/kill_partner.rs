//! Three real processes that share tickets, in a chain, and are killed again and
//! again while people write at each of them. Within a minute of quiet all have the
//! same, once. And the conformance kit, against one of them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::kill_server::{Client, Dice, Installation, Serving, kills};

/// Of quiet, and then all agree.
const QUIET: Duration = Duration::from_secs(60);

struct Site {
    at: Installation,
    token: String,
    serving: Option<Serving>,
    // Dropped last: the server has its files there.
    _folder: tempfile::TempDir,
    _place: testkit::Place,
}

impl Site {
    fn new(name: &str) -> Site {
        let (place, folder) = (testkit::empty_sqlite(), tempfile::tempdir().unwrap());
        let at = Installation::new(place.url(), folder.path());
        at.run(&["migrate"], "");
        let token = at.token();
        let mut site = Site {
            at,
            token,
            serving: None,
            _folder: folder,
            _place: place,
        };
        site.start();
        for unit in ["Desk A", "Desk B", "Desk C", "Work"] {
            if unit != name {
                let body = json!({"name": unit, "key": key(unit), "parent": "first-level"});
                site.post("/api/v1/units", &body, 201);
            }
        }
        site
    }

    fn start(&mut self) {
        let mut command = self.at.command(&["serve"]);
        command.env("SWITCHBOARD_OUTBOUND_NETWORKS", "127.0.0.1");
        self.serving = Some(self.at.serve_by(command).0);
    }

    fn kill(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.kill();
        }
        self.start();
    }

    fn client(&self) -> Client {
        Client::new(&self.at, &self.token)
    }

    fn get(&self, path: &str) -> Value {
        let answer = self.client().get(path).unwrap();
        assert_eq!(answer.status, 200, "{path}: {:?}", answer.json());
        answer.json()
    }

    fn post(&self, path: &str, body: &Value, status: u16) -> Value {
        let answer = self.client().post(path, &[], body).unwrap();
        assert_eq!(answer.status, status, "{path}: {:?}", answer.json());
        answer.json()
    }

    fn give(&self, number: i64, unit: &str) {
        let body = json!({"unit": key(unit), "reason": "Theirs."}).to_string();
        let path = format!("/api/v1/tickets/{number}");
        let kind = [("content-type", "application/json")];
        let answer = self.client().send("PATCH", &path, &kind, body.as_bytes());
        assert_eq!(answer.unwrap().status, 200);
    }

    /// Every public text, with how often it is there, by the ticket's subject.
    fn texts(&self) -> BTreeMap<String, BTreeMap<String, usize>> {
        let mut all = BTreeMap::new();
        for ticket in self.get("/api/v1/tickets?limit=200")["items"]
            .as_array()
            .unwrap()
        {
            let number = ticket["number"].as_i64().unwrap();
            let entries = self.get(&format!("/api/v1/tickets/{number}/entries?limit=200"));
            let texts: &mut BTreeMap<String, usize> = all
                .entry(ticket["subject"].as_str().unwrap().to_owned())
                .or_default();
            for entry in entries["items"].as_array().unwrap() {
                if entry["visibility"] == "public" {
                    let text = entry["body"].as_str().unwrap().to_owned();
                    *texts.entry(text).or_default() += 1;
                }
            }
        }
        all
    }

    /// Changes that partners do not have yet, and what could not be taken.
    fn waits(&self) -> (u64, i64) {
        let all = self.get("/api/v1/exchange/partners");
        let mut waits = (0, 0);
        for one in all["items"].as_array().unwrap() {
            waits.0 += one["waiting"].as_u64().unwrap();
            waits.1 += one["dead"].as_i64().unwrap();
        }
        waits
    }

    fn numbers(&self) -> BTreeMap<String, i64> {
        let tickets = self.get("/api/v1/tickets?limit=200");
        let all = tickets["items"].as_array().unwrap().iter();
        all.map(|t| {
            let subject = t["subject"].as_str().unwrap().to_owned();
            (subject, t["number"].as_i64().unwrap())
        })
        .collect()
    }
}

fn key(unit: &str) -> String {
    unit.to_lowercase().replace(' ', "-")
}

fn invite(a: &Site, unit: &str) -> String {
    let terms = json!({"names": true, "files": true, "gives": true, "takes": true});
    let body = json!({"terms": terms, "intake": "work", "units": [key(unit)]});
    let made = a.post("/api/v1/exchange/invitations", &body, 201);
    made["invitation"].as_str().unwrap().to_owned()
}

fn couple(a: &Site, at_a: &str, b: &Site, at_b: &str) {
    let body = json!({"invitation": invite(a, at_a), "intake": "work", "units": [key(at_b)]});
    b.post("/api/v1/exchange/partners", &body, 201);
}

/// Waits until something is so.
fn until(what: &str, so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < QUIET, "not within a minute: {what}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn three_servers_that_are_killed_lose_and_double_nothing() {
    let mut sites = [
        Site::new("Desk A"),
        Site::new("Desk B"),
        Site::new("Desk C"),
    ];
    couple(&sites[0], "Desk B", &sites[1], "Desk A");
    couple(&sites[1], "Desk C", &sites[2], "Desk B");
    let tickets = 3;
    for n in 0..tickets {
        let body = json!({"subject": format!("Plate {n}"), "description": "It is missing."});
        let number = sites[0].post("/api/v1/tickets", &body, 201)["number"].as_i64();
        sites[0].give(number.unwrap(), "Desk B");
    }
    until("all are at B", || sites[1].numbers().len() == tickets);
    for number in sites[1].numbers().into_values() {
        sites[1].give(number, "Desk C");
    }
    until("all are at C", || sites[2].numbers().len() == tickets);

    let mut dice = Dice::new(11);
    let mut stored: BTreeSet<String> = BTreeSet::new();
    let mut maybe: BTreeSet<String> = BTreeSet::new();
    let mut word = 0;
    for _ in 0..kills(9) {
        for _ in 0..6 {
            let site = &sites[dice.below(3) as usize];
            let numbers: Vec<i64> = site.numbers().into_values().collect();
            let number = numbers[dice.below(numbers.len() as u64) as usize];
            word += 1;
            let text = format!("word {word}.");
            let body = json!({"visibility": "public", "body": text});
            let path = format!("/api/v1/tickets/{number}/entries");
            match site.client().post(&path, &[], &body) {
                Ok(answer) => {
                    assert_eq!(answer.status, 201, "{:?}", answer.json());
                    stored.insert(text);
                }
                Err(_) => {
                    maybe.insert(text);
                }
            }
        }
        // At any moment of what follows from them.
        std::thread::sleep(Duration::from_millis(dice.below(900)));
        sites[dice.below(3) as usize].kill();
    }
    let first = || sites[0].texts();
    until("all agree", || {
        sites.iter().all(|s| s.waits().0 == 0)
            && sites[1].texts() == first()
            && sites[2].texts() == first()
            && stored
                .iter()
                .all(|w| first().values().any(|t| t.contains_key(w)))
    });
    for texts in first().values() {
        assert!(texts.values().all(|n| *n == 1), "{texts:?}");
    }
    let all: BTreeSet<String> = first()
        .into_values()
        .flat_map(BTreeMap::into_keys)
        .collect();
    for text in all.iter().filter(|t| t.starts_with("word")) {
        assert!(stored.contains(text) || maybe.contains(text), "{text}");
    }
    assert!(sites.iter().all(|s| s.waits() == (0, 0)));
}

#[test]
fn the_conformance_kit_finds_that_a_desk_keeps_the_protocol() {
    let site = Site::new("Desk A");
    let url = format!("http://{}", site.at.address);
    let file = site.at.data.join("invitation");
    std::fs::write(&file, invite(&site, "Desk B")).unwrap();
    let networks = ["--networks", "127.0.0.1"];
    let open = site
        .at
        .run(&["exchange", "check", &url, networks[0], networks[1]], "");
    assert!(open.ends_with("3 checks, 0 failed\n"), "{open}");
    let file = file.to_str().unwrap();
    let mut arguments = vec!["exchange", "check", &url, "--invitation", file];
    arguments.extend(networks);
    let whole = site.at.run(&arguments, "");
    assert!(
        whole.contains("an erasure is answered with a receipt"),
        "{whole}"
    );
    assert!(whole.ends_with(" checks, 0 failed\n"), "{whole}");
    // What was taken of it is a ticket here, and what it did wrong lies aside.
    let tickets = site.numbers();
    assert_eq!(tickets.len(), 1, "{tickets:?}");
    assert_eq!(site.waits().1, 3);
    // A second desk can not use the invitation again.
    let output = site.at.command(&arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("FAILED  an invitation can be accepted"),
        "{said}"
    );
}
