//! A real RT 5: tickets, entries and changes, ours and theirs.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use connect::tracker::{
    Again, ChangeKind, Cursor, Error, NewAttachment, Relation, RemoteChange, RemoteLink, Rt,
    Standing, Tracker, Wanted,
};
use serde_json::json;

use crate::rt::{answers, bridge, curl_path, entry, opened, ticket};
use crate::server::{RtServer, rt_server};

/// The changes of one ticket since a cursor.
async fn changes_of(rt: &Rt, cursor: &Cursor, ticket: &str) -> (Vec<RemoteChange>, Cursor) {
    let found = rt.changes(cursor).await.unwrap();
    let of = found.items.into_iter().filter(|c| c.ticket == ticket);
    (of.collect(), found.cursor)
}

fn sets(server: &RtServer, user: &str, ticket: &str, values: &serde_json::Value) {
    server.acts(user, "PUT", &curl_path(ticket, ""), values);
}

#[tokio::test]
async fn a_ticket_is_made_with_all_that_it_has_and_found_again() {
    let Some(server) = rt_server() else { return };
    let rt = bridge(&server);
    let bytes: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    let long = format!("{} größe €.tar", "ä".repeat(60));
    let files: Vec<(&str, &str, Vec<u8>)> = vec![
        ("größe \"1\" €.bin", "application/octet-stream", bytes),
        (long.as_str(), "application/x-tar", b"tar".to_vec()),
        ("notes.txt", "text/plain", "Grüße\r\nzwei\n\n".into()),
        (
            "latin.txt",
            "text/plain; charset=latin1",
            b"gr\xfc\xdfe\r\n".to_vec(),
        ),
        ("empty.log", "text/x-log", vec![]),
        ("a b.png", "image/png", vec![0x89, 0, 10, 13]),
        (
            "mail.eml",
            "message/rfc822",
            b"Subject: x\r\n\r\nhello\r\n".to_vec(),
        ),
    ];
    let mut new = ticket("made");
    new.subject = "Ünïcode\r\nSubject €".into();
    new.entry.body = "Grüße,\n\n  „zitiert“ 🙂\n".into();
    new.entry.attachments = files
        .iter()
        .map(|(name, content_type, bytes)| NewAttachment {
            name: (*name).into(),
            content_type: (*content_type).into(),
            bytes: bytes.clone(),
        })
        .collect();
    new.requesters = vec!["rita@tests.example".into()];
    new.wanted = Wanted {
        owner: Some("ada".into()),
        priority: Some("50".into()),
        fields: BTreeMap::from([
            ("Severity".into(), vec!["high".into()]),
            ("Site".into(), vec!["Orsay 2".into()]),
            ("Middleware".into(), vec!["eos".into(), "dcache".into()]),
        ]),
        ..Wanted::default()
    };
    let before = rt.newest().await.unwrap();
    let made = rt.create(&new).await.unwrap();
    assert!(!made.found);
    assert_eq!(made.not_taken, []);
    let there = &made.ticket;
    assert_eq!(there.subject, "Ünïcode  Subject €");
    assert_eq!(
        (there.queue.as_str(), there.status.as_str()),
        ("Grid", "new")
    );
    assert_eq!(there.owner(), Some("ada"));
    assert_eq!(there.priority, "50");
    assert_eq!(there.requesters, ["rita@tests.example"]);
    assert_eq!(there.fields["Severity"], ["high"]);
    let mut middleware = there.fields["Middleware"].clone();
    middleware.sort();
    assert_eq!(middleware, ["dcache", "eos"]);
    assert!(there.created > 1_700_000_000_000 && there.changed >= there.created);

    let again = rt.create(&new).await.unwrap();
    assert!(again.found);
    assert_eq!(again.ticket.id, there.id);

    let (changes, _) = changes_of(&rt, &before, &there.id).await;
    let opening = changes
        .iter()
        .find(|c| c.kind == ChangeKind::Opened)
        .unwrap();
    assert!(opening.ours);
    let entry = rt.entry(&opening.id).await.unwrap();
    assert_eq!(entry.marker, Some(new.entry.marker.clone()));
    assert_eq!(
        (entry.body.as_str(), entry.html),
        (new.entry.body.as_str(), false)
    );
    assert_eq!(entry.attachments.len(), files.len());
    for (file, (name, _, bytes)) in entry.attachments.iter().zip(&files) {
        assert_eq!(file.name, *name);
        assert_eq!(file.size, bytes.len() as u64, "{name}");
        assert!(rt.attachment(&file.id).await.unwrap() == *bytes, "{name}");
    }
    assert_eq!(entry.attachments[2].content_type, "text/plain");
}

#[tokio::test]
async fn what_a_new_ticket_did_not_get_is_told() {
    let Some(server) = rt_server() else { return };
    let rt = bridge(&server);
    let mut new = ticket("refused");
    new.wanted.owner = Some("nobody-of-this-name".into());
    new.wanted.fields = BTreeMap::from([
        ("Severity".into(), vec!["awful".into()]),
        ("No such field".into(), vec!["x".into()]),
        ("Site".into(), vec!["CERN".into()]),
    ]);
    let made = rt.create(&new).await.unwrap();
    let fields: Vec<&str> = made.not_taken.iter().map(|n| n.field.as_str()).collect();
    assert_eq!(fields, ["owner", "No such field", "Severity"]);
    assert_eq!(made.ticket.fields["Site"], ["CERN"]);

    new = ticket("no-right");
    for queue in ["Watched", "Closed", "Nowhere"] {
        new.queue = queue.into();
        let error = rt.create(&new).await.unwrap_err();
        assert!(matches!(error, Error::Forbidden { .. }), "{error:?}");
        assert_eq!(error.again(), Again::AfterRepair);
    }
}

#[tokio::test]
async fn entries_go_both_ways_and_comments_stay_there() {
    let Some(server) = rt_server() else { return };
    let rt = bridge(&server);
    let id = opened(&rt, "entries").await;
    let begin = rt.newest().await.unwrap();

    let name = format!("to-rt-{}-{}", std::process::id(), "x".repeat(40));
    let mut ours = entry(&name, "0");
    ours.attachments = vec![NewAttachment {
        name: "Schlüssel.asc".into(),
        content_type: "application/pgp-keys".into(),
        bytes: vec![1, 2, 3, 255],
    }];
    let sent = rt.send(&id, &ours).await.unwrap();
    assert!(!sent.found && sent.not_taken.is_empty(), "{sent:?}");
    let again = rt.send(&id, &ours).await.unwrap();
    assert_eq!((again.found, &again.id), (true, &sent.id));
    // What RT has no name for, and what it finds too large, is told.
    let mut odd = entry(&format!("{name}-1"), "files");
    odd.attachments = ["0", "huge.bin"]
        .iter()
        .map(|name| NewAttachment {
            name: (*name).into(),
            content_type: "application/octet-stream".into(),
            bytes: vec![7; if *name == "0" { 3 } else { 400_000 }],
        })
        .collect();
    let kept = rt.send(&id, &odd).await.unwrap();
    let told: Vec<(&str, &str)> = kept
        .not_taken
        .iter()
        .map(|n| (n.field.as_str(), n.is.as_str()))
        .collect();
    assert_eq!(told, [("0", "0_"), ("huge.bin", "the first 300000 bytes")]);
    // A text that quotes a marker is not what was marked.
    let quoted = entry(&format!("{name}-2"), &format!("switchboard=\"{name}-3\""));
    let second = rt.send(&id, &quoted).await.unwrap();
    let third = rt
        .send(&id, &entry(&format!("{name}-3"), "x"))
        .await
        .unwrap();
    assert!(!second.found && !third.found);

    // One of them answers in RT, with a file, and comments.
    server.acts(
        "ada",
        "POST",
        &curl_path(&id, "/correspond"),
        &json!({
            "Content": "Schon behoben?\n", "ContentType": "text/plain",
            "Attachments": [{"FileName": "log.bin", "FileType": "application/octet-stream",
                "FileContent": STANDARD.encode([0, 10, 13, 200])}],
        }),
    );
    server.acts(
        "ada",
        "POST",
        &curl_path(&id, "/comment"),
        &json!({ "Content": "between us: they broke it", "ContentType": "text/plain" }),
    );
    // Another answers by mail.
    server.mail(
        "Grid",
        &format!(
            "From: Grace Höpper <grace@tests.example>\nTo: grid@tests.example\n\
             Subject: Re: [tests.example #{id}] Jobs fail\nMessage-ID: <{name}@tests.example>\n\
             MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n\
             --b\nContent-Type: multipart/alternative; boundary=c\n\n\
             --c\nContent-Type: text/plain; charset=utf-8\n\nGrüße per Mail\n\n\
             --c\nContent-Type: text/html; charset=utf-8\n\n<p>Grüße per <b>Mail</b></p>\n\n--c--\n\n\
             --b\nContent-Type: image/png; name=\"a.png\"\nContent-Disposition: attachment; \
             filename=\"a.png\"\nContent-Transfer-Encoding: base64\n\niVBORw==\n\n--b--\n"
        ),
    );

    let (changes, after) = changes_of(&rt, &begin, &id).await;
    let entries: Vec<&RemoteChange> = changes
        .iter()
        .filter(|c| c.kind == ChangeKind::Answered)
        .collect();
    let authors: Vec<(&str, bool)> = entries
        .iter()
        .map(|c| (c.author.login.as_str(), c.ours))
        .collect();
    assert_eq!(
        authors,
        [
            ("bridge", true),
            ("bridge", true),
            ("bridge", true),
            ("bridge", true),
            ("ada", false),
            ("grace", false)
        ]
    );
    assert_eq!(entries[0].id, sent.id);

    let back = rt.entry(&entries[4].id).await.unwrap();
    assert_eq!(back.body, "Schon behoben?\n");
    assert_eq!((back.ours, back.marker.as_ref()), (false, None));
    assert_eq!(back.author.name, "Ada");
    assert_eq!(back.author.email, "ada@tests.example");
    let bytes = rt.attachment(&back.attachments[0].id).await.unwrap();
    assert_eq!(bytes, [0, 10, 13, 200]);

    let mailed = rt.entry(&entries[5].id).await.unwrap();
    assert_eq!(mailed.body.trim_end(), "Grüße per Mail");
    assert_eq!(mailed.attachments.len(), 1);
    assert_eq!(mailed.attachments[0].name, "a.png");
    let bytes = rt.attachment(&mailed.attachments[0].id).await.unwrap();
    assert_eq!(bytes, b"\x89PNG");

    let zero = rt.entry(&sent.id).await.unwrap();
    assert_eq!((zero.body.as_str(), zero.marker), ("0\n", Some(name)));
    assert_eq!(zero.attachments[0].name, "Schlüssel.asc");

    // Not even whoever names a comment gets it, though our account may see it.
    let comment = server.sql(&format!(
        "select id from transactions where objecttype = 'RT::Ticket' and objectid = {id} \
         and type = 'Comment'"
    ));
    assert!(matches!(
        rt.entry(&comment).await.unwrap_err(),
        Error::Missing { .. }
    ));
    let (more, _) = changes_of(&rt, &after, &id).await;
    assert_eq!(more, []);
}

#[tokio::test]
async fn values_that_rt_does_not_take_are_told_though_it_answers_200() {
    let Some(server) = rt_server() else { return };
    let rt = bridge(&server);
    let id = opened(&rt, "values").await;
    let all = Wanted {
        status: Some("stalled".into()),
        owner: Some("bridge".into()),
        instead_of: None,
        priority: Some("70".into()),
        queue: Some("Cloud".into()),
        subject: Some("Anders €".into()),
        fields: BTreeMap::from([
            ("Severity".into(), vec!["low".into()]),
            ("Site".into(), vec!["PIC".into()]),
            ("Middleware".into(), vec!["eos".into(), "storm".into()]),
        ]),
        one_of: BTreeMap::default(),
        version: None,
    };
    let set = rt.set(&id, &all).await.unwrap();
    assert_eq!(set.not_taken, []);
    assert_eq!(set.ticket.queue, "Cloud");
    assert_eq!(set.ticket.owner(), Some("bridge"));
    // Once more is no mistake.
    assert_eq!(rt.set(&id, &all).await.unwrap().not_taken, []);

    let none = Wanted {
        owner: Some(String::new()),
        fields: BTreeMap::from([
            ("Severity".into(), vec![]),
            ("Site".into(), vec![]),
            ("Middleware".into(), vec![]),
        ]),
        ..Wanted::default()
    };
    let set = rt.set(&id, &none).await.unwrap();
    assert_eq!(set.not_taken, []);
    assert_eq!(
        (set.ticket.owner(), &set.ticket.fields),
        (None, &BTreeMap::new())
    );

    for (field, wanted) in [
        (
            "status",
            Wanted {
                status: Some("nonsense".into()),
                ..Wanted::default()
            },
        ),
        (
            "owner",
            Wanted {
                owner: Some("nobody-here".into()),
                ..Wanted::default()
            },
        ),
        (
            "queue",
            Wanted {
                queue: Some("Closed".into()),
                ..Wanted::default()
            },
        ),
        (
            "priority",
            Wanted {
                priority: Some("lots".into()),
                ..Wanted::default()
            },
        ),
        (
            "Severity",
            Wanted {
                fields: BTreeMap::from([("Severity".into(), vec!["awful".into()])]),
                ..Wanted::default()
            },
        ),
    ] {
        let set = rt.set(&id, &wanted).await.unwrap();
        let fields: Vec<&str> = set.not_taken.iter().map(|n| n.field.as_str()).collect();
        assert_eq!(fields, [field]);
        assert!(!set.not_taken[0].words.is_empty(), "{:?}", set.not_taken);
    }

    // What somebody changed meanwhile is not overwritten.
    let read = rt.read(&id).await.unwrap();
    sets(&server, "ada", &id, &json!({ "Status": "open" }));
    let late = Wanted {
        status: Some("resolved".into()),
        version: Some(read.version),
        ..Wanted::default()
    };
    let error = rt.set(&id, &late).await.unwrap_err();
    assert_eq!(error, Error::Changed(id.clone()));
    let now = rt.read(&id).await.unwrap();
    assert_eq!(now.status, "open");
    let fresh = Wanted {
        version: Some(now.version),
        ..late
    };
    assert_eq!(rt.set(&id, &fresh).await.unwrap().ticket.status, "resolved");

    let watched = server.acts(
        "ada",
        "POST",
        "/ticket",
        &json!({ "Queue": "Watched", "Subject": "seen", "Content": "x" }),
    );
    let watched = watched["id"].as_str().unwrap();
    let status = Wanted {
        status: Some("open".into()),
        ..Wanted::default()
    };
    let refused = rt.set(watched, &status).await;
    assert!(
        matches!(&refused, Err(Error::Forbidden { .. }))
            || matches!(&refused, Ok(set) if set.not_taken[0].field == "status"),
        "{refused:?}"
    );
    let error = rt.send(watched, &entry("w", "x")).await.unwrap_err();
    assert!(matches!(error, Error::Forbidden { .. }), "{error:?}");
    assert!(matches!(
        rt.read("99999999").await.unwrap_err(),
        Error::Missing { .. }
    ));
}

#[tokio::test]
async fn links_come_and_go() {
    let Some(server) = rt_server() else { return };
    let rt = bridge(&server);
    let (parent, child) = (opened(&rt, "parent").await, opened(&rt, "child").await);
    let member = RemoteLink {
        relation: Relation::MemberOf,
        target: parent.clone(),
    };
    let web = RemoteLink {
        relation: Relation::RefersTo,
        target: "https://wiki.example/broken?x=1&y=2".into(),
    };
    for _ in 0..2 {
        rt.set_link(&child, &member, true).await.unwrap();
        rt.set_link(&child, &web, true).await.unwrap();
        let linked = rt.read(&child).await.unwrap();
        assert!(linked.links.contains(&member) && linked.links.contains(&web));
    }
    let above = rt.read(&parent).await.unwrap();
    assert!(above.links.contains(&RemoteLink {
        relation: Relation::HasMember,
        target: child.clone()
    }));
    for _ in 0..2 {
        rt.set_link(&child, &member, false).await.unwrap();
        let left = rt.read(&child).await.unwrap();
        assert!(!left.links.contains(&member) && left.links.contains(&web));
    }
    let none = RemoteLink {
        relation: Relation::DependsOn,
        target: "99999999".into(),
    };
    let error = rt.set_link(&child, &none, true).await.unwrap_err();
    assert!(matches!(error, Error::NotTaken { .. }), "{error:?}");
}

#[tokio::test]
async fn what_people_do_there_is_seen_as_what_it_is() {
    let Some(server) = rt_server() else { return };
    let rt = bridge(&server);
    let (first, second) = (opened(&rt, "merged").await, opened(&rt, "target").await);
    let begin = rt.newest().await.unwrap();

    sets(&server, "ada", &first, &json!({ "Status": "rejected" }));
    assert_eq!(rt.read(&first).await.unwrap().standing, Standing::Rejected);
    sets(&server, "ada", &first, &json!({ "Status": "open" }));
    sets(&server, "ada", &first, &json!({ "Status": "resolved" }));
    answers(&server, "grace", &first, "still broken");
    let now = rt.read(&first).await.unwrap();
    assert_eq!(
        (now.status.as_str(), now.standing),
        ("open", Standing::Present)
    );
    sets(
        &server,
        "ada",
        &first,
        &json!({ "Owner": "ada", "Priority": 5 }),
    );
    sets(
        &server,
        "ada",
        &first,
        &json!({ "Queue": "Cloud", "CustomFields": { "Site": "RAL" } }),
    );

    let numbered = rt.read(&first).await.unwrap().numbered;
    let (site, _) = numbered.iter().find(|(_, name)| *name == "Site").unwrap();
    let (changes, cursor) = changes_of(&rt, &begin, &first).await;
    let status = |from: &str, to: &str| ChangeKind::Status {
        from: from.into(),
        to: to.into(),
    };
    let seen: Vec<(&str, &ChangeKind)> = changes
        .iter()
        .map(|c| (c.author.login.as_str(), &c.kind))
        .collect();
    for expected in [
        ("ada", &status("new", "rejected")),
        ("ada", &status("rejected", "open")),
        ("ada", &status("open", "resolved")),
        ("grace", &ChangeKind::Answered),
        ("RT_System", &status("resolved", "open")),
        ("ada", &ChangeKind::Owner),
        ("ada", &ChangeKind::Priority),
        ("ada", &ChangeKind::Queue),
        ("ada", &ChangeKind::Field(site.clone())),
    ] {
        assert!(seen.contains(&expected), "{expected:?} in {seen:?}");
    }
    assert!(changes.iter().all(|c| !c.ours), "{changes:?}");

    // Merged: what is read, sent and made anew goes where it went.
    sets(&server, "grace", &first, &json!({ "MergeInto": second }));
    let (changes, _) = changes_of(&rt, &cursor, &first).await;
    let into = ChangeKind::Merged {
        into: second.clone(),
    };
    assert!(changes.iter().any(|c| c.kind == into), "{changes:?}");
    assert_eq!(rt.read(&first).await.unwrap().id, second);
    let name = format!("after-merge-{}", std::process::id());
    let sent = rt
        .send(&first, &entry(&name, "to the old number"))
        .await
        .unwrap();
    assert_eq!(sent.ticket, second);
    let again = rt
        .send(&second, &entry(&name, "to the old number"))
        .await
        .unwrap();
    assert_eq!((again.found, again.id), (true, sent.id));
    let found = rt.create(&ticket("merged")).await.unwrap();
    assert_eq!(
        (found.found, found.ticket.id.as_str()),
        (true, second.as_str())
    );

    // Deleted: nothing brings it back.
    sets(&server, "ada", &second, &json!({ "Status": "deleted" }));
    assert_eq!(rt.read(&second).await.unwrap().standing, Standing::Deleted);
    let error = rt.send(&second, &entry("late", "x")).await.unwrap_err();
    assert_eq!(error, Error::Deleted(second.clone()));
    assert_eq!(rt.read(&second).await.unwrap().status, "deleted");
}

#[tokio::test]
async fn changes_come_once_though_they_commit_late_and_fill_pages() {
    let Some(server) = rt_server() else { return };
    let rt = bridge(&server);
    let id = opened(&rt, "late").await;
    let mut cursor = rt.newest().await.unwrap();
    // A number is taken, and its row commits only after others were read.
    let late = server.sql("select nextval('transactions_id_seq')");
    answers(&server, "ada", &id, "in time");
    let (changes, read) = changes_of(&rt, &cursor, &id).await;
    assert!(changes.iter().any(|c| c.kind == ChangeKind::Answered));
    cursor = read;
    let row = |number: &str, count: usize| {
        format!(
            "insert into transactions (id, objecttype, objectid, timetaken, type, field, oldvalue, \
             newvalue, creator, created) select {number}, 'RT::Ticket', {id}, 0, 'Set', 'Priority', \
             i, i + 1, (select id from users where name = 'ada'), date_trunc('second', now() at time zone 'utc') \
             from generate_series(1, {count}) i"
        )
    };
    server.sql(&row(&late, 1));
    let (changes, read) = changes_of(&rt, &cursor, &id).await;
    let ids: Vec<&str> = changes.iter().map(|c| c.id.as_str()).collect();
    assert_eq!(ids, [late.as_str()]);
    cursor = read;
    assert_eq!(changes_of(&rt, &cursor, &id).await.0, []);

    // Many, among many that are not for us: comments, and what is hidden.
    let next = "nextval('transactions_id_seq')";
    server.sql(&row(next, 330).replace("'Set'", "'Comment'"));
    server.sql(&row(next, 260));
    let hidden = server.acts(
        "ada",
        "POST",
        "/ticket",
        &json!({ "Queue": "Closed", "Subject": "hidden", "Content": "x" }),
    );
    let hidden = hidden["id"].as_str().unwrap();
    server.sql(&row(next, 330).replace(
        &format!("'RT::Ticket', {id},"),
        &format!("'RT::Ticket', {hidden},"),
    ));
    server.sql(&row(next, 450));
    // A number is taken that commits behind where the first reading is cut.
    let behind = server.sql("select nextval('transactions_id_seq')");
    server.sql(&row(next, 450));
    let mut found = Vec::new();
    let mut readings = 0;
    let mut parts = 0;
    loop {
        let changes = rt.changes(&cursor).await.unwrap();
        let text = serde_json::to_string(&changes.cursor).unwrap();
        cursor = serde_json::from_str(&text).unwrap();
        // What was read is not asked for again with each part.
        assert_eq!(cursor.cut.is_some(), changes.more);
        if let Some(cut) = cursor.cut {
            parts += 1;
            assert_eq!(Some(&cut.above), cursor.seen.keys().last());
            assert!(cut.began.is_some_and(|at| at > 0));
        }
        assert!(changes.items.iter().all(|c| c.ticket != hidden));
        found.extend(changes.items.into_iter().filter(|c| c.ticket == id));
        readings += 1;
        if !changes.more {
            break;
        }
    }
    assert_eq!(found.len(), 260 + 450 + 450);
    assert!(readings > 1 && parts == readings - 1);
    let mut ids: Vec<&str> = found.iter().map(|c| c.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), found.len());
    server.sql(&row(&behind, 1));
    let (changes, read) = changes_of(&rt, &cursor, &id).await;
    let ids: Vec<&str> = changes.iter().map(|c| c.id.as_str()).collect();
    assert_eq!(
        ids,
        [behind.as_str()],
        "it is once more read from the floor"
    );
    assert_eq!(changes_of(&rt, &read, &id).await.0, []);
}
