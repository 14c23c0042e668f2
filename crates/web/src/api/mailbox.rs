//! Where mail comes in, and what is known of the mails of a ticket.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use desk::Error;
use desk::mailbox::{Draft, Overview};
use serde::{Deserialize, Serialize};
use store::mailbox::{MailboxDoc, Way};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::caller::{Administers, Reads};
use super::input::{At, Body, IfMatch, given, maybe_whole};
use super::words::Time;
use super::{Items, tagged};
use crate::AppState;
use crate::problem::Problem;

/// Where mail comes in. Its secret is never given out.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Mailbox {
    /// Its id.
    pub id: Uuid,
    /// What people write to.
    pub address: String,
    /// `imap`: the desk reads a mailbox; `local`: the mail server hands it over.
    pub way: String,
    /// The IMAP server; empty where mail is handed over, as all up to `take_old`.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// `tls`, `starttls` or `none`.
    pub security: String,
    /// A connection without TLS to another machine is allowed.
    pub allow_plain: bool,
    /// Who vouches for the server, in PEM; empty: whom the machine knows.
    pub authority: String,
    /// The name to sign in with.
    pub user: String,
    /// `password` or `xoauth2`.
    pub auth: String,
    /// XOAUTH2: where tokens come from; empty: the secret is the token.
    pub token_url: String,
    /// XOAUTH2: how the giver of tokens calls this desk.
    pub client_id: String,
    /// XOAUTH2: what is asked for.
    pub scope: String,
    /// A variable of the desk's environment with the secret.
    pub secret_env: String,
    /// XOAUTH2: a variable with the refresh token.
    pub refresh_env: String,
    /// The folder that is read.
    pub folder: String,
    /// Where mails are moved that were taken; empty: they are marked as read.
    pub done_folder: String,
    /// Mails that were there before are taken too.
    pub take_old: bool,
    /// A secret is stored.
    pub has_secret: bool,
    /// The unit in which tickets begin; null: by service, or first level.
    pub unit: Option<String>,
    /// The service with which tickets begin.
    pub service: Option<String>,
    /// The key of the portal by which tickets come.
    pub portal: Option<String>,
    /// Mail is taken.
    pub active: bool,
    /// How it goes.
    pub state: MailboxState,
}

/// How a mailbox goes.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct MailboxState {
    /// Since when it is connected; null: it is not.
    pub connected_at: Option<Time>,
    /// When the server last answered.
    pub seen_at: Option<Time>,
    /// When a mail last came.
    pub mail_at: Option<Time>,
    /// Mails that came by it.
    pub taken: i64,
    /// What is wrong now.
    pub error: Option<String>,
    /// Since when.
    pub error_at: Option<Time>,
}

fn mailbox(one: Overview) -> Mailbox {
    let m = one.mailbox;
    let doc = m.doc;
    let state = one
        .state
        .map_or_else(MailboxState::default, |s| MailboxState {
            connected_at: s.connected_at.map(Time),
            seen_at: s.seen_at.map(Time),
            mail_at: s.mail_at.map(Time),
            taken: s.taken,
            error: s.error,
            error_at: s.error_at.map(Time),
        });
    Mailbox {
        id: m.id,
        address: m.address,
        way: m.way.key().to_owned(),
        host: doc.host,
        port: doc.port,
        security: doc.security,
        allow_plain: doc.allow_plain,
        authority: doc.authority,
        user: doc.user,
        auth: doc.auth,
        token_url: doc.token_url,
        client_id: doc.client_id,
        scope: doc.scope,
        secret_env: doc.secret_env,
        refresh_env: doc.refresh_env,
        folder: doc.folder,
        done_folder: doc.done_folder,
        take_old: doc.take_old,
        has_secret: m.has_secret,
        unit: one.unit,
        service: one.service,
        portal: one.portal.map(|p| p.key),
        active: m.active,
        state,
    }
}

fn answer(status: StatusCode, one: Overview) -> Response {
    let version = one.mailbox.version;
    (status, tagged(version), Json(mailbox(one))).into_response()
}

/// What a mailbox is to be. Of one that is there, what is left out stays.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MailboxChange {
    /// What people write to.
    pub address: Option<String>,
    /// `imap` or `local`.
    pub way: Option<String>,
    /// The IMAP server.
    pub host: Option<String>,
    /// Its port; left out of a new one: 993, or 143 without TLS at first.
    #[serde(default, deserialize_with = "maybe_whole")]
    #[schema(minimum = 0, maximum = 65535)]
    pub port: Option<u16>,
    /// `tls` (of a new one), `starttls` or `none`.
    pub security: Option<String>,
    /// Allow a connection without TLS to another machine.
    pub allow_plain: Option<bool>,
    /// Who vouches for the server, in PEM.
    pub authority: Option<String>,
    /// The name to sign in with.
    pub user: Option<String>,
    /// `password` (of a new one) or `xoauth2`.
    pub auth: Option<String>,
    /// Password, token or client secret; kept, and never given out.
    pub secret: Option<String>,
    /// XOAUTH2: where tokens come from.
    pub token_url: Option<String>,
    /// XOAUTH2: how the giver of tokens calls this desk.
    pub client_id: Option<String>,
    /// XOAUTH2: what is asked for.
    pub scope: Option<String>,
    /// A variable of the desk's environment with the secret.
    pub secret_env: Option<String>,
    /// XOAUTH2: a variable with the refresh token.
    pub refresh_env: Option<String>,
    /// The folder that is read; `INBOX` of a new one.
    pub folder: Option<String>,
    /// Where mails are moved that were taken.
    pub done_folder: Option<String>,
    /// Take mails that were there before.
    pub take_old: Option<bool>,
    /// The unit in which tickets begin; null: none.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub unit: Option<Option<String>>,
    /// The service with which tickets begin; null: none.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub service: Option<Option<String>>,
    /// The key of the portal by which tickets come; null: none.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub portal: Option<Option<String>>,
    /// Take mail.
    pub active: Option<bool>,
}

fn draft(known: Option<&Overview>, change: MailboxChange) -> Result<Draft, Error> {
    let old = known.map(|k| &k.mailbox);
    let way = match &change.way {
        Some(word) => {
            Way::parse(word).ok_or_else(|| Error::invalid("way", "is one of imap and local"))?
        }
        None => old.map_or(Way::Imap, |m| m.way),
    };
    let mut doc = old.map_or_else(
        || MailboxDoc {
            security: "tls".into(),
            auth: "password".into(),
            ..MailboxDoc::default()
        },
        |m| m.doc.clone(),
    );
    let texts = [
        (&mut doc.host, change.host),
        (&mut doc.security, change.security),
        (&mut doc.authority, change.authority),
        (&mut doc.user, change.user),
        (&mut doc.auth, change.auth),
        (&mut doc.token_url, change.token_url),
        (&mut doc.client_id, change.client_id),
        (&mut doc.scope, change.scope),
        (&mut doc.secret_env, change.secret_env),
        (&mut doc.refresh_env, change.refresh_env),
        (&mut doc.folder, change.folder),
        (&mut doc.done_folder, change.done_folder),
    ];
    for (field, text) in texts {
        if let Some(text) = text {
            *field = text;
        }
    }
    doc.port = change.port.unwrap_or(doc.port);
    doc.allow_plain = change.allow_plain.unwrap_or(doc.allow_plain);
    doc.take_old = change.take_old.unwrap_or(doc.take_old);
    let address = change.address.or_else(|| old.map(|m| m.address.clone()));
    Ok(Draft {
        id: old.map(|m| m.id),
        expected: None,
        address: address.ok_or_else(|| Error::invalid("address", "has to be given"))?,
        way,
        doc,
        secret: change.secret,
        unit: change
            .unit
            .unwrap_or_else(|| known.and_then(|k| k.unit.clone())),
        service: change
            .service
            .unwrap_or_else(|| known.and_then(|k| k.service.clone())),
        portal: change
            .portal
            .unwrap_or_else(|| known.and_then(|k| Some(k.portal.as_ref()?.key.clone()))),
        active: change
            .active
            .unwrap_or_else(|| old.is_none_or(|m| m.active)),
    })
}

/// Every mailbox, by address.
#[utoipa::path(
    get,
    path = "/mailboxes",
    tag = "mail",
    responses((status = 200, description = "The mailboxes", body = Items<Mailbox>)),
)]
async fn mailboxes(
    State(app): State<AppState>,
    Administers(caller): Administers,
) -> Result<Json<Items<Mailbox>>, Problem> {
    let all = app.desk.mailboxes(&caller.actor).await?;
    Ok(Json(Items::all(all.into_iter().map(mailbox).collect())))
}

/// Makes a mailbox.
#[utoipa::path(
    post,
    path = "/mailboxes",
    tag = "mail",
    request_body = MailboxChange,
    responses((status = 201, description = "The mailbox", body = Mailbox, headers(("ETag" = String)))),
)]
async fn create_mailbox(
    State(app): State<AppState>,
    Administers(caller): Administers,
    body: Body<MailboxChange>,
) -> Result<Response, Problem> {
    let draft = draft(None, body.value)?;
    let made = app.desk.save_mailbox(&caller.actor, draft).await?;
    Ok(answer(StatusCode::CREATED, made))
}

/// One mailbox.
#[utoipa::path(
    get,
    path = "/mailboxes/{id}",
    tag = "mail",
    params(("id" = Uuid, Path, description = "The mailbox's id")),
    responses((status = 200, description = "The mailbox", body = Mailbox, headers(("ETag" = String)))),
)]
async fn read_mailbox(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
) -> Result<Response, Problem> {
    let found = app.desk.mailbox(&caller.actor, at.uuid("id")?).await?;
    Ok(answer(StatusCode::OK, found))
}

/// Changes a mailbox.
#[utoipa::path(
    patch,
    path = "/mailboxes/{id}",
    tag = "mail",
    params(
        ("id" = Uuid, Path, description = "The mailbox's id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that you read: 412 when somebody was quicker"),
    ),
    request_body = MailboxChange,
    responses((status = 200, description = "The mailbox after it", body = Mailbox, headers(("ETag" = String)))),
)]
async fn change_mailbox(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
    if_match: IfMatch,
    body: Body<MailboxChange>,
) -> Result<Response, Problem> {
    let known = app.desk.mailbox(&caller.actor, at.uuid("id")?).await?;
    let expected = if_match.expected(known.mailbox.version)?;
    let draft = Draft {
        expected,
        ..draft(Some(&known), body.value)?
    };
    let changed = app.desk.save_mailbox(&caller.actor, draft).await?;
    Ok(answer(StatusCode::OK, changed))
}

/// Takes a mailbox away; what came by it stays.
#[utoipa::path(
    delete,
    path = "/mailboxes/{id}",
    tag = "mail",
    params(("id" = Uuid, Path, description = "The mailbox's id")),
    responses((status = 204, description = "It is gone")),
)]
async fn delete_mailbox(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
) -> Result<StatusCode, Problem> {
    app.desk
        .delete_mailbox(&caller.actor, at.uuid("id")?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// One thing that a test of a mailbox found.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MailboxFinding {
    /// It is as it should be.
    pub well: bool,
    /// What.
    pub text: String,
}

/// Tries a mailbox out with what is saved. No mail is taken by it.
#[utoipa::path(
    post,
    path = "/mailboxes/{id}/test",
    tag = "mail",
    params(("id" = Uuid, Path, description = "The mailbox's id")),
    responses((status = 200, description = "What was found", body = Items<MailboxFinding>)),
)]
async fn test_mailbox(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
) -> Result<Json<Items<MailboxFinding>>, Problem> {
    let found = app.desk.test_mailbox(&caller.actor, at.uuid("id")?).await?;
    let items = found.into_iter().map(|f| MailboxFinding {
        well: f.well,
        text: f.text,
    });
    Ok(Json(Items::all(items.collect())))
}

/// What is known of the mail that an entry came by.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TicketMail {
    /// The entry.
    pub entry: Uuid,
    /// When it came.
    pub received_at: Time,
    /// By which way: `imap`, `lmtp` or `file`.
    pub channel: String,
    /// Whether the sender is `proven`, `failed` or `unknown`.
    pub proof: String,
    /// The same in a sentence; empty: nobody looked.
    pub words: String,
    /// What each check found: `DKIM pass (lab.example)`.
    pub checks: Vec<String>,
    /// What is odd about it.
    pub flagged: Option<String>,
    /// A ticket that it named without a proof.
    pub related: Option<i64>,
}

/// What is known of the mails that a ticket's entries came by; for those who
/// work on it.
#[utoipa::path(
    get,
    path = "/tickets/{number}/incoming",
    tag = "tickets",
    params(("number" = i64, Path, minimum = 1, description = "The ticket's number")),
    responses((status = 200, description = "The mails", body = Items<TicketMail>)),
)]
async fn ticket_incoming(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
) -> Result<Json<Items<TicketMail>>, Problem> {
    let notes = app.desk.mail_notes(&caller.actor, at.number()?).await?;
    let items = notes.into_iter().map(|n| {
        let verdict = n.verdict;
        TicketMail {
            entry: n.entry.0,
            received_at: Time(n.received_at),
            channel: n.channel,
            proof: verdict
                .as_ref()
                .map_or_else(|| "unknown".to_owned(), |v| v.proof.clone()),
            words: verdict.as_ref().map_or_else(String::new, |v| v.sentence()),
            checks: verdict.map(|v| v.details()).unwrap_or_default(),
            flagged: n.flagged,
            related: n.related.map(|r| r.0),
        }
    });
    Ok(Json(Items::all(items.collect())))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(mailboxes, create_mailbox))
        .routes(routes!(read_mailbox, change_mailbox, delete_mailbox))
        .routes(routes!(test_mailbox))
        .routes(routes!(ticket_incoming))
}
