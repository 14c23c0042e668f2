//! Who works on a ticket, here and in the systems where software is made: an issue there may
//! be assigned to several.

use switchboard_core::TicketNumber;
use testkit::{TestDesk, both_configured};

use crate::exchange::{keeping, opens, passes, there};
use crate::exchange_forges::{coupled_by, form};
use crate::exchange_in::here;
use crate::exchange_owner::{owner, sets, staffed, trace};
use crate::exchange_there::{There, on_github, on_gitlab, on_jira};
use crate::onboarding::{Cast, actor};

/// Sam is Ada there, Pia is Grace, and Nina somebody whom nothing can be assigned to. Zoe
/// is nobody here.
async fn owned(desk: &TestDesk, on: &dyn There) -> Cast {
    let mut form = form(on);
    form.exchange.personal_data = true;
    let people = [("sam", "ada"), ("Pia", "grace"), ("nina", on.outsider())];
    let line = |(name, login)| format!("{name}@people.example = {}", on.login(login));
    form.exchange.owners = people.map(line).to_vec();
    let cast = coupled_by(desk, on, &on.url(), form).await;
    staffed(desk, &cast).await;
    cast
}

/// A ticket that was opened here, and its number there.
pub(crate) async fn opened(desk: &TestDesk, cast: &Cast) -> (TicketNumber, String) {
    let rita = actor(desk, &cast.f.rita).await;
    let number = opens(desk, &rita, "sky-atlas").await;
    let id = there(desk, cast, number).await.there.unwrap();
    (number, id)
}

async fn is_assigned_to_whom_the_lines_name(desk: &TestDesk, on: &dyn There) {
    let cast = owned(desk, on).await;
    let (f, ada) = (&cast.f, &cast.ada_acts);
    let (number, id) = opened(desk, &cast).await;
    let (sam, pia) = (Some(f.sam.id), Some(cast.pia.id));
    let are = |names: &[&str]| {
        let logins: Vec<String> = names.iter().map(|name| on.login(name)).collect();
        assert_eq!(on.owners(&id), logins);
    };
    // From here, and nothing comes back.
    for (who, login) in [(sam, "ada"), (pia, "grace"), (sam, "ada")] {
        sets(desk, ada, number, who).await;
        passes(desk, 60).await;
        are(&[login]);
        assert_eq!(owner(desk, number).await, who);
    }
    sets(desk, ada, number, None).await;
    passes(desk, 60).await;
    are(&[]);

    // From there, and nothing goes back.
    for (names, who) in [(&["grace"][..], pia), (&["ada"], sam), (&[], None)] {
        on.gives(&id, names).await;
        passes(desk, 60).await;
        assert_eq!(owner(desk, number).await, who, "{names:?}");
        are(names);
    }
    // Whom nobody here knows is shown, and theirs to keep.
    on.gives(&id, &["zoe"]).await;
    passes(desk, 60).await;
    let zoe = on.login("zoe");
    assert_eq!(owner(desk, number).await, None);
    assert_eq!(there(desk, &cast, number).await.owner, Some(zoe.clone()));
    let said = trace(desk, &cast, number).await;
    assert!(
        said.contains(&format!("owner “{zoe}” has no line here")),
        "{said}"
    );
    for (who, login) in [(sam, "ada"), (pia, "grace")] {
        sets(desk, ada, number, who).await;
        passes(desk, 60).await;
        are(&["zoe", login][usize::from(!on.several())..]);
    }
    sets(desk, ada, number, None).await;
    passes(desk, 60).await;
    are(if on.several() { &["zoe"] } else { &[] });
    trace(desk, &cast, number).await;

    // Opened there, it comes with the first whom a line names.
    let new = on.opens("Runs are gone", "Run 7 is gone.").await;
    on.gives(
        &new,
        if on.several() {
            &["zoe", "ada"]
        } else {
            &["ada"]
        },
    )
    .await;
    passes(desk, 60).await;
    let came = *here(desk).await.last().unwrap();
    assert_eq!(owner(desk, came).await, sam);
    assert_ne!(came, number);
}

async fn is_owned_by_the_first_of_several(desk: &TestDesk, on: &dyn There) {
    let cast = owned(desk, on).await;
    let (f, ada) = (&cast.f, &cast.ada_acts);
    let (number, id) = opened(desk, &cast).await;
    let (sam, pia) = (Some(f.sam.id), Some(cast.pia.id));
    for (names, who) in [
        (&["zoe", "ada", "grace"][..], sam),
        // Who it was it stays, as long as they are among them.
        (&["grace", "ada"], sam),
        (&["zoe", "grace"], pia),
        (&["ada", "grace", "zoe"], pia),
    ] {
        on.gives(&id, names).await;
        passes(desk, 60).await;
        assert_eq!(owner(desk, number).await, who, "{names:?}");
        assert_eq!(on.owners(&id), names);
    }
    let shown = there(desk, &cast, number).await.owner;
    assert_eq!(shown.as_deref(), Some("ada, grace, zoe"));
    // Only the one who was the owner goes, and nobody of the others takes their place.
    sets(desk, ada, number, None).await;
    passes(desk, 300).await;
    assert_eq!(on.owners(&id), ["ada", "zoe"]);
    assert_eq!(owner(desk, number).await, None);
    sets(desk, ada, number, pia).await;
    passes(desk, 60).await;
    assert_eq!(on.owners(&id), ["ada", "zoe", "grace"]);
    assert_eq!(owner(desk, number).await, pia);
    trace(desk, &cast, number).await;
}

/// Told once, and everything else goes on.
async fn tells_whom_it_does_not_take(desk: &TestDesk, on: &dyn There) {
    let cast = owned(desk, on).await;
    let (f, ada) = (&cast.f, &cast.ada_acts);
    let (number, id) = opened(desk, &cast).await;
    sets(desk, ada, number, Some(f.sam.id)).await;
    passes(desk, 60).await;
    sets(desk, ada, number, Some(f.nina.id)).await;
    passes(desk, 300).await;
    assert_eq!(on.owners(&id), [on.login("ada")], "it stays there");
    assert_eq!(owner(desk, number).await, Some(f.nina.id), "and here");
    let (coupled, dead) = desk.desk.exchange(ada).await.unwrap();
    assert_eq!(dead.len(), 1, "once: {dead:?}");
    let what = format!("owner “{}”", on.login(on.outsider()));
    assert_eq!(dead[0].dead.what, what);
    let why = &dead[0].dead.why;
    assert!(
        why.contains("drops in silence") || why.contains("cannot be assigned"),
        "{why}"
    );
    assert_eq!(coupled[0].coupling.error, None);
    assert_eq!(there(desk, &cast, number).await.waiting, 0);
    sets(desk, ada, number, Some(cast.pia.id)).await;
    passes(desk, 60).await;
    assert_eq!(on.owners(&id), [on.login("grace")]);
    assert_eq!(there(desk, &cast, number).await.waiting, 0);
}

#[test]
fn an_issue_of_a_github_is_assigned_to_whom_the_lines_name() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(is_assigned_to_whom_the_lines_name(
            &desk,
            &on_github().await,
        ))
        .await;
    });
}

#[test]
fn an_issue_of_a_gitlab_is_assigned_to_whom_the_lines_name() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(is_assigned_to_whom_the_lines_name(
            &desk,
            &on_gitlab().await,
        ))
        .await;
    });
}

#[test]
fn an_issue_of_a_jira_is_assigned_to_whom_the_lines_name() {
    for cloud in [true, false] {
        both_configured(&keeping(), |desk| async move {
            Box::pin(is_assigned_to_whom_the_lines_name(
                &desk,
                &on_jira(cloud).await,
            ))
            .await;
        });
    }
}

#[test]
fn of_several_who_are_assigned_in_a_github_the_first_who_is_known_owns_it() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(is_owned_by_the_first_of_several(&desk, &on_github().await)).await;
    });
}

#[test]
fn of_several_who_are_assigned_in_a_gitlab_the_first_who_is_known_owns_it() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(is_owned_by_the_first_of_several(&desk, &on_gitlab().await)).await;
    });
}

#[test]
fn whom_a_github_does_not_assign_is_told_once() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(tells_whom_it_does_not_take(&desk, &on_github().await)).await;
    });
}

#[test]
fn whom_a_gitlab_does_not_assign_is_told_once() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(tells_whom_it_does_not_take(&desk, &on_gitlab().await)).await;
    });
}

#[test]
fn whom_a_jira_does_not_assign_is_told_once() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(tells_whom_it_does_not_take(&desk, &on_jira(true).await)).await;
    });
}

#[test]
fn a_gitlab_with_place_for_one_keeps_whom_it_has_and_that_is_told() {
    both_configured(&keeping(), |desk| async move {
        let on = on_gitlab().await;
        on.0.free(true);
        let cast = Box::pin(owned(&desk, &on)).await;
        let (number, id) = opened(&desk, &cast).await;
        on.gives(&id, &["zoe"]).await;
        passes(&desk, 60).await;
        let sam = Some(cast.f.sam.id);
        sets(&desk, &cast.ada_acts, number, sam).await;
        passes(&desk, 300).await;
        assert_eq!(on.owners(&id), ["zoe"]);
        assert_eq!(owner(&desk, number).await, sam);
        let (_, dead) = desk.desk.exchange(&cast.ada_acts).await.unwrap();
        assert_eq!(dead.len(), 1, "once: {dead:?}");
        assert!(dead[0].dead.why.contains("place for one"), "{dead:?}");
        // Free again, it goes to the next.
        on.gives(&id, &[]).await;
        passes(&desk, 60).await;
        assert_eq!(owner(&desk, number).await, None);
        sets(&desk, &cast.ada_acts, number, sam).await;
        passes(&desk, 60).await;
        assert_eq!(on.owners(&id), ["ada"]);
    });
}
