//! What was agreed with providers about how tickets reach them.

use serde::{Deserialize, Serialize};
use switchboard_core::onboarding::{FieldMap, OwnerMap, Way, WordMap};
use switchboard_core::{Millis, ServiceId};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::{Row, Sql};

/// The part of an agreement that is only read whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct AgreementDoc {
    /// Our statuses as they are called there.
    pub statuses: WordMap,
    /// Our priorities as they are called there.
    pub priorities: WordMap,
    /// Other fields that travel.
    pub fields: Vec<FieldMap>,
    /// The queues of other units, by their keys.
    pub queues: WordMap,
    /// Who is who there.
    pub owners: Vec<OwnerMap>,
    /// Their links for our ties between tickets.
    pub links: WordMap,
    /// Files may travel.
    pub attachments: bool,
    /// Whom to reach when nobody answers.
    pub escalation: String,
    /// An address for questions about the service that are no tickets.
    pub contact: String,
}

/// How tickets about a service reach those who work on them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// Its id.
    pub id: Uuid,
    /// The service.
    pub service: ServiceId,
    /// The form by which it came.
    pub onboarding: Uuid,
    /// Which of the three ways.
    pub option: Way,
    /// Of an integration: which system.
    pub system: Option<String>,
    /// The address of its API.
    pub endpoint: Option<String>,
    /// The name under which the operator keeps its secret.
    pub secret: Option<String>,
    /// Queue, group, project or repository.
    pub queue: Option<String>,
    /// `both`, `in` or `out`.
    pub direction: Option<String>,
    /// Of a redirection: the mailing list.
    pub list: Option<String>,
    /// The requester's name and address may travel.
    pub personal_data: bool,
    /// Everything else.
    pub doc: AgreementDoc,
    /// Since when it holds.
    pub opened_at: Millis,
    /// Until when it held.
    pub closed_at: Option<Millis>,
}

const COLUMNS: &str = "SELECT id, service, onboarding, option, system, endpoint, secret, queue,
  direction, list, personal_data, doc, opened_at, closed_at FROM agreement";

fn read(row: &Row<'_>) -> Result<Agreement, Error> {
    let (option, doc): (String, String) = (row.get(3)?, row.get(11)?);
    Ok(Agreement {
        id: row.get(0)?,
        service: row.get(1)?,
        onboarding: row.get(2)?,
        option: Way::parse(&option)
            .ok_or_else(|| Error::Corrupt(format!("agreement option {option:?}")))?,
        system: row.get(4)?,
        endpoint: row.get(5)?,
        secret: row.get(6)?,
        queue: row.get(7)?,
        direction: row.get(8)?,
        list: row.get(9)?,
        personal_data: row.get(10)?,
        doc: serde_json::from_str(&doc)
            .map_err(|e| Error::Corrupt(format!("agreement document: {e}")))?,
        opened_at: row.get(12)?,
        closed_at: row.get(13)?,
    })
}

fn text_of(doc: &AgreementDoc) -> Result<String, Error> {
    serde_json::to_string(doc).map_err(|e| Error::Corrupt(format!("document to JSON: {e}")))
}

/// Stores a new agreement; the one before must be closed.
pub fn insert(conn: &mut Conn<'_>, a: &Agreement) -> Result<(), Error> {
    let doc = text_of(&a.doc)?;
    conn.execute(
        "INSERT INTO agreement (id, service, onboarding, option, system, endpoint, secret, queue,
           direction, list, personal_data, doc, opened_at, closed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        params![
            a.id,
            a.service,
            a.onboarding,
            a.option.key(),
            a.system.clone(),
            a.endpoint.clone(),
            a.secret.clone(),
            a.queue.clone(),
            a.direction.clone(),
            a.list.clone(),
            a.personal_data,
            doc,
            a.opened_at,
            a.closed_at,
        ],
    )?;
    Ok(())
}

/// Ends the agreement that holds for a service, if there is one.
pub fn close(conn: &mut Conn<'_>, service: ServiceId, now: Millis) -> Result<bool, Error> {
    Ok(conn.execute(
        "UPDATE agreement SET closed_at = $2 WHERE service = $1 AND closed_at IS NULL",
        params![service, now],
    )? > 0)
}

/// One agreement.
pub fn load(conn: &mut Conn<'_>, id: Uuid) -> Result<Option<Agreement>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE id = ").bind(id);
    Ok(conn.run(&sql, read)?.into_iter().next())
}

/// The agreement that holds for a service.
pub fn current(conn: &mut Conn<'_>, service: ServiceId) -> Result<Option<Agreement>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE closed_at IS NULL AND service = ")
        .bind(service);
    Ok(conn.run(&sql, read)?.into_iter().next())
}

/// Every agreement there ever was, the oldest first.
pub fn all(conn: &mut Conn<'_>) -> Result<Vec<Agreement>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" ORDER BY opened_at, id");
    conn.run(&sql, read)
}

/// Stores what an agreement says beside its terms; only for erasing somebody from it.
pub fn set_doc(conn: &mut Conn<'_>, id: Uuid, doc: &AgreementDoc) -> Result<(), Error> {
    conn.execute(
        "UPDATE agreement SET doc = $2 WHERE id = $1",
        params![id, text_of(doc)?],
    )?;
    Ok(())
}

/// Every agreement there was for a service, the newest first.
pub fn of_service(conn: &mut Conn<'_>, service: ServiceId) -> Result<Vec<Agreement>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE service = ")
        .bind(service)
        .push(" ORDER BY opened_at DESC, id DESC");
    conn.run(&sql, read)
}
