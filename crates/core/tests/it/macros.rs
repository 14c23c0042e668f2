//! What a macro does with a ticket as it stands, and which can not be meant.

use switchboard_core::macros::Macro;
use switchboard_core::rule::{Deeds, Hold, Mail, Step};
use switchboard_core::{Command, Priority, Refusal, Status};

use crate::world::{COMPUTING, SAM, STORAGE, SUE, World, sam, wait};

fn answering(status: Option<Status>, then: Deeds) -> Macro {
    Macro {
        title: "Try".into(),
        then: Deeds {
            answer: Some("Which project?".into()),
            status,
            ..then
        },
        ..Macro::default()
    }
}

fn does(world: &World, one: &Macro, ticket: switchboard_core::TicketNumber) -> Vec<Step> {
    one.check().unwrap();
    let ticket = world.ticket(ticket);
    one.steps(ticket, Some(SAM), None, &str::to_owned, &i64::from)
        .unwrap()
}

#[test]
fn what_is_so_already_is_left_out_and_the_rest_comes_in_order() {
    let mut world = World::new();
    let t = world.assigned();
    let take = Macro {
        take: true,
        reason: "Nobody can write".into(),
        ..answering(
            Some(Status::Waiting),
            Deeds {
                priority: Some(Priority::High),
                unit: Some(STORAGE),
                note: Some("Asked".into()),
                ..Deeds::default()
            },
        )
    };
    let all = does(&world, &take, t);
    assert_eq!(
        all,
        [
            Step::Command(Command::Overrule {
                priority: Priority::High,
                reason: "Nobody can write".into()
            }),
            Step::Command(Command::SetOwner { owner: Some(SAM) }),
            Step::Note("Asked".into()),
            Step::Answer(Some(Status::Waiting), "Which project?".into()),
        ]
    );
    let silent = Macro {
        title: "Wait".into(),
        then: Deeds {
            status: Some(Status::Waiting),
            ..Deeds::default()
        },
        ..Macro::default()
    };
    let waits = Step::Command(Command::Await { reminder: None });
    assert_eq!(does(&world, &silent, t), [waits]);
    world.must(t, wait(), &sam());
    assert_eq!(does(&world, &silent, t), []);
}

#[test]
fn who_hands_a_ticket_on_writes_before_and_sets_its_status_after() {
    let mut world = World::new();
    let t = world.assigned();
    let on = answering(
        Some(Status::Waiting),
        Deeds {
            unit: Some(COMPUTING),
            note: Some("Not ours".into()),
            ..Deeds::default()
        },
    );
    let all = does(&world, &on, t);
    assert_eq!(
        all,
        [
            Step::Note("Not ours".into()),
            Step::Answer(None, "Which project?".into()),
            Step::Command(Command::Assign {
                unit: COMPUTING,
                reason: Some("Macro: Try".into())
            }),
            Step::Command(Command::Await { reminder: None }),
        ]
    );
}

#[test]
fn what_can_not_be_meant_is_refused_by_the_name_of_its_field() {
    let empty = Macro {
        title: "Try".into(),
        ..Macro::default()
    };
    let ends = Some(Status::Solved);
    let cases = [
        ("then", empty.clone()),
        ("title", answering(None, Deeds::default())),
        ("status", answering(Some(Status::Closed), Deeds::default())),
        (
            "answer",
            Macro {
                then: Deeds {
                    status: ends,
                    ..Deeds::default()
                },
                ..empty.clone()
            },
        ),
        (
            "answer",
            Macro {
                canned: Some(uuid::Uuid::nil()),
                ..answering(None, Deeds::default())
            },
        ),
        (
            "owner",
            Macro {
                take: true,
                then: Deeds {
                    owner: Some(SUE),
                    ..Deeds::default()
                },
                ..empty.clone()
            },
        ),
        (
            "unit",
            answering(
                ends,
                Deeds {
                    unit: Some(COMPUTING),
                    ..Deeds::default()
                },
            ),
        ),
        (
            "hold",
            answering(
                Some(Status::Waiting),
                Deeds {
                    hold: Some(Hold {
                        reason: "Parts are on their way".into(),
                        days: None,
                    }),
                    ..Deeds::default()
                },
            ),
        ),
        (
            "mail_unit",
            Macro {
                then: Deeds {
                    mail: Some(Mail {
                        unit: COMPUTING,
                        text: "Look".into(),
                    }),
                    ..Deeds::default()
                },
                ..empty.clone()
            },
        ),
        (
            "reason",
            Macro {
                reason: "x".repeat(501),
                take: true,
                ..empty.clone()
            },
        ),
    ];
    for (field, mut one) in cases {
        if field == "title" {
            one.title = String::new();
        }
        match one.check() {
            Err(Refusal::Invalid { field: found, .. }) => assert_eq!(found, field),
            other => panic!("{field}: {other:?}"),
        }
    }
}

#[test]
fn what_was_kept_before_the_status_was_one_of_the_deeds_is_read() {
    let kept = r#"{"title": "Ask", "take": true, "status": "waiting",
                   "then": {"answer": "Which project?"}}"#;
    let one: Macro = serde_json::from_str(kept).unwrap();
    let mut same = answering(Some(Status::Waiting), Deeds::default());
    (same.title, same.take) = ("Ask".into(), true);
    assert_eq!(one, same);
    let again = serde_json::to_string(&one).unwrap();
    assert_eq!(serde_json::from_str::<Macro>(&again).unwrap(), one);
}

#[test]
fn a_solution_of_which_nothing_is_left_is_none() {
    let mut world = World::new();
    let t = world.assigned();
    let solve = answering(Some(Status::Solved), Deeds::default());
    let said = |fill: &dyn Fn(&str) -> String| {
        solve.steps(world.ticket(t), Some(SAM), None, fill, &i64::from)
    };
    let refused = said(&|_| " ".to_owned());
    assert!(matches!(
        refused,
        Err(Refusal::Invalid {
            field: "answer",
            ..
        })
    ));
    let whole = Step::Answer(Some(Status::Solved), "Which project?".into());
    assert_eq!(said(&str::to_owned), Ok(vec![whole]));
}
