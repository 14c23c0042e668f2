//! Ties between tickets, here and in the systems where software is made, each of which has
//! links of its own.

use connect::tracker::Relation as Link;
use serde_json::json;
use switchboard_core::{Relation, RelationKind};
use testkit::{TestDesk, both_configured};

use crate::exchange::{keeping, passes, there};
use crate::exchange_assignee::opened;
use crate::exchange_forges::{coupled_by, form};
use crate::exchange_links::{quiet, relates, ties};
use crate::exchange_there::{There, on_github, on_gitlab, on_jira};
use crate::onboarding::Cast;

/// The ties that travel, each with its link.
type Lines<'a> = &'a [(RelationKind, Link)];

async fn tying(desk: &TestDesk, on: &dyn There, lines: Lines<'_>) -> Cast {
    let mut form = form(on);
    let line = |(kind, link): &(RelationKind, Link)| format!("{} = {}", kind.key(), link.key());
    form.exchange.links = lines.iter().map(line).collect();
    coupled_by(desk, on, &on.url(), form).await
}

async fn is_tied_here_and_there(desk: &TestDesk, on: &dyn There, lines: Lines<'_>) {
    let cast = tying(desk, on, lines).await;
    let (a, x) = opened(desk, &cast).await;
    let (b, y) = opened(desk, &cast).await;
    let counts = || [on.links(&x).len(), on.links(&y).len()];
    for (kind, link) in lines.iter().copied() {
        let tie = Relation { kind, ticket: b };
        let says = format!("{} {y}", link.key());
        // Made here, undone there.
        relates(desk, &cast, (a, kind, b), true).await;
        passes(desk, 60).await;
        assert_eq!(on.links(&x), [says.as_str()], "{kind:?}");
        assert_eq!(ties(desk, a).await, [tie], "{kind:?}");
        passes(desk, 60).await;
        assert_eq!(counts(), [1, 1], "{kind:?}: no echo");
        assert_eq!(ties(desk, b).await.len(), 1, "{kind:?}: no echo");
        on.ties(&x, link, &y, false).await;
        passes(desk, 60).await;
        assert_eq!(ties(desk, a).await, [], "{kind:?}");
        assert_eq!(counts(), [0, 0], "{kind:?}");
        // Made there, undone here.
        on.ties(&x, link, &y, true).await;
        passes(desk, 60).await;
        assert_eq!(ties(desk, a).await, [tie], "{kind:?}");
        assert_eq!(on.links(&x), [says.as_str()], "{kind:?}");
        relates(desk, &cast, (b, kind.inverse(), a), false).await;
        passes(desk, 60).await;
        assert_eq!(counts(), [0, 0], "{kind:?}");
        assert_eq!(ties(desk, a).await, [], "{kind:?}");
    }
    quiet(desk, &cast, [a, b]).await;
}

#[test]
fn issues_of_a_github_are_parts_of_another_and_wait_for_another() {
    both_configured(&keeping(), |desk| async move {
        let lines = [
            (RelationKind::ChildOf, Link::MemberOf),
            (RelationKind::SlaveOf, Link::DependsOn),
        ];
        Box::pin(is_tied_here_and_there(&desk, &on_github().await, &lines)).await;
    });
}

#[test]
fn issues_of_a_gitlab_are_related_and_wait_for_another() {
    both_configured(&keeping(), |desk| async move {
        let lines = [
            (RelationKind::SeeAlso, Link::RefersTo),
            (RelationKind::ChildOf, Link::DependedOnBy),
        ];
        Box::pin(is_tied_here_and_there(&desk, &on_gitlab().await, &lines)).await;
    });
}

#[test]
fn issues_of_a_jira_are_related_wait_for_another_and_say_the_same() {
    both_configured(&keeping(), |desk| async move {
        let lines = [
            (RelationKind::SeeAlso, Link::RefersTo),
            (RelationKind::DuplicateOf, Link::Duplicates),
            (RelationKind::SlaveOf, Link::DependsOn),
        ];
        Box::pin(is_tied_here_and_there(&desk, &on_jira(true).await, &lines)).await;
    });
}

#[test]
fn a_link_of_a_github_that_nothing_tells_of_is_seen_when_its_issue_changes() {
    both_configured(&keeping(), |desk| async move {
        let on = on_github().await;
        let lines = [(RelationKind::ChildOf, Link::MemberOf)];
        let cast = Box::pin(tying(&desk, &on, &lines)).await;
        let (a, x) = opened(&desk, &cast).await;
        let (b, y) = opened(&desk, &cast).await;
        passes(&desk, 120).await;
        on.0.hides_links();
        on.ties(&x, Link::MemberOf, &y, true).await;
        passes(&desk, 60).await;
        assert_eq!(ties(&desk, a).await, []);
        on.writes(&x, "It is a part of that.").await;
        passes(&desk, 60).await;
        let tie = Relation {
            kind: RelationKind::ChildOf,
            ticket: b,
        };
        assert_eq!(ties(&desk, a).await, [tie]);

        // An issue of another repository has the number of one that is here.
        let new = json!({"title": "Elsewhere", "body": "x"});
        let issues = "/repos/lab/other/issues";
        let other = on.0.acts("zoe", "POST", issues, &new).await;
        assert_eq!(other["number"].to_string(), x);
        let path = format!("/repos/lab/atlas/issues/{y}/sub_issues");
        let body = json!({"sub_issue_id": other["id"]});
        on.0.acts("zoe", "POST", &path, &body).await;
        on.writes(&y, "And that is another.").await;
        passes(&desk, 60).await;
        assert_eq!(ties(&desk, b).await.len(), 1);
        assert_eq!(
            there(&desk, &cast, b).await.links,
            ["HasMember https://github.example/lab/other/issues/1"]
        );
        quiet(&desk, &cast, [a, b]).await;
    });
}

#[test]
fn a_link_that_a_gitlab_has_no_licence_for_is_told_and_stays_here() {
    both_configured(&keeping(), |desk| async move {
        let on = on_gitlab().await;
        on.0.free(true);
        let lines = [
            (RelationKind::SeeAlso, Link::RefersTo),
            (RelationKind::ChildOf, Link::DependedOnBy),
        ];
        let cast = Box::pin(tying(&desk, &on, &lines)).await;
        let (a, x) = opened(&desk, &cast).await;
        let (b, _) = opened(&desk, &cast).await;
        relates(&desk, &cast, (a, RelationKind::ChildOf, b), true).await;
        passes(&desk, 300).await;
        assert_eq!(on.links(&x), [""; 0]);
        assert_eq!(ties(&desk, a).await.len(), 1);
        let (coupled, dead) = desk.desk.exchange(&cast.ada_acts).await.unwrap();
        assert_eq!(dead.len(), 2, "either ticket's: {dead:?}");
        assert_eq!(dead[0].dead.what, "Ties with other tickets");
        assert!(dead[0].dead.why.contains("not available"), "{dead:?}");
        assert_eq!(coupled[0].coupling.error, None);
        for number in [a, b] {
            assert_eq!(there(&desk, &cast, number).await.waiting, 0);
        }
    });
}
