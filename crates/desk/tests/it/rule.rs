//! Rules that administrators write: what they do with tickets, once for each event and
//! each time, whatever breaks; what they would do; and that none goes round.

use std::collections::BTreeMap;

use desk::rule::{Draft, Overview, ThenDraft};
use desk::{Desk, EntryDraft, Error, OpenRequest, Step};
use store::rule::{Run, Verdict};
use switchboard_core::rule::MOST_A_DAY;
use switchboard_core::timer::TimerKind;
use switchboard_core::{
    Actor, Change, Channel, Command, EntryVisibility, PersonId, Priority, SolutionKind, Status,
    Ticket, TicketNumber, Visibility,
};
use testkit::{Federation, TestDesk, both, config, postgres, runtime, sqlite};

use crate::nodes::{Nodes, at};
use crate::timer::promise_nothing;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

async fn actor(desk: &Desk, person: PersonId) -> Actor {
    desk.actor_for(person, Channel::Web).await.unwrap()
}

/// Storage has no mailing list, and nothing is promised.
async fn federation(test: &TestDesk) -> Federation {
    let people = test.federation().await;
    let catalogue = test.desk.catalogue().await.unwrap();
    let mut unit = catalogue.unit(people.storage).unwrap().clone();
    unit.email = None;
    test.desk.save_unit(unit).await.unwrap();
    promise_nothing(test).await;
    test.desk.start_timers().await.unwrap();
    test.run_jobs().await;
    people
}

fn draft(title: &str, on: &str, only: &str, then: ThenDraft) -> Draft {
    Draft {
        title: title.into(),
        on: on.into(),
        only: only.into(),
        then,
        active: true,
        ..Draft::default()
    }
}

fn timed(title: &str, on: &str, count: i64, of: &str, then: ThenDraft) -> Draft {
    Draft {
        after: Some((count, of.into())),
        ..draft(title, on, "", then)
    }
}

fn tag(word: &str) -> ThenDraft {
    ThenDraft {
        tag: vec![word.into()],
        ..ThenDraft::default()
    }
}

async fn made(test: &TestDesk, people: &Federation, draft: Draft) -> Overview {
    let ada = actor(&test.desk, people.ada.id).await;
    test.desk.save_written_rule(&ada, draft).await.unwrap()
}

async fn known(test: &TestDesk, number: i64) -> Overview {
    let system = Actor::system(Channel::Job);
    test.desk.written_rule(&system, number).await.unwrap()
}

async fn log(test: &TestDesk, rule: Option<i64>) -> Vec<Run> {
    let system = Actor::system(Channel::Job);
    let page = test.desk.rule_runs(&system, rule, None, None, 200).await;
    page.unwrap().items
}

async fn open(test: &TestDesk, who: PersonId, subject: &str) -> TicketNumber {
    let who = actor(&test.desk, who).await;
    let request = OpenRequest {
        subject: subject.into(),
        description: "It is used up.".into(),
        unit: Some("storage".into()),
        ..OpenRequest::default()
    };
    test.desk.open_ticket(&who, request).await.unwrap().number
}

async fn opened(test: &TestDesk, people: &Federation, subject: &str) -> TicketNumber {
    let number = open(test, people.rita.id, subject).await;
    test.run_jobs().await;
    number
}

async fn act(test: &TestDesk, who: PersonId, number: TicketNumber, step: Step) {
    let who = actor(&test.desk, who).await;
    test.desk.act(&who, number, None, vec![step]).await.unwrap();
    test.run_jobs().await;
}

fn word(visibility: EntryVisibility, body: &str) -> Step {
    let draft = EntryDraft {
        body: body.into(),
        ..EntryDraft::default()
    };
    Step::Write(visibility, draft)
}

async fn state(test: &TestDesk, number: TicketNumber) -> Ticket {
    let db = test.desk.db();
    let ticket = db.read(move |c| store::ticket::load(c, number)).await;
    ticket.unwrap().unwrap()
}

/// How many mails somebody got with this in them.
fn mails(test: &TestDesk, who: &str, words: &str) -> usize {
    let sent = test.sent_mail();
    let mut found: Vec<_> = sent
        .iter()
        .filter(|m| m.to.starts_with(who) && m.text.contains(words))
        .map(|m| &m.raw)
        .collect();
    // The same mail may come once more where a clock takes a delivery for dead.
    found.sort();
    found.dedup();
    found.len()
}

#[test]
fn a_rule_does_what_it_says_once_in_its_own_name_and_says_why() {
    both(|test| async move {
        let people = federation(&test).await;
        opened(&test, &people, "No quota, before there was a rule").await;
        let then = ThenDraft {
            priority: "high".into(),
            owner: "sam@people.example".into(),
            tag: vec!["Quota".into()],
            involve: "nina@people.example".into(),
            note: "Rule {{ rule }} has seen {{ ticket }} of {{ name }}.".into(),
            answer: "Hello {{ name }}, {{ unit }} looks at “{{ subject }}”.".into(),
            mail_unit: "network".into(),
            mail_text: "Ticket {{ ticket }} may concern you.".into(),
            ..ThenDraft::default()
        };
        let rule = made(
            &test,
            &people,
            draft("Quota", "opened", "quota -test", then),
        )
        .await;
        assert_eq!(rule.rule.number, 1);
        let number = opened(&test, &people, "No QUOTA left").await;
        opened(&test, &people, "Quota test").await;
        test.run_jobs().await;
        let ticket = state(&test, number).await;
        assert_eq!(ticket.priority(), Priority::High);
        assert_eq!(ticket.priority_reason(), "Rule 1: Quota");
        assert_eq!(ticket.owner, Some(people.sam.id));
        assert!(ticket.tags.contains("quota"));
        assert!(ticket.needs_reply, "what a rule says is nobody's answer");
        let rita = actor(&test.desk, people.rita.id).await;
        let seen = test.desk.conversation(&rita, number).await.unwrap();
        let bodies: Vec<_> = seen.entries.iter().map(|e| e.body.as_str()).collect();
        assert!(
            bodies
                .iter()
                .any(|b| b.starts_with("Hello Rita") && b.contains("looks at “No QUOTA left”")),
            "{bodies:?}"
        );
        assert!(!bodies.iter().any(|b| b.contains("has seen")), "{bodies:?}");
        let events = test
            .desk
            .db()
            .read(move |c| store::event::of_ticket(c, number, 0, 100))
            .await
            .unwrap();
        let by_rule = events.iter().filter(|e| e.actor_name == "Rule 1");
        assert!(by_rule.clone().count() >= 5);
        assert!(
            by_rule
                .into_iter()
                .all(|e| e.actor.is_none() && e.channel == "job")
        );
        let runs = log(&test, None).await;
        assert_eq!(runs.len(), 1, "{runs:?}");
        assert_eq!((runs[0].verdict, runs[0].ticket), (Verdict::Acted, number));
        assert_eq!(
            runs[0].event,
            Some(
                events
                    .iter()
                    .filter(|e| e.cause == events[0].cause)
                    .map(|e| e.id)
                    .max()
                    .unwrap()
            )
        );
        assert!(
            runs[0].did.contains("set the priority high\n"),
            "{}",
            runs[0].did
        );
        let network = test
            .desk
            .catalogue()
            .await
            .unwrap()
            .unit(people.network)
            .unwrap()
            .email
            .clone();
        let to = network.unwrap_or_else(|| "nina@people.example".into());
        assert_eq!(
            mails(&test, &to, &format!("Ticket {number} may concern you.")),
            1
        );
        assert_eq!(known(&test, 1).await.sums.acted, 1);
    });
}

#[test]
fn what_the_rules_of_tickets_refuse_does_not_happen_and_is_told() {
    both(|test| async move {
        let people = federation(&test).await;
        let then = ThenDraft {
            // She is no member of the unit that holds it.
            owner: "nina@people.example".into(),
            ..tag("seen")
        };
        made(&test, &people, draft("Nina", "opened", "", then)).await;
        let number = opened(&test, &people, "No quota").await;
        let ticket = state(&test, number).await;
        assert!(ticket.tags.is_empty() && ticket.owner.is_none());
        let runs = log(&test, Some(1)).await;
        assert_eq!(runs.len(), 1);
        assert_eq!(runs[0].verdict, Verdict::Refused);
        assert!(
            runs[0].why.contains("must be a member of"),
            "{}",
            runs[0].why
        );
        // Of a restricted ticket nothing is mailed.
        let then = ThenDraft {
            mail_unit: "network".into(),
            mail_text: "Look: {{ subject }}".into(),
            ..ThenDraft::default()
        };
        made(&test, &people, draft("Mail", "escalated", "", then)).await;
        let hide = Step::Command(Command::SetVisibility(Visibility::Restricted));
        act(&test, people.ada.id, number, hide).await;
        let reason = "It is urgent.".to_owned();
        act(
            &test,
            people.rita.id,
            number,
            Step::Command(Command::Escalate { reason }),
        )
        .await;
        assert_eq!(log(&test, Some(2)).await[0].verdict, Verdict::Refused);
        assert_eq!(mails(&test, "nina@", "Look:"), 0);
    });
}

#[test]
fn a_rule_solves_with_its_answer_or_waits_for_one() {
    both(|test| async move {
        let people = federation(&test).await;
        let ada = actor(&test.desk, people.ada.id).await;
        let ends = |status: &str, answer: &str| ThenDraft {
            status: status.into(),
            answer: answer.into(),
            ..ThenDraft::default()
        };
        // What makes no sense is said by its field.
        let with_unit = ThenDraft {
            unit: "network".into(),
            ..ends("solved", "Done.")
        };
        let with_hold = ThenDraft {
            hold: "Parts.".into(),
            ..ends("waiting", "")
        };
        for (then, wrong) in [
            (ends("solved", ""), "answer"),
            (ends("closed", "Done."), "status"),
            (ends("nowhere", "Done."), "status"),
            (ends("solved", "{{ nothing }}"), "answer"),
            (with_unit, "unit"),
            (with_hold, "hold"),
        ] {
            let draft = draft("Wrong", "opened", "", then);
            match test.desk.save_written_rule(&ada, draft).await {
                Err(Error::Invalid { field, .. }) => assert_eq!(field, wrong),
                other => panic!("{wrong}: {other:?}"),
            }
        }

        let answer = "Dear {{ requester.name }}, {{ ticket.number }} is done. {{ agent.name }}";
        let solve = draft("Test", "opened", "selftest", ends("solved", answer));
        let solve = made(&test, &people, solve).await.rule.number;
        let which = ends("waiting", "Which project is it, {{ name }}?");
        let wait = made(&test, &people, draft("Which", "opened", "quota", which)).await;
        let desk_name = test.desk.config().name.clone();

        let number = opened(&test, &people, "Selftest of the night").await;
        let ticket = state(&test, number).await;
        assert_eq!(ticket.status, Status::Solved);
        let says = format!("Dear Rita, {number} is done. {desk_name}");
        let solution = ticket.solution.clone().unwrap();
        assert_eq!((solution.text, solution.by), (says.clone(), None));
        assert!(
            !ticket.needs_reply,
            "who is told that it is solved waits no more"
        );
        let rita = actor(&test.desk, people.rita.id).await;
        let seen = test.desk.conversation(&rita, number).await.unwrap();
        let last = seen.entries.last().unwrap();
        assert_eq!((last.body.as_str(), last.solution), (says.as_str(), true));
        assert_eq!(
            mails(&test, "rita@", &says),
            1,
            "the solution is mailed once"
        );
        let runs = log(&test, Some(solve)).await;
        assert_eq!(runs.len(), 1, "{runs:?}");
        assert_eq!(runs[0].did, "answered, and set it solved");

        // Its requester may say that it is not, and no rule about openings comes again.
        let step = Step::Reopen(Some(EntryDraft {
            body: "It is not.".into(),
            ..EntryDraft::default()
        }));
        act(&test, people.rita.id, number, step).await;
        assert_eq!(state(&test, number).await.status, Status::Reopened);

        let waits = opened(&test, &people, "No quota").await;
        assert_eq!(state(&test, waits).await.status, Status::Waiting);
        let did = &log(&test, Some(wait.rule.number)).await[0].did;
        assert_eq!(did, "answered, and set it waiting for reply");
        let back = word(EntryVisibility::Public, "PLOVER.");
        act(&test, people.rita.id, waits, back).await;
        assert_ne!(state(&test, waits).await.status, Status::Waiting);

        // A preview says so, and why the rules of tickets refuse it.
        let works = EntryDraft {
            body: "It works again.".into(),
            ..EntryDraft::default()
        };
        let solved = Step::Solve(SolutionKind::Fixed, works);
        act(&test, people.sam.id, waits, solved).await;
        let all = draft("All", "opened", "created<1d", ends("solved", "It is done."));
        let every = Draft {
            only: "created<1d status:solved".into(),
            ..all.clone()
        };
        let seen = test.desk.preview_rule(&ada, all).await.unwrap();
        let open: Vec<_> = seen
            .tickets
            .iter()
            .map(|t| (t.number, t.does.clone()))
            .collect();
        assert_eq!(
            open,
            [(number, vec!["answered, and set it solved".to_owned()])]
        );
        let seen = test.desk.preview_rule(&ada, every).await.unwrap();
        let why = seen.tickets[0].refused.clone().unwrap();
        assert!(why.contains("reopen it to give another solution"), "{why}");
        assert_eq!(state(&test, number).await.status, Status::Reopened);

        // Where nothing is left of its answer it solves nothing, and says so.
        let hollow = "{% if site.name %}At {{ site.name }} it is done.{% endif %}";
        let hollow = draft("Hollow", "changed", "-quota", ends("solved", hollow));
        let hollow = made(&test, &people, hollow).await.rule.number;
        let subject = Command::SetSubject("Another".into());
        act(&test, people.sam.id, number, Step::Command(subject)).await;
        let runs = log(&test, Some(hollow)).await;
        assert_eq!(runs[0].verdict, Verdict::Refused, "{runs:?}");
        assert!(runs[0].why.contains("nothing is left"), "{}", runs[0].why);
        assert_eq!(state(&test, number).await.status, Status::Reopened);
    });
}

#[test]
fn rules_that_set_one_another_off_come_to_rest_and_one_that_does_not_is_paused() {
    both(|test| async move {
        let people = federation(&test).await;
        let give = |unit: &str| ThenDraft {
            unit: unit.into(),
            ..ThenDraft::default()
        };
        made(
            &test,
            &people,
            draft("To", "changed", "unit:network", give("storage")),
        )
        .await;
        made(
            &test,
            &people,
            draft("Fro", "changed", "unit:storage", give("network")),
        )
        .await;
        let number = opened(&test, &people, "No quota").await;
        act(
            &test,
            people.sam.id,
            number,
            Step::Command(Command::SetSubject("Else".into())),
        )
        .await;
        let acted = |runs: &[Run]| runs.iter().filter(|r| r.verdict == Verdict::Acted).count();
        let runs = log(&test, None).await;
        assert_eq!(acted(&runs), 2, "{runs:?}");
        assert!(runs.iter().all(|r| r.chain.len() <= 3));
        let stopped = runs.iter().find(|r| r.verdict == Verdict::Stopped).unwrap();
        assert!(
            stopped.why.contains("follows from what it did itself"),
            "{}",
            stopped.why
        );

        // One that acts at every change is stopped, and its maker hears of it.
        let note = ThenDraft {
            note: "Seen.".into(),
            ..ThenDraft::default()
        };
        let rule = made(&test, &people, draft("Each time", "changed", "eager", note)).await;
        let number = opened(&test, &people, "Eager").await;
        for round in 0..=MOST_A_DAY {
            let subject = Command::SetSubject(format!("Eager {round}"));
            act(&test, people.ada.id, number, Step::Command(subject)).await;
        }
        let now = known(&test, rule.rule.number).await;
        assert!(!now.rule.active);
        assert!(now.rule.why.unwrap().contains("10 times"));
        let runs = log(&test, Some(rule.rule.number)).await;
        assert_eq!(acted(&runs) as i64, MOST_A_DAY);
        assert_eq!(mails(&test, "ada@", "Each time"), 1);
        // It goes on when somebody says so, and not with what was meanwhile.
        let ada = actor(&test.desk, people.ada.id).await;
        test.clock.advance(2 * DAY);
        let draft = Draft {
            active: true,
            expected: None,
            ..known(&test, rule.rule.number).await.draft
        };
        test.desk.save_written_rule(&ada, draft).await.unwrap();
        test.run_jobs().await;
        let again = log(&test, Some(rule.rule.number)).await;
        assert_eq!(again.len(), runs.len());
        assert_eq!(known(&test, rule.rule.number).await.rule.why, None);
    });
}

#[test]
fn a_rule_whose_words_mean_nothing_any_more_is_paused_and_holds_up_no_other() {
    both(|test| async move {
        let people = federation(&test).await;
        made(
            &test,
            &people,
            draft("Old", "opened", "unit:kernel", tag("old")),
        )
        .await;
        made(&test, &people, draft("Good", "opened", "", tag("good"))).await;
        let mut unit = test
            .desk
            .catalogue()
            .await
            .unwrap()
            .unit(people.kernel)
            .unwrap()
            .clone();
        (unit.name, unit.key) = ("Core".into(), "core".into());
        test.desk.save_unit(unit).await.unwrap();
        let number = opened(&test, &people, "No quota").await;
        assert!(state(&test, number).await.tags.contains("good"));
        let old = known(&test, 1).await.rule;
        assert!(!old.active);
        assert!(old.why.unwrap().contains("kernel"));
    });
}

#[test]
fn the_time_of_a_rule_comes_once_for_each_wait_and_when_the_ticket_meets_it() {
    both(|test| async move {
        let people = federation(&test).await;
        let before = opened(&test, &people, "Long ago").await;
        at(&test, testkit::START + 3 * DAY).await;
        let chase = ThenDraft {
            note: "Nobody has answered {{ name }}.".into(),
            ..ThenDraft::default()
        };
        let mut slow = timed("Chase", "unanswered", 48, "hours", chase);
        slow.only = "-tag:later".into();
        made(&test, &people, slow).await;
        test.run_jobs().await;
        let begun = test.desk.now();
        let number = opened(&test, &people, "No quota").await;
        let tags = Command::SetTags(["later".to_owned()].into());
        let waits = opened(&test, &people, "Not yet").await;
        act(&test, people.sam.id, waits, Step::Command(tags)).await;
        at(&test, begun + 48 * HOUR - 1).await;
        assert_eq!(log(&test, None).await, []);
        at(&test, begun + 48 * HOUR).await;
        let runs = log(&test, None).await;
        assert_eq!(runs.len(), 1, "not what had its time before: {runs:?}");
        assert_eq!((runs[0].ticket, runs[0].event), (number, None));
        at(&test, begun + 60 * HOUR).await;
        assert_eq!(log(&test, None).await.len(), 1);
        // It meets it now.
        act(
            &test,
            people.sam.id,
            waits,
            Step::Command(Command::SetTags([].into())),
        )
        .await;
        assert_eq!(log(&test, None).await.len(), 2);
        // A word ends the wait; another question begins one.
        act(
            &test,
            people.sam.id,
            number,
            word(EntryVisibility::Public, "Which project?"),
        )
        .await;
        act(
            &test,
            people.rita.id,
            number,
            word(EntryVisibility::Public, "That of plover."),
        )
        .await;
        let asked = test.desk.now();
        act(
            &test,
            people.rita.id,
            number,
            word(EntryVisibility::Public, "Well?"),
        )
        .await;
        at(&test, asked + 48 * HOUR).await;
        assert_eq!(log(&test, None).await.len(), 3);
        // What had its time before it began, when that is asked for.
        let mut draft = known(&test, 1).await.draft;
        draft.catch_up = true;
        let ada = actor(&test.desk, people.ada.id).await;
        test.desk.save_written_rule(&ada, draft).await.unwrap();
        at(&test, asked + 49 * HOUR).await;
        let runs = log(&test, None).await;
        assert_eq!((runs.len(), runs[0].ticket), (4, before));
        let timers = test
            .desk
            .db()
            .read(move |c| store::timer::of_ticket(c, before))
            .await
            .unwrap();
        assert!(
            timers.iter().all(|t| t.kind != TimerKind::Rule),
            "{timers:?}"
        );
    });
}

#[test]
fn rules_on_time_follow_targets_and_statuses() {
    both(|test| async move {
        let people = federation(&test).await;
        let shipped = switchboard_core::TargetSet::shipped();
        let system = Actor::system(Channel::Cli);
        test.desk.set_targets(&system, shipped).await.unwrap();
        test.clock.advance(60_000);
        test.run_jobs().await;
        let number = opened(&test, &people, "No quota").await;
        made(
            &test,
            &people,
            timed("Late", "after_due", 0, "hours", tag("late")),
        )
        .await;
        made(
            &test,
            &people,
            timed("Soon", "before_due", 2, "hours", tag("soon")),
        )
        .await;
        let then = ThenDraft {
            tag: vec!["parked".into()],
            ..ThenDraft::default()
        };
        let mut parked = timed("Parked", "in_status", 3, "working_days", then);
        parked.only = "status:on_hold".into();
        made(&test, &people, parked).await;
        test.run_jobs().await;
        let ada = actor(&test.desk, people.ada.id).await;
        let measured = test.desk.measured(&ada, number).await.unwrap();
        let due = measured
            .legs
            .iter()
            .filter_map(|l| l.figure.due)
            .min()
            .unwrap();
        at(&test, due - 2 * HOUR).await;
        assert_eq!(state(&test, number).await.tags, ["soon".to_owned()].into());
        at(&test, due).await;
        assert!(state(&test, number).await.tags.contains("late"));
        let hold = Command::Hold {
            reason: "Parts.".into(),
            reminder: None,
            eta: None,
        };
        act(&test, people.sam.id, number, Step::Command(hold)).await;
        let held = state(&test, number).await.status_since;
        at(&test, held + 10 * DAY).await;
        let ticket = state(&test, number).await;
        assert!(ticket.tags.contains("parked") && ticket.status == Status::OnHold);
        let runs = log(&test, Some(3)).await;
        assert_eq!(runs.len(), 1, "{runs:?}");
    });
}

#[test]
fn a_preview_shows_what_would_be_touched_and_changes_nothing() {
    both(|test| async move {
        let people = federation(&test).await;
        let first = opened(&test, &people, "No quota").await;
        let second = opened(&test, &people, "Quota of plover").await;
        opened(&test, &people, "Something else").await;
        act(
            &test,
            people.sam.id,
            second,
            Step::Command(Command::SetTags(["big".to_owned()].into())),
        )
        .await;
        let ada = actor(&test.desk, people.ada.id).await;
        let last = test.desk.db().read(store::event::last).await.unwrap();
        let then = ThenDraft {
            owner: "nina@people.example".into(),
            ..tag("big")
        };
        let draft1 = draft("Try", "opened", "quota", tag("big"));
        let seen = test.desk.preview_rule(&ada, draft1.clone()).await.unwrap();
        assert_eq!((seen.meets, seen.due, seen.more), (2, 0, false));
        let numbers: Vec<_> = seen.tickets.iter().map(|t| t.number).collect();
        assert_eq!(numbers, [second, first]);
        assert_eq!(seen.tickets[0].does, [] as [&str; 0]);
        assert_eq!(seen.tickets[1].does, ["set the tags big"]);
        let seen = test
            .desk
            .preview_rule(&ada, draft("Try", "opened", "quota", then))
            .await
            .unwrap();
        assert!(
            seen.tickets[1]
                .refused
                .as_ref()
                .unwrap()
                .contains("member of")
        );
        let silent = timed("Try", "silent", 1, "days", tag("big"));
        test.clock.advance(DAY);
        let seen = test.desk.preview_rule(&ada, silent).await.unwrap();
        assert_eq!((seen.meets, seen.due), (3, 3));
        assert_eq!(test.desk.db().read(store::event::last).await.unwrap(), last);
        assert!(test.desk.written_rules(&ada).await.unwrap().is_empty());

        for (field, wrong) in [
            ("on", draft("Try", "never", "", tag("a"))),
            ("only", draft("Try", "opened", "unit:nowhere", tag("a"))),
            ("then", draft("Try", "opened", "", ThenDraft::default())),
            (
                "unit",
                draft(
                    "Try",
                    "opened",
                    "",
                    ThenDraft {
                        unit: "nowhere".into(),
                        ..ThenDraft::default()
                    },
                ),
            ),
            (
                "owner",
                draft(
                    "Try",
                    "opened",
                    "",
                    ThenDraft {
                        owner: "who@people.example".into(),
                        ..ThenDraft::default()
                    },
                ),
            ),
            (
                "answer",
                draft(
                    "Try",
                    "opened",
                    "",
                    ThenDraft {
                        answer: "{{ secret }}".into(),
                        ..ThenDraft::default()
                    },
                ),
            ),
            (
                "mail_text",
                draft(
                    "Try",
                    "opened",
                    "",
                    ThenDraft {
                        mail_unit: "storage".into(),
                        ..ThenDraft::default()
                    },
                ),
            ),
            ("after", draft("Try", "silent", "", tag("a"))),
            (
                "priority",
                draft(
                    "Try",
                    "opened",
                    "",
                    ThenDraft {
                        priority: "huge".into(),
                        ..ThenDraft::default()
                    },
                ),
            ),
        ] {
            match test.desk.preview_rule(&ada, wrong).await {
                Err(Error::Invalid { field: named, .. }) => assert_eq!(named, field),
                other => panic!("{field}: {other:?}"),
            }
        }
        let sam = actor(&test.desk, people.sam.id).await;
        let refused = test.desk.preview_rule(&sam, draft1).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))));
    });
}

#[test]
fn rules_are_looked_at_in_their_order() {
    both(|test| async move {
        let people = federation(&test).await;
        let high = ThenDraft {
            priority: "high".into(),
            ..ThenDraft::default()
        };
        made(
            &test,
            &people,
            draft("One", "opened", "priority<high", tag("low")),
        )
        .await;
        made(&test, &people, draft("Two", "opened", "", high)).await;
        let number = opened(&test, &people, "No quota").await;
        assert!(state(&test, number).await.tags.contains("low"));
        let ada = actor(&test.desk, people.ada.id).await;
        let ordered = test
            .desk
            .order_written_rules(&ada, vec![2, 1])
            .await
            .unwrap();
        let numbers: Vec<_> = ordered.iter().map(|o| o.rule.number).collect();
        assert_eq!(numbers, [2, 1]);
        let number = opened(&test, &people, "No quota").await;
        assert!(!state(&test, number).await.tags.contains("low"));
        let wrong = test.desk.order_written_rules(&ada, vec![2]).await;
        assert!(matches!(wrong, Err(Error::Invalid { .. })));
        test.desk.delete_written_rule(&ada, 2).await.unwrap();
        assert_eq!(test.desk.written_rules(&ada).await.unwrap().len(), 1);
        let twice = test
            .desk
            .save_written_rule(&ada, draft("ONE", "opened", "", tag("a")))
            .await;
        assert!(matches!(twice, Err(Error::Invalid { .. })));
        let filter = store::audit::Filter::default();
        let page = test.desk.audit_log(&ada, filter, 100).await.unwrap();
        let deeds: Vec<_> = page.iter().map(|d| d.action.as_str()).collect();
        for deed in ["rule.created", "rules.ordered", "rule.deleted"] {
            assert!(deeds.contains(&deed), "{deeds:?}");
        }
    });
}

#[test]
fn nodes_that_run_together_die_and_replay_act_once() {
    for place in [Some(sqlite()), postgres()].into_iter().flatten() {
        let url = place.url().to_owned();
        let test = TestDesk::on(place, config());
        let nodes = Nodes::new(&test, &url, HOUR);
        runtime().block_on(async {
            let people = federation(&test).await;
            let note = |text: &str| ThenDraft {
                note: text.into(),
                mail_unit: "storage".into(),
                mail_text: format!("{text} {{{{ ticket }}}}"),
                ..ThenDraft::default()
            };
            made(
                &test,
                &people,
                draft("Opened", "opened", "", note("opened")),
            )
            .await;
            made(
                &test,
                &people,
                draft("Answered", "requester_answered", "", note("answered")),
            )
            .await;
            made(
                &test,
                &people,
                timed("Silent", "silent", 2, "days", note("silent")),
            )
            .await;
            test.run_jobs().await;
            let mut tickets = Vec::new();
            let rita = actor(&test.desk, people.rita.id).await;
            for round in 0..6_i64 {
                let number = open(&test, people.rita.id, "No quota").await;
                let answer = vec![word(EntryVisibility::Public, "Well?")];
                test.desk.act(&rita, number, None, answer).await.unwrap();
                tickets.push(number);
                let [a, b, c] = &nodes.desks;
                // One dies at some point of its work.
                let dies = tokio::time::timeout(
                    std::time::Duration::from_millis(u64::try_from(round).unwrap() * 3),
                    a.run_jobs(),
                );
                let (_, b, c) = tokio::join!(dies, b.run_jobs(), c.run_jobs());
                b.unwrap();
                c.unwrap();
            }
            for day in 0..4 {
                nodes.a_day(&test, 1, day % 2 == 0).await;
            }
            // As if nothing had been followed, from a backup say.
            test.desk
                .db()
                .write(|c| store::event::set_position(c, "rules", 0))
                .await
                .unwrap();
            test.run_jobs().await;
            let runs = log(&test, None).await;
            for number in &tickets {
                let mut did: BTreeMap<i64, usize> = BTreeMap::new();
                for run in runs.iter().filter(|r| r.ticket == *number) {
                    assert_eq!(run.verdict, Verdict::Acted);
                    *did.entry(run.rule).or_default() += 1;
                }
                assert_eq!(did, BTreeMap::from([(1, 1), (2, 1), (3, 1)]), "{number}");
                let number = *number;
                let events = test
                    .desk
                    .db()
                    .read(move |c| store::event::of_ticket(c, number, 0, 100))
                    .await
                    .unwrap();
                let notes = events.iter().filter(|e| {
                    e.actor_name.starts_with("Rule ")
                        && matches!(e.change, Change::EntryAdded { .. })
                });
                assert_eq!(notes.count(), 3);
                for text in ["opened", "answered", "silent"] {
                    assert_eq!(
                        mails(&test, "sam@", &format!("{text} {number}")),
                        1,
                        "{text}"
                    );
                }
            }
        });
    }
}

/// A list and a rule mean the same by a query.
#[test]
fn a_query_means_the_same_for_a_rule_as_in_a_list() {
    both(|test| async move {
        let people = federation(&test).await;
        let mut numbers = Vec::new();
        for subject in ["No quota", "Network is slow", "Disk"] {
            numbers.push(opened(&test, &people, subject).await);
        }
        act(
            &test,
            people.sam.id,
            numbers[0],
            Step::Command(Command::Start),
        )
        .await;
        act(
            &test,
            people.ada.id,
            numbers[1],
            Step::Command(Command::SetTags(["a".to_owned()].into())),
        )
        .await;
        let why = "Now.".to_owned();
        let top = Command::Overrule {
            priority: Priority::Top,
            reason: why,
        };
        act(&test, people.fay.id, numbers[1], Step::Command(top)).await;
        let site = Command::SetSite(None);
        act(&test, people.ada.id, numbers[2], Step::Command(site)).await;
        let solve = Command::Solve {
            text: "Done.".into(),
            kind: switchboard_core::SolutionKind::default(),
        };
        act(&test, people.sam.id, numbers[0], Step::Command(solve)).await;
        test.clock.advance(3 * DAY);
        let ada = actor(&test.desk, people.ada.id).await;
        for only in [
            "status:open",
            "status:closed",
            "-status:open",
            "status=solved",
            "status:any priority>=high",
            "-priority:top",
            "priority<medium",
            "unit:storage",
            "-unit:network",
            "owner:none",
            "-owner:none",
            "owner:sam@people.example",
            "-owner:sam@people.example",
            "requester:rita@people.example",
            "requester:nobody@people.example",
            "-requester:otto@people.example",
            "tag:A",
            "-tag:a",
            "category:incident",
            "-category:test",
            "type:other",
            "-type:other",
            "site:x",
            "-site:x",
            "community:belle",
            "-community:belle",
            "number>1",
            "number:2",
            "created<2d",
            "created>=2d",
            "updated>1h",
            "closed<7d",
            "-closed<7d",
            "created>=2026-09-21",
            "created<2026-09-21",
        ] {
            let query = desk::TicketQuery {
                q: only.into(),
                limit: 50,
                ..desk::TicketQuery::default()
            };
            let page = test.desk.tickets(&ada, query).await.unwrap();
            let listed: Vec<_> = page.items.iter().map(|i| i.number).collect();
            let any = if only.contains("status") {
                only.to_owned()
            } else {
                format!("{only} status:any")
            };
            let draft = draft("Try", "opened", &any, tag("x"));
            let seen = test.desk.preview_rule(&ada, draft).await.unwrap();
            let met: Vec<_> = seen.tickets.iter().map(|t| t.number).collect();
            assert_eq!(met, listed, "{only}");
        }
    });
}
