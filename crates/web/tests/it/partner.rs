//! Partner desks, from outside. That tickets travel between desks is tested in
//! `desk`.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use desk::exchange::partner::Own;
use serde_json::{Value, json};
use store::partner::{Dead, Partner, State, Terms};
use switchboard_core::exchange::DeskId;
use switchboard_core::{Channel, UnitId};
use testkit::{Federation, TestDesk, both};
use uuid::Uuid;

/// A desk that says yes to everything, and an invitation of it.
pub(crate) async fn invitation(name: &str) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let yes = axum::Router::new().fallback(|| async { axum::Json(json!({})) });
    tokio::spawn(async move { axum::serve(listener, yes).await });
    let letter = json!({
        "from": {
            "protocol": "switchboard-exchange/1", "desk": name, "title": "Sky",
            "base_url": format!("http://{address}"), "public_key": STANDARD.encode([7; 32]),
        },
        "token": "once",
        "terms": {"names": true, "addresses": false, "files": true, "gives": true, "takes": true},
        "expires_at": testkit::START + 365 * 86_400_000_i64,
    });
    let text = URL_SAFE_NO_PAD.encode(letter.to_string());
    format!("switchboard-invitation-1.{text}")
}

/// A partner that is not reached in these tests: no round of the exchange runs.
pub(crate) async fn partner(desk: &TestDesk, f: &Federation, name: &str) -> Uuid {
    let (desk_id, intake) = (DeskId::new(name).unwrap(), f.storage);
    let said = ("Sky", "http://127.0.0.1:9", &*STANDARD.encode([7; 32]));
    let said = (said.0.to_owned(), said.1.to_owned(), said.2.to_owned());
    let terms = Terms {
        gives: true,
        takes: true,
        ..Terms::default()
    };
    let id = fresh();
    let partner = Partner::fresh(id, desk_id, said, terms, intake, testkit::START);
    let db = desk.desk.db();
    db.write(move |c| store::partner::save(c, &partner))
        .await
        .unwrap();
    id
}

/// Has a unit stand for such a partner. Nothing is sent there.
pub(crate) async fn stands_for(desk: &TestDesk, f: &Federation, name: &str, unit: UnitId) {
    let id = partner(desk, f, name).await;
    let change = move |c: &mut store::Conn<'_>| {
        let mut partner = store::partner::load(c, id)?.unwrap();
        partner.state = State::Paused;
        store::partner::save(c, &partner)?;
        store::partner::set_units(c, id, &[unit])
    };
    desk.desk.db().write(change).await.unwrap();
}

/// An id that nothing has yet.
pub(crate) fn fresh() -> Uuid {
    use std::sync::atomic::{AtomicU64, Ordering};
    static SO_FAR: AtomicU64 = AtomicU64::new(1);
    let n = SO_FAR.fetch_add(1, Ordering::Relaxed);
    Uuid::from_u128((0x5B << 64) | u128::from(n))
}

/// A change that came from a new partner when the agreement let no ticket come from there,
/// which is otherwise now; its id.
pub(crate) async fn set_aside(desk: &TestDesk, f: &Federation) -> Uuid {
    let name = format!("{}.sky.example", fresh().simple());
    let partner = partner(desk, f, &name).await;
    let change = json!({
        "ticket": format!("{name}/7"), "name": format!("{name}#1"), "tick": 1,
        "at": testkit::START, "path": [name],
        "deed": {"kind": "opened", "fields": {"subject": "No plates"},
                 "entry": {"author": {"role": "requester"}, "body": "Where are they?"}},
    });
    let dead = Dead {
        id: fresh(),
        partner,
        place: 1,
        why: "the agreement lets no ticket come from there".into(),
        doc: change.to_string(),
        at: testkit::START,
    };
    let id = dead.id;
    let db = desk.desk.db();
    db.write(move |c| store::partner::bury(c, &dead))
        .await
        .unwrap();
    id
}

/// An invitation that waits, of this desk.
pub(crate) async fn invited(desk: &TestDesk, f: &Federation) -> Uuid {
    let ada = desk.desk.actor_for(f.ada.id, Channel::Web).await.unwrap();
    let terms = Terms {
        gives: true,
        ..Terms::default()
    };
    let own = Own::default();
    let made = desk.desk.invite_partner(&ada, "Sky", terms, &own).await;
    made.unwrap().id
}

/// How the routes are called for the table of who may what.
pub(crate) async fn call(
    desk: &TestDesk,
    f: &Federation,
    method: &str,
    path: &str,
) -> Option<(String, Option<Value>)> {
    let name = || format!("{}.sky.example", fresh().simple());
    let terms = json!({"gives": true, "takes": true});
    Some(match (method, path) {
        ("POST", "/exchange/invitations") => (path.to_owned(), Some(json!({"terms": terms}))),
        ("DELETE", "/exchange/invitations/{id}") => {
            let id = invited(desk, f).await;
            (path.replace("{id}", &id.to_string()), None)
        }
        ("POST", "/exchange/peer/refusal") => {
            let from = json!({
                "protocol": "switchboard-exchange/1", "desk": name(), "title": "Sky",
                "base_url": "http://127.0.0.1:9", "public_key": STANDARD.encode([7; 32]),
            });
            (
                path.to_owned(),
                Some(json!({"from": from, "token": "once"})),
            )
        }
        (
            "POST",
            "/exchange/invitations/read" | "/exchange/invitations/decline" | "/exchange/partners",
        ) => {
            let invitation = invitation(&name()).await;
            (path.to_owned(), Some(json!({"invitation": invitation})))
        }
        ("PATCH" | "DELETE", "/exchange/partners/{id}") => {
            let id = partner(desk, f, &name()).await;
            let body = (method == "PATCH").then(|| json!({"state": "paused"}));
            (path.replace("{id}", &id.to_string()), body)
        }
        ("POST", dead) if dead.starts_with("/exchange/partner-dead-letters/{id}") => {
            let id = set_aside(desk, f).await;
            let gives_up = dead.ends_with("give-up");
            let body = gives_up.then(|| json!({"reason": "It was told by phone."}));
            (path.replace("{id}", &id.to_string()), body)
        }
        ("POST", "/exchange/peer/acceptance") => {
            // Who brings a key is read before it is verified with that.
            let from = json!({
                "protocol": "switchboard-exchange/1", "desk": name(), "title": "Sky",
                "base_url": "http://127.0.0.1:9", "public_key": STANDARD.encode([7; 32]),
            });
            let body = json!({"from": from, "token": "once", "terms": terms});
            (path.to_owned(), Some(body))
        }
        ("GET", "/exchange/peer/changes") => (format!("{path}?after=0"), None),
        (_, path) if path.starts_with("/exchange/peer/files/") => {
            (path.replace("{sha256}", &"0".repeat(64)), None)
        }
        _ => return None,
    })
}

#[test]
fn administrators_invite_accept_change_and_end() {
    both(|desk| async move {
        let f = desk.federation().await;
        desk.unit("sky", "Sky desk", 2).await;
        desk.service("plates", "Plates", f.storage).await;
        let terms = json!({"names": true, "gives": true, "takes": true});
        let body = json!({"terms": terms, "intake": "storage", "units": ["sky"]});
        let made = desk.post(&f.ada, "/exchange/invitations", body).await;
        let text = made.expect(201).json["invitation"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(text.starts_with("switchboard-invitation-1."));
        let wrong = json!({"terms": {"gives": false, "takes": false}});
        let said = desk.post(&f.ada, "/exchange/invitations", wrong).await;
        assert_eq!(said.expect(422).json["field"], "gives");
        let wrong = json!({"terms": terms, "services": ["clouds"]});
        let said = desk.post(&f.ada, "/exchange/invitations", wrong).await;
        assert_eq!(said.expect(422).json["field"], "services");
        let about = json!({"terms": terms, "services": ["plates"]});
        desk.post(&f.ada, "/exchange/invitations", about)
            .await
            .expect(201);
        let listed = desk.get(&f.fay, "/exchange/invitations").await.expect(200);
        let listed = &listed.json["items"];
        let some = (&listed[0]["services"], &listed[1]["services"]);
        assert!(
            some == (&json!(["Plates"]), &json!([])) || some == (&json!([]), &json!(["Plates"]))
        );
        let own = json!({"invitation": text});
        let said = desk.post(&f.ada, "/exchange/invitations/read", own).await;
        assert_eq!(said.expect(422).json["field"], "invitation");

        let theirs = invitation("desk.sky.example").await;
        let read = json!({"invitation": theirs});
        let read = desk.post(&f.ada, "/exchange/invitations/read", read).await;
        let read = read.expect(200).json;
        assert_eq!(
            (&read["title"], &read["terms"]["files"]),
            (&json!("Sky"), &json!(true))
        );
        let accept = json!({"invitation": theirs, "intake": "storage", "units": ["sky"]});
        let made = desk
            .post(&f.ada, "/exchange/partners", accept.clone())
            .await;
        let id = made.expect(201).json["id"].as_str().unwrap().to_owned();
        desk.post(&f.ada, "/exchange/partners", accept)
            .await
            .expect(409);
        let listed = desk
            .get(&f.fay, "/exchange/partners")
            .await
            .expect(200)
            .json;
        let one = &listed["items"][0];
        assert_eq!(
            (&one["id"], &one["state"], &one["units"], &one["intake"]),
            (
                &json!(id),
                &json!("active"),
                &json!(["Sky desk"]),
                &json!("Storage")
            )
        );
        let path = format!("/exchange/partners/{id}");
        assert_eq!(one["services"], json!([]));
        let change = json!({"state": "paused", "units": [], "services": ["Plates"]});
        desk.patch(&f.ada, &path, change).await.expect(204);
        let listed = desk
            .get(&f.fay, "/exchange/partners")
            .await
            .expect(200)
            .json;
        assert_eq!(listed["items"][0]["state"], "paused");
        assert_eq!(listed["items"][0]["units"], json!([]));
        assert_eq!(listed["items"][0]["services"], json!(["Plates"]));
        desk.delete(&f.ada, &path).await.expect(204);
        let again = json!({"state": "active"});
        desk.patch(&f.ada, &path, again).await.expect(409);
        let deeds = desk.get(&f.ada, "/audit?action=partner.").await.expect(200);
        let deeds = deeds.text();
        for deed in [
            "partner.invited",
            "partner.began",
            "partner.changed",
            "partner.ended",
        ] {
            assert!(deeds.contains(deed), "{deed} in {deeds}");
        }
        assert!(!deeds.contains(&text) && !deeds.contains("once"), "{deeds}");
        let us = desk.get(&f.rita, "/exchange/peer").await.expect(200).json;
        assert_eq!(
            (&us["desk"], &us["protocol"]),
            (&json!("desk.example"), &json!("switchboard-exchange/1"))
        );
    });
}

#[test]
fn what_a_partner_said_and_could_not_be_taken_is_looked_after() {
    both(|desk| async move {
        let f = desk.federation().await;
        let letters = "/exchange/partner-dead-letters";
        let id = set_aside(&desk, &f).await;
        let all = desk.get(&f.fay, letters).await.expect(200).json;
        let one = &all["items"][0];
        assert_eq!(
            (one["title"].as_str(), one["place"].as_u64()),
            (Some("Sky"), Some(1))
        );
        assert_eq!(one["what"], "Opened");
        assert_eq!(one["ticket"], Value::Null);
        assert!(!all.to_string().contains("Where are they?"), "{all}");
        let mut ada = crate::browser::Browser::of(&desk, &f.ada).await;
        let page = ada.page("/exchange").await;
        assert!(page.contains("lets no ticket come from there"), "{page}");
        assert!(page.contains("value=\"retry-foreign\""), "{page}");

        // Taken now, by the rules of any change that comes.
        let retry = format!("{letters}/{id}/retry");
        desk.post(&f.ada, &retry, Value::Null).await.expect(204);
        desk.run_jobs().await;
        let found = desk.get(&f.ada, "/tickets?q=plates").await.expect(200);
        assert_eq!(found.json["items"][0]["subject"], "No plates");
        desk.post(&f.ada, &retry, Value::Null).await.expect(404);
        let all = desk.get(&f.fay, letters).await.expect(200).json;
        assert_eq!(all["items"], json!([]));

        // What still can not be taken stays, and says why.
        let id = set_aside(&desk, &f).await;
        let db = desk.desk.db();
        db.write(move |c| {
            let dead = store::partner::dead_letter(c, id)?.unwrap();
            let mut partner = store::partner::load(c, dead.partner)?.unwrap();
            partner.terms.takes = false;
            store::partner::save(c, &partner)
        })
        .await
        .unwrap();
        let retry = format!("{letters}/{id}/retry");
        let why = desk.post(&f.ada, &retry, Value::Null).await.expect(409);
        assert!(why.text().contains("lets no ticket come"), "{}", why.text());
        let give_up = format!("{letters}/{id}/give-up");
        desk.post(&f.ada, &give_up, json!({"reason": " "}))
            .await
            .expect(422);
        let why = json!({"reason": "They opened it by mistake."});
        desk.post(&f.ada, &give_up, why.clone()).await.expect(204);
        desk.post(&f.ada, &give_up, why).await.expect(404);
    });
}

#[test]
fn invitations_are_written_withdrawn_and_declined() {
    both(|desk| async move {
        let f = desk.federation().await;
        let write = json!({"for_whom": "Sky", "terms": {"gives": true, "names": true}});
        let made = desk.post(&f.ada, "/exchange/invitations", write).await;
        let id = made.expect(201).json["id"].clone();
        let listed = async || {
            let all = desk.get(&f.fay, "/exchange/invitations").await.expect(200);
            all.json["items"].clone()
        };
        let all = listed().await;
        assert_eq!(
            (&all[0]["id"], &all[0]["for_whom"], &all[0]["state"]),
            (&id, &json!("Sky"), &json!("open"))
        );
        assert_eq!(all[0]["terms"]["names"], true);
        let path = format!("/exchange/invitations/{}", id.as_str().unwrap());
        desk.delete(&f.fay, &path).await.expect(403);
        desk.delete(&f.ada, &path).await.expect(204);
        desk.delete(&f.ada, &path).await.expect(404);
        assert_eq!(listed().await[0]["state"], "withdrawn");
        desk.clock.advance(1_000);
        let id = invited(&desk, &f).await;
        desk.clock.advance(8 * 86_400_000);
        assert_eq!(listed().await[0]["id"], json!(id));
        assert_eq!(listed().await[0]["state"], "over");

        // One of another desk, which says yes to everything.
        let theirs = invitation("desk.sky.example").await;
        let decline = "/exchange/invitations/decline";
        let wrong = json!({"invitation": "hello"});
        let said = desk.post(&f.ada, decline, wrong).await.expect(422);
        assert_eq!(said.json["field"], "invitation");
        let long = json!({"invitation": theirs, "reason": "x".repeat(501)});
        let said = desk.post(&f.ada, decline, long).await.expect(422);
        assert_eq!(said.json["field"], "reason");
        let whole = json!({"invitation": theirs, "reason": "Not now."});
        desk.post(&f.fay, decline, whole.clone()).await.expect(403);
        desk.post(&f.ada, decline, whole).await.expect(204);
        let partners = desk.get(&f.ada, "/exchange/partners").await.expect(200);
        assert_eq!(partners.json["items"], json!([]));
        let deeds = desk.get(&f.ada, "/audit?action=partner.").await.expect(200);
        let deeds = deeds.text();
        assert!(deeds.contains("partner.declined"), "{deeds}");
        assert!(deeds.contains("partner.withdrawn"), "{deeds}");
        assert!(!deeds.contains("\"once\""), "{deeds}");
    });
}
