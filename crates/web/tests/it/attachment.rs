//! Files: names, types, sizes, and who may have them.

use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::json;
use testkit::{Answer, Somebody, TestDesk, both, on_sqlite};

async fn ticket(desk: &TestDesk, who: &Somebody) -> i64 {
    desk.post(
        who,
        "/tickets",
        json!({"subject": "Files", "description": "…", "unit": "storage"}),
    )
    .await
    .expect(201)
    .number()
}

async fn upload(
    desk: &TestDesk,
    who: &Somebody,
    number: i64,
    query: &str,
    kind: &str,
    bytes: &[u8],
) -> Answer {
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("/api/v1/tickets/{number}/attachments{query}"))
        .header(header::HOST, "desk.example")
        .header(header::AUTHORIZATION, format!("Bearer {}", who.token))
        .header(header::CONTENT_TYPE, kind)
        .body(Body::from(bytes.to_vec()))
        .unwrap();
    desk.ask(request).await
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nand so on";

#[test]
fn what_is_uploaded_is_downloaded_byte_for_byte() {
    both(|desk| async move {
        let f = desk.federation().await;
        let number = ticket(&desk, &f.rita).await;
        let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
        let entry = upload(
            &desk,
            &f.rita,
            number,
            "?name=run.log",
            "text/plain",
            &bytes,
        )
        .await
        .expect(201);
        let file = &entry.json["attachments"][0];
        assert_eq!(file["name"], "run.log");
        assert_eq!(file["size"], 100_000);
        let url = file["url"].as_str().unwrap();
        let got = desk.get(&f.sam, url).await.expect(200);
        assert_eq!(got.bytes, bytes);
        assert_eq!(got.header("content-type"), "application/octet-stream");
        assert!(
            got.header("content-disposition")
                .starts_with("attachment; filename=\"run.log\"")
        );
        let list = desk
            .get(&f.rita, &format!("/tickets/{number}/attachments"))
            .await
            .expect(200);
        assert_eq!(list.json["items"][0], *file);

        // Not for others, not under another ticket.
        desk.get(&f.otto, url).await.expect(404);
        desk.get(&Somebody::anonymous(), url).await.expect(401);
        let other = ticket(&desk, &f.rita).await;
        let id = file["id"].as_str().unwrap();
        desk.get(&f.rita, &format!("/tickets/{other}/attachments/{id}"))
            .await
            .expect(404);
    });
}

#[test]
fn a_form_brings_text_and_files_in_one_entry() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let number = ticket(&desk, &f.rita).await;
        let form = |parts: &str| format!("{parts}--x--\r\n");
        let two = form(
            "--x\r\nContent-Disposition: form-data; name=\"body\"\r\n\r\nSee both.\r\n\
             --x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nA\r\n\
             --x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"b.txt\"\r\n\r\nBB\r\n",
        );
        let kind = "multipart/form-data; boundary=x";
        let entry = upload(&desk, &f.rita, number, "", kind, two.as_bytes())
            .await
            .expect(201);
        assert_eq!(entry.json["body"], "See both.");
        assert_eq!(entry.json["attachments"].as_array().unwrap().len(), 2);
        assert_eq!(entry.json["attachments"][1]["size"], 2);
        for (parts, status) in [
            (
                "--x\r\nContent-Disposition: form-data; name=\"evil\"\r\n\r\n1\r\n",
                400,
            ),
            (
                "--x\r\nContent-Disposition: form-data; name=\"body\"\r\n\r\nno file\r\n",
                422,
            ),
            ("--x\r\nContent-Disp", 400),
        ] {
            let answer = upload(&desk, &f.rita, number, "", kind, form(parts).as_bytes()).await;
            assert_eq!(answer.status, status, "{parts:?} gave {}", answer.text());
        }
        upload(&desk, &f.rita, number, "", "multipart/form-data", b"x")
            .await
            .expect(400);
        upload(&desk, &f.rita, number, "", "text/plain", b"")
            .await
            .expect(422);
    });
}

#[test]
fn hostile_names_become_harmless() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let number = ticket(&desk, &f.rita).await;
        for name in [
            "../../etc/passwd",
            "..\\..\\boot.ini",
            "a\r\nSet-Cookie: x=1",
            "CON",
            ".htaccess",
            "invoice\u{202e}fdp.exe",
            "a\"; filename=\"b.exe",
            "zero\u{200b}width",
            &"x".repeat(4096),
            "naïve résumé.pdf",
            " ",
            "/",
            "'; DROP TABLE attachment;--",
        ] {
            let query: String = name.bytes().map(|b| format!("%{b:02X}")).collect();
            let answer = upload(
                &desk,
                &f.rita,
                number,
                &format!("?name={query}"),
                "text/html",
                b"<script>1</script>",
            )
            .await
            .expect(201);
            let file = &answer.json["attachments"][0];
            let kept = file["name"].as_str().unwrap();
            assert!(
                !kept.contains(['/', '\\', '\r', '\n', '\u{202e}']),
                "{name:?} is kept as {kept:?}"
            );
            assert!(
                !kept.is_empty() && kept.len() <= 255,
                "{name:?} is kept as {kept:?}"
            );
            let got = desk
                .get(
                    &f.sam,
                    &format!("{}?inline=1", file["url"].as_str().unwrap()),
                )
                .await
                .expect(200);
            let disposition = got.header("content-disposition");
            assert!(
                disposition.starts_with("attachment; filename=\""),
                "{disposition}"
            );
            assert_eq!(
                disposition.matches("filename=\"").count(),
                1,
                "{disposition}"
            );
            assert!(got.headers.get("set-cookie").is_none());
        }
        let nul = upload(&desk, &f.rita, number, "?name=a%00b", "text/plain", b"x").await;
        assert_eq!(nul.status, 422, "{}", nul.text());
    });
}

#[test]
fn only_pictures_and_plain_text_are_shown_and_nothing_runs() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let number = ticket(&desk, &f.rita).await;
        for (kind, bytes, shown) in [
            ("image/png", PNG, "image/png"),
            ("image/gif", b"GIF89a...".as_slice(), "image/gif"),
            ("image/jpeg", b"\xff\xd8\xff\xe0".as_slice(), "image/jpeg"),
            (
                "text/plain; charset=iso-8859-1",
                b"text".as_slice(),
                "text/plain; charset=utf-8",
            ),
            (
                "image/png",
                b"<script>alert(1)</script>".as_slice(),
                "application/octet-stream",
            ),
            (
                "image/svg+xml",
                b"<svg onload='x'/>".as_slice(),
                "application/octet-stream",
            ),
            (
                "text/html",
                b"<script>".as_slice(),
                "application/octet-stream",
            ),
            (
                "application/xhtml+xml",
                b"<html/>".as_slice(),
                "application/octet-stream",
            ),
            (
                "text/xml",
                b"<?xml-stylesheet?>".as_slice(),
                "application/octet-stream",
            ),
            (
                "application/pdf",
                b"%PDF-1.7".as_slice(),
                "application/octet-stream",
            ),
            (
                "text/javascript",
                b"1".as_slice(),
                "application/octet-stream",
            ),
            ("nonsense", b"1".as_slice(), "application/octet-stream"),
        ] {
            let entry = upload(&desk, &f.rita, number, "?name=file", kind, bytes)
                .await
                .expect(201);
            let url = entry.json["attachments"][0]["url"]
                .as_str()
                .unwrap()
                .to_owned();
            for (query, expected) in [
                ("?inline=1", shown),
                ("?inline=0", "application/octet-stream"),
                ("", "application/octet-stream"),
            ] {
                let got = desk.get(&f.sam, &format!("{url}{query}")).await.expect(200);
                assert_eq!(got.header("content-type"), expected, "{kind} {query}");
                assert_eq!(got.header("x-content-type-options"), "nosniff");
                assert!(got.header("content-security-policy").contains("sandbox"));
                assert_eq!(got.header("cache-control"), "no-store");
                let inline = expected != "application/octet-stream";
                assert_eq!(
                    got.header("content-disposition").starts_with("inline"),
                    inline,
                    "{kind}"
                );
            }
            desk.get(&f.sam, &format!("{url}?inline=2"))
                .await
                .expect(422);
        }
    });
}

#[test]
fn what_is_too_large_is_refused_and_not_kept() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let number = ticket(&desk, &f.rita).await;
        let most = desk.desk.config().max_attachment;
        upload(
            &desk,
            &f.rita,
            number,
            "?name=fits",
            "text/plain",
            &vec![b'x'; most],
        )
        .await
        .expect(201);
        for over in [1, 100_000] {
            let answer = upload(
                &desk,
                &f.rita,
                number,
                "?name=over",
                "text/plain",
                &vec![b'x'; most + over],
            )
            .await;
            assert_eq!(answer.status, 413, "{}", answer.text());
        }
        let list = desk
            .get(&f.rita, &format!("/tickets/{number}/attachments"))
            .await;
        assert_eq!(list.json["items"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn the_files_of_notes_stay_inside() {
    both(|desk| async move {
        let f = desk.federation().await;
        let number = ticket(&desk, &f.rita).await;
        upload(
            &desk,
            &f.rita,
            number,
            "?visibility=internal&name=a",
            "text/plain",
            b"x",
        )
        .await
        .expect(403);
        let entry = upload(
            &desk,
            &f.sam,
            number,
            "?visibility=internal&name=a",
            "text/plain",
            b"x",
        )
        .await
        .expect(201);
        let url = entry.json["attachments"][0]["url"].as_str().unwrap();
        desk.get(&f.rita, url).await.expect(404);
        desk.get(&f.stan, url).await.expect(200);
        let list = desk
            .get(&f.rita, &format!("/tickets/{number}/attachments"))
            .await;
        assert_eq!(list.json["items"], json!([]));
    });
}
