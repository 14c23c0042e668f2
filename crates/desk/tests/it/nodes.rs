//! Time that passes: on one desk, and on three nodes on one database whose clocks differ.

use std::sync::Arc;

use connect::{Blobs, Mailer, MailerConfig};
use desk::{Desk, FakeClock};
use store::job::NewJob;
use store::{Db, Options};
use switchboard_core::Millis;
use testkit::{TestDesk, config};

const DAY: i64 = 86_400_000;

/// The desk under test and two more beside it.
pub(crate) struct Nodes {
    clocks: [Arc<FakeClock>; 2],
    pub(crate) desks: [Desk; 3],
}

impl Nodes {
    /// The two more are slow and fast by so many milliseconds.
    pub(crate) fn new(test: &TestDesk, url: &str, wrong: Millis) -> Nodes {
        let clocks = [-wrong, wrong].map(|by| Arc::new(FakeClock::at(testkit::START + by)));
        let [slow, fast] = &clocks;
        let desks = [
            node(test, url, slow),
            node(test, url, fast),
            test.desk.clone(),
        ];
        Nodes { clocks, desks }
    }

    /// A day passes, and all work on what is due. So many timer jobs are due at once, where
    /// usually one does it; `dies`: somebody has taken one before and died.
    pub(crate) async fn a_day(&self, test: &TestDesk, jobs: usize, dies: bool) {
        self.a_day_of("timers", test, jobs, dies).await;
    }

    /// The same of another kind of job.
    pub(crate) async fn a_day_of(
        &self,
        kind: &'static str,
        test: &TestDesk,
        jobs: usize,
        dies: bool,
    ) {
        for clock in self.clocks.iter().chain([&test.clock]) {
            clock.advance(DAY);
        }
        let now = test.desk.now();
        for _ in 0..jobs {
            sweep_soon(test, kind, now - 2 * DAY).await;
        }
        if dies {
            let db = test.desk.db();
            db.write(move |c| store::job::claim(c, now, "dead", &[kind], 1, 120_000))
                .await
                .unwrap();
        }
        let [a, b, c] = &self.desks;
        let (a, b, c) = tokio::join!(
            Box::pin(a.run_jobs()),
            Box::pin(b.run_jobs()),
            Box::pin(c.run_jobs())
        );
        a.unwrap();
        b.unwrap();
        c.unwrap();
    }
}

fn node(test: &TestDesk, url: &str, clock: &Arc<FakeClock>) -> Desk {
    let folder = test.folder.path();
    Desk::new(
        Db::open(url, Options::default()).unwrap(),
        Blobs::open(folder.join("files")).unwrap(),
        Mailer::new(&MailerConfig::Folder(folder.join("outbox"))).unwrap(),
        clock.clone(),
        config(),
    )
    .unwrap()
}

/// Lets the timers run at that time, and once more in the same moment: nothing happens twice.
pub(crate) async fn at(test: &TestDesk, now: Millis) {
    test.clock.set(now);
    for _ in 0..2 {
        sweep_soon(test, "timers", now).await;
        test.run_jobs().await;
    }
}

/// Has the timers looked at in the next round, as if that had been due then.
async fn sweep_soon(test: &TestDesk, kind: &'static str, due: Millis) {
    let sweep = NewJob {
        kind,
        payload: String::new(),
        run_at: due,
        unique_key: None,
    };
    let db = test.desk.db();
    db.write(move |c| store::job::enqueue(c, &sweep))
        .await
        .unwrap();
}
