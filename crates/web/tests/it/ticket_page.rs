//! The requester's page of a ticket from outside: replies, files, formatted mails,
//! mailed links.

use axum::body::Body;
use axum::http::{Request, header};
use testkit::on_sqlite;

use crate::browser::Browser;

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
        // Its picture is on another server: counted, and not loaded by itself.
        assert!(page.contains("This mail has a picture on other servers."));
        assert!(html.contains("[image]") && !html.contains("<img"));
        assert!(policy.contains("img-src 'self'"), "{policy}");
        let shown = fay.get(&format!("{path}?pictures=shown")).await.expect(200);
        let html = shown.text();
        assert!(html.contains("<img src=\"/pictures/"), "{html}");
        assert!(!html.contains("tracker.example"));
    });
}

/// A picture is given without cookies, as its frame has none, to whom its address
/// was signed for, and as nothing but a picture.
#[test]
fn a_picture_of_a_mail_has_an_address_of_its_own() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        // Eleven by seven points, as far as anybody looks.
        let png = "iVBORw0KGgoAAAANSUhEUgAAAAsAAAAHCAYAAAA=";
        let mail = format!(
            "From: Rita <{}>\r\nTo: desk@desk.example\r\nSubject: Plot\r\nMessage-ID: <p@people.example>\r\n\
             Content-Type: multipart/signed; boundary=o; protocol=\"application/pgp-signature\"\r\n\r\n\
             --o\r\nContent-Type: multipart/related; boundary=i\r\n\r\n\
             --i\r\nContent-Type: text/html\r\n\r\n<p>See <img src=cid:a@x alt=Plot></p>\r\n\
             --i\r\nContent-Type: image/png; name=plot.png\r\nContent-ID: <a@x>\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{png}\r\n--i--\r\n\
             --o\r\nContent-Type: application/pgp-signature; name=s.asc\r\n\r\nx\r\n--o--\r\n",
            f.rita.email
        );
        desk.desk
            .take_mail(mail.into_bytes(), "pipe", None)
            .await
            .unwrap();
        let number = desk.get(&f.ada, "/tickets").await.json["items"][0]["number"]
            .as_i64()
            .unwrap();
        let mut rita = Browser::of(&desk, &f.rita).await;
        let word = desk
            .desk
            .follow_word(switchboard_core::TicketNumber(number), f.rita.id);
        let mut nobody = Browser::new(&desk);
        for at in [format!("/tickets/{number}"), format!("/t/{word}")] {
            let page = rita.page(&at).await;
            assert!(page.contains("as it was formatted, with a picture</summary>"));
            assert!(page.contains("Signed by PGP, not checked here."));
            // Beside the text there is no second plot.png.
            let (inside, beside) = page.rsplit_once("</iframe>").unwrap();
            let (inside, beside) = (inside, beside.split_once("</details>").unwrap());
            assert!(!inside.contains("plot.png") && !beside.1.contains("plot.png"));
            assert!(beside.0.contains("plot.png") && beside.1.contains("s.asc"));
            let (_, rest) = page.split_once("<iframe src=\"").unwrap();
            let frame = rita.page(rest.split('"').next().unwrap()).await;
            let (_, rest) = frame.split_once("<img src=\"").unwrap();
            let address = rest.split('"').next().unwrap();
            let picture = nobody.get(address).await.expect(200);
            assert_eq!(picture.header("content-type"), "image/png");
            assert_eq!(picture.header("x-content-type-options"), "nosniff");
            assert_eq!(
                picture.header("cross-origin-resource-policy"),
                "cross-origin"
            );
            assert_eq!(picture.header("cache-control"), "no-store");
            let policy = picture.header("content-security-policy");
            assert!(
                policy.starts_with("sandbox; default-src 'none'"),
                "{policy}"
            );
            assert_eq!(picture.header("set-cookie"), "");
            let forged = format!("{}A", &address[..address.len() - 2]);
            nobody.get(&forged).await.expect(404);
        }
        let entries = desk
            .get(&f.rita, &format!("/tickets/{number}/entries"))
            .await
            .expect(200);
        assert_eq!(
            entries.json["items"][0]["protection"],
            serde_json::json!([{
                "kind": "signed", "method": "pgp", "covers": "whole",
                "words": "Signed by PGP, not checked here."
            }])
        );
    });
}
