//! `/admin/rules`: what is done with tickets by itself, in which order, what each rule
//! would touch, and what it did.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Error;
use desk::rule::{Draft, Overview, Preview};
use store::rule::{Run, Verdict};
use switchboard_core::TicketNumber;
use switchboard_core::rule::{Field, Measure, On};

use crate::ui::assets::Asset;
use crate::ui::deeds::{self, DeedFields};
use crate::ui::fault::Fault;
use crate::ui::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use crate::ui::posted::Posted;
use crate::ui::time::Dial;
use crate::ui::unit_edit::QUICKER;
use crate::ui::view::{Chip, Choice, Icon, Lamp, TimeMark, Tone};
use crate::ui::visit::{Visit, sentence};

/// Rows of a log that are shown.
const SHOWN: i64 = 50;

/// A rule in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleRow {
    /// Its number.
    pub number: i64,
    /// How people call it.
    pub title: String,
    /// When, for what, and what it does, in a few words.
    pub about: String,
    /// How it stands.
    pub lamp: Lamp,
    /// How often it acted in the last seven days.
    pub acted: i64,
    /// How often it was refused or stopped then.
    pub failed: i64,
    /// When it last acted.
    pub last: Option<TimeMark>,
    /// Why the desk paused it.
    pub why: Option<String>,
    /// It is the first.
    pub first: bool,
    /// It is the last.
    pub lowest: bool,
}

impl RuleRow {
    fn of(one: &Overview, dial: &Dial) -> RuleRow {
        RuleRow {
            number: one.rule.number,
            title: one.rule.written.title.clone(),
            about: about(one),
            lamp: lamp(one),
            acted: one.sums.acted,
            failed: one.sums.refused + one.sums.stopped,
            last: one.sums.last.map(|at| dial.ago(at)),
            why: one.rule.why.clone(),
            first: false,
            lowest: false,
        }
    }
}

fn lamp(one: &Overview) -> Lamp {
    let (state, words) = match (one.rule.active, &one.rule.why) {
        (false, Some(_)) => ("down", "Paused by the desk"),
        (false, None) => ("off", "Paused"),
        (true, _) if one.sums.refused > 0 => ("degraded", "Was refused"),
        (true, _) => ("", "Acts"),
    };
    Lamp {
        state,
        words: words.to_owned(),
    }
}

fn about(one: &Overview) -> String {
    let w = &one.rule.written;
    let does = deeds::words(&one.draft.then);
    let only = match w.only.as_str() {
        "" => "every ticket",
        only => only,
    };
    format!("{}; {only}: {}", w.when.words(), does.join(", "))
}

/// The list.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/rules.html")]
pub struct RulesPage {
    /// Around it.
    pub frame: Frame,
    /// They, in their order.
    pub rows: Vec<RuleRow>,
    /// What they did lately.
    pub runs: Vec<RunRow>,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// When.
    pub at: TimeMark,
    /// The rule's number.
    pub rule: i64,
    /// The ticket.
    pub ticket: i64,
    /// What came of it.
    pub chip: Chip,
    /// What it did, or why not.
    pub words: String,
    /// What set it off, and from which rules that follows.
    pub because: String,
}

impl RunRow {
    fn of(run: &Run, dial: &Dial) -> RunRow {
        let chip = match run.verdict {
            Verdict::Acted => Chip::with_icon(Tone::Ok, "check", "Acted"),
            Verdict::Refused => Chip::with_icon(Tone::Bad, "warn", "Refused"),
            Verdict::Stopped => Chip::with_icon(Tone::Warn, "clock", "Stopped"),
        };
        let mut because = run.why.clone();
        if run.chain.len() > 1 {
            let before: Vec<String> = run.chain[..run.chain.len() - 1]
                .iter()
                .map(i64::to_string)
                .collect();
            because.push_str(&format!(" (after rule {})", before.join(", ")));
        }
        RunRow {
            at: dial.ago(run.at),
            rule: run.rule,
            ticket: run.ticket.0,
            chip,
            words: match run.did.is_empty() {
                true => "Nothing".to_owned(),
                false => sentence(&run.did.replace('\n', ", ")),
            },
            because: sentence(&because),
        }
    }
}

/// What a rule's form holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleFields {
    /// The version that is shown.
    pub version: String,
    /// How people call it.
    pub title: String,
    /// What sets it off.
    pub on: Vec<Choice>,
    /// Which fields.
    pub fields: Vec<Choice>,
    /// How long: how many.
    pub count: String,
    /// How long: of what.
    pub of: Vec<Choice>,
    /// A query.
    pub only: String,
    /// Units to mail.
    pub mail_units: Vec<Choice>,
    /// What it does.
    pub deeds: DeedFields,
    /// What had its time already, too.
    pub catch_up: bool,
    /// It acts.
    pub active: bool,
}

impl RuleFields {
    /// Whether it looks at some fields only.
    pub fn picks(&self) -> bool {
        self.fields.iter().any(|f| f.chosen)
    }
}

/// A ticket that a rule would touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TouchedRow {
    /// Its number.
    pub number: i64,
    /// Its subject.
    pub subject: String,
    /// Its status.
    pub status: &'static str,
    /// Its unit.
    pub unit: String,
    /// When its time comes.
    pub at: String,
    /// What would become of it.
    pub would: String,
    /// That would be refused.
    pub refused: bool,
}

/// What a preview shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewView {
    /// In a sentence.
    pub words: String,
    /// The first of them.
    pub rows: Vec<TouchedRow>,
}

fn preview_view(seen: Preview, dial: &Dial, timed: bool) -> PreviewView {
    let mut words = match seen.meets {
        0 => "No ticket meets it as things are.".to_owned(),
        1 => "One ticket meets it as things are.".to_owned(),
        many => format!("{many} tickets meet it as things are."),
    };
    if timed && seen.meets > 0 {
        words.push_str(&format!(" For {} of them its time has come.", seen.due));
    }
    if seen.more {
        words.push_str(" Only the 2,000 newest were looked at.");
    }
    let rows = seen.tickets.into_iter().map(|t| TouchedRow {
        number: t.number.0,
        subject: t.subject,
        status: t.status.label(),
        unit: t.unit,
        at: t.at.map_or_else(String::new, |at| dial.moment_words(at)),
        refused: t.refused.is_some(),
        would: match t.refused {
            Some(why) => sentence(&why),
            None => deeds::would_words(&t.does),
        },
    });
    PreviewView {
        words,
        rows: rows.collect(),
    }
}

/// One rule, new or known.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/rule.html")]
pub struct RulePage {
    /// Around it.
    pub frame: Frame,
    /// Its title; empty: a new one.
    pub title: String,
    /// Its number; 0: a new one.
    pub number: i64,
    /// How it stands; `None`: it is not there yet.
    pub lamp: Option<Lamp>,
    /// Why the desk paused it.
    pub why: Option<String>,
    /// Where its form goes.
    pub action: String,
    /// What the form holds.
    pub fields: RuleFields,
    /// What it would touch.
    pub preview: Option<PreviewView>,
    /// What it did, the newest first.
    pub runs: Vec<RunRow>,
    /// What was wrong.
    pub errors: Errors,
}

async fn fields(visit: &Visit, draft: &Draft) -> Result<RuleFields, Fault> {
    let catalogue = visit.desk.catalogue().await?;
    let (count, of) = draft
        .after
        .clone()
        .map_or((String::new(), "working_days".to_owned()), |(count, of)| {
            (count.to_string(), of)
        });
    Ok(RuleFields {
        version: draft.expected.unwrap_or(0).to_string(),
        title: draft.title.clone(),
        on: On::ALL
            .iter()
            .map(|on| Choice {
                chosen: on.key() == draft.on,
                ..Choice::new(on.key(), on.label())
            })
            .collect(),
        fields: Field::ALL
            .iter()
            .map(|field| Choice {
                chosen: draft.fields.iter().any(|f| f == field.key()),
                ..Choice::new(field.key(), field.key().replace('_', " "))
            })
            .collect(),
        count,
        of: Measure::ALL
            .iter()
            .map(|m| Choice {
                chosen: m.key() == of,
                ..Choice::new(m.key(), m.key().replace('_', " "))
            })
            .collect(),
        only: draft.only.clone(),
        mail_units: deeds::choices(
            deeds::unit_names(&catalogue),
            &draft.then.mail_unit,
            "Nobody",
        ),
        deeds: DeedFields::of(&catalogue, &draft.then),
        catch_up: draft.catch_up,
        active: draft.active,
    })
}

fn typed(known: Option<&Overview>, posted: &Posted) -> Draft {
    let text = |name: &str| posted.text(name).to_owned();
    let on = text("on");
    let timed = On::parse(&on).is_some_and(On::is_timed);
    let changed = on == On::Changed.key();
    Draft {
        number: known.map(|k| k.rule.number),
        expected: known.and_then(|_| posted.text("version").parse().ok()),
        title: text("title"),
        // What goes with another way of being set off is folded away, and not meant.
        fields: match changed {
            true => posted.all("field").map(str::to_owned).collect(),
            false => Vec::new(),
        },
        after: deeds::number(posted.text("count"))
            .filter(|_| timed)
            .map(|count| (count, text("of"))),
        on,
        only: text("only"),
        then: deeds::typed(posted),
        catch_up: timed && posted.has("catch_up"),
        active: posted.has("active"),
    }
}

async fn page(visit: &Visit, known: Option<&Overview>, draft: &Draft) -> Result<RulePage, Fault> {
    let mut runs = Vec::new();
    if let Some(one) = known {
        let rule = Some(one.rule.number);
        let found = visit
            .desk
            .rule_runs(visit.admin()?, rule, None, None, SHOWN);
        runs.extend(
            found
                .await?
                .items
                .iter()
                .map(|r| RunRow::of(r, &visit.dial)),
        );
    }
    Ok(RulePage {
        frame: visit.frame(Room::Staff, Here::Admin).await?,
        title: known.map_or_else(String::new, |k| k.rule.written.title.clone()),
        number: known.map_or(0, |k| k.rule.number),
        lamp: known.map(lamp),
        why: known.and_then(|k| k.rule.why.clone()),
        action: known.map_or_else(
            || "/admin/rules".to_owned(),
            |k| format!("/admin/rules/{}", k.rule.number),
        ),
        fields: fields(visit, draft).await?,
        preview: None,
        runs,
        errors: Errors::default(),
    })
}

async fn find(visit: &Visit, number: &str) -> Result<Overview, Fault> {
    let number = number.parse().map_err(|_| Fault::no_page())?;
    match visit.desk.written_rule(visit.admin()?, number).await {
        Err(Error::NotFound { .. }) => Err(Fault::no_page()),
        other => Ok(other?),
    }
}

/// `GET /admin/rules`: the list, or with `new=1` an empty form.
pub async fn list(visit: Visit) -> Response {
    let result = async {
        let actor = visit.admin()?;
        if !visit.query("new").is_empty() {
            let draft = Draft {
                on: On::Opened.key().to_owned(),
                active: true,
                ..Draft::default()
            };
            let page = page(&visit, None, &draft).await?;
            return visit.page(&page);
        }
        let all = visit.desk.written_rules(actor).await?;
        let mut rows: Vec<_> = all
            .iter()
            .map(|one| RuleRow::of(one, &visit.dial))
            .collect();
        if let Some(first) = rows.first_mut() {
            first.first = true;
        }
        if let Some(last) = rows.last_mut() {
            last.lowest = true;
        }
        let ticket = visit.query("ticket").parse().ok().map(TicketNumber);
        let runs = visit
            .desk
            .rule_runs(actor, None, ticket, None, SHOWN)
            .await?;
        visit.page(&RulesPage {
            frame: visit.frame(Room::Staff, Here::Admin).await?,
            rows,
            runs: runs
                .items
                .iter()
                .map(|r| RunRow::of(r, &visit.dial))
                .collect(),
        })
    }
    .await;
    visit.close(result).await
}

/// `GET /admin/rules/{rule}`.
pub async fn show(Path(number): Path<String>, visit: Visit) -> Response {
    let result = async {
        let known = find(&visit, &number).await?;
        let page = page(&visit, Some(&known), &known.draft).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

/// `POST /admin/rules`: a new one, or a look at what it would touch.
pub async fn create(posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = async {
        posted.visit.admin()?;
        save(&posted, None).await
    }
    .await;
    posted.visit.close(result).await
}

async fn save(posted: &Posted, known: Option<&Overview>) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = visit.admin()?;
    let mut draft = typed(known, posted);
    let (preview, outcome) = match posted.text("do") {
        "preview" => {
            let seen = visit.desk.preview_rule(actor, draft.clone()).await;
            let timed = draft.after.is_some();
            (
                true,
                seen.map(|seen| Some(preview_view(seen, &visit.dial, timed))),
            )
        }
        _ => match visit.desk.save_written_rule(actor, draft.clone()).await {
            Ok(saved) => {
                let title = format!("{} is saved", saved.rule.written.title);
                let to = format!("/admin/rules/{}", saved.rule.number);
                return visit.go(&to, Some(Notice::new(NoticeTone::Ok, title)));
            }
            Err(error) => (false, Err(error)),
        },
    };
    let mut errors = Errors::default();
    let seen = match outcome {
        Ok(seen) => seen,
        Err(Error::Invalid { field, problem }) => {
            let field = match field.as_str() {
                "after" => "count",
                "fields" => "field",
                "then" => "priority",
                other => other,
            };
            errors = Errors::one(field, sentence(&problem));
            None
        }
        Err(Error::Stale { current }) => {
            draft.expected = Some(current);
            errors = Errors::one("title", QUICKER);
            None
        }
        Err(Error::Conflict(why)) => {
            errors = Errors::one("title", sentence(&why));
            None
        }
        Err(other) => return Err(other.into()),
    };
    let mut page = page(visit, known, &draft).await?;
    page.preview = seen;
    page.errors = errors;
    match preview && page.preview.is_some() {
        true => visit.page(&page),
        false => visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page),
    }
}

/// `POST /admin/rules/{rule}`: `do` is `save`, `preview`, `up`, `down` or `delete`.
pub async fn act(Path(number): Path<String>, posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = done(&number, &posted).await;
    posted.visit.close(result).await
}

async fn done(number: &str, posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let known = find(visit, number).await?;
    let (actor, number) = (visit.admin()?, known.rule.number);
    match posted.text("do") {
        "save" | "preview" => save(posted, Some(&known)).await,
        way @ ("up" | "down") => {
            let all = visit.desk.written_rules(actor).await?;
            let mut order: Vec<i64> = all.iter().map(|one| one.rule.number).collect();
            let at = order.iter().position(|n| *n == number).unwrap_or(0);
            let to = match way {
                "up" => at.saturating_sub(1),
                _ => (at + 1).min(order.len().saturating_sub(1)),
            };
            order.swap(at, to);
            visit.desk.order_written_rules(actor, order).await?;
            visit.go("/admin/rules", None)
        }
        "delete" => {
            visit.desk.delete_written_rule(actor, number).await?;
            let title = format!("{} is gone", known.rule.written.title);
            visit.go("/admin/rules", Some(Notice::new(NoticeTone::Ok, title)))
        }
        _ => Err(Fault::no_page()),
    }
}
