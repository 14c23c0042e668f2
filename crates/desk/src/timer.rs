//! What time does to tickets by itself: the rules as data, and the rows that say when a
//! ticket has to be looked at.
//!
//! The rows are written in the transaction of the change that begins or ends a wait
//! (`keep`, called wherever a ticket is saved), so the sweep costs as much as is due
//! and not as much as is open. They only say when to look: what is done follows from
//! the ticket as it is then.

use store::Conn;
use store::job::NewJob;
use switchboard_core::clock::Clocks;
use switchboard_core::timer::{TimeRules, Timer, TimerKind, target_at, targets_due, timers};
use switchboard_core::working_time::Calendar;
use switchboard_core::{Actor, Channel, Command, Millis, Ticket};

use crate::audit::{self, Subject};
use crate::jobs::TIMERS_ANEW;
use crate::{Catalogue, Desk, Error, Live};

/// The setting with the rules.
const RULES: &str = "timers";
/// The setting that says `false` while there may be tickets without their timers.
pub(crate) const COMPLETE: &str = "timers.all";
/// The setting that says from when on people are told of targets: `upgrade` until a desk
/// that comes from an older version has started, then the time of that. A desk that never
/// was older has none.
const TOLD_FROM: &str = "timers.targets";
/// After so long a timer is tried again whose deed failed.
const AGAIN: Millis = 3_600_000;

/// The rules in force: what is stored, else what is shipped.
///
/// # Errors
/// When the database can not be read, or what it has is none of ours.
pub(crate) fn rules(c: &mut Conn<'_>) -> Result<TimeRules, Error> {
    match store::setting::get(c, RULES)? {
        Some(text) => serde_json::from_str(&text)
            .map_err(|e| Error::Internal(format!("stored rules of time: {e}"))),
        None => Ok(TimeRules::default()),
    }
}

/// From when on people are told of targets.
///
/// # Errors
/// When the database can not be read.
pub(crate) fn told_from(c: &mut Conn<'_>) -> Result<Millis, Error> {
    Ok(match store::setting::get(c, TOLD_FROM)? {
        None => Millis::MIN,
        // Not before it has started.
        Some(text) => text.parse().unwrap_or(Millis::MAX),
    })
}

/// A desk that was upgraded tells of targets from now on, and not of all that were missed
/// before.
///
/// # Errors
/// When the database can not be read or written.
pub(crate) fn begin_to_tell(c: &mut Conn<'_>, now: Millis) -> Result<(), Error> {
    if store::setting::get(c, TOLD_FROM)?.as_deref() == Some("upgrade") {
        store::setting::set(c, TOLD_FROM, &now.to_string(), now)?;
    }
    Ok(())
}

/// Brings the row about a ticket's targets in line with what became of its clocks.
/// `before`: the ticket and its clocks until now; `None`: whatever the row says.
pub(crate) fn keep_target(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    before: Option<(&Ticket, &Clocks)>,
    (ticket, clocks): (&Ticket, &Clocks),
) -> Result<(), Error> {
    let at = |(ticket, clocks)| target_at(ticket, clocks, catalogue.terms(), catalogue.told_from);
    let due = at((ticket, clocks));
    if before.is_some_and(|before| at(before) == due) {
        return Ok(());
    }
    put(c, ticket, TimerKind::Target, due)
}

/// The timers of a ticket by the rules in force and the working days of its unit.
pub(crate) fn of(catalogue: &Catalogue, ticket: &Ticket) -> Vec<Timer> {
    timers(ticket, &catalogue.times, || {
        catalogue.unit(ticket.unit).map_or_else(
            || Calendar::new("UTC", None, []),
            |unit| unit.doc.working_days(),
        )
    })
}

/// Brings the rows about a ticket's timers in line with what became of it.
pub(crate) fn keep(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    old: Option<&Ticket>,
    new: &Ticket,
) -> Result<(), Error> {
    let due = |timers: &[Timer], kind| timers.iter().find(|t| t.kind == kind).map(|t| t.at);
    let before = old.map_or_else(Vec::new, |old| of(catalogue, old));
    let after = of(catalogue, new);
    for kind in TimerKind::OF_STATE {
        let (before, after) = (due(&before, kind), due(&after, kind));
        if before != after {
            put(c, new, kind, after)?;
        }
    }
    Ok(())
}

/// Makes the rows about a ticket's timers anew.
pub(crate) fn keep_anew(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    ticket: &Ticket,
) -> Result<(), Error> {
    let timers = of(catalogue, ticket);
    for kind in TimerKind::OF_STATE {
        let due = timers.iter().find(|t| t.kind == kind).map(|t| t.at);
        put(c, ticket, kind, due)?;
    }
    crate::rule::act::keep(c, catalogue, ticket)?;
    match store::ticket_clock::of_ticket(c, ticket.number)? {
        Some(clocks) => keep_target(c, catalogue, None, (ticket, &clocks)),
        // Its turn comes with the job that replays it.
        None => Ok(()),
    }
}

fn put(
    c: &mut Conn<'_>,
    ticket: &Ticket,
    kind: TimerKind,
    due: Option<Millis>,
) -> Result<(), Error> {
    let ticket = ticket.number;
    match due {
        Some(due_at) => store::timer::set(
            c,
            &store::timer::Timer {
                ticket,
                kind,
                due_at,
            },
        )?,
        None => store::timer::stop(c, ticket, kind)?,
    }
    Ok(())
}

/// Does what a timer that is due asks for, if the ticket still asks for it.
///
/// # Errors
/// What the rules refuse, which they never should; or the database.
pub(crate) fn fire(
    c: &mut Conn<'_>,
    desk: &Desk,
    catalogue: &Catalogue,
    row: &store::timer::Timer,
    now: Millis,
) -> Result<Vec<Live>, Error> {
    if row.kind == TimerKind::Rule {
        return crate::rule::act::time_has_come(c, desk, catalogue, row.ticket, now);
    }
    let Some(ticket) = store::ticket::load(c, row.ticket)? else {
        store::timer::stop(c, row.ticket, row.kind)?;
        return Ok(Vec::new());
    };
    let timer = match row.kind {
        TimerKind::Target => target(c, catalogue, &ticket, now)?,
        kind => of(catalogue, &ticket).into_iter().find(|t| t.kind == kind),
    };
    match timer {
        Some(timer) if timer.at <= now => crate::act::command_within(
            c,
            catalogue,
            row.ticket,
            &timer.command,
            &Actor::system(Channel::Job),
            desk.uuid(),
            now,
        ),
        // Another node was faster, or the calendar has changed: it is another day's.
        timer => {
            put(c, &ticket, row.kind, timer.map(|t| t.at))?;
            Ok(Vec::new())
        }
    }
}

/// The timer about a ticket's targets, and what is told when it is due by `now`.
fn target(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    ticket: &Ticket,
    now: Millis,
) -> Result<Option<Timer>, Error> {
    let (terms, since) = (catalogue.terms(), catalogue.told_from);
    let Some(clocks) = store::ticket_clock::of_ticket(c, ticket.number)? else {
        return Ok(None);
    };
    Ok(target_at(ticket, &clocks, terms, since).map(|at| Timer {
        kind: TimerKind::Target,
        at,
        command: Command::TellTargets(targets_due(ticket, &clocks, terms, since, now)),
    }))
}

/// Puts a timer off whose deed failed, so that it holds up no others.
pub(crate) fn put_off(
    c: &mut Conn<'_>,
    row: &store::timer::Timer,
    now: Millis,
) -> Result<(), Error> {
    let due_at = now + AGAIN;
    Ok(store::timer::set(
        c,
        &store::timer::Timer { due_at, ..*row },
    )?)
}

/// Has the timers of all tickets made anew, as other rules or days hold for them.
pub(crate) fn anew(c: &mut Conn<'_>, now: Millis) -> Result<(), Error> {
    store::job::enqueue(
        c,
        &NewJob {
            kind: TIMERS_ANEW,
            payload: String::new(),
            run_at: now,
            // One that runs already has passed the first tickets by.
            unique_key: None,
        },
    )?;
    Ok(())
}

impl Desk {
    /// After how many working days time does what.
    ///
    /// # Errors
    /// Unless an administrator asks, or when the database can not be read.
    pub async fn time_rules(&self, actor: &Actor) -> Result<TimeRules, Error> {
        check_admin(actor)?;
        self.0.db.read(rules).await
    }

    /// Puts other rules in force, also for what waits already: what was done stays
    /// done, and what comes next comes by the new ones.
    ///
    /// # Errors
    /// When the rules make no sense, or the actor is no administrator.
    pub async fn set_time_rules(
        &self,
        actor: &Actor,
        wanted: TimeRules,
    ) -> Result<TimeRules, Error> {
        check_admin(actor)?;
        wanted.check()?;
        let (by, now, after) = (actor.clone(), self.now(), wanted.clone());
        self.0
            .db
            .write(move |c| {
                let before = rules(c)?;
                if before == after {
                    return Ok(());
                }
                let text = serde_json::to_string(&after)
                    .map_err(|e| Error::Internal(format!("rules of time: {e}")))?;
                store::setting::set(c, RULES, &text, now)?;
                anew(c, now)?;
                let detail = serde_json::json!({"before": before, "after": after});
                let subject = Subject::Setting(RULES.into());
                audit::record(c, &by, now, "setting.changed", &subject, &detail)
            })
            .await?;
        self.forget_catalogue();
        self.wake();
        Ok(wanted)
    }
}

fn check_admin(actor: &Actor) -> Result<(), Error> {
    if actor.admin || actor.is_system() {
        return Ok(());
    }
    Err(Error::Forbidden(
        "only administrators say after how many days tickets are closed and people reminded".into(),
    ))
}
