//! Passwords: which are taken, and how they are kept.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};

use crate::Error;

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

/// Refuses passwords that are too short, too long, of one kind of character
/// repeated, or made of the person's own name or address.
pub(crate) fn check(password: &str, about: &[&str]) -> Result<(), Error> {
    let length = password.chars().count();
    let refuse = |problem: String| Err(Error::invalid("password", problem));
    if length < PASSWORD_MIN {
        return refuse(format!(
            "has {length} characters; use at least {PASSWORD_MIN}"
        ));
    }
    if length > PASSWORD_MAX {
        return refuse(format!(
            "has {length} characters; use at most {PASSWORD_MAX}"
        ));
    }
    let lower = password.to_lowercase();
    let distinct: std::collections::BTreeSet<char> = lower.chars().collect();
    if distinct.len() < 5 {
        return refuse("uses too few different characters".into());
    }
    if ["password", "switchboard", "12345678", "qwertyui"]
        .iter()
        .any(|w| lower.replace(w, "").chars().count() < 4)
    {
        return refuse("is one of the first that anybody would try".into());
    }
    if about
        .iter()
        .any(|a| a.len() >= 4 && lower == a.to_lowercase())
    {
        return refuse("is the name or address".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_passwords_are_refused_with_a_reason() {
        for weak in [
            "short",
            "aaaaaaaaaaaa",
            "password123",
            "someone@example.org",
        ] {
            assert!(check(weak, &["someone@example.org"]).is_err(), "{weak}");
        }
        assert!(check("three brown kettles", &[]).is_ok());
    }
}
