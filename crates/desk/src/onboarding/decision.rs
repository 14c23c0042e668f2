//! What administrators decide about a form.

use serde_json::json;
use store::Conn;
use store::onboarding::Onboarding;
use switchboard_core::onboarding::{Deed, next};
use switchboard_core::{Actor, Millis};
use uuid::Uuid;

use super::{accept, around, found, fresh_check, keep, letters, undo, wrong};
use crate::audit::{Subject, record};
use crate::{Desk, Error, Live};

/// The longest word about a decision, in characters.
const LONGEST: usize = 5_000;

/// What becomes of a form that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Its author is asked for changes.
    Return {
        /// What to change.
        comment: String,
    },
    /// It is refused for good.
    Refuse {
        /// Why.
        reason: String,
    },
    /// What it describes is created.
    Accept,
    /// What it had created is taken back: removed while nothing used it, else
    /// retired.
    Undo {
        /// Why.
        reason: String,
        /// The key of the unit that takes over, where something used it.
        successor: Option<String>,
    },
}

/// A text that somebody wrote about a form.
pub(super) fn said(field: &'static str, text: &str, needed: bool) -> Result<String, Error> {
    let text = text.replace('\0', "\u{fffd}").trim().to_owned();
    if needed && text.is_empty() {
        return Err(Error::invalid(
            field,
            "say why, so that its author can act on it",
        ));
    }
    if text.chars().count() > LONGEST {
        return Err(Error::invalid(
            field,
            format!("is longer than {LONGEST} characters"),
        ));
    }
    Ok(text)
}

/// Adds to what was done with a form.
pub(super) fn note(
    c: &mut Conn<'_>,
    desk: &Desk,
    row: &Onboarding,
    actor: &Actor,
    now: Millis,
    deed: &str,
    text: &str,
) -> Result<(), Error> {
    let person = actor
        .person
        .ok_or_else(|| Error::Internal("the desk itself decides about no form".into()))?;
    store::onboarding::add_note(c, desk.uuid(), row.id, now, person, deed, text)?;
    Ok(())
}

impl Desk {
    /// Decides about a form. `expected` is the version that the administrator
    /// looked at; `None`: whatever it is now.
    ///
    /// All that follows happens in one transaction and is one deed of the
    /// audit log; those concerned are mailed.
    ///
    /// # Errors
    /// When the actor is no administrator, the state does not allow it, or
    /// something is missing: the field is named.
    pub async fn decide_onboarding(
        &self,
        actor: &Actor,
        id: Uuid,
        expected: Option<i64>,
        decision: Decision,
    ) -> Result<(), Error> {
        let decision = match decision {
            Decision::Return { comment } => Decision::Return {
                comment: said("comment", &comment, true)?,
            },
            Decision::Refuse { reason } => Decision::Refuse {
                reason: said("reason", &reason, true)?,
            },
            Decision::Undo { reason, successor } => Decision::Undo {
                reason: said("reason", &reason, true)?,
                successor,
            },
            Decision::Accept => Decision::Accept,
        };
        let catalogue = self.catalogue().await?;
        let (desk, actor, now) = (self.clone(), actor.clone(), self.now());
        let live = self
            .0
            .db
            .write(move |c| {
                crate::ticket_clock::with_partners(c, now, |c| {
                    let (mut row, by) = found(c, &actor, id)?;
                    fresh_check(&row, expected)?;
                    let mut live: Vec<Live> = Vec::new();
                    let (deed, text, detail) = match &decision {
                        Decision::Return { comment } => {
                            row.state = next(row.state, Deed::Return, by, &[])?;
                            row.reviewed = Some(row.form.clone());
                            ("returned", comment.as_str(), json!({"comment": comment}))
                        }
                        Decision::Refuse { reason } => {
                            row.state = next(row.state, Deed::Refuse, by, &[])?;
                            ("refused", reason.as_str(), json!({"reason": reason}))
                        }
                        Decision::Accept => {
                            let around = around(c, &desk, &row)?;
                            let wrong = wrong(c, &row, &around)?;
                            row.state = next(row.state, Deed::Accept, by, &wrong)?;
                            let detail = accept::accept(
                                c, &desk, &catalogue, &mut row, &actor, now, &mut live,
                            )?;
                            ("accepted", "", detail)
                        }
                        Decision::Undo { reason, successor } => {
                            row.state = next(row.state, Deed::Undo, by, &[])?;
                            let mut detail = undo::undo(
                                c,
                                &desk,
                                &catalogue,
                                &mut row,
                                successor.as_deref(),
                                &actor,
                                now,
                                &mut live,
                            )?;
                            detail["reason"] = json!(reason);
                            ("undone", reason.as_str(), detail)
                        }
                    };
                    keep(c, &mut row, now)?;
                    note(c, &desk, &row, &actor, now, deed, text)?;
                    record(
                        c,
                        &actor,
                        now,
                        &format!("onboarding.{deed}"),
                        &Subject::Other("onboarding", row.id),
                        &detail,
                    )?;
                    letters::decided(c, &desk, &row, &actor, deed, text)?;
                    Ok::<_, Error>(live)
                })
            })
            .await?;
        self.forget_catalogue();
        self.forget_actors();
        self.announce(live);
        self.wake();
        Ok(())
    }
}
