//! Opening, reading and changing tickets: names, versions, pages, many at once.

use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::{Value, json};
use testkit::{Answer, Somebody, TestDesk, both, on_sqlite};

async fn open(desk: &TestDesk, who: &Somebody, subject: &str) -> i64 {
    desk.post(
        who,
        "/tickets",
        json!({"subject": subject, "description": "…", "unit": "storage"}),
    )
    .await
    .expect(201)
    .number()
}

async fn keyed(desk: &TestDesk, who: &Somebody, key: &str, body: &Value) -> Answer {
    let mut request = TestDesk::request(who, Method::POST, "/tickets", Some(body));
    request
        .headers_mut()
        .insert("idempotency-key", key.parse().unwrap());
    desk.ask(request).await
}

#[test]
fn a_repeated_create_gives_the_same_ticket() {
    both(|desk| async move {
        let f = desk.federation().await;
        let body = json!({"subject": "Once", "description": "Only once."});
        let first = keyed(&desk, &f.rita, "night-1", &body).await.expect(201);
        let again = keyed(&desk, &f.rita, "night-1", &body).await.expect(201);
        assert_eq!(first.number(), again.number());
        assert_eq!(first.json, again.json);
        assert_eq!(first.header("location"), again.header("location"));

        // Another body under the same key is a mistake, not a ticket.
        let other = json!({"subject": "Twice", "description": "Only once."});
        let refused = keyed(&desk, &f.rita, "night-1", &other).await.expect(422);
        assert_eq!(refused.json["field"], "Idempotency-Key");

        // A key is its person's: for Otto it is a new one.
        let his = keyed(&desk, &f.otto, "night-1", &body).await.expect(201);
        assert_ne!(his.number(), first.number());
        let list = desk.get(&f.rita, "/tickets").await.expect(200);
        assert_eq!(list.json["items"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn concurrent_repeats_make_one_ticket() {
    both(|desk| async move {
        let f = desk.federation().await;
        let body = json!({"subject": "Once", "description": "Only once."});
        let mut work = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let (desk, rita, body) = (desk.clone(), f.rita.clone(), body.clone());
            work.spawn(async move { keyed(&desk, &rita, "k", &body).await.expect(201).number() });
        }
        let numbers: std::collections::BTreeSet<i64> = work.join_all().await.into_iter().collect();
        assert_eq!(numbers.len(), 1);
    });
}

#[test]
fn who_read_an_older_version_changes_nothing() {
    both(|desk| async move {
        let f = desk.federation().await;
        let number = open(&desk, &f.rita, "Versions").await;
        let path = format!("/tickets/{number}");
        let read = desk.get(&f.sam, &path).await.expect(200);
        let tag = read.header("etag").to_owned();
        let change = |tag: &str, subject: &str| {
            let mut request = TestDesk::request(
                &f.sam,
                Method::PATCH,
                &path,
                Some(&json!({"subject": subject})),
            );
            request
                .headers_mut()
                .insert(header::IF_MATCH, tag.parse().unwrap());
            request
        };
        let changed = desk.ask(change(&tag, "First")).await.expect(200);
        assert_ne!(changed.header("etag"), tag);
        let stale = desk.ask(change(&tag, "Second")).await.expect(412);
        assert_eq!(stale.json["type"], "urn:switchboard:problem:stale");
        assert_eq!(
            desk.get(&f.sam, &path).await.json["subject"],
            "First",
            "a stale change was made"
        );
        // `*`, a list with the right one, and none at all are taken.
        desk.ask(change("*", "Third")).await.expect(200);
        let now = desk.get(&f.sam, &path).await.header("etag").to_owned();
        desk.ask(change(&format!("\"1\", {now}"), "Fourth"))
            .await
            .expect(200);
        desk.patch(&f.sam, &path, json!({"subject": "Fifth"}))
            .await
            .expect(200);
        // What is no tag of ours matches nothing; what is no tag is refused.
        desk.ask(change("\"abc\"", "No")).await.expect(412);
        desk.ask(change("7", "No")).await.expect(422);

        // Who has it already is told so.
        let now = desk.get(&f.sam, &path).await.header("etag").to_owned();
        let mut request = TestDesk::request(&f.sam, Method::GET, &path, None);
        request
            .headers_mut()
            .insert(header::IF_NONE_MATCH, now.parse().unwrap());
        let answer = desk.ask(request).await.expect(304);
        assert_eq!(answer.header("etag"), now);
        assert!(answer.bytes.is_empty());
    });
}

#[test]
fn a_list_is_paged_without_loss_or_repeat_while_tickets_come() {
    both(|desk| async move {
        let f = desk.federation().await;
        let mut numbers = Vec::new();
        for i in 0..23 {
            numbers.push(open(&desk, &f.rita, &format!("Ticket {i}")).await);
        }
        numbers.reverse();
        let mut seen = Vec::new();
        let mut path = "/tickets?limit=5".to_owned();
        loop {
            let page = desk.get(&f.rita, &path).await.expect(200);
            let items = page.json["items"].as_array().unwrap();
            assert!(items.len() <= 5);
            seen.extend(items.iter().map(|t| t["number"].as_i64().unwrap()));
            // What comes meanwhile stands before the first page.
            open(&desk, &f.rita, "Meanwhile").await;
            match page.json["next"].as_str() {
                Some(cursor) => path = format!("/tickets?limit=5&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!(seen, numbers);
    });
}

#[test]
fn lists_are_narrowed_by_every_filter() {
    both(|desk| async move {
        let f = desk.federation().await;
        let a = open(&desk, &f.rita, "Broken tape").await;
        let b = desk
            .post(
                &f.otto,
                "/tickets",
                json!({"subject": "Broken link", "description": "…", "service": "Links",
                       "degrades_service": true}),
            )
            .await
            .expect(201)
            .number();
        desk.clock.advance(1_000);
        desk.patch(
            &f.sam,
            &format!("/tickets/{a}"),
            json!({"owner": f.sam.email}),
        )
        .await
        .expect(200);
        desk.run_jobs().await;
        let look = |query: &'static str| {
            let (desk, fay) = (desk.clone(), f.fay.clone());
            async move {
                desk.get(&fay, &format!("/tickets?{query}"))
                    .await
                    .expect(200)
                    .json["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|t| t["number"].as_i64().unwrap())
                    .collect::<Vec<_>>()
            }
        };
        for (query, found) in [
            ("unit=Storage", vec![a]),
            ("unit=network", vec![b]),
            ("service=Links", vec![b]),
            ("priority=top", vec![b]),
            ("status=assigned", vec![b, a]),
            ("status=open", vec![b, a]),
            ("status=solved,verified", vec![]),
            ("owner=sam%40people.example", vec![a]),
            ("owner=none", vec![b]),
            ("requester=otto%40people.example", vec![b]),
            ("requester=nobody%40people.example", vec![]),
            ("category=incident", vec![b, a]),
            ("q=broken", vec![b, a]),
            ("q=broken+unit:storage", vec![a]),
            ("q=tape&unit=network", vec![]),
            ("sort=urgent", vec![b, a]),
            ("sort=updated", vec![a, b]),
        ] {
            assert_eq!(look(query).await, found, "{query}");
        }
        // What can not be is said, with the name of the field.
        for (query, field) in [
            ("unit=Nowhere", "unit"),
            ("service=Nothing", "service"),
            ("status=done", "status"),
            ("priority=urgent", "priority"),
            ("owner=Sam", "owner"),
            ("category=x", "category"),
            ("limit=0", "limit"),
            ("limit=201", "limit"),
            ("limit=-1", "limit"),
            ("cursor=zzz", "cursor"),
            ("q=nokey:1", "q"),
        ] {
            let refused = desk
                .get(&f.fay, &format!("/tickets?{query}"))
                .await
                .expect(422);
            assert_eq!(refused.json["field"], field, "{query}");
        }
    });
}

#[test]
fn many_are_changed_each_for_itself() {
    both(|desk| async move {
        let f = desk.federation().await;
        let a = open(&desk, &f.rita, "A").await;
        let b = open(&desk, &f.rita, "B").await;
        let foreign = desk
            .post(
                &f.otto,
                "/tickets",
                json!({"subject": "C", "description": "…", "unit": "network"}),
            )
            .await
            .expect(201)
            .number();
        let answer = desk
            .post(
                &f.sam,
                "/tickets/bulk",
                json!({"numbers": [a, foreign, b, 999_999], "change": {"tags": ["tape"]}}),
            )
            .await
            .expect(200);
        let statuses: Vec<_> = answer.json["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| (r["number"].as_i64().unwrap(), r["status"].as_i64().unwrap()))
            .collect();
        assert_eq!(
            statuses,
            [(a, 200), (foreign, 404), (b, 200), (999_999, 404)]
        );
        assert_eq!(
            desk.get(&f.sam, &format!("/tickets/{a}")).await.json["tags"],
            json!(["tape"])
        );
        for numbers in [json!([]), (1..=201).collect::<Vec<i64>>().into()] {
            desk.post(
                &f.sam,
                "/tickets/bulk",
                json!({"numbers": numbers, "change": {}}),
            )
            .await
            .expect(422);
        }
    });
}

#[test]
fn names_are_taken_by_key_or_name_in_any_case() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        for name in ["storage", "Storage", "STORAGE"] {
            let number = open(&desk, &f.rita, name).await;
            let read = desk.get(&f.rita, &format!("/tickets/{number}")).await;
            assert_eq!(read.json["unit"], "Storage");
            assert_eq!(read.json["unit_key"], "storage");
        }
        // A service brings its unit.
        let answer = desk
            .post(
                &f.rita,
                "/tickets",
                json!({"subject": "S", "description": "D", "service": "archive",
                       "custom": {"path": "/tape/1"}}),
            )
            .await
            .expect(201);
        assert_eq!(answer.json["unit"], "Storage");
        assert_eq!(answer.json["service"], "Archive");
        assert_eq!(answer.json["custom"]["path"], "/tape/1");
        // Third level can not be addressed by requesters.
        let refused = desk
            .post(
                &f.rita,
                "/tickets",
                json!({"subject": "S", "description": "D", "unit": "Kernel"}),
            )
            .await
            .expect(422);
        assert_eq!(refused.json["field"], "unit");
    });
}

#[test]
fn staff_open_for_others_and_see_what_they_opened() {
    both(|desk| async move {
        let f = desk.federation().await;
        let body = json!({"subject": "By phone", "description": "She called.",
            "unit": "network", "requester": {"email": "new@people.example", "name": "New"}});
        desk.post(&f.rita, "/tickets", body.clone())
            .await
            .expect(403);
        // Sam is not in network: he gets an answer all the same.
        let opened = desk.post(&f.sam, "/tickets", body).await.expect(201);
        assert_eq!(opened.json["requester"]["name"], "New");
        assert_eq!(opened.json["unit"], "Network");
        desk.get(&f.sam, &format!("/tickets/{}", opened.number()))
            .await
            .expect(404);
    });
}

#[test]
fn null_takes_away_and_left_out_leaves() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let number = open(&desk, &f.rita, "Null").await;
        let path = format!("/tickets/{number}");
        desk.patch(
            &f.fay,
            &path,
            json!({"owner": f.sam.email, "service": "Archive", "site": "CESNET"}),
        )
        .await
        .expect(200);
        let kept = desk
            .patch(&f.fay, &path, json!({"subject": "Kept", "status": null}))
            .await
            .expect(200);
        assert_eq!(kept.json["owner"]["email"], f.sam.email);
        assert_eq!(kept.json["site"], "CESNET");
        let gone = desk
            .patch(
                &f.fay,
                &path,
                json!({"owner": null, "service": null, "site": null}),
            )
            .await
            .expect(200);
        assert_eq!(gone.json["owner"], Value::Null);
        assert_eq!(gone.json["service"], Value::Null);
        assert_eq!(gone.json["site"], Value::Null);
    });
}

#[test]
fn a_refused_change_changes_nothing_at_all() {
    both(|desk| async move {
        let f = desk.federation().await;
        let number = open(&desk, &f.rita, "Whole or not").await;
        let path = format!("/tickets/{number}");
        let before = desk.get(&f.sam, &path).await.expect(200).json;
        // The subject would be allowed, the overruled priority is not his.
        desk.patch(
            &f.sam,
            &path,
            json!({"subject": "Half", "priority": "top", "reason": "important"}),
        )
        .await
        .expect(403);
        assert_eq!(desk.get(&f.sam, &path).await.json, before);
        let entries = desk.get(&f.sam, &format!("{path}/entries")).await;
        assert_eq!(entries.json["items"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn the_token_is_the_only_way_in() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let with = |name: &str, value: String| {
            Request::builder()
                .uri("/api/v1/people/me")
                .header(header::HOST, "desk.example")
                .header(name, value)
                .body(Body::empty())
                .unwrap()
        };
        for (name, value) in [
            ("authorization", f.rita.token.clone()),
            ("authorization", format!("Basic {}", f.rita.token)),
            ("authorization", "Bearer ".into()),
            ("authorization", "Bearer wrong".into()),
            ("cookie", format!("session={}", f.rita.token)),
            ("x-api-key", f.rita.token.clone()),
        ] {
            let answer = desk.ask(with(name, value)).await.expect(401);
            assert!(answer.header("www-authenticate").starts_with("Bearer"));
            assert_eq!(answer.header("content-type"), "application/problem+json");
        }
        desk.ask(with("authorization", format!("bearer {}", f.rita.token)))
            .await
            .expect(200);
    });
}
