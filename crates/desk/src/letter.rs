//! Mails that somebody wrote nothing for: confirmations, links, decisions about
//! applications, each by its text in the language of who gets it. What happens to tickets
//! is told by `follow::notices`.

use mail::{Mailbox, Outgoing, OutgoingPart};
use store::Conn;
use store::person::Person;
use switchboard_core::{PersonId, Ticket, TicketNumber};
use uuid::Uuid;

use crate::choice::is_german;
use crate::follow::notices::root_message_id;
use crate::jobs::DELIVER;
use crate::mail_text::{self, Kind, Values};
use crate::{Catalogue, Desk, Error};

/// One mail to one human.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    /// Where it goes.
    pub address: String,
    /// The name beside the address, or empty.
    pub name: String,
    /// Whom it concerns, when the desk knows them.
    pub person: Option<PersonId>,
    /// The ticket that it is about, if any; mail programs show it there.
    pub ticket: Option<TicketNumber>,
    /// What the mail is written for. One cause makes one mail for an address,
    /// however often it is queued.
    pub cause: Uuid,
    /// The subject. Must carry no words of a person who is not known yet.
    pub subject: String,
    /// The text. Links in it begin with [`crate::Config::public_url`].
    pub text: String,
    /// Files that go along.
    pub files: Vec<OutgoingPart>,
}

impl Letter {
    /// A mail to a person that is about no ticket; `None`: they have no
    /// address, or their account is disabled.
    pub(crate) fn to(person: &Person, cause: Uuid, subject: &str, text: String) -> Option<Letter> {
        Some(Letter {
            address: person.email.clone().filter(|_| person.active)?,
            name: person.name.clone(),
            person: Some(person.id),
            ticket: None,
            cause,
            subject: subject.to_owned(),
            text,
            files: Vec::new(),
        })
    }
}

/// Why a letter is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About {
    /// Which letter.
    pub kind: Kind,
    /// As [`Letter::cause`].
    pub cause: Uuid,
    /// As [`Letter::ticket`].
    pub ticket: Option<TicketNumber>,
}

impl About {
    /// A letter about no ticket.
    pub(crate) fn nothing_else(kind: Kind, cause: Uuid) -> About {
        About {
            kind,
            cause,
            ticket: None,
        }
    }
}

/// Queues a letter to a person. `say`: what stands in its fields, in German or not;
/// `name` and `desk` are known. Gives whether they have an address and a working account.
///
/// # Errors
/// When the database refuses.
pub(crate) fn to_person(
    desk: &Desk,
    c: &mut Conn<'_>,
    person: &Person,
    about: About,
    say: impl FnOnce(bool) -> Values,
) -> Result<bool, Error> {
    match Letter::to(person, about.cause, "", String::new()) {
        Some(letter) => {
            fill(desk, c, letter, about, say)?;
            Ok(true)
        }
        None => Ok(false),
    }
}

/// The same to an address: a list's, or one of which it is not sure that it is the
/// person's.
///
/// # Errors
/// When the database refuses, or the address can not be written.
pub(crate) fn to_address(
    desk: &Desk,
    c: &mut Conn<'_>,
    (address, person): (&str, Option<PersonId>),
    about: About,
    say: impl FnOnce(bool) -> Values,
) -> Result<(), Error> {
    let letter = Letter {
        address: address.to_owned(),
        name: String::new(),
        person,
        ticket: None,
        cause: about.cause,
        subject: String::new(),
        text: String::new(),
        files: Vec::new(),
    };
    fill(desk, c, letter, about, say)
}

/// The same to those who look after a ticket that somebody else should work on: first
/// level's list, or its people where it has none; where somebody is on duty there and hears
/// alone, them, but of alarms everybody hears. Of a restricted ticket those who only
/// look after all units know nothing: its unit's people are told instead.
///
/// # Errors
/// When the database refuses, or an address can not be written.
pub(crate) fn to_first_level(
    desk: &Desk,
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    ticket: &Ticket,
    about: About,
    say: impl Fn(bool) -> Values,
) -> Result<(), Error> {
    let first = catalogue.first_level()?;
    let people = if ticket.label().is_some() {
        let members = store::unit::members(c, ticket.unit)?;
        members.into_iter().map(|m| m.person).collect()
    } else if about.kind != Kind::Alarm
        && let Some(person) = crate::rota::alone(c, first, desk.now())?
    {
        vec![person]
    } else if let Some(list) = &first.email {
        return to_address(desk, c, (list, None), about, say);
    } else {
        store::unit::first_level_members(c)?
    };
    for id in people {
        if let Some(person) = store::person::load(c, id)? {
            to_person(desk, c, &person, about, &say)?;
        }
    }
    Ok(())
}

fn fill(
    desk: &Desk,
    c: &mut Conn<'_>,
    mut letter: Letter,
    about: About,
    say: impl FnOnce(bool) -> Values,
) -> Result<(), Error> {
    let german = is_german(desk, c, letter.person)?;
    let mut values = say(german);
    values.insert("name", letter.name.clone());
    values.insert("desk", desk.config().name.clone());
    if let Some(number) = about.ticket {
        values.insert("ticket", number.to_string());
    }
    let language = if german { "de" } else { "en" };
    let (subject, text) = mail_text::current(c, about.kind, language)?.written(&values)?;
    letter.subject = match about.ticket {
        Some(number) => mail::subject_with_tag(number, &subject),
        None => subject,
    };
    (letter.text, letter.ticket) = (text, about.ticket);
    queue(desk, c, letter)
}

/// Queues a mail in the transaction of what it tells of. It goes out after
/// the commit; call [`Desk::wake`] then, or it waits for the next round.
///
/// # Errors
/// When the database refuses, or an address can not be written.
pub(crate) fn queue(desk: &Desk, c: &mut Conn<'_>, letter: Letter) -> Result<(), Error> {
    queue_with(desk, c, letter, &[])
}

/// The same with further fields of the header.
///
/// # Errors
/// When the database refuses, or an address can not be written.
pub(crate) fn queue_with(
    desk: &Desk,
    c: &mut Conn<'_>,
    letter: Letter,
    further: &[(&'static str, String)],
) -> Result<(), Error> {
    let (id, now, config) = (desk.uuid(), desk.now(), desk.config());
    let number = letter.ticket.unwrap_or(TicketNumber(0));
    let message_id = mail::message_id(number, id.simple(), config.mail_domain());
    let parse = |text: &str| {
        mail::Address::parse(text)
            .map_err(|e| Error::Internal(format!("a stored mail address: {e}")))
    };
    let outgoing = Outgoing {
        from: Mailbox {
            name: Some(config.name.clone()),
            address: parse(&config.mail_address)?,
        },
        to: Mailbox {
            name: (!letter.name.is_empty()).then(|| letter.name.clone()),
            address: parse(&letter.address)?,
        },
        reply_to: None,
        subject: letter.subject.clone(),
        text: letter.text,
        message_id: message_id.clone(),
        in_reply_to: None,
        references: letter
            .ticket
            .map(|number| root_message_id(number, config.mail_domain()))
            .into_iter()
            .collect(),
        date: now,
        automatic: true,
        loop_id: desk.loop_id(),
        attachments: letter.files,
    };
    let bytes =
        mail::build::build_with(&outgoing, further).map_err(|e| Error::Internal(e.to_string()))?;
    store::mail::queue_outgoing(
        c,
        &store::mail::Outgoing {
            id,
            created_at: now,
            cause: letter.cause,
            ticket: letter.ticket,
            person: letter.person,
            address: letter.address,
            message_id,
            subject: letter.subject,
            bytes,
            state: "queued".into(),
            attempts: 0,
            error: None,
        },
        DELIVER,
        now,
    )?;
    Ok(())
}

impl Desk {
    /// Lets background work begin at once: something was queued.
    pub(crate) fn wake(&self) {
        self.0.wake.notify_one();
        self.0.wake_sending.notify_one();
    }

    /// Mails somebody the link by which they follow a ticket.
    pub(crate) async fn mail_follow_link(
        &self,
        number: TicketNumber,
        person: Person,
    ) -> Result<(), Error> {
        let (desk, cause) = (self.clone(), self.uuid());
        self.0
            .db
            .write(move |c| {
                let link = desk.follow_link(number, person.id);
                let about = About {
                    kind: Kind::Follow,
                    cause,
                    ticket: Some(number),
                };
                to_person(&desk, c, &person, about, |_| [("link", link)].into())
            })
            .await?;
        self.wake();
        Ok(())
    }
}
