//! Partner desks: invitations, what was agreed, and how each stands.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use desk::exchange::invitation::Invited;
use desk::exchange::partner::{Changed, Own, Standing};
use desk::exchange::partner_dead::Foreign;
use serde::{Deserialize, Serialize};
use store::partner;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Items;
use super::caller::{Administers, Reads};
use super::input::{At, Body};
use super::words::Time;
use crate::AppState;
use crate::problem::Problem;

/// What two desks agree on, as one of them sees it. Nothing passes that is not
/// said here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartnerTerms {
    /// Names of those who write may pass, both ways.
    #[serde(default)]
    pub names: bool,
    /// Their mail addresses may pass, also where they stand in a text.
    #[serde(default)]
    pub addresses: bool,
    /// Files may pass.
    #[serde(default)]
    pub files: bool,
    /// Tickets may be given to the other desk.
    #[serde(default)]
    pub gives: bool,
    /// Tickets may come from the other desk.
    #[serde(default)]
    pub takes: bool,
}

impl From<PartnerTerms> for partner::Terms {
    fn from(t: PartnerTerms) -> partner::Terms {
        partner::Terms {
            names: t.names,
            addresses: t.addresses,
            files: t.files,
            gives: t.gives,
            takes: t.takes,
        }
    }
}

impl From<partner::Terms> for PartnerTerms {
    fn from(t: partner::Terms) -> PartnerTerms {
        PartnerTerms {
            names: t.names,
            addresses: t.addresses,
            files: t.files,
            gives: t.gives,
            takes: t.takes,
        }
    }
}

/// A partner desk, and how it stands.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ExchangePartner {
    /// Its id here.
    pub id: Uuid,
    /// Its name, as it stands in changes.
    pub desk: String,
    /// How people call it.
    pub title: String,
    /// Where it is reached.
    pub base_url: String,
    /// Its Ed25519 key, 32 bytes in base64.
    pub public_key: String,
    /// Whether tickets travel: `active`, `paused` or `ended`.
    pub state: String,
    /// What was agreed.
    pub terms: PartnerTerms,
    /// The unit in which what comes from there begins, by name.
    pub intake: String,
    /// The units that stand for it here, by name: what is given to one of them is
    /// given to the partner.
    pub units: Vec<String>,
    /// The services whose tickets are given to it, by name; empty: those of all.
    pub services: Vec<String>,
    /// Tickets that are shared with it.
    pub tickets: i64,
    /// Changes that it does not have yet.
    pub waiting: u64,
    /// How long the oldest of them waits, in milliseconds; 0: none does.
    pub lag_ms: i64,
    /// For how long it can not be asked and has sent nothing, in milliseconds; 0: it can.
    pub lag_in_ms: i64,
    /// Changes that came from there and can not be taken.
    pub dead: i64,
    /// Why it can not be talked to; null: it can.
    pub error: Option<String>,
    /// Since when.
    pub error_at: Option<Time>,
    /// When something last went there.
    pub sent_at: Option<Time>,
    /// When something last came from there.
    pub came_at: Option<Time>,
    /// Since when it is a partner.
    pub began_at: Time,
    /// When that ended.
    pub ended_at: Option<Time>,
}

impl From<Standing> for ExchangePartner {
    fn from(s: Standing) -> ExchangePartner {
        let p = s.partner;
        ExchangePartner {
            waiting: p.backlog(),
            id: p.id,
            desk: p.desk.to_string(),
            title: p.title,
            base_url: p.base_url,
            public_key: p.public_key,
            state: p.state.key().to_owned(),
            terms: p.terms.into(),
            intake: s.intake,
            units: s.units,
            services: s.covered,
            tickets: s.tickets,
            lag_ms: s.lag,
            lag_in_ms: s.lag_in,
            dead: s.dead,
            error: p.error,
            error_at: p.error_at.map(Time),
            sent_at: p.sent_at.map(Time),
            came_at: p.came_at.map(Time),
            began_at: Time(p.made_at),
            ended_at: p.ended_at.map(Time),
        }
    }
}

/// Partner desks, the oldest first; for first level and administrators.
#[utoipa::path(
    get,
    path = "/exchange/partners",
    tag = "exchange",
    responses((status = 200, description = "The partners", body = Items<ExchangePartner>)),
)]
async fn partners(
    State(app): State<AppState>,
    Reads(caller): Reads,
) -> Result<Json<Items<ExchangePartner>>, Problem> {
    let all = app.desk.partners(&caller.actor).await?;
    Ok(Json(Items::all(
        all.into_iter().map(ExchangePartner::from).collect(),
    )))
}

/// What is offered to a desk that is to become a partner.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvitation {
    /// For whom it is, as people here call them; at most 100 characters.
    #[serde(default)]
    pub for_whom: String,
    /// What is to be agreed, as this desk sees it.
    pub terms: PartnerTerms,
    /// The unit in which what comes from there begins, by key or name; first level
    /// without it.
    #[serde(default)]
    pub intake: Option<String>,
    /// The units that stand for it here, by key or name.
    #[serde(default)]
    pub units: Vec<String>,
    /// The services whose tickets are given to it, by key or name; those of all without it.
    #[serde(default)]
    pub services: Vec<String>,
}

/// An invitation.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WrittenInvitation {
    /// Its id here.
    pub id: Uuid,
    /// To be handed to an administrator of the other desk, as a secret: who has it
    /// becomes the partner. It is shown once.
    pub invitation: String,
    /// Until when it counts.
    pub expires_at: Time,
}

/// Writes an invitation for another desk.
#[utoipa::path(
    post,
    path = "/exchange/invitations",
    tag = "exchange",
    request_body = NewInvitation,
    responses((status = 201, description = "It", body = WrittenInvitation)),
)]
async fn invite_partner(
    State(app): State<AppState>,
    Administers(caller): Administers,
    body: Body<NewInvitation>,
) -> Result<(StatusCode, Json<WrittenInvitation>), Problem> {
    let own = Own {
        intake: body.value.intake,
        units: body.value.units,
        services: body.value.services,
    };
    let terms = body.value.terms.into();
    let written = app
        .desk
        .invite_partner(&caller.actor, &body.value.for_whom, terms, &own)
        .await?;
    let answer = WrittenInvitation {
        id: written.id,
        invitation: written.text,
        expires_at: Time(written.expires_at),
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// An invitation of this desk, and how it stands.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ListedInvitation {
    /// Its id.
    pub id: Uuid,
    /// For whom it was written, as somebody noted.
    pub for_whom: String,
    /// `open`: it waits for the other desk; `accepted`, `declined`, `withdrawn`; `over`:
    /// nobody took it in time.
    pub state: String,
    /// What is to be agreed, as this desk sees it.
    pub terms: PartnerTerms,
    /// The unit in which what comes from there will begin, by name.
    pub intake: String,
    /// The units that will stand for it here, by name.
    pub units: Vec<String>,
    /// The services whose tickets will be given to it, by name; empty: those of all.
    pub services: Vec<String>,
    /// When it was written.
    pub made_at: Time,
    /// Until when it counts.
    pub expires_at: Time,
    /// The partner that accepted it.
    pub partner: Option<Uuid>,
    /// The desk that declined it.
    pub declined_by: Option<String>,
    /// Why, as they said.
    pub reason: String,
    /// When it was declined or withdrawn.
    pub ended_at: Option<Time>,
}

impl From<Invited> for ListedInvitation {
    fn from(i: Invited) -> ListedInvitation {
        let it = i.invitation;
        ListedInvitation {
            id: it.id,
            for_whom: it.for_whom,
            state: i.fate.key().to_owned(),
            terms: it.offer.terms.into(),
            intake: i.intake,
            units: i.units,
            services: i.services,
            made_at: Time(it.made_at),
            expires_at: Time(it.expires_at),
            partner: it.partner,
            declined_by: it.declined_by,
            reason: it.reason,
            ended_at: it.ended_at.map(Time),
        }
    }
}

/// The last 50 invitations of this desk, the newest first; for first level and
/// administrators. Their texts are not kept.
#[utoipa::path(
    get,
    path = "/exchange/invitations",
    tag = "exchange",
    responses((status = 200, description = "They", body = Items<ListedInvitation>)),
)]
async fn invitations(
    State(app): State<AppState>,
    Reads(caller): Reads,
) -> Result<Json<Items<ListedInvitation>>, Problem> {
    let all = app.desk.partner_invitations(&caller.actor).await?;
    Ok(Json(Items::all(
        all.into_iter().map(ListedInvitation::from).collect(),
    )))
}

/// Withdraws an invitation that nobody took. 404: it was taken, or has ended.
#[utoipa::path(
    delete,
    path = "/exchange/invitations/{id}",
    tag = "exchange",
    params(("id" = Uuid, Path, description = "The invitation's id")),
    responses((status = 204, description = "Nobody can take it any more")),
)]
async fn withdraw_invitation(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
) -> Result<StatusCode, Problem> {
    app.desk
        .withdraw_invitation(&caller.actor, at.uuid("id")?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An invitation that is declined.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclinedInvitation {
    /// The whole text.
    pub invitation: String,
    /// Why, for the people of the other desk; at most 500 characters.
    #[serde(default)]
    pub reason: String,
}

/// Declines an invitation: the other desk is told, and nobody can accept it any more. May be
/// repeated when no answer came. 409: the other desk does not take it; 503: it was not
/// reached.
#[utoipa::path(
    post,
    path = "/exchange/invitations/decline",
    tag = "exchange",
    request_body = DeclinedInvitation,
    responses((status = 204, description = "They know")),
)]
async fn decline_invitation(
    State(app): State<AppState>,
    Administers(caller): Administers,
    body: Body<DeclinedInvitation>,
) -> Result<StatusCode, Problem> {
    app.desk
        .decline_partner(&caller.actor, &body.value.invitation, &body.value.reason)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An invitation to be read.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GivenInvitation {
    /// The whole text.
    pub invitation: String,
}

/// What an invitation says.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReadInvitation {
    /// The name of the desk that invites.
    pub desk: String,
    /// How people call it.
    pub title: String,
    /// Where it is reached.
    pub base_url: String,
    /// Its Ed25519 key, 32 bytes in base64.
    pub public_key: String,
    /// What is to be agreed, as this desk sees it.
    pub terms: PartnerTerms,
    /// The services whose tickets will come from there, as they are called there; empty:
    /// those of all.
    pub services: Vec<String>,
    /// Until when it counts.
    pub expires_at: Time,
}

/// Reads an invitation that this desk got, before somebody decides about it.
#[utoipa::path(
    post,
    path = "/exchange/invitations/read",
    tag = "exchange",
    request_body = GivenInvitation,
    responses((status = 200, description = "What it says", body = ReadInvitation)),
)]
async fn read_invitation(
    State(app): State<AppState>,
    Administers(caller): Administers,
    body: Body<GivenInvitation>,
) -> Result<Json<ReadInvitation>, Problem> {
    let read = app
        .desk
        .read_invitation(&caller.actor, &body.value.invitation)?;
    Ok(Json(ReadInvitation {
        desk: read.from.desk.to_string(),
        title: read.from.title,
        base_url: read.from.base_url,
        public_key: read.from.public_key,
        terms: read.terms.into(),
        services: read.services,
        expires_at: Time(read.expires_at),
    }))
}

/// An invitation that is accepted, and what this desk decides by itself.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptedInvitation {
    /// The whole text.
    pub invitation: String,
    /// The unit in which what comes from there begins, by key or name; first level
    /// without it.
    #[serde(default)]
    pub intake: Option<String>,
    /// The units that stand for it here, by key or name.
    #[serde(default)]
    pub units: Vec<String>,
    /// The services whose tickets are given to it, by key or name; those of all without it.
    #[serde(default)]
    pub services: Vec<String>,
}

/// A partner that began.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BegunPartner {
    /// Its id here.
    pub id: Uuid,
}

/// Accepts an invitation: the other desk is told, and tickets travel from then on.
/// May be repeated when no answer came. 409: the other desk does not take it, or is
/// a partner already; 503: it was not reached.
#[utoipa::path(
    post,
    path = "/exchange/partners",
    tag = "exchange",
    request_body = AcceptedInvitation,
    responses((status = 201, description = "The partner", body = BegunPartner)),
)]
async fn accept_partner(
    State(app): State<AppState>,
    Administers(caller): Administers,
    body: Body<AcceptedInvitation>,
) -> Result<(StatusCode, Json<BegunPartner>), Problem> {
    let own = Own {
        intake: body.value.intake,
        units: body.value.units,
        services: body.value.services,
    };
    let id = app
        .desk
        .accept_partner(&caller.actor, &body.value.invitation, &own)
        .await?;
    Ok((StatusCode::CREATED, Json(BegunPartner { id })))
}

/// Whether tickets travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartnerState {
    /// They do.
    Active,
    /// Not for now: what happens waits.
    Paused,
}

/// What is changed; what is left out stays.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartnerChange {
    /// Whether tickets travel.
    #[serde(default)]
    pub state: Option<PartnerState>,
    /// The unit in which what comes from there begins, by key or name.
    #[serde(default)]
    pub intake: Option<String>,
    /// The units that stand for it here, by key or name.
    #[serde(default)]
    pub units: Option<Vec<String>>,
    /// The services whose tickets are given to it, by key or name; empty: those of all.
    #[serde(default)]
    pub services: Option<Vec<String>>,
    /// Another address of the same desk.
    #[serde(default)]
    pub base_url: Option<String>,
}

/// Changes what this desk decides about a partner. 409: it has ended.
#[utoipa::path(
    patch,
    path = "/exchange/partners/{id}",
    tag = "exchange",
    params(("id" = Uuid, Path, description = "The partner's id")),
    request_body = PartnerChange,
    responses((status = 204, description = "It is so now")),
)]
async fn change_partner(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
    body: Body<PartnerChange>,
) -> Result<StatusCode, Problem> {
    let changed = Changed {
        paused: body.value.state.map(|s| s == PartnerState::Paused),
        intake: body.value.intake,
        units: body.value.units,
        services: body.value.services,
        base_url: body.value.base_url,
    };
    app.desk
        .change_partner(&caller.actor, at.uuid("id")?, changed)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a partnership: nothing is sent, taken or believed any more; each desk keeps
/// its tickets.
#[utoipa::path(
    delete,
    path = "/exchange/partners/{id}",
    tag = "exchange",
    params(("id" = Uuid, Path, description = "The partner's id")),
    responses((status = 204, description = "It has ended")),
)]
async fn end_partner(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
) -> Result<StatusCode, Problem> {
    app.desk.end_partner(&caller.actor, at.uuid("id")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A change that came from a partner and can not be taken.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PartnerDeadLetter {
    /// Its id.
    pub id: Uuid,
    /// The partner's id.
    pub partner: Uuid,
    /// How people call the partner.
    pub title: String,
    /// Its place in the partner's log.
    pub place: u64,
    /// The ticket here, if the change belongs to one.
    pub ticket: Option<i64>,
    /// The ticket's name between the desks, if it can be read.
    pub shared: Option<String>,
    /// What happened, in words; nothing of what was written.
    pub what: String,
    /// Why it can not be taken.
    pub why: String,
    /// When it came.
    pub at: Time,
}

impl From<Foreign> for PartnerDeadLetter {
    fn from(f: Foreign) -> PartnerDeadLetter {
        PartnerDeadLetter {
            id: f.dead.id,
            partner: f.dead.partner,
            title: f.partner,
            place: f.dead.place,
            ticket: f.ticket.map(|n| n.0),
            shared: f.shared,
            what: f.what,
            why: f.dead.why,
            at: Time(f.dead.at),
        }
    }
}

/// Changes that came from partners and can not be taken, the oldest first; for first level
/// and administrators.
#[utoipa::path(
    get,
    path = "/exchange/partner-dead-letters",
    tag = "exchange",
    responses((status = 200, description = "They", body = Items<PartnerDeadLetter>)),
)]
async fn partner_dead_letters(
    State(app): State<AppState>,
    Reads(caller): Reads,
) -> Result<Json<Items<PartnerDeadLetter>>, Problem> {
    let all = app.desk.foreign_dead(&caller.actor).await?;
    Ok(Json(Items::all(
        all.into_iter().map(PartnerDeadLetter::from).collect(),
    )))
}

/// Tries a change of a partner again: the agreement is another, or this desk is newer. 409:
/// it still can not be taken.
#[utoipa::path(
    post,
    path = "/exchange/partner-dead-letters/{id}/retry",
    tag = "exchange",
    params(("id" = Uuid, Path, description = "The dead letter's id")),
    responses((status = 204, description = "It is taken")),
)]
async fn retry_partner_dead_letter(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
) -> Result<StatusCode, Problem> {
    app.desk
        .retry_foreign(&caller.actor, at.uuid("id")?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Why a change of a partner need not be taken.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartnerGivenUp {
    /// The reason, for the audit log.
    pub reason: String,
}

/// Says that a change of a partner need not be taken: nobody is told of it any more.
#[utoipa::path(
    post,
    path = "/exchange/partner-dead-letters/{id}/give-up",
    tag = "exchange",
    params(("id" = Uuid, Path, description = "The dead letter's id")),
    request_body = PartnerGivenUp,
    responses((status = 204, description = "It is given up")),
)]
async fn give_up_partner_dead_letter(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
    body: Body<PartnerGivenUp>,
) -> Result<StatusCode, Problem> {
    app.desk
        .give_up_foreign(&caller.actor, at.uuid("id")?, &body.value.reason)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(partners))
        .routes(routes!(invitations, invite_partner))
        .routes(routes!(withdraw_invitation))
        .routes(routes!(decline_invitation))
        .routes(routes!(read_invitation))
        .routes(routes!(accept_partner))
        .routes(routes!(change_partner))
        .routes(routes!(end_partner))
        .routes(routes!(partner_dead_letters))
        .routes(routes!(retry_partner_dead_letter))
        .routes(routes!(give_up_partner_dead_letter))
}
