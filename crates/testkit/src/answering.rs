//! A server of HTTP for tests that answers by a function: what stands for a system of
//! others is then one function of what it is asked.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

/// What is asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// `GET`, ...
    pub(crate) method: String,
    /// The parts of the path, decoded.
    pub(crate) path: Vec<String>,
    /// What stands behind the question mark, in order.
    pub(crate) query: Vec<(String, String)>,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body.
    pub(crate) body: Bytes,
}

impl Asked {
    /// A value of the query.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A header as text, or empty.
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).and_then(|v| v.to_str().ok());
        value.unwrap_or_default()
    }

    /// The body as JSON; what is none is null.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl Asked {
    /// The file of a form of several parts (RFC 7578): its name and its bytes.
    pub(crate) fn file(&self, field: &str) -> Option<(String, Vec<u8>)> {
        let bytes = self.body.as_ref();
        let kind = self.header("content-type");
        let boundary = kind.split("boundary=").nth(1)?.trim_matches('"');
        let find = |needle: &[u8], from: usize| {
            let found = bytes[from..]
                .windows(needle.len())
                .position(|w| w == needle);
            found.map(|at| at + from)
        };
        let head = find(b"\r\n\r\n", 0)?;
        let words = String::from_utf8_lossy(&bytes[..head]).into_owned();
        let name = words
            .split("filename=\"")
            .nth(1)?
            .split('"')
            .next()?
            .to_owned();
        let end = find(format!("\r\n--{boundary}").as_bytes(), head + 4)?;
        let wanted = words.contains(&format!("name=\"{field}\""));
        wanted.then(|| (name, bytes[head + 4..end].to_vec()))
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    /// The status.
    pub(crate) status: u16,
    /// Headers beside the type.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The body, with its type.
    pub(crate) body: (&'static str, Vec<u8>),
}

impl Answered {
    /// JSON.
    pub(crate) fn json(status: u16, json: &Value) -> Answered {
        let body = json.to_string().into_bytes();
        Answered {
            status,
            headers: Vec::new(),
            body: ("application/json; charset=utf-8", body),
        }
    }

    /// Nothing.
    pub(crate) fn nothing(status: u16) -> Answered {
        Answered {
            status,
            headers: Vec::new(),
            body: ("", Vec::new()),
        }
    }

    /// With a header more.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Answered {
        self.headers.push((name, value.into()));
        self
    }
}

fn decoded(part: &str) -> String {
    let (bytes, mut out) = (part.as_bytes(), Vec::new());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%')
            .then(|| part.get(at + 1..at + 3))
            .flatten();
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn url_pairs(text: &str) -> Vec<(String, String)> {
    let plain = |part: &str| decoded(&part.replace('+', " "));
    let parts = text.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (plain(name), plain(value))
        })
        .collect()
}

/// Starts one on this machine, with a port of its own, and says its address. It ends
/// with the runtime that it was started in.
pub(crate) async fn answering<F>(answer: F) -> String
where
    F: Fn(Asked) -> Answered + Clone + Send + Sync + 'static,
{
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(move |request: Request| {
        let answer = answer.clone();
        async move { told(answer(heard(request).await)) }
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn heard(request: Request) -> Asked {
    let (head, body) = request.into_parts();
    let path = head.uri.path().split('/').skip(1).map(decoded).collect();
    Asked {
        method: head.method.to_string(),
        path,
        query: url_pairs(head.uri.query().unwrap_or_default()),
        headers: head.headers,
        body: axum::body::to_bytes(body, 128 * 1024 * 1024)
            .await
            .unwrap_or_default(),
    }
}

fn told(answered: Answered) -> Response {
    let (kind, body) = answered.body;
    let status = StatusCode::from_u16(answered.status).unwrap();
    let mut response = (status, Body::from(body)).into_response();
    let headers = response.headers_mut();
    if !kind.is_empty() {
        headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
    }
    // A proxy that loses and repeats needs to know where an answer ends.
    headers.insert(header::CONNECTION, "close".parse().unwrap());
    for (name, value) in answered.headers {
        headers.append(name, value.parse().unwrap());
    }
    response
}

/// Somebody does something there; what they are answered has to be good.
pub(crate) async fn acts(
    url: &str,
    method: &str,
    authorization: (&str, String),
    body: &Value,
) -> Value {
    let guard = connect::Guard::new(connect::Reach::parse("127.0.0.1").unwrap());
    let request = axum::http::Request::builder()
        .method(method)
        .uri(url)
        .header("content-type", "application/json")
        .header(authorization.0, authorization.1)
        .body(body.to_string().into_bytes())
        .unwrap();
    let answer = guard.exchange(request, 1024 * 1024).await.unwrap();
    assert!(answer.status().is_success(), "{method} {url}: {answer:?}");
    serde_json::from_slice(answer.body()).unwrap_or_default()
}
