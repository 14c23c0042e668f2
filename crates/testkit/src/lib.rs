//! For tests: a whole desk on a real database, with a clock that stands still
//! until it is moved, mail that goes into a folder, and the real router.
//!
//! ```no_run
//! testkit::both(|desk| async move {
//!     let rita = desk.person("rita").await;
//!     let answer = desk.get(&rita, "/people/me").await;
//!     assert_eq!(answer.status, 200);
//! });
//! ```

#![expect(
    clippy::unwrap_used,
    reason = "a test whose desk can not be set up stops there"
)]

mod answering;
mod database;
mod directory;
mod forms;
mod ggus_soap;
mod github;
mod gitlab;
mod hook;
mod http;
mod jira;
mod lossy;
mod mail_servers;
mod mailman;
mod names;
mod outbox;
mod peer;
mod people;
mod proxy;
mod rt;
pub mod scripted;
mod smtp;
mod tls_door;
mod web_server;
mod zammad;

use std::sync::Arc;

use axum::Router;
use connect::{Blobs, Mailer, MailerConfig, Reach};
use desk::{Config, Desk, FakeClock, SecretKeys};
use store::{Db, Options};

pub use database::{Place, empty_postgres, empty_sqlite, postgres, sqlite};
pub use directory::{TestDirectory, directory};
pub use forms::{coupled_form, whole_form};
pub use ggus_soap::GgusSoapServer;
pub use github::GitHubServer;
pub use gitlab::GitLabServer;
pub use hook::{Call, HookServer, Hooked};
pub use http::Answer;
pub use jira::JiraServer;
pub use lossy::{Loss, Lossy};
pub use mail_servers::{MailServers, mail_servers};
pub use mailman::{Mailman, mailman};
pub use names::Names;
pub use outbox::Mail;
pub use peer::peer;
pub use people::{Federation, Somebody};
pub use proxy::{Proxy, Wrong};
pub use rt::{RtServer, rt_server};
pub use smtp::{Fault, MailSink, SmtpStep, TakenMail};
pub use tls_door::tls_door;
pub use web_server::{WebServer, answered};
pub use zammad::ZammadServer;

/// When every test begins: 2026-09-21T14:13:20Z, a Monday.
pub const START: i64 = 1_790_000_000_000;

/// A desk on a database of its own; all of it is gone with the value.
pub struct TestDesk {
    /// The application.
    pub desk: Desk,
    /// Its clock.
    pub clock: Arc<FakeClock>,
    /// The whole site.
    pub site: Router,
    /// The folder with attachments and outbox.
    pub folder: tempfile::TempDir,
    // Dropped last: the desk holds connections.
    _place: Place,
}

/// What secrets in a test's database are sealed with.
pub const SECRET_KEY: &str = "dGVzdGtpdHRlc3RraXR0ZXN0a2l0dGVzdGtpdDEyMzQ=";

/// What signs alarms in tests: a key that nobody else trusts, and its own certificate.
pub fn alarm_signer() -> Arc<connect::Smime> {
    let (key, certificate) = (include_bytes!("alarm.key"), ALARM_CERTIFICATE);
    Arc::new(connect::Smime::new(key, certificate).unwrap())
}

/// The certificate of [`alarm_signer`], in PEM.
pub const ALARM_CERTIFICATE: &[u8] = include_bytes!("alarm.crt");

/// How a test's desk is configured.
pub fn config() -> Config {
    Config {
        mail_address: "desk@desk.example".into(),
        public_url: "http://desk.example".into(),
        max_attachment: 1024 * 1024,
        smime: Some(alarm_signer()),
        // What is answered is there; what waits has tests of its own.
        undo_send: 0,
        // Peers of a test are on this machine.
        outbound: Reach::parse("127.0.0.1").unwrap(),
        // Every desk of a test has the same.
        keys: SecretKeys::parse(SECRET_KEY).unwrap(),
        ..Config::default()
    }
}

impl TestDesk {
    /// A desk on a database. Not to be called within a runtime.
    pub fn on(place: Place, config: Config) -> TestDesk {
        TestDesk::sending(place, config, None)
    }

    /// A desk that sends its mail; `None`: into a folder.
    pub fn sending(place: Place, config: Config, mailer: Option<&MailerConfig>) -> TestDesk {
        let folder = tempfile::tempdir().unwrap();
        let outbox = MailerConfig::Folder(folder.path().join("outbox"));
        let clock = Arc::new(FakeClock::at(START));
        let db = Db::open(
            place.url(),
            Options {
                readers: 2,
                ..Options::default()
            },
        )
        .unwrap();
        db.migrate().unwrap();
        let desk = Desk::new(
            db,
            Blobs::open(folder.path().join("files"))
                .unwrap()
                .with_rest(std::time::Duration::ZERO),
            Mailer::new(mailer.unwrap_or(&outbox)).unwrap(),
            clock.clone(),
            Config {
                erasure_ledger: Some(folder.path().join("erased.ledger")),
                ..config
            },
        )
        .unwrap();
        let site = web::router(desk.clone(), web::Options::default());
        TestDesk {
            desk,
            clock,
            site,
            folder,
            _place: place,
        }
    }

    /// Lets everything follow that follows from what happened: mails, search
    /// index, jobs that are due.
    pub async fn run_jobs(&self) {
        self.desk.run_jobs().await.unwrap();
    }
}

/// A runtime for one test.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

/// Runs a test on a desk with SQLite.
pub fn on_sqlite<F: Future<Output = ()>>(test: impl FnOnce(Arc<TestDesk>) -> F) {
    run(sqlite(), config(), test);
}

/// Runs a test on SQLite and then, where there is a server, on PostgreSQL.
/// Without one it says `SKIPPED`, or stops when `REQUIRE_ALL` is set.
pub fn both<F: Future<Output = ()>>(test: impl Fn(Arc<TestDesk>) -> F) {
    run(sqlite(), config(), &test);
    if let Some(place) = postgres() {
        run(place, config(), &test);
    }
}

/// Runs a test on a desk that is configured otherwise.
pub fn configured<F: Future<Output = ()>>(config: Config, test: impl FnOnce(Arc<TestDesk>) -> F) {
    run(sqlite(), config, test);
}

/// The same on both databases.
pub fn both_configured<F: Future<Output = ()>>(config: &Config, test: impl Fn(Arc<TestDesk>) -> F) {
    for place in [Some(sqlite()), postgres()].into_iter().flatten() {
        run(place, config.clone(), &test);
    }
}

/// Runs a test on both databases, on a desk that is configured otherwise and sends
/// its mail to a server.
pub fn both_mailing<F: Future<Output = ()>>(
    config: &Config,
    mailer: &MailerConfig,
    test: impl Fn(Arc<TestDesk>) -> F,
) {
    for place in [Some(sqlite()), postgres()].into_iter().flatten() {
        run_on(
            TestDesk::sending(place, config.clone(), Some(mailer)),
            &test,
        );
    }
}

fn run<F: Future<Output = ()>>(
    place: Place,
    config: Config,
    test: impl FnOnce(Arc<TestDesk>) -> F,
) {
    run_on(TestDesk::on(place, config), test);
}

fn run_on<F: Future<Output = ()>>(desk: TestDesk, test: impl FnOnce(Arc<TestDesk>) -> F) {
    let desk = Arc::new(desk);
    let runtime = runtime();
    runtime.block_on(test(desk.clone()));
    // What the test left running lets go of the desk before its database goes.
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    drop(desk);
}

/// Several desks, each with its own name and address on this machine, that reach
/// each other by HTTP. The first lies on PostgreSQL where there is a server.
pub fn desks<F: Future<Output = ()>>(names: &[&str], test: impl FnOnce(Vec<Arc<TestDesk>>) -> F) {
    let mut places: Vec<Place> = postgres().into_iter().collect();
    let mut made = Vec::new();
    for name in names {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let config = Config {
            name: (*name).to_owned(),
            public_url: format!("http://{}", listener.local_addr().unwrap()),
            ..config()
        };
        let place = places.pop().unwrap_or_else(sqlite);
        made.push((Arc::new(TestDesk::on(place, config)), listener));
    }
    // Dropped last, outside of the runtime: as everywhere.
    let desks: Vec<Arc<TestDesk>> = made.iter().map(|(desk, _)| desk.clone()).collect();
    let runtime = runtime();
    runtime.block_on(async {
        for (desk, listener) in made {
            desk.serve_on(listener);
        }
        test(desks.clone()).await;
    });
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    drop(desks);
}

impl TestDesk {
    /// Serves the site on a socket as long as the runtime lives.
    fn serve_on(&self, listener: std::net::TcpListener) {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        let site = self.site.clone();
        tokio::spawn(async move {
            let site = site.into_make_service_with_connect_info::<std::net::SocketAddr>();
            axum::serve(listener, site).await.unwrap();
        });
    }
}
