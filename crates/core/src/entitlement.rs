//! Entitlements of an identity provider, and the rights that follow from them.
//!
//! Groups come as URNs of the form that AARC-G002 and its successor AARC-G069
//! prescribe:
//! `<NAMESPACE>:group:<GROUP>[:<SUBGROUP>…][:role=<ROLE>][#<AUTHORITY>]`, such as
//! `urn:mace:egi.eu:group:vo.example.org:role=member#aai.egi.eu`. Directories
//! give names of groups instead (`cn=agents,ou=groups,dc=example,dc=org`).
//!
//! [`wanted`] says which rights a set of entitlements brings, [`settle`] which
//! steps lead there from what somebody holds. What was granted by hand is never
//! taken away, and a unit never loses its last responsible this way.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::access::Part;
use crate::id::UnitId;

/// Longest entitlement or pattern that is looked at, in bytes.
const LONGEST: usize = 2_000;

/// A group membership as AARC-G069 writes it, its parts decoded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// Who names it: `urn:mace:egi.eu`, scheme and first part in lower case, as
    /// RFC 8141 compares them.
    pub namespace: String,
    /// The group and its subgroups, outermost first; one at least.
    pub path: Vec<String>,
    /// The role in the innermost group.
    pub role: Option<String>,
    /// Who vouches for the membership: `aai.egi.eu`.
    pub authority: Option<String>,
}

/// What an identity provider said, as far as it can be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entitlement {
    /// A group of AARC-G002 or AARC-G069.
    Group(Group),
    /// Anything else, as it came; names of directory entries in lower case
    /// and without space around their parts.
    Text(String),
}

/// `%41` as the letter it stands for; `None`: broken, empty, or not text.
/// A `*` of a pattern is told apart before, so `%2A` is a star that is meant.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let (high, low) = (digit(rest.next())?, digit(rest.next())?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes)
        .ok()
        .filter(|text| !text.is_empty() && !text.chars().any(char::is_control))
}

impl Group {
    /// Reads a URN; `None`: it is none of this form.
    pub fn parse(text: &str) -> Option<Group> {
        if text.len() > LONGEST || text.chars().any(char::is_whitespace) {
            return None;
        }
        let (name, authority) = match text.split_once('#') {
            Some((name, authority)) => (name, Some(decoded(authority)?)),
            None => (text, None),
        };
        let parts: Vec<&str> = name.split(':').collect();
        let (at, namespace) = namespace(&parts)?;
        let mut path: Vec<&str> = parts[at + 1..].to_vec();
        let role = match path.last().and_then(|last| last.strip_prefix("role=")) {
            Some(role) => {
                path.pop();
                Some(decoded(role)?)
            }
            None => None,
        };
        if path.is_empty() || path.iter().any(|part| part.starts_with("role=")) {
            return None;
        }
        Some(Group {
            namespace,
            path: path.into_iter().map(decoded).collect::<Option<_>>()?,
            role,
            authority,
        })
    }
}

/// The namespace and where the word `group` ends it: the first that has a name
/// space identifier and one more part before it.
fn namespace(parts: &[&str]) -> Option<(usize, String)> {
    let scheme = parts.first()?;
    if !scheme.eq_ignore_ascii_case("urn") {
        return None;
    }
    let at = parts.iter().skip(3).position(|part| *part == "group")? + 3;
    if parts[1..at].iter().any(|part| part.is_empty()) {
        return None;
    }
    let mut namespace = format!("urn:{}", parts[1].to_ascii_lowercase());
    for part in &parts[2..at] {
        namespace.push(':');
        namespace.push_str(part);
    }
    Some((at, namespace))
}

/// A name of a directory entry in the form in which it is compared; any other
/// text without the space around it.
fn plain(text: &str) -> String {
    let text = text.trim();
    let entry = text.contains('=') && !text.contains("://");
    if !entry {
        return text.to_owned();
    }
    let mut parts = Vec::new();
    for part in text.split(',') {
        let part = match part.split_once('=') {
            Some((key, value)) => format!("{}={}", key.trim(), value.trim()),
            None => part.trim().to_owned(),
        };
        parts.push(part.to_lowercase());
    }
    parts.join(",")
}

impl Entitlement {
    /// Reads what a provider said; `None`: empty, too long or not text.
    pub fn read(text: &str) -> Option<Entitlement> {
        let text = text.trim();
        if text.is_empty() || text.len() > LONGEST || text.chars().any(char::is_control) {
            return None;
        }
        Some(match Group::parse(text) {
            Some(group) => Entitlement::Group(group),
            None => Entitlement::Text(plain(text)),
        })
    }
}

/// One part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Any,
    Is(String),
}

impl Piece {
    fn fits(&self, text: Option<&str>) -> bool {
        match self {
            Piece::Any => true,
            Piece::Is(word) => text == Some(word),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Shape {
    Group {
        namespace: String,
        path: Vec<Piece>,
        deeper: bool,
        role: Piece,
        authority: Piece,
    },
    Text(Vec<String>),
}

/// What an entitlement has to look like for a rule.
///
/// For groups: `urn:mace:egi.eu:group:vo.example.org:role=member#aai.egi.eu`. A
/// part that is `*` may be anything; a last group `**` stands for any subgroups
/// or none; without a role any role fits and none; without an authority any
/// authority fits and none. For anything else: the text, with `*` for any
/// characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Shape);

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Says what would be right.
    pub fn parse(text: &str) -> Result<Pattern, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("give the entitlement that brings the right".to_owned());
        }
        if text.len() > LONGEST || text.chars().any(char::is_control) {
            return Err(format!(
                "is longer than {LONGEST} bytes or has control characters"
            ));
        }
        let is_urn = text
            .get(..4)
            .is_some_and(|s| s.eq_ignore_ascii_case("urn:"));
        if is_urn && text.contains(":group:") {
            return group_pattern(text).map(Pattern).ok_or_else(|| {
                "is no group as AARC-G069 writes it; write \
                 urn:mace:example.org:group:NAME:role=ROLE#AUTHORITY"
                    .to_owned()
            });
        }
        let text = plain(text);
        if text.chars().all(|c| c == '*') {
            return Err("would fit everybody; name a group".to_owned());
        }
        let pieces = text.split('*').map(str::to_owned).collect();
        Ok(Pattern(Shape::Text(pieces)))
    }

    /// Whether an entitlement is meant.
    pub fn fits(&self, entitlement: &Entitlement) -> bool {
        match (&self.0, entitlement) {
            (
                Shape::Group {
                    namespace,
                    path,
                    deeper,
                    role,
                    authority,
                },
                Entitlement::Group(group),
            ) => {
                let long =
                    group.path.len() == path.len() || (*deeper && group.path.len() > path.len());
                *namespace == group.namespace
                    && long
                    && path.iter().zip(&group.path).all(|(p, g)| p.fits(Some(g)))
                    && role.fits(group.role.as_deref())
                    && authority.fits(group.authority.as_deref())
            }
            (Shape::Text(pieces), Entitlement::Text(text)) => glob(pieces, text),
            _ => false,
        }
    }
}

fn group_pattern(text: &str) -> Option<Shape> {
    let piece = |text: &str| match text {
        "*" => Some(Piece::Any),
        word => decoded(word).map(Piece::Is),
    };
    if text.chars().any(char::is_whitespace) {
        return None;
    }
    let (name, authority) = match text.split_once('#') {
        Some((name, authority)) => (name, piece(authority)?),
        None => (text, Piece::Any),
    };
    let parts: Vec<&str> = name.split(':').collect();
    let (at, namespace) = namespace(&parts)?;
    let mut path: Vec<&str> = parts[at + 1..].to_vec();
    let role = match path.last().and_then(|last| last.strip_prefix("role=")) {
        Some(role) => {
            path.pop();
            piece(role)?
        }
        None => Piece::Any,
    };
    let deeper = path.last() == Some(&"**");
    if deeper {
        path.pop();
    }
    if path.is_empty()
        || path
            .iter()
            .any(|part| part.starts_with("role=") || *part == "**")
    {
        return None;
    }
    Some(Shape::Group {
        namespace,
        path: path.into_iter().map(piece).collect::<Option<_>>()?,
        deeper,
        role,
        authority,
    })
}

/// Whether a text is the pieces in their order with anything between them.
fn glob(pieces: &[String], text: &str) -> bool {
    let [first, middle @ .., last] = pieces else {
        return pieces.first().is_some_and(|only| only == text);
    };
    let Some(mut rest) = text.strip_prefix(first.as_str()) else {
        return false;
    };
    for piece in middle {
        match rest.find(piece.as_str()) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last.as_str())
}

/// What whoever has a fitting entitlement gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its id.
    pub id: Uuid,
    /// Only what this provider says; `None`: whichever provider says it.
    pub provider: Option<Uuid>,
    /// The entitlement it takes.
    pub pattern: Pattern,
    /// The support permission.
    pub support: bool,
    /// A part in a unit; the support permission comes with it, as membership
    /// counts nothing without (domain section 1).
    pub unit: Option<(UnitId, Part)>,
    /// A community, by its key.
    pub community: Option<String>,
}

/// Rights that entitlements bring.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rights {
    /// The support permission.
    pub support: bool,
    /// Parts in units.
    pub units: BTreeMap<UnitId, Part>,
    /// The keys of communities. Who is of one by an administrator's hand or by
    /// choice, too, is that beside this: each way is kept by itself.
    pub communities: BTreeSet<String>,
}

/// What a provider says of somebody: which provider, and its entitlements.
pub type Said = (Uuid, Vec<Entitlement>);

/// The rights that follow from what the providers say. Rules add up; of two
/// parts in a unit the greater counts.
pub fn wanted(rules: &[Rule], said: &[Said]) -> Rights {
    let mut rights = Rights::default();
    for rule in rules {
        let fits = said
            .iter()
            .filter(|(provider, _)| rule.provider.is_none_or(|only| only == *provider))
            .flat_map(|(_, entitlements)| entitlements)
            .any(|entitlement| rule.pattern.fits(entitlement));
        if !fits {
            continue;
        }
        rights.support |= rule.support || rule.unit.is_some();
        if let Some((unit, part)) = rule.unit {
            let held = rights.units.entry(unit).or_insert(part);
            *held = (*held).max(part);
        }
        rights.communities.extend(rule.community.clone());
    }
    rights
}

/// A part in a unit that came by an entitlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Came {
    /// The part that it brought.
    pub part: Part,
    /// What they were there by hand before, and become again.
    pub before: Option<Part>,
}

/// The rights somebody has by entitlements, as they are remembered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The support permission came that way.
    #[serde(default)]
    pub support: bool,
    /// Parts in units that came that way.
    #[serde(default)]
    pub units: BTreeMap<UnitId, Came>,
}

/// One step of giving or taking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// They get the support permission.
    GiveSupport,
    /// They lose it.
    TakeSupport,
    /// They become this in a unit.
    Join(UnitId, Part),
    /// They become that again what they were by hand.
    Return(UnitId, Part),
    /// They leave a unit.
    Leave(UnitId),
    /// They should leave, step back or lose the support permission, but are the
    /// unit's only responsible.
    Stay(UnitId),
    /// They come into a community.
    JoinCommunity(String),
    /// They are of a community no longer by an entitlement.
    LeaveCommunity(String),
}

/// The steps from what somebody holds now to what entitlements bring, and what
/// is to be remembered as having come that way.
///
/// `now` is everything they hold (of communities only those that came by
/// entitlements), `held` what of it came by entitlements, `alone` the units of
/// which they are the only responsible. Parts that somebody changed by hand
/// meanwhile count as given by hand.
pub fn settle(
    now: &Rights,
    held: &Held,
    wanted: &Rights,
    alone: &BTreeSet<UnitId>,
) -> (Vec<Step>, Held) {
    let mut steps = Vec::new();
    let mut next = Held::default();

    // Only what is still as the entitlement left it is the entitlement's.
    let came = held.support && now.support;
    // Without the permission they could not act for a unit that has nobody else.
    let hanging = || {
        let parts = now.units.iter();
        parts.filter(|(unit, part)| **part == Part::Responsible && alone.contains(unit))
    };
    let mut needed = false;
    match (now.support, wanted.support) {
        (false, true) => {
            steps.push(Step::GiveSupport);
            next.support = true;
        }
        (true, true) => next.support = came,
        (true, false) if came && hanging().next().is_some() => {
            needed = true;
            next.support = true;
        }
        (true, false) if came => steps.push(Step::TakeSupport),
        _ => {}
    }

    let units: BTreeSet<UnitId> = wanted
        .units
        .keys()
        .chain(held.units.keys())
        .copied()
        .collect();
    for unit in units {
        let is = now.units.get(&unit).copied();
        let came = held.units.get(&unit).filter(|came| is == Some(came.part));
        // What they would be without any entitlement.
        let by_hand = came.map_or(is, |came| came.before);
        let aim = by_hand.max(wanted.units.get(&unit).copied());
        if aim < is && is == Some(Part::Responsible) && alone.contains(&unit) {
            steps.push(Step::Stay(unit));
            if let Some(came) = came {
                next.units.insert(unit, *came);
            }
            continue;
        }
        if let Some(part) = aim
            && aim > by_hand
        {
            let before = by_hand;
            next.units.insert(unit, Came { part, before });
        }
        if aim == is {
            continue;
        }
        steps.push(match aim {
            None => Step::Leave(unit),
            Some(part) if aim > by_hand => Step::Join(unit, part),
            Some(part) => Step::Return(unit, part),
        });
    }

    if needed {
        for (unit, _) in hanging() {
            if !steps.contains(&Step::Stay(*unit)) {
                steps.push(Step::Stay(*unit));
            }
        }
    }
    let come = wanted.communities.difference(&now.communities);
    steps.extend(come.cloned().map(Step::JoinCommunity));
    let go = now.communities.difference(&wanted.communities);
    steps.extend(go.cloned().map(Step::LeaveCommunity));
    (steps, next)
}

/// What somebody holds after the steps.
pub fn after(now: &Rights, steps: &[Step]) -> Rights {
    let mut rights = now.clone();
    for step in steps {
        match step {
            Step::GiveSupport => rights.support = true,
            Step::TakeSupport => rights.support = false,
            Step::Join(unit, part) | Step::Return(unit, part) => {
                rights.units.insert(*unit, *part);
            }
            Step::Leave(unit) => {
                rights.units.remove(unit);
            }
            Step::Stay(_) => {}
            Step::JoinCommunity(key) => {
                rights.communities.insert(key.clone());
            }
            Step::LeaveCommunity(key) => {
                rights.communities.remove(key);
            }
        }
    }
    rights
}
