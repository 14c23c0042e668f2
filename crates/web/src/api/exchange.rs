//! The exchange: tickets that are worked on in partners' systems too.

use axum::Json;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use desk::exchange::Knock;
use desk::exchange::curve::Over;
use desk::exchange::view::{Counterpart, Coupled, DeadLetter, Travelling};
use serde::{Deserialize, Serialize};
use store::coupling;
use store::curve::Point;
use store::exchange::Line;
use switchboard_core::{Millis, Status};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Items;
use super::caller::{Administers, Reads, Writes};
use super::input::{Asked, At, Body};
use super::words::{StatusWord, Time};
use crate::AppState;
use crate::problem::Problem;

/// Whether tickets travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CouplingState {
    /// They do.
    On,
    /// Not for now: nothing is sent and nothing is read; what happens waits.
    Paused,
}

/// The exchange with a system under an agreement, and how it stands.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ExchangeCoupling {
    /// The agreement's id.
    pub id: Uuid,
    /// The service whose tickets travel, by name.
    pub service: String,
    /// The kind of system: `rt`, `zammad`, ...
    pub kind: String,
    /// Its host.
    pub system: String,
    /// The queue, group, project or repository there.
    pub queue: Option<String>,
    /// `both`, `in` or `out`.
    pub direction: Option<String>,
    /// Whether tickets travel.
    pub state: CouplingState,
    /// When the agreement ended; null: it holds. Tickets that travel go on to
    /// their end.
    pub ended_at: Option<Time>,
    /// When changes there were last read; null: not yet.
    pub read_at: Option<Time>,
    /// When it is looked after next.
    pub next_at: Time,
    /// Failures in a row.
    pub tries: i64,
    /// Why the system can not be talked to; null: it can.
    pub error: Option<String>,
    /// Since when.
    pub error_at: Option<Time>,
    /// Tickets that travelled so far.
    pub tickets: i64,
    /// What is to go there.
    pub waiting: i64,
    /// How long the oldest of it waits, in milliseconds; 0: nothing does.
    pub lag_ms: i64,
    /// For how long nothing can come from there, in milliseconds; 0: it can.
    pub lag_in_ms: i64,
    /// What will not go there unless somebody says so.
    pub dead: i64,
    /// When something last went there.
    pub sent_at: Option<Time>,
    /// When something last came from there.
    pub came_at: Option<Time>,
    /// The address that the system calls when something happened there, so that it
    /// is looked at soon; null for all but administrators.
    pub wake: Option<String>,
    /// What it signs those calls with, or sends along; null where it can not, and for
    /// all but administrators.
    pub wake_secret: Option<String>,
}

impl ExchangeCoupling {
    fn of(
        one: Coupled,
        wake: Option<String>,
        wake_secret: Option<String>,
        now: Millis,
    ) -> ExchangeCoupling {
        ExchangeCoupling {
            wake,
            wake_secret,
            id: one.agreement.id,
            system: one.system().to_owned(),
            lag_ms: one.lag(now),
            lag_in_ms: one.silent(now),
            state: match one.coupling.state {
                coupling::State::On => CouplingState::On,
                coupling::State::Paused => CouplingState::Paused,
            },
            service: one.service,
            kind: one.agreement.system.unwrap_or_default(),
            queue: one.agreement.queue,
            direction: one.agreement.direction,
            ended_at: one.agreement.closed_at.map(Time),
            read_at: one.coupling.read_at.map(Time),
            next_at: Time(one.coupling.next_at),
            tries: one.coupling.tries,
            error: one.coupling.error,
            error_at: one.coupling.error_at.map(Time),
            tickets: one.sums.links,
            waiting: one.sums.waiting,
            dead: one.sums.dead,
            sent_at: one.sums.sent_at.map(Time),
            came_at: one.sums.came_at.map(Time),
        }
    }
}

/// Which way something went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExchangeWay {
    /// From here to there.
    Out,
    /// From there to here.
    In,
    /// Neither: decided here.
    Here,
}

impl From<store::exchange::Went> for ExchangeWay {
    fn from(way: store::exchange::Went) -> ExchangeWay {
        match way {
            store::exchange::Went::Out => ExchangeWay::Out,
            store::exchange::Went::In => ExchangeWay::In,
            store::exchange::Went::Here => ExchangeWay::Here,
        }
    }
}

/// One line of what went where. It holds no text of an entry.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ExchangeLine {
    /// When.
    pub at: Time,
    /// Which way.
    pub way: ExchangeWay,
    /// What, in words.
    pub what: String,
    /// The number of it there.
    pub there: Option<String>,
}

impl From<Line> for ExchangeLine {
    fn from(line: Line) -> ExchangeLine {
        ExchangeLine {
            at: Time(line.at),
            way: line.way.into(),
            what: line.what,
            there: line.there,
        }
    }
}

/// A ticket's counterpart in a partner's system.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ExchangeCounterpart {
    /// The kind of system: `rt`, `zammad`, ...; `switchboard`: a partner desk.
    pub kind: String,
    /// Its host; of a partner desk how people call it.
    pub system: String,
    /// The ticket's number there; null: it was not made yet.
    pub number: Option<String>,
    /// Their word for its status; null: not known yet.
    pub status: Option<String>,
    /// Who works on it there.
    pub owner: Option<String>,
    /// Values that were set at two desks at once, in words: over when somebody sets
    /// the field again.
    pub conflicts: Vec<String>,
    /// The queue, group or project in which it lies there, when that is another
    /// than was agreed; null: it is not.
    pub queue: Option<String>,
    /// Its links there that are no ties between tickets here, in words.
    pub links: Vec<String>,
    /// They are responsible: their status counts.
    pub theirs: bool,
    /// It was taken back, or is gone there: nothing goes there any more.
    pub ended: bool,
    /// It was deleted there, or is hidden from this desk.
    pub gone: bool,
    /// When it was given to them.
    pub began_at: Time,
    /// What is to go there.
    pub waiting: i64,
    /// Since when the oldest of that waits.
    pub waiting_since: Option<Time>,
    /// What will not go there unless somebody says so.
    pub dead: i64,
    /// The last failure, until something succeeds.
    pub error: Option<String>,
    /// When something last went there.
    pub sent_at: Option<Time>,
    /// When something last came from there.
    pub came_at: Option<Time>,
    /// When first level last looked at how it stands; null: nobody yet.
    pub looked_at: Option<Time>,
    /// Who that was, by name.
    pub looked_by: Option<String>,
    /// What went where and why, the oldest first; the last 500 lines. Empty in
    /// lists of tickets.
    pub lines: Vec<ExchangeLine>,
}

impl From<Counterpart> for ExchangeCounterpart {
    fn from(c: Counterpart) -> ExchangeCounterpart {
        ExchangeCounterpart {
            kind: c.kind,
            system: c.system,
            number: c.there,
            status: c.status,
            owner: c.owner,
            conflicts: c.conflicts,
            queue: c.queue,
            links: c.links,
            theirs: c.theirs,
            ended: c.ended,
            gone: c.gone,
            began_at: Time(c.began_at),
            waiting: c.waiting,
            waiting_since: c.waiting_since.map(Time),
            dead: c.dead,
            error: c.error,
            sent_at: c.sent_at.map(Time),
            came_at: c.came_at.map(Time),
            looked_at: c.looked_at.map(Time),
            looked_by: c.looked_by,
            lines: c.lines.into_iter().map(ExchangeLine::from).collect(),
        }
    }
}

/// A ticket that is at a partner, or on its way there.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ExchangedTicket {
    /// The ticket's number.
    pub ticket: i64,
    /// The ticket's subject.
    pub subject: String,
    /// The ticket's status here.
    #[schema(value_type = StatusWord)]
    pub status: Status,
    /// The service, by name.
    pub service: String,
    /// How it stands there.
    pub there: ExchangeCounterpart,
}

impl From<Travelling> for ExchangedTicket {
    fn from(t: Travelling) -> ExchangedTicket {
        ExchangedTicket {
            ticket: t.ticket.0,
            subject: t.subject,
            status: t.status,
            service: t.service,
            there: t.there.into(),
        }
    }
}

/// Something that does not travel unless somebody says so.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ExchangeDeadLetter {
    /// Its id.
    pub id: Uuid,
    /// The ticket's number.
    pub ticket: i64,
    /// The host of the system.
    pub system: String,
    /// Which way it was to go.
    pub way: ExchangeWay,
    /// What it is, in words.
    pub what: String,
    /// Why it does not travel.
    pub why: String,
    /// Since when.
    pub since: Time,
}

impl From<DeadLetter> for ExchangeDeadLetter {
    fn from(d: DeadLetter) -> ExchangeDeadLetter {
        ExchangeDeadLetter {
            id: d.dead.id,
            ticket: d.ticket.0,
            system: d.system,
            way: d.dead.way.into(),
            what: d.dead.what,
            why: d.dead.why,
            since: Time(d.dead.at),
        }
    }
}

/// The systems that tickets travel to, and how each stands; for first level and
/// administrators.
#[utoipa::path(
    get,
    path = "/exchange",
    tag = "exchange",
    responses((status = 200, description = "The couplings, the oldest first", body = Items<ExchangeCoupling>)),
)]
async fn list(
    State(app): State<AppState>,
    Reads(caller): Reads,
) -> Result<Json<Items<ExchangeCoupling>>, Problem> {
    let (coupled, _) = app.desk.exchange(&caller.actor).await?;
    let now = app.desk.now();
    Ok(Json(Items::all(
        coupled
            .into_iter()
            .map(|one| {
                let actor = &caller.actor;
                let wake = app.desk.wake_address(actor, one.agreement.id);
                let secret = app.desk.wake_secret(actor, &one.agreement);
                ExchangeCoupling::of(one, wake, secret, now)
            })
            .collect(),
    )))
}

/// Over which time curves are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CurveTime {
    /// The last day, five minutes by five minutes.
    #[default]
    Day,
    /// The last month, hour by hour.
    Month,
    /// The last year, day by day.
    Year,
}

/// Over which time curves are told.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CurveQuery {
    /// Which; `day` without it.
    #[serde(default)]
    #[param(inline)]
    over: CurveTime,
}

/// How an exchange stood in a time.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ExchangeCurvePoint {
    /// When it begins.
    pub at: Time,
    /// The longest that something took that came from there, since it happened there by
    /// the clock there, or for which nothing could come, in milliseconds.
    pub lag_in_ms: i64,
    /// The longest that something waited that was to go there, in milliseconds.
    pub lag_out_ms: i64,
    /// The most that waited.
    pub waiting: i64,
    /// Changes that came.
    pub came: i64,
    /// Changes that went and were taken.
    pub sent: i64,
}

/// How an exchange stood over time.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ExchangeCurve {
    /// The partner's id, or that of the agreement.
    pub id: Uuid,
    /// How much time one point stands for, in milliseconds.
    pub span_ms: i64,
    /// The oldest first. Where nothing was noted there is none.
    pub points: Vec<ExchangeCurvePoint>,
}

impl ExchangeCurve {
    fn of(id: Uuid, span_ms: i64, points: Vec<Point>) -> ExchangeCurve {
        let points = points.into_iter().map(|p| ExchangeCurvePoint {
            at: Time(p.at),
            lag_in_ms: p.lag_in,
            lag_out_ms: p.lag_out,
            waiting: p.backlog,
            came: p.came,
            sent: p.sent,
        });
        ExchangeCurve {
            id,
            span_ms,
            points: points.collect(),
        }
    }
}

/// How far the exchange with each partner and system lagged, and what waited, over
/// time; for first level and administrators.
#[utoipa::path(
    get,
    path = "/exchange/curves",
    tag = "exchange",
    params(CurveQuery),
    responses((status = 200, description = "A curve for each of which something was noted", body = Items<ExchangeCurve>)),
)]
async fn curves(
    State(app): State<AppState>,
    Reads(caller): Reads,
    Asked(query): Asked<CurveQuery>,
) -> Result<Json<Items<ExchangeCurve>>, Problem> {
    let over = match query.over {
        CurveTime::Day => Over::Day,
        CurveTime::Month => Over::Month,
        CurveTime::Year => Over::Year,
    };
    let (_, span) = over.lengths();
    let all = app.desk.exchange_curves(&caller.actor, over).await?;
    let curves = all
        .into_iter()
        .map(|(id, points)| ExchangeCurve::of(id, span, points));
    Ok(Json(Items::all(curves.collect())))
}

/// How a coupling is to be.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CouplingChange {
    /// Whether tickets travel.
    pub state: CouplingState,
}

/// Pauses the exchange under an agreement, or lets it go on: what happened
/// meanwhile has waited, and goes then.
#[utoipa::path(
    patch,
    path = "/exchange/{id}",
    tag = "exchange",
    params(("id" = Uuid, Path, description = "The agreement's id")),
    request_body = CouplingChange,
    responses((status = 204, description = "It is so now")),
)]
async fn change(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
    body: Body<CouplingChange>,
) -> Result<StatusCode, Problem> {
    let on = body.value.state == CouplingState::On;
    app.desk
        .set_coupling(&caller.actor, at.uuid("id")?, on)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which tickets are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExchangedFilter {
    /// Open ones that are at partners, the one at which nobody looked for the
    /// longest time first.
    #[default]
    Open,
    /// Those of which something waits, failed or was refused, the longest so
    /// first; one page of at most 200.
    HeldUp,
}

/// Which tickets are listed.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExchangedQuery {
    /// Which of them; `open` without it.
    #[serde(default)]
    #[param(inline)]
    show: ExchangedFilter,
    /// `next` of the page before.
    #[serde(default)]
    cursor: Option<String>,
    /// How many on a page, 1 to 200; 50 without it.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Tickets that are at partners, those at which nobody looked for the longest
/// time first; for first level and administrators. A page may have fewer than
/// was asked for: what the caller may not see is left out.
#[utoipa::path(
    get,
    path = "/exchange/tickets",
    tag = "exchange",
    params(ExchangedQuery),
    responses((status = 200, description = "A page of tickets", body = Items<ExchangedTicket>)),
)]
async fn tickets(
    State(app): State<AppState>,
    Reads(caller): Reads,
    Asked(query): Asked<ExchangedQuery>,
) -> Result<Json<Items<ExchangedTicket>>, Problem> {
    let limit = super::limit(query.limit)?.unwrap_or(50);
    if query.show == ExchangedFilter::HeldUp {
        let held = app.desk.held_up(&caller.actor).await?;
        let items = held.into_iter().map(ExchangedTicket::from).collect();
        return Ok(Json(Items::all(items)));
    }
    let page = app
        .desk
        .at_partners(&caller.actor, query.cursor.as_deref(), limit)
        .await?;
    Ok(Json(Items {
        items: page.items.into_iter().map(ExchangedTicket::from).collect(),
        next: page.next,
    }))
}

/// What does not travel unless somebody says so, the oldest first, at most 200;
/// for first level and administrators.
#[utoipa::path(
    get,
    path = "/exchange/dead-letters",
    tag = "exchange",
    responses((status = 200, description = "What was set aside", body = Items<ExchangeDeadLetter>)),
)]
async fn dead_letters(
    State(app): State<AppState>,
    Reads(caller): Reads,
) -> Result<Json<Items<ExchangeDeadLetter>>, Problem> {
    let (_, dead) = app.desk.exchange(&caller.actor).await?;
    Ok(Json(Items::all(
        dead.into_iter().map(ExchangeDeadLetter::from).collect(),
    )))
}

/// Tries something again that was set aside. 404: somebody did already.
#[utoipa::path(
    post,
    path = "/exchange/dead-letters/{id}/retry",
    tag = "exchange",
    params(("id" = Uuid, Path, description = "Its id")),
    responses((status = 204, description = "It is tried again now")),
)]
async fn retry(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
) -> Result<StatusCode, Problem> {
    app.desk
        .retry_exchange(&caller.actor, at.uuid("id")?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Why something need not go to a partner.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExchangeGiveUp {
    /// Kept in the ticket's trace and in the audit log.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}

/// Gives up something that was set aside: it does not travel. What would have
/// made the ticket there ends its travel. 404: somebody looked after it already.
#[utoipa::path(
    post,
    path = "/exchange/dead-letters/{id}/give-up",
    tag = "exchange",
    params(("id" = Uuid, Path, description = "Its id")),
    request_body = ExchangeGiveUp,
    responses((status = 204, description = "It is given up")),
)]
async fn give_up(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
    body: Body<ExchangeGiveUp>,
) -> Result<StatusCode, Problem> {
    app.desk
        .give_up_exchange(&caller.actor, at.uuid("id")?, &body.value.reason)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Looks at a system now and does what waits, also where it would wait longer
/// because the system could not be talked to. 409: it is paused.
#[utoipa::path(
    post,
    path = "/exchange/{id}/try",
    tag = "exchange",
    params(("id" = Uuid, Path, description = "The agreement's id")),
    responses((status = 204, description = "It is tried now")),
)]
async fn try_now(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
) -> Result<StatusCode, Problem> {
    app.desk.try_coupling(&caller.actor, at.uuid("id")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Bytes of what a system calls with: GitHub sends 25 MB at most.
const LONGEST_KNOCK: usize = 25 * 1024 * 1024;

/// A system says that something happened there.
///
/// It is looked at soon, every two seconds at most, and never believed: whatever
/// is sent along is not read. The address is that of `wake` of the coupling; who
/// has it needs no token. What is signed with `wake_secret` (`X-Hub-Signature-256`, or
/// `X-Hub-Signature` with SHA-256, as GitHub and Jira do) or brings it along
/// (`X-Gitlab-Token`) has to be right. 404: it is the address of none, or that is wrong.
#[utoipa::path(
    post,
    path = "/exchange/wake/{word}",
    tag = "exchange",
    security(()),
    params(("word" = String, Path, description = "What the coupling's address ends with")),
    responses((status = 204, description = "It is looked at soon")),
)]
async fn wake(
    State(app): State<AppState>,
    at: At,
    request: Request,
) -> Result<StatusCode, Problem> {
    let (head, body) = request.into_parts();
    // What is longer than the longest that GitHub sends is signed by nobody.
    let body = to_bytes(body, LONGEST_KNOCK).await.unwrap_or_default();
    let headers = head.headers;
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let older = header("x-hub-signature").filter(|value| !value.starts_with("sha1="));
    let knock = Knock {
        signature: header("x-hub-signature-256").or(older),
        token: header("x-gitlab-token"),
        body: &body,
    };
    app.desk.wake_exchange(at.text("word")?, knock).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Notes that you looked how a ticket stands at its partner: it is the last of
/// the list then, and nobody is reminded of it for a week. For first level and
/// administrators. 409: it is with no partner.
#[utoipa::path(
    post,
    path = "/exchange/tickets/{number}/look",
    tag = "exchange",
    params(("number" = i64, Path, minimum = 1, description = "The ticket's number")),
    responses((status = 204, description = "It is noted")),
)]
async fn look(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
) -> Result<StatusCode, Problem> {
    app.desk
        .looked_at_partner(&caller.actor, at.number()?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A ticket's counterparts in partners' systems, and what went where and why;
/// for the support side.
#[utoipa::path(
    get,
    path = "/tickets/{number}/exchange",
    tag = "exchange",
    params(("number" = i64, Path, minimum = 1, description = "The ticket's number")),
    responses((status = 200, description = "The counterparts, the oldest first", body = Items<ExchangeCounterpart>)),
)]
async fn of_ticket(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
) -> Result<Json<Items<ExchangeCounterpart>>, Problem> {
    let all = app.desk.counterparts(&caller.actor, at.number()?).await?;
    Ok(Json(Items::all(
        all.into_iter().map(ExchangeCounterpart::from).collect(),
    )))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(change))
        .routes(routes!(curves))
        .routes(routes!(tickets))
        .routes(routes!(dead_letters))
        .routes(routes!(retry))
        .routes(routes!(give_up))
        .routes(routes!(try_now))
        .routes(routes!(wake))
        .routes(routes!(look))
        .routes(routes!(of_ticket))
}
