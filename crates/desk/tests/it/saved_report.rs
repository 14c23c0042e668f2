//! Reports that somebody saves and has mailed: as they may see them then, once each time.

use std::collections::BTreeMap;

use desk::report::saved::{FileKind, Rhythm, SavedDraft};
use desk::report::{Asked, Only};
use desk::{Error, OpenRequest};
use switchboard_core::report::Dimension;
use switchboard_core::{Actor, Channel};
use testkit::{Mail, Somebody, TestDesk, both};

const DAY: i64 = 86_400_000;

async fn actor(test: &TestDesk, who: &Somebody) -> Actor {
    test.desk.actor_for(who.id, Channel::Web).await.unwrap()
}

fn draft(time: &str, mailed: &str) -> SavedDraft {
    SavedDraft {
        title: "  Storage,\n each time ".into(),
        asked: Asked {
            report: "submitted".into(),
            time: time.into(),
            only: Only::from([(Dimension::Unit, vec!["storage".into()])]),
            ..Asked::default()
        },
        mailed: mailed.into(),
        format: "csv".into(),
    }
}

async fn open(test: &TestDesk, by: &Somebody) {
    let request = OpenRequest {
        subject: "Tape is lost".into(),
        description: "It was there.".into(),
        unit: Some("storage".into()),
        ..OpenRequest::default()
    };
    let rita = actor(test, by).await;
    test.desk.open_ticket(&rita, request).await.unwrap();
    test.run_jobs().await;
}

fn reports(test: &TestDesk, to: &Somebody) -> Vec<Mail> {
    let all = test.sent_mail().into_iter();
    all.filter(|m| m.to == to.email && m.subject.starts_with("Report: "))
        .collect()
}

fn file(mail: &Mail) -> String {
    let read = mail::parse(&mail.raw, &mail::Limits::default()).unwrap();
    assert_eq!(read.attachments.len(), 1, "{read:?}");
    assert_eq!(read.attachments[0].name, "submitted.csv");
    String::from_utf8(read.attachments[0].bytes.clone()).unwrap()
}

#[test]
fn a_report_comes_each_week_once_with_last_weeks_figures() {
    both(|test| async move {
        let people = test.federation().await;
        test.desk.start_timers().await.unwrap();
        let stan = actor(&test, &people.stan).await;
        open(&test, &people.rita).await;
        let saved = test
            .desk
            .save_report(&stan, draft("last-week", "weekly"))
            .await
            .unwrap();
        assert_eq!(saved.title, "Storage, each time");
        assert_eq!(
            (saved.mailed, saved.format),
            (Rhythm::Weekly, FileKind::Csv)
        );
        let due = saved.next_at.unwrap();
        assert!(due > test.desk.now() && due <= test.desk.now() + 7 * DAY);
        test.clock.set(due - 1);
        test.run_jobs().await;
        assert_eq!(reports(&test, &people.stan).len(), 0);
        // Two nodes that look in the same moment mail it once.
        let now = due + 5 * 60_000;
        test.clock.set(now);
        let (a, b) = (test.desk.run_jobs(), test.desk.run_jobs());
        let (a, b) = tokio::join!(Box::pin(a), Box::pin(b));
        a.unwrap();
        b.unwrap();
        test.clock.advance(10 * 60_000);
        test.run_jobs().await;
        let mails = reports(&test, &people.stan);
        assert_eq!(mails.len(), 1);
        assert!(
            mails[0].text.contains("Submitted: 1\n"),
            "{}",
            mails[0].text
        );
        let csv = file(&mails[0]);
        let mut lines = csv.lines();
        let head: Vec<&str> = lines.next().unwrap().split(',').collect();
        let first: Vec<&str> = lines.next().unwrap().split(',').collect();
        let row: BTreeMap<&str, &str> = head.into_iter().zip(first).collect();
        assert_eq!((row["key"], row["submitted"]), ("storage", "1"));
        let known = test.desk.saved_reports(&stan).await.unwrap().remove(0);
        assert_eq!(known.sent_at, Some(now));
        assert_eq!(known.next_at, Some(due + 7 * DAY));
        // The next week nothing was submitted.
        test.clock.set(due + 7 * DAY);
        test.run_jobs().await;
        let mails = reports(&test, &people.stan);
        assert_eq!(mails.len(), 2);
        assert!(
            !mails[1].text.contains("Submitted: 1\n"),
            "{}",
            mails[1].text
        );
        // Forgotten, it does not come any more.
        test.desk.forget_report(&stan, saved.id).await.unwrap();
        test.clock.set(due + 14 * DAY);
        test.run_jobs().await;
        assert_eq!(reports(&test, &people.stan).len(), 2);
    });
}

#[test]
fn what_everybody_may_see_leaves_out_restricted_tickets_and_what_is_too_little() {
    both(|test| async move {
        let people = test.federation().await;
        for _ in 0..4 {
            open(&test, &people.rita).await;
        }
        let danger = OpenRequest {
            subject: "Keys are stolen".into(),
            description: "All of them.".into(),
            security_risk: switchboard_core::SecurityRisk::Imminent,
            ..OpenRequest::default()
        };
        let rita = actor(&test, &people.rita).await;
        test.desk.open_ticket(&rita, danger).await.unwrap();
        test.run_jobs().await;
        test.clock.advance(40 * DAY);
        let published = test.desk.published().await.unwrap();
        assert_eq!(published.months.len(), 12);
        let of = |p: &desk::report::figures::Published| {
            let all = p.months.iter().map(|m| (m.submitted, m.hand_overs));
            all.filter(|(submitted, _)| *submitted > 0)
                .collect::<Vec<_>>()
        };
        assert_eq!(of(&published), [(4, None)]);
        // Kept for the day, however often it is asked for.
        let again = test.desk.published().await.unwrap();
        assert!(std::sync::Arc::ptr_eq(&published, &again));
        test.clock.advance(DAY);
        let next = test.desk.published().await.unwrap();
        assert!(!std::sync::Arc::ptr_eq(&published, &next));
    });
}

#[test]
fn who_lost_the_right_gets_nothing_and_sees_why() {
    both(|test| async move {
        let people = test.federation().await;
        test.desk.start_timers().await.unwrap();
        let stan = actor(&test, &people.stan).await;
        let asked = draft("last-month", "monthly");
        let saved = test.desk.save_report(&stan, asked).await.unwrap();
        let (id, now) = (people.stan.id, test.desk.now());
        test.desk
            .db()
            .write(move |c| {
                let mut stan = store::person::load(c, id)?.unwrap();
                stan.support = false;
                store::person::update(c, &stan, now).map_err(Error::from)
            })
            .await
            .unwrap();
        test.clock.set(saved.next_at.unwrap());
        test.run_jobs().await;
        assert_eq!(reports(&test, &people.stan).len(), 0);
        let stan = actor(&test, &people.stan).await;
        let known = test.desk.saved_reports(&stan).await.unwrap().remove(0);
        assert!(known.trouble.is_some() && known.sent_at.is_none());
        assert!(known.next_at > saved.next_at);
    });
}

#[test]
fn what_can_not_be_counted_or_is_anothers_is_refused_by_its_field() {
    both(|test| async move {
        let people = test.federation().await;
        let (stan, rita) = (
            actor(&test, &people.stan).await,
            actor(&test, &people.rita).await,
        );
        let field = async |change: fn(&mut SavedDraft)| {
            let mut draft = draft("last-week", "weekly");
            change(&mut draft);
            match test.desk.save_report(&stan, draft).await.unwrap_err() {
                Error::Invalid { field, .. } => field,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(field(|d| d.mailed = "daily".into()).await, "mailed");
        assert_eq!(field(|d| d.format = "pdf".into()).await, "format");
        assert_eq!(field(|d| d.asked.time = "soon".into()).await, "time");
        assert_eq!(field(|d| d.title = "x".repeat(81)).await, "title");
        // Days that stand fast are no news each week.
        let fast = field(|d| {
            d.asked.time = String::new();
            d.asked.from = "2026-01-01".into();
        });
        assert_eq!(fast.await, "mailed");
        let nothing = draft("last-week", "never");
        let refused = test.desk.save_report(&rita, nothing.clone()).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        let saved = test.desk.save_report(&stan, nothing.clone()).await.unwrap();
        assert_eq!(saved.next_at, None);
        let anothers = test.desk.forget_report(&rita, saved.id).await;
        assert!(matches!(anothers, Err(Error::NotFound { .. })));
        for _ in 1..desk::report::saved::MOST {
            test.desk.save_report(&stan, nothing.clone()).await.unwrap();
        }
        assert_eq!(field(|d| d.mailed = "never".into()).await, "title");
    });
}
