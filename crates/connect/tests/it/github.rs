//! GitHub's API: ours and theirs, with a network that loses and repeats. The GitHub is
//! written from its documentation; that PyGithub works with it is a test of `clients`.

use connect::probe::Mark;
use connect::tracker::{
    Again, ChangeKind, Cursor, Error, GitHub, Login, NewAttachment, NewTicket, RemoteChange,
    Tracker, Wanted,
};
use serde_json::{Value, json};

use crate::github_server::GitHubServer;
use crate::lossy::{Loss, Lossy};
use crate::rt::{entry, guard};

fn at(url: &str, login: &str, repository: &str) -> GitHub {
    GitHub::new(&guard(), url, repository, Login::Token(login.to_owned())).unwrap()
}

fn bridge(server: &GitHubServer) -> GitHub {
    at(&server.url, "bridge", "lab/atlas")
}

fn issue(marker: &str) -> NewTicket {
    NewTicket {
        queue: "lab/atlas".into(),
        requesters: Vec::new(),
        ..crate::rt::ticket(marker)
    }
}

async fn does(server: &GitHubServer, user: &str, method: &str, path: &str, body: Value) -> Value {
    let path = format!("/repos/lab/atlas/issues{path}");
    server.acts(user, method, &path, &body).await
}

async fn changes_of(github: &GitHub, cursor: &Cursor, ticket: &str) -> (Vec<RemoteChange>, Cursor) {
    let found = github.changes(cursor).await.unwrap();
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
    let server = GitHubServer::start().await;
    let github = bridge(&server);
    let before = github.newest().await.unwrap();
    let mut new = issue("made");
    new.subject = "Ünïcode\r\nfor @ada #1".into();
    new.entry.body = "Grüße @ada,\n\n  <b>„zitiert“</b> #1\n".into();
    new.entry.attachments = vec![NewAttachment {
        name: "a_b.txt".into(),
        content_type: "text/plain".into(),
        bytes: b"12".to_vec(),
    }];
    new.wanted = Wanted {
        status: Some("open: on hold".into()),
        owner: Some("ada".into()),
        priority: Some("priority: high".into()),
        ..Wanted::default()
    };
    let made = github.create(&new).await.unwrap();
    let there = &made.ticket;
    assert!(!made.found);
    assert_eq!(there.subject, "Ünïcode  for @ada #1");
    assert_eq!(
        (there.status.as_str(), there.priority.as_str()),
        ("open: on hold", "priority: high")
    );
    assert_eq!(there.owner(), Some("ada"));
    assert_eq!(
        (there.queue.as_str(), &there.requesters[..]),
        ("lab/atlas", &[][..])
    );
    // That it takes no files is said in its text.
    assert_eq!(made.not_taken, []);
    let body = &server.bodies("1")[0];
    assert!(
        body.contains("The file a\\_b.txt (2 bytes) stays"),
        "{body}"
    );
    assert!(
        !body.contains("@ada") && !body.contains("<b>") && !body.contains("#1"),
        "{body}"
    );

    let again = github.create(&new).await.unwrap();
    assert_eq!(
        (again.found, &again.ticket.id, server.tickets()),
        (true, &there.id, 1)
    );

    let (changes, _) = changes_of(&github, &before, "1").await;
    assert_eq!(
        kinds(&changes),
        [
            &ChangeKind::Opened,
            &status("open", "open: on hold"),
            &ChangeKind::Priority,
            &ChangeKind::Owner,
        ]
    );
    assert!(changes.iter().all(|c| c.ours));
    let read = github.entry(&changes[0].source).await.unwrap();
    assert_eq!(read.marker, Some(new.entry.marker.clone()));
    assert_eq!(read.ticket, "1");
}

#[tokio::test]
async fn comments_go_both_ways_and_call_nobody() {
    let server = GitHubServer::start().await;
    let github = bridge(&server);
    let id = github.create(&issue("comments")).await.unwrap().ticket.id;
    let (_, begin) = changes_of(&github, &github.newest().await.unwrap(), &id).await;
    let ours = entry("from-us", "Ask @uma about #1\n/close");
    let sent = github.send(&id, &ours).await.unwrap();
    assert_eq!((sent.found, &sent.ticket), (false, &id));
    let again = github.send(&id, &ours).await.unwrap();
    assert_eq!((again.found, again.id), (true, sent.id));
    // Somebody copies a text of ours, marker and all: it is theirs.
    let copied = server.bodies(&id)[1].clone();
    does(
        &server,
        "ada",
        "POST",
        "/1/comments",
        json!({"body": copied}),
    )
    .await;
    does(
        &server,
        "ada",
        "POST",
        "/1/comments",
        json!({"body": "On the **shelf**."}),
    )
    .await;
    let (changes, cursor) = changes_of(&github, &begin, &id).await;
    let texts = [
        &ChangeKind::Answered,
        &ChangeKind::Answered,
        &ChangeKind::Answered,
    ];
    assert_eq!(kinds(&changes), texts);
    assert_eq!([changes[0].ours, changes[1].ours], [true, false]);
    let read = async |n: usize| github.entry(&changes[n].source).await.unwrap();
    assert_eq!(read(0).await.marker.as_deref(), Some("from-us"));
    let theirs = read(2).await;
    assert_eq!(
        (theirs.body.as_str(), theirs.ours, theirs.ticket.as_str()),
        ("On the **shelf**.", false, "1")
    );
    assert_eq!(
        (theirs.author.login.as_str(), theirs.author.email.as_str()),
        ("ada", "")
    );
    assert!(!read(1).await.ours && !read(1).await.body.contains("switchboard:"));
    assert_eq!(
        kinds(&changes_of(&github, &cursor, &id).await.0),
        [] as [&ChangeKind; 0]
    );
    // Who loses the cursor reads the same again.
    assert_eq!(changes_of(&github, &begin, &id).await.0, changes);
    for odd in ["", "issue", "issue/../../user", "user/1"] {
        assert!(
            matches!(github.entry(odd).await, Err(Error::Wrong(_))),
            "{odd}"
        );
    }
}

#[tokio::test]
async fn what_changes_there_is_read_once_and_in_order() {
    let server = GitHubServer::start().await;
    let github = bridge(&server);
    let id = github.create(&issue("changes")).await.unwrap().ticket.id;
    let (_, begin) = changes_of(&github, &github.newest().await.unwrap(), &id).await;
    does(
        &server,
        "ada",
        "POST",
        "/1/labels",
        json!(["status: waiting", "bug", "priority: low"]),
    )
    .await;
    does(
        &server,
        "ada",
        "PATCH",
        "/1",
        json!({"title": "Another", "assignees": ["ada"]}),
    )
    .await;
    does(
        &server,
        "ada",
        "DELETE",
        "/1/labels/status: waiting".replace(' ', "%20").as_str(),
        json!({}),
    )
    .await;
    does(
        &server,
        "ada",
        "POST",
        "/1/comments",
        json!({"body": "No."}),
    )
    .await;
    does(
        &server,
        "ada",
        "PATCH",
        "/1",
        json!({"state": "closed", "state_reason": "not_planned"}),
    )
    .await;
    does(&server, "ada", "PATCH", "/1", json!({"state": "open"})).await;
    does(&server, "ada", "PATCH", "/1", json!({"state": "closed"})).await;
    // A pull request is no ticket, though it is an issue.
    let pull = json!({"title": "P", "body": "x", "#pull": true});
    does(&server, "ada", "POST", "", pull).await;
    let found = github.changes(&begin).await.unwrap();
    assert!(
        found.items.iter().all(|c| c.ticket == id && !c.ours),
        "{:?}",
        found.items
    );
    let mut read: Vec<&ChangeKind> = kinds(&found.items);
    // Of one second a text comes first: it may be the solution.
    let at = read
        .iter()
        .position(|kind| **kind == ChangeKind::Answered)
        .unwrap();
    read.remove(at);
    assert_eq!(
        read,
        [
            &status("open", "open: waiting"),
            &ChangeKind::Field("labels".into()),
            &ChangeKind::Priority,
            &ChangeKind::Other("title".into()),
            &ChangeKind::Owner,
            &status("open: waiting", "open"),
            &status("open", "closed: not planned"),
            &status("closed: not planned", "open"),
            &status("open", "closed"),
        ]
    );
    let ticket = github.read(&id).await.unwrap();
    assert_eq!(
        (ticket.status.as_str(), ticket.priority.as_str()),
        ("closed", "priority: low")
    );
    assert_eq!(ticket.fields["labels"], ["bug"]);
    assert!(matches!(github.read("2").await, Err(Error::Missing { .. })));

    for word in [
        "open: on hold",
        "open",
        "closed: not planned",
        "closed: duplicate",
        "closed",
        "closed: wontfix",
        "open",
    ] {
        let wanted = Wanted {
            status: Some(word.into()),
            priority: Some("priority: top".into()),
            ..Wanted::default()
        };
        for _ in 0..2 {
            let set = github.set(&id, &wanted).await.unwrap();
            assert_eq!(
                (set.ticket.status.as_str(), &set.not_taken[..]),
                (word, &[][..])
            );
        }
        let history = github.history(&id).await.unwrap();
        let last = history
            .iter()
            .rfind(|c| matches!(c.kind, ChangeKind::Status { .. }));
        let Some(ChangeKind::Status { to, .. }) = last.map(|c| &c.kind) else {
            unreachable!()
        };
        assert_eq!((to.as_str(), last.unwrap().ours), (word, true));
    }
    let late = Wanted {
        version: Some("2026-01-01T00:00:00Z".into()),
        ..Wanted::default()
    };
    assert_eq!(
        github.set(&id, &late).await.unwrap_err(),
        Error::Changed(id.clone())
    );
    let nobody = Wanted {
        owner: Some("nobody".into()),
        ..Wanted::default()
    };
    let set = github.set(&id, &nobody).await.unwrap();
    assert_eq!(set.not_taken.len(), 1, "{set:?}");
    let words = &set.not_taken[0].words;
    assert!(words.contains("drops in silence"), "{words}");
}

#[tokio::test]
async fn one_assignee_is_set_and_the_others_stay() {
    let server = GitHubServer::start().await;
    let github = bridge(&server);
    let id = github.create(&issue("made")).await.unwrap().ticket.id;
    let assigned = || server.assigned(&id).join(", ");
    let set = async |owner: &str, instead_of: Option<&str>| {
        let wanted = Wanted {
            owner: Some(owner.into()),
            instead_of: instead_of.map(str::to_owned),
            ..Wanted::default()
        };
        let set = github.set(&id, &wanted).await.unwrap();
        set.not_taken
            .into_iter()
            .map(|one| one.is)
            .collect::<Vec<_>>()
    };
    let none: [&str; 0] = [];
    for (owner, instead_of, comes_to) in [
        ("zoe", None, "zoe"),
        ("ada", Some(""), "zoe, ada"),
        ("grace", Some("ADA"), "zoe, grace"),
        ("Grace", Some("ada"), "zoe, grace"),
        ("", Some("grace"), "zoe"),
        ("", Some(""), "zoe"),
        ("ada", None, "ada"),
        ("", None, ""),
    ] {
        assert_eq!(set(owner, instead_of).await, none, "{owner}");
        assert_eq!(assigned(), comes_to, "{owner}");
    }
    // Whom it drops nobody goes for.
    set("ada", None).await;
    assert_eq!(set("uma", Some("ada")).await, ["ada"]);
    assert_eq!(assigned(), "ada");
}

#[tokio::test]
async fn more_than_a_page_is_read_whole() {
    let server = GitHubServer::start().await;
    let github = bridge(&server);
    let begin = github.newest().await.unwrap();
    for n in 0..130 {
        does(
            &server,
            "ada",
            "POST",
            "",
            json!({"title": format!("T{n}"), "body": "x"}),
        )
        .await;
    }
    for n in 0..110 {
        does(
            &server,
            "ada",
            "POST",
            "/7/comments",
            json!({"body": format!("C{n}")}),
        )
        .await;
    }
    let all = github.changes(&begin).await.unwrap();
    assert_eq!((all.items.len(), all.more), (240, false));
    assert_eq!(github.changes(&all.cursor).await.unwrap().items, []);
}

#[tokio::test]
async fn an_issue_that_was_moved_or_deleted_is_gone() {
    let server = GitHubServer::start().await;
    let github = bridge(&server);
    for (marker, why) in [("moved", 301), ("deleted", 410)] {
        let id = github.create(&issue(marker)).await.unwrap().ticket.id;
        server.goes(&id, why);
        let gone = Error::Deleted(id.clone());
        assert_eq!(github.read(&id).await.unwrap_err(), gone);
        assert_eq!(
            github.send(&id, &entry("late", "x")).await.unwrap_err(),
            gone
        );
        let history = github.history(&id).await.unwrap();
        assert_eq!(kinds(&history), [&status("", "deleted")]);
    }
}

#[tokio::test]
async fn a_call_whose_answer_was_lost_is_done_once() {
    let server = GitHubServer::start().await;
    let proxy = Lossy::before(server.url.trim_start_matches("http://")).await;
    let github = at(
        &format!("http://127.0.0.1:{}", proxy.port),
        "bridge",
        "lab/atlas",
    );
    let new = issue("unanswered");
    proxy.next("POST /repos/lab/atlas/issues ", Loss::Unanswered);
    let error = github.create(&new).await.unwrap_err();
    assert_eq!(error.again(), Again::Later(None), "{error}");
    let found = github.create(&new).await.unwrap();
    assert_eq!((found.found, server.tickets()), (true, 1));
    let id = found.ticket.id;
    proxy.next("/comments ", Loss::Unanswered);
    proxy.next("GET /repos/lab/atlas/issues/1/comments", Loss::Unheard);
    let _ = github.send(&id, &entry("lost", "x")).await;
    github.send(&id, &entry("lost", "x")).await.unwrap();
    assert_eq!(server.bodies(&id).len(), 2);
    // What the network repeats is taken back: of comments whole, of issues by closing.
    proxy.next("POST /repos/lab/atlas/issues/1/comments", Loss::Repeated);
    github.send(&id, &entry("twice", "y")).await.unwrap();
    assert_eq!(server.bodies(&id).len(), 3);
    let twice = issue("twice");
    proxy.next("POST /repos/lab/atlas/issues ", Loss::Repeated);
    let one = github.create(&twice).await.unwrap();
    assert_eq!((server.tickets(), one.ticket.id.as_str()), (3, "2"));
    assert_eq!(github.create(&twice).await.unwrap().ticket.id, "2");
    assert_eq!(
        github.read("3").await.unwrap().status,
        "closed: not planned"
    );
    assert!(server.bodies("3")[0].starts_with("This was made twice. It goes on in issue 2."));
}

#[tokio::test]
async fn who_asks_too_much_is_told_when_to_come_again() {
    let server = GitHubServer::start().await;
    let github = bridge(&server);
    server.limit(Some(1));
    let error = github.create(&issue("busy")).await.unwrap_err();
    let Again::Later(Some(after)) = error.again() else {
        panic!("{error}");
    };
    assert!((50..=60).contains(&after.as_secs()), "{after:?}");
    server.limit(None);
    github.create(&issue("busy")).await.unwrap();
    assert_eq!(server.tickets(), 1);
}

#[tokio::test]
async fn a_test_of_the_connection_says_exactly_what_is_wrong() {
    let server = GitHubServer::start().await;
    let there = |name: &str| format!("There is no repository {name} that our account can see");
    for (login, repository, wrong) in [
        ("bridge", "lab/atlas", vec![]),
        ("bridge", "Lab/Atlas ", vec![]),
        (
            "nobody",
            "lab/atlas",
            vec!["GitHub does not accept our secret (HTTP 401)".to_owned()],
        ),
        ("bridge", "lab/nowhere", vec![there("lab/nowhere")]),
        ("bridge", "atlas", vec!["atlas is no repository".to_owned()]),
        (
            "bridge",
            "lab/old",
            vec!["Repository lab/old is archived".to_owned()],
        ),
        (
            "bridge",
            "lab/quiet",
            vec!["Repository lab/quiet has no issues".to_owned()],
        ),
        (
            "bridge",
            "lab/former",
            vec!["Repository lab/former has moved".to_owned()],
        ),
        (
            "watcher",
            "lab/atlas",
            vec!["Our account may not close issues and set labels".to_owned()],
        ),
        (
            "uma",
            "lab/atlas",
            vec![
                "The token may not write in issues".to_owned(),
                "Our account may not close issues and set labels".to_owned(),
            ],
        ),
    ] {
        let told = at(&server.url, login, repository).test(repository).await;
        let bad = told.iter().filter(|line| line.mark == Mark::Bad);
        let bad: Vec<&str> = bad.map(|line| line.text.as_str()).collect();
        assert_eq!(bad, wrong, "{login} {repository}: {told:?}");
    }
    // What everybody can read is worth a word before anything is sent.
    let told = at(&server.url, "bridge", "lab/open").test("lab/open").await;
    assert!(
        told.iter()
            .any(|line| line.mark == Mark::Odd && line.text == "Repository lab/open is public")
    );
    let nowhere = at("http://127.0.0.1:9", "bridge", "lab/atlas");
    assert_eq!(nowhere.test("").await[0].mark, Mark::Bad);
    let password = Login::Password {
        user: "a".into(),
        password: "b".into(),
    };
    assert!(GitHub::new(&guard(), &server.url, "lab/atlas", password).is_err());
    let error = at(&server.url, "bridge", "lab/old")
        .create(&issue("old"))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("archived"), "{error}");
    assert_eq!(error.again(), Again::AfterRepair);
    for odd in ["", "../../user", "4 or 1"] {
        let error = bridge(&server).read(odd).await;
        assert!(matches!(error, Err(Error::Wrong(_))), "{odd:?}");
    }
}
