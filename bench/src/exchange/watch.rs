//! Sees what is committed at both desks, and when.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use store::Db;
use switchboard_core::exchange::{DeskId, SharedId};
use switchboard_core::{Change, Status, TicketNumber};

use super::load::Kind;
use super::site::Pair;

/// From one look to the next: the lag is at most so much too long.
const LOOK: Duration = Duration::from_millis(2);
/// What came before its writer heard so came at most so long before.
const EARLY: Duration = Duration::from_secs(1);
/// Events that are read in one look.
const MOST: i64 = 2_000;

/// What was written at one desk and is to come to the other.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Token {
    /// An entry with this text.
    Text(String),
    /// The ticket that has this number where it was opened has this status now. One that is
    /// replaced before it went does not come: of fields what they are goes, not what they were.
    Status(i64, Status),
}

impl Token {
    fn must_come(&self) -> bool {
        matches!(self, Token::Text(_))
    }
}

#[derive(Default)]
struct Seen {
    /// What was acknowledged and did not come yet, and when it was.
    expected: HashMap<Token, VecDeque<(Kind, Instant)>>,
    /// What came before its writer had heard that it is written.
    early: HashMap<Token, Instant>,
    /// Kinds, with milliseconds from one to the other; 0 for what came early.
    lags: Vec<(Kind, f64)>,
    /// What has to come and did not.
    waiting: usize,
    trouble: Option<String>,
}

/// Looks at both databases all the time.
pub(crate) struct Watch {
    seen: Arc<Mutex<Seen>>,
    ends: Arc<AtomicBool>,
    looking: Vec<JoinHandle<()>>,
}

fn locked(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    // As good after a panic as before.
    seen.lock().unwrap_or_else(|e| e.into_inner())
}

impl Watch {
    /// Begins to look, from what is there on.
    ///
    /// # Errors
    /// When a database can not be read.
    pub(crate) fn start(pair: &Pair) -> anyhow::Result<Watch> {
        let seen = Arc::<Mutex<Seen>>::default();
        let ends = Arc::<AtomicBool>::default();
        let mut looking = Vec::new();
        let opener = pair.sites[0].name()?;
        for (n, site) in pair.sites.iter().enumerate() {
            let (db, seen, ends) = (site.db.clone(), seen.clone(), ends.clone());
            let mut eye = Eye {
                after: db.read_blocking(store::event::last)?,
                opener: opener.clone(),
                opens: n == 0,
                known: HashMap::new(),
            };
            looking.push(std::thread::spawn(move || {
                while !ends.load(Ordering::Relaxed) {
                    match eye.look(&db) {
                        Ok(came) if came.is_empty() => {}
                        Ok(came) => came_now(&seen, came),
                        Err(e) => {
                            locked(&seen).trouble = Some(format!("{e:#}"));
                            return;
                        }
                    }
                    std::thread::sleep(LOOK);
                }
            }));
        }
        Ok(Watch {
            seen,
            ends,
            looking,
        })
    }

    /// Something was acknowledged to who wrote it.
    pub(crate) fn wrote(&self, kind: Kind, token: Token) {
        let now = Instant::now();
        let mut seen = locked(&self.seen);
        let early = seen.early.remove(&token);
        if early.is_some_and(|at| now.duration_since(at) < EARLY) {
            seen.lags.push((kind, 0.0));
            return;
        }
        seen.waiting += usize::from(token.must_come());
        let expected = seen.expected.entry(token).or_default();
        expected.push_back((kind, now));
    }

    /// Waits until everything that was written has come.
    ///
    /// # Errors
    /// Names something that did not come in time.
    pub(crate) fn until_all_came(&self, patience: Duration) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            {
                let seen = locked(&self.seen);
                if let Some(trouble) = &seen.trouble {
                    bail!("a database can not be read: {trouble}");
                }
                if seen.waiting == 0 {
                    return Ok(());
                }
                if begun.elapsed() > patience {
                    let mut missing = seen.expected.keys().filter(|t| t.must_come());
                    bail!(
                        "{} changes did not come, as {:?}",
                        seen.waiting,
                        missing.next()
                    );
                }
            }
            std::thread::sleep(LOOK);
        }
    }

    /// The lags since the last time. A status that did not come is not waited for any more.
    pub(crate) fn forget(&self) -> Vec<(Kind, f64)> {
        let mut seen = locked(&self.seen);
        seen.expected.retain(|token, _| token.must_come());
        seen.early.clear();
        std::mem::take(&mut seen.lags)
    }

    /// Ends looking.
    ///
    /// # Errors
    /// When somebody who looked has panicked.
    pub(crate) fn end(self) -> anyhow::Result<()> {
        self.ends.store(true, Ordering::Relaxed);
        for one in self.looking {
            if one.join().is_err() {
                bail!("who looked at a database has panicked");
            }
        }
        Ok(())
    }
}

fn came_now(seen: &Mutex<Seen>, came: Vec<Token>) {
    let now = Instant::now();
    let mut seen = locked(seen);
    for token in came {
        // A status may be set twice before it goes: the last of them is what came.
        let expected = seen
            .expected
            .remove(&token)
            .and_then(|mut all| all.pop_back());
        match expected {
            Some((kind, at)) => {
                seen.waiting -= usize::from(token.must_come());
                let lag = now.duration_since(at).as_secs_f64() * 1_000.0;
                seen.lags.push((kind, lag));
            }
            // Before the answer had reached its writer.
            None => {
                seen.early.insert(token, now);
            }
        }
    }
}

/// Who looks at one desk's events.
struct Eye {
    after: i64,
    opener: DeskId,
    /// This is the desk where tickets are opened.
    opens: bool,
    /// The numbers of tickets here where they were opened.
    known: HashMap<i64, i64>,
}

impl Eye {
    /// What came from the other desk since.
    fn look(&mut self, db: &Db) -> anyhow::Result<Vec<Token>> {
        let after = self.after;
        let (opener, opens) = (self.opener.clone(), self.opens);
        let known: HashSet<i64> = self.known.keys().copied().collect();
        let (end, found, named) = db.read_blocking(move |c| {
            let events = store::event::feed(c, after, MOST)?;
            let end = events.last().map_or(after, |e| e.id);
            let (mut found, mut named) = (Vec::new(), Vec::new());
            for event in events.into_iter().filter(|e| e.channel == "bridge") {
                match event.change {
                    Change::EntryAdded { entry } => {
                        let entry = store::entry::load(c, entry.id)?;
                        found.extend(entry.map(|e| (event.ticket, Token::Text(e.body))));
                    }
                    Change::StatusSet { new, .. } => {
                        found.push((event.ticket, Token::Status(event.ticket.0, new)));
                    }
                    _ => {}
                }
                if !opens && !known.contains(&event.ticket.0) {
                    let joint = store::shared::of_ticket(c, event.ticket)?;
                    named.extend(joint.map(|j| (event.ticket, j.id)));
                }
            }
            Ok::<_, store::Error>((end, found, named))
        })?;
        self.after = end;
        for (TicketNumber(here), SharedId { desk, number }) in named {
            if desk == opener {
                self.known.insert(here, number.0);
            }
        }
        let mut tokens = Vec::new();
        for (ticket, token) in found {
            tokens.push(match token {
                Token::Status(_, status) if !opens => {
                    let number = self.known.get(&ticket.0);
                    Token::Status(*number.context("a ticket that nobody opened")?, status)
                }
                other => other,
            });
        }
        Ok(tokens)
    }
}
