//! Calls to a partner's desk: guarded, and each of them signed.

use std::time::Duration;

use openidconnect::http::{Request, header};
use serde_json::Value;

use crate::guard::{Fault as Down, Guard};
use crate::signature::{self, Message, SigningKey};

/// How long a partner may take over a file, and over anything else.
const PATIENCE: Duration = Duration::from_secs(120);
/// Bytes of an answer that are read, but for files.
pub const LARGEST_ANSWER: usize = 8 * 1024 * 1024;
/// The headers of a signature.
pub const INPUT: &str = "signature-input";
/// Likewise.
pub const SIGNATURE: &str = "signature";
/// The digest of the body.
pub const DIGEST: &str = "content-digest";

/// Why a partner did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It was not reached, or did not answer in time: whether it did it nobody knows.
    #[error("{0}")]
    Down(#[from] Down),
    /// It answered that it does not.
    #[error("it answers {status}: {said}")]
    Refused {
        /// The status of HTTP.
        status: u16,
        /// What it said, in words.
        said: String,
    },
}

/// What makes a signature count now and once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// Seconds since 1970.
    pub now: i64,
    /// 16 characters at least, others each time.
    pub nonce: String,
}

/// A call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The path below the desk's address, as it stands in the request.
    pub path: &'a str,
    /// What stands behind the `?`; empty: nothing.
    pub query: &'a str,
    /// The type of the body.
    pub media_type: &'a str,
    /// It.
    pub body: Vec<u8>,
}

impl<'a> Call<'a> {
    /// A call that only reads.
    pub fn get(path: &'a str, query: &'a str) -> Call<'a> {
        Call {
            method: "GET",
            path,
            query,
            media_type: "application/json",
            body: Vec::new(),
        }
    }

    /// A call with JSON.
    pub fn post(path: &'a str, body: Vec<u8>) -> Call<'a> {
        Call {
            method: "POST",
            body,
            ..Call::get(path, "")
        }
    }
}

/// Another desk, as this one calls it.
pub struct PeerDesk<'a> {
    /// What keeps calls out of the operator's own network.
    pub guard: &'a Guard,
    /// What this desk signs with.
    pub key: &'a SigningKey,
    /// This desk's name.
    pub me: &'a str,
    /// Where the other is reached, without a slash at the end.
    pub base_url: &'a str,
    /// The other's name.
    pub to: &'a str,
}

impl PeerDesk<'_> {
    /// The headers that sign a call, with their names.
    pub fn signed(&self, call: &Call<'_>, once: &Once) -> [(&'static str, String); 4] {
        let digest = signature::content_digest(&call.body);
        let message = Message {
            method: call.method,
            path: call.path,
            query: call.query,
            content_digest: &digest,
            to: self.to,
        };
        let signed = signature::sign(self.key, self.me, &message, once.now, &once.nonce);
        [
            (INPUT, signed.input),
            (SIGNATURE, signed.signature),
            (signature::TO, self.to.to_owned()),
            (DIGEST, digest),
        ]
    }

    /// Calls, and gives back the body of the answer, of at most `limit` bytes.
    ///
    /// # Errors
    /// Says whether it was not reached or refused.
    pub async fn call(&self, call: Call<'_>, once: &Once, limit: usize) -> Result<Vec<u8>, Fault> {
        let headers = self.signed(&call, once);
        let (status, body) = self.send(call, &headers, limit).await?;
        if (200..300).contains(&status) {
            return Ok(body);
        }
        Err(Fault::Refused {
            status,
            said: told(&body),
        })
    }

    /// Calls with these headers, whatever they are, and gives back status and body.
    ///
    /// # Errors
    /// When it is not reached.
    pub async fn send(
        &self,
        call: Call<'_>,
        headers: &[(&'static str, String)],
        limit: usize,
    ) -> Result<(u16, Vec<u8>), Fault> {
        let mut url = format!("{}{}", self.base_url, call.path);
        if !call.query.is_empty() {
            url.push('?');
            url.push_str(call.query);
        }
        let large = limit > LARGEST_ANSWER || call.body.len() > LARGEST_ANSWER;
        let mut request = Request::builder()
            .method(call.method)
            .uri(url)
            .header(header::CONTENT_TYPE, call.media_type);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request
            .body(call.body)
            .map_err(|e| Down::Refused(format!("{} can not be called: {e}", self.base_url)))?;
        let patient;
        let guard = if large {
            patient = self
                .guard
                .apart(None, PATIENCE)
                .map_err(Down::Unreachable)?;
            &patient
        } else {
            self.guard
        };
        let answer = guard.exchange(request, limit).await?;
        Ok((answer.status().as_u16(), answer.into_body()))
    }
}

/// What a problem (RFC 9457) says, in words; nothing of any other answer.
fn told(body: &[u8]) -> String {
    let problem: Value = serde_json::from_slice(body).unwrap_or_default();
    let mut words: Vec<&str> = ["title", "detail"]
        .iter()
        .filter_map(|key| problem[*key].as_str())
        .collect();
    let fields = problem["errors"].as_array().map(Vec::as_slice);
    for field in fields.unwrap_or_default() {
        words.extend(
            ["field", "problem"]
                .iter()
                .filter_map(|k| field[*k].as_str()),
        );
    }
    let said = words.join(": ");
    match said.is_empty() {
        true => "without saying why".to_owned(),
        false => said.chars().filter(|c| !c.is_control()).take(500).collect(),
    }
}
