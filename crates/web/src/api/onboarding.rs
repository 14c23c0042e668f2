//! Forms by which providers bring their services in.

mod form;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use desk::Error;
use desk::onboarding::{Decision as Decided, Sheet, Summary, Verdict};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Items;
use super::caller::{Administers, Reads, Writes};
use super::input::{At, Body, IfMatch};
use super::words::Time;
use crate::AppState;
use crate::problem::{FieldProblem, Problem};
use form::OnboardingForm;

/// A form in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OnboardingSummary {
    /// Its id.
    pub id: Uuid,
    /// `entry`: new services; `move`: another way for a service that is here.
    pub kind: String,
    /// `draft`, `submitted`, `returned`, `accepted`, `refused`, `undone`.
    pub state: String,
    /// What it is about.
    pub title: String,
    /// Who provides.
    pub provider: String,
    /// The way that was chosen.
    pub option: Option<String>,
    /// Who began it.
    pub author: String,
    /// When it last changed.
    pub updated_at: Time,
    /// When it was last sent.
    pub submitted_at: Option<Time>,
}

fn summary(s: Summary) -> OnboardingSummary {
    OnboardingSummary {
        id: s.id,
        kind: s.kind.key().to_owned(),
        state: s.state.key().to_owned(),
        title: s.title,
        provider: s.provider,
        option: s.option.map(|w| w.key().to_owned()),
        author: s.author_name,
        updated_at: Time(s.updated_at),
        submitted_at: s.submitted_at.map(Time),
    }
}

/// A field that differs from what is so now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FieldChange {
    /// The field as a path.
    pub field: String,
    /// What is so now; empty: nothing.
    pub before: String,
    /// What shall be; empty: nothing.
    pub after: String,
}

/// Something that was done with a form.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OnboardingNote {
    /// When.
    pub at: Time,
    /// Who.
    pub by: String,
    /// `submitted`, `returned`, `refused`, `accepted`, `undone`.
    pub deed: String,
    /// What they said; may be empty.
    pub text: String,
}

/// A form.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Onboarding {
    /// Its id.
    pub id: Uuid,
    /// `entry`: new services; `move`: another way for a service that is here.
    pub kind: String,
    /// `draft`, `submitted`, `returned`, `accepted`, `refused`, `undone`.
    pub state: String,
    /// Its version, as in the ETag.
    pub version: i64,
    /// Who began it.
    pub author: String,
    /// The key of the service, of a move.
    pub service: Option<String>,
    /// What was typed.
    pub form: OnboardingForm,
    /// What keeps it from being sent or accepted; empty: nothing.
    pub problems: Vec<FieldProblem>,
    /// What differs from what is so now: of a move the way, of a known provider
    /// its fields.
    pub changes: Vec<FieldChange>,
    /// What accepting it would create or change, in words.
    pub would: Vec<String>,
    /// The list that somebody who reads it has confirmed.
    pub list_confirmed: Option<String>,
    /// What was done with it, oldest first.
    pub notes: Vec<OnboardingNote>,
    /// When it was begun.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

fn shown(sheet: Sheet) -> Response {
    let version = sheet.row.version;
    let body = Onboarding {
        id: sheet.row.id,
        kind: sheet.row.kind.key().to_owned(),
        state: sheet.row.state.key().to_owned(),
        version,
        author: sheet.author_name,
        service: sheet.service.map(|s| s.key),
        form: OnboardingForm::of(&sheet.row.form),
        problems: sheet
            .wrong
            .into_iter()
            .map(|p| FieldProblem {
                field: format!("form.{}", p.field),
                problem: p.problem,
            })
            .collect(),
        changes: sheet
            .changes
            .into_iter()
            .map(|c| FieldChange {
                field: c.field,
                before: c.before,
                after: c.after,
            })
            .collect(),
        would: sheet.would,
        list_confirmed: sheet.row.list_confirmed,
        notes: sheet
            .notes
            .into_iter()
            .map(|n| OnboardingNote {
                at: Time(n.at),
                by: n.name,
                deed: n.deed,
                text: n.body,
            })
            .collect(),
        created_at: Time(sheet.row.created_at),
        updated_at: Time(sheet.row.updated_at),
    };
    let mut response = Json(body).into_response();
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// The version to insist on, when the caller named one.
async fn expected(
    app: &AppState,
    actor: &switchboard_core::Actor,
    id: Uuid,
    if_match: &IfMatch,
) -> Result<Option<i64>, Problem> {
    if *if_match == IfMatch::Any {
        return Ok(None);
    }
    let sheet = app.desk.onboarding(actor, id).await?;
    Ok(if_match.expected(sheet.row.version)?)
}

/// Your forms and those of providers that you are a contact of, the last
/// changed first; for administrators also every form that was sent.
#[utoipa::path(
    get,
    path = "/onboardings",
    tag = "onboarding",
    responses((status = 200, description = "The forms", body = Items<OnboardingSummary>)),
)]
async fn list(
    State(app): State<AppState>,
    Reads(caller): Reads,
) -> Result<Json<Items<OnboardingSummary>>, Problem> {
    let mut all = app.desk.onboardings(&caller.actor).await?;
    if caller.actor.admin {
        for one in app.desk.onboarding_queue(&caller.actor).await? {
            if !all.iter().any(|known| known.id == one.id) {
                all.push(one);
            }
        }
    }
    Ok(Json(Items::all(all.into_iter().map(summary).collect())))
}

/// A form to begin.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOnboarding {
    /// Key or name of a service that shall go another way; left out: new
    /// services.
    #[serde(default)]
    pub service: Option<String>,
    /// What is known already.
    #[serde(default, deserialize_with = "super::input::maybe_object")]
    pub form: Option<OnboardingForm>,
}

/// Begins a form: for new services, or for another way of a service that is
/// here, when you look after its provider. Of a service there is one open form
/// at a time; it is given back then.
#[utoipa::path(
    post,
    path = "/onboardings",
    tag = "onboarding",
    request_body = NewOnboarding,
    responses((status = 201, description = "The form, a draft", body = Onboarding, headers(("ETag" = String)))),
)]
async fn create(
    State(app): State<AppState>,
    Writes(caller): Writes,
    body: Body<NewOnboarding>,
) -> Result<Response, Problem> {
    let id = match &body.value.service {
        Some(service) => {
            let begun = app.desk.begin_move(&caller.actor, service).await;
            begun.map_err(|error| match error {
                Error::NotFound { .. } => Error::invalid(
                    "service",
                    "there is none of that key or name that you look after; GET /api/v1/services lists them",
                ),
                other => other,
            })?
        }
        None => app.desk.begin_onboarding(&caller.actor).await?,
    };
    let sheet = match body.value.form {
        Some(form) => {
            app.desk
                .save_onboarding(&caller.actor, id, None, form.into())
                .await?
        }
        None => app.desk.onboarding(&caller.actor, id).await?,
    };
    Ok((StatusCode::CREATED, shown(sheet)).into_response())
}

/// A form.
#[utoipa::path(
    get,
    path = "/onboardings/{id}",
    tag = "onboarding",
    params(("id" = Uuid, Path, description = "The form's id")),
    responses((status = 200, description = "The form", body = Onboarding, headers(("ETag" = String)))),
)]
async fn read(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
) -> Result<Response, Problem> {
    let sheet = app.desk.onboarding(&caller.actor, at.uuid("id")?).await?;
    Ok(shown(sheet))
}

/// Replaces what stands in a form, while it is a draft or was returned. It may
/// be incomplete: `problems` says what is missing.
#[utoipa::path(
    put,
    path = "/onboardings/{id}",
    tag = "onboarding",
    params(
        ("id" = Uuid, Path, description = "The form's id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that you read: 412 when somebody was quicker"),
    ),
    request_body = OnboardingForm,
    responses((status = 200, description = "The form after it", body = Onboarding, headers(("ETag" = String)))),
)]
async fn replace(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    if_match: IfMatch,
    body: Body<OnboardingForm>,
) -> Result<Response, Problem> {
    let id = at.uuid("id")?;
    let expected = expected(&app, &caller.actor, id, &if_match).await?;
    let sheet = app
        .desk
        .save_onboarding(&caller.actor, id, expected, body.value.into())
        .await?;
    Ok(shown(sheet))
}

/// Sending a form.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// A word for the administrators.
    #[serde(default)]
    pub message: String,
}

/// Sends a form for review. Every field that is missing or wrong is named.
#[utoipa::path(
    post,
    path = "/onboardings/{id}/submit",
    tag = "onboarding",
    params(("id" = Uuid, Path, description = "The form's id")),
    request_body = Submission,
    responses((status = 200, description = "The form, which waits now", body = Onboarding, headers(("ETag" = String)))),
)]
async fn submit(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    body: Body<Submission>,
) -> Result<Response, Problem> {
    let id = at.uuid("id")?;
    let sheet = app.desk.onboarding(&caller.actor, id).await?;
    if sheet.row.state.open() && sheet.by.author && !sheet.wrong.is_empty() {
        let mut problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "a field is wrong");
        for one in sheet.wrong {
            problem = problem.field(format!("form.{}", one.field), one.problem);
        }
        return Err(problem);
    }
    app.desk
        .submit_onboarding(&caller.actor, id, None, &body.value.message)
        .await?;
    Ok(shown(app.desk.onboarding(&caller.actor, id).await?))
}

/// What is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecisionKind {
    /// The author is asked for changes; `text` says which.
    Return,
    /// Refused for good; `text` says why.
    Refuse,
    /// What it describes is created.
    Accept,
    /// What it had created is taken back; `text` says why.
    Undo,
}

/// A decision about a form.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// What is decided.
    pub decision: DecisionKind,
    /// Why, or what to change; needed but for `accept`.
    #[serde(default)]
    pub text: String,
    /// Of `undo`: key or name of the unit that takes over; needed when
    /// something uses what was created.
    #[serde(default)]
    pub successor: Option<String>,
}

/// Decides about a form. Accepting it creates provider, unit, responsibles,
/// services and agreements in one transaction; undoing removes them again while
/// nothing used them, and retires them otherwise.
#[utoipa::path(
    post,
    path = "/onboardings/{id}/decision",
    tag = "onboarding",
    params(
        ("id" = Uuid, Path, description = "The form's id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that you read: 412 when somebody was quicker"),
    ),
    request_body = Decision,
    responses((status = 200, description = "The form after it", body = Onboarding, headers(("ETag" = String)))),
)]
async fn decide(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
    if_match: IfMatch,
    body: Body<Decision>,
) -> Result<Response, Problem> {
    let id = at.uuid("id")?;
    let expected = expected(&app, &caller.actor, id, &if_match).await?;
    let Decision {
        decision,
        text,
        successor,
    } = body.value;
    let decision = match decision {
        DecisionKind::Return => Decided::Return { comment: text },
        DecisionKind::Refuse => Decided::Refuse { reason: text },
        DecisionKind::Accept => Decided::Accept,
        DecisionKind::Undo => Decided::Undo {
            reason: text,
            successor,
        },
    };
    app.desk
        .decide_onboarding(&caller.actor, id, expected, decision)
        .await
        .map_err(|e| match e {
            Error::Invalid { field, problem } if field == "reason" || field == "comment" => {
                Error::invalid("text", problem)
            }
            other => other,
        })?;
    Ok(shown(app.desk.onboarding(&caller.actor, id).await?))
}

/// Sends a test mail to the mailing list in a form; who follows the link in it
/// confirms the list.
#[utoipa::path(
    post,
    path = "/onboardings/{id}/list-check",
    tag = "onboarding",
    params(("id" = Uuid, Path, description = "The form's id")),
    responses((status = 202, description = "The mail is on its way")),
)]
async fn list_check(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
) -> Result<StatusCode, Problem> {
    app.desk.ask_list(&caller.actor, at.uuid("id")?).await?;
    Ok(StatusCode::ACCEPTED)
}

/// A line of what a test found.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TestLine {
    /// `good`, `odd` or `bad`.
    pub verdict: String,
    /// What was found.
    pub text: String,
    /// What to do about it; may be empty.
    pub detail: String,
}

/// What a test of a connection found.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ConnectionTest {
    /// When.
    pub at: Time,
    /// Line by line.
    pub lines: Vec<TestLine>,
}

/// Tests the connection to the system that a form couples: does it answer, is
/// our account let in, does it see the queue. Only reads are made. What is wrong
/// is said in the answer.
#[utoipa::path(
    post,
    path = "/onboardings/{id}/connection-test",
    tag = "onboarding",
    params(("id" = Uuid, Path, description = "The form's id")),
    responses((status = 200, description = "What was found", body = ConnectionTest)),
)]
async fn connection_test(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
) -> Result<Json<ConnectionTest>, Problem> {
    let tested = app
        .desk
        .test_connection(&caller.actor, at.uuid("id")?)
        .await?;
    Ok(Json(ConnectionTest {
        at: Time(tested.at),
        lines: tested
            .lines
            .into_iter()
            .map(|line| TestLine {
                verdict: match line.verdict {
                    Verdict::Good => "good",
                    Verdict::Odd => "odd",
                    Verdict::Bad => "bad",
                }
                .to_owned(),
                text: line.text,
                detail: line.detail,
            })
            .collect(),
    }))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, replace))
        .routes(routes!(submit))
        .routes(routes!(decide))
        .routes(routes!(list_check))
        .routes(routes!(connection_test))
}

#[cfg(test)]
mod tests {
    use store::onboarding::Kind;

    use super::form::Way;

    #[test]
    fn kinds_and_ways_have_the_words_of_the_document() {
        assert_eq!(Kind::Entry.key(), "entry");
        assert_eq!(Kind::Move.key(), "move");
        for way in switchboard_core::onboarding::Way::ALL {
            let word = serde_json::to_value(Way::from(way)).unwrap();
            assert_eq!(word, way.key());
        }
    }
}
