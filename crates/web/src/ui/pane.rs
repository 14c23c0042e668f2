//! Fills the ticket's own part of the agents' panes: the conversation, the
//! form to write with, and the context beside it.

use axum::http::StatusCode;
use desk::view::{Conversation, TicketView, category_ref};
use desk::{Catalogue, TicketQuery};
use store::list::{Condition, Filter, Item, Sort};
use switchboard_core::campaign::may_ask;
use switchboard_core::decide::Offer;
use switchboard_core::ticket::RelationKind;
use switchboard_core::{Actor, PartyRole, Priority, Status, TicketType};

use super::admin::outbox;
use super::admin::reads::ReadRow;
use super::alarm;
use super::clock;
use super::exchange;
use super::facts;
use super::fault::Fault;
use super::frame::{Errors, Notice};
use super::macro_run;
use super::place;
use super::redirected;
use super::thread::Lens;
use super::ticket::Follower;
use super::view::{Chip, Choice, PersonMark, PrioMark, StatusMark, Tone};
use super::visit::{Visit, sentence};
use super::words::{
    Namer, degrades_words, people_words, relation_words, role_words, security_words,
};
use super::workspace::{
    CannedChoice, Composer, HandleForm, MacroLink, PriorityPane, Recipient, RelatedRow,
    RequesterPane, StaffCan, StatusAction, TicketLink, TicketPane, UndeliveredRow, WaitingRow,
};

/// What was sent and could not be done, to be shown again.
#[derive(Debug, Default)]
pub struct Again {
    /// The status of the answer, when it is not 200.
    pub status: Option<StatusCode>,
    /// What is said above the ticket.
    pub notice: Option<Notice>,
    /// The message and what was wrong with it.
    pub composer: Option<(Composer, Errors)>,
    /// What was typed into the form for handling, and what was wrong.
    pub handle: Option<(Typed, Errors)>,
    /// What was wrong with the priority.
    pub priority: Option<Errors>,
    /// What was wrong with the tie.
    pub relate: Option<Errors>,
    /// The facts that were typed, and what was wrong.
    pub facts: Option<(Typed, Errors)>,
    /// Visibility, site and community as typed, and what was wrong.
    pub place: Option<(Typed, Errors)>,
}

/// What was typed into a form, by field.
#[derive(Debug, Clone, Default)]
pub struct Typed(pub Vec<(String, String)>);

impl Typed {
    /// What was typed into a field; else what is stored.
    pub fn or(&self, name: &str, stored: &str) -> String {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map_or(stored, |(_, value)| value.as_str())
            .to_owned()
    }
}

/// The ticket, as the reader may see and change it. `here` is the list's part
/// of the address.
///
/// # Errors
/// When the database can not be read.
pub async fn pane(
    visit: &Visit,
    actor: &Actor,
    catalogue: &Catalogue,
    conversation: &Conversation,
    here: String,
    again: Again,
) -> Result<TicketPane, Fault> {
    let ticket = &conversation.ticket;
    let number = ticket.number;
    let offers = &conversation.offers;
    let has = |offer: Offer| offers.contains(&offer);
    let lens = Lens {
        dial: &visit.dial,
        namer: Namer {
            catalogue,
            people: &conversation.names,
            dial: &visit.dial,
        },
        staff: true,
        me: actor.person,
        entries_at: format!("/tickets/{number}/entries/"),
        files_at: "/attachments/".to_owned(),
    };
    let relation_kinds = relation_choices(offers);
    let can = StaffCan {
        reply: has(Offer::Reply),
        priority: has(Offer::Overrule) || has(Offer::ConfirmPriority),
        relate: !relation_kinds.is_empty(),
        people: has(Offer::AddCc) || has(Offer::Involve),
        split: has(Offer::Split),
    };
    let (composer, errors) = again.composer.unwrap_or_default();
    let handle =
        if has(Offer::Assign) || has(Offer::Classify) || has(Offer::Take) || has(Offer::Reopen) {
            Some(handle(visit, actor, catalogue, conversation, again.handle).await?)
        } else {
            None
        };
    let relate_open = again.relate.is_some();
    let campaign = visit.desk.campaign_of(number).await?.map(|n| n.0);
    Ok(TicketPane {
        number: number.0,
        version: ticket.version,
        seen: conversation.entries.len() as i64,
        subject: ticket.subject.clone(),
        status: StatusMark::of(ticket.status),
        prio: PrioMark::of(ticket.priority),
        chips: chips(ticket),
        route: lens.route(conversation, None),
        thread: lens.thread(conversation),
        can,
        macros: macros(visit, actor, conversation, &here).await?,
        list_href: format!("/work?{here}"),
        list_query: here,
        read_only: read_only(ticket, has(Offer::Reply) || has(Offer::Note)),
        follow: if has(Offer::Unfollow) {
            Some(true)
        } else {
            has(Offer::Follow).then_some(false)
        },
        to: recipients(ticket),
        note_to: format!(
            "Only the support side: {} and those drawn in. Never mailed outside.",
            ticket.unit.name
        ),
        composer: Composer {
            canned: canned(visit, actor, conversation).await?,
            ..composed(composer, ticket, &conversation.status_choices)
        },
        errors,
        handle,
        priority: priority(
            visit,
            ticket,
            offers.contains(&Offer::ConfirmPriority),
            again.priority,
        ),
        facts: has(Offer::SetFacts).then(|| facts::form(visit, catalogue, ticket, again.facts)),
        place: {
            let may = (has(Offer::SetVisibility), has(Offer::Classify));
            (may.0 || may.1).then(|| place::form(ticket, catalogue, may, again.place))
        },
        reads: reads(visit, actor, ticket).await?,
        alarm: alarm::of_ticket(visit, actor, (ticket.number, ticket.kind)).await?,
        redirect: redirected::pane(visit, actor, catalogue, ticket, has(Offer::Assign)).await?,
        campaign,
        may_ask_sites: campaign.is_none()
            && ticket.status.is_open()
            && may_ask(actor, ticket.state.unit).is_ok(),
        partners: exchange::partners(visit, actor, ticket).await?,
        undelivered: undelivered(visit, actor, ticket).await?,
        waiting: waiting(visit, actor, ticket).await?,
        clocks: ticket.clocks.as_ref().map_or_else(Vec::new, |clocks| {
            clocks
                .running
                .iter()
                .map(|one| clock::named(one, &visit.dial))
                .collect()
        }),
        turn: ticket
            .clocks
            .as_ref()
            .and_then(|clocks| clock::turn(clocks, &ticket.unit.name, &visit.dial)),
        requester: requester(visit, actor, conversation).await?,
        related: related(ticket, can.relate),
        relation_kinds,
        relate_open,
        relate_errors: again.relate.unwrap_or_default(),
        following: following(ticket, can.people),
    })
}

/// The texts to put in; none for those who do not work anywhere.
async fn canned(
    visit: &Visit,
    actor: &Actor,
    conversation: &Conversation,
) -> Result<Vec<CannedChoice>, Fault> {
    let writes =
        conversation.offers.contains(&Offer::Reply) || conversation.offers.contains(&Offer::Note);
    if !writes || !actor.is_staff() {
        return Ok(Vec::new());
    }
    let unit = conversation.ticket.state.unit;
    let names = visit.desk.canned_names(actor, unit).await?;
    Ok(names
        .into_iter()
        .map(|one| CannedChoice {
            id: one.id.to_string(),
            title: one.title,
            shortcut: one.shortcut,
        })
        .collect())
}

/// The macros to use on it; none for those who do not work anywhere.
async fn macros(
    visit: &Visit,
    actor: &Actor,
    conversation: &Conversation,
    here: &str,
) -> Result<Vec<MacroLink>, Fault> {
    let offers = &conversation.offers;
    if !actor.is_staff() || !(offers.contains(&Offer::Reply) || offers.contains(&Offer::Note)) {
        return Ok(Vec::new());
    }
    let ticket = &conversation.ticket;
    let names = visit.desk.macro_names(actor, Some(ticket.state.unit));
    Ok(names
        .await?
        .into_iter()
        .map(|one| MacroLink {
            href: macro_run::address(ticket.number, &one.id.to_string(), here),
            title: one.title,
        })
        .collect())
}

/// Lines that the ticket's page shows of who read it.
const READS: i64 = 20;

/// Who opened a restricted ticket, for those who work on it.
async fn reads(
    visit: &Visit,
    actor: &Actor,
    ticket: &TicketView,
) -> Result<Option<Vec<ReadRow>>, Fault> {
    if ticket.tlp.is_none() || !ticket.access.may_work() {
        return Ok(None);
    }
    let filter = store::ticket_read::Filter {
        ticket: Some(ticket.number),
        ..store::ticket_read::Filter::default()
    };
    let seen = visit.desk.reads(actor, filter, READS).await?;
    Ok(Some(
        seen.into_iter()
            .map(|s| ReadRow::of(s, &visit.dial))
            .collect(),
    ))
}

/// The answers that have not gone out yet.
async fn waiting(
    visit: &Visit,
    actor: &Actor,
    ticket: &TicketView,
) -> Result<Vec<WaitingRow>, Fault> {
    let all = visit.desk.waiting_answers(actor, ticket.number).await?;
    Ok(all
        .into_iter()
        .map(|one| {
            let seconds = (one.send_at - visit.dial.now).max(0).div_euclid(1000) + 1;
            WaitingRow {
                id: one.id.to_string(),
                author: PersonMark::of(&one.name),
                state: match (&one.refused, one.status) {
                    (Some(why), _) => Chip::new(Tone::Bad, format!("Not sent: {why}")),
                    (None, Some(status)) => Chip::with_icon(
                        Tone::Warn,
                        "clock",
                        format!(
                            "Goes out in {seconds} s, and sets {}",
                            status.label().to_lowercase()
                        ),
                    ),
                    (None, None) => {
                        Chip::with_icon(Tone::Warn, "clock", format!("Goes out in {seconds} s"))
                    }
                },
                refused: one.refused.is_some(),
                send_at: one.send_at,
                mine: actor.person == Some(one.author),
                body: super::text::prose(&one.body),
                files: one.files,
            }
        })
        .collect())
}

/// What of the ticket's mail did not arrive, for those who work on it.
async fn undelivered(
    visit: &Visit,
    actor: &Actor,
    ticket: &TicketView,
) -> Result<Vec<UndeliveredRow>, Fault> {
    if !ticket.access.may_work() {
        return Ok(Vec::new());
    }
    let mails = visit.desk.mails_of(actor, ticket.number, true).await?;
    Ok(mails
        .into_iter()
        .map(|mail| UndeliveredRow {
            at: visit.dial.moment(mail.created_at),
            state: outbox::chip(&mail),
            about: outbox::about(&mail, &visit.dial),
            address: mail.address,
        })
        .collect())
}

fn chips(ticket: &TicketView) -> Vec<Chip> {
    let mut chips = Vec::new();
    if let Some(tlp) = ticket.tlp {
        chips.push(Chip::new(Tone::Tlp, tlp.label()));
    }
    if ticket.category.key != "incident" {
        chips.push(Chip::new(Tone::Plain, ticket.category.name.clone()));
    }
    let slaves = ticket
        .relations
        .iter()
        .filter(|r| r.kind == RelationKind::MasterOf)
        .count();
    if slaves > 0 {
        chips.push(Chip {
            before: "Master of",
            ..Chip::with_icon(Tone::Plain, "merge", slaves.to_string())
        });
    }
    if ticket.escalation > 0 {
        chips.push(Chip::with_icon(
            Tone::Warn,
            "flag",
            format!("Escalated, step {}", ticket.escalation),
        ));
    }
    chips
}

fn read_only(ticket: &TicketView, may_write: bool) -> Option<String> {
    if may_write {
        return None;
    }
    let merged = ticket
        .relations
        .iter()
        .find(|r| r.kind == RelationKind::MergedInto);
    Some(match merged {
        Some(into) => format!("This ticket lives on in {}; write there.", into.number),
        None if ticket.status.is_final() => {
            "This ticket is finished; nothing more can be written.".to_owned()
        }
        None => "You can read this ticket, but not write in it.".to_owned(),
    })
}

/// Who gets a reply: the requester and those on Cc; followers are told, too.
fn recipients(ticket: &TicketView) -> Vec<Recipient> {
    let mut to = vec![Recipient {
        name: ticket.requester.name.clone(),
        role: String::new(),
    }];
    to.extend(ticket.parties.iter().map(|p| Recipient {
        name: p.person.name.clone(),
        role: role_words(p.role).to_owned(),
    }));
    to
}

/// The form to write with: what was typed, and what may be done by it now.
fn composed(composer: Composer, ticket: &TicketView, choices: &[Status]) -> Composer {
    let keep = format!("Send, keep {}", ticket.status.label().to_lowercase());
    let statuses = status_actions(choices);
    // What was chosen before is done by the button again, while it may be done.
    let wanted = Status::parse(&composer.send_value)
        .filter(|status| statuses.iter().any(|one| one.status.status == *status));
    let (send_value, send_words, keep_words) = match wanted {
        Some(status) => (
            status.key().to_owned(),
            format!("Send, and set {}", status.label().to_lowercase()),
            Some(keep),
        ),
        None => ("keep".to_owned(), keep, None),
    };
    Composer {
        send_words,
        send_value,
        keep_words,
        statuses,
        ..composer
    }
}

fn status_actions(choices: &[Status]) -> Vec<StatusAction> {
    choices
        .iter()
        .filter_map(|status| {
            let hint = match status {
                Status::InProgress => "and go on",
                Status::Waiting => "asks the requester",
                Status::OnHold => "this is the reason",
                Status::Solved => "this is the solution",
                Status::Unsolved => "this is the reason",
                Status::Reopened => "to do better",
                _ => return None,
            };
            Some(StatusAction {
                status: StatusMark::of(*status),
                hint,
            })
        })
        .collect()
}

async fn handle(
    visit: &Visit,
    actor: &Actor,
    catalogue: &Catalogue,
    conversation: &Conversation,
    again: Option<(Typed, Errors)>,
) -> Result<HandleForm, Fault> {
    let ticket = &conversation.ticket;
    let offers = &conversation.offers;
    let (typed, errors) = again.unwrap_or_default();
    let text = |name: &str, stored: String| typed.or(name, &stored);
    let status = text("status", ticket.status.key().to_owned());
    let mut statuses = vec![(ticket.status.key(), ticket.status.label())];
    statuses.extend(
        conversation
            .status_choices
            .iter()
            .filter(|s| !matches!(s, Status::Verified | Status::Closed))
            .map(|s| (s.key(), s.label())),
    );
    let owner = text(
        "owner",
        ticket
            .owner
            .as_ref()
            .and_then(|o| o.email.clone())
            .unwrap_or_default(),
    );
    let members = visit.desk.members(ticket.unit.id).await?;
    let mut owners: Vec<(String, String)> = members
        .into_iter()
        .filter(|m| {
            offers.contains(&Offer::GiveOwner)
                || Some(m.person) == actor.person
                || ticket.owner.as_ref().is_some_and(|o| o.id == m.person)
        })
        .filter_map(|m| Some((m.email?, m.name)))
        .collect();
    if ticket.owner.is_none() || offers.contains(&Offer::DropOwner) {
        owners.push((String::new(), "Nobody".to_owned()));
    }
    let service = text(
        "service",
        ticket
            .service
            .as_ref()
            .map(|s| s.key.clone())
            .unwrap_or_default(),
    );
    let issue_type = text(
        "issue_type",
        ticket
            .issue_type
            .as_ref()
            .map(|t| t.key.clone())
            .unwrap_or_default(),
    );
    Ok(HandleForm {
        may_take: offers.contains(&Offer::Take),
        statuses: Choice::list(statuses, &status),
        owners: Choice::list(owners.iter().map(|(v, l)| (v.as_str(), l.as_str())), &owner),
        unit: text("unit", ticket.unit.name.clone()),
        services: service_choices(catalogue, &service),
        issue_types: issue_choices(catalogue, Some(&ticket.category.key), &issue_type),
        tags: text("tags", ticket.tags.join(", ")),
        reminder: text(
            "reminder",
            ticket
                .reminder
                .map(|at| {
                    super::time::local_value(at, &visit.dial.zone)
                        .chars()
                        .take(10)
                        .collect()
                })
                .unwrap_or_default(),
        ),
        reason: text("reason", String::new()),
        errors,
    })
}

/// Services by key, with none on top.
pub fn service_choices(catalogue: &Catalogue, chosen: &str) -> Vec<Choice> {
    Choice::list(
        std::iter::once(("", "None")).chain(
            catalogue
                .services
                .iter()
                .filter(|s| s.active || s.key == chosen)
                .map(|s| (s.key.as_str(), s.name.as_str())),
        ),
        chosen,
    )
}

/// Types of issue by key, of one category or (named before each) of all.
pub fn issue_choices(catalogue: &Catalogue, category: Option<&str>, chosen: &str) -> Vec<Choice> {
    let mut choices = vec![Choice {
        value: String::new(),
        label: "None".to_owned(),
        chosen: chosen.is_empty(),
    }];
    choices.extend(
        catalogue
            .issue_types
            .iter()
            .filter(|t| category.is_none_or(|c| t.category == c))
            .map(|t| Choice {
                value: t.key.clone(),
                label: match category {
                    Some(_) => t.name.clone(),
                    None => format!("{}: {}", category_ref(catalogue, &t.category).name, t.name),
                },
                chosen: t.key == chosen,
            }),
    );
    choices
}

fn priority(
    visit: &Visit,
    ticket: &TicketView,
    can_confirm: bool,
    again: Option<Errors>,
) -> PriorityPane {
    let by = match (&ticket.priority_by, ticket.priority_overruled) {
        (Some(person), true) => format!("Set by {} against the rules.", person.name),
        (None, true) => "Set by hand against the rules.".to_owned(),
        (_, false) if ticket.priority_confirmed => "Given by the rules, and confirmed.".to_owned(),
        (_, false) => "Given by the rules; nobody has confirmed it yet.".to_owned(),
    };
    let mut facts = vec![
        ("Category".to_owned(), ticket.category.name.clone()),
        ("Affected".to_owned(), people_words(ticket.affected_users)),
        (
            "Service".to_owned(),
            degrades_words(ticket.degrades_service).to_owned(),
        ),
        (
            "Security".to_owned(),
            security_words(ticket.security_risk).to_owned(),
        ),
    ];
    if let Some(since) = ticket.since {
        facts.push(("Since".to_owned(), visit.dial.moment_words(since)));
    }
    let labels = Priority::ALL.map(|p| (p.key(), p.label()));
    PriorityPane {
        because: sentence(&ticket.priority_reason),
        by,
        facts,
        can_confirm: can_confirm && !ticket.priority_confirmed,
        overruled: ticket.priority_overruled,
        choices: Choice::list(labels, ticket.priority.key()),
        open: again.is_some(),
        errors: again.unwrap_or_default(),
    }
}

async fn requester(
    visit: &Visit,
    actor: &Actor,
    conversation: &Conversation,
) -> Result<RequesterPane, Fault> {
    let ticket = &conversation.ticket;
    let others = visit
        .desk
        .tickets(
            actor,
            TicketQuery {
                filter: Filter::default()
                    .and(Condition::Requester(ticket.requester.id))
                    .and(Condition::Open(true)),
                sort: Sort::Newest,
                limit: 6,
                ..TicketQuery::default()
            },
        )
        .await?;
    let mut facts = Vec::new();
    if let Some(mail) = &ticket.requester.email {
        facts.push(("Address".to_owned(), mail.clone()));
    }
    if let Some(one) = conversation.ratings.last() {
        let said = match one.comment.as_str() {
            "" => one.rating.label().to_owned(),
            comment => format!("{}: “{comment}”", one.rating.label()),
        };
        facts.push(("About the help".to_owned(), said));
    }
    if let Some(community) = &ticket.community {
        let label = match ticket.kind {
            TicketType::Team => "Ticket of the team",
            TicketType::User | TicketType::Alarm | TicketType::Ops => "Community",
        };
        facts.push((label.to_owned(), community.clone()));
    }
    if let Some(site) = &ticket.site {
        facts.push(("Site".to_owned(), site.clone()));
    }
    for (key, value) in &ticket.custom {
        let value = match value {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
            other => other.to_string(),
        };
        facts.push((key.clone(), value));
    }
    Ok(RequesterPane {
        name: ticket.requester.name.clone(),
        facts,
        others: others
            .items
            .iter()
            .filter(|i| i.number != ticket.number)
            .take(5)
            .map(link)
            .collect(),
    })
}

/// A ticket in one line.
pub fn link(item: &Item) -> TicketLink {
    TicketLink {
        href: format!("/work/{}", item.number),
        number: item.number.0,
        subject: item.subject.clone(),
        status: StatusMark::of(item.status),
    }
}

/// The ties that can be made, as "this ticket … the other".
fn relation_choices(offers: &std::collections::BTreeSet<Offer>) -> Vec<Choice> {
    let all = [
        (Offer::SeeAlso, "see_also", "has to do with"),
        (Offer::BecomeSlave, "slave_of", "is slave of"),
        (Offer::BecomeMaster, "master_of", "is master of"),
        (Offer::AddChild, "parent_of", "is parent of"),
        (Offer::AddChild, "child_of", "is child of"),
        (Offer::SeeAlso, "duplicate_of", "duplicates"),
        (Offer::Merge, "merge", "is merged into"),
    ];
    all.into_iter()
        .filter(|(offer, ..)| offers.contains(offer))
        .enumerate()
        .map(|(i, (_, value, label))| Choice {
            value: value.to_owned(),
            label: label.to_owned(),
            chosen: i == 0,
        })
        .collect()
}

fn related(ticket: &TicketView, can: bool) -> Vec<RelatedRow> {
    ticket
        .relations
        .iter()
        .map(|r| {
            let undoable = matches!(
                r.kind,
                RelationKind::SlaveOf
                    | RelationKind::MasterOf
                    | RelationKind::ChildOf
                    | RelationKind::ParentOf
                    | RelationKind::DuplicateOf
                    | RelationKind::SeeAlso
                    | RelationKind::MergedInto
                    | RelationKind::SplitInto
            );
            RelatedRow {
                kind: relation_words(r.kind),
                ticket: TicketLink {
                    href: format!("/work/{}", r.number),
                    number: r.number.0,
                    subject: r
                        .subject
                        .clone()
                        .unwrap_or_else(|| "(not yours to see)".to_owned()),
                    status: StatusMark::of(r.status.unwrap_or(Status::New)),
                },
                removable: (can && undoable && r.subject.is_some()).then(|| r.kind.key()),
            }
        })
        .collect()
}

fn following(ticket: &TicketView, can: bool) -> Vec<Follower> {
    ticket
        .parties
        .iter()
        .map(|p| Follower {
            mark: PersonMark::of(&p.person.name),
            role: role_words(p.role).to_owned(),
            removable: (can && matches!(p.role, PartyRole::Cc | PartyRole::Involved))
                .then(|| format!("{}:{}", role_key(p.role), p.person.id)),
        })
        .collect()
}

/// The word of a part in forms.
pub fn role_key(role: PartyRole) -> &'static str {
    match role {
        PartyRole::Cc => "cc",
        PartyRole::Subscriber => "subscriber",
        PartyRole::Involved => "involved",
        PartyRole::Site => "site",
    }
}
