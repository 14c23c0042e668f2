//! A program that is called by webhooks, on a real socket.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

/// What a receiver does with a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hooked {
    /// It takes it.
    Takes,
    /// It answers with this status.
    Says(u16),
    /// It sends it on to that address.
    Leads(String),
    /// It says nothing for so long, and takes it then.
    Sleeps(Duration),
}

/// A call as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`.
    pub timestamp: String,
    /// `webhook-signature`.
    pub signature: String,
    /// The body.
    pub bytes: Vec<u8>,
    /// The body as JSON.
    pub json: Value,
    /// It was answered with 200.
    pub taken: bool,
}

impl Call {
    /// The event's id, its ticket and its kind.
    pub fn event(&self) -> (i64, i64, String) {
        let event = &self.json["data"]["event"];
        (
            event["id"].as_i64().unwrap_or_default(),
            event["ticket"].as_i64().unwrap_or_default(),
            event["kind"].as_str().unwrap_or_default().to_owned(),
        )
    }
}

#[derive(Debug)]
struct Inner {
    calls: Mutex<Vec<Call>>,
    next: Mutex<VecDeque<Hooked>>,
    else_: Mutex<Hooked>,
}

/// A receiver of calls.
#[derive(Debug, Clone)]
pub struct HookServer {
    /// What is called.
    pub url: String,
    inner: Arc<Inner>,
}

impl HookServer {
    /// One that takes everything, on a free port. It ends with the runtime.
    pub async fn start() -> HookServer {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let inner = Arc::new(Inner {
            calls: Mutex::default(),
            next: Mutex::default(),
            else_: Mutex::new(Hooked::Takes),
        });
        let site = Router::new().fallback(called).with_state(inner.clone());
        tokio::spawn(async move { axum::serve(listener, site).await });
        HookServer { url, inner }
    }

    /// What it does from now on.
    pub fn does(&self, what: Hooked) {
        *self.inner.else_.lock().unwrap() = what;
    }

    /// What it does with the next calls, before it does as ever.
    pub fn first(&self, what: impl IntoIterator<Item = Hooked>) {
        self.inner.next.lock().unwrap().extend(what);
    }

    /// Every call so far.
    pub fn calls(&self) -> Vec<Call> {
        self.inner.calls.lock().unwrap().clone()
    }

    /// Those that were taken.
    pub fn taken(&self) -> Vec<Call> {
        let mut calls = self.calls();
        calls.retain(|c| c.taken);
        calls
    }

    /// Forgets the calls so far.
    pub fn forget(&self) {
        self.inner.calls.lock().unwrap().clear();
    }
}

async fn called(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> Response {
    let what = inner.next.lock().unwrap().pop_front();
    let what = what.unwrap_or_else(|| inner.else_.lock().unwrap().clone());
    let header = |name: &str| {
        let value = headers.get(name).and_then(|v| v.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let call = Call {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
        json: serde_json::from_slice(&body).unwrap_or_default(),
        bytes: body.to_vec(),
        taken: matches!(what, Hooked::Takes | Hooked::Sleeps(_)),
    };
    inner.calls.lock().unwrap().push(call);
    match what {
        Hooked::Takes => StatusCode::OK.into_response(),
        Hooked::Says(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Hooked::Leads(to) => (StatusCode::TEMPORARY_REDIRECT, [("location", to)]).into_response(),
        Hooked::Sleeps(time) => {
            tokio::time::sleep(time).await;
            StatusCode::OK.into_response()
        }
    }
}
