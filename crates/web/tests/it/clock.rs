//! What is due, by the API: on tickets, in lists, and what can be changed of it.

use serde_json::{Value, json};
use testkit::{Federation, TestDesk, both, on_sqlite};

use crate::browser::Browser;

async fn open(desk: &TestDesk, f: &Federation, affected: u32) -> i64 {
    desk.post(
        &f.rita,
        "/tickets",
        json!({"subject": "Slow", "description": "Since noon.", "affected_users": affected}),
    )
    .await
    .expect(201)
    .number()
}

#[test]
fn tickets_and_lists_say_what_is_due_first_and_whose_turn_it_is() {
    both(|desk| async move {
        let f = desk.federation().await;
        let first = open(&desk, &f, 1).await;
        desk.clock.advance(60_000);
        let second = open(&desk, &f, 1).await;
        let path = format!("/tickets/{first}");
        let seen = desk.get(&f.rita, &path).await.expect(200).json;
        assert_eq!(seen["turn"], "owner");
        assert_eq!(seen["due"]["clock"], "assignment");
        assert_eq!(seen["due"]["light"], "on_time");
        let list = "/tickets?sort=due&q=status:open";
        let numbers = |json: &Value| -> Vec<i64> {
            let items = json["items"].as_array().unwrap();
            items
                .iter()
                .map(|i| i["number"].as_i64().unwrap())
                .collect()
        };
        let listed = desk.get(&f.fay, list).await.expect(200).json;
        assert_eq!(numbers(&listed), [first, second]);
        assert_eq!(listed["items"][0]["due"], seen["due"]);

        // Time passes, and nothing happens.
        desk.clock.advance(3 * 86_400_000);
        let later = desk.get(&f.fay, list).await.expect(200).json;
        assert_eq!(later["items"][0]["due"]["due_at"], seen["due"]["due_at"]);
        assert_eq!(later["items"][0]["due"]["light"], "overdue");

        // Who waits for the requester is due for less.
        desk.patch(&f.fay, &path, json!({"unit": "storage"}))
            .await
            .expect(200);
        desk.patch(&f.sam, &path, json!({"status": "in_progress"}))
            .await
            .expect(200);
        let waits = json!({"status": "waiting"});
        let waiting = desk.patch(&f.sam, &path, waits).await.expect(200).json;
        assert_eq!(waiting["turn"], "requester");
        let listed = desk.get(&f.fay, list).await.expect(200).json;
        assert_eq!(numbers(&listed), [second, first]);

        let clocks = desk
            .get(&f.rita, &format!("{path}/clocks"))
            .await
            .expect(200)
            .json;
        let run = &clocks["runs"][0];
        assert_eq!(run["clock"], "assignment");
        assert_eq!(run["ended"], "handed_on");
        assert_eq!(run["light"], "overdue");
        assert_eq!(run["target"], "1 wd");
        desk.get(&f.otto, &format!("{path}/clocks"))
            .await
            .expect(404);
    });
}

#[test]
fn an_administrator_changes_the_targets_and_what_is_wrong_is_named() {
    both(|desk| async move {
        let f = desk.federation().await;
        let shipped = desk.get(&f.rita, "/targets").await.expect(200).json;
        assert_eq!(shipped["usual"], "medium");
        desk.put(&f.fay, "/targets", shipped.clone())
            .await
            .expect(403);
        let mut changed = shipped.clone();
        changed["qualities"][0]["promises"][0]["low"] = json!("3 wh");
        let stored = desk
            .put(&f.ada, "/targets", changed.clone())
            .await
            .expect(200)
            .json;
        assert_eq!(stored, changed);
        assert_eq!(
            desk.get(&f.rita, "/targets").await.expect(200).json,
            changed
        );
        let mut wrong = shipped.clone();
        wrong["qualities"][0]["promises"][0]["low"] = json!("soon");
        let problem = desk.put(&f.ada, "/targets", wrong).await.expect(422).json;
        assert_eq!(problem["field"], "low", "{problem}");
        let mut twice = shipped.clone();
        let again = twice["qualities"][0]["promises"][0].clone();
        twice["qualities"][0]["promises"]
            .as_array_mut()
            .unwrap()
            .push(again);
        desk.put(&f.ada, "/targets", twice).await.expect(422);
        let mut gone = shipped;
        gone["usual"] = json!("royal");
        desk.put(&f.ada, "/targets", gone).await.expect(422);
    });
}

/// The fields of the page as they stand, as pairs.
fn fields(targets: &Value) -> Vec<(String, String)> {
    let mut fields = vec![(
        "usual".to_owned(),
        targets["usual"].as_str().unwrap().to_owned(),
    )];
    for (n, quality) in (0..).zip(targets["qualities"].as_array().unwrap()) {
        for name in ["key", "title"] {
            let value = quality[name].as_str().unwrap().to_owned();
            fields.push((format!("q{n}.{name}"), value));
        }
        for promise in quality["promises"].as_array().unwrap() {
            let clock = promise["clock"].as_str().unwrap();
            for priority in ["low", "medium", "high", "top"] {
                let value = promise[priority].as_str().unwrap_or_default().to_owned();
                fields.push((format!("q{n}.{clock}.{priority}"), value));
            }
            for turn in promise["leave_out"].as_array().unwrap() {
                let turn = turn.as_str().unwrap();
                fields.push((format!("q{n}.{clock}.{turn}"), "1".to_owned()));
            }
        }
    }
    fields
}

fn set(fields: &mut Vec<(String, String)>, name: &str, value: &str) {
    fields.retain(|(field, _)| field != name);
    fields.push((name.to_owned(), value.to_owned()));
}

#[test]
fn an_administrator_changes_the_targets_on_their_page() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let mut ada = Browser::of(&desk, &f.ada).await;
        let shipped = desk.get(&f.ada, "/targets").await.expect(200).json;
        let page = ada.page("/admin/targets").await;
        assert!(page.contains("id=\"q1.response.low\""), "{page}");
        let send = async |ada: &mut Browser, all: &[(String, String)]| {
            let all: Vec<(&str, &str)> = all.iter().map(|(a, b)| (&a[..], &b[..])).collect();
            ada.send("/admin/targets", &all).await
        };
        // What was there comes back as it was.
        let mut all = fields(&shipped);
        send(&mut ada, &all).await.expect(303);
        assert_eq!(desk.get(&f.ada, "/targets").await.json, shipped);
        // Another target, another quality like the usual one, and a unit that has it.
        set(&mut all, "q1.response.high", "4 wh");
        set(&mut all, "q1.solution.top", "2 wd");
        set(&mut all, "new.key", "royal");
        set(&mut all, "new.title", "Royal");
        send(&mut ada, &all).await.expect(303);
        let stored = desk.get(&f.ada, "/targets").await.json;
        let royal = &stored["qualities"][3];
        assert_eq!(
            (&royal["key"], &royal["title"]),
            (&json!("royal"), &json!("Royal"))
        );
        assert_eq!(royal["promises"], stored["qualities"][1]["promises"]);
        let response = &royal["promises"][1];
        assert_eq!(response["high"], "4 wh");
        let unit = ada.page("/admin/units/storage").await;
        assert!(unit.contains(">Royal</option>"), "{unit}");
        desk.patch(&f.ada, "/units/storage", json!({"qos": "royal"}))
            .await
            .expect(200);
        let unit = ada.page("/units/storage").await;
        assert!(unit.contains("Royal") && unit.contains("4 wh"), "{unit}");
        let unknown = json!({"qos": "imperial"});
        let problem = desk
            .patch(&f.ada, "/units/storage", unknown)
            .await
            .expect(422);
        assert!(problem.text().contains("royal"), "{}", problem.text());
        // What is wrong is said beside its field, and what was typed stays.
        let mut all = fields(&stored);
        set(&mut all, "q0.silence.low", "some time");
        let page = send(&mut ada, &all).await.expect(422).text();
        assert!(page.contains("id=\"q0.silence.low-err\""), "{page}");
        assert!(page.contains("value=\"some time\""), "{page}");
        // A quality that a unit has can not go; another can.
        let mut all = fields(&stored);
        set(&mut all, "q3.gone", "1");
        let page = send(&mut ada, &all).await.expect(422).text();
        assert!(page.contains("must stay"), "{page}");
        let mut all = fields(&stored);
        set(&mut all, "q0.gone", "1");
        send(&mut ada, &all).await.expect(303);
        let left = desk.get(&f.ada, "/targets").await.json;
        assert_eq!(left["qualities"].as_array().unwrap().len(), 3);
        let mut sam = Browser::of(&desk, &f.sam).await;
        sam.get("/admin/targets").await.expect(403);
    });
}
