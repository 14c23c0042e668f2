//! Schemas brought up to date.

use std::sync::{Arc, Barrier, mpsc};
use std::time::Duration;

use store::{Error, params};
use uuid::Uuid;

use crate::desk::{self, on_both};

#[test]
fn migrating_twice_changes_nothing() {
    for fresh in [
        Some(desk::sqlite(desk::options())),
        desk::postgres(desk::options()),
    ]
    .iter()
    .flatten()
    {
        let first = fresh.db.migrate().unwrap();
        assert!(first.contains(&"0001_base"), "{first:?}");
        assert_eq!(fresh.db.migrate().unwrap(), Vec::<&str>::new());
        // A second program on the same database, too.
        let other = store::Db::open(&fresh.url, desk::options()).unwrap();
        assert_eq!(other.migrate().unwrap(), Vec::<&str>::new());
    }
}

/// A start that finds nothing to do takes no lock: it neither waits for who writes nor
/// commits once for each migration there is.
#[test]
fn a_start_on_a_finished_schema_waits_for_nobody() {
    on_both(|fresh| {
        let url = fresh.url.clone();
        let applied = fresh
            .db
            .write_blocking(move |conn| {
                conn.execute("UPDATE migration SET applied_at = applied_at", &[])?;
                let (tell, told) = mpsc::channel();
                let url = url.clone();
                std::thread::spawn(move || {
                    let other = store::Db::open(&url, desk::options()).unwrap();
                    // Nobody hears it when it came too late.
                    let _ = tell.send(other.migrate());
                });
                told.recv_timeout(Duration::from_secs(10))
                    .map_err(|_| Error::Busy)
            })
            .expect("an answer while somebody writes");
        assert_eq!(applied, Ok(Vec::new()));
    });
}

#[test]
fn two_nodes_migrate_at_once() {
    for fresh in [
        Some(desk::sqlite(desk::options())),
        desk::postgres(desk::options()),
    ]
    .iter()
    .flatten()
    {
        let gate = Arc::new(Barrier::new(4));
        let nodes: Vec<_> = (0..4)
            .map(|_| {
                let (db, gate) = (fresh.db.clone(), gate.clone());
                std::thread::spawn(move || {
                    gate.wait();
                    db.migrate().unwrap().len()
                })
            })
            .collect();
        let applied: usize = nodes.into_iter().map(|node| node.join().unwrap()).sum();
        assert_eq!(applied, fresh_migrations());
    }
}

fn fresh_migrations() -> usize {
    desk::sqlite(desk::options()).db.migrate().unwrap().len()
}

#[test]
fn a_changed_migration_is_refused() {
    on_both(|fresh| {
        fresh
            .db
            .write_blocking(|conn| {
                conn.execute(
                    "UPDATE migration SET checksum = 'x' WHERE name = '0002_jobs'",
                    &[],
                )
            })
            .unwrap();
        let error = fresh.db.migrate().unwrap_err();
        assert!(
            matches!(&error, Error::Other(text) if text.contains("0002_jobs") && text.contains("another text")),
            "{error}"
        );
    });
}

#[test]
fn a_newer_database_is_refused() {
    on_both(|fresh| {
        fresh
            .db
            .write_blocking(|conn| {
                conn.execute(
                    "INSERT INTO migration (name, checksum, applied_at) VALUES ('9999_later', 'x', 0)",
                    &[],
                )
            })
            .unwrap();
        let error = fresh.db.migrate().unwrap_err();
        assert!(matches!(&error, Error::Other(text) if text.contains("newer version")));
    });
}

/// Communities were free text before step 0012, which a database gets also when
/// it has 0013 already.
#[test]
fn communities_come_out_of_what_was_free_text() {
    on_both(|fresh| {
        let person = |n: u128| Uuid::from_u128(n);
        fresh
            .db
            .write_blocking(move |conn| {
                for undo in [
                    "DROP TABLE portal_news",
                    "DROP TABLE portal",
                    "DROP TABLE person_community",
                    "DROP TABLE community",
                    "DROP INDEX ticket_by_shared",
                    "DROP INDEX ticket_by_portal",
                    "DROP INDEX ticket_open_by_portal",
                    "ALTER TABLE ticket DROP COLUMN shared",
                    "ALTER TABLE ticket DROP COLUMN portal",
                    "DELETE FROM migration WHERE name = '0012_portals'",
                ] {
                    conn.execute(undo, &[])?;
                }
                // Two say that they are of belle; of one a provider says so, too.
                for n in [1, 2] {
                    conn.execute(
                        "INSERT INTO person (id, name, institute, community, support, monitor,
                           admin, active, created_at, updated_at)
                         VALUES ($1, 'P', '', 'belle', 0, 0, 0, 1, 0, 0)",
                        params![person(n)],
                    )?;
                }
                conn.execute(
                    "INSERT INTO entitled (person, held, updated_at) VALUES ($1, $2, 5)",
                    params![person(2), "{\"support\":false,\"community\":\"belle\"}"],
                )?;
                conn.execute(
                    "INSERT INTO entitlement_rule (id, pattern, support, community, position,
                       created_at)
                     VALUES ($1, 'x', 0, 'cms', 1, 0)",
                    params![person(9)],
                )?;
                conn.execute(
                    "INSERT INTO unit (id, key, name, level, category, description, first_level,
                       security, active, doc, updated_at)
                     VALUES ($1, 'u', 'U', 2, '', '', 0, 0, 1, '{}', 0)",
                    params![person(8)],
                )?;
                for (number, doc) in [
                    (1_i64, "{\"visibility\":\"community\"}"),
                    (2, "{\"visibility\":\"parties\"}"),
                ] {
                    conn.execute(
                        "INSERT INTO ticket (number, version, status, open, priority, unit,
                           requester, category, restricted, needs_reply, subject, status_since,
                           created_at, updated_at, community, doc)
                         VALUES ($1, 1, 'new', 1, 0, $2, $3, 'incident', 0, 0, '', 0, 0, 0, 'belle',
                           $4)",
                        params![number, person(8), person(1), doc],
                    )?;
                }
                Ok::<_, Error>(())
            })
            .unwrap();
        assert_eq!(fresh.db.migrate().unwrap(), ["0012_portals"]);
        let (keys, people, shared) = fresh
            .db
            .read_blocking(|conn| {
                let keys: Vec<String> =
                    conn.query("SELECT key FROM community ORDER BY key", &[], |r| r.get(0))?;
                let people: Vec<(Uuid, String, String)> = conn.query(
                    "SELECT person, community, via FROM person_community",
                    &[],
                    |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)),
                )?;
                let shared: Vec<Option<String>> =
                    conn.query("SELECT shared FROM ticket ORDER BY number", &[], |r| {
                        r.get(0)
                    })?;
                Ok::<_, Error>((keys, people, shared))
            })
            .unwrap();
        assert_eq!(keys, ["belle", "cms"]);
        // What somebody says of themselves is no right.
        assert_eq!(
            people,
            [(person(2), "belle".to_owned(), "entitlement".to_owned())]
        );
        assert_eq!(shared, [Some("belle".to_owned()), None]);
    });
}

/// What people said of their community was free text before step 0031.
#[test]
fn home_communities_come_out_of_what_people_wrote() {
    on_both(|fresh| {
        let said = [
            ("BELLE", Some("belle"), None),
            (" Belle  II ", Some("belle"), None),
            ("belle", Some("belle"), None),
            ("Oceans", None, Some("Oceans")),
        ];
        let names = said.map(|(text, _, _)| text);
        fresh
            .db
            .write_blocking(move |conn| {
                for undo in [
                    "ALTER TABLE person DROP COLUMN community_said",
                    "DELETE FROM migration WHERE name = '0031_home_communities'",
                    "INSERT INTO community (key, name, description, open, active, doc, updated_at)
                     VALUES ('belle', 'Belle  II', '', 0, 1, '{}', 0)",
                ] {
                    conn.execute(undo, &[])?;
                }
                for (n, text) in (1..).zip(names.map(Some).into_iter().chain([None])) {
                    conn.execute(
                        "INSERT INTO person (id, name, institute, community, support, monitor,
                           admin, active, created_at, updated_at)
                         VALUES ($1, 'P', '', $2, 0, 0, 0, 1, 0, 0)",
                        params![Uuid::from_u128(n), text.map(str::to_owned)],
                    )?;
                }
                Ok::<_, Error>(())
            })
            .unwrap();
        assert_eq!(fresh.db.migrate().unwrap(), ["0031_home_communities"]);
        let found: Vec<(Option<String>, Option<String>)> = fresh
            .db
            .read_blocking(|conn| {
                conn.query(
                    "SELECT community, community_said FROM person ORDER BY id",
                    &[],
                    |r| Ok((r.get(0)?, r.get(1)?)),
                )
            })
            .unwrap();
        let expected: Vec<_> = said
            .iter()
            .map(|(_, key, kept)| (key.map(str::to_owned), kept.map(str::to_owned)))
            .chain([(None, None)])
            .collect();
        assert_eq!(found, expected);
    });
}
