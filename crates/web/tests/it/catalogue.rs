//! Units, services and values by the API and by the pages.

use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::json;
use testkit::{Somebody, TestDesk, both, on_sqlite};

use crate::browser::Browser;

const EVERY_MAY: &str =
    "BEGIN:VEVENT\nDTSTART;VALUE=DATE:20150501\nRRULE:FREQ=YEARLY\nSUMMARY:May Day\nEND:VEVENT\n";

fn patch_if(who: &Somebody, path: &str, tag: &str, body: &serde_json::Value) -> Request<Body> {
    let mut request = TestDesk::request(who, Method::PATCH, path, Some(body));
    request
        .headers_mut()
        .insert(header::IF_MATCH, tag.parse().unwrap());
    request
}

#[test]
fn units_are_made_changed_and_retired_by_the_api() {
    both(|desk| async move {
        let f = desk.federation().await;
        let made = desk
            .post(
                &f.ada,
                "/units",
                json!({"name": "Tapes", "parent": "storage", "level": 3,
                    "hours": "Mon-Thu 08:00-16:00", "holidays": [{"date": "2026-12-24", "hours": "09:00-12:00"}]}),
            )
            .await
            .expect(201);
        assert_eq!(
            made.json["holidays"],
            json!([{"date": "2026-12-24", "name": "", "hours": "09:00-12:00"}])
        );
        assert_eq!(made.json["key"], "tapes");
        assert_eq!(made.json["hours"], "Mon-Thu 08:00-16:00");
        for (field, wrong, says) in [
            (
                "holidays",
                json!([{"date": "2026-12-24", "hours": "9-12"}]),
                "write 09:00-17:00",
            ),
            ("icalendar", json!("<html>"), "line 1: "),
        ] {
            let answer = desk
                .patch(&f.ada, "/units/tapes", json!({field: wrong}))
                .await
                .expect(422);
            let text = answer.json.to_string();
            assert!(text.contains(field) && text.contains(says), "{text}");
        }
        let file = format!("BEGIN:VCALENDAR\n{EVERY_MAY}END:VCALENDAR");
        let made = desk
            .patch(&f.ada, "/units/tapes", json!({"icalendar": file}))
            .await
            .expect(200);
        assert_eq!(made.json["holidays"].as_array().unwrap().len(), 7);
        let tag = made.header("etag").to_owned();
        let change = json!({"description": "Robots."});
        let changed = desk
            .ask(patch_if(&f.ada, "/units/tapes", &tag, &change))
            .await
            .expect(200);
        assert_ne!(changed.header("etag"), tag);
        desk.ask(patch_if(&f.ada, "/units/tapes", &tag, &json!({"level": 2})))
            .await
            .expect(412);
        let read = desk.get(&f.rita, "/units/tapes").await.expect(200);
        assert_eq!(read.header("etag"), changed.header("etag"));
        assert_eq!(read.json["description"], "Robots.");
        assert!(read.json.get("hints").is_none(), "for the support side");
        // Responsibles: their own unit, and of it their own part.
        let own = json!({"description": "Disks."});
        desk.patch(&f.stan, "/units/storage", own.clone())
            .await
            .expect(200);
        desk.patch(&f.stan, "/units/network", own.clone())
            .await
            .expect(403);
        desk.patch(&f.sam, "/units/storage", own).await.expect(403);
        desk.patch(&f.stan, "/units/storage", json!({"level": 1}))
            .await
            .expect(403);
        let wrong = desk
            .patch(&f.ada, "/units/storage", json!({"parent": "tapes"}))
            .await
            .expect(422);
        assert_eq!(wrong.json["field"], "parent");
        let both_at_once = json!({"active": false, "successor": "network", "name": "X"});
        desk.patch(&f.ada, "/units/storage", both_at_once)
            .await
            .expect(422);
        let needed = desk
            .patch(&f.ada, "/units/storage", json!({"active": false}))
            .await
            .expect(422);
        assert_eq!(needed.json["field"], "successor");
        let end = json!({"active": false, "successor": "network"});
        let retired = desk.patch(&f.ada, "/units/storage", end).await.expect(200);
        assert_eq!(retired.json["active"], false);
        assert_eq!(retired.json["successor"], "network");
        let service = desk.get(&f.rita, "/services/archive").await.expect(200);
        assert_eq!(service.json["unit_key"], "network");
    });
}

#[test]
fn services_and_their_lamps_by_the_api() {
    both(|desk| async move {
        let f = desk.federation().await;
        let form = json!([
            {"key": "cores", "label": "Cores", "type": "number", "required": true, "max": 64},
            {"key": "support_rack", "label": "Rack", "type": "text"},
        ]);
        let made = desk
            .post(
                &f.ada,
                "/services",
                json!({"name": "Cloud", "unit": "network", "form": form}),
            )
            .await
            .expect(201);
        assert_eq!(made.json["form"].as_array().unwrap().len(), 2);
        let seen = desk.get(&f.rita, "/services/cloud").await.expect(200);
        assert_eq!(
            seen.json["form"].as_array().unwrap().len(),
            1,
            "what the support side fills in is its own"
        );
        let ticket = json!({"subject": "S", "description": "D", "service": "cloud"});
        let wrong = desk.post(&f.rita, "/tickets", ticket).await.expect(422);
        assert_eq!(wrong.json["field"], "custom.cores");
        desk.patch(&f.nina, "/services/cloud", json!({"lamp": "down"}))
            .await
            .expect(200);
        desk.patch(&f.sam, "/services/cloud", json!({"lamp": "running"}))
            .await
            .expect(403);
        desk.patch(&f.nina, "/services/cloud", json!({"name": "Mine"}))
            .await
            .expect(403);
        let odd = desk
            .patch(&f.nina, "/services/cloud", json!({"lamp": "odd"}))
            .await
            .expect(422);
        assert_eq!(odd.json["field"], "lamp");
    });
}

#[test]
fn values_and_sites_are_kept_in_use_or_taken_out_of_it() {
    both(|desk| async move {
        let f = desk.federation().await;
        let inner = json!({"key": "audit", "name": "Audit", "category": "incident",
            "visible": false});
        desk.post(&f.ada, "/issue-types", inner).await.expect(201);
        let ticket = |kind: &str| json!({"subject": "S", "description": "D", "issue_type": kind});
        let wrong = desk
            .post(&f.rita, "/tickets", ticket("audit"))
            .await
            .expect(422);
        assert_eq!(wrong.json["field"], "issue_type");
        let mut opened = ticket("audit");
        opened["unit"] = "storage".into();
        let number = desk
            .post(&f.sam, "/tickets", opened)
            .await
            .expect(201)
            .number();
        desk.patch(&f.ada, "/issue-types/audit", json!({"active": false}))
            .await
            .expect(200);
        let read = desk.get(&f.sam, &format!("/tickets/{number}")).await;
        assert_eq!(read.json["issue_type"], "audit", "tickets keep it");
        let default = desk
            .patch(&f.ada, "/categories/incident", json!({"active": false}))
            .await
            .expect(422);
        assert_eq!(default.json["field"], "active");
        let delete = desk
            .desk
            .delete_value(
                &switchboard_core::Actor::system(switchboard_core::Channel::Cli),
                "audit",
                true,
            )
            .await;
        assert!(matches!(delete, Err(desk::Error::Conflict(_))));
        // Without sites any word is one; with them only theirs.
        let at = |site: &str| json!({"subject": "S", "description": "D", "site": site});
        desk.post(&f.rita, "/tickets", at("anywhere"))
            .await
            .expect(201);
        let site = json!({"key": "CESNET", "name": "CESNET Praha", "aliases": ["praguelcg2"]});
        desk.post(&f.ada, "/sites", site).await.expect(201);
        let opened = desk
            .post(&f.rita, "/tickets", at("PRAGUELCG2"))
            .await
            .expect(201);
        assert_eq!(opened.json["site"], "CESNET");
        let wrong = desk
            .post(&f.rita, "/tickets", at("anywhere"))
            .await
            .expect(422);
        assert_eq!(wrong.json["field"], "site");
    });
}

#[test]
fn notices_are_posted_by_those_who_work_for_the_service() {
    both(|desk| async move {
        let f = desk.federation().await;
        let incident = json!({"kind": "incident", "title": "Uploads stop",
            "services": ["archive"]});
        let made = desk
            .post(&f.sam, "/notices", incident.clone())
            .await
            .expect(201);
        desk.post(&f.nina, "/notices", incident).await.expect(403);
        let news = json!({"kind": "news", "title": "New", "services": ["archive"]});
        desk.post(&f.sam, "/notices", news.clone())
            .await
            .expect(403);
        desk.post(&f.ada, "/notices", news).await.expect(201);
        let endless = json!({"kind": "downtime", "title": "D", "services": ["archive"],
            "starts_at": "2026-10-01T08:00:00Z"});
        let wrong = desk.post(&f.sam, "/notices", endless).await.expect(422);
        assert_eq!(wrong.json["field"], "ends_at");
        let mut nobody = Browser::new(&desk);
        assert!(nobody.page("/").await.contains("Uploads stop"));
        assert!(nobody.page("/status").await.contains("Uploads stop"));
        let path = format!("/notices/{}", made.json["id"].as_str().unwrap());
        // Not to be moved to a service of others.
        desk.patch(&f.sam, &path, json!({"services": ["links"]}))
            .await
            .expect(403);
        desk.patch(&f.nina, &path, json!({"body": "x"}))
            .await
            .expect(403);
        let over = json!({"ends_at": "2026-09-21T14:13:20Z"});
        desk.patch(&f.sam, &path, over).await.expect(200);
        assert!(!nobody.page("/").await.contains("Uploads stop"));
        assert!(
            nobody.page("/status").await.contains("Incident, over"),
            "it stays among what was lately"
        );
        desk.patch(&f.sam, &path, json!({"active": false}))
            .await
            .expect(200);
        assert!(!nobody.page("/status").await.contains("Uploads stop"));
    });
}

#[test]
fn the_whole_way_by_forms() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let mut ada = Browser::of(&desk, &f.ada).await;
        let answer = ada
            .send(
                "/admin/units",
                &[("name", "Tapes"), ("level", "3"), ("parent", "Storage")],
            )
            .await
            .expect(303);
        assert_eq!(answer.header("location"), "/admin/units/tapes");
        let page = ada
            .send(
                "/admin/units",
                &[("name", "Tapes"), ("level", "3"), ("parent", "Nobody")],
            )
            .await
            .expect(422)
            .text();
        assert!(page.contains("id=\"parent-err\""));
        let fields = [
            ("version", "1"),
            ("name", "Tape robots"),
            ("key", "tapes"),
            ("level", "3"),
            ("parent", "Storage"),
            ("qos", "base"),
            ("description", "Robots."),
            ("hours", "08:00-16:00"),
            ("time_zone", "Europe/Prague"),
            ("holidays", "2026-12-24 Christmas Eve"),
            ("faq-0-question", "What is ours?"),
            ("faq-0-answer", "Tapes."),
            ("hint-0-words", "Tape, Robot"),
            ("hint-0-weight", "3"),
        ];
        ada.send("/admin/units/tapes", &fields).await.expect(303);
        let catalogue = desk.desk.catalogue().await.unwrap();
        let unit = catalogue.find_unit("unit", "tapes").unwrap();
        assert_eq!(unit.name, "Tape robots");
        assert_eq!(unit.doc.hints[0].words, ["tape", "robot"]);
        assert_eq!(unit.doc.holidays[0].name, "Christmas Eve");
        // With the file of a calendar, once with a wrong line in it.
        let mut again = fields;
        again[0].1 = "2";
        again[9].1 = "2026-12-24 09:00-12:00 Christmas Eve";
        let page = ada
            .send_file(
                "/admin/units/tapes",
                &again,
                "days.ics",
                b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n",
            )
            .await
            .expect(422)
            .text();
        assert!(page.contains("id=\"icalendar-err\""));
        assert!(page.contains("Line 2: END:VEVENT is missing"), "{page}");
        let file = format!("BEGIN:VCALENDAR\n{EVERY_MAY}END:VCALENDAR");
        ada.send_file("/admin/units/tapes", &again, "days.ics", file.as_bytes())
            .await
            .expect(303);
        let page = ada.page("/admin/units/tapes").await;
        assert!(page.contains("2026-12-24 09:00-12:00 Christmas Eve"));
        assert_eq!(page.matches("-05-01 May Day").count(), 6);
        again[0].1 = "3";
        again[9].1 = "2026-12-24 9-12";
        let page = ada
            .send("/admin/units/tapes", &again)
            .await
            .expect(422)
            .text();
        assert!(page.contains("id=\"holidays-err\""));
        // Sent once more with the version that it had.
        let page = ada
            .send("/admin/units/tapes", &fields)
            .await
            .expect(422)
            .text();
        assert!(page.contains("Somebody changed it meanwhile"));
        assert!(page.contains("value=\"3\""), "it can be saved again");
        ada.send(
            "/admin/services",
            &[("name", "Tape store"), ("unit", "Tape robots")],
        )
        .await
        .expect(303);
        ada.send(
            "/admin/services/tape-store",
            &[
                ("version", "1"),
                ("name", "Tape store"),
                ("key", "tape-store"),
                ("unit", "Network"),
                ("option", "direct"),
                ("active", "yes"),
                ("field-0-label", "How many tapes"),
                ("field-0-type", "number"),
                ("field-0-required", "yes"),
                ("field-0-min", "1"),
                ("field-0-place", "2"),
                ("field-1-label", "Rack"),
                ("field-1-type", "text"),
                ("field-1-support", "yes"),
                ("field-1-place", "1"),
                ("field-2-label", ""),
            ],
        )
        .await
        .expect(303);
        let catalogue = desk.desk.catalogue().await.unwrap();
        let form = &catalogue
            .find_service("service", "tape-store")
            .unwrap()
            .doc
            .form;
        let keys: Vec<_> = form.iter().map(|f| f.key.as_str()).collect();
        assert_eq!(keys, ["support_rack", "how_many_tapes"]);
        let mut nina = Browser::of(&desk, &f.nina).await;
        nina.send(
            "/services/tape-store/status",
            &[
                ("do", "lamp"),
                ("version", "2"),
                ("lamp", "down"),
                ("lamp_text", ""),
            ],
        )
        .await
        .expect(303);
        let mut nobody = Browser::new(&desk);
        assert!(
            nobody.page("/status").await.contains("data-l=\"down\"")
                || nobody.page("/status").await.contains(">Down<")
        );
        let page = ada
            .send(
                "/admin/units/network/end",
                &[("do", "retire"), ("successor", "")],
            )
            .await
            .expect(422)
            .text();
        assert!(page.contains("say who takes over"));
        ada.send(
            "/admin/units/network/end",
            &[("do", "retire"), ("successor", "Storage")],
        )
        .await
        .expect(303);
        let catalogue = desk.desk.catalogue().await.unwrap();
        assert!(!catalogue.unit(f.network).unwrap().active);
    });
}

#[test]
fn rules_are_tried_before_they_are_put_in_force() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let ticket = json!({"subject": "S", "description": "D", "affected_users": 7});
        desk.post(&f.rita, "/tickets", ticket).await.expect(201);
        let mut ada = Browser::of(&desk, &f.ada).await;
        let rules = [
            ("rule-0-key", "start"),
            ("rule-0-title", "Every ticket"),
            ("rule-0-because", "every ticket starts here"),
            ("rule-0-effect", "high"),
            ("rule-0-place", "1"),
        ];
        let mut tried = rules.to_vec();
        tried.push(("do", "try"));
        let page = ada.send("/admin/triage", &tried).await.expect(200).text();
        assert!(page.contains("1 of the newest tickets would have another priority"));
        let before = desk.desk.catalogue().await.unwrap().rules.rules.len();
        assert!(before > 1, "nothing was changed");
        let mut saved = rules.to_vec();
        saved.push(("do", "save"));
        ada.send("/admin/triage", &saved).await.expect(303);
        assert_eq!(desk.desk.catalogue().await.unwrap().rules.rules.len(), 1);
        saved[3].1 = "one_more";
        let page = ada.send("/admin/triage", &saved).await.expect(422).text();
        assert!(page.contains("must apply to every ticket"));
    });
}

#[test]
fn an_import_by_the_page_shows_what_would_happen_first() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let mut ada = Browser::of(&desk, &f.ada).await;
        let text = "key,name\nCESNET,CESNET Praha\n";
        let tried = [("kind", "sites"), ("text", text), ("do", "try")];
        let page = ada.send("/admin/import", &tried).await.expect(200).text();
        assert!(page.contains("1 new, 0 changed"));
        assert!(desk.desk.sites().await.unwrap().is_empty());
        let dump = page
            .split("name=\"dump\" value=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .unwrap()
            .to_owned();
        let done = [("kind", "sites"), ("dump", dump.as_str()), ("do", "import")];
        ada.send("/admin/import", &done).await.expect(303);
        assert_eq!(desk.desk.sites().await.unwrap()[0].key, "CESNET");
        let wrong = [
            ("kind", "sites"),
            ("text", "key,name\nCESNET\n"),
            ("do", "try"),
        ];
        let page = ada.send("/admin/import", &wrong).await.expect(422).text();
        assert!(page.contains("line 2 has 1 cells"), "{page}");
    });
}
