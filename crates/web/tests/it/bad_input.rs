//! Bad input: a clear refusal that names the field and what would be right,
//! never a fault of ours, nothing half done (bar W-06).

use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::json;
use testkit::{Answer, Somebody, TestDesk, both, on_sqlite};

async fn raw(desk: &TestDesk, who: &Somebody, path: &str, body: Vec<u8>) -> Answer {
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("/api/v1{path}"))
        .header(header::HOST, "desk.example")
        .header(header::AUTHORIZATION, format!("Bearer {}", who.token))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body))
        .unwrap();
    desk.ask(request).await
}

#[test]
fn wrong_fields_are_named_with_what_would_be_right() {
    both(|desk| async move {
        let f = desk.federation().await;
        let base = |extra: serde_json::Value| {
            let mut body = json!({"subject": "S", "description": "D"});
            body.as_object_mut()
                .unwrap()
                .extend(extra.as_object().unwrap().clone());
            body
        };
        for (body, status, field, hint) in [
            (json!({"description": "D"}), 400, "subject", "needed"),
            (json!({"subject": "S"}), 400, "description", "needed"),
            (base(json!({"subject": ""})), 422, "subject", "one line"),
            (base(json!({"subject": 7})), 400, "subject", "string"),
            (
                base(json!({"description": " \n"})),
                422,
                "description",
                "empty",
            ),
            (base(json!({"titel": "x"})), 400, "titel", "subject"),
            (
                base(json!({"status": "solved"})),
                400,
                "status",
                "fields are",
            ),
            (base(json!({"unit": "Nowhere"})), 422, "unit", "/units"),
            (
                base(json!({"service": "Nothing"})),
                422,
                "service",
                "/services",
            ),
            (base(json!({"category": "x"})), 422, "category", "incident"),
            (
                base(json!({"issue_type": "x"})),
                422,
                "issue_type",
                "access",
            ),
            (
                base(json!({"affected_users": -1})),
                400,
                "affected_users",
                "whole number",
            ),
            (
                base(json!({"affected_users": 1.5})),
                400,
                "affected_users",
                "whole number",
            ),
            (
                base(json!({"affected_users": 99_999_999_999_i64})),
                400,
                "affected_users",
                "whole number",
            ),
            (
                base(json!({"affected_users": 0})),
                422,
                "affected_users",
                "1",
            ),
            (
                base(json!({"security_risk": "huge"})),
                400,
                "security_risk",
                "imminent",
            ),
            (
                base(json!({"degrades_service": "yes"})),
                400,
                "degrades_service",
                "boolean",
            ),
            (
                base(json!({"since": "yesterday"})),
                422,
                "since",
                "2026-11-24",
            ),
            (
                base(json!({"cc": ["not an address"]})),
                422,
                "cc",
                "address",
            ),
            (base(json!({"cc": "a@b.example"})), 400, "cc", "array"),
            (
                base(json!({"requester": {"name": "x"}})),
                400,
                "requester.email",
                "needed",
            ),
            (
                base(json!({"requester": ["a@b.example", "x"]})),
                400,
                "requester",
                "object",
            ),
            (
                base(json!({"requester": {"email": "a@b@c", "name": "x"}})),
                422,
                "requester.email",
                "address",
            ),
            (
                base(json!({"custom": {"x": 1}})),
                422,
                "custom.x",
                "no extra fields",
            ),
            (
                base(json!({"service": "Archive", "custom": {"path": 1}})),
                422,
                "custom.path",
                "text",
            ),
            (base(json!({"tell": "never"})), 400, "tell", "on_solution"),
            (base(json!({"subject": "a\u{0}b"})), 422, "subject", "NUL"),
            (
                base(json!({"custom": {"a": {"b": "\u{0}"}}})),
                422,
                "custom.a.b",
                "NUL",
            ),
        ] {
            let answer = desk.post(&f.fay, "/tickets", body.clone()).await;
            assert_eq!(answer.status, status, "{body} gave {}", answer.text());
            assert_eq!(answer.json["field"], field, "{body} gave {}", answer.text());
            assert_eq!(answer.json["status"], status);
            assert_eq!(answer.json["errors"][0]["field"], field);
            let problem = answer.json["errors"][0]["problem"].as_str().unwrap();
            assert!(
                problem.contains(hint),
                "{body} gave {problem:?}, not {hint:?}"
            );
            assert_eq!(answer.header("content-type"), "application/problem+json");
        }
        let list = desk.get(&f.ada, "/tickets").await.expect(200);
        assert_eq!(list.json["items"], json!([]), "something was stored");
    });
}

#[test]
fn what_is_not_json_is_refused_fast_and_whole() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
        let deep_field = format!(
            r#"{{"subject": "S", "description": "D", "custom": {}1{}}}"#,
            r#"{"a":"#.repeat(50_000),
            "}".repeat(50_000)
        );
        let broken: Vec<Vec<u8>> = vec![
            b"".to_vec(),
            b"{".to_vec(),
            b"null".to_vec(),
            b"[]".to_vec(),
            b"[\"S\", \"D\"]".to_vec(),
            b"\"subject\"".to_vec(),
            b"{} {}".to_vec(),
            b"{\"subject\": \"\xff\xfe\", \"description\": \"D\"}".to_vec(),
            b"{\"subject\": \"\\ud800\", \"description\": \"D\"}".to_vec(),
            b"{\"subject\": \"S\", \"subject\": \"T\", \"description\": \"D\"}".to_vec(),
            b"{\"subject\": \"S\", \"description\": \"D\", \"affected_users\": 1e400}".to_vec(),
            deep.into_bytes(),
            deep_field.into_bytes(),
        ];
        for body in broken {
            let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
            let start = std::time::Instant::now();
            let answer = raw(&desk, &f.rita, "/tickets", body).await;
            assert_eq!(answer.status, 400, "{shown} gave {}", answer.text());
            assert!(start.elapsed().as_millis() < 1_000, "{shown} took long");
        }
        // Too large is said before it is read to the end.
        let mut large = br#"{"subject": "S", "description": ""#.to_vec();
        large.extend(std::iter::repeat_n(b'x', 10 * 1024 * 1024));
        large.extend(b"\"}");
        let answer = raw(&desk, &f.rita, "/tickets", large).await.expect(413);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        // Not announced as JSON it is not read at all.
        let mut request = TestDesk::request(&f.rita, Method::POST, "/tickets", Some(&json!({})));
        request
            .headers_mut()
            .insert(header::CONTENT_TYPE, "text/plain".parse().unwrap());
        desk.ask(request).await.expect(415);
    });
}

#[test]
fn strange_paths_and_queries_are_refused_and_never_a_fault() {
    both(|desk| async move {
        let f = desk.federation().await;
        let number = desk
            .post(
                &f.rita,
                "/tickets",
                json!({"subject": "S", "description": "D"}),
            )
            .await
            .expect(201)
            .number();
        for (path, status) in [
            ("/tickets/0".to_owned(), 400),
            ("/tickets/-1".into(), 400),
            ("/tickets/+1".into(), 400),
            ("/tickets/abc".into(), 400),
            ("/tickets/1e3".into(), 400),
            ("/tickets/%00".into(), 400),
            ("/tickets/%ff".into(), 400),
            ("/tickets/99999999999999999999".into(), 400),
            ("/tickets/9223372036854775807".into(), 404),
            ("/tickets?limit=999999999999999999999".into(), 400),
            ("/tickets?limit=abc".into(), 400),
            ("/tickets?limit=".into(), 400),
            ("/tickets?limit=1&limit=2".into(), 400),
            ("/tickets?statsu=open".into(), 400),
            ("/tickets?q=%ff".into(), 400),
            ("/tickets?q=a%00b".into(), 422),
            (format!("/tickets?q={}", "a".repeat(5_000)), 422),
            ("/tickets?cursor=n-1.5".into(), 422),
            ("/tickets?cursor=%27%3B+DROP".into(), 422),
            (format!("/tickets/{number}/entries?cursor=-1"), 422),
            (format!("/tickets/{number}/entries?limit=0"), 422),
            (format!("/tickets/{number}/history?cursor=x"), 422),
            (format!("/tickets/{number}/attachments/xyz"), 400),
            (
                format!("/tickets/{number}/attachments/{}", uuid::Uuid::nil()),
                404,
            ),
            ("/events?after=-1".into(), 422),
            ("/events?limit=1001".into(), 422),
            ("/events?after=99999999999999999999".into(), 400),
            ("/units/%00".into(), 400),
            ("/units/Nowhere".into(), 404),
            ("/services/..%2f..%2fetc".into(), 404),
        ] {
            let answer = desk.get(&f.rita, &path).await;
            assert_eq!(answer.status, status, "{path:.80} gave {}", answer.text());
            assert_eq!(
                answer.header("content-type"),
                "application/problem+json",
                "{path:.80}"
            );
        }
        // The misspelt filter is told what there is.
        let answer = desk.get(&f.rita, "/tickets?statsu=open").await;
        assert_eq!(answer.json["field"], "statsu");
        assert!(answer.json["detail"].as_str().unwrap().contains("status"));
    });
}

#[test]
fn probes_for_injection_find_words_and_nothing_else() {
    both(|desk| async move {
        let f = desk.federation().await;
        desk.post(
            &f.rita,
            "/tickets",
            json!({"subject": "Secret of Rita", "description": "D"}),
        )
        .await
        .expect(201);
        desk.run_jobs().await;
        for probe in [
            "' OR '1'='1",
            "\" OR \"\"=\"",
            "1; DROP TABLE ticket",
            "%' --",
            "a* NEAR b",
            "subject: OR",
            "(((",
            "\"",
            "\\",
            "NOT",
            "AND OR",
            "{subject}: x",
            "^secret",
            "se*",
            "' UNION SELECT * FROM person --",
            "a:b:c",
            "-",
            "--",
            "+",
            "\u{202e}",
            "🦀",
            "<->",
            "&|!",
        ] {
            let query: String = probe.bytes().map(|b| format!("%{b:02X}")).collect();
            for key in [
                "q",
                "status",
                "unit",
                "service",
                "priority",
                "owner",
                "requester",
                "category",
                "cursor",
            ] {
                let answer = desk.get(&f.otto, &format!("/tickets?{key}={query}")).await;
                assert!(
                    matches!(answer.status, 200 | 422),
                    "{key}={probe:?} gave {} {}",
                    answer.status,
                    answer.text()
                );
                assert!(!answer.text().contains("Secret of Rita"), "{key}={probe:?}");
            }
        }
    });
}

#[test]
fn illegal_steps_say_what_stands_in_the_way() {
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
        let path = format!("/tickets/{number}");
        for (change, status, field) in [
            (json!({"status": "new"}), 422, Some("status")),
            (json!({"status": "on_hold"}), 422, Some("reason")),
            (json!({"status": "solved"}), 422, Some("solution")),
            (json!({"solution": "x"}), 422, Some("solution")),
            (
                json!({"owner": "nobody@nowhere.example"}),
                422,
                Some("owner"),
            ),
            (json!({"owner": f.nina.email}), 422, Some("owner")),
            (json!({"priority": "top"}), 422, Some("reason")),
            (json!({"unit": "Nowhere"}), 422, Some("unit")),
            (json!({"tags": ["a\"b"]}), 422, Some("tags")),
            (json!({"visibility": "secret"}), 400, Some("visibility")),
            (json!({"number": 7}), 400, Some("number")),
            (json!({"version": 7}), 400, Some("version")),
            (json!({"requester": "x"}), 400, Some("requester")),
            (json!({"status": "reopened"}), 409, None),
        ] {
            let answer = desk.patch(&f.fay, &path, change.clone()).await;
            assert_eq!(answer.status, status, "{change} gave {}", answer.text());
            if let Some(field) = field {
                assert_eq!(
                    answer.json["field"],
                    field,
                    "{change} gave {}",
                    answer.text()
                );
            }
            assert!(!answer.json["detail"].as_str().unwrap().is_empty());
        }
    });
}
