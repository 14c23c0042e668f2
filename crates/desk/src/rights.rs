//! What people may do: support permission, monitor, administrator, and whether
//! their account works at all. Every change with what follows from it.

use serde_json::json;
use store::Conn;
use store::person::Person;
use switchboard_core::staff::{MemberChange, Rights, decide_rights, reason};
use switchboard_core::{Actor, PersonId, TicketNumber, UnitId};

use crate::audit::{Subject, record};
use crate::letter::{self, About};
use crate::letter_text::{self, why};
use crate::mail_text::Kind;
use crate::staff::{Occasion, carry_out, crew, person, release, standing, unit_link, unit_of};
use crate::{Catalogue, Desk, Error, Live, application};

/// The words of each right in the audit log.
fn rights_words(before: Rights, after: Rights) -> Vec<&'static str> {
    let mut words = Vec::new();
    let mut one = |old: bool, new: bool, given: &'static str, taken: &'static str| {
        if old != new {
            words.push(if new { given } else { taken });
        }
    };
    one(
        before.support,
        after.support,
        "person.support_granted",
        "person.support_revoked",
    );
    one(
        before.monitor,
        after.monitor,
        "person.monitor_granted",
        "person.monitor_revoked",
    );
    one(
        before.admin,
        after.admin,
        "person.admin_granted",
        "person.admin_revoked",
    );
    one(
        before.active,
        after.active,
        "person.enabled",
        "person.disabled",
    );
    words
}

/// Gives somebody these rights, with all that follows: without the support
/// permission memberships end, and a disabled account is signed out everywhere
/// and owns nothing any more.
///
/// # Errors
/// What the rules refuse.
pub(crate) fn change_rights(
    desk: &Desk,
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    occasion: &Occasion<'_>,
    who: PersonId,
    wish: Rights,
) -> Result<Vec<Live>, Error> {
    let mut who = person(c, who)?;
    let before = standing(&who);
    if before.rights == wish {
        return Ok(Vec::new());
    }
    let enrolments = store::staff::enrolments(c, who.id)?;
    let mut crews = Vec::new();
    for (unit, ..) in &enrolments {
        crews.push(crew(c, &unit_of(catalogue, *unit)?)?);
    }
    let others = store::staff::administrators(c)?
        .iter()
        .filter(|id| **id != who.id)
        .count();
    let others = i64::try_from(others).unwrap_or(i64::MAX);
    decide_rights(occasion.actor, &before, wish, &crews, others)?;
    let was = who.clone();
    who.support = wish.support;
    who.monitor = wish.monitor;
    who.admin = wish.admin;
    who.active = wish.active;
    let now = desk.now();
    store::person::update(c, &who, now)?;
    let mut live = Vec::new();
    let mut tickets = Vec::new();
    if before.counts() && !(wish.support && wish.active) {
        (tickets, live) = release(desk, c, catalogue, who.id, None, occasion)?;
        application::fall_away(c, occasion.actor, who.id, wish.active, now)?;
    }
    if before.rights.support && !wish.support {
        // The mails about it say more than that they left.
        let leaving = Occasion {
            why: "the support permission went",
            mails: false,
            ..*occasion
        };
        for (unit, part, _) in &enrolments {
            let unit = unit_of(catalogue, *unit)?;
            let change = MemberChange::Removed { old: *part };
            live.extend(carry_out(
                desk, c, catalogue, &leaving, &unit, &who, change,
            )?);
        }
    }
    if !wish.active {
        store::staff::end_sessions(c, who.id)?;
    }
    for action in rights_words(before.rights, wish) {
        let mut detail = json!({ "name": who.name, "why": occasion.why });
        if !tickets.is_empty() && matches!(action, "person.support_revoked" | "person.disabled") {
            detail["tickets"] = json!(tickets);
        }
        record(
            c,
            occasion.actor,
            now,
            action,
            &Subject::Person(who.id),
            &detail,
        )?;
    }
    tell_rights(desk, c, occasion, &was, wish)?;
    if before.counts() && !(wish.support && wish.active) {
        for (unit, ..) in &enrolments {
            tell_of_loss(desk, c, catalogue, occasion, *unit, &was, wish, &tickets)?;
        }
    }
    Ok(live)
}

/// The one concerned hears what they may do now.
fn tell_rights(
    desk: &Desk,
    c: &mut Conn<'_>,
    occasion: &Occasion<'_>,
    was: &Person,
    now: Rights,
) -> Result<(), Error> {
    if occasion.actor.person == Some(was.id) {
        return Ok(());
    }
    // Also when it is this that disables them: they shall know why.
    let reachable = Person {
        active: true,
        ..was.clone()
    };
    let before = standing(was).rights;
    let about = About::nothing_else(Kind::Rights, occasion.cause);
    letter::to_person(desk, c, &reachable, about, |german| {
        [
            ("text", letter_text::rights(before, now, german)),
            ("who", occasion.actor.name.clone()),
            ("reason", letter_text::reason(occasion.why, german)),
            ("link", format!("{}/account", desk.config().public_url)),
        ]
        .into()
    })?;
    Ok(())
}

/// The responsibles of a unit hear that somebody of theirs can not work there
/// any more.
#[expect(
    clippy::too_many_arguments,
    reason = "what the mail says, each by its name"
)]
fn tell_of_loss(
    desk: &Desk,
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    occasion: &Occasion<'_>,
    unit: UnitId,
    was: &Person,
    now: Rights,
    tickets: &[TicketNumber],
) -> Result<(), Error> {
    let unit = unit_of(catalogue, unit)?;
    if !unit.active {
        return Ok(());
    }
    let mut here = Vec::new();
    for number in tickets {
        if store::ticket::load(c, *number)?.is_some_and(|t| t.unit == unit.id) {
            here.push(*number);
        }
    }
    for one in store::staff::responsibles(c, unit.id)? {
        let to = person(c, one.person)?;
        // Somebody may be responsible of several of their units, and hears of each.
        let about = About::nothing_else(Kind::Members, desk.uuid());
        letter::to_person(desk, c, &to, about, |german| {
            let (headline, text) = letter_text::lost(&was.name, &unit.name, now.active, german);
            let address = was.email.as_deref().unwrap_or(&was.name);
            [
                ("headline", headline),
                ("text", text.to_owned()),
                ("reason", letter_text::reason(occasion.why, german)),
                ("unit", unit.name.clone()),
                ("list", unit.email.clone().unwrap_or_default()),
                (
                    "list_change",
                    letter_text::list_change(false, address, german),
                ),
                ("tickets", letter_text::numbers(&here)),
                ("link", unit_link(desk, &unit)),
            ]
            .into()
        })?;
    }
    Ok(())
}

impl Desk {
    /// Changes what somebody may do. What is taken away needs a reason, which
    /// they are told.
    ///
    /// # Errors
    /// What the rules refuse.
    pub async fn change_rights(
        &self,
        actor: &Actor,
        who: PersonId,
        wish: impl Fn(Rights) -> Rights + Send + 'static,
        why: &str,
    ) -> Result<(), Error> {
        let catalogue = self.catalogue().await?;
        let why = reason(why, None)?;
        let (desk, actor, cause) = (self.clone(), actor.clone(), self.uuid());
        let live = self
            .0
            .db
            .write(move |c| {
                let before = standing(&person(c, who)?).rights;
                let wish = wish(before);
                let takes = (before.support && !wish.support)
                    || (before.monitor && !wish.monitor)
                    || (before.admin && !wish.admin)
                    || (before.active && !wish.active);
                let oneself = actor.person == Some(who);
                if takes && !oneself {
                    reason(&why, Some("say why; they are told by mail"))?;
                }
                let occasion = Occasion {
                    actor: &actor,
                    why: match (why.as_str(), oneself) {
                        ("", true) => why::GIVEN_BACK,
                        ("", false) => why::ADMINISTRATOR,
                        (why, _) => why,
                    },
                    cause,
                    mails: true,
                };
                if wish.support && !before.support {
                    // Granting it answers what they applied with.
                    let open = application::waiting_of(c, who)?;
                    if let Some(open) = open {
                        let mut live = application::grant(&desk, c, &catalogue, &occasion, &open)?;
                        let rest = Rights {
                            support: true,
                            ..wish
                        };
                        live.extend(change_rights(&desk, c, &catalogue, &occasion, who, rest)?);
                        return Ok(live);
                    }
                }
                change_rights(&desk, c, &catalogue, &occasion, who, wish)
            })
            .await?;
        self.rights_changed(live);
        Ok(())
    }

    /// Signs somebody out everywhere.
    ///
    /// # Errors
    /// When the actor is no administrator.
    pub async fn end_sessions_of(&self, actor: &Actor, who: PersonId) -> Result<u64, Error> {
        self.administer(
            actor,
            who,
            "person.sessions_ended",
            store::staff::end_sessions,
        )
        .await
    }

    /// Revokes every token of somebody.
    ///
    /// # Errors
    /// When the actor is no administrator.
    pub async fn revoke_tokens_of(&self, actor: &Actor, who: PersonId) -> Result<u64, Error> {
        let now = self.now();
        self.administer(actor, who, "person.tokens_revoked", move |c, who| {
            store::staff::revoke_tokens(c, who, now)
        })
        .await
    }

    async fn administer(
        &self,
        actor: &Actor,
        who: PersonId,
        action: &'static str,
        deed: impl Fn(&mut Conn<'_>, PersonId) -> Result<u64, store::Error> + Send + 'static,
    ) -> Result<u64, Error> {
        if !actor.admin && !actor.is_system() {
            return Err(Error::Forbidden("only administrators may do that".into()));
        }
        let (now, actor) = (self.now(), actor.clone());
        let done = self
            .0
            .db
            .write(move |c| {
                let name = person(c, who)?.name;
                let done = deed(c, who)?;
                record(
                    c,
                    &actor,
                    now,
                    action,
                    &Subject::Person(who),
                    &json!({ "name": name, "count": done }),
                )?;
                Ok::<_, Error>(done)
            })
            .await?;
        self.forget_actors();
        Ok(done)
    }
}
