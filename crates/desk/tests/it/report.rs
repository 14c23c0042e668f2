//! Reports of the desk: what is kept with each ticket is what its history gives, and
//! packed blocks say the same as the tickets.

use desk::report::{Asked, Only, Sheet};
use store::report::BLOCK;
use switchboard_core::clock::Happened;
use switchboard_core::report::table::{EXCHANGE_LAG, REPORTS};
use switchboard_core::report::{Dimension, Past};
use switchboard_core::{Actor, Channel};
use testkit::{Federation, TestDesk, both};

use crate::ticket_clock::{Dice, open, something};

fn system() -> Actor {
    Actor::system(Channel::Job)
}

/// People do this and that with some tickets for a while.
async fn lives(desk: &TestDesk, f: &Federation, seed: u64, deeds: usize) {
    let mut dice = Dice(seed);
    let mut tickets = Vec::new();
    for deed in 0..deeds {
        if deed % 8 == 0 {
            tickets.push(open(desk, &f.rita, 1 + dice.below(40) as u32).await);
        }
        something(desk, f, &tickets, &mut dice).await;
    }
}

/// Every report, grouped by everything.
async fn everything(desk: &TestDesk, who: &Actor) -> Vec<Sheet> {
    let mut sheets = Vec::new();
    for report in REPORTS.iter().filter(|r| r.key != EXCHANGE_LAG) {
        for group in Dimension::OFFERED {
            let asked = Asked {
                report: report.key.to_owned(),
                group: group.key().to_owned(),
                from: "2026-01-01".to_owned(),
                only: Only::new(),
                ..Asked::default()
            };
            sheets.push(desk.desk.report(who, asked).await.unwrap());
        }
    }
    sheets
}

async fn run(desk: &TestDesk) {
    desk.clock.advance(900_000);
    desk.run_jobs().await;
}

#[test]
fn what_is_kept_of_a_ticket_is_what_its_history_gives() {
    both(|desk| async move {
        let f = desk.federation().await;
        lives(&desk, &f, 20_261_127, 160).await;
        let catalogue = desk.desk.catalogue().await.unwrap();
        let measures = desk
            .desk
            .db()
            .read(move |c| {
                let mut measures = 0;
                for counted in store::report::between(c, 0, i64::MAX)? {
                    let number = counted.ticket.number;
                    let events = store::event::of_ticket(c, number, 0, i64::MAX)?;
                    let happened = events.iter().map(|e| (Happened::Change(&e.change), e.at));
                    let (_, past) = Past::replay(happened, catalogue.terms()).unwrap();
                    let kept = counted.past.unwrap();
                    measures += kept.measures.len();
                    assert_eq!(kept, past, "ticket {number}");
                }
                Ok::<_, store::Error>(measures)
            })
            .await
            .unwrap();
        assert!(measures >= 20, "{measures}");

        // What time does to them is done, so that nothing but the recomputing comes after.
        desk.desk.start_timers().await.unwrap();
        desk.desk.run_jobs().await.unwrap();
        // Recomputed from the events alone, every report is the same to the digit.
        let live = everything(&desk, &system()).await;
        desk.desk
            .db()
            .write(|c| c.execute("UPDATE ticket SET past = NULL", &[]).map(drop))
            .await
            .unwrap();
        assert_eq!(
            everything(&desk, &system()).await,
            live,
            "counted by history"
        );
        desk.desk.start_timers().await.unwrap();
        desk.desk.run_jobs().await.unwrap();
        assert_eq!(everything(&desk, &system()).await, live, "kept anew");
        let left = desk.desk.db().read(|c| {
            let from = switchboard_core::TicketNumber(i64::MAX);
            store::ticket_clock::without(c, from, 1)
        });
        assert!(left.await.unwrap().is_empty());
    });
}

#[test]
fn packed_blocks_say_what_the_tickets_say_whatever_changes() {
    both(|desk| async move {
        let f = desk.federation().await;
        desk.desk.start_timers().await.unwrap();
        // The next number begins a block soon.
        desk.desk
            .db()
            .write(|c| store::counter::advance(c, "ticket", BLOCK - 8).map(drop))
            .await
            .unwrap();
        lives(&desk, &f, 7, 120).await;
        let as_they_are = everything(&desk, &system()).await;
        let packed = || {
            desk.desk.db().read(|c| {
                let mut blocks = Vec::new();
                store::report::blocks(c, (0, i64::MAX), |number, _| {
                    blocks.push(number);
                    Ok(())
                })?;
                Ok::<_, store::Error>(blocks)
            })
        };
        assert!(packed().await.unwrap().is_empty());
        let now = desk.desk.report(&system(), asked("closed")).await.unwrap();
        run(&desk).await;
        assert_eq!(packed().await.unwrap(), [0], "whole blocks only");
        let closed = |sheet: &Sheet| sheet.total.clone().unwrap().values;
        let later = desk.desk.report(&system(), asked("closed")).await.unwrap();
        assert_eq!(closed(&later), closed(&now));
        drop(as_they_are);
        // Changes are seen at once, before they are packed and after.
        for seed in 0..3 {
            let numbers = (BLOCK - 7..BLOCK + 5).map(switchboard_core::TicketNumber);
            let numbers: Vec<_> = numbers.collect();
            let mut dice = Dice(seed);
            for _ in 0..25 {
                something(&desk, &f, &numbers, &mut dice).await;
            }
            let live = everything(&desk, &system()).await;
            let bare = bare(&desk).await;
            assert_eq!(live, bare, "before they are packed");
            let before = everything(&desk, &system()).await;
            for _ in 0..2 {
                assert!(desk.desk.pack_reports().await.unwrap() <= 50);
            }
            assert_eq!(everything(&desk, &system()).await, before, "packed");
        }
    });
}

fn asked(report: &str) -> Asked {
    Asked {
        report: report.to_owned(),
        from: "2026-01-01".to_owned(),
        ..Asked::default()
    }
}

/// The same without any block: as if they had never been packed.
async fn bare(desk: &TestDesk) -> Vec<Sheet> {
    let db = desk.desk.db();
    let kept = db
        .write(|c| {
            let kept = store::setting::get(c, "reports.built")?;
            store::setting::set(c, "reports.built", "0", 0)?;
            Ok::<_, store::Error>(kept)
        })
        .await
        .unwrap();
    let sheets = everything(desk, &system()).await;
    db.write(move |c| {
        store::setting::set(c, "reports.built", kept.as_deref().unwrap_or_default(), 0)
    })
    .await
    .unwrap();
    sheets
}
