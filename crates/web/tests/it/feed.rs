//! The change feed and its stream: in order, without gaps, only what one may
//! see, and silent when that ends (bar A-04).

use std::time::{Duration, Instant};

use axum::body::{Body, BodyDataStream};
use axum::http::{Method, header};
use serde_json::{Value, json};
use testkit::{Somebody, TestDesk, both, on_sqlite};
use tokio_stream::StreamExt as _;

async fn open(desk: &TestDesk, who: &Somebody, unit: &str) -> i64 {
    desk.post(
        who,
        "/tickets",
        json!({"subject": "Feed", "description": "…", "unit": unit}),
    )
    .await
    .expect(201)
    .number()
}

#[test]
fn the_feed_is_complete_and_in_order_in_any_stretch() {
    both(|desk| async move {
        let f = desk.federation().await;
        for i in 0..5 {
            let number = open(&desk, &f.rita, "storage").await;
            desk.patch(
                &f.sam,
                &format!("/tickets/{number}"),
                json!({"subject": format!("S{i}")}),
            )
            .await
            .expect(200);
            open(&desk, &f.otto, "network").await;
        }
        let whole = desk.get(&f.ada, "/events?limit=1000").await.expect(200);
        let ids: Vec<i64> = whole.json["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["id"].as_i64().unwrap())
            .collect();
        assert!(ids.is_sorted() && ids.len() > 30, "{ids:?}");
        let mut seen = Vec::new();
        let mut after = 0;
        loop {
            let part = desk
                .get(&f.sam, &format!("/events?after={after}&limit=3"))
                .await
                .expect(200);
            seen.extend(part.json["items"].as_array().unwrap().clone());
            after = part.json["next"].as_i64().unwrap();
            if part.json["more"] == false {
                break;
            }
        }
        // Sam sees all of storage and nothing of network.
        let storage: Vec<&Value> = whole.json["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|e| e["ticket"].as_i64().unwrap() % 2 == 1)
            .collect();
        assert_eq!(
            seen.iter().map(|e| &e["id"]).collect::<Vec<_>>(),
            storage.iter().map(|e| &e["id"]).collect::<Vec<_>>()
        );
        assert_eq!(after, *ids.last().unwrap());
        let subject = seen.iter().find(|e| e["kind"] == "subject_set").unwrap();
        assert_eq!(
            (&subject["field"], &subject["old"], &subject["new"]),
            (&json!("subject"), &json!("Feed"), &json!("S0"))
        );
        assert_eq!(subject["actor"], "Sam");
    });
}

/// A stream of events being read.
struct Stream {
    body: BodyDataStream,
    buffer: String,
}

impl Stream {
    async fn open(desk: &TestDesk, who: &Somebody, query: &str, last: Option<i64>) -> Stream {
        let mut request =
            TestDesk::request(who, Method::GET, &format!("/events/stream{query}"), None);
        if let Some(last) = last {
            request
                .headers_mut()
                .insert("last-event-id", last.to_string().parse().unwrap());
        }
        let response = desk.send(request).await;
        assert_eq!(response.status(), 200);
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "text/event-stream"
        );
        assert!(!response.headers().contains_key(header::CONTENT_ENCODING));
        let body: Body = response.into_body();
        Stream {
            body: body.into_data_stream(),
            buffer: String::new(),
        }
    }

    /// The next event within a time; `None`: nothing came, or it is over.
    async fn next(&mut self, within: Duration) -> Option<Value> {
        let until = Instant::now() + within;
        loop {
            if let Some((event, rest)) = self.buffer.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.buffer = rest;
                let data: Vec<&str> = event
                    .lines()
                    .filter_map(|l| l.strip_prefix("data: "))
                    .collect();
                if data.is_empty() {
                    continue;
                }
                let value: Value = serde_json::from_str(&data.join("\n")).unwrap();
                let id = event.lines().find_map(|l| l.strip_prefix("id: ")).unwrap();
                assert_eq!(id, value["id"].to_string());
                return Some(value);
            }
            let left = until.saturating_duration_since(Instant::now());
            match tokio::time::timeout(left, self.body.next()).await {
                Ok(Some(Ok(bytes))) => self.buffer.push_str(std::str::from_utf8(&bytes).unwrap()),
                Ok(_) | Err(_) => return None,
            }
        }
    }

    /// Whether it has ended within a time.
    async fn ends(&mut self, within: Duration) -> bool {
        let until = Instant::now() + within;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match tokio::time::timeout(left, self.body.next()).await {
                Ok(None) => return true,
                Ok(Some(_)) => {}
                Err(_) => return false,
            }
        }
    }
}

const SOON: Duration = Duration::from_secs(10);
const QUIET: Duration = Duration::from_millis(700);

#[test]
fn a_stream_tells_what_happens_and_goes_on_where_it_broke_off() {
    both(|desk| async move {
        let f = desk.federation().await;
        let number = open(&desk, &f.rita, "storage").await;
        let mut stream = Stream::open(&desk, &f.sam, "", None).await;
        assert_eq!(stream.next(QUIET).await, None, "the past was sent");
        let start = Instant::now();
        desk.patch(
            &f.sam,
            &format!("/tickets/{number}"),
            json!({"subject": "Now"}),
        )
        .await
        .expect(200);
        let event = stream.next(SOON).await.unwrap();
        assert_eq!(
            (&event["kind"], &event["new"]),
            (&json!("subject_set"), &json!("Now"))
        );
        assert!(
            start.elapsed() < Duration::from_millis(1_900),
            "it was polled, not told"
        );
        let last = event["id"].as_i64().unwrap();
        drop(stream);
        desk.patch(
            &f.sam,
            &format!("/tickets/{number}"),
            json!({"subject": "Away"}),
        )
        .await
        .expect(200);
        let mut again = Stream::open(&desk, &f.sam, "?after=0", Some(last)).await;
        assert_eq!(again.next(SOON).await.unwrap()["new"], "Away");
        assert_eq!(again.next(QUIET).await, None);
        let mut all = Stream::open(&desk, &f.sam, "?after=0", None).await;
        assert_eq!(all.next(SOON).await.unwrap()["kind"], "opened");
    });
}

#[test]
fn a_stream_tells_nothing_of_others() {
    both(|desk| async move {
        let f = desk.federation().await;
        let mut rita = Stream::open(&desk, &f.rita, "", None).await;
        let mut sam = Stream::open(&desk, &f.sam, "", None).await;
        for _ in 0..20 {
            let number = open(&desk, &f.otto, "network").await;
            desk.patch(
                &f.ada,
                &format!("/tickets/{number}"),
                json!({"tags": ["x"]}),
            )
            .await
            .expect(200);
        }
        let hers = open(&desk, &f.rita, "storage").await;
        desk.post(
            &f.sam,
            &format!("/tickets/{hers}/entries"),
            json!({"visibility": "internal", "body": "canary"}),
        )
        .await
        .expect(201);
        desk.patch(
            &f.sam,
            &format!("/tickets/{hers}"),
            json!({"tags": ["canary"]}),
        )
        .await
        .expect(200);
        let mut kinds = Vec::new();
        while let Some(event) = rita.next(QUIET).await {
            assert_eq!(event["ticket"], hers);
            kinds.push(event["kind"].as_str().unwrap().to_owned());
        }
        assert_eq!(kinds, ["opened", "entry_added", "status_set"]);
        let mut his = 0;
        while let Some(event) = sam.next(QUIET).await {
            assert_eq!(event["ticket"], hers);
            his += 1;
        }
        assert_eq!(his, 5);
    });
}

#[test]
fn a_revoked_token_silences_its_stream_within_five_seconds() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let made = desk
            .post(
                &f.sam,
                "/people/me/tokens",
                json!({"name": "stream", "scopes": ["read"]}),
            )
            .await
            .expect(201);
        let other = Somebody {
            token: made.json["secret"].as_str().unwrap().to_owned(),
            ..f.sam.clone()
        };
        let mut stream = Stream::open(&desk, &other, "", None).await;
        open(&desk, &f.rita, "storage").await;
        assert!(stream.next(SOON).await.is_some());
        while stream.next(QUIET).await.is_some() {}
        let id = made.json["id"].as_str().unwrap();
        desk.delete(&f.sam, &format!("/people/me/tokens/{id}"))
            .await
            .expect(204);
        open(&desk, &f.rita, "storage").await;
        assert_eq!(
            stream.next(Duration::from_millis(500)).await,
            None,
            "an event after the revocation"
        );
        assert!(
            stream.ends(Duration::from_secs(5)).await,
            "the stream goes on"
        );
    });
}

#[test]
fn who_leaves_a_unit_hears_no_more_of_it() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let mut stream = Stream::open(&desk, &f.sam, "", None).await;
        let number = open(&desk, &f.rita, "storage").await;
        assert!(stream.next(SOON).await.is_some());
        while stream.next(QUIET).await.is_some() {}
        // Handed on: it is network's now.
        desk.patch(
            &f.fay,
            &format!("/tickets/{number}"),
            json!({"unit": "network"}),
        )
        .await
        .expect(200);
        assert_eq!(stream.next(QUIET).await, None);
        desk.get(&f.sam, &format!("/tickets/{number}"))
            .await
            .expect(404);
        let replay = desk.get(&f.sam, "/events").await.expect(200);
        assert_eq!(
            replay.json["items"],
            json!([]),
            "the past is checked against rights of now"
        );
    });
}
