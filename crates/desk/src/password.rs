//! Passwords: which are taken, and how they are kept.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};

use serde_json::json;
use store::person::Person;
use zxcvbn::{Score, zxcvbn};

use crate::letter_text::Deed;
use crate::sign_in::shut_out;
use crate::tries::{self, Limit};
use crate::{Desk, Error, SignedIn, account, session};

/// Shortest password that is taken (NIST SP 800-63B asks for 8 at least).
pub const PASSWORD_MIN: usize = 10;
/// Longest password that is taken, in characters.
const PASSWORD_MAX: usize = 200;

/// A hash that no password has, checked when there is no account, so that the
/// answer takes as long.
const DECOY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c3dpdGNoYm9hcmQtZGVjb3k$\
                     qwZ8nV1GgFbXJH3rO0c2Vb1kq0mCkN9X6tWcYb2m3oA";

/// The hash to keep of a password. Takes some 20 ms of a processor.
///
/// # Errors
/// When the system has no random numbers.
pub(crate) async fn hash(password: String) -> Result<String, Error> {
    tokio::task::spawn_blocking(move || {
        Argon2::default()
            .hash_password(password.as_bytes())
            .map(|hash| hash.to_string())
            .map_err(|e| Error::Internal(format!("password hash: {e}")))
    })
    .await
    .map_err(|e| Error::Internal(format!("password hash: {e}")))?
}

/// Whether the password is the hash's; without a hash it takes as long, and
/// is not.
///
/// # Errors
/// When the work can not be handed to another thread.
pub(crate) async fn verify(password: &str, hash: Option<String>) -> Result<bool, Error> {
    let known = hash.is_some();
    let hash = hash.unwrap_or_else(|| DECOY.to_owned());
    let password = password.to_owned();
    let right = tokio::task::spawn_blocking(move || {
        PasswordHash::new(&hash).is_ok_and(|parsed| {
            Argon2::default()
                .verify_password(password.as_bytes(), &parsed)
                .is_ok()
        })
    })
    .await
    .map_err(|e| Error::Internal(format!("password check: {e}")))?;
    Ok(right && known)
}

/// Refuses passwords that are too short or too long, that anybody would try
/// early (breached ones, words, names, dates, rows of keys, and plays on them),
/// or that are made of what is known about the person: `about`, their names
/// and addresses. After NIST SP 800-63B: no rules about kinds of characters.
///
/// # Errors
/// Says what would be right.
pub(crate) fn check(password: &str, about: &[&str]) -> Result<(), Error> {
    let length = password.chars().count();
    let refuse = |problem: &str| Err(Error::invalid("password", problem));
    if length < PASSWORD_MIN {
        return refuse(&format!(
            "has {length} characters; use at least {PASSWORD_MIN}"
        ));
    }
    if length > PASSWORD_MAX {
        return refuse(&format!(
            "has {length} characters; use at most {PASSWORD_MAX}"
        ));
    }
    let lower = password.to_lowercase();
    let own: Vec<String> = about
        .iter()
        .flat_map(|text| {
            let parts = text.split(|c: char| !c.is_alphanumeric());
            parts.chain([*text]).map(str::to_lowercase)
        })
        .filter(|word| word.chars().count() >= 3)
        .collect();
    // What is left when the person's own words are taken out has to be a
    // password of its own.
    let mut rest = lower.clone();
    let mut longest: Vec<&String> = own.iter().collect();
    longest.sort_by_key(|word| std::cmp::Reverse(word.len()));
    for word in longest {
        rest = rest.replace(word.as_str(), "");
    }
    if rest != lower && rest.chars().count() < PASSWORD_MIN - 2 {
        return refuse(
            "is made of your own name or address; use words that have nothing to do with you",
        );
    }
    let mut words: Vec<&str> = own.iter().map(String::as_str).collect();
    words.extend(["switchboard", "helpdesk", "ticket"]);
    // Only the beginning: the estimate takes long for long texts.
    let beginning: String = password.chars().take(64).collect();
    if zxcvbn(&beginning, &words).score() < Score::Three {
        return refuse(
            "is one that would be tried early; use three or four words that do not belong together",
        );
    }
    Ok(())
}

/// So many wrong passwords of somebody who is signed in are free.
const PROOF_TRIES: i64 = 8;

impl Desk {
    /// Checks the password of somebody who is signed in; guesses are counted.
    async fn check_own(&self, who: &SignedIn, password: &str, field: &str) -> Result<(), Error> {
        let (me, now) = (who.person.id, self.now());
        let limits = vec![Limit::guesses(format!("proof:{}", me.0), PROOF_TRIES)];
        let early = limits.clone();
        let hash = self
            .0
            .db
            .read(move |c| {
                tries::check(c, &early, now)?;
                store::person::password_hash(c, me).map_err(Error::from)
            })
            .await?;
        let right = verify(password, hash).await?;
        let forgiven = limits.first().map(|l| l.subject.clone());
        self.settle(limits, right, forgiven).await?;
        if right {
            Ok(())
        } else {
            Err(Error::invalid(field, "is not your password"))
        }
    }

    /// Proves again who they are, with the password. Returns the session's new
    /// secret.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a wrong password, [`Error::TooMany`] after many.
    pub async fn prove_password(&self, who: &SignedIn, password: &str) -> Result<String, Error> {
        self.check_own(who, password, "password").await?;
        self.renew_session(who, true).await
    }

    /// Changes one's own password. Every other session of theirs ends, as do
    /// links and sign-ins on their way. Returns the session's new secret.
    ///
    /// Who has no password yet has to have proved a moment ago who they are.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the old one is wrong or the new one too weak.
    pub async fn change_password(
        &self,
        who: &SignedIn,
        old: &str,
        new: &str,
    ) -> Result<String, Error> {
        if who.person.has_password {
            self.check_own(who, old, "old_password").await?;
        } else {
            session::check_fresh(who, self.now())?;
        }
        let me: Person = who.person.clone();
        let person = me.id;
        let addresses = self
            .0
            .db
            .read(move |c| store::person::emails(c, person).map_err(Error::from))
            .await?;
        let mut about: Vec<&str> = addresses.iter().map(|(a, _)| a.as_str()).collect();
        about.extend([me.name.as_str(), me.institute.as_str()]);
        check(new, &about)?;
        let hash = hash(new.to_owned()).await?;
        let (now, desk, here) = (self.now(), self.clone(), who.id_hash.clone());
        self.0
            .db
            .write(move |c| {
                store::person::set_password(c, me.id, &hash, now)?;
                let ended = shut_out(c, me.id, &here)?;
                let detail = json!({"sessions_ended": ended});
                account::record(c, &me, now, "person.password_changed", &detail)?;
                account::tell(&desk, c, &me, Deed::PasswordChanged)
            })
            .await?;
        self.forget_actors();
        self.wake();
        self.renew_session(who, true).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(password: &str, about: &[&str]) -> bool {
        check(password, about).is_ok()
    }

    #[test]
    fn weak_passwords_are_refused() {
        for weak in [
            "short",
            "aaaaaaaaaaaa",
            "password123",
            "Passw0rd2024!",
            "P@ssw0rd12345",
            "qwertyuiop",
            "1q2w3e4r5t6y",
            "iloveyou2023",
            "summer2024!",
            "letmein12345",
            "Switchboard1",
            "football1990",
            "abcdefghijkl",
            "monkeymonkey",
            "12.04.19871",
        ] {
            assert!(!taken(weak, &[]), "{weak}");
        }
    }

    #[test]
    fn good_passwords_are_taken_whatever_they_are_made_of() {
        for good in [
            "three brown kettles",
            "plain green tractor 71 north",
            "xK9#vLq2Zt",
            "Übermäßig viele Ölfässer",
            "ab7c-x9kd-22mq",
        ] {
            assert!(taken(good, &["someone@example.org", "Some One"]), "{good}");
        }
    }

    #[test]
    fn what_is_known_about_the_person_is_no_password() {
        let about = [
            "marta.kowalska@ug.example",
            "Marta Kowalska",
            "University of Gdansk",
        ];
        for own in [
            "marta.kowalska@ug.example",
            "MartaKowalska",
            "kowalska-marta-1",
            "Gdansk.Kowalska",
        ] {
            assert!(!taken(own, &about), "{own}");
        }
        assert!(taken("kowalska brews violet turbines", &about));
    }

    #[test]
    fn length_counts_characters() {
        assert!(!taken(&"ä".repeat(9), &[]));
        assert!(!taken(&"a1B!".repeat(60), &[]));
    }
}
