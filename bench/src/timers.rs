//! Ten thousand reminders that are due at the same moment, and what people wait for
//! meanwhile.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use desk::{Clock, OpenRequest, Step, SystemClock};
use store::Db;
use switchboard_core::{Actor, Channel, Command, Millis, TicketNumber};
use tokio::task::JoinSet;

use crate::bare::Link;
use crate::fill;
use crate::flood::{self, PAGES};
use crate::report::Line;
use crate::rows::Cell;
use crate::run::{catch_up, tickets_of};
use crate::say;
use crate::stand::Stand;

/// How many are due.
const COUNT: usize = 10_000;
/// How many tickets are made at once.
const AT_ONCE: usize = 64;
/// So long ago the requesters were asked: five working days have passed since then,
/// after which they are reminded, but not the ten after which they are again.
const AGO: Millis = 8 * 86_400_000;
/// For so long pages are read before, while nothing is due.
const BEFORE: Duration = Duration::from_secs(20);
/// From one page to the next of the one person who reads.
const READS: Duration = Duration::from_millis(20);
/// Nobody waits longer for the reminders.
const PATIENCE: Duration = Duration::from_secs(180);

/// A clock that is late.
#[derive(Debug)]
struct Ago(Millis);

impl Clock for Ago {
    fn now(&self) -> Millis {
        SystemClock.now() - self.0
    }
}

/// Lets reminders come due while nobody serves, starts the product, and reads pages until
/// all are given; before that, pages while nothing is due.
///
/// # Errors
/// When a page is not answered, or a ticket's requester is not reminded exactly once.
pub(crate) fn measure(
    stand: &Stand,
    binary: &std::path::Path,
    lines: &mut Vec<Line>,
) -> anyhow::Result<()> {
    let mut link = stand.bare.link()?;
    let numbers = tickets_of(stand, &mut link)?;
    let db = stand.db()?;
    let server = stand.start(binary)?;
    settle(&mut link, &db)?;
    let begun = Instant::now();
    let alone = flood::pages(stand, &server, &numbers, READS, || {
        Ok(begun.elapsed() < BEFORE)
    })?;
    drop(server);

    let waiting = ask(stand)?;
    ensure!(due(&mut link)? >= COUNT, "the reminders are not due");
    let server = stand.start(binary)?;
    // The job looks once a minute; what is measured begins with its first batch.
    let begun = Instant::now();
    while due(&mut link)? >= COUNT && begun.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(5));
    }
    let waited = begun.elapsed();
    let begun = Instant::now();
    let beside = flood::pages(stand, &server, &numbers, READS, || {
        Ok(due(&mut link)? > 0 && begun.elapsed() < PATIENCE)
    })?;
    let took = begun.elapsed();
    let left = due(&mut link)?;
    ensure!(left == 0, "{left} reminders were not given");
    let told = catch_up(&db)?;
    once_each(&mut link, &waiting)?;
    drop(server);

    let seconds = took.as_secs_f64();
    say(&format!("{COUNT} reminders given in {seconds:.1} s"));
    lines.push(
        Line::one(
            "10,000 timers due at once, until all are handled",
            "s",
            seconds,
        )
        .goal("≤ 30", seconds <= 30.0)
        .note(format!(
            "from the first batch, which began {:.0} s after the server; each requester \
             reminded once; search and notices were up {:.1} s later",
            waited.as_secs_f64(),
            told.as_secs_f64()
        )),
    );
    for ((what, _), (alone, beside)) in PAGES.iter().zip(alone.iter().zip(&beside)) {
        lines.push(
            Line::times(format!("{what}, while timers are due"), beside)
                .beside_times(alone)
                .goal("≤ 2 × alone at p95", beside.p95 <= 2.0 * alone.p95)
                .note("in the columns of bare SQL: the same page while none is due"),
        );
    }
    Ok(())
}

/// Waits until nothing is due any more and everything is told.
fn settle(link: &mut Link, db: &Db) -> anyhow::Result<()> {
    let begun = Instant::now();
    while due(link)? > 0 {
        if begun.elapsed() > PATIENCE {
            bail!("timers that were due before did not come to an end");
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    catch_up(db)?;
    Ok(())
}

/// Timers that are due.
fn due(link: &mut Link) -> anyhow::Result<usize> {
    link.run(
        "SELECT 1 FROM timer WHERE due_at <= $1",
        &[Cell::Int(SystemClock.now())],
    )
}

/// Opens tickets and asks their requesters something, all of it some days ago.
fn ask(stand: &Stand) -> anyhow::Result<Vec<TicketNumber>> {
    let desk = fill::desk_at(&stand.url, stand.data.path(), Arc::new(Ago(AGO)))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let begun = Instant::now();
    let numbers = runtime.block_on(async {
        let catalogue = desk.catalogue().await?;
        let unit = catalogue.unit(stand.unit).map(|u| u.key.clone());
        let requester = Actor::plain(stand.first.person, "First", Channel::Api);
        let staff = desk.actor_for(stand.agent.person, Channel::Api).await?;
        let mut numbers = Vec::with_capacity(COUNT);
        while numbers.len() < COUNT {
            let mut asking = JoinSet::new();
            for nth in numbers.len()..(numbers.len() + AT_ONCE).min(COUNT) {
                let (desk, unit) = (desk.clone(), unit.clone());
                let (requester, staff) = (requester.clone(), staff.clone());
                asking.spawn(async move {
                    let request = OpenRequest {
                        subject: format!("No quota, {nth}"),
                        description: "It is used up.".into(),
                        unit,
                        ..OpenRequest::default()
                    };
                    let opened = desk.open_ticket(&requester, request).await?;
                    let asked = Step::Command(Command::Await { reminder: None });
                    desk.act(&staff, opened.number, None, vec![asked]).await?;
                    Ok::<_, desk::Error>(opened.number)
                });
            }
            while let Some(asked) = asking.join_next().await {
                numbers.push(asked??);
            }
        }
        // These are not to be told once more: what is measured is what time does.
        desk.db()
            .write(|c| {
                let last = store::event::last(c)?;
                for reader in fill::FOLLOWERS {
                    store::event::set_position(c, reader, last)?;
                }
                Ok::<_, store::Error>(())
            })
            .await?;
        Ok::<_, anyhow::Error>(numbers)
    })?;
    say(&format!(
        "asked {COUNT} requesters in {:.1} s",
        begun.elapsed().as_secs_f64()
    ));
    Ok(numbers)
}

/// Whether each ticket has exactly one reminder in its history.
fn once_each(link: &mut Link, waiting: &[TicketNumber]) -> anyhow::Result<()> {
    for number in waiting {
        let given = link.run(
            "SELECT 1 FROM event WHERE ticket = $1 AND kind = 'reminded' AND data LIKE '%\"answer\"%'",
            &[Cell::Int(number.0)],
        )?;
        ensure!(given == 1, "ticket {number} has {given} reminders");
    }
    Ok(())
}
