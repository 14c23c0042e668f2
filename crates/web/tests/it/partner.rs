//! Partner desks, from outside. That tickets travel between desks is tested in
//! `desk`.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use store::partner::{Partner, State, Terms};
use switchboard_core::UnitId;
use switchboard_core::exchange::DeskId;
use testkit::{Federation, TestDesk, both};
use uuid::Uuid;

/// A desk that says yes to everything, and an invitation of it.
async fn invitation(name: &str) -> String {
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
async fn partner(desk: &TestDesk, f: &Federation, name: &str) -> Uuid {
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
fn fresh() -> Uuid {
    use std::sync::atomic::{AtomicU64, Ordering};
    static SO_FAR: AtomicU64 = AtomicU64::new(1);
    let n = SO_FAR.fetch_add(1, Ordering::Relaxed);
    Uuid::from_u128((0x5B << 64) | u128::from(n))
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
        ("POST", "/exchange/invitations/read" | "/exchange/partners") => {
            let invitation = invitation(&name()).await;
            (path.to_owned(), Some(json!({"invitation": invitation})))
        }
        ("PATCH" | "DELETE", "/exchange/partners/{id}") => {
            let id = partner(desk, f, &name()).await;
            let body = (method == "PATCH").then(|| json!({"state": "paused"}));
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
        let change = json!({"state": "paused", "units": []});
        desk.patch(&f.ada, &path, change).await.expect(204);
        let listed = desk
            .get(&f.fay, "/exchange/partners")
            .await
            .expect(200)
            .json;
        assert_eq!(listed["items"][0]["state"], "paused");
        assert_eq!(listed["items"][0]["units"], json!([]));
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
