//! The search index is looked after.

use desk::{EntryDraft, OpenRequest, Step, TicketQuery};
use store::search::SearchDoc;
use store::{Db, Options};
use switchboard_core::query::{Query, Word};
use switchboard_core::{
    Actor, Channel, Command, EntryVisibility, Party, PartyRole, PersonId, SolutionKind,
    TicketNumber, Visibility,
};
use testkit::{TestDesk, both, config, postgres, runtime, sqlite};

async fn actor(test: &TestDesk, person: PersonId) -> Actor {
    test.desk.actor_for(person, Channel::Web).await.unwrap()
}

async fn open(test: &TestDesk, by: &Actor, subject: &str) -> TicketNumber {
    let request = OpenRequest {
        subject: subject.into(),
        description: "Since this morning.".into(),
        unit: Some("storage".into()),
        ..OpenRequest::default()
    };
    let number = test.desk.open_ticket(by, request).await.unwrap().number;
    test.run_jobs().await;
    number
}

async fn found(test: &TestDesk, by: &Actor, q: &str) -> Vec<TicketNumber> {
    let query = TicketQuery {
        q: q.into(),
        limit: 50,
        ..TicketQuery::default()
    };
    let page = test.desk.tickets(by, query).await.unwrap();
    page.items.iter().map(|i| i.number).collect()
}

fn draft() -> EntryDraft {
    EntryDraft {
        body: "A valve was stuck.".into(),
        ..EntryDraft::default()
    }
}

#[test]
fn open_ones_are_found_by_their_words_while_they_are_open() {
    both(async |test| {
        let people = test.federation().await;
        let rita = actor(&test, people.rita.id).await;
        let sam = actor(&test, people.sam.id).await;
        let first = open(&test, &rita, "The cryostat warms up").await;
        let second = open(&test, &rita, "Another cryostat").await;
        for who in [&rita, &sam] {
            assert_eq!(
                found(&test, who, "status:open cryostat").await,
                [second, first]
            );
        }
        let solve = vec![
            Step::Command(Command::Start),
            Step::Solve(SolutionKind::Fixed, draft()),
        ];
        test.desk.act(&sam, first, None, solve).await.unwrap();
        // Before the index follows and after.
        for _ in 0..2 {
            for who in [&rita, &sam] {
                assert_eq!(found(&test, who, "status:open cryostat").await, [second]);
                assert_eq!(found(&test, who, "status:solved cryostat").await, [first]);
            }
            test.run_jobs().await;
        }
        let again = vec![Step::Reopen(Some(draft()))];
        test.desk.act(&rita, first, None, again).await.unwrap();
        test.run_jobs().await;
        assert_eq!(
            found(&test, &sam, "status:open cryostat").await,
            [second, first]
        );
        assert_eq!(
            found(&test, &sam, "status:reopened cryostat").await,
            [first]
        );
        assert_eq!(
            found(&test, &sam, "unit:storage cryostat").await,
            [second, first]
        );
        assert!(found(&test, &sam, "unit:network cryostat").await.is_empty());
    });
}

/// A desk on each database with so many tickets about a cryostat, the newest first, whose
/// index is to be made one of an older version.
fn of_an_older_version(
    tickets: usize,
    run: impl AsyncFn(&TestDesk, &Db, &testkit::Federation, Vec<TicketNumber>),
) {
    for place in [Some(sqlite()), postgres()].into_iter().flatten() {
        let url = place.url().to_owned();
        let test = TestDesk::on(place, config());
        let db = Db::open(&url, Options::default()).unwrap();
        runtime().block_on(async {
            let people = test.federation().await;
            let rita = actor(&test, people.rita.id).await;
            let mut numbers = Vec::new();
            for n in 0..tickets {
                numbers.insert(0, open(&test, &rita, &format!("The cryostat {n}")).await);
            }
            run(&test, &db, &people, numbers).await;
        });
    }
}

/// Puts the tickets into the index without what it did not tell, and that it does not.
async fn forget(db: &Db, setting: &'static str, numbers: &[TicketNumber], scope: Vec<String>) {
    let doc = |number: &TicketNumber| SearchDoc {
        number: number.0,
        subject: "The cryostat".into(),
        scope: scope.clone(),
        ..SearchDoc::default()
    };
    let docs: Vec<_> = numbers.iter().map(doc).collect();
    db.write(move |c| {
        store::setting::set(c, setting, "false", 0)?;
        store::search::index(c, &docs)
    })
    .await
    .unwrap();
}

/// Starts as after an upgrade, until the index tells what it did not.
async fn learn(test: &TestDesk, db: &Db, setting: &'static str) {
    test.desk.start_timers().await.unwrap();
    test.run_jobs().await;
    let known = db.read(move |c| store::setting::get(c, setting)).await;
    assert_eq!(known.unwrap().as_deref(), Some("true"));
}

fn cryostat() -> Vec<Word> {
    Query::parse("cryostat").unwrap().words
}

/// An index that an older version made knows no open tickets. Nothing is missed
/// before they are put in again, and then they are known.
#[test]
fn an_older_index_learns_which_tickets_are_open() {
    of_an_older_version(60, async |test, db, people, numbers| {
        let ada = actor(test, people.ada.id).await;
        forget(db, "search.open", &numbers, Vec::new()).await;
        let newest = &numbers[..50];
        assert_eq!(found(test, &ada, "status:open cryostat").await, newest);
        learn(test, db, "search.open").await;
        let hits = db
            .read(|c| {
                let scope = [vec!["open".to_owned()], vec!["ofree".to_owned()]];
                let side = store::search::SearchSide::Staff;
                store::search::find(c, &cryostat(), side, &scope, None, 100)
            })
            .await;
        assert_eq!(hits.unwrap().len(), 60);
        assert_eq!(found(test, &ada, "status:open cryostat").await, newest);
    });
}

/// A desk of a version that had no index by unit: members find what is in their units
/// before all is put in, and after.
#[test]
fn an_older_desk_gets_its_index_by_unit() {
    of_an_older_version(30, async |test, db, people, numbers| {
        let sam = actor(test, people.sam.id).await;
        let units: Vec<_> = sam.units.iter().map(|m| m.unit).collect();
        let of_theirs = units.iter().map(|unit| format!("u{}", unit.0.simple()));
        forget(db, "search.units", &numbers, of_theirs.collect()).await;
        let by_unit = || {
            let units = units.clone();
            db.read(move |c| store::search::find_by_unit(c, &cryostat(), (&units, &[]), None, 100))
        };
        assert_eq!(by_unit().await.unwrap(), Some(Vec::new()));
        assert_eq!(found(test, &sam, "cryostat").await, numbers);
        learn(test, db, "search.units").await;
        assert_eq!(found(test, &sam, "cryostat").await, numbers);
        let numbers: Vec<i64> = numbers.iter().map(|n| n.0).collect();
        assert_eq!(by_unit().await.unwrap(), Some(numbers));
    });
}

#[test]
fn every_day_the_search_index_becomes_one_piece() {
    let place = sqlite();
    let url = place.url().to_owned();
    let test = TestDesk::on(place, config());
    let db = Db::open(&url, Options::default()).unwrap();
    let pieces = async || db.read(store::search::pieces).await.unwrap();
    runtime().block_on(async {
        let people = test.federation().await;
        test.desk.start_timers().await.unwrap();
        test.run_jobs().await;
        let rita = test
            .desk
            .actor_for(people.rita.id, Channel::Web)
            .await
            .unwrap();
        for n in 0..20 {
            let request = OpenRequest {
                subject: format!("The cryostat of beam {n} warms up"),
                description: "Since this morning.".into(),
                unit: Some("storage".into()),
                ..OpenRequest::default()
            };
            test.desk.open_ticket(&rita, request).await.unwrap();
            test.run_jobs().await;
        }
        let before = pieces().await;
        assert!(before > 3, "{before}");
        test.clock.advance(86_400_000);
        test.run_jobs().await;
        assert_eq!(pieces().await, 1);
        let query = TicketQuery {
            q: "cryostat".into(),
            limit: 50,
            ..TicketQuery::default()
        };
        let found = test.desk.tickets(&rita, query).await.unwrap();
        assert_eq!(found.items.len(), 20);
    });
}

/// Who works in many units: what is found of those is told by lists in memory, and follows
/// the tickets at once; notes are found of those and of no others.
#[test]
fn who_works_in_many_units_finds_what_is_there_now_and_nothing_else() {
    finds_what_is_there_now_and_nothing_else(6);
}

/// Whose units are few: what is found of those is told by the index by unit, and follows
/// the tickets as soon as the other index does.
#[test]
fn who_works_in_few_units_finds_what_is_there_now_and_nothing_else() {
    finds_what_is_there_now_and_nothing_else(2);
}

fn finds_what_is_there_now_and_nothing_else(units: usize) {
    both(async |test| {
        let people = test.federation().await;
        for n in 0..units {
            let (key, part) = (format!("desk{n}"), switchboard_core::Part::Member);
            let unit = test.unit(&key, &format!("Desk {n}"), 2).await;
            test.desk
                .set_member(unit, people.nina.id, part)
                .await
                .unwrap();
        }
        let theirs = |n: usize| format!("desk{}", n % units);
        let nina = actor(&test, people.nina.id).await;
        let many = nina.units.len() >= store::search::MANY_UNITS;
        assert_eq!(many, units == 6);
        let (rita, ada) = (
            actor(&test, people.rita.id).await,
            actor(&test, people.ada.id).await,
        );
        let open_at = async |by: &Actor, unit: &str| {
            let request = OpenRequest {
                subject: "The cryostat warms up".into(),
                description: "Since this morning.".into(),
                unit: Some(unit.into()),
                ..OpenRequest::default()
            };
            let number = test.desk.open_ticket(by, request).await.unwrap().number;
            test.run_jobs().await;
            number
        };
        let assign = async |number: TicketNumber, unit: &str| {
            let unit = test
                .desk
                .catalogue()
                .await
                .unwrap()
                .find_unit("unit", unit)
                .unwrap()
                .id;
            let reason = Some("It belongs there.".to_owned());
            let step = Step::Command(Command::Assign { unit, reason });
            test.desk.act(&ada, number, None, vec![step]).await.unwrap();
            test.run_jobs().await;
        };
        let none: [TicketNumber; 0] = [];
        assert_eq!(found(&test, &nina, "cryostat").await, none);
        let here = open_at(&rita, &theirs(3)).await;
        let there = open_at(&rita, "storage").await;
        assert_eq!(found(&test, &nina, "cryostat").await, [here]);
        assign(there, &theirs(5)).await;
        assert_eq!(found(&test, &nina, "cryostat").await, [there, here]);
        assign(here, "storage").await;
        assert_eq!(found(&test, &nina, "cryostat").await, [there]);
        assert_eq!(found(&test, &nina, "cryostat warms").await, [there]);
        assign(here, &theirs(0)).await;
        assert_eq!(found(&test, &nina, "cryostat").await, [there, here]);
        assert_eq!(
            found(&test, &nina, "status:open cryostat").await,
            [there, here]
        );
        assert_eq!(found(&test, &nina, "cryostat -warms").await, none);

        // Their own question elsewhere is found by its words, and not by a note in it; nor
        // when it was with one of their units before.
        let own = open_at(&nina, &theirs(1)).await;
        assign(own, "storage").await;
        let note = EntryDraft {
            body: "A helium leak, we think.".into(),
            ..EntryDraft::default()
        };
        let elsewhere = open_at(&rita, "storage").await;
        for number in [own, there, elsewhere] {
            let write = Step::Write(EntryVisibility::Internal, note.clone());
            test.desk
                .act(&ada, number, None, vec![write])
                .await
                .unwrap();
        }
        test.run_jobs().await;
        assert_eq!(found(&test, &nina, "cryostat").await, [own, there, here]);
        assert_eq!(found(&test, &nina, "helium").await, [there]);
        // Who is drawn into a ticket elsewhere reads its notes.
        let involve = Step::Command(Command::AddParty(Party {
            person: nina.person.unwrap(),
            role: PartyRole::Involved,
        }));
        test.desk
            .act(&ada, elsewhere, None, vec![involve])
            .await
            .unwrap();
        test.run_jobs().await;
        for limit in [1, 2] {
            let all = page_by_page(&test, &nina, "cryostat", limit).await;
            assert_eq!(all, [elsewhere, own, there, here]);
            let all = page_by_page(&test, &nina, "helium", limit).await;
            assert_eq!(all, [elsewhere, there]);
        }
    });
}

/// Every page of what somebody finds, `limit` at a time.
async fn page_by_page(test: &TestDesk, by: &Actor, q: &str, limit: i64) -> Vec<TicketNumber> {
    let mut all = Vec::new();
    let mut cursor = None;
    loop {
        let query = TicketQuery {
            q: q.into(),
            limit,
            cursor,
            ..TicketQuery::default()
        };
        let page = test.desk.tickets(by, query).await.unwrap();
        all.extend(page.items.iter().map(|i| i.number));
        cursor = page.next;
        if cursor.is_none() {
            return all;
        }
        assert!(
            !page.items.is_empty(),
            "an empty page tells of what it hides"
        );
    }
}

/// First level sees all but restricted tickets: neither few of those among the hits nor many
/// change what is found, how long a page is, or where it ends.
#[test]
fn first_level_finds_all_that_is_not_restricted_and_no_trace_of_the_rest() {
    both(async |test| {
        let people = test.federation().await;
        let (rita, fay, sam) = (
            actor(&test, people.rita.id).await,
            actor(&test, people.fay.id).await,
            actor(&test, people.sam.id).await,
        );
        let restrict = async |number: TicketNumber| {
            let restrict = Command::SetVisibility(Visibility::Restricted);
            let steps = vec![Step::Command(Command::Start), Step::Command(restrict)];
            test.desk.act(&sam, number, None, steps).await.unwrap();
        };
        let mut free = Vec::new();
        // Their own question, restricted where it is answered: found by its words, and
        // not by what the unit notes.
        let own = open(&test, &fay, "A cryostat of mine").await;
        restrict(own).await;
        free.push(own);
        let note = EntryDraft {
            body: "A helium leak, we think.".into(),
            ..EntryDraft::default()
        };
        let write = Step::Write(EntryVisibility::Internal, note);
        test.desk.act(&sam, own, None, vec![write]).await.unwrap();
        for round in 0..3 {
            // Few at first, then more than are looked up one by one, in a row.
            for _ in 0..[3, 20, 0][round] {
                restrict(open(&test, &rita, "The cryostat warms up").await).await;
            }
            free.insert(0, open(&test, &rita, "The cryostat is cold").await);
            free.insert(0, open(&test, &rita, "The cryostat hums").await);
            test.run_jobs().await;
            for limit in [1, 2, 50] {
                assert_eq!(page_by_page(&test, &fay, "cryostat", limit).await, free);
            }
            assert_eq!(found(&test, &fay, "helium").await.len(), 0);
            assert_eq!(found(&test, &fay, "cryostat warms").await.len(), 0);
            assert_eq!(found(&test, &sam, "helium cryostat").await, [own]);
        }
    });
}
