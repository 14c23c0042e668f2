//! The change feed, as one actor may see it.

use switchboard_core::{Access, Actor};

use crate::view::{EventView, event_visible};
use crate::{Desk, Error};

/// A stretch of the feed.
#[derive(Debug, Clone, PartialEq)]
pub struct Stretch {
    /// The events the actor may see, in order.
    pub events: Vec<EventView>,
    /// Where to go on: the last event looked at, seen or not.
    pub next: i64,
    /// There may be more right now.
    pub more: bool,
}

impl Desk {
    /// Events after `after`, in the order in which they became visible. Each
    /// event is checked against what the actor may see of its ticket now.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn feed(&self, actor: &Actor, after: i64, limit: i64) -> Result<Stretch, Error> {
        let actor = actor.clone();
        self.0
            .db
            .read(move |c| {
                let mut tickets = std::collections::HashMap::new();
                let all = store::event::feed(c, after, limit)?;
                let more = all.len() as i64 == limit;
                let next = all.last().map_or(after, |e| e.id);
                let mut events: Vec<EventView> = Vec::new();
                for event in all {
                    let access = match tickets.get(&event.ticket) {
                        Some(access) => *access,
                        None => {
                            let access = store::ticket::load(c, event.ticket)?
                                .map_or_else(Access::default, |t| Access::of(&actor, &t));
                            tickets.insert(event.ticket, access);
                            access
                        }
                    };
                    if access.may_see() && event_visible(&event.change, &access) {
                        events.push(crate::view::outward(event.into(), &access));
                    }
                }
                let inner = |event: &&mut EventView| tickets[&event.ticket].may_see_internal();
                crate::macros::name(c, events.iter_mut().filter(inner))?;
                Ok(Stretch { events, next, more })
            })
            .await
    }

    /// The feed's last event.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn feed_end(&self) -> Result<i64, Error> {
        self.0
            .db
            .read(|c| store::event::last(c).map_err(Error::from))
            .await
    }
}
