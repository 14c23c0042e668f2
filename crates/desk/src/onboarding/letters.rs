//! Mails about onboarding forms, to those concerned.

use std::collections::BTreeSet;

use store::Conn;
use store::onboarding::Onboarding;
use store::person::Person;
use store::unit::Unit;
use switchboard_core::{Actor, PersonId};

use super::{service_of, title};
use crate::letter::{self, About};
use crate::{Desk, Error, letter_text, mail_text};

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
    let url = format!("{}/admin/onboarding/{}", desk.config().public_url, row.id);
    for person in store::person::admins(c)? {
        if Some(person.id) == actor.person {
            continue;
        }
        let about = About::nothing_else(mail_text::Kind::FormSent, desk.uuid());
        letter::to_person(desk, c, &person, about, |german| {
            let headline = letter_text::form_sent(row.kind, &actor.name, &title, german);
            [
                ("who", actor.name.clone()),
                ("headline", headline),
                ("text", message.to_owned()),
                ("link", url.clone()),
            ]
            .into()
        })?;
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
    let mut people: BTreeSet<PersonId> = BTreeSet::from([row.author]);
    people.extend(
        store::onboarding::notes(c, row.id)?
            .into_iter()
            .filter(|n| n.deed == "submitted")
            .map(|n| n.person),
    );
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
            let about = About::nothing_else(mail_text::Kind::FormDecided, desk.uuid());
            letter::to_person(desk, c, &person, about, |german| {
                let (outcome, headline) =
                    letter_text::form_decided(deed, &actor.name, &title, german);
                [
                    ("who", actor.name.clone()),
                    ("outcome", outcome.to_owned()),
                    ("headline", headline),
                    ("text", said.to_owned()),
                    ("link", url.clone()),
                ]
                .into()
            })?;
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
    let (account, link) = if person.has_password {
        ("yes", format!("{url}/units/{}", unit.key))
    } else {
        ("", format!("{url}/sign-in"))
    };
    let about = About::nothing_else(mail_text::Kind::Responsible, desk.uuid());
    letter::to_person(desk, c, person, about, |_| {
        [
            ("who", actor.name.clone()),
            ("unit", unit.name.clone()),
            ("account", account.to_owned()),
            ("link", link),
        ]
        .into()
    })?;
    Ok(())
}

/// The test mail to a list. It carries no word that somebody typed.
pub(super) fn list_check(
    c: &mut Conn<'_>,
    desk: &Desk,
    address: &str,
    word: &str,
) -> Result<(), Error> {
    let link = format!("{}/provider/list/{word}", desk.config().public_url);
    let about = About::nothing_else(mail_text::Kind::ListCheck, desk.uuid());
    letter::to_address(desk, c, (address, None), about, |_| {
        [("address", address.to_owned()), ("link", link)].into()
    })
}
