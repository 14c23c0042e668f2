//! The same with a real Request Tracker 5: from the request to the solution.

use std::sync::Arc;

use connect::tracker::{Login, Rt};
use connect::{Guard, Reach};
use serde_json::json;
use switchboard_core::{EntryVisibility, Status};
use testkit::{Loss, Lossy, RtServer, TestDesk, both_configured, rt_server};

use crate::exchange::{agreed, bodies, coupled, keeping, opens, passes, says, stored};
use crate::exchange_in::here;
use crate::onboarding::{accepted, actor, cast};

/// The agreement's system is this RT from now on.
pub(crate) async fn reaches(desk: &TestDesk, server: &RtServer) {
    reaches_at(desk, server, &server.url).await;
}

/// The same through a network that can lose things.
pub(crate) async fn reaches_through(desk: &TestDesk, server: &RtServer) -> Lossy {
    let proxy = Lossy::before(server.url.trim_start_matches("http://")).await;
    reaches_at(desk, server, &format!("http://127.0.0.1:{}", proxy.port)).await;
    proxy
}

async fn reaches_at(desk: &TestDesk, server: &RtServer, address: &str) {
    // The form takes addresses with TLS only; this RT has none.
    let guard = Guard::new(Reach::parse("127.0.0.1").unwrap());
    let token = Login::Token(server.token.clone());
    let rt = Rt::new(&guard, address, token, None).unwrap();
    desk.desk
        .use_tracker(agreed(desk, "sky-atlas").await, Arc::new(rt));
    desk.run_jobs().await;
}

#[test]
fn a_request_goes_to_a_real_rt_and_its_solution_comes_back() {
    let Some(server) = rt_server() else { return };
    both_configured(&keeping(), |desk| {
        let server = server.clone();
        async move {
            let cast = cast(&desk).await;
            accepted(&desk, &cast, coupled("Grid")).await;
            reaches(&desk, &server).await;
            let rita = actor(&desk, &cast.f.rita).await;
            let number = opens(&desk, &rita, "sky-atlas").await;
            let seen = desk
                .desk
                .counterparts(&cast.ada_acts, number)
                .await
                .unwrap();
            let id = seen[0].there.clone().unwrap();
            let ticket =
                |user: &str| server.acts(user, "GET", &format!("/ticket/{id}"), &json!({}));
            assert_eq!(ticket("ada")["Status"], "open");
            assert_eq!(ticket("ada")["Subject"], "A plate is missing");

            let correspond = |text: &str| {
                server.acts(
                    "ada",
                    "POST",
                    &format!("/ticket/{id}/correspond"),
                    &json!({ "Content": text, "ContentType": "text/plain" }),
                )
            };
            correspond("Which plate do you mean?");
            server.acts(
                "ada",
                "POST",
                &format!("/ticket/{id}/comment"),
                &json!({ "Content": "between us", "ContentType": "text/plain" }),
            );
            server.acts(
                "ada",
                "PUT",
                &format!("/ticket/{id}"),
                &json!({ "Owner": "ada" }),
            );
            passes(&desk, 40).await;
            let (_, entries) = stored(&desk, number).await;
            let theirs: Vec<_> = entries
                .iter()
                .filter(|e| e.author_side == "external")
                .collect();
            assert_eq!(theirs.len(), 1, "{entries:?}");
            assert_eq!(theirs[0].body, "Which plate do you mean?");
            assert_eq!(theirs[0].visibility, EntryVisibility::Public);
            let mails = desk.sent_mail();
            assert!(
                mails.iter().any(|m| m.to == "rita@people.example"
                    && m.text.contains("Which plate do you mean?"))
            );
            let seen = desk
                .desk
                .counterparts(&cast.ada_acts, number)
                .await
                .unwrap();
            assert_eq!(seen[0].owner.as_deref(), Some("ada"));

            says(
                &desk,
                &rita,
                number,
                EntryVisibility::Public,
                "Plate 17.",
                Some(b"17"),
            )
            .await;
            let written = server.sql(&format!(
                "select count(*) from transactions where objecttype = 'RT::Ticket' and \
                 objectid = {id} and type = 'Correspond'"
            ));
            assert_eq!(written, "3", "theirs, the answer, and its file");
            correspond("Found behind the shelf.");
            server.acts(
                "ada",
                "PUT",
                &format!("/ticket/{id}"),
                &json!({ "Status": "resolved" }),
            );
            passes(&desk, 80).await;
            let (solved, entries) = stored(&desk, number).await;
            assert_eq!(solved.status, Status::Solved);
            assert_eq!(solved.solution.unwrap().text, "Found behind the shelf.");
            let theirs = entries
                .iter()
                .filter(|e| e.author_side == "external")
                .count();
            assert_eq!(theirs, 2, "{entries:?}");
            assert_eq!(ticket("ada")["Status"], "resolved");
            let seen = desk
                .desk
                .counterparts(&cast.ada_acts, number)
                .await
                .unwrap();
            assert_eq!((seen[0].waiting, seen[0].dead), (0, 0), "{seen:?}");
        }
    });
}

#[test]
fn what_somebody_there_sets_anew_at_once_was_not_refused() {
    let Some(server) = rt_server() else { return };
    both_configured(&keeping(), |desk| {
        let server = server.clone();
        async move {
            let cast = cast(&desk).await;
            accepted(&desk, &cast, coupled("Grid")).await;
            let proxy = reaches_through(&desk, &server).await;
            let rita = actor(&desk, &cast.f.rita).await;
            // Ada sets a status after ours, and before it is looked at whether ours was taken.
            let set = "PUT /REST/2.0/ticket/";
            proxy.next(set, Loss::Held);
            let meanwhile = async {
                // The first is the priority.
                proxy.until_held().await;
                proxy.next(set, Loss::Held);
                proxy.let_go();
                proxy.until_held().await;
                let ours = proxy.heads().pop().unwrap();
                let path = ours.split(' ').nth(1).unwrap();
                let path = path.strip_prefix("/REST/2.0").unwrap().to_owned();
                proxy.next("GET /REST/2.0/ticket/", Loss::Held);
                proxy.let_go();
                proxy.until_held().await;
                let ticket = server.acts("ada", "GET", &path, &json!({}));
                assert_eq!(ticket["Status"], "open");
                server.acts("ada", "PUT", &path, &json!({ "Status": "stalled" }));
                proxy.let_go();
            };
            let (number, ()) = tokio::join!(opens(&desk, &rita, "sky-atlas"), meanwhile);
            assert_eq!(proxy.struck(), 3);
            passes(&desk, 40).await;
            let seen = desk.desk.counterparts(&cast.ada_acts, number).await;
            let seen = seen.unwrap();
            assert_eq!((seen[0].waiting, seen[0].dead), (0, 0), "{seen:?}");
            let (ticket, _) = stored(&desk, number).await;
            assert_eq!(ticket.status, Status::Waiting);
        }
    });
}

/// A mail of Uma's to a queue: new, or an answer to a ticket.
fn uma(queue: &str, about: Option<&str>, subject: &str, text: &str, file: bool) -> String {
    let subject = match about {
        Some(id) => format!("Re: [tests.example #{id}] {subject}"),
        None => subject.to_owned(),
    };
    let boundary = "b";
    let attached = if file {
        format!(
            "--{boundary}\nContent-Type: text/csv; name=\"runs.csv\"\n\
             Content-Disposition: attachment; filename=\"runs.csv\"\n\nrun,7\n"
        )
    } else {
        String::new()
    };
    format!(
        "From: Uma Unbekannt <uma@lab.example>\nTo: {queue}@tests.example\nSubject: {subject}\n\
         Message-ID: <{}@lab.example>\nMIME-Version: 1.0\n\
         Content-Type: multipart/mixed; boundary={boundary}\n\n\
         --{boundary}\nContent-Type: text/plain; charset=utf-8\n\n{text}\n{attached}--{boundary}--\n",
        uuid::Uuid::new_v4()
    )
}

#[test]
fn what_people_mail_to_a_real_rt_comes_here_and_what_becomes_of_it_there_too() {
    let Some(server) = rt_server() else { return };
    both_configured(&keeping(), |desk| {
        let server = server.clone();
        async move {
            let cast = cast(&desk).await;
            let mut form = coupled("Cloud");
            form.exchange.personal_data = true;
            accepted(&desk, &cast, form).await;
            reaches(&desk, &server).await;

            server.mail(
                "Cloud",
                &uma("cloud", None, "Runs are gone", "Run 7 is gone.", true),
            );
            passes(&desk, 40).await;
            let numbers = here(&desk).await;
            assert_eq!(numbers.len(), 1, "{numbers:?}");
            let number = numbers[0];
            let (ticket, entries) = stored(&desk, number).await;
            assert_eq!(ticket.subject, "Runs are gone");
            assert!(entries[0].body.contains("Run 7 is gone."), "{entries:?}");
            assert_eq!(entries[0].author_name, "Uma Unbekannt (via rt.sky.example)");
            let asks = ticket.requester;
            let db = desk.desk.db();
            let person = db
                .read(move |c| store::person::load(c, asks))
                .await
                .unwrap();
            let person = person.unwrap();
            assert_eq!(person.email.as_deref(), Some("uma@lab.example"));
            assert_eq!(person.name, "Uma Unbekannt");
            let files = desk.desk.db();
            let files = files.read(move |c| store::entry::attachments(c, number));
            let names: Vec<_> = files.await.unwrap().into_iter().map(|f| f.name).collect();
            assert_eq!(names, ["runs.csv"]);

            let seen = desk
                .desk
                .counterparts(&cast.ada_acts, number)
                .await
                .unwrap();
            let id = seen[0].there.clone().unwrap();
            says(
                &desk,
                &cast.ada_acts,
                number,
                EntryVisibility::Public,
                "Which run?",
                None,
            )
            .await;
            let written = server.sql(&format!(
                "select count(*) from transactions where objecttype = 'RT::Ticket' and \
                 objectid = {id} and type = 'Correspond'"
            ));
            assert_eq!(written, "1");
            // She answers to RT, as RT mailed her.
            server.mail(
                "Cloud",
                &uma("cloud", Some(&id), "Runs are gone", "As I said: 7.", false),
            );
            let sets = |id: &str, body: serde_json::Value| {
                server.acts("ada", "PUT", &format!("/ticket/{id}"), &body);
            };
            sets(&id, json!({ "Status": "resolved" }));
            passes(&desk, 60).await;
            let (ticket, entries) = stored(&desk, number).await;
            assert_eq!(ticket.status, Status::Solved);
            assert_eq!(
                bodies(&entries)
                    .iter()
                    .filter(|b| b.contains("As I said: 7."))
                    .count(),
                1
            );
            // RT itself opens it again when she answers.
            server.mail(
                "Cloud",
                &uma("cloud", Some(&id), "Runs are gone", "No!", false),
            );
            passes(&desk, 40).await;
            assert!(stored(&desk, number).await.0.status.is_open());
            sets(&id, json!({ "Status": "rejected" }));
            passes(&desk, 40).await;
            assert_eq!(stored(&desk, number).await.0.status, Status::Unsolved);
            sets(&id, json!({ "Status": "open" }));

            // Merged there, merged here; what is written there goes on.
            server.mail(
                "Cloud",
                &uma("cloud", None, "Run 8", "Run 8 as well.", false),
            );
            passes(&desk, 40).await;
            let second = *here(&desk).await.last().unwrap();
            assert_ne!(second, number);
            let seen = desk
                .desk
                .counterparts(&cast.ada_acts, second)
                .await
                .unwrap();
            let other = seen[0].there.clone().unwrap();
            sets(&other, json!({ "MergeInto": id }));
            passes(&desk, 40).await;
            let (merged, _) = stored(&desk, second).await;
            assert_eq!(merged.merged_into(), Some(number));
            server.acts(
                "grace",
                "POST",
                &format!("/ticket/{other}/correspond"),
                &json!({ "Content": "Both are back.", "ContentType": "text/plain" }),
            );
            passes(&desk, 60).await;
            let (_, entries) = stored(&desk, number).await;
            for text in ["Run 8 as well.", "Both are back."] {
                let found = bodies(&entries).iter().filter(|b| b.contains(text)).count();
                assert_eq!(found, 1, "{text}: {:?}", bodies(&entries));
            }
            // Deleted there: it is up to this desk.
            sets(&id, json!({ "Status": "deleted" }));
            passes(&desk, 40).await;
            let (ticket, entries) = stored(&desk, number).await;
            assert!(ticket.status.is_open());
            assert!(
                bodies(&entries)
                    .iter()
                    .any(|b| b.contains("was deleted there")),
                "{:?}",
                bodies(&entries)
            );
            // RT told her of everything, so this desk told her nothing before.
            let mails = desk.sent_mail();
            let hers: Vec<_> = mails.iter().filter(|m| m.to == "uma@lab.example").collect();
            assert!(hers.is_empty(), "{hers:?}");
        }
    });
}
