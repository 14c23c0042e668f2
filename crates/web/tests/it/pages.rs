//! The pages from outside: who gets what, forms without a script, hostile
//! forms, links that were mailed, live changes.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, header};
use http_body_util::BodyExt as _;
use testkit::{TestDesk, both, on_sqlite};
use web::policy::{self, Needs, Who};

use crate::browser::{Browser, PASSWORD, form};

#[test]
fn everybody_gets_the_pages_that_are_theirs() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
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
            let path = row
                .path
                .replace("{number}", &number.to_string())
                .replace("{key}", "storage");
            if path.contains('{') {
                continue;
            }
            let open = row.needs == Needs::Nothing;
            // Nobody, Otto (has nothing to do with it), Rita (asked), Sam
            // (holds it), Fay (first level), Ada (administrator).
            let work = path.starts_with("/work/");
            let expected = match row.who {
                _ if open && path == "/sign-in" => [200, 303, 303, 303, 303, 303],
                _ if open => [200; 6],
                Who::Oneself | Who::Everybody => [303, 200, 200, 200, 200, 200],
                Who::Sees if work => [303, 403, 403, 200, 200, 200],
                Who::Sees => [303, 404, 200, 200, 200, 200],
                Who::Staff => [303, 403, 403, 200, 200, 200],
                Who::FirstLevel => [303, 403, 403, 403, 200, 200],
                Who::Administrators => [303, 403, 403, 403, 403, 200],
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
            let path = row
                .path
                .replace("{number}", &number.to_string())
                .replace("{word}", "x")
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
fn the_main_job_by_forms_alone() {
    both(|desk| async move {
        let f = desk.federation().await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        let mut fay = Browser::of(&desk, &f.fay).await;
        let mut sam = Browser::of(&desk, &f.sam).await;
        let number = rita.open(&[]).await;
        let page = rita.page(&format!("/tickets/{number}")).await;
        assert!(page.contains("First level looks for the right team"));
        assert!(page.contains("more than 5 users affected"));

        let board = fay.page("/triage").await;
        assert!(board.contains("rules say medium: more than 5 users affected"));
        let refused = fay
            .send(
                &format!("/triage/{number}"),
                &[
                    ("do", "assign"),
                    ("priority", "top"),
                    ("unit", "Storage"),
                    ("pick", ""),
                ],
            )
            .await
            .expect(422)
            .text();
        assert!(refused.contains("needs a reason"));
        fay.send(
            &format!("/triage/{number}"),
            &[
                ("do", "assign"),
                ("category", "incident"),
                ("priority", "medium"),
                ("pick", ""),
                ("unit", "storage"),
                ("note", "Looks like the gateway."),
            ],
        )
        .await
        .expect(303);
        assert!(fay.page("/triage").await.contains("went to Storage"));

        let list = sam.page("/work?view=nobodys").await;
        assert!(list.contains(&format!("/work/{number}?view=nobodys")));
        sam.send(&format!("/work/{number}/handle"), &[("do", "take")])
            .await
            .expect(303);
        sam.send(
            &format!("/work/{number}/write"),
            &[
                ("kind", "note"),
                ("body", "inner thoughts"),
                ("status", "note"),
            ],
        )
        .await
        .expect(303);
        sam.send(
            &format!("/work/{number}/write"),
            &[
                ("kind", "reply"),
                ("body", "Does 30 GB work?"),
                ("status", "waiting"),
            ],
        )
        .await
        .expect(303);
        let page = sam.page(&format!("/work/{number}")).await;
        assert!(page.contains("Waiting for reply") && page.contains("inner thoughts"));

        let page = rita.page(&format!("/tickets/{number}")).await;
        assert!(page.contains("Your turn: Storage asks you something"));
        for hidden in ["inner thoughts", "Looks like the gateway"] {
            assert!(!page.contains(hidden), "{hidden}");
            let history = rita.page(&format!("/tickets/{number}/history")).await;
            assert!(!history.contains(hidden), "{hidden}");
        }
        rita.send(
            &format!("/tickets/{number}/answer"),
            &[("body", "It does."), ("do", "answer")],
        )
        .await
        .expect(303);
        sam.send(
            &format!("/work/{number}/write"),
            &[
                ("kind", "reply"),
                ("body", "The limit is gone."),
                ("status", "solved"),
            ],
        )
        .await
        .expect(303);
        let page = rita.page(&format!("/tickets/{number}")).await;
        assert!(page.contains("Storage says it is solved. Does it work for you?"));
        rita.send(&format!("/tickets/{number}/verify"), &[])
            .await
            .expect(303);
        let page = rita.page(&format!("/tickets/{number}")).await;
        assert!(page.contains("Solved, and confirmed to work"));
        let history = sam.page(&format!("/work/{number}/history")).await;
        for word in [
            "Waiting for reply",
            "Solved",
            "Verified",
            "Sam",
            "Fay",
            "Rita",
            "owner",
            "unit",
        ] {
            assert!(history.contains(word), "{word}");
        }
    });
}

#[test]
fn the_kind_that_was_sent_counts_not_the_button() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        let number = rita.open(&[("service", "Archive")]).await;
        let mut sam = Browser::of(&desk, &f.sam).await;
        sam.send(
            &format!("/work/{number}/write"),
            &[
                ("kind", "note"),
                ("body", "for us only"),
                ("status", "solved"),
            ],
        )
        .await
        .expect(303);
        let page = rita.page(&format!("/tickets/{number}")).await;
        assert!(!page.contains("for us only") && !page.contains("says it is solved"));
    });
}

#[test]
fn replies_do_not_cross() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        let number = rita.open(&[("service", "Archive")]).await;
        let mut sam = Browser::of(&desk, &f.sam).await;
        rita.send(
            &format!("/tickets/{number}/answer"),
            &[("body", "One thing more.")],
        )
        .await
        .expect(303);
        // Sam's page had shown one entry.
        let fields = [("kind", "reply"), ("body", "My long answer"), ("seen", "1")];
        let held = sam
            .send(&format!("/work/{number}/write"), &fields)
            .await
            .expect(409)
            .text();
        assert!(held.contains("something new came in meanwhile"));
        assert!(held.contains("My long answer"), "the text is not lost");
        assert!(held.contains("One thing more."), "what is new is shown");
        let fields = [("kind", "reply"), ("body", "My long answer"), ("seen", "2")];
        sam.send(&format!("/work/{number}/write"), &fields)
            .await
            .expect(303);
    });
}

#[test]
fn a_stale_form_changes_nothing() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        let number = rita.open(&[("service", "Archive")]).await;
        let mut stan = Browser::of(&desk, &f.stan).await;
        let answer = stan
            .send(
                &format!("/work/{number}/handle"),
                &[
                    ("do", "apply"),
                    ("version", "1"),
                    ("tags", "late"),
                    ("unit", "Storage"),
                ],
            )
            .await;
        assert_eq!(answer.status, 409);
        assert!(
            answer
                .text()
                .contains("somebody changed the ticket meanwhile")
        );
        let version =
            desk.get(&f.stan, &format!("/tickets/{number}")).await.json["version"].to_string();
        stan.send(
            &format!("/work/{number}/handle"),
            &[
                ("do", "apply"),
                ("version", &version),
                ("tags", "Late, Big"),
                ("unit", "Storage"),
                ("owner", &f.sam.email),
            ],
        )
        .await
        .expect(303);
        let ticket = desk.get(&f.stan, &format!("/tickets/{number}")).await.json;
        assert_eq!(ticket["tags"], serde_json::json!(["big", "late"]));
        assert_eq!(ticket["owner"]["name"], "Sam");
        let refused = stan
            .send(
                &format!("/work/{number}/handle"),
                &[("do", "apply"), ("unit", "Network")],
            )
            .await
            .expect(422)
            .text();
        assert!(
            refused.contains("ust say why the ticket is handed on"),
            "another unit needs a reason"
        );
        let gone = stan
            .send(
                &format!("/work/{number}/handle"),
                &[
                    ("do", "apply"),
                    ("unit", "Network"),
                    ("reason", "It is the link."),
                ],
            )
            .await
            .expect(303);
        assert_eq!(gone.header("location"), "/work", "it is not his any more");
    });
}

#[test]
fn hostile_forms_are_told_what_is_wrong() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        let empty = rita.send("/tickets/new", &[]).await.expect(422).text();
        for words in [
            "Say in one line what happened.",
            "href=\"#subject\"",
            "href=\"#description\"",
        ] {
            assert!(empty.contains(words), "{words}");
        }
        let base = [("subject", "s"), ("description", "d")];
        for (field, value, told) in [
            ("service", "Nonsense", "There is no service “Nonsense”"),
            ("affected", "-3", "A number of people"),
            ("affected", "99999999999999", "A number of people"),
            ("since", "soon", "A date and a time"),
            ("category", "nonsense", "There is no"),
            ("cc", "not an address", "not a mail address"),
        ] {
            let mut fields = base.to_vec();
            fields.push((field, value));
            let page = rita.send("/tickets/new", &fields).await.expect(422).text();
            assert!(page.contains(told), "{field}={value}: {told}");
            assert!(page.contains("aria-invalid=\"true\""), "{field}={value}");
        }
        let csrf = rita.csrf().await;
        for (body, status) in [
            (
                format!("csrf={csrf}&subject=%FF%FE&description=x"),
                303..=422,
            ),
            (
                format!("csrf={csrf}&subject=%00%01&description=x"),
                303..=422,
            ),
            ("%%%".to_owned(), 400..=422),
            (
                format!("csrf={csrf}&description={}", "x".repeat(3 * 1024 * 1024)),
                413..=413,
            ),
        ] {
            let answer = rita.send_raw("/tickets/new", &body).await;
            assert!(
                status.contains(&answer.status),
                "{} for {:.40}",
                answer.status,
                body
            );
        }
        for path in [
            "/tickets/0",
            "/tickets/-1",
            "/tickets/99999999999999999999",
            "/work/x",
            "/tickets/%FF",
            "/units/%00",
            "/static/..%2fCargo.toml",
            "/t/1.2.3.4",
            "/no/such/page",
        ] {
            let answer = rita.get(path).await;
            assert!(
                (400..500).contains(&answer.status),
                "{path}: {}",
                answer.status
            );
        }
        let page = rita.get("/no/such/page").await.expect(404).text();
        assert!(page.contains("There is no page at this address."));
        // A search that can not be read is told, not thrown.
        let page = rita.page("/tickets?q=status:nonsense").await;
        assert!(page.contains("This search can not be read"));
        let mut sam = Browser::of(&desk, &f.sam).await;
        for q in [
            "unit:nowhere",
            "priority%3E%3E",
            "%22",
            "number:x",
            "owner:me%20%00",
            "%FF",
        ] {
            let answer = sam.get(&format!("/work?q={q}")).await;
            assert_eq!(answer.status, 200, "{q}");
        }
        let answer = sam.get("/work?after=nonsense").await;
        assert_eq!(answer.status, 200);
    });
}

#[test]
fn what_people_write_never_becomes_markup() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let evil = "\"><script>alert(1)</script><img src=x onerror=alert(1)>";
        let mut rita = Browser::of(&desk, &f.rita).await;
        let number = rita
            .open(&[
                ("service", "Archive"),
                ("subject", evil),
                ("description", evil),
                ("cc", "eve@people.example"),
            ])
            .await;
        let mut sam = Browser::of(&desk, &f.sam).await;
        sam.send(
            &format!("/work/{number}/write"),
            &[("kind", "reply"), ("body", evil)],
        )
        .await
        .expect(303);
        desk.run_jobs().await;
        for path in [
            format!("/work/{number}"),
            format!("/work/{number}/history"),
            "/work".to_owned(),
            "/work/suggest?q=alert".to_owned(),
            "/work?q=%22%3E%3Cscript%3E".to_owned(),
        ] {
            let page = sam.page(&path).await;
            assert!(
                !page.contains("<script>") && !page.contains("<img"),
                "{path}"
            );
        }
        for path in [
            format!("/tickets/{number}"),
            "/tickets".to_owned(),
            "/".to_owned(),
        ] {
            let page = rita.page(&path).await;
            assert!(
                !page.contains("<script>") && !page.contains("<img"),
                "{path}"
            );
            assert!(
                page.contains("&lt;script&gt;") || page.contains("&#60;script&#62;"),
                "{path}"
            );
        }
        // A notice comes from a cookie, which somebody may have set.
        let page = rita
            .ask(
                Request::builder()
                    .uri("/")
                    .header(header::COOKIE, "sb_notice=WyJvIiwiPHNjcmlwdD4iLCIiXQ")
                    .body(Body::empty())
                    .unwrap(),
            )
            .await
            .text();
        assert!(!page.contains("<script>"));
    });
}

#[test]
fn files_come_back_as_they_were_and_do_nothing() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        let bytes = b"<script>alert(1)</script>";
        let fields = [
            ("subject", "s"),
            ("description", "d"),
            ("service", "Archive"),
        ];
        let answer = rita
            .send_file("/tickets/new", &fields, "../../evil.html", bytes)
            .await
            .expect(303);
        let to = answer.header("location").to_owned();
        let page = rita.page(&to).await;
        let (_, rest) = page.split_once("href=\"/attachments/").unwrap();
        let path = format!("/attachments/{}", rest.split('"').next().unwrap());
        assert!(page.contains("evil.html") && !page.contains("../../"));
        let file = rita.get(&path).await.expect(200);
        assert_eq!(file.bytes, bytes);
        assert!(file.header("content-disposition").starts_with("attachment"));
        assert!(file.header("content-security-policy").contains("sandbox"));
        assert_eq!(file.header("content-type"), "application/octet-stream");
        let mut otto = Browser::of(&desk, &f.otto).await;
        otto.get(&path).await.expect(404);
        let mut nobody = Browser::new(&desk);
        nobody.get(&path).await.expect(303);
        // The desk of this test takes one megabyte.
        let large = vec![b'x'; 3 * 1024 * 1024];
        rita.send_file("/tickets/new", &fields, "large.bin", &large)
            .await
            .expect(413);
        let over = vec![b'x'; 1024 * 1024 + 1];
        let page = rita
            .send_file("/tickets/new", &fields, "over.bin", &over)
            .await
            .expect(422)
            .text();
        assert!(page.contains("at most"));
    });
}

#[test]
fn a_form_that_is_sent_twice_is_one_ticket() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        let once = [("once", "0123456789"), ("subject", "twice")];
        let first = rita.open(&once).await;
        let second = rita.open(&once).await;
        assert_eq!(first, second);
        let third = rita
            .open(&[("once", "another"), ("subject", "twice")])
            .await;
        assert_ne!(first, third);
    });
}

#[test]
fn the_preview_says_what_the_rules_say() {
    on_sqlite(|desk| async move {
        let mut nobody = Browser::new(&desk);
        let check =
            async |nobody: &mut Browser, fields: &[(&str, &str)], mark: &str, because: &str| {
                let parts = nobody
                    .send("/tickets/new/preview", fields)
                    .await
                    .expect(200)
                    .text();
                assert!(
                    parts.contains(&format!("class=\"prio big\" data-p=\"{mark}\"")),
                    "{fields:?}"
                );
                assert!(
                    parts.contains(&format!("because\">{because}")),
                    "{fields:?}: {because}"
                );
            };
        check(
            &mut nobody,
            &[("affected", "5")],
            "low",
            "every ticket starts here",
        )
        .await;
        check(
            &mut nobody,
            &[("affected", "6")],
            "medium",
            "more than 5 users affected",
        )
        .await;
        check(
            &mut nobody,
            &[("affected", "51")],
            "high",
            "more than 50 users affected",
        )
        .await;
        check(
            &mut nobody,
            &[("degrades", "yes")],
            "top",
            "it affects and degrades a service",
        )
        .await;
        check(
            &mut nobody,
            &[("degrades", "yes"), ("category", "documentation")],
            "low",
            "every ticket",
        )
        .await;
        check(
            &mut nobody,
            &[("security", "trivial"), ("affected", "6")],
            "high",
            "a small security risk",
        )
        .await;
        check(
            &mut nobody,
            &[("security", "imminent")],
            "top",
            "a danger to security now",
        )
        .await;
    });
}

#[test]
fn who_is_not_signed_in_follows_by_a_mailed_link() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let mut nobody = Browser::new(&desk);
        let fields = [
            ("subject", "No account"),
            ("description", "I can not sign in."),
            ("name", "Vera"),
            ("mail", "vera@people.example"),
            ("service", "Archive"),
        ];
        let answer = nobody.send("/tickets/new", &fields).await.expect(303);
        assert_eq!(
            answer.header("location"),
            "/tickets/sent",
            "nothing is shown before the address is proved"
        );
        let page = nobody.page("/tickets/sent").await;
        assert!(page.contains("Your ticket is"));
        let number = desk.get(&f.ada, "/tickets").await.json["items"][0]["number"]
            .as_i64()
            .unwrap();
        let ticket = desk.get(&f.ada, &format!("/tickets/{number}")).await.json;
        assert_eq!(ticket["requester"]["email"], "vera@people.example");

        let ask = [
            ("number", number.to_string()),
            ("mail", "vera@people.example".to_owned()),
        ];
        let ask: Vec<(&str, &str)> = ask.iter().map(|(k, v)| (*k, v.as_str())).collect();
        nobody.send("/follow", &ask).await.expect(303);
        // Somebody else's address gets the same answer, and no mail.
        let number_text = number.to_string();
        let other = [
            ("number", number_text.as_str()),
            ("mail", "otto@people.example"),
        ];
        nobody.send("/follow", &other).await.expect(303);
        desk.run_jobs().await;
        let mails = desk.sent_mail();
        assert!(!mails.iter().any(|m| m.to == "otto@people.example"));
        let link = mails
            .iter()
            .rev()
            .filter(|m| m.to == "vera@people.example")
            .find_map(|m| {
                m.text
                    .split_whitespace()
                    .find(|w| w.contains("/t/"))
                    .map(str::to_owned)
            })
            .expect("a mail with a link");
        let path = link.trim_start_matches("http://desk.example").to_owned();
        let page = nobody.page(&path).await;
        assert!(page.contains("No account") && page.contains("I can not sign in."));
        nobody
            .send(
                &format!("{path}/answer"),
                &[("body", "More by the link."), ("do", "answer")],
            )
            .await
            .expect(303);
        let mut sam = Browser::of(&desk, &f.sam).await;
        assert!(
            sam.page(&format!("/work/{number}"))
                .await
                .contains("More by the link.")
        );
        // The link opens nothing else, and no other word does.
        nobody.get(&format!("/tickets/{number}")).await.expect(303);
        let mut forged = path.clone();
        forged.pop();
        nobody.get(&forged).await.expect(401);
        desk.clock.advance(31 * 86_400_000);
        nobody.get(&path).await.expect(401);
    });
}

#[test]
fn signing_in_and_out() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        assert!(rita.page("/account").await.contains(&f.rita.email));
        let cookie = rita.get("/sign-in?next=//evil.example").await.expect(303);
        assert_eq!(cookie.header("location"), "/");
        rita.send("/sign-out", &[]).await.expect(303);
        rita.get("/account").await.expect(303);

        let mut nobody = Browser::new(&desk);
        let wrong = |mail: &str| vec![("mail", mail.to_owned()), ("password", "wrong".to_owned())];
        let mut texts = Vec::new();
        for mail in [
            f.rita.email.as_str(),
            "unknown@people.example",
            "no address",
        ] {
            let fields = wrong(mail);
            let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
            let page = nobody.send("/sign-in", &fields).await.expect(422).text();
            assert!(
                !page.contains("value=\"wrong\""),
                "the password is not given back"
            );
            texts.push(page.contains("do not belong together"));
        }
        assert_eq!(
            texts,
            [true, true, true],
            "the answer does not tell who is known"
        );
        let answer = nobody
            .send(
                "/sign-in",
                &[
                    ("mail", &f.rita.email),
                    ("password", PASSWORD),
                    ("next", "/tickets?all=1"),
                ],
            )
            .await
            .expect(303);
        assert_eq!(answer.header("location"), "/tickets?all=1");
        let set: Vec<_> = answer
            .headers
            .get_all("set-cookie")
            .iter()
            .map(|v| v.to_str().unwrap())
            .collect();
        let session = set.iter().find(|c| c.starts_with("sb_session=")).unwrap();
        assert!(
            session.contains("HttpOnly") && session.contains("SameSite=Lax"),
            "{session}"
        );
    });
}

#[test]
fn tokens_and_sessions_are_ones_own() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        let page = rita
            .send(
                "/account/tokens",
                &[("token", "nightly"), ("scope", "read")],
            )
            .await
            .expect(200)
            .text();
        let (_, rest) = page.split_once("id=\"new-token\">").unwrap();
        let secret = rest.split('<').next().unwrap().to_owned();
        let me = testkit::Somebody {
            token: secret.clone(),
            ..f.rita.clone()
        };
        desk.get(&me, "/people/me").await.expect(200);
        let page = rita.page("/account").await;
        assert!(!page.contains(&secret), "it is shown once");
        let revoke = page
            .split("name=\"revoke\" value=\"")
            .skip(1)
            .map(|r| r.split('"').next().unwrap().to_owned())
            .collect::<Vec<_>>();
        let mut otto = Browser::of(&desk, &f.otto).await;
        for id in &revoke {
            otto.send("/account/tokens", &[("revoke", id)])
                .await
                .expect(404);
            rita.send("/account/tokens", &[("revoke", id)])
                .await
                .expect(303);
        }
        desk.get(&me, "/people/me").await.expect(401);
        let page = rita
            .send("/account/tokens", &[("token", "x"), ("scope", "admin")])
            .await
            .expect(422)
            .text();
        assert!(page.contains("administrators"));
    });
}

#[test]
fn ties_people_and_many_at_once() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        let archive = [("service", "Archive")];
        let (a, b, c) = (
            rita.open(&archive).await,
            rita.open(&archive).await,
            rita.open(&archive).await,
        );
        let mut sam = Browser::of(&desk, &f.sam).await;
        let other = b.to_string();
        sam.send(
            &format!("/work/{a}/relate"),
            &[("do", "make"), ("kind", "see_also"), ("other", &other)],
        )
        .await
        .expect(303);
        assert!(sam.page(&format!("/work/{a}")).await.contains("see also"));
        let page = sam
            .send(
                &format!("/work/{a}/relate"),
                &[("do", "make"), ("kind", "see_also"), ("other", "99999")],
            )
            .await
            .expect(422)
            .text();
        assert!(page.contains("no such ticket that you can see"));
        sam.send(
            &format!("/work/{a}/relate"),
            &[("do", "undo"), ("kind", "see_also"), ("other", &other)],
        )
        .await
        .expect(303);
        sam.send(
            &format!("/work/{a}/people"),
            &[("mail", "New.Person@people.example"), ("role", "cc")],
        )
        .await
        .expect(303);
        let ticket = desk.get(&f.sam, &format!("/tickets/{a}")).await.json;
        assert_eq!(ticket["parties"][0]["role"], "cc");
        sam.send(&format!("/work/{a}/follow"), &[("on", "yes")])
            .await
            .expect(303);

        let (x, y) = (a.to_string(), c.to_string());
        let mut fields = vec![
            ("do", "take"),
            ("ticket", x.as_str()),
            ("ticket", y.as_str()),
            ("ticket", "99999"),
        ];
        sam.send("/work/bulk", &fields).await.expect(303);
        let page = sam.page("/work").await;
        assert!(page.contains("Done with 2, not with 1"));
        for number in [a, c] {
            let ticket = desk.get(&f.sam, &format!("/tickets/{number}")).await.json;
            assert_eq!(ticket["owner"]["name"], "Sam");
            assert_eq!(ticket["status"], "in_progress");
        }
        fields.truncate(1);
        sam.send("/work/bulk", &fields).await.expect(303);
        assert!(sam.page("/work").await.contains("Tick some tickets first"));
    });
}

#[test]
fn a_formatted_mail_is_shown_where_it_can_do_nothing() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let mail = format!(
            "From: Rita <{}>\r\nTo: desk@desk.example\r\nSubject: Formatted\r\nMessage-ID: <a@people.example>\r\n\
             MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
             <p onclick=\"x()\">Bold <b>words</b><script>alert(1)</script>\
             <img src=\"https://tracker.example/a.gif\"><a href=\"javascript:x()\">go</a></p>\r\n",
            f.rita.email
        );
        desk.desk
            .take_mail(mail.into_bytes(), "pipe", None)
            .await
            .unwrap();
        desk.run_jobs().await;
        let mut fay = Browser::of(&desk, &f.fay).await;
        let number = desk.get(&f.ada, "/tickets").await.json["items"][0]["number"]
            .as_i64()
            .unwrap();
        let page = fay.page(&format!("/work/{number}")).await;
        assert!(page.contains("Bold words"), "its text is on the page");
        let (_, rest) = page.split_once("<iframe src=\"").unwrap();
        let (path, rest) = rest.split_once('"').unwrap();
        assert!(rest.starts_with(" sandbox title="), "{rest:.40}");
        let frame = fay.get(path).await.expect(200);
        let policy = frame.header("content-security-policy");
        assert!(
            policy.starts_with("sandbox; default-src 'none'"),
            "{policy}"
        );
        assert!(policy.contains("frame-ancestors 'self'"));
        let html = frame.text();
        assert!(html.contains("<b>words</b>"));
        for never in ["<script", "onclick", "javascript:", "src=\"https://tracker"] {
            assert!(!html.contains(never), "{never}");
        }
        let mut otto = Browser::of(&desk, &f.otto).await;
        otto.get(path).await.expect(404);
    });
}

#[test]
fn a_search_can_be_kept_as_a_view() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let mut sam = Browser::of(&desk, &f.sam).await;
        let query = "status:open unit:storage";
        sam.send("/work/views", &[("name", "Ours <b>"), ("query", query)])
            .await
            .expect(303);
        let page = sam.page("/work").await;
        assert!(page.contains("Ours &#60;b&#62;") || page.contains("Ours &lt;b&gt;"));
        assert!(page.contains("/work?q=status%3Aopen%20unit%3Astorage"));
        let (_, rest) = page.split_once("name=\"forget\" value=\"").unwrap();
        let id = rest.split('"').next().unwrap().to_owned();
        let mut fay = Browser::of(&desk, &f.fay).await;
        assert!(!fay.page("/work").await.contains("Saved views"));
        fay.send("/work/views", &[("forget", &id)])
            .await
            .expect(404);
        sam.send("/work/views", &[("forget", &id)])
            .await
            .expect(303);
        assert!(!sam.page("/work").await.contains("Saved views"));
        for (name, query) in [("", "status:open"), ("x", "status:nonsense")] {
            sam.send("/work/views", &[("name", name), ("query", query)])
                .await
                .expect(303);
            assert!(
                sam.page("/work").await.contains("The view was not saved"),
                "{name:?} {query}"
            );
        }
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

/// The next event of a stream, or nothing within the time.
async fn next_event(body: &mut Body, wait: Duration) -> Option<String> {
    let frame = tokio::time::timeout(wait, body.frame())
        .await
        .ok()??
        .unwrap();
    Some(String::from_utf8_lossy(frame.data_ref()?).into_owned())
}

#[test]
fn open_pages_hear_of_what_they_may_see() {
    on_sqlite(|desk: std::sync::Arc<TestDesk>| async move {
        let f = desk.federation().await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        let number = rita.open(&[("service", "Archive")]).await;
        let mut nobody = Browser::new(&desk);
        nobody.get("/live").await.expect(204);
        let listen = async |who| {
            let browser = Browser::of(&desk, who).await;
            let request = browser.request("/live");
            let response = desk.send(request).await;
            assert_eq!(response.status(), 200);
            response.into_body()
        };
        let mut sam = listen(&f.sam).await;
        let mut otto = listen(&f.otto).await;
        rita.send(&format!("/tickets/{number}/answer"), &[("body", "More.")])
            .await
            .expect(303);
        let event = next_event(&mut sam, Duration::from_secs(10)).await.unwrap();
        assert!(event.contains("event: changed"), "{event}");
        assert!(
            event.contains(&format!("{{\"tickets\":[{number}]}}")),
            "{event}"
        );
        assert_eq!(
            next_event(&mut otto, Duration::from_millis(1500)).await,
            None
        );
    });
}
