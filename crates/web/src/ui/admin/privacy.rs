//! `/admin/privacy`: the data of people: given out, erased, held, and kept how long.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use desk::Error;
use desk::privacy::retain::{Counts, Retention, Rule};
use switchboard_core::{Actor, PersonId};
use uuid::Uuid;

use crate::ui::account_post::fresh;
use crate::ui::assets::Asset;
use crate::ui::fault::Fault;
use crate::ui::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use crate::ui::posted::Posted;
use crate::ui::privacy::{ArchiveRow, archives, download, id, refused};
use crate::ui::view::{Icon, TimeMark};
use crate::ui::visit::{Visit, encode, sentence};

/// Where it lies.
const HERE: &str = "/admin/privacy";

/// Somebody who was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Their id.
    pub id: String,
    /// Their name.
    pub name: String,
    /// What is known of them, in words.
    pub facts: Vec<(String, String)>,
    /// Why they can not be erased now.
    pub stands_against: Option<String>,
    /// What is under way: its id, in words, and whether it can be taken back.
    pub under_way: Option<(String, String, bool)>,
    /// Archives of their data.
    pub archives: Vec<ArchiveRow>,
}

/// A legal hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldRow {
    /// Its id.
    pub id: String,
    /// On what.
    pub on: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: TimeMark,
}

/// An erasure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasureRow {
    /// When it was asked for.
    pub asked: TimeMark,
    /// Whose wish.
    pub by: String,
    /// How it stands.
    pub state: String,
    /// In how many tickets something was changed.
    pub tickets: i64,
}

/// One line of the rules of retention, as months or nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleRow {
    /// The category's key.
    pub category: String,
    /// The category's name.
    pub name: String,
    /// Mails as they came.
    pub originals: String,
    /// Files.
    pub attachments: String,
    /// Who asked.
    pub requester: String,
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/privacy.html")]
pub struct PrivacyAdminPage {
    /// Around it.
    pub frame: Frame,
    /// The address that was looked for.
    pub who: String,
    /// Who it is.
    pub found: Option<Found>,
    /// Legal holds.
    pub holds: Vec<HoldRow>,
    /// Erasures.
    pub erasures: Vec<ErasureRow>,
    /// The rules of retention.
    pub rules: Vec<RuleRow>,
    /// For how long it is kept who read what.
    pub reads: String,
    /// For how long the detail of deeds is kept.
    pub deeds: String,
    /// What the rules would let go now.
    pub preview: Option<Vec<(String, String)>>,
    /// What was wrong.
    pub errors: Errors,
}

/// `GET /admin/privacy`.
pub async fn show(visit: Visit) -> Response {
    let result = async {
        let actor = visit.admin()?;
        let rules = visit.desk.retention(actor).await?;
        let who = visit.query("who").trim().to_owned();
        page(&visit, actor, &who, &rules, None, Errors::default()).await
    }
    .await;
    visit.close(result).await
}

async fn page(
    visit: &Visit,
    actor: &Actor,
    who: &str,
    rules: &Retention,
    preview: Option<Counts>,
    mut errors: Errors,
) -> Result<Response, Fault> {
    let mut found = None;
    if !who.is_empty() {
        match find(visit, actor, who).await {
            Ok(somebody) => found = Some(somebody),
            Err(Fault::Desk(e @ (Error::Invalid { .. } | Error::NotFound { .. }))) => {
                let problem = match e {
                    Error::Invalid { problem, .. } => problem,
                    other => other.to_string(),
                };
                errors = Errors::one("who", problem);
            }
            Err(other) => return Err(other),
        }
    }
    let months = |m: Option<u32>| m.map(|m| m.to_string()).unwrap_or_default();
    let catalogue = visit.desk.catalogue().await?;
    let names = catalogue
        .categories
        .iter()
        .map(|c| (c.key.clone(), c.name.clone()))
        .chain([("*".to_owned(), "All others".to_owned())]);
    let rows = names
        .map(|(key, name)| {
            let rule = rules.rules.iter().find(|r| r.category == key);
            RuleRow {
                originals: months(rule.and_then(|r| r.originals)),
                attachments: months(rule.and_then(|r| r.attachments)),
                requester: months(rule.and_then(|r| r.requester)),
                category: key,
                name,
            }
        })
        .collect();
    let holds = visit.desk.holds(actor).await?;
    let mut hold_rows = Vec::with_capacity(holds.len());
    for hold in holds {
        let on = match (hold.ticket, hold.person) {
            (Some(number), _) => format!("Ticket {number}"),
            (None, Some(person)) => name_of(visit, person).await?,
            (None, None) => String::new(),
        };
        hold_rows.push(HoldRow {
            id: hold.id.to_string(),
            on,
            reason: hold.reason,
            since: visit.dial.moment(hold.set_at),
        });
    }
    let mut erasures = Vec::new();
    for e in visit.desk.erasures(actor, 25).await? {
        let by = match e.asked_by {
            Some(by) if by == e.person => "their own wish".to_owned(),
            Some(by) => format!("ordered by {}", name_of(visit, by).await?),
            None => "came back with a backup".to_owned(),
        };
        let state = match (e.state.as_str(), e.due_at, e.refusal) {
            ("asked", ..) => "waits for the mailed link".to_owned(),
            ("waiting", Some(due), _) => {
                format!("begins on {}", visit.dial.date_time(due).words)
            }
            ("refused", _, Some(why)) => format!("refused: {why}"),
            ("running", ..) => "under way".to_owned(),
            ("cancelled", ..) => "taken back".to_owned(),
            (other, ..) => other.to_owned(),
        };
        erasures.push(ErasureRow {
            asked: visit.dial.moment(e.asked_at),
            by,
            state,
            tickets: e.tickets,
        });
    }
    visit.page(&PrivacyAdminPage {
        who: who.to_owned(),
        found,
        holds: hold_rows,
        erasures,
        rules: rows,
        reads: months(rules.reads),
        deeds: months(rules.deeds),
        preview: preview.map(count_words),
        errors,
        frame: visit.frame(Room::Staff, Here::Admin).await?,
    })
}

fn count_words(counts: Counts) -> Vec<(String, String)> {
    [
        ("Mails as they came", counts.originals),
        ("Files", counts.attachments),
        ("Tickets that would no longer say who asked", counts.tickets),
        ("Lines about who read what", counts.reads),
        ("Deeds whose detail would go", counts.deeds),
    ]
    .map(|(name, n)| (name.to_owned(), n.to_string()))
    .to_vec()
}

async fn name_of(visit: &Visit, person: PersonId) -> Result<String, Fault> {
    let known = visit
        .desk
        .db()
        .read(move |c| store::person::load(c, person).map_err(Error::from))
        .await?;
    Ok(known.map_or_else(|| "somebody".to_owned(), |p| p.name))
}

async fn find(visit: &Visit, actor: &Actor, who: &str) -> Result<Found, Fault> {
    let prospect = visit.desk.prospect(actor, who).await?;
    let person = prospect.person;
    let mut facts = vec![
        ("Addresses".to_owned(), prospect.addresses.join(", ")),
        (
            "Since".to_owned(),
            visit.dial.date_time(person.created_at).words,
        ),
        ("Tickets".to_owned(), prospect.tickets.to_string()),
        ("Messages written".to_owned(), prospect.entries.to_string()),
    ];
    if !prospect.holds.is_empty() {
        let reasons: Vec<_> = prospect.holds.iter().map(|h| h.reason.clone()).collect();
        facts.push(("Legal hold".to_owned(), reasons.join("; ")));
    }
    let under_way = prospect.under_way.map(|e| {
        let back = matches!(e.state.as_str(), "asked" | "waiting");
        let words = match (e.state.as_str(), e.due_at) {
            ("asked", _) => "They asked for it; the mailed link is not confirmed yet.".to_owned(),
            ("waiting", Some(due)) => {
                format!("It begins on {}.", visit.dial.date_time(due).words)
            }
            _ => "It is under way.".to_owned(),
        };
        (e.id.to_string(), words, back)
    });
    let exports = visit.desk.exports(actor, person.id).await?;
    Ok(Found {
        id: person.id.0.to_string(),
        name: person.name,
        facts,
        stands_against: prospect.stands_against.as_deref().map(sentence),
        under_way,
        archives: archives(visit, exports, "/admin/privacy/exports"),
    })
}

/// `GET /admin/privacy/exports/{id}`.
pub async fn fetch(Path(name): Path<String>, visit: Visit) -> Response {
    let result = async {
        let actor = visit.admin()?;
        Ok(download(visit.desk.export_file(actor, id(&name)?).await?))
    }
    .await;
    visit.close(result).await
}

/// `POST /admin/privacy`: `do` says what.
pub async fn act(posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = deed(&posted).await;
    posted.visit.close(result).await
}

async fn deed(posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = visit.admin()?;
    let desk = &visit.desk;
    let who = posted.text("who");
    let back = match who {
        "" => HERE.to_owned(),
        who => format!("{HERE}?who={}", encode(who)),
    };
    let person = || -> Result<PersonId, Fault> { Ok(PersonId(id(posted.text("person"))?)) };
    let (done, title) = match posted.text("do") {
        "export" => (
            desk.ask_export(actor, person()?).await.map(drop),
            "Their data is being put together",
        ),
        "erase" => (
            desk.order_erasure(
                fresh(visit)?,
                person()?,
                posted.text("reason"),
                posted.text("again"),
            )
            .await
            .map(drop),
            "The erasure has begun",
        ),
        "keep" => {
            let erasure: Uuid = id(posted.text("erasure"))?;
            (desk.cancel_erasure(actor, erasure).await, "Taken back")
        }
        "hold" => (
            desk.set_hold(actor, posted.text("subject"), posted.text("why"))
                .await
                .map(drop),
            "The hold is on",
        ),
        "lift" => (
            desk.lift_hold(actor, id(posted.text("hold"))?).await,
            "The hold is lifted",
        ),
        "preview" | "retain" => return retain(posted, actor).await,
        _ => return Err(Fault::no_page()),
    };
    match done {
        Ok(()) => visit.go(&back, Some(Notice::new(NoticeTone::Ok, title))),
        Err(error) => refused(visit, &back, error),
    }
}

/// Months that were typed; nothing: for ever.
fn months(field: &str, text: &str) -> Result<Option<u32>, Error> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        Error::invalid(
            field,
            format!("{text:?} is not a number of months; leave it empty for ever"),
        )
    })
}

fn typed_rules(posted: &Posted) -> Result<Retention, Error> {
    let mut rules = Vec::new();
    for (category, _) in posted.beginning("rule:") {
        let of = |what: &str| {
            let field = format!("{what}:{category}");
            months("months", posted.text(&field))
        };
        let rule = Rule {
            category: category.to_owned(),
            originals: of("originals")?,
            attachments: of("attachments")?,
            requester: of("requester")?,
        };
        if rule
            .originals
            .or(rule.attachments)
            .or(rule.requester)
            .is_some()
        {
            rules.push(rule);
        }
    }
    Ok(Retention {
        rules,
        reads: months("months", posted.text("reads"))?,
        deeds: months("months", posted.text("deeds"))?,
    })
}

/// Tries the typed rules, or sets them.
async fn retain(posted: &Posted, actor: &Actor) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let rules = match typed_rules(posted) {
        Ok(rules) => rules,
        Err(error) => return refused(visit, HERE, error),
    };
    let tried = visit.desk.preview_retention(actor, rules.clone()).await;
    let counts = match tried {
        Ok(counts) => counts,
        Err(error) => return refused(visit, HERE, error),
    };
    if posted.text("do") == "preview" {
        return page(visit, actor, "", &rules, Some(counts), Errors::default()).await;
    }
    match visit.desk.set_retention(actor, rules).await {
        Ok(()) => {
            let notice = Notice::new(NoticeTone::Ok, "The rules are kept and followed once a day");
            visit.go(HERE, Some(notice))
        }
        Err(error) => refused(visit, HERE, error),
    }
}
