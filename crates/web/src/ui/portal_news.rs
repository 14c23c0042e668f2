//! `/p/{key}/news` and `/news`: what a portal, or the whole desk, tells its
//! visitors; and both as feeds (RFC 4287).

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use desk::Error;
use desk::portal_news::{KINDS, NewsDraft, Told, may_post};
use jiff::Timestamp;
use uuid::Uuid;

use super::assets::Asset;
use super::fault::Fault;
use super::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use super::portal::tagged;
use super::posted::Posted;
use super::text::{Prose, prose};
use super::time::Dial;
use super::view::{Chip, Choice, Icon, TimeMark, Tone};
use super::visit::{Visit, sentence};
use crate::AppState;
use crate::headers::portal_of_host;
use crate::problem::status_of;

/// News on a page and in a feed.
const MOST: i64 = 30;

/// One piece of news.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewsView {
    /// Its id in the page: `n-` and its id.
    pub anchor: String,
    /// Its id.
    pub id: String,
    /// "Incident".
    pub chip: Option<Chip>,
    /// One line.
    pub title: String,
    /// The rest.
    pub body: Prose,
    /// When.
    pub when: TimeMark,
    /// By whom: the portal or the whole desk.
    pub by: String,
    /// It is the portal's own.
    pub own: bool,
}

/// The page of news.
#[derive(Debug, Clone, Template)]
#[template(path = "portal/news.html")]
pub struct NewsPage {
    /// Around it.
    pub frame: Frame,
    /// Whose: "Belle help", or of the whole desk.
    pub of: String,
    /// The feed.
    pub feed: String,
    /// The news, newest first.
    pub news: Vec<NewsView>,
    /// Where the form goes; `None`: the reader may not post here.
    pub post_to: Option<String>,
    /// The id of the news that are changed; empty: new ones.
    pub changing: String,
    /// Kinds to choose from.
    pub kinds: Vec<Choice>,
    /// What was typed as title.
    pub title: String,
    /// What was typed as text.
    pub body: String,
    /// What was wrong.
    pub errors: Errors,
}

/// A piece of news as visitors see it.
pub fn shown(told: &Told, dial: &Dial) -> NewsView {
    NewsView {
        anchor: format!("n-{}", told.id),
        id: told.id.to_string(),
        chip: match told.kind.as_str() {
            "incident" => Some(Chip::with_icon(Tone::Warn, "warn", "Incident")),
            "downtime" => Some(Chip::with_icon(Tone::Info, "cal", "Planned downtime")),
            _ => None,
        },
        title: told.title.clone(),
        body: prose(&told.body),
        when: dial.moment(told.at),
        by: match &told.author {
            Some(name) => name.clone(),
            None => "the whole helpdesk".to_owned(),
        },
        own: told.own,
    }
}

/// `GET /news` and `GET /p/{key}/news`.
pub async fn show(visit: Visit) -> Response {
    let result = async {
        let page = page(&visit, &NewsDraft::default(), Errors::default()).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

async fn page(visit: &Visit, draft: &NewsDraft, errors: Errors) -> Result<NewsPage, Fault> {
    let portal = if visit.path.starts_with("/p/") {
        Some(visit.portal()?)
    } else {
        visit.portal().ok()
    };
    let told = match portal {
        Some(portal) => visit.desk.told_by(portal.id, MOST).await?,
        None => visit.desk.told_by_the_desk(MOST).await?,
    };
    let prefix = visit.prefix();
    let may = portal.filter(|p| may_post(&visit.looker(), p.id));
    let changing = visit.query("change").to_owned();
    let mut draft = draft.clone();
    if let Some(found) = told
        .iter()
        .find(|n| n.own && n.id.to_string() == changing && errors.is_empty())
    {
        draft = NewsDraft {
            kind: found.kind.clone(),
            title: found.title.clone(),
            body: found.body.clone(),
        };
    }
    Ok(NewsPage {
        frame: visit.frame(Room::Public, Here::News).await?,
        of: portal.map_or_else(
            || "the whole helpdesk".to_owned(),
            |portal| portal.name.clone(),
        ),
        feed: format!("{prefix}/news.atom"),
        news: told.iter().map(|n| shown(n, &visit.dial)).collect(),
        post_to: may.map(|p| format!("/p/{}/news", p.key)),
        changing: if draft == NewsDraft::default() {
            String::new()
        } else {
            changing
        },
        kinds: Choice::list(KINDS, &draft.kind),
        title: draft.title,
        body: draft.body,
        errors,
    })
}

/// `POST /p/{key}/news`: posts, changes or takes back.
pub async fn post(Path(key): Path<String>, posted: Posted) -> Response {
    let mut posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = act(&mut posted, &key).await;
    posted.visit.close(result).await
}

async fn act(posted: &mut Posted, key: &str) -> Result<Response, Fault> {
    let id = match posted.text("id") {
        "" => None,
        text => Some(Uuid::try_parse(text).map_err(|_| Fault::no_page())?),
    };
    let draft = NewsDraft {
        kind: posted.text("kind").to_owned(),
        title: posted.text("title").to_owned(),
        body: posted.body("body"),
    };
    let (visit, take_back) = (&posted.visit, posted.text("do") == "take-back");
    let actor = visit.actor()?;
    let portal = visit.portal()?.id;
    let to = format!("/p/{key}/news");
    let result = match id {
        Some(id) if take_back => {
            visit.desk.take_back_news(actor, portal, id).await?;
            let notice = Notice::new(NoticeTone::Ok, "Taken back");
            return visit.go(&to, Some(notice));
        }
        id => visit.desk.post_news(actor, portal, id, draft.clone()).await,
    };
    match result {
        Ok(_) => {
            let words = if id.is_some() { "Changed" } else { "Posted" };
            visit.go(&to, Some(Notice::new(NoticeTone::Ok, words)))
        }
        Err(Error::Invalid { field, problem }) => {
            let errors = Errors::one(field, sentence(&problem));
            let change = id.map_or_else(String::new, |id| format!("?change={id}"));
            posted.visit.at(format!("{to}{change}"));
            let page = page(&posted.visit, &draft, errors).await?;
            posted
                .visit
                .page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(other) => Err(other.into()),
    }
}

/// A feed of news. Every address in it is made from what is configured.
#[derive(Debug, Clone, Template)]
#[template(path = "portal/news.xml")]
pub struct Feed {
    /// Its title.
    pub title: String,
    /// Its permanent name.
    pub id: String,
    /// Its own address.
    pub own: String,
    /// The page of news.
    pub page: String,
    /// Who speaks where nobody is named.
    pub author: String,
    /// When anything in it last changed.
    pub updated: String,
    /// The news.
    pub entries: Vec<FeedEntry>,
}

/// One entry of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedEntry {
    /// Its permanent name.
    pub id: String,
    /// One line.
    pub title: String,
    /// Its kind's key.
    pub kind: String,
    /// When it was posted.
    pub published: String,
    /// When it last changed.
    pub updated: String,
    /// Who posted it.
    pub author: String,
    /// Where it stands.
    pub href: String,
    /// The text.
    pub body: String,
}

/// A time as feeds write it.
fn stamp(millis: i64) -> String {
    Timestamp::from_millisecond(millis)
        .unwrap_or(Timestamp::UNIX_EPOCH)
        .to_string()
}

/// Text without the characters that XML can not hold at all.
fn xml_text(text: &str) -> String {
    text.chars()
        .filter(|c| {
            matches!(c, '\t' | '\n' | '\r') || (*c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}'))
        })
        .collect()
}

impl Feed {
    /// A feed of what is told at this address.
    fn of(title: String, id: String, base: &str, author: String, told: &[Told]) -> Feed {
        let page = format!("{base}/news");
        let updated = told.iter().map(|n| n.updated_at).max().unwrap_or(0);
        Feed {
            entries: told
                .iter()
                .map(|n| FeedEntry {
                    id: format!("urn:uuid:{}", n.id),
                    title: xml_text(&n.title),
                    kind: n.kind.clone(),
                    published: stamp(n.at),
                    updated: stamp(n.updated_at),
                    author: xml_text(n.author.as_deref().unwrap_or(&author)),
                    href: format!("{page}#n-{}", n.id),
                    body: xml_text(&n.body),
                })
                .collect(),
            own: format!("{base}/news.atom"),
            page,
            title: xml_text(&title),
            author: xml_text(&author),
            id,
            updated: stamp(updated),
        }
    }
}

/// `GET /news.atom`: the whole desk's, or that of the portal whose host was
/// asked.
pub async fn desk_feed(State(app): State<AppState>, uri: Uri, headers: HeaderMap) -> Response {
    let key = match portal_of_host(&app, &headers, &uri).await {
        Ok(portal) => portal.map(|p| p.key),
        Err(error) => return status_of(&error).into_response(),
    };
    feed(&app, key.as_deref(), &headers).await
}

/// `GET /p/{key}/news.atom`.
pub async fn portal_feed(
    State(app): State<AppState>,
    Path(key): Path<String>,
    headers: HeaderMap,
) -> Response {
    feed(&app, Some(&key), &headers).await
}

async fn feed(app: &AppState, key: Option<&str>, headers: &HeaderMap) -> Response {
    match made(app, key).await {
        Ok(Some(feed)) => match feed.render() {
            Ok(text) => tagged(
                headers,
                "application/atom+xml; charset=utf-8",
                text.into_bytes(),
            ),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        },
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => status_of(&error).into_response(),
    }
}

async fn made(app: &AppState, key: Option<&str>) -> Result<Option<Feed>, Error> {
    let desk = &app.desk;
    let Some(key) = key else {
        let base = desk.config().public_url.clone();
        let name = desk.config().name.clone();
        let told = desk.told_by_the_desk(MOST).await?;
        let id = format!("{base}/news.atom");
        return Ok(Some(Feed::of(
            format!("{name}: news"),
            id,
            &base,
            name,
            &told,
        )));
    };
    let catalogue = desk.catalogue().await?;
    let Ok(portal) = catalogue.find_portal("portal", key) else {
        return Ok(None);
    };
    let told = desk.told_by(portal.id, MOST).await?;
    Ok(Some(Feed::of(
        format!("{}: news", portal.name),
        format!("urn:uuid:{}", portal.id.0),
        &desk.portal_url(portal),
        portal.name.clone(),
        &told,
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(title: &str, body: &str) -> Told {
        Told {
            id: Uuid::from_u128(7),
            at: 1_790_000_000_000,
            updated_at: 1_790_000_060_000,
            kind: "incident".into(),
            title: title.into(),
            body: body.into(),
            author: None,
            own: true,
        }
    }

    #[test]
    fn whatever_people_write_the_feed_is_xml() {
        let all = [told(
            "a < b & c \u{1}]]>",
            "<script>alert(1)</script> \"'\n\u{ffff}",
        )];
        let feed = Feed::of(
            "Belle & Co".into(),
            "urn:uuid:x".into(),
            "https://desk.example/p/belle",
            "Belle".into(),
            &all,
        );
        let text = feed.render().unwrap();
        assert!(text.starts_with("<?xml version=\"1.0\" encoding=\"utf-8\"?>"));
        assert!(text.contains("<title>Belle &#38; Co</title>"), "{text}");
        assert!(
            !text.contains("<script>") && !text.contains("]]>"),
            "{text}"
        );
        assert!(text.chars().all(|c| c >= ' ' || c == '\n'), "{text}");
        assert!(
            text.contains("<updated>2026-09-21T14:14:20Z</updated>"),
            "{text}"
        );
        assert!(text.contains(
            "href=\"https://desk.example/p/belle/news#n-00000000-0000-0000-0000-000000000007\""
        ));
    }

    #[test]
    fn an_empty_feed_is_a_feed() {
        let feed = Feed::of(
            "t".into(),
            "urn:x".into(),
            "https://a.example",
            "a".into(),
            &[],
        );
        let text = feed.render().unwrap();
        assert!(text.contains("<updated>1970-01-01T00:00:00Z</updated>"));
        assert!(!text.contains("<entry>"));
    }
}
