//! What each form of the pages sends, and what has to stand there for it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use desk::account::NewAccount;
use serde_json::json;
use switchboard_core::{Actor, Channel, PersonId, TicketNumber};
use testkit::{Federation, Somebody, TestDesk};
use uuid::Uuid;
use web::policy::{Row, Who};

use super::{Caller, Of, rota};
use crate::browser::{Browser, PASSWORD};
use crate::registration::mailed;

/// One form that is sent.
pub(super) struct Call {
    pub(super) path: String,
    pub(super) fields: Vec<(&'static str, String)>,
    /// Who gets it, where that is narrower than the row says of all its deeds,
    /// or wider.
    pub(super) who: Option<Who>,
    /// Whose it is, when it is somebody's.
    pub(super) owner: Option<PersonId>,
    /// A link that was never mailed.
    pub(super) forged: bool,
    /// Not for monitors, who read and answer everything and change nothing.
    pub(super) changes: bool,
    /// The session does not outlive the call.
    pub(super) ends_session: bool,
}

impl Call {
    pub(super) fn to(path: impl Into<String>, fields: &[(&'static str, &str)]) -> Call {
        Call {
            path: path.into(),
            fields: fields.iter().map(|(k, v)| (*k, (*v).to_owned())).collect(),
            who: None,
            owner: None,
            forged: false,
            changes: false,
            ends_session: false,
        }
    }

    fn changes(self) -> Call {
        Call {
            changes: true,
            ..self
        }
    }

    fn by(self, who: Who) -> Call {
        Call {
            who: Some(who),
            ..self
        }
    }

    pub(super) fn of(self, owner: PersonId) -> Call {
        Call {
            owner: Some(owner),
            ..self
        }
    }
}

/// What the forms of a row can do, each tried for itself.
pub(super) fn deeds(path: &str) -> &'static [&'static str] {
    match path {
        "/tickets/{number}/{deed}" => &["answer", "people", "escalate", "verify", "reopen", "rate"],
        "/t/{word}/{deed}" => &["answer", "people", "escalate", "rate"],
        "/work/{number}/{deed}" => &[
            "note", "reply", "canned", "handle", "facts", "place", "priority", "relate", "people",
            "follow", "waiting",
        ],
        "/work/bulk" => &["tag", "assign", "take", "macro"],
        "/work/views" => &["save"],
        "/canned-texts/{id}" | "/macros/{id}" => &["save", "delete"],
        "/work/{number}/macros/{id}" => &["macro"],
        "/work/{number}/split" => &["split"],
        "/campaigns/{campaign}" => &["add", "leave", "save"],
        "/triage/{number}" => &["assign", "take", "rules", "spam", "pass-on"],
        "/triage/incident" => &["slaves"],
        "/account/{deed}" => &[
            "details",
            "addresses",
            "password",
            "others",
            "session",
            "token",
            "revoke",
        ],
        "/account/privacy" => &["export", "erase"],
        "/units/{key}/people" => &["add", "part", "remove", "yes", "no", "join"],
        "/units/{key}/rota" => &["save", "stand-in", "take-back", "end"],
        "/hand-overs/{id}" => &["note", "confirm"],
        // Whoever has applied can withdraw, and not apply again.
        "/support-staff" => &["withdraw", "withdraw-join", "apply"],
        "/services/{service}/status" => &["lamp", "post", "withdraw"],
        "/admin/people/{id}" => &["grant-monitor", "disable", "end-sessions"],
        "/admin/entitlements" => &["preview", "add", "apply"],
        "/admin/privacy" => &["hold", "export", "preview"],
        "/admin/values" => &["make", "delete"],
        "/admin/mailboxes/{mailbox}" => &["save", "test", "delete"],
        "/reports" => &["save", "forget"],
        "/admin/alarms" => &["save", "forget", "test", "nominate", "dismiss"],
        "/admin/rules" => &["save", "preview"],
        "/admin/rules/{rule}" => &["save", "preview", "up", "down", "delete"],
        "/admin/webhooks/{webhook}" => &["save", "test", "secret", "replay", "delete"],
        "/admin/portals/{key}" => &["save", "preview", "no-logo"],
        "/admin/communities/{key}" => &["save", "add", "remove"],
        "/admin/units/{key}/end" => &["retire", "reinstate"],
        "/admin/providers/{key}" => &["save", "add"],
        "/admin/triage" => &["try", "save"],
        "/admin/mail-texts" => &["preview", "save", "reset"],
        "/admin/onboarding/{id}" => &["return", "refuse"],
        "/p/{key}/news" => &["post", "change", "take-back"],
        "/exchange" => &[
            "pause",
            "go-on",
            "now",
            "retry",
            "give-up",
            "retry-foreign",
            "give-up-foreign",
        ],
        "/exchange/invitations" => &["write", "withdraw"],
        "/exchange/accept" => &["read", "accept", "decline"],
        "/exchange/partners/{id}" => &[
            "pause",
            "go-on",
            "end",
            "save",
            "retry-foreign",
            "give-up-foreign",
        ],
        "/account/communities" => &["join", "leave"],
        "/provider/onboarding/{id}" => &["save"],
        _ => &[""],
    }
}

/// Deeds whose form can not be sent rightly without what this test does not have;
/// the test that does is named, no deed means all of the row. Refusals are tried
/// all the same.
const ELSEWHERE: &[(&str, &str, &str)] = &[
    ("/triage/{number}", "pass-on", "portal"),
    ("/work/{number}/{deed}", "waiting", "work_page"),
    ("/sign-in/code", "", "second_factor"),
    ("/sign-in/passkey", "", "second_factor"),
    ("/account/identities/{word}", "", "federated"),
    ("/account/unlink", "", "federated"),
    ("/account/authenticator", "", "second_factor"),
    ("/sign-in/with/{provider}", "", "desk's ldap"),
    ("/admin/sign-in", "", "tests/browser/oidc.test.mjs"),
    (
        "/admin/sign-in/{provider}",
        "",
        "tests/browser/oidc.test.mjs",
    ),
    ("/provider/list/{word}", "", "provider_page"),
    ("/admin/incoming", "", "incoming_page"),
    ("/admin/outbox", "", "desk's outbox"),
    ("/l/{word}/{deed}", "", "desk's redirect"),
    ("/asked/{word}", "", "desk's redirect"),
    ("/solution/{word}/{said}", "", "solution_link"),
    ("/mail/stop/{word}", "", "account_page"),
    ("/privacy/erase/{word}", "", "privacy_page"),
];

/// Whether another test sends it rightly.
pub(super) fn is_sent_elsewhere(path: &str, deed: &str) -> bool {
    let named =
        |(row, only, _): &(&str, &str, &str)| *row == path && (only.is_empty() || *only == deed);
    ELSEWHERE.iter().any(named)
}

static SO_FAR: AtomicUsize = AtomicUsize::new(0);

/// A word that nothing is called yet.
pub(super) fn fresh() -> String {
    format!("fresh-{}", SO_FAR.fetch_add(1, Ordering::Relaxed))
}

pub(super) async fn stranger(desk: &TestDesk, support: bool) -> Somebody {
    desk.account(NewAccount {
        name: fresh(),
        support,
        ..NewAccount::default()
    })
    .await
}

pub(super) async fn actor(desk: &TestDesk, who: &Somebody) -> Actor {
    desk.desk.actor_for(who.id, Channel::Web).await.unwrap()
}

/// What stands there for the calls.
pub(super) struct World {
    pub(super) desk: Arc<TestDesk>,
    pub(super) f: Federation,
    /// Fills in forms of providers.
    pub(super) pia: Somebody,
    /// What is made with effort, until a call uses it up.
    pub(super) kept: RefCell<BTreeMap<String, String>>,
}

impl World {
    pub(super) fn unused(&self, name: &str) -> Option<String> {
        self.kept.borrow_mut().remove(name)
    }

    pub(super) fn keep(&self, name: &str, what: &str) {
        self.kept
            .borrow_mut()
            .insert(name.to_owned(), what.to_owned());
    }

    /// A ticket of ours or of others.
    /// Two sites that can be asked.
    async fn sites(&self) {
        for key in ["west", "east"] {
            let site = json!({"key": key, "name": key, "contact": "grid@list.example"});
            self.desk.post(&self.f.ada, "/sites", site).await;
        }
    }

    pub(super) async fn ticket(&self, of: Of) -> i64 {
        let (who, unit) = match of {
            Of::Ours => (&self.f.rita, "storage"),
            Of::Others => (&self.f.otto, "network"),
        };
        let open = json!({"subject": "S", "description": "D", "unit": unit});
        self.desk
            .post(who, "/tickets", open)
            .await
            .expect(201)
            .number()
    }

    /// A ticket that waits for first level.
    async fn new_ticket(&self, of: Of) -> i64 {
        let who = match of {
            Of::Ours => &self.f.rita,
            Of::Others => &self.f.otto,
        };
        let open = json!({"subject": "S", "description": "D"});
        let made = self.desk.post(who, "/tickets", open).await;
        made.expect(201).number()
    }

    async fn solved(&self, of: Of) -> i64 {
        let number = self.ticket(of).await;
        let solve = json!({"status": "solved", "solution": "Done."});
        self.desk
            .patch(&self.f.ada, &format!("/tickets/{number}"), solve)
            .await
            .expect(200);
        number
    }

    /// Somebody's request, which waits for the unit's answer.
    async fn join_request(&self, who: &Somebody, unit: &str) -> String {
        let path = format!("/units/{unit}/join-requests");
        let made = self.desk.post(who, &path, json!({})).await.expect(201);
        made.json["id"].as_str().unwrap().to_owned()
    }

    pub(super) async fn application(&self, who: &Somebody) -> String {
        let apply = json!({"units": ["storage"], "reason": "I want to help."});
        let made = self.desk.post(who, "/support-applications", apply).await;
        let made = made.expect(201);
        made.json["id"].as_str().unwrap().to_owned()
    }

    /// A provider's form, begun by somebody: nobody may have many of them.
    async fn onboarding(&self, who: &Somebody) -> String {
        let name = format!("form of {}", who.email);
        let id = match self.unused(&name) {
            Some(id) => id,
            None => {
                let actor = actor(&self.desk, who).await;
                let begun = self.desk.desk.begin_onboarding(&actor).await;
                begun.unwrap().to_string()
            }
        };
        self.keep(&name, &id);
        id
    }

    fn owner(&self, of: Of) -> &Somebody {
        match of {
            Of::Ours => &self.f.rita,
            Of::Others => &self.f.otto,
        }
    }

    /// Who keeps something: themselves, as far as they can.
    async fn keeper(&self, caller: &Caller) -> Actor {
        let who = match caller.staff {
            true => &caller.who,
            false => &self.f.ada,
        };
        actor(&self.desk, who).await
    }

    fn canned_call(path: &str, deed: &str) -> Call {
        let fields = [
            ("do", deed),
            ("title", "T"),
            ("shortcut", &fresh()),
            ("scope", "own"),
            ("body", "Hello {{ requester.name }}."),
        ];
        Call::to(path, &fields).changes()
    }

    fn macro_call(path: &str, deed: &str) -> Call {
        let fields = [
            ("do", deed),
            ("title", &fresh()),
            ("scope", "own"),
            ("tag", "tape"),
            ("take", "1"),
            ("note", "Ticket {{ ticket.number }}."),
            ("status", "waiting"),
        ];
        Call::to(path, &fields).changes()
    }

    /// A macro for everybody that always changes something.
    async fn macro_for_all(&self) -> String {
        let body = json!({"scope": "everybody", "title": fresh(), "then": {"tag": [fresh()]}});
        let made = self.desk.post(&self.f.ada, "/macros", body).await;
        made.expect(201).json["id"].as_str().unwrap().to_owned()
    }

    /// The call for a deed of a row.
    pub(super) async fn call(
        &self,
        row: &Row,
        deed: &'static str,
        of: Of,
        caller: &Caller,
    ) -> Call {
        let path = row.path;
        let (unit, service, portal) = match of {
            Of::Ours => ("storage", "archive", "belle"),
            Of::Others => ("network", "links", "juno"),
        };
        if path.starts_with("/admin/") {
            return self.admin_call(path, deed, caller).await;
        }
        match path {
            "/tickets/{number}/{deed}" => self.on_ticket(deed, of).await,
            "/work/{number}/{deed}" | "/work/{number}/split" | "/work/{number}/macros/{id}" => {
                self.on_work(deed, of).await
            }
            "/campaigns" => {
                self.sites().await;
                let unit = match of {
                    Of::Ours => "storage",
                    Of::Others => "network",
                };
                let fields = [
                    ("subject", "At {{ site }}"),
                    ("text", "Well?"),
                    ("unit", unit),
                    ("site", "west"),
                ];
                Call::to(path, &fields)
            }
            "/campaigns/{campaign}" => {
                self.sites().await;
                let number = self.ticket(of).await;
                let below = json!({
                    "ticket": number, "subject": "S", "text": "Well?", "sites": ["west"],
                });
                self.desk
                    .post(&self.f.ada, "/campaigns", below)
                    .await
                    .expect(201);
                let fields = [
                    ("do", deed),
                    ("site", "east"),
                    ("left", "west"),
                    ("reason", "Closed."),
                    ("remind", "7"),
                    ("due", ""),
                ];
                Call::to(format!("/campaigns/{number}"), &fields)
            }
            "/triage/{number}" => {
                let number = self.new_ticket(of).await;
                if deed == "rules" {
                    let overrule = json!({"priority": "high", "reason": "An exam."});
                    let path = format!("/tickets/{number}");
                    self.desk
                        .patch(&self.f.ada, &path, overrule)
                        .await
                        .expect(200);
                }
                let fields = [("do", deed), ("priority", "low"), ("unit", "Storage")];
                Call::to(format!("/triage/{number}"), &fields)
            }
            "/triage/incident" => {
                let lead = self.ticket(of).await.to_string();
                let other = self.ticket(of).await.to_string();
                Call::to(path, &[("do", deed), ("lead", &lead), ("ticket", &other)])
            }
            "/t/{word}/{deed}" => {
                let number = TicketNumber(match deed {
                    "rate" => self.solved(Of::Ours).await,
                    _ => self.ticket(Of::Ours).await,
                });
                let link = self.desk.desk.follow_link(number, self.f.rita.id);
                let (_, word) = link.rsplit_once('/').unwrap();
                let mut word = word.to_owned();
                let forged = of == Of::Others;
                if forged {
                    // The same signature for another ticket.
                    let other = self.ticket(Of::Others).await;
                    word = word.replacen(&number.to_string(), &other.to_string(), 1);
                }
                let fields = [
                    ("body", "More about it."),
                    ("mail", "more@people.example"),
                    ("reason", "It is urgent."),
                    ("rating", "4"),
                ];
                Call {
                    forged,
                    ..Call::to(format!("/t/{word}/{deed}"), &fields)
                }
            }
            "/work/bulk" if deed == "macro" => {
                let number = self.ticket(of).await.to_string();
                let what = format!("macro:{}", self.macro_for_all().await);
                // Monitors have no macros.
                Call::to(path, &[("do", &what), ("ticket", &number), ("sure", "1")]).changes()
            }
            "/work/bulk" => {
                let number = self.ticket(of).await.to_string();
                let to = if deed == "assign" { "Network" } else { "tape" };
                Call::to(path, &[("do", deed), ("ticket", &number), ("to", to)])
            }
            "/macros" => Self::macro_call(path, deed),
            "/macros/{id}" => {
                let who = self.keeper(caller).await;
                let draft = desk::macros::Draft {
                    shelf: "own".into(),
                    title: fresh(),
                    take: true,
                    ..desk::macros::Draft::default()
                };
                let made = self.desk.desk.save_macro(&who, draft).await;
                let id = made.map_or(Uuid::nil(), |made| made.id);
                Self::macro_call(&format!("/macros/{id}"), deed)
            }
            "/canned-texts" => Self::canned_call(path, deed),
            "/canned-texts/{id}" => {
                let who = self.keeper(caller).await;
                let draft = desk::canned::Draft {
                    shelf: "own".into(),
                    title: "T".into(),
                    shortcut: fresh(),
                    body: "x".into(),
                    ..desk::canned::Draft::default()
                };
                let made = self.desk.desk.save_canned_text(&who, draft).await;
                // Monitors keep none, and see none.
                let id = made.map_or(Uuid::nil(), |made| made.id);
                Self::canned_call(&format!("/canned-texts/{id}"), deed)
            }
            "/work/views" => Call::to(path, &[("name", &fresh()), ("query", "status:open")]),
            "/services/{service}/status" => {
                let at = format!("/services/{service}/status");
                let posted: String;
                let mut fields = vec![
                    ("do", deed),
                    ("lamp", "degraded"),
                    ("lamp_text", ""),
                    ("kind", "incident"),
                    ("title", "Tapes are slow"),
                    ("body", "We look at it."),
                ];
                if deed == "withdraw" {
                    let notice = json!({"kind": "incident", "title": "T", "body": "B",
                                        "services": [service]});
                    let made = self.desk.post(&self.f.ada, "/notices", notice).await;
                    posted = made.expect(201).json["id"].as_str().unwrap().to_owned();
                    fields.push(("notice", posted.as_str()));
                }
                Call::to(at, &fields)
            }
            "/units/{key}/edit" => Call::to(
                format!("/units/{unit}/edit"),
                &[
                    ("description", "What we do."),
                    ("hours", ""),
                    ("time_zone", "UTC"),
                ],
            ),
            "/units/{key}/people" => self.on_unit(deed, unit).await,
            "/units/{key}/rota" | "/units/{key}/rota/note" | "/hand-overs/{id}" => {
                rota::call(self, path, deed, of, caller).await
            }
            "/reports" if deed == "forget" => {
                let id = self.kept_report(caller).await;
                Call::to(path, &[("do", deed), ("id", &id)])
            }
            "/reports" => {
                let fields = [
                    ("do", deed),
                    ("report", "submitted"),
                    ("mailed", "weekly-csv"),
                ];
                Call::to(path, &fields)
            }
            "/alarm" => {
                if !caller.who.email.is_empty() {
                    self.nominate(&caller.who.email).await;
                }
                let site = self.called_site(&fresh(), true).await;
                let fields = [("site", &site[..]), ("subject", "S"), ("description", "D")];
                Call::to(path, &fields)
            }
            "/support-staff" => {
                let none = Uuid::nil().to_string();
                match deed {
                    "withdraw" => {
                        let whose = match of {
                            Of::Ours if caller.name == "requester" => caller.who.clone(),
                            _ => stranger(&self.desk, false).await,
                        };
                        let id = self.application(&whose).await;
                        Call::to(path, &[("do", deed), ("id", &id)]).of(whose.id)
                    }
                    "withdraw-join" => {
                        let whose = match of {
                            Of::Ours if caller.name == "member" => caller.who.clone(),
                            _ => stranger(&self.desk, true).await,
                        };
                        let id = self.join_request(&whose, "kernel").await;
                        Call::to(path, &[("do", deed), ("id", &id)]).of(whose.id)
                    }
                    _ => Call::to(
                        path,
                        &[
                            ("do", deed),
                            ("units", "Storage"),
                            ("reason", "I know tapes."),
                            ("id", &none),
                        ],
                    ),
                }
            }
            "/account/{deed}" => self.on_account(deed, of).await,
            "/account/privacy" => Call::to(path, &[("do", deed)]),
            "/account/mail" => Call::to(
                path,
                &[
                    ("rhythm", "weekly"),
                    ("weekday", "4"),
                    ("hour", "16"),
                    ("time_zone", "Europe/Prague"),
                    ("how:own:entry", "digest"),
                ],
            ),
            "/account/communities" => {
                let key = fresh();
                self.desk.community(&key, true).await;
                Call::to(path, &[("do", deed), ("community", &key)])
            }
            "/account/confirm" => Call {
                ends_session: true,
                ..Call::to(path, &[("password", PASSWORD), ("next", "/account")])
            },
            "/account/authenticator" => Call::to(path, &[("do", "begin")]),
            "/account/unlink" => {
                let id = Uuid::nil().to_string();
                Call::to(path, &[("identity", &id)]).of(PersonId(Uuid::nil()))
            }
            "/account/identities/{word}" => {
                Call::to("/account/identities/forged", &[("password", PASSWORD)])
                    .of(PersonId(Uuid::nil()))
            }
            "/verify/{word}" => {
                // The link of an address that the owner added.
                let whose = self.owner(of);
                let name = format!("verify {}", whose.email);
                let link = match self.unused(&name) {
                    Some(link) => link,
                    None => {
                        let mail = format!("{}@more.example", fresh());
                        let mut browser = Browser::of(&self.desk, whose).await;
                        let added = browser
                            .send("/account/addresses", &[("address", &mail)])
                            .await;
                        added.expect(303);
                        mailed(&self.desk, &mail, "verify").await
                    }
                };
                // Only the owner's call uses it up.
                if caller.who.id != whose.id {
                    self.keep(&name, &link);
                }
                Call::to(link, &[]).of(whose.id)
            }
            "/privacy/erase/{word}" => Call {
                forged: true,
                ..Call::to("/privacy/erase/forged", &[("do", "confirm")])
            },
            "/register/{word}" | "/reset/{word}" => {
                if of == Of::Others {
                    let forged = path.replace("{word}", "forged");
                    return Call {
                        forged: true,
                        ..Call::to(forged, &[("password", PASSWORD), ("name", "N")])
                    };
                }
                let page = path.split('/').nth(1).unwrap();
                let mail = if page == "register" {
                    format!("{}@new.example", fresh())
                } else {
                    let whose = stranger(&self.desk, false).await;
                    Browser::of(&self.desk, &whose).await;
                    whose.email
                };
                let ask = if page == "register" {
                    "/register"
                } else {
                    "/forgot"
                };
                let mut browser = Browser::new(&self.desk);
                browser.send(ask, &[("mail", &mail)]).await.expect(303);
                let link = mailed(&self.desk, &mail, page).await;
                let fields = [
                    ("name", "Marta Kowalska"),
                    ("institute", ""),
                    ("community", ""),
                    ("password", "seven quiet lanterns"),
                ];
                Call {
                    ends_session: true,
                    ..Call::to(link, &fields)
                }
            }
            "/provider/onboarding" => Call::to(path, &[]),
            "/provider/onboarding/{id}" => {
                let whose = self.owner(of);
                let id = self.onboarding(whose).await;
                let fields = [
                    ("do", deed),
                    ("step", "provider"),
                    ("provider.name", "Sky Institute"),
                ];
                Call::to(format!("/provider/onboarding/{id}"), &fields).of(whose.id)
            }
            "/provider/services/{key}/option" => {
                let fields = [("option", "direct"), ("do", "save")];
                let call = Call::to(format!("/provider/services/{service}/option"), &fields);
                match of {
                    // Whoever is a contact of its provider.
                    Of::Ours if caller.name == "provider's contact" => call,
                    _ => call.of(PersonId(Uuid::nil())),
                }
            }
            "/provider/list/{word}" => Call {
                forged: true,
                ..Call::to("/provider/list/forged", &[])
            },
            "/l/{word}/{deed}" | "/asked/{word}" => {
                let forged = path.replace("{word}", "forged").replace("{deed}", "solved");
                Call {
                    forged: true,
                    ..Call::to(forged, &[("body", "It works.")])
                }
            }
            "/solution/{word}/{said}" => Call {
                forged: true,
                ..Call::to("/solution/forged/solved", &[("say", "solved")])
            },
            "/mail/stop/{word}" => Call {
                forged: true,
                ..Call::to("/mail/stop/other.forged", &[])
            },
            "/p/{key}/news" => self.on_news(deed, portal).await,
            "/p/{key}/tickets/new" | "/tickets/new" | "/tickets/new/preview" => {
                let mail = format!("{}@guest.example", fresh());
                Call::to(
                    path.replace("{key}", portal),
                    &[
                        ("subject", "Upload stops"),
                        ("description", "It says checksum mismatch."),
                        ("affected", "12"),
                        ("mail", &mail),
                        ("name", "Gus"),
                    ],
                )
            }
            "/sign-in" => {
                let whose = stranger(&self.desk, false).await;
                Browser::of(&self.desk, &whose).await;
                Call {
                    ends_session: true,
                    ..Call::to(path, &[("mail", &whose.email), ("password", PASSWORD)])
                }
            }
            "/exchange" => {
                let id = match deed {
                    "retry" | "give-up" => {
                        crate::exchange::set_aside(&self.desk, &self.f.ada, &self.f.rita).await
                    }
                    "retry-foreign" | "give-up-foreign" => {
                        crate::partner::set_aside(&self.desk, &self.f).await
                    }
                    _ => {
                        let agreement = crate::exchange::coupled(&self.desk, &self.f.ada).await;
                        if deed == "now" {
                            crate::exchange::goes_on(&self.desk, &self.f.ada, agreement).await;
                        }
                        agreement
                    }
                };
                let reason = ("reason", "It was told by phone.");
                Call::to(path, &[("do", deed), ("id", &id.to_string()), reason])
            }
            "/exchange/invitations" => match deed {
                "write" => Call::to(
                    path,
                    &[
                        ("do", deed),
                        ("for_whom", "Sky"),
                        ("gives", "1"),
                        ("services", ""),
                    ],
                ),
                _ => {
                    let id = crate::partner::invited(&self.desk, &self.f).await;
                    Call::to(path, &[("do", deed), ("id", &id.to_string())])
                }
            },
            "/exchange/accept" => {
                let name = format!("{}.sky.example", fresh());
                let text = crate::partner::invitation(&name).await;
                Call::to(path, &[("do", deed), ("invitation", &text)])
            }
            "/exchange/partners/{id}" => {
                let (id, letter) = match deed {
                    "retry-foreign" | "give-up-foreign" => {
                        let letter = crate::partner::set_aside(&self.desk, &self.f).await;
                        let db = self.desk.desk.db();
                        let found = db.read(move |c| store::partner::dead_letter(c, letter));
                        (found.await.unwrap().unwrap().partner, letter)
                    }
                    _ => {
                        let name = format!("{}.sky.example", fresh());
                        let id = crate::partner::partner(&self.desk, &self.f, &name).await;
                        (id, id)
                    }
                };
                let fields = [
                    ("do", deed),
                    ("id", &*letter.to_string()),
                    ("reason", "It was told by phone."),
                    ("intake", "storage"),
                    ("base_url", "http://127.0.0.1:9"),
                ];
                Call::to(path.replace("{id}", &id.to_string()), &fields)
            }
            "/exchange/looked" => {
                crate::exchange::coupled(&self.desk, &self.f.ada).await;
                let (number, _) = crate::exchange::travelling(&self.desk, &self.f.rita).await;
                Call::to(path, &[("ticket", &number.to_string())])
            }
            "/sign-out" => Call {
                ends_session: true,
                ..Call::to(path, &[])
            },
            "/theme" => Call::to(path, &[("theme", "dark"), ("back", "/units")]),
            "/follow" => {
                let number = self.ticket(of).await.to_string();
                let mail = self.owner(of).email.clone();
                Call::to(path, &[("number", &number), ("mail", &mail)])
            }
            "/register" | "/forgot" => {
                let mail = format!("{}@new.example", fresh());
                Call::to(path, &[("mail", &mail)])
            }
            "/passkeys/ask" => Call::to(path, &[("for", "sign_in")]),
            "/sign-in/code" => Call::to(path, &[("code", "000000")]),
            "/sign-in/passkey" => Call::to(path, &[("word", "x"), ("answer", "{}")]),
            "/sign-in/with/{provider}" => Call::to("/sign-in/with/none", &[("user", "x")]),
            _ => panic!("POST {path} has no case here: say in `call` what its form sends"),
        }
    }

    async fn on_ticket(&self, deed: &'static str, of: Of) -> Call {
        let number = match deed {
            "verify" | "reopen" | "rate" => self.solved(of).await,
            _ => self.ticket(of).await,
        };
        let at = |end: &str| format!("/tickets/{number}/{end}");
        let more = format!("{}@people.example", fresh());
        match deed {
            "answer" => Call::to(at(deed), &[("body", "More about it.")]),
            "reopen" => Call::to(at("answer"), &[("do", deed), ("body", "It is back.")]).changes(),
            "people" => Call::to(at(deed), &[("mail", &more)]).changes(),
            "escalate" => Call::to(at(deed), &[("reason", "It is urgent.")]).by(Who::RequesterSide),
            "rate" => Call::to(at(deed), &[("rating", "4")]).by(Who::RequesterSide),
            _ => Call::to(at(deed), &[]).by(Who::RequesterSide),
        }
    }

    async fn on_work(&self, deed: &'static str, of: Of) -> Call {
        let number = self.ticket(of).await;
        let at = |end: &str| format!("/work/{number}/{end}");
        let more = format!("{}@people.example", fresh());
        match deed {
            "note" | "reply" => {
                let fields = [
                    ("kind", deed),
                    ("body", "We look at it."),
                    ("status", "keep"),
                ];
                Call::to(at("write"), &fields).by(Who::Answers)
            }
            "canned" => {
                let body = json!({"scope": "everybody", "title": "T", "shortcut": fresh(),
                                  "body": "Hello {{ requester.name }}."});
                let made = self.desk.post(&self.f.ada, "/canned-texts", body).await;
                let made = made.expect(201);
                let id = made.json["id"].as_str().unwrap();
                let fields = [("kind", "note"), ("status", deed), ("canned", id)];
                Call::to(at("write"), &fields)
            }
            "macro" => {
                let id = self.macro_for_all().await;
                Call::to(at(&format!("macros/{id}")), &[])
            }
            "handle" => Call::to(at(deed), &[("tags", "tape")]),
            "facts" => Call::to(
                at(deed),
                &[
                    ("affected", "7"),
                    ("category", "incident"),
                    ("security", "none"),
                ],
            ),
            "place" => Call::to(at(deed), &[("visibility", "parties"), ("site", "CERN")]),
            "priority" => Call::to(at(deed), &[("priority", "high"), ("because", "An exam.")]),
            "relate" => {
                let other = self.ticket(of).await.to_string();
                Call::to(at(deed), &[("kind", "see_also"), ("other", &other)])
            }
            "people" => Call::to(at(deed), &[("role", "cc"), ("mail", &more)]),
            // An answer that waits nowhere.
            "waiting" => {
                let none = Uuid::nil().to_string();
                Call::to(at(deed), &[("do", "take"), ("id", &none)])
            }
            "follow" => Call::to(at(deed), &[("on", "yes")]).by(Who::Sees),
            _ => {
                let entry = self
                    .desk
                    .post(
                        self.owner(of),
                        &format!("/tickets/{number}/entries"),
                        json!({"body": "second"}),
                    )
                    .await
                    .expect(201);
                let entry = entry.json["id"].as_str().unwrap().to_owned();
                Call::to(at("split"), &[("subject", "The second"), ("entry", &entry)])
            }
        }
    }

    async fn on_unit(&self, deed: &'static str, unit: &str) -> Call {
        let at = format!("/units/{unit}/people");
        let them = stranger(&self.desk, true).await;
        let person = them.id.to_string();
        match deed {
            "add" => Call::to(at, &[("do", deed), ("who", &them.email)]),
            // Whoever holds the permission may ask.
            "join" => Call::to(at, &[("do", deed), ("reason", "I know it.")]).by(Who::Holders),
            "yes" | "no" => {
                let id = self.join_request(&them, unit).await;
                Call::to(at, &[("do", deed), ("id", &id), ("reason", "Because.")])
            }
            _ => {
                let add = json!({"person": them.email});
                self.desk
                    .post(&self.f.ada, &format!("/units/{unit}/members"), add)
                    .await
                    .expect(201);
                let fields = [("do", deed), ("person", &person), ("part", "responsible")];
                Call::to(at, &fields)
            }
        }
    }

    async fn on_account(&self, deed: &'static str, of: Of) -> Call {
        let whose = self.owner(of);
        match deed {
            "details" => Call::to(
                "/account/details",
                &[("name", "Called so"), ("institute", "")],
            ),
            "addresses" => {
                let mail = format!("{}@more.example", fresh());
                Call::to("/account/addresses", &[("address", &mail)])
            }
            "password" => Call {
                ends_session: true,
                ..Call::to(
                    "/account/password",
                    &[("old_password", PASSWORD), ("new_password", PASSWORD)],
                )
            },
            "others" => Call::to("/account/sessions", &[("others", "1")]),
            "session" => {
                // A session of the owner's.
                Browser::of(&self.desk, whose).await;
                let all = self.desk.desk.sessions(whose.id).await.unwrap();
                let id: String = all
                    .last()
                    .unwrap()
                    .id_hash
                    .iter()
                    .fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
                Call {
                    ends_session: true,
                    ..Call::to("/account/sessions", &[("end", &id)]).of(whose.id)
                }
            }
            "token" => Call::to("/account/tokens", &[("token", &fresh()), ("scope", "read")]),
            "revoke" => {
                let actor = actor(&self.desk, whose).await;
                let scopes = [desk::TokenScope::Read];
                let (id, _) = self
                    .desk
                    .desk
                    .make_token(&actor, &fresh(), &scopes, None)
                    .await
                    .unwrap();
                let id = id.to_string();
                Call::to("/account/tokens", &[("revoke", &id)]).of(whose.id)
            }
            _ => panic!("{deed} of an account has no case here"),
        }
    }

    async fn on_news(&self, deed: &'static str, portal: &str) -> Call {
        let at = format!("/p/{portal}/news");
        let id: String;
        let mut fields = vec![
            ("kind", "news"),
            ("title", "New release"),
            ("body", "It is out."),
        ];
        if deed != "post" {
            let catalogue = self.desk.desk.catalogue().await.unwrap();
            let portal = catalogue.find_portal("portal", portal).unwrap().id;
            let draft = desk::portal_news::NewsDraft {
                kind: "news".into(),
                title: "Old release".into(),
                body: String::new(),
            };
            let system = Actor::system(Channel::Cli);
            let posted = self.desk.desk.post_news(&system, portal, None, draft).await;
            id = posted.unwrap().to_string();
            fields.push(("id", &id));
            fields.push(("do", deed));
        }
        Call::to(at, &fields)
    }

    /// How much has been done so far: changes of tickets, deeds of the audit log.
    pub(super) async fn done(&self) -> (i64, i64) {
        self.desk
            .desk
            .db()
            .read(|c| Ok::<_, desk::Error>((store::event::last(c)?, store::audit::written(c)?)))
            .await
            .unwrap()
    }
}
