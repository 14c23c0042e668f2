//! Jobs and leases.

use store::job::{self, Counts, Job, NewJob};
use store::{Error, lease};

use crate::desk::{Fresh, on_both};

fn enqueue(
    fresh: &Fresh,
    kind: &'static str,
    run_at: i64,
    key: Option<&str>,
) -> Option<uuid::Uuid> {
    let new = NewJob {
        kind,
        payload: format!("{{\"at\":{run_at}}}"),
        run_at,
        unique_key: key.map(str::to_owned),
    };
    fresh
        .db
        .write_blocking(move |conn| job::enqueue(conn, &new))
        .unwrap()
}

fn claim(fresh: &Fresh, now: i64, holder: &'static str, n: i64) -> Vec<Job> {
    fresh
        .db
        .write_blocking(move |conn| job::claim(conn, now, holder, &["mail", "sweep"], n, 60))
        .unwrap()
}

fn counts(fresh: &Fresh) -> Counts {
    fresh.db.read_blocking(job::counts).unwrap()
}

#[test]
fn the_longest_due_comes_first_and_only_once() {
    on_both(|fresh| {
        for at in [30, 10, 20, 40] {
            enqueue(fresh, "mail", at, None).unwrap();
        }
        enqueue(fresh, "unknown here", 5, None).unwrap();
        let runs = |jobs: Vec<Job>| jobs.iter().map(|job| job.run_at).collect::<Vec<_>>();
        assert_eq!(runs(claim(fresh, 9, "a", 10)), Vec::<i64>::new());
        assert_eq!(runs(claim(fresh, 35, "a", 2)), [10, 20]);
        assert_eq!(runs(claim(fresh, 35, "b", 2)), [30]);
        assert_eq!(runs(claim(fresh, 35, "a", 2)), Vec::<i64>::new());
        assert_eq!(
            counts(fresh),
            Counts {
                ready: 2,
                running: 3,
                oldest_ready: Some(5),
                ..Counts::default()
            }
        );
    });
}

#[test]
fn thousands_of_one_kind_do_not_hold_up_another() {
    on_both(|fresh| {
        for at in 0..40 {
            enqueue(fresh, "mail", at, None).unwrap();
        }
        for at in [100, 101] {
            enqueue(fresh, "sweep", at, None).unwrap();
        }
        let runs = |jobs: Vec<Job>| jobs.iter().map(|job| job.run_at).collect::<Vec<_>>();
        // The longest due of each kind, then the next of each, in the order of their times.
        assert_eq!(runs(claim(fresh, 200, "a", 3)), [0, 1, 100]);
        assert_eq!(runs(claim(fresh, 200, "a", 3)), [2, 3, 101]);
        // Where the others have nothing to do all of it goes to the one.
        assert_eq!(runs(claim(fresh, 200, "a", 5)), [4, 5, 6, 7, 8]);
    });
}

#[test]
fn a_job_lives_and_dies_with_its_change() {
    on_both(|fresh| {
        let refused: Result<(), Error> = fresh.db.write_blocking(|conn| {
            job::enqueue(
                conn,
                &NewJob {
                    kind: "mail",
                    payload: "{}".into(),
                    run_at: 0,
                    unique_key: None,
                },
            )?;
            Err(Error::NotFound)
        });
        assert!(refused.is_err());
        assert_eq!(counts(fresh), Counts::default());
    });
}

#[test]
fn a_crashed_holders_job_goes_to_somebody_else() {
    on_both(|fresh| {
        enqueue(fresh, "mail", 0, None).unwrap();
        let first = claim(fresh, 100, "crashes", 1).pop().unwrap();
        assert_eq!(first.attempts, 1);
        assert!(claim(fresh, 159, "patient", 1).is_empty());
        let second = claim(fresh, 160, "patient", 1).pop().unwrap();
        assert_eq!((second.id, second.attempts), (first.id, 2));
        // The first one was only slow, and learns that the job is no longer its own.
        for (holder, held) in [("crashes", false), ("patient", true)] {
            let id = first.id;
            let kept = fresh
                .db
                .write_blocking(move |conn| job::extend(conn, id, holder, 170, 60))
                .unwrap();
            assert_eq!(kept, held, "{holder}");
        }
        assert!(claim(fresh, 229, "third", 1).is_empty());
        assert_eq!(claim(fresh, 230, "third", 1).len(), 1);
    });
}

#[test]
fn a_failed_job_is_tried_again_and_then_dead() {
    on_both(|fresh| {
        let id = enqueue(fresh, "mail", 0, None).unwrap();
        claim(fresh, 0, "a", 1);
        let fail = |now, retry_at| {
            fresh
                .db
                .write_blocking(move |conn| job::fail(conn, id, now, "550 no", retry_at))
                .unwrap();
        };
        fail(10, Some(50));
        assert!(claim(fresh, 49, "a", 1).is_empty());
        let again = claim(fresh, 50, "a", 1).pop().unwrap();
        assert_eq!(
            (again.attempts, again.last_error.as_deref()),
            (2, Some("550 no"))
        );
        fail(60, None);
        assert_eq!(counts(fresh).dead, 1);
        assert!(claim(fresh, 1_000, "a", 1).is_empty());
        let revive = || {
            fresh
                .db
                .write_blocking(move |conn| job::revive(conn, id, 2_000))
                .unwrap()
        };
        assert!(revive());
        assert!(!revive());
        assert_eq!(claim(fresh, 2_000, "a", 1).pop().unwrap().attempts, 1);
        fresh
            .db
            .write_blocking(move |conn| job::finish(conn, id, 2_001))
            .unwrap();
        assert_eq!(counts(fresh).done, 1);
        let prune = |before| {
            fresh
                .db
                .write_blocking(move |conn| job::prune(conn, before))
                .unwrap()
        };
        assert_eq!(prune(2_001), 0);
        assert_eq!(prune(2_002), 1);
        assert_eq!(counts(fresh), Counts::default());
    });
}

#[test]
fn a_unique_key_is_taken_until_its_job_is_done() {
    on_both(|fresh| {
        let id = enqueue(fresh, "sweep", 0, Some("sweep")).unwrap();
        assert_eq!(enqueue(fresh, "sweep", 0, Some("sweep")), None);
        assert!(enqueue(fresh, "sweep", 9, Some("other")).is_some());
        claim(fresh, 0, "a", 1);
        assert_eq!(enqueue(fresh, "sweep", 0, Some("sweep")), None);
        fresh
            .db
            .write_blocking(move |conn| job::finish(conn, id, 1))
            .unwrap();
        assert!(enqueue(fresh, "sweep", 0, Some("sweep")).is_some());
    });
}

#[test]
fn a_lease_has_one_holder() {
    on_both(|fresh| {
        let acquire = |holder: &'static str, now| {
            fresh
                .db
                .write_blocking(move |conn| lease::acquire(conn, "mailbox", holder, now, 10))
                .unwrap()
        };
        assert!(acquire("a", 0));
        assert!(!acquire("b", 9));
        assert!(acquire("a", 9));
        assert!(!acquire("b", 18));
        assert!(acquire("b", 19));
        assert!(!acquire("a", 20));
        let release = |holder: &'static str| {
            fresh
                .db
                .write_blocking(move |conn| lease::release(conn, "mailbox", holder))
                .unwrap();
        };
        release("a");
        assert!(!acquire("a", 21));
        release("b");
        assert!(acquire("a", 21));
    });
}
