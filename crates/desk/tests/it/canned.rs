//! Texts that staff keep: whose they are, what they say on a ticket, and what they can
//! not be made to say.

use std::time::{Duration, Instant};

use desk::canned::Draft;
use desk::{EntryDraft, Error, OpenRequest, Patch, Step};
use switchboard_core::canned::{FIELDS, MOST};
use switchboard_core::{Actor, Channel, EntryVisibility, PersonId, TicketNumber};
use testkit::{Federation, TestDesk, both};
use uuid::Uuid;

async fn actor(test: &TestDesk, person: PersonId) -> Actor {
    test.desk.actor_for(person, Channel::Web).await.unwrap()
}

fn draft(shelf: &str, shortcut: &str, body: &str) -> Draft {
    Draft {
        shelf: shelf.into(),
        unit: if shelf == "unit" { "storage" } else { "" }.into(),
        title: format!("Text {shortcut}"),
        shortcut: shortcut.into(),
        body: body.into(),
        ..Draft::default()
    }
}

async fn ticket(test: &TestDesk, f: &Federation, subject: &str) -> TicketNumber {
    let rita = actor(test, f.rita.id).await;
    let request = OpenRequest {
        subject: subject.into(),
        description: "It is used up.".into(),
        service: Some("archive".into()),
        ..OpenRequest::default()
    };
    test.desk.open_ticket(&rita, request).await.unwrap().number
}

async fn says(test: &TestDesk, who: &Actor, number: TicketNumber, id: Uuid) -> String {
    test.desk.filled_canned_text(who, number, id).await.unwrap()
}

#[test]
fn a_text_is_kept_by_those_whose_it_is_and_found_by_those_who_may_use_it() {
    both(|test| async move {
        let f = test.federation().await;
        let (sam, stan, nina, ada) = (
            actor(&test, f.sam.id).await,
            actor(&test, f.stan.id).await,
            actor(&test, f.nina.id).await,
            actor(&test, f.ada.id).await,
        );
        let save = |who: &Actor, draft: Draft| {
            let (desk, who) = (test.desk.clone(), who.clone());
            async move { desk.save_canned_text(&who, draft).await }
        };
        let own = save(&sam, draft("own", "mine", "Hello.")).await.unwrap();
        let unit = save(&stan, draft("unit", "quota", "Used up."))
            .await
            .unwrap();
        let all = save(&ada, draft("everybody", "bye", "Bye.")).await.unwrap();
        for (who, wrong) in [
            (&sam, draft("unit", "other", "x")),
            (&nina, draft("unit", "other", "x")),
            (&stan, draft("everybody", "other", "x")),
        ] {
            let refused = save(who, wrong).await;
            assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        }
        // Nobody takes a text from where they may not put one, nor brings it there.
        let taken = Draft {
            id: Some(unit.id),
            ..draft("own", "quota", "Mine now.")
        };
        assert!(matches!(save(&sam, taken).await, Err(Error::Forbidden(_))));
        let given = Draft {
            id: Some(own.id),
            ..draft("everybody", "mine", "Yours now.")
        };
        assert!(matches!(save(&sam, given).await, Err(Error::Forbidden(_))));

        let found = |who: &Actor| {
            let (desk, who) = (test.desk.clone(), who.clone());
            async move {
                let all = desk.canned_texts(&who).await.unwrap();
                let names = all.into_iter().map(|t| t.written.shortcut);
                names.collect::<Vec<_>>()
            }
        };
        assert_eq!(found(&sam).await, ["bye", "mine", "quota"]);
        assert_eq!(found(&stan).await, ["bye", "quota"]);
        assert_eq!(found(&nina).await, ["bye"]);
        assert_eq!(found(&ada).await, ["bye", "quota"]);
        for person in [f.rita.id, f.mona.id] {
            let who = actor(&test, person).await;
            let refused = test.desk.canned_texts(&who).await;
            assert!(matches!(refused, Err(Error::Forbidden(_))));
        }
        // On tickets the nearest come first.
        let names = test.desk.canned_names(&sam, f.network).await.unwrap();
        let names: Vec<_> = names.iter().map(|n| n.shortcut.as_str()).collect();
        assert_eq!(names, ["mine", "quota", "bye"]);
        let names = test.desk.canned_names(&ada, f.network).await.unwrap();
        assert_eq!(names.len(), 1);

        // What others keep for themselves is not there for anybody.
        for who in [&stan, &ada] {
            let hidden = test.desk.canned_text(who, own.id).await;
            assert!(matches!(hidden, Err(Error::NotFound { .. })));
            let hidden = test.desk.delete_canned_text(who, own.id).await;
            assert!(matches!(hidden, Err(Error::NotFound { .. })));
        }
        let refused = test.desk.delete_canned_text(&sam, all.id).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))));
        // A shortcut is there once on a shelf, and on each shelf.
        let twice = save(&sam, draft("own", "MINE", "x")).await;
        assert!(matches!(twice, Err(Error::Invalid { field, .. }) if field == "shortcut"));
        save(&sam, draft("own", "quota", "My way.")).await.unwrap();
        // Who was quicker is not overwritten.
        let changed = Draft {
            id: Some(own.id),
            expected: Some(own.version),
            ..draft("own", "mine", "Hello again.")
        };
        assert_eq!(save(&sam, changed.clone()).await.unwrap().version, 2);
        assert!(matches!(
            save(&sam, changed).await,
            Err(Error::Stale { current: 2 })
        ));
        test.desk.delete_canned_text(&sam, own.id).await.unwrap();
        assert_eq!(found(&sam).await, ["bye", "quota", "quota"]);
    });
}

#[test]
fn a_shelf_holds_as_many_as_a_list_can_be_read_of() {
    both(|test| async move {
        let f = test.federation().await;
        let sam = actor(&test, f.sam.id).await;
        for n in 0..MOST {
            let one = draft("own", &format!("t{n}"), "x");
            test.desk.save_canned_text(&sam, one).await.unwrap();
        }
        let more = test.desk.save_canned_text(&sam, draft("own", "more", "x"));
        assert!(matches!(more.await, Err(Error::Conflict(_))));
        let first = test.desk.canned_texts(&sam).await.unwrap().remove(0);
        let same = Draft {
            id: Some(first.id),
            ..draft("own", "t0", "y")
        };
        test.desk.save_canned_text(&sam, same).await.unwrap();
    });
}

#[test]
fn a_text_says_what_its_ticket_says_and_nothing_that_the_requester_does_not_see() {
    both(|test| async move {
        let f = test.federation().await;
        let (sam, nina) = (actor(&test, f.sam.id).await, actor(&test, f.nina.id).await);
        let number = ticket(&test, &f, "Quota of PLOVER").await;
        // All that only the support side sees.
        let inside = Patch {
            tags: Some(["canary-tag".to_owned()].into()),
            ..Patch::default()
        };
        test.desk.change(&sam, number, None, inside).await.unwrap();
        let note = EntryDraft {
            body: "canary-note".into(),
            ..EntryDraft::default()
        };
        let note = Step::Write(EntryVisibility::Internal, note);
        test.desk.act(&sam, number, None, vec![note]).await.unwrap();
        let all: String = FIELDS
            .iter()
            .map(|name| format!("{name}={{{{ {name} }}}}\n"))
            .collect();
        let kept = test.desk.save_canned_text(&sam, draft("own", "all", &all));
        let id = kept.await.unwrap().id;
        let said = says(&test, &sam, number, id).await;
        assert_eq!(
            said,
            format!(
                "ticket.number={number}\nticket.subject=Quota of PLOVER\nticket.status=assigned\n\
                 ticket.link=http://desk.example/tickets/{number}\nrequester.name=Rita\n\
                 agent.name=Sam\nunit.name=Storage\nservice.name=Archive\nsite.name=\n\
                 community.name=\ndesk.name={}\n",
                test.desk.config().name
            )
        );
        assert!(!said.contains("canary"));
        // What is missing can be left out.
        let text = "{% if site.name %}At {{ site.name }}{% else %}Anywhere{% endif %}.";
        let kept = test.desk.save_canned_text(&sam, draft("own", "site", text));
        let site = kept.await.unwrap().id;
        assert_eq!(says(&test, &sam, number, site).await, "Anywhere.");
        // Nobody learns of a ticket by a text, nor of a text by a ticket.
        let foreign = test.desk.filled_canned_text(&nina, number, id).await;
        assert!(matches!(foreign, Err(Error::NotFound { .. })));
        let mine = test.desk.save_canned_text(&nina, draft("own", "n", "x"));
        let mine = mine.await.unwrap().id;
        let foreign = test.desk.filled_canned_text(&sam, number, mine).await;
        assert!(matches!(foreign, Err(Error::NotFound { .. })));
        // Requesters see the ticket and have no texts.
        let rita = actor(&test, f.rita.id).await;
        let refused = test.desk.filled_canned_text(&rita, number, id).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))));
    });
}

#[test]
fn a_field_that_there_is_none_of_is_refused_by_name_with_those_that_there_are() {
    both(|test| async move {
        let f = test.federation().await;
        let sam = actor(&test, f.sam.id).await;
        for wrong in [
            "{{ ticket.tags }}",
            "{{ owner }}",
            "{% if note %}x{% endif %}",
            "{{ requester.email }}",
            "{{ agent.name | upper }}",
            "{% for x in y %}",
        ] {
            let text = draft("own", "wrong", &format!("Hello\n{wrong}"));
            match test.desk.save_canned_text(&sam, text).await {
                Err(Error::Invalid { field, problem }) => {
                    assert_eq!(field, "body");
                    let word = wrong.split('x').next().unwrap().trim();
                    assert!(problem.contains(word), "{problem}");
                    assert!(problem.contains("line 2"), "{problem}");
                    assert!(
                        problem.contains("ticket.number, ticket.subject"),
                        "{problem}"
                    );
                }
                other => panic!("{wrong}: {other:?}"),
            }
        }
    });
}

/// What would be computed by one language of templates or the other.
fn probes() -> Vec<String> {
    let cores = [
        "7*7",
        "7*'7'",
        "config",
        "self",
        "ticket",
        "ticket.tags",
        "requester.email",
        "''.__class__.__mro__[1].__subclasses__()",
        "range(999999)",
        "agent.name|upper",
        "constructor.constructor('x')()",
        "joiner.__init__",
        "ticket.subject ~ 'x'",
        "lipsum.__globals__.os",
        "request.application",
        "_self.env",
    ];
    let around = [
        ("{{", "}}"),
        ("{{ ", " }}"),
        ("{%", "%}"),
        ("{% ", " %}"),
        ("${", "}"),
        ("#{", "}"),
        ("<%= ", " %>"),
        ("*{", "}"),
        ("@(", ")"),
        ("{#", "#}"),
        ("[[", "]]"),
        ("{php}", "{/php}"),
        ("{{{", "}}}"),
        ("{{=", "}}"),
    ];
    let mut all = Vec::new();
    for core in cores {
        for (open, close) in around {
            all.push(format!("{open}{core}{close}"));
        }
    }
    all
}

#[test]
fn what_would_be_computed_elsewhere_stays_as_it_was_written() {
    both(|test| async move {
        let f = test.federation().await;
        let sam = actor(&test, f.sam.id).await;
        let number = ticket(&test, &f, "S").await;
        let kept = test.desk.save_canned_text(&sam, draft("own", "p", "x"));
        let mut text = kept.await.unwrap();
        let kept = test
            .desk
            .save_canned_text(&sam, draft("own", "s", "{{ ticket.subject }}"));
        let subject = kept.await.unwrap().id;
        let probes = probes();
        assert!(probes.len() >= 200, "{}", probes.len());
        for (nth, probe) in probes.iter().enumerate() {
            // However it came there: one that is refused now may have been kept before.
            text.written.body = probe.clone();
            let stored = text.clone();
            let write = test
                .desk
                .db()
                .write(move |c| store::canned::save(c, &stored));
            write.await.unwrap();
            assert_eq!(&says(&test, &sam, number, text.id).await, probe);
            // What a stranger wrote is put in, and not looked at.
            if nth % 8 == 0 {
                let renamed = Patch {
                    subject: Some(probe.clone()),
                    ..Patch::default()
                };
                test.desk.change(&sam, number, None, renamed).await.unwrap();
                assert_eq!(&says(&test, &sam, number, subject).await, probe);
            }
        }
    });
}

#[test]
fn putting_in_is_bounded_in_time_and_length() {
    both(|test| async move {
        let f = test.federation().await;
        let sam = actor(&test, f.sam.id).await;
        let number = ticket(&test, &f, &"ä".repeat(150)).await;
        let keep = |shortcut: &str, body: String| {
            let (desk, sam, one) = (
                test.desk.clone(),
                sam.clone(),
                draft("own", shortcut, &body),
            );
            async move { desk.save_canned_text(&sam, one).await.unwrap().id }
        };
        // As much as the longest text can be made to say.
        let much = keep("much", "{{ticket.subject}}".repeat(16_000 / 18)).await;
        let too_much = test.desk.filled_canned_text(&sam, number, much).await;
        assert!(
            matches!(too_much, Err(Error::Invalid { problem, .. }) if problem.contains("256 kB"))
        );
        let some = keep("some", "{{ticket.subject}}".repeat(800)).await;
        let braces = keep("braces", "{ ".repeat(8_000)).await;
        for id in [some, braces] {
            // The quickest of a few: others use this machine, too.
            let mut quickest = Duration::MAX;
            for _ in 0..20 {
                let began = Instant::now();
                says(&test, &sam, number, id).await;
                quickest = quickest.min(began.elapsed());
            }
            assert!(quickest < Duration::from_millis(10), "{quickest:?}");
        }
    });
}
