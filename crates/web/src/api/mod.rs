//! The REST interface under `/api/v1`: one file per noun, and the document
//! that describes it, made from the code.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::link::Link;
use utoipa::openapi::path::Parameter;
use utoipa::openapi::schema::{Schema, SchemaType, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, Header, Info, OpenApi, OpenApiBuilder, Ref, RefOr,
    Response as Said, ResponseBuilder, SecurityRequirement,
};
use utoipa_axum::router::OpenApiRouter;

use crate::AppState;
use crate::problem::{FieldProblem, PROBLEM_JSON, Problem};

pub mod account;
pub mod alarm;
pub mod application;
pub mod attachment;
pub mod audit;
pub(crate) mod caller;
pub mod campaign;
pub mod canned;
pub mod clock;
pub mod entry;
pub mod event;
pub mod exchange;
pub mod history;
pub mod incoming;
pub(crate) mod input;
pub mod list;
pub mod macros;
pub mod mail_choice;
pub mod mail_text;
pub mod mailbox;
pub mod membership;
pub mod notice;
pub mod onboarding;
pub mod outbox;
pub mod partner;
pub mod party;
pub mod peer;
pub mod people;
pub mod person;
pub mod portal;
pub mod privacy;
pub mod provider;
pub mod read;
pub mod redirection;
pub mod relation;
pub mod report;
pub mod rota;
pub mod rule;
pub mod satisfaction;
pub mod service;
pub mod site;
pub mod ticket;
pub mod timer;
pub mod token;
pub mod triage;
pub mod unit;
pub mod values;
pub mod webhook;
pub mod words;

/// Where the API lies.
pub const BASE: &str = "/api/v1";

/// Largest JSON body, in bytes.
const MAX_JSON: usize = 2 * 1024 * 1024;

/// Largest piece of a partner's log, in bytes: a change alone may be larger than what
/// is put together otherwise.
const MAX_PIECE: usize = 8 * 1024 * 1024;

/// What a form puts around its files, in bytes.
const FORM_OVERHEAD: usize = 64 * 1024;

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Items<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// What to ask for with `cursor` to get the next page; null: this is the
    /// last.
    pub next: Option<String>,
}

impl<T> Items<T> {
    /// A list that fits on one page.
    fn all(items: Vec<T>) -> Items<T> {
        Items { items, next: None }
    }
}

/// The ETag of something that was read or stored.
fn tagged(version: i64) -> [(axum::http::HeaderName, String); 1] {
    [(axum::http::header::ETAG, format!("\"{version}\""))]
}

/// Checks how many items a page shall have.
fn limit(given: Option<i64>) -> Result<Option<i64>, Problem> {
    match given {
        Some(n) if !(1..=desk::list::MAX_PAGE).contains(&n) => Err(desk::Error::invalid(
            "limit",
            format!("takes 1 to {}", desk::list::MAX_PAGE),
        )
        .into()),
        other => Ok(other),
    }
}

/// Where a page begins, of a list whose cursors are what `T` reads.
fn cursor<T: std::str::FromStr>(given: Option<&str>) -> Result<Option<T>, Problem> {
    let read = given.map(str::parse).transpose();
    read.map_err(|_| {
        let problem = "is not one that this list gave out; start again without it";
        desk::Error::invalid("cursor", problem).into()
    })
}

/// Every route of the API with what it says of itself.
fn routes(max_attachment: usize) -> OpenApiRouter<AppState> {
    let json = OpenApiRouter::new()
        .merge(list::router())
        .merge(ticket::router())
        .merge(entry::router())
        .merge(history::router())
        .merge(attachment::router())
        .merge(read::router())
        .merge(clock::router())
        .merge(satisfaction::router())
        .merge(redirection::router())
        .merge(incoming::router())
        .merge(outbox::router())
        .merge(exchange::router())
        .merge(partner::router())
        .merge(privacy::router())
        .merge(mail_text::router())
        .merge(mail_choice::router())
        .merge(relation::router())
        .merge(campaign::router())
        .merge(party::router())
        .merge(unit::router())
        .merge(service::router())
        .merge(values::router())
        .merge(site::router())
        .merge(notice::router())
        .merge(membership::router())
        .merge(application::router())
        .merge(people::router())
        .merge(audit::router())
        .merge(portal::router())
        .merge(person::router())
        .merge(account::router())
        .merge(token::router())
        .merge(event::router())
        .merge(onboarding::router())
        .merge(provider::router())
        .merge(mailbox::router())
        .merge(webhook::router())
        .merge(rule::router())
        .merge(alarm::router())
        .merge(canned::router())
        .merge(macros::router())
        .merge(rota::router())
        .merge(triage::router())
        .merge(timer::router())
        .merge(report::router())
        .layer(DefaultBodyLimit::max(MAX_JSON));
    let files = attachment::upload_router().layer(DefaultBodyLimit::max(
        max_attachment.saturating_add(FORM_OVERHEAD),
    ));
    let peer_files = peer::file_router().layer(DefaultBodyLimit::max(max_attachment));
    let peers = peer::router().layer(DefaultBodyLimit::max(MAX_PIECE));
    json.merge(files).merge(peers).merge(peer_files)
}

/// The API, for the router of the whole.
pub(crate) fn router(max_attachment: usize) -> Router<AppState> {
    let (router, _) = OpenApiRouter::with_openapi(OpenApi::default())
        .nest(BASE, routes(max_attachment))
        .split_for_parts();
    router
        .route("/api", axum::routing::any(no_such_path))
        .route("/api/", axum::routing::any(no_such_path))
        .route("/api/{*rest}", axum::routing::any(no_such_path))
        .method_not_allowed_fallback(wrong_method)
}

async fn no_such_path() -> Response {
    Problem::no_such_path().into_response()
}

async fn wrong_method() -> Response {
    Problem::new(
        axum::http::StatusCode::METHOD_NOT_ALLOWED,
        "this path does not take that method",
    )
    .detail("the methods it takes stand in the Allow header and in /openapi.json")
    .into_response()
}

/// The refusals that every operation may give, with the words for them; which
/// of them an operation really has follows from what it takes.
const REFUSALS: [(&str, &str, &str); 11] = [
    (
        "400",
        "BadRequest",
        "The request can not be read: not JSON, a field that is not there or of the wrong type, a path or query that can not be read",
    ),
    (
        "401",
        "Unauthenticated",
        "No token, or one that is unknown, revoked or over",
    ),
    (
        "403",
        "Forbidden",
        "The token lacks the scope, or its person may not do that",
    ),
    ("404", "NotFound", "There is no such thing that you can see"),
    ("409", "Conflict", "The state it is in does not allow that"),
    (
        "412",
        "Stale",
        "Somebody was quicker: it has another ETag by now",
    ),
    ("413", "TooLarge", "The body is larger than the path takes"),
    (
        "415",
        "MediaType",
        "The body is not of the media type that the path takes",
    ),
    (
        "422",
        "Invalid",
        "A field has a value that is not right; the answer names it",
    ),
    (
        "429",
        "TooMany",
        "Too often; Retry-After says how long to wait",
    ),
    (
        "503",
        "Unavailable",
        "Not possible now; Retry-After says when to try again",
    ),
];

/// The OpenAPI 3.1 document.
pub fn document() -> OpenApi {
    let mut api = OpenApiBuilder::new()
        .info({
            let mut info = Info::new("Switchboard", env!("CARGO_PKG_VERSION"));
            info.description = Some(
                "The helpdesk's REST interface. Errors are problems (RFC 9457) that name the \
                 field. Times are RFC 3339. Lists have `items` and `next`."
                    .into(),
            );
            info
        })
        .components(Some(Components::new()))
        .build();
    // Nesting keeps the paths' own prefix out of every file of `api`.
    let (_, routes) = OpenApiRouter::<AppState>::with_openapi(OpenApi::default())
        .nest(BASE, routes(0))
        .split_for_parts();
    api.merge(routes);
    let components = api.components.get_or_insert_with(Components::new);
    components.add_security_scheme(
        "bearer",
        SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)),
    );
    components.schemas.insert(
        <Problem as ToSchema>::name().into_owned(),
        <Problem as utoipa::PartialSchema>::schema(),
    );
    components.schemas.insert(
        <FieldProblem as ToSchema>::name().into_owned(),
        <FieldProblem as utoipa::PartialSchema>::schema(),
    );
    for (status, name, description) in REFUSALS {
        components
            .responses
            .insert(name.to_owned(), RefOr::T(refusal(status, description)));
    }
    api.security = Some(vec![SecurityRequirement::new(
        "bearer",
        Vec::<String>::new(),
    )]);
    let mut about_tickets = Vec::new();
    for (path, item) in &mut api.paths.paths {
        let operations = [
            (false, &mut item.get),
            (true, &mut item.post),
            (true, &mut item.put),
            (true, &mut item.patch),
            (true, &mut item.delete),
        ];
        for (changes, operation) in operations {
            if let Some(operation) = operation {
                name_operation(operation);
                operation
                    .parameters
                    .iter_mut()
                    .flatten()
                    .for_each(describe_parameter);
                refusals_of(path, changes, operation);
                if path.matches('{').count() == 1 && path.contains("{number}") {
                    about_tickets.extend(operation.operation_id.clone());
                }
            }
        }
    }
    lead_on(&mut api, &about_tickets);
    api
}

/// Links: what can be asked about something that was just made.
fn lead_on(api: &mut OpenApi, about_tickets: &[String]) {
    let post = |api: &'_ mut OpenApi, path: &str, links: Vec<(&str, Vec<(&str, &str)>)>| {
        let operation = api
            .paths
            .paths
            .get_mut(path)
            .and_then(|item| item.post.as_mut());
        if let Some(RefOr::T(made)) = operation.and_then(|o| o.responses.responses.get_mut("201")) {
            for (operation, parameters) in links {
                let mut link = Link::builder().operation_id(operation);
                for (name, value) in parameters {
                    link = link.parameter(name, value);
                }
                made.links.insert(operation.to_owned(), link.build().into());
            }
        }
    };
    let number = vec![("number", "$response.body#/number")];
    let of_ticket: Vec<_> = about_tickets
        .iter()
        .map(|operation| (operation.as_str(), number.clone()))
        .collect();
    post(api, &format!("{BASE}/tickets"), of_ticket);
    post(
        api,
        &format!("{BASE}/tickets/{{number}}/attachments"),
        vec![(
            "attachments_download",
            vec![
                ("number", "$request.path.number"),
                ("id", "$response.body#/attachments/0/id"),
            ],
        )],
    );
    post(
        api,
        &format!("{BASE}/people/me/tokens"),
        vec![("tokens_revoke", vec![("id", "$response.body#/id")])],
    );
}

/// `tickets_list` for `list` among the tickets: a name is there once.
fn name_operation(operation: &mut utoipa::openapi::path::Operation) {
    let tag = operation.tags.iter().flatten().next().cloned();
    if let (Some(tag), Some(name)) = (tag, operation.operation_id.take()) {
        operation.operation_id = Some(format!("{tag}_{name}"));
    }
    // The sources break lines where the document should not.
    let texts = [&mut operation.summary, &mut operation.description];
    for text in texts.into_iter().flatten() {
        *text = text.replace('\n', " ").replace("  ", "\n\n");
    }
}

/// What is left out of a path, query or header is left out, not null.
fn describe_parameter(parameter: &mut RefOr<Parameter>) {
    let RefOr::T(parameter) = parameter else {
        return;
    };
    let Some(RefOr::T(Schema::Object(schema))) = &mut parameter.schema else {
        return;
    };
    if let SchemaType::Array(types) = &mut schema.schema_type {
        types.retain(|t| *t != Type::Null);
        if let [only] = types.as_slice() {
            schema.schema_type = SchemaType::Type(only.clone());
        }
    }
}

fn refusal(status: &str, description: &str) -> Said {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(
            <Problem as ToSchema>::name().into_owned(),
        )))
        .build();
    let mut said = ResponseBuilder::new()
        .description(description)
        .content(PROBLEM_JSON, content);
    if matches!(status, "429" | "503") {
        said = said.header("Retry-After", Header::default());
    }
    if status == "401" {
        said = said.header("WWW-Authenticate", Header::default());
    }
    said.build()
}

/// Adds to an operation the refusals that follow from what it takes.
fn refusals_of(path: &str, changes: bool, operation: &mut utoipa::openapi::path::Operation) {
    // One's own erasure has no name in its path, and is mostly not there.
    let named = path.contains('{') || path.ends_with("/people/me/erasure");
    let body = operation.request_body.is_some();
    let insists = operation
        .parameters
        .iter()
        .flatten()
        .any(|p| matches!(p, RefOr::T(p) if p.name == "If-Match"));
    for (status, name, _) in REFUSALS {
        let has = match status {
            "404" => named,
            "409" => changes,
            "412" => insists,
            "413" | "415" => body,
            _ => true,
        };
        if has {
            operation
                .responses
                .responses
                .entry(status.to_owned())
                .or_insert_with(|| RefOr::Ref(Ref::from_response_name(name)));
        }
    }
}
