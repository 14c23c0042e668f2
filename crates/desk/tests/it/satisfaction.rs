//! What requesters say about a solution, by link and by mail, and how content they were.

use desk::mail_in::Fate;
use desk::report::{Asked, Only, Sheet};
use desk::satisfaction::{LINK_MS, Stands};
use desk::view::EntryView;
use desk::{EntryDraft, Error, OpenRequest, Step, TicketQuery};
use switchboard_core::report::Dimension;
use switchboard_core::report::table::SATISFACTION;
use switchboard_core::satisfaction::{Rating, Said};
use switchboard_core::{Actor, Channel, Command, SolutionKind, Status, TicketNumber};
use testkit::{Federation, Mail, Somebody, TestDesk, both};

use crate::mail_proof::message;

const DAY: i64 = 86_400_000;

async fn actor(test: &TestDesk, who: &Somebody) -> Actor {
    test.desk.actor_for(who.id, Channel::Web).await.unwrap()
}

async fn opened(test: &TestDesk, people: &Federation) -> TicketNumber {
    test.desk.start_timers().await.unwrap();
    let request = OpenRequest {
        subject: "No quota".into(),
        description: "It is used up.".into(),
        unit: Some("storage".into()),
        ..OpenRequest::default()
    };
    let rita = actor(test, &people.rita).await;
    test.desk.open_ticket(&rita, request).await.unwrap().number
}

async fn solve(test: &TestDesk, people: &Federation, number: TicketNumber) {
    let draft = EntryDraft {
        body: "You have more by tonight.".into(),
        ..EntryDraft::default()
    };
    let steps = vec![
        Step::Command(Command::Start),
        Step::Solve(SolutionKind::Fixed, draft),
    ];
    let sam = actor(test, &people.sam).await;
    test.desk.act(&sam, number, None, steps).await.unwrap();
    test.run_jobs().await;
}

async fn status(test: &TestDesk, number: TicketNumber) -> Status {
    let ticket = test
        .desk
        .db()
        .read(move |c| store::ticket::load(c, number))
        .await;
    ticket.unwrap().unwrap().status
}

async fn entries(test: &TestDesk, people: &Federation, number: TicketNumber) -> Vec<EntryView> {
    let rita = actor(test, &people.rita).await;
    test.desk.conversation(&rita, number).await.unwrap().entries
}

/// The last mail to somebody.
fn last(test: &TestDesk, who: &Somebody) -> Mail {
    let mut mails = test.sent_mail();
    mails.retain(|m| m.to == who.email);
    mails.pop().unwrap()
}

/// The word of the links in a mail.
fn word(mail: &Mail) -> String {
    let (_, rest) = mail.text.split_once("/solution/").unwrap();
    rest.split('/').next().unwrap().to_owned()
}

fn answer(to: &Mail, body: &str) -> Vec<u8> {
    let read = mail::parse(&to.raw, &mail::Limits::default()).unwrap();
    let reply_to = read.reply_to[0].address.to_string();
    let extra = format!("In-Reply-To: <{}>\r\n", read.message_id.unwrap());
    message(&to.to, &reply_to, "Re: No quota", &extra, body)
}

#[test]
fn a_link_says_once_what_it_says_and_then_how_it_stands() {
    both(|test| async move {
        let people = test.federation().await;
        for (said, then) in [
            (Said::Solved, Status::Verified),
            (Said::NotSolved, Status::Reopened),
        ] {
            let number = opened(&test, &people).await;
            solve(&test, &people, number).await;
            let mail = last(&test, &people.rita);
            for said in Said::ALL {
                let link = format!("/solution/{}/{}", word(&mail), said.key());
                assert!(mail.text.contains(&link), "{}", mail.text);
            }
            let word = word(&mail);
            // To look is nothing.
            let page = test.desk.solution_page(&word).await.unwrap();
            assert_eq!((page.stands, page.ticket), (Stands::Asks, number));
            assert_eq!(status(&test, number).await, Status::Solved);
            let (page, done) = test.desk.say_of_solution(&word, said, "").await.unwrap();
            assert!(done && !page.asks());
            assert_eq!(status(&test, number).await, then);
            let before = entries(&test, &people, number).await.len();
            // Whatever is said after that is too late.
            for again in Said::ALL {
                let now = test.desk.say_of_solution(&word, again, "Again").await;
                let (page, done) = now.unwrap();
                assert!(!done && page.stands != Stands::Asks);
            }
            assert_eq!(status(&test, number).await, then);
            assert_eq!(entries(&test, &people, number).await.len(), before);
        }
    });
}

#[test]
fn two_who_press_at_the_same_moment_do_it_once() {
    both(|test| async move {
        let people = test.federation().await;
        let number = opened(&test, &people).await;
        solve(&test, &people, number).await;
        let word = word(&last(&test, &people.rita));
        let press = || {
            test.desk
                .say_of_solution(&word, Said::NotSolved, "Still full.")
        };
        let (a, b, c, d) = tokio::join!(press(), press(), press(), press());
        let done = [a, b, c, d].map(|r| r.unwrap().1);
        assert_eq!(done.iter().filter(|done| **done).count(), 1, "{done:?}");
        let said = entries(&test, &people, number).await;
        assert_eq!(said.iter().filter(|e| e.body == "Still full.").count(), 1);
    });
}

#[test]
fn a_link_is_for_one_ticket_person_and_solution_and_ends() {
    both(|test| async move {
        let people = test.federation().await;
        let number = opened(&test, &people).await;
        solve(&test, &people, number).await;
        let first = word(&last(&test, &people.rita));
        let parts: Vec<&str> = first.split('.').collect();
        let [ticket, person, solution, until, signature] = parts[..] else {
            panic!("{first}");
        };
        let otto = people.otto.id.0.simple().to_string();
        let follow = test.desk.follow_word(number, people.rita.id);
        for forged in [
            String::new(),
            first[..first.len() - 1].to_owned(),
            format!("9{first}"),
            format!("{ticket}.{otto}.{solution}.{until}.{signature}"),
            format!("{ticket}.{person}.1{solution}.{until}.{signature}"),
            format!("{ticket}.{person}.{solution}.9{until}.{signature}"),
            follow,
            // Rightly signed, for somebody who did not ask.
            test.desk.solution_word(number, people.otto.id, 3),
        ] {
            let page = test.desk.solution_page(&forged).await;
            assert!(matches!(page, Err(Error::Unauthenticated(_))), "{forged}");
            let said = test.desk.say_of_solution(&forged, Said::Solved, "").await;
            assert!(matches!(said, Err(Error::Unauthenticated(_))), "{forged}");
        }
        assert_eq!(status(&test, number).await, Status::Solved);

        // Another solution has another link.
        let (_, done) = test
            .desk
            .say_of_solution(&first, Said::NotSolved, "Still full.")
            .await
            .unwrap();
        assert!(done);
        solve(&test, &people, number).await;
        let (page, done) = test
            .desk
            .say_of_solution(&first, Said::Solved, "")
            .await
            .unwrap();
        assert_eq!((page.stands, done), (Stands::Over, false));
        let second = word(&last(&test, &people.rita));
        assert_eq!(status(&test, number).await, Status::Solved);
        test.clock.advance(LINK_MS + 1);
        let late = test.desk.say_of_solution(&second, Said::Solved, "").await;
        assert!(matches!(late, Err(Error::Unauthenticated(_))));
    });
}

#[test]
fn who_still_waits_has_ten_more_days_and_says_so_once() {
    both(|test| async move {
        let people = test.federation().await;
        let number = opened(&test, &people).await;
        // A Monday: ten working days are two weeks.
        solve(&test, &people, number).await;
        let word = word(&last(&test, &people.rita));
        test.clock.advance(9 * DAY);
        let says = || test.desk.say_of_solution(&word, Said::StillWaiting, "");
        assert!(says().await.unwrap().1);
        test.run_jobs().await;
        assert!(!says().await.unwrap().1, "said already");
        test.clock.advance(6 * DAY);
        test.run_jobs().await;
        assert_eq!(status(&test, number).await, Status::Solved, "put off");
        test.clock.advance(8 * DAY);
        test.run_jobs().await;
        assert_eq!(status(&test, number).await, Status::Closed);
        let said = entries(&test, &people, number).await;
        assert_eq!(
            said.iter()
                .filter(|e| e.body.starts_with("Still waiting"))
                .count(),
            1
        );
        // Those who solved it were told.
        let to_storage = test.sent_mail().into_iter().any(|m| {
            m.to != people.rita.email && m.text.contains("Still waiting: it has not come yet.")
        });
        assert!(to_storage);
    });
}

#[test]
fn an_answer_with_just_the_words_counts_and_nothing_else_does() {
    both(|test| async move {
        let people = test.federation().await;
        let take = async |raw: Vec<u8>| test.desk.take_mail(raw, "file", None).await.unwrap().fate;
        let number = opened(&test, &people).await;
        solve(&test, &people, number).await;
        let first = last(&test, &people.rita);
        for (body, why) in [
            ("This solved it, but the quota is gone.", "more words"),
            ("Thank you, it works.", "other words"),
        ] {
            assert_eq!(take(answer(&first, body)).await, Fate::Entry(number));
            assert_eq!(status(&test, number).await, Status::Solved, "{why}");
        }
        // A robot answers with what it was sent.
        let mut robot = answer(&first, "This solved it");
        robot.splice(0..0, *b"Auto-Submitted: auto-replied\r\n");
        take(robot).await;
        assert_eq!(status(&test, number).await, Status::Solved, "a robot");
        // Somebody else has the ticket's address, not Rita's.
        let address = test.desk.reply_address_for_all(number).unwrap();
        take(message(
            &people.rita.email,
            &address,
            "Re: x",
            "",
            "This solved it",
        ))
        .await;
        assert_eq!(status(&test, number).await, Status::Solved, "unproven");

        let said = "Not solved\r\n\r\nIt is still full.";
        assert_eq!(take(answer(&first, said)).await, Fate::Entry(number));
        assert_eq!(status(&test, number).await, Status::Reopened);
        test.clock.advance(60_000);
        solve(&test, &people, number).await;
        // An answer to the mail about the solution before.
        assert_eq!(
            take(answer(&first, "This solved it.")).await,
            Fate::Entry(number)
        );
        assert_eq!(status(&test, number).await, Status::Solved, "the old mail");
        let second = last(&test, &people.rita);
        assert_eq!(
            take(answer(&second, "Still waiting")).await,
            Fate::Entry(number)
        );
        assert_eq!(
            take(answer(&second, "„Das hat es gelöst!“")).await,
            Fate::Entry(number)
        );
        assert_eq!(status(&test, number).await, Status::Verified);
    });
}

#[test]
fn somebody_without_an_account_says_so_too() {
    both(|test| async move {
        let people = test.federation().await;
        let raw = message(
            "gus@guest.example",
            "desk@desk.example",
            "No quota",
            "",
            "It is used up.",
        );
        let Fate::Entry(number) = test.desk.take_mail(raw, "file", None).await.unwrap().fate else {
            panic!("no ticket");
        };
        let fay = actor(&test, &people.fay).await;
        let give = Step::Command(Command::Assign {
            unit: people.storage,
            reason: None,
        });
        test.desk.act(&fay, number, None, vec![give]).await.unwrap();
        solve(&test, &people, number).await;
        let mut mails = test.sent_mail();
        mails.retain(|m| m.to == "gus@guest.example");
        let word = word(mails.last().unwrap());
        let (_, done) = test
            .desk
            .say_of_solution(&word, Said::Solved, "Thank you all.")
            .await
            .unwrap();
        assert!(done);
        let five = Rating::new(5).unwrap();
        let page = test.desk.rate_by_link(&word, five, "Quick").await.unwrap();
        assert_eq!(page.rated, Some(five));
        assert_eq!(status(&test, number).await, Status::Verified);
    });
}

async fn report(test: &TestDesk, who: &Somebody, group: Dimension) -> Result<Sheet, Error> {
    let asked = Asked {
        report: SATISFACTION.into(),
        group: group.key().into(),
        only: Only::new(),
        ..Asked::default()
    };
    test.desk.report(&actor(test, who).await, asked).await
}

async fn listed(test: &TestDesk, who: &Somebody, q: &str) -> Vec<i64> {
    let query = TicketQuery {
        q: q.into(),
        ..TicketQuery::default()
    };
    let page = test.desk.tickets(&actor(test, who).await, query).await;
    page.unwrap().items.iter().map(|i| i.number.0).collect()
}

fn row(sheet: &Sheet, key: &str) -> Vec<Option<i64>> {
    let row = sheet.rows.iter().find(|r| r.key == key);
    row.map(|r| r.values.clone()).unwrap_or_default()
}

#[test]
fn how_content_they_were_counts_once_and_is_reported_by_unit_and_service() {
    both(|test| async move {
        let people = test.federation().await;
        let rita = actor(&test, &people.rita).await;
        let mut rated = Vec::new();
        for (number, comment) in [(5, "Quick"), (4, ""), (2, "Anna Nowak was rude")] {
            let ticket = opened(&test, &people).await;
            rated.push(ticket.0);
            let rating = Rating::new(number).unwrap();
            let early = test.desk.rate(&rita, ticket, rating, comment).await;
            assert!(matches!(early, Err(Error::Conflict(_))), "{early:?}");
            solve(&test, &people, ticket).await;
            let otto = actor(&test, &people.otto).await;
            let other = test.desk.rate(&otto, ticket, rating, comment).await;
            assert!(matches!(other, Err(Error::NotFound { .. })), "{other:?}");
            let sam = actor(&test, &people.sam).await;
            let staff = test.desk.rate(&sam, ticket, rating, comment).await;
            assert!(matches!(staff, Err(Error::Forbidden(_))), "{staff:?}");
            let verify = vec![Step::Command(Command::Verify)];
            test.desk.act(&rita, ticket, None, verify).await.unwrap();
            let before = test.desk.conversation(&rita, ticket).await.unwrap();
            assert!(before.may_rate);
            assert!(
                test.desk
                    .rate(&rita, ticket, rating, comment)
                    .await
                    .unwrap()
            );
            let one = Rating::new(1).unwrap();
            assert!(!test.desk.rate(&rita, ticket, one, "Again").await.unwrap());
            let seen = test.desk.conversation(&sam, ticket).await.unwrap();
            assert_eq!(seen.ratings[0].rating, rating);
            assert_eq!(seen.ratings[0].comment, comment);
        }
        let expected: Vec<Option<i64>> = [3, 367, 667, 1, 1, 0, 1, 0].map(Some).to_vec();
        let by_unit = report(&test, &people.ada, Dimension::Unit).await.unwrap();
        assert_eq!(row(&by_unit, "storage"), expected);
        assert_eq!(by_unit.total.clone().unwrap().values, expected);
        // Each number opens the tickets that it counts.
        let line = by_unit.rows.iter().find(|r| r.key == "storage").unwrap();
        for (column, behind) in [
            ("ratings", rated.clone()),
            ("very_content", vec![rated[0]]),
            ("not_content", vec![rated[2]]),
        ] {
            let mut found = listed(&test, &people.ada, &line.rated[column]).await;
            found.sort_unstable();
            assert_eq!(found, behind, "{column}");
        }
        assert!(!line.rated.contains_key("so_so") && !line.rated.contains_key("satisfied"));
        assert_eq!(by_unit.total.clone().unwrap().rated, line.rated);
        let by_service = report(&test, &people.ada, Dimension::Service)
            .await
            .unwrap();
        assert_eq!(row(&by_service, ""), expected);
        // Each sees what is theirs.
        let sams = report(&test, &people.sam, Dimension::Unit).await.unwrap();
        assert_eq!(row(&sams, "storage"), expected);
        let ninas = report(&test, &people.nina, Dimension::Unit).await.unwrap();
        assert_eq!(ninas.total.unwrap().values[0], Some(0));
        let rita = report(&test, &people.rita, Dimension::Unit).await;
        assert!(matches!(rita, Err(Error::Forbidden(_))), "{rita:?}");
    });
}
