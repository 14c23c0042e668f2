//! `/admin/mail-texts`: what mails say, in each language; tried with a real ticket,
//! and put back to what is shipped.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Error;
use desk::mail_text::{LANGUAGES, MailText};
use switchboard_core::TicketNumber;

use crate::ui::assets::Asset;
use crate::ui::fault::Fault;
use crate::ui::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use crate::ui::posted::Posted;
use crate::ui::view::{Chip, Icon, Tone};
use crate::ui::visit::{Visit, sentence};
use crate::ui::work_post::told;

/// Texts about the same, in the language of the one that is edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextGroup {
    /// What they are about.
    pub label: &'static str,
    /// The texts.
    pub rows: Vec<TextRow>,
}

/// A text in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextRow {
    /// Its page.
    pub href: String,
    /// What it is.
    pub name: &'static str,
    /// Somebody wrote it here.
    pub own: bool,
    /// It is the one below.
    pub current: bool,
}

/// The same text in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LanguageTab {
    /// Its page.
    pub href: String,
    /// The language's key.
    pub key: &'static str,
    /// Its name.
    pub name: &'static str,
    /// It is the one below.
    pub current: bool,
}

/// The text that is edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextForm {
    /// Its key.
    pub key: String,
    /// What it is, and in which language.
    pub title: String,
    /// Its subject.
    pub subject: String,
    /// Its body.
    pub body: String,
    /// The version that was seen.
    pub version: i64,
    /// Somebody wrote it here.
    pub own: bool,
    /// The fields that it may use, as they are written.
    pub fields: Vec<String>,
    /// The number of a ticket goes before its subject.
    pub tagged: bool,
    /// It is tried with a ticket.
    pub with_ticket: bool,
    /// The ticket that it is tried with.
    pub ticket: String,
    /// What it would be: subject and body.
    pub preview: Option<(String, String)>,
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/mail_texts.html")]
pub struct MailTextsPage {
    /// Around it.
    pub frame: Frame,
    /// All texts.
    pub groups: Vec<TextGroup>,
    /// The one that is edited in each language.
    pub languages: Vec<LanguageTab>,
    /// The one that is edited.
    pub form: TextForm,
    /// What was wrong.
    pub errors: Errors,
}

fn language_name(key: &str) -> &'static str {
    LANGUAGES
        .into_iter()
        .find(|(k, _)| *k == key)
        .map_or("", |(_, name)| name)
}

fn form(text: &MailText) -> TextForm {
    TextForm {
        key: text.key(),
        title: format!("{}, {}", text.kind.label(), language_name(text.language)),
        subject: text.subject.clone(),
        body: text.body.clone(),
        version: text.version,
        own: !text.shipped,
        fields: text
            .kind
            .fields()
            .iter()
            .map(|f| format!("{{{{ {f} }}}}"))
            .collect(),
        tagged: text.kind.is_tagged(),
        with_ticket: text.kind.tells_of_a_ticket(),
        ticket: String::new(),
        preview: None,
    }
}

async fn page(visit: &Visit, form: TextForm, errors: Errors) -> Result<MailTextsPage, Fault> {
    let href = |kind: &str, language: &str| format!("/admin/mail-texts?text={kind}.{language}");
    let (kind, language) = form.key.split_once('.').unwrap_or(("", ""));
    let languages = LANGUAGES
        .into_iter()
        .map(|(key, name)| LanguageTab {
            href: href(kind, key),
            key,
            name,
            current: key == language,
        })
        .collect();
    let mut groups: Vec<TextGroup> = Vec::new();
    for text in visit.desk.mail_texts(visit.admin()?).await? {
        if text.language != language {
            continue;
        }
        let label = text.kind.group().label();
        let row = TextRow {
            href: href(text.kind.key(), language),
            name: text.kind.label(),
            own: !text.shipped,
            current: text.key() == form.key,
        };
        match groups.last_mut().filter(|group| group.label == label) {
            Some(group) => group.rows.push(row),
            None => groups.push(TextGroup {
                label,
                rows: vec![row],
            }),
        }
    }
    Ok(MailTextsPage {
        groups,
        languages,
        form,
        errors,
        frame: visit.frame(Room::Staff, Here::Admin).await?,
    })
}

/// `GET /admin/mail-texts`.
pub async fn show(visit: Visit) -> Response {
    let result = async {
        let actor = visit.admin()?;
        let key = match visit.query("text") {
            "" => "answer.en",
            key => key,
        };
        let text = visit.desk.mail_text(actor, key).await?;
        visit.page(&page(&visit, form(&text), Errors::default()).await?)
    }
    .await;
    visit.close(result).await
}

/// `POST /admin/mail-texts`: save, try, put back.
pub async fn act(posted: Posted) -> Response {
    let mut posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let key: String = posted
        .text("key")
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
        .collect();
    posted.visit.at(format!("/admin/mail-texts?text={key}"));
    let result = deed(&posted, &key).await;
    posted.visit.close(result).await
}

async fn deed(posted: &Posted, key: &str) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = visit.admin()?;
    let stored = visit.desk.mail_text(actor, key).await?;
    if posted.text("do") == "reset" {
        let version = posted.text("version").parse().ok();
        let notice = match visit.desk.reset_mail_text(actor, key, version).await {
            Err(Error::Stale { .. }) => Notice {
                tone: NoticeTone::Warn,
                title: "Not put back: somebody changed this text meanwhile".to_owned(),
                text: "Theirs is below; put it back if you still want to.".to_owned(),
            },
            other => {
                other?;
                Notice::new(NoticeTone::Ok, "The shipped text holds again")
            }
        };
        return visit.go(&visit.path, Some(notice));
    }
    let mut again = TextForm {
        subject: posted.text("subject").to_owned(),
        // Textareas send their lines as CRLF.
        body: format!("{}\n", posted.body("body")),
        ticket: posted.text("ticket").to_owned(),
        version: posted.text("version").parse().unwrap_or(stored.version),
        ..form(&stored)
    };
    let result = if posted.text("do") == "preview" {
        let number = again.ticket.trim_start_matches('#').parse::<i64>().ok();
        let number = number.map(TicketNumber);
        visit
            .desk
            .preview_mail_text(actor, key, &again.subject, &again.body, number)
            .await
            .map(Some)
    } else {
        visit
            .desk
            .set_mail_text(actor, key, Some(again.version), &again.subject, &again.body)
            .await
            .map(|_| None)
    };
    match result {
        Ok(Some(preview)) => {
            again.preview = Some(preview);
            visit.page(&page(visit, again, Errors::default()).await?)
        }
        Ok(None) => visit.go(&visit.path, Some(Notice::new(NoticeTone::Ok, "Saved"))),
        Err(Error::Stale { current }) => {
            again.version = current;
            let mut page = page(visit, again, Errors::default()).await?;
            page.frame.notice = Some(Notice {
                tone: NoticeTone::Warn,
                title: "Not saved: somebody changed this text meanwhile".to_owned(),
                text: "Yours is below; save again to put it in place of theirs.".to_owned(),
            });
            visit.page_as(StatusCode::CONFLICT, &page)
        }
        Err(error) => {
            let (field, problem) = told(error, "body")?;
            let errors = Errors::one(field, sentence(&problem));
            let page = page(visit, again, errors).await?;
            visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

impl TextRow {
    /// Marks what was written here.
    pub fn chip(&self) -> Option<Chip> {
        self.own.then(|| Chip::new(Tone::Info, "Own text"))
    }
}
