//! Services as data: their forms, their lamps, and what stays on the support side.

use std::collections::BTreeMap;

use desk::service::ServiceEdit;
use desk::{Error, OpenRequest};
use serde_json::json;
use store::unit::{FieldType, FormField};
use switchboard_core::{Actor, Channel};
use testkit::{Federation, Somebody, TestDesk, both};

async fn actor(desk: &TestDesk, who: &Somebody) -> Actor {
    desk.desk.actor_for(who.id, Channel::Web).await.unwrap()
}

fn field(key: &str, kind: FieldType) -> FormField {
    FormField {
        key: key.into(),
        label: key.into(),
        kind,
        ..FormField::default()
    }
}

async fn with_form(desk: &TestDesk, f: &Federation, form: Vec<FormField>) {
    let edit = ServiceEdit {
        form: Some(form),
        ..ServiceEdit::default()
    };
    let ada = actor(desk, &f.ada).await;
    desk.desk
        .change_service(&ada, "archive", None, edit)
        .await
        .unwrap();
}

fn request(custom: serde_json::Value) -> OpenRequest {
    OpenRequest {
        subject: "Slow".into(),
        description: "Since noon.".into(),
        service: Some("archive".into()),
        custom: serde_json::from_value::<BTreeMap<_, _>>(custom).unwrap(),
        ..OpenRequest::default()
    }
}

#[test]
fn a_ticket_is_opened_with_the_answers_that_the_form_asks_for() {
    both(|desk| async move {
        let f = desk.federation().await;
        let form = vec![
            FormField {
                required: true,
                min: Some(1),
                max: Some(64),
                ..field("cores", FieldType::Number)
            },
            FormField {
                options: vec!["read".into(), "write".into()],
                ..field("access", FieldType::Multiple)
            },
            field("until", FieldType::Date),
        ];
        with_form(&desk, &f, form).await;
        let rita = actor(&desk, &f.rita).await;
        for (custom, names) in [
            (json!({}), "custom.cores"),
            (json!({"cores": 65}), "custom.cores"),
            (json!({"cores": 1, "access": ["own"]}), "custom.access"),
            (json!({"cores": 1, "until": "soon"}), "custom.until"),
            (json!({"cores": 1, "more": "x"}), "custom.more"),
        ] {
            let error = desk
                .desk
                .open_ticket(&rita, request(custom))
                .await
                .unwrap_err();
            assert!(
                matches!(&error, Error::Invalid { field, .. } if field == names),
                "{error}"
            );
        }
        let fine = json!({"cores": 8, "access": ["write"], "until": "2026-12-31"});
        desk.desk.open_ticket(&rita, request(fine)).await.unwrap();
    });
}

/// Bar A-03, hidden fields: a value of the support side is in nothing that the
/// requester can read.
#[test]
fn what_is_for_the_support_side_never_reaches_the_requester() {
    both(|desk| async move {
        let f = desk.federation().await;
        with_form(
            &desk,
            &f,
            vec![
                field("support_rack", FieldType::Text),
                field("path", FieldType::Text),
            ],
        )
        .await;
        let rita = actor(&desk, &f.rita).await;
        let own = json!({"support_rack": "x"});
        desk.desk
            .open_ticket(&rita, request(own))
            .await
            .unwrap_err();
        // Opened by staff in her name with a value, changed later.
        let sam = actor(&desk, &f.sam).await;
        let mut opened = request(json!({"support_rack": "canary-one", "path": "/tmp"}));
        opened.requester = Some(desk::RequesterRef {
            email: f.rita.email.clone(),
            name: "Rita".into(),
        });
        let number = desk.desk.open_ticket(&sam, opened).await.unwrap().number;
        desk.run_jobs().await;
        let path = format!("/tickets/{number}");
        desk.patch(&f.rita, &path, json!({"tell": "every_change"}))
            .await;
        let change = json!({"custom": {"support_rack": "canary-two"}});
        desk.patch(&f.sam, &path, change).await.expect(200);
        desk.run_jobs().await;
        let seen = desk.get(&f.sam, &path).await.text();
        assert!(seen.contains("canary-two"), "staff sees it: {seen}");
        for what in [
            path.clone(),
            format!("{path}/history"),
            format!("{path}/entries"),
            "/events?limit=1000".to_owned(),
            "/tickets?q=canary".to_owned(),
            "/tickets?q=%22canary-two%22".to_owned(),
        ] {
            let answer = desk.get(&f.rita, &what).await.expect(200).text();
            assert!(!answer.contains("canary"), "{what}: {answer}");
            if what.starts_with("/tickets?") {
                assert!(!answer.contains("\"number\""), "{what}: {answer}");
            }
        }
        for mail in desk.sent_mail() {
            let text = format!("{mail:?}");
            assert!(!text.contains("canary"), "{text}");
        }
    });
}

#[test]
fn those_who_work_in_its_unit_say_how_a_service_runs() {
    both(|desk| async move {
        let f = desk.federation().await;
        let down = || ServiceEdit {
            lamp: Some("down".into()),
            lamp_text: Some("Down since 10:05".into()),
            ..ServiceEdit::default()
        };
        let (sam, nina) = (actor(&desk, &f.sam).await, actor(&desk, &f.nina).await);
        desk.desk
            .change_service(&sam, "archive", None, down())
            .await
            .unwrap();
        let refused = desk
            .desk
            .change_service(&nina, "archive", None, down())
            .await;
        // Nina's would change nothing, and is not hers all the same.
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        let renamed = ServiceEdit {
            name: Some("Mine".into()),
            ..down()
        };
        let refused = desk
            .desk
            .change_service(&sam, "archive", None, renamed)
            .await;
        assert!(matches!(refused, Err(Error::Forbidden(_))));
        let catalogue = desk.desk.catalogue().await.unwrap();
        assert_eq!(
            catalogue.find_service("service", "archive").unwrap().lamp,
            "down"
        );
    });
}

#[test]
fn names_and_aliases_are_one_space_and_services_keep_their_order() {
    both(|desk| async move {
        let f = desk.federation().await;
        let ada = actor(&desk, &f.ada).await;
        let new = ServiceEdit {
            name: Some("Tapes".into()),
            unit: Some("Storage".into()),
            aliases: Some(vec!["LTO".into(), "lto".into(), " ".into()]),
            ..ServiceEdit::default()
        };
        let made = desk.desk.create_service(&ada, new).await.unwrap();
        assert_eq!(made.service.doc.aliases, ["lto"]);
        for (edit, names) in [
            (
                ServiceEdit {
                    name: Some("LTO".into()),
                    ..ServiceEdit::default()
                },
                "name",
            ),
            (
                ServiceEdit {
                    aliases: Some(vec!["tapes".into()]),
                    ..ServiceEdit::default()
                },
                "aliases",
            ),
            (
                ServiceEdit {
                    option: Some("redirection".into()),
                    ..ServiceEdit::default()
                },
                "list",
            ),
            (
                ServiceEdit {
                    known_errors: Some("javascript:alert(1)".into()),
                    ..ServiceEdit::default()
                },
                "known_errors",
            ),
        ] {
            let error = desk
                .desk
                .change_service(&ada, "links", None, edit)
                .await
                .unwrap_err();
            assert!(
                matches!(&error, Error::Invalid { field, .. } if field == names),
                "{error}"
            );
        }
        desk.desk.move_service(&ada, "tapes", true).await.unwrap();
        desk.desk.move_service(&ada, "tapes", true).await.unwrap();
        desk.desk.move_service(&ada, "tapes", true).await.unwrap();
        let catalogue = desk.desk.catalogue().await.unwrap();
        let order: Vec<_> = catalogue.services.iter().map(|s| s.key.as_str()).collect();
        assert_eq!(order, ["tapes", "archive", "links"]);
    });
}
