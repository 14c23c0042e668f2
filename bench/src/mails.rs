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
    Ok(())
}

fn mail(stand: &Stand, rng: &mut Rng) -> Vec<u8> {
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
