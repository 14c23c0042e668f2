//! The pages behind the links by which requesters say something about a solution: people
//! say it by one button, programs that look at links or follow forms change nothing.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;
use testkit::{Federation, TestDesk, both};

use crate::browser::{Browser, form};

async fn solved(desk: &TestDesk, f: &Federation) -> (i64, String) {
    let open = json!({"subject": "No quota", "description": "Used up.", "unit": "storage"});
    let number = desk
        .post(&f.rita, "/tickets", open)
        .await
        .expect(201)
        .number();
    let path = format!("/tickets/{number}");
    let own = json!({"owner": f.sam.email, "status": "in_progress"});
    desk.patch(&f.sam, &path, own).await.expect(200);
    let solve = json!({"status": "solved", "solution": "You have more."});
    desk.patch(&f.sam, &path, solve).await.expect(200);
    desk.run_jobs().await;
    let mut mails = desk.sent_mail();
    mails.retain(|m| m.to == f.rita.email && m.text.contains("/solution/"));
    let text = mails.pop().unwrap().text;
    let (_, rest) = text.split_once("/solution/").unwrap();
    (number, rest.split('/').next().unwrap().to_owned())
}

async fn status(desk: &TestDesk, f: &Federation, number: i64) -> String {
    let ticket = desk.get(&f.rita, &format!("/tickets/{number}")).await;
    ticket.expect(200).json["status"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn hidden(page: &str, name: &str) -> String {
    let (_, rest) = page
        .split_once(&format!("name=\"{name}\" value=\""))
        .unwrap();
    rest.split('"').next().unwrap().to_owned()
}

/// Opens a page in a new browser and gives what its form carries.
async fn look(desk: &Arc<TestDesk>, path: &str) -> (Browser, String, String) {
    let mut browser = Browser::new(desk);
    let page = browser.page(path).await;
    let (csrf, shown) = (hidden(&page, "csrf"), hidden(&page, "shown"));
    (browser, csrf, shown)
}

#[test]
fn programs_that_look_at_links_or_send_forms_change_nothing() {
    both(|desk| async move {
        let f = desk.federation().await;
        let (number, word) = solved(&desk, &f).await;
        let version = desk.get(&f.rita, &format!("/tickets/{number}")).await;
        for said in ["solved", "not-solved", "still-waiting"] {
            let path = format!("/solution/{word}/{said}");
            for method in [Method::GET, Method::HEAD] {
                let mut browser = Browser::new(&desk);
                for _ in 0..3 {
                    let mut request = Request::builder()
                        .method(method.clone())
                        .uri(&path)
                        .body(Body::empty())
                        .unwrap();
                    request
                        .headers_mut()
                        .insert("sec-purpose", "prefetch".parse().unwrap());
                    let answer = browser.ask(request).await.expect(200);
                    assert_eq!(answer.header("cache-control"), "no-store");
                }
            }
            // Without the page: no token, or that of another visitor.
            let (_, csrf, shown) = look(&desk, &path).await;
            let mut other = Browser::new(&desk);
            let without = form(&[("say", said), ("shown", &shown)]);
            other.send_raw(&path, &without).await.expect(403);
            let foreign = form(&[("csrf", &csrf), ("say", said), ("shown", &shown)]);
            other.send_raw(&path, &foreign).await.expect(403);
            // With the page, as programs do that follow forms.
            let (mut browser, csrf, shown) = look(&desk, &path).await;
            let at_once = form(&[("csrf", &csrf), ("say", said), ("shown", &shown)]);
            let page = browser.send_raw(&path, &at_once).await.expect(422).text();
            assert!(page.contains("press the button once more"), "{page}");
            desk.clock.advance(2_000);
            let trapped = form(&[
                ("csrf", &csrf),
                ("say", said),
                ("shown", &shown),
                ("website", "x"),
            ]);
            browser.send_raw(&path, &trapped).await.expect(422);
            let no_button = form(&[("csrf", &csrf), ("shown", &shown)]);
            let page = browser.send_raw(&path, &no_button).await.expect(422).text();
            assert!(page.contains("one of the buttons"), "{page}");
            // What stands on the page of another link, or nothing.
            for wrong in ["", "x", "1.x", &format!("9{shown}")] {
                let sent = form(&[("csrf", &csrf), ("say", said), ("shown", wrong)]);
                browser.send_raw(&path, &sent).await.expect(422);
            }
            desk.clock.advance(86_400_000);
            let old = form(&[("csrf", &csrf), ("say", said), ("shown", &shown)]);
            browser.send_raw(&path, &old).await.expect(422);
        }
        let after = desk.get(&f.rita, &format!("/tickets/{number}")).await;
        assert_eq!(after.header("etag"), version.header("etag"));
        let mut browser = Browser::new(&desk);
        browser.get("/solution/forged/solved").await.expect(404);
        browser
            .get(&format!("/solution/{word}/whatever"))
            .await
            .expect(404);
    });
}

#[test]
fn a_requester_says_it_by_one_button_and_how_content_they_are() {
    both(|desk| async move {
        let f = desk.federation().await;
        let (number, word) = solved(&desk, &f).await;
        let path = format!("/solution/{word}/not-solved");
        let (mut browser, csrf, shown) = look(&desk, &path).await;
        desk.clock.advance(1_000);
        // The button counts, not the link.
        let solved_it = form(&[("csrf", &csrf), ("shown", &shown), ("say", "solved")]);
        let page = browser.send_raw(&path, &solved_it).await.expect(200).text();
        assert!(page.contains("is solved, and confirmed"), "{page}");
        assert_eq!(status(&desk, &f, number).await, "verified");
        // Later, by another link of the mail.
        let path = format!("/solution/{word}/still-waiting");
        let (mut browser, csrf, shown) = look(&desk, &path).await;
        desk.clock.advance(1_000);
        let rate = |rating: &str, comment: &str| {
            form(&[
                ("csrf", &csrf),
                ("shown", &shown),
                ("say", "rate"),
                ("rating", rating),
                ("comment", comment),
            ])
        };
        let page = browser.send_raw(&path, &rate("", "Hm")).await.expect(422);
        assert!(
            page.text().contains("choose one of the five")
                || page.text().contains("Choose one of the five")
        );
        let long = "x".repeat(5_000);
        browser.send_raw(&path, &rate("4", &long)).await.expect(422);
        let page = browser.send_raw(&path, &rate("4", "Quick & kind")).await;
        assert!(page.expect(200).text().contains("<b>Content</b>"));
        let page = browser.send_raw(&path, &rate("1", "Changed")).await;
        assert!(page.expect(200).text().contains("<b>Content</b>"));
        // Those who work on it read it, others on the ticket's page do not.
        let mut staff = Browser::of(&desk, &f.sam).await;
        let work = staff.page(&format!("/work/{number}")).await;
        assert!(work.contains("Content: “Quick &#38; kind”"), "{work}");
        let mut rita = Browser::of(&desk, &f.rita).await;
        let own = rita.page(&format!("/tickets/{number}")).await;
        assert!(own.contains("<b>Content</b>") && !own.contains("Quick"));
    });
}

#[test]
fn by_api_the_requester_says_it_once_and_those_who_work_on_it_read_it() {
    both(|desk| async move {
        let f = desk.federation().await;
        let (number, _) = solved(&desk, &f).await;
        let path = format!("/tickets/{number}/ratings");
        let very = json!({"rating": 5, "comment": "Quick & kind"});
        let open = json!({"subject": "Another", "description": "D", "unit": "storage"});
        let open = desk.post(&f.rita, "/tickets", open).await.expect(201);
        let early = format!("/tickets/{}/ratings", open.number());
        let early = desk.post(&f.rita, &early, very.clone()).await.expect(409);
        let why = early.json["detail"].as_str().unwrap();
        assert!(why.contains("when there is a solution"), "{why}");
        // On the ticket, but neither who asked nor who works on it.
        let cc = json!({"role": "cc", "email": f.nina.email});
        let parties = format!("/tickets/{number}/parties");
        desk.post(&f.ada, &parties, cc).await.expect(201);
        let verify = json!({"status": "verified"});
        desk.patch(&f.rita, &format!("/tickets/{number}"), verify)
            .await
            .expect(200);
        for wrong in [json!({"rating": 0}), json!({"rating": 6})] {
            let refused = desk.post(&f.rita, &path, wrong).await.expect(422);
            assert_eq!(refused.json["errors"][0]["field"], "rating");
        }
        let long = json!({"rating": 3, "comment": "x".repeat(5_000)});
        let refused = desk.post(&f.rita, &path, long).await.expect(422);
        assert_eq!(refused.json["errors"][0]["field"], "comment");
        desk.post(&f.sam, &path, very.clone()).await.expect(403);
        desk.post(&f.otto, &path, very.clone()).await.expect(404);
        let noted = desk.post(&f.rita, &path, very).await.expect(201).json;
        assert_eq!(noted["label"], "Very content");
        let again = json!({"rating": 1, "comment": "Changed"});
        let again = desk.post(&f.rita, &path, again).await.expect(200).json;
        assert_eq!(again, noted, "the first time counts");
        for who in [&f.rita, &f.sam] {
            let seen = desk.get(who, &path).await.expect(200).json;
            assert_eq!(seen["items"], json!([noted]));
        }
        let seen = desk.get(&f.nina, &path).await.expect(200).json;
        assert_eq!(seen["items"], json!([]));
    });
}

#[test]
fn on_the_ticket_s_page_it_is_said_too() {
    both(|desk| async move {
        let f = desk.federation().await;
        let (number, _) = solved(&desk, &f).await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        let base = format!("/tickets/{number}");
        assert!(!rita.page(&base).await.contains("id=\"rate\""));
        rita.send(&format!("{base}/verify"), &[]).await.expect(303);
        assert!(rita.page(&base).await.contains("id=\"rate\""));
        let rate = format!("{base}/rate");
        rita.send(&rate, &[("comment", "Hm")]).await.expect(422);
        rita.send(&rate, &[("rating", "2"), ("comment", "Late")])
            .await
            .expect(303);
        let page = rita.page(&base).await;
        assert!(page.contains("<b>Not content</b>") && !page.contains("id=\"rate\""));
    });
}
