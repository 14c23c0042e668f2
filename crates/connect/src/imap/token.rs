//! Tokens by which the desk signs in to a mail server, instead of a password.

use std::fmt;

use openidconnect::http;
use serde::Deserialize;

use crate::guard::Guard;
use crate::imap::Trouble;

/// Largest answer of a giver of tokens.
const MOST_TOKEN: usize = 64 * 1024;

/// Where tokens come from.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenGiver {
    /// Its token endpoint.
    pub url: String,
    /// How it calls this desk.
    pub client_id: String,
    /// What it knows this desk by; may be empty.
    pub client_secret: String,
    /// What lets the desk act for somebody; `None`: it acts as itself.
    pub refresh_token: Option<String>,
    /// What is asked for; may be empty.
    pub scope: String,
}

impl fmt::Debug for TokenGiver {
    /// Secrets never reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenGiver")
            .field("url", &self.url)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

/// What is asked, as a form.
fn asked(giver: &TokenGiver) -> Vec<u8> {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    match &giver.refresh_token {
        Some(refresh) => form
            .append_pair("grant_type", "refresh_token")
            .append_pair("refresh_token", refresh),
        None => form.append_pair("grant_type", "client_credentials"),
    };
    form.append_pair("client_id", &giver.client_id);
    for (name, value) in [
        ("client_secret", &giver.client_secret),
        ("scope", &giver.scope),
    ] {
        if !value.is_empty() {
            form.append_pair(name, value);
        }
    }
    form.finish().into_bytes()
}

/// A fresh access token (RFC 6749 sections 4.4 and 6).
///
/// # Errors
/// Says what the giver said.
pub async fn token(guard: &Guard, giver: &TokenGiver) -> Result<String, Trouble> {
    let body = asked(giver);
    let wrong = |why: String| Trouble::Unreachable(format!("no token from {}: {why}", giver.url));
    let request = http::Request::post(&giver.url)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "application/json")
        .body(body)
        .map_err(|e| wrong(e.to_string()))?;
    let answer = guard
        .call(request, MOST_TOKEN)
        .await
        .map_err(|e| wrong(e.to_string()))?;
    let status = answer.status();
    let read: TokenAnswer = serde_json::from_slice(answer.body())
        .map_err(|_| wrong(format!("it answered {status}, and no JSON")))?;
    match read.access_token.filter(|t| !t.is_empty()) {
        Some(token) if status.is_success() => Ok(token),
        _ => {
            let said = [read.error, read.error_description].map(Option::unwrap_or_default);
            Err(wrong(format!("{status} {}", said.join(" ").trim())))
        }
    }
}
