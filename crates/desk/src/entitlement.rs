//! Rights that come with what providers say of somebody, and go with it.

use std::collections::BTreeMap;

use serde_json::json;
use store::Conn;
use store::identity::Identity;
use store::provider::EntitlementRule;
use switchboard_core::entitlement::{
    Entitlement, Held, Pattern, Rights, Rule, Said, Step, settle, wanted,
};
use switchboard_core::{Actor, Channel, PersonId};
use uuid::Uuid;

use crate::audit::{self, Subject};
use crate::community::{self, Via};
use crate::provider::check_admin;
use crate::staff::{Occasion, enrol, release, unit_of};
use crate::{Catalogue, Desk, Error, Live, application};

/// Identities that are looked at in one step.
const STEP: i64 = 500;
/// People that a preview names.
const SHOWN: usize = 200;

/// What a rule would do to one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// What would be given and taken.
    pub steps: Vec<Step>,
}

/// How the rules would be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleChange {
    /// Not at all: what the rules as they are would do now.
    None,
    /// By one more.
    Add(EntitlementRule),
    /// By one less.
    Remove(Uuid),
}

fn rule_of(stored: &EntitlementRule) -> Result<Rule, String> {
    Ok(Rule {
        id: stored.id,
        provider: stored.provider,
        pattern: Pattern::parse(&stored.pattern)?,
        support: stored.support,
        unit: stored.unit,
        community: stored.community.clone(),
    })
}

/// The rules as they are stored; one that can not be read brings nothing.
fn rules(c: &mut Conn<'_>) -> Result<Vec<Rule>, Error> {
    let mut read = Vec::new();
    for stored in store::provider::rules(c)? {
        match rule_of(&stored) {
            Ok(rule) => read.push(rule),
            Err(why) => tracing::warn!(rule = %stored.id, why, "a rule can not be read"),
        }
    }
    Ok(read)
}

/// What the providers in use say by the identities given.
fn said(identities: &[Identity], in_use: &[Uuid]) -> Vec<Said> {
    identities
        .iter()
        .filter_map(|identity| {
            let provider = identity.provider.filter(|p| in_use.contains(p))?;
            let read = identity.entitlements.iter();
            Some((
                provider,
                read.filter_map(|t| Entitlement::read(t)).collect(),
            ))
        })
        .collect()
}

fn in_use(c: &mut Conn<'_>) -> Result<Vec<Uuid>, Error> {
    let all = store::provider::all(c)?;
    Ok(all.into_iter().filter(|p| p.active).map(|p| p.id).collect())
}

/// What somebody holds now, and what of it came by entitlements.
fn standing(c: &mut Conn<'_>, person: &store::person::Person) -> Result<(Rights, Held), Error> {
    let now = Rights {
        support: person.support,
        units: store::identity::parts(c, person.id)?.into_iter().collect(),
        communities: store::community::of_person(c, person.id)?
            .into_iter()
            .filter(|(_, via)| *via == Via::Entitlement)
            .map(|(key, _)| key)
            .collect(),
    };
    let held = match store::identity::entitled(c, person.id)? {
        None => Held::default(),
        Some(text) => serde_json::from_str(&text)
            .map_err(|e| Error::Internal(format!("stored rights by entitlement: {e}")))?,
    };
    Ok((now, held))
}

/// The steps for one person by these rules.
fn steps_for(
    c: &mut Conn<'_>,
    person: &store::person::Person,
    identities: &[Identity],
    rules: &[Rule],
    in_use: &[Uuid],
) -> Result<(Vec<Step>, Held, Held), Error> {
    let mut aim = wanted(rules, &said(identities, in_use));
    let (now, held) = standing(c, person)?;
    // A rule may outlive its community's use: nobody comes into one that is
    // retired, and a sign-in does not fail for it.
    if !aim.communities.is_subset(&now.communities) {
        let known = store::community::all(c)?;
        aim.communities.retain(|key| {
            now.communities.contains(key) || known.iter().any(|k| k.active && k.key == *key)
        });
    }
    let alone = store::identity::alone_responsible(c, person.id)?;
    let (steps, next) = settle(&now, &held, &aim, &alone.into_iter().collect());
    Ok((steps, held, next))
}

/// Gives and takes what follows from what the providers last said of somebody,
/// in the transaction in which they said it. The tickets that changed with it
/// are for [`Desk::rights_changed`] after the commit.
pub(crate) fn settle_person(
    desk: &Desk,
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    id: PersonId,
    channel: Channel,
) -> Result<(Vec<Step>, Vec<Live>), Error> {
    let mut live = Vec::new();
    let Some(mut person) = store::person::load(c, id)? else {
        return Ok((Vec::new(), live));
    };
    let now = desk.now();
    let identities = store::identity::of_person(c, id)?;
    let (rules, in_use) = (rules(c)?, in_use(c)?);
    let (steps, held, mut next) = steps_for(c, &person, &identities, &rules, &in_use)?;
    let system = Actor::system(channel);
    for step in &steps {
        // A mail says one thing, so each step is an occasion of its own.
        let occasion = Occasion {
            actor: &system,
            why: crate::letter_text::why::ENTITLED,
            cause: desk.uuid(),
            mails: true,
        };
        let (unit, wanted) = match step {
            // These two stand in the audit log by what they do.
            Step::JoinCommunity(key) => {
                community::join(c, &system, id, key, Via::Entitlement, now)?;
                continue;
            }
            Step::LeaveCommunity(key) => {
                community::leave(c, &system, id, key, Via::Entitlement, now)?;
                continue;
            }
            Step::GiveSupport | Step::TakeSupport => {
                live.extend(settle_rights(
                    desk,
                    c,
                    catalogue,
                    &occasion,
                    &mut person,
                    step,
                )?);
                continue;
            }
            Step::Stay(unit) => {
                let detail = json!({ "by": "entitlement", "person": id, "name": person.name });
                let (action, subject) = ("unit.last_responsible_kept", Subject::Unit(*unit));
                audit::record(c, &system, now, action, &subject, &detail)?;
                continue;
            }
            Step::Join(unit, part) | Step::Return(unit, part) => (*unit, Some(*part)),
            Step::Leave(unit) => (*unit, None),
        };
        let house = unit_of(catalogue, unit)?;
        match enrol(desk, c, catalogue, &occasion, &house, id, wanted) {
            Ok((_, more)) => live.extend(more),
            // They are let in all the same, and it is tried again the next time.
            Err(Error::Conflict(why)) => {
                tracing::warn!(person = %id, unit = house.key, why, "a rule's unit takes nobody");
                next.units.remove(&unit);
            }
            Err(other) => return Err(other),
        }
    }
    if next != held {
        let text = serde_json::to_string(&next)
            .map_err(|e| Error::Internal(format!("rights by entitlement: {e}")))?;
        store::identity::set_entitled(c, id, &text, now)?;
    }
    Ok((steps, live))
}

/// The steps that are about the person and no unit.
fn settle_rights(
    desk: &Desk,
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    occasion: &Occasion<'_>,
    person: &mut store::person::Person,
    step: &Step,
) -> Result<Vec<Live>, Error> {
    let (now, id) = (desk.now(), person.id);
    let (mut live, mut tickets) = (Vec::new(), Vec::new());
    let mut detail = json!({ "by": "entitlement", "name": person.name });
    let action = match step {
        Step::TakeSupport => {
            person.support = false;
            (tickets, live) = release(desk, c, catalogue, id, None, occasion)?;
            application::fall_away(c, occasion.actor, id, true, now)?;
            "person.support_withdrawn"
        }
        _ => {
            person.support = true;
            "person.support_granted"
        }
    };
    if !tickets.is_empty() {
        detail["tickets"] = json!(tickets);
    }
    store::person::update(c, person, now)?;
    audit::record(
        c,
        occasion.actor,
        now,
        action,
        &Subject::Person(id),
        &detail,
    )?;
    Ok(live)
}

/// Everybody who has an identity, with all of theirs.
fn everybody(c: &mut Conn<'_>) -> Result<BTreeMap<PersonId, Vec<Identity>>, Error> {
    let mut all: BTreeMap<PersonId, Vec<Identity>> = BTreeMap::new();
    let mut last = Uuid::nil();
    loop {
        let some = store::identity::after(c, last, STEP)?;
        let Some(end) = some.last() else {
            return Ok(all);
        };
        last = end.id;
        for identity in some {
            all.entry(identity.person).or_default().push(identity);
        }
    }
}

impl Desk {
    /// The rules in their order.
    ///
    /// # Errors
    /// When the actor is no administrator.
    pub async fn entitlement_rules(&self, actor: &Actor) -> Result<Vec<EntitlementRule>, Error> {
        check_admin(actor)?;
        self.0
            .db
            .read(|c| store::provider::rules(c).map_err(Error::from))
            .await
    }

    /// Checks a rule and gives it an id; its community is looked up by key, name
    /// or another name of it.
    ///
    /// # Errors
    /// Names the field that is wrong.
    pub async fn checked_rule(&self, mut rule: EntitlementRule) -> Result<EntitlementRule, Error> {
        rule.pattern = rule.pattern.trim().to_owned();
        Pattern::parse(&rule.pattern).map_err(|why| Error::invalid("pattern", why))?;
        rule.community = match rule.community.as_deref().map(str::trim) {
            None | Some("") => None,
            Some(name) => {
                let catalogue = self.catalogue().await?;
                let found = catalogue.find_community("community", name)?;
                Some(found.key.clone())
            }
        };
        if !rule.support && rule.unit.is_none() && rule.community.is_none() {
            return Err(Error::invalid(
                "unit",
                "say what the entitlement brings: a unit, the support permission or a community",
            ));
        }
        rule.id = self.uuid();
        Ok(rule)
    }

    /// Adds a rule; it counts from everybody's next sign-in on.
    ///
    /// # Errors
    /// Names the field that is wrong; when the actor is no administrator.
    pub async fn add_entitlement_rule(
        &self,
        actor: &Actor,
        rule: EntitlementRule,
    ) -> Result<EntitlementRule, Error> {
        check_admin(actor)?;
        let mut rule = self.checked_rule(rule).await?;
        let (now, actor) = (self.now(), actor.clone());
        self.0
            .db
            .write(move |c| {
                let known = store::provider::rules(c)?;
                rule.position = known.iter().map(|r| r.position).max().unwrap_or(0) + 1;
                store::provider::insert_rule(c, &rule, now)?;
                let detail = rule_detail(&rule);
                let subject = Subject::Other("entitlement_rule", rule.id);
                audit::record(
                    c,
                    &actor,
                    now,
                    "entitlement_rule.created",
                    &subject,
                    &detail,
                )?;
                Ok(rule.clone())
            })
            .await
    }

    /// Takes a rule away; what it brought goes at everybody's next sign-in.
    ///
    /// # Errors
    /// When there is none, or the actor is no administrator.
    pub async fn delete_entitlement_rule(&self, actor: &Actor, id: Uuid) -> Result<(), Error> {
        check_admin(actor)?;
        let (now, actor) = (self.now(), actor.clone());
        self.0
            .db
            .write(move |c| {
                let known = store::provider::rules(c)?;
                let rule = known
                    .iter()
                    .find(|r| r.id == id)
                    .ok_or_else(|| Error::not_found("such rule"))?;
                store::provider::delete_rule(c, id)?;
                let subject = Subject::Other("entitlement_rule", id);
                let detail = rule_detail(rule);
                audit::record(
                    c,
                    &actor,
                    now,
                    "entitlement_rule.deleted",
                    &subject,
                    &detail,
                )
            })
            .await
    }

    /// Whom a change of the rules would touch, of all whose identities are
    /// known, by what was last said of them. At most 200 people, and how many
    /// there are.
    ///
    /// # Errors
    /// When the actor is no administrator.
    pub async fn preview_rules(
        &self,
        actor: &Actor,
        change: RuleChange,
    ) -> Result<(usize, Vec<Touched>), Error> {
        check_admin(actor)?;
        self.0
            .db
            .read(move |c| {
                let mut rules = rules(c)?;
                match &change {
                    RuleChange::None => {}
                    RuleChange::Add(rule) => {
                        rules.push(rule_of(rule).map_err(|why| Error::invalid("pattern", why))?)
                    }
                    RuleChange::Remove(id) => rules.retain(|r| r.id != *id),
                }
                let in_use = in_use(c)?;
                let (mut count, mut touched) = (0, Vec::new());
                for (id, identities) in everybody(c)? {
                    let Some(person) = store::person::load(c, id)?.filter(|p| p.active) else {
                        continue;
                    };
                    let (steps, _, _) = steps_for(c, &person, &identities, &rules, &in_use)?;
                    if steps.is_empty() {
                        continue;
                    }
                    count += 1;
                    if touched.len() < SHOWN {
                        touched.push(Touched {
                            person: id,
                            name: person.name,
                            steps,
                        });
                    }
                }
                Ok((count, touched))
            })
            .await
    }

    /// Applies the rules to everybody by what was last said of them, without
    /// waiting for their next sign-in. Returns how many people it touched.
    ///
    /// # Errors
    /// When the actor is no administrator.
    pub async fn apply_rules(&self, actor: &Actor) -> Result<usize, Error> {
        check_admin(actor)?;
        let people = self.0.db.read(everybody).await?.into_keys();
        let catalogue = self.catalogue().await?;
        let mut touched = 0;
        for person in people {
            let (desk, catalogue) = (self.clone(), catalogue.clone());
            let (steps, live) = self
                .0
                .db
                .write(move |c| settle_person(&desk, c, &catalogue, person, Channel::Web))
                .await?;
            touched += usize::from(steps.iter().any(|s| !matches!(s, Step::Stay(_))));
            self.rights_changed(live);
        }
        Ok(touched)
    }
}

fn rule_detail(rule: &EntitlementRule) -> serde_json::Value {
    json!({
        "pattern": rule.pattern,
        "provider": rule.provider,
        "support": rule.support,
        "unit": rule.unit.map(|(unit, _)| unit),
        "part": rule.unit.map(|(_, part)| store::person::part_key(part)),
        "community": rule.community,
    })
}
