//! The leak hunt over the whole policy table (bar A-03). Words that only some
//! may see are planted in every hidden place; then everybody reads every address
//! that the table has, by token and by browser, and no answer may carry a word
//! that is not for its reader.
//!
//! The addresses come from the table: a route that is added is hunted
//! through without a line here, and one with a new kind of placeholder fails
//! until `World::pool` says what to put there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request, header};
use desk::account::NewAccount;
use serde_json::json;
use store::community::Community;
use switchboard_core::{Actor, Channel};
use testkit::{Answer, Federation, Somebody, TestDesk, both, on_sqlite};
use web::policy::{self, Needs, Row};

use crate::browser::Browser;

/// What one searches for to come near a planted word. It stands beside each of
/// them and is no secret: pages repeat what was searched for.
const LURE: &str = "zebrafish";

/// A planted word and who may read it.
struct Canary {
    word: String,
    place: &'static str,
    seen_by: BTreeSet<&'static str>,
}

#[derive(Default)]
struct World {
    canaries: Vec<Canary>,
    numbers: Vec<i64>,
    ids: Vec<String>,
    words: Vec<String>,
}

impl World {
    /// Makes a word for a place, followed by the lure.
    fn plant(&mut self, place: &'static str, seen_by: &[&'static str]) -> String {
        let word = format!("quagga{}", 1000 + self.canaries.len());
        self.canaries.push(Canary {
            word: word.clone(),
            place,
            seen_by: seen_by.iter().copied().collect(),
        });
        format!("{word} {LURE}")
    }

    /// What is put into a placeholder: everything there is of its kind, also what
    /// the reader has no business with.
    fn pool(&self, row: &Row, name: &str) -> Vec<String> {
        match name {
            "number" | "other" | "campaign" => self.numbers.iter().map(i64::to_string).collect(),
            "word" => self.words.clone(),
            "name" if row.path.contains("/reports/") => {
                let all = switchboard_core::report::table::REPORTS.iter();
                all.map(|report| report.key.to_owned()).collect()
            }
            "key" | "name" | "unit" | "service" => {
                // The portal and its community are called the same.
                [
                    "storage",
                    "network",
                    "first-level",
                    "archive",
                    "links",
                    "belle",
                    "belle-front",
                ]
                .map(String::from)
                .to_vec()
            }
            "id" | "entry" | "person" | "application" | "attachment" => self.ids.clone(),
            // Of another kind than what is hidden: there is none of them here.
            "provider" | "mailbox" | "mail" | "webhook" | "rule" => vec!["nobody".into()],
            "deed" | "said" => vec!["solved".into()],
            "export" => vec!["0190f3a0-0000-7000-8000-000000000000".into()],
            // No reader here has a partner's key: whatever it is, they are turned away.
            "sha256" => vec!["0".repeat(64)],
            "kind" => vec!["see_also".into()],
            "site" => vec!["south".into()],
            "role" => vec!["cc".into()],
            "who" => vec!["me".into()],
            other => panic!(
                "{} {}: say in World::pool what can stand for {{{other}}}",
                row.method, row.path
            ),
        }
    }

    /// Every address that a row of the table stands for.
    fn addresses(&self, row: &Row) -> Vec<String> {
        let mut done = vec![String::new()];
        for (i, part) in row.path.split(['{', '}']).enumerate() {
            let choices = if i % 2 == 0 {
                vec![part.to_owned()]
            } else {
                self.pool(row, part)
            };
            done = done
                .iter()
                .flat_map(|so_far| choices.iter().map(move |c| format!("{so_far}{c}")))
                .collect();
        }
        // Lists are also asked for everything and for the lure.
        if !row.path.contains('{') {
            let bare = done[0].clone();
            for query in [
                format!("q={LURE}"),
                format!("q={}*", &LURE[..5]),
                "status=any&limit=200".to_owned(),
                "view=all".to_owned(),
                "view=unowned".to_owned(),
            ] {
                done.push(format!("{bare}?{query}"));
            }
        }
        done
    }
}

/// Routes that never end their answer; `live` hunts through these.
const STREAMS: [&str; 2] = ["/live", "/api/v1/events/stream"];

/// The names of everybody who reads, in the order of [`readers`].
const ALL: [&str; 12] = [
    "anybody", "rita", "carl", "otto", "sam", "nina", "fay", "mona", "ada", "pia", "cora", "tim",
];

/// Who is there beside the small federation.
struct Others {
    /// Cc of one ticket.
    carl: Somebody,
    /// First level of the portal `belle`.
    pia: Somebody,
    /// Of the portal's community, by their own choice.
    cora: Somebody,
    /// Of its team.
    tim: Somebody,
}

impl Others {
    async fn arrive(desk: &TestDesk, f: &Federation) -> Others {
        let pia = desk
            .account(NewAccount {
                name: "Pia".into(),
                support: true,
                ..NewAccount::default()
            })
            .await;
        desk.portal("belle", &[&pia], &["Archive"]).await;
        let (cora, tim) = (desk.person("Cora").await, desk.person("Tim").await);
        for person in [&f.rita, &tim] {
            desk.put_into("belle", person).await;
        }
        // Cora joins while anybody can: she is of the community, and of no team.
        Others::open(desk, true).await;
        let who = desk.desk.actor_for(cora.id, Channel::Web).await.unwrap();
        let joins = desk.desk.choose_community(&who, "belle", true);
        joins.await.unwrap();
        Others::open(desk, false).await;
        Others {
            carl: desk.person("Carl").await,
            pia,
            cora,
            tim,
        }
    }

    /// Has the portal's community be one that anybody can join, or not.
    async fn open(desk: &TestDesk, open: bool) {
        let system = Actor::system(Channel::Cli);
        let (belle, _) = desk.desk.community_page(&system, "belle").await.unwrap();
        let belle = Community { open, ..belle };
        let save = desk.desk.save_community(&system, belle, false);
        save.await.unwrap();
    }
}

/// What kind of ticket words are planted in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// With a Cc.
    Plain,
    /// Restricted, though it came by the portal and names its community.
    Restricted,
    /// It came by the portal and is open to its community.
    Shared,
    /// It came by the portal and is edited by its team.
    Team,
}

struct Reader {
    name: &'static str,
    who: Somebody,
    browser: Browser,
}

async fn readers(desk: &Arc<TestDesk>, f: &Federation, others: &Others) -> Vec<Reader> {
    let mut all = Vec::new();
    for (name, who) in ALL.into_iter().zip([
        &Somebody::anonymous(),
        &f.rita,
        &others.carl,
        &f.otto,
        &f.sam,
        &f.nina,
        &f.fay,
        &f.mona,
        &f.ada,
        &others.pia,
        &others.cora,
        &others.tim,
    ]) {
        let browser = if who.token.is_empty() {
            Browser::new(desk)
        } else {
            Browser::of(desk, who).await
        };
        all.push(Reader {
            name,
            who: who.clone(),
            browser,
        });
    }
    all
}

async fn upload(desk: &TestDesk, who: &Somebody, path: &str, content: &str) -> String {
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("/api/v1{path}"))
        .header(header::HOST, "desk.example")
        .header(header::AUTHORIZATION, format!("Bearer {}", who.token))
        .header(header::CONTENT_TYPE, "text/plain")
        .body(Body::from(content.to_owned()))
        .unwrap();
    let answer = desk.ask(request).await.expect(201);
    answer.json["attachments"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// One ticket with a word in every place that a ticket has.
///
/// `near` may see what is public in it, `inside` what is internal too.
async fn ticket(
    desk: &TestDesk,
    f: &Federation,
    world: &mut World,
    others: &Others,
    kind: Kind,
    near: &[&'static str],
    inside: &[&'static str],
) -> i64 {
    let all: Vec<&'static str> = near.iter().chain(inside).copied().collect();
    let mut body = json!({
        "subject": world.plant("subject", &all),
        "description": world.plant("description", &all),
        "service": "archive",
        "custom": {"path": world.plant("custom field", &all)},
    });
    if kind == Kind::Restricted {
        body["security_risk"] = "imminent".into();
    }
    if kind != Kind::Plain {
        body["portal"] = "belle".into();
    }
    if kind == Kind::Team {
        body["type"] = "team".into();
    }
    let number = desk
        .post(&f.rita, "/tickets", body)
        .await
        .expect(201)
        .number();
    let path = format!("/tickets/{number}");
    if kind == Kind::Plain {
        desk.post(
            &f.rita,
            &format!("{path}/parties"),
            json!({"role": "cc", "email": others.carl.email}),
        )
        .await
        .expect(201);
    }
    if kind == Kind::Shared {
        desk.patch(&f.ada, &path, json!({"visibility": "community"}))
            .await
            .expect(200);
    }
    // An imminent risk goes to the security unit where there is one; here there is none.
    let entry = |visibility: &str, body: String| json!({"visibility": visibility, "body": body});
    for (visibility, place, who) in [
        ("public", "public entry", all.as_slice()),
        ("internal", "internal note", inside),
    ] {
        let word = world.plant(place, who);
        let made = desk
            .post(&f.sam, &format!("{path}/entries"), entry(visibility, word))
            .await
            .expect(201);
        world.ids.push(made.json["id"].as_str().unwrap().to_owned());
        let name = world.plant("name of a file", who).replace(' ', "-");
        let content = world.plant("content of a file", who);
        let at = format!("{path}/attachments?name={name}.txt&visibility={visibility}");
        world.ids.push(upload(desk, &f.sam, &at, &content).await);
    }
    let tag = world.plant("tag", inside).replace(' ', "-");
    let note = world.plant("note with a change", inside);
    desk.patch(
        &f.sam,
        &path,
        json!({"owner": f.sam.email, "tags": [tag], "note": note, "status": "in_progress"}),
    )
    .await
    .expect(200);
    let reason = world.plant("reason of an overruled priority", &all);
    desk.patch(
        &f.ada,
        &path,
        json!({"priority": "medium", "reason": reason}),
    )
    .await
    .expect(200);
    world.numbers.push(number);
    number
}

async fn build(desk: &Arc<TestDesk>, f: &Federation, others: &Others) -> World {
    let mut world = World::default();
    world
        .ids
        .extend([&f.rita, &f.sam, &f.ada].map(|s| s.id.0.to_string()));
    let own = ticket(
        desk,
        f,
        &mut world,
        others,
        Kind::Plain,
        &["rita", "carl"],
        &["sam", "fay", "mona", "ada"],
    )
    .await;
    let hidden = ticket(
        desk,
        f,
        &mut world,
        others,
        Kind::Restricted,
        &["rita"],
        &["sam", "ada"],
    )
    .await;
    ticket(
        desk,
        f,
        &mut world,
        others,
        Kind::Shared,
        &["rita", "cora", "tim"],
        &["sam", "fay", "mona", "ada", "pia"],
    )
    .await;
    ticket(
        desk,
        f,
        &mut world,
        others,
        Kind::Team,
        &["rita", "tim"],
        &["sam", "fay", "mona", "ada", "pia"],
    )
    .await;
    // A tie from one to the other tells nothing of the other.
    desk.post(
        &f.ada,
        &format!("/tickets/{own}/relations"),
        json!({"kind": "see_also", "number": hidden}),
    )
    .await
    .expect(201);
    for (person, number) in [(&f.rita, own), (&f.rita, hidden), (&others.carl, own)] {
        world.words.push(
            desk.desk
                .follow_word(switchboard_core::TicketNumber(number), person.id),
        );
    }
    desk.run_jobs().await;
    world
}

impl Reader {
    /// Reads one address: the API by token, pages by browser.
    async fn read(&mut self, desk: &TestDesk, row: &Row, address: &str) -> Answer {
        let answer = if row.path.starts_with("/api/") {
            desk.get(&self.who, address).await
        } else {
            self.browser.get(address).await
        };
        let (status, name) = (answer.status, self.name);
        assert!(status < 500, "{address} as {name}: {status}");
        answer
    }
}

/// Who holds a link reads by it what its person may, whoever they are.
fn by_link(row: &Row) -> bool {
    row.needs == Needs::Link
}

async fn hunt(desk: &Arc<TestDesk>, rows: Vec<&'static Row>) {
    let f = desk.federation().await;
    let others = Others::arrive(desk, &f).await;
    let world = build(desk, &f, &others).await;
    let mut readers = readers(desk, &f, &others).await;
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    let mut leaks = Vec::new();
    for row in rows {
        for address in world.addresses(row) {
            for reader in &mut readers {
                let answer = reader.read(desk, row, &address).await;
                let seen = format!("{:?}\n{}", answer.headers, answer.text());
                for canary in world.canaries.iter().filter(|c| seen.contains(&c.word)) {
                    let may = canary.seen_by.contains(reader.name)
                        || (by_link(row) && canary.seen_by.contains("rita"));
                    if may {
                        *found.entry(canary.word.as_str()).or_default() += 1;
                    } else {
                        leaks.push(format!(
                            "{} ({}) as {} at {address}",
                            canary.place, canary.word, reader.name
                        ));
                    }
                }
            }
        }
    }
    assert!(
        leaks.is_empty(),
        "{} leaks:\n{}",
        leaks.len(),
        leaks.join("\n")
    );
    // The hunt sees: whoever may read a word does find it.
    for canary in &world.canaries {
        assert!(
            found.contains_key(canary.word.as_str()),
            "nobody found the {} ({})",
            canary.place,
            canary.word
        );
    }
    // Mails go to readers too.
    for mail in desk.sent_mail() {
        let raw = String::from_utf8_lossy(&mail.raw);
        let Some(name) = ALL
            .into_iter()
            .find(|n| mail.to.starts_with(&format!("{n}@")))
        else {
            continue;
        };
        for canary in &world.canaries {
            assert!(
                canary.seen_by.contains(name) || !raw.contains(&canary.word),
                "{} mailed to {name}",
                canary.place
            );
        }
    }
}

#[test]
fn no_answer_of_the_api_carries_what_its_reader_may_not_see() {
    both(|desk| async move {
        let rows = policy::api()
            .filter(|r| r.method == "GET" && !STREAMS.contains(&r.path))
            .collect();
        hunt(&desk, rows).await;
    });
}

#[test]
fn no_page_carries_what_its_reader_may_not_see() {
    on_sqlite(|desk| async move {
        let rows = policy::pages()
            .filter(|r| {
                r.method == "GET" && !STREAMS.contains(&r.path) && r.path != "/static/{name}"
            })
            .collect();
        hunt(&desk, rows).await;
    });
}

/// What differs from one reading to the next though nothing has happened.
fn settled(text: &str) -> String {
    // Secrets of forms are drawn anew each time.
    let drawn = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut out: String = text
        .split_inclusive(|c| !drawn(c))
        .map(|word| if word.len() > 32 { "drawn\n" } else { word })
        .collect();
    // How busy a unit is may be known by everybody: its page says so.
    if let Some((before, after)) = out.split_once("<dl class=\"figures\">") {
        let after = after.split_once("</dl>").map_or("", |(_, after)| after);
        out = format!("{before}{after}");
    }
    // Where a reader of the feed goes on is the desk's own count of all that ever
    // happened, as the number of a ticket is: it says how busy the desk is, and
    // nothing of what.
    if let Some((before, after)) = out.split_once("\"next\":") {
        let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
        out = format!("{before}{after}");
    }
    out
}

/// Counts, pages, times and order do not depend on what a reader may not see:
/// what is hidden changes not one letter of any answer.
#[test]
fn what_is_hidden_changes_nothing_for_those_it_is_hidden_from() {
    both(|desk| async move {
        let f = desk.federation().await;
        let others = Others::arrive(&desk, &f).await;
        let mut readers = readers(&desk, &f, &others).await;
        // Somebody with a ticket of their own, a unit that has it, and nobody.
        readers.retain(|r| ["anybody", "otto", "nina"].contains(&r.name));
        let own = desk
            .post(
                &f.otto,
                "/tickets",
                json!({"subject": "Own", "description": LURE, "service": "links"}),
            )
            .await
            .expect(201)
            .number();
        desk.run_jobs().await;
        let known = World {
            numbers: vec![own],
            words: vec![
                desk.desk
                    .follow_word(switchboard_core::TicketNumber(own), f.otto.id),
            ],
            ids: vec![f.otto.id.0.to_string(), f.rita.id.0.to_string()],
            ..World::default()
        };
        let rows: Vec<&Row> = policy::api()
            .chain(policy::pages())
            .filter(|r| r.method == "GET" && !STREAMS.contains(&r.path))
            .filter(|r| r.path != "/static/{name}")
            .collect();
        let mut before = BTreeMap::new();
        let mut told = Vec::new();
        for turn in 0..2 {
            for row in &rows {
                for address in known.addresses(row) {
                    for reader in &mut readers {
                        let answer = reader.read(&desk, row, &address).await;
                        let seen = format!("{} {}", answer.status, settled(&answer.text()));
                        let key = (address.clone(), reader.name);
                        if turn == 0 {
                            before.insert(key, seen);
                        } else if let Some(was) = before.get(&key)
                            && *was != seen
                        {
                            let at = was
                                .bytes()
                                .zip(seen.bytes())
                                .position(|(a, b)| a != b)
                                .unwrap_or_default();
                            let part = |text: &str| {
                                String::from_utf8_lossy(
                                    &text.as_bytes()
                                        [at.saturating_sub(120)..(at + 80).min(text.len())],
                                )
                                .into_owned()
                            };
                            told.push(format!(
                                "{address} as {} tells of what is hidden:\n{}\nthen\n{}",
                                reader.name,
                                part(was),
                                part(&seen)
                            ));
                        }
                    }
                }
            }
            if turn == 0 {
                build(&desk, &f, &others).await;
            }
        }
        assert!(
            told.is_empty(),
            "{} tell:\n{}",
            told.len(),
            told.join("\n\n")
        );
    });
}
