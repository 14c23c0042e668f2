//! Zammad's API: ours and theirs, with a network that loses and repeats. The Zammad is
//! written from its documentation; that its own clients' author would know it again
//! is the last test here.

use std::collections::BTreeMap;

use connect::probe::Mark;
use connect::tracker::{
    Again, ChangeKind, Cursor, Error, Login, NewAttachment, Relation, RemoteChange, RemoteLink,
    Standing, Tracker, Wanted, Zammad,
};
use serde_json::{Value, json};

use crate::lossy::{Loss, Lossy};
use crate::rt::{entry, guard, ticket};
use crate::zammad_server::ZammadServer;

fn at(url: &str, login: &str) -> Zammad {
    let login = Login::Token(login.to_owned());
    Zammad::new(&guard(), "Zammad", url, login).unwrap()
}

async fn answers(
    server: &ZammadServer,
    user: &str,
    ticket: &str,
    text: &str,
    internal: bool,
) -> u64 {
    let body = json!({"ticket_id": ticket, "body": text, "internal": internal});
    let made = server.acts(user, "POST", "/ticket_articles", &body).await;
    made["id"].as_u64().unwrap()
}

async fn sets(server: &ZammadServer, user: &str, ticket: &str, values: Value) {
    server
        .acts(user, "PUT", &format!("/tickets/{ticket}"), &values)
        .await;
}

async fn changes_of(zammad: &Zammad, cursor: &Cursor, ticket: &str) -> (Vec<RemoteChange>, Cursor) {
    let found = zammad.changes(cursor).await.unwrap();
    let of = found.items.into_iter().filter(|c| c.ticket == ticket);
    (of.collect(), found.cursor)
}

fn kinds(changes: &[RemoteChange]) -> Vec<&ChangeKind> {
    changes.iter().map(|c| &c.kind).collect()
}

#[tokio::test]
async fn a_ticket_is_made_with_all_that_it_has_and_found_again() {
    let server = ZammadServer::start().await;
    let zammad = at(&format!("{}/api/v1/", server.url), "bridge");
    let before = zammad.newest().await.unwrap();
    let bytes: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    let mut new = ticket("made");
    new.subject = "Ünïcode\r\nSubject €".into();
    new.entry.body = "Grüße,\n\n  „zitiert“ 🙂\n".into();
    new.entry.attachments = [
        ("größe \"1\" €.bin", &bytes[..]),
        ("a/b.txt", b""),
        ("same", b"1"),
    ]
    .map(|(name, bytes)| NewAttachment {
        name: name.into(),
        content_type: "text/plain; charset=latin1".into(),
        bytes: bytes.to_vec(),
    })
    .to_vec();
    new.requesters = vec!["Rita@tests.example".into()];
    new.wanted = Wanted {
        status: Some("pending reminder".into()),
        owner: Some("ada".into()),
        priority: Some("3 high".into()),
        fields: BTreeMap::from([("severity".into(), vec!["awful".into()])]),
        ..Wanted::default()
    };
    let made = zammad.create(&new).await.unwrap();
    assert!(!made.found);
    assert_eq!(made.not_taken, []);
    let there = &made.ticket;
    assert_eq!(there.subject, "Ünïcode  Subject €");
    assert_eq!(
        (there.queue.as_str(), there.status.as_str()),
        ("Grid", "pending reminder")
    );
    assert_eq!(
        (there.owner(), there.priority.as_str()),
        (Some("ada"), "3 high")
    );
    assert_eq!(there.requesters, ["rita@tests.example"]);
    assert_eq!(there.fields, new.wanted.fields);
    assert_eq!(there.standing, Standing::Present);
    assert!(there.created > 1_700_000_000_000 && there.changed >= there.created);

    let again = zammad.create(&new).await.unwrap();
    assert!(again.found);
    assert_eq!((&again.ticket.id, server.tickets()), (&there.id, 1));

    let (changes, _) = changes_of(&zammad, &before, &there.id).await;
    assert_eq!(
        kinds(&changes),
        [&ChangeKind::Opened],
        "its entry is no second change"
    );
    assert!(changes[0].ours);
    let read = zammad.entry(&changes[0].id).await.unwrap();
    assert_eq!(read.marker, Some(new.entry.marker.clone()));
    assert_eq!(
        (read.body.as_str(), read.html),
        (new.entry.body.as_str(), false)
    );
    let names: Vec<&str> = read.attachments.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["größe \"1\" €.bin", "a_b.txt", "same"]);
    for (file, sent) in read.attachments.iter().zip(&new.entry.attachments) {
        assert_eq!(file.size, sent.bytes.len() as u64);
        assert_eq!(file.content_type, "text/plain");
        assert!(zammad.attachment(&file.id).await.unwrap() == sent.bytes);
    }

    // Without an address we are the customer, and so nobody asked.
    let mut alone = ticket("alone");
    alone.requesters.clear();
    assert_eq!(
        zammad.create(&alone).await.unwrap().ticket.requesters,
        [""; 0]
    );
}

#[tokio::test]
async fn entries_go_both_ways_and_what_is_internal_stays_there() {
    let server = ZammadServer::start().await;
    let zammad = at(&server.url, "bridge");
    let id = zammad.create(&ticket("entries")).await.unwrap().ticket.id;
    let (_, begin) = changes_of(&zammad, &zammad.newest().await.unwrap(), &id).await;

    let ours = entry("from-us", "Which plate?\n");
    let sent = zammad.send(&id, &ours).await.unwrap();
    assert_eq!(
        (sent.found, &sent.ticket, &sent.not_taken[..]),
        (false, &id, &[][..])
    );
    let again = zammad.send(&id, &ours).await.unwrap();
    assert_eq!((again.found, again.id), (true, sent.id));

    answers(&server, "ada", &id, "It is on the shelf.", false).await;
    let hidden = answers(&server, "ada", &id, "Do not tell them.", true).await;
    server
        .acts(
            "ada",
            "POST",
            "/ticket_articles",
            &json!({"ticket_id": id, "body": "We got your mail.", "sender": "System"}),
        )
        .await;
    let (changes, cursor) = changes_of(&zammad, &begin, &id).await;
    assert_eq!(
        kinds(&changes),
        [&ChangeKind::Answered, &ChangeKind::Answered]
    );
    assert_eq!((changes[0].ours, changes[1].ours), (true, false));
    assert_eq!(changes[1].author.name, "ada Tester");
    assert_eq!(
        zammad.entry(&changes[0].id).await.unwrap().marker,
        Some("from-us".into())
    );
    let theirs = zammad.entry(&changes[1].id).await.unwrap();
    assert_eq!(
        (theirs.body.as_str(), theirs.ours),
        ("It is on the shelf.", false)
    );
    assert_eq!(theirs.ticket, id);

    // Asked for outright, an internal one is not given out either.
    let history = zammad.history(&id).await.unwrap();
    let forged = (9u64 << 28 | hidden).to_string();
    let error = zammad.entry(&forged).await.unwrap_err();
    assert!(matches!(error, Error::Missing { .. }), "{error}");
    assert_eq!(history.len(), 3);

    // Published later, it comes then.
    assert_eq!(
        kinds(&changes_of(&zammad, &cursor, &id).await.0),
        [] as [&ChangeKind; 0]
    );
    let path = format!("/ticket_articles/{hidden}");
    server
        .acts("ada", "PUT", &path, &json!({"internal": false}))
        .await;
    let (published, _) = changes_of(&zammad, &cursor, &id).await;
    assert_eq!(kinds(&published), [&ChangeKind::Answered]);
    let read = zammad.entry(&published[0].id).await.unwrap();
    assert_eq!(read.body, "Do not tell them.");
    // Hidden and published once more, it is the entry that came already.
    for internal in [true, false] {
        server
            .acts("ada", "PUT", &path, &json!({"internal": internal}))
            .await;
    }
    assert_eq!(changes_of(&zammad, &cursor, &id).await.0, published);
}

#[tokio::test]
async fn what_changes_there_is_read_once_and_in_order() {
    let server = ZammadServer::start().await;
    let zammad = at(&server.url, "bridge");
    let id = zammad.create(&ticket("changes")).await.unwrap().ticket.id;
    let (_, begin) = changes_of(&zammad, &zammad.newest().await.unwrap(), &id).await;
    for values in [
        json!({"state": "open", "owner": "ada"}),
        json!({"priority": "1 low"}),
        json!({"severity": "mild", "title": "Another"}),
        json!({"group": "Users"}),
        json!({"state": "closed"}),
    ] {
        sets(&server, "ada", &id, values).await;
    }
    let (changes, cursor) = changes_of(&zammad, &begin, &id).await;
    let status = |from: &str, to: &str| ChangeKind::Status {
        from: from.into(),
        to: to.into(),
    };
    assert_eq!(
        kinds(&changes),
        [
            &status("new", "open"),
            &ChangeKind::Owner,
            &ChangeKind::Priority,
            &ChangeKind::Other("title".into()),
            &ChangeKind::Field("severity".into()),
            &ChangeKind::Queue,
            &status("open", "closed"),
        ]
    );
    assert!(changes.iter().all(|c| !c.ours && c.author.login == "ada"));
    assert!(changes.windows(2).all(|two| two[0].at <= two[1].at));
    // The cursor is kept as text.
    let kept: Cursor = serde_json::from_str(&serde_json::to_string(&cursor).unwrap()).unwrap();
    assert_eq!(changes_of(&zammad, &kept, &id).await.0, []);
    // Whoever loses it gets the same again.
    assert_eq!(changes_of(&zammad, &begin, &id).await.0, changes);

    let open = Wanted {
        status: Some("open".into()),
        owner: Some(String::new()),
        ..Wanted::default()
    };
    let set = zammad.set(&id, &open).await.unwrap();
    assert_eq!((set.ticket.owner(), &set.not_taken[..]), (None, &[][..]));
    assert!(
        changes_of(&zammad, &kept, &id)
            .await
            .0
            .iter()
            .all(|c| c.ours)
    );

    let late = Wanted {
        version: Some("2026-01-01T00:00:00.000Z".into()),
        ..open.clone()
    };
    assert_eq!(
        zammad.set(&id, &late).await.unwrap_err(),
        Error::Changed(id.clone())
    );
    let bad = Wanted {
        status: Some("stalled".into()),
        ..Wanted::default()
    };
    let error = zammad.set(&id, &bad).await.unwrap_err();
    assert!(error.to_string().contains("stalled"), "{error}");
    assert_eq!(error.again(), Again::Never);
}

#[tokio::test]
async fn more_than_a_page_of_tickets_is_read_whole() {
    let server = ZammadServer::start().await;
    let zammad = at(&server.url, "bridge");
    let begin = zammad.newest().await.unwrap();
    for n in 0..230 {
        let body = json!({"title": format!("T{n}"), "group": "Grid", "customer_id": 3,
                          "article": {"body": "x"}});
        server.acts("ada", "POST", "/tickets", &body).await;
    }
    let all = zammad.changes(&begin).await.unwrap();
    assert_eq!((all.items.len(), all.more), (230, false));
    assert_eq!(zammad.changes(&all.cursor).await.unwrap().items, []);
}

#[tokio::test]
async fn a_merged_ticket_is_followed() {
    let server = ZammadServer::start().await;
    let zammad = at(&server.url, "bridge");
    let first = zammad.create(&ticket("first")).await.unwrap().ticket.id;
    let second = zammad.create(&ticket("second")).await.unwrap().ticket.id;
    let (_, begin) = changes_of(&zammad, &zammad.newest().await.unwrap(), &first).await;
    answers(&server, "ada", &first, "before", false).await;
    let number = 20_000 + second.parse::<u64>().unwrap();
    let path = format!("/ticket_merge/{first}/{number}");
    server.acts("ada", "PUT", &path, &json!({})).await;

    assert_eq!(zammad.read(&first).await.unwrap().id, second);
    let (changes, _) = changes_of(&zammad, &begin, &first).await;
    let merged = ChangeKind::Merged {
        into: second.clone(),
    };
    // What was written before lies in the other now, and is still found.
    assert_eq!(kinds(&changes[..2]), [&ChangeKind::Answered, &merged]);
    assert_eq!(zammad.entry(&changes[0].id).await.unwrap().body, "before");
    let sent = zammad.send(&first, &entry("after", "after")).await.unwrap();
    assert_eq!(sent.ticket, second);
    assert!(
        zammad
            .send(&second, &entry("after", "after"))
            .await
            .unwrap()
            .found
    );
}

#[tokio::test]
async fn tickets_are_linked_as_it_links_them() {
    let server = ZammadServer::start().await;
    let zammad = at(&server.url, "bridge");
    let one = zammad.create(&ticket("one")).await.unwrap().ticket.id;
    let two = zammad.create(&ticket("two")).await.unwrap().ticket.id;
    for relation in [Relation::MemberOf, Relation::HasMember, Relation::RefersTo] {
        let link = RemoteLink {
            relation,
            target: two.clone(),
        };
        for there in [true, true, false, false] {
            zammad.set_link(&one, &link, there).await.unwrap();
            let links = zammad.read(&one).await.unwrap().links;
            assert_eq!(links, vec![link.clone(); usize::from(there)]);
        }
    }
    for (relation, target) in [
        (Relation::DependsOn, two.as_str()),
        (Relation::RefersTo, "https://desk.example/"),
    ] {
        let link = RemoteLink {
            relation,
            target: target.into(),
        };
        let error = zammad.set_link(&one, &link, true).await.unwrap_err();
        assert!(matches!(error, Error::NotTaken { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_call_whose_answer_was_lost_is_done_once() {
    let server = ZammadServer::start().await;
    let proxy = Lossy::before(server.url.trim_start_matches("http://")).await;
    let zammad = at(&format!("http://127.0.0.1:{}", proxy.port), "bridge");
    let new = ticket("unanswered");
    proxy.next("POST /api/v1/tickets ", Loss::Unanswered);
    let error = zammad.create(&new).await.unwrap_err();
    assert_eq!(error.again(), Again::Later(None), "{error}");
    let found = zammad.create(&new).await.unwrap();
    assert_eq!((found.found, server.tickets()), (true, 1));

    let id = found.ticket.id;
    proxy.next("POST /api/v1/ticket_articles", Loss::Unanswered);
    zammad.send(&id, &entry("lost", "x")).await.unwrap_err();
    assert!(zammad.send(&id, &entry("lost", "x")).await.unwrap().found);
    proxy.next("POST /api/v1/ticket_articles", Loss::Unheard);
    zammad.send(&id, &entry("unheard", "y")).await.unwrap_err();
    assert!(
        !zammad
            .send(&id, &entry("unheard", "y"))
            .await
            .unwrap()
            .found
    );
    assert_eq!(server.bodies(&id).len(), 3);

    // Two that were made at the same time become one.
    let twice = ticket("twice");
    proxy.next("POST /api/v1/tickets ", Loss::Repeated);
    let one = zammad.create(&twice).await.unwrap();
    assert_eq!(server.tickets(), 3);
    assert_eq!(
        zammad.create(&twice).await.unwrap().ticket.id,
        one.ticket.id
    );
    assert_eq!(
        zammad.read("3").await.unwrap().id,
        one.ticket.id,
        "it was merged"
    );

    // A call that only reads is made again at once.
    proxy.next("GET /api/v1/tickets", Loss::Unheard);
    zammad.read(&id).await.unwrap();
    let busy = "HTTP/1.1 503 Busy\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n";
    proxy.next(&format!("tickets/{id}"), Loss::Instead(busy.into()));
    let error = zammad.read(&id).await.unwrap_err();
    assert_eq!(
        error.again(),
        Again::Later(Some(std::time::Duration::from_secs(7)))
    );
    assert_eq!(proxy.struck(), 6);
}

#[tokio::test]
async fn a_test_of_the_connection_says_exactly_what_is_wrong() {
    let server = ZammadServer::start().await;
    zammad_says(&server, "bridge", "Grid", &[]).await;
    zammad_says(&server, "bridge", "grid ", &[]).await;
    zammad_says(
        &server,
        "nobody",
        "Grid",
        &["Zammad does not accept our secret (HTTP 401)"],
    )
    .await;
    for hidden in ["Hidden", "Nowhere"] {
        let told = format!("There is no group {hidden} that our account can see");
        zammad_says(&server, "bridge", hidden, &[&told]).await;
    }
    zammad_says(&server, "bridge", "Closed", &["Group Closed is not active"]).await;
    let lacks = [
        "Our account may not open tickets there",
        "Our account may not answer in them and set their state",
    ];
    zammad_says(&server, "watcher", "Grid", &lacks).await;
    let nowhere = at("http://127.0.0.1:9", "bridge");
    assert_eq!(nowhere.test("Grid").await[0].mark, Mark::Bad);
    let password = Login::Password {
        user: "bridge".into(),
        password: "bridge".into(),
    };
    let signed = Zammad::new(&guard(), "GGUS", &server.url, password).unwrap();
    let lines = signed.test("Grid").await;
    assert_eq!(lines[0].text, "It is GGUS");
    assert!(
        lines.iter().all(|line| line.mark == Mark::Good),
        "{lines:?}"
    );
}

async fn zammad_says(server: &ZammadServer, login: &str, group: &str, wrong: &[&str]) {
    let lines = at(&server.url, login).test(group).await;
    let bad: Vec<&str> = lines
        .iter()
        .filter(|line| line.mark == Mark::Bad)
        .map(|line| line.text.as_str())
        .collect();
    assert_eq!(bad, wrong, "{login} {group}: {lines:?}");
}

#[tokio::test]
async fn what_our_account_may_not_is_told() {
    let server = ZammadServer::start().await;
    let zammad = at(&server.url, "watcher");
    let error = zammad.create(&ticket("forbidden")).await.unwrap_err();
    assert!(matches!(error, Error::Forbidden { .. }), "{error}");
    assert_eq!(error.again(), Again::AfterRepair);
    let mut nowhere = ticket("nowhere");
    nowhere.queue = "Nowhere".into();
    let error = at(&server.url, "bridge")
        .create(&nowhere)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("Nowhere"), "{error}");
    assert_eq!(server.tickets(), 0);
    let error = zammad.read("4711").await.unwrap_err();
    assert_eq!(error.to_string(), "Zammad has no ticket 4711");
    for odd in ["", "../users/1", "4 or 1"] {
        assert!(
            matches!(zammad.read(odd).await, Err(Error::Wrong(_))),
            "{odd:?}"
        );
    }
    // What is no Zammad is known as none.
    let elsewhere = crate::lossy::Lossy::before("127.0.0.1:9").await;
    elsewhere.next(
        "GET",
        Loss::Instead("HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n<html/>".into()),
    );
    let zammad = at(&format!("http://127.0.0.1:{}", elsewhere.port), "bridge");
    let error = zammad.read("1").await.unwrap_err();
    assert!(matches!(error, Error::Strange { .. }), "{error}");
}
