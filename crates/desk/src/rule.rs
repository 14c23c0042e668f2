//! Rules that administrators write: as data, what they would touch, and what each did.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use store::Conn;
use store::rule::{Rule, Run, Sums};
use switchboard_core::query::{Filter, Names, Who};
use switchboard_core::rule::{
    Deeds, Field, Hold, Length, MOST, Mail, Measure, On, Rule as Written, STATUSES, When,
};
use switchboard_core::{
    Actor, Millis, PersonId, Priority, Query, ServiceId, Status, TicketNumber, UnitId,
};

use crate::audit::{self, Subject};
use crate::{Catalogue, Desk, Error, Page};

pub(crate) mod act;
mod preview;
pub(crate) mod texts;

pub use preview::{Preview, Touched};

/// The name of the cursor of what was looked at.
pub(crate) const FOLLOWER: &str = "rules";
/// So long back reaches what the list says of a rule.
const LATELY: Millis = 7 * 24 * 3_600_000;
/// The longest query, in characters.
const LONGEST_QUERY: usize = 500;

/// A rule as somebody filled it in. What is empty is not asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// The one that is changed; `None`: a new one.
    pub number: Option<i64>,
    /// The version that was seen; `None`: whatever happened meanwhile.
    pub expected: Option<i64>,
    /// How people call it.
    pub title: String,
    /// A word of [`On`].
    pub on: String,
    /// Words of [`Field`].
    pub fields: Vec<String>,
    /// How long: how many, and a word of [`Measure`].
    pub after: Option<(i64, String)>,
    /// A query.
    pub only: String,
    /// What it does.
    pub then: ThenDraft,
    /// What had its time already is done, too.
    pub catch_up: bool,
    /// It acts.
    pub active: bool,
}

/// What a rule is to do, by names. What is empty is not done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ThenDraft {
    /// A category's key.
    pub category: String,
    /// A type of issue's key.
    pub issue_type: String,
    /// Tags to put on.
    pub tag: Vec<String>,
    /// Tags to take off.
    pub untag: Vec<String>,
    /// A priority's key.
    pub priority: String,
    /// A unit by name or key.
    pub unit: String,
    /// An address.
    pub owner: String,
    /// An address.
    pub cc: String,
    /// An address.
    pub involve: String,
    /// A text with fields.
    pub note: String,
    /// A text with fields.
    pub answer: String,
    /// A status's key.
    pub status: String,
    /// A reason, which is a text with fields.
    pub hold: String,
    /// Working days.
    pub hold_days: Option<i64>,
    /// A unit by name or key.
    pub mail_unit: String,
    /// A text with fields.
    pub mail_text: String,
}

/// A rule, and how it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// It.
    pub rule: Rule,
    /// What it says, by names: what a form shows.
    pub draft: Draft,
    /// What came of it in the last seven days.
    pub sums: Sums,
}

fn admin(actor: &Actor) -> Result<(), Error> {
    if actor.admin || actor.is_system() {
        return Ok(());
    }
    Err(Error::Forbidden("administrators look after rules".into()))
}

fn found(c: &mut Conn<'_>, number: i64) -> Result<Rule, Error> {
    store::rule::load(c, number)?.ok_or_else(|| Error::not_found("such rule"))
}

fn subject(number: i64) -> Subject {
    Subject::Setting(format!("rule {number}"))
}

/// What the names in a rule's query mean.
pub(crate) struct Known<'a> {
    catalogue: &'a Catalogue,
    people: BTreeMap<String, PersonId>,
}

impl Names for Known<'_> {
    fn unit(&self, name: &str) -> Option<UnitId> {
        self.catalogue.find_unit("only", name).ok().map(|u| u.id)
    }

    fn service(&self, name: &str) -> Option<ServiceId> {
        let found = self.catalogue.find_service("only", name);
        found.ok().map(|s| s.id)
    }

    fn community(&self, name: &str) -> String {
        let known = self.catalogue.community(name);
        known.map_or_else(|| name.to_owned(), |c| c.key.clone())
    }

    fn person(&self, address: &str) -> Option<PersonId> {
        self.people.get(address).copied()
    }
}

/// Looks the names of a query up.
///
/// # Errors
/// When there is no such unit or service, or something is no mail address.
pub(crate) fn known<'a>(
    c: &mut Conn<'_>,
    catalogue: &'a Catalogue,
    query: &Query,
) -> Result<Known<'a>, Error> {
    let mut people = BTreeMap::new();
    for term in &query.terms {
        match &term.filter {
            Filter::Unit(name) => {
                catalogue.find_unit("only", name)?;
            }
            Filter::Service(name) => {
                catalogue.find_service("only", name)?;
            }
            Filter::Owner(Who::Named(text)) | Filter::Requester(Who::Named(text)) => {
                let address = crate::account::address("only", text)?;
                if let Some(person) = store::person::by_email(c, address.as_str())? {
                    people.insert(text.clone(), person.id);
                }
            }
            _ => {}
        }
    }
    Ok(Known { catalogue, people })
}

/// A draft as a rule, with all names looked up.
fn written(c: &mut Conn<'_>, catalogue: &Catalogue, draft: &Draft) -> Result<Written, Error> {
    let on = On::parse(&draft.on).ok_or_else(|| {
        let all: Vec<&str> = On::ALL.iter().map(|on| on.key()).collect();
        Error::invalid("on", format!("has to be one of {}", all.join(", ")))
    })?;
    let fields: BTreeSet<Field> = draft
        .fields
        .iter()
        .map(|word| {
            Field::parse(word).ok_or_else(|| {
                let all: Vec<&str> = Field::ALL.iter().map(|f| f.key()).collect();
                let problem = format!("{word:?} is none of {}", all.join(", "));
                Error::invalid("fields", problem)
            })
        })
        .collect::<Result<_, _>>()?;
    let after = match &draft.after {
        None => None,
        Some((count, of)) => Some(Length {
            count: u32::try_from(*count)
                .map_err(|_| Error::invalid("after", "takes a whole number, not below 0"))?,
            of: Measure::parse(of).ok_or_else(|| {
                Error::invalid("after", "is counted in hours, days or working_days")
            })?,
        }),
    };
    if draft.only.chars().count() > LONGEST_QUERY {
        return Err(Error::invalid(
            "only",
            format!("is longer than {LONGEST_QUERY} characters"),
        ));
    }
    let rule = Written {
        title: draft.title.trim().to_owned(),
        when: When { on, fields, after },
        only: draft.only.trim().to_owned(),
        then: deeds(c, catalogue, &draft.then, Whom::All)?,
        catch_up: draft.catch_up,
    };
    rule.check()?;
    known(c, catalogue, &rule.query()?)?;
    let fields = texts::fields();
    for (field, text) in rule.then.texts() {
        mail::template::check(text, &fields).map_err(|e| Error::invalid(field, e.to_string()))?;
    }
    Ok(rule)
}

/// Whom deeds may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whom {
    /// Everybody with a working account.
    All,
    /// Members of units: who is no administrator does not learn of others whether an
    /// address is known.
    Staff,
}

/// What is to be done, with all names looked up.
///
/// # Errors
/// Names the field that is wrong.
pub(crate) fn deeds(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    then: &ThenDraft,
    whom: Whom,
) -> Result<Deeds, Error> {
    let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let unit = |field: &str, name: &str| match some(name) {
        None => Ok(None),
        Some(name) => {
            let unit = catalogue.find_unit(field, &name)?;
            if !unit.active {
                let problem = format!("{} is retired; name its successor", unit.name);
                return Err(Error::invalid(field, problem));
            }
            Ok(Some(unit.id))
        }
    };
    let category = some(&then.category);
    if let Some(key) = &category {
        catalogue.check_category(key)?;
    }
    let issue_type = some(&then.issue_type);
    if let Some(key) = &issue_type {
        let known = catalogue
            .issue_types
            .iter()
            .any(|t| t.key == *key && category.as_ref().is_none_or(|c| *c == t.category));
        if !known {
            let problem = format!("{key:?} is no type of issue of this category");
            return Err(Error::invalid("issue_type", problem));
        }
    }
    let priority = match some(&then.priority) {
        None => None,
        Some(key) => Some(
            Priority::parse(&key)
                .ok_or_else(|| Error::invalid("priority", "has to be low, medium, high or top"))?,
        ),
    };
    let status = match some(&then.status) {
        None => None,
        Some(key) => Some(Status::parse(&key).ok_or_else(|| {
            let known = STATUSES.map(Status::key);
            Error::invalid("status", format!("has to be one of {}", known.join(", ")))
        })?),
    };
    let hold_days = then
        .hold_days
        .map(|days| u32::try_from(days).unwrap_or(u32::MAX));
    let hold = some(&then.hold);
    if hold.is_none() && hold_days.is_some() {
        return Err(Error::invalid("hold_days", "goes with a reason in hold"));
    }
    let mail = match (unit("mail_unit", &then.mail_unit)?, some(&then.mail_text)) {
        (Some(unit), Some(text)) => Some(Mail { unit, text }),
        (None, None) => None,
        (Some(_), None) => return Err(Error::invalid("mail_text", "has to say something")),
        (None, Some(_)) => return Err(Error::invalid("mail_unit", "has to name a unit")),
    };
    let mut person = |field: &str, text: &str| match some(text) {
        None => Ok::<_, Error>(None),
        Some(text) => {
            let address = crate::account::address(field, &text)?;
            let person = store::person::by_email(c, address.as_str())?.filter(|p| p.active);
            let (person, who) = match (person, whom) {
                (Some(one), Whom::Staff) if store::person::memberships(c, one.id)?.is_empty() => {
                    (None, "in a unit")
                }
                (person, Whom::Staff) => (person, "in a unit"),
                (person, Whom::All) => (person, "with a working account"),
            };
            let problem = || format!("nobody {who} has the address {address}");
            let person = person.ok_or_else(|| Error::invalid(field, problem()))?;
            Ok(Some(person.id))
        }
    };
    Ok(Deeds {
        owner: person("owner", &then.owner)?,
        cc: person("cc", &then.cc)?,
        involve: person("involve", &then.involve)?,
        unit: unit("unit", &then.unit)?,
        tag: tags("tag", &then.tag)?,
        untag: tags("untag", &then.untag)?,
        note: some(&then.note),
        answer: some(&then.answer),
        status,
        hold: hold.map(|reason| Hold {
            reason,
            days: hold_days,
        }),
        category,
        issue_type,
        priority,
        mail,
    })
}

fn tags(field: &str, tags: &[String]) -> Result<BTreeSet<String>, Error> {
    let tags = tags.iter().filter(|tag| !tag.trim().is_empty()).cloned();
    crate::patch::check_tags(tags.collect()).map_err(|e| match e {
        Error::Invalid { problem, .. } => Error::invalid(field, problem),
        other => other,
    })
}

/// A rule by names again, as a form shows it.
fn by_names(c: &mut Conn<'_>, catalogue: &Catalogue, rule: &Rule) -> Result<Draft, Error> {
    let w = &rule.written;
    Ok(Draft {
        number: Some(rule.number),
        expected: Some(rule.version),
        title: w.title.clone(),
        on: w.when.on.key().to_owned(),
        fields: w.when.fields.iter().map(|f| f.key().to_owned()).collect(),
        after: w
            .when
            .after
            .map(|a| (i64::from(a.count), a.of.key().to_owned())),
        only: w.only.clone(),
        then: then_by_names(c, catalogue, &w.then)?,
        catch_up: w.catch_up,
        active: rule.active,
    })
}

/// What is done by names again, as a form shows it.
///
/// # Errors
/// When the database can not be read.
pub(crate) fn then_by_names(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    then: &Deeds,
) -> Result<ThenDraft, Error> {
    let unit = |id: Option<UnitId>| {
        let unit = id.and_then(|id| catalogue.unit(id));
        unit.map_or_else(String::new, |u| u.name.clone())
    };
    let mut person = |id: Option<PersonId>| match id {
        None => Ok::<_, Error>(String::new()),
        Some(id) => {
            let person = store::person::load(c, id)?;
            // Who has no address any more can not be named; saving asks for somebody else.
            Ok(person.map_or_else(String::new, |p| p.email.unwrap_or(p.name)))
        }
    };
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    Ok(ThenDraft {
        category: text(&then.category),
        issue_type: text(&then.issue_type),
        tag: then.tag.iter().cloned().collect(),
        untag: then.untag.iter().cloned().collect(),
        priority: then.priority.map_or_else(String::new, |p| p.key().into()),
        unit: unit(then.unit),
        owner: person(then.owner)?,
        cc: person(then.cc)?,
        involve: person(then.involve)?,
        note: text(&then.note),
        answer: text(&then.answer),
        status: then.status.map_or("", Status::key).to_owned(),
        hold: then
            .hold
            .as_ref()
            .map(|h| h.reason.clone())
            .unwrap_or_default(),
        hold_days: then.hold.as_ref().and_then(|h| h.days).map(i64::from),
        mail_unit: unit(then.mail.as_ref().map(|m| m.unit)),
        mail_text: then
            .mail
            .as_ref()
            .map(|m| m.text.clone())
            .unwrap_or_default(),
    })
}

impl Desk {
    /// Every rule, in the order in which they are looked at, and how each goes.
    ///
    /// # Errors
    /// When the actor is no administrator.
    pub async fn written_rules(&self, actor: &Actor) -> Result<Vec<Overview>, Error> {
        admin(actor)?;
        let (catalogue, now) = (self.catalogue().await?, self.now());
        self.0
            .db
            .read(move |c| {
                let sums = store::rule::sums(c, now - LATELY)?;
                let mut all = Vec::new();
                for rule in store::rule::all(c)? {
                    let own = sums.iter().find(|(number, _)| *number == rule.number);
                    all.push(Overview {
                        draft: by_names(c, &catalogue, &rule)?,
                        sums: own.map_or_else(Sums::default, |(_, sums)| *sums),
                        rule,
                    });
                }
                Ok(all)
            })
            .await
    }

    /// One rule.
    ///
    /// # Errors
    /// When there is none, or the actor is no administrator.
    pub async fn written_rule(&self, actor: &Actor, number: i64) -> Result<Overview, Error> {
        let all = self.written_rules(actor).await?;
        all.into_iter()
            .find(|one| one.rule.number == number)
            .ok_or_else(|| Error::not_found("such rule"))
    }

    /// Stores a rule. It acts on what happens, or has its time, from now on; one that is
    /// changed goes on.
    ///
    /// # Errors
    /// Names the field that is wrong; when the actor is no administrator.
    pub async fn save_written_rule(&self, actor: &Actor, draft: Draft) -> Result<Overview, Error> {
        admin(actor)?;
        let (catalogue, now, by) = (self.catalogue().await?, self.now(), actor.clone());
        let number = self
            .0
            .db
            .write(move |c| store_draft(c, &catalogue, &by, &draft, now))
            .await?;
        self.wake();
        self.written_rule(actor, number).await
    }

    /// Has the rules looked at in this order.
    ///
    /// # Errors
    /// When it does not name each once, or the actor is no administrator.
    pub async fn order_written_rules(
        &self,
        actor: &Actor,
        numbers: Vec<i64>,
    ) -> Result<Vec<Overview>, Error> {
        admin(actor)?;
        let (now, by) = (self.now(), actor.clone());
        self.0
            .db
            .write(move |c| {
                let before: Vec<i64> = store::rule::all(c)?.iter().map(|r| r.number).collect();
                let mut known = before.clone();
                let mut named = numbers.clone();
                known.sort_unstable();
                named.sort_unstable();
                if known != named {
                    let problem = format!("has to name each rule once: {known:?} in any order");
                    return Err(Error::invalid("rules", problem));
                }
                if before == numbers {
                    return Ok(());
                }
                for (place, number) in (1..).zip(&numbers) {
                    store::rule::set_place(c, *number, place)?;
                }
                let detail = json!({"before": before, "after": numbers});
                let subject = Subject::Setting("rules".into());
                audit::record(c, &by, now, "rules.ordered", &subject, &detail)
            })
            .await?;
        self.written_rules(actor).await
    }

    /// Takes a rule away, with the log of what it did; the histories of tickets keep it.
    ///
    /// # Errors
    /// When there is none, or the actor is no administrator.
    pub async fn delete_written_rule(&self, actor: &Actor, number: i64) -> Result<(), Error> {
        admin(actor)?;
        let (now, by) = (self.now(), actor.clone());
        self.0
            .db
            .write(move |c| {
                let known = found(c, number)?;
                store::rule::delete(c, number)?;
                let detail = json!({"title": known.written.title, "before": known.written});
                audit::record(c, &by, now, "rule.deleted", &subject(number), &detail)
            })
            .await
    }

    /// What rules did, the newest first: of one or of all, on one ticket or on all.
    ///
    /// # Errors
    /// When there is no such rule, or the actor is no administrator.
    pub async fn rule_runs(
        &self,
        actor: &Actor,
        rule: Option<i64>,
        ticket: Option<TicketNumber>,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Page<Run>, Error> {
        admin(actor)?;
        self.0
            .db
            .read(move |c| {
                if let Some(number) = rule
                    && store::rule::load(c, number)?.is_none()
                {
                    let none = format!("there is no rule {number}; GET /api/v1/rules lists them");
                    return Err(Error::invalid("rule", none));
                }
                let mut items = store::rule::runs(c, rule, ticket, before, limit + 1)?;
                let more = items.len() as i64 > limit;
                items.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
                let next = items.last().filter(|_| more).map(|r| r.number.to_string());
                Ok(Page { items, next })
            })
            .await
    }
}

fn store_draft(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    actor: &Actor,
    draft: &Draft,
    now: Millis,
) -> Result<i64, Error> {
    let before = match draft.number {
        Some(number) => Some(found(c, number)?),
        None => None,
    };
    if let (Some(before), Some(expected)) = (&before, draft.expected)
        && before.version != expected
    {
        return Err(Error::Stale {
            current: before.version,
        });
    }
    let written = written(c, catalogue, draft)?;
    let all = store::rule::all(c)?;
    if all.iter().any(|other| {
        Some(other.number) != draft.number
            && other.written.title.to_lowercase() == written.title.to_lowercase()
    }) {
        return Err(Error::invalid("title", "is another rule's already"));
    }
    if before.is_none() && all.len() >= MOST {
        return Err(Error::Conflict(format!(
            "there are {MOST} rules, which is as many as there can be: take one away first"
        )));
    }
    let mut rule = match &before {
        Some(rule) => rule.clone(),
        None => Rule {
            number: store::counter::next(c, "rule")?,
            place: all.iter().map(|r| r.place).max().unwrap_or(0) + 1,
            written: written.clone(),
            active: false,
            why: None,
            after_event: 0,
            began_at: now,
            maker: actor.person,
            made_at: now,
            version: 0,
        },
    };
    let begins = draft.active && !rule.active;
    let timed = [&rule.written, &written].map(|w| w.when.on.is_timed());
    if begins {
        let last = store::event::last(c)?;
        if !store::rule::any_active(c)? {
            // Nobody looked meanwhile, and there was nothing to look for.
            store::event::set_position(c, FOLLOWER, last)?;
        }
        rule.after_event = last;
        rule.why = None;
    }
    // What would have had its time by other words is not done now, all at once.
    if begins || rule.written.when != written.when {
        rule.began_at = now;
    }
    rule.active = draft.active;
    rule.written = written;
    rule.version += 1;
    store::rule::save(c, &rule)?;
    if timed.contains(&true) {
        crate::timer::anew(c, now)?;
    }
    let what = match &before {
        Some(_) => "rule.changed",
        None => "rule.created",
    };
    let detail = json!({
        "title": rule.written.title, "active": rule.active, "version": rule.version,
        "before": before.map(|b| b.written), "after": rule.written,
    });
    audit::record(c, actor, now, what, &subject(rule.number), &detail)?;
    Ok(rule.number)
}
