//! Which tickets a rule would touch, and what it would do with them now.

use store::list::{Condition, Cursor, Scope, Sort};
use switchboard_core::query::Filter;
use switchboard_core::rule::On;
use switchboard_core::{Actor, Millis, Priority, Status, TicketNumber};

use super::act::{Tried, occasion, tried};
use super::{Draft, admin, known, written};
use crate::{Desk, Error};

/// So many of the newest tickets with the fields of the query are looked at.
const LOOKED_AT: usize = 2_000;
/// Tickets of one page.
const PAGE: i64 = 200;
/// Tickets that are shown, with what would become of each.
const SHOWN: usize = 25;

/// Which tickets a rule would touch as things are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// How many meet it; of a rule on time, those for which its time came or comes.
    pub meets: i64,
    /// Of a rule on time: for how many its time has come.
    pub due: i64,
    /// There are more tickets than were looked at.
    pub more: bool,
    /// The first of them: those whose time came or comes first, else the newest.
    pub tickets: Vec<Touched>,
}

/// A ticket that would be touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// Its number.
    pub number: TicketNumber,
    /// Its subject.
    pub subject: String,
    /// Its status.
    pub status: Status,
    /// Its priority.
    pub priority: Priority,
    /// Its unit's name.
    pub unit: String,
    /// When the time of a rule on time comes for it.
    pub at: Option<Millis>,
    /// What would be done, in words; none: all is so already.
    pub does: Vec<String>,
    /// Why it would be refused.
    pub refused: Option<String>,
}

impl Desk {
    /// Which tickets a rule would touch, without saving it: those that meet its query as
    /// they are now, and what would be done with them. Where the query says nothing of the
    /// status, it is those that are open.
    ///
    /// # Errors
    /// Names the field that is wrong; when the actor is no administrator.
    pub async fn preview_rule(&self, actor: &Actor, draft: Draft) -> Result<Preview, Error> {
        admin(actor)?;
        let (catalogue, now, desk) = (self.catalogue().await?, self.now(), self.clone());
        self.0
            .db
            .read(move |c| {
                let written = written(c, &catalogue, &draft)?;
                let before = match draft.number {
                    Some(number) => store::rule::load(c, number)?,
                    None => None,
                };
                let rule = store::rule::Rule {
                    number: before.as_ref().map_or(0, |b| b.number),
                    place: 0,
                    active: true,
                    why: None,
                    after_event: 0,
                    // All that had its time is to be seen.
                    began_at: Millis::MIN,
                    maker: None,
                    made_at: now,
                    version: 0,
                    written,
                };
                let query = rule.written.query()?;
                let names = known(c, &catalogue, &query)?;
                let mut filter = crate::list::fields_of(c, &catalogue, &rule.written.only, now)?;
                let timed = rule.written.when.on.is_timed();
                let says = |f: &Filter| matches!(f, Filter::Status(_));
                let says_status = query.terms.iter().any(|t| says(&t.filter));
                if !says_status && rule.written.when.on != On::InStatus {
                    filter = filter.and(Condition::Open(true));
                }
                let mut met = Vec::new();
                let (mut cursor, mut looked, mut more) = (None, 0, false);
                loop {
                    let scope = Scope::Everything;
                    let page = store::list::page(c, &scope, &filter, Sort::Newest, cursor, PAGE)?;
                    let Some(last) = page.last() else { break };
                    cursor = Some(Cursor {
                        key: 0,
                        number: last.number.0,
                    });
                    looked += page.len();
                    for item in &page {
                        let Some(ticket) = store::ticket::load(c, item.number)? else {
                            continue;
                        };
                        if !query.meets(&ticket, &names, now) {
                            continue;
                        }
                        let at = match timed {
                            true => match occasion(c, &catalogue, &rule, &ticket)? {
                                Some(occasion) => Some(occasion.at),
                                None => continue,
                            },
                            false => None,
                        };
                        met.push((at, ticket));
                    }
                    if (page.len() as i64) < PAGE {
                        break;
                    }
                    if looked >= LOOKED_AT {
                        more = true;
                        break;
                    }
                }
                if timed {
                    met.sort_by_key(|(at, ticket)| (*at, ticket.number));
                }
                let due = met.iter().filter(|(at, _)| at.is_some_and(|at| at <= now));
                let (meets, due) = (met.len() as i64, due.count() as i64);
                let mut tickets = Vec::new();
                for (at, ticket) in met.iter().take(SHOWN) {
                    let (does, refused) = match tried(c, &desk, &catalogue, &rule, ticket, now)? {
                        Tried::Nothing => (Vec::new(), None),
                        Tried::Refused(why) => (Vec::new(), Some(why)),
                        Tried::Goes(goes) => (goes.did, None),
                    };
                    let unit = catalogue.unit(ticket.unit);
                    tickets.push(Touched {
                        number: ticket.number,
                        subject: ticket.subject.clone(),
                        status: ticket.status,
                        priority: ticket.priority(),
                        unit: unit.map_or_else(String::new, |u| u.name.clone()),
                        at: *at,
                        does,
                        refused,
                    });
                }
                Ok(Preview {
                    meets,
                    due,
                    more,
                    tickets,
                })
            })
            .await
    }
}
