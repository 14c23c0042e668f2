//! Calls to an API that speaks JSON: what one says, and what an answer means
//! before anybody reads its words.

use std::time::Duration;

use openidconnect::http::{HeaderMap, Method, Request, Response, header, request};
use serde_json::Value;
use sha2::Digest as _;
use url::form_urlencoded::Serializer;

use crate::guard::Fault;
use crate::tracker::{Error, NewAttachment};

/// A call that only reads is made again at once when nobody answers: a line that
/// loses one packet in ten would else stop a reading of many calls again and again.
const AGAIN: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];

/// A request below the address of an API.
pub(super) struct Call<'a> {
    method: Method,
    path: String,
    query: Vec<(&'a str, String)>,
    body: Option<Value>,
    /// A form of several parts: its type, and its bytes.
    form: Option<(String, Vec<u8>)>,
    version: Option<&'a str>,
    /// It lies beside the API and not below it.
    pub(super) beside: bool,
    /// Bytes of an answer that are read.
    pub(super) largest: usize,
    /// It changes nothing there.
    pub(super) reads: bool,
    pub(super) kind: Kind,
}

impl<'a> Call<'a> {
    pub(super) fn new(method: Method, path: impl Into<String>) -> Call<'a> {
        Call {
            reads: method == Method::GET,
            method,
            path: path.into(),
            query: Vec::new(),
            body: None,
            form: None,
            version: None,
            beside: false,
            largest: 4 * 1024 * 1024,
            kind: Kind::Json,
        }
    }

    pub(super) fn get(path: impl Into<String>) -> Call<'a> {
        Call::new(Method::GET, path)
    }

    pub(super) fn with(mut self, name: &'a str, value: impl Into<String>) -> Call<'a> {
        self.query.push((name, value.into()));
        self
    }

    pub(super) fn body(mut self, body: Value) -> Call<'a> {
        self.body = Some(body);
        self
    }

    /// Only if it is still at this version.
    pub(super) fn version(mut self, version: Option<&'a str>) -> Call<'a> {
        self.version = version;
        self
    }

    /// It changes nothing there, although it is no GET.
    pub(super) fn reading(mut self) -> Call<'a> {
        self.reads = true;
        self
    }

    /// The request at an address, and the bytes of its body.
    pub(super) fn request(&self, address: &str) -> (request::Builder, Vec<u8>) {
        let mut address = format!("{address}{}", self.path);
        if !self.query.is_empty() {
            let mut query = Serializer::new(String::new());
            query.extend_pairs(&self.query);
            address = format!("{address}?{}", query.finish());
        }
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(address)
            .header(header::ACCEPT, "application/json");
        if let Some(version) = self.version {
            request = request.header(header::IF_MATCH, version);
        }
        if self.body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some((kind, bytes)) = &self.form {
            return (request.header(header::CONTENT_TYPE, kind), bytes.clone());
        }
        let body = self.body.as_ref().map(Value::to_string).unwrap_or_default();
        (request, body.into_bytes())
    }

    /// Brings a file, as a form's field of this name (RFC 7578).
    pub(super) fn file_to(mut self, field: &str, file: &NewAttachment) -> Call<'a> {
        let plain = |c: char| {
            if c.is_control() || "\"\\/".contains(c) {
                '_'
            } else {
                c
            }
        };
        let name: String = file.name.chars().map(plain).collect();
        let kind = media_type(&file.content_type);
        let hash = sha2::Sha256::digest(&file.bytes);
        // It has to be in nothing that the file can be made of.
        let boundary: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut bytes = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\n\
             Content-Type: {kind}\r\n\r\n"
        )
        .into_bytes();
        bytes.extend_from_slice(&file.bytes);
        bytes.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        let kind = format!("multipart/form-data; boundary={boundary}");
        self.form = Some((kind, bytes));
        self
    }

    /// Its answer is a file of up to so many bytes.
    pub(super) fn file(self, largest: usize) -> Call<'a> {
        Call {
            kind: Kind::File,
            largest,
            ..self
        }
    }

    /// What it asks for may have moved, or be gone.
    pub(super) fn movable(self) -> Call<'a> {
        Call {
            kind: Kind::Movable,
            ..self
        }
    }

    /// At the system's own address and not below its API's.
    pub(super) fn beside(mut self) -> Call<'a> {
        self.beside = true;
        self
    }

    /// Reads answers of up to so many bytes.
    pub(super) fn largest(mut self, bytes: usize) -> Call<'a> {
        self.largest = bytes;
        self
    }
}

/// An answer that the system itself gave.
pub(super) struct Reply {
    system: &'static str,
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// Null when it is no JSON.
    pub(super) json: Value,
    pub(super) body: Vec<u8>,
}

impl Reply {
    pub(super) fn system(&self) -> &'static str {
        self.system
    }

    /// A header as text, or empty.
    pub(super) fn header(&self, name: header::HeaderName) -> &str {
        text_of(&self.headers, name)
    }

    /// Whether there is another page after this one (`Link`, RFC 8288).
    pub(super) fn goes_on(&self) -> bool {
        let links = self.header(header::LINK).split(',');
        links.into_iter().any(|link| link.contains("rel=\"next\""))
    }

    /// What it said: of an error its message, of a change what it did.
    pub(super) fn words(&self) -> String {
        let mut said = Vec::new();
        if self.json.is_array() {
            gather(&self.json, "", &mut said);
        }
        // RT's name for it (GitHub's and GitLab's too), Zammad's two, the more
        // readable first.
        let first = ["message", "error_human", "error"];
        if let Some(message) = first
            .iter()
            .map(|name| &self.json[name])
            .find(|v| !v.is_null())
        {
            gather(message, "", &mut said);
        }
        // Which field of ours it was about: GitHub and Jira, and what Jira says at large.
        for more in ["errorMessages", "errors"] {
            gather(&self.json[more], "", &mut said);
        }
        let said = said.join("; ");
        said.chars().filter(|c| !c.is_control()).take(500).collect()
    }
}

/// Every text in what a system said, each with the name of its field.
fn gather(json: &Value, name: &str, into: &mut Vec<String>) {
    match json {
        Value::String(text) if name.is_empty() => into.push(text.clone()),
        Value::String(text) => into.push(format!("{name}: {text}")),
        Value::Array(all) => all.iter().for_each(|one| gather(one, name, into)),
        Value::Object(all) => all.iter().for_each(|(name, one)| gather(one, name, into)),
        _ => {}
    }
}

/// Passes an answer that is one.
pub(super) fn found(
    reply: Reply,
    what: &str,
    missing: impl Fn() -> String,
) -> Result<Reply, Error> {
    match reply.status {
        200..=299 => Ok(reply),
        403 => Err(Error::Forbidden {
            system: reply.system,
            what: what.to_owned(),
            words: reply.words(),
        }),
        404 => Err(Error::Missing {
            system: reply.system,
            what: missing(),
        }),
        _ => Err(not_taken(&reply)),
    }
}

pub(super) fn not_taken(reply: &Reply) -> Error {
    Error::NotTaken {
        system: reply.system,
        words: match reply.words() {
            words if words.is_empty() => format!("HTTP {}", reply.status),
            words => words,
        },
    }
}

/// A type as a header takes it.
pub(super) fn media_type(content_type: &str) -> &str {
    let bare = content_type.split(';').next().unwrap_or_default().trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/.+-_".contains(c);
    if bare.matches('/').count() == 1 && bare.chars().all(plain) {
        bare
    } else {
        "application/octet-stream"
    }
}

/// When it was given, by the system's own clock, in milliseconds since 1970; `None`
/// when the answer has no date.
pub(super) fn date(reply: &Reply) -> Option<i64> {
    date_of(&reply.headers)
}

/// The same of an answer's headers.
pub(super) fn date_of(headers: &HeaderMap) -> Option<i64> {
    let date = chrono::DateTime::parse_from_rfc2822(text_of(headers, header::DATE)).ok()?;
    Some(date.timestamp_millis())
}

/// Text or number as text; systems give ids both ways.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// `2026-11-27T06:49:12Z` in milliseconds since 1970; what is no time is 0, as
/// RT's own "never" is.
pub(super) fn time(value: &Value) -> i64 {
    let time = chrono::DateTime::parse_from_rfc3339(value.as_str().unwrap_or_default());
    time.map_or(0, |time| time.timestamp_millis())
}

pub(super) fn list(json: &Value) -> &[Value] {
    json.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text_of(headers: &HeaderMap, name: header::HeaderName) -> &str {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default()
}

/// Makes a call; one that only reads again at once when no answer comes.
pub(super) async fn patiently<T, F>(reads: bool, mut call: impl FnMut() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let mut again = AGAIN.into_iter().filter(|_| reads);
    loop {
        let done = call().await;
        match (&done, again.next()) {
            (Err(error), Some(pause)) if unanswered(error) => tokio::time::sleep(pause).await,
            _ => return done,
        }
    }
}

/// No answer came, and not because it took too long.
fn unanswered(error: &Error) -> bool {
    matches!(error, Error::Unreachable(Fault::Unreachable(_)))
}

pub(super) fn unsendable() -> Error {
    Error::Wrong("the address or the secret can not be sent".to_owned())
}

/// What the answer may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// JSON, or nothing at all.
    Json,
    /// The bytes of a file, if it is there.
    File,
    /// JSON of what may have moved elsewhere (301, 307), or be gone (410).
    Movable,
}

/// Sorts out what is no answer of that system's API.
pub(super) fn reply(
    system: &'static str,
    answer: Response<Vec<u8>>,
    kind: Kind,
) -> Result<Reply, Error> {
    if let Some(busy) = busy(system, &answer) {
        return Err(busy);
    }
    let (head, body) = answer.into_parts();
    let status = head.status.as_u16();
    let file = kind == Kind::File && head.status.is_success();
    let reply = Reply {
        system,
        status,
        headers: head.headers,
        json: if file {
            Value::Null
        } else {
            serde_json::from_slice(&body).unwrap_or_default()
        },
        body,
    };
    match status {
        401 => Err(Error::Secret { system, status }),
        300..=399 | 410 if kind == Kind::Movable => Ok(reply),
        300..=399 => Err(Error::Strange {
            system,
            why: match text_of(&reply.headers, header::LOCATION) {
                "" => "it sends us elsewhere".to_owned(),
                to => format!("it sends us to {to}"),
            },
        }),
        500.. => Err(Error::Failed {
            system,
            status,
            words: match reply.words() {
                words if words.is_empty() => "its log says why".to_owned(),
                words => words,
            },
        }),
        // Jira says of some things no more than that they were made.
        201 if reply.body.is_empty() => Ok(reply),
        _ if reply.json.is_null() && !file && status != 204 => Err(Error::Strange {
            system,
            why: format!("HTTP {status} with something that is no JSON"),
        }),
        _ => Ok(reply),
    }
}

pub(super) fn busy(system: &'static str, answer: &Response<Vec<u8>>) -> Option<Error> {
    let status = answer.status().as_u16();
    let headers = answer.headers();
    // GitHub has no other status for who asks too much than for who may not.
    let spent = text_of(headers, REMAINING) == "0";
    let limited = status == 403 && (spent || headers.contains_key(header::RETRY_AFTER));
    (limited || matches!(status, 429 | 502..=504)).then(|| Error::Busy {
        system,
        status,
        after: after(headers).or_else(|| if spent { reset(headers) } else { None }),
    })
}

/// What is left of the calls of this hour: GitHub and Jira.
const REMAINING: header::HeaderName = header::HeaderName::from_static("x-ratelimit-remaining");
/// When there are more: seconds since 1970, or a time as it is written.
const RESET: header::HeaderName = header::HeaderName::from_static("x-ratelimit-reset");

fn reset(headers: &HeaderMap) -> Option<Duration> {
    let value = text_of(headers, RESET);
    let then = match value.parse::<i64>() {
        Ok(seconds) => chrono::DateTime::from_timestamp(seconds, 0)?,
        Err(_) => chrono::DateTime::parse_from_rfc3339(value).ok()?.to_utc(),
    };
    let now = chrono::DateTime::parse_from_rfc2822(text_of(headers, header::DATE)).ok()?;
    Some((then - now.to_utc()).to_std().unwrap_or_default())
}

/// `Retry-After`: seconds, or a date against the answer's own.
fn after(headers: &HeaderMap) -> Option<Duration> {
    let value = text_of(headers, header::RETRY_AFTER).trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let then = chrono::DateTime::parse_from_rfc2822(value).ok()?;
    let now = chrono::DateTime::parse_from_rfc2822(text_of(headers, header::DATE)).ok()?;
    Some((then - now).to_std().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Response<Vec<u8>> {
        let mut answer = Response::builder().status(status);
        for (name, value) in headers {
            answer = answer.header(*name, *value);
        }
        answer.body(body.as_bytes().to_vec()).unwrap()
    }

    fn refused(answer: Response<Vec<u8>>) -> Error {
        reply("RT", answer, Kind::Json).err().expect("an error")
    }

    #[test]
    fn who_is_busy_says_for_how_long() {
        let date = ("date", "Fri, 27 Nov 2026 07:00:00 GMT");
        let later = ("retry-after", "Fri, 27 Nov 2026 07:02:00 GMT");
        for (headers, after) in [
            (vec![], None),
            (vec![("retry-after", "30")], Some(30)),
            (vec![date, later], Some(120)),
            (vec![date, ("retry-after", date.1)], Some(0)),
            (vec![later], None),
            (vec![("retry-after", "soon")], None),
        ] {
            let error = refused(answer(503, &headers, ""));
            let after = after.map(Duration::from_secs);
            let expected = Error::Busy {
                system: "RT",
                status: 503,
                after,
            };
            assert_eq!(error, expected, "{headers:?}");
            assert_eq!(error.again(), crate::tracker::Again::Later(after));
        }
        // Who has asked too much this hour is told so as who may not ask, by GitHub.
        let spent = ("x-ratelimit-remaining", "0");
        for (headers, after) in [
            (
                vec![date, spent, ("x-ratelimit-reset", "1795762860")],
                Some(60),
            ),
            (
                vec![date, spent, ("x-ratelimit-reset", "2026-11-27T07:02Z")],
                None,
            ),
            (
                vec![date, spent, ("x-ratelimit-reset", "2026-11-27T07:02:00Z")],
                Some(120),
            ),
            (vec![date, ("retry-after", "9")], Some(9)),
        ] {
            let expected = Error::Busy {
                system: "RT",
                status: 403,
                after: after.map(Duration::from_secs),
            };
            assert_eq!(
                refused(answer(403, &headers, "{}")),
                expected,
                "{headers:?}"
            );
        }
        let left = answer(403, &[("x-ratelimit-remaining", "9")], "{}");
        assert_eq!(reply("RT", left, Kind::Json).ok().unwrap().status, 403);
    }

    #[test]
    fn what_was_said_is_told_whichever_way() {
        for (said, words) in [
            (r#"{"message": "Not Found"}"#, "Not Found"),
            (r#"{"error": "x", "error_human": "y"}"#, "y"),
            (r#"["one", "two"]"#, "one; two"),
            (
                r#"{"message": "Failed", "errors": [{"field": "title", "code": "missing"}]}"#,
                "Failed; code: missing; field: title",
            ),
            (r#"{"message": {"title": ["is blank"]}}"#, "title: is blank"),
            (
                r#"{"errorMessages": ["no"], "errors": {"summary": "empty"}}"#,
                "no; summary: empty",
            ),
        ] {
            let reply = reply("RT", answer(422, &[], said), Kind::Json)
                .ok()
                .unwrap();
            assert_eq!(reply.words(), words);
        }
    }

    #[test]
    fn what_is_no_answer_is_told_as_what_it_is() {
        let text = |status, headers: &[_], body| refused(answer(status, headers, body)).to_string();
        assert_eq!(
            text(401, &[], "{}"),
            "RT does not accept our secret (HTTP 401)"
        );
        assert_eq!(text(500, &[], ""), "RT failed (HTTP 500): its log says why");
        assert_eq!(
            text(200, &[], "<html>welcome</html>"),
            "what answers there is not RT: HTTP 200 with something that is no JSON"
        );
        assert_eq!(
            text(302, &[("location", "https://login.example/")], ""),
            "what answers there is not RT: it sends us to https://login.example/"
        );
    }
}
