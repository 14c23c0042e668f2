//! Reads on the thread that asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, ThreadId};

use store::{Conn, Dialect, Error, params};

use crate::desk::on_both;

fn settings(c: &mut Conn<'_>) -> Result<i64, Error> {
    c.query_one("SELECT COUNT(*) FROM setting", &[], |row| row.get(0))
}

fn set(c: &mut Conn<'_>, key: &str) -> Result<(), Error> {
    c.execute(
        "INSERT INTO setting (key, value, updated_at) VALUES ($1, '', 0)",
        params![key],
    )
    .map(drop)
}

/// Counts to `last` in the database, and says on which thread.
fn count(c: &mut Conn<'_>, last: i64) -> Result<(i64, ThreadId), Error> {
    let counted = c.query_one(
        "WITH RECURSIVE n (i) AS (SELECT CAST($1 AS BIGINT) UNION ALL SELECT i - 1 FROM n WHERE i > 1) \
         SELECT COUNT(*) FROM n",
        params![last],
        |row| row.get(0),
    )?;
    Ok((counted, thread::current().id()))
}

fn now<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(work)
}

#[test]
fn a_brief_read_stays_on_the_thread_that_asks() {
    on_both(|fresh| {
        for _ in 0..3 {
            let (counted, on) = now(fresh.db.read_here(|c| count(c, 10))).unwrap();
            assert_eq!(counted, 10);
            let here = on == thread::current().id();
            assert_eq!(here, fresh.db.dialect() == Dialect::Sqlite);
        }
    });
}

#[test]
fn one_that_takes_long_is_begun_again_on_a_readers_thread() {
    on_both(|fresh| {
        // Twice: the connection that was broken off is as good as before.
        for _ in 0..2 {
            let begun = Arc::new(AtomicU32::new(0));
            let times = begun.clone();
            let (counted, on) = now(fresh.db.read_here(move |c| {
                times.fetch_add(1, Ordering::Relaxed);
                count(c, 300_000)
            }))
            .unwrap();
            assert_eq!(counted, 300_000);
            assert_ne!(on, thread::current().id());
            let sqlite = fresh.db.dialect() == Dialect::Sqlite;
            assert_eq!(begun.load(Ordering::Relaxed), if sqlite { 2 } else { 1 });
        }
        let (counted, on) = now(fresh.db.read_here(|c| count(c, 10))).unwrap();
        assert_eq!(counted, 10);
        let sqlite = fresh.db.dialect() == Dialect::Sqlite;
        assert_eq!(on == thread::current().id(), sqlite);
    });
}

#[test]
fn it_is_a_snapshot_of_all_that_was_answered_before() {
    on_both(|fresh| {
        let db = fresh.db.clone();
        let sees = now(fresh.db.read_here(move |c| {
            let before = settings(c)?;
            let key = format!("written {before}");
            // Somebody else, meanwhile.
            let db = db.clone();
            let writing = thread::spawn(move || db.write_blocking(move |c| set(c, &key)));
            writing.join().unwrap()?;
            Ok::<_, Error>((before, settings(c)?))
        }));
        assert_eq!(sees, Ok((0, 0)));
        assert_eq!(now(fresh.db.read_here(settings)), Ok(1));
    });
}

#[test]
fn what_fails_or_panics_leaves_a_connection_that_reads() {
    on_both(|fresh| {
        for _ in 0..3 {
            assert_eq!(
                now(fresh.db.read_here(|c| set(c, "not by a reader"))),
                Err(Error::ReadOnly)
            );
            let panicked: Result<(), Error> = now(fresh.db.read_here(|_| panic!("on purpose")));
            assert_eq!(panicked, Err(Error::Panicked));
        }
        assert_eq!(now(fresh.db.read_here(settings)), Ok(0));
    });
}

/// As many at once as come, each with its own answer.
#[test]
fn more_than_there_are_connections_for_are_all_answered() {
    on_both(|fresh| {
        thread::scope(|scope| {
            for last in 1..=16 {
                let db = &fresh.db;
                scope.spawn(move || {
                    for _ in 0..20 {
                        let (counted, _) =
                            now(db.read_here(move |c| count(c, last * 100))).unwrap();
                        assert_eq!(counted, last * 100);
                    }
                });
            }
        });
    });
}
