//! Links between issues of GitHub, GitLab and Jira: each made once and undone once, seen
//! from both, and told as changes.

use connect::tracker::{
    ChangeKind, Error, GitHub, GitLab, Jira, Login, NewTicket, Relation, RemoteLink, Tracker,
};

use crate::github_server::GitHubServer;
use crate::gitlab_server::GitLabServer;
use crate::jira_server::JiraServer;
use crate::rt::guard;

fn login() -> Login {
    Login::Token("bridge".to_owned())
}

async fn made(tracker: &dyn Tracker, marker: &str, queue: &str) -> String {
    let new = NewTicket {
        queue: queue.into(),
        requesters: Vec::new(),
        ..crate::rt::ticket(marker)
    };
    tracker.create(&new).await.unwrap().ticket.id
}

async fn links(tracker: &dyn Tracker, id: &str) -> Vec<RemoteLink> {
    let there = tracker.read(id).await.unwrap();
    tracker.links(&there).await.unwrap()
}

/// `has`: each link, and what it is from the other side. `lacks`: what it has not.
async fn are_linked(
    tracker: &dyn Tracker,
    queue: &str,
    has: &[(Relation, Relation)],
    lacks: &[Relation],
    rest: impl Fn(),
) {
    let (a, b) = (
        made(tracker, "first", queue).await,
        made(tracker, "second", queue).await,
    );
    rest();
    let of = |relation, target: &String| RemoteLink {
        relation,
        target: target.clone(),
    };
    let mut cursor = tracker.newest().await.unwrap();
    for (relation, back) in has.iter().copied() {
        for make in [true, false] {
            for _ in 0..2 {
                let link = of(relation, &b);
                tracker.set_link(&a, &link, make).await.unwrap();
                let both = [links(tracker, &a).await, links(tracker, &b).await];
                let should = match make {
                    true => [vec![link], vec![of(back, &a)]],
                    false => [vec![], vec![]],
                };
                assert_eq!(both, should, "{relation:?} {make}");
            }
            let told = tracker.changes(&cursor).await.unwrap();
            cursor = told.cursor;
            let kind = |id: &String| {
                let of = told.items.iter().filter(|change| change.ticket == *id);
                of.map(|change| (change.kind.clone(), change.ours))
                    .collect::<Vec<_>>()
            };
            for id in [&a, &b] {
                let told = kind(id);
                assert_eq!(told, [(ChangeKind::Link, true)], "{relation:?} {make}");
            }
        }
    }
    for relation in lacks {
        let error = tracker
            .set_link(&a, &of(*relation, &b), true)
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Wrong(_)), "{error}");
    }
    // Nothing but a number gets into a path.
    let elsewhere = of(has[0].0, &"../labels".to_owned());
    assert!(tracker.set_link(&a, &elsewhere, true).await.is_err());
}

#[tokio::test]
async fn issues_of_a_github_are_parts_of_another_and_wait_for_another() {
    let server = GitHubServer::start().await;
    let github = GitHub::new(&guard(), &server.url, "lab/atlas", login()).unwrap();
    let has = [
        (Relation::MemberOf, Relation::HasMember),
        (Relation::HasMember, Relation::MemberOf),
        (Relation::DependsOn, Relation::DependedOnBy),
        (Relation::DependedOnBy, Relation::DependsOn),
    ];
    let lacks = [Relation::RefersTo, Relation::Duplicates];
    // Links change no issue: what lists those that changed does not show them.
    are_linked(&github, "lab/atlas", &has, &lacks, || server.rests()).await;
    // An issue has one parent.
    let (one, two) = (
        made(&github, "third", "lab/atlas").await,
        made(&github, "fourth", "lab/atlas").await,
    );
    for (parent, taken) in [("1", true), (two.as_str(), false)] {
        let link = RemoteLink {
            relation: Relation::MemberOf,
            target: parent.into(),
        };
        let done = github.set_link(&one, &link, true).await;
        assert_eq!(done.is_ok(), taken, "{done:?}");
    }
    assert_eq!(server.links(&one), ["MemberOf 1"]);
}

#[tokio::test]
async fn issues_of_a_gitlab_are_related_or_block_each_other_where_its_edition_has_that() {
    let server = GitLabServer::start().await;
    let gitlab = GitLab::new(&guard(), &server.url, "lab/atlas", login()).unwrap();
    let has = [
        (Relation::RefersTo, Relation::RefersTo),
        (Relation::DependsOn, Relation::DependedOnBy),
        (Relation::DependedOnBy, Relation::DependsOn),
    ];
    let lacks = [Relation::MemberOf, Relation::DuplicatedBy];
    are_linked(&gitlab, "lab/atlas", &has, &lacks, || {}).await;
    // Two issues have one link; one that there is no licence for is refused in words.
    let link = |relation| RemoteLink {
        relation,
        target: "2".into(),
    };
    gitlab
        .set_link("1", &link(Relation::RefersTo), true)
        .await
        .unwrap();
    let error = gitlab.set_link("1", &link(Relation::DependsOn), true).await;
    assert!(matches!(error, Err(Error::NotTaken { .. })), "{error:?}");
    gitlab
        .set_link("1", &link(Relation::ReferredToBy), false)
        .await
        .unwrap();
    server.free(true);
    let error = gitlab.set_link("1", &link(Relation::DependsOn), true).await;
    let words = error.unwrap_err().to_string();
    assert!(
        words.contains("not available for current license"),
        "{words}"
    );
}

#[tokio::test]
async fn issues_of_a_jira_are_related_block_each_other_and_say_the_same() {
    for cloud in [true, false] {
        let server = JiraServer::start(cloud).await;
        let jira = Jira::new(&guard(), &server.url, "ATLAS", login()).unwrap();
        let has = [
            (Relation::RefersTo, Relation::ReferredToBy),
            (Relation::ReferredToBy, Relation::RefersTo),
            (Relation::DependsOn, Relation::DependedOnBy),
            (Relation::DependedOnBy, Relation::DependsOn),
            (Relation::Duplicates, Relation::DuplicatedBy),
            (Relation::DuplicatedBy, Relation::Duplicates),
        ];
        are_linked(&jira, "ATLAS", &has, &[Relation::HasMember], || {}).await;
        // What the direction is, in its own words: it is the first that blocks.
        let body = serde_json::json!({"type": {"name": "Blocks"}, "inwardIssue": {"key": "ATLAS-1"},
                                      "outwardIssue": {"key": "ATLAS-2"}});
        server.acts("ada", "POST", "/issueLink", &body).await;
        let first = made(&jira, "first", "ATLAS").await;
        let found = links(&jira, &first).await;
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].relation, Relation::DependedOnBy);
        // Links of other types are left alone.
        let body = serde_json::json!({"type": {"name": "Cloners"}, "inwardIssue": {"key": "ATLAS-1"},
                                      "outwardIssue": {"key": "ATLAS-2"}});
        server.acts("ada", "POST", "/issueLink", &body).await;
        assert_eq!(links(&jira, &first).await, found);
        // That it may not link is no wrong secret, though it says so.
        server.grants(Some(false));
        let error = jira.set_link(&first, &found[0], false).await.unwrap_err();
        assert!(error.to_string().contains("Link issues"), "{error}");
    }
}
