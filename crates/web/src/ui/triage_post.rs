//! What first level does from the triage board: assign, take, mark as spam, tie
//! together what is one incident; and the way back from each.

use std::collections::BTreeSet;

use axum::extract::Path;
use axum::response::Response;
use desk::view::TicketView;
use desk::{Error, Patch, Step};
use switchboard_core::notify::SPAM;
use switchboard_core::ticket::RelationKind;
use switchboard_core::{Actor, Command, Priority, SolutionKind, TicketNumber};

use super::fault::Fault;
use super::frame::{Errors, Notice, NoticeTone, Undo};
use super::posted::Posted;
use super::triage::{Again, allowed, board};
use super::visit::{number, sentence};
use super::work_post::take_steps;

/// `POST /triage/{number}`.
pub async fn act(Path(text): Path<String>, posted: Posted) -> Response {
    let mut posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    posted.visit.at("/triage".to_owned());
    let result = async {
        let number = number(&text)?;
        let actor = allowed(&posted.visit)?;
        match posted.text("do") {
            "rules" => rules(&posted, actor, number).await,
            "spam" => spam(&posted, actor, number).await,
            "pass-on" => pass_on(&posted, actor, number).await,
            "no-spam" => no_spam(&posted, actor, number).await,
            _ => decide(&posted, actor, number).await,
        }
    }
    .await;
    posted.visit.close(result).await
}

/// A portal's first level passes a ticket on to that of the desk: an ordinary
/// re-assignment, with the note that was typed.
async fn pass_on(posted: &Posted, actor: &Actor, number: TicketNumber) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let catalogue = visit.desk.catalogue().await?;
    let first_level = catalogue.first_level()?;
    let patch = Patch {
        unit: Some(first_level.key.clone()),
        note: Some(posted.text("note").to_owned()).filter(|n| !n.is_empty()),
        ..Patch::default()
    };
    let version = posted.text("version").parse::<i64>().ok();
    let notice = match visit.desk.change(actor, number, version, patch).await {
        Ok(_) => Notice::new(
            NoticeTone::Ok,
            format!("{number} went to {}", first_level.name),
        ),
        Err(Error::Stale { .. }) => Notice {
            tone: NoticeTone::Warn,
            title: format!("{number} was changed meanwhile"),
            text: "Somebody else had it open, too. Look again.".to_owned(),
        },
        Err(other) => return Err(other.into()),
    };
    visit.go("/triage", Some(notice))
}

async fn decide(posted: &Posted, actor: &Actor, number: TicketNumber) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let desk = &visit.desk;
    let ticket = desk.ticket(actor, number).await?;
    let take = posted.text("do") == "take";
    let unit = match posted.text("pick") {
        "" => posted.text("unit"),
        picked => picked,
    };
    let patch = patch(posted, &ticket, unit, take).await;
    let version = posted.text("version").parse::<i64>().ok();
    let result = if !take && unit.is_empty() {
        Err(Error::invalid("unit", "name the unit that should take it"))
    } else {
        match patch {
            Ok(patch) => desk.change(actor, number, version, patch).await,
            Err(error) => Err(error),
        }
    };
    let result = match result {
        Ok(_) if take => {
            let ticket = desk.ticket(actor, number).await?;
            desk.act(actor, number, None, take_steps(actor, &ticket))
                .await
        }
        other => other,
    };
    match result {
        Ok(_) if take => visit.go(
            &format!("/work/{number}"),
            Some(Notice::new(NoticeTone::Ok, "It is yours")),
        ),
        Ok(_) => {
            let catalogue = desk.catalogue().await?;
            let name = catalogue
                .find_unit("unit", unit)
                .map_or_else(|_| unit.to_owned(), |u| u.name.clone());
            visit.go(
                "/triage",
                Some(Notice::new(
                    NoticeTone::Ok,
                    format!("{number} went to {name}"),
                )),
            )
        }
        Err(Error::Stale { .. }) => visit.go(
            "/triage",
            Some(Notice {
                tone: NoticeTone::Warn,
                title: format!("{number} was changed meanwhile"),
                text: "Somebody else had it open, too. Look again.".to_owned(),
            }),
        ),
        Err(error) => {
            let (field, problem) = match error {
                Error::Invalid { field, problem } => (field, problem),
                Error::Conflict(text) | Error::Forbidden(text) => ("unit".to_owned(), text),
                other => return Err(other.into()),
            };
            let field = match field.as_str() {
                "reason" => "because",
                "owner" => "unit",
                other => other,
            };
            let names = [
                "category",
                "priority",
                "because",
                "pick",
                "unit",
                "service",
                "issue_type",
                "note",
            ];
            let again = Again {
                number,
                typed: names
                    .iter()
                    .map(|n| ((*n).to_owned(), posted.text(n).to_owned()))
                    .collect(),
                errors: Errors::one(field, sentence(&problem)),
            };
            board(visit, Some(again)).await
        }
    }
}

/// What the card changes.
async fn patch(
    posted: &Posted,
    ticket: &TicketView,
    unit: &str,
    take: bool,
) -> Result<Patch, Error> {
    let because = posted.text("because");
    let category = posted.text("category");
    let service = posted.text("service");
    let issue_type = posted.text("issue_type");
    let chosen = Priority::parse(posted.text("priority"));
    let priority = match chosen.filter(|p| *p != ticket.priority) {
        Some(chosen) => {
            let mut facts = ticket.state.facts.clone();
            if !category.is_empty() {
                category.clone_into(&mut facts.category);
            }
            let (rules, _) = posted.visit.desk.explain(&facts).await?;
            if chosen == rules.priority {
                // What the rules give needs no reason; an overrule goes.
                ticket.priority_overruled.then_some(None)
            } else if because.is_empty() {
                return Err(Error::invalid(
                    "reason",
                    "another priority than the rules give needs a reason",
                ));
            } else {
                Some(Some(chosen))
            }
        }
        None => None,
    };
    Ok(Patch {
        category: Some(category.to_owned()).filter(|c| !c.is_empty() && *c != ticket.category.key),
        service: (posted.has("service")
            && service != ticket.service.as_ref().map_or("", |s| &s.key))
        .then(|| Some(service.to_owned()).filter(|s| !s.is_empty())),
        issue_type: (posted.has("issue_type")
            && issue_type != ticket.issue_type.as_ref().map_or("", |t| &t.key))
        .then(|| Some(issue_type.to_owned()).filter(|t| !t.is_empty())),
        priority_confirmed: priority.is_none(),
        priority,
        reason: Some(because.to_owned()).filter(|b| !b.is_empty()),
        unit: (!take).then(|| unit.to_owned()),
        note: Some(posted.text("note").to_owned()).filter(|n| !n.is_empty()),
        ..Patch::default()
    })
}

/// What is said when something was not done.
fn not_done(error: Error) -> Result<Notice, Fault> {
    let text = match error {
        Error::Invalid { problem, .. } => problem,
        error @ (Error::Conflict(_) | Error::Forbidden(_) | Error::NotFound { .. }) => {
            error.to_string()
        }
        Error::Stale { .. } => "somebody changed it meanwhile; look again".to_owned(),
        other => return Err(other.into()),
    };
    Ok(Notice {
        tone: NoticeTone::Bad,
        title: "That was not done".to_owned(),
        text: sentence(&text),
    })
}

/// The rules decide again about the priority.
async fn rules(posted: &Posted, actor: &Actor, number: TicketNumber) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let steps = vec![Step::Command(Command::WithdrawOverrule)];
    let notice = match visit.desk.act(actor, number, None, steps).await {
        Ok(_) => Notice::new(NoticeTone::Ok, "The rules decide again"),
        Err(error) => not_done(error)?,
    };
    visit.go(&format!("/triage?ticket={number}#open"), Some(notice))
}

/// Unsolved as invalid, and tagged so that nobody outside is told.
async fn spam(posted: &Posted, actor: &Actor, number: TicketNumber) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let ticket = visit.desk.ticket(actor, number).await?;
    let version = posted.text("version").parse::<i64>().ok();
    let mut tags: BTreeSet<String> = ticket.tags.into_iter().collect();
    tags.insert(SPAM.to_owned());
    let steps = vec![
        Step::Command(Command::SetTags(tags)),
        Step::Command(Command::GiveUp {
            reason: "Spam.".to_owned(),
            kind: SolutionKind::Invalid,
        }),
    ];
    match visit.desk.act(actor, number, version, steps).await {
        Ok(_) => {
            let notice = Notice::new(NoticeTone::Ok, format!("{number} is spam; nobody was told"));
            visit.go_undoable("/triage", notice, &Undo::Spam(number.0))
        }
        Err(error) => visit.go("/triage", Some(not_done(error)?)),
    }
}

/// It was none.
async fn no_spam(posted: &Posted, actor: &Actor, number: TicketNumber) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let ticket = visit.desk.ticket(actor, number).await?;
    let mut tags: BTreeSet<String> = ticket.tags.into_iter().collect();
    if !tags.remove(SPAM) {
        let notice = Notice::new(NoticeTone::Info, format!("{number} is not marked as spam"));
        return visit.go("/triage", Some(notice));
    }
    let steps = vec![
        Step::Command(Command::Reopen { entry: None }),
        Step::Command(Command::SetTags(tags)),
    ];
    match visit.desk.act(actor, number, None, steps).await {
        Ok(_) => visit.go(
            &format!("/work/{number}"),
            Some(Notice::new(
                NoticeTone::Ok,
                format!("{number} is no spam; it is open again, here"),
            )),
        ),
        Err(error) => visit.go("/triage", Some(not_done(error)?)),
    }
}

/// Most tickets that are tied to one at once.
const MOST: usize = 100;

/// `POST /triage/incident`: ties tickets to the one they look like, as slaves or
/// as children, all or none; or unties them again.
pub async fn incident(posted: Posted) -> Response {
    let mut posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    posted.visit.at("/triage".to_owned());
    let result = tie(&posted).await;
    posted.visit.close(result).await
}

async fn tie(posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = allowed(visit)?;
    let lead = number(posted.text("lead"))?;
    let others: Vec<TicketNumber> = posted
        .all("ticket")
        .filter_map(|t| t.parse().ok())
        .map(TicketNumber)
        .take(MOST)
        .collect();
    if others.is_empty() {
        let notice = Notice::new(NoticeTone::Info, "Tick some tickets first");
        return visit.go("/triage", Some(notice));
    }
    let (kind, undo) = match posted.text("do") {
        "slaves" => (RelationKind::MasterOf, false),
        "children" => (RelationKind::ParentOf, false),
        "no-slaves" => (RelationKind::MasterOf, true),
        "no-children" => (RelationKind::ParentOf, true),
        _ => return Err(Error::invalid("do", "choose one of the buttons").into()),
    };
    let steps = others
        .iter()
        .map(|other| {
            let other = *other;
            Step::Command(if undo {
                Command::Unrelate { kind, other }
            } else {
                Command::Relate { kind, other }
            })
        })
        .collect();
    if let Err(error) = visit.desk.act(actor, lead, None, steps).await {
        return visit.go("/triage", Some(not_done(error)?));
    }
    let count = others.len();
    if undo {
        let notice = Notice {
            tone: NoticeTone::Ok,
            title: format!("{count} no longer hang on {lead}"),
            text: "They are open again, and nobody’s yet.".to_owned(),
        };
        return visit.go("/work?view=nobodys", Some(notice));
    }
    let what = match (kind, count) {
        (RelationKind::MasterOf, 1) => "is a slave",
        (RelationKind::MasterOf, _) => "are slaves",
        (_, 1) => "is a child",
        _ => "are children",
    };
    let notice = Notice::new(NoticeTone::Ok, format!("{count} {what} of {lead} now"));
    let undo = Undo::Tie {
        lead: lead.0,
        others: others.iter().map(|t| t.0).collect(),
        slaves: kind == RelationKind::MasterOf,
    };
    visit.go_undoable("/triage", notice, &undo)
}
