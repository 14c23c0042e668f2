//! What a reader sees of a mail: its pictures, its files, and what it claims.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use desk::mail_in::Fate;
use desk::picture::{By, LIFE_MS, MOST_BYTES};
use desk::view::EntryView;
use desk::{Desk, Error};
use switchboard_core::staff::Rights;
use switchboard_core::{Actor, Channel, TicketNumber};
use testkit::{TestDesk, WebServer, answered, both, on_sqlite};

/// A picture of 20 by 10 points, as far as its head goes.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x14\0\0\0\x0a\x08\x06\0\0\0";

/// A mail from Rita whose HTML is this, with further parts.
fn message(name: &str, html: &str, parts: &[String]) -> Vec<u8> {
    let mut raw = format!(
        "From: Rita <rita@people.example>\r\nTo: desk@desk.example\r\nSubject: {name}\r\n\
         Message-ID: <{name}@t.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/related; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n"
    );
    for part in parts {
        raw.push_str(&format!("--b\r\n{part}\r\n"));
    }
    raw.push_str("--b--\r\n");
    raw.into_bytes()
}

fn part(kind: &str, name: &str, id: &str, bytes: &[u8]) -> String {
    format!(
        "Content-Type: {kind}; name=\"{name}\"\r\nContent-ID: <{id}>\r\n\
         Content-Disposition: inline; filename=\"{name}\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}",
        STANDARD.encode(bytes)
    )
}

/// The ticket that a mail opens, and its first entry as Rita sees it.
async fn opened(test: &TestDesk, rita: &Actor, raw: Vec<u8>) -> (TicketNumber, EntryView) {
    let taken = test.desk.take_mail(raw, "file", Some("storage")).await;
    let fate = taken.unwrap().fate;
    let Fate::Entry(number) = fate else {
        panic!("{fate:?}")
    };
    let entries = test.desk.entries(rita, number, 0, 5).await.unwrap();
    (number, entries.into_iter().next().unwrap())
}

/// The words of the pictures' addresses in a page.
fn words(html: &str) -> Vec<String> {
    html.split("src=\"/pictures/")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect()
}

async fn is_none(desk: &Desk, word: &str) -> bool {
    matches!(
        desk.picture(word).await,
        Err(Error::NotFound { .. } | Error::Unauthenticated(_))
    )
}

#[test]
fn pictures_that_came_with_a_mail_are_shown_in_it_and_nowhere_else() {
    both(|test| async move {
        let f = test.federation().await;
        let desk = &test.desk;
        let rita = desk.actor_for(f.rita.id, Channel::Web).await.unwrap();
        let html = "<p>see <img src=\"cid:one%40x\" alt=Map> <img src=\"cid:svg@x\" alt=Vector> \
                    <img src=\"cid:lie@x\" alt=Lie> <img src=\"cid:other@x\" alt=Other></p>";
        let parts = [
            part("image/png", "one.png", "one@x", PNG),
            part(
                "image/svg+xml",
                "v.svg",
                "svg@x",
                b"<svg onload='alert(1)'/>",
            ),
            part(
                "image/png",
                "lie.png",
                "lie@x",
                b"<script>alert(1)</script>",
            ),
            part("image/png", "loose.png", "loose@x", PNG),
        ];
        let (number, entry) = opened(&test, &rita, message("first", html, &parts)).await;
        let named = |name: &str| entry.files.iter().find(|f| f.name == name).unwrap().id;
        assert_eq!(entry.pictures.inside, [named("one.png"), named("lie.png")]);
        assert_eq!((entry.files.len(), entry.pictures.remote), (4, 0));

        // A mail that names the picture of another one does not get it.
        let (thief, of_thief) = opened(&test, &rita, message("thief", html, &[])).await;
        assert!(of_thief.pictures.inside.is_empty());
        let page = desk
            .mail_html(&rita, thief, of_thief.id, By::Session, true)
            .await
            .unwrap();
        assert_eq!(words(&page), Vec::<String>::new());
        assert!(page.contains("[image: Map]"), "{page}");

        let page = desk
            .mail_html(&rita, number, entry.id, By::Session, false)
            .await
            .unwrap();
        let found = words(&page);
        assert_eq!(found.len(), 2, "{page}");
        assert!(page.contains("[image: Vector]") && page.contains("[image: Other]"));
        assert_eq!(
            desk.picture(&found[0]).await.unwrap(),
            ("image/png", PNG.to_vec())
        );
        // What only says that it is a picture stays a file.
        assert!(is_none(desk, &found[1]).await);

        // Nobody else: not the address changed, not a stranger's page.
        let otto = desk.actor_for(f.otto.id, Channel::Web).await.unwrap();
        let refused = desk
            .mail_html(&otto, number, entry.id, By::Session, true)
            .await;
        assert!(
            matches!(refused, Err(Error::NotFound { .. })),
            "{refused:?}"
        );
        let strangers = found[0].replace(
            &f.rita.id.0.simple().to_string(),
            &f.otto.id.0.simple().to_string(),
        );
        assert_ne!(strangers, found[0]);
        for wrong in [
            strangers.as_str(),
            "",
            "x.y",
            &found[0][..found[0].len() - 1],
            &found[0].replacen(".f", ".r", 1),
        ] {
            assert!(is_none(desk, wrong).await, "{wrong}");
        }
        // And only for a while.
        test.clock.advance(LIFE_MS + 1);
        assert!(is_none(desk, &found[0]).await);
    });
}

#[test]
fn a_picture_is_gone_with_the_right_to_read_it() {
    both(|test| async move {
        let f = test.federation().await;
        let desk = &test.desk;
        let rita = desk.actor_for(f.rita.id, Channel::Web).await.unwrap();
        let parts = [part("image/png", "one.png", "one@x", PNG)];
        let html = "<img src=cid:one@x>";
        let (number, entry) = opened(&test, &rita, message("first", html, &parts)).await;
        // By the link of the ticket, and as staff.
        let guest = desk
            .guest(&desk.follow_word(number, f.rita.id))
            .await
            .unwrap();
        let by_link = desk
            .mail_html(&guest.actor, number, entry.id, By::Link, false)
            .await
            .unwrap();
        let sam = desk.actor_for(f.sam.id, Channel::Web).await.unwrap();
        let of_staff = desk
            .mail_html(&sam, number, entry.id, By::Session, false)
            .await
            .unwrap();
        for page in [&by_link, &of_staff] {
            assert_eq!(desk.picture(&words(page)[0]).await.unwrap().1, PNG);
        }
        // Sam leaves the unit that has the ticket.
        let ada = desk.actor_for(f.ada.id, Channel::Web).await.unwrap();
        let without = |r: Rights| Rights {
            support: false,
            ..r
        };
        desk.change_rights(&ada, f.sam.id, without, "Moved on.")
            .await
            .unwrap();
        assert!(is_none(desk, &words(&of_staff)[0]).await);
        assert_eq!(desk.picture(&words(&by_link)[0]).await.unwrap().1, PNG);
    });
}

/// A server on this machine.
async fn server() -> WebServer {
    WebServer::on("127.0.0.1", |path| match path {
        "/inward" => answered("302 Found", "Location: http://169.254.169.254/\r\n", b""),
        "/svg" => answered("200 OK", "Content-Type: image/png\r\n", b"<svg/>"),
        "/large" => answered("200 OK", "", &[PNG, &vec![0; MOST_BYTES][..]].concat()),
        "/none" => answered("404 Not Found", "", b""),
        _ => answered("200 OK", "Content-Type: text/html\r\n", PNG),
    })
    .await
}

#[test]
fn pictures_on_other_servers_are_fetched_when_somebody_asks() {
    on_sqlite(|test| async move {
        let f = test.federation().await;
        let desk = &test.desk;
        let rita = desk.actor_for(f.rita.id, Channel::Web).await.unwrap();
        let server = server().await;
        let url = &server.url;
        let asked = || -> Vec<String> {
            let path = |request: &String| request.split(' ').nth(1).unwrap().to_owned();
            server.asked().iter().map(path).collect()
        };
        let html = format!(
            "<p>news <img src={url}/a.png alt=Map><img src={url}/pixel width=1 height=1>\
             <img src={url}/hidden style=\"display:none\"><img src={url}/svg><img src={url}/inward>\
             <img src={url}/large><img src={url}/none><img src=http://10.0.0.1/x>\
             <img src=\"https://[::1]/x\"></p>"
        );
        let (number, entry) = opened(&test, &rita, message("news", &html, &[])).await;
        assert_eq!(entry.pictures.remote, 7, "a point is no picture");
        let page = desk
            .mail_html(&rita, number, entry.id, By::Session, false)
            .await
            .unwrap();
        assert!(
            page.contains("[image: Map]") && !page.contains("<img"),
            "{page}"
        );
        let page = desk
            .mail_html(&rita, number, entry.id, By::Session, true)
            .await
            .unwrap();
        assert_eq!(asked(), Vec::<String>::new(), "before a browser asks");
        let found = words(&page);
        assert_eq!(found.len(), 7, "{page}");
        assert!(!page.contains("127.0.0.1"), "no address of another server");
        // The type is what the bytes say, not what the server says.
        assert_eq!(
            desk.picture(&found[0]).await.unwrap(),
            ("image/png", PNG.to_vec())
        );
        for word in &found[1..] {
            assert!(is_none(desk, word).await, "{word}");
        }
        assert_eq!(asked(), ["/a.png", "/svg", "/inward", "/large", "/none"]);
        // The place in the mail is signed: nobody makes one up.
        assert!(is_none(desk, &found[0].replacen(".r0.", ".r1.", 1)).await);
        assert_eq!(asked().len(), 5);

        // By the link of the ticket the same, and by no other link.
        let guest = desk
            .guest(&desk.follow_word(number, f.rita.id))
            .await
            .unwrap();
        let page = desk
            .mail_html(&guest.actor, number, entry.id, By::Link, true)
            .await
            .unwrap();
        assert_eq!(desk.picture(&words(&page)[0]).await.unwrap().1, PNG);
        // Again and again is an end of it.
        for _ in 0..300 {
            let _ = desk.picture(&found[6]).await;
        }
        let many = desk.picture(&found[6]).await;
        assert!(matches!(many, Err(Error::TooMany { .. })), "{many:?}");
    });
}

#[test]
fn what_a_mail_claims_of_its_protection_is_kept_and_never_vouched_for() {
    both(|test| async move {
        let f = test.federation().await;
        let desk = &test.desk;
        let rita = desk.actor_for(f.rita.id, Channel::Web).await.unwrap();
        let head = "From: rita@people.example\r\nTo: desk@desk.example\r\nSubject: x\r\n";
        let signed = format!(
            "{head}Message-ID: <s@t>\r\nContent-Type: multipart/signed; boundary=b; \
             protocol=\"application/pgp-signature\"\r\n\r\n--b\r\n\r\nPlease help.\r\n\
             --b\r\nContent-Type: application/pgp-signature; name=signature.asc\r\n\r\nx\r\n--b--\r\n"
        );
        let (_, entry) = opened(&test, &rita, signed.into_bytes()).await;
        assert_eq!(entry.body.trim(), "Please help.");
        assert_eq!(
            entry.protection[0].words(),
            "Signed by PGP, not checked here."
        );
        let sealed = format!(
            "{head}Message-ID: <e@t>\r\nContent-Type: application/pkcs7-mime; name=smime.p7m\r\n\
             Content-Transfer-Encoding: base64\r\n\r\nMIAGCSqGSIb3DQEHAw==\r\n"
        );
        let (_, entry) = opened(&test, &rita, sealed.into_bytes()).await;
        assert_eq!(
            entry.protection[0].words(),
            "Encrypted by S/MIME: only the recipient can read it."
        );
        assert!(entry.body.contains("encrypted"), "{}", entry.body);
        assert_eq!(entry.files[0].name, "smime.p7m");
        let plain = format!("{head}Message-ID: <p@t>\r\n\r\nHello\r\n");
        let (_, entry) = opened(&test, &rita, plain.into_bytes()).await;
        assert!(entry.protection.is_empty());
    });
}

#[test]
fn a_winmail_dat_is_files_and_itself() {
    both(|test| async move {
        let f = test.federation().await;
        let rita = test.desk.actor_for(f.rita.id, Channel::Web).await.unwrap();
        let mut stream = vec![0x78, 0x9f, 0x3e, 0x22, 1, 0];
        for (id, data) in [
            (0x0002_800C_u32, &b"It is broken.\0"[..]),
            (0x0006_9002, &[0; 14]),
            (0x0001_8010, b"run.log\0"),
            (0x0006_800F, b"the log"),
        ] {
            stream.push(1);
            stream.extend(id.to_le_bytes());
            stream.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
            stream.extend(data);
            stream.extend([0, 0]);
        }
        let raw = format!(
            "From: rita@people.example\r\nTo: desk@desk.example\r\nSubject: x\r\nMessage-ID: <w@t>\r\n\
             Content-Type: application/ms-tnef; name=winmail.dat\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{}\r\n",
            STANDARD.encode(&stream)
        );
        let (_, entry) = opened(&test, &rita, raw.into_bytes()).await;
        assert_eq!(entry.body.trim(), "It is broken.");
        let names: Vec<_> = entry.files.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["run.log", "winmail.dat"]);
        let got = test
            .desk
            .attachment(&rita, entry.files[1].id)
            .await
            .unwrap();
        assert_eq!(got.1, stream, "as it came");
        let got = test
            .desk
            .attachment(&rita, entry.files[0].id)
            .await
            .unwrap();
        assert_eq!(got.1, b"the log");
    });
}
