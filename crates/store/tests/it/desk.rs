//! A fresh database for each test, on SQLite always and on PostgreSQL where there is one.

use std::time::Duration;

use postgres::{Config, NoTls};
use store::{Db, Options};

/// The role that may create databases.
const SERVER: &str = "SWITCHBOARD_TEST_POSTGRES";

/// A database of its own, gone with the value.
pub(crate) struct Fresh {
    pub(crate) db: Db,
    pub(crate) url: String,
    _place: Place,
}

enum Place {
    Folder(#[expect(dead_code, reason = "removed on drop")] tempfile::TempDir),
    Server { name: String, admin: Box<Config> },
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Place::Server { name, admin } = self
            && let Ok(mut client) = admin.connect(NoTls)
        {
            let _ = client.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

pub(crate) fn options() -> Options {
    Options {
        readers: 2,
        patience: Duration::from_secs(5),
        ..Options::default()
    }
}

/// An empty SQLite database, not migrated.
pub(crate) fn sqlite(options: Options) -> Fresh {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("desk.db").display());
    Fresh {
        db: Db::open(&url, options).unwrap(),
        url,
        _place: Place::Folder(folder),
    }
}

/// An empty PostgreSQL database, not migrated; `None` when there is no server to make it on.
pub(crate) fn postgres(options: Options) -> Option<Fresh> {
    let server = crate::peer::peer(SERVER)?;
    let admin: Config = server.parse().unwrap();
    let name = format!("store_{}", uuid::Uuid::now_v7().simple());
    let mut client = admin.connect(NoTls).unwrap();
    client
        .batch_execute(&format!("CREATE DATABASE {name}"))
        .unwrap();
    let place = Place::Server {
        name: name.clone(),
        admin: Box::new(admin),
    };
    let (address, _) = server.rsplit_once('/').unwrap();
    let url = format!("{address}/{name}");
    Some(Fresh {
        db: Db::open(&url, options).unwrap(),
        url,
        _place: place,
    })
}

/// Runs the test on each database, migrated.
pub(crate) fn on_both(test: impl Fn(&Fresh)) {
    on_both_with(options(), test);
}

pub(crate) fn on_both_with(options: Options, test: impl Fn(&Fresh)) {
    let desks = [Some(sqlite(options.clone())), postgres(options)];
    for fresh in desks.iter().flatten() {
        eprintln!("on {:?}", fresh.db.dialect());
        fresh.db.migrate().unwrap();
        test(fresh);
    }
}
