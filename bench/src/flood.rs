//! What people wait for while mails come in as fast as they ever will.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::bail;
use desk::{Clock as _, SystemClock};

use crate::fill;
use crate::mails::{self, Pace};
use crate::report::{Line, Times};
use crate::run::{behind, catch_up, full, tickets_of};
use crate::say;
use crate::server::Server;
use crate::stand::Stand;
use crate::words::Rng;

/// 20,000 mails in ten minutes.
const APART: Duration = Duration::from_millis(30);
/// For so long they come, at that rate.
const LASTS: Duration = Duration::from_secs(120);
/// For so long pages are read before, while no mail comes.
const BEFORE: Duration = Duration::from_secs(40);
/// From one page to the next of the one person who reads.
const READS: Duration = Duration::from_millis(50);

/// Reads pages in turn, a list and a ticket in the workspace and the list by API,
/// first alone, then while mails come by LMTP into the serving process.
///
/// # Errors
/// When a page is not answered, or a mail that was acknowledged does not become an
/// entry.
pub(crate) fn measure(stand: &Stand, server: &Server, lines: &mut Vec<Line>) -> anyhow::Result<()> {
    let numbers = tickets_of(stand, &mut stand.bare.link()?)?;
    let begun = Instant::now();
    let alone = pages(stand, server, &numbers, READS, || {
        Ok(begun.elapsed() < BEFORE)
    })?;
    let desk = fill::desk(&stand.url, stand.data.path())?;
    let count = (LASTS.as_secs_f64() / APART.as_secs_f64()) as usize;
    let mut rng = Rng::new(SystemClock.now().unsigned_abs() + 3);
    let mails: Arc<Vec<_>> = Arc::new((0..count).map(|_| mails::mail(stand, &mut rng)).collect());
    let sender = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let taken = sender.block_on(mails::entries(&desk))?;
    let cpu = server.cpu_seconds()?;
    let pace = Pace {
        begun: Instant::now(),
        lasts: LASTS,
        apart: APART,
    };
    let to = &desk.config().mail_address;
    let handing = mails::hand_all_over(
        sender.handle(),
        (server.mail, mails::CONNECTIONS),
        to,
        &mails,
        pace,
    );
    let beside = pages(stand, server, &numbers, READS, || {
        Ok(pace.begun.elapsed() < LASTS)
    })?;
    let mut handed = 0;
    for one in handing {
        handed += sender.block_on(one)??;
    }
    let rate = handed as f64 / pace.begun.elapsed().as_secs_f64();
    let behind = behind(desk.db())?;
    let caught_up = catch_up(desk.db())?;
    while sender.block_on(mails::entries(&desk))? - taken < handed {
        if pace.begun.elapsed() > LASTS * 2 {
            bail!("mails that were acknowledged did not become entries");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let cpu = (server.cpu_seconds()? - cpu) / handed.max(1) as f64;
    say(&format!(
        "{handed} mails at {rate:.1}/s while pages were read"
    ));
    lines.push(Line::one("mails that came while pages were read", "1/s", rate).note(format!(
        "{handed} in {} s, each opened a ticket; search and notices were {behind} events behind at \
         the end and caught up after {:.1} s; {:.2} ms processor time a mail with the pages",
        LASTS.as_secs(),
        caught_up.as_secs_f64(),
        cpu * 1_000.0,
    )));
    for ((what, _), (alone, beside)) in PAGES.iter().zip(alone.iter().zip(&beside)) {
        lines.push(
            Line::times(format!("{what}, while mails come"), beside)
                .beside_times(alone)
                .goal("≤ 2 × alone at p95", beside.p95 <= 2.0 * alone.p95)
                .note("in the columns of bare SQL: the same page while none comes"),
        );
    }
    Ok(())
}

/// What is read, and by whom: with a session or by token.
pub(crate) const PAGES: [(&str, bool); 3] = [
    ("list of 50 as a page", true),
    ("ticket as a page", true),
    ("list of 50 by API", false),
];

/// Reads them in turn, one each `apart`, for as long as it is told to go on.
///
/// # Errors
/// When one is not answered.
pub(crate) fn pages(
    stand: &Stand,
    server: &Server,
    numbers: &[i64],
    apart: Duration,
    mut goes_on: impl FnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<Vec<Times>> {
    let mut browser = stand.browser(server, &stand.agent)?;
    let mut client = stand.client(server, &stand.agent);
    full(stand, &mut browser, "/work?view=open")?;
    let mut times = vec![Vec::new(); PAGES.len()];
    let begun = Instant::now();
    let mut number = 0u32;
    while goes_on()? {
        let which = number as usize % PAGES.len();
        let path = match which {
            0 => "/work?view=open".to_owned(),
            1 => format!("/work/{}", numbers[number as usize % numbers.len()]),
            _ => "/api/v1/tickets?q=status%3Aopen&limit=50".to_owned(),
        };
        let by = if PAGES[which].1 {
            &mut browser
        } else {
            &mut client
        };
        let start = Instant::now();
        stand.runtime.block_on(by.get(&path))?.want(200)?;
        times[which].push(start.elapsed().as_secs_f64() * 1_000.0);
        number += 1;
        let next = apart.saturating_mul(number);
        std::thread::sleep(next.saturating_sub(begun.elapsed()));
    }
    Ok(times.into_iter().map(Times::of).collect())
}
