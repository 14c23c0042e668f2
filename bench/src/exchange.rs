//! Two desks that are partners: how many changes go through the link between them, how
//! long one takes, and whether any is lost or comes twice.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use desk::{Clock as _, SystemClock};

use crate::awake::Awake;
use crate::report::{self, Line, Report, Times};
use crate::say;
use crate::server;

mod agree;
mod load;
mod site;
mod watch;

use agree::Agreed;
use load::{Kind, Load, Pace};
pub(crate) use site::account;
use site::{Logs, Pair};
use watch::Watch;

/// Clients that write at once, half of them at each desk.
const CLIENTS: usize = 16;
/// For so long changes come at the moderate rate.
const MODERATE: Duration = Duration::from_secs(40);
/// For so long they come as fast as the desks take them.
const FLAT_OUT: Duration = Duration::from_secs(15);
/// No part waits longer than this for what it wrote.
const PATIENCE: Duration = Duration::from_secs(90);

/// What is to be run.
pub(crate) struct Options {
    /// The databases of the two desks; made for the run when they are not given.
    pub(crate) urls: Option<[String; 2]>,
    /// The product's binary.
    pub(crate) server: Option<PathBuf>,
    /// Where the results go.
    pub(crate) results: PathBuf,
    /// The results' name.
    pub(crate) name: Option<String>,
    /// Tickets that are linked beforehand.
    pub(crate) tickets: usize,
    /// Changes a second at the moderate rate.
    pub(crate) rate: u32,
    /// Changes that wait while the link is paused, and then go all at once.
    pub(crate) backlog: usize,
    /// No processor sleeps meanwhile.
    pub(crate) awake: bool,
}

/// Measures the link and writes it down.
///
/// # Errors
/// When a desk does not start, an answer is not what it should be, or a change does not
/// come in time.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let binary = server::binary(options.server.clone())?;
    let mut machine = report::machine();
    let _awake = options.awake.then(Awake::start).transpose()?;
    if options.awake {
        machine.push("processors kept awake".to_owned());
    }
    let pair = Pair::start(&binary, options.urls.as_ref())?;
    let mut lines = Vec::new();
    let mut load = Load::new(&pair)?;
    let watch = Watch::start(&pair)?;

    links(&pair, &mut load, &watch, options.tickets, &mut lines)?;
    moderate(&pair, &mut load, &watch, options.rate, &mut lines)?;
    flat_out(&pair, &mut load, &watch, &mut lines)?;
    drain(&pair, &mut load, &watch, options.backlog, &mut lines)?;
    rest(&pair)?;
    watch.end()?;
    let agreed = agree::check(&pair, &load)?;
    judge(&agreed, &mut lines);

    machine.push(format!("load average at the end: {}", report::load()));
    machine.push(format!("memory at the most: {}", pair.memory()?));
    let database = pair.database();
    let report = Report {
        title: Some(format!(
            "Two desks that share tickets, each on its own {}",
            report::database_title(database)
        )),
        beside: None,
        database,
        tickets: options.tickets,
        at: SystemClock.now(),
        machine,
        lines,
    };
    let name = options
        .name
        .clone()
        .unwrap_or_else(|| format!("exchange-{database}"));
    report.write(&options.results, &name)?;
    say(&report.markdown());
    if !agreed.fine() {
        bail!("the desks do not agree: {agreed:?}");
    }
    Ok(())
}

/// Changes a second, and the note that says by what.
struct Went {
    changes: u64,
    took: Duration,
    processor: f64,
}

impl Went {
    fn rate(&self) -> f64 {
        self.changes as f64 / self.took.as_secs_f64()
    }

    fn words(&self) -> String {
        format!(
            "{} changes in {:.1} s, {:.2} ms processor time a change at both desks together",
            self.changes,
            self.took.as_secs_f64(),
            self.processor * 1_000.0 / self.changes.max(1) as f64
        )
    }
}

/// How much goes through the link while something is done and until all of it is there.
fn through(
    pair: &Pair,
    watch: &Watch,
    work: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<Went> {
    let (before, processor, begun) = (pair.logs()?, pair.cpu_seconds()?, Instant::now());
    work()?;
    watch.until_all_came(PATIENCE)?;
    // What followed from it at the other side, as a status that an answer brought.
    let ended = loop {
        let (logs, at) = (pair.logs()?, Instant::now());
        if logs.waiting() == 0 {
            break (logs, at);
        }
        if begun.elapsed() > PATIENCE {
            bail!("changes that were written did not reach the other desk: {logs:?}");
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    Ok(Went {
        changes: ended.0.since(&before),
        took: ended.1 - begun,
        processor: pair.cpu_seconds()? - processor,
    })
}

fn links(
    pair: &Pair,
    load: &mut Load<'_>,
    watch: &Watch,
    tickets: usize,
    lines: &mut Vec<Line>,
) -> anyhow::Result<()> {
    let went = through(pair, watch, || {
        load.write(watch, tickets, &[Kind::Ticket], Pace::FlatOut(PATIENCE))
            .map(drop)
    })?;
    watch.forget();
    rest(pair)?;
    let rate = tickets as f64 / went.took.as_secs_f64();
    say(&format!("tickets linked: {rate:.0}/s"));
    lines.push(
        Line::one(
            "tickets opened at one desk until they are at the other",
            "1/s",
            rate,
        )
        .note(format!(
            "{CLIENTS} clients by API; each is two changes, its opening and the baton; {}",
            went.words()
        )),
    );
    Ok(())
}

/// Whatever people do to tickets that are shared, in the order in which it is done.
const MIX: [Kind; 20] = {
    use Kind::{Answer, Back, Status, Ticket};
    [
        Answer, Back, Answer, Back, Status, Answer, Back, Answer, Back, Answer, Ticket, Back,
        Answer, Back, Answer, Status, Back, Answer, Back, Answer,
    ]
};

fn moderate(
    pair: &Pair,
    load: &mut Load<'_>,
    watch: &Watch,
    rate: u32,
    lines: &mut Vec<Line>,
) -> anyhow::Result<()> {
    let count = MODERATE.as_secs() as usize * rate as usize;
    let pace = Pace::Every(Duration::from_secs(1) / rate);
    let done = load.write(watch, count, &MIX, pace)?;
    watch.until_all_came(PATIENCE)?;
    // The last of what was set, too.
    rest(pair)?;
    let lags = watch.forget();
    let all = Times::of(lags.iter().map(|(_, ms)| *ms).collect());
    let longest = lags.iter().map(|(_, ms)| *ms).fold(0.0, f64::max);
    let mut note = format!(
        "{done} changes in {} s: answers both ways, a tenth status, a twentieth new tickets; \
         the longest {longest:.0} ms; p95 of",
        MODERATE.as_secs()
    );
    for (kind, words) in Kind::ALL {
        let times: Vec<f64> = lags.iter().filter(|l| l.0 == kind).map(|l| l.1).collect();
        note.push_str(&format!(" {words} {:.0},", Times::of(times).p95));
    }
    note.push_str(" each from the answer to who wrote it here to its commit there");
    say(&format!(
        "lag at {rate} changes/s: p50 {:.0} ms, p95 {:.0} ms",
        all.p50, all.p95
    ));
    lines.push(
        Line::times(format!("lag of a change, at {rate} a second"), &all)
            .goal("p95 ≤ 1,000", all.p95 <= 1_000.0)
            .note(note),
    );
    Ok(())
}

fn flat_out(
    pair: &Pair,
    load: &mut Load<'_>,
    watch: &Watch,
    lines: &mut Vec<Line>,
) -> anyhow::Result<()> {
    let mut written = (0, Duration::ZERO);
    let went = through(pair, watch, || {
        let begun = Instant::now();
        written.0 = load.write(watch, usize::MAX, &MIX, Pace::FlatOut(FLAT_OUT))?;
        written.1 = begun.elapsed();
        Ok(())
    })?;
    let lags = Times::of(watch.forget().into_iter().map(|(_, ms)| ms).collect());
    rest(pair)?;
    say(&format!("flat out: {:.0} changes/s", went.rate()));
    lines.push(
        Line::one("changes through the link, flat out", "1/s", went.rate())
            .goal("≥ 200", went.rate() >= 200.0)
            .note(format!(
                "{CLIENTS} clients wrote {:.0} a second for {:.0} s by API, both ways, and then \
                 until the last was there, lag p50 {:.1} s, p95 {:.1} s; {}",
                written.0 as f64 / written.1.as_secs_f64(),
                written.1.as_secs_f64(),
                lags.p50 / 1_000.0,
                lags.p95 / 1_000.0,
                went.words(),
            )),
    );
    Ok(())
}

/// The link alone: changes that wait for it on both sides, and then nothing else is done.
fn drain(
    pair: &Pair,
    load: &mut Load<'_>,
    watch: &Watch,
    backlog: usize,
    lines: &mut Vec<Line>,
) -> anyhow::Result<()> {
    pair.pause(true)?;
    load.write(
        watch,
        backlog,
        &[Kind::Answer, Kind::Back],
        Pace::FlatOut(PATIENCE),
    )?;
    rest_of_followers(pair)?;
    let went = through(pair, watch, || pair.pause(false))?;
    watch.forget();
    rest(pair)?;
    say(&format!("backlog: {:.0} changes/s", went.rate()));
    lines.push(
        Line::one("changes through the link, of a backlog", "1/s", went.rate())
            .goal("≥ 200", went.rate() >= 200.0)
            .note(format!(
                "half each way, written while the link was paused; from its going on to the last \
                 commit; {}",
                went.words()
            )),
    );
    Ok(())
}

/// Until both desks have followed all and nothing waits.
fn rest(pair: &Pair) -> anyhow::Result<()> {
    let begun = Instant::now();
    loop {
        rest_of_followers(pair)?;
        let logs: Logs = pair.logs()?;
        if logs.waiting() == 0 {
            return Ok(());
        }
        if begun.elapsed() > PATIENCE {
            bail!("the link did not come to rest: {logs:?}");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn rest_of_followers(pair: &Pair) -> anyhow::Result<()> {
    for site in &pair.sites {
        crate::run::catch_up(&site.db)
            .with_context(|| format!("the followers of {}", site.unit))?;
    }
    Ok(())
}

fn judge(agreed: &Agreed, lines: &mut Vec<Line>) {
    let texts = format!(
        "{} tickets with {} public entries compared text by text at both desks, and the status \
         of each",
        agreed.tickets, agreed.texts
    );
    let count = |what: &str, n: usize| Line::one(what, "", n as f64).goal("0", n == 0);
    lines.push(count("changes lost", agreed.lost).note(texts));
    lines.push(
        count("changes doubled", agreed.doubled).note("texts and tickets that are there twice"),
    );
    lines.push(
        count(
            "tickets whose shared status is another here and there",
            agreed.apart,
        )
        .note(format!(
            "{} stand otherwise at one of the desks than they are shared, as its own rules have it",
            agreed.own
        )),
    );
    lines.push(count("changes set aside", agreed.dead).note("dead letters of both desks"));
}
