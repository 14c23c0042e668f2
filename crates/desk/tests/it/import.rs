//! Bulk import: all of a dump or nothing, and the second time nothing at all.

use desk::Error;
use desk::import::{Dump, Format, Kind, Plan, Verdict};
use store::audit::Filter;
use switchboard_core::{Actor, Channel, Part};
use testkit::{TestDesk, both};

fn dump(kind: Kind, text: &str) -> Dump {
    Dump {
        kind,
        format: Format::of("", text.as_bytes()),
        bytes: text.as_bytes().to_vec(),
        complete: false,
        confirmed: false,
        dry_run: false,
    }
}

async fn import(desk: &TestDesk, dump: Dump) -> Plan {
    let system = Actor::system(Channel::Cli);
    desk.desk.import(&system, dump).await.unwrap()
}

fn counts(plan: &Plan) -> [usize; 5] {
    [
        plan.created(),
        plan.changed(),
        plan.same(),
        plan.retired(),
        plan.refused(),
    ]
}

/// How many deeds stand in the audit log.
async fn deeds(desk: &TestDesk) -> i64 {
    desk.desk.check_audit().await.unwrap().rows
}

const UNITS: &str = "\u{feff}key;name;level;parent;category;description;hours;time_zone\r\n\
    tapes;Tapes;3;disks;Data;\"Robots;\r\nand shelves\";Mon-Fri 08:00-16:00;Europe/Prague\r\n\
    disks;Disks;2;first-level;Data;Spinning;;UTC\r\n";

#[test]
fn units_come_in_any_order_and_the_second_run_changes_nothing() {
    both(|desk| async move {
        let before = deeds(&desk).await;
        let dry = Dump {
            dry_run: true,
            ..dump(Kind::Units, UNITS)
        };
        let plan = import(&desk, dry).await;
        assert_eq!((counts(&plan), plan.done), ([2, 0, 0, 0, 0], false));
        assert_eq!(desk.desk.catalogue().await.unwrap().units.len(), 1);
        let plan = import(&desk, dump(Kind::Units, UNITS)).await;
        assert_eq!((counts(&plan), plan.done), ([2, 0, 0, 0, 0], true));
        assert_eq!(plan.lines[0].line, 2, "in the order of the file");
        let catalogue = desk.desk.catalogue().await.unwrap();
        let tapes = catalogue.find_unit("unit", "tapes").unwrap();
        assert_eq!(tapes.description, "Robots;\r\nand shelves");
        assert_eq!(
            tapes.parent,
            Some(catalogue.find_unit("unit", "disks").unwrap().id)
        );
        assert_eq!(deeds(&desk).await, before + 1, "one deed");
        let plan = import(&desk, dump(Kind::Units, UNITS)).await;
        assert_eq!(counts(&plan), [0, 0, 2, 0, 0]);
        assert_eq!(deeds(&desk).await, before + 1, "nothing to tell");
        let changed = UNITS.replace("Spinning", "Solid");
        let plan = import(&desk, dump(Kind::Units, &changed)).await;
        assert_eq!(
            plan.lines[1].verdict,
            Verdict::Changed(vec!["description".into()])
        );
    });
}

#[test]
fn one_wrong_line_refuses_the_whole() {
    both(|desk| async move {
        let before = deeds(&desk).await;
        for (more, line, field) in [
            ("a b;Bad key;2;;;;;UTC\n", 5, "key"),
            ("robots;Robots;4;;;;;UTC\n", 5, "level"),
            ("robots;Robots;2;tapes;;;;UTC\n", 5, "parent"),
            ("robots;Robots;2;nowhere;;;;UTC\n", 5, "parent"),
            ("robots;Robots;2;;;;always;UTC\n", 5, "hours"),
            ("robots;Robots;2;;;;;Mars\n", 5, "time_zone"),
            ("robots;Disks;2;;;;;UTC\n", 5, "name"),
            ("disks;Disks;2;;;;;UTC\n", 5, "key"),
        ] {
            let plan = import(&desk, dump(Kind::Units, &format!("{UNITS}{more}"))).await;
            assert!(!plan.done, "{more}");
            let refused: Vec<_> = plan
                .lines
                .iter()
                .filter_map(|l| match &l.verdict {
                    Verdict::Refused { field, .. } => Some((l.line, field.as_str())),
                    _ => None,
                })
                .collect();
            assert_eq!(refused, [(line, field)], "{more}");
            assert_eq!(desk.desk.catalogue().await.unwrap().units.len(), 1);
        }
        let system = Actor::system(Channel::Cli);
        for malformed in ["", "key;name\n", "key;name\na\n", "[{\"key\": \"a\"", "[]"] {
            let error = desk
                .desk
                .import(&system, dump(Kind::Units, malformed))
                .await
                .unwrap_err();
            assert!(
                matches!(&error, Error::Invalid { field, .. } if field == "file"),
                "{error}"
            );
        }
        assert_eq!(deeds(&desk).await, before);
    });
}

#[test]
fn what_a_complete_dump_lacks_is_retired_after_a_confirmation() {
    both(|desk| async move {
        let sites = "key,name,country,contact,aliases\n\
            CESNET,CESNET Praha,Czechia,noc@cesnet.example,praguelcg2|FZU\n\
            SURF,SURF,Netherlands,,\nCNAF,CNAF,Italy,,\n";
        let plan = import(&desk, dump(Kind::Sites, sites)).await;
        assert_eq!(counts(&plan), [3, 0, 0, 0, 0]);
        assert_eq!(
            desk.desk
                .catalogue()
                .await
                .unwrap()
                .site_key("site", "praguelcg2")
                .unwrap(),
            "CESNET"
        );
        let one = Dump {
            complete: true,
            ..dump(Kind::Sites, "[{\"key\": \"CESNET\", \"country\": \"CZ\"}]")
        };
        let plan = import(&desk, one.clone()).await;
        assert!(plan.needs_confirmation && !plan.done);
        assert_eq!(counts(&plan), [0, 1, 0, 2, 0]);
        assert!(desk.desk.sites().await.unwrap().iter().all(|s| s.active));
        let confirmed = Dump {
            confirmed: true,
            ..one
        };
        let plan = import(&desk, confirmed.clone()).await;
        assert!(plan.done);
        let active: Vec<_> = desk
            .desk
            .sites()
            .await
            .unwrap()
            .into_iter()
            .filter(|s| s.active)
            .map(|s| s.key)
            .collect();
        assert_eq!(active, ["CESNET"]);
        let plan = import(&desk, confirmed).await;
        assert_eq!(counts(&plan), [0, 0, 1, 0, 0]);
    });
}

#[test]
fn a_unit_with_duties_is_not_retired_by_leaving_it_out() {
    both(|desk| async move {
        let f = desk.federation().await;
        let complete = Dump {
            complete: true,
            confirmed: true,
            ..dump(Kind::Units, "key,name\nfirst-level,First level\n")
        };
        let plan = import(&desk, complete).await;
        assert!(!plan.done);
        let refused: Vec<_> = plan
            .lines
            .iter()
            .filter(|l| matches!(l.verdict, Verdict::Refused { .. }))
            .map(|l| l.what.as_str())
            .collect();
        // Both have services; nothing hangs on the third.
        assert_eq!(refused.len(), 2, "{plan:?}");
        assert!(refused.contains(&"storage") && refused.contains(&"network"));
        // With a successor it goes.
        let end = "key,active,successor\nnetwork,no,storage\n";
        let plan = import(&desk, dump(Kind::Units, end)).await;
        assert!(plan.needs_confirmation && !plan.done, "nothing would stay");
        let confirmed = Dump {
            confirmed: true,
            ..dump(Kind::Units, end)
        };
        let plan = import(&desk, confirmed).await;
        assert_eq!((counts(&plan), plan.done), ([0, 0, 0, 1, 0], true));
        let catalogue = desk.desk.catalogue().await.unwrap();
        assert_eq!(
            catalogue.find_service("service", "links").unwrap().unit,
            f.storage
        );
        let plan = import(&desk, dump(Kind::Units, end)).await;
        assert_eq!(counts(&plan), [0, 0, 1, 0, 0]);
    });
}

#[test]
fn services_come_with_their_forms() {
    both(|desk| async move {
        desk.federation().await;
        let text = r#"[{"key": "cloud", "name": "Cloud", "unit": "Network", "aliases": ["VM"],
            "form": [{"key": "cores", "label": "Cores", "type": "number", "min": 1}]}]"#;
        let plan = import(&desk, dump(Kind::Services, text)).await;
        assert_eq!(counts(&plan), [1, 0, 0, 0, 0]);
        let plan = import(&desk, dump(Kind::Services, text)).await;
        assert_eq!(counts(&plan), [0, 0, 1, 0, 0]);
        let catalogue = desk.desk.catalogue().await.unwrap();
        let cloud = catalogue.find_service("service", "vm").unwrap();
        assert_eq!(cloud.doc.form[0].min, Some(1));
        let off = "key,active\ncloud,no\n";
        let plan = import(&desk, dump(Kind::Services, off)).await;
        assert_eq!(counts(&plan), [0, 0, 0, 1, 0]);
    });
}

#[test]
fn members_get_account_and_permission_and_no_unit_loses_its_last_responsible() {
    both(|desk| async move {
        let f = desk.federation().await;
        let text = "unit,email,name,part\n\
            storage,stan@people.example,,responsible\n\
            storage,new@people.example,Nora New,member\n";
        let plan = import(&desk, dump(Kind::Members, text)).await;
        assert_eq!((counts(&plan), plan.done), ([1, 0, 1, 0, 0], true));
        let person = desk
            .desk
            .person_by_email("new@people.example")
            .await
            .unwrap();
        assert!(person.support && person.name == "Nora New");
        let actor = desk.desk.actor_for(person.id, Channel::Web).await.unwrap();
        assert_eq!(actor.in_unit(f.storage), Some(Part::Member));
        // The whole list: Sam is not on it, and goes.
        let complete = Dump {
            complete: true,
            ..dump(Kind::Members, text)
        };
        let plan = import(&desk, complete.clone()).await;
        assert_eq!((counts(&plan), plan.done), ([0, 0, 2, 1, 0], true));
        let sam = desk.desk.actor_for(f.sam.id, Channel::Web).await.unwrap();
        assert_eq!(sam.in_unit(f.storage), None);
        let plan = import(&desk, complete).await;
        assert_eq!(counts(&plan), [0, 0, 2, 0, 0]);
        // Two change places in one list, in whichever order it names them.
        let swap = "unit,email,part\n\
            storage,stan@people.example,member\n\
            storage,new@people.example,responsible\n";
        let plan = import(&desk, dump(Kind::Members, swap)).await;
        assert_eq!((counts(&plan), plan.done), ([0, 2, 0, 0, 0], true));
        let plan = import(&desk, dump(Kind::Members, text)).await;
        assert_eq!((counts(&plan), plan.done), ([0, 2, 0, 0, 0], true));
        // Nobody would be responsible any more.
        let none = text.replace("responsible", "member");
        let plan = import(&desk, dump(Kind::Members, &none)).await;
        assert!(!plan.done && plan.refused() == 1, "{plan:?}");
        let refused = plan.lines.iter().find_map(|l| match &l.verdict {
            Verdict::Refused { field, problem } => Some((l.line, field.as_str(), problem)),
            _ => None,
        });
        let (line, field, problem) = refused.unwrap();
        assert_eq!((line, field), (2, "part"));
        assert!(problem.contains("last responsible"), "{problem}");
        let others = Dump {
            complete: true,
            ..dump(Kind::Members, "unit,email\nstorage,new@people.example\n")
        };
        let plan = import(&desk, others).await;
        assert!(!plan.done && plan.refused() == 1, "{plan:?}");
        let stan = desk.desk.actor_for(f.stan.id, Channel::Web).await.unwrap();
        assert_eq!(stan.in_unit(f.storage), Some(Part::Responsible));
    });
}

#[test]
fn it_is_for_administrators_and_stands_in_the_log_as_one_deed_with_counts() {
    both(|desk| async move {
        let f = desk.federation().await;
        let stan = desk.desk.actor_for(f.stan.id, Channel::Web).await.unwrap();
        let refused = desk.desk.import(&stan, dump(Kind::Units, UNITS)).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))));
        import(&desk, dump(Kind::Units, UNITS)).await;
        let filter = Filter {
            action: Some("import.done".into()),
            ..Filter::default()
        };
        let log = desk
            .desk
            .audit_log(&Actor::system(Channel::Cli), filter, 10)
            .await
            .unwrap();
        let detail = log[0].detail.clone().unwrap();
        assert_eq!(
            (&detail["kind"], &detail["created"]),
            (&"units".into(), &2.into())
        );
        assert_eq!(detail["deeds"].as_array().unwrap().len(), 2);
    });
}

/// The figure of the issue: 500 units are taken in within a few seconds.
#[test]
fn five_hundred_units_come_in_one_go() {
    testkit::on_sqlite(|desk| async move {
        let mut text = String::from("key,name,level,parent,time_zone\n");
        for i in 0..500 {
            let parent = if i == 0 {
                "first-level".to_owned()
            } else {
                format!("u{}", (i - 1) / 4)
            };
            text.push_str(&format!("u{i},Unit {i},2,{parent},UTC\n"));
        }
        let started = std::time::Instant::now();
        let plan = import(&desk, dump(Kind::Units, &text)).await;
        assert_eq!(counts(&plan), [500, 0, 0, 0, 0]);
        // Generous: test builds are not optimised, and machines are shared.
        let took = started.elapsed();
        assert!(took.as_secs() < 120, "{took:?}");
    });
}
