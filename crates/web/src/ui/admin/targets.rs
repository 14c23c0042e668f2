//! `/admin/targets`: what units promise, by quality of support, clock and priority.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use desk::{Catalogue, Error};
use switchboard_core::target::{Promise, Quality};
use switchboard_core::{Priority, TargetKind, TargetSet, Turn, Within};

use crate::ui::assets::Asset;
use crate::ui::fault::Fault;
use crate::ui::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use crate::ui::posted::Posted;
use crate::ui::view::{Choice, Icon};
use crate::ui::visit::{Visit, sentence};

const HERE: &str = "/admin/targets";
/// Qualities that are read from a form; more than there may be.
const MOST: usize = 60;

/// A target in the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellForm {
    /// The field's name.
    pub name: String,
    /// The priority.
    pub priority: &'static str,
    /// What stands in it.
    pub value: String,
}

/// A clock in the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockForm {
    /// What its fields' names begin with.
    pub prefix: String,
    /// What people read.
    pub title: &'static str,
    /// One for each priority.
    pub cells: Vec<CellForm>,
    /// It stands still while it is the requester's turn.
    pub requester: bool,
    /// It stands still while it is a partner's.
    pub partner: bool,
}

/// A quality in the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QualityForm {
    /// What its fields' names begin with.
    pub prefix: String,
    /// Its key, which stays.
    pub key: String,
    /// Its name.
    pub title: String,
    /// The name of the field with its name.
    pub title_name: String,
    /// Which units have it, in words.
    pub units: String,
    /// Units have it, or it is the usual one: it can not go.
    pub stays: bool,
    /// It is to go.
    pub gone: bool,
    /// The clocks.
    pub clocks: Vec<ClockForm>,
}

/// What stands in the fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetsForm {
    /// Which quality a unit has that did not say.
    pub usual: Vec<Choice>,
    /// All of them.
    pub qualities: Vec<QualityForm>,
    /// The key of one that is to come.
    pub new_key: String,
    /// Its name.
    pub new_title: String,
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/targets.html")]
pub struct TargetsPage {
    /// Around it.
    pub frame: Frame,
    /// The fields.
    pub form: TargetsForm,
    /// What was wrong.
    pub errors: Errors,
}

fn clock_form(prefix: String, kind: TargetKind, promise: &Promise) -> ClockForm {
    let cells = Priority::ALL.map(|priority| CellForm {
        name: format!("{prefix}.{}", priority.key()),
        priority: priority.label(),
        value: promise
            .within(priority)
            .map_or_else(String::new, |w| w.to_string()),
    });
    ClockForm {
        title: kind.label(),
        cells: cells.to_vec(),
        requester: promise.leave_out.contains(&Turn::Requester),
        partner: promise.leave_out.contains(&Turn::Partner),
        prefix,
    }
}

/// Which units have a quality, in words.
fn units_of(catalogue: &Catalogue, key: &str) -> (String, bool) {
    let count = catalogue.units.iter().filter(|u| u.doc.qos == key).count();
    let words = match count {
        0 => "no unit has it".to_owned(),
        1 => "1 unit has it".to_owned(),
        n => format!("{n} units have it"),
    };
    (words, count > 0)
}

impl TargetsForm {
    fn of(set: &TargetSet, catalogue: &Catalogue) -> TargetsForm {
        let qualities = set.qualities.iter().enumerate().map(|(n, quality)| {
            let prefix = format!("q{n}");
            let (units, used) = units_of(catalogue, &quality.key);
            let clock = |kind: TargetKind| {
                let prefix = format!("{prefix}.{}", kind.key());
                clock_form(prefix, kind, quality.promise(kind))
            };
            QualityForm {
                key: quality.key.clone(),
                title: quality.title.clone(),
                title_name: format!("{prefix}.title"),
                units,
                stays: used || quality.key == set.usual,
                gone: false,
                clocks: TargetKind::ALL.map(clock).to_vec(),
                prefix,
            }
        });
        let names = set.qualities.iter().map(|q| (&q.key[..], &q.title[..]));
        TargetsForm {
            usual: Choice::list(names, &set.usual),
            qualities: qualities.collect(),
            new_key: String::new(),
            new_title: String::new(),
        }
    }

    /// What was typed, whether or not it makes sense.
    fn typed(posted: &Posted, catalogue: &Catalogue) -> TargetsForm {
        let text = |field: &str| posted.text(field).trim().to_owned();
        let usual = text("usual");
        let mut qualities = Vec::new();
        for n in 0..MOST {
            let prefix = format!("q{n}");
            let key = text(&format!("{prefix}.key"));
            if key.is_empty() {
                break;
            }
            let (units, used) = units_of(catalogue, &key);
            let clock = |kind: TargetKind| {
                let prefix = format!("{prefix}.{}", kind.key());
                let cells = Priority::ALL.map(|priority| {
                    let name = format!("{prefix}.{}", priority.key());
                    CellForm {
                        value: text(&name),
                        priority: priority.label(),
                        name,
                    }
                });
                ClockForm {
                    title: kind.label(),
                    cells: cells.to_vec(),
                    requester: posted.has(&format!("{prefix}.requester")),
                    partner: posted.has(&format!("{prefix}.partner")),
                    prefix,
                }
            };
            qualities.push(QualityForm {
                title: text(&format!("{prefix}.title")),
                title_name: format!("{prefix}.title"),
                units,
                stays: used || key == usual,
                gone: posted.has(&format!("{prefix}.gone")),
                clocks: TargetKind::ALL.map(clock).to_vec(),
                key,
                prefix,
            });
        }
        let names = qualities.iter().map(|q| (&q.key[..], &q.title[..]));
        TargetsForm {
            usual: Choice::list(names, &usual),
            new_key: text("new.key"),
            new_title: text("new.title"),
            qualities,
        }
    }

    /// The targets that were typed, and what is wrong with them.
    fn targets(&self) -> Result<TargetSet, Errors> {
        let mut errors = Errors::default();
        let mut qualities = Vec::new();
        for form in self.qualities.iter().filter(|q| !q.gone) {
            let mut promises = BTreeMap::new();
            for (kind, clock) in TargetKind::ALL.into_iter().zip(&form.clocks) {
                let mut within = [None; 4];
                for (place, cell) in within.iter_mut().zip(&clock.cells) {
                    if cell.value.is_empty() {
                        continue;
                    }
                    match cell.value.parse::<Within>() {
                        Ok(value) => *place = Some(value),
                        Err(problem) => errors.add(cell.name.clone(), sentence(&problem)),
                    }
                }
                let [low, medium, high, top] = within;
                let mut leave_out = BTreeSet::new();
                leave_out.extend(clock.requester.then_some(Turn::Requester));
                leave_out.extend(clock.partner.then_some(Turn::Partner));
                let promise = Promise {
                    low,
                    medium,
                    high,
                    top,
                    leave_out,
                };
                promises.insert(kind, promise);
            }
            qualities.push(Quality {
                key: form.key.clone(),
                title: form.title.clone(),
                promises,
            });
        }
        let usual = self.usual.iter().find(|c| c.chosen);
        let usual = usual.map_or_else(String::new, |c| c.value.clone());
        if !self.new_key.is_empty() || !self.new_title.is_empty() {
            let like = qualities.iter().find(|q| q.key == usual);
            let promises = like.map(|q| q.promises.clone()).unwrap_or_default();
            qualities.push(Quality {
                key: self.new_key.clone(),
                title: self.new_title.clone(),
                promises,
            });
        }
        if errors.is_empty() {
            Ok(TargetSet { usual, qualities })
        } else {
            Err(errors)
        }
    }

    /// The field of this form that a refusal of the rules is about.
    fn field(&self, field: &str, problem: &str) -> String {
        match field {
            "key" => "new.key".to_owned(),
            "title" => {
                let bare = self.qualities.iter().find(|q| {
                    !q.gone && (q.title.is_empty() || problem.starts_with(&format!("{} ", q.key)))
                });
                bare.map_or("new.title".to_owned(), |q| q.title_name.clone())
            }
            other => other.to_owned(),
        }
    }
}

/// `GET /admin/targets`.
pub async fn show(visit: Visit) -> Response {
    let result = async {
        visit.admin()?;
        let catalogue = visit.desk.catalogue().await?;
        let form = TargetsForm::of(&catalogue.targets, &catalogue);
        page(&visit, form, Errors::default()).await
    }
    .await;
    visit.close(result).await
}

async fn page(visit: &Visit, form: TargetsForm, errors: Errors) -> Result<Response, Fault> {
    let status = match errors.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let page = TargetsPage {
        frame: visit.frame(Room::Staff, Here::Admin).await?,
        form,
        errors,
    };
    visit.page_as(status, &page)
}

/// `POST /admin/targets`.
pub async fn save(posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = act(&posted).await;
    posted.visit.close(result).await
}

async fn act(posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    visit.admin()?;
    let catalogue = visit.desk.catalogue().await?;
    let form = TargetsForm::typed(posted, &catalogue);
    let targets = match form.targets() {
        Ok(targets) => targets,
        Err(errors) => return page(visit, form, errors).await,
    };
    match visit.desk.set_targets(&visit.looker(), targets).await {
        Ok(_) => {
            let notice = Notice::new(
                NoticeTone::Ok,
                "Saved; what runs is due by it within half a minute",
            );
            visit.go(HERE, Some(notice))
        }
        Err(Error::Invalid { field, problem }) => {
            let field = form.field(&field, &problem);
            page(visit, form, Errors::one(field, sentence(&problem))).await
        }
        Err(other) => Err(other.into()),
    }
}
