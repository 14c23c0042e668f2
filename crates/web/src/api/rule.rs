//! Rules that administrators write: what is done with tickets when something happens to
//! them or their time has come.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use desk::Error;
use desk::rule::{Draft, Overview, ThenDraft, Touched};
use serde::{Deserialize, Serialize};
use store::rule::{Run, Verdict};
use switchboard_core::TicketNumber;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::caller::Administers;
use super::input::{
    Asked, At, Body, IfMatch, maybe_object, maybe_whole, whole_number, whole_numbers,
};
use super::words::Time;
use super::{Items, tagged};
use crate::AppState;
use crate::problem::Problem;

/// A length of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleLength {
    /// How many.
    #[serde(deserialize_with = "whole_number")]
    #[schema(minimum = 0, maximum = 366)]
    pub count: i64,
    /// Of what: `hours`, `days`, or `working_days` of the ticket's unit.
    pub of: String,
}

/// What a rule does, in this order. What is left out or empty is not done. Texts may use
/// the fields `{{ ticket }}`, `{{ subject }}`, `{{ status }}`, `{{ priority }}`,
/// `{{ unit }}`, `{{ service }}`, `{{ site }}`, `{{ community }}`, `{{ name }}` (the
/// requester's), `{{ owner }}`, `{{ rule }}` and `{{ desk }}`, and those of canned texts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RuleThen {
    /// A category's key.
    pub category: String,
    /// A type of issue's key.
    pub issue_type: String,
    /// Tags to put on it.
    pub tag: Vec<String>,
    /// Tags to take off it.
    pub untag: Vec<String>,
    /// `low`, `medium`, `high` or `top`, with the rule as the reason.
    pub priority: String,
    /// The unit that it is given to, by name or key.
    pub unit: String,
    /// The mail address of the member of its unit who is to own it.
    pub owner: String,
    /// The mail address of somebody who is added on the requester's side.
    pub cc: String,
    /// The mail address of somebody who is added on the support side.
    pub involve: String,
    /// An internal note; a text with fields.
    pub note: String,
    /// A public answer; a text with fields. A rule's is nobody's answer to the clocks.
    pub answer: String,
    /// The status that goes with the answer, or is set without one: `in_progress`,
    /// `waiting`, and with an answer, which is the solution, `solved`, `unsolved`; empty: it
    /// stays.
    pub status: String,
    /// Why it is put on hold; a text with fields.
    pub hold: String,
    /// After so many working days on hold it is brought to mind.
    #[serde(deserialize_with = "maybe_whole")]
    #[schema(minimum = 1, maximum = 250)]
    pub hold_days: Option<i64>,
    /// The unit that is mailed, by name or key.
    pub mail_unit: String,
    /// What the mail says; a text with fields.
    pub mail_text: String,
}

/// A rule, and how it goes.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WrittenRule {
    /// What it is called in histories: “Rule 7”.
    pub number: i64,
    /// Where it stands in the order, from 1.
    pub place: i64,
    /// How people call it.
    pub title: String,
    /// What sets it off.
    pub on: String,
    /// For `changed`: which fields; none: any of them.
    pub fields: Vec<String>,
    /// For those on time: how long.
    pub after: Option<RuleLength>,
    /// A query that the ticket has to meet; its words have to be in the subject.
    pub only: String,
    /// What it does.
    pub then: RuleThen,
    /// One on time acts on what had its time already when it began, too.
    pub catch_up: bool,
    /// It acts.
    pub active: bool,
    /// Why the desk paused it; null: it runs, or somebody paused it.
    pub paused_because: Option<String>,
    /// Since when it runs, or its time is counted.
    pub began_at: Time,
    /// How often it acted in the last seven days.
    pub acted: i64,
    /// How often the rules of tickets refused it in the last seven days.
    pub refused: i64,
    /// How often it was stopped in the last seven days, so that nothing goes round.
    pub stopped: i64,
    /// When it last acted, in the last seven days.
    pub acted_at: Option<Time>,
    /// Since when it is there.
    pub made_at: Time,
}

fn shown(one: Overview) -> WrittenRule {
    let (rule, draft) = (one.rule, one.draft);
    WrittenRule {
        number: rule.number,
        place: rule.place,
        title: draft.title,
        on: draft.on,
        fields: draft.fields,
        after: draft.after.map(|(count, of)| RuleLength { count, of }),
        only: draft.only,
        then: then(draft.then),
        catch_up: draft.catch_up,
        active: rule.active,
        paused_because: rule.why,
        began_at: Time(rule.began_at),
        acted: one.sums.acted,
        refused: one.sums.refused,
        stopped: one.sums.stopped,
        acted_at: one.sums.last.map(Time),
        made_at: Time(rule.made_at),
    }
}

pub(super) fn then(t: ThenDraft) -> RuleThen {
    RuleThen {
        category: t.category,
        issue_type: t.issue_type,
        tag: t.tag,
        untag: t.untag,
        priority: t.priority,
        unit: t.unit,
        owner: t.owner,
        cc: t.cc,
        involve: t.involve,
        note: t.note,
        answer: t.answer,
        status: t.status,
        hold: t.hold,
        hold_days: t.hold_days,
        mail_unit: t.mail_unit,
        mail_text: t.mail_text,
    }
}

pub(super) fn then_draft(t: RuleThen) -> ThenDraft {
    ThenDraft {
        category: t.category,
        issue_type: t.issue_type,
        tag: t.tag,
        untag: t.untag,
        priority: t.priority,
        unit: t.unit,
        owner: t.owner,
        cc: t.cc,
        involve: t.involve,
        note: t.note,
        answer: t.answer,
        status: t.status,
        hold: t.hold,
        hold_days: t.hold_days,
        mail_unit: t.mail_unit,
        mail_text: t.mail_text,
    }
}

/// What a rule is to be. Of one that is there, what is left out stays; `then` is replaced
/// as a whole.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RuleChange {
    /// How people call it; no two have the same.
    pub title: Option<String>,
    /// What sets it off: `opened`, `changed`, `requester_answered`, `staff_answered`,
    /// `escalated`; or time: `in_status`, `unanswered`, `silent`, `before_due`, `after_due`.
    pub on: Option<String>,
    /// For `changed`: `status`, `unit`, `owner`, `priority`, `category`, `issue_type`,
    /// `service`, `site`, `community`, `subject`, `tags`; none: any of them.
    pub fields: Option<Vec<String>>,
    /// For those on time: how long.
    #[serde(deserialize_with = "maybe_object")]
    pub after: Option<RuleLength>,
    /// A query that the ticket has to meet, as in search; its words have to be in the
    /// subject. Empty: every ticket.
    pub only: Option<String>,
    /// What it does.
    #[serde(deserialize_with = "maybe_object")]
    pub then: Option<RuleThen>,
    /// On time: act on what had its time already when it begins, too.
    pub catch_up: Option<bool>,
    /// It acts; so of a new one.
    pub active: Option<bool>,
}

fn draft(known: Option<Overview>, change: RuleChange) -> Result<Draft, Error> {
    let before = match known {
        Some(known) => known.draft,
        None => {
            let missing = |field: &str| Error::invalid(field, "has to be given");
            if change.title.is_none() {
                return Err(missing("title"));
            }
            if change.on.is_none() {
                return Err(missing("on"));
            }
            Draft {
                active: true,
                ..Draft::default()
            }
        }
    };
    // What goes with another way of being set off does not stay.
    let other = change.on.as_ref().is_some_and(|on| *on != before.on);
    let after = change.after.map(|length| (length.count, length.of));
    Ok(Draft {
        number: before.number,
        expected: None,
        title: change.title.unwrap_or(before.title),
        on: change.on.unwrap_or(before.on),
        fields: match change.fields {
            Some(fields) => fields,
            None if other => Vec::new(),
            None => before.fields,
        },
        after: after.or(if other { None } else { before.after }),
        only: change.only.unwrap_or(before.only),
        then: change.then.map_or(before.then, then_draft),
        catch_up: change.catch_up.unwrap_or(before.catch_up && !other),
        active: change.active.unwrap_or(before.active),
    })
}

/// The number in the address.
fn number(at: &At) -> Result<i64, Problem> {
    let text = at.text("rule")?;
    text.parse()
        .map_err(|_| Problem::from(Error::not_found("such rule")))
}

/// Every rule, in the order in which they are looked at, and how each goes.
#[utoipa::path(
    get,
    path = "/rules",
    tag = "rules",
    responses((status = 200, description = "The rules", body = Items<WrittenRule>)),
)]
async fn list(
    State(app): State<AppState>,
    Administers(caller): Administers,
) -> Result<Json<Items<WrittenRule>>, Problem> {
    let all = app.desk.written_rules(&caller.actor).await?;
    Ok(Json(Items::all(all.into_iter().map(shown).collect())))
}

/// Makes a rule. It acts on what happens, or has its time, from now on.
#[utoipa::path(
    post,
    path = "/rules",
    tag = "rules",
    request_body = RuleChange,
    responses((status = 201, description = "The rule", body = WrittenRule, headers(("ETag" = String)))),
)]
async fn create(
    State(app): State<AppState>,
    Administers(caller): Administers,
    body: Body<RuleChange>,
) -> Result<Response, Problem> {
    let draft = draft(None, body.value)?;
    let made = app.desk.save_written_rule(&caller.actor, draft).await?;
    let version = made.rule.version;
    Ok((StatusCode::CREATED, tagged(version), Json(shown(made))).into_response())
}

/// In which order rules are looked at.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleOrder {
    /// The numbers of all rules.
    #[serde(deserialize_with = "whole_numbers")]
    pub rules: Vec<i64>,
}

/// Has the rules looked at in another order.
#[utoipa::path(
    put,
    path = "/rules/order",
    tag = "rules",
    request_body = RuleOrder,
    responses((status = 200, description = "The rules", body = Items<WrittenRule>)),
)]
async fn order(
    State(app): State<AppState>,
    Administers(caller): Administers,
    body: Body<RuleOrder>,
) -> Result<Json<Items<WrittenRule>>, Problem> {
    let rules = body.value.rules;
    let all = app.desk.order_written_rules(&caller.actor, rules).await?;
    Ok(Json(Items::all(all.into_iter().map(shown).collect())))
}

/// A ticket that a rule would touch.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TouchedTicket {
    /// Its number.
    pub number: i64,
    /// Its subject.
    pub subject: String,
    /// Its status.
    pub status: String,
    /// Its priority.
    pub priority: String,
    /// Its unit.
    pub unit: String,
    /// When the time of a rule on time comes for it.
    pub at: Option<Time>,
    /// What would be done with it, in words; none: all is so already, or it is refused.
    pub does: Vec<String>,
    /// Why the rules of tickets would refuse it.
    pub refused: Option<String>,
}

fn touched(one: Touched) -> TouchedTicket {
    TouchedTicket {
        number: one.number.0,
        subject: one.subject,
        status: one.status.key().to_owned(),
        priority: one.priority.key().to_owned(),
        unit: one.unit,
        at: one.at.map(Time),
        does: one.does,
        refused: one.refused,
    }
}

/// Which tickets a rule would touch as things are.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RulePreview {
    /// How many tickets meet it; of a rule on time, those for which its time came or comes.
    pub meets: i64,
    /// Of a rule on time: for how many its time has come.
    pub due: i64,
    /// There are more than the 2,000 newest tickets that were looked at.
    pub more: bool,
    /// The first 25 of them: those whose time came or comes first, else the newest.
    pub tickets: Vec<TouchedTicket>,
}

/// Which tickets a rule would touch, and what it would do with each now. Nothing is saved
/// or changed. Where the query says nothing of the status, only open tickets are looked at.
#[utoipa::path(
    post,
    path = "/rules/preview",
    tag = "rules",
    request_body = RuleChange,
    responses((status = 200, description = "What it would touch", body = RulePreview)),
)]
async fn preview(
    State(app): State<AppState>,
    Administers(caller): Administers,
    body: Body<RuleChange>,
) -> Result<Json<RulePreview>, Problem> {
    let draft = draft(None, body.value)?;
    let seen = app.desk.preview_rule(&caller.actor, draft).await?;
    Ok(Json(RulePreview {
        meets: seen.meets,
        due: seen.due,
        more: seen.more,
        tickets: seen.tickets.into_iter().map(touched).collect(),
    }))
}

fn answer(one: Overview) -> Response {
    let version = one.rule.version;
    (StatusCode::OK, tagged(version), Json(shown(one))).into_response()
}

/// One rule.
#[utoipa::path(
    get,
    path = "/rules/{rule}",
    tag = "rules",
    params(("rule" = i64, Path, description = "The rule's number")),
    responses((status = 200, description = "The rule", body = WrittenRule, headers(("ETag" = String)))),
)]
async fn read(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
) -> Result<Response, Problem> {
    let found = app.desk.written_rule(&caller.actor, number(&at)?).await?;
    Ok(answer(found))
}

/// Changes a rule, pauses it, or lets it act again: then on what happens from now on.
#[utoipa::path(
    patch,
    path = "/rules/{rule}",
    tag = "rules",
    params(
        ("rule" = i64, Path, description = "The rule's number"),
        ("If-Match" = Option<String>, Header, description = "The ETag that you read: 412 when somebody was quicker"),
    ),
    request_body = RuleChange,
    responses((status = 200, description = "The rule after it", body = WrittenRule, headers(("ETag" = String)))),
)]
async fn change(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
    if_match: IfMatch,
    body: Body<RuleChange>,
) -> Result<Response, Problem> {
    let known = app.desk.written_rule(&caller.actor, number(&at)?).await?;
    let expected = if_match.expected(known.rule.version)?;
    let draft = Draft {
        expected,
        ..draft(Some(known), body.value)?
    };
    let changed = app.desk.save_written_rule(&caller.actor, draft).await?;
    Ok(answer(changed))
}

/// Takes a rule away, with the log of what it did. The histories of tickets keep it.
#[utoipa::path(
    delete,
    path = "/rules/{rule}",
    tag = "rules",
    params(("rule" = i64, Path, description = "The rule's number")),
    responses((status = 204, description = "It is gone")),
)]
async fn remove(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
) -> Result<StatusCode, Problem> {
    app.desk
        .delete_written_rule(&caller.actor, number(&at)?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What came of a rule that was set off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleVerdict {
    /// It did what it says.
    Acted,
    /// The rules of tickets refused it, and nothing happened.
    Refused,
    /// It was stopped, so that nothing goes round.
    Stopped,
}

/// That a rule was set off, and what came of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RuleRun {
    /// Its place in the log.
    pub id: i64,
    /// The rule.
    pub rule: i64,
    /// The rule's version at that time.
    pub version: i64,
    /// The ticket.
    pub ticket: i64,
    /// When.
    pub at: Time,
    /// The event that set it off, as `/events` counts; null: its time had come.
    pub event: Option<i64>,
    /// The cause of the events that it made; null: it made none.
    pub cause: Option<Uuid>,
    /// The rules that set one another off, the first first, this one last.
    pub chain: Vec<i64>,
    /// What came of it.
    pub verdict: RuleVerdict,
    /// What set it off; and why nothing came of it.
    pub why: String,
    /// What it did, in words.
    pub did: Vec<String>,
}

fn run(one: Run) -> RuleRun {
    RuleRun {
        id: one.number,
        rule: one.rule,
        version: one.version,
        ticket: one.ticket.0,
        at: Time(one.at),
        event: one.event,
        cause: one.cause,
        chain: one.chain,
        verdict: match one.verdict {
            Verdict::Acted => RuleVerdict::Acted,
            Verdict::Refused => RuleVerdict::Refused,
            Verdict::Stopped => RuleVerdict::Stopped,
        },
        why: one.why,
        did: one.did.lines().map(str::to_owned).collect(),
    }
}

/// Which runs.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RunQuery {
    /// Only of this rule.
    #[serde(default)]
    rule: Option<i64>,
    /// Only on this ticket.
    #[serde(default)]
    ticket: Option<i64>,
    /// `next` of the page before.
    #[serde(default)]
    cursor: Option<String>,
    /// Items on a page, 1 to 200; 50 without it.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// What rules did, or did not, and why; the newest first. It is kept for 180 days.
#[utoipa::path(
    get,
    path = "/rules/runs",
    tag = "rules",
    params(RunQuery),
    responses((status = 200, description = "A page of the log", body = Items<RuleRun>)),
)]
async fn runs(
    State(app): State<AppState>,
    Administers(caller): Administers,
    Asked(query): Asked<RunQuery>,
) -> Result<Json<Items<RuleRun>>, Problem> {
    let before = super::cursor(query.cursor.as_deref())?;
    let limit = super::limit(query.limit)?.unwrap_or(desk::list::PAGE);
    let ticket = query.ticket.map(TicketNumber);
    let page = app
        .desk
        .rule_runs(&caller.actor, query.rule, ticket, before, limit)
        .await?;
    Ok(Json(Items {
        items: page.items.into_iter().map(run).collect(),
        next: page.next,
    }))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(order))
        .routes(routes!(preview))
        .routes(routes!(runs))
        .routes(routes!(read, change, remove))
}
