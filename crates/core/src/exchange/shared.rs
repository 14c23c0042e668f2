//! One desk's picture of a shared ticket.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::baton::{Baton, Pass};
use super::change::{Ask, Attachment, Change, Deed, Entry, Settled};
use super::field::{Field, Rule};
use super::known::Known;
use super::origin::{DeskId, Name, SharedId};
use super::register::{Conflict, Register, Set};
use crate::id::Millis;

/// What a desk knows of a shared ticket. It follows from the set of changes that
/// were applied, whatever their order; only personal data may differ between
/// desks, by what their agreements let pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shared {
    ticket: SharedId,
    known: Known,
    tick: u64,
    opened: bool,
    entries: BTreeMap<Name, Entry>,
    attachments: BTreeMap<Name, Attachment>,
    fields: BTreeMap<Field, Register>,
    baton: Baton,
    asks: BTreeMap<Name, Asked>,
    /// Answers to asks that have not come yet.
    answers: BTreeMap<Name, BTreeMap<Name, Settled>>,
    erasures: BTreeMap<Name, Erasure>,
    /// What became of erasures that have not come yet, too.
    outcomes: BTreeMap<Name, BTreeMap<DeskId, Option<String>>>,
    /// What was erased, come or not.
    gone: BTreeSet<Name>,
}

/// An ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// For what.
    pub ask: Ask,
    /// When, by its desk's clock.
    pub at: Millis,
}

/// An erasure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// Which changes.
    pub what: Vec<Name>,
    /// When it was asked for, by its desk's clock.
    pub at: Millis,
}

/// Why a desk can not do that with a shared ticket.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Another has the baton.
    #[error("{holder} is responsible now: ask there")]
    NotHolder {
        /// Who.
        holder: DeskId,
    },
    /// An ask of somebody who may do it.
    #[error("this desk is responsible: set it, there is nobody to ask")]
    Holder,
    /// There is no such change here.
    #[error("{name} is not known here")]
    Unknown {
        /// Which.
        name: Name,
    },
    /// It was settled before.
    #[error("{ask} has its answer already")]
    Settled {
        /// Which ask.
        ask: Name,
    },
    /// Neither written here nor on a ticket that was opened here.
    #[error("{name} was written at {}: ask for its erasure there", name.desk)]
    NotYours {
        /// Which change.
        name: Name,
    },
    /// To whom it belongs already.
    #[error("{holder} has it already")]
    SameHolder {
        /// Who.
        holder: DeskId,
    },
    /// The opening has not come yet.
    #[error("the ticket's opening has not arrived yet")]
    NotOpened,
}

impl Shared {
    /// A ticket of which nothing has come yet.
    pub fn new(ticket: SharedId) -> Shared {
        Shared {
            baton: Baton::new(ticket.desk.clone()),
            ticket,
            known: Known::default(),
            tick: 0,
            opened: false,
            entries: BTreeMap::new(),
            attachments: BTreeMap::new(),
            fields: BTreeMap::new(),
            asks: BTreeMap::new(),
            answers: BTreeMap::new(),
            erasures: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            gone: BTreeSet::new(),
        }
    }

    /// Takes a change in; `false`, and nothing else, when it was known.
    pub fn apply(&mut self, change: &Change) -> bool {
        if !self.known.add(&change.name) {
            return false;
        }
        self.tick = self.tick.max(change.tick);
        if self.gone.contains(&change.name) {
            let mut change = change.clone();
            change.erase();
            self.take(&change);
        } else {
            self.take(change);
        }
        true
    }

    fn take(&mut self, change: &Change) {
        let name = &change.name;
        match &change.deed {
            Deed::Opened { entry, fields } => {
                self.opened = true;
                self.entries.insert(name.clone(), entry.clone());
                for (field, value) in fields {
                    self.set_field(change, field, value, None, &[], 0);
                }
            }
            Deed::EntryAdded { entry } => {
                self.entries.insert(name.clone(), entry.clone());
            }
            Deed::AttachmentAdded { attachment } => {
                self.attachments.insert(name.clone(), attachment.clone());
            }
            Deed::FieldSet {
                field,
                value,
                raw,
                over,
                turn,
            } => self.set_field(change, field, value, raw.as_ref(), over, *turn),
            Deed::Asked { ask } => {
                let ask = ask.clone();
                let at = change.at;
                self.asks.insert(name.clone(), Asked { ask, at });
            }
            Deed::Settled { ask, how } => {
                let answers = self.answers.entry(ask.clone()).or_default();
                answers.insert(name.clone(), how.clone());
            }
            Deed::BatonPassed { to, turn, .. } => self.baton.add(
                *turn,
                Pass {
                    name: name.clone(),
                    to: to.clone(),
                },
            ),
            Deed::Erased { what } => {
                for gone in what {
                    if self.may_erase(&name.desk, gone) {
                        self.forget(gone);
                    }
                }
                let (what, at) = (what.clone(), change.at);
                self.erasures.insert(name.clone(), Erasure { what, at });
            }
            Deed::ErasureDone { erasure, problem } => {
                let outcomes = self.outcomes.entry(erasure.clone()).or_default();
                outcomes.insert(name.desk.clone(), problem.clone());
            }
        }
    }

    /// Lets go of what was written and by whom, for a desk that keeps its entries
    /// and files itself: what is left says which there are. Nothing is decided by
    /// texts, so everything goes on as before.
    pub fn let_go_of_texts(&mut self) {
        for entry in self.entries.values_mut() {
            entry.body.clear();
            entry.author.name = None;
            entry.author.address = None;
        }
        for attachment in self.attachments.values_mut() {
            attachment.file.clear();
        }
    }

    fn set_field(
        &mut self,
        change: &Change,
        field: &Field,
        value: &str,
        raw: Option<&String>,
        over: &[Name],
        turn: u64,
    ) {
        self.fields.entry(field.clone()).or_default().add(Set {
            name: change.name.clone(),
            tick: change.tick,
            at: change.at,
            value: value.to_owned(),
            raw: raw.cloned(),
            over: over.to_vec(),
            turn,
        });
    }

    fn forget(&mut self, name: &Name) {
        self.gone.insert(name.clone());
        if let Some(entry) = self.entries.get_mut(name) {
            entry.erase();
        }
        if let Some(attachment) = self.attachments.get_mut(name) {
            attachment.file.clear();
            attachment.sha256.clear();
            attachment.erased = true;
        }
        for (field, register) in &mut self.fields {
            if field.is_free_text() {
                register.erase(name);
            }
        }
        if let Some(Asked {
            ask: Ask::Set { field, value },
            ..
        }) = self.asks.get_mut(name)
            && field.is_free_text()
        {
            value.clear();
        }
        for answers in self.answers.values_mut() {
            if let Some(Settled::Declined { reason }) = answers.get_mut(name) {
                reason.clear();
            }
        }
    }

    /// A desk may have erased what was written there, and everything on the
    /// tickets that were opened there: those are its people's.
    fn may_erase(&self, desk: &DeskId, name: &Name) -> bool {
        name.desk == *desk || self.ticket.desk == *desk
    }
}

/// What is known.
impl Shared {
    /// Which ticket.
    pub fn ticket(&self) -> &SharedId {
        &self.ticket
    }

    /// Its opening has come.
    pub fn is_opened(&self) -> bool {
        self.opened
    }

    /// Which changes are known.
    pub fn known(&self) -> &Known {
        &self.known
    }

    /// The public entries, the description too.
    pub fn entries(&self) -> &BTreeMap<Name, Entry> {
        &self.entries
    }

    /// The attachments.
    pub fn attachments(&self) -> &BTreeMap<Name, Attachment> {
        &self.attachments
    }

    /// The setting of a field that counts. Of a field of which each desk has its
    /// own, ask [`Shared::own`].
    pub fn field(&self, field: &Field) -> Option<&Set> {
        let register = self.fields.get(field)?;
        register.current(field.rule(), &self.baton)
    }

    /// A desk's own setting of a field.
    pub fn own(&self, field: &Field, desk: &DeskId) -> Option<&Set> {
        self.fields.get(field)?.own(desk)
    }

    /// Every field that was ever set, with all its settings.
    pub fn fields(&self) -> &BTreeMap<Field, Register> {
        &self.fields
    }

    /// Who is responsible, and was.
    pub fn baton(&self) -> &Baton {
        &self.baton
    }

    /// Everything that two desks said differently, with both values.
    pub fn conflicts(&self) -> Vec<Conflict> {
        self.fields
            .iter()
            .flat_map(|(field, register)| register.conflicts(field, &self.baton))
            .collect()
    }

    /// Every ask with its answer: the first, should several desks have given
    /// one, each in its turn.
    pub fn asks(&self) -> impl Iterator<Item = (&Name, &Asked, Option<&Settled>)> {
        self.asks.iter().map(|(name, asked)| {
            let answer = self.answers.get(name).and_then(|a| a.values().next());
            (name, asked, answer)
        })
    }

    /// Every erasure, and what each desk says became of it.
    pub fn erasures(
        &self,
    ) -> impl Iterator<Item = (&Name, &Erasure, Option<&BTreeMap<DeskId, Option<String>>>)> {
        self.erasures
            .iter()
            .map(|(name, erasure)| (name, erasure, self.outcomes.get(name)))
    }

    /// The texts of this change were erased, or will be when it comes.
    pub fn is_gone(&self, name: &Name) -> bool {
        self.gone.contains(name)
    }

    /// The mail addresses of those who wrote here, as far as they are known.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        self.entries
            .values()
            .filter_map(|entry| entry.author.address.as_deref())
    }

    /// Which of an erasure's changes its desk could not have erased.
    pub fn not_erased(&self, erasure: &Name, what: &[Name]) -> Vec<Name> {
        what.iter()
            .filter(|name| !self.may_erase(&erasure.desk, name))
            .cloned()
            .collect()
    }
}

/// What a desk does itself. Each gives the change, which is not applied yet: hand
/// it to [`super::record()`].
impl Shared {
    /// The first change of a ticket that is opened here.
    pub fn open(
        ticket: SharedId,
        entry: Entry,
        fields: BTreeMap<Field, String>,
        at: Millis,
    ) -> Change {
        let me = ticket.desk.clone();
        Shared::new(ticket).change(&me, Deed::Opened { entry, fields }, at)
    }

    fn change(&self, me: &DeskId, deed: Deed, at: Millis) -> Change {
        Change {
            ticket: self.ticket.clone(),
            name: Name {
                desk: me.clone(),
                seq: self.known.next(me),
            },
            tick: self.tick + 1,
            at,
            path: vec![me.clone()],
            deed,
        }
    }

    /// Writes an entry.
    pub fn write(&self, me: &DeskId, entry: Entry, at: Millis) -> Result<Change, Refused> {
        self.must_be_opened()?;
        Ok(self.change(me, Deed::EntryAdded { entry }, at))
    }

    /// Attaches a file to an entry that is known here.
    pub fn attach(
        &self,
        me: &DeskId,
        attachment: Attachment,
        at: Millis,
    ) -> Result<Change, Refused> {
        if !self.entries.contains_key(&attachment.entry) {
            let name = attachment.entry;
            return Err(Refused::Unknown { name });
        }
        Ok(self.change(me, Deed::AttachmentAdded { attachment }, at))
    }

    /// Sets a field, over everything that stands there as far as it is known
    /// here: so it settles conflicts that were seen.
    pub fn set(
        &self,
        me: &DeskId,
        field: Field,
        value: String,
        raw: Option<String>,
        at: Millis,
    ) -> Result<Change, Refused> {
        self.set_over(me, field, value, raw, None, at)
    }

    /// Sets a field over what whoever did it saw there; `None`: everything that
    /// is known here.
    pub(super) fn set_over(
        &self,
        me: &DeskId,
        field: Field,
        value: String,
        raw: Option<String>,
        over: Option<Vec<Name>>,
        at: Millis,
    ) -> Result<Change, Refused> {
        self.must_be_opened()?;
        if field.rule() == Rule::Holder {
            self.must_hold(me)?;
        }
        let heads = || {
            self.fields
                .get(&field)
                .map(|register| register.heads(field.rule(), &self.baton))
                .unwrap_or_default()
                .into_iter()
                .filter(|set| field.rule() != Rule::Own || set.name.desk == *me)
                .map(|set| set.name.clone())
                .collect()
        };
        let over = over.unwrap_or_else(heads);
        let turn = self.baton.turn();
        let deed = Deed::FieldSet {
            field,
            value,
            raw,
            over,
            turn,
        };
        Ok(self.change(me, deed, at))
    }

    /// Takes out the words of another system for a field's values that are these, as somebody's
    /// login there; the values stay.
    pub fn forget_words(&mut self, field: &Field, is: impl Fn(&str) -> bool) {
        if let Some(register) = self.fields.get_mut(field) {
            register.forget_words(&is);
        }
    }

    /// Asks the desk that has the baton.
    pub fn ask(&self, me: &DeskId, ask: Ask, at: Millis) -> Result<Change, Refused> {
        self.must_be_opened()?;
        if self.baton.holder() == me {
            return Err(Refused::Holder);
        }
        Ok(self.change(me, Deed::Asked { ask }, at))
    }

    /// Answers an ask.
    pub fn settle(
        &self,
        me: &DeskId,
        ask: Name,
        how: Settled,
        at: Millis,
    ) -> Result<Change, Refused> {
        self.must_hold(me)?;
        if !self.asks.contains_key(&ask) {
            return Err(Refused::Unknown { name: ask });
        }
        if self.answers.contains_key(&ask) {
            return Err(Refused::Settled { ask });
        }
        Ok(self.change(me, Deed::Settled { ask, how }, at))
    }

    /// Gives the baton on.
    pub fn pass(
        &self,
        me: &DeskId,
        to: DeskId,
        note: String,
        at: Millis,
    ) -> Result<Change, Refused> {
        self.must_be_opened()?;
        self.must_hold(me)?;
        if to == *me {
            return Err(Refused::SameHolder { holder: to });
        }
        let turn = self.baton.turn() + 1;
        Ok(self.change(me, Deed::BatonPassed { to, turn, note }, at))
    }

    /// Has texts erased at every desk.
    pub fn erase(&self, me: &DeskId, what: Vec<Name>, at: Millis) -> Result<Change, Refused> {
        for name in &what {
            if !self.known.has(name) {
                let name = name.clone();
                return Err(Refused::Unknown { name });
            }
            if !self.may_erase(me, name) {
                let name = name.clone();
                return Err(Refused::NotYours { name });
            }
        }
        Ok(self.change(me, Deed::Erased { what }, at))
    }

    /// Says what became of an erasure here.
    pub fn erasure_done(
        &self,
        me: &DeskId,
        erasure: Name,
        problem: Option<String>,
        at: Millis,
    ) -> Change {
        self.change(me, Deed::ErasureDone { erasure, problem }, at)
    }

    fn must_be_opened(&self) -> Result<(), Refused> {
        self.opened.then_some(()).ok_or(Refused::NotOpened)
    }

    fn must_hold(&self, me: &DeskId) -> Result<(), Refused> {
        let holder = self.baton.holder();
        if holder == me {
            return Ok(());
        }
        let holder = holder.clone();
        Err(Refused::NotHolder { holder })
    }
}
