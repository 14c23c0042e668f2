//! Every form of every page as everybody, on what is their own and on what is
//! others' (bar A-01): what the row of the policy table promises is what they
//! get. A form without a case here fails.
//!
//! Allowed is what was done (a way on that is not the sign-in page, or a page)
//! or refused for what was typed (422). Refused is the way to the sign-in page, a
//! 401, 403, 404 or 409, or in the workspace the way back with a notice; and
//! nothing has changed then, in no ticket and not in the audit log. Of each form
//! somebody gets through, so that no case passes because what it sends is wrong.

use std::cell::RefCell;
use std::collections::BTreeMap;

use desk::account::NewAccount;
use desk::service::ServiceEdit;
use switchboard_core::{Actor, Channel};
use testkit::{Answer, Federation, Somebody, TestDesk, configured};
use web::policy::{self, Needs, Row, Who};

use self::world::{Call, World, actor, deeds, is_sent_elsewhere};
use crate::browser::{Browser, form};

mod admin;
mod rota;
mod world;

/// Whose the things are that a call is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    /// Rita's ticket, the unit and service that it is with, the portal and the
    /// provider that have people here.
    Ours,
    /// Otto's ticket, the unit and service that it is with, and what nobody here
    /// has to do with.
    Others,
}

/// What somebody is to a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Requester,
    Unit,
    First,
    Monitor,
    Admin,
    Stranger,
}

/// Somebody who sends forms.
struct Caller {
    name: &'static str,
    who: Somebody,
    signed_in: bool,
    /// They work somewhere, or are a monitor.
    staff: bool,
    /// Their part in the ticket of ours, and in that of others.
    parts: [Part; 2],
    /// They are in the unit of ours, in that of others; and as its responsible.
    in_unit: [bool; 2],
    responsible: bool,
    /// The first level of our portal.
    portal: bool,
    /// They hold the support permission.
    support: bool,
}

impl Caller {
    fn part(&self, of: Of) -> Part {
        self.parts[of as usize]
    }

    fn admin(&self) -> bool {
        self.parts[0] == Part::Admin
    }

    fn first(&self) -> bool {
        self.parts[0] == Part::First
    }
}

async fn callers(desk: &TestDesk, f: &Federation) -> Vec<Caller> {
    use Part::{Admin, First, Monitor, Requester, Stranger, Unit};
    let outsider = |name, who: &Somebody, parts| Caller {
        name,
        who: who.clone(),
        signed_in: true,
        staff: false,
        parts,
        in_unit: [false; 2],
        responsible: false,
        portal: false,
        support: false,
    };
    let staff = |name, who: &Somebody, parts: [Part; 2]| Caller {
        staff: true,
        support: true,
        in_unit: parts.map(|part| part == Unit),
        ..outsider(name, who, parts)
    };
    let pia = desk
        .account(NewAccount {
            name: "Pia".into(),
            support: true,
            ..NewAccount::default()
        })
        .await;
    desk.portal("belle", &[&pia], &["Archive"]).await;
    desk.portal("juno", &[], &["Links"]).await;
    let pat = desk.person("Pat").await;
    let (system, ada) = (Actor::system(Channel::Cli), actor(desk, &f.ada).await);
    desk.desk
        .add_provider_contact(&ada, "tests", &pat.email)
        .await
        .unwrap();
    // The other service is nobody's here.
    let elsewhere = ServiceEdit {
        provider: Some(String::new()),
        ..ServiceEdit::default()
    };
    desk.desk
        .change_service(&system, "links", None, elsewhere)
        .await
        .unwrap();
    vec![
        Caller {
            signed_in: false,
            ..outsider("nobody", &Somebody::anonymous(), [Stranger; 2])
        },
        outsider("requester", &f.rita, [Requester, Stranger]),
        outsider("other requester", &f.otto, [Stranger, Requester]),
        outsider("provider's contact", &pat, [Stranger; 2]),
        staff("member", &f.sam, [Unit, Stranger]),
        staff("other unit's member", &f.nina, [Stranger, Unit]),
        Caller {
            responsible: true,
            ..staff("responsible", &f.stan, [Unit, Stranger])
        },
        staff("first level", &f.fay, [First; 2]),
        Caller {
            portal: true,
            ..staff("portal's first level", &pia, [Stranger; 2])
        },
        Caller {
            support: false,
            ..staff("monitor", &f.mona, [Monitor; 2])
        },
        Caller {
            support: false,
            ..staff("administrator", &f.ada, [Admin; 2])
        },
    ]
}

/// What the row promises.
fn allowed(row: &Row, call: &Call, of: Of, caller: &Caller) -> bool {
    let (part, at) = (caller.part(of), of as usize);
    let sees = part != Part::Stranger;
    if row.needs == Needs::Link {
        return !call.forged;
    }
    if row.needs != Needs::Nothing && !caller.signed_in {
        return false;
    }
    if let Some(owner) = call.owner {
        return owner == caller.who.id;
    }
    if call.changes && part == Part::Monitor {
        return false;
    }
    // Pages of the workspace are for those who work.
    if row.path.starts_with("/work") && !caller.staff {
        return false;
    }
    match call.who.unwrap_or(row.who) {
        Who::Everybody | Who::Oneself => true,
        Who::Sees | Who::Answers => sees,
        Who::SupportSide => sees && part != Part::Requester,
        Who::RequesterSide | Who::Requester => part == Part::Requester,
        Who::Works => matches!(part, Part::Unit | Part::First | Part::Admin),
        Who::Staff => caller.staff,
        Who::Reports => caller.staff || caller.name == "provider's contact",
        Who::FirstLevel => caller.first() || caller.admin(),
        Who::UnitStaff => caller.in_unit[at] || caller.admin(),
        Who::OnDuty => caller.in_unit[at],
        Who::Responsibles if row.path.starts_with("/p/") => {
            (caller.portal && of == Of::Ours) || caller.admin()
        }
        Who::Responsibles => (caller.responsible && of == Of::Ours) || caller.admin(),
        Who::Administrators => caller.admin(),
        Who::Holders => caller.support,
        Who::Applicants => panic!("{}: no form has this", row.path),
    }
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Done,
    Typed,
    /// Back to where one works, with a notice that says that it was not done.
    Back,
    Refused,
    Odd,
}

fn class(answer: &Answer, changed: bool) -> Class {
    let to = answer.headers.get("location");
    let to = to.map_or("", |l| l.to_str().unwrap_or_default());
    match answer.status {
        // Where a new password leads as well.
        303 if to.starts_with("/sign-in") && !changed => Class::Refused,
        303 if !changed && (to.starts_with("/triage") || to.starts_with("/work/")) => Class::Back,
        200 | 303 => Class::Done,
        422 => Class::Typed,
        401 | 403 | 404 | 409 => Class::Refused,
        _ => Class::Odd,
    }
}

#[test]
fn each_form_gives_everybody_what_its_row_says() {
    configured(crate::exchange::keeping(), |desk| async move {
        let f = desk.federation().await;
        let callers = callers(&desk, &f).await;
        let world = World {
            desk: desk.clone(),
            f,
            pia: callers.iter().find(|c| c.portal).unwrap().who.clone(),
            kept: RefCell::default(),
        };
        let mut browsers = BTreeMap::new();
        let (mut wrong, mut calls) = (Vec::new(), 0);
        for row in policy::pages().filter(|r| r.method == "POST") {
            // A machine sends no form; its signature is tried out in `federated`.
            if row.needs == Needs::Signed {
                continue;
            }
            for deed in deeds(row.path) {
                let elsewhere = is_sent_elsewhere(row.path, deed);
                let mut somebody = false;
                for caller in &callers {
                    for of in [Of::Ours, Of::Others] {
                        let call = world.call(row, deed, of, caller).await;
                        let known = browsers.remove(caller.name);
                        let (mut browser, csrf) = match known {
                            Some(known) => known,
                            None => {
                                let mut browser = if caller.signed_in {
                                    Browser::of(&desk, &caller.who).await
                                } else {
                                    Browser::new(&desk)
                                };
                                let csrf = browser.csrf().await;
                                (browser, csrf)
                            }
                        };
                        let mut fields = vec![("csrf", csrf.as_str())];
                        fields.extend(call.fields.iter().map(|(k, v)| (*k, v.as_str())));
                        let before = world.done().await;
                        let mut answer = browser.send_raw(&call.path, &form(&fields)).await;
                        if answer.status == 429 {
                            // The limits of a network, which all of them share here.
                            desk.clock.advance(61 * 60_000);
                            answer = browser.send_raw(&call.path, &form(&fields)).await;
                        }
                        let changed = world.done().await != before;
                        calls += 1;
                        let got = class(&answer, changed);
                        let fits = if allowed(row, &call, of, caller) {
                            somebody |= got == Class::Done;
                            // Of many tickets at once nothing happens to those
                            // that they do not work on.
                            let idle = row.path == "/work/bulk"
                                && matches!(caller.part(of), Part::Stranger | Part::Monitor);
                            let through = matches!(got, Class::Done | Class::Typed | Class::Back);
                            elsewhere || through && !(idle && changed)
                        } else {
                            let told = match got {
                                Class::Refused => true,
                                Class::Back => caller.staff,
                                // Who may read it is told first what is wrong in the form.
                                Class::Typed => caller.part(of) == Part::Monitor,
                                _ => false,
                            };
                            told && !changed
                        };
                        if !fits {
                            wrong.push(format!(
                                "{} {deed:?} of {of:?} as {}: {} {}{}",
                                row.path,
                                caller.name,
                                answer.status,
                                answer
                                    .headers
                                    .get("location")
                                    .map_or("", |l| l.to_str().unwrap_or_default()),
                                if changed {
                                    ", and something changed"
                                } else {
                                    ""
                                },
                            ));
                        }
                        if !call.ends_session {
                            browsers.insert(caller.name, (browser, csrf));
                        }
                    }
                }
                if !somebody && !elsewhere {
                    wrong.push(format!("{} {deed:?}: nobody gets through", row.path));
                }
            }
        }
        assert!(
            wrong.is_empty(),
            "{} of {calls}:\n{}",
            wrong.len(),
            wrong.join("\n")
        );
        assert!(calls > 1_500, "{calls} calls only");
    });
}
