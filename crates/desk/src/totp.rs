//! Codes of an authenticator app (RFC 6238): six digits, every 30 seconds.

use serde_json::json;
use store::Conn;
use switchboard_core::{Millis, PersonId};
use totp_rs::{Algorithm, Builder, Secret, Totp};

use crate::letter_text::Deed;
use crate::session::check_fresh;
use crate::{Desk, Error, SignedIn, account, factor, secret};

/// How long a secret that was shown waits for its first code.
const OFFER_MS: Millis = 15 * 60_000;
/// Clocks may be wrong by so many steps of 30 s (bar S-07: 60 s).
const SKEW: u16 = 2;

/// A secret to be put into an authenticator app.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpOffer {
    /// The secret as people type it, in groups of four.
    pub secret: String,
    /// The same for a QR code: `otpauth://totp/…`.
    pub url: String,
}

fn app(secret: Vec<u8>) -> Result<Totp, Error> {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(SKEW)
        .with_step_duration(30)
        .with_secret(secret)
        .build()
        .map_err(|e| Error::Internal(format!("a secret of an authenticator app: {e}")))
}

/// The step whose code it is; `None`: of none that is near.
fn step_of(secret: Vec<u8>, code: &str, now: Millis) -> Result<Option<i64>, Error> {
    let seconds = u64::try_from(now / 1_000).unwrap_or(0);
    let step = app(secret)?.check(code, seconds);
    Ok(step.and_then(|s| i64::try_from(s).ok()))
}

/// Uses up a code of a person. `false`: it is wrong, or was used.
pub(crate) fn use_code(
    desk: &Desk,
    c: &mut Conn<'_>,
    person: PersonId,
    code: &str,
    now: Millis,
) -> Result<bool, Error> {
    let Some(secret) = store::factor::totp(c, person)?.and_then(|t| t.secret) else {
        return Ok(false);
    };
    let secret = desk.open_seed(person, &secret)?;
    match step_of(secret, code, now)? {
        Some(step) => Ok(store::factor::use_totp_step(c, person, step)?),
        None => Ok(false),
    }
}

/// Percent-encodes what stands in an `otpauth` address.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || b"-._~@".contains(&b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

impl Desk {
    /// Begins to add an authenticator app: keeps a fresh secret until its first
    /// code comes. An app that is there stays until then.
    ///
    /// # Errors
    /// When they have to prove first who they are.
    pub async fn begin_totp(&self, who: &SignedIn) -> Result<(), Error> {
        let now = self.now();
        check_fresh(who, now)?;
        let me = who.person.id;
        let fresh = self.seal_seed(me, &secret::random::<20>()?)?;
        self.0
            .db
            .write(move |c| store::factor::offer_totp(c, me, &fresh, now).map_err(Error::from))
            .await
    }

    /// The secret that waits for its first code; `None`: none does.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn totp_offer(&self, who: &SignedIn) -> Result<Option<TotpOffer>, Error> {
        let (me, now) = (who.person.id, self.now());
        check_fresh(who, now)?;
        let desk = self.clone();
        let fresh = self.0.db.read(move |c| waiting(&desk, c, me, now)).await?;
        let Some(fresh) = fresh else { return Ok(None) };
        let secret = Secret::new(fresh.into_boxed_slice()).to_base32();
        let issuer = encoded(&self.config().name);
        let account = encoded(who.person.email.as_deref().unwrap_or(&who.person.name));
        let url = format!(
            "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1\
             &digits=6&period=30"
        );
        let letters: Vec<char> = secret.chars().collect();
        let groups: Vec<String> = letters.chunks(4).map(|g| g.iter().collect()).collect();
        Ok(Some(TotpOffer {
            secret: groups.join(" "),
            url,
        }))
    }

    /// Adds the authenticator app with its first code. With the first factor
    /// come recovery codes, which are shown now and never again.
    ///
    /// # Errors
    /// When the code is wrong, none waits any more, or they have to prove first
    /// who they are.
    pub async fn confirm_totp(
        &self,
        who: &SignedIn,
        code: &str,
    ) -> Result<Option<Vec<String>>, Error> {
        let now = self.now();
        check_fresh(who, now)?;
        let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        let (me, desk, codes) = (who.person.clone(), self.clone(), factor::make_codes()?);
        let made = self
            .0
            .db
            .write(move |c| {
                let fresh = waiting(&desk, c, me.id, now)?.ok_or_else(|| {
                    Error::Conflict("no authenticator app waits for its code: begin again".into())
                })?;
                let Some(step) = step_of(fresh, &code, now)? else {
                    return Err(Error::invalid(
                        "code",
                        "is not the one of now: look whether the clock of your device is right",
                    ));
                };
                let first = store::factor::kinds(c, me.id)? == (false, 0);
                store::factor::confirm_totp(c, me.id, step, now)?;
                if first {
                    factor::keep_codes(c, me.id, &codes)?;
                }
                let detail = json!({"kind": "totp"});
                account::record(c, &me, now, "person.factor_added", &detail)?;
                account::tell(&desk, c, &me, Deed::AppAdded)?;
                Ok(first.then(|| codes.clone()))
            })
            .await?;
        self.wake();
        Ok(made)
    }

    /// Removes the authenticator app.
    ///
    /// # Errors
    /// When there is none, or they have to prove first who they are.
    pub async fn remove_totp(&self, who: &SignedIn) -> Result<(), Error> {
        let now = self.now();
        check_fresh(who, now)?;
        let (me, desk) = (who.person.clone(), self.clone());
        self.0
            .db
            .write(move |c| {
                if !store::factor::delete_totp(c, me.id)? {
                    return Err(Error::not_found("authenticator app"));
                }
                factor::tidy(c, me.id)?;
                let detail = json!({"kind": "totp"});
                account::record(c, &me, now, "person.factor_removed", &detail)?;
                account::tell(&desk, c, &me, Deed::AppRemoved)
            })
            .await?;
        self.wake();
        Ok(())
    }
}

/// The secret that was shown and is not too old.
fn waiting(
    desk: &Desk,
    c: &mut Conn<'_>,
    person: PersonId,
    now: Millis,
) -> Result<Option<Vec<u8>>, Error> {
    let stored = store::factor::totp(c, person)?.and_then(|t| {
        let young = t.fresh_at.is_some_and(|at| now - at < OFFER_MS);
        t.fresh.filter(|_| young)
    });
    stored
        .map(|stored| desk.open_seed(person, &stored))
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of RFC 6238, appendix B, cut to six digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = b"12345678901234567890".to_vec();
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (2_000_000_000, "279037"),
        ] {
            let step = step_of(secret.clone(), code, seconds * 1_000).unwrap();
            assert_eq!(step, Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn clocks_may_be_a_minute_wrong_and_no_more() {
        let secret = b"12345678901234567890".to_vec();
        let code = "287082";
        let at = |seconds: i64| step_of(secret.clone(), code, seconds * 1_000).unwrap();
        assert_eq!(at(59 + 60), Some(1));
        assert_eq!(at(59 + 90), None);
    }

    #[test]
    fn names_are_encoded() {
        assert_eq!(encoded("EGI Desk: a&b"), "EGI%20Desk%3A%20a%26b");
    }
}
