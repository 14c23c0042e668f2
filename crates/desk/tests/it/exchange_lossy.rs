//! The exchange with a real RT through a network that loses and repeats a tenth of
//! what goes over it, by a desk whose rounds die anywhere, while people write on
//! both sides. After a minute of quiet both have the same, once.

use std::time::{Duration, Instant};

use desk::{EntryDraft, NewFile, OpenRequest, Step};
use switchboard_core::{Actor, EntryVisibility, TicketNumber};
use testkit::{Loss, TestDesk, both_configured, rt_server};

use crate::exchange::{PUBLIC, coupled, keeping};
use crate::exchange_in::here;
use crate::exchange_ledger::{ExchangeLedger, Side, There};
use crate::exchange_rt::reaches_through;
use crate::onboarding::{accepted, actor, cast};

const SEED: u64 = 4_711;
/// So many exchanges have to be lost or repeated.
const STRUCK: usize = 4;

/// A seeded generator (xorshift64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

async fn opens(desk: &TestDesk, ledger: &ExchangeLedger, who: &Actor) {
    let word = ledger.word(Side::Here);
    let request = OpenRequest {
        subject: ledger.subject(),
        description: word.clone(),
        service: Some("sky-atlas".into()),
        ..OpenRequest::default()
    };
    desk.desk.open_ticket(who, request).await.unwrap();
    ledger.stored(&word);
}

async fn writes(
    desk: &TestDesk,
    ledger: &ExchangeLedger,
    who: &Actor,
    number: TicketNumber,
    side: Side,
    file: bool,
) {
    let (word, name) = (ledger.word(side), file.then(|| ledger.word(Side::File)));
    let draft = EntryDraft {
        body: word.clone(),
        files: name
            .iter()
            .map(|name| NewFile {
                name: format!("{name}.txt"),
                media_type: "text/plain".into(),
                bytes: b"seventeen".to_vec(),
                content_id: None,
            })
            .collect(),
        ..EntryDraft::default()
    };
    let visibility = if side == Side::Note {
        EntryVisibility::Internal
    } else {
        PUBLIC
    };
    let step = Step::Write(visibility, draft);
    desk.desk.act(who, number, None, vec![step]).await.unwrap();
    ledger.stored(&word);
    name.iter().for_each(|name| ledger.stored(name));
}

#[test]
fn nothing_is_lost_or_doubled_through_a_bad_network_by_a_desk_that_dies() {
    let Some(server) = rt_server() else { return };
    both_configured(&keeping(), |desk| {
        let server = server.clone();
        async move {
            let began = Instant::now();
            let cast = cast(&desk).await;
            accepted(&desk, &cast, coupled("Data")).await;
            // From here on RT is read.
            let proxy = reaches_through(&desk, &server).await;
            let rita = actor(&desk, &cast.f.rita).await;
            let ledger = ExchangeLedger::new("Data");
            let there = There {
                rt: &server,
                ledger: &ledger,
            };
            let mut dice = Dice(SEED);
            proxy.at_random(SEED, 10, &[Loss::Unheard, Loss::Unanswered, Loss::Repeated]);
            let (mut died, mut n) = (0, 0);
            while n < 12 || (proxy.struck() < STRUCK || died < 3) && n < 40 {
                let numbers = here(&desk).await;
                let some = usize::try_from(dice.below(1_000)).unwrap() % numbers.len().max(1);
                match (numbers.get(some), if n < 2 { 0 } else { dice.below(6) }) {
                    (None, _) | (_, 0) => opens(&desk, &ledger, &rita).await,
                    (Some(number), 1) => {
                        writes(&desk, &ledger, &cast.ada_acts, *number, Side::Note, false).await;
                    }
                    (Some(number), what) => {
                        let file = what == 2;
                        writes(&desk, &ledger, &cast.ada_acts, *number, Side::Here, file).await;
                    }
                }
                n += 1;
                there.act(dice.below(1_000));
                desk.clock.advance(5_000);
                // The process dies somewhere within its rounds, or does not.
                let life = Duration::from_millis(30 + dice.below(1_500));
                died += u32::from(tokio::time::timeout(life, desk.run_jobs()).await.is_err());
                // The clock of the test runs faster than RT: what RT was told to do is
                // done before the minute in which that has to be is over.
                proxy.rests().await;
            }
            proxy.calm();
            for _ in 0..12 {
                desk.clock.advance(5_000);
                desk.run_jobs().await;
            }
            let wrong = ledger.differences(desk.desk.db(), &server).await;
            println!(
                "{} words, {} exchanges struck, {died} deaths, {:?}",
                ledger.count(),
                proxy.struck(),
                began.elapsed()
            );
            assert!(wrong.is_empty(), "{wrong:#?}");
            assert!(proxy.struck() >= STRUCK && died >= 3, "{died} deaths");
            // And quiet it stays.
            for _ in 0..12 {
                desk.clock.advance(10_000);
                desk.run_jobs().await;
            }
            let wrong = ledger.differences(desk.desk.db(), &server).await;
            assert!(wrong.is_empty(), "{wrong:#?}");
        }
    });
}
