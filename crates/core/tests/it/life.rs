//! Domain section 3: the statuses, who sets them, and by which rule.

use switchboard_core::ticket::{Hold, Party, PartyRole};
use switchboard_core::{
    Actor, Change, Channel, Command, Facts, Offer, Priority, Refusal, SecurityRisk, Status,
    TellRequester, Visibility, status_choices,
};

use crate::world::{
    ADA, ANN, BEN, CAT, COMPUTING, COY, FAY, KERNEL, RETIRED, SAM, STORAGE, SUE, World, ada, ann,
    assign, ben, cat, coy, desk, escalate, facts, fay, give_up, hold, max, owner, sam, solve, sue,
    wait,
};

#[test]
fn the_whole_life_of_a_ticket() {
    let mut w = World::new();
    let t = w.asked();
    assert_eq!(w.status(t), Status::New);
    w.must(t, Command::ConfirmPriority, &fay());
    w.must(t, assign(STORAGE), &fay());
    assert_eq!(w.status(t), Status::Assigned);
    w.must(t, owner(SAM), &sue());
    assert_eq!(w.status(t), Status::Assigned);
    w.must(t, Command::Start, &sam());
    let answer = w.reply();
    w.must(t, answer, &sam());
    assert!(!w.ticket(t).needs_reply);
    w.must(t, wait(), &sam());
    let back = w.reply();
    w.must(t, back, &ann());
    assert_eq!(w.status(t), Status::InProgress);
    assert!(w.ticket(t).needs_reply);
    w.must(t, solve(), &sam());
    assert_eq!(w.status(t), Status::Solved);
    assert_eq!(w.ticket(t).closed_at, Some(w.now));
    w.must(t, Command::Verify, &ann());
    assert_eq!(w.status(t), Status::Verified);
}

#[test]
fn assigning_comes_back_to_assigned_from_any_open_status_and_drops_the_owner() {
    type Step = fn(&mut World) -> switchboard_core::TicketNumber;
    let steps: [Step; 5] = [
        |w| w.assigned(),
        |w| w.in_progress(),
        |w| {
            let t = w.in_progress();
            w.must(t, wait(), &sam());
            t
        },
        |w| {
            let t = w.in_progress();
            w.must(t, hold(), &sam());
            t
        },
        |w| {
            let t = w.solved();
            let reopen = w.reopen();
            w.must(t, reopen, &ann());
            t
        },
    ];
    for step in steps {
        let mut w = World::new();
        let t = step(&mut w);
        w.must(t, assign(COMPUTING), &sam());
        let ticket = w.ticket(t);
        assert_eq!(ticket.status, Status::Assigned);
        assert_eq!((ticket.unit, ticket.owner), (COMPUTING, None));
        assert_eq!(ticket.unit_since, w.now);
        assert_eq!(ticket.hold, None);
    }
}

#[test]
fn assigning_needs_a_reason_outside_first_level_and_a_living_unit() {
    let mut w = World::new();
    let t = w.assigned();
    let silent = |unit| Command::Assign { unit, reason: None };
    assert_eq!(w.invalid(t, silent(COMPUTING), &sam()), "reason");
    assert_eq!(w.invalid(t, assign(RETIRED), &fay()), "unit");
    let nowhere = switchboard_core::UnitId(uuid::Uuid::from_u128(77));
    assert_eq!(w.invalid(t, assign(nowhere), &fay()), "unit");
    w.forbidden(t, assign(COMPUTING), &ann());
    w.forbidden(t, assign(COMPUTING), &coy());
    w.forbidden(t, assign(COMPUTING), &max());
    assert_eq!(w.must(t, silent(STORAGE), &sam()), []);
    w.must(t, silent(KERNEL), &fay());
    assert_eq!(w.ticket(t).unit, KERNEL);
}

#[test]
fn a_closed_ticket_is_reopened_before_it_is_assigned() {
    let mut w = World::new();
    let t = w.solved();
    assert_eq!(w.wrong_status(t, assign(COMPUTING), &fay()), Status::Solved);
}

#[test]
fn progress_needs_an_owner_of_the_unit() {
    let mut w = World::new();
    let t = w.assigned();
    assert_eq!(w.invalid(t, Command::Start, &fay()), "owner");
    assert_eq!(w.invalid(t, Command::Start, &ada()), "owner");
    assert_eq!(w.invalid(t, Command::Start, &desk()), "owner");
    w.forbidden(t, Command::Start, &ann());
    w.forbidden(t, Command::Start, &coy());
    assert_eq!(w.invalid(t, owner(COY), &sue()), "owner");
    w.must(t, owner(SUE), &sue());
    w.forbidden(t, Command::Start, &sam());
    w.must(t, Command::Start, &fay());
    assert_eq!(w.ticket(t).owner, Some(SUE));
}

#[test]
fn a_member_who_starts_a_ticket_takes_it() {
    let mut w = World::new();
    let t = w.assigned();
    let caused = w.must(t, Command::Start, &sam());
    let kinds: Vec<_> = caused.iter().map(|c| c.change.kind()).collect();
    assert_eq!(kinds, ["owner_set", "status_set"]);
    assert_eq!(w.ticket(t).owner, Some(SAM));
    assert_eq!(w.must(t, Command::Start, &sam()), []);
}

#[test]
fn first_level_works_on_a_new_ticket_itself() {
    let mut w = World::new();
    let t = w.asked();
    w.must(t, owner(FAY), &fay());
    assert_eq!(w.status(t), Status::New);
    w.must(t, Command::Start, &fay());
    assert_eq!(w.status(t), Status::InProgress);
}

#[test]
fn members_take_and_responsibles_give() {
    let mut w = World::new();
    let t = w.assigned();
    w.forbidden(t, owner(SUE), &sam());
    w.must(t, owner(SAM), &sam());
    w.must(t, owner(SUE), &sue());
    w.must(t, owner(SAM), &fay());
    w.forbidden(t, Command::SetOwner { owner: None }, &ann());
    w.must(t, Command::SetOwner { owner: None }, &sam());
    assert_eq!(w.ticket(t).owner, None);
    w.must(t, owner(SUE), &sue());
    w.forbidden(t, Command::SetOwner { owner: None }, &sam());
    assert_eq!(w.invalid(t, owner(ADA), &ada()), "owner");
}

#[test]
fn progress_that_nobody_owns_any_more_is_assigned_again() {
    let mut w = World::new();
    let t = w.in_progress();
    w.must(t, Command::SetOwner { owner: None }, &sam());
    assert_eq!(w.status(t), Status::Assigned);
}

#[test]
fn the_answer_to_a_waiting_ticket_nobody_owns_brings_it_to_assigned() {
    let mut w = World::new();
    let t = w.assigned();
    w.must(t, wait(), &sam());
    let answer = w.reply();
    w.must(t, answer, &ann());
    assert_eq!(w.status(t), Status::Assigned);
}

#[test]
fn a_cc_answers_for_the_requester_and_staff_do_not() {
    let mut w = World::new();
    let t = w.in_progress();
    let party = Party {
        person: CAT,
        role: PartyRole::Cc,
    };
    w.must(t, Command::AddParty(party), &ann());
    w.must(t, wait(), &sam());
    let chase = w.reply();
    w.must(t, chase, &max());
    assert_eq!(w.status(t), Status::Waiting);
    let note = w.note();
    w.must(t, note, &sue());
    assert_eq!(w.status(t), Status::Waiting);
    let answer = w.reply();
    w.must(t, answer, &cat());
    assert_eq!(w.status(t), Status::InProgress);
}

#[test]
fn waiting_can_be_reminded_only_in_the_future() {
    let mut w = World::new();
    let t = w.in_progress();
    let at = |reminder| Command::Await {
        reminder: Some(reminder),
    };
    let past = w.now;
    assert_eq!(w.invalid(t, at(past), &sam()), "reminder");
    w.must(t, at(9_000_000), &sam());
    let since = w.ticket(t).status_since;
    assert_eq!(w.must(t, at(9_000_000), &sam()), []);
    w.must(t, at(9_500_000), &sam());
    assert_eq!(w.ticket(t).reminder, Some(9_500_000));
    assert_eq!(w.ticket(t).status_since, since);
    w.must(t, Command::Start, &sam());
    assert_eq!(w.ticket(t).reminder, None);
}

#[test]
fn on_hold_needs_a_public_reason() {
    let mut w = World::new();
    let t = w.in_progress();
    let silent = Command::Hold {
        reason: " \n".to_owned(),
        reminder: None,
        eta: None,
    };
    assert_eq!(w.invalid(t, silent, &sam()), "reason");
    w.forbidden(t, hold(), &ann());
    let with = |eta| Command::Hold {
        reason: "Spare parts are on the way.".to_owned(),
        reminder: None,
        eta: Some(eta),
    };
    assert_eq!(w.invalid(t, with(1), &sam()), "eta");
    w.must(t, with(8_000_000), &sam());
    assert_eq!(
        w.ticket(t).hold,
        Some(Hold::Reason {
            text: "Spare parts are on the way.".to_owned()
        })
    );
    assert_eq!(w.ticket(t).eta, Some(8_000_000));
    assert_eq!(w.must(t, with(8_000_000), &sam()), []);
    w.must(t, Command::Start, &sam());
    assert_eq!(w.ticket(t).eta, None);
}

#[test]
fn a_solution_needs_a_text_and_somebody_who_works_on_the_ticket() {
    let mut w = World::new();
    let t = w.in_progress();
    let silent = Command::Solve {
        text: "  ".to_owned(),
        kind: switchboard_core::SolutionKind::Fixed,
    };
    assert_eq!(w.invalid(t, silent, &sam()), "solution");
    for outsider in [ann(), ben(), coy(), max()] {
        w.forbidden(t, solve(), &outsider);
    }
    w.must(t, solve(), &sam());
    let solution = w.ticket(t).solution.clone().unwrap();
    assert_eq!((solution.by, solution.unit), (Some(SAM), STORAGE));
    assert_eq!(w.must(t, solve(), &sam()), []);
    assert_eq!(w.wrong_status(t, give_up(), &sam()), Status::Solved);
}

#[test]
fn monitors_give_up_but_do_not_solve() {
    let mut w = World::new();
    let t = w.in_progress();
    w.must(t, wait(), &sam());
    w.must(t, give_up(), &max());
    assert_eq!(w.status(t), Status::Unsolved);
    assert_eq!(
        w.ticket(t).solution.as_ref().unwrap().text,
        "No answer for three weeks."
    );
    w.must(t, Command::Verify, &ann());
}

#[test]
fn only_the_requester_verifies_and_only_the_desk_closes() {
    let mut w = World::new();
    let open = w.in_progress();
    assert_eq!(
        w.wrong_status(open, Command::Verify, &ann()),
        Status::InProgress
    );
    assert_eq!(
        w.wrong_status(open, Command::Close, &desk()),
        Status::InProgress
    );
    let t = w.solved();
    for other in [sam(), sue(), fay(), ada(), desk(), max()] {
        w.forbidden(t, Command::Verify, &other);
    }
    for other in [ann(), sam(), sue(), fay(), max()] {
        w.forbidden(t, Command::Close, &other);
    }
    w.must(t, Command::Close, &desk());
    assert_eq!(w.status(t), Status::Closed);
    let t = w.solved();
    w.must(t, Command::Close, &ada());
    assert_eq!(w.status(t), Status::Closed);
}

#[test]
fn the_requester_reopens_with_a_comment_and_staff_to_do_better() {
    let mut w = World::new();
    let t = w.solved();
    assert_eq!(
        w.invalid(t, Command::Reopen { entry: None }, &ann()),
        "comment"
    );
    w.forbidden(t, Command::Reopen { entry: None }, &max());
    let reopen = w.reopen();
    let caused = w.must(t, reopen, &ann());
    let kinds: Vec<_> = caused.iter().map(|c| c.change.kind()).collect();
    assert_eq!(kinds, ["entry_added", "status_set"]);
    let ticket = w.ticket(t);
    assert_eq!(ticket.status, Status::Reopened);
    assert_eq!(ticket.closed_at, None);
    assert!(ticket.needs_reply);
    assert!(ticket.solution.is_some(), "kept until a new one comes");

    w.must(t, give_up(), &sam());
    w.must(t, Command::Reopen { entry: None }, &sam());
    assert_eq!(w.status(t), Status::Reopened);
    assert_eq!(
        w.wrong_status(t, Command::Reopen { entry: None }, &sam()),
        Status::Reopened
    );
}

#[test]
fn an_answer_to_a_solution_does_not_reopen_by_itself() {
    let mut w = World::new();
    let t = w.solved();
    let thanks = w.reply();
    w.must(t, thanks, &ann());
    assert_eq!(w.status(t), Status::Solved);
    assert!(w.ticket(t).needs_reply);
}

#[test]
fn a_final_ticket_takes_only_what_is_harmless() {
    for last in [Command::Verify, Command::Close] {
        let mut w = World::new();
        let (t, other) = (w.solved(), w.assigned());
        let by = if last == Command::Verify {
            ann()
        } else {
            desk()
        };
        w.must(t, last, &by);
        let reply = w.reply();
        let reopen = w.reopen();
        for command in [
            reply,
            reopen,
            solve(),
            assign(COMPUTING),
            owner(SUE),
            Command::Start,
            hold(),
            wait(),
            Command::SetSubject("Other".to_owned()),
            Command::SetFacts(Facts {
                affected_users: 9,
                ..facts()
            }),
            w.merge_of(t, other),
        ] {
            assert_eq!(w.wrong_status(t, command, &ada()), w.status(t));
        }
        assert_eq!(w.wrong_status(t, escalate(), &ann()), w.status(t));
        let before = w.status(t);
        let note = w.note();
        w.must(t, note, &sam());
        w.must(t, Command::SetTags(["disk".to_owned()].into()), &sam());
        w.must(
            t,
            crate::world::relate(switchboard_core::RelationKind::SeeAlso, other),
            &sam(),
        );
        w.must(t, Command::SetTell(TellRequester::EveryChange), &ann());
        w.must(t, Command::SetVisibility(Visibility::Restricted), &sam());
        assert_eq!(w.status(t), before);
    }
}

#[test]
fn escalation_goes_strictly_in_order_while_the_ticket_is_open() {
    let mut w = World::new();
    let t = w.in_progress();
    for level in 1..=3 {
        w.must(t, escalate(), &ann());
        assert_eq!(w.ticket(t).escalation, level);
    }
    assert_eq!(w.invalid(t, escalate(), &ann()), "escalation");
    w.forbidden(t, escalate(), &sam());
    w.forbidden(t, escalate(), &ben());
    let silent = Command::Escalate {
        reason: String::new(),
    };
    let u = w.assigned();
    assert_eq!(w.invalid(u, silent, &ann()), "reason");
    let t = w.solved();
    assert_eq!(w.wrong_status(t, escalate(), &ann()), Status::Solved);
}

#[test]
fn other_facts_give_another_priority_and_an_overrule_stays() {
    let mut w = World::new();
    let t = w.asked();
    w.must(t, Command::ConfirmPriority, &fay());
    assert!(w.ticket(t).priority_confirmed);
    let many = Facts {
        affected_users: 6,
        ..facts()
    };
    w.forbidden(t, Command::SetFacts(many.clone()), &ann());
    w.must(t, Command::SetFacts(many), &fay());
    assert_eq!(w.ticket(t).priority(), Priority::Medium);
    assert!(!w.ticket(t).priority_confirmed, "it was another's");
    let overrule = Command::Overrule {
        priority: Priority::Top,
        reason: "The director asks.".to_owned(),
    };
    w.forbidden(t, overrule.clone(), &ann());
    w.must(t, overrule.clone(), &fay());
    assert_eq!(w.must(t, overrule, &fay()), []);
    let more = Facts {
        affected_users: 60,
        ..facts()
    };
    w.must(t, Command::SetFacts(more), &fay());
    assert_eq!(w.ticket(t).priority(), Priority::Top);
    assert_eq!(w.ticket(t).priority_reason(), "The director asks.");
    w.must(t, Command::WithdrawOverrule, &fay());
    assert_eq!(w.ticket(t).priority(), Priority::High);
    assert_eq!(w.ticket(t).priority_reason(), "more than 50 users affected");
    let none = Facts {
        affected_users: 0,
        ..facts()
    };
    assert_eq!(
        w.invalid(t, Command::SetFacts(none), &fay()),
        "affected_users"
    );
}

#[test]
fn members_do_not_overrule_the_priority() {
    let mut w = World::new();
    let t = w.assigned();
    w.forbidden(t, Command::ConfirmPriority, &sam());
    let overrule = Command::Overrule {
        priority: Priority::Top,
        reason: " ".to_owned(),
    };
    w.forbidden(t, overrule.clone(), &sue());
    assert_eq!(w.invalid(t, overrule, &fay()), "priority_reason");
}

#[test]
fn a_danger_to_security_now_restricts_the_ticket_and_drops_followers() {
    let mut w = World::new();
    let t = w.assigned();
    w.open_to_belle(t);
    let follow = Party {
        person: BEN,
        role: PartyRole::Subscriber,
    };
    w.must(t, Command::AddParty(follow), &ben());
    let danger = Facts {
        security_risk: SecurityRisk::Imminent,
        ..facts()
    };
    w.must(t, Command::SetFacts(danger), &sam());
    assert_eq!(w.ticket(t).visibility, Visibility::Restricted);
    assert!(w.ticket(t).parties.is_empty());
    let wide = Command::SetVisibility(Visibility::Parties);
    assert_eq!(w.invalid(t, wide.clone(), &sam()), "visibility");
    w.must(t, Command::SetFacts(facts()), &sam());
    assert_eq!(w.ticket(t).visibility, Visibility::Restricted);
    w.must(t, wide, &sam());
}

#[test]
fn the_same_value_again_is_no_change() {
    let mut w = World::new();
    let t = w.assigned();
    let same = [
        Command::SetSubject("  Upload stops half-way ".to_owned()),
        Command::SetFacts(facts()),
        Command::SetIssueType(None),
        Command::SetService(None),
        Command::SetSite(None),
        Command::SetCommunity(None),
        Command::SetSince(None),
        Command::SetTags([].into()),
        Command::SetCustom("host".to_owned(), None),
        Command::SetCustom("host".to_owned(), Some(serde_json::Value::Null)),
        Command::SetVisibility(Visibility::Parties),
        Command::SetTell(TellRequester::OnSolution),
        Command::WithdrawOverrule,
        Command::SetOwner { owner: None },
        assign(STORAGE),
        Command::AddParty(Party {
            person: ANN,
            role: PartyRole::Cc,
        }),
        Command::RemoveParty(Party {
            person: CAT,
            role: PartyRole::Cc,
        }),
    ];
    let version = w.ticket(t).version;
    for command in same {
        assert_eq!(w.must(t, command.clone(), &ada()), [], "{command:?}");
    }
    assert_eq!(w.ticket(t).version, version);
}

#[test]
fn fields_are_checked() {
    let mut w = World::new();
    let t = w.assigned();
    let bad = [
        ("subject", Command::SetSubject("  ".to_owned())),
        ("subject", Command::SetSubject("a\nb".to_owned())),
        ("subject", Command::SetSubject("a\u{2028}b".to_owned())),
        ("subject", Command::SetSubject("x".repeat(501))),
        ("site", Command::SetSite(Some(" ".to_owned()))),
        ("community", Command::SetCommunity(Some("x".repeat(201)))),
        ("issue_type", Command::SetIssueType(Some("a\0".to_owned()))),
        ("since", Command::SetSince(Some(i64::MAX))),
        ("tags", Command::SetTags([" disk".to_owned()].into())),
        ("tags", Command::SetTags(["a,b".to_owned()].into())),
        (
            "tags",
            Command::SetTags((0..51).map(|n| n.to_string()).collect()),
        ),
        (
            "custom",
            Command::SetCustom(String::new(), Some(serde_json::json!(1))),
        ),
        (
            "parties",
            Command::AddParty(Party {
                person: ANN,
                role: PartyRole::Involved,
            }),
        ),
    ];
    for (field, command) in bad {
        assert_eq!(w.invalid(t, command, &sam()), field);
    }
}

#[test]
fn who_may_put_whom_on_a_ticket() {
    let mut w = World::new();
    let t = w.assigned();
    let party = |person, role| Party { person, role };
    let add = |person, role| Command::AddParty(party(person, role));
    let remove = |person, role| Command::RemoveParty(party(person, role));
    w.forbidden(t, add(BEN, PartyRole::Cc), &ben());
    w.must(t, add(CAT, PartyRole::Cc), &ann());
    w.must(t, add(BEN, PartyRole::Cc), &cat());
    w.forbidden(t, add(COY, PartyRole::Involved), &ann());
    w.forbidden(t, add(COY, PartyRole::Site), &cat());
    w.must(t, add(COY, PartyRole::Involved), &sam());
    w.forbidden(t, add(BEN, PartyRole::Subscriber), &sam());
    w.must(t, add(BEN, PartyRole::Subscriber), &ben());
    w.forbidden(t, remove(CAT, PartyRole::Cc), &ben());
    w.forbidden(t, remove(COY, PartyRole::Involved), &ann());
    w.must(t, remove(CAT, PartyRole::Cc), &ann());
    w.must(t, remove(BEN, PartyRole::Cc), &ben());
    w.must(t, remove(COY, PartyRole::Involved), &coy());
    w.must(t, remove(BEN, PartyRole::Subscriber), &sam());
    assert!(w.ticket(t).parties.is_empty());
    w.must(t, add(CAT, PartyRole::Cc), &ann());
    w.must(t, Command::SetVisibility(Visibility::Restricted), &sam());
    w.forbidden(t, add(BEN, PartyRole::Cc), &cat());
    w.must(t, add(BEN, PartyRole::Cc), &ann());
}

#[test]
fn what_the_desk_writes_by_itself_answers_nothing_and_a_bridge_does() {
    let mut w = World::new();
    let t = w.assigned();
    let sentence = w.reply();
    w.must(t, sentence, &desk());
    assert!(w.ticket(t).needs_reply);
    let remote = w.reply();
    w.must(t, remote, &Actor::system(Channel::Bridge));
    assert!(!w.ticket(t).needs_reply);
}

#[test]
fn offers_are_what_works() {
    let mut w = World::new();
    let t = w.assigned();
    assert!(w.offers(t, &ben()).is_empty());
    let anns = w.offers(t, &ann());
    assert!(anns.contains(&Offer::Reply) && anns.contains(&Offer::Escalate));
    for no in [Offer::Note, Offer::Solve, Offer::Take, Offer::Verify] {
        assert!(!anns.contains(&no), "{no:?}");
    }
    let sams = w.offers(t, &sam());
    for yes in [
        Offer::Take,
        Offer::Start,
        Offer::Solve,
        Offer::Note,
        Offer::Assign,
        Offer::Merge,
        Offer::BecomeSlave,
        Offer::AddChild,
    ] {
        assert!(sams.contains(&yes), "{yes:?}");
    }
    for no in [
        Offer::GiveOwner,
        Offer::DropOwner,
        Offer::Overrule,
        Offer::Reopen,
        Offer::Close,
        Offer::Unmerge,
        Offer::Release,
        Offer::Split,
    ] {
        assert!(!sams.contains(&no), "{no:?}");
    }
    assert!(w.offers(t, &sue()).contains(&Offer::GiveOwner));
    assert!(w.offers(t, &fay()).contains(&Offer::Overrule));
    let choices = |w: &World, by: &Actor| status_choices(&w.scene, t, by, w.now);
    assert_eq!(
        choices(&w, &sam()),
        [
            Status::InProgress,
            Status::Waiting,
            Status::OnHold,
            Status::Solved,
            Status::Unsolved
        ]
    );
    assert_eq!(choices(&w, &max()), [Status::Unsolved]);
    assert_eq!(choices(&w, &ann()), []);
    w.must(t, solve(), &sam());
    assert_eq!(choices(&w, &ann()), [Status::Reopened, Status::Verified]);
    assert_eq!(choices(&w, &sam()), [Status::Reopened]);
    assert_eq!(choices(&w, &ada()), [Status::Reopened, Status::Closed]);
    w.must(t, Command::Verify, &ann());
    assert_eq!(choices(&w, &ada()), []);
}

#[test]
fn a_ticket_that_one_may_not_see_refuses_everything() {
    let mut w = World::new();
    let t = w.assigned();
    for command in [solve(), wait(), escalate(), Command::Verify] {
        w.forbidden(t, command, &ben());
    }
    let refusal = w.try_to(crate::world::n(99), &solve(), &ada()).unwrap_err();
    assert!(matches!(refusal, Refusal::Relation(_)));
}

#[test]
fn support_staff_who_are_only_added_answer_as_outsiders() {
    let mut w = World::new();
    let t = w.assigned();
    let cc = Party {
        person: COY,
        role: PartyRole::Cc,
    };
    w.must(t, Command::AddParty(cc), &ann());
    let note = w.note();
    w.forbidden(t, note, &coy());
    let answer = w.reply();
    let caused = w.must(t, answer, &coy());
    assert!(matches!(
        &caused[0].change,
        Change::EntryAdded { entry } if entry.by_requester
    ));
}
