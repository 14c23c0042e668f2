//! What holds for every answer: headers, hosts, sizes, probes.

use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::json;
use testkit::{Somebody, TestDesk, on_sqlite};

fn hosted(host: &str, path: &str) -> Request<Body> {
    Request::builder()
        .uri(path)
        .header(header::HOST, host)
        .body(Body::empty())
        .unwrap()
}

#[test]
fn every_answer_is_guarded() {
    on_sqlite(|desk| async move {
        let rita = desk.person("Rita").await;
        for path in [
            "/people/me",
            "/tickets/1",
            "/nowhere",
            "/openapi.json",
            "/healthz",
        ] {
            let answer = desk.get(&rita, path).await;
            for (name, value) in [
                ("x-content-type-options", "nosniff"),
                ("referrer-policy", "same-origin"),
                ("cache-control", "no-store"),
                ("cross-origin-opener-policy", "same-origin"),
            ] {
                assert_eq!(answer.header(name), value, "{path}");
            }
            let csp = answer.header("content-security-policy");
            assert!(csp.contains("default-src 'none'"), "{path}: {csp}");
            assert!(csp.contains("frame-ancestors 'none'"), "{path}: {csp}");
        }
    });
}

#[test]
fn only_names_of_this_desk_are_answered() {
    on_sqlite(|desk| async move {
        for ours in [
            "desk.example",
            "DESK.example:8080",
            "localhost:1",
            "[::1]:80",
            "127.0.0.1",
        ] {
            let answer = desk.ask(hosted(ours, "/openapi.json")).await;
            assert_eq!(answer.status, 200, "{ours}");
        }
        for foreign in [
            "evil.example",
            "desk.example.evil.example",
            "127.0.0.1.evil.example",
        ] {
            desk.ask(hosted(foreign, "/openapi.json")).await.expect(421);
        }
        // The real name does not help when a forged one comes with it.
        let mut forged = hosted("evil.example", "/openapi.json");
        for name in ["x-forwarded-host", "forwarded", "x-host"] {
            forged
                .headers_mut()
                .insert(name, "desk.example".parse().unwrap());
        }
        desk.ask(forged).await.expect(421);
        let mut double = hosted("desk.example", "/openapi.json");
        double
            .headers_mut()
            .append(header::HOST, "evil.example".parse().unwrap());
        desk.ask(double).await.expect(400);
        let none = Request::builder()
            .uri("/openapi.json")
            .body(Body::empty())
            .unwrap();
        desk.ask(none).await.expect(400);
        // Who watches the process knows its address only.
        desk.ask(hosted("10.0.0.7:8080", "/healthz"))
            .await
            .expect(200);
    });
}

#[test]
fn probes_answer_and_tell_no_secret() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let anon = Somebody::anonymous();
        desk.get(&anon, "/healthz").await.expect(200);
        desk.get(&anon, "/readyz").await.expect(200);
        desk.post(
            &f.rita,
            "/tickets",
            json!({"subject": "canary-subject", "description": "canary-text"}),
        )
        .await
        .expect(201);
        desk.get(&f.rita, "/tickets?q=canary-query")
            .await
            .expect(200);
        desk.run_jobs().await;
        let metrics = desk.get(&anon, "/metrics").await.expect(200).text();
        for line in [
            "switchboard_tickets_open 1",
            "switchboard_http_requests_total{method=\"POST\",route=\"/api/v1/tickets\",status=\"201\"} 1",
            "switchboard_jobs{state=\"dead\"} 0",
            "switchboard_mail_out{state=\"sent\"}",
        ] {
            assert!(metrics.contains(line), "{line} is not in\n{metrics}");
        }
        for secret in ["canary", "people.example", f.rita.token.as_str(), "Rita"] {
            assert!(!metrics.contains(secret), "{secret} is in the figures");
        }
        assert!(metrics.ends_with("# EOF\n"));
    });
}

#[test]
fn what_is_not_there_is_said_in_json() {
    on_sqlite(|desk| async move {
        let rita = desk.person("Rita").await;
        for path in [
            "/api",
            "/api/v2/tickets",
            "/reports/x",
            "/hooks",
            "/bridges",
        ] {
            let answer = desk.get(&rita, path).await.expect(404);
            assert_eq!(
                answer.header("content-type"),
                "application/problem+json",
                "{path}"
            );
        }
        let wrong = desk.put(&rita, "/tickets", json!({})).await.expect(405);
        assert_eq!(wrong.header("content-type"), "application/problem+json");
        assert!(
            wrong.header("allow").contains("GET"),
            "{}",
            wrong.header("allow")
        );
    });
}

#[test]
fn long_texts_are_compressed_when_asked_for() {
    on_sqlite(|desk| async move {
        let asked =
            || TestDesk::request(&Somebody::anonymous(), Method::GET, "/openapi.json", None);
        let plain = desk.ask(asked()).await.expect(200).bytes.len();
        let mut request = asked();
        request
            .headers_mut()
            .insert(header::ACCEPT_ENCODING, "gzip".parse().unwrap());
        let answer = desk.ask(request).await.expect(200);
        assert_eq!(answer.header("content-encoding"), "gzip");
        let sent = answer.bytes.len();
        assert!(sent * 5 < plain, "{sent} of {plain}");
    });
}
