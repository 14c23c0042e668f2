//! How you want to hear of what happens.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use desk::Error;
use desk::choice::{Chosen, EVENTS};
use serde::{Deserialize, Serialize};
use store::choice::Wish;
use switchboard_core::choice::{How, Scope};
use switchboard_core::notify::Told;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Reads, Writes};
use super::input::Body;
use crate::AppState;
use crate::problem::Problem;

/// By which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailWay {
    /// By a mail of its own, at once.
    Mail,
    /// Gathered in one mail a day or week.
    Digest,
    /// Not at all.
    Nothing,
}

/// Which tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailTickets {
    /// That you asked for, are Cc of or follow.
    Own,
    /// Of the unit that is named.
    Unit,
    /// All others: as first level, monitor, or drawn in.
    Other,
}

/// One choice.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MailChoice {
    /// Which tickets.
    pub tickets: MailTickets,
    /// The unit's name or key, for `unit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// What happens: `opened`, `assigned`, `entry`, `asked`, `solution`, `reopened`,
    /// `escalated`, `fields`, `note` or `reminded`.
    pub event: String,
    /// By which way you hear of it.
    pub how: MailWay,
}

/// How you want to hear of what happens. What is not among the choices comes by mail;
/// so does what asks something of you, whatever you chose.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MailChoices {
    /// `en` or `de`; null: the desk's.
    #[serde(default)]
    pub language: Option<String>,
    /// When what is gathered comes: `daily` or `weekly`.
    pub rhythm: String,
    /// For `weekly`: 0 is Monday, 6 Sunday.
    #[serde(deserialize_with = "super::input::whole_number")]
    #[schema(minimum = 0, maximum = 6)]
    pub weekday: i64,
    /// At which hour, 0 to 23.
    #[serde(deserialize_with = "super::input::whole_number")]
    #[schema(minimum = 0, maximum = 23)]
    pub hour: i64,
    /// Of which clock: `Europe/Prague`.
    pub time_zone: String,
    /// The choices.
    pub choices: Vec<MailChoice>,
}

fn shown(chosen: Chosen) -> MailChoices {
    let choices = chosen
        .choices
        .iter()
        .map(|((scope, told), how)| {
            let (tickets, unit) = match scope {
                Scope::Own => (MailTickets::Own, None),
                Scope::Other => (MailTickets::Other, None),
                Scope::Unit(id) => {
                    let name = chosen.units.iter().find(|(u, _)| u == id);
                    (MailTickets::Unit, name.map(|(_, name)| name.clone()))
                }
            };
            MailChoice {
                tickets,
                unit,
                event: told.key().to_owned(),
                how: match how {
                    How::Mail => MailWay::Mail,
                    How::Digest => MailWay::Digest,
                    How::Nothing => MailWay::Nothing,
                },
            }
        })
        // Of a unit that they left nothing is asked.
        .filter(|c| c.tickets != MailTickets::Unit || c.unit.is_some())
        .collect();
    MailChoices {
        language: chosen.wish.language,
        rhythm: chosen.wish.rhythm,
        weekday: chosen.wish.weekday,
        hour: chosen.wish.hour,
        time_zone: chosen.wish.time_zone,
        choices,
    }
}

/// How you want to hear of what happens.
#[utoipa::path(
    get,
    path = "/people/me/mail",
    tag = "people",
    responses((status = 200, description = "What you chose", body = MailChoices)),
)]
async fn mail_choices(
    State(app): State<AppState>,
    Reads(caller): Reads,
) -> Result<Json<MailChoices>, Problem> {
    let chosen = app.desk.mail_choices(caller.person()?).await?;
    Ok(Json(shown(chosen)))
}

/// Puts these choices in place of what you chose before.
#[utoipa::path(
    put,
    path = "/people/me/mail",
    tag = "people",
    request_body = MailChoices,
    responses((status = 200, description = "What you chose", body = MailChoices)),
)]
async fn choose_mail(
    State(app): State<AppState>,
    Writes(caller): Writes,
    body: Body<MailChoices>,
) -> Result<Json<MailChoices>, Problem> {
    let (asked, person) = (body.value, caller.person()?);
    let catalogue = app.desk.catalogue().await?;
    let units = app.desk.mail_choices(person).await?.units;
    let mut choices = BTreeMap::new();
    for (at, one) in asked.choices.iter().enumerate() {
        let scope = match (one.tickets, &one.unit) {
            (MailTickets::Own, None) => Scope::Own,
            (MailTickets::Other, None) => Scope::Other,
            (MailTickets::Unit, Some(unit)) => {
                let field = format!("choices.{at}.unit");
                let id = catalogue.find_unit(&field, unit)?.id;
                if !units.iter().any(|(theirs, _)| *theirs == id) {
                    return Err(Error::invalid(field, "is none of yours").into());
                }
                Scope::Unit(id)
            }
            _ => {
                return Err(Error::invalid(
                    format!("choices.{at}.unit"),
                    "goes with tickets of a unit, and only with those",
                )
                .into());
            }
        };
        let told = Told::parse(&one.event).ok_or_else(|| {
            let known: Vec<&str> = EVENTS.iter().map(|(t, _)| t.key()).collect();
            Error::invalid(
                format!("choices.{at}.event"),
                format!("is not one of {}", known.join(", ")),
            )
        })?;
        let how = match one.how {
            MailWay::Mail => How::Mail,
            MailWay::Digest => How::Digest,
            MailWay::Nothing => How::Nothing,
        };
        choices.insert((scope, told), how);
    }
    let wish = Wish {
        language: asked.language,
        rhythm: asked.rhythm,
        weekday: asked.weekday,
        hour: asked.hour,
        time_zone: asked.time_zone,
    };
    app.desk.set_mail_choices(person, choices, wish).await?;
    Ok(Json(shown(app.desk.mail_choices(person).await?)))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(mail_choices, choose_mail))
}
