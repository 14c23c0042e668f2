//! `/admin/incoming`: mails that became no entry, and why; looked at and taken by hand.

use askama::Template;
use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use desk::mail_in::{Fate, IncomingMail};
use uuid::Uuid;

use crate::ui::assets::Asset;
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Here, Notice, NoticeTone, Room};
use crate::ui::posted::Posted;
use crate::ui::time::Dial;
use crate::ui::view::{Chip, Choice, Icon, Pages, TimeMark, Tone};
use crate::ui::visit::{Visit, encode, sentence};
use crate::ui::work_post::told;

/// A mail that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingRow {
    /// Its id.
    pub id: String,
    /// When it came.
    pub at: TimeMark,
    /// Who sent it, as they say.
    pub sender: String,
    /// Its subject.
    pub subject: String,
    /// What became of it.
    pub state: Chip,
    /// Why, and by which way it came.
    pub about: Vec<String>,
    /// It can be looked at and taken by hand.
    pub aside: bool,
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/incoming.html")]
pub struct IncomingPage {
    /// Around it.
    pub frame: Frame,
    /// States to choose from.
    pub states: Vec<Choice>,
    /// What was found, newest first.
    pub rows: Vec<IncomingRow>,
    /// The way to older ones.
    pub pages: Pages,
}

/// Mails on a page.
const PAGE: i64 = 50;

const STATES: [(&str, &str); 3] = [
    ("", "All that became no entry"),
    ("quarantined", "Set aside"),
    ("suppressed", "Suppressed"),
];

/// Why a mail was suppressed, in words.
pub(crate) fn reason(code: &str) -> String {
    match code {
        "bounce" => "A mail of ours did not arrive; the outbox has it.".to_owned(),
        "read_receipt" => "A mail of ours was displayed or deleted.".to_owned(),
        "auto_reply" => "An absence note, or another automatic answer.".to_owned(),
        "own_loop" => "A mail of this desk that came back.".to_owned(),
        "null_sender" => "Sent with an empty return path, as only machines do.".to_owned(),
        other => sentence(other),
    }
}

impl IncomingRow {
    fn of(mail: IncomingMail, dial: &Dial) -> IncomingRow {
        let way = match (mail.channel.as_str(), &mail.mailbox) {
            ("imap", Some(address)) => format!("Read from {address}"),
            ("imap", None) => "Read from a mailbox".to_owned(),
            ("lmtp", Some(address)) => format!("Handed over for {address}"),
            ("lmtp", None) => "Handed over by the mail server".to_owned(),
            _ => "Handed over as a file".to_owned(),
        };
        let aside = mail.is_aside();
        IncomingRow {
            id: mail.id.to_string(),
            at: dial.moment(mail.received_at),
            state: match mail.state.as_str() {
                "quarantined" => Chip::with_icon(Tone::Warn, "warn", "Set aside"),
                _ => Chip::new(Tone::Plain, "Suppressed"),
            },
            about: mail
                .reason
                .as_deref()
                .map(reason)
                .into_iter()
                .chain([way])
                .collect(),
            sender: mail.sender,
            subject: if mail.subject.is_empty() {
                "(no subject)".to_owned()
            } else {
                mail.subject
            },
            aside,
        }
    }
}

/// `GET /admin/incoming`.
pub async fn show(visit: Visit) -> Response {
    let result = async {
        let actor = visit.admin()?;
        let state = visit.query("state").trim();
        let known = STATES
            .iter()
            .any(|(key, _)| *key == state && !key.is_empty());
        let before = Uuid::try_parse(visit.query("before")).ok();
        let mut found = visit
            .desk
            .incoming_mails(actor, Some(state).filter(|_| known), before, PAGE + 1)
            .await?;
        let more = i64::try_from(found.len()).unwrap_or(0) > PAGE;
        found.truncate(usize::try_from(PAGE).unwrap_or(0));
        let query = format!("state={}", encode(state));
        let older = found
            .last()
            .filter(|_| more)
            .map(|last| format!("/admin/incoming?{query}&before={}", last.id));
        visit.page(&IncomingPage {
            states: Choice::list(STATES, state),
            rows: found
                .into_iter()
                .map(|mail| IncomingRow::of(mail, &visit.dial))
                .collect(),
            pages: Pages {
                words: String::new(),
                newer: before.map(|_| format!("/admin/incoming?{query}")),
                older,
            },
            frame: visit.frame(Room::Staff, Here::Admin).await?,
        })
    }
    .await;
    visit.close(result).await
}

/// `GET /admin/incoming/{mail}`: the mail as it came, to be saved and never shown here.
pub async fn bytes(Path(id): Path<String>, visit: Visit) -> Response {
    let result = async {
        let id = Uuid::try_parse(&id).map_err(|_| Fault::no_page())?;
        let bytes = visit.desk.incoming_bytes(visit.admin()?, id).await?;
        let headers = [
            (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
            (
                header::CONTENT_DISPOSITION,
                format!("attachment; filename=\"{id}.eml\""),
            ),
        ];
        Ok::<_, Fault>((headers, bytes).into_response())
    }
    .await;
    visit.close(result).await
}

/// `POST /admin/incoming`: `do` is `take`.
pub async fn act(posted: Posted) -> Response {
    let mut posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    posted.back_to("/admin/incoming");
    let result = deed(&posted).await;
    posted.visit.close(result).await
}

async fn deed(posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = visit.admin()?;
    if posted.text("do") != "take" {
        return Err(Fault::no_page());
    }
    let id = Uuid::try_parse(posted.text("id")).map_err(|_| Fault::no_page())?;
    let notice = match visit.desk.take_by_hand(actor, id).await {
        Ok(Fate::Entry(number)) => {
            Notice::new(NoticeTone::Ok, format!("It is in ticket {number} now"))
        }
        Ok(Fate::Suppressed(why) | Fate::Quarantined(why)) => Notice {
            tone: NoticeTone::Warn,
            title: "It could not be taken".to_owned(),
            text: reason(&why),
        },
        Ok(Fate::Taken) => Notice::new(NoticeTone::Warn, "It is looked at again soon"),
        Err(error) => {
            let (_, problem) = told(error, "id")?;
            Notice {
                tone: NoticeTone::Warn,
                title: "Not done".to_owned(),
                text: problem,
            }
        }
    };
    visit.go(&visit.path, Some(notice))
}
