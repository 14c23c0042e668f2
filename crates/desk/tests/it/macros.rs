//! Macros: what staff do with tickets again and again, all of it or nothing, in their own
//! name and by the commands that they could give themselves.

use desk::canned::Draft as Text;
use desk::macros::{Draft, MOST_TICKETS};
use desk::rule::ThenDraft;
use desk::{Error, OpenRequest};
use switchboard_core::{Actor, Channel, EntryVisibility, PersonId, Status, TicketNumber};
use testkit::{Federation, TestDesk, both};
use uuid::Uuid;

async fn actor(test: &TestDesk, person: PersonId) -> Actor {
    test.desk.actor_for(person, Channel::Web).await.unwrap()
}

async fn ticket(test: &TestDesk, f: &Federation) -> TicketNumber {
    let rita = actor(test, f.rita.id).await;
    let request = OpenRequest {
        subject: "Quota".into(),
        description: "It is used up.".into(),
        unit: Some("storage".into()),
        ..OpenRequest::default()
    };
    test.desk.open_ticket(&rita, request).await.unwrap().number
}

fn draft(shelf: &str, title: &str, then: ThenDraft) -> Draft {
    Draft {
        shelf: shelf.into(),
        shelf_unit: if shelf == "unit" { "storage" } else { "" }.into(),
        title: title.into(),
        then,
        ..Draft::default()
    }
}

fn quota() -> Draft {
    Draft {
        take: true,
        ..draft(
            "own",
            "Ask for the project",
            ThenDraft {
                tag: vec!["quota".into()],
                note: "Asked for {{ ticket.number }}.".into(),
                answer: "Dear {{ requester.name }}, which project? {{ agent.name }}".into(),
                status: "waiting".into(),
                ..ThenDraft::default()
            },
        )
    }
}

/// What the history says was done by macros: its cause and the name, for each event.
async fn named(test: &TestDesk, who: &Actor, number: TicketNumber) -> Vec<(Uuid, String)> {
    let all = test.desk.history(who, number, 0, 200).await.unwrap();
    all.into_iter()
        .filter_map(|event| Some((event.cause, event.by_macro?)))
        .collect()
}

#[test]
fn a_macro_does_all_in_the_name_of_whoever_sets_it_off_and_the_history_names_it() {
    both(|test| async move {
        let f = test.federation().await;
        let sam = actor(&test, f.sam.id).await;
        let number = ticket(&test, &f).await;
        let id = test.desk.save_macro(&sam, quota()).await.unwrap().id;
        // A look at it changes nothing.
        let before = test.desk.ticket(&sam, number).await.unwrap();
        let seen = test.desk.preview_macro(&sam, number, id).await.unwrap();
        assert_eq!(seen.refused, None);
        assert_eq!(
            seen.answer.as_deref(),
            Some("Dear Rita, which project? Sam")
        );
        assert_eq!(seen.note, Some(format!("Asked for {number}.")));
        let same = test.desk.ticket(&sam, number).await.unwrap();
        assert_eq!(same.version, before.version);

        // Nor is it given for a ticket that is not any more as it was looked at.
        let stale = Some(seen.version - 1);
        let refused = test.desk.run_macro(&sam, number, id, stale).await;
        assert!(matches!(refused, Err(Error::Stale { current }) if current == seen.version));
        let looked = Some(seen.version);
        let done = test.desk.run_macro(&sam, number, id, looked).await.unwrap();
        assert_eq!(done.did, seen.did);
        let after = test.desk.conversation(&sam, number).await.unwrap();
        assert_eq!(after.ticket.version, done.version);
        assert_eq!(after.ticket.status, Status::Waiting);
        assert_eq!(after.ticket.owner.as_ref().map(|o| o.id), Some(f.sam.id));
        assert_eq!(after.ticket.tags, ["quota"]);
        let written: Vec<_> = after
            .entries
            .iter()
            .skip(1)
            .map(|e| (e.author, e.visibility))
            .collect();
        let sams = Some(f.sam.id);
        assert_eq!(
            written,
            [
                (sams, EntryVisibility::Internal),
                (sams, EntryVisibility::Public)
            ]
        );
        // One cause, one macro, for the support side only; the name outlives the macro.
        test.desk.delete_macro(&sam, id).await.unwrap();
        let by = named(&test, &sam, number).await;
        assert!(by.len() >= 5, "{by:?}");
        assert_eq!(by[0].1, "Ask for the project");
        assert!(by.iter().all(|one| *one == by[0]), "{by:?}");
        let fed = test.desk.feed(&sam, 0, 200).await.unwrap().events;
        let fed = fed.iter().filter(|e| e.by_macro.is_some()).count();
        assert_eq!(fed, by.len());
        let rita = actor(&test, f.rita.id).await;
        assert!(named(&test, &rita, number).await.is_empty());
        let fed = test.desk.feed(&rita, 0, 200).await.unwrap().events;
        assert!(!fed.is_empty() && fed.iter().all(|e| e.by_macro.is_none()));
    });
}

#[test]
fn what_is_refused_leaves_nothing_half_done_and_says_why_for_each_ticket() {
    both(|test| async move {
        let f = test.federation().await;
        let (sam, nina) = (actor(&test, f.sam.id).await, actor(&test, f.nina.id).await);
        let (first, second) = (ticket(&test, &f).await, ticket(&test, &f).await);
        // The owner is no member of the unit: the last of what it does.
        let wrong = draft(
            "own",
            "Give it away",
            ThenDraft {
                tag: vec!["given".into()],
                owner: f.nina.email.clone(),
                ..ThenDraft::default()
            },
        );
        let wrong = test.desk.save_macro(&sam, wrong).await.unwrap().id;
        let before = test.desk.ticket(&sam, first).await.unwrap().version;
        let seen = test.desk.preview_macro(&sam, first, wrong).await.unwrap();
        assert!(seen.refused.is_some());
        assert!(test.desk.run_macro(&sam, first, wrong, None).await.is_err());
        let after = test.desk.ticket(&sam, first).await.unwrap();
        assert_eq!(after.version, before);
        assert!(after.tags.is_empty());
        assert!(named(&test, &sam, first).await.is_empty());

        // Nor does a macro overrule a priority for who may not.
        let urgent = ThenDraft {
            priority: "high".into(),
            ..tagged("urgent")
        };
        let urgent = test.desk.save_macro(&sam, draft("own", "Urgent", urgent));
        let urgent = urgent.await.unwrap().id;
        let refused = test.desk.run_macro(&sam, first, urgent, None).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        assert_eq!(test.desk.ticket(&sam, first).await.unwrap().version, before);

        let id = test.desk.save_macro(&sam, quota()).await.unwrap().id;
        let none = TicketNumber(999_999);
        let all = [first, none, first, second];
        let done = test.desk.run_macro_on(&sam, &all, id).await.unwrap();
        let went: Vec<_> = done.iter().map(|(n, r)| (*n, r.is_ok())).collect();
        assert_eq!(went, [(first, true), (none, false), (second, true)]);
        let many = vec![first; MOST_TICKETS + 1];
        let refused = test.desk.run_macro_on(&sam, &many, id).await;
        assert!(matches!(refused, Err(Error::Invalid { field, .. }) if field == "numbers"));
        // Others' macros and tickets are not there.
        let hidden = test.desk.run_macro(&nina, first, id, None).await;
        assert!(matches!(hidden, Err(Error::NotFound { .. })));
        let kept = draft("own", "Mine", tagged("mine"));
        let mine = test.desk.save_macro(&nina, kept).await.unwrap().id;
        let hidden = test.desk.run_macro(&sam, first, mine, None).await;
        assert!(matches!(hidden, Err(Error::NotFound { .. })));
    });
}

#[test]
fn who_hands_a_ticket_on_writes_while_it_is_theirs() {
    both(|test| async move {
        let f = test.federation().await;
        let sam = actor(&test, f.sam.id).await;
        let number = ticket(&test, &f).await;
        let then = ThenDraft {
            unit: "network".into(),
            note: "The quota is well; the job is not.".into(),
            answer: "Those who run the jobs look at it.".into(),
            ..ThenDraft::default()
        };
        let kept = Draft {
            reason: "It is the job".into(),
            ..draft("own", "Not the storage", then)
        };
        let id = test.desk.save_macro(&sam, kept).await.unwrap().id;
        let seen = test.desk.preview_macro(&sam, number, id).await.unwrap();
        assert_eq!(seen.refused, None);
        let did = test
            .desk
            .run_macro(&sam, number, id, None)
            .await
            .unwrap()
            .did;
        let unit = did.iter().position(|did| did.starts_with("gave it to"));
        assert_eq!((unit, did.len()), (Some(2), 3), "{did:?}");
        let nina = actor(&test, f.nina.id).await;
        let there = test.desk.conversation(&nina, number).await.unwrap();
        assert_eq!(there.entries.len(), 3);
        assert_eq!(there.ticket.status, Status::Assigned);
        let ended = draft(
            "own",
            "Both",
            ThenDraft {
                unit: "network".into(),
                answer: "Done".into(),
                ..solving(ThenDraft::default())
            },
        );
        let refused = test.desk.save_macro(&sam, ended).await;
        assert!(matches!(refused, Err(Error::Invalid { field, .. }) if field == "unit"));
    });
}

fn solving(then: ThenDraft) -> ThenDraft {
    ThenDraft {
        status: "solved".into(),
        ..then
    }
}

fn tagged(tag: &str) -> ThenDraft {
    ThenDraft {
        tag: vec![tag.into()],
        ..ThenDraft::default()
    }
}

#[test]
fn what_is_so_already_is_left_and_a_solution_needs_an_answer() {
    both(|test| async move {
        let f = test.federation().await;
        let sam = actor(&test, f.sam.id).await;
        let number = ticket(&test, &f).await;
        let kept = draft("own", "Tag", tagged("seen"));
        let id = test.desk.save_macro(&sam, kept).await.unwrap().id;
        let first = test.desk.run_macro(&sam, number, id, None).await.unwrap();
        let again = test.desk.run_macro(&sam, number, id, None).await.unwrap();
        assert_eq!((again.did.len(), again.version), (0, first.version));
        assert_eq!(named(&test, &sam, number).await.len(), 1);

        let silent = draft("own", "Solve", solving(tagged("done")));
        let refused = test.desk.save_macro(&sam, silent).await;
        assert!(matches!(refused, Err(Error::Invalid { field, .. }) if field == "answer"));
        // With a text that is kept, which has to be there for whoever uses the macro.
        let text = Text {
            shelf: "own".into(),
            title: "Solved".into(),
            shortcut: "solved".into(),
            body: "Dear {{ requester.name }}, it is solved.".into(),
            ..Text::default()
        };
        let text = test.desk.save_canned_text(&sam, text).await.unwrap();
        let solve = Draft {
            take: true,
            canned: Some(text.id),
            ..draft("own", "Solve", solving(ThenDraft::default()))
        };
        let id = test.desk.save_macro(&sam, solve.clone()).await.unwrap().id;
        let stan = actor(&test, f.stan.id).await;
        let shared = Draft {
            shelf: "unit".into(),
            shelf_unit: "storage".into(),
            ..solve
        };
        let refused = test.desk.save_macro(&stan, shared).await;
        assert!(matches!(refused, Err(Error::Invalid { field, .. }) if field == "canned"));
        test.desk.run_macro(&sam, number, id, None).await.unwrap();
        let solved = test.desk.ticket(&sam, number).await.unwrap();
        assert_eq!(solved.status, Status::Solved);
        let says = solved.solution.map(|s| s.text);
        assert_eq!(says.as_deref(), Some("Dear Rita, it is solved."));
        // Without its text it does nothing, and says so.
        test.desk.delete_canned_text(&sam, text.id).await.unwrap();
        let other = ticket(&test, &f).await;
        let gone = test.desk.run_macro(&sam, other, id, None).await;
        assert!(matches!(gone, Err(Error::Conflict(_))), "{gone:?}");
    });
}

#[test]
fn a_macro_is_kept_by_those_whose_it_is() {
    both(|test| async move {
        let f = test.federation().await;
        let (sam, stan, rita) = (
            actor(&test, f.sam.id).await,
            actor(&test, f.stan.id).await,
            actor(&test, f.rita.id).await,
        );
        let refused = test.desk.save_macro(&sam, draft("unit", "U", tagged("u")));
        assert!(matches!(refused.await, Err(Error::Forbidden(_))));
        let unit = test.desk.save_macro(&stan, draft("unit", "U", tagged("u")));
        let unit = unit.await.unwrap();
        assert_eq!(
            test.desk.macros(&sam).await.unwrap(),
            std::slice::from_ref(&unit)
        );
        assert!(matches!(
            test.desk.macros(&rita).await,
            Err(Error::Forbidden(_))
        ));
        let twice = test.desk.save_macro(&stan, draft("unit", "u", tagged("v")));
        assert!(matches!(twice.await, Err(Error::Invalid { field, .. }) if field == "title"));
        for (field, wrong) in [
            (
                "note",
                ThenDraft {
                    note: "{{ owner }}".into(),
                    ..ThenDraft::default()
                },
            ),
            (
                "mail_unit",
                ThenDraft {
                    mail_unit: "storage".into(),
                    mail_text: "x".into(),
                    ..ThenDraft::default()
                },
            ),
            ("then", ThenDraft::default()),
            // Whether others' addresses are known is nobody's to learn so.
            (
                "cc",
                ThenDraft {
                    cc: f.rita.email.clone(),
                    ..ThenDraft::default()
                },
            ),
        ] {
            match test.desk.save_macro(&sam, draft("own", "W", wrong)).await {
                Err(Error::Invalid { field: found, .. }) => assert_eq!(found, field),
                other => panic!("{field}: {other:?}"),
            }
        }
        let none = test.desk.one_macro(&sam, Uuid::nil()).await;
        assert!(matches!(none, Err(Error::NotFound { .. })));
    });
}
