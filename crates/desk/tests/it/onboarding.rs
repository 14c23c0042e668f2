//! Providers bring their services in: from draft to what is created, and back.

use std::sync::Arc;

use desk::onboarding::{Decision, Sheet, UndoPlan, Verdict};
use desk::{Config, Error, KeptSecrets, OpenRequest, Step};
use store::agreement;
use store::unit::{Service, Unit};
use switchboard_core::onboarding::{Form, Problem, ServicePart, State, Way};
use switchboard_core::{Actor, Change, Channel, Command, Part, TicketNumber};
use testkit::{Federation, Somebody, TestDesk, both, configured};
use uuid::Uuid;

pub(crate) use testkit::whole_form as whole;

pub(crate) async fn actor(desk: &TestDesk, who: &Somebody) -> Actor {
    desk.desk.actor_for(who.id, Channel::Web).await.unwrap()
}

pub(crate) struct Cast {
    pub(crate) f: Federation,
    pub(crate) pia: Somebody,
    pia_acts: Actor,
    pub(crate) ada_acts: Actor,
}

pub(crate) async fn cast(desk: &TestDesk) -> Cast {
    let f = desk.federation().await;
    let pia = desk.person("Pia").await;
    Cast {
        pia_acts: actor(desk, &pia).await,
        ada_acts: actor(desk, &f.ada).await,
        f,
        pia,
    }
}

/// A form of Pia's that waits for review.
async fn waiting(desk: &TestDesk, cast: &Cast, form: Form) -> Uuid {
    let id = desk.desk.begin_onboarding(&cast.pia_acts).await.unwrap();
    let saved = desk
        .desk
        .save_onboarding(&cast.pia_acts, id, None, form)
        .await
        .unwrap();
    assert_eq!(saved.wrong, Vec::<Problem>::new());
    desk.desk
        .submit_onboarding(&cast.pia_acts, id, None, "Please be quick.")
        .await
        .unwrap();
    id
}

pub(crate) async fn accepted(desk: &TestDesk, cast: &Cast, form: Form) -> Uuid {
    let id = waiting(desk, cast, form).await;
    desk.desk
        .decide_onboarding(&cast.ada_acts, id, None, Decision::Accept)
        .await
        .unwrap();
    id
}

async fn sheet(desk: &TestDesk, who: &Actor, id: Uuid) -> Sheet {
    desk.desk.onboarding(who, id).await.unwrap()
}

async fn unit(desk: &TestDesk, key: &str) -> Option<Unit> {
    let catalogue = desk.desk.catalogue().await.unwrap();
    catalogue.units.iter().find(|u| u.key == key).cloned()
}

pub(crate) async fn service(desk: &TestDesk, key: &str) -> Option<Service> {
    let catalogue = desk.desk.catalogue().await.unwrap();
    catalogue.services.iter().find(|s| s.key == key).cloned()
}

async fn open(desk: &TestDesk, who: &Actor, service: &str) -> TicketNumber {
    let request = OpenRequest {
        subject: "A plate is missing".into(),
        description: "It was there yesterday.".into(),
        service: Some(service.into()),
        ..OpenRequest::default()
    };
    desk.desk.open_ticket(who, request).await.unwrap().number
}

pub(crate) fn undo(successor: Option<&str>) -> Decision {
    Decision::Undo {
        reason: "It was a mistake.".into(),
        successor: successor.map(str::to_owned),
    }
}

async fn deeds(desk: &TestDesk, beginning: &str) -> Vec<String> {
    let filter = store::audit::Filter {
        action: Some(beginning.into()),
        ..store::audit::Filter::default()
    };
    desk.desk
        .db()
        .read(move |c| store::audit::find(c, &filter, 100))
        .await
        .unwrap()
        .into_iter()
        .map(|d| d.action)
        .collect()
}

#[test]
fn a_draft_is_kept_whatever_is_wrong_with_it() {
    both(|desk| async move {
        let cast = cast(&desk).await;
        let id = desk.desk.begin_onboarding(&cast.pia_acts).await.unwrap();
        let mut form = whole(&["not an address"]);
        form.unit.parent.clear();
        form.quality.opens = "nine".into();
        let saved = desk
            .desk
            .save_onboarding(&cast.pia_acts, id, None, form.clone())
            .await
            .unwrap();
        assert_eq!(saved.row.form, form, "as it was typed");
        let fields: Vec<&str> = saved.wrong.iter().map(|p| p.field.as_str()).collect();
        assert_eq!(
            fields,
            ["unit.parent", "unit.responsibles", "quality.opens"]
        );
        let refused = desk
            .desk
            .submit_onboarding(&cast.pia_acts, id, None, "")
            .await
            .unwrap_err();
        assert!(
            matches!(&refused, Error::Invalid { field, .. } if field == "unit.parent"),
            "{refused}"
        );
        assert_eq!(
            sheet(&desk, &cast.pia_acts, id).await.row.state,
            State::Draft
        );
    });
}

#[test]
fn a_form_is_its_authors_and_administrators_only() {
    both(|desk| async move {
        let cast = cast(&desk).await;
        let id = waiting(&desk, &cast, whole(&["pia@people.example"])).await;
        for stranger in [&cast.f.rita, &cast.f.stan, &cast.f.fay, &cast.f.mona] {
            let stranger = actor(&desk, stranger).await;
            let refused = desk.desk.onboarding(&stranger, id).await.unwrap_err();
            assert!(matches!(refused, Error::NotFound { .. }), "{refused}");
            let refused = desk
                .desk
                .decide_onboarding(&stranger, id, None, Decision::Accept)
                .await
                .unwrap_err();
            assert!(matches!(refused, Error::NotFound { .. }), "{refused}");
            assert!(desk.desk.onboardings(&stranger).await.unwrap().is_empty());
            assert!(desk.desk.onboarding_queue(&stranger).await.is_err());
        }
        let refused = desk
            .desk
            .decide_onboarding(&cast.pia_acts, id, None, Decision::Accept)
            .await
            .unwrap_err();
        assert!(matches!(refused, Error::Forbidden(_)), "{refused}");
        let refused = desk
            .desk
            .save_onboarding(&cast.ada_acts, id, None, whole(&[]))
            .await
            .unwrap_err();
        assert!(matches!(refused, Error::Forbidden(_)), "{refused}");
    });
}

#[test]
fn nobody_keeps_more_than_a_few_forms_open() {
    both(|desk| async move {
        let cast = cast(&desk).await;
        for _ in 0..10 {
            desk.desk.begin_onboarding(&cast.pia_acts).await.unwrap();
        }
        let refused = desk
            .desk
            .begin_onboarding(&cast.pia_acts)
            .await
            .unwrap_err();
        assert!(matches!(refused, Error::Conflict(_)), "{refused}");
    });
}

#[test]
fn a_returned_form_shows_what_changed_since() {
    both(|desk| async move {
        let cast = cast(&desk).await;
        let form = whole(&["pia@people.example"]);
        let id = waiting(&desk, &cast, form.clone()).await;
        let why = Decision::Return {
            comment: " Please use the second level. ".into(),
        };
        let empty = Decision::Return {
            comment: "  ".into(),
        };
        assert!(
            desk.desk
                .decide_onboarding(&cast.ada_acts, id, None, empty)
                .await
                .is_err()
        );
        desk.desk
            .decide_onboarding(&cast.ada_acts, id, None, why)
            .await
            .unwrap();
        let mut better = form.clone();
        better.unit.level = "3".into();
        better.services[0].contact = "atlas@sky.example".into();
        desk.desk
            .save_onboarding(&cast.pia_acts, id, None, better)
            .await
            .unwrap();
        desk.desk
            .submit_onboarding(&cast.pia_acts, id, None, "Done.")
            .await
            .unwrap();
        let seen = sheet(&desk, &cast.ada_acts, id).await;
        let changed: Vec<(&str, &str, &str)> = seen
            .since_review
            .iter()
            .map(|c| (c.field.as_str(), c.before.as_str(), c.after.as_str()))
            .collect();
        assert_eq!(
            changed,
            [
                ("services.0.contact", "", "atlas@sky.example"),
                ("unit.level", "2", "3")
            ]
        );
        let deeds: Vec<&str> = seen.notes.iter().map(|n| n.deed.as_str()).collect();
        assert_eq!(deeds, ["submitted", "returned", "submitted"]);
        assert_eq!(seen.notes[1].body, "Please use the second level.");
        desk.run_jobs().await;
        let mail = desk.sent_mail();
        let to = |address: &str| mail.iter().filter(|m| m.to == address).count();
        assert_eq!(to("ada@people.example"), 2, "{mail:?}");
        assert_eq!(to("pia@people.example"), 1, "{mail:?}");
        assert!(mail.iter().any(|m| m.text.contains("second level")));
    });
}

#[test]
fn what_was_reviewed_is_what_is_accepted() {
    both(|desk| async move {
        let cast = cast(&desk).await;
        let id = waiting(&desk, &cast, whole(&["pia@people.example"])).await;
        let seen = sheet(&desk, &cast.ada_acts, id).await.row.version;
        let back = Decision::Return {
            comment: "More, please.".into(),
        };
        desk.desk
            .decide_onboarding(&cast.ada_acts, id, None, back)
            .await
            .unwrap();
        desk.desk
            .submit_onboarding(&cast.pia_acts, id, None, "")
            .await
            .unwrap();
        let refused = desk
            .desk
            .decide_onboarding(&cast.ada_acts, id, Some(seen), Decision::Accept)
            .await
            .unwrap_err();
        assert!(matches!(refused, Error::Stale { .. }), "{refused}");
    });
}

#[test]
fn accepting_creates_everything_at_once_and_tells_those_concerned() {
    both(|desk| async move {
        let cast = cast(&desk).await;
        let mut form = whole(&["pia@people.example", "new@sky.example"]);
        form.services.push(ServicePart {
            name: "Sky Plates".into(),
            area: "Data".into(),
            description: "Scans.".into(),
            ..ServicePart::default()
        });
        let id = waiting(&desk, &cast, form).await;
        let would = sheet(&desk, &cast.ada_acts, id).await.would.join("\n");
        for line in [
            "Sky Institute (new)",
            "new@sky.example is invited",
            "Sky Plates",
        ] {
            assert!(would.contains(line), "{line} in {would}");
        }
        desk.desk
            .decide_onboarding(&cast.ada_acts, id, None, Decision::Accept)
            .await
            .unwrap();
        let unit = unit(&desk, "sky-atlas-support").await.unwrap();
        assert_eq!((unit.level, unit.parent), (2, Some(cast.f.storage)));
        assert_eq!(unit.doc.hours, Some((540, 1020)));
        assert_eq!(unit.doc.faq.len(), 2);
        for key in ["sky-atlas", "sky-plates"] {
            let service = service(&desk, key).await.unwrap();
            assert_eq!((service.unit, service.option.as_str()), (unit.id, "direct"));
            let held = desk
                .desk
                .db()
                .read(move |c| agreement::current(c, service.id))
                .await
                .unwrap()
                .unwrap();
            assert_eq!((held.option, held.onboarding), (Way::Direct, id));
            assert_eq!(held.doc.escalation, "head@sky.example");
        }
        let members = desk.desk.members(unit.id).await.unwrap();
        assert_eq!(members.len(), 2);
        assert!(members.iter().all(|m| m.part == Part::Responsible));
        let pia = actor(&desk, &cast.pia).await;
        assert!(pia.is_staff(), "with permission and unit");
        let pages = desk.desk.providers_of(cast.pia.id).await.unwrap();
        assert_eq!(pages[0].provider.key, "sky-institute");
        assert_eq!(pages[0].services.len(), 2);
        assert_eq!(deeds(&desk, "onboarding.").await, ["onboarding.accepted"]);
        desk.run_jobs().await;
        let mail = desk.sent_mail();
        let invited = mail.iter().find(|m| m.to == "new@sky.example").unwrap();
        assert!(
            invited.text.contains("http://desk.example/sign-in"),
            "{}",
            invited.text
        );
        // The second time there is nothing to accept.
        let again = desk
            .desk
            .decide_onboarding(&cast.ada_acts, id, None, Decision::Accept)
            .await
            .unwrap_err();
        assert!(matches!(again, Error::Conflict(_)), "{again}");
    });
}

#[test]
fn what_fails_in_the_middle_creates_nothing() {
    both(|desk| async move {
        let cast = cast(&desk).await;
        let first = waiting(&desk, &cast, whole(&["pia@people.example"])).await;
        let mut form = whole(&["pia@people.example"]);
        form.provider.name = "Another Institute".into();
        form.unit.name = "Another unit".into();
        let second = waiting(&desk, &cast, form).await;
        desk.desk
            .decide_onboarding(&cast.ada_acts, first, None, Decision::Accept)
            .await
            .unwrap();
        // The service's name is taken now.
        let refused = desk
            .desk
            .decide_onboarding(&cast.ada_acts, second, None, Decision::Accept)
            .await
            .unwrap_err();
        assert!(
            matches!(&refused, Error::Invalid { field, .. } if field == "services.0.name"),
            "{refused}"
        );
        assert!(unit(&desk, "another-unit").await.is_none());
        let providers = desk.desk.providers().await.unwrap();
        assert!(!providers.iter().any(|p| p.name == "Another Institute"));
        let state = sheet(&desk, &cast.pia_acts, second).await.row.state;
        assert_eq!(state, State::Submitted);
    });
}

#[test]
fn a_contact_of_a_provider_sees_figures_and_no_ticket() {
    both(|desk| async move {
        let cast = cast(&desk).await;
        // Somebody else is responsible, so Pia is a contact and nothing more.
        let id = accepted(&desk, &cast, whole(&["stan@people.example"])).await;
        let rita = actor(&desk, &cast.f.rita).await;
        let number = open(&desk, &rita, "sky-atlas").await;
        let pia = actor(&desk, &cast.pia).await;
        assert!(!pia.is_staff());
        let pages = desk.desk.providers_of(cast.pia.id).await.unwrap();
        assert_eq!(
            (
                pages[0].services[0].open,
                pages[0].services[0].opened_30_days
            ),
            (1, 1)
        );
        let refused = desk.desk.ticket(&pia, number).await.unwrap_err();
        assert!(matches!(refused, Error::NotFound { .. }), "{refused}");
        assert_eq!(sheet(&desk, &pia, id).await.row.state, State::Accepted);
        assert!(desk.desk.provider(&rita, "sky-institute").await.is_err());
    });
}

#[test]
fn undoing_removes_what_nobody_used_and_nothing_else() {
    both(|desk| async move {
        let cast = cast(&desk).await;
        let before = desk.desk.catalogue().await.unwrap();
        let (units, services) = (before.units.len(), before.services.len());
        let id = accepted(
            &desk,
            &cast,
            whole(&["pia@people.example", "stan@people.example"]),
        )
        .await;
        let plan = sheet(&desk, &cast.ada_acts, id).await.undo.unwrap();
        assert!(
            matches!(&plan, UndoPlan::Remove { lines } if lines.len() == 4),
            "{plan:?}"
        );
        desk.desk
            .decide_onboarding(&cast.ada_acts, id, None, undo(None))
            .await
            .unwrap();
        let after = desk.desk.catalogue().await.unwrap();
        assert_eq!((after.units.len(), after.services.len()), (units, services));
        let providers = desk.desk.providers().await.unwrap();
        assert!(!providers.iter().any(|p| p.key == "sky-institute"));
        assert!(!actor(&desk, &cast.pia).await.support, "granted by it only");
        assert!(actor(&desk, &cast.f.stan).await.support, "had it before");
        let row = sheet(&desk, &cast.pia_acts, id).await.row;
        assert_eq!((row.state, row.provider), (State::Undone, None));
        // The same can come in again.
        accepted(&desk, &cast, whole(&["pia@people.example"])).await;
        assert!(desk.desk.check_audit().await.unwrap().problem.is_none());
    });
}

#[test]
fn undoing_what_was_used_retires_it_with_a_successor() {
    both(|desk| async move {
        let cast = cast(&desk).await;
        let id = accepted(&desk, &cast, whole(&["pia@people.example"])).await;
        let rita = actor(&desk, &cast.f.rita).await;
        let number = open(&desk, &rita, "sky-atlas").await;
        let plan = sheet(&desk, &cast.ada_acts, id).await.undo.unwrap();
        assert!(
            matches!(plan, UndoPlan::Retire { tickets: 1, .. }),
            "{plan:?}"
        );
        for wrong in [None, Some("no-such-unit"), Some("sky-atlas-support")] {
            let refused = desk
                .desk
                .decide_onboarding(&cast.ada_acts, id, None, undo(wrong))
                .await
                .unwrap_err();
            assert!(
                matches!(&refused, Error::Invalid { field, .. } if field == "successor"),
                "{refused}"
            );
        }
        desk.desk
            .decide_onboarding(&cast.ada_acts, id, None, undo(Some("storage")))
            .await
            .unwrap();
        let unit = unit(&desk, "sky-atlas-support").await.unwrap();
        assert_eq!((unit.active, unit.successor), (false, Some(cast.f.storage)));
        assert!(!service(&desk, "sky-atlas").await.unwrap().active);
        desk.run_jobs().await;
        let ticket = desk.desk.ticket(&cast.ada_acts, number).await.unwrap();
        assert_eq!(ticket.unit.id, cast.f.storage, "the successor has it");
        assert!(ticket.status.is_open(), "no ticket is lost");
    });
}

#[test]
fn a_known_provider_is_changed_and_changed_back() {
    both(|desk| async move {
        let cast = cast(&desk).await;
        // Services that were here before made the provider of their name.
        let known = desk.desk.providers().await.unwrap()[0].clone();
        assert_eq!(known.name, "Tests");
        let mut form = whole(&["pia@people.example"]);
        form.provider.known = known.key.clone();
        form.provider.name = "Tests and more".into();
        let id = waiting(&desk, &cast, form).await;
        let changes = sheet(&desk, &cast.ada_acts, id).await.changes;
        assert!(
            changes
                .iter()
                .any(|c| c.field == "provider.name" && c.before == "Tests"),
            "{changes:?}"
        );
        desk.desk
            .decide_onboarding(&cast.ada_acts, id, None, Decision::Accept)
            .await
            .unwrap();
        assert_eq!(
            service(&desk, "archive").await.unwrap().provider,
            "Tests and more"
        );
        desk.desk
            .decide_onboarding(&cast.ada_acts, id, None, undo(None))
            .await
            .unwrap();
        assert_eq!(desk.desk.providers().await.unwrap(), [known]);
        assert_eq!(service(&desk, "archive").await.unwrap().provider, "Tests");
    });
}

/// The word in the link of the last mail to an address.
fn link_word(desk: &TestDesk, to: &str) -> String {
    let mail = desk.sent_mail().into_iter().rfind(|m| m.to == to).unwrap();
    let (_, rest) = mail.text.split_once("/provider/list/").unwrap();
    rest.split_whitespace().next().unwrap().to_owned()
}

#[test]
fn a_list_is_confirmed_by_who_reads_it_once() {
    both(|desk| async move {
        let cast = cast(&desk).await;
        let id = desk.desk.begin_onboarding(&cast.pia_acts).await.unwrap();
        let mut form = whole(&["pia@people.example"]);
        form.option = Some(Way::Redirection);
        form.redirection.list = "Help@Sky.example".into();
        let saved = desk
            .desk
            .save_onboarding(&cast.pia_acts, id, None, form.clone())
            .await
            .unwrap();
        assert_eq!(saved.wrong[0].field, "redirection.list");
        desk.desk.ask_list(&cast.pia_acts, id).await.unwrap();
        desk.run_jobs().await;
        let first = link_word(&desk, "help@sky.example");
        desk.desk.ask_list(&cast.pia_acts, id).await.unwrap();
        desk.run_jobs().await;
        let word = link_word(&desk, "help@sky.example");
        assert!(
            desk.desk.confirm_list(&first).await.is_err(),
            "a newer one was sent"
        );
        assert!(desk.desk.confirm_list("guess").await.is_err());
        assert_eq!(
            desk.desk.list_to_confirm(&word).await.unwrap(),
            "help@sky.example"
        );
        desk.desk.confirm_list(&word).await.unwrap();
        assert!(desk.desk.confirm_list(&word).await.is_err(), "once");
        assert!(sheet(&desk, &cast.pia_acts, id).await.wrong.is_empty());
        // Another address has to be confirmed again.
        form.redirection.list = "other@sky.example".into();
        let saved = desk
            .desk
            .save_onboarding(&cast.pia_acts, id, None, form)
            .await
            .unwrap();
        assert_eq!(saved.wrong.len(), 1);
        for _ in 0..3 {
            desk.desk.ask_list(&cast.pia_acts, id).await.unwrap();
        }
        let refused = desk.desk.ask_list(&cast.pia_acts, id).await.unwrap_err();
        assert!(matches!(refused, Error::TooMany { .. }), "{refused}");
        desk.clock.advance(8 * 86_400_000);
        desk.run_jobs().await;
        let late = link_word(&desk, "other@sky.example");
        assert!(desk.desk.confirm_list(&late).await.is_err(), "after a week");
    });
}

#[test]
fn a_service_goes_another_way_and_its_open_tickets_stay() {
    both(|desk| async move {
        let cast = cast(&desk).await;
        accepted(&desk, &cast, whole(&["stan@people.example"])).await;
        let pia = actor(&desk, &cast.pia).await;
        let rita = actor(&desk, &cast.f.rita).await;
        let number = open(&desk, &rita, "sky-atlas").await;
        let unit = unit(&desk, "sky-atlas-support").await.unwrap();

        let stranger = desk.desk.begin_move(&rita, "sky-atlas").await.unwrap_err();
        assert!(matches!(stranger, Error::NotFound { .. }), "{stranger}");
        let id = desk.desk.begin_move(&pia, "sky-atlas").await.unwrap();
        assert_eq!(
            desk.desk.begin_move(&pia, "sky-atlas").await.unwrap(),
            id,
            "one at a time"
        );
        let same = sheet(&desk, &pia, id).await;
        assert_eq!(same.wrong[0].field, "option", "nothing differs yet");
        let mut form = same.row.form;
        form.option = Some(Way::Redirection);
        form.redirection.list = "help@sky.example".into();
        form.redirection.personal_data = true;
        // Another ticket, on which somebody works here.
        let taken = open(&desk, &rita, "sky-atlas").await;
        let stan = actor(&desk, &cast.f.stan).await;
        let take = Step::Command(Command::SetOwner {
            owner: Some(cast.f.stan.id),
        });
        desk.desk.act(&stan, taken, None, vec![take]).await.unwrap();
        let saved = desk
            .desk
            .save_onboarding(&pia, id, None, form)
            .await
            .unwrap();
        assert_eq!(saved.wrong[0].field, "redirection.list", "not confirmed");
        assert!(
            desk.desk
                .submit_onboarding(&pia, id, None, "")
                .await
                .is_err()
        );
        desk.desk.ask_list(&pia, id).await.unwrap();
        desk.run_jobs().await;
        desk.desk
            .confirm_list(&link_word(&desk, "help@sky.example"))
            .await
            .unwrap();
        desk.desk
            .submit_onboarding(&pia, id, None, "")
            .await
            .unwrap();
        desk.clock.advance(60_000);
        desk.desk
            .decide_onboarding(&cast.ada_acts, id, None, Decision::Accept)
            .await
            .unwrap();

        // The list gets what waits for somebody, and may know who asks.
        desk.run_jobs().await;
        let to_list = |desk: &TestDesk| -> Vec<testkit::Mail> {
            let all = desk.sent_mail().into_iter();
            all.filter(|m| m.to == "help@sky.example" && m.subject.starts_with("[#"))
                .collect()
        };
        let got = to_list(&desk);
        assert_eq!(got.len(), 1, "{got:?}");
        assert!(got[0].subject.starts_with(&format!("[#{number}]")));
        assert!(
            got[0]
                .text
                .contains("Requester: Rita <rita@people.example>")
        );
        let raw = String::from_utf8_lossy(&got[0].raw).into_owned();
        assert!(raw.contains("Rita via Switchboard"), "{raw}");

        let moved = service(&desk, "sky-atlas").await.unwrap();
        assert_eq!(moved.option, "redirection");
        assert_eq!(moved.doc.list.as_deref(), Some("help@sky.example"));
        let seen = desk.desk.ticket(&cast.ada_acts, number).await.unwrap();
        assert_eq!(seen.unit.id, unit.id, "it stays where it is");
        assert!(seen.status.is_open());
        let of_move = |c: &Change| {
            matches!(
                c,
                Change::ServiceMoved {
                    old: Way::Direct,
                    new: Way::Redirection,
                    ..
                }
            )
        };
        let history = desk
            .desk
            .history(&cast.ada_acts, number, 0, 1000)
            .await
            .unwrap();
        assert_eq!(history.iter().filter(|e| of_move(&e.change)).count(), 1);
        let hers = desk.desk.history(&rita, number, 0, 1000).await.unwrap();
        assert!(!hers.iter().any(|e| of_move(&e.change)), "an inner matter");

        let all = {
            let service = moved.id;
            desk.desk
                .db()
                .read(move |c| agreement::of_service(c, service))
                .await
                .unwrap()
        };
        assert_eq!(all.len(), 2);
        assert_eq!(all[1].closed_at, Some(all[0].opened_at));
        assert_eq!(all[0].closed_at, None);

        desk.desk
            .decide_onboarding(&cast.ada_acts, id, None, undo(None))
            .await
            .unwrap();
        desk.run_jobs().await;
        let got = to_list(&desk);
        assert_eq!(got.len(), 2, "it hears that it is over");
        assert!(got[1].text.contains("does not go by this list any more"));
        let back = service(&desk, "sky-atlas").await.unwrap();
        assert_eq!((back.option.as_str(), back.doc.list), ("direct", None));
        let seen = desk.desk.ticket(&cast.ada_acts, number).await.unwrap();
        assert_eq!(seen.unit.id, unit.id);
    });
}

#[test]
fn a_secret_is_named_and_never_shown() {
    let mut secrets = KeptSecrets::default();
    secrets.keep("sky-rt", "rt.sky.example", "canary-secret".into());
    let config = Config {
        secrets,
        ..testkit::config()
    };
    configured(config, |desk: Arc<TestDesk>| async move {
        let cast = cast(&desk).await;
        let mut form = whole(&["pia@people.example"]);
        form.option = Some(Way::Integration);
        form.exchange.system = "rt".into();
        form.exchange.endpoint = "https://rt.sky.example/REST/2.0".into();
        form.exchange.secret = "sky-rt".into();
        form.exchange.queue = "atlas".into();
        form.fill_maps();
        let id = accepted(&desk, &cast, form).await;
        let held = {
            let service = service(&desk, "sky-atlas").await.unwrap().id;
            desk.desk
                .db()
                .read(move |c| agreement::current(c, service))
                .await
                .unwrap()
                .unwrap()
        };
        assert_eq!(held.secret.as_deref(), Some("sky-rt"));
        assert_eq!(held.doc.statuses["solved"], "resolved");
        let seen = format!("{:?}", sheet(&desk, &cast.ada_acts, id).await);
        assert!(seen.contains("sky-rt") && !seen.contains("canary-secret"));
    });
}

#[test]
fn a_test_of_the_connection_says_what_is_wrong_and_goes_nowhere_it_should_not() {
    both(|desk| async move {
        let cast = cast(&desk).await;
        let id = desk.desk.begin_onboarding(&cast.pia_acts).await.unwrap();
        let refused = desk
            .desk
            .test_connection(&cast.pia_acts, id)
            .await
            .unwrap_err();
        assert!(matches!(refused, Error::Conflict(_)), "{refused}");
        let mut form = whole(&["pia@people.example"]);
        form.option = Some(Way::Integration);
        form.exchange.system = "rt".into();
        form.exchange.queue = "atlas".into();
        for endpoint in [
            "https://10.0.0.1/REST/2.0",
            "https://169.254.169.254/",
            "rt",
        ] {
            form.exchange.endpoint = endpoint.into();
            desk.desk
                .save_onboarding(&cast.pia_acts, id, None, form.clone())
                .await
                .unwrap();
            desk.clock.advance(5_000);
            let tested = desk.desk.test_connection(&cast.pia_acts, id).await.unwrap();
            assert_eq!(tested.lines.len(), 1, "{tested:?}");
            assert_eq!(tested.lines[0].verdict, Verdict::Bad);
            assert_eq!(tested.lines[0].text, "This address is not called");
            assert_eq!(sheet(&desk, &cast.pia_acts, id).await.tested, Some(tested));
        }
        let refused = desk
            .desk
            .test_connection(&cast.pia_acts, id)
            .await
            .unwrap_err();
        assert!(matches!(refused, Error::TooMany { .. }), "{refused}");
        // What was tested was another address.
        form.exchange.endpoint = "https://rt.sky.example/".into();
        let saved = desk
            .desk
            .save_onboarding(&cast.pia_acts, id, None, form)
            .await
            .unwrap();
        assert_eq!(saved.tested, None);
        let stan = actor(&desk, &cast.f.stan).await;
        let refused = desk.desk.test_connection(&stan, id).await.unwrap_err();
        assert!(matches!(refused, Error::NotFound { .. }), "{refused}");
    });
}
