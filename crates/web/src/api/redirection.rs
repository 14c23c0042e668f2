//! Tickets that mailing lists work on.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use desk::redirect::view::{Search, Seen, Which};
use serde::{Deserialize, Serialize};
use switchboard_core::Status;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Items;
use super::caller::{Reads, Writes};
use super::input::{Asked, At, Body};
use super::words::{StatusWord, Time};
use crate::AppState;
use crate::problem::Problem;

/// A ticket at a mailing list, and how it stands.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Redirection {
    /// The ticket's number.
    pub ticket: i64,
    /// The ticket's subject.
    pub subject: String,
    /// The ticket's status.
    #[schema(value_type = StatusWord)]
    pub status: Status,
    /// The service, by key.
    pub service: String,
    /// The list's address.
    pub list: String,
    /// `active`: the list has it; `held`: it should have it and does not get
    /// it; `ended`.
    pub stage: String,
    /// Why it is held (`restricted`, `loop`, `flood`) or ended (`finished`,
    /// `given_back`, `taken_back`, `moved`); null: it is active.
    pub why: Option<String>,
    /// Whose word is missing: `list` or `requester`.
    pub turn: String,
    /// Since when.
    pub turn_since: Time,
    /// When the list first got it.
    pub began_at: Time,
    /// The last mail to the list; null: none was sent.
    pub sent_at: Option<Time>,
    /// The last sign of life of the list; null: none yet.
    pub life_at: Option<Time>,
    /// When the list was reminded of its silence; null: it was not.
    pub warned_at: Option<Time>,
    /// When first level was woken because of how it stands; null: it was not.
    pub woken_at: Option<Time>,
    /// When something happens by itself if nobody says anything; null: nothing
    /// does.
    pub next_at: Option<Time>,
    /// Why mail to the list does not arrive; null: it does, as far as is known.
    pub trouble: Option<String>,
}

impl From<Seen> for Redirection {
    fn from(s: Seen) -> Redirection {
        let (stage, why) = s.stage.keys();
        Redirection {
            ticket: s.ticket.0,
            subject: s.subject,
            status: s.status,
            service: s.service.0,
            list: s.list,
            stage: stage.to_owned(),
            why: Some(why.to_owned()).filter(|w| !w.is_empty()),
            turn: s.turn.key().to_owned(),
            turn_since: Time(s.turn_since),
            began_at: Time(s.began_at),
            sent_at: s.sent_at.map(Time),
            life_at: s.life_at.map(Time),
            warned_at: s.warned_at.map(Time),
            woken_at: s.woken_at.map(Time),
            next_at: s.next_at.map(Time),
            trouble: s.trouble,
        }
    }
}

/// Which redirected tickets are listed.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RedirectionFilter {
    /// With a list, or held.
    #[default]
    Open,
    /// First level was woken.
    Woken,
    /// The list's word is missing.
    List,
    /// The requester's word is missing.
    Requester,
    /// Over.
    Ended,
}

impl From<RedirectionFilter> for Which {
    fn from(filter: RedirectionFilter) -> Which {
        match filter {
            RedirectionFilter::Open => Which::Open,
            RedirectionFilter::Woken => Which::Woken,
            RedirectionFilter::List => Which::List,
            RedirectionFilter::Requester => Which::Requester,
            RedirectionFilter::Ended => Which::Ended,
        }
    }
}

/// Which redirected tickets are listed; everything that is given must fit.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RedirectionQuery {
    /// Which of them; `open` without it.
    #[serde(default)]
    #[param(inline)]
    show: RedirectionFilter,
    /// The service, by key or name.
    #[serde(default)]
    service: Option<String>,
    /// `next` of the page before.
    #[serde(default)]
    cursor: Option<String>,
    /// How many on a page, 1 to 200; 50 without it.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Redirected tickets, those that stand as they do for the longest time first:
/// all for first level, monitors and administrators; those of their unit or of
/// the services that they look after for others. Restricted tickets only for
/// those who may open them.
#[utoipa::path(
    get,
    path = "/redirections",
    tag = "redirections",
    params(RedirectionQuery),
    responses((status = 200, description = "A page of redirected tickets", body = Items<Redirection>)),
)]
async fn list(
    State(app): State<AppState>,
    Reads(caller): Reads,
    Asked(query): Asked<RedirectionQuery>,
) -> Result<Json<Items<Redirection>>, Problem> {
    let limit = super::limit(query.limit)?.unwrap_or(50);
    let search = Search {
        which: query.show.into(),
        service: query.service,
        cursor: query.cursor,
        limit,
    };
    let page = app.desk.redirections(&caller.actor, search).await?;
    Ok(Json(Items {
        items: page.items.into_iter().map(Redirection::from).collect(),
        next: page.next,
    }))
}

/// The mailing lists that a ticket is or was with; for the support side, empty
/// for others.
#[utoipa::path(
    get,
    path = "/tickets/{number}/redirections",
    tag = "redirections",
    params(("number" = i64, Path, minimum = 1, description = "The ticket's number")),
    responses((status = 200, description = "Its lists", body = Items<Redirection>)),
)]
async fn of_ticket(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
) -> Result<Json<Items<Redirection>>, Problem> {
    let all = app
        .desk
        .redirections_of(&caller.actor, at.number()?)
        .await?;
    Ok(Json(Items::all(
        all.into_iter().map(Redirection::from).collect(),
    )))
}

/// A ticket to be passed on to a mailing list.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RedirectionRequest {
    /// The service whose list it goes to, by key or name: the ticket becomes
    /// one of that service and its unit. Without it, it goes once more to the
    /// list that it belongs with.
    #[serde(default)]
    service: Option<String>,
}

/// Passes a ticket on to the mailing list of a service, or sends it to its list
/// once more.
#[utoipa::path(
    post,
    path = "/tickets/{number}/redirections",
    tag = "redirections",
    params(("number" = i64, Path, minimum = 1, description = "The ticket's number")),
    request_body = RedirectionRequest,
    responses((status = 202, description = "The mail goes out", body = Items<Redirection>)),
)]
async fn redirect(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    body: Body<RedirectionRequest>,
) -> Result<Response, Problem> {
    let number = at.number()?;
    match body.value.service.filter(|s| !s.trim().is_empty()) {
        Some(service) => {
            app.desk
                .redirect_to(&caller.actor, number, &service)
                .await?;
        }
        None => app.desk.redirect_again(&caller.actor, number).await?,
    }
    let all = match app.desk.redirections_of(&caller.actor, number).await {
        Ok(all) => all,
        // It was handed on, and is not theirs to see any more.
        Err(desk::Error::NotFound { .. }) => Vec::new(),
        Err(other) => return Err(other.into()),
    };
    let items = all.into_iter().map(Redirection::from).collect();
    Ok((StatusCode::ACCEPTED, Json(Items::all(items))).into_response())
}

/// The routes of redirected tickets.
pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(of_ticket, redirect))
}
