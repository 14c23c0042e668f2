//! `/tickets/{number}`: a ticket as its requester sees it, in plain words.

use askama::Template;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use desk::picture::By;
use desk::view::{Conversation, TicketView};
use desk::{EntryDraft, Error, Step};
use switchboard_core::decide::Offer;
use switchboard_core::{
    Actor, Channel, Command, EntryId, EntryVisibility, PartyRole, Status, TicketNumber, TicketType,
    Visibility,
};
use uuid::Uuid;

use super::alarm;
use super::assets::Asset;
use super::fault::Fault;
use super::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use super::mail_frame::{MailFrame, POLICY, Sanitised};
use super::posted::Posted;
use super::solution_link::RateForm;
use super::text::excerpt;
use super::thread::{Lens, since_words};
use super::view::{Icon, PersonMark, PrioMark, Route, StatusMark, ThreadItem, TimeMark};
use super::visit::{Visit, number, sentence};
use super::words::{Namer, hold_words, people_words, role_words, visibility_words};

/// What the reader may do with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RequesterCan {
    /// Write an answer.
    pub answer: bool,
    /// Say that it is solved.
    pub verify: bool,
    /// Say that it is not.
    pub reopen: bool,
    /// Add people, and remove those they added.
    pub people: bool,
    /// Ask for attention.
    pub escalate: bool,
    /// Say early that it works again.
    pub solved_already: bool,
}

/// One step of asking for attention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LadderStep {
    /// "Remind the unit".
    pub label: String,
    /// Who is told.
    pub who: String,
    /// It is the one that may be taken now.
    pub next: bool,
}

/// Somebody who follows the ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follower {
    /// Who.
    pub mark: PersonMark,
    /// As what: "Cc".
    pub role: String,
    /// The person's id, when the reader may remove them.
    pub removable: Option<String>,
}

/// A ticket as its requester sees it.
#[derive(Debug, Clone, Template)]
#[template(path = "ticket.html")]
pub struct TicketPage {
    /// Around it.
    pub frame: Frame,
    /// Where its forms go: `/tickets/48213`, or `/t/{signed}` by a link.
    pub base: String,
    /// Its number.
    pub number: i64,
    /// One line.
    pub subject: String,
    /// The service, and its page.
    pub service: Option<(String, String)>,
    /// The name of the community whose team may edit it.
    pub team: Option<String>,
    /// "you", or a name.
    pub opened_by: String,
    /// When.
    pub opened: TimeMark,
    /// The workspace's page of it, for staff.
    pub staff_href: Option<String>,
    /// Who holds it, as a sentence.
    pub headline: String,
    /// What they do, and what the reader should.
    pub explain: String,
    /// "Next answer due tomorrow, 12:00."
    pub promise: Option<String>,
    /// The line.
    pub route: Route,
    /// The public diary.
    pub thread: Vec<ThreadItem>,
    /// What the reader may do.
    pub can: RequesterCan,
    /// Why nothing can be written any more.
    pub closed_words: Option<String>,
    /// Who reads an answer.
    pub goes_to: String,
    /// An answer that was not sent.
    pub draft: String,
    /// What was wrong with what was sent.
    pub errors: Errors,
    /// The form to add somebody is unfolded.
    pub people_open: bool,
    /// The form to ask for attention is unfolded.
    pub escalate_open: bool,
    /// The steps of asking for attention; empty: not now.
    pub ladder: Vec<LadderStep>,
    /// Where it stands.
    pub status: StatusMark,
    /// What it weighs.
    pub prio: PrioMark,
    /// Why.
    pub prio_words: String,
    /// More about it.
    pub facts: Vec<(String, String)>,
    /// Who else follows it.
    pub following: Vec<Follower>,
    /// How content they are can be said.
    pub rate: Option<RateForm>,
    /// How content they said they were.
    pub rated: Option<&'static str>,
}

/// By which door somebody looks at the ticket: signed in, or by a mailed link.
#[derive(Debug, Clone)]
struct Door {
    actor: Actor,
    number: TicketNumber,
    /// Where its forms go.
    base: String,
    /// What stands before a file's id.
    files_at: String,
    by: By,
}

/// What was sent and could not be done, to be shown again.
#[derive(Debug, Default)]
struct Again {
    draft: String,
    errors: Errors,
    people_open: bool,
    escalate_open: bool,
    rate: Option<RateForm>,
}

async fn signed_in(visit: &Visit, text: &str) -> Result<Door, Fault> {
    let number = number(text)?;
    Ok(Door {
        actor: visit.actor()?.clone(),
        number,
        base: format!("/tickets/{number}"),
        files_at: "/attachments/".to_owned(),
        by: By::Session,
    })
}

async fn by_link(visit: &Visit, word: &str) -> Result<Door, Fault> {
    let guest = visit.desk.guest(word).await?;
    Ok(Door {
        actor: guest.actor,
        number: guest.ticket,
        base: format!("/t/{word}"),
        files_at: format!("/t/{word}/attachments/"),
        by: By::Link,
    })
}

/// `GET /tickets/{number}`.
pub async fn show(visit: Visit, Path(text): Path<String>) -> Response {
    let result = async {
        let door = signed_in(&visit, &text).await?;
        let page = page(&visit, &door, Again::default()).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

/// `GET /t/{word}`: the same by a signed link.
pub async fn show_by_link(visit: Visit, Path(word): Path<String>) -> Response {
    let result = async {
        let door = by_link(&visit, &word).await?;
        let page = page(&visit, &door, Again::default()).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

/// `POST /tickets/{number}/{deed}`.
pub async fn act(Path((text, deed)): Path<(String, String)>, posted: Posted) -> Response {
    let mut posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = async {
        let door = signed_in(&posted.visit, &text).await?;
        do_it(&mut posted, &door, &deed).await
    }
    .await;
    posted.visit.close(result).await
}

/// `POST /t/{word}/{deed}`.
pub async fn act_by_link(Path((word, deed)): Path<(String, String)>, posted: Posted) -> Response {
    let mut posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = async {
        let door = by_link(&posted.visit, &word).await?;
        do_it(&mut posted, &door, &deed).await
    }
    .await;
    posted.visit.close(result).await
}

async fn do_it(posted: &mut Posted, door: &Door, deed: &str) -> Result<Response, Fault> {
    match deed {
        "answer" => answer(posted, door).await,
        "verify" => verify(posted, door).await,
        "people" => people(posted, door).await,
        "escalate" => escalate(posted, door).await,
        "rate" => rate(posted, door).await,
        _ => Err(Fault::no_page()),
    }
}

/// Shows the page again with what was wrong; other faults go on.
async fn refused(
    visit: &Visit,
    door: &Door,
    error: Error,
    field: &str,
    again: Again,
) -> Result<Response, Fault> {
    let problem = match error {
        Error::Invalid { problem, .. } => problem,
        Error::Conflict(text) => text,
        other => return Err(other.into()),
    };
    let again = Again {
        errors: Errors::one(field, sentence(&problem)),
        ..again
    };
    let page = page(visit, door, again).await?;
    visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

fn done(title: &str) -> Option<Notice> {
    Some(Notice::new(NoticeTone::Ok, title))
}

async fn answer(posted: &mut Posted, door: &Door) -> Result<Response, Fault> {
    let body = posted.body("body");
    let draft = EntryDraft {
        body: body.clone(),
        files: std::mem::take(&mut posted.files),
        ..EntryDraft::default()
    };
    let visit = &posted.visit;
    let reopen = posted.text("do") == "reopen";
    let (step, said) = if reopen {
        (Step::Reopen(Some(draft)), "Sent, and open again")
    } else {
        (
            Step::Write(EntryVisibility::Public, draft),
            "Your answer was sent",
        )
    };
    match visit
        .desk
        .act(&door.actor, door.number, None, vec![step])
        .await
    {
        Ok(_) => visit.go(&format!("{}#notice", door.base), done(said)),
        Err(error) => {
            let again = Again {
                draft: body,
                ..Again::default()
            };
            refused(visit, door, error, "body", again).await
        }
    }
}

async fn verify(posted: &Posted, door: &Door) -> Result<Response, Fault> {
    let step = Step::Command(Command::Verify);
    let visit = &posted.visit;
    visit
        .desk
        .act(&door.actor, door.number, None, vec![step])
        .await?;
    visit.go(
        &door.base,
        Some(Notice {
            tone: NoticeTone::Ok,
            title: "Thank you".to_owned(),
            text: "The ticket is finished. It stays here for you to read.".to_owned(),
        }),
    )
}

async fn people(posted: &Posted, door: &Door) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let (mail, remove) = (posted.text("mail"), posted.text("remove"));
    let result = if remove.is_empty() {
        visit
            .desk
            .add_party(&door.actor, door.number, None, Some(mail), PartyRole::Cc)
            .await
    } else {
        visit
            .desk
            .remove_party(&door.actor, door.number, None, remove, PartyRole::Cc)
            .await
    };
    match result {
        Ok(_) => visit.go(
            &format!("{}#following", door.base),
            done(if remove.is_empty() {
                "They follow the ticket now"
            } else {
                "They no longer follow the ticket"
            }),
        ),
        Err(error) => {
            let again = Again {
                people_open: true,
                ..Again::default()
            };
            refused(visit, door, error, "mail", again).await
        }
    }
}

async fn escalate(posted: &Posted, door: &Door) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let step = Step::Command(Command::Escalate {
        reason: posted.text("reason").to_owned(),
    });
    match visit
        .desk
        .act(&door.actor, door.number, None, vec![step])
        .await
    {
        Ok(_) => visit.go(&door.base, done("They were told that you need attention")),
        Err(error) => {
            let again = Again {
                escalate_open: true,
                ..Again::default()
            };
            refused(visit, door, error, "reason", again).await
        }
    }
}

async fn rate(posted: &Posted, door: &Door) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let result = match RateForm::read(posted) {
        Ok((rating, comment)) => {
            visit
                .desk
                .rate(&door.actor, door.number, rating, &comment)
                .await
        }
        Err(error) => Err(error),
    };
    match result {
        Ok(true) => visit.go(&door.base, done("Thank you, your rating was noted")),
        Ok(false) => visit.go(&door.base, done("You had said so before; that counts")),
        Err(error) => {
            let field = match &error {
                Error::Invalid { field, .. } => field.clone(),
                _ => "rating".to_owned(),
            };
            let again = Again {
                rate: Some(RateForm::again(posted)),
                ..Again::default()
            };
            refused(visit, door, error, &field, again).await
        }
    }
}

async fn page(visit: &Visit, door: &Door, again: Again) -> Result<TicketPage, Fault> {
    let desk = &visit.desk;
    let catalogue = desk.catalogue().await?;
    // On this page staff see what the requester sees, too.
    let conversation = desk.conversation(&door.actor, door.number).await?;
    let public = outside(&conversation);
    let ticket = &conversation.ticket;
    let mine = ticket.access.requester;
    let namer = Namer {
        catalogue: &catalogue,
        people: &conversation.names,
        dial: &visit.dial,
    };
    let lens = Lens {
        dial: &visit.dial,
        namer,
        staff: false,
        me: door.actor.person,
        entries_at: format!("{}/entries/", door.base),
        files_at: door.files_at.clone(),
    };
    let offers = &conversation.offers;
    let on_side = mine || ticket.access.cc || ticket.access.team;
    let can = RequesterCan {
        answer: on_side && offers.contains(&Offer::Reply),
        verify: offers.contains(&Offer::Verify),
        reopen: on_side && offers.contains(&Offer::Reopen),
        people: offers.contains(&Offer::AddCc),
        escalate: offers.contains(&Offer::Escalate),
        solved_already: mine
            && ticket.status.is_open()
            && offers.contains(&Offer::Reply)
            && ticket.status != Status::New,
    };
    let staff = door.actor.channel == Channel::Web && ticket.access.staff_side();
    let (headline, explain, promise) = story(visit, ticket);
    let asked = if mine {
        "You"
    } else {
        ticket.requester.name.as_str()
    };
    let mut frame = visit.frame(Room::Public, Here::MyTickets).await?;
    // By the link of a mail nothing says through which portal they came; the
    // ticket does.
    if frame.portal.is_none() {
        let catalogue = visit.desk.catalogue().await?;
        let portal = ticket.state.portal.and_then(|id| catalogue.portal(id));
        frame.portal = portal.filter(|p| p.active).map(|p| visit.mark_of(p));
    }
    frame.live = frame
        .me
        .is_some()
        .then(|| format!("/live?ticket={}", ticket.number));
    Ok(TicketPage {
        frame,
        base: door.base.clone(),
        number: ticket.number.0,
        subject: ticket.subject.clone(),
        service: ticket.service.as_ref().map(|s| {
            (
                s.name.clone(),
                format!("/services?q={}", super::visit::encode(&s.name)),
            )
        }),
        team: super::words::team_of(&catalogue, ticket),
        opened_by: if mine {
            "you".to_owned()
        } else {
            ticket.requester.name.clone()
        },
        opened: visit.dial.moment(ticket.created_at),
        staff_href: staff.then(|| format!("/work/{}", ticket.number)),
        headline,
        explain,
        promise,
        route: lens.route(&public, Some(asked)),
        thread: lens.thread(&public),
        closed_words: (!can.answer && !can.reopen).then(|| {
            if ticket.status.is_final() {
                "This ticket is finished. If it comes back, please open a new one and name this number."
                    .to_owned()
            } else {
                "You can read this ticket, but not write in it.".to_owned()
            }
        }),
        goes_to: format!("Goes to {} and everybody who follows the ticket.", ticket.unit.name),
        ladder: ladder(ticket, can.escalate),
        can,
        draft: again.draft,
        errors: again.errors,
        people_open: again.people_open,
        escalate_open: again.escalate_open,
        status: StatusMark::of(ticket.status),
        prio: PrioMark::of(ticket.priority),
        prio_words: ticket.priority_reason.clone(),
        facts: facts(
            visit,
            ticket,
            alarm::of_ticket(visit, &door.actor, (door.number, ticket.kind)).await?,
        ),
        rate: conversation
            .may_rate
            .then(|| again.rate.unwrap_or_default()),
        rated: conversation
            .ratings
            .last()
            .filter(|_| mine)
            .map(|s| s.rating.label()),
        following: ticket
            .parties
            .iter()
            .map(|p| Follower {
                mark: PersonMark::of(&p.person.name),
                role: role_words(p.role).to_owned(),
                removable: ((mine || ticket.access.team) && p.role == PartyRole::Cc).then(|| p.person.id.to_string()),
            })
            .collect(),
    })
}

/// The conversation without what is internal, whoever looks: this page is the
/// public one.
fn outside(conversation: &Conversation) -> Conversation {
    let mut public = conversation.clone();
    public
        .entries
        .retain(|e| e.visibility == EntryVisibility::Public);
    public.mails.clear();
    public
}

fn facts(visit: &Visit, ticket: &TicketView, alarm: Option<String>) -> Vec<(String, String)> {
    let mut facts = vec![
        ("Category".to_owned(), ticket.category.name.clone()),
        ("Affected".to_owned(), people_words(ticket.affected_users)),
    ];
    if let Some(since) = ticket.since {
        facts.push(("Since".to_owned(), visit.dial.date_time(since).words));
    }
    facts.push(("Unit".to_owned(), ticket.unit.name.clone()));
    facts.push((
        "Visible to".to_owned(),
        match ticket.kind {
            TicketType::Team if ticket.visibility == Visibility::Community => "all of the team",
            _ => visibility_words(ticket.visibility),
        }
        .to_owned(),
    ));
    facts.extend(alarm.map(|words| ("Alarm".to_owned(), words)));
    facts
}

/// Where the ticket is, as a headline, an explanation and a promise.
fn story(visit: &Visit, ticket: &TicketView) -> (String, String, Option<String>) {
    const NOTHING: &str = "You need do nothing now.";
    let unit = &ticket.unit.name;
    let since = since_words(&visit.dial, ticket.unit_since);
    let solution = ticket
        .solution
        .as_ref()
        .map(|s| format!("“{}” ", excerpt(&s.text, 400)))
        .unwrap_or_default();
    let eta = ticket
        .eta
        .map(|at| format!("A solution is expected by {}.", visit.dial.day_words(at)));
    match ticket.status {
        Status::New => (
            "First level looks for the right team".to_owned(),
            format!("They read new tickets within one working day. {NOTHING}"),
            None,
        ),
        Status::Assigned => (
            format!("With {unit} {since}"),
            format!("They have it and will take it up. {NOTHING}"),
            eta,
        ),
        Status::InProgress => {
            let who = ticket
                .owner
                .as_ref()
                .map_or_else(|| "Somebody there".to_owned(), |o| o.name.clone());
            (
                format!("With {unit} {since}"),
                format!("{who} works on it. {NOTHING}"),
                eta,
            )
        }
        Status::Waiting => (
            format!("Your turn: {unit} asks you something"),
            "Read the last message below and answer it; then it goes on.".to_owned(),
            None,
        ),
        Status::OnHold => {
            let why = ticket.hold.as_ref().map(hold_words).unwrap_or_default();
            (
                format!("On hold at {unit}"),
                format!("{} {NOTHING}", sentence(&why)),
                eta,
            )
        }
        Status::Reopened => (
            format!(
                "Back with {unit} {}",
                since_words(&visit.dial, ticket.status_since)
            ),
            format!("They were told that it is not solved yet. {NOTHING}"),
            eta,
        ),
        Status::Solved => (
            format!("{unit} says it is solved. Does it work for you?"),
            format!("{solution}Without an answer the ticket closes after 10 working days."),
            None,
        ),
        Status::Unsolved => (
            format!("{unit} could not solve it"),
            format!("{solution}You can answer below what still matters to you."),
            None,
        ),
        Status::Verified => (
            "Solved, and confirmed to work".to_owned(),
            solution.trim().to_owned(),
            None,
        ),
        Status::Closed => (
            "Closed".to_owned(),
            format!("{solution}Nobody answered the solution, so the ticket was closed."),
            None,
        ),
    }
}

/// The steps of asking for attention.
fn ladder(ticket: &TicketView, may: bool) -> Vec<LadderStep> {
    if !may && ticket.escalation == 0 {
        return Vec::new();
    }
    let steps = [
        ("Remind the unit", ticket.unit.name.as_str()),
        ("+ First level", "those who route tickets"),
        ("+ Monitors", "those who watch over all units"),
    ];
    (0_u8..)
        .zip(steps)
        .map(|(i, (label, who))| LadderStep {
            label: if i < ticket.escalation {
                format!("{label}: done")
            } else {
                label.to_owned()
            },
            who: who.to_owned(),
            next: may && i == ticket.escalation,
        })
        .collect()
}

/// `GET /tickets/sent`: somebody who is not signed in has opened a ticket.
pub async fn sent(visit: Visit) -> Response {
    let result = async {
        let page = super::problem::ProblemPage {
            frame: visit.frame(Room::Public, Here::Elsewhere).await?,
            code: String::new(),
            title: "Your ticket was sent".to_owned(),
            what: "A mail with its number and a link to its page is on the way to you.".to_owned(),
            fields: Vec::new(),
            todo: vec![
                "Answer that mail, or use its link, whenever you have more to say.".to_owned(),
                "No mail after some minutes? Look into the folder for unwanted mail, then ask for a link on the front page."
                    .to_owned(),
            ],
            links: vec![("Front page".to_owned(), "/".to_owned())],
            kept: String::new(),
        };
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

/// `GET /tickets/{number}/entries/{id}/html`: a mail as it was formatted; with
/// `?pictures=shown` also its pictures on other servers.
pub async fn entry_html(visit: Visit, Path((text, id)): Path<(String, String)>) -> Response {
    let result = async {
        let door = signed_in(&visit, &text).await?;
        html(&visit, &door, &id).await
    }
    .await;
    visit.close(result).await
}

/// `GET /t/{word}/entries/{id}/html`.
pub async fn entry_html_by_link(
    visit: Visit,
    Path((word, id)): Path<(String, String)>,
) -> Response {
    let result = async {
        let door = by_link(&visit, &word).await?;
        html(&visit, &door, &id).await
    }
    .await;
    visit.close(result).await
}

async fn html(visit: &Visit, door: &Door, id: &str) -> Result<Response, Fault> {
    let id = Uuid::try_parse(id).map_err(|_| Fault::no_page())?;
    let remote = visit.query("pictures") == "shown";
    let html = visit
        .desk
        .mail_html(&door.actor, door.number, EntryId(id), door.by, remote)
        .await?;
    let mut response = visit.page(&MailFrame {
        title: format!("A mail of ticket {}", door.number),
        html: Sanitised(html),
    })?;
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(POLICY),
    );
    Ok(response)
}

/// `GET /attachments/{id}`: a file, to be saved.
pub async fn attachment(visit: Visit, Path(id): Path<String>) -> Response {
    let result = async {
        let actor = visit.actor()?.clone();
        file(&visit, &actor, &id).await
    }
    .await;
    visit.close(result).await
}

/// `GET /t/{word}/attachments/{id}`.
pub async fn attachment_by_link(
    visit: Visit,
    Path((word, id)): Path<(String, String)>,
) -> Response {
    let result = async {
        let door = by_link(&visit, &word).await?;
        file(&visit, &door.actor, &id).await
    }
    .await;
    visit.close(result).await
}

async fn file(visit: &Visit, actor: &Actor, id: &str) -> Result<Response, Fault> {
    let id = Uuid::try_parse(id).map_err(|_| Fault::no_page())?;
    let (file, bytes) = visit.desk.attachment(actor, id).await?;
    Ok(crate::file::response(&file, bytes, false))
}
