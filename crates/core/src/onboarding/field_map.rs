//! Fields that travel beside status and priority: lines of a form, data of an
//! agreement.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Known, WordMap};
use crate::exchange::Words;

/// What a question of a service's form is called in a line: this, and its key.
pub const CUSTOM: &str = "custom.";
/// Facts of a ticket that can be named in a line.
pub const FACTS: [&str; 2] = ["category", "affected_users"];
/// Lines of an agreement.
const MOST: usize = 40;
/// Lines of an agreement that say who is who.
const MOST_OWNERS: usize = 200;
/// Who owns there what nobody owns.
const NOBODY: &str = "nobody";

/// Of what a ticket has several at once in a system that has no custom fields: a line names
/// those that stand for values of ours, and all others are left alone. Empty: the system has
/// custom fields, or nothing of the kind.
pub fn several(system: &str) -> &'static [&'static str] {
    match system {
        "github" | "gitlab" => &["labels"],
        "jira" => &["labels", "components"],
        _ => &[],
    }
}

/// A field of ours and a custom field of theirs that are the same; or labels of theirs
/// ([`several`]) of which one stands for each value of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldMap {
    /// One of [`FACTS`], or [`CUSTOM`] and the key of a question.
    pub here: String,
    /// What it is called there.
    pub there: String,
    /// Their words for ours, of several the first; what is not in it goes as it is.
    #[serde(default)]
    pub words: WordMap,
    /// Ours and theirs as they were written, where one is named more than once: their first
    /// word for ours is set there, and ours for theirs comes back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub written: Vec<(String, String)>,
}

impl FieldMap {
    /// Reads a line: `custom.q1 = Site`, or with words
    /// `category = Kind | incident = Incident | service_request = Wish`.
    ///
    /// # Errors
    /// What is wrong, and how it is written.
    pub fn read(line: &str) -> Result<FieldMap, String> {
        let mut pairs = line.split('|').map(|part| {
            let (ours, theirs) = part.split_once('=').unwrap_or((part, ""));
            (ours.trim().to_owned(), theirs.trim().to_owned())
        });
        let whole = |(ours, theirs): &(String, String)| !ours.is_empty() && !theirs.is_empty();
        let first = pairs.next().filter(whole);
        let words: Vec<(String, String)> = pairs.collect();
        let (Some((here, there)), true) = (first, words.iter().all(whole)) else {
            return Err(format!(
                "“{}” names no two fields: write it as “custom.q1 = Site”, with other words as \
                 “category = Kind | incident = Incident”.",
                line.trim()
            ));
        };
        let (mut first, mut theirs) = (WordMap::new(), BTreeSet::new());
        for (ours, there) in &words {
            first.entry(ours.clone()).or_insert_with(|| there.clone());
            theirs.insert(there.clone());
        }
        let once = first.len() == words.len() && theirs.len() == words.len();
        Ok(FieldMap {
            here,
            there,
            words: first,
            written: if once { Vec::new() } else { words },
        })
    }

    /// Ours and theirs in the order in which they count.
    pub fn pairs(&self) -> Vec<(String, String)> {
        match self.written.is_empty() {
            true => self.words.clone().into_iter().collect(),
            false => self.written.clone(),
        }
    }

    /// How its values are translated. `named`: only those that it names are any; otherwise
    /// all others go and come as they are.
    pub fn translates(&self, named: bool) -> Words {
        let mut words = Words::open(self.words.clone());
        words.here.clear();
        for (ours, theirs) in self.pairs() {
            words.here.entry(theirs).or_insert(ours);
        }
        words.open = !named;
        words
    }
}

/// Reads a line of two names, ours and theirs: `storage = Disks`.
///
/// # Errors
/// What is wrong, and how it is written.
pub fn pair(line: &str) -> Result<(String, String), String> {
    pair_of(line).ok_or_else(|| {
        format!(
            "“{}” names no two: write a unit’s key and their queue, as “storage = Disks”.",
            line.trim()
        )
    })
}

/// What stands on either side of the sign, if something does.
pub(super) fn pair_of(line: &str) -> Option<(String, String)> {
    let (ours, theirs) = line.split_once('=')?;
    let (ours, theirs) = (ours.trim(), theirs.trim());
    let both = !ours.is_empty() && !theirs.is_empty();
    both.then(|| (ours.to_owned(), theirs.to_owned()))
}

/// What is wrong with the lines that give units queues of their own, in words.
/// `agreed`: the queue of the service's own unit.
pub(super) fn wrong_queues(lines: &[String], units: &[Known], agreed: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if lines.len() > MOST {
        wrong.push(format!("Give {MOST} lines at most."));
    }
    let mut ours = BTreeSet::new();
    let mut theirs = BTreeSet::from([agreed.trim().to_lowercase()]);
    for line in lines {
        let (unit, queue) = match pair(line) {
            Ok(pair) => pair,
            Err(why) => {
                wrong.push(why);
                continue;
            }
        };
        if !units.iter().any(|known| known.key == unit) {
            wrong.push(format!("There is no unit “{unit}”: give its key."));
        }
        if !ours.insert(unit.clone()) {
            wrong.push(format!("“{unit}” is named twice."));
        }
        if !theirs.insert(queue.to_lowercase()) {
            wrong.push(format!("The queue “{queue}” has a unit already."));
        }
    }
    wrong
}

/// Somebody here and their account there: a line of a form, data of an agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerMap {
    /// Their mail address here.
    pub address: String,
    /// The name that they sign in with there.
    pub login: String,
}

impl OwnerMap {
    /// Reads a line: `ada@example.org = ada`.
    ///
    /// # Errors
    /// What is wrong, and how it is written.
    pub fn read(line: &str) -> Result<OwnerMap, String> {
        // An address may have the sign in it, a login hardly ever has.
        let (address, login) = line.rsplit_once('=').unwrap_or((line, ""));
        match (address.trim(), login.trim()) {
            (address, login) if !address.is_empty() && !login.is_empty() => Ok(OwnerMap {
                address: address.to_owned(),
                login: login.to_owned(),
            }),
            _ => Err(format!(
                "“{}” names no two: write somebody’s mail address here and their login there, as \
                 “ada@example.org = ada”.",
                line.trim()
            )),
        }
    }

    /// Whether it is the line of one of these addresses.
    pub fn is_of(&self, addresses: &[String]) -> bool {
        let same = |address: &String| address.trim().eq_ignore_ascii_case(&self.address);
        addresses.iter().any(same)
    }
}

/// As it is read.
impl fmt::Display for OwnerMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.address, self.login)
    }
}

/// What is wrong with the lines that say who is who there, in words. Each address and
/// each login stands in one line at most, so that all of them survive the way there and
/// back.
pub(super) fn wrong_owners(
    lines: &[String],
    personal_data: bool,
    is_address: fn(&str) -> bool,
) -> Vec<String> {
    let mut wrong = Vec::new();
    if !personal_data {
        wrong.push(
            "Who works on a ticket is told only where names and mail addresses may travel: tick \
             that, or leave this empty."
                .to_owned(),
        );
    }
    if lines.len() > MOST_OWNERS {
        wrong.push(format!("Give {MOST_OWNERS} lines at most."));
    }
    let (mut ours, mut theirs) = (BTreeSet::new(), BTreeSet::new());
    for line in lines {
        let OwnerMap { address, login } = match OwnerMap::read(line) {
            Ok(map) => map,
            Err(why) => {
                wrong.push(why);
                continue;
            }
        };
        if !is_address(&address) {
            wrong.push(format!(
                "“{address}” in “{}” is no mail address, as name@example.org is.",
                line.trim()
            ));
        }
        if login.eq_ignore_ascii_case(NOBODY) {
            wrong.push(format!(
                "“{}” names nobody: what nobody owns needs no line.",
                line.trim()
            ));
        }
        if !ours.insert(address.to_lowercase()) {
            wrong.push(format!("“{address}” is named twice."));
        }
        if !theirs.insert(login.to_lowercase()) {
            wrong.push(format!("“{login}” there is named twice."));
        }
    }
    wrong
}

/// As it is read.
impl fmt::Display for FieldMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.here, self.there)?;
        for (ours, theirs) in self.pairs() {
            write!(f, " | {ours} = {theirs}")?;
        }
        Ok(())
    }
}

/// What is wrong with the lines of a form, in words. `questions`: the keys of the
/// questions that are asked of requesters.
pub(super) fn wrong_lines(
    lines: &[String],
    questions: &BTreeSet<String>,
    system: &str,
) -> Vec<String> {
    let mut wrong = Vec::new();
    if lines.len() > MOST {
        wrong.push(format!("Give {MOST} lines at most."));
    }
    let custom = questions.iter().map(|key| format!("{CUSTOM}{key}"));
    let known: Vec<String> = FACTS.map(str::to_owned).into_iter().chain(custom).collect();
    let (mut ours, mut theirs) = (BTreeSet::new(), BTreeSet::new());
    for line in lines {
        let map = match FieldMap::read(line) {
            Ok(map) => map,
            Err(why) => {
                wrong.push(why);
                continue;
            }
        };
        if !known.contains(&map.here) {
            wrong.push(format!(
                "“{}” is no field here that can travel: it is one of {}.",
                map.here,
                known.join(", ")
            ));
        }
        if !ours.insert(map.here.clone()) {
            wrong.push(format!("“{}” is named twice.", map.here));
        }
        if !theirs.insert(map.there.to_lowercase()) {
            wrong.push(format!("“{}” there is named twice.", map.there));
        }
        wrong.extend(wrong_label(&map, system));
    }
    wrong
}

/// What is wrong with a line that names labels or the like of a system; of others nothing is.
fn wrong_label(map: &FieldMap, system: &str) -> Option<String> {
    let kinds = several(system);
    if kinds.is_empty() {
        return None;
    }
    if !kinds.contains(&map.there.as_str()) {
        let kinds = kinds.join(" or ");
        let (here, there) = (&map.here, &map.there);
        return Some(format!(
            "“{there}” is nothing there that can be set: write “{here} = {kinds} | …”."
        ));
    }
    if map.here == "affected_users" {
        return Some("“affected_users” is a number: no label stands for it.".to_owned());
    }
    if map.words.is_empty() {
        return Some(format!(
            "Say which of the {there} stand for which values: “{here} = {there} | incident = bug”.",
            there = map.there,
            here = map.here,
        ));
    }
    map.pairs().into_iter().find_map(|(_, theirs)| {
        let begins = theirs.split(':').next().unwrap_or_default().trim();
        let says = |of: &str| theirs.contains(':') && begins.eq_ignore_ascii_case(of);
        let labels = map.there == "labels";
        if labels && system != "jira" && (says("status") || says("priority")) {
            return Some(format!(
                "“{theirs}” says the {}: name it above.",
                begins.to_lowercase()
            ));
        }
        let odd = match system {
            "gitlab" => theirs.contains(','),
            "jira" => labels && theirs.contains(char::is_whitespace),
            _ => false,
        };
        odd.then(|| format!("“{theirs}” can be no label there."))
    })
}
