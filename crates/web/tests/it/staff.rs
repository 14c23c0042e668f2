//! Applications, members, people and the audit log by the API, from outside.

use desk::TokenScope;
use desk::account::NewAccount;
use serde_json::json;
use testkit::{Somebody, TestDesk, both};

#[test]
fn the_procedure_goes_by_the_api_too() {
    both(|desk| async move {
        let f = desk.federation().await;
        let asks = "/support-applications";
        let wrong = [
            (json!({"units": [], "reason": "x"}), "units"),
            (json!({"units": ["nowhere"], "reason": "x"}), "units"),
            (json!({"units": ["storage"], "reason": " "}), "reason"),
        ];
        for (body, field) in wrong {
            let answer = desk.post(&f.rita, asks, body).await.expect(422);
            assert_eq!(answer.json["field"], field);
        }
        let body = json!({"units": ["Storage"], "reason": "Agreed with Stan."});
        let made = desk.post(&f.rita, asks, body.clone()).await.expect(201);
        let id = made.json["id"].as_str().unwrap().to_owned();
        desk.post(&f.rita, asks, body).await.expect(409);
        // One's own; others see nothing of it.
        let mine = desk.get(&f.rita, asks).await.expect(200);
        assert_eq!(mine.json["items"][0]["state"], "waiting");
        assert_eq!(mine.json["items"][0]["units"], json!(["storage"]));
        let others = desk.get(&f.stan, asks).await.expect(200);
        assert_eq!(others.json["items"], json!([]));
        desk.delete(&f.otto, &format!("{asks}/{id}"))
            .await
            .expect(404);
        let all = desk.get(&f.ada, &format!("{asks}?state=waiting")).await;
        assert_eq!(all.expect(200).json["items"].as_array().unwrap().len(), 1);
        desk.get(&f.ada, &format!("{asks}?state=open"))
            .await
            .expect(422);
        let decide = format!("{asks}/{id}/decision");
        let granted = json!({"granted": true, "reason": "Stan knows her."});
        desk.post(&f.ada, &decide, granted.clone())
            .await
            .expect(204);
        desk.post(&f.ada, &decide, granted).await.expect(409);
        let joins = "/units/storage/join-requests";
        let waiting = desk.get(&f.stan, joins).await.expect(200);
        let id = waiting.json["items"][0]["id"].as_str().unwrap();
        let decide = format!("{joins}/{id}/decision");
        let no_reason = json!({"consent": false});
        let answer = desk.post(&f.stan, &decide, no_reason).await.expect(422);
        assert_eq!(answer.json["field"], "reason");
        // Of another unit it is not there.
        let elsewhere = decide.replace("storage", "network");
        desk.post(&f.ada, &elsewhere, json!({"consent": true}))
            .await
            .expect(404);
        desk.post(&f.stan, &decide, json!({"consent": true}))
            .await
            .expect(204);
        let me = desk.get(&f.rita, "/people/me").await.expect(200);
        assert_eq!(me.json["units"][0]["key"], "storage");
        // The last responsible stays; who is made one sets them free.
        let stan = "/units/storage/members/me";
        let answer = desk.delete(&f.stan, stan).await.expect(409);
        assert!(answer.text().contains("last responsible"));
        let rita = format!("/units/storage/members/{}", f.rita.email);
        desk.patch(&f.stan, &rita, json!({"part": "responsible"}))
            .await
            .expect(204);
        desk.delete(&f.stan, stan).await.expect(204);
        desk.delete(&f.stan, stan).await.expect(409);
        // Who says nothing about the unit does not learn who is known.
        let unknown = json!({"person": "nobody@people.example"});
        desk.post(&f.sam, "/units/storage/members", unknown.clone())
            .await
            .expect(403);
        desk.post(&f.rita, "/units/storage/members", unknown)
            .await
            .expect(404);
    });
}

#[test]
fn a_token_gives_no_right_that_its_scope_lacks() {
    both(|desk| async move {
        let f = desk.federation().await;
        let writes = Somebody {
            token: desk
                .token(f.ada.id, &[TokenScope::Read, TokenScope::Write])
                .await,
            ..f.ada.clone()
        };
        let otto = format!("/people/{}", f.otto.id);
        let raise = json!({"admin": true});
        desk.patch(&writes, &otto, raise.clone()).await.expect(403);
        desk.get(&writes, "/people").await.expect(403);
        desk.get(&writes, "/audit").await.expect(403);
        // Nor does it manage units by being an administrator's.
        let body = json!({"person": f.nina.email});
        desk.post(&writes, "/units/storage/members", body)
            .await
            .expect(403);
        let list = desk.get(&writes, "/support-applications").await;
        assert_eq!(list.expect(200).json["items"], json!([]));
        desk.patch(&f.ada, &otto, raise).await.expect(200);
        // Now there are two; one may go, with a reason.
        let ada = format!("/people/{}", f.ada.id);
        desk.patch(&f.ada, &otto, json!({"admin": false}))
            .await
            .expect(422);
        desk.patch(
            &f.ada,
            &otto,
            json!({"admin": false, "reason": "A mistake."}),
        )
        .await
        .expect(200);
        desk.patch(&f.ada, &ada, json!({"admin": false}))
            .await
            .expect(409);
        desk.patch(&f.ada, &ada, json!({"active": false}))
            .await
            .expect(409);
    });
}

#[test]
fn people_are_found_by_name_and_address_page_by_page() {
    both(|desk| async move {
        let f = desk.federation().await;
        let find = async |query: &str| {
            let found = desk.get(&f.ada, &format!("/people?{query}")).await;
            let names: Vec<String> = found.expect(200).json["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|p| p["name"].as_str().unwrap().to_owned())
                .collect();
            names
        };
        desk.desk
            .create_account(NewAccount {
                name: "Évora".into(),
                email: "evora@people.example".into(),
                ..NewAccount::default()
            })
            .await
            .unwrap();
        assert_eq!(find("q=STAN").await, ["Stan"]);
        assert_eq!(find("q=stan%40people").await, ["Stan"]);
        assert_eq!(find("q=%C3%A9vora").await, ["Évora"]);
        assert_eq!(find("q=%25").await, Vec::<String>::new());
        assert_eq!(find("admin=true").await, ["Ada"]);
        assert_eq!(find("monitor=true&active=true").await, ["Mona"]);
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/people?limit=3{cursor}");
            let page = desk.get(&f.ada, &path).await.expect(200).json;
            for p in page["items"].as_array().unwrap() {
                seen.push(p["name"].as_str().unwrap().to_owned());
            }
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let mut sorted = seen.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(seen, sorted);
        assert_eq!(seen.len(), 9);
        let stan = desk.get(&f.ada, &format!("/people/{}", f.stan.id)).await;
        let stan = stan.expect(200).json;
        assert_eq!(stan["units"][0]["part"], "responsible");
        assert_eq!(stan["emails"], json!([f.stan.email]));
    });
}

#[test]
fn the_audit_log_is_searched_and_checked() {
    both(|desk: std::sync::Arc<TestDesk>| async move {
        let f = desk.federation().await;
        let otto = format!("/people/{}", f.otto.id);
        for monitor in [true, false, true] {
            desk.patch(
                &f.ada,
                &otto,
                json!({"monitor": monitor, "reason": "Trying =1+1."}),
            )
            .await
            .expect(200);
        }
        let find = async |query: &str| {
            desk.get(&f.ada, &format!("/audit?{query}"))
                .await
                .expect(200)
                .json
        };
        let found = find(&format!("subject={}&limit=2", f.otto.id)).await;
        let actions: Vec<&str> = found["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|d| d["action"].as_str().unwrap())
            .collect();
        assert_eq!(
            actions,
            ["person.monitor_granted", "person.monitor_revoked"]
        );
        let next = found["next"].as_str().unwrap();
        let rest = find(&format!("subject={}&cursor={next}", f.otto.id)).await;
        assert_eq!(rest["items"].as_array().unwrap().len(), 1);
        assert_eq!(rest["next"], json!(null));
        let by_ada = find(&format!("actor={}&action=person.&q=trying", f.ada.id)).await;
        assert_eq!(by_ada["items"].as_array().unwrap().len(), 3);
        assert_eq!(
            find("action=unit.&subject_kind=unit").await["items"]
                .as_array()
                .unwrap()
                .len(),
            4
        );
        let chain = desk.get(&f.ada, "/audit/chain").await.expect(200).json;
        assert_eq!(chain["problem"], json!(null));
        desk.desk
            .db()
            .write(|c| c.execute("UPDATE audit SET action = 'person.born' WHERE id = 2", &[]))
            .await
            .unwrap();
        let chain = desk.get(&f.ada, "/audit/chain").await.expect(200).json;
        assert!(chain["problem"].as_str().unwrap().contains("row 2"));
    });
}
