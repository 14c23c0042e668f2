//! The leak hunt (bar A-03): what is hidden from somebody turns up nowhere
//! that they can look.

use serde_json::{Value, json};
use testkit::{Somebody, TestDesk, both};

/// Everything of the API that answers a reader, for one ticket.
async fn everything(desk: &TestDesk, who: &Somebody, number: i64) -> String {
    let mut seen = String::new();
    for path in [
        format!("/tickets/{number}"),
        format!("/tickets/{number}/entries?limit=200"),
        format!("/tickets/{number}/history?limit=200"),
        format!("/tickets/{number}/attachments"),
        format!("/tickets/{number}/relations"),
        format!("/tickets/{number}/links"),
        "/tickets?limit=200".into(),
        "/tickets?sort=updated".into(),
        "/tickets?sort=urgent".into(),
        "/tickets?status=any".into(),
        "/tickets?q=canary".into(),
        "/tickets?q=can%2A".into(),
        "/events?limit=1000".into(),
        "/units".into(),
        "/units/storage".into(),
        "/units/storage/members".into(),
        "/people/me".into(),
        "/people/me/tokens".into(),
    ] {
        let answer = desk.get(who, &path).await;
        assert!(
            matches!(answer.status, 200 | 404),
            "{path}: {}",
            answer.text()
        );
        seen.push_str(&answer.text());
    }
    seen
}

fn numbers(answer: &Value) -> Vec<i64> {
    answer["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["number"].as_i64().unwrap())
        .collect()
}

#[test]
fn internal_matters_never_reach_the_requester() {
    both(|desk| async move {
        let f = desk.federation().await;
        let number = desk
            .post(
                &f.rita,
                "/tickets",
                json!({"subject": "Visible", "description": "Visible.", "unit": "storage", "cc": [f.otto.email]}),
            )
            .await
            .expect(201)
            .number();
        let path = format!("/tickets/{number}");
        desk.post(
            &f.sam,
            &format!("{path}/entries"),
            json!({"visibility": "internal", "body": "canary-note"}),
        )
        .await
        .expect(201);
        desk.patch(
            &f.sam,
            &path,
            json!({"owner": f.sam.email, "tags": ["canary-tag"], "note": "canary-note-2",
                   "status": "waiting", "reminder": "2031-12-24T00:00:00Z"}),
        )
        .await
        .expect(200);
        desk.patch(
            &f.sam,
            &path,
            json!({"unit": "network", "reason": "canary-reason"}),
        )
        .await
        .expect(204);
        desk.run_jobs().await;
        let inside = everything(&desk, &f.nina, number).await;
        for canary in [
            "canary-note",
            "canary-tag",
            "canary-note-2",
            "canary-reason",
        ] {
            assert!(inside.contains(canary), "{canary} is not even seen inside");
        }
        for who in [&f.rita, &f.otto] {
            let seen = everything(&desk, who, number).await;
            assert!(seen.contains("Visible"));
            for canary in ["canary", "2031-12-24"] {
                let at = seen
                    .find(canary)
                    .map(|at| &seen[at.saturating_sub(200)..(at + 50).min(seen.len())]);
                assert_eq!(at, None, "{} sees {canary}", who.email);
            }
            let found = desk.get(who, "/tickets?q=canary").await.expect(200);
            assert_eq!(found.json["items"], json!([]));
            // Tags can not be probed for.
            desk.get(who, "/tickets?q=tag:canary-tag").await.expect(422);
        }
        // No mail to them has it either.
        for mail in desk.sent_mail() {
            if mail.to == f.rita.email || mail.to == f.otto.email {
                let raw = String::from_utf8_lossy(&mail.raw).into_owned();
                assert!(!raw.contains("canary"), "mailed to {}: {raw}", mail.to);
            }
        }
    });
}

#[test]
fn a_foreign_ticket_is_nowhere() {
    both(|desk| async move {
        let f = desk.federation().await;
        let own = desk
            .post(
                &f.rita,
                "/tickets",
                json!({"subject": "Own", "description": "Own.", "unit": "storage"}),
            )
            .await
            .expect(201)
            .number();
        let mut hidden = Vec::new();
        for i in 0..10 {
            hidden.push(
                desk.post(
                    &f.otto,
                    "/tickets",
                    json!({"subject": format!("canary {i}"), "description": "canary", "unit": "network"}),
                )
                .await
                .expect(201)
                .number(),
            );
        }
        // A tie to it shows its number and nothing else.
        desk.post(
            &f.fay,
            &format!("/tickets/{own}/relations"),
            json!({"kind": "see_also", "number": hidden[0]}),
        )
        .await
        .expect(201);
        desk.run_jobs().await;
        for who in [&f.rita, &f.sam] {
            for number in &hidden {
                let answer = desk
                    .get(who, &format!("/tickets/{number}"))
                    .await
                    .expect(404);
                let never = desk.get(who, "/tickets/999999").await.expect(404);
                let told = |a: &testkit::Answer, n: &str| {
                    let mut told = a.json.clone();
                    let detail = told["detail"].as_str().unwrap().replace(n, "N");
                    told["detail"] = detail.into();
                    told
                };
                assert_eq!(
                    told(&answer, &number.to_string()),
                    told(&never, "999999"),
                    "hidden is told from absent"
                );
            }
            let seen = everything(&desk, who, own).await;
            assert!(!seen.contains("canary"), "{} sees it", who.email);
            let list = desk.get(who, "/tickets").await.expect(200);
            assert_eq!(numbers(&list.json), [own]);
            assert_eq!(list.json["next"], Value::Null, "a count of hidden rows");
            let ties = desk
                .get(who, &format!("/tickets/{own}/relations"))
                .await
                .expect(200);
            assert_eq!(ties.json["items"][0]["subject"], Value::Null);
        }
    });
}

#[test]
fn a_restricted_ticket_is_hidden_from_first_level_and_monitors() {
    both(|desk| async move {
        let f = desk.federation().await;
        let number = desk
            .post(
                &f.rita,
                "/tickets",
                json!({"subject": "canary leak", "description": "canary", "unit": "storage", "security_risk": "imminent"}),
            )
            .await
            .expect(201)
            .number();
        desk.run_jobs().await;
        for who in [&f.fay, &f.mona, &f.otto, &f.nina] {
            desk.get(who, &format!("/tickets/{number}"))
                .await
                .expect(404);
            assert!(
                !everything(&desk, who, number).await.contains("canary"),
                "{}",
                who.email
            );
        }
        for who in [&f.rita, &f.sam, &f.ada] {
            desk.get(who, &format!("/tickets/{number}"))
                .await
                .expect(200);
            let found = desk.get(who, "/tickets?q=canary").await.expect(200);
            assert_eq!(numbers(&found.json), [number], "{}", who.email);
        }
    });
}

#[test]
fn no_answer_has_a_secret() {
    both(|desk| async move {
        let f = desk.federation().await;
        let number = desk
            .post(
                &f.rita,
                "/tickets",
                json!({"subject": "S", "description": "D", "unit": "storage"}),
            )
            .await
            .expect(201)
            .number();
        desk.run_jobs().await;
        for who in [&f.rita, &f.sam, &f.ada] {
            let seen = everything(&desk, who, number).await;
            for secret in [
                f.rita.token.as_str(),
                f.ada.token.as_str(),
                "password",
                "secret",
                "hash",
                "argon2",
            ] {
                assert!(!seen.contains(secret), "{} sees {secret}", who.email);
            }
        }
    });
}
