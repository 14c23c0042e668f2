//! How people want to hear, what is gathered for them, and how they are rid of it.

use std::collections::BTreeMap;

use desk::mail_stop::MailStop;
use desk::{EntryDraft, Error, OpenRequest, Step};
use store::choice::{DigestItem, Wish};
use store::job::NewJob;
use store::person::Person;
use switchboard_core::choice::{How, Scope};
use switchboard_core::notify::Told;
use switchboard_core::staff::MemberDeed;
use switchboard_core::{
    Actor, Channel, Command, EntryVisibility, PersonId, SecurityRisk, SolutionKind, TicketNumber,
    UnitId, Visibility,
};
use testkit::{Federation, Mail, TestDesk, both, both_configured, config};
use uuid::Uuid;

const HOUR: i64 = 3_600_000;

async fn actor(desk: &TestDesk, person: PersonId) -> Actor {
    desk.desk.actor_for(person, Channel::Web).await.unwrap()
}

/// A federation whose network unit has no mailing list: its members are told.
async fn federation(test: &TestDesk) -> Federation {
    let people = test.federation().await;
    let catalogue = test.desk.catalogue().await.unwrap();
    let mut unit = catalogue.unit(people.network).unwrap().clone();
    unit.email = None;
    test.desk.save_unit(unit).await.unwrap();
    test.desk.start_timers().await.unwrap();
    people
}

async fn opened(test: &TestDesk, who: PersonId, request: OpenRequest) -> TicketNumber {
    let who = actor(test, who).await;
    let request = OpenRequest {
        description: "Nothing goes through.".into(),
        unit: Some("network".into()),
        ..request
    };
    let number = test.desk.open_ticket(&who, request).await.unwrap().number;
    test.run_jobs().await;
    number
}

fn about(subject: &str) -> OpenRequest {
    OpenRequest {
        subject: subject.into(),
        ..OpenRequest::default()
    }
}

/// 18:00 in Prague is 16:00 UTC at the time of the tests; they begin at 14:13.
fn wish(language: Option<&str>) -> Wish {
    Wish {
        language: language.map(str::to_owned),
        rhythm: "daily".into(),
        weekday: 0,
        hour: 18,
        time_zone: "Europe/Prague".into(),
    }
}

async fn choose(test: &TestDesk, who: PersonId, scope: Scope, events: &[Told], how: How) {
    let choices: BTreeMap<_, _> = events.iter().map(|told| ((scope, *told), how)).collect();
    test.desk
        .set_mail_choices(who, choices, wish(None))
        .await
        .unwrap();
}

fn to(test: &TestDesk, who: &str) -> Vec<Mail> {
    let mut mails = test.sent_mail();
    mails.retain(|m| m.to.starts_with(&format!("{who}@")));
    mails
}

async fn write(test: &TestDesk, who: &Actor, number: TicketNumber, body: &str) {
    let draft = EntryDraft {
        body: body.into(),
        ..EntryDraft::default()
    };
    let steps = vec![Step::Write(EntryVisibility::Public, draft)];
    test.desk.act(who, number, None, steps).await.unwrap();
    test.run_jobs().await;
}

async fn later(test: &TestDesk, hours: i64) {
    test.clock.advance(hours * HOUR);
    test.run_jobs().await;
}

/// What a mail's header has in a field; empty: it has none.
fn field(mail: &Mail, name: &str) -> String {
    let raw = String::from_utf8_lossy(&mail.raw).replace("\r\n ", " ");
    let header = raw.split("\r\n\r\n").next().unwrap();
    header
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{name}: ")))
        .unwrap_or_default()
        .to_owned()
}

/// The word of the link by which one is rid of such mails.
fn stop_word(mail: &Mail) -> Option<String> {
    let field = field(mail, "List-Unsubscribe");
    let (_, word) = field.split_once("/mail/stop/")?;
    Some(word.trim_end_matches('>').to_owned())
}

async fn put_in(test: &TestDesk, items: Vec<DigestItem>) {
    test.desk
        .db()
        .write(move |c| {
            for item in &items {
                store::choice::gather(c, item)?;
            }
            Ok::<_, Error>(())
        })
        .await
        .unwrap();
}

fn item(person: PersonId, ticket: TicketNumber, cause: u128, what: &str) -> DigestItem {
    DigestItem {
        id: Uuid::now_v7(),
        person,
        cause: Uuid::from_u128(cause),
        ticket,
        at: testkit::START,
        due_at: testkit::START,
        reason: "unit".into(),
        what: what.into(),
    }
}

#[test]
fn one_event_is_one_mail_or_one_line_of_the_mail_that_gathers() {
    both(|test| async move {
        let people = federation(&test).await;
        let (nina, rita) = (people.nina.id, actor(&test, people.rita.id).await);
        let unit = Scope::Unit(people.network);
        choose(&test, nina, unit, &[Told::Opened, Told::Entry], How::Digest).await;
        let number = opened(&test, people.rita.id, about("No link")).await;
        write(&test, &rita, number, "Still none.").await;
        write(&test, &rita, number, "canary-1764").await;
        assert!(to(&test, "nina").is_empty());
        later(&test, 2).await;
        let mails = to(&test, "nina");
        assert_eq!(mails.len(), 1, "{mails:?}");
        let text = &mails[0].text;
        assert!(text.contains(&format!("#{number}  No link")), "{text}");
        assert!(text.contains("a new ticket; somebody wrote (2×)"), "{text}");
        assert!(text.contains(&format!("http://desk.example/work/{number}")));
        assert!(!text.contains("canary-1764"), "no words of it");
        // Nothing is told twice, also not on the next day.
        later(&test, 25).await;
        assert_eq!(to(&test, "nina").len(), 1);
        // Of what nothing is chosen about there is a mail, and one only.
        choose(&test, nina, unit, &[Told::Opened], How::Digest).await;
        write(&test, &rita, number, "Hello?").await;
        later(&test, 25).await;
        let mails = to(&test, "nina");
        assert_eq!(mails.len(), 2);
        assert!(mails[1].text.contains("Hello?"));
    });
}

#[test]
fn whatever_breaks_what_was_gathered_is_told_once() {
    both(|test| async move {
        let people = federation(&test).await;
        let number = opened(&test, people.rita.id, about("No link")).await;
        let before = to(&test, "nina").len();
        // Somebody whose mail can not be written: the run breaks after it took hers.
        let eve = Person {
            id: PersonId(Uuid::from_u128(7)),
            name: "Eve".into(),
            email: Some("no address".into()),
            institute: String::new(),
            community: None,
            support: true,
            monitor: true,
            admin: false,
            active: true,
            has_password: false,
            created_at: testkit::START,
        };
        let person = eve.id;
        test.desk
            .db()
            .write(move |c| store::person::insert(c, &eve, None, true).map_err(Error::from))
            .await
            .unwrap();
        // One cause that was followed in two stretches, and more than fits in a statement.
        let mut items = vec![
            item(person, number, 1, "opened"),
            item(person, number, 1, "entry,fields"),
        ];
        items.extend((2..1202).map(|cause| item(person, number, cause, "entry")));
        items.push(item(people.nina.id, number, 1, "entry"));
        put_in(&test, items).await;
        later(&test, 1).await;
        assert!(to(&test, "eve").is_empty());
        // It kept nobody else from theirs.
        assert_eq!(to(&test, "nina").len(), before + 1);
        test.desk
            .db()
            .write(move |c| {
                let address = Some("eve@people.example");
                store::address::set_primary(c, address, person, testkit::START)?;
                // The same job three times, as after a lease that ran out.
                for _ in 0..3 {
                    let again = NewJob {
                        kind: "digest",
                        payload: String::new(),
                        run_at: testkit::START,
                        unique_key: None,
                    };
                    store::job::enqueue(c, &again)?;
                }
                Ok::<_, Error>(())
            })
            .await
            .unwrap();
        tokio::join!(test.run_jobs(), test.run_jobs());
        later(&test, 48).await;
        let mails = to(&test, "eve");
        assert_eq!(mails.len(), 1, "{mails:?}");
        let told = "a new ticket; somebody wrote (1201×); changed";
        assert!(mails[0].text.contains(told), "{}", mails[0].text);
        assert_eq!(to(&test, "nina").len(), before + 1);
    });
}

#[test]
fn who_chooses_another_time_gets_what_is_gathered_then() {
    both(|test| async move {
        let people = federation(&test).await;
        crate::timer::promise_nothing(&test).await;
        let (nina, unit) = (people.nina.id, Scope::Unit(people.network));
        choose(&test, nina, unit, &[Told::Opened], How::Digest).await;
        opened(&test, people.rita.id, about("No link")).await;
        // Friday at six; the tests begin on a Monday.
        let weekly = Wish {
            rhythm: "weekly".into(),
            weekday: 4,
            ..wish(None)
        };
        test.desk
            .set_mail_choices(nina, BTreeMap::new(), weekly)
            .await
            .unwrap();
        later(&test, 3 * 24).await;
        assert!(to(&test, "nina").is_empty());
        later(&test, 26).await;
        assert_eq!(to(&test, "nina").len(), 1);
        later(&test, 14 * 24).await;
        assert_eq!(to(&test, "nina").len(), 1);
    });
}

#[test]
fn the_mail_that_gathers_tells_what_may_be_seen_when_it_is_told() {
    both(|test| async move {
        let people = federation(&test).await;
        let ada = actor(&test, people.ada.id).await;
        let (nina, unit) = (people.nina.id, Scope::Unit(people.network));
        choose(&test, nina, unit, &[Told::Opened], How::Digest).await;
        let plain = opened(&test, people.rita.id, about("Slow link")).await;
        let hidden = opened(&test, people.rita.id, about("canary-5512")).await;
        let gone = opened(&test, people.rita.id, about("canary-8123")).await;
        let hide = Step::Command(Command::SetVisibility(Visibility::Restricted));
        test.desk
            .act(&ada, hidden, None, vec![hide.clone()])
            .await
            .unwrap();
        let away = Step::Command(Command::Assign {
            unit: people.storage,
            reason: None,
        });
        test.desk
            .act(&ada, gone, None, vec![hide, away])
            .await
            .unwrap();
        later(&test, 2).await;
        let gathered = || {
            let mut mails = to(&test, "nina");
            mails.retain(|m| m.subject == "What happened");
            mails
        };
        let mails = gathered();
        let last = mails.last().unwrap();
        assert!(last.text.contains(&format!("#{plain}  Slow link")));
        // Of what was marked meanwhile not its subject, of what is not theirs nothing.
        assert!(
            last.text.contains(&format!("#{hidden}  [TLP:")),
            "{}",
            last.text
        );
        assert!(!last.text.contains(&format!("#{gone}")));
        assert!(!last.text.contains("canary-"));
        // Who left is told nothing at all.
        choose(&test, nina, unit, &[Told::Opened], How::Digest).await;
        opened(&test, people.rita.id, about("canary-9001")).await;
        test.desk
            .change_member(&ada, "network", nina, MemberDeed::Remove, "moved")
            .await
            .unwrap();
        later(&test, 30).await;
        assert_eq!(gathered().len(), 1);
    });
}

#[test]
fn what_asks_something_of_somebody_can_not_be_given_up() {
    both(|test| async move {
        let people = federation(&test).await;
        let nina = actor(&test, people.nina.id).await;
        let all = Told::ALL;
        choose(&test, people.rita.id, Scope::Own, &all, How::Nothing).await;
        let unit = Scope::Unit(people.network);
        choose(&test, people.nina.id, unit, &all, How::Nothing).await;
        let number = opened(&test, people.rita.id, about("No link")).await;
        // The number by which she finds it again; nothing to the unit.
        assert_eq!(to(&test, "rita").len(), 1);
        assert!(to(&test, "nina").is_empty());
        write(&test, &nina, number, "We look at it.").await;
        assert_eq!(to(&test, "rita").len(), 1);
        let draft = EntryDraft {
            body: "It works again.".into(),
            ..EntryDraft::default()
        };
        let solve = Step::Solve(SolutionKind::Fixed, draft);
        test.desk
            .act(&nina, number, None, vec![solve])
            .await
            .unwrap();
        test.run_jobs().await;
        let mails = to(&test, "rita");
        assert_eq!(mails.len(), 2);
        assert!(mails[1].text.contains("It works again."));
        assert_eq!(stop_word(&mails[1]), None);
        // A danger wakes those who chose to hear nothing, and can not be given up.
        let danger = OpenRequest {
            security_risk: SecurityRisk::Imminent,
            ..about("Somebody is in")
        };
        opened(&test, people.rita.id, danger).await;
        let mails = to(&test, "nina");
        assert_eq!(mails.len(), 1, "{mails:?}");
        assert_eq!(stop_word(&mails[0]), None);
    });
}

/// RFC 2369, RFC 8058.
#[test]
fn a_link_in_a_mail_ends_such_mails_and_nothing_else() {
    let https = desk::Config {
        public_url: "https://desk.example".into(),
        ..config()
    };
    both_configured(&https, |test| async move {
        let people = federation(&test).await;
        let rita = actor(&test, people.rita.id).await;
        let unit = Scope::Unit(people.network);
        choose(&test, people.nina.id, unit, &[Told::Entry], How::Digest).await;
        let number = opened(&test, people.rita.id, about("No link")).await;
        let mails = to(&test, "nina");
        assert_eq!(
            field(&mails[0], "List-Id"),
            "<network.tickets.desk.example>"
        );
        let click = "List-Unsubscribe=One-Click";
        assert_eq!(field(&mails[0], "List-Unsubscribe-Post"), click);
        let word = stop_word(&mails[0]).unwrap();
        // What is written to somebody about their own request is no list.
        for mail in to(&test, "rita") {
            assert_eq!(stop_word(&mail), None);
            assert_eq!(field(&mail, "List-Id"), "");
        }
        // Looking changes nothing, and a word that somebody made up says nothing.
        let seen = test.desk.mail_stop(&word).await.unwrap();
        assert_eq!(seen.unit.as_deref(), Some("Network"));
        assert!(!seen.stopped);
        let others = word.replacen(
            &people.nina.id.0.simple().to_string(),
            &people.sam.id.0.simple().to_string(),
            1,
        );
        let wider = format!("other{}", word.get(32..).unwrap());
        for forged in [others.as_str(), &wider, "x", "", "a.b.c"] {
            assert_ne!(forged, word);
            for answer in [
                test.desk.mail_stop(forged).await,
                test.desk.stop_mails(forged).await,
            ] {
                assert!(matches!(answer, Err(Error::Unauthenticated(_))));
            }
        }
        let choices = async || {
            test.desk
                .mail_choices(people.nina.id)
                .await
                .unwrap()
                .choices
        };
        assert_eq!(choices().await.len(), 1);
        // Twice, as programs do: once done, once confirmed.
        for _ in 0..2 {
            assert!(test.desk.stop_mails(&word).await.unwrap().stopped);
            test.run_jobs().await;
        }
        assert!(choices().await.values().all(|how| *how == How::Nothing));
        let mails = to(&test, "nina");
        assert_eq!(mails.len(), 2, "{mails:?}");
        assert!(mails[1].text.contains("https://desk.example/account/mail"));
        write(&test, &rita, number, "Still none.").await;
        opened(&test, people.rita.id, about("Another")).await;
        later(&test, 25).await;
        assert_eq!(to(&test, "nina").len(), 2);
    });
}

#[test]
fn the_link_of_the_mail_that_gathers_ends_that_and_drops_what_waits() {
    both(|test| async move {
        let people = federation(&test).await;
        let nina = people.nina.id;
        let unit = Scope::Unit(people.network);
        choose(&test, nina, unit, &[Told::Opened], How::Digest).await;
        opened(&test, people.rita.id, about("No link")).await;
        later(&test, 2).await;
        let mails = to(&test, "nina");
        let word = stop_word(&mails[0]).unwrap();
        // Without TLS nothing promises that one click is enough.
        assert_eq!(field(&mails[0], "List-Unsubscribe-Post"), "");
        assert_eq!(word, test.desk.stop_word(nina, MailStop::Digest));
        let number = opened(&test, people.rita.id, about("Another")).await;
        test.desk.stop_mails(&word).await.unwrap();
        later(&test, 50).await;
        let mails = to(&test, "nina");
        assert_eq!(mails.len(), 2, "the gathered one and what confirms the end");
        // What came at once before still does.
        let rita = actor(&test, people.rita.id).await;
        write(&test, &rita, number, "Hello?").await;
        assert_eq!(to(&test, "nina").len(), 3);
    });
}

#[test]
fn who_was_put_on_a_ticket_gets_off_it_by_a_link_and_without_an_account() {
    both(|test| async move {
        let people = federation(&test).await;
        let rita = actor(&test, people.rita.id).await;
        let request = OpenRequest {
            cc: vec!["carl@people.example".into(), "dora@people.example".into()],
            ..about("No link")
        };
        let number = opened(&test, people.rita.id, request.clone()).await;
        let other = opened(&test, people.rita.id, request).await;
        let mails = to(&test, "carl");
        assert_eq!(mails.len(), 2, "{mails:?}");
        let word = stop_word(&mails[0]).unwrap();
        // Also where mail programs do not offer it.
        assert!(mails[0].text.contains(&word), "{}", mails[0].text);
        let seen = test.desk.mail_stop(&word).await.unwrap();
        assert_eq!((seen.stop, seen.stopped), (MailStop::Ticket(number), false));
        // Nobody makes one for another ticket or another person.
        let theirs = stop_word(&to(&test, "dora")[0]).unwrap();
        let (_, person) = theirs.split_once('.').unwrap();
        let (_, mine) = word.split_once('.').unwrap();
        for forged in [format!("t{other}.{mine}"), format!("t{other}.{person}")] {
            let answer = test.desk.stop_mails(&forged).await;
            assert!(matches!(answer, Err(Error::Unauthenticated(_))), "{forged}");
        }
        for _ in 0..2 {
            assert!(test.desk.stop_mails(&word).await.unwrap().stopped);
            test.run_jobs().await;
        }
        assert!(test.desk.mail_stop(&word).await.unwrap().stopped);
        // One mail says so, and that was the last about this ticket. Who stays on it is told
        // that he went, and of what was written.
        write(&test, &rita, number, "Still nothing.").await;
        write(&test, &rita, other, "Nothing here either.").await;
        let about = |who: &str, number: TicketNumber| {
            let tag = format!("[#{number}]");
            to(&test, who)
                .iter()
                .filter(|m| m.subject.contains(&tag))
                .count()
        };
        assert_eq!(about("carl", number), 2);
        assert_eq!((about("carl", other), about("dora", number)), (2, 3));
        let carl = to(&test, "carl")[0].to.clone();
        let carl = test
            .desk
            .db()
            .read(move |c| Ok::<_, Error>(store::person::by_email(c, &carl)?.unwrap().id))
            .await
            .unwrap();
        let carl = actor(&test, carl).await;
        assert!(matches!(
            test.desk.ticket(&carl, number).await,
            Err(Error::NotFound { .. })
        ));
        // After a merge the old link leads to where the ticket lives on.
        let merge = Step::Command(Command::MergeInto {
            target: number,
            entries: Vec::new(),
        });
        let nina = actor(&test, people.nina.id).await;
        let dora = stop_word(&to(&test, "dora")[1]).unwrap();
        test.desk
            .act(&nina, other, None, vec![merge])
            .await
            .unwrap();
        assert!(test.desk.stop_mails(&dora).await.unwrap().stopped);
        test.run_jobs().await;
        let before = to(&test, "dora").len();
        write(&test, &rita, number, "Hello?").await;
        assert_eq!(to(&test, "dora").len(), before);
    });
}

#[test]
fn choices_that_make_no_sense_are_refused_by_name() {
    both(|test| async move {
        let people = test.federation().await;
        let refused = async |wish: Wish, scope: Scope| {
            let choices = [((scope, Told::Entry), How::Digest)].into();
            let set = test.desk.set_mail_choices(people.rita.id, choices, wish);
            match set.await {
                Err(Error::Invalid { field, .. }) => field,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(refused(wish(Some("tlh")), Scope::Own).await, "language");
        let late = Wish {
            hour: 24,
            ..wish(None)
        };
        assert_eq!(refused(late, Scope::Own).await, "hour");
        let nowhere = Wish {
            time_zone: "Mars/Olympus".into(),
            ..wish(None)
        };
        assert_eq!(refused(nowhere, Scope::Own).await, "time_zone");
        for foreign in [people.storage, UnitId(Uuid::from_u128(9))] {
            let scope = Scope::Unit(foreign);
            assert_eq!(refused(wish(None), scope).await, "unit");
        }
    });
}
