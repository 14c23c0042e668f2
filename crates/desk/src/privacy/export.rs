//! All of a person's data in one archive: JSON, the files they sent and their mails.
//!
//! What is in it follows from the list of places; tickets are put in as the person
//! may see them, by the one function that builds what somebody may see.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json, json};
use store::Conn;
use store::audit::Filter;
use store::data_export::Export;
use store::job::NewJob;
use store::trace::Hints;
use store::{Dialect, Value};
use switchboard_core::redact::{ERASED, Traces};
use switchboard_core::{Actor, Channel, Millis, PersonId, TicketNumber, Visibility};
use uuid::Uuid;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::places::{self, Holds, Table};
use super::wish::check_admin;
use crate::account::actor_of;
use crate::audit::{self, Subject};
use crate::jobs::{EXPORT, Outcome};
use crate::letter::{self, About};
use crate::mail_text::Kind;
use crate::reads::Door;
use crate::{Catalogue, Desk, Error};

/// For so long an archive can be fetched.
pub const EXPORT_MS: Millis = 7 * 86_400_000;
/// Tickets, deeds and reads are looked up in steps of so many.
const STEP: i64 = 500;

/// What is in the archive, for whoever opens it.
const README: &str = "\
This archive holds all that this helpdesk knows about you.

data/         one file for each table that has rows of yours; times are milliseconds
              since 1970, UTC. Secrets (passwords, keys, tokens) are left out.
tickets/      every ticket that you are on, as you may see it: its state, its entries,
              its history
entries.json  everything that you wrote, in whatever ticket
attachments/  the files that you sent
mails.json    mails from you and to you; the mails themselves are in mails/
audit.json    what was done with your account and your rights, and what you did
reads.json    restricted tickets that you opened, and when
";

/// One file of the archive whose bytes lie in the folder of files.
struct Stored {
    name: String,
    sha256: String,
}

/// What goes into an archive.
#[derive(Default)]
struct Content {
    texts: Vec<(String, Vec<u8>)>,
    stored: Vec<Stored>,
    restricted: Vec<TicketNumber>,
}

impl Content {
    fn json(&mut self, name: impl Into<String>, value: &Json) -> Result<(), Error> {
        let text = serde_json::to_vec_pretty(value)
            .map_err(|e| Error::Internal(format!("export to JSON: {e}")))?;
        self.texts.push((name.into(), text));
        Ok(())
    }
}

impl Desk {
    /// Asks for the archive of somebody's data: one's own, or as an administrator
    /// anybody's. A mail tells when it can be fetched.
    ///
    /// # Errors
    /// [`Error::Conflict`] while one is being made, or when the person was erased.
    pub async fn ask_export(&self, actor: &Actor, person: PersonId) -> Result<Uuid, Error> {
        let asked_by = actor
            .person
            .ok_or_else(|| Error::Unauthenticated("sign in first".into()))?;
        if asked_by != person {
            check_admin(actor)?;
        }
        let (actor, now, id) = (actor.clone(), self.now(), self.uuid());
        self.0
            .db
            .write(move |c| {
                let known = store::person::load(c, person)?
                    .ok_or_else(|| Error::not_found("such person"))?;
                if known.name == ERASED && !known.active {
                    return Err(Error::Conflict("this person was erased".into()));
                }
                let open = store::data_export::of_person(c, person)?
                    .into_iter()
                    .any(|e| e.state == "asked");
                if open {
                    return Err(Error::Conflict(
                        "an archive is being made already; a mail tells when it is there".into(),
                    ));
                }
                store::data_export::insert(
                    c,
                    &Export {
                        id,
                        person,
                        asked_by,
                        asked_at: now,
                        state: "asked".into(),
                        file: None,
                        size: None,
                        ready_at: None,
                        expires_at: None,
                    },
                )?;
                store::job::enqueue(
                    c,
                    &NewJob {
                        kind: EXPORT,
                        payload: id.to_string(),
                        run_at: now,
                        unique_key: Some(format!("{EXPORT}:{id}")),
                    },
                )?;
                audit::record(
                    c,
                    &actor,
                    now,
                    "person.export_asked",
                    &Subject::Person(person),
                    &json!({}),
                )
            })
            .await?;
        self.wake();
        Ok(id)
    }

    /// Archives of somebody's data, newest first.
    ///
    /// # Errors
    /// When they are somebody else's and the actor is no administrator.
    pub async fn exports(&self, actor: &Actor, person: PersonId) -> Result<Vec<Export>, Error> {
        if actor.person != Some(person) {
            check_admin(actor)?;
        }
        self.0
            .db
            .read(move |c| store::data_export::of_person(c, person).map_err(Error::from))
            .await
    }

    /// An archive's bytes, for whom it is about and for administrators.
    ///
    /// # Errors
    /// [`Error::NotFound`], also when its time is over.
    pub async fn export_file(&self, actor: &Actor, id: Uuid) -> Result<Vec<u8>, Error> {
        let not_found = || Error::not_found("such archive (it may be over)");
        let (who, now) = (actor.clone(), self.now());
        let export = self
            .0
            .db
            .read(move |c| {
                store::data_export::load(c, id)?
                    .filter(|e| who.person == Some(e.person) || who.admin)
                    .filter(|e| e.state == "ready" && e.expires_at.is_some_and(|at| at > now))
                    .ok_or_else(not_found)
            })
            .await?;
        let (blobs, name) = (self.0.blobs.clone(), export.file.unwrap_or_default());
        let bytes = tokio::task::spawn_blocking(move || blobs.get(&name))
            .await
            .map_err(|e| Error::Internal(format!("file store: {e}")))??
            .ok_or_else(not_found)?;
        let actor = actor.clone();
        self.0
            .db
            .write(move |c| {
                audit::record(
                    c,
                    &actor,
                    now,
                    "person.export_fetched",
                    &Subject::Person(export.person),
                    &json!({}),
                )
            })
            .await?;
        Ok(bytes)
    }
}

/// The job: makes one archive.
pub(crate) async fn run(desk: &Desk, payload: &str) -> Result<Outcome, Error> {
    let Ok(id) = Uuid::try_parse(payload) else {
        return Ok(Outcome::Never("the job names no archive".into()));
    };
    let catalogue = desk.catalogue().await?;
    let found = desk
        .0
        .db
        .read(move |c| {
            let Some(export) = store::data_export::load(c, id)?.filter(|e| e.state == "asked")
            else {
                return Ok::<_, Error>(None);
            };
            let content = gather(c, &catalogue, export.person)?;
            Ok(Some((export, content)))
        })
        .await?;
    let Some((mut export, content)) = found else {
        return Ok(Outcome::Done);
    };
    // Whoever fetches it reads restricted tickets by it.
    let reader = desk
        .actor_for(export.asked_by, Channel::Job)
        .await
        .unwrap_or_else(|_| Actor::system(Channel::Job));
    for number in &content.restricted {
        desk.note_read_through(&reader, *number, true, Door::Export)
            .await?;
    }
    let blobs = desk.0.blobs.clone();
    let (name, size) = tokio::task::spawn_blocking(move || {
        blobs.build(&id.simple().to_string(), |file| {
            archive(file, &content, |sha256| {
                blobs.get(sha256).map_err(io::Error::other)
            })
        })
    })
    .await
    .map_err(|e| Error::Internal(format!("archive: {e}")))??;
    let (desk, now) = (desk.clone(), desk.now());
    let writer = desk.clone();
    desk.0
        .db
        .write(move |c| {
            export.state = "ready".into();
            export.file = Some(name.clone());
            export.size = Some(size as i64);
            export.ready_at = Some(now);
            export.expires_at = Some(now + EXPORT_MS);
            store::data_export::finish(c, &export)?;
            if let Some(asker) = store::person::load(c, export.asked_by)? {
                let own = export.asked_by == export.person;
                let path = if own {
                    "/account/privacy"
                } else {
                    "/admin/privacy"
                };
                let about = About::nothing_else(Kind::Export, export.id);
                letter::to_person(&writer, c, &asker, about, |_| {
                    [
                        ("own", String::from(if own { "yes" } else { "" })),
                        ("link", format!("{}{path}", writer.config().public_url)),
                    ]
                    .into()
                })?;
            }
            Ok::<_, Error>(())
        })
        .await?;
    desk.wake();
    Ok(Outcome::Done)
}

/// Lets archives go whose time is over.
pub(crate) async fn sweep(desk: &Desk) -> Result<(), Error> {
    let now = desk.now();
    desk.0
        .db
        .write(move |c| {
            for mut export in store::data_export::over(c, now)? {
                super::files::doom(c, export.file.as_deref().unwrap_or_default(), now)?;
                export.state = "over".into();
                export.file = None;
                store::data_export::finish(c, &export)?;
            }
            Ok(())
        })
        .await
}

fn archive(
    file: &mut std::fs::File,
    content: &Content,
    get: impl Fn(&str) -> io::Result<Option<Vec<u8>>>,
) -> io::Result<()> {
    let mut zip = ZipWriter::new(file);
    let options = SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Stored)
        .large_file(false);
    for (name, bytes) in &content.texts {
        zip.start_file(name.as_str(), options)?;
        zip.write_all(bytes)?;
    }
    for one in &content.stored {
        if let Some(bytes) = get(&one.sha256)? {
            zip.start_file(one.name.as_str(), options)?;
            zip.write_all(&bytes)?;
        }
    }
    zip.finish()?.flush()
}

fn gather(c: &mut Conn<'_>, catalogue: &Catalogue, person: PersonId) -> Result<Content, Error> {
    let mut content = Content::default();
    content
        .texts
        .push(("README.txt".into(), README.as_bytes().to_vec()));
    for table in places::tables(c.dialect()).filter(|t| !t.whose.is_empty()) {
        let rows = table_rows(c, table, person)?;
        content.json(format!("data/{}.json", table.name), &Json::Array(rows))?;
    }
    let known = store::person::load(c, person)?.ok_or_else(|| Error::not_found("such person"))?;
    let mut actor = actor_of(c, &known, Channel::Job)?;
    // Their own tickets, not all that an administrator might open.
    actor.admin = false;
    tickets(c, catalogue, &actor, person, &mut content)?;
    entries(c, person, &mut content)?;
    mails(c, person, &mut content)?;
    audit_rows(c, person, &mut content)?;
    let mut reads = Vec::new();
    let mut filter = store::ticket_read::Filter {
        person: Some(person),
        ..store::ticket_read::Filter::default()
    };
    loop {
        let some = store::ticket_read::find(c, &filter, STEP)?;
        let Some(last) = some.last() else { break };
        filter.after = Some((last.at, last.ticket));
        reads.extend(
            some.iter()
                .map(|r| json!({"ticket": r.ticket, "door": r.door, "at": r.at})),
        );
    }
    content.json("reads.json", &Json::Array(reads))?;
    Ok(content)
}

/// A person's rows of one table, without its secrets.
fn table_rows(
    c: &mut Conn<'_>,
    table: &'static Table,
    person: PersonId,
) -> Result<Vec<Json>, Error> {
    let columns: Vec<&'static str> = table
        .columns
        .iter()
        .filter(|(_, holds)| *holds != Holds::Secret)
        .map(|(name, _)| *name)
        .collect();
    let dialect = c.dialect();
    let rows = store::trace::rows_of(c, table.name, &columns, table.whose, person)?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let fields: Map<String, Json> = columns
                .iter()
                .zip(row)
                .map(|(name, value)| ((*name).to_owned(), plain(dialect, value)))
                .collect();
            Json::Object(fields)
        })
        .collect())
}

fn plain(dialect: Dialect, value: Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Int(n) => n.into(),
        Value::Text(text) => text.into(),
        Value::Uuid(id) => id.to_string().into(),
        Value::Blob(bytes) => match Uuid::from_slice(&bytes) {
            Ok(id) if dialect == Dialect::Sqlite => id.to_string().into(),
            _ => STANDARD.encode(bytes).into(),
        },
    }
}

fn tickets(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    actor: &Actor,
    person: PersonId,
    content: &mut Content,
) -> Result<(), Error> {
    let mut after = 0;
    loop {
        let numbers = store::trace::tickets_on(c, person, after, STEP)?;
        let Some(last) = numbers.last() else {
            return Ok(());
        };
        after = *last;
        for number in numbers {
            let number = TicketNumber(number);
            // What they may not see any more is not theirs to have.
            let Some(shown) = crate::view::whole(c, catalogue, actor, number)? else {
                continue;
            };
            if shown.ticket.visibility == Visibility::Restricted {
                content.restricted.push(number);
            }
            content.json(
                format!("tickets/{number}.json"),
                &json!({
                    "ticket": shown.ticket,
                    "entries": shown.entries,
                    "history": shown.events,
                }),
            )?;
        }
    }
}

fn entries(c: &mut Conn<'_>, person: PersonId, content: &mut Content) -> Result<(), Error> {
    let mut rows = Vec::new();
    for entry in store::trace::entries_by(c, person)? {
        let files: Vec<_> = store::entry::attachments(c, entry.ticket)?
            .into_iter()
            .filter(|f| f.entry == entry.id && !f.sha256.is_empty())
            .collect();
        rows.push(json!({
            "ticket": entry.ticket,
            "at": entry.at,
            "name": entry.author_name,
            "channel": entry.channel,
            "visibility": entry.visibility,
            "body": entry.body,
            "quoted": entry.quoted,
            "html": entry.html,
            "attachments": files.iter().map(|f| json!({
                "id": f.id, "name": f.name, "media_type": f.media_type, "size": f.size,
            })).collect::<Vec<_>>(),
        }));
        content.stored.extend(files.into_iter().map(|f| Stored {
            name: format!("attachments/{}-{}", f.id.simple(), f.name),
            sha256: f.sha256,
        }));
    }
    content.json("entries.json", &Json::Array(rows))
}

fn mails(c: &mut Conn<'_>, person: PersonId, content: &mut Content) -> Result<(), Error> {
    let addresses: Vec<String> = store::person::emails(c, person)?
        .into_iter()
        .map(|(address, _)| address)
        .collect();
    let (mut from, mut to) = (Vec::new(), Vec::new());
    let mut originals = std::collections::BTreeMap::new();
    for entry in store::trace::entries_by(c, person)? {
        if let Some(id) = entry.mail
            && let Some(mail) = store::mail::incoming(c, id)?
        {
            originals.insert(mail.id, mail);
        }
    }
    let theirs = Traces::of(&[], &addresses);
    let hints = Hints::of(theirs.needles());
    let mut after = None;
    loop {
        let some = store::trace::received_naming(c, &hints, after, STEP)?;
        let Some(last) = some.last() else { break };
        after = Some(last.id);
        originals.extend(
            some.into_iter()
                .filter(|m| m.sender.as_deref().is_some_and(|s| theirs.are_in(s)))
                .map(|m| (m.id, m)),
        );
    }
    for mail in originals.into_values() {
        from.push(json!({
            "id": mail.id,
            "at": mail.received_at,
            "sender": mail.sender,
            "subject": mail.subject,
            "message_id": mail.message_id,
            "size": mail.size,
            "state": mail.state,
            "reason": mail.reason,
            "ticket": mail.ticket,
        }));
        content.stored.push(Stored {
            name: format!("mails/from/{}.eml", mail.id.simple()),
            sha256: mail.raw,
        });
    }
    content.stored.retain(|s| !s.sha256.is_empty());
    for posted in store::trace::posted_to(c, person, &addresses)? {
        let Some(mail) = store::mail::outgoing(c, posted.id)? else {
            continue;
        };
        to.push(json!({
            "id": mail.id,
            "at": mail.created_at,
            "address": mail.address,
            "subject": mail.subject,
            "state": mail.state,
            "error": mail.error,
            "ticket": mail.ticket,
        }));
        content
            .texts
            .push((format!("mails/to/{}.eml", mail.id.simple()), mail.bytes));
    }
    content.json("mails.json", &json!({"from": from, "to": to}))
}

fn audit_rows(c: &mut Conn<'_>, person: PersonId, content: &mut Content) -> Result<(), Error> {
    let about = Filter {
        subject_kind: Some("person".into()),
        subject: Some(person.0.to_string()),
        ..Filter::default()
    };
    let by = Filter {
        actor: Some(person),
        ..Filter::default()
    };
    let mut rows = std::collections::BTreeMap::new();
    for mut filter in [about, by] {
        loop {
            let some = store::audit::find(c, &filter, STEP)?;
            let Some(last) = some.last() else { break };
            filter.before = Some(last.id);
            rows.extend(some.into_iter().map(|d| {
                let own = d.subject == person.0.to_string();
                let detail = d
                    .detail
                    .filter(|_| own)
                    .and_then(|t| serde_json::from_str::<Json>(&t).ok());
                let row = json!({
                    "at": d.at,
                    "by_you": d.actor == Some(person),
                    "channel": d.channel,
                    "action": d.action,
                    "subject_kind": d.subject_kind,
                    "subject": d.subject,
                    // What was done with others is theirs.
                    "detail": detail,
                });
                (d.id, row)
            }));
        }
    }
    let rows: Vec<Json> = rows.into_values().collect();
    content.json("audit.json", &Json::Array(rows))
}
