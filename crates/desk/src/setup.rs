//! What a new desk starts with: categories, types of issue, triage rules, a
//! first level unit. All of it is data that an administrator edits.

use store::{Conn, Db};
use switchboard_core::{Millis, RuleSet, UnitId};
use uuid::Uuid;

use crate::error::Error;

const CATEGORIES: [(&str, &str, bool); 5] = [
    ("incident", "Incident", true),
    ("service_request", "Service request", true),
    ("change_request", "Change request", true),
    ("documentation", "Documentation", true),
    ("test", "Test", false),
];

const ISSUE_TYPES: [(&str, &str, &str); 12] = [
    ("incident", "access", "Access and sign-in"),
    ("incident", "data", "Data and storage"),
    ("incident", "compute", "Computing"),
    ("incident", "network", "Network and transfer"),
    ("incident", "security", "Security"),
    ("incident", "other_incident", "Other"),
    ("service_request", "quota", "Quota"),
    ("service_request", "account", "Account or membership"),
    ("service_request", "information", "Information"),
    ("change_request", "configuration", "Configuration"),
    ("change_request", "feature", "New feature"),
    ("documentation", "guide", "Guide or page"),
];

/// What a desk that serves is called and where it is reached. Kept in the
/// database, so that a command run beside it (`mail-in`) makes the same links
/// and knows the same addresses without being told again.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Identity {
    /// [`crate::Config::name`].
    pub name: String,
    /// [`crate::Config::public_url`].
    pub public_url: String,
    /// [`crate::Config::mail_address`].
    pub mail_address: String,
}

/// The identity of the desk that last served from this database. Blocks.
///
/// # Errors
/// When the database can not be read.
pub fn identity(db: &Db) -> Result<Option<Identity>, Error> {
    let text = db.read_blocking(|c| store::setting::get(c, "identity").map_err(Error::from))?;
    Ok(text.and_then(|t| serde_json::from_str(&t).ok()))
}

impl crate::Desk {
    /// Keeps this desk's identity for commands that run beside it.
    ///
    /// # Errors
    /// When the database can not be written.
    pub async fn remember_identity(&self) -> Result<(), Error> {
        let config = self.config();
        let identity = Identity {
            name: config.name.clone(),
            public_url: config.public_url.clone(),
            mail_address: config.mail_address.clone(),
        };
        let json = serde_json::to_string(&identity)
            .map_err(|e| Error::Internal(format!("identity: {e}")))?;
        let now = self.now();
        self.0
            .db
            .write(move |c| store::setting::set(c, "identity", &json, now).map_err(Error::from))
            .await
    }
}

/// Stores the defaults where nothing is stored yet.
pub(crate) fn ship_defaults(db: &Db, now: Millis) -> Result<(), Error> {
    let there = db.read_blocking(|c| store::setting::get(c, "triage").map_err(Error::from))?;
    if there.is_some() {
        return Ok(());
    }
    db.write_blocking(move |c| {
        if store::setting::get(c, "triage")?.is_none() {
            defaults(c, now)?;
        }
        Ok(())
    })
}

fn defaults(c: &mut Conn<'_>, now: Millis) -> Result<(), Error> {
    let rules = serde_json::to_string(&RuleSet::shipped())
        .map_err(|e| Error::Internal(format!("triage rules: {e}")))?;
    store::setting::set(c, "triage", &rules, now)?;
    for (position, (key, name, in_reports)) in (0..).zip(CATEGORIES) {
        let value = store::unit::ListValue {
            key: key.into(),
            name: name.into(),
            ..Default::default()
        };
        store::unit::save_category(c, &value, position, in_reports)?;
    }
    for (position, (category, key, name)) in (0..).zip(ISSUE_TYPES) {
        let value = store::unit::ListValue {
            key: key.into(),
            name: name.into(),
            category: category.into(),
            ..Default::default()
        };
        store::unit::save_issue_type(c, &value, position)?;
    }
    let first_level = store::unit::Unit {
        // One fixed id, so that two nodes that start together make one unit.
        id: UnitId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001)),
        key: "first-level".into(),
        name: "First level".into(),
        level: 1,
        parent: None,
        category: "Desk".into(),
        description: "Takes everything that nothing routes elsewhere, sets the priority and \
                      finds the team."
            .into(),
        email: None,
        first_level: true,
        security: false,
        active: true,
        successor: None,
        doc: store::unit::UnitDoc {
            qos: "medium".into(),
            time_zone: "UTC".into(),
            hours: Some((9 * 60, 17 * 60)),
            ..Default::default()
        },
    };
    store::unit::save(c, &first_level, now)?;
    Ok(())
}
