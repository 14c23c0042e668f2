//! Figures for those who watch the desk, in the text format of Prometheus.
//! Only counts: no name, no address, no text.

use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use desk::Error;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use store::list::{Condition, Filter, Scope};

use crate::AppState;
use crate::problem::Problem;

/// What is known of a request when it is over. Routes are templates, so there
/// are only so many.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request_ {
    method: String,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct State_ {
    state: String,
}

/// A link of the exchange by its id, of which there are only so many, and which way.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Link_ {
    link: String,
    way: String,
}

type Gauges = Family<State_, Gauge>;

/// What the process counts.
pub(crate) struct Metrics {
    requests: Family<Request_, Counter>,
    seconds: Histogram,
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics {
            requests: Family::default(),
            // From 1 ms, doubling, to 8 s.
            seconds: Histogram::new(exponential_buckets(0.001, 2.0, 14)),
        }
    }
}

impl Metrics {
    fn count(&self, method: &str, route: &str, status: u16, took: Duration) {
        self.requests
            .get_or_create(&Request_ {
                method: method.to_owned(),
                route: route.to_owned(),
                status,
            })
            .inc();
        self.seconds.observe(took.as_secs_f64());
    }
}

/// Methods that have a label of their own; others would let anybody make new
/// labels without end.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// A request that is counted and logged when it is over: the route's template, never what
/// was asked.
pub(crate) struct Watched {
    method: &'static str,
    route: Option<MatchedPath>,
    start: Instant,
}

impl Watched {
    pub(crate) fn begin(request: &Request) -> Watched {
        Watched {
            method: METHODS
                .into_iter()
                .find(|m| *m == request.method().as_str())
                .unwrap_or("other"),
            route: request.extensions().get::<MatchedPath>().cloned(),
            start: Instant::now(),
        }
    }

    pub(crate) fn end(self, metrics: &Metrics, status: StatusCode) {
        let method = self.method;
        let route = self.route.as_ref().map_or("none", MatchedPath::as_str);
        let (status, took) = (status.as_u16(), self.start.elapsed());
        metrics.count(method, route, status, took);
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        if status >= 500 {
            tracing::error!(method, route, status, ms, "request");
        } else {
            tracing::debug!(method, route, status, ms, "request");
        }
    }
}

/// What the database knows, counted now.
struct Counted {
    open: i64,
    jobs: store::job::Counts,
    mail_in: Vec<(String, i64)>,
    mail_out: Vec<(String, i64)>,
    outbox: desk::outbox::Standing,
    exchange: desk::exchange::view::Standing,
    links: Vec<store::curve::Point>,
    webhooks: desk::webhook::Standing,
}

async fn counted(app: &AppState) -> Result<Counted, Error> {
    let outbox = app.desk.outbox_standing().await?;
    let exchange = app.desk.exchange_standing().await?;
    let links = app.desk.exchange_lately().await?;
    let webhooks = app.desk.webhook_standing().await?;
    app.desk
        .db()
        .read(move |c| {
            let open = Filter::default().and(Condition::Open(true));
            Ok(Counted {
                open: store::list::count(c, &Scope::Everything, &open, desk::unit::MANY)?,
                jobs: store::job::counts(c)?,
                mail_in: store::mail::incoming_counts(c)?,
                mail_out: store::mail::outgoing_counts(c)?,
                outbox: outbox.clone(),
                exchange,
                links: links.clone(),
                webhooks,
            })
        })
        .await
}

fn by_state(counts: Vec<(String, i64)>) -> Gauges {
    let gauges = Gauges::default();
    for (state, n) in counts {
        gauges.get_or_create(&State_ { state }).set(n);
    }
    gauges
}

/// `/metrics`.
pub(crate) async fn show(State(app): State<AppState>) -> Result<Response, Problem> {
    let counted = counted(&app).await?;
    let written = app.desk.db().written();
    let mut registry = Registry::with_prefix("switchboard");
    registry.register(
        "http_requests",
        "Requests answered, by route and status",
        app.metrics.requests.clone(),
    );
    registry.register(
        "http_request_seconds",
        "How long answers took",
        app.metrics.seconds.clone(),
    );
    let streams: Gauge = Gauge::default();
    let open_streams = crate::MOST_STREAMS - app.streams.available_permits();
    streams.set(i64::try_from(open_streams).unwrap_or(i64::MAX));
    registry.register("event_streams", "Open streams of events", streams);
    let open: Gauge = Gauge::default();
    open.set(counted.open);
    registry.register("tickets_open", "Open tickets, counted up to 10,000", open);
    let jobs = by_state(vec![
        ("ready".into(), counted.jobs.ready),
        ("running".into(), counted.jobs.running),
        ("done".into(), counted.jobs.done),
        ("dead".into(), counted.jobs.dead),
    ]);
    registry.register("jobs", "Jobs, by state", jobs);
    registry.register(
        "mail_in",
        "Mails taken in, by what became of them",
        by_state(counted.mail_in),
    );
    registry.register(
        "mail_out",
        "Mails to be sent, by state",
        by_state(counted.mail_out),
    );
    let waiting: Gauge = Gauge::default();
    waiting.set(counted.outbox.oldest_waiting / 1000);
    registry.register(
        "mail_out_oldest_waiting_seconds",
        "For how long the oldest mail waits that is still on its way",
        waiting,
    );
    let dead: Gauge = Gauge::default();
    dead.set(counted.outbox.dead);
    registry.register(
        "mail_dead_addresses",
        "Addresses at which nothing arrives any more",
        dead,
    );
    let couplings = by_state(vec![
        ("running".into(), counted.exchange.running),
        ("stopped".into(), counted.exchange.stopped),
        ("paused".into(), counted.exchange.paused),
    ]);
    registry.register(
        "exchange_couplings",
        "Couplings with partners' systems, by state",
        couplings,
    );
    let (lags, waits) = (
        Family::<Link_, Gauge>::default(),
        Family::<Link_, Gauge>::default(),
    );
    for point in counted.links {
        let link = |way: &str| Link_ {
            link: point.link.to_string(),
            way: way.to_owned(),
        };
        lags.get_or_create(&link("in")).set(point.lag_in);
        lags.get_or_create(&link("out")).set(point.lag_out);
        waits.get_or_create(&link("out")).set(point.backlog);
    }
    registry.register(
        "exchange_link_lag_milliseconds",
        "The longest lag of each partner and coupling in the last ten minutes, each way",
        lags,
    );
    registry.register(
        "exchange_link_waiting",
        "The most that waited for each partner and coupling in the last ten minutes",
        waits,
    );
    let webhooks = by_state(vec![
        ("active".into(), counted.webhooks.active),
        ("failing".into(), counted.webhooks.failing),
        ("paused".into(), counted.webhooks.paused),
    ]);
    registry.register("webhooks", "Webhooks, by state", webhooks);
    for (name, help, value) in [
        (
            "exchange_waiting",
            "What is to be done in partners' systems",
            counted.exchange.waiting,
        ),
        (
            "exchange_oldest_waiting_seconds",
            "For how long the oldest of that waits",
            counted.exchange.lag / 1000,
        ),
        (
            "exchange_set_aside",
            "What does not travel unless somebody says so",
            counted.exchange.dead,
        ),
        (
            "webhook_calls_waiting",
            "Calls to webhooks that wait",
            counted.webhooks.waiting,
        ),
        (
            "webhook_oldest_waiting_seconds",
            "For how long the oldest of them waits",
            counted.webhooks.lag / 1000,
        ),
        (
            "webhook_calls_dead",
            "Calls to webhooks that were given up",
            counted.webhooks.dead,
        ),
    ] {
        let gauge: Gauge = Gauge::default();
        gauge.set(value);
        registry.register(name, help, gauge);
    }
    let commits: Counter = Counter::default();
    commits.inc_by(written.commits);
    registry.register("db_commits", "Transactions committed by this node", commits);
    let writes: Counter = Counter::default();
    writes.inc_by(written.writes);
    registry.register("db_writes", "Writes in these transactions", writes);
    let mut text = String::new();
    encode(&mut text, &registry).map_err(|e| Error::Internal(format!("metrics: {e}")))?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
