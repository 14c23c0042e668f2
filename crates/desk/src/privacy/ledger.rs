//! Who was erased, kept as salted hashes in the database and in a file beside it.
//!
//! A backup that is restored brings back people who were erased since it was made.
//! The file is not part of the database, so it still knows them, and the desk
//! erases them again before it serves anything ([decision 8](../../../../docs/adr/0008-erasure-ledger.md)).

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::Conn;
use store::erasure::{Known, Mark};
use switchboard_core::redact::ERASED;
use switchboard_core::{Millis, PersonId};
use uuid::Uuid;

use crate::{Desk, Error, secret};

/// The setting that keeps the salt when there is no file.
const SALT: &str = "erasure_salt";
/// People compared in one look.
const STEP: i64 = 2_000;

/// A line of the file. The first has the salt, the others a mark each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Salt {
        salt: String,
    },
    Mark {
        hash: String,
        kind: String,
        at: Millis,
    },
}

/// Hashes ids and addresses so that only who has them can tell that they are there.
#[derive(Clone)]
pub(crate) struct Salted(Vec<u8>);

impl Salted {
    fn hash(&self, kind: &str, text: &str) -> Vec<u8> {
        let mut hash = Sha256::new();
        hash.update((self.0.len() as u64).to_be_bytes());
        hash.update(&self.0);
        hash.update(kind.as_bytes());
        hash.update([0]);
        hash.update(text.as_bytes());
        hash.finalize().to_vec()
    }

    /// The marks of somebody who is erased.
    pub(crate) fn marks(&self, person: PersonId, addresses: &[String], at: Millis) -> Vec<Mark> {
        let mut marks = vec![Mark {
            hash: self.hash("person", &person.0.to_string()),
            kind: "person".into(),
            at,
        }];
        marks.extend(addresses.iter().map(|address| Mark {
            hash: self.hash("address", address),
            kind: "address".into(),
            at,
        }));
        marks
    }
}

fn unreadable(e: &std::io::Error) -> Error {
    Error::Unavailable(format!("the erasure ledger beside the database: {e}"))
}

impl Desk {
    /// The lines of the file; none without one.
    async fn ledger_lines(&self) -> Result<Vec<Line>, Error> {
        let Some(ledger) = self.config().erasure_ledger.clone() else {
            return Ok(Vec::new());
        };
        let lines = tokio::task::spawn_blocking(move || connect::Ledger::at(ledger).lines())
            .await
            .map_err(|e| Error::Internal(format!("erasure ledger: {e}")))?
            .map_err(|e| unreadable(&e))?;
        // A line that a crash cut off was never relied on.
        Ok(lines
            .iter()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect())
    }

    async fn add_to_ledger(&self, lines: Vec<Line>) -> Result<(), Error> {
        let Some(ledger) = self.config().erasure_ledger.clone() else {
            return Ok(());
        };
        if lines.is_empty() {
            return Ok(());
        }
        let lines: Vec<String> = lines
            .iter()
            .filter_map(|line| serde_json::to_string(line).ok())
            .collect();
        tokio::task::spawn_blocking(move || connect::Ledger::at(ledger).add(&lines))
            .await
            .map_err(|e| Error::Internal(format!("erasure ledger: {e}")))?
            .map_err(|e| unreadable(&e))
    }

    /// Brings file and database in line: each gets what only the other knows. Returns
    /// the salt and every mark.
    pub(crate) async fn reconcile_ledger(&self) -> Result<(Salted, Vec<Mark>), Error> {
        let lines = self.ledger_lines().await?;
        let filed_salt = lines.iter().find_map(|line| match line {
            Line::Salt { salt } => Some(salt.clone()),
            Line::Mark { .. } => None,
        });
        let filed: Vec<Mark> = lines
            .iter()
            .filter_map(|line| match line {
                Line::Mark { hash, kind, at } => Some(Mark {
                    hash: URL_SAFE_NO_PAD.decode(hash).ok()?,
                    kind: kind.clone(),
                    at: *at,
                }),
                Line::Salt { .. } => None,
            })
            .collect();
        let fresh = URL_SAFE_NO_PAD.encode(secret::random::<32>()?);
        let (now, given, here) = (self.now(), filed_salt.clone(), filed.clone());
        let (salt, stored) = self
            .0
            .db
            .write(move |c| {
                let known = store::setting::get(c, SALT)?;
                // The file's salt is the one its marks were made with.
                let salt = given
                    .clone()
                    .or_else(|| known.clone())
                    .unwrap_or_else(|| fresh.clone());
                if known.as_deref() != Some(salt.as_str()) {
                    store::setting::set(c, SALT, &salt, now)?;
                }
                for mark in &here {
                    store::erasure::mark(c, mark)?;
                }
                Ok::<_, Error>((salt, store::erasure::marks(c)?))
            })
            .await?;
        let known: BTreeSet<&[u8]> = filed.iter().map(|m| m.hash.as_slice()).collect();
        let mut missing = Vec::new();
        if filed_salt.is_none() {
            missing.push(Line::Salt { salt: salt.clone() });
        }
        missing.extend(
            stored
                .iter()
                .filter(|m| !known.contains(m.hash.as_slice()))
                .map(line_of),
        );
        self.add_to_ledger(missing).await?;
        let salt = URL_SAFE_NO_PAD
            .decode(salt)
            .map_err(|_| Error::Internal("the salt of the erasure ledger is damaged".into()))?;
        Ok((Salted(salt), stored))
    }

    /// Writes marks that the database has already into the file.
    pub(crate) async fn file_marks(&self, marks: &[Mark]) -> Result<(), Error> {
        self.add_to_ledger(marks.iter().map(line_of).collect())
            .await
    }

    /// People who were erased and are there again, as after the restore of a backup.
    ///
    /// # Errors
    /// When the database or the ledger's file can not be read.
    pub async fn reappeared(&self) -> Result<Vec<PersonId>, Error> {
        let (salted, marks) = self.reconcile_ledger().await?;
        if marks.is_empty() {
            return Ok(Vec::new());
        }
        let marks: BTreeMap<Vec<u8>, Millis> = marks.into_iter().map(|m| (m.hash, m.at)).collect();
        let mut found = Vec::new();
        let mut after = PersonId(Uuid::nil());
        loop {
            let people = self
                .0
                .db
                .read(move |c: &mut Conn<'_>| {
                    store::erasure::people(c, after, STEP).map_err(Error::from)
                })
                .await?;
            let Some(last) = people.last() else { break };
            after = last.person;
            for known in people {
                if !found.contains(&known.person) && is_back(&salted, &marks, &known) {
                    found.push(known.person);
                }
            }
        }
        Ok(found)
    }
}

fn line_of(mark: &Mark) -> Line {
    Line::Mark {
        hash: URL_SAFE_NO_PAD.encode(&mark.hash),
        kind: mark.kind.clone(),
        at: mark.at,
    }
}

/// Whether somebody is there who was erased. An id is never used again; under an
/// address that was erased somebody may have come anew since.
fn is_back(salted: &Salted, marks: &BTreeMap<Vec<u8>, Millis>, known: &Known) -> bool {
    let erased = |kind: &str, text: &str| marks.get(&salted.hash(kind, text));
    if erased("person", &known.person.0.to_string()).is_some() {
        return known.name != ERASED || known.active || known.address.is_some();
    }
    known
        .address
        .as_deref()
        .and_then(|address| erased("address", address))
        .is_some_and(|at| known.created_at < *at)
}
