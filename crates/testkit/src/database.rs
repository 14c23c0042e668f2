//! A fresh database for each test.

use std::path::PathBuf;

use postgres::{Config, NoTls};

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

/// An empty SQLite database.
pub fn sqlite() -> Place {
    let folder = tempfile::tempdir().unwrap();
    Place {
        url: format!("sqlite:{}", folder.path().join("desk.db").display()),
        kind: Kind::Folder(folder),
    }
}

/// An empty PostgreSQL database; `None` when there is no server to make it on.
pub fn postgres() -> Option<Place> {
    let server = crate::peer::peer(SERVER)?;
    let admin: Config = server.parse().unwrap();
    let name = format!("desk_{}", uuid::Uuid::now_v7().simple());
    admin
        .connect(NoTls)
        .unwrap()
        .batch_execute(&format!("CREATE DATABASE {name}"))
        .unwrap();
    let (base, options) = match server.split_once('?') {
        Some((base, options)) => (base, format!("?{options}")),
        None => (server.as_str(), String::new()),
    };
    // postgres://user@host:port/database: the part after the host is replaced.
    let host_ends = base
        .split_once("://")
        .and_then(|(scheme, rest)| rest.find('/').map(|at| scheme.len() + 3 + at))
        .unwrap_or(base.len());
    Some(Place {
        url: format!("{}/{name}{options}", &base[..host_ends]),
        kind: Kind::Server {
            name,
            admin: Box::new(admin),
        },
    })
}
