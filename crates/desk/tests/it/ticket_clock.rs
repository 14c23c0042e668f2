//! The clocks of tickets as the desk keeps them: what is stored is what the history
//! gives, lists are in the order of what is due, and other calendars and targets are
//! followed.

use std::collections::BTreeMap;

use desk::exchange::partner::Changed;
use desk::service::ServiceEdit;
use desk::ticket_clock::Measured;
use desk::unit::UnitEdit;
use desk::{EntryDraft, Error, OpenRequest, Step, TicketQuery};
use jiff::Timestamp;
use store::list::{Item, Sort};
use store::partner::{self, Partner};
use store::ticket_clock::Kept;
use store::unit::Holiday;
use switchboard_core::exchange::DeskId;
use switchboard_core::{
    Actor, Channel, Command, EntryVisibility, Millis, Priority, RelationKind, SolutionKind,
    TargetKind, TicketNumber, Turn, UnitId,
};
use testkit::{Federation, START, Somebody, TestDesk, both, both_configured};
use uuid::Uuid;

const HOUR: Millis = 3_600_000;
const DOCUMENT: &str = include_str!("../../../../docs/worked-example.md");

async fn actor(desk: &TestDesk, who: &Somebody) -> Actor {
    desk.desk.actor_for(who.id, Channel::Web).await.unwrap()
}

fn system() -> Actor {
    Actor::system(Channel::Job)
}

pub(crate) async fn open(desk: &TestDesk, who: &Somebody, affected: u32) -> TicketNumber {
    let request = OpenRequest {
        subject: "A tape is lost".into(),
        description: "Since noon.".into(),
        affected_users: Some(affected),
        ..OpenRequest::default()
    };
    let rita = actor(desk, who).await;
    desk.desk.open_ticket(&rita, request).await.unwrap().number
}

fn draft(body: &str) -> EntryDraft {
    EntryDraft {
        body: body.into(),
        ..EntryDraft::default()
    }
}

fn assign(unit: UnitId) -> Step {
    Step::Command(Command::Assign {
        unit,
        reason: Some("it is theirs".into()),
    })
}

fn said(visibility: EntryVisibility) -> Step {
    Step::Write(visibility, draft("A word."))
}

fn solve() -> Step {
    Step::Solve(SolutionKind::Fixed, draft("Done."))
}

fn waits() -> Step {
    Step::Command(Command::Await { reminder: None })
}

async fn measured(desk: &TestDesk, number: TicketNumber) -> Measured {
    desk.desk.measured(&system(), number).await.unwrap()
}

/// Every open and closed ticket in the order of what is due, a few on a page.
async fn by_due(desk: &TestDesk, who: &Actor, q: &str) -> Vec<Item> {
    let mut all = Vec::new();
    let mut cursor = None;
    loop {
        let query = TicketQuery {
            q: q.into(),
            sort: Sort::Due,
            limit: 3,
            cursor,
            ..TicketQuery::default()
        };
        let page = desk.desk.tickets(who, query).await.unwrap();
        all.extend(page.items);
        match page.next {
            Some(next) => cursor = Some(next),
            None => return all,
        }
    }
}

/// A little generator, so that a story can be told again by its number.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, below: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % below
    }
}

/// One deed of anybody; refused ones are deeds too.
pub(crate) async fn something(
    desk: &TestDesk,
    f: &Federation,
    tickets: &[TicketNumber],
    dice: &mut Dice,
) {
    let people = [
        &f.rita, &f.stan, &f.sam, &f.nina, &f.fay, &f.ada, &f.sam, &f.fay,
    ];
    let who = people[dice.below(people.len())];
    let number = tickets[dice.below(tickets.len())];
    let other = tickets[dice.below(tickets.len())];
    let units = [f.first, f.storage, f.network, f.kernel];
    let step = match dice.below(15) {
        0 | 1 => assign(units[dice.below(units.len())]),
        2 | 3 => Step::Command(Command::Start),
        4 => said(EntryVisibility::Internal),
        5 | 6 => said(EntryVisibility::Public),
        7 => waits(),
        8 => Step::Command(Command::Hold {
            reason: "a part is missing".into(),
            reminder: None,
            eta: None,
        }),
        9 => solve(),
        10 => Step::Reopen(Some(draft("Not yet."))),
        11 => Step::Command(Command::Overrule {
            priority: Priority::ALL[dice.below(4)],
            reason: "a deadline".into(),
        }),
        12 => Step::Command(Command::MergeInto {
            target: other,
            entries: Vec::new(),
        }),
        13 => Step::Command(Command::Unmerge),
        _ => Step::Command(Command::Relate {
            kind: RelationKind::MasterOf,
            other,
        }),
    };
    let who = actor(desk, who).await;
    match desk.desk.act(&who, number, None, vec![step]).await {
        Err(Error::Internal(problem)) => panic!("{problem}"),
        _ => desk.clock.advance((dice.below(40) as Millis) * HOUR / 4),
    }
}

#[test]
fn what_is_stored_is_what_the_history_gives() {
    both(|desk| async move {
        let f = desk.federation().await;
        let mut dice = Dice(20_261_127);
        let mut tickets = Vec::new();
        for deed in 0..160 {
            if deed % 16 == 0 {
                tickets.push(open(&desk, &f.rita, 1 + dice.below(40) as u32).await);
            }
            something(&desk, &f, &tickets, &mut dice).await;
        }
        let everything = by_due(&desk, &system(), "").await;
        assert_eq!(everything.len(), tickets.len());
        assert!(everything.iter().filter(|t| t.due.is_some()).count() >= 2);
        assert!(everything.iter().any(|t| t.due.is_none()));
        // Those in order, each once, on whatever page.
        let places: Vec<_> = everything
            .iter()
            .map(|t| (t.due_place(), t.number))
            .collect();
        assert!(places.is_sorted_by(|a, b| a < b), "{places:?}");
        let open = by_due(&desk, &actor(&desk, &f.fay).await, "status:open").await;
        let still_open = everything.iter().filter(|t| t.status.is_open());
        assert!(
            open.iter()
                .map(|t| t.number)
                .eq(still_open.map(|t| t.number))
        );

        let mut before = BTreeMap::new();
        for item in &everything {
            let by_history = measured(&desk, item.number).await;
            assert!(by_history.as_stored, "ticket {}", item.number);
            let view = desk.desk.ticket(&system(), item.number).await.unwrap();
            let clocks = view.clocks.unwrap();
            assert_eq!((clocks.due, Some(clocks.turn)), (item.due, item.turn));
            let running = by_history.legs.iter().filter(|l| l.leg.end.is_none());
            let first = running.filter_map(|l| l.figure.due).min();
            assert_eq!(item.due.map(|d| d.at), first, "ticket {}", item.number);
            before.insert(item.number, (item.due, item.turn));
        }

        // Tickets from before there were clocks are replayed, and are as they were.
        let db = desk.desk.db();
        db.write(|c| {
            let sql = "UPDATE ticket SET clocks = NULL, past = NULL, turn = NULL, due_clock = NULL, due_half = NULL, due_warn = NULL";
            c.execute(sql, &[]).map(drop)
        })
        .await
        .unwrap();
        assert!(
            by_due(&desk, &system(), "")
                .await
                .iter()
                .all(|t| t.due.is_none())
        );
        // One of them is changed before its turn comes.
        let said = vec![said(EntryVisibility::Internal)];
        let changed = *open.first().map(|t| &t.number).unwrap();
        desk.desk
            .act(&actor(&desk, &f.fay).await, changed, None, said)
            .await
            .unwrap();
        desk.desk.start_timers().await.unwrap();
        desk.run_jobs().await;
        for item in by_due(&desk, &system(), "").await {
            let now = (item.due, item.turn);
            assert!(measured(&desk, item.number).await.as_stored);
            assert_eq!(now, before[&item.number], "ticket {}", item.number);
        }
    });
}

#[test]
fn a_change_that_came_between_is_not_undone_by_what_was_worked_out_before_it() {
    both(|desk| async move {
        let f = desk.federation().await;
        let number = open(&desk, &f.rita, 1).await;
        let catalogue = desk.desk.catalogue().await.unwrap();
        let db = desk.desk.db();
        let (ticket, (clocks, past)) = db
            .read(move |c| {
                let ticket = store::ticket::load(c, number)?.unwrap();
                let told = store::ticket_clock::stored(c, number)?.told().unwrap();
                Ok::<_, store::Error>((ticket, told))
            })
            .await
            .unwrap();
        let old = Kept::of(&ticket, &clocks, &past, catalogue.terms()).unwrap();
        desk.clock.advance(HOUR);
        let fay = actor(&desk, &f.fay).await;
        let step = vec![assign(f.storage)];
        desk.desk.act(&fay, number, None, step).await.unwrap();
        let due = by_due(&desk, &system(), "").await[0].due;
        db.write(move |c| store::ticket_clock::keep(c, &ticket, &old))
            .await
            .unwrap();
        assert!(measured(&desk, number).await.as_stored);
        assert_eq!(by_due(&desk, &system(), "").await[0].due, due);
    });
}

#[test]
fn what_is_due_follows_the_unit_s_calendar_and_the_targets() {
    both(|desk| async move {
        let f = desk.federation().await;
        let number = open(&desk, &f.rita, 1).await;
        let ada = actor(&desk, &f.ada).await;
        let due = || async {
            let items = by_due(&desk, &system(), "").await;
            let due = items[0].due.unwrap();
            (due.clock, due.at)
        };
        let settle = || async {
            desk.clock.advance(30_000);
            desk.run_jobs().await;
        };
        let (clock, at) = due().await;
        assert_eq!(clock, TargetKind::Assignment);
        // A day on which nobody works comes between.
        let today = Timestamp::from_millisecond(START).unwrap();
        let days = (0..9)
            .map(|n| {
                today
                    .checked_add(jiff::SignedDuration::from_hours(24 * n))
                    .unwrap()
            })
            .map(|day| Holiday {
                date: day.strftime("%Y-%m-%d").to_string(),
                name: "Moving".into(),
                hours: Vec::new(),
            })
            .collect();
        let first = desk
            .desk
            .catalogue()
            .await
            .unwrap()
            .first_level()
            .unwrap()
            .key
            .clone();
        let edit = UnitEdit {
            holidays: Some(days),
            ..UnitEdit::default()
        };
        desk.desk
            .change_unit(&ada, &first, None, edit)
            .await
            .unwrap();
        assert_eq!(due().await.1, at, "worked out later");
        settle().await;
        let later = due().await.1;
        assert!(later > at + 7 * 24 * HOUR, "{at} {later}");

        // First level promises to assign within an hour now.
        let mut targets = desk.desk.targets().await.unwrap();
        for quality in &mut targets.qualities {
            let promise = quality.promises.get_mut(&TargetKind::Assignment).unwrap();
            promise.low = "1 wh".parse().ok();
        }
        let fay = actor(&desk, &f.fay).await;
        let refused = desk.desk.set_targets(&fay, targets.clone()).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        desk.desk.set_targets(&ada, targets.clone()).await.unwrap();
        settle().await;
        assert_eq!(due().await, (TargetKind::Assignment, later - 7 * HOUR));
        assert!(measured(&desk, number).await.as_stored);

        // A quality that a unit has can not go.
        targets.usual = "base".into();
        targets.qualities.retain(|q| q.key == "base");
        let edit = UnitEdit {
            qos: Some("advanced".into()),
            ..UnitEdit::default()
        };
        desk.desk
            .change_unit(&ada, "storage", None, edit)
            .await
            .unwrap();
        match desk.desk.set_targets(&ada, targets).await {
            Err(Error::Invalid { field, .. }) => assert_eq!(field, "qualities"),
            other => panic!("{other:?}"),
        }
    });
}

/// A partner for which a unit stands. Nothing is sent there.
async fn paused_partner(desk: &TestDesk, f: &Federation, unit: UnitId) -> Uuid {
    let (id, name) = (Uuid::now_v7(), DeskId::new("tapes.example").unwrap());
    let said = ("Tapes".into(), "http://127.0.0.1:9".into(), String::new());
    let terms = partner::Terms::default();
    let mut fresh = Partner::fresh(id, name, said, terms, f.storage, START);
    fresh.state = partner::State::Paused;
    let change = move |c: &mut store::Conn<'_>| {
        partner::save(c, &fresh)?;
        partner::set_units(c, id, &[unit])
    };
    desk.desk.db().write(change).await.unwrap();
    id
}

/// Whose turn a ticket is by its stored row, and whether the partner held it by its history.
async fn turn(desk: &TestDesk, number: TicketNumber) -> (Turn, bool) {
    let db = desk.desk.db();
    let turn = db.read(move |c| store::ticket_clock::turn(c, number));
    let held = measured(desk, number).await.held;
    let partner = held.iter().find(|h| h.turn == Turn::Partner).unwrap();
    (turn.await.unwrap().unwrap(), partner.calendar > 0)
}

#[test]
fn whose_turn_it_is_follows_who_stands_for_partners() {
    both(|desk| async move {
        let f = desk.federation().await;
        let (ada, fay) = (actor(&desk, &f.ada).await, actor(&desk, &f.fay).await);
        let number = open(&desk, &f.rita, 1).await;
        let given = desk.desk.act(&fay, number, None, vec![assign(f.network)]);
        given.await.unwrap();
        let due = || async {
            let items = by_due(&desk, &ada, "").await;
            items[0].due.map(|due| due.clock)
        };
        let settle = || async {
            desk.clock.advance(30_000);
            desk.run_jobs().await;
        };
        // Who hears nothing within five days hears of it; a partner may be silent.
        let mut targets = desk.desk.targets().await.unwrap();
        for quality in &mut targets.qualities {
            for kind in [TargetKind::Response, TargetKind::Answer] {
                let promise = quality.promises.get_mut(&kind).unwrap();
                promise.leave_out.insert(Turn::Partner);
            }
        }
        desk.desk.set_targets(&ada, targets).await.unwrap();
        settle().await;
        assert_eq!(turn(&desk, number).await, (Turn::Owner, false));
        assert!(due().await.is_some());

        let partner = paused_partner(&desk, &f, f.kernel).await;
        let stands = |units: &[&str]| Changed {
            units: Some(units.iter().map(|u| (*u).to_owned()).collect()),
            ..Changed::default()
        };
        let change = stands(&["network"]);
        desk.desk
            .change_partner(&ada, partner, change)
            .await
            .unwrap();
        settle().await;
        assert_eq!(turn(&desk, number).await, (Turn::Partner, true));
        assert_eq!(due().await, None, "all stands still");
        assert!(measured(&desk, number).await.as_stored);

        let change = stands(&[]);
        desk.desk
            .change_partner(&ada, partner, change)
            .await
            .unwrap();
        settle().await;
        assert_eq!(turn(&desk, number).await, (Turn::Owner, false));
        assert!(due().await.is_some());

        let change = stands(&["network"]);
        desk.desk
            .change_partner(&ada, partner, change)
            .await
            .unwrap();
        // Of tickets about some services only: it is the partner's where it has no others.
        desk.service("wan", "Wide network", f.network).await;
        for (services, whose) in [
            (vec!["wan"], Turn::Owner),
            (vec!["links", "wan"], Turn::Partner),
        ] {
            let change = Changed {
                services: Some(services.into_iter().map(str::to_owned).collect()),
                ..Changed::default()
            };
            desk.desk
                .change_partner(&ada, partner, change)
                .await
                .unwrap();
            settle().await;
            assert_eq!(turn(&desk, number).await.0, whose);
        }
        desk.desk.end_partner(&ada, partner).await.unwrap();
        settle().await;
        assert_eq!(turn(&desk, number).await, (Turn::Owner, false));
    });
}

/// A unit all of whose services are coupled works elsewhere; one that has another one
/// does not.
#[test]
fn a_unit_whose_services_are_all_coupled_is_a_partner_s() {
    both_configured(&crate::exchange::keeping(), |desk| async move {
        let w = crate::exchange::world(&desk).await;
        let number = crate::exchange::opens(&desk, &w.rita, "sky-atlas").await;
        let settle = || async {
            desk.clock.advance(30_000);
            desk.run_jobs().await;
        };
        settle().await;
        let service = crate::onboarding::service(&desk, "sky-atlas")
            .await
            .unwrap();
        let ticket = crate::exchange::stored(&desk, number).await.0;
        assert_eq!(ticket.unit, service.unit);
        assert_eq!(turn(&desk, number).await.0, Turn::Partner);
        let ada = &w.cast.ada_acts;
        let unit = desk.desk.catalogue().await.unwrap();
        let unit = unit.unit(service.unit).unwrap().key.clone();
        let another = ServiceEdit {
            name: Some("Another".into()),
            unit: Some(unit),
            ..ServiceEdit::default()
        };
        let another = desk.desk.create_service(ada, another).await.unwrap();
        settle().await;
        assert_eq!(turn(&desk, number).await.0, Turn::Owner);
        let retired = ServiceEdit {
            active: Some(false),
            ..ServiceEdit::default()
        };
        let key = another.service.key;
        desk.desk
            .change_service(ada, &key, None, retired)
            .await
            .unwrap();
        settle().await;
        assert_eq!(turn(&desk, number).await.0, Turn::Partner);
    });
}

/// A unit all of whose services go to a mailing list works there; the desk only keeps
/// their tickets in sight.
#[test]
fn a_unit_whose_services_all_go_to_a_list_is_a_partner_s() {
    both(|desk| async move {
        let f = desk.federation().await;
        let before = crate::redirect::open(&desk, &f.rita).await;
        let catalogue = desk.desk.catalogue().await.unwrap();
        let archive = catalogue.find_service("service", "archive").unwrap();
        let others: Vec<_> = catalogue
            .services
            .iter()
            .filter(|s| s.active && s.unit == archive.unit && s.id != archive.id)
            .cloned()
            .collect();
        let fay = actor(&desk, &f.fay).await;
        let given = desk
            .desk
            .act(&fay, before, None, vec![assign(archive.unit)]);
        given.await.unwrap();
        assert_eq!(turn(&desk, before).await, (Turn::Owner, false));

        crate::redirect::goes_to(&desk, "storage-help@lists.example").await;
        for mut other in others {
            assert_eq!(
                turn(&desk, before).await.0,
                Turn::Owner,
                "one is worked on here"
            );
            other.active = false;
            desk.desk.save_service(other).await.unwrap();
        }
        desk.clock.advance(60_000);
        let number = crate::redirect::open(&desk, &f.rita).await;
        let given = desk
            .desk
            .act(&fay, number, None, vec![assign(archive.unit)]);
        given.await.unwrap();
        assert_eq!(turn(&desk, number).await.0, Turn::Partner);
    });
}

/// The rows of the example's table that has this header.
fn table(header: &str) -> Vec<Vec<&'static str>> {
    let lines = DOCUMENT
        .lines()
        .skip_while(|line| !line.starts_with(header));
    let rows: Vec<Vec<&str>> = lines
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    assert!(!rows.is_empty(), "no rows below {header}");
    rows
}

/// `2026-10-23 13:00`, in UTC.
fn moment(text: &str) -> Millis {
    let (day, time) = text.split_once(' ').unwrap();
    let at: Timestamp = format!("{day}T{time}:00Z").parse().unwrap();
    at.as_millisecond()
}

/// The units of the example with the desk's.
async fn units(desk: &TestDesk, f: &Federation) -> BTreeMap<&'static str, UnitId> {
    let ada = actor(desk, &f.ada).await;
    let catalogue = desk.desk.catalogue().await.unwrap();
    let mut units = BTreeMap::new();
    for row in table("| unit | time zone") {
        let [name, zone, hours, holidays, quality, partner] = row[..] else {
            panic!("{row:?}");
        };
        let id = match name {
            "First level" => f.first,
            "Storage" => f.storage,
            "Archive" => f.network,
            _ => f.kernel,
        };
        if partner == "yes" {
            paused_partner(desk, f, id).await;
        }
        units.insert(name, id);
        let edit = UnitEdit {
            time_zone: Some(zone.into()),
            hours: Some(hours.into()),
            holidays: Some(
                holidays
                    .split_whitespace()
                    .map(|date| Holiday {
                        date: date.into(),
                        name: String::new(),
                        hours: Vec::new(),
                    })
                    .collect(),
            ),
            qos: Some(quality.into()),
            ..UnitEdit::default()
        };
        let key = &catalogue.unit(id).unwrap().key;
        desk.desk.change_unit(&ada, key, None, edit).await.unwrap();
    }
    units
}

/// The example of `docs/worked-example.md`, played through the desk.
#[test]
fn the_worked_example_shows_its_figures() {
    both(|desk| async move {
        let f = desk.federation().await;
        let units = units(&desk, &f).await;
        let mut targets = desk.desk.targets().await.unwrap();
        for quality in &mut targets.qualities {
            let solution = quality.promises.get_mut(&TargetKind::Solution).unwrap();
            solution.medium = "3 wd".parse().ok();
        }
        let ada = actor(&desk, &f.ada).await;
        desk.desk.set_targets(&ada, targets).await.unwrap();

        let mut number = TicketNumber(0);
        for row in table("| step |") {
            desk.clock.set(moment(row[1]));
            let public = EntryVisibility::Public;
            let start = || Step::Command(Command::Start);
            let (who, steps) = match row[0] {
                "1" => {
                    number = open(&desk, &f.rita, 10).await;
                    continue;
                }
                "2" => (&f.fay, vec![assign(units["Storage"])]),
                "3" => (&f.sam, vec![start()]),
                "4" => (&f.sam, vec![said(public), waits()]),
                "5" => (&f.rita, vec![said(public)]),
                "6" => (&f.sam, vec![assign(units["Archive"])]),
                "7" => (&f.nina, vec![start()]),
                "8" => (&f.nina, vec![assign(units["Tapes"])]),
                "9" => (&f.ada, vec![assign(units["Archive"])]),
                "10" => (&f.nina, vec![start(), solve()]),
                "12" => (&f.nina, vec![solve()]),
                "11" => (&f.rita, vec![Step::Reopen(Some(draft("It is back.")))]),
                "13" => (&f.rita, vec![Step::Command(Command::Verify)]),
                other => panic!("a step more than the story has: {other}"),
            };
            let who = actor(&desk, who).await;
            desk.desk.act(&who, number, None, steps).await.unwrap();
        }
        let by_history = measured(&desk, number).await;
        assert!(by_history.as_stored);
        let mut shown: Vec<_> = by_history
            .legs
            .iter()
            .map(|l| {
                let (end, how) = l.leg.end.unwrap();
                let within = l.figure.within.map(|w| w.to_string());
                let minutes = l.figure.used / 60_000;
                (
                    (l.leg.kind, l.leg.unit, l.leg.from, end),
                    (how.key().to_owned(), minutes, within, l.figure.due),
                )
            })
            .collect();
        let mut written: Vec<_> = table("| clock | unit")
            .iter()
            .map(|row| {
                let (hours, minutes) = row[5].split_once(':').unwrap();
                let used =
                    hours.parse::<Millis>().unwrap() * 60 + minutes.parse::<Millis>().unwrap();
                let due = Some(row[7]).filter(|due| !due.is_empty()).map(moment);
                (
                    (
                        TargetKind::parse(row[0]).unwrap(),
                        units[row[1]],
                        moment(row[2]),
                        moment(row[3]),
                    ),
                    (row[4].to_owned(), used, Some(row[6].to_owned()), due),
                )
            })
            .collect();
        shown.sort();
        written.sort();
        assert_eq!(shown, written);
        let minutes = |text: &str| {
            let (hours, minutes) = text.split_once(':').unwrap();
            hours.parse::<Millis>().unwrap() * 60 + minutes.parse::<Millis>().unwrap()
        };
        let held: Vec<_> = by_history
            .held
            .iter()
            .map(|h| (h.turn.key(), h.calendar / 60_000, h.working / 60_000))
            .collect();
        let by_hand: Vec<_> = table("| whose turn |")
            .iter()
            .map(|row| (row[0], minutes(row[1]), minutes(row[2])))
            .collect();
        assert_eq!(held, by_hand);
    });
}
