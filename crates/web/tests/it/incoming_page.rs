//! Mails that became no entry: shown to administrators with why, saved, and taken by hand.

use std::fmt::Write as _;

use desk::mail_in::Fate;
use serde_json::json;

use crate::browser::Browser;
use testkit::both;

#[test]
fn a_mail_that_was_set_aside_or_suppressed_is_seen_saved_and_taken_by_hand() {
    both(|desk| async move {
        let f = desk.federation().await;
        let take = async |raw: String| {
            let taken = desk.desk.take_mail(raw.into_bytes(), "file", None).await;
            taken.unwrap()
        };
        // A note of absence that a person wrote, and more parts than are read.
        let away = take(
            "From: rita@people.example\nAuto-Submitted: auto-replied\nSubject: Away <b>\n\n\
             I am away, and the disk is full.\n"
                .into(),
        )
        .await;
        assert!(matches!(away.fate, Fate::Suppressed(_)), "{away:?}");
        let mut parts =
            "From: rita@people.example\nSubject: Many logs\nContent-Type: multipart/mixed; boundary=b\n\n\
             --b\nContent-Type: text/plain\n\nThe logs of the run.\n"
                .to_owned();
        for n in 0..600 {
            write!(
                parts,
                "--b\nContent-Type: application/octet-stream; name=log{n}\n\nx\n"
            )
            .unwrap();
        }
        let many = take(parts + "--b--\n").await;
        assert!(matches!(many.fate, Fate::Quarantined(_)), "{many:?}");

        let mut ada = Browser::of(&desk, &f.ada).await;
        let page = ada.page("/admin/incoming").await;
        assert!(
            page.contains("Away &#60;b&#62;") && page.contains("Many logs"),
            "{page}"
        );
        assert!(page.contains("An absence note"));
        let only = ada.page("/admin/incoming?state=quarantined").await;
        assert!(only.contains("Many logs") && !only.contains("Away"));
        // Saved as it came, and never shown.
        let path = format!("/admin/incoming/{}", away.id);
        let saved = ada.get(&path).await;
        assert_eq!(saved.status, 200);
        assert!(
            saved
                .header("content-disposition")
                .starts_with("attachment")
        );
        assert!(saved.text().contains("the disk is full"));
        // Nobody else.
        let mut fay = Browser::of(&desk, &f.fay).await;
        for path in ["/admin/incoming", path.as_str()] {
            assert_eq!(fay.get(path).await.status, 403);
        }

        let before = desk.sent_mail().len();
        for (id, text) in [
            (away.id, "the disk is full"),
            (many.id, "The logs of the run."),
        ] {
            let fields = [("do", "take"), ("id", &*id.to_string())];
            ada.send("/admin/incoming", &fields).await.expect(303);
            let mail = desk
                .get(&f.ada, "/incoming?state=entry")
                .await
                .expect(200)
                .json["items"]
                .as_array()
                .unwrap()
                .iter()
                .find(|one| one["id"] == json!(id))
                .unwrap()
                .clone();
            let number = mail["ticket"].as_i64().unwrap();
            let entries = desk
                .get(&f.ada, &format!("/tickets/{number}/entries"))
                .await;
            let body = entries.json["items"][0]["body"]
                .as_str()
                .unwrap()
                .to_owned();
            assert!(body.contains(text), "{body}");
            // Once.
            desk.post(&f.ada, &format!("/incoming/{id}/take"), json!({}))
                .await
                .expect(409);
        }
        let none = ada.page("/admin/incoming").await;
        assert!(none.contains("None."), "{none}");
        // Whoever wrote by a machine is not answered by one; who wrote much is.
        desk.run_jobs().await;
        let told = desk.sent_mail().split_off(before);
        let to_rita: Vec<&str> = told
            .iter()
            .filter(|mail| mail.to == f.rita.email)
            .map(|mail| mail.subject.as_str())
            .collect();
        assert!(!to_rita.iter().any(|s| s.contains("[#1]")), "{to_rita:?}");
    });
}
