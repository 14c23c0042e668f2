//! `/admin/import`: units, services, sites and members from a file; first what
//! would happen, then the deed.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use desk::Error;
use desk::import::{Dump, Format, Kind, Plan, Verdict};

use crate::ui::assets::Asset;
use crate::ui::fault::Fault;
use crate::ui::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use crate::ui::posted::Posted;
use crate::ui::view::{Chip, Choice, Icon, Tone};
use crate::ui::visit::{Visit, sentence};

/// Rows of a plan that are shown; those that are refused always are.
const SHOWN: usize = 500;

const KINDS: [(&str, &str); 4] = [
    ("units", "Units"),
    ("services", "Services"),
    ("sites", "Sites"),
    ("members", "Members of units"),
];

/// A row of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanRow {
    /// Where it stands in the file; empty: not in it.
    pub line: String,
    /// Its key.
    pub what: String,
    /// What becomes of it.
    pub chip: Chip,
    /// The fields that change, or what is wrong.
    pub words: String,
}

/// What would happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanView {
    /// The counts in one sentence.
    pub words: String,
    /// Something is refused: nothing can be done.
    pub refused: bool,
    /// More would be retired than kept.
    pub needs_confirmation: bool,
    /// Nothing differs.
    pub nothing: bool,
    /// The rows.
    pub rows: Vec<PlanRow>,
    /// How many more there are.
    pub more: usize,
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/import.html")]
pub struct ImportPage {
    /// Around it.
    pub frame: Frame,
    /// What a file may be of.
    pub kinds: Vec<Choice>,
    /// The columns of each.
    pub columns: Vec<(String, String)>,
    /// The file is the whole list.
    pub complete: bool,
    /// The file's name.
    pub name: String,
    /// The file, to be sent again with the deed.
    pub dump: String,
    /// What would happen.
    pub plan: Option<PlanView>,
    /// What was wrong.
    pub errors: Errors,
}

fn plan_view(plan: &Plan) -> PlanView {
    let row = |line: &desk::import::Line| {
        let (chip, words) = match &line.verdict {
            Verdict::Created => (Chip::new(Tone::Ok, "New"), String::new()),
            Verdict::Changed(fields) => (Chip::new(Tone::Info, "Changed"), fields.join(", ")),
            Verdict::Same => (Chip::new(Tone::Plain, "Unchanged"), String::new()),
            Verdict::Retired => (Chip::new(Tone::Warn, "Retired or removed"), String::new()),
            Verdict::Refused { field, problem } => (
                Chip::new(Tone::Bad, "Refused"),
                sentence(&format!("{field}: {problem}")),
            ),
        };
        PlanRow {
            line: match line.line {
                0 => String::new(),
                n => n.to_string(),
            },
            what: line.what.clone(),
            chip,
            words,
        }
    };
    let telling = |l: &&desk::import::Line| l.verdict != Verdict::Same;
    let mut rows: Vec<PlanRow> = plan.lines.iter().filter(telling).map(row).collect();
    let all = rows.len();
    if plan.refused() > 0 {
        rows.sort_by_key(|r| r.chip.tone != Tone::Bad);
    }
    rows.truncate(SHOWN);
    PlanView {
        words: sentence(&plan.words()),
        refused: plan.refused() > 0,
        needs_confirmation: plan.needs_confirmation,
        nothing: all == 0,
        more: all - rows.len(),
        rows,
    }
}

/// `GET /admin/import`.
pub async fn show(visit: Visit) -> Response {
    let result = async {
        let page = page(&visit, visit.query("kind")).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

async fn page(visit: &Visit, kind: &str) -> Result<ImportPage, Fault> {
    visit.admin()?;
    Ok(ImportPage {
        frame: visit.frame(Room::Staff, Here::Admin).await?,
        kinds: Choice::list(KINDS, if kind.is_empty() { "units" } else { kind }),
        columns: Kind::ALL
            .into_iter()
            .zip(KINDS)
            .map(|(kind, (_, name))| (name.to_owned(), kind.columns().join(", ")))
            .collect(),
        complete: false,
        name: String::new(),
        dump: String::new(),
        plan: None,
        errors: Errors::default(),
    })
}

/// `POST /admin/import`: looks first, or does it.
pub async fn act(posted: Posted) -> Response {
    let mut posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = take(&mut posted).await;
    posted.visit.close(result).await
}

async fn take(posted: &mut Posted) -> Result<Response, Fault> {
    let file = posted.files.pop();
    let visit = &posted.visit;
    let actor = visit.admin()?.clone();
    let word = posted.text("kind").to_owned();
    let mut page = page(visit, &word).await?;
    page.complete = posted.has("complete");
    let typed = posted.body("text");
    let (name, bytes) = match file {
        Some(file) => (file.name, file.bytes),
        None if !typed.trim().is_empty() => (String::new(), typed.into_bytes()),
        None => (
            posted.text("name").to_owned(),
            STANDARD.decode(posted.text("dump")).unwrap_or_default(),
        ),
    };
    let Some(kind) = Kind::parse(&word) else {
        page.errors = Errors::one("kind", "Choose what the file is of.");
        return visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page);
    };
    if bytes.is_empty() {
        page.errors = Errors::one("file", "Choose a file, or paste its text.");
        return visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    page.dump = STANDARD.encode(&bytes);
    page.name.clone_from(&name);
    let dump = Dump {
        kind,
        format: Format::of(&name, &bytes),
        bytes,
        complete: page.complete,
        confirmed: posted.has("confirmed"),
        dry_run: posted.text("do") != "import",
    };
    match visit.desk.import(&actor, dump).await {
        Ok(plan) if plan.done => {
            let notice = Notice {
                tone: NoticeTone::Ok,
                title: "Imported".to_owned(),
                text: sentence(&plan.words()),
            };
            visit.go("/admin/import", Some(notice))
        }
        Ok(plan) => {
            let view = plan_view(&plan);
            let status = if view.refused {
                StatusCode::UNPROCESSABLE_ENTITY
            } else {
                StatusCode::OK
            };
            page.plan = Some(view);
            visit.page_as(status, &page)
        }
        Err(Error::Invalid { problem, .. }) => {
            page.dump = String::new();
            page.errors = Errors::one("file", sentence(&format!("the file {problem}")));
            visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(other) => Err(other.into()),
    }
}
