//! Lists of tickets and changes of many at once.

use axum::Json;
use axum::extract::State;
use desk::{Error, TicketQuery};
use serde::{Deserialize, Serialize};
use store::list::{Item, Sort};
use switchboard_core::query::Query;
use switchboard_core::{Millis, PersonId, Priority, Refusal, Status, TicketNumber, Turn};
use tokio::task::JoinSet;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Items;
use super::caller::{Reads, Writes};
use super::clock::DueFirst;
use super::input::{Asked, Body, object, whole_numbers};
use super::ticket::{TicketChange, named_here};
use super::words::{PriorityWord, StatusWord, Time, TlpWord, TurnWord};
use crate::AppState;
use crate::problem::Problem;

/// Somebody in a list: the name only.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Named {
    /// Their id.
    pub id: Uuid,
    /// Their name.
    pub name: String,
}

/// A ticket in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TicketItem {
    /// Its permanent number.
    pub number: i64,
    /// Its version; the ETag is this number in quotes.
    pub version: i64,
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
    /// The name of the unit that holds it.
    pub unit: String,
    /// That unit's key.
    pub unit_key: String,
    /// Who works on it.
    pub owner: Option<Named>,
    /// Who asked.
    pub requester: Named,
    /// The service's name.
    pub service: Option<String>,
    /// The service's key.
    pub service_key: Option<String>,
    /// The category's key.
    pub category: String,
    /// Only requester, parties and unit may see it.
    pub restricted: bool,
    /// How far it may be passed on; null: it is not restricted.
    #[schema(value_type = Option<TlpWord>)]
    pub tlp: Option<switchboard_core::Tlp>,
    /// Somebody owes the requester an answer.
    pub needs_reply: bool,
    /// Whose turn it is; null: not known yet, soon after an upgrade.
    #[schema(value_type = Option<TurnWord>)]
    pub turn: Option<Turn>,
    /// The clock that is due first; null: it is due for nothing.
    pub due: Option<DueFirst>,
    /// When it was opened.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

fn named(id: PersonId, name: String) -> Named {
    Named { id: id.0, name }
}

fn item(catalogue: &desk::Catalogue, now: Millis, i: Item) -> TicketItem {
    TicketItem {
        number: i.number.0,
        version: i.version,
        subject: i.subject,
        status: i.status,
        status_since: Time(i.status_since),
        priority: i.priority,
        unit: catalogue.unit_name(i.unit).to_owned(),
        unit_key: catalogue
            .unit(i.unit)
            .map_or_else(String::new, |u| u.key.clone()),
        owner: i.owner.zip(i.owner_name).map(|(id, name)| named(id, name)),
        requester: named(i.requester, i.requester_name),
        service: catalogue.service_name(i.service).map(str::to_owned),
        service_key: i
            .service
            .and_then(|id| catalogue.service(id))
            .map(|s| s.key.clone()),
        category: i.category,
        restricted: i.restricted,
        tlp: i.tlp,
        needs_reply: i.needs_reply,
        turn: i.turn,
        due: i.due.map(|due| DueFirst::of(due, now)),
        created_at: Time(i.created_at),
        updated_at: Time(i.updated_at),
    }
}

/// The order of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Newest number first.
    #[default]
    Newest,
    /// Highest priority first, then oldest number.
    Urgent,
    /// Last changed first.
    Updated,
    /// What is due first comes first, then what is open and due for nothing, then what
    /// is closed.
    Due,
}

/// What a list is narrowed to. Everything given must hold.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// The query language of the search field:
    /// `status:open unit:"EGI Cloud" priority>=high words -not "a phrase"`.
    /// What has words is always in the order of numbers, newest first.
    #[serde(default)]
    q: Option<String>,
    /// Statuses separated by commas; `open`, `closed` and `any` are groups.
    #[serde(default)]
    status: Option<String>,
    /// A unit's name or key.
    #[serde(default)]
    unit: Option<String>,
    /// A service's name or key.
    #[serde(default)]
    service: Option<String>,
    /// A priority: low, medium, high or top.
    #[serde(default)]
    priority: Option<String>,
    /// An owner's mail address, `me` or `none`.
    #[serde(default)]
    owner: Option<String>,
    /// A requester's mail address or `me`.
    #[serde(default)]
    requester: Option<String>,
    /// A category's key.
    #[serde(default)]
    category: Option<String>,
    /// `next` of the page before.
    #[serde(default)]
    cursor: Option<String>,
    /// Tickets on a page, 1 to 200; 50 without it.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// The order.
    #[serde(default)]
    #[param(inline)]
    sort: Option<Order>,
}

/// One condition in the query language, checked, with its own name in errors.
fn term(key: &str, value: &str) -> Result<String, Problem> {
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
    let text = format!("{key}:\"{escaped}\"");
    match Query::parse(&text) {
        Ok(query) => Ok(query.to_string()),
        Err(Refusal::Invalid { problem, .. }) => Err(Error::invalid(key, problem).into()),
        Err(other) => Err(Error::from(other).into()),
    }
}

/// Addresses are checked here, so that the error names the field.
fn person_term(key: &str, value: &str, words: &[&str]) -> Result<String, Problem> {
    let word = words.iter().any(|w| value.eq_ignore_ascii_case(w));
    if word || value.contains('@') {
        return term(key, value);
    }
    Err(Error::invalid(key, format!("takes a mail address or {}", words.join(", "))).into())
}

impl ListQuery {
    /// The same as one query of the language.
    fn text(&self, catalogue: &desk::Catalogue) -> Result<String, Problem> {
        let query = Query::parse(self.q.as_deref().unwrap_or_default()).map_err(Error::from)?;
        let mut text = query.to_string();
        let mut add = |term: String| {
            text.push(' ');
            text.push_str(&term);
        };
        if let Some(status) = &self.status {
            add(term("status", status)?);
        }
        if let Some(unit) = &self.unit {
            catalogue.find_unit("unit", unit)?;
            add(term("unit", unit)?);
        }
        if let Some(service) = &self.service {
            catalogue.find_service("service", service)?;
            add(term("service", service)?);
        }
        if let Some(priority) = &self.priority {
            add(term("priority", priority)?);
        }
        if let Some(owner) = &self.owner {
            add(person_term("owner", owner, &["me", "none"])?);
        }
        if let Some(requester) = &self.requester {
            add(person_term("requester", requester, &["me"])?);
        }
        if let Some(category) = &self.category {
            catalogue.check_category(category)?;
            add(term("category", category)?);
        }
        Ok(text)
    }
}

/// The tickets that you may see, page by page. With `q` it is also the search.
#[utoipa::path(
    get,
    path = "/tickets",
    tag = "tickets",
    params(ListQuery),
    responses((status = 200, description = "A page of tickets", body = Items<TicketItem>)),
)]
async fn list(
    State(app): State<AppState>,
    Reads(caller): Reads,
    Asked(query): Asked<ListQuery>,
) -> Result<Json<Items<TicketItem>>, Problem> {
    let catalogue = app.desk.catalogue().await?;
    let page = app
        .desk
        .tickets(
            &caller.actor,
            TicketQuery {
                q: query.text(&catalogue)?,
                sort: match query.sort.unwrap_or_default() {
                    Order::Newest => Sort::Newest,
                    Order::Urgent => Sort::Urgent,
                    Order::Updated => Sort::Updated,
                    Order::Due => Sort::Due,
                },
                cursor: query.cursor,
                limit: super::limit(query.limit)?.unwrap_or(0),
                ..TicketQuery::default()
            },
        )
        .await?;
    Ok(Json(Items {
        items: page
            .items
            .into_iter()
            .map(|i| item(&catalogue, app.desk.now(), i))
            .collect(),
        next: page.next,
    }))
}

/// So many tickets can be changed at once.
const MOST: usize = 200;

/// A change of many tickets.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkRequest {
    /// Which tickets, 200 at most.
    #[serde(deserialize_with = "whole_numbers")]
    #[schema(min_items = 1, max_items = 200)]
    pub numbers: Vec<i64>,
    /// What is to be changed of each.
    #[serde(deserialize_with = "object")]
    pub change: TicketChange,
}

/// What became of one ticket of many.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BulkResult {
    /// The ticket.
    pub number: i64,
    /// The status that changing this ticket alone would have had.
    pub status: u16,
    /// Its version after it.
    pub version: Option<i64>,
    /// Why it was not done.
    pub problem: Option<Problem>,
}

/// The results of a change of many tickets.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BulkResults {
    /// One for each ticket, in the order asked for.
    pub items: Vec<BulkResult>,
}

/// Changes many tickets, each for itself: some may be refused and others done.
#[utoipa::path(
    post,
    path = "/tickets/bulk",
    tag = "tickets",
    request_body = BulkRequest,
    responses((status = 200, description = "What became of each", body = BulkResults)),
)]
async fn bulk(
    State(app): State<AppState>,
    Writes(caller): Writes,
    body: Body<BulkRequest>,
) -> Result<Json<BulkResults>, Problem> {
    let BulkRequest {
        mut numbers,
        change,
    } = body.value;
    let mut seen = std::collections::BTreeSet::new();
    numbers.retain(|n| seen.insert(*n));
    if !(1..=MOST).contains(&numbers.len()) {
        return Err(Error::invalid("numbers", format!("takes 1 to {MOST} numbers")).into());
    }
    if change.affected_users == Some(0) {
        return Err(Error::invalid("change.affected_users", "takes at least 1").into());
    }
    let mut work = JoinSet::new();
    for (place, number) in numbers.into_iter().enumerate() {
        let (desk, actor) = (app.desk.clone(), caller.actor.clone());
        let patch = desk::Patch::from(change.clone());
        work.spawn(async move {
            let result = desk.change(&actor, TicketNumber(number), None, patch).await;
            (place, number, result)
        });
    }
    let mut results = Vec::new();
    while let Some(done) = work.join_next().await {
        let (place, number, result) =
            done.map_err(|e| Error::Internal(format!("bulk change: {e}")))?;
        results.push((place, number, result));
    }
    results.sort_by_key(|(place, ..)| *place);
    let items = results
        .into_iter()
        .map(|(_, number, result)| match result {
            Ok(version) => BulkResult {
                number,
                status: 200,
                version: Some(version),
                problem: None,
            },
            Err(error) => {
                let problem = Problem::from(named_here(error));
                BulkResult {
                    number,
                    status: problem.status.as_u16(),
                    version: None,
                    problem: Some(problem),
                }
            }
        })
        .collect();
    Ok(Json(BulkResults { items }))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(bulk))
}
