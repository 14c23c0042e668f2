//! What a request brings: path, query, headers, body. Everything is checked
//! here, and every refusal names the field and says what would be right.

use std::fmt;
use std::marker::PhantomData;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use desk::Error;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use sha2::{Digest as _, Sha256};
use switchboard_core::TicketNumber;
use uuid::Uuid;

use crate::AppState;
use crate::problem::Problem;

/// The names in the path.
#[derive(Debug)]
pub(crate) struct At(Vec<(String, String)>);

impl At {
    /// A part of the path as text.
    pub(crate) fn text(&self, key: &str) -> Result<&str, Problem> {
        self.0
            .iter()
            .find(|(k, _)| k == key)
            .map(|(_, v)| v.as_str())
            .ok_or_else(|| Problem::from(Error::Internal(format!("no {key} in the path"))))
    }

    /// The ticket's number.
    pub(crate) fn number(&self) -> Result<TicketNumber, Problem> {
        self.ticket("number")
    }

    /// A ticket's number under another name.
    pub(crate) fn ticket(&self, key: &str) -> Result<TicketNumber, Problem> {
        let text = self.text(key)?;
        text.parse()
            .ok()
            .filter(|n| *n > 0 && text.bytes().all(|b| b.is_ascii_digit()))
            .map(TicketNumber)
            .ok_or_else(|| {
                Problem::wrong_shape(key, "takes a ticket's number, a whole number from 1")
            })
    }

    /// A UUID.
    pub(crate) fn uuid(&self, key: &str) -> Result<Uuid, Problem> {
        Uuid::try_parse(self.text(key)?).map_err(|_| Problem::wrong_shape(key, "takes a UUID"))
    }
}

impl FromRequestParts<AppState> for At {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<At, Problem> {
        let raw = RawPathParams::from_request_parts(parts, app)
            .await
            .map_err(|_| Problem::malformed("the path is not UTF-8"))?;
        let found: Vec<_> = raw
            .iter()
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect();
        match found.iter().find(|(_, v)| v.contains('\0')) {
            Some((key, _)) => Err(Problem::wrong_shape(key, NUL)),
            None => Ok(At(found)),
        }
    }
}

const NUL: &str = "has a NUL character, which can not be stored";

/// The query, read into a closed struct: a filter that is misspelt is refused
/// rather than left out.
#[derive(Debug)]
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<AppState> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        let raw = parts.uri.query().unwrap_or_default();
        let decoded = percent_decoded(raw);
        if std::str::from_utf8(&decoded).is_err() {
            return Err(Problem::malformed("the query is not UTF-8"));
        }
        if decoded.contains(&0) {
            return Err(
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "a field is wrong")
                    .field(field_with_nul(raw), NUL),
            );
        }
        axum::extract::Query::<T>::try_from_uri(&parts.uri)
            .map(|q| Asked(q.0))
            .map_err(|rejection| {
                let text = rejection.body_text();
                let text = text
                    .split_once("query string: ")
                    .map_or(text.as_str(), |(_, rest)| rest);
                match text.split_once(": ") {
                    Some((path, message)) if !path.contains(' ') => blame(path, message),
                    _ => blame(".", text),
                }
            })
    }
}

/// The first name in a query whose value has a NUL.
fn field_with_nul(query: &str) -> String {
    query
        .split('&')
        .find(|pair| pair.contains("%00"))
        .and_then(|pair| pair.split('=').next())
        .unwrap_or("query")
        .chars()
        .take(60)
        .collect()
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let escaped = (bytes[i] == b'%')
            .then(|| bytes.get(i + 1..i + 3))
            .flatten()
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match escaped {
            Some(byte) => {
                out.push(byte);
                i += 3;
            }
            None => {
                out.push(bytes[i]);
                i += 1;
            }
        }
    }
    out
}

/// A JSON body.
#[derive(Debug)]
pub(crate) struct Body<T> {
    /// What it says.
    pub(crate) value: T,
    /// SHA-256 of the bytes, to recognise a repeated request.
    pub(crate) hash: Vec<u8>,
}

impl<T: DeserializeOwned> FromRequest<AppState> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not JSON")
                .detail("send Content-Type: application/json"));
        }
        let bytes = whole(request, app).await?;
        Ok(Body {
            value: read_json(&bytes)?,
            hash: Sha256::digest(&bytes).to_vec(),
        })
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let essence = essence(headers);
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// The media type without its parameters, in lower case; empty when there is
/// none.
pub(crate) fn essence(headers: &HeaderMap) -> String {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.split(';').next())
        .map(|v| v.trim().to_ascii_lowercase())
        .unwrap_or_default()
}

/// A whole body, within the limit of the route.
pub(crate) async fn whole(request: Request, app: &AppState) -> Result<Bytes, Problem> {
    Bytes::from_request(request, app)
        .await
        .map_err(|rejection| {
            let status = rejection.status();
            if status == StatusCode::PAYLOAD_TOO_LARGE {
                too_large()
            } else {
                Problem::malformed("the body broke off")
            }
        })
}

/// More than a route takes.
pub(crate) fn too_large() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too large").detail(
        "the body is larger than this path takes: 2 MiB of JSON, or one attachment of the size \
         that the operator allows",
    )
}

pub(crate) fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    refuse_nul(bytes)?;
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let Object(value) = serde_path_to_error::deserialize(&mut reader).map_err(|e| {
        let path = e.path().to_string();
        let inner = e.into_inner();
        if inner.is_data() {
            blame(&path, &inner.to_string())
        } else {
            Problem::malformed(format!("the body is not JSON: {inner}"))
        }
    })?;
    reader
        .end()
        .map_err(|e| Problem::malformed(format!("the body is not JSON: {e}")))?;
    Ok(value)
}

/// NUL can be written in JSON and stored nowhere.
fn refuse_nul(bytes: &[u8]) -> Result<(), Problem> {
    let escape = br"\u0000";
    if !bytes.windows(escape.len()).any(|w| w == escape) {
        return Ok(());
    }
    // Read whole only in this rare case; what is wrong otherwise is said later.
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(bytes) else {
        return Ok(());
    };
    match path_with_nul(&value) {
        Some(path) => {
            Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "a field is wrong").field(path, NUL))
        }
        None => Ok(()),
    }
}

fn path_with_nul(value: &serde_json::Value) -> Option<String> {
    use serde_json::Value;
    let join = |key: &str, rest: String| {
        if rest.is_empty() {
            key.to_owned()
        } else {
            format!("{key}.{rest}")
        }
    };
    match value {
        Value::String(text) => text.contains('\0').then(String::new),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(i, v)| path_with_nul(v).map(|rest| join(&i.to_string(), rest))),
        Value::Object(map) => map.iter().find_map(|(key, v)| {
            if key.contains('\0') {
                return Some(key.replace('\0', "\u{fffd}"));
            }
            path_with_nul(v).map(|rest| join(key, rest))
        }),
        _ => None,
    }
}

/// How serde says that the shape is wrong. What does not begin like this is a
/// sentence of ours about a value.
const SHAPE: [&str; 7] = [
    "invalid type",
    "invalid value",
    "invalid length",
    "invalid digit",
    "unknown field",
    "missing field",
    "duplicate field",
];

/// A problem from a path and serde's message about it.
fn blame(path: &str, message: &str) -> Problem {
    // " at line 1 column 7" helps nobody who has the path.
    let message = message
        .rsplit_once(" at line ")
        .map_or(message, |(text, _)| text);
    let path = if path == "." { "" } else { path };
    let named = message.split('`').nth(1).filter(|_| {
        ["unknown field", "missing field", "duplicate field"]
            .iter()
            .any(|start| message.starts_with(start))
    });
    let field = match named {
        Some(name) if path.is_empty() => name.to_owned(),
        Some(name) if path == name || path.ends_with(&format!(".{name}")) => path.to_owned(),
        Some(name) => format!("{path}.{name}"),
        None if path.is_empty() => "body".to_owned(),
        None => path.to_owned(),
    };
    let shape = SHAPE.iter().any(|start| message.starts_with(start))
        || message.starts_with("unknown variant")
        || message.starts_with("cannot parse")
        || message.starts_with("number ")
        || message.starts_with("provided string")
        || message.starts_with("data did not match")
        || message.starts_with("UUID parsing")
        || message.starts_with("wanted");
    let text = plain(message);
    if shape {
        Problem::wrong_shape(clip(&field), text)
    } else {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "a field is wrong").field(clip(&field), text)
    }
}

fn clip(text: &str) -> String {
    text.chars().take(100).collect()
}

/// Serde's message in the words of people who write JSON, not Rust.
fn plain(message: &str) -> String {
    let mut text = message.replace('`', "");
    if let Some(rest) = text.strip_prefix("unknown field ") {
        text = match rest.split_once(", expected one of ") {
            Some((name, known)) => format!("there is no field {name}; the fields are {known}"),
            None => match rest.split_once(", expected ") {
                Some((name, known)) => format!("there is no field {name}; the fields are {known}"),
                None => format!(
                    "there is no field {}; it takes none",
                    rest.split(',').next().unwrap_or(rest)
                ),
            },
        };
    } else if text.starts_with("missing field") {
        text = "is needed".into();
    } else if text.starts_with("duplicate field") {
        text = "is given twice".into();
    } else if let Some(rest) = text.strip_prefix("unknown variant ") {
        text = match rest.split_once(", expected one of ") {
            Some((name, known)) => format!("there is no {name}; use one of {known}"),
            None => format!("there is no {rest}"),
        };
    } else if text.starts_with("invalid digit") || text.starts_with("number ") {
        text = "takes a whole number".into();
    }
    for (rust, words) in [
        (
            "expected u32",
            "expected a whole number from 0 to 4294967295",
        ),
        ("expected u8", "expected a whole number from 0 to 255"),
        ("expected i64", "expected a whole number"),
        ("expected struct ", "expected an object: "),
        ("expected a sequence", "expected an array"),
        ("expected a map", "expected an object"),
        ("invalid type: map", "invalid type: object"),
        ("invalid type: sequence", "invalid type: array"),
    ] {
        text = text.replace(rust, words);
    }
    text.chars().take(600).collect()
}

/// A struct that comes as a JSON object and not, as serde would also take it,
/// as an array of its fields.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Only<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Only<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        d.deserialize_map(Only(PhantomData))
    }
}

/// A struct within a body, as an object only.
pub(crate) fn object<'de, T, D>(d: D) -> Result<T, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Object::deserialize(d).map(|o| o.0)
}

/// A struct within a body that may be left out or null.
pub(crate) fn maybe_object<'de, T, D>(d: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Ok(Option::<Object<T>>::deserialize(d)?.map(|o| o.0))
}

/// Structs within a body, as objects only.
pub(crate) fn objects<'de, T, D>(d: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Ok(Vec::<Object<T>>::deserialize(d)?
        .into_iter()
        .map(|o| o.0)
        .collect())
}

/// Structs within a body that may be left out or null, as objects only.
pub(crate) fn maybe_objects<'de, T, D>(d: D) -> Result<Option<Vec<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let all = Option::<Vec<Object<T>>>::deserialize(d)?;
    Ok(all.map(|all| all.into_iter().map(|o| o.0).collect()))
}

/// A whole number. In JSON `7.0` is one too.
struct Whole<T>(T);

impl<'de, T: TryFrom<i64>> Deserialize<'de> for Whole<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Number<T>(PhantomData<T>);

        impl<T: TryFrom<i64>> Visitor<'_> for Number<T> {
            type Value = Whole<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number that the field can hold")
            }

            fn visit_i64<E: serde::de::Error>(self, n: i64) -> Result<Whole<T>, E> {
                T::try_from(n)
                    .map(Whole)
                    .map_err(|_| E::invalid_value(Unexpected::Signed(n), &self))
            }

            fn visit_u64<E: serde::de::Error>(self, n: u64) -> Result<Whole<T>, E> {
                match i64::try_from(n) {
                    Ok(n) => self.visit_i64(n),
                    Err(_) => Err(E::invalid_value(Unexpected::Unsigned(n), &self)),
                }
            }

            fn visit_f64<E: serde::de::Error>(self, n: f64) -> Result<Whole<T>, E> {
                // Up to 2^53 a float is exactly the whole number it shows.
                if n.fract() == 0.0 && n.abs() <= 9_007_199_254_740_992.0 {
                    #[expect(clippy::cast_possible_truncation, reason = "checked above")]
                    return self.visit_i64(n as i64);
                }
                Err(E::invalid_value(Unexpected::Float(n), &self))
            }
        }

        d.deserialize_any(Number(PhantomData))
    }
}

/// A whole number in a body.
pub(crate) fn whole_number<'de, T, D>(d: D) -> Result<T, D::Error>
where
    T: TryFrom<i64>,
    D: Deserializer<'de>,
{
    Whole::deserialize(d).map(|n| n.0)
}

/// A whole number in a body that may be left out or null.
pub(crate) fn maybe_whole<'de, T, D>(d: D) -> Result<Option<T>, D::Error>
where
    T: TryFrom<i64>,
    D: Deserializer<'de>,
{
    Ok(Option::<Whole<T>>::deserialize(d)?.map(|n| n.0))
}

/// Whole numbers in a body.
pub(crate) fn whole_numbers<'de, D>(d: D) -> Result<Vec<i64>, D::Error>
where
    D: Deserializer<'de>,
{
    Ok(Vec::<Whole<i64>>::deserialize(d)?
        .into_iter()
        .map(|n| n.0)
        .collect())
}

/// The same, which may be left out or null.
pub(crate) fn maybe_whole_numbers<'de, D>(d: D) -> Result<Option<Vec<i64>>, D::Error>
where
    D: Deserializer<'de>,
{
    let given = Option::<Vec<Whole<i64>>>::deserialize(d)?;
    Ok(given.map(|all| all.into_iter().map(|n| n.0).collect()))
}

/// A field that may be left out (`None`), null (`Some(None)`) or given.
pub(crate) fn given<'de, T, D>(d: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::<T>::deserialize(d).map(Some)
}

/// What `If-Match` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IfMatch {
    /// Nothing, or whatever the version.
    Any,
    /// One of these versions; tags that are not ours match nothing.
    Versions(Vec<i64>),
}

impl IfMatch {
    /// The version to insist on. Of several, the one the ticket has.
    ///
    /// # Errors
    /// When none can match.
    pub(crate) fn expected(&self, current: i64) -> Result<Option<i64>, Error> {
        match self {
            IfMatch::Any => Ok(None),
            IfMatch::Versions(versions) if versions.contains(&current) => Ok(Some(current)),
            IfMatch::Versions(_) => Err(Error::Stale { current }),
        }
    }
}

impl FromRequestParts<AppState> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        let Some(tags) = tags(&parts.headers, &header::IF_MATCH)? else {
            return Ok(IfMatch::Any);
        };
        Ok(match tags {
            Tags::Any => IfMatch::Any,
            // Weak tags never match here (RFC 9110, 13.1.1).
            Tags::List(list) => IfMatch::Versions(
                list.iter()
                    .filter(|(weak, _)| !weak)
                    .filter_map(|(_, tag)| tag.parse().ok())
                    .collect(),
            ),
        })
    }
}

/// Whether `If-None-Match` says that the caller has this version already.
pub(crate) fn has_already(headers: &HeaderMap, version: i64) -> Result<bool, Problem> {
    Ok(match tags(headers, &header::IF_NONE_MATCH)? {
        None => false,
        Some(Tags::Any) => true,
        Some(Tags::List(list)) => list.iter().any(|(_, tag)| tag.parse() == Ok(version)),
    })
}

enum Tags {
    Any,
    List(Vec<(bool, String)>),
}

fn tags(headers: &HeaderMap, name: &header::HeaderName) -> Result<Option<Tags>, Problem> {
    let wrong = || {
        let name = if *name == header::IF_MATCH {
            "If-Match"
        } else {
            "If-None-Match"
        };
        Problem::from(Error::invalid(
            name,
            "takes * or the ETag that was read, in quotes, as in \"7\"",
        ))
    };
    let mut list = Vec::new();
    for value in headers.get_all(name) {
        let text = value.to_str().map_err(|_| wrong())?;
        if text.trim() == "*" && headers.get_all(name).iter().count() == 1 {
            return Ok(Some(Tags::Any));
        }
        for tag in text.split(',').map(str::trim) {
            let (weak, quoted) = match tag.strip_prefix("W/") {
                Some(rest) => (true, rest),
                None => (false, tag),
            };
            let inner = quoted
                .strip_prefix('"')
                .and_then(|t| t.strip_suffix('"'))
                .filter(|t| !t.contains('"'))
                .ok_or_else(wrong)?;
            list.push((weak, inner.to_owned()));
        }
    }
    Ok((!list.is_empty()).then_some(Tags::List(list)))
}

/// The key under which a repeated create gives the same ticket.
#[derive(Debug)]
pub(crate) struct IdempotencyKey(pub(crate) Option<String>);

impl FromRequestParts<AppState> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        let mut given = parts.headers.get_all("idempotency-key").iter();
        let Some(value) = given.next() else {
            return Ok(IdempotencyKey(None));
        };
        let text = value.to_str().ok();
        let usable = |text: &str| {
            (1..=200).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
        };
        match (text, given.next()) {
            (Some(text), None) if usable(text) => Ok(IdempotencyKey(Some(text.to_owned()))),
            _ => Err(Error::invalid(
                "Idempotency-Key",
                "takes 1 to 200 visible ASCII characters, once",
            )
            .into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Who {
        #[expect(dead_code, reason = "only read")]
        email: String,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Asks {
        #[expect(dead_code, reason = "only read")]
        users: Option<u32>,
        #[expect(dead_code, reason = "only read")]
        who: Option<Who>,
        #[expect(dead_code, reason = "only read")]
        since: Option<crate::api::words::Time>,
    }

    fn refused(json: &str) -> (u16, String, String) {
        let problem = read_json::<Asks>(json.as_bytes()).unwrap_err();
        (
            problem.status.as_u16(),
            problem.field.unwrap_or_default(),
            problem.detail.unwrap_or_default(),
        )
    }

    #[test]
    fn a_refusal_names_the_field_and_what_would_be_right() {
        let (status, field, detail) = refused(r#"{"userz": 1}"#);
        assert_eq!((status, field.as_str()), (400, "userz"));
        assert!(detail.contains("users, who, since"), "{detail}");
        let (status, field, _) = refused(r#"{"who": {"email": "a", "mail": 1}}"#);
        assert_eq!((status, field.as_str()), (400, "who.mail"));
        let (status, field, _) = refused(r#"{"who": {}}"#);
        assert_eq!((status, field.as_str()), (400, "who.email"));
        let (status, field, detail) = refused(r#"{"users": -1}"#);
        assert_eq!((status, field.as_str()), (400, "users"));
        assert!(detail.contains("whole number"), "{detail}");
        let (status, field, _) = refused(r#"{"users": 1e999}"#);
        assert_eq!(status, 400, "{field}");
        let (status, field, _) = refused(r#"{"since": "soon"}"#);
        assert_eq!((status, field.as_str()), (422, "since"));
        let (status, field, _) = refused(r#"{"who": {"email": "a\u0000"}}"#);
        assert_eq!((status, field.as_str()), (422, "who.email"));
    }

    #[test]
    fn what_is_not_json_is_refused_whole() {
        let deep = "[".repeat(100_000);
        for wrong in ["", "{", "[]", "[1]", "nul", "{} {}", &deep] {
            assert_eq!(refused(wrong).0, 400, "{:.20}", wrong);
        }
        assert_eq!(
            read_json::<Asks>(b"{\"who\": \"\xff\"}")
                .unwrap_err()
                .status,
            400
        );
    }

    #[test]
    fn percent_signs_are_read_as_browsers_write_them() {
        assert_eq!(percent_decoded("a%20b%zz%"), b"a b%zz%");
        assert_eq!(percent_decoded("%ff"), [0xff]);
    }

    #[test]
    fn etags_are_read_strictly() {
        let headers = |value: &str| {
            let mut h = HeaderMap::new();
            h.insert(header::IF_NONE_MATCH, value.parse().unwrap());
            h
        };
        assert!(has_already(&headers("\"7\""), 7).unwrap());
        assert!(has_already(&headers("\"6\", W/\"7\""), 7).unwrap());
        assert!(has_already(&headers("*"), 7).unwrap());
        assert!(!has_already(&headers("\"8\""), 7).unwrap());
        assert!(has_already(&headers("7"), 7).is_err());
    }
}
