//! New tickets that look like one incident: the same service, the same words,
//! within a day.

use std::collections::{BTreeMap, BTreeSet};

use store::Conn;
use store::list::{Condition, Filter, Item, Sort};
use store::search::find;
use switchboard_core::query::{Span, Word};
use switchboard_core::ticket::RelationKind;
use switchboard_core::{Actor, Millis, ServiceId, Status, TicketNumber};

use crate::list::{looks, scope_of};
use crate::{Desk, Error};

/// Tickets opened longer ago than this are another story.
const WINDOW_MS: Millis = 24 * 3_600_000;
/// Open tickets of that time that are looked at.
const LOOKED_AT: i64 = 300;
/// Tickets whose words are looked up in the index.
const SEEDS: usize = 16;
/// Words of a subject that are looked up, the longest first; two of them in
/// another ticket make both alike.
const WORDS: usize = 4;
/// A word must have so many letters to say something.
const LETTERS: usize = 4;
/// Hits of two words that are looked at, the newest first.
const HITS: i64 = 100;
/// So many tickets are an incident; fewer are a coincidence.
const ENOUGH: usize = 3;

/// Tickets that look like one incident.
#[derive(Debug, Clone, PartialEq)]
pub struct Incident {
    /// The one that leads: a master already, or one that is worked on, or the
    /// oldest.
    pub lead: Item,
    /// The new tickets that are like it, oldest first; never empty.
    pub others: Vec<Item>,
    /// Words that they have in common, the commonest first.
    pub words: Vec<String>,
    /// When the first of them was opened.
    pub since: Millis,
}

impl Desk {
    /// What looks like one incident among the tickets of the last day that the
    /// actor may see and nobody has routed; the largest first. Alike are
    /// tickets of one service when two of the weightiest words in the subject
    /// of one stand in the other, by the search index.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn incidents(&self, actor: &Actor) -> Result<Vec<Incident>, Error> {
        let (actor, now) = (actor.clone(), self.now());
        self.0
            .db
            .read(move |c| {
                let mut filter = Filter::default()
                    .and(Condition::Status(vec![
                        Status::New,
                        Status::Assigned,
                        Status::InProgress,
                        Status::Waiting,
                        Status::Reopened,
                    ]))
                    .and(Condition::Created(Span {
                        from: Some(now - WINDOW_MS),
                        until: None,
                    }));
                // A portal's first level looks at what came by it.
                if !(actor.first_level() || actor.admin) {
                    filter = filter.and(Condition::Portal(actor.portals().collect()));
                }
                let scope = scope_of(&actor);
                let all = store::list::page(c, &scope, &filter, Sort::Newest, None, LOOKED_AT)?;
                let mut services: BTreeMap<ServiceId, Vec<Item>> = BTreeMap::new();
                for item in all {
                    if let Some(service) = item.service {
                        services.entry(service).or_default().push(item);
                    }
                }
                let mut seeds = SEEDS;
                let mut found = Vec::new();
                for items in services.into_values() {
                    found.extend(of_service(c, &actor, items, &mut seeds)?);
                }
                found.sort_by_key(|i| (std::cmp::Reverse(i.others.len()), i.lead.number));
                Ok(found)
            })
            .await
    }
}

/// The weightiest words of a subject.
fn weighty(subject: &str) -> Vec<String> {
    let mut words: Vec<String> = subject
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| w.chars().count() >= LETTERS && !w.chars().all(|c| c.is_ascii_digit()))
        .map(str::to_lowercase)
        .collect();
    words.sort_by_key(|w| std::cmp::Reverse(w.chars().count()));
    words.dedup();
    words.truncate(WORDS);
    words
}

/// The incidents of one service.
fn of_service(
    c: &mut Conn<'_>,
    actor: &Actor,
    items: Vec<Item>,
    seeds: &mut usize,
) -> Result<Vec<Incident>, Error> {
    if items.len() < 2 || items.iter().all(|i| i.status != Status::New) {
        return Ok(Vec::new());
    }
    let place: BTreeMap<i64, usize> = items
        .iter()
        .zip(0..)
        .map(|(i, n)| (i.number.0, n))
        .collect();
    let mut groups = Groups::of(items.len());
    let mut shared: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for (seed, item) in items.iter().enumerate() {
        // One that is in a group already would mostly find the same.
        if item.status != Status::New || groups.size(seed) > 1 {
            continue;
        }
        if *seeds == 0 {
            break;
        }
        *seeds -= 1;
        let words = weighty(&item.subject);
        for (i, first) in words.iter().enumerate() {
            for second in &words[i + 1..] {
                let both = [first, second].map(|text| Word {
                    text: text.clone(),
                    phrase: true,
                    negated: false,
                });
                let mut hits = BTreeSet::new();
                for (side, terms) in looks(actor) {
                    hits.extend(find(c, &both, side, terms.as_slice(), None, HITS)?);
                }
                for other in hits.iter().filter_map(|number| place.get(number)) {
                    if *other != seed {
                        groups.join(seed, *other);
                        let words = shared.entry(seed).or_default();
                        words.extend([first.clone(), second.clone()]);
                    }
                }
            }
        }
    }
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for index in 0..items.len() {
        members.entry(groups.root(index)).or_default().push(index);
    }
    let mut found = Vec::new();
    for group in members.into_values().filter(|g| g.len() > 1) {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for word in group.iter().filter_map(|i| shared.get(i)).flatten() {
            *counts.entry(word).or_default() += 1;
        }
        let mut words: Vec<(&str, usize)> = counts.into_iter().collect();
        words.sort_by_key(|(word, count)| (std::cmp::Reverse(*count), *word));
        let words = words
            .into_iter()
            .take(3)
            .map(|(w, _)| w.to_owned())
            .collect();
        let group: Vec<Item> = group.into_iter().map(|i| items[i].clone()).collect();
        found.extend(incident(c, group, words)?);
    }
    Ok(found)
}

/// Who leads a group, and whether it is one.
fn incident(
    c: &mut Conn<'_>,
    mut group: Vec<Item>,
    words: Vec<String>,
) -> Result<Option<Incident>, Error> {
    group.sort_by_key(|i| i.number);
    let Some(since) = group.iter().map(|i| i.created_at).min() else {
        return Ok(None);
    };
    let mut masters = BTreeSet::new();
    for item in &group {
        let ticket = store::ticket::load(c, item.number)?;
        if ticket.is_some_and(|t| t.related(RelationKind::MasterOf).next().is_some()) {
            masters.insert(item.number);
        }
    }
    let is_master = |number: TicketNumber| masters.contains(&number);
    let Some(lead) = group
        .iter()
        .min_by_key(|i| (!is_master(i.number), i.status == Status::New, i.number))
        .cloned()
    else {
        return Ok(None);
    };
    if group.len() < ENOUGH && !is_master(lead.number) {
        return Ok(None);
    }
    let others: Vec<Item> = group
        .into_iter()
        .filter(|i| i.status == Status::New && i.number != lead.number && !is_master(i.number))
        .collect();
    Ok((!others.is_empty()).then_some(Incident {
        lead,
        others,
        words,
        since,
    }))
}

/// Which of a row belong together.
struct Groups(Vec<usize>);

impl Groups {
    fn of(length: usize) -> Groups {
        Groups((0..length).collect())
    }

    fn root(&self, mut of: usize) -> usize {
        while self.0[of] != of {
            of = self.0[of];
        }
        of
    }

    fn size(&self, of: usize) -> usize {
        let root = self.root(of);
        (0..self.0.len()).filter(|i| self.root(*i) == root).count()
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        let (low, high) = (a.min(b), a.max(b));
        self.0[high] = low;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_words_weigh_most_and_numbers_nothing() {
        assert_eq!(
            weighty("Login loops back to the institutes 20261124, loops"),
            ["institutes", "login", "loops", "back"]
        );
        assert!(weighty("It is 1 of 2").is_empty());
    }

    #[test]
    fn what_is_joined_belongs_together() {
        let mut groups = Groups::of(5);
        groups.join(0, 3);
        groups.join(4, 3);
        assert_eq!(groups.root(4), groups.root(0));
        assert_eq!((groups.size(3), groups.size(1)), (3, 1));
    }
}
