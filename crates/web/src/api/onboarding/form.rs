//! What stands in a form, as the API shows and takes it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use switchboard_core::onboarding as rules;
use utoipa::ToSchema;

use crate::api::input::{object, objects};

/// How tickets about a service reach those who work on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Tickets are worked on here.
    Direct,
    /// Requests go to the provider's mailing list.
    Redirection,
    /// The provider's own system is coupled.
    Integration,
}

impl From<rules::Way> for Way {
    fn from(way: rules::Way) -> Way {
        match way {
            rules::Way::Direct => Way::Direct,
            rules::Way::Redirection => Way::Redirection,
            rules::Way::Integration => Way::Integration,
        }
    }
}

impl From<Way> for rules::Way {
    fn from(way: Way) -> rules::Way {
        match way {
            Way::Direct => rules::Way::Direct,
            Way::Redirection => rules::Way::Redirection,
            Way::Integration => rules::Way::Integration,
        }
    }
}

/// Everything a provider tells. Nothing is needed before it is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OnboardingForm {
    /// Who provides.
    #[serde(deserialize_with = "object")]
    pub provider: FormProvider,
    /// What they provide.
    #[serde(deserialize_with = "objects")]
    pub services: Vec<FormService>,
    /// How tickets reach them.
    pub option: Option<Way>,
    /// For redirection.
    #[serde(deserialize_with = "object")]
    pub redirection: FormRedirection,
    /// For full integration.
    #[serde(deserialize_with = "object")]
    pub exchange: FormExchange,
    /// The support unit.
    #[serde(deserialize_with = "object")]
    pub unit: FormUnit,
    /// What the unit promises.
    #[serde(deserialize_with = "object")]
    pub quality: FormQuality,
    /// What it is usually asked.
    #[serde(deserialize_with = "object")]
    pub issues: FormIssues,
}

/// Who provides.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FormProvider {
    /// The key of a provider that is here; empty: a new one.
    pub known: String,
    /// Its name.
    pub name: String,
    /// Its country.
    pub country: String,
    /// Its home page.
    pub home_page: String,
    /// A mail address where somebody answers.
    pub contact: String,
}

/// A service to be brought in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FormService {
    /// Its name.
    pub name: String,
    /// The group of the catalogue.
    pub area: String,
    /// What it is for, in one line.
    pub description: String,
    /// An address for questions about it that are no tickets.
    pub contact: String,
    /// Questions of its form.
    #[serde(deserialize_with = "objects")]
    pub questions: Vec<FormQuestion>,
}

/// A question of a service's form.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FormQuestion {
    /// What is asked.
    pub label: String,
    /// It must be answered.
    pub required: bool,
}

/// For redirection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FormRedirection {
    /// The mailing list.
    pub list: String,
    /// The requester's name and address may be told to the list.
    pub personal_data: bool,
}

/// For full integration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FormExchange {
    /// `rt`, `zammad`, `ggus`, `ggus_soap`, `jira`, `github`, `gitlab`, `switchboard`.
    pub system: String,
    /// The address of its API.
    pub endpoint: String,
    /// The name under which the operator keeps the secret; never the secret.
    pub secret: String,
    /// Queue, group, project or repository.
    pub queue: String,
    /// `both`, `in` or `out`.
    pub direction: String,
    /// Our statuses as they are called there; empty: the usual ones of the system.
    pub statuses: BTreeMap<String, String>,
    /// Our priorities as they are called there; empty: the usual ones.
    pub priorities: BTreeMap<String, String>,
    /// Other fields that travel, one a line. With RT: `category`, `affected_users` or
    /// `custom.` and a question's key, `=`, and the custom field's name there; with
    /// other words after bars, as `category = Kind | incident = Incident`. With GitHub,
    /// GitLab and Jira, `labels` (Jira: or `components`) in place of the name, and which of
    /// them stand for which values: `category = labels | incident = bug`.
    pub fields: Vec<String>,
    /// Other units whose tickets about the service lie in queues of their own there (RT
    /// only): a unit's key, `=`, and the queue.
    pub queues: Vec<String>,
    /// Who is who there (RT, GitHub, GitLab and Jira only, and only if personal data may
    /// travel): somebody's mail address here, `=`, and their login there; of GitLab the
    /// username, of Jira the account id (Cloud) or the user name (Data Center).
    pub owners: Vec<String>,
    /// Ties between tickets that travel (RT, GitHub, GitLab and Jira only): `see_also`,
    /// `duplicate_of`, `child_of` or `slave_of`, `=`, and the link there, as `MemberOf`; of
    /// each system those that it has.
    pub links: Vec<String>,
    /// Files may travel.
    pub attachments: bool,
    /// The requester's name and address may travel.
    pub personal_data: bool,
}

/// The support unit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FormUnit {
    /// Its name.
    pub name: String,
    /// The key of the unit above it.
    pub parent: String,
    /// `2` or `3`.
    pub level: String,
    /// What it takes care of.
    pub description: String,
    /// Its mailing list.
    pub list: String,
    /// Mail addresses of its responsibles.
    pub responsibles: Vec<String>,
}

/// What the unit promises.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FormQuality {
    /// `base`, `medium` or `advanced`.
    pub qos: String,
    /// IANA name of its time zone.
    pub time_zone: String,
    /// When work begins: `09:00`.
    pub opens: String,
    /// When it ends: `17:00`.
    pub closes: String,
    /// A mail address for when the unit does not answer.
    pub escalation: String,
}

/// What the unit is usually asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FormIssues {
    /// Usual types of issue.
    pub types: Vec<String>,
    /// Questions with their answers, for those who assign to the unit.
    #[serde(deserialize_with = "objects")]
    pub faq: Vec<FormAnswer>,
}

/// A question with its answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FormAnswer {
    /// The question.
    pub question: String,
    /// The answer.
    pub answer: String,
}

impl OnboardingForm {
    /// What was typed, as the API shows it.
    pub(super) fn of(form: &rules::Form) -> OnboardingForm {
        let rules::Form {
            provider,
            services,
            option,
            redirection,
            exchange,
            unit,
            quality,
            issues,
        } = form.clone();
        OnboardingForm {
            provider: FormProvider {
                known: provider.known,
                name: provider.name,
                country: provider.country,
                home_page: provider.home_page,
                contact: provider.contact,
            },
            services: services
                .into_iter()
                .map(|s| FormService {
                    name: s.name,
                    area: s.area,
                    description: s.description,
                    contact: s.contact,
                    questions: s
                        .questions
                        .into_iter()
                        .map(|q| FormQuestion {
                            label: q.label,
                            required: q.required,
                        })
                        .collect(),
                })
                .collect(),
            option: option.map(Way::from),
            redirection: FormRedirection {
                list: redirection.list,
                personal_data: redirection.personal_data,
            },
            exchange: FormExchange {
                system: exchange.system,
                endpoint: exchange.endpoint,
                secret: exchange.secret,
                queue: exchange.queue,
                direction: exchange.direction,
                statuses: exchange.statuses,
                priorities: exchange.priorities,
                fields: exchange.fields,
                queues: exchange.queues,
                owners: exchange.owners,
                links: exchange.links,
                attachments: exchange.attachments,
                personal_data: exchange.personal_data,
            },
            unit: FormUnit {
                name: unit.name,
                parent: unit.parent,
                level: unit.level,
                description: unit.description,
                list: unit.list,
                responsibles: unit.responsibles,
            },
            quality: FormQuality {
                qos: quality.qos,
                time_zone: quality.time_zone,
                opens: quality.opens,
                closes: quality.closes,
                escalation: quality.escalation,
            },
            issues: FormIssues {
                types: issues.types,
                faq: issues
                    .faq
                    .into_iter()
                    .map(|one| FormAnswer {
                        question: one.question,
                        answer: one.answer,
                    })
                    .collect(),
            },
        }
    }
}

impl From<OnboardingForm> for rules::Form {
    /// What the API takes; maps that were left empty get the usual words of
    /// the system.
    fn from(form: OnboardingForm) -> rules::Form {
        let mut typed = rules::Form {
            provider: rules::ProviderPart {
                known: form.provider.known,
                name: form.provider.name,
                country: form.provider.country,
                home_page: form.provider.home_page,
                contact: form.provider.contact,
            },
            services: form
                .services
                .into_iter()
                .map(|s| rules::ServicePart {
                    name: s.name,
                    area: s.area,
                    description: s.description,
                    contact: s.contact,
                    questions: s
                        .questions
                        .into_iter()
                        .map(|q| rules::Question {
                            label: q.label,
                            required: q.required,
                        })
                        .collect(),
                })
                .collect(),
            option: form.option.map(rules::Way::from),
            redirection: rules::Redirection {
                list: form.redirection.list,
                personal_data: form.redirection.personal_data,
            },
            exchange: rules::Exchange {
                system: form.exchange.system,
                endpoint: form.exchange.endpoint,
                secret: form.exchange.secret,
                queue: form.exchange.queue,
                direction: form.exchange.direction,
                statuses: form.exchange.statuses,
                priorities: form.exchange.priorities,
                fields: form.exchange.fields,
                queues: form.exchange.queues,
                owners: form.exchange.owners,
                links: form.exchange.links,
                attachments: form.exchange.attachments,
                personal_data: form.exchange.personal_data,
            },
            unit: rules::UnitPart {
                name: form.unit.name,
                parent: form.unit.parent,
                level: form.unit.level,
                description: form.unit.description,
                list: form.unit.list,
                responsibles: form.unit.responsibles,
            },
            quality: rules::Quality {
                qos: form.quality.qos,
                time_zone: form.quality.time_zone,
                opens: form.quality.opens,
                closes: form.quality.closes,
                escalation: form.quality.escalation,
            },
            issues: rules::Issues {
                types: form.issues.types,
                faq: form
                    .issues
                    .faq
                    .into_iter()
                    .map(|one| rules::Answered {
                        question: one.question,
                        answer: one.answer,
                    })
                    .collect(),
            },
        };
        typed.fill_maps();
        typed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_api_shows_it_takes_again() {
        let mut form = rules::Form::fresh("pia@sky.example");
        form.option = Some(rules::Way::Integration);
        form.exchange.system = "rt".into();
        form.provider.name = "Sky".into();
        form.issues.faq = vec![rules::Answered {
            question: "Q".into(),
            answer: "A".into(),
        }];
        form.services[0].questions = vec![rules::Question {
            label: "Where?".into(),
            required: true,
        }];
        form.fill_maps();
        let json = serde_json::to_string(&OnboardingForm::of(&form)).unwrap();
        let back: OnboardingForm = serde_json::from_str(&json).unwrap();
        assert_eq!(rules::Form::from(back), form);
    }
}
