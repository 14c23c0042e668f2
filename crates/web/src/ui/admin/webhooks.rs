//! `/admin/webhooks`: programs elsewhere that are called when something happens to tickets,
//! how each goes, and what it was told.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Error;
use desk::webhook::{Draft, Overview};
use store::webhook::{Delivery, State};
use switchboard_core::Change;
use uuid::Uuid;

use crate::ui::assets::Asset;
use crate::ui::fault::Fault;
use crate::ui::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use crate::ui::posted::Posted;
use crate::ui::time::{Dial, length};
use crate::ui::unit_edit::QUICKER;
use crate::ui::view::{Chip, Choice, Icon, Lamp, TimeMark, Tone};
use crate::ui::visit::{Visit, lines, sentence};

/// Calls that are shown, and those of them that were given up.
const SHOWN: i64 = 50;

/// A webhook in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookRow {
    /// Its page.
    pub href: String,
    /// How people call it.
    pub title: String,
    /// The host that is called.
    pub host: String,
    /// What it hears of, in a few words.
    pub about: String,
    /// How it stands.
    pub lamp: Lamp,
    /// When a call was last taken.
    pub sent: Option<TimeMark>,
    /// Calls that wait, and events that it did not look at yet.
    pub waiting: i64,
    /// For how long the oldest waits; empty: none does.
    pub lag: String,
    /// Calls that were given up.
    pub dead: i64,
    /// What is wrong.
    pub error: Option<String>,
}

impl WebhookRow {
    /// A row as it is shown at the time of the dial.
    pub fn of(one: &Overview, dial: &Dial) -> WebhookRow {
        let w = &one.webhook;
        let lag = one.sums.oldest.map_or(0, |since| dial.now - since);
        WebhookRow {
            href: format!("/admin/webhooks/{}", w.id),
            title: w.title.clone(),
            host: host(&w.url).to_owned(),
            about: about(one),
            lamp: lamp(one),
            sent: w.sent_at.map(|at| dial.ago(at)),
            waiting: one.sums.waiting,
            lag: if lag > 0 { length(lag) } else { String::new() },
            dead: one.sums.dead,
            error: w.why.clone().or_else(|| w.error.clone()),
        }
    }
}

fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}

fn lamp(one: &Overview) -> Lamp {
    let w = &one.webhook;
    let (state, words) = match (w.active, w.failing_since) {
        (false, _) if w.why.is_some() => ("down", "Paused by the desk"),
        (false, _) => ("off", "Paused"),
        (true, Some(_)) => ("down", "Takes nothing"),
        (true, None) if one.sums.dead > 0 => ("degraded", "Gave some up"),
        (true, None) => ("", "In step"),
    };
    Lamp {
        state,
        words: words.to_owned(),
    }
}

fn about(one: &Overview) -> String {
    let wanted = &one.webhook.wanted;
    let kinds = match wanted.kinds.as_slice() {
        [] => "everything".to_owned(),
        [only] => words(only),
        [first, rest @ ..] => format!("{} and {} more", words(first), rest.len()),
    };
    let mut about = vec![kinds];
    let of = [("in ", &one.units), ("of ", &one.services)];
    for (word, names) in of {
        if !names.is_empty() {
            about.push(format!("{word}{}", names.join(", ")));
        }
    }
    if !wanted.filter.is_empty() {
        about.push(wanted.filter.clone());
    }
    about.join("; ")
}

/// `status_set` as people read it.
fn words(kind: &str) -> String {
    kind.replace('_', " ")
}

/// The list.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/webhooks.html")]
pub struct WebhooksPage {
    /// Around it.
    pub frame: Frame,
    /// They.
    pub rows: Vec<WebhookRow>,
}

/// What a webhook's form holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebhookFields {
    /// The version that is shown.
    pub version: String,
    /// How people call it.
    pub title: String,
    /// What is called.
    pub url: String,
    /// What happened; none is chosen: everything.
    pub kinds: Vec<Choice>,
    /// A query.
    pub filter: String,
    /// Units, one a line.
    pub units: String,
    /// Services, one a line.
    pub services: String,
    /// Texts go along.
    pub texts: bool,
    /// With whose eyes it reads, by address.
    pub reader: String,
    /// It is called.
    pub active: bool,
}

impl WebhookFields {
    /// Whether it hears of some events only.
    pub fn picks(&self) -> bool {
        self.kinds.iter().any(|kind| kind.chosen)
    }
}

/// A call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRow {
    /// Its id.
    pub id: String,
    /// The event.
    pub event: i64,
    /// Its ticket.
    pub ticket: i64,
    /// What happened.
    pub kind: String,
    /// How far it came.
    pub chip: Chip,
    /// How often it was tried.
    pub tries: i64,
    /// When it was last tried.
    pub tried: Option<TimeMark>,
    /// Why it was not taken; when it is tried again.
    pub error: String,
}

impl CallRow {
    /// A row as it is shown at the time of the dial.
    pub fn of(d: Delivery, dial: &Dial) -> CallRow {
        let chip = match d.state {
            State::Waiting => Chip::with_icon(Tone::Warn, "clock", "Waits"),
            State::Sent => Chip::with_icon(Tone::Ok, "check", "Taken"),
            State::Dead => Chip::with_icon(Tone::Bad, "warn", "Given up"),
            State::LeftOut => Chip::new(Tone::Plain, "Left out"),
        };
        let mut error = d.error.unwrap_or_default();
        if d.state == State::Waiting && d.tries > 0 {
            error = format!("{error}; tried again: {}", dial.moment_words(d.next_at));
        }
        CallRow {
            id: d.id.to_string(),
            event: d.event,
            ticket: d.ticket.0,
            kind: words(&d.kind),
            chip,
            tries: d.tries,
            tried: d.tried_at.map(|at| dial.ago(at)),
            error,
        }
    }
}

/// One webhook, new or known.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/webhook.html")]
pub struct WebhookPage {
    /// Around it.
    pub frame: Frame,
    /// Its title; empty: a new one.
    pub title: String,
    /// How it stands; `None`: it is not there yet.
    pub lamp: Option<Lamp>,
    /// Where its form goes.
    pub action: String,
    /// What the form holds.
    pub fields: WebhookFields,
    /// Its new secret, this once.
    pub secret: Option<String>,
    /// What a test came to: well or not, and what.
    pub tested: Option<(bool, String)>,
    /// How it goes: term and words.
    pub facts: Vec<(&'static str, String)>,
    /// Every event up to this one was looked at.
    pub place: i64,
    /// Calls that were given up, the newest first.
    pub dead: Vec<CallRow>,
    /// The last calls.
    pub calls: Vec<CallRow>,
    /// What was wrong.
    pub errors: Errors,
}

fn kinds(chosen: &[String]) -> Vec<Choice> {
    Change::KINDS
        .iter()
        .map(|kind| Choice {
            chosen: chosen.iter().any(|k| k == kind),
            ..Choice::new(*kind, words(kind))
        })
        .collect()
}

fn fields_of(one: &Overview) -> WebhookFields {
    let w = &one.webhook;
    WebhookFields {
        version: w.version.to_string(),
        title: w.title.clone(),
        url: w.url.clone(),
        kinds: kinds(&w.wanted.kinds),
        filter: w.wanted.filter.clone(),
        units: one.units.join("\n"),
        services: one.services.join("\n"),
        texts: w.wanted.texts,
        reader: one.reader.1.clone(),
        active: w.active,
    }
}

fn typed(posted: &Posted) -> WebhookFields {
    let text = |name: &str| posted.text(name).to_owned();
    let chosen: Vec<String> = posted.all("kind").map(str::to_owned).collect();
    WebhookFields {
        version: text("version"),
        title: text("title"),
        url: text("url"),
        kinds: kinds(&chosen),
        filter: text("filter"),
        units: posted.body("units"),
        services: posted.body("services"),
        texts: posted.has("texts"),
        reader: text("reader"),
        active: posted.has("active"),
    }
}

fn draft(known: Option<&Overview>, posted: &Posted, fields: &WebhookFields) -> Draft {
    Draft {
        id: known.map(|k| k.webhook.id),
        expected: known.and_then(|_| fields.version.parse().ok()),
        title: fields.title.clone(),
        url: fields.url.clone(),
        kinds: posted.all("kind").map(str::to_owned).collect(),
        filter: fields.filter.clone(),
        units: lines(&fields.units),
        services: lines(&fields.services),
        texts: fields.texts,
        reader: Some(fields.reader.clone()),
        active: fields.active,
    }
}

async fn page(
    visit: &Visit,
    known: Option<&Overview>,
    fields: WebhookFields,
) -> Result<WebhookPage, Fault> {
    let dial = &visit.dial;
    let (mut facts, mut dead, mut calls) = (Vec::new(), Vec::new(), Vec::new());
    if let Some(one) = known {
        let w = &one.webhook;
        let at = |at: i64| dial.date_time(at).words;
        facts.push(("Last taken", w.sent_at.map_or("Nothing yet".to_owned(), at)));
        facts.push(("Waiting calls", one.sums.waiting.to_string()));
        if let Some(since) = one.sums.oldest {
            facts.push(("The oldest since", at(since)));
        }
        facts.push(("Events not looked at", one.behind.to_string()));
        facts.push(("Given up", one.sums.dead.to_string()));
        if let Some(since) = w.failing_since {
            facts.push(("Takes nothing since", at(since)));
        }
        if let Some(error) = &w.error {
            facts.push(("Last failure", error.clone()));
        }
        if let Some(why) = &w.why {
            facts.push(("Paused because", why.clone()));
        }
        if let Some(until) = w.before_until.filter(|until| *until > dial.now) {
            facts.push(("Old secret counts until", at(until)));
        }
        let actor = visit.admin()?;
        for (state, rows) in [(Some(State::Dead), &mut dead), (None, &mut calls)] {
            let found = visit
                .desk
                .webhook_deliveries(actor, w.id, state, None, SHOWN)
                .await?;
            rows.extend(found.items.into_iter().map(|d| CallRow::of(d, dial)));
        }
    }
    Ok(WebhookPage {
        frame: visit.frame(Room::Staff, Here::Admin).await?,
        title: known.map_or_else(String::new, |k| k.webhook.title.clone()),
        lamp: known.map(lamp),
        action: known.map_or_else(
            || "/admin/webhooks".to_owned(),
            |k| format!("/admin/webhooks/{}", k.webhook.id),
        ),
        fields,
        secret: None,
        tested: None,
        facts,
        place: known.map_or(0, |k| k.webhook.place),
        dead,
        calls,
        errors: Errors::default(),
    })
}

async fn find(visit: &Visit, id: &str) -> Result<Overview, Fault> {
    let id = Uuid::try_parse(id).map_err(|_| Fault::no_page())?;
    match visit.desk.webhook(visit.admin()?, id).await {
        Err(Error::NotFound { .. }) => Err(Fault::no_page()),
        other => Ok(other?),
    }
}

/// `GET /admin/webhooks`: the list, or with `new=1` an empty form.
pub async fn list(visit: Visit) -> Response {
    let result = async {
        let actor = visit.admin()?;
        if !visit.query("new").is_empty() {
            let fields = WebhookFields {
                kinds: kinds(&[]),
                active: true,
                ..WebhookFields::default()
            };
            let page = page(&visit, None, fields).await?;
            return visit.page(&page);
        }
        let all = visit.desk.webhooks(actor).await?;
        visit.page(&WebhooksPage {
            frame: visit.frame(Room::Staff, Here::Admin).await?,
            rows: all
                .iter()
                .map(|one| WebhookRow::of(one, &visit.dial))
                .collect(),
        })
    }
    .await;
    visit.close(result).await
}

/// `GET /admin/webhooks/{webhook}`.
pub async fn show(Path(id): Path<String>, visit: Visit) -> Response {
    let result = async {
        let known = find(&visit, &id).await?;
        let page = page(&visit, Some(&known), fields_of(&known)).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

/// `POST /admin/webhooks`: a new one.
pub async fn create(posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = async {
        posted.visit.admin()?;
        save(&posted, None).await
    }
    .await;
    posted.visit.close(result).await
}

async fn save(posted: &Posted, known: Option<&Overview>) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let mut fields = typed(posted);
    let draft = draft(known, posted, &fields);
    let errors = match visit.desk.save_webhook(visit.admin()?, draft).await {
        Ok((made, Some(secret))) => {
            // Not by way of another page: it is shown this once.
            let mut page = page(visit, Some(&made), fields_of(&made)).await?;
            page.secret = Some(secret);
            return visit.page(&page);
        }
        Ok((saved, None)) => {
            let title = format!("{} is saved", saved.webhook.title);
            let to = format!("/admin/webhooks/{}", saved.webhook.id);
            return visit.go(&to, Some(Notice::new(NoticeTone::Ok, title)));
        }
        Err(Error::Invalid { field, problem }) => {
            let field = match field.as_str() {
                "kinds" => "kind",
                other => other,
            };
            Errors::one(field, sentence(&problem))
        }
        Err(Error::Stale { current }) => {
            fields.version = current.to_string();
            Errors::one("title", QUICKER)
        }
        Err(Error::Conflict(why)) => Errors::one("title", sentence(&why)),
        Err(other) => return Err(other.into()),
    };
    let mut page = page(visit, known, fields).await?;
    page.errors = errors;
    visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// `POST /admin/webhooks/{webhook}`: `do` is `save`, `test`, `secret`, `replay`, `retry` or
/// `delete`.
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
    let (actor, id) = (visit.admin()?, known.webhook.id);
    let here = format!("/admin/webhooks/{id}");
    let good = |title: &str| Some(Notice::new(NoticeTone::Ok, title));
    match posted.text("do") {
        "save" => save(posted, Some(&known)).await,
        "test" => {
            let tried = visit.desk.test_webhook(actor, id).await?;
            let known = visit.desk.webhook(actor, id).await?;
            let mut page = page(visit, Some(&known), fields_of(&known)).await?;
            page.tested = Some(match tried.error {
                Some(error) => (false, sentence(&error)),
                None => (true, format!("It took the test after {} ms.", tried.took)),
            });
            visit.page(&page)
        }
        "secret" => {
            let (secret, _) = visit.desk.rotate_webhook(actor, id).await?;
            let known = visit.desk.webhook(actor, id).await?;
            let mut page = page(visit, Some(&known), fields_of(&known)).await?;
            page.secret = Some(secret);
            visit.page(&page)
        }
        "replay" => {
            let after = posted.text("after").trim().parse();
            let problem = match after {
                Ok(after) => match visit.desk.replay_webhook(actor, id, after).await {
                    Ok(()) => return visit.go(&here, good("It is told again")),
                    Err(Error::Invalid { problem, .. }) => problem,
                    Err(other) => return Err(other.into()),
                },
                Err(_) => "takes the number of an event".to_owned(),
            };
            let mut page = page(visit, Some(&known), fields_of(&known)).await?;
            page.errors = Errors::one("after", sentence(&problem));
            visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        "retry" => {
            let call = Uuid::try_parse(posted.text("call")).map_err(|_| Fault::no_page())?;
            let notice = match visit.desk.retry_webhook(actor, id, call).await {
                Ok(()) => good("It is tried again now"),
                Err(Error::NotFound { .. }) => Some(Notice::new(
                    NoticeTone::Info,
                    "Somebody has looked after that already",
                )),
                Err(other) => return Err(other.into()),
            };
            visit.go(&here, notice)
        }
        "delete" => {
            visit.desk.delete_webhook(actor, id).await?;
            let title = format!("{} is gone", known.webhook.title);
            visit.go("/admin/webhooks", good(&title))
        }
        _ => Err(Fault::no_page()),
    }
}
