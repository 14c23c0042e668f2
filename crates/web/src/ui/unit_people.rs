//! The people on a unit's page: who is responsible and how to reach them, who
//! asks to join, who is in; and what its responsibles do there.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Error;
use desk::staff::{MEMBERS_PAGE, UnitPeople};
use store::unit::Unit;
use switchboard_core::staff::{MemberChange, MemberDeed};
use switchboard_core::{Part, PersonId};
use uuid::Uuid;

use super::asking::AskRow;
use super::fault::Fault;
use super::frame::{Errors, Frame, Notice, NoticeTone};
use super::posted::Posted;
use super::view::{Chip, Pages, TimeMark, Tone};
use super::visit::{Visit, encode, own_path, sentence};
use super::work_post::told;

/// A member of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    /// Their id, for the forms of those who manage the unit.
    pub id: String,
    /// Full name.
    pub name: String,
    /// "Responsible", "Member".
    pub part: String,
    /// They are responsible.
    pub responsible: bool,
    /// Since when.
    pub since: TimeMark,
    /// How many open tickets they own; empty: not the reader's to know.
    pub open: String,
}

/// The people's part of a unit's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeopleView {
    /// Where its forms go.
    pub action: String,
    /// Responsibles: name and address.
    pub responsibles: Vec<(String, String)>,
    /// One page of the members; those outside see none.
    pub members: Vec<MemberRow>,
    /// "4 people".
    pub words: String,
    /// The way to the others.
    pub pages: Pages,
    /// Who asks to join, for those who answer.
    pub asking: Vec<AskRow>,
    /// "2 wait for you".
    pub asking_chip: Chip,
    /// The reader says who belongs to it.
    pub manages: bool,
    /// The reader is in it themselves, and can leave.
    pub inside: bool,
    /// The reader is a responsible themselves.
    pub responsible: bool,
    /// Where the reader asks to join, if they can.
    pub join_href: Option<String>,
    /// Whom they wanted to add, when that was not possible.
    pub typed: String,
    /// What was wrong.
    pub errors: Errors,
}

/// What was sent and not taken.
#[derive(Debug, Clone, Default)]
pub struct Again {
    /// Whom they wanted to add.
    pub typed: String,
    /// The request they wanted to answer, and the reason they gave.
    pub answer: Option<(String, String)>,
    /// What was wrong.
    pub errors: Errors,
}

impl PeopleView {
    /// Of a unit, for a reader.
    pub fn of(
        visit: &Visit,
        frame: &Frame,
        unit: &Unit,
        people: UnitPeople,
        open: Option<&[(PersonId, i64)]>,
        again: Again,
    ) -> PeopleView {
        let page = page_of(visit);
        let href = format!("/units/{}", encode(&unit.key));
        let at = |page: i64| format!("{href}?members={page}#mb");
        let shown = i64::try_from(people.members.len()).unwrap_or(0);
        let first = page * MEMBERS_PAGE;
        let asking: Vec<AskRow> = people
            .asking
            .iter()
            .map(|join| {
                let mut row = AskRow::join(frame, &visit.dial, join, &href);
                if let Some((id, typed)) = &again.answer
                    && *id == row.id
                {
                    row.typed.clone_from(typed);
                    row.problem = again.errors.text("reason").to_owned();
                }
                row
            })
            .collect();
        PeopleView {
            action: format!("{href}/people"),
            responsibles: people
                .responsibles
                .iter()
                .map(|m| (m.name.clone(), m.email.clone().unwrap_or_default()))
                .collect(),
            members: people
                .members
                .iter()
                .map(|m| MemberRow {
                    id: m.person.to_string(),
                    name: m.name.clone(),
                    part: match m.part {
                        Part::Responsible => "Responsible",
                        Part::Member => "Member",
                    }
                    .to_owned(),
                    responsible: m.part == Part::Responsible,
                    since: visit.dial.ago(m.since),
                    open: open.map_or_else(
                        || "–".to_owned(),
                        |open| {
                            let own = open.iter().find(|(p, _)| *p == m.person);
                            own.map_or(0, |(_, n)| *n).to_string()
                        },
                    ),
                })
                .collect(),
            words: match people.count {
                1 => "1 person".to_owned(),
                n => format!("{n} people"),
            },
            pages: Pages {
                words: format!("{} to {} of {}", first + 1, first + shown, people.count),
                newer: (page > 0).then(|| at(page - 1)),
                older: (first + shown < people.count && shown > 0).then(|| at(page + 1)),
            },
            asking_chip: Chip::with_icon(
                Tone::Turn,
                "people",
                match asking.len() {
                    1 => "1 waits for you".to_owned(),
                    n => format!("{n} wait for you"),
                },
            ),
            asking,
            manages: people.manages && unit.active,
            inside: people.part.is_some(),
            responsible: people.part == Some(Part::Responsible),
            join_href: (visit.who.as_ref().is_some_and(|w| w.actor.support)
                && people.part.is_none()
                && unit.active)
                .then(|| format!("/support-staff?q={}", encode(&unit.name))),
            typed: again.typed,
            errors: again.errors,
        }
    }
}

/// Which page of the members is asked for.
pub fn page_of(visit: &Visit) -> i64 {
    visit.query("members").parse().unwrap_or(0).max(0)
}

/// `POST /units/{key}/people`: add, change and remove members, answer those who
/// ask, leave, ask to join.
pub async fn act(Path(key): Path<String>, posted: Posted) -> Response {
    let mut posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let href = format!("/units/{}", encode(&key));
    posted.visit.at(href.clone());
    let result = deed(&posted, &key, &href).await;
    posted.visit.close(result).await
}

async fn deed(posted: &Posted, key: &str, href: &str) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = visit.actor()?;
    let back = own_path(posted.text("back"), href);
    let who = || {
        Uuid::try_parse(posted.text("person"))
            .map(PersonId)
            .map_err(|_| Fault::no_page())
    };
    let id = || Uuid::try_parse(posted.text("id")).map_err(|_| Fault::no_page());
    let reason = posted.body("reason");
    let change = async |who: PersonId, deed: MemberDeed| {
        visit
            .desk
            .change_member(actor, key, who, deed, &reason)
            .await
    };
    let me = actor.person.ok_or(Fault::SignInFirst)?;
    if !matches!(posted.text("do"), "leave" | "step-down" | "join") {
        visit.desk.may_manage(actor, key).await?;
    }
    let done: Result<(String, Option<MemberChange>), Error> = match posted.text("do") {
        "add" => match visit.desk.find_person(actor, posted.text("who")).await {
            Ok(person) => change(person.id, MemberDeed::Add(part(posted)))
                .await
                .map(|c| (format!("{} is in", person.name), c)),
            Err(Error::NotFound { .. }) => Err(Error::invalid(
                "who",
                "nobody with that address has an account here yet",
            )),
            Err(Error::Invalid { problem, .. }) => Err(Error::invalid("who", problem)),
            Err(other) => Err(other),
        },
        "part" => change(who()?, MemberDeed::SetPart(part(posted)))
            .await
            .map(|c| ("Their part has changed".to_owned(), c)),
        "remove" => change(who()?, MemberDeed::Remove)
            .await
            .map(|c| ("They are no longer in the unit".to_owned(), c)),
        "leave" => change(me, MemberDeed::Remove)
            .await
            .map(|c| ("You have left the unit".to_owned(), c)),
        "step-down" => change(me, MemberDeed::SetPart(Part::Member))
            .await
            .map(|c| {
                (
                    "You are a member now, no longer a responsible".to_owned(),
                    c,
                )
            }),
        "join" => visit.desk.ask_to_join(actor, key, &reason).await.map(|_| {
            (
                "The unit is asked; its answer comes by mail".to_owned(),
                None,
            )
        }),
        word @ ("yes" | "no") => {
            let yes = word == "yes";
            visit
                .desk
                .answer_join(actor, key, id()?, yes, &reason)
                .await
                .map(|()| {
                    if yes {
                        let joined = MemberChange::Added(Part::Member);
                        ("They are a member now".to_owned(), Some(joined))
                    } else {
                        ("Refused; they were told why".to_owned(), None)
                    }
                })
        }
        _ => return Err(Fault::no_page()),
    };
    match done {
        Ok((title, changed)) => {
            let list = visit.desk.catalogue().await?;
            let list = list
                .find_unit("unit", key)
                .ok()
                .and_then(|u| u.email.clone());
            let moved = matches!(
                changed,
                Some(MemberChange::Added(_) | MemberChange::Removed { .. })
            );
            let text = match list {
                Some(list) if moved => format!("Update the unit’s mailing list: {list}"),
                _ => String::new(),
            };
            let notice = Notice {
                tone: NoticeTone::Ok,
                title,
                text,
            };
            visit.go(&back, Some(notice))
        }
        Err(error @ Error::Invalid { .. }) => {
            let (field, problem) = told(error, "who")?;
            let again = Again {
                typed: posted.text("who").to_owned(),
                answer: posted
                    .has("id")
                    .then(|| (posted.text("id").to_owned(), reason.clone())),
                errors: Errors::one(field, problem),
            };
            super::unit::again(visit, key, StatusCode::UNPROCESSABLE_ENTITY, again).await
        }
        // Nothing was typed that would be lost.
        Err(Error::Conflict(text)) if posted.text("do") != "add" => {
            let notice = Notice {
                tone: NoticeTone::Bad,
                title: "Nothing was changed".to_owned(),
                text: sentence(&text),
            };
            visit.go(&back, Some(notice))
        }
        Err(Error::Conflict(text)) => {
            let again = Again {
                typed: posted.text("who").to_owned(),
                answer: None,
                errors: Errors::one("who", sentence(&text)),
            };
            super::unit::again(visit, key, StatusCode::CONFLICT, again).await
        }
        Err(other) => Err(other.into()),
    }
}

fn part(posted: &Posted) -> Part {
    if posted.text("part") == "responsible" {
        Part::Responsible
    } else {
        Part::Member
    }
}
