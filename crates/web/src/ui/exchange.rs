//! `/exchange`: how tickets travel to partners' systems and back; what waits, what
//! failed and why; and beside a ticket, how it stands there.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Error;
use desk::exchange::partner::Standing;
use desk::exchange::partner_dead::Foreign;
use desk::exchange::view::{Counterpart, Coupled, DeadLetter, Travelling};
use desk::view::TicketView;
use store::coupling::State;
use store::exchange::{Line, Went};
use store::partner;
use switchboard_core::onboarding::SYSTEMS;
use switchboard_core::{Actor, Millis, TicketNumber};
use uuid::Uuid;

use super::curve::{self, CurvePlot, CurveView};
use super::fault::Fault;
use super::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use super::posted::Posted;
use super::time::{Dial, length};
use super::view::{Chip, Choice, Icon, Lamp, Pages, StatusMark, TimeMark, Tone};
use super::visit::{Visit, encode};
use super::work_post::told;
use crate::ui::assets::Asset;

/// Tickets at partners on one page.
const PAGE: i64 = 50;
/// What waits for so long makes a coupling late.
const LATE_MS: Millis = 300_000;

/// The name of a kind of system.
fn kind_words(kind: &str) -> &str {
    SYSTEMS
        .iter()
        .find(|(key, _)| *key == kind)
        .map_or(kind, |(_, name)| name)
}

/// A coupling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CouplingRow {
    /// The agreement's id.
    pub id: String,
    /// The service whose tickets travel.
    pub service: String,
    /// "Request Tracker (RT) at rt.example.org, queue atlas".
    pub about: String,
    /// How it stands.
    pub lamp: Lamp,
    /// The picture of the direction.
    pub arrows: &'static str,
    /// The direction in words.
    pub direction: &'static str,
    /// When changes there were last read.
    pub looked: Option<TimeMark>,
    /// How long the oldest thing waits that is to go there; empty: nothing does.
    pub lag: String,
    /// For how long nothing can come from there; empty: it can.
    pub lag_in: String,
    /// What is to go there.
    pub waiting: i64,
    /// What will not go unless somebody says so.
    pub dead: i64,
    /// Tickets that travelled so far.
    pub links: i64,
    /// Why it can not be talked to, and since when.
    pub error: Option<(String, TimeMark)>,
    /// When it is tried again.
    pub next: Option<String>,
    /// It does not run for now.
    pub paused: bool,
    /// The agreement has ended: tickets that travel go on to their end.
    pub ended: bool,
    /// What its people set up so that it wakes this desk, for administrators.
    pub wake: Option<WakeView>,
}

/// How a system wakes the desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WakeView {
    /// The address that it calls.
    pub address: String,
    /// What is pasted into RT for that; empty: it is another system.
    pub scrip: String,
    /// What it signs with, or sends along; empty: it does neither.
    pub secret: String,
}

impl WakeView {
    fn of(one: &Coupled, address: String, secret: Option<String>) -> WakeView {
        // The address has nothing in it that Perl would read as something else.
        let scrip = format!(
            "require LWP::UserAgent;\nLWP::UserAgent->new(timeout => 3)->post('{address}');\nreturn 1;"
        );
        let system = one.agreement.system.as_deref().unwrap_or_default();
        WakeView {
            address,
            scrip: if system == "rt" { scrip } else { String::new() },
            secret: secret.unwrap_or_default(),
        }
    }
}

/// "50 min"; empty: nothing lags.
fn long(lag: Millis) -> String {
    match lag > 0 {
        true => length(lag),
        false => String::new(),
    }
}

impl CouplingRow {
    /// A row as it is shown at the time of the dial.
    pub fn of(one: &Coupled, dial: &Dial) -> CouplingRow {
        let (c, lag) = (&one.coupling, one.lag(dial.now));
        let paused = c.state == State::Paused;
        let (state, words) = if paused {
            ("off", "Paused")
        } else if c.error.is_some() {
            ("down", "Stopped")
        } else if c.reading.is_none() {
            ("planned", "Begins")
        } else if one.sums.dead > 0 {
            ("degraded", "Refused something")
        } else if lag > LATE_MS {
            ("degraded", "Late")
        } else {
            ("", "In step")
        };
        let (arrows, direction) = match one.agreement.direction.as_deref() {
            Some("in") => ("back", "only to us"),
            Some("out") => ("go", "only to them"),
            _ => ("swap", "both ways"),
        };
        let kind = kind_words(one.agreement.system.as_deref().unwrap_or_default());
        let mut about = format!("{kind} at {}", one.system());
        if let Some(queue) = one.agreement.queue.as_deref().filter(|q| !q.is_empty()) {
            about.push_str(", queue ");
            about.push_str(queue);
        }
        CouplingRow {
            id: one.agreement.id.to_string(),
            service: one.service.clone(),
            about,
            lamp: Lamp {
                state,
                words: words.to_owned(),
            },
            arrows,
            direction,
            looked: c.read_at.map(|at| dial.ago(at)),
            lag: long(lag),
            lag_in: long(one.silent(dial.now)),
            waiting: one.sums.waiting,
            dead: one.sums.dead,
            links: one.sums.links,
            error: c
                .error
                .clone()
                .map(|why| (why, dial.moment(c.error_at.unwrap_or(dial.now)))),
            next: (!paused && c.error.is_some()).then(|| dial.moment_words(c.next_at)),
            paused,
            ended: one.agreement.closed_at.is_some(),
            wake: None,
        }
    }
}

/// A partner's desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskRow {
    /// Its id.
    pub id: String,
    /// How people call it, and its name.
    pub title: String,
    /// Its name, the units that stand for it, and where what comes begins.
    pub about: String,
    /// How it stands.
    pub lamp: Lamp,
    /// The picture of the direction.
    pub arrows: &'static str,
    /// The direction in words.
    pub direction: &'static str,
    /// When something last came from there.
    pub came: Option<TimeMark>,
    /// How long the oldest change waits that is to go there; empty: none does.
    pub lag: String,
    /// For how long it can not be asked and sent nothing; empty: it can.
    pub lag_in: String,
    /// Changes that it does not have yet.
    pub waiting: u64,
    /// Changes that came from there and can not be taken.
    pub dead: i64,
    /// Why it can not be talked to, and since when.
    pub error: Option<(String, TimeMark)>,
    /// It does not run for now.
    pub paused: bool,
    /// It is over.
    pub ended: bool,
}

impl DeskRow {
    /// A row as it is shown at the time of the dial.
    pub fn of(one: &Standing, dial: &Dial) -> DeskRow {
        let p = &one.partner;
        let (state, words) = match p.state {
            partner::State::Ended => ("off", "Ended"),
            partner::State::Paused => ("off", "Paused"),
            partner::State::Active if p.error.is_some() => ("down", "Stopped"),
            partner::State::Active if one.dead > 0 => ("degraded", "Set something aside"),
            partner::State::Active if one.lag > LATE_MS => ("degraded", "Late"),
            partner::State::Active => ("", "In step"),
        };
        let (arrows, direction) = match (p.terms.gives, p.terms.takes) {
            (false, _) => ("back", "only to us"),
            (_, false) => ("go", "only to them"),
            _ => ("swap", "both ways"),
        };
        let units = match one.units.is_empty() {
            true => "no unit stands for it".to_owned(),
            false => one.units.join(", "),
        };
        DeskRow {
            id: p.id.to_string(),
            title: p.title.clone(),
            about: format!(
                "{}: {units}; what comes begins in {}; {} shared",
                p.desk, one.intake, one.tickets
            ),
            lamp: Lamp {
                state,
                words: words.to_owned(),
            },
            arrows,
            direction,
            came: p.came_at.map(|at| dial.ago(at)),
            lag: long(one.lag),
            lag_in: long(one.lag_in),
            paused: p.state == partner::State::Paused,
            ended: p.state == partner::State::Ended,
            waiting: p.backlog(),
            dead: one.dead,
            error: p
                .error
                .clone()
                .map(|why| (why, dial.moment(p.error_at.unwrap_or(dial.now)))),
        }
    }
}

/// How a ticket stands in a partner's system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartnerRow {
    /// The system, by its host.
    pub system: String,
    /// The ticket's number there; empty: it was not made yet.
    pub number: String,
    /// Their word for its status.
    pub status: String,
    /// Who works on it there.
    pub owner: String,
    /// Where it lies there, when that is not where it was agreed.
    pub queue: String,
    /// Its links there that are no ties here.
    pub links: Vec<String>,
    /// Values that were set at two desks at once, in words.
    pub conflicts: Vec<String>,
    /// What else there is to know.
    pub chips: Vec<Chip>,
    /// When something last came from there.
    pub came: Option<TimeMark>,
    /// When something last went there.
    pub sent: Option<TimeMark>,
    /// The last failure, until something succeeds.
    pub error: String,
    /// When first level last looked at how it stands, and who; `None`: nobody yet.
    pub looked: Option<(TimeMark, String)>,
    /// Nothing goes there any more.
    pub ended: bool,
}

impl PartnerRow {
    fn of(one: &Counterpart, dial: &Dial) -> PartnerRow {
        let mut chips = Vec::new();
        if one.gone {
            chips.push(Chip::new(Tone::Bad, "Deleted there"));
        } else if one.ended {
            chips.push(Chip::new(Tone::Plain, "Taken back"));
        } else if one.theirs {
            chips.push(Chip::new(Tone::External, "They are responsible"));
        }
        if one.waiting > 0 {
            let words = format!("{} to go there", one.waiting);
            chips.push(Chip::with_icon(Tone::Warn, "clock", words));
        }
        if one.dead > 0 {
            let words = format!("{} refused", one.dead);
            chips.push(Chip::with_icon(Tone::Bad, "warn", words));
        }
        PartnerRow {
            system: one.system.clone(),
            number: one.there.clone().unwrap_or_default(),
            status: one
                .status
                .clone()
                .unwrap_or_else(|| "not known yet".to_owned()),
            owner: one.owner.clone().unwrap_or_default(),
            queue: one.queue.clone().unwrap_or_default(),
            links: one.links.clone(),
            conflicts: one.conflicts.clone(),
            chips,
            came: one.came_at.map(|at| dial.ago(at)),
            sent: one.sent_at.map(|at| dial.ago(at)),
            error: one.error.clone().unwrap_or_default(),
            looked: one
                .looked_at
                .map(|at| (dial.ago(at), one.looked_by.clone().unwrap_or_default())),
            ended: one.ended,
        }
    }

    /// "rt.example.org 118842".
    pub fn name(&self) -> String {
        if self.number.is_empty() {
            format!("{}, not made yet", self.system)
        } else {
            format!("{} {}", self.system, self.number)
        }
    }
}

/// What a ticket's page shows of partners' systems, for the support side.
///
/// # Errors
/// When the database can not be read.
pub async fn partners(
    visit: &Visit,
    actor: &Actor,
    ticket: &TicketView,
) -> Result<Vec<PartnerRow>, Fault> {
    if !ticket.access.staff_side() {
        return Ok(Vec::new());
    }
    let all = visit.desk.counterparts(actor, ticket.number).await?;
    Ok(all
        .iter()
        .map(|one| PartnerRow::of(one, &visit.dial))
        .collect())
}

/// A ticket that is at a partner, or on its way there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TravelRow {
    /// Its number.
    pub number: i64,
    /// One line.
    pub subject: String,
    /// Its status here.
    pub status: StatusMark,
    /// The service.
    pub service: String,
    /// How it stands there.
    pub there: PartnerRow,
    /// Since when the oldest thing waits that is to go there.
    pub waiting: Option<TimeMark>,
    /// When it was given to them.
    pub began: TimeMark,
}

impl TravelRow {
    /// A row as it is shown at the time of the dial.
    pub fn of(one: Travelling, dial: &Dial) -> TravelRow {
        TravelRow {
            number: one.ticket.0,
            subject: one.subject,
            status: StatusMark::of(one.status),
            service: one.service,
            waiting: one.there.waiting_since.map(|at| dial.ago(at)),
            began: dial.ago(one.there.began_at),
            there: PartnerRow::of(&one.there, dial),
        }
    }
}

/// Something that does not travel unless somebody says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadRow {
    /// Its id.
    pub id: String,
    /// The ticket; 0: there is none here.
    pub number: i64,
    /// It came from a partner's desk.
    pub foreign: bool,
    /// "To rt.example.org".
    pub way: String,
    /// What it is.
    pub what: String,
    /// Why it does not travel, in the other side's words where there are any.
    pub why: String,
    /// Since when.
    pub since: TimeMark,
}

impl DeadRow {
    /// A row as it is shown at the time of the dial.
    pub fn of(letter: DeadLetter, dial: &Dial) -> DeadRow {
        let way = match letter.dead.way {
            Went::In => "From",
            Went::Out | Went::Here => "To",
        };
        DeadRow {
            id: letter.dead.id.to_string(),
            number: letter.ticket.0,
            foreign: false,
            way: format!("{way} {}", letter.system),
            what: letter.dead.what,
            why: letter.dead.why,
            since: dial.ago(letter.dead.at),
        }
    }

    /// The same of a change that came from a partner's desk.
    pub fn foreign(letter: Foreign, dial: &Dial) -> DeadRow {
        let about = letter.shared.map(|name| format!(" ({name})"));
        DeadRow {
            id: letter.dead.id.to_string(),
            number: letter.ticket.map_or(0, |n| n.0),
            foreign: true,
            way: format!("From {}", letter.partner),
            what: format!("{}{}", letter.what, about.unwrap_or_default()),
            why: letter.dead.why,
            since: dial.ago(letter.dead.at),
        }
    }

    /// The ticket as it is called here.
    pub fn ticket(&self) -> String {
        match self.number {
            0 => "no ticket here".to_owned(),
            n => n.to_string(),
        }
    }
}

/// A line of what went where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneRow {
    /// The class of the row: which way the arrow points.
    pub class: &'static str,
    /// The way, in a word.
    pub way: &'static str,
    /// When.
    pub at: TimeMark,
    /// What of it is ours.
    pub here: String,
    /// What of it is theirs.
    pub there: String,
}

impl LaneRow {
    fn of(line: &Line, dial: &Dial) -> LaneRow {
        let number = line.there.as_ref().map(|n| format!("number {n}"));
        let number = number.unwrap_or_default();
        let (class, way, here, there) = match line.way {
            Went::Out => ("to", "sent", line.what.clone(), number),
            Went::In if number.is_empty() => ("from", "came", String::new(), line.what.clone()),
            Went::In => (
                "from",
                "came",
                String::new(),
                format!("{}, {number}", line.what),
            ),
            Went::Here => ("", "here", line.what.clone(), String::new()),
        };
        LaneRow {
            class,
            way,
            at: dial.moment(line.at),
            here,
            there,
        }
    }
}

/// What of a ticket went to one system and came from there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceView {
    /// How it stands there.
    pub there: PartnerRow,
    /// Line by line, the oldest first.
    pub lines: Vec<LaneRow>,
}

impl TraceView {
    /// The trace as it is shown at the time of the dial.
    pub fn of(one: &Counterpart, dial: &Dial) -> TraceView {
        TraceView {
            there: PartnerRow::of(one, dial),
            lines: one.lines.iter().map(|l| LaneRow::of(l, dial)).collect(),
        }
    }
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "exchange.html")]
pub struct ExchangePage {
    /// Around it.
    pub frame: Frame,
    /// The couplings, the oldest first.
    pub couplings: Vec<CouplingRow>,
    /// The partner desks, the oldest first.
    pub desks: Vec<DeskRow>,
    /// How many of them are in step.
    pub quiet: usize,
    /// How long the oldest thing waits; empty: nothing does.
    pub lag: String,
    /// What is to go to partners.
    pub waiting: i64,
    /// What does not travel unless somebody says so, the oldest first.
    pub dead: Vec<DeadRow>,
    /// How each lagged and what waited.
    pub curves: Vec<CurveView>,
    /// The times over which that can be shown.
    pub over: Vec<Choice>,
    /// Tickets of which something waits or failed.
    pub held: Vec<TravelRow>,
    /// Tickets at partners, the one at which nobody looked for the longest first.
    pub rows: Vec<TravelRow>,
    /// The way to the others.
    pub pages: Pages,
    /// The number that was typed for a trace.
    pub ticket: String,
    /// What is known of it; `None`: nothing was asked.
    pub traces: Option<Vec<TraceView>>,
    /// What was wrong.
    pub errors: Errors,
    /// What is to be given up without a reason.
    pub wrong: String,
}

/// `GET /exchange`.
pub async fn show(visit: Visit) -> Response {
    let result = async {
        let page = page(&visit, Errors::default(), String::new()).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

async fn page(visit: &Visit, wrong: Errors, which: String) -> Result<ExchangePage, Fault> {
    let actor = visit.actor()?;
    let (coupled, dead) = visit.desk.exchange(actor).await?;
    let desks = visit.desk.partners(actor).await?;
    let foreign = visit.desk.foreign_dead(actor).await?;
    let held = visit.desk.held_up(actor).await?;
    let mut errors = wrong;
    let after = visit.query("after").to_owned();
    let found = match visit.desk.at_partners(actor, Some(&after), PAGE).await {
        // An address that is older than the list begins anew.
        Err(Error::Invalid { .. }) => visit.desk.at_partners(actor, None, PAGE).await?,
        other => other?,
    };
    let ticket = visit.query("ticket").trim().to_owned();
    let traces = trace(visit, actor, &ticket, &mut errors).await?;
    let lag = coupled.iter().map(|c| c.lag(visit.dial.now)).max();
    let couplings: Vec<CouplingRow> = coupled
        .iter()
        .map(|one| {
            let address = visit.desk.wake_address(actor, one.agreement.id);
            let secret = visit.desk.wake_secret(actor, &one.agreement);
            CouplingRow {
                wake: address.map(|address| WakeView::of(one, address, secret)),
                ..CouplingRow::of(one, &visit.dial)
            }
        })
        .collect();
    let over = curve::over(visit.query("over"));
    let points = visit.desk.exchange_curves(actor, over).await?;
    let view = |id: Uuid, name: String| CurveView {
        id: format!("curve-{id}"),
        name,
        plot: points
            .get(&id)
            .and_then(|points| CurvePlot::of(points, over, &visit.dial)),
    };
    let living = desks
        .iter()
        .filter(|d| d.partner.state != partner::State::Ended);
    let curves = living
        .map(|d| view(d.partner.id, d.partner.title.clone()))
        .chain(coupled.iter().map(|one| {
            let name = format!("{}, {}", one.service, one.system());
            view(one.agreement.id, name)
        }))
        .collect();
    Ok(ExchangePage {
        curves,
        over: curve::choices(over),
        frame: visit.frame(Room::Staff, Here::Exchange).await?,
        quiet: couplings.iter().filter(|c| c.lamp.state.is_empty()).count(),
        desks: desks
            .iter()
            .map(|one| DeskRow::of(one, &visit.dial))
            .collect(),
        lag: lag.filter(|l| *l > 0).map(length).unwrap_or_default(),
        waiting: couplings.iter().map(|c| c.waiting).sum(),
        couplings,
        dead: dead
            .into_iter()
            .map(|letter| DeadRow::of(letter, &visit.dial))
            .chain(
                foreign
                    .into_iter()
                    .map(|letter| DeadRow::foreign(letter, &visit.dial)),
            )
            .collect(),
        held: held
            .into_iter()
            .map(|one| TravelRow::of(one, &visit.dial))
            .collect(),
        rows: found
            .items
            .into_iter()
            .map(|one| TravelRow::of(one, &visit.dial))
            .collect(),
        pages: Pages {
            words: String::new(),
            newer: (!after.is_empty()).then(|| "/exchange#at-partners".to_owned()),
            older: found
                .next
                .map(|next| format!("/exchange?after={}#at-partners", encode(&next))),
        },
        ticket,
        traces,
        errors,
        wrong: which,
    })
}

/// What went where of the ticket that was typed.
async fn trace(
    visit: &Visit,
    actor: &Actor,
    typed: &str,
    errors: &mut Errors,
) -> Result<Option<Vec<TraceView>>, Fault> {
    if typed.is_empty() {
        return Ok(None);
    }
    let number = typed.trim_start_matches('#').parse::<i64>().ok();
    let Some(number) = number.filter(|n| *n > 0).map(TicketNumber) else {
        errors.add("ticket", "Give a ticket’s number.");
        return Ok(None);
    };
    match visit.desk.counterparts(actor, number).await {
        Ok(all) => Ok(Some(
            all.iter()
                .map(|one| TraceView::of(one, &visit.dial))
                .collect(),
        )),
        Err(Error::NotFound { .. } | Error::Forbidden(_)) => {
            errors.add("ticket", "There is no such ticket that you can see.");
            Ok(None)
        }
        Err(other) => Err(other.into()),
    }
}

/// `POST /exchange`: pause, go on, try again, give up.
pub async fn act(posted: Posted) -> Response {
    let mut posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    posted.visit.at("/exchange".to_owned());
    let result = deed(&posted).await;
    posted.visit.close(result).await
}

async fn deed(posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = visit.admin()?;
    let id = Uuid::try_parse(posted.text("id")).map_err(|_| Fault::no_page())?;
    let done = match posted.text("do") {
        "pause" => visit
            .desk
            .set_coupling(actor, id, false)
            .await
            .map(|()| "Paused: what happens meanwhile waits"),
        "go-on" => visit
            .desk
            .set_coupling(actor, id, true)
            .await
            .map(|()| "It goes on: what waited goes now"),
        "now" => visit
            .desk
            .try_coupling(actor, id)
            .await
            .map(|()| "It is tried now: look again in a moment"),
        "retry" => visit
            .desk
            .retry_exchange(actor, id)
            .await
            .map(|()| "It is tried again now"),
        "retry-foreign" => visit
            .desk
            .retry_foreign(actor, id)
            .await
            .map(|()| "It is taken now"),
        "give-up-foreign" => visit
            .desk
            .give_up_foreign(actor, id, posted.text("reason"))
            .await
            .map(|()| "It is given up"),
        "give-up" => visit
            .desk
            .give_up_exchange(actor, id, posted.text("reason"))
            .await
            .map(|()| "It is given up"),
        _ => return Err(Fault::no_page()),
    };
    let notice = match done {
        Ok(title) => Notice::new(NoticeTone::Ok, title),
        // Somebody was quicker.
        Err(Error::NotFound { .. }) => Notice::new(
            NoticeTone::Info,
            "Somebody has looked after that already, or it is over",
        ),
        Err(error) => {
            let status = match &error {
                Error::Conflict(_) => StatusCode::CONFLICT,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            };
            let (field, text) = told(error, "id")?;
            let which = posted.text("id").to_owned();
            let mut page = page(visit, Errors::one(field, text.clone()), which).await?;
            page.frame.notice = Some(Notice {
                tone: NoticeTone::Bad,
                title: "Nothing was changed".to_owned(),
                text,
            });
            return visit.page_as(status, &page);
        }
    };
    visit.go("/exchange", Some(notice))
}

/// `POST /exchange/looked`: somebody looked how tickets stand at partners.
pub async fn looked(posted: Posted) -> Response {
    let mut posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    posted.visit.at("/exchange".to_owned());
    let result = tick(&posted).await;
    posted.visit.close(result).await
}

async fn tick(posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = visit.actor()?;
    if !actor.admin && !actor.first_level() {
        return Err(Fault::Desk(Error::Forbidden(
            "First level and administrators look after tickets at partners.".into(),
        )));
    }
    let numbers = posted.all("ticket").map(str::parse::<i64>);
    let numbers: Vec<i64> = numbers
        .collect::<Result<_, _>>()
        .map_err(|_| Fault::no_page())?;
    let mut noted = 0;
    for number in &numbers {
        let number = TicketNumber(*number);
        match visit.desk.looked_at_partner(actor, number).await {
            Ok(()) => noted += 1,
            // It came back meanwhile.
            Err(Error::Conflict(_) | Error::NotFound { .. }) => {}
            Err(other) => return Err(other.into()),
        }
    }
    let notice = match (noted, numbers.len()) {
        (_, 0) => Notice::new(NoticeTone::Info, "Tick the tickets that you looked at"),
        (0, _) => Notice::new(NoticeTone::Info, "None of them is at a partner any more"),
        (1, _) => Notice::new(NoticeTone::Ok, "Your look is noted"),
        (n, _) => Notice::new(NoticeTone::Ok, format!("Your look at {n} tickets is noted")),
    };
    match numbers.as_slice() {
        [one] if posted.text("from") == "ticket" => visit.go(&format!("/work/{one}"), Some(notice)),
        _ => visit.go("/exchange#at-partners", Some(notice)),
    }
}

#[cfg(test)]
mod tests {
    use store::agreement::{Agreement, AgreementDoc};
    use store::coupling::Coupling;
    use store::exchange::Sums;
    use switchboard_core::ServiceId;
    use switchboard_core::onboarding::Way;

    use super::*;

    const NOW: Millis = 1_795_689_720_000;

    fn coupled() -> Coupled {
        Coupled {
            service: "Sky Atlas".to_owned(),
            agreement: Agreement {
                id: Uuid::from_u128(1),
                service: ServiceId(Uuid::from_u128(2)),
                onboarding: Uuid::from_u128(3),
                option: Way::Integration,
                system: Some("rt".to_owned()),
                endpoint: Some("https://rt.sky.example/REST/2.0".to_owned()),
                secret: Some("sky-rt".to_owned()),
                queue: Some("atlas".to_owned()),
                direction: Some("both".to_owned()),
                list: None,
                personal_data: false,
                doc: AgreementDoc::default(),
                opened_at: NOW - LATE_MS,
                closed_at: None,
            },
            coupling: Coupling {
                agreement: Uuid::from_u128(1),
                state: State::On,
                poll_ms: 30_000,
                reading: Some("{}".to_owned()),
                read_at: Some(NOW - 60_000),
                next_at: NOW + 60_000,
                tries: 0,
                error: None,
                error_at: None,
                made_at: NOW - LATE_MS,
                requester: None,
                woken_at: None,
            },
            sums: Sums::default(),
        }
    }

    fn shown(change: impl FnOnce(&mut Coupled)) -> CouplingRow {
        let mut one = coupled();
        change(&mut one);
        CouplingRow::of(&one, &Dial::utc(NOW))
    }

    #[test]
    fn a_coupling_says_what_is_the_matter_with_it() {
        let quiet = shown(|_| ());
        assert_eq!(
            quiet.about,
            "Request Tracker (RT) at rt.sky.example, queue atlas"
        );
        assert_eq!(
            (quiet.lamp.state, quiet.lamp.words.as_str()),
            ("", "In step")
        );
        assert_eq!((quiet.lag.as_str(), quiet.direction), ("", "both ways"));
        let words = |change: fn(&mut Coupled)| shown(change).lamp.words;
        assert_eq!(words(|c| c.coupling.reading = None), "Begins");
        assert_eq!(words(|c| c.sums.dead = 1), "Refused something");
        let late = |c: &mut Coupled| {
            c.sums.waiting = 3;
            c.sums.waiting_since = Some(NOW - LATE_MS - 60_000);
        };
        let row = shown(late);
        assert_eq!(
            (row.lamp.words.as_str(), row.lag.as_str()),
            ("Late", "6 min")
        );
        let stopped = |c: &mut Coupled| {
            c.coupling.error = Some("it takes too long".to_owned());
            c.coupling.error_at = Some(NOW - 60_000);
        };
        let row = shown(stopped);
        assert_eq!(row.lamp.words, "Stopped");
        assert!(row.next.is_some(), "it is tried again");
        // What was paused is not tried, whatever the matter was.
        let row = shown(|c| {
            stopped(c);
            c.coupling.state = State::Paused;
        });
        assert_eq!((row.lamp.words.as_str(), row.next), ("Paused", None));
    }

    #[test]
    fn a_line_of_the_trace_stands_on_the_side_where_it_happened() {
        let line = |way, there: Option<&str>| {
            let line = Line {
                id: Uuid::from_u128(1),
                link: Uuid::from_u128(2),
                at: NOW,
                way,
                what: "An entry".to_owned(),
                there: there.map(str::to_owned),
            };
            let row = LaneRow::of(&line, &Dial::utc(NOW));
            (row.class, row.here, row.there)
        };
        let row = |class: &'static str, here: &str, there: &str| {
            (class, here.to_owned(), there.to_owned())
        };
        assert_eq!(
            line(Went::Out, Some("7")),
            row("to", "An entry", "number 7")
        );
        assert_eq!(line(Went::In, None), row("from", "", "An entry"));
        assert_eq!(
            line(Went::In, Some("7")),
            row("from", "", "An entry, number 7")
        );
        assert_eq!(line(Went::Here, None), row("", "An entry", ""));
    }
}
