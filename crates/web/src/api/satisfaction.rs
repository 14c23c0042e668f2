//! How content requesters said they were with the solutions of their tickets.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use store::satisfaction::Satisfaction;
use switchboard_core::satisfaction::Rating;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Reads, Writes};
use super::input::{At, Body, whole_number};
use super::words::Time;
use crate::AppState;
use crate::problem::Problem;

/// How content somebody was with a solution.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SolutionRating {
    /// From 1, not content at all, to 5, very content.
    #[schema(minimum = 1, maximum = 5)]
    pub rating: i64,
    /// The same in words.
    pub label: &'static str,
    /// What they wrote to it; may be empty.
    pub comment: String,
    /// Which solution, by the place of its event in the ticket's history.
    pub solution: i64,
    /// When they said so.
    pub at: Time,
}

impl From<Satisfaction> for SolutionRating {
    fn from(s: Satisfaction) -> SolutionRating {
        SolutionRating {
            rating: s.rating.number(),
            label: s.rating.label(),
            comment: s.comment,
            solution: s.solution,
            at: Time(s.at),
        }
    }
}

/// What was said of a ticket's solutions.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RatingList {
    /// One for each solution that something was said of, the oldest first.
    pub items: Vec<SolutionRating>,
}

/// How content the requester is with the last solution.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRating {
    /// From 1, not content at all, to 5, very content.
    #[serde(deserialize_with = "whole_number")]
    #[schema(minimum = 1, maximum = 5)]
    pub rating: i64,
    /// Why, for those who work on it; at most 4,000 bytes.
    #[serde(default)]
    #[schema(max_length = 4000)]
    pub comment: String,
}

/// What was said of the ticket's solutions, for the support side; requesters get what
/// they said themselves, others who see the ticket an empty list.
#[utoipa::path(
    get,
    path = "/tickets/{number}/ratings",
    tag = "tickets",
    params(("number" = i64, Path, minimum = 1, description = "The ticket's number")),
    responses((status = 200, description = "The ratings", body = RatingList)),
)]
async fn ratings(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
) -> Result<Json<RatingList>, Problem> {
    let ratings = app.desk.ratings(&caller.actor, at.number()?).await?;
    Ok(Json(RatingList {
        items: ratings.into_iter().map(SolutionRating::from).collect(),
    }))
}

/// The requester says how content they are with the last solution of a ticket that is not
/// open. The first time counts: what was said before is answered with 200.
#[utoipa::path(
    post,
    path = "/tickets/{number}/ratings",
    tag = "tickets",
    params(("number" = i64, Path, minimum = 1, description = "The ticket's number")),
    request_body = NewRating,
    responses(
        (status = 201, description = "It was noted", body = SolutionRating),
        (status = 200, description = "It was said before; that counts", body = SolutionRating),
    ),
)]
async fn rate(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    Body { value: new, .. }: Body<NewRating>,
) -> Result<(StatusCode, Json<SolutionRating>), Problem> {
    let number = at.number()?;
    let rating = Rating::new(new.rating)
        .ok_or_else(|| desk::Error::invalid("rating", "takes a whole number from 1 to 5"))?;
    let noted = app
        .desk
        .rate(&caller.actor, number, rating, &new.comment)
        .await?;
    let ratings = app.desk.ratings(&caller.actor, number).await?;
    let last = ratings.into_iter().max_by_key(|s| s.solution);
    let last = last.ok_or_else(|| desk::Error::Internal("a rating is not there".into()))?;
    let status = if noted {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(last.into())))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(ratings, rate))
}
