//! What is mailed to lists, to requesters who wait for one, and to first level.

use mail::{Mailbox, Outgoing, OutgoingPart};
use store::Conn;
use store::entry::Entry;
use store::person::Person;
use store::redirect::Redirection;
use switchboard_core::form::support_only;
use switchboard_core::redact::{ERASED, Traces};
use switchboard_core::redirect::{Alarm, Ended, Held, LIST_MAILS_AN_HOUR};
use switchboard_core::working_time::{DAY_MS, HOUR_MS};
use switchboard_core::{Actor, Channel, EntryVisibility, Millis};

use super::{Around, MOST_ENTRIES, Said, promise, road};
use crate::act::{clip, plain_entry, write_within};
use crate::jobs::DELIVER;
use crate::letter::{self, About};
use crate::mail_text::Kind;
use crate::redirect::link;
use crate::{Error, Live};

/// The longest text of one entry in a mail to a list.
const MOST_TEXT: usize = 64 * 1024;
const RULE: &str = "----------------------------------------------------------------------";

/// One mail to the list.
struct Post {
    kind: &'static str,
    text: String,
    /// Written by the desk itself, not by a person.
    automatic: bool,
    /// In whose name.
    name: Option<String>,
    files: Vec<OutgoingPart>,
}

/// The requester, as far as the list may know them.
struct Asker {
    /// For sentences: a name, or "The requester".
    name: String,
    /// With the address, for a line of its own.
    line: Option<String>,
    /// What is taken out of texts.
    hidden: Traces,
}

fn asker(c: &mut Conn<'_>, a: &Around<'_>, row: &Redirection) -> Result<Asker, Error> {
    let person = store::person::load(c, a.ticket.requester)?;
    let Some(Person {
        id, name, email, ..
    }) = person
    else {
        return Ok(Asker {
            name: "The requester".into(),
            line: None,
            hidden: Traces::default(),
        });
    };
    if row.personal_data {
        let line = email.map_or_else(|| name.clone(), |email| format!("{name} <{email}>"));
        return Ok(Asker {
            name,
            line: Some(line),
            hidden: Traces::default(),
        });
    }
    let addresses: Vec<String> = store::person::emails(c, id)?
        .into_iter()
        .map(|(address, _)| address)
        .chain(email)
        .collect();
    Ok(Asker {
        name: "The requester".into(),
        line: None,
        hidden: Traces::of(&[name], &addresses),
    })
}

impl Asker {
    /// A text without what the list may not know.
    fn hide(&self, text: &str) -> String {
        let text = clip(text, MOST_TEXT);
        match self.hidden.taken_out(text) {
            Some(left) => left.replace(&format!("[{ERASED}]"), "(the requester)"),
            None => text.to_owned(),
        }
    }

    /// Who wrote an entry, as the list reads it.
    fn author(&self, a: &Around<'_>, entry: &Entry) -> String {
        if entry.author == Some(a.ticket.requester) || entry.author_side == "requester" {
            if self.line.is_some() {
                entry.author_name.clone()
            } else {
                "The requester".into()
            }
        } else {
            entry.author_name.clone()
        }
    }
}

fn post(
    c: &mut Conn<'_>,
    a: &Around<'_>,
    row: &mut Redirection,
    subject: &str,
    post: Post,
) -> Result<(), Error> {
    let (config, id) = (a.desk.config(), a.desk.uuid());
    let message_id = mail::message_id(a.ticket.number, id.simple(), config.mail_domain());
    let subject = mail::subject_with_tag(a.ticket.number, subject);
    let keys = a.desk.thread_keys();
    let built = (|| {
        let parse = |text: &str| mail::Address::parse(text).map_err(|e| e.to_string());
        let reply_to = mail::redirect::list_reply_address(a.ticket.number, row.seq, keys)
            .map_err(|e| e.to_string())?;
        mail::build(&Outgoing {
            from: Mailbox {
                name: Some(match &post.name {
                    Some(name) => format!("{name} via {}", config.name),
                    None => config.name.clone(),
                }),
                address: parse(&config.mail_address)?,
            },
            to: Mailbox::bare(parse(&row.list)?),
            reply_to: Some(reply_to),
            subject: subject.clone(),
            text: post.text,
            message_id: message_id.clone(),
            in_reply_to: row.root.clone(),
            references: row.root.clone().into_iter().collect(),
            date: a.now,
            automatic: post.automatic,
            loop_id: a.desk.loop_id(),
            attachments: post.files,
        })
        .map_err(|e| e.to_string())
    })();
    let (bytes, state, error) = match built {
        Ok(bytes) => {
            let mut hops = road(c, a.ticket.number)?.hops;
            hops.push(a.desk.loop_id());
            (mail::redirect::with_hops(&bytes, &hops), "queued", None)
        }
        // Kept and shown: the job that looks after silence tells first level.
        Err(e) => (Vec::new(), "failed", Some(e)),
    };
    let before = store::redirect::count_to_list(c, &row.list, a.now - HOUR_MS)?;
    let run_at = if before >= LIST_MAILS_AN_HOUR {
        a.now + HOUR_MS
    } else {
        a.now
    };
    store::mail::queue_outgoing(
        c,
        &store::mail::Outgoing {
            id,
            created_at: a.now,
            // One of its own: the list may be told of the same change as a unit's.
            cause: a.desk.uuid(),
            ticket: Some(a.ticket.number),
            person: None,
            address: row.list.clone(),
            message_id: message_id.clone(),
            subject,
            bytes,
            state: state.into(),
            attempts: 0,
            error,
        },
        DELIVER,
        run_at,
    )?;
    store::redirect::note(c, id, row.id, "out", post.kind, Some(&message_id), a.now)?;
    row.sent_at = Some(a.now);
    if row.root.is_none() {
        row.root = Some(message_id);
    }
    Ok(())
}

/// Working time in words.
fn in_words(work: Millis) -> String {
    let (days, hours) = (work / DAY_MS, work / HOUR_MS);
    match (days, hours) {
        (1, _) => "1 working day".into(),
        (0, hours) => format!("{hours} working hours"),
        (days, _) => format!("{days} working days"),
    }
}

/// How the list answers, at the end of a mail.
fn how_to(a: &Around<'_>, row: &Redirection) -> String {
    let link = |deed| a.desk.list_link_for(row, deed);
    format!(
        "How to answer ticket {number}\n\
         \n\
         Answer this mail, to its reply address. What you write goes into the\n\
         ticket and to the person who asked.\n\
         \n\
         If you have answered that person directly, please tell us here, so that\n\
         the ticket is not left open:\n\
         {solved}\n\
         \n\
         We are working on it:\n{working}\n\
         \n\
         Not ours, give it back to {desk}:\n{back}\n\
         \n\
         Each link opens a page with a button; nothing happens before somebody\n\
         presses it. Nobody needs an account.\n",
        number = a.ticket.number,
        desk = a.desk.config().name,
        solved = link(link::Deed::Solved),
        working = link(link::Deed::Working),
        back = link(link::Deed::GiveBack),
    )
}

fn service_name(a: &Around<'_>, row: &Redirection) -> String {
    a.catalogue
        .service(row.service)
        .map_or_else(|| "your service".into(), |s| s.name.clone())
}

/// The request, with all that was said so far.
pub(super) fn request(
    c: &mut Conn<'_>,
    a: &Around<'_>,
    row: &mut Redirection,
    said: &Said,
) -> Result<(), Error> {
    let asker = asker(c, a, row)?;
    let config = a.desk.config();
    let service = service_name(a, row);
    let mut out = String::new();
    let mut say = |line: &str| {
        out.push_str(line);
        out.push('\n');
    };
    let again = row.sent_at.is_some();
    say(&format!(
        "{} asks {} about {service}{}.",
        asker.name,
        config.name,
        if again { " (once more)" } else { "" }
    ));
    say("Please answer this mail: your answer reaches them. More below.");
    say("");
    for (name, value) in facts(a) {
        say(&format!("{name}: {}", asker.hide(&value)));
    }
    if let Some(line) = &asker.line {
        say(&format!("Requester: {line}"));
    }
    say("");
    let entries = store::entry::of_ticket(c, a.ticket.number, false, 0, MOST_ENTRIES)?;
    for (at, entry) in entries.iter().enumerate() {
        if at > 0 {
            say("");
            say(&format!("{} wrote:", asker.author(a, entry)));
        }
        say(RULE);
        say(asker.hide(&entry.body).trim_end());
    }
    say(RULE);
    missing_files(c, a, said, None, &mut say)?;
    say("");
    let within = promise(a.catalogue, a.ticket).response;
    say(&how_to(a, row));
    say(&format!(
        "If nobody answers within {}, we remind you once.",
        in_words(within)
    ));
    let subject = asker.hide(&a.ticket.subject);
    let it = Post {
        kind: "request",
        text: out,
        automatic: false,
        name: asker.line.as_ref().map(|_| asker.name.clone()),
        files: said.files.clone(),
    };
    post(c, a, row, &subject, it)
}

/// What the list needs to know beside the text.
fn facts(a: &Around<'_>) -> Vec<(String, String)> {
    let t = a.ticket;
    let mut found = vec![("Priority".to_owned(), t.priority().label().to_owned())];
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|v| !v.trim().is_empty()) {
            found.push((name.to_owned(), value));
        }
    };
    add("Site", t.site.clone());
    add("Community", t.community.clone());
    let form = t
        .service
        .and_then(|id| a.catalogue.service(id))
        .map(|s| s.doc.form.as_slice())
        .unwrap_or_default();
    for (key, value) in &t.custom {
        if support_only(key) {
            continue;
        }
        let label = form
            .iter()
            .find(|f| f.key == *key)
            .map_or(key.as_str(), |f| f.label.as_str());
        let text = match value {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        add(label, Some(text));
    }
    found
}

/// Says which files do not come along.
fn missing_files(
    c: &mut Conn<'_>,
    a: &Around<'_>,
    said: &Said,
    of: Option<&Entry>,
    say: &mut impl FnMut(&str),
) -> Result<(), Error> {
    let mut with = said
        .files
        .iter()
        .map(|f| f.name.as_str())
        .collect::<Vec<_>>();
    for file in store::entry::attachments(c, a.ticket.number)? {
        if of.is_some_and(|e| e.id != file.entry) {
            continue;
        }
        if let Some(at) = with.iter().position(|name| *name == file.name) {
            with.swap_remove(at);
            continue;
        }
        let public = store::entry::load(c, file.entry)?
            .is_some_and(|e| e.visibility == EntryVisibility::Public);
        if public {
            say(&format!(
                "File too large for a mail: {} ({} kB). Answer if you need it.",
                file.name,
                file.size / 1024
            ));
        }
    }
    Ok(())
}

/// A new public word.
pub(super) fn forward(
    c: &mut Conn<'_>,
    a: &Around<'_>,
    row: &mut Redirection,
    said: &Said,
) -> Result<(), Error> {
    let Some(entry) = &said.entry else {
        return Ok(());
    };
    let asker = asker(c, a, row)?;
    let author = asker.author(a, entry);
    let mut out = format!("{author} wrote in ticket {}:\n", a.ticket.number);
    let mut say = |line: &str| {
        out.push_str(line);
        out.push('\n');
    };
    say(RULE);
    say(asker.hide(&entry.body).trim_end());
    say(RULE);
    missing_files(c, a, said, Some(entry), &mut say)?;
    say("");
    say(&how_to(a, row));
    let subject = asker.hide(&a.ticket.subject);
    let named = asker.line.is_some() || entry.author_side != "requester";
    let it = Post {
        kind: "forward",
        text: out,
        automatic: false,
        name: named.then_some(author),
        files: said.files.clone(),
    };
    post(c, a, row, &subject, it)
}

/// There is nothing more to do.
pub(super) fn over(
    c: &mut Conn<'_>,
    a: &Around<'_>,
    row: &mut Redirection,
    why: Ended,
) -> Result<(), Error> {
    let asker = asker(c, a, row)?;
    let number = a.ticket.number;
    let desk = &a.desk.config().name;
    let mut text = match why {
        Ended::Finished => format!(
            "Ticket {number} is {}.",
            a.ticket.status.label().to_lowercase()
        ),
        Ended::GivenBack => format!("Ticket {number} went back to {desk}, as you asked."),
        Ended::TakenBack => format!("{desk} has given ticket {number} to somebody else."),
        Ended::Moved => format!("Ticket {number} does not go by this list any more."),
    };
    text.push_str(" There is nothing more for you to do. Thank you.\n");
    if why == Ended::Finished
        && let Some(solution) = &a.ticket.solution
    {
        text.push_str(&format!(
            "\n{RULE}\n{}\n{RULE}\n",
            asker.hide(&solution.text)
        ));
    }
    text.push_str("\nSomething to add? Answer this mail.\n");
    let subject = asker.hide(&a.ticket.subject);
    let it = Post {
        kind: "over",
        text,
        automatic: true,
        name: None,
        files: Vec::new(),
    };
    post(c, a, row, &subject, it)
}

/// The one reminder.
pub(super) fn warn(c: &mut Conn<'_>, a: &Around<'_>, row: &mut Redirection) -> Result<(), Error> {
    let asker = asker(c, a, row)?;
    let within = promise(a.catalogue, a.ticket).response.min(DAY_MS);
    let text = format!(
        "We have heard nothing from you about ticket {number} ({service}).\n\
         {who} is waiting. Has somebody answered them directly? Then please say so\n\
         by the first link below.\n\
         \n\
         Without any sign of you we look after it ourselves in {within}.\n\n{how}",
        number = a.ticket.number,
        service = service_name(a, row),
        who = asker.name,
        within = in_words(within),
        how = how_to(a, row),
    );
    let subject = format!("Reminder: {}", asker.hide(&a.ticket.subject));
    let it = Post {
        kind: "warn",
        text,
        automatic: true,
        name: None,
        files: Vec::new(),
    };
    post(c, a, row, &subject, it)
}

/// Perhaps somebody of the list has answered the requester directly.
pub(super) fn ask_requester(
    c: &mut Conn<'_>,
    a: &Around<'_>,
    row: &Redirection,
) -> Result<(), Error> {
    let Some(person) = store::person::load(c, a.ticket.requester)? else {
        return Ok(());
    };
    let about = About {
        kind: Kind::SolvedByList,
        cause: a.desk.uuid(),
        ticket: Some(a.ticket.number),
    };
    let (service, link) = (service_name(a, row), a.desk.asked_link_for(row));
    letter::to_person(a.desk, c, &person, about, |_| {
        [("service", service), ("link", link)].into()
    })?;
    Ok(())
}

/// Why first level has to look, in words.
pub(super) fn reason(row: &Redirection, alarm: Alarm, german: bool) -> String {
    let list = &row.list;
    let (english, deutsch) = match alarm {
        Alarm::Silent => (
            format!("{list} was reminded and has given no sign of life."),
            format!("{list} wurde erinnert und hat sich nicht gemeldet."),
        ),
        Alarm::Stale => {
            let days = switchboard_core::redirect::UPDATE_MS / DAY_MS;
            (
                format!("{list} has answered, and nothing has come of it for {days} working days."),
                format!("{list} hat geantwortet, und seit {days} Arbeitstagen ist nichts gefolgt."),
            )
        }
        Alarm::Undeliverable => {
            let trouble = row.trouble.as_deref();
            (
                format!(
                    "Mail to {list} does not arrive: {}",
                    trouble.unwrap_or("it came back.")
                ),
                format!(
                    "Mails an {list} kommen nicht an: {}",
                    trouble.unwrap_or("sie kam zurück.")
                ),
            )
        }
        Alarm::Unheard => (
            format!("The requester says that nobody of {list} has answered them."),
            format!("Wer angefragt hat, sagt, dass von {list} niemand geantwortet hat."),
        ),
        Alarm::Held(Held::Restricted) => (
            format!("It belongs with {list}, but its label keeps it here: nothing was sent."),
            format!("Es gehört zu {list}, aber sein Vermerk hält es hier: nichts wurde geschickt."),
        ),
        Alarm::Held(Held::Loop) => (
            format!("It belongs with {list}, but came from there: nothing was sent."),
            format!("Es gehört zu {list}, kam aber von dort: nichts wurde geschickt."),
        ),
        Alarm::Held(Held::Flood) => (
            format!(
                "More mails went to {list} within an hour than people write: nothing more is sent \
                 until somebody has looked."
            ),
            format!(
                "An {list} gingen in einer Stunde mehr Mails, als Menschen schreiben: es geht nichts \
                 mehr hinaus, bis jemand nachgesehen hat."
            ),
        ),
    };
    if german { deutsch } else { english }
}

/// First level is told, once, in the ticket and by mail.
pub(super) fn wake(
    c: &mut Conn<'_>,
    a: &Around<'_>,
    row: &Redirection,
    alarm: Alarm,
) -> Result<Vec<Live>, Error> {
    let number = a.ticket.number;
    let why = reason(row, alarm, false);
    let note = plain_entry(
        a.desk,
        EntryVisibility::Internal,
        format!("Redirection: {why} First level has been told."),
    );
    let actor = Actor::system(Channel::Job);
    // A ticket that takes no note has been closed or merged meanwhile.
    let live = c
        .attempt(|c| {
            write_within(
                c,
                a.catalogue,
                number,
                &note,
                &[],
                &actor,
                a.desk.uuid(),
                a.now,
            )
        })
        .or_else(|e: Error| match e {
            Error::Forbidden(_) | Error::Conflict(_) | Error::Invalid { .. } => Ok(Vec::new()),
            other => Err(other),
        })?;
    let url = &a.desk.config().public_url;
    let restricted = a.ticket.label().is_some();
    let subject = if restricted {
        String::new()
    } else {
        a.ticket.subject.clone()
    };
    let say = |german: bool| {
        [
            ("reason", reason(row, alarm, german)),
            ("subject", subject.clone()),
            ("link", format!("{url}/work/{number}")),
            ("all", format!("{url}/redirected")),
        ]
        .into()
    };
    let about = About {
        kind: Kind::Redirected,
        cause: a.desk.uuid(),
        ticket: Some(number),
    };
    letter::to_first_level(a.desk, c, a.catalogue, a.ticket, about, say)?;
    Ok(live)
}
