//! The product beside a Request Tracker 5 on the same machine, both with as many tickets of
//! the same texts: what scripts, mail servers and people ask of either.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use desk::{Clock as _, SystemClock};
use serde_json::{Value, json};

use crate::fill;
use crate::http::{Client, ROW};
use crate::mails;
use crate::report::{self, Line, Report, Times};
use crate::rt::Rt;
use crate::run::{at_once, catch_up};
use crate::say;
use crate::server::{self, Server};
use crate::stand::{Stand, encode};
use crate::words::Rng;

/// Clients that create, and mails at once: as many as RT has processes.
const CLIENTS: usize = 4;
/// For so long they create, and mails come.
const LASTS: Duration = Duration::from_secs(15);
/// So often each page is read at most.
const READS: usize = 200;
/// … in at most this time.
const READING: Duration = Duration::from_secs(15);
/// Tickets on a page of a list.
const PAGE: usize = 50;

/// What is to be run.
pub(crate) struct Options {
    /// The product's filled database.
    pub(crate) url: String,
    /// RT's address, `http://127.0.0.1:PORT`.
    pub(crate) rt: String,
    /// The token of somebody there who may do it.
    pub(crate) token: String,
    /// The queue.
    pub(crate) queue: String,
    /// The product's binary.
    pub(crate) server: Option<PathBuf>,
    /// Where the results go.
    pub(crate) results: PathBuf,
    /// The results' name.
    pub(crate) name: Option<String>,
}

/// Writes the tickets of a filled database as [`bench/rt_fill.pl`](../rt_fill.pl) takes them:
/// who asks, subject and description, one ticket a line.
///
/// # Errors
/// When the database can not be read or the file not be written.
pub(crate) fn texts(url: &str, into: &Path) -> anyhow::Result<()> {
    let data = tempfile::tempdir()?;
    let desk = fill::desk(url, data.path())?;
    let filled = fill::filled(desk.db())?
        .context("this database was not filled by the bench; `bench fill` does it")?;
    let mut out = std::io::BufWriter::new(std::fs::File::create(into)?);
    for number in 1..=filled.tickets as i64 {
        let number = switchboard_core::TicketNumber(number);
        let (ticket, asks, entry) = desk.db().read_blocking(move |c| {
            let ticket = store::ticket::load(c, number)?;
            let asks = match &ticket {
                Some(ticket) => store::person::load(c, ticket.requester)?,
                None => None,
            };
            let entry = store::entry::of_ticket(c, number, false, 0, 1)?.pop();
            Ok::<_, store::Error>((ticket, asks, entry))
        })?;
        let line = [
            asks.and_then(|p| p.email).unwrap_or_default(),
            ticket.context("a ticket of the fill")?.subject,
            entry.map_or(String::new(), |e| e.body),
        ];
        let line = line.map(|text| text.replace(['\t', '\n', '\r'], " "));
        writeln!(out, "{}", line.join("\t"))?;
    }
    Ok(out.flush()?)
}

impl Rt {
    /// Where tickets are found by RT's own query language, the newest first.
    fn found_at(query: &str, rows: usize) -> String {
        format!(
            "/REST/2.0/tickets?query={}&orderby=id&order=DESC&per_page={rows}\
             &fields=Subject,Status,Owner,Created,Requestor",
            encode(query)
        )
    }

    /// How many tickets are found.
    async fn count(&self, query: &str) -> anyhow::Result<usize> {
        let path = Rt::found_at(query, 1);
        let answer = self.client().get(&path).await?.want(200)?;
        let found: Value = serde_json::from_slice(&answer.body)?;
        let total = found["total"].as_u64().context("RT's total")?;
        Ok(usize::try_from(total)?)
    }
}

/// Measures both and writes it down.
///
/// # Errors
/// When the database was not filled, a server does not answer, or an answer is not what it
/// should be.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let binary = server::binary(options.server.clone())?;
    let mut machine = report::machine();
    let stand = Stand::new(&options.url)?;
    let rt = Rt::by_token(&options.rt, &options.token)?;
    let there = stand.runtime.block_on(rt.count("id > 0"))?;
    machine.push(format!(
        "{} tickets in the product, {there} in RT; auth mode: token at both, RT with {CLIENTS} \
         processes",
        stand.filled.tickets
    ));
    let server = stand.start(&binary)?;
    let mut lines = Vec::new();
    reads(&stand, &server, &rt, there, &mut lines)?;
    pages(&stand, &server, &rt, there, &mut lines)?;
    creation(&stand, &server, (&rt, &options.queue), &mut lines)?;
    mail(&stand, &server, options, &mut lines)?;
    drop(server);
    machine.push(format!("load average at the end: {}", report::load()));
    let database = match stand.bare.is_sqlite() {
        true => "sqlite",
        false => "postgres",
    };
    let report = Report {
        title: Some(format!(
            "The product on {} beside Request Tracker 5 on the same machine",
            report::database_title(database)
        )),
        beside: Some("RT 5"),
        database,
        tickets: stand.filled.tickets,
        at: SystemClock.now(),
        machine,
        lines,
    };
    let name = options
        .name
        .clone()
        .unwrap_or_else(|| format!("rt-{database}"));
    report.write(&options.results, &name)?;
    say(&report.markdown());
    Ok(())
}

/// Times of a page that is read again and again.
fn read(
    stand: &Stand,
    client: &mut Client,
    mut path: impl FnMut(usize) -> String,
) -> anyhow::Result<Times> {
    let (mut times, begun) = (Vec::new(), Instant::now());
    for i in 0..READS + 3 {
        let path = path(i);
        let start = Instant::now();
        stand.runtime.block_on(client.get(&path))?.want(200)?;
        // The first ones fill caches.
        if i >= 3 {
            times.push(start.elapsed().as_secs_f64() * 1_000.0);
        }
        if i >= 10 && begun.elapsed() > READING {
            break;
        }
    }
    Ok(Times::of(times))
}

/// What people see in their browsers, as it is sent to them; without what browsers keep.
fn pages(
    stand: &Stand,
    server: &Server,
    rt: &Rt,
    there: usize,
    lines: &mut Vec<Line>,
) -> anyhow::Result<()> {
    let mut here = stand.browser(server, &stand.first)?;
    let rt = stand.runtime.block_on(rt.signed_in())?;
    let mut other = rt.client();
    let (mut number, mut id) = (one(stand.filled.tickets), one(there));
    let list = format!(
        "/Search/Results.html?Query={}&OrderBy=id&Order=DESC&RowsPerPage={PAGE}&Rows={PAGE}",
        encode("id > 0")
    );
    let newest = "/work?q=status%3Aany&sort=new";
    let are = |client: &mut Client, path: &str, what: &str, many: usize| {
        let answer = stand.runtime.block_on(client.get(path))?.want(200)?;
        answer.shows(what, many).context(path.to_owned())
    };
    are(&mut here, newest, ROW, PAGE)?;
    are(&mut other, &list, "/Ticket/Display.html?id=", PAGE)?;
    are(&mut other, "/Ticket/Display.html?id=1", "<title>#1:", 1)?;

    let ours = read(stand, &mut here, |_| newest.to_owned())?;
    let theirs = read(stand, &mut other, |_| list.clone())?;
    let what = format!("list of {PAGE} as a page, the newest");
    lines.push(Line::times(what, &ours).beside_times(&theirs).note(
        "with what stands around it: the rail's six counters here, RT's menus there; a session at both",
    ));
    let ours = read(stand, &mut here, |i| format!("/work/{}", number(i)))?;
    let theirs = read(stand, &mut other, |i| {
        format!("/Ticket/Display.html?id={}", id(i))
    })?;
    lines.push(
        Line::times("ticket as a page", &ours)
            .beside_times(&theirs)
            .note("another one each time; here within the workspace, with the list beside it"),
    );
    Ok(())
}

/// Another number each time.
fn one(of: usize) -> impl FnMut(usize) -> usize {
    let mut rng = Rng::new(5);
    move |_| rng.below(of) + 1
}

fn reads(
    stand: &Stand,
    server: &Server,
    rt: &Rt,
    there: usize,
    lines: &mut Vec<Line>,
) -> anyhow::Result<()> {
    let mut here = stand.client(server, &stand.first);
    let mut other = rt.client();
    let (ours, theirs) = (stand.filled.tickets, there);
    let (mut number, mut id) = (one(ours), one(theirs));
    let words = &stand.maker.words;
    let (middling, rare) = (words.at(1_500), words.at(8_000));
    let open = "Status = '__Active__'";
    let subject = |word: &str| format!("Subject LIKE '{word}'");
    type Path<'a> = Box<dyn FnMut(usize) -> String + 'a>;
    let pages: Vec<(String, Path<'_>, Path<'_>, &str)> = vec![
        (
            "ticket by API".to_owned(),
            Box::new(|i| format!("/api/v1/tickets/{}", number(i))),
            Box::new(|i| format!("/REST/2.0/ticket/{}", id(i))),
            "another one each time",
        ),
        (
            format!("list of {PAGE} by API, the newest"),
            Box::new(|_| format!("/api/v1/tickets?limit={PAGE}")),
            Box::new(|_| Rt::found_at("id > 0", PAGE)),
            "with subject, status, owner, time and requester of each",
        ),
        (
            format!("list of {PAGE} by API, open ones"),
            Box::new(|_| format!("/api/v1/tickets?q=status%3Aopen&limit={PAGE}")),
            Box::new(|_| Rt::found_at(open, PAGE)),
            "in RT all tickets are open, here a fiftieth",
        ),
        (
            "search by API, a middling word".to_owned(),
            Box::new(|_| format!("/api/v1/tickets?q={middling}&limit={PAGE}")),
            Box::new(|_| Rt::found_at(&subject(middling), PAGE)),
            "here in subjects and entries; RT, as Debian sets it up, has no text index and looks \
             in subjects only",
        ),
        (
            "search by API, a rare word".to_owned(),
            Box::new(|_| format!("/api/v1/tickets?q={rare}&limit={PAGE}")),
            Box::new(|_| Rt::found_at(&subject(rare), PAGE)),
            "likewise",
        ),
    ];
    for (what, ours, theirs, note) in pages {
        let ours = read(stand, &mut here, ours).context(what.clone())?;
        let theirs = read(stand, &mut other, theirs).context(what.clone())?;
        say(&format!(
            "{what}: {:.2} ms, RT {:.1} ms",
            ours.p50, theirs.p50
        ));
        lines.push(Line::times(what, &ours).beside_times(&theirs).note(note));
    }
    Ok(())
}

/// Clients that create for a while: how many a second, and how long each took.
fn created(
    stand: &Stand,
    clients: impl Iterator<Item = Client>,
    path: &str,
    bodies: &[String],
) -> anyhow::Result<(f64, Times)> {
    let begun = Instant::now();
    let tasks = clients.enumerate().map(|(n, mut client)| async move {
        let mut times = Vec::new();
        while begun.elapsed() < LASTS {
            let body = &bodies[(n * 37 + times.len()) % bodies.len()];
            let start = Instant::now();
            client
                .post(path, "application/json", body.as_bytes())
                .await?
                .want(201)?;
            times.push(start.elapsed().as_secs_f64() * 1_000.0);
        }
        anyhow::Ok(times)
    });
    let times = stand.runtime.block_on(at_once(tasks))?.concat();
    let rate = times.len() as f64 / begun.elapsed().as_secs_f64();
    Ok((rate, Times::of(times)))
}

fn creation(
    stand: &Stand,
    server: &Server,
    (rt, queue): (&Rt, &str),
    lines: &mut Vec<Line>,
) -> anyhow::Result<()> {
    let mut rng = Rng::new(31);
    let mut bodies = (Vec::new(), Vec::new());
    for n in 0..500 {
        let subject = stand.maker.words.line(&mut rng, 6);
        let text = stand.maker.body(&mut rng, 55);
        let asks = format!("user{}@bench.example", n % 200);
        let ours = json!({"subject": subject, "description": text, "requester": {"email": asks}});
        let theirs = json!({
            "Queue": queue, "Subject": subject, "Content": text, "ContentType": "text/plain",
            "Requestor": asks,
        });
        bodies.0.push(ours.to_string());
        bodies.1.push(theirs.to_string());
    }
    let ours = (0..CLIENTS).map(|_| stand.client(server, &stand.first));
    let (rate, times) = created(stand, ours, "/api/v1/tickets", &bodies.0)?;
    let behind = catch_up(&stand.db()?)?;
    let theirs = (0..CLIENTS).map(|_| rt.client());
    let (rt_rate, rt_times) = created(stand, theirs, "/REST/2.0/ticket", &bodies.1)?;
    say(&format!("creation: {rate:.0}/s, RT {rt_rate:.1}/s"));
    let what = format!("tickets created by API, {CLIENTS} clients");
    lines.push(Line::one(what.clone(), "1/s", rate).beside(rt_rate).note(format!(
        "with the mail to who asked at both; here it is written after the answer and was caught \
         up {:.1} s after the last, RT writes it before",
        behind.as_secs_f64()
    )));
    lines.push(Line::times(format!("{what}, each"), &times).beside_times(&rt_times));
    Ok(())
}

fn mail(
    stand: &Stand,
    server: &Server,
    options: &Options,
    lines: &mut Vec<Line>,
) -> anyhow::Result<()> {
    let mut rng = Rng::new(SystemClock.now().unsigned_abs());
    let raw: Vec<_> = (0..20_000).map(|_| mails::mail(stand, &mut rng)).collect();
    let raw = std::sync::Arc::new(raw);
    // The same work at both: until the ticket is there.
    let desk = fill::desk(&stand.url, stand.data.path())?;
    let many = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let (here, to) = (many.handle(), &desk.config().mail_address);
    let before = many.block_on(mails::entries(&desk))?;
    let begun = Instant::now();
    let pace = mails::Pace {
        begun,
        lasts: LASTS,
        apart: Duration::ZERO,
    };
    let tasks = mails::hand_all_over(here, (server.mail, CLIENTS), to, &raw, pace);
    let rate = many.block_on(async {
        let mut handed = 0;
        for task in tasks {
            handed += task.await??;
        }
        while mails::entries(&desk).await? - before < handed {
            if begun.elapsed() > LASTS * 10 {
                bail!("mails that were acknowledged did not become entries");
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        anyhow::Ok(handed as f64 / begun.elapsed().as_secs_f64())
    })?;
    let (rt_rate, rt_times) = by_mailgate(options, &raw)?;
    say(&format!("mails: {rate:.0}/s, RT {rt_rate:.1}/s"));
    lines.push(
        Line::one(format!("mails taken in, {CLIENTS} at once"), "1/s", rate)
            .beside(rt_rate)
            .note(format!(
                "here over LMTP, counted when the entry is committed; RT by its rt-mailgate, a \
                 process for each mail as its mail server starts it, p50 {:.0} ms, p95 {:.0} ms; \
                 each opens a ticket",
                rt_times.p50, rt_times.p95
            )),
    );
    Ok(())
}

/// Mails through RT's own program, as a mail server pipes them into it.
fn by_mailgate(options: &Options, raw: &[Vec<u8>]) -> anyhow::Result<(f64, Times)> {
    let (next, times, begun) = (AtomicUsize::new(0), Mutex::new(Vec::new()), Instant::now());
    let one = |raw: &[u8]| -> anyhow::Result<()> {
        let mut gate = Command::new("rt-mailgate-5")
            .args(["--action", "correspond", "--queue", &options.queue])
            .args(["--url", &options.rt])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("rt-mailgate-5 of Debian's rt5-clients")?;
        let mut pipe = gate.stdin.take().context("its input")?;
        pipe.write_all(raw)?;
        drop(pipe);
        match gate.wait()?.success() {
            true => Ok(()),
            false => bail!("RT did not take a mail"),
        }
    };
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                scope.spawn(|| -> anyhow::Result<()> {
                    while begun.elapsed() < LASTS {
                        let Some(raw) = raw.get(next.fetch_add(1, Ordering::Relaxed)) else {
                            break;
                        };
                        let start = Instant::now();
                        one(raw)?;
                        let took = start.elapsed().as_secs_f64() * 1_000.0;
                        times.lock().unwrap_or_else(|e| e.into_inner()).push(took);
                    }
                    Ok(())
                })
            })
            .collect();
        for client in clients {
            client
                .join()
                .map_err(|_| anyhow::anyhow!("a client panicked"))??;
        }
        anyhow::Ok(())
    })?;
    let times = times.into_inner().unwrap_or_else(|e| e.into_inner());
    let rate = times.len() as f64 / begun.elapsed().as_secs_f64();
    Ok((rate, Times::of(times)))
}
