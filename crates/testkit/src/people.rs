//! Units, services and people to test with.

use desk::TokenScope;
use desk::account::NewAccount;
use desk::community::Community;
use desk::portal::{Portal, PortalDoc};
use store::unit::{FieldType, FormField, Service, ServiceDoc, Unit};
use switchboard_core::{Actor, Channel, Part, PersonId, ServiceId, UnitId};
use uuid::Uuid;

use crate::TestDesk;

/// Somebody who can call.
#[derive(Debug, Clone)]
pub struct Somebody {
    /// Their id.
    pub id: PersonId,
    /// Their address.
    pub email: String,
    /// Their token; empty: they have none.
    pub token: String,
}

impl Somebody {
    /// Nobody that the desk knows.
    pub fn anonymous() -> Somebody {
        Somebody {
            id: PersonId(Uuid::nil()),
            email: String::new(),
            token: String::new(),
        }
    }
}

/// A small federation: first level, two units of the second level and one of
/// the third, two services, and somebody for each part.
#[derive(Debug, Clone)]
pub struct Federation {
    /// First level.
    pub first: UnitId,
    /// `storage`, level 2.
    pub storage: UnitId,
    /// `network`, level 2.
    pub network: UnitId,
    /// `kernel`, level 3.
    pub kernel: UnitId,
    /// Asks.
    pub rita: Somebody,
    /// Asks too, and has nothing to do with Rita.
    pub otto: Somebody,
    /// Responsible of storage.
    pub stan: Somebody,
    /// Member of storage.
    pub sam: Somebody,
    /// Member of network.
    pub nina: Somebody,
    /// First level.
    pub fay: Somebody,
    /// Monitor.
    pub mona: Somebody,
    /// Administrator, with a token that may do so.
    pub ada: Somebody,
    /// Sam with a token that only reads.
    pub sam_reading: Somebody,
}

impl TestDesk {
    /// Somebody with an account and a token that reads and writes.
    pub async fn person(&self, name: &str) -> Somebody {
        self.account(NewAccount {
            name: name.to_owned(),
            ..NewAccount::default()
        })
        .await
    }

    /// Somebody with the rights given; the address is made from the name.
    pub async fn account(&self, new: NewAccount) -> Somebody {
        let email = format!("{}@people.example", new.name.to_lowercase());
        let mut scopes = vec![TokenScope::Read, TokenScope::Write];
        if new.admin {
            scopes.push(TokenScope::Admin);
        }
        let person = self
            .desk
            .create_account(NewAccount {
                email: email.clone(),
                ..new
            })
            .await
            .unwrap();
        let token = self.token(person.id, &scopes).await;
        Somebody {
            id: person.id,
            email,
            token,
        }
    }

    /// Another token of a person.
    pub async fn token(&self, person: PersonId, scopes: &[TokenScope]) -> String {
        self.desk
            .create_token(person, "test", scopes, None)
            .await
            .unwrap()
            .1
    }

    /// A unit.
    pub async fn unit(&self, key: &str, name: &str, level: i64) -> UnitId {
        let id = UnitId(Uuid::now_v7());
        self.desk
            .save_unit(Unit {
                id,
                key: key.into(),
                name: name.into(),
                level,
                parent: None,
                category: "Tests".into(),
                description: format!("{name} for tests."),
                email: Some(format!("{key}@units.example")),
                first_level: false,
                security: false,
                active: true,
                successor: None,
                doc: Default::default(),
            })
            .await
            .unwrap();
        id
    }

    /// A service of a unit, with a form of one field that may be left empty.
    pub async fn service(&self, key: &str, name: &str, unit: UnitId) -> ServiceId {
        let id = ServiceId(Uuid::now_v7());
        self.desk
            .save_service(Service {
                id,
                key: key.into(),
                name: name.into(),
                provider: "Tests".into(),
                area: "Tests".into(),
                description: format!("{name} for tests."),
                unit,
                option: "direct".into(),
                lamp: "running".into(),
                lamp_text: "Running".into(),
                active: true,
                position: 1,
                doc: ServiceDoc {
                    form: vec![FormField {
                        key: "path".into(),
                        label: "Path".into(),
                        kind: FieldType::Text,
                        ..FormField::default()
                    }],
                    ..ServiceDoc::default()
                },
            })
            .await
            .unwrap();
        id
    }

    /// A community of that key; `open`: people may join by themselves.
    pub async fn community(&self, key: &str, open: bool) {
        let community = Community {
            key: key.into(),
            name: format!("The {key} collaboration"),
            description: String::new(),
            open,
            active: true,
            doc: Default::default(),
        };
        let system = Actor::system(Channel::Cli);
        self.desk
            .save_community(&system, community, true)
            .await
            .unwrap();
    }

    /// Puts somebody into a community.
    pub async fn put_into(&self, community: &str, who: &Somebody) {
        let system = Actor::system(Channel::Cli);
        self.desk
            .put_into_community(&system, community, &who.email, true)
            .await
            .unwrap();
    }

    /// A portal of a community of the same key, with a first level of its own
    /// (`KEY-front`) that these people are responsibles of; it offers these
    /// services.
    pub async fn portal(&self, key: &str, front: &[&Somebody], services: &[&str]) -> Portal {
        self.community(key, false).await;
        let unit = self
            .unit(&format!("{key}-front"), &format!("{key} front desk"), 1)
            .await;
        for who in front {
            self.desk
                .set_member(unit, who.id, Part::Responsible)
                .await
                .unwrap();
        }
        let catalogue = self.desk.catalogue().await.unwrap();
        let portal = Portal {
            id: self.desk.new_portal_id(),
            key: key.into(),
            name: format!("{key} help"),
            hostname: None,
            community: Some(key.into()),
            unit: Some(unit),
            active: true,
            position: 1,
            doc: PortalDoc {
                services: services
                    .iter()
                    .map(|name| catalogue.find_service("service", name).unwrap().id)
                    .collect(),
                ..PortalDoc::default()
            },
        };
        let system = Actor::system(Channel::Cli);
        self.desk
            .save_portal(&system, portal.clone(), true)
            .await
            .unwrap();
        portal
    }

    /// The small federation.
    pub async fn federation(&self) -> Federation {
        let first = self
            .desk
            .catalogue()
            .await
            .unwrap()
            .first_level()
            .unwrap()
            .id;
        let storage = self.unit("storage", "Storage", 2).await;
        let network = self.unit("network", "Network", 2).await;
        let kernel = self.unit("kernel", "Kernel", 3).await;
        self.service("archive", "Archive", storage).await;
        self.service("links", "Links", network).await;
        let staff = |name: &str| NewAccount {
            name: name.to_owned(),
            support: true,
            ..NewAccount::default()
        };
        let stan = self.account(staff("Stan")).await;
        let sam = self.account(staff("Sam")).await;
        let nina = self.account(staff("Nina")).await;
        let fay = self.account(staff("Fay")).await;
        for (unit, person, part) in [
            (storage, stan.id, Part::Responsible),
            (storage, sam.id, Part::Member),
            (network, nina.id, Part::Member),
            (first, fay.id, Part::Responsible),
        ] {
            self.desk.set_member(unit, person, part).await.unwrap();
        }
        let mona = self
            .account(NewAccount {
                name: "Mona".into(),
                monitor: true,
                ..NewAccount::default()
            })
            .await;
        let ada = self
            .account(NewAccount {
                name: "Ada".into(),
                admin: true,
                ..NewAccount::default()
            })
            .await;
        let sam_reading = Somebody {
            token: self.token(sam.id, &[TokenScope::Read]).await,
            ..sam.clone()
        };
        Federation {
            first,
            storage,
            network,
            kernel,
            rita: self.person("Rita").await,
            otto: self.person("Otto").await,
            stan,
            sam,
            nina,
            fay,
            mona,
            ada,
            sam_reading,
        }
    }
}
