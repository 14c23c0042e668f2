//! What is due, by the API: on tickets, in lists, and what can be changed of it.

use serde_json::{Value, json};
use testkit::{Federation, TestDesk, both};

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
