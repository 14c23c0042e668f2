//! Units as data: who edits what, the tree, retiring with a successor.

use desk::{Error, OpenRequest, Step, unit::UnitEdit};
use store::audit::Filter;
use store::unit::{Faq, Holiday};
use switchboard_core::{Actor, Channel, Command, RelationKind, TicketNumber};
use testkit::{Federation, Somebody, TestDesk, both};

async fn actor(desk: &TestDesk, who: &Somebody) -> Actor {
    desk.desk.actor_for(who.id, Channel::Web).await.unwrap()
}

async fn open(desk: &TestDesk, f: &Federation, service: &str) -> TicketNumber {
    let request = OpenRequest {
        subject: "Slow".into(),
        description: "Since noon.".into(),
        service: Some(service.into()),
        ..OpenRequest::default()
    };
    let rita = actor(desk, &f.rita).await;
    desk.desk.open_ticket(&rita, request).await.unwrap().number
}

async fn deeds(desk: &TestDesk, action: &str) -> Vec<serde_json::Value> {
    let filter = Filter {
        action: Some(action.into()),
        ..Filter::default()
    };
    desk.desk
        .audit_log(&Actor::system(Channel::Cli), filter, 50)
        .await
        .unwrap()
        .into_iter()
        .map(|d| serde_json::to_value(d.detail).unwrap())
        .collect()
}

fn field(error: &Error) -> &str {
    match error {
        Error::Invalid { field, .. } => field,
        other => panic!("{other}"),
    }
}

#[test]
fn an_administrator_makes_and_changes_a_unit_and_the_log_tells_what_differed() {
    both(|desk| async move {
        let f = desk.federation().await;
        let ada = actor(&desk, &f.ada).await;
        let made = desk
            .desk
            .create_unit(
                &ada,
                UnitEdit {
                    name: Some("Tape archive".into()),
                    parent: Some(Some("storage".into())),
                    hours: Some("Mon-Thu 08:00-16:00, Fri 08:00-12:00".into()),
                    time_zone: Some("Europe/Prague".into()),
                    ..UnitEdit::default()
                },
            )
            .await
            .unwrap();
        assert_eq!(made.unit.key, "tape-archive");
        assert_eq!(made.unit.parent, Some(f.storage));
        let changed = desk
            .desk
            .change_unit(
                &ada,
                "tape-archive",
                Some(made.version),
                UnitEdit {
                    level: Some(3),
                    ..UnitEdit::default()
                },
            )
            .await
            .unwrap();
        assert_eq!(changed.version, made.version + 1);
        let stale = desk
            .desk
            .change_unit(
                &ada,
                "tape-archive",
                Some(made.version),
                UnitEdit {
                    level: Some(2),
                    ..UnitEdit::default()
                },
            )
            .await
            .unwrap_err();
        assert_eq!(
            stale,
            Error::Stale {
                current: changed.version
            }
        );
        // The same once more changes nothing and leaves no deed.
        let same = desk
            .desk
            .change_unit(
                &ada,
                "Tape archive",
                None,
                UnitEdit {
                    level: Some(3),
                    ..UnitEdit::default()
                },
            )
            .await
            .unwrap();
        assert_eq!(same.version, changed.version);
        let log = deeds(&desk, "unit.changed").await;
        assert_eq!(
            log,
            [serde_json::json!({"unit": "tape-archive", "level": [2, 3]})]
        );
        assert_eq!(deeds(&desk, "unit.created").await.len(), 1);
    });
}

#[test]
fn holidays_of_a_file_are_added_to_those_that_are_there_and_special_days_count() {
    both(|desk| async move {
        let f = desk.federation().await;
        let stan = actor(&desk, &f.stan).await;
        let now = jiff::Timestamp::from_millisecond(desk.desk.now()).unwrap();
        let year = jiff::tz::TimeZone::UTC.to_datetime(now).year();
        let file = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20101224\r\nRRULE:FREQ=YEARLY\r\n\
                    SUMMARY:Christmas Eve\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        let found = desk.desk.holidays_of_file(file).unwrap();
        assert_eq!(found.len(), 6);
        assert_eq!(found[0].date, format!("{year}-12-24"));
        let by_hand = Holiday {
            date: format!("{}-12-24", year + 1),
            name: "Half a day".into(),
            hours: vec![(540, 720)],
        };
        let edit = UnitEdit {
            hours: Some("09:00-17:00".into()),
            time_zone: Some("UTC".into()),
            holidays: Some(vec![by_hand.clone()]),
            more_holidays: found,
            ..UnitEdit::default()
        };
        let unit = desk
            .desk
            .change_unit(&stan, "storage", None, edit)
            .await
            .unwrap()
            .unit;
        assert_eq!(unit.doc.holidays.len(), 6);
        assert_eq!(unit.doc.holidays[1], by_hand);
        // The unit's calendar knows both kinds.
        let work = |day: &str| {
            let at = |time| {
                let at: jiff::Timestamp = format!("{day}T{time}:00Z").parse().unwrap();
                at.as_millisecond()
            };
            unit.doc.calendar().between(at("00:00"), at("23:59")) / 3_600_000
        };
        assert_eq!(work(&format!("{year}-12-24")), 0);
        assert_eq!(work(&by_hand.date), 3);
        // What is no holiday, or none of these years, is said by its line.
        for (file, says) in [
            (
                "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20301224T090000Z",
                "line 3: ",
            ),
            (
                "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20101224\nEND:VEVENT\nEND:VCALENDAR",
                "take a newer one",
            ),
        ] {
            match desk.desk.holidays_of_file(file) {
                Err(Error::Invalid { field, problem }) => {
                    assert_eq!(field, "icalendar");
                    assert!(problem.contains(says), "{problem}");
                }
                other => panic!("{other:?}"),
            }
        }
        let overlap = Holiday {
            hours: vec![(540, 720), (700, 800)],
            ..by_hand
        };
        let edit = UnitEdit {
            holidays: Some(vec![overlap]),
            ..UnitEdit::default()
        };
        let refused = desk.desk.change_unit(&stan, "storage", None, edit).await;
        assert!(
            matches!(&refused, Err(Error::Invalid { field, .. }) if *field == "holidays"),
            "{refused:?}"
        );
    });
}

#[test]
fn responsibles_edit_what_their_unit_says_of_itself_and_nothing_else() {
    both(|desk| async move {
        let f = desk.federation().await;
        let stan = actor(&desk, &f.stan).await;
        let own = UnitEdit {
            description: Some("Disks and tapes.".into()),
            email: Some(Some("disks@units.example".into())),
            hours: Some("08:00-16:00".into()),
            time_zone: Some("Europe/Helsinki".into()),
            qos: Some("medium".into()),
            faq: Some(vec![Faq {
                question: "What is not ours?".into(),
                answer: "Networks.".into(),
            }]),
            holidays: Some(vec![Holiday {
                date: "2026-12-24".into(),
                name: "Christmas Eve".into(),
                hours: vec![(540, 720)],
            }]),
            ..UnitEdit::default()
        };
        // The unit of the test has no quality of support yet.
        let ada = actor(&desk, &f.ada).await;
        let qos = UnitEdit {
            qos: Some("medium".into()),
            time_zone: Some("UTC".into()),
            ..UnitEdit::default()
        };
        for unit in ["storage", "network"] {
            desk.desk
                .change_unit(&ada, unit, None, qos.clone())
                .await
                .unwrap();
        }
        desk.desk
            .change_unit(&stan, "storage", None, own.clone())
            .await
            .unwrap();
        let not_his = desk
            .desk
            .change_unit(&stan, "network", None, own.clone())
            .await;
        assert!(matches!(not_his, Err(Error::Forbidden(_))), "{not_his:?}");
        let sam = actor(&desk, &f.sam).await;
        let member = desk.desk.change_unit(&sam, "storage", None, own).await;
        assert!(matches!(member, Err(Error::Forbidden(_))), "{member:?}");
        for more in [
            UnitEdit {
                name: Some("Mine".into()),
                ..UnitEdit::default()
            },
            UnitEdit {
                level: Some(3),
                ..UnitEdit::default()
            },
            UnitEdit {
                first_level: Some(true),
                ..UnitEdit::default()
            },
            UnitEdit {
                qos: Some("base".into()),
                ..UnitEdit::default()
            },
            UnitEdit {
                parent: Some(Some("network".into())),
                ..UnitEdit::default()
            },
        ] {
            let refused = desk
                .desk
                .change_unit(&stan, "storage", None, more.clone())
                .await;
            assert!(matches!(refused, Err(Error::Forbidden(_))), "{more:?}");
        }
        let refused = desk.desk.create_unit(&stan, UnitEdit::default()).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))));
    });
}

#[test]
fn what_is_wrong_is_named() {
    both(|desk| async move {
        let f = desk.federation().await;
        let ada = actor(&desk, &f.ada).await;
        let text = |t: &str| Some(t.to_owned());
        for (edit, names) in [
            (
                UnitEdit {
                    name: text("network"),
                    ..UnitEdit::default()
                },
                "name",
            ),
            (
                UnitEdit {
                    parent: Some(text("nowhere")),
                    ..UnitEdit::default()
                },
                "parent",
            ),
            (
                UnitEdit {
                    parent: Some(text("storage")),
                    ..UnitEdit::default()
                },
                "parent",
            ),
            (
                UnitEdit {
                    hours: text("always"),
                    ..UnitEdit::default()
                },
                "hours",
            ),
            (
                UnitEdit {
                    qos: text("best"),
                    ..UnitEdit::default()
                },
                "qos",
            ),
            (
                UnitEdit {
                    qos: text("base"),
                    time_zone: text("Mars/Olympus"),
                    ..UnitEdit::default()
                },
                "time_zone",
            ),
            (
                UnitEdit {
                    active: Some(true),
                    email: Some(text("no address")),
                    ..UnitEdit::default()
                },
                "email",
            ),
        ] {
            let error = desk
                .desk
                .change_unit(&ada, "storage", None, edit)
                .await
                .unwrap_err();
            assert_eq!(field(&error), names, "{error}");
        }
    });
}

#[test]
fn a_retired_unit_leaves_tickets_services_and_children_to_its_successor() {
    both(|desk| async move {
        let f = desk.federation().await;
        let ada = actor(&desk, &f.ada).await;
        let mut tickets = Vec::new();
        for _ in 0..5 {
            tickets.push(open(&desk, &f, "archive").await);
        }
        // A slave takes no orders from people, and moves all the same.
        let system = Actor::system(Channel::Cli);
        let tie = Step::Command(Command::Relate {
            kind: RelationKind::MasterOf,
            other: tickets[1],
        });
        desk.desk
            .act(&system, tickets[0], None, vec![tie])
            .await
            .unwrap();
        let needed = desk
            .desk
            .retire_unit(&ada, "storage", None, None)
            .await
            .unwrap_err();
        assert_eq!(field(&needed), "successor", "{needed}");
        let stan = actor(&desk, &f.stan).await;
        let refused = desk
            .desk
            .retire_unit(&stan, "storage", Some("network"), None)
            .await;
        assert!(matches!(refused, Err(Error::Forbidden(_))));
        let done = desk
            .desk
            .retire_unit(&ada, "storage", Some("network"), None)
            .await
            .unwrap();
        assert_eq!((done.tickets, done.services), (5, 1));
        desk.run_jobs().await;
        for number in &tickets {
            let view = desk.desk.ticket(&ada, *number).await.unwrap();
            assert_eq!(view.state.unit, f.network, "{number}");
        }
        let slave = desk.desk.ticket(&ada, tickets[1]).await.unwrap();
        assert_eq!(slave.status, switchboard_core::Status::OnHold);
        let history = desk
            .get(&f.ada, &format!("/tickets/{}/history", tickets[0]))
            .await
            .text();
        assert!(history.contains("Storage was retired; Network took over"));
        // What is opened for its service now goes to the successor.
        let new = open(&desk, &f, "archive").await;
        let view = desk.desk.ticket(&ada, new).await.unwrap();
        assert_eq!(view.state.unit, f.network);
        assert_eq!(deeds(&desk, "unit.retired").await.len(), 1);
        // The log's chain is whole.
        assert_eq!(desk.desk.check_audit().await.unwrap().problem, None);
    });
}

#[test]
fn a_ticket_reopened_later_follows_the_whole_line_of_successors() {
    both(|desk| async move {
        let f = desk.federation().await;
        let ada = actor(&desk, &f.ada).await;
        let number = open(&desk, &f, "archive").await;
        let system = Actor::system(Channel::Cli);
        let step = |command| vec![Step::Command(command)];
        let solve = Command::Solve {
            text: "Done.".into(),
            kind: switchboard_core::SolutionKind::Fixed,
        };
        desk.desk
            .act(&system, number, None, step(solve))
            .await
            .unwrap();
        for (unit, successor) in [("storage", "network"), ("network", "kernel")] {
            desk.desk
                .retire_unit(&ada, unit, Some(successor), None)
                .await
                .unwrap();
        }
        desk.run_jobs().await;
        let view = desk.desk.ticket(&ada, number).await.unwrap();
        assert_eq!(view.state.unit, f.storage, "a solved ticket stays");
        desk.desk
            .act(&system, number, None, step(Command::Reopen { entry: None }))
            .await
            .unwrap();
        desk.desk.start_timers().await.unwrap();
        desk.run_jobs().await;
        let view = desk.desk.ticket(&ada, number).await.unwrap();
        assert_eq!(view.state.unit, f.kernel);
    });
}

#[test]
fn many_tickets_move_in_batches() {
    testkit::on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let ada = actor(&desk, &f.ada).await;
        let mut last = TicketNumber(0);
        for _ in 0..450 {
            last = open(&desk, &f, "archive").await;
        }
        desk.desk
            .retire_unit(&ada, "storage", Some("network"), None)
            .await
            .unwrap();
        desk.run_jobs().await;
        let left = desk
            .desk
            .db()
            .read(|c| store::unit::stranded(c, 0, 10))
            .await
            .unwrap();
        assert!(left.is_empty(), "{left:?}");
        let view = desk.desk.ticket(&ada, last).await.unwrap();
        assert_eq!(view.state.unit, f.network);
    });
}

#[test]
fn the_only_first_level_is_not_retired_without_a_fit_successor() {
    both(|desk| async move {
        let f = desk.federation().await;
        let ada = actor(&desk, &f.ada).await;
        for successor in [None, Some("storage")] {
            let error = desk
                .desk
                .retire_unit(&ada, "first-level", successor, None)
                .await
                .unwrap_err();
            assert_eq!(field(&error), "successor", "{error}");
        }
        let front = UnitEdit {
            name: Some("Front desk".into()),
            level: Some(1),
            ..UnitEdit::default()
        };
        desk.desk.create_unit(&ada, front).await.unwrap();
        desk.desk
            .retire_unit(&ada, "first-level", Some("front-desk"), None)
            .await
            .unwrap();
        let catalogue = desk.desk.catalogue().await.unwrap();
        assert_eq!(catalogue.first_level().unwrap().key, "front-desk");
    });
}
