//! The face of a Zammad: enough of its REST interface to create, read, search,
//! answer, attach and close tickets. What works and what not: `docs/guides/faces.md`.

use std::collections::BTreeMap;

use axum::Json;
use axum::Router;
use axum::extract::{Query, Request, State};
use axum::http::StatusCode;
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use desk::open::{OpenRequest, RequesterRef};
use desk::patch::Patch;
use desk::view::{EntryView, PersonRef, TicketView};
use desk::{Catalogue, EntryDraft, Error, NewFile};
use serde_json::{Map, Value, json};
use store::list::Sort;
use switchboard_core::exchange::Words;
use switchboard_core::{EntryVisibility, Priority, Status, TicketNumber};

use super::query::{self, quoted};
use super::{
    MOST_FILES, Reads, Writes, entries_of, entry_at, entry_by, entry_number, file, file_at,
    last_word, object, only, page_of, paging, place, place_of, plain, problem_in, statuses,
    text_of, time, word,
};
use crate::AppState;
use crate::api::caller::Caller;
use crate::api::entry::add;
use crate::api::input::{At, too_large, whole};
use crate::problem::Problem;

/// Rows on a page when nothing is said.
const ROWS: i64 = 50;
/// Its states, with the numbers that a fresh Zammad gives them.
const STATES: [(i64, &str, &str); 4] = [
    (1, "new", "new"),
    (2, "open", "open"),
    (3, "pending reminder", "pending reminder"),
    (4, "closed", "closed"),
];
/// Its priorities, likewise; top has none of its own there.
const PRIORITIES: [(i64, &str, Priority); 3] = [
    (1, "1 low", Priority::Low),
    (2, "2 normal", Priority::Medium),
    (3, "3 high", Priority::High),
];

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/zammad/api/v1/users/me", get(me))
        .route("/zammad/api/v1/groups", get(groups))
        .route("/zammad/api/v1/ticket_states", get(states))
        .route("/zammad/api/v1/ticket_priorities", get(priorities))
        .route("/zammad/api/v1/tickets", get(all).post(create))
        .route("/zammad/api/v1/tickets/search", get(search))
        .route("/zammad/api/v1/tickets/{number}", get(read).put(change))
        .route("/zammad/api/v1/ticket_articles", post(write))
        .route("/zammad/api/v1/ticket_articles/{id}", get(article))
        .route(
            "/zammad/api/v1/ticket_articles/by_ticket/{number}",
            get(articles),
        )
        .route(
            "/zammad/api/v1/ticket_attachment/{number}/{article}/{id}",
            get(attachment),
        )
        .layer(map_response(shaped))
}

/// Zammad's own errors.
async fn shaped(response: Response) -> Response {
    match problem_in(response).await {
        Ok(response) => response,
        Err((status, headers, words)) => {
            let body = json!({ "error": words, "error_human": words });
            (status, headers, Json(body)).into_response()
        }
    }
}

fn words() -> Words {
    Words::statuses("zammad")
}

fn state_number(name: &str) -> i64 {
    let found = STATES.iter().find(|(_, state, _)| *state == name);
    found.map_or(2, |(number, ..)| *number)
}

fn priority_row(priority: Priority) -> (i64, &'static str) {
    let found = PRIORITIES.iter().find(|(_, _, p)| *p == priority);
    found.map_or((3, "3 high"), |(number, name, _)| (*number, *name))
}

fn who(person: &PersonRef) -> &str {
    person.email.as_ref().unwrap_or(&person.name)
}

fn ticket_json(ticket: &TicketView) -> Value {
    let state = word(&words(), ticket.status);
    let (priority_id, priority) = priority_row(ticket.priority);
    let (_, group) = place_of(ticket);
    json!({
        "id": ticket.number.0,
        "number": ticket.number.to_string(),
        "title": ticket.subject,
        "group": group,
        "state": state,
        "state_id": state_number(&state),
        "priority": priority,
        "priority_id": priority_id,
        "owner": ticket.owner.as_ref().map_or("-", who),
        "customer": who(&ticket.requester),
        "created_by": who(&ticket.requester),
        "created_at": time(ticket.created_at),
        "updated_at": time(ticket.updated_at),
        "close_at": ticket.closed_at.map(time),
        "pending_time": ticket.reminder.map(time),
    })
}

fn article_json(ticket: TicketNumber, entry: &EntryView) -> Value {
    let files: Vec<Value> = (1..=MOST_FILES)
        .zip(&entry.files)
        .map(|(place, file)| {
            json!({
                "id": place,
                "filename": file.name,
                "size": file.size.to_string(),
                "preferences": { "Mime-Type": file.media_type, "Content-Type": file.media_type },
            })
        })
        .collect();
    json!({
        "id": entry_number(ticket, entry.seq),
        "ticket_id": ticket.0,
        "type": "note",
        "sender": match entry.author_side.as_str() {
            "requester" => "Customer",
            "system" => "System",
            _ => "Agent",
        },
        "from": entry.author_name,
        "created_by": entry.author_name,
        "body": entry.body,
        "content_type": "text/plain",
        "internal": entry.visibility == EntryVisibility::Internal,
        "created_at": time(entry.at),
        "updated_at": time(entry.at),
        "attachments": files,
    })
}

/// What an article is to be.
struct Article {
    internal: bool,
    draft: EntryDraft,
}

/// What stands around an article and says nothing that is needed here.
const ASIDE: [&str; 6] = ["type", "sender", "from", "to", "cc", "subject"];

fn article_in(app: &AppState, map: &Map<String, Value>) -> Result<Article, Problem> {
    let known = [
        &[
            "ticket_id",
            "body",
            "content_type",
            "internal",
            "attachments",
        ][..],
        &ASIDE,
    ]
    .concat();
    only(map, &known)?;
    plain(map, "content_type")?;
    let given = match map.get("attachments") {
        None | Some(Value::Null) => &[][..],
        Some(Value::Array(all)) => all,
        Some(_) => return Err(Problem::wrong_shape("attachments", "takes a list")),
    };
    if given.len() > MOST_FILES {
        return Err(Problem::wrong_shape(
            "attachments",
            format!("takes at most {MOST_FILES}"),
        ));
    }
    let part = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
    let files: Vec<NewFile> = given
        .iter()
        .map(|one| {
            file(
                part(one, "filename"),
                part(one, "mime-type"),
                &part(one, "data"),
            )
        })
        .collect::<Result<_, _>>()?;
    let most = app.desk.config().max_attachment;
    if files.iter().any(|file| file.bytes.len() > most) {
        return Err(too_large());
    }
    let internal = match map.get("internal") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(internal)) => *internal,
        Some(_) => return Err(Problem::wrong_shape("internal", "takes true or false")),
    };
    Ok(Article {
        internal,
        draft: EntryDraft {
            body: text_of(map, "body")?.unwrap_or_default(),
            files,
            ..EntryDraft::default()
        },
    })
}

/// The article within a ticket.
fn article_of(app: &AppState, map: &Map<String, Value>) -> Result<Option<Article>, Problem> {
    match map.get("article") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(article)) => article_in(app, article).map(Some),
        Some(_) => Err(Problem::wrong_shape("article", "takes an object")),
    }
}

/// `POST tickets`.
async fn create(
    State(app): State<AppState>,
    Writes(caller): Writes,
    request: Request,
) -> Result<Response, Problem> {
    let map = object(&whole(request, &app).await?)?;
    only(
        &map,
        &["title", "group", "customer", "customer_id", "article"],
    )?;
    let group = text_of(&map, "group")?.ok_or_else(|| {
        Problem::wrong_shape("group", "is needed: a service or a unit of this desk")
    })?;
    let catalogue = app.desk.catalogue().await?;
    let (service, unit) = place(&catalogue, "group", &group)?.service_or_unit();
    let article = article_of(&app, &map)?.ok_or_else(|| {
        Problem::wrong_shape("article", "is needed: its body becomes the first entry")
    })?;
    if article.internal {
        return Err(Problem::wrong_shape(
            "article.internal",
            "can not be true: who asks reads the first entry",
        ));
    }
    // `guess:` has Zammad make an account, which this desk does anyway.
    let customer =
        match text_of(&map, "customer_id")? {
            Some(text) => Some(text.strip_prefix("guess:").map(str::to_owned).ok_or_else(
                || Problem::wrong_shape("customer_id", "takes guess: and an address"),
            )?),
            None => text_of(&map, "customer")?,
        };
    let open = OpenRequest {
        subject: text_of(&map, "title")?
            .ok_or_else(|| Problem::wrong_shape("title", "is needed"))?,
        description: article.draft.body,
        files: article.draft.files,
        service,
        unit,
        requester: customer.map(|email| RequesterRef {
            email,
            name: String::new(),
        }),
        ..OpenRequest::default()
    };
    let ticket = app
        .desk
        .open_and_show(&caller.actor, caller.email, open)
        .await?;
    Ok((StatusCode::CREATED, Json(ticket_json(&ticket))).into_response())
}

/// `GET tickets/N`.
async fn read(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
) -> Result<Json<Value>, Problem> {
    let ticket = app.desk.ticket(&caller.actor, at.number()?).await?;
    Ok(Json(ticket_json(&ticket)))
}

/// What a state asks of a ticket; whether the article is what it is closed with.
async fn state(
    app: &AppState,
    caller: &Caller,
    ticket: &TicketView,
    map: &Map<String, Value>,
    article: Option<&Article>,
    patch: &mut Patch,
) -> Result<bool, Problem> {
    let named = match (text_of(map, "state")?, text_of(map, "state_id")?) {
        (Some(name), _) => Some(name),
        (None, Some(id)) => {
            let found = STATES.iter().find(|(number, ..)| number.to_string() == id);
            Some(found.map_or(id, |(_, name, _)| (*name).to_owned()))
        }
        (None, None) => None,
    };
    let Some(name) = named else { return Ok(false) };
    let words = words();
    if words.means(ticket.status.key(), &name) {
        return Ok(false);
    }
    let said = "Set through this desk’s face of Zammad.".to_owned();
    match words.here.get(&name).and_then(|ours| Status::parse(ours)) {
        Some(Status::InProgress) if !ticket.status.is_open() => {
            (patch.status, patch.comment) = (Some(Status::Reopened), Some(said));
        }
        Some(Status::Solved) => {
            let with = article.filter(|a| !a.internal && a.draft.files.is_empty());
            let with = with.map(|a| a.draft.body.clone());
            let own = with.is_some();
            let text = match with {
                Some(text) => text,
                None => last_word(app, &caller.actor, ticket.number)
                    .await?
                    .unwrap_or(said),
            };
            (patch.status, patch.solution) = (Some(Status::Solved), Some(text));
            return Ok(own);
        }
        Some(status @ (Status::InProgress | Status::Waiting)) => patch.status = Some(status),
        _ => {
            return Err(Problem::wrong_shape(
                "state",
                "takes open, pending reminder or closed",
            ));
        }
    }
    Ok(false)
}

/// `PUT tickets/N`.
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
            "title",
            "group",
            "state",
            "state_id",
            "owner",
            "priority",
            "article",
            "pending_time",
        ],
    )?;
    let article = article_of(&app, &map)?;
    let mut patch = Patch {
        subject: text_of(&map, "title")?,
        ..Patch::default()
    };
    let told = state(&app, &caller, &ticket, &map, article.as_ref(), &mut patch).await?;
    if let Some(owner) = text_of(&map, "owner")? {
        patch.owner = Some((owner != "-").then_some(owner));
    }
    if let Some(name) = text_of(&map, "priority")? {
        let found = PRIORITIES.iter().find(|(_, word, _)| *word == name);
        let (.., priority) = found
            .ok_or_else(|| Problem::wrong_shape("priority", "takes 1 low, 2 normal or 3 high"))?;
        patch.priority = Some(Some(*priority));
        patch.reason = Some("Set through this desk’s face of Zammad.".to_owned());
    }
    if let Some(group) = text_of(&map, "group")? {
        let catalogue = app.desk.catalogue().await?;
        place(&catalogue, "group", &group)?.put_into(&mut patch);
    }
    if let Some(article) = article.filter(|_| !told) {
        put(&app, &caller, number, article).await?;
    }
    app.desk.change(&caller.actor, number, None, patch).await?;
    let ticket = app.desk.ticket(&caller.actor, number).await?;
    Ok(Json(ticket_json(&ticket)))
}

async fn put(
    app: &AppState,
    caller: &Caller,
    number: TicketNumber,
    article: Article,
) -> Result<EntryView, Error> {
    let visibility = if article.internal {
        EntryVisibility::Internal
    } else {
        EntryVisibility::Public
    };
    add(app, caller, number, None, visibility, article.draft).await
}

/// `POST ticket_articles`.
async fn write(
    State(app): State<AppState>,
    Writes(caller): Writes,
    request: Request,
) -> Result<Response, Problem> {
    let map = object(&whole(request, &app).await?)?;
    let number = text_of(&map, "ticket_id")?
        .and_then(|text| text.parse().ok())
        .filter(|n| *n > 0);
    let number = number
        .map(TicketNumber)
        .ok_or_else(|| Problem::wrong_shape("ticket_id", "is needed: a ticket’s number"))?;
    let article = article_in(&app, &map)?;
    let entry = put(&app, &caller, number, article).await?;
    Ok((StatusCode::CREATED, Json(article_json(number, &entry))).into_response())
}

/// `GET ticket_articles/N`.
async fn article(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
) -> Result<Json<Value>, Problem> {
    let (ticket, entry) = article_at(&app, &caller, at.text("id")?).await?;
    Ok(Json(article_json(ticket, &entry)))
}

async fn article_at(
    app: &AppState,
    caller: &Caller,
    id: &str,
) -> Result<(TicketNumber, EntryView), Error> {
    let (ticket, seq) = entry_at(id).ok_or_else(|| Error::not_found("such article"))?;
    Ok((ticket, entry_by(app, &caller.actor, ticket, seq).await?))
}

/// `GET ticket_articles/by_ticket/N`.
async fn articles(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
) -> Result<Json<Value>, Problem> {
    let number = at.number()?;
    let entries = entries_of(&app, &caller.actor, number).await?;
    let all: Vec<Value> = entries.iter().map(|e| article_json(number, e)).collect();
    Ok(Json(json!(all)))
}

/// `GET ticket_attachment/TICKET/ARTICLE/FILE`.
async fn attachment(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
) -> Result<Response, Problem> {
    let none = || Error::not_found("such attachment");
    let number = at.number()?;
    let (ticket, entry) = article_at(&app, &caller, at.text("article")?).await?;
    let place: usize = at.text("id")?.parse().map_err(|_| none())?;
    if ticket != number {
        return Err(none().into());
    }
    let found = file_at(&entry, place)?.id;
    let (file, bytes) = app.desk.attachment(&caller.actor, found).await?;
    Ok(crate::file::response(&file, bytes, false))
}

/// Zammad's conditions in our language.
fn asked_for(conditions: Vec<query::Condition>, catalogue: &Catalogue) -> Result<String, Problem> {
    let mut parts = Vec::new();
    for query::Condition { field, sign, value } in conditions {
        let compare = if sign == "=" { ":" } else { &sign };
        let v = quoted(&value);
        parts.push(match field.as_str() {
            "" | "title" | "article.body" => v,
            "number" | "id" => format!("number{compare}{v}"),
            "state" | "state.name" => {
                let ours = statuses(&words(), &value);
                if ours.is_empty() {
                    return Err(Problem::wrong_shape(
                        "query",
                        format!("there is no state {v}"),
                    ));
                }
                format!("status={}", ours.join(","))
            }
            "group" | "group.name" => place(catalogue, "query", &value)?.query(),
            "owner" | "owner.email" => format!("owner:{v}"),
            "customer" | "customer.email" => format!("requester:{v}"),
            "created_at" | "updated_at" | "close_at" => {
                let key = match field.as_str() {
                    "created_at" => "created",
                    "updated_at" => "updated",
                    _ => "closed",
                };
                format!(
                    "{key}{compare}{}",
                    quoted(value.get(..10).unwrap_or(&value))
                )
            }
            other => {
                return Err(Problem::wrong_shape(
                    "query",
                    format!(
                        "{other} is not understood; number, title, state.name, group.name, \
                         owner.email, customer.email, created_at, updated_at and close_at are"
                    ),
                ));
            }
        });
    }
    Ok(parts.join(" "))
}

async fn listed(
    app: &AppState,
    caller: &Caller,
    asked: &BTreeMap<String, String>,
    q: String,
) -> Result<Json<Value>, Problem> {
    let (page, rows) = paging(asked, ROWS)?;
    let (tickets, _) = page_of(app, &caller.actor, q, Sort::Newest, page, rows).await?;
    let all: Vec<Value> = tickets.iter().map(ticket_json).collect();
    Ok(Json(json!(all)))
}

/// `GET tickets`.
async fn all(
    State(app): State<AppState>,
    Reads(caller): Reads,
    Query(asked): Query<BTreeMap<String, String>>,
) -> Result<Json<Value>, Problem> {
    listed(&app, &caller, &asked, String::new()).await
}

/// `GET tickets/search`.
async fn search(
    State(app): State<AppState>,
    Reads(caller): Reads,
    Query(asked): Query<BTreeMap<String, String>>,
) -> Result<Json<Value>, Problem> {
    let conditions = query::elastic(asked.get("query").map_or("", String::as_str))?;
    let q = asked_for(conditions, &*app.desk.catalogue().await?)?;
    listed(&app, &caller, &asked, q).await
}

/// `GET users/me`.
async fn me(State(_): State<AppState>, Reads(caller): Reads) -> Json<Value> {
    let email = caller.email.unwrap_or_default();
    Json(
        json!({ "login": email, "email": email, "firstname": caller.actor.name, "lastname": "", "active": true }),
    )
}

/// `GET groups`: services, then units.
async fn groups(State(app): State<AppState>, Reads(_): Reads) -> Result<Json<Value>, Problem> {
    let catalogue = app.desk.catalogue().await?;
    let services = catalogue
        .services
        .iter()
        .filter(|s| s.active)
        .map(|s| &s.name);
    let units = catalogue.units.iter().filter(|u| u.active).map(|u| &u.name);
    let all: Vec<Value> = (1..)
        .zip(services.chain(units))
        .map(|(id, name): (i64, _)| json!({ "id": id, "name": name, "active": true }))
        .collect();
    Ok(Json(json!(all)))
}

/// `GET ticket_states`.
async fn states(Reads(_): Reads) -> Json<Value> {
    let all: Vec<Value> = STATES
        .iter()
        .map(|(id, name, kind)| json!({ "id": id, "name": name, "state_type": kind, "active": true }))
        .collect();
    Json(json!(all))
}

/// `GET ticket_priorities`.
async fn priorities(Reads(_): Reads) -> Json<Value> {
    let all: Vec<Value> = PRIORITIES
        .iter()
        .map(|(id, name, _)| json!({ "id": id, "name": name, "active": true }))
        .collect();
    Json(json!(all))
}
