//! `/tickets`: everything the reader has asked for.

use askama::Template;
use axum::response::Response;
use desk::{Error, TicketQuery};
use store::list::{Condition, Filter, Sort};
use switchboard_core::Status;

use super::assets::Asset;
use super::fault::Fault;
use super::frame::{Frame, Here, Notice, NoticeTone, Room};
use super::home::{MineRow, Tab, mine_row, shared_row};
use super::view::{Chip, Icon, Pages, Tone};
use super::visit::{Visit, encode};

/// The reader's own tickets.
#[derive(Debug, Clone, Template)]
#[template(path = "my_tickets.html")]
pub struct MyTicketsPage {
    /// Around it.
    pub frame: Frame,
    /// "9 tickets, 3 of them open".
    pub words: String,
    /// What was searched for.
    pub query: String,
    /// Open or all.
    pub tabs: Vec<Tab>,
    /// They are those that are open to the reader's communities.
    pub community: bool,
    /// The tickets of this page.
    pub mine: Vec<MineRow>,
    /// The way to the others.
    pub pages: Pages,
}

/// Tickets on a page.
const PAGE: i64 = 25;

/// `GET /tickets`.
pub async fn show(visit: Visit) -> Response {
    let result = list(&visit).await;
    visit.close(result).await
}

async fn list(visit: &Visit) -> Result<Response, Fault> {
    let actor = visit.actor()?;
    let Some(person) = actor.person else {
        return Err(Fault::SignInFirst);
    };
    let (query, all) = (visit.query("q").trim(), visit.query("all") == "1");
    // What is open to their communities, on a tab of its own.
    let community = visit.query("community") == "1" && !actor.communities.is_empty();
    let after = visit.query("after");
    let on_it = || Filter::default().and(Condition::OnIt(person));
    let over = Condition::Status(vec![Status::Verified, Status::Closed, Status::Unsolved]);
    // Who searches wants to find; who looks wants what is current.
    let filter = if community {
        Filter::default().and(Condition::Shared(actor.shares()))
    } else if all || !query.is_empty() {
        on_it()
    } else {
        on_it().with(true, over.clone())
    };
    let counts = visit
        .desk
        .count_tickets(
            actor,
            vec![
                (String::new(), on_it()),
                (String::new(), on_it().with(true, over)),
            ],
            10_000,
        )
        .await?;
    let mut frame = visit.frame(Room::Public, Here::MyTickets).await?;
    let catalogue = visit.desk.catalogue().await?;
    let found = visit
        .desk
        .tickets(
            actor,
            TicketQuery {
                q: query.to_owned(),
                filter,
                // By number, as the index of shared tickets has them.
                sort: if community {
                    Sort::Newest
                } else {
                    Sort::Updated
                },
                cursor: Some(after.to_owned()).filter(|a| !a.is_empty()),
                limit: PAGE,
            },
        )
        .await;
    let (mine, next) = match found {
        Ok(page) => (
            page.items
                .iter()
                .map(|i| {
                    if community {
                        shared_row(i, &catalogue, &visit.dial)
                    } else {
                        mine_row(i, &catalogue, &visit.dial)
                    }
                })
                .collect(),
            page.next,
        ),
        Err(Error::Invalid { problem, .. }) => {
            frame.notice = Some(Notice {
                tone: NoticeTone::Warn,
                title: "This search can not be read".to_owned(),
                text: super::visit::sentence(&problem),
            });
            (Vec::new(), None)
        }
        Err(other) => return Err(other.into()),
    };
    let address = |cursor: Option<&str>| {
        let mut to = if community {
            "/tickets?community=1".to_owned()
        } else {
            format!("/tickets?all={}", u8::from(all))
        };
        if !query.is_empty() {
            to.push_str(&format!("&q={}", encode(query)));
        }
        if let Some(cursor) = cursor {
            to.push_str(&format!("&after={}", encode(cursor)));
        }
        to
    };
    let count = |i: usize| counts.get(i).copied().unwrap_or(0);
    let mut tabs = vec![
        Tab {
            href: "/tickets".to_owned(),
            label: "Not finished".to_owned(),
            current: !all && !community,
        },
        Tab {
            href: "/tickets?all=1".to_owned(),
            label: "All".to_owned(),
            current: all && !community,
        },
    ];
    if !actor.communities.is_empty() {
        tabs.push(Tab {
            href: "/tickets?community=1".to_owned(),
            label: "In my community".to_owned(),
            current: community,
        });
    }
    visit.page(&MyTicketsPage {
        community,
        words: format!(
            "{} tickets that you asked for or follow, {} of them not finished.",
            count(0),
            count(1)
        ),
        query: query.to_owned(),
        tabs,
        mine,
        pages: Pages {
            words: String::new(),
            newer: (!after.is_empty()).then(|| address(None)),
            older: next.map(|n| address(Some(&n))),
        },
        frame,
    })
}
