//! Retention: what is kept how long, by rules that an administrator edits.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::Conn;
use store::person::Person;
use switchboard_core::redact::{ERASED, Traces};
use switchboard_core::{Actor, Change, Channel, Millis, PersonId, Ticket, TicketNumber};
use uuid::Uuid;

use super::erase_ticket::{self, Erased};
use super::files;
use super::wish::check_admin;
use crate::audit::{self, Subject};
use crate::jobs::Outcome;
use crate::{Catalogue, Desk, Error};

/// Where the rules are kept.
const SETTING: &str = "retention";
/// Where the id of the one who stands for everybody who is not said any more is kept.
const NOBODY: &str = "nobody";
/// Rows of one transaction.
const BATCH: i64 = 100;
/// Batches of one kind in one run; the next run goes on.
const BATCHES: usize = 200;
/// Longest time, in months.
const LONGEST: u32 = 600;
/// Stands where the name of a file stood whose time was over.
pub const OVER: &str = "[removed after its time]";

/// How long what belongs to closed tickets of a category is kept, in months after they
/// were solved or closed; nothing: for ever.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The category's key; `*`: every category without a rule of its own.
    pub category: String,
    /// Mails as they came.
    pub originals: Option<u32>,
    /// Files.
    pub attachments: Option<u32>,
    /// Who asked, and what they wrote.
    pub requester: Option<u32>,
}

/// All rules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// For tickets, by category.
    pub rules: Vec<Rule>,
    /// How long it is kept who read restricted tickets, in months.
    pub reads: Option<u32>,
    /// How long the detail of deeds is kept, in months; that they were done stays.
    pub deeds: Option<u32>,
}

impl Retention {
    /// Whether the rules can be followed.
    ///
    /// # Errors
    /// Names the field.
    fn check(&self, catalogue: &Catalogue) -> Result<(), Error> {
        let mut seen = BTreeSet::new();
        for rule in &self.rules {
            if rule.category != "*" {
                catalogue.check_category(&rule.category)?;
            }
            if !seen.insert(rule.category.as_str()) {
                return Err(Error::invalid(
                    "rules",
                    format!("there are two rules for {:?}; keep one", rule.category),
                ));
            }
        }
        let months = self
            .rules
            .iter()
            .flat_map(|r| [r.originals, r.attachments, r.requester])
            .chain([self.reads, self.deeds]);
        for months in months.flatten() {
            if !(1..=LONGEST).contains(&months) {
                return Err(Error::invalid(
                    "months",
                    format!("takes 1 to {LONGEST}, or nothing for ever"),
                ));
            }
        }
        Ok(())
    }

    /// The rule for a category.
    fn rule(&self, category: &str) -> Option<&Rule> {
        let of = |key: &str| self.rules.iter().find(|r| r.category == key);
        of(category).or_else(|| of("*"))
    }
}

/// How much is, or was, to go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Mails as they came.
    pub originals: i64,
    /// Files.
    pub attachments: i64,
    /// Tickets that say no longer who asked.
    pub tickets: i64,
    /// Lines about who read what.
    pub reads: i64,
    /// Deeds whose detail goes.
    pub deeds: i64,
}

impl Counts {
    /// Nothing at all.
    pub fn is_none(&self) -> bool {
        *self == Counts::default()
    }
}

/// The moment so many months earlier.
fn before(now: Millis, months: u32) -> Millis {
    Timestamp::from_millisecond(now)
        .ok()
        .map(|t| t.to_zoned_datetime(TimeZone::UTC))
        .and_then(|t| t.checked_sub(i64::from(months).months()).ok())
        .map_or(0, |t| t.timestamp().as_millisecond())
}

fn load(c: &mut Conn<'_>) -> Result<Retention, Error> {
    Ok(store::setting::get(c, SETTING)?
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default())
}

fn nobody(c: &mut Conn<'_>) -> Result<Option<PersonId>, Error> {
    Ok(store::setting::get(c, NOBODY)?
        .and_then(|text| Uuid::try_parse(&text).ok())
        .map(PersonId))
}

/// The one who stands for everybody who is not said any more; made when first needed.
fn somebody_nobody(c: &mut Conn<'_>, fresh: PersonId, now: Millis) -> Result<PersonId, Error> {
    if let Some(known) = nobody(c)? {
        return Ok(known);
    }
    let person = Person {
        id: fresh,
        name: ERASED.into(),
        email: None,
        institute: String::new(),
        community: None,
        support: false,
        monitor: false,
        admin: false,
        active: false,
        has_password: false,
        created_at: now,
    };
    store::person::insert(c, &person, None, false)?;
    store::setting::set(c, NOBODY, &fresh.0.to_string(), now)?;
    Ok(fresh)
}

impl Desk {
    /// The rules of retention.
    ///
    /// # Errors
    /// When the actor is no administrator.
    pub async fn retention(&self, actor: &Actor) -> Result<Retention, Error> {
        check_admin(actor)?;
        self.0.db.read(load).await
    }

    /// Sets the rules of retention; they are followed from the next run on.
    ///
    /// # Errors
    /// [`Error::Invalid`] names the field.
    pub async fn set_retention(&self, actor: &Actor, rules: Retention) -> Result<(), Error> {
        check_admin(actor)?;
        let catalogue = self.catalogue().await?;
        rules.check(&catalogue)?;
        let (actor, now) = (actor.clone(), self.now());
        self.0
            .db
            .write(move |c| {
                let old = load(c)?;
                if old == rules {
                    return Ok(());
                }
                let text = serde_json::to_string(&rules)
                    .map_err(|e| Error::Internal(format!("retention to JSON: {e}")))?;
                store::setting::set(c, SETTING, &text, now)?;
                audit::record(
                    c,
                    &actor,
                    now,
                    "setting.changed",
                    &Subject::Setting(SETTING.into()),
                    &audit::difference(&old, &rules),
                )
            })
            .await
    }

    /// How much would go by these rules now. Changes nothing.
    ///
    /// # Errors
    /// When the actor is no administrator, or a rule can not be followed.
    pub async fn preview_retention(
        &self,
        actor: &Actor,
        rules: Retention,
    ) -> Result<Counts, Error> {
        check_admin(actor)?;
        let catalogue = self.catalogue().await?;
        rules.check(&catalogue)?;
        let now = self.now();
        self.0
            .db
            .read(move |c| {
                let mut counts = Counts::default();
                let nobody = nobody(c)?.unwrap_or(PersonId(Uuid::nil()));
                for category in &catalogue.categories {
                    let Some(rule) = rules.rule(&category.key) else {
                        continue;
                    };
                    if let Some(months) = rule.originals {
                        counts.originals += store::retention::count_originals(
                            c,
                            &category.key,
                            before(now, months),
                        )?;
                    }
                    if let Some(months) = rule.attachments {
                        counts.attachments += store::retention::count_attachments(
                            c,
                            &category.key,
                            before(now, months),
                        )?;
                    }
                    if let Some(months) = rule.requester {
                        counts.tickets += store::retention::count_tickets(
                            c,
                            &category.key,
                            before(now, months),
                            nobody,
                        )?;
                    }
                }
                if let Some(months) = rules.reads {
                    counts.reads = store::ticket_read::count_before(c, before(now, months))?;
                }
                if let Some(months) = rules.deeds {
                    counts.deeds = store::retention::count_deeds(c, before(now, months))?;
                }
                Ok(counts)
            })
            .await
    }

    /// Lets go what the rules no longer keep, in batches. Returns how much that was.
    async fn retain(&self) -> Result<Counts, Error> {
        let rules = self.0.db.read(load).await?;
        let catalogue = self.catalogue().await?;
        let now = self.now();
        let mut counts = Counts::default();
        for category in &catalogue.categories {
            let Some(rule) = rules.rule(&category.key) else {
                continue;
            };
            let at = |months: Option<u32>| months.map(|m| before(now, m));
            if let Some(before) = at(rule.originals) {
                counts.originals += self.let_originals_go(&category.key, before).await?;
            }
            if let Some(before) = at(rule.attachments) {
                counts.attachments += self.let_files_go(&category.key, before).await?;
            }
            if let Some(before) = at(rule.requester) {
                counts.tickets += self
                    .let_requesters_go(&catalogue, &category.key, before)
                    .await?;
            }
        }
        if let Some(months) = rules.reads {
            let before = before(now, months);
            let gone = self
                .0
                .db
                .write(move |c| store::ticket_read::forget_before(c, before).map_err(Error::from))
                .await?;
            counts.reads = i64::try_from(gone).unwrap_or(i64::MAX);
        }
        if let Some(months) = rules.deeds {
            counts.deeds = self.let_detail_go(before(now, months)).await?;
        }
        Ok(counts)
    }

    async fn let_originals_go(&self, category: &str, before: Millis) -> Result<i64, Error> {
        let mut gone = 0;
        for _ in 0..BATCHES {
            let (category, now) = (category.to_owned(), self.now());
            let some = self
                .0
                .db
                .write(move |c| {
                    let some = store::retention::originals(c, &category, before, BATCH)?;
                    for (mail, raw) in &some {
                        files::doom(c, raw, now)?;
                        store::retention::forget_original(c, *mail)?;
                    }
                    Ok::<_, Error>(some.len() as i64)
                })
                .await?;
            gone += some;
            if some < BATCH {
                break;
            }
        }
        Ok(gone)
    }

    async fn let_files_go(&self, category: &str, before: Millis) -> Result<i64, Error> {
        let mut gone = 0;
        for _ in 0..BATCHES {
            let (category, now) = (category.to_owned(), self.now());
            let some = self
                .0
                .db
                .write(move |c| {
                    let some = store::retention::attachments(c, &category, before, BATCH)?;
                    let number = some.len() as i64;
                    for mut file in some {
                        files::doom(c, &file.sha256, now)?;
                        file.sha256 = String::new();
                        file.size = 0;
                        OVER.clone_into(&mut file.name);
                        file.content_id = None;
                        store::trace::rewrite_attachment(c, &file)?;
                    }
                    Ok::<_, Error>(number)
                })
                .await?;
            gone += some;
            if some < BATCH {
                break;
            }
        }
        Ok(gone)
    }

    async fn let_requesters_go(
        &self,
        catalogue: &std::sync::Arc<Catalogue>,
        category: &str,
        before: Millis,
    ) -> Result<i64, Error> {
        /// Each is a rewriting of its whole history.
        const AT_ONCE: i64 = 5;
        let mut gone = 0;
        for _ in 0..BATCHES {
            let (category, now, fresh) = (category.to_owned(), self.now(), PersonId(self.uuid()));
            let catalogue = catalogue.clone();
            let some = self
                .0
                .db
                .write(move |c| {
                    let nobody = somebody_nobody(c, fresh, now)?;
                    let some = store::retention::tickets(c, &category, before, nobody, AT_ONCE)?;
                    for (number, person) in &some {
                        anonymise(c, &catalogue, *number, *person, nobody, now)?;
                    }
                    Ok::<_, Error>(some.len() as i64)
                })
                .await?;
            gone += some;
            if some < AT_ONCE {
                break;
            }
        }
        Ok(gone)
    }

    async fn let_detail_go(&self, before: Millis) -> Result<i64, Error> {
        let mut gone = 0;
        for _ in 0..BATCHES {
            let now = self.now();
            let some = self
                .0
                .db
                .write(move |c| {
                    let rows = store::retention::deeds(c, before, BATCH)?;
                    if rows.is_empty() {
                        return Ok(0);
                    }
                    store::audit::take_out(c, &rows)?;
                    audit::record(
                        c,
                        &Actor::system(Channel::Job),
                        now,
                        audit::FORGOTTEN,
                        &Subject::Setting(SETTING.into()),
                        &json!({ "audit_rows": rows }),
                    )?;
                    Ok::<_, Error>(rows.len() as i64)
                })
                .await?;
            gone += some;
            if some < BATCH {
                break;
            }
        }
        Ok(gone)
    }
}

/// Takes the requester out of one ticket and puts nobody in their place.
fn anonymise(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    number: TicketNumber,
    person: PersonId,
    nobody: PersonId,
    now: Millis,
) -> Result<(), Error> {
    let names = store::person::load(c, person)?.map_or_else(Vec::new, |p| vec![p.name]);
    let addresses: Vec<String> = store::person::emails(c, person)?
        .into_iter()
        .map(|(address, _)| address)
        .collect();
    let who = Erased {
        person,
        at_home: Traces::of(&names, &addresses),
        unmistakable: Traces::unmistakable(&names, &addresses),
        by_address: Traces::of(&[], &addresses),
        addresses,
    };
    // Every original of the ticket goes: which of them name the requester is not worth
    // reading them all for.
    let originals = store::trace::received_for(c, number.0)?
        .into_iter()
        .map(|m| m.id)
        .collect();
    erase_ticket::erase(c, catalogue, &who, number, &originals, now)?;
    let Some(ticket) = store::ticket::load(c, number)? else {
        return Ok(());
    };
    let (old, new) = (person.0.to_string(), nobody.0.to_string());
    let mut events = store::event::of_ticket(c, number, 0, i64::MAX)?;
    for event in &mut events {
        let text = serde_json::to_string(&event.change)
            .map_err(|e| Error::Internal(format!("event to JSON: {e}")))?;
        // An id is written in one way only, and no text is likely to hold it.
        if text.contains(&old) {
            event.change = serde_json::from_str::<Change>(&text.replace(&old, &new))
                .map_err(|e| Error::Internal(format!("event from JSON: {e}")))?;
            store::trace::rewrite_event(c, event)?;
        }
    }
    store::retention::repoint(c, number, person, nobody)?;
    let replayed = Ticket::replay(events.into_iter().map(|e| (e.change, e.at)))
        .ok_or_else(|| Error::Internal(format!("ticket {number} has no beginning")))?;
    store::ticket::update(c, &ticket, &replayed)?;
    let words = crate::follow::index_entry(c, catalogue, &replayed)?;
    store::search::index(c, &[words])?;
    Ok(())
}

/// The timed job: follows the rules and records what that did.
pub(crate) async fn run(desk: &Desk) -> Result<Outcome, Error> {
    let counts = desk.retain().await?;
    if !counts.is_none() {
        let now = desk.now();
        desk.0
            .db
            .write(move |c| {
                audit::record(
                    c,
                    &Actor::system(Channel::Job),
                    now,
                    "retention.followed",
                    &Subject::Setting(SETTING.into()),
                    &serde_json::to_value(counts).unwrap_or_default(),
                )
            })
            .await?;
    }
    Ok(Outcome::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_those_of_the_calendar() {
        let at = |text: &str| {
            text.parse::<Timestamp>()
                .map(Timestamp::as_millisecond)
                .unwrap()
        };
        assert_eq!(
            before(at("2026-03-31T12:00:00Z"), 1),
            at("2026-02-28T12:00:00Z")
        );
        assert_eq!(
            before(at("2026-01-15T00:00:00Z"), 24),
            at("2024-01-15T00:00:00Z")
        );
    }

    #[test]
    fn a_category_without_a_rule_follows_the_star() {
        let rule = |category: &str, months| Rule {
            category: category.into(),
            originals: Some(months),
            ..Rule::default()
        };
        let rules = Retention {
            rules: vec![rule("*", 12), rule("incident", 3)],
            ..Retention::default()
        };
        assert_eq!(rules.rule("incident").unwrap().originals, Some(3));
        assert_eq!(rules.rule("test").unwrap().originals, Some(12));
        assert!(Retention::default().rule("test").is_none());
    }
}
