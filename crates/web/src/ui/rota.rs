//! `/units/{key}/rota`: who is on duty in a unit now and next, who stands in, and the plan.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Error;
use desk::rota::{ASK_HOURS, CONFIRM_HOURS, HandOverView, OnDuty, RotaEdit, RotaView, clock};
use jiff::tz::TimeZone;
use switchboard_core::rota::Shift;
use switchboard_core::{Actor, PersonId};
use uuid::Uuid;

use super::assets::Asset;
use super::fault::Fault;
use super::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use super::posted::Posted;
use super::time::{Dial, local_value, parse_local};
use super::unit_edit::QUICKER;
use super::view::{Chip, Choice, Icon, TimeMark, Tone};
use super::visit::{Visit, encode, sentence};

/// More places than people, so that somebody can be there twice.
const SPARE_PLACES: usize = 2;
/// Hand-overs that the page lists.
const LISTED: i64 = 10;

/// Who is on duty, in a line; on the unit's page and on first level's board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DutyLine {
    /// The unit.
    pub unit: String,
    /// The page with all of it.
    pub href: String,
    /// Who; empty: nobody.
    pub name: String,
    /// The reader is.
    pub you: bool,
    /// Until when.
    pub until: Option<TimeMark>,
    /// Who comes then; empty: nobody is planned.
    pub next: String,
}

impl DutyLine {
    /// What a page says of a rota; `None`: the unit has none.
    pub fn of(
        view: &RotaView,
        name: &str,
        key: &str,
        actor: &Actor,
        dial: &Dial,
    ) -> Option<DutyLine> {
        view.set.as_ref()?;
        let dial = in_zone(view, dial);
        // Several turns of one person are one stretch.
        let until = match (&view.now, &view.next) {
            (Some(_), Some(next)) => Some(next.from),
            _ => None,
        };
        Some(DutyLine {
            unit: name.to_owned(),
            href: format!("/units/{}/rota", encode(key)),
            name: view
                .now
                .map_or_else(String::new, |s| view.name(s.person).to_owned()),
            you: view.now.is_some_and(|s| Some(s.person) == actor.person),
            until: until.map(|at| dial.day_time(at)),
            next: view
                .next
                .map_or_else(String::new, |s| view.name(s.person).to_owned()),
        })
    }
}

/// A shift ahead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShiftRow {
    /// Who.
    pub name: String,
    /// It is now.
    pub now: bool,
    /// Since when.
    pub from: TimeMark,
    /// Until when.
    pub until: TimeMark,
    /// In whose place; empty: it is their turn.
    pub instead_of: String,
    /// Who can take it, where the reader may say so: begin and end as a form has them.
    pub swap: Option<(String, String)>,
    /// What takes it back that somebody stands in, where the reader may.
    pub stand_in: Option<Uuid>,
}

/// What was handed over, in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandOverRow {
    /// Its page.
    pub href: String,
    /// When.
    pub at: TimeMark,
    /// From whom.
    pub from: String,
    /// To whom.
    pub to: String,
    /// How it stands.
    pub chip: Chip,
}

/// The form of the plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanForm {
    /// Its version.
    pub version: String,
    /// The day on which the first begins.
    pub first: String,
    /// When turns begin.
    pub at: String,
    /// How long one is.
    pub days: Vec<Choice>,
    /// Who, in turn: each place with all who can have it.
    pub places: Vec<Vec<Choice>>,
    /// Who is on duty hears alone.
    pub alone: bool,
    /// Hours.
    pub ask_hours: String,
    /// Hours.
    pub confirm_hours: String,
}

/// Who stands in, as it is typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SwapForm {
    /// Since when.
    pub from: String,
    /// Until when.
    pub until: String,
    /// Who.
    pub people: Vec<Choice>,
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "rota.html")]
pub struct RotaPage {
    /// Around it.
    pub frame: Frame,
    /// The unit.
    pub unit: String,
    /// Its page.
    pub unit_href: String,
    /// Where forms go.
    pub action: String,
    /// "Europe/Berlin".
    pub zone: String,
    /// Who is on duty; `None`: the unit has no rota.
    pub line: Option<DutyLine>,
    /// What the reader, who is on duty, has written.
    pub note: Option<String>,
    /// The shifts ahead.
    pub shifts: Vec<ShiftRow>,
    /// Members, for those who may say who stands in.
    pub members: Vec<Choice>,
    /// What was handed over; `None`: it is not for the reader.
    pub hand_overs: Option<Vec<HandOverRow>>,
    /// The plan, for those who may plan.
    pub plan: Option<PlanForm>,
    /// Plans that begin later, in words.
    pub later: Vec<String>,
    /// Any stretch for which somebody stands in, for those who may plan.
    pub swap: Option<SwapForm>,
    /// What was wrong.
    pub errors: Errors,
}

/// The page's dial, in the unit's zone.
pub(super) fn in_zone(view: &RotaView, dial: &Dial) -> Dial {
    Dial::in_zone(dial.now, zone_of(view))
}

fn zone_of(view: &RotaView) -> &str {
    match view.zone.trim() {
        "" => "UTC",
        zone => zone,
    }
}

/// How a hand-over stands.
pub(super) fn chip(view: &HandOverView) -> Chip {
    let kept = &view.kept;
    match (kept.confirmed_at, kept.missed_at) {
        (Some(_), _) => Chip::new(Tone::Ok, "Confirmed"),
        (None, Some(_)) => Chip::new(Tone::Bad, "Not confirmed"),
        (None, None) => Chip::new(Tone::Warn, "Waits to be confirmed"),
    }
}

/// A member as the value of a form: their address.
fn people(members: &[OnDuty], chosen: Option<PersonId>) -> Vec<Choice> {
    members
        .iter()
        .filter_map(|m| {
            let email = m.email.clone()?;
            Some(Choice {
                chosen: Some(m.id) == chosen,
                ..Choice::new(email, m.name.clone())
            })
        })
        .collect()
}

fn places(view: &RotaView, chosen: &[Option<PersonId>]) -> Vec<Vec<Choice>> {
    let count = (view.members.len() + SPARE_PLACES)
        .max(chosen.len() + 1)
        .min(50);
    (0..count)
        .map(|place| {
            let chosen = chosen.get(place).copied().flatten();
            let mut all = vec![Choice::new("", "–")];
            all.extend(people(&view.members, chosen));
            all
        })
        .collect()
}

fn days(chosen: u16) -> Vec<Choice> {
    let odd = format!("{chosen} days");
    let mut all: Vec<(u16, &str)> = vec![
        (1, "A day"),
        (7, "A week"),
        (14, "Two weeks"),
        (28, "Four weeks"),
    ];
    if !all.iter().any(|(days, _)| *days == chosen) {
        all.push((chosen, odd.as_str()));
    }
    all.into_iter()
        .map(|(days, label)| Choice {
            chosen: days == chosen,
            ..Choice::new(days.to_string(), label)
        })
        .collect()
}

fn plan_form(view: &RotaView, dial: &Dial) -> PlanForm {
    let plan = view.plans.first();
    let set = view.set.as_ref();
    let chosen: Vec<Option<PersonId>> = plan
        .map(|p| p.people.iter().copied().map(Some).collect())
        .unwrap_or_default();
    PlanForm {
        version: set.map_or(0, |s| s.version).to_string(),
        first: plan.map_or_else(|| dial.date(), |p| p.first.to_string()),
        at: plan.map_or_else(|| "09:00".to_owned(), |p| clock(p.minute)),
        days: days(plan.map_or(7, |p| p.days)),
        places: places(view, &chosen),
        alone: set.is_none_or(|s| s.alone),
        ask_hours: set.map_or(ASK_HOURS, |s| s.ask_hours).to_string(),
        confirm_hours: set.map_or(CONFIRM_HOURS, |s| s.confirm_hours).to_string(),
    }
}

fn shift_row(
    view: &RotaView,
    shift: &Shift,
    actor: &Actor,
    dial: &Dial,
    zone: &TimeZone,
) -> ShiftRow {
    let theirs = Some(shift.person) == actor.person;
    let stand_in = shift.swap.and_then(|i| view.swaps.get(i));
    let may_take_back = |by: Option<PersonId>| view.may_plan || theirs || by == actor.person;
    let instead_of = shift.planned.filter(|p| *p != shift.person);
    ShiftRow {
        name: view.name(shift.person).to_owned(),
        now: shift.from <= dial.now,
        from: dial.day_time(shift.from),
        until: dial.day_time(shift.until),
        instead_of: instead_of.map_or_else(String::new, |p| view.name(p).to_owned()),
        swap: (view.may_plan || theirs).then(|| {
            let from = shift.from.max(dial.now);
            (local_value(from, zone), local_value(shift.until, zone))
        }),
        stand_in: stand_in.filter(|s| may_take_back(s.made_by)).map(|s| s.id),
    }
}

async fn page(visit: &Visit, key: &str) -> Result<RotaPage, Fault> {
    let actor = visit.staff()?;
    let catalogue = visit.desk.catalogue().await?;
    let view = visit.desk.rota(actor, key).await?;
    let unit = catalogue.unit(view.unit).ok_or_else(Fault::no_page)?;
    let dial = in_zone(&view, &visit.dial);
    let zone = dial.zone.clone();
    let inside = actor.admin || actor.in_unit(unit.id).is_some();
    let hand_overs = match inside {
        true => Some(visit.desk.hand_overs(actor, key, None, LISTED).await?),
        false => None,
    };
    let unit_href = format!("/units/{}", encode(&unit.key));
    let set_up = view.set.is_some();
    Ok(RotaPage {
        frame: visit.frame(Room::Staff, Here::Units).await?,
        unit: unit.name.clone(),
        action: format!("{unit_href}/rota"),
        unit_href,
        zone: zone_of(&view).to_owned(),
        line: DutyLine::of(&view, &unit.name, &unit.key, actor, &visit.dial),
        note: view.note.clone(),
        shifts: view
            .shifts
            .iter()
            .map(|s| shift_row(&view, s, actor, &dial, &zone))
            .collect(),
        members: people(&view.members, None),
        hand_overs: hand_overs.map(|all| {
            all.into_iter()
                .map(|h| HandOverRow {
                    href: format!("/hand-overs/{}", h.kept.id),
                    at: dial.day_time(h.kept.at),
                    chip: chip(&h),
                    from: h.outgoing.name,
                    to: h.incoming.name,
                })
                .collect()
        }),
        later: view
            .plans
            .iter()
            .skip(1)
            .map(|p| {
                let names: Vec<&str> = p.people.iter().map(|id| view.name(*id)).collect();
                match names.is_empty() {
                    true => format!("From {}: nobody is on duty.", p.first),
                    false => format!("From {}: {}.", p.first, names.join(", ")),
                }
            })
            .collect(),
        plan: view.may_plan.then(|| plan_form(&view, &dial)),
        swap: (view.may_plan && set_up).then(|| SwapForm {
            people: people(&view.members, None),
            ..SwapForm::default()
        }),
        errors: Errors::default(),
    })
}

/// `GET /units/{key}/rota`.
pub async fn show(visit: Visit, Path(key): Path<String>) -> Response {
    let result = async { visit.page(&page(&visit, &key).await?) }.await;
    visit.close(result).await
}

/// `POST /units/{key}/rota`: `do` is `save`, `end`, `stand-in` or `take-back`.
pub async fn act(Path(key): Path<String>, posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = deed(&posted, &key).await;
    posted.visit.close(result).await
}

/// `POST /units/{key}/rota/note`: what who is on duty writes for who comes after them.
pub async fn note(Path(key): Path<String>, posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = async {
        let visit = &posted.visit;
        let typed = posted.body("note");
        match visit
            .desk
            .write_duty_note(visit.staff()?, &key, &typed)
            .await
        {
            Ok(_) => {
                let said = Notice::new(
                    NoticeTone::Ok,
                    "Kept; it is handed over when your shift ends",
                );
                visit.go(&format!("/units/{}/rota", encode(&key)), Some(said))
            }
            Err(Error::Invalid { field, problem }) => {
                let mut page = page(visit, &key).await?;
                page.note = Some(typed);
                page.errors = Errors::one(field, sentence(&problem));
                visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
            }
            Err(other) => Err(other.into()),
        }
    }
    .await;
    posted.visit.close(result).await
}

async fn deed(posted: &Posted, key: &str) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = visit.staff()?;
    let desk = &visit.desk;
    let done = match posted.text("do") {
        "save" => {
            let edit = edit(posted);
            let expected = posted.text("version").parse().ok();
            match edit {
                Ok(edit) => desk.put_rota(actor, key, expected, edit).await,
                Err(wrong) => Err(wrong),
            }
            .map(|_| "The rota is kept")
        }
        "end" => desk
            .end_rota(actor, key)
            .await
            .map(|()| "Nobody is on duty any more"),
        "stand-in" => stand_in(visit, posted, actor, key)
            .await
            .map(|_| "It is kept, and both are told by mail"),
        "take-back" => {
            let id = Uuid::try_parse(posted.text("id")).map_err(|_| Fault::no_page())?;
            desk.take_back_stand_in(actor, key, id)
                .await
                .map(|_| "Taken back: it is whose turn it is")
        }
        _ => return Err(Fault::no_page()),
    };
    let (errors, stale) = match done {
        Ok(said) => {
            let to = format!("/units/{}/rota", encode(key));
            return visit.go(&to, Some(Notice::new(NoticeTone::Ok, said)));
        }
        Err(Error::Invalid { field, problem }) => (Errors::one(field, sentence(&problem)), None),
        Err(Error::Stale { current }) => (Errors::one("first", QUICKER), Some(current)),
        Err(Error::Conflict(why)) => (Errors::one("until", sentence(&why)), None),
        Err(other) => return Err(other.into()),
    };
    let mut page = page(visit, key).await?;
    typed(&mut page, posted, stale);
    page.errors = errors;
    visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

fn edit(posted: &Posted) -> Result<RotaEdit, Error> {
    let whole = |field: &str| -> Result<i64, Error> {
        let typed = posted.text(field).parse();
        typed.map_err(|_| Error::invalid(field, "takes a whole number"))
    };
    let first = posted.text("first").parse();
    Ok(RotaEdit {
        first: first.map_err(|_| Error::invalid("first", "is a day, as 2026-03-30"))?,
        minute: desk::rota::minute_of("at", posted.text("at"))?,
        days: u16::try_from(whole("days")?).unwrap_or(u16::MAX),
        people: posted
            .all("people")
            .filter(|one| !one.is_empty())
            .map(str::to_owned)
            .collect(),
        alone: posted.text("alone") != "no",
        ask_hours: whole("ask_hours")?,
        confirm_hours: whole("confirm_hours")?,
    })
}

async fn stand_in(
    visit: &Visit,
    posted: &Posted,
    actor: &Actor,
    key: &str,
) -> Result<RotaView, Error> {
    let view = visit.desk.rota(actor, key).await?;
    let zone = in_zone(&view, &visit.dial).zone;
    let at = |field: &str| {
        parse_local(posted.text(field), &zone)
            .ok_or_else(|| Error::invalid(field, "is a day and a time"))
    };
    let person = posted.text("person");
    if person.is_empty() {
        return Err(Error::invalid("person", "say who"));
    }
    let span = (at("from")?, at("until")?);
    visit.desk.stand_in(actor, key, span, person).await
}

/// What was typed stays.
fn typed(page: &mut RotaPage, posted: &Posted, stale: Option<i64>) {
    let choose = |all: &mut Vec<Choice>, value: &str| {
        for one in all {
            one.chosen = one.value == value;
        }
    };
    match (posted.text("do"), &mut page.plan, &mut page.swap) {
        ("save", Some(plan), _) => {
            let text = |field: &str| posted.text(field).to_owned();
            plan.version = stale.map_or_else(|| text("version"), |v| v.to_string());
            (plan.first, plan.at) = (text("first"), text("at"));
            (plan.ask_hours, plan.confirm_hours) = (text("ask_hours"), text("confirm_hours"));
            plan.alone = posted.text("alone") != "no";
            choose(&mut plan.days, posted.text("days"));
            for (place, value) in plan.places.iter_mut().zip(posted.all("people")) {
                choose(place, value);
            }
        }
        ("stand-in", _, Some(swap)) => {
            swap.from = posted.text("from").to_owned();
            swap.until = posted.text("until").to_owned();
            choose(&mut swap.people, posted.text("person"));
        }
        _ => {}
    }
}
