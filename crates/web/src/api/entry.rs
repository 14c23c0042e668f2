//! Entries of the two diaries.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use desk::view::EntryView;
use desk::{EntryDraft, Error, Step};
use serde::{Deserialize, Serialize};
use switchboard_core::{Change, EntryVisibility, TicketNumber};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Items;
use super::attachment::File;
use super::caller::{Caller, Reads, Writes};
use super::history::Stretch;
use super::input::{Asked, At, Body, IfMatch};
use super::ticket::expected;
use super::words::{EntryVisibilityWord, Time};
use crate::AppState;
use crate::problem::Problem;

/// An entry of a ticket.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Entry {
    /// Its id.
    pub id: Uuid,
    /// Its place in the ticket.
    pub seq: i64,
    /// When it was written.
    pub at: Time,
    /// Who wrote it, by name.
    pub author: String,
    /// Their id; null: the desk itself, or somebody in another system.
    pub author_id: Option<Uuid>,
    /// `requester`, `support`, `external` or `system`.
    pub author_side: String,
    /// Through which door: `web`, `api`, `mail`, …
    pub channel: String,
    /// Which diary.
    #[schema(value_type = EntryVisibilityWord)]
    pub visibility: EntryVisibility,
    /// It is the solution.
    pub solution: bool,
    /// Plain text.
    pub body: String,
    /// What was trimmed off a mail: quotes and signature.
    pub quoted: Option<String>,
    /// What the mail it came by claims of signatures and encryption. The desk
    /// checks and opens nothing of it; a later version may know more kinds.
    pub protection: Vec<Protection>,
    /// Files that came with it.
    pub attachments: Vec<File>,
}

/// That a mail claims to be signed or encrypted.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Protection {
    /// `signed`, `unwrapped` (the text was inside a signed file, and is shown), `wrapped`
    /// (it is inside one that could not be opened), `encrypted` or `broken` (what it
    /// takes is not in the mail).
    pub kind: &'static str,
    /// `pgp` or `smime`.
    pub method: &'static str,
    /// `whole`, or `part`: the mail has text or files that are not meant.
    pub covers: &'static str,
    /// The same in words for people.
    pub words: String,
}

impl Entry {
    pub(super) fn new(number: TicketNumber, e: EntryView) -> Entry {
        Entry {
            id: e.id.0,
            seq: e.seq,
            at: Time(e.at),
            author: e.author_name,
            author_id: e.author.map(|p| p.0),
            author_side: e.author_side,
            channel: e.channel,
            visibility: e.visibility,
            solution: e.solution,
            body: e.body,
            quoted: e.quoted,
            protection: e
                .protection
                .iter()
                .map(|p| Protection {
                    kind: p.kind.key(),
                    method: p.method.key(),
                    covers: p.covers.key(),
                    words: p.words(),
                })
                .collect(),
            attachments: e.files.into_iter().map(|f| File::new(number, f)).collect(),
        }
    }
}

/// The entries of a ticket that you may read, oldest first.
#[utoipa::path(
    get,
    path = "/tickets/{number}/entries",
    tag = "entries",
    params(("number" = i64, Path, minimum = 1, description = "The ticket's number"), Stretch),
    responses((status = 200, description = "A page of entries", body = Items<Entry>)),
)]
async fn list(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
    Asked(stretch): Asked<Stretch>,
) -> Result<Json<Items<Entry>>, Problem> {
    let number = at.number()?;
    let (after, limit) = stretch.read()?;
    let mut entries = app
        .desk
        .entries(&caller.actor, number, after, limit + 1)
        .await?;
    let size = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = entries.len() > size;
    entries.truncate(size);
    let next = entries.last().filter(|_| more).map(|e| e.seq.to_string());
    Ok(Json(Items {
        items: entries.into_iter().map(|e| Entry::new(number, e)).collect(),
        next,
    }))
}

/// An entry to be written.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EntryRequest {
    /// Which diary; `public` without it. Internal notes are for the support
    /// side.
    #[schema(value_type = Option<EntryVisibilityWord>)]
    pub visibility: Option<EntryVisibility>,
    /// Plain text.
    #[schema(min_length = 1)]
    pub body: String,
}

/// Writes an entry. Attachments come by `POST …/attachments`.
#[utoipa::path(
    post,
    path = "/tickets/{number}/entries",
    tag = "entries",
    params(
        ("number" = i64, Path, minimum = 1, description = "The ticket's number"),
        ("If-Match" = Option<String>, Header, description = "The ticket's ETag that you read: 412 when somebody was quicker"),
    ),
    request_body = EntryRequest,
    responses((status = 201, description = "The entry", body = Entry)),
)]
async fn write(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    if_match: IfMatch,
    body: Body<EntryRequest>,
) -> Result<Response, Problem> {
    let number = at.number()?;
    let expected = expected(&app, &caller, number, &if_match).await?;
    let draft = EntryDraft {
        body: body.value.body,
        ..EntryDraft::default()
    };
    let visibility = body.value.visibility.unwrap_or(EntryVisibility::Public);
    let entry = add(&app, &caller, number, expected, visibility, draft).await?;
    Ok((StatusCode::CREATED, Json(Entry::new(number, entry))).into_response())
}

/// Writes an entry and gives it back as it was stored.
pub(crate) async fn add(
    app: &AppState,
    caller: &Caller,
    number: TicketNumber,
    expected: Option<i64>,
    visibility: EntryVisibility,
    draft: EntryDraft,
) -> Result<EntryView, Error> {
    let version = app
        .desk
        .act(
            &caller.actor,
            number,
            expected,
            vec![Step::Write(visibility, draft)],
        )
        .await?;
    // The last event belongs to this request; the entry is named in one of the
    // few events of the same cause.
    let missing = || Error::Internal(format!("the entry just written to {number} is not there"));
    let events = app
        .desk
        .history(
            &caller.actor,
            number,
            (version - LOOK_BACK).max(0),
            LOOK_BACK,
        )
        .await?;
    let cause = events
        .iter()
        .find(|e| e.seq == version)
        .or(events.last())
        .map(|e| e.cause)
        .ok_or_else(missing)?;
    let id = events
        .iter()
        .filter(|e| e.cause == cause)
        .find_map(|e| match &e.change {
            Change::EntryAdded { entry } => Some(entry.id),
            _ => None,
        })
        .ok_or_else(missing)?;
    app.desk.entry(&caller.actor, number, id).await
}

/// One request makes fewer events on its own ticket than this.
const LOOK_BACK: i64 = 20;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list, write))
}
