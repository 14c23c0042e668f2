//! The same with a Zammad, which is one for tests (`testkit::ZammadServer`): from the
//! request to the solution, from there to here, and over a network that loses a tenth.

use std::sync::Arc;

use connect::tracker::{Login, Zammad};
use connect::{Guard, Reach};
use serde_json::{Value, json};
use switchboard_core::onboarding::Form;
use switchboard_core::{EntryVisibility, Status};
use testkit::{Loss, Lossy, TestDesk, ZammadServer, both_configured};

use crate::exchange::{PUBLIC, agreed, bodies, coupled, keeping, opens, passes, says, stored};
use crate::exchange_in::here;
use crate::onboarding::{Cast, accepted, actor, cast};

fn zammads(group: &str) -> Form {
    let mut form = coupled(group);
    form.exchange.system = "zammad".into();
    form.exchange.endpoint = "https://rt.sky.example".into();
    form.exchange.statuses.clear();
    form.exchange.priorities.clear();
    form.fill_maps();
    form
}

/// The small federation with a service whose tickets travel to a Zammad at an address.
async fn coupled_to(desk: &TestDesk, url: &str, form: Form) -> Cast {
    let cast = cast(desk).await;
    accepted(desk, &cast, form).await;
    let guard = Guard::new(Reach::parse("127.0.0.1").unwrap());
    let login = Login::Token("bridge".into());
    let zammad = Zammad::new(&guard, "Zammad", url, login).unwrap();
    let agreement = agreed(desk, "sky-atlas").await;
    desk.desk.use_tracker(agreement, Arc::new(zammad));
    desk.run_jobs().await;
    cast
}

#[test]
fn a_request_goes_to_a_zammad_and_its_solution_comes_back() {
    both_configured(&keeping(), |desk| async move {
        let server = ZammadServer::start().await;
        let cast = coupled_to(&desk, &server.url, zammads("Grid")).await;
        let rita = actor(&desk, &cast.f.rita).await;
        let number = opens(&desk, &rita, "sky-atlas").await;
        let counterpart = async || {
            let seen = desk.desk.counterparts(&cast.ada_acts, number).await;
            seen.unwrap().remove(0)
        };
        let id = counterpart().await.there.unwrap();
        let there = async || {
            server
                .acts(
                    "ada",
                    "GET",
                    &format!("/tickets/{id}?expand=true"),
                    &json!({}),
                )
                .await
        };
        let ticket = there().await;
        assert_eq!(ticket["title"], "A plate is missing");
        assert_eq!(
            (&ticket["state"], &ticket["group"]),
            (&json!("open"), &json!("Grid"))
        );
        assert_eq!(ticket["customer"], "bridge", "no address passes");

        let writes = async |body: &str, internal: bool| {
            let article = json!({"ticket_id": id, "body": body, "internal": internal});
            server
                .acts("ada", "POST", "/ticket_articles", &article)
                .await;
        };
        let sets = async |values: Value| {
            server
                .acts("ada", "PUT", &format!("/tickets/{id}"), &values)
                .await;
        };
        writes("Which plate do you mean?", false).await;
        writes("between us", true).await;
        sets(json!({"owner": "ada", "state": "pending reminder", "pending_time": "2027-01-01T00:00:00.000Z"})).await;
        passes(&desk, 60).await;
        let (ticket, entries) = stored(&desk, number).await;
        let theirs: Vec<_> = entries
            .iter()
            .filter(|e| e.author_side == "external")
            .collect();
        assert_eq!(theirs.len(), 1, "{entries:?}");
        assert_eq!(theirs[0].body, "Which plate do you mean?");
        assert_eq!(
            (theirs[0].visibility, ticket.status),
            (PUBLIC, Status::Waiting)
        );
        assert_eq!(theirs[0].author_name, "ada Tester (via rt.sky.example)");
        let mails = desk.sent_mail();
        assert!(
            mails
                .iter()
                .any(|m| m.to == "rita@people.example"
                    && m.text.contains("Which plate do you mean?"))
        );
        assert_eq!(counterpart().await.owner.as_deref(), Some("ada"));

        says(
            &desk,
            &cast.ada_acts,
            number,
            EntryVisibility::Internal,
            "canary",
            None,
        )
        .await;
        says(&desk, &rita, number, PUBLIC, "Plate 17.", Some(b"17")).await;
        passes(&desk, 60).await;
        let said = server.bodies(&id);
        assert_eq!(
            said.iter().filter(|b| b.contains("Plate 17.")).count(),
            1,
            "{said:?}"
        );
        assert!(!said.iter().any(|b| b.contains("canary")), "{said:?}");

        writes("Found behind the shelf.", false).await;
        sets(json!({"state": "closed"})).await;
        passes(&desk, 80).await;
        let (solved, entries) = stored(&desk, number).await;
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
        let said = server.bodies(&id).len();
        passes(&desk, 300).await;
        assert_eq!(server.bodies(&id).len(), said);
        assert_eq!(there().await["state"], "closed");
        let seen = counterpart().await;
        assert_eq!((seen.waiting, seen.dead), (0, 0), "{seen:?}");
    });
}

#[test]
fn a_ticket_of_a_zammad_comes_here_once_and_goes_on() {
    both_configured(&keeping(), |desk| async move {
        let server = ZammadServer::start().await;
        let mut form = zammads("Grid");
        form.exchange.personal_data = true;
        let cast = coupled_to(&desk, &server.url, form).await;
        let opened = json!({
            "title": "Runs are gone", "group": "Grid", "priority": "3 high",
            "customer_id": "guess:uma@lab.example",
            "article": {"body": "<p>Run <b>7</b> is gone.</p>", "content_type": "text/html",
                        "attachments": [{"filename": "runs.csv", "mime-type": "text/csv",
                                         "data": "cnVuLDcK"}]},
        });
        let made = server.acts("ada", "POST", "/tickets", &opened).await;
        let elsewhere = json!({"title": "Not for us", "group": "Users", "customer_id": 3,
                               "article": {"body": "x"}});
        server.acts("ada", "POST", "/tickets", &elsewhere).await;
        passes(&desk, 60).await;
        let numbers = here(&desk).await;
        assert_eq!(numbers.len(), 1, "{numbers:?}");
        let number = numbers[0];
        let (ticket, entries) = stored(&desk, number).await;
        assert_eq!(ticket.subject, "Runs are gone");
        assert_eq!(bodies(&entries).len(), 1, "{entries:?}");
        assert!(entries[0].body.contains("Run 7 is gone."), "{entries:?}");
        let db = desk.desk.db();
        let files = db.read(move |c| store::entry::attachments(c, number)).await;
        let names: Vec<_> = files.unwrap().into_iter().map(|f| f.name).collect();
        assert_eq!(names, ["runs.csv"]);
        let asks = ticket.requester;
        let person = db
            .read(move |c| store::person::load(c, asks))
            .await
            .unwrap();
        assert_eq!(person.unwrap().email.as_deref(), Some("uma@lab.example"));

        says(
            &desk,
            &cast.ada_acts,
            number,
            PUBLIC,
            "Which disk was it?",
            None,
        )
        .await;
        passes(&desk, 60).await;
        let id = made["id"].to_string();
        let said = server.bodies(&id);
        assert!(
            said.last().unwrap().contains("Which disk was it?"),
            "{said:?}"
        );
        passes(&desk, 300).await;
        assert_eq!(here(&desk).await, [number], "nothing comes twice");
        assert_eq!(server.tickets(), 2);
    });
}

#[test]
fn over_a_network_that_loses_a_tenth_nothing_is_lost_or_doubled() {
    both_configured(&keeping(), |desk| async move {
        let server = ZammadServer::start().await;
        let proxy = Lossy::before(server.url.trim_start_matches("http://")).await;
        let url = format!("http://127.0.0.1:{}", proxy.port);
        let cast = coupled_to(&desk, &url, zammads("Grid")).await;
        let rita = actor(&desk, &cast.f.rita).await;
        proxy.at_random(7, 10, &[Loss::Unheard, Loss::Unanswered]);
        let mut numbers = Vec::new();
        for _ in 0..4 {
            numbers.push(opens(&desk, &rita, "sky-atlas").await);
        }
        passes(&desk, 200).await;
        for (n, number) in numbers.iter().enumerate() {
            says(
                &desk,
                &rita,
                *number,
                PUBLIC,
                &format!("From here {n}."),
                None,
            )
            .await;
            let seen = desk
                .desk
                .counterparts(&cast.ada_acts, *number)
                .await
                .unwrap();
            let Some(id) = &seen[0].there else { continue };
            let article = json!({"ticket_id": id, "body": format!("From there {n}.")});
            server
                .acts("ada", "POST", "/ticket_articles", &article)
                .await;
            passes(&desk, 20).await;
        }
        passes(&desk, 400).await;
        assert!(proxy.struck() > 5, "{}", proxy.struck());
        proxy.calm();
        passes(&desk, 200).await;
        assert_eq!(server.tickets(), 4);
        for (n, number) in numbers.iter().enumerate() {
            let seen = desk
                .desk
                .counterparts(&cast.ada_acts, *number)
                .await
                .unwrap();
            assert_eq!((seen[0].waiting, seen[0].dead), (0, 0), "{seen:?}");
            let said = server.bodies(seen[0].there.as_ref().unwrap());
            let ours = format!("From here {n}.");
            assert_eq!(
                said.iter().filter(|b| b.contains(&ours)).count(),
                1,
                "{said:?}"
            );
            let (_, entries) = stored(&desk, *number).await;
            let theirs: Vec<_> = entries
                .iter()
                .filter(|e| e.author_side == "external")
                .collect();
            assert!(theirs.len() <= 1, "no echo: {entries:?}");
            let written = said.iter().filter(|b| b.starts_with("From there")).count();
            assert_eq!(theirs.len(), written, "{entries:?}");
        }
    });
}

/// A right that our account has lost for all stops the coupling, with its error: what is to go
/// there waits, and what happens there meanwhile comes later. One that it lacks in one ticket
/// sets aside what was for that.
#[test]
fn a_zammad_that_lets_us_in_no_more_stops_the_coupling_and_everything_waits() {
    both_configured(&keeping(), |desk| async move {
        let server = ZammadServer::start().await;
        let cast = coupled_to(&desk, &server.url, zammads("Grid")).await;
        let guard = Guard::new(Reach::parse("127.0.0.1").unwrap());
        let login = Login::Token("bridge".into());
        let zammad = Zammad::new(&guard, "Zammad", &server.url, login).unwrap();
        let agreement = agreed(&desk, "sky-atlas").await;
        let zammad = Arc::new(zammad.of_group("Grid"));
        desk.desk.use_tracker(agreement, zammad);
        let rita = actor(&desk, &cast.f.rita).await;
        let number = opens(&desk, &rita, "sky-atlas").await;
        passes(&desk, 60).await;
        let seen = async |number| {
            let seen = desk.desk.counterparts(&cast.ada_acts, number).await;
            seen.unwrap().remove(0)
        };
        let why = async || {
            let (coupled, dead) = desk.desk.exchange(&cast.ada_acts).await.unwrap();
            (coupled[0].coupling.error.clone(), dead.len())
        };
        assert_eq!(why().await, (None, 0));
        let id = seen(number).await.there.unwrap();
        // It sees everything and may change nothing.
        server.lets("bridge", &[(2, "read"), (2, "overview")]);
        says(&desk, &rita, number, PUBLIC, "Anybody there", None).await;
        passes(&desk, 200).await;
        let (said, dead) = why().await;
        assert!(said.unwrap().contains("it needs the right “change”"));
        assert_eq!((seen(number).await.waiting, dead), (1, 0));
        // It sees nothing.
        server.lets("bridge", &[]);
        let article = json!({"ticket_id": id, "body": "Which plate?", "internal": false});
        server
            .acts("ada", "POST", "/ticket_articles", &article)
            .await;
        let other = opens(&desk, &rita, "sky-atlas").await;
        passes(&desk, 200).await;
        let (said, dead) = why().await;
        assert!(said.unwrap().contains("that our account can see"));
        assert_eq!(dead, 0);

        server.lets("bridge", &[(2, "full")]);
        passes(&desk, 400).await;
        assert_eq!(why().await, (None, 0));
        for number in [number, other] {
            let seen = seen(number).await;
            assert_eq!((seen.waiting, seen.dead, seen.error), (0, 0, None));
        }
        let ours = server.bodies(&id);
        let ours = ours.iter().filter(|b| b.contains("Anybody there"));
        assert_eq!((ours.count(), server.tickets()), (1, 2));
        let (_, entries) = stored(&desk, number).await;
        let theirs = entries.iter().filter(|e| e.body == "Which plate?");
        assert_eq!(theirs.count(), 1);

        // This one only lies where it may not be seen.
        server
            .acts(
                "ada",
                "PUT",
                &format!("/tickets/{id}"),
                &json!({"group": "Hidden"}),
            )
            .await;
        says(&desk, &rita, number, PUBLIC, "And now", None).await;
        says(&desk, &rita, other, PUBLIC, "Here too", None).await;
        passes(&desk, 200).await;
        assert_eq!(why().await, (None, 1));
        assert_eq!(seen(other).await.waiting, 0);
    });
}
