//! `/admin/entitlements`: which rights come with which entitlements.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use desk::entitlement::{RuleChange, Touched};
use desk::{Catalogue, Error};
use store::provider::EntitlementRule;
use switchboard_core::entitlement::Step;
use switchboard_core::{Part, UnitId};
use uuid::Uuid;

use super::communities;
use crate::ui::assets::Asset;
use crate::ui::fault::Fault;
use crate::ui::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use crate::ui::posted::Posted;
use crate::ui::view::{Choice, Icon};
use crate::ui::visit::{Visit, sentence};

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleRow {
    /// Its id.
    pub id: String,
    /// What the entitlement looks like.
    pub pattern: String,
    /// Who has to say it.
    pub provider: String,
    /// What it brings, in words.
    pub brings: String,
}

/// What was typed for a rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleFields {
    /// Pattern.
    pub pattern: String,
    /// The support permission.
    pub support: bool,
}

/// Whom a change would touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// "Two people", "Nobody".
    pub words: String,
    /// Each with what would happen.
    pub rows: Vec<(String, String)>,
}

/// The rules.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/entitlements.html")]
pub struct EntitlementsPage {
    /// Around it.
    pub frame: Frame,
    /// They.
    pub rows: Vec<RuleRow>,
    /// What was typed.
    pub fields: RuleFields,
    /// Providers to choose from.
    pub providers: Vec<Choice>,
    /// Units to choose from.
    pub units: Vec<Choice>,
    /// Parts to choose from.
    pub parts: Vec<Choice>,
    /// Communities to choose from.
    pub communities: Vec<Choice>,
    /// Whom it would touch.
    pub preview: Option<Preview>,
    /// What was wrong.
    pub errors: Errors,
}

fn part_word(part: Part) -> &'static str {
    match part {
        Part::Member => "member",
        Part::Responsible => "responsible",
    }
}

fn unit_name(catalogue: &Catalogue, id: UnitId) -> String {
    catalogue
        .unit(id)
        .map_or_else(|| "a unit that is gone".to_owned(), |u| u.name.clone())
}

/// A community's name; its key when there is none.
fn community_name<'a>(catalogue: &'a Catalogue, key: &'a str) -> &'a str {
    catalogue.community(key).map_or(key, |c| &c.name)
}

fn brings(rule: &EntitlementRule, catalogue: &Catalogue) -> String {
    let mut words = Vec::new();
    if let Some((unit, part)) = rule.unit {
        words.push(format!(
            "{} of {}",
            part_word(part),
            unit_name(catalogue, unit)
        ));
    }
    if rule.support || rule.unit.is_some() {
        words.push("support permission".to_owned());
    }
    if let Some(key) = &rule.community {
        words.push(format!("community {}", community_name(catalogue, key)));
    }
    words.join(", ")
}

fn told(step: &Step, catalogue: &Catalogue) -> String {
    match step {
        Step::GiveSupport => "gets the support permission".to_owned(),
        Step::TakeSupport => "loses the support permission".to_owned(),
        Step::Join(unit, part) => {
            format!(
                "becomes {} of {}",
                part_word(*part),
                unit_name(catalogue, *unit)
            )
        }
        Step::Return(unit, part) => format!(
            "becomes {} of {} again, as set by hand",
            part_word(*part),
            unit_name(catalogue, *unit)
        ),
        Step::Leave(unit) => format!("leaves {}", unit_name(catalogue, *unit)),
        Step::Stay(unit) => format!(
            "stays responsible of {}, being the only one",
            unit_name(catalogue, *unit)
        ),
        Step::JoinCommunity(key) => {
            format!(
                "comes into the community {}",
                community_name(catalogue, key)
            )
        }
        Step::LeaveCommunity(key) => {
            format!("leaves the community {}", community_name(catalogue, key))
        }
    }
}

fn preview_of((count, touched): (usize, Vec<Touched>), catalogue: &Catalogue) -> Preview {
    let words = match count {
        0 => "It would change nothing for anybody whose sign-in is known.".to_owned(),
        1 => "It would touch one person.".to_owned(),
        n if n > touched.len() => {
            format!(
                "It would touch {n} people; the first {} are shown.",
                touched.len()
            )
        }
        n => format!("It would touch {n} people."),
    };
    let rows = touched
        .into_iter()
        .map(|t| {
            let steps: Vec<String> = t.steps.iter().map(|s| told(s, catalogue)).collect();
            (t.name, sentence(&steps.join("; ")))
        })
        .collect();
    Preview { words, rows }
}

/// What a form chose, for showing it again.
#[derive(Default)]
struct Chosen<'a> {
    provider: &'a str,
    unit: &'a str,
    part: &'a str,
    community: &'a str,
}

async fn page(
    visit: &Visit,
    fields: RuleFields,
    chosen: Chosen<'_>,
) -> Result<EntitlementsPage, Fault> {
    let actor = visit.admin()?;
    let catalogue = visit.desk.catalogue().await?;
    let providers = visit.desk.sign_in_providers(actor).await?;
    let name_of = |id: Uuid| {
        providers
            .iter()
            .find(|p| p.id == id)
            .map_or_else(String::new, |p| p.name.clone())
    };
    let rows = visit
        .desk
        .entitlement_rules(actor)
        .await?
        .iter()
        .map(|rule| RuleRow {
            id: rule.id.to_string(),
            pattern: rule.pattern.clone(),
            provider: rule.provider.map_or_else(|| "any".to_owned(), name_of),
            brings: brings(rule, &catalogue),
        })
        .collect();
    // The first provider is offered: a rule for any believes all of them.
    let mut from: Vec<(&str, &str)> = providers
        .iter()
        .map(|p| (p.key.as_str(), p.name.as_str()))
        .collect();
    from.push(("*", "Any of them"));
    let provider = if chosen.provider.is_empty() {
        from.first().map_or("*", |(key, _)| key)
    } else {
        chosen.provider
    };
    let mut units = vec![("", "No unit")];
    units.extend(
        catalogue
            .units
            .iter()
            .filter(|u| u.active)
            .map(|u| (u.key.as_str(), u.name.as_str())),
    );
    let parts = [("member", "member"), ("responsible", "responsible")];
    let part = if chosen.part.is_empty() {
        "member"
    } else {
        chosen.part
    };
    Ok(EntitlementsPage {
        frame: visit.frame(Room::Staff, Here::Admin).await?,
        rows,
        fields,
        providers: Choice::list(from, provider),
        units: Choice::list(units, chosen.unit),
        parts: Choice::list(parts, part),
        communities: communities::choices(&catalogue, "No community", chosen.community),
        preview: None,
        errors: Errors::default(),
    })
}

/// `GET /admin/entitlements`.
pub async fn show(visit: Visit) -> Response {
    let result = async {
        let page = page(&visit, RuleFields::default(), Chosen::default()).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

/// `POST /admin/entitlements`: `do` is `add`, `preview`, `delete`,
/// `preview-delete`, `preview-all` or `apply`.
pub async fn act(posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = done(&posted).await;
    posted.visit.close(result).await
}

async fn rule_of(posted: &Posted) -> Result<EntitlementRule, Error> {
    let visit = &posted.visit;
    let unit = match posted.text("unit") {
        "" => None,
        key => {
            let catalogue = visit.desk.catalogue().await?;
            let part = match posted.text("part") {
                "responsible" => Part::Responsible,
                _ => Part::Member,
            };
            Some((catalogue.find_unit("unit", key)?.id, part))
        }
    };
    let provider = match posted.text("provider") {
        "*" => None,
        key => {
            let offered = visit
                .desk
                .sign_in_providers(&visit.looker())
                .await?
                .into_iter()
                .find(|p| p.key == key);
            let Some(found) = offered else {
                return Err(Error::invalid("provider", "choose one of the list"));
            };
            Some(found.id)
        }
    };
    let rule = EntitlementRule {
        id: Uuid::nil(),
        provider,
        pattern: posted.text("pattern").to_owned(),
        support: !posted.text("support").is_empty(),
        unit,
        community: Some(posted.text("community").to_owned()),
        position: 0,
    };
    visit.desk.checked_rule(rule).await
}

async fn done(posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = visit.admin()?;
    let back = "/admin/entitlements";
    let id = || Uuid::try_parse(posted.text("rule")).map_err(|_| Fault::no_page());
    let deed = posted.text("do");
    match deed {
        "add" | "preview" => {
            let fields = RuleFields {
                pattern: posted.text("pattern").to_owned(),
                support: !posted.text("support").is_empty(),
            };
            let chosen = Chosen {
                provider: posted.text("provider"),
                unit: posted.text("unit"),
                part: posted.text("part"),
                community: posted.text("community"),
            };
            let rule = match rule_of(posted).await {
                Ok(rule) => rule,
                Err(Error::Invalid { field, problem }) => {
                    let mut page = page(visit, fields, chosen).await?;
                    page.errors = Errors::one(field, sentence(&problem));
                    return visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page);
                }
                Err(other) => return Err(other.into()),
            };
            if deed == "add" {
                visit.desk.add_entitlement_rule(actor, rule).await?;
                let title = "The rule counts from everybody’s next sign-in on";
                return visit.go(back, Some(Notice::new(NoticeTone::Ok, title)));
            }
            previewed(visit, fields, chosen, RuleChange::Add(rule)).await
        }
        "preview-delete" => {
            let change = RuleChange::Remove(id()?);
            previewed(visit, RuleFields::default(), Chosen::default(), change).await
        }
        "preview-all" => {
            let change = RuleChange::None;
            previewed(visit, RuleFields::default(), Chosen::default(), change).await
        }
        "delete" => {
            visit.desk.delete_entitlement_rule(actor, id()?).await?;
            let title = "The rule is gone; what it brought goes at everybody’s next sign-in";
            visit.go(back, Some(Notice::new(NoticeTone::Ok, title)))
        }
        "apply" => {
            let touched = visit.desk.apply_rules(actor).await?;
            let title = match touched {
                0 => "Nothing had to be changed".to_owned(),
                1 => "Applied: one person’s rights changed".to_owned(),
                n => format!("Applied: the rights of {n} people changed"),
            };
            visit.go(back, Some(Notice::new(NoticeTone::Ok, title)))
        }
        _ => Err(Fault::no_page()),
    }
}

async fn previewed(
    visit: &Visit,
    fields: RuleFields,
    chosen: Chosen<'_>,
    change: RuleChange,
) -> Result<Response, Fault> {
    let found = visit.desk.preview_rules(visit.admin()?, change).await?;
    let catalogue = visit.desk.catalogue().await?;
    let mut page = page(visit, fields, chosen).await?;
    page.preview = Some(preview_of(found, &catalogue));
    visit.page(&page)
}
