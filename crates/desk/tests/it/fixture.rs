//! A small desk: first level, a storage unit, four people, a clock that
//! stands still.

use std::path::Path;
use std::sync::Arc;

use connect::{Blobs, Mailer, MailerConfig};
use desk::account::NewAccount;
use desk::{Config, Desk, FakeClock};
use store::unit::Unit;
use store::{Db, Options};
use switchboard_core::{Actor, Channel, Part, PersonId, UnitId};
use uuid::Uuid;

pub(crate) const START: i64 = 1_790_000_000_000;

pub(crate) struct SmallDesk {
    pub(crate) desk: Desk,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) folder: tempfile::TempDir,
}

pub(crate) fn open(folder: &Path, url: &str, clock: Arc<FakeClock>) -> Desk {
    let db = Db::open(url, Options::default()).unwrap();
    db.migrate().unwrap();
    Desk::new(
        db,
        Blobs::open(folder.join("files")).unwrap(),
        Mailer::new(&MailerConfig::Folder(folder.join("outbox"))).unwrap(),
        clock,
        Config {
            mail_address: "desk@desk.example".into(),
            ..Config::default()
        },
    )
    .unwrap()
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap()
}

impl SmallDesk {
    pub(crate) fn new() -> SmallDesk {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(FakeClock::at(START));
        let url = format!("sqlite:{}", folder.path().join("desk.db").display());
        let desk = open(folder.path(), &url, clock.clone());
        SmallDesk {
            desk,
            clock,
            folder,
        }
    }

    /// First level with Fay, storage with Stan (responsible) and Sam.
    pub(crate) async fn people(&self) -> People {
        let storage = UnitId(Uuid::now_v7());
        let first = self.desk.catalogue().await.unwrap().first_level().unwrap().id;
        self.desk
            .save_unit(Unit {
                id: storage,
                key: "storage".into(),
                name: "Storage".into(),
                level: 2,
                parent: None,
                category: "Data".into(),
                description: "Keeps things.".into(),
                email: None,
                first_level: false,
                security: false,
                active: true,
                successor: None,
                doc: Default::default(),
            })
            .await
            .unwrap();
        let fay = self.person("Fay", true).await;
        let stan = self.person("Stan", true).await;
        let sam = self.person("Sam", true).await;
        let rita = self.person("Rita", false).await;
        for (unit, person, part) in [
            (first, fay, Part::Responsible),
            (storage, stan, Part::Responsible),
            (storage, sam, Part::Member),
        ] {
            self.desk.set_member(unit, person, part).await.unwrap();
        }
        People {
            fay: self.actor(fay).await,
            stan: self.actor(stan).await,
            sam: self.actor(sam).await,
            rita: self.actor(rita).await,
        }
    }

    pub(crate) async fn person(&self, name: &str, support: bool) -> PersonId {
        self.desk
            .create_account(NewAccount {
                email: format!("{}@people.example", name.to_lowercase()),
                name: name.into(),
                support,
                ..NewAccount::default()
            })
            .await
            .unwrap()
            .id
    }

    pub(crate) async fn actor(&self, person: PersonId) -> Actor {
        self.desk.actor_for(person, Channel::Web).await.unwrap()
    }

    /// What was sent so far: recipient, subject, text; in the order of sending.
    pub(crate) fn outbox(&self) -> Vec<(String, String, String)> {
        let mut files: Vec<_> = std::fs::read_dir(self.folder.path().join("outbox"))
            .unwrap()
            .map(|f| f.unwrap().path())
            .collect();
        files.sort();
        files
            .into_iter()
            .map(|f| {
                let raw = std::fs::read(f).unwrap();
                let mail = mail::parse(&raw, &mail::Limits::default()).unwrap();
                (mail.to[0].address.to_string(), mail.subject, mail.text)
            })
            .collect()
    }
}

pub(crate) struct People {
    pub(crate) fay: Actor,
    pub(crate) stan: Actor,
    pub(crate) sam: Actor,
    pub(crate) rita: Actor,
}
