//! The same with a real Request Tracker 5: from the request to the solution.

use std::sync::Arc;

use connect::tracker::{Login, Rt};
use connect::{Guard, Reach};
use serde_json::json;
use switchboard_core::{EntryVisibility, Status};
use testkit::{both_configured, rt_server};

use crate::exchange::{agreed, coupled, keeping, opens, passes, says, stored};
use crate::onboarding::{accepted, actor, cast};

#[test]
fn a_request_goes_to_a_real_rt_and_its_solution_comes_back() {
    let Some(server) = rt_server() else { return };
    both_configured(&keeping(), |desk| {
        let server = server.clone();
        async move {
            let cast = cast(&desk).await;
            accepted(&desk, &cast, coupled("Grid")).await;
            // The form takes addresses with TLS only; this RT has none.
            let guard = Guard::new(Reach::parse("127.0.0.1").unwrap());
            let token = Login::Token(server.token.clone());
            let rt = Rt::new(&guard, &server.url, token, None).unwrap();
            desk.desk
                .use_tracker(agreed(&desk, "sky-atlas").await, Arc::new(rt));
            desk.run_jobs().await;
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
