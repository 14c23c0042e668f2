//! The texts of mails: shipped in English and German, and written anew by administrators
//! where they like.

mod kind;
mod sample;

use std::collections::BTreeMap;

use mail::template;
use serde_json::json;
use store::Conn;
use switchboard_core::{Actor, Status, TicketNumber};

use crate::audit::{self, Subject};
use crate::follow::notices::text;
use crate::view::load_visible;
use crate::{Desk, Error};

pub use kind::{Group, Kind};

/// The languages that texts are shipped in: key and own name.
pub const LANGUAGES: [(&str, &str); 2] = [("en", "English"), ("de", "Deutsch")];

/// A text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailText {
    /// Which mail.
    pub kind: Kind,
    /// In which language.
    pub language: &'static str,
    /// Its subject; of mails about tickets the tag goes before it.
    pub subject: String,
    /// Its body.
    pub body: String,
    /// It is the one that is shipped.
    pub shipped: bool,
    /// Counts changes, putting the shipped one back among them.
    pub version: i64,
}

/// `answer.de` as kind and language.
///
/// # Errors
/// [`Error::NotFound`].
pub fn named(key: &str) -> Result<(Kind, &'static str), Error> {
    let not_found = || Error::not_found(format!("a mail's text {key:?}"));
    let (kind, language) = key.split_once('.').ok_or_else(not_found)?;
    let kind = Kind::ALL
        .iter()
        .copied()
        .find(|k| k.key() == kind)
        .ok_or_else(not_found)?;
    let language = LANGUAGES
        .into_iter()
        .map(|(key, _)| key)
        .find(|l| *l == language)
        .ok_or_else(not_found)?;
    Ok((kind, language))
}

/// What stands in the fields of one mail.
pub(crate) type Values = BTreeMap<&'static str, String>;

/// The text that holds.
pub(crate) fn current(c: &mut Conn<'_>, kind: Kind, language: &str) -> Result<MailText, Error> {
    let language = LANGUAGES
        .into_iter()
        .map(|(key, _)| key)
        .find(|l| *l == language)
        .unwrap_or("en");
    let (subject, body) = kind.shipped(language);
    let mut text = MailText {
        kind,
        language,
        subject: subject.into(),
        body: body.into(),
        shipped: true,
        version: 0,
    };
    if let Some(stored) = store::mail_text::load(c, &key_of(kind, language))? {
        text.version = stored.version;
        if let Some((subject, body)) = stored.own {
            (text.subject, text.body, text.shipped) = (subject, body, false);
        }
    }
    Ok(text)
}

fn key_of(kind: Kind, language: &str) -> String {
    format!("{}.{language}", kind.key())
}

impl MailText {
    /// The word in addresses and the database: `answer.de`.
    pub fn key(&self) -> String {
        key_of(self.kind, self.language)
    }

    /// Subject and body of a mail. A text that can not be used, however it came here,
    /// or of which nothing is left, is no reason to send nothing or a mail that says
    /// nothing: the shipped one takes its place.
    pub(crate) fn written(&self, values: &Values) -> Result<(String, String), Error> {
        match put(self.kind, &self.subject, &self.body, values) {
            Ok(written) => Ok(written),
            Err(why) if !self.shipped => {
                tracing::warn!(
                    text = self.key(),
                    %why,
                    "an own mail text can not be used"
                );
                let (subject, body) = self.kind.shipped(self.language);
                put(self.kind, subject, body, values)
            }
            Err(why) => Err(why),
        }
    }
}

fn put(kind: Kind, subject: &str, body: &str, values: &Values) -> Result<(String, String), Error> {
    let wrong = |field: &'static str| {
        move |e: template::TemplateError| Error::invalid(field, e.to_string())
    };
    let subject =
        template::render_line(subject, kind.fields(), values).map_err(wrong("subject"))?;
    let body = template::render(body, kind.fields(), values).map_err(wrong("body"))?;
    // The subject of a ticket may be empty, and its number stands before it.
    if !kind.is_tagged() && subject.is_empty() {
        return Err(Error::invalid("subject", "nothing of it is left"));
    }
    if body.trim().is_empty() {
        return Err(Error::invalid("body", "nothing of it is left"));
    }
    Ok((subject, body))
}

fn administers(actor: &Actor) -> Result<(), Error> {
    if actor.admin || actor.is_system() {
        return Ok(());
    }
    Err(Error::Forbidden(
        "only administrators may look after the texts of mails".into(),
    ))
}

/// What stands in a trial for the link.
const LINK: &str = "https://link.invalid";

/// Checks a text that somebody wrote.
fn check(kind: Kind, subject: &str, body: &str) -> Result<(), Error> {
    if subject.trim().is_empty() {
        return Err(Error::invalid("subject", "write something: it is empty"));
    }
    if subject.chars().count() > 300 || subject.contains(['\n', '\r']) {
        return Err(Error::invalid(
            "subject",
            "takes one line of up to 300 characters",
        ));
    }
    if body.trim().is_empty() {
        return Err(Error::invalid("body", "write something: it is empty"));
    }
    for (field, text) in [("subject", subject), ("body", body)] {
        if text.contains('\0') {
            return Err(Error::invalid(field, "has a NUL character in it"));
        }
        template::check(text, kind.fields()).map_err(|e| Error::invalid(field, e.to_string()))?;
    }
    if !kind.fields().contains(&"link") {
        return Ok(());
    }
    // Without it nobody finds the ticket, or can do what the mail is for. Where no other
    // field holds anything, it has to be there still.
    let only: Values = [("link", LINK.to_owned())].into();
    let bare = template::render(body, kind.fields(), &only)
        .map_err(|e| Error::invalid("body", e.to_string()))?;
    if !bare.contains(LINK) {
        return Err(Error::invalid(
            "body",
            "has to have {{ link }} in it, and not only under a condition",
        ));
    }
    Ok(())
}

impl Desk {
    /// Every text, in the order of kinds and languages.
    ///
    /// # Errors
    /// When the actor is no administrator.
    pub async fn mail_texts(&self, actor: &Actor) -> Result<Vec<MailText>, Error> {
        administers(actor)?;
        self.0
            .db
            .read(|c| {
                let mut all = Vec::new();
                for kind in Kind::ALL {
                    for (language, _) in LANGUAGES {
                        all.push(current(c, *kind, language)?);
                    }
                }
                Ok(all)
            })
            .await
    }

    /// One text by its key: `answer.de`.
    ///
    /// # Errors
    /// [`Error::NotFound`], or when the actor is no administrator.
    pub async fn mail_text(&self, actor: &Actor, key: &str) -> Result<MailText, Error> {
        administers(actor)?;
        let (kind, language) = named(key)?;
        self.0.db.read(move |c| current(c, kind, language)).await
    }

    /// Writes a text anew. `expected`: the version that the actor saw.
    ///
    /// # Errors
    /// Names the field and what is wrong with it.
    pub async fn set_mail_text(
        &self,
        actor: &Actor,
        key: &str,
        expected: Option<i64>,
        subject: &str,
        body: &str,
    ) -> Result<MailText, Error> {
        administers(actor)?;
        let (kind, language) = named(key)?;
        check(kind, subject, body)?;
        let own = Some((subject.trim().to_owned(), body.to_owned()));
        self.keep_mail_text(actor, kind, language, expected, own)
            .await
    }

    /// Puts the shipped text back. `expected`: the version that the actor saw.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Stale`], or when the actor is no administrator.
    pub async fn reset_mail_text(
        &self,
        actor: &Actor,
        key: &str,
        expected: Option<i64>,
    ) -> Result<MailText, Error> {
        administers(actor)?;
        let (kind, language) = named(key)?;
        self.keep_mail_text(actor, kind, language, expected, None)
            .await
    }

    async fn keep_mail_text(
        &self,
        actor: &Actor,
        kind: Kind,
        language: &'static str,
        expected: Option<i64>,
        own: Option<(String, String)>,
    ) -> Result<MailText, Error> {
        let (now, who) = (self.now(), actor.clone());
        self.0
            .db
            .write(move |c| {
                let before = current(c, kind, language)?;
                if let Some(expected) = expected
                    && expected != before.version
                {
                    return Err(Error::Stale {
                        current: before.version,
                    });
                }
                let text = store::mail_text::MailText {
                    key: before.key(),
                    own: own.clone(),
                    version: before.version + 1,
                };
                // Nothing to put back is nothing done.
                if text.own.is_none() && before.shipped {
                    return Ok(before);
                }
                store::mail_text::save(c, &text, now)?;
                let after = current(c, kind, language)?;
                audit::record(
                    c,
                    &who,
                    now,
                    "setting.changed",
                    &Subject::Setting(format!("mail-text.{}", text.key)),
                    &json!({
                        "subject": [before.subject, after.subject],
                        "body": [before.body, after.body],
                        "shipped": after.shipped,
                    }),
                )?;
                Ok(after)
            })
            .await
    }

    /// What a mail would be. One about a ticket (`number`) tells the last thing that its
    /// readers are told of; of a ticket whose label keeps its text out of mails there is a
    /// preview only of the mail that is sent then. Other mails have words of the kind that
    /// would stand there.
    ///
    /// # Errors
    /// Names the field that is wrong, `ticket` for one that is needed and missing, or that
    /// the actor may not see.
    pub async fn preview_mail_text(
        &self,
        actor: &Actor,
        key: &str,
        subject: &str,
        body: &str,
        number: Option<TicketNumber>,
    ) -> Result<(String, String), Error> {
        administers(actor)?;
        let (kind, language) = named(key)?;
        check(kind, subject, body)?;
        let catalogue = self.catalogue().await?;
        let (subject, body) = (subject.to_owned(), body.to_owned());
        let german = language == "de";
        if !kind.tells_of_a_ticket() {
            let values = sample::letter((self, &catalogue), kind, german, &actor.name, None);
            return put(kind, &subject, &body, &values);
        }
        let number = number
            .ok_or_else(|| Error::invalid("ticket", "give a ticket’s number to try it with"))?;
        let (desk, who) = (self.clone(), actor.clone());
        let (mail, label) = self
            .0
            .db
            .read(move |c| {
                // Also for administrators: what they may not see is in no preview.
                let (ticket, access) = load_visible(c, &who, number).map_err(|e| match e {
                    Error::NotFound { .. } => Error::invalid("ticket", "there is no such ticket"),
                    other => other,
                })?;
                if kind == Kind::Work && !access.may_see_internal() {
                    return Err(Error::invalid("ticket", "you are not on its support side"));
                }
                let around = (&desk, &*catalogue);
                let (values, label) = if text::is_notice(kind) {
                    text::sample(c, around, &ticket, kind, language, &who.name)?
                } else {
                    (
                        sample::letter(around, kind, german, &who.name, Some(&ticket)),
                        None,
                    )
                };
                let tells = matches!(kind, Kind::Answer | Kind::Work);
                if let Some(tlp) = label.filter(|tlp| tells && !tlp.may_be_mailed()) {
                    return Err(Error::invalid(
                        "ticket",
                        format!(
                            "what its mails would tell is marked {}: they are “{}”",
                            tlp.label(),
                            Kind::Restricted.label()
                        ),
                    ));
                }
                let (subject, body) = put(kind, &subject, &body, &values)?;
                let subject = match kind {
                    Kind::Answer | Kind::Work | Kind::Restricted => {
                        text::subject(number, label, &subject)
                    }
                    _ if kind.is_tagged() => mail::subject_with_tag(number, &subject),
                    _ => subject,
                };
                Ok(((subject, body), label.filter(|_| tells)))
            })
            .await?;
        // Its words are shown: that is a reading of it.
        self.note_read(actor, number, label.is_some()).await?;
        Ok(mail)
    }
}

/// A status in the words of a language.
pub(crate) fn status_words(status: Status, language: &str) -> &'static str {
    if language != "de" {
        return status.label();
    }
    match status {
        Status::New => "neu",
        Status::Assigned => "zugewiesen",
        Status::InProgress => "in Arbeit",
        Status::Waiting => "wartet auf Antwort",
        Status::OnHold => "ruht",
        Status::Reopened => "wieder offen",
        Status::Solved => "gelöst",
        Status::Unsolved => "nicht gelöst",
        Status::Verified => "bestätigt",
        Status::Closed => "geschlossen",
    }
}

/// A priority in the words of a language.
pub(crate) fn priority_words(priority: switchboard_core::Priority, language: &str) -> &'static str {
    if language != "de" {
        return priority.label();
    }
    match priority.key() {
        "low" => "niedrig",
        "medium" => "mittel",
        "high" => "hoch",
        _ => "höchste",
    }
}
