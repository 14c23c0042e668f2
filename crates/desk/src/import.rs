//! Bulk import of units, services, sites and members: all of a dump or nothing.
//!
//! The dry run does everything that the import does, through the same rules and
//! in a transaction that is rolled back: so what it shows is what would happen.

mod rows;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use store::Conn;
use switchboard_core::{Actor, PersonId, UnitId};

use crate::audit::{self, Subject};
use crate::staff::Occasion;
use crate::{Catalogue, Desk, Error, Live};
use rows::{Done, Ids};
use table::Row;

pub use table::Format;

/// What a dump is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Support units, by key.
    Units,
    /// Services, by key.
    Services,
    /// Sites, by key.
    Sites,
    /// Members of units, by unit and address.
    Members,
}

impl Kind {
    /// Every kind, in the order in which a new desk needs them.
    pub const ALL: [Kind; 4] = [Kind::Units, Kind::Services, Kind::Sites, Kind::Members];

    /// The word for it.
    pub fn key(self) -> &'static str {
        match self {
            Kind::Units => "units",
            Kind::Services => "services",
            Kind::Sites => "sites",
            Kind::Members => "members",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|k| k.key() == word)
    }

    /// The columns that a dump of it may have.
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Kind::Units => &rows::UNITS,
            Kind::Services => &rows::SERVICES,
            Kind::Sites => &rows::SITES,
            Kind::Members => &rows::MEMBERS,
        }
    }
}

/// A dump and how it is to be taken.
#[derive(Debug, Clone)]
pub struct Dump {
    /// What it is of.
    pub kind: Kind,
    /// How it is written.
    pub format: Format,
    /// The file.
    pub bytes: Vec<u8>,
    /// The file is the whole list: what it does not have is retired, and of the
    /// units that a list of members names, everybody else is removed.
    pub complete: bool,
    /// More may be retired than is kept.
    pub confirmed: bool,
    /// Only say what would happen.
    pub dry_run: bool,
}

/// What becomes of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is new.
    Created,
    /// These fields differ.
    Changed(Vec<String>),
    /// It is so already.
    Same,
    /// It is retired or removed.
    Retired,
    /// It can not be done.
    Refused {
        /// The column that is wrong.
        field: String,
        /// What is wrong, and what would be right.
        problem: String,
    },
}

/// One row of a dump, or one thing that a complete dump lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it stands in the file; 0: not in it.
    pub line: u64,
    /// Its key.
    pub what: String,
    /// What becomes of it.
    pub verdict: Verdict,
}

/// What an import does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Every row in the order of the file, then what it lacks.
    pub lines: Vec<Line>,
    /// It was done.
    pub done: bool,
    /// More would be retired than kept, and nobody has confirmed that.
    pub needs_confirmation: bool,
}

impl Plan {
    fn count(&self, which: impl Fn(&Verdict) -> bool) -> usize {
        self.lines.iter().filter(|l| which(&l.verdict)).count()
    }

    /// How many are new.
    pub fn created(&self) -> usize {
        self.count(|v| *v == Verdict::Created)
    }

    /// How many differ.
    pub fn changed(&self) -> usize {
        self.count(|v| matches!(v, Verdict::Changed(_)))
    }

    /// How many are so already.
    pub fn same(&self) -> usize {
        self.count(|v| *v == Verdict::Same)
    }

    /// How many are retired or removed.
    pub fn retired(&self) -> usize {
        self.count(|v| *v == Verdict::Retired)
    }

    /// How many are refused: then nothing is done.
    pub fn refused(&self) -> usize {
        self.count(|v| matches!(v, Verdict::Refused { .. }))
    }

    /// The counts in one sentence.
    pub fn words(&self) -> String {
        format!(
            "{} new, {} changed, {} unchanged, {} retired or removed, {} refused",
            self.created(),
            self.changed(),
            self.same(),
            self.retired(),
            self.refused()
        )
    }
}

/// Why the transaction of an import does not commit.
enum Halt {
    /// It is a dry run, or something is refused: this is the plan.
    Plan(Box<Plan>),
    /// Something went wrong.
    Error(Error),
}

impl From<store::Error> for Halt {
    fn from(error: store::Error) -> Halt {
        Halt::Error(error.into())
    }
}

impl From<Error> for Halt {
    fn from(error: Error) -> Halt {
        Halt::Error(error)
    }
}

fn verdict(done: Result<Done, Error>) -> Result<(Verdict, Option<Json>), Error> {
    match done {
        Ok(None) => Ok((Verdict::Same, None)),
        Ok(Some((action, detail))) => {
            let verdict = match action.rsplit('.').next() {
                Some("created" | "member_added") => Verdict::Created,
                Some("retired" | "member_removed") => Verdict::Retired,
                // A service or site that is switched off is retired too.
                _ if detail.get("active") == Some(&json!([true, false])) => Verdict::Retired,
                _ => {
                    let names = ["unit", "service", "key", "email"];
                    Verdict::Changed(
                        detail
                            .as_object()
                            .into_iter()
                            .flatten()
                            .filter(|(name, value)| {
                                value.is_array() || !names.contains(&name.as_str())
                            })
                            .map(|(name, _)| name.clone())
                            .collect(),
                    )
                }
            };
            Ok((verdict, Some(json!({ "deed": action, "detail": detail }))))
        }
        Err(Error::Invalid { field, problem }) => Ok((Verdict::Refused { field, problem }, None)),
        Err(Error::Conflict(problem)) => Ok((
            Verdict::Refused {
                field: "key".into(),
                problem,
            },
            None,
        )),
        Err(other) => Err(other),
    }
}

/// What playing a dump came to: the plan, the deeds for the audit log, and the
/// tickets that changed.
type Played = (Plan, Vec<Json>, Vec<Live>);

/// Does all rows in the transaction.
fn play(
    c: &mut Conn<'_>,
    (desk, catalogue): (&Desk, &Catalogue),
    occasion: &Occasion<'_>,
    (dump, rows): (&Dump, &[Row]),
    ids: &Ids,
) -> Result<Played, Error> {
    let (actor, now) = (occasion.actor, desk.now());
    let mut live = Vec::new();
    let mut lines: Vec<Option<Line>> = vec![None; rows.len()];
    let mut deeds = Vec::new();
    let mut kept: BTreeMap<UnitId, Vec<PersonId>> = BTreeMap::new();
    let mut first: BTreeMap<String, u64> = BTreeMap::new();
    for row in rows {
        let what = rows::title(dump.kind, row).to_lowercase();
        first.entry(what).or_insert(row.line);
    }
    // A dump of members may be long, and changes no unit.
    let units = store::unit::all(c)?;
    let mut known: BTreeSet<String> = units
        .iter()
        .flat_map(|u| [u.key.to_lowercase(), u.name.to_lowercase()])
        .collect();
    let mut one = |c: &mut Conn<'_>, at: usize| {
        let row = &rows[at];
        match dump.kind {
            Kind::Units => rows::unit(c, actor, now, row, ids.at(at)),
            Kind::Services => rows::service(c, desk, actor, row, ids.at(at)),
            Kind::Sites => rows::site(c, now, row),
            Kind::Members => {
                let member = rows::member(c, (desk, catalogue), occasion, row, &units, ids.at(at))?;
                let (unit, person) = member.who;
                kept.entry(unit).or_default().push(person);
                live.extend(member.live);
                Ok(member.done)
            }
        }
    };
    let mut left: Vec<usize> = (0..rows.len()).collect();
    if dump.kind == Kind::Members {
        // Who becomes responsible comes before who steps down for them.
        left.sort_by_key(|at| !rows::leads(&rows[*at]));
    }
    while !left.is_empty() {
        let mut waiting = Vec::new();
        let before = left.len();
        for at in left {
            let row = &rows[at];
            if dump.kind == Kind::Units && !rows::ready(row, &known) {
                waiting.push(at);
                continue;
            }
            let what = rows::title(dump.kind, row);
            let before = first.get(&what.to_lowercase());
            let done = match before.filter(|line| **line < row.line) {
                Some(first) => Err(Error::invalid(
                    "key",
                    format!("{what} is in the file twice, first in line {first}"),
                )),
                None => one(c, at),
            };
            let (verdict, deed) = verdict(done)?;
            deeds.extend(deed);
            known.extend(rows::names(row));
            lines[at] = Some(Line {
                line: row.line,
                what,
                verdict,
            });
        }
        if waiting.len() == before {
            // What they wait for is nowhere: each says so itself.
            for at in waiting.drain(..) {
                let row = &rows[at];
                let (verdict, deed) = verdict(one(c, at))?;
                deeds.extend(deed);
                lines[at] = Some(Line {
                    line: row.line,
                    what: rows::title(dump.kind, row),
                    verdict,
                });
            }
        }
        left = waiting;
    }
    let mut plan = Plan {
        lines: lines.into_iter().flatten().collect(),
        ..Plan::default()
    };
    if dump.complete && plan.refused() == 0 {
        let keys: Vec<String> = rows.iter().map(|r| rows::title(dump.kind, r)).collect();
        let missing = match dump.kind {
            Kind::Members => {
                let (gone, more) =
                    rows::remove_missing_members(c, (desk, catalogue), occasion, &kept)?;
                live.extend(more);
                gone
            }
            kind => rows::retire_missing(c, actor, now, kind, &keys)?,
        };
        for (what, done) in missing {
            let (verdict, deed) = verdict(done)?;
            deeds.extend(deed);
            plan.lines.push(Line {
                line: 0,
                what,
                verdict,
            });
        }
    }
    let kept = plan.created() + plan.changed() + plan.same();
    plan.needs_confirmation = plan.retired() > kept && !dump.confirmed;
    Ok((plan, deeds, live))
}

impl Desk {
    /// Takes in a dump, or says what it would do. When any row is refused, or a
    /// confirmation is missing, nothing is done, and the plan says why.
    ///
    /// # Errors
    /// Unless an administrator does it; on `file`, when the dump is empty or
    /// can not be read as a whole.
    pub async fn import(&self, actor: &Actor, dump: Dump) -> Result<Plan, Error> {
        if !(actor.admin || actor.is_system()) {
            return Err(Error::Forbidden("only administrators may import".into()));
        }
        let rows = table::read(&dump.bytes, dump.format, dump.kind.columns())?;
        let digest: String = Sha256::digest(&dump.bytes)
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        let ids = Ids::for_rows(self, rows.len());
        let (now, actor, act) = (self.now(), actor.clone(), self.uuid());
        let (desk, catalogue) = (self.clone(), self.catalogue().await?);
        let outcome = self
            .0
            .db
            .write(move |c| {
                // A dump may be of thousands: whoever is in it hears of it from
                // those who keep the list.
                let occasion = Occasion {
                    actor: &actor,
                    why: "by a list that was taken in",
                    cause: act,
                    mails: false,
                };
                let (mut plan, deeds, live) =
                    play(c, (&desk, &catalogue), &occasion, (&dump, &rows), &ids)?;
                if dump.dry_run || plan.refused() > 0 || plan.needs_confirmation {
                    return Err(Halt::Plan(Box::new(plan)));
                }
                plan.done = true;
                if deeds.is_empty() {
                    return Ok((plan, live));
                }
                let detail = json!({
                    "kind": dump.kind.key(),
                    "sha256": digest,
                    "complete": dump.complete,
                    "created": plan.created(),
                    "changed": plan.changed(),
                    "unchanged": plan.same(),
                    "retired": plan.retired(),
                    "deeds": deeds,
                });
                let subject = Subject::Other("import", act);
                audit::record(c, &actor, now, "import.done", &subject, &detail)?;
                Ok((plan, live))
            })
            .await;
        match outcome {
            Ok((plan, live)) => {
                self.forget_catalogue();
                self.rights_changed(live);
                Ok(plan)
            }
            Err(Halt::Plan(plan)) => Ok(*plan),
            Err(Halt::Error(error)) => Err(error),
        }
    }
}
