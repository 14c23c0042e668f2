//! Notices: news, incidents and downtimes, and who may post them.

use serde_json::{Value as Json, json};
use store::Conn;
use store::notice::Notice;
use store::unit::Service;
use switchboard_core::{Actor, Millis, ServiceId};
use uuid::Uuid;

use crate::audit::{self, Subject, difference};
use crate::catalogue::find_service_in;
use crate::service::may_set_lamp;
use crate::{Desk, Error};

/// Kinds of notices (*fixed*).
pub const KINDS: [(&str, &str); 3] = [
    ("incident", "Incident"),
    ("downtime", "Planned downtime"),
    ("news", "News"),
];

/// What is past is shown for so long.
pub const SHOWN: Millis = 14 * 86_400_000;
/// No more than this are shown.
const MOST: i64 = 100;

/// What is to be changed of a notice; `None` leaves it as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NoticeEdit {
    /// One of [`KINDS`].
    pub kind: Option<String>,
    /// One line.
    pub title: Option<String>,
    /// The rest.
    pub body: Option<String>,
    /// Since when; `Some(None)`: now for an incident.
    pub starts_at: Option<Option<Millis>>,
    /// Until when; `Some(None)`: not known.
    pub ends_at: Option<Option<Millis>>,
    /// The services it touches, by name, key or alias.
    pub services: Option<Vec<String>>,
    /// It is shown.
    pub active: Option<bool>,
}

/// Where an incident or downtime stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It will begin.
    Ahead,
    /// It is going on.
    Now,
    /// It is over, or there is nothing that could be: news.
    Past,
}

/// Where a notice stands at a time.
pub fn phase(notice: &Notice, now: Millis) -> Phase {
    if notice.kind == "news" || notice.ends_at.is_some_and(|end| end <= now) {
        Phase::Past
    } else if notice.starts_at.is_some_and(|start| start > now) {
        Phase::Ahead
    } else {
        Phase::Now
    }
}

/// May post notices about these services: administrators about all and
/// everything, those who work in the units of all of them incidents and
/// downtimes.
pub fn may_post(actor: &Actor, kind: &str, services: &[&Service]) -> bool {
    actor.admin
        || actor.is_system()
        || (kind != "news"
            && !services.is_empty()
            && services.iter().all(|s| may_set_lamp(actor, s)))
}

fn told(notice: &Notice, services: &[Service]) -> Json {
    let keys: Vec<&str> = notice
        .services
        .iter()
        .filter_map(|id| services.iter().find(|s| s.id == *id))
        .map(|s| s.key.as_str())
        .collect();
    json!({
        "kind": notice.kind,
        "title": notice.title,
        "body": notice.body,
        "starts_at": notice.starts_at,
        "ends_at": notice.ends_at,
        "services": keys,
        "active": notice.active,
    })
}

fn check(notice: &Notice) -> Result<(), Error> {
    let title = notice.title.chars().count();
    if title == 0 || title > 200 || notice.title.chars().any(char::is_control) {
        return Err(Error::invalid(
            "title",
            "takes one line of 1 to 200 characters",
        ));
    }
    if notice.body.chars().count() > 10_000 {
        return Err(Error::invalid("body", "takes at most 10,000 characters"));
    }
    if !KINDS.iter().any(|(key, _)| *key == notice.kind) {
        return Err(Error::invalid(
            "kind",
            "takes one of incident, downtime, news",
        ));
    }
    if notice.services.len() > 50 {
        return Err(Error::invalid("services", "takes at most 50"));
    }
    let (start, end) = (notice.starts_at, notice.ends_at);
    if notice.kind == "news" && (start.is_some() || end.is_some()) {
        return Err(Error::invalid(
            "starts_at",
            "news have no times; leave them out",
        ));
    }
    if notice.kind == "downtime" && start.is_none() {
        return Err(Error::invalid("starts_at", "say when the downtime begins"));
    }
    if notice.kind == "downtime" && end.is_none() {
        return Err(Error::invalid("ends_at", "say when the downtime ends"));
    }
    if let (Some(start), Some(end)) = (start, end)
        && end < start
    {
        return Err(Error::invalid("ends_at", "can not be before it begins"));
    }
    Ok(())
}

fn services_of<'a>(ids: &[ServiceId], all: &'a [Service]) -> Vec<&'a Service> {
    all.iter().filter(|s| ids.contains(&s.id)).collect()
}

impl NoticeEdit {
    fn onto(&self, notice: &mut Notice, services: &[Service], now: Millis) -> Result<(), Error> {
        if let Some(kind) = &self.kind {
            notice.kind.clone_from(kind);
        }
        if let Some(title) = &self.title {
            notice.title = title.trim().to_owned();
        }
        if let Some(body) = &self.body {
            notice.body = body.trim().to_owned();
        }
        notice.starts_at = self.starts_at.unwrap_or(notice.starts_at);
        notice.ends_at = self.ends_at.unwrap_or(notice.ends_at);
        notice.active = self.active.unwrap_or(notice.active);
        if notice.kind == "incident" && notice.starts_at.is_none() {
            notice.starts_at = Some(now);
        }
        if let Some(names) = &self.services {
            let mut ids = Vec::new();
            for name in names {
                let service = find_service_in(services, name).ok_or_else(|| {
                    Error::invalid(
                        "services",
                        format!("there is no service {name:?}; GET /api/v1/services lists them"),
                    )
                })?;
                if !ids.contains(&service.id) {
                    ids.push(service.id);
                }
            }
            notice.services = ids;
        }
        Ok(())
    }
}

fn save(
    c: &mut Conn<'_>,
    actor: &Actor,
    now: Millis,
    (before, after): (Option<&Notice>, &Notice),
    services: &[Service],
) -> Result<(), Error> {
    let both = [before, Some(after)];
    for notice in both.into_iter().flatten() {
        let about = services_of(&notice.services, services);
        if !may_post(actor, &notice.kind, &about) {
            return Err(Error::Forbidden(
                "administrators post news, and those who work in a service's unit its incidents \
                 and downtimes"
                    .into(),
            ));
        }
    }
    check(after)?;
    store::notice::save(c, after)?;
    let detail = match before {
        None => told(after, services),
        Some(before) => difference(&told(before, services), &told(after, services)),
    };
    let action = match before {
        None => "notice.posted",
        Some(_) => "notice.changed",
    };
    let subject = Subject::Other("notice", after.id);
    audit::record(c, actor, now, action, &subject, &detail)
}

impl Desk {
    /// What is shown to everybody: posted lately, going on or ahead, newest
    /// first.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn notices(&self) -> Result<Vec<Notice>, Error> {
        let now = self.now();
        self.0
            .db
            .read(move |c| store::notice::shown(c, now - SHOWN, now, MOST).map_err(Error::from))
            .await
    }

    /// One notice, a withdrawn one too.
    ///
    /// # Errors
    /// When there is no such notice.
    pub async fn notice(&self, id: Uuid) -> Result<Notice, Error> {
        self.0
            .db
            .read(move |c| {
                store::notice::load(c, id)?.ok_or_else(|| Error::not_found(format!("notice {id}")))
            })
            .await
    }

    /// Posts a notice.
    ///
    /// # Errors
    /// [`Error::Forbidden`], or the field that is wrong.
    pub async fn post_notice(&self, actor: &Actor, edit: NoticeEdit) -> Result<Notice, Error> {
        let (now, id, actor) = (self.now(), self.uuid(), actor.clone());
        self.0
            .db
            .write(move |c| {
                let services = store::unit::services(c)?;
                let mut notice = Notice {
                    id,
                    at: now,
                    kind: String::new(),
                    title: String::new(),
                    body: String::new(),
                    starts_at: None,
                    ends_at: None,
                    services: Vec::new(),
                    active: true,
                    author: actor.person,
                    version: 0,
                };
                edit.onto(&mut notice, &services, now)?;
                save(c, &actor, now, (None, &notice), &services)?;
                notice.version = 1;
                Ok(notice)
            })
            .await
    }

    /// Changes a notice: says more, ends an incident, withdraws it.
    ///
    /// # Errors
    /// [`Error::Stale`] when `expected` is no longer its version; or as for
    /// [`Desk::post_notice`].
    pub async fn change_notice(
        &self,
        actor: &Actor,
        id: Uuid,
        expected: Option<i64>,
        edit: NoticeEdit,
    ) -> Result<Notice, Error> {
        let (now, actor) = (self.now(), actor.clone());
        self.0
            .db
            .write(move |c| {
                let services = store::unit::services(c)?;
                let before = store::notice::load(c, id)?
                    .ok_or_else(|| Error::not_found(format!("notice {id}")))?;
                if expected.is_some_and(|e| e != before.version) {
                    return Err(Error::Stale {
                        current: before.version,
                    });
                }
                let mut after = before.clone();
                edit.onto(&mut after, &services, now)?;
                if after == before {
                    // Who may not change it is told so all the same.
                    let about = services_of(&before.services, &services);
                    if !may_post(&actor, &before.kind, &about) {
                        return Err(Error::Forbidden("this notice is not yours".into()));
                    }
                    return Ok(after);
                }
                save(c, &actor, now, (Some(&before), &after), &services)?;
                after.version += 1;
                Ok(after)
            })
            .await
    }
}
