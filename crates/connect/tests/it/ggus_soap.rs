//! The SOAP services of the GGUS of before 2025: ours and theirs, with a network that
//! loses. The GGUS is written from its documentation; that PyPI's suds works with it is a
//! test of `clients`.

use connect::probe::{Mark, Question};
use connect::tracker::{
    Again, ChangeKind, Cursor, Error, GgusSoap, Login, NewAttachment, NewTicket, RemoteChange,
    Tracker, Wanted,
};

use crate::ggus_soap_server::GgusSoapServer;
use crate::lossy::{Loss, Lossy};
use crate::rt::{entry, guard};

fn at(url: &str, user: &str, queue: &str) -> GgusSoap {
    let login = Login::Password {
        user: user.into(),
        password: user.into(),
    };
    GgusSoap::new(&guard(), &GgusSoapServer::services(url), queue, login).unwrap()
}

fn bridge(server: &GgusSoapServer) -> GgusSoap {
    at(&server.url, "bridge", "NGI_SKY")
}

fn new(marker: &str) -> NewTicket {
    NewTicket {
        queue: "NGI_SKY".into(),
        ..crate::rt::ticket(marker)
    }
}

fn file(name: &str, bytes: &[u8]) -> NewAttachment {
    NewAttachment {
        name: name.into(),
        content_type: "text/plain".into(),
        bytes: bytes.to_vec(),
    }
}

async fn changes_of(ggus: &GgusSoap, cursor: &Cursor, id: &str) -> (Vec<RemoteChange>, Cursor) {
    let found = ggus.changes(cursor).await.unwrap();
    let of = found.items.into_iter().filter(|c| c.ticket == id);
    (of.collect(), found.cursor)
}

fn kinds(changes: &[RemoteChange]) -> Vec<&ChangeKind> {
    changes.iter().map(|c| &c.kind).collect()
}

fn status(from: &str, to: &str) -> ChangeKind {
    ChangeKind::Status {
        from: from.into(),
        to: to.into(),
    }
}

fn wants(word: &str) -> Wanted {
    Wanted {
        status: Some(word.into()),
        ..Wanted::default()
    }
}

#[tokio::test]
async fn a_ticket_is_made_with_all_that_it_has_and_found_again() {
    let server = GgusSoapServer::start().await;
    let ggus = at(&server.url, "bridge", "ngi_sky as EUDAT");
    let refused = ggus.create(&new("made")).await.unwrap_err();
    assert!(
        refused.to_string().contains("GHD_Responsible_Unit"),
        "{refused}"
    );
    let ggus = at(&server.url, "bridge", "NGI_SKY as EUDAT");
    let before = ggus.newest().await.unwrap();
    let mut new = new("made");
    new.subject = "Ünïcode\r\nSubject".into();
    new.entry.body = "Grüße <b>&amp;</b>,\n]]> \u{0}„zitiert“".into();
    new.wanted.priority = Some("very urgent".into());
    new.wanted.status = Some("in progress".into());
    let made = ggus.create(&new).await.unwrap();
    assert_eq!((made.found, &made.not_taken[..]), (false, &[][..]));
    let there = &made.ticket;
    assert_eq!(
        (
            there.subject.as_str(),
            there.status.as_str(),
            there.priority.as_str()
        ),
        ("Ünïcode  Subject", "in progress", "very urgent")
    );
    assert_eq!(
        (there.queue.as_str(), &there.requesters[..]),
        ("NGI_SKY as EUDAT", &[][..])
    );
    assert!(there.created > 1_700_000_000_000, "{there:?}");
    for (name, is) in [
        ("GHD_Origin_ID", "4711"),
        ("GHD_Origin_SG", "EUDAT"),
        ("GHD_Related_Issue", new.marker.as_str()),
        ("GHD_Last_Login", "bridge"),
        ("GHD_E-Mail", ""),
        ("GHD_Internal_Diary", ""),
    ] {
        assert_eq!(server.value(&there.id, name), is, "{name}");
    }
    let again = ggus.create(&new).await.unwrap();
    assert_eq!(
        (again.found, &again.ticket.id, server.tickets()),
        (true, &there.id, 1)
    );
    let (changes, _) = changes_of(&ggus, &before, &there.id).await;
    assert_eq!(
        kinds(&changes),
        [&ChangeKind::Opened, &status("assigned", "in progress")]
    );
    assert!(changes.iter().all(|c| c.ours), "{changes:?}");
    let read = ggus.entry(&changes[0].source).await.unwrap();
    assert_eq!(read.body, "Grüße <b>&amp;</b>,\n]]> „zitiert“");
    assert_eq!(
        (read.ours, read.marker),
        (true, Some(new.entry.marker.clone()))
    );
}

#[tokio::test]
async fn public_diaries_go_both_ways_and_internal_ones_stay_there() {
    let server = GgusSoapServer::start().await;
    let ggus = bridge(&server);
    let id = ggus.create(&new("diary")).await.unwrap().ticket.id;
    let (_, begin) = changes_of(&ggus, &ggus.newest().await.unwrap(), &id).await;
    let mut ours = entry("from-us", "Which plate?");
    ours.attachments = vec![file("x.txt", b"x"), file("y.bin", &[0, 255, 13])];
    let sent = ggus.send(&id, &ours).await.unwrap();
    assert_eq!(
        (sent.found, &sent.ticket, &sent.not_taken[..]),
        (false, &id, &[][..])
    );
    let again = ggus.send(&id, &ours).await.unwrap();
    assert_eq!((again.found, again.id, server.files()), (true, sent.id, 2));
    server.changes(&id, "ada", &[("GHD_Internal_Diary", "Not for them.")]);
    // Who quotes a marker is not who wrote it.
    let quoted = "> Which plate?\n\n[switchboard:from-us]";
    server.changes(&id, "ada", &[("GHD_Public_Diary", quoted)]);
    let attached = server.attaches(&id, "ada", "plate ü.txt", b"seventeen");
    let (changes, cursor) = changes_of(&ggus, &begin, &id).await;
    assert_eq!(kinds(&changes), [&ChangeKind::Answered; 3]);
    let mut bodies = Vec::new();
    for change in &changes {
        let read = ggus.entry(&change.source).await.unwrap();
        assert_eq!((read.ours, &read.ticket), (change.ours, &id));
        if read.ours {
            assert_eq!(read.marker.as_deref(), Some("from-us"));
        } else {
            assert_eq!((read.marker, read.author.name.as_str()), (None, "ada"));
        }
        for file in &read.attachments {
            assert_eq!((file.id.as_str(), file.size), (attached.as_str(), 9));
            let bytes = ggus.attachment(&file.id).await.unwrap();
            assert_eq!(bytes, b"seventeen");
        }
        bodies.push(read.body);
    }
    bodies.sort();
    assert_eq!(
        bodies,
        [
            quoted,
            "File: plate ü.txt",
            "Which plate?\n\n[File: x.txt (ATT50001)]\n\n[File: y.bin (ATT50002)]"
        ]
    );
    assert_eq!(changes_of(&ggus, &cursor, &id).await.0, []);
    assert_eq!(changes_of(&ggus, &begin, &id).await.0, changes);
    let history = ggus.history(&id).await.unwrap();
    assert!(changes.iter().all(|c| history.contains(c)), "{history:?}");
    for odd in [
        "",
        "ticket",
        "diary/1",
        "diary/x/1",
        "diary/1/x",
        "notes/1/1",
    ] {
        let error = ggus.entry(odd).await;
        assert!(matches!(error, Err(Error::Wrong(_))), "{odd}");
    }
    let none = ggus.entry(&format!("diary/{id}/17")).await;
    assert!(matches!(none, Err(Error::Missing { .. })));
}

#[tokio::test]
async fn what_changes_there_is_read_once_and_in_order_and_set_as_it_takes_it() {
    let server = GgusSoapServer::start().await;
    let ggus = bridge(&server);
    let id = ggus.create(&new("changes")).await.unwrap().ticket.id;
    let (_, begin) = changes_of(&ggus, &ggus.newest().await.unwrap(), &id).await;
    server.changes(
        &id,
        "ada",
        &[("GHD_Status", "in progress"), ("GHD_Priority", "urgent")],
    );
    server.changes(&id, "ada", &[("GHD_Assign_To", "ada@ggus.example")]);
    server.changes(
        &id,
        "ada",
        &[
            ("GHD_Status", "solved"),
            ("GHD_Detailed_Solution", "Plugged in."),
        ],
    );
    server.changes(&id, "uma", &[("GHD_Status", "reopened")]);
    let (found, cursor) = changes_of(&ggus, &begin, &id).await;
    assert!(found.iter().all(|c| !c.ours), "{found:?}");
    // A text comes before what is set in its second, and when that ends nobody knows here.
    let (texts, values): (Vec<_>, Vec<_>) = found
        .into_iter()
        .partition(|c| c.kind == ChangeKind::Answered);
    assert_eq!(
        kinds(&values),
        [
            &status("assigned", "in progress"),
            &ChangeKind::Priority,
            &ChangeKind::Owner,
            &status("in progress", "solved"),
            &status("solved", "reopened"),
        ]
    );
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert_eq!(
        ggus.entry(&texts[0].source).await.unwrap().body,
        "Plugged in."
    );
    let read = ggus.read(&id).await.unwrap();
    assert_eq!(read.owner(), Some("ada@ggus.example"));
    assert_eq!(ggus.changes(&cursor).await.unwrap().items, []);
    // What is solved from here has what was last said from here as its solution.
    ggus.send(&id, &entry("said", "It was the plug."))
        .await
        .unwrap();
    for word in [
        "waiting for reply",
        "solved",
        "reopened",
        "unsolved",
        "in progress",
    ] {
        for _ in 0..2 {
            let set = ggus.set(&id, &wants(word)).await.unwrap();
            assert_eq!(
                (set.ticket.status.as_str(), &set.not_taken[..]),
                (word, &[][..])
            );
        }
        let solution = server.value(&id, "GHD_Detailed_Solution");
        let plugged = solution == "It was the plug.\n\n[switchboard:said]";
        assert_eq!(plugged, word != "waiting for reply", "{solution}");
    }
    let (ours, _) = changes_of(&ggus, &cursor, &id).await;
    let texts = ours.iter().filter(|c| c.kind == ChangeKind::Answered);
    assert_eq!(
        texts.count(),
        1,
        "the solution is no second answer: {ours:?}"
    );
    // It gives the next one to somebody, and nothing is new twice.
    let set = ggus.set(&id, &wants("new")).await.unwrap();
    assert_eq!(
        (set.ticket.status.as_str(), &set.not_taken[..]),
        ("in progress", &[][..])
    );
    let late = Wanted {
        version: Some("2020-01-01T00:00:00Z".into()),
        ..wants("solved")
    };
    let error = ggus.set(&id, &late).await.unwrap_err();
    assert!(matches!(error, Error::Changed(_)), "{error}");
    let error = ggus.set(&id, &wants("lost")).await.unwrap_err();
    assert!(error.to_string().contains("GHD_Status"), "{error}");
    // Where nothing was said from here, a sentence of ours stands for it.
    let other = ggus.create(&new("silent")).await.unwrap().ticket.id;
    ggus.set(&other, &wants("solved")).await.unwrap();
    assert_eq!(
        server.value(&other, "GHD_Detailed_Solution"),
        "See the public diary."
    );
    let told = ggus.history(&other).await.unwrap();
    assert!(
        !told.iter().any(|c| c.kind == ChangeKind::Answered),
        "{told:?}"
    );
}

#[tokio::test]
async fn what_leaves_the_lists_is_followed_and_what_is_deleted_is_told() {
    let server = GgusSoapServer::start().await;
    let ggus = bridge(&server);
    let begin = ggus.newest().await.unwrap();
    let ids: Vec<String> = (0..3)
        .map(|n| server.opens("uma", &format!("T{n}"), "x"))
        .collect();
    let found = ggus.changes(&begin).await.unwrap();
    assert_eq!(kinds(&found.items), [&ChangeKind::Opened; 3]);
    let uma = &found.items[0].author;
    assert_eq!(
        (uma.name.as_str(), uma.email.as_str()),
        ("uma", "uma@people.example")
    );
    assert!(!found.items[0].ours);
    let kept = serde_json::to_string(&found.cursor).unwrap();
    let cursor: Cursor = serde_json::from_str(&kept).unwrap();
    server.changes(&ids[0], "ada", &[("GHD_Responsible_Unit", "NGI_OTHER")]);
    let solved = [("GHD_Status", "solved"), ("GHD_Detailed_Solution", "Done.")];
    server.changes(&ids[1], "ada", &solved);
    server.changes(&ids[1], "uma", &[("GHD_Status", "verified")]);
    server.deletes(&ids[2]);
    let found = ggus.changes(&cursor).await.unwrap();
    let of = |id: &str| {
        let all = found.items.iter().filter(|c| c.ticket == id);
        all.map(|c| c.kind.clone()).collect::<Vec<_>>()
    };
    assert_eq!(of(&ids[0]), [ChangeKind::Queue]);
    assert_eq!(
        of(&ids[1]),
        [
            ChangeKind::Answered,
            status("assigned", "solved"),
            status("solved", "verified")
        ]
    );
    assert_eq!(of(&ids[2]), [status("", "deleted")]);
    assert_eq!(ggus.read(&ids[0]).await.unwrap().queue, "NGI_OTHER");
    // In the other unit it goes on, and what is over is over.
    server.changes(
        &ids[0],
        "eve",
        &[("GHD_Public_Diary", "It is with us now.")],
    );
    let found = ggus.changes(&found.cursor).await.unwrap();
    assert_eq!(kinds(&found.items), [&ChangeKind::Answered]);
    assert_eq!(
        found
            .cursor
            .known
            .iter()
            .map(u64::to_string)
            .collect::<Vec<_>>(),
        ids[..1]
    );
    // Who reads all that there ever was gets what is closed, too.
    let all = ggus.changes(&Cursor::default()).await.unwrap();
    assert!(all.items.iter().any(|c| c.ticket == ids[1]), "{all:?}");
    let error = ggus.read(&ids[2]).await.unwrap_err();
    assert_eq!(error.to_string(), format!("GGUS has no ticket {}", ids[2]));
    assert!(ggus.send(&ids[2], &entry("late", "x")).await.is_err());
}

#[tokio::test]
async fn more_than_a_page_is_read_whole() {
    let server = GgusSoapServer::start().await;
    let ggus = bridge(&server);
    let begin = ggus.newest().await.unwrap();
    for n in 0..210 {
        server.opens("uma", &format!("T{n}"), "x");
    }
    let first = server.opens("uma", "Long", "x");
    for n in 0..410 {
        server.changes(&first, "ada", &[("GHD_Public_Diary", &format!("D{n}"))]);
    }
    let all = ggus.changes(&begin).await.unwrap();
    let texts = all.items.iter().filter(|c| c.kind == ChangeKind::Answered);
    let numbers: std::collections::BTreeSet<&str> = texts.map(|c| c.id.as_str()).collect();
    assert_eq!((all.items.len(), numbers.len()), (211 + 410, 410));
    assert_eq!(ggus.changes(&all.cursor).await.unwrap().items, []);
}

#[tokio::test]
async fn what_is_too_long_for_its_fields_goes_along_as_a_file() {
    let server = GgusSoapServer::start().await;
    let ggus = bridge(&server);
    let mut long = new("long");
    long.entry.body = "ü".repeat(5_000);
    let made = ggus.create(&long).await.unwrap();
    assert_eq!((&made.not_taken[..], server.files()), (&[][..], 1));
    assert_eq!(
        ggus.attachment("ATT50001").await.unwrap(),
        long.entry.body.as_bytes()
    );
    assert!(ggus.create(&long).await.unwrap().found);
    let mut answer = entry("long-answer", &"x".repeat(9_000));
    answer.attachments = vec![file(&"n".repeat(200), b"n")];
    let id = made.ticket.id;
    ggus.send(&id, &answer).await.unwrap();
    assert!(ggus.send(&id, &answer).await.unwrap().found);
    assert_eq!(
        ggus.attachment("ATT50002").await.unwrap(),
        answer.body.as_bytes()
    );
    let files = server.files();
    assert_eq!(files, 3, "an upload is not made again");
}

#[tokio::test]
async fn a_call_whose_answer_was_lost_is_done_once() {
    let server = GgusSoapServer::start().await;
    let proxy = Lossy::before(server.url.trim_start_matches("http://")).await;
    let lossy = at(
        &format!("http://127.0.0.1:{}", proxy.port),
        "bridge",
        "NGI_SKY",
    );
    let ggus = bridge(&server);
    let unanswered = new("unanswered");
    // A list that nobody answers is asked for again at once, twice.
    for _ in 0..2 {
        proxy.next("webService=GGUS ", Loss::Unheard);
    }
    assert!(!lossy.create(&unanswered).await.unwrap().found);
    assert_eq!((server.tickets(), proxy.struck()), (1, 2));
    let id = ggus.create(&unanswered).await.unwrap().ticket.id;
    // The entry: its files first, then the text.
    let mut ours = entry("lost", "x");
    ours.attachments = vec![file("a.txt", b"a"), file("a.txt", b"b")];
    proxy.next("webService=GGUS ", Loss::Unanswered);
    let error = lossy.send(&id, &ours).await.unwrap_err();
    assert_eq!(error.again(), Again::Later(None), "{error}");
    assert!(lossy.send(&id, &ours).await.unwrap().found);
    // Files went up, the text did not: they are not put there twice.
    let mut ours = entry("unheard", "y");
    ours.attachments = vec![file("a.txt", b"a")];
    proxy.next("webService=GGUS ", Loss::Unheard);
    lossy.send(&id, &ours).await.unwrap_err();
    assert!(!lossy.send(&id, &ours).await.unwrap().found);
    assert_eq!((server.bodies(&id).len(), server.files()), (3, 3));
    // Too busy, it says when to come again.
    server.busy(true);
    let error = ggus.read(&id).await.unwrap_err();
    assert_eq!(
        error.again(),
        Again::Later(Some(std::time::Duration::from_secs(42)))
    );
    server.busy(false);
    server.fails("ERROR (92): Timeout during database update");
    let error = ggus.read(&id).await.unwrap_err();
    assert_eq!(error.again(), Again::Later(None), "{error}");
}

#[tokio::test]
async fn a_ticket_whose_answer_was_lost_is_made_once_and_one_that_was_made_twice_ends() {
    let server = GgusSoapServer::start().await;
    let ggus = bridge(&server);
    let proxy = Lossy::before(server.url.trim_start_matches("http://")).await;
    let lossy = at(
        &format!("http://127.0.0.1:{}", proxy.port),
        "bridge",
        "NGI_SKY",
    );
    let mut seed = 0;
    // The calls that it loses are drawn: some of them is the one that makes it.
    while proxy.struck() < 30 && seed < 200 {
        seed += 1;
        proxy.at_random(seed, 20, &[Loss::Unanswered, Loss::Unheard]);
        let new = new(&format!("lost-{seed}"));
        let first = lossy.create(&new).await;
        proxy.calm();
        let found = lossy.create(&new).await.unwrap();
        if let Ok(first) = first {
            assert_eq!((first.ticket.id, true), (found.ticket.id, found.found));
        }
        assert_eq!(server.tickets(), usize::try_from(seed).unwrap());
    }
    assert!(proxy.struck() >= 30);
    // A network that says it twice makes it twice.
    let new = new("twice");
    let before = server.tickets();
    let made = ggus.create(&new).await.unwrap().ticket.id;
    let twin = server.opens("uma", "Twin", "x");
    server.changes(
        &twin,
        "bridge",
        &[
            ("GHD_Related_Issue", new.marker.as_str()),
            ("GHD_Origin_SG", "bridge"),
        ],
    );
    let again = ggus.create(&new).await.unwrap();
    assert_eq!((again.found, &again.ticket.id), (true, &made));
    assert_eq!(server.value(&twin, "GHD_Status"), "unsolved");
    let said = server.value(&twin, "GHD_Detailed_Solution");
    assert_eq!(said, format!("This was made twice. It goes on in {made}."));
    assert_eq!(server.tickets(), before + 2);
}

#[tokio::test]
async fn a_test_of_the_connection_says_exactly_what_is_wrong() {
    let server = GgusSoapServer::start().await;
    bridge(&server).create(&new("probe")).await.unwrap();
    for (user, queue, wrong) in [
        ("bridge", "NGI_SKY", vec![]),
        ("watcher", "NGI_SKY as EUDAT", vec![]),
        (
            "nobody",
            "NGI_SKY",
            vec!["GGUS does not accept our secret (HTTP 500)"],
        ),
        (
            "blind",
            "NGI_SKY",
            vec![
                "Our account may not see what happened to tickets",
                "Our account may not see their files",
            ],
        ),
    ] {
        let told = at(&server.url, user, queue).test(queue).await;
        let bad = told.iter().filter(|line| line.mark == Mark::Bad);
        let bad: Vec<&str> = bad.map(|line| line.text.as_str()).collect();
        assert_eq!(bad, wrong, "{user} {queue}: {told:?}");
    }
    let told = bridge(&server).test("").await;
    let texts: Vec<&str> = told.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "It is a GGUS that is spoken to by SOAP",
            "Signed in as bridge",
            "Tickets of NGI_SKY can be read",
            "Tickets from here say that they come from bridge",
            "Our account may see what happened to tickets",
            "Our account may see their files",
            "Whether our account may write shows only when it does",
        ]
    );
    let told = at(&server.url, "bridge", "NOWHERE").test("").await;
    let odd = told.iter().find(|line| line.mark == Mark::Odd).unwrap();
    assert_eq!(odd.text, "GGUS shows no open ticket of NOWHERE");
    let nowhere = at("http://127.0.0.1:9", "bridge", "NGI_SKY");
    assert_eq!(nowhere.test("").await[0].mark, Mark::Bad);
    let watcher = at(&server.url, "watcher", "NGI_SKY");
    let error = watcher.create(&new("no")).await.unwrap_err();
    assert!(matches!(error, Error::Forbidden { .. }), "{error}");
    for odd in ["", "../x", "4 or 1", "-1"] {
        let error = bridge(&server).read(odd).await;
        assert!(matches!(error, Err(Error::Wrong(_))), "{odd:?}");
    }
    // Who has no secret learns that there is something, and what is wrong with an address.
    let question = |endpoint: String, secret: Option<&str>| Question {
        system: "ggus_soap".into(),
        endpoint,
        queue: "NGI_SKY".into(),
        secret: secret.map(str::to_owned),
    };
    let services = GgusSoapServer::services(&server.url);
    let told = connect::tracker::test(&guard(), &question(services, None)).await;
    assert_eq!(
        told.last().unwrap().text,
        "It asks who we are, and no secret was sent"
    );
    let bare = question(server.url.clone(), Some("bridge:bridge"));
    let told = connect::tracker::test(&guard(), &bare).await;
    assert!(told[0].text.contains("?server=NAME"), "{told:?}");
}
