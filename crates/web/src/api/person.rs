//! People: how they are shown, and who the caller is.

use axum::Json;
use axum::extract::State;
use desk::Error;
use desk::view::PersonRef;
use serde::Serialize;
use switchboard_core::Part;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::caller::Reads;
use crate::AppState;
use crate::problem::Problem;

/// A person as shown to the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Person {
    /// Their id.
    pub id: Uuid,
    /// Their name.
    pub name: String,
    /// Their address: only for the support side and for themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub email: Option<String>,
}

impl From<PersonRef> for Person {
    fn from(p: PersonRef) -> Person {
        Person {
            id: p.id.0,
            name: p.name,
            email: p.email,
        }
    }
}

/// A unit that the caller works in.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MyUnit {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// `member` or `responsible`.
    pub part: String,
}

/// Who the caller is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Me {
    /// Their id.
    pub id: Uuid,
    /// Their name.
    pub name: String,
    /// The address mail goes to.
    pub email: Option<String>,
    /// Their home institute, or empty.
    pub institute: String,
    /// Support permission was granted.
    pub support: bool,
    /// They watch overdue tickets of all units.
    pub monitor: bool,
    /// They administer the desk, and this token may do so.
    pub admin: bool,
    /// They are first level.
    pub first_level: bool,
    /// Where they work.
    pub units: Vec<MyUnit>,
    /// What this token may do: `read`, `write`, `admin`.
    pub scopes: Vec<String>,
}

/// Who the token stands for.
#[utoipa::path(
    get,
    path = "/people/me",
    tag = "people",
    responses((status = 200, description = "Who you are", body = Me)),
)]
async fn me(State(app): State<AppState>, Reads(caller): Reads) -> Result<Json<Me>, Problem> {
    let id = caller.person()?;
    let person = app
        .desk
        .db()
        .read(move |c| store::person::load(c, id).map_err(Error::from))
        .await?
        .ok_or_else(|| Error::Unauthenticated("there is no such person any more".into()))?;
    let catalogue = app.desk.catalogue().await?;
    let units = caller
        .actor
        .units
        .iter()
        .filter_map(|m| {
            let unit = catalogue.unit(m.unit)?;
            Some(MyUnit {
                key: unit.key.clone(),
                name: unit.name.clone(),
                part: match m.part {
                    Part::Member => "member".into(),
                    Part::Responsible => "responsible".into(),
                },
            })
        })
        .collect();
    Ok(Json(Me {
        id: id.0,
        name: person.name,
        email: person.email,
        institute: person.institute,
        support: caller.actor.support,
        monitor: caller.actor.monitor,
        admin: caller.actor.admin,
        first_level: caller.actor.first_level(),
        units,
        scopes: caller.scopes.iter().map(|s| s.key().to_owned()).collect(),
    }))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(me))
}
