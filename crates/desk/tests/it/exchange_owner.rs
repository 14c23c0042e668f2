//! Who works on a ticket, there and here, by the lines of the agreement.

use std::time::Duration;

use desk::Step;
use serde_json::json;
use switchboard_core::onboarding::Form;
use switchboard_core::{Actor, Channel, Command, Part, PersonId, TicketNumber};
use testkit::{TestDesk, both_configured, rt_server};

use crate::erasure::word;
use crate::exchange::{World, coupled, keeping, opens, passes, stored, there, world_by};
use crate::exchange_fake::Wrong;
use crate::exchange_fields::quiet;
use crate::exchange_in::here;
use crate::exchange_rt::reaches;
use crate::onboarding::{Cast, accepted, actor, cast, service};

/// Sam, Pia and Stan have logins there.
fn owned(queue: &str, logins: [&str; 3]) -> Form {
    let mut form = coupled(queue);
    form.exchange.personal_data = true;
    let people = ["sam", "Pia", "stan"].into_iter().zip(logins);
    form.exchange.owners = people
        .map(|(name, login)| format!("{name}@people.example = {login}"))
        .collect();
    form
}

/// Pia is responsible for the unit; Sam and Nina are members of it, Stan is not.
pub(crate) async fn staffed(desk: &TestDesk, cast: &Cast) {
    let unit = service(desk, "sky-atlas").await.unwrap().unit;
    for person in [cast.f.sam.id, cast.f.nina.id] {
        desk.desk
            .set_member(unit, person, Part::Member)
            .await
            .unwrap();
    }
}

/// A world with a ticket that is number 100 there.
async fn world(desk: &TestDesk) -> (World, TicketNumber) {
    let w = world_by(desk, owned("atlas", ["sam", "pia-there", "stan"])).await;
    staffed(desk, &w.cast).await;
    let number = opens(desk, &w.rita, "sky-atlas").await;
    (w, number)
}

pub(crate) async fn sets(
    desk: &TestDesk,
    who: &Actor,
    number: TicketNumber,
    owner: Option<PersonId>,
) {
    let step = Step::Command(Command::SetOwner { owner });
    desk.desk.act(who, number, None, vec![step]).await.unwrap();
}

pub(crate) async fn owner(desk: &TestDesk, number: TicketNumber) -> Option<PersonId> {
    stored(desk, number).await.0.owner
}

pub(crate) async fn trace(desk: &TestDesk, cast: &Cast, number: TicketNumber) -> String {
    quiet(desk, cast, number).await.join("\n")
}

#[test]
fn who_owns_it_there_owns_it_here_if_a_line_and_the_unit_have_them() {
    both_configured(&keeping(), |desk| async move {
        let (w, number) = world(&desk).await;
        let (fake, f) = (&w.fake, &w.cast.f);
        let calls = || fake.0.lock().unwrap().calls;
        fake.gives("100", "grace", Some("SAM"));
        passes(&desk, 60).await;
        assert_eq!(owner(&desk, number).await, Some(f.sam.id));
        // No echo, and their way to write it stays.
        let before = calls();
        passes(&desk, 60).await;
        assert_eq!(calls() - before, 2, "two looks");
        assert_eq!(fake.owner("100").as_deref(), Some("SAM"));

        // Somebody whom nobody here knows, and one who is no member: shown as it stands.
        for (login, why) in [
            ("zoe", "owner “zoe” has no line here"),
            (
                "stan",
                "owner “stan” was not taken over: owner: must be a member of Sky Atlas support",
            ),
        ] {
            fake.gives("100", "grace", Some(login));
            passes(&desk, 60).await;
            assert_eq!(owner(&desk, number).await, Some(f.sam.id), "{login}");
            let seen = there(&desk, &w.cast, number).await;
            assert_eq!(seen.owner.as_deref(), Some(login));
            let said = trace(&desk, &w.cast, number).await;
            assert!(said.contains(why), "{said}");
        }
        assert_eq!(fake.owner("100").as_deref(), Some("stan"), "left as it is");
        fake.gives("100", "grace", None);
        passes(&desk, 60).await;
        assert_eq!(owner(&desk, number).await, None);

        // Whom they do not know they can not take it from.
        sets(&desk, &w.cast.ada_acts, number, Some(f.nina.id)).await;
        passes(&desk, 60).await;
        fake.gives("100", "grace", Some("sam"));
        fake.gives("100", "grace", None);
        passes(&desk, 60).await;
        assert_eq!(owner(&desk, number).await, Some(f.nina.id));
        assert!(
            !trace(&desk, &w.cast, number)
                .await
                .contains(&f.sam.id.0.to_string())
        );
    });
}

#[test]
fn who_owns_it_here_owns_it_there_if_a_line_names_them() {
    both_configured(&keeping(), |desk| async move {
        let (w, number) = world(&desk).await;
        let (fake, f, ada) = (&w.fake, &w.cast.f, &w.cast.ada_acts);
        assert_eq!(fake.owner("100"), None);
        for (who, login) in [
            (Some(f.sam.id), Some("sam")),
            (Some(w.cast.pia.id), Some("pia-there")),
            (None, None),
            (Some(f.sam.id), Some("sam")),
            // Nobody there is her: it is not Sam's any more.
            (Some(f.nina.id), None),
        ] {
            sets(&desk, ada, number, who).await;
            passes(&desk, 60).await;
            assert_eq!(fake.owner("100").as_deref(), login);
            assert_eq!(owner(&desk, number).await, who);
        }
        // Whom they chose stays, where it was nobody of ours.
        fake.gives("100", "grace", Some("zoe"));
        passes(&desk, 60).await;
        sets(&desk, ada, number, None).await;
        passes(&desk, 60).await;
        assert_eq!(fake.owner("100").as_deref(), Some("zoe"));
        let said = trace(&desk, &w.cast, number).await;
        for part in ["owner “pia-there”", "owner “nobody”", "owner “sam”"] {
            assert!(said.contains(part), "{part}: {said}");
        }
        // It is taken back: who works on it is this desk's affair only.
        let unit = f.first;
        let reason = Some("Ours.".to_owned());
        let step = Step::Command(Command::Assign { unit, reason });
        desk.desk.act(ada, number, None, vec![step]).await.unwrap();
        passes(&desk, 60).await;
        sets(&desk, ada, number, Some(f.fay.id)).await;
        fake.gives("100", "grace", Some("sam"));
        passes(&desk, 60).await;
        assert_eq!(owner(&desk, number).await, Some(f.fay.id));
        assert_eq!(fake.owner("100").as_deref(), Some("sam"));
    });
}

#[test]
fn of_two_owners_at_once_theirs_counts_while_they_are_responsible_and_both_are_shown() {
    both_configured(&keeping(), |desk| async move {
        let (w, number) = world(&desk).await;
        let (fake, f, ada) = (&w.fake, &w.cast.f, &w.cast.ada_acts);
        passes(&desk, 30).await;
        sets(&desk, ada, number, Some(w.cast.pia.id)).await;
        fake.gives("100", "grace", Some("sam"));
        desk.clock.advance(31_000);
        passes(&desk, 60).await;
        assert_eq!(owner(&desk, number).await, Some(f.sam.id));
        assert_eq!(fake.owner("100").as_deref(), Some("sam"));
        let seen = there(&desk, &w.cast, number).await;
        assert_eq!(
            seen.conflicts,
            [
                "owner: “sam” of rt.sky.example counts; this desk set “Pia” without knowing of \
                 it. Set it to choose."
            ]
        );
        sets(&desk, ada, number, Some(w.cast.pia.id)).await;
        passes(&desk, 60).await;
        assert_eq!(owner(&desk, number).await, Some(w.cast.pia.id));
        assert_eq!(fake.owner("100").as_deref(), Some("pia-there"));
        let seen = there(&desk, &w.cast, number).await;
        assert_eq!((seen.conflicts.len(), seen.waiting), (0, 0));
    });
}

#[test]
fn an_owner_whose_setting_fails_is_set_once_or_told_with_why() {
    both_configured(&keeping(), |desk| async move {
        let (w, number) = world(&desk).await;
        let (fake, f, ada) = (&w.fake, &w.cast.f, &w.cast.ada_acts);
        let pairs = [(f.sam.id, "sam"), (w.cast.pia.id, "pia-there")];
        let faults = [Wrong::Lost, Wrong::Failed, Wrong::Hangs];
        for (wrong, (who, login)) in faults.into_iter().zip(pairs.into_iter().cycle()) {
            fake.0.lock().unwrap().wrong.push_back(wrong.clone());
            sets(&desk, ada, number, Some(who)).await;
            let _ = tokio::time::timeout(Duration::from_millis(1_500), desk.run_jobs()).await;
            passes(&desk, 300).await;
            assert_eq!(fake.owner("100").as_deref(), Some(login), "{wrong:?}");
            assert_eq!(owner(&desk, number).await, Some(who), "{wrong:?}");
            trace(&desk, &w.cast, number).await;
        }
        fake.0.lock().unwrap().wrong.push_back(Wrong::Refused);
        sets(&desk, ada, number, None).await;
        passes(&desk, 300).await;
        assert_eq!(fake.owner("100").as_deref(), Some("sam"));
        let (_, dead) = desk.desk.exchange(ada).await.unwrap();
        assert_eq!(dead.len(), 1, "once: {dead:?}");
        assert_eq!(dead[0].dead.what, "owner “nobody”");
        assert!(dead[0].dead.why.contains("Permission Denied"), "{dead:?}");
        assert_eq!(owner(&desk, number).await, None, "what was set here stays");
        desk.desk
            .retry_exchange(ada, dead[0].dead.id)
            .await
            .unwrap();
        passes(&desk, 60).await;
        assert_eq!(fake.owner("100"), None);
        trace(&desk, &w.cast, number).await;
    });
}

#[test]
fn a_ticket_that_is_opened_there_comes_with_its_owner() {
    both_configured(&keeping(), |desk| async move {
        let (w, _) = world(&desk).await;
        for (login, expected) in [("sam", Some(w.cast.f.sam.id)), ("zoe", None)] {
            let id = w.fake.opens("atlas", "uma@lab.example", "No plates", None);
            let owners = vec![login.to_owned()];
            w.fake
                .0
                .lock()
                .unwrap()
                .tickets
                .get_mut(&id)
                .unwrap()
                .owners = owners;
            passes(&desk, 60).await;
            let number = *here(&desk).await.last().unwrap();
            assert_eq!(owner(&desk, number).await, expected);
            let seen = there(&desk, &w.cast, number).await;
            assert_eq!(seen.owner.as_deref(), Some(login));
        }
    });
}

#[test]
fn a_form_with_owners_says_what_is_wrong_and_who_they_are() {
    both_configured(&keeping(), |desk| async move {
        let cast = cast(&desk).await;
        let pia = actor(&desk, &cast.pia).await;
        let id = desk.desk.begin_onboarding(&pia).await.unwrap();
        let mut form = owned("atlas", ["sam", "pia-there", "stan"]);
        form.exchange
            .owners
            .push("moon@people.example = moon".into());
        form.exchange.personal_data = false;
        let saved = desk
            .desk
            .save_onboarding(&pia, id, None, form.clone())
            .await;
        let wrong = saved.unwrap().wrong;
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        assert_eq!(wrong[0].field, "exchange.owners");
        form.exchange.personal_data = true;
        let saved = desk.desk.save_onboarding(&pia, id, None, form).await;
        assert_eq!(saved.unwrap().wrong, []);
        let sheet = desk.desk.onboarding(&pia, id).await.unwrap();
        for line in [
            "Sam is “sam” there",
            "Pia is “pia-there” there",
            "Nobody here has the address moon@people.example: “moon” there is nobody’s until \
             somebody does",
        ] {
            assert!(sheet.would.iter().any(|w| w == line), "{:?}", sheet.would);
        }
    });
}

#[test]
fn who_is_erased_is_in_no_line_any_more_and_the_exchange_goes_on() {
    both_configured(&keeping(), |desk| async move {
        let (w, number) = world(&desk).await;
        let sam = actor(&desk, &w.cast.f.sam).await;
        sets(&desk, &w.cast.ada_acts, number, Some(w.cast.f.sam.id)).await;
        passes(&desk, 60).await;
        assert_eq!(w.fake.owner("100").as_deref(), Some("sam"));
        w.fake.gives("100", "grace", None);
        passes(&desk, 60).await;
        w.fake.gives("100", "grace", Some("SAM"));
        passes(&desk, 60).await;
        // Where the login stands in what is kept of the ticket.
        let stands = async || {
            let kept = desk.desk.db().read(move |c| {
                let link = store::exchange::of_ticket(c, number)?.remove(0);
                let lines = store::exchange::lines(c, link.id, 100)?;
                let lines = lines.into_iter().map(|line| line.what);
                let mut kept = vec![
                    serde_json::to_string(&link.shared).unwrap(),
                    serde_json::to_string(&link.tie).unwrap(),
                    link.owner_there.unwrap_or_default(),
                ];
                kept.push(lines.collect::<Vec<_>>().join("\n"));
                let quoted = |text: &String| text.to_lowercase().replace(['"', '“', '”'], "|");
                Ok::<_, store::Error>(kept.iter().map(quoted).collect::<Vec<_>>())
            });
            let kept = kept.await.unwrap().into_iter();
            kept.map(|text| text == "sam" || text.contains("|sam|"))
                .collect::<Vec<_>>()
        };
        assert_eq!(stands().await, [true; 4]);
        desk.desk.ask_erasure_by_token(&sam).await.unwrap();
        passes(&desk, 60).await;
        let word = word(&desk);
        desk.desk.confirm_erasure(&word).await.unwrap();
        desk.clock.advance(7 * 86_400_000 + 60_000);
        desk.run_jobs().await;
        let kept = desk.desk.db().read(|c| {
            let agreements = store::agreement::all(c)?;
            Ok::<_, store::Error>((agreements, store::onboarding::all(c)?))
        });
        let (agreements, forms) = kept.await.unwrap();
        let doc = &agreements[0].doc;
        let lines: Vec<String> = doc.owners.iter().map(ToString::to_string).collect();
        let left = [
            "pia@people.example = pia-there",
            "stan@people.example = stan",
        ];
        assert_eq!(lines, left);
        assert_eq!(stands().await, [false; 4]);
        assert_eq!(
            forms[0].form.exchange.owners.len(),
            2,
            "{:?}",
            forms[0].form.exchange.owners
        );
        passes(&desk, 300).await;
        let (_, dead) = desk.desk.exchange(&w.cast.ada_acts).await.unwrap();
        assert_eq!(dead, [], "nobody's id is set there");
        w.fake.gives("100", "grace", Some("sam"));
        passes(&desk, 60).await;
        assert_eq!(owner(&desk, number).await, None);
        let system = Actor::system(Channel::Cli);
        let checks = desk.desk.conversation(&system, number).await.unwrap();
        assert!(checks.ticket.status.is_open());
    });
}

#[test]
fn an_owner_goes_to_a_real_rt_and_comes_back() {
    let Some(server) = rt_server() else { return };
    both_configured(&keeping(), |desk| {
        let server = server.clone();
        async move {
            let cast = cast(&desk).await;
            accepted(&desk, &cast, owned("Grid", ["ada", "grace", "stan"])).await;
            staffed(&desk, &cast).await;
            reaches(&desk, &server).await;
            let rita = actor(&desk, &cast.f.rita).await;
            let number = opens(&desk, &rita, "sky-atlas").await;
            let id = there(&desk, &cast, number).await.there.unwrap();
            let stands = || {
                server.sql(&format!(
                    "select u.name from tickets t join users u on u.id = t.owner where t.id = {id}"
                ))
            };
            let puts = |body: serde_json::Value| {
                server.acts("ada", "PUT", &format!("/ticket/{id}"), &body);
            };
            assert_eq!(stands(), "Nobody");
            puts(json!({"Owner": "ada"}));
            passes(&desk, 60).await;
            assert_eq!(owner(&desk, number).await, Some(cast.f.sam.id));
            // From Ada to Grace, from Grace to nobody, and to Ada again.
            for (who, login) in [
                (Some(cast.pia.id), "grace"),
                (None, "Nobody"),
                (Some(cast.f.sam.id), "ada"),
            ] {
                sets(&desk, &cast.ada_acts, number, who).await;
                passes(&desk, 60).await;
                assert_eq!(stands(), login);
                assert_eq!(owner(&desk, number).await, who);
            }
            puts(json!({"Owner": "Nobody"}));
            passes(&desk, 60).await;
            assert_eq!(owner(&desk, number).await, None);
            let transactions = || {
                server.sql(&format!(
                    "select count(*) from transactions where objecttype = 'RT::Ticket' and \
                     objectid = {id}"
                ))
            };
            let before = transactions();
            passes(&desk, 120).await;
            assert_eq!(transactions(), before, "no echo");
            trace(&desk, &cast, number).await;

            // Where the desk may not take it from somebody, RT says so.
            puts(json!({"Queue": "Data", "Owner": "ada"}));
            passes(&desk, 60).await;
            sets(&desk, &cast.ada_acts, number, Some(cast.pia.id)).await;
            passes(&desk, 120).await;
            assert_eq!(stands(), "ada");
            let (_, dead) = desk.desk.exchange(&cast.ada_acts).await.unwrap();
            assert_eq!(dead.len(), 1, "{dead:?}");
            assert_eq!(dead[0].dead.what, "owner “grace”");
            assert!(
                dead[0].dead.why.contains("only reassign tickets"),
                "{dead:?}"
            );
            assert_eq!(
                there(&desk, &cast, number).await.owner.as_deref(),
                Some("ada")
            );

            let new = json!({"Queue": "Grid", "Subject": "From there", "Content": "Slow.",
                             "Owner": "grace"});
            server.acts("ada", "POST", "/ticket", &new);
            passes(&desk, 60).await;
            let number = *here(&desk).await.last().unwrap();
            assert_eq!(owner(&desk, number).await, Some(cast.pia.id));
        }
    });
}
