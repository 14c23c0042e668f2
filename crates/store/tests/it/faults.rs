//! What happens when disks fill, nodes collide, connections break and processes die.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use store::{Conn, Db, Dialect, Error, Options, counter, params};

use crate::desk::{self, Fresh, on_both};

fn set(conn: &mut Conn<'_>, key: &str, value: &str) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO setting (key, value, updated_at) VALUES ($1, $2, 0)",
        params![key, value],
    )
    .map(drop)
}

fn keys(db: &Db) -> Vec<String> {
    db.read_blocking(|conn| {
        conn.query("SELECT key FROM setting ORDER BY key", &[], |row| {
            row.get(0)
        })
    })
    .unwrap()
}

#[test]
fn a_full_disk_is_told_and_passes() {
    let fresh = desk::sqlite(Options {
        size_limit: Some(4 * 1024 * 1024),
        ..desk::options()
    });
    fresh.db.migrate().unwrap();
    let big = "x".repeat(100_000);
    let mut written = 0;
    let full = loop {
        let (key, value) = (format!("big {written:02}"), big.clone());
        match fresh.db.write_blocking(move |conn| set(conn, &key, &value)) {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 100, "the limit does not hold");
    };
    assert_eq!(full, Error::DiskFull);
    assert!(full.is_transient());
    // Reads go on, nothing is half-done, and the next big write is refused as well.
    assert_eq!(keys(&fresh.db).len(), written);
    let value = big.clone();
    assert_eq!(
        fresh
            .db
            .write_blocking(move |conn| set(conn, "one more", &value)),
        Err(Error::DiskFull)
    );
    // There is space again.
    fresh
        .db
        .write_blocking(|conn| conn.execute("DELETE FROM setting WHERE key < 'big 05'", &[]))
        .unwrap();
    fresh
        .db
        .write_blocking(move |conn| set(conn, "one more", &big))
        .unwrap();
    assert_eq!(keys(&fresh.db).len(), written - 5 + 1);
}

#[test]
fn one_write_that_finds_the_disk_full_does_not_take_the_others_along() {
    let fresh = desk::sqlite(Options {
        size_limit: Some(4 * 1024 * 1024),
        ..desk::options()
    });
    fresh.db.migrate().unwrap();
    let gate = Arc::new(std::sync::Barrier::new(2));
    let writes: Vec<_> = (0..6)
        .map(|n| {
            let (db, gate) = (fresh.db.clone(), gate.clone());
            let mut waited = n != 0;
            let write = std::thread::spawn(move || {
                db.write_blocking(move |conn| {
                    if !std::mem::replace(&mut waited, true) {
                        gate.wait();
                    }
                    let size = if n == 3 { 10_000_000 } else { 10 };
                    set(conn, &n.to_string(), &"x".repeat(size))
                })
            });
            std::thread::sleep(Duration::from_millis(5));
            write
        })
        .collect();
    gate.wait();
    let answers: Vec<_> = writes.into_iter().map(|w| w.join().unwrap()).collect();
    let expected: Vec<_> = (0..6)
        .map(|n| if n == 3 { Err(Error::DiskFull) } else { Ok(()) })
        .collect();
    assert_eq!(answers, expected);
    assert_eq!(keys(&fresh.db), ["0", "1", "2", "4", "5"]);
}

#[test]
fn another_process_that_holds_the_lock_makes_it_busy() {
    let fresh = desk::sqlite(Options {
        patience: Duration::from_millis(100),
        ..desk::options()
    });
    fresh.db.migrate().unwrap();
    let path = fresh.url.strip_prefix("sqlite:").unwrap();
    let other = rusqlite::Connection::open(path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let busy = fresh.db.write_blocking(|conn| set(conn, "a", "1"));
    assert_eq!(busy, Err(Error::Busy));
    assert_eq!(keys(&fresh.db), Vec::<String>::new());
    other.execute_batch("ROLLBACK").unwrap();
    fresh.db.write_blocking(|conn| set(conn, "a", "1")).unwrap();
}

#[test]
fn what_is_not_a_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "these are notes, not a database; ".repeat(100)).unwrap();
    let refused = Db::open(&format!("sqlite:{}", path.display()), desk::options()).err();
    assert!(matches!(refused, Some(Error::Corrupt(_))), "{refused:?}");
    let missing = folder.path().join("no/such/folder/desk.db");
    let refused = Db::open(&format!("sqlite:{}", missing.display()), desk::options()).err();
    assert_eq!(refused, Some(Error::Unavailable));
    for url in ["", "mysql://user:secret@host/db", "sqlite::memory:"] {
        let refused = Db::open(url, desk::options()).err();
        assert!(
            matches!(&refused, Some(Error::Other(text)) if !text.contains("secret")),
            "{url}"
        );
    }
}

#[test]
fn a_server_that_is_not_there_is_unavailable_soon() {
    let begun = Instant::now();
    let options = Options {
        patience: Duration::from_millis(300),
        ..desk::options()
    };
    // Nobody listens on the discard port.
    let refused = Db::open("postgres://app:secret@127.0.0.1:9/app", options).err();
    assert_eq!(refused, Some(Error::Unavailable));
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_database_that_is_not_migrated_says_so() {
    let desks = [
        Some(desk::sqlite(desk::options())),
        desk::postgres(desk::options()),
    ];
    for fresh in desks.iter().flatten() {
        let refused = fresh.db.write_blocking(|conn| set(conn, "a", "1"));
        assert!(matches!(refused, Err(Error::Other(_))), "{refused:?}");
        fresh.db.migrate().unwrap();
        fresh.db.write_blocking(|conn| set(conn, "a", "1")).unwrap();
    }
}

fn on_postgres(test: impl Fn(&Fresh)) {
    if let Some(fresh) = desk::postgres(desk::options()) {
        fresh.db.migrate().unwrap();
        test(&fresh);
    }
}

/// Ends all connections of clients to the database at `url` but the one that
/// asks, and returns how many those were. Workers of the server itself, like
/// autovacuum, are left alone: nobody but a superuser may end them.
fn cut_all(url: &str) -> u64 {
    let mut admin = postgres::Client::connect(url, postgres::NoTls).unwrap();
    admin
        .execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND backend_type = 'client backend'
             AND pid <> pg_backend_pid()",
            &[],
        )
        .unwrap()
}

#[test]
fn a_lost_connection_is_replaced() {
    on_postgres(|fresh| {
        for round in 0..3 {
            let key = format!("round {round}");
            fresh
                .db
                .write_blocking(move |conn| set(conn, &key, "1"))
                .unwrap();
            // More than there are connections that read, so that each has worked.
            for _ in 0..4 {
                assert_eq!(keys(&fresh.db).len(), round + 1);
            }
            assert!(cut_all(&fresh.url) >= 1);
            std::thread::sleep(Duration::from_millis(50));
        }
    });
}

#[test]
fn a_connection_lost_in_the_middle_runs_the_whole_group_again() {
    on_postgres(|fresh| {
        let runs = Arc::new(AtomicU32::new(0));
        let (counted, cut) = (runs.clone(), fresh.url.clone());
        fresh
            .db
            .write_blocking(move |conn| {
                set(conn, "a", "1")?;
                if counted.fetch_add(1, Ordering::SeqCst) == 0 {
                    cut_all(&cut);
                }
                set(conn, "b", "1")
            })
            .unwrap();
        assert_eq!(runs.load(Ordering::SeqCst), 2);
        assert_eq!(keys(&fresh.db), ["a", "b"]);
    });
}

#[test]
fn a_serialisation_failure_is_run_again_and_not_for_ever() {
    on_postgres(|fresh| {
        let collide = |times: u32| {
            let runs = Arc::new(AtomicU32::new(0));
            let counted = runs.clone();
            let answer = fresh.db.write_blocking(move |conn| {
                let number = counter::next(conn, "ticket")?;
                if counted.fetch_add(1, Ordering::SeqCst) < times {
                    // Even a closure that shrugs it off is run again.
                    let _ = conn.attempt(|conn| {
                        conn.execute_batch(
                            "DO $$ BEGIN RAISE EXCEPTION 'collision' USING ERRCODE = '40001'; END $$",
                        )
                    });
                }
                Ok::<_, Error>(number)
            });
            (answer, runs.load(Ordering::SeqCst))
        };
        assert_eq!(collide(3), (Ok(1), 4));
        let (answer, runs) = collide(u32::MAX);
        assert_eq!(answer, Err(Error::Busy));
        assert!(runs < 20);
        assert_eq!(collide(0), (Ok(2), 1));
    });
}

#[test]
fn writers_of_two_nodes_take_turns() {
    on_postgres(|fresh| {
        let nodes = [
            fresh.db.clone(),
            Db::open(&fresh.url, desk::options()).unwrap(),
        ];
        let writers: Vec<_> = (0..8)
            .map(|n| {
                let db = nodes[n % 2].clone();
                std::thread::spawn(move || {
                    (0..25)
                        .map(|_| {
                            db.write_blocking(|conn| counter::next(conn, "event"))
                                .unwrap()
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        let mut numbers: Vec<i64> = writers
            .into_iter()
            .flat_map(|writer| writer.join().unwrap())
            .collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=200).collect::<Vec<_>>());
    });
}

/// What the proxy does with a commit.
const PASS: u8 = 0;
/// The server never hears of it.
const CUT_BEFORE: u8 = 1;
/// The server commits, but its answer is lost.
const CUT_AFTER: u8 = 2;
/// Nobody gets through any more.
const CLOSED: u8 = 3;
/// The answer is lost, and then nobody gets through any more.
const CUT_AFTER_AND_CLOSE: u8 = 4;

/// A road to the server that breaks at a chosen moment.
fn proxy(server: String) -> (u16, Arc<AtomicU8>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mode = Arc::new(AtomicU8::new(PASS));
    let switch = mode.clone();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let Ok(client) = client else { return };
            if mode.load(Ordering::SeqCst) == CLOSED {
                continue;
            }
            let server = TcpStream::connect(&server).unwrap();
            let mode = mode.clone();
            std::thread::spawn(move || carry(client, server, &mode));
        }
    });
    (port, switch)
}

fn carry(mut client: TcpStream, mut server: TcpStream, mode: &AtomicU8) {
    let (mut back_from, mut back_to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    std::thread::spawn(move || std::io::copy(&mut back_from, &mut back_to));
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(n @ 1..) = client.read(&mut buffer) {
        let commits = buffer[..n].windows(6).any(|w| w == b"COMMIT")
            && buffer[..n].windows(11).any(|w| w == b"write_group");
        if commits {
            let how = mode.load(Ordering::SeqCst);
            if how != PASS {
                let next = if how == CUT_AFTER_AND_CLOSE {
                    CLOSED
                } else {
                    PASS
                };
                mode.store(next, Ordering::SeqCst);
                let _ = client.shutdown(std::net::Shutdown::Both);
                if how != CUT_BEFORE {
                    server.write_all(&buffer[..n]).unwrap();
                    // Long enough for the commit to be done.
                    std::thread::sleep(Duration::from_millis(100));
                }
                let _ = server.shutdown(std::net::Shutdown::Both);
                return;
            }
        }
        if server.write_all(&buffer[..n]).is_err() {
            return;
        }
    }
    let _ = server.shutdown(std::net::Shutdown::Both);
}

#[test]
fn the_outcome_of_a_broken_commit_is_found_out() {
    on_postgres(|fresh| {
        let (_, place) = fresh.url.rsplit_once('@').unwrap();
        let (server, _) = place.split_once('/').unwrap();
        let (port, mode) = proxy(server.to_owned());
        let options = Options {
            patience: Duration::from_secs(1),
            ..desk::options()
        };
        let db = Db::open(
            &fresh.url.replace(server, &format!("127.0.0.1:{port}")),
            options,
        )
        .unwrap();
        let runs = Arc::new(AtomicU32::new(0));
        let write = |key: &'static str| {
            let runs = runs.clone();
            db.write_blocking(move |conn| {
                runs.fetch_add(1, Ordering::SeqCst);
                set(conn, key, "1")
            })
        };
        assert_eq!(write("plain"), Ok(()));
        assert_eq!(runs.swap(0, Ordering::SeqCst), 1);
        // Committed, only the answer was lost: told so, and not done twice.
        mode.store(CUT_AFTER, Ordering::SeqCst);
        assert_eq!(write("answer lost"), Ok(()));
        assert_eq!(runs.swap(0, Ordering::SeqCst), 1);
        // Never arrived: done again.
        mode.store(CUT_BEFORE, Ordering::SeqCst);
        assert_eq!(write("never arrived"), Ok(()));
        assert_eq!(runs.swap(0, Ordering::SeqCst), 2);
        assert_eq!(keys(&fresh.db), ["answer lost", "never arrived", "plain"]);
        // No way to find out: said so.
        mode.store(CUT_AFTER_AND_CLOSE, Ordering::SeqCst);
        assert_eq!(write("who knows"), Err(Error::Unknown));
        assert_eq!(write("no road"), Err(Error::Unavailable));
        mode.store(PASS, Ordering::SeqCst);
        assert_eq!(write("road again"), Ok(()));
        assert_eq!(
            keys(&fresh.db),
            [
                "answer lost",
                "never arrived",
                "plain",
                "road again",
                "who knows"
            ]
        );
    });
}

/// Lets the test below run itself as the process that dies.
const CHILD: &str = "STORE_TEST_CHILD_DATABASE";

/// Not a test: writes without end and tells what it was promised. Only with the variable set.
#[test]
fn child_that_is_killed() {
    let Ok(url) = std::env::var(CHILD) else {
        return;
    };
    let db = Db::open(&url, desk::options()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| write_for_ever(&db));
        }
    });
}

fn write_for_ever(db: &Db) {
    loop {
        let number = db
            .write_blocking(|conn| {
                let number = counter::next(conn, "event")?;
                set(conn, &format!("{number:08}"), "1")?;
                Ok::<_, Error>(number)
            })
            .unwrap();
        let line = format!("\npromised {number}\n");
        std::io::stdout().write_all(line.as_bytes()).unwrap();
    }
}

#[test]
fn nothing_promised_is_lost_when_the_process_is_killed() {
    /// Deaths on SQLite, where the process takes the database with it.
    const ROUNDS: u64 = 50;
    on_both(|fresh| {
        let sqlite = fresh.db.dialect() == Dialect::Sqlite;
        let rounds = if sqlite { ROUNDS } else { ROUNDS / 5 };
        let mut promised = Vec::new();
        let mut random: u64 = 0x5eed;
        for _ in 0..rounds {
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "faults::child_that_is_killed", "--nocapture"])
                .env(CHILD, &fresh.url)
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let output = child.stdout.take().unwrap();
            let (tell, began) = std::sync::mpsc::channel();
            let reader = std::thread::spawn(move || {
                BufReader::new(output)
                    .lines()
                    .map_while(Result::ok)
                    .filter_map(|line| line.strip_prefix("promised ")?.parse::<i64>().ok())
                    .inspect(|_| {
                        let _ = tell.send(());
                    })
                    .collect::<Vec<_>>()
            });
            // It dies in the midst of writing, however long it took to begin.
            began.recv_timeout(Duration::from_secs(120)).unwrap();
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            std::thread::sleep(Duration::from_millis((random >> 33) % 60));
            child.kill().unwrap();
            child.wait().unwrap();
            // A line is written at once, so what arrived of it is whole.
            promised.extend(reader.join().unwrap());
        }
        assert!(
            promised.len() as u64 > rounds,
            "only {} writes",
            promised.len()
        );
        let stored = keys(&fresh.db);
        for number in &promised {
            let key = format!("{number:08}");
            assert!(
                stored.binary_search(&key).is_ok(),
                "{key} was promised and is lost"
            );
        }
        // Whole or not at all: as many rows as the counter says.
        let counted = fresh
            .db
            .write_blocking(|conn| counter::next(conn, "event"))
            .unwrap();
        assert_eq!(stored.len() as i64, counted - 1);
        if sqlite {
            let checked: String = fresh
                .db
                .read_blocking(|conn| {
                    conn.query_one("PRAGMA integrity_check", &[], |row| row.get(0))
                })
                .unwrap();
            assert_eq!(checked, "ok");
        }
    });
}
