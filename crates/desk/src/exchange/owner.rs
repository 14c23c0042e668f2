//! Who works on a ticket, there and here, by the lines of an agreement that say who is
//! who.
//!
//! Not [`Field::Owner`], of which each desk has its own: this one is set on both sides, and
//! of two values that did not know of each other that of the side with the baton counts.
//! It is kept as the person's id, so that nobody's address is in what is kept of a link.

use std::collections::{BTreeMap, BTreeSet};

use store::Conn;
use store::agreement::Agreement;
use store::exchange::Link;
use store::trace::Hints;
use switchboard_core::exchange::{CallState, Field, What, Words};
use switchboard_core::onboarding::{Form, OwnerMap};
use switchboard_core::redact::ERASED;
use switchboard_core::{Command, PersonId, Ticket};
use uuid::Uuid;

use super::Terms;
use super::fields::in_a_line;
use crate::Error;

/// What nobody owns, in both words.
const NOBODY: &str = "";
/// Lines that are looked through in one go.
const MOST_TOLD: i64 = 200;

/// Who works on it.
pub(super) fn assignee() -> Field {
    Field::Other("assignee".into())
}

/// What a field is called where people read it.
pub(super) fn called(field: &Field) -> &str {
    if *field == assignee() {
        "owner"
    } else {
        field.key()
    }
}

/// A value of a field likewise.
pub(super) fn shown(field: &Field, raw: &str) -> String {
    if *field == assignee() && raw == NOBODY {
        "nobody".to_owned()
    } else {
        in_a_line(raw)
    }
}

/// What a field was set to, as people read it.
pub(super) fn said(field: &Field, raw: &str) -> String {
    format!("{} “{}”", called(field), shown(field, raw))
}

/// The lines of a form as an agreement keeps them: addresses as they are known here.
pub(crate) fn lines(form: &Form) -> Vec<OwnerMap> {
    let lines = form.exchange.owners.iter();
    let known = lines.filter_map(|line| {
        let map = OwnerMap::read(line).ok()?;
        let address = mail::Address::parse(&map.address).ok()?;
        Some(OwnerMap {
            address: address.as_str().to_owned(),
            ..map
        })
    });
    known.collect()
}

/// Who is behind the lines, in their order. Addresses that nobody has are left out.
fn people(c: &mut Conn<'_>, lines: &[OwnerMap]) -> Result<Vec<(PersonId, String)>, Error> {
    let addresses: Vec<&str> = lines.iter().map(|line| line.address.as_str()).collect();
    let known = store::person::of_addresses(c, &addresses)?;
    let whose = |line: &OwnerMap| {
        let (_, person) = known.iter().find(|(address, _)| *address == line.address)?;
        Some((*person, line.login.clone()))
    };
    Ok(lines.iter().filter_map(whose).collect())
}

/// The words of an agreement that says who is who: somebody's id for their login.
/// `None`: it says nothing of that, or lets no personal data pass.
///
/// # Errors
/// When the database can not be read.
pub(super) fn words(c: &mut Conn<'_>, agreement: &Agreement) -> Result<Option<Words>, Error> {
    let lines = &agreement.doc.owners;
    if lines.is_empty() || !agreement.personal_data {
        return Ok(None);
    }
    let nobody = || (NOBODY.to_owned(), NOBODY.to_owned());
    let mut words = Words {
        there: BTreeMap::from([nobody()]),
        here: BTreeMap::from([nobody()]),
        // Who has no line is nobody of ours; who it is stands beside the ticket.
        unknown: NOBODY.to_owned(),
        open: false,
    };
    for (person, login) in people(c, lines)? {
        let person = person.0.to_string();
        // Somebody with two addresses may have two logins: both are theirs.
        words
            .there
            .entry(person.clone())
            .or_insert_with(|| login.clone());
        words.here.insert(login, person);
    }
    Ok(Some(words))
}

/// Who owns a ticket there, as people read it; `None`: nobody does.
pub(super) fn in_words(there: &[String]) -> Option<String> {
    (!there.is_empty()).then(|| there.join(", "))
}

impl Terms {
    fn owners(&self) -> Option<&Words> {
        self.manner.words.get(&assignee())
    }

    /// The owner of a ticket as it travels; empty: nobody, or nobody whom a line names.
    /// `None`: owners do not travel.
    pub(super) fn owner(&self, owner: Option<PersonId>) -> Option<String> {
        let words = self.owners()?;
        let person = owner.map(|person| person.0.to_string());
        let named = person.filter(|person| words.there.contains_key(person));
        Some(named.unwrap_or_default())
    }

    /// Of the logins that own a ticket there the one that counts, as the agreement writes
    /// it: who it was, as long as it is among them; else the first whom a line names; else
    /// the first. Empty: nobody. `None`: owners do not travel.
    pub(super) fn login(&self, there: &[String], known: Option<&str>) -> Option<String> {
        let words = self.owners()?;
        let line = |login: &String| words.here.keys().find(|k| k.eq_ignore_ascii_case(login));
        let mut named = there.iter().filter_map(line);
        let stays = named.clone().find(|login| known == Some(login.as_str()));
        let counts = stays.or_else(|| named.next()).or(there.first());
        Some(counts.cloned().unwrap_or_default())
    }

    /// The same after our account changed who owns it: where it was told to take the last
    /// owner of ours away, others who have lines and stay are no new ones.
    pub(super) fn login_of_ours(&self, there: &[String], link: &Link) -> Option<String> {
        let stands = link.tie.fields.get(&assignee());
        let known = stands.and_then(|t| t.raw.as_deref());
        let login = self.login(there, known)?;
        let emptied = stands.is_some_and(|t| t.ours && t.raw.as_deref() == Some(NOBODY))
            || link.tie.calls.iter().any(|call| {
                let nobody = matches!(&call.what, What::Set { field, raw, .. }
                    if *field == assignee() && raw == NOBODY);
                nobody && !matches!(call.state, CallState::Refused { .. })
            });
        let stays = known == Some(login.as_str());
        Some(if emptied && !stays {
            String::new()
        } else {
            login
        })
    }

    /// A login there, as the agreement writes it, is that of somebody here.
    pub(super) fn is_known(&self, login: &str) -> bool {
        self.owners()
            .is_some_and(|words| words.here.contains_key(login))
    }

    /// Whom a new owner replaces there, where a ticket may have several: the last that a
    /// line names. All others are theirs.
    pub(super) fn instead_of(&self, link: &Link) -> String {
        let stands = link.tie.fields.get(&assignee());
        let known = stands.and_then(|t| t.raw.clone()).unwrap_or_default();
        Some(known)
            .filter(|login| self.is_known(login))
            .unwrap_or_default()
    }

    /// What gives a ticket here the owner that it has there; `None`: it has them, or it
    /// is somebody whom nobody here knows. That nobody works on it there takes it from
    /// those only of whom anything is known there.
    pub(super) fn owned(&self, ticket: &Ticket, value: &str, raw: &str) -> Option<Command> {
        if raw == NOBODY {
            let known = self.owner(ticket.owner).is_some_and(|key| key != NOBODY);
            return known.then_some(Command::SetOwner { owner: None });
        }
        let person = PersonId(Uuid::try_parse(value).ok()?);
        let owner = Some(person).filter(|_| ticket.owner != Some(person))?;
        Some(Command::SetOwner { owner: Some(owner) })
    }
}

/// Takes the lines of somebody who is erased out of all agreements and forms, with their
/// logins, and those out of all that is kept of tickets that travel: what would be left names
/// them still.
///
/// # Errors
/// When the database can not be written.
pub(crate) fn forget(c: &mut Conn<'_>, addresses: &[String]) -> Result<(), Error> {
    let mut logins = BTreeSet::new();
    for mut agreement in store::agreement::all(c)? {
        let of = |line: &OwnerMap| line.is_of(addresses);
        let (theirs, others) = agreement.doc.owners.into_iter().partition::<Vec<_>, _>(of);
        agreement.doc.owners = others;
        if theirs.is_empty() {
            continue;
        }
        store::agreement::set_doc(c, agreement.id, &agreement.doc)?;
        for line in theirs {
            forget_login(c, agreement.id, &line.login)?;
            logins.insert(line.login);
        }
    }
    for login in logins {
        forget_told(c, &login)?;
    }
    let theirs = |line: &String| OwnerMap::read(line).is_ok_and(|map| map.is_of(addresses));
    for mut sheet in store::onboarding::all(c)? {
        let mut found = false;
        for form in [Some(&mut sheet.form), sheet.reviewed.as_mut()] {
            let Some(form) = form else { continue };
            let before = form.exchange.owners.len();
            form.exchange.owners.retain(|line| !theirs(line));
            found |= form.exchange.owners.len() < before;
        }
        if found {
            store::onboarding::set_forms(c, &sheet)?;
        }
    }
    Ok(())
}

/// Takes somebody's login out of the links of an agreement. What it was there nobody here can
/// tell any more, and nothing is set there for that.
fn forget_login(c: &mut Conn<'_>, agreement: Uuid, login: &str) -> Result<(), Error> {
    let is = |word: &str| word.eq_ignore_ascii_case(login);
    for mut link in store::exchange::with_word(c, agreement, login)? {
        link.owner_there = link.owner_there.filter(|owner| !is(owner));
        link.shared.forget_words(&assignee(), is);
        link.tie.forget_words(&assignee(), is);
        store::exchange::save(c, &link)?;
    }
    Ok(())
}

/// Takes somebody's login out of the lines that tell what went where.
fn forget_told(c: &mut Conn<'_>, login: &str) -> Result<(), Error> {
    let said = format!("“{login}”");
    let hints = Hints::of(&[login.to_owned()]);
    for place in store::exchange::TOLD {
        let mut after = None;
        loop {
            let found = store::trace::texts(c, place, &hints, after.as_ref(), MOST_TOLD)?;
            let Some((last, _)) = found.last() else { break };
            after = Some(last.clone());
            for (row, text) in found {
                let gone = without(&text, &said);
                if gone != text {
                    store::trace::set_text(c, place, &row, Some(&gone))?;
                }
            }
        }
    }
    Ok(())
}

/// A text with a quoted word gone, however it is written.
fn without(text: &str, said: &str) -> String {
    let (lower, said) = (text.to_ascii_lowercase(), said.to_ascii_lowercase());
    let (mut left, mut at) = (String::new(), 0);
    while let Some(found) = lower[at..].find(&said) {
        left.push_str(&text[at..at + found]);
        left.push_str(&format!("“{ERASED}”"));
        at += found + said.len();
    }
    left + &text[at..]
}

/// What the lines of a form will do, in words: those whose address nobody has, and whom
/// several name.
///
/// # Errors
/// When the database can not be read.
pub(crate) fn preview(c: &mut Conn<'_>, form: &Form) -> Result<Vec<String>, Error> {
    let lines = lines(form);
    let people = people(c, &lines)?;
    let mut said = Vec::new();
    let mut logins: BTreeMap<PersonId, Vec<&str>> = BTreeMap::new();
    for (person, login) in &people {
        logins.entry(*person).or_default().push(login);
    }
    for (person, logins) in logins {
        let known = store::person::load(c, person)?;
        let name = known.map_or_else(String::new, |p| p.name);
        said.push(match logins.as_slice() {
            [login] => format!("{name} is “{login}” there"),
            [first, ..] => format!(
                "{name} is {} there, and is set there as “{first}”",
                logins
                    .iter()
                    .map(|login| format!("“{login}”"))
                    .collect::<Vec<_>>()
                    .join(" and ")
            ),
            [] => continue,
        });
    }
    for line in &lines {
        if !people.iter().any(|(_, login)| *login == line.login) {
            said.push(format!(
                "Nobody here has the address {}: “{}” there is nobody’s until somebody does",
                line.address, line.login
            ));
        }
    }
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_login_goes_however_it_is_written_and_nothing_else() {
        let text = "owner “Sam” was set by “sam”: samples of “same” are Sam’s";
        let gone = format!("owner “{ERASED}” was set by “{ERASED}”: samples of “same” are Sam’s");
        assert_eq!(without(text, "“sam”"), gone);
        assert_eq!(without("ö “é”", "“sam”"), "ö “é”");
    }
}
