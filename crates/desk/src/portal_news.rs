//! What portals tell their visitors: news, incidents, downtimes; posted by the
//! responsibles of their own first level and by administrators.

use serde_json::json;
pub use store::portal::PortalNews;
use switchboard_core::{Actor, Millis, PortalId};
use uuid::Uuid;

use crate::audit::{self, Subject};
use crate::{Desk, Error};

/// Kinds of news (*fixed*), with their words.
pub const KINDS: [(&str, &str); 3] = [
    ("news", "News"),
    ("incident", "Incident"),
    ("downtime", "Planned downtime"),
];

/// Longest title, in characters.
const LONGEST_TITLE: usize = 200;
/// Longest text, in characters.
const LONGEST_BODY: usize = 10_000;

/// News to be posted or changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewsDraft {
    /// `news`, `incident` or `downtime`.
    pub kind: String,
    /// One line.
    pub title: String,
    /// The rest, plain.
    pub body: String,
}

/// One piece of news as visitors read it, the portal's or the whole desk's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its id.
    pub id: Uuid,
    /// When it was posted.
    pub at: Millis,
    /// When it last changed.
    pub updated_at: Millis,
    /// `news`, `incident` or `downtime`.
    pub kind: String,
    /// One line.
    pub title: String,
    /// The rest: plain text.
    pub body: String,
    /// Who posted it; `None`: the desk.
    pub author: Option<String>,
    /// It is the portal's own.
    pub own: bool,
}

/// May post and take back a portal's news.
pub fn may_post(actor: &Actor, portal: PortalId) -> bool {
    actor.admin || actor.is_system() || actor.leads_portal(portal)
}

impl Desk {
    /// What a portal's visitors are told, newest first: its own news and, unless
    /// that is switched off, those of the whole desk.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn told_by(&self, portal: PortalId, limit: i64) -> Result<Vec<Told>, Error> {
        let catalogue = self.catalogue().await?;
        let own_only = catalogue
            .portal(portal)
            .is_some_and(|p| p.doc.own_news_only);
        let own = self
            .0
            .db
            .read(move |c| store::portal::news(c, portal, limit).map_err(Error::from))
            .await?;
        let mut told: Vec<Told> = own
            .into_iter()
            .map(|n| Told {
                id: n.id,
                at: n.at,
                updated_at: n.updated_at,
                kind: n.kind,
                title: n.title,
                body: n.body,
                author: Some(n.author_name),
                own: true,
            })
            .collect();
        if !own_only {
            told.extend(self.told_by_the_desk(limit).await?);
        }
        told.sort_by_key(|n| std::cmp::Reverse((n.at, n.id)));
        told.truncate(usize::try_from(limit).unwrap_or(0));
        Ok(told)
    }

    /// What the whole desk tells, newest first.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn told_by_the_desk(&self, limit: i64) -> Result<Vec<Told>, Error> {
        Ok(self
            .news(limit)
            .await?
            .into_iter()
            .map(|n| Told {
                id: n.id,
                at: n.at,
                updated_at: n.at,
                kind: n.kind,
                title: n.title,
                body: n.body,
                author: None,
                own: false,
            })
            .collect())
    }

    /// Posts news of a portal, or (`id`) changes them.
    ///
    /// # Errors
    /// Names the field that is wrong; [`Error::Forbidden`] for those who may
    /// not; [`Error::NotFound`] when the portal has no such news.
    pub async fn post_news(
        &self,
        actor: &Actor,
        portal: PortalId,
        id: Option<Uuid>,
        draft: NewsDraft,
    ) -> Result<Uuid, Error> {
        self.may_post_news(actor, portal).await?;
        let draft = checked(draft)?;
        let (fresh, now, actor) = (self.uuid(), self.now(), actor.clone());
        self.0
            .db
            .write(move |c| {
                let known = match id {
                    Some(id) => Some(
                        store::portal::one_news(c, portal, id)?
                            .filter(|n| n.active)
                            .ok_or_else(|| Error::not_found("such news"))?,
                    ),
                    None => None,
                };
                let action = if known.is_some() {
                    "portal.news_changed"
                } else {
                    "portal.news_posted"
                };
                let news = PortalNews {
                    id: known.as_ref().map_or(fresh, |n| n.id),
                    portal,
                    at: known.as_ref().map_or(now, |n| n.at),
                    updated_at: now,
                    kind: draft.kind.clone(),
                    title: draft.title.clone(),
                    body: draft.body.clone(),
                    author_name: actor.name.clone(),
                    active: true,
                };
                store::portal::save_news(c, &news)?;
                record(c, &actor, now, action, &news)?;
                Ok(news.id)
            })
            .await
    }

    /// Takes news back.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for those who may not; [`Error::NotFound`] when the
    /// portal has no such news.
    pub async fn take_back_news(
        &self,
        actor: &Actor,
        portal: PortalId,
        id: Uuid,
    ) -> Result<(), Error> {
        self.may_post_news(actor, portal).await?;
        let (now, actor) = (self.now(), actor.clone());
        self.0
            .db
            .write(move |c| {
                let news = store::portal::one_news(c, portal, id)?
                    .filter(|n| n.active)
                    .ok_or_else(|| Error::not_found("such news"))?;
                let news = PortalNews {
                    active: false,
                    updated_at: now,
                    ..news
                };
                store::portal::save_news(c, &news)?;
                record(c, &actor, now, "portal.news_taken_back", &news)
            })
            .await
    }

    async fn may_post_news(&self, actor: &Actor, portal: PortalId) -> Result<(), Error> {
        let catalogue = self.catalogue().await?;
        let Some(portal) = catalogue.portal(portal) else {
            return Err(Error::not_found("such portal"));
        };
        if may_post(actor, portal.id) {
            Ok(())
        } else {
            Err(Error::Forbidden(format!(
                "only the responsibles of {}’s first level and administrators post its news",
                portal.name
            )))
        }
    }
}

fn record(
    c: &mut store::Conn<'_>,
    actor: &Actor,
    now: Millis,
    action: &str,
    news: &PortalNews,
) -> Result<(), Error> {
    let subject = Subject::Other("portal", news.portal.0);
    let detail = json!({ "news": news.id.to_string(), "kind": news.kind, "title": news.title });
    audit::record(c, actor, now, action, &subject, &detail)
}

fn checked(mut draft: NewsDraft) -> Result<NewsDraft, Error> {
    if !KINDS.iter().any(|(key, _)| *key == draft.kind) {
        return Err(Error::invalid(
            "kind",
            "takes one of news, incident, downtime",
        ));
    }
    draft.title = crate::open::one_line(&draft.title);
    if draft.title.is_empty() || draft.title.chars().count() > LONGEST_TITLE {
        return Err(Error::invalid(
            "title",
            format!("takes one line of 1 to {LONGEST_TITLE} characters"),
        ));
    }
    draft.body = draft.body.trim().to_owned();
    if draft.body.chars().count() > LONGEST_BODY {
        return Err(Error::invalid(
            "body",
            format!("takes at most {LONGEST_BODY} characters"),
        ));
    }
    Ok(draft)
}
