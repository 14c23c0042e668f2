//! Tracked redirection: the list works, the desk keeps it in sight, and nothing
//! goes round.

use desk::mail_in::Fate;
use desk::redirect::link::Deed;
use desk::redirect::view::{Search, Seen, Which};
use desk::{Config, Desk, EntryDraft, Error, OpenRequest, Step};
use mail::{Incoming, Limits};
use switchboard_core::redirect::{Ended, Held, MAILS_AN_HOUR, Stage, Turn};
use switchboard_core::{
    Actor, Channel, Command, EntryVisibility, Status, TicketNumber, Visibility,
};
use testkit::{Federation, Mail, Somebody, TestDesk, both, config, runtime, sqlite};

const LIST: &str = "storage-help@lists.example";
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// The small federation; its service Archive goes by a list.
async fn world(test: &TestDesk) -> Federation {
    let people = test.federation().await;
    goes_to(test, LIST).await;
    people
}

pub(crate) async fn goes_to(test: &TestDesk, list: &str) {
    let catalogue = test.desk.catalogue().await.unwrap();
    let mut service = catalogue
        .find_service("service", "archive")
        .unwrap()
        .clone();
    service.option = "redirection".into();
    service.doc.list = Some(list.into());
    test.desk.save_service(service).await.unwrap();
}

async fn actor(test: &TestDesk, who: &Somebody) -> Actor {
    test.desk.actor_for(who.id, Channel::Web).await.unwrap()
}

pub(crate) async fn open(test: &TestDesk, who: &Somebody) -> TicketNumber {
    let request = OpenRequest {
        subject: "Tape of Rita is lost".into(),
        description: "It was there yesterday.\n\nRita".into(),
        service: Some("archive".into()),
        ..OpenRequest::default()
    };
    let number = test
        .desk
        .open_ticket(&actor(test, who).await, request)
        .await
        .unwrap()
        .number;
    test.run_jobs().await;
    number
}

fn read(mail: &Mail) -> Incoming {
    mail::parse(&mail.raw, &Limits::default()).unwrap()
}

fn to(test: &TestDesk, address: &str) -> Vec<Mail> {
    let all = test.sent_mail().into_iter();
    all.filter(|m| m.to == address).collect()
}

fn last(test: &TestDesk, address: &str) -> Mail {
    to(test, address).pop().unwrap()
}

/// Where answers to the last mail to an address go.
pub(crate) fn reply_address(test: &TestDesk, address: &str) -> String {
    read(&last(test, address)).reply_to[0].address.to_string()
}

async fn take(desk: &Desk, text: &str) -> Fate {
    let raw = text.trim_start().replace('\n', "\r\n").into_bytes();
    desk.take_mail(raw, "file", None).await.unwrap().fate
}

async fn one(test: &TestDesk, people: &Federation, number: TicketNumber) -> Seen {
    let fay = actor(test, &people.fay).await;
    let mut all = test.desk.redirections_of(&fay, number).await.unwrap();
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

async fn write(test: &TestDesk, who: &Actor, number: TicketNumber, body: &str) {
    let draft = EntryDraft {
        body: body.into(),
        ..EntryDraft::default()
    };
    let step = Step::Write(EntryVisibility::Public, draft);
    test.desk.act(who, number, None, vec![step]).await.unwrap();
}

/// The word in a link to a path of the last mail to an address.
fn word(test: &TestDesk, address: &str, path: &str) -> String {
    let text = last(test, address).text;
    let (_, rest) = text.split_once(path).unwrap();
    let end = rest.find(['/', '\n', ' ', '\r']).unwrap_or(rest.len());
    rest[..end].to_owned()
}

#[test]
fn a_request_goes_to_the_list_and_its_answers_to_the_requester() {
    both(|test| async move {
        let people = world(&test).await;
        let rita = actor(&test, &people.rita).await;
        let number = open(&test, &people.rita).await;
        let request = last(&test, LIST);
        let parsed = read(&request);
        let from = parsed.from.clone().unwrap();
        assert_eq!(from.address.as_str(), "desk@desk.example");
        assert_eq!(
            request.subject,
            format!("[#{number}] Tape of (the requester) is lost")
        );
        assert_eq!(parsed.headers.get("auto-submitted"), None, "a person asks");
        assert!(parsed.headers.get("x-switchboard-hops").is_some());
        assert!(request.text.contains("It was there yesterday."));
        let whole = String::from_utf8_lossy(&request.raw).to_lowercase();
        assert!(!whole.contains("rita"), "nothing says who it is: {whole}");
        let address = reply_address(&test, LIST);
        let seen = one(&test, &people, number).await;
        assert_eq!((seen.stage, seen.turn), (Stage::Active, Turn::List));

        // Jane answers, and copies somebody who has nothing to do with it.
        test.clock.advance(HOUR);
        let before = test.sent_mail().len();
        let fate = take(
            &test.desk,
            &format!(
                "
From: Jane Doe <jane@lab.example>
To: {address}
Cc: {LIST}, mallory@evil.example
Subject: Re: {}
Message-ID: <j1@lab.example>
In-Reply-To: <{}>

Which tape?

On Mon, 21 Sep 2026 at 10:00, Switchboard <desk@desk.example> wrote:
> It was there yesterday.
_______________________________________________
Storage-help mailing list -- {LIST}
To unsubscribe send an email to storage-help-leave@lists.example
",
                request.subject,
                parsed.message_id.clone().unwrap(),
            ),
        )
        .await;
        assert_eq!(fate, Fate::Entry(number));
        test.run_jobs().await;
        let entries = test.desk.entries(&rita, number, 0, 50).await.unwrap();
        let answer = entries.last().unwrap();
        assert_eq!(answer.author_name, "Jane Doe (via storage-help)");
        assert_eq!(answer.body.trim(), "Which tape?");
        assert_eq!(answer.visibility, EntryVisibility::Public);
        for address in ["jane@lab.example", "mallory@evil.example", LIST] {
            let known = test
                .desk
                .db()
                .read(move |c| store::person::by_email(c, address))
                .await
                .unwrap();
            assert!(known.is_none(), "{address} became somebody");
        }
        let told: Vec<String> = test.sent_mail()[before..]
            .iter()
            .map(|m| m.to.clone())
            .collect();
        assert!(told.contains(&people.rita.email), "{told:?}");
        for none in [LIST, "jane@lab.example", "mallory@evil.example"] {
            assert!(!told.iter().any(|t| t == none), "{none} in {told:?}");
        }
        assert!(last(&test, &people.rita.email).text.contains("Which tape?"));
        let seen = one(&test, &people, number).await;
        assert_eq!(seen.turn, Turn::Requester);
        assert_eq!(seen.life_at, Some(test.desk.now()));

        // Rita answers by mail, and the list gets it into the same thread.
        let hers = reply_address(&test, &people.rita.email);
        let fate = take(
            &test.desk,
            &format!(
                "
From: Rita <{}>
To: {hers}
Subject: Re: [#{number}]
Message-ID: <r1@people.example>

Number 42, says rita@people.example.
",
                people.rita.email
            ),
        )
        .await;
        assert_eq!(fate, Fate::Entry(number));
        test.run_jobs().await;
        let forwarded = last(&test, LIST);
        assert!(
            forwarded.text.contains("Number 42, says (the requester)."),
            "{}",
            forwarded.text
        );
        let parsed = read(&forwarded);
        assert_eq!(parsed.references, [read(&request).message_id.unwrap()]);
        assert_eq!(
            reply_address(&test, LIST),
            address,
            "one address for one list"
        );
        assert_eq!(one(&test, &people, number).await.turn, Turn::List);

        // Solved by the link; the list hears that it is over, once.
        let word = word(&test, LIST, "/l/");
        let solve = || {
            test.desk
                .list_says(&word, Deed::Solved, "Jane", "Tape 42 is back.")
        };
        solve().await.unwrap();
        test.run_jobs().await;
        let ticket = test.desk.ticket(&rita, number).await.unwrap();
        assert_eq!(ticket.status, Status::Solved);
        let over = last(&test, LIST);
        assert!(over.text.contains("Tape 42 is back."), "{}", over.text);
        assert_eq!(
            read(&over).headers.get("auto-submitted"),
            Some("auto-generated")
        );
        assert!(matches!(solve().await, Err(Error::Conflict(_))));
        test.desk
            .act(&rita, number, None, vec![Step::Command(Command::Verify)])
            .await
            .unwrap();
        test.run_jobs().await;
        assert_eq!(to(&test, LIST).len(), 3);
        let seen = one(&test, &people, number).await;
        assert_eq!(seen.stage, Stage::Ended(Ended::Finished));

        // What comes later is kept for the support side and nobody is mailed.
        let before = test.sent_mail().len();
        let late = take(
            &test.desk,
            &format!(
                "
From: Jane Doe <jane@lab.example>
To: {address}
Subject: Re: [#{number}]
Message-ID: <j2@lab.example>

By the way, it was the robot.
"
            ),
        )
        .await;
        assert_eq!(late, Fate::Entry(number));
        assert_eq!(
            test.desk.entries(&rita, number, 0, 50).await.unwrap().len(),
            entries.len() + 2,
            "it is internal"
        );
        test.run_jobs().await;
        assert!(
            test.sent_mail()[before..]
                .iter()
                .all(|m| m.to != people.rita.email)
        );
    });
}

/// What was found out about who wrote over a list stands at the entry, as of any other mail;
/// and no address of the desk itself is taken for a list.
#[test]
fn a_list_is_looked_at_like_any_sender_and_is_never_the_desk_itself() {
    both(|test| async move {
        let people = world(&test).await;
        let number = open(&test, &people.rita).await;
        let address = reply_address(&test, LIST);
        let fate = take(
            &test.desk,
            &format!(
                "
From: Jane Doe <jane@lab.example>
To: {address}
Subject: Re: x
Message-ID: <j1@lab.example>

It is back."
            ),
        )
        .await;
        assert_eq!(fate, Fate::Entry(number));
        let admin = Actor::system(Channel::Cli);
        let notes = test.desk.mail_notes(&admin, number).await.unwrap();
        let verdict = notes[0].verdict.clone().unwrap();
        assert_eq!(verdict.proof, "unknown", "{verdict:?}");

        let mailbox = |address: &str| desk::mailbox::Draft {
            id: None,
            expected: None,
            address: address.into(),
            way: store::mailbox::Way::Local,
            doc: store::mailbox::MailboxDoc::default(),
            secret: None,
            unit: None,
            service: None,
            portal: None,
            active: true,
        };
        test.desk
            .save_mailbox(&admin, mailbox("help@belle.example"))
            .await
            .unwrap();
        for own in [
            "desk@desk.example",
            "Desk+12@DESK.example",
            "help@belle.example",
            "help+x@belle.example",
        ] {
            let edit = desk::service::ServiceEdit {
                list: Some(Some(own.into())),
                ..Default::default()
            };
            match test
                .desk
                .change_service(&admin, "archive", None, edit)
                .await
            {
                Err(desk::Error::Invalid { field, problem }) => {
                    assert_eq!(field, "list", "{own}");
                    assert!(problem.contains("address of this desk"), "{problem}");
                }
                other => panic!("{own}: {other:?}"),
            }
        }
        // Nor is a list taken for a mailbox.
        match test.desk.save_mailbox(&admin, mailbox(LIST)).await {
            Err(desk::Error::Invalid { field, .. }) => assert_eq!(field, "address"),
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn silence_reminds_the_list_once_then_wakes_first_level_once_across_restarts() {
    both(|test| async move {
        let people = world(&test).await;
        let number = open(&test, &people.rita).await;
        test.desk.start_timers().await.unwrap();
        test.run_jobs().await;
        let first = |test: &TestDesk| to(test, &people.fay.email).len();
        // Low priority: 5 working days. Nothing before.
        test.clock.advance(6 * DAY);
        test.run_jobs().await;
        assert_eq!(to(&test, LIST).len(), 1);
        test.clock.advance(DAY + HOUR);
        let (woken, asked) = (first(&test), to(&test, &people.rita.email).len());
        test.run_jobs().await;
        let warned = to(&test, LIST);
        assert_eq!(warned.len(), 2);
        assert!(
            warned[1].subject.contains("Reminder:"),
            "{}",
            warned[1].subject
        );
        assert_eq!(
            read(&warned[1]).headers.get("auto-submitted"),
            Some("auto-generated")
        );
        assert_eq!(to(&test, &people.rita.email).len(), asked + 1);
        assert_eq!(first(&test), woken);
        // A process that begins anew, many times.
        for _ in 0..5 {
            let again = test.desk.with_clock(test.clock.clone());
            again.start_timers().await.unwrap();
            test.clock.advance(60_000);
            again.run_jobs().await.unwrap();
        }
        assert_eq!((to(&test, LIST).len(), first(&test)), (2, woken));
        test.clock.advance(2 * DAY);
        for _ in 0..5 {
            let again = test.desk.with_clock(test.clock.clone());
            again.start_timers().await.unwrap();
            again.run_jobs().await.unwrap();
            test.clock.advance(DAY);
        }
        assert_eq!((to(&test, LIST).len(), first(&test)), (2, woken + 1));
        let seen = one(&test, &people, number).await;
        assert!(seen.warned_at.is_some() && seen.woken_at.is_some());
        let fay = actor(&test, &people.fay).await;
        let search = |which| Search {
            which,
            limit: 10,
            ..Search::default()
        };
        let page = test
            .desk
            .redirections(&fay, search(Which::Woken))
            .await
            .unwrap();
        assert_eq!(page.items.len(), 1);
        assert!(page.items[0].may_open);

        // The requester says that nobody wrote: first level knows already.
        let word = word(&test, &people.rita.email, "/asked/");
        test.desk.requester_says(&word, false).await.unwrap();
        test.run_jobs().await;
        assert_eq!(first(&test), woken + 1);
        // Somebody did write to them directly after all.
        test.desk.requester_says(&word, true).await.unwrap();
        test.run_jobs().await;
        let rita = actor(&test, &people.rita).await;
        let ticket = test.desk.ticket(&rita, number).await.unwrap();
        assert_eq!(ticket.status, Status::Verified);
        let page = test
            .desk
            .redirections(&fay, search(Which::Open))
            .await
            .unwrap();
        assert_eq!(page.items, []);
    });
}

#[test]
fn what_the_list_says_by_its_links_counts_and_nothing_that_is_forged_does() {
    both(|test| async move {
        let people = world(&test).await;
        let number = open(&test, &people.rita).await;
        let good = word(&test, LIST, "/l/");
        assert_eq!(good, test.desk.list_word(number, 1));
        let other = test.desk.asked_word(number, 1);
        for wrong in [
            "",
            "x",
            &good[..good.len() - 1],
            &format!("9{good}"),
            &other,
        ] {
            assert!(test.desk.list_link(wrong).await.is_err(), "{wrong}");
            assert!(
                test.desk
                    .list_says(wrong, Deed::Solved, "", "")
                    .await
                    .is_err()
            );
        }
        assert!(test.desk.requester_says(&good, true).await.is_err());
        let page = test.desk.list_link(&good).await.unwrap();
        assert_eq!((page.ticket, page.list.as_str()), (number, LIST));
        assert_eq!(
            one(&test, &people, number).await.life_at,
            None,
            "to look is nothing"
        );

        test.clock.advance(HOUR);
        let says = |deed, text| test.desk.list_says(&good, deed, "jane@lab.example", text);
        let mails = test.sent_mail().len();
        says(Deed::Working, "").await.unwrap();
        says(Deed::Working, "").await.unwrap();
        test.run_jobs().await;
        let rita_heard = test.sent_mail()[mails..]
            .iter()
            .any(|m| m.to == people.rita.email);
        assert!(!rita_heard, "a sign of life is no news");
        let seen = one(&test, &people, number).await;
        assert_eq!(
            (seen.life_at, seen.turn),
            (Some(test.desk.now()), Turn::List)
        );

        let refused = says(Deed::GiveBack, " ").await.unwrap_err();
        assert!(
            matches!(&refused, Error::Invalid { field, .. } if field == "text"),
            "{refused}"
        );
        says(Deed::GiveBack, "That is the network people's.")
            .await
            .unwrap();
        test.run_jobs().await;
        let fay = actor(&test, &people.fay).await;
        let ticket = test.desk.ticket(&fay, number).await.unwrap();
        assert_eq!(ticket.unit.id, people.first);
        let seen = one(&test, &people, number).await;
        assert_eq!(seen.stage, Stage::Ended(Ended::GivenBack));
        assert!(last(&test, LIST).text.contains("went back"));
        // First level passes it on there once more, on second thoughts.
        test.desk
            .redirect_to(&fay, number, "archive")
            .await
            .unwrap();
        test.run_jobs().await;
        assert_eq!(to(&test, LIST).len(), 3);
        assert!(last(&test, LIST).text.contains("(once more)"));
        assert!(matches!(
            test.desk.redirect_to(&fay, number, "links").await,
            Err(Error::Invalid { .. })
        ));
    });
}

#[test]
fn an_answer_over_the_list_finds_its_ticket_and_a_reference_alone_does_not() {
    both(|test| async move {
        let people = world(&test).await;
        let number = open(&test, &people.rita).await;
        let id = read(&last(&test, LIST)).message_id.unwrap();
        // The desk is on the list, which puts itself into From and Reply-To.
        let fate = take(
            &test.desk,
            &format!(
                "
From: Jane Doe via Storage-help <{LIST}>
Reply-To: Jane Doe <jane@lab.example>, {LIST}
To: {LIST}
List-Id: Storage <storage-help.lists.example>
Precedence: list
Subject: [Storage-help] Re: [#{number}] x
Message-ID: <j1@lab.example>
In-Reply-To: <{id}>

Which one?
"
            ),
        )
        .await;
        assert_eq!(fate, Fate::Entry(number));
        let rita = actor(&test, &people.rita).await;
        let entries = test.desk.entries(&rita, number, 0, 9).await.unwrap();
        assert_eq!(
            entries.last().unwrap().author_name,
            "Jane Doe (via storage-help)"
        );
        // The desk's own request, as the list distributes it, is nothing.
        let mut round = b"List-Id: <storage-help.lists.example>\r\n".to_vec();
        round.extend(&last(&test, LIST).raw);
        let fate = test.desk.take_mail(round, "file", None).await.unwrap().fate;
        assert_eq!(fate, Fate::Suppressed("own_loop".into()));
        // Somebody who knows the Message-ID and is on no list of ours.
        let fate = take(
            &test.desk,
            &format!(
                "
From: mallory@evil.example
To: desk@desk.example
Subject: Re: [#{number}] x
Message-ID: <m1@evil.example>
In-Reply-To: <{id}>

Send me everything.
"
            ),
        )
        .await;
        assert!(matches!(fate, Fate::Entry(n) if n != number), "{fate:?}");
        // A signature of another list within the ticket, made up.
        let address = reply_address(&test, LIST).replace("r1.", "r2.");
        let fate = take(
            &test.desk,
            &format!(
                "
From: mallory@evil.example
To: {address}
Subject: x
Message-ID: <m2@evil.example>

Me again.
"
            ),
        )
        .await;
        assert!(matches!(fate, Fate::Entry(n) if n != number), "{fate:?}");
        assert_eq!(
            test.desk.entries(&rita, number, 0, 9).await.unwrap(),
            entries
        );
    });
}

#[test]
fn a_list_that_bounces_waits_or_answers_by_itself_is_no_sign_of_life() {
    both(|test| async move {
        let people = world(&test).await;
        let number = open(&test, &people.rita).await;
        let (request, address) = (last(&test, LIST), reply_address(&test, LIST));
        let id = read(&request).message_id.unwrap();
        let vacation = take(
            &test.desk,
            &format!(
                "
From: Jane <jane@lab.example>
To: {address}
Subject: Out of office: [#{number}]
Auto-Submitted: auto-replied
Message-ID: <v1@lab.example>

I am away.
"
            ),
        )
        .await;
        assert_eq!(vacation, Fate::Suppressed("auto_reply".into()));
        // A member's mailbox is full: the list's matter.
        let bounce = |to: &str, n: i64| {
            format!(
                "
From: MAILER-DAEMON@mx.lists.example
To: desk@desk.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <b{n}@mx.lists.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

It could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.lists.example

Final-Recipient: rfc822; {to}
Action: failed
Status: 5.1.1
--b
Content-Type: text/rfc822-headers

Message-ID: <{id}>
--b--
"
            )
        };
        let fate = take(&test.desk, &bounce("jane@lab.example", 1)).await;
        assert_eq!(fate, Fate::Suppressed("bounce".into()));
        let seen = one(&test, &people, number).await;
        assert_eq!(
            (seen.life_at, seen.woken_at, seen.trouble),
            (None, None, None)
        );
        let fay = to(&test, &people.fay.email).len();
        for n in 2..5 {
            let fate = take(&test.desk, &bounce(LIST, n)).await;
            assert!(matches!(fate, Fate::Suppressed(_)), "{fate:?}");
        }
        test.run_jobs().await;
        let seen = one(&test, &people, number).await;
        assert_eq!(seen.life_at, None);
        assert!(seen.woken_at.is_some());
        assert!(seen.trouble.unwrap().contains("5.1.1"));
        assert_eq!(to(&test, &people.fay.email).len(), fay + 1, "told once");
        // A moderator has to look, says the list server.
        let fate = take(
            &test.desk,
            &format!(
                "
From: storage-help-owner@lists.example
To: desk@desk.example
Subject: Your message to Storage-help awaits moderator approval
Precedence: bulk
Message-ID: <o1@lists.example>

Your mail to 'Storage-help' with the subject

    {}

is being held.
",
                request.subject
            ),
        )
        .await;
        assert!(matches!(fate, Fate::Suppressed(_)), "{fate:?}");
        let trouble = one(&test, &people, number).await.trouble.unwrap();
        assert!(trouble.contains("awaits moderator approval"), "{trouble}");
        assert_eq!(to(&test, LIST).len(), 1);
    });
}

#[test]
fn a_restricted_ticket_and_one_that_came_from_the_list_stay_here() {
    both(|test| async move {
        let people = world(&test).await;
        let ada = actor(&test, &people.ada).await;
        let request = OpenRequest {
            subject: "Key lost".into(),
            description: "The canary key.".into(),
            service: Some("archive".into()),
            ..OpenRequest::default()
        };
        let number = test.desk.open_ticket(&ada, request).await.unwrap().number;
        let hide = Step::Command(Command::SetVisibility(Visibility::Restricted));
        test.desk.act(&ada, number, None, vec![hide]).await.unwrap();
        test.run_jobs().await;
        assert_eq!(to(&test, LIST), []);
        let all = test.desk.redirections_of(&ada, number).await.unwrap();
        assert_eq!(all[0].stage, Stage::Held(Held::Restricted));
        let fay = actor(&test, &people.fay).await;
        let page = test.desk.redirections(
            &fay,
            Search {
                limit: 9,
                ..Search::default()
            },
        );
        assert_eq!(page.await.unwrap().items, [], "nor do others see it");
        let woken = |who: &Somebody| {
            let all = to(&test, &who.email);
            all.iter().any(|m| m.subject.contains("needs you"))
        };
        assert!(!woken(&people.fay), "first level knows nothing of it");
        assert!(woken(&people.sam), "those who hold it do");
        // It is opened up, and goes.
        let open_up = Step::Command(Command::SetVisibility(Visibility::Parties));
        test.desk
            .act(&ada, number, None, vec![open_up])
            .await
            .unwrap();
        test.run_jobs().await;
        assert_eq!(to(&test, LIST).len(), 1);

        // What a list sends here of itself does not go back there.
        let fate = take(
            &test.desk,
            &format!(
                "
From: Jane Doe <jane@lab.example>
To: {LIST}
List-Post: <mailto:{LIST}>
Subject: Is it only me?
Message-ID: <j9@lab.example>

The archive is slow.
"
            ),
        )
        .await;
        let Fate::Entry(other) = fate else {
            panic!("{fate:?}")
        };
        test.desk.redirect_to(&fay, other, "archive").await.unwrap();
        test.run_jobs().await;
        assert_eq!(to(&test, LIST).len(), 1);
        let seen = one(&test, &people, other).await;
        assert_eq!(seen.stage, Stage::Held(Held::Loop));
        assert!(seen.woken_at.is_some());
    });
}

#[test]
fn more_mails_than_people_write_are_stopped_and_go_on_by_hand() {
    both(|test| async move {
        let people = world(&test).await;
        let rita = actor(&test, &people.rita).await;
        let number = open(&test, &people.rita).await;
        for n in 0..2 * MAILS_AN_HOUR {
            test.clock.advance(20_000);
            write(&test, &rita, number, &format!("Word {n}")).await;
            test.run_jobs().await;
        }
        assert_eq!(to(&test, LIST).len() as i64, MAILS_AN_HOUR);
        let seen = one(&test, &people, number).await;
        assert_eq!(seen.stage, Stage::Held(Held::Flood));
        let fay = actor(&test, &people.fay).await;
        let again = || test.desk.redirect_again(&fay, number);
        again().await.unwrap();
        assert_eq!(
            one(&test, &people, number).await.stage,
            Stage::Held(Held::Flood)
        );
        assert!(test.desk.redirect_again(&rita, number).await.is_err());
        test.clock.advance(2 * HOUR);
        again().await.unwrap();
        test.run_jobs().await;
        let mail = last(&test, LIST);
        assert!(
            mail.text.contains("Word 23"),
            "nothing that was said is missing"
        );
        assert_eq!(one(&test, &people, number).await.stage, Stage::Active);
    });
}

/// Two desks whose services go to each other's address, with people on both
/// sides who pass everything on that comes in.
#[test]
fn two_desks_that_redirect_to_each_other_come_to_rest() {
    let runtime = runtime();
    let one = TestDesk::on(sqlite(), config());
    let other = TestDesk::on(
        sqlite(),
        Config {
            mail_address: "help@other.example".into(),
            ..config()
        },
    );
    runtime.block_on(async {
        let (mine, theirs) = ("desk@desk.example", "help@other.example");
        let people = [one.federation().await, other.federation().await];
        goes_to(&one, theirs).await;
        goes_to(&other, mine).await;
        open(&one, &people[0].rita).await;
        let mut taken = [0, 0];
        for round in 0..40 {
            for (at, (from, into)) in [(&one, &other), (&other, &one)].into_iter().enumerate() {
                from.run_jobs().await;
                let address = if at == 0 { theirs } else { mine };
                for mail in to(from, address).into_iter().skip(taken[at]) {
                    taken[at] += 1;
                    let fate = into
                        .desk
                        .take_mail(mail.raw, "file", None)
                        .await
                        .unwrap()
                        .fate;
                    if let Fate::Entry(number) = fate {
                        let fay = actor(into, &people[1 - at].fay).await;
                        let passed = into.desk.redirect_to(&fay, number, "archive").await;
                        assert!(passed.is_ok(), "round {round}: {passed:?}");
                    }
                    into.run_jobs().await;
                }
            }
        }
        // The other desk knows that it would go back to who asks.
        assert_eq!(taken, [1, 0]);
        let fay = actor(&other, &people[1].fay).await;
        let held = other.desk.redirections(
            &fay,
            Search {
                limit: 9,
                ..Search::default()
            },
        );
        assert_eq!(held.await.unwrap().items[0].stage, Stage::Held(Held::Loop));

        // By a third one, which changes all but the road.
        let request = last(&one, theirs);
        let hops = mail::redirect::hops(&read(&request));
        assert_eq!(hops.len(), 1);
        let by_third = |hops: &str, n: i64| {
            format!(
                "
From: Third <desk@third.example>
To: {mine}
Subject: Tape of Rita is lost
Message-ID: <t{n}@third.example>
X-Switchboard-Hops: {hops}

It was there yesterday.
"
            )
        };
        let fate = take(&one.desk, &by_third(&format!("{} third", hops[0]), 1)).await;
        assert_eq!(fate, Fate::Suppressed("own_loop".into()));
        // Desks that nobody knows, one after the other.
        let fate = take(&one.desk, &by_third("a b c", 2)).await;
        let Fate::Entry(number) = fate else {
            panic!("{fate:?}")
        };
        let fay = actor(&one, &people[0].fay).await;
        one.desk.redirect_to(&fay, number, "archive").await.unwrap();
        one.run_jobs().await;
        assert_eq!(to(&one, theirs).len(), 1);
        // From one desk to a list is what desks are for, and the road grows.
        let fate = take(&one.desk, &by_third("a", 3)).await;
        let Fate::Entry(number) = fate else {
            panic!("{fate:?}")
        };
        one.desk.redirect_to(&fay, number, "archive").await.unwrap();
        one.run_jobs().await;
        let grown = mail::redirect::hops(&read(&last(&one, theirs)));
        assert_eq!(grown, ["a".to_owned(), hops[0].clone()]);
    });
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
}
