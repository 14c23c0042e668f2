//! A fresh database for each test.
//!
//! The steps of the schema are applied once in a process for each of the two kinds, and
//! a test gets a copy: with every test's two databases they were a third of all that the
//! tests did.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use postgres::{Config, NoTls, SimpleQueryMessage};
use store::{Db, Options};

/// Names the server: a `postgres://` address of a role that may create
/// databases.
const SERVER: &str = "SWITCHBOARD_TEST_POSTGRES";

/// Where a database lies; it goes with the value.
pub struct Place {
    url: String,
    kind: Kind,
}

enum Kind {
    Folder(tempfile::TempDir),
    Server { name: String, admin: Box<Config> },
}

impl Place {
    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The file of a SQLite database.
    pub fn file(&self) -> Option<PathBuf> {
        match &self.kind {
            Kind::Folder(folder) => Some(folder.path().join("desk.db")),
            Kind::Server { .. } => None,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Kind::Server { name, admin } = &self.kind
            && let Ok(mut client) = admin.connect(NoTls)
        {
            // What can not be dropped now is dropped with the server.
            let _ = client.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

/// A SQLite database with the schema, and nothing in it.
pub fn sqlite() -> Place {
    // The connection that is closed last only reads, and leaves the log beside the file.
    const FILES: [&str; 2] = ["desk.db", "desk.db-wal"];
    static MADE: OnceLock<[Option<Vec<u8>>; 2]> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        migrate(&in_folder(&folder));
        FILES.map(|name| std::fs::read(folder.path().join(name)).ok())
    });
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in FILES.iter().zip(made) {
        if let Some(bytes) = bytes {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
    }
    Place {
        url: in_folder(&folder),
        kind: Kind::Folder(folder),
    }
}

/// A PostgreSQL database with the schema, and nothing in it; `None` when there is no
/// server to make it on.
pub fn postgres() -> Option<Place> {
    static MADE: OnceLock<String> = OnceLock::new();
    let server = Server::named()?;
    let made = MADE.get_or_init(|| server.template());
    Some(server.place(&format!("TEMPLATE {made}")))
}

/// A SQLite database without a schema, for a server that brings its own.
pub fn empty_sqlite() -> Place {
    let folder = tempfile::tempdir().unwrap();
    Place {
        url: in_folder(&folder),
        kind: Kind::Folder(folder),
    }
}

/// The same on PostgreSQL.
pub fn empty_postgres() -> Option<Place> {
    Some(Server::named()?.place(""))
}

fn in_folder(folder: &tempfile::TempDir) -> String {
    format!("sqlite:{}", folder.path().join("desk.db").display())
}

fn migrate(url: &str) {
    let db = Db::open(url, Options::default()).unwrap();
    db.migrate().unwrap();
}

/// The server, and as whom it is asked for databases.
struct Server {
    url: String,
    admin: Config,
}

impl Server {
    fn named() -> Option<Server> {
        let url = crate::peer::peer(SERVER)?;
        let admin = url.parse().unwrap();
        Some(Server { url, admin })
    }

    fn ask(&self, statement: &str) {
        let mut client = self.admin.connect(NoTls).unwrap();
        client.batch_execute(statement).unwrap();
    }

    fn place(self, how: &str) -> Place {
        let name = format!("desk_{}", uuid::Uuid::now_v7().simple());
        self.ask(&format!("CREATE DATABASE {name} {how}"));
        Place {
            url: self.address(&name),
            kind: Kind::Server {
                name,
                admin: Box::new(self.admin),
            },
        }
    }

    /// The address of a database there.
    fn address(&self, name: &str) -> String {
        let (base, options) = match self.url.split_once('?') {
            Some((base, options)) => (base, format!("?{options}")),
            None => (self.url.as_str(), String::new()),
        };
        // postgres://user@host:port/database: the part after the host is replaced.
        let host_ends = base
            .split_once("://")
            .and_then(|(scheme, rest)| rest.find('/').map(|at| scheme.len() + 3 + at))
            .unwrap_or(base.len());
        format!("{}/{name}{options}", &base[..host_ends])
    }

    /// Makes what this process copies. It stays when the process ends, so that one also
    /// clears away what processes before it have left.
    fn template(&self) -> String {
        const OURS: &str = "desk_schema_of_";
        let name = format!("{OURS}{}", std::process::id());
        let mut client = self.admin.connect(NoTls).unwrap();
        // As text: some of its columns have no other form.
        for message in client.simple_query("TABLE pg_database").unwrap() {
            let SimpleQueryMessage::Row(row) = message else {
                continue;
            };
            let left = row.get("datname").unwrap_or_default();
            let Some(process) = left.strip_prefix(OURS) else {
                continue;
            };
            if left == name || !Path::new("/proc").join(process).exists() {
                // Another process may be quicker.
                let _ = client.batch_execute(&format!("DROP DATABASE IF EXISTS {left}"));
            }
        }
        client
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .unwrap();
        migrate(&self.address(&name));
        name
    }
}
