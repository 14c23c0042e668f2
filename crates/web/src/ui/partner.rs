//! `/exchange/partners/{id}`: one partner desk: what was agreed, how the exchange with it
//! stands, what is awaited from whom, and what was set aside.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Error;
use desk::exchange::curve::Over;
use desk::exchange::partner::{Awaited, Changed, Whole};
use store::partner::State;
use uuid::Uuid;

use super::curve::{CurvePlot, CurveView};
use super::exchange::{DeadRow, DeskRow};
use super::fault::Fault;
use super::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use super::invitation::terms_words;
use super::posted::Posted;
use super::time::Dial;
use super::view::{Icon, TimeMark};
use super::visit::{Visit, lines, sentence};
use crate::ui::assets::Asset;

/// Something that is awaited of a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwaitedRow {
    /// Its number.
    pub number: i64,
    /// One line.
    pub subject: String,
    /// From whom.
    pub from: String,
    /// What.
    pub what: String,
    /// Since when.
    pub since: TimeMark,
}

impl AwaitedRow {
    /// A row as it is shown at the time of the dial.
    pub fn of(one: Awaited, title: &str, dial: &Dial) -> AwaitedRow {
        AwaitedRow {
            number: one.ticket.0,
            subject: one.subject,
            from: match one.from_them {
                true => title.to_owned(),
                false => "This desk".to_owned(),
            },
            what: one.what,
            since: dial.ago(one.since),
        }
    }
}

/// What people here decide about a partner, as its form holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartnerFields {
    /// The units that stand for it, one a line.
    pub units: String,
    /// The services whose tickets are given to it, one a line; empty: those of all.
    pub covered: String,
    /// The unit in which what comes from there begins.
    pub intake: String,
    /// Where it is reached.
    pub base_url: String,
}

/// A partner desk.
#[derive(Debug, Clone, Template)]
#[template(path = "exchange_partner.html")]
pub struct PartnerPage {
    /// Around it.
    pub frame: Frame,
    /// How it stands.
    pub row: DeskRow,
    /// Where its forms go.
    pub action: String,
    /// Its name, as it stands in changes, its key, since when it is a partner.
    pub facts: Vec<(&'static str, String)>,
    /// What was agreed, and whether it is so.
    pub terms: Vec<(&'static str, bool)>,
    /// The services whose tickets begin in units that stand for it.
    pub services: Vec<String>,
    /// What is awaited from whom.
    pub awaited: Vec<AwaitedRow>,
    /// What came from there and can not be taken.
    pub dead: Vec<DeadRow>,
    /// What its form holds.
    pub fields: PartnerFields,
    /// How it lagged and what waited on its last day.
    pub curve: CurveView,
    /// What was wrong.
    pub errors: Errors,
    /// What is to be given up without a reason.
    pub wrong: String,
}

async fn page(visit: &Visit, id: Uuid) -> Result<PartnerPage, Fault> {
    let actor = visit.actor()?;
    let whole = match visit.desk.partner(actor, id).await {
        Err(Error::NotFound { .. }) => return Err(Fault::no_page()),
        other => other?,
    };
    let foreign = visit.desk.foreign_dead(actor).await?;
    let frame = visit.frame(Room::Staff, Here::Exchange).await?;
    let dial = &visit.dial;
    let dead = foreign.into_iter().filter(|f| f.dead.partner == id);
    let dead = dead.map(|letter| DeadRow::foreign(letter, dial)).collect();
    let mut page = PartnerPage::of(whole, dead, dial, frame);
    let curves = visit.desk.exchange_curves(actor, Over::Day).await?;
    page.curve.plot = curves
        .get(&id)
        .and_then(|points| CurvePlot::of(points, Over::Day, dial));
    Ok(page)
}

impl PartnerPage {
    fn of(whole: Whole, dead: Vec<DeadRow>, dial: &Dial, frame: Frame) -> PartnerPage {
        let one = whole.standing;
        let row = DeskRow::of(&one, dial);
        let p = one.partner;
        let at = |at: i64| dial.date_time(at).words;
        let mut facts = vec![
            ("Name in changes", p.desk.to_string()),
            ("Reached at", p.base_url.clone()),
            ("Key", p.public_key.clone()),
            ("Partner since", at(p.made_at)),
            ("Shared tickets", one.tickets.to_string()),
        ];
        if let Some(sent) = p.sent_at {
            facts.push(("Last to there", at(sent)));
        }
        if let Some(came) = p.came_at {
            facts.push(("Last from there", at(came)));
        }
        if let Some(ended) = p.ended_at.filter(|_| p.state == State::Ended) {
            facts.push(("Ended", at(ended)));
        }
        PartnerPage {
            frame,
            action: format!("/exchange/partners/{}", p.id),
            facts,
            terms: terms_words(&p.terms),
            services: whole.services,
            awaited: whole
                .awaited
                .into_iter()
                .map(|one| AwaitedRow::of(one, &p.title, dial))
                .collect(),
            dead,
            fields: PartnerFields {
                units: one.units.join("\n"),
                covered: one.covered.join("\n"),
                intake: one.intake,
                base_url: p.base_url,
            },
            row,
            curve: CurveView {
                id: "curve".to_owned(),
                name: "Its last day".to_owned(),
                plot: None,
            },
            errors: Errors::default(),
            wrong: String::new(),
        }
    }
}

fn known(id: &str) -> Result<Uuid, Fault> {
    Uuid::try_parse(id).map_err(|_| Fault::no_page())
}

/// `GET /exchange/partners/{id}`.
pub async fn show(Path(id): Path<String>, visit: Visit) -> Response {
    let result = async { visit.page(&page(&visit, known(&id)?).await?) }.await;
    visit.close(result).await
}

/// `POST /exchange/partners/{id}`: `do` is `pause`, `go-on`, `end`, `save`,
/// `retry-foreign` or `give-up-foreign`.
pub async fn act(Path(id): Path<String>, posted: Posted) -> Response {
    let mut posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    posted.visit.at(format!("/exchange/partners/{id}"));
    let result = deed(&id, &posted).await;
    posted.visit.close(result).await
}

async fn deed(id: &str, posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let (actor, id) = (visit.admin()?, known(id)?);
    let fields = PartnerFields {
        units: posted.body("units"),
        covered: posted.body("services"),
        intake: posted.text("intake").to_owned(),
        base_url: posted.text("base_url").to_owned(),
    };
    let letter = || Uuid::try_parse(posted.text("id")).map_err(|_| Fault::no_page());
    let change = |change: Changed| visit.desk.change_partner(actor, id, change);
    let paused = |paused: bool| Changed {
        paused: Some(paused),
        ..Changed::default()
    };
    let what = posted.text("do");
    let done = match what {
        "pause" => change(paused(true))
            .await
            .map(|()| "Paused: what happens meanwhile waits, on both sides"),
        "go-on" => change(paused(false))
            .await
            .map(|()| "It goes on: what waited goes now"),
        "end" => visit
            .desk
            .end_partner(actor, id)
            .await
            .map(|()| "It has ended: each desk keeps its tickets"),
        "save" => {
            let saved = Changed {
                paused: None,
                intake: Some(fields.intake.clone()).filter(|i| !i.is_empty()),
                units: Some(lines(&fields.units)),
                services: Some(lines(&fields.covered)),
                base_url: Some(fields.base_url.clone()),
            };
            change(saved).await.map(|()| "Saved")
        }
        "retry-foreign" => visit
            .desk
            .retry_foreign(actor, letter()?)
            .await
            .map(|()| "It is taken now"),
        "give-up-foreign" => visit
            .desk
            .give_up_foreign(actor, letter()?, posted.text("reason"))
            .await
            .map(|()| "It is given up"),
        _ => return Err(Fault::no_page()),
    };
    let (status, field, text) = match done {
        Ok(title) => return visit.go(&visit.path, Some(Notice::new(NoticeTone::Ok, title))),
        Err(Error::NotFound { .. }) if what.ends_with("-foreign") => {
            let title = "Somebody has looked after that already";
            return visit.go(&visit.path, Some(Notice::new(NoticeTone::Info, title)));
        }
        Err(Error::NotFound { .. }) => return Err(Fault::no_page()),
        Err(Error::Invalid { field, problem }) => {
            (StatusCode::UNPROCESSABLE_ENTITY, field, problem)
        }
        Err(Error::Conflict(why)) => (StatusCode::CONFLICT, "units".to_owned(), why),
        Err(other) => return Err(other.into()),
    };
    let mut page = page(visit, id).await?;
    let text = sentence(&text);
    if what == "save" {
        page.fields = fields;
    } else {
        page.frame.notice = Some(Notice {
            tone: NoticeTone::Bad,
            title: "Nothing was changed".to_owned(),
            text: text.clone(),
        });
    }
    page.wrong = posted.text("id").to_owned();
    page.errors = Errors::one(field, text);
    visit.page_as(status, &page)
}
