//! The face of a Request Tracker 5: enough of its REST 2 to create, read, search,
//! answer, attach and close tickets. What works and what not: `docs/guides/faces.md`.

use std::collections::BTreeMap;

use axum::Json;
use axum::Router;
use axum::extract::{FromRequest as _, Multipart, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use desk::open::{OpenRequest, RequesterRef};
use desk::patch::Patch;
use desk::view::{EntryView, FileView, PersonRef, TicketView};
use desk::{EntryDraft, NewFile};
use serde_json::{Map, Value, json};
use store::list::Sort;
use switchboard_core::exchange::Words;
use switchboard_core::{EntryVisibility, Priority, Status, TicketNumber};

use super::query::{self, quoted};
use super::{
    MOST_FILES, Reads, Writes, entries_of, entry_at, entry_by, entry_number, file, file_at,
    last_word, object, only, page_of, paging, place, place_of, plain, problem_in, statuses,
    text_of, texts_of, time, word,
};
use crate::AppState;
use crate::api::attachment::broken_form;
use crate::api::caller::Caller;
use crate::api::entry::add;
use crate::api::input::{At, essence, too_large, whole};
use crate::problem::Problem;

/// Where it lies.
const BASE: &str = "/REST/2.0";
/// Rows on a page when nothing is said.
const ROWS: i64 = 20;
/// RT's numbers for our priorities.
const PRIORITIES: [(Priority, i64); 4] = [
    (Priority::Low, 0),
    (Priority::Medium, 50),
    (Priority::High, 100),
    (Priority::Top, 150),
];

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/REST/2.0/ticket", post(create))
        .route("/REST/2.0/ticket/{number}", get(read).put(change))
        .route("/REST/2.0/ticket/{number}/correspond", post(correspond))
        .route("/REST/2.0/ticket/{number}/comment", post(comment))
        .route("/REST/2.0/ticket/{number}/history", get(history))
        .route(
            "/REST/2.0/ticket/{number}/attachments",
            get(files).post(files),
        )
        .route("/REST/2.0/tickets", get(search))
        .route("/REST/2.0/transaction/{id}", get(transaction))
        .route("/REST/2.0/attachment/{id}", get(attachment))
        .route("/REST/2.0/queues/all", get(queues))
        .layer(map_response(shaped))
}

/// RT's own errors.
async fn shaped(response: Response) -> Response {
    match problem_in(response).await {
        Ok(response) => response,
        Err((status, headers, words)) => {
            // RT has no 422.
            let status = match status {
                StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
                other => other,
            };
            (status, headers, Json(json!({ "message": words }))).into_response()
        }
    }
}

fn words() -> Words {
    Words::statuses("rt")
}

/// The number that RT has for a priority.
fn number_of(priority: Priority) -> i64 {
    let found = PRIORITIES.iter().find(|(p, _)| *p == priority);
    found.map_or(0, |(_, number)| *number)
}

/// The priority that is meant by a number: the nearest.
fn priority_of(text: &str) -> Result<Priority, Problem> {
    let number: i64 = text
        .parse()
        .map_err(|_| Problem::wrong_shape("Priority", "takes a number: 0, 50, 100 or 150"))?;
    let nearest = PRIORITIES.iter().min_by_key(|(_, n)| (n - number).abs());
    Ok(nearest.map_or(Priority::Low, |(p, _)| *p))
}

/// How somebody is named: by their address as far as the caller may see it.
fn user(person: &PersonRef) -> Value {
    let name = person.email.as_ref().unwrap_or(&person.name);
    json!({ "id": name, "type": "user" })
}

fn ticket_json(app: &AppState, ticket: &TicketView) -> Value {
    let url = |path: String| format!("{}{BASE}{path}", app.desk.config().public_url);
    let number = ticket.number;
    let (key, name) = place_of(ticket);
    let cc: Vec<Value> = ticket
        .parties
        .iter()
        .filter(|p| p.role == switchboard_core::PartyRole::Cc)
        .map(|p| user(&p.person))
        .collect();
    let custom: Vec<Value> = ticket
        .custom
        .iter()
        .map(|(key, value)| {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            json!({ "id": key, "name": key, "type": "customfield", "values": [text] })
        })
        .collect();
    let priority = number_of(ticket.priority).to_string();
    let owner = match &ticket.owner {
        Some(person) => user(person),
        None => json!({ "id": "Nobody", "type": "user" }),
    };
    json!({
        "id": number.0,
        "type": "ticket",
        "Type": "ticket",
        "_url": url(format!("/ticket/{number}")),
        "EffectiveId": { "id": number.to_string(), "type": "ticket", "_url": url(format!("/ticket/{number}")) },
        "Subject": ticket.subject,
        "Status": word(&words(), ticket.status),
        "Queue": { "id": key, "Name": name, "type": "queue" },
        "Owner": owner,
        "Creator": user(&ticket.requester),
        "Requestor": [user(&ticket.requester)],
        "Cc": cc,
        "AdminCc": [],
        "Priority": priority,
        "InitialPriority": priority,
        "FinalPriority": "0",
        "Created": time(ticket.created_at),
        "LastUpdated": time(ticket.updated_at),
        "Resolved": ticket.closed_at.map(time),
        "CustomFields": custom,
        "_hyperlinks": [
            { "ref": "self", "type": "ticket", "id": number.0, "_url": url(format!("/ticket/{number}")) },
            { "ref": "history", "_url": url(format!("/ticket/{number}/history")) },
            { "ref": "correspond", "_url": url(format!("/ticket/{number}/correspond")) },
            { "ref": "comment", "_url": url(format!("/ticket/{number}/comment")) },
        ],
    })
}

/// What a request brings: fields, and files that stand in them or beside them.
async fn brought(
    request: Request,
    app: &AppState,
) -> Result<(Map<String, Value>, Vec<NewFile>), Problem> {
    let mut files = Vec::new();
    let mut map = if essence(request.headers()) == "multipart/form-data" {
        let mut form = Multipart::from_request(request, app)
            .await
            .map_err(|_| Problem::malformed("the form has no boundary"))?;
        let mut map = Map::new();
        while let Some(part) = form.next_field().await.map_err(broken_form)? {
            let name = part.name().unwrap_or_default().to_owned();
            let file = part.file_name().map(str::to_owned);
            let kind = part.content_type().unwrap_or_default().to_owned();
            let bytes = part.bytes().await.map_err(broken_form)?;
            match (name.as_str(), file) {
                ("JSON", None) => map = object(&bytes)?,
                ("Attachments", Some(name)) => files.push(NewFile {
                    name,
                    media_type: kind,
                    bytes: bytes.to_vec(),
                    content_id: None,
                }),
                _ => {
                    return Err(Problem::wrong_shape(
                        "form",
                        "has the parts JSON and Attachments",
                    ));
                }
            }
        }
        map
    } else {
        object(&whole(request, app).await?)?
    };
    let within = match map.remove("Attachments") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(all)) => all,
        Some(_) => return Err(Problem::wrong_shape("Attachments", "takes a list")),
    };
    for one in within {
        let part = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
        files.push(file(
            part("FileName"),
            part("FileType"),
            &part("FileContent"),
        )?);
    }
    if files.len() > MOST_FILES {
        return Err(Problem::wrong_shape(
            "Attachments",
            format!("takes at most {MOST_FILES}"),
        ));
    }
    let most = app.desk.config().max_attachment;
    if files.iter().any(|file| file.bytes.len() > most) {
        return Err(too_large());
    }
    plain(&map, "ContentType")?;
    Ok((map, files))
}

/// Custom fields: by name, each with one value.
fn custom(map: &Map<String, Value>) -> Result<BTreeMap<String, Value>, Problem> {
    match map.get("CustomFields") {
        None | Some(Value::Null) => Ok(BTreeMap::new()),
        Some(Value::Object(fields)) => Ok(fields
            .iter()
            .map(|(key, value)| {
                let value = match value {
                    Value::Array(all) if all.len() == 1 => all[0].clone(),
                    Value::Array(all) if all.is_empty() => Value::Null,
                    other => other.clone(),
                };
                (key.clone(), value)
            })
            .collect()),
        Some(_) => Err(Problem::wrong_shape("CustomFields", "takes an object")),
    }
}

/// `POST ticket`.
async fn create(
    State(app): State<AppState>,
    Writes(caller): Writes,
    request: Request,
) -> Result<Response, Problem> {
    let (map, files) = brought(request, &app).await?;
    only(
        &map,
        &[
            "Queue",
            "Subject",
            "Content",
            "ContentType",
            "Requestor",
            "Requestors",
            "Cc",
            "CustomFields",
        ],
    )?;
    let queue = text_of(&map, "Queue")?.ok_or_else(|| {
        Problem::wrong_shape("Queue", "is needed: a service or a unit of this desk")
    })?;
    let catalogue = app.desk.catalogue().await?;
    let (service, unit) = place(&catalogue, "Queue", &queue)?.service_or_unit();
    let mut asks = texts_of(&map, "Requestor")?;
    asks.extend(texts_of(&map, "Requestors")?);
    let mut asks = asks.into_iter();
    let requester = asks.next().map(|email| RequesterRef {
        email,
        name: String::new(),
    });
    let mut cc: Vec<String> = asks.collect();
    cc.extend(texts_of(&map, "Cc")?);
    let subject = text_of(&map, "Subject")?;
    let open = OpenRequest {
        description: text_of(&map, "Content")?
            .or_else(|| subject.clone())
            .ok_or_else(|| Problem::wrong_shape("Content", "is needed: what happened"))?,
        subject: subject.unwrap_or_else(|| "No subject".to_owned()),
        files,
        service,
        unit,
        requester,
        cc,
        custom: custom(&map)?,
        ..OpenRequest::default()
    };
    let ticket = app
        .desk
        .open_and_show(&caller.actor, caller.email, open)
        .await?;
    let number = ticket.number;
    let url = format!("{}{BASE}/ticket/{number}", app.desk.config().public_url);
    let body = json!({ "id": number.to_string(), "type": "ticket", "_url": url });
    Ok((StatusCode::CREATED, [(header::LOCATION, url)], Json(body)).into_response())
}

/// `GET ticket/N`.
async fn read(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
) -> Result<Json<Value>, Problem> {
    let ticket = app.desk.ticket(&caller.actor, at.number()?).await?;
    Ok(Json(ticket_json(&app, &ticket)))
}

/// What a word for a status asks of a ticket.
async fn status(
    app: &AppState,
    caller: &Caller,
    ticket: &TicketView,
    theirs: &str,
    patch: &mut Patch,
) -> Result<(), Problem> {
    let words = words();
    if words.means(ticket.status.key(), theirs) {
        return Ok(());
    }
    let wanted = words.here.get(theirs).and_then(|ours| Status::parse(ours));
    let said = "Set through this desk’s face of RT.".to_owned();
    match wanted {
        Some(Status::InProgress) if !ticket.status.is_open() => {
            (patch.status, patch.comment) = (Some(Status::Reopened), Some(said));
        }
        Some(status @ (Status::Solved | Status::Unsolved)) => {
            let text = last_word(app, &caller.actor, ticket.number).await?;
            (patch.status, patch.solution) = (Some(status), Some(text.unwrap_or(said)));
        }
        Some(status @ (Status::InProgress | Status::Waiting)) => patch.status = Some(status),
        _ => {
            return Err(Problem::wrong_shape(
                "Status",
                "takes open, stalled, resolved or rejected",
            ));
        }
    }
    Ok(())
}

/// `PUT ticket/N`.
async fn change(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let number = at.number()?;
    let ticket = app.desk.ticket(&caller.actor, number).await?;
    let map = object(&whole(request, &app).await?)?;
    only(
        &map,
        &[
            "Status",
            "Subject",
            "Owner",
            "Priority",
            "Queue",
            "CustomFields",
        ],
    )?;
    let mut patch = Patch {
        subject: text_of(&map, "Subject")?,
        custom: custom(&map)?,
        ..Patch::default()
    };
    if let Some(theirs) = text_of(&map, "Status")? {
        status(&app, &caller, &ticket, &theirs, &mut patch).await?;
    }
    if let Some(owner) = text_of(&map, "Owner")? {
        patch.owner = Some((!owner.eq_ignore_ascii_case("Nobody")).then_some(owner));
    }
    if let Some(priority) = text_of(&map, "Priority")? {
        patch.priority = Some(Some(priority_of(&priority)?));
        patch.reason = Some("Set through this desk’s face of RT.".to_owned());
    }
    if let Some(queue) = text_of(&map, "Queue")? {
        let catalogue = app.desk.catalogue().await?;
        place(&catalogue, "Queue", &queue)?.put_into(&mut patch);
    }
    app.desk.change(&caller.actor, number, None, patch).await?;
    let told: Vec<String> = map
        .keys()
        .map(|key| format!("Ticket {number}: {key} changed"))
        .collect();
    Ok(Json(json!(told)))
}

async fn write(
    app: &AppState,
    caller: &Caller,
    number: TicketNumber,
    visibility: EntryVisibility,
    request: Request,
) -> Result<Response, Problem> {
    // Who may not write there shall not send 50 MB to be told so.
    app.desk.ticket(&caller.actor, number).await?;
    let (map, files) = brought(request, app).await?;
    only(&map, &["Content", "ContentType", "Subject"])?;
    let draft = EntryDraft {
        body: text_of(&map, "Content")?.unwrap_or_default(),
        files,
        ..EntryDraft::default()
    };
    let entry = add(app, caller, number, None, visibility, draft).await?;
    let id = entry_number(number, entry.seq);
    let url = format!("{}{BASE}/transaction/{id}", app.desk.config().public_url);
    let said = match visibility {
        EntryVisibility::Public => "Correspondence added",
        EntryVisibility::Internal => "Comments added",
    };
    Ok((
        StatusCode::CREATED,
        [(header::LOCATION, url)],
        Json(json!([said])),
    )
        .into_response())
}

/// `POST ticket/N/correspond`.
async fn correspond(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    request: Request,
) -> Result<Response, Problem> {
    write(
        &app,
        &caller,
        at.number()?,
        EntryVisibility::Public,
        request,
    )
    .await
}

/// `POST ticket/N/comment`.
async fn comment(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    request: Request,
) -> Result<Response, Problem> {
    write(
        &app,
        &caller,
        at.number()?,
        EntryVisibility::Internal,
        request,
    )
    .await
}

/// What an entry is called.
fn kind(entry: &EntryView) -> (&'static str, &'static str) {
    match (entry.seq, entry.visibility) {
        (1, _) => ("Create", "Ticket created"),
        (_, EntryVisibility::Public) => ("Correspond", "Correspondence added"),
        (_, EntryVisibility::Internal) => ("Comment", "Comments added"),
    }
}

fn transaction_json(app: &AppState, ticket: TicketNumber, entry: &EntryView) -> Value {
    let (kind, said) = kind(entry);
    let id = entry_number(ticket, entry.seq);
    let base = format!("{}{BASE}", app.desk.config().public_url);
    let files: Vec<Value> = (1..=entry.files.len().min(MOST_FILES))
        .map(|place| {
            let file = file_number(ticket, entry, place);
            json!({ "ref": "attachment", "id": file, "type": "attachment", "_url": format!("{base}/attachment/{file}") })
        })
        .collect();
    json!({
        "id": id.to_string(),
        "type": "transaction",
        "_url": format!("{base}/transaction/{id}"),
        "Type": kind,
        "Description": format!("{said} by {}", entry.author_name),
        "Creator": { "id": entry.author_name, "Name": entry.author_name, "RealName": entry.author_name, "type": "user" },
        "Created": time(entry.at),
        "Object": { "id": ticket.to_string(), "type": "ticket" },
        "Content": entry.body,
        "_hyperlinks": files,
    })
}

/// A page of rows that are all at hand.
fn rows(all: Vec<Value>, page: i64, per_page: i64) -> Json<Value> {
    let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let skip = usize::try_from((page - 1).saturating_mul(per_page)).unwrap_or(usize::MAX);
    let take = usize::try_from(per_page).unwrap_or(0);
    let items: Vec<Value> = all.into_iter().skip(skip).take(take).collect();
    Json(json!({
        "count": items.len(), "page": page, "per_page": per_page, "total": total,
        "pages": (total + per_page - 1) / per_page, "items": items,
    }))
}

/// `GET ticket/N/history`.
async fn history(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
    Query(asked): Query<BTreeMap<String, String>>,
) -> Result<Json<Value>, Problem> {
    let (number, (page, per_page)) = (at.number()?, paging(&asked, ROWS)?);
    let entries = entries_of(&app, &caller.actor, number).await?;
    let all = entries
        .iter()
        .map(|e| transaction_json(&app, number, e))
        .collect();
    Ok(rows(all, page, per_page))
}

/// `GET transaction/N`.
async fn transaction(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
) -> Result<Json<Value>, Problem> {
    let none = || desk::Error::not_found("such transaction");
    let (ticket, seq) = entry_at(at.text("id")?).ok_or_else(none)?;
    let entry = entry_by(&app, &caller.actor, ticket, seq).await?;
    Ok(Json(transaction_json(&app, ticket, &entry)))
}

/// The number of a file: that of its entry, and its place there.
fn file_number(ticket: TicketNumber, entry: &EntryView, place: usize) -> i64 {
    let place = i64::try_from(place).unwrap_or(i64::MAX);
    entry_number(ticket, entry.seq)
        .saturating_mul(100)
        .saturating_add(place)
}

fn file_json(
    app: &AppState,
    ticket: TicketNumber,
    entry: &EntryView,
    place: usize,
    file: &FileView,
) -> Value {
    let id = file_number(ticket, entry, place);
    let transaction = entry_number(ticket, entry.seq).to_string();
    json!({
        "id": id.to_string(),
        "type": "attachment",
        "_url": format!("{}{BASE}/attachment/{id}", app.desk.config().public_url),
        "Filename": file.name,
        "ContentType": file.media_type,
        "ContentLength": file.size.to_string(),
        "TransactionId": { "id": transaction, "type": "transaction" },
    })
}

/// `GET` or `POST ticket/N/attachments`: its files. The filter that `rt` sends by
/// itself (those with a name) lets all of them through.
async fn files(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
    Query(asked): Query<BTreeMap<String, String>>,
    // RT's client asks by POST too, with conditions that nobody needs here. A body that is
    // left unread has the connection closed under the next request.
    _conditions: axum::body::Bytes,
) -> Result<Json<Value>, Problem> {
    let (number, (page, per_page)) = (at.number()?, paging(&asked, ROWS)?);
    let entries = entries_of(&app, &caller.actor, number).await?;
    let mut all = Vec::new();
    for entry in &entries {
        for (place, file) in (1..=MOST_FILES).zip(&entry.files) {
            all.push(file_json(&app, number, entry, place, file));
        }
    }
    Ok(rows(all, page, per_page))
}

/// `GET attachment/N`.
async fn attachment(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
) -> Result<Json<Value>, Problem> {
    let none = || desk::Error::not_found("such attachment");
    let number: i64 = at.text("id")?.parse().map_err(|_| none())?;
    let (ticket, seq) = entry_at(&(number / 100).to_string()).ok_or_else(none)?;
    let entry = entry_by(&app, &caller.actor, ticket, seq).await?;
    let place = usize::try_from(number % 100).unwrap_or(0);
    let found = file_at(&entry, place)?;
    let (_, bytes) = app.desk.attachment(&caller.actor, found.id).await?;
    let mut json = file_json(&app, ticket, &entry, place, found);
    json["Content"] = STANDARD.encode(bytes).into();
    json["Created"] = time(entry.at).into();
    json["Creator"] = json!({ "id": entry.author_name, "type": "user" });
    Ok(Json(json))
}

/// RT's conditions in our language.
fn asked_for(
    conditions: Vec<query::Condition>,
    catalogue: &desk::Catalogue,
) -> Result<String, Problem> {
    let mut parts = Vec::new();
    for query::Condition { field, sign, value } in conditions {
        let not = if matches!(sign.as_str(), "!=" | "NOT LIKE") {
            "-"
        } else {
            ""
        };
        let compare = if sign == "=" || sign == "!=" {
            ":"
        } else {
            &sign
        };
        let v = quoted(&value);
        let words = words();
        let part = match field.as_str() {
            "Status" => match value.as_str() {
                "__Active__" => format!("{not}status:open"),
                "__Inactive__" => format!("{not}status:closed"),
                theirs => {
                    let ours = statuses(&words, theirs);
                    if ours.is_empty() {
                        return Err(Problem::wrong_shape(
                            "query",
                            format!("there is no status {v}"),
                        ));
                    }
                    format!("{not}status={}", ours.join(","))
                }
            },
            "Queue" | "Queue.Name" => {
                format!("{not}{}", place(catalogue, "query", &value)?.query())
            }
            // How scripts say that they want everything.
            "id" | "EffectiveId" if sign == ">" && value == "0" => continue,
            "id" | "EffectiveId" => format!("{not}number{compare}{v}"),
            "Subject" | "Content" => format!("{not}{v}"),
            "Owner" | "Owner.Name" if value == "Nobody" => format!("{not}owner:none"),
            "Owner" | "Owner.Name" if value == "__CurrentUser__" => format!("{not}owner:me"),
            "Owner" | "Owner.Name" => format!("{not}owner:{v}"),
            "Requestor" | "Requestors" | "Requestor.EmailAddress" | "Creator" => {
                format!("{not}requester:{v}")
            }
            "Priority" => format!("{not}priority{compare}{}", priority_of(&value)?.key()),
            "Created" | "LastUpdated" | "Resolved" => {
                let key = match field.as_str() {
                    "Created" => "created",
                    "LastUpdated" => "updated",
                    _ => "closed",
                };
                let day = value.get(..10).unwrap_or(&value);
                format!("{not}{key}{compare}{}", quoted(day))
            }
            other => {
                return Err(Problem::wrong_shape(
                    "query",
                    format!(
                        "{other} is not understood; Queue, Status, id, Subject, Content, Owner, \
                         Requestor, Priority, Created, LastUpdated and Resolved are"
                    ),
                ));
            }
        };
        parts.push(part);
    }
    Ok(parts.join(" "))
}

/// `GET tickets`.
async fn search(
    State(app): State<AppState>,
    Reads(caller): Reads,
    Query(asked): Query<BTreeMap<String, String>>,
) -> Result<Json<Value>, Problem> {
    let (page, per_page) = paging(&asked, ROWS)?;
    let conditions = query::ticket_sql(asked.get("query").map_or("", String::as_str))?;
    let q = asked_for(conditions, &*app.desk.catalogue().await?)?;
    let sort = match asked.get("orderby").map(String::as_str) {
        Some("LastUpdated") => Sort::Updated,
        Some("Priority") => Sort::Urgent,
        _ => Sort::Newest,
    };
    let (tickets, more) = page_of(&app, &caller.actor, q, sort, page, per_page).await?;
    let items: Vec<Value> = tickets.iter().map(|t| ticket_json(&app, t)).collect();
    // How many there are is not counted: whoever wants all asks until a page is
    // empty, which `rt` does when it is told no number.
    let pages = if more || page > 1 {
        Value::Null
    } else {
        json!(i64::from(!items.is_empty()))
    };
    Ok(Json(json!({
        "count": items.len(), "page": page, "per_page": per_page, "pages": pages,
        "items": items,
    })))
}

/// `GET queues/all`: services, then units.
async fn queues(
    State(app): State<AppState>,
    Reads(_): Reads,
    Query(asked): Query<BTreeMap<String, String>>,
) -> Result<Json<Value>, Problem> {
    let (page, per_page) = paging(&asked, ROWS)?;
    let catalogue = app.desk.catalogue().await?;
    let services = catalogue
        .services
        .iter()
        .filter(|s| s.active)
        .map(|s| (&s.key, &s.name));
    let units = catalogue
        .units
        .iter()
        .filter(|u| u.active)
        .map(|u| (&u.key, &u.name));
    let all = services
        .chain(units)
        .map(|(key, name)| json!({ "id": key, "Name": name, "type": "queue" }))
        .collect();
    Ok(rows(all, page, per_page))
}
