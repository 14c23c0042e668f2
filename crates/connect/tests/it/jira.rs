//! Jira's API: ours and theirs, Data Center and Cloud, with a network that loses and
//! repeats. The Jira is written from its documentation; that PyPI's jira works with it
//! is a test of `clients`.

use connect::probe::Mark;
use connect::tracker::{
    Again, ChangeKind, Cursor, Error, Jira, Login, NewAttachment, NewTicket, RemoteChange, Tracker,
    Wanted,
};
use serde_json::{Value, json};

use crate::jira_server::JiraServer;
use crate::lossy::{Loss, Lossy};
use crate::rt::{entry, guard};

fn at(url: &str, login: &str, queue: &str) -> Jira {
    Jira::new(&guard(), url, queue, Login::Token(login.to_owned())).unwrap()
}

fn bridge(server: &JiraServer) -> Jira {
    at(&server.url, "bridge", "ATLAS")
}

fn issue(marker: &str) -> NewTicket {
    NewTicket {
        queue: "ATLAS".into(),
        requesters: Vec::new(),
        ..crate::rt::ticket(marker)
    }
}

async fn changes_of(jira: &Jira, cursor: &Cursor, ticket: &str) -> (Vec<RemoteChange>, Cursor) {
    let found = jira.changes(cursor).await.unwrap();
    let of = found.items.into_iter().filter(|c| c.ticket == ticket);
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

fn file(name: &str, bytes: &[u8]) -> NewAttachment {
    NewAttachment {
        name: name.into(),
        content_type: "text/plain; charset=latin1".into(),
        bytes: bytes.to_vec(),
    }
}

#[tokio::test]
async fn an_issue_is_made_with_all_that_it_has_and_found_again() {
    for cloud in [false, true] {
        let server = JiraServer::start(cloud).await;
        let jira = at(
            &format!("{}/rest/api/2/", server.url),
            "bridge",
            "atlas/Bug",
        );
        let before = jira.newest().await.unwrap();
        let mut new = issue("made");
        new.subject = "Ünïcode\r\nSubject".into();
        new.entry.body = "Grüße [~ada],\n\n{quote}„zitiert“ *x* !a.png!".into();
        new.entry.attachments = vec![
            file("a b.txt", b"one"),
            file("b.bin", &[0, 1, 13, 10, 45, 45]),
        ];
        new.wanted = Wanted {
            status: Some("In Progress".into()),
            owner: Some(if cloud { "5b10-ada" } else { "ada" }.into()),
            priority: Some("High".into()),
            ..Wanted::default()
        };
        let made = jira.create(&new).await.unwrap();
        assert_eq!((made.found, &made.not_taken[..]), (false, &[][..]));
        let there = &made.ticket;
        assert_eq!(
            (there.subject.as_str(), there.status.as_str()),
            ("Ünïcode  Subject", "In Progress")
        );
        assert_eq!(
            (there.owner(), there.priority.as_str()),
            (new.wanted.owner.as_deref(), "High")
        );
        assert_eq!(
            (there.queue.as_str(), &there.requesters[..]),
            ("atlas/Bug", &[][..])
        );
        assert!(
            there.created > 1_700_000_000_000 && there.fields.is_empty(),
            "{there:?}"
        );
        let body = &server.bodies(&there.id)[0];
        assert!(
            !body.contains("[~ada]") && !body.contains("{quote}") && !body.contains("!a.png!"),
            "{body}"
        );
        let again = jira.create(&new).await.unwrap();
        assert_eq!(
            (again.found, &again.ticket.id, server.tickets()),
            (true, &there.id, 1)
        );
        let (changes, _) = changes_of(&jira, &before, &there.id).await;
        assert_eq!(changes[0].kind, ChangeKind::Opened);
        assert!(
            changes.iter().all(|c| c.ours) && changes.len() == 4,
            "{changes:?}"
        );
        let read = jira.entry(&changes[0].source).await.unwrap();
        assert_eq!(
            (read.ours, read.marker),
            (true, Some(new.entry.marker.clone()))
        );
        let sizes: Vec<u64> = read.attachments.iter().map(|f| f.size).collect();
        assert_eq!(sizes, [3, 6]);
        assert_eq!(
            jira.attachment(&read.attachments[1].id).await.unwrap(),
            [0, 1, 13, 10, 45, 45]
        );
    }
}

#[tokio::test]
async fn comments_go_both_ways_and_what_is_for_some_stays_there() {
    for cloud in [false, true] {
        let server = JiraServer::start(cloud).await;
        let jira = at(&server.url, "bridge", "DESK");
        let mut new = issue("comments");
        new.queue = "DESK".into();
        let id = jira.create(&new).await.unwrap().ticket.id;
        let (_, begin) = changes_of(&jira, &jira.newest().await.unwrap(), &id).await;
        let mut ours = entry("from-us", "Which [plate]?");
        ours.attachments = vec![file("x.txt", b"x")];
        let sent = jira.send(&id, &ours).await.unwrap();
        assert_eq!(
            (sent.found, &sent.ticket, &sent.not_taken[..]),
            (false, &id, &[][..])
        );
        let again = jira.send(&id, &ours).await.unwrap();
        assert_eq!((again.found, again.id), (true, sent.id));
        let path = format!("/issue/{id}/comment");
        let says = async |body: Value| server.acts("ada", "POST", &path, &body).await;
        let secret = says(json!({"body": "Not for them.", "properties": [{"key": "sd.public.comment", "value": {"internal": true}}]})).await;
        says(json!({"body": "For some.", "visibility": {"type": "role", "value": "Developers"}}))
            .await;
        says(json!({"body": "On the *shelf*."})).await;
        let (changes, cursor) = changes_of(&jira, &begin, &id).await;
        assert_eq!(
            kinds(&changes),
            [&ChangeKind::Answered, &ChangeKind::Answered],
            "cloud: {cloud}"
        );
        assert_eq!([changes[0].ours, changes[1].ours], [true, false]);
        let read = jira.entry(&changes[0].source).await.unwrap();
        assert_eq!(
            (read.marker.as_deref(), read.attachments.len()),
            (Some("from-us"), 1)
        );
        let theirs = jira.entry(&changes[1].source).await.unwrap();
        assert_eq!(
            (theirs.body.as_str(), theirs.ours, &theirs.ticket),
            ("On the *shelf*.", false, &id)
        );
        assert_eq!((theirs.marker, theirs.author.name.as_str()), (None, "ada"));
        // Asked for outright, an internal one is not given out either.
        let forged = format!("comment/{id}/{}", secret["id"].as_str().unwrap());
        let error = jira.entry(&forged).await.unwrap_err();
        assert!(matches!(error, Error::Missing { .. }), "{error}");
        assert_eq!(changes_of(&jira, &cursor, &id).await.0, []);
        assert_eq!(changes_of(&jira, &begin, &id).await.0, changes);
        for odd in [
            "",
            "issue",
            "comment/1",
            "issue/../../myself",
            "comment/1/x",
        ] {
            assert!(
                matches!(jira.entry(odd).await, Err(Error::Wrong(_))),
                "{odd}"
            );
        }
    }
}

#[tokio::test]
async fn what_changes_there_is_read_once_and_in_order() {
    let server = JiraServer::start(false).await;
    let jira = bridge(&server);
    let id = jira.create(&issue("changes")).await.unwrap().ticket.id;
    let (_, begin) = changes_of(&jira, &jira.newest().await.unwrap(), &id).await;
    let path = format!("/issue/{id}");
    let goes = async |to: u64, resolution: Option<&str>| {
        let mut body = json!({"transition": {"id": to.to_string()}});
        if let Some(name) = resolution {
            body["fields"] = json!({"resolution": {"name": name}});
        }
        server
            .acts("ada", "POST", &format!("{path}/transitions"), &body)
            .await;
    };
    goes(11, None).await;
    server
        .acts(
            "ada",
            "PUT",
            &path,
            &json!({"fields": {"summary": "Another", "priority": {"name": "Low"}}}),
        )
        .await;
    goes(14, Some("Won't Do")).await;
    goes(15, None).await;
    let found = jira.changes(&begin).await.unwrap();
    assert!(
        found.items.iter().all(|c| c.ticket == id && !c.ours),
        "{:?}",
        found.items
    );
    assert_eq!(
        kinds(&found.items),
        [
            &status("To Do", "In Progress"),
            &ChangeKind::Priority,
            &ChangeKind::Other("summary".into()),
            &status("In Progress", "Done: Won't Do"),
            &status("Done", "To Do"),
        ]
    );
    assert_eq!(jira.changes(&found.cursor).await.unwrap().items, []);
    let wants = |word: &str| Wanted {
        status: Some(word.into()),
        ..Wanted::default()
    };
    for (word, is) in [
        ("In Progress", "In Progress"),
        ("Done", "Done: Done"),
        ("To Do", "To Do"),
        ("Done: Won't Do", "Done: Won't Do"),
    ] {
        for _ in 0..2 {
            let set = jira.set(&id, &wants(word)).await.unwrap();
            assert_eq!(
                (set.ticket.status.as_str(), &set.not_taken[..]),
                (is, &[][..])
            );
        }
    }
    // Its workflow does not lead there from here, and says to where it does.
    let set = jira.set(&id, &wants("In Review")).await.unwrap();
    assert_eq!(
        set.not_taken[0].words,
        "from “Done” its workflow leads to: To Do"
    );
    let late = Wanted {
        version: Some("2026-01-01T00:00:00.000+0000".into()),
        ..Wanted::default()
    };
    assert_eq!(
        jira.set(&id, &late).await.unwrap_err(),
        Error::Changed(id.clone())
    );
    let odd = Wanted {
        priority: Some("Urgent".into()),
        ..Wanted::default()
    };
    let error = jira.set(&id, &odd).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("priority: The priority selected is invalid."),
        "{error}"
    );
}

#[tokio::test]
async fn more_than_a_page_is_read_whole() {
    for cloud in [false, true] {
        let server = JiraServer::start(cloud).await;
        let jira = bridge(&server);
        let begin = jira.newest().await.unwrap();
        let new = json!({"fields": {"project": {"key": "ATLAS"}, "issuetype": {"name": "Task"}, "summary": "T", "description": "x"}});
        for _ in 0..130 {
            server.acts("ada", "POST", "/issue", &new).await;
        }
        for n in 0..110 {
            server
                .acts(
                    "ada",
                    "POST",
                    "/issue/10007/comment",
                    &json!({"body": format!("C{n}")}),
                )
                .await;
        }
        let all = jira.changes(&begin).await.unwrap();
        assert_eq!((all.items.len(), all.more), (240, false));
        assert_eq!(jira.changes(&all.cursor).await.unwrap().items, []);
    }
}

#[tokio::test]
async fn a_call_whose_answer_was_lost_is_done_once() {
    let server = JiraServer::start(false).await;
    let proxy = Lossy::before(server.url.trim_start_matches("http://")).await;
    let jira = at(
        &format!("http://127.0.0.1:{}", proxy.port),
        "bridge",
        "ATLAS",
    );
    let new = issue("unanswered");
    proxy.next("POST /rest/api/2/issue ", Loss::Unanswered);
    let error = jira.create(&new).await.unwrap_err();
    assert_eq!(error.again(), Again::Later(None), "{error}");
    let found = jira.create(&new).await.unwrap();
    assert_eq!((found.found, server.tickets()), (true, 1));
    let id = found.ticket.id;
    let comment = format!("POST /rest/api/2/issue/{id}/comment");
    proxy.next(&comment, Loss::Unanswered);
    jira.send(&id, &entry("lost", "x")).await.unwrap_err();
    assert!(jira.send(&id, &entry("lost", "x")).await.unwrap().found);
    proxy.next(&comment, Loss::Repeated);
    jira.send(&id, &entry("twice", "y")).await.unwrap();
    assert_eq!(server.bodies(&id).len(), 3);
    let twice = issue("twice");
    proxy.next("POST /rest/api/2/issue ", Loss::Repeated);
    let one = jira.create(&twice).await.unwrap();
    assert_eq!((server.tickets(), one.ticket.id.as_str()), (3, "10002"));
    assert_eq!(jira.create(&twice).await.unwrap().ticket.id, "10002");
    assert_eq!(
        server.bodies("10003"),
        ["This was made twice. It goes on in ATLAS-2."]
    );
    assert_eq!(proxy.struck(), 4);
    // Too busy, it says when to come again.
    server.busy(true);
    let error = jira.read(&id).await.unwrap_err();
    assert_eq!(
        error.again(),
        Again::Later(Some(std::time::Duration::from_secs(42)))
    );
}

#[tokio::test]
async fn a_test_of_the_connection_says_exactly_what_is_wrong() {
    let server = JiraServer::start(false).await;
    let may_not = |what: &str| format!("Our account may not {what}");
    for (login, queue, wrong) in [
        ("bridge", "ATLAS", vec![]),
        ("bridge", " atlas/Bug", vec![]),
        (
            "nobody",
            "ATLAS",
            vec!["Jira does not accept our secret (HTTP 401)".to_owned()],
        ),
        (
            "bridge",
            "NOWHERE",
            vec!["There is no project NOWHERE that our account can see".to_owned()],
        ),
        ("bridge", "OLD", vec!["Project OLD is archived".to_owned()]),
        (
            "bridge",
            "ATLAS/Story",
            vec!["Project ATLAS has no type of issue Story".to_owned()],
        ),
        (
            "watcher",
            "ATLAS",
            vec![
                may_not("set their fields"),
                may_not("set their status"),
                may_not("put files to them"),
            ],
        ),
    ] {
        let told = at(&server.url, login, queue).test(queue).await;
        let bad = told.iter().filter(|line| line.mark == Mark::Bad);
        let bad: Vec<&str> = bad.map(|line| line.text.as_str()).collect();
        assert_eq!(bad, wrong, "{login} {queue}: {told:?}");
    }
    let password = Login::Password {
        user: "bridge".into(),
        password: "bridge".into(),
    };
    let cloud = JiraServer::start(true).await;
    let told = Jira::new(&guard(), &cloud.url, "ATLAS", password)
        .unwrap()
        .test("")
        .await;
    assert!(told.iter().all(|line| line.mark == Mark::Good), "{told:?}");
    assert!(told[0].text.starts_with("It is Jira Cloud"), "{told:?}");
    let nowhere = at("http://127.0.0.1:9", "bridge", "ATLAS");
    assert_eq!(nowhere.test("").await[0].mark, Mark::Bad);
    for odd in ["", "../../myself", "4 or 1", "ATLAS-1"] {
        let error = bridge(&server).read(odd).await;
        assert!(matches!(error, Err(Error::Wrong(_))), "{odd:?}");
    }
}
