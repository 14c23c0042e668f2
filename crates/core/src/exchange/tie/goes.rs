//! What happens here: what is to be done there.

use super::super::call::{Call, CallState, What};
use super::super::change::{Ask, Author, Change, Deed, Role};
use super::super::field::{Field, Rule};
use super::super::words::Words;
use super::{Manner, Name, Note, Tie, Work, sum};
use crate::exchange::{Shared, SharedId};

/// How often a value is set there again after somebody or something there set it
/// back: a robot must not be fought with.
const MOST_CORRECTIONS: u32 = 3;

/// Who says what no person wrote.
const DESK: Author = Author {
    role: Role::System,
    name: None,
    address: None,
};

/// What every marker of a shared ticket's calls begins with. Unique among all
/// tickets of the agreement. The name of a desk may be long: a few of its letters
/// are for people, the sum tells desks apart whose letters are the same.
pub(super) fn marker_of(manner: &Manner, ticket: &SharedId) -> String {
    let desk = ticket.desk.as_str();
    let letters: String = desk
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(16)
        .collect();
    let (prefix, number) = (&manner.prefix, ticket.number);
    format!("{prefix}-{letters}{:08x}-{number}-", sum(desk))
}

impl Tie {
    fn push(&mut self, what: What, work: &Work<'_, '_>) {
        self.numbered += 1;
        let ours = marker_of(work.place.manner, work.shared.ticket());
        self.calls.push(Call {
            number: self.numbered,
            marker: format!("{ours}{}", self.numbered),
            what,
            known: 0,
            state: CallState::Waiting,
        });
    }

    /// What a change from elsewhere means there. Of fields only the solution:
    /// the others go by how they stand, see [`Tie::plan`].
    pub(super) fn goes(&mut self, change: Change, work: &mut Work<'_, '_>) {
        let name = change.name;
        let what = match change.deed {
            Deed::Opened { entry, mut fields } => What::Create {
                name,
                author: entry.author,
                body: entry.body,
                subject: fields.remove(&Field::Subject).unwrap_or_default(),
            },
            Deed::EntryAdded { entry } if !entry.erased => What::Write {
                name,
                author: entry.author,
                body: entry.body,
            },
            Deed::AttachmentAdded { attachment } if !attachment.erased => {
                What::Attach { name, attachment }
            }
            Deed::FieldSet {
                field: Field::Solution,
                value,
                ..
            } if !value.is_empty() => What::Write {
                name,
                author: DESK,
                body: format!("Solution: {value}"),
            },
            Deed::Asked { ask } => What::Write {
                name,
                author: DESK,
                body: match ask {
                    Ask::Set { field, value } => format!("Please set {field} to: {value}"),
                    Ask::Baton => "Please give this ticket back.".to_owned(),
                },
            },
            Deed::Erased { what } => return self.erases(&name, &what, work),
            Deed::EntryAdded { .. }
            | Deed::AttachmentAdded { .. }
            | Deed::FieldSet { .. }
            | Deed::Settled { .. }
            | Deed::BatonPassed { .. }
            | Deed::ErasureDone { .. } => return,
        };
        if !self.gone {
            self.push(what, work);
        }
    }

    /// What has not gone yet does not go; the rest is reported to be there.
    fn erases(&mut self, erasure: &Name, what: &[Name], work: &mut Work<'_, '_>) {
        self.calls.retain_mut(|call| {
            let gone = call.what.name().is_some_and(|name| what.contains(name));
            if gone {
                call.what.erase();
            }
            // The ticket itself has to be made: others come after it.
            let made = matches!(call.what, What::Create { .. });
            !gone || made || call.state != CallState::Waiting
        });
        let manner = work.place.manner;
        let problem = format!(
            "{} can not be told to erase: its administrators have to, in ticket {}",
            manner.label,
            self.there.as_deref().unwrap_or("that is being made"),
        );
        let receipt = work.shared.erasure_done(
            &manner.system,
            erasure.clone(),
            Some(problem),
            work.place.now,
        );
        work.record(receipt);
    }

    /// Which values have to be set there.
    pub(super) fn plan(&mut self, work: &mut Work<'_, '_>) {
        if self.gone || self.joined || !work.shared.is_opened() {
            return;
        }
        // Nothing is set in a ticket whose making was not even asked for.
        let made = |call: &Call| matches!(call.what, What::Create { .. });
        if self.there.is_none() && !self.calls.iter().any(made) {
            return;
        }
        for (field, words) in &work.place.manner.words {
            let wanted = self.wanted(field, words, work.shared, work.place.manner);
            let waiting = self.calls.iter().position(|call| {
                matches!(&call.what, What::Set { field: of, .. } if of == field)
                    && !matches!(call.state, CallState::Refused { .. })
            });
            match (waiting, wanted) {
                // It may have been done: the next follows when that is known.
                (Some(place), _) if self.calls[place].state != CallState::Waiting => {}
                (Some(place), Some((raw, shows))) => {
                    let field = field.clone();
                    self.calls[place].what = What::Set { field, raw, shows };
                }
                (Some(place), None) => {
                    self.calls.remove(place);
                }
                // They said that they will not, and why; nobody has set it anew since.
                (None, Some((raw, shows))) if self.refuse(field, &raw, &shows) => {}
                (None, Some((raw, shows))) => self.set(field, raw, shows, work),
                (None, None) => {}
            }
        }
    }

    /// They refused to set this, for these settings here.
    fn refuse(&self, field: &Field, raw: &str, shows: &[Name]) -> bool {
        self.calls.iter().any(|call| {
            matches!(call.state, CallState::Refused { .. })
                && matches!(&call.what, What::Set { field: of, raw: to, shows: showed }
                    if of == field && to == raw && showed == shows)
        })
    }

    fn set(&mut self, field: &Field, raw: String, shows: Vec<Name>, work: &mut Work<'_, '_>) {
        let there = self.fields.entry(field.clone()).or_default();
        let set_back = there.raw.is_some() && !there.ours && there.shows == shows;
        there.corrections = if set_back {
            there.corrections.saturating_add(1)
        } else {
            0
        };
        if there.corrections <= MOST_CORRECTIONS {
            let field = field.clone();
            self.push(What::Set { field, raw, shows }, work);
        } else if there.corrections == MOST_CORRECTIONS + 1 {
            let field = field.clone();
            work.step.notes.push(Note::Robot { field });
        }
    }

    /// Their word for what counts here, when it does not stand there and is ours
    /// to set.
    fn wanted(
        &self,
        field: &Field,
        words: &Words,
        shared: &Shared,
        manner: &Manner,
    ) -> Option<(String, Vec<Name>)> {
        let set = shared.field(field)?;
        // What came from there is there, in a word that may say more than the
        // one that we would use.
        let word = set.raw.as_ref().or_else(|| self.opened.get(field));
        let theirs = word.filter(|_| set.name.desk == manner.system);
        let raw = match theirs {
            Some(raw) => raw,
            None => words.there(&set.value)?,
        };
        let there = self.fields.get(field);
        let stands = there.and_then(|t| t.raw.as_deref());
        // Another word of theirs that means the same is theirs to choose.
        if stands.is_some_and(|stands| stands == raw || words.means(&set.value, stands)) {
            return None;
        }
        // While they are responsible their word stays as it is: what they set
        // in this turn, or before we knew of the ticket. What they set without
        // being responsible became an ask, and ours is what they took over.
        let turn = shared.baton().turn();
        let holds = field.rule() == Rule::Holder && shared.baton().holder() == &manner.system;
        let theirs = there.is_none_or(|t| !t.ours && (t.raw.is_none() || t.turn == turn));
        if holds && theirs {
            return None;
        }
        Some((raw.to_owned(), vec![set.name.clone()]))
    }
}
