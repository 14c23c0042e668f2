//! Streams of both doors while rights go: `/live` of the pages and
//! `/events/stream` of the API (bar A-04).

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Method, Request};
use http_body_util::BodyExt as _;
use switchboard_core::Part;
use testkit::{Somebody, TestDesk, both, on_sqlite};

use crate::browser::Browser;

/// A page that listens, or a program.
struct Ear {
    body: Body,
    heard: String,
}

/// How long one waits for what has to come.
const SOON: Duration = Duration::from_secs(10);
/// How long one waits for what must not come: longer than changes are
/// gathered for.
const QUIET: Duration = Duration::from_millis(1_500);
/// By then a stream has ended whose session is gone (bar A-04).
const GONE: Duration = Duration::from_secs(5);

impl Ear {
    async fn on(desk: &TestDesk, request: Request<Body>) -> Ear {
        let response = desk.send(request).await;
        assert_eq!(response.status(), 200);
        Ear {
            body: response.into_body(),
            heard: String::new(),
        }
    }

    async fn page(desk: &TestDesk, browser: &Browser, last: Option<&str>) -> Ear {
        let mut request = browser.request("/live");
        if let Some(last) = last {
            request
                .headers_mut()
                .insert("last-event-id", last.parse().unwrap());
        }
        Ear::on(desk, request).await
    }

    async fn program(desk: &TestDesk, who: &Somebody) -> Ear {
        let request = TestDesk::request(who, Method::GET, "/events/stream", None);
        Ear::on(desk, request).await
    }

    /// The next event within a time; `None`: nothing came, or it is over.
    async fn next(&mut self, within: Duration) -> Option<String> {
        let until = Instant::now() + within;
        loop {
            if let Some((event, rest)) = self.heard.split_once("\n\n") {
                let event = event.to_owned();
                self.heard = rest.to_owned();
                if event.contains("data:") {
                    return Some(event);
                }
                continue;
            }
            let left = until.saturating_duration_since(Instant::now());
            let frame = tokio::time::timeout(left, self.body.frame()).await.ok()??;
            self.heard
                .push_str(std::str::from_utf8(frame.unwrap().data_ref()?).unwrap());
        }
    }

    /// Whether it ends within a time without telling anything more.
    async fn falls_silent(mut self, within: Duration) -> bool {
        let until = Instant::now() + within;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match tokio::time::timeout(left, self.body.frame()).await {
                Ok(None) => return true,
                Ok(Some(frame)) => {
                    let frame = frame.unwrap();
                    let text = String::from_utf8_lossy(frame.data_ref().unwrap()).into_owned();
                    assert!(!text.contains("data:"), "told after the end: {text}");
                }
                Err(_) => return false,
            }
        }
    }
}

fn id(event: &str) -> String {
    let line = event.lines().find_map(|l| l.strip_prefix("id:")).unwrap();
    line.trim().to_owned()
}

/// A ticket of the unit `storage`.
async fn open(desk: &Arc<TestDesk>, who: &Somebody) -> i64 {
    let body = serde_json::json!({
        "subject": "Upload stops", "description": "At 99 %.", "unit": "storage",
    });
    desk.post(who, "/tickets", body).await.expect(201).number()
}

async fn retitle(desk: &Arc<TestDesk>, who: &Somebody, number: i64, subject: &str) {
    let body = serde_json::json!({ "subject": subject });
    desk.patch(who, &format!("/tickets/{number}"), body)
        .await
        .expect(200);
}

#[test]
fn open_pages_hear_of_what_they_may_see() {
    both(|desk| async move {
        let f = desk.federation().await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        let number = rita.open(&[("service", "Archive")]).await;
        let mut nobody = Browser::new(&desk);
        nobody.get("/live").await.expect(204);
        let sam = Browser::of(&desk, &f.sam).await;
        let otto = Browser::of(&desk, &f.otto).await;
        let mut sam = Ear::page(&desk, &sam, None).await;
        let mut otto = Ear::page(&desk, &otto, None).await;
        rita.send(&format!("/tickets/{number}/answer"), &[("body", "More.")])
            .await
            .expect(303);
        let event = sam.next(SOON).await.unwrap();
        assert!(event.contains("event: changed"), "{event}");
        assert!(
            event.contains(&format!("{{\"tickets\":[{number}]}}")),
            "{event}"
        );
        assert_eq!(otto.next(QUIET).await, None);
    });
}

#[test]
fn a_page_hears_nothing_of_others_nor_of_notes() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let hers = open(&desk, &f.rita).await;
        let rita = Browser::of(&desk, &f.rita).await;
        let mut rita = Ear::page(&desk, &rita, None).await;
        for _ in 0..300 {
            retitle(&desk, &f.ada, open(&desk, &f.otto).await, "x").await;
        }
        let note = serde_json::json!({"visibility": "internal", "body": "canary"});
        desk.post(&f.sam, &format!("/tickets/{hers}/entries"), note)
            .await
            .expect(201);
        assert_eq!(rita.next(QUIET).await, None);
        retitle(&desk, &f.sam, hers, "Now").await;
        let event = rita.next(SOON).await.unwrap();
        assert!(
            event.contains(&format!("{{\"tickets\":[{hers}]}}")),
            "{event}"
        );
    });
}

#[test]
fn what_was_missed_is_told_by_the_rights_of_now() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let number = open(&desk, &f.rita).await;
        let sam = Browser::of(&desk, &f.sam).await;
        let mut ear = Ear::page(&desk, &sam, None).await;
        retitle(&desk, &f.ada, number, "First").await;
        let last = id(&ear.next(SOON).await.unwrap());
        drop(ear);
        retitle(&desk, &f.ada, number, "Second").await;
        let mut again = Ear::page(&desk, &sam, Some(&last)).await;
        let missed = again.next(SOON).await.unwrap();
        assert!(
            missed.contains(&format!("{{\"tickets\":[{number}]}}")),
            "{missed}"
        );
        assert_eq!(again.next(QUIET).await, None, "it was told twice");
        // Another's: Otto has heard nothing, whatever place he names.
        let otto = Browser::of(&desk, &f.otto).await;
        let mut otto = Ear::page(&desk, &otto, Some(&last)).await;
        assert_eq!(otto.next(QUIET).await, None);
        // Handed to another unit: what Sam missed is no more for him.
        let unit = serde_json::json!({"unit": "network"});
        desk.patch(&f.ada, &format!("/tickets/{number}"), unit)
            .await
            .expect(200);
        let mut late = Ear::page(&desk, &sam, Some(&last)).await;
        assert_eq!(late.next(QUIET).await, None);
        // Signed out: nothing at all is told, and the browser stops asking.
        let mut sam = sam;
        sam.send("/sign-out", &[]).await.expect(303);
        let mut request = sam.request("/live");
        request
            .headers_mut()
            .insert("last-event-id", last.parse().unwrap());
        assert_eq!(desk.send(request).await.status(), 204);
    });
}

#[test]
fn signing_out_silences_the_open_page() {
    both(|desk| async move {
        let f = desk.federation().await;
        let mut sam = Browser::of(&desk, &f.sam).await;
        let mut ear = Ear::page(&desk, &sam, None).await;
        let number = open(&desk, &f.rita).await;
        assert!(ear.next(SOON).await.is_some());
        sam.send("/sign-out", &[]).await.expect(303);
        retitle(&desk, &f.ada, number, "After").await;
        assert!(ear.falls_silent(GONE).await, "it goes on");
    });
}

#[test]
fn a_session_that_is_ended_elsewhere_silences_its_page() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let sam = Browser::of(&desk, &f.sam).await;
        let mut ear = Ear::page(&desk, &sam, None).await;
        let number = open(&desk, &f.rita).await;
        assert!(ear.next(SOON).await.is_some());
        // As another node does it, which can not reach what this one remembers.
        let (person, now) = (f.sam.id, desk.desk.now());
        desk.desk
            .db()
            .write(move |c| {
                for session in store::person::sessions(c, person, now)? {
                    store::person::delete_session(c, person, &session.id_hash)?;
                }
                Ok::<_, store::Error>(())
            })
            .await
            .unwrap();
        retitle(&desk, &f.ada, number, "After").await;
        assert!(ear.falls_silent(GONE).await, "it goes on");
    });
}

#[test]
fn who_is_disabled_hears_nothing_by_either_door() {
    both(|desk| async move {
        let f = desk.federation().await;
        let sam = Browser::of(&desk, &f.sam).await;
        let mut page = Ear::page(&desk, &sam, None).await;
        let mut program = Ear::program(&desk, &f.sam).await;
        let number = open(&desk, &f.rita).await;
        assert!(page.next(SOON).await.is_some());
        // All that was told before has come.
        while page.next(QUIET).await.is_some() {}
        while program.next(QUIET).await.is_some() {}
        let (person, now) = (f.sam.id, desk.desk.now());
        desk.desk
            .db()
            .write(move |c| {
                let mut person = store::person::load(c, person)?.unwrap();
                person.active = false;
                store::person::update(c, &person, now)
            })
            .await
            .unwrap();
        // Tokens are remembered for two seconds of the desk's clock.
        desk.clock.advance(2_000);
        retitle(&desk, &f.ada, number, "After").await;
        let (page, program) = tokio::join!(page.falls_silent(GONE), program.falls_silent(GONE));
        assert!(page, "the page goes on");
        assert!(program, "the program's stream goes on");
    });
}

#[test]
fn who_loses_the_support_permission_hears_nothing_more_of_tickets() {
    both(|desk| async move {
        let f = desk.federation().await;
        let sam = Browser::of(&desk, &f.sam).await;
        let mut page = Ear::page(&desk, &sam, None).await;
        let mut program = Ear::program(&desk, &f.sam).await;
        let number = open(&desk, &f.rita).await;
        let last = id(&page.next(SOON).await.unwrap());
        while program.next(QUIET).await.is_some() {}
        let (person, now) = (f.sam.id, desk.desk.now());
        desk.desk
            .db()
            .write(move |c| {
                let mut person = store::person::load(c, person)?.unwrap();
                person.support = false;
                store::person::update(c, &person, now)
            })
            .await
            .unwrap();
        desk.clock.advance(2_000);
        retitle(&desk, &f.ada, number, "After").await;
        assert_eq!(program.next(QUIET).await, None);
        assert!(page.falls_silent(GONE).await, "it goes on");
        // The browser comes back by itself, and is told what is still its own.
        let mut again = Ear::page(&desk, &sam, Some(&last)).await;
        assert_eq!(again.next(QUIET).await, None);
    });
}

#[test]
fn a_new_part_counts_for_the_next_event() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let mut program = Ear::program(&desk, &f.nina).await;
        let number = open(&desk, &f.rita).await;
        assert_eq!(program.next(QUIET).await, None);
        desk.desk
            .set_member(f.storage, f.nina.id, Part::Member)
            .await
            .unwrap();
        retitle(&desk, &f.ada, number, "Hers too").await;
        let event = program.next(SOON).await.unwrap();
        assert!(event.contains("Hers too"), "{event}");
    });
}
