//! Tickets: open, read, change.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use desk::view::TicketView;
use desk::{Error, OpenRequest, Patch, RequesterRef};
use serde::{Deserialize, Serialize};
use switchboard_core::ticket::Hold;
use switchboard_core::{
    Millis, PartyRole, Priority, SecurityRisk, SolutionKind, Status, TellRequester, TicketNumber,
    TicketType, Tlp, Turn, Visibility,
};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Caller, Reads, Writes};
use super::clock::DueFirst;
use super::input::{
    At, Body, IdempotencyKey, IfMatch, given, has_already, maybe_object, maybe_whole,
};
use super::person::Person;
use super::relation::Relation;
use super::words::{
    PartyRoleWord, PriorityWord, SecurityRiskWord, SolutionKindWord, StatusWord, TellWord,
    TicketTypeWord, Time, TlpWord, TurnWord, VisibilityWord,
};
use crate::AppState;
use crate::problem::Problem;

/// The solution, or the reason for none.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Solution {
    /// What was done; for *unsolved* why nothing was.
    pub text: String,
    /// Of what kind.
    #[schema(value_type = SolutionKindWord)]
    pub kind: SolutionKind,
    /// When it was given.
    pub at: Time,
}

/// Why a ticket is on hold.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HoldReason {
    /// `reason`: staff said so; `master`: it is handled with its master;
    /// `children`: children are open.
    pub why: &'static str,
    /// The public reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub text: Option<String>,
    /// The master's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub ticket: Option<i64>,
}

/// Somebody on a ticket besides requester and owner.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TicketParty {
    /// Who.
    #[serde(flatten)]
    pub person: Person,
    /// As what.
    #[schema(value_type = PartyRoleWord)]
    pub role: PartyRole,
}

/// A ticket as the caller may see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Ticket {
    /// Its permanent number.
    pub number: i64,
    /// Its version; the ETag is this number in quotes.
    pub version: i64,
    /// Why it exists.
    #[serde(rename = "type")]
    #[schema(value_type = TicketTypeWord)]
    pub kind: TicketType,
    /// One line.
    pub subject: String,
    /// Where it stands.
    #[schema(value_type = StatusWord)]
    pub status: Status,
    /// Since when.
    pub status_since: Time,
    /// The priority in force.
    #[schema(value_type = PriorityWord)]
    pub priority: Priority,
    /// Why, in words.
    pub priority_reason: String,
    /// The rule that decided, by its key.
    pub priority_rule: String,
    /// It was set by hand against the rules.
    pub priority_overruled: bool,
    /// Who set it by hand.
    pub priority_by: Option<Person>,
    /// First level has looked at it.
    pub priority_confirmed: bool,
    /// The name of the unit that holds it.
    pub unit: String,
    /// That unit's key.
    pub unit_key: String,
    /// Since when that unit holds it.
    pub unit_since: Time,
    /// That unit's level, 1 to 3.
    pub level: i64,
    /// Who works on it.
    pub owner: Option<Person>,
    /// Who asked.
    pub requester: Person,
    /// How much the requester wants to hear.
    #[schema(value_type = TellWord)]
    pub tell: TellRequester,
    /// The service's name.
    pub service: Option<String>,
    /// The service's key.
    pub service_key: Option<String>,
    /// The category's key.
    pub category: String,
    /// The type of issue's key.
    pub issue_type: Option<String>,
    /// The site's key.
    pub site: Option<String>,
    /// The community's key.
    pub community: Option<String>,
    /// The key of the portal it came by.
    pub portal: Option<String>,
    /// Since when the requester has the problem.
    pub since: Option<Time>,
    /// How many people are affected.
    pub affected_users: u32,
    /// A service is affected and degraded.
    pub degrades_service: bool,
    /// How far security is at stake.
    #[schema(value_type = SecurityRiskWord)]
    pub security_risk: SecurityRisk,
    /// The solution, or the reason for none.
    pub solution: Option<Solution>,
    /// Why it is on hold.
    pub hold: Option<HoldReason>,
    /// When to look at it again; for the support side only.
    pub reminder: Option<Time>,
    /// When a solution is expected.
    pub eta: Option<Time>,
    /// Tags; for the support side only.
    pub tags: Vec<String>,
    /// Extra fields of the service's form.
    #[schema(value_type = BTreeMap<String, serde_json::Value>)]
    pub custom: BTreeMap<String, serde_json::Value>,
    /// Who may see it.
    #[schema(value_type = VisibilityWord)]
    pub visibility: Visibility,
    /// How far it may be passed on; null: it is not restricted.
    #[schema(value_type = Option<TlpWord>)]
    pub tlp: Option<Tlp>,
    /// Everybody else on it.
    pub parties: Vec<TicketParty>,
    /// Ties to other tickets.
    pub relations: Vec<Relation>,
    /// How far the requester escalated it, 0 to 3.
    pub escalation: u8,
    /// Somebody owes the requester an answer.
    pub needs_reply: bool,
    /// Whose turn it is; null: not known yet, soon after an upgrade.
    #[schema(value_type = Option<TurnWord>)]
    pub turn: Option<Turn>,
    /// Since when.
    pub turn_since: Option<Time>,
    /// The clock that is due first; null: it is due for nothing.
    pub due: Option<DueFirst>,
    /// When it was opened.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
    /// When it was solved or unsolved.
    pub closed_at: Option<Time>,
}

impl Ticket {
    /// A ticket as it is at `now`.
    pub(super) fn of(t: TicketView, now: Millis) -> Ticket {
        let (service, service_key) = t.service.map(|s| (s.name, s.key)).unzip();
        Ticket {
            number: t.number.0,
            version: t.version,
            kind: t.kind,
            subject: t.subject,
            status: t.status,
            status_since: Time(t.status_since),
            priority: t.priority,
            priority_reason: t.priority_reason,
            priority_rule: t.priority_rule,
            priority_overruled: t.priority_overruled,
            priority_by: t.priority_by.map(Person::from),
            priority_confirmed: t.priority_confirmed,
            unit: t.unit.name,
            unit_key: t.unit.key,
            unit_since: Time(t.unit_since),
            level: t.level,
            owner: t.owner.map(Person::from),
            requester: t.requester.into(),
            tell: t.tell,
            service,
            service_key,
            category: t.category.key,
            issue_type: t.issue_type.map(|v| v.key),
            site: t.site,
            community: t.community,
            portal: t.portal.map(|p| p.key),
            since: t.since.map(Time),
            affected_users: t.affected_users,
            degrades_service: t.degrades_service,
            security_risk: t.security_risk,
            solution: t.solution.map(|s| Solution {
                text: s.text,
                kind: s.kind,
                at: Time(s.at),
            }),
            hold: t.hold.map(hold),
            reminder: t.reminder.map(Time),
            eta: t.eta.map(Time),
            tags: t.tags,
            custom: t.custom,
            visibility: t.visibility,
            tlp: t.tlp,
            parties: t
                .parties
                .into_iter()
                .map(|p| TicketParty {
                    person: p.person.into(),
                    role: p.role,
                })
                .collect(),
            relations: t.relations.into_iter().map(Relation::from).collect(),
            escalation: t.escalation,
            needs_reply: t.needs_reply,
            turn: t.clocks.as_ref().map(|c| c.turn),
            turn_since: t.clocks.as_ref().map(|c| Time(c.turn_since)),
            due: t
                .clocks
                .and_then(|c| c.due)
                .map(|due| DueFirst::of(due, now)),
            created_at: Time(t.created_at),
            updated_at: Time(t.updated_at),
            closed_at: t.closed_at.map(Time),
        }
    }
}

fn hold(hold: Hold) -> HoldReason {
    match hold {
        Hold::Reason { text } => HoldReason {
            why: "reason",
            text: Some(text),
            ticket: None,
        },
        Hold::Master { ticket } => HoldReason {
            why: "master",
            text: None,
            ticket: Some(ticket.0),
        },
        Hold::Children => HoldReason {
            why: "children",
            text: None,
            ticket: None,
        },
    }
}

/// The ETag of a version.
pub(super) fn etag(version: i64) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"0\""))
}

/// A ticket with its ETag.
pub(super) fn answer(status: StatusCode, ticket: Ticket) -> Response {
    let tag = etag(ticket.version);
    (status, [(header::ETAG, tag)], Json(ticket)).into_response()
}

/// A ticket that was just made, with its address.
pub(super) fn created(ticket: Ticket) -> Response {
    let location = format!("/api/v1/tickets/{}", ticket.number);
    let mut response = answer(StatusCode::CREATED, ticket);
    if let Ok(value) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    response
}

/// Who asks, when it is not the caller.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequesterGiven {
    /// Mail address.
    pub email: String,
    /// Name, for somebody not known yet.
    #[serde(default)]
    pub name: Option<String>,
}

/// A ticket to be opened.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketRequest {
    /// What it is about, in one line; cut to 500 characters.
    #[schema(min_length = 1)]
    pub subject: String,
    /// What happened; becomes the first entry.
    #[schema(min_length = 1)]
    pub description: String,
    /// A service's name or key; its unit gets the ticket.
    pub service: Option<String>,
    /// A unit's name or key; first level without it.
    pub unit: Option<String>,
    /// A category's key; `incident` without it.
    pub category: Option<String>,
    /// A type of issue's key, of the category's list.
    pub issue_type: Option<String>,
    /// How many people are affected; 1 without it.
    #[serde(default, deserialize_with = "maybe_whole")]
    #[schema(minimum = 1, maximum = 4294967295_u32)]
    pub affected_users: Option<u32>,
    /// It affects and degrades a service.
    pub degrades_service: Option<bool>,
    /// How far security is at stake; `none` without it.
    #[schema(value_type = Option<SecurityRiskWord>)]
    pub security_risk: Option<SecurityRisk>,
    /// Who asks; the caller without it. Only staff may name another.
    #[serde(default, deserialize_with = "maybe_object")]
    pub requester: Option<RequesterGiven>,
    /// Mail addresses of those who should follow it, 50 at most.
    pub cc: Option<Vec<String>>,
    /// Extra fields of the service's form.
    pub custom: Option<BTreeMap<String, serde_json::Value>>,
    /// Since when.
    pub since: Option<Time>,
    /// A site's key.
    pub site: Option<String>,
    /// A community's key, name or another name of it; without it the portal's.
    pub community: Option<String>,
    /// The key of the portal it comes by: only what that offers is taken, and
    /// its own first level gets what nothing routes elsewhere.
    pub portal: Option<String>,
    /// How much the requester wants to hear; `on_solution` without it.
    #[schema(value_type = Option<TellWord>)]
    pub tell: Option<TellRequester>,
    /// `user` without it; `team`: everybody who was put into the community may answer,
    /// confirm the solution, reopen and escalate as the requester may. Alarm and ops
    /// tickets come another way.
    #[serde(rename = "type")]
    #[schema(value_type = Option<TicketTypeWord>)]
    pub kind: Option<TicketType>,
}

impl TicketRequest {
    /// What may be asked for here.
    fn check(&self) -> Result<(), Error> {
        match self.kind {
            None | Some(TicketType::User | TicketType::Team) => Ok(()),
            Some(TicketType::Alarm | TicketType::Ops) => Err(Error::invalid(
                "type",
                "takes user or team; leave it out for user",
            )),
        }
    }

    fn into_open(self, idempotency: Option<(String, Vec<u8>)>) -> OpenRequest {
        OpenRequest {
            subject: self.subject,
            description: self.description,
            service: self.service,
            unit: self.unit,
            category: self.category,
            issue_type: self.issue_type,
            affected_users: self.affected_users,
            degrades_service: self.degrades_service.unwrap_or_default(),
            security_risk: self.security_risk.unwrap_or_default(),
            since: self.since.map(|t| t.0),
            requester: self.requester.map(|r| RequesterRef {
                email: r.email,
                name: r.name.unwrap_or_default(),
            }),
            cc: self.cc.unwrap_or_default(),
            tell: self.tell.unwrap_or_default(),
            site: self.site,
            community: self.community,
            portal: self.portal,
            custom: self.custom.unwrap_or_default(),
            kind: self.kind.unwrap_or_default(),
            idempotency,
            ..OpenRequest::default()
        }
    }
}

/// Opens a ticket.
///
/// A request that is repeated with the same `Idempotency-Key` and the same
/// body gives the ticket of the first one, with 201 again; the same key with
/// another body is refused. Keys are kept for a day.
#[utoipa::path(
    post,
    path = "/tickets",
    tag = "tickets",
    params((
        "Idempotency-Key" = Option<String>, Header,
        description = "Makes repeating the request harmless; 1 to 200 ASCII characters",
    )),
    request_body = TicketRequest,
    responses((
        status = 201, description = "The ticket", body = Ticket,
        headers(("Location" = String), ("ETag" = String)),
    )),
)]
async fn create(
    State(app): State<AppState>,
    Writes(caller): Writes,
    IdempotencyKey(key): IdempotencyKey,
    body: Body<TicketRequest>,
) -> Result<Response, Problem> {
    let idempotency = key.map(|key| (key, body.hash));
    body.value.check()?;
    let request = body.value.into_open(idempotency);
    let view = app
        .desk
        .open_and_show(&caller.actor, caller.email, request)
        .await?;
    Ok(created(Ticket::of(view, app.desk.now())))
}

/// A ticket.
#[utoipa::path(
    get,
    path = "/tickets/{number}",
    tag = "tickets",
    params(
        ("number" = i64, Path, minimum = 1, description = "The ticket's number"),
        ("If-None-Match" = Option<String>, Header, description = "An ETag that you have: 304 when it is still right"),
    ),
    responses(
        (status = 200, description = "The ticket", body = Ticket, headers(("ETag" = String))),
        (status = 304, description = "It is as you have it"),
    ),
)]
async fn read(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let view = app.desk.ticket(&caller.actor, at.number()?).await?;
    if has_already(&headers, view.version)? {
        let tag = etag(view.version);
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    Ok(answer(StatusCode::OK, Ticket::of(view, app.desk.now())))
}

/// What is to be changed of a ticket. What is left out stays as it is.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketChange {
    /// Another subject.
    pub subject: Option<String>,
    /// Another status: `in_progress`, `waiting`, `on_hold` (with `reason`),
    /// `solved` and `unsolved` (with `solution`), `verified`, `closed`,
    /// `reopened` (with `comment`).
    #[schema(value_type = Option<StatusWord>)]
    pub status: Option<Status>,
    /// For solved and unsolved: the text.
    pub solution: Option<String>,
    /// For solved and unsolved: of what kind.
    #[schema(value_type = Option<SolutionKindWord>)]
    pub solution_kind: Option<SolutionKind>,
    /// Why: for on hold, another priority, another unit.
    pub reason: Option<String>,
    /// For reopened: what is still wrong.
    pub comment: Option<String>,
    /// For waiting and on hold: when to look again.
    pub reminder: Option<Time>,
    /// For on hold: when a solution is expected.
    pub eta: Option<Time>,
    /// Another priority than the rules give; needs `reason`. null: back to
    /// what the rules give.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<PriorityWord>)]
    pub priority: Option<Option<Priority>>,
    /// `true`: first level leaves the priority as the rules give it.
    pub priority_confirmed: Option<bool>,
    /// A unit's name or key.
    pub unit: Option<String>,
    /// An owner's mail address; null: nobody.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub owner: Option<Option<String>>,
    /// A service's name or key; null: none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub service: Option<Option<String>>,
    /// A category's key.
    pub category: Option<String>,
    /// A type of issue's key; null: none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub issue_type: Option<Option<String>>,
    /// How many people are affected.
    #[serde(default, deserialize_with = "maybe_whole")]
    #[schema(minimum = 1, maximum = 4294967295_u32)]
    pub affected_users: Option<u32>,
    /// A service is degraded.
    pub degrades_service: Option<bool>,
    /// How far security is at stake.
    #[schema(value_type = Option<SecurityRiskWord>)]
    pub security_risk: Option<SecurityRisk>,
    /// A site's key; null: none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub site: Option<Option<String>>,
    /// A community's key; null: none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub community: Option<Option<String>>,
    /// Since when it is so, a time that has passed; null: not known.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Time>)]
    pub since: Option<Option<Time>>,
    /// All tags; what is not in the list goes.
    pub tags: Option<Vec<String>>,
    /// Extra fields to set, or with null to remove.
    pub custom: Option<BTreeMap<String, serde_json::Value>>,
    /// Who may see it.
    #[schema(value_type = Option<VisibilityWord>)]
    pub visibility: Option<Visibility>,
    /// How far it may be passed on; on restricted tickets.
    #[schema(value_type = Option<TlpWord>)]
    pub tlp: Option<Tlp>,
    /// How much the requester wants to hear.
    #[schema(value_type = Option<TellWord>)]
    pub tell: Option<TellRequester>,
    /// An internal note that goes with the change.
    pub note: Option<String>,
}

impl From<TicketChange> for Patch {
    fn from(c: TicketChange) -> Patch {
        Patch {
            subject: c.subject,
            status: c.status,
            solution: c.solution,
            solution_kind: c.solution_kind,
            reason: c.reason,
            comment: c.comment,
            reminder: c.reminder.map(|t| t.0),
            eta: c.eta.map(|t| t.0),
            priority: c.priority,
            priority_confirmed: c.priority_confirmed.unwrap_or_default(),
            unit: c.unit,
            owner: c.owner,
            service: c.service,
            category: c.category,
            issue_type: c.issue_type,
            affected_users: c.affected_users,
            degrades_service: c.degrades_service,
            security_risk: c.security_risk,
            site: c.site,
            community: c.community,
            since: c.since.map(|since| since.map(|t| t.0)),
            tags: c.tags.map(BTreeSet::from_iter),
            custom: c.custom.unwrap_or_default(),
            visibility: c.visibility,
            tlp: c.tlp,
            tell: c.tell,
            note: c.note,
        }
    }
}

/// An error with the field's name in [`TicketChange`], where one `reason`
/// serves several commands.
pub(super) fn named_here(error: Error) -> Error {
    match error {
        Error::Invalid { field, problem } if field == "priority_reason" => {
            Error::invalid("reason", problem)
        }
        other => other,
    }
}

/// The version that a change insists on.
///
/// # Errors
/// Also when the caller may not see the ticket.
pub(super) async fn expected(
    app: &AppState,
    caller: &Caller,
    number: TicketNumber,
    if_match: &IfMatch,
) -> Result<Option<i64>, Error> {
    if *if_match == IfMatch::Any {
        return Ok(None);
    }
    if_match.expected(app.desk.ticket(&caller.actor, number).await?.version)
}

/// The ticket after a change, as the caller sees it now.
///
/// Somebody may have changed it so that they see it no more (handed on, made
/// restricted): then there is nothing to show.
pub(super) async fn changed(
    app: &AppState,
    caller: &Caller,
    number: TicketNumber,
) -> Result<Response, Problem> {
    match app.desk.ticket(&caller.actor, number).await {
        Ok(view) => Ok(answer(StatusCode::OK, Ticket::of(view, app.desk.now()))),
        Err(Error::NotFound { .. }) => Ok(StatusCode::NO_CONTENT.into_response()),
        Err(e) => Err(e.into()),
    }
}

/// Changes a ticket. All of it happens or nothing.
#[utoipa::path(
    patch,
    path = "/tickets/{number}",
    tag = "tickets",
    params(
        ("number" = i64, Path, minimum = 1, description = "The ticket's number"),
        ("If-Match" = Option<String>, Header, description = "The ETag that you read: 412 when somebody was quicker"),
    ),
    request_body = TicketChange,
    responses(
        (status = 200, description = "The ticket after it", body = Ticket, headers(("ETag" = String))),
        (status = 204, description = "Done, and you do not see the ticket any more"),
    ),
)]
async fn change(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    if_match: IfMatch,
    body: Body<TicketChange>,
) -> Result<Response, Problem> {
    let number = at.number()?;
    let expected = expected(&app, &caller, number, &if_match).await?;
    app.desk
        .change(&caller.actor, number, expected, body.value.into())
        .await
        .map_err(named_here)?;
    changed(&app, &caller, number).await
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(create))
        .routes(routes!(read, change))
}
