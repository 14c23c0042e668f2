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

/// A text in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextRow {
    /// Its page.
    pub href: String,
    /// What it is.
    pub name: &'static str,
    /// Its language.
    pub language: &'static str,
    /// Somebody wrote it here.
    pub own: bool,
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
    pub rows: Vec<TextRow>,
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
        ticket: String::new(),
        preview: None,
    }
}

async fn page(visit: &Visit, form: TextForm, errors: Errors) -> Result<MailTextsPage, Fault> {
    let rows = visit
        .desk
        .mail_texts(visit.admin()?)
        .await?
        .iter()
        .map(|text| TextRow {
            href: format!("/admin/mail-texts?text={}", text.key()),
            name: text.kind.label(),
            language: language_name(text.language),
            own: !text.shipped,
            current: text.key() == form.key,
        })
        .collect();
    Ok(MailTextsPage {
        rows,
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
        .filter(|c| c.is_ascii_alphanumeric() || *c == '.')
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
        let number = again.ticket.trim_start_matches('#').parse::<i64>();
        match number {
            Err(_) => Err(Error::invalid(
                "ticket",
                "give a ticket’s number to try it with",
            )),
            Ok(number) => visit
                .desk
                .preview_mail_text(
                    actor,
                    key,
                    &again.subject,
                    &again.body,
                    TicketNumber(number),
                )
                .await
                .map(Some),
        }
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
