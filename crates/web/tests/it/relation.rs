//! Ties, merge and split, and undoing them; who else is on a ticket; triage.

use serde_json::{Value, json};
use testkit::{Somebody, TestDesk, both};

async fn open(desk: &TestDesk, who: &Somebody, subject: &str) -> i64 {
    desk.post(
        who,
        "/tickets",
        json!({"subject": subject, "description": format!("{subject}: the description"), "unit": "storage"}),
    )
    .await
    .expect(201)
    .number()
}

#[test]
fn a_parent_waits_for_its_child() {
    both(|desk| async move {
        let f = desk.federation().await;
        let (parent, child) = (
            open(&desk, &f.rita, "P").await,
            open(&desk, &f.rita, "C").await,
        );
        let relations = format!("/tickets/{parent}/relations");
        let tied = desk
            .post(
                &f.sam,
                &relations,
                json!({"kind": "parent_of", "number": child}),
            )
            .await
            .expect(201);
        assert_eq!(tied.json["items"][0]["number"], child);
        assert_eq!(
            desk.get(&f.sam, &format!("/tickets/{child}/relations"))
                .await
                .json["items"][0]["kind"],
            "child_of"
        );
        let solve = json!({"owner": f.sam.email, "status": "solved", "solution": "Done."});
        desk.patch(&f.sam, &format!("/tickets/{parent}"), solve.clone())
            .await
            .expect(409);
        desk.patch(&f.sam, &format!("/tickets/{child}"), solve.clone())
            .await
            .expect(200);
        desk.patch(&f.sam, &format!("/tickets/{parent}"), solve)
            .await
            .expect(200);

        desk.post(
            &f.sam,
            &relations,
            json!({"kind": "see_also", "number": 999_999}),
        )
        .await
        .expect(404);
        desk.delete(&f.sam, &format!("{relations}/parent_of/{child}"))
            .await
            .expect(204);
        desk.delete(&f.sam, &format!("{relations}/parent_of/{child}"))
            .await
            .expect(404);
        desk.delete(&f.sam, &format!("{relations}/cousin_of/{child}"))
            .await
            .expect(400);
    });
}

#[test]
fn merge_and_back_is_as_it_was() {
    both(|desk| async move {
        let f = desk.federation().await;
        let (a, b) = (
            open(&desk, &f.rita, "A").await,
            open(&desk, &f.otto, "B").await,
        );
        let texts = |number: i64| {
            let (desk, sam) = (desk.clone(), f.sam.clone());
            async move {
                let entries = desk
                    .get(&sam, &format!("/tickets/{number}/entries"))
                    .await
                    .expect(200);
                entries.json["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|e| e["body"].clone())
                    .collect::<Vec<_>>()
            }
        };
        let before = (texts(a).await, texts(b).await);
        let merged = desk
            .post(&f.sam, &format!("/tickets/{a}/merge"), json!({"into": b}))
            .await
            .expect(200);
        assert_eq!(merged.json["status"], "closed");
        assert_eq!(texts(b).await.len(), 2);
        desk.post(&f.sam, &format!("/tickets/{a}/merge"), json!({"into": b}))
            .await
            .expect(409);
        let back = desk
            .post(&f.sam, &format!("/tickets/{a}/unmerge"), json!({}))
            .await
            .expect(200);
        assert_eq!(back.json["status"], "assigned");
        assert_eq!((texts(a).await, texts(b).await), before);
        // A requester merges nothing, and a foreign ticket is none.
        let own = open(&desk, &f.rita, "Own").await;
        desk.post(
            &f.rita,
            &format!("/tickets/{a}/merge"),
            json!({"into": own}),
        )
        .await
        .expect(403);
        desk.post(&f.otto, &format!("/tickets/{a}/merge"), json!({"into": b}))
            .await
            .expect(404);
    });
}

#[test]
fn split_takes_entries_along_and_brings_them_back() {
    both(|desk| async move {
        let f = desk.federation().await;
        let number = open(&desk, &f.rita, "Two things").await;
        let entries = format!("/tickets/{number}/entries");
        let second = desk
            .post(
                &f.rita,
                &entries,
                json!({"body": "And the network is slow too."}),
            )
            .await
            .expect(201);
        let id = second.json["id"].as_str().unwrap().to_owned();
        let split = format!("/tickets/{number}/split");
        let new = desk
            .post(
                &f.sam,
                &split,
                json!({"subject": "Slow network", "entries": [id]}),
            )
            .await
            .expect(201);
        assert_eq!(new.json["requester"]["id"], json!(f.rita.id));
        let theirs = desk
            .get(&f.rita, &format!("/tickets/{}/entries", new.number()))
            .await
            .expect(200);
        assert!(theirs.text().contains("And the network is slow too."));
        assert!(
            !desk
                .get(&f.rita, &entries)
                .await
                .text()
                .contains("network is slow")
        );

        // Entries of another ticket can not be taken.
        let foreign = open(&desk, &f.otto, "Otto's").await;
        let other = desk
            .get(&f.sam, &format!("/tickets/{foreign}/entries"))
            .await
            .json["items"][0]["id"]
            .clone();
        let refused = desk
            .post(
                &f.sam,
                &split,
                json!({"subject": "Theft", "entries": [other]}),
            )
            .await
            .expect(422);
        assert_eq!(refused.json["field"], "entries");

        let back = desk
            .post(
                &f.sam,
                &format!("/tickets/{number}/unsplit"),
                json!({"number": new.number()}),
            )
            .await
            .expect(200);
        assert_eq!(back.json["number"], number);
        assert!(
            desk.get(&f.rita, &entries)
                .await
                .text()
                .contains("network is slow")
        );
    });
}

#[test]
fn people_come_and_go() {
    both(|desk| async move {
        let f = desk.federation().await;
        let number = open(&desk, &f.rita, "With friends").await;
        let parties = format!("/tickets/{number}/parties");
        let path = format!("/tickets/{number}");
        desk.get(&f.otto, &path).await.expect(404);
        let added = desk
            .post(
                &f.rita,
                &parties,
                json!({"email": f.otto.email, "role": "cc"}),
            )
            .await
            .expect(201);
        assert_eq!(added.json["items"][0]["role"], "cc");
        // Otto sees it now, and no address of others.
        let seen = desk.get(&f.otto, &path).await.expect(200);
        assert!(!seen.text().contains(&f.rita.email), "{}", seen.text());
        // Only oneself is made a follower; drawing others in is staff's.
        desk.post(
            &f.rita,
            &parties,
            json!({"email": f.sam.email, "role": "subscriber"}),
        )
        .await
        .expect(403);
        desk.post(
            &f.rita,
            &parties,
            json!({"email": f.nina.email, "role": "involved"}),
        )
        .await
        .expect(403);
        desk.post(
            &f.sam,
            &parties,
            json!({"email": f.nina.email, "role": "involved"}),
        )
        .await
        .expect(201);
        desk.get(&f.nina, &path).await.expect(200);
        desk.post(&f.mona, &parties, json!({"role": "subscriber"}))
            .await
            .expect(201);
        desk.post(
            &f.rita,
            &parties,
            json!({"email": "no address", "role": "cc"}),
        )
        .await
        .expect(422);
        // By address, by id, oneself.
        desk.delete(&f.rita, &format!("{parties}/cc/{}", f.otto.email))
            .await
            .expect(204);
        desk.get(&f.otto, &path).await.expect(404);
        desk.delete(&f.sam, &format!("{parties}/involved/{}", f.nina.id))
            .await
            .expect(204);
        desk.delete(&f.mona, &format!("{parties}/subscriber/me"))
            .await
            .expect(204);
        desk.delete(&f.mona, &format!("{parties}/subscriber/me"))
            .await
            .expect(404);
        assert_eq!(desk.get(&f.rita, &path).await.json["parties"], json!([]));
    });
}

#[test]
fn triage_explains_itself_and_is_tried_before_it_is_changed() {
    both(|desk| async move {
        let f = desk.federation().await;
        let many = open(&desk, &f.rita, "Few").await;
        desk.patch(
            &f.sam,
            &format!("/tickets/{many}"),
            json!({"affected_users": 7}),
        )
        .await
        .expect(200);
        for (facts, priority) in [
            (json!({}), "low"),
            (json!({"affected_users": 6}), "medium"),
            (json!({"affected_users": 51}), "high"),
            (json!({"degrades_service": true}), "top"),
            (
                json!({"category": "documentation", "degrades_service": true}),
                "low",
            ),
            (json!({"security_risk": "trivial"}), "medium"),
            (json!({"security_risk": "imminent"}), "top"),
        ] {
            let answer = desk
                .post(&f.rita, "/triage/assess", facts.clone())
                .await
                .expect(200);
            assert_eq!(answer.json["priority"], priority, "{facts}");
            let rules = answer.json["rules"].as_array().unwrap();
            assert_eq!(
                rules.iter().filter(|r| r["decides"] == true).count(),
                1,
                "{facts}"
            );
        }
        desk.post(&f.rita, "/triage/assess", json!({"affected_users": 0}))
            .await
            .expect(422);
        desk.post(&f.rita, "/triage/assess", json!({"category": "x"}))
            .await
            .expect(422);

        let mut rules = desk.get(&f.rita, "/triage/rules").await.expect(200).json;
        for rule in rules["rules"].as_array_mut().unwrap() {
            if rule["when"]["affected_over"] == 5 {
                rule["when"]["affected_over"] = json!(10);
            }
        }
        desk.post(&f.fay, "/triage/rules/what-if", rules.clone())
            .await
            .expect(403);
        let tried = desk
            .post(&f.ada, "/triage/rules/what-if", rules.clone())
            .await
            .expect(200);
        assert_eq!(
            tried.json["changed"],
            json!([{"number": many, "before": "medium", "after": "low", "rule": "start"}])
        );
        desk.put(&f.fay, "/triage/rules", rules.clone())
            .await
            .expect(403);
        let set = desk
            .put(&f.ada, "/triage/rules", rules.clone())
            .await
            .expect(200);
        assert_eq!(set.json, rules);
        let now = desk
            .post(&f.rita, "/triage/assess", json!({"affected_users": 7}))
            .await;
        assert_eq!(now.json["priority"], "low");
        // Rules that give no priority are refused.
        let none = desk
            .put(&f.ada, "/triage/rules", json!({"rules": []}))
            .await;
        assert_eq!(none.status, 422, "{}", none.text());
        let wrong = desk
            .put(&f.ada, "/triage/rules", json!({"rules": [{"key": "a", "title": "b", "because": "c", "then": {"at_least": "huge"}}]}))
            .await
            .expect(400);
        assert_eq!(
            wrong.json["field"],
            "rules[0].then.at_least",
            "{}",
            wrong.text()
        );
    });
}

#[test]
fn the_requester_asks_for_attention_step_by_step() {
    both(|desk| async move {
        let f = desk.federation().await;
        let number = open(&desk, &f.rita, "Nobody answers").await;
        let path = format!("/tickets/{number}/escalate");
        desk.post(&f.sam, &path, json!({"reason": "no"}))
            .await
            .expect(403);
        desk.post(&f.rita, &path, json!({"reason": " "}))
            .await
            .expect(422);
        let first = desk
            .post(&f.rita, &path, json!({"reason": "Three days."}))
            .await
            .expect(200);
        assert_eq!(first.json["escalation"], 1);
    });
}

#[test]
fn addresses_are_for_the_support_side() {
    both(|desk| async move {
        let f = desk.federation().await;
        let members = desk
            .get(&f.rita, "/units/Storage/members")
            .await
            .expect(200);
        let names: Vec<_> = members.json["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|m| m["name"].clone())
            .collect();
        assert_eq!(names, ["Stan", "Sam"]);
        assert!(!members.text().contains('@'), "{}", members.text());
        assert!(
            !desk
                .get(&f.rita, "/units")
                .await
                .expect(200)
                .text()
                .contains('@')
        );
        let staff = desk.get(&f.sam, "/units/storage/members").await.expect(200);
        assert_eq!(staff.json["items"][0]["email"], f.stan.email);
        assert_eq!(
            desk.get(&f.sam, "/units/STORAGE").await.expect(200).json["email"],
            "storage@units.example"
        );
        let number = open(&desk, &f.rita, "Owner").await;
        desk.patch(
            &f.sam,
            &format!("/tickets/{number}"),
            json!({"owner": f.sam.email}),
        )
        .await
        .expect(200);
        let hers = desk
            .get(&f.rita, &format!("/tickets/{number}"))
            .await
            .expect(200);
        assert_eq!(hers.json["owner"]["name"], "Sam");
        assert_eq!(hers.json["owner"]["email"], Value::Null);
    });
}
