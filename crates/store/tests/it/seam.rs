//! Transactions, values and errors.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier};

use store::{Conn, Error, Sql, Value, params};
use uuid::Uuid;

use crate::desk::{Fresh, on_both};

fn set(conn: &mut Conn<'_>, key: &str, value: &str) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO setting (key, value, updated_at) VALUES ($1, $2, 0)",
        params![key, value],
    )
    .map(drop)
}

fn keys(fresh: &Fresh) -> Vec<String> {
    fresh
        .db
        .read_blocking(|conn| {
            conn.query("SELECT key FROM setting ORDER BY key", &[], |row| {
                row.get(0)
            })
        })
        .unwrap()
}

#[test]
fn a_failed_write_leaves_nothing_and_its_neighbours_alone() {
    on_both(|fresh| {
        // The first write keeps the writer busy until the others wait, so that they share a group.
        let gate = Arc::new(Barrier::new(2));
        let begun = Arc::new(Barrier::new(2));
        let before = fresh.db.written();
        let writes: Vec<_> = (0..30)
            .map(|n| {
                let (db, gate) = (fresh.db.clone(), gate.clone());
                let (begun, first) = (begun.clone(), begun.clone());
                let write = std::thread::spawn(move || {
                    let mut held = n != 0;
                    db.write_blocking(move |conn| {
                        if !held {
                            held = true;
                            begun.wait();
                            gate.wait();
                        }
                        set(conn, &format!("{n:02}"), "kept")?;
                        match n % 3 {
                            0 => Ok(n),
                            1 => Err(Error::NotFound),
                            // As a panic, without the hook that prints a backtrace.
                            _ => std::panic::resume_unwind(Box::new("on purpose")),
                        }
                    })
                });
                if n == 0 {
                    // The others come to a writer that is busy with the first.
                    first.wait();
                }
                write
            })
            .collect();
        // Time to queue up, so that they share a transaction.
        std::thread::sleep(std::time::Duration::from_millis(200));
        gate.wait();
        for (n, write) in writes.into_iter().enumerate() {
            let answer = write.join().unwrap();
            match n % 3 {
                0 => assert_eq!(answer, Ok(n)),
                1 => assert_eq!(answer, Err(Error::NotFound)),
                _ => assert_eq!(answer, Err(Error::Panicked)),
            }
        }
        let after = fresh.db.written();
        let kept: Vec<_> = (0..30).step_by(3).map(|n| format!("{n:02}")).collect();
        assert_eq!(keys(fresh), kept);
        assert_eq!(after.writes - before.writes, 30);
        // The one that held the writer up, and the others together; a few more
        // where the machine is so slow that a group runs out of time.
        assert!(after.commits - before.commits <= 6, "{before:?} {after:?}");
    });
}

type Asked = std::pin::Pin<Box<dyn Future<Output = Result<i64, Error>>>>;

/// Takes a number; when this returns, the write stands in the queue.
fn ask(db: &store::Db, before: impl Fn() + Send + 'static) -> Asked {
    let db = db.clone();
    let mut write: Asked = Box::pin(async move {
        db.write(move |conn| {
            before();
            store::counter::next(conn, "ticket")
        })
        .await
    });
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match write.as_mut().poll(&mut context) {
        std::task::Poll::Pending => write,
        std::task::Poll::Ready(answer) => Box::pin(async move { answer }),
    }
}

#[test]
fn writes_happen_in_the_order_in_which_they_were_asked_for() {
    on_both(|fresh| {
        // The first one holds the writer until all others stand in the queue.
        let gate = Arc::new(Barrier::new(2));
        let inside = gate.clone();
        let mut asked = vec![ask(&fresh.db, move || {
            inside.wait();
        })];
        for _ in 1..50 {
            asked.push(ask(&fresh.db, || ()));
        }
        gate.wait();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let order: Vec<i64> = asked
            .into_iter()
            .map(|write| runtime.block_on(write).unwrap())
            .collect();
        assert_eq!(order, (1..=50).collect::<Vec<i64>>());
    });
}

#[test]
fn a_write_whose_statement_failed_can_not_succeed() {
    on_both(|fresh| {
        let answer: Result<(), Error> = fresh.db.write_blocking(|conn| {
            set(conn, "a", "1")?;
            let again = set(conn, "a", "2");
            assert_eq!(
                again,
                Err(Error::Conflict {
                    constraint: "setting(key)".into()
                })
            );
            // What follows is refused with the same words …
            assert_eq!(set(conn, "b", "1"), again);
            // … and the closure's contentment does not count.
            Ok(())
        });
        assert_eq!(
            answer,
            Err(Error::Conflict {
                constraint: "setting(key)".into()
            })
        );
        assert!(keys(fresh).is_empty());
    });
}

#[test]
fn an_attempt_may_fail() {
    on_both(|fresh| {
        fresh
            .db
            .write_blocking(|conn| {
                set(conn, "a", "1")?;
                let refused: Result<(), Error> = conn.attempt(|conn| {
                    set(conn, "b", "1")?;
                    let inner: Result<(), Error> = conn.attempt(|conn| {
                        set(conn, "c", "1")?;
                        set(conn, "a", "2")
                    });
                    assert!(inner.is_err());
                    set(conn, "d", "1")?;
                    set(conn, "d", "2")
                });
                assert!(matches!(refused, Err(Error::Conflict { .. })));
                conn.attempt(|conn| set(conn, "e", "1"))
            })
            .unwrap();
        assert_eq!(keys(fresh), ["a", "e"]);
    });
}

fn set_later(conn: &mut Conn<'_>, key: &str, value: &str) -> Result<(), Error> {
    conn.later(
        "INSERT INTO setting (key, value, updated_at) VALUES ($1, $2, 0)",
        params![key, value],
    )
}

#[test]
fn what_is_done_later_is_done_in_order_and_seen_by_what_follows() {
    on_both(|fresh| {
        let seen = fresh
            .db
            .write_blocking(|conn| {
                set_later(conn, "a", "1")?;
                conn.later(
                    "UPDATE setting SET value = $2 WHERE key = $1",
                    params!["a", "2"],
                )?;
                set_later(conn, "b", "1")?;
                let seen =
                    conn.query("SELECT key, value FROM setting ORDER BY key", &[], |row| {
                        Ok((row.get::<String>(0)?, row.get::<String>(1)?))
                    })?;
                set_later(conn, "c", "1")?;
                // Many more than wait at once.
                for n in 0..1_200 {
                    set_later(conn, &format!("n{n:04}"), "1")?;
                }
                Ok::<_, Error>(seen)
            })
            .unwrap();
        assert_eq!(seen, [("a".into(), "2".into()), ("b".into(), "1".into())]);
        assert_eq!(keys(fresh).len(), 3 + 1_200);
    });
}

#[test]
fn what_fails_later_fails_its_own_write_only() {
    on_both(|fresh| {
        let conflict = Error::Conflict {
            constraint: "setting(key)".into(),
        };
        let gate = Arc::new(Barrier::new(2));
        let begun = Arc::new(Barrier::new(2));
        let writes: Vec<_> = (0..12)
            .map(|n| {
                let (db, gate) = (fresh.db.clone(), gate.clone());
                let (begun, first) = (begun.clone(), begun.clone());
                let mut held = n != 0;
                let write = std::thread::spawn(move || {
                    db.write_blocking(move |conn| {
                        if !std::mem::replace(&mut held, true) {
                            begun.wait();
                            gate.wait();
                        }
                        set_later(conn, &format!("{n:02}"), "kept")?;
                        if n % 2 == 1 {
                            // PostgreSQL has not said so yet; SQLite has.
                            let _ = set_later(conn, "00", "again");
                        }
                        if n % 4 == 3 {
                            set_later(conn, "never", "")?;
                        }
                        Ok::<_, Error>(n)
                    })
                });
                if n == 0 {
                    // The others come to a writer that is busy with the first.
                    first.wait();
                }
                write
            })
            .collect();
        // Time to queue up, so that they share a transaction; right without it, too.
        std::thread::sleep(std::time::Duration::from_millis(50));
        gate.wait();
        for (n, write) in writes.into_iter().enumerate() {
            let expected = if n % 2 == 1 {
                Err(conflict.clone())
            } else {
                Ok(n)
            };
            assert_eq!(write.join().unwrap(), expected, "{n}");
        }
        assert_eq!(keys(fresh), ["00", "02", "04", "06", "08", "10"]);
        // The same inside of an attempt, which comes to its end before the write goes on.
        fresh
            .db
            .write_blocking(move |conn| {
                let refused: Result<(), Error> = conn.attempt(|conn| {
                    set_later(conn, "x", "1")?;
                    set_later(conn, "00", "1")
                });
                assert_eq!(refused, Err(conflict.clone()));
                let dropped: Result<(), Error> = conn.attempt(|conn| {
                    set_later(conn, "y", "1")?;
                    Err(Error::NotFound)
                });
                assert_eq!(dropped, Err(Error::NotFound));
                conn.attempt(|conn| set_later(conn, "z", "1"))
            })
            .unwrap();
        assert_eq!(keys(fresh).last().map(String::as_str), Some("z"));
        assert_eq!(keys(fresh).len(), 7);
    });
}

#[test]
fn rules_of_the_schema_have_the_same_names_on_both() {
    on_both(|fresh| {
        let refused = |sql: &'static str| {
            fresh
                .db
                .write_blocking(move |conn| conn.execute(sql, params![Uuid::nil()]))
                .unwrap_err()
        };
        let conflict = |constraint: &str| Error::Conflict {
            constraint: constraint.into(),
        };
        assert_eq!(
            refused("INSERT INTO saved_view (id, person, name, query) VALUES ($1, $1, 'n', 'q')"),
            conflict("foreign key")
        );
        assert_eq!(
            refused("INSERT INTO saved_view (id, person, name, query) VALUES ($1, $1, NULL, 'q')"),
            conflict("saved_view.name not null")
        );
        let twice = fresh.db.write_blocking(|conn| {
            for name in ["First", "Second"] {
                conn.execute(
                    "INSERT INTO unit (id, key, name, level, category, description, first_level,
                       security, active, doc, updated_at)
                     VALUES ($1, $2, $3, 1, 'c', 'd', 0, 0, 1, '{}', 0)",
                    params![Uuid::now_v7(), "desk", name],
                )?;
            }
            Ok::<_, Error>(())
        });
        assert_eq!(twice, Err(conflict("unit(key)")));
    });
}

#[test]
fn values_come_back_as_they_went_in() {
    on_both(|fresh| {
        let id = Uuid::now_v7();
        let bytes: Vec<u8> = (0..=255).collect();
        let texts = [
            "",
            "plain",
            "Grüße, 世界 🙂",
            "'; DROP TABLE setting; --",
            "$1 ?1 {} \\",
        ];
        fresh
            .db
            .write_blocking({
                let bytes = bytes.clone();
                move |conn| {
                    conn.execute_batch(
                        "CREATE TABLE sample (id UUID PRIMARY KEY, n BIGINT, t TEXT, m UUID)",
                    )?;
                    conn.execute(
                        "INSERT INTO sample (id, n, t, m) VALUES ($1, $2, $3, $4)",
                        params![id, i64::MIN, "t", None::<Uuid>],
                    )?;
                    for text in texts {
                        conn.execute(
                            "INSERT INTO sample (id, n, t) VALUES ($1, $2, $3)",
                            params![Uuid::now_v7(), i64::MAX, text],
                        )?;
                    }
                    conn.execute(
                        "INSERT INTO person (id, name, institute, support, monitor, admin, active,
                           created_at, updated_at)
                         VALUES ($1, 'p', '', 0, 0, 0, 1, 0, 0)",
                        params![id],
                    )?;
                    conn.execute(
                        "INSERT INTO token (id, secret_hash, person, name, scopes, created_at)
                         VALUES ($1, $2, $1, '', '', 0)",
                        params![id, bytes.clone()],
                    )?;
                    Ok::<_, Error>(())
                }
            })
            .unwrap();
        fresh
            .db
            .read_blocking(move |conn| {
                let row = conn.query_one(
                    "SELECT id, n, t, m, n IS NULL, m IS NULL FROM sample WHERE id = $1",
                    params![id],
                    |row| {
                        assert!(matches!(row.get::<i64>(3), Err(Error::Corrupt(_))));
                        assert!(matches!(row.get::<String>(1), Err(Error::Corrupt(_))));
                        Ok((
                            row.get::<Uuid>(0)?,
                            row.get::<i64>(1)?,
                            row.get::<String>(2)?,
                            row.get::<Option<Uuid>>(3)?,
                            row.get::<bool>(4)?,
                            row.get::<bool>(5)?,
                        ))
                    },
                )?;
                assert_eq!(row, (id, i64::MIN, "t".into(), None, false, true));
                let back = conn.query(
                    "SELECT t FROM sample WHERE id <> $1 ORDER BY id",
                    params![id],
                    |row| row.get::<String>(0),
                )?;
                assert_eq!(back, texts);
                // Sums, counts and placeholders that are used twice and out of order.
                let sums = conn.query_one(
                    "SELECT SUM(n), COUNT(*), EXISTS (SELECT 1 FROM sample WHERE n = $2)
                     FROM sample WHERE n <> $2 AND id = $1 OR n <> $2 AND t = $3",
                    params![id, i64::MAX, "t"],
                    |row| Ok((row.get::<i64>(0)?, row.get::<i64>(1)?, row.get::<bool>(2)?)),
                )?;
                assert_eq!(sums, (i64::MIN, 1, true));
                let secret = conn.query_one(
                    "SELECT secret_hash FROM token WHERE secret_hash = $1",
                    params![bytes.clone()],
                    |row| row.get::<Vec<u8>>(0),
                )?;
                assert_eq!(secret, bytes);
                let mut sql = Sql::new("SELECT COUNT(*) FROM sample WHERE t IN ");
                sql.list(texts.map(Value::from))
                    .push(" AND id <> ")
                    .bind(id);
                assert_eq!(
                    conn.run(&sql, |row| row.get::<i64>(0))?,
                    [texts.len() as i64]
                );
                assert_eq!(
                    conn.query_one("SELECT n FROM sample WHERE t = $1", params!["no"], |row| {
                        row.get::<i64>(0)
                    }),
                    Err(Error::NotFound)
                );
                Ok::<_, Error>(())
            })
            .unwrap();
    });
}

#[test]
fn text_with_nul_is_refused_on_both() {
    on_both(|fresh| {
        let refused = fresh.db.write_blocking(|conn| set(conn, "nul", "a\0b"));
        assert_eq!(refused, Err(Error::BadText));
    });
}

#[test]
fn a_read_is_one_snapshot_and_can_not_write() {
    on_both(|fresh| {
        let writer = fresh.db.clone();
        fresh
            .db
            .read_blocking(move |conn| {
                let count = |conn: &mut Conn<'_>| {
                    conn.query_one("SELECT COUNT(*) FROM setting", &[], |row| row.get::<i64>(0))
                };
                assert_eq!(count(conn)?, 0);
                writer.write_blocking(|conn| set(conn, "a", "1"))?;
                assert_eq!(count(conn)?, 0);
                assert_eq!(set(conn, "b", "1"), Err(Error::ReadOnly));
                Ok::<_, Error>(())
            })
            .unwrap();
        assert_eq!(keys(fresh), ["a"]);
        let panicked: Result<(), Error> = fresh.db.read_blocking(|_| panic!("on purpose"));
        assert_eq!(panicked, Err(Error::Panicked));
        assert_eq!(keys(fresh), ["a"]);
    });
}

#[test]
fn counters_give_their_numbers_back_with_the_write() {
    on_both(|fresh| {
        let take = |fail: bool| {
            fresh.db.write_blocking(move |conn| {
                let first = store::counter::advance(conn, "event", 3)?;
                if fail { Err(Error::Busy) } else { Ok(first) }
            })
        };
        assert_eq!(take(false), Ok(1));
        assert_eq!(take(true), Err(Error::Busy));
        assert_eq!(take(false), Ok(4));
        let unknown = fresh
            .db
            .write_blocking(|conn| store::counter::next(conn, "nothing"));
        assert_eq!(unknown, Err(Error::NotFound));
    });
}

#[test]
fn a_write_that_refuses_before_it_changed_anything_holds_up_nobody() {
    on_both(|fresh| {
        let gate = Arc::new(Barrier::new(2));
        let inside = gate.clone();
        let runs = Arc::new(AtomicU32::new(0));
        // Holds the writer until all others stand in the queue.
        let mut asked = vec![ask(&fresh.db, move || {
            inside.wait();
        })];
        for n in 0..20 {
            let (db, runs) = (fresh.db.clone(), runs.clone());
            let mut write: Asked = Box::pin(async move {
                db.write(move |conn| {
                    runs.fetch_add(1, Ordering::SeqCst);
                    let number = store::counter::next(conn, "ticket")?;
                    // Reading is no change.
                    let known =
                        conn.query("SELECT key FROM setting", &[], |row| row.get::<String>(0))?;
                    if n % 4 == 1 || known.contains(&format!("{number:02}")) {
                        return Err(Error::NotFound);
                    }
                    set_later(conn, &format!("{number:02}"), "1")?;
                    Ok(number)
                })
                .await
            });
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            assert!(write.as_mut().poll(&mut context).is_pending());
            asked.push(write);
        }
        gate.wait();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let answers: Vec<_> = asked.into_iter().map(|w| runtime.block_on(w)).collect();
        let numbers: Vec<i64> = answers.iter().flatten().copied().collect();
        assert_eq!(numbers, (1..=16).collect::<Vec<i64>>());
        let stored: Vec<_> = (2..=16).map(|n| format!("{n:02}")).collect();
        assert_eq!(keys(fresh), stored);
        let last = fresh
            .db
            .read_blocking(|conn| store::counter::last(conn, "ticket"));
        assert_eq!(last, Ok(16));
        assert_eq!(runs.load(Ordering::SeqCst), 20, "nobody was run again");
    });
}

#[test]
fn a_write_that_refuses_after_a_change_is_undone_alone() {
    on_both(|fresh| {
        let gate = Arc::new(Barrier::new(2));
        let inside = gate.clone();
        // The group is run again, and then nobody waits at the gate.
        let once = std::sync::Once::new();
        let mut asked = vec![ask(&fresh.db, move || {
            once.call_once(|| {
                inside.wait();
            });
        })];
        for n in 0..20 {
            let db = fresh.db.clone();
            let mut write: Asked = Box::pin(async move {
                db.write(move |conn| {
                    let number = store::counter::next(conn, "ticket")?;
                    // A change with an answer: the server has it.
                    set(conn, &format!("{number:02}"), "1")?;
                    if n % 4 == 1 {
                        return Err(Error::NotFound);
                    }
                    Ok(number)
                })
                .await
            });
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            assert!(write.as_mut().poll(&mut context).is_pending());
            asked.push(write);
        }
        gate.wait();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let answers: Vec<_> = asked.into_iter().map(|w| runtime.block_on(w)).collect();
        let numbers: Vec<i64> = answers.iter().flatten().copied().collect();
        assert_eq!(numbers, (1..=16).collect::<Vec<i64>>());
        let stored: Vec<_> = (2..=16).map(|n| format!("{n:02}")).collect();
        assert_eq!(keys(fresh), stored);
    });
}

#[test]
fn a_dropped_write_that_has_begun_still_happens() {
    on_both(|fresh| {
        let runs = Arc::new(AtomicU32::new(0));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let begun = Arc::new(Barrier::new(2));
        runtime.block_on(async {
            let (runs, inside) = (runs.clone(), begun.clone());
            let write = fresh.db.write(move |conn| {
                runs.fetch_add(1, Ordering::SeqCst);
                inside.wait();
                set(conn, "a", "1")
            });
            let gone = tokio::time::timeout(std::time::Duration::from_millis(50), write).await;
            assert!(gone.is_err());
        });
        begun.wait();
        // Stands in the queue behind it.
        fresh.db.write_blocking(|conn| set(conn, "b", "1")).unwrap();
        assert_eq!(runs.load(Ordering::SeqCst), 1);
        assert_eq!(keys(fresh), ["a", "b"]);
    });
}
