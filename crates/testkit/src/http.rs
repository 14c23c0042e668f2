//! Requests to the site, without a socket.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, Response, header};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::{Somebody, TestDesk};

/// An answer, read whole.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub bytes: Vec<u8>,
    /// The body as JSON; null when it is none.
    pub json: Value,
}

impl Answer {
    /// Fails with the whole answer unless it has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// A header, or an empty text.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default()
    }

    /// The number of the ticket in the body.
    #[track_caller]
    pub fn number(&self) -> i64 {
        self.json["number"]
            .as_i64()
            .unwrap_or_else(|| panic!("no number in {}", self.text()))
    }
}

/// A path of the API: `/tickets` lies below `/api/v1`; anything that names its
/// own root is left alone.
fn whole_path(path: &str) -> String {
    let own = [
        "/api", "/openapi", "/healthz", "/readyz", "/metrics", "/REST/", "/zammad/",
    ];
    if path.starts_with("http") || own.iter().any(|root| path.starts_with(root)) {
        path.to_owned()
    } else {
        format!("/api/v1{path}")
    }
}

impl TestDesk {
    /// Sends a request as it is and gives back the answer as it comes. Fails
    /// when there is none within 30 seconds.
    pub async fn send(&self, request: Request<Body>) -> Response<Body> {
        tokio::time::timeout(Duration::from_secs(30), self.site.clone().oneshot(request))
            .await
            .expect("an answer within 30 seconds")
            .unwrap()
    }

    /// Sends a request and reads the whole answer.
    pub async fn ask(&self, request: Request<Body>) -> Answer {
        let response = self.send(request).await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response
            .into_body()
            .collect()
            .await
            .unwrap()
            .to_bytes()
            .to_vec();
        Answer {
            status,
            headers,
            json: serde_json::from_slice(&bytes).unwrap_or_default(),
            bytes,
        }
    }

    /// A request with somebody's token; `body: None` sends none.
    pub fn request(
        who: &Somebody,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Request<Body> {
        let mut request = Request::builder()
            .method(method)
            .uri(whole_path(path))
            .header(header::HOST, "desk.example");
        if !who.token.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", who.token));
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = body.map_or_else(Body::empty, |json| Body::from(json.to_string()));
        request.body(body).unwrap()
    }

    /// Reads.
    pub async fn get(&self, who: &Somebody, path: &str) -> Answer {
        self.ask(Self::request(who, Method::GET, path, None)).await
    }

    /// Sends JSON.
    pub async fn post(&self, who: &Somebody, path: &str, body: Value) -> Answer {
        self.ask(Self::request(who, Method::POST, path, Some(&body)))
            .await
    }

    /// Changes.
    pub async fn patch(&self, who: &Somebody, path: &str, body: Value) -> Answer {
        self.ask(Self::request(who, Method::PATCH, path, Some(&body)))
            .await
    }

    /// Replaces.
    pub async fn put(&self, who: &Somebody, path: &str, body: Value) -> Answer {
        self.ask(Self::request(who, Method::PUT, path, Some(&body)))
            .await
    }

    /// Removes.
    pub async fn delete(&self, who: &Somebody, path: &str) -> Answer {
        self.ask(Self::request(who, Method::DELETE, path, None))
            .await
    }
}
