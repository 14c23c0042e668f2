//! Fills the agents' panes: the rail and the list; the ticket beside them is
//! `pane`'s.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use desk::list::View;
use desk::view::category_ref;
use desk::{Catalogue, Error, TicketQuery};
use store::list::{Condition, Filter, Item, Sort};
use switchboard_core::{Actor, TicketNumber};

use super::clock;
use super::fault::Fault;
use super::frame::{Here, Notice, NoticeTone, Room};
use super::pane::{Again, pane};
use super::time::Dial;
use super::view::{Chip, Choice, ListRow, Pages, PersonMark, PrioMark, StatusGlyph, Tone};
use super::visit::{Visit, encode, number, sentence};
use super::workspace::{ListPane, ViewLink, WorkspacePage};

/// Counting on the rail goes no further.
const MANY: i64 = 1_000;
/// Rows of the list.
const PAGE: i64 = 50;

/// Which list stands beside a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListAddress {
    view: Option<View>,
    query: String,
    sort: String,
    after: String,
}

impl ListAddress {
    /// From the address of the page.
    pub fn of(visit: &Visit) -> ListAddress {
        let query = visit.query("q").trim().to_owned();
        ListAddress {
            view: View::parse(visit.query("view")).or(query.is_empty().then_some(View::NeedsReply)),
            query,
            sort: visit.query("sort").to_owned(),
            after: visit.query("after").to_owned(),
        }
    }

    /// Its part of an address.
    fn text(&self, after: Option<&str>) -> String {
        let mut parts = Vec::new();
        if let Some(view) = self.view {
            parts.push(format!("view={}", view.key()));
        }
        for (name, value) in [
            ("q", self.query.as_str()),
            ("sort", self.sort.as_str()),
            ("after", after.unwrap_or_default()),
        ] {
            if !value.is_empty() {
                parts.push(format!("{name}={}", encode(value)));
            }
        }
        parts.join("&")
    }

    fn sort(&self, fallback: Sort) -> Sort {
        match self.sort.as_str() {
            "urgent" => Sort::Urgent,
            "new" => Sort::Newest,
            "updated" => Sort::Updated,
            "due" => Sort::Due,
            _ => fallback,
        }
    }
}

/// `GET /work`: only the list.
pub async fn list(visit: Visit) -> Response {
    let result = page(&visit, None, Again::default()).await;
    visit.close(result).await
}

/// `GET /work/{number}`.
pub async fn show(visit: Visit, Path(text): Path<String>) -> Response {
    let result = match number(&text) {
        Ok(number) => page(&visit, Some(number), Again::default()).await,
        Err(fault) => Err(fault),
    };
    visit.close(result).await
}

/// The panes, with or without a ticket.
///
/// # Errors
/// When the reader may not see them, or the database can not be read.
pub async fn page(
    visit: &Visit,
    number: Option<TicketNumber>,
    again: Again,
) -> Result<Response, Fault> {
    let actor = visit.staff()?;
    let catalogue = visit.desk.catalogue().await?;
    let mut frame = visit.frame(Room::Desk, Here::Workspace).await?;
    let address = ListAddress::of(visit);
    frame.query.clone_from(&address.query);
    frame.live = Some(match number {
        Some(number) => format!("/live?ticket={number}"),
        None => "/live".to_owned(),
    });
    let status = again.status.unwrap_or(StatusCode::OK);
    if again.notice.is_some() {
        frame.notice.clone_from(&again.notice);
    }
    let conversation = match number {
        Some(number) => {
            let conversation = visit.desk.conversation(actor, number).await?;
            if !conversation.ticket.access.staff_side() {
                // Their own ticket at another unit: they see it as anybody.
                return visit.go(&format!("/tickets/{number}"), None);
            }
            Some(conversation)
        }
        None => None,
    };
    let ticket = async {
        let Some(conversation) = &conversation else {
            return Ok(None);
        };
        let here = address.text(Some(&address.after));
        let pane = pane(visit, actor, &catalogue, conversation, here, again).await?;
        Ok::<_, Fault>(Some(Box::new(pane)))
    };
    // None of them needs another's answer.
    let (ticket, (list, problem), (views, units, saved)) = tokio::try_join!(
        ticket,
        listing(visit, actor, &catalogue, &address, number),
        rail(visit, actor, &catalogue, &address),
    )?;
    if let Some(problem) = problem {
        frame.notice = Some(problem);
    }
    let page = WorkspacePage {
        frame,
        views,
        units,
        saved,
        list,
        now: visit.dial.now,
        unit_names: unit_names(&catalogue),
        ticket,
    };
    visit.page_as(status, &page)
}

/// Names of the units that take tickets.
pub fn unit_names(catalogue: &Catalogue) -> Vec<String> {
    catalogue
        .units
        .iter()
        .filter(|u| u.active)
        .map(|u| u.name.clone())
        .collect()
}

fn icon(view: View) -> &'static str {
    match view {
        View::Mine => "tray",
        View::NeedsReply => "reply",
        View::Nobodys => "people",
        View::Waiting => "chat",
        View::Open => "globe",
        View::Community => "people",
        View::ClosedLately => "check",
    }
}

async fn rail(
    visit: &Visit,
    actor: &Actor,
    catalogue: &Catalogue,
    address: &ListAddress,
) -> Result<(Vec<ViewLink>, Vec<ViewLink>, Vec<ViewLink>), Fault> {
    let now = visit.dial.now;
    let units: Vec<_> = actor
        .units
        .iter()
        .filter_map(|m| catalogue.unit(m.unit))
        .collect();
    let shown = View::of(actor);
    let mut queries: Vec<(String, Filter)> = shown
        .iter()
        .map(|view| (String::new(), view.filter(actor, now).0))
        .collect();
    queries.extend(units.iter().map(|unit| {
        let open = Filter::default()
            .and(Condition::Unit(vec![unit.id]))
            .and(Condition::Open(true));
        (String::new(), open)
    }));
    let saved = match actor.person {
        Some(person) => visit.desk.saved_views(person).await?,
        None => Vec::new(),
    };
    let saved = saved
        .into_iter()
        .map(|view| ViewLink {
            key: view.id.to_string(),
            href: format!("/work?q={}", encode(&view.query)),
            icon: None,
            label: view.name,
            // Searches may look for words, which takes longer than counting.
            count: None,
            current: address.query == view.query,
        })
        .collect();
    let counts = visit.desk.count_tickets(actor, queries, MANY).await?;
    let views = shown
        .iter()
        .copied()
        .zip(&counts)
        .map(|(view, count)| ViewLink {
            key: view.key().to_owned(),
            href: format!("/work?view={}", view.key()),
            icon: Some(icon(view)),
            label: view.label().to_owned(),
            count: Some(count_words(*count)),
            current: address.view == Some(view),
        })
        .collect();
    let units = units
        .iter()
        .zip(counts.iter().skip(shown.len()))
        .map(|(unit, count)| {
            let query = format!("status:open unit:{}", unit.key);
            ViewLink {
                key: String::new(),
                href: format!("/work?q={}", encode(&query)),
                icon: None,
                label: unit.name.clone(),
                count: Some(count_words(*count)),
                current: address.query == query,
            }
        })
        .collect();
    Ok((views, units, saved))
}

/// A count as the rail has room for it.
fn count_words(count: i64) -> String {
    if count >= MANY {
        format!("{}+", MANY - 1)
    } else {
        count.to_string()
    }
}

async fn listing(
    visit: &Visit,
    actor: &Actor,
    catalogue: &Catalogue,
    address: &ListAddress,
    current: Option<TicketNumber>,
) -> Result<(ListPane, Option<Notice>), Fault> {
    let (filter, fallback) = match address.view {
        Some(view) => view.filter(actor, visit.dial.now),
        None => (Filter::default(), Sort::Newest),
    };
    let sort = address.sort(fallback);
    let found = visit
        .desk
        .tickets(
            actor,
            TicketQuery {
                q: address.query.clone(),
                filter,
                sort,
                cursor: Some(address.after.clone()).filter(|a| !a.is_empty()),
                limit: PAGE,
            },
        )
        .await;
    let mut problem = None;
    let page = match found {
        Ok(page) => page,
        Err(Error::Invalid { problem: text, .. }) => {
            problem = Some(Notice {
                tone: NoticeTone::Warn,
                title: "This search can not be read".to_owned(),
                text: sentence(&text),
            });
            desk::Page {
                items: Vec::new(),
                next: None,
            }
        }
        Err(other) => return Err(other.into()),
    };
    let here = address.text(Some(&address.after));
    let rows: Vec<ListRow> = page
        .items
        .iter()
        .map(|item| row(item, catalogue, &visit.dial, &here, current))
        .collect();
    let title = match (address.view, address.query.is_empty()) {
        (Some(view), true) => view.label().to_owned(),
        _ => "Found".to_owned(),
    };
    let order = match sort {
        Sort::Urgent => "most urgent first",
        Sort::Newest => "newest first",
        Sort::Updated => "last changed first",
        Sort::Due => "due first",
    };
    let pages = Pages {
        words: String::new(),
        newer: (!address.after.is_empty()).then(|| format!("/work?{}", address.text(None))),
        older: page
            .next
            .as_deref()
            .map(|next| format!("/work?{}", address.text(Some(next)))),
    };
    let words = if pages.older.is_some() || pages.newer.is_some() {
        order.to_owned()
    } else {
        format!("{}, {order}", rows.len())
    };
    Ok((
        ListPane {
            title,
            words,
            view: address.view.map_or("", View::key).to_owned(),
            query: address.query.clone(),
            filters: Choice::list(
                [
                    ("urgent", "Most urgent first"),
                    ("new", "Newest first"),
                    ("updated", "Last changed first"),
                    ("due", "Due first"),
                ],
                match sort {
                    Sort::Urgent => "urgent",
                    Sort::Newest => "new",
                    Sort::Updated => "updated",
                    Sort::Due => "due",
                },
            ),
            empty: if address.query.is_empty() {
                "Nothing here. Well done.".to_owned()
            } else {
                "No ticket that you can see has all of this.".to_owned()
            },
            bulk: !rows.is_empty(),
            macros: macros(visit, actor).await?,
            rows,
            pages,
        },
        problem,
    ))
}

/// The macros that may be used on what is ticked.
async fn macros(visit: &Visit, actor: &Actor) -> Result<Vec<Choice>, Fault> {
    let names = visit.desk.macro_names(actor, None).await?;
    Ok(names
        .into_iter()
        .map(|one| Choice::new(format!("macro:{}", one.id), one.title))
        .collect())
}

/// "M. Kowalska" of "Marta Kowalska".
fn short_name(name: &str) -> String {
    match name.split_once(' ') {
        Some((first, rest)) if !first.is_empty() && !rest.is_empty() => {
            let initial: String = first.chars().take(1).collect();
            format!("{initial}. {rest}")
        }
        _ => name.to_owned(),
    }
}

/// A ticket in a list.
pub fn row(
    item: &Item,
    catalogue: &Catalogue,
    dial: &Dial,
    list: &str,
    current: Option<TicketNumber>,
) -> ListRow {
    let mut chips = Vec::new();
    if let Some(tlp) = item.tlp {
        chips.push(Chip::new(Tone::Tlp, tlp.label()));
    }
    if item.needs_reply {
        chips.push(Chip::with_icon(Tone::Turn, "reply", "Needs reply"));
    }
    if item.category != "incident" {
        chips.push(Chip::new(
            Tone::Plain,
            category_ref(catalogue, &item.category).name,
        ));
    }
    ListRow {
        number: item.number.0,
        href: if list.is_empty() {
            format!("/work/{}", item.number)
        } else {
            format!("/work/{}?{list}", item.number)
        },
        subject: item.subject.clone(),
        status: StatusGlyph(item.status),
        prio: PrioMark::of(item.priority),
        clock: item.due.as_ref().map(|due| clock::mark(due, dial)),
        requester: short_name(&item.requester_name),
        unit: catalogue.unit_name(item.unit).to_owned(),
        owner: item.owner_name.as_deref().map(PersonMark::alone),
        time: dial.ago(item.updated_at),
        unread: item.needs_reply,
        current: current == Some(item.number),
        chips,
        pick: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_in_lists() {
        assert_eq!(short_name("Marta Kowalska"), "M. Kowalska");
        assert_eq!(short_name("Øyvind van der Berg"), "Ø. van der Berg");
        assert_eq!(short_name("Monitoring"), "Monitoring");
    }

    #[test]
    fn counts_end_where_counting_ends() {
        assert_eq!(count_words(58), "58");
        assert_eq!(count_words(MANY), "999+");
    }
}
