//! One run of all measurements against one filled database.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use desk::{Clock as _, SystemClock};
use store::Db;

use crate::access;
use crate::awake::Awake;
use crate::bare::{self, Link};
use crate::flood;
use crate::http::{Client, ROW};
use crate::mails;
use crate::report::{self, Line, Report, Times};
use crate::reports;
use crate::rows::Cell;
use crate::say;
use crate::server::{self, Server};
use crate::stand::{BareRate, Stand, Who, encode};
use crate::timers;
use crate::words::Rng;

/// Clients at once.
pub(crate) const CLIENTS: [usize; 3] = [1, 8, 64];

/// How long one measurement of a rate lasts at most, and how many creations it
/// has at most.
pub(crate) const LASTS: Duration = Duration::from_secs(5);
pub(crate) const MOST: usize = 8_000;

/// Tickets on a page of a list.
const PAGE: usize = 50;
/// How often one page is read.
const READS: usize = 300;
/// … in at most this time.
const READING: Duration = Duration::from_secs(12);

/// What is to be run.
pub(crate) struct Options {
    /// The database.
    pub(crate) url: String,
    /// The product's binary.
    pub(crate) server: Option<PathBuf>,
    /// Where the results go.
    pub(crate) results: PathBuf,
    /// The results' name; made from database and size when it is not given.
    pub(crate) name: Option<String>,
    /// What is measured; all when empty.
    pub(crate) only: Vec<Part>,
    /// No processor sleeps meanwhile.
    pub(crate) awake: bool,
}

/// A part of the measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Part {
    /// Lists and tickets.
    Pages,
    /// Searching.
    Search,
    /// Creating tickets.
    Create,
    /// Taking mails in.
    Mail,
    /// The same pages for people with more and fewer rights.
    Access,
    /// Reports over a year.
    Reports,
    /// Pages while mails come in, minutes long: only where it is asked for.
    Flood,
    /// Pages while ten thousand timers are due at once: only where it is asked for.
    Timers,
}

impl Options {
    fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

/// Measures everything and writes it down.
///
/// # Errors
/// When the database was not filled, the server does not start, or an answer
/// is not what it should be.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let binary = server::binary(options.server.clone())?;
    let mut machine = report::machine();
    let _awake = options.awake.then(Awake::start).transpose()?;
    if options.awake {
        machine.push("processors kept awake".to_owned());
    }
    let mut lines = Vec::new();
    let stand = Stand::new(&options.url)?;
    let size = std::fs::metadata(&binary)?.len() as f64 / 1e6;
    lines.push(Line::one("binary", "MB", size));
    // While nobody serves: the bare database has the machine to itself, as
    // the product has it later.
    let creations = match options.wants(Part::Create) {
        true => stand.bare_creations()?,
        false => Vec::new(),
    };
    let people = match options.wants(Part::Access) {
        true => Some(access::People::enrol(&stand)?),
        false => None,
    };
    if options.wants(Part::Reports) {
        reports::pack(&stand, &mut lines)?;
    }
    starts(&stand, &binary, &mut lines)?;
    let server = stand.start(&binary)?;
    // What was written by bare SQL is not for the followers.
    std::thread::sleep(Duration::from_secs(3));
    let rest = server.resident_mb()?;
    lines.push(Line::one("memory at rest", "MB", rest).goal("≤ 60", rest <= 60.0));
    if options.wants(Part::Pages) {
        pages(&stand, &server, &mut lines)?;
    }
    if options.wants(Part::Search) {
        searches(&stand, &server, &mut lines)?;
    }
    if let Some(people) = &people {
        access::measure(&stand, &server, people, &mut lines)?;
    }
    creation(&stand, &server, &creations, &mut lines)?;
    if options.only.contains(&Part::Flood) {
        flood::measure(&stand, &server, &mut lines)?;
    }
    lines.push(
        Line::one("memory under load, most", "MB", server.peak_mb()?)
            .note("after reading, searching and creating with 64 clients"),
    );
    if options.wants(Part::Reports) {
        reports::measure(&stand, &server, &mut lines)?;
        lines.push(
            Line::one(
                "memory under load, most, reports included",
                "MB",
                server.peak_mb()?,
            )
            .note("a report looks at the years it asks for, ticket by ticket"),
        );
    }
    drop(server);
    if options.only.contains(&Part::Timers) {
        timers::measure(&stand, &binary, &mut lines)?;
    }
    if options.wants(Part::Mail) {
        mails::measure(&stand, &mut lines)?;
    }
    machine.push(format!("load average at the end: {}", report::load()));
    let database = if stand.bare.is_sqlite() {
        "sqlite"
    } else {
        "postgres"
    };
    let report = Report {
        title: None,
        beside: Some("bare SQL"),
        database,
        tickets: stand.filled.tickets,
        at: SystemClock.now(),
        machine,
        lines,
    };
    let name = options
        .name
        .clone()
        .unwrap_or_else(|| format!("{database}-{}", stand.filled.tickets));
    report.write(&options.results, &name)?;
    say(&report.markdown());
    Ok(())
}

fn starts(stand: &Stand, binary: &Path, lines: &mut Vec<Line>) -> anyhow::Result<()> {
    let mut times = Vec::new();
    for _ in 0..7 {
        times.push(stand.start(binary)?.ready_after.as_secs_f64() * 1_000.0);
    }
    let times = Times::of(times);
    lines.push(
        Line::times("from start to ready", &times)
            .goal("≤ 300", times.p95 <= 300.0)
            .note("7 starts on the filled database after kill -9"),
    );
    Ok(())
}

/// How often the product is read before bare SQL's turn, and the other way round.
const TURN: usize = 25;

/// Milliseconds of each of a few readings; each gets its number.
fn timed(
    numbers: std::ops::Range<usize>,
    mut read: impl FnMut(usize) -> anyhow::Result<()>,
) -> anyhow::Result<Vec<f64>> {
    numbers
        .map(|i| {
            let start = Instant::now();
            read(i)?;
            Ok(start.elapsed().as_secs_f64() * 1_000.0)
        })
        .collect()
}

/// Takes times of several kinds of reading in turn, [`TURN`] of each at once, so that
/// all meet the same noise, and each finds the processor's caches as it left them, as
/// it does where it works alone.
fn in_turn<const KINDS: usize>(
    mut turn: impl FnMut(usize, std::ops::Range<usize>) -> anyhow::Result<Vec<f64>>,
) -> anyhow::Result<[Times; KINDS]> {
    let mut all = [const { Vec::new() }; KINDS];
    let begun = Instant::now();
    for first in (0..READS).step_by(TURN) {
        if begun.elapsed() > READING {
            break;
        }
        for (kind, times) in all.iter_mut().enumerate() {
            let taken = turn(kind, first..first + TURN)?;
            // The first ones fill caches and prepare statements.
            times.extend_from_slice(if first == 0 { &taken[10..] } else { &taken });
        }
    }
    Ok(all.map(Times::of))
}

/// That a list, as a page or by API, has its 50 rows.
pub(crate) fn full(stand: &Stand, client: &mut Client, path: &str) -> anyhow::Result<()> {
    let row = if path.starts_with("/api/") {
        "\"number\":"
    } else {
        ROW
    };
    let answer = stand.runtime.block_on(client.get(path))?.want(200)?;
    answer.shows(row, 50).context(path.to_owned())?;
    Ok(())
}

/// Reads a page by HTTP and the same by bare SQL.
fn both(
    stand: &Stand,
    client: &mut Client,
    mut path: impl FnMut(usize) -> String,
    mut bare: impl FnMut(usize) -> anyhow::Result<()>,
) -> anyhow::Result<(Times, Times)> {
    let [product, alone] = in_turn(|kind, numbers| match kind {
        0 => get(stand, client, numbers, &mut path),
        _ => timed(numbers, &mut bare),
    })?;
    Ok((product, alone))
}

/// Milliseconds of a few readings by HTTP.
fn get(
    stand: &Stand,
    client: &mut Client,
    numbers: std::ops::Range<usize>,
    mut path: impl FnMut(usize) -> String,
) -> anyhow::Result<Vec<f64>> {
    let paths: Vec<String> = numbers.clone().map(&mut path).collect();
    timed(0..paths.len(), |i| {
        stand.runtime.block_on(client.get(&paths[i]))?.want(200)?;
        Ok(())
    })
}

/// A statement with its values.
type Asked = (String, Vec<Cell>);

/// Reads a page by HTTP beside two forms of bare SQL: all that such an answer takes,
/// looking up whose token it is and where they work included; and the answer's own
/// statements alone, for the note.
///
/// `statements` are those of a reading; its second argument is 0 or 1, so that
/// neither form reads what the other has warmed.
fn beside_bare(
    stand: &Stand,
    link: &mut Link,
    what: &str,
    who: &Who,
    client: &mut Client,
    mut path: impl FnMut(usize) -> String,
    statements: impl Fn(usize, usize) -> Vec<Asked>,
) -> anyhow::Result<Line> {
    let caller = [
        (bare::sql::TOKEN.to_owned(), vec![who.hash.clone()]),
        (bare::sql::UNITS.to_owned(), vec![Cell::Uuid(who.person.0)]),
    ];
    let caller = &caller;
    let mut bare = |numbers: std::ops::Range<usize>, form: usize| {
        let asked: Vec<Vec<Asked>> = numbers
            .map(|i| {
                let caller = caller.iter().filter(|_| form == 0).cloned();
                caller.chain(statements(i, form)).collect()
            })
            .collect();
        timed(0..asked.len(), |i| {
            for (sql, values) in &asked[i] {
                link.run(sql, values)?;
            }
            Ok(())
        })
    };
    let [product, whole, short] = in_turn(|kind, numbers| match kind {
        0 => get(stand, client, numbers, &mut path),
        form => bare(numbers, form - 1),
    })?;
    Ok(Line::times(what, &product)
        .beside_times(&whole)
        .goal("≤ 2 × bare at p50", product.p50 <= 2.0 * whole.p50)
        .note(format!(
            "bare without looking up who asks: {:.3} ms, ratio {:.2}",
            short.p50,
            product.p50 / short.p50
        )))
}

/// A ticket of a unit for each reading, all over the years; three for each, so
/// that product and bare SQL never read the same and warm it for each other.
pub(crate) fn tickets_of(stand: &Stand, link: &mut Link) -> anyhow::Result<Vec<i64>> {
    let mut rng = Rng::new(99);
    let mut found = Vec::new();
    for _ in 0..80_000 {
        let number = rng.below(stand.filled.tickets) as i64 + 1;
        let sql = "SELECT number FROM ticket WHERE number = $1 AND unit = $2";
        let unit = Cell::Uuid(stand.unit.0);
        if link.run(sql, &[Cell::Int(number), unit])? == 1 {
            found.push(number);
        }
        if found.len() == 3 * READS {
            return Ok(found);
        }
    }
    bail!("the agent's unit has too few tickets; fill with more")
}

fn pages(stand: &Stand, server: &Server, lines: &mut Vec<Line>) -> anyhow::Result<()> {
    let mut link = stand.bare.link()?;
    let mut agent = stand.client(server, &stand.agent).alone();
    let mut first = stand.client(server, &stand.first).alone();
    let (unit, me) = (Cell::Uuid(stand.unit.0), Cell::Uuid(stand.agent.person.0));
    let numbers = tickets_of(stand, &mut link)?;
    let mut numbers = numbers.chunks(READS);
    let mut some = || numbers.next().unwrap_or_default();
    let (numbers, others, more) = (some(), some(), some());
    let times = both(stand, &mut agent, |_| "/healthz".into(), |_| Ok(()))?;
    lines.push(
        Line::times("the smallest answer by HTTP", &times.0)
            .note("`/healthz`: what any answer costs before it does anything"),
    );

    let list = |sql: String, values: [Cell; 2]| {
        let asked = vec![(sql, values.to_vec())];
        move |_: usize, _: usize| asked.clone()
    };
    let (open, newest) = (
        "/api/v1/tickets?q=status%3Aopen&limit=50",
        "/api/v1/tickets?limit=50",
    );
    full(stand, &mut agent, open)?;
    full(stand, &mut first, newest)?;
    lines.push(beside_bare(
        stand,
        &mut link,
        "list of 50 by API, an agent's open tickets",
        &stand.agent,
        &mut agent,
        |_| open.into(),
        list(bare::sql::agent_open(), [unit.clone(), me]),
    )?);
    lines.push(beside_bare(
        stand,
        &mut link,
        "list of 50 by API, first level, newest",
        &stand.first,
        &mut first,
        |_| newest.into(),
        list(
            bare::sql::newest(),
            [
                Cell::Uuid(stand.maker.world.units[0].id.0),
                Cell::Uuid(stand.first.person.0),
            ],
        ),
    )?);
    let of_ticket = |statements: &'static [&'static str]| {
        move |i: usize, form: usize| -> Vec<Asked> {
            let number = [others, more][form][i];
            let asked = |sql: &&str| ((*sql).to_owned(), vec![Cell::Int(number)]);
            statements.iter().map(asked).collect()
        }
    };
    lines.push(beside_bare(
        stand,
        &mut link,
        "ticket by API",
        &stand.agent,
        &mut agent,
        |i| format!("/api/v1/tickets/{}", numbers[i]),
        of_ticket(&[bare::sql::SHOWN, bare::sql::PEOPLE]),
    )?);
    lines.push(beside_bare(
        stand,
        &mut link,
        "a ticket's entries by API",
        &stand.agent,
        &mut agent,
        |i| format!("/api/v1/tickets/{}/entries", numbers[i]),
        of_ticket(&[bare::sql::TICKET, bare::sql::ENTRIES, bare::sql::FILES]),
    )?);

    let mut browser = stand.browser(server, &stand.agent)?.alone();
    let (sql, values) = (bare::sql::unit_urgent(), [unit]);
    full(stand, &mut browser, "/work?view=open")?;
    let times = both(
        stand,
        &mut browser,
        |_| "/work?view=open".into(),
        |_| link.run(&sql, &values).map(drop),
    )?;
    lines.push(
        Line::times("list of 50 as a page, an agent's open tickets", &times.0)
            .beside_times(&times.1)
            .goal("≤ 10 at p95", times.0.p95 <= 10.0)
            .note("with the rail's six counters; bare: only the list's statement"),
    );

    let mut browser = stand.browser(server, &stand.first)?.alone();
    let sql = bare::sql::newest();
    let values = [
        Cell::Uuid(stand.maker.world.units[0].id.0),
        Cell::Uuid(stand.first.person.0),
    ];
    full(stand, &mut browser, "/work?q=status%3Aany&sort=new")?;
    let times = both(
        stand,
        &mut browser,
        |_| "/work?q=status%3Aany&sort=new".into(),
        |_| link.run(&sql, &values).map(drop),
    )?;
    lines.push(
        Line::times("list of 50 as a page, first level, newest", &times.0)
            .beside_times(&times.1)
            .goal("≤ 10 at p95", times.0.p95 <= 10.0)
            .note("with the rail's six counters; bare: only the list's statement"),
    );

    let mut browser = stand.browser(server, &stand.agent)?.alone();
    let times = both(
        stand,
        &mut browser,
        |i| format!("/work/{}", numbers[i]),
        |i| {
            let number = [Cell::Int(others[i])];
            for sql in [
                bare::sql::SHOWN,
                bare::sql::PEOPLE,
                bare::sql::ENTRIES,
                bare::sql::FILES,
                bare::sql::EVENTS,
            ] {
                link.run(sql, &number)?;
            }
            Ok(())
        },
    )?;
    lines.push(
        Line::times("ticket as a page, in the agents' workspace", &times.0)
            .beside_times(&times.1)
            .note("with list and counters; bare: only the ticket's statements"),
    );
    Ok(())
}

fn searches(stand: &Stand, server: &Server, lines: &mut Vec<Line>) -> anyhow::Result<()> {
    if stand.filled.mute {
        bail!("this database was filled with --mute: name the parts to measure with --only");
    }
    let mut link = stand.bare.link()?;
    let words = &stand.maker.words;
    let (common, middling, rare) = (words.at(40), words.at(1_500), words.at(words.len() - 50));
    let sqlite = stand.bare.is_sqlite();
    let sql = bare::sql::search(sqlite);
    if !sqlite {
        // Nor does it know what it costs to take all rows' words apart.
        link.run("SET enable_seqscan = off", &[])?;
    }
    for (who, name) in [(&stand.first, "first level"), (&stand.agent, "an agent")] {
        let mut client = stand.client(server, who).alone();
        let alone = words.at(rarest_that_fills(stand, &mut client, None)?);
        let beside = words.at(rarest_that_fills(stand, &mut client, Some(common))?);
        let asked: [(&str, Vec<&str>); 6] = [
            ("a very common word", vec![common]),
            ("a middling word", vec![middling]),
            ("a rare word", vec![rare]),
            ("two words, common and middling", vec![common, middling]),
            ("the rarest word that fills the page", vec![alone]),
            (
                "a common word and the rarest that fills the page with it",
                vec![common, beside],
            ),
        ];
        for (what, words) in &asked {
            let values = [Cell::Text(bare::sql::words(sqlite, words))];
            let path = found_at(words);
            let rows = found(stand, &mut client, &path)?;
            let times = both(
                stand,
                &mut client,
                |_| path.clone(),
                |_| link.run(&sql, &values).map(drop),
            )?;
            lines.push(
                Line::times(format!("search by {name}, {what}"), &times.0)
                    .beside_times(&times.1)
                    .goal("≤ 50 at p95", times.0.p95 <= 50.0)
                    .note(format!("{rows} rows; bare: without permissions")),
            );
        }
    }
    Ok(())
}

/// Where the first tickets with all these words are.
fn found_at(words: &[&str]) -> String {
    format!(
        "/api/v1/tickets?limit={PAGE}&q={}",
        encode(&words.join(" "))
    )
}

/// How many tickets a page of them has.
fn found(stand: &Stand, client: &mut Client, path: &str) -> anyhow::Result<usize> {
    let found = stand.runtime.block_on(client.get(path))?.want(200)?;
    let found: serde_json::Value = serde_json::from_slice(&found.body)?;
    Ok(found["items"].as_array().map_or(0, Vec::len))
}

/// The rank of the rarest word (beside another) with which somebody finds a full page.
///
/// The same word is found ten times as often among ten times the tickets, and its
/// page costs more only because there is more on it; with these the page is as long
/// however many tickets there are.
fn rarest_that_fills(
    stand: &Stand,
    client: &mut Client,
    beside: Option<&str>,
) -> anyhow::Result<usize> {
    let words = &stand.maker.words;
    let (mut fills, mut short) = (0, words.len());
    while short - fills > 1 {
        let middle = fills.midpoint(short);
        let asked: Vec<&str> = beside.into_iter().chain([words.at(middle)]).collect();
        if found(stand, client, &found_at(&asked))? == PAGE {
            fills = middle;
        } else {
            short = middle;
        }
    }
    Ok(fills)
}

fn creation(
    stand: &Stand,
    server: &Server,
    rates: &[BareRate],
    lines: &mut Vec<Line>,
) -> anyhow::Result<()> {
    let db = stand.db()?;
    for (clients, bare) in CLIENTS.into_iter().zip(rates) {
        let cpu = server.cpu_seconds()?;
        let mut rng = Rng::new(7_000 + clients as u64);
        let bodies: Vec<String> = (0..500)
            .map(|_| {
                serde_json::json!({
                    "subject": stand.maker.words.line(&mut rng, 6),
                    "description": stand.maker.body(&mut rng, 55),
                })
                .to_string()
            })
            .collect();
        let begun = Instant::now();
        let all: Vec<Vec<f64>> = stand.runtime.block_on(async {
            let tasks = (0..clients).map(|n| {
                let mut client = stand.client(server, &stand.agent);
                let bodies = &bodies;
                async move {
                    let mut times = Vec::new();
                    while begun.elapsed() < LASTS && times.len() < MOST {
                        let body = &bodies[(n * 37 + times.len()) % bodies.len()];
                        let start = Instant::now();
                        client
                            .post("/api/v1/tickets", "application/json", body.as_bytes())
                            .await?
                            .want(201)?;
                        times.push(start.elapsed().as_secs_f64() * 1_000.0);
                    }
                    anyhow::Ok(times)
                }
            });
            at_once(tasks).await
        })?;
        let took = begun.elapsed().as_secs_f64();
        let times: Vec<f64> = all.concat();
        let count = times.len();
        let rate = count as f64 / took;
        let behind = behind(&db)?;
        let caught_up = catch_up(&db)?;
        let cpu = server.cpu_seconds()? - cpu;
        let latency = Times::of(times);
        let mut note = format!(
            "p50 {:.1} ms, p95 {:.1} ms; search and notices were {behind} events behind at the \
             end and caught up after {:.1} s; {:.2} ms processor time a ticket in all",
            latency.p50,
            latency.p95,
            caught_up.as_secs_f64(),
            cpu * 1_000.0 / count.max(1) as f64,
        );
        if !stand.bare.is_sqlite() {
            note.push_str(&format!(
                "; bare without the counters' rows, its numbers given out beforehand: {:.0}/s, \
                 ratio {:.2}",
                bare.alone,
                rate / bare.alone
            ));
        }
        say(&format!("product, {clients} clients: {rate:.0} tickets/s"));
        let mut line = Line::one(
            format!("tickets created by API, {clients} clients"),
            "1/s",
            rate,
        )
        .beside(bare.counted)
        .note(note);
        if clients == 8 {
            line = line.goal("≥ 50 % of bare", rate >= 0.5 * bare.counted);
        }
        lines.push(line);
        let whole = count as f64 / (took + caught_up.as_secs_f64());
        lines.push(
            Line::one(
                format!("tickets created until all is followed, {clients} clients"),
                "1/s",
                whole,
            )
            .beside(bare.all)
            .note("until index and notices are up; bare: the rows of all that follows, too"),
        );
    }
    Ok(())
}

/// Lets all go on together until the last has ended.
pub(crate) async fn at_once<T>(
    futures: impl Iterator<Item = impl Future<Output = anyhow::Result<T>>>,
) -> anyhow::Result<Vec<T>> {
    let mut all: Vec<_> = futures.map(|f| (Box::pin(f), None)).collect();
    std::future::poll_fn(|context| {
        let mut waiting = false;
        for (future, done) in &mut all {
            if done.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(result) => *done = Some(result),
                    std::task::Poll::Pending => waiting = true,
                }
            }
        }
        if waiting {
            std::task::Poll::Pending
        } else {
            std::task::Poll::Ready(())
        }
    })
    .await;
    all.into_iter()
        .map(|(_, done)| done.context("a client did not end")?)
        .collect()
}

/// How many events the followers have not seen yet.
pub(crate) fn behind(db: &Db) -> anyhow::Result<i64> {
    Ok(db.read_blocking(|c| {
        let last = store::event::last(c)?;
        let notices = store::event::position(c, "notices")?;
        let search = store::event::position(c, "search")?;
        Ok::<_, store::Error>(last - notices.min(search))
    })?)
}

pub(crate) fn catch_up(db: &Db) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(90) {
        if behind(db)? == 0 {
            return Ok(begun.elapsed());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    bail!("the followers did not catch up within 90 s")
}
