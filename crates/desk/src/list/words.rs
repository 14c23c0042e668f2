//! Tickets with words: the index gives numbers, the list tells which are seen.

use std::collections::BTreeSet;

use store::list::{Condition, Filter, Item, Scope, Sort};
use store::search::{
    Hits, MANY_UNITS, SearchSide, find, find_by_unit, find_in_units, find_unrestricted,
};
use store::unit_list::UnitLists;
use store::{Conn, Dialect};
use switchboard_core::query::Word;
use switchboard_core::{Actor, UnitId};

use super::{Page, cursor_text, looks, scope_of, term};
use crate::Error;

/// The setting that is `false` while the search index does not tell of every ticket
/// whether it is open, after an upgrade.
pub(crate) const OPEN_IS_INDEXED: &str = "search.open";
/// The setting that is `false` while the index by unit does not have every ticket, after
/// an upgrade.
pub(crate) const UNITS_ARE_INDEXED: &str = "search.units";

/// So many rounds of looking up words are made for one page before it is
/// given out short, with a cursor to go on.
const ROUNDS: usize = 8;

/// Most hits of the index that are checked at a time. The first batch is a page
/// where all with the words are wanted, else half of this; each that follows has
/// twice as many: beginning a search costs more than another hundred hits.
const WIDEST: i64 = 800;

/// Texts that are looked in, and terms of which a ticket has one; `None`: any ticket.
type Look = (SearchSide, Option<Vec<String>>);

/// Whether the index tells all of what one of the settings is about.
pub(crate) fn is_complete(c: &mut Conn<'_>, setting: &str) -> Result<bool, Error> {
    let known = store::setting::get(c, setting)?;
    Ok(known.as_deref() != Some("false"))
}

/// What the index is asked for, for each look: groups of terms, of each of which a
/// ticket has one.
fn terms_of(
    looks: Vec<Look>,
    units: Option<&[UnitId]>,
    open: bool,
) -> Vec<(SearchSide, Vec<Vec<String>>)> {
    let spelled = |terms: Vec<String>| match open {
        true => terms.iter().map(|t| term::while_open(t)).collect(),
        false => terms,
    };
    let units = units.map(|units| spelled(units.iter().copied().map(term::unit).collect()));
    let look = |(side, terms): Look| {
        let visible = terms.map(spelled);
        let mut groups: Vec<_> = visible.into_iter().chain(units.clone()).collect();
        if open && groups.is_empty() {
            groups.push(vec![term::OPEN.to_owned()]);
        }
        (side, groups)
    };
    looks.into_iter().map(look).collect()
}

/// What of somebody's tickets is found another way than by the terms of the index by
/// number.
struct Apart<'s> {
    units: &'s [UnitId],
    /// The terms of the units.
    terms: Vec<String>,
    /// The terms of tickets in other units that they see the inside of; `None`: they are
    /// looked for with the rest.
    inside: Option<Vec<String>>,
    /// What is left to look for.
    rest: Vec<Look>,
}

/// Takes the tickets of somebody's units out of what is looked for, where these are found
/// sooner another way. Of many units PostgreSQL's index takes all terms at once.
fn apart<'s>(
    c: &mut Conn<'_>,
    scope: &'s Scope,
    looks: &[Look],
) -> Result<Option<Apart<'s>>, Error> {
    let Scope::Related { units, person, .. } = scope else {
        return Ok(None);
    };
    let few = units.len() < MANY_UNITS;
    let told = match few {
        true => is_complete(c, UNITS_ARE_INDEXED)?,
        false => c.dialect() == Dialect::Sqlite,
    };
    if units.is_empty() || !told {
        return Ok(None);
    }
    let terms: Vec<String> = units.iter().copied().map(term::unit).collect();
    let inside = few.then(|| vec![term::insider(*person)]);
    let mut rest = looks.to_vec();
    for (side, look) in &mut rest {
        if let (SearchSide::Staff, Some(look)) = (*side, look) {
            look.retain(|term| {
                let elsewhere = inside.as_ref().is_some_and(|inside| inside.contains(term));
                !terms.contains(term) && !elsewhere
            });
        }
    }
    rest.retain(|(_, look)| look.as_ref().is_none_or(|terms| !terms.is_empty()));
    Ok(Some(Apart {
        units,
        terms,
        inside,
        rest,
    }))
}

/// Tickets with all the words, newest first: the index gives numbers, the
/// list checks each against permissions and filter.
pub(super) fn search(
    (c, lists): (&mut Conn<'_>, &UnitLists),
    actor: &Actor,
    filter: &Filter,
    words: &[Word],
    before: Option<i64>,
    limit: i64,
) -> Result<Page<Item>, Error> {
    let scope = scope_of(actor);
    let mut looks = looks(actor);
    // Most staff are on no ticket themselves and of no community: then there is
    // no second look.
    if let Some(person) = actor.person
        && looks.len() > 1
        && actor.communities.is_empty()
        && !store::list::is_on_any(c, person)?
    {
        looks.retain(|(side, _)| *side == SearchSide::Staff);
    }
    let mut items: Vec<Item> = Vec::new();
    let mut before = before;
    let by_open = filter.is_of_open_ones() && is_complete(c, OPEN_IS_INDEXED)?;
    // Few tickets are open, and those of a unit that is asked for are one list.
    let ours = match by_open || filter.units().is_some() {
        true => None,
        false => apart(c, &scope, &looks)?,
    };
    let mut most =
        matches!(scope, Scope::Unrestricted { .. }) && !by_open && filter.units().is_none();
    let rest = ours.as_ref().map(|ours| ours.rest.clone());
    let rest = rest.map(|looks| terms_of(looks, filter.units(), by_open));
    let all = terms_of(looks, filter.units(), by_open);
    let mut batch = limit + 1;
    // Where the index tells all of the filter, nearly every hit is in the list.
    let told = |c: &Condition| matches!(c, Condition::Open(true) | Condition::Unit(_));
    if !filter.is_only(told) || filter.is_of_open_ones() && !by_open {
        batch = batch.max(WIDEST / 2);
    }
    for _ in 0..ROUNDS {
        let mut numbers = BTreeSet::new();
        // Below the lowest number of a full batch another look may have more.
        let mut floor = i64::MIN;
        let mut found = Vec::new();
        let mut scopes = &all;
        if let (Some(ours), Some(rest)) = (&ours, &rest)
            && let Some(hits) = found_apart((c, lists), ours, words, before, batch)?
        {
            found.push(Hits::of(hits, batch));
            scopes = rest;
        }
        // Whoever sees nearly all is not led through a list of nearly all.
        let seen = match most {
            true => find_unrestricted(c, words, scopes, before, batch)?,
            false => None,
        };
        most = seen.is_some();
        match seen {
            Some(hits) => found.push(hits),
            None => {
                for (side, scope) in scopes {
                    let hits = find(c, words, *side, scope, before, batch)?;
                    found.push(Hits::of(hits, batch));
                }
            }
        }
        for hits in found {
            floor = floor.max(hits.last.unwrap_or(i64::MIN));
            numbers.extend(hits.numbers);
        }
        let numbers: Vec<i64> = numbers.into_iter().filter(|n| *n >= floor).collect();
        if numbers.is_empty() && floor == i64::MIN {
            return Ok(Page { items, next: None });
        }
        let looked_at = numbers.len() as i64;
        let narrowed = filter.clone().and(Condition::Numbers(numbers));
        items.extend(store::list::page(
            c,
            &scope,
            &narrowed,
            Sort::Newest,
            None,
            looked_at,
        )?);
        if items.len() as i64 > limit {
            items.truncate(limit as usize);
            let next = items.last().map(|last| cursor_text(Sort::Newest, last));
            return Ok(Page { items, next });
        }
        if floor == i64::MIN {
            return Ok(Page { items, next: None });
        }
        before = Some(floor);
        // Few of what has the words are there for them: look further each time.
        batch = batch.max((batch * 2).min(WIDEST));
    }
    Ok(Page {
        items,
        next: before.map(|n| format!("n{n}")),
    })
}

/// Tickets of somebody's units, newest first; `None`: only the index by number can tell.
fn found_apart(
    (c, lists): (&mut Conn<'_>, &UnitLists),
    ours: &Apart<'_>,
    words: &[Word],
    before: Option<i64>,
    limit: i64,
) -> Result<Option<Vec<i64>>, Error> {
    if let Some(inside) = &ours.inside {
        return Ok(find_by_unit(c, words, (ours.units, inside), before, limit)?);
    }
    let side = SearchSide::Staff;
    let units = (ours.units, ours.terms.as_slice());
    let hits = find_in_units(c, lists, words, side, units, before, limit)?;
    Ok(Some(hits))
}
