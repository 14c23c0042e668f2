//! Custom fields there are questions and facts of tickets here, and queues are units,
//! both ways.

use std::collections::BTreeMap;

use desk::service::ServiceEdit;
use desk::{OpenRequest, Patch, Step};
use serde_json::{Value, json};
use switchboard_core::form::{FieldType, FormField};
use switchboard_core::onboarding::{Form, Question};
use switchboard_core::{Actor, Command, TicketNumber, UnitId};
use testkit::{TestDesk, both_configured, rt_server};

use crate::exchange::{PUBLIC, bodies, coupled, keeping, passes, says, stored, there, world_by};
use crate::exchange_in::here;
use crate::exchange_rt::reaches;
use crate::onboarding::{Cast, accepted, actor, cast};

/// A form with questions, and lines that say what they are there.
fn mapped(queue: &str, lines: &[&str]) -> Form {
    let mut form = coupled(queue);
    let question = |label: &str| Question {
        label: label.into(),
        required: false,
    };
    form.services[0].questions = ["How bad", "Where", "With what", "Whom to call"]
        .map(question)
        .to_vec();
    form.exchange.fields = lines.iter().map(|line| (*line).to_owned()).collect();
    form
}

/// What an administrator makes of those questions.
async fn typed(desk: &TestDesk, cast: &Cast) {
    let field = |key: &str, kind, options: &[&str]| FormField {
        key: key.into(),
        label: key.into(),
        kind,
        options: options.iter().map(|o| (*o).to_owned()).collect(),
        ..FormField::default()
    };
    let edit = ServiceEdit {
        form: Some(vec![
            field("q1", FieldType::Choice, &["low", "medium", "bad"]),
            field("q2", FieldType::Text, &[]),
            field("q3", FieldType::Multiple, &["dcache", "storm", "eos"]),
            field("q4", FieldType::Email, &[]),
        ]),
        ..ServiceEdit::default()
    };
    desk.desk
        .change_service(&cast.ada_acts, "sky-atlas", None, edit)
        .await
        .unwrap();
}

async fn opens(desk: &TestDesk, who: &Actor, custom: Value) -> TicketNumber {
    let request = OpenRequest {
        subject: "A plate is missing".into(),
        description: "It was there yesterday.".into(),
        service: Some("sky-atlas".into()),
        custom: serde_json::from_value(custom).unwrap(),
        ..OpenRequest::default()
    };
    let number = desk.desk.open_ticket(who, request).await.unwrap().number;
    desk.run_jobs().await;
    number
}

async fn sets(desk: &TestDesk, who: &Actor, number: TicketNumber, custom: Value) {
    let patch = Patch {
        custom: serde_json::from_value(custom).unwrap(),
        ..Patch::default()
    };
    desk.desk.change(who, number, None, patch).await.unwrap();
    passes(desk, 60).await;
}

async fn custom(desk: &TestDesk, number: TicketNumber) -> Value {
    json!(stored(desk, number).await.0.custom)
}

/// Nothing waits, nothing was refused; what went where, in words.
pub(crate) async fn quiet(desk: &TestDesk, cast: &Cast, number: TicketNumber) -> Vec<String> {
    let seen = there(desk, cast, number).await;
    assert_eq!((seen.waiting, seen.dead), (0, 0), "{seen:?}");
    seen.lines.into_iter().map(|line| line.what).collect()
}

#[test]
fn what_a_form_asks_is_a_custom_field_there_and_comes_back() {
    for personal in [false, true] {
        both_configured(&keeping(), |desk| async move {
            let lines = [
                "custom.q1 = Severity | bad = high",
                "custom.q2 = Site",
                "custom.q3 = Middleware",
                "custom.q4 = Reporter",
                "category = Kind | incident = Incident | service_request = Wish",
                "affected_users = Users",
            ];
            let mut form = mapped("atlas", &lines);
            form.exchange.personal_data = personal;
            let w = world_by(&desk, form).await;
            typed(&desk, &w.cast).await;
            let number = opens(
                &desk,
                &w.rita,
                json!({"q1": "bad", "q2": "Rack 7, rita@people.example", "q4": "rita@people.example"}),
            )
            .await;
            let there = || {
                let fields = w.fake.0.lock().unwrap().tickets["100"].fields.clone();
                let one = |(name, values): (String, Vec<String>)| (name, values.join(" + "));
                fields.into_iter().map(one).collect::<BTreeMap<_, _>>()
            };
            let of = |pairs: &[(&str, &str)]| {
                let pairs = pairs
                    .iter()
                    .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
                pairs.collect::<BTreeMap<_, _>>()
            };
            let mut expected = of(&[
                ("Severity", "high"),
                ("Site", "Rack 7, [not shared]"),
                ("Kind", "Incident"),
                ("Users", "1"),
            ]);
            if personal {
                expected.extend(of(&[
                    ("Site", "Rack 7, rita@people.example"),
                    ("Reporter", "rita@people.example"),
                ]));
            }
            assert_eq!(there(), expected);
            quiet(&desk, &w.cast, number).await;

            for (name, values) in [
                ("Severity", &["low"][..]),
                ("Middleware", &["eos", "dcache"]),
                ("Kind", &["Wish"]),
                ("Users", &["60"]),
                ("Nothing of ours", &["7"]),
            ] {
                w.fake.sets_field("100", "ada", name, values);
            }
            passes(&desk, 60).await;
            let (ticket, _) = stored(&desk, number).await;
            assert_eq!(ticket.custom["q1"], "low");
            assert_eq!(ticket.custom["q2"], "Rack 7, rita@people.example");
            assert_eq!(ticket.custom["q3"], json!(["dcache", "eos"]));
            assert_eq!(ticket.facts.category, "service_request");
            assert_eq!(ticket.facts.affected_users, 60);
            let said = quiet(&desk, &w.cast, number).await;
            assert!(
                said.contains(&"custom.q3 “dcache, eos”".to_owned()),
                "{said:?}"
            );

            // What can not be here is said, and not overwritten there.
            w.fake.sets_field("100", "ada", "Severity", &["awful"]);
            w.fake.sets_field("100", "ada", "Users", &["many"]);
            passes(&desk, 60).await;
            says(&desk, &w.rita, number, PUBLIC, "Any news?", None).await;
            passes(&desk, 60).await;
            let said = quiet(&desk, &w.cast, number).await.join("\n");
            for part in [
                "custom.q1 “awful” was not taken over",
                "takes one of: low, medium, bad",
                "affected_users “many” was not taken over",
            ] {
                assert!(said.contains(part), "{part}: {said}");
            }
            assert_eq!(custom(&desk, number).await["q1"], "low");
            assert_eq!(there()["Severity"], "awful");

            // Both are shown. What else changes here does not set it there, nor does it when
            // the ticket was away and comes back.
            let own = stored(&desk, number).await.0.unit;
            let patch = Patch {
                category: Some("incident".into()),
                ..Patch::default()
            };
            let done = desk
                .desk
                .change(&w.cast.ada_acts, number, None, patch)
                .await;
            done.unwrap();
            passes(&desk, 60).await;
            gives(&desk, &w.cast, number, w.cast.f.first).await;
            gives(&desk, &w.cast, number, own).await;
            let now = there();
            assert_eq!(
                (
                    now["Kind"].as_str(),
                    now["Users"].as_str(),
                    now["Severity"].as_str()
                ),
                ("Incident", "many", "awful")
            );
            let shown = crate::exchange::there(&desk, &w.cast, number)
                .await
                .conflicts;
            assert_eq!(
                shown,
                [
                    "affected_users: “many” of rt.sky.example is not taken over; “60” stays \
                     here. Set it to choose.",
                    "custom.q1: “awful” of rt.sky.example is not taken over; “low” stays here. \
                     Set it to choose."
                ]
            );

            let calls = || w.fake.0.lock().unwrap().calls;
            sets(
                &desk,
                &w.cast.ada_acts,
                number,
                json!({"q1": "medium", "q2": "RAL", "q3": null}),
            )
            .await;
            let now = there();
            assert_eq!(
                (now["Severity"].as_str(), now["Site"].as_str()),
                ("medium", "RAL")
            );
            assert!(!now.contains_key("Middleware"), "{now:?}");
            // No echo: afterwards one looks and does nothing.
            let before = calls();
            passes(&desk, 60).await;
            assert_eq!(calls() - before, 2, "two looks");
            assert_eq!(there(), now);
            assert_eq!(custom(&desk, number).await["q2"], "RAL");
        });
    }
}

#[test]
fn custom_fields_go_to_a_real_rt_and_come_back() {
    let Some(server) = rt_server() else { return };
    both_configured(&keeping(), |desk| {
        let server = server.clone();
        async move {
            let cast = cast(&desk).await;
            let lines = [
                "custom.q1 = Severity | bad = high",
                "custom.q2 = Site",
                "custom.q3 = Middleware",
            ];
            accepted(&desk, &cast, mapped("Data", &lines)).await;
            typed(&desk, &cast).await;
            reaches(&desk, &server).await;
            let rita = actor(&desk, &cast.f.rita).await;
            let answers = json!({"q1": "bad", "q3": ["storm", "eos"]});
            let number = opens(&desk, &rita, answers).await;
            let seen = desk.desk.counterparts(&cast.ada_acts, number).await;
            let id = seen.unwrap()[0].there.clone().unwrap();
            let there = |id: &str| {
                let ticket = server.acts("ada", "GET", &format!("/ticket/{id}"), &json!({}));
                let fields = ticket["CustomFields"].as_array().unwrap().clone();
                let one = |field: Value| {
                    let mut values: Vec<String> =
                        serde_json::from_value(field["values"].clone()).unwrap();
                    values.sort();
                    (
                        field["name"].as_str().unwrap().to_owned(),
                        values.join(" + "),
                    )
                };
                let all = fields.into_iter().map(one);
                all.filter(|(_, v)| !v.is_empty()).collect::<Vec<_>>()
            };
            let pairs = |all: &[(&str, &str)]| {
                let one = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
                all.iter().map(one).collect::<Vec<_>>()
            };
            let mut stands = there(&id);
            stands.sort();
            assert_eq!(
                stands,
                pairs(&[("Middleware", "eos + storm"), ("Severity", "high")])
            );

            let put = |fields: Value| {
                let body = json!({ "CustomFields": fields });
                server.acts("ada", "PUT", &format!("/ticket/{id}"), &body);
            };
            put(json!({"Severity": "low", "Site": "Příbram", "Middleware": ["dcache"]}));
            passes(&desk, 60).await;
            let expected = json!({"q1": "low", "q2": "Příbram", "q3": ["dcache"]});
            assert_eq!(custom(&desk, number).await, expected);

            let to = json!({"q1": "bad", "q2": null, "q3": ["eos", "dcache"]});
            sets(&desk, &cast.ada_acts, number, to).await;
            let mut stands = there(&id);
            stands.sort();
            assert_eq!(
                stands,
                pairs(&[("Middleware", "dcache + eos"), ("Severity", "high")])
            );
            put(json!({"Middleware": []}));
            passes(&desk, 60).await;
            assert_eq!(custom(&desk, number).await, json!({"q1": "bad"}));
            quiet(&desk, &cast, number).await;

            // Opened there, with a value from the beginning and one that came later.
            let new = json!({"Queue": "Data", "Subject": "From there", "Content": "Slow.",
                             "CustomFields": {"Site": "CERN", "Severity": "low"}});
            let other = server.acts("ada", "POST", "/ticket", &new)["id"].clone();
            let other = other.as_str().map_or(other.to_string(), str::to_owned);
            let body = json!({ "CustomFields": {"Severity": "high"} });
            server.acts("ada", "PUT", &format!("/ticket/{other}"), &body);
            passes(&desk, 60).await;
            let number = *here(&desk).await.last().unwrap();
            let expected = json!({"q1": "bad", "q2": "CERN"});
            assert_eq!(custom(&desk, number).await, expected);
            quiet(&desk, &cast, number).await;
        }
    });
}

async fn gives(desk: &TestDesk, cast: &Cast, number: TicketNumber, unit: UnitId) {
    let fay = actor(desk, &cast.f.fay).await;
    let reason = Some("Yours.".to_owned());
    let step = Step::Command(Command::Assign { unit, reason });
    let done = desk.desk.act(&fay, number, None, vec![step]).await;
    done.unwrap();
    passes(desk, 60).await;
}

#[test]
fn a_move_to_a_queue_there_is_one_to_a_unit_here_and_back() {
    both_configured(&keeping(), |desk| async move {
        let mut form = coupled("atlas");
        form.exchange.queues = vec!["storage = Disks".into(), "network = Wires".into()];
        let w = world_by(&desk, form).await;
        let number = opens(&desk, &w.rita, json!({})).await;
        let lies = || w.fake.0.lock().unwrap().tickets["100"].queue.clone();
        let unit = async || stored(&desk, number).await.0.unit;
        let own = unit().await;
        assert_eq!(lies(), "atlas");
        w.fake.moves("100", "ada", "disks");
        passes(&desk, 60).await;
        assert_eq!(unit().await, w.cast.f.storage);
        w.fake.writes("100", "ada", "It is a disk.", None);
        passes(&desk, 60).await;
        let (_, entries) = stored(&desk, number).await;
        assert!(bodies(&entries).contains(&"It is a disk."), "it goes on");
        // No unit's: shown, and nothing moves here.
        w.fake.moves("100", "ada", "Elsewhere");
        passes(&desk, 60).await;
        assert_eq!(unit().await, w.cast.f.storage);
        let seen = desk.desk.counterparts(&w.cast.ada_acts, number).await;
        assert_eq!(seen.unwrap()[0].queue.as_deref(), Some("Elsewhere"));

        gives(&desk, &w.cast, number, w.cast.f.network).await;
        assert_eq!(lies(), "Wires");
        gives(&desk, &w.cast, number, own).await;
        assert_eq!(lies(), "atlas");
        let calls = || w.fake.0.lock().unwrap().calls;
        let before = calls();
        passes(&desk, 60).await;
        assert_eq!(calls() - before, 2, "two looks, and no echo");
        assert_eq!((unit().await, lies().as_str()), (own, "atlas"));
        quiet(&desk, &w.cast, number).await;

        // A unit without a queue: it is taken back, and moves there are theirs.
        gives(&desk, &w.cast, number, w.cast.f.first).await;
        assert!(w.fake.bodies().last().unwrap().contains("was taken back"));
        w.fake.moves("100", "ada", "Disks");
        passes(&desk, 60).await;
        assert_eq!(unit().await, w.cast.f.first);

        // About the service and with such a unit, it is made and goes to its queue.
        let other = opens(&desk, &w.rita, json!({})).await;
        gives(&desk, &w.cast, other, w.cast.f.first).await;
        gives(&desk, &w.cast, other, w.cast.f.network).await;
        let there = w.fake.0.lock().unwrap().tickets["101"].queue.clone();
        assert_eq!(there, "Wires");
    });
}

#[test]
fn a_ticket_is_moved_in_a_real_rt_and_here() {
    let Some(server) = rt_server() else { return };
    both_configured(&keeping(), |desk| {
        let server = server.clone();
        async move {
            let cast = cast(&desk).await;
            let mut form = coupled("Grid");
            form.exchange.queues = vec!["storage = Cloud".into()];
            accepted(&desk, &cast, form).await;
            reaches(&desk, &server).await;
            let rita = actor(&desk, &cast.f.rita).await;
            let number = opens(&desk, &rita, json!({})).await;
            let own = stored(&desk, number).await.0.unit;
            let seen = desk.desk.counterparts(&cast.ada_acts, number).await;
            let id = seen.unwrap()[0].there.clone().unwrap();
            let lies = || {
                server.sql(&format!(
                    "select q.name from tickets t join queues q on q.id = t.queue where t.id = {id}"
                ))
            };
            assert_eq!(lies(), "Grid");
            let to = json!({ "Queue": "Cloud" });
            server.acts("ada", "PUT", &format!("/ticket/{id}"), &to);
            passes(&desk, 60).await;
            assert_eq!(stored(&desk, number).await.0.unit, cast.f.storage);
            gives(&desk, &cast, number, own).await;
            assert_eq!(lies(), "Grid");
            quiet(&desk, &cast, number).await;
        }
    });
}
