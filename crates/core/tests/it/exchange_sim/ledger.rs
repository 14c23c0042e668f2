//! What really happened, written down beside the desks: who said what, and what
//! has to be found everywhere in the end.

use std::collections::{BTreeMap, BTreeSet};

use switchboard_core::exchange::{Change, Deed, DeskId, Field, Name, Rule, SharedId};

/// What happened to one ticket, in the order in which it did.
#[derive(Default)]
pub(super) struct Page {
    /// The desks that are to have it.
    pub(super) at: BTreeSet<DeskId>,
    /// Every change, at the moment at which its desk had recorded it.
    pub(super) changes: Vec<Change>,
    /// What was erased.
    pub(super) erased: BTreeSet<Name>,
}

#[derive(Default)]
pub(super) struct Ledger {
    pub(super) pages: BTreeMap<SharedId, Page>,
}

impl Ledger {
    pub(super) fn note(&mut self, change: &Change) {
        let page = self.pages.entry(change.ticket.clone()).or_default();
        page.at.insert(change.name.desk.clone());
        if let Deed::Erased { what } = &change.deed {
            page.erased.extend(what.iter().cloned());
        }
        page.changes.push(change.clone());
    }
}

impl Page {
    /// Every setting of a field: its name, its value, and what it replaced.
    fn sets(&self, wanted: &Field) -> Vec<(&Name, &str, &[Name])> {
        self.changes
            .iter()
            .filter_map(|change| match &change.deed {
                Deed::FieldSet {
                    field, value, over, ..
                } if field == wanted => Some((&change.name, value.as_str(), over.as_slice())),
                Deed::Opened { fields, .. } => fields
                    .get(wanted)
                    .map(|value| (&change.name, value.as_str(), &[] as &[Name])),
                _ => None,
            })
            .collect()
    }

    pub(super) fn fields(&self) -> BTreeSet<Field> {
        self.changes
            .iter()
            .flat_map(|change| match &change.deed {
                Deed::FieldSet { field, .. } => vec![field.clone()],
                Deed::Opened { fields, .. } => fields.keys().cloned().collect(),
                _ => Vec::new(),
            })
            .collect()
    }

    /// What a field has to be. With the baton: what was set last, for only one
    /// desk could at a time. Without: any of those that nobody replaced knowingly.
    pub(super) fn right(&self, field: &Field) -> Vec<(Name, String)> {
        let sets = self.sets(field);
        let right: Vec<_> = match field.rule() {
            Rule::Holder => sets.last().copied().into_iter().collect(),
            Rule::Own => Vec::new(),
            Rule::Any => {
                let replaced: BTreeSet<&Name> = sets.iter().flat_map(|s| s.2).collect();
                sets.into_iter()
                    .filter(|s| !replaced.contains(s.0))
                    .collect()
            }
        };
        right
            .into_iter()
            .map(|(name, value, _)| (name.clone(), value.to_owned()))
            .collect()
    }
}
