//! `/admin/people`: find somebody among all.

use askama::Template;
use axum::response::Response;
use desk::people::PeopleQuery;
use store::person::Person;
use switchboard_core::PersonId;
use uuid::Uuid;

use crate::ui::assets::Asset;
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Here, Room};
use crate::ui::view::{Chip, Choice, Icon, Pages, TimeMark, Tone};
use crate::ui::visit::{Visit, encode};

/// People on one page.
const PAGE: i64 = 50;

/// Somebody in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRow {
    /// Their page.
    pub href: String,
    /// Name.
    pub name: String,
    /// Address.
    pub mail: String,
    /// Home institute.
    pub institute: String,
    /// What they may do.
    pub chips: Vec<Chip>,
    /// When they first came.
    pub since: TimeMark,
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/people.html")]
pub struct PeoplePage {
    /// Around it.
    pub frame: Frame,
    /// What was searched for.
    pub query: String,
    /// Whom to show.
    pub only: Vec<Choice>,
    /// Who was found.
    pub rows: Vec<PersonRow>,
    /// The way to the others.
    pub pages: Pages,
}

/// What somebody may do, in chips.
pub(super) fn chips(person: &Person) -> Vec<Chip> {
    let mut chips = Vec::new();
    if !person.active {
        chips.push(Chip::with_icon(Tone::Bad, "x", "Disabled"));
    }
    if person.admin {
        chips.push(Chip::with_icon(Tone::Info, "key", "Administrator"));
    }
    if person.monitor {
        chips.push(Chip::with_icon(Tone::Plain, "eye", "Monitor"));
    }
    if person.support {
        chips.push(Chip::with_icon(Tone::Ok, "check", "Support"));
    }
    chips
}

/// `GET /admin/people`.
pub async fn list(visit: Visit) -> Response {
    let result = async { visit.page(&page(&visit).await?) }.await;
    visit.close(result).await
}

async fn page(visit: &Visit) -> Result<PeoplePage, Fault> {
    let actor = visit.admin()?;
    let words = visit.query("q").trim().to_owned();
    let only = visit.query("only").to_owned();
    let is = |word: &str, value: bool| (only == word).then_some(value);
    let after = Uuid::try_parse(visit.query("after")).ok().map(PersonId);
    let query = PeopleQuery {
        words: words.clone(),
        support: is("support", true),
        monitor: is("monitor", true),
        admin: is("admin", true),
        active: is("disabled", false),
        after,
    };
    let mut found = visit.desk.people(actor, query, PAGE + 1).await?;
    let more = i64::try_from(found.len()).unwrap_or(0) > PAGE;
    found.truncate(usize::try_from(PAGE).unwrap_or(0));
    let here = format!("/admin/people?q={}&only={}", encode(&words), encode(&only));
    let older = found
        .last()
        .filter(|_| more)
        .map(|last| format!("{here}&after={}", last.id));
    let rows = found
        .into_iter()
        .map(|p| PersonRow {
            href: format!("/admin/people/{}", p.id),
            chips: chips(&p),
            name: p.name,
            mail: p.email.unwrap_or_default(),
            institute: p.institute,
            since: visit.dial.ago(p.created_at),
        })
        .collect();
    Ok(PeoplePage {
        frame: visit.frame(Room::Staff, Here::Admin).await?,
        query: words,
        only: Choice::list(
            [
                ("", "Everybody"),
                ("support", "Support staff"),
                ("monitor", "Monitors"),
                ("admin", "Administrators"),
                ("disabled", "Disabled"),
            ],
            &only,
        ),
        rows,
        pages: Pages {
            words: "By name".to_owned(),
            newer: after.map(|_| here.clone()),
            older,
        },
    })
}
