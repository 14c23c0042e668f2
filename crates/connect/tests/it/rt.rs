//! A real RT 5, which `./test` starts: how it is reached and signed in to.

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use connect::probe::{Check, Mark};
use connect::tracker::{Again, Deed, Error, Login, NewEntry, NewTicket, Rt, Tracker, Wanted};
use connect::{Guard, Reach};
use serde_json::json;

use crate::lossy::Lossy;
use crate::server::{RtServer, rt_server};
use crate::tls_door::tls_door;

pub(crate) fn guard() -> Guard {
    Guard::new(Reach::parse("127.0.0.1").unwrap())
}

pub(crate) fn token(server: &RtServer) -> Login {
    Login::Token(server.token.clone())
}

fn password(word: &str) -> Login {
    Login::Password {
        user: "bridge".into(),
        password: word.into(),
    }
}

pub(crate) fn bridge(server: &RtServer) -> Rt {
    Rt::new(&guard(), &server.url, token(server), None).unwrap()
}

pub(crate) fn entry(marker: &str, body: &str) -> NewEntry {
    NewEntry {
        marker: marker.into(),
        body: body.into(),
        attachments: vec![],
    }
}

/// A ticket in Grid whose marker no other run has.
pub(crate) fn ticket(name: &str) -> NewTicket {
    let unique = format!("{name}-{}", std::process::id());
    NewTicket {
        marker: format!("https://desk.example/tickets/4711#{unique}"),
        queue: "Grid".into(),
        subject: format!("Jobs fail: {unique}"),
        entry: entry(&unique, "Nothing runs since this morning.\n"),
        requesters: vec![],
        wanted: Wanted::default(),
    }
}

pub(crate) async fn opened(rt: &Rt, name: &str) -> String {
    rt.create(&ticket(name)).await.unwrap().ticket.id
}

fn lines(checks: &[Check]) -> Vec<(Mark, &str)> {
    checks.iter().map(|c| (c.mark, c.text.as_str())).collect()
}

pub(crate) fn curl_path(ticket: &str, what: &str) -> String {
    format!("/ticket/{ticket}{what}")
}

pub(crate) fn answers(server: &RtServer, user: &str, ticket: &str, text: &str) {
    server.acts(
        user,
        "POST",
        &curl_path(ticket, "/correspond"),
        &json!({ "Content": text, "ContentType": "text/plain" }),
    );
}

#[tokio::test]
async fn a_test_of_the_connection_says_exactly_what_is_wrong() {
    let Some(server) = rt_server() else { return };
    let rt = bridge(&server);
    opened(&rt, "probe").await;
    let found = rt.test("Grid").await;
    assert!(found[0].text.starts_with("It is RT 5."), "{found:?}");
    assert_eq!(
        lines(&found[1..]),
        [
            (Mark::Good, "Signed in as bridge"),
            (Mark::Good, "Queue Grid is there"),
            (Mark::Good, "Our account may open tickets there"),
            (Mark::Good, "Our account may see tickets there"),
            (Mark::Good, "Our account may answer in them"),
            (Mark::Good, "Our account may set their status"),
        ]
    );

    server.acts(
        "ada",
        "POST",
        "/ticket",
        &json!({ "Queue": "Watched", "Subject": "seen", "Content": "x" }),
    );
    let found = rt.test("Watched").await;
    assert_eq!(
        lines(&found[2..]),
        [
            (Mark::Good, "Queue Watched is there"),
            (Mark::Bad, "Our account may not open tickets there"),
            (Mark::Good, "Our account may see tickets there"),
            (Mark::Bad, "Our account may not answer in them"),
            (Mark::Bad, "Our account may not set their status"),
        ]
    );
    assert_eq!(found[3].detail, "Give it CreateTicket on the queue.");

    // What it may not do in any ticket there, and not only in one.
    let of = |queue: &str| bridge(&server).of_queue(queue);
    for (deed, right) in [
        (Deed::Read, None),
        (Deed::Open, Some("CreateTicket")),
        (Deed::Write, Some("ReplyToTicket")),
        (Deed::Set, Some("ModifyTicket")),
    ] {
        assert_eq!(of("Grid").lost(deed).await, Ok(None), "{deed:?}");
        let lost = of("Watched").lost(deed).await.unwrap();
        let lost = lost.map(|error| error.to_string());
        assert_eq!(lost.is_some(), right.is_some(), "{lost:?}");
        assert!(lost.unwrap_or_default().contains(right.unwrap_or_default()));
        let lost = of("Closed").lost(deed).await.unwrap();
        assert!(matches!(lost, Some(Error::Missing { .. })), "{lost:?}");
    }

    for queue in ["Closed", "No such queue", "../ticket/1"] {
        let found = rt.test(queue).await;
        let last = found.last().unwrap();
        let text = format!("There is no queue {queue} that our account can see");
        assert_eq!((last.mark, &last.text), (Mark::Bad, &text));
    }

    for login in [
        Login::Token(server.revoked.clone()),
        Login::Token("nonsense".into()),
        password("wrong"),
    ] {
        let rt = Rt::new(&guard(), &server.url, login.clone(), None).unwrap();
        let found = rt.test("Grid").await;
        let text = "RT does not accept our secret (HTTP 401)";
        assert_eq!(lines(&found), [(Mark::Bad, text)], "{login:?}");
        let error = rt.read("1").await.unwrap_err();
        assert_eq!(error.again(), Again::AfterRepair);
    }

    let at = |address: &str| Rt::new(&guard(), address, token(&server), None).unwrap();
    let free = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    for (address, text) in [
        (format!("http://{free}"), "It refuses the connection"),
        ("https://10.0.0.1".into(), "This address is not called"),
        ("http://rt.example.org".into(), "This address is not called"),
    ] {
        let found = at(&address).test("Grid").await;
        assert_eq!(lines(&found), [(Mark::Bad, text)], "{address}");
    }
    let found = at(&format!("{}/elsewhere", server.url)).test("Grid").await;
    assert_eq!(found[0].mark, Mark::Bad);
    assert_eq!(
        found[0].detail,
        "Something answers, but not as RT does. Look at the address."
    );
}

#[tokio::test]
async fn only_whom_the_operator_named_may_vouch_for_an_rt() {
    let Some(server) = rt_server() else { return };
    let behind = server.url.trim_start_matches("http://");
    let address = format!(
        "https://127.0.0.1:{}",
        tls_door(behind, &server.folder).await
    );
    let pem = std::fs::read_to_string(server.folder.join("ca.crt")).unwrap();
    let with = |authority| Rt::new(&guard(), &address, token(&server), authority).unwrap();
    let found = with(Some(pem.as_str())).test("Grid").await;
    assert!(
        lines(&found).contains(&(Mark::Good, "Its certificate is valid")),
        "{found:?}"
    );
    let found = with(None).test("Grid").await;
    let text = "Its certificate is not one that we can trust";
    assert_eq!(lines(&found), [(Mark::Bad, text)]);
}

#[tokio::test]
async fn a_session_is_kept_and_renewed_when_it_ends() {
    let Some(server) = rt_server() else { return };
    let id = opened(&bridge(&server), "session").await;
    for login in [token(&server), password("secret-bridge")] {
        let proxy = Lossy::before(server.url.trim_start_matches("http://")).await;
        let address = format!("http://127.0.0.1:{}", proxy.port);
        let rt = Rt::new(&guard(), &address, login, None).unwrap();
        for _ in 0..5 {
            rt.read(&id).await.unwrap();
        }
        let signed_in = || {
            let heads = proxy.heads();
            let secret = |head: &&String| {
                head.to_lowercase().contains("authorization:") || head.starts_with("POST /Helpers")
            };
            heads.iter().filter(secret).count()
        };
        assert_eq!(signed_in(), 1);
        // RT forgets everybody.
        server.sql("delete from sessions");
        let read = rt.read(&id).await.unwrap();
        assert_eq!(read.id, id);
        assert_eq!(signed_in(), 2);
        // An answer is made once, also when its session has just ended.
        server.sql("delete from sessions");
        let name = format!("session-{}-{}", proxy.port, std::process::id());
        let sent = rt.send(&id, &entry(&name, "once")).await.unwrap();
        assert!(!sent.found);
    }
}

#[tokio::test]
async fn rt_tells_at_once_who_wants_to_know() {
    let Some(server) = rt_server() else { return };
    let rt = bridge(&server);
    let id = opened(&rt, "hook").await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut said = Vec::new();
            let mut chunk = [0; 4096];
            stream
                .set_read_timeout(Some(Duration::from_secs(2)))
                .unwrap();
            while !String::from_utf8_lossy(&said).trim_end().ends_with("]}")
                && !said.ends_with(b"}")
            {
                match stream.read(&mut chunk) {
                    Ok(n @ 1..) => said.extend_from_slice(&chunk[..n]),
                    _ => break,
                }
            }
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
            if tell
                .send(String::from_utf8_lossy(&said).into_owned())
                .is_err()
            {
                return;
            }
        }
    });
    let hook = server.folder.join(format!("hooks/{}", std::process::id()));
    std::fs::write(&hook, format!("http://127.0.0.1:{port}/hook\n")).unwrap();
    answers(&server, "ada", &id, "look");
    std::fs::remove_file(&hook).unwrap();
    // Tests beside this one act in the same RT.
    let begin = Instant::now();
    loop {
        let said = told.recv_timeout(Duration::from_secs(10)).unwrap();
        let body = said.split("\r\n\r\n").nth(1).unwrap_or_default();
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        if body["ticket"].as_u64() == id.parse().ok()
            && body["transactions"][0]["type"] == "Correspond"
        {
            assert_eq!(body["transactions"][0]["creator"], "ada");
            break;
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "{body}");
    }
}
