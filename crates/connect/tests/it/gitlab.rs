//! GitLab's API: ours and theirs, with a network that loses and repeats. The GitLab is
//! written from its documentation; that python-gitlab works with it is a test of
//! `clients`.

use connect::probe::Mark;
use connect::tracker::{
    Again, ChangeKind, Cursor, Error, GitLab, Login, NewAttachment, NewTicket, RemoteChange,
    Tracker, Wanted,
};
use serde_json::{Value, json};

use crate::gitlab_server::GitLabServer;
use crate::lossy::{Loss, Lossy};
use crate::rt::{entry, guard};

fn at(url: &str, login: &str, project: &str) -> GitLab {
    GitLab::new(&guard(), url, project, Login::Token(login.to_owned())).unwrap()
}

fn bridge(server: &GitLabServer) -> GitLab {
    at(&server.url, "bridge", "lab/atlas")
}

fn issue(marker: &str) -> NewTicket {
    NewTicket {
        queue: "lab/atlas".into(),
        requesters: Vec::new(),
        ..crate::rt::ticket(marker)
    }
}

async fn does(server: &GitLabServer, user: &str, method: &str, path: &str, body: Value) -> Value {
    let path = format!("/projects/lab%2Fatlas/issues{path}");
    server.acts(user, method, &path, &body).await
}

async fn changes_of(gitlab: &GitLab, cursor: &Cursor, ticket: &str) -> (Vec<RemoteChange>, Cursor) {
    let found = gitlab.changes(cursor).await.unwrap();
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

#[tokio::test]
async fn an_issue_is_made_with_all_that_it_has_and_found_again() {
    let server = GitLabServer::start().await;
    let gitlab = at(&format!("{}/api/v4/", server.url), "bridge", "lab/atlas");
    let before = gitlab.newest().await.unwrap();
    let bytes: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    let mut new = issue("made");
    new.subject = "Ünïcode\r\nfor @ada #1".into();
    new.entry.body = "Grüße @ada,\n\n/close\n  <b>„zitiert“</b> !1\n".into();
    new.entry.attachments = [("plate \"1\".bin", &bytes[..]), ("b.txt", b"")]
        .map(|(name, bytes)| NewAttachment {
            name: name.into(),
            content_type: "text/plain; charset=latin1".into(),
            bytes: bytes.to_vec(),
        })
        .to_vec();
    new.wanted = Wanted {
        status: Some("opened: on hold".into()),
        owner: Some("ada".into()),
        priority: Some("priority: high".into()),
        ..Wanted::default()
    };
    let made = gitlab.create(&new).await.unwrap();
    assert_eq!((made.found, &made.not_taken[..]), (false, &[][..]));
    let there = &made.ticket;
    assert_eq!(there.subject, "Ünïcode  for @ada #1");
    assert_eq!(there.status, "opened: on hold");
    assert_eq!(
        (there.owner(), there.priority.as_str()),
        (Some("ada"), "priority: high")
    );
    assert_eq!(
        (there.queue.as_str(), &there.requesters[..]),
        ("lab/atlas", &[][..])
    );
    let body = &server.bodies("1")[0];
    assert!(
        !body.contains("@ada") && !body.contains("<b>") && !body.contains("!1"),
        "{body}"
    );

    let again = gitlab.create(&new).await.unwrap();
    assert_eq!(
        (again.found, &again.ticket.id, server.tickets()),
        (true, &there.id, 1)
    );

    let (changes, _) = changes_of(&gitlab, &before, "1").await;
    let mut found = kinds(&changes);
    assert_eq!(found.remove(0), &ChangeKind::Opened);
    for kind in [
        &status("opened", "opened: on hold"),
        &ChangeKind::Priority,
        &ChangeKind::Owner,
    ] {
        assert!(found.contains(&kind), "{found:?}");
    }
    assert!(changes.len() == 4 && changes.iter().all(|c| c.ours));
    let read = gitlab.entry(&changes[0].source).await.unwrap();
    assert_eq!(read.marker, Some(new.entry.marker.clone()));
    let names: Vec<&str> = read.attachments.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["plate__1_.bin", "b.txt"]);
    for (file, sent) in read.attachments.iter().zip(&new.entry.attachments) {
        assert!(gitlab.attachment(&file.id).await.unwrap() == sent.bytes);
    }
    // Where everybody looks in, it is not for everybody.
    let open = at(&server.url, "bridge", "lab/open")
        .create(&issue("open"))
        .await
        .unwrap();
    let path = "/projects/lab%2Fopen/issues/1";
    assert_eq!(open.ticket.id, "1");
    assert_eq!(
        server.acts("ada", "GET", path, &json!({})).await["confidential"],
        true
    );
    let closed = does(&server, "ada", "GET", "/1", json!({})).await;
    assert_eq!(
        (&closed["confidential"], &closed["state"]),
        (&json!(false), &json!("opened"))
    );
}

#[tokio::test]
async fn notes_go_both_ways_and_what_is_internal_stays_there() {
    let server = GitLabServer::start().await;
    let gitlab = bridge(&server);
    let id = gitlab.create(&issue("notes")).await.unwrap().ticket.id;
    let (_, begin) = changes_of(&gitlab, &gitlab.newest().await.unwrap(), &id).await;
    let mut ours = entry("from-us", "/close\nAsk @uma about #1\n/assign @uma");
    ours.attachments = vec![NewAttachment {
        name: "x.txt".into(),
        content_type: "text/plain".into(),
        bytes: b"x".to_vec(),
    }];
    let sent = gitlab.send(&id, &ours).await.unwrap();
    assert_eq!((sent.found, &sent.ticket), (false, &id));
    let again = gitlab.send(&id, &ours).await.unwrap();
    assert_eq!((again.found, again.id), (true, sent.id));
    // What begins with a slash was text, and no order.
    assert_eq!(gitlab.read(&id).await.unwrap().status, "opened");
    // Somebody copies a text of ours, marker and all: it is theirs.
    let copied = server.bodies(&id)[1].clone();
    does(&server, "ada", "POST", "/1/notes", json!({"body": copied})).await;
    let hidden = does(
        &server,
        "ada",
        "POST",
        "/1/notes",
        json!({"body": "Not for them.", "internal": true}),
    )
    .await;
    let with_file = format!("On the **shelf**.\n\n![p](/uploads/{:032x}/x.txt)", 0xa5a5);
    does(
        &server,
        "ada",
        "POST",
        "/1/notes",
        json!({"body": with_file}),
    )
    .await;
    let (changes, cursor) = changes_of(&gitlab, &begin, &id).await;
    assert_eq!(
        kinds(&changes),
        [
            &ChangeKind::Answered,
            &ChangeKind::Answered,
            &ChangeKind::Answered
        ]
    );
    assert_eq!([changes[0].ours, changes[1].ours], [true, false]);
    let read = async |n: usize| gitlab.entry(&changes[n].source).await.unwrap();
    assert_eq!(read(0).await.marker.as_deref(), Some("from-us"));
    assert!(!read(1).await.ours && !read(1).await.body.contains("switchboard:"));
    let theirs = read(2).await;
    assert!(theirs.body.starts_with("On the **shelf**.") && !theirs.ours);
    assert_eq!(
        (theirs.ticket.as_str(), theirs.author.name.as_str()),
        ("1", "ada")
    );
    assert_eq!(
        gitlab.attachment(&theirs.attachments[0].id).await.unwrap(),
        b"x"
    );
    // Asked for outright, an internal one is not given out either.
    let forged = format!("note/1/{}", hidden["id"]);
    let error = gitlab.entry(&forged).await.unwrap_err();
    assert!(matches!(error, Error::Missing { .. }), "{error}");
    assert_eq!(changes_of(&gitlab, &cursor, &id).await.0, []);
    // Who loses the cursor reads the same again.
    assert_eq!(changes_of(&gitlab, &begin, &id).await.0, changes);
    for odd in [
        "",
        "issue",
        "note/1",
        "issue/../../user",
        "user/1",
        "note/1/x",
    ] {
        assert!(
            matches!(gitlab.entry(odd).await, Err(Error::Wrong(_))),
            "{odd}"
        );
    }
}

#[tokio::test]
async fn what_changes_there_is_read_once_and_in_order() {
    let server = GitLabServer::start().await;
    let gitlab = bridge(&server);
    let id = gitlab.create(&issue("changes")).await.unwrap().ticket.id;
    let (_, begin) = changes_of(&gitlab, &gitlab.newest().await.unwrap(), &id).await;
    does(
        &server,
        "ada",
        "PUT",
        "/1",
        json!({"add_labels": "status: waiting,bug"}),
    )
    .await;
    does(&server, "ada", "PUT", "/1", json!({"title": "Another"})).await;
    does(
        &server,
        "ada",
        "PUT",
        "/1",
        json!({"remove_labels": "status: waiting"}),
    )
    .await;
    does(&server, "ada", "POST", "/1/notes", json!({"body": "No."})).await;
    does(
        &server,
        "ada",
        "PUT",
        "/1",
        json!({"add_labels": "status: unsolved", "state_event": "close"}),
    )
    .await;
    let found = gitlab.changes(&begin).await.unwrap();
    assert!(
        found.items.iter().all(|c| c.ticket == id && !c.ours),
        "{:?}",
        found.items
    );
    let words: Vec<&str> = found
        .items
        .iter()
        .filter_map(|c| match &c.kind {
            ChangeKind::Status { to, .. } => Some(to.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(
        words,
        [
            "opened: waiting",
            "opened",
            "opened: unsolved",
            "closed: unsolved"
        ]
    );
    for kind in [
        ChangeKind::Field("labels".into()),
        ChangeKind::Other("title".into()),
        ChangeKind::Answered,
    ] {
        assert!(kinds(&found.items).contains(&&kind), "{kind:?}");
    }
    assert_eq!(gitlab.changes(&found.cursor).await.unwrap().items, []);
    for word in [
        "opened: on hold",
        "opened",
        "closed: unsolved",
        "closed",
        "opened",
    ] {
        let wanted = Wanted {
            status: Some(word.into()),
            priority: Some("priority: top".into()),
            ..Wanted::default()
        };
        for _ in 0..2 {
            let set = gitlab.set(&id, &wanted).await.unwrap();
            assert_eq!(
                (set.ticket.status.as_str(), &set.not_taken[..]),
                (word, &[][..])
            );
        }
    }
    let late = Wanted {
        version: Some("2026-01-01T00:00:00Z".into()),
        ..Wanted::default()
    };
    assert_eq!(
        gitlab.set(&id, &late).await.unwrap_err(),
        Error::Changed(id.clone())
    );
    for (owner, taken) in [("ada", true), ("", true), ("nobody", false)] {
        let wanted = Wanted {
            owner: Some(owner.into()),
            ..Wanted::default()
        };
        assert_eq!(gitlab.set(&id, &wanted).await.is_ok(), taken, "{owner}");
    }
}

#[tokio::test]
async fn more_than_a_page_is_read_whole() {
    let server = GitLabServer::start().await;
    let gitlab = bridge(&server);
    let begin = gitlab.newest().await.unwrap();
    for n in 0..130 {
        does(
            &server,
            "ada",
            "POST",
            "",
            json!({"title": format!("T{n}"), "description": "x"}),
        )
        .await;
    }
    for n in 0..110 {
        does(
            &server,
            "ada",
            "POST",
            "/7/notes",
            json!({"body": format!("C{n}")}),
        )
        .await;
    }
    let all = gitlab.changes(&begin).await.unwrap();
    assert_eq!((all.items.len(), all.more), (240, false));
    assert_eq!(gitlab.changes(&all.cursor).await.unwrap().items, []);
}

#[tokio::test]
async fn an_issue_that_was_moved_is_gone_and_not_solved() {
    let server = GitLabServer::start().await;
    let gitlab = bridge(&server);
    let id = gitlab.create(&issue("moved")).await.unwrap().ticket.id;
    let (_, begin) = changes_of(&gitlab, &gitlab.newest().await.unwrap(), &id).await;
    does(
        &server,
        "ada",
        "POST",
        "/1/move",
        json!({"to_project_id": 2}),
    )
    .await;
    let (changes, cursor) = changes_of(&gitlab, &begin, &id).await;
    assert_eq!(kinds(&changes), [&status("opened", "deleted")]);
    assert_eq!(changes_of(&gitlab, &cursor, &id).await.0, []);
    let gone = Error::Deleted(id.clone());
    assert_eq!(gitlab.read(&id).await.unwrap_err(), gone);
    assert_eq!(
        gitlab.send(&id, &entry("late", "x")).await.unwrap_err(),
        gone
    );
}

#[tokio::test]
async fn a_call_whose_answer_was_lost_is_done_once() {
    let server = GitLabServer::start().await;
    let proxy = Lossy::before(server.url.trim_start_matches("http://")).await;
    let gitlab = at(
        &format!("http://127.0.0.1:{}", proxy.port),
        "bridge",
        "lab/atlas",
    );
    let new = issue("unanswered");
    let issues = "POST /api/v4/projects/lab%2Fatlas/issues ";
    proxy.next(issues, Loss::Unanswered);
    let error = gitlab.create(&new).await.unwrap_err();
    assert_eq!(error.again(), Again::Later(None), "{error}");
    let found = gitlab.create(&new).await.unwrap();
    assert_eq!((found.found, server.tickets()), (true, 1));
    let id = found.ticket.id;
    proxy.next(
        "POST /api/v4/projects/lab%2Fatlas/issues/1/notes",
        Loss::Unanswered,
    );
    gitlab.send(&id, &entry("lost", "x")).await.unwrap_err();
    assert!(gitlab.send(&id, &entry("lost", "x")).await.unwrap().found);
    assert_eq!(server.bodies(&id).len(), 2);
    // What the network repeats is taken back: of notes whole, of issues by closing.
    proxy.next(
        "POST /api/v4/projects/lab%2Fatlas/issues/1/notes",
        Loss::Repeated,
    );
    gitlab.send(&id, &entry("twice", "y")).await.unwrap();
    assert_eq!(server.bodies(&id).len(), 3);
    let twice = issue("twice");
    proxy.next(issues, Loss::Repeated);
    let one = gitlab.create(&twice).await.unwrap();
    assert_eq!((server.tickets(), one.ticket.id.as_str()), (3, "2"));
    assert_eq!(gitlab.create(&twice).await.unwrap().ticket.id, "2");
    assert_eq!(gitlab.read("3").await.unwrap().status, "closed");
    assert!(server.bodies("3")[0].starts_with("This was made twice. It goes on in issue 2."));
    assert_eq!(proxy.struck(), 4);
    // Too busy, it says when to come again.
    server.busy(true);
    let error = gitlab.read(&id).await.unwrap_err();
    assert_eq!(
        error.again(),
        Again::Later(Some(std::time::Duration::from_secs(42)))
    );
}

#[tokio::test]
async fn a_test_of_the_connection_says_exactly_what_is_wrong() {
    let server = GitLabServer::start().await;
    let there = |name: &str| format!("There is no project {name} that our account can see");
    let level = "Our account may not close issues and set labels".to_owned();
    for (login, project, wrong) in [
        ("bridge", "lab/atlas", vec![]),
        ("bridge", " /Lab/Atlas", vec![]),
        ("bridge", "1", vec![]),
        (
            "nobody",
            "lab/atlas",
            vec!["GitLab does not accept our secret (HTTP 401)".to_owned()],
        ),
        ("bridge", "lab/nowhere", vec![there("lab/nowhere")]),
        (
            "bridge",
            "lab/old",
            vec!["Project lab/old is archived".to_owned()],
        ),
        (
            "bridge",
            "lab/quiet",
            vec!["Project lab/quiet has no issues".to_owned()],
        ),
        (
            "bridge",
            "lab/former",
            vec!["Project lab/former has moved".to_owned()],
        ),
        ("watcher", "lab/atlas", vec![level.clone()]),
        (
            "reader",
            "lab/atlas",
            vec!["The token may not write in issues".to_owned()],
        ),
    ] {
        let told = at(&server.url, login, project).test(project).await;
        let bad = told.iter().filter(|line| line.mark == Mark::Bad);
        let bad: Vec<&str> = bad.map(|line| line.text.as_str()).collect();
        assert_eq!(bad, wrong, "{login} {project}: {told:?}");
    }
    let told = at(&server.url, "bridge", "lab/open").test("").await;
    assert!(
        told.iter()
            .any(|line| line.mark == Mark::Odd && line.text == "Project lab/open is public")
    );
    let told = at(&server.url, "watcher", "lab/atlas").test("").await;
    assert!(
        told.iter()
            .any(|line| line.text == "The token ends on 2027-01-31"),
        "{told:?}"
    );
    let nowhere = at("http://127.0.0.1:9", "bridge", "lab/atlas");
    assert_eq!(nowhere.test("").await[0].mark, Mark::Bad);
    let password = Login::Password {
        user: "a".into(),
        password: "b".into(),
    };
    assert!(GitLab::new(&guard(), &server.url, "lab/atlas", password).is_err());
    let error = at(&server.url, "bridge", "lab/old")
        .create(&issue("old"))
        .await
        .unwrap_err();
    assert_eq!(error.again(), Again::AfterRepair);
    for odd in ["", "../../user", "4 or 1"] {
        let error = bridge(&server).read(odd).await;
        assert!(matches!(error, Err(Error::Wrong(_))), "{odd:?}");
    }
}
