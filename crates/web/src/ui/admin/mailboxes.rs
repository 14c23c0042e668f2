//! `/admin/mailboxes`: where mail comes in, and how it goes.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Error;
use desk::mailbox::{Draft, Overview};
use store::mailbox::{MailboxDoc, Way};
use uuid::Uuid;

use crate::ui::assets::Asset;
use crate::ui::fault::Fault;
use crate::ui::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use crate::ui::posted::Posted;
use crate::ui::unit_edit::QUICKER;
use crate::ui::view::{Chip, Choice, Icon, Tone};
use crate::ui::visit::{Visit, sentence};

/// A mailbox in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxRow {
    /// Its page.
    pub href: String,
    /// What people write to.
    pub address: String,
    /// How mail comes: "IMAP, imap.example.org".
    pub way: String,
    /// Where its tickets begin.
    pub leads: String,
    /// When a mail last came.
    pub last: String,
    /// How it goes.
    pub chip: Chip,
    /// What is wrong.
    pub error: Option<String>,
}

/// The list.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/mailboxes.html")]
pub struct MailboxesPage {
    /// Around it.
    pub frame: Frame,
    /// They.
    pub rows: Vec<MailboxRow>,
}

/// What a mailbox's form holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MailboxFields {
    /// The version that is shown.
    pub version: String,
    /// What people write to.
    pub address: String,
    /// The server.
    pub host: String,
    /// Its port.
    pub port: String,
    /// How the connection is protected.
    pub security: Vec<Choice>,
    /// Without TLS to another machine.
    pub allow_plain: bool,
    /// Authority in PEM.
    pub authority: String,
    /// The name to sign in with.
    pub user: String,
    /// How to sign in.
    pub auth: Vec<Choice>,
    /// XOAUTH2: where tokens come from.
    pub token_url: String,
    /// XOAUTH2: client id.
    pub client_id: String,
    /// XOAUTH2: scope.
    pub scope: String,
    /// A variable with the secret.
    pub secret_env: String,
    /// A variable with the refresh token.
    pub refresh_env: String,
    /// The folder that is read.
    pub folder: String,
    /// Where mails are moved.
    pub done_folder: String,
    /// Old mails too.
    pub take_old: bool,
    /// The units to choose from.
    pub units: Vec<Choice>,
    /// The services to choose from.
    pub services: Vec<Choice>,
    /// The portals to choose from.
    pub portals: Vec<Choice>,
    /// Mail is taken.
    pub active: bool,
}

/// One mailbox, new or known.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/mailbox.html")]
pub struct MailboxPage {
    /// Around it.
    pub frame: Frame,
    /// Its address; empty: a new one.
    pub title: String,
    /// It is read by IMAP.
    pub imap: bool,
    /// Where its form goes.
    pub action: String,
    /// What the form holds.
    pub fields: MailboxFields,
    /// A secret is stored.
    pub has_secret: bool,
    /// How it goes: term and words.
    pub facts: Vec<(&'static str, String)>,
    /// What testing it found: well or not, and what.
    pub findings: Vec<(bool, String)>,
    /// What was wrong.
    pub errors: Errors,
}

const SECURITIES: [(&str, &str); 3] = [
    ("tls", "TLS (usual)"),
    ("starttls", "STARTTLS"),
    ("none", "None"),
];
const AUTHS: [(&str, &str); 2] = [("password", "Password"), ("xoauth2", "Token (XOAUTH2)")];

fn chip(one: &Overview) -> Chip {
    let state = one.state.as_ref();
    let wrong = state.is_some_and(|s| s.error.is_some());
    let connected = state.is_some_and(|s| s.connected_at.is_some());
    match (one.mailbox.active, one.mailbox.way) {
        (false, _) => Chip::new(Tone::Plain, "Off"),
        (true, Way::Local) => Chip::new(Tone::Ok, "Open"),
        (true, Way::Imap) if wrong => Chip::with_icon(Tone::Bad, "warn", "Not connected"),
        (true, Way::Imap) if connected => Chip::with_icon(Tone::Ok, "check", "Connected"),
        (true, Way::Imap) => Chip::new(Tone::Warn, "Not yet connected"),
    }
}

fn leads(one: &Overview) -> String {
    let by = |name: &str| format!("Portal {name}");
    match (&one.unit, &one.service, &one.portal) {
        (Some(unit), _, None) => unit.clone(),
        (Some(unit), _, Some(portal)) => format!("{unit}, {}", by(&portal.name)),
        (None, Some(service), None) => format!("Service {service}"),
        (None, Some(service), Some(portal)) => format!("Service {service}, {}", by(&portal.name)),
        (None, None, Some(portal)) => by(&portal.name),
        (None, None, None) => "First level".to_owned(),
    }
}

async fn list_page(visit: &Visit) -> Result<Response, Fault> {
    let all = visit.desk.mailboxes(visit.admin()?).await?;
    let rows = all
        .into_iter()
        .map(|one| MailboxRow {
            href: format!("/admin/mailboxes/{}", one.mailbox.id),
            way: match one.mailbox.way {
                Way::Imap => format!("IMAP, {}", one.mailbox.doc.host),
                Way::Local => "Handed over (LMTP)".to_owned(),
            },
            leads: leads(&one),
            last: one.state.as_ref().and_then(|s| s.mail_at).map_or_else(
                || "None yet".to_owned(),
                |at| visit.dial.date_time(at).words,
            ),
            chip: chip(&one),
            error: one.state.as_ref().and_then(|s| s.error.clone()),
            address: one.mailbox.address,
        })
        .collect();
    visit.page(&MailboxesPage {
        frame: visit.frame(Room::Staff, Here::Admin).await?,
        rows,
    })
}

/// `GET /admin/mailboxes`: the list, or with `new=imap` or `new=local` an empty
/// form.
pub async fn list(visit: Visit) -> Response {
    let result = async {
        visit.admin()?;
        match visit.query("new") {
            "" => list_page(&visit).await,
            kind => {
                let imap = kind != "local";
                let fields = fresh(&visit).await?;
                let page = page(&visit, None, imap, fields).await?;
                visit.page(&page)
            }
        }
    }
    .await;
    visit.close(result).await
}

/// Units, services and portals to choose from, with these chosen.
async fn choices(
    visit: &Visit,
    unit: &str,
    service: &str,
    portal: &str,
) -> Result<[Vec<Choice>; 3], Fault> {
    let catalogue = visit.desk.catalogue().await?;
    let mut portals = vec![(String::new(), "None".to_owned())];
    portals.extend(catalogue.portals.iter().map(|p| {
        let closed = if p.active { "" } else { " (closed)" };
        (p.key.clone(), format!("{}{closed}", p.name))
    }));
    let mut units = vec![(String::new(), "First level".to_owned())];
    units.extend(
        catalogue
            .units
            .iter()
            .filter(|u| u.active && !u.first_level)
            .map(|u| (u.name.clone(), u.name.clone())),
    );
    let mut services = vec![(String::new(), "None".to_owned())];
    services.extend(
        catalogue
            .services
            .iter()
            .filter(|s| s.active)
            .map(|s| (s.name.clone(), s.name.clone())),
    );
    let list = |of: &[(String, String)], chosen: &str| {
        Choice::list(of.iter().map(|(a, b)| (a.as_str(), b.as_str())), chosen)
    };
    Ok([
        list(&units, unit),
        list(&services, service),
        list(&portals, portal),
    ])
}

async fn fresh(visit: &Visit) -> Result<MailboxFields, Fault> {
    let [units, services, portals] = choices(visit, "", "", "").await?;
    Ok(MailboxFields {
        security: Choice::list(SECURITIES, "tls"),
        auth: Choice::list(AUTHS, "password"),
        folder: "INBOX".to_owned(),
        units,
        services,
        portals,
        active: true,
        ..MailboxFields::default()
    })
}

async fn fields_of(visit: &Visit, one: &Overview) -> Result<MailboxFields, Fault> {
    let doc = &one.mailbox.doc;
    let [units, services, portals] = choices(
        visit,
        one.unit.as_deref().unwrap_or_default(),
        one.service.as_deref().unwrap_or_default(),
        one.portal.as_ref().map_or("", |p| p.key.as_str()),
    )
    .await?;
    Ok(MailboxFields {
        version: one.mailbox.version.to_string(),
        address: one.mailbox.address.clone(),
        host: doc.host.clone(),
        port: doc.port.to_string(),
        security: Choice::list(SECURITIES, &doc.security),
        allow_plain: doc.allow_plain,
        authority: doc.authority.clone(),
        user: doc.user.clone(),
        auth: Choice::list(AUTHS, &doc.auth),
        token_url: doc.token_url.clone(),
        client_id: doc.client_id.clone(),
        scope: doc.scope.clone(),
        secret_env: doc.secret_env.clone(),
        refresh_env: doc.refresh_env.clone(),
        folder: doc.folder.clone(),
        done_folder: doc.done_folder.clone(),
        take_old: doc.take_old,
        units,
        services,
        portals,
        active: one.mailbox.active,
    })
}

async fn typed(posted: &Posted) -> Result<MailboxFields, Fault> {
    let text = |name: &str| posted.text(name).to_owned();
    let [units, services, portals] = choices(
        &posted.visit,
        posted.text("unit"),
        posted.text("service"),
        posted.text("portal"),
    )
    .await?;
    Ok(MailboxFields {
        version: text("version"),
        address: text("address"),
        host: text("host"),
        port: text("port"),
        security: Choice::list(SECURITIES, posted.text("security")),
        allow_plain: posted.has("allow_plain"),
        authority: posted.body("authority"),
        user: text("user"),
        auth: Choice::list(AUTHS, posted.text("auth")),
        token_url: text("token_url"),
        client_id: text("client_id"),
        scope: text("scope"),
        secret_env: text("secret_env"),
        refresh_env: text("refresh_env"),
        folder: text("folder"),
        done_folder: text("done_folder"),
        take_old: posted.has("take_old"),
        units,
        services,
        portals,
        active: posted.has("active"),
    })
}

fn draft(
    known: Option<&Overview>,
    imap: bool,
    posted: &Posted,
    fields: &MailboxFields,
) -> Result<Draft, Error> {
    let port = match fields.port.trim() {
        "" => 0,
        text => text
            .parse()
            .map_err(|_| Error::invalid("port", "has to be a number from 1 to 65535"))?,
    };
    let doc = MailboxDoc {
        host: fields.host.clone(),
        port,
        security: posted.text("security").to_owned(),
        allow_plain: fields.allow_plain,
        authority: fields.authority.clone(),
        user: fields.user.clone(),
        auth: posted.text("auth").to_owned(),
        token_url: fields.token_url.clone(),
        client_id: fields.client_id.clone(),
        scope: fields.scope.clone(),
        secret_env: fields.secret_env.clone(),
        refresh_env: fields.refresh_env.clone(),
        folder: fields.folder.clone(),
        done_folder: fields.done_folder.clone(),
        take_old: fields.take_old,
    };
    Ok(Draft {
        id: known.map(|k| k.mailbox.id),
        expected: known.and_then(|_| fields.version.parse().ok()),
        address: fields.address.clone(),
        way: if imap { Way::Imap } else { Way::Local },
        doc,
        secret: Some(posted.raw("secret").to_owned()).filter(|s| !s.is_empty()),
        unit: Some(posted.text("unit").to_owned()),
        service: Some(posted.text("service").to_owned()),
        portal: Some(posted.text("portal").to_owned()),
        active: fields.active,
    })
}

async fn page(
    visit: &Visit,
    known: Option<&Overview>,
    imap: bool,
    fields: MailboxFields,
) -> Result<MailboxPage, Fault> {
    let mut facts = Vec::new();
    if let Some(state) = known.and_then(|k| k.state.as_ref()) {
        let at = |time: Option<i64>| {
            time.map_or_else(|| "Never".to_owned(), |at| visit.dial.date_time(at).words)
        };
        if imap {
            facts.push(("Connected since", at(state.connected_at)));
            facts.push(("Server last answered", at(state.seen_at)));
        }
        facts.push(("Last mail", at(state.mail_at)));
        facts.push(("Mails so far", state.taken.to_string()));
        if let Some(error) = &state.error {
            facts.push(("Wrong now", error.clone()));
            facts.push(("Wrong since", at(state.error_at)));
        }
    }
    Ok(MailboxPage {
        frame: visit.frame(Room::Staff, Here::Admin).await?,
        title: known.map_or_else(String::new, |k| k.mailbox.address.clone()),
        imap,
        action: known.map_or_else(
            || "/admin/mailboxes".to_owned(),
            |k| format!("/admin/mailboxes/{}", k.mailbox.id),
        ),
        fields,
        has_secret: known.is_some_and(|k| k.mailbox.has_secret),
        facts,
        findings: Vec::new(),
        errors: Errors::default(),
    })
}

async fn find(visit: &Visit, id: &str) -> Result<Overview, Fault> {
    let id = Uuid::try_parse(id).map_err(|_| Fault::no_page())?;
    let all = visit.desk.mailboxes(visit.admin()?).await?;
    all.into_iter()
        .find(|one| one.mailbox.id == id)
        .ok_or_else(Fault::no_page)
}

/// `GET /admin/mailboxes/{mailbox}`.
pub async fn show(Path(id): Path<String>, visit: Visit) -> Response {
    let result = async {
        let known = find(&visit, &id).await?;
        let fields = fields_of(&visit, &known).await?;
        let imap = known.mailbox.way == Way::Imap;
        let page = page(&visit, Some(&known), imap, fields).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

/// `POST /admin/mailboxes`: a new one.
pub async fn create(posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = async {
        posted.visit.admin()?;
        save(&posted, None, posted.text("way") != "local").await
    }
    .await;
    posted.visit.close(result).await
}

async fn save(posted: &Posted, known: Option<&Overview>, imap: bool) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let mut fields = typed(posted).await?;
    let saved = match draft(known, imap, posted, &fields) {
        Ok(draft) => visit.desk.save_mailbox(visit.admin()?, draft).await,
        Err(error) => Err(error),
    };
    let errors = match saved {
        Ok(one) => {
            let notice = Notice {
                tone: NoticeTone::Ok,
                title: format!("{} is saved", one.mailbox.address),
                text: if imap {
                    "Test the connection: it says what is wrong, if anything is.".to_owned()
                } else {
                    "Let the mail server hand mail for it to the desk.".to_owned()
                },
            };
            return visit.go(
                &format!("/admin/mailboxes/{}", one.mailbox.id),
                Some(notice),
            );
        }
        Err(Error::Invalid { field, problem }) => Errors::one(field, sentence(&problem)),
        Err(Error::Stale { current }) => {
            fields.version = current.to_string();
            Errors::one("address", QUICKER)
        }
        Err(other) => return Err(other.into()),
    };
    let mut page = page(visit, known, imap, fields).await?;
    page.errors = errors;
    visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// `POST /admin/mailboxes/{mailbox}`: `do` is `save`, `test` or `delete`.
pub async fn act(Path(id): Path<String>, posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = done(&id, &posted).await;
    posted.visit.close(result).await
}

async fn done(id: &str, posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let known = find(visit, id).await?;
    let imap = known.mailbox.way == Way::Imap;
    match posted.text("do") {
        "save" => save(posted, Some(&known), imap).await,
        "test" => {
            let found = visit
                .desk
                .test_mailbox(visit.admin()?, known.mailbox.id)
                .await?;
            let fields = fields_of(visit, &known).await?;
            let mut page = page(visit, Some(&known), imap, fields).await?;
            page.findings = found.into_iter().map(|f| (f.well, f.text)).collect();
            visit.page(&page)
        }
        "delete" => {
            visit
                .desk
                .delete_mailbox(visit.admin()?, known.mailbox.id)
                .await?;
            let title = format!("{} is gone; what came by it stays", known.mailbox.address);
            visit.go("/admin/mailboxes", Some(Notice::new(NoticeTone::Ok, title)))
        }
        _ => Err(Fault::no_page()),
    }
}
