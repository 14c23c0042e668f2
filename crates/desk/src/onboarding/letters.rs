//! Mails about onboarding forms, to those concerned.

use std::collections::BTreeSet;

use store::Conn;
use store::onboarding::{Kind, Onboarding};
use store::person::Person;
use store::unit::Unit;
use switchboard_core::{Actor, PersonId};

use super::{service_of, title};
use crate::letter::{Letter, queue};
use crate::{Desk, Error};

fn send(
    c: &mut Conn<'_>,
    desk: &Desk,
    person: &Person,
    subject: &str,
    text: String,
) -> Result<(), Error> {
    match Letter::to(person, desk.uuid(), subject, text) {
        Some(letter) => queue(desk, c, letter),
        None => Ok(()),
    }
}

/// Administrators are told that a form waits, but for who sent it.
pub(super) fn submitted(
    c: &mut Conn<'_>,
    desk: &Desk,
    row: &Onboarding,
    actor: &Actor,
    message: &str,
) -> Result<(), Error> {
    let service = service_of(c, row)?;
    let title = title(row, service.as_ref());
    let what = match row.kind {
        Kind::Entry => "wants to bring in",
        Kind::Move => "wants to connect in another way:",
    };
    let url = format!("{}/admin/onboarding/{}", desk.config().public_url, row.id);
    for person in store::person::admins(c)? {
        if Some(person.id) == actor.person {
            continue;
        }
        let said = if message.is_empty() {
            String::new()
        } else {
            format!("{message}\n\n")
        };
        let text = format!(
            "{} {what} {title}.\n\n{said}Review it here:\n{url}\n",
            actor.name
        );
        send(c, desk, &person, "A provider’s form waits for review", text)?;
    }
    Ok(())
}

/// The author and who else sent or looks after it are told what was decided.
pub(super) fn decided(
    c: &mut Conn<'_>,
    desk: &Desk,
    row: &Onboarding,
    actor: &Actor,
    deed: &str,
    said: &str,
) -> Result<(), Error> {
    let service = service_of(c, row)?;
    let title = title(row, service.as_ref());
    let (subject, what) = match deed {
        "returned" => (
            "Your form: please change something",
            "asks you to change something in your form about",
        ),
        "refused" => ("Your form was refused", "refused your form about"),
        "accepted" => ("Your form was accepted", "accepted your form about"),
        _ => (
            "What your form created was taken back",
            "took back what your form created about",
        ),
    };
    let mut people: BTreeSet<PersonId> = BTreeSet::from([row.author]);
    people.extend(
        store::onboarding::notes(c, row.id)?
            .into_iter()
            .filter(|n| n.deed == "submitted")
            .map(|n| n.person),
    );
    let said = if said.is_empty() {
        String::new()
    } else {
        format!("{said}\n\n")
    };
    let url = format!(
        "{}/provider/onboarding/{}",
        desk.config().public_url,
        row.id
    );
    for person in people {
        if Some(person) == actor.person {
            continue;
        }
        if let Some(person) = store::person::load(c, person)? {
            let text = format!("{} {what} {title}.\n\n{said}{url}\n", actor.name);
            send(c, desk, &person, subject, text)?;
        }
    }
    Ok(())
}

/// A new responsible is told what they are now; who has no account is invited.
pub(super) fn responsible(
    c: &mut Conn<'_>,
    desk: &Desk,
    person: &Person,
    unit: &Unit,
    actor: &Actor,
) -> Result<(), Error> {
    if Some(person.id) == actor.person {
        return Ok(());
    }
    let url = &desk.config().public_url;
    let how = if person.has_password {
        format!("{url}/units/{}", unit.key)
    } else {
        format!(
            "You have no password here yet. Register with this address, or sign in through \
             your institute, and you are in:\n{url}/sign-in"
        )
    };
    let text = format!(
        "{} made you a responsible of the support unit {} in {}.\n\
         As a responsible you work on its tickets, assign them, and add and remove members.\n\n\
         {how}\n",
        actor.name,
        unit.name,
        desk.config().name
    );
    let subject = if person.has_password {
        "You are responsible for a support unit"
    } else {
        "You are invited to a support unit"
    };
    send(c, desk, person, subject, text)
}

/// The test mail to a list. It carries no word that somebody typed.
pub(super) fn list_check(
    c: &mut Conn<'_>,
    desk: &Desk,
    address: &str,
    word: &str,
) -> Result<(), Error> {
    let config = desk.config();
    let text = format!(
        "Somebody gave {address} as the mailing list to which {} shall send requests \
         about a service.\n\n\
         If you read this list and that is right, confirm it here within 7 days:\n\
         {}/provider/list/{word}\n\n\
         If it is not, do nothing: no request will be sent.\n",
        config.name, config.public_url
    );
    queue(
        desk,
        c,
        Letter {
            address: address.to_owned(),
            name: String::new(),
            person: None,
            ticket: None,
            cause: desk.uuid(),
            subject: "Test mail: does this list get our requests?".into(),
            text,
        },
    )
}
