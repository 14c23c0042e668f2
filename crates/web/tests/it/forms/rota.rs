//! What the forms about who is on duty send.

use serde_json::json;
use store::rota::HandOver;
use switchboard_core::Part;
use uuid::Uuid;

use super::world::{Call, World, stranger};
use super::{Caller, Of};

/// The call for a deed of a row.
pub(super) async fn call(
    world: &World,
    path: &str,
    deed: &'static str,
    of: Of,
    caller: &Caller,
) -> Call {
    let (desk, f) = (&world.desk, &world.f);
    let (key, unit, usual) = match of {
        Of::Ours => ("storage", f.storage, &f.stan),
        Of::Others => ("network", f.network, &f.nina),
    };
    let rota = format!("/units/{key}/rota");
    let there = desk.desk.members(unit).await.unwrap();
    // On duty is who asks, where they can be.
    let asks = there.iter().any(|m| m.person == caller.who.id);
    let person = if asks { &caller.who } else { usual };
    // Whose shift it is could hand it on: here it is nobody's.
    let people = match path {
        "/units/{key}/rota/note" => vec![person.email.clone()],
        _ => Vec::new(),
    };
    let plan = json!({"first": "2026-09-01", "people": people});
    desk.put(&f.ada, &rota, plan).await.expect(200);
    match (path, deed) {
        ("/units/{key}/rota/note", _) => {
            let fields = [("note", "The tape robot is being repaired.")];
            Call::to(format!("{rota}/note"), &fields).of(person.id)
        }
        ("/hand-overs/{id}", _) => {
            let kept = HandOver {
                id: Uuid::now_v7(),
                unit,
                outgoing: person.id,
                incoming: person.id,
                begun_at: 0,
                at: i64::try_from(Uuid::now_v7().as_u128() >> 64).unwrap(),
                note: String::new(),
                tickets: Vec::new(),
                confirm_by: None,
                missed_at: None,
                confirmed_at: None,
            };
            let to = format!("/hand-overs/{}", kept.id);
            let write = desk
                .desk
                .db()
                .write(move |c| store::rota::save_hand_over(c, &kept));
            write.await.unwrap();
            Call::to(to, &[("do", deed), ("note", "All is well.")]).of(person.id)
        }
        (_, "save") => {
            let fields = [
                ("do", deed),
                ("first", "2026-09-07"),
                ("at", "09:00"),
                ("days", "7"),
                ("people", usual.email.as_str()),
                ("alone", "yes"),
                ("ask_hours", "2"),
                ("confirm_hours", "4"),
            ];
            Call::to(rota, &fields)
        }
        (_, "take-back") => {
            // Somebody who asks nothing here: who stands in takes it back, too.
            let them = stranger(desk, true).await;
            let joins = desk.desk.set_member(unit, them.id, Part::Member);
            joins.await.unwrap();
            let stands_in = json!({
                "person": them.email,
                "from": "2027-01-01T00:00:00Z",
                "until": "2027-01-02T00:00:00Z",
            });
            let at = format!("{rota}/stand-ins");
            let made = desk.post(&f.ada, &at, stands_in).await.expect(201);
            let all = made.json["stand_ins"].as_array().unwrap().clone();
            let id = all.last().unwrap()["id"].as_str().unwrap().to_owned();
            Call::to(rota, &[("do", deed), ("id", &id)])
        }
        (_, "stand-in") => {
            let fields = [
                ("do", deed),
                ("person", usual.email.as_str()),
                ("from", "2027-02-01T00:00"),
                ("until", "2027-02-02T00:00"),
            ];
            Call::to(rota, &fields)
        }
        _ => Call::to(rota, &[("do", deed)]),
    }
}
