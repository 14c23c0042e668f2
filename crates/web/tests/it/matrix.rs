//! The policy table against the routes: each has its row, and each called as
//! everybody gives what its row says (bar A-01).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use axum::http::{Method, Request, header};
use desk::account::NewAccount;
use serde_json::{Value, json};
use switchboard_core::Channel;
use testkit::{Federation, Somebody, TestDesk, both, both_configured};
use web::policy::{self, Needs, Row, Who};

use crate::document::{document, operations};

#[test]
fn every_operation_of_the_document_has_its_row_and_every_row_its_operation() {
    let routes: BTreeSet<(String, String)> = operations(&document())
        .into_iter()
        .map(|(method, path, _)| (method, path))
        .collect();
    let rows: BTreeSet<(String, String)> = policy::api()
        .map(|r| (r.method.to_owned(), r.path.to_owned()))
        .collect();
    assert_eq!(routes, rows);
}

#[test]
fn no_route_is_named_twice() {
    let mut seen = BTreeSet::new();
    for row in policy::rows() {
        assert!(
            seen.insert((row.method, row.path)),
            "{} {}",
            row.method,
            row.path
        );
    }
}

/// What somebody is to the ticket that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Requester,
    Cc,
    Subscriber,
    Involved,
    /// The contact of the site that it names.
    Site,
    Monitor,
    Unit,
    First,
    Admin,
    /// Of the community that it is open to.
    Community,
    /// Of the team whose ticket it is.
    Team,
    Stranger,
}

struct Actor {
    name: &'static str,
    who: Somebody,
    /// To Rita's ticket in storage, and to Otto's in network.
    parts: [Part; 2],
    scopes: &'static [Needs],
    admin: bool,
    /// Holds the support permission.
    support: bool,
    /// Responsible of storage.
    responsible: bool,
}

/// Everybody who is asked as. Who is Cc, subscriber or involved becomes that
/// for each call, on Rita's ticket only.
async fn actors(desk: &TestDesk, f: &Federation) -> Vec<Actor> {
    use Part::{
        Admin, Cc, Community, First, Involved, Monitor, Requester, Site, Stranger, Subscriber,
        Team, Unit,
    };
    let nora = desk
        .account(NewAccount {
            name: "Nora".into(),
            support: true,
            ..NewAccount::default()
        })
        .await;
    desk.desk
        .set_member(f.network, nora.id, switchboard_core::Part::Responsible)
        .await
        .unwrap();
    // So that everybody may be erased: nobody is the last of their kind.
    let spare = desk
        .account(NewAccount {
            name: "Spare".into(),
            support: true,
            admin: true,
            ..NewAccount::default()
        })
        .await;
    for unit in [f.storage, f.network, f.first] {
        let part = switchboard_core::Part::Responsible;
        desk.desk.set_member(unit, spare.id, part).await.unwrap();
    }
    let (carl, sue, ivy) = (
        desk.person("Carl").await,
        desk.person("Sue").await,
        desk.person("Ivy").await,
    );
    // Rita's ticket comes by a portal and is open to its community.
    let supporter = |name: &str| NewAccount {
        name: name.into(),
        support: true,
        ..NewAccount::default()
    };
    let (pia, vic) = (
        desk.account(supporter("Pia")).await,
        desk.account(supporter("Vic")).await,
    );
    desk.portal("belle", &[&pia, &spare], &["Archive"]).await;
    desk.portal("juno", &[&vic, &spare], &["Archive"]).await;
    let cora = desk.person("Cora").await;
    desk.put_into("belle", &cora).await;
    // Rita, too, so that she can ask for the team.
    let tim = desk.person("Tim").await;
    for person in [&f.rita, &tim] {
        desk.put_into("belle", person).await;
    }
    let sid = desk.person("Sid").await;
    let site = json!({"key": "south", "name": "Site of the south", "contact": sid.email});
    desk.post(&f.ada, "/sites", site).await.expect(201);
    // Looks after how the service of Rita's ticket is connected, and sees no ticket by that.
    let pat = desk.person("Pat").await;
    let contact = format!("/providers/tests/contacts/{}", pat.email);
    desk.put(&f.ada, &contact, Value::Null).await.expect(204);
    let all: &[Needs] = &[Needs::Nothing, Needs::Read, Needs::Write];
    let actor = |name, who: &Somebody, parts, scopes| Actor {
        name,
        who: who.clone(),
        parts,
        scopes,
        admin: false,
        support: false,
        responsible: false,
    };
    let staff = |name, who: &Somebody, parts, scopes| Actor {
        support: true,
        ..actor(name, who, parts, scopes)
    };
    vec![
        actor(
            "anybody",
            &Somebody::anonymous(),
            [Stranger; 2],
            &[Needs::Nothing],
        ),
        actor("requester", &f.rita, [Requester, Stranger], all),
        actor("other requester", &f.otto, [Stranger, Requester], all),
        actor("Cc", &carl, [Cc, Stranger], all),
        actor("subscriber", &sue, [Subscriber, Stranger], all),
        actor("involved", &ivy, [Involved, Stranger], all),
        actor("site contact", &sid, [Site, Stranger], all),
        actor("provider's contact", &pat, [Stranger; 2], all),
        actor("monitor", &f.mona, [Monitor; 2], all),
        staff("other unit's responsible", &nora, [Stranger, Unit], all),
        staff("unit member", &f.sam, [Unit, Stranger], all),
        Actor {
            responsible: true,
            ..staff("unit responsible", &f.stan, [Unit, Stranger], all)
        },
        staff("other unit's member", &f.nina, [Stranger, Unit], all),
        staff("first level", &f.fay, [First; 2], all),
        staff("portal's first level", &pia, [First, Stranger], all),
        staff("other portal's first level", &vic, [Stranger; 2], all),
        actor("community", &cora, [Community, Stranger], all),
        actor("team", &tim, [Team, Stranger], all),
        staff(
            "read-only token",
            &f.sam_reading,
            [Unit, Stranger],
            &[Needs::Nothing, Needs::Read],
        ),
        Actor {
            admin: true,
            ..actor(
                "administrator",
                &f.ada,
                [Admin; 2],
                &[Needs::Nothing, Needs::Read, Needs::Write, Needs::Admin],
            )
        },
    ]
}

/// What the row promises: refused with one of these, or let through.
fn expected(row: &Row, actor: &Actor, part: Part) -> Result<(), u16> {
    // By the key of a partner's desk; no token stands in for it.
    if row.needs == Needs::Signed {
        return Err(401);
    }
    if row.needs != Needs::Nothing && actor.who.token.is_empty() {
        return Err(401);
    }
    if !actor.scopes.contains(&row.needs) {
        return Err(403);
    }
    let sees = part != Part::Stranger;
    let answers = sees && !matches!(part, Part::Subscriber | Part::Community);
    let asks = matches!(part, Part::Requester | Part::Cc | Part::Team);
    let works = matches!(part, Part::Unit | Part::First | Part::Admin);
    match row.who {
        // Only who has no permission can have applied for it.
        Who::Oneself if actor.support && row.path.contains("/support-applications/") => Err(404),
        // And only who has it can have asked a unit.
        Who::Oneself if !actor.support && row.path.contains("/join-requests/") => Err(404),
        Who::Everybody | Who::Oneself => Ok(()),
        Who::Staff if actor.admin || actor.support => Ok(()),
        Who::UnitStaff if actor.admin || part == Part::Unit => Ok(()),
        Who::OnDuty if part == Part::Unit => Ok(()),
        Who::Holders if actor.support => Ok(()),
        Who::Applicants if actor.support => Err(409),
        Who::Applicants => Ok(()),
        Who::Responsibles if actor.admin || actor.responsible => Ok(()),
        Who::Administrators if actor.admin => Ok(()),
        Who::Administrators => Err(403),
        Who::Sees if sees => Ok(()),
        Who::Answers if answers => Ok(()),
        Who::Works if works => Ok(()),
        Who::SupportSide
            if works || matches!(part, Part::Involved | Part::Site | Part::Monitor) =>
        {
            Ok(())
        }
        // Of the desk, not of a portal.
        Who::FirstLevel if actor.admin || actor.parts == [Part::First; 2] => Ok(()),
        Who::RequesterSide if asks => Ok(()),
        Who::Requester if part == Part::Requester => Ok(()),
        Who::Reports
            if actor.support
                || actor.admin
                || part == Part::Monitor
                || actor.name == "provider's contact" =>
        {
            Ok(())
        }
        Who::Sees
        | Who::Answers
        | Who::Works
        | Who::SupportSide
        | Who::RequesterSide
        | Who::Requester
            if !sees =>
        {
            Err(404)
        }
        _ => Err(403),
    }
}

/// Fresh tickets for one call: one to ask for, and what the call names.
struct Scene {
    number: i64,
    other: i64,
    entry: String,
    file: String,
}

async fn scene(desk: &TestDesk, f: &Federation, foreign: bool, team: bool) -> Scene {
    let (who, unit, staff) = if foreign {
        (&f.otto, "network", &f.nina)
    } else {
        (&f.rita, "storage", &f.sam)
    };
    let mut open = json!({"subject": "S", "description": "D", "unit": unit});
    if !foreign {
        open["portal"] = "belle".into();
    }
    if team && !foreign {
        open["type"] = "team".into();
        open["community"] = "belle".into();
    }
    let number = desk
        .post(who, "/tickets", open.clone())
        .await
        .expect(201)
        .number();
    let other = desk.post(who, "/tickets", open).await.expect(201).number();
    if !foreign && !team {
        let shared = json!({"visibility": "community"});
        for number in [number, other] {
            desk.patch(&f.ada, &format!("/tickets/{number}"), shared.clone())
                .await
                .expect(200);
        }
    }
    let entry = desk
        .post(
            who,
            &format!("/tickets/{number}/entries"),
            json!({"body": "second"}),
        )
        .await
        .expect(201)
        .json["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let upload = Request::builder()
        .method(Method::POST)
        .uri(format!("/api/v1/tickets/{number}/attachments?name=a.txt"))
        .header(header::HOST, "desk.example")
        .header(header::AUTHORIZATION, format!("Bearer {}", staff.token))
        .header(header::CONTENT_TYPE, "text/plain")
        .body(Body::from("x"))
        .unwrap();
    let file = desk.ask(upload).await.expect(201).json["attachments"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    Scene {
        number,
        other,
        entry,
        file,
    }
}

impl Scene {
    /// A word that nothing is called yet.
    fn fresh(&self) -> String {
        format!("fresh-{}", self.number)
    }
}

/// Puts somebody on the scene's tickets as what they are to them.
async fn put_on(desk: &TestDesk, f: &Federation, scene: &Scene, who: &Somebody, part: Part) {
    if part == Part::Site {
        for number in [scene.number, scene.other] {
            let south = json!({"site": "south"});
            desk.patch(&f.ada, &format!("/tickets/{number}"), south)
                .await
                .expect(200);
        }
    }
    let role = match part {
        Part::Cc | Part::Subscriber => "cc",
        Part::Involved => "involved",
        _ => return,
    };
    for number in [scene.number, scene.other] {
        let parties = format!("/tickets/{number}/parties");
        desk.post(&f.ada, &parties, json!({"role": role, "email": who.email}))
            .await
            .expect(201);
        // Everybody subscribes for themselves, to what they see: who was
        // added once and is no longer keeps reading.
        if part == Part::Subscriber {
            desk.post(who, &parties, json!({"role": "subscriber"}))
                .await
                .expect(201);
            desk.delete(&f.ada, &format!("{parties}/cc/{}", who.email))
                .await
                .expect(204);
        }
    }
}

/// Somebody nobody has met yet, with the support permission or without.
async fn fresh(desk: &TestDesk, support: bool) -> Somebody {
    static SO_FAR: AtomicUsize = AtomicUsize::new(0);
    desk.account(NewAccount {
        name: format!("Fresh{}", SO_FAR.fetch_add(1, Ordering::Relaxed)),
        support,
        ..NewAccount::default()
    })
    .await
}

/// What somebody has waiting in a list of applications or requests.
async fn waiting(desk: &TestDesk, who: &Somebody, list: &str) -> Vec<String> {
    let found = desk
        .get(who, &format!("{list}?state=waiting&limit=200"))
        .await;
    let items = found.json["items"].as_array().cloned().unwrap_or_default();
    items
        .iter()
        .filter(|one| one["person"]["id"] == who.id.to_string())
        .map(|one| one["id"].as_str().unwrap().to_owned())
        .collect()
}

/// A webhook, and a call of its that was given up.
async fn webhook(desk: &TestDesk, f: &Federation, called: bool) -> (String, String) {
    let body = json!({"title": "Here", "url": "http://127.0.0.1:9/"});
    let made = desk.post(&f.ada, "/webhooks", body).await.expect(201);
    let id = made.json["id"].as_str().unwrap().to_owned();
    let (webhook, call) = (id.parse().unwrap(), uuid::Uuid::now_v7());
    if called {
        let dead = store::webhook::Delivery {
            id: call,
            webhook,
            event: 1,
            ticket: switchboard_core::TicketNumber(1),
            kind: "opened".into(),
            state: store::webhook::State::Dead,
            since: 0,
            next_at: 0,
            tries: 1,
            tried_at: Some(0),
            status: None,
            error: None,
            ended_at: Some(0),
        };
        let write = desk.desk.db().write(move |c| {
            store::webhook::enqueue(c, &dead)?;
            store::webhook::update(c, &dead)
        });
        write.await.unwrap();
    }
    (id, call.to_string())
}

/// A rule of a name that no other has; it looks at nothing that is there.
fn rule_body() -> Value {
    static SO_FAR: AtomicUsize = AtomicUsize::new(0);
    let title = format!("Rule {}", SO_FAR.fetch_add(1, Ordering::Relaxed));
    json!({"title": title, "on": "opened", "only": "number:999999", "then": {"tag": ["seen"]}})
}

/// A report that somebody saved while they had reports.
async fn kept(desk: &TestDesk, who: &Somebody) -> String {
    let id = uuid::Uuid::now_v7();
    let row = store::saved_report::SavedReport {
        id,
        person: who.id,
        title: "Submitted".into(),
        asked: "{}".into(),
        rhythm: "never".into(),
        format: "csv".into(),
        next_at: None,
        sent_at: None,
        trouble: None,
        made_at: 0,
    };
    let write = desk
        .desk
        .db()
        .write(move |c| store::saved_report::save(c, &row));
    write.await.unwrap();
    id.to_string()
}

/// Makes a ticket an alarm.
async fn raised(desk: &TestDesk, number: i64) {
    let alarm = store::alarm::Alarm {
        ticket: switchboard_core::TicketNumber(number),
        site: "south".into(),
        address: None,
        standing: switchboard_core::alarm::raised(false, 60_000, 0),
        raised_at: 0,
        calls: 1,
        mail: None,
        root: None,
        confirmed_at: None,
        confirmed_by: None,
        trouble: None,
    };
    let write = desk.desk.db().write(move |c| store::alarm::save(c, &alarm));
    write.await.unwrap();
}

/// A text whose shortcut no other has.
fn canned_body(scope: &str) -> Value {
    static SO_FAR: AtomicUsize = AtomicUsize::new(0);
    let shortcut = format!("text-{}", SO_FAR.fetch_add(1, Ordering::Relaxed));
    json!({"scope": scope, "title": "T", "shortcut": shortcut, "body": "{{ ticket.number }}"})
}

/// A text that they keep themselves, as far as they can.
async fn canned_text(desk: &TestDesk, f: &Federation, who: &Somebody) -> String {
    let mut made = desk.post(who, "/canned-texts", canned_body("own")).await;
    if made.status != 201 {
        let body = canned_body("everybody");
        made = desk.post(&f.ada, "/canned-texts", body).await.expect(201);
    }
    made.json["id"].as_str().unwrap().to_owned()
}

/// A macro whose name no other has.
fn macro_body(scope: &str) -> Value {
    static SO_FAR: AtomicUsize = AtomicUsize::new(0);
    let title = format!("Macro {}", SO_FAR.fetch_add(1, Ordering::Relaxed));
    json!({"scope": scope, "title": title, "then": {"note": "{{ ticket.number }}"}})
}

/// A macro that they keep themselves, as far as they can.
async fn staff_macro(desk: &TestDesk, f: &Federation, who: &Somebody) -> String {
    let mut made = desk.post(who, "/macros", macro_body("own")).await;
    if made.status != 201 {
        let body = macro_body("everybody");
        made = desk.post(&f.ada, "/macros", body).await.expect(201);
    }
    made.json["id"].as_str().unwrap().to_owned()
}

/// The same for who is on duty: the unit has a rota, and who asks is on duty where they can
/// be.
async fn rota_call(
    desk: &TestDesk,
    f: &Federation,
    row: &Row,
    who: &Somebody,
) -> Option<(String, Option<Value>)> {
    let path = row.path.strip_prefix("/api/v1").unwrap_or(row.path);
    if !path.contains("/rota") && !path.contains("hand-over") {
        return None;
    }
    let on_duty = [f.sam.id, f.stan.id].contains(&who.id).then_some(who);
    // Whose shift it is gives it away, who else is in the unit does not.
    let person = match path.contains("/stand-ins") {
        true => &f.stan,
        false => on_duty.unwrap_or(&f.sam),
    };
    let plan = json!({"first": "2026-09-01", "people": [person.email]});
    let rota = "/units/storage/rota";
    desk.put(&f.ada, rota, plan.clone()).await.expect(200);
    let mut id = "0190f3a0-0000-7000-8000-000000000000".to_owned();
    let stands_in = json!({
        "person": f.stan.email, "from": "2027-01-01T00:00:00Z", "until": "2027-01-02T00:00:00Z",
    });
    if row.method == "DELETE" && path.contains("/stand-ins/") {
        let at = format!("{rota}/stand-ins");
        let made = desk.post(&f.ada, &at, stands_in.clone()).await.expect(201);
        let all = made.json["stand_ins"].as_array().unwrap().clone();
        id = all.last().unwrap()["id"].as_str().unwrap().to_owned();
    }
    if path.starts_with("/hand-overs/") {
        let kept = store::rota::HandOver {
            id: uuid::Uuid::now_v7(),
            unit: f.storage,
            outgoing: person.id,
            incoming: person.id,
            begun_at: 0,
            at: i64::try_from(uuid::Uuid::now_v7().as_u128() >> 64).unwrap_or(1),
            note: String::new(),
            tickets: Vec::new(),
            confirm_by: None,
            missed_at: None,
            confirmed_at: None,
        };
        id = kept.id.to_string();
        let write = desk
            .desk
            .db()
            .write(move |c| store::rota::save_hand_over(c, &kept));
        write.await.unwrap();
    }
    let body = match (row.method, path.rsplit('/').next()) {
        ("PUT", Some("rota")) => Some(plan),
        ("PUT", _) => Some(json!({"note": "Tape robot."})),
        ("POST", Some("stand-ins")) => Some(stands_in),
        _ => None,
    };
    Some((path.replace("{name}", "storage").replace("{id}", &id), body))
}

/// The same for the routes about applications, members and people.
async fn staff_call(
    desk: &TestDesk,
    f: &Federation,
    row: &Row,
    who: &Somebody,
) -> Option<(String, Option<Value>)> {
    let none = "0190f3a0-0000-7000-8000-000000000000";
    let apply = json!({"units": ["storage"], "reason": "I want to help."});
    let id_of = |made: &Value| made["id"].as_str().unwrap().to_owned();
    let path = row.path.strip_prefix("/api/v1").unwrap_or(row.path);
    Some(match (row.method, path) {
        ("POST", "/support-applications") => {
            for id in waiting(desk, who, path).await {
                // A token that only reads can not, and is refused below.
                desk.delete(who, &format!("{path}/{id}")).await;
            }
            (path.to_owned(), Some(apply))
        }
        ("POST", "/mailboxes") => {
            let address = fresh(desk, false).await.email;
            let body = json!({"address": address, "way": "local"});
            (path.to_owned(), Some(body))
        }
        (method, path) if path.starts_with("/mailboxes/{id}") => {
            let address = fresh(desk, false).await.email;
            let made = desk
                .post(
                    &f.ada,
                    "/mailboxes",
                    json!({"address": address, "way": "local"}),
                )
                .await
                .expect(201);
            let body = (method == "PATCH").then(|| json!({"active": false}));
            (path.replace("{id}", &id_of(&made.json)), body)
        }
        ("POST", "/webhooks") => {
            let body = json!({"title": "Here", "url": "http://127.0.0.1:9/"});
            (path.to_owned(), Some(body))
        }
        (method, path) if path.starts_with("/webhooks/{id}") => {
            let made = webhook(desk, f, path.contains("{call}")).await;
            let body = match path.rsplit('/').next() {
                Some("{id}") if method == "PATCH" => Some(json!({"title": "There"})),
                Some("replay") => Some(json!({"after": 0})),
                _ => None,
            };
            let path = path.replace("{id}", &made.0);
            (path.replace("{call}", &made.1), body)
        }
        (method, path) if path.starts_with("/alarms/sites/{site}") => {
            let site = json!({"address": "alarm@south.example"});
            desk.put(&f.ada, "/alarms/sites/south", site.clone())
                .await
                .expect(200);
            let body = (method == "PUT").then_some(site);
            (path.replace("{site}", "south"), body)
        }
        (method, path) if path.starts_with("/reports/saved") && method != "GET" => {
            let body = json!({"question": {"report": "submitted", "time": "30"}});
            match method {
                "POST" => (path.to_owned(), Some(body)),
                _ if who.token.is_empty() => (path.replace("{id}", none), None),
                _ => (path.replace("{id}", &kept(desk, who).await), None),
            }
        }
        ("POST", "/alarms") => {
            let site = json!({"address": "alarm@south.example"});
            desk.put(&f.ada, "/alarms/sites/south", site)
                .await
                .expect(200);
            if !who.email.is_empty() {
                let them = json!({"person": who.email});
                desk.post(&f.ada, "/alarms/experts", them).await.expect(204);
            }
            let body = json!({"site": "south", "subject": "S", "description": "D"});
            (path.to_owned(), Some(body))
        }
        (method, "/alarms/experts" | "/alarms/experts/{person}") if method != "GET" => {
            let them = fresh(desk, false).await.email;
            let body = json!({"person": them});
            match method {
                "POST" => (path.to_owned(), Some(body)),
                _ => {
                    desk.post(&f.ada, "/alarms/experts", body).await.expect(204);
                    (path.replace("{person}", &them), None)
                }
            }
        }
        ("POST", "/canned-texts") => (path.to_owned(), Some(canned_body("own"))),
        (method, "/canned-texts/{id}") => {
            let id = canned_text(desk, f, who).await;
            let body = (method == "PATCH").then(|| json!({"title": "U"}));
            (path.replace("{id}", &id), body)
        }
        ("POST", "/macros") => (path.to_owned(), Some(macro_body("own"))),
        (method, "/macros/{id}" | "/macros/{id}/runs") => {
            let id = staff_macro(desk, f, who).await;
            let body = match method {
                "PATCH" => Some(json!({"take": true})),
                // A ticket that is not there: that is said for it.
                "POST" => Some(json!({"numbers": [999_999]})),
                _ => None,
            };
            (path.replace("{id}", &id), body)
        }
        ("POST", "/rules" | "/rules/preview") => (path.to_owned(), Some(rule_body())),
        ("PUT", "/rules/order") => {
            let all = desk.get(&f.ada, "/rules").await.expect(200);
            let numbers: Vec<_> = all.json["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|r| r["number"].clone())
                .collect();
            (path.to_owned(), Some(json!({"rules": numbers})))
        }
        (method, "/rules/{rule}") => {
            let made = desk.post(&f.ada, "/rules", rule_body()).await.expect(201);
            let body = (method == "PATCH").then(|| json!({"active": false}));
            (
                path.replace("{rule}", &made.json["number"].to_string()),
                body,
            )
        }
        ("DELETE", "/support-applications/{id}") => {
            desk.post(who, "/support-applications", apply).await;
            let mine = waiting(desk, who, "/support-applications").await;
            let id = mine.first().map_or(none, String::as_str);
            (path.replace("{id}", id), None)
        }
        ("POST", "/support-applications/{id}/decision") => {
            let them = fresh(desk, false).await;
            let made = desk.post(&them, "/support-applications", apply).await;
            let body = json!({"granted": true, "reason": "Known here."});
            (path.replace("{id}", &id_of(&made.json)), Some(body))
        }
        ("POST", "/units/{name}/members") => {
            let them = fresh(desk, true).await;
            let body = json!({"person": them.email});
            (path.replace("{name}", "storage"), Some(body))
        }
        ("PATCH" | "DELETE", "/units/{name}/members/{who}") => {
            let them = fresh(desk, true).await;
            desk.post(
                &f.ada,
                "/units/storage/members",
                json!({"person": them.email}),
            )
            .await
            .expect(201);
            let body = (row.method == "PATCH").then(|| json!({"part": "responsible"}));
            let path = path.replace("{name}", "storage");
            (path.replace("{who}", &them.email), body)
        }
        ("POST", "/units/{name}/join-requests") => {
            let path = path.replace("{name}", "kernel");
            for id in waiting(desk, who, &path).await {
                // A token that only reads can not, and is refused below.
                desk.delete(who, &format!("{path}/{id}")).await;
            }
            (path, Some(json!({"reason": "I know kernels."})))
        }
        ("DELETE", "/units/{name}/join-requests/{id}") => {
            desk.post(who, "/units/kernel/join-requests", json!({}))
                .await;
            let mine = waiting(desk, who, "/units/kernel/join-requests").await;
            let id = mine.first().map_or(none, String::as_str);
            (path.replace("{name}", "kernel").replace("{id}", id), None)
        }
        ("POST", "/units/{name}/join-requests/{id}/decision") => {
            let them = fresh(desk, true).await;
            let made = desk
                .post(&them, "/units/storage/join-requests", json!({}))
                .await;
            let path = path.replace("{name}", "storage");
            let body = json!({"consent": true});
            (path.replace("{id}", &id_of(&made.json)), Some(body))
        }
        (_, "/people/{id}" | "/people/{id}/sessions" | "/people/{id}/tokens") => {
            let them = fresh(desk, false).await;
            let body = (row.method == "PATCH").then(|| json!({"monitor": true}));
            (path.replace("{id}", &them.id.to_string()), body)
        }
        (_, path) if path.ends_with("/exports/{export}") || path.ends_with("/exports") => {
            let (them, path) = privacy_path(desk, path, who).await;
            // What was asked for is made, so that it can be fetched, and asked for again.
            desk.run_jobs().await;
            let export = match path.ends_with("{export}") && !them.token.is_empty() {
                true => {
                    let actor = desk.desk.actor_for(them.id, Channel::Web).await.unwrap();
                    let made = desk.desk.ask_export(&actor, them.id).await.unwrap();
                    made.to_string()
                }
                false => none.to_owned(),
            };
            desk.run_jobs().await;
            (path.replace("{export}", &export), None)
        }
        (method, path) if path.ends_with("/erasure") => {
            let (them, path) = privacy_path(desk, path, who).await;
            if method != "POST" && !them.token.is_empty() {
                let actor = desk.desk.actor_for(them.id, Channel::Web).await.unwrap();
                desk.desk.ask_erasure_by_token(&actor).await.unwrap();
            }
            let order = json!({"reason": "By letter.", "again": them.email});
            let ordered = method == "POST" && !path.contains("/me/");
            (path, ordered.then_some(order))
        }
        _ => return None,
    })
}

/// Whose data an address is about, and the address.
async fn privacy_path(desk: &TestDesk, path: &str, who: &Somebody) -> (Somebody, String) {
    if path.contains("/me/") {
        return (who.clone(), path.to_owned());
    }
    let them = fresh(desk, false).await;
    let path = path.replace("{id}", &them.id.to_string());
    (them, path)
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2)
        .map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap())
        .collect()
}

/// The same for the faces of other helpdesks. The third entry of a scene's ticket
/// has a file.
fn face_call(row: &Row, number: i64) -> Option<(String, Option<Value>)> {
    let entry = number * 100_000 + 3;
    let path = row.path.replace("{number}", &number.to_string());
    let path = path.replace("{article}", &entry.to_string());
    let (id, body) = match row.path.strip_prefix("/REST/2.0/") {
        Some(rest) => match (row.method, rest) {
            (_, "transaction/{id}") => (entry, None),
            (_, "attachment/{id}") => (entry * 100 + 1, None),
            ("POST", "ticket") => (0, Some(json!({"Queue": "storage", "Subject": "S"}))),
            ("PUT", _) => (0, Some(json!({"Subject": "T"}))),
            ("POST", _) => (0, Some(json!({"Content": "more"}))),
            _ => (0, None),
        },
        None => match (row.method, row.path.strip_prefix("/zammad/api/v1/")?) {
            (_, "ticket_articles/{id}") => (entry, None),
            ("POST", "tickets") => {
                let article = json!({"body": "D"});
                let body = json!({"title": "S", "group": "storage", "article": article});
                (0, Some(body))
            }
            ("PUT", _) => (0, Some(json!({"title": "T"}))),
            ("POST", _) => (0, Some(json!({"ticket_id": number, "body": "more"}))),
            _ => (1, None),
        },
    };
    Some((path.replace("{id}", &id.to_string()), body))
}

/// What has to be done before the call makes sense, the path, and the body.
async fn call(
    desk: &TestDesk,
    f: &Federation,
    row: &Row,
    scene: &Scene,
    who: &Somebody,
) -> (String, Option<Value>) {
    let Scene { number, other, .. } = scene;
    let path = row.path.strip_prefix("/api/v1").unwrap_or(row.path);
    let end = path.rsplit('/').next().unwrap();
    let staff_path = format!("/tickets/{number}");
    if let Some(called) = rota_call(desk, f, row, who).await {
        return called;
    }
    if let Some(called) = staff_call(desk, f, row, who).await {
        return called;
    }
    if let Some(called) = face_call(row, *number) {
        return called;
    }
    if path.starts_with("/campaigns") {
        return campaign_call(desk, f, row.method, path, *number).await;
    }
    let mut body = None;
    let path = &path.replace("/reports/{name}", "/reports/overview")[..];
    let mut filled = path.replace("{number}", &number.to_string());
    match (row.method, end) {
        ("GET", "alarm") => raised(desk, *number).await,
        ("POST", "units") => body = Some(json!({"name": scene.fresh()})),
        ("POST", "services") => {
            body = Some(json!({"name": scene.fresh(), "unit": "storage"}));
        }
        ("POST", "categories" | "sites") => {
            body = Some(json!({"key": scene.fresh(), "name": scene.fresh()}));
        }
        ("POST", "issue-types") => {
            body =
                Some(json!({"key": scene.fresh(), "name": scene.fresh(), "category": "incident"}));
        }
        ("POST", "notices") => {
            body = Some(json!({"kind": "incident", "title": "T", "services": ["archive"]}));
        }
        ("PATCH", "{name}") if path.starts_with("/units") => {
            body = Some(json!({"description": "D"}));
        }
        ("PATCH", "{name}") => body = Some(json!({"lamp": "degraded"})),
        ("GET" | "PATCH", "{key}")
            if !path.starts_with("/providers") && !path.starts_with("/mail-texts") =>
        {
            let key = match path {
                "/categories/{key}" => "test",
                "/issue-types/{key}" => "quota",
                _ => {
                    // There already, but for the first who asks.
                    let site = json!({"key": "site-one", "name": "Site one"});
                    desk.post(&f.ada, "/sites", site).await;
                    "site-one"
                }
            };
            filled = filled.replace("{key}", key);
            body = (row.method == "PATCH").then(|| json!({"active": true}));
        }
        ("GET" | "PATCH", "{id}") if path.starts_with("/notices") => {
            let notice = json!({"kind": "incident", "title": "T", "services": ["archive"]});
            let made = desk.post(&f.ada, "/notices", notice).await.expect(201);
            filled = filled.replace("{id}", made.json["id"].as_str().unwrap());
            body = (row.method == "PATCH").then(|| json!({"body": "More."}));
        }
        ("POST", "tickets") => body = Some(json!({"subject": "S", "description": "D"})),
        ("POST", "bulk") => body = Some(json!({"numbers": [number], "change": {"subject": "T"}})),
        ("PATCH", "me") => body = Some(json!({"institute": "CERN"})),
        ("PATCH", _) => body = Some(json!({"subject": "T"})),
        ("POST", "entries") => body = Some(json!({"body": "more"})),
        ("POST", "relations") => body = Some(json!({"kind": "see_also", "number": other})),
        ("POST", "redirections") => {
            let service = json!({"name": scene.fresh(), "unit": "storage",
                "option": "redirection", "list": "list@sky.example"});
            let made = desk.post(&f.ada, "/services", service).await.expect(201);
            body = Some(json!({"service": made.json["key"]}));
        }
        ("POST", "merge") => body = Some(json!({"into": other})),
        ("POST", "split") => body = Some(json!({"subject": "New", "entries": [scene.entry]})),
        ("POST", "ratings") => {
            let ticket = desk.get(&f.ada, &staff_path).await.expect(200).json;
            let owner = match ticket["unit_key"] == "network" {
                true => &f.nina,
                false => &f.sam,
            };
            for change in [
                json!({"owner": owner.email, "status": "in_progress"}),
                json!({"status": "solved", "solution": "Fixed."}),
                json!({"status": "closed"}),
            ] {
                desk.patch(&f.ada, &staff_path, change).await.expect(200);
            }
            body = Some(json!({"rating": 4}));
        }
        ("POST", "escalate") => body = Some(json!({"reason": "Three days."})),
        ("POST", "parties") => body = Some(json!({"role": "subscriber"})),
        ("POST", "assess") => body = Some(json!({})),
        ("POST", "tokens") => body = Some(json!({"name": "n", "scopes": ["write"]})),
        ("POST", "unmerge") => {
            desk.post(
                &f.ada,
                &format!("{staff_path}/merge"),
                json!({"into": other}),
            )
            .await
            .expect(200);
            body = Some(json!({}));
        }
        ("POST", "release") => {
            desk.post(
                &f.ada,
                &format!("{staff_path}/relations"),
                json!({"kind": "master_of", "number": other}),
            )
            .await
            .expect(201);
            body = Some(json!({}));
        }
        ("POST", "unsplit") => {
            let new = desk
                .post(
                    &f.ada,
                    &format!("{staff_path}/split"),
                    json!({"subject": "N", "entries": [scene.entry]}),
                )
                .await
                .expect(201)
                .number();
            body = Some(json!({"number": new}));
        }
        ("PUT", "timers") => {
            body = Some(json!({"remind": [5, 10], "unanswered": 15, "close": 10}));
        }
        ("PUT", "rules") | ("POST", "what-if") => {
            body = Some(desk.get(&f.ada, "/triage/rules").await.expect(200).json);
        }
        ("PUT", "targets") => {
            body = Some(desk.get(&f.ada, "/targets").await.expect(200).json);
        }
        ("DELETE", "{other}") => {
            desk.post(
                &f.ada,
                &format!("{staff_path}/relations"),
                json!({"kind": "see_also", "number": other}),
            )
            .await
            .expect(201);
            filled = filled
                .replace("{kind}", "see_also")
                .replace("{other}", &other.to_string());
        }
        ("DELETE", "{who}") => {
            // Who can not see it can not be on it; for them the name is enough.
            desk.post(
                who,
                &format!("{staff_path}/parties"),
                json!({"role": "subscriber"}),
            )
            .await;
            filled = filled
                .replace("{role}", "subscriber")
                .replace("{who}", "me");
        }
        ("DELETE", "{id}") if path.contains("/sessions/") => {
            // Theirs, or for who has none one that nobody has.
            let hash = format!("{:064x}", who.id.0.as_u128());
            if !who.token.is_empty() {
                let (person, id_hash) = (who.id, unhex(&hash));
                desk.desk
                    .db()
                    .write(move |c| {
                        c.execute("DELETE FROM session WHERE person = $1", &[person.into()])?;
                        store::person::insert_session(
                            c,
                            &store::person::Session {
                                id_hash: id_hash.clone(),
                                person,
                                csrf: "x".into(),
                                created_at: testkit::START,
                                seen_at: testkit::START,
                                expires_at: testkit::START + 3_600_000,
                                agent: "test".into(),
                                proved_at: testkit::START,
                            },
                        )
                    })
                    .await
                    .unwrap();
            }
            filled = filled.replace("{id}", &hash);
        }
        ("DELETE", "{id}") => {
            let made = desk
                .post(
                    who,
                    "/people/me/tokens",
                    json!({"name": "n", "scopes": ["write"]}),
                )
                .await;
            let id = made.json["id"]
                .as_str()
                .unwrap_or("0190f3a0-0000-7000-8000-000000000000")
                .to_owned();
            filled = filled.replace("{id}", &id);
        }
        _ => {}
    }
    if path.ends_with("/canned-texts/{id}") {
        filled = filled.replace("{id}", &canned_text(desk, f, who).await);
    }
    if path == "/tickets/{number}/macros/{id}" {
        filled = filled.replace("{id}", &staff_macro(desk, f, who).await);
    }
    if path == "/incoming/{id}/take" {
        // A mail of a machine, each time another one.
        let from = fresh(desk, false).await.email;
        let raw = format!("From: {from}\nAuto-Submitted: auto-replied\nSubject: away\n\nAway.");
        let taken = desk.desk.take_mail(raw.into_bytes(), "file", None).await;
        filled = filled.replace("{id}", &taken.unwrap().id.to_string());
    }
    if path.starts_with("/outbox/") {
        filled = filled.replace("{id}", &queued_mail(desk, *number).await);
        body = (end == "give-up").then(|| json!({"reason": "No longer needed."}));
    }
    if let Some((path, partners_body)) = crate::partner::call(desk, f, row.method, path).await {
        (filled, body) = (path, partners_body);
    }
    if path.starts_with("/exchange/{id}") {
        let agreement = crate::exchange::coupled(desk, &f.ada).await;
        filled = filled.replace("{id}", &agreement.to_string());
        if end == "try" {
            crate::exchange::goes_on(desk, &f.ada, agreement).await;
        } else {
            body = Some(json!({"state": "paused"}));
        }
    }
    if path.starts_with("/exchange/dead-letters/{id}") {
        let letter = crate::exchange::set_aside(desk, &f.ada, &f.rita).await;
        filled = filled.replace("{id}", &letter.to_string());
        body = (end == "give-up").then(|| json!({"reason": "It was told by phone."}));
    }
    if path == "/exchange/wake/{word}" {
        let agreement = crate::exchange::coupled(desk, &f.ada).await;
        filled = crate::exchange::wake_path(desk, &f.ada, agreement).await;
    }
    if path == "/exchange/tickets/{number}/look" {
        crate::exchange::coupled(desk, &f.ada).await;
        let (travels, _) = crate::exchange::travelling(desk, &f.rita).await;
        filled = format!("/exchange/tickets/{travels}/look");
    }
    if path.starts_with("/mail-texts/") {
        filled = filled.replace("{key}", "answer.en");
        let (subject, text) = ("{{ subject }}", "{{ text }} {{ link }}");
        body = match (row.method, end) {
            ("PUT", _) => Some(json!({"subject": subject, "body": text})),
            ("POST", _) => Some(json!({"subject": subject, "body": text, "ticket": number})),
            _ => None,
        };
    }
    if path == "/people/me/mail" && row.method == "PUT" {
        body = Some(json!({
            "rhythm": "daily", "weekday": 0, "hour": 7, "time_zone": "UTC",
            "choices": [{"tickets": "own", "event": "entry", "how": "digest"}],
        }));
    }
    if path.starts_with("/dead-addresses/") {
        let address = format!("gone-{number}@people.example");
        filled = filled.replace("{email}", &address);
        desk.desk
            .db()
            .write(move |c| store::outbox::mark_dead(c, &address, "no such user", testkit::START))
            .await
            .unwrap();
    }
    if path.starts_with("/onboardings") {
        body = onboarding_body(end);
        if path.contains("{id}") {
            let id = onboarding(desk, f, who, end).await;
            filled = filled.replace("{id}", &id);
        }
    }
    if path.starts_with("/providers/") {
        if row.method == "PATCH" {
            body = Some(json!({"country": "Norway"}));
        }
        filled = provider_path(desk, f, who, &filled).await;
    }
    filled = filled.replace("{id}", &scene.file).replace(
        "{name}",
        if path.starts_with("/services") {
            "Archive"
        } else {
            "storage"
        },
    );
    (filled, body)
}

/// The same for requests to many sites; the ticket is the parent of one.
async fn campaign_call(
    desk: &TestDesk,
    f: &Federation,
    method: &str,
    path: &str,
    number: i64,
) -> (String, Option<Value>) {
    for key in ["west", "east"] {
        let site = json!({"key": key, "name": key, "contact": "grid@list.example"});
        desk.post(&f.ada, "/sites", site).await;
    }
    let asked = json!({"subject": "At {{ site }}", "text": "Well?", "sites": ["west"]});
    let mut below = asked.clone();
    below["ticket"] = number.into();
    if path.contains("{number}") {
        desk.post(&f.ada, "/campaigns", below).await.expect(201);
    }
    let filled = path.replace("{number}", &number.to_string());
    match (method, path) {
        ("POST", "/campaigns") => {
            let mut body = asked;
            body["unit"] = "storage".into();
            (filled, Some(body))
        }
        ("POST", _) => (filled, Some(json!({"sites": ["east"]}))),
        ("PATCH", _) => (filled, Some(json!({"remind": [7]}))),
        ("DELETE", _) => (filled.replace("{site}", "west?reason=Closed."), None),
        _ => (filled, None),
    }
}

/// A mail about a ticket that has not gone out yet.
async fn queued_mail(desk: &TestDesk, number: i64) -> String {
    desk.desk.follow().await.unwrap();
    let filter = store::outbox::Filter {
        ticket: Some(switchboard_core::TicketNumber(number)),
        ..store::outbox::Filter::default()
    };
    let mails = desk
        .desk
        .db()
        .read(move |c| store::outbox::find(c, &filter, 1))
        .await
        .unwrap();
    mails[0].id.to_string()
}

/// What is sent to a form's routes.
fn onboarding_body(end: &str) -> Option<Value> {
    Some(match end {
        "onboardings" | "submit" => json!({}),
        "decision" => json!({"decision": "refuse", "text": "No."}),
        "{id}" => onboarding_form(),
        _ => return None,
    })
}

/// A whole form.
fn onboarding_form() -> Value {
    json!({
        "provider": {"name": "Sky", "country": "Norway", "contact": "o@sky.example"},
        "services": [{"name": "Atlas", "area": "Data", "description": "Sky."}],
        "option": "direct",
        "redirection": {"list": "list@sky.example"},
        "unit": {"name": "Atlas support", "parent": "storage", "level": "2",
                 "description": "Atlas.", "responsibles": ["o@sky.example"]},
        "quality": {"qos": "base", "time_zone": "Europe/Oslo", "opens": "08:00",
                    "closes": "16:00", "escalation": "o@sky.example"},
    })
}

/// A form of theirs that the call makes sense for.
async fn onboarding(desk: &TestDesk, f: &Federation, who: &Somebody, end: &str) -> String {
    // Who can not write has it from somebody who can.
    let author = match who {
        nobody if nobody.token.is_empty() => &f.rita,
        reader if reader.id == f.sam.id => &f.sam,
        other => other,
    };
    let known = desk.get(author, "/onboardings").await.expect(200).json;
    let draft = known["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|o| o["state"] == "draft" && o["kind"] == "entry")
        .map(|o| o["id"].as_str().unwrap().to_owned());
    let id = match draft {
        Some(id) => id,
        None => desk
            .post(author, "/onboardings", json!({}))
            .await
            .expect(201)
            .json["id"]
            .as_str()
            .unwrap()
            .to_owned(),
    };
    let path = format!("/onboardings/{id}");
    let mut form = onboarding_form();
    if end == "connection-test" {
        // Without a system there is nothing to call: that is said.
        form["option"] = json!("integration");
        desk.clock.advance(5_000);
    }
    desk.put(author, &path, form).await.expect(200);
    if end == "decision" && who.id == f.ada.id {
        desk.post(author, &format!("{path}/submit"), json!({}))
            .await
            .expect(200);
    }
    id
}

/// The provider that is here, with whoever asks as its contact.
async fn provider_path(desk: &TestDesk, f: &Federation, who: &Somebody, path: &str) -> String {
    let contact = if who.token.is_empty() { &f.rita } else { who };
    desk.put(
        &f.ada,
        &format!("/providers/tests/contacts/{}", contact.email),
        Value::Null,
    )
    .await
    .expect(204);
    path.replace("{key}", "tests")
        .replace("{email}", &contact.email)
}

/// A requester is on their ticket already: following it changes nothing, so
/// there is nothing to remove.
fn nothing_to_remove(row: &Row, part: Part) -> bool {
    row.path.ends_with("/{who}") && part == Part::Requester
}

async fn check(desk: &Arc<TestDesk>, f: &Federation, row: &Row, actor: &Actor, foreign: bool) {
    let part = actor.parts[usize::from(foreign)];
    let scene = scene(desk, f, foreign, part == Part::Team).await;
    put_on(desk, f, &scene, &actor.who, part).await;
    let (path, body) = call(desk, f, row, &scene, &actor.who).await;
    if row.who == Who::Reports && actor.name != "provider's contact" {
        // Other rows made everybody a contact, which brings reports.
        let contact = format!("/providers/tests/contacts/{}", actor.who.email);
        desk.delete(&f.ada, &contact).await;
    }
    let mut request = TestDesk::request(
        &actor.who,
        row.method.parse().unwrap(),
        &path,
        body.as_ref(),
    );
    if row.path.ends_with("/attachments") && row.method == "POST" {
        *request.body_mut() = Body::from("bytes");
        request.headers_mut().insert(
            header::CONTENT_TYPE,
            "application/octet-stream".parse().unwrap(),
        );
    }
    let written = desk.desk.db().written().writes;
    let response = desk.send(request).await;
    let status = response.status().as_u16();
    let wrote = desk.desk.db().written().writes > written;
    let what = format!(
        "{} {} as {} on {} ticket",
        row.method,
        path,
        actor.name,
        if foreign { "the foreign" } else { "the" }
    );
    match expected(row, actor, part) {
        Ok(()) if nothing_to_remove(row, part) => assert_eq!(status, 404, "{what}"),
        Ok(()) => assert!((200..300).contains(&status), "{what}: {status}"),
        Err(refused) => assert_eq!(status, refused, "{what}"),
    }
    // That somebody fetched an archive is noted.
    if row.method == "GET" && !row.path.ends_with("/exports/{export}") {
        assert!(!wrote, "{what} wrote to the database");
    }
}

/// Everybody on every row of some methods. In parts, so that they run beside each other.
fn rows_hold(methods: &'static [&'static str]) {
    both_configured(&crate::exchange::keeping(), |desk| async move {
        let f = desk.federation().await;
        let actors = actors(&desk, &f).await;
        // The key for partner desks is made when it is needed first.
        desk.desk.exchange_identity().await.unwrap();
        for row in policy::rows().filter(|row| methods.contains(&row.method)) {
            let about_ticket = row.path.contains("{number}");
            for actor in &actors {
                check(&desk, &f, row, actor, false).await;
                if about_ticket {
                    check(&desk, &f, row, actor, true).await;
                }
            }
        }
    });
}

#[test]
fn each_reading_route_gives_everybody_what_its_row_says() {
    rows_hold(&["GET"]);
}

#[test]
fn each_posting_route_gives_everybody_what_its_row_says() {
    rows_hold(&["POST"]);
}

#[test]
fn each_changing_route_gives_everybody_what_its_row_says() {
    rows_hold(&["PATCH", "PUT", "DELETE"]);
}

#[test]
fn no_row_has_a_method_that_is_not_asked_with() {
    for row in policy::rows() {
        assert!(
            ["GET", "POST", "PATCH", "PUT", "DELETE"].contains(&row.method),
            "{} {}",
            row.method,
            row.path
        );
    }
}

/// What a token that only reads can change: nothing (bar row 32).
#[test]
fn a_reading_token_changes_nothing() {
    both(|desk| async move {
        let f = desk.federation().await;
        desk.portal("belle", &[], &["Archive"]).await;
        let scene = scene(&desk, &f, false, false).await;
        let before = desk
            .get(&f.ada, "/events?limit=1000")
            .await
            .expect(200)
            .json;
        // Where a key signs, no token is looked at.
        let unasked = [Needs::Read, Needs::Nothing, Needs::Signed];
        let changes = |r: &&Row| r.method != "GET" && !unasked.contains(&r.needs);
        for row in policy::rows().filter(changes) {
            let path = row
                .path
                .replace("{number}", &scene.number.to_string())
                .replace("{other}", &scene.other.to_string())
                .replace("{kind}", "see_also")
                .replace("{role}", "cc")
                .replace("{who}", "me")
                .replace("{key}", "tests")
                .replace("{email}", "stan@people.example")
                .replace("{article}", "1")
                .replace("{export}", &scene.file)
                .replace("{id}", &scene.file);
            for body in [
                json!({}),
                json!({"body": "x", "subject": "x", "kind": "see_also"}),
            ] {
                let request = TestDesk::request(
                    &f.sam_reading,
                    row.method.parse().unwrap(),
                    &path,
                    Some(&body),
                );
                desk.ask(request).await.expect(403);
            }
        }
        assert_eq!(desk.get(&f.ada, "/events?limit=1000").await.json, before);
    });
}
