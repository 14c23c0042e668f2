//! Alarms: who may raise them, that the site is called by a mail that is signed, what an
//! answer does and what silence does, and tests that come by themselves.

use std::process::Command;

use desk::alarm::{AlarmDraft, AlarmSiteEdit};
use desk::mail_in::Fate;
use desk::site::SiteEdit;
use desk::{Config, Error};
use mail::{Incoming, Limits};
use store::alarm::Alarm;
use switchboard_core::alarm::Stage;
use switchboard_core::{
    Actor, Channel, EntryVisibility, Priority, Status, TicketNumber, Visibility,
};
use testkit::{Federation, Mail, Somebody, TestDesk, both, both_configured, config};

const SITE: &str = "CESNET";
const EMERGENCY: &str = "alarm@cesnet.example";
const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

async fn actor(test: &TestDesk, who: &Somebody) -> Actor {
    test.desk.actor_for(who.id, Channel::Web).await.unwrap()
}

/// The small federation, a site that can be called, and Rita, who may call it for Belle.
async fn world(test: &TestDesk) -> Federation {
    let people = test.federation().await;
    test.desk.start_timers().await.unwrap();
    test.community("belle", true).await;
    test.community("na62", true).await;
    let system = Actor::system(Channel::Cli);
    let edit = SiteEdit {
        name: Some("CESNET Praha".into()),
        ..SiteEdit::default()
    };
    test.desk
        .put_site(&system, SITE, true, None, edit)
        .await
        .unwrap();
    let ada = actor(test, &people.ada).await;
    let edit = AlarmSiteEdit {
        address: Some(EMERGENCY.into()),
        ..AlarmSiteEdit::default()
    };
    test.desk
        .put_alarm_site(&ada, SITE, None, edit)
        .await
        .unwrap();
    test.desk
        .nominate_alarmer(&ada, &people.rita.email, Some("belle"))
        .await
        .unwrap();
    people
}

fn draft() -> AlarmDraft {
    AlarmDraft {
        site: "cesnet praha".into(),
        subject: "No file can be read".into(),
        description: "From 10:02 on nothing comes back.  \nFrom here all stops.".into(),
        ..AlarmDraft::default()
    }
}

async fn raised(test: &TestDesk, people: &Federation) -> TicketNumber {
    let rita = actor(test, &people.rita).await;
    let opened = test.desk.raise_alarm(&rita, draft()).await.unwrap();
    test.run_jobs().await;
    opened.number
}

async fn alarm(test: &TestDesk, number: TicketNumber) -> Alarm {
    let system = Actor::system(Channel::Cli);
    let found = test.desk.alarm_of(&system, number).await.unwrap();
    found.unwrap()
}

fn calls(test: &TestDesk) -> Vec<Mail> {
    let all = test.sent_mail().into_iter();
    all.filter(|m| m.to == EMERGENCY).collect()
}

fn read(mail: &Mail) -> Incoming {
    mail::parse(&mail.raw, &Limits::default()).unwrap()
}

/// Mails to others that say that nobody confirms.
fn told(test: &TestDesk) -> Vec<String> {
    let all = test.sent_mail().into_iter();
    let mut to: Vec<String> = all
        .filter(|m| m.subject.contains("is not confirmed"))
        .map(|m| m.to)
        .collect();
    to.sort();
    to
}

async fn later(test: &TestDesk, by: i64) {
    test.clock.advance(by);
    test.run_jobs().await;
}

/// Somebody on duty answers the last mail to the site.
async fn answers(test: &TestDesk, header: &str) -> Fate {
    let to = read(&calls(test).pop().unwrap()).reply_to[0]
        .address
        .to_string();
    let raw = format!(
        "From: Bob on duty <bob@night.cesnet.example>\r\nTo: {to}\r\nSubject: Re: ALARM\r\n\
         Message-ID: <{}@night>\r\n{header}\r\nWe are on it.\r\n",
        uuid::Uuid::now_v7().simple()
    );
    let taken = test.desk.take_mail(raw.into_bytes(), "file", None);
    let fate = taken.await.unwrap().fate;
    test.run_jobs().await;
    fate
}

#[test]
fn an_alarm_calls_the_site_by_a_signed_mail_and_an_answer_confirms_it() {
    both(|test| async move {
        let people = world(&test).await;
        let number = raised(&test, &people).await;
        let calls = calls(&test);
        assert_eq!(calls.len(), 1);
        let mail = read(&calls[0]);
        assert_eq!(
            mail.subject,
            format!("[#{number}] ALARM: No file can be read")
        );
        assert_eq!(
            mail.headers.all("x-switchboard-alarm").collect::<Vec<_>>(),
            ["alarm"]
        );
        for part in [
            "CESNET Praha",
            "within 15 minutes",
            &people.rita.email,
            "\n    From 10:02 on nothing comes back.\n    From here all stops.",
        ] {
            assert!(mail.text.contains(part), "{part}: {}", mail.text);
        }
        if !verified(&calls[0].raw) {
            eprintln!("SKIPPED: openssl is not here to verify a signature");
        }
        let rita = actor(&test, &people.rita).await;
        let view = test.desk.ticket(&rita, number).await.unwrap();
        assert_eq!(view.priority, Priority::Top);
        assert_eq!(alarm(&test, number).await.standing.stage, Stage::Called);

        test.clock.advance(4 * MINUTE);
        assert_eq!(answers(&test, "").await, Fate::Entry(number));
        let after = alarm(&test, number).await;
        assert_eq!(after.standing.stage, Stage::Confirmed);
        assert_eq!(after.confirmed_at, Some(after.raised_at + 4 * MINUTE));
        assert_eq!(
            after.confirmed_by.as_deref(),
            Some("Bob on duty, bob@night.cesnet.example")
        );
        let conversation = test.desk.conversation(&rita, number).await.unwrap();
        let said = conversation.entries.last().unwrap();
        assert_eq!(said.body.trim(), "We are on it.");
        assert_eq!(said.visibility, EntryVisibility::Public);
        assert!(said.author_name.contains("Bob on duty"), "{said:?}");
        // Nothing more comes by itself; Bob is nobody here.
        later(&test, DAY).await;
        assert_eq!((self::calls(&test).len(), told(&test).len()), (1, 0));
        let known = test.desk.db().read(move |c| {
            store::person::by_email(c, "bob@night.cesnet.example").map_err(Error::from)
        });
        assert!(known.await.unwrap().is_none());
    });
}

/// The signature of a mail, looked at by openssl; `false`: it is not here.
fn verified(raw: &[u8]) -> bool {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mail"), raw).unwrap();
    std::fs::write(folder.path().join("ca.crt"), testkit::ALARM_CERTIFICATE).unwrap();
    let ran = Command::new("openssl")
        .args(["smime", "-verify", "-in", "mail", "-CAfile", "ca.crt"])
        .current_dir(folder.path())
        .output();
    match ran {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{said}");
            true
        }
        Err(_) => {
            assert!(
                std::env::var_os("REQUIRE_ALL").is_none_or(|v| v.is_empty()),
                "openssl is missing"
            );
            false
        }
    }
}

#[test]
fn silence_calls_again_then_wakes_first_level_and_monitors_each_once() {
    both(|test| async move {
        let people = world(&test).await;
        let number = raised(&test, &people).await;
        later(&test, 14 * MINUTE).await;
        assert_eq!((calls(&test).len(), told(&test).len()), (1, 0));
        later(&test, MINUTE).await;
        assert_eq!(calls(&test).len(), 2);
        let again = read(&calls(&test)[1]);
        assert!(again.subject.contains("ALARM (again)"), "{}", again.subject);
        assert_eq!(told(&test), std::slice::from_ref(&people.fay.email));
        test.run_jobs().await;
        later(&test, 15 * MINUTE).await;
        let mut both_told = vec![people.fay.email.clone(), people.mona.email.clone()];
        both_told.sort();
        assert_eq!(told(&test), both_told);
        assert_eq!(alarm(&test, number).await.standing.stage, Stage::Escalated);
        later(&test, DAY).await;
        assert_eq!((calls(&test).len(), told(&test).len()), (2, 2));
        // An absence note confirms nothing; somebody late does.
        let fate = answers(&test, "Auto-Submitted: auto-replied\r\n").await;
        assert!(matches!(fate, Fate::Suppressed(_)), "{fate:?}");
        assert_eq!(alarm(&test, number).await.standing.stage, Stage::Escalated);
        assert_eq!(answers(&test, "").await, Fate::Entry(number));
        assert_eq!(alarm(&test, number).await.standing.stage, Stage::Confirmed);
    });
}

#[test]
fn only_who_was_nominated_raises_alarms_and_only_for_what_they_were() {
    both(|test| async move {
        let people = world(&test).await;
        let (rita, otto, ada) = (
            actor(&test, &people.rita).await,
            actor(&test, &people.otto).await,
            actor(&test, &people.ada).await,
        );
        for nobody in [&otto, &ada] {
            let refused = test.desk.raise_alarm(nobody, draft()).await.unwrap_err();
            assert!(matches!(refused, Error::Forbidden(_)), "{refused:?}");
        }
        let field = async |change: fn(&mut AlarmDraft)| {
            let mut draft = draft();
            change(&mut draft);
            match test.desk.raise_alarm(&rita, draft).await.unwrap_err() {
                Error::Invalid { field, .. } => field,
                Error::Forbidden(_) => "forbidden".into(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(field(|d| d.site = "DESY".into()).await, "site");
        assert_eq!(field(|d| d.subject = " ".into()).await, "subject");
        assert_eq!(field(|d| d.community = Some("x".into())).await, "community");
        let other = field(|d| d.community = Some("na62".into())).await;
        assert_eq!(other, "forbidden");
        // Nothing of it called anybody.
        test.run_jobs().await;
        assert_eq!(calls(&test).len(), 0);
        // For two communities it has to be said for which.
        let email = &people.rita.email;
        test.desk
            .nominate_alarmer(&ada, email, Some("na62"))
            .await
            .unwrap();
        assert_eq!(field(|_| {}).await, "community");
        for community in ["belle", "na62"] {
            test.desk
                .dismiss_alarmer(&ada, email, Some(community))
                .await
                .unwrap();
        }
        assert_eq!(field(|_| {}).await, "forbidden");
        let gone = test.desk.dismiss_alarmer(&ada, email, Some("belle")).await;
        assert!(matches!(gone, Err(Error::NotFound { .. })), "{gone:?}");
        let theirs = test.desk.nominate_alarmer(&rita, email, None).await;
        assert!(matches!(theirs, Err(Error::Forbidden(_))), "{theirs:?}");
    });
}

#[test]
fn a_test_resolves_itself_when_it_is_confirmed_and_tells_first_level_when_not() {
    both(|test| async move {
        let people = world(&test).await;
        let ada = actor(&test, &people.ada).await;
        let number = test.desk.test_alarm(&ada, SITE).await.unwrap().number;
        test.run_jobs().await;
        let mail = read(&calls(&test)[0]);
        assert!(mail.subject.contains("TEST ALARM"), "{}", mail.subject);
        assert!(mail.text.contains("nothing is wrong"), "{}", mail.text);
        assert!(mail.text.contains("within 24 hours"), "{}", mail.text);
        verified(&calls(&test)[0].raw);
        test.clock.advance(3 * MINUTE);
        assert_eq!(answers(&test, "").await, Fate::Entry(number));
        let view = test.desk.ticket(&ada, number).await.unwrap();
        assert_eq!(view.status, Status::Solved);
        let text = view.solution.map(|s| s.text).unwrap_or_default();
        assert!(text.contains("after 3 minutes"), "{text}");
        assert_eq!(alarm(&test, number).await.standing.stage, Stage::Confirmed);

        let silent = test.desk.test_alarm(&ada, SITE).await.unwrap().number;
        test.run_jobs().await;
        later(&test, DAY).await;
        assert_eq!(alarm(&test, silent).await.standing.stage, Stage::Failed);
        assert_eq!(told(&test), std::slice::from_ref(&people.fay.email));
        later(&test, DAY).await;
        assert_eq!((calls(&test).len(), told(&test).len()), (2, 1));
        let sites = test.desk.alarm_sites(&ada).await.unwrap();
        let last = sites[0].last_test.as_ref().unwrap();
        assert_eq!((last.ticket, last.standing.stage), (silent, Stage::Failed));
    });
}

#[test]
fn tests_come_by_themselves_once_however_often_it_is_looked() {
    both(|test| async move {
        let people = world(&test).await;
        let ada = actor(&test, &people.ada).await;
        later(&test, 89 * DAY).await;
        assert_eq!(calls(&test).len(), 0);
        later(&test, DAY).await;
        test.run_jobs().await;
        assert_eq!(calls(&test).len(), 1);
        // Two nodes that look in the same moment begin it once.
        test.clock.advance(90 * DAY);
        let (a, b) = (test.desk.run_jobs(), test.desk.run_jobs());
        let (a, b) = tokio::join!(Box::pin(a), Box::pin(b));
        a.unwrap();
        b.unwrap();
        assert_eq!(calls(&test).len(), 2);
        let edit = AlarmSiteEdit {
            test_days: Some(0),
            ..AlarmSiteEdit::default()
        };
        test.desk
            .put_alarm_site(&ada, SITE, None, edit)
            .await
            .unwrap();
        later(&test, 400 * DAY).await;
        assert_eq!(calls(&test).len(), 2);
    });
}

#[test]
fn what_is_resolved_or_can_not_be_delivered_waits_for_nothing() {
    both(|test| async move {
        let people = world(&test).await;
        let number = raised(&test, &people).await;
        let fay = actor(&test, &people.fay).await;
        let solve = switchboard_core::Command::Solve {
            text: "It is back.".into(),
            kind: switchboard_core::SolutionKind::Fixed,
        };
        test.desk
            .act(&fay, number, None, vec![desk::Step::Command(solve)])
            .await
            .unwrap();
        later(&test, 15 * MINUTE).await;
        assert_eq!(alarm(&test, number).await.standing.stage, Stage::Closed);
        assert_eq!((calls(&test).len(), told(&test).len()), (1, 0));

        let lost = raised(&test, &people).await;
        let mail = alarm(&test, lost).await.mail.unwrap();
        let failed = store::outbox::Ended {
            state: "failed",
            answer: None,
            error: Some("550 no such user".into()),
            next_try: None,
        };
        let now = test.desk.now();
        test.desk
            .db()
            .write(move |c| store::outbox::end(c, mail, &failed, now).map_err(Error::from))
            .await
            .unwrap();
        later(&test, MINUTE).await;
        let after = alarm(&test, lost).await;
        assert_eq!(after.standing.stage, Stage::Escalated);
        assert_eq!(after.trouble.as_deref(), Some("550 no such user"));
        assert_eq!(told(&test).len(), 2);
        later(&test, DAY).await;
        assert_eq!(told(&test).len(), 2);
    });
}

#[test]
fn of_a_restricted_alarm_its_unit_hears_and_nobody_else() {
    both(|test| async move {
        let people = world(&test).await;
        let (rita, ada) = (
            actor(&test, &people.rita).await,
            actor(&test, &people.ada).await,
        );
        let asked = AlarmDraft {
            service: Some("archive".into()),
            ..draft()
        };
        let number = test.desk.raise_alarm(&rita, asked).await.unwrap().number;
        let hide = switchboard_core::Command::SetVisibility(Visibility::Restricted);
        let hide = vec![desk::Step::Command(hide)];
        test.desk.act(&ada, number, None, hide).await.unwrap();
        test.run_jobs().await;
        let unit = test.desk.db().read(move |c| {
            let members = store::unit::members(c, people.storage)?;
            let people = members.iter().map(|m| store::person::load(c, m.person));
            let people: Result<Vec<_>, _> = people.collect();
            let people = people?.into_iter().flatten().filter_map(|p| p.email);
            let mut to: Vec<String> = people.collect();
            to.sort();
            Ok::<_, Error>(to)
        });
        let unit = unit.await.unwrap();
        assert!(!unit.is_empty() && !unit.contains(&people.fay.email));
        later(&test, 15 * MINUTE).await;
        assert_eq!((calls(&test).len(), told(&test)), (2, unit.clone()));
        later(&test, 15 * MINUTE).await;
        assert_eq!(alarm(&test, number).await.standing.stage, Stage::Escalated);
        assert_eq!(told(&test), unit);
    });
}

#[test]
fn without_a_key_no_site_can_be_called() {
    let unsigned = Config {
        smime: None,
        ..config()
    };
    both_configured(&unsigned, |test| async move {
        let people = test.federation().await;
        let ada = actor(&test, &people.ada).await;
        let system = Actor::system(Channel::Cli);
        let edit = SiteEdit {
            name: Some("CESNET Praha".into()),
            ..SiteEdit::default()
        };
        test.desk
            .put_site(&system, SITE, true, None, edit)
            .await
            .unwrap();
        let edit = AlarmSiteEdit {
            address: Some(EMERGENCY.into()),
            ..AlarmSiteEdit::default()
        };
        let refused = test.desk.put_alarm_site(&ada, SITE, None, edit).await;
        assert!(
            matches!(&refused, Err(Error::Conflict(why)) if why.contains("alarm_key_file")),
            "{refused:?}"
        );
    });
}
