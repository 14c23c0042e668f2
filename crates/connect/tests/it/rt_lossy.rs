//! A real RT behind a network that loses and repeats.

use std::collections::BTreeSet;
use std::time::Duration;

use connect::tracker::{Again, ChangeKind, Error, RemoteTicket, Rt, Tracker, Wanted};

use crate::lossy::{Loss, Lossy};
use crate::rt::{entry, guard, ticket, token};
use crate::server::{RtServer, rt_server};

async fn behind(server: &RtServer) -> (Lossy, Rt) {
    let proxy = Lossy::before(server.url.trim_start_matches("http://")).await;
    let address = format!("http://127.0.0.1:{}", proxy.port);
    let rt = Rt::new(&guard(), &address, token(server), None).unwrap();
    (proxy, rt)
}

/// Calls again as a job would: as long as that may help.
async fn until_done<T>(mut call: impl AsyncFnMut() -> Result<T, Error>) -> T {
    for _ in 0..20 {
        match call().await {
            Ok(done) => return done,
            Err(error) => match error.again() {
                Again::Later(_) => {}
                other => panic!("{error} ({other:?})"),
            },
        }
    }
    panic!("it does not get through");
}

/// Tickets there that were made with a marker, merged ones not counted.
fn made(server: &RtServer, marker: &str) -> String {
    server.sql(&format!(
        "select count(distinct t.id) from tickets t join links l on l.localbase = t.id \
         where l.target = '{marker}' and t.effectiveid = t.id"
    ))
}

#[tokio::test]
async fn a_call_whose_answer_was_lost_is_done_once() {
    let Some(server) = rt_server() else { return };
    let (proxy, rt) = behind(&server).await;
    rt.newest().await.unwrap();
    let new = ticket("unanswered");
    proxy.next("POST /REST/2.0/ticket ", Loss::Unanswered);
    let error = rt.create(&new).await.unwrap_err();
    assert_eq!(error.again(), Again::Later(None), "{error}");
    let found = rt.create(&new).await.unwrap();
    assert!(found.found);
    assert_eq!(made(&server, &new.marker), "1");

    let id = found.ticket.id;
    let name = format!("unanswered-answer-{}", std::process::id());
    proxy.next("correspond", Loss::Unanswered);
    rt.send(&id, &entry(&name, "x")).await.unwrap_err();
    assert!(rt.send(&id, &entry(&name, "x")).await.unwrap().found);

    // What never arrived is done by the second call.
    proxy.next("correspond", Loss::Unheard);
    let other = entry(&format!("{name}-2"), "y");
    rt.send(&id, &other).await.unwrap_err();
    assert!(!rt.send(&id, &other).await.unwrap().found);

    // Two that were made at the same time become one.
    let twice = ticket("twice");
    proxy.next("POST /REST/2.0/ticket ", Loss::Repeated);
    let one = rt.create(&twice).await.unwrap();
    assert_eq!(made(&server, &twice.marker), "1");
    assert_eq!(rt.create(&twice).await.unwrap().ticket.id, one.ticket.id);

    // A busy RT is left alone as long as it asks for.
    let busy = "HTTP/1.1 503 Busy\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n";
    proxy.next(&format!("ticket/{id}"), Loss::Instead(busy.into()));
    let error = rt.read(&id).await.unwrap_err();
    assert_eq!(error.again(), Again::Later(Some(Duration::from_secs(7))));
    assert_eq!(proxy.struck(), 5);
}

/// Sixty deeds, each done again until its answer comes and now and then once
/// more, as jobs may be; a tenth of all exchanges is lost or repeated. It takes
/// its time because RT does.
#[tokio::test]
async fn nothing_is_lost_or_doubled_when_a_tenth_of_all_exchanges_is() {
    let Some(server) = rt_server() else { return };
    let (proxy, rt) = behind(&server).await;
    let begin = until_done(async || rt.newest().await).await;
    let seed = 4_711;
    proxy.at_random(seed, 10, &[Loss::Unheard, Loss::Unanswered, Loss::Repeated]);
    let mut tickets: Vec<(String, RemoteTicket)> = Vec::new();
    let mut expected = BTreeSet::new();
    for n in 0..12 {
        let new = ticket(&format!("lossy-{n}"));
        let mut outcome = until_done(async || rt.create(&new).await).await;
        if n % 4 == 0 {
            outcome = until_done(async || rt.create(&new).await).await;
        }
        expected.insert(new.entry.marker.clone());
        tickets.push((new.marker, outcome.ticket));
    }
    for n in 0..36 {
        let id = &tickets[n % tickets.len()].1.id;
        let marker = format!("lossy-answer-{n}-{}", std::process::id());
        let ours = entry(&marker, &format!("answer {n}"));
        until_done(async || rt.send(id, &ours).await).await;
        if n % 6 == 0 {
            until_done(async || rt.send(id, &ours).await).await;
        }
        expected.insert(marker);
    }
    for (n, (_, ticket)) in tickets.iter().enumerate() {
        let wanted = Wanted {
            status: Some(if n % 2 == 0 { "stalled" } else { "resolved" }.into()),
            ..Wanted::default()
        };
        let set = until_done(async || rt.set(&ticket.id, &wanted).await).await;
        assert_eq!(set.not_taken, []);
    }
    assert!(
        proxy.struck() >= 15,
        "only {} struck, seed {seed}",
        proxy.struck()
    );

    // They are read through the same network, by the cursor, and each once.
    let (mut cursor, mut found) = (begin, Vec::new());
    loop {
        let changes = until_done(async || rt.changes(&cursor).await).await;
        cursor = changes.cursor;
        found.extend(changes.items);
        if !changes.more {
            break;
        }
    }
    proxy.calm();
    let ours: BTreeSet<&str> = tickets.iter().map(|(_, t)| t.id.as_str()).collect();
    let mut arrived = Vec::new();
    for change in &found {
        let entry = matches!(change.kind, ChangeKind::Opened | ChangeKind::Answered);
        if entry && ours.contains(change.ticket.as_str()) {
            arrived.extend(rt.entry(&change.id).await.unwrap().marker);
        }
    }
    arrived.sort();
    assert_eq!(
        arrived,
        expected.into_iter().collect::<Vec<_>>(),
        "seed {seed}"
    );
    for (marker, ticket) in &tickets {
        assert_eq!(made(&server, marker), "1", "seed {seed}");
        let now = rt.read(&ticket.id).await.unwrap();
        assert!(["stalled", "resolved"].contains(&now.status.as_str()));
    }
}
