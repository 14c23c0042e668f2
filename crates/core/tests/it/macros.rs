//! What a macro does with a ticket as it stands, and which can not be meant.

use switchboard_core::macros::{Deed, Macro};
use switchboard_core::rule::{Deeds, Hold, Mail, Step};
use switchboard_core::{Command, EntryVisibility, Priority, Refusal, Status};

use crate::world::{COMPUTING, SAM, STORAGE, SUE, World, sam, wait};

fn answering(status: Option<Status>, then: Deeds) -> Macro {
    Macro {
        title: "Try".into(),
        status,
        then: Deeds {
            answer: Some("Which project?".into()),
            ..then
        },
        ..Macro::default()
    }
}

fn does(world: &World, one: &Macro, ticket: switchboard_core::TicketNumber) -> Vec<Deed> {
    one.check().unwrap();
    let ticket = world.ticket(ticket);
    one.steps(ticket, Some(SAM), None, &str::to_owned, &i64::from)
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
            Deed::Step(Step::Command(Command::Overrule {
                priority: Priority::High,
                reason: "Nobody can write".into()
            })),
            Deed::Step(Step::Command(Command::SetOwner { owner: Some(SAM) })),
            Deed::Step(Step::Write(EntryVisibility::Internal, "Asked".into())),
            Deed::Answer(Some(Status::Waiting), "Which project?".into()),
        ]
    );
    let silent = Macro {
        title: "Wait".into(),
        status: Some(Status::Waiting),
        ..Macro::default()
    };
    let waits = Deed::Step(Step::Command(Command::Await { reminder: None }));
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
            Deed::Step(Step::Write(EntryVisibility::Internal, "Not ours".into())),
            Deed::Answer(None, "Which project?".into()),
            Deed::Step(Step::Command(Command::Assign {
                unit: COMPUTING,
                reason: Some("Macro: Try".into())
            })),
            Deed::Step(Step::Command(Command::Await { reminder: None })),
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
                status: ends,
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
