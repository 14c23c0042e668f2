//! `/admin/people/{id}`: all about one person, and what administrators do with
//! their rights.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Error;
use switchboard_core::staff::{MemberDeed, Rights};
use switchboard_core::{Part, PersonId};
use uuid::Uuid;

use super::communities::via_words;
use super::outbox;
use super::people::chips;
use crate::ui::asking::AskedRow;
use crate::ui::assets::Asset;
use crate::ui::fault::Fault;
use crate::ui::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use crate::ui::posted::Posted;
use crate::ui::view::{Chip, Icon, TimeMark};
use crate::ui::visit::{Visit, encode, sentence};
use crate::ui::work_post::told;
use crate::ui::workspace::UndeliveredRow;

/// A right that can be given or taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RightRow {
    /// Its key in the form.
    pub key: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// What it is good for.
    pub text: &'static str,
    /// They have it.
    pub has: bool,
}

/// A unit that they are in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitRow {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its page.
    pub href: String,
    /// "Responsible", "Member".
    pub part: &'static str,
    /// Since when.
    pub since: TimeMark,
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/person.html")]
pub struct PersonAdminPage {
    /// Around it.
    pub frame: Frame,
    /// Their id.
    pub id: String,
    /// Their name.
    pub name: String,
    /// What they may do.
    pub chips: Vec<Chip>,
    /// What is known of them.
    pub facts: Vec<(String, String)>,
    /// Rights that can be given and taken.
    pub rights: Vec<RightRow>,
    /// They are not disabled.
    pub active: bool,
    /// Where they work.
    pub units: Vec<UnitRow>,
    /// What they asked for.
    pub asked: Vec<AskedRow>,
    /// Places they are signed in at.
    pub sessions: usize,
    /// Their tokens: name and scopes.
    pub tokens: Vec<(String, String)>,
    /// Mails to them that did not arrive, newest first.
    pub undelivered: Vec<UndeliveredRow>,
    /// The audit log about them.
    pub audit: String,
    /// The reason that was typed.
    pub typed: String,
    /// What was wrong.
    pub errors: Errors,
}

/// `GET /admin/people/{id}`.
pub async fn show(visit: Visit, Path(id): Path<String>) -> Response {
    let result = async {
        let id = person_id(&id)?;
        visit.page(&page(&visit, id, String::new(), Errors::default()).await?)
    }
    .await;
    visit.close(result).await
}

fn person_id(text: &str) -> Result<PersonId, Fault> {
    Uuid::try_parse(text)
        .map(PersonId)
        .map_err(|_| Fault::no_page())
}

async fn page(
    visit: &Visit,
    id: PersonId,
    typed: String,
    errors: Errors,
) -> Result<PersonAdminPage, Fault> {
    let actor = visit.admin()?;
    let all = visit.desk.person_page(actor, id).await?;
    let who = &all.person;
    let mut facts: Vec<(String, String)> = all
        .emails
        .iter()
        .map(|(address, proved)| {
            let address = if *proved {
                address.clone()
            } else {
                format!("{address} (not proved)")
            };
            ("Address".to_owned(), address)
        })
        .collect();
    let catalogue = visit.desk.catalogue().await?;
    let home = who.community.as_deref().unwrap_or_default();
    let home = catalogue.community(home).map_or(home, |c| &c.name);
    let said = all.community_said.as_deref().unwrap_or_default();
    for (name, value) in [
        ("Institute", who.institute.as_str()),
        ("Community, as they say", home),
        ("Community, in their words", said),
    ] {
        if !value.is_empty() {
            facts.push((name.to_owned(), value.to_owned()));
        }
    }
    facts.extend(all.communities.iter().map(|(key, via)| {
        let name = catalogue.community(key).map_or(key, |c| &c.name);
        (
            "Community".to_owned(),
            format!("{name} ({})", via_words(*via)),
        )
    }));
    facts.push((
        "First came".to_owned(),
        visit.dial.moment_words(who.created_at),
    ));
    facts.push((
        "Signs in".to_owned(),
        if who.has_password {
            "with a password"
        } else {
            "without a password"
        }
        .to_owned(),
    ));
    facts.push(("Open tickets owned".to_owned(), all.owned.to_string()));
    let addresses = all.emails.iter().map(|(a, _)| a.clone()).collect();
    let (mails, dead) = visit.desk.mail_trouble(actor, id, addresses).await?;
    for one in &dead {
        facts.push((
            "Nothing arrives at".to_owned(),
            format!("{}: {}", one.address, one.why),
        ));
    }
    let mut asked: Vec<AskedRow> = all
        .applications
        .iter()
        .map(|a| AskedRow::application(&visit.dial, a, false))
        .collect();
    asked.extend(
        all.joins
            .iter()
            .map(|j| AskedRow::join(&visit.dial, j, "the responsibles")),
    );
    Ok(PersonAdminPage {
        frame: visit.frame(Room::Staff, Here::Admin).await?,
        id: id.to_string(),
        name: who.name.clone(),
        chips: chips(who),
        facts,
        rights: vec![
            RightRow {
                key: "support",
                name: "Support permission",
                text: "May be in units. Taken away, it takes their units along.",
                has: who.support,
            },
            RightRow {
                key: "monitor",
                name: "Monitor",
                text: "Sees overdue and waiting tickets of all units.",
                has: who.monitor,
            },
            RightRow {
                key: "admin",
                name: "Administrator",
                text: "Everything else: units, services, people, the audit log.",
                has: who.admin,
            },
        ],
        active: who.active,
        units: all
            .enrolments
            .iter()
            .map(|e| UnitRow {
                key: e.unit.key.clone(),
                name: e.unit.name.clone(),
                href: format!("/units/{}", encode(&e.unit.key)),
                part: match e.part {
                    Part::Responsible => "Responsible",
                    Part::Member => "Member",
                },
                since: visit.dial.ago(e.since),
            })
            .collect(),
        asked,
        sessions: all.sessions,
        tokens: all
            .tokens
            .iter()
            .map(|t| (t.name.clone(), t.scopes.join(", ")))
            .collect(),
        undelivered: mails
            .into_iter()
            .map(|mail| UndeliveredRow {
                at: visit.dial.moment(mail.created_at),
                state: outbox::chip(&mail),
                about: outbox::about(&mail, &visit.dial),
                address: mail.address,
            })
            .collect(),
        audit: format!("/admin/audit?subject={id}"),
        typed,
        errors,
    })
}

/// `POST /admin/people/{id}`: rights, sessions, tokens, memberships.
pub async fn act(Path(id): Path<String>, posted: Posted) -> Response {
    let mut posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    posted.visit.at(format!("/admin/people/{}", encode(&id)));
    let result = async {
        let id = person_id(&id)?;
        deed(&posted, id).await
    }
    .await;
    posted.visit.close(result).await
}

async fn deed(posted: &Posted, id: PersonId) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = visit.admin()?;
    let desk = &visit.desk;
    let reason = posted.body("reason");
    let rights =
        async |wish: fn(Rights) -> Rights| desk.change_rights(actor, id, wish, &reason).await;
    let done: Result<String, Error> = match posted.text("do") {
        "grant-support" => rights(|r| Rights { support: true, ..r })
            .await
            .map(|()| "They hold the support permission".to_owned()),
        "revoke-support" => rights(|r| Rights {
            support: false,
            ..r
        })
        .await
        .map(|()| "The support permission is taken away, and with it their units".to_owned()),
        "grant-monitor" => rights(|r| Rights { monitor: true, ..r })
            .await
            .map(|()| "They are a monitor".to_owned()),
        "revoke-monitor" => rights(|r| Rights {
            monitor: false,
            ..r
        })
        .await
        .map(|()| "They are no longer a monitor".to_owned()),
        "grant-admin" => rights(|r| Rights { admin: true, ..r })
            .await
            .map(|()| "They are an administrator".to_owned()),
        "revoke-admin" => rights(|r| Rights { admin: false, ..r })
            .await
            .map(|()| "They are no longer an administrator".to_owned()),
        "enable" => rights(|r| Rights { active: true, ..r })
            .await
            .map(|()| "The account is enabled".to_owned()),
        "disable" => rights(|r| Rights { active: false, ..r })
            .await
            .map(|()| "The account is disabled and signed out everywhere".to_owned()),
        "end-sessions" => desk
            .end_sessions_of(actor, id)
            .await
            .map(|n| format!("Signed out everywhere ({n})")),
        "revoke-tokens" => desk
            .revoke_tokens_of(actor, id)
            .await
            .map(|n| format!("Tokens revoked: {n}")),
        "leave-unit" => desk
            .change_member(actor, posted.text("unit"), id, MemberDeed::Remove, &reason)
            .await
            .map(|_| "They are no longer in the unit".to_owned()),
        _ => return Err(Fault::no_page()),
    };
    match done {
        Ok(title) => visit.go(&visit.path, Some(Notice::new(NoticeTone::Ok, title))),
        // The reason that was typed is not lost.
        Err(error) => {
            let status = match &error {
                Error::Conflict(_) => StatusCode::CONFLICT,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            };
            let (field, problem) = told(error, "reason")?;
            let mut page = page(visit, id, reason, Errors::one(field, problem.clone())).await?;
            page.frame.notice = Some(Notice {
                tone: NoticeTone::Bad,
                title: "Nothing was changed".to_owned(),
                text: sentence(&problem),
            });
            visit.page_as(status, &page)
        }
    }
}
