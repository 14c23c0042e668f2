//! Files of tickets.

use axum::Json;
use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest as _, Multipart, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use desk::view::FileView;
use desk::{EntryDraft, Error, NewFile};
use serde::{Deserialize, Serialize};
use switchboard_core::{EntryVisibility, TicketNumber};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Items;
use super::caller::{Reads, Writes};
use super::entry::{Entry, add};
use super::input::{Asked, At, essence, too_large, whole};
use super::words::EntryVisibilityWord;
use crate::AppState;
use crate::problem::Problem;

/// A file of a ticket.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct File {
    /// Its id.
    pub id: Uuid,
    /// Its name, made safe.
    pub name: String,
    /// What the sender said it is.
    pub media_type: String,
    /// Bytes.
    pub size: i64,
    /// The entry it came with.
    pub entry: Uuid,
    /// Where its bytes are.
    pub url: String,
}

impl File {
    pub(super) fn new(number: TicketNumber, f: FileView) -> File {
        File {
            id: f.id,
            name: f.name,
            media_type: f.media_type,
            size: f.size,
            entry: f.entry.0,
            url: format!("/api/v1/tickets/{number}/attachments/{}", f.id),
        }
    }
}

/// The files of a ticket that you may have.
#[utoipa::path(
    get,
    path = "/tickets/{number}/attachments",
    tag = "attachments",
    params(("number" = i64, Path, minimum = 1, description = "The ticket's number")),
    responses((status = 200, description = "The files", body = Items<File>)),
)]
async fn list(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
) -> Result<Json<Items<File>>, Problem> {
    let number = at.number()?;
    let files = app.desk.files(&caller.actor, number).await?;
    Ok(Json(Items::all(
        files.into_iter().map(|f| File::new(number, f)).collect(),
    )))
}

/// How to give out a file.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HowToShow {
    /// 1: pictures (PNG, JPEG, GIF, WebP) and plain text with their own type,
    /// to be shown; everything else is only to be saved.
    #[serde(default)]
    #[param(minimum = 0, maximum = 1)]
    inline: Option<u8>,
}

/// The bytes of a file.
#[utoipa::path(
    get,
    path = "/tickets/{number}/attachments/{id}",
    tag = "attachments",
    params(
        ("number" = i64, Path, minimum = 1, description = "The ticket's number"),
        ("id" = Uuid, Path, description = "The file's id"),
        HowToShow,
    ),
    responses((
        status = 200, description = "The bytes, with Content-Disposition",
        content(
            (Vec<u8> = "application/octet-stream"),
            (Vec<u8> = "image/png"),
            (Vec<u8> = "image/jpeg"),
            (Vec<u8> = "image/gif"),
            (Vec<u8> = "image/webp"),
            (String = "text/plain"),
        ),
        headers(("Content-Disposition" = String)),
    )),
)]
async fn download(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
    Asked(how): Asked<HowToShow>,
) -> Result<Response, Problem> {
    let number = at.number()?;
    let inline = match how.inline {
        None | Some(0) => false,
        Some(1) => true,
        Some(_) => return Err(Error::invalid("inline", "takes 0 or 1").into()),
    };
    let (file, bytes) = app.desk.attachment(&caller.actor, at.uuid("id")?).await?;
    if file.ticket != number {
        return Err(Error::not_found("such attachment").into());
    }
    Ok(crate::file::response(&file, bytes, inline))
}

/// How files are taken.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HowToTake {
    /// Which diary the entry with the files goes to; `public` without it.
    #[serde(default)]
    #[param(value_type = Option<EntryVisibilityWord>)]
    visibility: Option<EntryVisibility>,
    /// For one file as the body: its name.
    #[serde(default)]
    name: Option<String>,
}

/// So many files are taken at once.
const MOST_FILES: usize = 20;

/// What a form with files may look like.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only documented; the form is read part by part")]
pub struct FileForm {
    /// The text of the entry.
    #[schema(nullable = false)]
    body: Option<String>,
    /// The files, 20 at most.
    #[schema(value_type = Vec<String>, format = Binary)]
    file: Vec<Vec<u8>>,
}

/// Adds files, as an entry of their own. Either one file as the body, named by
/// `?name=` and typed by `Content-Type`, or a form (`multipart/form-data`) with
/// parts `file` and perhaps `body`.
#[utoipa::path(
    post,
    path = "/tickets/{number}/attachments",
    tag = "attachments",
    params(
        ("number" = i64, Path, minimum = 1, description = "The ticket's number"),
        HowToTake,
    ),
    request_body(content(
        (Vec<u8> = "application/octet-stream"),
        (FileForm = "multipart/form-data"),
    )),
    responses((status = 201, description = "The entry with the files", body = Entry)),
)]
async fn upload(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    Asked(how): Asked<HowToTake>,
    request: Request,
) -> Result<Response, Problem> {
    let number = at.number()?;
    // Who may not write there shall not send 50 MB to be told so.
    app.desk.ticket(&caller.actor, number).await?;
    let kind = essence(request.headers());
    let draft = if kind == "multipart/form-data" {
        from_form(request, &app).await?
    } else {
        let name = how
            .name
            .clone()
            .or_else(|| named_in(request.headers()))
            .unwrap_or_else(|| "attachment".into());
        let bytes = whole(request, &app).await?;
        if bytes.is_empty() {
            return Err(Error::invalid("body", "is empty; send the bytes of the file").into());
        }
        EntryDraft {
            files: vec![new_file(name, kind, bytes.to_vec())],
            ..EntryDraft::default()
        }
    };
    let most = app.desk.config().max_attachment;
    if draft.files.iter().any(|f| f.bytes.len() > most) {
        return Err(too_large());
    }
    let visibility = how.visibility.unwrap_or(EntryVisibility::Public);
    let entry = add(&app, &caller, number, None, visibility, draft).await?;
    Ok((StatusCode::CREATED, Json(Entry::new(number, entry))).into_response())
}

fn new_file(name: String, media_type: String, bytes: Vec<u8>) -> NewFile {
    NewFile {
        name,
        media_type,
        bytes,
        content_id: None,
    }
}

/// The plain file name of a `Content-Disposition` in a request.
fn named_in(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::CONTENT_DISPOSITION)?.to_str().ok()?;
    let (_, rest) = text.split_once("filename=")?;
    let name = rest.split(';').next()?.trim().trim_matches('"');
    (!name.is_empty()).then(|| name.to_owned())
}

/// A form that can not be read to its end.
pub(crate) fn broken_form(e: MultipartError) -> Problem {
    if e.status() == StatusCode::PAYLOAD_TOO_LARGE {
        too_large()
    } else {
        Problem::malformed("the form can not be read: a part broke off or has no header")
    }
}

async fn from_form(request: Request, app: &AppState) -> Result<EntryDraft, Problem> {
    let mut form = Multipart::from_request(request, app)
        .await
        .map_err(|_| Problem::malformed("the form has no boundary"))?;
    let mut draft = EntryDraft::default();
    while let Some(part) = form.next_field().await.map_err(broken_form)? {
        match part.name() {
            Some("body") => {
                let bytes = part.bytes().await.map_err(broken_form)?;
                draft.body = String::from_utf8(bytes.to_vec())
                    .map_err(|_| Problem::wrong_shape("body", "is not UTF-8"))?;
            }
            Some("file") => {
                if draft.files.len() == MOST_FILES {
                    return Err(Error::invalid(
                        "file",
                        format!("takes at most {MOST_FILES} files"),
                    )
                    .into());
                }
                let name = part
                    .file_name()
                    .ok_or_else(|| {
                        Problem::wrong_shape("file", "is a file: the part needs a filename")
                    })?
                    .to_owned();
                let kind = part.content_type().unwrap_or_default().to_owned();
                let bytes = part.bytes().await.map_err(broken_form)?;
                draft.files.push(new_file(name, kind, bytes.to_vec()));
            }
            other => {
                return Err(Problem::wrong_shape(
                    other.unwrap_or("form").chars().take(60).collect::<String>(),
                    "is no part of this form; the parts are file and body",
                ));
            }
        }
    }
    if draft.files.is_empty() {
        return Err(Error::invalid("file", "is needed: send at least one part named file").into());
    }
    Ok(draft)
}

/// Reading: with the limit of JSON.
pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(download))
}

/// Uploading: with a limit of its own.
pub(super) fn upload_router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(upload))
}
