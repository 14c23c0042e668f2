//! What becomes of the mails that go out: at every step of the dialogue with the
//! next server that can break (bar S-05), after a crash, and when they come back.

use std::time::Duration;

use desk::{EntryDraft, OpenRequest, Step};
use store::outbox::{Filter, Posting};
use switchboard_core::{Actor, Channel, EntryVisibility, TicketNumber};
use testkit::{Fault, Federation, MailSink, SmtpStep, TestDesk, both, both_mailing, config};

const MINUTE: i64 = 60_000;
const DAY: i64 = 86_400_000;

async fn opened(test: &TestDesk, people: &Federation) -> TicketNumber {
    let rita = test
        .desk
        .actor_for(people.rita.id, Channel::Web)
        .await
        .unwrap();
    test.desk
        .open_ticket(
            &rita,
            OpenRequest {
                subject: "No space left".into(),
                description: "The disk is full.\n.\n..\n.hidden".into(),
                ..OpenRequest::default()
            },
        )
        .await
        .unwrap()
        .number
}

fn admin() -> Actor {
    Actor::system(Channel::Job)
}

async fn mails(test: &TestDesk) -> Vec<Posting> {
    test.desk
        .outbox(&admin(), Filter::default(), 200)
        .await
        .unwrap()
}

async fn to_rita(test: &TestDesk) -> Posting {
    mails(test)
        .await
        .into_iter()
        .find(|m| m.address.starts_with("rita@"))
        .unwrap()
}

/// Lets the clock go on until nothing is tried any more, at most for a week.
async fn until_quiet(test: &TestDesk) {
    for _ in 0..7 * 24 {
        test.run_jobs().await;
        let waiting = mails(test)
            .await
            .into_iter()
            .any(|m| !matches!(m.state.as_str(), "sent" | "failed"));
        if !waiting {
            return;
        }
        test.clock.advance(60 * MINUTE);
    }
    panic!("still waiting: {:?}", mails(test).await);
}

#[test]
fn whatever_breaks_every_recipient_gets_the_mail_and_one_copy_more_at_most() {
    let sink = MailSink::start();
    both_mailing(&config(), &sink.config(), |test| {
        let sink = &sink;
        async move {
            let before = sink.taken().len();
            let people = test.federation().await;
            let mut faults = Vec::new();
            for step in SmtpStep::ALL {
                faults.push(Fault::Cut(step));
                if step != SmtpStep::Text {
                    faults.push(Fault::Say(step, "451 4.3.0 not now"));
                }
                faults.push(Fault::Slow(step, Duration::from_millis(30)));
            }
            let unheard = faults
                .iter()
                .filter(|f| matches!(f, Fault::Cut(SmtpStep::Text | SmtpStep::Dot)))
                .count() as i64;
            sink.next(faults);
            let mut tickets = Vec::new();
            for _ in 0..4 {
                tickets.push(opened(&test, &people).await);
            }
            // Once more, until every fault has had its turn.
            for _ in 0..40 {
                until_quiet(&test).await;
                if sink.faults_left() == 0 {
                    break;
                }
                tickets.push(opened(&test, &people).await);
            }
            assert_eq!(sink.faults_left(), 0, "every fault happened");
            until_quiet(&test).await;
            let taken = sink.taken().split_off(before);
            let all = mails(&test).await;
            assert!(all.len() >= 2 * tickets.len());
            let mut more = 0;
            for mail in &all {
                assert_eq!(mail.state, "sent", "{mail:?}");
                let copies: Vec<_> = taken
                    .iter()
                    .filter(|t| t.message_id() == mail.message_id)
                    .collect();
                assert!(!copies.is_empty(), "lost: {mail:?}");
                assert!(copies.iter().all(|t| t.to == [mail.address.clone()]));
                assert!(copies.iter().all(|t| t.bytes == copies[0].bytes));
                let further = copies.len() as i64 - 1;
                assert!(further <= mail.uncertain, "{mail:?}: {further} more");
                more += mail.uncertain;
            }
            assert!(more <= unheard, "{more} uncertain of {unheard} unheard");
            // Nobody else's mail is sent again because one broke.
            assert!(taken.len() as i64 <= all.len() as i64 + unheard);
        }
    });
}

#[test]
fn a_cut_after_the_final_dot_is_unknown_and_retried_as_the_same_mail() {
    let sink = MailSink::start();
    both_mailing(&config(), &sink.config(), |test| {
        let sink = &sink;
        async move {
            let before = sink.taken().len();
            let people = test.federation().await;
            opened(&test, &people).await;
            sink.next([Fault::Cut(SmtpStep::Dot)]);
            test.run_jobs().await;
            // Several go out beside each other; the cut met one of them.
            let cut: Vec<_> = mails(&test)
                .await
                .into_iter()
                .filter(|m| m.state == "unknown")
                .collect();
            let [mail] = cut.as_slice() else {
                panic!("{cut:?}");
            };
            let mail = mail.clone();
            assert!(mail.error.unwrap().contains("no answer came"));
            assert!(mail.next_try.unwrap() > test.desk.now());
            test.clock.advance(2 * MINUTE);
            test.run_jobs().await;
            let mail = test.desk.posting(&admin(), mail.id).await.unwrap();
            assert_eq!((mail.state.as_str(), mail.uncertain), ("sent", 1));
            assert_eq!(mail.answer.as_deref(), Some("250 2.0.0 Ok: queued as SINK"));
            let mut copies = sink.taken().split_off(before);
            copies.retain(|t| t.message_id() == mail.message_id);
            assert_eq!(copies.len(), 2);
            assert_eq!(copies[0].bytes, copies[1].bytes);
        }
    });
}

#[test]
fn a_delivery_that_died_shows_as_unknown_and_goes_out_once_more() {
    both(|test| async move {
        let people = test.federation().await;
        let number = opened(&test, &people).await;
        // As a process that is killed while it sends leaves it behind.
        test.desk.follow().await.unwrap();
        let now = test.desk.now();
        test.desk
            .db()
            .write(move |c| {
                let filter = Filter {
                    ticket: Some(number),
                    ..Filter::default()
                };
                let ids: Vec<_> = store::outbox::find(c, &filter, 10)?
                    .iter()
                    .map(|m| m.id)
                    .collect();
                store::job::claim(c, now, "who is killed", &["deliver"], 20, 120_000)?;
                store::mail::begin_sending(c, &ids, now)
            })
            .await
            .unwrap();
        test.desk.start_timers().await.unwrap();
        test.run_jobs().await;
        assert_eq!(to_rita(&test).await.state, "sending");
        // The sweep sees it first, then the lease ends.
        test.clock.advance(11 * MINUTE);
        let before = test.desk.now();
        test.desk
            .db()
            .write(move |c| store::outbox::lose_sight(c, before - 120_000))
            .await
            .unwrap();
        assert_eq!(to_rita(&test).await.state, "unknown");
        test.run_jobs().await;
        let mail = to_rita(&test).await;
        assert_eq!((mail.state.as_str(), mail.uncertain), ("sent", 1));
        let sent = test.sent_mail();
        let files = sent.iter().filter(|m| m.to.starts_with("rita@")).count();
        assert_eq!(files, 1);
    });
}

/// Waits until it is so, in the time of the machine.
async fn soon<F: Future<Output = bool>>(what: &str, so: impl Fn() -> F) {
    for _ in 0..500 {
        if so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("not within ten seconds: {what}");
}

#[test]
fn a_slow_server_holds_up_nothing_but_mail() {
    let sink = MailSink::start();
    both_mailing(&config(), &sink.config(), |test| {
        let sink = &sink;
        async move {
            let before = sink.taken().len();
            let people = test.federation().await;
            test.run_jobs().await;
            // Every answer takes longer than all that follows here.
            sink.next(vec![Fault::Slow(SmtpStep::Dot, Duration::from_secs(3)); 8]);
            let worker = test.desk.clone();
            let working = tokio::spawn(async move { worker.work().await });
            opened(&test, &people).await;
            soon("the server has a mail", async || {
                sink.taken().len() > before
            })
            .await;
            assert!(!mails(&test).await.is_empty());
            let done = async || {
                let read = test.desk.db().read(store::job::counts).await;
                read.unwrap().done
            };
            let so_far = done().await;
            test.desk.start_timers().await.unwrap();
            soon("jobs of other kinds run", async || {
                done().await >= so_far + 6
            })
            .await;
            let all = mails(&test).await;
            assert!(all.iter().all(|m| m.state == "sending"), "{all:?}");
            // Who stops waits for what is in hand, and begins nothing more.
            assert!(test.desk.finish_sending(Duration::from_secs(20)).await);
            let all = mails(&test).await;
            assert!(all.iter().all(|m| m.state == "sent"), "{all:?}");
            opened(&test, &people).await;
            soon("the next mails are queued", async || {
                mails(&test).await.len() > all.len()
            })
            .await;
            tokio::time::sleep(Duration::from_millis(700)).await;
            let queued = mails(&test).await;
            assert!(queued.iter().any(|m| m.state == "queued"), "{queued:?}");
            assert_eq!(sink.taken().len() - before, all.len());
            working.abort();
            sink.next([]);
        }
    });
}

#[test]
fn who_is_asked_to_stop_does_not_wait_for_a_server_that_never_answers() {
    let sink = MailSink::start();
    both_mailing(&config(), &sink.config(), |test| {
        let sink = &sink;
        async move {
            let people = test.federation().await;
            test.run_jobs().await;
            sink.next(vec![Fault::Slow(SmtpStep::Dot, Duration::from_secs(3)); 8]);
            let worker = test.desk.clone();
            let working = tokio::spawn(async move { worker.work().await });
            opened(&test, &people).await;
            soon("a mail is on its way", async || {
                mails(&test).await.iter().any(|m| m.state == "sending")
            })
            .await;
            let began = std::time::Instant::now();
            assert!(!test.desk.finish_sending(Duration::from_millis(100)).await);
            assert!(began.elapsed() < Duration::from_secs(2));
            working.abort();
            let left = mails(&test).await;
            assert!(left.iter().any(|m| m.state == "sending"), "{left:?}");
            // As after a crash, the sweep makes it show.
            let late = test.desk.now() + 1;
            test.desk
                .db()
                .write(move |c| store::outbox::lose_sight(c, late))
                .await
                .unwrap();
            assert_eq!(to_rita(&test).await.state, "unknown");
        }
    });
}

#[test]
fn a_server_is_asked_for_so_much_at_once_and_no_more() {
    let sink = MailSink::start();
    both_mailing(&config(), &sink.config(), |test| {
        let sink = &sink;
        async move {
            let before = (sink.taken().len(), sink.connections());
            let people = test.federation().await;
            test.run_jobs().await;
            for _ in 0..20 {
                opened(&test, &people).await;
            }
            test.desk.follow().await.unwrap();
            let queued = mails(&test).await.len();
            assert!(queued >= 40, "{queued}");
            let worker = test.desk.clone();
            let working = tokio::spawn(async move { worker.work().await });
            soon("all are sent", async || {
                mails(&test).await.iter().all(|m| m.state == "sent")
            })
            .await;
            working.abort();
            assert_eq!(sink.taken().len() - before.0, queued);
            let made = sink.connections() - before.1;
            assert!(made <= connect::smtp::AT_ONCE as usize, "{made}");
        }
    });
}

#[test]
fn a_mail_is_given_up_after_five_days_and_not_before() {
    let sink = MailSink::start();
    both_mailing(&config(), &sink.config(), |test| {
        let sink = &sink;
        async move {
            let people = test.federation().await;
            opened(&test, &people).await;
            let began = test.desk.now();
            while test.desk.now() < began + 6 * DAY {
                if sink.faults_left() < 4 {
                    sink.next(vec![Fault::Say(SmtpStep::Rcpt, "450 4.7.1 greylisted"); 4]);
                }
                test.run_jobs().await;
                let mail = to_rita(&test).await;
                if mail.state == "failed" {
                    break;
                }
                assert_eq!(mail.state, "deferred");
                test.clock.advance(30 * MINUTE);
            }
            let mail = to_rita(&test).await;
            assert_eq!(mail.state, "failed");
            let lasted = test.desk.now() - began;
            assert!(lasted > 4 * DAY && lasted <= 5 * DAY + DAY / 4, "{lasted}");
            assert!(mail.error.unwrap().contains("greylisted"));
            assert!(mail.attempts > 25, "{}", mail.attempts);
            // An administrator begins anew.
            while sink.faults_left() > 0 {
                test.clock.advance(30 * MINUTE);
                test.desk.retry_mail(&admin(), mail.id).await.unwrap();
                test.run_jobs().await;
            }
            if to_rita(&test).await.state != "sent" {
                test.desk.retry_mail(&admin(), mail.id).await.unwrap();
            }
            test.run_jobs().await;
            assert_eq!(to_rita(&test).await.state, "sent");
            let again = test.desk.retry_mail(&admin(), mail.id).await.unwrap_err();
            assert!(again.to_string().contains("was sent"), "{again}");
        }
    });
}

#[test]
fn a_refused_address_is_marked_and_the_unit_told_once() {
    let sink = MailSink::start();
    both_mailing(&config(), &sink.config(), |test| {
        let sink = &sink;
        async move {
            let people = test.federation().await;
            let fay = test
                .desk
                .actor_for(people.fay.id, Channel::Web)
                .await
                .unwrap();
            let mut numbers = Vec::new();
            for _ in 0..2 {
                let number = opened(&test, &people).await;
                // First the mail to first level goes, then Rita's is refused.
                test.desk.follow().await.unwrap();
                sink.next(vec![
                    Fault::Say(
                        SmtpStep::Rcpt,
                        "550 5.1.1 <rita@people.example>: no such user"
                    );
                    2
                ]);
                test.run_jobs().await;
                numbers.push(number);
                until_quiet(&test).await;
            }
            let dead = test.desk.dead_addresses(&admin()).await.unwrap();
            assert!(dead.iter().any(|d| d.address == "rita@people.example"));
            assert_eq!(to_rita(&test).await.state, "failed");
            let mut notes = 0;
            for number in numbers {
                let conversation = test.desk.conversation(&fay, number).await.unwrap();
                notes += conversation
                    .entries
                    .iter()
                    .filter(|e| e.visibility == EntryVisibility::Internal)
                    .filter(|e| e.body.contains("rita@people.example did not arrive"))
                    .count();
            }
            assert_eq!(notes, 1, "told once");
            test.desk
                .revive_address(&admin(), "rita@people.example")
                .await
                .unwrap();
            let left = test.desk.dead_addresses(&admin()).await.unwrap();
            assert!(left.iter().all(|d| d.address != "rita@people.example"));
        }
    });
}

fn bounce(to: &str, status: &str, action: &str, original: &str) -> Vec<u8> {
    format!(
        "Return-Path: <>\r\nFrom: Mail Delivery System <mailer-daemon@mx.example>\r\n\
         To: {to}\r\nSubject: Undelivered Mail Returned to Sender\r\n\
         Message-ID: <bounce-{status}-{action}-{}@mx.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
         --b\r\n\r\nsorry\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; rita@people.example\r\n\
         Action: {action}\r\nStatus: {status}\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n\
         Message-ID: <{original}>\r\nSubject: x\r\n\r\n--b--\r\n",
        original.len()
    )
    .into_bytes()
}

#[test]
fn what_comes_back_is_known_by_its_envelope_or_its_message_id_and_by_nothing_else() {
    let sink = MailSink::start();
    both_mailing(&config(), &sink.config(), |test| {
        let sink = &sink;
        async move {
            let people = test.federation().await;
            let number = opened(&test, &people).await;
            until_quiet(&test).await;
            let mail = to_rita(&test).await;
            assert_eq!(mail.state, "sent");
            let envelope = sink
                .taken()
                .iter()
                .rev()
                .find(|t| t.message_id() == mail.message_id)
                .unwrap()
                .from
                .clone();
            assert!(envelope.starts_with("desk+b."), "{envelope}");
            let take = async |raw: Vec<u8>| {
                test.desk.take_mail(raw, "file", None).await.unwrap();
                to_rita(&test).await
            };
            // A guess is nobody's mail.
            let forged = envelope.replacen("desk+b.a", "desk+b.b", 1);
            let forged = if forged == envelope {
                envelope.replacen("desk+b.", "desk+b.b", 1)
            } else {
                forged
            };
            let guess = bounce(&forged, "5.1.1", "failed", "guess@desk.example");
            assert_eq!(take(guess).await.state, "sent");
            // Late is not lost.
            let late = take(bounce(&envelope, "4.4.1", "delayed", "")).await;
            assert_eq!(late.state, "sent");
            assert!(late.error.unwrap().contains("late"));
            // A full mailbox says nothing of the address.
            let full = take(bounce(&envelope, "5.2.2", "failed", "")).await;
            assert_eq!(full.state, "failed");
            assert!(test.desk.dead_addresses(&admin()).await.unwrap().is_empty());
            // By the Message-ID alone, where the envelope was lost; a mailbox that is none.
            opened(&test, &people).await;
            until_quiet(&test).await;
            let second = to_rita(&test).await;
            let gone = bounce("desk@desk.example", "5.1.1", "failed", &second.message_id);
            assert_eq!(take(gone).await.state, "failed");
            let dead = test.desk.dead_addresses(&admin()).await.unwrap();
            assert_eq!(dead[0].address, "rita@people.example");
            // It became no entry of the ticket that asked, and no new ticket.
            test.run_jobs().await;
            let seen = test.desk.mails_of(&admin(), number, true).await.unwrap();
            assert_eq!(seen.len(), 1);
        }
    });
}

#[test]
fn what_leaves_is_a_proper_mail_whatever_was_typed() {
    let sink = MailSink::start();
    both_mailing(&config(), &sink.config(), |test| {
        let sink = &sink;
        async move {
            let before = sink.taken().len();
            let people = test.federation().await;
            let rita = test
                .desk
                .actor_for(people.rita.id, Channel::Web)
                .await
                .unwrap();
            let fay = test
                .desk
                .actor_for(people.fay.id, Channel::Web)
                .await
                .unwrap();
            for evil in [
                "x\r\nBcc: eve@evil.example",
                "x\nTo: eve@evil.example",
                "x\u{2028}Bcc: eve@evil.example",
                "x\u{85}Bcc: eve@evil.example",
                "=?utf-8?q?x=0D=0ABcc:_eve@evil.example?=",
                "größe \u{1f4a9} שלום",
                "x\r\n.\r\nMAIL FROM:<eve@evil.example>\r\nRCPT TO:<eve@evil.example>\r\nDATA",
            ] {
                let long = "w".repeat(5000);
                let number = test
                    .desk
                    .open_ticket(
                        &rita,
                        OpenRequest {
                            subject: evil.into(),
                            description: format!("{evil}\n.\n..dots\n.\r\n{long}\nend"),
                            ..OpenRequest::default()
                        },
                    )
                    .await
                    .map(|t| t.number);
                let Ok(number) = number else { continue };
                let draft = EntryDraft {
                    body: format!("{evil}\n.\n{long}"),
                    ..EntryDraft::default()
                };
                let answer = Step::Write(EntryVisibility::Public, draft);
                test.desk
                    .act(&fay, number, None, vec![answer])
                    .await
                    .unwrap();
            }
            until_quiet(&test).await;
            let taken = sink.taken().split_off(before);
            assert!(taken.len() > 8, "{}", taken.len());
            for mail in taken {
                lint(&mail.wire, &mail.bytes);
                assert_eq!(mail.to.len(), 1);
                assert!(!mail.to[0].contains("evil"), "{:?}", mail.to);
                assert!(mail.from.ends_with("@desk.example"), "{}", mail.from);
                let read = mail::parse(&mail.bytes, &mail::Limits::default()).unwrap();
                assert_eq!(read.headers.get("bcc"), None);
                assert_eq!(read.to.len(), 1);
                assert_eq!(read.headers.get("auto-submitted"), Some("auto-generated"));
                assert_eq!(read.headers.get("x-auto-response-suppress"), Some("All"));
            }
        }
    });
}

/// RFC 5322, 2.1 and RFC 5321, 4.5.2, on what the server got.
fn lint(wire: &[u8], bytes: &[u8]) {
    assert!(bytes.is_ascii() && !bytes.contains(&0));
    let text = std::str::from_utf8(wire).unwrap();
    for line in text.split_inclusive('\n') {
        assert!(line.ends_with("\r\n"), "a bare LF: {line:?}");
        let bare = line.trim_end_matches("\r\n");
        assert!(!bare.contains('\r'), "a bare CR: {line:?}");
        assert!(bare.len() <= 998, "a line of {}", bare.len());
        assert!(bare != ".", "an end within the text");
        assert!(!bare.starts_with('.') || bare.starts_with(".."), "{bare:?}");
    }
    let (head, _) = text.split_once("\r\n\r\n").unwrap();
    let mut names: Vec<String> = head
        .split("\r\n")
        .filter(|line| !line.starts_with([' ', '\t']))
        .map(|line| line.split(':').next().unwrap().to_ascii_lowercase())
        .collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "a field twice: {head}");
}
