//! HTTP in and out: pages under `ui`, the REST interface under `api`, those of other
//! helpdesks under `faces`.
//!
//! [`router`] is the whole site as one service. What both halves share lies
//! beside them: the table of errors and statuses (`problem`), the security
//! headers (`headers`), the policy of every route (`policy`).

use std::any::Any;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use desk::Desk;
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};

pub mod api;
mod faces;
pub mod file;
pub mod headers;
mod health;
mod metrics;
pub mod peer;
pub mod policy;
pub mod problem;
mod serve;
pub mod sheet;
pub mod ui;

pub use serve::serve;

use peer::Network;
use problem::Problem;

/// What an operator decides about serving over HTTP.
#[derive(Debug, Clone)]
pub struct Options {
    /// Names besides the public address, the listening address and the local
    /// machine under which the desk answers: `desk.internal`, without a port.
    pub hosts: Vec<String>,
    /// The address it listens on, as `host:port`; answered under too.
    pub listen: Option<String>,
    /// How long an answer may take to begin.
    pub timeout: Duration,
    /// Proxies whose word about where a request came from is believed.
    pub trusted_proxies: Vec<Network>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            hosts: Vec::new(),
            listen: None,
            timeout: Duration::from_secs(60),
            trusted_proxies: Vec::new(),
        }
    }
}

/// So many streams of events may be open at once on one node.
const MOST_STREAMS: usize = 2_000;

/// What every handler can reach. Cheap to clone.
#[derive(Clone)]
pub struct AppState {
    /// The application.
    pub desk: Desk,
    /// What the operator decided.
    pub options: Arc<Options>,
    pub(crate) metrics: Arc<metrics::Metrics>,
    pub(crate) streams: Arc<Semaphore>,
}

impl AppState {
    /// The state of one site.
    pub fn new(desk: Desk, options: Options) -> AppState {
        AppState {
            desk,
            options: Arc::new(options),
            metrics: Arc::default(),
            streams: Arc::new(Semaphore::new(MOST_STREAMS)),
        }
    }
}

impl axum::extract::FromRef<AppState> for Desk {
    fn from_ref(state: &AppState) -> Desk {
        state.desk.clone()
    }
}

/// The whole site: API, pages, probes. Serve it with the peer's address
/// (`into_make_service_with_connect_info::<SocketAddr>`), which sign-in counts
/// failures by.
pub fn router(desk: Desk, options: Options) -> Router {
    let app = AppState::new(desk, options);
    let routes = routes(&app);
    site(app, routes)
}

/// All that is answered.
fn routes(app: &AppState) -> Router<AppState> {
    let max_attachment = app.desk.config().max_attachment;
    api::router(max_attachment)
        .route("/openapi.json", get(openapi))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::show))
        .merge(faces::router(max_attachment))
        .merge(ui::router())
        .fallback(ui::nowhere)
}

/// Routes with all that lies around every answer: compression, what becomes of
/// a panic, headers, time limits.
pub fn site(app: AppState, routes: Router<AppState>) -> Router {
    // The first one lies outermost. All in one layer, since each layer of a router keeps
    // what lies within it in a box, and copies all of it for each request.
    let around = (
        from_fn_with_state(app.clone(), around),
        // In case the page for a panic panics, too.
        CatchPanicLayer::custom(fault),
        from_fn_with_state(app.clone(), ui::page_of_a_panic),
        CatchPanicLayer::custom(fault),
        CompressionLayer::new().gzip(true).compress_when(worth_it()),
    );
    routes.layer(around).with_state(app)
}

async fn openapi() -> Response {
    static DOCUMENT: LazyLock<Vec<u8>> =
        LazyLock::new(|| serde_json::to_vec(&api::document()).unwrap_or_default());
    let kind = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, kind)], DOCUMENT.as_slice()).into_response()
}

/// A panic is a fault of ours; what it says is for the log.
fn fault(_: Box<dyn Any + Send + 'static>) -> Response {
    let mut response = Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "a fault of ours")
        .detail("it has been logged")
        .into_response();
    response.extensions_mut().insert(ui::Panicked);
    response
}

/// Files take longer to come than forms and JSON: so many times as long.
const FILES_TAKE: u32 = 10;

/// What happens to every request and its answer: it is counted, has to be meant for this
/// host, may take so long, and carries our headers.
async fn around(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let watched = metrics::Watched::begin(&request);
    let api = headers::is_api(request.uri().path());
    let mut response = match headers::refuse_host(&app, request.headers(), request.uri()).await {
        Some(refusal) => refusal,
        None => in_time(&app, request, next).await,
    };
    headers::secure(&app, api, response.headers_mut());
    watched.end(&app.metrics, response.status());
    response
}

/// Gives up on answers that take too long to begin.
async fn in_time(app: &AppState, request: Request, next: Next) -> Response {
    let files = request.method() == Method::POST
        && (request.uri().path().ends_with("/attachments")
            || faces::is_face(request.uri().path())
            || request
                .headers()
                .get(header::CONTENT_TYPE)
                .is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/")));
    let patience = app.options.timeout * if files { FILES_TAKE } else { 1 };
    match tokio::time::timeout(patience, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem {
            retry_after: Some(5),
            ..Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not possible now").detail(
                "it took too long; when it was a change, look whether it was made before you \
                 try again",
            )
        }
        .into_response(),
    }
}

/// Texts from 1 kB on are compressed; pictures are already, and a stream would
/// only come later.
fn worth_it() -> impl Predicate {
    SizeAbove::new(1024).and(is_text)
}

fn is_text(
    _: StatusCode,
    _: axum::http::Version,
    headers: &HeaderMap,
    _: &axum::http::Extensions,
) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    (kind.starts_with("text/") && !kind.starts_with("text/event-stream"))
        || kind.contains("json")
        || kind.contains("svg")
        || kind.contains("javascript")
}
