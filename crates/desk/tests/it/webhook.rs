//! Webhooks: what is told to whom, in which order, and what becomes of it when receivers
//! are dead, slow, or lead elsewhere (bar C-01, C-04).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use desk::webhook::{Draft, Overview};
use desk::{Desk, EntryDraft, Error, OpenRequest, Step};
use serde_json::Value;
use store::webhook::{Delivery, State};
use store::{Db, Options};
use switchboard_core::{Actor, Channel, EntryVisibility, PersonId, TicketNumber};
use testkit::{Call, Federation, HookServer, Hooked, Loss, Lossy, TestDesk, both, config};
use uuid::Uuid;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

fn draft(url: &str) -> Draft {
    Draft {
        id: None,
        expected: None,
        title: "Chat of the storage team".into(),
        url: url.into(),
        kinds: Vec::new(),
        filter: String::new(),
        units: Vec::new(),
        services: Vec::new(),
        texts: false,
        reader: None,
        active: true,
    }
}

async fn actor(test: &TestDesk, person: PersonId) -> Actor {
    test.desk.actor_for(person, Channel::Web).await.unwrap()
}

/// Made by Ada; with its secret.
async fn made(test: &TestDesk, people: &Federation, draft: Draft) -> (Uuid, String) {
    let ada = actor(test, people.ada.id).await;
    let (made, secret) = test.desk.save_webhook(&ada, draft).await.unwrap();
    (made.webhook.id, secret.unwrap())
}

async fn known(test: &TestDesk, id: Uuid) -> Overview {
    let system = Actor::system(Channel::Job);
    test.desk.webhook(&system, id).await.unwrap()
}

async fn calls(test: &TestDesk, id: Uuid, state: Option<State>) -> Vec<Delivery> {
    let system = Actor::system(Channel::Job);
    let page = test
        .desk
        .webhook_deliveries(&system, id, state, None, 200)
        .await
        .unwrap();
    page.items
}

async fn opened(test: &TestDesk, who: PersonId, unit: &str) -> TicketNumber {
    let who = actor(test, who).await;
    let request = OpenRequest {
        subject: "No space left".into(),
        description: "The disk of plover is full.".into(),
        unit: Some(unit.into()),
        ..OpenRequest::default()
    };
    test.desk.open_ticket(&who, request).await.unwrap().number
}

async fn write(desk: &Desk, who: &Actor, number: TicketNumber, how: EntryVisibility, text: &str) {
    let draft = EntryDraft {
        body: text.into(),
        ..EntryDraft::default()
    };
    let steps = vec![Step::Write(how, draft)];
    desk.act(who, number, None, steps).await.unwrap();
}

fn kinds(calls: &[Call]) -> Vec<String> {
    calls.iter().map(|c| c.event().2).collect()
}

/// Of each ticket its events, in the order in which they were taken.
fn by_ticket(calls: &[Call]) -> BTreeMap<i64, Vec<i64>> {
    let mut all: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for call in calls {
        let (event, ticket, _) = call.event();
        all.entry(ticket).or_default().push(event);
    }
    all
}

fn signed(call: &Call, secret: &str) -> bool {
    let seconds = call.timestamp.parse().unwrap();
    let right = connect::webhook::signature(secret, &call.id, seconds, &call.bytes).unwrap();
    call.signature.split(' ').any(|one| one == right)
}

#[test]
fn what_happens_is_told_once_as_the_api_shows_it_and_signed() {
    both(|test| async move {
        let people = test.federation().await;
        let hook = HookServer::start().await;
        // What was before is not told.
        opened(&test, people.rita.id, "storage").await;
        let (id, secret) = made(&test, &people, draft(&hook.url)).await;
        assert!(secret.starts_with("whsec_"));
        let number = opened(&test, people.rita.id, "storage").await;
        let stan = actor(&test, people.stan.id).await;
        write(&test.desk, &stan, number, EntryVisibility::Public, "Wait.").await;
        test.run_jobs().await;
        test.run_jobs().await;

        let calls = hook.calls();
        let feed = test
            .get(&people.ada, "/events?limit=1000")
            .await
            .expect(200);
        let feed: Vec<Value> = feed.json["items"].as_array().unwrap().clone();
        let of_it = feed.iter().filter(|e| e["ticket"] == number.0);
        let told: Vec<&Value> = calls.iter().map(|c| &c.json["data"]["event"]).collect();
        assert_eq!(told, of_it.collect::<Vec<_>>(), "each once, in order");
        for call in &calls {
            let (event, _, kind) = call.event();
            assert_eq!(call.id, format!("evt_{event}"));
            assert_eq!(call.json["type"], format!("ticket.{kind}"));
            assert_eq!(call.json["timestamp"], call.json["data"]["event"]["at"]);
            assert_eq!(call.json["data"]["ticket"]["number"], number.0);
            assert_eq!(call.json["data"]["ticket"]["unit"], "Storage");
            assert!(signed(call, &secret), "{call:?}");
            assert!(!signed(call, "whsec_AAAA"));
            // Texts only where they are asked for.
            let text = String::from_utf8_lossy(&call.bytes);
            assert!(
                !text.contains("plover") && !text.contains("Wait."),
                "{text}"
            );
        }
        let one = known(&test, id).await;
        assert_eq!((one.behind, one.sums.waiting, one.sums.dead), (0, 0, 0));
        assert!(one.webhook.sent_at.is_some() && one.webhook.error.is_none());
        // The secret is in no answer, and lies sealed.
        let shown = test.get(&people.ada, "/webhooks").await.expect(200).text();
        assert!(!shown.contains("whsec_"), "{shown}");
        let stored = test.desk.db().read(store::webhook::secrets).await.unwrap();
        assert!(stored[0].2.starts_with("sealed:1:"), "{stored:?}");
    });
}

#[test]
fn a_new_secret_counts_at_once_and_the_old_one_for_a_day_more() {
    both(|test| async move {
        let people = test.federation().await;
        let hook = HookServer::start().await;
        let (id, old) = made(&test, &people, draft(&hook.url)).await;
        let ada = actor(&test, people.ada.id).await;
        let (new, _) = test.desk.rotate_webhook(&ada, id).await.unwrap();
        assert_ne!(old, new);
        let tried = test.desk.test_webhook(&ada, id).await.unwrap();
        assert_eq!((tried.status, tried.error), (Some(200), None));
        test.clock.advance(24 * HOUR + 1);
        test.desk.test_webhook(&ada, id).await.unwrap();
        let calls = hook.calls();
        assert_eq!(calls[0].json["type"], "webhook.test");
        assert!(signed(&calls[0], &old) && signed(&calls[0], &new));
        assert!(!signed(&calls[1], &old) && signed(&calls[1], &new));
    });
}

#[test]
fn only_what_is_wanted_and_may_be_seen_is_told() {
    both(|test| async move {
        let people = test.federation().await;
        let hooks: Vec<HookServer> = [
            HookServer::start().await,
            HookServer::start().await,
            HookServer::start().await,
            HookServer::start().await,
        ]
        .into();
        let [stans, ritas, high, solved] = hooks.as_slice() else {
            panic!()
        };
        let reads = |hook: &HookServer, reader: &str| Draft {
            reader: Some(reader.to_owned()),
            texts: true,
            ..draft(&hook.url)
        };
        made(&test, &people, reads(stans, &people.stan.email)).await;
        made(&test, &people, reads(ritas, &people.rita.email)).await;
        let only = Draft {
            filter: "priority>=high".into(),
            units: vec!["network".into()],
            ..draft(&high.url)
        };
        made(&test, &people, only).await;
        let only = Draft {
            kinds: vec!["status_set".into()],
            ..draft(&solved.url)
        };
        made(&test, &people, only).await;

        let number = opened(&test, people.rita.id, "storage").await;
        let stan = actor(&test, people.stan.id).await;
        write(
            &test.desk,
            &stan,
            number,
            EntryVisibility::Internal,
            "quagga",
        )
        .await;
        write(&test.desk, &stan, number, EntryVisibility::Public, "ocelot").await;
        let elsewhere = opened(&test, people.otto.id, "network").await;
        // Restricted tickets are told to nobody.
        let ada = actor(&test, people.ada.id).await;
        let secret = OpenRequest {
            subject: "hidden".into(),
            description: "hidden".into(),
            unit: Some("storage".into()),
            ..OpenRequest::default()
        };
        let secret = test.desk.open_ticket(&ada, secret).await.unwrap().number;
        let body = serde_json::json!({"visibility": "restricted"});
        let path = format!("/tickets/{secret}");
        test.patch(&people.ada, &path, body).await.expect(200);
        let urgent = OpenRequest {
            subject: "Break-in".into(),
            description: "Somebody is in.".into(),
            unit: Some("network".into()),
            affected_users: Some(60),
            ..OpenRequest::default()
        };
        let urgent = test.desk.open_ticket(&ada, urgent).await.unwrap().number;
        test.run_jobs().await;

        let text = |hook: &HookServer| {
            let all = hook.calls();
            let all = all
                .iter()
                .map(|c| String::from_utf8_lossy(&c.bytes).into_owned());
            all.collect::<String>()
        };
        for (hook, sees, not) in [
            (stans, vec!["quagga", "ocelot"], vec!["hidden"]),
            (ritas, vec!["ocelot"], vec!["quagga", "hidden"]),
            (high, vec!["Break-in"], vec!["quagga", "ocelot", "hidden"]),
            (
                solved,
                vec!["status_set"],
                vec!["quagga", "ocelot", "hidden", "opened"],
            ),
        ] {
            let text = text(hook);
            assert!(sees.iter().all(|w| text.contains(w)), "{sees:?}: {text}");
            assert!(!not.iter().any(|w| text.contains(w)), "{not:?}: {text}");
        }
        let tickets = |hook: &HookServer| by_ticket(&hook.calls()).into_keys().collect::<Vec<_>>();
        assert_eq!(tickets(stans), [number.0]);
        assert_eq!(tickets(ritas), [number.0]);
        assert_eq!(tickets(high), [urgent.0]);
        assert!(elsewhere.0 > number.0);
    });
}

#[test]
fn rights_are_looked_at_when_the_call_is_made() {
    both(|test| async move {
        let people = test.federation().await;
        let hook = HookServer::start().await;
        let reads = Draft {
            reader: Some(people.sam.email.clone()),
            ..draft(&hook.url)
        };
        let (id, _) = made(&test, &people, reads).await;
        opened(&test, people.rita.id, "storage").await;
        hook.does(Hooked::Says(503));
        test.run_jobs().await;
        assert_eq!(hook.taken(), []);
        let before = hook.calls().len();
        assert!(before > 0);
        // Before it is tried again, Sam is not of the unit any more.
        let member = format!("/units/storage/members/{}", people.sam.email);
        test.delete(&people.ada, &member).await.expect(204);
        hook.does(Hooked::Takes);
        test.clock.advance(HOUR);
        test.run_jobs().await;
        assert_eq!(hook.calls().len(), before, "nothing more was told");
        let all = calls(&test, id, None).await;
        assert!(all.iter().all(|d| d.state == State::LeftOut), "{all:?}");
        assert!(known(&test, id).await.webhook.active);

        // And who has no account any more reads nothing.
        let body = serde_json::json!({"active": false, "reason": "left"});
        let sam = format!("/people/{}", people.sam.id);
        test.patch(&people.ada, &sam, body).await.expect(200);
        opened(&test, people.rita.id, "storage").await;
        test.run_jobs().await;
        let one = known(&test, id).await.webhook;
        assert!(!one.active && one.why.unwrap().contains("no working account"));
        let mails = test.sent_mail();
        let told = mails
            .iter()
            .find(|m| m.subject.contains("webhook is paused"));
        assert_eq!(told.unwrap().to, people.ada.email);
    });
}

/// Lets time go on by steps and does what is due.
async fn passes(test: &TestDesk, time: i64, step: i64) {
    for _ in 0..time / step {
        test.clock.advance(step);
        test.run_jobs().await;
    }
}

#[test]
fn a_dead_receiver_is_tried_for_a_day_given_up_and_paused_and_nothing_is_lost() {
    both(|test| async move {
        let people = test.federation().await;
        let hook = HookServer::start().await;
        let (id, _) = made(&test, &people, draft(&hook.url)).await;
        hook.does(Hooked::Says(503));
        let number = opened(&test, people.rita.id, "storage").await;
        test.run_jobs().await;
        passes(&test, 23 * HOUR, 10 * MINUTE).await;
        let one = known(&test, id).await;
        assert!(one.webhook.error.as_deref().unwrap().contains("503"));
        assert_eq!(one.sums.dead, 0, "for a day it is tried");
        // It costs next to nothing: a call each ten minutes.
        let tries = hook.calls().len();
        assert!((20..=200).contains(&tries), "{tries}");
        let first = hook.calls()[0].id.clone();
        assert!(
            hook.calls().iter().all(|c| c.id == first),
            "the first first"
        );

        passes(&test, 3 * HOUR, 10 * MINUTE).await;
        let dead = calls(&test, id, Some(State::Dead)).await;
        assert!(!dead.is_empty());
        let why = dead[0].error.as_deref().unwrap();
        assert!(why.contains("503") && dead[0].status == Some(503), "{why}");
        let metrics = test.get(&people.ada, "/metrics").await.text();
        assert!(
            metrics.contains("switchboard_webhooks{state=\"failing\"} 1"),
            "{metrics}"
        );

        // After three days it rests, and who made it is told.
        passes(&test, 50 * HOUR, 30 * MINUTE).await;
        assert!(
            known(&test, id).await.webhook.active,
            "nothing was to be told"
        );
        opened(&test, people.rita.id, "storage").await;
        passes(&test, HOUR, 30 * MINUTE).await;
        let one = known(&test, id).await;
        assert!(!one.webhook.active);
        assert!(one.webhook.why.unwrap().contains("three days"));
        let mails = test.sent_mail();
        let told: Vec<_> = mails
            .iter()
            .filter(|m| m.subject.contains("webhook is paused"))
            .collect();
        assert_eq!(told.len(), 1);
        assert!(told[0].to == people.ada.email && told[0].text.contains("/admin/webhooks/"));
        let before = hook.calls().len();
        opened(&test, people.rita.id, "storage").await;
        passes(&test, 10 * HOUR, HOUR).await;
        assert_eq!(hook.calls().len(), before, "nobody calls it");

        // It goes on where it stopped, and what was given up is told on demand.
        hook.does(Hooked::Takes);
        let ada = actor(&test, people.ada.id).await;
        let again = Draft {
            id: Some(id),
            ..draft(&hook.url)
        };
        test.desk.save_webhook(&ada, again).await.unwrap();
        test.run_jobs().await;
        for dead in calls(&test, id, Some(State::Dead)).await {
            test.desk.retry_webhook(&ada, id, dead.id).await.unwrap();
        }
        test.run_jobs().await;
        let feed = test.get(&people.ada, "/events?limit=1000").await.json;
        let all: BTreeSet<i64> = feed["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["id"].as_i64().unwrap())
            .collect();
        let taken: Vec<i64> = hook.taken().iter().map(|c| c.event().0).collect();
        assert_eq!(taken.len(), all.len(), "each once");
        assert_eq!(taken.into_iter().collect::<BTreeSet<_>>(), all);
        assert!(number.0 > 0);

        // All of it again, under the same names.
        hook.forget();
        test.desk.replay_webhook(&ada, id, 0).await.unwrap();
        test.run_jobs().await;
        let again: BTreeSet<String> = hook.taken().into_iter().map(|c| c.id).collect();
        assert_eq!(again, all.iter().map(|n| format!("evt_{n}")).collect());
        let beyond = test.desk.replay_webhook(&ada, id, 1_000_000).await;
        assert!(matches!(beyond, Err(Error::Invalid { field, .. }) if field == "after"));
    });
}

#[test]
fn who_says_that_it_is_gone_is_not_called_again() {
    both(|test| async move {
        let people = test.federation().await;
        let hook = HookServer::start().await;
        let (id, _) = made(&test, &people, draft(&hook.url)).await;
        hook.does(Hooked::Says(410));
        opened(&test, people.rita.id, "storage").await;
        test.run_jobs().await;
        passes(&test, 24 * HOUR, HOUR).await;
        assert_eq!(hook.calls().len(), 1);
        assert!(!known(&test, id).await.webhook.active);
    });
}

#[test]
fn of_each_ticket_calls_are_taken_in_order_whatever_fails() {
    both(|test| async move {
        let people = test.federation().await;
        let hook = HookServer::start().await;
        let (id, _) = made(&test, &people, draft(&hook.url)).await;
        let stan = actor(&test, people.stan.id).await;
        let mut tickets = Vec::new();
        for _ in 0..5 {
            tickets.push(opened(&test, people.rita.id, "storage").await);
        }
        // Every third call fails in one way or another.
        let odd = [500, 429, 404, 302];
        let ways = (0..200).map(|n| match n % 3 {
            0 => Hooked::Says(odd[n / 3 % 4]),
            _ => Hooked::Takes,
        });
        hook.first(ways);
        for round in 0..8 {
            for number in &tickets {
                let text = format!("{round}");
                write(&test.desk, &stan, *number, EntryVisibility::Public, &text).await;
            }
            test.run_jobs().await;
            test.clock.advance(20_000);
        }
        passes(&test, 6 * HOUR, 10 * MINUTE).await;
        assert_eq!(known(&test, id).await.sums.waiting, 0);
        let taken = hook.taken();
        assert!(hook.calls().len() > taken.len() + 10);
        for (ticket, events) in by_ticket(&taken) {
            let mut sorted = events.clone();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(events, sorted, "ticket {ticket}");
            assert!(events.len() >= 9, "{events:?}");
        }
    });
}

/// A receiver that sleeps, one that refuses connections, and one that is well: the last
/// hears of everything at once.
#[test]
fn a_dead_or_slow_receiver_delays_nobody() {
    both(|test| async move {
        let people = test.federation().await;
        let (slow, well) = (HookServer::start().await, HookServer::start().await);
        slow.does(Hooked::Sleeps(Duration::from_secs(60)));
        for _ in 0..10 {
            made(&test, &people, draft(&slow.url)).await;
            made(&test, &people, draft("http://127.0.0.1:9/")).await;
        }
        made(&test, &people, draft(&well.url)).await;
        let desk = test.desk.clone();
        let work = tokio::spawn(async move { desk.work().await });
        let mut waits = Vec::new();
        for _ in 0..10 {
            let before = well.taken().len();
            let began = Instant::now();
            opened(&test, people.rita.id, "storage").await;
            while well.taken().len() <= before {
                assert!(began.elapsed() < Duration::from_secs(5), "{waits:?}");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            waits.push(began.elapsed().as_millis());
        }
        work.abort();
        waits.sort_unstable();
        println!("told after (ms): {waits:?}");
        assert!(waits[8] < 2_000, "{waits:?}");
        assert!(!slow.calls().is_empty());
    });
}

#[test]
fn nobody_is_led_into_the_desks_own_network() {
    testkit::on_sqlite(|test| async move {
        let people = test.federation().await;
        let ada = actor(&test, people.ada.id).await;
        for url in [
            "http://169.254.169.254/latest/meta-data",
            "https://169.254.169.254/",
            "https://[::1]/",
            "https://10.0.0.1/",
            "https://[::ffff:10.0.0.1]/",
            "http://example.org/",
            "ftp://example.org/",
            "https://user:word@example.org/",
            "nothing",
        ] {
            let got = test.desk.save_webhook(&ada, draft(url)).await;
            let named = matches!(&got, Err(Error::Invalid { field, .. }) if field == "url");
            assert!(named, "{url}: {got:?}");
        }
        // A redirect is not followed, wherever it leads.
        let (hook, inner) = (HookServer::start().await, HookServer::start().await);
        let (id, _) = made(&test, &people, draft(&hook.url)).await;
        for to in [inner.url.as_str(), "http://169.254.169.254/", "/hook"] {
            hook.first([Hooked::Leads(to.to_owned())]);
            let tried = test.desk.test_webhook(&ada, id).await.unwrap();
            assert_eq!(tried.status, Some(307));
            assert!(tried.error.unwrap().contains("not followed"), "{to}");
        }
        assert_eq!((hook.calls().len(), inner.calls()), (3, Vec::new()));
        // A name is looked up when it is called, and what it means then counts: this one
        // meant something else when it was stored.
        let port = inner.url.split(':').nth(2).unwrap().to_owned();
        test.desk
            .db()
            .write(move |c| {
                let mut known = store::webhook::load(c, id)?.unwrap();
                known.url = format!("https://ip6-localhost:{port}");
                store::webhook::save(c, &known, "")
            })
            .await
            .unwrap();
        let tried = test.desk.test_webhook(&ada, id).await.unwrap();
        let why = tried.error.unwrap();
        assert!(
            why.contains("very machine") || why.contains("no name"),
            "{why}"
        );
        assert_eq!(inner.calls(), []);
    });
}

#[test]
fn a_call_whose_answer_is_lost_comes_again_under_the_same_name() {
    both(|test| async move {
        let people = test.federation().await;
        let hook = HookServer::start().await;
        let there = hook.url.trim_start_matches("http://");
        let lossy = Lossy::before(there.split('/').next().unwrap()).await;
        let url = format!("http://127.0.0.1:{}/hook", lossy.port);
        let (id, _) = made(&test, &people, draft(&url)).await;
        lossy.at_random(11, 30, &[Loss::Unheard, Loss::Unanswered]);
        let stan = actor(&test, people.stan.id).await;
        let number = opened(&test, people.rita.id, "storage").await;
        for n in 0..20 {
            let text = n.to_string();
            write(&test.desk, &stan, number, EntryVisibility::Public, &text).await;
        }
        for _ in 0..200 {
            test.run_jobs().await;
            let one = known(&test, id).await;
            if one.behind == 0 && one.sums.waiting == 0 {
                break;
            }
            test.clock.advance(5 * MINUTE);
        }
        let all = calls(&test, id, None).await;
        assert!(all.iter().all(|d| d.state == State::Sent), "{all:?}");
        // More may have come than was needed, and the names tell which.
        let mut events: Vec<i64> = hook.taken().iter().map(|c| c.event().0).collect();
        assert!(events.is_sorted(), "{events:?}");
        let came = events.len();
        events.dedup();
        assert_eq!(events.len(), all.len());
        assert!(came > events.len(), "an answer was lost");
        let names: BTreeSet<String> = hook.taken().into_iter().map(|c| c.id).collect();
        assert_eq!(names.len(), all.len());
    });
}

/// Nodes that work on one database beside each other, one of which is stopped in the middle
/// of its calls.
#[test]
fn several_nodes_tell_everything_in_order() {
    let Some(place) = testkit::postgres() else {
        return;
    };
    let url = place.url().to_owned();
    let test = Arc::new(TestDesk::on(place, config()));
    let runtime = testkit::runtime();
    let other = {
        let blobs = connect::Blobs::open(test.folder.path().join("files")).unwrap();
        let mail = connect::MailerConfig::Folder(test.folder.path().join("outbox"));
        let (db, mailer) = (
            Db::open(&url, Options::default()).unwrap(),
            connect::Mailer::new(&mail).unwrap(),
        );
        Desk::new(db, blobs, mailer, test.clock.clone(), config()).unwrap()
    };
    runtime.block_on(async {
        let people = test.federation().await;
        let hook = HookServer::start().await;
        let (id, _) = made(&test, &people, draft(&hook.url)).await;
        let mut nodes: Vec<_> = [test.desk.clone(), other.clone()]
            .map(|desk| tokio::spawn(async move { desk.work().await }))
            .into();
        let stan = actor(&test, people.stan.id).await;
        let mut tickets = Vec::new();
        for _ in 0..4 {
            tickets.push(opened(&test, people.rita.id, "storage").await);
        }
        for round in 0..12 {
            for (n, number) in tickets.iter().enumerate() {
                let desk = if n % 2 == 0 { &test.desk } else { &other };
                let text = format!("{round}");
                write(desk, &stan, *number, EntryVisibility::Public, &text).await;
            }
            if round == 6 {
                nodes.remove(0).abort();
            }
        }
        let began = Instant::now();
        loop {
            let one = known(&test, id).await;
            if one.behind == 0 && one.sums.waiting == 0 {
                break;
            }
            assert!(began.elapsed() < Duration::from_secs(30), "{one:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
            // What the stopped node held is free when its lease is over.
            test.clock.advance(1_000);
        }
        for node in nodes {
            node.abort();
        }
        for (ticket, mut events) in by_ticket(&hook.taken()) {
            assert!(events.is_sorted(), "{ticket}: {events:?}");
            events.dedup();
            assert!(events.len() >= 13, "{ticket}: {events:?}");
        }
        assert!(kinds(&hook.taken()).contains(&"opened".to_owned()));
    });
    runtime.shutdown_timeout(Duration::from_secs(5));
    drop(other);
}
