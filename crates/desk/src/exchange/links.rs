//! Ties between tickets that both are in the same system, there and here.
//!
//! What both sides had last is kept ([`store::exchange_tied`]). A tie of one side that is
//! not among that was made there since, and goes to the other; one that a side lacks was
//! undone there, and is undone on the other. So each is made once and undone once, whatever
//! is repeated, and nothing comes back as an echo. What has no counterpart here is text.

use std::collections::BTreeSet;

use connect::tracker::{self, Relation as There, RemoteLink, Tracker};
use store::Conn;
use store::exchange::{Link, Went};
use store::exchange_tied::{self, Tied};
use switchboard_core::exchange::{Field, Stage};
use switchboard_core::onboarding::TIES;
use switchboard_core::{Command, Millis, Relation, RelationKind, Ticket, TicketNumber};

use super::taken::{Taking, spokesman};
use super::{Terms, note};
use crate::act::command_within;
use crate::{Desk, Error, Live};

/// Links that are shown as text.
const MOST_SHOWN: usize = 50;

/// Which ties a ticket has here: what a change of them goes by.
pub(super) fn ties() -> Field {
    Field::Other("links".into())
}

/// A ticket's links as they were read.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// They.
    pub(super) links: Vec<RemoteLink>,
    /// When they were asked for, by our clock.
    pub(super) asked: Millis,
}

/// What is to be done there, for one tie.
#[derive(Debug, Clone)]
pub(super) struct Todo {
    tied: Tied,
    /// The links that say so there; of a tie that is made, the one to make.
    links: Vec<RemoteLink>,
    /// It is made, and else undone.
    make: bool,
}

/// A tie as the ticket has it of which it says something; `None`: it is none that can
/// travel.
fn tied(ticket: TicketNumber, relation: Relation) -> Option<Tied> {
    let Relation {
        kind,
        ticket: other,
    } = relation;
    let turned = |kind: RelationKind| (other, kind.inverse(), ticket);
    let (ticket, kind, other) = match kind {
        RelationKind::ChildOf | RelationKind::SlaveOf | RelationKind::DuplicateOf => {
            (ticket, kind, other)
        }
        RelationKind::ParentOf | RelationKind::MasterOf | RelationKind::DuplicatedBy => {
            turned(kind)
        }
        RelationKind::SeeAlso if other < ticket => turned(kind),
        RelationKind::SeeAlso => (ticket, kind, other),
        RelationKind::MergedInto
        | RelationKind::MergedFrom
        | RelationKind::SplitFrom
        | RelationKind::SplitInto => return None,
    };
    Some(Tied {
        ticket,
        kind: kind.key().to_owned(),
        other,
    })
}

fn kind_of(word: &str) -> Option<RelationKind> {
    RelationKind::ALL.into_iter().find(|k| k.key() == word)
}

impl Terms {
    /// The system, as ties are kept under it: its address, and what counts its tickets by
    /// itself, where that is a part of it.
    fn system(&self) -> String {
        let address = self.endpoint().trim_end_matches('/');
        match self.apart() {
            Some(queue) => format!("{address} {}", queue.to_lowercase()),
            None => address.to_owned(),
        }
    }

    /// The ties of a ticket that stand there too.
    fn tied(&self, c: &mut Conn<'_>, ticket: TicketNumber) -> Result<Vec<(Tied, Millis)>, Error> {
        Ok(exchange_tied::of_ticket(c, &self.system(), ticket)?)
    }

    /// The number there of a ticket that travels.
    fn number_there(
        &self,
        c: &mut Conn<'_>,
        ticket: TicketNumber,
    ) -> Result<Option<String>, Error> {
        let (endpoint, queue) = (self.endpoint(), self.apart());
        Ok(exchange_tied::number_there(c, endpoint, queue, ticket)?)
    }

    /// The ticket here that has this number there.
    fn ticket_there(&self, c: &mut Conn<'_>, number: &str) -> Result<Option<TicketNumber>, Error> {
        let (endpoint, queue) = (self.endpoint(), self.apart());
        Ok(exchange_tied::ticket_there(c, endpoint, queue, number)?)
    }

    /// The link there for a tie; `None`: it does not travel.
    fn link_of(&self, kind: &str) -> Option<There> {
        self.agreement
            .doc
            .links
            .get(kind)
            .and_then(|l| There::parse(l))
    }

    /// The links of a ticket there that say a tie; `mine` and `other`: the numbers there
    /// of that ticket and of the one at the other end.
    fn links_of(&self, tied: &Tied, mine: TicketNumber, other: &str) -> Vec<RemoteLink> {
        let Some(link) = self.link_of(&tied.kind) else {
            return Vec::new();
        };
        let link = if tied.ticket == mine {
            link
        } else {
            link.inverse()
        };
        let mut both = vec![link];
        if tied.kind == RelationKind::SeeAlso.key() {
            // It says the same from either side.
            both.push(link.inverse());
        }
        both.into_iter()
            .map(|relation| RemoteLink {
                relation,
                target: other.to_owned(),
            })
            .collect()
    }

    /// The tie that a link there is here; of several the one that says least.
    fn tie_of(&self, mine: TicketNumber, link: There, other: TicketNumber) -> Option<Tied> {
        TIES.iter().find_map(|word| {
            let (kind, known) = (kind_of(word)?, self.link_of(word)?);
            let relation = if known == link {
                Relation {
                    kind,
                    ticket: other,
                }
            } else if known.inverse() == link {
                Relation {
                    kind: kind.inverse(),
                    ticket: other,
                }
            } else {
                return None;
            };
            tied(mine, relation)
        })
    }

    /// The ties of a ticket here that may travel.
    fn ties_here(&self, ticket: &Ticket) -> BTreeSet<Tied> {
        let all = ticket.relations.iter();
        let all = all.filter_map(|relation| tied(ticket.number, *relation));
        all.filter(|tied| self.link_of(&tied.kind).is_some())
            .collect()
    }

    /// The ties of a ticket here as one text: whoever sees another has something to do.
    pub(super) fn ties_in_words(&self, ticket: &Ticket) -> String {
        let all = self.ties_here(ticket).into_iter();
        let all = all.map(|t| format!("{} {} {}", t.ticket, t.kind, t.other));
        all.collect::<Vec<_>>().join("\n")
    }

    /// What has to be done there to a ticket's links.
    pub(super) fn todo(&self, c: &mut Conn<'_>, ticket: &Ticket) -> Result<Vec<Todo>, Error> {
        let here = self.ties_here(ticket);
        let mut before = BTreeSet::new();
        for (tied, _) in self.tied(c, ticket.number)? {
            before.insert(tied);
        }
        let mut todo = Vec::new();
        let made = here.difference(&before).map(|tied| (tied, true));
        let undone = before.difference(&here).map(|tied| (tied, false));
        for (tied, make) in made.chain(undone) {
            let other = if tied.ticket == ticket.number {
                tied.other
            } else {
                tied.ticket
            };
            // What has no number there yet makes the tie when it has one.
            let Some(there) = self.number_there(c, other)? else {
                continue;
            };
            let mut links = self.links_of(tied, ticket.number, &there);
            links.truncate(if make { 1 } else { links.len() });
            if !links.is_empty() {
                let tied = tied.clone();
                todo.push(Todo { tied, links, make });
            }
        }
        Ok(todo)
    }
}

impl Desk {
    /// Makes and undoes links of a ticket there. Each is noted as soon as it is done: what
    /// breaks off is done from there on, and once more does no harm.
    pub(super) async fn link_there(
        &self,
        terms: &Terms,
        tracker: &dyn Tracker,
        ticket: &str,
        todo: &[Todo],
    ) -> Result<(), tracker::Error> {
        for one in todo {
            if one.make {
                for link in &one.links {
                    tracker.set_link(ticket, link, true).await?;
                }
            } else {
                let there = tracker.read(ticket).await?;
                let stands = tracker.links(&there).await?;
                for link in one.links.iter().filter(|link| stands.contains(link)) {
                    tracker.set_link(ticket, link, false).await?;
                }
            }
            let (system, one, now) = (terms.system(), one.clone(), self.now());
            let noted = self.0.db.write(move |c| {
                match one.make {
                    true => exchange_tied::put(c, &system, &one.tied, now)?,
                    false => exchange_tied::take(c, &system, &one.tied)?,
                }
                Ok::<_, Error>(())
            });
            noted.await.map_err(|e| tracker::Error::Failed {
                system: "The database",
                status: 0,
                words: e.to_string(),
            })?;
        }
        Ok(())
    }
}

impl Taking<'_> {
    /// Carries a ticket's links there into its ties here.
    ///
    /// # Errors
    /// When the database can not be written. What the rules refuse is noted, and stands as
    /// text.
    pub(super) fn links(
        &self,
        c: &mut Conn<'_>,
        link: &mut Link,
        seen: &Seen,
    ) -> Result<Vec<Live>, Error> {
        let (terms, mine, mut live) = (self.terms, self.ticket, Vec::new());
        let own = format!("{}/tickets/", self.desk.config().public_url);
        let (known, system) = (terms.tied(c, mine)?, terms.system());
        let ticket = store::ticket::load(c, mine)?;
        let here = ticket.map_or_else(BTreeSet::new, |ticket| terms.ties_here(&ticket));
        let (mut shown, mut standing) = (Vec::new(), BTreeSet::new());
        for one in &seen.links {
            // By this one it was found when it was made.
            if one.target.starts_with(&own) {
                continue;
            }
            let other = terms.ticket_there(c, &one.target)?;
            let other = other.filter(|other| *other != mine && link.stage == Stage::Active);
            let says = |t: &Tied| terms.links_of(t, mine, &one.target).contains(one);
            let tied = other.and_then(|other| {
                let between = |t: &Tied| t.ticket == other || t.other == other;
                let mut all = known.iter().map(|(tied, _)| tied).chain(&here);
                let stood = all.find(|tied| between(tied) && says(tied)).cloned();
                stood.or_else(|| terms.tie_of(mine, one.relation, other))
            });
            if let Some(tied) = tied.as_ref().filter(|t| known.iter().any(|(k, _)| k == *t)) {
                standing.insert(tied.clone());
                continue;
            }
            let tied = match tied {
                Some(tied) => self.ties(c, link, &tied, true, &mut live)?.then_some(tied),
                None => None,
            };
            match tied {
                Some(tied) => {
                    exchange_tied::put(c, &system, &tied, self.desk.now())?;
                    standing.insert(tied);
                }
                None => {
                    let here = other.map_or_else(String::new, |n| format!(" (#{n} here)"));
                    shown.push(format!("{} {}{here}", one.relation.key(), one.target));
                }
            }
        }
        for (tied, since) in known {
            let other = if tied.ticket == mine {
                tied.other
            } else {
                tied.ticket
            };
            // Of one that was taken back nothing is heard, and what came to be while they
            // were being read is not missing among them.
            let travels = link.stage == Stage::Active && terms.number_there(c, other)?.is_some();
            if travels && !standing.contains(&tied) && since <= seen.asked {
                self.ties(c, link, &tied, false, &mut live)?;
                exchange_tied::take(c, &system, &tied)?;
            }
        }
        let more = shown.len().saturating_sub(MOST_SHOWN);
        shown.truncate(MOST_SHOWN);
        if more > 0 {
            shown.push(format!("and {more} more"));
        }
        link.links_there = (!shown.is_empty()).then(|| shown.join("\n"));
        Ok(live)
    }

    /// Makes or undoes a tie here; whether it is so then.
    fn ties(
        &self,
        c: &mut Conn<'_>,
        link: &mut Link,
        tied: &Tied,
        make: bool,
        live: &mut Vec<Live>,
    ) -> Result<bool, Error> {
        let Some(ticket) = store::ticket::load(c, tied.ticket)? else {
            return Ok(false);
        };
        let Some(kind) = kind_of(&tied.kind) else {
            return Ok(false);
        };
        let other = tied.other;
        let relation = Relation {
            kind,
            ticket: other,
        };
        if ticket.relations.contains(&relation) == make {
            return Ok(true);
        }
        let command = match make {
            true => Command::Relate { kind, other },
            false => Command::Unrelate { kind, other },
        };
        let (label, now) = (&self.terms.manner.label, self.desk.now());
        let actor = spokesman(label);
        let (number, cause) = (tied.ticket, self.desk.uuid());
        let done =
            c.attempt(|c| command_within(c, self.catalogue, number, &command, &actor, cause, now));
        let said = format!("#{number} {} #{other}", kind.key().replace('_', " "));
        match done {
            Ok(more) => {
                live.extend(more);
                link.came_at = Some(now);
                let said = if make {
                    said
                } else {
                    format!("No more: {said}")
                };
                note(c, self.desk, link.id, Went::In, said, None)?;
                Ok(true)
            }
            Err(why @ (Error::Invalid { .. } | Error::Forbidden(_) | Error::Conflict(_))) => {
                let said = format!("{said} was not taken over: {why}");
                note(c, self.desk, link.id, Went::Here, said, None)?;
                Ok(false)
            }
            Err(other) => Err(other),
        }
    }
}
