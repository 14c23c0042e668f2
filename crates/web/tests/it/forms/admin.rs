//! What each form of the administrators' pages sends.

use store::mailbox::{MailboxDoc, Way};
use switchboard_core::{Actor, Channel, PersonId};
use uuid::Uuid;

use super::Caller;
use super::world::{Call, World, fresh, stranger};

impl World {
    /// The call for a deed of a row below `/admin/`.
    pub(super) async fn admin_call(
        &self,
        path: &'static str,
        deed: &'static str,
        caller: &Caller,
    ) -> Call {
        let key = fresh();
        let person = stranger(&self.desk, true).await;
        let id = person.id.to_string();
        match path {
            "/admin/units" => Call::to(path, &[("name", &key), ("level", "2")]),
            "/admin/units/{key}" => {
                self.desk.unit(&key, &key, 2).await;
                Call::to(
                    format!("/admin/units/{key}"),
                    &[
                        ("name", &key),
                        ("key", &key),
                        ("level", "2"),
                        ("time_zone", "UTC"),
                    ],
                )
            }
            "/admin/units/{key}/end" => {
                self.desk.unit(&key, &key, 2).await;
                let fields = [("do", deed), ("successor", "Storage")];
                Call::to(format!("/admin/units/{key}/end"), &fields)
            }
            "/admin/services" => Call::to(path, &[("name", &key), ("unit", "Storage")]),
            "/admin/services/{service}" => {
                self.desk.service(&key, &key, self.f.storage).await;
                Call::to(
                    format!("/admin/services/{key}"),
                    &[
                        ("name", &key),
                        ("key", &key),
                        ("provider", "Tests"),
                        ("unit", "Storage"),
                        ("option", "direct"),
                        ("active", "yes"),
                    ],
                )
            }
            "/admin/services/{service}/move" => {
                self.desk.service(&key, &key, self.f.storage).await;
                Call::to(format!("/admin/services/{key}/move"), &[("do", "up")])
            }
            "/admin/values" => {
                if deed == "delete" {
                    let edit = desk::values::ValueEdit {
                        name: Some(key.clone()),
                        ..Default::default()
                    };
                    let system = Actor::system(Channel::Cli);
                    let made = self.desk.desk.create_category(&system, &key, edit).await;
                    made.unwrap();
                }
                let key = key.replace('-', "_");
                Call::to(
                    path,
                    &[
                        ("do", deed),
                        ("kind", "category"),
                        ("key", &key),
                        ("name", &key),
                    ],
                )
            }
            "/admin/sites" => Call::to(path, &[("key", &key), ("name", &key), ("active", "1")]),
            "/admin/import" => {
                let text = format!("key,name\n{key},{key}\n");
                Call::to(path, &[("kind", "sites"), ("text", &text), ("do", "try")])
            }
            "/admin/targets" => Call::to(
                path,
                &[
                    ("usual", "medium"),
                    ("q0.key", "medium"),
                    ("q0.title", "Medium"),
                    ("q0.response.low", "5 wd"),
                ],
            ),
            "/admin/timers" => Call::to(path, &[("remind", "5, 10"), ("close", "10")]),
            "/admin/triage" => {
                let fields = [
                    ("do", deed),
                    ("rule-0-key", "start"),
                    ("rule-0-title", "Every ticket"),
                    ("rule-0-because", "every ticket starts here"),
                    ("rule-0-effect", "low"),
                    ("rule-0-place", "1"),
                ];
                Call::to(path, &fields)
            }
            "/admin/sign-in" => Call::to(path, &[("kind", "ldap"), ("key", &key)]),
            "/admin/sign-in/{provider}" => Call::to("/admin/sign-in/none", &[("do", "delete")]),
            "/admin/entitlements" => Call::to(
                path,
                &[
                    ("do", deed),
                    ("pattern", &key),
                    ("provider", "*"),
                    ("support", "1"),
                ],
            ),
            "/admin/privacy" => Call::to(
                path,
                &[
                    ("do", deed),
                    ("person", &id),
                    ("subject", &person.email),
                    ("why", "A court case."),
                ],
            ),
            "/admin/applications" => {
                let them = stranger(&self.desk, false).await;
                let id = self.application(&them).await;
                Call::to(
                    path,
                    &[("do", "yes"), ("id", &id), ("reason", "Known here.")],
                )
            }
            "/admin/people/{id}" => Call::to(
                format!("/admin/people/{id}"),
                &[("do", deed), ("reason", "Because.")],
            ),
            "/admin/communities" => Call::to(path, &[("key", &key), ("name", &key)]),
            "/admin/communities/{key}" => {
                self.desk.community(&key, false).await;
                Call::to(
                    format!("/admin/communities/{key}"),
                    &[
                        ("do", deed),
                        ("name", &key),
                        ("email", &person.email),
                        ("active", "1"),
                    ],
                )
            }
            "/admin/mailboxes" => self.mailbox_call(path, deed, &key),
            "/admin/mailboxes/{mailbox}" => {
                let draft = desk::mailbox::Draft {
                    id: None,
                    expected: None,
                    address: format!("{key}@desk.example"),
                    way: Way::Local,
                    doc: MailboxDoc::default(),
                    secret: None,
                    unit: None,
                    service: None,
                    portal: None,
                    active: true,
                };
                let system = Actor::system(Channel::Cli);
                let made = self.desk.desk.save_mailbox(&system, draft).await.unwrap();
                self.mailbox_call(&format!("/admin/mailboxes/{}", made.mailbox.id), deed, &key)
            }
            "/admin/alarms" => {
                let site = self.called_site(&key, deed != "save").await;
                if deed == "dismiss" {
                    self.nominate(&person.email).await;
                }
                Call::to(
                    path,
                    &[
                        ("do", deed),
                        ("site", &site),
                        ("address", "alarm@site.example"),
                        ("answer_minutes", "15"),
                        ("test_answer_minutes", "60"),
                        ("test_days", "30"),
                        ("person", &person.email),
                    ],
                )
            }
            "/admin/rules" => Self::rule_call(path, deed, &key),
            "/admin/rules/{rule}" => {
                let draft = desk::rule::Draft {
                    title: key.clone(),
                    on: "opened".into(),
                    then: desk::rule::ThenDraft {
                        tag: vec!["seen".into()],
                        ..desk::rule::ThenDraft::default()
                    },
                    ..desk::rule::Draft::default()
                };
                let system = Actor::system(Channel::Cli);
                let made = self
                    .desk
                    .desk
                    .save_written_rule(&system, draft)
                    .await
                    .unwrap();
                let path = format!("/admin/rules/{}", made.rule.number);
                Self::rule_call(&path, deed, &key)
            }
            "/admin/webhooks" => Self::webhook_call(path, deed, &key),
            "/admin/webhooks/{webhook}" => {
                let draft = desk::webhook::Draft {
                    id: None,
                    expected: None,
                    title: key.clone(),
                    url: "http://127.0.0.1:9/".into(),
                    kinds: Vec::new(),
                    filter: String::new(),
                    units: Vec::new(),
                    services: Vec::new(),
                    texts: false,
                    reader: Some(person.email.clone()),
                    active: false,
                };
                let system = Actor::system(Channel::Cli);
                let (made, _) = self.desk.desk.save_webhook(&system, draft).await.unwrap();
                let path = format!("/admin/webhooks/{}", made.webhook.id);
                Self::webhook_call(&path, deed, &key)
            }
            "/admin/mail-texts" => {
                let number = self.ticket(super::Of::Ours).await.to_string();
                let fields = [
                    ("do", deed),
                    ("key", "answer.en"),
                    ("subject", "{{ subject }}"),
                    ("body", "{{ text }}\n{{ link }}"),
                    ("ticket", &number),
                ];
                Call::to(path, &fields)
            }
            // A mail that is not there.
            "/admin/outbox" | "/admin/incoming" => {
                let none = Uuid::nil();
                let deed = if path == "/admin/outbox" {
                    "retry"
                } else {
                    "take"
                };
                Call::to(path, &[("do", deed), ("id", &none.to_string())]).of(PersonId(none))
            }
            "/admin/portals" => Call::to(path, &[("key", &key), ("name", &key)]),
            "/admin/portals/{key}" | "/admin/portals/{key}/preview" => Call::to(
                path.replace("{key}", "juno"),
                &[
                    ("do", deed),
                    ("name", "juno help"),
                    ("community", "juno"),
                    ("unit", "juno-front"),
                    ("services", "Links"),
                    ("position", "1"),
                    ("active", "1"),
                ],
            ),
            "/admin/onboarding/{id}" => {
                // It waits for the administrators' answer.
                let id = match self.unused(path) {
                    Some(id) => id,
                    None => crate::provider_page::waiting(&self.desk, &self.pia).await,
                };
                if !caller.admin() {
                    self.keep(path, &id);
                }
                let fields = [("do", deed), ("text", "Please think again.")];
                Call::to(format!("/admin/onboarding/{id}"), &fields)
            }
            "/admin/providers/{key}" => Call::to(
                "/admin/providers/tests",
                &[
                    ("do", deed),
                    ("name", "Tests"),
                    ("country", "Norway"),
                    ("contact", "office@tests.example"),
                    ("active", "1"),
                    ("email", &person.email),
                ],
            ),
            _ => panic!("POST {path} has no case here: say in `admin_call` what its form sends"),
        }
    }

    fn rule_call(path: &str, deed: &str, key: &str) -> Call {
        let fields = [
            ("do", deed),
            ("title", key),
            ("on", "silent"),
            ("count", "5"),
            ("of", "working_days"),
            ("only", "number:999999"),
            ("tag", "seen, quota"),
            ("unit", "Storage"),
            ("note", "Look at {{ ticket }}."),
            ("answer", "Dear {{ requester.name }}, which disk is it?"),
            ("status", "waiting"),
        ];
        Call::to(path, &fields)
    }

    fn webhook_call(path: &str, deed: &str, key: &str) -> Call {
        let fields = [
            ("do", deed),
            ("title", key),
            ("url", "http://127.0.0.1:9/"),
            ("units", "Storage"),
            ("kind", "opened"),
            ("after", "0"),
        ];
        Call::to(path, &fields)
    }

    fn mailbox_call(&self, path: &str, deed: &str, key: &str) -> Call {
        let address = format!("{key}@desk.example");
        let fields = [
            ("do", deed),
            ("way", "local"),
            ("address", &address),
            ("unit", "Storage"),
            ("active", "1"),
        ];
        Call::to(path, &fields)
    }
}

impl World {
    /// A site; `called`: it can be called in an emergency.
    pub(super) async fn called_site(&self, key: &str, called: bool) -> String {
        let system = Actor::system(Channel::Cli);
        let edit = desk::site::SiteEdit {
            name: Some(format!("Site {key}")),
            ..Default::default()
        };
        let desk = &self.desk.desk;
        desk.put_site(&system, key, true, None, edit).await.unwrap();
        if called {
            let ada = desk.actor_for(self.f.ada.id, Channel::Web).await.unwrap();
            let edit = desk::alarm::AlarmSiteEdit {
                address: Some("alarm@site.example".into()),
                ..Default::default()
            };
            desk.put_alarm_site(&ada, key, None, edit).await.unwrap();
        }
        key.to_owned()
    }

    /// A report that the caller saved; nobody's where they have none.
    pub(super) async fn kept_report(&self, caller: &Caller) -> String {
        let desk = &self.desk.desk;
        let draft = desk::report::saved::SavedDraft {
            title: String::new(),
            asked: desk::report::Asked {
                report: "submitted".into(),
                ..Default::default()
            },
            mailed: "never".into(),
            format: "csv".into(),
        };
        let actor = desk.actor_for(caller.who.id, Channel::Web).await;
        let saved = match &actor {
            Ok(actor) => desk.save_report(actor, draft).await.ok(),
            Err(_) => None,
        };
        saved.map_or_else(|| Uuid::nil().to_string(), |s| s.id.to_string())
    }

    /// Lets somebody raise alarms.
    pub(super) async fn nominate(&self, email: &str) {
        let system = Actor::system(Channel::Cli);
        let desk = &self.desk.desk;
        desk.nominate_alarmer(&system, email, None).await.unwrap();
    }
}
