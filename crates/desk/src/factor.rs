//! Second factors: what somebody has beside their password, and the codes for
//! when they lost it.

use serde_json::json;
use store::Conn;
use switchboard_core::{Actor, Millis, PersonId};

use crate::audit::{self, Subject};
use crate::letter_text::Deed;
use crate::session::check_fresh;
use crate::{Desk, Error, SignedIn, account, secret};

/// So many recovery codes are made at once.
const CODES: usize = 10;
/// Characters of a recovery code: five bits each, 80 together.
const CODE_LENGTH: usize = 16;

/// What somebody has beside their password.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Factors {
    /// Since when an authenticator app; `None`: they have none.
    pub totp_since: Option<Millis>,
    /// Their passkeys.
    pub passkeys: Vec<MyPasskey>,
    /// How many recovery codes are left.
    pub recovery_codes: i64,
}

impl Factors {
    /// Signing in takes two steps.
    pub fn any(&self) -> bool {
        self.totp_since.is_some() || !self.passkeys.is_empty()
    }
}

/// A passkey as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MyPasskey {
    /// The credential's id.
    pub id: Vec<u8>,
    /// What they call it.
    pub name: String,
    /// Since when.
    pub created_at: Millis,
    /// When it was last used.
    pub used_at: Option<Millis>,
}

/// A recovery code as people type it, without what stands between.
fn normal(code: &str) -> String {
    code.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// What is stored of a recovery code.
pub(crate) fn code_hash(code: &str) -> Vec<u8> {
    secret::hash(&format!("recovery:{}", normal(code)))
}

/// Fresh recovery codes, in groups of four.
pub(crate) fn make_codes() -> Result<Vec<String>, Error> {
    // Letters and figures that are not taken for each other.
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz123456789";
    (0..CODES)
        .map(|_| {
            let random = secret::random::<CODE_LENGTH>()?;
            let mut code = String::new();
            for (i, byte) in random.iter().enumerate() {
                if i > 0 && i % 4 == 0 {
                    code.push('-');
                }
                code.push(char::from(LETTERS[usize::from(byte % 32)]));
            }
            Ok(code)
        })
        .collect()
}

/// Stores codes in place of those there are.
pub(crate) fn keep_codes(
    c: &mut Conn<'_>,
    person: PersonId,
    codes: &[String],
) -> Result<(), Error> {
    let hashes: Vec<Vec<u8>> = codes.iter().map(|code| code_hash(code)).collect();
    Ok(store::factor::set_recovery_codes(c, person, &hashes)?)
}

/// After a factor went: without any, recovery codes have nothing to recover.
pub(crate) fn tidy(c: &mut Conn<'_>, person: PersonId) -> Result<(), Error> {
    if store::factor::kinds(c, person)? == (false, 0) {
        store::factor::set_recovery_codes(c, person, &[])?;
    }
    Ok(())
}

impl Desk {
    /// What a person has beside their password.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn factors(&self, person: PersonId) -> Result<Factors, Error> {
        self.0
            .db
            .read(move |c| {
                Ok(Factors {
                    totp_since: store::factor::totp(c, person)?.and_then(|t| t.secret.and(t.since)),
                    passkeys: store::factor::passkeys(c, person)?
                        .into_iter()
                        .map(|k| MyPasskey {
                            id: k.id,
                            name: k.name,
                            created_at: k.created_at,
                            used_at: k.used_at,
                        })
                        .collect(),
                    recovery_codes: store::factor::recovery_codes_left(c, person)?,
                })
            })
            .await
    }

    /// Makes new recovery codes; the old ones work no more. They are shown
    /// now and never again.
    ///
    /// # Errors
    /// When there is no factor to recover from, or they have to prove first
    /// who they are.
    pub async fn new_recovery_codes(&self, who: &SignedIn) -> Result<Vec<String>, Error> {
        let now = self.now();
        check_fresh(who, now)?;
        let (me, desk, codes) = (who.person.clone(), self.clone(), make_codes()?);
        let keep = codes.clone();
        self.0
            .db
            .write(move |c| {
                if store::factor::kinds(c, me.id)? == (false, 0) {
                    return Err(Error::Conflict(
                        "recovery codes come with a second factor: add one first".into(),
                    ));
                }
                keep_codes(c, me.id, &keep)?;
                account::record(c, &me, now, "person.recovery_codes_made", &json!({}))?;
                account::tell(&desk, c, &me, Deed::CodesMade)
            })
            .await?;
        self.wake();
        Ok(codes)
    }

    /// Takes every second factor from a person who lost them, by an
    /// administrator's word. They sign in with their password alone then, so
    /// every session of theirs ends.
    ///
    /// # Errors
    /// When the actor is no administrator, or there is no such person.
    pub async fn clear_factors(&self, actor: &Actor, person: PersonId) -> Result<(), Error> {
        if !actor.admin && !actor.is_system() {
            return Err(Error::Forbidden(
                "only administrators may take second factors from somebody".into(),
            ));
        }
        let (now, desk, actor) = (self.now(), self.clone(), actor.clone());
        self.0
            .db
            .write(move |c| {
                let whose = store::person::load(c, person)?
                    .ok_or_else(|| Error::not_found("such person"))?;
                if !store::factor::delete_all(c, person)? {
                    return Err(Error::Conflict("they have no second factor".into()));
                }
                crate::sign_in::shut_out(c, person, &[])?;
                let (what, of) = ("person.factors_cleared", Subject::Person(person));
                audit::record(c, &actor, now, what, &of, &json!({}))?;
                account::tell(&desk, c, &whose, Deed::FactorsRemoved)
            })
            .await?;
        self.forget_actors();
        self.wake();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recovery_codes_differ_and_are_read_as_people_type_them() {
        let codes = make_codes().unwrap();
        let different: std::collections::BTreeSet<&String> = codes.iter().collect();
        assert_eq!(different.len(), CODES);
        assert_eq!(codes[0].len(), CODE_LENGTH + 3);
        let typed = codes[0].replace('-', " ").to_uppercase();
        assert_eq!(code_hash(&typed), code_hash(&codes[0]));
        assert_ne!(code_hash(&codes[0]), code_hash(&codes[1]));
    }
}
