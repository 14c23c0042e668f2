//! The exchange with partners' systems, from outside: how it stands, what waits,
//! what was set aside; pause, go on, try again; and what a ticket's page shows of
//! its counterpart. That tickets travel at all is tested in `desk`.

use std::sync::atomic::{AtomicU64, Ordering};

use desk::onboarding::Decision;
use desk::{Config, KeptSecrets};
use serde_json::json;
use store::exchange::{Dead, Line, Went};
use switchboard_core::onboarding::{Form, ProviderPart, ServicePart, Way};
use switchboard_core::{Actor, Channel, TicketNumber};
use testkit::{Federation, Somebody, TestDesk, both_configured};
use uuid::Uuid;

use crate::browser::Browser;

/// A desk whose operator keeps the secret of the partner's system: without it no
/// form for full exchange is accepted.
pub(crate) fn keeping() -> Config {
    let mut secrets = KeptSecrets::default();
    secrets.keep("plates-rt", "rt.plates.example", "1-2-canary".into());
    Config {
        secrets,
        ..testkit::config()
    }
}

/// A provider's form for full exchange with an RT.
fn whole() -> Form {
    let mut form = Form::fresh("");
    form.provider = ProviderPart {
        known: String::new(),
        name: "Plate Institute".into(),
        country: "Czechia".into(),
        home_page: String::new(),
        contact: "office@plates.example".into(),
    };
    form.services = vec![ServicePart {
        name: "Plate Atlas".into(),
        area: "Data".into(),
        description: "Old pictures of the sky.".into(),
        ..ServicePart::default()
    }];
    form.unit.name = "Plate Atlas support".into();
    form.unit.parent = "storage".into();
    form.unit.description = "Runs the atlas.".into();
    form.unit.responsibles = vec!["office@plates.example".into()];
    form.quality.time_zone = "Europe/Prague".into();
    form.quality.escalation = "head@plates.example".into();
    form.option = Some(Way::Integration);
    form.exchange.system = "rt".into();
    form.exchange.endpoint = "https://rt.plates.example/REST/2.0".into();
    form.exchange.secret = "plates-rt".into();
    form.exchange.queue = "atlas".into();
    form.exchange.direction = "both".into();
    form.fill_maps();
    form
}

/// An id that nothing has yet.
fn fresh() -> Uuid {
    static SO_FAR: AtomicU64 = AtomicU64::new(1);
    Uuid::from_u128(u128::from(SO_FAR.fetch_add(1, Ordering::Relaxed)))
}

async fn acts(desk: &TestDesk, who: &Somebody) -> Actor {
    desk.desk.actor_for(who.id, Channel::Web).await.unwrap()
}

/// The agreement under which tickets about Plate Atlas travel; made by a form, if
/// there is none yet. Nothing is called: no round of the exchange runs in these
/// tests. The desk has to be [`keeping`].
pub(crate) async fn coupled(desk: &TestDesk, ada: &Somebody) -> Uuid {
    let catalogue = desk.desk.catalogue().await.unwrap();
    if catalogue.find_service("service", "plate-atlas").is_err() {
        let ada = acts(desk, ada).await;
        let id = desk.desk.begin_onboarding(&ada).await.unwrap();
        let saved = desk.desk.save_onboarding(&ada, id, None, whole()).await;
        let wrong = saved.unwrap().wrong;
        assert!(wrong.is_empty(), "{wrong:?}");
        desk.desk
            .submit_onboarding(&ada, id, None, "Hello.")
            .await
            .unwrap();
        desk.desk
            .decide_onboarding(&ada, id, None, Decision::Accept)
            .await
            .unwrap();
    }
    let catalogue = desk.desk.catalogue().await.unwrap();
    let service = catalogue.find_service("service", "plate-atlas").unwrap().id;
    let db = desk.desk.db();
    let held = db.read(move |c| store::agreement::current(c, service));
    held.await.unwrap().unwrap().id
}

/// Nobody has paused it.
pub(crate) async fn goes_on(desk: &TestDesk, ada: &Somebody, agreement: Uuid) {
    let ada = acts(desk, ada).await;
    let on = desk.desk.set_coupling(&ada, agreement, true);
    on.await.unwrap();
}

/// Where its system calls, below the API.
pub(crate) async fn wake_path(desk: &TestDesk, ada: &Somebody, agreement: Uuid) -> String {
    let address = desk.desk.wake_address(&acts(desk, ada).await, agreement);
    let address = address.unwrap();
    let (_, path) = address.split_once("/api/v1").unwrap();
    path.to_owned()
}

/// A new ticket that is on its way to the partner, with the id of its link.
pub(crate) async fn travelling(desk: &TestDesk, who: &Somebody) -> (TicketNumber, Uuid) {
    let open = json!({"subject": "A plate is missing", "description": "It was there yesterday.",
                      "service": "plate-atlas"});
    let number = desk.post(who, "/tickets", open).await.expect(201).number();
    let number = TicketNumber(number);
    desk.desk.follow().await.unwrap();
    let db = desk.desk.db();
    let links = db.read(move |c| store::exchange::of_ticket(c, number));
    let links = links.await.unwrap();
    assert_eq!(links.len(), 1, "it does not travel");
    (number, links[0].id)
}

async fn bury(desk: &TestDesk, link: Uuid) -> Uuid {
    let dead = Dead {
        id: fresh(),
        link,
        way: Went::Out,
        call: None,
        there: None,
        what: "A file: a part of it".into(),
        why: "Permission Denied, says <RT>".into(),
        at: desk.desk.now(),
    };
    let id = dead.id;
    let db = desk.desk.db();
    db.write(move |c| store::exchange::bury(c, &dead))
        .await
        .unwrap();
    id
}

/// Something of a new ticket of somebody's that was set aside: its id.
pub(crate) async fn set_aside(desk: &TestDesk, ada: &Somebody, who: &Somebody) -> Uuid {
    coupled(desk, ada).await;
    let (_, link) = travelling(desk, who).await;
    bury(desk, link).await
}

/// It was made there: number and owner, and a line about it.
async fn made_there(desk: &TestDesk, link: Uuid, number: &str) {
    let (line, at, there) = (fresh(), desk.desk.now(), number.to_owned());
    let db = desk.desk.db();
    db.write(move |c| {
        let mut known = store::exchange::load(c, link)?.unwrap();
        known.tie.there = Some(there.clone());
        known.owner_there = Some("jan".into());
        known.sent_at = Some(at);
        store::exchange::save(c, &known)?;
        let line = Line {
            id: line,
            link,
            at,
            way: Went::Out,
            what: "The ticket".into(),
            there: Some(there.clone()),
        };
        store::exchange::log(c, &line)
    })
    .await
    .unwrap();
}

async fn state(desk: &TestDesk, f: &Federation) -> String {
    let all = desk.get(&f.fay, "/exchange").await.expect(200).json;
    all["items"][0]["state"].as_str().unwrap().to_owned()
}

#[test]
fn first_level_sees_how_the_exchange_stands_and_administrators_act() {
    both_configured(&keeping(), |desk| async move {
        let f = desk.federation().await;
        let agreement = coupled(&desk, &f.ada).await;
        let (number, link) = travelling(&desk, &f.rita).await;
        let (why, now) = ("rt.plates.example takes too <long>", desk.desk.now());
        let db = desk.desk.db();
        db.write(move |c| store::coupling::fail(c, agreement, why, 1, now + 900_000, now))
            .await
            .unwrap();
        desk.clock.advance(600_000);
        let letter = bury(&desk, link).await;

        let all = desk.get(&f.fay, "/exchange").await.expect(200).json;
        let one = &all["items"][0];
        assert_eq!(all["items"].as_array().unwrap().len(), 1);
        for (field, value) in [
            ("id", json!(agreement)),
            ("service", json!("Plate Atlas")),
            ("kind", json!("rt")),
            ("system", json!("rt.plates.example")),
            ("queue", json!("atlas")),
            ("direction", json!("both")),
            ("state", json!("on")),
            ("tickets", json!(1)),
            ("read_at", json!(null)),
        ] {
            assert_eq!(one[field], value, "{field} of {one}");
        }
        assert!(one["waiting"].as_i64().unwrap() > 0, "{one}");
        assert!(one["lag_ms"].as_i64().unwrap() >= 600_000, "{one}");
        assert_eq!(one["error"], why);
        let dead = desk.get(&f.fay, "/exchange/dead-letters").await.expect(200);
        assert_eq!(dead.json["items"][0]["id"], json!(letter));
        assert_eq!(dead.json["items"][0]["ticket"], json!(number.0));
        let held = "/exchange/tickets?show=held_up";
        let held = desk.get(&f.fay, held).await.expect(200).json;
        assert_eq!(held["items"][0]["ticket"], json!(number.0));

        let metrics = desk.get(&Somebody::anonymous(), "/metrics").await.text();
        for line in [
            "switchboard_exchange_couplings{state=\"stopped\"} 1",
            "switchboard_exchange_couplings{state=\"running\"} 0",
            "switchboard_exchange_oldest_waiting_seconds 600",
            "switchboard_exchange_set_aside 1",
        ] {
            assert!(metrics.contains(line), "{line} is not in {metrics}");
        }

        let mut fay = Browser::of(&desk, &f.fay).await;
        let page = fay.page("/exchange").await;
        for words in [
            "Plate Atlas",
            "Request Tracker (RT) at rt.plates.example, queue atlas",
            "Stopped",
            "takes too &#60;long&#62;",
            "Permission Denied, says &#60;RT&#62;",
            "A plate is missing",
            "rt.plates.example, not made yet",
            "aria-current=\"page\">Exchange</a>",
        ] {
            assert!(page.contains(words), "{words} is not in {page}");
        }
        assert!(!page.contains("value=\"pause\"") && !page.contains("value=\"retry\""));
        let agreement_text = agreement.to_string();
        let pause = [("do", "pause"), ("id", agreement_text.as_str())];
        fay.send("/exchange", &pause).await.expect(403);
        assert_eq!(state(&desk, &f).await, "on");
        for nobody in [&f.sam, &f.rita, &f.mona] {
            desk.get(nobody, "/exchange").await.expect(403);
            desk.get(nobody, "/exchange/tickets").await.expect(403);
            let mut browser = Browser::of(&desk, nobody).await;
            browser.get("/exchange").await.expect(403);
            assert!(!browser.page("/units").await.contains("href=\"/exchange\""));
        }

        let mut ada = Browser::of(&desk, &f.ada).await;
        assert!(ada.page("/admin").await.contains("href=\"/exchange\""));
        assert!(ada.page("/exchange").await.contains("value=\"pause\""));
        let answer = ada.send("/exchange", &pause).await.expect(303);
        assert_eq!(answer.header("location"), "/exchange");
        let page = ada.page("/exchange").await;
        assert!(
            page.contains("Paused: what happens meanwhile waits"),
            "{page}"
        );
        assert!(page.contains("value=\"go-on\""), "{page}");
        assert_eq!(state(&desk, &f).await, "paused");
        let go_on = [("do", "go-on"), ("id", agreement_text.as_str())];
        ada.send("/exchange", &go_on).await.expect(303);
        assert_eq!(state(&desk, &f).await, "on");

        let letter = letter.to_string();
        let retry = [("do", "retry"), ("id", letter.as_str())];
        ada.send("/exchange", &retry).await.expect(303);
        let page = ada.page("/exchange").await;
        assert!(page.contains("It is tried again now"), "{page}");
        assert!(!page.contains("Permission Denied"), "{page}");
        // Somebody else had the page open still.
        ada.send("/exchange", &retry).await.expect(303);
        let page = ada.page("/exchange").await;
        assert!(page.contains("looked after that already"), "{page}");
        let letter = bury(&desk, link).await.to_string();
        let mut give_up = vec![("do", "give-up"), ("id", letter.as_str()), ("reason", " ")];
        let answer = ada.send("/exchange", &give_up).await.expect(422).text();
        assert!(answer.contains("Say why it need not go there."), "{answer}");
        assert!(answer.contains("<details open><summary class=\"btn small quiet\">Give up"));
        give_up[2].1 = "Told by <phone>.";
        ada.send("/exchange", &give_up).await.expect(303);
        let page = ada.page(&format!("/exchange?ticket={number}")).await;
        assert!(page.contains("It is given up"), "{page}");
        assert!(!page.contains("Permission Denied"), "{page}");
        let line = "Given up: A file: a part of it: Told by &#60;phone&#62;.";
        assert!(page.contains(line), "{page}");
        let now = [("do", "now"), ("id", agreement_text.as_str())];
        ada.send("/exchange", &now).await.expect(303);
        ada.send("/exchange", &pause).await.expect(303);
        let answer = ada.send("/exchange", &now).await.expect(409).text();
        assert!(
            answer.contains("It is paused: let it go on first."),
            "{answer}"
        );
        let deeds = desk.get(&f.ada, "/audit?action=exchange.").await.text();
        for (deed, times) in [
            ("exchange.paused", 2),
            ("exchange.resumed", 1),
            ("exchange.retried", 1),
            ("exchange.given-up", 1),
        ] {
            assert_eq!(deeds.matches(deed).count(), times, "{deed} in {deeds}");
        }
    });
}

#[test]
fn the_api_pauses_goes_on_and_tries_again() {
    both_configured(&keeping(), |desk| async move {
        let f = desk.federation().await;
        let agreement = coupled(&desk, &f.ada).await;
        let letter = set_aside(&desk, &f.ada, &f.rita).await;
        let path = format!("/exchange/{agreement}");
        for (body, status) in [
            (json!({"state": "off"}), 400),
            (json!({}), 400),
            (json!({"state": "on", "poll_ms": 1}), 400),
            (json!({"state": "paused"}), 204),
        ] {
            let answer = desk.patch(&f.ada, &path, body.clone()).await;
            assert_eq!(answer.status, status, "{body}: {}", answer.text());
        }
        assert_eq!(state(&desk, &f).await, "paused");
        desk.patch(&f.fay, &path, json!({"state": "on"}))
            .await
            .expect(403);
        desk.patch(&f.ada, &path, json!({"state": "on"}))
            .await
            .expect(204);
        assert_eq!(state(&desk, &f).await, "on");
        let none = "/exchange/0190f3a0-0000-7000-8000-000000000000";
        desk.patch(&f.ada, none, json!({"state": "on"}))
            .await
            .expect(404);
        let retry = format!("/exchange/dead-letters/{letter}/retry");
        desk.post(&f.fay, &retry, json!(null)).await.expect(403);
        desk.post(&f.ada, &retry, json!(null)).await.expect(204);
        desk.post(&f.ada, &retry, json!(null)).await.expect(404);
        let letter = set_aside(&desk, &f.ada, &f.rita).await;
        let give_up = format!("/exchange/dead-letters/{letter}/give-up");
        let reason = json!({"reason": "It was told by phone."});
        let empty = desk.post(&f.ada, &give_up, json!({"reason": " "})).await;
        assert_eq!(empty.expect(422).json["field"], "reason");
        desk.post(&f.fay, &give_up, reason.clone())
            .await
            .expect(403);
        desk.post(&f.ada, &give_up, reason.clone())
            .await
            .expect(204);
        desk.post(&f.ada, &give_up, reason).await.expect(404);
        let left = desk.get(&f.ada, "/exchange/dead-letters").await.expect(200);
        assert_eq!(left.json["items"], json!([]));
        let now = format!("/exchange/{agreement}/try");
        desk.post(&f.fay, &now, json!(null)).await.expect(403);
        desk.post(&f.ada, &now, json!(null)).await.expect(204);
        desk.patch(&f.ada, &path, json!({"state": "paused"}))
            .await
            .expect(204);
        desk.post(&f.ada, &now, json!(null)).await.expect(409);
    });
}

#[test]
fn lag_and_backlog_over_time_are_told_and_drawn() {
    both_configured(&keeping(), |desk| async move {
        let f = desk.federation().await;
        let agreement = coupled(&desk, &f.ada).await;
        let drawn = |page: &str| page.matches("<svg class=\"plot long curve\"").count();
        let mut fay = Browser::of(&desk, &f.fay).await;
        let page = fay.page("/exchange").await;
        assert_eq!(drawn(&page), 0, "nothing was noted");
        let all = desk.get(&f.fay, "/exchange/curves").await.expect(200);
        assert_eq!(all.json["items"], json!([]));
        let now = desk.desk.now();
        let noted = desk.desk.db().write(move |c| {
            for (back, lag_out, backlog) in [(0, 4_000, 3), (60_000, 9_000, 2)] {
                let point = store::curve::Point {
                    link: agreement,
                    at: now - back,
                    lag_in: 700,
                    lag_out,
                    backlog,
                    came: 1,
                    sent: 2,
                };
                store::curve::note(c, &point)?;
            }
            store::curve::roll_up(c, now)
        });
        noted.await.unwrap();
        for (over, span) in [("day", 300_000), ("month", 3_600_000), ("year", 86_400_000)] {
            let path = format!("/exchange/curves?over={over}");
            let all = desk.get(&f.fay, &path).await.expect(200).json;
            let one = &all["items"][0];
            assert_eq!(one["id"], json!(agreement), "{over}");
            assert_eq!(one["span_ms"], json!(span));
            let points = one["points"].as_array().unwrap();
            let most = |name: &str| points.iter().map(|p| p[name].as_i64().unwrap()).max();
            let sum = |name: &str| {
                points
                    .iter()
                    .map(|p| p[name].as_i64().unwrap())
                    .sum::<i64>()
            };
            assert_eq!(most("lag_in_ms"), Some(700), "{all}");
            assert_eq!(
                (most("lag_out_ms"), most("waiting")),
                (Some(9_000), Some(3))
            );
            assert_eq!((sum("came"), sum("sent")), (2, 4), "{all}");
            let html = fay.page(&format!("/exchange?over={over}")).await;
            assert_eq!(drawn(&html), 1, "{over}");
            assert!(
                html.contains("longest lag out 9.0 s, at most 3 waiting"),
                "{html}"
            );
        }
        let wrong = desk.get(&f.fay, "/exchange/curves?over=week").await;
        assert_eq!(wrong.expect(400).json["field"], "over");
        desk.get(&f.rita, "/exchange/curves").await.expect(403);
        let measured = desk.get(&Somebody::anonymous(), "/metrics").await.text();
        for line in [
            format!(
                "switchboard_exchange_link_lag_milliseconds{{link=\"{agreement}\",way=\"out\"}} 9000"
            ),
            format!("switchboard_exchange_link_waiting{{link=\"{agreement}\",way=\"out\"}} 3"),
        ] {
            assert!(measured.contains(&line), "{line}: {measured}");
        }
    });
}

#[test]
fn a_ticket_shows_its_counterpart_and_the_oldest_look_comes_first() {
    both_configured(&keeping(), |desk| async move {
        let f = desk.federation().await;
        coupled(&desk, &f.ada).await;
        let (first, link) = travelling(&desk, &f.rita).await;
        desk.clock.advance(60_000);
        let (second, _) = travelling(&desk, &f.rita).await;
        made_there(&desk, link, "118842").await;

        let path = format!("/tickets/{first}/exchange");
        let seen = desk.get(&f.fay, &path).await.expect(200).json;
        let one = &seen["items"][0];
        assert_eq!(
            (&one["system"], &one["number"], &one["owner"]),
            (&json!("rt.plates.example"), &json!("118842"), &json!("jan"))
        );
        assert_eq!(
            (&one["theirs"], &one["ended"]),
            (&json!(true), &json!(false))
        );
        let lines = one["lines"].as_array().unwrap();
        assert_eq!(lines[0]["way"], "here", "{lines:?}");
        let last = lines.last().unwrap();
        assert_eq!(
            (&last["way"], &last["there"]),
            (&json!("out"), &json!("118842"))
        );
        assert!(
            !seen.to_string().contains("yesterday"),
            "no text of an entry"
        );
        desk.get(&f.rita, &path).await.expect(403);
        desk.get(&f.otto, &path).await.expect(404);

        let mut fay = Browser::of(&desk, &f.fay).await;
        let page = fay.page(&format!("/work/{first}")).await;
        assert!(page.contains("rt.plates.example 118842"), "{page}");
        let trace = format!("/exchange?ticket={first}");
        assert!(page.contains(&trace), "{page}");
        let page = fay.page(&trace).await;
        assert!(page.contains("number 118842"), "{page}");
        let page = fay.page("/exchange?ticket=99999").await;
        assert!(page.contains("no such ticket that you can see"), "{page}");
        let page = fay.page("/exchange?ticket=x").await;
        assert!(page.contains("Give a ticket’s number."), "{page}");
        // Their own page tells the requester nothing of another system's number.
        let mut rita = Browser::of(&desk, &f.rita).await;
        let page = rita.page(&format!("/tickets/{first}")).await;
        assert!(!page.contains("118842"), "{page}");

        // At both nobody looked yet: who was given away first is first, page by page.
        let list = "/exchange/tickets?limit=1";
        let page = desk.get(&f.fay, list).await.expect(200).json;
        assert_eq!(page["items"][0]["ticket"], json!(first.0));
        assert_eq!(page["items"][0]["there"]["number"], "118842");
        let next = page["next"].as_str().unwrap();
        let rest = format!("{list}&cursor={next}");
        let page = desk.get(&f.fay, &rest).await.expect(200).json;
        assert_eq!(page["items"][0]["ticket"], json!(second.0));
        assert_eq!(page["next"], json!(null));
        let wrong = desk.get(&f.fay, "/exchange/tickets?cursor=x").await;
        assert_eq!(wrong.expect(422).json["field"], "cursor");
        // Who looked at one has the other first.
        desk.clock.advance(60_000);
        let look = format!("/exchange/tickets/{first}/look");
        desk.post(&f.rita, &look, json!(null)).await.expect(403);
        desk.post(&f.fay, &look, json!(null)).await.expect(204);
        let page = desk.get(&f.fay, "/exchange/tickets").await.expect(200).json;
        assert_eq!(page["items"][0]["ticket"], json!(second.0));
        let (unseen, seen) = (&page["items"][0]["there"], &page["items"][1]["there"]);
        assert_eq!(
            (&unseen["looked_at"], &unseen["looked_by"]),
            (&json!(null), &json!(null))
        );
        let name = acts(&desk, &f.fay).await.name;
        assert_eq!(seen["looked_by"], json!(name));
        desk.clock.advance(60_000);
        let ticked = [
            ("ticket", second.to_string()),
            ("ticket", first.to_string()),
        ];
        let ticked = ticked
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        let page = fay.page("/exchange").await;
        assert!(page.contains("nobody yet"), "{page}");
        let answer = fay.send("/exchange/looked", &ticked).await.expect(303);
        assert_eq!(answer.header("location"), "/exchange#at-partners");
        let page = fay.page("/exchange").await;
        assert!(page.contains("Your look at 2 tickets is noted"), "{page}");
        assert!(!page.contains("nobody yet"), "{page}");
        let one = [("ticket", ticked[0].1), ("from", "ticket")];
        let answer = fay.send("/exchange/looked", &one).await.expect(303);
        assert_eq!(answer.header("location"), format!("/work/{second}"));
        fay.send("/exchange/looked", &[]).await.expect(303);
        let page = fay.page("/exchange").await;
        assert!(
            page.contains("Tick the tickets that you looked at"),
            "{page}"
        );
        rita.send("/exchange/looked", &one).await.expect(403);
        // A solved ticket is with nobody any more.
        let solve = json!({"status": "solved", "solution": "It came back."});
        desk.patch(&f.ada, &format!("/tickets/{first}"), solve)
            .await
            .expect(200);
        let open = desk.get(&f.fay, "/exchange/tickets").await.expect(200).json;
        assert_eq!(open["items"].as_array().unwrap().len(), 1);
        assert_eq!(open["items"][0]["ticket"], json!(second.0));
        // Of a restricted ticket first level learns nothing here either.
        let (hidden, link) = travelling(&desk, &f.rita).await;
        bury(&desk, link).await;
        let restrict = json!({"visibility": "restricted"});
        desk.patch(&f.ada, &format!("/tickets/{hidden}"), restrict)
            .await
            .expect(200);
        for path in [
            "/exchange/tickets",
            "/exchange/tickets?show=held_up",
            "/exchange/dead-letters",
        ] {
            let fay = desk.get(&f.fay, path).await.expect(200).text();
            let ada = desk.get(&f.ada, path).await.expect(200).text();
            let named = format!("\"ticket\":{hidden},");
            assert!(!fay.contains(&named), "{path}: {fay}");
            assert!(ada.contains(&named), "{path}: {ada}");
        }
        desk.get(&f.fay, &format!("/tickets/{hidden}/exchange"))
            .await
            .expect(404);
    });
}

#[test]
fn who_has_the_address_wakes_the_desk_and_nobody_else() {
    both_configured(&keeping(), |desk| async move {
        let f = desk.federation().await;
        let agreement = coupled(&desk, &f.ada).await;
        let path = wake_path(&desk, &f.ada, agreement).await;
        let coupling = async || {
            let db = desk.desk.db();
            let held = db.read(move |c| store::coupling::load(c, agreement));
            held.await.unwrap().unwrap()
        };
        let nobody = Somebody::anonymous();
        let calls = async |path: &str| desk.post(&nobody, path, json!({"ticket": 1})).await.status;
        // It was read just now: the next look is two seconds later.
        let (db, now) = (desk.desk.db(), desk.desk.now());
        db.write(move |c| {
            store::coupling::set_reading(c, agreement, "{}", now)?;
            store::coupling::rest(c, agreement, now + 30_000)
        })
        .await
        .unwrap();
        let (good, signature) = path.rsplit_once('.').unwrap();
        let other = Uuid::from_u128(7).simple().to_string();
        for wrong in [
            format!("{good}."),
            format!("{good}.{}A", &signature[1..]),
            format!("/exchange/wake/{other}.{signature}"),
            good.to_owned(),
        ] {
            assert_eq!(calls(&wrong).await, 404, "{wrong}");
        }
        assert_eq!(coupling().await.woken_at, None);
        for _ in 0..3 {
            assert_eq!(calls(&path).await, 204);
        }
        let woken = coupling().await;
        assert_eq!((woken.woken_at, woken.next_at), (Some(now), now + 2_000));
        desk.clock.advance(10_000);
        assert_eq!(calls(&path).await, 204);
        assert_eq!(coupling().await.next_at, now + 2_000, "it is due already");

        // Administrators see the address, on the page within what RT needs.
        let shown = async |who| desk.get(who, "/exchange").await.expect(200).json;
        let wake = shown(&f.ada).await["items"][0]["wake"].clone();
        assert!(wake.as_str().unwrap().ends_with(&path), "{wake}");
        assert_eq!(shown(&f.fay).await["items"][0]["wake"], json!(null));
        for (who, sees) in [(&f.ada, true), (&f.fay, false)] {
            let mut browser = Browser::of(&desk, who).await;
            let page = browser.get("/exchange").await.text();
            assert_eq!(page.contains(signature), sees);
            assert_eq!(page.contains("LWP::UserAgent"), sees);
        }
    });
}
