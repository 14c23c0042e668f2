//! Triage: what priority facts give, and the rules themselves.

use std::borrow::Cow;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use switchboard_core::triage::{Condition, Effect, Rule};
use switchboard_core::{Facts, Priority, RuleSet, SecurityRisk};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Administers, Reads};
use super::input::{Body, maybe_object, maybe_whole, objects};
use super::words::{PriorityWord, SecurityRiskWord};
use crate::AppState;
use crate::problem::Problem;

/// What triage looks at.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FactsGiven {
    /// A category's key; `incident` without it.
    pub category: Option<String>,
    /// How many people are affected; 1 without it.
    #[serde(default, deserialize_with = "maybe_whole")]
    #[schema(minimum = 1, maximum = 4294967295_u32)]
    pub affected_users: Option<u32>,
    /// It affects and degrades a service.
    pub degrades_service: Option<bool>,
    /// How far security is at stake; `none` without it.
    #[schema(value_type = Option<SecurityRiskWord>)]
    pub security_risk: Option<SecurityRisk>,
}

/// One line of the explanation.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ExplainedRule {
    /// The rule's key.
    pub rule: String,
    /// The rule in words.
    pub title: String,
    /// What it gives, in words.
    pub gives: String,
    /// Its condition holds.
    pub applies: bool,
    /// It was the last to raise the priority.
    pub decides: bool,
}

/// A priority and why.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Assessed {
    /// The priority by the rules.
    #[schema(value_type = PriorityWord)]
    pub priority: Priority,
    /// The rule that decided, by its key.
    pub rule: String,
    /// Why, in words.
    pub because: String,
    /// Every rule, in order.
    pub rules: Vec<ExplainedRule>,
}

/// Says what priority a ticket with these facts would get, and why. Changes
/// nothing.
#[utoipa::path(
    post,
    path = "/triage/assess",
    tag = "triage",
    request_body = FactsGiven,
    responses((status = 200, description = "The priority and why", body = Assessed)),
)]
async fn assess(
    State(app): State<AppState>,
    _caller: Reads,
    body: Body<FactsGiven>,
) -> Result<Json<Assessed>, Problem> {
    let given = body.value;
    let facts = Facts {
        affected_users: given.affected_users.unwrap_or(1),
        degrades_service: given.degrades_service.unwrap_or_default(),
        security_risk: given.security_risk.unwrap_or_default(),
        category: given.category.unwrap_or_else(|| "incident".into()),
    };
    app.desk
        .catalogue()
        .await?
        .check_category(&facts.category)?;
    facts.check().map_err(desk::Error::from)?;
    let (assessment, steps) = app.desk.explain(&facts).await?;
    Ok(Json(Assessed {
        priority: assessment.priority,
        rule: assessment.rule,
        because: assessment.because,
        rules: steps
            .into_iter()
            .map(|s| ExplainedRule {
                rule: s.rule,
                title: s.title,
                gives: s.gives,
                applies: s.applies,
                decides: s.decides,
            })
            .collect(),
    }))
}

/// When a rule applies. All that is given must hold.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TriageCondition {
    /// More than this number of people affected.
    #[serde(default, deserialize_with = "maybe_whole")]
    #[schema(minimum = 0, maximum = 4294967295_u32)]
    pub affected_over: Option<u32>,
    /// The service is degraded.
    #[serde(default)]
    pub degrades_service: bool,
    /// The security risk is exactly this.
    #[serde(default)]
    #[schema(value_type = Option<SecurityRiskWord>)]
    pub security_risk: Option<SecurityRisk>,
    /// The category is one of these keys; empty: any.
    #[serde(default)]
    pub categories: Vec<String>,
}

/// What a rule does to the priority found so far.
///
/// `{"at_least": "high"}` or `"one_more"`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriageEffect {
    /// At least this priority.
    AtLeast(Priority),
    /// One level more than the rules before it gave.
    OneMore,
}

impl PartialSchema for TriageEffect {
    fn schema() -> RefOr<Schema> {
        // Written by hand: the derived one leaves the object open.
        let at_least = ObjectBuilder::new()
            .property("at_least", PriorityWord::schema())
            .required("at_least")
            .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)));
        let one_more = ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(["one_more"]));
        OneOfBuilder::new()
            .item(at_least)
            .item(one_more)
            .description(Some("What a rule does to the priority found so far."))
            .into()
    }
}

impl ToSchema for TriageEffect {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("TriageEffect")
    }
}

/// One rule of triage.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TriageRule {
    /// Stable name, kept with each ticket whose priority it gave.
    pub key: String,
    /// The rule in a list of rules.
    pub title: String,
    /// The rule as a reason.
    pub because: String,
    /// When it applies; always, without it.
    #[serde(default, deserialize_with = "maybe_object")]
    pub when: Option<TriageCondition>,
    /// What it does.
    pub then: TriageEffect,
}

/// The rules of triage, in the order in which they are applied.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TriageRules {
    /// In their order.
    #[serde(deserialize_with = "objects")]
    pub rules: Vec<TriageRule>,
}

impl From<RuleSet> for TriageRules {
    fn from(set: RuleSet) -> TriageRules {
        TriageRules {
            rules: set
                .rules
                .into_iter()
                .map(|r| TriageRule {
                    key: r.key,
                    title: r.title,
                    because: r.because,
                    when: Some(TriageCondition {
                        affected_over: r.when.affected_over,
                        degrades_service: r.when.degrades_service,
                        security_risk: r.when.security_risk,
                        categories: r.when.categories,
                    }),
                    then: match r.then {
                        Effect::AtLeast(priority) => TriageEffect::AtLeast(priority),
                        Effect::OneMore => TriageEffect::OneMore,
                    },
                })
                .collect(),
        }
    }
}

impl From<TriageRules> for RuleSet {
    fn from(set: TriageRules) -> RuleSet {
        RuleSet {
            rules: set
                .rules
                .into_iter()
                .map(|r| {
                    let when = r.when.unwrap_or_default();
                    Rule {
                        key: r.key,
                        title: r.title,
                        because: r.because,
                        when: Condition {
                            affected_over: when.affected_over,
                            degrades_service: when.degrades_service,
                            security_risk: when.security_risk,
                            categories: when.categories,
                        },
                        then: match r.then {
                            TriageEffect::AtLeast(priority) => Effect::AtLeast(priority),
                            TriageEffect::OneMore => Effect::OneMore,
                        },
                    }
                })
                .collect(),
        }
    }
}

/// The rules in force.
#[utoipa::path(
    get,
    path = "/triage/rules",
    tag = "triage",
    responses((status = 200, description = "The rules", body = TriageRules)),
)]
async fn rules(State(app): State<AppState>, _caller: Reads) -> Result<Json<TriageRules>, Problem> {
    let catalogue = app.desk.catalogue().await?;
    Ok(Json(catalogue.rules.clone().into()))
}

/// What other rules would do to one ticket.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WouldChange {
    /// The ticket.
    pub number: i64,
    /// What the rules in force give.
    #[schema(value_type = PriorityWord)]
    pub before: Priority,
    /// What the others would give.
    #[schema(value_type = PriorityWord)]
    pub after: Priority,
    /// The rule that would decide, by its key.
    pub rule: String,
}

/// What other rules would do to past tickets.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WhatIf {
    /// Tickets whose priority would be another, newest first.
    pub changed: Vec<WouldChange>,
    /// How many would keep theirs.
    pub unchanged: usize,
    /// How many were overruled by hand, so that no rule touches them.
    pub overruled: usize,
}

/// Tries rules on the newest 10,000 tickets and says what would have been
/// another priority. Changes nothing.
#[utoipa::path(
    post,
    path = "/triage/rules/what-if",
    tag = "triage",
    request_body = TriageRules,
    responses((status = 200, description = "What would be different", body = WhatIf)),
)]
async fn what_if(
    State(app): State<AppState>,
    Administers(caller): Administers,
    body: Body<TriageRules>,
) -> Result<Json<WhatIf>, Problem> {
    let outcome = app.desk.what_if(&caller.actor, body.value.into()).await?;
    Ok(Json(WhatIf {
        changed: outcome
            .changed
            .into_iter()
            .map(|c| WouldChange {
                number: c.ticket.0,
                before: c.before,
                after: c.after,
                rule: c.rule,
            })
            .collect(),
        unchanged: outcome.unchanged,
        overruled: outcome.overruled,
    }))
}

/// Puts other rules in force, for tickets to come. Priorities that were given
/// stay until a ticket's facts change.
#[utoipa::path(
    put,
    path = "/triage/rules",
    tag = "triage",
    request_body = TriageRules,
    responses((status = 200, description = "The rules in force", body = TriageRules)),
)]
async fn set_rules(
    State(app): State<AppState>,
    Administers(caller): Administers,
    body: Body<TriageRules>,
) -> Result<Json<TriageRules>, Problem> {
    let rules = app.desk.set_rules(&caller.actor, body.value.into()).await?;
    Ok(Json(rules.into()))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(assess))
        .routes(routes!(rules, set_rules))
        .routes(routes!(what_if))
}
