//! `/campaigns`: requests to many sites, the form for one, and the board that says how its
//! sites stand.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use desk::campaign::{Board, CampaignEdit, CampaignRequest, SiteRow};
use desk::{Catalogue, EntryDraft, Error, Step};
use jiff::tz::TimeZone;
use switchboard_core::campaign::{Standing, VARIABLES, may_ask};
use switchboard_core::{Actor, Millis, SolutionKind, TicketNumber};

use super::assets::Asset;
use super::fault::Fault;
use super::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use super::posted::Posted;
use super::time::{iso, local_value, parse_local};
use super::view::{Chip, Choice, Icon, StatusMark, TimeMark, Tone};
use super::visit::{Visit, number, sentence};
use crate::sheet::file;
use desk::report::row::push_row;

/// A request in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignRow {
    /// Its parent's number.
    pub number: i64,
    /// Its parent's subject.
    pub subject: String,
    /// The parent's status.
    pub status: StatusMark,
    /// The unit that asks.
    pub unit: String,
    /// How many stand how.
    pub counts: Vec<(String, usize)>,
    /// When answers are wanted.
    pub due: Option<TimeMark>,
    /// That is over, and somebody is silent.
    pub late: bool,
}

/// A site that can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteChoice {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Who gets it: the unit, or the contact.
    pub to: String,
    /// It is ticked.
    pub chosen: bool,
}

/// What was typed into the form of a new request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AskForm {
    /// The ticket that becomes the parent; empty: one is opened.
    pub ticket: String,
    /// The parent's subject.
    pub title: String,
    /// The units in whose name they may ask.
    pub units: Vec<Choice>,
    /// The subject of each site's ticket.
    pub subject: String,
    /// Its text.
    pub body: String,
    /// Days of reminders.
    pub remind: String,
    /// When answers are wanted.
    pub due: String,
    /// The sites.
    pub sites: Vec<SiteChoice>,
}

/// The list, with the form.
#[derive(Debug, Clone, Template)]
#[template(path = "campaigns.html")]
pub struct CampaignsPage {
    /// Around it.
    pub frame: Frame,
    /// The requests.
    pub rows: Vec<CampaignRow>,
    /// The form; `None`: they may ask in no unit's name.
    pub form: Option<AskForm>,
    /// What may stand in its texts.
    pub variables: Vec<String>,
    /// What was wrong.
    pub errors: Errors,
}

/// A site on the board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardRow {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its ticket.
    pub number: i64,
    /// Where the ticket is; `None`: not for their eyes.
    pub href: Option<String>,
    /// Where it stands.
    pub standing: Chip,
    /// The ticket's status.
    pub status: Option<StatusMark>,
    /// Which unit has it.
    pub unit: String,
    /// Since when it stands so.
    pub since: Option<TimeMark>,
    /// "reminded twice".
    pub reminded: String,
    /// It is asked no longer.
    pub left: bool,
}

/// The board of one request.
#[derive(Debug, Clone, Template)]
#[template(path = "campaign.html")]
pub struct CampaignPage {
    /// Around it.
    pub frame: Frame,
    /// The parent.
    pub number: i64,
    /// Its subject.
    pub subject: String,
    /// Its status.
    pub status: StatusMark,
    /// The unit that asks.
    pub unit: String,
    /// When.
    pub made: TimeMark,
    /// When answers are wanted.
    pub due: Option<TimeMark>,
    /// That is over, and somebody is silent.
    pub late: bool,
    /// How many stand how.
    pub counts: Vec<(String, usize)>,
    /// Its sites.
    pub rows: Vec<BoardRow>,
    /// What they are asked.
    pub site_subject: String,
    /// The same.
    pub body: String,
    /// Its version.
    pub version: i64,
    /// The reader may change it.
    pub may_change: bool,
    /// All are done and the parent is open: it can be ended.
    pub may_end: bool,
    /// What can be proposed as its end.
    pub end: String,
    /// Days of reminders.
    pub remind: String,
    /// The date, for its field.
    pub due_value: String,
    /// Sites that are not asked.
    pub more: Vec<SiteChoice>,
    /// What was wrong.
    pub errors: Errors,
}

/// Reads "5, 10".
fn days(text: &str) -> Result<Vec<u32>, Error> {
    text.split([',', ' '])
        .filter(|word| !word.is_empty())
        .map(|word| word.parse().ok())
        .collect::<Option<Vec<u32>>>()
        .ok_or_else(|| Error::invalid("remind", "takes numbers of working days, as 5, 10"))
}

/// Reads the field of a date: the end of that day.
fn due(text: &str) -> Result<Option<Millis>, Error> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let end = format!("{text}T23:59");
    parse_local(&end, &TimeZone::UTC)
        .map(Some)
        .ok_or_else(|| Error::invalid("due", "takes a date, as 2026-12-24"))
}

fn date(at: Option<Millis>) -> String {
    let text = at.map(|at| local_value(at, &TimeZone::UTC));
    text.map_or_else(String::new, |text| text.chars().take(10).collect())
}

fn words(days: &[u32]) -> String {
    let words: Vec<String> = days.iter().map(u32::to_string).collect();
    words.join(", ")
}

fn label(standing: Standing) -> &'static str {
    match standing {
        Standing::Silent => "Silent",
        Standing::Answered => "Answered",
        Standing::Solved => "Solved",
        Standing::Unsolved => "Unsolved",
    }
}

fn counts(board: &Board) -> Vec<(String, usize)> {
    Standing::ALL
        .into_iter()
        .map(|standing| (label(standing).to_owned(), board.count(standing)))
        .filter(|(_, n)| *n > 0)
        .collect()
}

fn is_late(board: &Board, now: Millis) -> bool {
    board.campaign.due_at.is_some_and(|due| due < now) && !board.all_done()
}

fn site_choices(
    catalogue: &Catalogue,
    chosen: &BTreeSet<&str>,
    without: &BTreeSet<&str>,
) -> Vec<SiteChoice> {
    let able = catalogue.sites.iter().filter(|site| {
        site.active
            && (site.unit.is_some() || site.contact.is_some())
            && !without.contains(site.key.as_str())
    });
    able.map(|site| SiteChoice {
        key: site.key.clone(),
        name: site.name.clone(),
        to: site
            .unit
            .and_then(|unit| catalogue.heir(unit))
            .map(|unit| unit.name.clone())
            .or_else(|| site.contact.clone())
            .unwrap_or_default(),
        chosen: chosen.contains(site.key.as_str()),
    })
    .collect()
}

/// `GET /campaigns`.
pub async fn show(visit: Visit) -> Response {
    let result = async {
        let page = list(&visit, None, Errors::default()).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

fn own_units(actor: &Actor, catalogue: &Catalogue, chosen: &str) -> Vec<Choice> {
    let own: Vec<(&str, &str)> = catalogue
        .units
        .iter()
        .filter(|unit| unit.active && may_ask(actor, unit.id).is_ok())
        .map(|unit| (unit.key.as_str(), unit.name.as_str()))
        .collect();
    Choice::list(own, chosen)
}

async fn list(
    visit: &Visit,
    typed: Option<AskForm>,
    errors: Errors,
) -> Result<CampaignsPage, Fault> {
    let actor = visit.staff()?;
    let catalogue = visit.desk.catalogue().await?;
    let now = visit.desk.now();
    let boards = visit.desk.boards(actor).await?;
    let own = own_units(actor, &catalogue, "");
    let form = (!own.is_empty()).then(|| {
        typed.unwrap_or_else(|| AskForm {
            ticket: visit
                .query("ticket")
                .chars()
                .filter(char::is_ascii_digit)
                .collect(),
            units: own,
            remind: "5, 10".into(),
            sites: site_choices(&catalogue, &BTreeSet::new(), &BTreeSet::new()),
            ..AskForm::default()
        })
    });
    Ok(CampaignsPage {
        frame: visit.frame(Room::Staff, Here::Workspace).await?,
        rows: boards
            .iter()
            .map(|board| CampaignRow {
                number: board.campaign.ticket.0,
                subject: board.subject.clone(),
                status: StatusMark::of(board.status),
                unit: catalogue.unit_name(board.unit).to_owned(),
                counts: counts(board),
                due: board.campaign.due_at.map(|at| visit.dial.date_time(at)),
                late: is_late(board, now),
            })
            .collect(),
        form,
        variables: VARIABLES.iter().map(|v| format!("{{{{ {v} }}}}")).collect(),
        errors,
    })
}

/// `POST /campaigns`.
pub async fn ask(posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = make(&posted).await;
    posted.visit.close(result).await
}

async fn make(posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = visit.staff()?;
    let text = |name: &str| posted.text(name).to_owned();
    let sites: Vec<String> = posted.all("site").map(str::to_owned).collect();
    let ticket = match posted.text("ticket").trim() {
        "" => None,
        text => Some(number(text)?),
    };
    let request = async || {
        let request = CampaignRequest {
            ticket,
            title: text("title"),
            subject: text("subject"),
            body: text("text"),
            unit: Some(text("unit")).filter(|u| !u.is_empty()),
            category: None,
            sites: sites.clone(),
            remind: days(posted.text("remind"))?,
            due: due(posted.text("due"))?,
            idempotency: None,
        };
        visit.desk.ask_sites(actor, request).await
    };
    let errors = match request().await {
        Ok(asked) => {
            let n = asked.opened.len();
            let said = format!("{n} {} asked", if n == 1 { "site is" } else { "sites are" });
            let notice = Notice::new(NoticeTone::Ok, said);
            return visit.go(&format!("/campaigns/{}", asked.number), Some(notice));
        }
        Err(Error::Invalid { field, problem }) => Errors::one(field, sentence(&problem)),
        Err(Error::Conflict(problem)) => Errors::one("sites", sentence(&problem)),
        Err(other) => return Err(other.into()),
    };
    let catalogue = visit.desk.catalogue().await?;
    let chosen: BTreeSet<&str> = sites.iter().map(String::as_str).collect();
    let form = AskForm {
        ticket: text("ticket"),
        title: text("title"),
        units: own_units(actor, &catalogue, posted.text("unit")),
        subject: text("subject"),
        body: text("text"),
        remind: text("remind"),
        due: text("due"),
        sites: site_choices(&catalogue, &chosen, &BTreeSet::new()),
    };
    let page = list(visit, Some(form), errors).await?;
    visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// `GET /campaigns/{campaign}`.
pub async fn board(Path(text): Path<String>, visit: Visit) -> Response {
    let result = async {
        let page = one(&visit, number(&text)?, None, Errors::default()).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

fn board_row(visit: &Visit, catalogue: &Catalogue, row: &SiteRow) -> BoardRow {
    let standing = match (row.left_at, row.standing) {
        (Some(_), _) => Chip::new(Tone::Plain, "Asked no longer"),
        (None, None) => Chip::with_icon(Tone::Plain, "lock", "Restricted"),
        (None, Some(standing)) => {
            let tone = match standing {
                Standing::Silent => Tone::Warn,
                Standing::Answered => Tone::Info,
                Standing::Solved => Tone::Ok,
                Standing::Unsolved => Tone::Bad,
            };
            Chip::new(tone, label(standing))
        }
    };
    BoardRow {
        key: row.site.clone(),
        name: row.name.clone(),
        number: row.number.0,
        href: row.seen.then(|| format!("/work/{}", row.number)),
        standing,
        status: row.status.map(StatusMark::of),
        unit: row
            .unit
            .and_then(|unit| catalogue.unit(unit))
            .map_or_else(String::new, |unit| unit.name.clone()),
        since: row.since.map(|at| visit.dial.ago(at)),
        reminded: match row.reminded {
            0 => String::new(),
            1 => "reminded once".into(),
            n => format!("reminded {n} times"),
        },
        left: row.left_at.is_some(),
    }
}

/// What can be proposed as the end of the parent.
fn end_words(board: &Board) -> String {
    let of = |standing| {
        let names: Vec<&str> = board
            .asked()
            .filter(|row| row.standing == Some(standing))
            .map(|row| row.name.as_str())
            .collect();
        names.join(", ")
    };
    let mut said = format!("All {} sites have been heard.", board.asked().count());
    for (words, names) in [
        ("Done at", of(Standing::Solved)),
        ("Not done at", of(Standing::Unsolved)),
    ] {
        if !names.is_empty() {
            said.push_str(&format!("\n{words}: {names}."));
        }
    }
    said
}

async fn one(
    visit: &Visit,
    number: TicketNumber,
    typed: Option<&Posted>,
    errors: Errors,
) -> Result<CampaignPage, Fault> {
    let actor = visit.actor()?;
    let board = visit.desk.board(actor, number).await?;
    let catalogue = visit.desk.catalogue().await?;
    let asked: BTreeSet<&str> = board.asked().map(|row| row.site.as_str()).collect();
    let chosen: BTreeSet<&str> = typed.map_or_else(BTreeSet::new, |p| p.all("site").collect());
    let kept = |name: &str, stored: String| {
        typed
            .filter(|posted| posted.text("do") == "save")
            .map_or(stored, |posted| posted.text(name).to_owned())
    };
    Ok(CampaignPage {
        frame: visit.frame(Room::Staff, Here::Workspace).await?,
        number: number.0,
        subject: board.subject.clone(),
        status: StatusMark::of(board.status),
        unit: catalogue.unit_name(board.unit).to_owned(),
        made: visit.dial.date_time(board.campaign.made_at),
        due: board.campaign.due_at.map(|at| visit.dial.date_time(at)),
        late: is_late(&board, visit.desk.now()),
        counts: counts(&board),
        rows: board
            .sites
            .iter()
            .map(|row| board_row(visit, &catalogue, row))
            .collect(),
        site_subject: board.campaign.subject.clone(),
        body: board.campaign.body.clone(),
        version: board.campaign.version,
        may_change: board.may_change && board.status.is_open(),
        may_end: board.may_change && board.status.is_open() && board.all_done(),
        end: end_words(&board),
        remind: kept("remind", words(&board.campaign.remind)),
        due_value: kept("due", date(board.campaign.due_at)),
        more: site_choices(&catalogue, &chosen, &asked),
        errors,
    })
}

/// `POST /campaigns/{campaign}`.
pub async fn act(Path(text): Path<String>, posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = change(&posted, &text).await;
    posted.visit.close(result).await
}

async fn change(posted: &Posted, text: &str) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = visit.actor()?;
    let number = number(text)?;
    let deed = posted.text("do");
    let done = async || {
        Ok::<_, Error>(match deed {
            "add" => {
                let sites = posted.all("site").map(str::to_owned).collect();
                let asked = visit.desk.add_sites(actor, number, sites).await?;
                match asked.opened.len() {
                    0 => "They were asked already".to_owned(),
                    1 => "One more site is asked".to_owned(),
                    n => format!("{n} more sites are asked"),
                }
            }
            "leave" => {
                let (site, why) = (posted.text("left"), posted.text("reason"));
                visit.desk.leave_site(actor, number, site, why).await?;
                format!("{site} is asked no longer")
            }
            "save" => {
                let edit = CampaignEdit {
                    due: Some(due(posted.text("due"))?),
                    remind: Some(days(posted.text("remind"))?),
                };
                let expected = posted.text("version").parse().ok();
                visit
                    .desk
                    .change_campaign(actor, number, expected, edit)
                    .await?;
                "Saved".to_owned()
            }
            "end" => {
                let draft = EntryDraft {
                    body: posted.text("solution").to_owned(),
                    ..EntryDraft::default()
                };
                let step = Step::Solve(SolutionKind::Fixed, draft);
                visit.desk.act(actor, number, None, vec![step]).await?;
                "The request is solved".to_owned()
            }
            _ => return Err(Error::invalid("do", "takes add, leave, save or end")),
        })
    };
    let fallback = match deed {
        "add" => "sites",
        "leave" => "reason",
        "end" => "solution",
        _ => "remind",
    };
    let errors = match done().await {
        Ok(said) => {
            let notice = Notice::new(NoticeTone::Ok, said);
            return visit.go(&format!("/campaigns/{number}"), Some(notice));
        }
        Err(Error::Invalid { field, problem }) => {
            let field = if field == "do" {
                fallback.to_owned()
            } else {
                field
            };
            Errors::one(field, sentence(&problem))
        }
        Err(Error::Conflict(problem)) => Errors::one(fallback, sentence(&problem)),
        Err(Error::Stale { .. }) => Errors::one(
            "remind",
            "Somebody changed it meanwhile. Look what is new, then save again.",
        ),
        Err(other) => return Err(other.into()),
    };
    let page = one(visit, number, Some(posted), errors).await?;
    visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// `GET /campaigns/{campaign}/csv`.
pub async fn csv(Path(text): Path<String>, visit: Visit) -> Response {
    let result = table(&visit, &text).await;
    visit.close(result).await
}

async fn table(visit: &Visit, text: &str) -> Result<Response, Fault> {
    let number = number(text)?;
    let board = visit.desk.board(visit.actor()?, number).await?;
    let catalogue = visit.desk.catalogue().await?;
    let mut out = String::new();
    push_row(
        &mut out,
        [
            "site", "name", "ticket", "standing", "status", "unit", "asked_at", "since",
            "reminded", "left_at",
        ],
    );
    for row in &board.sites {
        let unit = row.unit.and_then(|unit| catalogue.unit(unit));
        let cells = [
            row.site.clone(),
            row.name.clone(),
            row.number.to_string(),
            row.standing.map_or("", Standing::key).to_owned(),
            row.status.map_or("", |status| status.key()).to_owned(),
            unit.map_or_else(String::new, |unit| unit.name.clone()),
            iso(row.asked_at),
            row.since.map_or_else(String::new, iso),
            row.reminded.to_string(),
            row.left_at.map_or_else(String::new, iso),
        ];
        push_row(&mut out, cells.iter().map(String::as_str));
    }
    let name = format!("sites-{number}.csv");
    Ok(file("text/csv; charset=utf-8", &name, out))
}
