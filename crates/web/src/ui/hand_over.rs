//! `/hand-overs/{id}`: what is handed over at the end of a shift.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Error;
use desk::rota::NamedTicket;
use store::rota::Open;
use uuid::Uuid;

use super::assets::Asset;
use super::fault::Fault;
use super::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use super::posted::Posted;
use super::rota::chip;
use super::time::Dial;
use super::view::{Chip, Icon, PrioMark, StatusMark, TimeMark, Tone};
use super::visit::{Visit, encode, sentence};

/// A ticket that is handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandedRow {
    /// Its number.
    pub number: i64,
    /// Its subject; empty: the reader may not see it any more.
    pub subject: String,
    /// How it stands now.
    pub marks: Option<(PrioMark, StatusMark)>,
    /// Who owns it now; empty: nobody.
    pub owner: String,
    /// Why it is named.
    pub why: Vec<Chip>,
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "hand_over.html")]
pub struct HandOverPage {
    /// Around it.
    pub frame: Frame,
    /// The unit.
    pub unit: String,
    /// The page of its rota.
    pub rota_href: String,
    /// Where forms go.
    pub action: String,
    /// Who was on duty.
    pub from: String,
    /// Who is from then on.
    pub to: String,
    /// When the shift began.
    pub begun: TimeMark,
    /// When it ended.
    pub at: TimeMark,
    /// How it stands.
    pub chip: Chip,
    /// When it was confirmed.
    pub confirmed: Option<TimeMark>,
    /// When the responsibles were told that it was not.
    pub missed: Option<TimeMark>,
    /// What was written.
    pub note: String,
    /// What was open then.
    pub tickets: Vec<HandedRow>,
    /// The reader may write.
    pub may_write: bool,
    /// The reader may confirm.
    pub may_confirm: bool,
    /// What was wrong.
    pub errors: Errors,
}

fn why(open: Open) -> Chip {
    match open {
        Open::Nobodys => Chip::new(Tone::Info, "nobody’s"),
        Open::Overdue => Chip::new(Tone::Bad, "overdue"),
        Open::Outgoing => Chip::new(Tone::Turn, "was theirs"),
        Open::AtPartner => Chip::new(Tone::External, "at a partner, no look for a week"),
    }
}

fn row(one: NamedTicket) -> HandedRow {
    let item = one.item;
    HandedRow {
        number: one.named.number.0,
        marks: item
            .as_ref()
            .map(|i| (PrioMark::of(i.priority), StatusMark::of(i.status))),
        owner: item
            .as_ref()
            .and_then(|i| i.owner_name.clone())
            .unwrap_or_default(),
        subject: item.map_or_else(String::new, |i| i.subject),
        why: one.named.why.into_iter().map(why).collect(),
    }
}

fn id_of(text: &str) -> Result<Uuid, Fault> {
    Uuid::try_parse(text).map_err(|_| Fault::no_page())
}

async fn page(visit: &Visit, id: Uuid) -> Result<HandOverPage, Fault> {
    let actor = visit.staff()?;
    let view = visit.desk.hand_over(actor, id).await?;
    let catalogue = visit.desk.catalogue().await?;
    let unit = catalogue.unit(view.kept.unit).ok_or_else(Fault::no_page)?;
    let dial = Dial::in_zone(visit.dial.now, unit.doc.time_zone.trim());
    Ok(HandOverPage {
        frame: visit.frame(Room::Staff, Here::Units).await?,
        unit: unit.name.clone(),
        rota_href: format!("/units/{}/rota", encode(&unit.key)),
        action: format!("/hand-overs/{id}"),
        begun: dial.day_time(view.kept.begun_at),
        at: dial.day_time(view.kept.at),
        chip: chip(&view),
        confirmed: view.kept.confirmed_at.map(|at| dial.day_time(at)),
        missed: view.kept.missed_at.map(|at| dial.day_time(at)),
        note: view.kept.note,
        from: view.outgoing.name,
        to: view.incoming.name,
        tickets: view.tickets.into_iter().map(row).collect(),
        may_write: view.may_write,
        may_confirm: view.may_confirm,
        errors: Errors::default(),
    })
}

/// `GET /hand-overs/{id}`.
pub async fn show(visit: Visit, Path(id): Path<String>) -> Response {
    let result = async { visit.page(&page(&visit, id_of(&id)?).await?) }.await;
    visit.close(result).await
}

/// `POST /hand-overs/{id}`: `do` is `confirm` or `note`.
pub async fn act(Path(id): Path<String>, posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = async {
        let visit = &posted.visit;
        let (id, actor) = (id_of(&id)?, visit.staff()?);
        let typed = posted.body("note");
        let done = match posted.text("do") {
            "confirm" => visit.desk.confirm_hand_over(actor, id).await,
            "note" => visit.desk.write_hand_over(actor, id, &typed).await,
            _ => return Err(Fault::no_page()),
        };
        match done {
            Ok(view) => {
                let said = match view.kept.confirmed_at {
                    Some(_) if posted.text("do") == "confirm" => "Confirmed: it is yours now",
                    _ => "Kept",
                };
                let said = Notice::new(NoticeTone::Ok, said);
                visit.go(&format!("/hand-overs/{id}"), Some(said))
            }
            Err(Error::Invalid { field, problem }) => {
                let mut page = page(visit, id).await?;
                page.note = typed;
                page.errors = Errors::one(field, sentence(&problem));
                visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
            }
            Err(other) => Err(other.into()),
        }
    }
    .await;
    posted.visit.close(result).await
}
