//! Mails taken in, each opening a ticket.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use desk::mail_in::Fate;
use desk::{Clock as _, SystemClock};
use switchboard_core::TicketNumber;
use uuid::Uuid;

use crate::bare::{self, Link};
use crate::fill;
use crate::life::uuid_at;
use crate::report::Line;
use crate::rows::Cell;
use crate::run::CLIENTS;
use crate::say;
use crate::stand::Stand;
use crate::words::Rng;

/// Most mails in one measurement.
const MOST: usize = 2_000;
/// … which lasts no longer than this.
const LASTS: Duration = Duration::from_secs(4);

/// Measures taking mails in by the product, in this process and without its
/// background work, beside the same rows and file by bare SQL.
///
/// # Errors
/// When a mail does not become an entry.
pub(crate) fn measure(stand: &Stand, lines: &mut Vec<Line>) -> anyhow::Result<()> {
    for clients in CLIENTS {
        let bare = by_bare_sql(stand, clients)?;
        let product = by_product(stand, clients)?;
        say(&format!(
            "mails, {clients} at once: product {product:.0}/s, bare SQL {bare:.0}/s"
        ));
        lines.push(
            Line::one(format!("mails taken in, {clients} at once"), "1/s", product)
                .beside(bare)
                .note(
                    "in this process, without search index and notices; each opens a ticket; \
                     bare: file with fsync, then two transactions with the same rows",
                ),
        );
    }
    let over = by_lmtp(stand)?;
    say(&format!("mails over LMTP, 16 connections: {over:.0}/s"));
    lines.push(
        Line::one("mails over LMTP, end to end", "1/s", over)
            .goal("≥ 500", over >= 500.0)
            .note(
                "16 connections, one mail after the other on each; counted when the entry is \
                 committed, not when the mail is acknowledged",
            ),
    );
    Ok(())
}

/// Connections of the mail server in front.
pub(crate) const CONNECTIONS: usize = 16;

/// From the mail server's first word to the committed entry, through the door
/// that a mail server uses.
fn by_lmtp(stand: &Stand) -> anyhow::Result<f64> {
    let desk = fill::desk(&stand.url, stand.data.path())?;
    let mut rng = Rng::new(SystemClock.now().unsigned_abs() + 2);
    let mails: Arc<Vec<_>> = Arc::new((0..MOST).map(|_| mail(stand, &mut rng)).collect());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let door = listener.local_addr()?;
        let before = entries(&desk).await?;
        let taker = desk.clone();
        let taking = tokio::spawn(async move { taker.take_local_mail(listener).await });
        let begun = Instant::now();
        let pace = Pace {
            begun,
            lasts: LASTS,
            apart: Duration::ZERO,
        };
        let (here, to) = (runtime.handle(), &desk.config().mail_address);
        let mut handed = 0;
        for task in hand_all_over(here, (door, CONNECTIONS), to, &mails, pace) {
            handed += task.await??;
        }
        while entries(&desk).await? - before < handed {
            if begun.elapsed() > LASTS * 10 {
                anyhow::bail!("mails that were acknowledged did not become entries");
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let took = begun.elapsed().as_secs_f64();
        taking.abort();
        Ok(handed as f64 / took)
    })
}

pub(crate) async fn entries(desk: &desk::Desk) -> anyhow::Result<i64> {
    let counts = desk.mail_counts().await?;
    let entries = counts.iter().find(|(state, _)| state == "entry");
    Ok(entries.map_or(0, |(_, n)| *n))
}

/// All connections of a mail server at once, on a runtime of many threads. Gives the
/// tasks, each with how many mails were acknowledged to it.
pub(crate) fn hand_all_over(
    runtime: &tokio::runtime::Handle,
    (door, connections): (std::net::SocketAddr, usize),
    to: &str,
    mails: &Arc<Vec<Vec<u8>>>,
    pace: Pace,
) -> Vec<tokio::task::JoinHandle<anyhow::Result<i64>>> {
    let next = Arc::new(AtomicUsize::new(0));
    (0..connections)
        .map(|_| {
            let (mails, next, to) = (mails.clone(), next.clone(), to.to_owned());
            runtime.spawn(async move { hand_over(door, &to, &mails, &next, pace).await })
        })
        .collect()
}

/// How fast mails come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// When the first came.
    pub(crate) begun: Instant,
    /// None is begun later than this.
    pub(crate) lasts: Duration,
    /// The time from one to the next, over all connections.
    pub(crate) apart: Duration,
}

/// One connection of a mail server. Returns how many mails were acknowledged.
async fn hand_over(
    door: std::net::SocketAddr,
    to: &str,
    mails: &[Vec<u8>],
    next: &AtomicUsize,
    pace: Pace,
) -> anyhow::Result<i64> {
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
    let stream = tokio::net::TcpStream::connect(door).await?;
    // As Postfix: what is small and last does not wait for the receipt of what went before.
    stream.set_nodelay(true)?;
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut answer = async || loop {
        let Some(line) = lines.next_line().await? else {
            anyhow::bail!("the door closed");
        };
        if line.as_bytes().get(3) == Some(&b'-') {
            continue;
        }
        if line.starts_with(['2', '3']) {
            return Ok(());
        }
        anyhow::bail!("the door said {line}");
    };
    answer().await?;
    write.write_all(b"LHLO bench.example\r\n").await?;
    answer().await?;
    let mut done = 0;
    while pace.begun.elapsed() < pace.lasts {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let Some(raw) = mails.get(number) else {
            break;
        };
        let due = pace.apart.saturating_mul(number as u32);
        tokio::time::sleep(due.saturating_sub(pace.begun.elapsed())).await;
        // A mail server that pipelines, as Postfix does.
        let envelope = format!("MAIL FROM:<sender@bench.example>\r\nRCPT TO:<{to}>\r\nDATA\r\n");
        write.write_all(envelope.as_bytes()).await?;
        for _ in 0..3 {
            answer().await?;
        }
        // No line of the made-up words begins with a dot.
        write
            .write_all(&[raw, b"\r\n.\r\n".as_slice()].concat())
            .await?;
        answer().await?;
        done += 1;
    }
    Ok(done)
}

pub(crate) fn mail(stand: &Stand, rng: &mut Rng) -> Vec<u8> {
    let from = rng.pick(&stand.maker.world.requesters);
    format!(
        "Return-Path: <{mail}>\r\nFrom: {name} <{mail}>\r\nTo: <desk@bench.example>\r\n\
         Subject: {subject}\r\nMessage-ID: <{id:016x}@bench.example>\r\n\
         Date: Mon, 2 Nov 2026 09:00:00 +0000\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n",
        mail = from.email.as_deref().unwrap_or_default(),
        name = from.name,
        subject = stand.maker.words.line(rng, 6),
        id = rng.next(),
        body = stand.maker.body(rng, 55).replace('\n', "\r\n"),
    )
    .into_bytes()
}

fn by_product(stand: &Stand, clients: usize) -> anyhow::Result<f64> {
    let desk = fill::desk(&stand.url, stand.data.path())?;
    let mut rng = Rng::new(SystemClock.now().unsigned_abs());
    let mails: Arc<Vec<_>> = Arc::new((0..MOST).map(|_| mail(stand, &mut rng)).collect());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let next = Arc::new(AtomicUsize::new(0));
    let begun = Instant::now();
    let done = runtime.block_on(async {
        let tasks: Vec<_> = (0..clients)
            .map(|_| {
                let (desk, mails, next) = (desk.clone(), mails.clone(), next.clone());
                tokio::spawn(async move {
                    let mut done = 0;
                    while begun.elapsed() < LASTS {
                        let Some(raw) = mails.get(next.fetch_add(1, Ordering::Relaxed)) else {
                            break;
                        };
                        let taken = desk.take_mail(raw.clone(), "file", None).await?;
                        if !matches!(taken.fate, Fate::Entry(_)) {
                            anyhow::bail!("a mail became {:?}", taken.fate);
                        }
                        done += 1;
                    }
                    anyhow::Ok(done)
                })
            })
            .collect();
        let mut done = 0usize;
        for task in tasks {
            done += task.await??;
        }
        anyhow::Ok(done)
    })?;
    let took = begun.elapsed().as_secs_f64();
    Ok(done as f64 / took)
}

fn by_bare_sql(stand: &Stand, clients: usize) -> anyhow::Result<f64> {
    let count = MOST / 2;
    let lives = stand.fresh_lives(count)?;
    let mut rng = Rng::new(SystemClock.now().unsigned_abs() + 1);
    let mut work = Vec::new();
    for life in &lives {
        let raw = mail(stand, &mut rng);
        let id = uuid_at(SystemClock.now(), &mut rng);
        let digest: Vec<u8> = (0..4).flat_map(|_| rng.next().to_le_bytes()).collect();
        let name: String = digest.iter().map(|b| format!("{b:02x}")).collect();
        let taken = vec![
            Cell::Uuid(id),
            Cell::Int(life.ticket.created_at),
            "file".into(),
            Cell::Null,
            Cell::Bytes(digest),
            Cell::Text(format!("{id}@bench.example")),
            Cell::Text(name.clone()),
            Cell::Int(raw.len() as i64),
            "user@bench.example".into(),
            life.ticket.subject.as_str().into(),
            "taken".into(),
            Cell::Null,
            Cell::Null,
            Cell::Null,
            Cell::Null,
        ];
        work.push(Taking {
            id,
            ticket: life.ticket.number,
            raw,
            name,
            taken,
            job: uuid_at(SystemClock.now(), &mut rng),
            creation: bare::Creation::new(life, bare::Rows::Counted, stand.bare.is_sqlite())?,
        });
    }
    let folder = stand.data.path().join("bare");
    std::fs::create_dir_all(&folder)?;
    let mut links = (0..clients)
        .map(|_| stand.bare.link())
        .collect::<anyhow::Result<Vec<_>>>()?;
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let threads: Vec<_> = links
            .iter_mut()
            .map(|link| {
                let (next, done, work, folder) = (&next, &done, &work, &folder);
                scope.spawn(move || -> anyhow::Result<()> {
                    while begun.elapsed() < LASTS {
                        let Some(one) = work.get(next.fetch_add(1, Ordering::Relaxed)) else {
                            break;
                        };
                        one.take(link, folder)?;
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                    Ok(())
                })
            })
            .collect();
        for thread in threads {
            thread
                .join()
                .map_err(|_| anyhow::anyhow!("a client panicked"))??;
        }
        anyhow::Ok(())
    })?;
    Ok(done.into_inner() as f64 / begun.elapsed().as_secs_f64())
}

/// One mail by bare SQL.
struct Taking {
    id: Uuid,
    ticket: TicketNumber,
    raw: Vec<u8>,
    name: String,
    taken: Vec<Cell>,
    job: Uuid,
    creation: bare::Creation,
}

impl Taking {
    fn take(&self, link: &mut Link, folder: &Path) -> anyhow::Result<()> {
        let mut file = std::fs::File::create(folder.join(&self.name))?;
        file.write_all(&self.raw)?;
        file.sync_all()?;
        std::fs::File::open(folder)?.sync_all()?;
        link.begin()?;
        link.run(&bare::MAIL.insert(), &self.taken)?;
        let job = [
            Cell::Uuid(self.job),
            "intake".into(),
            Cell::Text(self.id.to_string()),
            // Far away, so that nobody runs it.
            Cell::Int(i64::MAX / 2),
            Cell::Int(0),
            "ready".into(),
            Cell::Null,
            Cell::Null,
            Cell::Null,
            Cell::Text(format!("intake:{}", self.id)),
            Cell::Null,
        ];
        link.run(&bare::JOB.insert(), &job)?;
        link.commit()?;
        link.begin()?;
        self.creation.steps(link)?;
        let became = "UPDATE mail_in SET state = 'entry', ticket = $2 WHERE id = $1";
        link.run(became, &[Cell::Uuid(self.id), Cell::Int(self.ticket.0)])?;
        link.commit()
    }
}
