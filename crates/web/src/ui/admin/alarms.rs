//! `/admin/alarms`: sites that can be called, who may call them, tests, and what was raised.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Error;
use desk::alarm::{AlarmSiteEdit, AlarmSiteView, Signer};
use store::alarm::{Alarm, Alarmer};
use switchboard_core::alarm::{ANSWER_MINUTES, Stage, TEST_ANSWER_MINUTES, TEST_DAYS};

use crate::ui::alarm::words;
use crate::ui::assets::Asset;
use crate::ui::fault::Fault;
use crate::ui::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use crate::ui::posted::Posted;
use crate::ui::time::Dial;
use crate::ui::unit_edit::QUICKER;
use crate::ui::view::{Chip, Choice, Icon, TimeMark, Tone};
use crate::ui::visit::{Visit, encode, sentence};

/// So many alarms are shown.
const MOST: i64 = 50;

/// A site that can be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmSiteRow {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Where it is edited.
    pub href: String,
    /// The emergency address, or empty.
    pub address: String,
    /// "within 15 minutes".
    pub answer: String,
    /// How the last test went.
    pub tested: Option<Chip>,
    /// When that was.
    pub tested_at: Option<TimeMark>,
    /// When the next one comes.
    pub next: Option<TimeMark>,
}

/// Somebody who may raise alarms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmerRow {
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// For which community, by key; empty: for all.
    pub community: String,
    /// "belle", "all communities".
    pub of: String,
    /// Who nominated them.
    pub by: String,
    /// When.
    pub at: TimeMark,
}

/// An alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmRow {
    /// Its ticket.
    pub number: i64,
    /// When it was raised.
    pub at: TimeMark,
    /// How far it is.
    pub chip: Chip,
    /// The same as a sentence.
    pub words: String,
}

/// The form for one site.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlarmSiteForm {
    /// It can be called already.
    pub known: bool,
    /// The version that is shown.
    pub version: i64,
    /// Its key.
    pub site: String,
    /// Sites to choose from.
    pub sites: Vec<Choice>,
    /// The emergency address.
    pub address: String,
    /// Minutes.
    pub answer: String,
    /// Minutes, of a test.
    pub test_answer: String,
    /// Days between tests.
    pub test_days: String,
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/alarms.html")]
pub struct AlarmsPage {
    /// Around it.
    pub frame: Frame,
    /// Why nobody can be called: nothing signs; empty: something does.
    pub unsigned: String,
    /// Until when the certificate is valid.
    pub until: Option<TimeMark>,
    /// It is over soon.
    pub ends_soon: bool,
    /// Sites that can be called.
    pub sites: Vec<AlarmSiteRow>,
    /// Who may raise alarms.
    pub alarmers: Vec<AlarmerRow>,
    /// What was raised.
    pub alarms: Vec<AlarmRow>,
    /// The form for one site.
    pub form: AlarmSiteForm,
    /// Who is to be nominated.
    pub person: String,
    /// Communities to nominate for.
    pub communities: Vec<Choice>,
    /// What was wrong.
    pub errors: Errors,
}

/// A certificate that is over within so long is told of.
const SOON_MS: i64 = 30 * 86_400_000;

fn chip(alarm: &Alarm) -> Chip {
    match alarm.standing.stage {
        Stage::Called => Chip::with_icon(Tone::Info, "bell", "Called"),
        Stage::Again => Chip::with_icon(Tone::Warn, "bell", "Called again"),
        Stage::Escalated => Chip::with_icon(Tone::Bad, "warn", "Not confirmed"),
        Stage::Confirmed => Chip::with_icon(Tone::Ok, "check", "Confirmed"),
        Stage::Failed => Chip::with_icon(Tone::Bad, "warn", "Failed"),
        Stage::Closed => Chip::new(Tone::Plain, "Resolved"),
    }
}

fn site_row(view: AlarmSiteView, dial: &Dial) -> AlarmSiteRow {
    let site = view.site;
    AlarmSiteRow {
        href: format!("/admin/alarms?site={}#form", encode(&site.site)),
        name: view.name,
        address: site.address.unwrap_or_default(),
        answer: match site.answer_min {
            1 => "within a minute".to_owned(),
            n => format!("within {n} minutes"),
        },
        tested: view.last_test.as_ref().map(chip),
        tested_at: view.last_test.as_ref().map(|t| dial.ago(t.raised_at)),
        next: site.next_test_at.map(|at| dial.moment(at)),
        key: site.site,
    }
}

fn alarmer_row(a: Alarmer, dial: &Dial) -> AlarmerRow {
    AlarmerRow {
        of: match a.community.as_str() {
            "" => "all communities".to_owned(),
            key => key.to_owned(),
        },
        name: a.name,
        email: a.email.unwrap_or_default(),
        community: a.community,
        by: a.by.unwrap_or_default(),
        at: dial.ago(a.at),
    }
}

/// `GET /admin/alarms`.
pub async fn show(visit: Visit) -> Response {
    let result = async {
        let page = page(&visit, None, String::new(), Errors::default()).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

async fn page(
    visit: &Visit,
    typed: Option<AlarmSiteForm>,
    person: String,
    errors: Errors,
) -> Result<AlarmsPage, Fault> {
    let actor = visit.admin()?;
    let desk = &visit.desk;
    let (views, alarmers) = (desk.alarm_sites(actor).await?, desk.alarmers(actor).await?);
    let alarms = desk.alarms(actor, None, MOST).await?;
    let (known, catalogue) = (desk.sites().await?, desk.catalogue().await?);
    let chosen = views.iter().find(|v| v.site.site == visit.query("site"));
    let mut form = typed.unwrap_or_else(|| match chosen {
        Some(view) => AlarmSiteForm {
            known: true,
            version: view.site.version,
            site: view.site.site.clone(),
            sites: Vec::new(),
            address: view.site.address.clone().unwrap_or_default(),
            answer: view.site.answer_min.to_string(),
            test_answer: view.site.test_answer_min.to_string(),
            test_days: view.site.test_days.to_string(),
        },
        None => AlarmSiteForm {
            answer: ANSWER_MINUTES.to_string(),
            test_answer: TEST_ANSWER_MINUTES.to_string(),
            test_days: TEST_DAYS.to_string(),
            ..AlarmSiteForm::default()
        },
    });
    let others = known
        .iter()
        .filter(|s| s.active && !views.iter().any(|v| v.site.site == s.key))
        .map(|s| (s.key.as_str(), s.name.as_str()));
    form.sites = Choice::list(
        std::iter::once(("", "Choose a site")).chain(others),
        &form.site,
    );
    let (unsigned, until) = match desk.alarm_signer() {
        Signer::None => (
            "Alarms are signed, so that sites believe them, and there is no key for it: set \
             alarm_key_file and alarm_certificate_file. Until then no site can be called."
                .to_owned(),
            None,
        ),
        Signer::Until(at) => (String::new(), Some(at)),
    };
    Ok(AlarmsPage {
        frame: visit.frame(Room::Staff, Here::Admin).await?,
        unsigned,
        until: until.map(|at| visit.dial.date_time(at)),
        ends_soon: until.is_some_and(|at| at < desk.now() + SOON_MS),
        sites: views
            .into_iter()
            .map(|v| site_row(v, &visit.dial))
            .collect(),
        alarmers: alarmers
            .into_iter()
            .map(|a| alarmer_row(a, &visit.dial))
            .collect(),
        alarms: alarms
            .iter()
            .map(|a| AlarmRow {
                number: a.ticket.0,
                at: visit.dial.moment(a.raised_at),
                chip: chip(a),
                words: words(a, &visit.dial),
            })
            .collect(),
        form,
        person,
        communities: Choice::list(
            std::iter::once(("", "All communities")).chain(
                catalogue
                    .communities
                    .iter()
                    .map(|c| (c.key.as_str(), c.name.as_str())),
            ),
            "",
        ),
        errors,
    })
}

/// `POST /admin/alarms`.
pub async fn act(posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = done(&posted).await;
    posted.visit.close(result).await
}

async fn done(posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = visit.admin()?;
    let desk = &visit.desk;
    let site = posted.text("site").to_owned();
    let person = posted.text("person").to_owned();
    let community = Some(posted.text("community")).filter(|c| !c.is_empty());
    let mut form = None;
    let result = match posted.text("do") {
        "save" => {
            let typed = form_of(posted);
            let edit = edit(&typed);
            let expected = typed.known.then_some(typed.version);
            form = Some(typed);
            match edit {
                Ok(edit) => desk
                    .put_alarm_site(actor, &site, expected, edit)
                    .await
                    .map(|s| format!("{} can be called", s.site)),
                Err(e) => Err(e),
            }
        }
        "forget" => desk
            .forget_alarm_site(actor, &site)
            .await
            .map(|()| format!("{site} can not be called any more")),
        "test" => desk
            .test_alarm(actor, &site)
            .await
            .map(|opened| format!("{site} is called for a test, ticket {}", opened.number)),
        "nominate" => desk
            .nominate_alarmer(actor, &person, community)
            .await
            .map(|()| format!("{person} may raise alarms")),
        "dismiss" => desk
            .dismiss_alarmer(actor, &person, community)
            .await
            .map(|()| format!("{person} may not raise such alarms any more")),
        _ => return Err(Fault::no_page()),
    };
    let (status, errors) = match result {
        Ok(words) => {
            let notice = Notice::new(NoticeTone::Ok, words);
            return visit.go("/admin/alarms", Some(notice));
        }
        Err(Error::Invalid { field, problem }) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            Errors::one(field, sentence(&problem)),
        ),
        Err(Error::Conflict(problem)) => (
            StatusCode::CONFLICT,
            Errors::one("address", sentence(&problem)),
        ),
        Err(Error::Stale { current }) => {
            if let Some(form) = &mut form {
                form.version = current;
            }
            (StatusCode::CONFLICT, Errors::one("address", QUICKER))
        }
        Err(other) => return Err(other.into()),
    };
    let page = page(visit, form, person, errors).await?;
    visit.page_as(status, &page)
}

fn form_of(posted: &Posted) -> AlarmSiteForm {
    let text = |name: &str| posted.text(name).to_owned();
    AlarmSiteForm {
        known: posted.text("known") == "yes",
        version: posted.text("version").parse().unwrap_or(0),
        site: text("site"),
        sites: Vec::new(),
        address: text("address"),
        answer: text("answer_minutes"),
        test_answer: text("test_answer_minutes"),
        test_days: text("test_days"),
    }
}

fn edit(form: &AlarmSiteForm) -> Result<AlarmSiteEdit, Error> {
    let number = |field: &str, text: &str| {
        let text = text.trim();
        text.parse::<i64>()
            .map_err(|_| Error::invalid(field, "takes a whole number"))
    };
    Ok(AlarmSiteEdit {
        address: Some(form.address.clone()),
        answer_minutes: Some(number("answer_minutes", &form.answer)?),
        test_answer_minutes: Some(number("test_answer_minutes", &form.test_answer)?),
        test_days: Some(number("test_days", &form.test_days)?),
    })
}
