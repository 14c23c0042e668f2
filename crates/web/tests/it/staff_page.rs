//! Joining a unit, and the administration of people, by the pages without a
//! script.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use testkit::{TestDesk, on_sqlite};

use crate::browser::Browser;

/// The value of the hidden field `id` in the row of somebody.
fn id_in(page: &str, name: &str) -> String {
    let row = page
        .split("<li id=\"ask-")
        .skip(1)
        .find(|row| row.contains(name))
        .unwrap_or_else(|| panic!("nobody called {name} asks: {page}"));
    row.split('"').next().unwrap().to_owned()
}

#[test]
fn everybody_sees_who_is_responsible_and_how_to_reach_them() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let page = Browser::new(&desk).page("/units/storage").await;
        for words in ["Stan", &f.stan.email, "storage@units.example"] {
            assert!(page.contains(words), "{words}");
        }
        // Members are the support side's to know, and their addresses nobody's.
        assert!(!page.contains("Sam"));
        assert!(!page.contains(">Remove<"));
        let inside = Browser::of(&desk, &f.sam)
            .await
            .page("/units/storage")
            .await;
        assert!(inside.contains(">Sam<") && !inside.contains(&f.sam.email));
        assert!(inside.contains("Leave the unit") && !inside.contains("Add a member"));
    });
}

#[test]
fn the_procedure_goes_by_forms_alone() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        let mut ada = Browser::of(&desk, &f.ada).await;
        let mut stan = Browser::of(&desk, &f.stan).await;
        Browser::new(&desk).get("/support-staff").await.expect(303);
        let apply = |units: &'static str| {
            [
                ("do", "apply"),
                ("units", units),
                ("reason", "I know tapes."),
            ]
        };
        let page = rita
            .send("/support-staff", &apply("Tapes"))
            .await
            .expect(422)
            .text();
        assert!(page.contains("there is no unit") || page.contains("There is no unit"));
        assert!(page.contains("I know tapes."), "what was written is kept");
        rita.send("/support-staff", &apply("Storage, Network"))
            .await
            .expect(303);
        let page = rita.page("/support-staff").await;
        assert!(
            page.contains("Waiting") && page.contains("Storage"),
            "{page}"
        );
        rita.get("/admin/applications").await.expect(403);
        let page = ada.page("/admin/applications").await;
        let id = id_in(&page, "Rita");
        let page = ada
            .send("/admin/applications", &[("id", &id), ("do", "yes")])
            .await
            .expect(422)
            .text();
        assert!(page.contains("Give a reason"));
        ada.send(
            "/admin/applications",
            &[("id", &id), ("do", "yes"), ("reason", "Known here.")],
        )
        .await
        .expect(303);
        let page = stan.page("/support-staff").await;
        assert!(page.contains("Waiting for you"), "{page}");
        let id = id_in(&stan.page("/units/storage").await, "Rita");
        let people = "/units/storage/people";
        let page = stan
            .send(people, &[("id", &id), ("do", "no")])
            .await
            .expect(422)
            .text();
        assert!(page.contains("Say why"));
        rita.send(people, &[("id", &id), ("do", "yes")])
            .await
            .expect(403);
        let answer = stan
            .send(
                people,
                &[("id", &id), ("do", "yes"), ("back", "/support-staff")],
            )
            .await
            .expect(303);
        assert_eq!(answer.header("location"), "/support-staff");
        let page = stan.page("/support-staff").await;
        assert!(page.contains("Update the unit’s mailing list: storage@units.example"));
        rita.get("/work").await.expect(200);
        // Members come and go by a responsible's hand.
        for (fields, status) in [
            (vec![("do", "add"), ("who", "nobody@people.example")], 422),
            (vec![("do", "add"), ("who", f.otto.email.as_str())], 409),
            (vec![("do", "add"), ("who", f.nina.email.as_str())], 303),
            (vec![("do", "leave")], 303),
        ] {
            stan.send(people, &fields).await.expect(status);
        }
        let page = stan.page("/units/storage").await;
        assert!(page.contains("last responsible"), "{page}");
        let rita_id = f.rita.id.to_string();
        let promote = [
            ("do", "part"),
            ("person", rita_id.as_str()),
            ("part", "responsible"),
        ];
        stan.send(people, &promote).await.expect(303);
        stan.send(people, &[("do", "leave")]).await.expect(303);
        let page = stan.page("/units/storage").await;
        assert!(page.contains("You have left the unit"), "{page}");
        // And the permission goes back by oneself.
        stan.send("/support-staff", &[("do", "give-back")])
            .await
            .expect(303);
        stan.get("/work").await.expect(403);
    });
}

#[test]
fn administrators_find_people_and_change_their_rights() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let mut ada = Browser::of(&desk, &f.ada).await;
        let mut sam = Browser::of(&desk, &f.sam).await;
        sam.get("/admin/people").await.expect(403);
        let page = ada.page("/admin/people?q=sam").await;
        assert!(page.contains(&f.sam.email) && !page.contains(&f.stan.email));
        let path = format!("/admin/people/{}", f.sam.id);
        let page = ada.page(&path).await;
        assert!(page.contains("Storage") && page.contains("End all sessions"));
        let page = ada
            .send(&path, &[("do", "disable")])
            .await
            .expect(422)
            .text();
        assert!(page.contains("Say why"));
        ada.send(&path, &[("do", "disable"), ("reason", "Left.")])
            .await
            .expect(303);
        sam.get("/work").await.expect(303);
        ada.send(&path, &[("do", "enable")]).await.expect(303);
        let stan = format!("/admin/people/{}", f.stan.id);
        let page = ada
            .send(
                &stan,
                &[("do", "revoke-support"), ("reason", "Gone <soon>.")],
            )
            .await
            .expect(409)
            .text();
        assert!(page.contains("last responsible of Storage"));
        assert!(page.contains("Gone &#60;soon&#62;."), "the reason is kept");
        let missing = "/admin/people/0190f3a0-0000-7000-8000-000000000000";
        ada.get(missing).await.expect(404);
        ada.get("/admin/people/x").await.expect(404);
    });
}

async fn some_deeds(desk: &Arc<TestDesk>) -> testkit::Federation {
    let f = desk.federation().await;
    let otto = format!("/people/{}", f.otto.id);
    for monitor in [true, false] {
        let change = json!({"monitor": monitor, "reason": "=HYPERLINK(\"http://evil.example\")"});
        desk.patch(&f.ada, &otto, change).await.expect(200);
    }
    f
}

#[test]
fn the_audit_log_shows_its_state_and_leaves_as_harmless_csv() {
    on_sqlite(|desk| async move {
        let f = some_deeds(&desk).await;
        let mut ada = Browser::of(&desk, &f.ada).await;
        Browser::of(&desk, &f.sam)
            .await
            .get("/admin/audit")
            .await
            .expect(403);
        let page = ada.page("/admin/audit?check=all").await;
        assert!(page.contains("The whole log holds together"), "{page}");
        let page = ada
            .page(&format!(
                "/admin/audit?subject={}&action=person.",
                f.otto.email
            ))
            .await;
        assert!(page.contains("person.monitor_revoked"));
        assert!(!page.contains("unit.member_added"));
        let page = ada.page("/admin/audit?subject=storage").await;
        assert!(page.contains("unit.member_added"));
        let page = ada.page("/admin/audit?who=nobody%40x.example").await;
        assert!(page.contains("Nobody has this address"));
        let page = ada.page("/admin/audit?from=2026-09-22").await;
        assert!(page.contains("Nothing fits"));
        let answer = ada.get("/admin/audit/csv?action=person.").await.expect(200);
        assert!(answer.header("content-type").starts_with("text/csv"));
        assert!(
            answer
                .header("content-disposition")
                .starts_with("attachment")
        );
        let text = answer.text();
        let deeds = text.lines().filter(|l| l.contains("person.monitor_"));
        assert_eq!(deeds.count(), 2, "{text}");
        assert!(!text.contains("unit.member_added"), "{text}");
        assert!(text.starts_with("number,time,who"));
        // A name that is a formula does not become one.
        desk.desk
            .db()
            .write(|c| c.execute("UPDATE person SET name = '=1+1' WHERE admin = 1", &[]))
            .await
            .unwrap();
        let text = ada.get("/admin/audit/csv").await.expect(200).text();
        assert!(
            text.contains(",'=1+1,") && !text.contains(",=1+1,"),
            "{text}"
        );
        desk.desk
            .db()
            .write(|c| c.execute("DELETE FROM audit WHERE id = 3", &[]))
            .await
            .unwrap();
        let page = ada.page("/admin/audit").await;
        assert!(page.contains("tampered with"), "{page}");
    });
}

/// Bar A-04: a page that is open falls silent when its reader leaves the unit.
#[test]
fn open_pages_fall_silent_when_somebody_is_removed() {
    use http_body_util::BodyExt as _;
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let open = json!({"subject": "Full", "description": "No space.", "unit": "storage"});
        let number = desk
            .post(&f.rita, "/tickets", open)
            .await
            .expect(201)
            .number();
        let sam = Browser::of(&desk, &f.sam).await;
        let response = desk.send(sam.request("/live")).await;
        let mut body = response.into_body();
        let out = format!("/units/storage/members/{}", f.sam.email);
        desk.delete(&f.stan, &out).await.expect(204);
        desk.patch(
            &f.stan,
            &format!("/tickets/{number}"),
            json!({"subject": "Fuller"}),
        )
        .await
        .expect(200);
        let until = tokio::time::Instant::now() + Duration::from_secs(5);
        while let Ok(Some(frame)) = tokio::time::timeout_at(until, body.frame()).await {
            let frame = frame.unwrap();
            let text = String::from_utf8_lossy(frame.data_ref().unwrap()).into_owned();
            assert!(!text.contains("data:"), "told after the end: {text}");
        }
    });
}
