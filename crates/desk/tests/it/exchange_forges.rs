//! The same with systems where software is made, GitHub, GitLab and Jira, and with the
//! GGUS of before 2025, each of them one for tests. From the request to the solution, from there to here, and over a network
//! that loses a tenth.

use connect::{Guard, Reach};
use desk::Patch;
use switchboard_core::onboarding::Form;
use switchboard_core::{EntryVisibility, Status};
use testkit::{Lossy, TestDesk, both_configured};

use crate::exchange::{PUBLIC, agreed, bodies, coupled, keeping, opens, passes, says, stored};
use crate::exchange_in::here;
use crate::exchange_there::{There, on_ggus, on_github, on_gitlab, on_jira};
use crate::onboarding::{Cast, accepted, actor, cast};

pub(crate) fn form(there: &dyn There) -> Form {
    let (system, queue) = there.couples();
    let mut form = coupled(queue);
    form.exchange.system = system.into();
    form.exchange.endpoint = "https://rt.sky.example".into();
    form.exchange.statuses.clear();
    form.exchange.priorities.clear();
    form.fill_maps();
    form
}

/// The small federation with a service whose tickets travel there, by way of an address.
async fn coupled_to(desk: &TestDesk, there: &dyn There, url: &str) -> Cast {
    coupled_by(desk, there, url, form(there)).await
}

pub(crate) async fn coupled_by(desk: &TestDesk, there: &dyn There, url: &str, form: Form) -> Cast {
    let cast = cast(desk).await;
    accepted(desk, &cast, form).await;
    let guard = Guard::new(Reach::parse("127.0.0.1").unwrap());
    let agreement = agreed(desk, "sky-atlas").await;
    desk.desk.use_tracker(agreement, there.client(&guard, url));
    desk.run_jobs().await;
    cast
}

async fn goes_there_and_comes_back(desk: &TestDesk, there: &dyn There) {
    let cast = coupled_to(desk, there, &there.url()).await;
    let rita = actor(desk, &cast.f.rita).await;
    let number = opens(desk, &rita, "sky-atlas").await;
    let counterpart = async || {
        let seen = desk.desk.counterparts(&cast.ada_acts, number).await;
        seen.unwrap().remove(0)
    };
    let id = counterpart().await.there.unwrap();
    let said = there.bodies(&id);
    assert!(said[0].contains("It was there yesterday."), "{said:?}");
    assert!(!said[0].contains("rita"), "no address passes: {said:?}");

    there.writes(&id, "Which plate do you mean?").await;
    there.notes(&id, "between us").await;
    passes(desk, 60).await;
    let (_, entries) = stored(desk, number).await;
    let theirs: Vec<_> = entries
        .iter()
        .filter(|e| e.author_side == "external")
        .collect();
    assert_eq!(theirs.len(), 1, "{entries:?}");
    assert_eq!(
        (theirs[0].body.as_str(), theirs[0].visibility),
        ("Which plate do you mean?", PUBLIC)
    );
    assert_eq!(theirs[0].author_name, "ada (via rt.sky.example)");
    let mails = desk.sent_mail();
    let told = |m: &&testkit::Mail| m.to == "rita@people.example" && m.text.contains("Which plate");
    assert_eq!(mails.iter().filter(told).count(), 1);

    says(
        desk,
        &cast.ada_acts,
        number,
        EntryVisibility::Internal,
        "canary",
        None,
    )
    .await;
    says(desk, &rita, number, PUBLIC, "Plate #17.", Some(b"17")).await;
    passes(desk, 60).await;
    let said = there.bodies(&id);
    let ours = there.shows("Plate #17.");
    assert_eq!(
        said.iter().filter(|b| b.contains(&ours)).count(),
        1,
        "{said:?}"
    );
    assert_eq!(
        said.iter().filter(|b| b.contains("plate.txt")).count(),
        1,
        "{said:?}"
    );
    assert!(!said.iter().any(|b| b.contains("canary")), "{said:?}");

    there.writes(&id, "Found behind the shelf.").await;
    there.solves(&id).await;
    passes(desk, 80).await;
    let (solved, entries) = stored(desk, number).await;
    assert_eq!(solved.status, Status::Solved);
    assert_eq!(solved.solution.unwrap().text, "Found behind the shelf.");
    assert_eq!(
        entries
            .iter()
            .filter(|e| e.author_side == "external")
            .count(),
        2
    );
    // Then it is quiet.
    let (said, status) = (there.bodies(&id).len(), there.status(&id).await);
    passes(desk, 300).await;
    assert_eq!(
        (there.bodies(&id).len(), there.status(&id).await),
        (said, status)
    );
    let seen = counterpart().await;
    assert_eq!((seen.waiting, seen.dead), (0, 0), "{seen:?}");

    // What they will not do is unsolved.
    let other = opens(desk, &rita, "sky-atlas").await;
    let seen = desk.desk.counterparts(&cast.ada_acts, other).await.unwrap();
    let id = seen[0].there.clone().unwrap();
    there.writes(&id, "That plate is lost.").await;
    there.declines(&id).await;
    passes(desk, 80).await;
    assert_eq!(stored(desk, other).await.0.status, Status::Unsolved);
}

async fn comes_here_once_and_goes_on(desk: &TestDesk, there: &dyn There) {
    let cast = coupled_to(desk, there, &there.url()).await;
    let id = there.opens("Runs are gone", "Run **7** is gone.").await;
    passes(desk, 60).await;
    let numbers = here(desk).await;
    assert_eq!(numbers.len(), 1, "{numbers:?}");
    let (ticket, entries) = stored(desk, numbers[0]).await;
    assert_eq!(ticket.subject, "Runs are gone");
    assert_eq!(bodies(&entries), ["Run **7** is gone."]);
    says(
        desk,
        &cast.ada_acts,
        numbers[0],
        PUBLIC,
        "Which disk?",
        None,
    )
    .await;
    passes(desk, 60).await;
    let said = there.bodies(&id);
    assert!(said.last().unwrap().contains("Which disk"), "{said:?}");
    there.writes(&id, "The third.").await;
    there.solves(&id).await;
    passes(desk, 60).await;
    there.opens_again(&id).await;
    passes(desk, 300).await;
    let (ticket, entries) = stored(desk, numbers[0]).await;
    assert_eq!(
        bodies(&entries)
            .iter()
            .filter(|b| **b == "The third.")
            .count(),
        1
    );
    assert!(ticket.status.is_open(), "{:?}", ticket.status);
    assert_eq!(
        (here(desk).await, there.tickets()),
        (numbers, 1),
        "nothing comes twice"
    );
}

/// What is deleted there is told once, and what was said here stays here.
async fn is_told_when_it_is_deleted(desk: &TestDesk, there: &dyn There) {
    let cast = coupled_to(desk, there, &there.url()).await;
    let rita = actor(desk, &cast.f.rita).await;
    let number = opens(desk, &rita, "sky-atlas").await;
    let counterpart = async |number| {
        let seen = desk.desk.counterparts(&cast.ada_acts, number).await;
        seen.unwrap().remove(0)
    };
    there
        .deletes(&counterpart(number).await.there.unwrap())
        .await;
    for said in ["Is anybody there?", "Hello?"] {
        says(desk, &rita, number, PUBLIC, said, None).await;
    }
    passes(desk, 300).await;
    let seen = counterpart(number).await;
    assert!(seen.gone && seen.ended, "{seen:?}");
    assert_eq!(
        (seen.waiting, seen.dead, seen.theirs),
        (0, 0, false),
        "{seen:?}"
    );
    says(desk, &rita, number, PUBLIC, "Well.", None).await;
    passes(desk, 300).await;
    let (ticket, entries) = stored(desk, number).await;
    assert!(ticket.status.is_open());
    let said = bodies(&entries);
    for ours in ["Is anybody there?", "Hello?", "Well."] {
        assert_eq!(said.iter().filter(|b| **b == ours).count(), 1, "{said:?}");
    }
    let told: Vec<_> = entries
        .iter()
        .filter(|e| e.body.contains("was deleted there"))
        .collect();
    assert_eq!(told.len(), 1, "{entries:?}");
    assert_eq!(told[0].visibility, EntryVisibility::Internal);
    // It is that ticket's and not the system's.
    let other = opens(desk, &rita, "sky-atlas").await;
    says(desk, &rita, other, PUBLIC, "And this one.", None).await;
    passes(desk, 60).await;
    let seen = counterpart(other).await;
    assert!(!seen.gone && seen.error.is_none(), "{seen:?}");
    let said = there.bodies(&seen.there.unwrap());
    assert!(said.iter().any(|b| b.contains("And this one.")), "{said:?}");
}

async fn loses_and_doubles_nothing(desk: &TestDesk, there: &dyn There) {
    let url = there.url();
    let proxy = Lossy::before(url.trim_start_matches("http://")).await;
    let cast = coupled_to(desk, there, &format!("http://127.0.0.1:{}", proxy.port)).await;
    let rita = actor(desk, &cast.f.rita).await;
    proxy.at_random(7, 10, &there.losses());
    let mut numbers = Vec::new();
    for _ in 0..4 {
        numbers.push(opens(desk, &rita, "sky-atlas").await);
    }
    passes(desk, 200).await;
    let seen = async |number| {
        desk.desk
            .counterparts(&cast.ada_acts, number)
            .await
            .unwrap()
            .remove(0)
    };
    for (n, number) in numbers.iter().enumerate() {
        says(
            desk,
            &rita,
            *number,
            PUBLIC,
            &format!("From here {n}."),
            None,
        )
        .await;
        if let Some(id) = seen(*number).await.there {
            there.writes(&id, &format!("From there {n}.")).await;
        }
        passes(desk, 20).await;
    }
    passes(desk, 400).await;
    assert!(proxy.struck() > 5, "{}", proxy.struck());
    proxy.calm();
    passes(desk, 200).await;
    for (n, number) in numbers.iter().enumerate() {
        let seen = seen(*number).await;
        assert_eq!((seen.waiting, seen.dead), (0, 0), "{seen:?}");
        let said = there.bodies(seen.there.as_ref().unwrap());
        let ours = format!("From here {n}.");
        assert_eq!(
            said.iter().filter(|b| b.contains(&ours)).count(),
            1,
            "{said:?}"
        );
        let (_, entries) = stored(desk, *number).await;
        let theirs = entries
            .iter()
            .filter(|e| e.author_side == "external")
            .count();
        let written = said.iter().filter(|b| b.starts_with("From there")).count();
        assert_eq!(theirs, written, "each once, and no echo: {entries:?}");
    }
    // Those that the network made twice are closed, and no tickets here.
    assert_eq!(here(desk).await.len(), 4);
}

/// What a ticket is about is one of their labels, both ways, and other labels are theirs.
async fn is_about_what_its_label_says(desk: &TestDesk, there: &dyn There) {
    let (field, _) = there.labels("");
    let mut form = form(there);
    let (bug, wish, other) = match field {
        "components" => ("Core", "Web", "Disks"),
        _ => ("bug", "wish", "shelf"),
    };
    form.exchange.fields = vec![format!(
        "category = {field} | incident = {bug} | service_request = {wish} | change_request = {wish}"
    )];
    let cast = coupled_by(desk, there, &there.url(), form).await;
    let rita = actor(desk, &cast.f.rita).await;
    let number = opens(desk, &rita, "sky-atlas").await;
    let seen = async || {
        let seen = desk.desk.counterparts(&cast.ada_acts, number).await;
        seen.unwrap().remove(0)
    };
    let id = seen().await.there.unwrap();
    let on = |id: &str| {
        let mut all = there.labels(id).1;
        all.retain(|label| !label.starts_with("priority"));
        all.sort();
        all
    };
    let category = async || stored(desk, number).await.0.facts.category;
    assert_eq!(on(&id), [bug]);
    there.labels_anew(&id, other, "none").await;
    there.labels_anew(&id, wish, bug).await;
    passes(desk, 60).await;
    // Of two that are one there, the one that was written first.
    assert_eq!(category().await, "service_request");
    let recategorise = async |word: &str| {
        let patch = Patch {
            category: Some(word.into()),
            ..Patch::default()
        };
        let done = desk.desk.change(&cast.ada_acts, number, None, patch).await;
        done.unwrap();
        passes(desk, 60).await;
    };
    // It means the same there: nothing is set, and nothing comes back.
    let both = {
        let mut both = vec![wish.to_owned(), other.to_owned()];
        both.sort();
        both
    };
    recategorise("change_request").await;
    passes(desk, 300).await;
    assert_eq!(
        (category().await.as_str(), on(&id)),
        ("change_request", both)
    );
    recategorise("incident").await;
    let mut both = vec![bug.to_owned(), other.to_owned()];
    both.sort();
    assert_eq!(
        (category().await.as_str(), on(&id)),
        ("incident", both.clone())
    );
    // What has no label there is not told there, and what says nothing changes nothing here.
    recategorise("test").await;
    assert_eq!(on(&id), both);
    there.labels_anew(&id, other, bug).await;
    passes(desk, 60).await;
    assert_eq!(category().await, "test");
    let seen = seen().await;
    assert_eq!((seen.waiting, seen.dead), (0, 0), "{seen:?}");

    // Opened there with a label, it comes with it.
    let id = there.opens("Runs are gone", "Run 7 is gone.").await;
    there.labels_anew(&id, wish, "none").await;
    passes(desk, 60).await;
    let came = *here(desk).await.last().unwrap();
    assert_eq!(stored(desk, came).await.0.facts.category, "service_request");
}

/// A right that our account has lost stops the coupling, with its error; what is to go there
/// waits, and nothing is set aside.
async fn waits_until_it_is_let_in(desk: &TestDesk, there: &dyn There) {
    let mut form = form(there);
    let (field, _) = there.labels("");
    let (bug, wish) = match field {
        "components" => ("Core", "Web"),
        _ => ("bug", "wish"),
    };
    form.exchange.fields = vec![format!(
        "category = {field} | incident = {bug} | service_request = {wish}"
    )];
    let cast = coupled_by(desk, there, &there.url(), form).await;
    let rita = actor(desk, &cast.f.rita).await;
    let number = opens(desk, &rita, "sky-atlas").await;
    let seen = async |number| {
        let seen = desk.desk.counterparts(&cast.ada_acts, number).await;
        seen.unwrap().remove(0)
    };
    let why = async || {
        let (coupled, dead) = desk.desk.exchange(&cast.ada_acts).await.unwrap();
        assert_eq!(dead.len(), 0, "{dead:?}");
        coupled[0].coupling.error.clone()
    };
    assert_eq!(why().await, None);
    // It sees nothing: before anything was read, and when it is read.
    there.takes_away(Some(false));
    says(desk, &rita, number, PUBLIC, "Anybody there", None).await;
    desk.run_jobs().await;
    let said = why().await.unwrap();
    assert!(said.contains("that our account can see"), "{said}");
    let other = opens(desk, &rita, "sky-atlas").await;
    passes(desk, 200).await;
    assert!(why().await.is_some());
    let (first, second) = (seen(number).await, seen(other).await);
    assert!(first.waiting >= 1 && second.waiting >= 1 && second.there.is_none());
    assert_eq!((first.gone, first.ended), (false, false), "{first:?}");

    // It sees everything and may change nothing.
    there.takes_away(Some(true));
    let patch = Patch {
        category: Some("service_request".into()),
        ..Patch::default()
    };
    let done = desk.desk.change(&cast.ada_acts, number, None, patch).await;
    done.unwrap();
    passes(desk, 200).await;
    let said = why().await.unwrap();
    assert!(said.contains("may not"), "{said}");
    assert!(said.contains("it needs the"), "{said}");

    there.takes_away(None);
    passes(desk, 400).await;
    assert_eq!(why().await, None);
    for number in [number, other] {
        let seen = seen(number).await;
        assert_eq!((seen.waiting, seen.dead), (0, 0), "{seen:?}");
        assert_eq!(seen.error, None);
    }
    let id = first.there.unwrap();
    let said = there.bodies(&id);
    let ours = said.iter().filter(|b| b.contains("Anybody there"));
    assert_eq!(ours.count(), 1, "{said:?}");
    assert!(there.labels(&id).1.contains(&wish.to_owned()));
    assert_eq!(there.tickets(), 2);
}

#[test]
fn the_category_of_a_ticket_is_a_label_in_a_github() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(is_about_what_its_label_says(&desk, &on_github().await)).await;
    });
}

#[test]
fn the_category_of_a_ticket_is_a_label_in_a_gitlab() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(is_about_what_its_label_says(&desk, &on_gitlab().await)).await;
    });
}

#[test]
fn the_category_of_a_ticket_is_a_label_or_a_component_in_a_jira() {
    for cloud in [true, false] {
        both_configured(&keeping(), |desk| async move {
            Box::pin(is_about_what_its_label_says(&desk, &on_jira(cloud).await)).await;
        });
    }
}

#[test]
fn a_github_that_lets_us_in_no_more_stops_the_coupling_and_everything_waits() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(waits_until_it_is_let_in(&desk, &on_github().await)).await;
    });
}

#[test]
fn a_gitlab_that_lets_us_in_no_more_stops_the_coupling_and_everything_waits() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(waits_until_it_is_let_in(&desk, &on_gitlab().await)).await;
    });
}

#[test]
fn a_jira_that_lets_us_in_no_more_stops_the_coupling_and_everything_waits() {
    for cloud in [true, false] {
        both_configured(&keeping(), |desk| async move {
            Box::pin(waits_until_it_is_let_in(&desk, &on_jira(cloud).await)).await;
        });
    }
}

#[test]
fn a_request_goes_to_a_github_and_its_solution_comes_back() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(goes_there_and_comes_back(&desk, &on_github().await)).await;
    });
}

#[test]
fn an_issue_of_a_github_comes_here_once_and_goes_on() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(comes_here_once_and_goes_on(&desk, &on_github().await)).await;
    });
}

#[test]
fn between_here_and_a_github_nothing_is_lost_or_doubled() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(loses_and_doubles_nothing(&desk, &on_github().await)).await;
    });
}

#[test]
fn a_request_goes_to_a_gitlab_and_its_solution_comes_back() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(goes_there_and_comes_back(&desk, &on_gitlab().await)).await;
    });
}

#[test]
fn an_issue_of_a_gitlab_comes_here_once_and_goes_on() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(comes_here_once_and_goes_on(&desk, &on_gitlab().await)).await;
    });
}

#[test]
fn between_here_and_a_gitlab_nothing_is_lost_or_doubled() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(loses_and_doubles_nothing(&desk, &on_gitlab().await)).await;
    });
}

#[test]
fn a_request_goes_to_a_jira_and_its_solution_comes_back() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(goes_there_and_comes_back(&desk, &on_jira(false).await)).await;
    });
}

#[test]
fn an_issue_of_a_jira_comes_here_once_and_goes_on() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(comes_here_once_and_goes_on(&desk, &on_jira(true).await)).await;
    });
}

#[test]
fn between_here_and_a_jira_nothing_is_lost_or_doubled() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(loses_and_doubles_nothing(&desk, &on_jira(false).await)).await;
    });
}

#[test]
fn a_request_goes_to_a_ggus_by_soap_and_its_solution_comes_back() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(goes_there_and_comes_back(&desk, &on_ggus().await)).await;
    });
}

#[test]
fn a_ticket_of_a_ggus_comes_here_once_by_soap_and_goes_on() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(comes_here_once_and_goes_on(&desk, &on_ggus().await)).await;
    });
}

#[test]
fn between_here_and_a_ggus_by_soap_nothing_is_lost_or_doubled() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(loses_and_doubles_nothing(&desk, &on_ggus().await)).await;
    });
}

#[test]
fn a_ticket_that_is_deleted_in_a_github_is_told_once() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(is_told_when_it_is_deleted(&desk, &on_github().await)).await;
    });
}

#[test]
fn a_ticket_that_is_deleted_in_a_gitlab_is_told_once() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(is_told_when_it_is_deleted(&desk, &on_gitlab().await)).await;
    });
}

#[test]
fn a_ticket_that_is_deleted_in_a_jira_is_told_once() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(is_told_when_it_is_deleted(&desk, &on_jira(true).await)).await;
    });
}

#[test]
fn a_ticket_that_is_deleted_in_a_ggus_by_soap_is_told_once() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(is_told_when_it_is_deleted(&desk, &on_ggus().await)).await;
    });
}
