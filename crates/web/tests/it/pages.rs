//! All pages from outside: who gets what, no form without its token, headers.

use axum::body::Body;
use axum::http::{Method, Request, header};
use testkit::on_sqlite;
use web::policy::{self, Needs, Who};

use crate::browser::{Browser, form};

#[test]
fn everybody_gets_the_pages_that_are_theirs() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        // Whatever has a key has this one.
        let portal = desk.portal("storage", &[], &["Archive"]).await;
        let system = switchboard_core::Actor::system(switchboard_core::Channel::Cli);
        desk.desk
            .set_logo(&system, portal.id, Some(b"\x89PNG\r\n\x1a\n".to_vec()))
            .await
            .unwrap();
        let mut rita = Browser::of(&desk, &f.rita).await;
        let number = rita.open(&[("service", "Archive")]).await;
        let mut nobody = Browser::new(&desk);
        let mut otto = Browser::of(&desk, &f.otto).await;
        let mut sam = Browser::of(&desk, &f.sam).await;
        let mut fay = Browser::of(&desk, &f.fay).await;
        let mut ada = Browser::of(&desk, &f.ada).await;
        for row in policy::pages().filter(|r| r.method == "GET") {
            if row.needs == Needs::Link || row.path.contains("{id}") || row.path == "/live" {
                continue;
            }
            let key = if row.path.starts_with("/admin/providers/") {
                "tests"
            } else {
                "storage"
            };
            let path = row
                .path
                .replace("{number}", &number.to_string())
                .replace("{key}", key)
                .replace("{service}", "archive");
            // Only contacts of a provider get there, and here is none.
            if path.contains('{') || path.starts_with("/provider/services/") {
                continue;
            }
            let open = row.needs == Needs::Nothing;
            // Nobody, Otto (has nothing to do with it), Rita (asked), Sam
            // (holds it), Fay (first level), Ada (administrator).
            let work = path.starts_with("/work/");
            let expected = match row.who {
                _ if open && path == "/sign-in" => [200, 303, 303, 303, 303, 303],
                // Nobody has begun to sign in.
                _ if open && path == "/sign-in/code" => [303; 6],
                _ if open => [200; 6],
                Who::Oneself | Who::Everybody => [303, 200, 200, 200, 200, 200],
                Who::Sees if work => [303, 403, 403, 200, 200, 200],
                Who::Sees => [303, 404, 200, 200, 200, 200],
                // Nothing but the description: there is nothing to split.
                Who::Works if path.ends_with("/split") => [303, 403, 403, 303, 303, 303],
                Who::Staff | Who::Reports => [303, 403, 403, 200, 200, 200],
                Who::FirstLevel => [303, 403, 403, 403, 200, 200],
                Who::UnitStaff => [303, 403, 403, 200, 403, 200],
                Who::Responsibles | Who::Administrators => [303, 403, 403, 403, 403, 200],
                other => panic!("{path}: {other:?} is not known here"),
            };
            let mut got = Vec::new();
            for browser in [
                &mut nobody,
                &mut otto,
                &mut rita,
                &mut sam,
                &mut fay,
                &mut ada,
            ] {
                got.push(browser.get(&path).await.status);
            }
            assert_eq!(got, expected, "{path}");
        }
        let answer = nobody.get(&format!("/tickets/{number}")).await;
        assert_eq!(
            answer.header("location"),
            format!("/sign-in?next=/tickets/{number}")
        );
    });
}

#[test]
fn no_form_is_taken_without_its_token() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        let number = rita.open(&[("service", "Archive")]).await;
        let mut sam = Browser::of(&desk, &f.sam).await;
        let foreign = Browser::of(&desk, &f.otto).await.csrf().await;
        let before = desk.get(&f.ada, &format!("/tickets/{number}")).await.json["version"].clone();
        for row in policy::pages().filter(|r| r.method == "POST") {
            // A machine has no form; its signature is tried out in `federated`.
            if row.needs == Needs::Signed {
                continue;
            }
            let path = row
                .path
                .replace("{number}", &number.to_string())
                .replace("{word}", "x")
                .replace("{provider}", "x")
                .replace("{key}", "storage")
                .replace("{mailbox}", "x")
                .replace("{mail}", "x")
                .replace("{campaign}", "x")
                .replace("{deed}", "write");
            for token in ["", "wrong", foreign.as_str()] {
                let body = form(&[("csrf", token), ("body", "forged words"), ("kind", "reply")]);
                let answer = sam.send_raw(&path, &body).await;
                assert_eq!(answer.status, 403, "{path} {token:?}");
            }
            // What was written is shown, so that it can be copied.
            let body = form(&[("body", "many dear words")]);
            let page = sam.send_raw(&path, &body).await.text();
            assert!(page.contains("many dear words"), "{path}");
            let request = Request::builder()
                .method(Method::POST)
                .uri(&path)
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from("{}"))
                .unwrap();
            assert_eq!(sam.ask(request).await.status, 415, "{path}");
        }
        let after = desk.get(&f.ada, &format!("/tickets/{number}")).await.json["version"].clone();
        assert_eq!(before, after, "nothing has changed");
    });
}

#[test]
fn pages_carry_the_policy_they_promise() {
    on_sqlite(|desk| async move {
        let mut nobody = Browser::new(&desk);
        let answer = nobody.get("/").await.expect(200);
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("script-src 'self'") && policy.contains("style-src 'self'"));
        assert!(!policy.contains("unsafe"));
        assert!(answer.header("content-type").starts_with("text/html"));
        let page = answer.text();
        let mut found = 0;
        for part in page.split("\"/static/").skip(1) {
            let path = format!("/static/{}", part.split('"').next().unwrap());
            let file = nobody.get(&path).await.expect(200);
            assert!(file.header("cache-control").contains("immutable"), "{path}");
            assert!(!file.bytes.is_empty());
            found += 1;
        }
        assert_eq!(found, 3, "style sheet, script, picture");
        let dark = nobody
            .send("/theme", &[("theme", "dark"), ("back", "/units")])
            .await
            .expect(303);
        assert_eq!(dark.header("location"), "/units");
        assert!(nobody.page("/").await.contains("data-theme=\"dark\""));
    });
}
