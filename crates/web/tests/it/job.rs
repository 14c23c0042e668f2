//! The main job: from opening to verified, each in their part.

use serde_json::json;
use testkit::{Somebody, TestDesk, both};

async fn ticket(desk: &TestDesk, who: &Somebody, number: i64) -> serde_json::Value {
    desk.get(who, &format!("/tickets/{number}"))
        .await
        .expect(200)
        .json
}

#[test]
fn a_problem_is_reported_triaged_owned_answered_solved_and_verified() {
    both(|desk| async move {
        let f = desk.federation().await;

        // Rita reports.
        let opened = desk
            .post(
                &f.rita,
                "/tickets",
                json!({
                    "subject": "Transfers to the archive fail",
                    "description": "Since 09:10 all of them end with error 503.",
                    "affected_users": 12,
                    "cc": ["colleague@people.example"],
                }),
            )
            .await
            .expect(201);
        let number = opened.number();
        assert_eq!(
            opened.header("location"),
            format!("/api/v1/tickets/{number}")
        );
        assert_eq!(opened.json["status"], "new");
        assert_eq!(opened.json["priority"], "medium");
        assert_eq!(opened.json["level"], 1);
        assert_eq!(opened.json["requester"]["email"], f.rita.email);
        assert!(
            opened.json["priority_reason"]
                .as_str()
                .unwrap()
                .contains('5'),
            "{}",
            opened.text()
        );
        let path = format!("/tickets/{number}");

        // First level confirms the priority and hands it to storage.
        let assigned = desk
            .patch(
                &f.fay,
                &path,
                json!({"priority_confirmed": true, "unit": "Storage", "note": "looks like the tape robot"}),
            )
            .await
            .expect(200);
        assert_eq!(assigned.json["status"], "assigned");
        assert_eq!(assigned.json["unit_key"], "storage");
        assert_eq!(assigned.json["priority_confirmed"], true);

        // Its responsible gives it an owner, who takes it on and asks back.
        desk.patch(&f.stan, &path, json!({"owner": f.sam.email}))
            .await
            .expect(200);
        desk.patch(&f.sam, &path, json!({"status": "in_progress"}))
            .await
            .expect(200);
        let entries = format!("{path}/entries");
        let question = desk
            .post(
                &f.sam,
                &entries,
                json!({"body": "Which client version do you use?"}),
            )
            .await
            .expect(201);
        assert_eq!(question.json["author_side"], "support");
        desk.patch(&f.sam, &path, json!({"status": "waiting"}))
            .await
            .expect(200);

        // Her answer brings it back to work.
        let answer = desk
            .post(&f.rita, &entries, json!({"body": "Version 4.2."}))
            .await
            .expect(201);
        assert_eq!(answer.json["author_side"], "requester");
        assert_eq!(ticket(&desk, &f.sam, number).await["status"], "in_progress");

        // Solved without a text is refused, with one it is done.
        let refused = desk
            .patch(&f.sam, &path, json!({"status": "solved"}))
            .await
            .expect(422);
        assert_eq!(refused.json["field"], "solution");
        desk.patch(
            &f.sam,
            &path,
            json!({"status": "solved", "solution": "The certificate was renewed."}),
        )
        .await
        .expect(200);

        // Only she can verify.
        desk.patch(&f.sam, &path, json!({"status": "verified"}))
            .await
            .expect(403);
        let verified = desk
            .patch(&f.rita, &path, json!({"status": "verified"}))
            .await
            .expect(200);
        assert_eq!(verified.json["status"], "verified");
        assert_eq!(
            verified.json["solution"]["text"],
            "The certificate was renewed."
        );
        desk.patch(&f.sam, &path, json!({"status": "in_progress"}))
            .await
            .expect(409);

        // Every step is in the history.
        let history = desk
            .get(&f.sam, &format!("{path}/history?limit=200"))
            .await
            .expect(200);
        let steps: Vec<_> = history.json["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|e| e["kind"] == "status_set")
            .map(|e| {
                format!(
                    "{} {}",
                    e["new"].as_str().unwrap(),
                    e["actor"].as_str().unwrap()
                )
            })
            .collect();
        assert_eq!(
            steps,
            [
                "assigned Fay",
                "in_progress Sam",
                "waiting Sam",
                "in_progress Rita",
                "solved Sam",
                "verified Rita",
            ]
        );
        for event in history.json["items"].as_array().unwrap() {
            assert_eq!(event["channel"], "api");
        }

        // Rita reads the public diary, Sam both.
        let bodies = |answer: testkit::Answer| -> Vec<String> {
            answer.json["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|e| e["body"].as_str().unwrap().to_owned())
                .collect()
        };
        let hers = bodies(desk.get(&f.rita, &entries).await.expect(200));
        assert_eq!(hers.len(), 4, "{hers:?}");
        assert!(!hers.iter().any(|b| b.contains("tape robot")));
        let his = bodies(desk.get(&f.sam, &entries).await.expect(200));
        assert_eq!(his.len(), 5, "{his:?}");

        // And mail went to those concerned.
        desk.run_jobs().await;
        let mails = desk.sent_mail();
        for whom in [f.rita.email.as_str(), "colleague@people.example"] {
            assert!(
                mails
                    .iter()
                    .any(|m| m.to == whom && m.text.contains("The certificate was renewed.")),
                "{whom} was not told of the solution"
            );
        }
    });
}

#[test]
fn a_dissatisfied_requester_reopens_with_a_comment() {
    both(|desk| async move {
        let f = desk.federation().await;
        let number = desk
            .post(
                &f.rita,
                "/tickets",
                json!({"subject": "Slow", "description": "Slow.", "service": "Archive"}),
            )
            .await
            .expect(201)
            .number();
        let path = format!("/tickets/{number}");
        desk.patch(
            &f.sam,
            &path,
            json!({"owner": f.sam.email, "status": "solved", "solution": "Faster now."}),
        )
        .await
        .expect(200);
        let refused = desk
            .patch(&f.rita, &path, json!({"status": "reopened"}))
            .await;
        assert_eq!(refused.status, 422, "{}", refused.text());
        let reopened = desk
            .patch(
                &f.rita,
                &path,
                json!({"status": "reopened", "comment": "Still slow."}),
            )
            .await
            .expect(200);
        assert_eq!(reopened.json["status"], "reopened");
    });
}
